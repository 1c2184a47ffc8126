// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lint_sources.c - addresses that no packet of another host has.
 *
 * The kernel takes no packet from the wire whose source is a multicast or the broadcast address, and none from or to a
 * loopback address (tests/assume/addresses.py); loopback's own packets pass by the baseline. 0.0.0.0 and :: are no
 * address of anyone: as a source only a host that asks for an address has it, and as a destination nobody does. Who
 * writes one of these most often means everyone, or every address of this host.
 *
 * A source is odd in an allow alone: lists of forged sources, which are blocked, name all of them. A destination that
 * nobody has is odd in a block, too: it blocks nothing.
 *
 * A set that spans such an address on its way (0.0.0.0/0) is not odd: an interval of it has to lie inside.
 */
#include <string.h>
#include "base/mem.h"
#include "policy/lint.h"
#include "sockgate/proto.h"

enum odd_kind { ODD_LOOPBACK, ODD_UNSPECIFIED, ODD_MULTICAST };

struct odd {
	enum sg_family family;
	struct sg_range range;
	enum odd_kind kind;
};

static const struct odd sources[] = {
	{SG_IPV4, {0x7f000000, 0x7fffffff}, ODD_LOOPBACK},
	{SG_IPV4, {0, 0}, ODD_UNSPECIFIED},
	{SG_IPV4, {0xe0000000, 0xefffffff}, ODD_MULTICAST},
	{SG_IPV4, {0xffffffff, 0xffffffff}, ODD_MULTICAST},
	{SG_IPV6, {1, 1}, ODD_LOOPBACK},
	{SG_IPV6, {0, 0}, ODD_UNSPECIFIED},
	{SG_IPV6, {0, 1}, ODD_LOOPBACK}, /* both: they are neighbours */
	{SG_IPV6, {(sg_u128)0xff << 120, ((sg_u128)0xff << 120) | (((sg_u128)1 << 120) - 1)}, ODD_MULTICAST},
};

static const struct odd destinations[] = {
	{SG_IPV4, {0x7f000000, 0x7fffffff}, ODD_LOOPBACK},
	{SG_IPV4, {0, 0x00ffffff}, ODD_UNSPECIFIED},
	{SG_IPV6, {1, 1}, ODD_LOOPBACK},
	{SG_IPV6, {0, 0}, ODD_UNSPECIFIED},
	{SG_IPV6, {0, 1}, ODD_LOOPBACK},
};

/* The first interval of the set inside of the range, or NULL. */
static const struct sg_range *sources_inside(const struct sg_ranges *set, const struct sg_range *range)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->items[middle].first < range->first)
			low = middle + 1;
		else
			high = middle;
	}
	return low < set->count && set->items[low].last <= range->last ? &set->items[low] : NULL;
}

/* Protocols whose packets come from nowhere in earnest: who asks for an address (DHCP's port 67, RFC 2131), who has
 * none yet (ICMPv6, RFC 4862), IGMP. */
static bool sources_may_be_unspecified(const struct sg_line *line)
{
	return line->kind != SG_LINE_PORTS ||
	       (memchr(line->protocols, SG_PROTO_UDP, line->protocol_count) && sg_ranges_contain(&line->ports, 67));
}

/* ---- Sources ---- */

static bool sources_is_odd(const struct lint *lint, const struct sg_line *line, const struct odd *odd)
{
	if (line->has_family && line->family != odd->family)
		return false;
	switch (odd->kind) {
	case ODD_LOOPBACK: return sg_policy_baseline(lint->policy)->loopback;
	case ODD_UNSPECIFIED: return !sources_may_be_unspecified(line);
	case ODD_MULTICAST: break;
	}
	return true;
}

static void sources_report(struct lint *lint, const struct sg_line *line, const struct odd *odd,
			   const struct sg_range *range)
{
	char text[SG_RANGE_TEXT_SIZE];

	sg_range_format(odd->family, range, text);
	lint_add(lint, LINT_ODD_SOURCE, line->span, "'%s' allows the source %s, which no other host has", line->path,
		 text);
	switch (odd->kind) {
	case ODD_LOOPBACK:
		sg_diag_hint(lint->diags, "what this host sends to itself passes by baseline.loopback: take it away");
		break;
	case ODD_UNSPECIFIED: sg_diag_hint(lint->diags, "where every source is meant, say nothing of it"); break;
	case ODD_MULTICAST:
		sg_diag_hint(lint->diags, "packets are sent to such an address, and never from it: it belongs in 'to'");
		break;
	}
}

