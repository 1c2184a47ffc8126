/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keys.h - the keys of the policy language, and mappings read by them. */
#ifndef SG_POLICY_KEYS_H
#define SG_POLICY_KEYS_H

#include "policy/reader.h"
#include "sockgate/language.h"

enum key_id {
#define KEY(places, id, name, type, choices, unset, example, doc) KEY_##id,
#include "policy/keys.def"
#undef KEY
	KEY_COUNT
};

/* Keys of protocols with ports: KEY_TCP to KEY_UDPLITE. */
#define KEYS_PORTS (KEY_UDPLITE - KEY_TCP + 1)

/* What a mapping gave. Nodes are 0 where it gave nothing, or something that was refused. */
struct keys_values {
	uint32_t key[KEY_COUNT], value[KEY_COUNT];
	uint32_t given; /* keys that the mapping has, right or wrong */
};

/*
 * Sorts a mapping's children by key. Reports keys that are unknown in `place` or have the wrong kind of value; `other`
 * (may be NULL) is asked first about keys that the table lacks and takes what it knows by returning true.
 */
void sg_keys_read(struct reader *reader, uint32_t mapping, enum sg_key_place place, struct keys_values *ret,
		  bool (*other)(struct reader *reader, uint32_t key, void *data), void *data);

/*
 * Whether a value has the form that its key takes; reports when not. Of a list that may hold mappings the items are not
 * looked at: sg_keys_check_item does that for each, so that one bad item does not hide what is wrong with the others.
 */
bool sg_keys_check(struct reader *reader, uint32_t key, uint32_t value, enum key_id id);
bool sg_keys_check_item(struct reader *reader, uint32_t item, enum key_id id);
/* Whether such a list has only scalars, each with a value; reports what is not. */
bool sg_keys_only_words(struct reader *reader, uint32_t value, enum key_id id);

/* The key of the place that other firewalls call by the word, or NULL. */
const char *sg_keys_renamed(const char *word, enum sg_key_place place);
/* Reports a key that names what the language has nothing like, and what to do instead. False: it is no such key. */
bool sg_keys_refuse_unsupported(struct reader *reader, uint32_t key, enum sg_key_place place);

const char *sg_keys_name(enum key_id id);
bool sg_keys_is_mapping(enum key_id id); /* whether its value is one */
const char *sg_keys_doc(enum key_id id);
bool sg_keys_find(const char *name, enum sg_key_place place, enum key_id *ret);

#endif
