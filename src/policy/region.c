// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * region.c - lines as sets of packets.
 *
 * `from` and `to` are the sender and the receiver: of an inbound packet the other end sends, of an outbound one it
 * receives. ICMP exists in IPv4 alone and ICMPv6 in IPv6 alone, so their types carry a family with them. Lines of ports
 * never speak of packets without a port (later fragments); lines of a whole protocol and of any protocol do.
 */
#include <stdio.h>
#include <stdlib.h>
#include "policy/region.h"
#include "sockgate/condition.h"
#include "sockgate/proto.h"

/* ---- Sets that were seen before ---- */

struct sg_region_cached {
	const struct sg_range *ranges; /* with count, what is known; NULL: free */
	size_t count;
	size_t level;
	sg_ref inside, result;
};

/* Below this many ranges a node is made as fast as it is looked for. */
#define CACHED_LEAST 16

void sg_region_cache_clear(struct sg_region_cache *cache)
{
	free(cache->items);
	*cache = (struct sg_region_cache){0};
}

static struct sg_region_cached *cache_slot(const struct sg_region_cache *cache, const struct sg_region_cached *key)
{
	uint64_t hash = ((uintptr_t)key->ranges >> 4 ^ key->level << 60 ^ (uint64_t)key->inside << 28) *
			UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(hash >> 32) & (cache->room - 1);

	while (cache->items[at].ranges &&
	       (cache->items[at].ranges != key->ranges || cache->items[at].count != key->count ||
		cache->items[at].level != key->level || cache->items[at].inside != key->inside))
		at = (at + 1) & (cache->room - 1);
	return &cache->items[at];
}

/* False: no memory, and nothing is kept; the set is only made again the next time. */
static bool cache_grow(struct sg_region_cache *cache)
{
	struct sg_region_cache larger = {.count = cache->count, .room = cache->room ? cache->room * 2 : 64};

	if (cache->room && cache->count < cache->room / 2)
		return true;
	larger.items = calloc(larger.room, sizeof(*larger.items));
	if (!larger.items)
		return false;
	for (size_t i = 0; i < cache->room; i++) {
		if (cache->items[i].ranges)
			*cache_slot(&larger, &cache->items[i]) = cache->items[i];
	}
	free(cache->items);
	*cache = larger;
	return true;
}

sg_ref sg_region_split(struct sg_idd *idd, struct sg_region_cache *cache, size_t level, const struct sg_ranges *set,
		       sg_ref inside)
{
	struct sg_region_cached key = {set->items, set->count, level, inside, SG_IDD_FAILED};
	struct sg_region_cached *slot;

	if (!cache || set->count < CACHED_LEAST || !cache_grow(cache))
		return sg_idd_split(idd, level, set, inside, SG_IDD_EMPTY);
	slot = cache_slot(cache, &key);
	if (!slot->ranges) {
		*slot = key;
		slot->result = sg_idd_split(idd, level, set, inside, SG_IDD_EMPTY);
		cache->count++;
	}
	return slot->result;
}

/* ---- Conditions ---- */

#define SECOND UINT64_C(1000000000) /* in the nanoseconds of SG_LEVEL_TIME */

bool sg_region_is_guarded(const struct sg_line *line)
{
	return line->section == SG_SECTION_ALLOW && (line->unit || line->meter);
}

/* The line's limit, its connections, or both: each is a meter of its own. */
static sg_ref region_meters(struct sg_idd *idd, const struct sg_line *line)
{
	struct sg_condition limit = {.kind = SG_CONDITION_METER}, connections = limit;
	sg_ref result = SG_IDD_FULL;

	if (line->limit.count) {
		snprintf(limit.name, sizeof(limit.name), "limit_%s", line->meter);
		limit.limit = line->limit.count;
		limit.limit_seconds = line->limit.seconds;
		limit.limit_per_peer = line->limit_per_peer;
		result = sg_condition_set(idd, &limit, true);
	}
	if (line->connections) {
		snprintf(connections.name, sizeof(connections.name), "connections_%s", line->meter);
		connections.connections = line->connections;
		connections.connections_per_peer = line->connections_per_peer;
		result = sg_idd_and(idd, result, sg_condition_set(idd, &connections, true));
	}
	return result;
}

static sg_ref region_unit(struct sg_idd *idd, const char *unit)
{
	struct sg_condition socket = {.kind = SG_CONDITION_SOCKET};

	snprintf(socket.name, sizeof(socket.name), "%s", unit);
	return sg_condition_set(idd, &socket, true);
}

sg_ref sg_region_condition(struct sg_idd *idd, const struct sg_line *line, bool met)
{
	sg_ref result = SG_IDD_FULL;

	if (line->has_until && line->until <= 0)
		return SG_IDD_EMPTY;
	if (line->has_until)
		result = sg_idd_range(idd, SG_LEVEL_TIME, 0, (sg_u128)line->until * SECOND - 1);
	if (met && line->unit)
		result = sg_idd_and(idd, result, region_unit(idd, line->unit));
	if (met && line->meter)
		result = sg_idd_and(idd, result, region_meters(idd, line));
	return result;
}

/* ---- Constraints ---- */

