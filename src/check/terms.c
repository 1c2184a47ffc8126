/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * terms.c - functions of conditions taken apart into alternatives.
 *
 * The walk through the diagram gives disjoint boxes, "limit A" and "not limit A, but limit B". Conditions of a policy
 * only help, so what a box says does not hold can be left out: "limit A" or "limit B". Whether that is still the
 * function is checked, and where it is not (rules that somebody else wrote), the boxes are told as they are.
 */
#include "sockgate/terms.h"

#include <string.h>
#include "base/mem.h"
#include "check/walk.h"

#define TERMS_MOST 64

static void term_clear(struct sg_term *term)
{
	free(term->conditions);
	free(term->unless);
}

void sg_terms_clear(struct sg_terms *terms)
{
	for (size_t i = 0; i < terms->count; i++)
		term_clear(&terms->items[i]);
	free(terms->items);
	free(terms->loggings);
	*terms = (struct sg_terms){0};
}

/* ---- One alternative ---- */

struct terms_walk {
	struct sg_idd *idd;
	bool plainly; /* leave out what does not hold */
	struct sg_terms terms;
	struct sg_error *err;
};

static int term_add(const struct sg_condition ***list, size_t *count, size_t *room, const struct sg_condition *item,
		    struct sg_error *err)
{
	if (sg_grow(list, room, *count, 1, sizeof(**list)) < 0)
		return sg_error_nomem(err);
	(*list)[(*count)++] = item;
	return 0;
}

/* What a box says of one level below the time. */
static int term_see_level(const struct terms_walk *walk, const struct sg_box *box, size_t level, struct sg_term *term)
{
	const struct sg_condition *condition = sg_condition_of(walk->idd, level);
	const struct sg_ranges *set = &box->sets[level];

	if (!set->count)
		return 0;
	if (!condition) {
		term->unknown = true;
		return 0;
	}
	if (set->items[0].first)
		return term_add(&term->conditions, &term->count, &term->room, condition, walk->err);
	if (walk->plainly)
		return 0;
	return term_add(&term->unless, &term->unless_count, &term->unless_room, condition, walk->err);
}

static int terms_push(struct terms_walk *walk, const struct sg_box *box, const struct sg_range *time)
{
	struct sg_terms *terms = &walk->terms;
	struct sg_term *term;

	if (sg_grow(&terms->items, &terms->room, terms->count, 1, sizeof(*terms->items)) < 0)
		return sg_error_nomem(walk->err);
	term = &terms->items[terms->count++];
	*term = (struct sg_term){.from = (uint64_t)time->first, .last = (uint64_t)time->last};
	for (size_t level = SG_LEVEL_TIME + 1; level < box->levels; level++)
		if (term_see_level(walk, box, level, term) < 0)
			return -1;
	return 0;
}

static int terms_see(const struct sg_box *box, void *data)
{
	static const struct sg_range always = {0, SG_TIME_MAX};
	const struct sg_ranges *times = &box->sets[SG_LEVEL_TIME];
	struct terms_walk *walk = data;
	size_t count = times->count ? times->count : 1;

	for (size_t i = 0; i < count; i++) {
		if (walk->terms.count == TERMS_MOST) {
			walk->terms.more = true;
			return 1;
		}
		if (terms_push(walk, box, times->count ? &times->items[i] : &always) < 0)
			return -1;
	}
	return 0;
}

/* ---- Fewer of them ---- */

static bool term_asks(const struct sg_term *term, const struct sg_condition *condition)
{
	for (size_t i = 0; i < term->count; i++)
		if (term->conditions[i] == condition)
			return true;
	return false;
}

/* Whether `wide` holds whenever `narrow` does. */
static bool term_covers(const struct sg_term *wide, const struct sg_term *narrow)
{
	if (wide->unless_count || wide->unknown || wide->from > narrow->from || wide->last < narrow->last)
		return false;
	for (size_t i = 0; i < wide->count; i++)
		if (!term_asks(narrow, wide->conditions[i]))
			return false;
	return true;
}

/* Of two equal ones the first stays. */
static bool terms_has_wider(const struct sg_terms *terms, size_t at)
{
	for (size_t i = 0; i < terms->count; i++)
		if (i != at && term_covers(&terms->items[i], &terms->items[at]) &&
		    (i < at || !term_covers(&terms->items[at], &terms->items[i])))
			return true;
	return false;
}

static void terms_reduce(struct sg_terms *terms)
{
	bool needless[TERMS_MOST];
	size_t kept = 0;

	for (size_t i = 0; i < terms->count; i++)
		needless[i] = terms_has_wider(terms, i);
	for (size_t i = 0; i < terms->count; i++) {
		if (needless[i])
			term_clear(&terms->items[i]);
		else
			terms->items[kept++] = terms->items[i];
	}
	terms->count = kept;
}

