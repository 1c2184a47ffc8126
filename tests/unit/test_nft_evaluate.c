// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The evaluator against an interpreter of its own: whatever a packet's fate is, the evaluation must have it among what
 * may become of the packet; and where rules are wholly understood, it must say exactly that.
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
#include "sockgate/evaluate.h"
#include "random_rules.h"

static uint64_t current; /* the SEED that repeats what failed (with ROUNDS=1) */

/* ------------------------------------------------------------------ what may become of a packet */

static int see_verdict(uint32_t value, void *data)
{
	*(unsigned int *)data |= 1U << value;
	return 0;
}

/* Bit v: the verdict v is possible at the point, for some value of what is not known. */
static unsigned int possible(struct sg_idd *idd, sg_ref ref, const sg_u128 *point)
{
	unsigned int seen = 0;

	while (sg_idd_level(idd, ref) < SG_FIELD_COUNT) {
		size_t level = sg_idd_level(idd, ref), edge = 0;

		while (sg_idd_edge_last(idd, ref, edge) < point[level])
			edge++;
		ref = sg_idd_edge_child(idd, ref, edge);
	}
	sg_idd_terminals(idd, ref, see_verdict, &seen);
	return seen;
}

static void compare_packets(const struct rules *rules, struct sg_idd *idd, const struct sg_evaluation *evaluation)
{
	for (unsigned int i = 0; i < 60; i++) {
		sg_u128 point[SG_FIELD_COUNT];
		struct nft_packet packet;
		unsigned int may;

		random_packet(&packet);
		place_packet(&packet, point);
		may = possible(idd, evaluation->decision.verdict, point);
		for (unsigned int again = 0; again < (rules->odd ? 4 : 1); again++) {
			enum sg_verdict verdict = nft_run(rules->table, &packet, seed + again);

			if (!(may & 1U << verdict))
				fail_msg("SEED=%llu packet %u: the kernel says %s, the evaluation %#x",
					 (unsigned long long)current, i, sg_verdict_name(verdict), may);
		}
		/* of a packet that was rewritten the rules ask what no level has any more */
		if (!rules->odd && packet.direction != SG_PUBLISHED && (may & (may - 1)))
			fail_msg("SEED=%llu packet %u: not decided (%s)", (unsigned long long)current, i,
				 evaluation->unknown_count ? evaluation->unknowns[0].reason : "?");
	}
}

/* In the forward hook, whatever a packet's connection may be; all of that and no more may become of the packet. */
static void compare_forwarded(const struct rules *rules, struct sg_idd *idd, const struct sg_evaluation *evaluation)
{
	for (unsigned int i = 0; i < 60; i++) {
		bool published = below(2), connected;
		unsigned int may, does = 0;
		sg_u128 point[SG_FIELD_COUNT];
		struct nft_packet packet;

		do
			random_packet(&packet);
		while (packet.direction != (published ? SG_PUBLISHED : SG_FORWARD));
		place_packet(&packet, point);
		may = possible(idd, evaluation->decision.verdict, point);
		connected = packet.state <= SG_CT_RELATED;
		for (unsigned int way = 0; way < (published || !connected ? 1 : 3); way++) {
			if (!published) {
				packet.rewritten = way == 2;
				packet.reply = way > 0;
			}
			does |= 1U << nft_run(rules->table, &packet, seed);
		}
		if ((does & ~may) || (published && may != does))
			fail_msg("SEED=%llu packet %u: the kernel does %#x, the evaluation says %#x (%s)",
				 (unsigned long long)current, i, does, may,
				 evaluation->unknown_count ? evaluation->unknowns[0].reason : "?");
	}
}

enum flavour { PLAIN, ODD, PUBLISHED };

