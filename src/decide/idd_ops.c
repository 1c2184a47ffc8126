/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idd_ops.c - operations on two and three diagrams.
 *
 * All are one scheme: a rule for the simple cases (a terminal or the same diagram on one side), else a linear merge of
 * the edges of those that test the topmost level, with a recursive call for each pair of children. Results are
 * memoised per pair of nodes. Where one side's child decides alone, the other side's edges are leapt over, so that a
 * small set against one of a million edges costs little when the result is small. Neighbouring edges mostly lead to the
 * same few children (in, out, in, out, …), so each walk keeps its last two answers at hand and a node of a million
 * edges costs no memo lookup per edge.
 */
#include <string.h>
#include "decide/idd_node.h"

#define FULL  SG_IDD_FULL
#define EMPTY SG_IDD_EMPTY
#define HARD  0U /* no simple case; 0 is no reference */

static inline sg_ref smaller_terminal(sg_ref a, sg_ref b)
{
	return a < b ? a : b;
}

/* The answer where it needs no recursion. Every pair of terminals is such a case. */
static inline sg_ref simple(uint32_t operation, sg_ref a, sg_ref b)
{
	switch (operation) {
	case SG_IDD_OR: return a == b || b == EMPTY || a == FULL ? a : a == EMPTY || b == FULL ? b : HARD;
	case SG_IDD_AND: return a == b || b == FULL || a == EMPTY ? a : a == FULL || b == EMPTY ? b : HARD;
	case SG_IDD_MINUS: return a == b || a == EMPTY || b == FULL ? EMPTY : b == EMPTY ? a : HARD;
	case SG_IDD_OVERLAY: return a == EMPTY ? b : sg_idd_is_terminal(a) || a == b || b == EMPTY ? a : HARD;
	case SG_IDD_MIN:
		if (a == b || b == EMPTY || a == FULL) /* nothing is below 1 */
			return a;
		if (a == EMPTY || b == FULL)
			return b;
		return sg_idd_is_terminal(a) && sg_idd_is_terminal(b) ? smaller_terminal(a, b) : HARD;
	case SG_IDD_PAIR:
		if (!sg_idd_is_terminal(a) || !sg_idd_is_terminal(b))
			return HARD;
		return sg_idd_terminal(sg_idd_value(a) * 256 + sg_idd_value(b));
	case SG_IDD_DIFFER: return a == b ? EMPTY : sg_idd_is_terminal(a) && sg_idd_is_terminal(b) ? FULL : HARD;
	default: return SG_IDD_FAILED;
	}
}

static bool commutes(uint32_t operation)
{
	return operation == SG_IDD_OR || operation == SG_IDD_AND || operation == SG_IDD_MIN ||
	       operation == SG_IDD_DIFFER;
}

static sg_ref apply(struct sg_idd *idd, uint32_t operation, sg_ref a, sg_ref b);

/* The last two answers of a walk. */
struct recent {
	sg_ref a[2], b[2], result[2];
	unsigned int oldest;
};

static inline sg_ref apply_recent(struct sg_idd *idd, uint32_t operation, sg_ref a, sg_ref b, struct recent *recent)
{
	sg_ref result = simple(operation, a, b);

	if (result != HARD)
		return result;
	if (recent->a[0] == a && recent->b[0] == b)
		return recent->result[0];
	if (recent->a[1] == a && recent->b[1] == b)
		return recent->result[1];
	result = apply(idd, operation, a, b);
	recent->a[recent->oldest] = a;
	recent->b[recent->oldest] = b;
	recent->result[recent->oldest] = result;
	recent->oldest ^= 1;
	return result;
}

/* Whether the left (right) operand alone decides, whatever the other is. */
static inline bool left_decides(uint32_t operation, sg_ref a)
{
	switch (operation) {
	case SG_IDD_OR:
	case SG_IDD_MIN: return a == FULL;
	case SG_IDD_AND:
	case SG_IDD_MINUS: return a == EMPTY;
	case SG_IDD_OVERLAY: return a != EMPTY && sg_idd_is_terminal(a);
	default: return false;
	}
}

