/* SPDX-License-Identifier: GPL-2.0-or-later */
/* region.h - which packets a listening socket would get if no rule stood in the way. */
#ifndef SG_CHECK_REGION_H
#define SG_CHECK_REGION_H

#include "check/memo.h"
#include "check/origins.h"
#include "sockgate/reach.h"

/*
 * Sets that test SG_FIELD_INTERFACE and below: protocol and port are the socket's. `wide` has every local address that
 * the socket takes, `narrow` those of them that the host has. Both are EMPTY unless the scope is OTHERS.
 */
struct sg_region {
	enum sg_scope scope;
	sg_ref wide, narrow;
};

/* Listeners come in few kinds, so each kind's region is made once. */
struct sg_regions {
	struct sg_idd *idd;
	const struct sg_local_addresses *local; /* NULL: not known */
	struct sg_memo index;
	struct sg_region *items;
	size_t count, room;
};
int sg_regions_get(struct sg_regions *regions, const struct sg_listener *listener, struct sg_region *ret,
		   struct sg_error *err);
void sg_regions_clear(struct sg_regions *regions);

/* The IPv4 address of ::ffff:0:0/96, or the address itself: where the socket's packets are addressed to. */
struct sg_addr sg_listener_address(const struct sg_listener *listener);
/* Families that the socket receives: a bit 1 << enum sg_family each. */
unsigned int sg_listener_families(const struct sg_listener *listener);

/* A diagram under one protocol and port of new inbound packets, found fast for many ports. */
struct sg_port_index {
	struct sg_idd *idd;
	sg_ref protocol[256];
};
void sg_port_index_make(struct sg_idd *idd, sg_ref diagram, struct sg_port_index *ret);
/* Of a raw socket: tests SG_FIELD_PORT and below; of others: SG_FIELD_INTERFACE and below. */
sg_ref sg_port_index_get(const struct sg_port_index *index, const struct sg_listener *listener);

/* The same for who decides. */
struct sg_origin_index {
	struct sg_port_index verdict, origin[SG_VERDICTS];
};
void sg_origin_index_make(const struct sg_decision *decision, struct sg_origin_index *ret);
struct sg_origins sg_origin_index_get(const struct sg_origin_index *index, const struct sg_listener *listener);

#endif
