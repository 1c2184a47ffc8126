/* SPDX-License-Identifier: GPL-2.0-or-later */
/* where.c - one set of packets in its readable form: back to a diagram, a packet of it, keeping a list of them. */
#include "check/where.h"

#include "base/mem.h"
#include "check/addresses.h"
#include "check/interfaces.h"
#include "sockgate/proto.h"

void sg_where_clear(struct sg_where *where)
{
	sg_ranges_clear(&where->protocols);
	sg_ranges_clear(&where->ports);
	sg_interface_set_clear(&where->interfaces);
	*where = (struct sg_where){0};
}

void sg_wheres_clear(struct sg_wheres *wheres)
{
	for (size_t i = 0; i < wheres->count; i++)
		sg_where_clear(&wheres->items[i]);
	free(wheres->items);
	sg_address_pool_free(wheres->pool);
	*wheres = (struct sg_wheres){0};
}

/* ---- As a diagram ---- */

static sg_ref where_address_set(struct sg_idd *idd, const struct sg_address_set *set, enum sg_family family,
				size_t level, struct sg_memo *memo, struct sg_error *err)
{
	struct sg_memo_key key = {
		{(uint32_t)(uintptr_t)set, (uint32_t)((uint64_t)(uintptr_t)set >> 32), family, (uint32_t)level}};
	sg_ref ref = sg_memo_find(memo, &key);

	if (ref != SG_MEMO_NONE)
		return ref;
	ref = sg_address_set_diagram(idd, set, family, level);
	if (ref == SG_IDD_FAILED || sg_memo_add(memo, &key, ref, err) < 0)
		return SG_IDD_FAILED;
	return ref;
}

static sg_ref where_addresses(struct sg_idd *idd, const struct sg_where *where, enum sg_family family,
			      struct sg_memo *memo, struct sg_error *err)
{
	size_t local_level = family == SG_IPV4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6;
	size_t remote_level = family == SG_IPV4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6;

	if (!(where->families & SG_FAMILY_BIT(family)))
		return SG_IDD_EMPTY;
	return sg_idd_and(idd, where_address_set(idd, where->local, family, local_level, memo, err),
			  where_address_set(idd, where->remote, family, remote_level, memo, err));
}

static sg_ref where_interfaces(struct sg_idd *idd, const struct sg_interface_set *set, sg_ref below,
			       struct sg_error *err)
{
	sg_cleanup(sg_ranges_clear) struct sg_ranges keys = {0};

	if (set->any && !set->except.count && !set->loopback_aside)
		return below;
	if (below == SG_IDD_FAILED || sg_interface_set_keys(set, &keys, err) < 0)
		return SG_IDD_FAILED;
	return sg_idd_split(idd, SG_FIELD_INTERFACE, &keys, below, SG_IDD_EMPTY);
}

static sg_ref where_ports(struct sg_idd *idd, const struct sg_where *where, sg_ref below, struct sg_error *err)
{
	static const struct sg_range absent = {SG_PORT_ABSENT, SG_PORT_ABSENT};
	sg_cleanup(sg_ranges_clear) struct sg_ranges ports = {0};

	if (where->any_port)
		return below;
	if (below == SG_IDD_FAILED || sg_ranges_copy(&where->ports, &ports, err) < 0 ||
	    (where->without_port && sg_ranges_add(&ports, &absent, err) < 0))
		return SG_IDD_FAILED;
	sg_ranges_normalise(&ports);
	return sg_idd_split(idd, SG_FIELD_PORT, &ports, below, SG_IDD_EMPTY);
}

static sg_ref where_top(struct sg_idd *idd, const struct sg_where *where)
{
	sg_ref states = SG_IDD_EMPTY;

	for (sg_u128 state = 0; state < SG_CT_COUNT; state++) {
		if (where->states & (1U << state))
			states = sg_idd_or(idd, states, sg_idd_range(idd, SG_FIELD_STATE, state, state));
	}
	return sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_DIRECTION, where->direction, where->direction), states);
}

sg_ref sg_where_rebuild(struct sg_idd *idd, const struct sg_where *where, struct sg_memo *memo, struct sg_error *err)
{
	sg_ref families[2] = {where_addresses(idd, where, SG_IPV4, memo, err),
			      where_addresses(idd, where, SG_IPV6, memo, err)};
	static const sg_u128 last[2] = {SG_IPV4, SG_IPV6};
	sg_ref ref = SG_IDD_FAILED;

	if (families[0] != SG_IDD_FAILED && families[1] != SG_IDD_FAILED)
		ref = sg_idd_node(idd, SG_FIELD_FAMILY, last, families, 2);
	ref = where_ports(idd, where, where_interfaces(idd, &where->interfaces, ref, err), err);
	if (ref != SG_IDD_FAILED)
		ref = sg_idd_split(idd, SG_FIELD_PROTOCOL, &where->protocols, ref, SG_IDD_EMPTY);
	return sg_idd_and(idd, where_top(idd, where), ref);
}

/* ---- A packet of it ---- */

static void witness_fix(struct sg_packet *packet, enum sg_field field, sg_u128 value, bool fixed)
{
	packet->field[field] = value;
	packet->fixed[field] = fixed;
}

static sg_u128 witness_port(const struct sg_where *where, uint8_t protocol)
{
	if (!where->any_port)
		return where->ports.count ? where->ports.items[0].first : SG_PORT_ABSENT;
	return sg_proto_has_ports(protocol) || protocol == SG_PROTO_ICMP || protocol == SG_PROTO_ICMPV6
		       ? 1
		       : SG_PORT_ABSENT;
}

struct sg_packet sg_where_witness(const struct sg_where *where)
{
	enum sg_family family = where->families & SG_FAMILY_BIT(SG_IPV4) ? SG_IPV4 : SG_IPV6;
	enum sg_field local = family == SG_IPV4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6;
	enum sg_field remote = family == SG_IPV4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6;
	uint8_t protocol = where->any_protocol ? SG_PROTO_TCP : (uint8_t)where->protocols.items[0].first;
	bool interface = !where->interfaces.any || where->interfaces.except.count;
	struct sg_packet packet = {0};
	sg_u128 state = 0;

	while (!(where->states & (1U << state)))
		state++;
	witness_fix(&packet, SG_FIELD_DIRECTION, where->direction, true);
	witness_fix(&packet, SG_FIELD_STATE, state, true);
	witness_fix(&packet, SG_FIELD_PROTOCOL, protocol, true);
	witness_fix(&packet, SG_FIELD_PORT, witness_port(where, protocol), true);
	witness_fix(&packet, SG_FIELD_INTERFACE, sg_interface_set_first(&where->interfaces), interface);
	witness_fix(&packet, SG_FIELD_FAMILY, family, true);
	witness_fix(&packet, local, sg_address_set_first(where->local, family), !where->local->any);
	witness_fix(&packet, remote, sg_address_set_first(where->remote, family), true);
	return packet;
}
