/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listing.h - private to listing*.c. Each function returns false when something cannot be said in nft's language. */
#ifndef SG_NFT_LISTING_H
#define SG_NFT_LISTING_H

#include "nft/datatype.h"
#include "sockgate/buf.h"
#include "sockgate/ruleset.h"

/* A word that nft takes as the name of a table, chain or set: not one of its own. */
bool sg_listing_name(struct sg_buf *out, const char *name);
bool sg_listing_is_keyword(const char *name);
/* A text between quotation marks; nft has no way to put one of these into it. */
bool sg_listing_quoted(struct sg_buf *out, const char *text);

/* A key of one field, or a range of them (last NULL: a single key). */
bool sg_listing_value(struct sg_buf *out, uint32_t type, const uint8_t *first, const uint8_t *last);
/* The conntrack states in a mask, "established,related"; 0 and unknown ones cannot be said. */
bool sg_listing_ct_states(struct sg_buf *out, uint32_t mask);
/* The same of a connection's status, "snat,dnat". */
bool sg_listing_ct_status(struct sg_buf *out, uint32_t mask);
/* A time in milliseconds, "1h30m". */
void sg_listing_time(struct sg_buf *out, uint64_t milliseconds);
bool sg_listing_verdict(struct sg_buf *out, const struct sg_nft_verdict *verdict);

/* A rule without its indentation and line end. */
bool sg_listing_rule(struct sg_buf *out, const struct sg_table *table, const struct sg_rule *rule);

#endif
