/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Schema, keys and SARIF when memory runs out at any place: all of it, or none. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "sockgate/render.h"
#include "sockgate/render_language.h"

/* Allocations of jansson until they fail; negative: never. */
static long left = -1;
static bool refused;

static void *allocate(size_t size)
{
	refused |= !left;
	if (!left)
		return NULL;
	left -= left > 0;
	return malloc(size);
}

static void show_schema(struct sg_buf *buf)
{
	sg_render_schema(buf);
}

static void show_key(struct sg_buf *buf)
{
	sg_render_key_json(buf, sg_key_find("default"));
}

static void show_sarif(struct sg_buf *buf)
{
	struct sg_files *files = sg_files_new();
	struct sg_diags diags = {0};
	struct sg_check_report report = {.file = "p.yaml", .files = files, .diags = &diags};
	uint32_t file;

	assert_non_null(files);
	assert_int_equal(sg_files_add(files, "a b:\xc3\xbc.yaml", strdup("x"), 1, &file, NULL), 0);
	sg_diag_add(&diags, SG_SEVERITY_ERROR, "policy/a", (struct sg_span){file, 1, 1, 1}, "one");
	sg_diag_hint(&diags, "a hint");
	sg_diag_add(&diags, SG_SEVERITY_NOTE, "policy/b", SG_SPAN_NONE, "two");
	sg_diag_add(&diags, SG_SEVERITY_WARNING, "policy/a", (struct sg_span){file, 0, 0, 0}, "three");
	sg_render_check_sarif(buf, "1", &report, 1);
	sg_diags_clear(&diags);
	sg_files_free(files);
}

static void fail_everywhere(void (*show)(struct sg_buf *buf))
{
	struct sg_buf whole = {0};
	bool done = false;

	left = -1;
	show(&whole);
	assert_false(whole.failed);
	/* each of the first ones, then one of so many: the schema takes thousands, much alike */
	for (long most = 0; !done; most += 1 + most / 100) {
		struct sg_buf buf = {0};

		left = most;
		refused = false;
		show(&buf);
		left = -1;
		done = !refused;
		assert_int_equal(buf.failed, refused);
		if (done)
			assert_string_equal(buf.data, whole.data);
		sg_buf_clear(&buf);
	}
	sg_buf_clear(&whole);
}

static void test_memory(void **state)
{
	(void)state;
	fail_everywhere(show_key);
	fail_everywhere(show_sarif);
	fail_everywhere(show_schema);
}

static void test_sarif(void **state)
{
	struct sg_buf buf = {0};
	json_t *log, *results;

	(void)state;
	show_sarif(&buf);
	log = json_loadb(buf.data, buf.size, 0, NULL);
	assert_non_null(log);
	results = json_object_get(json_array_get(json_object_get(log, "runs"), 0), "results");
	assert_int_equal(json_array_size(results), 3);
	assert_non_null(strstr(buf.data, "\"a%20b%3A%C3%BC.yaml\""));
	assert_non_null(strstr(buf.data, "\"one (a hint)\""));
	/* what has no place is of the file that was checked */
	assert_non_null(strstr(buf.data, "\"p.yaml\""));
	assert_non_null(strstr(buf.data, "\"note\""));
	json_decref(log);
	sg_buf_clear(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory), cmocka_unit_test(test_sarif)};

	json_set_alloc_funcs(allocate, free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
