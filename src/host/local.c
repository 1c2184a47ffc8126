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

void sg_local_addresses_clear(struct sg_local_addresses *list)
{
	free(list->items);
	*list = (struct sg_local_addresses){0};
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
	*ret_interface = holders == 1 && *interface && strcmp(interface, "lo") != 0 ? interface : NULL;
	return holders > 0;
}

static bool local_is_loopback(const struct sg_local_address *address)
{
	if (address->family == SG_IPV4)
		return address->address >> 24 == 127;
	return address->address == 1;
}

static int local_add_address(const struct sg_local_address *address, bool multicast, struct sg_ranges *set,
			     struct sg_error *err)
{
	struct sg_range range = {address->address, address->address};

	if (sg_ranges_add(set, &range, err) < 0)
		return -1;
	/* RFC 3021: a /31 has no broadcast address, and a /32 no other address at all */
	if (!multicast || address->family != SG_IPV4 || address->prefix_length >= 31)
		return 0;
	range.first = range.last = address->address | (UINT32_MAX >> address->prefix_length);
	return sg_ranges_add(set, &range, err);
}

static int local_add_multicast(enum sg_family family, struct sg_ranges *set, struct sg_error *err)
{
	static const struct sg_range v4[] = {{0xe0000000U, 0xefffffffU}, {UINT32_MAX, UINT32_MAX}};
	struct sg_range v6 = {(sg_u128)0xff << 120, sg_addr_max(SG_IPV6)};

	if (family == SG_IPV6)
		return sg_ranges_add(set, &v6, err);
	return sg_ranges_add(set, &v4[0], err) < 0 ? -1 : sg_ranges_add(set, &v4[1], err);
}

int sg_local_addresses_set(const struct sg_local_addresses *list, enum sg_family family, bool multicast,
			   struct sg_ranges *ret, struct sg_error *err)
{
	sg_cleanup(sg_ranges_clear) struct sg_ranges set = {0};
	struct sg_range all = {0, sg_addr_max(family)};

	for (size_t i = 0; i < list->count; i++) {
		const struct sg_local_address *address = &list->items[i];

		if (address->family != family || local_is_loopback(address))
			continue;
		if (local_add_address(address, multicast, &set, err) < 0)
			return -1;
	}
	if (!set.count ? sg_ranges_add(&set, &all, err) < 0 : multicast && local_add_multicast(family, &set, err) < 0)
		return -1;
	sg_ranges_normalise(&set);
	*ret = set;
	set = (struct sg_ranges){0};
	return 0;
}
