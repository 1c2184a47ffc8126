/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * findings.c - what verification finds, in words.
 *
 * Names of processes and tables come from others: what is not printable in them is shown as '?', so that a message is
 * one line and moves no cursor.
 */
#include "check/findings.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include "base/mem.h"
#include "sockgate/buf.h"
#include "sockgate/named.h"
#include "sockgate/proto.h"

const char *sg_finding_name(enum sg_finding_id id)
{
	static const char *const names[] = {
		[SG_FINDING_NOT_LOADED] = "kernel/not-loaded",
		[SG_FINDING_DIFFERS] = "kernel/differs",
		[SG_FINDING_LOG_DIFFERS] = "kernel/log-differs",
		[SG_FINDING_UNDECIDED] = "kernel/undecided",
		[SG_FINDING_OUTSIDE] = "kernel/outside-proof",
		[SG_FINDING_STALE_UNIT] = "kernel/stale-unit",
		[SG_FINDING_EXPOSED] = "listener/exposed",
		[SG_FINDING_BLOCKED] = "listener/blocked",
		[SG_FINDING_WRONG_OWNER] = "listener/wrong-owner",
		[SG_FINDING_UNUSED] = "allow/unused",
		[SG_FINDING_UNDECLARED] = "listener/undeclared",
		[SG_FINDING_LOCALNET] = "listener/localnet",
		[SG_FINDING_ABSENT] = "interface/absent",
		[SG_FINDING_ALTNAME] = "interface/altname",
		[SG_FINDING_PORT] = "interface/port",
		[SG_FINDING_LOOPBACK] = "interface/loopback",
		[SG_FINDING_LOOPBACK_RENAMED] = "interface/loopback-renamed",
	};

	return names[id];
}

const char *sg_finding_severity_name(enum sg_finding_severity severity)
{
	static const char *const names[] = {"high", "medium", "low", "note"};

	return names[severity];
}

/* ---- Words ---- */

static void finding_add_foreign(struct sg_buf *buf, const char *text)
{
	for (; *text; text++)
		sg_buf_addc(buf, isprint((unsigned char)*text) ? *text : '?');
}

static void finding_add_protocol(struct sg_buf *buf, uint8_t protocol)
{
	const char *name = sg_proto_name(protocol);

	if (name)
		sg_buf_adds(buf, name);
	else
		sg_buf_addf(buf, "protocol %u", protocol);
}

static void finding_add_process(struct sg_buf *buf, const struct sg_owner *owner)
{
	if (*owner->process)
		finding_add_foreign(buf, owner->process);
	else
		sg_buf_adds(buf, "a process");
	if (owner->pid > 0)
		sg_buf_addf(buf, " (pid %d)", (int)owner->pid);
}

static void finding_add_port(struct sg_buf *buf, const struct sg_listener *listener)
{
	finding_add_protocol(buf, listener->protocol);
	if (!listener->raw)
		sg_buf_addf(buf, " %u", listener->port);
}

/* "postgres (pid 812) on tcp 5432", "a process on tcp 5432". */
static void finding_add_listener(struct sg_buf *buf, const struct sg_listener *listener)
{
	finding_add_process(buf, &listener->owner);
	sg_buf_adds(buf, listener->raw ? " with a raw socket of " : " on ");
	finding_add_port(buf, listener);
}

static int finding_add(struct sg_verify_work *work, struct sg_finding finding, struct sg_buf *message)
{
	struct sg_verify *verify = work->verify;

	finding.message = sg_buf_steal(message, NULL, work->err);
	sg_buf_clear(message);
	if (!finding.message)
		return -1;
	if (sg_grow(&verify->findings, &verify->room, verify->count, 1, sizeof(finding)) < 0) {
		free(finding.message);
		return sg_error_nomem(work->err);
	}
	verify->findings[verify->count++] = finding;
	return 0;
}

/* ---- The kernel ---- */

int sg_findings_not_loaded(struct sg_verify_work *work)
{
	struct sg_finding finding = {
		.id = SG_FINDING_NOT_LOADED, .severity = SG_FINDING_HIGH, .listener = SG_NO_LISTENER};
	struct sg_buf message = {0};

	sg_buf_adds(&message, "no table of sockgate is in the kernel: nothing of the policy is enforced");
	return finding_add(work, finding, &message);
}

static void finding_add_count(struct sg_buf *buf, uint64_t count, const char *one, const char *many)
{
	sg_buf_addf(buf, "%" PRIu64 " %s", count, count == 1 ? one : many);
}

