/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy language as a JSON Schema (draft 2020-12), for editors.
 *
 * It comes from the same table as the reader. It is wider than the language: it sees forms, not what names stand for,
 * which range is reversed, or what YAML has made of a number before the schema sees it. Whatever the reader takes, the
 * schema takes.
 */
#include <stdio.h>
#include <string.h>
#include "render/json.h"
#include "sockgate/language.h"
#include "sockgate/lint.h"
#include "sockgate/proto.h"
#include "sockgate/render_language.h"

/* A name that is declared; a word that may be a name; what may stand for addresses. */
#define NAME_PATTERN "^[A-Za-z][A-Za-z0-9._-]{0,63}$"
#define PORT_PATTERN                                                                                                   \
	"^([1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?|[0-9]*[A-Za-z][A-Za-z0-9._+-]*|[0-9]+-[A-Za-z0-9._+-]*[A-Za-z][A-Za-z0-" \
	"9._+-]*)$"
#define TYPE_PATTERN    "^([0-9]{1,3}(-[0-9]{1,3})?|[A-Za-z][A-Za-z0-9-]*)$"
#define ADDRESS_PATTERN "^[0-9A-Za-z:][0-9A-Za-z.:/_-]*$"
/* What stands behind the conditions of a line, and in logs. */
#define COUNT_PATTERN "([1-9][0-9]{0,5}|1000000)"
#define RATE_PATTERN  COUNT_PATTERN "/(second|minute|hour|day)"
#define UNTIL_PATTERN                                                                                                  \
	"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?(Z|[+-](0[0-9]" \
	"|1[0-4]):[0-5][0-9])$"
#define UNIT_PATTERN  "^[A-Za-z0-9:_\\\\-][A-Za-z0-9:_.\\\\-]*(@[A-Za-z0-9:_.\\\\@-]+)?\\.(service|scope)$"
#define LABEL_PATTERN "^[A-Za-z0-9][A-Za-z0-9._/+-]*( [A-Za-z0-9._/+-]+)*$"

/* allow and block, and those of outbound: their lines have not the same keys. */
static const struct section {
	const char *name; /* of the definition; of those under it, a part */
	bool out, block;
} sections[] = {
	{"allow", false, false},
	{"block", false, true},
	{"outbound-allow", true, false},
	{"outbound-block", true, true},
};
#define SECTION_COUNT (sizeof(sections) / sizeof(sections[0]))

static json_t *ref_json(struct sg_json *json, const char *name)
{
	json_t *map = sg_json_map(json);
	char path[64];

	snprintf(path, sizeof(path), "#/$defs/%s", name);
	sg_json_put(json, map, "$ref", sg_json_text(json, path));
	return map;
}

/* A definition that each section has one of. */
static json_t *section_ref_json(struct sg_json *json, const struct section *section, const char *name)
{
	char full[64];

	snprintf(full, sizeof(full), "%s-%s", section->name, name);
	return ref_json(json, full);
}

static json_t *typed_json(struct sg_json *json, const char *type)
{
	json_t *map = sg_json_map(json);

	sg_json_put(json, map, "type", sg_json_text(json, type));
	return map;
}

static json_t *string_json(struct sg_json *json, const char *pattern)
{
	json_t *map = typed_json(json, "string");

	sg_json_put(json, map, "pattern", sg_json_text(json, pattern));
	return map;
}

static json_t *integer_json(struct sg_json *json, uint64_t least, uint64_t most)
{
	json_t *map = typed_json(json, "integer");

	sg_json_put(json, map, "minimum", sg_json_number(json, least));
	sg_json_put(json, map, "maximum", sg_json_number(json, most));
	return map;
}

/* {"anyOf": [a, b]}; takes both. */
static json_t *either_json(struct sg_json *json, json_t *a, json_t *b)
{
	json_t *map = sg_json_map(json), *list = sg_json_list(json);

	sg_json_push(json, list, a);
	sg_json_push(json, list, b);
	sg_json_put(json, map, "anyOf", list);
	return map;
}

