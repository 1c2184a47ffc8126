/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_units.h - systemd's units as control groups of this host, by which rules know whose socket it is. */
#ifndef SOCKGATE_KERNEL_UNITS_H
#define SOCKGATE_KERNEL_UNITS_H

#include "sockgate/condition.h"
#include "sockgate/kernel_rules.h"

/* Zero-initialised is empty. */
struct sg_units {
	const char *unenforced; /* why rules cannot tell whose socket it is, static; NULL: they can */
	struct sg_unit_row *items;
	size_t count, room;
};

/*
 * Looks for the units with these names, all at one time. Without any name nothing is asked. `kernel` says whether its
 * rules can tell whose socket it is, which needs CAP_NET_ADMIN; NULL: it is taken to.
 */
int sg_units_find(const char *const *names, size_t count, struct sg_kernel *kernel, struct sg_units *ret,
		  struct sg_error *err);
void sg_units_clear(struct sg_units *units);

/* A unit by its name; one that was not looked for is absent. */
struct sg_unit sg_units_get(const struct sg_units *units, const char *name);
/* For sg_condition_bind and the joins; good as long as the units. */
struct sg_unit_finder sg_units_finder(const struct sg_units *units);

/* Whether rules can test the control group of a socket: the kernel is asked to take such a rule in a batch that is
 * never committed. */
int sg_kernel_knows_sockets(struct sg_kernel *kernel, bool *ret, struct sg_error *err);

#endif
