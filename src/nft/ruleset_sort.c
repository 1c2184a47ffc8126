/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruleset_sort.c - the elements of a set in the order of their keys.
 *
 * The kernel dumps a tree from its greatest key down and a hash in no order at all; the compiler writes in order. So:
 * nothing is done to what is sorted, what runs backwards is turned round, and the rest is sorted by its bytes, most
 * significant first, by swapping elements into their buckets (an "American flag" sort). It works in place: sorting
 * cannot fail, and takes linear time per byte of key.
 */
#include <string.h>

#include "base/mem.h"
#include "sockgate/ruleset.h"

#define SORT_SMALL 24 /* so few elements are sorted by insertion */

static void sort_swap(struct sg_set *set, size_t a, size_t b)
{
	uint8_t spare[2 * SG_NFT_DATA_SIZE];
	size_t stride = sg_set_stride(set);
	uint8_t *key_a = set->keys + a * stride, *key_b = set->keys + b * stride;

	memcpy(spare, key_a, stride);
	memcpy(key_a, key_b, stride);
	memcpy(key_b, spare, stride);
	if (set->verdicts) {
		struct sg_nft_verdict verdict = set->verdicts[a];

		set->verdicts[a] = set->verdicts[b];
		set->verdicts[b] = verdict;
	}
	if (set->comments) {
		char *comment = set->comments[a];

		set->comments[a] = set->comments[b];
		set->comments[b] = comment;
	}
	if (set->origins) {
		uint32_t origin = set->origins[a];

		set->origins[a] = set->origins[b];
		set->origins[b] = origin;
	}
}

static void sort_insertion(struct sg_set *set, size_t first, size_t end, size_t byte)
{
	size_t stride = sg_set_stride(set);

	for (size_t i = first + 1; i < end; i++) {
		for (size_t j = i; j > first; j--) {
			const uint8_t *key = set->keys + j * stride + byte;

			if (memcmp(key - stride, key, stride - byte) <= 0)
				break;
			sort_swap(set, j - 1, j);
		}
	}
}

/* Sorts elements first…end-1, whose keys are equal before `byte`. */
static void sort_bytes(struct sg_set *set, size_t first, size_t end, size_t byte)
{
	size_t stride = sg_set_stride(set);
	size_t next[256], limit[256] = {0};

	for (; byte < stride && end - first > SORT_SMALL; byte++) {
		memset(limit, 0, sizeof(limit));
		for (size_t i = first; i < end; i++)
			limit[set->keys[i * stride + byte]]++;
		if (limit[set->keys[first * stride + byte]] != end - first)
			break;
	}
	if (byte == stride)
		return;
	if (end - first <= SORT_SMALL) {
		sort_insertion(set, first, end, byte);
		return;
	}
	size_t at = first;

	for (size_t value = 0; value < 256; value++) {
		next[value] = at;
		at += limit[value];
		limit[value] = at;
	}
	for (size_t value = 0; value < 256; value++) {
		while (next[value] < limit[value]) {
			uint8_t here = set->keys[next[value] * stride + byte];

			if (here == value)
				next[value]++;
			else
				sort_swap(set, next[value], next[here]++);
		}
	}
	for (size_t value = 0, start = first; value < 256; start = limit[value++]) {
		if (limit[value] - start > 1)
			sort_bytes(set, start, limit[value], byte + 1);
	}
}

void sg_set_sort(struct sg_set *set)
{
	size_t stride = sg_set_stride(set);
	bool forward = true, backward = true;

	for (size_t i = 1; i < set->count && (forward || backward); i++) {
		int order = memcmp(set->keys + (i - 1) * stride, set->keys + i * stride, stride);

		forward &= order <= 0;
		backward &= order >= 0;
	}
	if (forward)
		return;
	if (backward) {
		for (size_t low = 0, high = set->count - 1; low < high; low++, high--)
			sort_swap(set, low, high);
		return;
	}
	sort_bytes(set, 0, set->count, 0);
}
