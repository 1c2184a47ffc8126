/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parts.c - a diagram of packets taken apart into sets that a person reads.
 *
 * 1. Directions and states whose sub-diagrams are equal are one plane, so that what holds for new and for untracked
 *    packets is said once.
 * 2. In a plane, protocols and ports are walked. Below a port hangs a node that says for which interfaces and addresses
 *    which value holds; equal nodes are one node, so a *class* (a value and the set in which it holds) collects its
 *    cells of protocols and ports as they come by. All of this is linear in the edges.
 * 3. A class's protocols with equal ports are one group: tcp and udp, or everything that is covered as a whole.
 * 4. Each rectangle of the class times each group is a part.
 * 5. The parts are turned back into diagrams from their readable form; their union has to be what came in.
 */
#include "check/where.h"

#include "base/mem.h"
#include "check/addresses.h"
#include "check/group.h"
#include "check/interfaces.h"
#include "check/prove.h"
#include "check/walk.h"

struct parts_class {
	uint32_t value;
	sg_ref set;
	struct sg_cell *cells;
	size_t count, room;
};

struct parts_walk {
	struct sg_idd *idd;
	struct sg_address_pool **pool;
	struct sg_error *err;
	sg_ref universe; /* of one direction and state: they are all alike */
	enum sg_direction direction;
	unsigned int states;
	struct parts_class *classes;
	size_t class_count, class_room;
	struct sg_memo class_index; /* value, set -> class */
	struct sg_parts parts;
};

static void part_clear(struct sg_part *part)
{
	sg_where_clear(&part->where);
	*part = (struct sg_part){0};
}

void sg_parts_clear(struct sg_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		part_clear(&parts->items[i]);
	free(parts->items);
	*parts = (struct sg_parts){0};
}

static void parts_drop_classes(struct parts_walk *walk)
{
	for (size_t i = 0; i < walk->class_count; i++)
		free(walk->classes[i].cells);
	walk->class_count = 0;
	sg_memo_clear(&walk->class_index);
}

static void parts_walk_clear(struct parts_walk *walk)
{
	parts_drop_classes(walk);
	free(walk->classes);
	sg_parts_clear(&walk->parts);
}

/* ---- 4. Parts ---- */

static int part_fill(struct parts_walk *walk, const struct sg_port_group *group, const struct sg_rect *rect,
		     struct sg_part *part)
{
	struct sg_where *where = &part->where;

	where->direction = walk->direction;
	where->states = walk->states;
	where->families = rect->families;
	where->local = rect->local;
	where->remote = rect->remote;
	where->any_protocol = group->whole && group->protocols.count == 1 && group->protocols.items[0].first == 0 &&
			      group->protocols.items[0].last == 255;
	where->any_port = group->whole;
	if (sg_interface_set_copy(&rect->interfaces, &where->interfaces, walk->err) < 0 ||
	    sg_ranges_copy(&group->protocols, &where->protocols, walk->err) < 0 ||
	    (!group->whole && sg_ranges_copy(&group->ports, &where->ports, walk->err) < 0))
		return -1;
	where->without_port = !group->whole && sg_port_groups_cut_last(&where->ports, SG_PORT_ABSENT);
	return 0;
}

static int parts_add(struct parts_walk *walk, uint32_t value, const struct sg_port_group *group,
		     const struct sg_rect *rect)
{
	struct sg_part part = {.value = value};

	if (sg_grow(&walk->parts.items, &walk->parts.room, walk->parts.count, 1, sizeof(part)) < 0)
		return sg_error_nomem(walk->err);
	if (part_fill(walk, group, rect, &part) < 0) {
		part_clear(&part);
		return -1;
	}
	walk->parts.items[walk->parts.count++] = part;
	return 0;
}

static int parts_of_class(struct parts_walk *walk, const struct parts_class *class)
{
	sg_cleanup(sg_port_groups_clear) struct sg_port_groups groups = {0};
	sg_cleanup(sg_rects_clear) struct sg_rects rects = {0};

	if (sg_port_groups_find(walk->idd, walk->universe, class->cells, class->count, &groups, walk->err) < 0 ||
	    sg_rects_find(walk->idd, class->set, walk->pool, &rects, walk->err) < 0)
		return -1;
	for (size_t g = 0; g < groups.count; g++) {
		for (size_t r = 0; r < rects.count; r++) {
			if (parts_add(walk, class->value, &groups.items[g], &rects.items[r]) < 0)
				return -1;
		}
	}
	return 0;
}

