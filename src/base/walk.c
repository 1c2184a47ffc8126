/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * realpath(3) tells where a path ends and hides the symlinks on the way: the folder that holds a symlink of a folder is
 * nowhere in its answer. openat2(2) refuses symlinks or follows them, and container runtimes deny it. So the walk is
 * done here, with a descriptor for each folder: what was judged is what the next name is looked up in.
 */
#include "base/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/mem.h"

#define LINKS_MOST  40U   /* as the kernel's own limit */
#define LEVELS_MOST 4096U /* folders above the working directory */

struct walk {
	int folder; /* where the next name is looked up */
	struct stat status;
	unsigned int links;
	char place[PATH_MAX]; /* what `folder` is called in messages, without a '/' behind; "" for the root */
	char rest[PATH_MAX];  /* the names that are left */
};

static void walk_clear(struct walk *walk)
{
	if (walk->folder >= 0)
		close(walk->folder);
}

bool sg_walk_is_ours(const struct stat *status)
{
	return status->st_uid == 0 || status->st_uid == geteuid();
}

static bool is_open_to_others(const struct stat *status)
{
	return status->st_mode & (S_IWGRP | S_IWOTH);
}

const char *sg_walk_remedy(const char *command, const char *path, char room[SG_WALK_REMEDY_SIZE])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@:,=";
	size_t size = strlen(path);

	room[0] = '\0';
	if (size && size <= 160 && strspn(path, plain) == size && *path != '-')
		snprintf(room, SG_WALK_REMEDY_SIZE, " ('%s %s' mends it)", command, path);
	return room;
}

static const char *place_of(const char *place)
{
	return *place ? place : "/";
}

static int judge_folder(const struct stat *status, const char *place, struct sg_error *err)
{
	char remedy[SG_WALK_REMEDY_SIZE];

	place = place_of(place);
	if (!sg_walk_is_ours(status))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "its folder '%s' belongs to another user%s", place,
				    sg_walk_remedy("chown root", place, remedy));
	if (is_open_to_others(status) && !(status->st_mode & S_ISVTX))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "others may write in its folder '%s'%s", place,
				    sg_walk_remedy("chmod go-w", place, remedy));
	return 0;
}

/* What a name in the folder leads to. Folders are judged when they are entered. */
static int judge_entry(const struct walk *walk, const char *name, const struct stat *entry, struct sg_error *err)
{
	if (S_ISLNK(entry->st_mode) && !sg_walk_is_ours(entry))
		return sg_error_set(err, SG_ERROR_INPUT, 0,
				    "the symlink '%s/%s' on the way to it belongs to another user", walk->place, name);
	if (is_open_to_others(&walk->status) && !S_ISDIR(entry->st_mode) && entry->st_nlink > 1)
		return sg_error_set(err, SG_ERROR_INPUT, 0,
				    "'%s/%s' has other names, and others may link files into its folder", walk->place,
				    name);
	return 0;
}

/* Adds to the name of the folder, or takes its last part away (NULL). A name that is too long is cut. */
static void rename_place(char place[PATH_MAX], const char *name)
{
	size_t size = strlen(place);
	char *slash = strrchr(place, '/');

	if (name)
		snprintf(place + size, PATH_MAX - size, "/%s", name);
	else
		*(slash ? slash : place) = '\0';
}

/* Takes the descriptor over, also on failure. */
static int enter(struct walk *walk, int folder, struct sg_error *err)
{
	walk_clear(walk);
	walk->folder = folder;
	if (folder < 0 || fstat(folder, &walk->status))
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot open its folder '%s'", place_of(walk->place));
	return judge_folder(&walk->status, walk->place, err);
}

static int enter_root(struct walk *walk, struct sg_error *err)
{
	walk->place[0] = '\0';
	return enter(walk, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), err);
}

/* The working directory, and all folders above it. */
static int enter_here(struct walk *walk, struct sg_error *err)
{
	struct walk up = {.folder = -1};
	int result = 0;

	if (!getcwd(up.place, sizeof(up.place)))
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot tell the working directory");
	if (!strcmp(up.place, "/"))
		up.place[0] = '\0';
	memcpy(walk->place, up.place, sizeof(walk->place));
	if (enter(walk, open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), err))
		return -1;
	up.status = walk->status;
	for (unsigned int level = 0; !result && level < LEVELS_MOST; level++) {
		struct stat below = up.status;

		rename_place(up.place, NULL);
		result = enter(&up, openat(level ? up.folder : walk->folder, "..", O_PATH | O_DIRECTORY | O_CLOEXEC),
			       err);
		if (below.st_dev == up.status.st_dev && below.st_ino == up.status.st_ino)
			break;
	}
	walk_clear(&up);
	return result;
}

/* A symlink of /proc that stands for a descriptor has no path: "pipe:[4711]". */
static bool is_descriptor(const char *target)
{
	return *target != '/' && strchr(target, ':');
}

/* What a path leads to, and by which mount. */
static bool look_at(int folder, const char *path, int flags, struct statx *ret)
{
	return !statx(folder, path, flags | AT_NO_AUTOMOUNT, STATX_INO | STATX_MNT_ID, ret) &&
	       ret->stx_mask & STATX_MNT_ID;
}

/*
 * A symlink of /proc leads to what a process has, and its text is only what that is called where the process lives: in
 * another mount namespace, or behind a chroot, our file of the same name is another one.
 */
static bool is_as_named(const struct walk *walk, const char *name, const char *target)
{
	struct statx real, named;

	return look_at(walk->folder, name, 0, &real) && look_at(AT_FDCWD, target, AT_SYMLINK_NOFOLLOW, &named) &&
	       real.stx_mnt_id == named.stx_mnt_id && real.stx_ino == named.stx_ino &&
	       real.stx_dev_major == named.stx_dev_major && real.stx_dev_minor == named.stx_dev_minor;
}

