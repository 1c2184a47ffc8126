/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Units as control groups: in folders that the test makes, and in the kernel's. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/mem.h"
#include "kernel/cgroup.h"
#include "kernel/units.h"

static char top[64];

static int make_top(void **state)
{
	(void)state;
	snprintf(top, sizeof(top), "/tmp/sockgate-units-XXXXXX");
	return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf -- '%s'", top);
	return system(command);
}

static uint64_t folder(const char *path)
{
	char whole[512];
	struct stat status;

	snprintf(whole, sizeof(whole), "%s/%s", top, path);
	for (char *slash = whole + strlen(top) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		mkdir(whole, 0755);
	}
	mkdir(whole, 0755);
	assert_int_equal(stat(whole, &status), 0);
	return status.st_ino;
}

static struct sg_unit look(const char *name)
{
	struct sg_unit_row row = {.name = name};
	int fd = open(top, O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0);
	assert_int_equal(sg_units_look(fd, &row, 1, NULL), 0);
	close(fd);
	return row.unit;
}

static void assert_one(const char *name, uint32_t depth, uint64_t id)
{
	struct sg_unit unit = look(name);

	assert_int_equal(unit.state, SG_UNIT_HERE);
	assert_int_equal(unit.place_count, 1);
	assert_int_equal(unit.places[0].depth, depth);
	assert_int_equal(unit.places[0].id, id);
}

static void units_below_slices(void **state)
{
	(void)state;
	assert_one("init.scope", 1, folder("init.scope"));
	assert_one("web.service", 2, folder("system.slice/web.service"));
	assert_one("getty@tty1.service", 3, folder("system.slice/system-getty.slice/getty@tty1.service"));
	assert_one("session-2.scope", 3, folder("user.slice/user-1000.slice/session-2.scope"));
	/* a name that the kernel has for a file of its own */
	assert_one("memory.service", 2, folder("system.slice/_memory.service"));
}

/* What a unit made below itself is called as it likes. */
static void not_below_units(void **state)
{
	struct sg_unit unit;

	(void)state;
	folder("user.slice/user-1000.slice/user@1000.service/app.slice/own.service");
	folder("system.slice/docker.service/evil.slice/fake.service");
	folder("machine/fake.service");
	for (const char *const *name = (const char *const[]){"own.service", "fake.service", "web.servic", NULL}; *name;
	     name++) {
		unit = look(*name);
		assert_int_equal(unit.state, SG_UNIT_ABSENT);
		assert_int_equal(unit.place_count, 0);
	}
}

static void sockets_of_a_service(void **state)
{
	uint64_t service, socket;
	struct sg_unit unit;

	(void)state;
	socket = folder("system.slice/ssh.socket");
	assert_one("ssh.service", 2, socket);
	service = folder("system.slice/ssh.service");
	unit = look("ssh.service");
	assert_int_equal(unit.place_count, 2);
	assert_int_equal(unit.places[0].id, service);
	assert_int_equal(unit.places[1].id, socket);
	/* a scope has none */
	folder("system.slice/x.socket");
	assert_int_equal(look("x.scope").state, SG_UNIT_ABSENT);
}

static void files_and_links_are_no_units(void **state)
{
	char path[128];
	int fd;

	(void)state;
	folder("system.slice/real.service");
	snprintf(path, sizeof(path), "%s/system.slice/file.service", top);
	fd = open(path, O_CREAT | O_WRONLY, 0644);
	assert_true(fd >= 0);
	close(fd);
	snprintf(path, sizeof(path), "%s/system.slice/link.service", top);
	assert_int_equal(symlink("real.service", path), 0);
	snprintf(path, sizeof(path), "%s/link.slice", top);
	assert_int_equal(symlink("system.slice", path), 0);
	assert_int_equal(look("file.service").state, SG_UNIT_ABSENT);
	assert_int_equal(look("link.service").state, SG_UNIT_ABSENT);
	assert_one("real.service", 2, folder("system.slice/real.service"));
}

static void slices_in_slices_have_an_end(void **state)
{
	char path[400] = "s.slice";

	(void)state;
	for (int i = 0; i < 14; i++)
		strcat(path, "/s.slice");
	strcat(path, "/deep.service");
	assert_one("deep.service", 16, folder(path));
	snprintf(path + strlen(path) - strlen("deep.service"), 64, "s.slice/deeper.service");
	folder(path);
	assert_int_equal(look("deeper.service").state, SG_UNIT_ABSENT);
}

