/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "policy/ports.h"
#include "policy/sets.h"
#include "policy/word.h"
#include "sockgate/buf.h"
#include "sockgate/proto.h"

#define PORTS_MAX        65535U
#define PORTS_TYPE_MAX   255U
#define PORTS_OF_SERVICE 64U /* ports of one built-in name under one protocol */

/* A number or a range "first-last", of any size up to 64 bits. */
static bool ports_parse(const char *text, size_t size, struct sg_range *ret)
{
	const char *dash = memchr(text, '-', size);
	size_t left = dash ? (size_t)(dash - text) : size;
	uint64_t first, last;

	if (!sg_num_parse(text, left, UINT64_MAX, &first))
		return false;
	last = first;
	if (dash && !sg_num_parse(dash + 1, size - left - 1, UINT64_MAX, &last))
		return false;
	*ret = (struct sg_range){first, last};
	return true;
}

static bool ports_only(const char *text, const char *characters)
{
	return *text && text[strspn(text, characters)] == '\0';
}

/* What YAML 1.1 makes of the text, when it is another number than a person reads in it. */
static const char *ports_trap(const char *text)
{
	if (strchr(text, ':') && ports_only(text, "0123456789:"))
		return "a number of base 60";
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return "a hexadecimal number";
	if (text[0] == '0' && ports_only(text, "0123456789_"))
		return "an octal number";
	if (strchr(text, '_') && ports_only(text, "0123456789_"))
		return "a number with digits grouped";
	return NULL;
}

/* The digits, without zeros in front and without what stands between them. */
static const char *ports_digits(const char *text, char digits[16])
{
	size_t used = 0;

	for (; *text && used < 15; text++)
		if (*text >= (used ? '0' : '1') && *text <= '9')
			digits[used++] = *text;
	digits[used] = '\0';
	return used ? digits : "0";
}

static const char *ports_id(const char *what)
{
	return *what == 't' ? "policy/bad-type" : "policy/bad-port";
}

/* Two numbers with something else than one '-' between them: "8000 - 8099", "22..25", "22 to 25". */
static bool ports_nearly_range(const char *text, struct sg_range *ret)
{
	static const char *const between[] = {" - ",  "- ", " -",           "..",          "...",
					      " to ", "--", "\xe2\x80\x93", "\xe2\x80\x94"};
	size_t first = strspn(text, "0123456789"), second;

	for (size_t i = 0; first && i < SG_COUNT(between); i++) {
		const char *rest = text + first;
		size_t size = strlen(between[i]);
		uint64_t low, high;

		if (strncmp(rest, between[i], size) != 0)
			continue;
		second = strspn(rest + size, "0123456789");
		if (!second || rest[size + second] || !sg_num_parse(text, first, UINT64_MAX, &low) ||
		    !sg_num_parse(rest + size, second, UINT64_MAX, &high))
			continue;
		*ret = (struct sg_range){low, high};
		return true;
	}
	return false;
}

/* Text that is neither number nor range nor name. `what` is "port" or "type". */
static void ports_refuse_text(struct reader *reader, uint32_t node, const char *what)
{
	const char *text = doc_text(&reader->doc, node), *trap = ports_trap(text), *colon = strchr(text, ':');
	bool plain = doc_node(&reader->doc, node)->plain;
	struct report_quote quote;
	struct sg_range near;
	char digits[16];

	sg_reader_quote(reader, node, &quote);
	if (trap && plain)
		reader_error(reader, node, "policy/yaml-trap", "'%s' is %s in YAML 1.1", quote.text, trap);
	else
		reader_error(reader, node, ports_id(what), "'%s' is not a %s", quote.text, what);
	if (trap && colon)
		reader_hint(reader, "a range is written '%.*s-%s'", (int)(colon - text) % 64, text,
			    ports_digits(colon, digits));
	else if (trap && text[0] == '0' && !ports_only(text, "0123456789_"))
		reader_hint(reader, "write it as a decimal number");
	else if (trap)
		reader_hint(reader, "write '%s'", ports_digits(text, digits));
	else if (strchr(text, '/'))
		reader_hint(reader, "the protocol is the key: 'tcp: 22', 'udp: 53'");
	else if (strchr(text, ','))
		reader_hint(reader, "several are a list: [80, 443]");
	else if (!strcmp(text, "*"))
		reader_hint(reader, "every %s is '%s'", what, *what == 't' ? "0-255" : "1-65535");
	else if (text[0] == '!')
		reader_hint(reader, "nothing says 'not': a line of 'block' takes a %s away from what is allowed", what);
	else if (ports_nearly_range(text, &near))
		reader_hint(reader, "a range is written '%" PRIu64 "-%" PRIu64 "'", (uint64_t)near.first,
			    (uint64_t)near.last);
	else
		reader_hint(reader, "a %s is a number, a range as in %s, or a name", what,
			    *what == 't' ? "128-129" : "8000-8099");
}

