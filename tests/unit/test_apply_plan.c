// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which way from one table to another is taken: an edit in place only where no packet can be judged by half of each.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/netfilter.h>
#include "apply/transition.h"
#include "nft/build.h"
#include "nft/datatype.h"
#include "sockgate/compile.h"
#include "sockgate/proto.h"

/* ------------------------------------------------------------------ decisions */

static sg_ref v4_from(struct sg_idd *idd, const uint32_t *addresses, size_t count)
{
	sg_ref from = SG_IDD_EMPTY;

	for (size_t i = 0; i < count; i++)
		from = sg_idd_or(idd, from, sg_idd_range(idd, SG_FIELD_REMOTE4, addresses[i], addresses[i]));
	return sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4), from);
}

static sg_ref tcp_ports(struct sg_idd *idd, uint32_t first, uint32_t last)
{
	return sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PROTOCOL, SG_PROTO_TCP, SG_PROTO_TCP),
			  sg_idd_range(idd, SG_FIELD_PORT, first, last));
}

static sg_ref judge(struct sg_idd *idd, sg_ref region, enum sg_verdict verdict, sg_ref rest)
{
	return sg_idd_ite(idd, region, sg_idd_terminal(verdict), rest);
}

/* The rules for new packets that come in, and for those to published ports; everything else passes. */
static struct sg_table compile_both(struct sg_idd *idd, sg_ref inbound, sg_ref published)
{
	sg_ref new = sg_idd_range(idd, SG_FIELD_STATE, SG_CT_NEW, SG_CT_NEW);
	sg_ref in = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_DIRECTION, SG_IN, SG_IN), new);
	sg_ref forwarded = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_DIRECTION, SG_PUBLISHED, SG_PUBLISHED), new);
	sg_ref judged = sg_idd_ite(idd, forwarded, published, sg_idd_terminal(SG_VERDICT_ACCEPT));
	struct sg_decision decision = {.idd = idd, .origin = SG_IDD_EMPTY};
	struct sg_table table;
	struct sg_error err = {0};

	judged = sg_idd_ite(idd, in, inbound, judged);
	decision.verdict = sg_idd_ite(idd, sg_packet_universe(idd), judged, sg_idd_terminal(0));
	if (sg_compile(&decision, NULL, &table, &err))
		fail_msg("%s", err.message);
	return table;
}

static struct sg_table compile(struct sg_idd *idd, sg_ref inbound)
{
	return compile_both(idd, inbound, sg_idd_terminal(SG_VERDICT_ACCEPT));
}

/* The names of the sets that are edited in place, "" for none; clears the tables. */
static const char *edited(struct sg_table have, struct sg_table want)
{
	static char name[SG_NFT_NAME_SIZE];
	struct sg_transition plan;

	*name = '\0';
	assert_int_equal(sg_transition_make(&have, &want, true, &plan, NULL), 0);
	assert_false(plan.nothing);
	for (size_t i = 0; i < plan.edit_count; i++) {
		strcat(name, i ? " " : "");
		strcat(name, want.sets[plan.edits[i].set].name);
	}
	assert_true(plan.edit_count || plan.replace || plan.elements_added > 0);
	sg_transition_clear(&plan);
	sg_table_clear(&have);
	sg_table_clear(&want);
	return name;
}

static const uint32_t hosts[] = {0x0a000001, 0x0a000005, 0x0a000009, 0x0a00000d, 0x0a000011};
static const size_t count = sizeof(hosts) / sizeof(hosts[0]);

/* ------------------------------------------------------------------ sets */

/* Port 22 is dropped, accepted and refused: one set tells in two rules who is dropped and who is refused. */
static struct sg_table three_verdicts(struct sg_idd *idd, size_t hosts_used)
{
	struct sg_range eth0 = {0}, eth1 = {0};
	sg_ref here, blocked = v4_from(idd, hosts, hosts_used), judged;

