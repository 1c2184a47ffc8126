/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The error object: fixed size, so that reporting a failure cannot fail. A message is always made in a buffer of its
 * own first, because the arguments may point into the very error that is being filled.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "sockgate/error.h"

static void error_append(char *message, size_t room, size_t *length, const char *format, va_list args)
	__attribute__((format(printf, 4, 0)));

/* Appends formatted text at *length, cutting it at the end of the message, between characters of UTF-8. */
static void error_append(char *message, size_t room, size_t *length, const char *format, va_list args)
{
	int added = vsnprintf(message + *length, room - *length, format, args);

	if (added < 0) {
		message[*length] = '\0';
		return;
	}
	if ((size_t)added < room - *length) {
		*length += (size_t)added;
		return;
	}
	/* vsnprintf cut it: take a last character that lost its tail away too */
	size_t end = room - 1, start = end;

	while (start > *length && ((unsigned char)message[start - 1] & 0xc0) == 0x80)
		start--;
	if (start > *length && (unsigned char)message[start - 1] >= 0xc0) {
		unsigned char lead = (unsigned char)message[start - 1];
		size_t needs = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;

		if (end - (start - 1) < needs)
			end = start - 1;
	}
	message[end] = '\0';
	*length = end;
}

static void error_appendf(char *message, size_t room, size_t *length, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void error_appendf(char *message, size_t room, size_t *length, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_append(message, room, length, format, args);
	va_end(args);
}

int sg_error_set(struct sg_error *err, enum sg_error_kind kind, int errnum, const char *format, ...)
{
	char message[sizeof(err->message)] = "";
	size_t length = 0;
	va_list args;

	if (!err)
		return -1;
	va_start(args, format);
	error_append(message, sizeof(message), &length, format, args);
	va_end(args);
	if (errnum) {
		char text[128];

		/* the GNU strerror_r, which gives the text back and needs no lock */
		error_appendf(message, sizeof(message), &length, ": %s", strerror_r(errnum, text, sizeof(text)));
	}
	err->kind = kind;
	err->errnum = errnum;
	memcpy(err->message, message, length + 1);
	return -1;
}

int sg_error_nomem(struct sg_error *err)
{
	return sg_error_set(err, SG_ERROR_MEMORY, 0, "out of memory");
}

int sg_error_prefix(struct sg_error *err, const char *format, ...)
{
	char message[sizeof(err->message)] = "";
	size_t length = 0;
	va_list args;

	if (!err)
		return -1;
	va_start(args, format);
	error_append(message, sizeof(message), &length, format, args);
	va_end(args);
	error_appendf(message, sizeof(message), &length, ": %s", err->message);
	memcpy(err->message, message, length + 1);
	return -1;
}

int sg_error_exit_code(const struct sg_error *err)
{
	switch (err ? err->kind : SG_ERROR_NONE) {
	case SG_ERROR_NONE: return 0;
	case SG_ERROR_INPUT: return 2;
	case SG_ERROR_SYSTEM:
	case SG_ERROR_MEMORY:
	case SG_ERROR_LIMIT:
	case SG_ERROR_CHANGED: return 3;
	case SG_ERROR_UNPROVEN: return 4;
	}
	return 3;
}
