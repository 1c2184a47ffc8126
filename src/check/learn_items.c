/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * learn_items.c - listening sockets become the items of a policy.
 *
 * At first every socket is an item with one port, one owner, at most one interface and one address. An item that a
 * wider one covers goes, and its owner joins the other's, so that no line is without effect. What is left is disjoint
 * enough to be folded: items that are the same but for one column become one with a set in that column, column by
 * column. The packets that the items stand for stay the same throughout.
 */
#include <string.h>
#include "base/mem.h"
#include "check/addresses.h"
#include "check/learn.h"
#include "sockgate/proto.h"

/* ---- From sockets ---- */

static struct learn_address items_address(const struct sg_listener *listener)
{
	struct sg_addr address = sg_listener_address(listener);
	struct learn_address ret = {.family = (unsigned char)address.family};

	for (size_t i = 0; i < sizeof(ret.bits); i++)
		ret.bits[i] = (unsigned char)(address.bits >> (120 - 8 * i));
	return ret;
}

static struct learn_interface items_interface(const char *name)
{
	struct learn_interface ret = {{0}};

	memcpy(ret.name, name, strlen(name));
	return ret;
}

static bool items_wanted(const struct learn_work *work, size_t listener)
{
	return work->learned[listener] == SG_LEARNED_ALLOWED || work->learned[listener] == SG_LEARNED_EPHEMERAL;
}

static int items_tables(struct learn_work *work)
{
	const struct sg_listeners *list = work->input->listeners;

	work->owners.size = sizeof(struct learn_owner);
	work->interfaces.size = sizeof(struct learn_interface);
	work->addresses.size = sizeof(struct learn_address);
	for (size_t i = 0; i < list->count; i++) {
		const char *name = sg_learn_interface(work, &list->items[i]);
		struct learn_address address = items_address(&list->items[i]);
		struct learn_interface interface;
		struct learn_owner owner;

		if (!items_wanted(work, i))
			continue;
		sg_learn_owner(&list->items[i].owner, list->items[i].uid, &owner);
		if (sg_learn_table_add(&work->owners, &owner, work->err) < 0 ||
		    sg_learn_table_add(&work->addresses, &address, work->err) < 0)
			return -1;
		if (!name)
			continue;
		interface = items_interface(name);
		if (sg_learn_table_add(&work->interfaces, &interface, work->err) < 0)
			return -1;
	}
	sg_learn_table_finish(&work->owners);
	sg_learn_table_finish(&work->interfaces);
	sg_learn_table_finish(&work->addresses);
	return 0;
}

static uint32_t items_protocol(const struct sg_listener *listener)
{
	switch (listener->protocol) {
	case SG_PROTO_TCP: return LEARN_TCP;
	case SG_PROTO_UDP: return LEARN_UDP;
	case SG_PROTO_SCTP: return LEARN_SCTP;
	case SG_PROTO_DCCP: return LEARN_DCCP;
	case SG_PROTO_UDPLITE: return LEARN_UDPLITE;
	default: return LEARN_WHOLE + listener->protocol;
	}
}

static struct learn_item items_of(const struct learn_work *work, size_t index)
{
	const struct sg_listener *listener = &work->input->listeners->items[index];
	const char *name = sg_learn_interface(work, listener);
	struct learn_address address = items_address(listener);
	unsigned int families = sg_listener_families(listener);
	struct learn_item item = {{0}, {0}};
	struct learn_owner owner;

	sg_learn_owner(&listener->owner, listener->uid, &owner);
	item.column[LEARN_PROTOCOL] = items_protocol(listener);
	item.column[LEARN_MUTED] = work->learned[index] == SG_LEARNED_EPHEMERAL;
	item.column[LEARN_OWNERS] = sg_learn_table_find(&work->owners, &owner);
	item.column[LEARN_PORTS] = listener->raw ? 0 : listener->port;
	if (name) {
		struct learn_interface interface = items_interface(name);

		item.column[LEARN_INTERFACES] = sg_learn_table_find(&work->interfaces, &interface);
	}
	if (sg_listener_address(listener).bits) {
		item.column[LEARN_KIND] = LEARN_BOUND;
		item.column[LEARN_ADDRESSES] = sg_learn_table_find(&work->addresses, &address);
	} else if (families != SG_FAMILIES) {
		item.column[LEARN_KIND] = families == SG_FAMILY_BIT(SG_IPV4) ? LEARN_IPV4 : LEARN_IPV6;
	}
	return item;
}

