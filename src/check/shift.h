/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shift.h - packets that meet the same verdict before and after, but under other conditions, or logged otherwise. */
#ifndef SG_CHECK_SHIFT_H
#define SG_CHECK_SHIFT_H

#include "sockgate/terms.h"

/* What hangs on conditions for some packets, before and after: diagrams of conditions. */
struct sg_shift {
	sg_ref verdict[2], log[2];
	bool undecided; /* that it is not the same hangs on something that is not understood */
};
struct sg_shifts {
	sg_ref which; /* at each packet the index from 1 of its shift; 0: it has none */
	struct sg_shift *items;
	size_t count, room;
	struct sg_logging *loggings; /* what the logs' numbers are of, from 1; the strings are borrowed */
};
/* `same`: the packets that are judged alike when every condition is met. */
int sg_shifts_find(const struct sg_subject *from, const struct sg_subject *to, sg_ref same, struct sg_shifts *ret,
		   struct sg_error *err);
void sg_shifts_clear(struct sg_shifts *shifts);

#endif
