/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets and sets of packets as text. */
#include "render/fields.h"

#include <string.h>
#include "sockgate/proto.h"

#define FOLD_ITEMS    8
#define BOTH_FAMILIES (1U << SG_IPV4 | 1U << SG_IPV6)

size_t sg_fields_fold(const struct sg_style *style)
{
	return style->all ? SIZE_MAX : FOLD_ITEMS;
}

enum sg_colour sg_fields_outcome_colour(enum sg_outcome outcome)
{
	switch (outcome) {
	case SG_OUTCOME_ACCEPT: return SG_GREEN;
	case SG_OUTCOME_DROP:
	case SG_OUTCOME_REJECT: return SG_RED;
	case SG_OUTCOME_UNDECIDED:
	case SG_OUTCOME_DEPENDS: return SG_YELLOW;
	case SG_OUTCOME_NONE: break;
	}
	return SG_PLAIN;
}

/* What is said between two items of a list, and in place of those that are folded away. */
struct list {
	struct sg_buf *buf;
	size_t room, said, total;
};

static bool list_next(struct list *list)
{
	list->total++;
	if (list->said == list->room)
		return false;
	if (list->said)
		sg_buf_adds(list->buf, ", ");
	list->said++;
	return true;
}

static void list_end(const struct list *list)
{
	if (list->total > list->said) {
		sg_buf_adds(list->buf, ", … and ");
		sg_say_number(list->buf, list->total - list->said);
		sg_buf_adds(list->buf, " more");
	}
}

static void add_protocol(struct sg_buf *buf, uint8_t protocol)
{
	const char *name = sg_proto_name(protocol);

	if (name)
		sg_buf_adds(buf, name);
	else
		sg_buf_addf(buf, "%u", protocol);
}

/* Whether all of them are said by name. */
static bool all_named(const struct sg_ranges *set)
{
	for (size_t i = 0; i < set->count; i++)
		for (sg_u128 p = set->items[i].first; p <= set->items[i].last; p++)
			if (!sg_proto_name((uint8_t)p))
				return false;
	return true;
}

void sg_fields_protocols(struct sg_buf *buf, const struct sg_where *where)
{
	const struct sg_ranges *set = &where->protocols;
	struct list list = {buf, SIZE_MAX, 0, 0};
	bool named = all_named(set);

	if (where->any_protocol) {
		sg_buf_adds(buf, "any protocol");
		return;
	}
	if (!named)
		sg_buf_adds(buf, "protocol ");
	for (size_t i = 0; i < set->count; i++) {
		unsigned int first = (unsigned int)set->items[i].first, last = (unsigned int)set->items[i].last;

		if (!named && list_next(&list))
			sg_buf_addf(buf, first == last ? "%u" : "%u-%u", first, last);
		for (unsigned int p = first; named && p <= last; p++) {
			sg_buf_adds(buf, i || p > first ? "+" : "");
			add_protocol(buf, (uint8_t)p);
		}
	}
}

/* The protocol whose types `ports` are, 0 when they are ports. */
static uint8_t icmp_of(const struct sg_where *where)
{
	unsigned int first = where->protocols.count ? (unsigned int)where->protocols.items[0].first : 0;

	return first == SG_PROTO_ICMP || first == SG_PROTO_ICMPV6 ? (uint8_t)first : 0;
}

void sg_fields_ports(struct sg_buf *buf, const struct sg_style *style, const struct sg_where *where)
{
	struct list list = {buf, sg_fields_fold(style), 0, 0};
	uint8_t icmp = icmp_of(where);

	if (where->any_port) {
		sg_buf_adds(buf, "any port");
		return;
	}
	for (size_t i = 0; i < where->ports.count; i++) {
		unsigned int first = (unsigned int)where->ports.items[i].first;
		unsigned int last = (unsigned int)where->ports.items[i].last;
		const char *name = icmp && first == last ? sg_icmp_type_name(icmp, (uint8_t)first) : NULL;

		if (!list_next(&list))
			continue;
		if (name)
			sg_buf_adds(buf, name);
		else if (first == last)
			sg_buf_addf(buf, "%u", first);
		else
			sg_buf_addf(buf, "%u-%u", first, last);
	}
	list_end(&list);
	if (where->without_port)
		sg_buf_adds(buf, where->ports.count ? ", or without a port" : "without a port");
}

static void add_ranges(struct list *list, enum sg_family family, const struct sg_ranges *set)
{
	char text[SG_RANGE_TEXT_SIZE];

	for (size_t i = 0; i < set->count; i++) {
		const struct sg_range *range = &set->items[i];

		if (!list_next(list)) {
			list->total += set->count - i - 1;
			return;
		}
		if (!range->first && range->last == sg_addr_max(family)) {
			sg_buf_addf(list->buf, "any IPv%d address", family == SG_IPV4 ? 4 : 6);
			continue;
		}
		sg_range_format(family, range, text);
		sg_buf_adds(list->buf, text);
	}
}

void sg_fields_addresses(struct sg_buf *buf, const struct sg_style *style, const struct sg_address_set *set,
			 unsigned int families)
{
	struct list list = {buf, sg_fields_fold(style), 0, 0};

	if (set->any || set->except) {
		if (families == BOTH_FAMILIES)
			sg_buf_adds(buf, "anywhere");
		else
			sg_buf_addf(buf, "any IPv%d address", families == 1U << SG_IPV4 ? 4 : 6);
		if (set->any)
			return;
		sg_buf_adds(buf, " except ");
	}
	add_ranges(&list, SG_IPV4, &set->v4);
	add_ranges(&list, SG_IPV6, &set->v6);
	list_end(&list);
	if (!list.total)
		sg_buf_adds(buf, "nowhere");
}

