// SPDX-License-Identifier: GPL-2.0-or-later
/* Diagnostics as text: the line, the caret under its place, long lines, hostile lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "render/json.h"
#include "render/say.h"
#include "sockgate/buf.h"

struct made {
	struct sg_files *files;
	struct sg_diags diags;
	struct sg_buf buf;
};

static struct made make(const char *text, size_t size)
{
	struct made made = {.files = sg_files_new()};
	char *copy = malloc(size + 1);
	uint32_t index;

	assert_non_null(made.files);
	assert_non_null(copy);
	memcpy(copy, text, size);
	copy[size] = '\0';
	assert_int_equal(sg_files_add(made.files, "policy.yaml", copy, size, &index, NULL), 0);
	assert_int_equal(index, 0);
	return made;
}

static void done(struct made *made)
{
	sg_buf_clear(&made->buf);
	sg_diags_clear(&made->diags);
	sg_files_free(made->files);
}

static void render(struct made *made, unsigned int width, bool all)
{
	struct sg_style style = {.width = width, .all = all};

	sg_buf_truncate(&made->buf, 0);
	sg_render_diags(&made->buf, &style, made->files, &made->diags);
	assert_false(made->buf.failed);
}

static void expect(const char *text, struct sg_span span, unsigned int width, const char *expected)
{
	struct made made = make(text, strlen(text));

	sg_diag_add(&made.diags, SG_SEVERITY_ERROR, "test/id", span, "message");
	render(&made, width, false);
	assert_string_equal(made.buf.data, expected);
	done(&made);
}

static void test_places(void **state)
{
	(void)state;
	expect("tcp: [22]\nudp: x\n", (struct sg_span){0, 2, 6, 1}, 80,
	       "policy.yaml:2:6: error: message [test/id]\n"
	       "    2 | udp: x\n"
	       "      |      ^\n");
	expect("tcp: [seven]\n", (struct sg_span){0, 1, 7, 5}, 80,
	       "policy.yaml:1:7: error: message [test/id]\n"
	       "    1 | tcp: [seven]\n"
	       "      |       ^~~~~\n");
	/* one past the end, where something is missing */
	expect("tcp:\n", (struct sg_span){0, 1, 5, 1}, 80,
	       "policy.yaml:1:5: error: message [test/id]\n"
	       "    1 | tcp:\n"
	       "      |     ^\n");
	expect("a\n", (struct sg_span){0, 0, 0, 0}, 80, "policy.yaml: error: message [test/id]\n");
	expect("a\n", (struct sg_span){0, 9, 1, 1}, 80, "policy.yaml:9:1: error: message [test/id]\n");
	expect("a\n", SG_SPAN_NONE, 80, "error: message [test/id]\n");
}

static void test_characters(void **state)
{
	(void)state;
	/* tabs stay, in the line and under it */
	expect("\tx:\ty\n", (struct sg_span){0, 1, 5, 1}, 80,
	       "policy.yaml:1:5: error: message [test/id]\n"
	       "    1 | \tx:\ty\n"
	       "      | \t  \t^\n");
	/* columns are characters; wide ones take two places */
	expect("あü: bad\n", (struct sg_span){0, 1, 5, 3}, 80,
	       "policy.yaml:1:5: error: message [test/id]\n"
	       "    1 | あü: bad\n"
	       "      |      ^~~\n");
	expect("あい\n", (struct sg_span){0, 1, 1, 2}, 80,
	       "policy.yaml:1:1: error: message [test/id]\n"
	       "    1 | あい\n"
	       "      | ^~~~\n");
	expect("\033[2J\xff x\n", (struct sg_span){0, 1, 7, 1}, 80,
	       "policy.yaml:1:7: error: message [test/id]\n"
	       "    1 | \\x1b[2J\\xff x\n"
	       "      |             ^\n");
}

/* The column, in what was printed, at which the caret stands. */
static size_t caret_of(const char *text)
{
	const char *line = strrchr(text, '|'), *caret = strchr(line, '^');

	assert_non_null(caret);
	return (size_t)(caret - line);
}

static void test_long_lines(void **state)
{
	enum { LENGTH = 5000 };
	char text[LENGTH + 1];
	size_t at[] = {1, 2, 30, 31, 32, 60, 2500, LENGTH - 60, LENGTH - 1, LENGTH};

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		struct made made;
		const char *line, *bar;
		size_t caret;

		memset(text, '.', LENGTH);
		text[LENGTH] = '\0';
		text[at[i] - 1] = 'X';
		made = make(text, LENGTH);
		sg_diag_add(&made.diags, SG_SEVERITY_ERROR, "test/id", (struct sg_span){0, 1, (uint32_t)at[i], 1}, "m");
		render(&made, 60, false);
		line = strchr(made.buf.data, '\n') + 1;
		assert_true(strcspn(line, "\n") <= 60 + 2 * strlen("…"));
		/* the caret is under the X: the sign for what was cut takes one column and three bytes */
		bar = strchr(line, '|');
		caret = caret_of(made.buf.data);
		if (!strncmp(bar, "| …", strlen("| …")))
			caret += strlen("…") - 1;
		assert_int_equal(bar[caret], 'X');
		done(&made);
	}
}

