/* SPDX-License-Identifier: GPL-2.0-or-later */
/* prove.h - the check before an answer is handed out: its parts are disjoint, and together they are it. */
#ifndef SG_CHECK_PROVE_H
#define SG_CHECK_PROVE_H

#include "sockgate/idd.h"

/* Overwrites `sets`. SG_ERROR_UNPROVEN when two sets meet or their union is not `wanted`. */
int sg_prove_union(struct sg_idd *idd, sg_ref *sets, size_t count, sg_ref wanted, struct sg_error *err);

#endif
