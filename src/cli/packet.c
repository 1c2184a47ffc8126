/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/packet.h"

#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "sockgate/buf.h"
#include "sockgate/proto.h"

/* A word of others in a message: no longer than this. */
#define SHOWN(size) ((int)((size) < 60 ? (size) : 60))

struct word {
	const char *text;
	size_t size;
};

static bool is(const struct word *word, const char *text)
{
	return word->size == strlen(text) && !memcmp(word->text, text, word->size);
}

static int bad_protocol(const struct word *word, struct sg_error *err)
{
	uint64_t number;
	const char *near;
	char bare[64];

	if (sg_num_parse(word->text, word->size, 65535, &number))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%llu' is no protocol, did you mean '%llu/tcp'?",
				    (unsigned long long)number, (unsigned long long)number);
	snprintf(bare, sizeof(bare), "%.*s", SHOWN(word->size), word->text);
	near = sg_text_nearest(bare, sg_proto_next_name, NULL);
	if (near)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "unknown protocol '%s', did you mean '%s'?", bare, near);
	return sg_error_set(err, SG_ERROR_INPUT, 0, "unknown protocol '%s'", bare);
}

static int set_protocol(const struct word *word, struct sg_packet *packet, struct sg_error *err)
{
	uint8_t protocol;

	if (is(word, "any"))
		return 0;
	/* a bare number is far more likely a port whose protocol was forgotten */
	if ((word->size && word->text[0] >= '0' && word->text[0] <= '9') ||
	    !sg_proto_parse(word->text, word->size, &protocol))
		return bad_protocol(word, err);
	packet->field[SG_FIELD_PROTOCOL] = protocol;
	packet->fixed[SG_FIELD_PROTOCOL] = true;
	/* each has a family of its own (RFC 792, RFC 4443) */
	if (protocol == SG_PROTO_ICMP || protocol == SG_PROTO_ICMPV6) {
		packet->field[SG_FIELD_FAMILY] = protocol == SG_PROTO_ICMP ? SG_IPV4 : SG_IPV6;
		packet->fixed[SG_FIELD_FAMILY] = true;
	}
	return 0;
}

static int set_icmp_type(const struct word *word, uint8_t protocol, struct sg_packet *packet, struct sg_error *err)
{
	uint64_t number;
	uint8_t type;

	if (sg_icmp_type_parse(protocol, word->text, word->size, &type))
		packet->field[SG_FIELD_PORT] = type;
	else if (sg_num_parse(word->text, word->size, 255, &number))
		packet->field[SG_FIELD_PORT] = number;
	else
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%.*s' is no type of %s", SHOWN(word->size), word->text,
				    sg_proto_name(protocol));
	return 0;
}

static int set_service(const struct word *word, uint8_t protocol, struct sg_packet *packet, struct sg_error *err)
{
	const char *name = sg_proto_name(protocol);
	sg_cleanup(sg_buf_clear) struct sg_buf hint = {0};
	char bare[64];
	uint16_t ports[2];
	size_t count = sg_service_ports(word->text, word->size, protocol, ports, 2);

	snprintf(bare, sizeof(bare), "%.*s", SHOWN(word->size), word->text);
	if (count == 1) {
		packet->field[SG_FIELD_PORT] = ports[0];
		return 0;
	}
	if (count)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' is more than one port of %s, name one by its number",
				    bare, name);
	if (sg_service_known(word->text, word->size))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' has no port of %s", bare, name);
	if (sg_service_hint(bare, &hint) && !hint.failed)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' is no port, %s", bare, hint.data);
	return sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' is no port (0-65535) and no service that is known", bare);
}

static int set_port(const struct word *word, struct sg_packet *packet, struct sg_error *err)
{
	uint8_t protocol = (uint8_t)packet->field[SG_FIELD_PROTOCOL];
	uint64_t number;
	int result = 0;

	if (!packet->fixed[SG_FIELD_PROTOCOL])
		return sg_error_set(err, SG_ERROR_INPUT, 0, "a port wants a protocol: '%.*s/tcp'", SHOWN(word->size),
				    word->text);
	if (protocol == SG_PROTO_ICMP || protocol == SG_PROTO_ICMPV6)
		result = set_icmp_type(word, protocol, packet, err);
	else if (!sg_proto_has_ports(protocol))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "protocol %u has no ports", protocol);
	else if (sg_num_parse(word->text, word->size, 65535, &number))
		packet->field[SG_FIELD_PORT] = number;
	else
		result = set_service(word, protocol, packet, err);
	if (!result)
		packet->fixed[SG_FIELD_PORT] = true;
	return result;
}

int packet_target(const char *text, size_t size, struct sg_packet *ret, struct sg_error *err)
{
	const char *slash = memchr(text, '/', size);
	struct word port = {text, slash ? (size_t)(slash - text) : 0};
	struct word protocol = {slash ? slash + 1 : text, slash ? size - port.size - 1 : size};
	struct sg_packet packet = {0};

	if (set_protocol(&protocol, &packet, err) < 0)
		return -1;
	if (slash && set_port(&port, &packet, err) < 0)
		return -1;
	*ret = packet;
	return 0;
}

