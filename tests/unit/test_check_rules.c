// SPDX-License-Identifier: GPL-2.0-or-later
/* test_check_rules.c - policies of all directions as rules: they decide as the policy does, and read as it does. */
#include "check/used.h"
#include "policy_random.h"
#include "policy_text.h"
#include "sockgate/evaluate.h"
#include "sockgate/rules.h"

struct compiled {
	struct policy_text read;
	struct sg_idd *idd;
	struct sg_decision decision;
	struct sg_table table;
};

static void compiled_clear(struct compiled *compiled)
{
	sg_table_clear(&compiled->table);
	sg_idd_free(compiled->idd);
	policy_text_clear(&compiled->read);
}
#define autocompiled sg_cleanup(compiled_clear) struct compiled

/* Lowers and compiles the policy that was read. */
static void compile_policy(struct compiled *compiled)
{
	struct policy_text *read = &compiled->read;

	compiled->idd = sg_packet_context(0);
	assert_non_null(compiled->idd);
	assert_int_equal(sg_policy_lower(read->policy, compiled->idd, &compiled->decision, &read->err), 0);
	assert_int_equal(sg_rules_of_policy(read->policy, &compiled->decision, &compiled->table, &read->err), 0);
}

static void check_equal(struct compiled *compiled)
{
	struct sg_evaluation evaluation = {0};
	enum sg_answer answer;
	struct sg_packet packet;
	size_t unknown;

	assert_int_equal(sg_evaluate(compiled->idd, &compiled->table, &evaluation, &compiled->read.err), 0);
	assert_int_equal(sg_evaluation_compare(&evaluation, &compiled->decision, &answer, &packet, &unknown,
					       &compiled->read.err),
			 0);
	assert_int_equal(answer, SG_PROVEN);
	assert_int_equal(sg_evaluation_compare_logs(&evaluation, &compiled->decision, &answer, &packet, &unknown,
						    &compiled->read.err),
			 0);
	assert_int_equal(answer, SG_PROVEN);
	sg_evaluation_clear(&evaluation);
}

static const struct sg_chain *chain_named(const struct sg_table *table, const char *name)
{
	for (size_t i = 0; i < table->chain_count; i++)
		if (!strcmp(table->chains[i].name, name))
			return &table->chains[i];
	return NULL;
}

static void test_random_policies(void **unused)
{
	uint64_t state = 8;
	size_t valid = 0, outputs = 0, forwards = 0;

	(void)unused;
	for (size_t i = 0; i < 120; i++) {
		sg_autofree char *lines = random_policy(&state), *text = NULL;
		autocompiled compiled = {0};

		assert_true(asprintf(&text, "published: %s\n%s", i % 2 ? "enforce" : "ignore", lines) > 0);
		compiled.read = read_text(text);

		if (!compiled.read.policy)
			continue;
		compile_policy(&compiled);
		check_equal(&compiled);
		valid++;
		outputs += chain_named(&compiled.table, "output") != NULL;
		forwards += chain_named(&compiled.table, "forward") != NULL;
	}
	print_message("%zu policies, %zu with an output chain, %zu with a forward one\n", valid, outputs, forwards);
	assert_true(valid > 50 && outputs > 10 && outputs < valid && forwards > 10 && forwards < valid);
}

/* The rules of a chain that carry this comment. */
static size_t rules_commented(const struct sg_chain *chain, const char *comment)
{
	size_t count = 0;

	for (size_t i = 0; i < chain->rule_count; i++)
		count += chain->rules[i].comment && !strcmp(chain->rules[i].comment, comment);
	return count;
}

/* A block of everything stands in the chain of its own direction, ahead of the ports. Forwarded packets are nobody's
 * concern. */
static void test_preludes(void **unused)
{
	autocompiled compiled = {
		.read = read_good("published: ignore\nallow:\n  tcp: [22, 80]\nblock:\n  any: [{from: 10.0.0.0/8, "
				  "comment: coming}]\n"
				  "outbound:\n  block:\n    any: [{to: 11.0.0.0/8, comment: going}]\n")};
	const struct sg_chain *input, *output;

	(void)unused;
	compile_policy(&compiled);
	check_equal(&compiled);
	input = chain_named(&compiled.table, "input");
	output = chain_named(&compiled.table, "output");
	assert_non_null(input);
	assert_non_null(output);
	assert_int_equal(rules_commented(input, "coming"), 1);
	assert_int_equal(rules_commented(input, "going"), 0);
	assert_int_equal(rules_commented(output, "coming"), 0);
	assert_int_equal(rules_commented(output, "going"), 1);
	assert_null(chain_named(&compiled.table, "forward"));
}