/* Long underlines and widths that are hardly there. */
static void test_narrow(void **state)
{
	char text[400];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (unsigned int width = 0; width < 60; width++) {
		struct made made = make(text, sizeof(text));

		sg_diag_add(&made.diags, SG_SEVERITY_ERROR, "i/d", (struct sg_span){0, 1, 100, UINT32_MAX}, "m");
		render(&made, width, false);
		assert_non_null(strstr(made.buf.data, "^~~~"));
		done(&made);
	}
}

static void test_hints_and_severities(void **state)
{
	struct made made = make("a\nb\n", 4);

	(void)state;
	sg_diag_add(&made.diags, SG_SEVERITY_WARNING, "test/w", (struct sg_span){0, 1, 1, 1}, "%s", "w\033");
	sg_diag_hint(&made.diags, "did you mean '%s'?", "\033x");
	sg_diag_add(&made.diags, SG_SEVERITY_NOTE, "test/n", (struct sg_span){0, 2, 1, 1}, "n");
	render(&made, 80, false);
	assert_string_equal(made.buf.data, "policy.yaml:1:1: warning: w\\x1b [test/w]\n"
					   "    1 | a\n"
					   "      | ^\n"
					   "      = did you mean '\\x1bx'?\n"
					   "policy.yaml:2:1: note: n [test/n]\n"
					   "    2 | b\n"
					   "      | ^\n");
	done(&made);
}

/* Of many only some are shown, errors before warnings. */
static void test_folding(void **state)
{
	struct made made = make("a\n", 2);

	(void)state;
	for (int i = 0; i < 150; i++)
		sg_diag_add(&made.diags, i < 149 ? SG_SEVERITY_WARNING : SG_SEVERITY_ERROR, "t/i",
			    (struct sg_span){0, 1, 1, 1}, "number %d", i);
	render(&made, 80, false);
	assert_non_null(strstr(made.buf.data, "error: number 149 "));
	assert_non_null(strstr(made.buf.data, "warning: number 98 "));
	assert_null(strstr(made.buf.data, "number 99 "));
	assert_non_null(strstr(made.buf.data, "… and 50 more diagnostics (--all shows every one)\n"));
	render(&made, 80, true);
	assert_non_null(strstr(made.buf.data, "number 99 "));
	assert_null(strstr(made.buf.data, "…"));
	done(&made);
}

/* 100 places in one line of 16 MiB: a walk for each would take minutes under the sanitizers. */
static void test_one_huge_line(void **state)
{
	size_t size = 16U << 20;
	char *text = malloc(size);
	struct made made;

	(void)state;
	assert_non_null(text);
	memset(text, 'y', size);
	made = make(text, size);
	free(text);
	for (uint32_t i = 0; i < 100; i++)
		sg_diag_add(&made.diags, SG_SEVERITY_ERROR, "t/i", (struct sg_span){0, 1, (uint32_t)size - 200 + i, 2},
			    "m");
	render(&made, 80, false);
	assert_non_null(strstr(made.buf.data, "^~"));
	done(&made);
}

static void test_json(void **state)
{
	struct made made = make("a\n", 2);
	struct sg_json json = {false};

	(void)state;
	sg_diag_add(&made.diags, SG_SEVERITY_ERROR, "t/i", (struct sg_span){0, 1, 2, 1}, "m");
	sg_diag_hint(&made.diags, "h");
	sg_diag_add(&made.diags, SG_SEVERITY_WARNING, "t/w", SG_SPAN_NONE, "w");
	sg_json_write_line(&json, &made.buf, sg_json_diags(&json, made.files, &made.diags));
	assert_string_equal(made.buf.data,
			    "[{\"severity\": \"error\", \"id\": \"t/i\", \"file\": \"policy.yaml\", \"line\": 1, "
			    "\"column\": 2, \"message\": \"m\", \"hint\": \"h\"}, {\"severity\": \"warning\", "
			    "\"id\": \"t/w\", \"file\": null, \"line\": null, \"column\": null, \"message\": \"w\", "
			    "\"hint\": null}]\n");
	done(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_characters),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_hints_and_severities),
		cmocka_unit_test(test_folding),
		cmocka_unit_test(test_one_huge_line),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
