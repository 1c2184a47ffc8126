/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cured.h - drops unit/restart warnings that a drop-in on this host has already dealt with. */
#ifndef SG_CLI_CURED_H
#define SG_CLI_CURED_H

#include "sockgate/policy.h"

/*
 * Removes each unit/restart warning whose unit applies the policy itself: the drop-in that the warning names,
 * sockgate.conf, exists, and its last ExecStartPost= runs `sockgate … apply`. The folders are those of systemd.unit(5), and
 * the first file counts: one in /etc masks one in /usr. Other files of a unit are not read. They may do the same in other
 * ways; a warning too many is better than one too few.
 */
void cured_forget(const struct sg_policy *policy, struct sg_diags *diags);

#endif
