/* SPDX-License-Identifier: GPL-2.0-or-later */
/* difference.h - what diff and apply --dry-run have in common. */
#ifndef SG_CLI_DIFFERENCE_H
#define SG_CLI_DIFFERENCE_H

#include "cli/session.h"

/* Reports what changes from the kernel to the policy of that path; returns the exit code. */
int difference_from_kernel(struct session *session, const char *path, enum loading loading);

#endif