	assert_true(sg_interface_range("eth0", 4, &eth0) && sg_interface_range("eth1", 4, &eth1));
	here = sg_idd_or(idd, sg_idd_range(idd, SG_FIELD_INTERFACE, eth0.first, eth0.last),
			 sg_idd_range(idd, SG_FIELD_INTERFACE, eth1.first, eth1.last));
	judged = judge(idd, here, SG_VERDICT_REJECT, sg_idd_terminal(SG_VERDICT_ACCEPT));
	judged = judge(idd, blocked, SG_VERDICT_DROP, judged);
	return compile(idd, sg_idd_ite(idd, tcp_ports(idd, 22, 22), judged, sg_idd_terminal(SG_VERDICT_DROP)));
}

static unsigned int lookups(const struct sg_table *table, const char *set)
{
	unsigned int result = 0;

	for (size_t c = 0; c < table->chain_count; c++)
		for (size_t r = 0; r < table->chains[c].rule_count; r++)
			for (size_t e = 0; e < table->chains[c].rules[r].expr_count; e++) {
				const struct sg_expr *expr = &table->chains[c].rules[r].exprs[e];

				result += expr->kind == SG_EXPR_LOOKUP && !strcmp(expr->name, set);
			}
	return result;
}

static void a_set_of_two_verdicts_is_not_edited(void **state)
{
	struct sg_idd *idd = sg_packet_context(0);
	struct sg_table table = three_verdicts(idd, count);

	(void)state;
	/* whoever is just added would meet neither rule, and be accepted */
	assert_true(lookups(&table, "tcp_22_from4") > 1);
	sg_table_clear(&table);
	assert_string_equal(edited(three_verdicts(idd, count - 1), three_verdicts(idd, count)), "in_ports");
	sg_idd_free(idd);
}

/* Two ports whose classes differ by an interface, and have one set. */
static struct sg_table one_verdict(struct sg_idd *idd, size_t hosts_used)
{
	struct sg_range eth0;
	sg_ref from = v4_from(idd, hosts, hosts_used), here;

	assert_true(sg_interface_range("eth0", 4, &eth0));
	here = sg_idd_and(idd, from, sg_idd_range(idd, SG_FIELD_INTERFACE, eth0.first, eth0.last));
	from = sg_idd_and(idd, from, tcp_ports(idd, 22, 22));
	here = sg_idd_and(idd, here, tcp_ports(idd, 80, 80));
	return compile(idd,
		       judge(idd, sg_idd_or(idd, from, here), SG_VERDICT_ACCEPT, sg_idd_terminal(SG_VERDICT_DROP)));
}

static void a_set_of_one_verdict_is_edited(void **state)
{
	struct sg_idd *idd = sg_packet_context(0);
	struct sg_table table = one_verdict(idd, count);

	(void)state;
	assert_int_equal(lookups(&table, "tcp_22_from4"), 2);
	sg_table_clear(&table);
	assert_string_equal(edited(one_verdict(idd, count - 1), one_verdict(idd, count)), "tcp_22_from4");
	sg_idd_free(idd);
}

/* Packets from the hosts, and to them: of one packet both addresses may be in what changes. */
static struct sg_table both_ends(struct sg_idd *idd, size_t hosts_used)
{
	sg_ref from = v4_from(idd, hosts, hosts_used), to = SG_IDD_EMPTY;

	for (size_t i = 0; i < hosts_used; i++)
		to = sg_idd_or(idd, to, sg_idd_range(idd, SG_FIELD_LOCAL4, hosts[i], hosts[i]));
	to = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4), to);
	from = sg_idd_and(idd, from, tcp_ports(idd, 22, 22));
	to = sg_idd_and(idd, to, tcp_ports(idd, 80, 80));
	return compile(idd, judge(idd, sg_idd_or(idd, from, to), SG_VERDICT_ACCEPT, sg_idd_terminal(SG_VERDICT_DROP)));
}

static void a_set_of_both_ends_is_not_edited(void **state)
{
	struct sg_idd *idd = sg_packet_context(0);

	(void)state;
	assert_string_equal(edited(both_ends(idd, count - 1), both_ends(idd, count)), "in_ports");
	sg_idd_free(idd);
}

