/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/num.h"

static int find(const char *name, char path[PATH_MAX], struct sg_error *err)
{
	uint64_t pid;
	int size;

	if (strchr(name, '/'))
		size = snprintf(path, PATH_MAX, "%s", name);
	else if (sg_num_parse(name, strlen(name), INT_MAX, &pid))
		size = snprintf(path, PATH_MAX, "/proc/%llu/ns/net", (unsigned long long)pid);
	else
		size = snprintf(path, PATH_MAX, "/run/netns/%s", name);
	if (!*name || size < 0 || size >= PATH_MAX || !strcmp(name, ".") || !strcmp(name, ".."))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%.60s' is no name of a network namespace", name);
	return 0;
}

int netns_enter(const char *name, struct sg_error *err)
{
	char path[PATH_MAX];
	int fd, result = 0;

	if (find(name, path, err) < 0)
		return -1;
	/* O_NONBLOCK: a FIFO must not hold us */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot open network namespace '%s'", path);
	if (setns(fd, CLONE_NEWNET) < 0) {
		if (errno == EINVAL)
			result = sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' is no network namespace", path);
		else
			result = sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot enter network namespace '%s'", path);
	}
	close(fd);
	return result;
}
