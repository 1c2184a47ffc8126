/* SPDX-License-Identifier: GPL-2.0-or-later */
/* merge.h - the union of sets that live in the policy's arena; one alone is shared, not copied. */
#ifndef SG_POLICY_MERGE_H
#define SG_POLICY_MERGE_H

#include "policy/reader.h"

/* Zero-initialised is empty. The parts are normalised sets of the arena. */
struct merge {
	struct sg_ranges *parts;
	size_t count, room;
};

bool sg_merge_add(struct reader *reader, struct merge *merge, const struct sg_ranges *part);
/* The union, kept in the arena; reported at `node` when it is too large. False: reported, or no memory. */
bool sg_merge_take(struct reader *reader, uint32_t node, const struct merge *merge, struct sg_ranges *ret);
void sg_merge_clear(struct merge *merge);

/* What is gathered for a set of both families: literals, and whole sets. */
struct merge_addresses {
	struct sg_addresses literals; /* malloc'd, in any order */
	struct merge v4, v6;
};

bool sg_merge_add_range(struct reader *reader, struct merge_addresses *merge, enum sg_family family,
			const struct sg_range *range);
bool sg_merge_add_set(struct reader *reader, struct merge_addresses *merge, const struct sg_addresses *set);
bool sg_merge_take_addresses(struct reader *reader, uint32_t node, struct merge_addresses *merge,
			     struct sg_addresses *ret);
void sg_merge_clear_addresses(struct merge_addresses *merge);

#endif
