// SPDX-License-Identifier: GPL-2.0-or-later
/* test_decide_idd.c - every operation on diagrams against functions as arrays: all of them on tiny spaces, random ones
 * on larger spaces. */
#include "decide_space.h"
#include "sockgate/packet.h"

#define ROUNDS 120

struct run {
	const struct space *space;
	struct sg_idd *idd;
	uint64_t state;
	size_t points;
};

/* ---- Terminals as the operations must treat them ---- */

enum operation { OR, AND, MINUS, OVERLAY, MIN, PAIR, DIFFER, OPERATIONS };

static uint32_t naive(enum operation operation, uint32_t a, uint32_t b)
{
	switch (operation) {
	case OR: return a || b;
	case AND: return a && b;
	case MINUS: return a && !b;
	case OVERLAY: return a ? a : b;
	case MIN: return !a ? b : !b ? a : a < b ? a : b;
	case PAIR: return a * 256 + b;
	case DIFFER: return a != b;
	default: return 0;
	}
}

static sg_ref real(struct sg_idd *idd, enum operation operation, sg_ref a, sg_ref b)
{
	static sg_ref (*const function[])(struct sg_idd *, sg_ref, sg_ref) = {
		sg_idd_or, sg_idd_and, sg_idd_minus, sg_idd_overlay, sg_idd_min, sg_idd_pair, sg_idd_differ,
	};

	return function[operation](idd, a, b);
}

static bool wants_sets(enum operation operation)
{
	return operation <= MINUS;
}

static void check_binary(struct run *run, enum operation operation, const uint32_t *f, const uint32_t *g)
{
	sg_ref a = space_build(run->idd, run->space, f), b = space_build(run->idd, run->space, g);
	space_function expected;

	for (size_t p = 0; p < run->points; p++)
		expected[p] = naive(operation, f[p], g[p]);
	space_check(run->idd, run->space, real(run->idd, operation, a, b), expected, &run->state);
}

static void check_relations(struct run *run, const uint32_t *f, const uint32_t *g)
{
	sg_ref a = space_build(run->idd, run->space, f), b = space_build(run->idd, run->space, g);
	bool disjoint = true, subset = true;
	space_function complement;

	for (size_t p = 0; p < run->points; p++) {
		disjoint = disjoint && !(f[p] && g[p]);
		subset = subset && (!f[p] || g[p]);
		complement[p] = !f[p];
	}
	assert_int_equal(sg_idd_disjoint(run->idd, a, b), disjoint);
	assert_int_equal(sg_idd_subset(run->idd, a, b), subset);
	space_check(run->idd, run->space, sg_idd_not(run->idd, a), complement, &run->state);
}

static void check_ite(struct run *run, const uint32_t *c, const uint32_t *f, const uint32_t *g)
{
	sg_ref condition = space_build(run->idd, run->space, c);
	sg_ref a = space_build(run->idd, run->space, f), b = space_build(run->idd, run->space, g);
	space_function expected;

	for (size_t p = 0; p < run->points; p++)
		expected[p] = c[p] ? f[p] : g[p];
	space_check(run->idd, run->space, sg_idd_ite(run->idd, condition, a, b), expected, &run->state);
	for (size_t p = 0; p < run->points; p++)
		expected[p] = !f[p] ? g[p] : !g[p] || c[p] ? f[p] : g[p];
	space_check(run->idd, run->space, sg_idd_choose(run->idd, condition, a, b), expected, &run->state);
}

static void check_simplify(struct run *run, const uint32_t *f, const uint32_t *care)
{
	sg_ref a = space_build(run->idd, run->space, f), wanted = space_build(run->idd, run->space, care);
	sg_ref simple = sg_idd_simplify(run->idd, a, wanted);

	assert_int_not_equal(simple, SG_IDD_FAILED);
	assert_true(sg_idd_disjoint(run->idd, sg_idd_differ(run->idd, a, simple), wanted));
	if (wanted == SG_IDD_FULL)
		assert_int_equal(simple, a);
	if (wanted == SG_IDD_EMPTY)
		assert_true(sg_idd_is_terminal(simple));
}

