// SPDX-License-Identifier: GPL-2.0-or-later
/* Chains that log: with their rate, one for all that are logged alike, and behind a meter the same for all who ask it.
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
#include "nft/build.h"
#include "strict_terms.h"

/* One meter for two ports, with 20 packets a minute, logged in one way or in two. */
static int compile_logged(bool alike, uint32_t rate, struct sg_table *ret, struct sg_error *err)
{
	const struct sg_logging loggings[] = {{.name = "a", .prefix = "a", .rate = rate, .seconds = 3600},
					      {.name = "b", .prefix = "b", .rate = rate, .seconds = 3600}};
	struct sg_idd *idd = sg_packet_context(0);
	struct sg_condition limit = {.limit = 20, .limit_seconds = 60};
	sg_ref in = sg_idd_range(idd, SG_FIELD_DIRECTION, SG_IN, SG_IN), within, verdict, log;
	struct sg_decision decision = {.idd = idd, .loggings = loggings, .logging_count = 2};
	int result;

	name_meter(&limit, "limit", 22);
	within = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PROTOCOL, 6, 6), holds(idd, &limit));
	within = sg_idd_and(idd, within, sg_idd_range(idd, SG_FIELD_PORT, 22, 23));
	verdict = sg_idd_ite(idd, within, sg_idd_terminal(SG_VERDICT_ACCEPT), sg_idd_terminal(SG_VERDICT_DROP));
	log = sg_idd_ite(idd, sg_idd_range(idd, SG_FIELD_PORT, 22, 22), sg_idd_terminal(1),
			 sg_idd_terminal(alike ? 1 : 2));
	log = sg_idd_ite(idd, sg_idd_and(idd, in, within), log, SG_IDD_EMPTY);
	verdict = sg_idd_ite(idd, in, verdict, sg_idd_terminal(SG_VERDICT_ACCEPT));
	decision.verdict = sg_idd_ite(idd, sg_packet_universe(idd), verdict, SG_IDD_EMPTY);
	decision.log = sg_idd_ite(idd, sg_packet_universe(idd), log, SG_IDD_EMPTY);
	decision.origin = sg_idd_terminal(0);
	result = sg_compile(&decision, NULL, ret, err);
	sg_idd_free(idd);
	return result;
}

/* A meter's chain is the same for all who ask it, so it cannot log some of them and others in another way. */
static void what_a_meter_leads_to(void **state)
{
	struct sg_table table = {0};
	struct sg_error err = {0};

	(void)state;
	assert_int_equal(compile_logged(false, 7, &table, &err), -1);
	assert_int_equal(err.kind, SG_ERROR_INPUT);
	assert_int_equal(compile_logged(true, 7, &table, &err), 0);
	sg_table_clear(&table);
}

/* A log has a rate, and at most five packets more at once. */
static void logs_are_limited(void **state)
{
	(void)state;
	for (uint32_t rate = 4; rate <= 6; rate++) {
		struct sg_table table = {0};
		struct sg_error err = {0};
		const struct sg_rule *rule;

		assert_int_equal(compile_logged(true, rate, &table, &err), 0);
		rule = &find_chain(&table, "log_a")->rules[0];
		assert_int_equal(rule->expr_count, 2);
		assert_int_equal(rule->exprs[0].kind, SG_EXPR_LIMIT);
		assert_int_equal(rule->exprs[0].rate, rate);
		assert_int_equal(rule->exprs[0].unit, 3600);
		assert_int_equal(rule->exprs[0].burst, rate < 5 ? rate : 5);
		assert_int_equal(rule->exprs[1].kind, SG_EXPR_LOG);
		assert_string_equal(rule->exprs[1].name, "a accept: ");
		sg_table_clear(&table);
	}
}

static const struct sg_logging logging = {.name = "a", .prefix = "a", .rate = 7, .seconds = 60};

/* Ports 22 and, of IPv4, 23 are accepted and logged; all else is rejected, and not logged. */
static void make_logged(struct terms *terms)
{
	struct sg_idd *idd = sg_packet_context(0);
	sg_ref in = sg_idd_and(idd, sg_packet_universe(idd), sg_idd_range(idd, SG_FIELD_DIRECTION, SG_IN, SG_IN));
	sg_ref allowed = sg_idd_range(idd, SG_FIELD_PORT, 22, 22), verdict;
	struct sg_decision decision = {.idd = idd, .loggings = &logging, .logging_count = 1};

	allowed = sg_idd_or(idd, allowed,
			    sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PORT, 23, 23),
				       sg_idd_range(idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4)));
	allowed = sg_idd_and(idd, allowed, sg_idd_range(idd, SG_FIELD_PROTOCOL, 6, 6));
	verdict = sg_idd_ite(idd, allowed, sg_idd_terminal(SG_VERDICT_ACCEPT), sg_idd_terminal(SG_VERDICT_REJECT));
	verdict = sg_idd_ite(idd, in, verdict, sg_idd_terminal(SG_VERDICT_ACCEPT));
	decision.verdict = sg_idd_ite(idd, sg_packet_universe(idd), verdict, SG_IDD_EMPTY);
	decision.log = sg_idd_and(idd, allowed, in);
	decision.origin = sg_idd_terminal(0);
	*terms = (struct terms){.idd = idd, .decision = decision};
}

