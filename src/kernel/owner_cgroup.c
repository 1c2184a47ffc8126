/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups by their id: in cgroup v2 it is the file handle of the group's folder (kernfs: type 0xfe, eight
 * bytes), so open_by_handle_at(2) finds it, whatever the number of groups.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/mem.h"
#include "kernel/owner.h"

#define CGROUP_HANDLE_TYPE 0xfe /* FILEID_KERNFS of linux/exportfs.h */

int sg_owner_open_cgroups(const char **ret_place)
{
	/* where systemd mounts it: alone, or beside version 1 */
	static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

	for (size_t i = 0; i < SG_COUNT(places); i++) {
		int folder = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct statfs status;

		if (folder < 0)
			continue;
		if (!fstatfs(folder, &status) && status.f_type == CGROUP2_SUPER_MAGIC) {
			*ret_place = places[i];
			return folder;
		}
		close(folder);
	}
	return -1;
}

bool sg_owner_cgroup_path(int folder, const char *place, uint64_t id, char *path, size_t size)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(id)];
	} group = {.handle = {.handle_bytes = sizeof(id), .handle_type = CGROUP_HANDLE_TYPE}};
	size_t skip = strlen(place);
	char link[32];
	ssize_t length;
	int fd;

	memcpy(group.bytes + offsetof(struct file_handle, f_handle), &id, sizeof(id));
	fd = open_by_handle_at(folder, &group.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, size);
	close(fd);
	if (length < 0 || (size_t)length >= size)
		return false;
	path[length] = '\0';
	if (strncmp(path, place, skip) || (path[skip] && path[skip] != '/'))
		return false;
	memmove(path, path + skip, (size_t)length - skip + 1);
	return true;
}
