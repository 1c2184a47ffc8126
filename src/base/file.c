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
#include <linux/magic.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"
#include "base/walk.h"

#define FILE_MODE_PUBLISHED 0644
/* Reading grows the buffer by this much at first: most policies are smaller. */
#define FILE_CHUNK 16384
/* At most this much is asked for at once, so that a slow file is seen to move. */
#define FILE_READ_MOST  (1U << 20)
#define FILE_OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

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
	static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};

	for (size_t i = 0; i < SG_COUNT(folders); i++) {
		size_t size = strlen(folders[i]);

		/* "/dev/fd/3/policy.yaml" and "/dev/fd/../.." are paths as others are */
		if (!strncmp(path, folders[i], size))
			return path[size] && strspn(path + size, "0123456789") == strlen(path + size);
	}
	return !strcmp(path, "-") || !strcmp(path, "/dev/stdin");
}

static int file_check_kind(mode_t mode, bool inherited, const struct sg_file_rules *rules, struct sg_error *err)
{
	if (S_ISREG(mode))
		return 0;
	if (inherited && rules->allow_pipe && (S_ISFIFO(mode) || S_ISSOCK(mode) || S_ISCHR(mode)))
		return 0;
	return sg_error_set(err, SG_ERROR_INPUT, 0, "%s, not a regular file", file_kind(mode));
}

/*
 * Files that the kernel makes up say that they are regular, and a read may wait for ever (/proc/kmsg), take what others
 * wait for, or do something.
 */
static int file_check_system(int fd, struct sg_error *err)
{
	static const uint32_t made_up[] = {
		PROC_SUPER_MAGIC,
		SYSFS_MAGIC,
		DEBUGFS_MAGIC,
		TRACEFS_MAGIC,
		SECURITYFS_MAGIC,
		SELINUX_MAGIC,
		SMACK_MAGIC,
		CGROUP_SUPER_MAGIC,
		CGROUP2_SUPER_MAGIC,
		BPF_FS_MAGIC,
		BINFMTFS_MAGIC,
		EFIVARFS_MAGIC,
		PSTOREFS_MAGIC,
		RDTGROUP_SUPER_MAGIC,
		NSFS_MAGIC,
		OPENPROM_SUPER_MAGIC,
		XENFS_SUPER_MAGIC,
		0x62656570 /* configfs */,
		0x65735543 /* fusectl */,
		0x19800202 /* mqueue */,
		0x67596969 /* rpc_pipefs */,
		0x6E667364 /* nfsd */,
	};
	struct statfs system;

	if (fstatfs(fd, &system))
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot look at its file system");
	for (size_t i = 0; i < SG_COUNT(made_up); i++)
		if ((uint32_t)system.f_type == made_up[i])
			return sg_error_set(err, SG_ERROR_INPUT, 0, "made up by the kernel, not a regular file");
	return 0;
}

/* Whether others than root and we could change the file. */
static int file_check_trust(const char *path, const struct stat *opened, struct sg_error *err)
{
	char remedy[SG_WALK_REMEDY_SIZE];

	if (!strcmp(path, "-"))
		path = "";
	if (!sg_walk_is_ours(opened))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "it belongs to another user%s",
				    sg_walk_remedy("chown root", path, remedy));
	if (opened->st_mode & (S_IWGRP | S_IWOTH))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "its group or others may write it%s",
				    sg_walk_remedy("chmod go-w", path, remedy));
	return 0;
}

/* Opens what the path ends at, by way of folders that nobody else can change. */
static int file_open_trusted(const char *path, const struct sg_file_rules *rules, int *ret_fd, struct sg_error *err)
{
	sg_cleanup(sg_walk_end_clear) struct sg_walk_end end = {.folder = -1, .found = -1};
	struct stat status;
	int fd;

	if (sg_walk(path, &end, err) || file_check_kind(end.status.st_mode, false, rules, err))
		return -1;
	fd = openat(end.folder, end.name, FILE_OPEN_FLAGS | O_NOFOLLOW);
	/* ENXIO: now a FIFO nobody reads, or a socket */
	if (fd < 0 && errno != ENOENT && errno != ELOOP && errno != ENXIO)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot open");
	if (fd >= 0 && fstat(fd, &status)) {
		sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot look at it");
		file_close(&fd);
		return -1;
	}
	if (fd < 0 || status.st_dev != end.status.st_dev || status.st_ino != end.status.st_ino) {
		file_close(&fd);
		return sg_error_set(err, SG_ERROR_INPUT, 0, "it was exchanged while it was being read");
	}
	*ret_fd = fd;
	return 0;
}

