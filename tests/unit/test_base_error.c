/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/text.h"
#include "sockgate/error.h"

static void says_what_and_why(void **state)
{
	struct sg_error err = {0};

	(void)state;
	assert_int_equal(sg_error_set(&err, SG_ERROR_SYSTEM, ENOENT, "cannot open '%s'", "/x"), -1);
	assert_int_equal(err.kind, SG_ERROR_SYSTEM);
	assert_int_equal(err.errnum, ENOENT);
	assert_string_equal(err.message, "cannot open '/x': No such file or directory");
	assert_int_equal(sg_error_set(&err, SG_ERROR_INPUT, 0, "%s", "plain"), -1);
	assert_string_equal(err.message, "plain");
	assert_int_equal(err.errnum, 0);
	assert_int_equal(sg_error_nomem(&err), -1);
	assert_int_equal(err.kind, SG_ERROR_MEMORY);
}

static void takes_no_error_object(void **state)
{
	(void)state;
	assert_int_equal(sg_error_set(NULL, SG_ERROR_SYSTEM, EPERM, "x"), -1);
	assert_int_equal(sg_error_nomem(NULL), -1);
	assert_int_equal(sg_error_prefix(NULL, "x"), -1);
	assert_int_equal(sg_error_exit_code(NULL), 0);
}

static void prefix_may_quote_the_message_itself(void **state)
{
	struct sg_error err = {0};

	(void)state;
	sg_error_set(&err, SG_ERROR_LIMIT, 0, "too many");
	assert_int_equal(sg_error_prefix(&err, "'%s'", err.message), -1);
	assert_string_equal(err.message, "'too many': too many");
	assert_int_equal(err.kind, SG_ERROR_LIMIT);
	sg_error_set(&err, SG_ERROR_INPUT, 0, "again: %s", err.message);
	assert_string_equal(err.message, "again: 'too many': too many");
}

static void a_percent_sign_is_only_text(void **state)
{
	struct sg_error err = {0};

	(void)state;
	sg_error_set(&err, SG_ERROR_INPUT, 0, "%s", "%n%s%d");
	sg_error_prefix(&err, "%s", "%n");
	assert_string_equal(err.message, "%n: %n%s%d");
}

/* Cut at every length, at every place within a character: valid UTF-8 is left, and as much as fits. */
static void cuts_between_characters(void **state)
{
	static const char *const characters[] = {"x", "é", "€", "😀"};
	char text[2 * sizeof(((struct sg_error *)0)->message)];

	(void)state;
	for (size_t kind = 0; kind < 4; kind++) {
		size_t width = strlen(characters[kind]);

		for (size_t lead = 0; lead < 4; lead++) {
			struct sg_error err = {0};
			size_t size = lead, bad;

			memset(text, 'a', lead);
			while (size + width < sizeof(text)) {
				memcpy(text + size, characters[kind], width);
				size += width;
			}
			text[size] = '\0';
			sg_error_set(&err, SG_ERROR_INPUT, 0, "%s", text);
			size = strlen(err.message);
			assert_true(sg_text_utf8(err.message, size, &bad));
			assert_true(size < sizeof(err.message) && size + width >= sizeof(err.message));
			sg_error_prefix(&err, "b");
			size = strlen(err.message);
			assert_true(sg_text_utf8(err.message, size, &bad));
			assert_true(size + width >= sizeof(err.message));
		}
	}
}

static void exit_codes(void **state)
{
	static const struct {
		enum sg_error_kind kind;
		int code;
	} rows[] = {{SG_ERROR_NONE, 0},  {SG_ERROR_INPUT, 2},   {SG_ERROR_SYSTEM, 3},  {SG_ERROR_MEMORY, 3},
		    {SG_ERROR_LIMIT, 3}, {SG_ERROR_CHANGED, 3}, {SG_ERROR_UNPROVEN, 4}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sg_error err = {.kind = rows[i].kind};

		assert_int_equal(sg_error_exit_code(&err), rows[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_and_why),
		cmocka_unit_test(takes_no_error_object),
		cmocka_unit_test(prefix_may_quote_the_message_itself),
		cmocka_unit_test(a_percent_sign_is_only_text),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(exit_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
