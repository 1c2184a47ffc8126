/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/sets.h"
#include "policy/word.h"

bool sg_sets_check_value(struct reader *reader, uint32_t key, uint32_t value, bool mappings)
{
	const struct doc *doc = &reader->doc;
	const struct doc_node *node = doc_node(doc, value);
	struct report_quote quote;
	bool good = true;

	if (node->bad)
		return false;
	if (sg_word_is_null(doc, value) || (node->kind != DOC_SCALAR && !node->first)) {
		reader_error(reader, sg_word_is_null(doc, value) ? key : value, "policy/empty-list", "'%s' is empty",
			     sg_reader_quote(reader, key, &quote));
		reader_hint(reader, "say what it holds, or take it away");
		return false;
	}
	for (uint32_t item = sg_reader_items(reader, value); item; item = sg_reader_item_next(reader, value, item)) {
		enum doc_kind kind = doc_node(doc, item)->kind;

		if (doc_node(doc, item)->bad) {
			good = false;
		} else if (kind == DOC_SEQUENCE || (kind == DOC_MAPPING && !mappings)) {
			good = false;
			reader_error(reader, item, "policy/wrong-type", "%s in '%s'",
				     kind == DOC_SEQUENCE ? "a list" : "a mapping",
				     sg_reader_quote(reader, key, &quote));
			reader_hint(reader, "write its items one after the other");
		} else if (sg_word_is_null(doc, item)) {
			good = false;
			reader_error(reader, item, "policy/empty-list", "an item of '%s' has no value",
				     sg_reader_quote(reader, key, &quote));
			reader_hint(reader, "is a value missing, or a '-' or ',' too many?");
		}
	}
	return good;
}
