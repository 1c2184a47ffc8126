/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * allow and block: protocols, and under each a list of lines. A line is a scalar (ports alone) or a mapping.
 */
#include <string.h>
#include "base/mem.h"
#include "base/text.h"
#include "policy/lines.h"
#include "policy/word.h"
#include "sockgate/proto.h"

/* The list that a line stands in. */
struct lines_list {
	struct line_protocol protocol;
	enum sg_direction direction;
	enum sg_section section;
	uint32_t key, value;
};

static const char *lines_section(const struct lines_list *list)
{
	if (list->direction == SG_OUT)
		return list->section == SG_SECTION_ALLOW ? "outbound.allow" : "outbound.block";
	return list->section == SG_SECTION_ALLOW ? "allow" : "block";
}

/* The line's place in words, "allow.tcp[3]"; without a number when it is no list. */
static const char *lines_path(struct reader *reader, const struct lines_list *list, size_t index)
{
	struct arena *arena = &reader->policy->arena;

	if (doc_node(&reader->doc, list->value)->kind == DOC_SEQUENCE)
		return sg_arena_format(arena, "%s.%s[%zu]", lines_section(list), list->protocol.key, index);
	return sg_arena_format(arena, "%s.%s", lines_section(list), list->protocol.key);
}

static bool lines_append(struct reader *reader, const struct lines_list *list, struct model_line *line, size_t index)
{
	struct sg_policy *policy = reader->policy;
	struct model_line second;

	line->line.section = list->section;
	line->line.path = lines_path(reader, list, index);
	if (!line->line.path ||
	    sg_grow(&policy->lines, &policy->line_room, policy->line_count, 2, sizeof(*policy->lines)))
		return sg_reader_nomem(reader);
	if (line->split)
		sg_line_split(line, &second);
	policy->lines[policy->line_count++] = *line;
	if (line->split)
		policy->lines[policy->line_count++] = second;
	return true;
}

/* How a line refuses when it does not say: as the default does. */
static enum sg_verdict lines_answer(const struct reader *reader, const struct lines_list *list)
{
	const struct sg_policy *policy = reader->policy;
	enum sg_verdict verdict = list->direction == SG_OUT ? policy->outbound_default : policy->default_verdict;

	if (list->section == SG_SECTION_ALLOW)
		return SG_VERDICT_ACCEPT;
	return verdict == SG_VERDICT_REJECT ? SG_VERDICT_REJECT : SG_VERDICT_DROP;
}

static struct model_line lines_begin(const struct reader *reader, const struct lines_list *list)
{
	return (struct model_line){.line = {.direction = list->direction, .answer = lines_answer(reader, list)}};
}

static void lines_refuse_key(struct reader *reader, const struct lines_list *list, uint32_t key, const char *hint)
{
	struct report_quote quote;

	reader_error(reader, key, "policy/unknown-key", "'%s' has no meaning under '%s.%s'",
		     sg_reader_quote(reader, key, &quote), lines_section(list), list->protocol.key);
	if (hint)
		reader_hint(reader, "%s", hint);
}

/* Whether a key of the line was refused: it may be the ports' by another name. */
static bool lines_refused_key(const struct keys_values *values)
{
	size_t known = 0;

	for (size_t id = 0; id < SG_COUNT(values->key); id++)
		known += values->key[id] != 0;
	return known < values->given;
}

/* The ports or types of a line: 0 when none are needed, or when they are missing, which is reported. ICMP types are a
 * port's like, so 'port' is taken for 'type'. */
static uint32_t lines_list_node(struct reader *reader, const struct lines_list *list, const struct keys_values *values,
				uint32_t item)
{
	bool types = list->protocol.kind == SG_LINE_ICMP;
	enum key_id id = types && values->key[KEY_TYPE] ? KEY_TYPE : KEY_PORT;

	if (list->protocol.kind != SG_LINE_PORTS && !types)
		return 0;
	if (!values->key[id] && !lines_refused_key(values)) {
		reader_error(reader, item, "policy/missing-key", "'%s' is missing", types ? "type" : "port");
		reader_hint(reader, "every %s", types ? "type is 'type: 0-255'" : "port is 'port: 1-65535'");
	}
	return values->value[id];
}