static void random_tables(enum flavour flavour, uint64_t default_rounds)
{
	const char *given = getenv("SEED"), *rounds = getenv("ROUNDS");
	uint64_t start = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

	for (uint64_t i = 0; i < (rounds ? strtoull(rounds, NULL, 10) : default_rounds); i++) {
		struct sg_idd *idd = sg_packet_context(0);
		struct rules rules = {.odd = flavour == ODD, .published = flavour == PUBLISHED};
		struct sg_evaluation evaluation;
		struct sg_error err = {0};

		seed = current = start + i;
		below(2);
		random_table(&rules);
		if (sg_evaluate(idd, rules.table, &evaluation, &err))
			fail_msg("SEED=%llu: %s", (unsigned long long)current, err.message);
		if (rules.published)
			compare_forwarded(&rules, idd, &evaluation);
		else
			compare_packets(&rules, idd, &evaluation);
		sg_evaluation_clear(&evaluation);
		sg_ruleset_clear(&rules.ruleset);
		sg_idd_free(idd);
	}
}

static void plain_tables(void **state)
{
	(void)state;
	random_tables(PLAIN, 1500);
}

static void odd_tables(void **state)
{
	(void)state;
	random_tables(ODD, 1500);
}

static void published_tables(void **state)
{
	(void)state;
	random_tables(PUBLISHED, 1500);
}

/* ------------------------------------------------------------------ one thing each */

enum { ACCEPTED = 1 << SG_VERDICT_ACCEPT, DROPPED = 1 << SG_VERDICT_DROP, REJECTED = 1 << SG_VERDICT_REJECT };

static struct sg_chain *add_base(struct rules *rules, const char *name, int32_t priority, uint32_t policy)
{
	struct sg_chain *chain;

	if (!rules->table)
		rules->table = sg_ruleset_add_table(&rules->ruleset, NFPROTO_INET, "t", NULL);
	chain = sg_table_add_chain(rules->table, name, NULL);
	chain->is_base = true;
	chain->hook = NF_INET_LOCAL_IN;
	chain->priority = priority;
	chain->policy = policy;
	chain->type = strdup("filter");
	return chain;
}

static struct sg_rule *add_rule(struct sg_chain *chain)
{
	return sg_chain_add_rule(chain, NULL);
}

/* Clears the rules. What may become of a new packet to the port from 10.0.0.1 on eth0. */
static unsigned int judge(struct rules *rules, uint8_t protocol, uint32_t port)
{
	struct sg_idd *idd = sg_packet_context(0);
	sg_u128 point[SG_FIELD_COUNT] = {0};
	struct sg_evaluation evaluation;
	struct sg_range eth0;
	unsigned int may;

	assert_true(sg_interface_range("eth0", 4, &eth0));
	point[SG_FIELD_PROTOCOL] = protocol;
	point[SG_FIELD_PORT] = port;
	point[SG_FIELD_INTERFACE] = eth0.first;
	point[SG_FIELD_REMOTE4] = 0x0a000001;
	assert_int_equal(sg_evaluate(idd, rules->table, &evaluation, NULL), 0);
	may = possible(idd, evaluation.decision.verdict, point);
	sg_evaluation_clear(&evaluation);
	sg_ruleset_clear(&rules->ruleset);
	rules->table = NULL;
	sg_idd_free(idd);
	return may;
}

static void add_number_cmp(struct sg_rule *rule, uint32_t op, uint32_t number)
{
	add_cmp(rule, 0, op, &number, sizeof(number));
}

static void what_is_unknown_may_be_anything(void **state)
{
	struct rules rules = {0};
	struct sg_rule *rule;

	(void)state;
	rule = add_rule(add_base(&rules, "c", 0, NF_DROP));
	add_unknown(rule, "xfrm");
	assert_int_equal(judge(&rules, 6, 22), ACCEPTED | DROPPED | REJECTED);
	/* a packet that may have been rewritten is not what the next chain is asked about */
	add_unknown(add_rule(add_base(&rules, "c", -1, NF_ACCEPT)), "payload");
	add_base(&rules, "d", 0, NF_DROP);
	assert_int_equal(judge(&rules, 6, 22), ACCEPTED | DROPPED | REJECTED);
	/* in a chain with an attribute that is not understood rules may mean something else */
	rule = add_rule(add_base(&rules, "c", 0, NF_DROP));
	add_verdict(rule, SG_CODE_JUMP, "d");
	sg_table_add_chain(rules.table, "d", NULL)->unknown = true;
	assert_int_equal(judge(&rules, 6, 22), ACCEPTED | DROPPED | REJECTED);
}