/* ------------------------------------------------------------------ maps */

/* Thousands of wide ranges of ports, so that editing one is cheaper than making all anew. */
static struct sg_table ranges(struct sg_idd *idd, uint32_t first, uint32_t last, uint32_t missing)
{
	sg_ref judged = SG_IDD_EMPTY;

	for (uint32_t port = 1000; port < 60000; port += 40)
		if (port != missing)
			judged = sg_idd_or(idd, judged, tcp_ports(idd, port, port + 34));
	judged = sg_idd_or(idd, judged, tcp_ports(idd, first, last));
	return compile(idd, judge(idd, judged, SG_VERDICT_ACCEPT, sg_idd_terminal(SG_VERDICT_DROP)));
}

static void ranges_are_added_or_deleted_but_not_exchanged(void **state)
{
	struct sg_idd *idd = sg_packet_context(0);

	(void)state;
	assert_string_equal(edited(ranges(idd, 1000, 1000, 50000), ranges(idd, 1000, 1000, 0)), "in_ranges");
	assert_string_equal(edited(ranges(idd, 1000, 1000, 0), ranges(idd, 1000, 1000, 50000)), "in_ranges");
	assert_string_equal(edited(ranges(idd, 62000, 62100, 0), ranges(idd, 62000, 62200, 0)), "");
	sg_idd_free(idd);
}

/* ------------------------------------------------------------------ base chains */

/* Every second port up to `last` is open, and 22 to some hosts. */
static sg_ref open_ports(struct sg_idd *idd, uint32_t last, size_t hosts_used)
{
	sg_ref judged = sg_idd_and(idd, tcp_ports(idd, 22, 22), v4_from(idd, hosts, hosts_used));

	for (uint32_t port = 1000; port <= last; port += 2)
		judged = sg_idd_or(idd, judged, tcp_ports(idd, port, port));
	return judge(idd, judged, SG_VERDICT_ACCEPT, sg_idd_terminal(SG_VERDICT_DROP));
}

static struct sg_table ports_of_both(struct sg_idd *idd, uint32_t in, uint32_t published, size_t hosts_used)
{
	return compile_both(idd, open_ports(idd, in, hosts_used), open_ports(idd, published, hosts_used));
}

/* No packet meets both base chains: each has a place of its own where it meets the one policy or the other. */
static void each_base_chain_has_its_edit(void **state)
{
	struct sg_idd *idd = sg_packet_context(0);
	const sg_ref open = sg_idd_terminal(SG_VERDICT_ACCEPT), shut = sg_idd_terminal(SG_VERDICT_DROP);

	(void)state;
	assert_string_equal(edited(ports_of_both(idd, 3000, 3000, count), ports_of_both(idd, 3002, 3002, count)),
			    "in_ports pub_tcp_ports");
	assert_string_equal(edited(ports_of_both(idd, 3000, 3000, count), ports_of_both(idd, 3000, 3002, count)),
			    "pub_tcp_ports");
	/* so does one set that both look into, which is the place of both */
	assert_string_equal(edited(ports_of_both(idd, 3000, 3000, count), ports_of_both(idd, 3000, 3000, count - 1)),
			    "tcp_22_from4");
	/* where it is not the only one that changes, both maps lead to another */
	assert_string_equal(edited(ports_of_both(idd, 3000, 3000, count), ports_of_both(idd, 3000, 3002, count - 1)),
			    "in_ports pub_tcp_ports");
	/* beside an edit the other base chain comes, goes, or has other rules */
	assert_string_equal(
		edited(ports_of_both(idd, 3000, 3000, count), compile_both(idd, open_ports(idd, 3002, count), open)),
		"in_ports");
	assert_string_equal(
		edited(compile_both(idd, open_ports(idd, 3000, count), open), ports_of_both(idd, 3002, 3000, count)),
		"in_ports");
	assert_string_equal(
		edited(ports_of_both(idd, 3000, 3000, count), compile_both(idd, open_ports(idd, 3002, count), shut)),
		"in_ports");
	sg_idd_free(idd);
}