/* ---- All functions of tiny spaces ---- */

static void nth_function(uint32_t *f, size_t points, uint32_t terminals, size_t n)
{
	for (size_t p = 0; p < points; p++) {
		f[p] = (uint32_t)(n % terminals);
		n /= terminals;
	}
}

static size_t power(size_t base, size_t exponent)
{
	size_t result = 1;

	while (exponent-- > 0)
		result *= base;
	return result;
}

static void exhaustive(const struct space *space, uint32_t terminals)
{
	struct run run = {space, space_context(space, 0), 1, space_points(space)};
	size_t all = power(terminals, run.points);
	space_function f, g;

	assert_non_null(run.idd);
	for (size_t i = 0; i < all; i++) {
		nth_function(f, run.points, terminals, i);
		for (size_t j = 0; j < all; j++) {
			nth_function(g, run.points, terminals, j);
			for (int operation = 0; operation < OPERATIONS; operation++) {
				if (terminals == 2 || !wants_sets((enum operation)operation))
					check_binary(&run, (enum operation)operation, f, g);
			}
			if (terminals == 2) {
				check_relations(&run, f, g);
				check_simplify(&run, f, g);
			}
		}
	}
	sg_idd_free(run.idd);
}

static void test_all_pairs(void **unused)
{
	static const struct space square = {2, {2, 2}, {1, 1}}, oblong = {2, {2, 3}, {1, (sg_u128)1 << 70}};

	(void)unused;
	exhaustive(&square, 2);
	exhaustive(&square, 4);
	exhaustive(&oblong, 2);
}

static void test_all_ites(void **unused)
{
	static const struct space space = {2, {2, 2}, {(sg_u128)1 << 127, 1}};
	struct run run = {&space, space_context(&space, 0), 1, 4};
	space_function c, f, g;

	(void)unused;
	for (size_t i = 0; i < 16; i++) {
		nth_function(c, 4, 2, i);
		for (size_t j = 0; j < 81; j++) {
			nth_function(f, 4, 3, j);
			for (size_t k = 0; k < 81; k++) {
				nth_function(g, 4, 3, k);
				check_ite(&run, c, f, g);
			}
			check_simplify(&run, f, c);
		}
	}
	sg_idd_free(run.idd);
}

/* ---- Random functions of larger spaces ---- */

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

static void random_binary(struct run *run)
{
	space_function f, g, c;

	for (int operation = 0; operation < OPERATIONS; operation++) {
		unsigned int terminals = wants_sets((enum operation)operation) ? 2 : 5;

		space_paint(run->space, f, terminals, &run->state);
		space_paint(run->space, g, terminals, &run->state);
		check_binary(run, (enum operation)operation, f, g);
	}
	space_paint(run->space, c, 2, &run->state);
	check_simplify(run, f, c);
	check_ite(run, c, f, g);
	space_paint(run->space, f, 2, &run->state);
	check_relations(run, f, c);
	for (size_t p = 0; p < run->points; p++)
		f[p] = f[p] && c[p]; /* a subset for sure */
	check_relations(run, f, c);
}

static void test_binary(void **unused)
{
	(void)unused;
	for_spaces(random_binary, 100);
}

static void random_unary(struct run *run)
{
	static const uint32_t table[4] = {3, 0, 70, 3};
	const struct space *space = run->space;
	space_function f, expected;
	sg_ref a;

	space_paint(space, f, 5, &run->state);
	a = space_build(run->idd, space, f);
	for (uint32_t value = 0; value < 6; value++) {
		for (size_t p = 0; p < run->points; p++)
			expected[p] = f[p] == value;
		space_check(run->idd, space, sg_idd_equals(run->idd, a, value), expected, &run->state);
	}
	for (size_t p = 0; p < run->points; p++)
		expected[p] = f[p] < 4 ? table[f[p]] : f[p];
	space_check(run->idd, space, sg_idd_map(run->idd, a, table, 4), expected, &run->state);
}

static void test_unary(void **unused)
{
	(void)unused;
	for_spaces(random_unary, 200);
}

