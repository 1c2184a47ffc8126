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

/* Adds what the packet becomes by the word. A service's port may be several. */
typedef int (*packet_step)(const struct word *word, const struct sg_packet *packet, struct packet_questions *ret,
			   struct sg_error *err);

static void add(struct packet_questions *questions, const struct sg_packet *packet)
{
	if (questions->count < PACKET_QUESTIONS_MOST)
		questions->items[questions->count++] = *packet;
}

/* Applies the step to each question. Questions that it does not fit are left out, unless it fits none: then it fails. */
static int step_all(packet_step step, const struct word *word, struct packet_questions *questions, struct sg_error *err)
{
	struct packet_questions after; /* thirty packets: many lines are read, and most ask about one */
	struct sg_error first;

	after.count = 0;
	first.kind = SG_ERROR_NONE;
	for (size_t i = 0; i < questions->count; i++) {
		struct sg_error problem;

		if (step(word, &questions->items[i], &after, &problem) < 0 && first.kind == SG_ERROR_NONE)
			first = problem;
	}
	if (!after.count) {
		*err = first;
		return -1;
	}
	memcpy(questions->items, after.items, after.count * sizeof(*after.items));
	questions->count = after.count;
	return 0;
}

/* ---- Protocols ---- */

static void add_protocol(uint8_t protocol, struct packet_questions *ret)
{
	struct sg_packet packet = {0};

	packet.field[SG_FIELD_PROTOCOL] = protocol;
	packet.fixed[SG_FIELD_PROTOCOL] = true;
	/* each has a family of its own (RFC 792, RFC 4443) */
	if (protocol == SG_PROTO_ICMP || protocol == SG_PROTO_ICMPV6) {
		packet.field[SG_FIELD_FAMILY] = protocol == SG_PROTO_ICMP ? SG_IPV4 : SG_IPV6;
		packet.fixed[SG_FIELD_FAMILY] = true;
	}
	add(ret, &packet);
}

static void add_port(uint8_t protocol, sg_u128 port, struct packet_questions *ret)
{
	size_t count = ret->count;

	add_protocol(protocol, ret);
	if (ret->count == count)
		return;
	ret->items[count].field[SG_FIELD_PORT] = port;
	ret->items[count].fixed[SG_FIELD_PORT] = true;
}

/* The protocol that the word is in capitals, or as other programs call it; NULL: it is none. */
static const char *protocol_respelled(const char *bare)
{
	static const char *const others[][2] = {{"icmp6", "icmpv6"}, {"icmpv4", "icmp"}};
	const char *name;

	for (size_t i = 0; i < SG_COUNT(others); i++)
		if (!strcasecmp(bare, others[i][0]))
			return others[i][1];
	for (size_t i = 0; (name = sg_proto_next_name(i, NULL)); i++)
		if (!strcasecmp(bare, name))
			return name;
	return NULL;
}

static int bad_protocol(const struct word *word, struct sg_error *err)
{
	sg_cleanup(sg_buf_clear) struct sg_buf hint = {0};
	const char *near;
	char bare[64];
	uint8_t number;

	snprintf(bare, sizeof(bare), "%.*s", SHOWN(word->size), word->text);
	near = protocol_respelled(bare);
	if (near)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "unknown protocol '%s', did you mean '%s'?", bare, near);
	if (sg_proto_other(bare, &number))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "unknown protocol '%s', it is the one with the number %u",
				    bare, number);
	near = sg_service_is_other(bare) ? NULL : sg_text_nearest(bare, sg_proto_next_name, NULL);
	if (near)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "unknown protocol '%s', did you mean '%s'?", bare, near);
	if (sg_service_hint(bare, &hint) && !hint.failed)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "unknown protocol or service '%s', %s", bare, hint.data);
	return sg_error_set(err, SG_ERROR_INPUT, 0, "unknown protocol '%s'", bare);
}

