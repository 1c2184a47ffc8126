// SPDX-License-Identifier: GPL-2.0-or-later
/* test_decide_ask.c - witnesses, shares, terminals and boxes against functions as arrays; several contexts at once. */
#include "decide_space.h"

#define ROUNDS 150

struct run {
	const struct space *space;
	struct sg_idd *idd;
	uint64_t state;
	size_t points;
};

static void for_spaces(void (*check)(struct run *run), uint64_t seed)
{
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		struct run run = {&spaces[i], space_context(&spaces[i], 0), seed + i, space_points(&spaces[i])};

		assert_non_null(run.idd);
		for (int round = 0; round < ROUNDS; round++)
			check(&run);
		assert_int_equal(sg_idd_check(run.idd, SG_IDD_EMPTY, NULL), 0);
		sg_idd_free(run.idd);
	}
}

/* ---- Witnesses ---- */

static void check_witness(struct run *run, const uint32_t *f, sg_ref ref, uint32_t value)
{
	const struct space *space = run->space;
	sg_u128 point[SPACE_LEVELS], moved[SPACE_LEVELS];
	unsigned int at[SPACE_LEVELS];
	bool fixed[SPACE_LEVELS], found;
	size_t least = 0;

	while (least < run->points && f[least] != value)
		least++;
	found = sg_idd_witness(run->idd, ref, value, point, fixed);
	assert_int_equal(found, least < run->points);
	if (!found)
		return;
	space_coordinates(space, least, at); /* the smallest point of all, level by level */
	for (size_t i = 0; i < space->levels; i++) {
		assert_true(point[i] == space->scale[i] * at[i]);
		moved[i] = fixed[i] ? point[i] : space->scale[i] * space_below(&run->state, space->size[i]);
	}
	assert_int_equal(sg_idd_lookup(run->idd, ref, moved), value);
}

static void random_witness(struct run *run)
{
	space_function f;
	sg_ref ref;

	space_paint(run->space, f, 4, &run->state);
	ref = space_build(run->idd, run->space, f);
	for (uint32_t value = 0; value < 5; value++)
		check_witness(run, f, ref, value);
}

static void test_witness(void **unused)
{
	(void)unused;
	for_spaces(random_witness, 1);
}

/* ---- Shares ---- */

static void random_share(struct run *run)
{
	space_function f;
	sg_ref ref;

	space_paint(run->space, f, 4, &run->state);
	ref = space_build(run->idd, run->space, f);
	for (uint32_t value = 0; value < 5; value++) {
		size_t count = 0;
		long double error;

		for (size_t p = 0; p < run->points; p++)
			count += f[p] == value;
		error = sg_idd_share(run->idd, ref, value) - (long double)count / (long double)run->points;
		assert_true(error < 1e-15L && error > -1e-15L);
	}
}

static void test_share(void **unused)
{
	(void)unused;
	for_spaces(random_share, 2);
}

/* ---- Terminals ---- */

struct seen {
	uint32_t values[2048];
	size_t count;
	uint32_t stop_at;
};

static int see_value(uint32_t value, void *data)
{
	struct seen *seen = data;

	seen->values[seen->count++] = value;
	return value == seen->stop_at ? 42 : 0;
}

static void random_terminals(struct run *run)
{
	bool expected[7] = {false};
	struct seen seen = {.stop_at = UINT32_MAX};
	space_function f;
	size_t count = 0;

	space_paint(run->space, f, 7, &run->state);
	for (size_t p = 0; p < run->points; p++)
		expected[f[p]] = true;
	assert_int_equal(sg_idd_terminals(run->idd, space_build(run->idd, run->space, f), see_value, &seen), 0);
	for (uint32_t value = 0; value < 7; value++) {
		if (expected[value])
			assert_int_equal(seen.values[count++], value);
	}
	assert_int_equal(seen.count, count);
}