/* ---- 2. Classes ---- */

static int class_add_cell(struct parts_walk *walk, uint32_t value, sg_ref set, const struct sg_cell *cell)
{
	struct sg_memo_key key = {{value, set}};
	uint32_t at = sg_memo_find(&walk->class_index, &key);
	struct parts_class *class;

	if (at == SG_MEMO_NONE) {
		at = (uint32_t)walk->class_count;
		if (sg_grow(&walk->classes, &walk->class_room, at, 1, sizeof(*walk->classes)) < 0)
			return sg_error_nomem(walk->err);
		if (sg_memo_add(&walk->class_index, &key, at, walk->err) < 0)
			return -1;
		walk->classes[walk->class_count++] = (struct parts_class){.value = value, .set = set};
	}
	class = &walk->classes[at];
	if (sg_grow(&class->cells, &class->room, class->count, 1, sizeof(*cell)) < 0)
		return sg_error_nomem(walk->err);
	class->cells[class->count++] = *cell;
	return 0;
}

struct class_split {
	struct parts_walk *walk;
	const struct sg_cell *cell;
	sg_ref values;
};

static int class_see(uint32_t value, void *data)
{
	struct class_split *split = data;
	sg_ref set;

	if (!value)
		return 0;
	set = sg_idd_equals(split->walk->idd, split->values, value);
	if (sg_idd_check(split->walk->idd, set, split->walk->err) < 0)
		return -1;
	return class_add_cell(split->walk, value, set, split->cell);
}

static int parts_walk_ports(struct parts_walk *walk, const struct sg_walk *protocols)
{
	struct sg_walk ports;

	sg_walk_begin(&ports, walk->idd, SG_FIELD_PORT, protocols->child);
	while (sg_walk_next(&ports)) {
		struct sg_cell cell = {{protocols->first, protocols->last}, {ports.first, ports.last}};
		struct class_split split = {walk, &cell, ports.child};

		if (ports.child == SG_IDD_EMPTY)
			continue;
		if (sg_walk_terminals(walk->idd, ports.child, class_see, &split, walk->err) != 0)
			return -1;
	}
	return 0;
}

static int parts_of_plane(struct parts_walk *walk, sg_ref ref)
{
	struct sg_walk protocols;
	int result = 0;

	sg_walk_begin(&protocols, walk->idd, SG_FIELD_PROTOCOL, ref);
	while (result == 0 && sg_walk_next(&protocols)) {
		if (protocols.child != SG_IDD_EMPTY)
			result = parts_walk_ports(walk, &protocols);
	}
	for (size_t i = 0; result == 0 && i < walk->class_count; i++)
		result = parts_of_class(walk, &walk->classes[i]);
	parts_drop_classes(walk);
	return result;
}

/* ---- 1. Planes ---- */

static int parts_of_direction(struct parts_walk *walk, sg_ref ref)
{
	sg_ref state[SG_CT_COUNT];
	unsigned int done = 0;

	for (unsigned int s = 0; s < SG_CT_COUNT; s++)
		state[s] = sg_walk_step(walk->idd, ref, SG_FIELD_STATE, s);
	for (unsigned int s = 0; s < SG_CT_COUNT; s++) {
		if (state[s] == SG_IDD_EMPTY || done & (1U << s))
			continue;
		walk->states = 0;
		for (unsigned int other = s; other < SG_CT_COUNT; other++)
			walk->states |= (unsigned int)(state[other] == state[s]) << other;
		done |= walk->states;
		if (parts_of_plane(walk, state[s]) < 0)
			return -1;
	}
	return 0;
}

/* ---- 5. Proof ---- */

struct parts_proof {
	struct parts_walk *walk;
	sg_ref values;
	sg_ref *scratch; /* room for one per part */
};

static int parts_prove_see(uint32_t value, void *data)
{
	struct parts_proof *proof = data;
	const struct sg_parts *parts = &proof->walk->parts;
	size_t count = 0;
	sg_ref wanted;

	if (!value)
		return 0;
	for (size_t i = 0; i < parts->count; i++) {
		if (parts->items[i].value == value)
			proof->scratch[count++] = parts->items[i].set;
	}
	wanted = sg_idd_equals(proof->walk->idd, proof->values, value);
	return sg_prove_union(proof->walk->idd, proof->scratch, count, wanted, proof->walk->err);
}

