/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session that a policy would cut off, who cuts it off, and what to change in the policy. */
#include "render/cuts.h"

#include <string.h>
#include "sockgate/proto.h"

#define LINES_SHOWN 3

static const char *word_of(enum sg_session_kind kind)
{
	switch (kind) {
	case SG_SESSION_SSH: return "SSH connection";
	case SG_SESSION_TCP: return "connection";
	case SG_SESSION_ROAMING: break;
	}
	return "mosh session";
}

/* "the SSH connection from 192.0.2.7 to 198.51.100.20 port 22" */
static void add_session(struct sg_buf *buf, const struct sg_cuts_report *report)
{
	const struct sg_connection *session = report->session;
	char text[SG_ADDR_TEXT_SIZE];

	sg_buf_addf(buf, "the %s", word_of(report->session_kind));
	if (!report->peer_unknown) {
		sg_addr_format(session->family, session->remote, text);
		sg_buf_addf(buf, " from %s", text);
	}
	sg_buf_adds(buf, " to ");
	if (session->local) {
		sg_addr_format(session->family, session->local, text);
		sg_buf_addf(buf, "%s ", text);
	}
	sg_buf_addf(buf, "%sport %u", session->protocol == SG_PROTO_UDP ? "UDP " : "", session->port);
}

/* Neighbour discovery that is not let pass, by who is refused. */
static bool is_discovery(const struct sg_lockout *lockout)
{
	return lockout->packet.fixed[SG_FIELD_PROTOCOL] && lockout->packet.field[SG_FIELD_PROTOCOL] == SG_PROTO_ICMPV6;
}

static void add_discovery(struct sg_buf *buf, const struct sg_lockout *lockout)
{
	bool solicitation = lockout->packet.field[SG_FIELD_PORT] == 135;

	sg_buf_addf(buf, " would end within minutes: IPv6 neighbour %s that %s %s",
		    solicitation ? "solicitations" : "advertisements",
		    lockout->packet.field[SG_FIELD_DIRECTION] == SG_IN ? "come in" : "go out",
		    lockout->outcome == SG_OUTCOME_UNDECIDED ? "are undecided" : "would be refused");
}

void sg_render_session(struct sg_buf *buf, const struct sg_cuts_report *report)
{
	const struct sg_lockout *lockout = report->lockout;

	add_session(buf, report);
	if (is_discovery(lockout))
		add_discovery(buf, lockout);
	else
		sg_buf_adds(buf, lockout->outcome == SG_OUTCOME_UNDECIDED ? ": undecided" : " would be refused");
	if (lockout->because.origin) {
		sg_buf_adds(buf, " by ");
		sg_fields_because(buf, report->to, report->files, lockout->because.origin);
	}
	if (*lockout->elsewhere)
		sg_buf_addf(buf,
			    ", if its packets come in by %.16s, by which the replies leave; by %.16s they would be "
			    "accepted",
			    lockout->interface_name, lockout->elsewhere);
	if (report->choices > 1)
		sg_buf_addf(buf, ", and may be yours: which of %zu sessions is yours is not known", report->choices);
	else if (report->choices && !report->named)
		sg_buf_adds(buf, ", and may be yours");
}

void sg_render_guess(struct sg_buf *buf, const struct sg_cuts_report *report)
{
	const struct sg_lockout *lockout = report->lockout;

	add_session(buf, report);
	sg_buf_addf(
		buf,
		" stays if its packets come in by %.16s, by which the replies leave; by %.16s they would be refused",
		lockout->interface_name, lockout->elsewhere);
}

/* ---- What to change ---- */

enum miss { MISS_NONE, MISS_UNTIL, MISS_FAMILY, MISS_INTERFACE, MISS_TO, MISS_FROM };

static bool names_port(const struct sg_line *line, uint8_t protocol, uint16_t port)
{
	if (line->section != SG_SECTION_ALLOW || line->direction != SG_IN)
		return false;
	if (line->kind == SG_LINE_ANY)
		return true;
	for (size_t i = 0; i < line->protocol_count; i++)
		if (line->protocols[i] == protocol)
			return line->kind == SG_LINE_PROTOCOL ||
			       (line->kind == SG_LINE_PORTS &&
				(!line->ports.count || sg_ranges_contain(&line->ports, port)));
	return false;
}

static bool has_address(const struct sg_addresses *set, enum sg_family family, sg_u128 address)
{
	return sg_ranges_contain(family == SG_IPV4 ? &set->v4 : &set->v6, address);
}

