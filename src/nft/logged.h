/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logged.h - what the rules of a table log, as a policy's loggings. */
#ifndef SG_NFT_LOGGED_H
#define SG_NFT_LOGGED_H

#include "nft/match.h"

/*
 * A log in the making is a diagram with these terminals: 0 for packets that no rule logs, SG_LOGGED_OTHER for packets
 * that are logged in a way that no policy has, and 1 + the index of the rule's logging for the others.
 */
#define SG_LOGGED_OTHER 1U

struct sg_logged {
	struct sg_logged_rule *items;
	size_t count, room;
	bool failed; /* out of memory */
};
struct sg_logged_rule {
	const struct sg_rule *rule;
	const struct sg_chain *chain;
	uint32_t verdict; /* enum sg_verdict: what the prefix says of the packets */
};
void sg_logged_clear(struct sg_logged *logged);

/* Whether the rule has a log of a policy's form, and nothing behind it. */
bool sg_logged_rule(const struct sg_rule *rule);
/* The terminal of such a rule's packets. */
uint32_t sg_logged_number(struct sg_logged *logged, const struct sg_chain *chain, const struct sg_rule *rule);
/* The log of packets that both concern, one after the other. */
sg_ref sg_logged_both(struct sg_idd *idd, sg_ref first, sg_ref second);
/* Puts the log into the evaluation, whose verdicts are made. */
int sg_logged_finish(struct sg_logged *logged, sg_ref log, struct sg_evaluation *evaluation, struct sg_error *err);

#endif
