/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nest.h - the order in which sets that contain each other can be made, and the circles in which they cannot. */
#ifndef SG_POLICY_NEST_H
#define SG_POLICY_NEST_H

#include "policy/reader.h"

/* Set `from` contains set `to`; said at `node`. */
struct nest_edge {
	size_t from, to;
	uint32_t node;
};

struct nest {
	struct nest_edge *edges; /* ascending by `from` */
	size_t count, room;
};

bool sg_nest_add(struct reader *reader, struct nest *nest, size_t from, size_t to, uint32_t node);
/*
 * All of 0 … count-1, what is contained before what contains it, into *ret (malloc'd). A circle is reported with the
 * way round, told by name(i); its last step is left aside. False: no memory.
 */
bool sg_nest_order(struct reader *reader, const struct nest *nest, size_t count,
		   const char *(*name)(const struct reader *reader, size_t i), size_t **ret);
/* The first edge of a set (the number of edges when it has none). */
size_t sg_nest_first(const struct nest *nest, size_t from);
void sg_nest_clear(struct nest *nest);

#endif
