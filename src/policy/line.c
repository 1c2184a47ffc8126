/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lines and the regions of tests have in common: a protocol, ports or types, and where from and where to. */
#include <string.h>
#include "base/mem.h"
#include "policy/addresses.h"
#include "policy/lines.h"
#include "policy/ports.h"
#include "policy/sets.h"
#include "policy/word.h"
#include "sockgate/proto.h"

bool sg_line_allowed(struct reader *reader, uint32_t node)
{
	if (reader->policy->line_count + reader->policy->test_count < READER_LINES_MOST)
		return true;
	if (!reader->too_many)
		reader_error(reader, node, "policy/too-large", "more than %u lines and tests", READER_LINES_MOST);
	reader->too_many = true;
	return false;
}

bool sg_line_protocol(struct reader *reader, uint32_t key, struct line_protocol *ret, const char **ret_hint)
{
	const char *text = doc_text(&reader->doc, key);
	struct line_protocol protocol = {.kind = SG_LINE_PROTOCOL};
	uint8_t number;

	*ret_hint = NULL;
	if (sg_keys_find(text, SG_KEY_SECTION, &protocol.id)) {
		protocol.kind = protocol.id == KEY_ICMP  ? SG_LINE_ICMP
				: protocol.id == KEY_ANY ? SG_LINE_ANY
							 : SG_LINE_PORTS;
		if (protocol.kind == SG_LINE_PORTS)
			protocol.count = sg_services_protocols(text, protocol.protocols);
		protocol.key = sg_keys_name(protocol.id);
		*ret = protocol;
		return true;
	}
	if (!sg_proto_parse(text, strlen(text), &number))
		return false;
	if (sg_proto_has_ports(number) || number == SG_PROTO_ICMP || number == SG_PROTO_ICMPV6) {
		*ret_hint = number == SG_PROTO_ICMPV6 ? sg_keys_name(KEY_ICMP) : sg_proto_name(number);
		return false;
	}
	protocol.protocols[0] = number;
	protocol.count = 1;
	protocol.key = sg_arena_string(&reader->policy->arena, text, strlen(text));
	*ret = protocol;
	return protocol.key || sg_reader_nomem(reader);
}

/* Both sets move into the policy. False: reported, or no memory; they are gone then. */
static bool line_keep(struct reader *reader, uint32_t node, struct sg_ranges sets[2])
{
	if (sg_reader_spend(reader, node, sets[0].count + sets[1].count) && sg_reader_keep(reader, &sets[0]))
		return sg_reader_keep(reader, &sets[1]);
	sg_ranges_clear(&sets[0]);
	sg_ranges_clear(&sets[1]);
	return false;
}

bool sg_line_begin(struct reader *reader, const struct line_protocol *protocol, uint32_t list, struct model_line *line)
{
	struct sg_line *ret = &line->line;
	struct sg_ranges sets[2] = {0};

	line->key = protocol->key;
	ret->kind = protocol->kind;
	memcpy(ret->protocols, protocol->protocols, sizeof(ret->protocols));
	ret->protocol_count = protocol->count;
	if (protocol->kind == SG_LINE_PORTS) {
		if (!sg_ports_read(reader, list, protocol->protocols, protocol->count, sets) ||
		    !line_keep(reader, list, sets))
			return false;
		ret->ports = sets[0];
		line->split = protocol->count == 2 && !sg_ranges_equal(&sets[0], &sets[1]);
		line->second_ports = sets[1];
		return sg_reader_words(reader, list, &line->ports);
	}
	if (protocol->kind == SG_LINE_ICMP) {
		if (!sg_ports_types(reader, list, &sets[0], &sets[1]) || !line_keep(reader, list, sets))
			return false;
		ret->types4 = sets[0];
		ret->types6 = sets[1];
		return sg_reader_words(reader, list, &line->ports);
	}
	return true;
}

void sg_line_split(struct model_line *first, struct model_line *ret_second)
{
	*ret_second = *first;
	ret_second->continues = true;
	ret_second->line.protocols[0] = first->line.protocols[1];
	ret_second->line.ports = first->second_ports;
	ret_second->line.protocol_count = first->line.protocol_count = 1;
}

