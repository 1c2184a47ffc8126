/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole files, in and out.
 *
 * A path is hostile until its descriptor has been looked at: it may name a FIFO that never ends, a device whose opening
 * does something, or a file that somebody else swaps between two looks. So it is asked first whether it is worth
 * opening, opened without blocking, and judged by fstat; nothing after that goes by the name again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"

#define FILE_MODE_PUBLISHED 0644
/* Reading grows the buffer by this much at first: most policies are smaller. */
#define FILE_CHUNK 16384

static void file_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define file_autoclose sg_cleanup(file_close)

static const char *file_kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return "a directory";
	case S_IFIFO: return "a FIFO";
	case S_IFSOCK: return "a socket";
	case S_IFCHR:
	case S_IFBLK: return "a device";
	default: return "not a regular file";
	}
}

/* Names for descriptors that the program was given: what is behind them was opened by who started it. */
static bool file_is_inherited(const char *path)
{
	return !strcmp(path, "-") || !strcmp(path, "/dev/stdin") || !strncmp(path, "/dev/fd/", 8) ||
	       !strncmp(path, "/proc/self/fd/", 14);
}

static int file_check_kind(mode_t mode, bool inherited, const struct sg_file_rules *rules, struct sg_error *err)
{
	if (S_ISREG(mode))
		return 0;
	if (inherited && rules->allow_pipe && (S_ISFIFO(mode) || S_ISSOCK(mode) || S_ISCHR(mode)))
		return 0;
	return sg_error_set(err, SG_ERROR_INPUT, 0, "%s, not a regular file", file_kind(mode));
}

/* Whether others than root and we could change what this is the status of. */
static bool file_is_trusted(const struct stat *status)
{
	if (status->st_uid != 0 && status->st_uid != geteuid())
		return false;
	if (S_ISDIR(status->st_mode) && status->st_mode & S_ISVTX)
		return true;
	return !(status->st_mode & (S_IWGRP | S_IWOTH));
}

/* All folders from the one that holds `path` up to the root. `path` is absolute and is cut up. */
static int file_check_folders(char *path, struct sg_error *err)
{
	for (char *slash; (slash = strrchr(path, '/'));) {
		struct stat status;

		*slash = '\0';
		if (stat(*path ? path : "/", &status))
			return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot look at '%s'", *path ? path : "/");
		if (!file_is_trusted(&status))
			return sg_error_set(err, SG_ERROR_INPUT, 0, "others may write in its folder '%s'",
					    *path ? path : "/");
	}
	return 0;
}

/* The true path of the folder that the name was given in, with a last component to take off: "/etc/sockgate/.". */
static int file_given_folder(const char *path, char **ret, struct sg_error *err)
{
	sg_autofree char *given = NULL, *folder = NULL;
	const char *slash = strrchr(path, '/');

	given = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!given)
		return sg_error_nomem(err);
	folder = realpath(given, NULL);
	if (!folder)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot find its folder");
	return asprintf(ret, "%s/.", folder) < 0 ? sg_error_nomem(err) : 0;
}

/* The file that is there now is the one that was opened. */
static int file_check_place(const char *place, const struct stat *opened, struct sg_error *err)
{
	struct stat status;

	if (stat(place, &status) == 0) {
		if (status.st_dev == opened->st_dev && status.st_ino == opened->st_ino)
			return 0;
	} else if (errno != ENOENT) {
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot look at its place");
	}
	return sg_error_set(err, SG_ERROR_INPUT, 0, "it was exchanged while it was being read");
}

/*
 * Trust in a path: the file itself by its descriptor, then the folders of its true place and of the name that was
 * given (which may be a symlink, that others could turn elsewhere).
 */
static int file_check_trust(const char *path, const struct stat *opened, struct sg_error *err)
{
	sg_autofree char *place = NULL;
	char *given = NULL;
	int result;

	if (!file_is_trusted(opened))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "%s",
				    opened->st_mode & (S_IWGRP | S_IWOTH) ? "its group or others may write it"
									  : "it belongs to another user");
	if (file_is_inherited(path))
		return 0;
	place = realpath(path, NULL);
	if (!place)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot find its place");
	if (file_check_place(place, opened, err) || file_check_folders(place, err) ||
	    file_given_folder(path, &given, err))
		return -1;
	result = file_check_folders(given, err);
	free(given);
	return result;
}

static int file_open(const char *path, const struct sg_file_rules *rules, int *ret_fd, struct stat *ret_status,
		     struct sg_error *err)
{
	bool inherited = file_is_inherited(path);
	file_autoclose int fd = -1;
	struct stat status;

