/* SPDX-License-Identifier: GPL-2.0-or-later */
/* interfaces.h - sets of interface keys as names and wildcards, less some names and wildcards. */
#ifndef SG_CHECK_INTERFACES_H
#define SG_CHECK_INTERFACES_H

#include "sockgate/where.h"

/* The one name that is no way to other hosts. */
struct sg_range sg_interface_loopback(void);

/*
 * Splits a normalised, non-empty set of keys into sg_interface_sets, disjoint and together the set: mostly one, more
 * where a wildcard's exception has exceptions of its own ("eth* but not eth1*, yet eth10"). malloc'd items.
 */
int sg_interface_sets_of(const struct sg_ranges *keys, struct sg_interface_set **ret, size_t *ret_count,
			 struct sg_error *err);
void sg_interface_set_clear(struct sg_interface_set *set);
int sg_interface_set_copy(const struct sg_interface_set *set, struct sg_interface_set *ret, struct sg_error *err);
/* The keys that the set stands for, normalised. */
int sg_interface_set_keys(const struct sg_interface_set *set, struct sg_ranges *ret, struct sg_error *err);
/* A key in the set, one of a usual name ("eth0") where there is one. */
sg_u128 sg_interface_set_first(const struct sg_interface_set *set);

#endif
