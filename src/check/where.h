/* SPDX-License-Identifier: GPL-2.0-or-later */
/* where.h - inside of the sg_wheres: making them from diagrams in a way that is checked. */
#ifndef SG_CHECK_WHERE_H
#define SG_CHECK_WHERE_H

#include "check/memo.h"
#include "sockgate/where.h"

void sg_where_clear(struct sg_where *where);
/* The set that is said, packets that cannot exist among it. Diagrams of address sets are kept in `memo` for the next
 * one. SG_IDD_FAILED with err, unless it is the context that failed: see sg_walk_check. */
sg_ref sg_where_rebuild(struct sg_idd *idd, const struct sg_where *where, struct sg_memo *memo, struct sg_error *err);

/* Interface, family and addresses of packets: a where whose other fields are open, and its exact set. */
struct sg_rect {
	struct sg_interface_set interfaces;
	unsigned int families;
	const struct sg_address_set *local, *remote;
	sg_ref set; /* tests SG_FIELD_INTERFACE and below alone */
};
struct sg_rects {
	struct sg_rect *items;
	size_t count, room;
};
/* The disjoint rectangles that make up `set`, which tests SG_FIELD_INTERFACE and below alone. */
int sg_rects_find(struct sg_idd *idd, sg_ref set, struct sg_address_pool **pool, struct sg_rects *ret,
		  struct sg_error *err);
void sg_rects_clear(struct sg_rects *rects);

/* A set of packets that share a value. */
struct sg_part {
	uint32_t value;
	struct sg_where where;
	sg_ref set;
};
struct sg_parts {
	struct sg_part *items;
	size_t count, room;
};
/*
 * Takes the packets at which `values` (a diagram over the packet levels, 0 outside of the universe) is not 0 apart
 * into parts, sorted as sg_wheres are. Proves before it returns that the parts are disjoint and exactly `values`.
 */
int sg_parts_find(struct sg_idd *idd, sg_ref values, struct sg_address_pool **pool, struct sg_parts *ret,
		  struct sg_error *err);
void sg_parts_clear(struct sg_parts *parts);

/* Rectangles of `set` as wheres of new inbound packets of every protocol and port; proven as above. */
int sg_wheres_of_rects(struct sg_idd *idd, sg_ref set, struct sg_wheres *ret, struct sg_error *err);

#endif