	if (strcmp(path, "-")) {
		if (stat(path, &status))
			return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot open");
		if (file_check_kind(status.st_mode, inherited, rules, err))
			return -1;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	} else {
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	}
	if (fd < 0)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot open");
	if (fstat(fd, &status))
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot look at it");
	if (file_check_kind(status.st_mode, inherited, rules, err))
		return -1;
	if (rules->trusted_only && S_ISREG(status.st_mode) && file_check_trust(path, &status, err))
		return -1;
	*ret_fd = fd;
	*ret_status = status;
	fd = -1;
	return 0;
}

/* The bytes until the end of the file; EAGAIN is waited out (the descriptor may be non-blocking). */
static int file_slurp(int fd, size_t hint, size_t max, char **ret_data, size_t *ret_size, struct sg_error *err)
{
	sg_autofree char *data = NULL;
	size_t size = 0, room = 0;

	for (;;) {
		ssize_t got;

		if (sg_grow(&data, &room, size, room ? FILE_CHUNK : hint + 2, 1))
			return sg_error_nomem(err);
		got = read(fd, data + size, room - size - 1);
		if (got > 0) {
			size += (size_t)got;
			if (size > max)
				break;
		} else if (!got) {
			break;
		} else if (errno == EAGAIN) {
			if (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1) < 0 && errno != EINTR)
				return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot read");
		} else if (errno != EINTR) {
			return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot read");
		}
	}
	if (size > max)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "larger than %zu bytes", max);
	data[size] = '\0';
	*ret_data = sg_steal(data);
	*ret_size = size;
	return 0;
}

int sg_file_read(const char *path, const struct sg_file_rules *rules, char **ret_data, size_t *ret_size,
		 struct sg_error *err)
{
	file_autoclose int fd = -1;
	sg_autofree char *data = NULL;
	struct stat before = {0}, after;
	size_t size = 0, hint = FILE_CHUNK;

	if (file_open(path, rules, &fd, &before, err))
		return -1;
	if (S_ISREG(before.st_mode)) {
		if ((uintmax_t)before.st_size > rules->max_size)
			return sg_error_set(err, SG_ERROR_INPUT, 0, "larger than %zu bytes", rules->max_size);
		if (before.st_size) /* files of /proc say 0 */
			hint = (size_t)before.st_size;
	}
	if (file_slurp(fd, hint, rules->max_size, &data, &size, err))
		return -1;
	if (fstat(fd, &after))
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot look at it");
	if (S_ISREG(before.st_mode) &&
	    (before.st_size != after.st_size || before.st_mtim.tv_sec != after.st_mtim.tv_sec ||
	     before.st_mtim.tv_nsec != after.st_mtim.tv_nsec))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "it changed while it was being read");
	*ret_data = sg_steal(data);
	*ret_size = size;
	return 0;
}

int sg_fd_write_all(int fd, const void *data, size_t size, struct sg_error *err)
{
	const char *next = data;

	while (size) {
		ssize_t put = write(fd, next, size);

		if (put >= 0) {
			next += put;
			size -= (size_t)put;
		} else if (errno == EAGAIN) {
			if (poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1) < 0 && errno != EINTR)
				return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot write");
		} else if (errno != EINTR) {
			return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot write");
		}
	}
	return 0;
}

static int file_fill(int fd, const void *data, size_t size, struct sg_error *err)
{
	if (sg_fd_write_all(fd, data, size, err))
		return -1;
	if (fchmod(fd, FILE_MODE_PUBLISHED) || fsync(fd))
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot write");
	return 0;
}

static int file_publish(const char *temporary, const char *path, int folder, struct sg_error *err)
{
	if (rename(temporary, path))
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot replace '%s'", path);
	/* a file system that cannot sync folders says EINVAL: then there is nothing more to be had */
	if (fsync(folder) && errno != EINVAL)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot sync the folder of '%s'", path);
	return 0;
}

int sg_file_replace(const char *path, const void *data, size_t size, struct sg_error *err)
{
	sg_autofree char *temporary = NULL, *parent = NULL;
	file_autoclose int fd = -1, folder = -1;
	const char *slash = strrchr(path, '/');

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		temporary = NULL;
		return sg_error_nomem(err);
	}
	parent = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!parent)
		return sg_error_nomem(err);
	folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot open '%s'", parent);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot write in '%s'", parent);
	if (file_fill(fd, data, size, err) || file_publish(temporary, path, folder, err)) {
		unlink(temporary);
		return -1;
	}
	return 0;
}
