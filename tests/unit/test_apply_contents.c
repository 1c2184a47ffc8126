// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is remembered of large sets, in the kernel: a table that was made anew under the same names and numbers, and a
 * file that another boot left. Each test has a network namespace and a /run of its own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>
#include <cmocka.h>
#include <linux/netfilter.h>
#include <xxhash.h>
#include "apply/contents.h"
#include "nft/build.h"
#include "sockgate/compile.h"

static struct sg_kernel *new_world(void)
{
	struct sg_kernel *kernel = NULL;
	struct sg_error err = {0};

	assert_int_equal(unshare(CLONE_NEWNET | CLONE_NEWNS), 0);
	assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount("tmpfs", "/run", "tmpfs", 0, NULL), 0);
	if (sg_kernel_open(&kernel, &err))
		fail_msg("%s", err.message);
	return kernel;
}

static void add_set(struct sg_table *table, const char *name, uint8_t first)
{
	struct sg_set *set = sg_table_add_set(table, name, NULL);

	set->key_type = 7;
	set->key_length = 4;
	set->size = 65536;
	for (unsigned int i = 0; i < 5000; i++) {
		uint8_t key[4] = {i ? 10 : first, 0, (uint8_t)(i >> 8), (uint8_t)i};

		assert_int_equal(sg_set_add(set, key, NULL, NULL, NULL, 0, NULL), 0);
	}
	sg_set_sort(set);
}

/* Our table with a set of many addresses that its rule looks into, of which the first is `first`, and with one that no
 * packet reaches. */
static void fill(struct sg_ruleset *ruleset, uint8_t first)
{
	struct sg_table *table = sg_ruleset_add_table(ruleset, SG_TABLE_FAMILY, SG_TABLE_NAME, NULL);
	struct sg_chain *chain = sg_table_add_chain(table, "input", NULL);
	struct sg_rule *rule;

	chain->is_base = true;
	chain->hook = NF_INET_LOCAL_IN;
	chain->type = strdup("filter");
	rule = sg_chain_add_rule(chain, NULL);
	assert_int_equal(sg_build_address_set(rule, SG_IPV4, false, "many", false, NULL), 0);
	assert_int_equal(sg_build_verdict(rule, NF_ACCEPT, NULL, NULL), 0);
	add_set(table, "many", first);
	add_set(table, "left", first);
}

/* In one transaction: the table away, when there is one, and this one there. */
static uint32_t load(struct sg_kernel *kernel, uint8_t first, bool replace, uint32_t generation)
{
	struct sg_wire *wire = sg_wire_new();
	struct sg_kernel_reply reply = {0};
	struct sg_ruleset ruleset = {0};
	struct sg_error err = {0};

	fill(&ruleset, first);
	sg_wire_begin(wire, 1, generation);
	if (replace)
		sg_wire_del_table(wire, &ruleset.tables[0]);
	sg_wire_add_whole_table(wire, &ruleset.tables[0]);
	if (sg_kernel_send(kernel, wire, generation, &reply, &err) || !reply.committed)
		fail_msg("%s", err.message);
	sg_wire_free(wire);
	sg_ruleset_clear(&ruleset);
	return reply.generation;
}

/* The first byte of the set's first key, and the generation at which it was read. */
static uint8_t first_read(struct sg_contents *contents, struct sg_kernel *kernel, uint32_t *ret_generation)
{
	struct sg_ruleset ruleset = {0};
	const struct sg_table *table;
	struct sg_error err = {0};
	uint8_t first;

	if (sg_contents_read(contents, kernel, NULL, &ruleset, &table, &err))
		fail_msg("%s", err.message);
	assert_int_equal(sg_table_set(table, "many")->count, 5000);
	first = sg_table_set(table, "many")->keys[0];
	*ret_generation = ruleset.generation;
	sg_ruleset_clear(&ruleset);
	return first;
}

/* One more generation of the ruleset, of somebody else's making. */
static uint32_t touch(struct sg_kernel *kernel)
{
	struct sg_wire *wire = sg_wire_new();
	struct sg_kernel_reply reply = {0};
	struct sg_ruleset ruleset = {0};

	sg_wire_begin(wire, 1, 0);
	sg_wire_add_table(wire, sg_ruleset_add_table(&ruleset, NFPROTO_IPV4, "foreign", NULL));
	assert_int_equal(sg_kernel_send(kernel, wire, 0, &reply, NULL), 0);
	assert_true(reply.committed);
	sg_wire_free(wire);
	sg_ruleset_clear(&ruleset);
	return reply.generation;
}

static void another_change_in_between_is_not_ours(void **state)
{
	struct sg_kernel *kernel = new_world();
	struct sg_contents *contents = sg_contents_open(kernel);
	uint32_t generation, later;

	(void)state;
	load(kernel, 1, false, 0);
	assert_int_equal(first_read(contents, kernel, &generation), 1);
	touch(kernel);
	later = load(kernel, 2, true, 0);
	sg_contents_advance(contents, generation, later, NULL, 0);
	assert_int_equal(first_read(contents, kernel, &generation), 2);
	sg_contents_free(contents);
	sg_kernel_close(kernel);
}

