/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doc.h - a YAML document as a tree in which every node knows its place.
 *
 * What the policy language does not have (anchors, aliases, tags, duplicate keys, further documents) is refused here,
 * and what would make reading dear (depth, number of nodes, size) while the parser's events arrive.
 */
#ifndef SG_POLICY_DOC_H
#define SG_POLICY_DOC_H

#include "policy/report.h"

#define DOC_SIZE_MOST  (16U << 20)
#define DOC_DEPTH_MOST 32U
#define DOC_NODES_MOST 4000000U /* of all files */
#define DOC_FILES_MOST 1000U

enum doc_kind { DOC_SCALAR, DOC_SEQUENCE, DOC_MAPPING };

/* Nodes name each other by index. The root is node 0, so 0 stands for "none" as a child. */
struct doc_node {
	uint8_t kind;
	bool plain : 1;  /* a scalar without quotes */
	bool bad : 1;    /* was refused already: nothing more is said about it */
	uint16_t source; /* of which file, an index of doc.files */
	uint32_t line, column, length;
	uint32_t first, next; /* child and sibling; the children of a mapping are key, value, key, value … */
	uint32_t text, size;  /* a scalar's bytes, in doc.text, with a NUL behind */
};

/* One tree for each file that was read, all in one array. */
struct doc {
	uint32_t *files; /* the numbers that sg_files gave them */
	size_t file_count, file_room;
	struct doc_node *nodes;
	size_t count, room;
	char *text;
	size_t text_size, text_room;
};

#define DOC_NO_ROOT UINT32_MAX

/*
 * Reads text (UTF-8 without a byte order mark) as file number `file` into a new tree of doc. 0, also when diagnostics
 * say that the file is wrong (*ret_root is DOC_NO_ROOT when there is no tree to go on with); -1 with err when memory
 * ran out.
 */
int sg_doc_read(struct doc *doc, uint32_t file, const char *text, size_t size, struct report *report,
		uint32_t *ret_root, struct sg_error *err);
void sg_doc_clear(struct doc *doc);

/* Puts the children of one mapping behind those of another, of another file: they are then children of both. */
void sg_doc_splice(struct doc *doc, uint32_t into, uint32_t from);
/* Of a file that says nothing: an error, but for an included one. */
void sg_doc_report_empty(struct report *report, struct sg_span span, bool included);
/* Of a key that was given before; `files` is needed when that was in another file. */
void sg_doc_report_duplicate(const struct doc *doc, uint32_t key, uint32_t before, struct report *report,
			     const struct sg_files *files);
/* Reports keys that a mapping has twice; they are bad then. -1 with err when memory ran out. */
int sg_doc_check_keys(struct doc *doc, uint32_t mapping, struct report *report, const struct sg_files *files,
		      struct sg_error *err);

/* Why a text of valid UTF-8 holds a character that no policy may hold, also not as an escape: NULL when it does not. */
const char *sg_doc_scan_text(const char *text, size_t size);
/* Reports what no YAML text may hold: broken UTF-8, control characters, invisible ones. False when it found one. */
bool sg_doc_scan(uint32_t file, const char *text, size_t size, struct report *report);

static inline const struct doc_node *doc_node(const struct doc *doc, uint32_t index)
{
	return &doc->nodes[index];
}
static inline const char *doc_text(const struct doc *doc, uint32_t index)
{
	return doc->text + doc->nodes[index].text;
}
static inline uint32_t doc_next(const struct doc *doc, uint32_t index)
{
	return doc->nodes[index].next;
}
static inline struct sg_span doc_span(const struct doc *doc, uint32_t index)
{
	const struct doc_node *node = &doc->nodes[index];

	return (struct sg_span){doc->files[node->source], node->line, node->column, node->length};
}

#endif
