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

static bool region_is_loopback(const struct sg_listener *listener)
{
	struct sg_addr address = sg_listener_address(listener);

	if (listener->interface && strcmp(listener->interface_name, "lo") == 0)
		return true;
	return address.family == SG_IPV4 ? address.bits >> 24 == 127 : address.bits == 1;
}

/* The device that the socket is bound to; false: any. */
static bool region_interface(const struct sg_regions *regions, const struct sg_listener *listener, struct sg_range *ret)
{
	const char *name = listener->interface_name;

	if (!listener->interface)
		return false;
	for (size_t i = 0; !*name && regions->local && i < regions->local->count; i++) {
		if (regions->local->items[i].interface == listener->interface)
			name = regions->local->items[i].interface_name;
	}
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

static sg_ref region_set(struct sg_regions *regions, const struct sg_listener *listener, bool narrow,
			 struct sg_error *err)
{
	static const sg_u128 families[2] = {SG_IPV4, SG_IPV6};
	sg_ref child[2] = {region_local(regions, listener, SG_IPV4, narrow, err),
			   region_local(regions, listener, SG_IPV6, narrow, err)};
	struct sg_range loopback = sg_interface_loopback(), interface = {0, 0};
	struct sg_idd *idd = regions->idd;
	sg_ref ref;

	if (child[0] == SG_IDD_FAILED || child[1] == SG_IDD_FAILED)
		return SG_IDD_FAILED;
	ref = sg_idd_node(idd, SG_FIELD_FAMILY, families, child, 2);
	if (region_interface(regions, listener, &interface))
		return sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_INTERFACE, interface.first, interface.last), ref);
	return sg_idd_minus(idd, ref, sg_idd_range(idd, SG_FIELD_INTERFACE, loopback.first, loopback.last));
}

static int region_make(struct sg_regions *regions, const struct sg_listener *listener, struct sg_region *ret,
		       struct sg_error *err)
{
	struct sg_region region = {SG_SCOPE_OTHERS, SG_IDD_EMPTY, SG_IDD_EMPTY};

	if (region_is_loopback(listener)) {
		region.scope = SG_SCOPE_LOOPBACK;
	} else if (listener->connected) {
		region.scope = SG_SCOPE_PEER;
	} else {
		region.wide = region_set(regions, listener, false, err);
		region.narrow = region_set(regions, listener, true, err);
	}
	if (sg_walk_check(regions->idd, region.wide, err) < 0 || sg_walk_check(regions->idd, region.narrow, err) < 0)
		return -1;
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
