/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lockout.h - whether a connection that is in use now would live on, and could be made again. */
#ifndef SOCKGATE_LOCKOUT_H
#define SOCKGATE_LOCKOUT_H

#include "sockgate/caller.h"
#include "sockgate/connection.h"
#include "sockgate/route.h"
#include "sockgate/subject.h"

struct sg_lockout {
	bool accepted; /* its packets are, and a new connection like it, surely */
	enum sg_outcome outcome;
	struct sg_because because; /* who refuses (or accepts) */
	struct sg_packet packet;   /* the one that is refused (or accepted) */
	/* Of sg_lockout_session: */
	char interface_name[16]; /* the interface that its packets are assumed to come by; "": it does not matter, or is not known */
	char elsewhere[16];      /* an interface for which the answer would be the opposite; "": none */
};
/*
 * Of a connection that others made to this host, such as the SSH session that we are run from. When its interface is
 * not known every one but lo has to accept. A remote address of 127.0.0.0/8 or ::1, or one that equals the local
 * address, means the interface lo.
 */
int sg_lockout_check(const struct sg_subject *subject, const struct sg_connection *connection, struct sg_lockout *ret,
		     struct sg_error *err);

/* The interfaces that a session's packets may take. */
struct sg_lockout_ways {
	const char *loopback;   /* name of the loopback device */
	struct sg_route route;  /* the route of the replies */
	char (*interfaces)[16]; /* those that packets may come by, without lo */
	size_t count;
};
/*
 * The same for a session. If its peer is not known, every peer has to be accepted. If its interface is not known and the
 * answer depends on it, its packets are assumed to come by the interface that the replies leave by, and `elsewhere` names
 * one for which the answer would be the opposite. If the next hop is found by neighbour discovery, its packets have to be
 * accepted too: without them a session ends within about a minute.
 */
int sg_lockout_session(const struct sg_subject *subject, const struct sg_session *session,
		       const struct sg_lockout_ways *ways, struct sg_lockout *ret, struct sg_error *err);

/* *ret: another host can make a new connection to the listener, or that is undecided. */
int sg_lockout_anybody(const struct sg_subject *subject, const struct sg_listener *listener, bool *ret,
		       struct sg_error *err);

#endif
