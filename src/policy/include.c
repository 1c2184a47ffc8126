/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Further files. Each is a tree of its own beside the policy's; then what is under the same key in several of them is
 * strung together, so that the rest of the reading sees one policy and every node still knows its file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/folder.h"
#include "base/mem.h"
#include "policy/source.h"

/* Who includes: a word of the list, or the program. */
struct include {
	struct reader *reader;
	struct sg_span span;     /* where problems are shown */
	bool unasked;            /* nothing there is as good as something */
	struct source_keys *all; /* per source */
	size_t room;
};

#define INCLUDE_ID "policy/include"
/* Files of a folder that are warned of one by one. */
#define INCLUDE_MISNAMED_MOST 10U

#define include_error(include, ...)                                                                                    \
	sg_report_error(&(include)->reader->report, INCLUDE_ID, (include)->span, __VA_ARGS__)
#define include_hint(include, ...) sg_report_hint(&(include)->reader->report, __VA_ARGS__)

/* Already there, by whatever path. */
static bool include_is_known(const struct reader *reader, const struct sg_file_id *id)
{
	for (size_t i = 0; i < reader->source_count; i++)
		if (reader->sources[i].id.device == id->device && reader->sources[i].id.inode == id->inode)
			return true;
	return false;
}

static void include_refuse_file(const struct include *include, const char *path, const struct sg_error *err)
{
	struct report_quote quote;

	include_error(include, "included file '%s': %s", sg_report_quote(&quote, path, strlen(path)), err->message);
	if (err->errnum == ENOENT && path[0] != '/')
		include_hint(include, "a relative path begins at the folder of the policy");
}

static void include_refuse_nested(struct reader *reader, uint32_t key)
{
	if (!key)
		return;
	reader_error(reader, key, INCLUDE_ID, "a file that is included cannot include others");
	reader_hint(reader, "name them in '%s'", reader->policy->file);
}

/* One file: `prefix` is the way to it as the policy says it, with its '/'. False: no memory. */
static bool include_file(struct include *include, const char *folder, const char *prefix, const char *name)
{
	struct reader *reader = include->reader;
	struct sg_file_rules rules = {
		.max_size = DOC_SIZE_MOST,
		.trusted_only = reader->options->trusted_only,
		.no_made_up = true,
		.reading = reader->options->reading,
	};
	struct arena *arena = &reader->policy->arena;
	struct reader_source source = {.folder = folder, .prefix = prefix};
	struct sg_error err = {0};
	size_t size;
	char *text;

	/* "-" would be standard input */
	source.name = strcmp(folder, ".") || !strcmp(name, "-") ? sg_arena_format(arena, "%s/%s", folder, name)
								: sg_arena_string(arena, name, strlen(name));
	if (!source.name)
		return sg_reader_nomem(reader);
	if (sg_file_read_known(source.name, &rules, &text, &size, &source.id, &err)) {
		if (err.kind == SG_ERROR_MEMORY)
			return sg_reader_nomem(reader);
		include_refuse_file(include, source.name, &err);
		return true;
	}
	if (include_is_known(reader, &source.id) || reader->source_count == DOC_FILES_MOST) {
		free(text);
		if (!include_is_known(reader, &source.id))
			include_error(include, "more than %u files", DOC_FILES_MOST);
		return true;
	}
	if (sg_grow(&include->all, &include->room, reader->source_count, 1, sizeof(*include->all))) {
		free(text);
		return sg_reader_nomem(reader);
	}
	if (!sg_source_add(reader, &source, text, size, &include->all[reader->source_count]))
		return false;
	include_refuse_nested(reader, include->all[reader->source_count - 1].top.key[KEY_INCLUDE]);
	return true;
}

/* Files that look as if they were meant: the pattern would match them with another ending. */
static void include_warn_misnamed(const struct include *include, const char *folder, const char *pattern,
				  const struct sg_folder_names *misnamed)
{
	char room[SG_FOLDER_NAME_SIZE];
	struct report_quote quote, right;

	for (size_t i = 0; i < misnamed->count && i < INCLUDE_MISNAMED_MOST; i++) {
		const char *name = misnamed->items[i];

		sg_report_warning(&include->reader->report, INCLUDE_ID, include->span,
				  "'%s/%s' is not read: its name does not match '%s'", folder,
				  sg_report_quote(&quote, name, strlen(name)), pattern);
		name = sg_folder_right_name(pattern, name, room);
		if (name)
			include_hint(include, "rename it to '%s', or move it away",
				     sg_report_quote(&right, name, strlen(name)));
	}
	if (misnamed->count > INCLUDE_MISNAMED_MOST)
		sg_report_warning(&include->reader->report, INCLUDE_ID, include->span,
				  "%zu more files there are not read either", misnamed->count - INCLUDE_MISNAMED_MOST);
}

