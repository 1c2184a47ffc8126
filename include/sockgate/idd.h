/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idd.h - hash-consed, multi-terminal interval decision diagrams.
 *
 * A diagram is a function from tuples of numbers (one number per level) to a terminal, a 32-bit number. A node belongs
 * to a level and splits that level's whole domain 0…max into consecutive intervals, each with a child of a deeper
 * level; neighbouring intervals have different children and a node has at least two intervals (else it is its child).
 * Equal nodes are one node, so two diagrams of one context are the same function exactly when their references are
 * equal. A *set* is a diagram whose terminals are only 0 (outside) and 1 (inside).
 *
 * A context owns all its nodes; they live until it is freed. Several contexts live side by side, none is global, and
 * one context is used by one thread at a time. When memory or the node limit runs out an operation returns
 * SG_IDD_FAILED, which every operation passes on: callers check once, with sg_idd_check.
 */
#ifndef SOCKGATE_IDD_H
#define SOCKGATE_IDD_H

#include "sockgate/addr.h"

struct sg_idd;

/* A reference to a node or a terminal of one context. */
typedef uint32_t sg_ref;
#define SG_IDD_FAILED       UINT32_MAX
#define SG_IDD_TERMINAL_MAX 0x3fffffffU
#define SG_IDD_EMPTY        sg_idd_terminal(0)
#define SG_IDD_FULL         sg_idd_terminal(1)

/* The levels, from the top: max[i] is the largest value of level i. limit: bytes of nodes, 0 for the default (4 GiB).
 * Levels beyond `count` may be added later with sg_idd_add_level. NULL: out of memory. */
struct sg_idd *sg_idd_new(const sg_u128 *max, size_t count, size_t limit);
void sg_idd_free(struct sg_idd *idd);
/* Adds a level below all others; returns its index, or SIZE_MAX when out of memory. */
size_t sg_idd_add_level(struct sg_idd *idd, sg_u128 max);
/*
 * The level that has these bytes as its tag, added below all others when there is none yet: what means the same has the
 * same level in all diagrams of the context. The bytes are copied. SIZE_MAX: out of memory.
 */
size_t sg_idd_tagged_level(struct sg_idd *idd, sg_u128 max, const void *tag, size_t size);
/* The tag of a level, *ret_size bytes; NULL: it has none. Good as long as the context. */
const void *sg_idd_level_tag(const struct sg_idd *idd, size_t level, size_t *ret_size);
size_t sg_idd_levels(const struct sg_idd *idd);
sg_u128 sg_idd_level_max(const struct sg_idd *idd, size_t level);
/* 0, or -1 with err (memory or SG_ERROR_LIMIT) when the context or `ref` has failed. */
int sg_idd_check(const struct sg_idd *idd, sg_ref ref, struct sg_error *err);
size_t sg_idd_bytes(const struct sg_idd *idd);

static inline sg_ref sg_idd_terminal(uint32_t value) /* value at most SG_IDD_TERMINAL_MAX */
{
	return value | 0x40000000U;
}
static inline bool sg_idd_is_terminal(sg_ref ref)
{
	return ref >= 0x40000000U && ref != SG_IDD_FAILED;
}
static inline uint32_t sg_idd_value(sg_ref ref) /* of a terminal */
{
	return ref & SG_IDD_TERMINAL_MAX;
}

/* Looking at nodes. A terminal's level is sg_idd_levels(). Edge i goes from (i ? last(i - 1) + 1 : 0) to last(i). */
size_t sg_idd_level(const struct sg_idd *idd, sg_ref ref);
size_t sg_idd_edges(const struct sg_idd *idd, sg_ref ref);
sg_u128 sg_idd_edge_last(const struct sg_idd *idd, sg_ref ref, size_t edge);
sg_ref sg_idd_edge_child(const struct sg_idd *idd, sg_ref ref, size_t edge);

/* Building. `set` is normalised; inside/outside are of deeper levels. Linear in the set. */
sg_ref sg_idd_split(struct sg_idd *idd, size_t level, const struct sg_ranges *set, sg_ref inside, sg_ref outside);
sg_ref sg_idd_range(struct sg_idd *idd, size_t level, sg_u128 first, sg_u128 last); /* the set of one interval */
/* A node from edges: last[count-1] is the level's maximum; children deeper than level. Merges equal neighbours. */
sg_ref sg_idd_node(struct sg_idd *idd, size_t level, const sg_u128 *last, const sg_ref *child, size_t count);

/* Sets. */
sg_ref sg_idd_or(struct sg_idd *idd, sg_ref a, sg_ref b);
sg_ref sg_idd_and(struct sg_idd *idd, sg_ref a, sg_ref b);
sg_ref sg_idd_minus(struct sg_idd *idd, sg_ref a, sg_ref b);
sg_ref sg_idd_not(struct sg_idd *idd, sg_ref a);
bool sg_idd_disjoint(struct sg_idd *idd, sg_ref a, sg_ref b);
bool sg_idd_subset(struct sg_idd *idd, sg_ref a, sg_ref b);
/* The union of many, pairwise as a balanced tree, so that n small sets cost n log n. Overwrites `sets`. 0: EMPTY. */
sg_ref sg_idd_or_all(struct sg_idd *idd, sg_ref *sets, size_t count);