static void random_levels(struct run *run)
{
	const struct space *space = run->space;
	size_t level = space_below(&run->state, (unsigned int)space->levels);
	unsigned int value = space_below(&run->state, space->size[level]);
	unsigned int at[SPACE_LEVELS];
	space_function f, fixed, some, all;
	sg_ref a;

	space_paint(space, f, 3, &run->state);
	a = space_build(run->idd, space, f);
	for (size_t p = 0; p < run->points; p++) {
		space_coordinates(space, p, at);
		at[level] = value;
		fixed[p] = f[space_number(space, at)];
	}
	space_check(run->idd, space, sg_idd_restrict(run->idd, a, level, space->scale[level] * (value + 1) - 1), fixed,
		    &run->state);
	space_check(run->idd, space, sg_idd_restrict(run->idd, a, level, space->scale[level] * value), fixed,
		    &run->state);

	space_paint(space, f, 2, &run->state);
	a = space_build(run->idd, space, f);
	for (size_t p = 0; p < run->points; p++) {
		some[p] = 0;
		all[p] = 1;
		space_coordinates(space, p, at);
		for (at[level] = 0; at[level] < space->size[level]; at[level]++) {
			some[p] |= f[space_number(space, at)];
			all[p] &= f[space_number(space, at)];
		}
	}
	space_check(run->idd, space, sg_idd_exists(run->idd, a, level), some, &run->state);
	space_check(run->idd, space, sg_idd_forall(run->idd, a, level), all, &run->state);
}

static void test_levels(void **unused)
{
	(void)unused;
	for_spaces(random_levels, 300);
}

/* Replacements over all levels (the general way), or only over levels below those of the diagram (the direct one). */
static void random_compose(struct run *run)
{
	const struct space *space = run->space;
	size_t upper = 1 + space_below(&run->state, (unsigned int)space->levels);
	bool deeper = space_below(&run->state, 2) && upper < space->levels;
	unsigned int at[SPACE_LEVELS];
	space_function f, expected, part[4];
	sg_ref table[4], a;

	space_paint(space, f, 5, &run->state);
	for (size_t k = 0; k < 4; k++)
		space_paint(space, part[k], 9, &run->state);
	for (size_t p = 0; p < run->points && deeper; p++) { /* f: only the upper levels; the parts: only the lower */
		space_coordinates(space, p, at);
		for (size_t i = upper; i < space->levels; i++)
			at[i] = 0;
		f[p] = f[space_number(space, at)];
		space_coordinates(space, p, at);
		for (size_t i = 0; i < upper; i++)
			at[i] = 0;
		for (size_t k = 0; k < 4; k++)
			part[k][p] = part[k][space_number(space, at)];
	}
	for (size_t k = 0; k < 4; k++)
		table[k] = space_build(run->idd, space, part[k]);
	a = space_build(run->idd, space, f);
	for (size_t p = 0; p < run->points; p++)
		expected[p] = f[p] < 4 ? part[f[p]][p] : f[p];
	space_check(run->idd, space, sg_idd_compose(run->idd, a, table, 4), expected, &run->state);
}

static void test_compose(void **unused)
{
	(void)unused;
	for_spaces(random_compose, 400);
}

static void random_many(struct run *run)
{
	const struct space *space = run->space;
	size_t count = space_below(&run->state, 9);
	space_function f, any = {0}, first = {0}, least = {0};
	sg_ref sets[9], uppers[9], items[9];

	for (size_t k = 0; k < count; k++) {
		space_paint(space, f, 2, &run->state);
		sets[k] = space_build(run->idd, space, f);
		for (size_t p = 0; p < run->points; p++)
			any[p] = naive(OR, any[p], f[p]);
		space_paint(space, f, 4, &run->state);
		uppers[k] = items[k] = space_build(run->idd, space, f);
		for (size_t p = 0; p < run->points; p++) {
			first[p] = naive(OVERLAY, first[p], f[p]);
			least[p] = naive(MIN, least[p], f[p]);
		}
	}
	space_check(run->idd, space, sg_idd_or_all(run->idd, sets, count), any, &run->state);
	space_check(run->idd, space, sg_idd_overlay_all(run->idd, uppers, count), first, &run->state);
	space_check(run->idd, space, sg_idd_min_all(run->idd, items, count), least, &run->state);
}

