/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_listeners.h - the listening sockets of this network namespace, and who holds them. */
#ifndef SOCKGATE_KERNEL_LISTENERS_H
#define SOCKGATE_KERNEL_LISTENERS_H

#include "sockgate/listener.h"

/*
 * All sockets of the calling thread's network namespace that can receive from others: TCP (MPTCP among them), SCTP and
 * DCCP that listen, UDP and UDP-Lite that are bound (connected ones are flagged), raw ones but those of IPPROTO_RAW,
 * which only send. Unsorted, without owners. A protocol that the kernel lacks has no sockets. *ret is overwritten.
 * Needs no rights. Fails (SG_ERROR_SYSTEM) when the kernel cannot be asked or its answer makes no sense.
 */
int sg_sockdiag_listeners(struct sg_listeners *ret, struct sg_error *err);

/*
 * Fills in the owners that the caller may know of, from /proc and the control groups; the rest stay unknown. Needs
 * CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH to name the owners of other users' sockets. Where a socket is held by systemd
 * and by the service that it was made for, the service is the owner; of several other processes, the one with the
 * lowest id. Fails only without memory: owners found until then stay in the list.
 */
int sg_owners_find(struct sg_listeners *list, struct sg_error *err);

#endif
