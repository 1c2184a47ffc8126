/* SPDX-License-Identifier: GPL-2.0-or-later */
/* affected.c - listeners whose reach is not the same under two decisions. */
#include "base/mem.h"
#include "check/reach.h"
#include "sockgate/diff.h"

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

		if (sg_reach_answer(before) == sg_reach_answer(after))
			continue;
		if (sg_grow(&affected.items, &affected.room, affected.count, 1, sizeof(*affected.items)) < 0)
			return sg_error_nomem(err);
		affected.items[affected.count++] = (struct sg_affected_listener){i, before, after};
	}
	*ret = affected;
	affected = (struct sg_affected){0};
	return 0;
}