static void what_is_harmless_is_passed_over(void **state)
{
	struct rules rules = {0};
	struct sg_chain *chain = add_base(&rules, "c", 0, NF_DROP);
	struct sg_rule *rule;

	(void)state;
	add_unknown(add_rule(chain), "log");
	rule = add_rule(chain);
	add_unknown(rule, "limit");
	assert_int_equal(judge(&rules, 6, 22), DROPPED);
	rule = add_rule(add_base(&rules, "c", 0, NF_DROP));
	add_unknown(rule, "limit");
	add_verdict(rule, SG_CODE_ACCEPT, NULL);
	assert_int_equal(judge(&rules, 6, 22), ACCEPTED | DROPPED);
}

static void unknowns_are_not_each_other(void **state)
{
	struct rules rules = {0};
	struct sg_chain *base = add_base(&rules, "c", 0, NF_DROP), *other;
	struct sg_rule *rule;

	(void)state;
	/* passes the first limit and not the second */
	sg_table_add_chain(rules.table, "d", NULL);
	base = &rules.table->chains[0];
	other = &rules.table->chains[1];
	rule = add_rule(base);
	add_unknown(rule, "limit");
	add_verdict(rule, SG_CODE_GOTO, "d");
	add_verdict(add_rule(base), SG_CODE_ACCEPT, NULL);
	rule = add_rule(other);
	add_unknown(rule, "limit");
	add_verdict(rule, SG_CODE_ACCEPT, NULL);
	assert_int_equal(judge(&rules, 6, 22), ACCEPTED | DROPPED);
}

/* x == 1, and then x != 1: never both for what stays the same. */
static unsigned int judge_twice(void (*load)(struct sg_rule *rule, unsigned int time))
{
	struct rules rules = {0};
	struct sg_chain *base = add_base(&rules, "c", 0, NF_DROP);
	struct sg_rule *rule = add_rule(base);

	load(rule, 0);
	add_number_cmp(rule, NFT_CMP_EQ, 1);
	load(rule, 1);
	add_number_cmp(rule, NFT_CMP_NEQ, 1);
	add_verdict(rule, SG_CODE_ACCEPT, NULL);
	return judge(&rules, 6, 22);
}

static void load_mark(struct sg_rule *rule, unsigned int time)
{
	(void)time;
	add_meta(rule, NFT_META_MARK, 0);
}

static void load_random(struct sg_rule *rule, unsigned int time)
{
	(void)time;
	add_meta(rule, NFT_META_PRANDOM, 0);
}

static void load_direction(struct sg_rule *rule, unsigned int time)
{
	add_ct(rule, NFT_CT_SRC, (int)time, 0);
}

static void same_values_are_the_same_and_others_not(void **state)
{
	(void)state;
	assert_int_equal(judge_twice(load_mark), DROPPED);
	assert_int_equal(judge_twice(load_random), ACCEPTED | DROPPED);
	assert_int_equal(judge_twice(load_direction), ACCEPTED | DROPPED);
}

static void chains_of_one_priority(void **state)
{
	struct rules rules = {0};

	(void)state;
	add_reject(add_rule(add_base(&rules, "c", 0, NF_ACCEPT)), NFT_REJECT_ICMPX_UNREACH);
	add_base(&rules, "d", 0, NF_DROP);
	assert_int_equal(judge(&rules, 6, 22), DROPPED | REJECTED);
	add_reject(add_rule(add_base(&rules, "c", 0, NF_ACCEPT)), NFT_REJECT_ICMPX_UNREACH);
	add_base(&rules, "d", 1, NF_DROP);
	assert_int_equal(judge(&rules, 6, 22), REJECTED);
	add_base(&rules, "c", 0, NF_DROP);
	add_base(&rules, "d", 0, NF_ACCEPT);
	assert_int_equal(judge(&rules, 6, 22), DROPPED);
}

