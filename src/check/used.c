/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/used.h"

#include <string.h>
#include "base/mem.h"
#include "check/region.h"
#include "sockgate/proto.h"

/* ---- Listeners by port ---- */

static uint32_t owner_key(uint8_t protocol, uint32_t port)
{
	return (uint32_t)protocol << 16 | port;
}

static int owner_compare(const void *left, const void *right)
{
	const struct sg_port_owner *a = left, *b = right;

	return a->key < b->key ? -1 : a->key > b->key;
}

int sg_port_owners_make(const struct sg_listeners *listeners, const enum sg_scope *scopes, struct sg_port_owners *ret,
			struct sg_error *err)
{
	struct sg_port_owner *items = calloc(listeners->count + 1, sizeof(*items));
	size_t count = 0;

	if (!items)
		return sg_error_nomem(err);
	for (size_t i = 0; i < listeners->count; i++) {
		const struct sg_listener *listener = &listeners->items[i];

		if (scopes[i] == SG_SCOPE_OTHERS && !listener->raw)
			items[count++] =
				(struct sg_port_owner){owner_key(listener->protocol, listener->port), listener};
	}
	qsort(items, count, sizeof(*items), owner_compare);
	*ret = (struct sg_port_owners){items, count};
	return 0;
}

void sg_port_owners_clear(struct sg_port_owners *owners)
{
	free(owners->items);
	*owners = (struct sg_port_owners){0};
}

static size_t owners_from(const struct sg_port_owners *owners, uint32_t key)
{
	size_t low = 0, high = owners->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (owners->items[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- Lines ---- */

static bool used_listed(uint8_t protocol)
{
	return protocol == SG_PROTO_TCP || protocol == SG_PROTO_UDP || protocol == SG_PROTO_UDPLITE ||
	       protocol == SG_PROTO_SCTP;
}

bool sg_line_is_for_listeners(const struct sg_line *line)
{
	if (line->kind != SG_LINE_PORTS || line->direction != SG_IN)
		return false;
	for (size_t i = 0; i < line->protocol_count; i++) {
		if (!used_listed(line->protocols[i]))
			return false;
	}
	return true;
}

static bool used_addresses(const struct sg_line *line, const struct sg_listener *listener)
{
	unsigned int families = sg_listener_families(listener);
	struct sg_addr address = sg_listener_address(listener);

	if (line->has_family)
		families &= 1U << line->family;
	if (!line->has_to)
		return families != 0;
	for (enum sg_family family = SG_IPV4; family <= SG_IPV6; family++) {
		const struct sg_ranges *to = family == SG_IPV4 ? &line->to.v4 : &line->to.v6;

		if (families & 1U << family && (address.bits ? sg_ranges_contain(to, address.bits) : to->count != 0))
			return true;
	}
	return false;
}

static bool used_interface(const struct sg_line *line, const struct sg_listener *listener)
{
	const char *name = listener->interface_name;
	struct sg_range key;

	if (!line->has_interface || !listener->interface)
		return true;
	/* a name that is not known, or that reads as a wildcard, may be any */
	if (!sg_interface_range(name, strnlen(name, SG_INTERFACE_NAME_SIZE), &key) || key.first != key.last)
		return true;
	return sg_ranges_contain(&line->interfaces, key.first);
}

bool sg_line_is_used(const struct sg_line *line, const struct sg_port_owners *owners)
{
	for (size_t p = 0; p < line->protocol_count; p++) {
		for (size_t r = 0; r < line->ports.count; r++) {
			uint32_t last = owner_key(line->protocols[p], (uint32_t)line->ports.items[r].last);
			size_t i = owners_from(owners,
					       owner_key(line->protocols[p], (uint32_t)line->ports.items[r].first));

			for (; i < owners->count && owners->items[i].key <= last; i++) {
				if (used_addresses(line, owners->items[i].listener) &&
				    used_interface(line, owners->items[i].listener))
					return true;
			}
		}
	}
	return false;
}

/* ---- Names ---- */

int sg_named_ports_make(const struct sg_policy *policy, struct sg_named_ports *ret, struct sg_error *err)
{
	sg_cleanup(sg_named_ports_clear) struct sg_named_ports named = {0};

	for (size_t i = 0; i < sg_policy_lines(policy); i++) {
		const struct sg_line *line = sg_policy_line(policy, i);
		bool names = line->kind == SG_LINE_PORTS && line->direction == SG_IN;

		for (size_t p = 0; names && p < line->protocol_count; p++) {
			for (size_t r = 0; r < line->ports.count; r++) {
				if (sg_ranges_add(&named.protocol[line->protocols[p]], &line->ports.items[r], err) < 0)
					return -1;
			}
		}
	}
	for (size_t protocol = 0; protocol < SG_COUNT(named.protocol); protocol++)
		sg_ranges_normalise(&named.protocol[protocol]);
	*ret = named;
	named = (struct sg_named_ports){0};
	return 0;
}

bool sg_named_ports_have(const struct sg_named_ports *named, uint8_t protocol, uint16_t port)
{
	return sg_ranges_contain(&named->protocol[protocol], port);
}

void sg_named_ports_clear(struct sg_named_ports *named)
{
	for (size_t protocol = 0; protocol < SG_COUNT(named->protocol); protocol++)
		sg_ranges_clear(&named->protocol[protocol]);
}
