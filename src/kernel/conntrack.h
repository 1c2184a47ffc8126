/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conntrack.h - the parser behind sg_conntrack_flows. */
#ifndef SG_KERNEL_CONNTRACK_H
#define SG_KERNEL_CONNTRACK_H

#include "sockgate/kernel_connections.h"

/*
 * Adds the flow of one IPCTNL_MSG_CT_NEW message, header included, if it is one of UDP that both ends took part in for
 * a while (IPS_ASSURED) and one end of which is this host. Fails on a message that is cut short. Nothing is assumed
 * about the bytes, alignment included.
 */
int sg_conntrack_parse(const void *message, size_t size, const struct sg_local_addresses *local,
		       struct sg_connections *list, struct sg_error *err);

#endif
