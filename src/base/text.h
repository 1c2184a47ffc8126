/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.h - small helpers on text: nearest word, UTF-8. */
#ifndef SG_BASE_TEXT_H
#define SG_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The candidate nearest to `word` (Damerau-Levenshtein, at most a third of the word's length, at least 1 and at most 3
 * edits), or NULL. `next` is called with i = 0, 1, 2 … until it returns NULL.
 */
const char *sg_text_nearest(const char *word, const char *(*next)(size_t i, const void *data), const void *data);

/* The same with at most `most` edits. */
const char *sg_text_nearest_within(const char *word, unsigned int most, const char *(*next)(size_t i, const void *data),
				   const void *data);

/* Whether all bytes are valid UTF-8 (RFC 3629: no surrogates, nothing overlong); *ret_offset is the first bad byte. */
bool sg_text_utf8(const char *text, size_t size, size_t *ret_offset);

/* Code points in the bytes (which are valid UTF-8). */
size_t sg_text_columns(const char *text, size_t size);

/* Whether they are the same text; NULL is the same as NULL alone. */
bool sg_text_same(const char *a, const char *b);
/* Puts a copy of `by` into the place of *text (malloc'd, or NULL), which is freed. False: no memory, and it stays. */
bool sg_text_replace(char **text, const char *by);

#endif
