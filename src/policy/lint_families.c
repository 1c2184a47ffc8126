// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lint_families.c - ports that one address family is let in to, and the other was forgotten.
 *
 * An allow whose sources are of one family, without saying `family`, opens its ports to that family alone. That is
 * worth a note when nobody of the other family can reach any of these ports by another line, the policy names sources
 * of that other family elsewhere (who has no IPv6 needs no advice about it), and some of the sources are routed:
 * private addresses have no counterpart to forget. Sources that are half of a family or more (0.0.0.0/0) are worth it
 * whatever else the policy says: everyone is meant. Lines with equal constraints are one note.
 *
 * Of what leaves only lines to half of a family or more count: that a mail relay or a name server has addresses of one
 * family is ordinary.
 */
#include <stdlib.h>
#include "base/mem.h"
#include "policy/lint.h"
#include "sockgate/proto.h"

/* An allow that may have forgotten a family. */
struct lopsided {
	size_t line;
	enum sg_family family; /* of its sources */
	sg_ref constraint;
};

static const uint8_t protocols[] = {SG_PROTO_TCP, SG_PROTO_UDP, SG_PROTO_DCCP, SG_PROTO_SCTP, SG_PROTO_UDPLITE};
#define PROTOCOLS SG_COUNT(protocols)

struct families {
	struct lint *lint;
	enum sg_direction direction;
	bool named[2];                          /* families of which some allow names sources */
	sg_ref private[2];                      /* sources that are not routed */
	struct sg_ranges reached[2][PROTOCOLS]; /* ports that anyone of the family reaches */
	struct lopsided *items;
	size_t count, room;
};

static void families_clear(struct families *families)
{
	free(families->items);
	for (size_t i = 0; i < PROTOCOLS; i++) {
		sg_ranges_clear(&families->reached[SG_IPV4][i]);
		sg_ranges_clear(&families->reached[SG_IPV6][i]);
	}
}

static const struct sg_ranges *families_sources(const struct sg_line *line, enum sg_family family)
{
	const struct sg_addresses *peers = sg_lint_peers(line);

	return family == SG_IPV4 ? &peers->v4 : &peers->v6;
}

/* ---- What the policy as a whole says ---- */

/* RFC 1918, 6598, 3927, 1122; RFC 4193, 4291. And what is no one's address. */
static void families_private(struct families *families)
{
	static const struct sg_range v4[] = {
		{0, 0},
		{0x0a000000, 0x0affffff},
		{0x64400000, 0x647fffff},
		{0x7f000000, 0x7fffffff},
		{0xa9fe0000, 0xa9feffff},
		{0xac100000, 0xac1fffff},
		{0xc0a80000, 0xc0a8ffff},
	};
	static const struct sg_range v6[] = {
		{0, 1},
		{(sg_u128)0xfc00 << 112, ((sg_u128)0xfe00 << 112) - 1},
		{(sg_u128)0xfe80 << 112, ((sg_u128)0xfec0 << 112) - 1},
	};
	const struct sg_ranges sets[2] = {
		{.items = (struct sg_range *)v4, .count = SG_COUNT(v4)},
		{.items = (struct sg_range *)v6, .count = SG_COUNT(v6)},
	};
	struct sg_idd *idd = families->lint->idd;

	families->private[SG_IPV4] = sg_idd_split(idd, SG_FIELD_REMOTE4, &sets[0], SG_IDD_FULL, SG_IDD_EMPTY);
	families->private[SG_IPV6] = sg_idd_split(idd, SG_FIELD_REMOTE6, &sets[1], SG_IDD_FULL, SG_IDD_EMPTY);
}

