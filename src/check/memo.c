/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memo.c - open addressing with linear probing; a slot whose value is SG_MEMO_NONE is free; half of them stay so. */
#include "check/memo.h"

#include <stdlib.h>
#include <string.h>

struct sg_memo_slot {
	struct sg_memo_key key;
	uint32_t value;
};

static size_t memo_hash(const struct sg_memo_key *key)
{
	uint64_t hash = 0x9e3779b97f4a7c15U;

	for (size_t i = 0; i < SG_MEMO_WORDS; i++) {
		hash = (hash ^ key->word[i]) * 0xff51afd7ed558ccdU;
		hash ^= hash >> 32;
	}
	return (size_t)hash;
}

/* The key's slot, or the free one where it would be; there is always a free one. */
static struct sg_memo_slot *memo_slot(struct sg_memo_slot *slots, size_t room, const struct sg_memo_key *key)
{
	size_t i = memo_hash(key) & (room - 1);

	while (slots[i].value != SG_MEMO_NONE && memcmp(&slots[i].key, key, sizeof(*key)) != 0)
		i = (i + 1) & (room - 1);
	return &slots[i];
}

uint32_t sg_memo_find(const struct sg_memo *memo, const struct sg_memo_key *key)
{
	return memo->room ? memo_slot(memo->slots, memo->room, key)->value : SG_MEMO_NONE;
}

static int memo_grow(struct sg_memo *memo)
{
	size_t room = memo->room ? memo->room * 2 : 64;
	struct sg_memo_slot *slots = calloc(room, sizeof(*slots));

	if (!slots)
		return -1;
	for (size_t i = 0; i < room; i++)
		slots[i].value = SG_MEMO_NONE;
	for (size_t i = 0; i < memo->room; i++) {
		if (memo->slots[i].value != SG_MEMO_NONE)
			*memo_slot(slots, room, &memo->slots[i].key) = memo->slots[i];
	}
	free(memo->slots);
	memo->slots = slots;
	memo->room = room;
	return 0;
}

int sg_memo_add(struct sg_memo *memo, const struct sg_memo_key *key, uint32_t value, struct sg_error *err)
{
	if (memo->count >= memo->room / 2 && memo_grow(memo) < 0)
		return sg_error_nomem(err);
	*memo_slot(memo->slots, memo->room, key) = (struct sg_memo_slot){*key, value};
	memo->count++;
	return 0;
}

void sg_memo_clear(struct sg_memo *memo)
{
	free(memo->slots);
	*memo = (struct sg_memo){0};
}
