/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_route.h - what the routing tables of this network namespace say. */
#ifndef SOCKGATE_KERNEL_ROUTE_H
#define SOCKGATE_KERNEL_ROUTE_H

#include "sockgate/connection.h"
#include "sockgate/route.h"

/*
 * The route of this host's packets of a connection, in the calling thread's network namespace. Peers' packets mostly
 * come in by the same interface, but need not. A connection that is bound to a device is asked for by that device.
 * Needs no rights. Fails (SG_ERROR_SYSTEM) when the kernel cannot be asked; that there is no route is an answer.
 */
int sg_kernel_route(const struct sg_connection *connection, struct sg_route *ret, struct sg_error *err);

/* The names of the interfaces that are up, lo aside; malloc'd. Needs no rights. */
struct sg_interfaces {
	char (*names)[16];
	size_t count, room;
};
int sg_kernel_interfaces(struct sg_interfaces *ret, struct sg_error *err);
void sg_interfaces_clear(struct sg_interfaces *list);

#endif
