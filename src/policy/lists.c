/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list has up to millions of lines: one pass over the bytes, no allocation for a line, and the sets are only sorted
 * when the file is not.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "policy/addresses.h"
#include "policy/lists.h"
#include "policy/word.h"

struct list {
	const char *path; /* in the policy's arena */
	struct sg_addresses addresses;
	bool good;
};

struct lists {
	struct list *items;
	size_t count, room;
};

void sg_lists_free(struct lists *lists)
{
	if (lists)
		free(lists->items);
	free(lists);
}

/* Where a line of a list says something. */
struct list_word {
	const char *text;
	size_t size;
	struct sg_span span;
};

/*
 * The text of a line without comment and blanks, from `line` (its first byte) to `end`. Size 0: nothing. A comment
 * begins with '#', or with ';' as in Spamhaus's lists ("192.0.2.0/24 ; SBL1").
 */
static void list_trim(const char *line, const char *end, struct list_word *ret)
{
	const char *start = line, *comment = memchr(line, '#', (size_t)(end - line));

	end = comment ? comment : end;
	comment = memchr(line, ';', (size_t)(end - line));
	end = comment ? comment : end;
	while (end > line && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	ret->text = start;
	ret->size = (size_t)(end - start);
	ret->span.column = (uint32_t)(start - line) + 1; /* blanks are one column each */
}

static void list_refuse_line(struct reader *reader, const struct list_word *word, enum sg_addr_problem problem,
			     enum sg_family family, const struct sg_range *range)
{
	struct sg_span span = word->span;
	struct report_quote quote;
	size_t offset;

	span.length =
		sg_text_utf8(word->text, word->size, &offset) ? (uint32_t)sg_text_columns(word->text, word->size) : 1;
	if (problem == SG_ADDR_OK) {
		sg_addresses_report_mapped(&reader->report, span, word->text, word->size, range);
		return;
	}
	if (problem != SG_ADDR_NOT_AN_ADDRESS || !sg_word_is_name(word->text, word->size)) {
		sg_addresses_report(&reader->report, span, word->text, word->size, problem, family, range);
		return;
	}
	sg_report_error(&reader->report, "policy/bad-address", span, "'%s' is not an address, prefix or range",
			sg_report_quote(&quote, word->text, word->size));
	reader_hint(reader, "a list file holds addresses alone, neither groups nor host names");
}

/* All lines of the text; bad ones are reported, as many as are of use. False: some were, or no memory. */
static bool list_lines(struct reader *reader, uint32_t file, const char *text, size_t size,
		       struct merge_addresses *merge)
{
	struct list_word word = {.span = {file, 0, 0, 1}};
	struct sg_span more = SG_SPAN_NONE;
	size_t errors = 0;

	for (const char *line = text, *next; line < text + size; line = next) {
		const char *end = memchr(line, '\n', (size_t)(text + size - line));
		enum sg_family family = SG_IPV4;
		struct sg_range range = {0, 0};
		enum sg_addr_problem problem;

		next = end ? end + 1 : text + size;
		word.span.line++;
		list_trim(line, end ? end : next, &word);
		if (!word.size)
			continue;
		problem = sg_range_parse(word.text, word.size, &family, &range);
		if (problem == SG_ADDR_OK && !sg_addresses_is_mapped(family, &range)) {
			if (!sg_merge_add_range(reader, merge, family, &range))
				return false;
			continue;
		}
		if (errors == LISTS_ERRORS_MOST)
			more = word.span;
		if (errors++ < LISTS_ERRORS_MOST)
			list_refuse_line(reader, &word, problem, family, &range);
	}
	if (errors > LISTS_ERRORS_MOST)
		sg_report_error(&reader->report, "policy/bad-address", more,
				"this and %zu more lines are wrong as well", errors - LISTS_ERRORS_MOST - 1);
	return !errors;
}

/* The bytes as a file of `files`; UTF-16 is told apart because every line of it would be wrong. */
static bool list_open(struct reader *reader, uint32_t node, const char *path, uint32_t *ret_file)
{
	struct sg_file_rules rules = {
		.max_size = LISTS_SIZE_MOST,
		.trusted_only = reader->options->trusted_only,
		.no_made_up = true,
		.reading = reader->options->reading,
	};
	struct sg_error err = {0};
	size_t size;
	char *text;

	if (sg_file_read(path, &rules, &text, &size, &err)) {
		if (err.kind == SG_ERROR_MEMORY)
			return sg_reader_nomem(reader);
		reader_error(reader, node, "policy/list-file", "list file '%s': %s", path, err.message);
		if (err.errnum == ENOENT && path[0] != '/')
			reader_hint(reader, "a relative path begins at the folder of the policy, '%s'",
				    reader_source(reader, node)->folder);
		return false;
	}
	if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		size -= 3;
		memmove(text, text + 3, size + 1);
	}
	if (size >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2))) {
		free(text);
		reader_error(reader, node, "policy/encoding", "list file '%s' is UTF-16", path);
		reader_hint(reader, "save it as UTF-8 or ASCII");
		return false;
	}
	return !sg_files_add(reader->files, path, text, size, ret_file, NULL) || sg_reader_nomem(reader);
}

