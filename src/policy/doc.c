/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From libyaml's events to a tree.
 *
 * The parser is asked for one event after the other and is left alone as soon as one of the caps is passed: libyaml has
 * none of its own, and 100,000 opening brackets keep it busy for many seconds. Nodes are one array and their texts one
 * buffer, so that a file of a million addresses costs a few allocations.
 */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>
#include "base/mem.h"
#include "policy/doc.h"
#include "policy/doc_syntax.h"

/* What is open while events arrive. */
struct doc_frame {
	uint32_t node, last; /* last child so far, 0: none */
	uint32_t children;
};

struct doc_reader {
	struct doc *doc;
	uint32_t file;
	struct report *report;
	struct sg_error *err;
	struct doc_frame frames[DOC_DEPTH_MOST];
	unsigned int depth;
	unsigned int documents;
};

enum doc_step { DOC_GO_ON, DOC_END, DOC_REFUSED, DOC_FAILED };

void sg_doc_clear(struct doc *doc)
{
	free(doc->files);
	free(doc->nodes);
	free(doc->text);
	*doc = (struct doc){0};
}

static struct sg_span doc_mark_span(const struct doc_reader *reader, const yaml_mark_t *from, const yaml_mark_t *to)
{
	struct sg_span span = {reader->file, (uint32_t)from->line + 1, (uint32_t)from->column + 1, 1};

	if (to->line == from->line && to->column > from->column)
		span.length = (uint32_t)(to->column - from->column);
	return span;
}

/* A new node as the next child of what is open. 0 and *ret, or a step that ends the reading. */
static enum doc_step doc_add(struct doc_reader *reader, enum doc_kind kind, const yaml_event_t *event, uint32_t *ret)
{
	struct doc *doc = reader->doc;
	struct sg_span span = doc_mark_span(reader, &event->start_mark, &event->end_mark);
	uint32_t index = (uint32_t)doc->count;

	if (doc->count >= DOC_NODES_MOST) {
		sg_report_error(reader->report, "policy/too-large", span, "more than %u values", DOC_NODES_MOST);
		sg_report_hint(reader->report, "long lists of addresses belong in list files");
		return DOC_REFUSED;
	}
	if (sg_grow(&doc->nodes, &doc->room, doc->count, 1, sizeof(*doc->nodes))) {
		sg_error_nomem(reader->err);
		return DOC_FAILED;
	}
	doc->nodes[index] = (struct doc_node){
		.kind = (uint8_t)kind,
		.source = (uint16_t)(doc->file_count - 1),
		.line = span.line,
		.column = span.column,
		.length = span.length,
	};
	if (reader->depth) {
		struct doc_frame *frame = &reader->frames[reader->depth - 1];

		if (frame->last)
			doc->nodes[frame->last].next = index;
		else
			doc->nodes[frame->node].first = index;
		frame->last = index;
		frame->children++;
	}
	doc->count++;
	*ret = index;
	return DOC_GO_ON;
}

/* A key is the next child of a mapping that has an even number of children. */
static bool doc_expects_key(const struct doc_reader *reader)
{
	const struct doc_frame *frame = reader->depth ? &reader->frames[reader->depth - 1] : NULL;

	return frame && reader->doc->nodes[frame->node].kind == DOC_MAPPING && frame->children % 2 == 0;
}

static void doc_refuse_extras(struct doc_reader *reader, const yaml_event_t *event, const yaml_char_t *anchor,
			      const yaml_char_t *tag)
{
	yaml_mark_t to = event->start_mark;
	struct sg_span span;

	to.column++;
	span = doc_mark_span(reader, &event->start_mark, &to);
	if (anchor) {
		sg_report_error(reader->report, "policy/anchor", span,
				"anchors ('&') are not part of the policy language");
		sg_report_hint(reader->report, "name addresses under 'groups' and ports under 'services'");
	}
	if (tag) {
		sg_report_error(reader->report, "policy/tag", span, "tags ('!') are not part of the policy language");
		sg_report_hint(reader->report, "take the tag away; 'except' says which addresses are not meant, and a "
					       "text that begins with '!' needs quotes");
	}
}

static enum doc_step doc_open(struct doc_reader *reader, enum doc_kind kind, const yaml_event_t *event)
{
	bool is_key = doc_expects_key(reader);
	enum doc_step step;
	uint32_t index;

	if (reader->depth == DOC_DEPTH_MOST) {
		sg_report_error(reader->report, "policy/too-deep",
				doc_mark_span(reader, &event->start_mark, &event->start_mark),
				"nested deeper than %u levels", DOC_DEPTH_MOST);
		return DOC_REFUSED;
	}
	step = doc_add(reader, kind, event, &index);
	if (step != DOC_GO_ON)
		return step;
	if (is_key) {
		reader->doc->nodes[index].bad = true;
		sg_report_error(reader->report, "policy/wrong-type", doc_span(reader->doc, index),
				"a key must be a word, not a %s", kind == DOC_MAPPING ? "mapping" : "list");
	}
	reader->frames[reader->depth++] = (struct doc_frame){.node = index};
	return DOC_GO_ON;
}

