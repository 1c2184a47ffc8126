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

static struct sg_subject subject_of(const struct sg_decision *whole, uint64_t now, const struct sg_unit_finder *units)
{
	const struct sg_world world = {.now = now};

	return (struct sg_subject){
		.decision = sg_decision_settle(whole, &world),
		.whole = *whole,
		.now = now,
		.units = units,
	};
}

struct sg_subject sg_subject_of_policy(const struct sg_policy *policy, const struct sg_decision *decision, uint64_t now,
				       const struct sg_unit_finder *units)
{
	struct sg_subject subject = subject_of(decision, now, units);

	subject.policy = policy;
	return subject;
}

struct sg_subject sg_subject_of_kernel(const struct sg_evaluation *evaluation, uint64_t now,
				       const struct sg_unit_finder *units)
{
	struct sg_subject subject = subject_of(&evaluation->decision, now, units);

	subject.evaluation = evaluation;
	return subject;
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

/* What lies below all fields of a packet is the same for every value of what is unknown, or it is not decided. */
static uint32_t subject_outcome(sg_ref part, void *data)
{
	static const uint32_t known[] = {SG_OUTCOME_UNDECIDED, SG_OUTCOME_ACCEPT, SG_OUTCOME_DROP, SG_OUTCOME_REJECT};

	(void)data;
	if (!sg_idd_is_terminal(part) || sg_idd_value(part) >= SG_COUNT(known))
		return SG_OUTCOME_UNDECIDED;
	return known[sg_idd_value(part)];
}

sg_ref sg_settle(const struct sg_decision *decision)
{
	struct sg_idd *idd = decision->idd;
	sg_ref outcome = sg_idd_cut(idd, decision->verdict, SG_FIELD_COUNT, subject_outcome, NULL);

	return sg_idd_ite(idd, sg_packet_universe(idd), outcome, SG_IDD_EMPTY);
}
