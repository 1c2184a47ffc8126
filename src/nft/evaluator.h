/* SPDX-License-Identifier: GPL-2.0-or-later */
/* evaluator.h - an evaluation at work: chains (evaluate.c), and the hooks that they are called from (evaluate_hooks.c).
 */
#ifndef SG_NFT_EVALUATOR_H
#define SG_NFT_EVALUATOR_H

#include "nft/asked.h"
#include "nft/logged.h"

#define SG_RETURN 0U /* the terminal of "the chain ended without a verdict" */

/* Accepted for all hooks to come, where it is not known what was accepted. Stands in the place of SG_VERDICT_NONE. */
#define SG_ACCEPT_FOR_GOOD SG_VERDICT_NONE

/* What becomes of packets: the rule that decides and its verdict (sg_action), and what is logged on the way. */
struct sg_fate {
	sg_ref actions, log;
};

struct sg_chain_memo {
	struct sg_fate fate;
	bool done, busy; /* busy: being evaluated; the kernel has no loops, a made-up table may */
	bool asks;       /* a meter, itself or by a chain that it leads to */
};

struct sg_evaluator {
	struct sg_idd *idd;
	const struct sg_table *table;
	struct sg_evaluation *out;
	enum sg_direction direction;
	sg_ref possible;            /* what can be true of the direction's connections */
	struct sg_chain_memo *memo; /* one per chain of the table */
	struct sg_claims claims;
	struct sg_logged logged;
	bool asks; /* the chain that is evaluated, as far as it is known */
	bool nomem;
};

static inline uint32_t sg_action(uint32_t place, enum sg_verdict verdict)
{
	return place * 4 + (uint32_t)verdict;
}

/* The number (from 1) of a place, made when it is new. */
uint32_t sg_evaluator_place(struct sg_evaluator *ev, const struct sg_chain *chain, size_t rule);
struct sg_matcher sg_evaluator_matcher(struct sg_evaluator *ev, const char *where);
/* A verdict that nobody here knows. */
struct sg_fate sg_evaluator_unknown(struct sg_evaluator *ev, struct sg_matcher *matcher, uint32_t place,
				    const char *what);
/* What the chain does with packets in the evaluator's direction; SG_RETURN where it ends without a verdict. */
struct sg_fate sg_evaluate_chain(struct sg_evaluator *ev, const struct sg_chain *chain, unsigned int depth);

#endif
