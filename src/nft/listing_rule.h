/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listing_rule.h - a rule while it is written; private to listing_*.c. */
#ifndef SG_NFT_LISTING_RULE_H
#define SG_NFT_LISTING_RULE_H

#include "nft/listing.h"

#define LOADS   5
#define UNKNOWN (-1)

enum context { FAMILY, PROTOCOL };

struct held {
	enum context context;
	uint8_t value;
};

/* A load and, when they follow at once, its mask and the swap of its bytes. */
struct load {
	const struct sg_expr *expr;
	const struct sg_expr *mask;
	bool swapped;  /* all bytes, from the host's order to the network's */
	uint32_t type; /* of what is loaded: enum datatype_number */
	char name[40]; /* "ip saddr" */
};

struct listing {
	struct sg_buf *out;
	const struct sg_table *table;
	const struct sg_rule *rule;
	size_t at;    /* the next expression */
	size_t start; /* of the rule's text */
	int known[2]; /* by context: what the text has said so far, UNKNOWN: nothing */
	struct held held[2];
	size_t held_count;
};

static inline const struct sg_expr *listing_next(const struct listing *l)
{
	return l->at < l->rule->expr_count ? &l->rule->exprs[l->at] : NULL;
}

static inline bool listing_is_load(const struct sg_expr *expr)
{
	return expr->kind == SG_EXPR_META || expr->kind == SG_EXPR_CT || expr->kind == SG_EXPR_PAYLOAD ||
	       expr->kind == SG_EXPR_SOCKET;
}

/* A word behind what is there. */
void sg_listing_word(struct listing *l, const char *word);
/* What the text says of it, or would say if what is held were written. */
int sg_listing_context(const struct listing *l, enum context context);

/* listing_load.c: takes the loads that stand in a row, with their masks. 0: something that has no name. */
size_t sg_listing_loads(struct listing *l, struct load loads[LOADS]);
/* The test of a load, which may be one of two expressions. */
bool sg_listing_cmp(struct listing *l, const struct load *load, const struct sg_expr *cmp);
bool sg_listing_range(struct listing *l, const struct load *load, const struct sg_expr *cmp, const uint8_t *last,
		      bool negated);

/* listing_statement.c: what is no match, with everything before it written. */
bool sg_listing_statement(struct listing *l, const struct sg_expr *expr);
/* update @SET { ip saddr limit … } */
bool sg_listing_dynset(struct listing *l, const struct load *load, const struct sg_expr *expr);

#endif