/* Only those inside of a set. */
static void random_terminals_in(struct run *run)
{
	bool expected[7] = {false};
	struct seen seen = {.stop_at = UINT32_MAX};
	space_function f, inside;
	size_t count = 0;

	space_paint(run->space, f, 7, &run->state);
	space_paint(run->space, inside, 2, &run->state);
	for (size_t p = 0; p < run->points; p++)
		expected[f[p]] = expected[f[p]] || inside[p];
	assert_int_equal(sg_idd_terminals_in(run->idd, space_build(run->idd, run->space, f),
					     space_build(run->idd, run->space, inside), see_value, &seen),
			 0);
	for (uint32_t value = 0; value < 7; value++) {
		if (expected[value])
			assert_int_equal(seen.values[count++], value);
	}
	assert_int_equal(seen.count, count);
}

static void test_terminals(void **unused)
{
	static const sg_u128 max[1] = {65535};
	struct sg_idd *idd = sg_idd_new(max, 1, 0);
	struct seen seen = {.stop_at = 1003};
	sg_u128 last[4000];
	sg_ref child[4000];

	(void)unused;
	for_spaces(random_terminals, 3);
	for_spaces(random_terminals_in, 33);
	for (uint32_t i = 0; i < 4000; i++) { /* many, each twice, in descending order */
		last[i] = i < 3999 ? i : 65535;
		child[i] = sg_idd_terminal(2999 - i % 2000);
	}
	assert_int_equal(sg_idd_terminals(idd, sg_idd_node(idd, 0, last, child, 4000), see_value, &seen), 42);
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.values[0], 1000);
	assert_int_equal(seen.values[3], 1003);
	seen = (struct seen){.stop_at = UINT32_MAX};
	assert_int_equal(sg_idd_terminals(idd, sg_idd_node(idd, 0, last, child, 4000), see_value, &seen), 0);
	assert_int_equal(seen.count, 2000);
	assert_int_equal(seen.values[1999], 2999);
	sg_idd_free(idd);
}

/* ---- Boxes ---- */

struct boxes {
	struct run *run;
	unsigned int covered[SPACE_POINTS];
	sg_ref together;
	size_t count;
	int result;
};

static bool box_set_holds(const struct sg_ranges *set, sg_u128 value)
{
	bool inside = !set->count;

	for (size_t i = 0; i < set->count; i++)
		inside = inside || (set->items[i].first <= value && value <= set->items[i].last);
	return inside;
}

static int see_box(const struct sg_box *box, void *data)
{
	struct boxes *boxes = data;
	const struct space *space = boxes->run->space;
	unsigned int at[SPACE_LEVELS];

	assert_int_equal(box->levels, space->levels);
	for (size_t level = 0; level < box->levels; level++) {
		const struct sg_ranges *set = &box->sets[level];

		for (size_t i = 0; i < set->count; i++) {
			assert_true(set->items[i].first <= set->items[i].last);
			assert_true(set->items[i].last < space->scale[level] * space->size[level] ||
				    space->scale[level] * space->size[level] == 0);
			if (i)
				assert_true(set->items[i].first > set->items[i - 1].last + 1);
		}
	}
	for (size_t p = 0; p < boxes->run->points; p++) {
		bool inside = true;

		space_coordinates(space, p, at);
		for (size_t level = 0; level < box->levels; level++)
			inside = inside && box_set_holds(&box->sets[level], space->scale[level] * at[level]);
		boxes->covered[p] += inside;
	}
	boxes->together = sg_idd_or(boxes->run->idd, boxes->together, sg_idd_from_box(boxes->run->idd, box));
	boxes->count++;
	return boxes->result;
}

/* Paths to the value where edges with one child are one. */
static size_t count_paths(struct sg_idd *idd, sg_ref ref, uint32_t value)
{
	size_t paths = 0;

	if (sg_idd_is_terminal(ref))
		return sg_idd_value(ref) == value;
	for (size_t i = 0; i < sg_idd_edges(idd, ref); i++) {
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again = again || sg_idd_edge_child(idd, ref, j) == sg_idd_edge_child(idd, ref, i);
		paths += again ? 0 : count_paths(idd, sg_idd_edge_child(idd, ref, i), value);
	}
	return paths;
}