/* And for published ports, whether the policy says so or not; behind the port what is the same is one. */
static void test_published(void **unused)
{
	autocompiled compiled = {
		.read = read_good("allow:\n  tcp: [{port: 22, from: 192.0.2.0/24}, {port: 80, to: 192.0.2.9}]\n"
				  "block:\n  any: [{from: 10.0.0.0/8, comment: coming}]\n"
				  "outbound:\n  block:\n    any: [{to: 11.0.0.0/8, comment: going}]\n")};
	const struct sg_chain *forward, *published;
	const struct sg_set *ports;

	(void)unused;
	compile_policy(&compiled);
	check_equal(&compiled);
	forward = chain_named(&compiled.table, "forward");
	published = chain_named(&compiled.table, "published");
	assert_non_null(forward);
	assert_non_null(published);
	assert_int_equal(rules_commented(published, "coming"), 1);
	assert_int_equal(rules_commented(published, "going"), 0);
	assert_int_equal(published->rule_count, 6); /* established, loopback, two of ICMP, the block, the ports */
	assert_null(sg_table_set(&compiled.table, "pub_icmp"));
	assert_null(sg_table_set(&compiled.table, "pub_icmpv6"));
	assert_null(chain_named(&compiled.table, "pub_tcp_22"));
	ports = sg_table_set(&compiled.table, "pub_tcp_ports");
	assert_int_equal(ports->count, 2);
	assert_string_equal(ports->verdicts[0].chain, "tcp_22");
	assert_string_equal(ports->verdicts[1].chain, "pub_tcp_80"); /* asks for another address */
	assert_non_null(chain_named(&compiled.table, "tcp_80"));
	assert_non_null(chain_named(&compiled.table, "pub_tcp_80"));
	assert_null(sg_table_set(&compiled.table, "pub_udp_ports")); /* what DHCPv6 needs is for this host alone */
}

/* Nobody forwards through a chain that would refuse nothing. */
static void test_nothing_refused(void **unused)
{
	static const struct {
		const char *text;
		bool forward;
	} rows[] = {
		{"default: accept\n", false},
		{"default: accept\nallow: {tcp: [{port: 22, from: 192.0.2.0/24}]}\n", false},
		{"default: accept\nblock: {any: [{interface: lo}]}\n", false},
		{"published: ignore\nblock: {tcp: [22]}\n", false},
		{"allow: {any: [{}]}\n", false},
		{"default: accept\nblock: {tcp: [22]}\n", true},
		{"default: accept\nallow: {tcp: [{port: 22, limit: 1/day}]}\n", true},
		{"default: drop\n", true},
	};

	(void)unused;
	for (size_t i = 0; i < SG_COUNT(rows); i++) {
		autocompiled compiled = {.read = read_good(rows[i].text)};

		compile_policy(&compiled);
		check_equal(&compiled);
		assert_int_equal(chain_named(&compiled.table, "forward") != NULL, rows[i].forward);
	}
}

/* What leaves needs nobody who listens here, and names no port of this host. */
static void test_listeners(void **unused)
{
	autotext read = read_good("allow:\n  tcp: [22]\noutbound:\n  allow:\n    tcp: [80]\n    udp: [53]\n");
	struct sg_named_ports named;

	(void)unused;
	assert_true(sg_line_is_for_listeners(sg_policy_line(read.policy, 0)));
	assert_false(sg_line_is_for_listeners(sg_policy_line(read.policy, 1)));
	assert_int_equal(sg_named_ports_make(read.policy, &named, &read.err), 0);
	assert_true(sg_named_ports_have(&named, SG_PROTO_TCP, 22));
	assert_false(sg_named_ports_have(&named, SG_PROTO_TCP, 80));
	assert_false(sg_named_ports_have(&named, SG_PROTO_UDP, 53));
	sg_named_ports_clear(&named);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_policies), cmocka_unit_test(test_preludes),
		cmocka_unit_test(test_published),       cmocka_unit_test(test_nothing_refused),
		cmocka_unit_test(test_listeners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
