/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folder.h - the files of a folder that configuration is put together from. */
#ifndef SG_BASE_FOLDER_H
#define SG_BASE_FOLDER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include "sockgate/error.h"

/* Names in a folder. Zero-initialised is empty. */
struct sg_folder_names {
	char **items;
	size_t count, room;
};

struct sg_folder_rules {
	const char *pattern; /* of *, ? and [a-z] */
	size_t most;         /* more names are refused */
	bool trusted_only;   /* refuse a folder, or a way to it, that others than root and we may change */
	void (*reading)(const char *path); /* as of sg_file_rules */
};

/*
 * The names in `folder` that the pattern matches, in the order of their bytes whatever the locale is. Left out is what
 * nobody means: folders, hidden names, and what editors and package managers leave behind (x~, #x#, x.bak, x.dpkg-old,
 * x.rpmsave …). A folder that is not there is SG_ERROR_SYSTEM with ENOENT.
 *
 * *ret_misnamed: the names that the pattern would match if they ended in .yaml or .yml instead (x.yml, x.YAML), so
 * that they can be warned of.
 */
int sg_folder_match(const char *folder, const struct sg_folder_rules *rules, struct sg_folder_names *ret,
		    struct sg_folder_names *ret_misnamed, struct sg_error *err);
/* The name with the ending that the pattern would match; NULL: none of .yaml and .yml would, or it has neither. */
#define SG_FOLDER_NAME_SIZE (NAME_MAX + 2)
const char *sg_folder_right_name(const char *pattern, const char *name, char room[SG_FOLDER_NAME_SIZE]);
void sg_folder_names_clear(struct sg_folder_names *names);
/* Whether text holds one of the characters that make it a pattern. */
bool sg_folder_is_pattern(const char *text);

#endif
