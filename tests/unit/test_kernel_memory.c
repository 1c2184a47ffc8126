/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that runs out at the 1st, 2nd, 3rd … allocation, until all goes well: each failure is reported as such, leaves
 * outputs as they were, and loses nothing (the leak checker looks).
 */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/file.h"
#include "base/mem.h"
#include "kernel/cgroup.h"
#include "kernel/owner.h"
#include "kernel/sockdiag.h"
#include "sockgate/buf.h"
#include "sockgate/diag.h"
#include "sockgate/kernel_units.h"
#include "starve.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

/* Runs `attempt` with ever more memory. It says 0 for success, -1 for an error that must be that of memory. */
static void with_less_memory(int (*attempt)(struct sg_error *err))
{
	for (size_t n = 0;; n++) {
		struct sg_error err = {0};
		int result;

		starve_from(n + 1, false);
		result = attempt(&err);
		starve_end();
		if (!result) {
			assert_true(n > 0); /* it did ask for memory */
			return;
		}
		assert_int_equal(err.kind, SG_ERROR_MEMORY);
		assert_true(n < 1000);
	}
}

static int build_text(struct sg_error *err)
{
	struct sg_buf buf = {0};
	char *text;

	for (int i = 0; i < 20; i++)
		sg_buf_addf(&buf, "line %d\n", i);
	text = sg_buf_steal(&buf, NULL, err);
	sg_buf_clear(&buf);
	free(text);
	return text ? 0 : -1;
}

static int keep_files(struct sg_error *err)
{
	struct sg_files *files = sg_files_new();
	uint32_t index = 77;
	size_t size;
	char *text;
	int result;

	if (!files)
		return sg_error_nomem(err);
	text = __real_strdup("one\ntwo");
	result = sg_files_add(files, "name", text, strlen(text), &index, err); /* frees the text when it fails */
	assert_int_equal(index, result ? 77 : 0);
	/* without memory for its index a line is found all the same */
	if (!result)
		assert_memory_equal(sg_files_line(files, 0, 2, &size), "two", 3);
	sg_files_free(files);
	return result;
}

static int keep_diagnostics(struct sg_error *err)
{
	struct sg_diags diags = {0};
	bool lost;

	for (uint32_t i = 0; i < 40; i++) {
		sg_diag_add(&diags, SG_SEVERITY_WARNING, "x", (struct sg_span){0, 40 - i, 1, 1}, "%u", 40 - i);
		sg_diag_hint(&diags, "%u", 40 - i);
	}
	sg_diags_sort(&diags); /* also without memory */
	for (size_t i = 0; i < diags.count; i++) {
		if (i)
			assert_true(diags.items[i - 1].span.line < diags.items[i].span.line);
		if (diags.items[i].hint)
			assert_string_equal(diags.items[i].hint, diags.items[i].message);
	}
	lost = diags.out_of_memory;
	assert_int_equal(sg_diags_failed(&diags), lost);
	sg_diags_clear(&diags);
	return lost ? sg_error_nomem(err) : 0;
}

static int read_file(struct sg_error *err)
{
	const struct sg_file_rules rules = {.max_size = 1 << 20, .trusted_only = true};
	char *data = (char *)1;
	size_t size;

	if (sg_file_read("/proc/version", &rules, &data, &size, err)) {
		assert_ptr_equal(data, (char *)1);
		return -1;
	}
	free(data);
	return 0;
}

static int make_sets(struct sg_error *err)
{
	sg_cleanup(sg_ranges_clear) struct sg_ranges a = {0}, both = {0}, rest = {0}, copy = {0};

	for (sg_u128 i = 1000; i--;) {
		struct sg_range range = {i * 4, i * 4 + 1};

		if (sg_ranges_add(&a, &range, err))
			return -1;
	}
	sg_ranges_normalise(&a); /* sorts without memory too */
	assert_int_equal(a.count, 1000);
	assert_true(a.items[999].first == 3996);
	if (sg_ranges_copy(&a, &copy, err) || sg_ranges_union(&a, &copy, &both, err) ||
	    sg_ranges_subtract(&a, &copy, &rest, err))
		return -1;
	return 0;
}

static int name_owner(struct sg_error *err)
{
	char *unit = (char *)1, *container = (char *)1;

	if (sg_owner_from_cgroup("/user.slice/user@1000.service/machine-a\\x2db.scope", &unit, &container, err)) {
		assert_ptr_equal(unit, (char *)1);
		assert_ptr_equal(container, (char *)1);
		return -1;
	}
	assert_string_equal(unit, "user@1000.service/machine-a\\x2db.scope");
	assert_string_equal(container, "a-b");
	free(unit);
	free(container);
	return 0;
}

static int parse_sockets(struct sg_error *err)
{
	static const char eps[] = "heading\nf f 2 10 29 3868 1000 20736 192.0.2.1 192.0.2.2 192.0.2.3\n";
	static const char table[] = "heading\n 1: 00000000:0050 00000000:0000 0A 0:0 00:0 0 0 0 6 2 0 0\n";
	struct {
		struct nlmsghdr header;
		struct inet_diag_msg diag;
	} message = {{.nlmsg_len = sizeof(message), .nlmsg_type = SOCK_DIAG_BY_FAMILY},
		     {.idiag_family = AF_INET, .idiag_state = SG_SOCKET_LISTENING, .id.idiag_sport = htons(22)}};
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};

	for (size_t i = 0; i < 20; i++) {
		if (sg_sockdiag_parse(&message, sizeof(message), 6, &list, err) ||
		    sg_sockdiag_parse_table(table, sizeof(table) - 1, SG_IPV4, 6, &list, err) ||
		    sg_sockdiag_parse_eps(eps, sizeof(eps) - 1, &list, err)) {
			assert_true(list.count % 5 < 3); /* the three rows of eps come together or not at all */
			return -1;
		}
	}
	assert_int_equal(list.count, 100);
	return 0;
}

