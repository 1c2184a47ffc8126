// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Meters that count what their line does not speak of. Every packet gets the verdict that the decision has for it,
 * given what the meters say; but they say it sooner than they would if only those packets counted that hang on them.
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
#include "strict_terms.h"

/* ------------------------------------------------------------------ rules that somebody changed */

/* The rule with its last `count` expressions moved in front of the one at `index`. */
static void move_to_front(struct sg_rule *rule, size_t count, size_t index)
{
	struct sg_expr moved[8];
	size_t from = rule->expr_count - count;

	assert_true(count <= LENGTH(moved) && from >= index);
	memcpy(moved, rule->exprs + from, count * sizeof(*moved));
	memmove(rule->exprs + index + count, rule->exprs + index, (from - index) * sizeof(*moved));
	memcpy(rule->exprs + index, moved, count * sizeof(*moved));
}

static struct sg_rule *first_rule(struct sg_table *table, const char *chain)
{
	struct sg_chain *found = find_chain(table, chain);

	sg_chain_add_rule(found, NULL);
	memmove(found->rules + 1, found->rules, (found->rule_count - 1) * sizeof(*found->rules));
	found->rules[0] = (struct sg_rule){0};
	return &found->rules[0];
}

/* Puts what `test` appends between the verdict of a rule and what is in front of it. */
static void test_late(struct sg_rule *rule, void (*test)(struct sg_rule *rule))
{
	size_t verdict = rule->expr_count - 1;

	test(rule);
	move_to_front(rule, rule->expr_count - verdict - 1, verdict);
}

static void test_port(struct sg_rule *rule)
{
	add_meta(rule, NFT_META_L4PROTO, 8);
	add_cmp(rule, 8, NFT_CMP_EQ, (uint8_t[]){6}, 1);
	add_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 8);
	add_cmp(rule, 8, NFT_CMP_EQ, (uint8_t[]){0, 22}, 2);
}

static void test_date(struct sg_rule *rule)
{
	static const uint8_t end[8] = {0x1b, 0xc1, 0x6d, 0x67, 0x4e, 0xc8, 0x00, 0x00};
	struct sg_expr *swap;

	add_meta(rule, NFT_META_TIME_NS, 8);
	swap = add(rule, SG_EXPR_BYTEORDER);
	swap->sreg = swap->dreg = 8;
	swap->length = swap->size = 8;
	add_cmp(rule, 8, NFT_CMP_LT, end, sizeof(end));
}

static void test_owner(struct sg_rule *rule)
{
	struct sg_expr *socket = add(rule, SG_EXPR_SOCKET);
	const uint64_t cgroup = 1;

	socket->key = NFT_SOCKET_CGROUPV2;
	socket->base = DEPTH;
	socket->dreg = 8;
	add_cmp(rule, 8, NFT_CMP_EQ, &cgroup, sizeof(cgroup));
}

/* One address more or less is no matter for the rest, but the other one. */
static void late_everywhere(struct sg_table *table, void (*test)(struct sg_rule *rule))
{
	struct sg_chain *limit = find_chain(table, "limit_tcp_22");

	for (size_t i = 0; i < limit->rule_count; i++)
		test_late(&limit->rules[i], test);
}

/* Packets to other ports count, and are dropped then. */
static void other_ports(struct sg_table *table)
{
	late_everywhere(table, test_port);
	late_everywhere(table, test_date);
	late_everywhere(table, test_owner);
	add_verdict(first_rule(table, "input"), SG_CODE_JUMP, "limit_tcp_22");
}

static void after_the_date(struct sg_table *table)
{
	struct sg_rule *rule = &find_chain(table, "tcp_22")->rules[0];

	sg_rule_clear(rule);
	*rule = (struct sg_rule){0};
	add_verdict(rule, SG_CODE_GOTO, "tcp_22_2");
	late_everywhere(table, test_date);
}

static void other_owners(struct sg_table *table)
{
	struct sg_rule *rule = &find_chain(table, "tcp_22_2")->rules[0];

	sg_rule_clear(rule);
	*rule = (struct sg_rule){0};
	add_verdict(rule, SG_CODE_GOTO, "limit_tcp_22");
	late_everywhere(table, test_owner);
}

static struct sg_chain *add_base(struct sg_table *table, const char *name, uint32_t hook, uint32_t policy)
{
	struct sg_chain *chain = sg_table_add_chain(table, name, NULL);

	chain->is_base = true;
	chain->hook = hook;
	chain->priority = 1;
	chain->policy = policy;
	chain->type = strdup("filter");
	return chain;
}

/* Forwarded packets pass in any case, and count. */
static void forwarded(struct sg_table *table)
{
	add_verdict(sg_chain_add_rule(add_base(table, "forward", NF_INET_FORWARD, NF_ACCEPT), NULL), SG_CODE_JUMP,
		    "limit_tcp_22");
}

/* So do those that leave, in the bucket of their source: which is one of the host's own addresses. Now the second meter
 * is asked. */