static int items_make(struct learn_work *work)
{
	if (items_tables(work) < 0)
		return -1;
	for (size_t i = 0; i < work->input->listeners->count; i++) {
		if (!items_wanted(work, i))
			continue;
		if (sg_grow(&work->items, &work->room, work->count, 1, sizeof(*work->items)) < 0)
			return sg_error_nomem(work->err);
		work->items[work->count++] = items_of(work, i);
	}
	return 0;
}

/* ---- Order ---- */

struct items_order {
	enum learn_column column[LEARN_COLUMNS];
	size_t count; /* of them that count */
};

static int items_compare(const void *left, const void *right, void *order)
{
	const struct learn_item *a = left, *b = right;
	const struct items_order *by = order;

	for (size_t i = 0; i < by->count; i++) {
		uint32_t x = a->column[by->column[i]], y = b->column[by->column[i]];

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

static void items_sort(struct learn_work *work, struct items_order order)
{
	if (work->count)
		qsort_r(work->items, work->count, sizeof(*work->items), items_compare, &order);
}

/* ---- What wider items cover ---- */

/* What a socket is bound to, and its owner last. */
static const struct items_order items_by_place = {
	{LEARN_PROTOCOL, LEARN_MUTED, LEARN_PORTS, LEARN_INTERFACES, LEARN_KIND, LEARN_ADDRESSES, LEARN_OWNERS},
	LEARN_COLUMNS};

/* The first item in the place of `key`, or NULL. */
static const struct learn_item *cover_at(const struct learn_work *work, const struct learn_item *key)
{
	struct items_order place = items_by_place;
	size_t low = 0, high = work->count;

	place.count--;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items_compare(&work->items[middle], key, &place) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < work->count && !items_compare(&work->items[low], key, &place) ? &work->items[low] : NULL;
}

/*
 * An item that takes all that this one takes of a family, and is not covered itself, or NULL. What is open to both
 * families on an interface is covered only by what is open on all of them: else two could cover each other.
 */
static const struct learn_item *cover_of(const struct learn_work *work, const struct learn_item *item,
					 enum sg_family family)
{
	const uint32_t kinds[2] = {LEARN_ANY, family == SG_IPV4 ? LEARN_IPV4 : LEARN_IPV6};
	uint32_t kind = item->column[LEARN_KIND], interface = item->column[LEARN_INTERFACES];
	uint32_t interfaces[2] = {0, interface};
	struct learn_item key = *item;
	const struct learn_item *found;

	key.column[LEARN_ADDRESSES] = 0;
	for (size_t i = 0; i < (interface && kind != LEARN_ANY ? 2 : 1); i++) {
		for (size_t k = 0; k < 2; k++) {
			if (interfaces[i] == interface && (kind == LEARN_ANY || kind == kinds[k]))
				continue;
			key.column[LEARN_INTERFACES] = interfaces[i];
			key.column[LEARN_KIND] = kinds[k];
			found = cover_at(work, &key);
			if (found)
				return found;
		}
	}
	if (kind != LEARN_BOUND || !interface)
		return NULL;
	key = *item;
	key.column[LEARN_INTERFACES] = 0;
	return cover_at(work, &key);
}

/* Who covers the item together: none, one, or one for each family. */
static size_t cover_all(const struct learn_work *work, const struct learn_item *item, const struct learn_item *ret[2])
{
	const struct learn_address *address;
	uint32_t kind = item->column[LEARN_KIND];

	if (kind == LEARN_ANY) {
		ret[0] = cover_of(work, item, SG_IPV4);
		ret[1] = cover_of(work, item, SG_IPV6);
		return !ret[0] || !ret[1] ? 0 : ret[0] == ret[1] ? 1 : 2;
	}
	if (kind == LEARN_BOUND) {
		address = sg_learn_table_get(&work->addresses, item->column[LEARN_ADDRESSES]);
		ret[0] = cover_of(work, item, (enum sg_family)address->family);
	} else {
		ret[0] = cover_of(work, item, kind == LEARN_IPV4 ? SG_IPV4 : SG_IPV6);
	}
	return ret[0] ? 1 : 0;
}

/* Covered items become items in the place of those that cover them. */
static int items_cover(struct learn_work *work)
{
	sg_autofree struct learn_item *kept = NULL;
	size_t count = 0, room = 0;

	items_sort(work, items_by_place);
	for (size_t i = 0; i < work->count; i++) {
		const struct learn_item *by[2] = {NULL, NULL};
		size_t covers = cover_all(work, &work->items[i], by);

		if (sg_grow(&kept, &room, count, 2, sizeof(*kept)) < 0)
			return sg_error_nomem(work->err);
		if (!covers)
			kept[count++] = work->items[i];
		for (size_t k = 0; k < covers; k++) {
			kept[count] = *by[k];
			kept[count++].column[LEARN_OWNERS] = work->items[i].column[LEARN_OWNERS];
		}
	}
	free(work->items);
	work->items = sg_steal(kept);
	work->count = count;
	work->room = room;
	return 0;
}

/* ---- Folding ---- */

/* By all other columns, then by this one; *ret_others compares only the others. */
static void fold_sort(struct learn_work *work, enum learn_column column, struct items_order *ret_others)
{
	struct items_order order = {.count = LEARN_COLUMNS};
	size_t used = 0;

	for (unsigned int i = 0; i < LEARN_COLUMNS; i++) {
		if (i != column)
			order.column[used++] = i;
	}
	order.column[used] = column;
	items_sort(work, order);
	order.count--;
	*ret_others = order;
}

/* Items that differ in nothing but this column become one with the set of its values; 0 stands for itself. */
static int items_fold(struct learn_work *work, enum learn_column column)
{
	struct items_order others;
	size_t count = 0;

	fold_sort(work, column, &others);
	for (size_t i = 0, next; i < work->count; i = next) {
		struct learn_item item = work->items[i];
		uint32_t set = 0, before = 0;

		for (next = i; next < work->count && !items_compare(&work->items[next], &item, &others); next++) {
			uint32_t value = work->items[next].column[column];

			if (value != before && before == 0 && next > i)
				break;
			if (value && value != before && sg_learn_sets_add(&work->sets, set, value, &set, work->err) < 0)
				return -1;
			before = value;
		}
		item.first[column] = item.column[column];
		item.column[column] = set;
		work->items[count++] = item;
	}
	work->count = count;
	return 0;
}

/* Two items that differ in nothing but this column, where one has `a` and the other `b`, become one with `both`. */
static void items_pair(struct learn_work *work, enum learn_column column, uint32_t a, uint32_t b, uint32_t both)
{
	struct items_order others;
	size_t count = 0;

	fold_sort(work, column, &others);
	for (size_t i = 0; i < work->count; i++) {
		struct learn_item item = work->items[i];

		if (item.column[column] == a && i + 1 < work->count && work->items[i + 1].column[column] == b &&
		    !items_compare(&item, &work->items[i + 1], &others)) {
			item.column[column] = both;
			i++;
		}
		work->items[count++] = item;
	}
	work->count = count;
}

/* ---- All of it ---- */

static int items_text_order(const void *left, const void *right)
{
	const struct learn_item *a = left, *b = right;
	const uint32_t x[] = {a->column[LEARN_PROTOCOL], a->column[LEARN_MUTED],     a->first[LEARN_OWNERS],
			      a->column[LEARN_OWNERS],   a->first[LEARN_PORTS],      a->column[LEARN_KIND],
			      a->first[LEARN_ADDRESSES], a->first[LEARN_INTERFACES], a->column[LEARN_PORTS]};
	const uint32_t y[] = {b->column[LEARN_PROTOCOL], b->column[LEARN_MUTED],     b->first[LEARN_OWNERS],
			      b->column[LEARN_OWNERS],   b->first[LEARN_PORTS],      b->column[LEARN_KIND],
			      b->first[LEARN_ADDRESSES], b->first[LEARN_INTERFACES], b->column[LEARN_PORTS]};

	for (size_t i = 0; i < SG_COUNT(x); i++) {
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	}
	return 0;
}

int sg_learn_items(struct learn_work *work)
{
	if (items_make(work) < 0 || items_cover(work) < 0 || items_fold(work, LEARN_OWNERS) < 0)
		return -1;
	items_pair(work, LEARN_KIND, LEARN_IPV4, LEARN_IPV6, LEARN_ANY);
	items_pair(work, LEARN_PROTOCOL, LEARN_TCP, LEARN_UDP, LEARN_TCP_UDP);
	if (items_fold(work, LEARN_PORTS) < 0 || items_fold(work, LEARN_ADDRESSES) < 0 ||
	    items_fold(work, LEARN_INTERFACES) < 0)
		return -1;
	if (work->count)
		qsort(work->items, work->count, sizeof(*work->items), items_text_order);
	return 0;
}
