/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "sockgate/buf.h"

/* Room for `more` bytes and the NUL. */
static bool buf_reserve(struct sg_buf *buf, size_t more)
{
	if (buf->failed)
		return false;
	if (more < SIZE_MAX && !sg_grow(&buf->data, &buf->room, buf->size, more + 1, 1))
		return true;
	buf->failed = true;
	return false;
}

void sg_buf_add(struct sg_buf *buf, const void *data, size_t size)
{
	if (!buf_reserve(buf, size))
		return;
	if (size)
		memcpy(buf->data + buf->size, data, size);
	buf->size += size;
	buf->data[buf->size] = '\0';
}

void sg_buf_adds(struct sg_buf *buf, const char *string)
{
	sg_buf_add(buf, string, strlen(string));
}

void sg_buf_addc(struct sg_buf *buf, char c)
{
	sg_buf_add(buf, &c, 1);
}

void sg_buf_addf(struct sg_buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sg_buf_vaddf(buf, format, args);
	va_end(args);
}

void sg_buf_vaddf(struct sg_buf *buf, const char *format, va_list args)
{
	va_list again;
	size_t left;
	int needed;

	if (buf->failed)
		return;
	va_copy(again, args);
	left = buf->room - buf->size;
	needed = vsnprintf(left ? buf->data + buf->size : NULL, left, format, again);
	va_end(again);
	if (needed >= 0 && (size_t)needed >= left) {
		if (!buf_reserve(buf, (size_t)needed)) {
			if (buf->data)
				buf->data[buf->size] = '\0'; /* what the first try wrote goes away again */
			return;
		}
		needed = vsnprintf(buf->data + buf->size, buf->room - buf->size, format, args);
	}
	if (needed < 0)
		buf->failed = true;
	else
		buf->size += (size_t)needed;
	if (buf->data)
		buf->data[buf->size] = '\0';
}

void sg_buf_pad(struct sg_buf *buf, char c, size_t count)
{
	if (!buf_reserve(buf, count))
		return;
	memset(buf->data + buf->size, c, count);
	buf->size += count;
	buf->data[buf->size] = '\0';
}

void sg_buf_truncate(struct sg_buf *buf, size_t size)
{
	if (size >= buf->size)
		return;
	buf->size = size;
	buf->data[size] = '\0';
}

void sg_buf_clear(struct sg_buf *buf)
{
	free(buf->data);
	*buf = (struct sg_buf){0};
}

char *sg_buf_steal(struct sg_buf *buf, size_t *ret_size, struct sg_error *err)
{
	char *data;

	sg_buf_add(buf, "", 0); /* an empty buffer becomes an empty string */
	if (buf->failed) {
		sg_error_nomem(err);
		return NULL;
	}
	if (ret_size)
		*ret_size = buf->size;
	data = sg_steal(buf->data);
	sg_buf_clear(buf);
	return data;
}
