/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets and sets of packets as JSON. */
#include "render/fields.h"

#include "sockgate/proto.h"

static json_t *protocol_json(struct sg_json *json, uint8_t protocol)
{
	const char *name = sg_proto_name(protocol);
	char number[8];

	snprintf(number, sizeof(number), "%u", protocol);
	return sg_json_text(json, name ? name : number);
}

/* "tcp", "tcp+udp", "0-5+7-16", "any". */
static json_t *protocols_json(struct sg_json *json, const struct sg_where *where)
{
	struct sg_buf buf = {0};
	json_t *value;

	if (where->any_protocol)
		return sg_json_text(json, "any");
	for (size_t i = 0; i < where->protocols.count; i++) {
		unsigned int first = (unsigned int)where->protocols.items[i].first;
		unsigned int last = (unsigned int)where->protocols.items[i].last;
		const char *name = first == last ? sg_proto_name((uint8_t)first) : NULL;

		sg_buf_addf(&buf, "%s", i ? "+" : "");
		if (name)
			sg_buf_adds(&buf, name);
		else if (first == last)
			sg_buf_addf(&buf, "%u", first);
		else
			sg_buf_addf(&buf, "%u-%u", first, last);
	}
	value = buf.failed ? NULL : sg_json_text(json, buf.data ? buf.data : "");
	json->failed |= buf.failed;
	sg_buf_clear(&buf);
	return value;
}

static json_t *numbers_json(struct sg_json *json, const struct sg_ranges *set)
{
	json_t *list = sg_json_list(json);

	for (size_t i = 0; i < set->count; i++) {
		json_t *range = sg_json_map(json);

		sg_json_put(json, range, "first", sg_json_number(json, (uint64_t)set->items[i].first));
		sg_json_put(json, range, "last", sg_json_number(json, (uint64_t)set->items[i].last));
		sg_json_push(json, list, range);
	}
	return list;
}

static void push_prefixes(struct sg_json *json, json_t *list, enum sg_family family, struct sg_range rest)
{
	char address[SG_ADDR_TEXT_SIZE], text[SG_PREFIX_TEXT_SIZE];
	struct sg_range prefix;

	for (;;) {
		unsigned int length = sg_range_first_prefix(family, &rest, &prefix);

		sg_addr_format(family, prefix.first, address);
		snprintf(text, sizeof(text), "%s/%u", address, length);
		sg_json_push(json, list, sg_json_text(json, length == sg_addr_width(family) ? address : text));
		if (prefix.last == rest.last)
			return;
		rest.first = prefix.last + 1;
	}
}

static void push_ranges(struct sg_json *json, json_t *list, enum sg_family family, const struct sg_ranges *set)
{
	for (size_t i = 0; i < set->count; i++)
		push_prefixes(json, list, family, set->items[i]);
}

/* Everything but the set. */
static void push_rest(struct sg_json *json, json_t *list, enum sg_family family, const struct sg_ranges *set)
{
	sg_u128 max = sg_addr_max(family), next = 0;

	for (size_t i = 0; i < set->count; i++) {
		const struct sg_range *range = &set->items[i];

		if (range->first > next)
			push_prefixes(json, list, family, (struct sg_range){next, range->first - 1});
		if (range->last == max)
			return;
		next = range->last + 1;
	}
	push_prefixes(json, list, family, (struct sg_range){next, max});
}

json_t *sg_fields_prefixes_json(struct sg_json *json, const struct sg_address_set *set, unsigned int families)
{
	json_t *list = sg_json_list(json);

	for (enum sg_family family = SG_IPV4; family <= SG_IPV6; family++) {
		const struct sg_ranges *ranges = family == SG_IPV4 ? &set->v4 : &set->v6;

		if (!(families >> family & 1))
			continue;
		if (set->any || set->except)
			push_rest(json, list, family, ranges);
		else
			push_ranges(json, list, family, ranges);
	}
	return list;
}

static json_t *names_json(struct sg_json *json, const struct sg_ranges *set)
{
	char name[SG_INTERFACE_NAME_SIZE + 1];
	json_t *list = sg_json_list(json);

	for (size_t i = 0; i < set->count; i++)
		sg_json_push(json, list,
			     sg_interface_name(&set->items[i], name) ? sg_json_text(json, name) : json_null());
	return list;
}

static json_t *states_json(struct sg_json *json, unsigned int states)
{
	static const char *const names[] = {"new", "established", "related", "invalid", "untracked"};
	json_t *list = sg_json_list(json);

	for (size_t i = 0; i < SG_CT_COUNT; i++)
		if (states >> i & 1)
			sg_json_push(json, list, sg_json_text(json, names[i]));
	return list;
}

static bool is_icmp(unsigned int protocol)
{
	return protocol == SG_PROTO_ICMP || protocol == SG_PROTO_ICMPV6;
}