static void leaving(struct sg_table *table)
{
	add_verdict(sg_chain_add_rule(add_base(table, "output", NF_INET_LOCAL_OUT, NF_ACCEPT), NULL), SG_CODE_JUMP,
		    "limit_tcp_22");
}

/* Two chains of the hook ask the same. */
static void in_two_chains(struct sg_table *table)
{
	struct sg_rule *rule = sg_chain_add_rule(add_base(table, "again", NF_INET_LOCAL_IN, NF_DROP), NULL);

	test_port(rule);
	add_verdict(rule, SG_CODE_GOTO, "tcp_22");
}

static void in_two_chains_of_one_priority(struct sg_table *table)
{
	in_two_chains(table);
	find_chain(table, "again")->priority = 0;
}

/* Where the other meter is over, the first is asked again. */
static void twice_in_a_row(struct sg_table *table)
{
	struct sg_chain *chain = find_chain(table, "tcp_22_2");

	chain->rules[0].exprs[chain->rules[0].expr_count - 1].verdict.code = SG_CODE_JUMP;
	test_owner(sg_chain_add_rule(chain, NULL));
	add_verdict(&chain->rules[1], SG_CODE_JUMP, "limit_tcp_22");
}

/* Chains in between change nothing. */
static void twice_by_way_of_others(struct sg_table *table)
{
	static const char *const names[] = {"one", "two"};

	for (size_t i = 0; i < LENGTH(names); i++)
		add_verdict(sg_chain_add_rule(sg_table_add_chain(table, names[i], NULL), NULL), SG_CODE_JUMP,
			    "limit_tcp_22");
	twice_in_a_row(table);
	for (size_t i = 0; i < LENGTH(names); i++) {
		struct sg_rule *rule = &find_chain(table, "tcp_22_2")->rules[i];
		struct sg_expr *last = &rule->exprs[rule->expr_count - 1];

		free(last->verdict.chain);
		last->verdict.chain = strdup(names[i]);
	}
}

static void as_compiled(struct sg_table *table)
{
	(void)table;
}

/* A limit that is no condition of the decision's, of packets that pass in any case. */
static void limited_in_vain(struct sg_table *table)
{
	struct sg_rule *rule = sg_chain_add_rule(add_base(table, "output", NF_INET_LOCAL_OUT, NF_ACCEPT), NULL);

	*add(rule, SG_EXPR_LIMIT) = (struct sg_expr){.kind = SG_EXPR_LIMIT, .rate = 9, .unit = 1, .burst = 5};
	add_verdict(rule, SG_CODE_ACCEPT, NULL);
}

/* Another way to write the same: what is asked first does not matter as long as it does not count. */
static void date_and_owner_in_one_rule(struct sg_table *table)
{
	struct sg_rule *rule = &find_chain(table, "tcp_22")->rules[0];

	sg_rule_clear(rule);
	*rule = (struct sg_rule){0};
	test_owner(rule);
	test_date(rule);
	add_verdict(rule, SG_CODE_JUMP, "limit_tcp_22");
}

static void what_else_counts(void **state)
{
	static const struct {
		void (*change)(struct sg_table *table);
		enum sg_answer answer;
	} cases[] = {
		{as_compiled, SG_PROVEN},       {date_and_owner_in_one_rule, SG_PROVEN},
		{limited_in_vain, SG_PROVEN},   {other_ports, SG_UNDECIDED},
		{after_the_date, SG_UNDECIDED}, {other_owners, SG_UNDECIDED},
		{forwarded, SG_UNDECIDED},      {leaving, SG_UNDECIDED},
		{in_two_chains, SG_UNDECIDED},  {in_two_chains_of_one_priority, SG_UNDECIDED},
		{twice_in_a_row, SG_UNDECIDED}, {twice_by_way_of_others, SG_UNDECIDED},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct sg_table table = {0};
		struct sg_error err = {0};
		struct terms terms = {0};
		enum sg_answer answer;

		make_strict(&terms);
		assert_int_equal(sg_compile(&terms.decision, NULL, &table, &err), 0);
		cases[i].change(&table);
		answer = answer_of(&terms, &table);
		if (answer != cases[i].answer)
			fail_msg("change %zu: answer %d", i, (int)answer);
		sg_table_clear(&table);
		sg_idd_free(terms.idd);
	}
}

/* ------------------------------------------------------------------ meters alone */

/* Limits of their own for two ports, or of the one, and what `change` does. */
struct two {
	bool per_peer, one_port;
	void (*change)(struct sg_table *table, const char *meter);
	const char *meter;
};

static enum sg_answer answer_of_two(const struct two *two)
{
	struct terms terms = {.idd = sg_packet_context(0), .count = 2, .otherwise = SG_VERDICT_DROP};
	struct sg_idd *idd = terms.idd;
	struct sg_table table = {0};
	struct sg_error err = {0};
	enum sg_answer answer;

