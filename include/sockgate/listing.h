/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listing.h - a table as the text that `nft list table` shows and `nft -f` loads. */
#ifndef SOCKGATE_LISTING_H
#define SOCKGATE_LISTING_H

#include "sockgate/buf.h"
#include "sockgate/ruleset.h"

/*
 * Appends the table's text to `out`. nft makes a table of the same meaning of it (our marks on rules aside), and of the
 * same expressions where they stand as nft itself would write them. What cannot be said so is SG_ERROR_LIMIT, with the
 * place, and nothing is appended: the text is never wrong.
 *
 * What packets put into sets is state, and not in the text. A time is said in seconds since 1970, which nft reads the
 * same in every time zone. A cgroup is said by its number, as nft does when it does not find the path; `nft -f` takes
 * paths alone, and refuses such a rule rather than load another.
 */
int sg_listing_table(const struct sg_table *table, struct sg_buf *out, struct sg_error *err);

#endif
