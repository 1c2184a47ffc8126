/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockdiag.h - reading what the kernel says about sockets: parsers apart from the descriptors that feed them. */
#ifndef SG_KERNEL_SOCKDIAG_H
#define SG_KERNEL_SOCKDIAG_H

#include "sockgate/kernel_connections.h"
#include "sockgate/kernel_listeners.h"

/*
 * Adds the socket of one SOCK_DIAG_BY_FAMILY message (linux/inet_diag.h), header included, of a dump for `protocol`
 * (IPPROTO_RAW: of raw sockets). Sockets that cannot receive from others are left out; an SCTP socket with several
 * local addresses becomes one listener for each. Fails on a message that is cut short or contradicts itself; the list
 * is then as it was. Nothing is assumed about the bytes, alignment included.
 */
int sg_sockdiag_parse(const void *msg, size_t size, uint8_t protocol, struct sg_listeners *list, struct sg_error *err);

/*
 * The same from the text of /proc/net/{tcp,udp,udplite,raw}{,6}, for kernels without the protocol's handler. They do
 * not say whether an IPv6 socket takes IPv4 too nor which device it is bound to: the wider case is taken.
 */
int sg_sockdiag_parse_table(const char *text, size_t size, enum sg_family family, uint8_t protocol,
			    struct sg_listeners *list, struct sg_error *err);

/* The same from the text of /proc/net/sctp/eps. */
int sg_sockdiag_parse_eps(const char *text, size_t size, struct sg_listeners *list, struct sg_error *err);

/* Connections from the same messages and tables; sockets in other states are left out. */
int sg_sockdiag_parse_connection(const void *msg, size_t size, uint8_t protocol, struct sg_connections *list,
				 struct sg_error *err);
int sg_sockdiag_parse_connection_table(const char *text, size_t size, enum sg_family family, uint8_t protocol,
				       struct sg_connections *list, struct sg_error *err);
/* Adds a copy when the state is one of a connection; v4-mapped addresses become IPv4. */
int sg_sockdiag_add_connection(struct sg_connections *list, const struct sg_connection *connection, unsigned int state,
			       struct sg_error *err);

/* A new zeroed listener at the end of the list; NULL: out of memory. */
struct sg_listener *sg_sockdiag_add(struct sg_listeners *list, struct sg_error *err);

/* TCP_ESTABLISHED, TCP_SYN_RECV, TCP_CLOSE and TCP_LISTEN of the kernel's net/tcp_states.h, which all these protocols
 * share. */
enum { SG_SOCKET_CONNECTED = 1, SG_SOCKET_OPENING = 3, SG_SOCKET_UNCONNECTED = 7, SG_SOCKET_LISTENING = 10 };

/* Whether a socket of the protocol (IPPROTO_RAW: raw, of protocol `port`) in that state can receive from others. */
bool sg_sockdiag_receives(uint8_t protocol, unsigned int state, uint16_t port);

/* Completes a listener whose port, family and address are known: raw sockets have a protocol for a port. */
void sg_sockdiag_complete(struct sg_listener *listener, uint8_t protocol, unsigned int state);

#endif
