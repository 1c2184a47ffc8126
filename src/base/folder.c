/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * glob(3) sorts by the locale, follows patterns into folders and forgets errors; none of that is wanted where the
 * files decide who gets in.
 */
#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/mem.h"

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

int sg_folder_match(const char *folder, const char *pattern, size_t most, struct sg_folder_names *ret,
		    struct sg_error *err)
{
	sg_cleanup(sg_folder_names_clear) struct sg_folder_names names = {0};
	sg_cleanup(close_folder) DIR *opened = opendir(folder);
	const struct dirent *entry;

	if (!opened && errno == ENOMEM)
		return sg_error_nomem(err);
	if (!opened)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot open the folder");
	for (errno = 0; (entry = readdir(opened)); errno = 0) {
		if (is_leftover(entry->d_name) || fnmatch(pattern, entry->d_name, FNM_NOESCAPE | FNM_PERIOD) != 0 ||
		    is_folder(opened, entry))
			continue;
		if (names.count == most)
			return sg_error_set(err, SG_ERROR_INPUT, 0, "more than %zu files", most);
		if (sg_grow(&names.items, &names.room, names.count, 1, sizeof(*names.items)) < 0)
			return sg_error_nomem(err);
		names.items[names.count] = strdup(entry->d_name);
		if (!names.items[names.count])
			return sg_error_nomem(err);
		names.count++;
	}
	if (errno)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot read the folder");
	if (names.count)
		qsort(names.items, names.count, sizeof(*names.items), compare_names);
	*ret = names;
	names = (struct sg_folder_names){0};
	return 0;
}