static void base_chains_that_are_strange(void **state)
{
	static const uint32_t hooks[] = {NF_INET_PRE_ROUTING, NF_INET_POST_ROUTING, NF_INET_INGRESS};
	struct rules rules = {0};

	(void)state;
	for (size_t i = 0; i < LENGTH(hooks); i++) {
		add_base(&rules, "c", 0, NF_ACCEPT)->hook = hooks[i];
		assert_int_equal(judge(&rules, 6, 22), ACCEPTED | DROPPED | REJECTED);
	}
	free(add_base(&rules, "c", 0, NF_ACCEPT)->type);
	rules.table->chains[0].type = strdup("nat");
	assert_int_equal(judge(&rules, 6, 22), ACCEPTED | DROPPED | REJECTED);
	add_base(&rules, "c", 0, NF_ACCEPT)->unknown = true;
	assert_int_equal(judge(&rules, 6, 22), ACCEPTED | DROPPED | REJECTED);
	add_base(&rules, "c", 0, NF_ACCEPT)->device = strdup("eth0");
	assert_int_equal(judge(&rules, 6, 22), ACCEPTED | DROPPED | REJECTED);
	add_base(&rules, "c", 0, NF_ACCEPT);
	rules.table->unknown = true;
	assert_int_equal(judge(&rules, 6, 22), ACCEPTED | DROPPED | REJECTED);
	for (unsigned int bridge = 0; bridge < 2; bridge++) {
		add_base(&rules, "c", 0, NF_ACCEPT);
		rules.table->family = bridge ? NFPROTO_BRIDGE : NFPROTO_NETDEV;
		assert_int_equal(judge(&rules, 6, 22), ACCEPTED | DROPPED | REJECTED);
	}
	/* a table that sleeps asks nobody */
	add_base(&rules, "c", 0, NF_DROP);
	rules.table->flags = NFT_TABLE_F_DORMANT;
	assert_int_equal(judge(&rules, 6, 22), ACCEPTED);
}

static void chains_that_never_end(void **state)
{
	struct rules rules = {0};
	char name[8], next[8];

	(void)state;
	/* the kernel refuses both: chains that lead back, and more than 16 of them in a row */
	add_verdict(add_rule(add_base(&rules, "c", 0, NF_DROP)), SG_CODE_JUMP, "c");
	assert_int_equal(judge(&rules, 6, 22), ACCEPTED | DROPPED | REJECTED);
	add_verdict(add_rule(add_base(&rules, "c0", 0, NF_DROP)), SG_CODE_JUMP, "c1");
	for (unsigned int i = 1; i < 20; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		snprintf(next, sizeof(next), "c%u", i + 1);
		add_verdict(add_rule(sg_table_add_chain(rules.table, name, NULL)),
			    i < 19 ? SG_CODE_JUMP : SG_CODE_ACCEPT, i < 19 ? next : NULL);
	}
	assert_int_equal(judge(&rules, 6, 22), ACCEPTED | DROPPED | REJECTED);
}

static void sets_that_are_not_understood(void **state)
{
	struct rules rules = {0};
	struct sg_rule *rule;
	struct sg_set *set;

	(void)state;
	for (unsigned int map = 0; map < 2; map++) {
		rule = add_rule(add_base(&rules, "c", 0, NF_DROP));
		set = sg_table_add_set(rules.table, "s", NULL);
		set->key_length = 1;
		set->unknown = true;
		set->flags = map ? SG_SET_MAP : 0;
		add_meta(rule, NFT_META_L4PROTO, 0);
		add_lookup(rule, 0, "s", map, false);
		if (!map)
			add_verdict(rule, SG_CODE_ACCEPT, NULL);
		assert_int_equal(judge(&rules, 6, 22), map ? ACCEPTED | DROPPED | REJECTED : ACCEPTED | DROPPED);
	}
	/* what a map says where it has nothing is not known, nor where else its verdict goes */
	for (unsigned int way = 0; way < 2; way++) {
		rule = add_rule(add_base(&rules, "c", 0, NF_DROP));
		set = sg_table_add_set(rules.table, "s", NULL);
		set->key_length = 1;
		set->flags = SG_SET_MAP;
		add_meta(rule, NFT_META_L4PROTO, 0);
		add_lookup(rule, 0, "s", true, way);
		rule->exprs[1].dreg = way ? SG_REG_VERDICT : 1;
		assert_int_equal(judge(&rules, 6, 22), ACCEPTED | DROPPED | REJECTED);
	}
	/* but one that is merely empty is understood */
	rule = add_rule(add_base(&rules, "c", 0, NF_DROP));
	set = sg_table_add_set(rules.table, "s", NULL);
	set->key_length = 1;
	set->flags = SG_SET_MAP;
	add_meta(rule, NFT_META_L4PROTO, 0);
	add_lookup(rule, 0, "s", true, false);
	assert_int_equal(judge(&rules, 6, 22), DROPPED);
}

