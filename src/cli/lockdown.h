/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lockdown.h - what stands in for a policy that cannot be loaded: nothing new comes in but SSH. */
#ifndef SG_CLI_LOCKDOWN_H
#define SG_CLI_LOCKDOWN_H

#include "cli/session.h"
#include "sockgate/apply.h"

/*
 * Behind an `apply --boot` that failed; session->failure says why. Where the kernel still has exactly the rules that a
 * policy was proven to be, they stay; else the lockdown is loaded. Says on standard error what is in force now.
 */
void lockdown_after_failure(struct session *session);

/*
 * apply --lockdown: the same for sockgate-lockdown.service, which starts when sockgate.service has failed. systemd says in
 * the environment how (systemd.exec(5), MONITOR_SERVICE_RESULT and the like, from 251 on). Returns the exit code: 0 when a
 * policy or the lockdown is in force.
 */
int lockdown_for_unit(struct session *session);

/* The reason of the lockdown that is in force, cut to `size`. False: it is not, or its rules were changed. */
bool lockdown_is_in_force(const struct sg_table *table, char *ret, size_t size);
/* Warns when the lockdown is in force. */
void lockdown_say(struct session *session, const struct sg_table *table);
/* The same where the policy could not even be read, and the kernel was not asked yet. */
void lockdown_say_of_kernel(struct session *session);

#endif
