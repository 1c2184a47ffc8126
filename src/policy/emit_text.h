/* SPDX-License-Identifier: GPL-2.0-or-later */
/* emit_text.h - scalars, lists and mappings as YAML that reads well. */
#ifndef SG_POLICY_EMIT_TEXT_H
#define SG_POLICY_EMIT_TEXT_H

#include "policy/model.h"
#include "sockgate/buf.h"

#define EMIT_WIDTH 100 /* columns that a line may fill */

/* Plain where YAML reads it back as it is, in any place; else in double quotes. */
void sg_emit_scalar(struct sg_buf *buf, const char *text);
/* One word alone, several as [a, b, …], broken into lines that begin at column `indent` when they are too long. */
void sg_emit_words(struct sg_buf *buf, const struct model_words *words, size_t indent);
/* The same, of which words with file[i] are written as {file: …}. */
void sg_emit_items(struct sg_buf *buf, const struct model_words *words, const bool *file, size_t indent);
/* As sg_emit_words, but always a list. */
void sg_emit_list(struct sg_buf *buf, const struct model_words *words, size_t indent);

/* How a log is said: a label or a rate alone, or a mapping. */
void sg_emit_log(struct sg_buf *buf, const struct sg_log *log);

/* A key with words, with a scalar, with a value as YAML has it (true), or (all NULL) with nothing behind
 * it. */
struct emit_pair {
	const char *key;
	const struct model_words *words;
	const char *scalar, *raw;
};
/* Behind "- " or "key:". As {a: b, c: d} when it fits into the line, else a line for each key from column `indent`. */
void sg_emit_mapping(struct sg_buf *buf, const struct emit_pair *pairs, size_t count, size_t indent);

#endif
