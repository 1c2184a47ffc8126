/* SPDX-License-Identifier: GPL-2.0-or-later */
/* comeback.h - which policy has to come back when another program flushes the rules of this host. */
#ifndef SG_CLI_COMEBACK_H
#define SG_CLI_COMEBACK_H

#include "cli/session.h"

/*
 * Notes the session's policy in /run/sockgate/applied, a symlink to the policy that is in force on this host, or that a
 * lockdown stands in for. The drop-in for nftables.service applies that policy again, even if sockgate.service is inactive
 * because the policy was applied by hand. Does nothing in another network namespace than that of process 1. A link that
 * cannot be written is no error: while sockgate.service is active or failed, the drop-in does without it.
 *
 * in_force: the policy is in force. False: it could not be loaded, and an existing link stays.
 */
void comeback_remember(struct session *session, bool in_force);
/* After the rules were cleared. */
void comeback_forget(void);

#endif
