// SPDX-License-Identifier: GPL-2.0-or-later
/* Text of others on a terminal, counts, tables, JSON strings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "render/json.h"
#include "render/say.h"

static const struct sg_style plain = {.width = 80};

static void expect_text(const char *bytes, size_t size, const char *expected)
{
	struct sg_buf buf = {0};

	sg_say_add(&buf, bytes, size);
	sg_buf_addc(&buf, '|');
	sg_buf_truncate(&buf, buf.size - 1);
	assert_string_equal(buf.data, expected);
	sg_buf_clear(&buf);
}
#define EXPECT_TEXT(literal, expected) expect_text(literal, sizeof(literal) - 1, expected)

static void test_harmless(void **state)
{
	(void)state;
	EXPECT_TEXT("", "");
	EXPECT_TEXT("plain ünïcode あ 🚪", "plain ünïcode あ 🚪");
	EXPECT_TEXT("\033[31mred\033[0m", "\\x1b[31mred\\x1b[0m");
	EXPECT_TEXT("a\nb\tc\rd\177", "a\\x0ab\\x09c\\x0dd\\x7f");
	EXPECT_TEXT("a\0b", "a\\x00b");
	EXPECT_TEXT("\xc2\x9b"
		    "31m",
		    "\\x9b31m");
	/* right-to-left override, isolate, byte order mark, line separator */
	EXPECT_TEXT("\xe2\x80\xae x \xe2\x81\xa6 \xef\xbb\xbf \xe2\x80\xa8", "\\u202e x \\u2066 \\ufeff \\u2028");
	/* cut short, overlong, a surrogate, beyond the last, a lone continuation */
	EXPECT_TEXT("\xc3", "\\xc3");
	EXPECT_TEXT("\xc0\xaf", "\\xc0\\xaf");
	EXPECT_TEXT("\xe0\x80\xaf", "\\xe0\\x80\\xaf");
	EXPECT_TEXT("\xed\xa0\x80", "\\xed\\xa0\\x80");
	EXPECT_TEXT("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	EXPECT_TEXT("\xf5z\x80", "\\xf5z\\x80");
	EXPECT_TEXT("%n%s", "%n%s");
}

static void test_columns(void **state)
{
	(void)state;
	assert_int_equal(sg_say_columns(""), 0);
	assert_int_equal(sg_say_columns("abc"), 3);
	assert_int_equal(sg_say_columns("ü"), 1);
	assert_int_equal(sg_say_columns("あい"), 4);
	assert_int_equal(sg_say_columns("u\xcc\x88"), 1);
	assert_int_equal(sg_say_columns("\033"), 4);
	assert_int_equal(sg_say_columns("\xff"), 4);
	assert_int_equal(sg_say_columns("\xc2\x85"), 4);
	assert_int_equal(sg_say_columns("\xe2\x80\xae"), 6);
}

static void expect_count(size_t count, const char *noun, const char *expected)
{
	struct sg_buf buf = {0};

	sg_say_count(&buf, count, noun);
	assert_string_equal(buf.data, expected);
	sg_buf_clear(&buf);
}

static void test_counts(void **state)
{
	(void)state;
	expect_count(0, "line", "0 lines");
	expect_count(1, "line", "1 line");
	expect_count(999, "line", "999 lines");
	expect_count(1000, "line", "1,000 lines");
	expect_count(65535, "port", "65,535 ports");
	expect_count(1234567, "line", "1,234,567 lines");
}

static void test_table(void **state)
{
	static const char *const headings[] = {"NAME", "N", "REST"};
	struct sg_grid table = {.headings = headings, .columns = 3, .right = 1U << 1};
	struct sg_style colours = {.colour = true, .width = 80};
	struct sg_buf buf = {0}, cell = {0};

	(void)state;
	sg_grid_cell(&table, SG_PLAIN, "%s", "あ");
	sg_grid_cell(&table, SG_PLAIN, "%d", 1);
	sg_grid_cell(&table, SG_PLAIN, "a");
	sg_buf_adds(&cell, "longer");
	sg_grid_take(&table, SG_RED, &cell);
	sg_grid_cell(&table, SG_PLAIN, "%d", 22);
	sg_grid_cell(&table, SG_PLAIN, "%s", "");
	sg_grid_add(&buf, &plain, &table);
	assert_false(buf.failed);
	assert_string_equal(buf.data, "NAME     N  REST\n"
				      "あ       1  a\n"
				      "longer  22  \n");
	sg_buf_truncate(&buf, 0);
	sg_grid_add(&buf, &colours, &table);
	assert_non_null(strstr(buf.data, "\033[1;31mlonger  \033[0m"));
	sg_grid_clear(&table);
	sg_buf_clear(&buf);
	sg_buf_clear(&cell);
}

