/* SPDX-License-Identifier: GPL-2.0-or-later */
/* walk.h - following diagrams from level to level: one value down, or several diagrams side by side. */
#ifndef SG_CHECK_WALK_H
#define SG_CHECK_WALK_H

#include "sockgate/idd.h"

/* The sub-diagram at one value of a level above which `ref` tests nothing. Logarithmic in the node's edges. */
sg_ref sg_walk_step(const struct sg_idd *idd, sg_ref ref, size_t level, sg_u128 value);

/* All intervals of one level on which none of `width` diagrams (which test nothing above it) changes its child. */
#define SG_WALK_WIDTH 3
struct sg_walk {
	const struct sg_idd *idd;
	size_t level, width;
	sg_ref ref[SG_WALK_WIDTH];
	size_t edge[SG_WALK_WIDTH];
	sg_u128 next;
	bool done;
	/* what the last step found */
	sg_u128 first, last;
	sg_ref child[SG_WALK_WIDTH];
};
void sg_walk_begin(struct sg_walk *walk, const struct sg_idd *idd, size_t level, const sg_ref *refs, size_t width);
bool sg_walk_next(struct sg_walk *walk); /* false: there is no further interval */

/* sg_idd_terminals, at once for a terminal. -1 with err when the walk itself fails; `see` fills err for itself. */
int sg_walk_terminals(struct sg_idd *idd, sg_ref ref, int (*see)(uint32_t value, void *data), void *data,
		      struct sg_error *err);

/* The intervals of a level that lead to one child, put together. Every distinct child once, the empty set aside. */
struct sg_branch {
	sg_ref child;
	bool all; /* the level is not tested; ranges is empty */
	struct sg_ranges ranges;
};
struct sg_branches {
	struct sg_branch *items;
	size_t count, room;
};
int sg_branches_find(const struct sg_idd *idd, sg_ref ref, size_t level, struct sg_branches *ret, struct sg_error *err);
void sg_branches_clear(struct sg_branches *branches);

#endif
