/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idd_map.c - operations on one diagram: other terminals, a level fixed or taken away, a diagram made smaller.
 *
 * Each gives the same answer for the same node within one call, so results are memoised under the operation's name
 * where two numbers say all about it, else under a stamp that no other call has.
 */
#include <string.h>
#include "decide/idd_node.h"

struct unary {
	struct sg_idd *idd;
	uint32_t operation; /* name or stamp in the memo table … */
	sg_ref key;         /* … with this beside the node */
	sg_ref (*visit)(struct unary *unary, sg_ref ref);
	const uint32_t *table; /* map and compose */
	size_t count;
	size_t level; /* restrict, exists, forall, cut */
	sg_u128 value;
	uint32_t (*number)(sg_ref part, void *data); /* cut */
	bool (*fix)(size_t level, sg_u128 *ret_value, void *data);
	void *data;
};

static sg_ref visit_memoised(struct unary *unary, sg_ref ref)
{
	sg_ref result;

	if (sg_idd_is_terminal(ref))
		return unary->visit(unary, ref);
	result = sg_idd_memo_get(unary->idd, unary->operation, ref, unary->key);
	if (result)
		return result;
	result = unary->visit(unary, ref);
	sg_idd_memo_put(unary->idd, unary->operation, ref, unary->key, result);
	return result;
}

static sg_ref unary_run(struct unary *unary, sg_ref ref)
{
	if (ref == SG_IDD_FAILED || unary->idd->failed)
		return SG_IDD_FAILED;
	return visit_memoised(unary, ref);
}

/* Neighbouring edges mostly lead to the same two children in turn: their answers are kept at hand. */
struct recent {
	sg_ref child[2], answer[2];
	unsigned int oldest;
};

static inline sg_ref visit_recent(struct unary *unary, sg_ref child, struct recent *recent)
{
	sg_ref answer;

	if (child == recent->child[0])
		return recent->answer[0];
	if (child == recent->child[1])
		return recent->answer[1];
	answer = visit_memoised(unary, child);
	recent->child[recent->oldest] = child;
	recent->answer[recent->oldest] = answer;
	recent->oldest ^= 1;
	return answer;
}

/* The node with each child visited; what comes back is deeper than the node. */
static sg_ref visit_deeper(struct unary *unary, sg_ref ref)
{
	struct sg_idd_node node = unary->idd->nodes[ref];
	struct recent recent = {0};
	struct sg_idd_frame frame;

	if (node.alternates) {
		sg_ref even = visit_memoised(unary, node.child[0]);

		return sg_idd_with_two(unary->idd, &node, even, visit_memoised(unary, node.child[1]));
	}
	if (!sg_idd_frame_open(unary->idd, &frame, node.level, node.count))
		return SG_IDD_FAILED;
	for (size_t i = 0; i < node.count; i++) {
		sg_ref child = visit_recent(unary, node.child[i], &recent);

		if (child == SG_IDD_FAILED)
			return sg_idd_frame_drop(unary->idd, &frame);
		sg_idd_frame_add(&frame, sg_idd_end(&node, i, frame.wide), child, frame.wide);
	}
	return sg_idd_frame_make(unary->idd, &frame);
}

/* ---- Terminals for terminals ---- */

static sg_ref visit_equals(struct unary *unary, sg_ref ref)
{
	if (sg_idd_is_terminal(ref))
		return ref == unary->key ? SG_IDD_FULL : SG_IDD_EMPTY;
	return visit_deeper(unary, ref);
}

sg_ref sg_idd_equals(struct sg_idd *idd, sg_ref a, uint32_t value)
{
	struct unary unary = {
		.idd = idd,
		.operation = SG_IDD_EQUALS,
		.key = sg_idd_terminal(value),
		.visit = visit_equals,
	};

	return unary_run(&unary, a);
}

static sg_ref visit_map(struct unary *unary, sg_ref ref)
{
	if (!sg_idd_is_terminal(ref))
		return visit_deeper(unary, ref);
	return sg_idd_value(ref) < unary->count ? sg_idd_terminal(unary->table[sg_idd_value(ref)]) : ref;
}

sg_ref sg_idd_map(struct sg_idd *idd, sg_ref a, const uint32_t *table, size_t count)
{
	struct unary unary = {
		.idd = idd,
		.operation = sg_idd_stamp(idd),
		.visit = visit_map,
		.table = table,
		.count = count,
	};

	return unary_run(&unary, a);
}

