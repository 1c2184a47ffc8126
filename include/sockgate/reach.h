/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reach.h - who can reach a listener: new connections from others, never this host's own loopback. */
#ifndef SOCKGATE_REACH_H
#define SOCKGATE_REACH_H

#include "sockgate/listener.h"
#include "sockgate/local.h"
#include "sockgate/subject.h"
#include "sockgate/where.h"

/* Who could send to the socket if no rule stood in the way. */
enum sg_scope {
	SG_SCOPE_OTHERS,   /* other hosts */
	SG_SCOPE_LOOPBACK, /* this host alone: bound to the loopback device, to ::1, or to 127.0.0.0/8 without a
			    * route_localnet that lets others in */
	SG_SCOPE_PEER,     /* connected: its one peer, in established traffic */
};

/* Whether the socket's address is a loopback address. */
bool sg_listener_on_loopback(const struct sg_listener *listener);

struct sg_reach {
	/* ACCEPT, DROP, REJECT, UNDECIDED or DEPENDS (accepted from some; drop here and reject there is DROP); NONE
	 * unless the scope is OTHERS (in JSON: drop, from nobody) */
	enum sg_outcome outcome;
	/* Sources that are accepted, through some interface and to some local address; DEPENDS means that others are
	 * refused. Families that the socket does not take part in are not there. */
	unsigned int families; /* that have sources here: bit 1 << enum sg_family */
	struct sg_address_set from;
	bool from_exact; /* false: the interface or the local address matters too, see `accepted` */
	bool undecided;  /* for some senders it could not be decided */
	/* With DEPENDS: exactly what is accepted, to local addresses as the rules have them, whether this host has them
	 * or not. Protocol and port are the socket's and not said (any_protocol, any_port) but for raw sockets, which
	 * have no port of their own. */
	struct sg_wheres accepted;
};

struct sg_reaches {
	const struct sg_reach **items; /* one for each listener, in the list's order; many share one */
	enum sg_scope *scopes;
	size_t count;
	struct sg_reach_pool *pool;
};

/*
 * The reach of every listener under one decision. `local` narrows wildcard sockets to the addresses that the host has;
 * NULL, or none of a family: any of that family. 10,000 listeners cost milliseconds.
 */
int sg_reaches_find(const struct sg_subject *subject, const struct sg_listeners *listeners,
		    const struct sg_local_addresses *local, struct sg_reaches *ret, struct sg_error *err);
void sg_reaches_clear(struct sg_reaches *reaches);

#endif
