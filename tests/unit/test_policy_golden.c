/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every tests/golden/policy/NAME.yaml against NAME.expected: what is wrong with it, line by line; or, when nothing is,
 * "ok" and the policy as it is written again, which must be a fixed point. GOLDEN_UPDATE=1 writes what is found as
 * expected.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/file.h"
#include "base/mem.h"
#include "sockgate/buf.h"
#include "sockgate/policy.h"

#define GOLDEN_FOLDER TEST_DATA "/golden/policy"

/* 2026-07-01T12:00Z */
static const struct sg_policy_options options = {.now = 1782907200, .trusted_only = false};

static void show_diags(struct sg_buf *buf, const struct sg_files *files, const char *policy, struct sg_diags *diags)
{
	static const char *const severities[] = {"error", "warning", "note"};

	sg_diags_sort(diags);
	for (size_t i = 0; i < diags->count; i++) {
		const struct sg_diag *diag = &diags->items[i];

		if (diag->span.file == SG_NO_FILE)
			sg_buf_adds(buf, "-: ");
		else if (strcmp(sg_files_name(files, diag->span.file), policy) != 0)
			sg_buf_addf(buf, "%s:", sg_files_name(files, diag->span.file));
		if (diag->span.file != SG_NO_FILE)
			sg_buf_addf(buf, "%u:%u: ", diag->span.line, diag->span.column);
		sg_buf_addf(buf, "%s: %s [%s]\n", severities[diag->severity], diag->message, diag->id);
		if (diag->hint)
			sg_buf_addf(buf, "hint: %s\n", diag->hint);
	}
}

/* Writes the policy, reads that and writes it again. */
static void show_again(struct sg_buf *buf, const struct sg_policy *policy)
{
	sg_autofree char *text = sg_policy_emit(policy, NULL), *again = NULL;
	struct sg_files *files = sg_files_new();
	struct sg_diags diags = {0};
	struct sg_policy *read;

	assert_non_null(text);
	read = sg_policy_parse("again", ".", text, strlen(text), &options, files, &diags, NULL);
	if (!read)
		print_error("%s\n%s\n", text, diags.count ? diags.items[0].message : "");
	assert_non_null(read);
	assert_true(sg_policy_equal(policy, read));
	again = sg_policy_emit(read, NULL);
	assert_string_equal(text, again);
	sg_buf_adds(buf, text);
	sg_policy_free(read);
	sg_diags_clear(&diags);
	sg_files_free(files);
}

/* What a policy file gives, as text. */
static char *show_policy(const char *name)
{
	struct sg_files *files = sg_files_new();
	struct sg_diags diags = {0};
	struct sg_error err = {0};
	struct sg_policy *policy;
	struct sg_buf buf = {0};

	policy = sg_policy_read(name, &options, files, &diags, &err);
	assert_int_equal(err.kind, SG_ERROR_NONE);
	assert_int_equal(policy != NULL, !sg_diags_failed(&diags));
	show_diags(&buf, files, name, &diags);
	if (policy) {
		sg_buf_adds(&buf, "ok\n");
		show_again(&buf, policy);
	}
	sg_policy_free(policy);
	sg_diags_clear(&diags);
	sg_files_free(files);
	return sg_buf_steal(&buf, NULL, NULL);
}

static bool compare(const char *name, size_t *bad)
{
	sg_autofree char *found = show_policy(name), *expected = NULL, *path = NULL;
	struct sg_file_rules rules = {.max_size = 1 << 20};
	struct sg_error err;
	size_t size;

	assert_true(asprintf(&path, "%.*s.expected", (int)(strlen(name) - strlen(".yaml")), name) > 0);
	*bad += found[0] != 'o' && !strstr(found, "\nok\n");
	if (getenv("GOLDEN_UPDATE"))
		assert_int_equal(sg_file_replace(path, found, strlen(found), NULL), 0);
	if (sg_file_read(path, &rules, &expected, &size, &err)) {
		print_error("%s\n", err.message);
		return false;
	}
	if (strcmp(found, expected) == 0)
		return true;
	print_error("%s: expected\n%sfound\n%s", name, expected, found);
	return false;
}

static int is_policy(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);

	return size > 5 && strcmp(entry->d_name + size - 5, ".yaml") == 0;
}

static void test_golden(void **state)
{
	struct dirent **entries;
	size_t wrong = 0, bad = 0;
	int count;

	(void)state;
	assert_int_equal(chdir(GOLDEN_FOLDER), 0);
	count = scandir(".", &entries, is_policy, alphasort);
	for (int i = 0; i < count; i++) {
		wrong += !compare(entries[i]->d_name, &bad);
		free(entries[i]);
	}
	free(entries);
	assert_int_equal(wrong, 0);
	print_message("%d policies, %zu of them bad\n", count, bad);
	assert_true(count >= 180 && bad >= 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