/* *from less `except`, kept. */
static bool line_subtract(struct reader *reader, uint32_t node, const struct sg_ranges *except, struct sg_ranges *from)
{
	struct sg_ranges rest;

	if (!except->count)
		return true;
	if (!sg_reader_spend(reader, node, from->count + except->count))
		return false;
	if (sg_ranges_subtract(from, except, &rest, NULL))
		return sg_reader_nomem(reader);
	if (!sg_reader_keep(reader, &rest))
		return false;
	*from = rest;
	return true;
}

static bool line_everywhere(struct reader *reader, struct sg_addresses *ret)
{
	struct sg_range *all = sg_arena_alloc(&reader->policy->arena, 2, sizeof(*all));

	if (!all)
		return sg_reader_nomem(reader);
	all[0].last = sg_addr_max(SG_IPV4);
	all[1].last = sg_addr_max(SG_IPV6);
	ret->v4 = (struct sg_ranges){&all[0], 1, 0};
	ret->v6 = (struct sg_ranges){&all[1], 1, 0};
	return true;
}

static bool line_is_nowhere(const struct sg_addresses *addresses)
{
	return !addresses->v4.count && !addresses->v6.count;
}

/* One end of the packets, 'from' or 'to'; what `except` names is of the other host. */
struct line_end {
	uint32_t given, except; /* nodes; 0: none */
	bool *has;
	struct sg_addresses *addresses;
	struct model_words *words;
};

static struct line_end line_source(const struct keys_values *values, struct model_line *line)
{
	uint32_t except = line->line.direction == SG_OUT ? 0 : values->value[KEY_EXCEPT];

	return (struct line_end){values->value[KEY_FROM], except, &line->line.has_from, &line->line.from, &line->from};
}

static struct line_end line_destination(const struct keys_values *values, struct model_line *line)
{
	uint32_t except = line->line.direction == SG_OUT ? values->value[KEY_EXCEPT] : 0;

	return (struct line_end){values->value[KEY_TO], except, &line->line.has_to, &line->line.to, &line->to};
}

static bool line_addresses(struct reader *reader, const struct line_end *end, struct model_line *line)
{
	uint32_t given = end->given, except = end->except;
	struct sg_addresses found = {0}, less = {0};
	bool good = true;

	if (given)
		good = sg_addresses_read(reader, given, &found) && sg_reader_words(reader, given, end->words);
	if (except)
		good = sg_addresses_read(reader, except, &less) && sg_reader_words(reader, except, &line->except) &&
		       good;
	if (!good)
		return false;
	if (!given && except && !line_everywhere(reader, &found))
		return false;
	*end->has = given || except;
	if (except && !line_is_nowhere(&found)) {
		if (!line_subtract(reader, except, &less.v4, &found.v4) ||
		    !line_subtract(reader, except, &less.v6, &found.v6))
			return false;
		if (line_is_nowhere(&found) && !reader->sets_broken) {
			reader_error(reader, except, "policy/nothing-left", "'except' takes away every %s",
				     line->line.direction == SG_OUT ? "destination" : "source");
			reader_hint(reader, "take the line away, or name fewer");
			return false;
		}
	}
	*end->addresses = found;
	return true;
}

enum { LINE_IPV4 = 1, LINE_IPV6 = 2, LINE_BOTH = 3 };

static unsigned int line_families(bool v4, bool v6)
{
	return (v4 ? LINE_IPV4 : 0U) | (v6 ? LINE_IPV6 : 0U);
}

/* Something that has only one family. */
struct line_family {
	const char *key;
	uint32_t node;
	unsigned int families;
};

static uint32_t line_types_node(const struct keys_values *values)
{
	if (values->value[KEY_ICMP])
		return values->value[KEY_ICMP];
	return values->value[KEY_TYPE] ? values->value[KEY_TYPE] : values->value[KEY_PORT];
}

