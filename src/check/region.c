/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * region.c - listening sockets as sets of packets.
 *
 * What Linux delivers to a socket (net/ipv4/inet_hashtables.c, net/ipv6/inet6_hashtables.c, udp.c): an IPv4 socket
 * takes IPv4; an IPv6 wildcard takes both unless IPV6_V6ONLY; one bound to ::ffff:a.b.c.d takes IPv4 to that address
 * alone; a bound device (SO_BINDTODEVICE, or a link-local address's scope) takes what came in there. Addresses are the
 * host's, not the interface's (RFC 1122's weak model): a packet to any of them may come by any interface.
 */
#include "check/region.h"

#include <string.h>
#include "base/mem.h"
#include "check/addresses.h"
#include "check/interfaces.h"
#include "check/walk.h"
#include "sockgate/proto.h"

struct sg_addr sg_listener_address(const struct sg_listener *listener)
{
	if (listener->family == SG_IPV6 && listener->address >> 32 == 0xffff)
		return (struct sg_addr){SG_IPV4, (uint32_t)listener->address};
	return (struct sg_addr){listener->family, listener->address};
}

unsigned int sg_listener_families(const struct sg_listener *listener)
{
	bool both = listener->family == SG_IPV6 && !listener->address && !listener->v6only && !listener->raw;

	return both ? SG_FAMILIES : SG_FAMILY_BIT(sg_listener_address(listener).family);
}

bool sg_listener_on_loopback(const struct sg_listener *listener)
{
	struct sg_addr address = sg_listener_address(listener);

	return address.family == SG_IPV4 ? address.bits >> 24 == 127 : address.bits == 1;
}

static const char *region_loopback_name(const struct sg_regions *regions)
{
	return regions->local ? sg_link_loopback_name(regions->local) : "lo";
}

/* Bound to the loopback device: packets of no other are delivered to it. */
static bool region_on_loopback_device(const struct sg_regions *regions, const struct sg_listener *listener)
{
	return listener->interface && strcmp(listener->interface_name, region_loopback_name(regions)) == 0;
}

/* The name that rules see for what comes to the device that the socket is bound to; false: it is bound to none. */
static bool region_interface(const struct sg_regions *regions, const struct sg_listener *listener, struct sg_range *ret)
{
	const char *name = listener->interface_name;
	const struct sg_link *link;

	if (!listener->interface)
		return false;
	for (size_t i = 0; !*name && regions->local && i < regions->local->count; i++) {
		if (regions->local->items[i].interface == listener->interface)
			name = regions->local->items[i].interface_name;
	}
	link = regions->local ? sg_link_by_index(regions->local, listener->interface) : NULL;
	/* a socket on a port of a VRF gets what came in there; other ports' packets go to sockets on their master alone */
	if (link && !strcmp(link->port_kind, "vrf"))
		name = sg_link_seen_as(regions->local, link)->name;
	return *name && sg_interface_range(name, strnlen(name, SG_INTERFACE_NAME_SIZE), ret);
}

/* A TCP segment is never addressed to more than one host, and SCTP and DCCP have connections too. */
static bool region_multicast(const struct sg_listener *listener)
{
	return listener->raw || listener->protocol == SG_PROTO_UDP || listener->protocol == SG_PROTO_UDPLITE;
}

static sg_ref region_local(struct sg_regions *regions, const struct sg_listener *listener, enum sg_family family,
			   bool narrow, struct sg_error *err)
{
	sg_cleanup(sg_ranges_clear) struct sg_ranges set = {0};
	struct sg_addr address = sg_listener_address(listener);
	size_t level = family == SG_IPV4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6;

	if (!(sg_listener_families(listener) & SG_FAMILY_BIT(family)))
		return SG_IDD_EMPTY;
	if (address.bits)
		return sg_idd_range(regions->idd, level, address.bits, address.bits);
	if (!narrow || !regions->local)
		return SG_IDD_FULL;
	if (sg_local_addresses_set(regions->local, family, region_multicast(listener), &set, err) < 0)
		return SG_IDD_FAILED;
	return sg_idd_split(regions->idd, level, &set, SG_IDD_FULL, SG_IDD_EMPTY);
}

/* ---- 127.0.0.0/8 from elsewhere ---- */

static int region_add_name(const char *name, struct sg_ranges *names, struct sg_error *err)
{
	struct sg_range range = {0, 0};

	if (!sg_interface_range(name, strnlen(name, SG_INTERFACE_NAME_SIZE), &range))
		return 0;
	return sg_ranges_add(names, &range, err);
}

/* Interfaces, as rules see them, whose packets to 127.0.0.0/8 the host takes in. */
static int region_localnet_names(const struct sg_regions *regions, struct sg_ranges *ret, struct sg_error *err)
{
	const struct sg_local_addresses *local = regions->local;
	sg_cleanup(sg_ranges_clear) struct sg_ranges names = {0};
	struct sg_range all = {0, ~(sg_u128)0};

	if (local && local->localnet_everywhere && sg_ranges_add(&names, &all, err) < 0)
		return -1;
	for (size_t i = 0; local && i < local->link_count; i++) {
		const struct sg_link *link = &local->links[i];

		if (sg_link_takes_localnet(local, link) &&
		    (region_add_name(link->name, &names, err) < 0 ||
		     region_add_name(sg_link_seen_as(local, link)->name, &names, err) < 0))
			return -1;
	}
	sg_ranges_normalise(&names);
	*ret = names;
	names = (struct sg_ranges){0};
	return 0;
}

/* Packets to 127.0.0.0/8 that route_localnet lets in, as far as the socket takes them. */
static sg_ref region_localnet(struct sg_regions *regions, const struct sg_listener *listener, struct sg_error *err)
{
	sg_cleanup(sg_ranges_clear) struct sg_ranges names = {0};
	struct sg_addr address = sg_listener_address(listener);
	struct sg_range range = {0x7f000000U, 0x7fffffffU};
	struct sg_idd *idd = regions->idd;
	sg_ref ref;

	if (!(sg_listener_families(listener) & SG_FAMILY_BIT(SG_IPV4)) ||
	    (address.bits && !sg_listener_on_loopback(listener)))
		return SG_IDD_EMPTY;
	if (address.bits)
		range.first = range.last = address.bits;
	if (region_localnet_names(regions, &names, err) < 0)
		return SG_IDD_FAILED;
	ref = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4),
			 sg_idd_range(idd, SG_FIELD_LOCAL4, range.first, range.last));
	return sg_idd_split(idd, SG_FIELD_INTERFACE, &names, ref, SG_IDD_EMPTY);
}