/* Two ports of different constraints are logged by one chain, so that the rate is one. */
static void one_chain_for_what_is_logged_alike(void **state)
{
	struct sg_table table = {0};
	struct sg_error err = {0};
	struct terms terms;
	size_t leads = 0;

	(void)state;
	make_logged(&terms);
	assert_int_equal(sg_compile(&terms.decision, NULL, &table, &err), 0);
	expect_unique_names(&table);
	for (size_t i = 0; i < table.chain_count; i++)
		leads += !strncmp(table.chains[i].name, "log_", 4);
	assert_int_equal(leads, 1);
	assert_int_equal(find_chain(&table, "log_a")->rule_count, 2);
	assert_int_equal(answer_of(&terms, &table), SG_PROVEN);
	sg_table_clear(&table);
	sg_idd_free(terms.idd);
}

/* What somebody may do to the rule that logs (exprs 0 and 1), and to the one behind it with the verdict. */
static void log_is_gone(struct sg_chain *chain)
{
	sg_rule_clear(&chain->rules[0]);
	chain->rules[0] = chain->rules[1];
	chain->rule_count = 1;
}

static void log_is_behind(struct sg_chain *chain)
{
	struct sg_rule rule = chain->rules[0];

	chain->rules[0] = chain->rules[1];
	chain->rules[1] = rule;
}

static void another_rate(struct sg_chain *chain)
{
	chain->rules[0].exprs[0].rate++;
}

static void another_unit(struct sg_chain *chain)
{
	chain->rules[0].exprs[0].unit = 3600;
}

static void another_burst(struct sg_chain *chain)
{
	chain->rules[0].exprs[0].burst++;
}

static void over_the_rate(struct sg_chain *chain)
{
	chain->rules[0].exprs[0].inverted = true;
}

static void rate_of_bytes(struct sg_chain *chain)
{
	chain->rules[0].exprs[0].is_bytes = true;
}

static void another_prefix(struct sg_chain *chain)
{
	chain->rules[0].exprs[1].name[0] = 'b';
}

static void another_verdict(struct sg_chain *chain)
{
	strcpy(chain->rules[0].exprs[1].name, "a drop: "); /* shorter than "a accept: " */
}

static void a_group(struct sg_chain *chain)
{
	chain->rules[0].exprs[1].has_group = true;
	chain->rules[0].exprs[1].key = 0;
}

static void another_level(struct sg_chain *chain)
{
	chain->rules[0].exprs[1].key--;
}

static void no_rate(struct sg_chain *chain)
{
	chain->rules[0].exprs[0].kind = SG_EXPR_COUNTER;
}

static void two_times(struct sg_chain *chain)
{
	struct sg_error err = {0};
	struct sg_rule *rule = sg_chain_add_rule(chain, &err);

	assert_non_null(rule);
	rule[0] = rule[-1];
	rule[-1] = (struct sg_rule){0};
	assert_int_equal(sg_build_limit(&rule[-1], 7, 60, 5, &err), 0);
	assert_int_equal(sg_build_log(&rule[-1], "a accept: ", false, 0, &err), 0);
}

static void nothing_is_done(struct sg_chain *chain)
{
	(void)chain;
}

/* Each of them moves no packet's verdict, and is noticed all the same. */
static void altered_logs_are_noticed(void **state)
{
	static void (*const changes[])(struct sg_chain *) = {
		nothing_is_done, log_is_gone,   log_is_behind,   another_rate,    another_unit,
		another_burst,   over_the_rate, rate_of_bytes,   another_prefix,  another_verdict,
		a_group,         another_level, no_rate,         two_times,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct sg_table table = {0};
		struct sg_error err = {0};
		struct terms terms;
		const struct sg_chain *chain;

		make_logged(&terms);
		assert_int_equal(sg_compile(&terms.decision, NULL, &table, &err), 0);
		chain = find_chain(&table, "log_a");
		changes[i](&table.chains[chain - table.chains]);
		if (answer_of(&terms, &table) != (i ? SG_REFUTED : SG_PROVEN))
			fail_msg("change %zu is not noticed", i);
		sg_table_clear(&table);
		sg_idd_free(terms.idd);
	}
}

/* What a rule of another form logs is nothing that a policy speaks of. */
static void other_logs_are_nothing(void **state)
{
	struct sg_table table = {0};
	struct sg_error err = {0};
	struct sg_rule *rule;
	struct terms terms;

	(void)state;
	make_logged(&terms);
	assert_int_equal(sg_compile(&terms.decision, NULL, &table, &err), 0);
	rule = sg_chain_add_rule(&table.chains[find_chain(&table, "input") - table.chains], &err);
	assert_non_null(rule);
	assert_int_equal(sg_build_log(rule, "x", false, 0, &err), 0);
	assert_int_equal(answer_of(&terms, &table), SG_PROVEN);
	sg_table_clear(&table);
	sg_idd_free(terms.idd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_meter_leads_to),
		cmocka_unit_test(logs_are_limited),
		cmocka_unit_test(one_chain_for_what_is_logged_alike),
		cmocka_unit_test(altered_logs_are_noticed),
		cmocka_unit_test(other_logs_are_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