static void test_many(void **unused)
{
	(void)unused;
	for_spaces(random_many, 500);
}

static void random_import(struct run *run)
{
	struct sg_idd *other = space_context(run->space, 0);
	space_function f;

	assert_non_null(other);
	space_paint(run->space, f, 5, &run->state); /* numbers of nodes differ in the other context */
	space_build(other, run->space, f);
	space_paint(run->space, f, 5, &run->state);
	space_check(other, run->space, sg_idd_import(other, run->idd, space_build(run->idd, run->space, f)), f,
		    &run->state);
	sg_idd_free(other);
}

static void test_import(void **unused)
{
	static const sg_u128 max[2] = {3, 8};
	struct sg_idd *from = sg_idd_new(max, 2, 0), *shorter = sg_idd_new(max, 1, 0);
	struct sg_error err = {0};
	sg_ref ref;

	(void)unused;
	for_spaces(random_import, 600);
	ref = sg_idd_range(from, 1, 2, 3);
	assert_int_equal(sg_idd_import(shorter, from, ref), SG_IDD_FAILED);
	assert_int_equal(sg_idd_check(shorter, SG_IDD_EMPTY, &err), -1);
	assert_int_equal(err.kind, SG_ERROR_INPUT);
	assert_int_equal(sg_idd_import(from, from, ref), ref);
	sg_idd_free(from);
	sg_idd_free(shorter);
}

/* ---- Building ---- */

static void random_split(struct run *run)
{
	const struct space *space = run->space;
	unsigned int at[SPACE_LEVELS], member[8] = {0};
	struct sg_range ranges[8];
	struct sg_ranges set = {.items = ranges};
	space_function f;
	sg_ref ref;

	for (unsigned int v = 0; v < space->size[0]; v++) {
		struct sg_range range = {space->scale[0] * v, space->scale[0] * (v + 1) - 1};

		member[v] = space_below(&run->state, 2);
		if (member[v] && set.count && ranges[set.count - 1].last + 1 == range.first)
			ranges[set.count - 1].last = range.last;
		else if (member[v])
			ranges[set.count++] = range;
	}
	ref = sg_idd_split(run->idd, 0, &set, sg_idd_terminal(7), sg_idd_terminal(9));
	for (size_t p = 0; p < run->points; p++) {
		space_coordinates(space, p, at);
		f[p] = member[at[0]] ? 7 : 9;
	}
	space_check(run->idd, space, ref, f, &run->state);
	assert_int_equal(sg_idd_split(run->idd, 0, &set, ref, ref), ref);
}

static void test_building(void **unused)
{
	static const sg_u128 max[2] = {9, U128(1, 0)};
	static const sg_u128 last[4] = {1, 3, 6, 9};
	struct sg_idd *idd = sg_idd_new(max, 2, 0);
	sg_ref x = sg_idd_range(idd, 1, 5, U128(1, 0)), child[4] = {x, x, SG_IDD_FULL, x}, ref;
	struct sg_range beyond[2] = {{4, 4}, {8, 100}}, outside = {10, 11};
	struct sg_ranges set = {.items = beyond, .count = 2};

	(void)unused;
	for_spaces(random_split, 700);
	ref = sg_idd_node(idd, 0, last, child, 4);
	assert_int_equal(sg_idd_level(idd, ref), 0);
	assert_int_equal(sg_idd_edges(idd, ref), 3); /* equal neighbours are one edge */
	assert_true(sg_idd_edge_last(idd, ref, 0) == 3 && sg_idd_edge_last(idd, ref, 2) == 9);
	assert_int_equal(sg_idd_edge_child(idd, ref, 1), SG_IDD_FULL);
	child[2] = x;
	assert_int_equal(sg_idd_node(idd, 0, last, child, 4), x); /* a node that decides nothing is its child */
	assert_int_equal(sg_idd_level(idd, x), 1);
	assert_true(sg_idd_edge_last(idd, x, 1) == U128(1, 0));

	assert_int_equal(sg_idd_level(idd, SG_IDD_FULL), 2);
	assert_int_equal(sg_idd_edges(idd, SG_IDD_FULL), 0);
	assert_int_equal(sg_idd_range(idd, 0, 0, 9), SG_IDD_FULL);
	assert_int_equal(sg_idd_range(idd, 0, 4, 400), sg_idd_range(idd, 0, 4, 9)); /* cut at the level's end */
	ref = sg_idd_split(idd, 0, &set, SG_IDD_FULL, SG_IDD_EMPTY);
	assert_int_equal(ref, sg_idd_or(idd, sg_idd_range(idd, 0, 4, 4), sg_idd_range(idd, 0, 8, 9)));
	set = (struct sg_ranges){.items = &outside, .count = 1};
	assert_int_equal(sg_idd_split(idd, 0, &set, SG_IDD_FULL, SG_IDD_EMPTY), SG_IDD_EMPTY);
	set.count = 0;
	assert_int_equal(sg_idd_split(idd, 0, &set, SG_IDD_FULL, SG_IDD_EMPTY), SG_IDD_EMPTY);
	sg_idd_free(idd);
}