static int doc_compare_keys(const void *a, const void *b, void *data)
{
	const struct doc *doc = data;
	const struct doc_node *x = &doc->nodes[*(const uint32_t *)a], *y = &doc->nodes[*(const uint32_t *)b];
	int order;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	order = memcmp(doc->text + x->text, doc->text + y->text, x->size);
	if (order)
		return order;
	return x < y ? -1 : 1;
}

void sg_doc_report_duplicate(const struct doc *doc, uint32_t key, uint32_t before, struct report *report,
			     const struct sg_files *files)
{
	const struct doc_node *node = &doc->nodes[key], *first = &doc->nodes[before];
	struct report_quote quote, name;
	const char *file;

	sg_report_error(report, "policy/duplicate-key", doc_span(doc, key), "duplicate key '%s'",
			sg_report_quote(&quote, doc_text(doc, key), node->size));
	if (node->source == first->source) {
		sg_report_hint(report, "it is given at line %u, column %u already; put all under one", first->line,
			       first->column);
		return;
	}
	file = sg_files_name(files, doc->files[first->source]);
	sg_report_hint(report, "it is given at %s:%u:%u already", sg_report_quote(&name, file, strlen(file)),
		       first->line, first->column);
}

/* Keys are sorted, not compared each with each and not hashed: nothing that a file holds makes this quadratic. */
int sg_doc_check_keys(struct doc *doc, uint32_t mapping, struct report *report, const struct sg_files *files,
		      struct sg_error *err)
{
	sg_autofree uint32_t *keys = NULL;
	size_t count = 0, room = 0;

	for (uint32_t key = doc->nodes[mapping].first; key; key = doc->nodes[doc->nodes[key].next].next) {
		if (doc->nodes[key].kind != DOC_SCALAR || doc->nodes[key].bad)
			continue;
		if (sg_grow(&keys, &room, count, 1, sizeof(*keys)))
			return sg_error_nomem(err);
		keys[count++] = key;
	}
	if (count < 2)
		return 0;
	qsort_r(keys, count, sizeof(*keys), doc_compare_keys, doc);
	for (size_t i = 1, first = 0; i < count; i++) {
		const struct doc_node *node = &doc->nodes[keys[i]], *before = &doc->nodes[keys[first]];

		if (node->size != before->size ||
		    memcmp(doc->text + node->text, doc->text + before->text, node->size) != 0) {
			first = i;
			continue;
		}
		doc->nodes[keys[i]].bad = true;
		sg_doc_report_duplicate(doc, keys[i], keys[first], report, files);
	}
	return 0;
}

void sg_doc_splice(struct doc *doc, uint32_t into, uint32_t from)
{
	uint32_t last = doc->nodes[into].first;

	while (last && doc->nodes[last].next)
		last = doc->nodes[last].next;
	if (last)
		doc->nodes[last].next = doc->nodes[from].first;
	else
		doc->nodes[into].first = doc->nodes[from].first;
}

static enum doc_step doc_close(struct doc_reader *reader, const yaml_event_t *event)
{
	struct doc_frame frame = reader->frames[--reader->depth];
	struct doc_node *node = &reader->doc->nodes[frame.node];
	const struct doc_node *first = node->first ? &reader->doc->nodes[node->first] : NULL;

	/* what to underline: a flow collection on one line as a whole, else the first thing in it */
	if (event->end_mark.line + 1 == node->line && event->end_mark.column + 1 > node->column)
		node->length = (uint32_t)event->end_mark.column + 1 - node->column;
	else if (first && first->line == node->line && first->column == node->column)
		node->length = first->length;
	if (node->kind != DOC_MAPPING || frame.children < 4)
		return DOC_GO_ON;
	return sg_doc_check_keys(reader->doc, frame.node, reader->report, NULL, reader->err) ? DOC_FAILED : DOC_GO_ON;
}

static enum doc_step doc_scalar(struct doc_reader *reader, const yaml_event_t *event)
{
	struct doc *doc = reader->doc;
	size_t size = event->data.scalar.length;
	enum doc_step step;
	uint32_t index;

	step = doc_add(reader, DOC_SCALAR, event, &index);
	if (step != DOC_GO_ON)
		return step;
	if (sg_grow(&doc->text, &doc->text_room, doc->text_size, size + 1, 1)) {
		sg_error_nomem(reader->err);
		return DOC_FAILED;
	}
	memcpy(doc->text + doc->text_size, event->data.scalar.value, size);
	doc->text[doc->text_size + size] = '\0';
	doc->nodes[index].text = (uint32_t)doc->text_size;
	doc->nodes[index].size = (uint32_t)size;
	doc->nodes[index].plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	doc->text_size += size + 1;
	if (memchr(event->data.scalar.value, '\0', size)) {
		doc->nodes[index].bad = true;
		sg_report_error(reader->report, "policy/bad-character", doc_span(doc, index), "a NUL within a text");
	}
	return DOC_GO_ON;
}