/* The protocol of a name or number; `icmp` and `tcp+udp` are both, as in a policy. */
static int add_protocols(const struct word *word, struct packet_questions *ret, struct sg_error *err)
{
	uint8_t protocol;

	if (is(word, "any")) {
		add(ret, &(struct sg_packet){0});
		return 0;
	}
	if (is(word, "tcp+udp")) {
		add_protocol(SG_PROTO_TCP, ret);
		add_protocol(SG_PROTO_UDP, ret);
		return 0;
	}
	if (!sg_proto_parse(word->text, word->size, &protocol))
		return bad_protocol(word, err);
	add_protocol(protocol, ret);
	if (is(word, "icmp"))
		add_protocol(SG_PROTO_ICMPV6, ret);
	return 0;
}

/* A word that stands alone and is no protocol's name. False: it is nothing else either. */
static bool add_alone(const struct word *word, struct packet_questions *ret)
{
	uint64_t number;

	if (sg_num_parse(word->text, word->size, 65535, &number)) {
		add_port(SG_PROTO_TCP, number, ret);
		add_port(SG_PROTO_UDP, number, ret);
		if (number <= 255)
			add_protocol((uint8_t)number, ret);
		return true;
	}
	for (unsigned int protocol = 0; protocol <= 255; protocol++) {
		uint16_t ports[PACKET_QUESTIONS_MOST];
		size_t count = sg_service_ports(word->text, word->size, (uint8_t)protocol, ports, SG_COUNT(ports));

		for (size_t i = 0; i < count; i++)
			add_port((uint8_t)protocol, ports[i], ret);
	}
	return ret->count > 0;
}

/* ---- Ports ---- */

static int add_icmp_type(const struct word *word, const struct sg_packet *packet, struct packet_questions *ret,
			 struct sg_error *err)
{
	uint8_t protocol = (uint8_t)packet->field[SG_FIELD_PROTOCOL];
	uint64_t number;
	uint8_t type;

	if (sg_icmp_type_parse(protocol, word->text, word->size, &type))
		number = type;
	else if (!sg_num_parse(word->text, word->size, 255, &number))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%.*s' is no type of %s", SHOWN(word->size), word->text,
				    sg_proto_name(protocol));
	add_port(protocol, number, ret);
	return 0;
}

static int add_service(const struct word *word, uint8_t protocol, struct packet_questions *ret, struct sg_error *err)
{
	sg_cleanup(sg_buf_clear) struct sg_buf hint = {0};
	const char *name = sg_proto_name(protocol);
	uint16_t ports[PACKET_QUESTIONS_MOST];
	size_t count = sg_service_ports(word->text, word->size, protocol, ports, SG_COUNT(ports));
	char bare[64];

	for (size_t i = 0; i < count; i++)
		add_port(protocol, ports[i], ret);
	if (count)
		return 0;
	snprintf(bare, sizeof(bare), "%.*s", SHOWN(word->size), word->text);
	if (sg_service_known(word->text, word->size))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' has no port of %s", bare, name);
	if (sg_service_hint(bare, &hint) && !hint.failed)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' is no port, %s", bare, hint.data);
	return sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' is no port (0-65535) and no service that is known", bare);
}

static int step_port(const struct word *word, const struct sg_packet *packet, struct packet_questions *ret,
		     struct sg_error *err)
{
	uint8_t protocol = (uint8_t)packet->field[SG_FIELD_PROTOCOL];
	uint64_t number;

	if (!packet->fixed[SG_FIELD_PROTOCOL])
		return sg_error_set(err, SG_ERROR_INPUT, 0, "a port wants a protocol: '%.*s/tcp'", SHOWN(word->size),
				    word->text);
	if (protocol == SG_PROTO_ICMP || protocol == SG_PROTO_ICMPV6)
		return add_icmp_type(word, packet, ret, err);
	if (!sg_proto_has_ports(protocol))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "protocol %u has no ports", protocol);
	if (!sg_num_parse(word->text, word->size, 65535, &number))
		return add_service(word, protocol, ret, err);
	add_port(protocol, number, ret);
	return 0;
}

