/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rules.h - the rules of a policy. */
#ifndef SOCKGATE_RULES_H
#define SOCKGATE_RULES_H

#include "sockgate/compile.h"
#include "sockgate/policy.h"

/*
 * The table for a policy's decision: sets are called after the policy's groups, comments are the policy's comments, and
 * origins are those of the decision. `ret` is a zeroed table.
 */
int sg_rules_of_policy(const struct sg_policy *policy, const struct sg_decision *decision, struct sg_table *ret,
		       struct sg_error *err);

#endif