/* Any diagrams. */
sg_ref sg_idd_ite(struct sg_idd *idd, sg_ref condition, sg_ref then, sg_ref otherwise); /* condition is a set */
/* The same where neither is 0. Where one of them is 0 it has nothing to say: the other's value stands, whatever the
 * condition is, so that an answer that nobody needs costs no nodes. */
sg_ref sg_idd_choose(struct sg_idd *idd, sg_ref condition, sg_ref then, sg_ref otherwise);
sg_ref sg_idd_overlay(struct sg_idd *idd, sg_ref upper, sg_ref lower); /* upper where it is not 0, else lower */
sg_ref sg_idd_overlay_all(struct sg_idd *idd, sg_ref *upper_first, size_t count);
sg_ref sg_idd_min(struct sg_idd *idd, sg_ref a, sg_ref b);              /* smaller terminal; 0 counts as none */
sg_ref sg_idd_min_all(struct sg_idd *idd, sg_ref *items, size_t count); /* as a balanced tree; overwrites items */
sg_ref sg_idd_pair(struct sg_idd *idd, sg_ref a, sg_ref b);             /* a * 256 + b; a below 2^22, b below 256 */
sg_ref sg_idd_equals(struct sg_idd *idd, sg_ref a, uint32_t value);     /* the set where a is the value */
sg_ref sg_idd_differ(struct sg_idd *idd, sg_ref a, sg_ref b);           /* the set where a and b differ */
sg_ref sg_idd_map(struct sg_idd *idd, sg_ref a, const uint32_t *table,
		  size_t count); /* t -> table[t]; t >= count stays */
/* Terminal t is replaced by the whole diagram table[t] (t >= count stays); the diagrams may test any level. */
sg_ref sg_idd_compose(struct sg_idd *idd, sg_ref a, const sg_ref *table, size_t count);
/* The diagram above a level: each part that begins there or deeper (terminals too) is replaced by the terminal that
 * `number` gives it. SG_IDD_TERMINAL_MAX + 1 of `number` fails the operation. */
sg_ref sg_idd_cut(struct sg_idd *idd, sg_ref a, size_t level, uint32_t (*number)(sg_ref part, void *data), void *data);
/* Fixes a level to a value; for an interval: sg_idd_and/ite with sg_idd_range first. */
sg_ref sg_idd_restrict(struct sg_idd *idd, sg_ref a, size_t level, sg_u128 value);
/* The same for many levels in one walk: those for which `fix` is true, each to the value that it gives. `fix` is asked
 * often, always answers alike, and makes no nodes. */
sg_ref sg_idd_fix(struct sg_idd *idd, sg_ref a, bool (*fix)(size_t level, sg_u128 *ret_value, void *data), void *data);
/* Makes `a` independent of a level: the set for which some (any) / every (all) value of the level is inside. */
sg_ref sg_idd_exists(struct sg_idd *idd, sg_ref set, size_t level);
sg_ref sg_idd_forall(struct sg_idd *idd, sg_ref set, size_t level);
/* A diagram that equals `a` wherever the set `care` holds, and is as small as a simple heuristic makes it elsewhere
 * (Coudert and Madre's restriction: what nobody cares for takes its neighbour's value). */
sg_ref sg_idd_simplify(struct sg_idd *idd, sg_ref a, sg_ref care);
/* The same function in another context whose levels are the same. */
sg_ref sg_idd_import(struct sg_idd *to, const struct sg_idd *from, sg_ref ref);

/* Asking. */
uint32_t sg_idd_lookup(const struct sg_idd *idd, sg_ref ref, const sg_u128 *point); /* one value per level */
/* A point (one value per level, levels that do not matter 0; fixed[i] says whether level i matters) at which the
 * terminal is `value`. Prefers the smallest values. False when there is none. */
bool sg_idd_witness(struct sg_idd *idd, sg_ref ref, uint32_t value, sg_u128 *point, bool *fixed);
/* How many points of the whole space have the terminal, as a fraction of all; exact up to rounding. */
long double sg_idd_share(struct sg_idd *idd, sg_ref ref, uint32_t value);
/* Calls back for each distinct terminal that is reachable, ascending. Returns what the callback first returns not 0. */
int sg_idd_terminals(struct sg_idd *idd, sg_ref ref, int (*see)(uint32_t value, void *data), void *data);
/* Only those that occur inside of the set. Makes no nodes. -1 also when something has failed. */
int sg_idd_terminals_in(struct sg_idd *idd, sg_ref ref, sg_ref set, int (*see)(uint32_t value, void *data), void *data);

/*
 * Walks disjoint boxes that cover exactly the points with terminal `value`. A box has one normalised set per level;
 * sets[i].count == 0 means that level i does not matter. Intervals with equal children are one box, so the number of
 * boxes is the number of paths, not of intervals. The callback's non-zero return ends the walk and is returned; -1 with
 * err on failure of the walk itself.
 */
struct sg_box {
	const struct sg_ranges *sets;
	size_t levels;
};
int sg_idd_boxes(struct sg_idd *idd, sg_ref ref, uint32_t value, int (*see)(const struct sg_box *box, void *data),
		 void *data, struct sg_error *err);
/* The set that a box stands for: the union of all boxes of a walk is the set walked. */
sg_ref sg_idd_from_box(struct sg_idd *idd, const struct sg_box *box);

#endif
