/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of ranges against sets of bits, on a universe of 64 numbers, at both ends of what a number can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "base/mem.h"
#include "sockgate/addr.h"

#define UNIVERSE 64

/* Number i of the universe, which begins at `base`; at the top it ends with the largest number that there is. */
static const sg_u128 bases[] = {0, (sg_u128)1 << 32, ((sg_u128)1 << 64) - 32, ~(sg_u128)0 - (UNIVERSE - 1)};

static void add(struct sg_ranges *set, sg_u128 base, unsigned int first, unsigned int last)
{
	struct sg_range range = {base + first, base + last};

	assert_int_equal(sg_ranges_add(set, &range, NULL), 0);
}

static uint64_t bits_between(unsigned int first, unsigned int last)
{
	return UINT64_MAX >> (UNIVERSE - 1 - last) & UINT64_MAX << first;
}

/* The set as bits; also checks that it is normalised. */
static uint64_t bits_of(const struct sg_ranges *set, sg_u128 base)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < set->count; i++) {
		assert_true(set->items[i].first >= base && set->items[i].first <= set->items[i].last);
		assert_true(set->items[i].last - base < UNIVERSE);
		if (i)
			assert_true(set->items[i].first > set->items[i - 1].last + 1);
		bits |= bits_between((unsigned int)(set->items[i].first - base),
				     (unsigned int)(set->items[i].last - base));
	}
	return bits;
}

static uint64_t random_set(struct sg_ranges *set, sg_u128 base, long pieces)
{
	uint64_t bits = 0;

	for (long i = random() % (pieces + 1); i > 0; i--) {
		unsigned int first = (unsigned int)(random() % UNIVERSE);
		unsigned int last = first + (unsigned int)(random() % 6);

		if (last >= UNIVERSE)
			last = UNIVERSE - 1;
		add(set, base, first, last);
		bits |= bits_between(first, last);
	}
	return bits;
}

static void operations_are_those_of_sets(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 40000; round++) {
		sg_u128 base = bases[round % 4];
		sg_cleanup(sg_ranges_clear) struct sg_ranges a = {0}, b = {0}, both = {0}, rest = {0}, copy = {0};
		uint64_t a_bits = random_set(&a, base, 12), b_bits = random_set(&b, base, 12);

		sg_ranges_normalise(&a);
		sg_ranges_normalise(&b);
		assert_true(bits_of(&a, base) == a_bits);
		assert_true(bits_of(&b, base) == b_bits);
		assert_int_equal(sg_ranges_union(&a, &b, &both, NULL), 0);
		assert_true(bits_of(&both, base) == (a_bits | b_bits));
		assert_int_equal(sg_ranges_subtract(&a, &b, &rest, NULL), 0);
		assert_true(bits_of(&rest, base) == (a_bits & ~b_bits));
		assert_int_equal(sg_ranges_copy(&a, &copy, NULL), 0);
		assert_true(sg_ranges_equal(&a, &copy));
		assert_int_equal(sg_ranges_equal(&a, &b), a_bits == b_bits);
		for (unsigned int i = 0; i < UNIVERSE; i++)
			assert_int_equal(sg_ranges_contain(&a, base + i), a_bits >> i & 1);
		assert_false(sg_ranges_contain(&a, base - 1)); /* wraps around at 0: the other end */
		assert_false(sg_ranges_contain(&a, base + UNIVERSE));
	}
}

static void many_are_sorted_by_digits(void **state)
{
	static const unsigned int shifts[] = {0, 11, 30, 64, 96, 107};

	(void)state;
	srandom(2);
	for (size_t s = 0; s < SG_COUNT(shifts); s++) {
		for (size_t count = 500; count < 530; count++) {
			sg_cleanup(sg_ranges_clear) struct sg_ranges set = {0};
			sg_u128 sum = 0, sum_sorted = 0;

			for (size_t i = 0; i < count; i++) {
				sg_u128 number = ((sg_u128)(unsigned int)random() << shifts[s]) ^ (sg_u128)1 << 127;
				struct sg_range range = {number, number};

				assert_int_equal(sg_ranges_add(&set, &range, NULL), 0);
				sum += number;
			}
			sg_ranges_normalise(&set);
			assert_true(set.count <= count && set.count >= count - 8);
			for (size_t i = 0; i < set.count; i++) {
				if (i)
					assert_true(set.items[i].first > set.items[i - 1].last + 1);
				for (sg_u128 n = set.items[i].first; n <= set.items[i].last; n++)
					sum_sorted += n;
			}
			if (set.count == count)
				assert_true(sum == sum_sorted);
		}
	}
}