/* field: the IPv4 one of the two ends. The first address says the family of both, if the protocol does not. */
static int set_address(const struct word *word, enum sg_field field, struct sg_packet *packet, struct sg_error *err)
{
	struct sg_addr address;

	if (!sg_addr_parse(word->text, word->size, &address)) {
		const char *hint = memchr(word->text, '/', word->size) ? ", a packet has one" : "";

		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%.*s' is no address%s", SHOWN(word->size), word->text,
				    hint);
	}
	if (packet->fixed[SG_FIELD_FAMILY] && packet->field[SG_FIELD_FAMILY] != (sg_u128)address.family)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%.*s' is no %s address, as the rest wants it",
				    SHOWN(word->size), word->text, address.family == SG_IPV4 ? "IPv6" : "IPv4");
	packet->field[SG_FIELD_FAMILY] = address.family;
	packet->fixed[SG_FIELD_FAMILY] = true;
	field += address.family == SG_IPV6;
	packet->field[field] = address.bits;
	packet->fixed[field] = true;
	return 0;
}

static int set_interface(const struct word *word, struct sg_packet *packet, struct sg_error *err)
{
	struct sg_range range;

	if (!sg_interface_possible(word->text, word->size) ||
	    !sg_interface_range(word->text, word->size, &range) || range.first != range.last)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%.*s' cannot be the name of an interface",
				    SHOWN(word->size), word->text);
	packet->field[SG_FIELD_INTERFACE] = range.first;
	packet->fixed[SG_FIELD_INTERFACE] = true;
	return 0;
}

/* The IPv4 field of an end: what leaves comes from here. */
static enum sg_field end_of(const struct sg_packet *packet, bool from)
{
	bool out = packet->field[SG_FIELD_DIRECTION] == SG_OUT;

	return from != out ? SG_FIELD_REMOTE4 : SG_FIELD_LOCAL4;
}

void packet_direction(enum sg_direction direction, struct sg_packet *packet)
{
	packet->field[SG_FIELD_DIRECTION] = direction;
	packet->fixed[SG_FIELD_DIRECTION] = true;
}

int packet_from(const char *text, size_t size, struct sg_packet *packet, struct sg_error *err)
{
	return set_address(&(struct word){text, size}, end_of(packet, true), packet, err);
}

int packet_to(const char *text, size_t size, struct sg_packet *packet, struct sg_error *err)
{
	return set_address(&(struct word){text, size}, end_of(packet, false), packet, err);
}

int packet_interface(const char *text, size_t size, struct sg_packet *packet, struct sg_error *err)
{
	return set_interface(&(struct word){text, size}, packet, err);
}

static bool next_word(const char **at, const char *end, struct word *ret)
{
	const char *start = *at;

	while (start < end && (*start == ' ' || *start == '\t' || *start == '\r'))
		start++;
	*at = start;
	while (*at < end && **at != ' ' && **at != '\t' && **at != '\r')
		(*at)++;
	*ret = (struct word){start, (size_t)(*at - start)};
	return ret->size > 0;
}

static int set_named(const struct word *key, const struct word *value, struct sg_packet *packet, struct sg_error *err)
{
	bool from = is(key, "from"), to = is(key, "to"), interface = is(key, "interface");
	enum sg_field v4 = end_of(packet, from);

	if (!from && !to && !interface)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%.*s' is not 'from', 'to' or 'interface'",
				    SHOWN(key->size), key->text);
	if (!value->size)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "nothing behind '%.*s'", SHOWN(key->size), key->text);
	if (interface ? packet->fixed[SG_FIELD_INTERFACE] : packet->fixed[v4] || packet->fixed[v4 + 1])
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%.*s' stands there twice", SHOWN(key->size), key->text);
	return interface ? set_interface(value, packet, err) : set_address(value, v4, packet, err);
}

int packet_line(const char *text, size_t size, struct sg_packet *ret, struct sg_error *err)
{
	const char *at = text, *end = text + size;
	struct sg_packet packet = {0};
	struct word word, value;
	enum sg_direction direction = SG_IN;
	bool more;

	more = next_word(&at, end, &word);
	if (more && is(&word, "outbound"))
		direction = SG_OUT;
	else if (more && is(&word, "published"))
		direction = SG_PUBLISHED;
	if (direction != SG_IN)
		more = next_word(&at, end, &word);
	if (!more)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "no packet in this line");
	if (packet_target(word.text, word.size, &packet, err) < 0)
		return -1;
	if (direction != SG_IN)
		packet_direction(direction, &packet);
	more = next_word(&at, end, &word);
	if (more && !packet.fixed[SG_FIELD_PORT] && !is(&word, "from") && !is(&word, "to") && !is(&word, "interface")) {
		if (set_port(&word, &packet, err) < 0)
			return -1;
		more = next_word(&at, end, &word);
	}
	for (; more; more = next_word(&at, end, &word)) {
		next_word(&at, end, &value);
		if (set_named(&word, &value, &packet, err) < 0)
			return -1;
	}
	*ret = packet;
	return 0;
}
