/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * views.c - a decision for each kind of listener.
 *
 * Of ten thousand listeners most are nobody's whom the rules name, so the answers to all conditions on sockets are few
 * different rows, and the decision is settled once for each.
 */
#include "check/views.h"

#include <string.h>
#include "base/mem.h"
#include "check/settle.h"

struct view_row {
	struct sg_view view; /* first: a pointer to it is one to the row */
	uint8_t holds[];     /* enum sg_holds, one for each condition */
};

/* ---- Whose socket it is ---- */

static bool view_lies_in(const struct sg_lineage *lineage, const struct sg_cgroup *cgroup)
{
	return cgroup->depth && cgroup->depth <= lineage->depth && lineage->ids[cgroup->depth - 1] == cgroup->id;
}

/* Whether a unit of that name is the service or its socket: nginx.socket is nginx.service's. */
static bool view_is_unit(const char *unit, const char *name)
{
	const size_t type = strlen(".service"), length = strlen(name);

	if (!strcmp(unit, name))
		return true;
	return length > type && !strcmp(name + length - type, ".service") && !strncmp(unit, name, length - type) &&
	       !strcmp(unit + length - type, ".socket");
}

static enum sg_holds view_by_owner(const struct sg_owner *owner, const char *name)
{
	if (owner->unit && name)
		return view_is_unit(owner->unit, name) ? SG_HOLDS : SG_HOLDS_NOT;
	/* a process that is seen, and lies in no unit */
	return owner->pid && name ? SG_HOLDS_NOT : SG_HOLDS_UNKNOWN;
}

enum sg_holds sg_listener_holds(const struct sg_listener *listener, const struct sg_condition *condition,
				const struct sg_unit_finder *units)
{
	struct sg_cgroup cgroup = {condition->depth, condition->cgroup};
	struct sg_unit unit = {.state = SG_UNIT_ABSENT};

	if (condition->cgroup && listener->lineage.known)
		return view_lies_in(&listener->lineage, &cgroup) ? SG_HOLDS : SG_HOLDS_NOT;
	if (condition->cgroup)
		return view_by_owner(&listener->owner, units ? units->name(&cgroup, units->data) : NULL);
	if (units)
		unit = units->find(condition->name, units->data);
	if (!unit.place_count || !listener->lineage.known)
		return view_by_owner(&listener->owner, condition->name);
	for (size_t i = 0; i < unit.place_count; i++)
		if (view_lies_in(&listener->lineage, &unit.places[i]))
			return SG_HOLDS;
	return SG_HOLDS_NOT;
}

struct owned {
	const struct sg_listener *listener;
	const struct sg_unit_finder *units;
};

static enum sg_holds view_holds_for(const struct sg_condition *condition, const void *data)
{
	const struct owned *owned = data;

	if (condition->kind != SG_CONDITION_SOCKET)
		return SG_HOLDS;
	return sg_listener_holds(owned->listener, condition, owned->units);
}

struct sg_subject sg_subject_for(const struct sg_subject *subject, const struct sg_listener *listener)
{
	const struct owned owned = {listener, subject->units};
	const struct sg_world world = {subject->now, view_holds_for, &owned};
	struct sg_subject result = *subject;

	if (subject->whole.idd)
		result.decision = sg_decision_settle(&subject->whole, &world);
	return result;
}

/* ---- Views ---- */

int sg_views_make(struct sg_views *views, const struct sg_subject *subject, struct sg_error *err)
{
	const struct sg_idd *idd = subject->decision.idd;
	struct sg_views made = {.subject = subject};

	for (size_t level = SG_LEVEL_TIME + 1; subject->whole.idd && level < sg_idd_levels(idd); level++) {
		const struct sg_condition *condition = sg_condition_of(idd, level);

		if (!condition || condition->kind != SG_CONDITION_SOCKET)
			continue;
		if (sg_grow(&made.conditions, &made.condition_room, made.condition_count, 1, sizeof(*made.conditions)) <
		    0) {
			sg_views_clear(&made);
			return sg_error_nomem(err);
		}
		made.conditions[made.condition_count++] = condition;
	}
	made.holds = calloc(made.condition_count + 1, sizeof(*made.holds));
	if (!made.holds) {
		sg_views_clear(&made);
		return sg_error_nomem(err);
	}
	*views = made;
	return 0;
}

void sg_views_clear(struct sg_views *views)
{
	for (size_t i = 0; i < views->count; i++) {
		free(views->items[i]->view.origins);
		free(views->items[i]);
	}
	free(views->items);
	free(views->conditions);
	free(views->holds);
	*views = (struct sg_views){0};
}

static enum sg_holds view_holds(const struct sg_condition *condition, const void *data)
{
	const struct sg_views *views = data;

	for (size_t i = 0; i < views->condition_count; i++)
		if (views->conditions[i] == condition)
			return (enum sg_holds)views->holds[i];
	return SG_HOLDS; /* a meter */
}

static int view_settle(struct sg_views *views, struct sg_view *view, struct sg_error *err)
{
	const struct sg_subject *subject = views->subject;
	const struct sg_world world = {subject->now, view_holds, views};
	struct sg_idd *idd = subject->decision.idd;

	view->decision = views->condition_count ? sg_decision_settle(&subject->whole, &world) : subject->decision;
	view->outcome = sg_settle(&view->decision);
	if (sg_idd_check(idd, view->outcome, err) < 0)
		return -1;
	sg_port_index_make(idd, view->outcome, &view->outcomes);
	return 0;
}

static enum sg_holds view_answer(const struct sg_subject *subject, const struct sg_listener *listener,
				 const struct sg_condition *condition)
{
	return listener ? sg_listener_holds(listener, condition, subject->units) : SG_HOLDS;
}

struct sg_view *sg_views_get(struct sg_views *views, const struct sg_listener *listener, struct sg_error *err)
{
	size_t size = views->condition_count * sizeof(*views->holds);
	struct view_row *row;

	for (size_t i = 0; i < views->condition_count; i++)
		views->holds[i] = (uint8_t)view_answer(views->subject, listener, views->conditions[i]);
	for (size_t i = 0; i < views->count; i++)
		if (!size || !memcmp(views->items[i]->holds, views->holds, size))
			return &views->items[i]->view;
	row = calloc(1, sizeof(*row) + size + 1);
	if (!row || sg_grow(&views->items, &views->room, views->count, 1, sizeof(*views->items)) < 0) {
		free(row);
		sg_error_nomem(err);
		return NULL;
	}
	memcpy(row->holds, views->holds, size);
	if (view_settle(views, &row->view, err) < 0) {
		free(row);
		return NULL;
	}
	views->items[views->count++] = row;
	return &row->view;
}

int sg_view_origins(struct sg_view *view, const struct sg_listener *listener, struct sg_origins *ret,
		    struct sg_error *err)
{
	if (!view->origins) {
		struct sg_origin_index *origins = malloc(sizeof(*origins));

		if (!origins)
			return sg_error_nomem(err);
		sg_origin_index_make(&view->decision, origins);
		view->origins = origins;
	}
	*ret = sg_origin_index_get(view->origins, listener);
	return 0;
}