static int judge_proc_link(const struct walk *walk, const char *name, int link, const char *target,
			   struct sg_error *err)
{
	struct statfs system;

	if (fstatfs(link, &system) || system.f_type != PROC_SUPER_MAGIC)
		return 0;
	if (is_descriptor(target))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "a descriptor of a process, not a regular file");
	if (*target == '/' && !is_as_named(walk, name, target))
		return sg_error_set(err, SG_ERROR_INPUT, 0,
				    "the symlink '%s/%s' leads to another place than the '%s' that can be judged here",
				    walk->place, name, target);
	return 0;
}

/* Puts the target of a symlink before the names that are left. */
static int follow(struct walk *walk, const char *name, int link, struct sg_error *err)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t size = readlinkat(link, "", target, sizeof(target));

	if (size < 0)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot read the symlink '%s/%s'", walk->place, name);
	if (size == sizeof(target))
		return sg_error_set(err, SG_ERROR_SYSTEM, ENAMETOOLONG, "cannot open");
	target[size] = '\0';
	if (++walk->links > LINKS_MOST)
		return sg_error_set(err, SG_ERROR_SYSTEM, ELOOP, "cannot open");
	if (judge_proc_link(walk, name, link, target, err))
		return -1;
	size = snprintf(rest, sizeof(rest), "%s%s%s", target, *walk->rest ? "/" : "", walk->rest);
	if (size < 0 || (size_t)size >= sizeof(rest))
		return sg_error_set(err, SG_ERROR_SYSTEM, ENAMETOOLONG, "cannot open");
	memcpy(walk->rest, rest, sizeof(walk->rest));
	return *target == '/' ? enter_root(walk, err) : 0;
}

/* Takes the next name from what is left; false when there is none. *ret_last: it is not followed by a '/'. */
static bool next_name(struct walk *walk, char name[NAME_MAX + 2], bool *ret_last)
{
	const char *start = walk->rest + strspn(walk->rest, "/");
	size_t size = strcspn(start, "/");

	*ret_last = !start[size];
	snprintf(name, NAME_MAX + 2, "%.*s", (int)size, start); /* what is longer is too long for the kernel, too */
	memmove(walk->rest, start + size, strlen(start + size) + 1);
	return size > 0;
}

/* A descriptor of the entry; of a symlink, the symlink itself. O_DIRECTORY makes an automount point mount. */
static int look_up(const struct walk *walk, const char *name, bool last)
{
	const int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
	int found = openat(walk->folder, name, flags | (last ? 0 : O_DIRECTORY));

	if (found < 0 && !last && (errno == ENOTDIR || errno == ELOOP))
		found = openat(walk->folder, name, flags);
	return found;
}

static int refuse_name(const struct walk *walk, const char *name, bool last, int errnum, struct sg_error *err)
{
	if (last)
		return sg_error_set(err, SG_ERROR_SYSTEM, errnum, "cannot open");
	return sg_error_set(err, SG_ERROR_SYSTEM, errnum, "cannot open its folder '%s/%s'", walk->place, name);
}

/* 1: the path ends here, which is in *ret, but for its folder. */
static int step(struct walk *walk, const char *name, bool last, struct sg_walk_end *ret, struct sg_error *err)
{
	struct stat status;
	int found = look_up(walk, name, last), result;

	if (found < 0 || fstat(found, &status)) {
		result = refuse_name(walk, name, last, errno, err);
	} else if (judge_entry(walk, name, &status, err)) {
		result = -1;
	} else if (S_ISLNK(status.st_mode)) {
		result = follow(walk, name, found, err);
	} else if (last) {
		snprintf(ret->name, sizeof(ret->name), "%s", name);
		ret->status = status;
		ret->found = found;
		return 1;
	} else if (!S_ISDIR(status.st_mode)) {
		result = refuse_name(walk, name, last, ENOTDIR, err);
	} else {
		rename_place(walk->place, name);
		return enter(walk, found, err);
	}
	if (found >= 0)
		close(found);
	return result;
}

static int step_up(struct walk *walk, struct sg_error *err)
{
	rename_place(walk->place, NULL);
	return enter(walk, openat(walk->folder, "..", O_PATH | O_DIRECTORY | O_CLOEXEC), err);
}

void sg_walk_end_clear(struct sg_walk_end *end)
{
	if (end->folder >= 0)
		close(end->folder);
	if (end->found >= 0)
		close(end->found);
}

int sg_walk(const char *path, struct sg_walk_end *ret, struct sg_error *err)
{
	sg_cleanup(walk_clear) struct walk walk = {.folder = -1};
	struct sg_walk_end end = {.found = -1};
	char name[NAME_MAX + 2];
	int result;
	bool last;

	if (!*path || strlen(path) >= sizeof(walk.rest))
		return sg_error_set(err, SG_ERROR_SYSTEM, *path ? ENAMETOOLONG : ENOENT, "cannot open");
	snprintf(walk.rest, sizeof(walk.rest), "%s", path);
	result = *path == '/' ? enter_root(&walk, err) : enter_here(&walk, err);
	while (!result && next_name(&walk, name, &last)) {
		if (!strcmp(name, ".."))
			result = step_up(&walk, err);
		else if (strcmp(name, "."))
			result = step(&walk, name, last, &end, err);
	}
	if (result < 0)
		return -1;
	if (!result) {
		memcpy(end.name, ".", sizeof("."));
		end.status = walk.status;
		end.found = fcntl(walk.folder, F_DUPFD_CLOEXEC, 3);
		if (end.found < 0)
			return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot open");
	}
	end.folder = walk.folder;
	walk.folder = -1;
	*ret = end;
	return 0;
}
