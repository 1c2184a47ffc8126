/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/comeback.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"

#define FOLDER "/run/sockgate"
#define LINK   FOLDER "/applied"

/*
 * Whether the rules of this thread's network namespace are those of the host. The units may not look at the first
 * process (they have no CAP_SYS_PTRACE), but it started them in its own namespace.
 */
static bool is_host(bool unit)
{
	struct stat own, first;

	if (stat("/proc/thread-self/ns/net", &own) < 0)
		return false;
	if (stat("/proc/1/ns/net", &first) < 0)
		return unit && errno == EACCES;
	return own.st_dev == first.st_dev && own.st_ino == first.st_ino;
}

/* malloc'd; NULL: there is none, or no memory. */
static char *absolute(const char *path)
{
	sg_autofree char *folder = NULL;
	char *result = NULL;

	if (*path == '/')
		return strdup(path);
	folder = getcwd(NULL, 0);
	return folder && asprintf(&result, "%s/%s", folder, path) >= 0 ? result : NULL;
}

void comeback_remember(struct session *session, bool in_force)
{
	const struct options *options = session->options;
	sg_autofree char *path = NULL;
	char made[64];

	if (!is_host(options->boot || options->lockdown))
		return;
	/* neither can be read again by the drop-in */
	if (!strcmp(options->policy, "-") || options->insecure) {
		if (in_force)
			comeback_forget();
		return;
	}
	path = absolute(options->policy);
	snprintf(made, sizeof(made), LINK ".%ld", (long)getpid());
	if (!path || (mkdir(FOLDER, 0755) < 0 && errno != EEXIST))
		return;
	if (!in_force)
		(void)!symlink(path, LINK);
	else if ((unlink(made) == 0 || errno == ENOENT) && symlink(path, made) == 0 && rename(made, LINK) < 0)
		unlink(made);
}

void comeback_forget(void)
{
	if (is_host(false))
		unlink(LINK);
}
