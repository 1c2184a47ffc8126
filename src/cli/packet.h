/* SPDX-License-Identifier: GPL-2.0-or-later */
/* packet.h - packets as people write them: `22/tcp`, and `tcp 22 from 192.0.2.9 to 198.51.100.20 interface eth1`. */
#ifndef SG_CLI_PACKET_H
#define SG_CLI_PACKET_H

#include <stddef.h>
#include "sockgate/packet.h"

/* PORT/PROTO, TYPE/icmp, or a protocol alone; ports and types by number or name. A new inbound packet; what is not said
 * is not fixed. */
int packet_target(const char *text, size_t size, struct sg_packet *ret, struct sg_error *err);
/* Makes it one of that direction, before its ends are told. */
void packet_direction(enum sg_direction direction, struct sg_packet *packet);
int packet_from(const char *text, size_t size, struct sg_packet *packet, struct sg_error *err);
int packet_to(const char *text, size_t size, struct sg_packet *packet, struct sg_error *err);
int packet_interface(const char *text, size_t size, struct sg_packet *packet, struct sg_error *err);
/* One line of explain --stdin, without its end. */
int packet_line(const char *text, size_t size, struct sg_packet *ret, struct sg_error *err);

#endif