/* As after a restart of a container whose /run stayed: number of the namespace, generation, handle, all the same. */
static void another_boot_is_another_world(void **state)
{
	char boot[] = "/run/boot-XXXXXX";
	struct sg_kernel *kernel = new_world();
	struct sg_contents *contents = sg_contents_open(kernel);
	int fd = mkstemp(boot);
	uint32_t generation, later;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "01234567-89ab-cdef-0123-456789abcdef\n", 37), 37);
	close(fd);
	assert_int_equal(mount(boot, "/proc/sys/kernel/random/boot_id", NULL, MS_BIND, NULL), 0);
	sg_contents_free(contents);
	contents = sg_contents_open(kernel);
	load(kernel, 1, false, 0);
	first_read(contents, kernel, &generation);
	/* the file speaks of a generation that this boot comes to later */
	later = load(kernel, 2, true, 0);
	sg_contents_advance(contents, generation, later, NULL, 0);
	sg_contents_store(contents, later);
	sg_contents_free(contents);
	assert_int_equal(umount("/proc/sys/kernel/random/boot_id"), 0);
	contents = sg_contents_open(kernel);
	assert_int_equal(first_read(contents, kernel, &generation), 2);
	sg_contents_free(contents);
	sg_kernel_close(kernel);
}

/* What an interrupted run left behind is not read where the kernel says that it is large. */
static void what_no_packet_reaches_is_not_read(void **state)
{
	struct sg_kernel *kernel = new_world();
	struct sg_contents *contents = sg_contents_open(kernel);
	struct sg_ruleset ruleset = {0};
	const struct sg_table *table;
	const struct sg_set *left;

	(void)state;
	load(kernel, 9, false, 0);
	assert_int_equal(sg_contents_read(contents, kernel, NULL, &ruleset, &table, NULL), 0);
	left = sg_table_set(table, "left");
	if (left->filled) {
		assert_int_equal(left->count, 0);
		assert_true(left->unknown);
	} else {
		assert_int_equal(left->count, 5000);
	}
	assert_int_equal(sg_table_set(table, "many")->count, 5000);
	assert_false(sg_table_set(table, "many")->unknown);
	sg_ruleset_clear(&ruleset);
	sg_contents_free(contents);
	sg_kernel_close(kernel);
}

/* Layout of the file: magic, boot, namespace, count, time; one entry; its keys; the checksum. */
#define STORED_AT 80
#define KEYS_AT   (STORED_AT + 8 + 32 + 256)

/* Changes the file that is there: the first key's first byte is 99, and it is older. */
static void forge(uint64_t older, bool checked)
{
	char name[64];
	static uint8_t data[65536];
	XXH128_canonical_t sum;
	uint64_t stored;
	struct dirent *entry;
	DIR *folder = opendir("/run/sockgate");
	FILE *file;
	size_t size;

	assert_non_null(folder);
	do {
		entry = readdir(folder);
		assert_non_null(entry);
	} while (strncmp(entry->d_name, "contents-", 9) != 0);
	snprintf(name, sizeof(name), "/run/sockgate/%.40s", entry->d_name);
	closedir(folder);
	file = fopen(name, "r+e");
	assert_non_null(file);
	size = fread(data, 1, sizeof(data), file);
	assert_int_equal(size, KEYS_AT + 20000 + sizeof(sum));
	memcpy(&stored, data + STORED_AT, sizeof(stored));
	stored -= older;
	memcpy(data + STORED_AT, &stored, sizeof(stored));
	assert_int_equal(data[KEYS_AT], 1);
	data[KEYS_AT] = 99;
	XXH128_canonicalFromHash(&sum, XXH3_128bits(data, size - sizeof(sum)));
	if (checked)
		memcpy(data + size - sizeof(sum), &sum, sizeof(sum));
	rewind(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

/* A file of this boot and generation is believed; not one that was altered, and not one that is too old: by then the
 * generations may have gone around. */
static void what_file_is_believed(void **state)
{
	static const struct {
		uint64_t older;
		bool checked;
		uint8_t read;
	} rows[] = {{0, true, 99}, {3000, true, 99}, {0, false, 1}, {3700, true, 1}, {UINT64_MAX - 100, true, 1}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sg_kernel *kernel = new_world();
		struct sg_contents *contents = sg_contents_open(kernel);
		uint32_t generation;

		load(kernel, 1, false, 0);
		assert_int_equal(first_read(contents, kernel, &generation), 1);
		sg_contents_store(contents, generation);
		sg_contents_free(contents);
		forge(rows[i].older, rows[i].checked);
		contents = sg_contents_open(kernel);
		assert_int_equal(first_read(contents, kernel, &generation), rows[i].read);
		sg_contents_free(contents);
		sg_kernel_close(kernel);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_no_packet_reaches_is_not_read),
		cmocka_unit_test(another_change_in_between_is_not_ours),
		cmocka_unit_test(another_boot_is_another_world),
		cmocka_unit_test(what_file_is_believed),
	};

	if (geteuid() != 0) {
		print_message("skipped: needs root for a network namespace of its own\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