static void random_boxes(struct run *run)
{
	struct boxes boxes = {.run = run, .together = SG_IDD_EMPTY};
	uint32_t value = space_below(&run->state, 5);
	space_function f;
	sg_ref ref;

	space_paint(run->space, f, 4, &run->state);
	ref = space_build(run->idd, run->space, f);
	assert_int_equal(sg_idd_boxes(run->idd, ref, value, see_box, &boxes, NULL), 0);
	for (size_t p = 0; p < run->points; p++)
		assert_int_equal(boxes.covered[p], f[p] == value); /* once, not twice */
	assert_int_equal(boxes.together, sg_idd_equals(run->idd, ref, value));
	assert_int_equal(boxes.count, count_paths(run->idd, ref, value));
	if (boxes.count > 1) {
		boxes.count = 0;
		boxes.result = 7;
		assert_int_equal(sg_idd_boxes(run->idd, ref, value, see_box, &boxes, NULL), 7);
		assert_int_equal(boxes.count, 1);
	}
}

static void test_boxes(void **unused)
{
	(void)unused;
	for_spaces(random_boxes, 4);
}

struct ports {
	size_t boxes, intervals;
};

static int see_ports(const struct sg_box *box, void *data)
{
	struct ports *ports = data;

	ports->boxes++;
	ports->intervals += box->sets[0].count;
	return 0;
}

/* More distinct children than any small table holds, each twice. */
static void test_many_groups(void **unused)
{
	static const sg_u128 max[2] = {65535, 65535};
	struct sg_idd *idd = sg_idd_new(max, 2, 0);
	struct ports ports = {0};
	sg_u128 last[6000];
	sg_ref child[6000];

	(void)unused;
	for (uint32_t i = 0; i < 6000; i++) {
		last[i] = i < 5999 ? i : 65535;
		child[i] = sg_idd_range(idd, 1, i % 3000, i % 3000);
	}
	assert_int_equal(sg_idd_boxes(idd, sg_idd_node(idd, 0, last, child, 6000), 1, see_ports, &ports, NULL), 0);
	assert_int_equal(ports.boxes, 3000);
	assert_int_equal(ports.intervals, 6000);
	sg_idd_free(idd);
}

/* ---- Contexts side by side ---- */

static void test_contexts(void **unused)
{
	struct run runs[3];
	space_function f[3];
	sg_ref refs[3];

	(void)unused;
	for (size_t k = 0; k < 3; k++) {
		runs[k] = (struct run){&spaces[k + 1], space_context(&spaces[k + 1], 0), 77,
				       space_points(&spaces[k + 1])};
		for (size_t p = 0; p < runs[k].points; p++)
			f[k][p] = 0;
		refs[k] = SG_IDD_EMPTY;
	}
	for (int round = 0; round < 100; round++) {
		for (size_t k = 0; k < 3; k++) { /* in turn: one step in each */
			space_function g;

			space_paint(runs[k].space, g, 3, &runs[k].state);
			for (size_t p = 0; p < runs[k].points; p++)
				f[k][p] = g[p] ? g[p] : f[k][p];
			refs[k] = sg_idd_overlay(runs[k].idd, space_build(runs[k].idd, runs[k].space, g), refs[k]);
			space_check(runs[k].idd, runs[k].space, refs[k], f[k], &runs[k].state);
		}
	}
	sg_idd_free(runs[1].idd);
	space_check(runs[0].idd, runs[0].space, refs[0], f[0], &runs[0].state);
	space_check(runs[2].idd, runs[2].space, refs[2], f[2], &runs[2].state);
	sg_idd_free(runs[0].idd);
	sg_idd_free(runs[2].idd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_witness), cmocka_unit_test(test_share),       cmocka_unit_test(test_terminals),
		cmocka_unit_test(test_boxes),   cmocka_unit_test(test_many_groups), cmocka_unit_test(test_contexts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
