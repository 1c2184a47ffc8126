/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "sockgate/buf.h"
#include "sockgate/diag.h"

static uint32_t add_file(struct sg_files *files, const char *name, const char *text, size_t size)
{
	char *copy = malloc(size ? size : 1); /* no NUL behind it: the sanitizer sees a read beyond */
	uint32_t index = 99;

	memcpy(copy, text, size);
	assert_int_equal(sg_files_add(files, name, copy, size, &index, NULL), 0);
	return index;
}

static void lines_of_a_file(void **state)
{
	static const struct {
		const char *text;
		const char *lines[4];
	} rows[] = {
		{"", {NULL}},
		{"a", {"a", NULL}},
		{"a\n", {"a", NULL}},
		{"\n", {"", NULL}},
		{"\n\n", {"", "", NULL}},
		{"a\r\nb\r\n", {"a", "b", NULL}},
		{"a\rb\nc", {"a\rb", "c", NULL}},
		{"\r\n\r", {"", "", NULL}},
		{"one\n\nthree", {"one", "", "three", NULL}},
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(rows); i++) {
		struct sg_files *files = sg_files_new();
		uint32_t index = add_file(files, "f", rows[i].text, strlen(rows[i].text));
		uint32_t line = 1;
		size_t size = 0;

		for (; rows[i].lines[line - 1]; line++) {
			const char *text = sg_files_line(files, index, line, &size);

			assert_non_null(text);
			assert_int_equal(size, strlen(rows[i].lines[line - 1]));
			assert_memory_equal(text, rows[i].lines[line - 1], size);
		}
		assert_null(sg_files_line(files, index, line, &size));
		assert_null(sg_files_line(files, index, 0, &size));
		assert_null(sg_files_line(files, index, UINT32_MAX, &size));
		sg_files_free(files);
	}
}

/* A million lines, asked for from the end: linear search for each would take hours. */
static void lines_of_a_large_file(void **state)
{
	struct sg_files *files = sg_files_new();
	struct sg_buf text = {0};
	uint32_t index;
	size_t size;
	char *data;

	(void)state;
	for (uint32_t i = 1; i <= 1000000; i++)
		sg_buf_addf(&text, "%u\n", i);
	data = sg_buf_steal(&text, &size, NULL);
	assert_int_equal(sg_files_add(files, "large", data, size, &index, NULL), 0);
	for (uint32_t i = 1000000; i >= 1; i--) {
		const char *line = sg_files_line(files, index, i, &size);
		char expected[16];

		snprintf(expected, sizeof(expected), "%u", i);
		if (size != strlen(expected) || memcmp(line, expected, size) != 0)
			fail_msg("line %u is wrong", i);
	}
	assert_null(sg_files_line(files, index, 1000001, &size));
	sg_files_free(files);
}

static void files_keep_name_and_text(void **state)
{
	struct sg_files *files = sg_files_new();
	size_t size = 0;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		char name[16];

		snprintf(name, sizeof(name), "file %u", i);
		assert_int_equal(add_file(files, name, name, strlen(name)), i);
	}
	assert_string_equal(sg_files_name(files, 42), "file 42");
	assert_memory_equal(sg_files_text(files, 42, &size), "file 42", 7);
	assert_int_equal(size, 7);
	assert_null(sg_files_name(files, 100));
	assert_null(sg_files_text(files, SG_NO_FILE, &size));
	assert_null(sg_files_line(files, SG_NO_FILE, 1, &size));
	sg_files_free(files);
	sg_files_free(NULL);
}

static void counts_and_hints(void **state)
{
	struct sg_diags diags = {0};

	(void)state;
	sg_diag_hint(&diags, "to nobody");
	assert_false(sg_diags_failed(&diags));
	sg_diag_add(&diags, SG_SEVERITY_WARNING, "a/b", SG_SPAN_NONE, "%s is odd", "%n");
	sg_diag_add(&diags, SG_SEVERITY_NOTE, "a/c", SG_SPAN_NONE, "note");
	assert_false(sg_diags_failed(&diags));
	sg_diag_add(&diags, SG_SEVERITY_ERROR, "a/d", (struct sg_span){1, 2, 3, 4}, "wrong");
	sg_diag_hint(&diags, "did you mean '%s'?", "x");
	sg_diag_hint(&diags, "did you mean '%s'?", "y");
	assert_true(sg_diags_failed(&diags));
	assert_int_equal(diags.count, 3);
	assert_int_equal(diags.errors, 1);
	assert_int_equal(diags.warnings, 1);
	assert_string_equal(diags.items[0].message, "%n is odd");
	assert_null(diags.items[0].hint);
	assert_string_equal(diags.items[2].hint, "did you mean 'y'?");
	assert_int_equal(diags.items[2].span.length, 4);
	sg_diags_clear(&diags);
	assert_int_equal(diags.count, 0);
}

/* Random places, many of them equal: sorted, and equals in the order in which they came. */
static void sorts_and_keeps_the_order_of_equals(void **state)
{
	static const size_t counts[] = {0, 1, 2, 15, 16, 17, 31, 33, 100, 1000};

	(void)state;
	srandom(1);
	for (size_t c = 0; c < SG_COUNT(counts); c++) {
		struct sg_diags diags = {0};

		for (size_t i = 0; i < counts[c]; i++) {
			struct sg_span span = {random() % 4 ? (uint32_t)(random() % 2) : SG_NO_FILE,
					       (uint32_t)(random() % 3), (uint32_t)(random() % 3), 1};

			sg_diag_add(&diags, SG_SEVERITY_ERROR, "x", span, "%06zu", i);
		}
		sg_diags_sort(&diags);
		assert_int_equal(diags.count, counts[c]);
		for (size_t i = 1; i < diags.count; i++) {
			struct sg_span a = diags.items[i - 1].span, b = diags.items[i].span;
			uint64_t before = (uint64_t)a.file << 16 | a.line << 8 | a.column;
			uint64_t after = (uint64_t)b.file << 16 | b.line << 8 | b.column;

			assert_true(before <= after);
			if (before == after)
				assert_true(strcmp(diags.items[i - 1].message, diags.items[i].message) < 0);
		}
		sg_diags_clear(&diags);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_a_file),
		cmocka_unit_test(lines_of_a_large_file),
		cmocka_unit_test(files_keep_name_and_text),
		cmocka_unit_test(counts_and_hints),
		cmocka_unit_test(sorts_and_keeps_the_order_of_equals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
