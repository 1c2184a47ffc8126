/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * interfaces.c - interface keys read as names.
 *
 * Keys are 16 bytes, so the names are the leaves of a tree with a byte to each step, and a wildcard is an inner node.
 * Going down from the root, "as above" is whether the names below the nearest mentioned node are in the set. A node is
 * mentioned where that stops being so for its bulk, which its last key stands for: no interface has a name of 0xff
 * bytes, so what the last key says is what holds for every name that nobody named. Mentions of odd depth say "these",
 * those of even depth "but not these"; a pair of depths makes one sg_interface_set.
 */
#include "check/interfaces.h"

#include <string.h>
#include "base/mem.h"
#include "sockgate/packet.h"

struct sg_range sg_interface_loopback(void)
{
	struct sg_range range = {0, 0};

	sg_interface_range("lo", 2, &range);
	return range;
}

void sg_interface_set_clear(struct sg_interface_set *set)
{
	sg_ranges_clear(&set->names);
	sg_ranges_clear(&set->except);
	*set = (struct sg_interface_set){0};
}

int sg_interface_set_copy(const struct sg_interface_set *set, struct sg_interface_set *ret, struct sg_error *err)
{
	struct sg_interface_set copy = {.any = set->any, .loopback_aside = set->loopback_aside};

	if (sg_ranges_copy(&set->names, &copy.names, err) < 0 || sg_ranges_copy(&set->except, &copy.except, err) < 0) {
		sg_interface_set_clear(&copy);
		return -1;
	}
	*ret = copy;
	return 0;
}

/* ---- From keys to names ---- */

struct interface_describe {
	const struct sg_ranges *keys;
	struct sg_interface_set *sets;
	size_t count, room;
	struct sg_error *err;
};

/* How much of [first, last] is in the set, and the part that is when it is one interval. */
enum interface_cover { COVER_NONE, COVER_ALL, COVER_PART, COVER_PARTS };

static enum interface_cover interface_cover(const struct sg_ranges *keys, const struct sg_range *within,
					    struct sg_range *ret_part)
{
	size_t low = 0, high = keys->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (keys->items[middle].last < within->first)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == keys->count || keys->items[low].first > within->last)
		return COVER_NONE;
	ret_part->first = keys->items[low].first > within->first ? keys->items[low].first : within->first;
	ret_part->last = keys->items[low].last < within->last ? keys->items[low].last : within->last;
	if (ret_part->first == within->first && ret_part->last == within->last)
		return COVER_ALL;
	return low + 1 < keys->count && keys->items[low + 1].first <= within->last ? COVER_PARTS : COVER_PART;
}

static int interface_mention(struct interface_describe *describe, const struct sg_range *range, size_t depth)
{
	size_t at = (depth - 1) / 2;
	struct sg_interface_set *set;

	while (describe->count <= at) {
		if (sg_grow(&describe->sets, &describe->room, describe->count, 1, sizeof(*describe->sets)) < 0)
			return sg_error_nomem(describe->err);
		describe->sets[describe->count++] = (struct sg_interface_set){0};
	}
	set = &describe->sets[at];
	return sg_ranges_add(depth % 2 ? &set->names : &set->except, range, describe->err);
}

/* The last key from `key` on up to which all are in the set, or none is. */
static sg_u128 interface_run(const struct sg_ranges *keys, sg_u128 key, bool *ret_inside)
{
	size_t i = 0;

	while (i < keys->count && keys->items[i].last < key)
		i++;
	*ret_inside = i < keys->count && keys->items[i].first <= key;
	if (i == keys->count)
		return ~(sg_u128)0;
	return *ret_inside ? keys->items[i].last : keys->items[i].first - 1;
}

static int interface_descend(struct interface_describe *describe, const struct sg_range *within, unsigned int bytes,
			     size_t depth);

/* The next byte of the key, but for those below which all is as above. */
static int interface_descend_bytes(struct interface_describe *describe, const struct sg_range *within,
				   unsigned int bytes, size_t depth)
{
	unsigned int shift = 8 * (SG_INTERFACE_NAME_SIZE - 1 - bytes);

	for (unsigned int byte = 0; byte < 256; byte++) {
		struct sg_range below = {.first = within->first + ((sg_u128)byte << shift)};
		bool inside;
		sg_u128 last = interface_run(describe->keys, below.first, &inside);

		below.last = below.first + (((sg_u128)1 << shift) - 1);
		if (inside == (depth % 2 == 1) && last >= below.last) {
			if (last >= within->last)
				return 0;
			byte = (unsigned int)((last + 1 - within->first) >> shift) - 1;
			continue;
		}
		if (interface_descend(describe, &below, bytes + 1, depth) < 0)
			return -1;
	}
	return 0;
}

