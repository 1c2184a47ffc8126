/* SPDX-License-Identifier: GPL-2.0-or-later */
/* condition.c - what a verdict hangs on beside the packet: levels that are found by what they mean. */
#include "sockgate/condition.h"

size_t sg_condition_level(struct sg_idd *idd, const struct sg_condition *condition)
{
	sg_u128 max = condition->kind == SG_CONDITION_TIME ? SG_TIME_MAX : 1;

	return sg_idd_tagged_level(idd, max, condition, sizeof(*condition));
}

const struct sg_condition *sg_condition_of(const struct sg_idd *idd, size_t level)
{
	size_t size;
	const void *tag = sg_idd_level_tag(idd, level, &size);

	return tag && size == sizeof(struct sg_condition) ? tag : NULL;
}

sg_ref sg_condition_settle(struct sg_idd *idd, sg_ref ref, const struct sg_world *world)
{
	ref = sg_idd_restrict(idd, ref, SG_LEVEL_TIME, world->now);
	for (size_t level = SG_LEVEL_TIME + 1; level < sg_idd_levels(idd); level++) {
		const struct sg_condition *condition = sg_condition_of(idd, level);

		if (condition)
			ref = sg_idd_restrict(idd, ref, level, !world->holds || world->holds(condition, world->data));
	}
	return ref;
}

/* The set for which the unit's condition holds. */
static sg_ref condition_of_unit(struct sg_idd *idd, const struct sg_unit *unit)
{
	struct sg_condition real = {.kind = SG_CONDITION_SOCKET, .depth = unit->depth, .cgroup = unit->cgroup};
	size_t level;

	if (unit->state != SG_UNIT_HERE)
		return unit->state == SG_UNIT_ABSENT ? SG_IDD_EMPTY : SG_IDD_FULL;
	level = sg_condition_level(idd, &real);
	return level == SIZE_MAX ? SG_IDD_FAILED : sg_idd_range(idd, level, 1, 1);
}

sg_ref sg_condition_bind(struct sg_idd *idd, sg_ref ref, struct sg_unit (*find)(const char *unit, void *data),
			 void *data)
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
		unit = find(condition->name, data);
		ref = sg_idd_ite(idd, condition_of_unit(idd, &unit), held, other);
	}
	return ref;
}
