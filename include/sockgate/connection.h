/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connection.h - a connection between this host and another, and who holds it. Values; the kernel layer reads them. */
#ifndef SOCKGATE_CONNECTION_H
#define SOCKGATE_CONNECTION_H

#include "sockgate/listener.h"

struct sg_connection {
	uint8_t protocol;      /* SG_PROTO_TCP or SG_PROTO_UDP */
	enum sg_family family; /* of the packets: v4-mapped addresses are IPv4 */
	sg_u128 local, remote;
	uint16_t port;           /* local */
	uint16_t remote_port;    /* 0: not known */
	char interface_name[16]; /* that its packets come in by; "": not known */
	uint32_t interface;      /* SO_BINDTODEVICE, or the scope of a link-local address; 0: none */
	bool flow;    /* read from conntrack, which also knows who began it: */
	bool inbound; /* the peer began it; only set for a flow */
	bool published; /* to a published port: forwarded, and `local` and `port` are those before the rewriting */
	uint32_t uid;
	uint32_t inode;  /* 0: held by no process, as before it is accepted */
	uint64_t cgroup; /* cgroup v2 id, 0: not known */
	struct sg_owner owner;
};

/* Zero-initialised is empty. */
struct sg_connections {
	struct sg_connection *items;
	size_t count, room;
};

void sg_connections_clear(struct sg_connections *list);

#endif
