/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diag.h - diagnostics that point at a place in a file.
 *
 * A `struct sg_files` keeps the text of every file that was read (policy, list files), so that a diagnostic can
 * show the line that it speaks of. A `struct sg_span` is a place in one of them.
 */
#ifndef SOCKGATE_DIAG_H
#define SOCKGATE_DIAG_H

#include <stddef.h>
#include <stdint.h>
#include "sockgate/error.h"

struct sg_files;

/* line and column count from 1, columns in characters (UTF-8 code points); line 0: the file as a whole;
 * file SG_NO_FILE: no place at all. length is in characters, at least 1 where there is a caret. */
#define SG_NO_FILE UINT32_MAX
struct sg_span {
	uint32_t file;
	uint32_t line;
	uint32_t column;
	uint32_t length;
};
#define SG_SPAN_NONE ((struct sg_span){SG_NO_FILE, 0, 0, 0})

enum sg_severity { SG_SEVERITY_ERROR, SG_SEVERITY_WARNING, SG_SEVERITY_NOTE };

struct sg_diag {
	enum sg_severity severity;
	const char *id;      /* stable, "policy/unknown-key"; static storage */
	struct sg_span span;
	char *message;       /* owned by the list */
	char *hint;          /* owned; NULL when there is none */
};

/* A list of diagnostics in the order in which they were found. Zero-initialised is empty. */
struct sg_diags {
	struct sg_diag *items;
	size_t count, room;
	size_t errors, warnings;
	bool out_of_memory;  /* one was lost: sg_diags_failed says true */
};

struct sg_files *sg_files_new(void);                       /* NULL: out of memory */
void sg_files_free(struct sg_files *files);
/* Keeps a copy of name and takes ownership of text (malloc'd, size bytes; freed also on failure). Returns the index. */
int sg_files_add(struct sg_files *files, const char *name, char *text, size_t size, uint32_t *ret_index,
		 struct sg_error *err);
uint32_t sg_files_count(const struct sg_files *files);
const char *sg_files_name(const struct sg_files *files, uint32_t index);
const char *sg_files_text(const struct sg_files *files, uint32_t index, size_t *ret_size);
/* The bytes of a line (from 1), without its line end (LF or CRLF); NULL when there is none. */
const char *sg_files_line(const struct sg_files *files, uint32_t index, uint32_t line, size_t *ret_size);

/* Adds one; hint_format may be NULL through sg_diag_add. Never fails: out_of_memory is remembered. */
void sg_diag_add(struct sg_diags *diags, enum sg_severity severity, const char *id, struct sg_span span,
		 const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Gives the newest diagnostic a hint. */
void sg_diag_hint(struct sg_diags *diags, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Sorts by file, line, column; keeps the order of equals. */
void sg_diags_sort(struct sg_diags *diags);
bool sg_diags_failed(const struct sg_diags *diags);        /* any error, or out of memory */
void sg_diags_clear(struct sg_diags *diags);

#endif
