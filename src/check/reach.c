/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reach.c - who can reach each listener under one decision.
 *
 * A listener's answer hangs on the diagram under its protocol and port and on its region. Equal diagrams are one
 * reference, so a thousand listeners on ports of one class share one answer.
 */
#include "check/reach.h"

#include "base/mem.h"
#include "check/addresses.h"
#include "check/region.h"
#include "check/views.h"
#include "check/walk.h"
#include "check/where.h"

/* `reach` is the first member, so that a pointer to it is one to the entry. */
struct reach_entry {
	struct sg_reach reach;
	sg_ref answer;
};

struct sg_reach_pool {
	struct sg_memo index;
	struct reach_entry **items;
	size_t count, room;
};

sg_ref sg_reach_answer(const struct sg_reach *reach)
{
	return ((const struct reach_entry *)reach)->answer;
}

static void reach_free(struct reach_entry *entry)
{
	if (!entry)
		return;
	sg_address_set_clear(&entry->reach.from);
	sg_wheres_clear(&entry->reach.accepted);
	free(entry);
}

static void reach_free_pointer(struct reach_entry **entry)
{
	reach_free(*entry);
}

void sg_reaches_clear(struct sg_reaches *reaches)
{
	for (size_t i = 0; reaches->pool && i < reaches->pool->count; i++)
		reach_free(reaches->pool->items[i]);
	if (reaches->pool) {
		free(reaches->pool->items);
		sg_memo_clear(&reaches->pool->index);
	}
	free(reaches->pool);
	free(reaches->items);
	free(reaches->scopes);
	*reaches = (struct sg_reaches){0};
}

/* ---- Sources ---- */

int sg_reach_sources(struct sg_idd *idd, sg_ref set, unsigned int *ret_families, struct sg_address_set *ret,
		     sg_ref *ret_projection, struct sg_error *err)
{
	static const size_t others[] = {SG_FIELD_PORT, SG_FIELD_INTERFACE, SG_FIELD_LOCAL4, SG_FIELD_LOCAL6};
	static const size_t remote[2] = {SG_FIELD_REMOTE4, SG_FIELD_REMOTE6};
	unsigned int families = 0;
	sg_ref side[2];

	for (size_t i = 0; i < SG_COUNT(others); i++)
		set = sg_idd_exists(idd, set, others[i]);
	if (sg_idd_check(idd, set, err) < 0)
		return -1;
	for (size_t family = SG_IPV4; family <= SG_IPV6; family++) {
		side[family] = sg_walk_step(idd, set, SG_FIELD_FAMILY, family);
		families |= side[family] == SG_IDD_EMPTY ? 0 : SG_FAMILY_BIT(family);
	}
	if (ret && sg_address_set_read(idd, side, remote, families, ret, err) < 0)
		return -1;
	*ret_families = families;
	*ret_projection = set;
	return 0;
}

/* ---- One answer ---- */

struct reach_question {
	const struct sg_listener *listener;
	struct sg_region region;
	sg_ref outcome; /* under the listener's protocol and port */
};

static int reach_see_outcome(uint32_t value, void *data)
{
	*(unsigned int *)data |= 1U << value;
	return 0;
}

/* Drop and reject are one thing to someone who wants to get in. */
static enum sg_outcome reach_outcome(unsigned int seen)
{
	if (seen & 1U << SG_OUTCOME_ACCEPT)
		return seen & ~(1U << SG_OUTCOME_ACCEPT | 1U << SG_OUTCOME_NONE) ? SG_OUTCOME_DEPENDS
										 : SG_OUTCOME_ACCEPT;
	if (seen & 1U << SG_OUTCOME_UNDECIDED)
		return SG_OUTCOME_UNDECIDED;
	if (seen & 1U << SG_OUTCOME_DROP)
		return SG_OUTCOME_DROP;
	return seen & 1U << SG_OUTCOME_REJECT ? SG_OUTCOME_REJECT : SG_OUTCOME_NONE;
}

int sg_listener_wheres(struct sg_idd *idd, const struct sg_listener *listener, sg_ref set, struct sg_wheres *ret,
		       struct sg_error *err)
{
	if (!listener->raw)
		return sg_wheres_of_rects(idd, set, ret, err);
	set = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PROTOCOL, listener->protocol, listener->protocol), set);
	set = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_STATE, SG_CT_NEW, SG_CT_NEW), set);
	set = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_DIRECTION, SG_IN, SG_IN), set);
	return sg_wheres_of(idd, set, ret, err);
}

