/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rects.c - what lies below a port, as rectangles of interfaces, local and remote addresses.
 *
 * A level's intervals that lead to one child are one side of a rectangle: so their number is the number of distinct
 * ways through the diagram, and each side is as large as it can be. IPv4 and IPv6 go into one rectangle where each has
 * but one and both or neither leave the local address open, for that is how a line of a policy says it.
 */
#include "check/where.h"

#include "base/mem.h"
#include "check/addresses.h"
#include "check/interfaces.h"
#include "check/walk.h"

static const size_t rect_local_levels[2] = {SG_FIELD_LOCAL4, SG_FIELD_LOCAL6};
static const size_t rect_remote_levels[2] = {SG_FIELD_REMOTE4, SG_FIELD_REMOTE6};

struct rects_walk {
	struct sg_idd *idd;
	struct sg_address_pool **pool;
	struct sg_rects rects;
	struct sg_error *err;
	const struct sg_ranges *interfaces; /* NULL: every one */
};

void sg_rects_clear(struct sg_rects *rects)
{
	for (size_t i = 0; i < rects->count; i++)
		sg_interface_set_clear(&rects->items[i].interfaces);
	free(rects->items);
	*rects = (struct sg_rects){0};
}

/* One side per family: local addresses (a set of the family's level) and below it the remote ones. */
struct rect_side {
	sg_ref local, remote;
};

static sg_ref rect_set(struct rects_walk *walk, const struct sg_interface_set *interfaces, unsigned int families,
		       const struct rect_side side[2])
{
	static const sg_u128 last[2] = {SG_IPV4, SG_IPV6};
	sg_cleanup(sg_ranges_clear) struct sg_ranges keys = {0};
	sg_ref child[2] = {SG_IDD_EMPTY, SG_IDD_EMPTY}, ref;

	for (size_t family = SG_IPV4; family <= SG_IPV6; family++) {
		if (families & SG_FAMILY_BIT(family))
			child[family] = sg_idd_and(walk->idd, side[family].local, side[family].remote);
		if (child[family] == SG_IDD_FAILED)
			return SG_IDD_FAILED;
	}
	ref = sg_idd_node(walk->idd, SG_FIELD_FAMILY, last, child, 2);
	if (!walk->interfaces || ref == SG_IDD_FAILED)
		return ref;
	if (sg_interface_set_keys(interfaces, &keys, walk->err) < 0)
		return SG_IDD_FAILED;
	return sg_idd_split(walk->idd, SG_FIELD_INTERFACE, &keys, ref, SG_IDD_EMPTY);
}

/* Takes `interfaces` over, also on failure. */
static int rect_add(struct rects_walk *walk, struct sg_interface_set *interfaces, unsigned int families,
		    const struct rect_side side[2])
{
	sg_ref local[2] = {side[0].local, side[1].local}, remote[2] = {side[0].remote, side[1].remote};
	sg_cleanup(sg_interface_set_clear) struct sg_interface_set taken = *interfaces;
	struct sg_rect rect = {.families = families};

	*interfaces = (struct sg_interface_set){0};
	rect.local = sg_address_pool_get(walk->pool, walk->idd, local, rect_local_levels, families, walk->err);
	rect.remote = sg_address_pool_get(walk->pool, walk->idd, remote, rect_remote_levels, families, walk->err);
	if (!rect.local || !rect.remote)
		return -1;
	rect.set = rect_set(walk, &taken, families, side);
	if (sg_walk_check(walk->idd, rect.set, walk->err) < 0)
		return -1;
	if (sg_grow(&walk->rects.items, &walk->rects.room, walk->rects.count, 1, sizeof(rect)) < 0)
		return sg_error_nomem(walk->err);
	rect.interfaces = taken;
	taken = (struct sg_interface_set){0};
	walk->rects.items[walk->rects.count++] = rect;
	return 0;
}

