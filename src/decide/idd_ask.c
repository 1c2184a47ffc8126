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
	uint8_t *seen; /* a bit per node */
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
	if (collection->count >= collection->compact_at)
		collection_compact(collection);
	if (sg_grow(&collection->values, &collection->room, collection->count, 1, sizeof(uint32_t)) < 0)
		return false;
	collection->values[collection->count++] = value;
	return true;
}

static bool collect(struct collection *collection, sg_ref ref)
{
	const struct sg_idd_node *node;
	sg_ref last[2] = {0};

	if (sg_idd_is_terminal(ref))
		return collection_add(collection, sg_idd_value(ref));
	if (collection->seen[ref / 8] & 1U << ref % 8)
		return true;
	collection->seen[ref / 8] |= (uint8_t)(1U << ref % 8);
	node = &collection->idd->nodes[ref];
	for (size_t i = 0; i < node->count; i++) {
		if (node->child[i] == last[0] || node->child[i] == last[1])
			continue;
		if (!collect(collection, node->child[i]))
			return false;
		last[i & 1] = node->child[i];
	}
	return true;
}

int sg_idd_terminals(struct sg_idd *idd, sg_ref ref, int (*see)(uint32_t value, void *data), void *data)
{
	sg_autofree uint8_t *seen = NULL;
	sg_autofree uint32_t *values = NULL;
	struct collection collection = {.idd = idd, .compact_at = 1024};
	bool done;
	int result = 0;

	if (ref == SG_IDD_FAILED)
		return -1;
	collection.seen = seen = calloc(idd->node_count / 8 + 1, 1);
	done = seen && collect(&collection, ref);
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
