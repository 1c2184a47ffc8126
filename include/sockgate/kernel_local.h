/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_local.h - the addresses of this network namespace. */
#ifndef SOCKGATE_KERNEL_LOCAL_H
#define SOCKGATE_KERNEL_LOCAL_H

#include "sockgate/local.h"

/* The addresses of all interfaces of the calling thread's network namespace. *ret is overwritten. Needs no rights. */
int sg_kernel_local_addresses(struct sg_local_addresses *ret, struct sg_error *err);

#endif