/* The rectangle under each of the readable sets that the interfaces make; mostly there is one. */
static int rect_add_interfaces(struct rects_walk *walk, unsigned int families, const struct rect_side side[2])
{
	struct sg_interface_set any = {.any = true}, *sets = NULL;
	size_t count = 0;
	int result = 0;

	if (!walk->interfaces)
		return rect_add(walk, &any, families, side);
	if (sg_interface_sets_of(walk->interfaces, &sets, &count, walk->err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (result == 0)
			result = rect_add(walk, &sets[i], families, side);
		else
			sg_interface_set_clear(&sets[i]);
	}
	free(sets);
	return result;
}

static int rect_sides(struct rects_walk *walk, const struct sg_branches *branches, enum sg_family family,
		      struct rect_side **ret)
{
	sg_autofree struct rect_side *sides = calloc(branches->count + 1, sizeof(*sides));

	if (!sides)
		return sg_error_nomem(walk->err);
	for (size_t i = 0; i < branches->count; i++) {
		const struct sg_branch *branch = &branches->items[i];

		sides[i].remote = branch->child;
		sides[i].local = branch->all ? SG_IDD_FULL
					     : sg_idd_split(walk->idd, rect_local_levels[family], &branch->ranges,
							    SG_IDD_FULL, SG_IDD_EMPTY);
		if (sg_idd_check(walk->idd, sides[i].local, walk->err) < 0)
			return -1;
	}
	*ret = sg_steal(sides);
	return 0;
}

/* Below one set of interfaces. */
static int rect_families(struct rects_walk *walk, sg_ref ref)
{
	sg_cleanup(sg_branches_clear) struct sg_branches v4 = {0}, v6 = {0};
	sg_autofree struct rect_side *side4 = NULL, *side6 = NULL;

	if (sg_branches_find(walk->idd, sg_walk_step(walk->idd, ref, SG_FIELD_FAMILY, SG_IPV4), SG_FIELD_LOCAL4, &v4,
			     walk->err) < 0 ||
	    sg_branches_find(walk->idd, sg_walk_step(walk->idd, ref, SG_FIELD_FAMILY, SG_IPV6), SG_FIELD_LOCAL6, &v6,
			     walk->err) < 0 ||
	    rect_sides(walk, &v4, SG_IPV4, &side4) < 0 || rect_sides(walk, &v6, SG_IPV6, &side6) < 0)
		return -1;
	if (v4.count == 1 && v6.count == 1 && v4.items[0].all == v6.items[0].all) {
		struct rect_side both[2] = {side4[0], side6[0]};

		return rect_add_interfaces(walk, SG_FAMILIES, both);
	}
	for (size_t i = 0; i < v4.count; i++) {
		struct rect_side only[2] = {side4[i], {SG_IDD_EMPTY, SG_IDD_EMPTY}};

		if (rect_add_interfaces(walk, SG_FAMILY_BIT(SG_IPV4), only) < 0)
			return -1;
	}
	for (size_t i = 0; i < v6.count; i++) {
		struct rect_side only[2] = {{SG_IDD_EMPTY, SG_IDD_EMPTY}, side6[i]};

		if (rect_add_interfaces(walk, SG_FAMILY_BIT(SG_IPV6), only) < 0)
			return -1;
	}
	return 0;
}

int sg_rects_find(struct sg_idd *idd, sg_ref set, struct sg_address_pool **pool, struct sg_rects *ret,
		  struct sg_error *err)
{
	struct rects_walk walk = {.idd = idd, .pool = pool, .err = err};
	sg_cleanup(sg_branches_clear) struct sg_branches branches = {0};

	if (sg_idd_check(idd, set, err) < 0 || sg_branches_find(idd, set, SG_FIELD_INTERFACE, &branches, err) < 0)
		return -1;
	for (size_t i = 0; i < branches.count; i++) {
		const struct sg_branch *branch = &branches.items[i];

		walk.interfaces = branch->all ? NULL : &branch->ranges;
		if (rect_families(&walk, branch->child) < 0) {
			sg_rects_clear(&walk.rects);
			return -1;
		}
	}
	*ret = walk.rects;
	return 0;
}
