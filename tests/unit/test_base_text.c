/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "base/text.h"

static const char *next_key(size_t i, const void *data)
{
	const char *const *keys = data;

	return keys[i];
}

static const char *nearest(const char *word)
{
	static const char *const keys[] = {"version", "default",  "groups", "interfaces", "services", "allow",
					   "block",   "baseline", "tests",  "from",       "to",       "port",
					   "ssh",     "sip",      "",       NULL};

	return sg_text_nearest(word, next_key, keys);
}

static void finds_the_word_that_was_meant(void **state)
{
	static const char *const rows[][2] = {
		{"alow", "allow"},
		{"allwo", "allow"},
		{"ALLOW", "allow"},
		{"allow", "allow"},
		{"form", "from"},
		{"blok", "block"},
		{"inetrfaces", "interfaces"},
		{"intrefacse", "interfaces"},
		{"defualt", "default"},
		{"shs", "ssh"},
		{"prot", "port"},
		{"services:", "services"},
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(rows); i++)
		assert_string_equal(nearest(rows[i][0]), rows[i][1]);
}

static void says_nothing_when_nothing_is_near(void **state)
{
	char longest[4096];

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(nearest("outbound"));
	assert_null(nearest("prts")); /* two edits of four letters */
	assert_null(nearest(""));
	assert_null(nearest(longest));
}

static void the_first_of_equals_is_taken(void **state)
{
	static const char *const keys[] = {"cat", "bat", "rat", NULL};

	(void)state;
	assert_string_equal(sg_text_nearest("hat", next_key, keys), "cat");
	assert_string_equal(sg_text_nearest("rat", next_key, keys), "rat");
}

/* The distance is what the textbook's recursion says, on all words of up to seven letters over two. */
struct textbook {
	const char *a, *b;
	unsigned int known[8][8]; /* the distance of the first i and j letters, plus one; 0: not known yet */
};

static unsigned int slow_distance(struct textbook *book, size_t i, size_t j)
{
	const char *a = book->a, *b = book->b;
	unsigned int best, other;

	if (!i || !j)
		return (unsigned int)(i + j);
	if (book->known[i][j])
		return book->known[i][j] - 1;
	best = slow_distance(book, i - 1, j - 1) + (a[i - 1] != b[j - 1]);
	other = slow_distance(book, i - 1, j) + 1;
	best = other < best ? other : best;
	other = slow_distance(book, i, j - 1) + 1;
	best = other < best ? other : best;
	if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
		other = slow_distance(book, i - 2, j - 2) + 1;
		best = other < best ? other : best;
	}
	book->known[i][j] = best + 1;
	return best;
}

static size_t letters(unsigned int number, char *word)
{
	size_t size = 0;

	for (; number > 1; number >>= 1)
		word[size++] = number & 1 ? 'b' : 'a';
	word[size] = '\0';
	return size;
}

static void agrees_with_the_textbook(void **state)
{
	(void)state;
	for (unsigned int i = 2; i < 1U << 8; i++) {
		for (unsigned int j = 1; j < 1U << 8; j++) {
			char a[16], b[16];
			const char *const keys[] = {b, NULL};
			size_t a_size = letters(i, a), b_size = letters(j, b);
			unsigned int most = a_size < 6 ? 1 : 2;
			struct textbook book = {.a = a, .b = b};

			assert_int_equal(!!sg_text_nearest(a, next_key, keys),
					 slow_distance(&book, a_size, b_size) <= most);
		}
	}
}

/* Encodes any number as UTF-8 would, valid or not. */
static size_t encode(uint32_t point, size_t width, char *text)
{
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	if (width == 1) {
		text[0] = (char)point;
		return 1;
	}
	for (size_t i = width; i-- > 1; point >>= 6)
		text[i] = (char)(0x80 | (point & 0x3f));
	text[0] = (char)(lead[width] | point);
	return width;
}

/* Every code point in every width: valid exactly in the shortest, and surrogates never. */
static void knows_valid_utf8(void **state)
{
	static const uint32_t first[] = {0, 0, 0x80, 0x800, 0x10000};
	static const uint32_t limit[] = {0, 0x80, 0x800, 0x10000, 0x200000};

	(void)state;
	for (size_t width = 1; width <= 4; width++) {
		for (uint32_t point = 0; point < limit[width]; point++) {
			char text[16] = "abcdefghijk";
			size_t bad = SIZE_MAX, size = 3 + encode(point, width, text + 3) + 4;
			bool valid =
				point >= first[width] && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);

			assert_int_equal(sg_text_utf8(text, size, &bad), valid);
			assert_true(valid ? bad == SIZE_MAX : bad == 3);
			if (valid)
				assert_int_equal(sg_text_columns(text, size), 3 + 1 + 4);
		}
	}
}

static void refuses_characters_cut_short(void **state)
{
	static const char *const whole[] = {"é", "€", "😀"};
	size_t bad;

	(void)state;
	for (size_t i = 0; i < SG_COUNT(whole); i++) {
		char exact[8];

		for (size_t size = 1; size < strlen(whole[i]); size++) {
			sg_autofree char *heap = malloc(size); /* the sanitizer sees a read behind it */

			memcpy(heap, whole[i], size);
			assert_false(sg_text_utf8(heap, size, &bad));
			assert_int_equal(bad, 0);
		}
		memcpy(exact, whole[i], strlen(whole[i]));
		assert_true(sg_text_utf8(exact, strlen(whole[i]), &bad));
	}
	assert_false(sg_text_utf8("abcdefgh\x80", 9, &bad));
	assert_int_equal(bad, 8);
	assert_false(sg_text_utf8("\xff", 1, &bad));
	assert_true(sg_text_utf8("", 0, &bad));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_word_that_was_meant),
		cmocka_unit_test(says_nothing_when_nothing_is_near),
		cmocka_unit_test(the_first_of_equals_is_taken),
		cmocka_unit_test(agrees_with_the_textbook),
		cmocka_unit_test(knows_valid_utf8),
		cmocka_unit_test(refuses_characters_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
