/* SPDX-License-Identifier: GPL-2.0-or-later */
/* units.h - pieces of kernel_units.h, apart from this host. */
#ifndef SG_KERNEL_UNITS_H
#define SG_KERNEL_UNITS_H

#include "sockgate/kernel_units.h"

struct sg_unit_row {
	const char *name; /* borrowed */
	struct sg_unit unit;
};

/* The units of the rows in the folder of all control groups. */
int sg_units_look(int folder, struct sg_unit_row *rows, size_t count, struct sg_error *err);
/* Whether systemd keeps its units there. */
bool sg_units_live_here(int folder);
/* Whether a kernel of this release (uname(2)) counts levels from the root of the control group namespace. */
bool sg_units_level_is_ours(const char *release);

#endif
