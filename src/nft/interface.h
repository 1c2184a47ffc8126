/* SPDX-License-Identifier: GPL-2.0-or-later */
/* interface.h - sets of interface names as comparisons that one rule can make. */
#ifndef SG_NFT_INTERFACE_H
#define SG_NFT_INTERFACE_H

#include "sockgate/packet.h"

/* iifname is `include` (any when empty) and none of `exclude`; names may end in '*'. */
struct sg_interface_match {
	char include[SG_INTERFACE_NAME_SIZE + 1];
	char (*exclude)[SG_INTERFACE_NAME_SIZE + 1];
	size_t exclude_count, exclude_room;
};

struct sg_interface_matches {
	struct sg_interface_match *items;
	size_t count, room;
};

/* Comparisons that are together exactly the (normalised) set. SG_ERROR_INPUT when names and prefixes cannot say it. */
int sg_interface_matches(const struct sg_ranges *set, struct sg_interface_matches *ret, struct sg_error *err);
void sg_interface_matches_clear(struct sg_interface_matches *matches);

#endif
