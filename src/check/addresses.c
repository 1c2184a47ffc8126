/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/addresses.h"

#include "base/mem.h"
#include "check/walk.h"

/* ---- Reading a set from diagrams ---- */

static struct sg_ranges *address_family_ranges(struct sg_address_set *set, enum sg_family family)
{
	return family == SG_IPV4 ? &set->v4 : &set->v6;
}

static int address_read_family(const struct sg_idd *idd, sg_ref ref, size_t level, bool wanted, struct sg_ranges *ret,
			       struct sg_error *err)
{
	struct sg_walk walk;

	sg_walk_begin(&walk, idd, level, ref);
	while (sg_walk_next(&walk)) {
		struct sg_range range = {walk.first, walk.last};

		if (!sg_idd_is_terminal(walk.child))
			return sg_error_set(err, SG_ERROR_UNPROVEN, 0,
					    "internal: a decision tests more than a packet of its family has");
		if ((walk.child != SG_IDD_EMPTY) == wanted && sg_ranges_add(ret, &range, err) < 0)
			return -1;
	}
	return 0;
}

/* Items that a reader sees: a prefix or a range each; a handful of ranges is counted in prefixes. */
static size_t address_items(const struct sg_ranges *ranges, enum sg_family family)
{
	size_t items = 0;

	if (ranges->count > 64)
		return ranges->count;
	for (size_t i = 0; i < ranges->count; i++) {
		struct sg_range rest = ranges->items[i], prefix;

		do {
			sg_range_first_prefix(family, &rest, &prefix);
			rest.first = prefix.last + 1;
			items++;
		} while (prefix.last != rest.last);
	}
	return items;
}

static int address_read_both(const struct sg_idd *idd, const sg_ref set[2], const size_t level[2],
			     unsigned int families, bool wanted, struct sg_address_set *ret, struct sg_error *err)
{
	for (enum sg_family family = SG_IPV4; family <= SG_IPV6; family++) {
		if (!(families & SG_FAMILY_BIT(family)))
			continue;
		if (address_read_family(idd, set[family], level[family], wanted, address_family_ranges(ret, family),
					err) < 0)
			return -1;
	}
	return 0;
}

int sg_address_set_read(const struct sg_idd *idd, const sg_ref set[2], const size_t level[2], unsigned int families,
			struct sg_address_set *ret, struct sg_error *err)
{
	sg_cleanup(sg_address_set_clear) struct sg_address_set in = {0}, out = {.except = true};
	struct sg_address_set *chosen = &in;
	size_t in_items, out_items;

	if (address_read_both(idd, set, level, families, true, &in, err) < 0 ||
	    address_read_both(idd, set, level, families, false, &out, err) < 0)
		return -1;
	in_items = address_items(&in.v4, SG_IPV4) + address_items(&in.v6, SG_IPV6);
	out_items = address_items(&out.v4, SG_IPV4) + address_items(&out.v6, SG_IPV6);
	if (!out_items) {
		*ret = (struct sg_address_set){.any = true};
		return 0;
	}
	if (out_items < in_items)
		chosen = &out;
	*ret = *chosen;
	*chosen = (struct sg_address_set){0};
	return 0;
}

void sg_address_set_clear(struct sg_address_set *set)
{
	sg_ranges_clear(&set->v4);
	sg_ranges_clear(&set->v6);
	*set = (struct sg_address_set){0};
}

/* ---- Using a set ---- */

sg_ref sg_address_set_diagram(struct sg_idd *idd, const struct sg_address_set *set, enum sg_family family, size_t level)
{
	const struct sg_ranges *ranges = family == SG_IPV4 ? &set->v4 : &set->v6;

	if (set->any)
		return SG_IDD_FULL;
	return sg_idd_split(idd, level, ranges, set->except ? SG_IDD_EMPTY : SG_IDD_FULL,
			    set->except ? SG_IDD_FULL : SG_IDD_EMPTY);
}

static bool address_in(const struct sg_address_set *set, enum sg_family family, sg_u128 address)
{
	const struct sg_ranges *ranges = family == SG_IPV4 ? &set->v4 : &set->v6;

	return set->any || sg_ranges_contain(ranges, address) != set->except;
}

sg_u128 sg_address_set_first(const struct sg_address_set *set, enum sg_family family)
{
	const struct sg_ranges *ranges = family == SG_IPV4 ? &set->v4 : &set->v6;
	sg_u128 plausible = family == SG_IPV4 ? 1 : 2;

	if (address_in(set, family, plausible))
		return plausible;
	/* the set's smallest number from there on begins a range, or follows one that is left out */
	for (size_t i = 0; i < ranges->count; i++) {
		const struct sg_range *range = &ranges->items[i];

		if (!set->except && range->first > plausible)
			return range->first;
		if (set->except && range->last >= plausible && range->last < sg_addr_max(family))
			return range->last + 1;
	}
	return address_in(set, family, 0) ? 0 : plausible - 1;
}

/* ---- Keeping each set once ---- */

struct sg_address_pool {
	struct sg_memo index;
	struct sg_address_set **items;
	size_t count, room;
};

void sg_address_pool_free(struct sg_address_pool *pool)
{
	if (!pool)
		return;
	for (size_t i = 0; i < pool->count; i++) {
		sg_address_set_clear(pool->items[i]);
		free(pool->items[i]);
	}
	free(pool->items);
	sg_memo_clear(&pool->index);
	free(pool);
}

static struct sg_address_set *address_pool_add(struct sg_address_pool *pool, const struct sg_memo_key *key,
					       struct sg_error *err)
{
	struct sg_address_set *set;

	if (sg_grow(&pool->items, &pool->room, pool->count, 1, sizeof(*pool->items)) < 0 ||
	    !(set = calloc(1, sizeof(*set)))) {
		sg_error_nomem(err);
		return NULL;
	}
	if (sg_memo_add(&pool->index, key, (uint32_t)pool->count, err) < 0) {
		free(set);
		return NULL;
	}
	pool->items[pool->count++] = set;
	return set;
}

const struct sg_address_set *sg_address_pool_get(struct sg_address_pool **pool, const struct sg_idd *idd,
						 const sg_ref set[2], const size_t level[2], unsigned int families,
						 struct sg_error *err)
{
	struct sg_memo_key key = {{families, families & SG_FAMILY_BIT(SG_IPV4) ? set[SG_IPV4] : 0,
				   families & SG_FAMILY_BIT(SG_IPV6) ? set[SG_IPV6] : 0, (uint32_t)level[SG_IPV4]}};
	sg_cleanup(sg_address_set_clear) struct sg_address_set read = {0};
	struct sg_address_set *added;
	uint32_t at;

	if (!*pool && !(*pool = calloc(1, sizeof(**pool)))) {
		sg_error_nomem(err);
		return NULL;
	}
	at = sg_memo_find(&(*pool)->index, &key);
	if (at != SG_MEMO_NONE)
		return (*pool)->items[at];
	if (sg_address_set_read(idd, set, level, families, &read, err) < 0)
		return NULL;
	added = address_pool_add(*pool, &key, err);
	if (!added)
		return NULL;
	*added = read;
	read = (struct sg_address_set){0};
	return added;
}
