// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * eval(compile(d)) == d: for random decisions, with and without hints, and for the shapes that policies have.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "sockgate/compile.h"
#include "sockgate/evaluate.h"
#include "sockgate/proto.h"

static uint64_t seed = 1, current; /* current: the SEED that repeats what failed (with ROUNDS=1) */

static uint32_t below(uint32_t n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33) % n;
}

/* ------------------------------------------------------------------ random decisions */

static sg_ref some_ports(struct sg_idd *idd)
{
	uint32_t first = below(8) ? below(200) : below(65000);
	uint32_t size = below(3) ? 0 : below(5) ? below(20) : below(500);

	return sg_idd_range(idd, SG_FIELD_PORT, first, first + size);
}

static sg_ref some_protocols(struct sg_idd *idd)
{
	static const uint8_t known[] = {6, 17, 6, 17, 6, 132, 47, 50};
	uint8_t p = known[below(sizeof(known))];

	switch (below(12)) {
	case 0: return SG_IDD_FULL;
	case 1: return sg_idd_range(idd, SG_FIELD_PROTOCOL, p, p);
	case 2:
		p = below(2) ? 1 : 58;
		return sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PROTOCOL, p, p),
				  sg_idd_range(idd, SG_FIELD_PORT, below(20), 20));
	default: return sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PROTOCOL, p, p), some_ports(idd));
	}
}

static sg_ref some_interfaces(struct sg_idd *idd)
{
	static const char *const names[] = {"lo", "eth0", "eth*", "br0", "br*", "wg0", "e*"};
	const char *name = names[below(7)];
	struct sg_range range;
	sg_ref ref;

	if (below(2))
		return SG_IDD_FULL;
	assert_true(sg_interface_range(name, strlen(name), &range));
	ref = sg_idd_range(idd, SG_FIELD_INTERFACE, range.first, range.last);
	return below(4) ? ref : sg_idd_not(idd, ref);
}

static sg_ref some_addresses(struct sg_idd *idd, size_t level4)
{
	sg_ref v4 = SG_IDD_EMPTY, v6 = SG_IDD_EMPTY;
	sg_ref is4 = sg_idd_range(idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4);

	if (below(2))
		return SG_IDD_FULL;
	for (uint32_t i = below(4); i > 0; i--) {
		uint32_t first = 0x0a000000 + below(64) * 16, size = below(2) ? 0 : 16 * (1 + below(4)) - 1;
		sg_u128 top = (sg_u128)0x20010db8 << 96;

		v4 = sg_idd_or(idd, v4, sg_idd_range(idd, level4, first, (sg_u128)first + size));
		v6 = sg_idd_or(idd, v6, sg_idd_range(idd, level4 + 1, top + below(64), top + 64 + below(64)));
	}
	return below(5) ? sg_idd_ite(idd, is4, v4, v6) : sg_idd_ite(idd, is4, v4, SG_IDD_EMPTY);
}

static sg_ref some_place(struct sg_idd *idd)
{
	sg_ref region = some_interfaces(idd);

	region = sg_idd_and(idd, region, some_addresses(idd, SG_FIELD_REMOTE4));
	if (below(4) == 0)
		region = sg_idd_and(idd, region, some_addresses(idd, SG_FIELD_LOCAL4));
	return region;
}

struct made {
	struct sg_idd *idd;
	struct sg_decision decision;
	struct sg_compile_prelude preludes[4];
	size_t prelude_count;
	struct sg_compile_name names[2];
};

static void finish(struct made *made, sg_ref judged, uint32_t odd_states)
{
	struct sg_idd *idd = made->idd;
	sg_ref in = judged, out = sg_idd_terminal(SG_VERDICT_ACCEPT);

	for (unsigned int s = SG_CT_ESTABLISHED; s < SG_CT_COUNT; s++) {
		sg_ref here = sg_idd_range(idd, SG_FIELD_STATE, s, s);
		enum sg_verdict verdict = s == SG_CT_INVALID ? SG_VERDICT_DROP : SG_VERDICT_ACCEPT;

		if (s != SG_CT_UNTRACKED && !(odd_states & 1U << s))
			in = sg_idd_ite(idd, here, sg_idd_terminal(verdict), in);
	}
	in = sg_idd_ite(idd, sg_idd_range(idd, SG_FIELD_DIRECTION, SG_IN, SG_IN), in, out);
	made->decision.verdict = sg_idd_ite(idd, sg_packet_universe(idd), in, sg_idd_terminal(0));
	made->decision.origin = sg_idd_terminal(0);
	made->decision.idd = idd;
}

