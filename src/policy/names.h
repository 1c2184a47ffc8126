/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names.h - finding what a name was given to, among very many, whatever the names are. */
#ifndef SG_POLICY_NAMES_H
#define SG_POLICY_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct names_entry {
	const char *name; /* borrowed */
	size_t index;
};

struct names {
	struct names_entry *items;
	size_t count, room;
};

#define NAMES_NONE SIZE_MAX

bool sg_names_add(struct names *names, const char *name, size_t index); /* false: no memory */
void sg_names_sort(struct names *names);                                /* when all are in, before the first find */
size_t sg_names_find(const struct names *names, const char *name);      /* NAMES_NONE: nobody has it */
/* The one that was probably meant, NULL when none is near. */
const char *sg_names_nearest(const struct names *names, const char *name);
void sg_names_clear(struct names *names);

#endif