static json_t *list_json(struct sg_json *json, json_t *item)
{
	json_t *map = typed_json(json, "array");

	sg_json_put(json, map, "items", item);
	sg_json_put(json, map, "minItems", sg_json_number(json, 1));
	return map;
}

/* One of what `name` defines, or a list of them. */
static json_t *some_json(struct sg_json *json, const char *name)
{
	return either_json(json, ref_json(json, name), list_json(json, ref_json(json, name)));
}

static json_t *section_some_json(struct sg_json *json, const struct section *section, const char *name)
{
	return either_json(json, section_ref_json(json, section, name),
			   list_json(json, section_ref_json(json, section, name)));
}

/* "a|b|c" as an enumeration; a number of it may be a number in YAML too. */
static json_t *choices_json(struct sg_json *json, const char *choices)
{
	json_t *map = sg_json_map(json), *list = sg_json_list(json);

	for (const char *at = choices; *at;) {
		size_t size = strcspn(at, "|");
		char word[32];

		snprintf(word, sizeof(word), "%.*s", (int)size, at);
		if (word[0] >= '0' && word[0] <= '9')
			sg_json_push(json, list, sg_json_number(json, (uint64_t)(word[0] - '0')));
		sg_json_push(json, list, sg_json_text(json, word));
		at += size + (at[size] == '|');
	}
	sg_json_put(json, map, "enum", list);
	return map;
}

/* A mapping that has nothing but `properties`, which it takes. */
static json_t *closed_json(struct sg_json *json, json_t *properties)
{
	json_t *map = typed_json(json, "object");

	sg_json_put(json, map, "properties", properties);
	sg_json_put(json, map, "additionalProperties", json_false());
	return map;
}

/* A mapping of names, each with what `value` says, which it takes. */
static json_t *named_json(struct sg_json *json, json_t *value)
{
	json_t *map = typed_json(json, "object");

	sg_json_put(json, map, "propertyNames", string_json(json, NAME_PATTERN));
	sg_json_put(json, map, "additionalProperties", value);
	sg_json_put(json, map, "minProperties", sg_json_number(json, 1));
	return map;
}

/* ---- Keys ---- */

static json_t *file_json(struct sg_json *json)
{
	json_t *properties = sg_json_map(json), *words;

	words = either_json(json, typed_json(json, "string"), list_json(json, typed_json(json, "string")));
	sg_json_put(json, words, "description", sg_json_text(json, sg_key_find("file")->doc));
	sg_json_put(json, properties, "file", words);
	return closed_json(json, properties);
}

/* "20/minute", "50"; with a peer also "… per source". */
static json_t *amount_json(struct sg_json *json, const char *amount, const char *peer)
{
	char pattern[128];

	snprintf(pattern, sizeof(pattern), "^%s%s%s%s$", amount, peer ? "( per " : "", peer ? peer : "",
		 peer ? ")?" : "");
	return string_json(json, pattern);
}

static json_t *label_json(struct sg_json *json)
{
	json_t *map = string_json(json, LABEL_PATTERN);

	sg_json_put(json, map, "maxLength", sg_json_number(json, 32));
	/* YAML makes numbers of some texts */
	return either_json(json, map, typed_json(json, "number"));
}

static json_t *unit_json(struct sg_json *json)
{
	json_t *map = string_json(json, UNIT_PATTERN);

	sg_json_put(json, map, "maxLength", sg_json_number(json, 255));
	return map;
}

