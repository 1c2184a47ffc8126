/* SPDX-License-Identifier: GPL-2.0-or-later */
/* buf.h - a growable byte buffer. An allocation that fails is remembered: callers check once, at the end. */
#ifndef SOCKGATE_BUF_H
#define SOCKGATE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include "sockgate/error.h"

struct sg_buf {
	char *data;      /* NUL-terminated whenever it is not NULL; the NUL is not counted */
	size_t size, room;
	bool failed;     /* out of memory at some time; what was added since is lost */
};

void sg_buf_add(struct sg_buf *buf, const void *data, size_t size);
void sg_buf_adds(struct sg_buf *buf, const char *string);
void sg_buf_addc(struct sg_buf *buf, char c);
void sg_buf_addf(struct sg_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sg_buf_vaddf(struct sg_buf *buf, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
void sg_buf_pad(struct sg_buf *buf, char c, size_t count);
void sg_buf_truncate(struct sg_buf *buf, size_t size);
void sg_buf_clear(struct sg_buf *buf);                     /* frees; the buffer is empty and usable */
/* The bytes as a malloc'd string that the caller owns (never NULL on success), or NULL with err when it failed. */
char *sg_buf_steal(struct sg_buf *buf, size_t *ret_size, struct sg_error *err);

#endif
