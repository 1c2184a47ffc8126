/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settle.h - a decision freed of what its evaluator did not understand. */
#ifndef SG_CHECK_SETTLE_H
#define SG_CHECK_SETTLE_H

#include "sockgate/subject.h"

/*
 * enum sg_outcome at every packet that can exist (ACCEPT, DROP, REJECT, UNDECIDED; never NONE), NONE elsewhere; tests
 * packet levels only. Equal decisions settle to equal references. Conditions that are left in the decision are unknown.
 */
sg_ref sg_settle(const struct sg_decision *decision);

#endif