/* What stands behind the verb, or first in a line. */
static int parse_target(const char *text, size_t size, struct packet_questions *ret, struct sg_error *err)
{
	const char *slash = memchr(text, '/', size);
	struct word port = {text, slash ? (size_t)(slash - text) : 0};
	struct word protocol = {slash ? slash + 1 : text, slash ? size - port.size - 1 : size};
	bool number = size && text[0] >= '0' && text[0] <= '9';

	ret->count = 0;
	if (!slash && number && add_alone(&protocol, ret))
		return 0;
	if (add_protocols(&protocol, ret, err) < 0)
		return !slash && add_alone(&protocol, ret) ? 0 : -1;
	return slash ? step_all(step_port, &port, ret, err) : 0;
}

/* Whether PORT/PROTOCOL can be asked about. */
static bool is_target(const char *port, const char *protocol, char *ret, size_t size)
{
	struct packet_questions questions; /* as in step_all */
	struct sg_error err;
	int length = snprintf(ret, size, "%s/%s", port, protocol);

	return length > 0 && (size_t)length < size && parse_target(ret, (size_t)length, &questions, &err) == 0;
}

/* What a word that is no target may be meant as: tcp/443, "tcp 443", echo-request, 8000-8080, 70000, "ssh from
 * 192.0.2.1". False: `err` says enough. */
static bool refuse_target(const char *bare, struct sg_error *err)
{
	size_t size = strcspn(bare, "/ ");
	const char *second = bare + size + (bare[size] ? 1 : 0);
	char first[64], meant[130];

	snprintf(first, sizeof(first), "%.*s", (int)size, bare);
	if (size && *second && !second[strcspn(second, "/ ")] &&
	    (is_target(second, first, meant, sizeof(meant)) || is_target(first, second, meant, sizeof(meant))))
		sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' is not PORT/PROTOCOL, did you mean '%s'?", bare, meant);
	else if (!*bare || bare[strlen(bare) - 1] == '/')
		sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' names no protocol: PORT/PROTOCOL, for example 22/tcp", bare);
	else if (strchr(bare, ' '))
		sg_error_set(
			err, SG_ERROR_INPUT, 0,
			"'%s' is not PORT/PROTOCOL: addresses stand behind --from and --to, and --stdin reads whole "
			"packets, as in 'tcp 443 from 192.0.2.9'",
			bare);
	else if (is_target(bare, "icmp", meant, sizeof(meant)) ||
		 (!strcasecmp(bare, "ping") && is_target("echo-request", "icmp", meant, sizeof(meant))))
		sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' is not PORT/PROTOCOL, did you mean '%s'?", bare, meant);
	else if (*bare && strspn(bare, "0123456789") == strlen(bare))
		sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' is no port (0-65535) and no protocol (0-255)", bare);
	else if (*bare >= '0' && *bare <= '9' && strpbrk(bare, "-,:"))
		sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' is not one port: ask for each, as in '443/tcp'", bare);
	else
		return false;
	return true;
}

int packet_target(const char *text, size_t size, struct packet_questions *ret, struct sg_error *err)
{
	char bare[64];

	if (parse_target(text, size, ret, err) == 0)
		return 0;
	if (size < sizeof(bare) && err->kind == SG_ERROR_INPUT) {
		snprintf(bare, sizeof(bare), "%.*s", (int)size, text);
		refuse_target(bare, err);
	}
	return -1;
}

/* ---- Ends ---- */

/* field: the IPv4 one of the two ends. The first address says the family of both, if the protocol does not. */
static int add_address(const struct word *word, enum sg_field field, struct sg_packet packet,
		       struct packet_questions *ret, struct sg_error *err)
{
	struct sg_addr address;

	if (!sg_addr_parse(word->text, word->size, &address)) {
		const char *hint = memchr(word->text, '/', word->size) ? ", a packet has one" : "";

		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%.*s' is no address%s", SHOWN(word->size), word->text,
				    hint);
	}
	if (packet.fixed[SG_FIELD_FAMILY] && packet.field[SG_FIELD_FAMILY] != (sg_u128)address.family)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%.*s' is no %s address, as the rest wants it",
				    SHOWN(word->size), word->text, address.family == SG_IPV4 ? "IPv6" : "IPv4");
	packet.field[SG_FIELD_FAMILY] = address.family;
	packet.fixed[SG_FIELD_FAMILY] = true;
	field += address.family == SG_IPV6;
	packet.field[field] = address.bits;
	packet.fixed[field] = true;
	add(ret, &packet);
	return 0;
}

