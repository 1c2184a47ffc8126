/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idd_node.h - what the files of the diagrams share: nodes, scratch frames, memo tables. */
#ifndef SG_DECIDE_IDD_NODE_H
#define SG_DECIDE_IDD_NODE_H

#include "sockgate/idd.h"

/* A node's edges are two arrays in the context's arena that never move; the node records themselves may move when
 * another node is made, so they are copied before anything is called that may make one. */
struct sg_idd_node {
	const void *ends; /* last value of each edge: uint32_t, or sg_u128 on wide levels */
	const sg_ref *child;
	uint32_t count; /* edges, at least 2 */
	uint32_t level;
	uint32_t ends_hash;
	bool alternates; /* two children in turn, as a set of intervals has them */
};

struct sg_idd_level {
	sg_u128 max;
	bool wide;     /* max does not fit 32 bits */
	uint32_t hash; /* of the tag */
	size_t tag_size;
	void *tag; /* NULL: none */
};

struct sg_idd_slot { /* of the unique table; ref 0: empty */
	uint32_t hash;
	sg_ref ref;
};

/* Lossy: an entry is overwritten by the next that falls on it. All zero: empty (neither operation 0 nor node 0 are). */
struct sg_idd_memo {
	uint32_t operation; /* or the condition of an ite */
	sg_ref a, b, result;
};

struct sg_idd_share_memo {
	sg_ref ref;
	uint32_t value;
	long double share;
};

struct sg_idd_block { /* of the arena and of the scratch stack; the bytes follow */
	struct sg_idd_block *next;
	size_t size, used;
};

struct sg_idd {
	struct sg_idd_level *levels;
	size_t level_count, level_room;
	uint32_t *tag_slots; /* levels with tags, plus 1, by hashing; 0: free */
	size_t tag_count, tag_room;

	struct sg_idd_node *nodes; /* nodes[0] is not used */
	size_t node_count, node_room;
	struct sg_idd_slot *slots;
	size_t slot_mask;
	struct sg_idd_block *arena;
	size_t bytes, limit;

	struct sg_idd_block *scratch_first, *scratch;
	struct sg_idd_block *spare; /* of a large frame that did not become a node */

	struct sg_idd_memo *memo, *memo_ite;
	size_t memo_mask;
	struct sg_idd_share_memo *shares;
	size_t share_mask;
	uint32_t next_stamp;

	enum sg_error_kind failed; /* sticky */
	const char *failed_text;
};

/* Names of operations in the memo table; those with parameters beyond two references take a stamp of their own. */
enum sg_idd_operation {
	SG_IDD_OR = 1,
	SG_IDD_AND,
	SG_IDD_MINUS,
	SG_IDD_OVERLAY,
	SG_IDD_MIN,
	SG_IDD_PAIR,
	SG_IDD_DIFFER,
	SG_IDD_DISJOINT,
	SG_IDD_SUBSET,
	SG_IDD_EQUALS,
	SG_IDD_EXISTS,
	SG_IDD_FORALL,
	SG_IDD_SIMPLIFY,
	SG_IDD_HAS,
	SG_IDD_FIRST_STAMP,
};
uint32_t sg_idd_stamp(struct sg_idd *idd);

/* Remembers the failure; returns SG_IDD_FAILED. */
sg_ref sg_idd_fail(struct sg_idd *idd, enum sg_error_kind kind, const char *text);

/* Terminals lie below every level. */
#define SG_IDD_BOTTOM UINT32_MAX
static inline uint32_t sg_idd_depth(const struct sg_idd *idd, sg_ref ref)
{
	return ref >= 0x40000000U ? SG_IDD_BOTTOM : idd->nodes[ref].level;
}

static inline sg_u128 sg_idd_end(const struct sg_idd_node *node, size_t edge, bool wide)
{
	return wide ? ((const sg_u128 *)node->ends)[edge] : ((const uint32_t *)node->ends)[edge];
}

/* The first edge from `edge` on that ends at `value` or behind it (there is one). Near ones are found faster. */
static inline size_t sg_idd_seek(const struct sg_idd_node *node, size_t edge, sg_u128 value, bool wide)
{
	size_t step = 1, high;

	while (sg_idd_end(node, edge, wide) < value) { /* edge is before it; is one `step` further on behind it? */
		high = node->count - 1 - edge > step ? edge + step : node->count - 1;
		if (sg_idd_end(node, high, wide) < value) {
			edge = high;
			step *= 2;
			continue;
		}
		while (high - edge > 1) {
			size_t middle = edge + (high - edge) / 2;

			if (sg_idd_end(node, middle, wide) < value)
				edge = middle;
			else
				high = middle;
		}
		return high;
	}
	return edge;
}

