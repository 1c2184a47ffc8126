/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_local.h - the addresses of this network namespace. */
#ifndef SOCKGATE_KERNEL_LOCAL_H
#define SOCKGATE_KERNEL_LOCAL_H

#include "sockgate/local.h"

/* The addresses of all interfaces of the calling thread's network namespace. *ret is overwritten. Needs no rights. */
int sg_kernel_local_addresses(struct sg_local_addresses *ret, struct sg_error *err);

/* The ports that the kernel hands out to sockets that ask for none, in that namespace. Needs no rights, but /proc. */
int sg_kernel_ephemeral_ports(uint16_t *ret_first, uint16_t *ret_last, struct sg_error *err);

#endif
