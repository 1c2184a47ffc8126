/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Live connections that would be cut off, grouped by what they share: direction, port, when, and who refuses. */
#include "render/cuts.h"

#include <string.h>
#include "base/mem.h"
#include "render/sockets.h"
#include "sockgate/proto.h"

#define GROUPS_SHOWN  10
#define HOLDERS_SHOWN 3

static const char *when_text(enum sg_cut_when when, size_t count)
{
	switch (when) {
	case SG_CUT_AT_ONCE: return "at once";
	case SG_CUT_NEXT_PACKET: return "as soon as the other side sends";
	default: return count == 1 ? "when it reconnects" : "when they reconnect";
	}
}

void sg_render_cuts_sum(struct sg_buf *buf, const struct sg_cuts *cuts)
{
	size_t counts[SG_CUT_NEVER] = {0};
	bool any = false;

	for (size_t i = 0; i < cuts->count; i++)
		counts[cuts->items[i].when]++;
	for (enum sg_cut_when when = SG_CUT_AT_ONCE; when < SG_CUT_NEVER; when++) {
		if (!counts[when])
			continue;
		if (any)
			sg_buf_adds(buf, " and ");
		if (any)
			sg_say_number(buf, counts[when]);
		else
			sg_say_count(buf, counts[when], "connection");
		sg_buf_addf(buf, " %s", when_text(when, counts[when]));
		any = true;
	}
}

/* ---- Groups ---- */

static const struct sg_connection *connection_of(const struct sg_cuts_report *report, const struct sg_cut *cut)
{
	return &report->connections->items[cut->connection];
}

static uint16_t service_port(const struct sg_connection *connection, const struct sg_cut *cut)
{
	return cut->direction == SG_IN ? connection->port : connection->remote_port;
}

/* The process of one that is not accepted yet is its listener's. */
static const struct sg_owner *owner_of(const struct sg_cuts_report *report, const struct sg_cut *cut)
{
	const struct sg_owner *owner = &connection_of(report, cut)->owner;
	bool known = owner->pid || *owner->process || owner->unit || owner->container;

	return known || cut->listener == SG_NO_LISTENER ? owner : &report->listeners->items[cut->listener].owner;
}

static bool same_group(const struct sg_cuts_report *report, const struct sg_cut *a, const struct sg_cut *b)
{
	const struct sg_connection *x = connection_of(report, a), *y = connection_of(report, b);

	return a->direction == b->direction && a->when == b->when && a->outcome == b->outcome &&
	       a->origin == b->origin && x->protocol == y->protocol && service_port(x, a) == service_port(y, b);
}

static size_t group_end(const struct sg_cuts_report *report, size_t first)
{
	const struct sg_cut *items = report->cuts->items;
	size_t end = first + 1;

	while (end < report->cuts->count && same_group(report, &items[first], &items[end]))
		end++;
	return end;
}

/* "3 outbound to tcp 443 at once, by policy.yaml:10 block.any[0]" */
static void add_group(struct sg_buf *buf, const struct sg_cuts_report *report, size_t first, size_t end)
{
	const struct sg_cut *cut = &report->cuts->items[first];
	const struct sg_connection *connection = connection_of(report, cut);
	const char *protocol = sg_proto_name(connection->protocol);

	sg_say_number(buf, end - first);
	sg_buf_addf(buf, " %sto %s %u ", cut->direction == SG_OUT ? "outbound " : "", protocol ? protocol : "protocol",
		    service_port(connection, cut));
	sg_buf_adds(buf, when_text(cut->when, end - first));
	if (cut->outcome == SG_OUTCOME_DEPENDS)
		sg_buf_adds(buf, ", depending on the interface");
	else if (cut->outcome == SG_OUTCOME_UNDECIDED)
		sg_buf_adds(buf, ", undecided");
	if (cut->origin) {
		sg_buf_adds(buf, ", by ");
		sg_fields_because(buf, report->to, report->files, cut->origin);
	}
	sg_buf_addc(buf, '\n');
}

