/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/guard.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/mem.h"
#include "sockgate/kernel_connections.h"
#include "sockgate/kernel_units.h"
#include "sockgate/proto.h"

#define SOON_SECONDS    (7 * 86400) /* a date this near is told */
#define WAIT_SECONDS    60          /* a limit that makes a login wait longer is told */
#define DATAGRAMS_SHOWN 8

void watched_clear(struct watched *watched)
{
	rules_clear(&watched->rules);
	sockets_clear(&watched->sockets);
	cutting_clear(&watched->cutting);
	sg_buf_clear(&watched->ssh_sockets);
}

static struct sg_cuts_report report_of(const struct session *session, const struct watched *watched)
{
	return cutting_report(&watched->cutting, &watched->here->subject, session->files, &watched->sockets);
}

/* Refused, and reported. */
static int refuse(struct session *session, const struct sg_cuts_report *report)
{
	struct sg_buf text = {0};

	if (session->options->json)
		sg_render_lockout_json(&session->answer, report);
	session_failed(session, "it would cut off the SSH session that it is applied from");
	sg_buf_adds(&text, "sockgate: error: not applied: ");
	sg_render_session(&text, report);
	sg_buf_adds(&text, "\n(");
	sg_render_lockout_hint(&text, report);
	sg_buf_adds(&text, ")\n");
	session_say(session, &text);
	return session_finish(session, EXIT_NO);
}

/* ---- Others ---- */

static int rule(struct session *session, struct watched *watched, struct sg_error *err)
{
	if (watched->ruled)
		return 0;
	if (rules_read(session, &watched->rules, err) < 0)
		return -1;
	watched->ruled = true;
	return 0;
}

/*
 * Finds the connections of others that would be cut off. The rules in the kernel are only evaluated when the policy refuses
 * one: a connection that they refuse already is not cut off.
 */
static int find_others(struct session *session, struct watched *watched, struct sg_error *err)
{
	if (watched->others)
		return 0;
	if (sockets_list(&watched->sockets, err) < 0 ||
	    cutting_find(&watched->cutting, NULL, &watched->here->subject, &watched->sockets, err) < 0)
		return -1;
	if (watched->cutting.cuts.count &&
	    (rule(session, watched, err) < 0 || cutting_find(&watched->cutting, &watched->rules.subject,
							     &watched->here->subject, &watched->sockets, err) < 0))
		return -1;
	watched->others = true;
	return 0;
}

/* ---- Who wants to log in next ---- */

/* Without rights to see processes the control group of a socket still tells whose it is. */
static const char *const login_units[] = {"ssh.service", "sshd.service", "dropbear.service"};

static bool is_login(const struct sg_listener *listener, const struct sg_units *units)
{
	if (listener->protocol != SG_PROTO_TCP || listener->raw || listener->connected)
		return false;
	if (sg_listener_is_login(listener))
		return true;
	for (size_t i = 0; i < SG_COUNT(login_units); i++) {
		const struct sg_unit unit = sg_units_get(units, login_units[i]);

		for (size_t k = 0; k < unit.place_count; k++)
			if (listener->cgroup && listener->cgroup == unit.places[k].id)
				return true;
	}
	return false;
}

/* Inside of the host alone: nobody logs in by it from elsewhere. */
static bool is_inside(const struct sg_listener *listener)
{
	sg_u128 address = listener->address;

	return listener->family == SG_IPV4 ? address >> 24 == 127 : address == 1 || address >> 24 == 0xffff7f;
}

/* Whether the text names the port already: "port 22" is not in "port 2222". */
static bool names_port(const struct sg_buf *text, const char *port)
{
	for (const char *at = text->data; at && (at = strstr(at, port));) {
		at += strlen(port);
		if (!isdigit((unsigned char)*at))
			return true;
	}
	return false;
}

static void add_socket(struct sg_buf *text, const struct sg_listener *listener)
{
	char number[24];

	snprintf(number, sizeof(number), "port %u", listener->port);
	if (names_port(text, number))
		return;
	sg_buf_addf(text, "%s%s", text->size ? ", " : "", number);
	if (*listener->owner.process)
		sg_buf_addf(text, " of %s", listener->owner.process);
}

