/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who holds a socket, by the path of a control group.
 *
 * systemd places each unit in a folder of its own below slices (systemd.unit(5), systemd.slice(5)), container managers
 * place containers in scopes or in folders that carry the container's id. Only the outermost unit and the outermost
 * container count: what lies below was made by them, and could be called anything. For that reason a unit of a user's
 * own manager is shown behind the manager's, "user@1000.service/syncthing.service", which no unit of the system can be
 * called.
 */
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "sockgate/listener.h"

#define OWNER_ID_SIZE   64  /* hex digits of a container's id */
#define OWNER_NAME_SIZE 256 /* UNIT_NAME_MAX of systemd, and one */

/* A component of the path; borrowed bytes. */
struct part {
	const char *text;
	size_t size;
};

static bool part_begins(struct part part, const char *prefix)
{
	size_t size = strlen(prefix);

	return part.size >= size && !memcmp(part.text, prefix, size);
}

static bool part_ends(struct part part, const char *suffix)
{
	size_t size = strlen(suffix);

	return part.size >= size && !memcmp(part.text + part.size - size, suffix, size);
}

static bool part_is(struct part part, const char *text)
{
	return part.size == strlen(text) && part_begins(part, text);
}

static struct part part_cut(struct part part, size_t front, size_t back)
{
	return (struct part){part.text + front, part.size - front - back};
}

/* The next component; false at the end. systemd escapes names that might collide by a '_' in front. */
static bool part_next(const char **cursor, const char *end, struct part *ret)
{
	while (*cursor < end && **cursor == '/')
		++*cursor;
	if (*cursor == end)
		return false;
	const char *slash = memchr(*cursor, '/', (size_t)(end - *cursor));
	struct part part = {*cursor, (size_t)((slash ? slash : end) - *cursor)};

	*cursor += part.size;
	*ret = part.size > 1 && part.text[0] == '_' ? part_cut(part, 1, 0) : part;
	return true;
}

/* Characters that systemd allows in names of units and machines (VALID_CHARS of its unit-name.c), backslash included.
 */
static bool part_is_name(struct part part)
{
	if (!part.size || part.size >= OWNER_NAME_SIZE)
		return false;
	for (size_t i = 0; i < part.size; i++) {
		char c = part.text[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    (!c || !strchr(":-_.\\@", c)))
			return false;
	}
	return true;
}

static bool owner_is_slice(struct part part)
{
	return part_ends(part, ".slice");
}

/* Units, slices aside, that have a control group. */
static bool owner_is_unit(struct part part)
{
	static const char *const suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};

	for (size_t i = 0; i < SG_COUNT(suffixes); i++) {
		if (part_ends(part, suffixes[i]))
			return part.size > strlen(suffixes[i]) && part_is_name(part);
	}
	return false;
}

static int owner_hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * "<id>", "docker-<id>.scope", "cri-containerd-<id>.scope", "libpod-<id>", "kubepods-….slice:cri-containerd:<id>"; but
 * not "libpod-conmon-<id>.scope", which holds the monitor outside of the container.
 */
static bool owner_container_id(struct part part, struct part *ret)
{
	struct part name = part_ends(part, ".scope") ? part_cut(part, 0, 6) : part, id;

	if (name.size < OWNER_ID_SIZE)
		return false;
	id = part_cut(name, name.size - OWNER_ID_SIZE, 0);
	for (size_t i = 0; i < OWNER_ID_SIZE; i++) {
		if (owner_hex_digit(id.text[i]) < 0)
			return false;
	}
	name.size -= OWNER_ID_SIZE;
	if (name.size && name.text[name.size - 1] != '-' && name.text[name.size - 1] != ':')
		return false;
	if (part_ends(name, "conmon-"))
		return false;
	*ret = id;
	return true;
}

/* Machines as systemd-machined, nspawn, libvirt and lxc name them; `before` is the component above. */
static bool owner_machine(struct part before, struct part part, struct part *ret)
{
	struct part name;

	if (part_begins(part, "machine-") && part_ends(part, ".scope"))
		name = part_cut(part, 8, 6);
	else if (part_begins(part, "systemd-nspawn@") && part_ends(part, ".service"))
		name = part_cut(part, 15, 8);
	else if (part_begins(part, "lxc.payload."))
		name = part_cut(part, 12, 0);
	else if (part_is(before, "lxc") || part_is(before, "lxc.payload"))
		name = part;
	else
		return false;
	if (!part_is_name(name))
		return false;
	*ret = name;
	return true;
}

/* systemd's escapes, \x2d for '-', are undone where the result is a printable character. */
static char *owner_unescape(struct part part)
{
	char *text = malloc(part.size + 1);
	size_t size = 0;

	for (size_t i = 0; text && i < part.size; i++) {
		int high, low;

		text[size] = part.text[i];
		if (part.size - i >= 4 && part.text[i] == '\\' && part.text[i + 1] == 'x' &&
		    (high = owner_hex_digit(part.text[i + 2])) >= 0 && (low = owner_hex_digit(part.text[i + 3])) >= 0 &&
		    high * 16 + low > ' ' && high * 16 + low < 0x7f) {
			text[size] = (char)(high * 16 + low);
			i += 3;
		}
		size++;
	}
	if (text)
		text[size] = '\0';
	return text;
}

/* What the walk along a path has found; texts are borrowed. */
struct owner_walk {
	struct part unit, user_unit, container;
	bool is_machine;
	bool no_unit; /* a folder that is neither slice nor unit: what follows belongs to somebody else */
};

static void owner_see_unit(struct owner_walk *walk, struct part part)
{
	if (walk->no_unit || owner_is_slice(part))
		return;
	if (!walk->unit.size && owner_is_unit(part)) {
		walk->unit = part;
		walk->no_unit = !part_begins(part, "user@");
		return;
	}
	if (walk->unit.size && owner_is_unit(part))
		walk->user_unit = part;
	walk->no_unit = true;
}

static void owner_walk(const char *path, struct owner_walk *walk)
{
	static const char deleted[] = " (deleted)";
	struct part whole = {path, strlen(path)}, before = {"", 0}, part;
	const char *cursor = path, *end = path + whole.size;

	/* the kernel's note on a control group that was removed while a process was in it */
	if (part_ends(whole, deleted))
		end -= sizeof(deleted) - 1;
	while (!walk->container.size && part_next(&cursor, end, &part)) {
		if (part_is(part, ".."))
			continue; /* outside of our control group namespace */
		owner_see_unit(walk, part);
		if (!owner_container_id(part, &walk->container))
			walk->is_machine = owner_machine(before, part, &walk->container);
		before = part;
	}
}

int sg_owner_from_cgroup(const char *path, char **ret_unit, char **ret_container, struct sg_error *err)
{
	sg_autofree char *unit = NULL, *container = NULL;
	struct owner_walk walk = {0};

	owner_walk(path, &walk);
	if (walk.unit.size) {
		if (asprintf(&unit, "%.*s%s%.*s", (int)walk.unit.size, walk.unit.text, walk.user_unit.size ? "/" : "",
			     (int)walk.user_unit.size, walk.user_unit.size ? walk.user_unit.text : "") < 0) {
			unit = NULL;
			return sg_error_nomem(err);
		}
	}
	if (walk.container.size) {
		container = walk.is_machine ? owner_unescape(walk.container)
					    : strndup(walk.container.text, walk.container.size);
		if (!container)
			return sg_error_nomem(err);
	}
	*ret_unit = sg_steal(unit);
	*ret_container = sg_steal(container);
	return 0;
}
