// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_decide_buddy.c - the diagrams against BuDDy, a package of binary decision diagrams, over random expressions.
 *
 * A level of w bits is w Boolean variables there, most significant first, so that the order of variables is ours. The
 * two agree on an expression when every box of ours is in theirs, every one of the complement is outside, and the
 * number of points is the same; equality of references must agree as well.
 */
#include <stdio.h>
#include "decide_space.h"

#ifdef HAVE_BUDDY
#include <bdd.h>

#define LEVELS 3
static const unsigned int bits[LEVELS] = {5, 7, 6};
#define VARIABLES 18
#define POINTS    (1 << VARIABLES)

#define POOL             24
#define OPERATIONS_TOTAL 20000

struct pair {
	sg_ref ours;
	BDD theirs;
};

static unsigned int first_variable(size_t level)
{
	unsigned int variable = 0;

	for (size_t i = 0; i < level; i++)
		variable += bits[i];
	return variable;
}

/* The values of a level that are at least / at most a bound, bit by bit from the least significant. */
static BDD bdd_bound(size_t level, unsigned int bound, bool at_least)
{
	BDD result = bdd_addref(bdd_true());

	for (unsigned int bit = 0; bit < bits[level]; bit++) {
		int variable = (int)(first_variable(level) + bits[level] - 1 - bit);
		BDD literal = at_least ? bdd_ithvar(variable) : bdd_nithvar(variable);
		BDD next = bound >> bit & 1 ? (at_least ? bdd_and(literal, result) : bdd_or(literal, result))
					    : (at_least ? bdd_or(literal, result) : bdd_and(literal, result));

		bdd_addref(next);
		bdd_delref(result);
		result = next;
	}
	return result;
}

static BDD bdd_range(size_t level, unsigned int first, unsigned int last)
{
	BDD low = bdd_bound(level, first, true), high = bdd_bound(level, last, false);
	BDD result = bdd_addref(bdd_and(low, high));

	bdd_delref(low);
	bdd_delref(high);
	return result;
}

static BDD bdd_level_variables(size_t level)
{
	int variables[16];

	for (unsigned int i = 0; i < bits[level]; i++)
		variables[i] = (int)(first_variable(level) + i);
	return bdd_addref(bdd_makeset(variables, (int)bits[level]));
}

/* ---- Comparison ---- */

static int add_box(const struct sg_box *box, void *data)
{
	BDD *together = data, all = bdd_addref(bdd_true()), joined;

	for (size_t level = 0; level < box->levels; level++) {
		BDD set = bdd_addref(box->sets[level].count ? bdd_false() : bdd_true()), next;

		for (size_t i = 0; i < box->sets[level].count; i++) {
			BDD range = bdd_range(level, (unsigned int)box->sets[level].items[i].first,
					      (unsigned int)box->sets[level].items[i].last);

			next = bdd_addref(bdd_or(set, range));
			bdd_delref(range);
			bdd_delref(set);
			set = next;
		}
		next = bdd_addref(bdd_and(all, set));
		bdd_delref(all);
		bdd_delref(set);
		all = next;
	}
	joined = bdd_addref(bdd_or(*together, all));
	bdd_delref(*together);
	bdd_delref(all);
	*together = joined;
	return 0;
}

/* Exact: our boxes, put together in BuDDy, are its own diagram. */
static void check_boxes(struct sg_idd *idd, const struct pair *pair)
{
	BDD together = bdd_addref(bdd_false());

	assert_int_equal(sg_idd_boxes(idd, pair->ours, 1, add_box, &together, NULL), 0);
	assert_int_equal(together, pair->theirs);
	bdd_delref(together);
}

static void check_pair(struct sg_idd *idd, const struct pair *pair)
{
	long double ours = sg_idd_share(idd, pair->ours, 1) * POINTS;
	long double theirs = (long double)bdd_satcount(pair->theirs);

	assert_true(ours - theirs < 1e-6L && theirs - ours < 1e-6L);
	assert_int_equal(pair->ours == SG_IDD_EMPTY, pair->theirs == bdd_false());
	assert_int_equal(pair->ours == SG_IDD_FULL, pair->theirs == bdd_true());
}

/* ---- Random expressions ---- */

static struct pair random_range(struct sg_idd *idd, uint64_t *state)
{
	size_t level = space_below(state, LEVELS);
	unsigned int size = 1U << bits[level], first = space_below(state, size);
	unsigned int last = first + space_below(state, size - first);

	return (struct pair){sg_idd_range(idd, level, first, last), bdd_range(level, first, last)};
}

static BDD bdd_fixed_value(BDD set, size_t level, unsigned int value)
{
	BDD point = bdd_range(level, value, value);
	BDD result = bdd_restrict(set, point);

	bdd_addref(result);
	bdd_delref(point);
	bdd_delref(result); /* the caller refers to it at once */
	return result;
}