static void sources_line(struct lint *lint, const struct sg_line *line)
{
	for (size_t i = 0; i < SG_COUNT(sources); i++) {
		const struct sg_ranges *set = sources[i].family == SG_IPV4 ? &line->from.v4 : &line->from.v6;
		const struct sg_range *found = sources_inside(set, &sources[i].range);

		if (found && sources_is_odd(lint, line, &sources[i])) {
			sources_report(lint, line, &sources[i], found);
			return;
		}
	}
}

/* ---- Destinations ---- */

/* Loopback may be meant in a block: with the sysctl route_localnet packets from elsewhere are taken. So may it be under
 * 'outbound', where it says what this host may send to itself when the baseline does not. */
static bool destinations_is_odd(const struct lint *lint, const struct sg_line *line, const struct odd *odd)
{
	if (line->has_family && line->family != odd->family)
		return false;
	return odd->kind == ODD_UNSPECIFIED ||
	       (line->section == SG_SECTION_ALLOW && sg_policy_baseline(lint->policy)->loopback);
}

static void destinations_report(struct lint *lint, const struct sg_line *line, const struct odd *odd,
				const struct sg_range *range)
{
	const char *verb = line->section == SG_SECTION_ALLOW ? "allows" : "blocks";
	char text[SG_RANGE_TEXT_SIZE];

	sg_range_format(odd->family, range, text);
	if (odd->kind == ODD_LOOPBACK) {
		lint_add(lint, LINT_ODD_DESTINATION, line->span, "'%s' %s packets to %s, which this host alone sends",
			 line->path, verb, text);
		sg_diag_hint(lint->diags, "they pass by baseline.loopback: take the address away");
		return;
	}
	lint_add(lint, LINT_ODD_DESTINATION, line->span, "'%s' %s packets to %s, and there are none", line->path, verb,
		 text);
	if (line->direction == SG_OUT)
		sg_diag_hint(lint->diags, "where every destination is meant, say nothing of it");
	else
		sg_diag_hint(lint->diags, "where every address of this host is meant, say nothing of it");
}

static void destinations_line(struct lint *lint, const struct sg_line *line)
{
	for (size_t i = 0; i < SG_COUNT(destinations); i++) {
		const struct odd *odd = &destinations[i];
		const struct sg_ranges *set = odd->family == SG_IPV4 ? &line->to.v4 : &line->to.v6;
		const struct sg_range *found = sources_inside(set, &odd->range);

		if (found && destinations_is_odd(lint, line, odd)) {
			destinations_report(lint, line, odd, found);
			return;
		}
	}
}

/* ---- What is carried ---- */

/* Without the packets that have an address of the list at the level of their family. */
static sg_ref sources_without(struct sg_idd *idd, sg_ref set, const struct odd *list, size_t count, bool remote)
{
	for (size_t i = 0; i < count; i++) {
		bool v4 = list[i].family == SG_IPV4;
		enum sg_field field =
			remote ? (v4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6) : (v4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6);
		sg_ref odd = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_FAMILY, list[i].family, list[i].family),
					sg_idd_range(idd, field, list[i].range.first, list[i].range.last));

		set = sg_idd_minus(idd, set, odd);
	}
	return set;
}

sg_ref sg_lint_carried(struct lint *lint, sg_ref set)
{
	set = sources_without(lint->idd, set, sources, SG_COUNT(sources), true);
	return sources_without(lint->idd, set, destinations, SG_COUNT(destinations), false);
}

int sg_lint_sources(struct lint *lint)
{
	size_t next;

	for (size_t i = 0; i < sg_policy_lines(lint->policy); i = next) {
		const struct sg_line *line = sg_policy_line(lint->policy, i);

		next = sg_lint_item_end(lint, i);
		if (!sg_lint_matters(lint, i, next))
			continue;
		if (line->direction == SG_IN && line->section == SG_SECTION_ALLOW && line->has_from &&
		    sg_lint_wanted(lint, LINT_ODD_SOURCE, line))
			sources_line(lint, line);
		if (line->has_to && sg_lint_wanted(lint, LINT_ODD_DESTINATION, line))
			destinations_line(lint, line);
	}
	return 0;
}
