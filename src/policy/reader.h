/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reader.h - what the parts of reading a policy share while it is read. */
#ifndef SG_POLICY_READER_H
#define SG_POLICY_READER_H

#include "base/file.h"
#include "policy/doc.h"
#include "policy/model.h"
#include "policy/names.h"

/* Lines and tests of one policy, and ranges of all its sets together: more is refused, not tried. */
#define READER_LINES_MOST  200000U
#define READER_RANGES_MOST (16U << 20)

struct lists;

/* A file of the policy; by doc_node.source. Strings are the policy's arena's. */
struct reader_source {
	uint32_t file;               /* its number */
	const char *name;            /* its path */
	const char *folder;          /* where its relative paths begin */
	const char *prefix;          /* the same as the policy's own file says it, with a '/' behind; "" for itself */
	struct sg_file_id id;        /* which file it is; of a policy from memory all zeros, which is none */
	uint32_t tests, lint_ignore; /* its nodes; 0: none */
};

struct reader {
	struct sg_policy *policy;
	struct doc doc;
	struct report report;
	struct sg_files *files;
	const struct sg_policy_options *options;
	struct reader_source *sources; /* the policy's own file first */
	size_t source_count, source_room;
	struct names groups, interfaces, services;
	struct lists *lists; /* list files that were read */
	bool sets_broken;    /* a group was refused in part: nothing is concluded from what groups lack */
	size_t ranges;       /* made so far, of READER_RANGES_MOST */
	bool too_many;       /* one of the caps was reached and reported */
	bool failed;         /* *err says why: no memory */
	struct sg_error *err;
};

/* Remembers that memory ran out. Returns false, for `return sg_reader_nomem(reader)`. */
bool sg_reader_nomem(struct reader *reader);

/* Diagnostics at a node. */
#define reader_error(reader, node, id, ...)                                                                            \
	sg_report_error(&(reader)->report, id, doc_span(&(reader)->doc, node), __VA_ARGS__)
#define reader_hint(reader, ...) sg_report_hint(&(reader)->report, __VA_ARGS__)
/* Whether the newest error deserves a search for what was meant: that is dear, and of use for the first errors only. */
bool sg_reader_wants_hint(const struct reader *reader);
/* The file that a node is of. */
static inline const struct reader_source *reader_source(const struct reader *reader, uint32_t node)
{
	return &reader->sources[doc_node(&reader->doc, node)->source];
}
/* A scalar's text as it may stand in a message. */
const char *sg_reader_quote(const struct reader *reader, uint32_t node, struct report_quote *quote);

/*
 * Walking what may be a list: a scalar or mapping is a list of one. First node of the list (0: none), and the next of
 * it by sg_reader_item_next. A list must have been checked to have items.
 */
uint32_t sg_reader_items(const struct reader *reader, uint32_t node);
uint32_t sg_reader_item_next(const struct reader *reader, uint32_t list, uint32_t item);

/* The scalars of a list in the policy's arena, as written. False: no memory. */
bool sg_reader_words(struct reader *reader, uint32_t list, struct model_words *ret);

/* Takes `count` ranges from what a policy may have; false (reported once, at node) when there are no more. */
bool sg_reader_spend(struct reader *reader, uint32_t node, size_t count);

/* Moves a set into the policy. False: no memory, the set is cleared. */
bool sg_reader_keep(struct reader *reader, struct sg_ranges *set);

#endif