static bool list_read(struct reader *reader, uint32_t node, struct list *list)
{
	sg_cleanup(sg_merge_clear_addresses) struct merge_addresses merge = {0};
	const char *text;
	uint32_t file;
	size_t size;

	if (!list_open(reader, node, list->path, &file))
		return false;
	text = sg_files_text(reader->files, file, &size);
	if (!list_lines(reader, file, text, size, &merge) ||
	    !sg_merge_take_addresses(reader, node, &merge, &list->addresses))
		return false;
	if (!list->addresses.v4.count && !list->addresses.v6.count) {
		sg_report_warning(&reader->report, "policy/empty-file", doc_span(&reader->doc, node),
				  "list file '%s' names no address", list->path);
		reader_hint(reader, "what it is part of matches nothing from it");
	}
	return true;
}

static const char *list_path(struct reader *reader, uint32_t node)
{
	const char *text = doc_text(&reader->doc, node), *folder = reader_source(reader, node)->folder;
	struct arena *arena = &reader->policy->arena;

	/* "-" would be standard input */
	if (text[0] == '/' || ((!*folder || !strcmp(folder, ".")) && strcmp(text, "-") != 0))
		return sg_arena_string(arena, text, strlen(text));
	return sg_arena_format(arena, "%s/%s", *folder ? folder : ".", text);
}

const char *sg_lists_word(struct reader *reader, uint32_t node)
{
	const char *text = doc_text(&reader->doc, node), *prefix = reader_source(reader, node)->prefix;

	return sg_arena_format(&reader->policy->arena, "%s%s", text[0] == '/' ? "" : prefix, text);
}

bool sg_lists_read(struct reader *reader, uint32_t node, struct sg_addresses *ret)
{
	struct lists *lists = reader->lists;
	const char *path = list_path(reader, node);
	struct list *list;

	if (!lists)
		lists = reader->lists = calloc(1, sizeof(*lists));
	if (!lists || !path)
		return sg_reader_nomem(reader);
	for (size_t i = 0; i < lists->count; i++) {
		if (strcmp(lists->items[i].path, path) != 0)
			continue;
		*ret = lists->items[i].addresses;
		return lists->items[i].good;
	}
	if (lists->count == LISTS_MOST) {
		reader_error(reader, node, "policy/too-large", "more than %u list files", LISTS_MOST);
		return false;
	}
	if (sg_grow(&lists->items, &lists->room, lists->count, 1, sizeof(*lists->items)))
		return sg_reader_nomem(reader);
	list = &lists->items[lists->count++];
	*list = (struct list){.path = path};
	list->good = list_read(reader, node, list);
	*ret = list->addresses;
	return list->good;
}
