/* SPDX-License-Identifier: GPL-2.0-or-later */
/* match_condition.h - expressions that ask for more than the packet: meters and the owner of the socket. */
#ifndef SG_NFT_MATCH_CONDITION_H
#define SG_NFT_MATCH_CONDITION_H

#include "nft/match.h"

/* A meter that some expression is: each is only one. */
struct sg_claim {
	size_t level; /* SIZE_MAX: none, of these packets it counts something else */
	const struct sg_chain *chain;
	const struct sg_expr *expr;
	unsigned int families; /* bit 1 << enum sg_family of the packets that it may count */
	bool spoilt;           /* it counts what does not hang on it (asked.h) */
};

struct sg_claims {
	struct sg_claim *items;
	size_t count, room;
	size_t probe;       /* the level that asked.h speaks of, good as soon as there are items */
	uint32_t *set_uses; /* how many expressions that packets can get to name each of the sets */
};
/* Zero-initialised before. -1: out of memory. */
int sg_claims_make(struct sg_claims *claims, const struct sg_table *table);
void sg_claims_clear(struct sg_claims *claims);

/* Whether the rule goes on behind a limit, connlimit or dynset of that chain: a meter's level, or a fresh one. Who asks
 * the meter is put into matcher->asked. */
sg_ref sg_match_meter(struct sg_matcher *matcher, struct sg_claims *claims, const struct sg_chain *chain,
		      const struct sg_expr *expr);
/* Whether it goes on behind a socket expression and `compare`, the comparison that follows it; NULL: another one does.
 */
sg_ref sg_match_socket(struct sg_matcher *matcher, const struct sg_expr *expr, const struct sg_expr *compare);
/* The comparison that goes with the socket expression in front of it; NULL: it does not. */
const struct sg_expr *sg_match_socket_compare(const struct sg_rule *rule, size_t index);
/* Statements that are not interpreted but can do no more than let the rule go on or not, whatever they are told. */
bool sg_match_may_only_break(const struct sg_expr *expr);
/* The packets for which the rule goes on behind such a statement. */
sg_ref sg_match_statement(struct sg_matcher *matcher, const struct sg_expr *expr);

#endif
