/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lower_log.h - which of the packets that the lines and the default decide are logged, and how. */
#ifndef SG_POLICY_LOWER_LOG_H
#define SG_POLICY_LOWER_LOG_H

#include "policy/coverage.h"

/* Indexes from 1 into the policy's loggings, 0 where nothing is logged; over the levels from protocol on. FAILED in a
 * context that has not failed: out of memory. */
sg_ref sg_lower_log(const struct sg_policy *policy, struct sg_idd *idd, struct sg_coverage *coverage);

#endif