static int step_interface(const struct word *word, const struct sg_packet *packet, struct packet_questions *ret,
			  struct sg_error *err)
{
	struct sg_packet after = *packet;
	struct sg_range range;

	if (!sg_interface_possible(word->text, word->size) || !sg_interface_range(word->text, word->size, &range) ||
	    range.first != range.last)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%.*s' cannot be the name of an interface",
				    SHOWN(word->size), word->text);
	after.field[SG_FIELD_INTERFACE] = range.first;
	after.fixed[SG_FIELD_INTERFACE] = true;
	add(ret, &after);
	return 0;
}

/* The IPv4 field of an end: what leaves comes from here. */
static enum sg_field end_of(const struct sg_packet *packet, bool from)
{
	bool out = packet->field[SG_FIELD_DIRECTION] == SG_OUT;

	return from != out ? SG_FIELD_REMOTE4 : SG_FIELD_LOCAL4;
}

static int step_from(const struct word *word, const struct sg_packet *packet, struct packet_questions *ret,
		     struct sg_error *err)
{
	return add_address(word, end_of(packet, true), *packet, ret, err);
}

static int step_to(const struct word *word, const struct sg_packet *packet, struct packet_questions *ret,
		   struct sg_error *err)
{
	return add_address(word, end_of(packet, false), *packet, ret, err);
}

void packet_direction(enum sg_direction direction, struct packet_questions *questions)
{
	for (size_t i = 0; i < questions->count; i++) {
		questions->items[i].field[SG_FIELD_DIRECTION] = direction;
		questions->items[i].fixed[SG_FIELD_DIRECTION] = true;
	}
}

int packet_from(const char *text, size_t size, struct packet_questions *questions, struct sg_error *err)
{
	return step_all(step_from, &(struct word){text, size}, questions, err);
}

int packet_to(const char *text, size_t size, struct packet_questions *questions, struct sg_error *err)
{
	return step_all(step_to, &(struct word){text, size}, questions, err);
}

int packet_interface(const char *text, size_t size, struct packet_questions *questions, struct sg_error *err)
{
	return step_all(step_interface, &(struct word){text, size}, questions, err);
}

/* ---- Lines ---- */

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

static int set_named(const struct word *key, const struct word *value, struct packet_questions *questions,
		     struct sg_error *err)
{
	bool from = is(key, "from"), to = is(key, "to"), interface = is(key, "interface");
	const struct sg_packet *first = &questions->items[0];
	enum sg_field v4 = end_of(first, from);

	if (!from && !to && !interface)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%.*s' is not 'from', 'to' or 'interface'",
				    SHOWN(key->size), key->text);
	if (!value->size)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "nothing behind '%.*s'", SHOWN(key->size), key->text);
	if (interface ? first->fixed[SG_FIELD_INTERFACE] : first->fixed[v4] || first->fixed[v4 + 1])
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%.*s' stands there twice", SHOWN(key->size), key->text);
	return step_all(interface ? step_interface : from ? step_from : step_to, value, questions, err);
}

int packet_line(const char *text, size_t size, struct packet_questions *ret, struct sg_error *err)
{
	const char *at = text, *end = text + size;
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
	if (packet_target(word.text, word.size, ret, err) < 0)
		return -1;
	more = next_word(&at, end, &word);
	if (more && !ret->items[0].fixed[SG_FIELD_PORT] && !is(&word, "from") && !is(&word, "to") &&
	    !is(&word, "interface")) {
		if (step_all(step_port, &word, ret, err) < 0)
			return -1;
		more = next_word(&at, end, &word);
	}
	if (direction != SG_IN)
		packet_direction(direction, ret);
	for (; more; more = next_word(&at, end, &word)) {
		next_word(&at, end, &value);
		if (set_named(&word, &value, ret, err) < 0)
			return -1;
	}
	return 0;
}
