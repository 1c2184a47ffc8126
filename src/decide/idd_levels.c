/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idd_levels.c - the levels of a context, and those that are found by their tags. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "decide/idd_node.h"

size_t sg_idd_add_level(struct sg_idd *idd, sg_u128 max)
{
	if (idd->level_count >= SG_IDD_BOTTOM ||
	    sg_grow(&idd->levels, &idd->level_room, idd->level_count, 1, sizeof(*idd->levels)) < 0)
		return SIZE_MAX;
	idd->levels[idd->level_count] = (struct sg_idd_level){.max = max, .wide = max > UINT32_MAX};
	return idd->level_count++;
}

/* FNV-1a */
static uint32_t idd_tag_hash(const void *tag, size_t size)
{
	const uint8_t *bytes = tag;
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 16777619U;
	return hash;
}

/* The slot of the tag, or the free one where it belongs. */
static uint32_t *idd_tag_slot(const struct sg_idd *idd, uint32_t hash, const void *tag, size_t size)
{
	size_t at = hash & (idd->tag_room - 1);

	for (; idd->tag_slots[at]; at = (at + 1) & (idd->tag_room - 1)) {
		const struct sg_idd_level *level = &idd->levels[idd->tag_slots[at] - 1];

		if (level->hash == hash && level->tag_size == size && !memcmp(level->tag, tag, size))
			break;
	}
	return &idd->tag_slots[at];
}

/* Room for one more tag. */
static bool idd_grow_tags(struct sg_idd *idd)
{
	size_t room = idd->tag_room ? 2 * idd->tag_room : 64;
	uint32_t *slots, *old = idd->tag_slots;

	if (idd->tag_room && idd->tag_count < idd->tag_room / 2)
		return true;
	slots = calloc(room, sizeof(*slots));
	if (!slots)
		return false;
	idd->tag_slots = slots;
	idd->tag_room = room;
	for (size_t i = 0; i < idd->level_count; i++) {
		const struct sg_idd_level *level = &idd->levels[i];

		if (level->tag)
			*idd_tag_slot(idd, level->hash, level->tag, level->tag_size) = (uint32_t)i + 1;
	}
	free(old);
	return true;
}

size_t sg_idd_tagged_level(struct sg_idd *idd, sg_u128 max, const void *tag, size_t size)
{
	uint32_t hash = idd_tag_hash(tag, size), *slot;
	sg_autofree void *own = NULL;
	size_t level;

	if (!idd_grow_tags(idd)) {
		sg_idd_fail(idd, SG_ERROR_MEMORY, "out of memory");
		return SIZE_MAX;
	}
	slot = idd_tag_slot(idd, hash, tag, size);
	if (*slot)
		return *slot - 1;
	own = malloc(size + 1);
	level = own ? sg_idd_add_level(idd, max) : SIZE_MAX;
	if (level == SIZE_MAX) {
		sg_idd_fail(idd, SG_ERROR_MEMORY, "out of memory");
		return SIZE_MAX;
	}
	memcpy(own, tag, size);
	idd->levels[level].hash = hash;
	idd->levels[level].tag_size = size;
	idd->levels[level].tag = sg_steal(own);
	*slot = (uint32_t)level + 1;
	idd->tag_count++;
	return level;
}

const void *sg_idd_level_tag(const struct sg_idd *idd, size_t level, size_t *ret_size)
{
	*ret_size = idd->levels[level].tag_size;
	return idd->levels[level].tag;
}

size_t sg_idd_levels(const struct sg_idd *idd)
{
	return idd->level_count;
}

sg_u128 sg_idd_level_max(const struct sg_idd *idd, size_t level)
{
	return idd->levels[level].max;
}
