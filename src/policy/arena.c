// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Big enough for thousands of lines of a policy, small enough to waste. */
#define ARENA_BLOCK 65536U

struct arena_block {
	struct arena_block *older;
	void *adopted; /* somebody else's allocation, freed with the block */
	_Alignas(max_align_t) unsigned char bytes[];
};

/* What fits no block gets one of its own, behind the newest, which goes on being filled. */
static struct arena_block *arena_alone(struct arena *arena, size_t size)
{
	struct arena_block *block = calloc(1, sizeof(*block) + size);

	if (!block) {
		arena->failed = true;
		return NULL;
	}
	if (arena->blocks) {
		block->older = arena->blocks->older;
		arena->blocks->older = block;
	} else {
		arena->blocks = block;
		arena->used = arena->room = 0;
	}
	return block;
}

void *sg_arena_alloc(struct arena *arena, size_t count, size_t item_size)
{
	const size_t align = _Alignof(max_align_t);
	struct arena_block *block;
	void *piece;
	size_t size;

	if (arena->failed)
		return NULL;
	if (__builtin_mul_overflow(count, item_size, &size) || size > SIZE_MAX / 2) {
		arena->failed = true;
		return NULL;
	}
	size = (size + align - 1) / align * align;
	if (size > ARENA_BLOCK / 4) {
		block = arena_alone(arena, size);
		return block ? block->bytes : NULL;
	}
	if (arena->room - arena->used < size) {
		block = calloc(1, sizeof(*block) + ARENA_BLOCK);
		if (!block) {
			arena->failed = true;
			return NULL;
		}
		block->older = arena->blocks;
		arena->blocks = block;
		arena->used = 0;
		arena->room = ARENA_BLOCK;
	}
	piece = arena->blocks->bytes + arena->used;
	arena->used += size;
	return piece;
}

char *sg_arena_string(struct arena *arena, const char *text, size_t size)
{
	char *copy = sg_arena_alloc(arena, size + 1, 1);

	if (copy)
		memcpy(copy, text, size);
	return copy;
}

char *sg_arena_format(struct arena *arena, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size >= 0)
		text = sg_arena_alloc(arena, (size_t)size + 1, 1);
	if (text) {
		va_start(args, format);
		vsnprintf(text, (size_t)size + 1, format, args);
		va_end(args);
	}
	return text;
}

bool sg_arena_keep(struct arena *arena, struct sg_ranges *set)
{
	size_t size = set->count * sizeof(*set->items);
	struct arena_block *holder;
	struct sg_range *items;

	if (arena->failed)
		return false;
	if (size <= ARENA_BLOCK / 4) {
		items = sg_arena_alloc(arena, set->count, sizeof(*items));
		if (!items)
			return false;
		if (set->count)
			memcpy(items, set->items, size);
		free(set->items);
		set->items = items;
	} else {
		holder = arena_alone(arena, 0);
		if (!holder)
			return false;
		holder->adopted = set->items;
	}
	set->room = 0;
	return true;
}

void sg_arena_clear(struct arena *arena)
{
	struct arena_block *block = arena->blocks, *older;

	for (; block; block = older) {
		older = block->older;
		free(block->adopted);
		free(block);
	}
	*arena = (struct arena){0};
}