/* Accepts what has so many bytes of transport header. */
static unsigned int judge_header(uint32_t bytes, uint8_t protocol, uint32_t port)
{
	struct rules rules = {0};
	struct sg_rule *rule = add_rule(add_base(&rules, "c", 0, NF_DROP));

	add_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 0, bytes, 0);
	add_verdict(rule, SG_CODE_ACCEPT, NULL);
	return judge(&rules, protocol, port);
}

/* That a port can be read says that there are four bytes, a type of ICMP that there is one: no more and no less. */
static void headers_that_are_cut_short(void **state)
{
	static const struct {
		uint32_t bytes;
		uint8_t protocol;
		unsigned int with, without;
	} cases[] = {
		{4, 6, ACCEPTED, DROPPED}, {2, 6, ACCEPTED, ACCEPTED | DROPPED}, {5, 6, ACCEPTED | DROPPED, DROPPED},
		{1, 1, ACCEPTED, DROPPED}, {2, 58, ACCEPTED | DROPPED, DROPPED}, {8, 1, ACCEPTED | DROPPED, DROPPED},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		assert_int_equal(judge_header(cases[i].bytes, cases[i].protocol, 8), cases[i].with);
		assert_int_equal(judge_header(cases[i].bytes, cases[i].protocol, SG_PORT_ABSENT), cases[i].without);
	}
	assert_int_equal(judge_header(4, 47, SG_PORT_ABSENT), ACCEPTED | DROPPED);
}

static void keys_that_are_divided_otherwise(void **state)
{
	/* a source of 10.0.0.1 is in between whatever the target is, though no target is */
	static const uint8_t first[8] = {10, 0, 0, 0, 255, 255, 255, 255}, last[8] = {10, 0, 0, 2, 0, 0, 0, 0};
	/* the protocol's register has zeros where this has a one */
	static const uint8_t padded[8] = {6, 0, 1, 0, 0, 22, 0, 0};
	struct rules rules = {0};
	struct sg_rule *rule = add_rule(add_base(&rules, "c", 0, NF_DROP));
	struct sg_set *set = sg_table_add_set(rules.table, "s", NULL);

	(void)state;
	set->flags = SG_SET_INTERVAL;
	set->key_length = 8;
	assert_int_equal(sg_set_add(set, first, last, NULL, NULL, 0, NULL), 0);
	add_meta(rule, NFT_META_NFPROTO, 0);
	add_cmp(rule, 0, NFT_CMP_EQ, (uint8_t[]){NFPROTO_IPV4}, 1);
	part_load(rule, PART_SOURCE4, 0, SG_IN);
	part_load(rule, PART_TARGET4, 1, SG_IN);
	add_lookup(rule, 0, "s", false, false);
	add_verdict(rule, SG_CODE_ACCEPT, NULL);
	assert_int_equal(judge(&rules, 6, 22), ACCEPTED | DROPPED);
	rule = add_rule(add_base(&rules, "c", 0, NF_DROP));
	set = sg_table_add_set(rules.table, "s", NULL);
	set->key_length = 8;
	assert_int_equal(sg_set_add(set, padded, NULL, NULL, NULL, 0, NULL), 0);
	add_meta(rule, NFT_META_L4PROTO, 0);
	part_load(rule, PART_PORT, 1, SG_IN);
	add_lookup(rule, 0, "s", false, false);
	add_verdict(rule, SG_CODE_ACCEPT, NULL);
	assert_true(judge(&rules, 6, 22) & DROPPED);
}

