/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idd_ite.c - if then else: a merge of the edges of up to three diagrams, in the manner of idd_ops.c.
 */
#include <string.h>
#include "decide/idd_node.h"

#define FULL  SG_IDD_FULL
#define EMPTY SG_IDD_EMPTY
#define HARD  0U /* no simple case; 0 is no reference */

/* With `choose` an operand says nothing where it is 0: the other answers there, and the condition is not asked. */
static sg_ref ite(struct sg_idd *idd, bool choose, sg_ref condition, sg_ref then, sg_ref otherwise);

/* One of the three operands during a walk: its edges where it tests the level, else itself all the way. */
struct operand {
	struct sg_idd_node node;
	sg_ref ref;
	bool tests;
	size_t at;
};

static struct operand operand_at(const struct sg_idd *idd, sg_ref ref, uint32_t level)
{
	struct operand operand = {.ref = ref, .tests = sg_idd_depth(idd, ref) == level};

	if (operand.tests)
		operand.node = idd->nodes[ref];
	return operand;
}

static inline sg_ref operand_child(const struct operand *operand)
{
	return operand->tests ? operand->node.child[operand->at] : operand->ref;
}

static inline sg_u128 operand_end(const struct operand *operand, sg_u128 max, bool wide)
{
	return operand->tests ? sg_idd_end(&operand->node, operand->at, wide) : max;
}

/* The operand that does not matter where the operands are these; 3: all do. */
static inline size_t ite_ignored(bool choose, const sg_ref operand[3])
{
	if (operand[1] == operand[2] || (choose && (operand[1] == EMPTY || operand[2] == EMPTY)))
		return 0;
	if (operand[0] == FULL && (!choose || sg_idd_is_terminal(operand[1])))
		return 2;
	if (operand[0] == EMPTY && (!choose || sg_idd_is_terminal(operand[2])))
		return 1;
	return 3;
}

/* The answer where it needs no recursion, else HARD. */
static inline sg_ref ite_simple(bool choose, sg_ref condition, sg_ref then, sg_ref otherwise)
{
	if (then == otherwise)
		return then;
	if (choose) {
		if (then == EMPTY || otherwise == EMPTY)
			return then == EMPTY ? otherwise : then;
		if (condition == FULL && sg_idd_is_terminal(then))
			return then;
		return condition == EMPTY && sg_idd_is_terminal(otherwise) ? otherwise : HARD;
	}
	if (condition == FULL || condition == EMPTY)
		return condition == FULL ? then : otherwise;
	return then == FULL && otherwise == EMPTY ? condition : HARD;
}

/* The last two answers of a walk. */
struct ite_recent {
	sg_ref operand[2][3], result[2];
	unsigned int oldest;
};

static inline sg_ref ite_from_recent(struct sg_idd *idd, bool choose, const sg_ref child[3], struct ite_recent *recent)
{
	sg_ref result = ite_simple(choose, child[0], child[1], child[2]);

	if (result != HARD)
		return result;
	for (size_t k = 0; k < 2; k++) {
		const sg_ref *seen = recent->operand[k];

		if (seen[0] == child[0] && seen[1] == child[1] && seen[2] == child[2])
			return recent->result[k];
	}
	result = ite(idd, choose, child[0], child[1], child[2]);
	memcpy(recent->operand[recent->oldest], child, sizeof(recent->operand[0]));
	recent->result[recent->oldest] = result;
	recent->oldest ^= 1;
	return result;
}

static inline __attribute__((always_inline)) bool ite_edges(struct sg_idd *idd, bool choose, struct operand operand[3],
							    struct sg_idd_frame *frame, bool wide)
{
	sg_u128 max = idd->levels[frame->level].max;
	struct ite_recent recent = {0};

	for (;;) {
		const sg_ref child[3] = {
			operand_child(&operand[0]),
			operand_child(&operand[1]),
			operand_child(&operand[2]),
		};
		sg_ref result = ite_from_recent(idd, choose, child, &recent);
		size_t ignored = ite_ignored(choose, child);
		sg_u128 end = max;

		if (result == SG_IDD_FAILED)
			return false;
		for (size_t k = 0; k < 3; k++) {
			sg_u128 own = k == ignored ? max : operand_end(&operand[k], max, wide);

			end = own < end ? own : end;
		}
		sg_idd_frame_add(frame, end, result, wide);
		if (end == max)
			return true;
		for (size_t k = 0; k < 3; k++) {
			if (!operand[k].tests)
				continue;
			if (k == ignored)
				operand[k].at = sg_idd_seek(&operand[k].node, operand[k].at, end + 1, wide);
			else
				operand[k].at += sg_idd_end(&operand[k].node, operand[k].at, wide) == end;
		}
	}
}

