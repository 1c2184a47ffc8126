/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lockout.h - whether a connection that is in use now would live on, and could be made again. */
#ifndef SOCKGATE_LOCKOUT_H
#define SOCKGATE_LOCKOUT_H

#include "sockgate/connection.h"
#include "sockgate/subject.h"

struct sg_lockout {
	bool accepted; /* its packets are, and a new connection like it, surely */
	enum sg_outcome outcome;
	struct sg_because because; /* who refuses (or accepts) */
	struct sg_packet packet;   /* the one that is refused (or accepted) */
};
/*
 * Of a connection that others made to this host, such as the SSH session that we are run from. When its interface is
 * not known every one but lo has to accept. A remote address of 127.0.0.0/8 or ::1, or one that equals the local
 * address, means the interface lo.
 */
int sg_lockout_check(const struct sg_subject *subject, const struct sg_connection *connection, struct sg_lockout *ret,
		     struct sg_error *err);

#endif