static void add_interfaces(struct list *list, const struct sg_ranges *set)
{
	char name[SG_INTERFACE_NAME_SIZE + 1];

	for (size_t i = 0; i < set->count; i++) {
		if (!list_next(list))
			continue;
		if (sg_interface_name(&set->items[i], name))
			sg_say_adds(list->buf, name);
		else
			sg_buf_adds(list->buf, "a range of names");
	}
	list_end(list);
}

static void add_states(struct sg_buf *buf, unsigned int states)
{
	static const char *const names[] = {"new", "established", "related", "invalid", "untracked"};
	struct list list = {buf, SIZE_MAX, 0, 0};

	for (size_t i = 0; i < SG_CT_COUNT; i++)
		if (states >> i & 1 && list_next(&list))
			sg_buf_adds(buf, names[i]);
}

void sg_fields_ends(struct sg_buf *buf, const struct sg_style *style, const struct sg_where *where)
{
	const struct sg_interface_set *interfaces = &where->interfaces;
	struct list list = {buf, sg_fields_fold(style), 0, 0};

	sg_buf_adds(buf, where->direction == SG_OUT ? "to " : "from ");
	sg_fields_addresses(buf, style, where->remote, where->families);
	if (!where->local->any) {
		sg_buf_adds(buf, where->direction == SG_OUT ? " from " : " to ");
		sg_fields_addresses(buf, style, where->local, where->families);
	}
	if (!interfaces->any) {
		sg_buf_adds(buf, " on ");
		add_interfaces(&list, &interfaces->names);
	}
	if (interfaces->except.count) {
		list = (struct list){buf, sg_fields_fold(style), 0, 0};
		sg_buf_adds(buf, interfaces->any ? " on any interface but " : " but not ");
		add_interfaces(&list, &interfaces->except);
	}
	if (where->states == (1U << SG_CT_COUNT) - 1) {
		sg_buf_adds(buf, " in any state");
	} else if ((where->states | 1U << SG_CT_UNTRACKED) != (1U << SG_CT_NEW | 1U << SG_CT_UNTRACKED)) {
		/* packets that are not tracked are judged as new ones are */
		sg_buf_adds(buf, " (");
		add_states(buf, where->states);
		sg_buf_addc(buf, ')');
	}
}

void sg_fields_where(struct sg_buf *buf, const struct sg_style *style, const struct sg_where *where)
{
	if (where->direction != SG_IN)
		sg_buf_addf(buf, "%s ", sg_direction_name(where->direction));
	sg_fields_protocols(buf, where);
	if (!where->any_port) {
		sg_buf_addc(buf, ' ');
		sg_fields_ports(buf, style, where);
	}
	sg_buf_addc(buf, ' ');
	sg_fields_ends(buf, style, where);
}

bool sg_fields_packet_address(const struct sg_packet *packet, enum sg_field v4, char text[SG_ADDR_TEXT_SIZE])
{
	enum sg_field v6 = v4 + 1;
	bool six = packet->fixed[SG_FIELD_FAMILY] ? packet->field[SG_FIELD_FAMILY] == SG_IPV6 : !packet->fixed[v4];
	enum sg_field field = six ? v6 : v4;

	if (!packet->fixed[field])
		return false;
	sg_addr_format(six ? SG_IPV6 : SG_IPV4, packet->field[field], text);
	return true;
}

bool sg_fields_packet_interface(const struct sg_packet *packet, char name[SG_INTERFACE_NAME_SIZE + 1])
{
	struct sg_range range = {packet->field[SG_FIELD_INTERFACE], packet->field[SG_FIELD_INTERFACE]};

	return packet->fixed[SG_FIELD_INTERFACE] && sg_interface_name(&range, name);
}

void sg_fields_packet(struct sg_buf *buf, const struct sg_packet *packet)
{
	uint8_t protocol = (uint8_t)packet->field[SG_FIELD_PROTOCOL];
	bool icmp = protocol == SG_PROTO_ICMP || protocol == SG_PROTO_ICMPV6;
	char address[SG_ADDR_TEXT_SIZE], name[SG_INTERFACE_NAME_SIZE + 1];
	bool out = packet->field[SG_FIELD_DIRECTION] == SG_OUT;
	const char *type;

	if (packet->field[SG_FIELD_DIRECTION] != SG_IN)
		sg_buf_addf(buf, "%s ", sg_direction_name((enum sg_direction)packet->field[SG_FIELD_DIRECTION]));
	if (packet->fixed[SG_FIELD_PROTOCOL])
		add_protocol(buf, protocol);
	else
		sg_buf_adds(buf, "any");
	if (packet->fixed[SG_FIELD_PORT] && packet->field[SG_FIELD_PORT] != SG_PORT_ABSENT) {
		unsigned int port = (unsigned int)packet->field[SG_FIELD_PORT];

		type = icmp ? sg_icmp_type_name(protocol, (uint8_t)port) : NULL;
		if (type)
			sg_buf_addf(buf, " %s", type);
		else
			sg_buf_addf(buf, " %u", port);
	}
	if (sg_fields_packet_address(packet, out ? SG_FIELD_LOCAL4 : SG_FIELD_REMOTE4, address))
		sg_buf_addf(buf, " from %s", address);
	if (sg_fields_packet_address(packet, out ? SG_FIELD_REMOTE4 : SG_FIELD_LOCAL4, address))
		sg_buf_addf(buf, " to %s", address);
	if (sg_fields_packet_interface(packet, name)) {
		sg_buf_adds(buf, " interface ");
		sg_say_adds(buf, name);
	}
}
