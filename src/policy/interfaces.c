/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interface sets. A name that no set has is an interface's own: it need not be there when the policy is read. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "policy/merge.h"
#include "policy/nest.h"
#include "policy/sets.h"
#include "policy/word.h"

/* One scalar: the number of a set, or NAMES_NONE with the interface (or wildcard) added to `own`. False: reported. */
static bool interface_word(struct reader *reader, uint32_t node, struct sg_ranges *own, size_t *ret_set)
{
	const char *text = doc_text(&reader->doc, node);
	struct report_quote quote;
	struct sg_range range;

	if (doc_node(&reader->doc, node)->plain && sg_word_is_trap(text)) {
		reader_error(reader, node, "policy/yaml-trap", "'%s' is not a text in YAML 1.1",
			     sg_reader_quote(reader, node, &quote));
		reader_hint(reader, "if an interface is meant, put it in quotes: \"%s\"", quote.text);
		return false;
	}
	*ret_set = sg_names_find(&reader->interfaces, text);
	if (*ret_set != NAMES_NONE)
		return true;
	if (!sg_word_interface(reader, node, &range))
		return false;
	return !sg_ranges_add(own, &range, NULL) || sg_reader_nomem(reader);
}

/* `own` normalised and kept, and the union with the parts. */
static bool interfaces_take(struct reader *reader, uint32_t node, struct sg_ranges *own, struct merge *merge,
			    struct sg_ranges *ret)
{
	sg_ranges_normalise(own);
	if (!sg_reader_spend(reader, node, own->count) || !sg_reader_keep(reader, own))
		return false;
	return sg_merge_add(reader, merge, own) && sg_merge_take(reader, node, merge, ret);
}

static void interfaces_drop(struct sg_ranges *own)
{
	if (own->room)
		sg_ranges_clear(own);
}

bool sg_interfaces_list(struct reader *reader, uint32_t list, struct sg_ranges *ret)
{
	sg_cleanup(interfaces_drop) struct sg_ranges own = {0};
	sg_cleanup(sg_merge_clear) struct merge merge = {0};
	bool good = true;
	size_t set;

	for (uint32_t item = sg_reader_items(reader, list); item; item = sg_reader_item_next(reader, list, item)) {
		if (!interface_word(reader, item, &own, &set))
			good = false;
		else if (set != NAMES_NONE && !sg_merge_add(reader, &merge, &reader->policy->interfaces[set].ranges))
			return false;
		if (reader->failed)
			return false;
	}
	return good && interfaces_take(reader, list, &own, &merge, ret);
}

/* What a set says by itself, and what it contains as edges. False: no memory. */
static bool interfaces_value(struct reader *reader, size_t index, uint32_t value, struct nest *nest)
{
	struct model_interfaces *interfaces = &reader->policy->interfaces[index];
	sg_cleanup(interfaces_drop) struct sg_ranges own = {0};
	sg_cleanup(sg_merge_clear) struct merge merge = {0};
	size_t set;

	for (uint32_t item = sg_reader_items(reader, value); item; item = sg_reader_item_next(reader, value, item)) {
		if (interface_word(reader, item, &own, &set) && set != NAMES_NONE)
			sg_nest_add(reader, nest, index, set, item);
		if (reader->failed)
			return false;
	}
	interfaces_take(reader, value, &own, &merge, &interfaces->ranges);
	return !reader->failed && sg_reader_words(reader, value, &interfaces->words);
}

static const char *interfaces_name(const struct reader *reader, size_t index)
{
	return reader->policy->interfaces[index].name;
}

static bool interfaces_resolve(struct reader *reader, const struct nest *nest, const uint32_t *values)
{
	struct sg_policy *policy = reader->policy;
	sg_autofree size_t *order = NULL;

	if (!sg_nest_order(reader, nest, policy->interfaces_count, interfaces_name, &order))
		return false;
	for (size_t i = 0; i < policy->interfaces_count; i++) {
		sg_cleanup(sg_merge_clear) struct merge merge = {0};
		struct sg_ranges *ranges = &policy->interfaces[order[i]].ranges;

		if (!sg_merge_add(reader, &merge, ranges))
			return false;
		for (size_t edge = sg_nest_first(nest, order[i]);
		     edge < nest->count && nest->edges[edge].from == order[i]; edge++)
			if (!sg_merge_add(reader, &merge, &policy->interfaces[nest->edges[edge].to].ranges))
				return false;
		sg_merge_take(reader, values[order[i]], &merge, ranges);
		if (reader->failed)
			return false;
	}
	return true;
}

bool sg_interfaces_read(struct reader *reader, uint32_t mapping)
{
	sg_cleanup(sg_nest_clear) struct nest nest = {0};
	struct sg_policy *policy = reader->policy;
	const struct doc *doc = &reader->doc;
	sg_autofree uint32_t *values = NULL;
	size_t room = 0;

	for (uint32_t key = doc_node(doc, mapping)->first, value; key; key = doc_next(doc, value)) {
		size_t count = policy->interfaces_count;
		const char *name;

		value = doc_next(doc, key);
		if (doc_node(doc, key)->bad || !sg_word_name(reader, key, "set of interfaces", &name)) {
			if (reader->failed)
				return false;
			continue;
		}
		if (sg_grow(&policy->interfaces, &policy->interfaces_room, count, 1, sizeof(*policy->interfaces)) ||
		    sg_grow(&values, &room, count, 1, sizeof(*values)) ||
		    !sg_names_add(&reader->interfaces, name, count))
			return sg_reader_nomem(reader);
		values[count] = sg_sets_check_value(reader, key, value, false) ? value : 0;
		policy->interfaces[count] = (struct model_interfaces){.name = name, .span = doc_span(doc, key)};
		policy->interfaces_count++;
	}
	sg_names_sort(&reader->interfaces);
	for (size_t i = 0; i < policy->interfaces_count; i++)
		if (values[i] && !interfaces_value(reader, i, values[i], &nest))
			return false;
	return interfaces_resolve(reader, &nest, values);
}
