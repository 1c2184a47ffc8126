/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idd_ask.c - questions about a diagram: one point, a witness, shares, the terminals that occur. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "decide/idd_node.h"

uint32_t sg_idd_lookup(const struct sg_idd *idd, sg_ref ref, const sg_u128 *point)
{
	if (ref == SG_IDD_FAILED)
		return 0;
	while (!sg_idd_is_terminal(ref)) {
		const struct sg_idd_node *node = &idd->nodes[ref];

		ref = node->child[sg_idd_find_edge(idd, node, point[node->level])];
	}
	return sg_idd_value(ref);
}

/* ---- Witnesses ---- */

bool sg_idd_has(struct sg_idd *idd, sg_ref ref, uint32_t value)
{
	const struct sg_idd_node *node;
	sg_ref known, last[2] = {0};
	bool found = false;

	if (sg_idd_is_terminal(ref))
		return sg_idd_value(ref) == value;
	known = sg_idd_memo_get(idd, SG_IDD_HAS, ref, value);
	if (known)
		return known == SG_IDD_FULL;
	node = &idd->nodes[ref];
	for (size_t i = 0; i < node->count && !found; i++) {
		if (node->child[i] == last[0] || node->child[i] == last[1])
			continue;
		found = sg_idd_has(idd, node->child[i], value);
		last[i & 1] = node->child[i];
	}
	sg_idd_memo_put(idd, SG_IDD_HAS, ref, value, found ? SG_IDD_FULL : SG_IDD_EMPTY);
	return found;
}

bool sg_idd_witness(struct sg_idd *idd, sg_ref ref, uint32_t value, sg_u128 *point, bool *fixed)
{
	if (ref == SG_IDD_FAILED || !sg_idd_has(idd, ref, value))
		return false;
	for (size_t i = 0; i < idd->level_count; i++) {
		point[i] = 0;
		fixed[i] = false;
	}
	while (!sg_idd_is_terminal(ref)) {
		const struct sg_idd_node *node = &idd->nodes[ref];
		bool wide = idd->levels[node->level].wide;
		size_t edge = 0;

		while (!sg_idd_has(idd, node->child[edge], value))
			edge++;
		point[node->level] = edge ? sg_idd_end(node, edge - 1, wide) + 1 : 0;
		fixed[node->level] = true;
		ref = node->child[edge];
	}
	return true;
}

/* ---- Shares ---- */

static long double share(struct sg_idd *idd, sg_ref ref, uint32_t value);

static long double share_of_node(struct sg_idd *idd, const struct sg_idd_node *node, uint32_t value)
{
	bool wide = idd->levels[node->level].wide;
	sg_ref last[2] = {0};
	long double answer[2] = {0}, sum = 0;
	sg_u128 next = 0;

	for (size_t i = 0; i < node->count; i++) {
		sg_u128 end = sg_idd_end(node, i, wide);
		unsigned int at = (unsigned int)(i & 1);

		if (node->child[i] == last[!at])
			at = !at;
		if (node->child[i] != last[at]) {
			answer[at] = share(idd, node->child[i], value);
			last[at] = node->child[i];
		}
		if (answer[at] > 0)
			sum += answer[at] * ((long double)(end - next) + 1);
		next = end + 1;
	}
	return sum / ((long double)idd->levels[node->level].max + 1);
}

static long double share(struct sg_idd *idd, sg_ref ref, uint32_t value)
{
	size_t at = (ref * UINT32_C(0x9e3779b1) ^ value * UINT32_C(0x85ebca77)) >> 4 & idd->share_mask;
	long double sum;

	if (sg_idd_is_terminal(ref))
		return sg_idd_value(ref) == value ? 1 : 0;
	if (idd->shares[at].ref == ref && idd->shares[at].value == value)
		return idd->shares[at].share;
	sum = share_of_node(idd, &idd->nodes[ref], value);
	idd->shares[at] = (struct sg_idd_share_memo){ref, value, sum};
	return sum;
}

long double sg_idd_share(struct sg_idd *idd, sg_ref ref, uint32_t value)
{
	return ref == SG_IDD_FAILED ? 0 : share(idd, ref, value);
}

/* ---- Terminals ---- */

struct collection {
	struct sg_idd *idd;
	uint32_t visit; /* stamp: pairs of diagram and set that were seen */
	uint32_t *values;
	size_t count, room, compact_at;
};