/* All files of a folder that a pattern matches. False: no memory. */
static bool include_matching(struct include *include, const char *folder, const char *prefix, const char *pattern)
{
	sg_cleanup(sg_folder_names_clear) struct sg_folder_names names = {0}, misnamed = {0};
	const struct sg_folder_rules rules = {
		.pattern = pattern,
		.most = DOC_FILES_MOST,
		.trusted_only = include->reader->options->trusted_only,
		.reading = include->reader->options->reading,
	};
	struct report_quote quote, quoted_pattern;
	struct sg_error err = {0};

	sg_report_quote(&quote, folder, strlen(folder));
	sg_report_quote(&quoted_pattern, pattern, strlen(pattern));
	if (sg_folder_match(folder, &rules, &names, &misnamed, &err)) {
		if (err.kind == SG_ERROR_MEMORY)
			return sg_reader_nomem(include->reader);
		if (!include->unasked || err.errnum != ENOENT)
			include_error(include, "folder '%s': %s", quote.text, err.message);
		return true;
	}
	include_warn_misnamed(include, quote.text, quoted_pattern.text, &misnamed);
	if (!names.count && !include->unasked) {
		sg_report_warning(&include->reader->report, INCLUDE_ID, include->span,
				  "no file in '%s' is included by this", quote.text);
		include_hint(include, "hidden files and what editors leave behind do not count");
	}
	for (size_t i = 0; i < names.count; i++)
		if (!include_file(include, folder, prefix, names.items[i]))
			return false;
	return true;
}

/* A path whose last part may be a pattern. False: no memory. */
static bool include_path(struct include *include, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *base = include->reader->sources[0].folder;
	struct arena *arena = &include->reader->policy->arena;
	char *prefix = sg_arena_string(arena, path, (size_t)(name - path)), *folder;
	bool here = !*base || !strcmp(base, ".");

	if (!prefix)
		return sg_reader_nomem(include->reader);
	if (!*name || sg_folder_is_pattern(prefix)) {
		include_error(include, *name ? "a wildcard stands only behind the last '/'" : "this names no file");
		include_hint(include, "as in 'policy.d/*.yaml'");
		return true;
	}
	if (!slash)
		folder = sg_arena_string(arena, here ? "." : base, strlen(here ? "." : base));
	else if (*path == '/' || here)
		folder = sg_arena_string(arena, path, slash == path ? 1 : (size_t)(slash - path));
	else
		folder = sg_arena_format(arena, "%s%s%.*s", base, strcmp(base, "/") ? "/" : "", (int)(slash - path),
					 path);
	if (!folder)
		return sg_reader_nomem(include->reader);
	if (sg_folder_is_pattern(name))
		return include_matching(include, folder, prefix, name);
	return include_file(include, folder, prefix, name);
}

/* The files that the policy names. False: no memory. */
static bool include_named(struct include *include, uint32_t list)
{
	struct reader *reader = include->reader;

	for (uint32_t item = sg_reader_items(reader, list); item; item = sg_reader_item_next(reader, list, item)) {
		const char *text = doc_text(&reader->doc, item);
		const char *refusal = sg_doc_scan_text(text, doc_node(&reader->doc, item)->size);

		include->span = doc_span(&reader->doc, item);
		if (refusal || !*text)
			include_error(include, "the name of a file %s%s", refusal ? "holds " : "is empty",
				      refusal ? refusal : "");
		else if (!include_path(include, text))
			return false;
	}
	return true;
}

/* ---- One policy of many files ---- */

/* What `from` says is added to `into`, a file that comes before. */
static void include_join(struct reader *reader, const struct keys_values *from, struct keys_values *into)
{
	for (unsigned int id = 0; id < KEY_COUNT; id++) {
		uint32_t key = from->key[id], value = from->value[id];

		if (!key || id == KEY_VERSION || id == KEY_TESTS || id == KEY_INCLUDE || id == KEY_OUTBOUND ||
		    id == KEY_LINT_IGNORE)
			continue;
		if (!into->key[id])
			into->key[id] = key;
		else if (!sg_keys_is_mapping(id))
			sg_doc_report_duplicate(&reader->doc, key, into->key[id], &reader->report, reader->files);
		if (into->value[id] && value && sg_keys_is_mapping(id))
			sg_doc_splice(&reader->doc, into->value[id], value);
		else if (!into->value[id])
			into->value[id] = value;
	}
}

static bool include_check_names(struct reader *reader, const struct keys_values *values)
{
	static const enum key_id named[] = {KEY_GROUPS, KEY_INTERFACES, KEY_SERVICES, KEY_BASELINE};

	for (size_t i = 0; i < SG_COUNT(named); i++) {
		uint32_t mapping = values->value[named[i]];

		if (mapping && sg_doc_check_keys(&reader->doc, mapping, &reader->report, reader->files, reader->err)) {
			reader->failed = true;
			return false;
		}
	}
	return true;
}

static void include_clear(struct include *include)
{
	free(include->all);
}

bool sg_includes_read(struct reader *reader, struct source_keys *keys)
{
	sg_cleanup(include_clear) struct include include = {.reader = reader};
	uint32_t list = keys->top.value[KEY_INCLUDE];

	if (!list && !reader->options->drop_in)
		return true;
	if (sg_grow(&include.all, &include.room, 0, 1, sizeof(*include.all)))
		return sg_reader_nomem(reader);
	include.all[0] = *keys;
	if (list && !include_named(&include, list))
		return false;
	include.unasked = true;
	include.span = (struct sg_span){reader->sources[0].file, 0, 0, 0};
	if (reader->options->drop_in && !include_path(&include, reader->options->drop_in))
		return false;
	if (reader->source_count == 1)
		return true;
	/* from behind, so that no string of nodes is gone through more than once */
	for (size_t i = reader->source_count - 1; i; i--) {
		include_join(reader, &include.all[i].top, &include.all[i - 1].top);
		include_join(reader, &include.all[i].outbound, &include.all[i - 1].outbound);
	}
	*keys = include.all[0];
	return include_check_names(reader, &keys->top);
}
