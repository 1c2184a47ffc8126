/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memo.h - a hash table from a few numbers to one: remembers which answer belongs to which diagrams. */
#ifndef SG_CHECK_MEMO_H
#define SG_CHECK_MEMO_H

#include <stddef.h>
#include <stdint.h>
#include "sockgate/error.h"

#define SG_MEMO_WORDS 6
#define SG_MEMO_NONE  UINT32_MAX
struct sg_memo_key {
	uint32_t word[SG_MEMO_WORDS];
};
/* Zero-initialised is empty. */
struct sg_memo {
	struct sg_memo_slot *slots;
	size_t count, room;
};

uint32_t sg_memo_find(const struct sg_memo *memo, const struct sg_memo_key *key); /* SG_MEMO_NONE: not there */
/* The key must not be there yet; value is not SG_MEMO_NONE. */
int sg_memo_add(struct sg_memo *memo, const struct sg_memo_key *key, uint32_t value, struct sg_error *err);
void sg_memo_clear(struct sg_memo *memo);

#endif
