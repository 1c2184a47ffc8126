/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any ruleset that can be read as a decision. There is a verdict for every packet that can exist and for no other; it
 * is the same when it is asked for again; and what is known completely can be made into rules that decide so.
 */
#include "messages.h"
#include "sockgate/compile.h"
#include "sockgate/evaluate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NODES_MOST ((size_t)32 << 20) /* bytes: what needs more is refused, and no search goes there */

static void check_answer(struct sg_evaluation *evaluation, const struct sg_decision *decision, bool known)
{
	struct sg_packet packet;
	enum sg_answer answer;
	size_t unknown = SIZE_MAX;

	if (sg_evaluation_compare(evaluation, decision, &answer, &packet, &unknown, NULL) < 0)
		return; /* too large */
	if (answer == SG_REFUTED || (known && answer != SG_PROVEN))
		abort();
	if (answer == SG_UNDECIDED && unknown >= evaluation->unknown_count)
		abort();
}

static void check_domain(struct sg_idd *idd, sg_ref verdict)
{
	sg_ref decided = sg_idd_not(idd, sg_idd_equals(idd, verdict, SG_VERDICT_NONE));
	sg_ref universe = sg_packet_universe(idd);

	if (sg_idd_check(idd, decided, NULL) == 0 && sg_idd_check(idd, universe, NULL) == 0 && decided != universe)
		abort();
}

static void check_compiled(struct sg_idd *idd, const struct sg_decision *decision)
{
	static const struct sg_compile_hints hints;
	sg_cleanup(sg_table_clear) struct sg_table table = {0};
	sg_cleanup(sg_evaluation_clear) struct sg_evaluation again = {0};

	if (sg_compile(decision, &hints, &table, NULL) < 0 || sg_evaluate(idd, &table, &again, NULL) < 0)
		return;
	check_answer(&again, decision, true);
}

static void check_table(const struct sg_table *table)
{
	struct sg_idd *idd = sg_packet_context(NODES_MOST);
	sg_cleanup(sg_evaluation_clear) struct sg_evaluation evaluation = {0}, twice = {0};

	if (!idd)
		abort();
	if (sg_evaluate(idd, table, &evaluation, NULL) == 0) {
		check_domain(idd, evaluation.decision.verdict);
		check_answer(&evaluation, &evaluation.decision, evaluation.unknown_count == 0);
		if (sg_evaluate(idd, table, &twice, NULL) == 0 && evaluation.unknown_count == 0 &&
		    twice.decision.verdict != evaluation.decision.verdict)
			abort();
		if (evaluation.unknown_count == 0)
			check_compiled(idd, &evaluation.decision);
	}
	sg_idd_free(idd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sg_cleanup(sg_ruleset_clear) struct sg_ruleset ruleset = {0};

	if (!messages_decode(&ruleset, data, size))
		return 0;
	for (size_t i = 0; i < ruleset.table_count; i++) {
		if (!messages_name_twice(&ruleset.tables[i]))
			check_table(&ruleset.tables[i]);
	}
	return 0;
}
