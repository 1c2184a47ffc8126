/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fold.h - chains and maps that are there twice. */
#ifndef SG_NFT_FOLD_H
#define SG_NFT_FOLD_H

#include "sockgate/ruleset.h"

/*
 * Of the table's chains and maps whose names begin with the prefix, those go that hold the same as their counterparts,
 * and what led to them leads there: for a chain PREFIXtcp_22 that is tcp_22, for a map PREFIXicmp it is in_icmp, or
 * icmp. Indexes into the table's chains and sets are others afterwards.
 */
int sg_fold(struct sg_table *table, const char *prefix, struct sg_error *err);

#endif
