/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buffers, growing arrays, numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "base/num.h"
#include "sockgate/buf.h"

static void collects_text(void **state)
{
	struct sg_buf buf = {0};
	struct sg_error err = {0};
	size_t size = 0;
	char *text;

	(void)state;
	sg_buf_adds(&buf, "one");
	sg_buf_addc(&buf, ' ');
	sg_buf_addf(&buf, "%d %s", 2, "three");
	sg_buf_pad(&buf, '.', 3);
	sg_buf_add(&buf, "\0z", 2);
	assert_int_equal(buf.size, 16);
	sg_buf_truncate(&buf, 14);
	sg_buf_truncate(&buf, 99);
	assert_string_equal(buf.data, "one 2 three...");
	text = sg_buf_steal(&buf, &size, &err);
	assert_non_null(text);
	assert_int_equal(size, 14);
	assert_string_equal(text, "one 2 three...");
	assert_null(buf.data);
	free(text);
}

static void nothing_is_an_empty_string(void **state)
{
	struct sg_buf buf = {0};
	char *text = sg_buf_steal(&buf, NULL, NULL);

	(void)state;
	assert_non_null(text);
	assert_string_equal(text, "");
	free(text);
	sg_buf_truncate(&buf, 0);
	sg_buf_clear(&buf);
}

/* Formatted text of every length around the room that is left. */
static void formats_at_every_fill(void **state)
{
	(void)state;
	for (size_t before = 0; before < 40; before++) {
		for (int width = 0; width < 40; width++) {
			struct sg_buf buf = {0};
			char expected[100];

			sg_buf_pad(&buf, 'a', before);
			sg_buf_addf(&buf, "%*s", width, "");
			memset(expected, 'a', before);
			snprintf(expected + before, sizeof(expected) - before, "%*s", width, "");
			assert_string_equal(buf.data ? buf.data : "", expected);
			assert_int_equal(buf.size, strlen(expected));
			sg_buf_clear(&buf);
		}
	}
}

static void a_failure_is_remembered(void **state)
{
	struct sg_buf buf = {0};
	struct sg_error err = {0};
	size_t size = 77;

	(void)state;
	sg_buf_adds(&buf, "kept");
	sg_buf_pad(&buf, 'x', SIZE_MAX);
	assert_true(buf.failed);
	sg_buf_adds(&buf, "lost");
	sg_buf_addf(&buf, "%s", "lost");
	sg_buf_addc(&buf, 'c');
	assert_string_equal(buf.data, "kept");
	assert_null(sg_buf_steal(&buf, &size, &err));
	assert_int_equal(err.kind, SG_ERROR_MEMORY);
	assert_int_equal(size, 77);
	sg_buf_clear(&buf);
	assert_false(buf.failed);
}

static void arrays_grow(void **state)
{
	uint64_t *items = NULL;
	size_t room = 0, reallocations = 0;

	(void)state;
	for (size_t i = 0; i < 100000; i++) {
		size_t before = room;

		assert_int_equal(sg_grow(&items, &room, i, 1, sizeof(*items)), 0);
		reallocations += room != before;
		items[i] = i;
	}
	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(items[i], i);
	assert_true(reallocations < 40);
	/* sizes that overflow leave all as it is */
	uint64_t *same = items;
	size_t same_room = room;

	assert_int_equal(sg_grow(&items, &room, 100000, SIZE_MAX, sizeof(*items)), -1);
	assert_int_equal(sg_grow(&items, &room, 100000, SIZE_MAX - 100000, sizeof(*items)), -1);
	assert_int_equal(sg_grow(&items, &room, 0, SIZE_MAX / 8 + 1, sizeof(*items)), -1);
	assert_ptr_equal(items, same);
	assert_int_equal(room, same_room);
	free(items);
}

static void stealing_leaves_null(void **state)
{
	sg_autofree char *mine = strdup("x");
	char *taken = sg_steal(mine);

	(void)state;
	assert_null(mine);
	assert_string_equal(taken, "x");
	free(taken);
}

static bool number(const char *text, uint64_t max, uint64_t *ret)
{
	return sg_num_parse(text, strlen(text), max, ret);
}

static void reads_decimal_numbers_only(void **state)
{
	static const char *const bad[] = {"",
					  "00",
					  "01",
					  "+1",
					  "-1",
					  " 1",
					  "1 ",
					  "1_0",
					  "0x5",
					  "1e3",
					  "١",
					  "a",
					  "1.",
					  "1,0",
					  "\t",
					  "1\n",
					  "/",
					  ":",
					  "18446744073709551616",
					  "99999999999999999999999999"};
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < SG_COUNT(bad); i++)
		assert_false(number(bad[i], UINT64_MAX, &value));
	assert_false(sg_num_parse("1\0", 2, UINT64_MAX, &value));
	assert_false(number("65536", 65535, &value));
	assert_int_equal(value, 7);
	assert_true(number("0", 0, &value) && value == 0);
	assert_true(number("65535", 65535, &value) && value == 65535);
	assert_true(number("18446744073709551615", UINT64_MAX, &value) && value == UINT64_MAX);
	assert_true(sg_num_parse("123456", 3, UINT64_MAX, &value) && value == 123);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(collects_text),
		cmocka_unit_test(nothing_is_an_empty_string),
		cmocka_unit_test(formats_at_every_fill),
		cmocka_unit_test(a_failure_is_remembered),
		cmocka_unit_test(arrays_grow),
		cmocka_unit_test(stealing_leaves_null),
		cmocka_unit_test(reads_decimal_numbers_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
