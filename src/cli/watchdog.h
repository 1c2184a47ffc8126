/* SPDX-License-Identifier: GPL-2.0-or-later */
/* watchdog.h - the end of a run that waits for a file which gives no answer. */
#ifndef SG_CLI_WATCHDOG_H
#define SG_CLI_WATCHDOG_H

#include "cli/session.h"

/* Whose run it is: its last words are the session's error. Called once, before anything is read. */
void watchdog_begin(struct session *session);
/*
 * sg_policy_options.reading: `path` is about to be waited for, NULL: it is no more. When nothing is said for 10 seconds
 * after a path, the program reports an error of the system and ends.
 */
void watchdog_reading(const char *path);

#endif
