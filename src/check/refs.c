/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/refs.h"

#include "base/mem.h"
#include "check/walk.h"

int sg_refs_add(struct sg_refs *refs, uint32_t ref, struct sg_error *err)
{
	if (sg_grow(&refs->items, &refs->room, refs->count, 1, sizeof(*refs->items)) < 0)
		return sg_error_nomem(err);
	refs->items[refs->count++] = ref;
	return 0;
}

int sg_refs_copy(const struct sg_refs *refs, struct sg_refs *ret, struct sg_error *err)
{
	struct sg_refs copy = {0};

	if (sg_grow(&copy.items, &copy.room, 0, refs->count, sizeof(*copy.items)) < 0)
		return sg_error_nomem(err);
	for (size_t i = 0; i < refs->count; i++)
		copy.items[copy.count++] = refs->items[i];
	*ret = copy;
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

struct origins_list {
	struct sg_refs refs;
	struct sg_error *err;
};

static int origins_see(uint32_t value, void *data)
{
	struct origins_list *list = data;

	return value ? sg_refs_add(&list->refs, value, list->err) : 0;
}

int sg_origins_find(struct sg_idd *idd, sg_ref set, const struct sg_refs *diagrams, struct sg_refs *ret,
		    struct sg_error *err)
{
	struct origins_list list = {.err = err};

	for (size_t i = 0; i < diagrams->count; i++) {
		sg_ref inside = diagrams->items[i];

		if (!sg_idd_is_terminal(inside))
			inside = sg_idd_ite(idd, set, inside, SG_IDD_EMPTY);
		if (sg_walk_terminals(idd, inside, origins_see, &list, err) != 0) {
			sg_refs_clear(&list.refs);
			return -1;
		}
	}
	sg_refs_unique(&list.refs);
	*ret = list.refs;
	return 0;
}
