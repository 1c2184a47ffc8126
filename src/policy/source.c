/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/source.h"

#include <string.h>
#include "base/mem.h"
#include "policy/word.h"

static void source_check_version(struct reader *reader, uint32_t node)
{
	struct report_quote quote;

	if (!node || !strcmp(doc_text(&reader->doc, node), "1"))
		return;
	reader_error(reader, node, "policy/unknown-version", "version '%s' of the policy language is not known",
		     sg_reader_quote(reader, node, &quote));
	reader_hint(reader, "write 'version: 1', or take it away");
}

static void source_keys_read(struct reader *reader, uint32_t root, struct source_keys *ret)
{
	const struct doc_node *node = doc_node(&reader->doc, root);
	bool included = node->source > 0;

	if (sg_word_is_null(&reader->doc, root) || (node->kind == DOC_MAPPING && !node->first)) {
		sg_doc_report_empty(&reader->report, doc_span(&reader->doc, root), included);
		return;
	}
	if (node->kind != DOC_MAPPING) {
		reader_error(reader, root, "policy/wrong-type", "a policy is a mapping of keys");
		reader_hint(reader, "the shortest policy is 'default: drop'");
		return;
	}
	sg_keys_read(reader, root, SG_KEY_TOP, &ret->top, NULL, NULL);
	source_check_version(reader, ret->top.value[KEY_VERSION]);
	if (ret->top.value[KEY_OUTBOUND])
		sg_keys_read(reader, ret->top.value[KEY_OUTBOUND], SG_KEY_OUTBOUND, &ret->outbound, NULL, NULL);
}

bool sg_source_add(struct reader *reader, const struct reader_source *source, char *text, size_t size,
		   struct source_keys *ret)
{
	struct reader_source *own;
	const char *kept;
	uint32_t root;

	*ret = (struct source_keys){0};
	if (sg_grow(&reader->sources, &reader->source_room, reader->source_count, 1, sizeof(*reader->sources))) {
		free(text);
		return sg_reader_nomem(reader);
	}
	own = &reader->sources[reader->source_count];
	*own = *source;
	if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		size -= 3;
		memmove(text, text + 3, size + 1);
	}
	if (sg_files_add(reader->files, own->name, text, size, &own->file, reader->err)) {
		reader->failed = true;
		return false;
	}
	reader->source_count++;
	kept = sg_files_text(reader->files, own->file, &size);
	if (sg_doc_read(&reader->doc, own->file, kept, size, &reader->report, &root, reader->err)) {
		reader->failed = true;
		return false;
	}
	if (root != DOC_NO_ROOT)
		source_keys_read(reader, root, ret);
	own->tests = ret->top.value[KEY_TESTS];
	own->lint_ignore = ret->top.value[KEY_LINT_IGNORE];
	return !reader->failed;
}