static void whole_domains(void **state)
{
	sg_cleanup(sg_ranges_clear) struct sg_ranges all = {0}, none = {0}, rest = {0}, again = {0};
	struct sg_range everything = {0, ~(sg_u128)0}, last = {~(sg_u128)0, ~(sg_u128)0};

	(void)state;
	assert_int_equal(sg_ranges_add(&all, &last, NULL), 0);
	assert_int_equal(sg_ranges_add(&all, &everything, NULL), 0);
	assert_int_equal(sg_ranges_add(&all, &last, NULL), 0);
	sg_ranges_normalise(&all);
	assert_int_equal(all.count, 1);
	assert_true(all.items[0].first == 0 && all.items[0].last == ~(sg_u128)0);
	assert_int_equal(sg_ranges_subtract(&all, &none, &rest, NULL), 0);
	assert_true(sg_ranges_equal(&rest, &all));
	assert_int_equal(sg_ranges_subtract(&all, &all, &again, NULL), 0);
	assert_true(sg_ranges_equal(&again, &none));
	sg_ranges_normalise(&none);
	assert_int_equal(none.count, 0);
	assert_false(sg_ranges_contain(&none, 0));
}

/* One range of b over many of a, and one of a over many of b. */
static void subtracts_wide_ranges(void **state)
{
	sg_cleanup(sg_ranges_clear) struct sg_ranges many = {0}, one = {0}, rest = {0}, holes = {0};

	(void)state;
	for (unsigned int i = 0; i < UNIVERSE; i += 4)
		add(&many, 0, i, i + 1);
	add(&one, 0, 5, 50);
	assert_int_equal(sg_ranges_subtract(&many, &one, &rest, NULL), 0);
	assert_true(bits_of(&rest, 0) == (bits_of(&many, 0) & ~bits_of(&one, 0)));
	assert_int_equal(sg_ranges_subtract(&one, &many, &holes, NULL), 0);
	assert_true(bits_of(&holes, 0) == (bits_of(&one, 0) & ~bits_of(&many, 0)));
}

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void a_million_lines(void **state)
{
	enum { LINES = 1000000, ROOM = 24 };
	sg_cleanup(sg_ranges_clear) struct sg_ranges set = {0};
	sg_autofree char *text = malloc((size_t)LINES * ROOM);
	sg_autofree unsigned char *sizes = malloc(LINES);
	double before, parsed, sorted;

	(void)state;
	srandom(3);
	for (size_t i = 0; i < LINES; i++) {
		unsigned int length = 20 + (unsigned int)random() % 13;
		uint32_t bits = (uint32_t)random() << 1 & UINT32_MAX << (32 - length);
		char *line = text + i * ROOM;
		size_t size = sg_addr_format(SG_IPV4, bits, line);

		sizes[i] = (unsigned char)(size + (size_t)snprintf(line + size, ROOM - size, "/%u", length));
	}
	before = milliseconds();
	for (size_t i = 0; i < LINES; i++) {
		struct sg_range range;
		enum sg_family family;

		if (sg_range_parse(text + i * ROOM, sizes[i], &family, &range) || sg_ranges_add(&set, &range, NULL))
			fail();
	}
	parsed = milliseconds();
	sg_ranges_normalise(&set);
	sorted = milliseconds();
	print_message("1,000,000 prefixes: read in %.0f ms, put in order in %.0f ms\n", parsed - before,
		      sorted - parsed);
	for (size_t i = 1; i < set.count; i++) {
		if (set.items[i].first <= set.items[i - 1].last + 1)
			fail();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations_are_those_of_sets),
		cmocka_unit_test(many_are_sorted_by_digits),
		cmocka_unit_test(whole_domains),
		cmocka_unit_test(subtracts_wide_ranges),
		cmocka_unit_test(a_million_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
