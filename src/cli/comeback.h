/* SPDX-License-Identifier: GPL-2.0-or-later */
/* comeback.h - which policy has to come back when another program flushes the rules of this host. */
#ifndef SG_CLI_COMEBACK_H
#define SG_CLI_COMEBACK_H

#include "cli/session.h"

/*
 * /run/sockgate/applied is a symlink to the policy that is in force on this host, or that a lockdown stands in for. The
 * drop-in for nftables.service applies it again. sockgate.service may be inactive all the while: who applies by hand need
 * not start it. Only the network namespace of the host's first process counts. That the link cannot be written is no error:
 * while sockgate.service is active or failed, the drop-in does without. in_force: the session's policy is; else it could not
 * be loaded, and takes no other's place.
 */
void comeback_remember(struct session *session, bool in_force);
/* After the rules were cleared. */
void comeback_forget(void);

#endif