/* ---- All of it ---- */

/* The part of the set that comes in where the socket is bound to, and not by the loopback device. */
static sg_ref region_arriving(const struct sg_regions *regions, const struct sg_listener *listener, sg_ref set)
{
	struct sg_range loopback = {0, 0}, interface = {0, 0};
	const char *name = region_loopback_name(regions);
	struct sg_idd *idd = regions->idd;

	if (region_interface(regions, listener, &interface))
		return sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_INTERFACE, interface.first, interface.last), set);
	if (!sg_interface_range(name, strnlen(name, SG_INTERFACE_NAME_SIZE), &loopback))
		return set;
	return sg_idd_minus(idd, set, sg_idd_range(idd, SG_FIELD_INTERFACE, loopback.first, loopback.last));
}

static sg_ref region_set(struct sg_regions *regions, const struct sg_listener *listener, bool narrow,
			 struct sg_error *err)
{
	static const sg_u128 families[2] = {SG_IPV4, SG_IPV6};
	sg_ref child[2] = {region_local(regions, listener, SG_IPV4, narrow, err),
			   region_local(regions, listener, SG_IPV6, narrow, err)};
	sg_ref localnet = region_localnet(regions, listener, err);

	if (child[0] == SG_IDD_FAILED || child[1] == SG_IDD_FAILED || localnet == SG_IDD_FAILED)
		return SG_IDD_FAILED;
	if (sg_listener_on_loopback(listener))
		return region_arriving(regions, listener, localnet);
	return region_arriving(
		regions, listener,
		sg_idd_or(regions->idd, sg_idd_node(regions->idd, SG_FIELD_FAMILY, families, child, 2), localnet));
}

