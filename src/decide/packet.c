/* SPDX-License-Identifier: GPL-2.0-or-later */
/* packet.c - the packet's fields as levels, the packets that can exist, interface names as numbers. */
#include <string.h>
#include "base/mem.h"
#include "sockgate/condition.h"
#include "sockgate/proto.h"

#define INTERFACE_BITS (8 * SG_INTERFACE_NAME_SIZE)

const char *sg_direction_name(enum sg_direction direction)
{
	switch (direction) {
	case SG_IN: return "inbound";
	case SG_FORWARD: return "forwarded";
	case SG_OUT: return "outbound";
	case SG_PUBLISHED: return "published";
	case SG_DIRECTIONS: break;
	}
	return "?";
}

const char *sg_verdict_name(enum sg_verdict verdict)
{
	switch (verdict) {
	case SG_VERDICT_ACCEPT: return "accept";
	case SG_VERDICT_DROP: return "drop";
	case SG_VERDICT_REJECT: return "reject";
	case SG_VERDICT_NONE: break;
	}
	return "none";
}

/* ---- Interface names ---- */

bool sg_interface_range(const char *name, size_t size, struct sg_range *ret)
{
	bool wildcard = size > 0 && name[size - 1] == '*';
	size_t bytes = wildcard ? size - 1 : size;
	sg_u128 key = 0;

	if (!size || bytes >= SG_INTERFACE_NAME_SIZE || memchr(name, 0, size))
		return false;
	for (size_t i = 0; i < bytes; i++)
		key |= (sg_u128)(uint8_t)name[i] << (INTERFACE_BITS - 8 * (i + 1));
	ret->first = key;
	ret->last = key;
	if (wildcard)
		ret->last |= ~(sg_u128)0 >> (8 * bytes);
	return true;
}

static bool interface_is(const char *name, size_t size, const char *word)
{
	return size == strlen(word) && !memcmp(name, word, size);
}

bool sg_interface_possible(const char *name, size_t size)
{
	static const char *const taken[] = {"", ".", "..", "all", "default"};

	for (size_t i = 0; i < SG_COUNT(taken); i++) {
		if (interface_is(name, size, taken[i]))
			return false;
	}
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)name[i];

		if (!c || c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0 || c == '/' || c == ':' || c == '%' ||
		    (c == '*' && i + 1 < size))
			return false;
	}
	return true;
}

static uint8_t interface_byte(sg_u128 key, size_t i)
{
	return (uint8_t)(key >> (INTERFACE_BITS - 8 * (i + 1)));
}

bool sg_interface_name(const struct sg_range *range, char name[SG_INTERFACE_NAME_SIZE + 1])
{
	char text[SG_INTERFACE_NAME_SIZE + 1] = "";
	struct sg_range again;
	size_t size = 0;

	while (size < SG_INTERFACE_NAME_SIZE && interface_byte(range->first, size)) {
		text[size] = (char)interface_byte(range->first, size);
		size++;
	}
	if (range->first != range->last && size < SG_INTERFACE_NAME_SIZE)
		text[size++] = '*';
	if (!sg_interface_range(text, size, &again) || again.first != range->first || again.last != range->last)
		return false;
	memcpy(name, text, sizeof(text));
	return true;
}

/* ---- Levels and universe ---- */

struct sg_idd *sg_packet_context(size_t limit)
{
	static const sg_u128 max[SG_FIELD_COUNT] = {
		[SG_FIELD_DIRECTION] = SG_DIRECTIONS - 1,
		[SG_FIELD_STATE] = SG_CT_COUNT - 1,
		[SG_FIELD_PROTOCOL] = 255,
		[SG_FIELD_PORT] = SG_PORT_ABSENT,
		[SG_FIELD_INTERFACE] = ~(sg_u128)0,
		[SG_FIELD_FAMILY] = SG_IPV6,
		[SG_FIELD_LOCAL4] = UINT32_MAX,
		[SG_FIELD_LOCAL6] = ~(sg_u128)0,
		[SG_FIELD_REMOTE4] = UINT32_MAX,
		[SG_FIELD_REMOTE6] = ~(sg_u128)0,
	};

	const struct sg_condition time = {.kind = SG_CONDITION_TIME};
	struct sg_idd *idd = sg_idd_new(max, SG_FIELD_COUNT, limit);

	if (idd && sg_condition_level(idd, &time) != SG_LEVEL_TIME) {
		sg_idd_free(idd);
		return NULL;
	}
	return idd;
}

/* The values of the port level that the protocol's packets can have. */
static sg_ref packet_ports(struct sg_idd *idd, uint8_t protocol)
{
	struct sg_range ranges[2] = {{0, 255}, {SG_PORT_ABSENT, SG_PORT_ABSENT}};
	struct sg_ranges set = {.items = ranges, .count = 2};

	if (sg_proto_has_ports(protocol))
		return SG_IDD_FULL;
	if (protocol == SG_PROTO_ICMP || protocol == SG_PROTO_ICMPV6)
		return sg_idd_split(idd, SG_FIELD_PORT, &set, SG_IDD_FULL, SG_IDD_EMPTY);
	return sg_idd_range(idd, SG_FIELD_PORT, SG_PORT_ABSENT, SG_PORT_ABSENT);
}

sg_ref sg_packet_universe(struct sg_idd *idd)
{
	sg_ref published = sg_idd_range(idd, SG_FIELD_DIRECTION, SG_PUBLISHED, SG_PUBLISHED);
	sg_ref tracked = sg_idd_range(idd, SG_FIELD_STATE, SG_CT_NEW, SG_CT_RELATED);
	sg_u128 last[256];
	sg_ref child[256];

	for (unsigned int protocol = 0; protocol < 256; protocol++) {
		last[protocol] = protocol;
		child[protocol] = packet_ports(idd, (uint8_t)protocol);
	}
	return sg_idd_minus(idd, sg_idd_node(idd, SG_FIELD_PROTOCOL, last, child, 256),
			    sg_idd_minus(idd, published, tracked));
}