static void systemd_lives_where_slices_are(void **state)
{
	int fd = open(top, O_RDONLY | O_DIRECTORY);

	(void)state;
	folder("docker/abc");
	assert_false(sg_units_live_here(fd));
	folder("user.slice");
	assert_true(sg_units_live_here(fd));
	close(fd);
	assert_false(sg_units_live_here(-1));
}

static void releases(void **state)
{
	(void)state;
	assert_true(sg_units_level_is_ours("6.12.0-rc1"));
	assert_true(sg_units_level_is_ours("6.18.44-fc-v669"));
	assert_true(sg_units_level_is_ours("7.0"));
	assert_false(sg_units_level_is_ours("6.11.11-amd64"));
	assert_false(sg_units_level_is_ours("5.15.0"));
	assert_false(sg_units_level_is_ours(""));
	assert_false(sg_units_level_is_ours("six"));
}

/* ---- Mounts ---- */

static void mounts_in_the_kernels_words(void **state)
{
	static const char text[] = "22 1 0:21 / /proc rw,relatime - proc proc rw\n"
				   "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - tmpfs tmpfs ro,mode=755\n"
				   "31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
				   "short\n"
				   "\n"
				   "40 30 0:30 /docker/abc /part rw shared:1 master:2 - cgroup2 cgroup2 rw\n"
				   "41 30 0:30 / /with\\040a\\040space\\134 rw - cgroup2 none rw\n"
				   "42 30 0:30 / /odd\\9 rw - cgroup2 none rw,x - y";
	static const struct {
		const char *place;
		bool whole;
	} rows[] = {{"/part", false}, {"/with a space\\", true}, {"/odd\\9", true}};
	const char *cursor = text;
	bool whole = false;

	(void)state;
	for (size_t i = 0; i <= SG_COUNT(rows); i++) {
		sg_autofree char *place = NULL;

		assert_int_equal(sg_cgroups_next_mount(&cursor, &place, &whole, NULL), 0);
		if (i == SG_COUNT(rows)) {
			assert_null(place);
			break;
		}
		assert_non_null(place);
		assert_string_equal(place, rows[i].place);
		assert_int_equal(whole, rows[i].whole);
	}
}

/* ---- The finder ---- */

static void units_by_name_and_by_place(void **state)
{
	struct sg_unit_row rows[] = {
		{"a.service", {SG_UNIT_HERE, {{2, 70}, {2, 71}}, 2}},
		{"b.service", {.state = SG_UNIT_ABSENT}},
	};
	struct sg_units units = {.items = rows, .count = 2};
	struct sg_unit_finder finder = sg_units_finder(&units);

	(void)state;
	assert_int_equal(finder.find("a.service", finder.data).place_count, 2);
	assert_int_equal(finder.find("b.service", finder.data).state, SG_UNIT_ABSENT);
	assert_int_equal(finder.find("c.service", finder.data).state, SG_UNIT_ABSENT);
	assert_string_equal(finder.name(&(struct sg_cgroup){2, 71}, finder.data), "a.service");
	assert_null(finder.name(&(struct sg_cgroup){3, 71}, finder.data));
	assert_null(finder.name(&(struct sg_cgroup){2, 72}, finder.data));
	units.unenforced = "for a reason";
	assert_int_equal(finder.find("c.service", finder.data).state, SG_UNIT_UNENFORCED);
}

static void nothing_is_asked_for_nothing(void **state)
{
	struct sg_units units = {.count = 7};

	(void)state;
	assert_int_equal(sg_units_find(NULL, 0, NULL, &units, NULL), 0);
	assert_int_equal(units.count, 0);
	assert_null(units.unenforced);
}

/* ---- The kernel ---- */

static char slice[512], service[1024];

static int remove_groups(void **state)
{
	(void)state;
	rmdir(service);
	rmdir(slice);
	return 0;
}

