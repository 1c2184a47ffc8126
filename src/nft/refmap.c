// SPDX-License-Identifier: GPL-2.0-or-later
/* A hash table from references to numbers: open addressing, at most half full. SG_IDD_FAILED marks a free place. */
#include "nft/refmap.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

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

/* ------------------------------------------------------------------ support */

void sg_support_clear(struct sg_support *support)
{
	sg_refmap_clear(&support->seen);
	free(support->levels);
}

static int add_support(const struct sg_idd *idd, sg_ref ref, struct sg_support *support, struct sg_error *err)
{
	uint32_t known;
	size_t level, at = 0;

	if (sg_idd_is_terminal(ref) || sg_refmap_get(&support->seen, ref, &known))
		return 0;
	if (sg_refmap_put(&support->seen, ref, 1, err))
		return -1;
	level = sg_idd_level(idd, ref);
	while (at < support->count && support->levels[at] < level)
		at++;
	if (at == support->count || support->levels[at] != level) {
		if (sg_grow(&support->levels, &support->room, support->count, 1, sizeof(*support->levels)))
			return sg_error_nomem(err);
		memmove(support->levels + at + 1, support->levels + at,
			(support->count++ - at) * sizeof(*support->levels));
		support->levels[at] = level;
	}
	for (size_t i = 0; i < sg_idd_edges(idd, ref); i++)
		if (add_support(idd, sg_idd_edge_child(idd, ref, i), support, err))
			return -1;
	return 0;
}

int sg_support_find(const struct sg_idd *idd, sg_ref ref, struct sg_support *ret, struct sg_error *err)
{
	return sg_idd_check(idd, ref, err) || add_support(idd, ref, ret, err) ? -1 : 0;
}