static int file_open_plain(const char *path, bool inherited, const struct sg_file_rules *rules, int *ret_fd,
			   struct sg_error *err)
{
	struct stat status;

	if (!strcmp(path, "-")) {
		*ret_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	} else {
		if (stat(path, &status))
			return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot open");
		if (file_check_kind(status.st_mode, inherited, rules, err))
			return -1;
		*ret_fd = open(path, FILE_OPEN_FLAGS);
	}
	return *ret_fd < 0 ? sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot open") : 0;
}

static int file_open(const char *path, const struct sg_file_rules *rules, int *ret_fd, struct stat *ret_status,
		     struct sg_error *err)
{
	bool inherited = file_is_inherited(path);
	file_autoclose int fd = -1;
	struct stat status;

	if (rules->trusted_only && !inherited ? file_open_trusted(path, rules, &fd, err)
					      : file_open_plain(path, inherited, rules, &fd, err))
		return -1;
	if (fstat(fd, &status))
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot look at it");
	if (file_check_kind(status.st_mode, inherited, rules, err))
		return -1;
	if (S_ISREG(status.st_mode) && ((rules->no_made_up && file_check_system(fd, err)) ||
					(rules->trusted_only && file_check_trust(path, &status, err))))
		return -1;
	*ret_fd = fd;
	*ret_status = status;
	fd = -1;
	return 0;
}

struct file_opened {
	int fd;
	const char *watched; /* its path, where reading it is watched; NULL: it may take as long as it takes */
};

struct file_read {
	char *data;
	size_t size;
	struct sg_file_id id;
};

/* The bytes until the end of the file; EAGAIN is waited out (the descriptor may be non-blocking). */
static int file_slurp(const struct file_opened *file, size_t hint, const struct sg_file_rules *rules, char **ret_data,
		      size_t *ret_size, struct sg_error *err)
{
	sg_autofree char *data = NULL;
	size_t size = 0, room = 0, max = rules->max_size;
	int fd = file->fd;

	for (;;) {
		ssize_t got;

		if (sg_grow(&data, &room, size, room ? FILE_CHUNK : hint + 2, 1))
			return sg_error_nomem(err);
		if (file->watched)
			rules->reading(file->watched);
		got = read(fd, data + size, room - size - 1 < FILE_READ_MOST ? room - size - 1 : FILE_READ_MOST);
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

static int file_read(const char *path, const struct sg_file_rules *rules, struct file_read *ret, struct sg_error *err)
{
	file_autoclose int fd = -1;
	struct stat before = {0}, after;
	size_t hint = FILE_CHUNK;
	struct file_opened file = {.watched = rules->reading && !file_is_inherited(path) ? path : NULL};

	if (file_open(path, rules, &fd, &before, err))
		return -1;
	if (S_ISREG(before.st_mode)) {
		if ((uintmax_t)before.st_size > rules->max_size)
			return sg_error_set(err, SG_ERROR_INPUT, 0, "larger than %zu bytes", rules->max_size);
		if (before.st_size) /* files of /proc say 0 */
			hint = (size_t)before.st_size;
	}
	file.fd = fd;
	if (file_slurp(&file, hint, rules, &ret->data, &ret->size, err))
		return -1;
	if (fstat(fd, &after))
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot look at it");
	if (S_ISREG(before.st_mode) &&
	    (before.st_size != after.st_size || before.st_mtim.tv_sec != after.st_mtim.tv_sec ||
	     before.st_mtim.tv_nsec != after.st_mtim.tv_nsec))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "it changed while it was being read");
	ret->id = (struct sg_file_id){after.st_dev, after.st_ino};
	return 0;
}

int sg_file_read_known(const char *path, const struct sg_file_rules *rules, char **ret_data, size_t *ret_size,
		       struct sg_file_id *ret_id, struct sg_error *err)
{
	struct file_read read = {0};
	int result;

	if (rules->reading && !file_is_inherited(path))
		rules->reading(path);
	result = file_read(path, rules, &read, err);
	if (rules->reading)
		rules->reading(NULL);
	if (result) {
		free(read.data);
		return -1;
	}
	*ret_data = read.data;
	*ret_size = read.size;
	*ret_id = read.id;
	return 0;
}

int sg_file_read(const char *path, const struct sg_file_rules *rules, char **ret_data, size_t *ret_size,
		 struct sg_error *err)
{
	struct sg_file_id id;

	return sg_file_read_known(path, rules, ret_data, ret_size, &id, err);
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