static void expect_json(const char *text, const char *expected)
{
	struct sg_json json = {false};
	struct sg_buf buf = {0};
	json_t *list = sg_json_list(&json);

	sg_json_push(&json, list, sg_json_text(&json, text));
	sg_json_write_line(&json, &buf, list);
	assert_false(buf.failed);
	assert_string_equal(buf.data, expected);
	sg_buf_clear(&buf);
}

static void test_json(void **state)
{
	struct sg_json json = {false};
	struct sg_buf buf = {0};
	json_t *map;

	(void)state;
	expect_json(NULL, "[null]\n");
	expect_json("ü \"quoted\" \n", "[\"ü \\\"quoted\\\" \\n\"]\n");
	expect_json("bad \xff\xc3 end", "[\"bad \xef\xbf\xbd\xef\xbf\xbd end\"]\n");
	expect_json("\xed\xa0\x80", "[\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"]\n");
	/* the order is that of putting */
	map = sg_json_answer(&json, "check");
	sg_json_put(&json, map, "zebra", sg_json_number(&json, 1));
	sg_json_put(&json, map, "apple", json_true());
	sg_json_write_line(&json, &buf, map);
	assert_string_equal(buf.data,
			    "{\"format_version\": \"1.0\", \"verb\": \"check\", \"zebra\": 1, \"apple\": true}\n");
	/* what could not be made is remembered */
	sg_json_put(&json, NULL, "key", NULL);
	assert_true(json.failed);
	sg_buf_clear(&buf);
}

static void test_error(void **state)
{
	struct sg_buf buf = {0};
	struct sg_error err = {0};

	(void)state;
	sg_error_set(&err, SG_ERROR_SYSTEM, 0, "no \033 such %s", "thing");
	sg_render_error(&buf, &plain, &err);
	assert_string_equal(buf.data, "sockgate: error: no \\x1b such thing\n");
	sg_buf_truncate(&buf, 0);
	sg_render_error_line_json(&buf, NULL, &err);
	assert_string_equal(buf.data, "{\"format_version\": \"1.0\", \"verb\": null, \"error\": {\"kind\": \"system\", "
				      "\"message\": \"no \\u001B such thing\"}}\n");
	sg_buf_clear(&buf);
}

static void assert_wrapped(const char *text, unsigned int width, const char *wanted)
{
	const struct sg_style style = {.width = width, .wrap = true};
	struct sg_buf buf = {0};

	sg_buf_adds(&buf, "kept as it is, however long it may be, since it was there before\n");
	sg_buf_adds(&buf, text);
	sg_say_wrap(&buf, &style, strlen("kept as it is, however long it may be, since it was there before\n"));
	assert_string_equal(strchr(buf.data, '\n') + 1, wanted);
	sg_buf_clear(&buf);
}

static void test_wrap(void **state)
{
	const struct sg_style pipe = {.width = 40};
	struct sg_buf buf = {0};

	(void)state;
	assert_wrapped("short\n", 40, "short\n");
	assert_wrapped("  before: policy.yaml:4 allow.tcp[1], policy.yaml:4 allow.tcp[4]\n", 40,
		       "  before: policy.yaml:4 allow.tcp[1],\n      policy.yaml:4 allow.tcp[4]\n");
	/* a word that is too long stays whole */
	assert_wrapped("a 0123456789012345678901234567890123456789012345 b\nlast", 40,
		       "a\n    0123456789012345678901234567890123456789012345\n    b\nlast");
	/* colours take no room, and wide letters two columns */
	assert_wrapped("\033[31m0123456789 0123456789 0123456789 012345\033[0m\n", 40,
		       "\033[31m0123456789 0123456789 0123456789 012345\033[0m\n");
	assert_wrapped("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e 0123456789 0123456789 0123456789 012\n", 40,
		       "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e 0123456789 0123456789 0123456789\n    012\n");
	/* not for a file or a pipe */
	sg_buf_adds(&buf, "0123456789 0123456789 0123456789 0123456789 0123456789\n");
	sg_say_wrap(&buf, &pipe, 0);
	assert_string_equal(buf.data, "0123456789 0123456789 0123456789 0123456789 0123456789\n");
	sg_buf_clear(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_harmless), cmocka_unit_test(test_columns), cmocka_unit_test(test_counts),
		cmocka_unit_test(test_table),    cmocka_unit_test(test_json),    cmocka_unit_test(test_error),
		cmocka_unit_test(test_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
