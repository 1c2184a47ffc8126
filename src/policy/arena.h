/* SPDX-License-Identifier: GPL-2.0-or-later */
/* arena.h - memory that is freed as a whole: what belongs to a policy lives as long as the policy. */
#ifndef SG_POLICY_ARENA_H
#define SG_POLICY_ARENA_H

#include <stddef.h>
#include "sockgate/addr.h"

struct arena_block;

/* Zero-initialised is empty. Once an allocation has failed every later one returns NULL too. */
struct arena {
	struct arena_block *blocks; /* the newest first; small pieces are cut from it */
	size_t used, room;          /* of the newest block */
	bool failed;
};

void *sg_arena_alloc(struct arena *arena, size_t count, size_t item_size); /* zeroed, for any type; NULL: no memory */
char *sg_arena_string(struct arena *arena, const char *text, size_t size); /* with a NUL behind */
char *sg_arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Moves a set's items into the arena: `set` becomes a view that is never cleared. False: no memory, set unchanged. */
bool sg_arena_keep(struct arena *arena, struct sg_ranges *set);
void sg_arena_clear(struct arena *arena);

#endif
