/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * subject.c - decisions and who made them.
 *
 * An evaluation may test Boolean levels that stand for what its evaluator did not understand. Everything here is
 * asked of the *settled* decision: at a packet that has one verdict whatever the unknowns are, that verdict; at any
 * other, "undecided". So no answer of the joins can hang on an unknown without saying so.
 */
#include "check/settle.h"

#include "base/mem.h"

const char *sg_outcome_name(enum sg_outcome outcome)
{
	static const char *const names[] = {"none", "accept", "drop", "reject", "undecided", "depends"};

	return names[outcome];
}

struct sg_subject sg_subject_of_policy(const struct sg_policy *policy, const struct sg_decision *decision)
{
	return (struct sg_subject){.decision = *decision, .policy = policy};
}

struct sg_subject sg_subject_of_kernel(const struct sg_evaluation *evaluation)
{
	return (struct sg_subject){.decision = evaluation->decision, .evaluation = evaluation};
}

int sg_subject_open(struct sg_idd *idd, struct sg_subject *ret, struct sg_error *err)
{
	static const uint32_t accept[] = {SG_VERDICT_NONE, SG_VERDICT_ACCEPT};
	sg_ref verdict = sg_idd_map(idd, sg_packet_universe(idd), accept, 2);

	if (sg_idd_check(idd, verdict, err) < 0)
		return -1;
	*ret = (struct sg_subject){.decision = {.idd = idd, .verdict = verdict, .origin = SG_IDD_EMPTY}};
	return 0;
}

struct sg_because sg_subject_because(const struct sg_subject *subject, uint32_t origin)
{
	struct sg_because because = {.origin = origin, .line = {.kind = SG_ORIGIN_NONE, .span = SG_SPAN_NONE}};

	if (subject->policy && origin)
		because.line = sg_policy_origin(subject->policy, origin);
	if (subject->evaluation && origin && origin <= subject->evaluation->place_count)
		because.place = &subject->evaluation->places[origin - 1];
	return because;
}

sg_ref sg_settle(const struct sg_decision *decision)
{
	static const uint32_t known[] = {SG_OUTCOME_UNDECIDED, SG_OUTCOME_ACCEPT, SG_OUTCOME_DROP, SG_OUTCOME_REJECT,
					 SG_OUTCOME_UNDECIDED};
	struct sg_idd *idd = decision->idd;
	sg_ref universe = sg_packet_universe(idd), outcome = decision->verdict;

	if (sg_idd_levels(idd) > SG_FIELD_COUNT) {
		outcome = sg_idd_terminal(SG_OUTCOME_UNDECIDED);
		for (uint32_t verdict = SG_VERDICT_ACCEPT; verdict <= SG_VERDICT_REJECT; verdict++) {
			sg_ref sure = sg_idd_equals(idd, decision->verdict, verdict);

			for (size_t level = SG_FIELD_COUNT; level < sg_idd_levels(idd); level++)
				sure = sg_idd_forall(idd, sure, level);
			outcome = sg_idd_ite(idd, sure, sg_idd_terminal(verdict), outcome);
		}
	}
	return sg_idd_ite(idd, universe, sg_idd_map(idd, outcome, known, SG_COUNT(known)), SG_IDD_EMPTY);
}