/* What the session lacks for the line to let it in. */
static enum miss miss_of(const struct sg_cuts_report *report, const struct sg_line *line)
{
	const struct sg_connection *session = report->session;
	const char *name = report->lockout->interface_name;
	struct sg_range key;

	if (line->has_until && line->until <= (int64_t)(report->to->now / SG_SECOND))
		return MISS_UNTIL;
	if (line->has_family && line->family != session->family)
		return MISS_FAMILY;
	if (line->has_interface && (!*name || !sg_interface_range(name, strnlen(name, SG_INTERFACE_NAME_SIZE), &key) ||
				    !sg_ranges_contain(&line->interfaces, key.first)))
		return MISS_INTERFACE;
	if (line->has_to && session->local && !has_address(&line->to, session->family, session->local))
		return MISS_TO;
	if (line->has_from && (report->peer_unknown || !has_address(&line->from, session->family, session->remote)))
		return MISS_FROM;
	return MISS_NONE;
}

static void add_miss(struct sg_buf *buf, const struct sg_cuts_report *report, enum miss miss)
{
	const struct sg_connection *session = report->session;
	const char *name = report->lockout->interface_name;
	char local[SG_ADDR_TEXT_SIZE], remote[SG_ADDR_TEXT_SIZE];

	sg_addr_format(session->family, session->local, local);
	sg_addr_format(session->family, session->remote, remote);
	switch (miss) {
	case MISS_NONE: break;
	case MISS_UNTIL: sg_buf_adds(buf, ", but its time is over: change its 'until'"); break;
	case MISS_FAMILY:
		sg_buf_addf(buf, ", but not over %s: take its 'family' away",
			    session->family == SG_IPV4 ? "IPv4" : "IPv6");
		break;
	case MISS_INTERFACE:
		if (*name)
			sg_buf_addf(buf, ", but not by %.16s: add %.16s to its 'interface'", name, name);
		else
			sg_buf_adds(buf, ", but not by every interface: add yours to its 'interface'");
		break;
	case MISS_TO: sg_buf_addf(buf, ", but not to %s: add it to its 'to'", local); break;
	case MISS_FROM:
		if (report->peer_unknown)
			sg_buf_adds(buf, ", but not from everywhere, and where you are is not known: widen its 'from'");
		else
			sg_buf_addf(buf, ", but not from %s: add it to its 'from'", remote);
		break;
	}
}

/* The lines that allow the port to others. False: there are none. */
static bool add_lines(struct sg_buf *buf, const struct sg_cuts_report *report)
{
	const struct sg_policy *policy = report->to->policy;
	const struct sg_connection *session = report->session;
	size_t said = 0;

	for (size_t i = 0; policy && i < sg_policy_lines(policy) && said < LINES_SHOWN; i++) {
		const struct sg_line *line = sg_policy_line(policy, i);
		enum miss miss = names_port(line, session->protocol, session->port) ? miss_of(report, line) : MISS_NONE;

		if (miss == MISS_NONE)
			continue;
		sg_buf_adds(buf, said++ ? "; " : "");
		/* lines are the first origins, in their order */
		sg_fields_because(buf, report->to, report->files, (uint32_t)i + 1);
		sg_buf_addf(buf, " allows port %u", session->port);
		add_miss(buf, report, miss);
	}
	return said;
}

void sg_render_lockout_hint(struct sg_buf *buf, const struct sg_cuts_report *report)
{
	const struct sg_lockout *lockout = report->lockout;

	if (lockout->because.line.kind == SG_ORIGIN_LINE) {
		sg_buf_adds(buf, "change that line");
	} else if (is_discovery(lockout)) {
		sg_buf_adds(buf,
			    "leave 'neighbour-discovery' of the baseline on, or allow icmp nd-neighbor-solicit and "
			    "nd-neighbor-advert");
	} else if (lockout->packet.field[SG_FIELD_STATE] == SG_CT_ESTABLISHED) {
		sg_buf_addf(buf, "let packets of established connections %s: leave 'established' of the baseline on",
			    lockout->packet.field[SG_FIELD_DIRECTION] == SG_IN ? "in" : "out");
	} else if (!add_lines(buf, report)) {
		sg_buf_addf(buf, "allow %sport %u in the policy",
			    report->session->protocol == SG_PROTO_UDP ? "UDP " : "", report->session->port);
	}
	sg_buf_adds(buf, ", or give --force");
}