static int compare_values(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void collection_compact(struct collection *collection)
{
	size_t kept = 0;

	if (!collection->count)
		return;
	qsort(collection->values, collection->count, sizeof(uint32_t), compare_values);
	for (size_t i = 0; i < collection->count; i++) {
		if (!kept || collection->values[kept - 1] != collection->values[i])
			collection->values[kept++] = collection->values[i];
	}
	collection->count = kept;
	collection->compact_at = 2 * kept + 1024;
}

static bool collection_add(struct collection *collection, uint32_t value)
{
	if (collection->count && collection->values[collection->count - 1] == value)
		return true;
	if (collection->count >= collection->compact_at)
		collection_compact(collection);
	if (sg_grow(&collection->values, &collection->room, collection->count, 1, sizeof(uint32_t)) < 0)
		return false;
	collection->values[collection->count++] = value;
	return true;
}

static bool collect(struct collection *collection, sg_ref ref, sg_ref set);

/* One of the two tests a level that the other does not. */
static bool collect_walk(struct collection *collection, const struct sg_idd_node *node, sg_ref ref, sg_ref set)
{
	bool by_set = &collection->idd->nodes[set] == node;
	sg_ref last[2] = {0};

	for (size_t i = 0; i < node->count; i++) {
		sg_ref child = node->child[i];

		if (child == last[0] || child == last[1])
			continue;
		if (!(by_set ? collect(collection, ref, child) : collect(collection, child, set)))
			return false;
		last[i & 1] = child;
	}
	return true;
}

/* Both test the level. What lies outside of the set is leapt over, and so is the set below an edge to a terminal. */
static bool collect_merge(struct collection *collection, const struct sg_idd_node *node, const struct sg_idd_node *set)
{
	bool wide = collection->idd->levels[node->level].wide;
	sg_ref last = 0, last_set = 0;

	for (size_t i = 0, j = 0; i < node->count && j < set->count;) {
		sg_u128 end = sg_idd_end(node, i, wide), end_set = sg_idd_end(set, j, wide);
		sg_ref child = node->child[i], inside = set->child[j];

		if ((child != last || inside != last_set) && !collect(collection, child, inside))
			return false;
		last = child;
		last_set = inside;
		if (end < end_set && inside == SG_IDD_EMPTY) {
			i = sg_idd_seek(node, i, end_set, wide);
			end = sg_idd_end(node, i, wide);
		} else if (end_set < end && inside != SG_IDD_EMPTY && sg_idd_is_terminal(child)) {
			j = sg_idd_seek(set, j, end, wide);
			end_set = sg_idd_end(set, j, wide);
		}
		i += end <= end_set;
		j += end_set <= end;
	}
	return true;
}

/* No node is made here, so the records stay where they are. */
static bool collect(struct collection *collection, sg_ref ref, sg_ref set)
{
	struct sg_idd *idd = collection->idd;
	uint32_t level = sg_idd_depth(idd, ref), level_set = sg_idd_depth(idd, set);

	if (set == SG_IDD_EMPTY)
		return true;
	if (sg_idd_is_terminal(ref))
		return collection_add(collection, sg_idd_value(ref));
	if (sg_idd_memo_get(idd, collection->visit, ref, set))
		return true;
	sg_idd_memo_put(idd, collection->visit, ref, set, SG_IDD_FULL);
	if (level == level_set)
		return collect_merge(collection, &idd->nodes[ref], &idd->nodes[set]);
	return collect_walk(collection, &idd->nodes[level < level_set ? ref : set], ref, set);
}

int sg_idd_terminals_in(struct sg_idd *idd, sg_ref ref, sg_ref set, int (*see)(uint32_t value, void *data), void *data)
{
	struct collection collection = {.idd = idd, .compact_at = 1024};
	sg_autofree uint32_t *values = NULL;
	bool done;
	int result = 0;

	if (ref == SG_IDD_FAILED || set == SG_IDD_FAILED)
		return -1;
	collection.visit = sg_idd_stamp(idd);
	done = collect(&collection, ref, set);
	values = collection.values;
	if (!done) {
		sg_idd_fail(idd, SG_ERROR_MEMORY, "out of memory");
		return -1;
	}
	collection_compact(&collection);
	for (size_t i = 0; i < collection.count && !result; i++)
		result = see(values[i], data);
	return result;
}

int sg_idd_terminals(struct sg_idd *idd, sg_ref ref, int (*see)(uint32_t value, void *data), void *data)
{
	return sg_idd_terminals_in(idd, ref, SG_IDD_FULL, see, data);
}