/* set: over the levels from port on. The ports for which there is anything. */
static int families_ports(struct families *families, sg_ref set, struct sg_ranges *ret)
{
	struct sg_idd *idd = families->lint->idd;
	struct sg_range range = {0, 65535};

	if (sg_idd_check(idd, set, families->lint->err) < 0)
		return -1;
	if (sg_idd_level(idd, set) != SG_FIELD_PORT)
		return set == SG_IDD_EMPTY ? 0 : sg_ranges_add(ret, &range, families->lint->err);
	for (size_t i = 0; i < sg_idd_edges(idd, set); i++) {
		range.last = sg_idd_edge_last(idd, set, i);
		if (sg_idd_edge_child(idd, set, i) != SG_IDD_EMPTY &&
		    sg_ranges_add(ret, &range, families->lint->err) < 0)
			return -1;
		range.first = range.last + 1;
	}
	sg_ranges_normalise(ret);
	return 0;
}

static int families_reached(struct families *families)
{
	struct sg_idd *idd = families->lint->idd;
	sg_ref accepted = sg_lint_accepted(families->lint, families->direction);

	for (unsigned int family = SG_IPV4; family <= SG_IPV6; family++) {
		sg_ref of_family = sg_idd_and(idd, accepted, sg_idd_range(idd, SG_FIELD_FAMILY, family, family));

		for (size_t i = 0; i < PROTOCOLS; i++) {
			sg_ref set = sg_idd_restrict(idd, of_family, SG_FIELD_PROTOCOL, protocols[i]);

			if (families_ports(families, set, &families->reached[family][i]) < 0)
				return -1;
		}
	}
	return 0;
}

static bool families_meet(const struct sg_ranges *set, const struct sg_range *range)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->items[middle].last < range->first)
			low = middle + 1;
		else
			high = middle;
	}
	return low < set->count && set->items[low].first <= range->last;
}

static bool families_reach(const struct families *families, enum sg_family family, const struct sg_line *line)
{
	for (size_t p = 0; p < line->protocol_count; p++) {
		for (size_t i = 0; i < PROTOCOLS; i++) {
			if (protocols[i] != line->protocols[p])
				continue;
			for (size_t r = 0; r < line->ports.count; r++) {
				if (families_meet(&families->reached[family][i], &line->ports.items[r]))
					return true;
			}
		}
	}
	return false;
}

/* ---- Lines ---- */

/* Whether the line's sources, less than which it says nothing of families, are of one. */
static bool families_is_lopsided(const struct sg_line *line, enum sg_family *ret)
{
	const struct sg_addresses *peers = sg_lint_peers(line);

	if (line->section != SG_SECTION_ALLOW || line->kind != SG_LINE_PORTS || line->has_family ||
	    !sg_lint_has_peers(line) || (line->direction == SG_OUT ? line->has_from : line->has_to))
		return false;
	*ret = peers->v4.count ? SG_IPV4 : SG_IPV6;
	return !peers->v4.count != !peers->v6.count;
}

static int families_add(struct families *families, size_t index, enum sg_family family)
{
	struct lint *lint = families->lint;
	struct lopsided lopsided = {.line = index, .family = family};
	struct sg_region_part parts[2];

	if (!sg_lint_parts(lint, sg_policy_line(lint->policy, index), parts))
		return 0;
	if (sg_idd_check(lint->idd, parts[0].constraint, lint->err) < 0)
		return -1;
	lopsided.constraint = parts[0].constraint;
	if (sg_grow(&families->items, &families->room, families->count, 1, sizeof(*families->items)) < 0)
		return sg_error_nomem(lint->err);
	families->items[families->count++] = lopsided;
	return 0;
}

