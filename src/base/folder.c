/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * glob(3) sorts by the locale, follows patterns into folders and forgets errors; none of that is wanted where the
 * files decide who gets in.
 */
#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/walk.h"

bool sg_folder_is_pattern(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

void sg_folder_names_clear(struct sg_folder_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct sg_folder_names){0};
}

static bool ends_with(const char *name, const char *end)
{
	size_t size = strlen(name), end_size = strlen(end);

	return size >= end_size && !memcmp(name + size - end_size, end, end_size);
}

static bool is_leftover(const char *name)
{
	static const char *const ends[] = {"~",          ".bak",      ".orig",     ".rej",      ".swp",
					   ".swo",       ".tmp",      ".save",     ".old",      ".dpkg-old",
					   ".dpkg-dist", ".dpkg-new", ".dpkg-tmp", ".dpkg-bak", ".ucf-old",
					   ".ucf-dist",  ".ucf-new",  ".rpmsave",  ".rpmorig",  ".rpmnew"};

	if (name[0] == '.' || name[0] == '#')
		return true;
	for (size_t i = 0; i < SG_COUNT(ends); i++)
		if (ends_with(name, ends[i]))
			return true;
	return false;
}

/* A folder that a pattern happens to match is not meant. */
static bool is_folder(DIR *folder, const struct dirent *entry)
{
	struct stat status;

	if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
		return entry->d_type == DT_DIR;
	return !fstatat(dirfd(folder), entry->d_name, &status, 0) && S_ISDIR(status.st_mode);
}

static void close_folder(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_name(struct sg_folder_names *names, const char *name, size_t most, struct sg_error *err)
{
	if (names->count == most)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "more than %zu files", most);
	if (sg_grow(&names->items, &names->room, names->count, 1, sizeof(*names->items)) < 0)
		return sg_error_nomem(err);
	names->items[names->count] = strdup(name);
	if (!names->items[names->count])
		return sg_error_nomem(err);
	names->count++;
	return 0;
}

static bool matches(const char *pattern, const char *name)
{
	return !fnmatch(pattern, name, FNM_NOESCAPE | FNM_PERIOD);
}

const char *sg_folder_right_name(const char *pattern, const char *name, char room[SG_FOLDER_NAME_SIZE])
{
	static const char *const ends[] = {".yaml", ".yml"};
	const char *end = strrchr(name, '.');

	if (!end || (strcasecmp(end, ".yaml") != 0 && strcasecmp(end, ".yml") != 0))
		return NULL;
	for (size_t i = 0; i < SG_COUNT(ends); i++) {
		snprintf(room, SG_FOLDER_NAME_SIZE, "%.*s%s", (int)(end - name), name, ends[i]);
		if (matches(pattern, room))
			return room;
	}
	return NULL;
}

static DIR *open_folder(const char *folder, bool trusted_only, struct sg_error *err)
{
	sg_autofree char *inside = NULL;
	sg_cleanup(sg_walk_end_clear) struct sg_walk_end end = {.folder = -1, .found = -1};
	DIR *opened = NULL;
	int fd;

	if (trusted_only) {
		if (asprintf(&inside, "%s/.", folder) < 0) {
			inside = NULL;
			sg_error_nomem(err);
			return NULL;
		}
		if (sg_walk(inside, &end, err))
			return NULL;
		fd = openat(end.folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} else {
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd >= 0)
		opened = fdopendir(fd);
	if (opened)
		return opened;
	if (errno == ENOMEM)
		sg_error_nomem(err);
	else
		sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot open the folder");
	if (fd >= 0)
		close(fd);
	return NULL;
}

static int read_folder(const char *folder, const struct sg_folder_rules *rules, struct sg_folder_names *names,
		       struct sg_folder_names *misnamed, struct sg_error *err)
{
	sg_cleanup(close_folder) DIR *opened = open_folder(folder, rules->trusted_only, err);
	char room[SG_FOLDER_NAME_SIZE];
	const struct dirent *entry;

	if (!opened)
		return -1;
	for (errno = 0; (entry = readdir(opened)); errno = 0) {
		const char *name = entry->d_name;
		bool meant = matches(rules->pattern, name);

		if (is_leftover(name) || (!meant && !sg_folder_right_name(rules->pattern, name, room)) ||
		    is_folder(opened, entry))
			continue;
		if (add_name(meant ? names : misnamed, name, rules->most, err))
			return -1;
	}
	return errno ? sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot read the folder") : 0;
}

static void sort_names(struct sg_folder_names *names)
{
	if (names->count)
		qsort(names->items, names->count, sizeof(*names->items), compare_names);
}

int sg_folder_match(const char *folder, const struct sg_folder_rules *rules, struct sg_folder_names *ret,
		    struct sg_folder_names *ret_misnamed, struct sg_error *err)
{
	sg_cleanup(sg_folder_names_clear) struct sg_folder_names names = {0}, misnamed = {0};
	int result;

	if (rules->reading)
		rules->reading(folder);
	result = read_folder(folder, rules, &names, &misnamed, err);
	if (rules->reading)
		rules->reading(NULL);
	if (result)
		return -1;
	sort_names(&names);
	sort_names(&misnamed);
	*ret = names;
	*ret_misnamed = misnamed;
	names = misnamed = (struct sg_folder_names){0};
	return 0;
}
