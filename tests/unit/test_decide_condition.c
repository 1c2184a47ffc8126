/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conditions: levels by what they mean, worlds that fix them, units that are bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "sockgate/condition.h"

static int setup(void **state)
{
	*state = sg_packet_context(0);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	sg_idd_free(*state);
	return 0;
}

static struct sg_condition meter(const char *name, uint32_t limit)
{
	struct sg_condition condition = {.kind = SG_CONDITION_METER, .limit = limit, .limit_seconds = 60};

	snprintf(condition.name, sizeof(condition.name), "%s", name);
	return condition;
}

static struct sg_condition owner(const char *name, uint32_t depth, uint64_t cgroup)
{
	struct sg_condition condition = {.kind = SG_CONDITION_SOCKET, .depth = depth, .cgroup = cgroup};

	snprintf(condition.name, sizeof(condition.name), "%s", name);
	return condition;
}

static sg_ref holds(struct sg_idd *idd, const struct sg_condition *condition)
{
	return sg_idd_range(idd, sg_condition_level(idd, condition), 1, 1);
}

static sg_ref port(struct sg_idd *idd, sg_u128 number)
{
	return sg_idd_range(idd, SG_FIELD_PORT, number, number);
}

static sg_ref before(struct sg_idd *idd, uint64_t time)
{
	return sg_idd_range(idd, SG_LEVEL_TIME, 0, time - 1);
}

static void levels_by_meaning(void **state)
{
	struct sg_idd *idd = *state;
	struct sg_condition a = meter("a", 20), again = meter("a", 20), b = meter("b", 20), more = meter("a", 30);
	struct sg_condition time = {.kind = SG_CONDITION_TIME};
	size_t level = sg_condition_level(idd, &a), unknown = sg_idd_add_level(idd, 1);

	assert_int_equal(sg_condition_level(idd, &time), SG_LEVEL_TIME);
	assert_int_equal(sg_condition_level(idd, &again), level);
	assert_int_not_equal(sg_condition_level(idd, &b), level);
	assert_int_not_equal(sg_condition_level(idd, &more), level);
	assert_memory_equal(sg_condition_of(idd, level), &a, sizeof(a));
	assert_int_equal(sg_condition_of(idd, SG_LEVEL_TIME)->kind, SG_CONDITION_TIME);
	assert_null(sg_condition_of(idd, SG_FIELD_PORT));
	assert_null(sg_condition_of(idd, unknown));
	/* above all meters there is a level for questions about them */
	assert_true(sg_condition_probe(idd) > SG_LEVEL_TIME && sg_condition_probe(idd) < level);
	assert_true(sg_idd_level_max(idd, sg_condition_probe(idd)) == UINT32_MAX);
	assert_null(sg_condition_of(idd, sg_condition_probe(idd)));
}

static enum sg_holds by_limit(const struct sg_condition *condition, const void *data)
{
	const uint32_t *limits = data; /* that holds, and of which it is not known */

	if (condition->kind == SG_CONDITION_SOCKET)
		return SG_HOLDS_NOT;
	return condition->limit == limits[0]   ? SG_HOLDS
	       : condition->limit == limits[1] ? SG_HOLDS_UNKNOWN
					       : SG_HOLDS_NOT;
}

/* One walk is the same as fixing level by level. */
static void settled_in_one_walk(void **state)
{
	struct sg_idd *idd = *state;
	struct sg_condition conditions[] = {meter("a", 10), meter("b", 20), meter("c", 30), owner("x.service", 0, 0)};
	static const uint32_t limits[2] = {10, 20};
	const struct sg_world met = {.now = 99}, world = {.now = 100, .holds = by_limit, .data = limits};
	size_t unknown = sg_idd_add_level(idd, 1);
	sg_ref function = SG_IDD_EMPTY, expected;

	for (sg_u128 i = 0; i < 4; i++) {
		sg_ref held = sg_idd_and(idd, holds(idd, &conditions[i]), before(idd, i % 2 ? 100 : 101));

		function = sg_idd_or(idd, function, sg_idd_and(idd, port(idd, i), held));
		function = sg_idd_or(idd, function, sg_idd_and(idd, port(idd, i + 1), held));
	}
	function = sg_idd_or(idd, function, sg_idd_and(idd, port(idd, 9), sg_idd_range(idd, unknown, 1, 1)));

	/* all are met, and nothing is over: only what is unknown is left */
	expected = sg_idd_or(idd, sg_idd_range(idd, SG_FIELD_PORT, 0, 4),
			     sg_idd_and(idd, port(idd, 9), sg_idd_range(idd, unknown, 1, 1)));
	assert_int_equal(sg_condition_settle(idd, function, &met), expected);

	/* b, of which it is not known, is over; c does not hold */
	expected = sg_idd_or(idd, sg_idd_range(idd, SG_FIELD_PORT, 0, 1),
			     sg_idd_and(idd, port(idd, 9), sg_idd_range(idd, unknown, 1, 1)));
	assert_int_equal(sg_condition_settle(idd, function, &world), expected);
	assert_int_equal(
		sg_condition_settle(idd, function, &(struct sg_world){99, by_limit, limits}),
		sg_idd_or(idd, expected,
			  sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PORT, 1, 2), holds(idd, &conditions[1]))));
}

