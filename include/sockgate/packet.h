/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet.h - the fields of a packet as levels of a decision diagram, and the packets that can exist.
 *
 * The order of the levels is the order of decision: the class of constraints of a port (interface, family, addresses)
 * is then one node, shared by all ports of that class. Design.md says why it is not another one.
 */
#ifndef SOCKGATE_PACKET_H
#define SOCKGATE_PACKET_H

#include "sockgate/idd.h"

enum sg_field {
	SG_FIELD_DIRECTION, /* enum sg_direction */
	SG_FIELD_STATE,     /* enum sg_ct_state */
	SG_FIELD_PROTOCOL,  /* 0-255: the last header's protocol, as meta l4proto has it */
	SG_FIELD_PORT,      /* destination port; for ICMP and ICMPv6 the type (0-255); SG_PORT_ABSENT */
	SG_FIELD_INTERFACE, /* name as a number, see sg_interface_key */
	SG_FIELD_FAMILY,    /* enum sg_family */
	SG_FIELD_LOCAL4,    /* local address: destination of an inbound packet, source of an outbound one */
	SG_FIELD_LOCAL6,
	SG_FIELD_REMOTE4, /* the other end's address */
	SG_FIELD_REMOTE6,
	SG_FIELD_COUNT, /* levels that are no field of a packet follow, see condition.h */
};

enum sg_direction {
	SG_IN,
	SG_FORWARD, /* all that is forwarded, but for … */
	SG_OUT,
	/* … packets that somebody else sends to a published port: forwarded, in the original direction of a connection
	 * whose destination was rewritten (DNAT). Port and local address are those before the rewriting, as conntrack
	 * has them (of a protocol whose ports it does not know: 0). */
	SG_PUBLISHED,
	SG_DIRECTIONS,
};
const char *sg_direction_name(enum sg_direction direction); /* "inbound", "forwarded", "outbound", "published" */
enum sg_ct_state { SG_CT_NEW, SG_CT_ESTABLISHED, SG_CT_RELATED, SG_CT_INVALID, SG_CT_UNTRACKED, SG_CT_COUNT };

/* The packet has no transport header to read a port or type from (a later fragment, or cut short). */
#define SG_PORT_ABSENT 65536U

enum sg_verdict {
	SG_VERDICT_NONE = 0, /* no such packet exists, or nothing was decided */
	SG_VERDICT_ACCEPT,
	SG_VERDICT_DROP,
	SG_VERDICT_REJECT,
};
const char *sg_verdict_name(enum sg_verdict verdict); /* "accept", "drop", "reject", "none" */

#define SG_INTERFACE_NAME_SIZE 16 /* IFNAMSIZ of linux/if.h, NUL included */
/*
 * Interface names are numbers: the 16 bytes of the NUL-padded name, most significant first, so that all names with a
 * prefix are one interval. A name whose last character is '*' is a wildcard. False: too long or empty.
 */
bool sg_interface_range(const char *name, size_t size, struct sg_range *ret);
/*
 * Whether an interface can have the name, or some of a wildcard's names, but for the length: dev_valid_name in
 * net/core/dev.c takes all bytes but '/', ':' and white space (of Latin-1), and neither "." nor ".."; a '%' makes a
 * pattern that the kernel replaces, and "all" and "default" are folders of /proc/sys. A '*' stands only at the end.
 */
bool sg_interface_possible(const char *name, size_t size);
/* The other way: true and the name (wildcards with '*') when the range is one name or all names with one prefix. */
bool sg_interface_name(const struct sg_range *range, char name[SG_INTERFACE_NAME_SIZE + 1]);

/* A context with these levels. */
struct sg_idd *sg_packet_context(size_t limit);
/*
 * The set of packets that can exist: protocols with ports have 0-65535 or ABSENT; ICMP and ICMPv6 0-255 or ABSENT;
 * others only ABSENT; published ones have a connection, so they are new, established or related; interface names end in
 * NUL padding only in so far as intervals can say it (nothing is excluded).
 */
sg_ref sg_packet_universe(struct sg_idd *idd);

/* One concrete packet. `free` fields were not fixed by the question. */
struct sg_packet {
	sg_u128 field[SG_FIELD_COUNT];
	bool fixed[SG_FIELD_COUNT];
};

#endif