static inline bool right_decides(uint32_t operation, sg_ref b)
{
	switch (operation) {
	case SG_IDD_OR:
	case SG_IDD_MIN:
	case SG_IDD_MINUS: return b == FULL;
	case SG_IDD_AND: return b == EMPTY;
	default: return false;
	}
}

/* Both nodes test the level. */
static inline __attribute__((always_inline)) bool merge_edges(struct sg_idd *idd, uint32_t operation,
							      const struct sg_idd_node *a, const struct sg_idd_node *b,
							      struct sg_idd_frame *frame, bool wide)
{
	struct recent recent = {0};

	for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
		sg_u128 end_a = sg_idd_end(a, i, wide), end_b = sg_idd_end(b, j, wide);
		sg_ref result = apply_recent(idd, operation, a->child[i], b->child[j], &recent);

		if (result == SG_IDD_FAILED)
			return false;
		if (end_b < end_a && left_decides(operation, a->child[i])) {
			j = sg_idd_seek(b, j, end_a, wide);
			end_b = sg_idd_end(b, j, wide);
		} else if (end_a < end_b && right_decides(operation, b->child[j])) {
			i = sg_idd_seek(a, i, end_b, wide);
			end_a = sg_idd_end(a, i, wide);
		}
		sg_idd_frame_add(frame, end_a < end_b ? end_a : end_b, result, wide);
		i += end_a <= end_b;
		j += end_b <= end_a;
	}
	return true;
}

/* Only `node` tests the level; `other` is deeper. swap: other is the left operand. */
static inline __attribute__((always_inline)) bool walk_edges(struct sg_idd *idd, uint32_t operation,
							     const struct sg_idd_node *node, sg_ref other, bool swap,
							     struct sg_idd_frame *frame, bool wide)
{
	struct recent recent = {0};

	for (size_t i = 0; i < node->count; i++) {
		sg_ref child = node->child[i];
		sg_ref result = swap ? apply_recent(idd, operation, other, child, &recent)
				     : apply_recent(idd, operation, child, other, &recent);

		if (result == SG_IDD_FAILED)
			return false;
		sg_idd_frame_add(frame, sg_idd_end(node, i, wide), result, wide);
	}
	return true;
}

static sg_ref apply_merge(struct sg_idd *idd, uint32_t operation, sg_ref a, sg_ref b)
{
	struct sg_idd_node left = idd->nodes[a], right = idd->nodes[b];
	struct sg_idd_frame frame;
	bool done;

	if (sg_idd_in_step(&left, &right)) {
		sg_ref even = apply(idd, operation, left.child[0], right.child[0]);

		return sg_idd_with_two(idd, &left, even, apply(idd, operation, left.child[1], right.child[1]));
	}
	if (!sg_idd_frame_open(idd, &frame, left.level, (size_t)left.count + right.count))
		return SG_IDD_FAILED;
	if (frame.wide)
		done = merge_edges(idd, operation, &left, &right, &frame, true);
	else
		done = merge_edges(idd, operation, &left, &right, &frame, false);
	return done ? sg_idd_frame_make(idd, &frame) : sg_idd_frame_drop(idd, &frame);
}

static sg_ref apply_walk(struct sg_idd *idd, uint32_t operation, sg_ref upper, sg_ref other, bool swap)
{
	struct sg_idd_node node = idd->nodes[upper];
	struct sg_idd_frame frame;
	bool done;

	if (node.alternates) {
		sg_ref even = swap ? apply(idd, operation, other, node.child[0])
				   : apply(idd, operation, node.child[0], other);
		sg_ref odd = swap ? apply(idd, operation, other, node.child[1])
				  : apply(idd, operation, node.child[1], other);

		return sg_idd_with_two(idd, &node, even, odd);
	}
	if (!sg_idd_frame_open(idd, &frame, node.level, node.count))
		return SG_IDD_FAILED;
	if (frame.wide)
		done = walk_edges(idd, operation, &node, other, swap, &frame, true);
	else
		done = walk_edges(idd, operation, &node, other, swap, &frame, false);
	return done ? sg_idd_frame_make(idd, &frame) : sg_idd_frame_drop(idd, &frame);
}