static void test_later_levels(void **unused)
{
	static const sg_u128 max[1] = {7};
	struct sg_idd *idd = sg_idd_new(max, 1, 0);
	sg_ref a = sg_idd_range(idd, 0, 2, 5), b;
	sg_u128 point[2] = {3, 1};
	bool fixed[2];

	(void)unused;
	assert_int_equal(sg_idd_levels(idd), 1);
	assert_int_equal(sg_idd_add_level(idd, 1), 1);
	assert_int_equal(sg_idd_levels(idd), 2);
	assert_true(sg_idd_level_max(idd, 0) == 7 && sg_idd_level_max(idd, 1) == 1);
	assert_int_equal(sg_idd_range(idd, 0, 2, 5), a);
	b = sg_idd_and(idd, a, sg_idd_range(idd, 1, 1, 1));
	assert_int_equal(sg_idd_lookup(idd, b, point), 1);
	point[1] = 0;
	assert_int_equal(sg_idd_lookup(idd, b, point), 0);
	assert_int_equal(sg_idd_exists(idd, b, 1), a);
	assert_int_equal(sg_idd_forall(idd, b, 1), SG_IDD_EMPTY);
	assert_true(sg_idd_witness(idd, b, 1, point, fixed));
	assert_true(point[0] == 2 && point[1] == 1 && fixed[0] && fixed[1]);
	sg_idd_free(idd);
}

/* ---- Simplifying: what the heuristic promises ---- */

static void test_simplify_picks(void **unused)
{
	static const sg_u128 max[2] = {9, 9};
	static const sg_u128 thirds[3] = {2, 5, 9};
	struct sg_idd *idd = sg_idd_new(max, 2, 0);
	sg_ref one = sg_idd_terminal(1), two = sg_idd_terminal(2), three = sg_idd_terminal(3);
	sg_ref a = sg_idd_node(idd, 0, thirds, (sg_ref[]){one, two, one}, 3);
	sg_ref b = sg_idd_node(idd, 0, thirds, (sg_ref[]){one, two, three}, 3);
	sg_ref lower = sg_idd_range(idd, 1, 0, 4), care;

	(void)unused;
	/* between equal neighbours it becomes like them */
	assert_int_equal(sg_idd_simplify(idd, a, sg_idd_not(idd, sg_idd_range(idd, 0, 3, 5))), one);
	/* the first becomes like the next, the last like the one before */
	care = sg_idd_range(idd, 0, 3, 9);
	assert_int_equal(sg_idd_simplify(idd, b, care),
			 sg_idd_node(idd, 0, (sg_u128[]){5, 9}, (sg_ref[]){two, three}, 2));
	care = sg_idd_range(idd, 0, 0, 5);
	assert_int_equal(sg_idd_simplify(idd, b, care),
			 sg_idd_node(idd, 0, (sg_u128[]){2, 9}, (sg_ref[]){one, two}, 2));
	/* a level that only `care` tests does not come into the diagram */
	care = sg_idd_ite(idd, sg_idd_range(idd, 0, 0, 5), lower, SG_IDD_EMPTY);
	assert_int_equal(sg_idd_simplify(idd, lower, care), SG_IDD_FULL);
	sg_idd_free(idd);
}

