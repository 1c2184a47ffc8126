/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap.c - lines that are longer than the terminal is wide, broken at spaces: the terminal would break words. */
#include <string.h>
#include "base/mem.h"
#include "render/say.h"

#define HANG 4 /* columns by which what follows is set in */

/* Columns that the bytes take; colours take none. */
static size_t wrap_columns(const char *text, size_t size)
{
	size_t columns = 0, length;

	for (size_t i = 0; i < size; i += length) {
		if (text[i] == '\033') {
			const char *end = memchr(text + i, 'm', size - i);

			length = end ? (size_t)(end - (text + i)) + 1 : size - i;
			continue;
		}
		columns += sg_say_width(sg_say_code_point(text + i, size - i, &length));
	}
	return columns;
}

static void wrap_line(struct sg_buf *buf, const char *line, size_t size, size_t width)
{
	size_t indent = 0, column, at;

	while (indent < size && line[indent] == ' ')
		indent++;
	sg_buf_add(buf, line, indent);
	column = at = indent;
	/* a deep list leaves too little room beside it */
	indent = indent + HANG > width / 2 ? HANG : indent + HANG;
	while (at < size) {
		size_t gap = 0, word = 0, columns;

		while (at + gap < size && line[at + gap] == ' ')
			gap++;
		while (at + gap + word < size && line[at + gap + word] != ' ')
			word++;
		columns = wrap_columns(line + at + gap, word);
		if (gap && column + gap + columns > width) {
			sg_buf_addc(buf, '\n');
			sg_buf_pad(buf, ' ', indent);
			column = indent;
		} else {
			sg_buf_pad(buf, ' ', gap);
			column += gap;
		}
		sg_buf_add(buf, line + at + gap, word);
		column += columns;
		at += gap + word;
	}
}

void sg_say_wrap(struct sg_buf *buf, const struct sg_style *style, size_t start)
{
	sg_autofree char *text = NULL;
	size_t size, next;

	if (!style->wrap || buf->failed || buf->size <= start)
		return;
	size = buf->size - start;
	text = malloc(size);
	if (!text) {
		buf->failed = true;
		return;
	}
	memcpy(text, buf->data + start, size);
	sg_buf_truncate(buf, start);
	for (size_t at = 0; at < size; at = next) {
		const char *end = memchr(text + at, '\n', size - at);
		size_t length = end ? (size_t)(end - (text + at)) : size - at;

		if (wrap_columns(text + at, length) > style->width)
			wrap_line(buf, text + at, length, style->width);
		else
			sg_buf_add(buf, text + at, length);
		if (end)
			sg_buf_addc(buf, '\n');
		next = at + length + 1;
	}
}
