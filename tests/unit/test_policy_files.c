/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies and list files as they are on a disk: missing, hostile, trusted, very long. */
#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "policy_text.h"

#define LONG_LIST 1000000U

static char folder[] = "/tmp/sockgate-policy-XXXXXX";

static int enter_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && !chdir(folder) && !mkdir("lists", 0755) && !mkdir("more.d", 0755) ? 0 : -1;
}

static int leave_folder(void **state)
{
	(void)state;
	if (chdir("/"))
		return -1;
	for (const char *const *name =
		     (const char *const[]){"lists/long.txt", "lists/two.txt", "lists/open.txt", "lists/fifo",
					   "lists/link", "lists/loop", "policy.yaml", "lists", "more.d/a.yaml",
					   "more.d/B.yaml", "more.d/10.yaml", "more.d/link.yaml", "more.d/sub.yaml",
					   "more.d", "", NULL};
	     *name; name++) {
		sg_autofree char *path = NULL;

		if (asprintf(&path, "%s/%s", folder, *name) < 0)
			return -1;
		remove(path);
	}
	return 0;
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(name, 0644), 0);
}

static struct policy_text read_file(const char *path, bool trusted_only)
{
	struct sg_policy_options options = {.trusted_only = trusted_only};
	struct policy_text ret = {.files = sg_files_new()};

	ret.policy = sg_policy_read(path, &options, ret.files, &ret.diags, &ret.err);
	return ret;
}

/* The same with what is included unasked. */
static struct policy_text read_with(const char *path, const char *drop_in)
{
	struct sg_policy_options options = {.drop_in = drop_in};
	struct policy_text ret = {.files = sg_files_new()};

	ret.policy = sg_policy_read(path, &options, ret.files, &ret.diags, &ret.err);
	return ret;
}

/* The only thing said, at the place where the list is named. */
static void assert_list_refused(const char *path, bool trusted_only, const char *why)
{
	sg_autofree char *policy = NULL;

	assert_true(asprintf(&policy, "groups:\n  a: [192.0.2.1, {file: %s}]\n", path) > 0);
	put("policy.yaml", policy);
	autotext text = read_file("policy.yaml", trusted_only);
	assert_null(text.policy);
	assert_int_equal(text.err.kind, SG_ERROR_NONE);
	assert_int_equal(text.diags.count, 1);
	assert_string_equal(text.diags.items[0].id, "policy/list-file");
	assert_int_equal(text.diags.items[0].span.line, 2);
	assert_int_equal(text.diags.items[0].span.column, 25);
	assert_int_equal(text.diags.items[0].span.length, strlen(path));
	if (!strstr(text.diags.items[0].message, why) || !strstr(text.diags.items[0].message, path))
		fail_msg("%s", text.diags.items[0].message);
}

static void test_hostile_lists(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("lists/fifo", 0644), 0);
	assert_int_equal(symlink("/dev/zero", "lists/link"), 0);
	assert_int_equal(symlink("loop", "lists/loop"), 0);
	assert_list_refused("lists/fifo", false, "FIFO");
	assert_list_refused("lists/link", false, "device");
	assert_list_refused("lists/loop", false, "symbolic");
	assert_list_refused("lists", false, "directory");
	assert_list_refused("lists/none.txt", false, "No such file");
	assert_list_refused("/dev/null", false, "device");
	assert_list_refused("/proc/self/fd/0/x", false, "list file");
}

static void test_trust(void **state)
{
	(void)state;
	put("lists/open.txt", "192.0.2.1\n");
	put("policy.yaml", "groups: {a: {file: lists/open.txt}}\n");
	{
		autotext text = read_file("policy.yaml", true);
		/* /tmp is sticky: its other users cannot touch what is ours */
		assert_non_null(text.policy);
	}
	assert_int_equal(chmod("lists/open.txt", 0664), 0);
	assert_list_refused("lists/open.txt", true, "write");
	put("policy.yaml", "groups: {a: {file: lists/open.txt}}\n");
	{
		autotext text = read_file("policy.yaml", false);
		assert_non_null(text.policy);
	}
	assert_int_equal(chmod("policy.yaml", 0666), 0);
	autotext text = read_file("policy.yaml", true);
	assert_null(text.policy);
	assert_int_equal(text.err.kind, SG_ERROR_INPUT);
	assert_int_equal(text.diags.count, 0);
}