/* ------------------------------------------------------------------ three answers */

/* All that comes in gets one verdict, and everything else passes. */
static struct sg_decision decide(struct sg_idd *idd, enum sg_verdict verdict)
{
	sg_ref in = sg_idd_range(idd, SG_FIELD_DIRECTION, SG_IN, SG_IN);
	sg_ref judged = sg_idd_ite(idd, in, sg_idd_terminal(verdict), sg_idd_terminal(SG_VERDICT_ACCEPT));

	return (struct sg_decision){.idd = idd,
				    .verdict = sg_idd_ite(idd, sg_packet_universe(idd), judged, sg_idd_terminal(0)),
				    .origin = SG_IDD_EMPTY};
}

/* Clears the rules. */
static enum sg_answer ask(struct rules *rules, enum sg_verdict verdict)
{
	struct sg_idd *idd = sg_packet_context(0);
	struct sg_decision decision = decide(idd, verdict);
	struct sg_evaluation evaluation;
	enum sg_answer answer;
	struct sg_packet packet;
	size_t unknown = SIZE_MAX;

	assert_int_equal(sg_evaluate(idd, rules->table, &evaluation, NULL), 0);
	assert_int_equal(sg_evaluation_compare(&evaluation, &decision, &answer, &packet, &unknown, NULL), 0);
	if (answer == SG_UNDECIDED)
		assert_true(unknown < evaluation.unknown_count && evaluation.unknowns[unknown].reason);
	if (answer != SG_PROVEN)
		assert_int_equal(packet.field[SG_FIELD_DIRECTION], SG_IN);
	sg_evaluation_clear(&evaluation);
	sg_ruleset_clear(&rules->ruleset);
	rules->table = NULL;
	sg_idd_free(idd);
	return answer;
}

static void three_answers(void **state)
{
	struct rules rules = {0};

	(void)state;
	add_base(&rules, "c", 0, NF_DROP);
	assert_int_equal(ask(&rules, SG_VERDICT_DROP), SG_PROVEN);
	add_base(&rules, "c", 0, NF_DROP);
	assert_int_equal(ask(&rules, SG_VERDICT_REJECT), SG_REFUTED);
	/* an expression that is not understood may do what is wanted, whichever verdict that is */
	for (enum sg_verdict v = SG_VERDICT_ACCEPT; v <= SG_VERDICT_REJECT; v++) {
		add_unknown(add_rule(add_base(&rules, "c", 0, NF_DROP)), "xfrm");
		assert_int_equal(ask(&rules, v), SG_UNDECIDED);
	}
	/* wrong whatever the limit says */
	add_unknown(add_rule(add_base(&rules, "c", 0, NF_DROP)), "limit");
	add_verdict(&rules.table->chains[0].rules[0], SG_CODE_ACCEPT, NULL);
	assert_int_equal(ask(&rules, SG_VERDICT_REJECT), SG_REFUTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_unknown_may_be_anything),
		cmocka_unit_test(what_is_harmless_is_passed_over),
		cmocka_unit_test(unknowns_are_not_each_other),
		cmocka_unit_test(same_values_are_the_same_and_others_not),
		cmocka_unit_test(chains_of_one_priority),
		cmocka_unit_test(base_chains_that_are_strange),
		cmocka_unit_test(chains_that_never_end),
		cmocka_unit_test(sets_that_are_not_understood),
		cmocka_unit_test(headers_that_are_cut_short),
		cmocka_unit_test(keys_that_are_divided_otherwise),
		cmocka_unit_test(three_answers),
		cmocka_unit_test(plain_tables),
		cmocka_unit_test(odd_tables),
		cmocka_unit_test(published_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
