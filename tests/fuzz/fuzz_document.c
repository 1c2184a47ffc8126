/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a YAML document: reading ends, and what comes of it is a tree whose nodes stand where the file has them.
 * A file without errors holds nothing that the policy language does not have.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "policy/doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
	const struct sg_files *files;
	const struct doc *doc;
	size_t seen;
	bool sound; /* no error was reported */
};

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check_place(const struct sg_files *files, struct sg_span span)
{
	size_t size = 0;

	if (!span.line)
		return;
	/* what is missing at the end stands behind the last line */
	if (span.line > 1 && !sg_files_line(files, span.file, span.line - 1, &size))
		fail("a line that the file does not have");
	size = 0;
	(void)sg_files_line(files, span.file, span.line, &size);
	if (!span.column || span.column > size + 1)
		fail("a column that the line does not have");
	if (!span.length)
		fail("nothing to underline");
}

static bool same_text(const struct doc *doc, uint32_t a, uint32_t b)
{
	const struct doc_node *x = doc_node(doc, a), *y = doc_node(doc, b);

	return x->size == y->size && memcmp(doc->text + x->text, doc->text + y->text, x->size) == 0;
}

static void check_node(struct walk *walk, uint32_t index, uint32_t depth)
{
	const struct doc_node *node = doc_node(walk->doc, index);
	size_t children = 0;

	if (depth > DOC_DEPTH_MOST || ++walk->seen > walk->doc->count)
		fail("deeper than allowed, or no tree");
	check_place(walk->files, doc_span(walk->doc, index));
	if (walk->sound && node->bad)
		fail("refused, and nothing was said");
	if (node->kind == DOC_SCALAR) {
		if (node->first || strlen(doc_text(walk->doc, index)) > node->size)
			fail("a scalar with children, or without an end");
		return;
	}
	for (uint32_t child = node->first; child; child = doc_next(walk->doc, child), children++) {
		if (child <= index)
			fail("a child before its parent");
		check_node(walk, child, depth + 1);
	}
	if (node->kind != DOC_MAPPING)
		return;
	if (children % 2)
		fail("a key without a value");
	/* the first pairs are enough to see it */
	for (uint32_t key = node->first, n = 0; walk->sound && key && n < 16; n++) {
		uint32_t next = doc_next(walk->doc, doc_next(walk->doc, key));

		if (next && same_text(walk->doc, key, next))
			fail("a key twice, and nothing was said");
		key = next;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sg_files *files = sg_files_new();
	struct sg_diags diags = {0};
	struct report report = {.diags = &diags};
	struct doc doc = {0};
	char *text = malloc(size + 1);
	uint32_t file, root;

	if (!files || !text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (sg_files_add(files, "fuzz", text, size, &file, NULL) < 0 ||
	    sg_doc_read(&doc, file, text, size, &report, &root, NULL) < 0)
		abort();
	if (root == DOC_NO_ROOT && !report.errors)
		fail("no document, and nothing was said");
	for (size_t i = 0; i < diags.count; i++)
		check_place(files, diags.items[i].span);
	if (root != DOC_NO_ROOT) {
		struct walk walk = {files, &doc, 0, !report.errors};

		check_node(&walk, root, 1);
	}
	sg_doc_clear(&doc);
	sg_diags_clear(&diags);
	sg_files_free(files);
	return 0;
}
