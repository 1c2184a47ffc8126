/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include "base/mem.h"
#include "policy/merge.h"

bool sg_merge_add(struct reader *reader, struct merge *merge, const struct sg_ranges *part)
{
	if (!part->count)
		return true;
	if (sg_grow(&merge->parts, &merge->room, merge->count, 1, sizeof(*merge->parts)))
		return sg_reader_nomem(reader);
	merge->parts[merge->count++] = *part;
	return true;
}

/* As a balanced tree, so that many small sets beside a large one do not copy the large one many times. */
static int merge_union(const struct sg_ranges *parts, size_t count, struct sg_ranges *ret, struct sg_error *err)
{
	sg_cleanup(sg_ranges_clear) struct sg_ranges left = {0}, right = {0};

	if (count == 2)
		return sg_ranges_union(&parts[0], &parts[1], ret, err);
	if (count == 3)
		return merge_union(parts, 2, &left, err) ? -1 : sg_ranges_union(&left, &parts[2], ret, err);
	if (merge_union(parts, count / 2, &left, err) || merge_union(parts + count / 2, count - count / 2, &right, err))
		return -1;
	return sg_ranges_union(&left, &right, ret, err);
}

bool sg_merge_take(struct reader *reader, uint32_t node, const struct merge *merge, struct sg_ranges *ret)
{
	struct sg_ranges set = {0};
	size_t sum = 0;

	if (merge->count < 2) {
		*ret = merge->count ? merge->parts[0] : set;
		return true;
	}
	for (size_t i = 0; i < merge->count; i++)
		sum += merge->parts[i].count;
	if (!sg_reader_spend(reader, node, sum))
		return false;
	if (merge_union(merge->parts, merge->count, &set, reader->err))
		return sg_reader_nomem(reader);
	if (!sg_reader_keep(reader, &set))
		return false;
	*ret = set;
	return true;
}

void sg_merge_clear(struct merge *merge)
{
	free(merge->parts);
	*merge = (struct merge){0};
}

bool sg_merge_add_range(struct reader *reader, struct merge_addresses *merge, enum sg_family family,
			const struct sg_range *range)
{
	struct sg_ranges *set = family == SG_IPV4 ? &merge->literals.v4 : &merge->literals.v6;

	return !sg_ranges_add(set, range, NULL) || sg_reader_nomem(reader);
}

bool sg_merge_add_set(struct reader *reader, struct merge_addresses *merge, const struct sg_addresses *set)
{
	return sg_merge_add(reader, &merge->v4, &set->v4) && sg_merge_add(reader, &merge->v6, &set->v6);
}

static bool merge_literals(struct reader *reader, uint32_t node, struct sg_ranges *literals, struct merge *merge)
{
	sg_ranges_normalise(literals);
	return sg_reader_spend(reader, node, literals->count) && sg_reader_keep(reader, literals) &&
	       sg_merge_add(reader, merge, literals);
}

bool sg_merge_take_addresses(struct reader *reader, uint32_t node, struct merge_addresses *merge,
			     struct sg_addresses *ret)
{
	struct sg_addresses set;

	if (!merge_literals(reader, node, &merge->literals.v4, &merge->v4) ||
	    !merge_literals(reader, node, &merge->literals.v6, &merge->v6) ||
	    !sg_merge_take(reader, node, &merge->v4, &set.v4) || !sg_merge_take(reader, node, &merge->v6, &set.v6))
		return false;
	*ret = set;
	return true;
}

void sg_merge_clear_addresses(struct merge_addresses *merge)
{
	/* kept literals are views: their room is 0, and they are the arena's to free */
	if (merge->literals.v4.room)
		sg_ranges_clear(&merge->literals.v4);
	if (merge->literals.v6.room)
		sg_ranges_clear(&merge->literals.v6);
	sg_merge_clear(&merge->v4);
	sg_merge_clear(&merge->v6);
}
