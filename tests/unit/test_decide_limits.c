// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_decide_limits.c - a context that reaches its byte limit or runs out of memory says so, once and for all, and
 * leaks nothing. malloc, calloc and realloc are wrapped by the linker (tests/CMakeLists.txt).
 */
#include <stdlib.h>
#include "decide_space.h"
#include "sockgate/packet.h"
#include "starve.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static int see_box(const struct sg_box *box, void *data)
{
	(void)box;
	++*(size_t *)data;
	return 0;
}

static int see_value(uint32_t value, void *data)
{
	(void)value;
	++*(size_t *)data;
	return 0;
}

/* Works through everything that can need memory. Returns whether all of it succeeded. */
static bool exercise(size_t limit)
{
	struct sg_idd *idd = sg_packet_context(limit), *other;
	sg_ref many[600], all, mixed, table[3];
	struct sg_error err = {0};
	size_t boxes = 0, values = 0;
	bool done;

	if (!idd)
		return false;
	for (uint32_t i = 0; i < 600; i++) {
		many[i] = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PORT, i * 100, i * 100 + 50),
				     sg_idd_range(idd, SG_FIELD_REMOTE6, (sg_u128)i << 70, (sg_u128)(i + 3) << 70));
	}
	all = sg_idd_or_all(idd, many, 600);
	mixed = sg_idd_ite(idd, sg_idd_range(idd, SG_FIELD_PROTOCOL, 6, 17), all, sg_packet_universe(idd));
	mixed = sg_idd_min(idd, sg_idd_pair(idd, mixed, all), sg_idd_not(idd, all));
	table[0] = sg_idd_range(idd, SG_FIELD_STATE, 1, 2);
	table[1] = sg_idd_range(idd, SG_FIELD_INTERFACE, 7, 9);
	table[2] = SG_IDD_FULL;
	mixed = sg_idd_overlay(idd, sg_idd_compose(idd, mixed, table, 3), mixed);
	mixed = sg_idd_simplify(idd, mixed, sg_idd_exists(idd, all, SG_FIELD_PORT));
	mixed = sg_idd_restrict(idd, mixed, SG_FIELD_PORT, 120);
	if (sg_idd_boxes(idd, all, 1, see_box, &boxes, NULL) == 0 && sg_idd_check(idd, all, NULL) == 0)
		assert_int_equal(boxes, 600);
	if (sg_idd_terminals(idd, all, see_value, &values) == 0 && sg_idd_check(idd, all, NULL) == 0)
		assert_int_equal(values, 2);
	done = sg_idd_check(idd, mixed, &err) == 0;
	if (!done) {
		assert_true(err.kind == SG_ERROR_MEMORY || err.kind == SG_ERROR_LIMIT);
		/* the failure stays */
		assert_int_equal(sg_idd_range(idd, SG_FIELD_PORT, 1, 1), SG_IDD_FAILED);
		assert_int_equal(sg_idd_or(idd, SG_IDD_FULL, SG_IDD_FULL), SG_IDD_FAILED);
		assert_int_equal(sg_idd_check(idd, SG_IDD_FULL, NULL), -1);
	}
	if (limit)
		assert_true(sg_idd_bytes(idd) <= limit);
	other = sg_packet_context(limit);
	if (other) {
		sg_ref copy = sg_idd_import(other, idd, all);

		if (copy == SG_IDD_FAILED && all != SG_IDD_FAILED)
			done = false;
		else if (all != SG_IDD_FAILED)
			assert_true(sg_idd_share(other, copy, 1) == sg_idd_share(idd, all, 1));
	}
	done = done && other && sg_idd_check(other, SG_IDD_FULL, NULL) == 0;
	if (sg_idd_add_level(idd, 1) == SIZE_MAX)
		done = false;
	sg_idd_free(other);
	sg_idd_free(idd);
	return done;
}

static void test_no_memory(void **unused)
{
	size_t total, succeeded = 0;

	(void)unused;
	starve_from(0, false);
	assert_true(exercise(0));
	total = starving.calls;
	assert_true(total > 30);
	for (int mode = 0; mode < 2; mode++) {
		for (size_t n = 1; n <= total; n++) {
			starve_from(n, !mode);
			succeeded += exercise(0);
			starve_end();
		}
	}
	/* only larger memo tables can be done without */
	assert_true(succeeded <= total / 4);
	print_message("failed at each of %zu allocations; %zu times without harm\n", 2 * total, succeeded);
}

static void test_limit(void **unused)
{
	struct sg_idd *idd;
	struct sg_error err = {0};
	size_t needed;

	(void)unused;
	idd = sg_packet_context(0);
	sg_packet_universe(idd);
	needed = sg_idd_bytes(idd);
	sg_idd_free(idd);

	idd = sg_packet_context(needed);
	assert_int_not_equal(sg_packet_universe(idd), SG_IDD_FAILED);
	assert_int_equal(sg_idd_check(idd, SG_IDD_FULL, NULL), 0);
	assert_int_equal(sg_idd_range(idd, SG_FIELD_PORT, 7, 7), SG_IDD_FAILED);
	assert_int_equal(sg_idd_check(idd, SG_IDD_FULL, &err), -1);
	assert_int_equal(err.kind, SG_ERROR_LIMIT);
	sg_idd_free(idd);

	idd = sg_packet_context(needed - 1);
	assert_int_equal(sg_packet_universe(idd), SG_IDD_FAILED);
	sg_idd_free(idd);
	for (size_t limit = 1; limit < 300000; limit = limit * 3 / 2 + 1)
		assert_false(exercise(limit));
	assert_true(exercise((size_t)64 << 20));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
