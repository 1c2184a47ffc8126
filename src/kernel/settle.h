/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settle.h - several dumps of one ruleset; private to src/kernel. */
#ifndef SG_KERNEL_SETTLE_H
#define SG_KERNEL_SETTLE_H

#include "sockgate/kernel_rules.h"

/* Reads something of the ruleset with one or more dumps; begins anew each time that it is called. */
typedef int sg_settled_read(struct sg_kernel *kernel, void *data, struct sg_error *err);

/*
 * Calls `read` until what it read is of one ruleset: no commit is under way when it begins, and none is made before it
 * ends. What it fails with in between is forgotten. *ret_generation is that of the ruleset. SG_ERROR_CHANGED: the
 * ruleset changed each time, however often it was tried.
 */
int sg_kernel_read_settled(struct sg_kernel *kernel, sg_settled_read *read, void *data, uint32_t *ret_generation,
			   struct sg_error *err);

#endif