static void test_policy_file(void **state)
{
	(void)state;
	{
		autotext text = read_file("none.yaml", false);
		assert_null(text.policy);
		assert_int_equal(text.err.kind, SG_ERROR_SYSTEM);
		assert_int_equal(text.err.errnum, ENOENT);
	}
	{
		autotext text = read_file(".", false);
		assert_null(text.policy);
		assert_int_equal(text.err.kind, SG_ERROR_INPUT);
	}
	autotext text = read_file("lists/fifo", false);
	assert_null(text.policy);
	assert_int_equal(text.err.kind, SG_ERROR_INPUT);
}

/* A relative list file is looked for beside the policy, not where the program was started. */
static void test_folders(void **state)
{
	sg_autofree char *path = NULL, *absolute = NULL;

	(void)state;
	put("lists/two.txt", "192.0.2.1\n192.0.2.2\n");
	put("policy.yaml", "groups: {a: {file: lists/two.txt}}\n");
	assert_true(asprintf(&path, "%s/policy.yaml", folder) > 0);
	assert_int_equal(chdir("/"), 0);
	{
		autotext text = read_file(path, false);
		assert_non_null(text.policy);
		assert_int_equal(sg_policy_group(text.policy, 0)->addresses.v4.count, 1);
	}
	assert_true(asprintf(&absolute, "groups: {a: {file: %s/lists/two.txt}}\n", folder) > 0);
	{
		autotext text = read_bytes(absolute, strlen(absolute), "/nowhere");
		assert_non_null(text.policy);
	}
	{
		autotext text = read_bytes("groups: {a: {file: two.txt}}\n", 29, "/nowhere");
		assert_null(text.policy);
		assert_non_null(strstr(text.diags.items[0].message, "/nowhere/two.txt"));
	}
	assert_int_equal(chdir(folder), 0);
}

/* A list that is named twice is read once. */
static void test_named_twice(void **state)
{
	const char *name;
	uint32_t files = 0;

	(void)state;
	put("policy.yaml", "groups:\n  a: {file: lists/two.txt}\n  b: [{file: lists/two.txt}, 192.0.2.9]\n");
	autotext text = read_file("policy.yaml", false);
	assert_non_null(text.policy);
	assert_int_equal(sg_policy_group(text.policy, 1)->addresses.v4.count, 2);
	while ((name = sg_files_name(text.files, files)))
		files++;
	assert_int_equal(files, 2);
}

static void test_include_trust(void **state)
{
	(void)state;
	put("more.d/a.yaml", "allow: {tcp: [22]}\n");
	put("policy.yaml", "include: more.d/*.yaml\n");
	{
		autotext text = read_file("policy.yaml", true);
		assert_non_null(text.policy);
	}
	assert_int_equal(chmod("more.d/a.yaml", 0664), 0);
	{
		autotext text = read_file("policy.yaml", true);
		assert_null(text.policy);
		assert_int_equal(text.err.kind, SG_ERROR_NONE);
		assert_int_equal(text.diags.count, 1);
		assert_string_equal(text.diags.items[0].id, "policy/include");
		assert_int_equal(text.diags.items[0].span.column, 10);
		assert_non_null(strstr(text.diags.items[0].message, "more.d/a.yaml"));
	}
	{
		autotext text = read_file("policy.yaml", false);
		assert_non_null(text.policy);
	}
	assert_int_equal(chmod("more.d/a.yaml", 0644), 0);
	/* who may add a file to the folder may say anything */
	assert_int_equal(chmod("more.d", 0777), 0);
	{
		autotext text = read_file("policy.yaml", true);
		assert_null(text.policy);
		assert_non_null(strstr(text.diags.items[0].message, "more.d"));
	}
	assert_int_equal(chmod("more.d", 0755), 0);
}

/* One file by many names is one file; the order is that of bytes, whatever the locale; links are followed. */
static void test_include_names(void **state)
{
	(void)state;
	put("more.d/B.yaml", "allow: {tcp: [2]}\n");
	put("more.d/10.yaml", "allow: {tcp: [3]}\n");
	assert_int_equal(symlink("a.yaml", "more.d/link.yaml"), 0);
	assert_int_equal(mkdir("more.d/sub.yaml", 0755), 0);
	put("policy.yaml",
	    "allow: {tcp: [1]}\ninclude: [more.d/a.yaml, ./more.d/../more.d/a.yaml, more.d/*.yaml, policy.yaml]\n");
	autotext text = read_with("policy.yaml", "more.d/*.yaml");
	assert_non_null(text.policy);
	assert_int_equal(sg_policy_lines(text.policy), 4);
	for (size_t i = 0; i < 4; i++) {
		static const struct {
			uint16_t port;
			const char *file;
		} expected[] = {{1, "policy.yaml"}, {22, "more.d/a.yaml"}, {3, "more.d/10.yaml"}, {2, "more.d/B.yaml"}};
		const struct sg_line *line = sg_policy_line(text.policy, i);

		assert_int_equal(line->ports.items[0].first, expected[i].port);
		assert_string_equal(sg_files_name(text.files, line->span.file), expected[i].file);
		assert_string_equal(sg_policy_file_of(text.policy, line->span), expected[i].file);
		assert_string_equal(line->path, "allow.tcp[0]");
	}
	assert_string_equal(sg_policy_file(text.policy), "policy.yaml");
}

