/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnl.h - dumps of rtnetlink (rtnetlink(7)), and what their messages say. */
#ifndef SG_KERNEL_RTNL_H
#define SG_KERNEL_RTNL_H

#include <libmnl/libmnl.h>
#include "sockgate/local.h"

struct rtnl_dump {
	uint16_t type;	  /* RTM_GETADDR, RTM_GETLINK or RTM_GETROUTE */
	uint8_t family;	  /* AF_UNSPEC: all */
	uint8_t route;	  /* RTM_GETROUTE: the kernel is asked for routes of this type alone; older ones send all */
	mnl_cb_t see;	  /* called for each message */
	void (*restart)(void *data); /* forget what was seen: the dump was interrupted by a change and begins again */
	void *data;
	const char *what; /* "the host's addresses": for messages */
};
int sg_rtnl_dump(const struct rtnl_dump *dump, struct sg_error *err);

/*
 * Whether a message has room for its header and ends at a multiple of 4 bytes. libmnl reads attributes up to the next such
 * place, beyond the end of a message that does not.
 */
bool sg_rtnl_is_whole(const struct nlmsghdr *message, size_t header);

/*
 * One message each, as a callback of libmnl: what it says is added. A message that is no whole one of its kind, or has
 * an attribute of another size than it must have, is passed over. MNL_CB_ERROR with errno ENOMEM: no memory.
 */
struct rtnl_routes {
	enum sg_family family;
	uint8_t type;	      /* RTN_LOCAL, RTN_BROADCAST or RTN_ANYCAST: others are passed over */
	struct sg_ranges set; /* destinations, not normalised */
};
int sg_rtnl_see_route(const struct nlmsghdr *message, void *routes);
int sg_rtnl_see_address(const struct nlmsghdr *message, void *addresses); /* struct sg_local_addresses */
int sg_rtnl_see_link(const struct nlmsghdr *message, void *addresses);    /* the same */

#endif