static sg_ref apply(struct sg_idd *idd, uint32_t operation, sg_ref a, sg_ref b)
{
	sg_ref result = simple(operation, a, b);
	uint32_t level_a, level_b;

	if (result != HARD)
		return result;
	if (a > b && commutes(operation)) {
		sg_ref swap = a;

		a = b;
		b = swap;
	}
	result = sg_idd_memo_get(idd, operation, a, b);
	if (result)
		return result;
	level_a = sg_idd_depth(idd, a);
	level_b = sg_idd_depth(idd, b);
	if (level_a == level_b)
		result = apply_merge(idd, operation, a, b);
	else if (level_a < level_b)
		result = apply_walk(idd, operation, a, b, false);
	else
		result = apply_walk(idd, operation, b, a, true);
	sg_idd_memo_put(idd, operation, a, b, result);
	return result;
}

static sg_ref apply_checked(struct sg_idd *idd, uint32_t operation, sg_ref a, sg_ref b)
{
	if (a == SG_IDD_FAILED || b == SG_IDD_FAILED || idd->failed)
		return SG_IDD_FAILED;
	return apply(idd, operation, a, b);
}

sg_ref sg_idd_or(struct sg_idd *idd, sg_ref a, sg_ref b)
{
	return apply_checked(idd, SG_IDD_OR, a, b);
}

sg_ref sg_idd_and(struct sg_idd *idd, sg_ref a, sg_ref b)
{
	return apply_checked(idd, SG_IDD_AND, a, b);
}

sg_ref sg_idd_minus(struct sg_idd *idd, sg_ref a, sg_ref b)
{
	return apply_checked(idd, SG_IDD_MINUS, a, b);
}

sg_ref sg_idd_not(struct sg_idd *idd, sg_ref a)
{
	return apply_checked(idd, SG_IDD_MINUS, FULL, a);
}

sg_ref sg_idd_overlay(struct sg_idd *idd, sg_ref upper, sg_ref lower)
{
	return apply_checked(idd, SG_IDD_OVERLAY, upper, lower);
}

sg_ref sg_idd_min(struct sg_idd *idd, sg_ref a, sg_ref b)
{
	return apply_checked(idd, SG_IDD_MIN, a, b);
}

sg_ref sg_idd_pair(struct sg_idd *idd, sg_ref a, sg_ref b)
{
	return apply_checked(idd, SG_IDD_PAIR, a, b);
}

sg_ref sg_idd_differ(struct sg_idd *idd, sg_ref a, sg_ref b)
{
	return apply_checked(idd, SG_IDD_DIFFER, a, b);
}

/* Neighbours first, then neighbours of those: every item takes part in log2(count) operations. */
static sg_ref apply_all(struct sg_idd *idd, uint32_t operation, sg_ref *items, size_t count)
{
	if (!count)
		return EMPTY;
	for (; count > 1; count = (count + 1) / 2) {
		for (size_t i = 0; i < count / 2; i++)
			items[i] = apply_checked(idd, operation, items[2 * i], items[2 * i + 1]);
		if (count & 1)
			items[count / 2] = items[count - 1];
	}
	return items[0];
}

sg_ref sg_idd_or_all(struct sg_idd *idd, sg_ref *sets, size_t count)
{
	return apply_all(idd, SG_IDD_OR, sets, count);
}

sg_ref sg_idd_overlay_all(struct sg_idd *idd, sg_ref *upper_first, size_t count)
{
	return apply_all(idd, SG_IDD_OVERLAY, upper_first, count);
}

