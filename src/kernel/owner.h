/* SPDX-License-Identifier: GPL-2.0-or-later */
/* owner.h - the pieces of sg_owners_find (kernel_listeners.h): what /proc says, apart from walking through it. */
#ifndef SG_KERNEL_OWNER_H
#define SG_KERNEL_OWNER_H

#include "sockgate/kernel_listeners.h"

/* The inode of a descriptor that is a socket, by what /proc/PID/fd/N links to ("socket:[4711]"); 0: not a socket. */
uint32_t sg_owner_socket_inode(const char *link, size_t size);

/*
 * Unit and container by the text of /proc/PID/cgroup (cgroups(7)): of the unified hierarchy when it says something,
 * else of systemd's own, else of the first other one. Outputs malloc'd or NULL. -1: out of memory.
 */
int sg_owner_from_cgroups(const char *text, size_t size, char **ret_unit, char **ret_container, struct sg_error *err);

#endif