static void make_random(struct made *made)
{
	struct sg_idd *idd = made->idd;
	sg_ref judged = sg_idd_terminal(1 + below(3)), odd = SG_IDD_EMPTY;

	for (uint32_t lines = below(12); lines > 0; lines--) {
		sg_ref region = sg_idd_and(idd, some_protocols(idd), some_place(idd));

		judged = sg_idd_ite(idd, region, sg_idd_terminal(1 + below(3)), judged);
	}
	made->prelude_count = below(4);
	for (size_t i = made->prelude_count; i-- > 0;) {
		made->preludes[i].region = some_place(idd);
		made->preludes[i].comment = below(2) ? "a \"prelude\"" : NULL;
		if (below(4)) /* else a hint that does not fit */
			judged = sg_idd_ite(idd, made->preludes[i].region, sg_idd_terminal(1 + below(3)), judged);
	}
	/* a state that is judged by something else again */
	if (below(6) == 0)
		odd = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_STATE, SG_CT_UNTRACKED, SG_CT_UNTRACKED),
				 some_protocols(idd));
	judged = sg_idd_ite(idd, odd, sg_idd_terminal(1 + below(3)), judged);
	finish(made, judged, below(3) ? 0 : below(1U << SG_CT_COUNT));
}

/* ------------------------------------------------------------------ the property */

static void expect_equal(struct made *made, const struct sg_compile_hints *hints)
{
	struct sg_table table = {0};
	struct sg_evaluation evaluation;
	struct sg_error err = {0};
	struct sg_packet packet;
	enum sg_answer answer;
	size_t unknown;

	if (sg_compile(&made->decision, hints, &table, &err))
		fail_msg("SEED=%llu: compile: %s", (unsigned long long)current, err.message);
	if (sg_evaluate(made->idd, &table, &evaluation, &err))
		fail_msg("SEED=%llu: evaluate: %s", (unsigned long long)current, err.message);
	assert_int_equal(sg_evaluation_compare(&evaluation, &made->decision, &answer, &packet, &unknown, &err), 0);
	if (answer != SG_PROVEN)
		fail_msg("SEED=%llu: answer %d, protocol %u port %u state %u family %u%s%s",
			 (unsigned long long)current, (int)answer, (unsigned int)packet.field[SG_FIELD_PROTOCOL],
			 (unsigned int)packet.field[SG_FIELD_PORT], (unsigned int)packet.field[SG_FIELD_STATE],
			 (unsigned int)packet.field[SG_FIELD_FAMILY], answer == SG_UNDECIDED ? " because of " : "",
			 answer == SG_UNDECIDED ? evaluation.unknowns[unknown].reason : "");
	sg_evaluation_clear(&evaluation);
	sg_table_clear(&table);
}

static void random_decisions(void **state)
{
	const char *given = getenv("SEED"), *rounds = getenv("ROUNDS");
	uint64_t start = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

	(void)state;
	for (uint64_t i = 0; i < (rounds ? strtoull(rounds, NULL, 10) : 400); i++) {
		struct made made = {.idd = sg_packet_context(0)};
		struct sg_compile_hints hints = {.preludes = made.preludes};

		seed = start + i;
		current = seed;
		assert_non_null(made.idd);
		make_random(&made);
		expect_equal(&made, NULL);
		hints.prelude_count = made.prelude_count;
		expect_equal(&made, &hints);
		sg_idd_free(made.idd);
	}
}

/* ------------------------------------------------------------------ shapes */

static sg_ref port_set(struct sg_idd *idd, uint8_t protocol, uint32_t first, uint32_t last)
{
	return sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PROTOCOL, protocol, protocol),
			  sg_idd_range(idd, SG_FIELD_PORT, first, last));
}