/* Whether a message of the batch is about that chain. */
static bool mentions(const struct sg_wire *wire, const char *chain)
{
	bool result = false;
	size_t element;

	for (uint32_t seq = 1; seq < 100; seq++) {
		const struct sg_wire_note *note = sg_wire_find(wire, seq, 0, &element);

		result |= note && !strcmp(note->what, "chain") && !strcmp(note->name, chain);
	}
	return result;
}

/* A base chain that comes is there when all that it leads to is, and not a transaction before. */
static void a_base_chain_does_not_come_ahead(void **state)
{
	struct sg_idd *idd = sg_packet_context(0);
	struct sg_table have = compile_both(idd, open_ports(idd, 3000, count), sg_idd_terminal(SG_VERDICT_ACCEPT));
	struct sg_table want = ports_of_both(idd, 3002, 3000, count);
	struct sg_wire *ahead = sg_wire_new(), *change = sg_wire_new();
	const struct sg_chain *forward = sg_table_chain(&want, "forward");
	struct sg_made at = {0};
	struct sg_transition plan;

	(void)state;
	assert_int_equal(sg_transition_make(&have, &want, true, &plan, NULL), 0);
	assert_int_equal(plan.edit_count, 1);
	assert_true(plan.new_chains[forward - want.chains]);
	sg_wire_begin(ahead, 1, 1);
	assert_true(sg_transition_write_make(&plan, SIZE_MAX, &at, ahead));
	assert_false(sg_transition_write_make(&plan, SIZE_MAX, &at, ahead));
	sg_wire_begin(change, 1, 1);
	sg_transition_write_switch(&plan, change);
	assert_false(mentions(ahead, "forward"));
	assert_true(mentions(ahead, "published"));
	assert_true(mentions(change, "forward"));
	sg_wire_free(ahead);
	sg_wire_free(change);
	sg_transition_clear(&plan);
	sg_table_clear(&have);
	sg_table_clear(&want);
	sg_idd_free(idd);
}

/* ------------------------------------------------------------------ tables that are not ours */

static bool replaced(struct sg_idd *idd, void (*spoil)(struct sg_table *table))
{
	struct sg_table have = one_verdict(idd, count), want = one_verdict(idd, count);
	struct sg_transition plan;
	bool result;

	spoil(&have);
	assert_int_equal(sg_transition_make(&have, &want, true, &plan, NULL), 0);
	result = plan.replace;
	sg_transition_clear(&plan);
	sg_table_clear(&have);
	sg_table_clear(&want);
	return result;
}

static void spoil_nothing(struct sg_table *table)
{
	(void)table;
}

static void spoil_name(struct sg_table *table)
{
	sg_table_add_chain(table, "output", NULL);
}

static void spoil_priority(struct sg_table *table)
{
	table->chains[0].priority = 1;
}

static void spoil_policy(struct sg_table *table)
{
	table->chains[0].policy = 1;
}

static void spoil_hook(struct sg_table *table)
{
	table->chains[0].hook = 2;
}

static void spoil_flags(struct sg_table *table)
{
	table->flags = 1;
}

static void strange_tables_are_replaced(void **state)
{
	struct sg_idd *idd = sg_packet_context(0);

	(void)state;
	assert_false(replaced(idd, spoil_nothing));
	assert_true(replaced(idd, spoil_name));
	assert_true(replaced(idd, spoil_priority));
	assert_true(replaced(idd, spoil_policy));
	assert_true(replaced(idd, spoil_hook));
	assert_true(replaced(idd, spoil_flags));
	sg_idd_free(idd);
}

/* What a first load left behind that was interrupted before any packet met it: it goes on from there. */
static void a_table_without_chains_is_filled(void **state)
{
	struct sg_idd *idd = sg_packet_context(0);
	struct sg_table have = {0}, want = one_verdict(idd, count);
	struct sg_transition plan;

	(void)state;
	assert_int_equal(sg_transition_make(&have, &want, true, &plan, NULL), 0);
	assert_false(plan.replace || plan.nothing);
	assert_true(plan.new_chains[sg_table_chain(&want, "input") - want.chains]);
	sg_transition_clear(&plan);
	sg_table_clear(&want);
	sg_idd_free(idd);
}

