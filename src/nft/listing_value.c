/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listing_value.c - names, keys and verdicts as nft writes them.
 *
 * nft takes names of protocols from /etc/protocols, which a host may not have: only those that its language itself
 * knows are used, and numbers for the others.
 */
#include <ctype.h>
#include <string.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>

#include "nft/listing.h"
#include "sockgate/addr.h"
#include "sockgate/packet.h"
#include "sockgate/proto.h"

bool sg_listing_name(struct sg_buf *out, const char *name)
{
	for (const char *p = name; *p; p++) {
		bool letter = isalpha((unsigned char)*p) || *p == '_' || *p == '.';

		if (!letter && (p == name || !(isdigit((unsigned char)*p) || *p == '/' || *p == '-')))
			return false;
		if ((unsigned char)*p >= 0x80)
			return false;
	}
	if (!*name || sg_listing_is_keyword(name))
		return false;
	sg_buf_adds(out, name);
	return true;
}

bool sg_listing_quoted(struct sg_buf *out, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p == '"' || (unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	}
	sg_buf_addc(out, '"');
	sg_buf_adds(out, text);
	sg_buf_addc(out, '"');
	return true;
}

static sg_u128 value_number(const uint8_t *bytes, size_t size)
{
	sg_u128 number = 0;

	for (size_t i = 0; i < size; i++)
		number = number << 8 | bytes[i];
	return number;
}

static void value_address(struct sg_buf *out, enum sg_family family, const uint8_t *first, const uint8_t *last)
{
	size_t size = family == SG_IPV4 ? 4 : 16;
	struct sg_range range = {.first = value_number(first, size), .last = value_number(last, size)};
	char text[SG_RANGE_TEXT_SIZE];

	sg_range_format(family, &range, text);
	sg_buf_adds(out, text);
}

/* A protocol's word in nft's language; NULL: only its number. */
static const char *value_protocol(uint8_t protocol)
{
	switch (protocol) {
	case 1: return "icmp";
	case 2: return "igmp";
	case 6: return "tcp";
	case 17: return "udp";
	case 33: return "dccp";
	case 47: return "gre";
	case 50: return "esp";
	case 51: return "ah";
	case 58: return "icmpv6";
	case 108: return "comp";
	case 132: return "sctp";
	case 136: return "udplite";
	default: return NULL;
	}
}

/* An interface's name, or all names that begin alike ("eth*"). */
static bool value_interface(struct sg_buf *out, const uint8_t *first, const uint8_t *last)
{
	struct sg_range range = {.first = value_number(first, SG_INTERFACE_NAME_SIZE),
				 .last = value_number(last, SG_INTERFACE_NAME_SIZE)};
	char name[SG_INTERFACE_NAME_SIZE + 1];
	size_t length;

	if (!sg_interface_name(&range, name))
		return false;
	length = strlen(name);
	if (range.first != range.last)
		length--;
	for (size_t i = 0; i < length; i++) {
		if (name[i] == '*' || name[i] == '\\')
			return false;
	}
	return length && sg_listing_quoted(out, name);
}

static bool value_nfproto(struct sg_buf *out, uint8_t number)
{
	if (number != NFPROTO_IPV4 && number != NFPROTO_IPV6)
		return false;
	sg_buf_adds(out, number == NFPROTO_IPV4 ? "ipv4" : "ipv6");
	return true;
}

static bool value_direction(struct sg_buf *out, uint8_t direction)
{
	if (direction > IP_CT_DIR_REPLY)
		return false;
	sg_buf_adds(out, direction == IP_CT_DIR_ORIGINAL ? "original" : "reply");
	return true;
}

/* Its number, as nft says it of a cgroup that it does not find. It reads only paths: see listing.h. */
static bool value_cgroup(struct sg_buf *out, const uint8_t *id)
{
	uint64_t number;

	memcpy(&number, id, sizeof(number));
	sg_buf_addf(out, "%llu", (unsigned long long)number);
	return true;
}

