/* SPDX-License-Identifier: GPL-2.0-or-later */
/* walk.h - following a path one name at a time, so that each folder and each symlink on the way is judged. */
#ifndef SG_BASE_WALK_H
#define SG_BASE_WALK_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include "sockgate/error.h"

/* Where a path ends. */
struct sg_walk_end {
	int folder;              /* a descriptor (O_PATH) of the folder that holds it */
	int found;               /* and of what is there: while it is open, no other file has its inode number */
	char name[NAME_MAX + 1]; /* its name there, "." for the folder itself; no symlink when it was looked at */
	struct stat status;      /* of `found` */
};
void sg_walk_end_clear(struct sg_walk_end *end);

/*
 * Follows `path`, relative ones from the working directory, and refuses (SG_ERROR_INPUT) a way that another user than
 * root or the effective one could turn elsewhere:
 *
 *  - every folder in which a name is looked up belongs to root or us. Its group and others may not write in it, unless
 *    it has the sticky bit. With a POSIX ACL the group's bits are its mask, so they cover whoever the ACL names. The
 *    folders above the working directory are folders on the way, too;
 *  - every symlink, of a folder too, belongs to root or us;
 *  - in a sticky folder that others may write in, a file or symlink has no other name: somebody may have linked it
 *    there.
 *
 * What the path ends at is not judged, but for the last rule; "PATH/." ends in a folder and judges it. Symlinks are
 * resolved by hand, at most 40 of them, and no name is looked up twice. A name that is not there, or no permission, is
 * SG_ERROR_SYSTEM with errnum.
 */
int sg_walk(const char *path, struct sg_walk_end *ret, struct sg_error *err);

/* Whether the file or folder with this status belongs to root or the effective user. */
bool sg_walk_is_ours(const struct stat *status);

/* " ('chmod go-w PATH' mends it)", of `command` and `path`, as the end of a message; empty where PATH would need quotes. */
#define SG_WALK_REMEDY_SIZE 256
const char *sg_walk_remedy(const char *command, const char *path, char room[SG_WALK_REMEDY_SIZE]);

#endif