/* A number or range within the bounds. False: it was reported. */
static bool ports_check(struct reader *reader, uint32_t node, const struct sg_range *range, unsigned int min,
			unsigned int max, const char *what)
{
	struct report_quote quote;

	sg_reader_quote(reader, node, &quote);
	if (range->first > range->last) {
		reader_error(reader, node, "policy/reversed-range", "the range '%s' ends before it begins", quote.text);
		reader_hint(reader, "did you mean '%" PRIu64 "-%" PRIu64 "'?", (uint64_t)range->last,
			    (uint64_t)range->first);
		return false;
	}
	if (range->first >= min && range->last <= max)
		return true;
	reader_error(reader, node, ports_id(what), "%s '%s' is not within %u to %u", what, quote.text, min, max);
	if (range->first < min && range->last == max)
		reader_hint(reader, "every %s is '%u-%u'", what, min, max);
	return false;
}

static bool ports_add(struct reader *reader, struct sg_ranges *set, struct sg_range range)
{
	return !sg_ranges_add(set, &range, NULL) || sg_reader_nomem(reader);
}

/* The ports of a service, the policy's own or a built-in one, under one protocol. False: no memory. */
static bool ports_service(struct reader *reader, const char *name, uint8_t protocol, struct sg_ranges *ret)
{
	size_t own = sg_names_find(&reader->services, name), count;
	uint16_t ports[PORTS_OF_SERVICE];

	if (own != NAMES_NONE) {
		if (!sg_services_ports(reader, own, protocol, ret))
			return false;
	} else {
		count = sg_service_ports(name, strlen(name), protocol, ports, SG_COUNT(ports));
		for (size_t i = 0; i < count && i < SG_COUNT(ports); i++)
			if (!ports_add(reader, ret, (struct sg_range){ports[i], ports[i]}))
				return false;
	}
	sg_ranges_normalise(ret);
	return true;
}

static bool ports_is_service(const struct reader *reader, const char *name)
{
	return sg_names_find(&reader->services, name) != NAMES_NONE || sg_service_known(name, strlen(name));
}

/* The protocols that a service has ports under, as text: "udp", "tcp and sctp". False: no memory. */
static bool ports_service_protocols(struct reader *reader, const char *name, struct sg_buf *text)
{
	static const uint8_t all[] = {SG_PROTO_TCP, SG_PROTO_UDP, SG_PROTO_SCTP, SG_PROTO_DCCP, SG_PROTO_UDPLITE};

	for (size_t i = 0; i < SG_COUNT(all); i++) {
		sg_cleanup(sg_ranges_clear) struct sg_ranges set = {0};

		if (!ports_service(reader, name, all[i], &set))
			return false;
		if (set.count)
			sg_buf_addf(text, "%s%s", text->size ? " and " : "", sg_proto_name(all[i]));
	}
	return !text->failed || sg_reader_nomem(reader);
}

static void ports_refuse_protocol(struct reader *reader, uint32_t node, uint8_t protocol)
{
	sg_cleanup(sg_buf_clear) struct sg_buf others = {0};
	const char *name = doc_text(&reader->doc, node);
	struct report_quote quote;

	if (!ports_service_protocols(reader, name, &others))
		return;
	reader_error(reader, node, "policy/unknown-name", "service '%s' has no %s port",
		     sg_reader_quote(reader, node, &quote), sg_proto_name(protocol));
	if (others.size)
		reader_hint(reader, "it is a service of %s", others.data);
}

static void ports_refuse_name(struct reader *reader, uint32_t node)
{
	const char *name = doc_text(&reader->doc, node), *near = NULL;
	sg_cleanup(sg_buf_clear) struct sg_buf hint = {0};
	struct report_quote quote;

	reader_error(reader, node, "policy/unknown-name", "unknown service '%s'",
		     sg_reader_quote(reader, node, &quote));
	if (!sg_reader_wants_hint(reader))
		return;
	if (!sg_service_is_other(name))
		near = sg_names_nearest(&reader->services, name);
	if (near)
		reader_hint(reader, "did you mean '%s'?", near);
	else if (sg_service_hint(name, &hint) && !hint.failed)
		reader_hint(reader, "%s", hint.data);
	else
		reader_hint(reader, "write the port's number, or name it under 'services'; 'sockgate services' lists "
				    "the names that are built in");
}

/* A service name under all the protocols. False: reported, or no memory. */
static bool ports_named(struct reader *reader, uint32_t node, const uint8_t *protocols, size_t count,
			struct sg_ranges *sets)
{
	for (size_t i = 0; i < count; i++) {
		sg_cleanup(sg_ranges_clear) struct sg_ranges ports = {0};

		if (!ports_service(reader, doc_text(&reader->doc, node), protocols[i], &ports))
			return false;
		if (!ports.count) {
			ports_refuse_protocol(reader, node, protocols[i]);
			return false;
		}
		for (size_t j = 0; j < ports.count; j++)
			if (!ports_add(reader, &sets[i], ports.items[j]))
				return false;
	}
	return true;
}

