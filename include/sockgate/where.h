/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * where.h - sets of packets as a person reads them.
 *
 * A `struct sg_where` is one exact set: direction, states, protocols, ports, interfaces, and for each of its families
 * local and remote addresses. A packet is inside when each of its fields is. The addresses of one family only meet
 * each other: it stands for (IPv4: local.v4 x remote.v4) and (IPv6: local.v6 x remote.v6).
 */
#ifndef SOCKGATE_WHERE_H
#define SOCKGATE_WHERE_H

#include "sockgate/packet.h"

/* Addresses of the families of the sg_where that points here. */
struct sg_address_set {
	bool any;                /* every address; v4 and v6 are empty */
	bool except;             /* every address but v4 and v6 (chosen when that is shorter) */
	struct sg_ranges v4, v6; /* of a family that is whole, without `except`: the one range of all */
};

/* Interfaces: all of `names` but those of `except`; every range is one name or one wildcard (sg_interface_name) where
 * the set can be said so. The ranges are sorted but may touch: a range is a name. */
struct sg_interface_set {
	bool any;            /* `names` is every interface; the array is empty */
	bool loopback_aside; /* …and "lo" is not in the set; it is not listed in `except` */
	struct sg_ranges names, except;
};

struct sg_where {
	enum sg_direction direction;
	unsigned int states;        /* bit 1 << enum sg_ct_state */
	unsigned int families;      /* bit 1 << enum sg_family */
	bool any_protocol;          /* `protocols` is then 0-255 */
	struct sg_ranges protocols; /* numbers; those with ports, ICMP and ICMPv6 are not mixed unless any_port */
	bool any_port;              /* everything of these protocols; `ports` is empty */
	bool without_port;          /* not only `ports` but also packets that show none (fragments, cut short) */
	struct sg_ranges ports;     /* 0-65535; of ICMP and ICMPv6 the types 0-255 */
	struct sg_interface_set interfaces;
	const struct sg_address_set *local, *remote; /* owned by the sg_wheres */
};

/* Sets that belong together: disjoint, their union is exactly what was asked for. */
struct sg_wheres {
	struct sg_where *items;
	size_t count, room;
	struct sg_address_pool *pool;
};
void sg_wheres_clear(struct sg_wheres *wheres);

/* A packet in it, as plausible as can be; fields that do not matter are not `fixed`, the remote address always is. */
struct sg_packet sg_where_witness(const struct sg_where *where);
/*
 * The sets that make up `set` (a set of packets that can exist), ordered by direction, protocol and port. Fails with
 * SG_ERROR_UNPROVEN when their union is not `set`, or two of them meet: nothing inexact is handed out.
 */
int sg_wheres_of(struct sg_idd *idd, sg_ref set, struct sg_wheres *ret, struct sg_error *err);

#endif
