/* SPDX-License-Identifier: GPL-2.0-or-later */
/* say.h - text for terminals: colours, bytes of others made harmless, widths, folded lists, aligned tables. */
#ifndef SG_RENDER_SAY_H
#define SG_RENDER_SAY_H

#include <stdint.h>
#include "sockgate/buf.h"
#include "sockgate/render.h"

enum sg_colour { SG_PLAIN, SG_BOLD, SG_DIM, SG_RED, SG_GREEN, SG_YELLOW, SG_CYAN };

/* What is between the two is in the colour, where the style has colours. */
void sg_say_colour(struct sg_buf *buf, const struct sg_style *style, enum sg_colour colour);
void sg_say_plain(struct sg_buf *buf, const struct sg_style *style);
/* Formatted text in a colour. */
void sg_say_coloured(struct sg_buf *buf, const struct sg_style *style, enum sg_colour colour, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * The code point at text (size > 0 bytes): its length in bytes goes to *ret_size. Returns -1, with length 1, for a byte
 * that is not UTF-8.
 */
int32_t sg_say_code_point(const char *text, size_t size, size_t *ret_size);
/* Columns that a code point takes on a terminal when sg_say_add writes it. */
size_t sg_say_width(int32_t code_point);

/* Text of others: control characters, bidirectional overrides and what is not UTF-8 are written as \xNN or \uNNNN. */
void sg_say_add(struct sg_buf *buf, const char *text, size_t size);
void sg_say_adds(struct sg_buf *buf, const char *text);
/* Columns that sg_say_adds takes. */
size_t sg_say_columns(const char *text);

/* "1,234". */
void sg_say_number(struct sg_buf *buf, size_t number);
/* "1 line", "2 lines", "1,234 lines". */
void sg_say_count(struct sg_buf *buf, size_t count, const char *noun);

/*
 * A table: cells are given row by row, in order; columns are as wide as their widest cell and two spaces apart, the
 * last one is ragged. A cell that cannot be kept for want of memory makes the buffer fail at the end.
 */
struct sg_grid {
	const char *const *headings;
	uint32_t right; /* bit i: column i is aligned to the right */
	size_t columns;
	char **cells;
	enum sg_colour *colours;
	size_t count, room, colour_room;
	bool failed;
};
void sg_grid_cell(struct sg_grid *table, enum sg_colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Takes the buffer's content as the cell and leaves the buffer empty. */
void sg_grid_take(struct sg_grid *table, enum sg_colour colour, struct sg_buf *cell);
void sg_grid_add(struct sg_buf *buf, const struct sg_style *style, const struct sg_grid *table);
void sg_grid_clear(struct sg_grid *table);

/* Breaks the lines of the buffer from `start` on that are wider than the terminal, at spaces. */
void sg_say_wrap(struct sg_buf *buf, const struct sg_style *style, size_t start);

#endif
