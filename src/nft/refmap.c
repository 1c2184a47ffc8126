// SPDX-License-Identifier: GPL-2.0-or-later
/* A hash table from references to numbers: open addressing, at most half full. SG_IDD_FAILED marks a free place. */
#include "nft/compiler.h"

#include <stdlib.h>

static size_t place_of(const struct sg_refmap *map, sg_ref key)
{
	size_t i = (key * 2654435769U) & (map->size - 1);

	while (map->keys[i] != SG_IDD_FAILED && map->keys[i] != key)
		i = (i + 1) & (map->size - 1);
	return i;
}

bool sg_refmap_get(const struct sg_refmap *map, sg_ref key, uint32_t *ret)
{
	size_t i;

	if (!map->size)
		return false;
	i = place_of(map, key);
	if (map->keys[i] != key)
		return false;
	*ret = map->values[i];
	return true;
}

static int enlarge(struct sg_refmap *map, struct sg_error *err)
{
	struct sg_refmap larger = {.size = map->size ? map->size * 2 : 64, .count = map->count};

	larger.keys = malloc(larger.size * sizeof(*larger.keys));
	larger.values = malloc(larger.size * sizeof(*larger.values));
	if (!larger.keys || !larger.values) {
		sg_refmap_clear(&larger);
		return sg_error_nomem(err);
	}
	for (size_t i = 0; i < larger.size; i++)
		larger.keys[i] = SG_IDD_FAILED;
	for (size_t i = 0; i < map->size; i++) {
		size_t place;

		if (map->keys[i] == SG_IDD_FAILED)
			continue;
		place = place_of(&larger, map->keys[i]);
		larger.keys[place] = map->keys[i];
		larger.values[place] = map->values[i];
	}
	sg_refmap_clear(map);
	*map = larger;
	return 0;
}

int sg_refmap_put(struct sg_refmap *map, sg_ref key, uint32_t value, struct sg_error *err)
{
	size_t i;

	if (map->count * 2 >= map->size && enlarge(map, err))
		return -1;
	i = place_of(map, key);
	if (map->keys[i] == SG_IDD_FAILED)
		map->count++;
	map->keys[i] = key;
	map->values[i] = value;
	return 0;
}

void sg_refmap_clear(struct sg_refmap *map)
{
	free(map->keys);
	free(map->values);
	*map = (struct sg_refmap){0};
}
