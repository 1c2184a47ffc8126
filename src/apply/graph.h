/* SPDX-License-Identifier: GPL-2.0-or-later */
/* graph.h - what refers to what in a table, and which object of another table is its twin (an earlier version). */
#ifndef SG_APPLY_GRAPH_H
#define SG_APPLY_GRAPH_H

#include "sockgate/ruleset.h"

/* `from` looks up, jumps or goes to `to`: indexes of want's sets or chains. */
struct sg_edge {
	bool from_set, to_set;
	size_t from, to;
};

struct sg_graph {
	const struct sg_table *have;
	struct sg_table *want;
	size_t input;                  /* index of the base chain in want */
	size_t *set_twin, *chain_twin; /* per object of want: index in have, SIZE_MAX: none */
	/* its own content is not its twin's; names without versions, no marks, nothing of what rules log */
	bool *set_differs, *chain_differs;
	bool *chain_relogs; /* does not differ, and logs otherwise */
	struct sg_edge *edges;
	size_t edge_count, edge_room;
};

/* Names of `have` may carry a version (NAME.2), those of `want` do not. Only what packets can reach from a base chain
 * is a twin. */
int sg_graph_make(const struct sg_table *have, struct sg_table *want, struct sg_graph **ret, struct sg_error *err);
void sg_graph_free(struct sg_graph *graph);
/* Marks (true) what packets can reach from the base chains of some hooks, bits 1 << enum nf_inet_hooks; the arrays have
 * a place per set and per chain. */
#define SG_GRAPH_ALL_HOOKS UINT32_MAX
int sg_graph_reachable(const struct sg_table *table, uint32_t hooks, bool *sets, bool *chains, struct sg_error *err);
/* How many elements are to be deleted and added to make the twin of a set that set, if elements that lead to a marked
 * chain differ too. */
size_t sg_graph_distance(const struct sg_graph *graph, size_t index, const bool *marked_chains);
/* Whether a packet that meets some rules with the set's elements of before, and others with those of after, still gets
 * the verdict of one of them: all rules of the marked chains of want that look into the set ask the same of it and give
 * the same verdict. */
bool sg_graph_looks_up_alike(const struct sg_graph *graph, size_t index, const bool *among);
/* Renames want's objects and what refers to them. True: out of memory. */
bool sg_graph_rename(struct sg_graph *graph, char *const *sets, char *const *chains);
/* Elements of `a` that `b` (of the same shape, both sorted) does not have as they are. */
int sg_graph_subtract(const struct sg_set *a, const struct sg_set *b, struct sg_set *ret, struct sg_error *err);

#endif
