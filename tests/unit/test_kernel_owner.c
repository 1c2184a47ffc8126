/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Owners of sockets that the test makes: its own, its children's, and those of another pid namespace. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/mem.h"
#include "kernel/cgroup.h"
#include "kernel/owner.h"

#define NAME "held by \x01 test" /* a name may be any bytes */

static uint32_t inode_of(int fd)
{
	struct stat status;

	return fstat(fd, &status) ? 0 : (uint32_t)status.st_ino;
}

static int new_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static void add(struct sg_listeners *list, uint32_t inode)
{
	assert_int_equal(sg_grow(&list->items, &list->room, list->count, 1, sizeof(*list->items)), 0);
	list->items[list->count++] = (struct sg_listener){.inode = inode};
}

static void inodes_of_links(void **state)
{
	static const struct {
		const char *link;
		uint32_t inode;
	} rows[] = {
		{"socket:[4711]", 4711},
		{"socket:[4294967295]", UINT32_MAX},
		{"socket:[4294967296]", 0},
		{"socket:[0]", 0},
		{"socket:[]", 0},
		{"socket:[", 0},
		{"socket:[12", 0},
		{"socket:[1 2]", 0},
		{"socket:[-1]", 0},
		{"socket:[12]x", 0},
		{"pipe:[12]", 0},
		{"/tmp/socket:[12]", 0},
		{"socket", 0},
		{"", 0},
		{"socket:]", 0},
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(rows); i++) {
		size_t size = strlen(rows[i].link);
		sg_autofree char *exact = malloc(size + !size);

		memcpy(exact, rows[i].link, size);
		assert_int_equal(sg_owner_socket_inode(exact, size), rows[i].inode);
	}
}

static void groups_of_all_hierarchies(void **state)
{
	static const struct {
		const char *text, *unit;
	} rows[] = {
		{"0::/system.slice/a.service\n", "a.service"},
		{"0::/system.slice/a.service", "a.service"},
		{"1:name=systemd:/system.slice/b.service\n0::/system.slice/a.service\n", "a.service"},
		{"4:memory:/system.slice/c.service\n1:name=systemd:/system.slice/b.service\n0::/\n", "b.service"},
		{"4:memory:/system.slice/c.service\n1:name=systemd:/\n0::/\n", "c.service"},
		{"4:cpu,cpuacct:/\n3:pids:/system.slice/d.service\n", "d.service"},
		{"0::/\n", NULL},
		{"", NULL},
		{"\n\n", NULL},
		{"0:/system.slice/a.service\n", NULL},
		{"nonsense", NULL},
		{"::", NULL},
		/* a colon in the path is of the path */
		{"0::/system.slice/a:b.service\n", "a:b.service"},
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(rows); i++) {
		size_t size = strlen(rows[i].text);
		sg_autofree char *exact = malloc(size + !size);
		char *unit, *container;

		memcpy(exact, rows[i].text, size);
		assert_int_equal(sg_owner_from_cgroups(exact, size, &unit, &container, NULL), 0);
		if (!rows[i].unit != !unit || (unit && strcmp(unit, rows[i].unit) != 0))
			fail_msg("'%s': '%s'", rows[i].text, unit ? unit : "-");
		assert_null(container);
		free(unit);
	}
}

static void own_sockets_are_found(void **state)
{
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	int first = new_socket(), second = new_socket(), gone = new_socket(), high;

	(void)state;
	high = fcntl(first, F_DUPFD_CLOEXEC, 900); /* a gap in the numbers, and a second descriptor */
	assert_true(high >= 900);
	add(&list, inode_of(second));
	add(&list, 0);
	add(&list, inode_of(first));
	add(&list, inode_of(gone));
	add(&list, inode_of(first)); /* two rows of one socket */
	close(gone);
	close(first);
	assert_int_equal(prctl(PR_SET_NAME, NAME), 0);
	assert_int_equal(sg_owners_find(&list, NULL), 0);
	for (size_t i = 0; i < list.count; i++) {
		bool known = i == 0 || i == 2 || i == 4;

		assert_int_equal(list.items[i].owner.pid, known ? getpid() : 0);
		assert_string_equal(list.items[i].owner.process, known ? NAME : "");
	}
	close(high);
	close(second);
}