/* Each constraint by itself is possible; together they may ask for two families at once. */
static bool line_check_families(struct reader *reader, const struct keys_values *values, const struct model_line *line)
{
	const struct sg_line *ret = &line->line;
	struct line_family parts[4] = {
		{"family", values->value[KEY_FAMILY], LINE_BOTH},
		{"type", line_types_node(values), LINE_BOTH},
		{values->value[KEY_FROM] ? "from" : "except", values->value[KEY_FROM], LINE_BOTH},
		{values->value[KEY_TO] ? "to" : "except", values->value[KEY_TO], LINE_BOTH},
	};
	unsigned int both = LINE_BOTH;

	if (ret->has_family)
		parts[0].families = line_families(ret->family == SG_IPV4, ret->family == SG_IPV6);
	if (ret->kind == SG_LINE_ICMP)
		parts[1].families = line_families(ret->types4.count, ret->types6.count);
	if (ret->has_from && !line_is_nowhere(&ret->from))
		parts[2].families = line_families(ret->from.v4.count, ret->from.v6.count);
	if (ret->has_to && !line_is_nowhere(&ret->to))
		parts[3].families = line_families(ret->to.v4.count, ret->to.v6.count);
	for (size_t i = 0, before = 0; i < SG_COUNT(parts); i++) {
		unsigned int families = both & parts[i].families;

		if (!families) {
			reader_error(reader, parts[i].node ? parts[i].node : values->value[KEY_EXCEPT],
				     "policy/wrong-family", "'%s' has nothing of %s, and '%s' allows nothing else",
				     parts[i].key, both == LINE_IPV4 ? "ipv4" : "ipv6", parts[before].key);
			reader_hint(reader, "no packet can be of both families: the line would never match");
			return false;
		}
		if (families != both)
			before = i;
		both = families;
	}
	return true;
}

static bool line_interfaces(struct reader *reader, const struct keys_values *values, struct model_line *line)
{
	uint32_t interface = values->value[KEY_INTERFACE];

	if (!interface)
		return true;
	line->line.has_interface = true;
	return sg_interfaces_list(reader, interface, &line->line.interfaces) &&
	       sg_reader_words(reader, interface, &line->interfaces);
}

static bool line_family(struct reader *reader, const struct keys_values *values, struct model_line *line)
{
	static const char *const families[] = {"ipv4", "ipv6", NULL};
	/* nft's inet is both families, ip is IPv4 */
	static const char *const foreign[] = {"4",     "ipv4", "6",    "ipv6", "v4",   "ipv4", "v6",
					      "ipv6",  "ip",   "ipv4", "ip4",  "ipv4", "ip6",  "ipv6",
					      "inet6", "ipv6", "IPv4", "ipv4", "IPv6", "ipv6", NULL};
	static const char *const both[] = {"inet", "both", "any", "all", "dual", "dualstack", "dual-stack", "*"};
	uint32_t node = values->value[KEY_FAMILY];
	struct report_quote quote;
	size_t choice;

	if (!node)
		return true;
	for (size_t i = 0; i < SG_COUNT(both); i++) {
		if (!strcasecmp(doc_text(&reader->doc, node), both[i])) {
			reader_error(reader, node, "policy/bad-value", "'family' is ipv4 or ipv6, not '%s'",
				     sg_reader_quote(reader, node, &quote));
			reader_hint(reader, "leave 'family' out for both");
			return false;
		}
	}
	if (!sg_word_choice(reader, node, "family", families, foreign, &choice))
		return false;
	line->line.has_family = true;
	line->line.family = choice ? SG_IPV6 : SG_IPV4;
	return true;
}

bool sg_line_constrain(struct reader *reader, const struct keys_values *values, struct model_line *line)
{
	struct line_end source = line_source(values, line), destination = line_destination(values, line);
	uint32_t comment = values->value[KEY_COMMENT];
	bool good = true;

	good = line_addresses(reader, &source, line) && good;
	good = line_addresses(reader, &destination, line) && good;
	good = line_interfaces(reader, values, line) && good;
	good = line_family(reader, values, line) && good;
	if (comment)
		good = sg_word_text(reader, comment, "comment", &line->line.comment) && good;
	return good && !reader->failed && (reader->sets_broken || line_check_families(reader, values, line));
}
