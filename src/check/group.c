/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/group.h"

#include "base/mem.h"
#include "check/walk.h"
#include "sockgate/proto.h"

bool sg_port_groups_cut_last(struct sg_ranges *set, sg_u128 last)
{
	struct sg_range *end = set->count ? &set->items[set->count - 1] : NULL;

	if (!end || end->last != last)
		return false;
	if (end->first == last)
		set->count--;
	else
		end->last--;
	return true;
}

void sg_port_groups_clear(struct sg_port_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		sg_ranges_clear(&groups->items[i].protocols);
		sg_ranges_clear(&groups->items[i].ports);
	}
	free(groups->items);
	*groups = (struct sg_port_groups){0};
}

/* Port numbers, ICMP types, ICMPv6 types and nothing at all are four different things to a reader. */
enum group_kind { GROUP_PORTS, GROUP_ICMP, GROUP_ICMPV6, GROUP_NOTHING };

static enum group_kind group_kind(uint8_t protocol)
{
	if (protocol == SG_PROTO_ICMP)
		return GROUP_ICMP;
	if (protocol == SG_PROTO_ICMPV6)
		return GROUP_ICMPV6;
	return sg_proto_has_ports(protocol) ? GROUP_PORTS : GROUP_NOTHING;
}

/* All ports that the protocol has in the universe. */
static bool group_is_whole(const struct sg_idd *idd, sg_ref universe, uint8_t protocol, const struct sg_ranges *ports)
{
	sg_ref ref = sg_walk_step(idd, universe, SG_FIELD_PROTOCOL, protocol);
	struct sg_walk walk;
	size_t i = 0;

	sg_walk_begin(&walk, idd, SG_FIELD_PORT, ref);
	while (sg_walk_next(&walk)) {
		if (walk.child == SG_IDD_EMPTY)
			continue;
		if (i == ports->count || ports->items[i].first != walk.first || ports->items[i].last != walk.last)
			return false;
		i++;
	}
	return i == ports->count;
}

static struct sg_port_group *group_get(struct sg_port_groups *groups, bool whole, enum group_kind kind,
				       const struct sg_ranges *ports, struct sg_error *err)
{
	struct sg_port_group group = {.whole = whole, .kind = (uint8_t)kind};

	for (size_t i = 0; i < groups->count; i++) {
		struct sg_port_group *known = &groups->items[i];

		if (known->whole == whole && (whole || (known->kind == kind && sg_ranges_equal(&known->ports, ports))))
			return known;
	}
	if (sg_grow(&groups->items, &groups->room, groups->count, 1, sizeof(group)) < 0) {
		sg_error_nomem(err);
		return NULL;
	}
	if (!whole && sg_ranges_copy(ports, &group.ports, err) < 0)
		return NULL;
	groups->items[groups->count] = group;
	return &groups->items[groups->count++];
}

/* One interval of protocols: `cells` are its ports. */
static int groups_add(const struct sg_idd *idd, sg_ref universe, const struct sg_cell *cells, size_t count,
		      struct sg_port_groups *groups, struct sg_error *err)
{
	sg_cleanup(sg_ranges_clear) struct sg_ranges ports = {0};

	for (size_t i = 0; i < count; i++) {
		if (sg_ranges_add(&ports, &cells[i].ports, err) < 0)
			return -1;
	}
	sg_ranges_normalise(&ports);
	for (sg_u128 number = cells[0].protocols.first; number <= cells[0].protocols.last; number++) {
		uint8_t protocol = (uint8_t)number;
		bool whole = group_is_whole(idd, universe, protocol, &ports);
		struct sg_port_group *group = group_get(groups, whole, group_kind(protocol), &ports, err);
		struct sg_range one = {number, number};

		if (!group || sg_ranges_add(&group->protocols, &one, err) < 0)
			return -1;
		sg_ranges_normalise(&group->protocols);
	}
	return 0;
}

int sg_port_groups_find(const struct sg_idd *idd, sg_ref universe, const struct sg_cell *cells, size_t count,
			struct sg_port_groups *ret, struct sg_error *err)
{
	sg_cleanup(sg_port_groups_clear) struct sg_port_groups groups = {0};
	size_t end;

	for (size_t begin = 0; begin < count; begin = end) {
		end = begin + 1;
		while (end < count && cells[end].protocols.first == cells[begin].protocols.first)
			end++;
		if (groups_add(idd, universe, &cells[begin], end - begin, &groups, err) < 0)
			return -1;
	}
	*ret = groups;
	groups = (struct sg_port_groups){0};
	return 0;
}
