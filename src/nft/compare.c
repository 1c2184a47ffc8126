// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether a table decides as a decision does. Where they differ for every value of the levels that stand for what was
 * not understood, they differ; where only for some, nobody can say.
 */
#include "sockgate/evaluate.h"

#include <stdlib.h>
#include "base/mem.h"

static void take_witness(struct sg_idd *idd, sg_ref set, const struct sg_evaluation *evaluation,
			 struct sg_packet *ret_packet, size_t *ret_unknown, sg_u128 *point, bool *fixed)
{
	sg_idd_witness(idd, set, 1, point, fixed);
	for (size_t i = 0; i < SG_FIELD_COUNT; i++) {
		ret_packet->field[i] = point[i];
		ret_packet->fixed[i] = fixed[i];
	}
	for (size_t i = evaluation->unknown_count; i-- > 0;)
		if (fixed[evaluation->unknowns[i].level])
			*ret_unknown = i;
}

/* Answers from the set where both differ, for some value of what is unknown. */
static int answer(struct sg_evaluation *evaluation, sg_ref may, enum sg_answer *ret, struct sg_packet *ret_packet,
		  size_t *ret_unknown, struct sg_error *err)
{
	struct sg_idd *idd = evaluation->decision.idd;
	sg_autofree sg_u128 *point = calloc(sg_idd_levels(idd), sizeof(*point));
	sg_autofree bool *fixed = calloc(sg_idd_levels(idd), sizeof(*fixed));
	sg_ref must = may;

	for (size_t i = 0; i < evaluation->unknown_count; i++)
		must = sg_idd_forall(idd, must, evaluation->unknowns[i].level);
	if (sg_idd_check(idd, must, err) || sg_idd_check(idd, may, err))
		return -1;
	if (!point || !fixed)
		return sg_error_nomem(err);
	*ret_unknown = 0;
	if (may == SG_IDD_EMPTY) {
		*ret = SG_PROVEN;
		return 0;
	}
	*ret = must == SG_IDD_EMPTY ? SG_UNDECIDED : SG_REFUTED;
	take_witness(idd, *ret == SG_REFUTED ? must : may, evaluation, ret_packet, ret_unknown, point, fixed);
	return 0;
}

int sg_evaluation_compare(struct sg_evaluation *evaluation, const struct sg_decision *decision, enum sg_answer *ret,
			  struct sg_packet *ret_packet, size_t *ret_unknown, struct sg_error *err)
{
	sg_ref may = sg_idd_differ(decision->idd, evaluation->decision.verdict, decision->verdict);

	return answer(evaluation, may, ret, ret_packet, ret_unknown, err);
}

/* The decision's log with the numbers that its loggings have in the evaluation; those that it lacks have one of their
 * own. */
static int renumber(const struct sg_evaluation *evaluation, const struct sg_decision *decision, sg_ref *ret,
		    struct sg_error *err)
{
	const struct sg_decision *kernel = &evaluation->decision;
	sg_autofree uint32_t *number = calloc(decision->logging_count + 1, sizeof(*number));

	if (!number)
		return sg_error_nomem(err);
	for (size_t i = 0; i < decision->logging_count; i++) {
		size_t same = 0;

		while (same < kernel->logging_count && !sg_logging_same(&kernel->loggings[same], &decision->loggings[i]))
			same++;
		number[i + 1] = (uint32_t)same + 1;
	}
	*ret = decision->log ? sg_idd_map(decision->idd, decision->log, number, decision->logging_count + 1)
			     : SG_IDD_EMPTY;
	return 0;
}

int sg_evaluation_compare_logs(struct sg_evaluation *evaluation, const struct sg_decision *decision, enum sg_answer *ret,
			       struct sg_packet *ret_packet, size_t *ret_unknown, struct sg_error *err)
{
	struct sg_evaluation *kernel = evaluation;
	sg_ref own = SG_IDD_EMPTY, wanted;

	if (renumber(kernel, &kernel->decision, &own, err) || renumber(kernel, decision, &wanted, err))
		return -1;
	return answer(kernel, sg_idd_differ(decision->idd, own, wanted), ret, ret_packet, ret_unknown, err);
}