/* nft_sk_lookup_slow_v4 and _v6 of the kernel: who would get a packet that comes in is known of these. */
static bool lines_has_socket(const struct lines_list *list)
{
	for (size_t i = 0; i < list->protocol.count; i++)
		if (list->protocol.protocols[i] != SG_PROTO_TCP && list->protocol.protocols[i] != SG_PROTO_UDP)
			return false;
	return true;
}

/* Conditions: what is allowed as long as they hold. False: reported. */
static bool lines_check_conditions(struct reader *reader, const struct lines_list *list,
				   const struct keys_values *values)
{
	static const struct {
		enum key_id id;
		const char *hint;
	} conditions[] = {
		{KEY_LIMIT, "a block refuses everyone; under 'allow' it refuses what is beyond"},
		{KEY_CONNECTIONS, "a block refuses everyone; under 'allow' it refuses what is beyond"},
		{KEY_UNIT, "a block refuses everyone; under 'allow' it says whose socket may be reached"},
	};
	bool good = true;

	for (size_t i = 0; list->section == SG_SECTION_BLOCK && i < SG_COUNT(conditions); i++) {
		if (!values->key[conditions[i].id])
			continue;
		lines_refuse_key(reader, list, values->key[conditions[i].id], conditions[i].hint);
		good = false;
	}
	if (good && values->key[KEY_UNIT] && list->protocol.kind != SG_LINE_PORTS) {
		lines_refuse_key(reader, list, values->key[KEY_UNIT], "only ports have sockets: take it away");
		good = false;
	} else if (good && values->key[KEY_UNIT] && list->direction == SG_IN && !lines_has_socket(list)) {
		reader_error(reader, values->key[KEY_UNIT], "policy/no-socket",
			     "the kernel looks up sockets of tcp and udp alone, not of %s", list->protocol.key);
		reader_hint(reader, "take 'unit' away");
		good = false;
	}
	return good;
}

/* Keys of a line that depend on where it stands. False: reported. */
static bool lines_check_keys(struct reader *reader, const struct lines_list *list, const struct keys_values *values)
{
	const uint32_t *key = values->key;
	bool ports = list->protocol.kind == SG_LINE_PORTS, types = list->protocol.kind == SG_LINE_ICMP, good = true;

	if (key[KEY_PORT] && !ports && (!types || key[KEY_TYPE])) {
		lines_refuse_key(reader, list, key[KEY_PORT], types ? "'type' is given already" : "take it away");
		good = false;
	}
	if (key[KEY_TYPE] && !types) {
		lines_refuse_key(reader, list, key[KEY_TYPE], ports ? "write 'port'" : "take it away");
		good = false;
	}
	if (key[KEY_ANSWER] && list->section == SG_SECTION_ALLOW) {
		lines_refuse_key(reader, list, key[KEY_ANSWER], "what is allowed gets no answer from here");
		good = false;
	}
	if (key[KEY_ON_DEMAND] && list->direction == SG_OUT) {
		lines_refuse_key(reader, list, key[KEY_ON_DEMAND],
				 "nothing here listens for what leaves: take it away");
		good = false;
	}
	return lines_check_conditions(reader, list, values) && good;
}

static bool lines_choose_answer(struct reader *reader, uint32_t node, struct sg_line *line)
{
	static const char *const answers[] = {"drop", "reject", NULL};
	static const char *const foreign[] = {"deny", "drop", "block", "drop", "refuse", "reject", NULL};
	size_t choice;

	if (!node)
		return true;
	if (!sg_word_choice(reader, node, "answer", answers, foreign, &choice))
		return false;
	line->answer = choice ? SG_VERDICT_REJECT : SG_VERDICT_DROP;
	return true;
}

static bool lines_ignore(struct reader *reader, uint32_t list, struct model_line *line)
{
	if (!sg_word_lints(reader, list, &line->lint_ignore))
		return false;
	line->line.lint_ignore = line->lint_ignore.items;
	line->line.lint_ignore_count = line->lint_ignore.count;
	return true;
}

