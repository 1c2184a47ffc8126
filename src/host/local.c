/* SPDX-License-Identifier: GPL-2.0-or-later */
/* local.c - the addresses that this host answers to. */
#include "sockgate/local.h"

#include <string.h>
#include "base/mem.h"

int sg_local_addresses_add(struct sg_local_addresses *list, const struct sg_local_address *address,
			   struct sg_error *err)
{
	if (sg_grow(&list->items, &list->room, list->count, 1, sizeof(*list->items)) < 0)
		return sg_error_nomem(err);
	list->items[list->count++] = *address;
	return 0;
}

int sg_local_addresses_add_link(struct sg_local_addresses *list, const struct sg_link *link, struct sg_error *err)
{
	if (sg_grow(&list->links, &list->link_room, list->link_count, 1, sizeof(*list->links)) < 0)
		return sg_error_nomem(err);
	list->links[list->link_count++] = *link;
	return 0;
}

int sg_local_addresses_add_altname(struct sg_local_addresses *list, const struct sg_altname *altname,
				   struct sg_error *err)
{
	if (sg_grow(&list->altnames, &list->altname_room, list->altname_count, 1, sizeof(*list->altnames)) < 0)
		return sg_error_nomem(err);
	list->altnames[list->altname_count++] = *altname;
	return 0;
}

void sg_local_addresses_clear(struct sg_local_addresses *list)
{
	for (size_t family = SG_IPV4; family <= SG_IPV6; family++) {
		sg_ranges_clear(&list->own[family]);
		sg_ranges_clear(&list->shared[family]);
	}
	free(list->links);
	free(list->altnames);
	free(list->items);
	*list = (struct sg_local_addresses){0};
}

bool sg_local_addresses_has(const struct sg_local_addresses *list, enum sg_family family, sg_u128 address)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].family == family && list->items[i].address == address)
			return true;
	return false;
}

bool sg_local_addresses_find(const struct sg_local_addresses *list, enum sg_family family, sg_u128 address,
			     const char **ret_interface)
{
	const char *interface = NULL;
	size_t holders = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].family != family || list->items[i].address != address)
			continue;
		interface = list->items[i].interface_name;
		holders++;
	}
	*ret_interface =
		holders == 1 && *interface && strcmp(interface, sg_link_loopback_name(list)) != 0 ? interface : NULL;
	return holders > 0 || sg_ranges_contain(&list->own[family], address);
}

/* The loopback addresses of a family: packets to them from elsewhere are dropped before any rule. */
static struct sg_range local_loopback(enum sg_family family)
{
	return family == SG_IPV4 ? (struct sg_range){0x7f000000U, 0x7fffffffU} : (struct sg_range){1, 1};
}

static int local_add_all(const struct sg_ranges *more, struct sg_ranges *set, struct sg_error *err)
{
	for (size_t i = 0; i < more->count; i++) {
		if (sg_ranges_add(set, &more->items[i], err) < 0)
			return -1;
	}
	return 0;
}

int sg_local_addresses_own(const struct sg_local_addresses *list, enum sg_family family, struct sg_ranges *ret,
			   struct sg_error *err)
{
	sg_cleanup(sg_ranges_clear) struct sg_ranges set = {0};

	for (size_t i = 0; i < list->count; i++) {
		struct sg_range range = {list->items[i].address, list->items[i].address};

		if (list->items[i].family == family && sg_ranges_add(&set, &range, err) < 0)
			return -1;
	}
	if (local_add_all(&list->own[family], &set, err) < 0)
		return -1;
	sg_ranges_normalise(&set);
	*ret = set;
	set = (struct sg_ranges){0};
	return 0;
}

