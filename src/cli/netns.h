/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netns.h - entering another network namespace. */
#ifndef SG_CLI_NETNS_H
#define SG_CLI_NETNS_H

#include "sockgate/error.h"

/* Moves the calling thread there: a path, a process id, or a name of /run/netns (as `ip netns` makes them). */
int netns_enter(const char *name, struct sg_error *err);

#endif
