/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_processes.h - processes, as /proc tells of them. */
#ifndef SOCKGATE_KERNEL_PROCESSES_H
#define SOCKGATE_KERNEL_PROCESSES_H

#include "sockgate/process.h"

/*
 * One process. What may not be read stays unknown; a process that is gone, or hidden (hidepid), has the pid 0 in *ret.
 * At most 8 MB of its environment and 65,536 descriptors are read; if there is more, session_unknown is set, or
 * sockets_known is not. Fails only without memory.
 */
int sg_process_read(pid_t pid, struct sg_process *ret, struct sg_error *err);

#endif
