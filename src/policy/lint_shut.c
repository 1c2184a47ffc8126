// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lint_shut.c - ports that a block shuts for one address family, while the default lets the other one in.
 *
 * It is the mirror image of lint_families.c. Under 'default: accept' a block is all that shuts a port, and one that
 * says 'from: 0.0.0.0/0', 'to: 198.51.100.20' or 'family: ipv4' says nothing of IPv6:
 *
 *     default: accept
 *     block: {tcp: [{port: 5432, from: 0.0.0.0/0, except: 192.0.2.0/24}]}     # all of IPv6 still gets in
 *
 * A block of some listed addresses shuts nothing, so a line counts when it covers half of all addresses of a family, at
 * one local address at least. It is warned of when half of the addresses of the other family still reach one of its
 * ports, whatever the other lines say.
 *
 * The same holds for what leaves, with `to` in the place of `from`, where the default of 'outbound' accepts: it does
 * when it is unset.
 */
#include "base/mem.h"
#include "policy/lint.h"
#include "sockgate/proto.h"

static const struct sg_ranges *shut_of(const struct sg_addresses *set, enum sg_family family)
{
	return family == SG_IPV4 ? &set->v4 : &set->v6;
}

/* The addresses of this host that the line names, or NULL. */
static const struct sg_addresses *shut_local(const struct sg_line *line)
{
	if (line->direction == SG_OUT)
		return line->has_from ? &line->from : NULL;
	return line->has_to ? &line->to : NULL;
}

/* Whether the line shuts its ports for most of the family. */
static bool shut_covers(const struct sg_line *line, enum sg_family family)
{
	const struct sg_addresses *local = shut_local(line);

	if (line->has_family && line->family != family)
		return false;
	if (local && !shut_of(local, family)->count)
		return false;
	return !sg_lint_has_peers(line) || sg_lint_is_wide(family, shut_of(sg_lint_peers(line), family));
}

/* Whether most of the family reaches one of the ports over the protocol. accepted: over the levels from protocol on. */
static bool shut_is_open(struct lint *lint, sg_ref accepted, enum sg_family family, uint8_t protocol,
			 const struct sg_ranges *ports)
{
	sg_ref set = sg_idd_restrict(lint->idd, accepted, SG_FIELD_PROTOCOL, protocol);
	sg_u128 first = 0;

	if (sg_idd_level(lint->idd, set) != SG_FIELD_PORT)
		return sg_lint_is_open(lint->idd, set, family);
	for (size_t i = 0; i < sg_idd_edges(lint->idd, set); i++) {
		struct sg_range edge = {first, sg_idd_edge_last(lint->idd, set, i)};
		bool meets = false;

		first = edge.last + 1;
		for (size_t k = 0; k < ports->count && !meets; k++)
			meets = ports->items[k].first <= edge.last && ports->items[k].last >= edge.first;
		if (meets && sg_lint_is_open(lint->idd, sg_idd_edge_child(lint->idd, set, i), family))
			return true;
	}
	return false;
}

/* A line of `any` is judged by TCP, which is most of what it is about. */
static bool shut_leaves_open(struct lint *lint, sg_ref accepted, enum sg_family family, const struct sg_line *line)
{
	struct sg_range all = {1, 65535};
	const struct sg_ranges every = {.items = &all, .count = 1};

	if (line->kind == SG_LINE_ANY)
		return shut_is_open(lint, accepted, family, SG_PROTO_TCP, &every);
	for (size_t i = 0; i < line->protocol_count; i++)
		if (shut_is_open(lint, accepted, family, line->protocols[i], &line->ports))
			return true;
	return false;
}

static void shut_report(struct lint *lint, const struct sg_line *line, enum sg_family family)
{
	const char *own = family == SG_IPV4 ? "IPv4" : "IPv6", *other = family == SG_IPV4 ? "IPv6" : "IPv4";
	enum sg_family left = family == SG_IPV4 ? SG_IPV6 : SG_IPV4;
	const struct sg_addresses *local = shut_local(line);
	bool out = line->direction == SG_OUT;

	lint_add(lint, LINT_ONE_FAMILY_BLOCK, line->span, "'%s' blocks %s, and the default lets %s %s", line->path, own,
		 other, out ? "out" : "in");
	if (line->has_family)
		sg_diag_hint(lint->diags, "leave 'family' out to block both; if one is meant, 'lint-ignore: %s'",
			     sg_lint_at(LINT_ONE_FAMILY_BLOCK)->id);
	else if (local && !shut_of(local, left)->count)
		sg_diag_hint(lint->diags, "name this host's %s addresses in '%s' as well, or leave it out", other,
			     out ? "from" : "to");
	else
		sg_diag_hint(lint->diags, "leave '%s' out to block everyone, or name %s addresses as well",
			     out ? "to" : "from", other);
}

/* Lines of the direction, whose default accepts. */
static int shut_direction(struct lint *lint, enum sg_direction direction)
{
	sg_ref accepted = sg_lint_accepted(lint, direction);
	size_t next;

	if (sg_idd_check(lint->idd, accepted, lint->err) < 0)
		return -1;
	for (size_t i = 0; i < sg_policy_lines(lint->policy); i = next) {
		const struct sg_line *line = sg_policy_line(lint->policy, i);
		bool v4, v6;

		next = sg_lint_item_end(lint, i);
		if (line->direction != direction || line->section != SG_SECTION_BLOCK ||
		    !sg_lint_matters(lint, i, next) || (line->kind != SG_LINE_PORTS && line->kind != SG_LINE_ANY) ||
		    !sg_lint_wanted(lint, LINT_ONE_FAMILY_BLOCK, line))
			continue;
		v4 = shut_covers(line, SG_IPV4);
		v6 = shut_covers(line, SG_IPV6);
		if (v4 != v6 && shut_leaves_open(lint, accepted, v4 ? SG_IPV6 : SG_IPV4, line))
			shut_report(lint, line, v4 ? SG_IPV4 : SG_IPV6);
	}
	return 0;
}

int sg_lint_shut(struct lint *lint)
{
	if (!sg_lint_wanted(lint, LINT_ONE_FAMILY_BLOCK, NULL))
		return 0;
	if (lint->policy->default_verdict == SG_VERDICT_ACCEPT && shut_direction(lint, SG_IN) < 0)
		return -1;
	if (sg_policy_has_outbound(lint->policy) && lint->policy->outbound_default == SG_VERDICT_ACCEPT &&
	    shut_direction(lint, SG_OUT) < 0)
		return -1;
	return sg_idd_check(lint->idd, SG_IDD_EMPTY, lint->err);
}