/* RFC 3021: a /31 has no broadcast address, and a /32 no other address at all */
static int local_add_broadcast(const struct sg_local_addresses *list, struct sg_ranges *set, struct sg_error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct sg_local_address *address = &list->items[i];
		struct sg_range loopback = local_loopback(SG_IPV4), range;

		if (address->family != SG_IPV4 || address->prefix_length >= 31 ||
		    (address->address >= loopback.first && address->address <= loopback.last))
			continue;
		range.first = range.last = address->address | (UINT32_MAX >> address->prefix_length);
		if (sg_ranges_add(set, &range, err) < 0)
			return -1;
	}
	return 0;
}

static int local_add_multicast(enum sg_family family, struct sg_ranges *set, struct sg_error *err)
{
	static const struct sg_range v4[] = {{0xe0000000U, 0xefffffffU}, {UINT32_MAX, UINT32_MAX}};
	struct sg_range v6 = {(sg_u128)0xff << 120, sg_addr_max(SG_IPV6)};

	if (family == SG_IPV6)
		return sg_ranges_add(set, &v6, err);
	return sg_ranges_add(set, &v4[0], err) < 0 ? -1 : sg_ranges_add(set, &v4[1], err);
}

static int local_add_many(const struct sg_local_addresses *list, enum sg_family family, struct sg_ranges *set,
			  struct sg_error *err)
{
	if (local_add_all(&list->shared[family], set, err) < 0 ||
	    (family == SG_IPV4 && local_add_broadcast(list, set, err) < 0))
		return -1;
	return local_add_multicast(family, set, err);
}

int sg_local_addresses_set(const struct sg_local_addresses *list, enum sg_family family, bool multicast,
			   struct sg_ranges *ret, struct sg_error *err)
{
	sg_cleanup(sg_ranges_clear) struct sg_ranges own = {0}, set = {0}, loopback = {0}, rest = {0};
	struct sg_range all = {0, sg_addr_max(family)}, aside = local_loopback(family);

	if (sg_local_addresses_own(list, family, &own, err) < 0 || sg_ranges_add(&loopback, &aside, err) < 0 ||
	    sg_ranges_subtract(&own, &loopback, &set, err) < 0)
		return -1;
	if (!set.count) {
		*ret = (struct sg_ranges){0};
		return sg_ranges_add(ret, &all, err);
	}
	if (multicast && local_add_many(list, family, &set, err) < 0)
		return -1;
	sg_ranges_normalise(&set);
	/* again: the kernel has a broadcast route for 127.255.255.255 */
	if (sg_ranges_subtract(&set, &loopback, &rest, err) < 0)
		return -1;
	*ret = rest;
	rest = (struct sg_ranges){0};
	return 0;
}

/* ---- Interfaces ---- */

const struct sg_link *sg_link_by_index(const struct sg_local_addresses *list, uint32_t index)
{
	for (size_t i = 0; i < list->link_count; i++) {
		if (list->links[i].index == index)
			return &list->links[i];
	}
	return NULL;
}

const struct sg_link *sg_link_by_name(const struct sg_local_addresses *list, const char *name)
{
	for (size_t i = 0; i < list->link_count; i++) {
		if (!strcmp(list->links[i].name, name))
			return &list->links[i];
	}
	return NULL;
}

const struct sg_link *sg_link_seen_as(const struct sg_local_addresses *list, const struct sg_link *link)
{
	const struct sg_link *master = link;

	/* ports may be nested; the kernel allows eight levels, and no circle */
	for (size_t depth = 0; depth < 16 && master; depth++) {
		link = master;
		master = link->master ? sg_link_by_index(list, link->master) : NULL;
	}
	return link;
}

const char *sg_link_loopback_name(const struct sg_local_addresses *list)
{
	for (size_t i = 0; i < list->link_count; i++) {
		if (list->links[i].loopback)
			return list->links[i].name;
	}
	return "lo";
}

bool sg_link_takes_localnet(const struct sg_local_addresses *list, const struct sg_link *link)
{
	if (link)
		return !link->loopback && (list->localnet_everywhere || link->route_localnet);
	for (size_t i = 0; i < list->link_count; i++) {
		if (sg_link_takes_localnet(list, &list->links[i]))
			return true;
	}
	return list->localnet_everywhere;
}