/* An alias stands for a value that is never asked for: it gets a place in the tree, so that the rest can be read. */
static enum doc_step doc_alias(struct doc_reader *reader, const yaml_event_t *event)
{
	enum doc_step step;
	uint32_t index;

	step = doc_add(reader, DOC_SCALAR, event, &index);
	if (step != DOC_GO_ON)
		return step;
	reader->doc->nodes[index].bad = true;
	sg_report_error(reader->report, "policy/alias", doc_span(reader->doc, index),
			"aliases ('*') are not part of the policy language");
	sg_report_hint(reader->report, "a text that begins with '*' needs quotes");
	return DOC_GO_ON;
}

static enum doc_step doc_event(struct doc_reader *reader, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_STREAM_END_EVENT: return DOC_END;
	case YAML_DOCUMENT_START_EVENT:
		if (!reader->documents++)
			return DOC_GO_ON;
		sg_report_error(reader->report, "policy/second-document",
				doc_mark_span(reader, &event->start_mark, &event->end_mark),
				"a second document begins here");
		sg_report_hint(reader->report, "a policy is one document: take the '---' away");
		return DOC_END;
	case YAML_ALIAS_EVENT: return doc_alias(reader, event);
	case YAML_SCALAR_EVENT:
		doc_refuse_extras(reader, event, event->data.scalar.anchor, event->data.scalar.tag);
		return doc_scalar(reader, event);
	case YAML_SEQUENCE_START_EVENT:
		doc_refuse_extras(reader, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
		return doc_open(reader, DOC_SEQUENCE, event);
	case YAML_MAPPING_START_EVENT:
		doc_refuse_extras(reader, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
		return doc_open(reader, DOC_MAPPING, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT: return doc_close(reader, event);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT: break;
	}
	return DOC_GO_ON;
}

static enum doc_step doc_events(struct doc_reader *reader, yaml_parser_t *parser, const char *text, size_t size)
{
	enum doc_step step;

	do {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event)) {
			if (parser->error == YAML_MEMORY_ERROR) {
				sg_error_nomem(reader->err);
				return DOC_FAILED;
			}
			sg_doc_syntax_report(reader->report, reader->file, parser, text, size);
			return DOC_REFUSED;
		}
		step = doc_event(reader, &event);
		yaml_event_delete(&event);
	} while (step == DOC_GO_ON);
	return step;
}

void sg_doc_report_empty(struct report *report, struct sg_span span, bool included)
{
	if (included) {
		sg_report_warning(report, "policy/empty-file", span, "the file says nothing");
		return;
	}
	sg_report_error(report, "policy/empty-file", span, "the file says nothing");
	sg_report_hint(report, "the shortest policy is 'default: drop'");
}

/* A place for one more tree. */
static int doc_add_file(struct doc *doc, uint32_t file, struct sg_error *err)
{
	if (sg_grow(&doc->files, &doc->file_room, doc->file_count, 1, sizeof(*doc->files)))
		return sg_error_nomem(err);
	doc->files[doc->file_count++] = file;
	if (doc->text_size)
		return 0;
	/* the text of what is no scalar */
	if (sg_grow(&doc->text, &doc->text_room, 0, 1, 1))
		return sg_error_nomem(err);
	doc->text[doc->text_size++] = '\0';
	return 0;
}

int sg_doc_read(struct doc *doc, uint32_t file, const char *text, size_t size, struct report *report,
		uint32_t *ret_root, struct sg_error *err)
{
	struct doc_reader reader = {.doc = doc, .file = file, .report = report, .err = err};
	size_t root = doc->count;
	yaml_parser_t parser;
	enum doc_step step;

	*ret_root = DOC_NO_ROOT;
	if (doc_add_file(doc, file, err))
		return -1;
	if (size > DOC_SIZE_MOST) {
		sg_report_error(report, "policy/too-large", (struct sg_span){file, 0, 0, 0},
				"the file is larger than %u MiB", DOC_SIZE_MOST >> 20);
		sg_report_hint(report, "long lists of addresses belong in list files");
		return 0;
	}
	if (!sg_doc_scan(file, text, size, report))
		return 0;
	if (!yaml_parser_initialize(&parser))
		return sg_error_nomem(err);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	step = doc_events(&reader, &parser, text, size);
	yaml_parser_delete(&parser);
	if (step == DOC_FAILED)
		return -1;
	if (step == DOC_END && doc->count > root)
		*ret_root = (uint32_t)root;
	else if (step == DOC_END)
		sg_doc_report_empty(report, (struct sg_span){file, 0, 0, 0}, doc->file_count > 1);
	return 0;
}
