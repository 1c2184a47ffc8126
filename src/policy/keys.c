/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include "base/mem.h"
#include "base/text.h"
#include "policy/keys.h"
#include "policy/word.h"
#include "sockgate/buf.h"

static const struct sg_key keys_rows[KEY_COUNT] = {
#define KEY(places, id, name, type, choices, unset, example, doc)                                                      \
	{name, places, SG_KEY_##type, choices, unset, example, doc},
#include "policy/keys.def"
#undef KEY
};

size_t sg_key_count(void)
{
	return KEY_COUNT;
}

const struct sg_key *sg_key_at(size_t index)
{
	return index < KEY_COUNT ? &keys_rows[index] : NULL;
}

const struct sg_key *sg_key_find(const char *name)
{
	for (size_t id = 0; id < KEY_COUNT; id++)
		if (!strcmp(name, keys_rows[id].name))
			return &keys_rows[id];
	return NULL;
}

const char *sg_key_next_name(size_t index, const void *unused)
{
	(void)unused;
	return index < KEY_COUNT ? keys_rows[index].name : NULL;
}

const char *sg_keys_name(enum key_id id)
{
	return keys_rows[id].name;
}

bool sg_keys_is_mapping(enum key_id id)
{
	return keys_rows[id].type == SG_KEY_MAPPING;
}

const char *sg_keys_doc(enum key_id id)
{
	return keys_rows[id].doc;
}

bool sg_keys_find(const char *name, enum sg_key_place place, enum key_id *ret)
{
	for (unsigned int id = 0; id < KEY_COUNT; id++) {
		if (!(keys_rows[id].places & place) || strcmp(name, keys_rows[id].name) != 0)
			continue;
		*ret = (enum key_id)id;
		return true;
	}
	return false;
}

/* The i-th key that may be written in the place. */
static const char *keys_next(size_t i, const void *data)
{
	const enum sg_key_place *place = data;

	for (unsigned int id = 0; id < KEY_COUNT; id++)
		if (keys_rows[id].places & *place && !i--)
			return keys_rows[id].name;
	return NULL;
}

const char *sg_key_place_text(enum sg_key_place place)
{
	switch (place) {
	case SG_KEY_TOP: return "at the top of the file";
	case SG_KEY_BASELINE: return "under 'baseline'";
	case SG_KEY_SECTION: return "under 'allow' or 'block'";
	case SG_KEY_LINE: return "in a line of 'allow' or 'block', as in {port: 22, from: 192.0.2.0/24}";
	case SG_KEY_TEST: return "in a test";
	case SG_KEY_GROUP: return "in a group";
	case SG_KEY_SERVICE: return "in a service";
	case SG_KEY_OUTBOUND: return "under 'outbound'";
	case SG_KEY_LOG: return "under 'log'";
	case SG_KEY_LOG_BLOCKED: return "under 'log-blocked'";
	case SG_KEY_PLACES_END: break;
	}
	return "nowhere";
}

static const char *keys_where(const char *name)
{
	enum key_id id;

	for (unsigned int place = SG_KEY_TOP; place < SG_KEY_PLACES_END; place <<= 1)
		if (sg_keys_find(name, place, &id))
			return sg_key_place_text(place);
	return NULL;
}

static void keys_hint_all(struct reader *reader, enum sg_key_place place)
{
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0};
	const char *name;

	for (size_t i = 0; (name = keys_next(i, &place)); i++)
		sg_buf_addf(&text, "%s%s", i ? ", " : "", name);
	if (!text.failed)
		reader_hint(reader, "known here: %s", text.data);
}

static void keys_refuse_unknown(struct reader *reader, uint32_t key, enum sg_key_place place)
{
	const char *text = doc_text(&reader->doc, key), *near, *where;
	struct report_quote quote;

	near = sg_keys_renamed(text, place);
	if (!near && sg_keys_refuse_unsupported(reader, key, place))
		return;
	reader_error(reader, key, "policy/unknown-key", "unknown key '%s'", sg_reader_quote(reader, key, &quote));
	if (!sg_reader_wants_hint(reader))
		return;
	where = keys_where(text);
	if (!near && !where)
		near = sg_text_nearest(text, keys_next, &place);
	if (near)
		reader_hint(reader, "did you mean '%s'?", near);
	else if (where)
		reader_hint(reader, "'%s' belongs %s", quote.text, where);
	else
		keys_hint_all(reader, place);
}

const char *sg_key_type_text(enum sg_key_type type)
{
	switch (type) {
	case SG_KEY_WORD:
	case SG_KEY_TEXT:
	case SG_KEY_BOOLEAN: return "one value";
	case SG_KEY_WORDS: return "a value or a list of values";
	case SG_KEY_ITEMS: return "a value, a mapping, or a list of them";
	case SG_KEY_ITEM: return "a value or a mapping";
	case SG_KEY_MAPPING: return "a mapping";
	case SG_KEY_ANYTHING: break;
	}
	return "anything";
}