sg_ref sg_idd_min_all(struct sg_idd *idd, sg_ref *items, size_t count)
{
	return apply_all(idd, SG_IDD_MIN, items, count);
}

/* ---- Questions on two sets, without making nodes ---- */

static bool holds(struct sg_idd *idd, uint32_t operation, sg_ref a, sg_ref b);

/* DISJOINT: a and b have no point in common. SUBSET: a has no point outside b. */
static bool holds_for_any_left(uint32_t operation, sg_ref b)
{
	return b == (operation == SG_IDD_DISJOINT ? EMPTY : FULL);
}

/* Both nodes test the level. */
static bool holds_merge(struct sg_idd *idd, uint32_t operation, const struct sg_idd_node *a,
			const struct sg_idd_node *b)
{
	bool wide = idd->levels[a->level].wide;
	sg_ref last_a = HARD, last_b = HARD;

	for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
		sg_u128 end_a = sg_idd_end(a, i, wide), end_b = sg_idd_end(b, j, wide);
		sg_ref child_a = a->child[i], child_b = b->child[j];

		if ((child_a != last_a || child_b != last_b) && !holds(idd, operation, child_a, child_b))
			return false;
		last_a = child_a;
		last_b = child_b;
		if (end_b < end_a && child_a == EMPTY) {
			j = sg_idd_seek(b, j, end_a, wide);
			end_b = sg_idd_end(b, j, wide);
		} else if (end_a < end_b && holds_for_any_left(operation, child_b)) {
			i = sg_idd_seek(a, i, end_b, wide);
			end_a = sg_idd_end(a, i, wide);
		}
		i += end_a <= end_b;
		j += end_b <= end_a;
	}
	return true;
}

/* No node is made here, so the records stay where they are. */
static bool holds_edges(struct sg_idd *idd, uint32_t operation, sg_ref a, sg_ref b)
{
	uint32_t level_a = sg_idd_depth(idd, a), level_b = sg_idd_depth(idd, b);
	const struct sg_idd_node *node = &idd->nodes[level_a < level_b ? a : b];
	sg_ref last = HARD;

	if (level_a == level_b)
		return holds_merge(idd, operation, &idd->nodes[a], &idd->nodes[b]);
	for (size_t i = 0; i < node->count; i++) {
		sg_ref child = node->child[i];

		if (child != last &&
		    !(level_a < level_b ? holds(idd, operation, child, b) : holds(idd, operation, a, child)))
			return false;
		last = child;
	}
	return true;
}

static bool holds(struct sg_idd *idd, uint32_t operation, sg_ref a, sg_ref b)
{
	sg_ref known;
	bool result;

	if (a == EMPTY || b == (operation == SG_IDD_DISJOINT ? EMPTY : FULL))
		return true;
	if (operation == SG_IDD_SUBSET && a == b)
		return true;
	if (a == b || a == FULL || b == (operation == SG_IDD_DISJOINT ? FULL : EMPTY)) {
		/* SUBSET: a is FULL and b is not, or b is EMPTY and a is not. DISJOINT: they share something. */
		return false;
	}
	known = sg_idd_memo_get(idd, operation, a, b);
	if (known)
		return known == FULL;
	result = holds_edges(idd, operation, a, b);
	sg_idd_memo_put(idd, operation, a, b, result ? FULL : EMPTY);
	return result;
}

bool sg_idd_disjoint(struct sg_idd *idd, sg_ref a, sg_ref b)
{
	return a != SG_IDD_FAILED && b != SG_IDD_FAILED && holds(idd, SG_IDD_DISJOINT, a, b);
}

bool sg_idd_subset(struct sg_idd *idd, sg_ref a, sg_ref b)
{
	return a != SG_IDD_FAILED && b != SG_IDD_FAILED && holds(idd, SG_IDD_SUBSET, a, b);
}
