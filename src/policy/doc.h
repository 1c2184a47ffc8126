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
#define DOC_NODES_MOST 4000000U

enum doc_kind { DOC_SCALAR, DOC_SEQUENCE, DOC_MAPPING };

/* Nodes name each other by index. The root is node 0, so 0 stands for "none" as a child. */
struct doc_node {
	uint8_t kind;
	bool plain; /* a scalar without quotes */
	bool bad;   /* was refused already: nothing more is said about it */
	uint32_t line, column, length;
	uint32_t first, next; /* child and sibling; the children of a mapping are key, value, key, value … */
	uint32_t text, size;  /* a scalar's bytes, in doc.text, with a NUL behind */
};

struct doc {
	uint32_t file;
	struct doc_node *nodes;
	size_t count, room; /* count 0: there is no tree */
	char *text;
	size_t text_size, text_room;
};

/*
 * Reads text (UTF-8 without a byte order mark) as file number `file`. 0, also when diagnostics say that the file is
 * wrong (doc->count is 0 when there is no tree to go on with); -1 with err when memory ran out.
 */
int sg_doc_read(struct doc *doc, uint32_t file, const char *text, size_t size, struct report *report,
		struct sg_error *err);
void sg_doc_clear(struct doc *doc);

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

	return (struct sg_span){doc->file, node->line, node->column, node->length};
}

#endif