static void one_lookup_whatever_the_ports(void **state)
{
	struct made made = {.idd = sg_packet_context(0)};
	struct sg_table table = {0};
	struct sg_error err = {0};
	sg_ref accept = SG_IDD_EMPTY;
	const struct sg_set *ports;

	(void)state;
	for (uint32_t port = 10; port < 3010; port += 3)
		accept = sg_idd_or(made.idd, accept, port_set(made.idd, SG_PROTO_TCP, port, port));
	accept = sg_idd_or(made.idd, accept, port_set(made.idd, SG_PROTO_UDP, 60000, 61000));
	finish(&made,
	       sg_idd_ite(made.idd, accept, sg_idd_terminal(SG_VERDICT_ACCEPT), sg_idd_terminal(SG_VERDICT_DROP)), 0);
	assert_int_equal(sg_compile(&made.decision, NULL, &table, &err), 0);
	assert_int_equal(table.chain_count, 1);
	assert_int_equal(table.chains[0].rule_count, 4); /* two states, two lookups */
	ports = sg_table_set(&table, "in_ports");
	assert_non_null(ports);
	assert_int_equal(ports->count, 1000);
	assert_true(ports->size >= 2000);
	assert_int_equal(sg_table_set(&table, "in_ranges")->count, 1);
	sg_table_clear(&table);
	expect_equal(&made, NULL);
	sg_idd_free(made.idd);
}

static void classes_are_shared_and_named(void **state)
{
	struct made made = {.idd = sg_packet_context(0)};
	struct sg_range nets[] = {{0xc0000200, 0xc00002ff}, {0xc6336407, 0xc6336407}};
	struct sg_ranges office = {.items = nets, .count = 2, .room = 2};
	sg_ref v4 = sg_idd_split(made.idd, SG_FIELD_REMOTE4, &office, SG_IDD_FULL, SG_IDD_EMPTY), from, accept;
	struct sg_compile_name name = {.name = "head-office", .v4 = v4, .v6 = SG_IDD_EMPTY};
	struct sg_compile_hints hints = {.names = &name, .name_count = 1};
	struct sg_table table = {0};
	struct sg_error err = {0};

	(void)state;
	from = sg_idd_and(made.idd, sg_idd_range(made.idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4), v4);
	accept = sg_idd_or(made.idd, port_set(made.idd, SG_PROTO_TCP, 5432, 5432),
			   port_set(made.idd, SG_PROTO_TCP, 6379, 6379));
	accept = sg_idd_and(made.idd, accept, from);
	finish(&made,
	       sg_idd_ite(made.idd, accept, sg_idd_terminal(SG_VERDICT_ACCEPT), sg_idd_terminal(SG_VERDICT_DROP)), 0);
	assert_int_equal(sg_compile(&made.decision, &hints, &table, &err), 0);
	assert_int_equal(table.chain_count, 2);
	assert_non_null(sg_table_chain(&table, "tcp_5432"));
	assert_int_equal(sg_table_chain(&table, "tcp_5432")->rule_count, 1);
	assert_non_null(sg_table_set(&table, "g_head_office4"));
	sg_table_clear(&table);
	expect_equal(&made, &hints);
	sg_idd_free(made.idd);
}

static void outbound_is_refused(void **state)
{
	struct made made = {.idd = sg_packet_context(0)};
	struct sg_table table = {0};
	struct sg_error err = {0};

	(void)state;
	finish(&made, sg_idd_terminal(SG_VERDICT_DROP), 0);
	made.decision.verdict = sg_idd_ite(made.idd, sg_packet_universe(made.idd), sg_idd_terminal(SG_VERDICT_DROP),
					   sg_idd_terminal(0));
	assert_int_equal(sg_compile(&made.decision, NULL, &table, &err), -1);
	assert_int_equal(err.kind, SG_ERROR_INPUT);
	assert_null(table.chains);
	sg_idd_free(made.idd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_lookup_whatever_the_ports),
		cmocka_unit_test(classes_are_shared_and_named),
		cmocka_unit_test(outbound_is_refused),
		cmocka_unit_test(random_decisions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