/* ---- Terminals for what lies below a level ---- */

static sg_ref visit_cut(struct unary *unary, sg_ref ref)
{
	uint32_t number;

	if (sg_idd_depth(unary->idd, ref) < unary->level)
		return visit_deeper(unary, ref);
	number = unary->number(ref, unary->data);
	return number <= SG_IDD_TERMINAL_MAX ? sg_idd_terminal(number) : SG_IDD_FAILED;
}

sg_ref sg_idd_cut(struct sg_idd *idd, sg_ref a, size_t level, uint32_t (*number)(sg_ref part, void *data), void *data)
{
	struct unary unary = {
		.idd = idd,
		.operation = sg_idd_stamp(idd),
		.visit = visit_cut,
		.level = level,
		.number = number,
		.data = data,
	};

	return unary_run(&unary, a);
}

/* ---- Diagrams for terminals ---- */

static bool visit_children(struct unary *unary, const struct sg_idd_node *node, sg_ref *results)
{
	struct recent recent = {0};

	for (size_t i = 0; i < node->count; i++) {
		results[i] = visit_recent(unary, node->child[i], &recent);
		if (results[i] == SG_IDD_FAILED)
			return false;
	}
	return true;
}

/* The node with other children, which are all deeper than it. */
static sg_ref with_children(struct sg_idd *idd, const struct sg_idd_node *node, const sg_ref *child)
{
	struct sg_idd_frame frame;

	if (!sg_idd_frame_open(idd, &frame, node->level, node->count))
		return SG_IDD_FAILED;
	for (size_t i = 0; i < node->count; i++)
		sg_idd_frame_add(&frame, sg_idd_end(node, i, frame.wide), child[i], frame.wide);
	return sg_idd_frame_make(idd, &frame);
}

/* The diagram that is child[groups.of_edge[i]] in edge i of the node, where children may test any level: halves of the
 * children are told apart by a set of edges. `index` is the node with group numbers as terminals. */
struct choice {
	struct sg_idd *idd;
	sg_ref index;
	const struct sg_idd_groups *groups;
};

static sg_ref choose(const struct choice *choice, size_t first, size_t count)
{
	struct sg_idd *idd = choice->idd;
	struct sg_idd_mark mark = sg_idd_scratch_mark(idd);
	sg_ref condition, then, otherwise;
	uint32_t *side;

	if (count == 1)
		return choice->groups->child[first];
	side = sg_idd_scratch_take(idd, choice->groups->count * sizeof(*side));
	if (!side)
		return SG_IDD_FAILED;
	for (size_t i = 0; i < choice->groups->count; i++)
		side[i] = i >= first && i < first + count / 2;
	condition = sg_idd_map(idd, choice->index, side, choice->groups->count);
	sg_idd_scratch_release(idd, mark);
	then = choose(choice, first, count / 2);
	otherwise = choose(choice, first + count / 2, count - count / 2);
	return sg_idd_ite(idd, condition, then, otherwise);
}

static sg_ref choose_by_edge(struct sg_idd *idd, const struct sg_idd_node *node, const sg_ref *child)
{
	struct sg_idd_groups groups;
	struct choice choice = {.idd = idd, .groups = &groups};
	sg_ref *number;

	if (!sg_idd_group(idd, child, node->count, &groups))
		return SG_IDD_FAILED;
	number = sg_idd_scratch_take(idd, node->count * sizeof(*number));
	if (!number)
		return SG_IDD_FAILED;
	for (size_t i = 0; i < node->count; i++)
		number[i] = sg_idd_terminal(groups.of_edge[i]);
	choice.index = with_children(idd, node, number);
	return choice.index == SG_IDD_FAILED ? SG_IDD_FAILED : choose(&choice, 0, groups.count);
}

static bool all_deeper(const struct sg_idd *idd, const struct sg_idd_node *node, const sg_ref *child)
{
	for (size_t i = 0; i < node->count; i++) {
		if (sg_idd_depth(idd, child[i]) <= node->level)
			return false;
	}
	return true;
}

