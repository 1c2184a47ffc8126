/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Aligned tables of text. */
#include "render/say.h"

#include <string.h>
#include "base/mem.h"

static void keep(struct sg_grid *table, enum sg_colour colour, char *cell)
{
	if (!cell || sg_grow(&table->cells, &table->room, table->count, 1, sizeof(*table->cells)) < 0 ||
	    sg_grow(&table->colours, &table->colour_room, table->count, 1, sizeof(*table->colours)) < 0) {
		table->failed = true;
		free(cell);
		return;
	}
	table->colours[table->count] = colour;
	table->cells[table->count++] = cell;
}

void sg_grid_cell(struct sg_grid *table, enum sg_colour colour, const char *format, ...)
{
	struct sg_buf cell = {0};
	va_list args;

	va_start(args, format);
	sg_buf_vaddf(&cell, format, args);
	va_end(args);
	sg_grid_take(table, colour, &cell);
}

void sg_grid_take(struct sg_grid *table, enum sg_colour colour, struct sg_buf *cell)
{
	keep(table, colour, sg_buf_steal(cell, NULL, NULL));
	sg_buf_clear(cell);
}

static void add_cell(struct sg_buf *buf, const char *cell, size_t width, bool right, bool last)
{
	size_t columns = sg_say_columns(cell), gap = columns < width ? width - columns : 0;

	if (right)
		sg_buf_pad(buf, ' ', gap);
	sg_buf_adds(buf, cell);
	if (!right && !last)
		sg_buf_pad(buf, ' ', gap);
	if (!last)
		sg_buf_adds(buf, "  ");
}

static size_t *column_widths(const struct sg_grid *table)
{
	size_t *widths = calloc(table->columns, sizeof(*widths));

	if (!widths)
		return NULL;
	for (size_t c = 0; c < table->columns; c++)
		widths[c] = sg_say_columns(table->headings[c]);
	for (size_t i = 0; i < table->count; i++) {
		size_t columns = sg_say_columns(table->cells[i]), *width = &widths[i % table->columns];

		if (columns > *width)
			*width = columns;
	}
	return widths;
}

void sg_grid_add(struct sg_buf *buf, const struct sg_style *style, const struct sg_grid *table)
{
	sg_autofree size_t *widths = column_widths(table);

	if (!widths || table->failed) {
		buf->failed = true;
		return;
	}
	for (size_t c = 0; c < table->columns; c++) {
		sg_say_colour(buf, style, SG_BOLD);
		add_cell(buf, table->headings[c], widths[c], table->right >> c & 1, c + 1 == table->columns);
		sg_say_plain(buf, style);
	}
	sg_buf_addc(buf, '\n');
	for (size_t i = 0; i < table->count; i++) {
		size_t c = i % table->columns;
		bool last = c + 1 == table->columns;

		sg_say_colour(buf, style, table->colours[i]);
		add_cell(buf, table->cells[i], widths[c], table->right >> c & 1, last);
		if (table->colours[i] != SG_PLAIN)
			sg_say_plain(buf, style);
		if (last)
			sg_buf_addc(buf, '\n');
	}
}

void sg_grid_clear(struct sg_grid *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table->colours);
	table->cells = NULL;
	table->colours = NULL;
	table->count = table->room = table->colour_room = 0;
}
