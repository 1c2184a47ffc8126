/* SPDX-License-Identifier: GPL-2.0-or-later */
/* text.h - text for terminals: colours, bytes of others made harmless, widths, folded lists, aligned tables. */
#ifndef SG_RENDER_TEXT_H
#define SG_RENDER_TEXT_H

#include <stdint.h>
#include "base/buf.h"
#include "sockgate/render.h"

enum text_colour { TEXT_PLAIN, TEXT_BOLD, TEXT_DIM, TEXT_RED, TEXT_GREEN, TEXT_YELLOW, TEXT_CYAN };

/* What is between the two is in the colour, where the style has colours. */
void text_colour(struct sg_buf *buf, const struct sg_style *style, enum text_colour colour);
void text_plain(struct sg_buf *buf, const struct sg_style *style);
/* Formatted text in a colour. */
void text_coloured(struct sg_buf *buf, const struct sg_style *style, enum text_colour colour, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * The code point at text (size > 0 bytes): its length in bytes goes to *ret_size. Returns -1, with length 1, for a byte
 * that is not UTF-8.
 */
int32_t text_code_point(const char *text, size_t size, size_t *ret_size);
/* Columns that a code point takes on a terminal when text_add writes it. */
size_t text_width(int32_t code_point);

/* Text of others: control characters, bidirectional overrides and what is not UTF-8 are written as \xNN or \uNNNN. */
void text_add(struct sg_buf *buf, const char *text, size_t size);
void text_adds(struct sg_buf *buf, const char *text);
/* Columns that text_adds takes. */
size_t text_columns(const char *text);

/* "1,234". */
void text_number(struct sg_buf *buf, size_t number);
/* "1 line", "2 lines", "1,234 lines". */
void text_count(struct sg_buf *buf, size_t count, const char *noun);

/*
 * A table: cells are given row by row, in order; columns are as wide as their widest cell and two spaces apart, the
 * last one is ragged. A cell that cannot be kept for want of memory makes the buffer fail at the end.
 */
struct text_table {
	const char *const *headings;
	uint32_t right; /* bit i: column i is aligned to the right */
	size_t columns;
	char **cells;
	enum text_colour *colours;
	size_t count, room, colour_room;
	bool failed;
};
void text_table_cell(struct text_table *table, enum text_colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Takes the buffer's content as the cell and leaves the buffer empty. */
void text_table_take(struct text_table *table, enum text_colour colour, struct sg_buf *cell);
void text_table_add(struct sg_buf *buf, const struct sg_style *style, const struct text_table *table);
void text_table_clear(struct text_table *table);

#endif