static int reach_fill_sources(struct sg_idd *idd, const struct reach_question *question, sg_ref answer,
			      struct sg_reach *reach, struct sg_error *err)
{
	sg_ref accepted = sg_idd_equals(idd, answer, SG_OUTCOME_ACCEPT), projection, domain, wide;

	if (sg_reach_sources(idd, accepted, &reach->families, &reach->from, &projection, err) < 0)
		return -1;
	domain = sg_idd_not(idd, sg_idd_equals(idd, answer, SG_OUTCOME_NONE));
	reach->from_exact = sg_idd_and(idd, domain, projection) == accepted;
	if (sg_idd_check(idd, domain, err) < 0)
		return -1;
	if (reach->outcome != SG_OUTCOME_DEPENDS)
		return 0;
	wide = sg_idd_ite(idd, question->region.wide, question->outcome, SG_IDD_EMPTY);
	return sg_listener_wheres(idd, question->listener, sg_idd_equals(idd, wide, SG_OUTCOME_ACCEPT),
				  &reach->accepted, err);
}

static int reach_fill(struct sg_idd *idd, const struct reach_question *question, struct reach_entry *entry,
		      struct sg_error *err)
{
	struct sg_reach *reach = &entry->reach;
	unsigned int seen = 0;

	entry->answer = sg_idd_ite(idd, question->region.narrow, question->outcome, SG_IDD_EMPTY);
	if (sg_walk_terminals(idd, entry->answer, reach_see_outcome, &seen, err) < 0)
		return -1;
	reach->outcome = reach_outcome(seen);
	reach->undecided = seen & 1U << SG_OUTCOME_UNDECIDED;
	reach->from_exact = true;
	if (reach->outcome != SG_OUTCOME_ACCEPT && reach->outcome != SG_OUTCOME_DEPENDS)
		return 0;
	return reach_fill_sources(idd, question, entry->answer, reach, err);
}

static const struct sg_reach *reach_get(struct sg_reach_pool *pool, struct sg_idd *idd,
					const struct reach_question *question, struct sg_error *err)
{
	struct sg_memo_key key = {{question->region.scope, question->region.wide, question->region.narrow,
				   question->outcome, question->listener->raw ? question->listener->protocol : 256}};
	sg_cleanup(reach_free_pointer) struct reach_entry *entry = NULL;
	uint32_t at = sg_memo_find(&pool->index, &key);

	if (at != SG_MEMO_NONE)
		return &pool->items[at]->reach;
	entry = calloc(1, sizeof(*entry));
	if (!entry || sg_grow(&pool->items, &pool->room, pool->count, 1, sizeof(*pool->items)) < 0) {
		sg_error_nomem(err);
		return NULL;
	}
	entry->answer = SG_IDD_EMPTY;
	if ((question->region.scope == SG_SCOPE_OTHERS && reach_fill(idd, question, entry, err) < 0) ||
	    sg_memo_add(&pool->index, &key, (uint32_t)pool->count, err) < 0)
		return NULL;
	pool->items[pool->count] = sg_steal(entry);
	return &pool->items[pool->count++]->reach;
}

/* ---- All of them ---- */

int sg_reaches_find(const struct sg_subject *subject, const struct sg_listeners *listeners,
		    const struct sg_local_addresses *local, struct sg_reaches *ret, struct sg_error *err)
{
	struct sg_idd *idd = subject->decision.idd;
	sg_cleanup(sg_reaches_clear) struct sg_reaches reaches = {0};
	sg_cleanup(sg_regions_clear) struct sg_regions regions = {.idd = idd, .local = local};
	sg_cleanup(sg_views_clear) struct sg_views views = {0};

	if (sg_views_make(&views, subject, err) < 0)
		return -1;
	reaches.pool = calloc(1, sizeof(*reaches.pool));
	reaches.items = calloc(listeners->count + 1, sizeof(const struct sg_reach *));
	reaches.scopes = calloc(listeners->count + 1, sizeof(*reaches.scopes));
	if (!reaches.pool || !reaches.items || !reaches.scopes)
		return sg_error_nomem(err);
	for (size_t i = 0; i < listeners->count; i++) {
		struct reach_question question = {.listener = &listeners->items[i]};
		const struct sg_view *view = sg_views_get(&views, question.listener, err);

		if (!view || sg_regions_get(&regions, question.listener, &question.region, err) < 0)
			return -1;
		question.outcome = sg_port_index_get(&view->outcomes, question.listener);
		reaches.scopes[i] = question.region.scope;
		reaches.items[i] = reach_get(reaches.pool, idd, &question, err);
		if (!reaches.items[i])
			return -1;
	}
	reaches.count = listeners->count;
	*ret = reaches;
	reaches = (struct sg_reaches){0};
	return 0;
}
