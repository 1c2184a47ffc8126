/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transition.h - how to get from the table in the kernel to the table that is wanted without judging a packet by half
 * of each.
 */
#ifndef SG_APPLY_TRANSITION_H
#define SG_APPLY_TRANSITION_H

#include "sockgate/wire.h"

/* A set of want that is edited in place, and the elements to do it with. */
struct sg_edit {
	size_t set;
	struct sg_set added, deleted;
};
#define SG_EDITS_MAX 3 /* one for each base chain */

struct sg_transition {
	const struct sg_table *have; /* NULL: there is none */
	struct sg_table *want;       /* its objects are renamed to what they will be called */
	bool nothing;                /* there is nothing to do */
	bool replace;                /* the table is not one of ours in shape: deleted and made anew, in one step */
	bool *rewritten;             /* chains of want, which are there already: their rules are written anew */
	bool *ended;                 /* base chains of have that want does not have */
	bool *new_sets, *new_chains; /* of want: put in beside what is there */
	struct sg_edit edits[SG_EDITS_MAX];
	size_t edit_count;
	size_t elements_added, elements_deleted; /* in all, for people */
};

/* `want` is changed (names); both tables outlive the plan. in_place false: no set is edited, all that differs is put in
 * beside. */
int sg_transition_make(const struct sg_table *have, struct sg_table *want, bool in_place, struct sg_transition *ret,
		       struct sg_error *err);
/* How far the first step has got: what is written next, and from which of its elements or rules on. */
enum { SG_MADE_SETS, SG_MADE_CHAINS, SG_MADE_ELEMENTS, SG_MADE_RULES, SG_MADE_ALL };
struct sg_made {
	size_t step, index, part;
};
/*
 * Writes the first step from `at` on (zeroed: from the beginning), as much of it as keeps the batch within `room` bytes
 * but at least one message, and moves `at`. It changes nothing for any packet, and each part may be a transaction of
 * its own. False: all of it is written already, and nothing was written now.
 */
bool sg_transition_write_make(const struct sg_transition *plan, size_t room, struct sg_made *at, struct sg_wire *wire);
/* Writes the second step, which has to be one transaction. All of the first has to be there. */
void sg_transition_write_switch(const struct sg_transition *plan, struct sg_wire *wire);
/* Writes the way back from the second step to the rules of `have`. Not for a plan without `have`, or that replaces. */
void sg_transition_write_back(const struct sg_transition *plan, struct sg_wire *wire);
/* Writes the deletion of all that the first step makes. The kernel refuses it where something leads there. Without
 * `have` it deletes the table. Out of memory it writes nothing. */
void sg_transition_write_unmake(const struct sg_transition *plan, struct sg_wire *wire);
void sg_transition_clear(struct sg_transition *plan);

/*
 * Writes the deletion of what no packet can reach in a table of ours: what the rules before the last change used, or a
 * run left behind that was killed. It goes in a transaction of its own, when no packet can be on its way through it any
 * more. *ret_count is how many chains and sets that are.
 */
int sg_transition_write_garbage(const struct sg_table *table, struct sg_wire *wire, size_t *ret_count,
				struct sg_error *err);

#endif
