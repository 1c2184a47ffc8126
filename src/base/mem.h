/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mem.h - ownership helpers: cleanup attributes, stealing, growing arrays. */
#ifndef SG_BASE_MEM_H
#define SG_BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

static inline void sg_free_pointer(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

/* sg_autofree char *s = strdup(...): freed when it goes out of scope. */
#define sg_autofree __attribute__((cleanup(sg_free_pointer)))
#define sg_cleanup(function) __attribute__((cleanup(function)))

static inline void *sg_steal_pointer(void *pointer_to_pointer)
{
	void **from = pointer_to_pointer, *taken = *from;

	*from = NULL;
	return taken;
}
/* Gives the pointer away and leaves NULL behind. */
#define sg_steal(lvalue) ((__typeof__(lvalue))sg_steal_pointer(&(lvalue)))

/*
 * Makes room for `more` items behind `count` in a malloc'd array; *room is in items. Returns 0, or -1 when out of
 * memory or when the size would overflow: the array is then as it was. Growth is geometric.
 */
int sg_grow(void *array_pointer, size_t *room, size_t count, size_t more, size_t item_size);

#define SG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
