/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cut.h - live connections that another decision would end, or would not let come again. */
#ifndef SOCKGATE_CUT_H
#define SOCKGATE_CUT_H

#include "sockgate/connection.h"
#include "sockgate/local.h"
#include "sockgate/subject.h"
#include "sockgate/verify.h"

/* The earlier, the worse. */
enum sg_cut_when {
	SG_CUT_AT_ONCE,     /* packets of established connections are refused */
	SG_CUT_NEXT_PACKET, /* see sg_cuts_input.untracked: what the other end sends next is refused */
	SG_CUT_RECONNECT,   /* it lives on, but a new one like it is refused */
	SG_CUT_NEVER,
};
const char *sg_cut_when_name(enum sg_cut_when when); /* "at_once", "next_packet", "reconnect", "never" */

struct sg_cut {
	size_t connection;           /* index in the list */
	size_t listener;             /* the listener that it was made to; SG_NO_LISTENER: this host made it, or it is not known */
	enum sg_direction direction; /* in which it was made: SG_IN or SG_OUT */
	enum sg_cut_when when;
	enum sg_outcome outcome; /* of the packet that is refused; DEPENDS: of some interface's, and it is not known */
	uint32_t origin;         /* who refuses; 0: not known */
};

struct sg_cuts_input {
	const struct sg_subject *from; /* what holds now: what it refuses already is not told; NULL: it accepts all */
	const struct sg_subject *to;
	const struct sg_connections *connections;
	const struct sg_listeners *listeners;
	const struct sg_local_addresses *local;
	/* The kernel does not track connections yet, and will with the new rules. It takes the next packet of either
	 * end of one that is there for the first of a new one then: if this host sends before the other end does, it
	 * lives on. */
	bool untracked;
	/* Returns the interface that replies leave by; "" when there is no route. Only called when the answer depends on it.
	 * NULL: the only interface that has the local address is assumed. Fails as sg_cuts_find does. */
	int (*route)(const struct sg_connection *connection, char ret[16], struct sg_error *err);
};

/* By direction, service port, `when` (the worst first), outcome and origin, so that those of one group are together. */
struct sg_cuts {
	struct sg_cut *items;
	size_t count, room;
};

/*
 * Connections inside of this host (to an address of its own) are left out. A connection to an address and port that a
 * listener has is inbound; of a flow conntrack knows the direction. Its packets are assumed to come by the device that it
 * is bound to; without one, if the answer depends on it, by the interface that `route` returns; else by any but lo. 10,000
 * connections take milliseconds.
 */
int sg_cuts_find(const struct sg_cuts_input *input, struct sg_cuts *ret, struct sg_error *err);
void sg_cuts_clear(struct sg_cuts *cuts);

/* The listener that a connection came in by: index in the list, or SG_NO_LISTENER. */
size_t sg_connection_listener(const struct sg_listeners *listeners, const struct sg_connection *connection);

#endif