static sg_ref visit_compose(struct unary *unary, sg_ref ref)
{
	struct sg_idd *idd = unary->idd;
	struct sg_idd_mark mark = sg_idd_scratch_mark(idd);
	sg_ref *child, result = SG_IDD_FAILED;
	struct sg_idd_node node;

	if (sg_idd_is_terminal(ref))
		return sg_idd_value(ref) < unary->count ? unary->table[sg_idd_value(ref)] : ref;
	node = idd->nodes[ref];
	child = sg_idd_scratch_take(idd, node.count * sizeof(*child));
	if (child && visit_children(unary, &node, child)) {
		result = all_deeper(idd, &node, child) ? with_children(idd, &node, child)
						       : choose_by_edge(idd, &node, child);
	}
	sg_idd_scratch_release(idd, mark);
	return result;
}

sg_ref sg_idd_compose(struct sg_idd *idd, sg_ref a, const sg_ref *table, size_t count)
{
	struct unary unary = {
		.idd = idd,
		.operation = sg_idd_stamp(idd),
		.visit = visit_compose,
		.table = table,
		.count = count,
	};

	return unary_run(&unary, a);
}

/* ---- Taking a level away ---- */

static sg_ref visit_restrict(struct unary *unary, sg_ref ref)
{
	const struct sg_idd *idd = unary->idd;
	uint32_t depth = sg_idd_depth(idd, ref);

	if (depth < unary->level)
		return visit_deeper(unary, ref);
	if (depth > unary->level)
		return ref;
	return idd->nodes[ref].child[sg_idd_find_edge(idd, &idd->nodes[ref], unary->value)];
}

sg_ref sg_idd_restrict(struct sg_idd *idd, sg_ref a, size_t level, sg_u128 value)
{
	struct unary unary = {
		.idd = idd,
		.operation = SG_IDD_FIRST_STAMP,
		.visit = visit_restrict,
		.level = level,
		.value = value,
	};

	if (a == SG_IDD_FAILED || idd->failed)
		return SG_IDD_FAILED;
	if (sg_idd_depth(idd, a) >= level)
		return visit_restrict(&unary, a);
	unary.operation = sg_idd_stamp(idd);
	return unary_run(&unary, a);
}

static sg_ref visit_fix(struct unary *unary, sg_ref ref)
{
	const struct sg_idd_node *node;
	sg_u128 value;

	if (sg_idd_is_terminal(ref))
		return ref;
	node = &unary->idd->nodes[ref];
	if (!unary->fix(node->level, &value, unary->data))
		return visit_deeper(unary, ref);
	return visit_memoised(unary, node->child[sg_idd_find_edge(unary->idd, node, value)]);
}

sg_ref sg_idd_fix(struct sg_idd *idd, sg_ref a, bool (*fix)(size_t level, sg_u128 *ret_value, void *data), void *data)
{
	struct unary unary = {
		.idd = idd,
		.operation = sg_idd_stamp(idd),
		.visit = visit_fix,
		.fix = fix,
		.data = data,
	};

	return unary_run(&unary, a);
}

/* The union (EXISTS) or intersection (FORALL) of sets, as a balanced tree. */
static sg_ref fold_sets(struct sg_idd *idd, uint32_t operation, sg_ref *sets, size_t count)
{
	if (operation == SG_IDD_EXISTS)
		return sg_idd_or_all(idd, sets, count);
	for (; count > 1; count = (count + 1) / 2) {
		for (size_t i = 0; i < count / 2; i++)
			sets[i] = sg_idd_and(idd, sets[2 * i], sets[2 * i + 1]);
		if (count & 1)
			sets[count / 2] = sets[count - 1];
	}
	return sets[0];
}

static sg_ref fold_children(struct sg_idd *idd, uint32_t operation, sg_ref ref)
{
	struct sg_idd_node node = idd->nodes[ref];
	struct sg_idd_mark mark = sg_idd_scratch_mark(idd);
	struct sg_idd_groups groups;
	sg_ref result = SG_IDD_FAILED;

	if (sg_idd_group(idd, node.child, node.count, &groups))
		result = fold_sets(idd, operation, groups.child, groups.count);
	sg_idd_scratch_release(idd, mark);
	return result;
}

static sg_ref visit_quantify(struct unary *unary, sg_ref ref)
{
	uint32_t depth = sg_idd_depth(unary->idd, ref);

	if (depth > unary->level)
		return ref;
	if (depth < unary->level)
		return visit_deeper(unary, ref);
	return fold_children(unary->idd, unary->operation, ref);
}

