/* SPDX-License-Identifier: GPL-2.0-or-later */
/* condition.c - what a verdict hangs on beside the packet: levels that are found by what they mean. */
#include "sockgate/condition.h"

_Static_assert(sizeof(struct sg_condition) == SG_CONDITION_NAME_SIZE + 8 * sizeof(uint32_t) + sizeof(uint64_t),
	       "padding would tell equal conditions apart");

size_t sg_condition_probe(struct sg_idd *idd)
{
	static const char tag[] = "the meter that is asked for";

	return sg_idd_tagged_level(idd, UINT32_MAX, tag, sizeof(tag));
}

size_t sg_condition_level(struct sg_idd *idd, const struct sg_condition *condition)
{
	sg_u128 max = condition->kind == SG_CONDITION_TIME ? SG_TIME_MAX : 1;

	if (condition->kind == SG_CONDITION_METER && sg_condition_probe(idd) == SIZE_MAX)
		return SIZE_MAX;
	return sg_idd_tagged_level(idd, max, condition, sizeof(*condition));
}

sg_ref sg_condition_set(struct sg_idd *idd, const struct sg_condition *condition, bool holds)
{
	size_t level = sg_condition_level(idd, condition);

	return level == SIZE_MAX ? SG_IDD_FAILED : sg_idd_range(idd, level, holds, holds);
}

const struct sg_condition *sg_condition_of(const struct sg_idd *idd, size_t level)
{
	size_t size;
	const void *tag = sg_idd_level_tag(idd, level, &size);

	return tag && size == sizeof(struct sg_condition) ? tag : NULL;
}

/* A decision with each of its diagrams turned into another one. */
struct change {
	sg_ref (*turn)(struct sg_idd *idd, sg_ref ref, const void *data);
	const void *data;
};

static struct sg_decision condition_change(const struct sg_decision *decision, const struct change *change)
{
	struct sg_decision changed = *decision;

	changed.verdict = change->turn(decision->idd, decision->verdict, change->data);
	changed.origin = change->turn(decision->idd, decision->origin, change->data);
	for (size_t i = 0; i < SG_VERDICTS; i++)
		if (decision->by_verdict[i])
			changed.by_verdict[i] = change->turn(decision->idd, decision->by_verdict[i], change->data);
	if (decision->log)
		changed.log = change->turn(decision->idd, decision->log, change->data);
	return changed;
}

/* ---- Settling ---- */

struct settling {
	const struct sg_idd *idd;
	const struct sg_world *world;
};

static bool condition_fix(size_t level, sg_u128 *ret_value, void *data)
{
	const struct settling *settling = data;
	const struct sg_world *world = settling->world;
	const struct sg_condition *condition;
	enum sg_holds holds;

	if (level < SG_LEVEL_TIME)
		return false;
	if (level == SG_LEVEL_TIME) {
		*ret_value = world->now;
		return true;
	}
	condition = sg_condition_of(settling->idd, level);
	if (!condition)
		return false;
	holds = world->holds ? world->holds(condition, world->data) : SG_HOLDS;
	*ret_value = holds == SG_HOLDS;
	return holds != SG_HOLDS_UNKNOWN;
}

sg_ref sg_condition_settle(struct sg_idd *idd, sg_ref ref, const struct sg_world *world)
{
	struct settling settling = {idd, world};

	return sg_idd_fix(idd, ref, condition_fix, &settling);
}

static sg_ref condition_turn_settled(struct sg_idd *idd, sg_ref ref, const void *data)
{
	return sg_condition_settle(idd, ref, data);
}

struct sg_decision sg_decision_settle(const struct sg_decision *decision, const struct sg_world *world)
{
	return condition_change(decision, &(struct change){condition_turn_settled, world});
}

/* ---- Binding ---- */

/* The set for which the unit's condition holds. */
static sg_ref condition_of_unit(struct sg_idd *idd, const struct sg_unit *unit)
{
	sg_ref held = SG_IDD_EMPTY;

	if (unit->state == SG_UNIT_UNENFORCED)
		return SG_IDD_FULL;
	for (size_t i = 0; unit->state == SG_UNIT_HERE && i < unit->place_count; i++) {
		struct sg_condition real = {
			.kind = SG_CONDITION_SOCKET, .depth = unit->places[i].depth, .cgroup = unit->places[i].id};

		held = sg_idd_or(idd, held, sg_condition_set(idd, &real, true));
	}
	return held;
}

sg_ref sg_condition_bind(struct sg_idd *idd, sg_ref ref, const struct sg_unit_finder *units)
{
	size_t levels = sg_idd_levels(idd); /* real ones may be added */

	for (size_t level = SG_LEVEL_TIME + 1; level < levels; level++) {
		const struct sg_condition *condition = sg_condition_of(idd, level);
		struct sg_unit unit;
		sg_ref held, other;

		if (!condition || condition->kind != SG_CONDITION_SOCKET || condition->cgroup)
			continue;
		held = sg_idd_restrict(idd, ref, level, 1);
		other = sg_idd_restrict(idd, ref, level, 0);
		if (held == other)
			continue;
		unit = units->find(condition->name, units->data);
		ref = sg_idd_ite(idd, condition_of_unit(idd, &unit), held, other);
	}
	return ref;
}

static sg_ref condition_turn_bound(struct sg_idd *idd, sg_ref ref, const void *data)
{
	return sg_condition_bind(idd, ref, data);
}

struct sg_decision sg_decision_bind(const struct sg_decision *decision, const struct sg_unit_finder *units)
{
	return condition_change(decision, &(struct change){condition_turn_bound, units});
}
