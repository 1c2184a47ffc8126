/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idd_build.c - diagrams from values: sets of intervals, edges, boxes, and diagrams of another context. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "decide/idd_node.h"

sg_ref sg_idd_split(struct sg_idd *idd, size_t level, const struct sg_ranges *set, sg_ref inside, sg_ref outside)
{
	sg_u128 max = idd->levels[level].max, next = 0;
	struct sg_idd_frame frame;

	if (inside == SG_IDD_FAILED || outside == SG_IDD_FAILED || idd->failed)
		return SG_IDD_FAILED;
	if (!sg_idd_frame_open(idd, &frame, level, 2 * set->count + 1))
		return SG_IDD_FAILED;
	for (size_t i = 0; i < set->count && set->items[i].first <= max; i++) {
		const struct sg_range *range = &set->items[i];
		sg_u128 last = range->last < max ? range->last : max;

		if (range->first > next)
			sg_idd_frame_add(&frame, range->first - 1, outside, frame.wide);
		sg_idd_frame_add(&frame, last, inside, frame.wide);
		if (last == max)
			return sg_idd_frame_make(idd, &frame);
		next = last + 1;
	}
	sg_idd_frame_add(&frame, max, outside, frame.wide);
	return sg_idd_frame_make(idd, &frame);
}

sg_ref sg_idd_range(struct sg_idd *idd, size_t level, sg_u128 first, sg_u128 last)
{
	struct sg_range range = {first, last};
	struct sg_ranges set = {.items = &range, .count = 1};

	return sg_idd_split(idd, level, &set, SG_IDD_FULL, SG_IDD_EMPTY);
}

sg_ref sg_idd_node(struct sg_idd *idd, size_t level, const sg_u128 *last, const sg_ref *child, size_t count)
{
	struct sg_idd_frame frame;

	if (idd->failed || !sg_idd_frame_open(idd, &frame, level, count))
		return SG_IDD_FAILED;
	for (size_t i = 0; i < count; i++) {
		if (child[i] == SG_IDD_FAILED)
			return sg_idd_frame_drop(idd, &frame);
		sg_idd_frame_add(&frame, last[i], child[i], frame.wide);
	}
	return sg_idd_frame_make(idd, &frame);
}

sg_ref sg_idd_from_box(struct sg_idd *idd, const struct sg_box *box)
{
	sg_ref ref = SG_IDD_FULL;

	for (size_t level = box->levels; level-- > 0;) {
		if (box->sets[level].count)
			ref = sg_idd_split(idd, level, &box->sets[level], ref, SG_IDD_EMPTY);
	}
	return ref;
}

/* ---- Import ---- */

struct import {
	struct sg_idd *to;
	const struct sg_idd *from;
	sg_ref *map; /* node of `from` to reference of `to`; 0: not seen yet */
};

static sg_ref import_ref(struct import *import, sg_ref ref)
{
	const struct sg_idd_node *node = &import->from->nodes[ref];
	struct sg_idd_frame frame;

	if (sg_idd_is_terminal(ref))
		return ref;
	if (import->map[ref])
		return import->map[ref];
	if (!sg_idd_frame_open(import->to, &frame, node->level, node->count))
		return SG_IDD_FAILED;
	for (size_t i = 0; i < node->count; i++) {
		sg_ref child = import_ref(import, node->child[i]);

		if (child == SG_IDD_FAILED)
			return sg_idd_frame_drop(import->to, &frame);
		sg_idd_frame_add(&frame, sg_idd_end(node, i, frame.wide), child, frame.wide);
	}
	return import->map[ref] = sg_idd_frame_make(import->to, &frame);
}

static bool import_fits(const struct sg_idd *to, const struct sg_idd *from)
{
	for (size_t i = 0; i < from->level_count; i++) {
		if (i >= to->level_count || to->levels[i].max != from->levels[i].max)
			return false;
	}
	return true;
}

sg_ref sg_idd_import(struct sg_idd *to, const struct sg_idd *from, sg_ref ref)
{
	sg_autofree sg_ref *map = NULL;
	struct import import = {to, from, NULL};

	if (ref == SG_IDD_FAILED || to->failed)
		return SG_IDD_FAILED;
	if (sg_idd_is_terminal(ref) || to == from)
		return ref;
	if (!import_fits(to, from))
		return sg_idd_fail(to, SG_ERROR_INPUT, "decisions with different fields cannot be compared");
	map = calloc(from->node_count, sizeof(*map));
	if (!map)
		return sg_idd_fail(to, SG_ERROR_MEMORY, "out of memory");
	import.map = map;
	return import_ref(&import, ref);
}
