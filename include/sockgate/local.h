/* SPDX-License-Identifier: GPL-2.0-or-later */
/* local.h - the addresses that this host answers to. Values; the kernel layer reads them. */
#ifndef SOCKGATE_LOCAL_H
#define SOCKGATE_LOCAL_H

#include <stddef.h>
#include <stdint.h>
#include "sockgate/addr.h"

struct sg_local_address {
	uint32_t interface; /* index */
	char interface_name[16];
	enum sg_family family;
	sg_u128 address;
	uint8_t prefix_length; /* of the network that the address is in: gives the IPv4 broadcast address */
};

/* Zero-initialised: nothing is known of the host's addresses; every address may then be one of them. */
struct sg_local_addresses {
	struct sg_local_address *items;
	size_t count, room;
};

int sg_local_addresses_add(struct sg_local_addresses *list, const struct sg_local_address *address,
			   struct sg_error *err);
void sg_local_addresses_clear(struct sg_local_addresses *list);

/*
 * Whether the host has the address. *ret_interface is the one interface that packets to it most likely come in by: the
 * only one that has it; NULL when several have it or lo has, whose addresses are reached by any.
 */
bool sg_local_addresses_find(const struct sg_local_addresses *list, enum sg_family family, sg_u128 address,
			     const char **ret_interface);

/*
 * The destinations for which the host takes a packet in as its own from elsewhere: its addresses but those
 * of 127.0.0.0/8 and ::1, and multicast and broadcast addresses when `multicast` (a TCP segment is never sent to one).
 * The whole family when no such address of the family is known: one may come any time.
 */
int sg_local_addresses_set(const struct sg_local_addresses *list, enum sg_family family, bool multicast,
			   struct sg_ranges *ret, struct sg_error *err);

#endif
