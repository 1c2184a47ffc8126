// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * twins.c - changes of packets that come in and of packets to published ports that say the same.
 *
 * A policy judges both by the same lines, so most changes are there twice. Twins change alike, are the same sets but
 * for the direction, and in a policy the same lines decide both. Rules are others for each: chains of their own.
 *
 * Packets to published ports are never untracked or invalid. So their states are the same when they are so of those
 * that both can have.
 */
#include "check/twins.h"

#include <string.h>
#include "base/mem.h"
#include "check/memo.h"

#define STATES_OF_BOTH (1U << SG_CT_NEW | 1U << SG_CT_ESTABLISHED | 1U << SG_CT_RELATED)

static bool same_ranges(const struct sg_ranges *a, const struct sg_ranges *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i].first != b->items[i].first || a->items[i].last != b->items[i].last)
			return false;
	return true;
}

/* Sets of addresses are kept once (addresses.h): the same are one. */
static bool same_where(const struct sg_where *a, const struct sg_where *b)
{
	return ((a->states ^ b->states) & STATES_OF_BOTH) == 0 && a->families == b->families && a->local == b->local &&
	       a->remote == b->remote && a->any_protocol == b->any_protocol && a->any_port == b->any_port &&
	       a->without_port == b->without_port && a->interfaces.any == b->interfaces.any &&
	       a->interfaces.loopback_aside == b->interfaces.loopback_aside && same_ranges(&a->ports, &b->ports) &&
	       same_ranges(&a->protocols, &b->protocols) && same_ranges(&a->interfaces.names, &b->interfaces.names) &&
	       same_ranges(&a->interfaces.except, &b->interfaces.except);
}

static bool same_lines(const struct sg_subject *subject, const uint32_t *a, size_t a_count, const uint32_t *b,
		       size_t b_count)
{
	if (!subject->policy)
		return !a_count == !b_count;
	return a_count == b_count && (!a_count || !memcmp(a, b, a_count * sizeof(*a)));
}

static bool are_twins(const struct sg_subject *from, const struct sg_subject *to, const struct sg_change *a,
		      const struct sg_change *b)
{
	/* what the conditions become is kept once, too */
	return a->kind == b->kind && a->from == b->from && a->to == b->to && a->from_terms == b->from_terms &&
	       same_where(a->where, b->where) &&
	       same_lines(from, a->from_origins, a->from_count, b->from_origins, b->from_count) &&
	       same_lines(to, a->to_origins, a->to_count, b->to_origins, b->to_count);
}

/* Names of interfaces are in the upper bytes, numbers in the lower ones. */
static uint32_t first_of(const struct sg_ranges *ranges)
{
	sg_u128 first = ranges->count ? ranges->items[0].first : SG_PORT_ABSENT;

	return (uint32_t)(first >> 96) ^ (uint32_t)(first >> 64) ^ (uint32_t)first;
}

/* Equal for twins, and seldom for others: parts of one class that begin with one port differ by interface or family. */
static struct sg_memo_key key_of(const struct sg_change *change)
{
	const struct sg_where *where = change->where;
	uint64_t ends = (uint64_t)(uintptr_t)where->local * 31 + (uint64_t)(uintptr_t)where->remote;
	uint32_t what = (uint32_t)change->kind << 16 | (uint32_t)change->from << 12 | (uint32_t)change->to << 8 |
			(where->states & STATES_OF_BOTH) << 2 | where->families;

	return (struct sg_memo_key){{what, first_of(&where->protocols), first_of(&where->ports),
				     first_of(&where->interfaces.names), (uint32_t)ends, (uint32_t)(ends >> 32)}};
}

int sg_twins_find(const struct sg_subject *from, const struct sg_subject *to, struct sg_diff *diff,
		  struct sg_error *err)
{
	sg_cleanup(sg_memo_clear) struct sg_memo heads = {0};
	/* the changes of one key: the next that comes in, of each that does; SG_MEMO_NONE: no further one */
	sg_autofree uint32_t *next = calloc(diff->count + 1, sizeof(*next));

	if (!next)
		return sg_error_nomem(err);
	for (uint32_t i = 0; i < diff->count; i++) {
		struct sg_memo_key key = key_of(&diff->changes[i]);
		uint32_t head = sg_memo_find(&heads, &key);

		if (diff->changes[i].where->direction != SG_IN)
			continue;
		next[i] = SG_MEMO_NONE;
		if (head == SG_MEMO_NONE && sg_memo_add(&heads, &key, i, err) < 0)
			return -1;
		if (head != SG_MEMO_NONE) {
			next[i] = next[head];
			next[head] = i;
		}
	}
	for (size_t i = 0; i < diff->count; i++) {
		struct sg_change *change = &diff->changes[i];
		struct sg_memo_key key = key_of(change);
		uint32_t at = sg_memo_find(&heads, &key);

		if (change->where->direction != SG_PUBLISHED)
			continue;
		while (at != SG_MEMO_NONE && !are_twins(from, to, &diff->changes[at], change))
			at = next[at];
		if (at == SG_MEMO_NONE)
			continue;
		change->twin = &diff->changes[at];
		diff->changes[at].twin = change;
	}
	return 0;
}