int sg_findings_differs(struct sg_verify_work *work)
{
	const struct sg_diff_sum *sum = &work->verify->diff.sum;
	/* the diff goes from the kernel to the policy: what would be closed is open now */
	struct sg_finding finding = {.id = SG_FINDING_DIFFERS,
				     .severity = sum->closed ? SG_FINDING_HIGH : SG_FINDING_MEDIUM,
				     .listener = SG_NO_LISTENER};
	struct sg_buf message = {0};

	sg_buf_adds(&message, "the kernel decides otherwise than the policy: ");
	finding_add_count(&message, sum->changes - sum->logs, "difference", "differences");
	if (sum->ports_closed) {
		sg_buf_adds(&message, ", ");
		finding_add_count(&message, sum->ports_closed, "port open", "ports open");
		sg_buf_adds(&message, " that should not be");
	}
	if (sum->ports_opened) {
		sg_buf_adds(&message, ", ");
		finding_add_count(&message, sum->ports_opened, "port closed", "ports closed");
		sg_buf_adds(&message, " that should not be");
	}
	return finding_add(work, finding, &message);
}

int sg_findings_log_differs(struct sg_verify_work *work)
{
	struct sg_finding finding = {
		.id = SG_FINDING_LOG_DIFFERS, .severity = SG_FINDING_LOW, .listener = SG_NO_LISTENER};
	struct sg_buf message = {0};

	sg_buf_adds(&message, "the kernel logs otherwise than the policy says: ");
	finding_add_count(&message, work->verify->diff.sum.logs, "difference", "differences");
	return finding_add(work, finding, &message);
}

int sg_findings_foreign(struct sg_verify_work *work)
{
	struct sg_finding finding = {
		.id = SG_FINDING_UNDECIDED, .severity = SG_FINDING_LOW, .listener = SG_NO_LISTENER};
	const struct sg_verify_input *input = work->input;
	struct sg_buf message = {0};

	for (size_t i = 0; i < input->foreign_count && i < 3; i++) {
		sg_buf_adds(&message, i ? ", '" : "'");
		finding_add_foreign(&message, input->foreign[i].family);
		sg_buf_addc(&message, ' ');
		finding_add_foreign(&message, input->foreign[i].name);
		sg_buf_addc(&message, '\'');
	}
	if (input->foreign_count > 3)
		sg_buf_addf(&message, " and %zu more", input->foreign_count - 3);
	sg_buf_adds(&message, input->foreign_count == 1 ? " is not sockgate's: what it does"
							: " are not sockgate's: what they do");
	sg_buf_adds(&message, " to packets is outside the proof");
	return finding_add(work, finding, &message);
}

int sg_findings_outside(struct sg_verify_work *work, const struct sg_culprit *culprit)
{
	struct sg_finding finding = {.id = SG_FINDING_OUTSIDE,
				     .severity = culprit->seen ? SG_FINDING_MEDIUM : SG_FINDING_LOW,
				     .listener = SG_NO_LISTENER};
	struct sg_buf message = {0};

	sg_buf_adds(&message, culprit->seen ? "" : "not known ");
	finding_add_foreign(&message, culprit->name);
	sg_buf_adds(&message, culprit->seen ? ": what it does to packets is outside the proof" : "");
	return finding_add(work, finding, &message);
}

int sg_findings_unknown(struct sg_verify_work *work, size_t unknown, bool verdicts)
{
	struct sg_finding finding = {
		.id = SG_FINDING_UNDECIDED, .severity = SG_FINDING_MEDIUM, .listener = SG_NO_LISTENER};
	struct sg_buf message = {0};

	finding_add_foreign(&message, work->input->evaluation->unknowns[unknown].reason);
	sg_buf_addf(&message, ": not understood, and %s on it", verdicts ? "verdicts hang" : "what is logged hangs");
	return finding_add(work, finding, &message);
}

/* ---- Listeners ---- */

/* `finding` has its listener. */
static int finding_add_judged(struct sg_verify_work *work, struct sg_finding finding, const struct sg_judged *judged,
			      struct sg_buf *message)
{
	const struct sg_listener *listener = &work->input->listeners->items[finding.listener];
	struct sg_refs lines = {0}, places = {0};

