/* SPDX-License-Identifier: GPL-2.0-or-later */
/* local.h - the addresses that this host answers to, and its interfaces. Values; the kernel layer reads them. */
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

/* An interface of the network namespace. */
struct sg_link {
	uint32_t index;
	char name[16];
	bool loopback;	     /* the loopback device, whatever its name is */
	bool route_localnet; /* net.ipv4.conf.NAME.route_localnet: it takes packets to 127.0.0.0/8 in */
	uint32_t master;     /* index of the interface that this one is a port of; 0: none */
	char port_kind[16];  /* how it is a port: "bridge", "bond", "team", "vrf", …; "" when the kernel does not say */
};

/* A further name of an interface (ip link property add altname). Rules match by link names alone. */
struct sg_altname {
	uint32_t index;	/* of the interface */
	char name[128]; /* ALTIFNAMSIZ */
};

/* Zero-initialised: nothing is known of the host's addresses; every address may then be one of them. */
struct sg_local_addresses {
	struct sg_local_address *items;
	size_t count, room;
	/* Destinations of the kernel's local routes, and of its broadcast and anycast routes, by family; in all tables,
	 * for rules choose the table packet by packet. Loopback addresses are among them. Normalised. */
	struct sg_ranges own[2], shared[2];
	struct sg_link *links;
	size_t link_count, link_room;
	struct sg_altname *altnames;
	size_t altname_count, altname_room;
	bool localnet_everywhere; /* net.ipv4.conf.all.route_localnet */
	int localnet_problem;	  /* errno: why that could not be read; 0: it was read */
};

int sg_local_addresses_add(struct sg_local_addresses *list, const struct sg_local_address *address,
			   struct sg_error *err);
int sg_local_addresses_add_link(struct sg_local_addresses *list, const struct sg_link *link, struct sg_error *err);
int sg_local_addresses_add_altname(struct sg_local_addresses *list, const struct sg_altname *altname,
				   struct sg_error *err);
void sg_local_addresses_clear(struct sg_local_addresses *list);

/* Whether an interface of the host has the address; local routes do not count. */
bool sg_local_addresses_has(const struct sg_local_addresses *list, enum sg_family family, sg_u128 address);
/*
 * Whether the host has the address, by itself or as part of a prefix with a local route. *ret_interface is the one
 * interface that packets to it most likely come in by: the only one that has it; NULL when several have it, none has
 * it, or the loopback device has it, whose addresses are reached by any.
 */
bool sg_local_addresses_find(const struct sg_local_addresses *list, enum sg_family family, sg_u128 address,
			     const char **ret_interface);

/*
 * The destinations for which the host takes a packet in as its own from elsewhere: its addresses and the prefixes
 * of its local routes but those of 127.0.0.0/8 and ::1, and multicast, broadcast and anycast addresses when
 * `multicast` (a TCP segment is never sent to one). The whole family when no such address of the family is known: one
 * may come any time. What route_localnet lets in is not among them.
 */
int sg_local_addresses_set(const struct sg_local_addresses *list, enum sg_family family, bool multicast,
			   struct sg_ranges *ret, struct sg_error *err);
/* All addresses and prefixes that the host has, loopback among them. */
int sg_local_addresses_own(const struct sg_local_addresses *list, enum sg_family family, struct sg_ranges *ret,
			   struct sg_error *err);

/* NULL: there is none. */
const struct sg_link *sg_link_by_index(const struct sg_local_addresses *list, uint32_t index);
const struct sg_link *sg_link_by_name(const struct sg_local_addresses *list, const char *name);
/*
 * The interface that rules name for packets that come in through the link: the bridge, bond, team or VRF that it is a
 * port of, or the link itself.
 */
const struct sg_link *sg_link_seen_as(const struct sg_local_addresses *list, const struct sg_link *link);
/* The name of the loopback device: "lo", unless it was renamed. */
const char *sg_link_loopback_name(const struct sg_local_addresses *list);
/* Whether packets to 127.0.0.0/8 are taken in from the link, or by some link when it is NULL. */
bool sg_link_takes_localnet(const struct sg_local_addresses *list, const struct sg_link *link);

#endif
