/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of numbers as sorted, disjoint, not adjacent ranges: addresses, ports and interface keys alike. Every operation
 * is one pass over its operands. Lists of a million prefixes in no order are sorted by digits, not by comparing.
 */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "sockgate/addr.h"

#define RANGES_DIGIT      11
#define RANGES_DIGIT_MASK ((1U << RANGES_DIGIT) - 1)
/* Below this many, comparing is quicker than counting 2048 digits. */
#define RANGES_FEW 512

void sg_ranges_clear(struct sg_ranges *set)
{
	free(set->items);
	*set = (struct sg_ranges){0};
}

int sg_ranges_add(struct sg_ranges *set, const struct sg_range *range, struct sg_error *err)
{
	if (set->count == set->room && sg_grow(&set->items, &set->room, set->count, 1, sizeof(*set->items)))
		return sg_error_nomem(err);
	set->items[set->count++] = *range;
	return 0;
}

static int ranges_compare(const void *a, const void *b)
{
	const struct sg_range *left = a, *right = b;

	return left->first < right->first ? -1 : left->first > right->first;
}

/* One pass of a radix sort: stable by the digit at `shift`. */
static void ranges_scatter(const struct sg_range *from, struct sg_range *to, size_t count, unsigned int shift)
{
	size_t start[RANGES_DIGIT_MASK + 1] = {0}, sum = 0;

	for (size_t i = 0; i < count; i++)
		start[(uint32_t)(from[i].first >> shift) & RANGES_DIGIT_MASK]++;
	for (size_t i = 0; i <= RANGES_DIGIT_MASK; i++) {
		size_t next = sum + start[i];

		start[i] = sum;
		sum = next;
	}
	for (size_t i = 0; i < count; i++)
		to[start[(uint32_t)(from[i].first >> shift) & RANGES_DIGIT_MASK]++] = from[i];
}

/* False when there is no memory for the second copy. Digits in which all numbers agree cost nothing. */
static bool ranges_radix_sort(struct sg_range *items, size_t count)
{
	sg_autofree struct sg_range *scratch = calloc(count, sizeof(*scratch));
	struct sg_range *from = items, *to = scratch;
	sg_u128 differ = 0;

	if (!scratch)
		return false;
	for (size_t i = 1; i < count; i++)
		differ |= items[i].first ^ items[0].first;
	for (unsigned int shift = 0; shift < 128; shift += RANGES_DIGIT) {
		struct sg_range *filled = to;

		if (!((uint32_t)(differ >> shift) & RANGES_DIGIT_MASK))
			continue;
		ranges_scatter(from, to, count, shift);
		to = from;
		from = filled;
	}
	if (from != items)
		memcpy(items, from, count * sizeof(*items));
	return true;
}

static void ranges_sort(struct sg_range *items, size_t count)
{
	size_t sorted = 1;

	while (sorted < count && items[sorted - 1].first <= items[sorted].first)
		sorted++;
	if (sorted >= count)
		return;
	if (count < RANGES_FEW || !ranges_radix_sort(items, count))
		qsort(items, count, sizeof(*items), ranges_compare);
}

/* Puts a range behind others that begin no later; what overlaps or touches becomes one. */
static void ranges_append(struct sg_range *items, size_t *count, struct sg_range range)
{
	struct sg_range *newest = *count ? &items[*count - 1] : NULL;

	if (newest && (range.first <= newest->last || range.first - 1 == newest->last)) {
		if (range.last > newest->last)
			newest->last = range.last;
		return;
	}
	items[(*count)++] = range;
}

void sg_ranges_normalise(struct sg_ranges *set)
{
	size_t count = 0;

	ranges_sort(set->items, set->count);
	for (size_t i = 0; i < set->count; i++)
		ranges_append(set->items, &count, set->items[i]);
	set->count = count;
}

/* An empty set with room for `room` ranges. */
static int ranges_reserve(struct sg_ranges *set, size_t room, struct sg_error *err)
{
	*set = (struct sg_ranges){0};
	if (room && sg_grow(&set->items, &set->room, 0, room, sizeof(*set->items)))
		return sg_error_nomem(err);
	return 0;
}

int sg_ranges_copy(const struct sg_ranges *set, struct sg_ranges *ret, struct sg_error *err)
{
	struct sg_ranges copy;

	if (ranges_reserve(&copy, set->count, err))
		return -1;
	if (set->count)
		memcpy(copy.items, set->items, set->count * sizeof(*set->items));
	copy.count = set->count;
	*ret = copy;
	return 0;
}

int sg_ranges_union(const struct sg_ranges *a, const struct sg_ranges *b, struct sg_ranges *ret, struct sg_error *err)
{
	struct sg_ranges both;
	size_t i = 0, j = 0;

	if (ranges_reserve(&both, a->count + b->count, err))
		return -1;
	while (i < a->count || j < b->count) {
		bool left = j == b->count || (i < a->count && a->items[i].first <= b->items[j].first);

		ranges_append(both.items, &both.count, left ? a->items[i++] : b->items[j++]);
	}
	*ret = both;
	return 0;
}

int sg_ranges_subtract(const struct sg_ranges *a, const struct sg_ranges *b, struct sg_ranges *ret,
		       struct sg_error *err)
{
	struct sg_ranges rest;
	size_t j = 0;

	/* each range of b cuts at most one of a in two */
	if (ranges_reserve(&rest, a->count + b->count, err))
		return -1;
	for (size_t i = 0; i < a->count; i++) {
		struct sg_range left = a->items[i];
		bool empty = false;

		while (j < b->count && b->items[j].last < left.first)
			j++;
		for (size_t k = j; k < b->count && b->items[k].first <= left.last; k++) {
			if (b->items[k].first > left.first)
				rest.items[rest.count++] = (struct sg_range){left.first, b->items[k].first - 1};
			if (b->items[k].last >= left.last) {
				empty = true;
				break;
			}
			left.first = b->items[k].last + 1;
			j = k;
		}
		if (!empty)
			rest.items[rest.count++] = left;
	}
	*ret = rest;
	return 0;
}

bool sg_ranges_contain(const struct sg_ranges *set, sg_u128 address)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->items[middle].last < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < set->count && set->items[low].first <= address;
}

bool sg_ranges_equal(const struct sg_ranges *a, const struct sg_ranges *b)
{
	/* compared item by item as bytes: a range has no padding */
	_Static_assert(sizeof(struct sg_range) == 2 * sizeof(sg_u128), "a range has padding");
	return a->count == b->count && (!a->count || !memcmp(a->items, b->items, a->count * sizeof(*a->items)));
}
