/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/walk.h"

#include "base/mem.h"
#include "check/memo.h"

int sg_walk_check(const struct sg_idd *idd, sg_ref ref, struct sg_error *err)
{
	return sg_idd_check(idd, SG_IDD_EMPTY, err) < 0 || ref == SG_IDD_FAILED ? -1 : 0;
}

sg_ref sg_walk_step(const struct sg_idd *idd, sg_ref ref, size_t level, sg_u128 value)
{
	size_t low = 0, high;

	if (ref == SG_IDD_FAILED || sg_idd_level(idd, ref) != level)
		return ref;
	high = sg_idd_edges(idd, ref) - 1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sg_idd_edge_last(idd, ref, middle) < value)
			low = middle + 1;
		else
			high = middle;
	}
	return sg_idd_edge_child(idd, ref, low);
}

void sg_walk_begin(struct sg_walk *walk, const struct sg_idd *idd, size_t level, sg_ref ref)
{
	*walk = (struct sg_walk){
		.idd = idd,
		.ref = ref,
		.tested = sg_idd_level(idd, ref) == level,
		.max = sg_idd_level_max(idd, level),
	};
}

bool sg_walk_next(struct sg_walk *walk)
{
	if (walk->done)
		return false;
	walk->first = walk->edge ? walk->last + 1 : 0;
	walk->last = walk->tested ? sg_idd_edge_last(walk->idd, walk->ref, walk->edge) : walk->max;
	walk->child = walk->tested ? sg_idd_edge_child(walk->idd, walk->ref, walk->edge) : walk->ref;
	walk->edge++;
	walk->done = walk->last == walk->max;
	return true;
}

int sg_walk_terminals_in(struct sg_idd *idd, sg_ref ref, sg_ref set, int (*see)(uint32_t value, void *data), void *data,
			 struct sg_error *err)
{
	int result;

	if (sg_idd_check(idd, ref, err) < 0 || sg_idd_check(idd, set, err) < 0)
		return -1;
	if (sg_idd_is_terminal(ref))
		return set == SG_IDD_EMPTY ? 0 : see(sg_idd_value(ref), data);
	result = sg_idd_terminals_in(idd, ref, set, see, data);
	return sg_idd_check(idd, ref, err) < 0 ? -1 : result;
}

int sg_walk_terminals(struct sg_idd *idd, sg_ref ref, int (*see)(uint32_t value, void *data), void *data,
		      struct sg_error *err)
{
	return sg_walk_terminals_in(idd, ref, SG_IDD_FULL, see, data, err);
}

void sg_branches_clear(struct sg_branches *branches)
{
	for (size_t i = 0; i < branches->count; i++)
		sg_ranges_clear(&branches->items[i].ranges);
	free(branches->items);
	*branches = (struct sg_branches){0};
}

static int branches_add(struct sg_branches *branches, struct sg_memo *index, sg_ref child, const struct sg_range *range,
			struct sg_error *err)
{
	struct sg_memo_key key = {{child}};
	uint32_t at = sg_memo_find(index, &key);

	if (at == SG_MEMO_NONE) {
		at = (uint32_t)branches->count;
		if (sg_grow(&branches->items, &branches->room, branches->count, 1, sizeof(*branches->items)) < 0)
			return sg_error_nomem(err);
		if (sg_memo_add(index, &key, at, err) < 0)
			return -1;
		branches->items[branches->count++] = (struct sg_branch){.child = child};
	}
	return sg_ranges_add(&branches->items[at].ranges, range, err);
}

int sg_branches_find(const struct sg_idd *idd, sg_ref ref, size_t level, struct sg_branches *ret, struct sg_error *err)
{
	sg_cleanup(sg_branches_clear) struct sg_branches branches = {0};
	sg_cleanup(sg_memo_clear) struct sg_memo index = {0};
	struct sg_walk walk;

	sg_walk_begin(&walk, idd, level, ref);
	while (sg_walk_next(&walk)) {
		struct sg_range range = {walk.first, walk.last};

		if (walk.child != SG_IDD_EMPTY && branches_add(&branches, &index, walk.child, &range, err) < 0)
			return -1;
	}
	if (branches.count == 1 && branches.items[0].child == ref) {
		sg_ranges_clear(&branches.items[0].ranges);
		branches.items[0].all = true;
	}
	*ret = branches;
	branches = (struct sg_branches){0};
	return 0;
}
