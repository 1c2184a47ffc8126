/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups by their id: in version 2 it is the inode of the group's folder and, as a file handle (kernfs: type
 * 0xfe, eight bytes), opens it with open_by_handle_at(2), whatever the number of groups.
 */
#include "kernel/cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"

#define CGROUP_HANDLE_TYPE 0xfe /* FILEID_KERNFS of linux/exportfs.h */
#define MOUNTS_PATH        "/proc/self/mountinfo"
#define MOUNTS_SIZE        ((size_t)64 << 20)

/* ---- Mounts ---- */

struct word {
	const char *text;
	size_t size;
};

static bool cgroup_is(struct word word, const char *text)
{
	return word.size == strlen(text) && !memcmp(word.text, text, word.size);
}

/* The next word of a line; empty at its end. */
static struct word cgroup_word(const char **cursor)
{
	struct word word = {*cursor, strcspn(*cursor, " \n")};

	*cursor += word.size;
	*cursor += **cursor == ' ';
	return word;
}

static bool cgroup_octal(const char *text)
{
	return text[0] >= '0' && text[0] <= '3' && text[1] >= '0' && text[1] <= '7' && text[2] >= '0' && text[2] <= '7';
}

/* Undoes the kernel's escapes: "\040" for a space. */
static char *cgroup_unescape(struct word word)
{
	char *copy = strndup(word.text, word.size), *to = copy;

	for (const char *from = copy; copy && *from; to++) {
		if (from[0] == '\\' && cgroup_octal(from + 1)) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	if (copy)
		*to = '\0';
	return copy;
}

/* One line: number, parent, device, root, mount point, options, optional fields, "-", type, … */
static bool cgroup_mount_line(const char *line, struct word *ret_root, struct word *ret_place)
{
	struct word word = {NULL, 0};

	for (size_t i = 0; i < 3; i++)
		cgroup_word(&line);
	*ret_root = cgroup_word(&line);
	*ret_place = cgroup_word(&line);
	do {
		word = cgroup_word(&line);
	} while (word.size && !cgroup_is(word, "-"));
	return cgroup_is(cgroup_word(&line), "cgroup2");
}

int sg_cgroups_next_mount(const char **cursor, char **ret_place, bool *ret_whole, struct sg_error *err)
{
	*ret_place = NULL;
	while (**cursor) {
		const char *line = *cursor;
		struct word root, place;

		*cursor += strcspn(line, "\n");
		*cursor += **cursor == '\n';
		if (!cgroup_mount_line(line, &root, &place))
			continue;
		*ret_whole = cgroup_is(root, "/");
		*ret_place = cgroup_unescape(place);
		return *ret_place ? 0 : sg_error_nomem(err);
	}
	return 0;
}

static int cgroup_open_place(const char *place)
{
	int folder = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs status;

	if (folder < 0)
		return -1;
	if (!fstatfs(folder, &status) && status.f_type == CGROUP2_SUPER_MAGIC)
		return folder;
	close(folder); /* something else is mounted over it */
	return -1;
}

int sg_cgroups_open(struct sg_cgroups *ret, struct sg_error *err)
{
	static const struct sg_file_rules rules = {.max_size = MOUNTS_SIZE};
	sg_cleanup(sg_cgroups_close) struct sg_cgroups found = {.folder = -1};
	sg_autofree char *text = NULL, *place = NULL;
	struct sg_error cause = {0};
	const char *cursor;
	size_t size;
	bool whole;

	if (sg_file_read(MOUNTS_PATH, &rules, &text, &size, &cause) < 0 && cause.kind == SG_ERROR_MEMORY)
		return sg_error_nomem(err);
	for (cursor = text ? text : ""; !found.whole; free(sg_steal(place))) {
		int folder;

		if (sg_cgroups_next_mount(&cursor, &place, &whole, err) < 0)
			return -1;
		if (!place)
			break;
		folder = found.folder >= 0 && !whole ? -1 : cgroup_open_place(place);
		if (folder < 0)
			continue;
		sg_cgroups_close(&found);
		found = (struct sg_cgroups){folder, sg_steal(place), whole};
	}
	*ret = found;
	found = (struct sg_cgroups){.folder = -1};
	return 0;
}

void sg_cgroups_close(struct sg_cgroups *cgroups)
{
	if (cgroups->folder >= 0)
		close(cgroups->folder);
	free(cgroups->place);
	*cgroups = (struct sg_cgroups){.folder = -1};
}

/* ---- Groups ---- */

static int cgroup_open_handle(const struct sg_cgroups *cgroups, uint64_t id, int flags)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(id)];
	} group = {.handle = {.handle_bytes = sizeof(id), .handle_type = CGROUP_HANDLE_TYPE}};

	memcpy(group.bytes + offsetof(struct file_handle, f_handle), &id, sizeof(id));
	return open_by_handle_at(cgroups->folder, &group.handle, flags | O_CLOEXEC);
}

int sg_cgroups_open_id(const struct sg_cgroups *cgroups, uint64_t id)
{
	return cgroup_open_handle(cgroups, id, O_RDONLY | O_DIRECTORY);
}

bool sg_cgroups_path(const struct sg_cgroups *cgroups, uint64_t id, char *path, size_t size)
{
	size_t skip = strlen(cgroups->place);
	char link[32];
	ssize_t length;
	int fd = cgroup_open_handle(cgroups, id, O_PATH);

	if (fd < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, size);
	close(fd);
	if (length < 0 || (size_t)length >= size)
		return false;
	path[length] = '\0';
	if (strncmp(path, cgroups->place, skip) || (path[skip] && path[skip] != '/'))
		return false;
	memmove(path, path + skip, (size_t)length - skip + 1);
	return true;
}

int sg_cgroups_lineage(const struct sg_cgroups *cgroups, const char *path, uint64_t id, struct sg_lineage *ret,
		       struct sg_error *err)
{
	sg_autofree char *part = strdup(path);
	sg_autofree uint64_t *ids = NULL;
	size_t depth = 0, room = 0, end = 0;
	struct stat status;

	*ret = (struct sg_lineage){0};
	if (!part)
		return sg_error_nomem(err);
	if (!cgroups->whole || fstat(cgroups->folder, &status))
		return 0;
	while (path[end]) { /* "/a", "/a/b", … */
		end += 1 + strcspn(path + end + 1, "/");
		memcpy(part, path, end);
		part[end] = '\0';
		if (fstatat(cgroups->folder, part + 1, &status, AT_SYMLINK_NOFOLLOW))
			return 0;
		if (sg_grow(&ids, &room, depth, 1, sizeof(*ids)) < 0)
			return sg_error_nomem(err);
		ids[depth++] = status.st_ino;
	}
	if (status.st_ino != id)
		return 0;
	*ret = (struct sg_lineage){true, sg_steal(ids), depth};
	return 0;
}
