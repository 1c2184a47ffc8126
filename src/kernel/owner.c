/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which process holds a socket: the kernel keeps no way back from a socket to its descriptors, so all descriptors of
 * all processes are looked at, in /proc/PID/fd, until the last inode that is wanted has been found.
 *
 * What keeps that quick: one table of the inodes that are wanted; since Linux 6.2 the size of /proc/PID/fd is the
 * number of descriptors, so processes without any (kernel threads above all) cost one system call; readlink tells a
 * socket's inode without touching the file, which stat would.
 *
 * Process 1 comes last. With socket activation systemd holds the socket as well as the service does, and the service
 * is who answers. Before it come the control groups in which sockets were made (the kernel remembers them with the
 * socket): they name the unit of a socket whose process cannot be seen, or is systemd on behalf of that unit.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/num.h"
#include "kernel/cgroup.h"
#include "kernel/owner.h"

#define OWNER_BUFFER 32768
#define OWNER_NONE   UINT32_MAX

static void owner_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define owner_autoclose sg_cleanup(owner_close)

/* Listeners by a number of theirs: an open hash table of the first listener with it, the others chained behind it. */
struct owner_index {
	uint32_t *slots; /* index of a listener, or OWNER_NONE */
	uint32_t *next;  /* per listener */
	size_t mask;
	size_t count; /* different numbers */
};

static void owner_index_clear(struct owner_index *index)
{
	free(index->slots);
	free(index->next);
}

static uint64_t owner_inode(const struct sg_listener *item)
{
	return item->inode;
}

static uint64_t owner_cgroup(const struct sg_listener *item)
{
	return item->cgroup;
}

typedef uint64_t owner_key(const struct sg_listener *item);