static sg_ref quantify(struct sg_idd *idd, uint32_t operation, sg_ref set, size_t level)
{
	struct unary unary = {
		.idd = idd,
		.operation = operation,
		.key = (sg_ref)level,
		.visit = visit_quantify,
		.level = level,
	};

	return unary_run(&unary, set);
}

sg_ref sg_idd_exists(struct sg_idd *idd, sg_ref set, size_t level)
{
	return quantify(idd, SG_IDD_EXISTS, set, level);
}

sg_ref sg_idd_forall(struct sg_idd *idd, sg_ref set, size_t level)
{
	return quantify(idd, SG_IDD_FORALL, set, level);
}

/* ---- Simplifying ---- */

static sg_ref simplify(struct sg_idd *idd, sg_ref a, sg_ref care);

/* Both test the level: edges that nobody cares for become part of the edge before them, at the start of the one behind.
 */
static sg_ref simplify_merge(struct sg_idd *idd, sg_ref a, sg_ref care)
{
	struct sg_idd_node node = idd->nodes[a], wanted = idd->nodes[care];
	struct sg_idd_frame frame;

	if (!sg_idd_frame_open(idd, &frame, node.level, (size_t)node.count + wanted.count))
		return SG_IDD_FAILED;
	for (size_t i = 0, j = 0; i < node.count && j < wanted.count;) {
		sg_u128 end = sg_idd_end(&node, i, frame.wide), end_wanted = sg_idd_end(&wanted, j, frame.wide);
		sg_u128 last = end < end_wanted ? end : end_wanted;

		if (wanted.child[j] != SG_IDD_EMPTY) {
			sg_ref child = simplify(idd, node.child[i], wanted.child[j]);

			if (child == SG_IDD_FAILED)
				return sg_idd_frame_drop(idd, &frame);
			sg_idd_frame_add(&frame, last, child, frame.wide);
		} else if (frame.count) {
			sg_idd_frame_add(&frame, last, frame.child[frame.count - 1], frame.wide);
		}
		i += end <= end_wanted;
		j += end_wanted <= end;
	}
	return sg_idd_frame_make(idd, &frame);
}

/* Only `a` tests the level. */
static sg_ref simplify_walk(struct sg_idd *idd, sg_ref a, sg_ref care)
{
	struct sg_idd_node node = idd->nodes[a];
	struct sg_idd_frame frame;

	if (!sg_idd_frame_open(idd, &frame, node.level, node.count))
		return SG_IDD_FAILED;
	for (size_t i = 0; i < node.count; i++) {
		sg_ref child = simplify(idd, node.child[i], care);

		if (child == SG_IDD_FAILED)
			return sg_idd_frame_drop(idd, &frame);
		sg_idd_frame_add(&frame, sg_idd_end(&node, i, frame.wide), child, frame.wide);
	}
	return sg_idd_frame_make(idd, &frame);
}

static sg_ref simplify(struct sg_idd *idd, sg_ref a, sg_ref care)
{
	uint32_t level = sg_idd_depth(idd, a), wanted = sg_idd_depth(idd, care);
	sg_ref result;

	if (sg_idd_is_terminal(a) || sg_idd_is_terminal(care))
		return a;
	result = sg_idd_memo_get(idd, SG_IDD_SIMPLIFY, a, care);
	if (result)
		return result;
	if (level == wanted) {
		result = simplify_merge(idd, a, care);
	} else if (level < wanted) {
		result = simplify_walk(idd, a, care);
	} else { /* `a` does not depend on what `care` tests: it is needed wherever some value of that is */
		result = fold_children(idd, SG_IDD_EXISTS, care);
		if (result != SG_IDD_FAILED)
			result = simplify(idd, a, result);
	}
	sg_idd_memo_put(idd, SG_IDD_SIMPLIFY, a, care, result);
	return result;
}

sg_ref sg_idd_simplify(struct sg_idd *idd, sg_ref a, sg_ref care)
{
	if (a == SG_IDD_FAILED || care == SG_IDD_FAILED || idd->failed)
		return SG_IDD_FAILED;
	return care == SG_IDD_EMPTY ? SG_IDD_EMPTY : simplify(idd, a, care);
}
