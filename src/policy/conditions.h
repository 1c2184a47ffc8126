/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conditions.h - the names under which the kernel keeps what a policy's lines hang on. */
#ifndef SG_POLICY_CONDITIONS_H
#define SG_POLICY_CONDITIONS_H

#include "policy/reader.h"

/* Names the meters of the lines, and makes the policy's loggings, once all lines are read. False: no memory. */
bool sg_conditions_finish(struct reader *reader);

#endif
