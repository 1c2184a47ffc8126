/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Diagnostics as text.
 *
 *     policy.yaml:12:9: error: unknown key 'fron' [policy/unknown-key]
 *        12 |     - {port: 443, fron: office}
 *           |                   ^~~~
 *           = did you mean 'from'?
 *
 * The line keeps its tabs, and the line below repeats them, so that the caret stands under its place whatever a tab is
 * wide. A line that is wider than the terminal is cut around the caret. A file may be one line of 16 MiB with a
 * thousand problems in it: the way to a column is walked once, not once for each.
 */
#include "render/say.h"

#include <string.h>

#define DIAGS_SHOWN 100 /* --all shows the rest */
#define GUTTER      8   /* columns before the line's text */

/* A place in a line: the byte at which a column starts. */
struct place {
	uint32_t file, line, column;
	size_t offset;
};

/* The part of a line that is shown, in bytes, and where in it the caret's text starts and ends. */
struct window {
	size_t start, end, mark, mark_end;
	bool cut_left, cut_right;
};

/* Moves on from `at` to the column of the span; starts over when it is another line or behind. */
static void seek(struct place *at, const struct sg_span *span, const char *line, size_t size)
{
	size_t length;

	if (at->file != span->file || at->line != span->line || at->column > span->column)
		*at = (struct place){span->file, span->line, 1, 0};
	while (at->column < span->column && at->offset < size) {
		sg_say_code_point(line + at->offset, size - at->offset, &length);
		at->offset += length;
		at->column++;
	}
}

/* Columns of the code point at offset as they are on the screen, tabs as 8. */
static size_t columns_at(const char *line, size_t size, size_t offset, size_t *ret_length)
{
	int32_t point = sg_say_code_point(line + offset, size - offset, ret_length);

	return point == '\t' ? 8 : sg_say_width(point);
}

static size_t step_back(const char *line, size_t offset)
{
	do {
		offset--;
	} while (offset && ((unsigned char)line[offset] & 0xc0) == 0x80);
	return offset;
}

/* Chooses what of the line is shown in `room` columns: the mark, and what is around it, more of it before. */
static struct window choose(const char *line, size_t size, size_t mark, uint32_t length, size_t room)
{
	struct window window = {.start = mark, .end = mark, .mark = mark, .mark_end = mark};
	size_t used = 0, step;

	for (uint32_t i = 0; i < length && window.end < size && used < room; i++) {
		used += columns_at(line, size, window.end, &step);
		window.end += step;
	}
	window.mark_end = window.end;
	while (window.start && used < room * 2 / 3) {
		size_t before = step_back(line, window.start);

		used += columns_at(line, size, before, &step);
		window.start = before;
	}
	while (window.end < size && used < room) {
		used += columns_at(line, size, window.end, &step);
		window.end += step;
	}
	while (window.start && used < room) {
		size_t before = step_back(line, window.start);

		used += columns_at(line, size, before, &step);
		window.start = before;
	}
	window.cut_left = window.start > 0;
	window.cut_right = window.end < size;
	return window;
}

static void add_line(struct sg_buf *buf, const char *line, size_t start, size_t end)
{
	while (start < end) {
		const char *tab = memchr(line + start, '\t', end - start);
		size_t stop = tab ? (size_t)(tab - line) : end;

		sg_say_add(buf, line + start, stop - start);
		if (tab)
			sg_buf_addc(buf, '\t');
		start = stop + (tab != NULL);
	}
}

/* Blanks as wide as the text, tabs kept. */
static void add_blank(struct sg_buf *buf, const char *line, size_t start, size_t end)
{
	size_t length;

	for (; start < end; start += length) {
		int32_t point = sg_say_code_point(line + start, end - start, &length);

		if (point == '\t')
			sg_buf_addc(buf, '\t');
		else
			sg_buf_pad(buf, ' ', sg_say_width(point));
	}
}

static void add_marks(struct sg_buf *buf, const char *line, const struct window *window)
{
	size_t columns = 0, length;

	for (size_t i = window->mark; i < window->mark_end; i += length)
		columns += sg_say_width(sg_say_code_point(line + i, window->mark_end - i, &length));
	sg_buf_addc(buf, '^');
	if (columns > 1)
		sg_buf_pad(buf, '~', columns - 1);
}

