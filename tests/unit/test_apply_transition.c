// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plans, in the kernel: random decisions one after the other, each made from the rules of the one before. After each
 * step the table is exactly the one wanted, decides as the decision does, and nothing is left over.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "apply/graph.h"
#include "apply/transition.h"
#include "apply/proof.h"
#include "sockgate/kernel_rules.h"
#include "random_decision.h"

static sg_ref some_region(struct sg_idd *idd)
{
	return sg_idd_and(idd, some_protocols(idd), some_place(idd));
}

#include "random_terms.h"

static unsigned int ahead; /* steps that made something before the switch */
static unsigned int in_parts; /* in more than one transaction */
static unsigned int apart; /* steps with a place for each base chain */
static uint64_t current;   /* the SEED that repeats what failed (with ROUNDS=1) */

static const struct sg_table *dump(struct sg_kernel *kernel, struct sg_ruleset *ruleset)
{
	struct sg_dump what = {.scope = SG_DUMP_TABLE, .family = SG_TABLE_FAMILY, .name = SG_TABLE_NAME};
	struct sg_error err = {0};

	if (sg_kernel_dump(kernel, &what, ruleset, &err))
		fail_msg("SEED=%llu: dump: %s", (unsigned long long)current, err.message);
	return sg_ruleset_table(ruleset, SG_TABLE_FAMILY, SG_TABLE_NAME);
}

static void send(struct sg_kernel *kernel, struct sg_wire *wire, uint32_t generation)
{
	struct sg_kernel_reply reply = {0};
	struct sg_error err = {0};

	if (sg_kernel_send(kernel, wire, generation, &reply, &err) ||
	    (!reply.committed && sg_kernel_reply_error(&reply, &err)))
		fail_msg("SEED=%llu: send: %s", (unsigned long long)current, err.message);
	sg_wire_free(wire);
}

/* Whether all that packets can reach in a table is in the other one, as it is. */
static bool has_reachable(const struct sg_table *table, const struct sg_table *other)
{
	bool *sets = calloc(table->set_count + 1, 1), *chains = calloc(table->chain_count + 1, 1), result = true;

	assert_int_equal(sg_graph_reachable(table, SG_GRAPH_ALL_HOOKS, sets, chains, NULL), 0);
	for (size_t i = 0; i < table->set_count; i++) {
		const struct sg_set *same = sg_table_set(other, table->sets[i].name);

		result &= !sets[i] || (same && sg_set_equal(&table->sets[i], same));
	}
	for (size_t i = 0; i < table->chain_count; i++) {
		const struct sg_chain *same = sg_table_chain(other, table->chains[i].name);

		result &= !chains[i] || (same && sg_chain_equal(&table->chains[i], same));
	}
	free(sets);
	free(chains);
	return result;
}

/* The first step, in one or in many parts. After each of them packets reach what they reached before. Returns the
 * generation. */
static uint32_t make(struct sg_kernel *kernel, const struct sg_transition *plan, const struct sg_table *have,
		     uint32_t generation)
{
	size_t room = below(2) ? SIZE_MAX : 400 + below(3000);
	struct sg_made at = {0};

	for (unsigned int parts = 0;; parts++) {
		struct sg_wire *wire = sg_wire_new();
		struct sg_ruleset then = {0};
		const struct sg_table *now;

		sg_wire_begin(wire, 1, generation);
		if (!sg_transition_write_make(plan, room, &at, wire)) {
			sg_wire_free(wire);
			ahead += parts > 0;
			in_parts += parts > 1;
			return generation;
		}
		send(kernel, wire, generation);
		now = dump(kernel, &then);
		assert_non_null(now);
		if ((have && !has_reachable(have, now)) || !has_reachable(now, have ? have : now))
			fail_msg("SEED=%llu: what packets reach changed before the switch", (unsigned long long)current);
		for (size_t i = 0; !have && i < now->chain_count; i++)
			assert_false(now->chains[i].is_base);
		generation = then.generation;
		sg_ruleset_clear(&then);
	}
}

/* One step; returns what was done: 0 nothing, 1 beside, 2 in place, 3 replaced or created. */
static int step(struct sg_kernel *kernel, const struct sg_decision *decision, const struct sg_compile_hints *hints)
{
	struct sg_ruleset before = {0}, after = {0}, tidy = {0};
	const struct sg_table *have = dump(kernel, &before), *now;
	struct sg_wire *wire = sg_wire_new();
	struct sg_table want = {0};
	struct sg_error err = {0};
	struct sg_transition plan;
	uint32_t generation;
	size_t garbage;
	int what;

	assert_int_equal(sg_compile(decision, hints, &want, &err), 0);
	assert_int_equal(sg_transition_make(have, &want, true, &plan, &err), 0);
	for (size_t i = 0; plan.edit_count && i < want.chain_count; i++)
		apart += want.chains[i].is_base && plan.new_chains[i];
	apart += plan.edit_count > 1;
	what = plan.nothing ? 0 : !have || plan.replace ? 3 : plan.edit_count ? 2 : 1;
	generation = make(kernel, &plan, have, before.generation);
	sg_wire_begin(wire, 1, generation);
	sg_transition_write_switch(&plan, wire);
	if (plan.nothing)
		sg_wire_free(wire);
	else
		send(kernel, wire, generation);
	now = dump(kernel, &after);
	assert_non_null(now);
	if (sg_proof(decision, now, &err))
		fail_msg("SEED=%llu: (%d) %s", (unsigned long long)current, what, err.message);
	wire = sg_wire_new();
	sg_wire_begin(wire, 1, after.generation);
	assert_int_equal(sg_transition_write_garbage(now, wire, &garbage, &err), 0);
	if (garbage)
		send(kernel, wire, after.generation);
	else
		sg_wire_free(wire);
	now = dump(kernel, &tidy);
	if (!sg_table_equal(now, &want))
		fail_msg("SEED=%llu: (%d) the table is not the one wanted", (unsigned long long)current, what);
	sg_transition_clear(&plan);
	sg_table_clear(&want);
	sg_ruleset_clear(&before);
	sg_ruleset_clear(&after);
	sg_ruleset_clear(&tidy);
	return what;
}