/* {port: 9100, from: …}. False: no memory. */
static bool lines_mapping(struct reader *reader, const struct lines_list *list, uint32_t item, size_t index)
{
	struct model_line line = lines_begin(reader, list);
	struct keys_values values;
	uint32_t ports;
	bool good;

	line.line.span = doc_span(&reader->doc, item);
	sg_keys_read(reader, item, SG_KEY_LINE, &values, NULL, NULL);
	good = lines_check_keys(reader, list, &values);
	if (good) {
		ports = lines_list_node(reader, list, &values, item);
		good = (ports || list->protocol.kind == SG_LINE_PROTOCOL || list->protocol.kind == SG_LINE_ANY) &&
		       sg_line_begin(reader, &list->protocol, ports, &line);
	}
	good = sg_line_constrain(reader, &values, &line) && good;
	good = sg_line_terms(reader, &values, &line) && good;
	good = lines_choose_answer(reader, values.value[KEY_ANSWER], &line.line) && good;
	if (values.value[KEY_LINT_IGNORE])
		good = lines_ignore(reader, values.value[KEY_LINT_IGNORE], &line) && good;
	if (values.value[KEY_ON_DEMAND])
		good = sg_word_boolean(reader, values.value[KEY_ON_DEMAND], "on-demand", &line.line.on_demand) && good;
	return good && !reader->failed ? lines_append(reader, list, &line, index) : !reader->failed;
}

/* A line that says nothing but what it is of: ports alone, or a protocol that is present. False: no memory. */
static bool lines_short(struct reader *reader, const struct lines_list *list, uint32_t node, uint32_t item,
			size_t index)
{
	struct model_line line = lines_begin(reader, list);

	line.line.span = doc_span(&reader->doc, node);
	if (!sg_line_begin(reader, &list->protocol, item, &line))
		return !reader->failed;
	return lines_append(reader, list, &line, index);
}

/* One thing of the list. False: no memory. */
static bool lines_item(struct reader *reader, const struct lines_list *list, uint32_t item, size_t index)
{
	const struct doc_node *node = doc_node(&reader->doc, item);
	enum sg_line_kind kind = list->protocol.kind;
	struct report_quote quote;

	if (node->bad)
		return true;
	if (node->kind == DOC_MAPPING)
		return lines_mapping(reader, list, item, index);
	if (kind == SG_LINE_PORTS || kind == SG_LINE_ICMP)
		return !sg_keys_check_item(reader, item, list->protocol.id) ||
		       lines_short(reader, list, item, item, index);
	if (node->kind == DOC_SEQUENCE)
		reader_error(reader, item, "policy/wrong-type", "a list in the list of '%s'", list->protocol.key);
	else
		reader_error(reader, item, "policy/wrong-type", "'%s' has no ports, and takes no '%s'",
			     list->protocol.key, sg_reader_quote(reader, item, &quote));
	reader_hint(reader, "as in '%s: [{from: 192.0.2.0/24}]'", list->protocol.key);
	return true;
}

/* A protocol without ports: nothing behind it says that it is present. Not so for any: a line that was commented out
 * must not open everything. False: reported. */
static bool lines_check_present(struct reader *reader, const struct lines_list *list)
{
	const struct doc_node *node = doc_node(&reader->doc, list->value);

	if (node->bad)
		return false;
	if (sg_word_is_null(&reader->doc, list->value) && list->protocol.kind == SG_LINE_ANY) {
		reader_error(reader, list->key, "policy/empty-list", "'any' is empty");
		reader_hint(reader, "name an interface or sources; if every packet is meant, write 'any: {}'");
		return false;
	}
	if (node->kind == DOC_SEQUENCE && !node->first) {
		reader_error(reader, list->value, "policy/empty-list", "'%s' is empty", list->protocol.key);
		reader_hint(reader, "give it a line or take the key away");
		return false;
	}
	return true;
}

