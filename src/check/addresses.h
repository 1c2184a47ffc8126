/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addresses.h - sets of addresses in the form in which they are read, each kept once however many point to it. */
#ifndef SG_CHECK_ADDRESSES_H
#define SG_CHECK_ADDRESSES_H

#include "check/memo.h"
#include "sockgate/where.h"

#define SG_FAMILY_BIT(family) (1U << (family))
#define SG_FAMILIES           (SG_FAMILY_BIT(SG_IPV4) | SG_FAMILY_BIT(SG_IPV6))

/*
 * Fills ret (zeroed) from the diagrams of both families' addresses, FULL or a node of level4 or level6 with terminals
 * alone below; those of families not in the mask are not looked at. SG_ERROR_UNPROVEN when they test something else.
 */
int sg_address_set_read(const struct sg_idd *idd, const sg_ref set[2], const size_t level[2], unsigned int families,
			struct sg_address_set *ret, struct sg_error *err);
void sg_address_set_clear(struct sg_address_set *set);
/* What the form says of one family, as a diagram of that level. */
sg_ref sg_address_set_diagram(struct sg_idd *idd, const struct sg_address_set *set, enum sg_family family,
			      size_t level);
/* The first address of the family that a stranger may have: not 0, nor ::1, unless nothing else is in the set. */
sg_u128 sg_address_set_first(const struct sg_address_set *set, enum sg_family family);

/* What sg_wheres own: sets whose addresses never move. */
struct sg_address_pool;
/* As sg_address_set_read; equal questions get the same set. NULL on failure; *pool is made when it is NULL. */
const struct sg_address_set *sg_address_pool_get(struct sg_address_pool **pool, const struct sg_idd *idd,
						 const sg_ref set[2], const size_t level[2], unsigned int families,
						 struct sg_error *err);
void sg_address_pool_free(struct sg_address_pool *pool);

#endif