/* One scalar, into a set for each protocol. Without protocols it is into one set, and names are not allowed. False:
 * reported, or no memory. */
static bool ports_word(struct reader *reader, uint32_t node, const uint8_t *protocols, size_t count,
		       struct sg_ranges *sets)
{
	const char *text = doc_text(&reader->doc, node);
	struct report_quote quote;
	struct sg_range range;

	if (ports_parse(text, doc_node(&reader->doc, node)->size, &range))
		return ports_check(reader, node, &range, 1, PORTS_MAX, "port") && ports_add(reader, &sets[0], range) &&
		       (count < 2 || ports_add(reader, &sets[1], range));
	if (doc_node(&reader->doc, node)->plain && sg_word_is_trap(text)) {
		reader_error(reader, node, "policy/yaml-trap", "'%s' is not a text in YAML 1.1", text);
		reader_hint(reader, "write the port's number");
		return false;
	}
	if (count && ports_is_service(reader, text))
		return ports_named(reader, node, protocols, count, sets);
	if (!sg_word_is_name(text, doc_node(&reader->doc, node)->size)) {
		ports_refuse_text(reader, node, "port");
		return false;
	}
	if (count) {
		ports_refuse_name(reader, node);
		return false;
	}
	reader_error(reader, node, "policy/bad-port", "'%s' is not a port", sg_reader_quote(reader, node, &quote));
	reader_hint(reader, "a service is made of numbers and ranges");
	return false;
}

bool sg_ports_read(struct reader *reader, uint32_t list, const uint8_t *protocols, size_t count,
		   struct sg_ranges ret[2])
{
	struct sg_ranges sets[2] = {0};
	bool good = true;

	for (uint32_t item = sg_reader_items(reader, list); item && !reader->failed;
	     item = sg_reader_item_next(reader, list, item))
		good = ports_word(reader, item, protocols, count, sets) && good;
	sg_ranges_normalise(&sets[0]);
	sg_ranges_normalise(&sets[1]);
	if (good) {
		ret[0] = sets[0];
		if (count == 2)
			ret[1] = sets[1];
		return true;
	}
	sg_ranges_clear(&sets[0]);
	sg_ranges_clear(&sets[1]);
	return false;
}

bool sg_ports_numbers(struct reader *reader, uint32_t list, struct sg_ranges *ret)
{
	return sg_ports_read(reader, list, NULL, 0, ret);
}

static bool ports_type_word(struct reader *reader, uint32_t node, struct sg_ranges *set4, struct sg_ranges *set6)
{
	const char *text = doc_text(&reader->doc, node), *near;
	size_t size = doc_node(&reader->doc, node)->size;
	struct report_quote quote;
	struct sg_range range;
	uint8_t type4, type6;
	bool is4, is6;

	if (ports_parse(text, size, &range))
		return ports_check(reader, node, &range, 0, PORTS_TYPE_MAX, "type") && ports_add(reader, set4, range) &&
		       ports_add(reader, set6, range);
	is4 = sg_icmp_type_parse(SG_PROTO_ICMP, text, size, &type4);
	is6 = sg_icmp_type_parse(SG_PROTO_ICMPV6, text, size, &type6);
	if (is4 || is6)
		return (!is4 || ports_add(reader, set4, (struct sg_range){type4, type4})) &&
		       (!is6 || ports_add(reader, set6, (struct sg_range){type6, type6}));
	if (!sg_word_is_name(text, size)) {
		ports_refuse_text(reader, node, "type");
		return false;
	}
	reader_error(reader, node, "policy/unknown-name", "unknown ICMP type '%s'",
		     sg_reader_quote(reader, node, &quote));
	near = !strcmp(text, "ping") || !strcmp(text, "echo") ? "echo-request"
							      : sg_text_nearest(text, sg_icmp_next_name, NULL);
	if (!strcasecmp(text, "all") || !strcasecmp(text, "any"))
		reader_hint(reader, "every type is '0-255'");
	else if (near)
		reader_hint(reader, "did you mean '%s'?", near);
	else
		reader_hint(reader, "write a type as nft names it, or its number");
	return false;
}

bool sg_ports_types(struct reader *reader, uint32_t list, struct sg_ranges *ret4, struct sg_ranges *ret6)
{
	sg_cleanup(sg_ranges_clear) struct sg_ranges set4 = {0}, set6 = {0};
	bool good = true;

	for (uint32_t item = sg_reader_items(reader, list); item; item = sg_reader_item_next(reader, list, item)) {
		if (!ports_type_word(reader, item, &set4, &set6))
			good = false;
		if (reader->failed)
			return false;
	}
	if (!good)
		return false;
	sg_ranges_normalise(&set4);
	sg_ranges_normalise(&set6);
	*ret4 = set4;
	*ret6 = set6;
	set4 = set6 = (struct sg_ranges){0};
	return true;
}
