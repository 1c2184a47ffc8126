/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * starve.h - memory that runs out in a test program.
 *
 * starve() in tests/CMakeLists.txt has the linker turn calls of malloc into __wrap_malloc, and of __real_malloc into
 * malloc; and so for the other functions below. Included by one file of a program.
 */
#ifndef STARVE_H
#define STARVE_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

static struct {
	size_t calls;   /* allocations since starve_from or starve_end, counted from 1 */
	size_t first;   /* the one that fails; 0: none does */
	bool once;      /* the later ones succeed again; otherwise they fail too */
	size_t refused; /* how many failed */
} starving;

/* The allocation number `first`, counted from 1, fails from now on; with `once` it alone. */
static inline void starve_from(size_t first, bool once)
{
	starving.calls = starving.refused = 0;
	starving.first = first;
	starving.once = once;
}

/* No allocation fails any more. The counts stay. */
static inline void starve_end(void)
{
	starving.first = 0;
}

static inline bool starve_refuses(void)
{
	starving.calls++;
	if (!starving.first || starving.calls < starving.first || (starving.once && starving.calls > starving.first))
		return false;
	starving.refused++;
	errno = ENOMEM;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
int __real_vasprintf(char **ret, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
int __wrap_vasprintf(char **ret, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
int __wrap_asprintf(char **ret, const char *format, ...) __attribute__((format(printf, 2, 3)));

void *__wrap_malloc(size_t size)
{
	return starve_refuses() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return starve_refuses() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return starve_refuses() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
	return starve_refuses() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
	return starve_refuses() ? NULL : __real_strndup(text, size);
}

/* A failure leaves the pointer undefined (asprintf(3)), and so does this one. */
int __wrap_vasprintf(char **ret, const char *format, va_list args)
{
	if (!starve_refuses())
		return __real_vasprintf(ret, format, args);
	*ret = (char *)1;
	return -1;
}

int __wrap_asprintf(char **ret, const char *format, ...)
{
	va_list args;
	int size;

	va_start(args, format);
	size = __wrap_vasprintf(ret, format, args);
	va_end(args);
	return size;
}

#endif