/* `bytes` of the key are fixed in `within`; `depth` mentions lead here. */
static int interface_descend(struct interface_describe *describe, const struct sg_range *within, unsigned int bytes,
			     size_t depth)
{
	struct sg_range part = {0, 0};
	enum interface_cover cover = interface_cover(describe->keys, within, &part);
	bool bulk = sg_ranges_contain(describe->keys, within->last);

	if ((cover == COVER_NONE && depth % 2 == 0) || (cover == COVER_ALL && depth % 2 == 1))
		return 0;
	if (bulk != (depth % 2 == 1)) {
		if (interface_mention(describe, within, ++depth) < 0)
			return -1;
	}
	if (cover == COVER_NONE || cover == COVER_ALL)
		return 0;
	if (cover == COVER_PART && part.first == part.last)
		return interface_mention(describe, &part, depth + 1);
	return interface_descend_bytes(describe, within, bytes, depth);
}

/* A wildcard of one byte less is found at each step of the way down; its only exception may be a single name. */
static void interface_tidy(struct sg_interface_set *set)
{
	struct sg_range loopback = sg_interface_loopback();

	set->any = set->names.count == 1 && set->names.items[0].first == 0 && set->names.items[0].last == ~(sg_u128)0;
	if (set->any)
		set->names.count = 0;
	for (size_t i = 0; set->any && i < set->except.count; i++) {
		if (set->except.items[i].first != loopback.first || set->except.items[i].last != loopback.last)
			continue;
		memmove(&set->except.items[i], &set->except.items[i + 1],
			(set->except.count - i - 1) * sizeof(*set->except.items));
		set->except.count--;
		set->loopback_aside = true;
	}
}

int sg_interface_sets_of(const struct sg_ranges *keys, struct sg_interface_set **ret, size_t *ret_count,
			 struct sg_error *err)
{
	struct interface_describe describe = {.keys = keys, .err = err};
	struct sg_range all = {0, ~(sg_u128)0};
	int result = interface_descend(&describe, &all, 0, 0);

	for (size_t i = 0; i < describe.count; i++) {
		if (result < 0)
			sg_interface_set_clear(&describe.sets[i]);
		else
			interface_tidy(&describe.sets[i]);
	}
	if (result < 0) {
		free(describe.sets);
		return -1;
	}
	*ret = describe.sets;
	*ret_count = describe.count;
	return 0;
}

/* ---- And back ---- */

static int interface_normalised(const struct sg_ranges *names, const struct sg_range *more, struct sg_ranges *ret,
				struct sg_error *err)
{
	struct sg_ranges copy = {0};

	if (sg_ranges_copy(names, &copy, err) < 0)
		return -1;
	if (more && sg_ranges_add(&copy, more, err) < 0) {
		sg_ranges_clear(&copy);
		return -1;
	}
	sg_ranges_normalise(&copy);
	*ret = copy;
	return 0;
}

int sg_interface_set_keys(const struct sg_interface_set *set, struct sg_ranges *ret, struct sg_error *err)
{
	sg_cleanup(sg_ranges_clear) struct sg_ranges names = {0}, except = {0};
	struct sg_range all = {0, ~(sg_u128)0}, loopback = sg_interface_loopback();

	if (interface_normalised(&set->names, set->any ? &all : NULL, &names, err) < 0 ||
	    interface_normalised(&set->except, set->loopback_aside ? &loopback : NULL, &except, err) < 0)
		return -1;
	return sg_ranges_subtract(&names, &except, ret, err);
}

static bool interface_within(const struct sg_ranges *names, sg_u128 key)
{
	for (size_t i = 0; i < names->count; i++) {
		if (names->items[i].first <= key && key <= names->items[i].last)
			return true;
	}
	return false;
}

/* A key behind a wildcard as interfaces are called: its prefix and a digit. False: all of them are left out. */
static bool interface_numbered(const struct sg_range *wildcard, const struct sg_ranges *except, sg_u128 *ret)
{
	sg_u128 step = (wildcard->last - wildcard->first) / 256 + 1;

	for (unsigned int digit = '0'; digit <= '9'; digit++) {
		*ret = wildcard->first + step * digit;
		if (!interface_within(except, *ret))
			return true;
	}
	return false;
}

sg_u128 sg_interface_set_first(const struct sg_interface_set *set)
{
	static const char *const usual[] = {"eth0", "eth1", "enp1s0", "wlan0", "br0", "wg0", "sockgate0"};
	struct sg_range range = {0, 0};
	sg_u128 key;

	for (size_t i = 0; i < SG_COUNT(usual); i++) {
		sg_interface_range(usual[i], strlen(usual[i]), &range);
		if ((set->any || interface_within(&set->names, range.first)) &&
		    !interface_within(&set->except, range.first))
			return range.first;
	}
	for (size_t i = 0; i < set->names.count; i++) {
		range = set->names.items[i];
		if (range.first == range.last)
			return range.first;
		if (interface_numbered(&range, &set->except, &key))
			return key;
	}
	/* a wildcard was mentioned because its last key is in the set */
	return set->names.count ? set->names.items[0].last : ~(sg_u128)0;
}
