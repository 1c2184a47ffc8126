/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that runs out at the first, second, third … allocation, libyaml's own among them (it is linked statically
 * here): reading and writing fail with that as the reason, leak nothing and never crash. The allocator is wrapped by
 * the linker (tests/CMakeLists.txt).
 */
#include <errno.h>
#include <unistd.h>
#include "policy_text.h"
#include "starve.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

enum outcome { GOOD, BAD, NO_MEMORY };

/* Reads the file, and writes what was read. */
static enum outcome exercise(const char *name)
{
	static const struct sg_policy_options options = {.trusted_only = false};
	struct sg_files *files = sg_files_new();
	struct sg_policy *policy = NULL;
	enum outcome outcome = NO_MEMORY;
	struct sg_diags diags = {0};
	struct sg_error err = {0};
	char *text = NULL;

	if (files)
		policy = sg_policy_read(name, &options, files, &diags, &err);
	if (policy) {
		assert_int_equal(err.kind, SG_ERROR_NONE);
		text = sg_policy_emit(policy, &err);
		outcome = text ? GOOD : NO_MEMORY;
	} else if (files && err.kind == SG_ERROR_NONE) {
		assert_true(diags.errors > 0 && !diags.out_of_memory);
		outcome = BAD;
	}
	if (files && outcome == NO_MEMORY)
		assert_int_equal(err.kind, SG_ERROR_MEMORY);
	free(text);
	sg_policy_free(policy);
	sg_diags_clear(&diags);
	sg_files_free(files);
	return outcome;
}

static void fail_everywhere(const char *name, enum outcome expected)
{
	enum outcome outcome;

	for (int behind = 0; behind < 2; behind++) {
		starve_end();
		assert_int_equal(exercise(name), expected);
		for (size_t n = 1;; n++) {
			starve_from(n, !behind);
			outcome = exercise(name);
			starve_end();
			if (starving.calls < n) {
				assert_int_equal(outcome, expected);
				print_message("%s: %zu allocations\n", name, starving.calls);
				break;
			}
			/* sg_text_nearest and the like may do without; nothing may come out otherwise */
			assert_true(outcome == NO_MEMORY || outcome == expected);
		}
	}
}

static void test_memory(void **state)
{
	static const struct {
		const char *name;
		enum outcome expected;
	} cases[] = {
		{"good-full.yaml", GOOD},          {"good-quoting.yaml", GOOD},
		{"good-split-service.yaml", GOOD}, {"good-nested-interfaces.yaml", GOOD},
		{"good-long-lists.yaml", GOOD},    {"many-at-once.yaml", BAD},
		{"group-circles.yaml", BAD},       {"list-bad-lines.yaml", BAD},
		{"list-missing.yaml", BAD},        {"syntax-tab-list.yaml", BAD},
		{"value-texts.yaml", BAD},         {"family-mismatch.yaml", BAD},
		{"key-duplicate.yaml", BAD},       {"port-names.yaml", BAD},
		{"alias-merge.yaml", BAD},         {"include.yaml", GOOD},
		{"include-duplicates.yaml", BAD},  {"include-bad-files.yaml", BAD},
		{"good-terms.yaml", GOOD},         {"good-split-terms.yaml", GOOD},
		{"limit-forms.yaml", BAD},         {"until-forms.yaml", BAD},
		{"unit-names.yaml", BAD},          {"log-mapping.yaml", BAD},
	};

	(void)state;
	assert_int_equal(chdir(TEST_DATA "/golden/policy"), 0);
	for (size_t i = 0; i < SG_COUNT(cases); i++)
		fail_everywhere(cases[i].name, cases[i].expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