static const char *keys_kind_text(enum doc_kind kind)
{
	return kind == DOC_MAPPING ? "a mapping" : kind == DOC_SEQUENCE ? "a list" : "a single value";
}

static bool keys_refuse_kind(struct reader *reader, uint32_t node, enum key_id id)
{
	reader_error(reader, node, "policy/wrong-type", "'%s' takes %s, not %s", sg_keys_name(id),
		     sg_key_type_text(keys_rows[id].type), keys_kind_text(doc_node(&reader->doc, node)->kind));
	if (keys_rows[id].type == SG_KEY_MAPPING && keys_rows[id].example)
		reader_hint(reader, "as in '%s'", keys_rows[id].example);
	else
		reader_hint(reader, "%s: %s", sg_keys_name(id), sg_keys_doc(id));
	return false;
}

static bool keys_refuse_empty(struct reader *reader, uint32_t node, enum key_id id)
{
	reader_error(reader, node, "policy/empty-list", "'%s' is empty", sg_keys_name(id));
	reader_hint(reader, "give it a value or take the key away (%s: %s)", sg_keys_name(id), sg_keys_doc(id));
	return false;
}

bool sg_keys_check_item(struct reader *reader, uint32_t item, enum key_id id)
{
	enum doc_kind kind = doc_node(&reader->doc, item)->kind;

	if (doc_node(&reader->doc, item)->bad)
		return false;
	if (kind == DOC_SEQUENCE || (kind == DOC_MAPPING && keys_rows[id].type == SG_KEY_WORDS)) {
		reader_error(reader, item, "policy/wrong-type", "%s in the list of '%s'",
			     kind == DOC_SEQUENCE ? "a list" : "a mapping", sg_keys_name(id));
		reader_hint(reader, "%s: %s", sg_keys_name(id), sg_keys_doc(id));
		return false;
	}
	if (!sg_word_is_null(&reader->doc, item))
		return true;
	reader_error(reader, item, "policy/empty-list", "an item of '%s' has no value", sg_keys_name(id));
	reader_hint(reader, "is a value missing, or a '-' or ',' too many?");
	return false;
}

bool sg_keys_check(struct reader *reader, uint32_t key, uint32_t value, enum key_id id)
{
	const struct doc_node *node = doc_node(&reader->doc, value);
	enum sg_key_type type = keys_rows[id].type;
	bool good = true;

	if (node->bad)
		return false;
	if (type == SG_KEY_ANYTHING)
		return true;
	if (sg_word_is_null(&reader->doc, value))
		return keys_refuse_empty(reader, key, id);
	if (node->kind != DOC_SCALAR && !node->first)
		return keys_refuse_empty(reader, value, id);
	switch (type) {
	case SG_KEY_WORD:
	case SG_KEY_TEXT:
	case SG_KEY_BOOLEAN: return node->kind == DOC_SCALAR || keys_refuse_kind(reader, value, id);
	case SG_KEY_ITEM: return node->kind != DOC_SEQUENCE || keys_refuse_kind(reader, value, id);
	case SG_KEY_MAPPING: return node->kind == DOC_MAPPING || keys_refuse_kind(reader, value, id);
	case SG_KEY_WORDS:
		if (node->kind == DOC_MAPPING)
			return keys_refuse_kind(reader, value, id);
		break;
	case SG_KEY_ITEMS:
	case SG_KEY_ANYTHING: return true;
	}
	for (uint32_t item = sg_reader_items(reader, value); item; item = sg_reader_item_next(reader, value, item))
		good = sg_keys_check_item(reader, item, id) && good;
	return good;
}

bool sg_keys_only_words(struct reader *reader, uint32_t value, enum key_id id)
{
	bool good = true;

	for (uint32_t item = sg_reader_items(reader, value); item; item = sg_reader_item_next(reader, value, item)) {
		if (doc_node(&reader->doc, item)->kind != DOC_MAPPING) {
			good = sg_keys_check_item(reader, item, id) && good;
			continue;
		}
		good = false;
		reader_error(reader, item, "policy/wrong-type", "'%s' takes a value or a list of values here",
			     sg_keys_name(id));
		reader_hint(reader, "%s: %s", sg_keys_name(id), sg_keys_doc(id));
	}
	return good;
}

void sg_keys_read(struct reader *reader, uint32_t mapping, enum sg_key_place place, struct keys_values *ret,
		  bool (*other)(struct reader *reader, uint32_t key, void *data), void *data)
{
	const struct doc *doc = &reader->doc;
	enum key_id id;

	*ret = (struct keys_values){0};
	for (uint32_t key = doc_node(doc, mapping)->first, value; key; key = doc_next(doc, value)) {
		value = doc_next(doc, key);
		ret->given++;
		if (doc_node(doc, key)->bad)
			continue;
		if (!sg_keys_find(doc_text(doc, key), place, &id)) {
			if (!other || !other(reader, key, data))
				keys_refuse_unknown(reader, key, place);
			continue;
		}
		ret->key[id] = key;
		if (sg_keys_check(reader, key, value, id))
			ret->value[id] = value;
	}
}
