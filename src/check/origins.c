/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/origins.h"

#include "base/mem.h"
#include "check/walk.h"

int sg_refs_add(struct sg_refs *refs, uint32_t number, struct sg_error *err)
{
	if (sg_grow(&refs->items, &refs->room, refs->count, 1, sizeof(*refs->items)) < 0)
		return sg_error_nomem(err);
	refs->items[refs->count++] = number;
	return 0;
}

static int refs_compare(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

void sg_refs_unique(struct sg_refs *refs)
{
	size_t kept = 0;

	if (!refs->count)
		return;
	qsort(refs->items, refs->count, sizeof(*refs->items), refs_compare);
	for (size_t i = 0; i < refs->count; i++) {
		if (!kept || refs->items[kept - 1] != refs->items[i])
			refs->items[kept++] = refs->items[i];
	}
	refs->count = kept;
}

void sg_refs_clear(struct sg_refs *refs)
{
	free(refs->items);
	*refs = (struct sg_refs){0};
}

struct sg_origins sg_origins_of(const struct sg_decision *decision)
{
	struct sg_origins origins = {.idd = decision->idd, .verdict = decision->verdict};

	for (enum sg_verdict verdict = SG_VERDICT_NONE; verdict < SG_VERDICTS; verdict++)
		origins.origin[verdict] = sg_decision_origin(decision, verdict);
	return origins;
}

struct origins_list {
	struct sg_refs *refs;
	struct sg_error *err;
};

static int origins_see(uint32_t value, void *data)
{
	struct origins_list *list = data;

	return value ? sg_refs_add(list->refs, value, list->err) : 0;
}

int sg_origins_find(const struct sg_origins *origins, enum sg_outcome outcome, sg_ref set, struct sg_refs *add,
		    struct sg_error *err)
{
	struct origins_list list = {add, err};
	struct sg_idd *idd = origins->idd;

	if (outcome >= SG_OUTCOME_ACCEPT && outcome <= SG_OUTCOME_REJECT)
		return sg_walk_terminals_in(idd, origins->origin[outcome], set, origins_see, &list, err);
	for (uint32_t verdict = SG_VERDICT_ACCEPT; verdict < SG_VERDICTS; verdict++) {
		sg_ref judged = sg_idd_and(idd, set, sg_idd_equals(idd, origins->verdict, verdict));

		if (sg_walk_terminals_in(idd, origins->origin[verdict], judged, origins_see, &list, err) < 0)
			return -1;
	}
	return 0;
}
