/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One process by /proc/PID/{stat,environ,fd} (proc(5)). Any of them may be refused, and the process may end meanwhile.
 */
#include "sockgate/kernel_processes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/num.h"
#include "kernel/owner.h"

#define PROCESS_VARIABLE         "SSH_CONNECTION="
#define PROCESS_ENVIRONMENT_MOST (8 << 20) /* execve(2) takes 6 MB at most; a process may make its own larger */
#define PROCESS_STAT_MOST        4096
#define PROCESS_DESCRIPTORS_MOST 65536
#define PROCESS_ENTRIES          32768

static void process_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* A small file of the process, NUL-terminated. *ret NULL: it cannot be read. -1: no memory. */
static int process_file(int folder, const char *name, size_t most, char **ret, size_t *ret_size, struct sg_error *err)
{
	sg_cleanup(process_close) int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	sg_autofree char *data = NULL;
	size_t size = 0, room = 0;
	ssize_t got = fd < 0 ? -1 : 1;

	*ret = NULL;
	while (got > 0 && size < most) {
		if (sg_grow(&data, &room, size, 4096, 1) < 0)
			return sg_error_nomem(err);
		do
			got = read(fd, data + size, 4095);
		while (got < 0 && errno == EINTR);
		if (got > 0)
			size += (size_t)got;
	}
	if (got < 0 || !data)
		return 0;
	data[size] = '\0';
	*ret_size = size;
	*ret = sg_steal(data);
	return 0;
}

/* "PID (name) state parent …"; the name may hold anything, brackets too. */
static void process_stat(const char *text, struct sg_process *process)
{
	const char *begin = strchr(text, '('), *end = strrchr(text, ')');
	uint64_t parent;
	size_t size;

	if (!begin || !end || end < begin || strlen(end) < 5 || end[1] != ' ' || end[3] != ' ')
		return;
	size = (size_t)(end - begin) - 1;
	if (size > sizeof(process->name) - 1)
		size = sizeof(process->name) - 1;
	memcpy(process->name, begin + 1, size);
	if (sg_num_parse(end + 4, strcspn(end + 4, " "), INT_MAX, &parent))
		process->parent = (pid_t)parent;
}

static int process_environment(int folder, struct sg_process *process, struct sg_error *err)
{
	sg_autofree char *data = NULL;
	size_t size = 0;

	if (process_file(folder, "environ", PROCESS_ENVIRONMENT_MOST, &data, &size, err) < 0)
		return -1;
	for (size_t i = 0; data && i < size; i += strlen(data + i) + 1)
		if (!strncmp(data + i, PROCESS_VARIABLE, strlen(PROCESS_VARIABLE)))
			sg_process_set_session(process, data + i + strlen(PROCESS_VARIABLE));
	/* the variable may be in what was not read */
	process->session_unknown |= size >= PROCESS_ENVIRONMENT_MOST && !process->has_session;
	return 0;
}

/* Clears *known when the descriptor is there and cannot be looked at. */
static int process_descriptor(int folder, const char *name, struct sg_process *process, bool *known,
			      struct sg_error *err)
{
	char link[64];
	ssize_t length = readlinkat(folder, name, link, sizeof(link) - 1);
	uint32_t inode;

	if (length <= 0) {
		*known &= length == 0 || errno == ENOENT;
		return 0;
	}
	link[length] = '\0';
	if (!strcmp(link, "/dev/ptmx") || !strcmp(link, "/dev/pts/ptmx"))
		process->terminal = true;
	inode = sg_owner_socket_inode(link, (size_t)length);
	if (!inode)
		return 0;
	if (sg_grow(&process->sockets, &process->socket_room, process->socket_count, 1, sizeof(*process->sockets)) < 0)
		return sg_error_nomem(err);
	process->sockets[process->socket_count++] = inode;
	return 0;
}

static int process_descriptors(int folder, struct sg_process *process, struct sg_error *err)
{
	sg_cleanup(process_close) int fds = openat(folder, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sg_autofree char *entries = malloc(PROCESS_ENTRIES);
	size_t seen = 0;
	ssize_t size = -1;
	bool known = true;

	if (!entries)
		return sg_error_nomem(err);
	if (fds < 0)
		return 0;
	while (seen < PROCESS_DESCRIPTORS_MOST && (size = getdents64(fds, entries, PROCESS_ENTRIES)) > 0) {
		for (ssize_t offset = 0; offset < size; seen++) {
			const struct dirent64 *entry = (const void *)(entries + offset);

			offset += entry->d_reclen;
			if (entry->d_name[0] != '.' && process_descriptor(fds, entry->d_name, process, &known, err) < 0)
				return -1;
		}
	}
	process->sockets_known = known && size == 0;
	return 0;
}

int sg_process_read(pid_t pid, struct sg_process *ret, struct sg_error *err)
{
	sg_cleanup(sg_process_clear) struct sg_process process = {0};
	sg_cleanup(process_close) int folder = -1;
	sg_autofree char *text = NULL;
	char path[32];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*ret = process;
	if (folder < 0)
		return 0;
	if (process_file(folder, "stat", PROCESS_STAT_MOST, &text, &size, err) < 0)
		return -1;
	if (!text)
		return 0;
	process.pid = pid;
	process_stat(text, &process);
	if (process_environment(folder, &process, err) < 0 || process_descriptors(folder, &process, err) < 0)
		return -1;
	*ret = process;
	process = (struct sg_process){0};
	return 0;
}
