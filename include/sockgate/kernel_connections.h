/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_connections.h - the connections of this network namespace, and who holds them. */
#ifndef SOCKGATE_KERNEL_CONNECTIONS_H
#define SOCKGATE_KERNEL_CONNECTIONS_H

#include "sockgate/connection.h"
#include "sockgate/local.h"

/*
 * The TCP connections of the calling thread's network namespace that are established or being opened to it (SYN_RECV):
 * each end of one that stays inside. Unsorted, without owners. *ret is overwritten. Needs no rights. Fails
 * (SG_ERROR_SYSTEM) when the kernel cannot be asked or its answer makes no sense.
 */
int sg_sockdiag_connections(struct sg_connections *ret, struct sg_error *err);

/* Adds UDP sockets that are connected to a peer, as above. */
int sg_sockdiag_datagrams(struct sg_connections *list, struct sg_error *err);

/*
 * Adds the UDP flows between this host and others that conntrack knows, and that both ends took part in for a while, of
 * the calling thread's network namespace. Without inode and owner. *ret_known false: they cannot be read (no rights, no
 * such module), and none is added. Needs CAP_NET_ADMIN. Fails only without memory.
 */
int sg_conntrack_flows(const struct sg_local_addresses *local, struct sg_connections *list, bool *ret_known,
		       struct sg_error *err);

/*
 * Of a TCP connection as the namespace has it that this one forwards to: what it was sent to here, when its destination
 * was rewritten (`published`). *ret_found false: no such connection is known, or it cannot be asked for (no rights, no
 * such module). Fails only without memory.
 */
int sg_conntrack_published(const struct sg_connection *inside, struct sg_connection *ret, bool *ret_found,
			   struct sg_error *err);

/*
 * Makes conntrack know an established TCP connection that a peer made to this host, so that the packets of both ends
 * belong to it from the first on; one that is known stays as it is. Needs CAP_NET_ADMIN. Fails (SG_ERROR_SYSTEM) when
 * the kernel refuses, or has no such module.
 */
int sg_conntrack_keep(const struct sg_connection *connection, struct sg_error *err);

/* Whether the kernel tracks connections in the network namespace now; false: it knows of none. */
int sg_kernel_tracks(bool *ret, struct sg_error *err);

/* Fills in the owners of some of them, as sg_owners_find does for listeners. */
int sg_connection_owners_find(struct sg_connection *const *connections, size_t count, struct sg_error *err);

#endif
