/* SPDX-License-Identifier: GPL-2.0-or-later */
/* refs.h - lists of diagrams, or of origin numbers: both are 32 bits. */
#ifndef SG_CHECK_REFS_H
#define SG_CHECK_REFS_H

#include "sockgate/idd.h"

struct sg_refs {
	uint32_t *items;
	size_t count, room;
};
int sg_refs_add(struct sg_refs *refs, uint32_t ref, struct sg_error *err);
int sg_refs_copy(const struct sg_refs *refs, struct sg_refs *ret, struct sg_error *err);
void sg_refs_unique(struct sg_refs *refs); /* ascending, without doubles */
void sg_refs_clear(struct sg_refs *refs);

/* The terminals that the diagrams have inside of the set, ascending, 0 aside. */
int sg_origins_find(struct sg_idd *idd, sg_ref set, const struct sg_refs *diagrams, struct sg_refs *ret,
		    struct sg_error *err);

#endif