/* *ret: the policy refuses all new logins, and the rules in the kernel accept some. Fills ssh_sockets. */
static int find_next(struct session *session, struct watched *watched, bool *ret, struct sg_error *err)
{
	sg_cleanup(sg_units_clear) struct sg_units units = {0};
	const struct sg_listeners *list = &watched->sockets.list;
	size_t kept = 0, now = 0;
	bool any;

	*ret = false;
	if (sockets_own(&watched->sockets, err) < 0 ||
	    sg_units_find(login_units, SG_COUNT(login_units), NULL, &units, err) < 0)
		return -1;
	for (size_t i = 0; i < list->count && !kept; i++) {
		if (!is_login(&list->items[i], &units) || is_inside(&list->items[i]))
			continue;
		if (sg_lockout_anybody(&watched->here->subject, &list->items[i], &any, err) < 0)
			return -1;
		kept += any;
		now += !any;
	}
	if (kept || !now || rule(session, watched, err) < 0)
		return kept || !now ? 0 : -1;
	for (size_t i = 0; i < list->count; i++) {
		if (!is_login(&list->items[i], &units) || is_inside(&list->items[i]))
			continue;
		if (sg_lockout_anybody(&watched->rules.subject, &list->items[i], &any, err) < 0)
			return -1;
		if (any)
			add_socket(&watched->ssh_sockets, &list->items[i]);
		*ret |= any;
	}
	return 0;
}

/* ---- Asking ---- */

static void add_loss(struct sg_buf *text, const struct watched *watched, size_t sessions)
{
	if (watched->anybody)
		sg_buf_addf(text, "every new SSH connection (%.*s) would be refused", (int)watched->ssh_sockets.size,
			    watched->ssh_sockets.data);
	if (watched->anybody && sessions)
		sg_buf_adds(text, ", and ");
	if (sessions)
		sg_buf_addf(text, "%zu SSH session%s would be cut off", sessions, sessions == 1 ? "" : "s");
}

static bool agreed(void)
{
	char answer[16];

	if (!fgets(answer, sizeof(answer), stdin))
		return false;
	return !strcmp(answer, "y\n") || !strcmp(answer, "yes\n") || !strcmp(answer, "Y\n");
}

/* Sessions that a refused packet ends, and those whose other end is not found any more. */
static int count_ends(struct session *session, struct watched *watched, size_t *ret, struct sg_error *err)
{
	const struct sg_subject *to = &watched->here->subject;

	if (cutting_discovery(&watched->cutting, NULL, to, &watched->sockets, ret, err) < 0)
		return -1;
	if (*ret && (rule(session, watched, err) < 0 || cutting_discovery(&watched->cutting, &watched->rules.subject,
									  to, &watched->sockets, ret, err) < 0))
		return -1;
	*ret += cutting_ssh(&watched->cutting, &watched->sockets, SG_CUT_NEXT_PACKET);
	return 0;
}

/* No session is known to ask. Returns as guard() does. */
static int guard_others(struct session *session, struct watched *watched, int *ret_exit, struct sg_error *err)
{
	struct sg_cuts_report report;
	struct sg_buf text = {0};
	size_t sessions;

	if (find_others(session, watched, err) < 0 || cutting_owners(&watched->cutting, err) < 0 ||
	    find_next(session, watched, &watched->anybody, err) < 0)
		return -1;
	if (count_ends(session, watched, &sessions, err) < 0)
		return -1;
	if ((!watched->anybody && !sessions) || session->options->force)
		return 0;
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO)) {
		sg_buf_adds(&text, "sockgate: with this policy ");
		add_loss(&text, watched, sessions);
		sg_buf_adds(&text, ". Apply it anyway? [y/N] ");
		session_say(session, &text);
		if (agreed())
			return 0;
		sg_buf_adds(&text, "nothing was changed\n");
	} else {
		sg_buf_adds(&text, "sockgate: error: not applied: ");
		add_loss(&text, watched, sessions);
		sg_buf_adds(&text, ", and it is not known that you can log in otherwise\n"
				   "(allow SSH in the policy, or give --force)\n");
	}
	report = report_of(session, watched);
	session_failed(session, "it would keep SSH out");
	if (session->options->json)
		sg_render_lockout_json(&session->answer, &report);
	session_say(session, &text);
	*ret_exit = session_finish(session, EXIT_NO);
	return 1;
}

