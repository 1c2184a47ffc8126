/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and diagnostics.
 *
 * A list file may have a million lines and an error in each of them, so a line is found by a sparse index (the offset
 * of every FILE_STRIDE-th line) that is made when the first line of the file is asked for. Files without errors never
 * pay for it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "sockgate/diag.h"

#define FILE_STRIDE 128

struct file {
	char *name;
	char *text;
	size_t size;
	size_t *starts; /* offsets of lines 1, 1 + FILE_STRIDE, …; NULL: not made yet */
	size_t start_count, start_room;
};

struct sg_files {
	struct file *items;
	size_t count, room;
};

struct sg_files *sg_files_new(void)
{
	return calloc(1, sizeof(struct sg_files));
}

void sg_files_free(struct sg_files *files)
{
	if (!files)
		return;
	for (size_t i = 0; i < files->count; i++) {
		free(files->items[i].name);
		free(files->items[i].text);
		free(files->items[i].starts);
	}
	free(files->items);
	free(files);
}

int sg_files_add(struct sg_files *files, const char *name, char *text, size_t size, uint32_t *ret_index,
		 struct sg_error *err)
{
	sg_autofree char *owned = text, *copy = strdup(name);

	if (!copy || files->count >= SG_NO_FILE ||
	    sg_grow(&files->items, &files->room, files->count, 1, sizeof(*files->items)))
		return sg_error_nomem(err);
	files->items[files->count] = (struct file){.name = sg_steal(copy), .text = sg_steal(owned), .size = size};
	*ret_index = (uint32_t)files->count++;
	return 0;
}

uint32_t sg_files_count(const struct sg_files *files)
{
	return (uint32_t)files->count;
}

const char *sg_files_name(const struct sg_files *files, uint32_t index)
{
	return index < files->count ? files->items[index].name : NULL;
}

const char *sg_files_text(const struct sg_files *files, uint32_t index, size_t *ret_size)
{
	if (index >= files->count)
		return NULL;
	*ret_size = files->items[index].size;
	return files->items[index].text;
}

/* The offset behind the line's end, or the size of the text. */
static size_t file_next_line(const struct file *file, size_t offset)
{
	const char *end = memchr(file->text + offset, '\n', file->size - offset);

	return end ? (size_t)(end - file->text) + 1 : file->size;
}

/* Without memory the index stays as it is, and looking for a line begins at the last one that it knows. */
static void file_index(struct file *file)
{
	size_t offset = 0, line = 0;

	for (; offset < file->size; offset = file_next_line(file, offset), line++) {
		if (line % FILE_STRIDE)
			continue;
		if (sg_grow(&file->starts, &file->start_room, file->start_count, 1, sizeof(*file->starts)))
			return;
		file->starts[file->start_count++] = offset;
	}
}

const char *sg_files_line(const struct sg_files *files, uint32_t index, uint32_t line, size_t *ret_size)
{
	size_t offset = 0, end, skip;
	struct file *file;

	if (index >= files->count || !line)
		return NULL;
	file = &files->items[index];
	if (!file->starts)
		file_index(file);
	skip = line - 1;
	if (file->start_count) {
		size_t known = skip / FILE_STRIDE;

		if (known >= file->start_count)
			known = file->start_count - 1;
		offset = file->starts[known];
		skip -= known * FILE_STRIDE;
	}
	while (skip-- && offset < file->size)
		offset = file_next_line(file, offset);
	if (offset >= file->size)
		return NULL;
	end = file_next_line(file, offset);
	if (end > offset && file->text[end - 1] == '\n')
		end--;
	if (end > offset && file->text[end - 1] == '\r')
		end--;
	*ret_size = end - offset;
	return file->text + offset;
}

static char *diag_format(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

static char *diag_format(const char *format, va_list args)
{
	char *text;

	return vasprintf(&text, format, args) < 0 ? NULL : text;
}

void sg_diag_add(struct sg_diags *diags, enum sg_severity severity, const char *id, struct sg_span span,
		 const char *format, ...)
{
	char *message;
	va_list args;

	if (severity == SG_SEVERITY_ERROR)
		diags->errors++;
	else if (severity == SG_SEVERITY_WARNING)
		diags->warnings++;
	if (diags->out_of_memory)
		return;
	va_start(args, format);
	message = diag_format(format, args);
	va_end(args);
	if (!message || sg_grow(&diags->items, &diags->room, diags->count, 1, sizeof(*diags->items))) {
		free(message);
		diags->out_of_memory = true;
		return;
	}
	diags->items[diags->count++] =
		(struct sg_diag){.severity = severity, .id = id, .span = span, .message = message};
}

void sg_diag_hint(struct sg_diags *diags, const char *format, ...)
{
	struct sg_diag *newest;
	va_list args;

	/* with memory gone the newest in the list may not be the one that the hint was meant for */
	if (!diags->count || diags->out_of_memory)
		return;
	newest = &diags->items[diags->count - 1];
	free(newest->hint);
	va_start(args, format);
	newest->hint = diag_format(format, args);
	va_end(args);
	if (!newest->hint)
		diags->out_of_memory = true;
}

static int diag_compare(const struct sg_diag *a, const struct sg_diag *b)
{
	if (a->span.file != b->span.file)
		return a->span.file < b->span.file ? -1 : 1;
	if (a->span.line != b->span.line)
		return a->span.line < b->span.line ? -1 : 1;
	if (a->span.column != b->span.column)
		return a->span.column < b->span.column ? -1 : 1;
	return 0;
}

/* Needs no memory; linear when the items are in order. */
static void diag_insertion_sort(struct sg_diag *items, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct sg_diag moving = items[i];
		size_t j = i;

		for (; j && diag_compare(&items[j - 1], &moving) > 0; j--)
			items[j] = items[j - 1];
		items[j] = moving;
	}
}

static void diag_merge_sort(struct sg_diag *items, struct sg_diag *scratch, size_t count)
{
	size_t middle = count / 2, left = 0, right = middle, out = 0;

	if (count < 16) {
		diag_insertion_sort(items, count);
		return;
	}
	diag_merge_sort(items, scratch, middle);
	diag_merge_sort(items + middle, scratch, count - middle);
	memcpy(scratch, items, middle * sizeof(*items));
	while (left < middle && right < count) {
		if (diag_compare(&items[right], &scratch[left]) < 0)
			items[out++] = items[right++];
		else
			items[out++] = scratch[left++];
	}
	memcpy(items + out, scratch + left, (middle - left) * sizeof(*items));
}

void sg_diags_sort(struct sg_diags *diags)
{
	sg_autofree struct sg_diag *scratch = NULL;

	if (diags->count >= 16)
		scratch = calloc(diags->count / 2, sizeof(*scratch));
	if (scratch)
		diag_merge_sort(diags->items, scratch, diags->count);
	else
		diag_insertion_sort(diags->items, diags->count);
}

bool sg_diags_failed(const struct sg_diags *diags)
{
	return diags->errors || diags->out_of_memory;
}

void sg_diags_clear(struct sg_diags *diags)
{
	for (size_t i = 0; i < diags->count; i++) {
		free(diags->items[i].message);
		free(diags->items[i].hint);
	}
	free(diags->items);
	*diags = (struct sg_diags){0};
}
