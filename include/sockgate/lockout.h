/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lockout.h - whether a connection that is in use now could be made again. */
#ifndef SOCKGATE_LOCKOUT_H
#define SOCKGATE_LOCKOUT_H

#include "sockgate/subject.h"

/* A connection that others made to this host, such as the SSH session that we are run from. */
struct sg_connection {
	uint8_t protocol;      /* SG_PROTO_TCP for SSH */
	enum sg_family family; /* of the packets: v4-mapped addresses are IPv4 */
	sg_u128 local, remote;
	uint16_t port;         /* local */
	const char *interface; /* NULL: not known, then every one but lo has to accept */
};

struct sg_lockout {
	bool accepted; /* a new connection like it is accepted, surely */
	enum sg_outcome outcome;
	struct sg_because because; /* who refuses (or accepts) */
	struct sg_packet packet;   /* the one that is refused (or accepted) */
};
/* A remote address of 127.0.0.0/8 or ::1, or one that equals the local address, means the interface lo. */
int sg_lockout_check(const struct sg_subject *subject, const struct sg_connection *connection, struct sg_lockout *ret,
		     struct sg_error *err);

#endif
