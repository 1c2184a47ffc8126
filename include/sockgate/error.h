/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * error.h - the one error object of the library.
 *
 * Every function that can fail takes a `struct sg_error *` as its last argument and returns -1 or NULL.
 * On failure the error is filled and no output parameter is touched; on success the error is untouched.
 * A NULL error pointer is allowed: the caller then learns only that it failed. The object owns no memory,
 * so that running out of memory can be reported too.
 */
#ifndef SOCKGATE_ERROR_H
#define SOCKGATE_ERROR_H

#include <stdbool.h>

enum sg_error_kind {
	SG_ERROR_NONE = 0,
	SG_ERROR_INPUT,     /* what the user gave is wrong: usage, policy, file content (exit 2) */
	SG_ERROR_SYSTEM,    /* the system refused: permission, kernel, I/O (exit 3) */
	SG_ERROR_MEMORY,    /* out of memory (exit 3) */
	SG_ERROR_LIMIT,     /* a hard cap of ours was reached (exit 3) */
	SG_ERROR_CHANGED,   /* the kernel's ruleset moved under us; trying again may help (exit 3) */
	SG_ERROR_UNPROVEN,  /* an answer could not be proven (exit 4) */
};

struct sg_error {
	enum sg_error_kind kind;
	int errnum;         /* errno of the cause, 0 when there is none */
	char message[512];  /* no capital, no full stop; cut at the end when longer */
};

/* Fills `err` (may be NULL); a non-zero errnum appends ": strerror". Returns -1, for `return sg_error_set(...)`. */
int sg_error_set(struct sg_error *err, enum sg_error_kind kind, int errnum, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same for an allocation that failed. Returns -1. */
int sg_error_nomem(struct sg_error *err);

/* Puts "text: " before the message. Returns -1. */
int sg_error_prefix(struct sg_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The exit code that stands for the error (0 for none, 2, 3 or 4). */
int sg_error_exit_code(const struct sg_error *err);

#endif