static BDD bdd_quantified(BDD set, size_t level, bool some)
{
	BDD variables = bdd_level_variables(level);
	BDD result = some ? bdd_exist(set, variables) : bdd_forall(set, variables);

	bdd_addref(result);
	bdd_delref(variables);
	bdd_delref(result);
	return result;
}

static struct pair random_operation(struct sg_idd *idd, const struct pair *pool, uint64_t *state)
{
	const struct pair *a = &pool[space_below(state, POOL)], *b = &pool[space_below(state, POOL)];
	const struct pair *c = &pool[space_below(state, POOL)];
	size_t level = space_below(state, LEVELS);
	unsigned int value = space_below(state, 1U << bits[level]);
	struct pair result = {0};

	switch (space_below(state, 12)) {
	case 0: return random_range(idd, state);
	case 1: result = (struct pair){sg_idd_not(idd, a->ours), bdd_not(a->theirs)}; break;
	case 2:
	case 3: result = (struct pair){sg_idd_and(idd, a->ours, b->ours), bdd_and(a->theirs, b->theirs)}; break;
	case 4:
	case 5: result = (struct pair){sg_idd_or(idd, a->ours, b->ours), bdd_or(a->theirs, b->theirs)}; break;
	case 6:
		result =
			(struct pair){sg_idd_minus(idd, a->ours, b->ours), bdd_apply(a->theirs, b->theirs, bddop_diff)};
		break;
	case 7: result = (struct pair){sg_idd_differ(idd, a->ours, b->ours), bdd_xor(a->theirs, b->theirs)}; break;
	case 8:
		result = (struct pair){sg_idd_ite(idd, a->ours, b->ours, c->ours),
				       bdd_ite(a->theirs, b->theirs, c->theirs)};
		break;
	case 9:
		result = (struct pair){sg_idd_restrict(idd, a->ours, level, value),
				       bdd_fixed_value(a->theirs, level, value)};
		break;
	case 10:
		result = (struct pair){sg_idd_exists(idd, a->ours, level), bdd_quantified(a->theirs, level, true)};
		break;
	default:
		result = (struct pair){sg_idd_forall(idd, a->ours, level), bdd_quantified(a->theirs, level, false)};
		break;
	}
	bdd_addref(result.theirs);
	return result;
}

static void test_random_expressions(void **unused)
{
	sg_u128 max[LEVELS];
	uint64_t state = 20;
	struct pair pool[POOL];
	struct sg_idd *idd;
	size_t edges = 0;

	(void)unused;
	for (size_t i = 0; i < LEVELS; i++)
		max[i] = ((sg_u128)1 << bits[i]) - 1;
	idd = sg_idd_new(max, LEVELS, 0);
	assert_non_null(idd);
	for (size_t i = 0; i < POOL; i++)
		pool[i] = random_range(idd, &state);
	for (size_t round = 0; round < OPERATIONS_TOTAL; round++) {
		struct pair made = random_operation(idd, pool, &state);
		size_t at = space_below(&state, POOL);

		check_pair(idd, &made);
		edges += sg_idd_edges(idd, made.ours);
		for (size_t i = 0; i < POOL; i++) /* the same function exactly when the same node */
			assert_int_equal(made.ours == pool[i].ours, made.theirs == pool[i].theirs);
		if (round % 20 == 0)
			check_boxes(idd, &made);
		if (sg_idd_edges(idd, made.ours) < 5 && space_below(&state, 16)) { /* simple ones would take over */
			bdd_delref(made.theirs);
			if (sg_idd_edges(idd, pool[at].ours) >= 5)
				continue;
			made = random_range(idd, &state);
		}
		bdd_delref(pool[at].theirs);
		pool[at] = made;
	}
	assert_true(edges > (size_t)5 * OPERATIONS_TOTAL); /* they were no trifles */
	print_message("%d operations, %.1f edges at the root on average, %zu bytes of nodes\n", OPERATIONS_TOTAL,
		      (double)edges / OPERATIONS_TOTAL, sg_idd_bytes(idd));
	assert_int_equal(sg_idd_check(idd, SG_IDD_EMPTY, NULL), 0);
	sg_idd_free(idd);
}

static int start_buddy(void **unused)
{
	(void)unused;
	if (bdd_init(200000, 20000) < 0)
		return -1;
	bdd_setvarnum(VARIABLES);
	bdd_setmaxincrease(500000);
	bdd_gbc_hook(NULL);
	return 0;
}

static int stop_buddy(void **unused)
{
	(void)unused;
	bdd_done();
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_expressions),
	};

	return cmocka_run_group_tests(tests, start_buddy, stop_buddy);
}

#else

int main(void)
{
	puts("BuDDy is not installed");
	return 77; /* skipped */
}

#endif