static size_t owner_hash(uint64_t number)
{
	return (size_t)((number * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

/* The slot that has the number, or the empty one where it would be. The table is never more than half full. */
static uint32_t *owner_slot(const struct owner_index *index, const struct sg_listeners *list, owner_key *key,
			    uint64_t number)
{
	size_t at = owner_hash(number) & index->mask;

	while (index->slots[at] != OWNER_NONE && key(&list->items[index->slots[at]]) != number)
		at = (at + 1) & index->mask;
	return &index->slots[at];
}

/* Listeners whose number is 0 have none and stay out. */
static int owner_index_build(struct owner_index *index, const struct sg_listeners *list, owner_key *key,
			     struct sg_error *err)
{
	size_t room = 16;

	while (room < list->count * 2)
		room *= 2;
	index->mask = room - 1;
	index->slots = malloc(room * sizeof(*index->slots));
	index->next = malloc((list->count + 1) * sizeof(*index->next));
	if (!index->slots || !index->next || list->count >= OWNER_NONE)
		return sg_error_nomem(err);
	memset(index->slots, 0xff, room * sizeof(*index->slots));
	for (size_t i = list->count; i-- > 0;) {
		uint64_t number = key(&list->items[i]);
		uint32_t *slot;

		if (!number)
			continue;
		slot = owner_slot(index, list, key, number);
		index->count += *slot == OWNER_NONE;
		index->next[i] = *slot;
		*slot = (uint32_t)i;
	}
	return 0;
}

/* A whole small file of /proc, cut at the size of the buffer. The length, or -1. */
static ssize_t owner_read(int folder, const char *name, char *buffer, size_t size)
{
	owner_autoclose int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	size_t length = 0;

	if (fd < 0)
		return -1;
	while (length < size) {
		ssize_t got = read(fd, buffer + length, size - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

uint32_t sg_owner_socket_inode(const char *link, size_t size)
{
	static const char prefix[] = "socket:[";
	const size_t skip = sizeof(prefix) - 1;
	uint64_t inode;

	if (size < skip + 2 || memcmp(link, prefix, skip) || link[size - 1] != ']' ||
	    !sg_num_parse(link + skip, size - skip - 1, UINT32_MAX, &inode))
		return 0;
	return (uint32_t)inode;
}

/* What the path at the end of a line says. */
static int owner_from_line(const char *path, size_t size, char **ret_unit, char **ret_container, struct sg_error *err)
{
	sg_autofree char *copy = strndup(path, size);

	if (!copy)
		return sg_error_nomem(err);
	return sg_owner_from_cgroup(copy, ret_unit, ret_container, err);
}

enum owner_hierarchy { OWNER_UNIFIED, OWNER_SYSTEMD, OWNER_OTHER, OWNER_HIERARCHIES };

/* Which hierarchy a line is of, and its path. False when it is not a line of that file. */
static bool owner_split_line(const char *line, size_t size, enum owner_hierarchy *ret, const char **ret_path)
{
	const char *end = line + size, *names = memchr(line, ':', size), *path;

	path = names ? memchr(names + 1, ':', (size_t)(end - names) - 1) : NULL;
	if (!path)
		return false;
	names++;
	if (path == names)
		*ret = OWNER_UNIFIED;
	else if ((size_t)(path - names) == strlen("name=systemd") &&
		 !memcmp(names, "name=systemd", strlen("name=systemd")))
		*ret = OWNER_SYSTEMD;
	else
		*ret = OWNER_OTHER;
	*ret_path = path + 1;
	return true;
}

int sg_owner_from_cgroups(const char *text, size_t size, char **ret_unit, char **ret_container, struct sg_error *err)
{
	sg_autofree char *unit = NULL, *container = NULL;

	for (enum owner_hierarchy wanted = OWNER_UNIFIED; wanted < OWNER_HIERARCHIES; wanted++) {
		const char *line = text, *end = text + size;

		while (!unit && !container && line < end) {
			const char *stop = memchr(line, '\n', (size_t)(end - line)), *path;
			enum owner_hierarchy hierarchy;

			if (!stop)
				stop = end;
			if (owner_split_line(line, (size_t)(stop - line), &hierarchy, &path) && hierarchy == wanted &&
			    owner_from_line(path, (size_t)(stop - path), &unit, &container, err))
				return -1;
			line = stop + 1;
		}
	}
	*ret_unit = sg_steal(unit);
	*ret_container = sg_steal(container);
	return 0;
}

/* What a search needs at hand. */
struct owner_search {
	struct sg_listeners *list;
	struct owner_index inodes;
	size_t wanted; /* inodes that nobody was found for yet */
	int proc;      /* /proc */
	bool sizes;    /* the size of /proc/PID/fd is the number of descriptors */
	char *entries; /* OWNER_BUFFER bytes of directory entries … */
	char *text;    /* … and of a file */
};

static void owner_search_clear(struct owner_search *search)
{
	owner_index_clear(&search->inodes);
	if (search->proc >= 0)
		close(search->proc);
	free(search->entries);
	free(search->text);
}

/* A process that holds at least one of the sockets: what is said about it is read once, when the first was found. */
struct owner_process {
	int folder; /* /proc/PID/fd */
	struct sg_owner owner;
	bool read, gone;
};

static void owner_process_clear(struct owner_process *process)
{
	if (process->folder >= 0)
		close(process->folder);
	free(process->owner.unit);
	free(process->owner.container);
}

static int owner_process_read(struct owner_search *search, struct owner_process *process, struct sg_error *err)
{
	ssize_t size =
		owner_read(process->folder, "../comm", process->owner.process, sizeof(process->owner.process) - 1);

	process->read = true;
	if (size <= 0) {
		process->gone = true;
		return 0;
	}
	if (process->owner.process[size - 1] == '\n')
		size--;
	process->owner.process[size] = '\0';
	size = owner_read(process->folder, "../cgroup", search->text, OWNER_BUFFER);
	if (size < 0)
		return 0;
	return sg_owner_from_cgroups(search->text, (size_t)size, &process->owner.unit, &process->owner.container, err);
}

/* Copies of what is set, for an owner of whom neither is known yet. */
static int owner_fill(struct sg_owner *owner, const char *unit, const char *container, struct sg_error *err)
{
	sg_autofree char *unit_copy = NULL;

	if (owner->unit || owner->container)
		return 0;
	if (unit && !(unit_copy = strdup(unit)))
		return sg_error_nomem(err);
	if (container && !(owner->container = strdup(container)))
		return sg_error_nomem(err);
	owner->unit = sg_steal(unit_copy);
	return 0;
}

static int owner_found(struct owner_search *search, struct owner_process *process, uint32_t inode, struct sg_error *err)
{
	uint32_t at = *owner_slot(&search->inodes, search->list, owner_inode, inode);

	if (at == OWNER_NONE || search->list->items[at].owner.pid)
		return 0;
	if (!process->read && owner_process_read(search, process, err))
		return -1;
	if (process->gone)
		return 0;
	search->wanted--;
	for (; at != OWNER_NONE; at = search->inodes.next[at]) {
		struct sg_owner *owner = &search->list->items[at].owner;

		owner->pid = process->owner.pid;
		memcpy(owner->process, process->owner.process, sizeof(owner->process));
		if (owner_fill(owner, process->owner.unit, process->owner.container, err))
			return -1;
	}
	return 0;
}

static int owner_look_at(struct owner_search *search, struct owner_process *process, struct sg_error *err)
{
	ssize_t size;

	while (search->wanted && (size = getdents64(process->folder, search->entries, OWNER_BUFFER)) > 0) {
		for (ssize_t offset = 0; offset < size && search->wanted;) {
			const struct dirent64 *entry = (const void *)(search->entries + offset);
			char link[32];
			ssize_t length;
			uint32_t inode;

			offset += entry->d_reclen;
			if (entry->d_name[0] == '.')
				continue;
			length = readlinkat(process->folder, entry->d_name, link, sizeof(link));
			if (length <= 0 || link[0] != 's')
				continue;
			inode = sg_owner_socket_inode(link, (size_t)length);
			if (inode && owner_found(search, process, inode, err))
				return -1;
		}
	}
	return 0;
}

static int owner_look_at_process(struct owner_search *search, pid_t pid, struct sg_error *err)
{
	sg_cleanup(owner_process_clear) struct owner_process process = {.folder = -1, .owner = {.pid = pid}};
	char path[32];
	struct stat status;

	snprintf(path, sizeof(path), "%d/fd", (int)pid);
	if (search->sizes && (fstatat(search->proc, path, &status, 0) || !status.st_size))
		return 0;
	process.folder = openat(search->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (process.folder < 0)
		return 0; /* gone, or somebody else's */
	return owner_look_at(search, &process, err);
}

/* All processes but the first, in the order of their ids. */
static int owner_look_at_all(struct owner_search *search, struct sg_error *err)
{
	sg_autofree char *entries = malloc(OWNER_BUFFER);
	ssize_t size;

	if (!entries)
		return sg_error_nomem(err);
	while (search->wanted && (size = getdents64(search->proc, entries, OWNER_BUFFER)) > 0) {
		for (ssize_t offset = 0; offset < size && search->wanted;) {
			const struct dirent64 *entry = (const void *)(entries + offset);
			uint64_t pid;

			offset += entry->d_reclen;
			if (!sg_num_parse(entry->d_name, strlen(entry->d_name), INT32_MAX, &pid) || pid <= 1)
				continue;
			if (owner_look_at_process(search, (pid_t)pid, err))
				return -1;
		}
	}
	return 0;
}

static int owner_copy_lineage(const struct sg_lineage *lineage, struct sg_listener *listener, struct sg_error *err)
{
	uint64_t *ids = NULL;

	if (!lineage->known || listener->lineage.known)
		return 0;
	if (lineage->depth) {
		ids = malloc(lineage->depth * sizeof(*ids));
		if (!ids)
			return sg_error_nomem(err);
		memcpy(ids, lineage->ids, lineage->depth * sizeof(*ids));
	}
	listener->lineage = (struct sg_lineage){true, ids, lineage->depth};
	return 0;
}

/* What the control group says of its listeners: the groups above it; unit and container where the process was not
 * found. */
static int owner_see_group(struct sg_listeners *list, const struct owner_index *groups, uint32_t first,
			   const struct sg_cgroups *cgroups, const char *path, struct sg_error *err)
{
	sg_autofree char *unit = NULL, *container = NULL;
	struct sg_lineage lineage;
	int result = 0;

	if (sg_owner_from_cgroup(path, &unit, &container, err) ||
	    sg_cgroups_lineage(cgroups, path, list->items[first].cgroup, &lineage, err))
		return -1;
	for (uint32_t at = first; at != OWNER_NONE && !result; at = groups->next[at]) {
		struct sg_listener *listener = &list->items[at];

		result = owner_copy_lineage(&lineage, listener, err);
		if (!result && !listener->owner.pid)
			result = owner_fill(&listener->owner, unit, container, err);
	}
	free(lineage.ids);
	return result;
}

static int owner_look_at_groups(struct sg_listeners *list, struct sg_error *err)
{
	sg_cleanup(owner_index_clear) struct owner_index groups = {0};
	sg_cleanup(sg_cgroups_close) struct sg_cgroups cgroups = {.folder = -1};
	char path[PATH_MAX];

	if (owner_index_build(&groups, list, owner_cgroup, err))
		return -1;
	if (groups.count && sg_cgroups_open(&cgroups, err) < 0)
		return -1;
	for (size_t slot = 0; cgroups.folder >= 0 && slot <= groups.mask; slot++) {
		uint32_t first = groups.slots[slot];

		if (first != OWNER_NONE && sg_cgroups_path(&cgroups, list->items[first].cgroup, path, sizeof(path)) &&
		    owner_see_group(list, &groups, first, &cgroups, path, err))
			return -1;
	}
	return 0;
}

int sg_owners_find(struct sg_listeners *list, struct sg_error *err)
{
	sg_cleanup(owner_search_clear) struct owner_search search = {.list = list, .proc = -1};
	struct stat status;

	search.entries = malloc(OWNER_BUFFER);
	search.text = malloc(OWNER_BUFFER);
	if (!search.entries || !search.text)
		return sg_error_nomem(err);
	if (owner_index_build(&search.inodes, list, owner_inode, err))
		return -1;
	search.wanted = search.inodes.count;
	search.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (search.proc >= 0) {
		search.sizes = !fstatat(search.proc, "self/fd", &status, 0) && status.st_size > 0;
		if (owner_look_at_all(&search, err))
			return -1;
	}
	if (owner_look_at_groups(list, err))
		return -1;
	return search.wanted && search.proc >= 0 ? owner_look_at_process(&search, 1, err) : 0;
}
