/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"

struct leftover {
	char *name;
	int64_t used;
};

struct leftovers {
	struct leftover *items;
	size_t count, room;
};

static void clear(struct leftovers *all)
{
	for (size_t i = 0; i < all->count; i++)
		free(all->items[i].name);
	free(all->items);
}

/* Without memory it is left for the next time. */
static void add(struct leftovers *all, const char *name, int64_t used)
{
	if (sg_grow(&all->items, &all->room, all->count, 1, sizeof(*all->items)))
		return;
	all->items[all->count] = (struct leftover){strdup(name), used};
	all->count += all->items[all->count].name != NULL;
}

/* The last used first. */
static int compare(const void *a, const void *b)
{
	const struct leftover *one = a, *other = b;

	if (one->used != other->used)
		return one->used > other->used ? -1 : 1;
	return strcmp(one->name, other->name);
}

void sg_leftovers_tidy(const char *folder, const char *own, int64_t now)
{
	static const char start[] = "contents-";
	sg_cleanup(clear) struct leftovers all = {0};
	DIR *opened = opendir(folder);
	const struct dirent *entry;
	struct stat status;

	if (!opened)
		return;
	while ((entry = readdir(opened)))
		if (!strncmp(entry->d_name, start, sizeof(start) - 1) && strcmp(entry->d_name, own) != 0 &&
		    !fstatat(dirfd(opened), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) && S_ISREG(status.st_mode))
			add(&all, entry->d_name, status.st_mtim.tv_sec);
	if (all.count)
		qsort(all.items, all.count, sizeof(*all.items), compare);
	for (size_t i = 0; i < all.count; i++)
		if (i >= SG_LEFTOVERS_KEPT || now - all.items[i].used >= SG_LEFTOVERS_AGE)
			unlinkat(dirfd(opened), all.items[i].name, 0);
	closedir(opened);
}