/* ---- Whether they are what they are of ---- */

static sg_ref terms_set(struct sg_idd *idd, const struct sg_terms *terms)
{
	sg_ref all = SG_IDD_EMPTY;

	for (size_t i = 0; i < terms->count; i++) {
		const struct sg_term *term = &terms->items[i];
		sg_ref set = sg_idd_range(idd, SG_LEVEL_TIME, term->from, term->last);

		for (size_t k = 0; k < term->count; k++)
			set = sg_idd_and(idd, set, sg_condition_set(idd, term->conditions[k], true));
		for (size_t k = 0; k < term->unless_count; k++)
			set = sg_idd_and(idd, set, sg_condition_set(idd, term->unless[k], false));
		all = sg_idd_or(idd, all, set);
	}
	return all;
}

static bool terms_are_unknown(const struct sg_terms *terms)
{
	for (size_t i = 0; i < terms->count; i++)
		if (terms->items[i].unknown)
			return true;
	return false;
}

/* 1: found, 0: they are not the set when said plainly, -1 with err. */
static int terms_try(struct terms_walk *walk, sg_ref verdict, sg_ref set)
{
	sg_ref again;

	if (sg_idd_boxes(walk->idd, verdict, SG_VERDICT_ACCEPT, terms_see, walk, walk->err) < 0)
		return -1;
	if (walk->plainly)
		terms_reduce(&walk->terms);
	if (walk->terms.more || terms_are_unknown(&walk->terms))
		return 1;
	again = terms_set(walk->idd, &walk->terms);
	if (sg_idd_check(walk->idd, again, walk->err) < 0)
		return -1;
	if (again == set)
		return 1;
	if (walk->plainly)
		return 0;
	return sg_error_set(walk->err, SG_ERROR_UNPROVEN, 0, "internal: the conditions of an answer are not all of it");
}

/* ---- The rest ---- */

static int terms_see_other(uint32_t value, void *data)
{
	static const enum sg_outcome outcomes[] = {SG_OUTCOME_UNDECIDED, SG_OUTCOME_NONE, SG_OUTCOME_DROP,
						   SG_OUTCOME_REJECT};
	enum sg_outcome *otherwise = data,
			outcome = value < SG_COUNT(outcomes) ? outcomes[value] : SG_OUTCOME_UNDECIDED;

	if (outcome != SG_OUTCOME_NONE)
		*otherwise = *otherwise == SG_OUTCOME_NONE || *otherwise == outcome ? outcome : SG_OUTCOME_DEPENDS;
	return 0;
}

struct terms_logs {
	const struct sg_logging *loggings;
	struct sg_terms *terms;
	struct sg_error *err;
};

static int terms_see_log(uint32_t value, void *data)
{
	struct terms_logs *logs = data;
	struct sg_terms *terms = logs->terms;

	if (!value)
		return 0;
	if (sg_grow(&terms->loggings, &terms->logging_room, terms->logging_count, 1, sizeof(*terms->loggings)) < 0)
		return sg_error_nomem(logs->err);
	terms->loggings[terms->logging_count++] = &logs->loggings[value - 1];
	return 0;
}

static int terms_fill_rest(struct sg_idd *idd, sg_ref verdict, sg_ref log, const struct sg_logging *loggings,
			   struct sg_terms *terms, struct sg_error *err)
{
	struct terms_logs logs = {loggings, terms, err};

	if (sg_walk_terminals(idd, verdict, terms_see_other, &terms->otherwise, err) < 0)
		return -1;
	return log ? sg_walk_terminals(idd, log, terms_see_log, &logs, err) : 0;
}

int sg_terms_find(struct sg_idd *idd, sg_ref verdict, sg_ref log, const struct sg_logging *loggings,
		  struct sg_terms *ret, struct sg_error *err)
{
	struct terms_walk walk = {.idd = idd, .plainly = true, .err = err};
	sg_ref set = sg_idd_equals(idd, verdict, SG_VERDICT_ACCEPT);
	int found = sg_idd_check(idd, set, err) < 0 ? -1 : terms_try(&walk, verdict, set);

	if (found == 0) {
		sg_terms_clear(&walk.terms);
		walk.plainly = false;
		found = terms_try(&walk, verdict, set);
	}
	if (found < 0 || terms_fill_rest(idd, verdict, log, loggings, &walk.terms, err) < 0) {
		sg_terms_clear(&walk.terms);
		return -1;
	}
	*ret = walk.terms;
	return 0;
}