/* "sshd[812] ssh.service" */
static void add_owner(struct sg_buf *buf, const struct sg_owner *owner)
{
	sg_sockets_process(buf, owner);
	if (owner->unit || owner->container) {
		sg_buf_addc(buf, ' ');
		sg_sockets_unit(buf, owner);
	}
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

/* Workers of one service are one holder. */
static bool same_holder(const struct sg_owner *a, const struct sg_owner *b)
{
	return same_text(a->process, b->process) && same_text(a->unit, b->unit) &&
	       same_text(a->container, b->container);
}

static void add_holders(struct sg_buf *buf, const struct sg_cuts_report *report, size_t first, size_t end)
{
	const struct sg_owner *holders[HOLDERS_SHOWN];
	size_t count = 0;
	bool more = false;

	for (size_t i = first; i < end && !more; i++) {
		const struct sg_owner *owner = owner_of(report, &report->cuts->items[i]);
		size_t at = 0;

		while (at < count && !same_holder(holders[at], owner))
			at++;
		more = at == HOLDERS_SHOWN;
		if (at == count && !more && (owner->pid || *owner->process || owner->unit || owner->container))
			holders[count++] = owner;
	}
	for (size_t i = 0; i < count; i++) {
		sg_buf_adds(buf, i ? ", " : ", held by ");
		add_owner(buf, holders[i]);
	}
	if (more)
		sg_buf_adds(buf, " and others");
}

/* "from 192.0.2.7 (2), 192.0.2.8, … and 3 more, held by postgres[812] postgresql.service": equal addresses are
 * neighbours. */
static void add_ends(struct sg_buf *buf, const struct sg_style *style, const struct sg_cuts_report *report,
		     size_t first, size_t end)
{
	const struct sg_cut *items = report->cuts->items;
	size_t room = sg_fields_fold(style), said = 0, next;
	char text[SG_ADDR_TEXT_SIZE];

	sg_buf_adds(buf, items[first].direction == SG_OUT ? "to " : "from ");
	for (size_t i = first; i < end; i = next) {
		const struct sg_connection *connection = connection_of(report, &items[i]);

		for (next = i + 1; next < end; next++) {
			const struct sg_connection *other = connection_of(report, &items[next]);

			if (other->family != connection->family || other->remote != connection->remote)
				break;
		}
		if (said == room) {
			sg_buf_adds(buf, ", … and ");
			sg_say_number(buf, end - i);
			sg_buf_adds(buf, " more");
			break;
		}
		sg_addr_format(connection->family, connection->remote, text);
		sg_buf_addf(buf, "%s%s", said++ ? ", " : "", text);
		if (next - i > 1)
			sg_buf_addf(buf, " (%zu)", next - i);
	}
	add_holders(buf, report, first, end);
	sg_buf_addc(buf, '\n');
}

/* "192.0.2.7 port 51234 to 198.51.100.20 port 5432, held by postgres[812] postgresql.service" */
static void add_connection(struct sg_buf *buf, const struct sg_cuts_report *report, const struct sg_cut *cut)
{
	const struct sg_connection *connection = connection_of(report, cut);
	bool in = cut->direction == SG_IN;
	char from[SG_ADDR_TEXT_SIZE], to[SG_ADDR_TEXT_SIZE];

	sg_addr_format(connection->family, in ? connection->remote : connection->local, from);
	sg_addr_format(connection->family, in ? connection->local : connection->remote, to);
	sg_buf_addf(buf, "from %s port %u to %s port %u, held by ", from,
		    in ? connection->remote_port : connection->port, to, service_port(connection, cut));
	add_owner(buf, owner_of(report, cut));
	sg_buf_addc(buf, '\n');
}

/* What "as soon as the other side sends" hangs on. */
static void add_untracked(struct sg_buf *buf, const struct sg_cuts *cuts)
{
	for (size_t i = 0; i < cuts->count; i++) {
		if (cuts->items[i].when != SG_CUT_NEXT_PACKET)
			continue;
		sg_buf_adds(buf,
			    "                      (the kernel tracks no connections yet; one lives on if this host "
			    "sends first)\n");
		return;
	}
}

static void add_groups(struct sg_buf *buf, const struct sg_style *style, const struct sg_cuts_report *report)
{
	size_t groups = 0, end;

	for (size_t i = 0; i < report->cuts->count; i = end) {
		if (groups == GROUPS_SHOWN && !style->all) {
			sg_buf_adds(buf, "                      … and ");
			sg_say_number(buf, report->cuts->count - i);
			sg_buf_adds(buf, " more (--all shows them)\n");
			return;
		}
		end = group_end(report, i);
		if (groups++)
			sg_buf_adds(buf, "                      ");
		else
			sg_say_coloured(buf, style, SG_YELLOW, "connections cut:      ");
		add_group(buf, report, i, end);
		for (size_t k = i; style->all && k < end; k++) {
			sg_buf_adds(buf, "                        ");
			add_connection(buf, report, &report->cuts->items[k]);
		}
		if (!style->all) {
			sg_buf_adds(buf, "                        ");
			add_ends(buf, style, report, i, end);
		}
	}
}

void sg_render_cuts(struct sg_buf *buf, const struct sg_style *style, const struct sg_cuts_report *report)
{
	if (report->session) {
		sg_say_coloured(buf, style, SG_RED, "would be cut off:");
		sg_buf_adds(buf, "     ");
		sg_render_session(buf, report);
		sg_buf_addc(buf, '\n');
	}
	if (!report->cuts)
		return;
	add_groups(buf, style, report);
	add_untracked(buf, report->cuts);
}

/* ---- JSON ---- */

static json_t *end_json(struct sg_json *json, enum sg_family family, sg_u128 address, uint16_t port)
{
	json_t *map = sg_json_map(json);
	char text[SG_ADDR_TEXT_SIZE];

	sg_addr_format(family, address, text);
	sg_json_put(json, map, "address", sg_json_text(json, text));
	sg_json_put(json, map, "port", port ? sg_json_number(json, port) : json_null());
	return map;
}

/* One connection; the cut and its owner are given apart, for the session has no place in the list. */
static json_t *cut_json(struct sg_json *json, const struct sg_cuts_report *report,
			const struct sg_connection *connection, const struct sg_cut *cut, const struct sg_owner *owner)
{
	const char *name = connection->interface_name, *protocol = sg_proto_name(connection->protocol);
	json_t *map = sg_json_map(json);

	/* the session's is the one that it was judged by */
	if (connection == report->session && !*name)
		name = report->lockout->interface_name;
	sg_json_put(json, map, "protocol", sg_json_text(json, protocol));
	sg_json_put(json, map, "direction", sg_json_text(json, cut->direction == SG_OUT ? "out" : "in"));
	sg_json_put(json, map, "local", end_json(json, connection->family, connection->local, connection->port));
	sg_json_put(json, map, "remote",
		    end_json(json, connection->family, connection->remote, connection->remote_port));
	sg_json_put(json, map, "interface", *name ? sg_json_text(json, name) : json_null());
	sg_json_put(json, map, "owner", sg_sockets_owner_json(json, owner));
	sg_json_put(json, map, "session", json_boolean(connection == report->session));
	if (connection == report->session)
		sg_json_put(json, map, "session_certain", json_boolean(!report->choices));
	sg_json_put(json, map, "when", sg_json_text(json, sg_cut_when_name(cut->when)));
	sg_json_put(json, map, "verdict", sg_json_text(json, sg_outcome_name(cut->outcome)));
	sg_json_put(json, map, "because",
		    sg_fields_origins_json(json, report->to, report->files, &cut->origin, cut->origin != 0));
	return map;
}

json_t *sg_cuts_json(struct sg_json *json, const struct sg_cuts_report *report)
{
	json_t *list = sg_json_list(json);

	if (report->session) {
		const struct sg_lockout *lockout = report->lockout;
		bool again = lockout->packet.field[SG_FIELD_STATE] == SG_CT_NEW;
		const struct sg_cut cut = {
			.direction = SG_IN,
			.when = again ? SG_CUT_RECONNECT : SG_CUT_AT_ONCE,
			.outcome = lockout->outcome,
			.origin = lockout->because.origin,
		};

		sg_json_push(json, list, cut_json(json, report, report->session, &cut, &report->session->owner));
	}
	for (size_t i = 0; report->cuts && i < report->cuts->count; i++) {
		const struct sg_cut *cut = &report->cuts->items[i];

		sg_json_push(json, list,
			     cut_json(json, report, connection_of(report, cut), cut, owner_of(report, cut)));
	}
	return list;
}