static void failure_is_passed_on(void **state)
{
	const struct sg_world world = {.now = 1};

	assert_int_equal(sg_condition_settle(*state, SG_IDD_FAILED, &world), SG_IDD_FAILED);
}

/* ---- Units ---- */

static struct sg_unit find(const char *unit, const void *data)
{
	static const struct sg_unit two = {SG_UNIT_HERE, {{2, 7}, {2, 8}}, 2}, one = {SG_UNIT_HERE, {{3, 9}}, 1};

	++*(size_t *)(uintptr_t)data;
	if (!strcmp(unit, "two.service"))
		return two;
	if (!strcmp(unit, "one.service"))
		return one;
	/* that its place is known does not help where rules cannot test it */
	if (!strcmp(unit, "open.service"))
		return (struct sg_unit){SG_UNIT_UNENFORCED, {{3, 9}}, 1};
	return (struct sg_unit){.state = SG_UNIT_ABSENT};
}

static void units_are_bound(void **state)
{
	struct sg_idd *idd = *state;
	static const char *const names[] = {"two.service", "one.service", "open.service", "gone.service"};
	struct sg_condition seven = owner("", 2, 7), eight = owner("", 2, 8), nine = owner("", 3, 9),
			    other = meter("m", 5);
	size_t asked = 0;
	const struct sg_unit_finder units = {.find = find, .data = &asked};
	sg_ref function = sg_idd_and(idd, port(idd, 9), holds(idd, &other)), expected = function;

	for (sg_u128 i = 0; i < 4; i++) {
		struct sg_condition unit = owner(names[i], 0, 0);

		function = sg_idd_or(idd, function, sg_idd_and(idd, port(idd, i), holds(idd, &unit)));
	}
	expected = sg_idd_or(idd, expected,
			     sg_idd_and(idd, port(idd, 0), sg_idd_or(idd, holds(idd, &seven), holds(idd, &eight))));
	expected = sg_idd_or(idd, expected, sg_idd_and(idd, port(idd, 1), holds(idd, &nine)));
	expected = sg_idd_or(idd, expected, port(idd, 2));
	assert_int_equal(sg_condition_bind(idd, function, &units), expected);
	assert_int_equal(asked, 4);
	/* nothing is left to be bound */
	assert_int_equal(sg_condition_bind(idd, expected, &units), expected);
	assert_int_equal(asked, 4);
}

static void decisions_as_a_whole(void **state)
{
	struct sg_idd *idd = *state;
	struct sg_condition unit = owner("open.service", 0, 0);
	const struct sg_world world = {.now = 1};
	size_t asked = 0;
	const struct sg_unit_finder units = {.find = find, .data = &asked};
	sg_ref held = holds(idd, &unit), at[4];
	struct sg_decision decision = {.idd = idd}, bound, settled;

	for (sg_u128 i = 0; i < 4; i++)
		at[i] = sg_idd_and(idd, port(idd, i), held);
	decision.verdict = at[0];
	decision.origin = at[1];
	decision.by_verdict[SG_VERDICT_DROP] = at[2];
	bound = sg_decision_bind(&decision, &units);
	assert_int_equal(bound.verdict, port(idd, 0));
	assert_int_equal(bound.origin, port(idd, 1));
	assert_int_equal(bound.by_verdict[SG_VERDICT_DROP], port(idd, 2));
	/* 0 says that there is none, and stays */
	assert_int_equal(bound.by_verdict[SG_VERDICT_ACCEPT], 0);
	assert_int_equal(bound.log, 0);
	decision.log = at[3];
	settled = sg_decision_settle(&decision, &world);
	assert_int_equal(settled.log, port(idd, 3));
	assert_int_equal(settled.verdict, port(idd, 0));
	assert_int_equal(settled.by_verdict[SG_VERDICT_REJECT], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(levels_by_meaning, setup, teardown),
		cmocka_unit_test_setup_teardown(settled_in_one_walk, setup, teardown),
		cmocka_unit_test_setup_teardown(failure_is_passed_on, setup, teardown),
		cmocka_unit_test_setup_teardown(units_are_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(decisions_as_a_whole, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
