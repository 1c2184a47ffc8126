/* SPDX-License-Identifier: GPL-2.0-or-later */
/* walk.h - following diagrams from level to level: one value down, or all intervals. */
#ifndef SG_CHECK_WALK_H
#define SG_CHECK_WALK_H

#include "sockgate/idd.h"

/* As sg_idd_check, but err is left alone when it was something beside the context that failed and filled it. */
int sg_walk_check(const struct sg_idd *idd, sg_ref ref, struct sg_error *err);

/* The sub-diagram at one value of a level above which `ref` tests nothing. Logarithmic in the node's edges. */
sg_ref sg_walk_step(const struct sg_idd *idd, sg_ref ref, size_t level, sg_u128 value);

/* The intervals of one level, each with its child; one for all when the diagram (which tests nothing above) does not
 * test the level. */
struct sg_walk {
	const struct sg_idd *idd;
	sg_ref ref;
	bool tested, done;
	size_t edge;
	sg_u128 max;
	/* what the last step found */
	sg_u128 first, last;
	sg_ref child;
};
void sg_walk_begin(struct sg_walk *walk, const struct sg_idd *idd, size_t level, sg_ref ref);
bool sg_walk_next(struct sg_walk *walk); /* false: there is no further interval */

/* sg_idd_terminals and sg_idd_terminals_in (of a set that is not empty), at once for a terminal. -1 with err when the
 * walk itself fails; `see` fills err for itself. */
int sg_walk_terminals(struct sg_idd *idd, sg_ref ref, int (*see)(uint32_t value, void *data), void *data,
		      struct sg_error *err);
int sg_walk_terminals_in(struct sg_idd *idd, sg_ref ref, sg_ref set, int (*see)(uint32_t value, void *data), void *data,
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