static sg_ref region_addresses(struct sg_idd *idd, struct sg_region_cache *cache, const struct sg_line *line,
			       sg_ref condition, enum sg_family family)
{
	bool v4 = family == SG_IPV4, out = line->direction == SG_OUT;
	const struct sg_addresses *remote = out ? &line->to : &line->from, *local = out ? &line->from : &line->to;
	sg_ref result = condition;

	if (line->has_family && line->family != family)
		return SG_IDD_EMPTY;
	if (out ? line->has_to : line->has_from) {
		result = sg_region_split(idd, cache, v4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6,
					 v4 ? &remote->v4 : &remote->v6, result);
	}
	if (out ? line->has_from : line->has_to) {
		result = sg_region_split(idd, cache, v4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6,
					 v4 ? &local->v4 : &local->v6, result);
	}
	return result;
}

static sg_ref region_constraint(struct sg_idd *idd, struct sg_region_cache *cache, const struct sg_line *line,
				sg_ref condition, bool ipv4, bool ipv6)
{
	const sg_u128 last[2] = {SG_IPV4, SG_IPV6};
	sg_ref child[2] = {SG_IDD_EMPTY, SG_IDD_EMPTY}, result;

	if (ipv4)
		child[0] = region_addresses(idd, cache, line, condition, SG_IPV4);
	if (ipv6)
		child[1] = region_addresses(idd, cache, line, condition, SG_IPV6);
	result = sg_idd_node(idd, SG_FIELD_FAMILY, last, child, 2);
	if (line->has_interface)
		result = sg_idd_split(idd, SG_FIELD_INTERFACE, &line->interfaces, result, SG_IDD_EMPTY);
	return result;
}

/* ---- Protocols and ports ---- */

static sg_ref region_protocol(struct sg_idd *idd, uint8_t protocol, sg_ref ports)
{
	return sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PROTOCOL, protocol, protocol), ports);
}

static sg_ref region_values(struct sg_idd *idd, const struct sg_ranges *ports)
{
	return sg_idd_split(idd, SG_FIELD_PORT, ports, SG_IDD_FULL, SG_IDD_EMPTY);
}

static sg_ref region_ports(struct sg_idd *idd, const struct sg_line *line)
{
	sg_ref result = SG_IDD_EMPTY, ports = region_values(idd, &line->ports);

	for (size_t i = 0; i < line->protocol_count; i++)
		result = sg_idd_or(idd, result, region_protocol(idd, line->protocols[i], ports));
	return result;
}

size_t sg_region_parts_under(struct sg_idd *idd, struct sg_region_cache *cache, const struct sg_line *line,
			     sg_ref condition, struct sg_region_part ret[2])
{
	struct sg_region_part parts[2] = {{SG_IDD_EMPTY, SG_IDD_EMPTY}, {SG_IDD_EMPTY, SG_IDD_EMPTY}};
	uint8_t protocol = line->protocols[0];
	size_t count = 0;

	switch (line->kind) {
	case SG_LINE_PORTS:
		parts[0].ports = region_ports(idd, line);
		parts[0].constraint = region_constraint(idd, cache, line, condition, true, true);
		break;
	case SG_LINE_ICMP:
		parts[0].ports = region_protocol(idd, SG_PROTO_ICMP, region_values(idd, &line->types4));
		parts[0].constraint = region_constraint(idd, cache, line, condition, true, false);
		parts[1].ports = region_protocol(idd, SG_PROTO_ICMPV6, region_values(idd, &line->types6));
		parts[1].constraint = region_constraint(idd, cache, line, condition, false, true);
		break;
	case SG_LINE_PROTOCOL:
		parts[0].ports = region_protocol(idd, protocol, SG_IDD_FULL);
		parts[0].constraint = region_constraint(idd, cache, line, condition, protocol != SG_PROTO_ICMPV6,
							protocol != SG_PROTO_ICMP);
		break;
	case SG_LINE_ANY:
		parts[0].ports = SG_IDD_FULL;
		parts[0].constraint = region_constraint(idd, cache, line, condition, true, true);
		break;
	}
	for (size_t i = 0; i < 2; i++) {
		if (parts[i].ports != SG_IDD_EMPTY && parts[i].constraint != SG_IDD_EMPTY)
			ret[count++] = parts[i];
	}
	return count;
}

size_t sg_region_parts(struct sg_idd *idd, struct sg_region_cache *cache, const struct sg_line *line,
		       struct sg_region_part ret[2])
{
	return sg_region_parts_under(idd, cache, line, sg_region_condition(idd, line, true), ret);
}

sg_ref sg_region_set_under(struct sg_idd *idd, struct sg_region_cache *cache, const struct sg_line *line,
			   sg_ref condition)
{
	struct sg_region_part parts[2];
	size_t count = sg_region_parts_under(idd, cache, line, condition, parts);
	sg_ref result = SG_IDD_EMPTY;

	for (size_t i = 0; i < count; i++)
		result = sg_idd_or(idd, result, sg_idd_and(idd, parts[i].ports, parts[i].constraint));
	return result;
}

sg_ref sg_region_set(struct sg_idd *idd, struct sg_region_cache *cache, const struct sg_line *line)
{
	return sg_region_set_under(idd, cache, line, sg_region_condition(idd, line, true));
}

sg_ref sg_region_new(struct sg_idd *idd, enum sg_direction direction, sg_ref set)
{
	sg_ref fresh = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_DIRECTION, direction, direction),
				  sg_idd_range(idd, SG_FIELD_STATE, SG_CT_NEW, SG_CT_NEW));

	return sg_idd_and(idd, fresh, sg_idd_and(idd, sg_packet_universe(idd), set));
}

sg_ref sg_line_region(struct sg_idd *idd, const struct sg_line *line)
{
	return sg_region_new(idd, line->direction, sg_region_set(idd, NULL, line));
}