static int parts_prove(struct parts_walk *walk, sg_ref values)
{
	sg_autofree sg_ref *scratch = calloc(walk->parts.count + 1, sizeof(*scratch));
	sg_cleanup(sg_memo_clear) struct sg_memo memo = {0};
	sg_ref universe = sg_packet_universe(walk->idd);
	struct parts_proof proof = {walk, values, scratch};

	if (!scratch)
		return sg_error_nomem(walk->err);
	for (size_t i = 0; i < walk->parts.count; i++) {
		struct sg_part *part = &walk->parts.items[i];

		part->set =
			sg_idd_and(walk->idd, sg_where_rebuild(walk->idd, &part->where, &memo, walk->err), universe);
		if (sg_walk_check(walk->idd, part->set, walk->err) < 0)
			return -1;
	}
	return sg_walk_terminals(walk->idd, values, parts_prove_see, &proof, walk->err);
}

/* ---- Order ---- */

static int compare_numbers(sg_u128 a, sg_u128 b)
{
	return a < b ? -1 : a > b;
}

static int part_compare(const void *left, const void *right)
{
	const struct sg_where *a = &((const struct sg_part *)left)->where;
	const struct sg_where *b = &((const struct sg_part *)right)->where;
	int order = compare_numbers(a->direction, b->direction);

	if (!order) /* new packets first */
		order = compare_numbers(b->states & 1, a->states & 1);
	if (!order)
		order = compare_numbers(a->states, b->states);
	if (!order)
		order = compare_numbers(b->any_protocol, a->any_protocol);
	if (!order)
		order = compare_numbers(a->protocols.items[0].first, b->protocols.items[0].first);
	if (!order)
		order = compare_numbers(a->ports.count ? a->ports.items[0].first : SG_PORT_ABSENT,
					b->ports.count ? b->ports.items[0].first : SG_PORT_ABSENT);
	if (!order)
		order = compare_numbers(b->interfaces.any, a->interfaces.any);
	if (!order)
		order = compare_numbers(sg_interface_set_first(&a->interfaces), sg_interface_set_first(&b->interfaces));
	if (!order)
		order = compare_numbers(a->families, b->families);
	return order ? order
		     : compare_numbers(((const struct sg_part *)left)->value, ((const struct sg_part *)right)->value);
}

/* qsort is not stable: equal parts keep no order of their own, but there are none that differ in nothing above but
 * their addresses, so those decide. */
static int part_compare_all(const void *left, const void *right)
{
	const struct sg_where *a = &((const struct sg_part *)left)->where;
	const struct sg_where *b = &((const struct sg_part *)right)->where;
	int order = part_compare(left, right);

	for (enum sg_family family = SG_IPV4; !order && family <= SG_IPV6; family++) {
		order = compare_numbers(sg_address_set_first(a->local, family), sg_address_set_first(b->local, family));
		if (!order)
			order = compare_numbers(sg_address_set_first(a->remote, family),
						sg_address_set_first(b->remote, family));
	}
	return order;
}

/* ---- All of it ---- */

int sg_parts_find(struct sg_idd *idd, sg_ref values, struct sg_address_pool **pool, struct sg_parts *ret,
		  struct sg_error *err)
{
	sg_cleanup(parts_walk_clear) struct parts_walk walk = {.idd = idd, .pool = pool, .err = err};
	sg_ref universe = sg_packet_universe(idd);

	if (sg_idd_check(idd, universe, err) < 0 || sg_idd_check(idd, values, err) < 0)
		return -1;
	walk.universe =
		sg_walk_step(idd, sg_walk_step(idd, universe, SG_FIELD_DIRECTION, SG_IN), SG_FIELD_STATE, SG_CT_NEW);
	for (walk.direction = SG_IN; walk.direction < SG_DIRECTIONS; walk.direction++) {
		sg_ref ref = sg_walk_step(idd, values, SG_FIELD_DIRECTION, walk.direction);

		if (ref != SG_IDD_EMPTY && parts_of_direction(&walk, ref) < 0)
			return -1;
	}
	if (parts_prove(&walk, values) < 0)
		return -1;
	if (walk.parts.count)
		qsort(walk.parts.items, walk.parts.count, sizeof(*walk.parts.items), part_compare_all);
	*ret = walk.parts;
	walk.parts = (struct sg_parts){0};
	return 0;
}
