/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP types (RFC 792, 950, 1256) and ICMPv6 types (RFC 4443, 2710, 3810, 4861, 2894, 3122) as nftables names them. */
#include <string.h>
#include "base/mem.h"
#include "sockgate/proto.h"

struct icmp_type {
	const char *name;
	uint8_t protocol, type;
};

/* Of equal types the name to print comes first. */
static const struct icmp_type icmp_types[] = {
	{"echo-reply", SG_PROTO_ICMP, 0},
	{"destination-unreachable", SG_PROTO_ICMP, 3},
	{"source-quench", SG_PROTO_ICMP, 4},
	{"redirect", SG_PROTO_ICMP, 5},
	{"echo-request", SG_PROTO_ICMP, 8},
	{"router-advertisement", SG_PROTO_ICMP, 9},
	{"router-solicitation", SG_PROTO_ICMP, 10},
	{"time-exceeded", SG_PROTO_ICMP, 11},
	{"parameter-problem", SG_PROTO_ICMP, 12},
	{"timestamp-request", SG_PROTO_ICMP, 13},
	{"timestamp-reply", SG_PROTO_ICMP, 14},
	{"info-request", SG_PROTO_ICMP, 15},
	{"info-reply", SG_PROTO_ICMP, 16},
	{"address-mask-request", SG_PROTO_ICMP, 17},
	{"address-mask-reply", SG_PROTO_ICMP, 18},
	{"destination-unreachable", SG_PROTO_ICMPV6, 1},
	{"packet-too-big", SG_PROTO_ICMPV6, 2},
	{"time-exceeded", SG_PROTO_ICMPV6, 3},
	{"parameter-problem", SG_PROTO_ICMPV6, 4},
	{"echo-request", SG_PROTO_ICMPV6, 128},
	{"echo-reply", SG_PROTO_ICMPV6, 129},
	{"mld-listener-query", SG_PROTO_ICMPV6, 130},
	{"mld-listener-report", SG_PROTO_ICMPV6, 131},
	{"mld-listener-done", SG_PROTO_ICMPV6, 132},
	{"mld-listener-reduction", SG_PROTO_ICMPV6, 132},
	{"nd-router-solicit", SG_PROTO_ICMPV6, 133},
	{"nd-router-advert", SG_PROTO_ICMPV6, 134},
	{"nd-neighbor-solicit", SG_PROTO_ICMPV6, 135},
	{"nd-neighbor-advert", SG_PROTO_ICMPV6, 136},
	{"nd-redirect", SG_PROTO_ICMPV6, 137},
	{"router-renumbering", SG_PROTO_ICMPV6, 138},
	{"ind-neighbor-solicit", SG_PROTO_ICMPV6, 141},
	{"ind-neighbor-advert", SG_PROTO_ICMPV6, 142},
	{"mld2-listener-report", SG_PROTO_ICMPV6, 143},
};

bool sg_icmp_type_parse(uint8_t protocol, const char *text, size_t size, uint8_t *ret)
{
	for (size_t i = 0; size && i < SG_COUNT(icmp_types); i++) {
		if (icmp_types[i].protocol == protocol && !strncmp(icmp_types[i].name, text, size) &&
		    !icmp_types[i].name[size]) {
			*ret = icmp_types[i].type;
			return true;
		}
	}
	return false;
}

const char *sg_icmp_type_name(uint8_t protocol, uint8_t type)
{
	for (size_t i = 0; i < SG_COUNT(icmp_types); i++) {
		if (icmp_types[i].protocol == protocol && icmp_types[i].type == type)
			return icmp_types[i].name;
	}
	return NULL;
}

const char *sg_icmp_next_name(size_t i, const void *unused)
{
	(void)unused;
	return i < SG_COUNT(icmp_types) ? icmp_types[i].name : NULL;
}
