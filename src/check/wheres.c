/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wheres.c - sets of packets alone, without values or origins. */
#include "check/where.h"

#include "base/mem.h"
#include "check/addresses.h"
#include "check/interfaces.h"
#include "check/prove.h"
#include "check/walk.h"

int sg_wheres_of(struct sg_idd *idd, sg_ref set, struct sg_wheres *ret, struct sg_error *err)
{
	sg_cleanup(sg_wheres_clear) struct sg_wheres wheres = {0};
	sg_cleanup(sg_parts_clear) struct sg_parts parts = {0};

	if (sg_parts_find(idd, set, &wheres.pool, &parts, err) < 0)
		return -1;
	if (sg_grow(&wheres.items, &wheres.room, 0, parts.count, sizeof(*wheres.items)) < 0)
		return sg_error_nomem(err);
	for (size_t i = 0; i < parts.count; i++) {
		wheres.items[wheres.count++] = parts.items[i].where;
		parts.items[i].where = (struct sg_where){0};
	}
	*ret = wheres;
	wheres = (struct sg_wheres){0};
	return 0;
}

/* Takes the rectangle's interfaces over. */
static int wheres_add_rect(struct sg_wheres *wheres, struct sg_rect *rect, struct sg_error *err)
{
	static const struct sg_range every_protocol = {0, 255};
	struct sg_where where = {
		.direction = SG_IN,
		.states = 1U << SG_CT_NEW,
		.families = rect->families,
		.any_protocol = true,
		.any_port = true,
		.local = rect->local,
		.remote = rect->remote,
	};

	if (sg_grow(&wheres->items, &wheres->room, wheres->count, 1, sizeof(where)) < 0)
		return sg_error_nomem(err);
	if (sg_ranges_add(&where.protocols, &every_protocol, err) < 0)
		return -1;
	where.interfaces = rect->interfaces;
	rect->interfaces = (struct sg_interface_set){0};
	wheres->items[wheres->count++] = where;
	return 0;
}

static int wheres_prove_rects(struct sg_idd *idd, const struct sg_wheres *wheres, sg_ref wanted, struct sg_error *err)
{
	sg_autofree sg_ref *sets = calloc(wheres->count + 1, sizeof(*sets));
	sg_cleanup(sg_memo_clear) struct sg_memo memo = {0};

	if (!sets)
		return sg_error_nomem(err);
	for (size_t i = 0; i < wheres->count; i++) {
		sg_ref ref = sg_where_rebuild(idd, &wheres->items[i], &memo, err);

		ref = sg_walk_step(idd, ref, SG_FIELD_DIRECTION, SG_IN);
		sets[i] = sg_walk_step(idd, ref, SG_FIELD_STATE, SG_CT_NEW);
		if (sg_walk_check(idd, sets[i], err) < 0)
			return -1;
	}
	return sg_prove_union(idd, sets, wheres->count, wanted, err);
}

int sg_wheres_of_rects(struct sg_idd *idd, sg_ref set, struct sg_wheres *ret, struct sg_error *err)
{
	sg_cleanup(sg_wheres_clear) struct sg_wheres wheres = {0};
	sg_cleanup(sg_rects_clear) struct sg_rects rects = {0};

	if (sg_rects_find(idd, set, &wheres.pool, &rects, err) < 0)
		return -1;
	for (size_t i = 0; i < rects.count; i++) {
		if (wheres_add_rect(&wheres, &rects.items[i], err) < 0)
			return -1;
	}
	if (wheres_prove_rects(idd, &wheres, set, err) < 0)
		return -1;
	*ret = wheres;
	wheres = (struct sg_wheres){0};
	return 0;
}