/* All lines under one protocol. False: no memory. */
static bool lines_protocol(struct reader *reader, const struct lines_list *list)
{
	enum sg_line_kind kind = list->protocol.kind;
	size_t index = 0;

	if (kind == SG_LINE_PORTS || kind == SG_LINE_ICMP) {
		if (!sg_keys_check(reader, list->key, list->value, list->protocol.id))
			return true;
	} else if (!lines_check_present(reader, list)) {
		return true;
	} else if (sg_word_is_null(&reader->doc, list->value)) {
		return !sg_line_allowed(reader, list->key) || lines_short(reader, list, list->key, list->value, 0);
	}
	for (uint32_t item = sg_reader_items(reader, list->value); item;
	     item = sg_reader_item_next(reader, list->value, item)) {
		if (!sg_line_allowed(reader, item))
			return true;
		if (!lines_item(reader, list, item, index++))
			return false;
	}
	return true;
}

static const char *lines_next_protocol(size_t i, const void *unused)
{
	static const enum key_id ids[] = {KEY_TCP,  KEY_UDP,     KEY_TCP_UDP, KEY_SCTP,
					  KEY_DCCP, KEY_UDPLITE, KEY_ICMP,    KEY_ANY};

	return i < SG_COUNT(ids) ? sg_keys_name(ids[i]) : sg_proto_next_name(i - SG_COUNT(ids), unused);
}

/* How others call what is a protocol here. */
static const char *lines_foreign_protocol(const char *text)
{
	static const char *const foreign[][2] = {
		{"udp+tcp", "tcp+udp"}, {"tcp/udp", "tcp+udp"}, {"udp/tcp", "tcp+udp"},
		{"tcp_udp", "tcp+udp"}, {"tcpudp", "tcp+udp"},  {"tcp-udp", "tcp+udp"},
		{"tcp,udp", "tcp+udp"}, {"both", "tcp+udp"},    {"all", "any"},
		{"ip", "any"},          {"mptcp", "tcp"},       {"ping", "icmp: [echo-request]"},
	};

	for (size_t i = 0; i < SG_COUNT(foreign); i++)
		if (!strcmp(text, foreign[i][0]))
			return foreign[i][1];
	return NULL;
}

/* The first protocol that a service, the policy's own or a built-in one, has a port of; NULL: it is no service. */
static const char *lines_service_protocol(const struct reader *reader, const char *text)
{
	static const uint8_t all[] = {SG_PROTO_TCP, SG_PROTO_UDP, SG_PROTO_SCTP, SG_PROTO_DCCP, SG_PROTO_UDPLITE};
	size_t own = sg_names_find(&reader->services, text);
	uint16_t port;

	if (own != NAMES_NONE)
		return reader->policy->services[own].count ? reader->policy->services[own].ports[0].key : "tcp";
	for (size_t i = 0; i < SG_COUNT(all); i++)
		if (sg_service_ports(text, strlen(text), all[i], &port, 1))
			return sg_proto_name(all[i]);
	return NULL;
}

static void lines_refuse_protocol(struct reader *reader, uint32_t key, const char *instead)
{
	const char *text = doc_text(&reader->doc, key), *near, *protocol = lines_service_protocol(reader, text);
	struct report_quote quote;
	enum key_id id;
	uint8_t number;

	if (!protocol && sg_keys_refuse_unsupported(reader, key, SG_KEY_SECTION))
		return;
	reader_error(reader, key, "policy/unknown-key", "unknown protocol '%s'", sg_reader_quote(reader, key, &quote));
	if (!sg_reader_wants_hint(reader))
		return;
	if (!strncmp(text, "icmp", 4) || !strcmp(text, "ipv6-icmp"))
		reader_hint(reader, "write 'icmp', which is both ICMP and ICMPv6; 'family' restricts it to one");
	else if (instead)
		reader_hint(reader, "write '%s'", instead);
	else if ((near = lines_foreign_protocol(text)))
		reader_hint(reader, "write '%s'", near);
	else if (protocol)
		reader_hint(reader, "'%s' is a service: write it under its protocol, as in '%s: [%s]'", quote.text,
			    protocol, quote.text);
	else if (sg_keys_find(text, SG_KEY_LINE, &id))
		reader_hint(reader, "'%s' belongs in a line, as in 'tcp: [{port: 22, from: 192.0.2.0/24}]'",
			    quote.text);
	else if (strspn(text, "0123456789-") == strlen(text))
		reader_hint(reader, "a protocol's number is 0 to 255; ports belong under 'tcp', 'udp' …");
	else if (sg_proto_other(text, &number))
		reader_hint(reader, "it is the protocol with the number %u: write '%u:'", number, number);
	else if ((near = sg_text_nearest(text, lines_next_protocol, NULL)))
		reader_hint(reader, "did you mean '%s'?", near);
	else
		reader_hint(reader, "a protocol is tcp, udp, tcp+udp, sctp, dccp, udplite, icmp, any, or as in 'esp'");
}

