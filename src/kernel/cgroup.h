/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cgroup.h - the control groups of version 2 (cgroups(7)), as folders and by their ids. */
#ifndef SG_KERNEL_CGROUP_H
#define SG_KERNEL_CGROUP_H

#include "sockgate/listener.h"

struct sg_cgroups {
	int folder;  /* where they are mounted, open; -1: nowhere */
	char *place; /* its path */
	bool whole;  /* it begins at the root of our control group namespace */
};
/* Finds the mount, one that is whole if there is one. -1: out of memory. */
int sg_cgroups_open(struct sg_cgroups *ret, struct sg_error *err);
void sg_cgroups_close(struct sg_cgroups *cgroups);

/* A descriptor of a group's folder, by its id; -1 with errno. Needs CAP_DAC_READ_SEARCH. */
int sg_cgroups_open_id(const struct sg_cgroups *cgroups, uint64_t id);
/* The path of a group below the mount, by its id. False: gone, or no right to ask. */
bool sg_cgroups_path(const struct sg_cgroups *cgroups, uint64_t id, char *path, size_t size);
/* The groups that one lies in, by its path and id; not known when the path no longer leads there, or when the mount is
 * not whole. -1: out of memory. */
int sg_cgroups_lineage(const struct sg_cgroups *cgroups, const char *path, uint64_t id, struct sg_lineage *ret,
		       struct sg_error *err);

/*
 * The next mount of them in the text of /proc/self/mountinfo (proc_pid_mountinfo(5)), from *cursor on, which is moved
 * behind it: malloc'd path, NULL when there is none. -1: out of memory.
 */
int sg_cgroups_next_mount(const char **cursor, char **ret_place, bool *ret_whole, struct sg_error *err);

#endif