/* The edge that holds a value. */
size_t sg_idd_find_edge(const struct sg_idd *idd, const struct sg_idd_node *node, sg_u128 value);

/*
 * Scratch memory, last in first out: `sg_idd_scratch_mark` before, `sg_idd_scratch_release` after. Blocks are aligned
 * for sg_u128. NULL: out of memory, and the context has failed.
 */
struct sg_idd_mark {
	struct sg_idd_block *block;
	size_t used;
};
struct sg_idd_mark sg_idd_scratch_mark(const struct sg_idd *idd);
void *sg_idd_scratch_take(struct sg_idd *idd, size_t size);
void sg_idd_scratch_release(struct sg_idd *idd, struct sg_idd_mark mark);

/* Edges of a node in the making. */
struct sg_idd_frame {
	struct sg_idd_mark mark;
	struct sg_idd_block *own; /* a large frame has a block to itself, which becomes the node's; else NULL */
	void *ends;
	sg_ref *child;
	size_t count;
	uint32_t level;
	uint32_t ends_hash; /* these two are found when the node is made */
	bool alternates;
	bool wide;
};
/* Room for `room` edges of the level. False: out of memory. */
bool sg_idd_frame_open(struct sg_idd *idd, struct sg_idd_frame *frame, size_t level, size_t room);
/* The node of the edges; the frame's memory is given back. */
sg_ref sg_idd_frame_make(struct sg_idd *idd, struct sg_idd_frame *frame);
/* Gives the memory back without making a node; returns SG_IDD_FAILED. */
sg_ref sg_idd_frame_drop(struct sg_idd *idd, struct sg_idd_frame *frame);

/*
 * The node with other children: for a node that alternates, `even` for its first, third, … edge and `odd` for the
 * others. Both are deeper than the node. It shares the ends of the edges, so that nothing is compared or hashed again.
 */
sg_ref sg_idd_with_two(struct sg_idd *idd, const struct sg_idd_node *node, sg_ref even, sg_ref odd);
/* Whether two nodes alternate along the very same ends. */
static inline bool sg_idd_in_step(const struct sg_idd_node *a, const struct sg_idd_node *b)
{
	return a->alternates && b->alternates && a->ends == b->ends && a->count == b->count;
}

/* Appends an edge; an edge with the same child as the one before it extends that one. */
static inline void sg_idd_frame_add(struct sg_idd_frame *frame, sg_u128 last, sg_ref child, bool wide)
{
	if (!frame->count || frame->child[frame->count - 1] != child)
		frame->child[frame->count++] = child;
	if (wide)
		((sg_u128 *)frame->ends)[frame->count - 1] = last;
	else
		((uint32_t *)frame->ends)[frame->count - 1] = (uint32_t)last;
}

/* The memo tables. A lookup returns 0 when nothing is known. */
static inline size_t sg_idd_memo_slot(const struct sg_idd *idd, uint32_t operation, sg_ref a, sg_ref b)
{
	uint64_t hash = (a * UINT64_C(0x9e3779b97f4a7c15)) ^ (b * UINT64_C(0xc2b2ae3d27d4eb4f)) ^
			(operation * UINT64_C(0x165667b19e3779f9));

	return (size_t)((hash ^ hash >> 31) * UINT64_C(0xd6e8feb86659fd93) >> 32) & idd->memo_mask;
}
static inline sg_ref sg_idd_memo_get(const struct sg_idd *idd, uint32_t operation, sg_ref a, sg_ref b)
{
	const struct sg_idd_memo *memo = &idd->memo[sg_idd_memo_slot(idd, operation, a, b)];

	return memo->operation == operation && memo->a == a && memo->b == b ? memo->result : 0;
}
static inline void sg_idd_memo_put(struct sg_idd *idd, uint32_t operation, sg_ref a, sg_ref b, sg_ref result)
{
	if (result != SG_IDD_FAILED)
		idd->memo[sg_idd_memo_slot(idd, operation, a, b)] = (struct sg_idd_memo){operation, a, b, result};
}

/* Distinct children of a node, in order of their first edge. Scratch memory; the caller marks and releases. */
struct sg_idd_groups {
	sg_ref *child;     /* one per group */
	uint32_t *size;    /* edges of the group */
	uint32_t *of_edge; /* group of each edge */
	size_t count;
};
bool sg_idd_group(struct sg_idd *idd, const sg_ref *child, size_t count, struct sg_idd_groups *ret);

/* Whether the terminal is reachable. False also when the context fails. */
bool sg_idd_has(struct sg_idd *idd, sg_ref ref, uint32_t value);

#endif