/* ---- Failure is passed on ---- */

static int see_nothing(const struct sg_box *box, void *data)
{
	(void)box;
	(void)data;
	return 0;
}

static int see_value(uint32_t value, void *data)
{
	(void)value;
	(void)data;
	return 0;
}

static void test_failed_operands(void **unused)
{
	static const sg_u128 max[2] = {9, 9};
	struct sg_idd *idd = sg_idd_new(max, 2, 0);
	sg_ref a = sg_idd_range(idd, 0, 2, 3), bad = SG_IDD_FAILED, pair[2] = {a, bad};
	struct sg_ranges set = {0};
	struct sg_error err = {0};
	sg_u128 point[2] = {0}, last[2] = {4, 9};
	uint32_t table[1] = {0};
	bool fixed[2];

	(void)unused;
	assert_int_equal(sg_idd_check(idd, a, &err), 0);
	assert_int_equal(sg_idd_check(idd, bad, &err), -1);
	for (int operation = 0; operation < OPERATIONS; operation++) {
		assert_int_equal(real(idd, (enum operation)operation, a, bad), bad);
		assert_int_equal(real(idd, (enum operation)operation, bad, SG_IDD_FULL), bad);
	}
	assert_int_equal(sg_idd_not(idd, bad), bad);
	assert_int_equal(sg_idd_ite(idd, bad, a, a), bad);
	assert_int_equal(sg_idd_choose(idd, SG_IDD_FULL, a, bad), bad);
	assert_int_equal(sg_idd_ite(idd, SG_IDD_FULL, a, bad), bad);
	assert_int_equal(sg_idd_ite(idd, a, bad, a), bad);
	assert_int_equal(sg_idd_split(idd, 0, &set, bad, a), bad);
	assert_int_equal(sg_idd_node(idd, 0, last, (sg_ref[]){SG_IDD_FULL, bad}, 2), bad);
	assert_int_equal(sg_idd_or_all(idd, pair, 2), bad);
	assert_int_equal(sg_idd_equals(idd, bad, 1), bad);
	assert_int_equal(sg_idd_map(idd, bad, table, 1), bad);
	assert_int_equal(sg_idd_compose(idd, bad, NULL, 0), bad);
	assert_int_equal(sg_idd_compose(idd, a, &bad, 1), bad);
	assert_int_equal(sg_idd_restrict(idd, bad, 0, 0), bad);
	assert_int_equal(sg_idd_exists(idd, bad, 0), bad);
	assert_int_equal(sg_idd_forall(idd, bad, 0), bad);
	assert_int_equal(sg_idd_simplify(idd, bad, a), bad);
	assert_int_equal(sg_idd_simplify(idd, a, bad), bad);
	assert_int_equal(sg_idd_import(idd, idd, bad), bad);
	assert_false(sg_idd_disjoint(idd, bad, a));
	assert_false(sg_idd_subset(idd, a, bad));
	assert_int_equal(sg_idd_lookup(idd, bad, point), 0);
	assert_false(sg_idd_witness(idd, bad, 1, point, fixed));
	assert_true(sg_idd_share(idd, bad, 1) == 0);
	assert_int_equal(sg_idd_terminals(idd, bad, see_value, NULL), -1);
	assert_int_equal(sg_idd_boxes(idd, bad, 1, see_nothing, NULL, &err), -1);
	assert_int_equal(sg_idd_check(idd, a, &err), 0); /* the context itself is as good as before */
	sg_idd_free(idd);
	sg_idd_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pairs),      cmocka_unit_test(test_all_ites),
		cmocka_unit_test(test_binary),         cmocka_unit_test(test_unary),
		cmocka_unit_test(test_levels),         cmocka_unit_test(test_compose),
		cmocka_unit_test(test_many),           cmocka_unit_test(test_import),
		cmocka_unit_test(test_building),       cmocka_unit_test(test_later_levels),
		cmocka_unit_test(test_simplify_picks), cmocka_unit_test(test_failed_operands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
