/* SPDX-License-Identifier: GPL-2.0-or-later */
/* region.h - lines as sets of packets: which protocols and ports, and under which constraints. */
#ifndef SG_POLICY_REGION_H
#define SG_POLICY_REGION_H

#include "sockgate/policy.h"

/* Address sets that were turned into nodes already, by the memory that they lie in: lines share the sets of groups. */
struct sg_region_cache {
	struct sg_region_cached *items; /* open addressing */
	size_t count, room;
};
void sg_region_cache_clear(struct sg_region_cache *cache);
/* sg_idd_split with nothing outside; cache may be NULL. `set` is the policy's: what it lies in is what is remembered.
 */
sg_ref sg_region_split(struct sg_idd *idd, struct sg_region_cache *cache, size_t level, const struct sg_ranges *set,
		       sg_ref inside);

/* A line is the packets whose protocol and port are in `ports` and whose interface, family and addresses are in
 * `constraint`; a line about ICMP is two such parts. */
struct sg_region_part {
	sg_ref ports;      /* levels protocol and port */
	sg_ref constraint; /* levels from interface on, conditions included */
};
/* The conditions under which a line speaks: `until`; and `unit`, `limit` and `connections` when it is `met`, else it is
 * those packets, too, that it refuses because they are not. */
sg_ref sg_region_condition(struct sg_idd *idd, const struct sg_line *line, bool met);
/* Whether it refuses packets so. */
bool sg_region_is_guarded(const struct sg_line *line);
/* The parts that are not empty, with the line's conditions met; returns their number. cache may be NULL. A failure is
 * in the parts (sg_idd_check). */
size_t sg_region_parts(struct sg_idd *idd, struct sg_region_cache *cache, const struct sg_line *line,
		       struct sg_region_part ret[2]);
/* The same under that condition instead of the line's. */
size_t sg_region_parts_under(struct sg_idd *idd, struct sg_region_cache *cache, const struct sg_line *line,
			     sg_ref condition, struct sg_region_part ret[2]);
/* The set of both parts with the line's conditions met, over the levels from protocol on. */
sg_ref sg_region_set(struct sg_idd *idd, struct sg_region_cache *cache, const struct sg_line *line);
/* The same under that condition instead of the line's. */
sg_ref sg_region_set_under(struct sg_idd *idd, struct sg_region_cache *cache, const struct sg_line *line,
			   sg_ref condition);
/* New packets of such a set, in that direction, that can exist. */
sg_ref sg_region_new(struct sg_idd *idd, enum sg_direction direction, sg_ref set);

#endif
