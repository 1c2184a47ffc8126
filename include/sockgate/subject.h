/* SPDX-License-Identifier: GPL-2.0-or-later */
/* subject.h - a decision and who made it: what the joins of src/check compare and ask. */
#ifndef SOCKGATE_SUBJECT_H
#define SOCKGATE_SUBJECT_H

#include "sockgate/evaluate.h"
#include "sockgate/policy.h"

/* What becomes of packets. The first four are enum sg_verdict. */
enum sg_outcome {
	SG_OUTCOME_NONE, /* no such packet */
	SG_OUTCOME_ACCEPT,
	SG_OUTCOME_DROP,
	SG_OUTCOME_REJECT,
	SG_OUTCOME_UNDECIDED, /* hangs on something that the evaluator does not understand */
	SG_OUTCOME_DEPENDS,   /* not the same for all the packets in question */
};
const char *sg_outcome_name(enum sg_outcome outcome); /* "accept" … "depends", "none" */

/* All borrowed. policy: the decision's origins are its lines. evaluation: they are its places. Neither: they are 0. */
struct sg_subject {
	struct sg_decision decision;
	const struct sg_policy *policy;
	const struct sg_evaluation *evaluation;
};
struct sg_subject sg_subject_of_policy(const struct sg_policy *policy, const struct sg_decision *decision);
struct sg_subject sg_subject_of_kernel(const struct sg_evaluation *evaluation);
/* A kernel in which no table of ours is loaded: every packet that can exist is accepted. */
int sg_subject_open(struct sg_idd *idd, struct sg_subject *ret, struct sg_error *err);

/* Who is behind an origin number. */
struct sg_because {
	uint32_t origin;
	struct sg_origin line;        /* of a policy; else kind SG_ORIGIN_NONE and SG_SPAN_NONE */
	const struct sg_place *place; /* of an evaluation; else NULL */
};
struct sg_because sg_subject_because(const struct sg_subject *subject, uint32_t origin);

#endif