	for (size_t i = 0; i < 2; i++) {
		size_t port = i && !two->one_port ? 80 : 22;

		terms.items[i] = (struct term){
			.region = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PROTOCOL, 6, 6),
					     sg_idd_range(idd, SG_FIELD_PORT, port, port)),
			.allows = true,
		};
		name_meter(&terms.items[i].limit, "limit", i ? 80 : 22);
		terms.items[i].limit.limit = 20;
		terms.items[i].limit.limit_seconds = 60;
		terms.items[i].limit.limit_per_peer = two->per_peer;
	}
	decide_terms(&terms);
	assert_int_equal(sg_compile(&terms.decision, NULL, &table, &err), 0);
	two->change(&table, two->meter);
	answer = answer_of(&terms, &table);
	sg_table_clear(&table);
	sg_idd_free(idd);
	return answer;
}

static void keep(struct sg_table *table, const char *meter)
{
	(void)table;
	(void)meter;
}

static void leave_by(struct sg_table *table, const char *meter)
{
	add_verdict(sg_chain_add_rule(add_base(table, "output", NF_INET_LOCAL_OUT, NF_ACCEPT), NULL), SG_CODE_JUMP,
		    meter);
}

/* A second bucket of the same numbers, which is asked where the first is empty. */
static void ask_again(struct sg_table *table, const char *meter)
{
	struct sg_rule *rule;
	char name[40];

	snprintf(name, sizeof(name), "%s.2", meter);
	rule = sg_chain_add_rule(sg_table_add_chain(table, name, NULL), NULL);
	*add(rule, SG_EXPR_LIMIT) = (struct sg_expr){.kind = SG_EXPR_LIMIT, .rate = 20, .unit = 60, .burst = 20};
	add_verdict(rule, SG_CODE_ACCEPT, NULL);
	add_verdict(sg_chain_add_rule(find_chain(table, meter), NULL), SG_CODE_GOTO, name);
}

/* With a bucket for each peer what leaves counts as something else than what comes, but it counts. */
static void each_meter_by_itself(void **state)
{
	static const char *const meters[] = {"limit_tcp_22", "limit_tcp_80"};

	(void)state;
	for (size_t i = 0; i < LENGTH(meters); i++) {
		for (unsigned int way = 0; way < 4; way++) {
			struct two two = {.per_peer = way & 1, .one_port = way & 2, .meter = meters[i]};

			two.change = keep;
			assert_int_equal(answer_of_two(&two), SG_PROVEN);
			two.change = leave_by;
			assert_int_equal(answer_of_two(&two), SG_UNDECIDED);
			two.change = ask_again;
			if (!two.per_peer)
				assert_int_equal(answer_of_two(&two), SG_UNDECIDED);
		}
	}
}

/* Whom the first meter lets through asks the second one, too, and passes whatever it says. */
static void ask_both(struct sg_table *table, const char *meter)
{
	struct sg_chain *both = sg_table_add_chain(table, "both", NULL), *first;

	add_verdict(sg_chain_add_rule(both, NULL), SG_CODE_JUMP, meter);
	add_verdict(sg_chain_add_rule(both, NULL), SG_CODE_ACCEPT, NULL);
	first = find_chain(table, !strcmp(meter, "limit_tcp_22") ? "limit_tcp_80" : "limit_tcp_22");
	for (size_t i = 0; i < first->rule_count; i++) {
		struct sg_expr *accept = &first->rules[i].exprs[first->rules[i].expr_count - 1];

		accept->verdict.code = SG_CODE_JUMP;
		accept->verdict.chain = strdup("both");
	}
}

/* Who may pass by one of two limits uses up one of them. */
static void one_meter_is_enough(void **state)
{
	(void)state;
	for (unsigned int per_peer = 0; per_peer < 2; per_peer++) {
		struct two two = {per_peer, true, ask_both, "limit_tcp_80"};

		assert_int_equal(answer_of_two(&two), SG_UNDECIDED);
	}
}

static bool has_reason(const struct sg_evaluation *evaluation, const char *reason)
{
	for (size_t i = 0; i < evaluation->unknown_count; i++)
		if (!strcmp(evaluation->unknowns[i].reason, reason))
			return true;
	return false;
}

/* Only of the meter that counts others it is not known what it says. */
static void what_is_said_of_it(void **state)
{
	struct sg_table table = {0};
	struct sg_error err = {0};
	struct terms terms = {0};
	struct sg_evaluation evaluation;

	(void)state;
	make_strict(&terms);
	assert_int_equal(sg_compile(&terms.decision, NULL, &table, &err), 0);
	add_verdict(sg_chain_add_rule(add_base(&table, "forward", NF_INET_FORWARD, NF_ACCEPT), NULL), SG_CODE_JUMP,
		    "connections_tcp_22");
	assert_int_equal(sg_evaluate(terms.idd, &table, &evaluation, &err), 0);
	assert_true(has_reason(&evaluation, "a meter that counts other packets, too, in chain connections_tcp_22"));
	assert_false(has_reason(&evaluation, "a meter that counts other packets, too, in chain limit_tcp_22"));
	sg_evaluation_clear(&evaluation);
	sg_table_clear(&table);
	sg_idd_free(terms.idd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_else_counts),
		cmocka_unit_test(each_meter_by_itself),
		cmocka_unit_test(one_meter_is_enough),
		cmocka_unit_test(what_is_said_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