/* ------------------------------------------------------------------ what differs */

static bool nothing_to_do(struct sg_idd *idd, void (*spoil)(struct sg_table *table))
{
	struct sg_table have = one_verdict(idd, count), want = one_verdict(idd, count);
	struct sg_transition plan;
	bool result;

	spoil(&have);
	assert_int_equal(sg_transition_make(&have, &want, true, &plan, NULL), 0);
	assert_false(plan.replace);
	result = plan.nothing;
	sg_transition_clear(&plan);
	sg_table_clear(&have);
	sg_table_clear(&want);
	return result;
}

static struct sg_set *the_set(struct sg_table *table, const char *name)
{
	return &table->sets[sg_table_set(table, name) - table->sets];
}

static void spoil_mark(struct sg_table *table)
{
	table->chains[0].rules[0].mark = (uint8_t *)strdup("x");
	table->chains[0].rules[0].mark_size = 1;
}

static void spoil_rule_comment(struct sg_table *table)
{
	table->chains[0].rules[0].comment = strdup("x");
}

static void spoil_set(struct sg_table *table)
{
	the_set(table, "tcp_22_from4")->unknown = true;
}

static void spoil_key(struct sg_table *table)
{
	the_set(table, "tcp_22_from4")->keys[3] ^= 64;
}

static void spoil_map(struct sg_table *table)
{
	the_set(table, "in_ports")->unknown = true;
}

static void spoil_verdict(struct sg_table *table)
{
	struct sg_set *map = the_set(table, "in_ports");

	sg_nft_verdict_clear(&map->verdicts[0]);
	map->verdicts[0].code = SG_CODE_DROP;
}

static void spoil_catch_all(struct sg_table *table)
{
	the_set(table, "in_ports")->catch_all = true;
}

static void spoil_chain(struct sg_table *table)
{
	table->chains[sg_table_chain(table, "tcp_22") - table->chains].unknown = true;
}

static void spoil_rule(struct sg_table *table)
{
	sg_chain_add_rule(&table->chains[sg_table_chain(table, "tcp_22") - table->chains], NULL);
}

static void whatever_differs_is_noticed(void **state)
{
	void (*const spoils[])(struct sg_table * table) = {spoil_mark,      spoil_rule_comment, spoil_set,
							   spoil_key,       spoil_map,          spoil_verdict,
							   spoil_catch_all, spoil_chain,        spoil_rule};
	struct sg_idd *idd = sg_packet_context(0);

	(void)state;
	assert_true(nothing_to_do(idd, spoil_nothing));
	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++)
		assert_false(nothing_to_do(idd, spoils[i]));
	sg_idd_free(idd);
}

/* ------------------------------------------------------------------ sets that packets fill */

/* A table with a meter for each peer of one chain. */
struct metered {
	uint32_t rate, size;
	uint64_t timeout;
	const char *comment;
	bool twice;       /* the base chain leads there for UDP too */
	uint32_t carried; /* the rate that elements have, 0: there are none */
	bool odd;         /* some have another one */
};
static const struct metered usual = {.rate = 20, .size = 65536, .timeout = 60000};

static void jump(struct sg_chain *chain, uint8_t protocol)
{
	struct sg_rule *rule = sg_chain_add_rule(chain, NULL);

	assert_int_equal(sg_build_protocol(rule, protocol, NULL), 0);
	assert_int_equal(sg_build_verdict(rule, SG_CODE_JUMP, "limit_22", NULL), 0);
}

static struct sg_table metered(const struct metered *how)
{
	struct sg_table table = {.name = strdup(SG_TABLE_NAME), .family = SG_TABLE_FAMILY};
	struct sg_set *set = sg_table_add_set(&table, "limit_22_4", NULL);
	struct sg_chain *input = sg_table_add_chain(&table, "input", NULL);
	struct sg_rule *rule;

