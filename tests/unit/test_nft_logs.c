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

/* Two ports of different constraints are logged by one chain, so that the rate is one. */
static void one_chain_for_what_is_logged_alike(void **state)
{
	static const struct sg_logging logging = {.name = "a", .prefix = "a", .rate = 7, .seconds = 60};
	struct sg_idd *idd = sg_packet_context(0);
	sg_ref in = sg_idd_and(idd, sg_packet_universe(idd), sg_idd_range(idd, SG_FIELD_DIRECTION, SG_IN, SG_IN));
	sg_ref allowed = sg_idd_range(idd, SG_FIELD_PORT, 22, 22), verdict;
	struct sg_decision decision = {.idd = idd, .loggings = &logging, .logging_count = 1};
	struct sg_table table = {0};
	struct sg_error err = {0};
	struct terms terms = {.idd = idd};
	size_t leads = 0;

	(void)state;
	allowed = sg_idd_or(idd, allowed,
			    sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PORT, 23, 23),
				       sg_idd_range(idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4)));
	allowed = sg_idd_and(idd, allowed, sg_idd_range(idd, SG_FIELD_PROTOCOL, 6, 6));
	verdict = sg_idd_ite(idd, allowed, sg_idd_terminal(SG_VERDICT_ACCEPT), sg_idd_terminal(SG_VERDICT_REJECT));
	verdict = sg_idd_ite(idd, in, verdict, sg_idd_terminal(SG_VERDICT_ACCEPT));
	decision.verdict = sg_idd_ite(idd, sg_packet_universe(idd), verdict, SG_IDD_EMPTY);
	decision.log = sg_idd_and(idd, allowed, in);
	decision.origin = sg_idd_terminal(0);
	assert_int_equal(sg_compile(&decision, NULL, &table, &err), 0);
	expect_unique_names(&table);
	for (size_t i = 0; i < table.chain_count; i++)
		leads += !strncmp(table.chains[i].name, "log_", 4);
	assert_int_equal(leads, 1);
	assert_int_equal(find_chain(&table, "log_a")->rule_count, 2);
	terms.decision = decision;
	assert_int_equal(answer_of(&terms, &table), SG_PROVEN);
	sg_table_clear(&table);
	sg_idd_free(idd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_meter_leads_to),
		cmocka_unit_test(logs_are_limited),
		cmocka_unit_test(one_chain_for_what_is_logged_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
