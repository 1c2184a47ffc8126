// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lint_sources.c - sources that no packet of another host has.
 *
 * 127.0.0.0/8 and ::1 are this host's own (RFC 1122, RFC 4291): the kernel takes such packets from no other interface
 * than lo, and there the baseline lets them pass. 0.0.0.0 and :: are no address of anyone: who writes one as a source
 * most often means everyone. Neither is odd in a block, where lists of forged sources name both.
 *
 * A set that spans such an address on its way (0.0.0.0/0) is not odd: an interval of it has to lie inside.
 */
#include <string.h>
#include "base/mem.h"
#include "policy/lint.h"
#include "sockgate/proto.h"

static const struct odd {
	enum sg_family family;
	struct sg_range range;
	bool loopback;
} odds[] = {
	{SG_IPV4, {0x7f000000, 0x7fffffff}, true},
	{SG_IPV4, {0, 0}, false},
	{SG_IPV6, {1, 1}, true},
	{SG_IPV6, {0, 0}, false},
	{SG_IPV6, {0, 1}, true}, /* both: they are neighbours */
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

static bool sources_is_odd(const struct lint *lint, const struct sg_line *line, const struct odd *odd)
{
	if (line->has_family && line->family != odd->family)
		return false;
	if (odd->loopback)
		return sg_policy_baseline(lint->policy)->loopback;
	return !sources_may_be_unspecified(line);
}

static void sources_report(struct lint *lint, const struct sg_line *line, const struct odd *odd,
			   const struct sg_range *range)
{
	char text[SG_RANGE_TEXT_SIZE];

	sg_range_format(odd->family, range, text);
	lint_add(lint, LINT_ODD_SOURCE, line->span, "'%s' allows the source %s, which no other host has", line->path,
		 text);
	if (odd->loopback)
		sg_diag_hint(lint->diags, "what this host sends to itself passes by baseline.loopback: take it away");
	else
		sg_diag_hint(lint->diags, "where every source is meant, say nothing of it");
}

static void sources_line(struct lint *lint, const struct sg_line *line)
{
	for (size_t i = 0; i < SG_COUNT(odds); i++) {
		const struct sg_ranges *set = odds[i].family == SG_IPV4 ? &line->from.v4 : &line->from.v6;
		const struct sg_range *found = sources_inside(set, &odds[i].range);

		if (found && sources_is_odd(lint, line, &odds[i])) {
			sources_report(lint, line, &odds[i], found);
			return;
		}
	}
}

int sg_lint_sources(struct lint *lint)
{
	size_t next;

	for (size_t i = 0; i < sg_policy_lines(lint->policy); i = next) {
		const struct sg_line *line = sg_policy_line(lint->policy, i);

		next = sg_lint_item_end(lint, i);
		if (line->direction == SG_IN && line->section == SG_SECTION_ALLOW && line->has_from &&
		    sg_lint_matters(lint, i, next) && sg_lint_wanted(lint, LINT_ODD_SOURCE, line))
			sources_line(lint, line);
	}
	return 0;
}