/* The operand along whose ends alone the walk goes, when all that test the level alternate in step; else NULL. */
static const struct operand *ite_in_step(const struct operand operand[3])
{
	const struct operand *first = NULL;

	for (size_t k = 0; k < 3; k++) {
		if (!operand[k].tests)
			continue;
		if (!operand[k].node.alternates || (first && !sg_idd_in_step(&first->node, &operand[k].node)))
			return NULL;
		first = first ? first : &operand[k];
	}
	return first;
}

static sg_ref ite_two(struct sg_idd *idd, bool choose, const struct operand operand[3], const struct sg_idd_node *node)
{
	sg_ref result[2];

	for (size_t edge = 0; edge < 2; edge++) {
		sg_ref child[3];

		for (size_t k = 0; k < 3; k++)
			child[k] = operand[k].tests ? operand[k].node.child[edge] : operand[k].ref;
		result[edge] = ite(idd, choose, child[0], child[1], child[2]);
		if (result[edge] == SG_IDD_FAILED)
			return SG_IDD_FAILED;
	}
	return sg_idd_with_two(idd, node, result[0], result[1]);
}

static sg_ref ite_walk(struct sg_idd *idd, bool choose, sg_ref condition, sg_ref then, sg_ref otherwise)
{
	uint32_t level = sg_idd_depth(idd, condition), other;
	struct operand operand[3];
	const struct operand *step;
	struct sg_idd_frame frame;
	size_t room = 1;
	bool done;

	other = sg_idd_depth(idd, then);
	level = other < level ? other : level;
	other = sg_idd_depth(idd, otherwise);
	level = other < level ? other : level;
	operand[0] = operand_at(idd, condition, level);
	operand[1] = operand_at(idd, then, level);
	operand[2] = operand_at(idd, otherwise, level);
	step = ite_in_step(operand);
	if (step)
		return ite_two(idd, choose, operand, &step->node);
	for (size_t k = 0; k < 3; k++)
		room += operand[k].node.count;
	if (!sg_idd_frame_open(idd, &frame, level, room))
		return SG_IDD_FAILED;
	done = frame.wide ? ite_edges(idd, choose, operand, &frame, true)
			  : ite_edges(idd, choose, operand, &frame, false);
	return done ? sg_idd_frame_make(idd, &frame) : sg_idd_frame_drop(idd, &frame);
}

static sg_ref ite(struct sg_idd *idd, bool choose, sg_ref condition, sg_ref then, sg_ref otherwise)
{
	uint32_t key = condition | (choose ? 0x80000000U : 0); /* references leave that bit */
	struct sg_idd_memo *memo;
	sg_ref result;

	result = ite_simple(choose, condition, then, otherwise);
	if (result != HARD)
		return result;
	if (condition == FULL) /* only with choose */
		return sg_idd_overlay(idd, then, otherwise);
	if (condition == EMPTY)
		return sg_idd_overlay(idd, otherwise, then);
	memo = &idd->memo_ite[sg_idd_memo_slot(idd, key, then, otherwise)];
	if (memo->operation == key && memo->a == then && memo->b == otherwise)
		return memo->result;
	result = ite_walk(idd, choose, condition, then, otherwise);
	if (result != SG_IDD_FAILED) { /* the table may have moved */
		memo = &idd->memo_ite[sg_idd_memo_slot(idd, key, then, otherwise)];
		*memo = (struct sg_idd_memo){key, then, otherwise, result};
	}
	return result;
}

static sg_ref ite_checked(struct sg_idd *idd, bool choose, sg_ref condition, sg_ref then, sg_ref otherwise)
{
	if (condition == SG_IDD_FAILED || then == SG_IDD_FAILED || otherwise == SG_IDD_FAILED || idd->failed)
		return SG_IDD_FAILED;
	return ite(idd, choose, condition, then, otherwise);
}

sg_ref sg_idd_ite(struct sg_idd *idd, sg_ref condition, sg_ref then, sg_ref otherwise)
{
	return ite_checked(idd, false, condition, then, otherwise);
}

sg_ref sg_idd_choose(struct sg_idd *idd, sg_ref condition, sg_ref then, sg_ref otherwise)
{
	return ite_checked(idd, true, condition, then, otherwise);
}
