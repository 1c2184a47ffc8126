/* SPDX-License-Identifier: GPL-2.0-or-later */
/* refmap.h - what is known of references, by hashing, and the levels that a diagram asks. */
#ifndef SG_NFT_REFMAP_H
#define SG_NFT_REFMAP_H

#include "sockgate/idd.h"

/* References to small numbers, by hashing. Zero-initialised before. */
struct sg_refmap {
	sg_ref *keys;
	uint32_t *values;
	size_t size, count;
};
bool sg_refmap_get(const struct sg_refmap *map, sg_ref key, uint32_t *ret);
int sg_refmap_put(struct sg_refmap *map, sg_ref key, uint32_t value, struct sg_error *err);
void sg_refmap_clear(struct sg_refmap *map);

/* The levels that a diagram asks, ascending. Zero-initialised before. Takes as long as the diagram is large. */
struct sg_support {
	struct sg_refmap seen;
	size_t *levels;
	size_t count, room;
};
int sg_support_find(const struct sg_idd *idd, sg_ref ref, struct sg_support *ret, struct sg_error *err);
void sg_support_clear(struct sg_support *support);

#endif
