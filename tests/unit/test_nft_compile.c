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
#include <linux/netfilter.h>
#include "sockgate/evaluate.h"
#include "random_decision.h"

static uint64_t current; /* the SEED that repeats what failed (with ROUNDS=1) */

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
	if (answer == SG_PROVEN)
		assert_int_equal(sg_evaluation_compare_logs(&evaluation, &made->decision, &answer, &packet, &unknown,
							    &err),
				 0);
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
	       sg_idd_ite(made.idd, accept, sg_idd_terminal(SG_VERDICT_ACCEPT), sg_idd_terminal(SG_VERDICT_DROP)),
	       sg_idd_terminal(SG_VERDICT_ACCEPT), 0);
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
	       sg_idd_ite(made.idd, accept, sg_idd_terminal(SG_VERDICT_ACCEPT), sg_idd_terminal(SG_VERDICT_DROP)),
	       sg_idd_terminal(SG_VERDICT_ACCEPT), 0);
	assert_int_equal(sg_compile(&made.decision, &hints, &table, &err), 0);
	assert_int_equal(table.chain_count, 2);
	assert_non_null(sg_table_chain(&table, "tcp_5432"));
	assert_int_equal(sg_table_chain(&table, "tcp_5432")->rule_count, 1);
	assert_non_null(sg_table_set(&table, "g_head_office4"));
	assert_int_equal(sg_table_set(&table, "g_head_office4")->key_type, 7); /* nft's ipv4_addr */
	assert_int_equal(sg_table_set(&table, "g_head_office4")->key_length, 4);
	sg_table_clear(&table);
	expect_equal(&made, &hints);
	sg_idd_free(made.idd);
}

/* The base chain is closed whatever becomes of its rules, and stands where firewalls stand. */
static void base_chains(void **state)
{
	struct made made = {.idd = sg_packet_context(0)};
	struct sg_table table = {0};
	struct sg_error err = {0};

	(void)state;
	finish(&made, sg_idd_terminal(SG_VERDICT_ACCEPT), sg_idd_terminal(SG_VERDICT_DROP), 0);
	assert_int_equal(sg_compile(&made.decision, NULL, &table, &err), 0);
	assert_int_equal(table.chain_count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_true(table.chains[i].is_base);
		assert_string_equal(table.chains[i].type, "filter");
		assert_int_equal(table.chains[i].priority, 0);
		assert_int_equal(table.chains[i].policy, NF_DROP);
		assert_int_equal(table.chains[i].hook, i ? NF_INET_LOCAL_OUT : NF_INET_LOCAL_IN);
		assert_string_equal(table.chains[i].name, i ? "output" : "input");
	}
	sg_table_clear(&table);
	sg_idd_free(made.idd);
}

/* The chain for forwarded packets lets all pass but those to published ports, whose ports are in maps by protocol. */
static void published_ports(void **state)
{
	struct made made = {.idd = sg_packet_context(0)};
	const struct sg_chain *forward, *published;
	struct sg_table table = {0};
	struct sg_error err = {0};
	sg_ref accept;

	(void)state;
	accept = sg_idd_or(made.idd, port_set(made.idd, SG_PROTO_TCP, 80, 80),
			   port_set(made.idd, SG_PROTO_TCP, 1000, 2000));
	accept = sg_idd_or(made.idd, accept, port_set(made.idd, SG_PROTO_UDP, 53, 54));
	made.published =
		sg_idd_ite(made.idd, accept, sg_idd_terminal(SG_VERDICT_ACCEPT), sg_idd_terminal(SG_VERDICT_DROP));
	finish(&made, sg_idd_terminal(SG_VERDICT_ACCEPT), sg_idd_terminal(SG_VERDICT_ACCEPT), 0);
	assert_int_equal(sg_compile(&made.decision, NULL, &table, &err), 0);
	forward = sg_table_chain(&table, "forward");
	published = sg_table_chain(&table, "published");
	assert_true(forward && published);
	assert_true(forward->is_base && forward->hook == NF_INET_FORWARD && forward->policy == NF_DROP);
	assert_int_equal(forward->rule_count, 2);
	assert_int_equal(forward->rules[1].expr_count, 1);
	assert_int_equal(forward->rules[1].exprs[0].verdict.code, NF_ACCEPT);
	assert_false(published->is_base);
	assert_int_equal(published->rule_count, 3);
	assert_int_equal(sg_table_set(&table, "pub_tcp_ports")->count, 1);
	assert_int_equal(sg_table_set(&table, "pub_tcp_ranges")->count, 1);
	assert_int_equal(sg_table_set(&table, "pub_udp_ports")->count, 2);
	assert_int_equal(sg_table_set(&table, "pub_udp_ports")->key_length, 2);
	sg_table_clear(&table);
	expect_equal(&made, NULL);
	/* when all of them are dropped there is nothing to look up */
	made.published = sg_idd_terminal(SG_VERDICT_DROP);
	finish(&made, sg_idd_terminal(SG_VERDICT_ACCEPT), sg_idd_terminal(SG_VERDICT_ACCEPT), 0);
	assert_int_equal(sg_compile(&made.decision, NULL, &table, &err), 0);
	assert_null(sg_table_chain(&table, "published"));
	assert_int_equal(table.set_count, 0);
	sg_table_clear(&table);
	expect_equal(&made, NULL);
	sg_idd_free(made.idd);
}

