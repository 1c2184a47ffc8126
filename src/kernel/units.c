/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Units as control groups.
 *
 * systemd gives each unit a folder of its own below slices, which nest (systemd.slice(5)): system.slice/nginx.service,
 * user.slice/user-1000.slice/session-2.scope. Only slices are gone into: what lies below a unit was made by that unit,
 * and could be called anything; so units of a user's own manager are not found, and should not be. A name that would
 * collide with a file of the kernel's has a '_' in front.
 *
 * A socket that systemd listens on for a service belongs to the socket unit: it was made by a process in that unit's
 * group (systemd.socket(5)). It is the service's all the same, so nginx.service is at home in nginx.socket, too.
 */
#include "kernel/units.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/num.h"
#include "kernel/cgroup.h"
#include "nft/build.h"

#define UNITS_DEPTH 16 /* slices in slices */
#define DIGITS      "0123456789"

/* ---- Looking ---- */

struct look {
	struct sg_unit_row *rows;
	size_t count;
	struct sg_error *err;
};

static bool units_ends(const char *name, const char *suffix)
{
	size_t length = strlen(name), size = strlen(suffix);

	return length > size && !strcmp(name + length - size, suffix);
}

/* The id of a folder in the folder, 0: there is none. */
static uint64_t units_id(int folder, const char *name)
{
	char escaped[SG_CONDITION_NAME_SIZE + 2];
	struct stat status;

	if (!fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) && S_ISDIR(status.st_mode))
		return status.st_ino;
	snprintf(escaped, sizeof(escaped), "_%s", name);
	if (!fstatat(folder, escaped, &status, AT_SYMLINK_NOFOLLOW) && S_ISDIR(status.st_mode))
		return status.st_ino;
	return 0;
}

static void units_see(int folder, const char *name, uint32_t depth, struct sg_unit *unit)
{
	uint64_t id = unit->place_count < SG_UNIT_PLACES ? units_id(folder, name) : 0;

	if (id)
		unit->places[unit->place_count++] = (struct sg_cgroup){depth, id};
}

/* The units that lie in a folder at a depth. */
static void units_see_all(struct look *look, int folder, uint32_t depth)
{
	for (size_t i = 0; i < look->count; i++) {
		struct sg_unit_row *row = &look->rows[i];
		char socket[SG_CONDITION_NAME_SIZE + sizeof(".socket")];

		units_see(folder, row->name, depth, &row->unit);
		if (units_ends(row->name, ".service")) {
			snprintf(socket, sizeof(socket), "%.*s.socket", (int)(strlen(row->name) - strlen(".service")),
				 row->name);
			units_see(folder, socket, depth, &row->unit);
		}
	}
}

static void units_close(DIR **listing)
{
	if (*listing)
		closedir(*listing);
}

static int units_walk(struct look *look, int folder, uint32_t depth)
{
	int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sg_cleanup(units_close) DIR *listing = own >= 0 ? fdopendir(own) : NULL;
	const struct dirent *entry;

	if (!listing) {
		int cause = errno;

		if (own >= 0)
			close(own);
		return cause == ENOMEM ? sg_error_nomem(look->err) : 0; /* else it is gone */
	}
	units_see_all(look, folder, depth);
	while (depth < UNITS_DEPTH && (entry = readdir(listing))) {
		int slice, result;

		if (!units_ends(entry->d_name, ".slice"))
			continue;
		slice = openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (slice < 0)
			continue;
		result = units_walk(look, slice, depth + 1);
		close(slice);
		if (result < 0)
			return -1;
	}
	return 0;
}

