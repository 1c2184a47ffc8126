/* SPDX-License-Identifier: GPL-2.0-or-later */
/* route.h - the route by which this host answers a peer. Values; the kernel layer reads them. */
#ifndef SOCKGATE_ROUTE_H
#define SOCKGATE_ROUTE_H

#include "sockgate/addr.h"

struct sg_route {
	bool known;              /* false: the host has no route to the peer */
	bool local;              /* the peer's address is the host's own: packets stay inside */
	uint32_t interface;      /* index of the interface that the packets leave by */
	char interface_name[16]; /* "": it is gone by now */
	bool resolves;           /* the interface asks for its neighbours' link addresses (ARP, neighbour discovery) */
	enum sg_family hop_family;
	sg_u128 hop; /* the next hop: a router, or the peer itself */
};

#endif
