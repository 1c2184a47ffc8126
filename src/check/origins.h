/* SPDX-License-Identifier: GPL-2.0-or-later */
/* origins.h - who decides about a set of packets. */
#ifndef SG_CHECK_ORIGINS_H
#define SG_CHECK_ORIGINS_H

#include "sockgate/subject.h"

/* Origin numbers. */
struct sg_refs {
	uint32_t *items;
	size_t count, room;
};
int sg_refs_add(struct sg_refs *refs, uint32_t number, struct sg_error *err);
void sg_refs_unique(struct sg_refs *refs); /* ascending, without doubles */
void sg_refs_clear(struct sg_refs *refs);

/* A decision, or what it says below some values of its upper levels. */
struct sg_origins {
	struct sg_idd *idd;
	sg_ref verdict, origin[SG_VERDICTS];
};
struct sg_origins sg_origins_of(const struct sg_decision *decision);
/*
 * Adds the origins, 0 aside, that packets of the set have. All of them have the outcome (of the settled decision) when
 * it is ACCEPT, DROP or REJECT, which saves work; else their verdicts are looked at. Sort with sg_refs_unique.
 */
int sg_origins_find(const struct sg_origins *origins, enum sg_outcome outcome, sg_ref set, struct sg_refs *add,
		    struct sg_error *err);

#endif