/* The next decision: something new, or the former with one more region decided; that of what comes in, of what is
 * published, or of both. */
static void vary(struct made *made)
{
	struct sg_idd *idd = made->idd;
	sg_ref region, in = sg_idd_range(idd, SG_FIELD_DIRECTION, SG_IN, SG_IN);
	sg_ref published = sg_idd_range(idd, SG_FIELD_DIRECTION, SG_PUBLISHED, SG_PUBLISHED);
	unsigned int which = below(4);

	if (!made->decision.verdict || below(4) == 0) {
		make_random(made);
		return;
	}
	region = sg_idd_and(idd, some_protocols(idd), below(2) ? SG_IDD_FULL : some_place(idd));
	region = sg_idd_and(idd, region, which == 0 ? in : which == 1 ? published : sg_idd_or(idd, in, published));
	region = sg_idd_and(idd, region, sg_idd_range(idd, SG_FIELD_STATE, SG_CT_NEW, SG_CT_NEW));
	region = sg_idd_and(idd, region, sg_packet_universe(idd));
	made->decision.verdict = sg_idd_ite(idd, region, sg_idd_terminal(1 + below(3)), made->decision.verdict);
}

static void sequences(void **state)
{
	const char *given = getenv("SEED"), *rounds = getenv("ROUNDS");
	uint64_t start = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	unsigned int done[4] = {0};

	(void)state;
	for (uint64_t i = 0; i < (rounds ? strtoull(rounds, NULL, 10) : 20); i++) {
		struct made made = {.idd = sg_packet_context(0)};
		struct sg_kernel *kernel;
		struct sg_error err = {0};

		seed = current = start + i;
		assert_int_equal(unshare(CLONE_NEWNET), 0);
		if (sg_kernel_open(&kernel, &err))
			fail_msg("%s", err.message);
		for (int steps = 0; steps < 25; steps++) {
			struct sg_compile_hints hints = {.preludes = made.preludes};

			vary(&made);
			hints.prelude_count = made.prelude_count;
			done[step(kernel, &made.decision, &hints)]++;
		}
		assert_int_equal(step(kernel, &made.decision, NULL) >= 0, 1);
		assert_int_equal(step(kernel, &made.decision, NULL), 0); /* nothing is left to do */
		sg_kernel_close(kernel);
		sg_idd_free(made.idd);
	}
	print_message("nothing %u, beside %u, in place %u (%u of them for a base chain each), anew %u\n", done[0],
		      done[1], done[2], apart, done[3]);
	assert_true(done[1] > 0 && done[2] > 0 && ahead > 0 && in_parts > 0 && apart > 0);
}

/* One line more, less, or otherwise; the others stay, and so do their meters. */
static void vary_terms(struct terms *terms)
{
	size_t line;

	if (!terms->count || below(8) == 0) {
		make_terms(terms);
		return;
	}
	line = below((uint32_t)terms->count);
	switch (below(4)) {
	case 0: terms->items[line].logs = !terms->items[line].logs; break;
	case 1: terms->items[line].region = some_region(terms->idd); break;
	case 2:
		terms->items[line].limit.limit += terms->items[line].limit.kind != 0;
		terms->items[line].date = below(3);
		break;
	default: terms->items[line] = some_term(terms->idd, line);
	}
	decide_terms(terms);
}

static void sequences_with_conditions(void **state)
{
	const char *given = getenv("SEED"), *rounds = getenv("ROUNDS");
	uint64_t start = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	unsigned int done[4] = {0};

	(void)state;
	for (uint64_t i = 0; i < (rounds ? strtoull(rounds, NULL, 10) : 15); i++) {
		struct terms terms = {.idd = sg_packet_context(0)};
		struct sg_kernel *kernel;
		struct sg_error err = {0};

		seed = current = start + i;
		assert_int_equal(unshare(CLONE_NEWNET), 0);
		if (sg_kernel_open(&kernel, &err))
			fail_msg("%s", err.message);
		for (int steps = 0; steps < 25; steps++) {
			vary_terms(&terms);
			done[step(kernel, &terms.decision, NULL)]++;
		}
		assert_int_equal(step(kernel, &terms.decision, NULL), 0);
		sg_kernel_close(kernel);
		sg_idd_free(terms.idd);
	}
	print_message("nothing %u, beside %u, in place %u, anew %u\n", done[0], done[1], done[2], done[3]);
	assert_true(done[1] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sequences), cmocka_unit_test(sequences_with_conditions)};

	if (geteuid() != 0) {
		print_message("skipped: needs root for a network namespace of its own\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