static int region_make(struct sg_regions *regions, const struct sg_listener *listener, struct sg_region *ret,
		       struct sg_error *err)
{
	struct sg_region region = {SG_SCOPE_OTHERS, SG_IDD_EMPTY, SG_IDD_EMPTY};

	if (region_on_loopback_device(regions, listener)) {
		region.scope = SG_SCOPE_LOOPBACK;
	} else if (listener->connected) {
		region.scope = sg_listener_on_loopback(listener) ? SG_SCOPE_LOOPBACK : SG_SCOPE_PEER;
	} else {
		region.wide = region_set(regions, listener, false, err);
		region.narrow = region_set(regions, listener, true, err);
	}
	if (sg_walk_check(regions->idd, region.wide, err) < 0 || sg_walk_check(regions->idd, region.narrow, err) < 0)
		return -1;
	if (sg_listener_on_loopback(listener) && region.narrow == SG_IDD_EMPTY)
		region.scope = SG_SCOPE_LOOPBACK;
	*ret = region;
	return 0;
}

int sg_regions_get(struct sg_regions *regions, const struct sg_listener *listener, struct sg_region *ret,
		   struct sg_error *err)
{
	unsigned int kind = sg_listener_families(listener) | (unsigned int)listener->connected << 2 |
			    (unsigned int)region_multicast(listener) << 3;
	struct sg_addr address = sg_listener_address(listener);
	struct sg_memo_key key = {{kind, listener->interface, (uint32_t)address.bits, (uint32_t)(address.bits >> 32),
				   (uint32_t)(address.bits >> 64), (uint32_t)(address.bits >> 96)}};
	uint32_t at = sg_memo_find(&regions->index, &key);
	struct sg_region region;

	if (at != SG_MEMO_NONE) {
		*ret = regions->items[at];
		return 0;
	}
	if (region_make(regions, listener, &region, err) < 0)
		return -1;
	if (sg_grow(&regions->items, &regions->room, regions->count, 1, sizeof(region)) < 0)
		return sg_error_nomem(err);
	if (sg_memo_add(&regions->index, &key, (uint32_t)regions->count, err) < 0)
		return -1;
	regions->items[regions->count++] = region;
	*ret = region;
	return 0;
}

void sg_regions_clear(struct sg_regions *regions)
{
	free(regions->items);
	sg_memo_clear(&regions->index);
	regions->items = NULL;
	regions->count = regions->room = 0;
}

/* ---- Protocol and port ---- */

void sg_port_index_make(struct sg_idd *idd, sg_ref diagram, struct sg_port_index *ret)
{
	sg_ref ref = sg_walk_step(idd, diagram, SG_FIELD_DIRECTION, SG_IN);

	ref = sg_walk_step(idd, ref, SG_FIELD_STATE, SG_CT_NEW);
	ret->idd = idd;
	for (size_t protocol = 0; protocol < SG_COUNT(ret->protocol); protocol++)
		ret->protocol[protocol] = sg_walk_step(idd, ref, SG_FIELD_PROTOCOL, protocol);
}

sg_ref sg_port_index_get(const struct sg_port_index *index, const struct sg_listener *listener)
{
	sg_ref ref = index->protocol[listener->protocol];

	return listener->raw ? ref : sg_walk_step(index->idd, ref, SG_FIELD_PORT, listener->port);
}

void sg_origin_index_make(const struct sg_decision *decision, struct sg_origin_index *ret)
{
	sg_port_index_make(decision->idd, decision->verdict, &ret->verdict);
	for (enum sg_verdict verdict = SG_VERDICT_NONE; verdict < SG_VERDICTS; verdict++)
		sg_port_index_make(decision->idd, sg_decision_origin(decision, verdict), &ret->origin[verdict]);
}

struct sg_origins sg_origin_index_get(const struct sg_origin_index *index, const struct sg_listener *listener)
{
	struct sg_origins origins = {.idd = index->verdict.idd,
				     .verdict = sg_port_index_get(&index->verdict, listener)};

	for (size_t verdict = 0; verdict < SG_VERDICTS; verdict++)
		origins.origin[verdict] = sg_port_index_get(&index->origin[verdict], listener);
	return origins;
}
