// SPDX-License-Identifier: GPL-2.0-or-later
#include "render/wholes.h"

#include <stdlib.h>
#include "base/mem.h"

#define OUTCOMES (SG_OUTCOME_REJECT + 1)

static struct sg_whole *whole_in(struct sg_wholes *wholes, const struct sg_change *change, enum sg_direction direction)
{
	if (change->kind == SG_CHANGE_CONDITIONS || change->from >= OUTCOMES || change->to >= OUTCOMES)
		return NULL; /* conditions, and what is not decided, are told set by set */
	return &wholes->of[direction][change->from][change->to];
}

static bool is_default(const struct sg_subject *subject, uint32_t origin)
{
	struct sg_because because = sg_subject_because(subject, origin);
	const struct sg_place *place = because.place;

	if (!place)
		return because.line.kind == SG_ORIGIN_DEFAULT || because.line.kind == SG_ORIGIN_BASELINE;
	/* a base chain's policy, or its last rule */
	return !place->rule ||
	       (place->chain && place->chain->is_base && place->rule_index + 1 == place->chain->rule_count);
}

static bool has_default(const struct sg_subject *subject, const uint32_t *origins, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_default(subject, origins[i]))
			return true;
	return !count; /* no table, or a policy that leaves the direction alone: everything is accepted by default */
}

void sg_wholes_find(struct sg_wholes *wholes, const struct sg_diff_report *report)
{
	for (size_t i = 0; i < report->diff->count; i++) {
		const struct sg_change *change = &report->diff->changes[i];
		struct sg_whole *whole = whole_in(wholes, change, change->where->direction);

		if (!whole)
			continue;
		whole->count++;
		whole->twins += change->twin != NULL;
		whole->before = whole->before || has_default(report->from, change->from_origins, change->from_count);
		whole->after = whole->after || has_default(report->to, change->to_origins, change->to_count);
		whole->nobody[0] = whole->nobody[0] || !change->from_count;
		whole->nobody[1] = whole->nobody[1] || !change->to_count;
	}
}

static bool is_whole(const struct sg_whole *whole)
{
	return whole->count >= SG_WHOLE_LEAST && whole->before && whole->after;
}

/* Where somebody decides the one and nobody the other, the names of the one would be wrong for the other. */
static bool are_joined(const struct sg_whole *in, const struct sg_whole *published)
{
	bool alike = published->twins || (published->count && published->before && published->after);

	return is_whole(in) && alike && published->nobody[0] == in->nobody[0] && published->nobody[1] == in->nobody[1];
}

struct sg_whole *sg_wholes_of(struct sg_wholes *wholes, const struct sg_change *change)
{
	struct sg_whole *whole = whole_in(wholes, change, change->where->direction);

	if (!whole)
		return NULL;
	if (change->where->direction == SG_PUBLISHED && are_joined(whole_in(wholes, change, SG_IN), whole))
		return whole_in(wholes, change, SG_IN);
	return is_whole(whole) ? whole : NULL;
}

bool sg_wholes_both(struct sg_wholes *wholes, const struct sg_change *change, size_t *ret_sets)
{
	const struct sg_whole *whole = whole_in(wholes, change, change->where->direction);
	const struct sg_whole *published = whole_in(wholes, change, SG_PUBLISHED);

	*ret_sets = whole->count;
	if (whole == published || !are_joined(whole, published))
		return false;
	*ret_sets += published->count - published->twins;
	return true;
}

/* ---- Deciders ---- */

static bool deciders_add(struct sg_deciders *deciders, const uint32_t *origins, size_t count)
{
	/* one more, so that there is an array also without any */
	if (sg_grow(&deciders->items, &deciders->room, deciders->count, count + 1, sizeof(*deciders->items)) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		deciders->items[deciders->count++] = origins[i];
	return true;
}

static int compare_origins(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

static void deciders_unique(struct sg_deciders *deciders)
{
	size_t kept = 0;

	if (deciders->count)
		qsort(deciders->items, deciders->count, sizeof(*deciders->items), compare_origins);
	for (size_t i = 0; i < deciders->count; i++)
		if (!kept || deciders->items[kept - 1] != deciders->items[i])
			deciders->items[kept++] = deciders->items[i];
	deciders->count = kept;
}

bool sg_told_add(struct sg_told *told, const struct sg_change *change)
{
	return deciders_add(&told->before, change->from_origins, change->from_count) &&
	       deciders_add(&told->after, change->to_origins, change->to_count);
}

void sg_told_end(struct sg_told *told)
{
	deciders_unique(&told->before);
	deciders_unique(&told->after);
	told->change.from_origins = told->before.items;
	told->change.from_count = told->before.count;
	told->change.to_origins = told->after.items;
	told->change.to_count = told->after.count;
}

void sg_told_clear(struct sg_told *told)
{
	free(told->before.items);
	free(told->after.items);
}