	if (sg_judgements_origins(work->verify->judgements, listener, judged, &lines, &places, work->err) < 0) {
		sg_buf_clear(message);
		return -1;
	}
	finding.lines = lines.items;
	finding.line_count = lines.count;
	finding.places = places.items;
	finding.place_count = places.count;
	finding.wheres = &judged->wheres;
	if (finding_add(work, finding, message) < 0) {
		sg_refs_clear(&lines);
		sg_refs_clear(&places);
		return -1;
	}
	return 0;
}

static int findings_exposed(struct sg_verify_work *work, size_t listener, const struct sg_judgement *judgement)
{
	struct sg_finding finding = {.id = SG_FINDING_EXPOSED,
				     .severity = judgement->exposed_widely ? SG_FINDING_HIGH : SG_FINDING_MEDIUM,
				     .listener = listener};
	struct sg_buf message = {0};

	finding_add_listener(&message, &work->input->listeners->items[listener]);
	if (judgement->wanted)
		sg_buf_adds(&message, " can be reached by more than the policy allows");
	else if (judgement->exposed.wholly)
		sg_buf_adds(&message, " can be reached by anyone, though the policy does not allow it");
	else
		sg_buf_adds(&message, " can be reached, though the policy does not allow it");
	return finding_add_judged(work, finding, &judgement->exposed, &message);
}

static int findings_blocked(struct sg_verify_work *work, size_t listener, const struct sg_judgement *judgement)
{
	struct sg_finding finding = {.id = SG_FINDING_BLOCKED, .severity = SG_FINDING_MEDIUM, .listener = listener};
	struct sg_buf message = {0};

	finding_add_listener(&message, &work->input->listeners->items[listener]);
	sg_buf_adds(&message, judgement->blocked.wholly
				      ? " is allowed by the policy, but the kernel refuses everyone"
				      : " is allowed by the policy, but the kernel refuses some who may reach it");
	return finding_add_judged(work, finding, &judgement->blocked, &message);
}

static int findings_undecided(struct sg_verify_work *work, size_t listener)
{
	struct sg_finding finding = {.id = SG_FINDING_UNDECIDED, .severity = SG_FINDING_MEDIUM, .listener = listener};
	struct sg_buf message = {0};

	sg_buf_adds(&message, "whether ");
	finding_add_listener(&message, &work->input->listeners->items[listener]);
	sg_buf_adds(&message, " can be reached could not be decided");
	return finding_add(work, finding, &message);
}

/* ---- Who holds a port that is somebody's ---- */

/* "nginx.service", "nginx.service or apache2.service": the units of the lines. */
static void finding_add_units(struct sg_verify_work *work, struct sg_buf *buf, const struct sg_refs *lines)
{
	const char *last = NULL;

	for (size_t i = 0; i < lines->count; i++) {
		struct sg_origin origin = sg_policy_origin(work->input->policy, lines->items[i]);
		const char *unit = origin.line ? origin.line->unit : NULL;

		if (!unit || (last && !strcmp(unit, last)))
			continue;
		sg_buf_addf(buf, "%s%s", last ? " or " : "", unit);
		last = unit;
	}
}

/* "nc (pid 812) of cron.service", "a process of container web". */
static void finding_add_holder(struct sg_buf *buf, const struct sg_owner *owner)
{
	finding_add_process(buf, owner);
	if (!owner->container && !owner->unit)
		return;
	sg_buf_adds(buf, owner->container ? " of container " : " of ");
	finding_add_foreign(buf, owner->container ? owner->container : owner->unit);
}

/* A finding with the lines that give the port away; takes the lines. */
static int findings_add_given(struct sg_verify_work *work, struct sg_finding finding, struct sg_refs *lines,
			      struct sg_buf *message)
{
	finding.lines = lines->items;
	finding.line_count = lines->count;
	if (finding_add(work, finding, message) == 0)
		return 0;
	sg_refs_clear(lines);
	return -1;
}

/* Whether a line's unit has a place of which the rules know nothing: they know it by one that it had before, if by any. */
static bool finding_is_moved(const struct sg_verify_work *work, const struct sg_line *line)
{
	const struct sg_decision *kernel = &work->input->evaluation->decision;
	struct sg_unit unit = work->input->units->find(line->unit, work->input->units->data);

	for (size_t i = 0; i < unit.place_count; i++) {
		struct sg_condition place = {
			.kind = SG_CONDITION_SOCKET, .depth = unit.places[i].depth, .cgroup = unit.places[i].id};
		size_t level = sg_condition_level(kernel->idd, &place);

		if (level != SIZE_MAX && sg_verify_hangs_on(kernel->idd, kernel->verdict, level))
			return false;
	}
	return true;
}

