/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address groups: first all names, then what each says by itself, then, in the order in which they contain each other,
 * what they are.
 */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "policy/addresses.h"
#include "policy/keys.h"
#include "policy/lists.h"
#include "policy/nest.h"
#include "policy/sets.h"
#include "policy/word.h"

/* While a group's value is read. */
struct group_draft {
	struct merge_addresses merge;
	const char **words;
	bool *file;
	size_t count, room, file_room;
};

static void group_draft_clear(struct group_draft *draft)
{
	sg_merge_clear_addresses(&draft->merge);
	free(draft->words);
	free(draft->file);
}

static bool group_word(struct reader *reader, struct group_draft *draft, uint32_t node, bool is_file)
{
	const char *text = is_file ? sg_lists_word(reader, node)
				   : sg_arena_string(&reader->policy->arena, doc_text(&reader->doc, node),
						     doc_node(&reader->doc, node)->size);

	if (!text || sg_grow(&draft->words, &draft->room, draft->count, 1, sizeof(*draft->words)) ||
	    sg_grow(&draft->file, &draft->file_room, draft->count, 1, sizeof(*draft->file)))
		return sg_reader_nomem(reader);
	draft->words[draft->count] = text;
	draft->file[draft->count++] = is_file;
	return true;
}

/* {file: PATH}, {file: [PATH, …]} */
static bool group_files(struct reader *reader, struct group_draft *draft, uint32_t mapping)
{
	struct keys_values values;
	uint32_t list, item;

	sg_keys_read(reader, mapping, SG_KEY_GROUP, &values, NULL, NULL);
	list = values.value[KEY_FILE];
	if (!list) {
		if (!values.given) {
			reader_error(reader, mapping, "policy/empty-list", "an empty mapping in a group");
			reader_hint(reader, "%s: %s", sg_keys_name(KEY_FILE), sg_keys_doc(KEY_FILE));
		}
		return !reader->failed;
	}
	for (item = sg_reader_items(reader, list); item; item = sg_reader_item_next(reader, list, item)) {
		struct sg_addresses addresses;
		const char *refusal =
			sg_doc_scan_text(doc_text(&reader->doc, item), doc_node(&reader->doc, item)->size);

		if (refusal || !doc_node(&reader->doc, item)->size) {
			reader_error(reader, item, "policy/list-file", "the name of a list file %s%s",
				     refusal ? "holds " : "is empty", refusal ? refusal : "");
			continue;
		}
		if (sg_lists_read(reader, item, &addresses) &&
		    (!group_word(reader, draft, item, true) || !sg_merge_add_set(reader, &draft->merge, &addresses)))
			return false;
	}
	return !reader->failed;
}

/* What the group says by itself becomes its addresses; what it contains becomes edges. False: no memory. */
static bool group_value(struct reader *reader, size_t index, uint32_t value, struct nest *nest)
{
	sg_cleanup(group_draft_clear) struct group_draft draft = {0};
	struct model_group *group = &reader->policy->groups[index];
	struct arena *arena = &reader->policy->arena;
	const char **words;
	bool *file;

	for (uint32_t item = sg_reader_items(reader, value); item; item = sg_reader_item_next(reader, value, item)) {
		enum addresses_word word;
		size_t contained;

		if (doc_node(&reader->doc, item)->kind == DOC_MAPPING) {
			if (!group_files(reader, &draft, item))
				return false;
			continue;
		}
		word = sg_addresses_word(reader, item, &draft.merge, &contained);
		if (reader->failed || (word == ADDRESSES_GROUP && !sg_nest_add(reader, nest, index, contained, item)))
			return false;
		if (word != ADDRESSES_BAD && !group_word(reader, &draft, item, false))
			return false;
	}
	words = sg_arena_alloc(arena, draft.count, sizeof(*words));
	file = sg_arena_alloc(arena, draft.count, sizeof(*file));
	if (!words || !file)
		return sg_reader_nomem(reader);
	if (draft.count) {
		memcpy(words, draft.words, draft.count * sizeof(*words));
		memcpy(file, draft.file, draft.count * sizeof(*file));
	}
	group->words = (struct model_words){words, draft.count};
	group->file = file;
	sg_merge_take_addresses(reader, value, &draft.merge, &group->group.addresses);
	return !reader->failed;
}

static const char *group_name(const struct reader *reader, size_t index)
{
	return reader->policy->groups[index].group.name;
}

/* Each group becomes the union of itself and what it contains. False: no memory. */
static bool groups_resolve(struct reader *reader, const struct nest *nest, const uint32_t *values)
{
	struct sg_policy *policy = reader->policy;
	sg_autofree size_t *order = NULL;

	if (!sg_nest_order(reader, nest, policy->group_count, group_name, &order))
		return false;
	for (size_t i = 0; i < policy->group_count; i++) {
		sg_cleanup(sg_merge_clear_addresses) struct merge_addresses merge = {0};
		struct sg_addresses *addresses = &policy->groups[order[i]].group.addresses;

		if (!sg_merge_add_set(reader, &merge, addresses))
			return false;
		for (size_t edge = sg_nest_first(nest, order[i]);
		     edge < nest->count && nest->edges[edge].from == order[i]; edge++)
			if (!sg_merge_add_set(reader, &merge, &policy->groups[nest->edges[edge].to].group.addresses))
				return false;
		sg_merge_take_addresses(reader, values[order[i]], &merge, addresses);
		if (reader->failed)
			return false;
	}
	return true;
}

bool sg_groups_read(struct reader *reader, uint32_t mapping)
{
	sg_cleanup(sg_nest_clear) struct nest nest = {0};
	struct sg_policy *policy = reader->policy;
	const struct doc *doc = &reader->doc;
	sg_autofree uint32_t *values = NULL;
	size_t room = 0;

	for (uint32_t key = doc_node(doc, mapping)->first, value; key; key = doc_next(doc, value)) {
		const char *name;

		value = doc_next(doc, key);
		if (doc_node(doc, key)->bad || !sg_word_name(reader, key, "group", &name)) {
			if (reader->failed)
				return false;
			continue;
		}
		if (sg_grow(&policy->groups, &policy->group_room, policy->group_count, 1, sizeof(*policy->groups)) ||
		    sg_grow(&values, &room, policy->group_count, 1, sizeof(*values)) ||
		    !sg_names_add(&reader->groups, name, policy->group_count))
			return sg_reader_nomem(reader);
		values[policy->group_count] = value;
		policy->groups[policy->group_count++] = (struct model_group){
			.group = {.name = name, .span = doc_span(doc, key)},
		};
		if (!sg_sets_check_value(reader, key, value, true))
			values[policy->group_count - 1] = 0;
	}
	sg_names_sort(&reader->groups);
	for (size_t i = 0; i < policy->group_count; i++)
		if (values[i] && !group_value(reader, i, values[i], &nest))
			return false;
	return groups_resolve(reader, &nest, values);
}
