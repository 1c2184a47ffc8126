/* SPDX-License-Identifier: GPL-2.0-or-later */
/* packet.h - packets as people write them: `22/tcp`, and `tcp 22 from 192.0.2.9 to 198.51.100.20 interface eth1`. */
#ifndef SG_CLI_PACKET_H
#define SG_CLI_PACKET_H

#include <stddef.h>
#include "sockgate/packet.h"

#define PACKET_QUESTIONS_MOST 32 /* the services that are built in have 8 ports at most */

/* What words ask about: mostly one packet; one for each family of ICMP, and each port of a service. */
struct packet_questions {
	struct sg_packet items[PACKET_QUESTIONS_MOST];
	size_t count;
};

/*
 * PORT/PROTO, TYPE/icmp, a protocol alone, a service alone (each of its ports under each of its protocols), or a number
 * alone: that port of TCP and of UDP, and the protocol of that number, since either may be meant. Ports and types stand
 * by number or name; as in a policy, `icmp` is ICMP and ICMPv6, and `tcp+udp` is TCP and UDP. The packets are new and
 * inbound; what the text does not say is not fixed.
 */
int packet_target(const char *text, size_t size, struct packet_questions *ret, struct sg_error *err);
/* Makes them packets of that direction, before their ends are told. */
void packet_direction(enum sg_direction direction, struct packet_questions *questions);
/* An address leaves those of its family; an error when there is none. */
int packet_from(const char *text, size_t size, struct packet_questions *questions, struct sg_error *err);
int packet_to(const char *text, size_t size, struct packet_questions *questions, struct sg_error *err);
int packet_interface(const char *text, size_t size, struct packet_questions *questions, struct sg_error *err);
/* One line of explain --stdin, without its end. */
int packet_line(const char *text, size_t size, struct packet_questions *ret, struct sg_error *err);

#endif
