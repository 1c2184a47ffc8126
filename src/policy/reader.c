/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/reader.h"

bool sg_reader_nomem(struct reader *reader)
{
	if (!reader->failed)
		sg_error_nomem(reader->err);
	reader->failed = true;
	return false;
}

/* Names that are near to each other, and many of them, are compared with each other in full. */
#define READER_HINTS 100

bool sg_reader_wants_hint(const struct reader *reader)
{
	return reader->report.kept && reader->report.errors <= READER_HINTS;
}

const char *sg_reader_quote(const struct reader *reader, uint32_t node, struct report_quote *quote)
{
	return sg_report_quote(quote, doc_text(&reader->doc, node), doc_node(&reader->doc, node)->size);
}

uint32_t sg_reader_items(const struct reader *reader, uint32_t node)
{
	return doc_node(&reader->doc, node)->kind == DOC_SEQUENCE ? doc_node(&reader->doc, node)->first : node;
}

uint32_t sg_reader_item_next(const struct reader *reader, uint32_t list, uint32_t item)
{
	return item == list ? 0 : doc_next(&reader->doc, item);
}

bool sg_reader_words(struct reader *reader, uint32_t list, struct model_words *ret)
{
	const char **items;
	size_t count = 0;

	for (uint32_t item = sg_reader_items(reader, list); item; item = sg_reader_item_next(reader, list, item))
		count++;
	items = sg_arena_alloc(&reader->policy->arena, count, sizeof(*items));
	if (!items)
		return sg_reader_nomem(reader);
	count = 0;
	for (uint32_t item = sg_reader_items(reader, list); item; item = sg_reader_item_next(reader, list, item)) {
		items[count] = sg_arena_string(&reader->policy->arena, doc_text(&reader->doc, item),
					       doc_node(&reader->doc, item)->size);
		if (!items[count++])
			return sg_reader_nomem(reader);
	}
	*ret = (struct model_words){items, count};
	return true;
}

bool sg_reader_spend(struct reader *reader, uint32_t node, size_t count)
{
	if (count <= READER_RANGES_MOST - reader->ranges) {
		reader->ranges += count;
		return true;
	}
	if (!reader->too_many) {
		reader_error(reader, node, "policy/too-large",
			     "the sets of this policy have more than %u ranges in all", READER_RANGES_MOST);
		reader_hint(reader, "a line whose 'from' is one group alone shares the group's set");
	}
	reader->too_many = true;
	reader->ranges = READER_RANGES_MOST;
	return false;
}

bool sg_reader_keep(struct reader *reader, struct sg_ranges *set)
{
	if (sg_arena_keep(&reader->policy->arena, set))
		return true;
	sg_ranges_clear(set);
	return sg_reader_nomem(reader);
}
