/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transport protocols by IANA's number; the names are those of /etc/protocols, as nft prints them. */
#include <string.h>
#include <strings.h>
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

/*
 * IANA's other keywords of assigned numbers. No policy needs their names, and a near name would be another protocol's:
 * 'ddp' is one letter from 'udp'.
 */
static const struct proto others[] = {
	{"hopopt", 0},
	{"ggp", 3},
	{"st", 5},
	{"cbt", 7},
	{"bbn-rcc-mon", 10},
	{"nvp-ii", 11},
	{"pup", 12},
	{"argus", 13},
	{"emcon", 14},
	{"xnet", 15},
	{"chaos", 16},
	{"mux", 18},
	{"dcn-meas", 19},
	{"hmp", 20},
	{"prm", 21},
	{"xns-idp", 22},
	{"trunk-1", 23},
	{"trunk-2", 24},
	{"leaf-1", 25},
	{"leaf-2", 26},
	{"rdp", 27},
	{"irtp", 28},
	{"iso-tp4", 29},
	{"netblt", 30},
	{"mfe-nsp", 31},
	{"merit-inp", 32},
	{"3pc", 34},
	{"idpr", 35},
	{"xtp", 36},
	{"ddp", 37},
	{"idpr-cmtp", 38},
	{"tp++", 39},
	{"il", 40},
	{"sdrp", 42},
	{"ipv6-route", 43},
	{"ipv6-frag", 44},
	{"idrp", 45},
	{"dsr", 48},
	{"bna", 49},
	{"i-nlsp", 52},
	{"swipe", 53},
	{"narp", 54},
	{"min-ipv4", 55},
	{"mobile", 55},
	{"tlsp", 56},
	{"skip", 57},
	{"ipv6-nonxt", 59},
	{"ipv6-opts", 60},
	{"cftp", 62},
	{"sat-expak", 64},
	{"kryptolan", 65},
	{"rvd", 66},
	{"ippc", 67},
	{"sat-mon", 69},
	{"visa", 70},
	{"ipcv", 71},
	{"cpnx", 72},
	{"cphb", 73},
	{"rspf", 73},
	{"wsn", 74},
	{"pvp", 75},
	{"br-sat-mon", 76},
	{"sun-nd", 77},
	{"wb-mon", 78},
	{"wb-expak", 79},
	{"iso-ip", 80},
	{"vmtp", 81},
	{"secure-vmtp", 82},
	{"vines", 83},
	{"iptm", 84},
	{"ttp", 84},
	{"nsfnet-igp", 85},
	{"dgp", 86},
	{"tcf", 87},
	{"sprite-rpc", 90},
	{"larp", 91},
	{"mtp", 92},
	{"ax.25", 93},
	{"micp", 95},
	{"scc-sp", 96},
	{"encap", 98},
	{"gmtp", 100},
	{"ifmp", 101},
	{"pnni", 102},
	{"aris", 104},
	{"scps", 105},
	{"qnx", 106},
	{"snp", 109},
	{"compaq-peer", 110},
	{"ipx-in-ip", 111},
	{"pgm", 113},
	{"ddx", 116},
	{"iatp", 117},
	{"stp", 118},
	{"srp", 119},
	{"uti", 120},
	{"smp", 121},
	{"sm", 122},
	{"ptp", 123},
	{"fire", 125},
	{"crtp", 126},
	{"crudp", 127},
	{"sscopmce", 128},
	{"iplt", 129},
	{"sps", 130},
	{"pipe", 131},
	{"rsvp-e2e-ignore", 134},
	{"aggfrag", 144},
	{"nsh", 145},
};

bool sg_proto_other(const char *name, uint8_t *ret)
{
	for (size_t i = 0; i < SG_COUNT(others); i++) {
		if (!strcasecmp(others[i].name, name)) {
			*ret = others[i].number;
			return true;
		}
	}
	return false;
}

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
