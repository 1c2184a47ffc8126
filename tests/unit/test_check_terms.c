/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of conditions as alternatives. */
#include "check_world.h"
#include "sockgate/terms.h"

#define METERS 4

struct world {
	struct sg_idd *idd;
	struct sg_condition meters[METERS];
	size_t level[METERS];
	struct sg_terms terms;
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->idd = sg_packet_context(0);
	for (uint32_t i = 0; i < METERS; i++) {
		world->meters[i] = (struct sg_condition){
			.kind = SG_CONDITION_METER, .limit = i + 1, .limit_seconds = 60, .name = {(char)('a' + i)}};
		world->level[i] = sg_condition_level(world->idd, &world->meters[i]);
	}
	*state = world;
	return world->idd ? 0 : -1;
}

static int teardown(void **state)
{
	struct world *world = *state;

	sg_terms_clear(&world->terms);
	sg_idd_free(world->idd);
	free(world);
	return 0;
}

static sg_ref meter(struct world *world, size_t i)
{
	return sg_idd_range(world->idd, world->level[i], 1, 1);
}

static sg_ref until(struct world *world, uint64_t time)
{
	return sg_idd_range(world->idd, SG_LEVEL_TIME, 0, time - 1);
}

static sg_ref accept_if(struct world *world, sg_ref set, enum sg_verdict otherwise)
{
	return sg_idd_ite(world->idd, set, sg_idd_terminal(SG_VERDICT_ACCEPT), sg_idd_terminal(otherwise));
}

static void find(struct world *world, sg_ref verdict)
{
	struct sg_error err = {0};

	sg_terms_clear(&world->terms);
	if (sg_terms_find(world->idd, verdict, 0, NULL, &world->terms, &err) < 0)
		fail_msg("%s", err.message);
}

static void always_and_never(void **state)
{
	struct world *world = *state;

	find(world, sg_idd_terminal(SG_VERDICT_ACCEPT));
	assert_int_equal(world->terms.count, 1);
	assert_int_equal(world->terms.items[0].count + world->terms.items[0].unless_count, 0);
	assert_true(world->terms.items[0].from == 0 && world->terms.items[0].last == SG_TIME_MAX);
	assert_int_equal(world->terms.otherwise, SG_OUTCOME_NONE);
	find(world, sg_idd_terminal(SG_VERDICT_REJECT));
	assert_int_equal(world->terms.count, 0);
	assert_int_equal(world->terms.otherwise, SG_OUTCOME_REJECT);
}

static void all_of_one_line(void **state)
{
	struct world *world = *state;
	sg_ref set =
		sg_idd_and(world->idd, sg_idd_and(world->idd, meter(world, 0), meter(world, 2)), until(world, 500));

	find(world, accept_if(world, set, SG_VERDICT_DROP));
	assert_int_equal(world->terms.count, 1);
	assert_int_equal(world->terms.items[0].count, 2);
	assert_string_equal(world->terms.items[0].conditions[0]->name, "a");
	assert_string_equal(world->terms.items[0].conditions[1]->name, "c");
	assert_true(world->terms.items[0].from == 0 && world->terms.items[0].last == 499);
	assert_int_equal(world->terms.otherwise, SG_OUTCOME_DROP);
}

/* "a", and "not a, but b": what does not hold needs not be said. */
static void alternatives(void **state)
{
	struct world *world = *state;
	sg_ref set = sg_idd_or(world->idd, meter(world, 0), meter(world, 1));

	/* one that asks for more than another is none */
	set = sg_idd_or(world->idd, set, sg_idd_and(world->idd, meter(world, 0), meter(world, 3)));
	find(world, accept_if(world, set, SG_VERDICT_DROP));
	assert_int_equal(world->terms.count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(world->terms.items[i].count, 1);
		assert_int_equal(world->terms.items[i].unless_count, 0);
	}
}

/* A block that ends, over an allow: nothing that helps. */
static void from_a_time_on(void **state)
{
	struct world *world = *state;

	find(world, accept_if(world, sg_idd_not(world->idd, until(world, 500)), SG_VERDICT_REJECT));
	assert_int_equal(world->terms.count, 1);
	assert_true(world->terms.items[0].from == 500 && world->terms.items[0].last == SG_TIME_MAX);
	find(world, accept_if(world, sg_idd_minus(world->idd, until(world, 900), until(world, 500)), SG_VERDICT_DROP));
	assert_true(world->terms.items[0].from == 500 && world->terms.items[0].last == 899);
}

static void the_rest_may_depend(void **state)
{
	struct world *world = *state;
	sg_ref rest = sg_idd_ite(world->idd, until(world, 500), sg_idd_terminal(SG_VERDICT_DROP),
				 sg_idd_terminal(SG_VERDICT_REJECT));

	find(world, sg_idd_ite(world->idd, meter(world, 0), sg_idd_terminal(SG_VERDICT_ACCEPT), rest));
	assert_int_equal(world->terms.otherwise, SG_OUTCOME_DEPENDS);
}

/* Rules of others: a limit over which is accepted. */
static void what_does_not_help_is_said(void **state)
{
	struct world *world = *state;
	sg_ref set = sg_idd_minus(world->idd, meter(world, 1), meter(world, 0));

	find(world, accept_if(world, set, SG_VERDICT_DROP));
	assert_int_equal(world->terms.count, 1);
	assert_int_equal(world->terms.items[0].count, 1);
	assert_int_equal(world->terms.items[0].unless_count, 1);
	assert_string_equal(world->terms.items[0].unless[0]->name, "a");
}

