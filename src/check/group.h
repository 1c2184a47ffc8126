/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group.h - the protocols and ports of one class of packets, put together for reading. */
#ifndef SG_CHECK_GROUP_H
#define SG_CHECK_GROUP_H

#include "sockgate/packet.h"

/* Protocols and ports at which a class holds. */
struct sg_cell {
	struct sg_range protocols, ports;
};

/* Protocols whose ports are equal. */
struct sg_port_group {
	bool whole;                        /* every packet of the protocols that can exist */
	uint8_t kind;                      /* when not whole: protocols of one kind of port alone */
	struct sg_ranges protocols, ports; /* ports may hold SG_PORT_ABSENT */
};
struct sg_port_groups {
	struct sg_port_group *items;
	size_t count, room;
};

/* Cells come in the order of protocols, then ports; those of one protocol interval have it in common. `universe` tests
 * SG_FIELD_PROTOCOL and below: which ports a protocol has. */
int sg_port_groups_find(const struct sg_idd *idd, sg_ref universe, const struct sg_cell *cells, size_t count,
			struct sg_port_groups *ret, struct sg_error *err);
void sg_port_groups_clear(struct sg_port_groups *groups);

/* Takes the number `last` off the end of a normalised set; true when it was in it. */
bool sg_port_groups_cut_last(struct sg_ranges *set, sg_u128 last);

#endif