/* What a line's verdict hangs on beside its packets, and its log. NULL: it is another key. */
static json_t *term_json(struct sg_json *json, const char *name, const struct section *section)
{
	const char *peer = section && section->out ? "destination" : "source";

	if (!strcmp(name, "unit"))
		return unit_json(json);
	if (!strcmp(name, "limit"))
		return amount_json(json, RATE_PATTERN, peer);
	if (!strcmp(name, "connections"))
		return either_json(json, integer_json(json, 1, 1000000), amount_json(json, COUNT_PATTERN, peer));
	if (!strcmp(name, "until"))
		return string_json(json, UNTIL_PATTERN);
	if (!strcmp(name, "rate"))
		return amount_json(json, RATE_PATTERN, NULL);
	if (!strcmp(name, "label"))
		return label_json(json);
	if (!strcmp(name, "group"))
		return either_json(json, integer_json(json, 0, 65535), string_json(json, "^(0|[1-9][0-9]{0,4})$"));
	if (!strcmp(name, "log"))
		return either_json(json, label_json(json), ref_json(json, "log"));
	if (!strcmp(name, "log-blocked"))
		return either_json(json, amount_json(json, RATE_PATTERN, NULL), ref_json(json, "log-blocked"));
	return NULL;
}

/* The value of a key whose form its name decides, whatever its place. NULL: there is nothing special about it. */
static json_t *special_json(struct sg_json *json, const char *name)
{
	static const struct {
		const char *key, *definition;
	} words[] = {
		{"port", "port"},        {"type", "type"},    {"from", "address"},
		{"except", "address"},   {"to", "address"},   {"interface", "interface"},
		{"lint-ignore", "lint"}, {"include", "text"}, {"tests", "test"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(name, words[i].key))
			return some_json(json, words[i].definition);
	if (!strcmp(name, "groups"))
		return named_json(
			json, either_json(json, ref_json(json, "member"), list_json(json, ref_json(json, "member"))));
	if (!strcmp(name, "interfaces"))
		return named_json(json, some_json(json, "interface"));
	if (!strcmp(name, "services"))
		return named_json(json, ref_json(json, "service"));
	if (!strcmp(name, "outbound") || !strcmp(name, "baseline"))
		return ref_json(json, name);
	return NULL;
}

/* Where a key stands; `section` in sections and lines. */
struct where {
	enum sg_key_place place;
	const struct section *section;
};

/* What stands behind a protocol, which depends on the place. */
static json_t *protocol_json(struct sg_json *json, const struct sg_key *key, const struct where *where)
{
	bool icmp = !strcmp(key->name, "icmp"), any = !strcmp(key->name, "any");
	const char *word = icmp ? "type" : "port";

	if (where->place == SG_KEY_SECTION && any)
		return section_some_json(json, where->section, "constraints");
	if (where->place == SG_KEY_SECTION)
		return section_some_json(json, where->section, icmp ? "types-line" : "ports-line");
	return any ? ref_json(json, "present") : some_json(json, word);
}

static json_t *value_json(struct sg_json *json, const struct sg_key *key, const struct where *where)
{
	bool out = where->place == SG_KEY_OUTBOUND;
	json_t *special;

	if (key->places & SG_KEY_SECTION)
		return protocol_json(json, key, where);
	for (size_t i = 0; i < SECTION_COUNT; i++)
		if (sections[i].out == out && !strcmp(key->name, sections[i].block ? "block" : "allow"))
			return ref_json(json, sections[i].name);
	special = term_json(json, key->name, where->section);
	if (!special)
		special = special_json(json, key->name);
	if (special)
		return special;
	if (key->choices)
		return choices_json(json, key->choices);
	/* YAML makes numbers of some texts */
	return key->type == SG_KEY_BOOLEAN ? typed_json(json, "boolean")
					   : either_json(json, typed_json(json, "string"), typed_json(json, "number"));
}

static void put_key(struct sg_json *json, json_t *properties, const struct sg_key *key, const struct where *where)
{
	json_t *value = value_json(json, key, where);

	sg_json_put(json, value, "description", sg_json_text(json, key->doc));
	if (key->type == SG_KEY_BOOLEAN && key->unset)
		sg_json_put(json, value, "default", strcmp(key->unset, "true") ? json_false() : json_true());
	sg_json_put(json, properties, key->name, value);
}

/* The keys of a place as properties. */
static json_t *keys_json(struct sg_json *json, enum sg_key_place place, const struct section *section)
{
	const struct where where = {place, section};
	json_t *properties = sg_json_map(json);
	const struct sg_key *key;

	for (size_t i = 0; (key = sg_key_at(i)); i++)
		if (key->places & place)
			put_key(json, properties, key, &where);
	return properties;
}

static json_t *portless_ref_json(struct sg_json *json, const struct section *section)
{
	return section ? section_ref_json(json, section, "portless") : ref_json(json, "present");
}

/* Protocols without ports: by name, and by number as a pattern. */
static void put_portless(struct sg_json *json, json_t *map, json_t *properties, const struct section *section)
{
	json_t *numbers = sg_json_map(json);
	const char *name;
	uint8_t number;

	for (size_t i = 0; (name = sg_proto_next_name(i, NULL)); i++) {
		if (!sg_proto_parse(name, strlen(name), &number) || sg_proto_has_ports(number) ||
		    number == SG_PROTO_ICMP || number == SG_PROTO_ICMPV6)
			continue;
		sg_json_put(json, properties, name, portless_ref_json(json, section));
	}
	sg_json_put(json, numbers, "^[0-9]{1,3}$", portless_ref_json(json, section));
	sg_json_put(json, map, "patternProperties", numbers);
}

/* ---- Definitions ---- */

static json_t *least_json(struct sg_json *json, json_t *map, uint64_t least)
{
	sg_json_put(json, map, "minProperties", sg_json_number(json, least));
	return map;
}

/* A mapping that must have a key; takes it. */
static json_t *required_json(struct sg_json *json, json_t *map, const char *key)
{
	json_t *required = sg_json_list(json);

	sg_json_push(json, required, sg_json_text(json, key));
	sg_json_put(json, map, "required", required);
	return map;
}

static json_t *section_json(struct sg_json *json, const struct section *section)
{
	json_t *properties = keys_json(json, SG_KEY_SECTION, section),
	       *map = closed_json(json, json_incref(properties));

	put_portless(json, map, properties, section);
	json_decref(properties);
	return least_json(json, map, 1);
}

static json_t *test_json(struct sg_json *json)
{
	json_t *properties = keys_json(json, SG_KEY_TEST, NULL), *map = closed_json(json, json_incref(properties));

	put_portless(json, map, properties, NULL);
	json_decref(properties);
	/* and a protocol */
	return least_json(json, required_json(json, map, "expect"), 2);
}

/* Takes away the keys that lines of the section do not have. */
static void drop_keys(json_t *properties, const struct section *section, bool ports)
{
	static const char *const conditions[] = {"limit", "connections", "unit"};

	for (size_t i = 0; section->block && i < sizeof(conditions) / sizeof(conditions[0]); i++)
		json_object_del(properties, conditions[i]);
	if (!section->block)
		json_object_del(properties, "answer");
	if (section->out)
		json_object_del(properties, "on-demand");
	if (!ports)
		json_object_del(properties, "unit");
}

/* A line as a mapping; `what` is the key that it must have, or NULL. ICMP types may be called ports. */
static json_t *line_json(struct sg_json *json, const struct section *section, const char *what)
{
	json_t *properties = keys_json(json, SG_KEY_LINE, section), *map;
	bool ports = what && !strcmp(what, "port");

	drop_keys(properties, section, ports);
	if (!what || ports)
		json_object_del(properties, "type");
	if (!what)
		json_object_del(properties, "port");
	else if (!ports)
		sg_json_put(json, properties, "port", some_json(json, "type"));
	map = closed_json(json, properties);
	return ports ? required_json(json, map, what) : map;
}

/* Nothing, a mapping, or a list of mappings. */
static json_t *portless_json(struct sg_json *json, const struct section *section)
{
	return either_json(json, typed_json(json, "null"), section_some_json(json, section, "constraints"));
}

/* Nothing, or an empty mapping. */
static json_t *present_json(struct sg_json *json)
{
	json_t *empty = typed_json(json, "object");

	sg_json_put(json, empty, "maxProperties", sg_json_number(json, 0));
	return either_json(json, typed_json(json, "null"), empty);
}

static json_t *lints_json(struct sg_json *json)
{
	json_t *map = sg_json_map(json), *list = sg_json_list(json);
	const struct sg_lint *lint;

	for (size_t i = 0; (lint = sg_lint_at(i)); i++)
		sg_json_push(json, list, sg_json_text(json, lint->id));
	sg_json_put(json, map, "enum", list);
	return map;
}

static json_t *interface_json(struct sg_json *json)
{
	json_t *map = typed_json(json, "string");

	sg_json_put(json, map, "minLength", sg_json_number(json, 1));
	return either_json(json, map, typed_json(json, "integer"));
}

/* A mapping of the keys of a place, not without any. */
static json_t *place_json(struct sg_json *json, enum sg_key_place place)
{
	return least_json(json, closed_json(json, keys_json(json, place, NULL)), 1);
}

/* What a section and the lines in it may be. */
static void put_section(struct sg_json *json, json_t *defs, const struct section *section)
{
	const struct {
		const char *name;
		json_t *value;
	} parts[] = {
		{"constraints", line_json(json, section, NULL)},
		{"ports-line", either_json(json, ref_json(json, "port"), line_json(json, section, "port"))},
		{"types-line", either_json(json, ref_json(json, "type"), line_json(json, section, "type"))},
		{"portless", portless_json(json, section)},
	};
	char name[64];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(name, sizeof(name), "%s-%s", section->name, parts[i].name);
		sg_json_put(json, defs, name, parts[i].value);
	}
	sg_json_put(json, defs, section->name, section_json(json, section));
}