static void nothing_to_look_for(void **state)
{
	struct sg_listeners list = {0};

	(void)state;
	assert_int_equal(sg_owners_find(&list, NULL), 0);
	add(&list, 0);
	assert_int_equal(sg_owners_find(&list, NULL), 0);
	assert_int_equal(list.items[0].owner.pid, 0);
	sg_listeners_clear(&list);
}

/* A child that lives until `release` is closed. */
static pid_t idle_child(int release[2])
{
	pid_t child;
	char byte;

	assert_int_equal(pipe(release), 0);
	child = fork();
	if (!child) {
		close(release[1]);
		_exit(read(release[0], &byte, 1) ? 1 : 0);
	}
	close(release[0]);
	return child;
}

static void end_child(pid_t child, int release[2])
{
	int status = -1;

	close(release[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void the_lower_process_of_two(void **state)
{
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0}, again = {0};
	int fd = new_socket(), release[2];
	uint32_t inode = inode_of(fd);
	pid_t child = idle_child(release);

	(void)state;
	add(&list, inode);
	assert_int_equal(sg_owners_find(&list, NULL), 0);
	assert_int_equal(list.items[0].owner.pid, child < getpid() ? child : getpid());
	close(fd); /* the child still has it */
	add(&again, inode);
	assert_int_equal(sg_owners_find(&again, NULL), 0);
	assert_int_equal(again.items[0].owner.pid, child);
	end_child(child, release);
}

static void without_rights_owners_stay_unknown(void **state)
{
	int fd = new_socket(), status = -1;
	uint32_t inode = inode_of(fd);
	pid_t child;

	(void)state;
	if (geteuid()) {
		print_message("only root has rights to give up\n");
		skip();
	}
	child = fork();
	if (!child) {
		struct sg_listeners list = {0};

		close(fd);
		add(&list, inode);
		if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
			_exit(1);
		_exit(sg_owners_find(&list, NULL) || list.items[0].owner.pid ? 2 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(fd);
}

/* In a pid namespace of its own: process 1 and process 2 hold one socket, and process 1 another. */
static int in_pid_namespace(void)
{
	int shared, single, status = -1;
	pid_t child;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("proc", "/proc", "proc", 0, NULL))
		return 77;
	shared = new_socket();
	single = new_socket();
	child = fork();
	if (!child) {
		struct sg_listeners list = {0};

		add(&list, inode_of(shared));
		add(&list, inode_of(single));
		close(single);
		if (sg_owners_find(&list, NULL))
			_exit(1);
		if (list.items[0].owner.pid != 2)
			_exit(2);
		_exit(list.items[1].owner.pid == 1 ? 0 : 3);
	}
	return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}

static void process_one_comes_last(void **state)
{
	int status = -1;
	pid_t outer = fork();

	(void)state;
	if (!outer) {
		pid_t inner;

		if (unshare(CLONE_NEWPID | CLONE_NEWNS))
			_exit(77);
		inner = fork();
		if (!inner)
			_exit(in_pid_namespace());
		_exit(waitpid(inner, &status, 0) == inner && WIFEXITED(status) ? WEXITSTATUS(status) : 5);
	}
	assert_int_equal(waitpid(outer, &status, 0), outer);
	if (WEXITSTATUS(status) == 77) {
		print_message("a pid namespace of one's own needs root\n");
		skip();
	}
	assert_int_equal(status, 0);
}

/* ---- control groups ---- */

static char slice[128], service[192];

static int remove_groups(void **state)
{
	(void)state;
	rmdir(service);
	rmdir(slice);
	return 0;
}

static bool put(const char *folder, const char *name, pid_t pid)
{
	char path[256], text[16];
	int fd, size;
	bool done;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	size = snprintf(text, sizeof(text), "%d", (int)pid);
	done = fd >= 0 && write(fd, text, (size_t)size) == size;
	if (fd >= 0)
		close(fd);
	return done;
}

/* The unit of the group is found by the process in it, and by the number of the group alone. */
static void units_by_process_and_by_group(void **state)
{
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	sg_cleanup(sg_cgroups_close) struct sg_cgroups cgroups = {.folder = -1};
	const char *place;
	int fd, release[2];
	struct stat status;
	char path[256];
	pid_t child;

	(void)state;
	assert_int_equal(sg_cgroups_open(&cgroups, NULL), 0);
	place = cgroups.place ? cgroups.place : "";
	snprintf(slice, sizeof(slice), "%s/sockgate%d.slice", place, (int)getpid());
	snprintf(service, sizeof(service), "%s/web.service", slice);
	if (cgroups.folder < 0 || mkdir(slice, 0755) || mkdir(service, 0755)) {
		print_message("no control groups to work with\n");
		skip();
	}
	fd = new_socket();
	child = idle_child(release);
	if (!put(service, "cgroup.procs", child)) {
		print_message("cannot enter a control group: %s\n", strerror(errno));
		end_child(child, release);
		skip();
	}
	assert_int_equal(stat(service, &status), 0);
	assert_true(sg_cgroups_path(&cgroups, status.st_ino, path, sizeof(path)));
	assert_string_equal(path, service + strlen(place));
	assert_false(sg_cgroups_path(&cgroups, status.st_ino, path, 10)); /* no room */
	assert_false(sg_cgroups_path(&cgroups, UINT64_MAX, path, sizeof(path)));

	add(&list, inode_of(fd));
	close(fd);
	for (int i = 0; i < 3; i++) {
		add(&list, i == 1 ? 0 : UINT32_MAX); /* nobody holds these */
		list.items[list.count - 1].cgroup = status.st_ino;
	}
	add(&list, 0);
	list.items[4].cgroup = UINT64_MAX;
	assert_int_equal(sg_owners_find(&list, NULL), 0);
	assert_int_equal(list.items[0].owner.pid, child);
	for (int i = 0; i < 4; i++) {
		assert_non_null(list.items[i].owner.unit);
		assert_string_equal(list.items[i].owner.unit, "web.service");
		assert_true(i == 0 || !list.items[i].owner.pid);
	}
	assert_null(list.items[4].owner.unit);
	end_child(child, release);
}

/* More sockets than a folder's listing takes at once. */
static void five_thousand_sockets(void **state)
{
	enum { COUNT = 5000 };
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	const struct rlimit files = {COUNT + 100, COUNT + 100};
	int first = -1, fd = -1;

	(void)state;
	if (setrlimit(RLIMIT_NOFILE, &files)) {
		print_message("cannot open 5,000 files: %s\n", strerror(errno));
		skip();
	}
	for (int i = 0; i < COUNT; i++) {
		fd = new_socket();
		assert_true(fd >= 0);
		first = first < 0 ? fd : first;
		add(&list, inode_of(fd));
	}
	assert_int_equal(sg_owners_find(&list, NULL), 0);
	for (size_t i = 0; i < list.count; i++)
		assert_int_equal(list.items[i].owner.pid, getpid());
	for (; first <= fd; first++)
		close(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inodes_of_links),
		cmocka_unit_test(groups_of_all_hierarchies),
		cmocka_unit_test(own_sockets_are_found),
		cmocka_unit_test(nothing_to_look_for),
		cmocka_unit_test(the_lower_process_of_two),
		cmocka_unit_test(without_rights_owners_stay_unknown),
		cmocka_unit_test(process_one_comes_last),
		cmocka_unit_test_teardown(units_by_process_and_by_group, remove_groups),
		cmocka_unit_test(five_thousand_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
