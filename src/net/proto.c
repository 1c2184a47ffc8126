/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transport protocols by IANA's number; the names are those of /etc/protocols, as nft prints them. */
#include <string.h>
#include "base/mem.h"
#include "base/num.h"
#include "sockgate/proto.h"

struct proto {
	const char *name;
	uint8_t number;
};

/*
 * Of equal numbers the name to print comes first. IPv6's extension headers are no protocol that a rule could see.
 *
 * 'ipip' and 'sit' are what ip-tunnel(8) calls the modes of tunnels whose packets have the protocols 4 and 41. IANA
 * gives the name IPIP to 94, which no tunnel of Linux uses; that one is written as its number. CARP uses VRRP's number.
 */
static const struct proto protos[] = {
	{"icmp", SG_PROTO_ICMP},
	{"igmp", 2},
	{"ipencap", 4},
	{"ipip", 4},
	{"tcp", SG_PROTO_TCP},
	{"egp", 8},
	{"igp", 9},
	{"udp", SG_PROTO_UDP},
	{"dccp", SG_PROTO_DCCP},
	{"ipv6", 41},
	{"sit", 41},
	{"rsvp", 46},
	{"gre", 47},
	{"esp", SG_PROTO_ESP},
	{"ah", 51},
	{"icmpv6", SG_PROTO_ICMPV6},
	{"ipv6-icmp", SG_PROTO_ICMPV6},
	{"eigrp", 88},
	{"ospf", 89},
	{"etherip", 97},
	{"pim", 103},
	{"comp", 108},
	{"ipcomp", 108},
	{"vrrp", 112},
	{"carp", 112},
	{"l2tp", 115},
	{"isis", 124},
	{"sctp", SG_PROTO_SCTP},
	{"fc", 133},
	{"mobility-header", 135},
	{"udplite", SG_PROTO_UDPLITE},
	{"mpls-in-ip", 137},
	{"manet", 138},
	{"hip", 139},
	{"shim6", 140},
	{"wesp", 141},
	{"rohc", 142},
	{"ethernet", 143},
};

bool sg_proto_has_ports(uint8_t protocol)
{
	switch (protocol) {
	case SG_PROTO_TCP:
	case SG_PROTO_UDP:
	case SG_PROTO_DCCP:
	case SG_PROTO_SCTP:
	case SG_PROTO_UDPLITE: return true;
	default: return false;
	}
}

const char *sg_proto_name(uint8_t protocol)
{
	for (size_t i = 0; i < SG_COUNT(protos); i++) {
		if (protos[i].number == protocol)
			return protos[i].name;
	}
	return NULL;
}

bool sg_proto_parse(const char *text, size_t size, uint8_t *ret)
{
	uint64_t number;

	if (sg_num_parse(text, size, UINT8_MAX, &number)) {
		*ret = (uint8_t)number;
		return true;
	}
	for (size_t i = 0; size && i < SG_COUNT(protos); i++) {
		if (!strncmp(protos[i].name, text, size) && !protos[i].name[size]) {
			*ret = protos[i].number;
			return true;
		}
	}
	return false;
}

const char *sg_proto_next_name(size_t i, const void *unused)
{
	(void)unused;
	return i < SG_COUNT(protos) ? protos[i].name : NULL;
}