/* What is included unasked need not be there; what is asked for must. */
static void test_drop_in(void **state)
{
	sg_autofree char *path = NULL;

	(void)state;
	put("policy.yaml", "allow: {tcp: [1]}\n");
	{
		autotext text = read_with("policy.yaml", "none.d/*.yaml");
		assert_non_null(text.policy);
		assert_int_equal(text.diags.count, 0);
	}
	{
		autotext text = read_with("policy.yaml", "more.d/*.conf");
		assert_non_null(text.policy);
		assert_int_equal(text.diags.count, 0);
	}
	{
		autotext text = read_file("policy.yaml", false);
		assert_int_equal(sg_policy_lines(text.policy), 1);
	}
	put("more.d/z.yaml", "allow: {tcp: [x]}\n");
	{
		autotext text = read_with("policy.yaml", "more.d/*.yaml");
		assert_null(text.policy);
		assert_string_equal(sg_files_name(text.files, text.diags.items[0].span.file), "more.d/z.yaml");
	}
	assert_int_equal(remove("more.d/z.yaml"), 0);
	/* beside the policy, wherever the program was started */
	assert_true(asprintf(&path, "%s/policy.yaml", folder) > 0);
	assert_int_equal(chdir("/"), 0);
	autotext text = read_with(path, "more.d/*.yaml");
	assert_non_null(text.policy);
	assert_int_equal(sg_policy_lines(text.policy), 4);
	assert_int_equal(chdir(folder), 0);
}

static void test_too_many_included(void **state)
{
	(void)state;
	assert_int_equal(mkdir("many.d", 0755), 0);
	for (unsigned int i = 0; i <= 1000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "many.d/%u.yaml", i);
		put(name, "allow: {tcp: [22]}\n");
		if (i == 998) {
			put("policy.yaml", "include: many.d/*.yaml\n");
			autotext text = read_file("policy.yaml", false);
			assert_non_null(text.policy);
			assert_int_equal(sg_policy_lines(text.policy), 999);
		}
	}
	autotext text = read_file("policy.yaml", false);
	assert_null(text.policy);
	assert_true(said(&text, "policy/include"));
	for (unsigned int i = 0; i <= 1000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "many.d/%u.yaml", i);
		assert_int_equal(remove(name), 0);
	}
	assert_int_equal(rmdir("many.d"), 0);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void test_long_list(void **state)
{
	FILE *file = fopen("lists/long.txt", "w");
	double start;

	(void)state;
	assert_non_null(file);
	for (uint32_t i = 0; i < LONG_LIST; i++) {
		/* scattered, in no order, none twice, none a neighbour of another */
		uint32_t address = (uint32_t)(((uint64_t)i * 7919 % LONG_LIST) * 4000 + 16);

		fprintf(file, "%u.%u.%u.%u  # %u\n", address >> 24, address >> 16 & 255, address >> 8 & 255,
			address & 255, i);
	}
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod("lists/long.txt", 0644), 0);
	put("policy.yaml", "groups: {a: {file: lists/long.txt}}\nblock: {any: [{from: a}]}\n");
	start = seconds();
	autotext text = read_file("policy.yaml", false);
	print_message("%u lines in %.0f ms\n", LONG_LIST, (seconds() - start) * 1e3);
	assert_non_null(text.policy);
	assert_int_equal(sg_policy_group(text.policy, 0)->addresses.v4.count, LONG_LIST);
	assert_ptr_equal(sg_policy_line(text.policy, 0)->from.v4.items,
			 sg_policy_group(text.policy, 0)->addresses.v4.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_lists),     cmocka_unit_test(test_trust),
		cmocka_unit_test(test_policy_file),       cmocka_unit_test(test_folders),
		cmocka_unit_test(test_named_twice),       cmocka_unit_test(test_include_trust),
		cmocka_unit_test(test_include_names),     cmocka_unit_test(test_drop_in),
		cmocka_unit_test(test_too_many_included), cmocka_unit_test(test_long_list),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