/*
 * At the start of the machine there are no sessions yet. But a restart of the service is the same command, and may come from
 * an SSH session. So if a live session could not be made again, this is judged as an apply without a known session. When it
 * is refused, the former rules stay, or the lockdown lets SSH in. Returns as guard() does.
 */
static int guard_restart(struct session *session, struct watched *watched, int *ret_exit, struct sg_error *err)
{
	if (session->options->force)
		return 0;
	if (find_others(session, watched, err) < 0)
		return -1;
	return cutting_ssh(&watched->cutting, &watched->sockets, SG_CUT_RECONNECT)
		       ? guard_others(session, watched, ret_exit, err)
		       : 0;
}

int guard(struct session *session, struct watched *watched, int *ret_exit, struct sg_error *err)
{
	struct sg_cuts_report report;

	/* where the policy names units, it matters who listens */
	if (sockets_list(&watched->sockets, err) < 0 ||
	    (watched->here->units.count && sockets_own(&watched->sockets, err) < 0) ||
	    cutting_session(&watched->cutting, &watched->here->subject, &watched->sockets, err) < 0)
		return -1;
	if (session->options->boot)
		return guard_restart(session, watched, ret_exit, err);
	if (!watched->cutting.session_known)
		return guard_others(session, watched, ret_exit, err);
	if (!watched->cutting.session_cut || session->options->force)
		return 0;
	if (session->options->json && cutting_owners(&watched->cutting, err) < 0)
		return -1;
	report = report_of(session, watched);
	*ret_exit = refuse(session, &report);
	return 1;
}

/* ---- Warnings ---- */

/* The session stays and a new one is let in, but not for ever, or not at once. */
static void add_conditions(struct sg_buf *text, const struct session *session, const struct watched *watched)
{
	const struct sg_because *because = &watched->cutting.lockout.because;
	const struct sg_line *line = because->line.kind == SG_ORIGIN_LINE ? because->line.line : NULL;
	const char *who;
	char date[32];
	time_t until;
	struct tm parts;

	if (!line || line->section != SG_SECTION_ALLOW)
		return;
	if (line->has_until && line->until - session->now < SOON_SECONDS) {
		until = (time_t)line->until;
		if (gmtime_r(&until, &parts) && strftime(date, sizeof(date), "%Y-%m-%dT%H:%MZ", &parts)) {
			sg_buf_addf(text,
				    "sockgate: warning: new SSH connections like yours are allowed until %s only, by ",
				    date);
			sg_render_because(text, &watched->here->subject, session->files, because->origin);
			sg_buf_addc(text, '\n');
		}
	}
	if (!line->connections && (!line->limit.count || line->limit.seconds / line->limit.count <= WAIT_SECONDS))
		return;
	who = line->connections ? (line->connections_per_peer ? " at once from one address" : " at once")
				: (line->limit_per_peer ? " from one address" : "");
	sg_buf_adds(text, "sockgate: warning: a new SSH connection like yours may be refused: ");
	sg_render_because(text, &watched->here->subject, session->files, because->origin);
	if (line->connections)
		sg_buf_addf(text, " takes %u%s\n", line->connections, who);
	else
		sg_buf_addf(text, " takes %u in %u minutes%s\n", line->limit.count, line->limit.seconds / 60, who);
}

static void add_session(struct sg_buf *text, const struct session *session, const struct watched *watched)
{
	const struct cutting *cutting = &watched->cutting;
	struct sg_cuts_report report = report_of(session, watched);

	if (!cutting->session_known)
		return;
	if (report.session) {
		sg_buf_adds(text, "sockgate: warning: ");
		sg_render_session(text, &report);
		sg_buf_addc(text, '\n');
		return;
	}
	if (*cutting->lockout.elsewhere) {
		report.session = &cutting->session.connection;
		sg_buf_adds(text, "sockgate: warning: ");
		sg_render_guess(text, &report);
		sg_buf_addc(text, '\n');
	}
	add_conditions(text, session, watched);
}