static json_t *definitions_json(struct sg_json *json)
{
	json_t *defs = sg_json_map(json);

	sg_json_put(json, defs, "text", typed_json(json, "string"));
	sg_json_put(json, defs, "port",
		    either_json(json, integer_json(json, 1, 65535), string_json(json, PORT_PATTERN)));
	sg_json_put(json, defs, "type", either_json(json, integer_json(json, 0, 255), string_json(json, TYPE_PATTERN)));
	sg_json_put(json, defs, "address", string_json(json, ADDRESS_PATTERN));
	sg_json_put(json, defs, "member",
		    either_json(json, ref_json(json, "address"), least_json(json, file_json(json), 1)));
	sg_json_put(json, defs, "interface", interface_json(json));
	sg_json_put(json, defs, "lint", lints_json(json));
	sg_json_put(json, defs, "log", required_json(json, place_json(json, SG_KEY_LOG), "label"));
	sg_json_put(json, defs, "log-blocked", required_json(json, place_json(json, SG_KEY_LOG_BLOCKED), "rate"));
	sg_json_put(json, defs, "present", present_json(json));
	sg_json_put(json, defs, "service", place_json(json, SG_KEY_SERVICE));
	sg_json_put(json, defs, "outbound", place_json(json, SG_KEY_OUTBOUND));
	sg_json_put(json, defs, "baseline", place_json(json, SG_KEY_BASELINE));
	for (size_t i = 0; i < SECTION_COUNT; i++)
		put_section(json, defs, &sections[i]);
	sg_json_put(json, defs, "test", test_json(json));
	return defs;
}

void sg_render_schema(struct sg_buf *buf)
{
	struct sg_json json = {false};
	json_t *schema = place_json(&json, SG_KEY_TOP);

	sg_json_put(&json, schema, "$schema", sg_json_text(&json, "https://json-schema.org/draft/2020-12/schema"));
	sg_json_put(&json, schema, "title", sg_json_text(&json, "sockgate policy"));
	sg_json_put(&json, schema, "$defs", definitions_json(&json));
	sg_json_write(&json, buf, schema);
}
