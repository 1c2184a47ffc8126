/* SPDX-License-Identifier: GPL-2.0-or-later */
/* affected.c - listeners whose reach is not the same under two decisions. */
#include "base/mem.h"
#include "check/reach.h"
#include "sockgate/diff.h"

/*
 * Whether both let in the same packets, and the same are undecided: whether one that is refused is dropped or rejected
 * is no matter of reach. -1: no memory.
 */
static int reach_same(struct sg_idd *idd, const struct sg_reach *before, const struct sg_reach *after,
		      struct sg_error *err)
{
	static const uint32_t kinds[] = {
		[SG_OUTCOME_NONE] = 0,   [SG_OUTCOME_ACCEPT] = 1,    [SG_OUTCOME_DROP] = 2,
		[SG_OUTCOME_REJECT] = 2, [SG_OUTCOME_UNDECIDED] = 3,
	};
	sg_ref from = sg_reach_answer(before), to = sg_reach_answer(after);

	if (from == to)
		return 1;
	from = sg_idd_map(idd, from, kinds, SG_COUNT(kinds));
	to = sg_idd_map(idd, to, kinds, SG_COUNT(kinds));
	if (sg_idd_check(idd, from, err) < 0 || sg_idd_check(idd, to, err) < 0)
		return -1;
	return from == to;
}

void sg_affected_clear(struct sg_affected *affected)
{
	free(affected->items);
	sg_reaches_clear(&affected->before);
	sg_reaches_clear(&affected->after);
	*affected = (struct sg_affected){0};
}

int sg_affected(const struct sg_subject *from, const struct sg_subject *to, const struct sg_listeners *listeners,
		const struct sg_local_addresses *local, struct sg_affected *ret, struct sg_error *err)
{
	sg_cleanup(sg_affected_clear) struct sg_affected affected = {0};

	if (sg_reaches_find(from, listeners, local, &affected.before, err) < 0 ||
	    sg_reaches_find(to, listeners, local, &affected.after, err) < 0)
		return -1;
	for (size_t i = 0; i < listeners->count; i++) {
		const struct sg_reach *before = affected.before.items[i], *after = affected.after.items[i];

		int same = reach_same(from->decision.idd, before, after, err);

		if (same < 0)
			return -1;
		if (same)
			continue;
		if (sg_grow(&affected.items, &affected.room, affected.count, 1, sizeof(*affected.items)) < 0)
			return sg_error_nomem(err);
		affected.items[affected.count++] = (struct sg_affected_listener){i, before, after};
	}
	*ret = affected;
	affected = (struct sg_affected){0};
	return 0;
}