/* Origin 1: 128 bytes of which the last begin a character; 2: what nft could not read back. */
static const char *comment(uint32_t origin, const void *data)
{
	return origin == 2 ? "say \"hi\"\n\\now" : data;
}

static void comments_are_of_the_line_that_accepts(void **state)
{
	char text[140];
	struct made made = {.idd = sg_packet_context(0)};
	struct sg_compile_hints hints = {.comment = comment, .data = text};
	struct sg_table table = {0};
	struct sg_error err = {0};
	sg_ref web = port_set(made.idd, SG_PROTO_TCP, 80, 80), ssh = port_set(made.idd, SG_PROTO_TCP, 22, 22), from;
	const struct sg_set *ports;
	struct sg_range net = {0x0a000000, 0x0affffff};

	(void)state;
	memset(text, 'x', 126);
	strcpy(text + 126, "\xc3\xa9");
	from = sg_idd_and(made.idd, sg_idd_range(made.idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4),
			  sg_idd_range(made.idd, SG_FIELD_REMOTE4, net.first, net.last));
	web = sg_idd_and(made.idd, web, from);
	finish(&made,
	       sg_idd_ite(made.idd, sg_idd_or(made.idd, web, ssh), sg_idd_terminal(SG_VERDICT_ACCEPT),
			  sg_idd_terminal(SG_VERDICT_DROP)),
	       sg_idd_terminal(SG_VERDICT_ACCEPT), 0);
	made.decision.origin = sg_idd_ite(made.idd, web, sg_idd_terminal(1),
					  sg_idd_ite(made.idd, ssh, sg_idd_terminal(2), sg_idd_terminal(3)));
	assert_int_equal(sg_compile(&made.decision, &hints, &table, &err), 0);
	ports = sg_table_set(&table, "in_ports");
	assert_int_equal(ports->count, 2);
	/* port 22 comes first; what cannot be printed is told otherwise */
	assert_int_equal(ports->origins[0], 2);
	assert_string_equal(ports->comments[0], "say 'hi'  now");
	/* of a port that not all may use: the line that lets some, and no half of a character */
	assert_int_equal(ports->origins[1], 1);
	assert_int_equal(strlen(ports->comments[1]), 126);
	assert_int_equal(sg_table_chain(&table, "tcp_80")->rules[0].origin, 1);
	sg_table_clear(&table);
	sg_idd_free(made.idd);
}

static void forwarded_is_refused(void **state)
{
	struct made made = {.idd = sg_packet_context(0)};
	struct sg_table table = {0};
	struct sg_error err = {0};

	(void)state;
	finish(&made, sg_idd_terminal(SG_VERDICT_DROP), sg_idd_terminal(SG_VERDICT_ACCEPT), 0);
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
		cmocka_unit_test(base_chains),
		cmocka_unit_test(published_ports),
		cmocka_unit_test(comments_are_of_the_line_that_accepts),
		cmocka_unit_test(forwarded_is_refused),
		cmocka_unit_test(random_decisions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