json_t *sg_fields_where_json(struct sg_json *json, const struct sg_where *where)
{
	bool icmp = where->protocols.count && is_icmp((unsigned int)where->protocols.items[0].first);
	const struct sg_interface_set *interfaces = &where->interfaces;
	json_t *map = sg_json_map(json);

	sg_json_put(json, map, "protocol", protocols_json(json, where));
	sg_json_put(json, map, "ports", where->any_port || icmp ? json_null() : numbers_json(json, &where->ports));
	if (icmp && !where->any_port)
		sg_json_put(json, map, "types", numbers_json(json, &where->ports));
	if (where->without_port && !where->any_port)
		sg_json_put(json, map, "without_port", json_true());
	sg_json_put(json, map, "sources",
		    where->direction == SG_OUT && where->local->any
			    ? json_null()
			    : sg_fields_prefixes_json(json, where->direction == SG_OUT ? where->local : where->remote,
						      where->families));
	sg_json_put(json, map, "destinations",
		    where->direction != SG_OUT && where->local->any
			    ? json_null()
			    : sg_fields_prefixes_json(json, where->direction == SG_OUT ? where->remote : where->local,
						      where->families));
	sg_json_put(json, map, "interfaces", interfaces->any ? json_null() : names_json(json, &interfaces->names));
	if (interfaces->except.count)
		sg_json_put(json, map, "interfaces_except", names_json(json, &interfaces->except));
	if (where->states != 1U << SG_CT_NEW)
		sg_json_put(json, map, "states", states_json(json, where->states));
	return map;
}

/* Protocol and port, and for ICMP the type, which has no port. */
static void put_subject(struct sg_json *json, json_t *map, const struct sg_packet *packet)
{
	bool protocol = packet->fixed[SG_FIELD_PROTOCOL];
	bool port = packet->fixed[SG_FIELD_PORT] && packet->field[SG_FIELD_PORT] != SG_PORT_ABSENT;
	uint64_t number = (uint64_t)packet->field[SG_FIELD_PORT];
	uint8_t code = (uint8_t)packet->field[SG_FIELD_PROTOCOL];
	bool icmp = protocol && is_icmp(code);

	sg_json_put(json, map, "protocol", protocol ? protocol_json(json, code) : json_null());
	sg_json_put(json, map, "port", port && !icmp ? sg_json_number(json, number) : json_null());
	if (port && icmp)
		sg_json_put(json, map, "type", sg_json_number(json, number));
}

/* Of the end that a packet comes from, or goes to: what leaves comes from here. */
static json_t *address_json(struct sg_json *json, const struct sg_packet *packet, bool from)
{
	bool out = packet->field[SG_FIELD_DIRECTION] == SG_OUT;
	char text[SG_ADDR_TEXT_SIZE];

	return sg_fields_packet_address(packet, from != out ? SG_FIELD_REMOTE4 : SG_FIELD_LOCAL4, text)
		       ? sg_json_text(json, text)
		       : json_null();
}

static json_t *interface_json(struct sg_json *json, const struct sg_packet *packet)
{
	char name[SG_INTERFACE_NAME_SIZE + 1];

	return sg_fields_packet_interface(packet, name) ? sg_json_text(json, name) : json_null();
}

json_t *sg_fields_packet_json(struct sg_json *json, const struct sg_packet *packet)
{
	json_t *map = sg_json_map(json), *to = address_json(json, packet, false);
	json_t *interface = interface_json(json, packet);

	put_subject(json, map, packet);
	sg_json_put(json, map, "from", address_json(json, packet, true));
	if (json_is_null(to))
		json_decref(to);
	else
		sg_json_put(json, map, "to", to);
	if (json_is_null(interface))
		json_decref(interface);
	else
		sg_json_put(json, map, "interface", interface);
	return map;
}

json_t *sg_fields_direction_json(struct sg_json *json, enum sg_direction direction)
{
	static const char *const names[SG_DIRECTIONS] = {
		[SG_IN] = "in", [SG_FORWARD] = "forward", [SG_OUT] = "out", [SG_PUBLISHED] = "published"};

	return sg_json_text(json, names[direction]);
}

json_t *sg_fields_question_json(struct sg_json *json, const struct sg_packet *packet)
{
	enum sg_direction direction = (enum sg_direction)packet->field[SG_FIELD_DIRECTION];
	json_t *map = sg_json_map(json);

	sg_json_put(json, map, "direction", sg_fields_direction_json(json, direction));
	put_subject(json, map, packet);
	sg_json_put(json, map, "from", address_json(json, packet, true));
	sg_json_put(json, map, "to", address_json(json, packet, false));
	sg_json_put(json, map, "interface", interface_json(json, packet));
	return map;
}
