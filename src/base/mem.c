/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <string.h>
#include "base/mem.h"

int sg_grow(void *array_pointer, size_t *room, size_t count, size_t more, size_t item_size)
{
	size_t needed, wanted, bytes;
	void *array, *moved;

	if (__builtin_add_overflow(count, more, &needed))
		return -1;
	if (needed <= *room)
		return 0;
	/* half as much again, so that n additions copy O(n) in all */
	if (__builtin_add_overflow(*room, *room / 2, &wanted) || wanted < needed)
		wanted = needed;
	if (wanted < 8)
		wanted = 8;
	if (__builtin_mul_overflow(wanted, item_size, &bytes) || bytes > PTRDIFF_MAX)
		return -1;
	memcpy(&array, array_pointer, sizeof(array));
	moved = realloc(array, bytes ? bytes : 1);
	if (!moved)
		return -1;
	memcpy(array_pointer, &moved, sizeof(moved));
	*room = wanted;
	return 0;
}