	set->flags = SG_SET_EVAL | SG_SET_TIMEOUT;
	set->key_type = DATATYPE_IPV4_ADDR;
	set->key_length = 4;
	set->size = how->size;
	set->timeout = how->timeout;
	set->comment = how->comment ? strdup(how->comment) : NULL;
	input->is_base = true;
	input->hook = NF_INET_LOCAL_IN;
	input->type = strdup("filter");
	jump(input, SG_PROTO_TCP);
	if (how->twice)
		jump(input, SG_PROTO_UDP);
	rule = sg_chain_add_rule(sg_table_add_chain(&table, "limit_22", NULL), NULL);
	assert_int_equal(sg_build_family(rule, SG_IPV4, NULL), 0);
	assert_int_equal(sg_build_meter_limit(rule, SG_IPV4, false, "limit_22_4", how->rate, 60, 20, NULL), 0);
	assert_int_equal(sg_build_verdict(rule, SG_CODE_ACCEPT, NULL, NULL), 0);
	return table;
}

static void fill(struct sg_table *table, const struct metered *how)
{
	struct sg_set *set = &table->sets[0];

	set->carried_odd = how->odd;
	if (!how->carried)
		return;
	set->carried = calloc(1, sizeof(*set->carried));
	*set->carried = table->chains[1].rules[0].exprs[3].inner[0];
	set->carried->rate = how->carried;
}

/* Whether the set of the kernel's table stays for the rules that are wanted. */
static bool keeps_set(struct metered how)
{
	struct sg_table have = metered(&usual), want = metered(&how);
	const struct sg_expr *expr;
	struct sg_transition plan;
	bool kept;

	fill(&have, &how);
	assert_int_equal(sg_transition_make(&have, &want, true, &plan, NULL), 0);
	assert_false(plan.replace);
	assert_int_equal(plan.edit_count, 0);
	kept = !plan.new_sets[0];
	/* what fills a set follows its name */
	expr = &want.chains[1].rules[0].exprs[3];
	assert_int_equal(expr->kind, SG_EXPR_DYNSET);
	assert_string_equal(expr->name, want.sets[0].name);
	assert_string_equal(want.sets[0].name, kept ? "limit_22_4" : "limit_22_4.2");
	assert_int_equal(plan.new_chains[1], !kept);
	sg_transition_clear(&plan);
	sg_table_clear(&have);
	sg_table_clear(&want);
	return kept;
}

/* What came before is remembered as long as the limit is the same; elements that have another one are of no use. */
static void a_set_that_packets_fill_is_kept_or_new(void **state)
{
	struct metered how = usual;

	(void)state;
	assert_true(keeps_set(how));
	how.twice = true;
	assert_true(keeps_set(how));
	how = usual;
	how.rate = 30;
	assert_false(keeps_set(how));
	how = usual;
	how.size = 1000;
	assert_false(keeps_set(how));
	how = usual;
	how.timeout = 90000;
	assert_false(keeps_set(how));
	how = usual;
	how.comment = "peers";
	assert_false(keeps_set(how));
	how = usual;
	how.carried = 20;
	assert_true(keeps_set(how));
	how.odd = true;
	assert_false(keeps_set(how));
	how = usual;
	how.carried = 1000;
	assert_false(keeps_set(how));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_that_packets_fill_is_kept_or_new),
		cmocka_unit_test(a_set_of_two_verdicts_is_not_edited),
		cmocka_unit_test(a_set_of_one_verdict_is_edited),
		cmocka_unit_test(a_set_of_both_ends_is_not_edited),
		cmocka_unit_test(ranges_are_added_or_deleted_but_not_exchanged),
		cmocka_unit_test(each_base_chain_has_its_edit),
		cmocka_unit_test(a_base_chain_does_not_come_ahead),
		cmocka_unit_test(strange_tables_are_replaced),
		cmocka_unit_test(a_table_without_chains_is_filled),
		cmocka_unit_test(whatever_differs_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
