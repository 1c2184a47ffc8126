/* SPDX-License-Identifier: GPL-2.0-or-later */
/* terms.h - on what a verdict hangs beside the packet, as a person reads it. */
#ifndef SOCKGATE_TERMS_H
#define SOCKGATE_TERMS_H

#include "sockgate/condition.h"
#include "sockgate/subject.h"

/* All of these together. The conditions are borrowed from the context. */
struct sg_term {
	uint64_t from, last;                    /* the time: nanoseconds since 1970, both included */
	const struct sg_condition **conditions; /* that hold */
	size_t count, room;
	const struct sg_condition **unless; /* that do not hold: of no policy, but of rules by others */
	size_t unless_count, unless_room;
	bool unknown; /* and something that is not understood comes out one way */
};

/* What becomes of packets that meet the same under all conditions. */
struct sg_terms {
	struct sg_term *items; /* alternatives under which they are accepted; none: never */
	size_t count, room;
	bool more; /* there are further ones, too many to be told */
	enum sg_outcome
		otherwise; /* under none of them; DEPENDS: not always the same; NONE: they are always accepted */
	const struct sg_logging **loggings; /* how they are logged, when they are; borrowed */
	size_t logging_count, logging_room;
};

/*
 * `verdict`, and `log` with its loggings (0: not logged), test conditions and what is unknown alone. The alternatives
 * are exactly what they are of, unless there are more.
 */
int sg_terms_find(struct sg_idd *idd, sg_ref verdict, sg_ref log, const struct sg_logging *loggings,
		  struct sg_terms *ret, struct sg_error *err);
void sg_terms_clear(struct sg_terms *terms);

#endif