static int parse_connections(struct sg_error *err)
{
	static const char table[] = "heading\n 1: 00000000:0050 00000000:0051 01 0:0 00:0 0 0 0 6 2 0 0\n"
				    " 2: 00000000:0050 00000000:0052 01 0:0 00:0 0 0 0 7 2 0 0\n";
	struct {
		struct nlmsghdr header;
		struct inet_diag_msg diag;
	} message = {{.nlmsg_len = sizeof(message), .nlmsg_type = SOCK_DIAG_BY_FAMILY},
		     {.idiag_family = AF_INET,
		      .idiag_state = SG_SOCKET_CONNECTED,
		      .id.idiag_sport = htons(22),
		      .id.idiag_dport = htons(50000)}};
	sg_cleanup(sg_connections_clear) struct sg_connections list = {0};

	for (size_t i = 0; i < 20; i++) {
		if (sg_sockdiag_parse_connection(&message, sizeof(message), 6, &list, err) ||
		    sg_sockdiag_parse_connection_table(table, sizeof(table) - 1, SG_IPV4, 6, &list, err)) {
			assert_true(list.count % 3 < 2); /* the two rows of the table come together or not at all */
			return -1;
		}
	}
	assert_int_equal(list.count, 60);
	return 0;
}

/* The kernel's own lists. */
static int list_connections(struct sg_error *err)
{
	struct sg_connections list = {.count = 77};
	bool tracks;

	if (sg_sockdiag_connections(&list, err)) {
		assert_int_equal(list.count, 77);
		return -1;
	}
	sg_connections_clear(&list);
	return sg_kernel_tracks(&tracks, err);
}

/* The kernel's own list, and the owners of a socket of ours. */
static int list_sockets(struct sg_error *err)
{
	struct sg_listeners list = {.count = 77};

	if (sg_sockdiag_listeners(&list, err)) {
		assert_int_equal(list.count, 77);
		return -1;
	}
	sg_listeners_clear(&list);
	return 0;
}

static uint32_t inode;
static uint64_t group;

static int find_owners(struct sg_error *err)
{
	struct sg_listener items[2] = {{.inode = inode}, {.inode = inode}};
	struct sg_listeners list = {.items = items, .count = 2, .room = 2};
	int result = sg_owners_find(&list, err);

	if (!result)
		assert_int_equal(items[1].owner.pid, getpid());
	for (size_t i = 0; i < 2; i++) {
		free(items[i].owner.unit);
		free(items[i].owner.container);
	}
	return result;
}

/* By the group of this process, as far as there are any. */
static int find_group(struct sg_error *err)
{
	struct sg_listener items[2] = {{.cgroup = group}, {.cgroup = group}};
	struct sg_listeners list = {.items = items, .count = 2, .room = 2};
	int result = sg_owners_find(&list, err);

	if (!result && group)
		assert_true(items[0].lineage.known && items[1].lineage.known);
	for (size_t i = 0; i < 2; i++) {
		free(items[i].lineage.ids);
		free(items[i].owner.unit);
		free(items[i].owner.container);
	}
	return result;
}

static int find_units(struct sg_error *err)
{
	static const char *const names[] = {"a.service", "init.scope"};
	struct sg_units units = {.count = 77};

	if (sg_units_find(names, 2, NULL, &units, err)) {
		assert_int_equal(units.count, 77);
		return -1;
	}
	assert_int_equal(units.count, 2);
	sg_units_clear(&units);
	return 0;
}

static int find_connection_owners(struct sg_error *err)
{
	struct sg_connection items[2] = {{.inode = inode}, {.inode = inode}};
	struct sg_connection *const both[2] = {&items[0], &items[1]};
	int result = sg_connection_owners_find(both, 2, err);

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(items[i].owner.pid, result ? 0 : getpid());
		free(items[i].owner.unit);
		free(items[i].owner.container);
	}
	return result;
}

#define EACH(name, attempt)                                                                                            \
	static void name(void **state)                                                                                 \
	{                                                                                                              \
		(void)state;                                                                                           \
		with_less_memory(attempt);                                                                             \
	}

EACH(buffers, build_text)
EACH(files, keep_files)
EACH(diagnostics, keep_diagnostics)
EACH(reading, read_file)
EACH(sets, make_sets)
EACH(owners, name_owner)
EACH(parsers, parse_sockets)
EACH(parsers_of_connections, parse_connections)
EACH(lists_of_sockets, list_sockets)
EACH(lists_of_connections, list_connections)

static void owners_of_sockets(void **state)
{
	sg_cleanup(sg_cgroups_close) struct sg_cgroups cgroups = {.folder = -1};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct stat status;

	(void)state;
	assert_int_equal(fstat(fd, &status), 0);
	inode = (uint32_t)status.st_ino;
	with_less_memory(find_owners);
	with_less_memory(find_connection_owners);
	close(fd);
	assert_int_equal(sg_cgroups_open(&cgroups, NULL), 0);
	if (cgroups.folder >= 0 && !fstat(cgroups.folder, &status))
		group = status.st_ino;
	with_less_memory(find_group);
	with_less_memory(find_units);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffers),
		cmocka_unit_test(files),
		cmocka_unit_test(diagnostics),
		cmocka_unit_test(reading),
		cmocka_unit_test(sets),
		cmocka_unit_test(owners),
		cmocka_unit_test(parsers),
		cmocka_unit_test(parsers_of_connections),
		cmocka_unit_test(lists_of_sockets),
		cmocka_unit_test(lists_of_connections),
		cmocka_unit_test(owners_of_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