static void lineages_and_units_of_the_kernel(void **state)
{
	sg_cleanup(sg_cgroups_close) struct sg_cgroups cgroups = {.folder = -1};
	sg_cleanup(sg_units_clear) struct sg_units units = {0};
	static const char *const names[] = {"sockgate-test.service", "sockgate-none.service"};
	struct sg_lineage lineage = {0};
	struct stat above, own;
	char path[512];

	(void)state;
	assert_int_equal(sg_cgroups_open(&cgroups, NULL), 0);
	snprintf(slice, sizeof(slice), "%s/sockgate%dunits.slice", cgroups.place ? cgroups.place : "", (int)getpid());
	snprintf(service, sizeof(service), "%s/sockgate-test.service", slice);
	if (cgroups.folder < 0 || !cgroups.whole || mkdir(slice, 0755) || mkdir(service, 0755)) {
		print_message("no control groups to work with\n");
		skip();
	}
	assert_int_equal(stat(slice, &above), 0);
	assert_int_equal(stat(service, &own), 0);
	assert_true(sg_cgroups_path(&cgroups, own.st_ino, path, sizeof(path)));
	assert_int_equal(sg_cgroups_lineage(&cgroups, path, own.st_ino, &lineage, NULL), 0);
	assert_true(lineage.known);
	assert_int_equal(lineage.depth, 2);
	assert_int_equal(lineage.ids[0], above.st_ino);
	assert_int_equal(lineage.ids[1], own.st_ino);
	free(lineage.ids);
	/* another group, a path that leads nowhere, and the root itself */
	assert_int_equal(sg_cgroups_lineage(&cgroups, path, above.st_ino, &lineage, NULL), 0);
	assert_false(lineage.known);
	assert_int_equal(sg_cgroups_lineage(&cgroups, "/gone.slice", own.st_ino, &lineage, NULL), 0);
	assert_false(lineage.known);
	assert_int_equal(fstat(cgroups.folder, &above), 0);
	assert_int_equal(sg_cgroups_lineage(&cgroups, "", above.st_ino, &lineage, NULL), 0);
	assert_true(lineage.known && !lineage.depth);
	cgroups.whole = false;
	assert_int_equal(sg_cgroups_lineage(&cgroups, path, own.st_ino, &lineage, NULL), 0);
	assert_false(lineage.known);

	assert_int_equal(sg_units_find(names, 2, NULL, &units, NULL), 0);
	assert_null(units.unenforced);
	assert_int_equal(sg_units_get(&units, names[0]).state, SG_UNIT_HERE);
	assert_int_equal(sg_units_get(&units, names[0]).places[0].id, own.st_ino);
	assert_int_equal(sg_units_get(&units, names[1]).state, SG_UNIT_ABSENT);
}

/* The rule is tried, and leaves nothing behind. */
static void the_kernel_is_asked(void **state)
{
	struct sg_kernel *kernel = NULL;
	struct sg_error err = {0};
	uint32_t before = 0, after = 1;
	bool knows = false;

	(void)state;
	if (unshare(CLONE_NEWNET) < 0) {
		print_message("making a network namespace needs root\n");
		skip();
	}
	if (sg_kernel_open(&kernel, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(sg_kernel_generation(kernel, &before, &err), 0);
	if (sg_kernel_knows_sockets(kernel, &knows, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(sg_kernel_generation(kernel, &after, &err), 0);
	assert_int_equal(before, after);
	assert_true(knows); /* Linux 5.13 and later, with CONFIG_NFT_SOCKET and CONFIG_SOCK_CGROUP_DATA */
	sg_kernel_close(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(units_below_slices, make_top, remove_top),
		cmocka_unit_test_setup_teardown(not_below_units, make_top, remove_top),
		cmocka_unit_test_setup_teardown(sockets_of_a_service, make_top, remove_top),
		cmocka_unit_test_setup_teardown(files_and_links_are_no_units, make_top, remove_top),
		cmocka_unit_test_setup_teardown(slices_in_slices_have_an_end, make_top, remove_top),
		cmocka_unit_test_setup_teardown(systemd_lives_where_slices_are, make_top, remove_top),
		cmocka_unit_test(releases),
		cmocka_unit_test(mounts_in_the_kernels_words),
		cmocka_unit_test(units_by_name_and_by_place),
		cmocka_unit_test(nothing_is_asked_for_nothing),
		cmocka_unit_test_teardown(lineages_and_units_of_the_kernel, remove_groups),
		cmocka_unit_test(the_kernel_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