int sg_findings_stale_unit(struct sg_verify_work *work, const struct sg_condition *first, size_t count)
{
	struct sg_finding finding = {
		.id = SG_FINDING_STALE_UNIT, .severity = SG_FINDING_HIGH, .listener = SG_NO_LISTENER};
	const struct sg_policy *policy = work->input->policy;
	struct sg_buf message = {0};
	struct sg_refs lines = {0};

	for (size_t i = 0; i < sg_policy_lines(policy); i++)
		if (sg_policy_line(policy, i)->unit && finding_is_moved(work, sg_policy_line(policy, i)) &&
		    sg_refs_add(&lines, (uint32_t)i + 1, work->err) < 0) {
			sg_refs_clear(&lines);
			return -1;
		}
	sg_buf_addf(&message, "the rules give ports to control group %" PRIu64, first->cgroup);
	if (count > 1)
		sg_buf_addf(&message, " and %zu more", count - 1);
	sg_buf_addf(&message, ", which %s not (any more) that of ", count > 1 ? "are" : "is");
	if (lines.count)
		finding_add_units(work, &message, &lines);
	else
		sg_buf_adds(&message, "a unit of the policy");
	sg_buf_adds(&message, "; 'sockgate apply' puts that right");
	return findings_add_given(work, finding, &lines, &message);
}

static int findings_wrong_owner(struct sg_verify_work *work, size_t index, const struct sg_judgement *judgement)
{
	struct sg_finding finding = {.id = SG_FINDING_WRONG_OWNER, .severity = SG_FINDING_HIGH, .listener = index};
	const struct sg_listener *listener = &work->input->listeners->items[index];
	struct sg_buf message = {0};
	struct sg_refs lines;

	if (sg_judgements_givers(work->verify->judgements, listener, judgement->mistaken, &lines, work->err) < 0)
		return -1;
	finding_add_holder(&message, &listener->owner);
	sg_buf_adds(&message, listener->raw ? " has a raw socket of " : " holds ");
	finding_add_port(&message, listener);
	sg_buf_adds(&message, ", which the policy gives to ");
	finding_add_units(work, &message, &lines);
	sg_buf_adds(&message, judgement->reachable ? "; others can reach it" : "; the kernel keeps others from it");
	return findings_add_given(work, finding, &lines, &message);
}

static int findings_doubtful(struct sg_verify_work *work, size_t index, const struct sg_judgement *judgement)
{
	struct sg_finding finding = {.id = SG_FINDING_UNDECIDED, .severity = SG_FINDING_MEDIUM, .listener = index};
	const struct sg_listener *listener = &work->input->listeners->items[index];
	struct sg_buf message = {0};
	struct sg_refs lines;

	if (sg_judgements_givers(work->verify->judgements, listener, judgement->doubtful, &lines, work->err) < 0)
		return -1;
	sg_buf_adds(&message, "whether ");
	finding_add_port(&message, listener);
	sg_buf_adds(&message, " is held by ");
	finding_add_units(work, &message, &lines);
	sg_buf_adds(&message, ", to which the policy gives it, could not be found out");
	return findings_add_given(work, finding, &lines, &message);
}

int sg_findings_listener(struct sg_verify_work *work, size_t listener, const struct sg_judgement *judgement)
{
	if (judgement->mistaken != SG_IDD_EMPTY && findings_wrong_owner(work, listener, judgement) < 0)
		return -1;
	if (judgement->doubtful != SG_IDD_EMPTY && findings_doubtful(work, listener, judgement) < 0)
		return -1;
	if (judgement->exposed.set != SG_IDD_EMPTY && findings_exposed(work, listener, judgement) < 0)
		return -1;
	if (judgement->blocked.set != SG_IDD_EMPTY && findings_blocked(work, listener, judgement) < 0)
		return -1;
	/* where it is not known whose socket it is, that is why */
	return judgement->undecided && judgement->doubtful == SG_IDD_EMPTY ? findings_undecided(work, listener) : 0;
}

int sg_findings_undeclared(struct sg_verify_work *work, size_t listener)
{
	struct sg_finding finding = {.id = SG_FINDING_UNDECLARED, .severity = SG_FINDING_NOTE, .listener = listener};
	struct sg_buf message = {0};

	finding_add_listener(&message, &work->input->listeners->items[listener]);
	sg_buf_adds(&message, ", which no line of the policy names; it is blocked");
	return finding_add(work, finding, &message);
}

