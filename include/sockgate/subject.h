/* SPDX-License-Identifier: GPL-2.0-or-later */
/* subject.h - a decision and who made it: what the joins of src/check compare and ask. */
#ifndef SOCKGATE_SUBJECT_H
#define SOCKGATE_SUBJECT_H

#include "sockgate/condition.h"
#include "sockgate/evaluate.h"
#include "sockgate/listener.h"
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

/*
 * All borrowed. policy: the decision's origins are its lines. evaluation: they are its places. Neither: they are 0.
 *
 * What is asked of a subject is asked of the decision that it has when every condition is met: whether a port is open
 * is one question, whether somebody has used up a limit another. Where the socket's owner is known (a listener, or a
 * connection to one), conditions on it come out as they do for that socket.
 */
struct sg_subject {
	struct sg_decision decision; /* settled at a time, with every condition met */
	const struct sg_policy *policy;
	const struct sg_evaluation *evaluation;
	struct sg_decision whole;           /* with its conditions; idd NULL: it has none */
	uint64_t now;                       /* of `decision`: nanoseconds since 1970 */
	const struct sg_unit_finder *units; /* what units are here; NULL: not known */
};
struct sg_subject sg_subject_of_policy(const struct sg_policy *policy, const struct sg_decision *decision, uint64_t now,
				       const struct sg_unit_finder *units);
struct sg_subject sg_subject_of_kernel(const struct sg_evaluation *evaluation, uint64_t now,
				       const struct sg_unit_finder *units);
/* The subject as the packets to one listener meet it. */
struct sg_subject sg_subject_for(const struct sg_subject *subject, const struct sg_listener *listener);
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