/* 22 under allow is the protocol of that number, and hardly ever meant. */
static void lines_warn_number(struct reader *reader, const struct lines_list *list)
{
	uint8_t number = list->protocol.protocols[0];

	if (list->protocol.kind != SG_LINE_PROTOCOL || sg_proto_name(number) ||
	    !(sg_service_name(SG_PROTO_TCP, number) || sg_service_name(SG_PROTO_UDP, number)))
		return;
	sg_report_warning(&reader->report, "policy/protocol-number", doc_span(&reader->doc, list->key),
			  "this is the protocol with the number %u, not a port", number);
	reader_hint(reader, "if a port is meant, write it under its protocol, as in 'tcp: [%u]'", number);
}

/* A protocol key, and the first one of its name: several files may have it. */
struct lines_key {
	uint32_t key, first;
};

static int lines_compare_names(const void *a, const void *b, void *data)
{
	const struct lines_key *x = a, *y = b;
	int order = strcmp(doc_text(data, x->key), doc_text(data, y->key));

	if (order)
		return order;
	return x->key < y->key ? -1 : x->key > y->key;
}

static int lines_compare_order(const void *a, const void *b)
{
	const struct lines_key *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->key < y->key ? -1 : x->key > y->key;
}

/* The protocols of a section in the order of the files, those of one name together. False: no memory. */
static bool lines_keys(struct reader *reader, uint32_t mapping, struct lines_key **ret, size_t *ret_count)
{
	struct doc *doc = &reader->doc;
	sg_autofree struct lines_key *keys = NULL;
	size_t count = 0, room = 0;

	for (uint32_t key = doc_node(doc, mapping)->first; key; key = doc_next(doc, doc_next(doc, key))) {
		if (doc_node(doc, key)->bad)
			continue;
		if (sg_grow(&keys, &room, count, 1, sizeof(*keys)))
			return sg_reader_nomem(reader);
		keys[count++] = (struct lines_key){key, key};
	}
	if (count) {
		qsort_r(keys, count, sizeof(*keys), lines_compare_names, doc);
		for (size_t i = 1; i < count; i++)
			if (!strcmp(doc_text(doc, keys[i].key), doc_text(doc, keys[i - 1].key)))
				keys[i].first = keys[i - 1].first;
		qsort(keys, count, sizeof(*keys), lines_compare_order);
	}
	*ret = sg_steal(keys);
	*ret_count = count;
	return true;
}

bool sg_lines_read(struct reader *reader, uint32_t mapping, enum sg_direction direction, enum sg_section section)
{
	struct lines_list list = {.direction = direction, .section = section};
	sg_autofree struct lines_key *keys = NULL;
	size_t count = 0;

	if (!lines_keys(reader, mapping, &keys, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *instead;

		list.key = keys[i].key;
		list.value = doc_next(&reader->doc, list.key);
		if (sg_line_protocol(reader, list.key, &list.protocol, &instead)) {
			lines_warn_number(reader, &list);
			if (!lines_protocol(reader, &list))
				return false;
		} else if (!reader->failed) {
			lines_refuse_protocol(reader, list.key, instead);
		}
		if (reader->failed)
			return false;
	}
	return true;
}
