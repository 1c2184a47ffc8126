/* SPDX-License-Identifier: GPL-2.0-or-later */
/* judge.h - one listener under two decisions: what the kernel lets in and the policy does not, and the other way. */
#ifndef SG_CHECK_JUDGE_H
#define SG_CHECK_JUDGE_H

#include "check/region.h"

struct sg_judgement {
	bool wanted, reachable; /* the policy, the kernel lets someone in for sure */
	bool exposed, blocked, undecided;
	bool exposed_wholly, blocked_wholly; /* the kernel accepts all, or none, of what it could */
	bool exposed_widely;                 /* also from addresses that anyone on the internet may have */
	/* of `exposed`, else of `blocked`; neither: empty */
	struct sg_wheres wheres;
	struct sg_refs lines, places; /* who decides so in the policy and in the kernel */
};

/* What two decisions do with listeners; equal questions are judged once. */
struct sg_judgements {
	struct sg_idd *idd;
	struct sg_regions regions;
	struct sg_port_index kernel, kernel_origin, policy, policy_origin;
	struct sg_memo index;
	struct sg_judgement **items;
	size_t count, room;
};

/* Both subjects are of one context. NULL with err. */
struct sg_judgements *sg_judgements_new(const struct sg_subject *kernel, const struct sg_subject *policy,
					const struct sg_local_addresses *local, struct sg_error *err);
/* NULL with err. A listener that nobody else can reach gets a judgement in which everything is false. */
const struct sg_judgement *sg_judgements_get(struct sg_judgements *judgements, const struct sg_listener *listener,
					     struct sg_error *err);
void sg_judgements_free(struct sg_judgements *judgements);

#endif