int sg_findings_localnet(struct sg_verify_work *work, size_t listener)
{
	struct sg_finding finding = {.id = SG_FINDING_LOCALNET, .severity = SG_FINDING_MEDIUM, .listener = listener};
	const struct sg_local_addresses *local = work->input->local;
	const char *between = "net.ipv4.conf.";
	struct sg_buf message = {0};
	size_t named = 0;

	finding_add_listener(&message, &work->input->listeners->items[listener]);
	sg_buf_adds(&message, " has a loopback address, but others reach it: ");
	if (local->localnet_everywhere)
		sg_buf_adds(&message, "net.ipv4.conf.all.route_localnet is 1");
	for (size_t i = 0; !local->localnet_everywhere && i < local->link_count; i++) {
		if (!sg_link_takes_localnet(local, &local->links[i]) || named++ >= 4)
			continue;
		sg_buf_adds(&message, between);
		finding_add_foreign(&message, local->links[i].name);
		sg_buf_adds(&message, ".route_localnet is 1");
		between = ", net.ipv4.conf.";
	}
	return finding_add(work, finding, &message);
}

/* ---- Lines ---- */

static void finding_add_ports(struct sg_buf *buf, const struct sg_line *line)
{
	for (size_t i = 0; i < line->protocol_count; i++) {
		sg_buf_adds(buf, i ? "+" : "");
		finding_add_protocol(buf, line->protocols[i]);
	}
	for (size_t i = 0; i < line->ports.count && i < 4; i++) {
		const struct sg_range *range = &line->ports.items[i];

		sg_buf_addf(buf, "%s%u", i ? ", " : " ", (unsigned int)range->first);
		if (range->last != range->first)
			sg_buf_addf(buf, "-%u", (unsigned int)range->last);
	}
	if (line->ports.count > 4)
		sg_buf_addf(buf, " and %zu more", line->ports.count - 4);
}

static int findings_named(struct sg_verify_work *work, const struct sg_named *named)
{
	static const struct {
		enum sg_finding_id id;
		enum sg_finding_severity severity;
	} kinds[] = {
		[SG_NAMED_ABSENT] = {SG_FINDING_ABSENT, SG_FINDING_NOTE},
		[SG_NAMED_ALTNAME] = {SG_FINDING_ALTNAME, SG_FINDING_MEDIUM},
		[SG_NAMED_PORT] = {SG_FINDING_PORT, SG_FINDING_MEDIUM},
		[SG_NAMED_LOOPBACK] = {SG_FINDING_LOOPBACK, SG_FINDING_HIGH},
		[SG_NAMED_LOOPBACK_ABSENT] = {SG_FINDING_LOOPBACK_RENAMED, SG_FINDING_MEDIUM},
	};
	struct sg_finding finding = {.id = kinds[named->problem].id,
				     .severity = kinds[named->problem].severity,
				     .listener = SG_NO_LISTENER};
	struct sg_buf message = {0};

	if (named->line != SG_NO_LINE) {
		finding.lines = malloc(sizeof(*finding.lines));
		if (!finding.lines)
			return sg_error_nomem(work->err);
		finding.lines[0] = (uint32_t)named->line + 1;
		finding.line_count = 1;
	}
	sg_buf_adds(&message, named->message);
	if (finding_add(work, finding, &message) == 0)
		return 0;
	free(finding.lines);
	return -1;
}

int sg_findings_interfaces(struct sg_verify_work *work)
{
	sg_cleanup(sg_named_clear) struct sg_named_list named = {0};

	if (!work->input->local)
		return 0;
	if (sg_named_find(work->input->policy, work->input->local, &named, work->err) < 0)
		return -1;
	for (size_t i = 0; i < named.count; i++) {
		if (findings_named(work, &named.items[i]) < 0)
			return -1;
	}
	return 0;
}

int sg_findings_unused(struct sg_verify_work *work, size_t line)
{
	struct sg_finding finding = {
		.id = SG_FINDING_UNUSED, .severity = SG_FINDING_LOW, .listener = SG_NO_LISTENER, .line_count = 1};
	struct sg_buf message = {0};

	finding.lines = malloc(sizeof(*finding.lines));
	if (!finding.lines)
		return sg_error_nomem(work->err);
	finding.lines[0] = (uint32_t)line + 1;
	finding_add_ports(&message, sg_policy_line(work->input->policy, line));
	sg_buf_adds(&message, " is allowed, but nobody listens there for others");
	if (finding_add(work, finding, &message) < 0) {
		free(finding.lines);
		return -1;
	}
	return 0;
}