/* A single key of a type that is a number with names for some of its values. */
static void value_named(struct sg_buf *out, uint32_t type, unsigned int number)
{
	const char *name = NULL;

	if (type == DATATYPE_INET_PROTO)
		name = value_protocol((uint8_t)number);
	else if (type == DATATYPE_ICMP_TYPE)
		name = sg_icmp_type_name(SG_PROTO_ICMP, (uint8_t)number);
	else if (type == DATATYPE_ICMPV6_TYPE)
		name = sg_icmp_type_name(SG_PROTO_ICMPV6, (uint8_t)number);
	if (name)
		sg_buf_adds(out, name);
	else
		sg_buf_addf(out, "%u", number);
}

bool sg_listing_value(struct sg_buf *out, uint32_t type, const uint8_t *first, const uint8_t *last)
{
	const struct datatype *known = sg_datatype_find(type);
	unsigned int number;
	uint32_t host;

	if (!known)
		return false;
	bool single = !last || !memcmp(first, last, known->length);

	switch (type) {
	case DATATYPE_IPV4_ADDR: value_address(out, SG_IPV4, first, last ? last : first); return true;
	case DATATYPE_IPV6_ADDR: value_address(out, SG_IPV6, first, last ? last : first); return true;
	case DATATYPE_IFNAME: return value_interface(out, first, last ? last : first);
	case DATATYPE_NF_PROTO: return single && value_nfproto(out, *first);
	case DATATYPE_CT_DIRECTION: return single && value_direction(out, *first);
	case DATATYPE_CGROUP: return single && value_cgroup(out, first);
	case DATATYPE_CT_STATE: memcpy(&host, first, sizeof(host)); return !last && sg_listing_ct_states(out, host);
	case DATATYPE_INET_SERVICE:
	case DATATYPE_INET_PROTO:
	case DATATYPE_ICMP_TYPE:
	case DATATYPE_ICMPV6_TYPE:
		number = (unsigned int)value_number(first, known->length);
		if (single)
			value_named(out, type, number);
		else
			sg_buf_addf(out, "%u-%u", number, (unsigned int)value_number(last, known->length));
		return true;
	default: return false;
	}
}

struct bit {
	uint32_t bit;
	const char *name;
};

static bool value_bits(struct sg_buf *out, const struct bit *bits, size_t count, uint32_t mask)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		if (!(mask & bits[i].bit))
			continue;
		sg_buf_addf(out, "%s%s", any ? "," : "", bits[i].name);
		mask &= ~bits[i].bit;
		any = true;
	}
	return any && !mask;
}

bool sg_listing_ct_states(struct sg_buf *out, uint32_t mask)
{
	/* NF_CT_STATE_BIT of linux/netfilter/nf_conntrack_common.h */
	static const struct bit states[] = {
		{1, "invalid"}, {2, "established"}, {4, "related"}, {8, "new"}, {64, "untracked"}};

	return value_bits(out, states, sizeof(states) / sizeof(states[0]), mask);
}

bool sg_listing_ct_status(struct sg_buf *out, uint32_t mask)
{
	/* enum ip_conntrack_status; nft has words for these */
	static const struct bit statuses[] = {{1, "expected"}, {2, "seen-reply"}, {4, "assured"}, {8, "confirmed"},
					      {16, "snat"},    {32, "dnat"},      {512, "dying"}};

	return value_bits(out, statuses, sizeof(statuses) / sizeof(statuses[0]), mask);
}

void sg_listing_time(struct sg_buf *out, uint64_t milliseconds)
{
	static const struct {
		uint64_t milliseconds;
		const char *name;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		uint64_t count = milliseconds / units[i].milliseconds;

		if (count)
			sg_buf_addf(out, "%llu%s", (unsigned long long)count, units[i].name);
		milliseconds %= units[i].milliseconds;
	}
}

bool sg_listing_verdict(struct sg_buf *out, const struct sg_nft_verdict *verdict)
{
	switch (verdict->code) {
	case SG_CODE_ACCEPT: sg_buf_adds(out, "accept"); return true;
	case SG_CODE_DROP: sg_buf_adds(out, "drop"); return true;
	case SG_CODE_CONTINUE: sg_buf_adds(out, "continue"); return true;
	case SG_CODE_RETURN: sg_buf_adds(out, "return"); return true;
	case SG_CODE_JUMP:
	case SG_CODE_GOTO:
		sg_buf_adds(out, verdict->code == SG_CODE_JUMP ? "jump " : "goto ");
		return verdict->chain && sg_listing_name(out, verdict->chain);
	default: return false;
	}
}
