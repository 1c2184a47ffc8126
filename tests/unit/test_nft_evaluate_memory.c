// SPDX-License-Identifier: GPL-2.0-or-later
/* Wherever memory runs out while rules are evaluated and compared: an error that says so, and nothing leaks. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "sockgate/evaluate.h"
#include "strict_terms.h"
#include "starve.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
char *__wrap_strdup(const char *text);

/* Evaluates the table and compares it with `decision`, which is of the context. */
static int evaluate(struct sg_idd *idd, const struct sg_table *table, struct sg_error *err)
{
	struct sg_decision decision = {.idd = idd, .verdict = SG_IDD_EMPTY, .origin = SG_IDD_EMPTY};
	struct sg_evaluation evaluation;
	enum sg_answer answer;
	struct sg_packet packet;
	size_t unknown;
	int result;

	if (sg_evaluate(idd, table, &evaluation, err))
		return -1;
	result = sg_evaluation_compare(&evaluation, &decision, &answer, &packet, &unknown, err);
	sg_evaluation_clear(&evaluation);
	return result;
}

/* How often it failed until there was enough. */
static size_t run_out(const struct sg_table *table)
{
	for (size_t n = 0;; n++) {
		struct sg_idd *idd = sg_packet_context(0);
		struct sg_error err = {0};
		int done;

		starve_from(n + 1, false);
		done = evaluate(idd, table, &err);
		starve_end();
		sg_idd_free(idd);
		if (!done)
			return n;
		if (err.kind != SG_ERROR_MEMORY)
			fail_msg("allocation %zu: %s", n, err.message);
	}
}

static void memory_runs_out(void **state)
{
	size_t failures = 0;

	(void)state;
	for (uint64_t i = 1; i <= 24; i++) {
		struct rules rules = {.odd = i % 3, .published = i % 3 == 0};

		seed = i;
		random_table(&rules);
		failures += run_out(rules.table);
		sg_ruleset_clear(&rules.ruleset);
	}
	assert_true(failures > 500);
}

/* With meters as they should be, and asked by packets that pass in any case. */
static void memory_runs_out_over_meters(void **state)
{
	struct sg_table table = {0};
	struct terms terms = {0};
	struct sg_chain *chain;
	size_t failures;

	(void)state;
	make_strict(&terms);
	assert_int_equal(sg_compile(&terms.decision, NULL, &table, NULL), 0);
	failures = run_out(&table);
	chain = sg_table_add_chain(&table, "forward", NULL);
	chain->is_base = true;
	chain->hook = NF_INET_FORWARD;
	chain->policy = NF_ACCEPT;
	chain->type = strdup("filter");
	add_verdict(sg_chain_add_rule(chain, NULL), SG_CODE_JUMP, "limit_tcp_22");
	assert_true(run_out(&table) > failures);
	assert_int_equal(answer_of(&terms, &table), SG_UNDECIDED);
	sg_table_clear(&table);
	sg_idd_free(terms.idd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_runs_out),
		cmocka_unit_test(memory_runs_out_over_meters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