/* A socket of the kernel itself, as WireGuard's, has no process. */
static const char *holder_of(const struct sg_listener *listener)
{
	return *listener->owner.process ? listener->owner.process : "no process that can be seen";
}

/* Whether the socket takes datagrams from others now, and from nobody with the policy. */
static int loses_all(struct session *session, struct watched *watched, const struct sg_listener *listener, bool *ret,
		     struct sg_error *err)
{
	bool any = true;

	*ret = false;
	if (listener->protocol != SG_PROTO_UDP || listener->connected || listener->raw || is_inside(listener))
		return 0;
	if (sg_lockout_anybody(&watched->here->subject, listener, &any, err) < 0)
		return -1;
	if (any)
		return 0;
	if (rule(session, watched, err) < 0 || sg_lockout_anybody(&watched->rules.subject, listener, ret, err) < 0)
		return -1;
	return 0;
}

/*
 * Before the kernel tracks connections, the peers of an unconnected UDP socket (mosh, WireGuard) are not known. So the warning
 * names each socket that would lose all its peers, whether it has any or not.
 */
static int add_unknown_peers(struct sg_buf *text, struct session *session, struct watched *watched,
			     struct sg_error *err)
{
	const struct sg_listeners *list = &watched->sockets.list;
	sg_cleanup(sg_buf_clear) struct sg_buf ports = {0};
	size_t count = 0;

	if (watched->cutting.flows)
		return 0;
	if (sockets_own(&watched->sockets, err) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		char port[24];
		bool loses;

		if (loses_all(session, watched, &list->items[i], &loses, err) < 0)
			return -1;
		snprintf(port, sizeof(port), " %u (", list->items[i].port);
		if (!loses || (ports.size && strstr(ports.data, port)))
			continue;
		if (count++ < DATAGRAMS_SHOWN)
			sg_buf_addf(&ports, "%s%s%s)", count > 1 ? "," : "", port, holder_of(&list->items[i]));
	}
	if (count > DATAGRAMS_SHOWN)
		sg_buf_addf(&ports, " and %zu more", count - DATAGRAMS_SHOWN);
	if (count)
		sg_buf_addf(text,
			    "sockgate: warning: cuts off whoever uses UDP port%s%.*s, as soon as the other side sends; "
			    "whether anybody does is not known\n",
			    count == 1 ? "" : "s", (int)ports.size, ports.data);
	return 0;
}

static void add_others(struct sg_buf *text, const struct session *session, const struct watched *watched)
{
	const struct cutting *cutting = &watched->cutting;
	const struct sg_cuts_report report = report_of(session, watched);
	size_t sessions = cutting_ssh(cutting, &watched->sockets, SG_CUT_RECONNECT);

	if (watched->anybody) {
		sg_buf_adds(text, "sockgate: warning: ");
		add_loss(text, watched, 0);
		sg_buf_addc(text, '\n');
	}
	if (cutting->cuts.count) {
		sg_buf_adds(text, "sockgate: warning: cuts off ");
		sg_render_cuts_sum(text, &cutting->cuts);
		sg_buf_adds(text, session->options->verbose ? "\n" : " (--verbose lists them)\n");
	}
	if (!cutting->session_known && sessions)
		sg_buf_addf(text,
			    "sockgate: warning: SSH sessions among them: %zu; whether this runs in one is not known\n",
			    sessions);
	if (session->options->verbose)
		sg_render_cuts(text, &session->error_style, &report);
}

int guard_warn(struct session *session, struct watched *watched, struct sg_error *err)
{
	const struct options *options = session->options;
	const struct cutting *cutting = &watched->cutting;
	struct sg_buf text = {0};

	if (find_others(session, watched, err) < 0)
		return -1;
	if ((cutting->cuts.count || cutting->session_cut) &&
	    (options->json || options->verbose || !cutting->session_known) &&
	    (sockets_own(&watched->sockets, err) < 0 || cutting_owners(&watched->cutting, err) < 0))
		return -1;
	add_session(&text, session, watched);
	add_others(&text, session, watched);
	/* at the start of the machine there are none yet */
	if (!options->boot && add_unknown_peers(&text, session, watched, err) < 0) {
		sg_buf_clear(&text);
		return -1;
	}
	session_say(session, &text);
	return 0;
}