int sg_units_look(int folder, struct sg_unit_row *rows, size_t count, struct sg_error *err)
{
	struct look look = {rows, count, err};

	for (size_t i = 0; i < count; i++)
		rows[i].unit = (struct sg_unit){.state = SG_UNIT_ABSENT};
	if (units_walk(&look, folder, 1) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (rows[i].unit.place_count)
			rows[i].unit.state = SG_UNIT_HERE;
	return 0;
}

/* ---- What this host can do ---- */

bool sg_units_live_here(int folder)
{
	int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sg_cleanup(units_close) DIR *listing = own >= 0 ? fdopendir(own) : NULL;
	const struct dirent *entry;

	if (!listing) {
		if (own >= 0)
			close(own);
		return false;
	}
	while ((entry = readdir(listing)))
		if (units_ends(entry->d_name, ".slice"))
			return true;
	return false;
}

bool sg_units_level_is_ours(const char *release)
{
	size_t major_size = strspn(release, DIGITS), minor_size;
	const char *rest = release + major_size;
	uint64_t major, minor;

	minor_size = *rest == '.' ? strspn(rest + 1, DIGITS) : 0;
	if (!sg_num_parse(release, major_size, 1000, &major) || !sg_num_parse(rest + 1, minor_size, 1000, &minor))
		return false;
	return major > 6 || (major == 6 && minor >= 12);
}

/* Whether all processes see the control groups from the same root as we do. */
static bool units_in_first_namespace(void)
{
	static const char first[] = "cgroup:[4026531835]"; /* PROC_CGROUP_INIT_INO of linux/proc_ns.h */
	char link[64];
	ssize_t size = readlink("/proc/self/ns/cgroup", link, sizeof(link));

	return size == (ssize_t)strlen(first) && !memcmp(link, first, strlen(first));
}

/* Fails only for want of memory or when the kernel cannot be asked. */
static int units_why_not(const struct sg_cgroups *cgroups, struct sg_kernel *kernel, const char **ret,
			 struct sg_error *err)
{
	struct utsname host;
	bool knows = true;

	*ret = NULL;
	if (cgroups->folder < 0)
		*ret = "control groups of version 2 are not mounted here";
	else if (!cgroups->whole)
		*ret = "the control groups are mounted here only in part";
	else if (!sg_units_live_here(cgroups->folder))
		*ret = "the control groups of version 2 are not systemd's here";
	else if (!units_in_first_namespace() && (uname(&host) || !sg_units_level_is_ours(host.release)))
		*ret = "in a control group namespace a kernel before 6.12 does not find the units";
	else if (kernel && sg_kernel_knows_sockets(kernel, &knows, err) < 0)
		return -1;
	if (!knows)
		*ret = "this kernel has no rule for the control group of a socket";
	return 0;
}

/* The rule, in a batch that fails at its end: a table cannot be deleted twice. */
int sg_kernel_knows_sockets(struct sg_kernel *kernel, bool *ret, struct sg_error *err)
{
	struct sg_table table = {.name = (char[]){"sockgate-probe"}, .family = 1};
	struct sg_chain chain = {.name = (char[]){"probe"}};
	sg_cleanup(sg_rule_clear) struct sg_rule rule = {0};
	struct sg_kernel_reply reply = {0};
	struct sg_wire *wire;
	int result;

	if (sg_build_socket_cgroup(&rule, 1, 1, err) < 0)
		return -1;
	wire = sg_wire_new();
	if (!wire)
		return sg_error_nomem(err);
	sg_wire_begin(wire, 1, 0);
	sg_wire_add_table(wire, &table);
	sg_wire_add_chain(wire, &table, &chain);
	sg_wire_add_rule(wire, &table, &chain, &rule);
	sg_wire_del_table(wire, &table);
	sg_wire_del_table(wire, &table);
	result = sg_kernel_send(kernel, wire, 0, &reply, err);
	if (!result) {
		*ret = true;
		for (size_t i = 0; i < reply.refusal_count; i++)
			if (reply.refusals[i].note && !strcmp(reply.refusals[i].note->what, "rule"))
				*ret = false;
	}
	sg_wire_free(wire);
	return result;
}

/* ---- All of them ---- */

void sg_units_clear(struct sg_units *units)
{
	free(units->items);
	*units = (struct sg_units){0};
}

int sg_units_find(const char *const *names, size_t count, struct sg_kernel *kernel, struct sg_units *ret,
		  struct sg_error *err)
{
	sg_cleanup(sg_units_clear) struct sg_units units = {0};
	sg_cleanup(sg_cgroups_close) struct sg_cgroups cgroups = {.folder = -1};

	if (!count) {
		*ret = units;
		return 0;
	}
	if (sg_grow(&units.items, &units.room, 0, count, sizeof(*units.items)) < 0)
		return sg_error_nomem(err);
	for (size_t i = 0; i < count; i++)
		units.items[units.count++] = (struct sg_unit_row){.name = names[i]};
	if (sg_cgroups_open(&cgroups, err) < 0 || units_why_not(&cgroups, kernel, &units.unenforced, err) < 0)
		return -1;
	if (cgroups.folder >= 0 && cgroups.whole && sg_units_look(cgroups.folder, units.items, count, err) < 0)
		return -1;
	for (size_t i = 0; units.unenforced && i < count; i++)
		units.items[i].unit.state = SG_UNIT_UNENFORCED;
	*ret = units;
	units = (struct sg_units){0};
	return 0;
}

struct sg_unit sg_units_get(const struct sg_units *units, const char *name)
{
	for (size_t i = 0; i < units->count; i++)
		if (!strcmp(units->items[i].name, name))
			return units->items[i].unit;
	return (struct sg_unit){.state = units->unenforced ? SG_UNIT_UNENFORCED : SG_UNIT_ABSENT};
}

static struct sg_unit units_finder_find(const char *unit, const void *data)
{
	return sg_units_get(data, unit);
}

static const char *units_finder_name(const struct sg_cgroup *cgroup, const void *data)
{
	const struct sg_units *units = data;

	for (size_t i = 0; i < units->count; i++) {
		const struct sg_unit *unit = &units->items[i].unit;

		for (size_t k = 0; k < unit->place_count; k++)
			if (unit->places[k].id == cgroup->id && unit->places[k].depth == cgroup->depth)
				return units->items[i].name;
	}
	return NULL;
}

struct sg_unit_finder sg_units_finder(const struct sg_units *units)
{
	return (struct sg_unit_finder){units_finder_find, units_finder_name, units};
}
