/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * choice.h - which sets are edited in place, and what is put in anew.
 *
 * For a base chain there is one place at which its packets meet either the old or the new policy: a set that is edited
 * in place, behind which everything else is new, or its own rules. A packet is judged by one base chain at a time, so
 * each may have a place of its own: a port that opens for the host and for what it publishes is one element in each of
 * two maps. But a set that packets of several base chains look into is the place of all of them, or of none.
 */
#ifndef SG_APPLY_CHOICE_H
#define SG_APPLY_CHOICE_H

#include "apply/graph.h"
#include "apply/transition.h"

struct sg_choice {
	bool *changed_sets, *changed_chains; /* of want: cannot stay as they are in have */
	size_t edited[SG_EDITS_MAX];         /* sets of want; none of them is changed */
	size_t edit_count;
};

/* What costs the kernel least; no edits unless in_place. */
int sg_choice_make(const struct sg_graph *graph, bool in_place, struct sg_choice *ret, struct sg_error *err);
void sg_choice_clear(struct sg_choice *choice);

#endif
