// SPDX-License-Identifier: GPL-2.0-or-later
/* test_decide_levels.c - levels that are found by their tags, and diagrams cut at a level. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "sockgate/idd.h"

/* ---- Tags ---- */

static void test_tags(void **unused)
{
	static const sg_u128 max[2] = {7, 7};
	struct sg_idd *idd = sg_idd_new(max, 2, 0);
	char tag[8] = "a tag";
	size_t size = 0, level, other;

	(void)unused;
	assert_non_null(idd);
	assert_null(sg_idd_level_tag(idd, 0, &size));
	level = sg_idd_tagged_level(idd, 5, tag, sizeof(tag));
	assert_int_equal(level, 2);
	assert_true(sg_idd_level_max(idd, level) == 5);
	other = sg_idd_tagged_level(idd, 1, tag, sizeof(tag) - 1); /* shorter by a NUL: another one */
	assert_int_equal(other, 3);
	assert_int_equal(sg_idd_tagged_level(idd, 9, tag, sizeof(tag)), level); /* and stays as it is */
	assert_true(sg_idd_level_max(idd, level) == 5);
	memset(tag, 'x', sizeof(tag)); /* the context has its own copy */
	assert_string_equal(sg_idd_level_tag(idd, level, &size), "a tag");
	assert_int_equal(size, sizeof(tag));
	assert_int_equal(sg_idd_tagged_level(idd, 1, tag, sizeof(tag)), 4);
	assert_int_equal(sg_idd_levels(idd), 5);
	sg_idd_free(idd);
}

static void test_many_tags(void **unused)
{
	struct sg_idd *idd = sg_idd_new(NULL, 0, 0);

	(void)unused;
	assert_non_null(idd);
	for (unsigned int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 3000; i++)
			assert_int_equal(sg_idd_tagged_level(idd, 1, &i, sizeof(i)), i);
	}
	sg_idd_free(idd);
}

/* ---- Cuts ---- */

#define PARTS_MOST 64

/* Parts are numbered from 10 as they are first seen. */
struct numbers {
	sg_ref part[PARTS_MOST];
	size_t count;
	bool fails;
};

static uint32_t number(sg_ref part, void *data)
{
	struct numbers *numbers = data;
	size_t i = 0;

	if (numbers->fails)
		return SG_IDD_TERMINAL_MAX + 1;
	while (i < numbers->count && numbers->part[i] != part)
		i++;
	assert_true(i < PARTS_MOST);
	numbers->part[i] = part;
	numbers->count += i == numbers->count;
	return 10 + (uint32_t)i;
}

static uint32_t random_below(uint32_t n)
{
	static uint64_t state = 5;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(state >> 33) % n;
}

static void test_cut(void **unused)
{
	static const sg_u128 max[4] = {3, 3, 3, 3};

	(void)unused;
	for (unsigned int round = 0; round < 200; round++) {
		struct sg_idd *idd = sg_idd_new(max, 4, 0);
		struct numbers numbers = {0};
		sg_ref diagram = sg_idd_terminal(random_below(3)), cut;

		for (unsigned int i = 0; i < 4; i++) {
			sg_ref box = SG_IDD_FULL;

			for (size_t level = 0; level < 4; level++) {
				uint32_t first = random_below(4);

				if (random_below(2))
					box = sg_idd_and(idd, box, sg_idd_range(idd, level, first, 3));
			}
			diagram = sg_idd_ite(idd, box, sg_idd_terminal(random_below(3)), diagram);
		}
		cut = sg_idd_cut(idd, diagram, 2, number, &numbers);
		assert_int_equal(sg_idd_check(idd, cut, NULL), 0);
		assert_true(sg_idd_is_terminal(cut) || sg_idd_level(idd, cut) < 2);
		for (uint32_t i = 0; i < 256; i++) {
			sg_u128 point[4] = {i & 3, i >> 2 & 3, i >> 4 & 3, i >> 6};
			uint32_t part = sg_idd_lookup(idd, cut, point) - 10;

			assert_true(part < numbers.count);
			assert_true(sg_idd_is_terminal(numbers.part[part]) ||
				    sg_idd_level(idd, numbers.part[part]) >= 2);
			assert_int_equal(sg_idd_lookup(idd, numbers.part[part], point),
					 sg_idd_lookup(idd, diagram, point));
		}
		numbers.fails = true;
		assert_int_equal(sg_idd_cut(idd, diagram, 2, number, &numbers), SG_IDD_FAILED);
		sg_idd_free(idd);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_many_tags),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