static void add_source(struct sg_buf *buf, const struct sg_style *style, const struct sg_files *files,
		       const struct sg_span *span, struct place *at, enum sg_colour colour)
{
	size_t size, room = style->width > GUTTER + 20 ? style->width - GUTTER - 2 : 20;
	const char *line = sg_files_line(files, span->file, span->line, &size);
	struct window window;

	if (!line)
		return;
	seek(at, span, line, size);
	window = choose(line, size, at->offset, span->length ? span->length : 1, room);
	sg_buf_addf(buf, "%5u | %s", span->line, window.cut_left ? "…" : "");
	add_line(buf, line, window.start, window.end);
	sg_buf_addf(buf, "%s\n", window.cut_right ? "…" : "");
	if (!span->column)
		return;
	sg_buf_addf(buf, "      | %s", window.cut_left ? " " : "");
	add_blank(buf, line, window.start, window.mark);
	sg_say_colour(buf, style, colour);
	add_marks(buf, line, &window);
	sg_say_plain(buf, style);
	sg_buf_addc(buf, '\n');
}

/* Its lines below each other, to be copied: what is to be written into a file keeps its lines. */
static void add_hint(struct sg_buf *buf, const char *hint)
{
	const char *before = "      = ";

	while (*hint) {
		size_t length = strcspn(hint, "\n");
		struct sg_buf line = {0};

		sg_buf_addf(&line, "%.*s", (int)length, hint);
		sg_buf_adds(buf, before);
		sg_say_adds(buf, line.failed ? "" : line.data);
		buf->failed |= line.failed;
		sg_buf_clear(&line);
		sg_buf_addc(buf, '\n');
		before = "        ";
		hint += length + (hint[length] == '\n');
	}
}

static void add_diag(struct sg_buf *buf, const struct sg_style *style, const struct sg_files *files,
		     const struct sg_diag *diag, struct place *at)
{
	static const char *const severities[] = {"error", "warning", "note"};
	static const enum sg_colour colours[] = {SG_RED, SG_YELLOW, SG_CYAN};
	const struct sg_span *span = &diag->span;

	sg_say_colour(buf, style, SG_BOLD);
	if (span->file != SG_NO_FILE) {
		sg_say_adds(buf, sg_files_name(files, span->file));
		if (span->line)
			sg_buf_addf(buf, ":%u", span->line);
		if (span->line && span->column)
			sg_buf_addf(buf, ":%u", span->column);
		sg_buf_adds(buf, ": ");
	}
	sg_say_plain(buf, style);
	sg_say_coloured(buf, style, colours[diag->severity], "%s:", severities[diag->severity]);
	sg_buf_addc(buf, ' ');
	sg_say_adds(buf, diag->message);
	sg_say_coloured(buf, style, SG_DIM, " [%s]", diag->id);
	sg_buf_addc(buf, '\n');
	if (span->file != SG_NO_FILE && span->line)
		add_source(buf, style, files, span, at, colours[diag->severity]);
	if (diag->hint) {
		add_hint(buf, diag->hint);
	}
}

enum which { EVERYTHING, ERRORS, NO_ERRORS };

static size_t add_some(struct sg_buf *buf, const struct sg_style *style, const struct sg_files *files,
		       const struct sg_diags *diags, enum which which, size_t room)
{
	struct place at = {SG_NO_FILE, 0, 0, 0};
	size_t shown = 0;

	for (size_t i = 0; i < diags->count && shown < room; i++) {
		bool error = diags->items[i].severity == SG_SEVERITY_ERROR;

		if (which != EVERYTHING && error != (which == ERRORS))
			continue;
		add_diag(buf, style, files, &diags->items[i], &at);
		shown++;
	}
	return shown;
}

/* Errors come first when there is no room for all. */
void sg_render_diags(struct sg_buf *buf, const struct sg_style *style, const struct sg_files *files,
		     const struct sg_diags *diags)
{
	size_t room = style->all ? SIZE_MAX : DIAGS_SHOWN, shown;

	if (diags->count <= room) {
		shown = add_some(buf, style, files, diags, EVERYTHING, room);
	} else {
		shown = add_some(buf, style, files, diags, ERRORS, room);
		shown += add_some(buf, style, files, diags, NO_ERRORS, room - shown);
	}
	if (shown < diags->count) {
		sg_buf_adds(buf, "… and ");
		sg_say_count(buf, diags->count - shown, "more diagnostic");
		sg_buf_adds(buf, " (--all shows every one)\n");
	}
	if (diags->out_of_memory)
		sg_buf_adds(buf, "… and more that there was no memory for\n");
}
