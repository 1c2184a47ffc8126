/* SPDX-License-Identifier: GPL-2.0-or-later */
/* folder.h - the files of a folder that configuration is put together from. */
#ifndef SG_BASE_FOLDER_H
#define SG_BASE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include "sockgate/error.h"

/* Names in a folder. Zero-initialised is empty. */
struct sg_folder_names {
	char **items;
	size_t count, room;
};

/*
 * The names in `folder` that a pattern of *, ? and [a-z] matches, in the order of their bytes whatever the locale is.
 * Left out is what nobody means: folders, hidden names, and what editors and package managers leave behind (x~, #x#, x.bak,
 * x.dpkg-old, x.rpmsave …). More than `most` are refused. A folder that is not there is SG_ERROR_SYSTEM with ENOENT.
 */
int sg_folder_match(const char *folder, const char *pattern, size_t most, struct sg_folder_names *ret,
		    struct sg_error *err);
void sg_folder_names_clear(struct sg_folder_names *names);
/* Whether text holds one of the characters that make it a pattern. */
bool sg_folder_is_pattern(const char *text);

#endif
