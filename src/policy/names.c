/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sorted array: no hash that a hostile file could aim at. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/text.h"
#include "policy/names.h"

/* Looking for the nearest among more than this takes longer than the hint is worth. */
#define NAMES_NEAREST_MOST 1000

bool sg_names_add(struct names *names, const char *name, size_t index)
{
	if (sg_grow(&names->items, &names->room, names->count, 1, sizeof(*names->items)))
		return false;
	names->items[names->count++] = (struct names_entry){name, index};
	return true;
}

static int names_compare(const void *a, const void *b)
{
	const struct names_entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	return x->index < y->index ? -1 : x->index > y->index;
}

void sg_names_sort(struct names *names)
{
	if (names->count)
		qsort(names->items, names->count, sizeof(*names->items), names_compare);
}

size_t sg_names_find(const struct names *names, const char *name)
{
	size_t low = 0, high = names->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(names->items[middle].name, name);

		if (!order)
			return names->items[middle].index;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NAMES_NONE;
}

static const char *names_next(size_t i, const void *data)
{
	const struct names *names = data;

	return i < names->count ? names->items[i].name : NULL;
}

const char *sg_names_nearest(const struct names *names, const char *name)
{
	return names->count <= NAMES_NEAREST_MOST ? sg_text_nearest(name, names_next, names) : NULL;
}

void sg_names_clear(struct names *names)
{
	free(names->items);
	*names = (struct names){0};
}