static int families_collect(struct families *families)
{
	struct lint *lint = families->lint;
	enum sg_family family = SG_IPV4;
	size_t next;

	for (size_t i = 0; i < sg_policy_lines(lint->policy); i = next) {
		const struct sg_line *line = sg_policy_line(lint->policy, i);

		next = sg_lint_item_end(lint, i);
		if (line->direction != families->direction)
			continue;
		if (line->direction == SG_IN && line->section == SG_SECTION_ALLOW &&
		    lint->policy->lines[i].from.count) {
			families->named[SG_IPV4] = families->named[SG_IPV4] || line->from.v4.count;
			families->named[SG_IPV6] = families->named[SG_IPV6] || line->from.v6.count;
		}
		if (next == i + 1 && lint->matters[i] && families_is_lopsided(line, &family) &&
		    sg_lint_wanted(lint, LINT_ONE_FAMILY, line) && families_add(families, i, family) < 0)
			return -1;
	}
	return 0;
}

static bool families_forgotten(struct families *families, const struct lopsided *item)
{
	struct lint *lint = families->lint;
	const struct sg_line *line = sg_policy_line(lint->policy, item->line);
	enum sg_family other = item->family == SG_IPV4 ? SG_IPV6 : SG_IPV4;
	size_t level = item->family == SG_IPV4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6;
	sg_ref sources;

	if (families_reach(families, other, line))
		return false;
	if (sg_lint_is_wide(item->family, families_sources(line, item->family)))
		return true;
	if (line->direction == SG_OUT || !families->named[SG_IPV4] || !families->named[SG_IPV6])
		return false;
	sources = sg_region_split(lint->idd, &lint->cache, level, families_sources(line, item->family), SG_IDD_FULL);
	return !sg_idd_subset(lint->idd, sources, families->private[item->family]);
}

static int families_compare(const void *left, const void *right)
{
	const struct lopsided *a = left, *b = right;

	if (a->constraint != b->constraint)
		return a->constraint < b->constraint ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static void families_report(struct families *families, const struct lopsided *item, size_t more)
{
	struct lint *lint = families->lint;
	const struct sg_line *line = sg_policy_line(lint->policy, item->line);
	const char *own = item->family == SG_IPV4 ? "ipv4" : "ipv6", *other = item->family == SG_IPV4 ? "IPv6" : "IPv4";
	const char *lets = line->direction == SG_OUT ? "nothing out" : "no one in";

	if (more)
		lint_add(lint, LINT_ONE_FAMILY, line->span, "'%s' and %zu more with its %s let %s over %s", line->path,
			 more, line->direction == SG_OUT ? "destinations" : "sources", lets, other);
	else
		lint_add(lint, LINT_ONE_FAMILY, line->span, "'%s' lets %s over %s", line->path, lets, other);
	if (sg_lint_is_wide(item->family, families_sources(line, item->family)))
		sg_diag_hint(lint->diags, "leave '%s' out for everyone, or say 'family: %s'",
			     line->direction == SG_OUT ? "to" : "from", own);
	else
		sg_diag_hint(lint->diags, "name the sources' %s addresses too, or say 'family: %s'", other, own);
}

static int families_judge(struct lint *lint, enum sg_direction direction)
{
	sg_cleanup(families_clear) struct families families = {.lint = lint, .direction = direction};
	size_t kept = 0, next;

	if (families_collect(&families) < 0)
		return -1;
	if (!families.count)
		return 0;
	families_private(&families);
	if (families_reached(&families) < 0)
		return -1;
	for (size_t i = 0; i < families.count; i++) {
		if (families_forgotten(&families, &families.items[i]))
			families.items[kept++] = families.items[i];
	}
	if (kept)
		qsort(families.items, kept, sizeof(*families.items), families_compare);
	for (size_t i = 0; i < kept; i = next) {
		for (next = i + 1; next < kept && families.items[next].constraint == families.items[i].constraint;)
			next++;
		families_report(&families, &families.items[i], next - i - 1);
	}
	return 0;
}

int sg_lint_families(struct lint *lint)
{
	if (!sg_lint_wanted(lint, LINT_ONE_FAMILY, NULL))
		return 0;
	if (families_judge(lint, SG_IN) < 0)
		return -1;
	return sg_policy_has_outbound(lint->policy) ? families_judge(lint, SG_OUT) : 0;
}
