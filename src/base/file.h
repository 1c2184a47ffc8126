/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file.h - reading files that may be hostile, and writing so that nothing is ever torn or silently lost. */
#ifndef SG_BASE_FILE_H
#define SG_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "sockgate/error.h"

struct sg_file_rules {
	size_t max_size;   /* bytes; more is refused */
	bool trusted_only; /* refuse a file, or a way to it, that others than root and we may change */
	bool allow_pipe;   /* standard input and /dev/fd may be pipes; a named path never */
	bool no_made_up;   /* refuse files of /proc, /sys and the like: reading one may wait for ever */
	/* Called with the path before each step that may block for ever (NFS, FUSE), and with NULL when the file is done.
	 * Not called for descriptors that the program was given: a pipe may be slow. NULL: no callback. */
	void (*reading)(const char *path);
};

/* Which file it is, by whatever path. */
struct sg_file_id {
	dev_t device;
	ino_t inode;
};

/*
 * Reads a whole file; "-" is standard input. Refuses (SG_ERROR_INPUT) a directory, FIFO, device, socket, also behind a
 * symlink, without blocking on it; refuses by the rules above, judged on opened descriptors (no race); refuses a file
 * that changes while it is read. Standard input may with allow_pipe be a terminal, a socket or /dev/null too. A file
 * that is not there or not readable is SG_ERROR_SYSTEM with errnum. *ret_data is malloc'd and NUL-terminated. Messages
 * do not name the path: put it before them (sg_error_prefix). They name a folder that is not trusted, and the command
 * that mends it.
 *
 * Trusted is what belongs to root or to the effective user and what neither its group nor others may write, on a way
 * that base/walk.h does not refuse. What came through a pipe is trusted: who started the program made the pipe.
 */
int sg_file_read(const char *path, const struct sg_file_rules *rules, char **ret_data, size_t *ret_size,
		 struct sg_error *err);
/* The same, and which file it was. */
int sg_file_read_known(const char *path, const struct sg_file_rules *rules, char **ret_data, size_t *ret_size,
		       struct sg_file_id *ret_id, struct sg_error *err);

/* Writes all bytes to a descriptor: EINTR and short writes are continued, a full non-blocking pipe is waited for. */
int sg_fd_write_all(int fd, const void *data, size_t size, struct sg_error *err);

/* Replaces `path` by way of a temporary file beside it: write, fsync, rename, fsync of the folder. Mode 0644. */
int sg_file_replace(const char *path, const void *data, size_t size, struct sg_error *err);

#endif
