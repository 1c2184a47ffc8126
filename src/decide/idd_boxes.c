/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idd_boxes.c - a diagram as disjoint boxes.
 *
 * A path from the root to a terminal is a box. Edges of a node that lead to the same child are walked together, so
 * that a port list or an address group is one box and not one for each of its intervals.
 */
#include <string.h>
#include "decide/idd_node.h"

/* ---- Distinct children ---- */

/* Open addressing over group numbers; 0 is empty, else number + 1. */
struct group_table {
	uint32_t *slots;
	size_t mask;
};

static size_t group_slot(const struct group_table *table, const struct sg_idd_groups *groups, sg_ref child)
{
	size_t at = (child * UINT32_C(0x9e3779b1)) >> 7 & table->mask;

	while (table->slots[at] && groups->child[table->slots[at] - 1] != child)
		at = (at + 1) & table->mask;
	return at;
}

static bool group_table_size(struct sg_idd *idd, struct group_table *table, const struct sg_idd_groups *groups,
			     size_t size)
{
	table->slots = sg_idd_scratch_take(idd, size * sizeof(*table->slots));
	if (!table->slots)
		return false;
	memset(table->slots, 0, size * sizeof(*table->slots));
	table->mask = size - 1;
	for (size_t i = 0; i < groups->count; i++)
		table->slots[group_slot(table, groups, groups->child[i])] = (uint32_t)i + 1;
	return true;
}

bool sg_idd_group(struct sg_idd *idd, const sg_ref *child, size_t count, struct sg_idd_groups *ret)
{
	struct sg_idd_groups groups = {0};
	struct group_table table;
	uint32_t recent[2] = {0};

	groups.child = sg_idd_scratch_take(idd, count * sizeof(*groups.child));
	groups.size = sg_idd_scratch_take(idd, count * sizeof(*groups.size));
	groups.of_edge = sg_idd_scratch_take(idd, count * sizeof(*groups.of_edge));
	if (!groups.child || !groups.size || !groups.of_edge || !group_table_size(idd, &table, &groups, 64))
		return false;
	for (size_t i = 0; i < count; i++) {
		uint32_t group = recent[i & 1];

		if (group >= groups.count || groups.child[group] != child[i]) {
			size_t at = group_slot(&table, &groups, child[i]);

			if (!table.slots[at]) {
				groups.child[groups.count] = child[i];
				groups.size[groups.count++] = 0;
				table.slots[at] = (uint32_t)groups.count;
			}
			group = table.slots[at] - 1;
			if (groups.count > table.mask / 2 &&
			    !group_table_size(idd, &table, &groups, (table.mask + 1) * 4))
				return false;
		}
		recent[i & 1] = group;
		groups.of_edge[i] = group;
		groups.size[group]++;
	}
	*ret = groups;
	return true;
}

/* ---- Boxes ---- */

struct walk {
	struct sg_idd *idd;
	uint32_t value;
	struct sg_ranges *sets; /* one per level */
	int (*see)(const struct sg_box *box, void *data);
	void *data;
	bool failed;
};

static int walk_ref(struct walk *walk, sg_ref ref);

/* Sorts the node's intervals by group into `items`; start[g] is where group g begins. Groups that do not lead to the
 * value get no room. False: out of memory. */
static bool sort_intervals(struct walk *walk, const struct sg_idd_node *node, const struct sg_idd_groups *groups,
			   struct sg_range **ret_items, size_t **ret_start)
{
	struct sg_idd *idd = walk->idd;
	bool wide = idd->levels[node->level].wide;
	size_t *start = sg_idd_scratch_take(idd, groups->count * sizeof(*start));
	struct sg_range *items;
	size_t total = 0;
	sg_u128 next = 0;

	if (!start)
		return false;
	for (size_t g = 0; g < groups->count; g++) {
		bool leads = sg_idd_has(idd, groups->child[g], walk->value);

		start[g] = leads ? total : SIZE_MAX;
		total += leads ? groups->size[g] : 0;
	}
	items = sg_idd_scratch_take(idd, total * sizeof(*items));
	if (!items)
		return false;
	for (size_t i = 0; i < node->count; i++) {
		sg_u128 end = sg_idd_end(node, i, wide);
		uint32_t group = groups->of_edge[i];

		if (start[group] != SIZE_MAX)
			items[start[group]++] = (struct sg_range){next, end};
		next = end + 1;
	}
	for (size_t g = 0; g < groups->count; g++)
		start[g] -= start[g] != SIZE_MAX ? groups->size[g] : 0;
	*ret_items = items;
	*ret_start = start;
	return true;
}

static int walk_node(struct walk *walk, const struct sg_idd_node *node)
{
	struct sg_idd_groups groups;
	struct sg_range *items;
	size_t *start;
	int result = 0;

	if (!sg_idd_group(walk->idd, node->child, node->count, &groups) ||
	    !sort_intervals(walk, node, &groups, &items, &start)) {
		walk->failed = true;
		return -1;
	}
	for (size_t g = 0; g < groups.count && !result; g++) {
		if (start[g] == SIZE_MAX)
			continue;
		walk->sets[node->level] = (struct sg_ranges){
			.items = items + start[g],
			.count = groups.size[g],
			.room = groups.size[g],
		};
		result = walk_ref(walk, groups.child[g]);
	}
	walk->sets[node->level] = (struct sg_ranges){0};
	return result;
}

static int walk_ref(struct walk *walk, sg_ref ref)
{
	struct sg_box box = {.sets = walk->sets, .levels = walk->idd->level_count};
	struct sg_idd_mark mark = sg_idd_scratch_mark(walk->idd);
	struct sg_idd_node node;
	int result;

	if (sg_idd_is_terminal(ref))
		return sg_idd_value(ref) == walk->value ? walk->see(&box, walk->data) : 0;
	node = walk->idd->nodes[ref];
	result = walk_node(walk, &node);
	sg_idd_scratch_release(walk->idd, mark);
	return result;
}

int sg_idd_boxes(struct sg_idd *idd, sg_ref ref, uint32_t value, int (*see)(const struct sg_box *box, void *data),
		 void *data, struct sg_error *err)
{
	struct walk walk = {.idd = idd, .value = value, .see = see, .data = data};
	struct sg_idd_mark mark = sg_idd_scratch_mark(idd);
	int result;

	if (sg_idd_check(idd, ref, err) < 0)
		return -1;
	if (!sg_idd_has(idd, ref, value))
		return 0;
	walk.sets = sg_idd_scratch_take(idd, idd->level_count * sizeof(*walk.sets));
	if (!walk.sets)
		return sg_idd_check(idd, ref, err);
	memset(walk.sets, 0, idd->level_count * sizeof(*walk.sets));
	result = walk_ref(&walk, ref);
	sg_idd_scratch_release(idd, mark);
	return walk.failed ? sg_idd_check(idd, ref, err) : result;
}
