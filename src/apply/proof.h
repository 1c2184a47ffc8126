/* SPDX-License-Identifier: GPL-2.0-or-later */
/* proof.h - that a table decides every packet as a decision does. */
#ifndef SG_APPLY_PROOF_H
#define SG_APPLY_PROOF_H

#include "sockgate/evaluate.h"

/* 0: proven. -1 with SG_ERROR_UNPROVEN, which names a packet that is, or may be, judged otherwise, or another error. */
int sg_proof(const struct sg_decision *decision, const struct sg_table *table, struct sg_error *err);

#endif
