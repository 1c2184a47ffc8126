/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text for terminals.
 *
 * What others wrote (policies, process names, interface names) goes through sg_say_add: a terminal takes escape
 * sequences from whoever prints them, and a bidirectional override makes a line look like another one.
 */
#include "render/say.h"

#include <stdio.h>
#include <string.h>
#include "base/mem.h"

static const char *const codes[] = {
	[SG_PLAIN] = "\033[0m",  [SG_BOLD] = "\033[1m",      [SG_DIM] = "\033[2m",   [SG_RED] = "\033[1;31m",
	[SG_GREEN] = "\033[32m", [SG_YELLOW] = "\033[1;33m", [SG_CYAN] = "\033[36m",
};

void sg_say_colour(struct sg_buf *buf, const struct sg_style *style, enum sg_colour colour)
{
	if (style->colour && colour != SG_PLAIN)
		sg_buf_adds(buf, codes[colour]);
}

void sg_say_plain(struct sg_buf *buf, const struct sg_style *style)
{
	if (style->colour)
		sg_buf_adds(buf, codes[SG_PLAIN]);
}

void sg_say_coloured(struct sg_buf *buf, const struct sg_style *style, enum sg_colour colour, const char *format, ...)
{
	va_list args;

	sg_say_colour(buf, style, colour);
	va_start(args, format);
	sg_buf_vaddf(buf, format, args);
	va_end(args);
	if (colour != SG_PLAIN)
		sg_say_plain(buf, style);
}

int32_t sg_say_code_point(const char *text, size_t size, size_t *ret_size)
{
	static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char lead = (unsigned char)text[0];
	size_t length = lead < 0x80 ? 1 : lead >= 0xf0 && lead < 0xf8 ? 4 : lead >= 0xe0 ? 3 : 2;
	int32_t point;

	*ret_size = 1;
	if (length == 1)
		return lead;
	if (lead < 0xc2 || lead > 0xf4 || length > size)
		return -1;
	point = lead & (0x7f >> length);
	for (size_t i = 1; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];

		if ((byte & 0xc0) != 0x80)
			return -1;
		point = (point << 6) | (byte & 0x3f);
	}
	if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return -1;
	*ret_size = length;
	return point;
}

struct span_of_points {
	int32_t first, last;
};

static bool among(int32_t point, const struct span_of_points *spans, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (point >= spans[i].first && point <= spans[i].last)
			return true;
	return false;
}

/* Code points that sg_say_add spells out: controls, line separators, bidirectional controls, the byte order mark. */
static bool spelled_out(int32_t point)
{
	static const struct span_of_points spans[] = {
		{0, 0x1f}, {0x7f, 0x9f}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff},
	};

	return among(point, spans, SG_COUNT(spans));
}

size_t sg_say_width(int32_t point)
{
	static const struct span_of_points none[] = {
		{0x300, 0x36f}, {0x200b, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xe0100, 0xe01ef},
	};
	/* the wide and full-width blocks of Unicode's EastAsianWidth.txt, roughly */
	static const struct span_of_points wide[] = {
		{0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
		{0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
	};

	if (point < 0 || point < 0x20 || (point >= 0x7f && point < 0xa0))
		return 4;
	if (point < 0x300)
		return 1;
	if (spelled_out(point))
		return 6;
	if (among(point, none, SG_COUNT(none)))
		return 0;
	return among(point, wide, SG_COUNT(wide)) ? 2 : 1;
}

void sg_say_add(struct sg_buf *buf, const char *text, size_t size)
{
	size_t length;

	for (size_t i = 0; i < size; i += length) {
		int32_t point = sg_say_code_point(text + i, size - i, &length);

		if (point >= 0 && !spelled_out(point))
			sg_buf_add(buf, text + i, length);
		else if (point > 0xff)
			sg_buf_addf(buf, "\\u%04x", (unsigned int)point);
		else
			sg_buf_addf(buf, "\\x%02x", point < 0 ? (unsigned char)text[i] : (unsigned int)point);
	}
}

void sg_say_adds(struct sg_buf *buf, const char *text)
{
	sg_say_add(buf, text, strlen(text));
}

size_t sg_say_columns(const char *text)
{
	size_t size = strlen(text), length, columns = 0;

	for (size_t i = 0; i < size; i += length)
		columns += sg_say_width(sg_say_code_point(text + i, size - i, &length));
	return columns;
}

void sg_say_number(struct sg_buf *buf, size_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%zu", number);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			sg_buf_addc(buf, ',');
		sg_buf_addc(buf, digits[i]);
	}
}

void sg_say_count(struct sg_buf *buf, size_t count, const char *noun)
{
	sg_say_number(buf, count);
	sg_buf_addf(buf, " %s%s", noun, count == 1 ? "" : "s");
}
