/* SPDX-License-Identifier: GPL-2.0-or-later */
/* language.h - the keys of the policy language, for whoever explains them: help, manual, JSON Schema. */
#ifndef SOCKGATE_LANGUAGE_H
#define SOCKGATE_LANGUAGE_H

#include <stddef.h>

/* Where a key may stand; a set of bits. */
enum sg_key_place {
	SG_KEY_TOP = 1,
	SG_KEY_BASELINE = 2,
	SG_KEY_SECTION = 4, /* allow and block: protocols */
	SG_KEY_LINE = 8,
	SG_KEY_TEST = 16,
	SG_KEY_GROUP = 32, /* {file: …} among the addresses of a group */
	SG_KEY_SERVICE = 64,
	SG_KEY_OUTBOUND = 128,
	SG_KEY_LOG = 256,
	SG_KEY_LOG_BLOCKED = 512,
	SG_KEY_PLACES_END = 1024,
};

/* What stands behind it. */
enum sg_key_type {
	SG_KEY_WORD,    /* a scalar */
	SG_KEY_TEXT,    /* a scalar */
	SG_KEY_BOOLEAN, /* a scalar */
	SG_KEY_WORDS,   /* a scalar, or a list of them */
	SG_KEY_ITEM,    /* a scalar or a mapping */
	SG_KEY_ITEMS,   /* a scalar or a mapping, or a list of them */
	SG_KEY_MAPPING,
	SG_KEY_ANYTHING, /* also nothing */
};

/* All strings are static. */
struct sg_key {
	const char *name;
	unsigned int places;
	enum sg_key_type type;
	const char *choices; /* "drop|reject|accept"; NULL: no fixed words */
	const char *unset;   /* what holds without it; NULL: nothing */
	const char *example; /* as it stands in a policy, "from: [office, 192.0.2.7]" */
	const char *doc;     /* what it says, fit to follow "'name': " */
};

size_t sg_key_count(void);
const struct sg_key *sg_key_at(size_t index);       /* in the order of the manual; NULL behind the last */
const struct sg_key *sg_key_find(const char *name); /* wherever it stands; NULL: there is none */
/* For sg_text_nearest: the names, one after the other, then NULL. */
const char *sg_key_next_name(size_t index, const void *unused);
const char *sg_key_place_text(enum sg_key_place place); /* "at the top of the file" */
const char *sg_key_type_text(enum sg_key_type type);    /* "a value or a list of values" */

#endif