static void what_is_unknown_is_called_so(void **state)
{
	struct world *world = *state;
	size_t level = sg_idd_add_level(world->idd, 1);
	sg_ref set = sg_idd_and(world->idd, meter(world, 0), sg_idd_range(world->idd, level, 1, 1));

	find(world, accept_if(world, set, SG_VERDICT_DROP));
	assert_int_equal(world->terms.count, 1);
	assert_true(world->terms.items[0].unknown);
}

static void too_many_are_counted_as_more(void **state)
{
	struct world *world = *state;
	sg_ref set = SG_IDD_EMPTY;

	for (uint32_t i = 0; i < 70; i++) {
		struct sg_condition condition = {.kind = SG_CONDITION_METER, .connections = i + 1};
		size_t level = sg_condition_level(world->idd, &condition);

		set = sg_idd_or(world->idd, set, sg_idd_range(world->idd, level, 1, 1));
	}
	find(world, accept_if(world, set, SG_VERDICT_DROP));
	assert_true(world->terms.more);
	assert_true(world->terms.count > 1);
}

static void logs(void **state)
{
	struct world *world = *state;
	static const struct sg_logging loggings[] = {{.name = "one"}, {.name = "two"}, {.name = "three"}};
	sg_ref log = sg_idd_ite(world->idd, until(world, 500), sg_idd_terminal(3), sg_idd_terminal(1));

	assert_int_equal(
		sg_terms_find(world->idd, sg_idd_terminal(SG_VERDICT_DROP), log, loggings, &world->terms, NULL), 0);
	assert_int_equal(world->terms.logging_count, 2);
	assert_string_equal(world->terms.loggings[0]->name, "one");
	assert_string_equal(world->terms.loggings[1]->name, "three");
	sg_terms_clear(&world->terms);
	assert_int_equal(sg_terms_find(world->idd, sg_idd_terminal(SG_VERDICT_DROP), SG_IDD_EMPTY, loggings,
				       &world->terms, NULL),
			 0);
	assert_int_equal(world->terms.logging_count, 0);
}

/* ---- At random: whether the alternatives are the function ---- */

static bool term_holds(const struct world *world, const struct sg_term *term, const sg_u128 *point)
{
	bool holds = point[SG_LEVEL_TIME] >= term->from && point[SG_LEVEL_TIME] <= term->last;

	for (size_t i = 0; i < term->count; i++)
		holds = holds && point[world->level[term->conditions[i]->limit - 1]];
	for (size_t i = 0; i < term->unless_count; i++)
		holds = holds && !point[world->level[term->unless[i]->limit - 1]];
	return holds;
}

static void assert_exact(const struct world *world, sg_ref verdict)
{
	static const uint64_t times[] = {0, 99, 100, 101, 199, 200, 201, SG_TIME_MAX};
	sg_u128 point[SG_FIELD_COUNT + 2 + METERS] = {0};

	for (uint32_t i = 0; i < 8 << METERS; i++) {
		bool accepted = false;

		point[SG_LEVEL_TIME] = times[i >> METERS];
		for (uint32_t k = 0; k < METERS; k++)
			point[world->level[k]] = i >> k & 1;
		for (size_t k = 0; k < world->terms.count; k++)
			accepted = accepted || term_holds(world, &world->terms.items[k], point);
		assert_int_equal(accepted, sg_idd_lookup(world->idd, verdict, point) == SG_VERDICT_ACCEPT);
	}
}

static sg_ref random_term(struct world *world, bool helpful, uint64_t *seed)
{
	sg_ref set = SG_IDD_FULL;

	for (size_t i = 0; i < METERS; i++) {
		uint32_t dice = world_random(seed, 4);

		if (dice == 0)
			set = sg_idd_and(world->idd, set, meter(world, i));
		if (dice == 1 && !helpful)
			set = sg_idd_minus(world->idd, set, meter(world, i));
	}
	if (world_random(seed, 3) == 0)
		set = sg_idd_and(world->idd, set, until(world, world_random(seed, 2) ? 100 : 200));
	return set;
}

static void at_random(void **state)
{
	struct world *world = *state;
	uint64_t seed = world_seed();
	size_t unless = 0;

	for (size_t round = 0; round < 4000; round++) {
		bool helpful = round % 2;
		sg_ref set = SG_IDD_EMPTY, verdict;

		for (uint32_t i = world_random(&seed, 4); i > 0; i--)
			set = sg_idd_or(world->idd, set, random_term(world, helpful, &seed));
		verdict = accept_if(world, set, SG_VERDICT_DROP);
		find(world, verdict);
		assert_exact(world, verdict);
		for (size_t i = 0; i < world->terms.count; i++) {
			assert_true(!helpful || !world->terms.items[i].unless_count);
			unless += world->terms.items[i].unless_count;
		}
	}
	assert_true(unless > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(always_and_never, setup, teardown),
		cmocka_unit_test_setup_teardown(all_of_one_line, setup, teardown),
		cmocka_unit_test_setup_teardown(alternatives, setup, teardown),
		cmocka_unit_test_setup_teardown(from_a_time_on, setup, teardown),
		cmocka_unit_test_setup_teardown(the_rest_may_depend, setup, teardown),
		cmocka_unit_test_setup_teardown(what_does_not_help_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_unknown_is_called_so, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_are_counted_as_more, setup, teardown),
		cmocka_unit_test_setup_teardown(logs, setup, teardown),
		cmocka_unit_test_setup_teardown(at_random, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
