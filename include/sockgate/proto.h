/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proto.h - transport protocols, service names, ICMP types: IANA's common names, built in, never the host's files. */
#ifndef SOCKGATE_PROTO_H
#define SOCKGATE_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* IANA protocol numbers that the program treats by name. */
enum {
	SG_PROTO_ICMP = 1, SG_PROTO_TCP = 6, SG_PROTO_UDP = 17, SG_PROTO_DCCP = 33, SG_PROTO_ESP = 50,
	SG_PROTO_ICMPV6 = 58, SG_PROTO_SCTP = 132, SG_PROTO_UDPLITE = 136,
};

/* Bytes 2 and 3 of the transport header are the destination port: tcp, udp, dccp, sctp, udplite. */
bool sg_proto_has_ports(uint8_t protocol);
/* Lower-case name ("tcp", "esp", "ipv6-icmp" is "icmpv6"), or NULL when it has none here. */
const char *sg_proto_name(uint8_t protocol);
/* A name or a decimal number 0-255. */
bool sg_proto_parse(const char *text, size_t size, uint8_t *ret);
const char *sg_proto_next_name(size_t i, const void *unused);          /* for sg_text_nearest */

struct sg_buf;

/* The number of a protocol that IANA's registry has, and that has no name here; whatever the case of the letters. */
bool sg_proto_other(const char *name, uint8_t *ret);

/* A service: a name, the protocol and port that it stands for. A name may stand in several rows. */
struct sg_service {
	const char *name;
	uint8_t protocol;
	uint16_t port;
	bool also; /* a name that people use, and not the one that is printed for the port */
};
const struct sg_service *sg_service_at(size_t i);                      /* by port; NULL at the end */
/* Rows of the name for the protocol; the count of ports written to ret (at most room); 0: unknown for that protocol. */
size_t sg_service_ports(const char *name, size_t size, uint8_t protocol, uint16_t *ret, size_t room);
bool sg_service_known(const char *name, size_t size);                  /* under any protocol */
const char *sg_service_name(uint8_t protocol, uint16_t port);          /* the registered one, or NULL */
const char *sg_service_next_name(size_t i, const void *unused);        /* for sg_text_nearest */

/* Adds a hint for a word that is no built-in name: a similar name, or what else has that name. False: no hint. */
bool sg_service_hint(const char *word, struct sg_buf *ret);
/* Whether the word is the name of something that is not built in: another service, or a protocol. */
bool sg_service_is_other(const char *word);

/* ICMP (RFC 792) and ICMPv6 (RFC 4443, 4861) types as nftables names them; names only, no numbers. */
bool sg_icmp_type_parse(uint8_t protocol, const char *text, size_t size, uint8_t *ret);
const char *sg_icmp_type_name(uint8_t protocol, uint8_t type);         /* NULL: no name */
const char *sg_icmp_next_name(size_t i, const void *unused);           /* names of both, for sg_text_nearest */

#endif
