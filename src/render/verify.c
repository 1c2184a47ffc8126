/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policy, kernel and listening sockets held against each other. */
#include "render/besides.h"
#include "render/sockets.h"

#define FINDINGS_SHOWN 20 /* of one kind */

static const enum sg_colour severity_colours[] = {
	[SG_FINDING_HIGH] = SG_RED,
	[SG_FINDING_MEDIUM] = SG_YELLOW,
	[SG_FINDING_LOW] = SG_CYAN,
	[SG_FINDING_NOTE] = SG_DIM,
};

static void add_indented_origins(struct sg_buf *buf, const struct sg_style *style, const struct sg_subject *subject,
				 const struct sg_files *files, const uint32_t *origins, size_t count)
{
	if (!count)
		return;
	sg_buf_adds(buf, "        ");
	sg_fields_lines(buf, style, subject, files, origins, count);
	sg_buf_addc(buf, '\n');
}

/* What is logged is all that differs. */
static bool logs_alone(const struct sg_verify_report *report)
{
	const struct sg_diff_sum *sum = &report->verify->diff.sum;

	return sum->logs && sum->logs == sum->changes;
}

static void add_finding(struct sg_buf *buf, const struct sg_style *style, const struct sg_verify_report *report,
			const struct sg_finding *finding)
{
	sg_say_coloured(buf, style, severity_colours[finding->severity], "%-6s",
			sg_finding_severity_name(finding->severity));
	sg_buf_addf(buf, "  %s: ", sg_finding_name(finding->id));
	sg_say_adds(buf, finding->message);
	sg_buf_addc(buf, '\n');
	add_indented_origins(buf, style, report->policy, report->files, finding->lines, finding->line_count);
	add_indented_origins(buf, style, report->kernel, report->files, finding->places, finding->place_count);
	for (size_t i = 0; style->verbose && finding->wheres && i < finding->wheres->count; i++) {
		sg_buf_adds(buf, "        ");
		sg_fields_ends(buf, style, &finding->wheres->items[i]);
		sg_buf_addc(buf, '\n');
	}
	if (finding->id == SG_FINDING_DIFFERS || (finding->id == SG_FINDING_LOG_DIFFERS && logs_alone(report))) {
		struct sg_diff_report diff = {
			.from = report->kernel,
			.to = report->policy,
			.files = report->files,
			.diff = &report->verify->diff,
		};

		sg_render_changes(buf, style, &diff);
	}
}

static void add_findings(struct sg_buf *buf, const struct sg_style *style, const struct sg_verify_report *report)
{
	const struct sg_verify *verify = report->verify;

	for (size_t i = 0, next; i < verify->count; i = next) {
		const struct sg_finding *first = &verify->findings[i];

		for (next = i; next < verify->count && verify->findings[next].id == first->id &&
			       verify->findings[next].severity == first->severity;
		     next++)
			if (style->all || next - i < FINDINGS_SHOWN)
				add_finding(buf, style, report, &verify->findings[next]);
		if (!style->all && next - i > FINDINGS_SHOWN) {
			sg_buf_adds(buf, "        … and ");
			sg_say_number(buf, next - i - FINDINGS_SHOWN);
			sg_buf_addf(buf, " more %s (--all shows them)\n", sg_finding_name(first->id));
		}
	}
}

static void add_unknowns(struct sg_buf *buf, const struct sg_style *style, const struct sg_verify_report *report)
{
	const struct sg_verify *verify = report->verify;

	for (size_t i = 0; i < verify->unknown_count; i++) {
		sg_say_coloured(buf, style, SG_YELLOW, "not understood:");
		sg_buf_addc(buf, ' ');
		sg_say_adds(buf, report->input->evaluation->unknowns[verify->unknowns[i]].reason);
		sg_buf_addc(buf, '\n');
	}
}

static void add_severities(struct sg_buf *buf, const struct sg_style *style, const struct sg_verify *verify)
{
	const char *between = ": ";

	sg_say_count(buf, verify->count, "finding");
	for (enum sg_finding_severity s = SG_FINDING_HIGH; s <= SG_FINDING_NOTE; s++) {
		if (!verify->by_severity[s])
			continue;
		sg_buf_adds(buf, between);
		sg_say_colour(buf, style, severity_colours[s]);
		sg_say_number(buf, verify->by_severity[s]);
		sg_buf_addf(buf, " %s", sg_finding_severity_name(s));
		sg_say_plain(buf, style);
		between = ", ";
	}
}

void sg_render_verify(struct sg_buf *buf, const struct sg_style *style, const struct sg_verify_report *report)
{
	const struct sg_verify *verify = report->verify;

	add_findings(buf, style, report);
	add_unknowns(buf, style, report);
	if (verify->conforms)
		sg_say_coloured(buf, style, SG_GREEN, "conforms: the kernel is proven to decide as ");
	else if (verify->equal == SG_PROVEN)
		sg_say_coloured(buf, style, SG_RED, "does not conform, though the kernel decides as ");
	else if (verify->equal == SG_UNDECIDED)
		sg_say_coloured(buf, style, SG_YELLOW, "undecided whether the kernel decides as ");
	else if (logs_alone(report))
		sg_say_coloured(buf, style, SG_RED, "does not conform: the kernel does not log as ");
	else
		sg_say_coloured(buf, style, SG_RED, "does not conform: the kernel does not decide as ");
	sg_say_adds(buf, report->policy_name);
	sg_buf_adds(buf, "; ");
	sg_say_count(buf, report->input->listeners->count, "socket");
	sg_buf_adds(buf, ", ");
	add_severities(buf, style, verify);
	sg_buf_addc(buf, '\n');
}

static json_t *finding_json(struct sg_json *json, const struct sg_verify_report *report,
			    const struct sg_finding *finding)
{
	const struct sg_listener *listener =
		finding->listener == SG_NO_LISTENER ? NULL : &report->input->listeners->items[finding->listener];
	json_t *map = sg_json_map(json), *wheres = sg_json_list(json);

	for (size_t i = 0; finding->wheres && i < finding->wheres->count; i++)
		sg_json_push(json, wheres, sg_sockets_where_json(json, &finding->wheres->items[i], listener));
	sg_json_put(json, map, "id", sg_json_text(json, sg_finding_name(finding->id)));
	sg_json_put(json, map, "severity", sg_json_text(json, sg_finding_severity_name(finding->severity)));
	sg_json_put(json, map, "message", sg_json_text(json, finding->message));
	sg_json_put(json, map, "listener",
		    finding->listener == SG_NO_LISTENER ? json_null() : sg_json_number(json, finding->listener));
	sg_json_put(json, map, "lines",
		    sg_fields_origins_json(json, report->policy, report->files, finding->lines, finding->line_count));
	sg_json_put(json, map, "rules",
		    sg_fields_origins_json(json, report->kernel, report->files, finding->places, finding->place_count));
	sg_json_put(json, map, "where", wheres);
	return map;
}

static json_t *undecided_json(struct sg_json *json, const struct sg_verify_report *report)
{
	const struct sg_verify *verify = report->verify;
	json_t *list = sg_fields_foreign_json(json, report->input->foreign, report->input->foreign_count);

	for (size_t i = 0; i < verify->unknown_count; i++) {
		json_t *map = sg_json_map(json);

		sg_json_put(json, map, "reason",
			    sg_json_text(json, report->input->evaluation->unknowns[verify->unknowns[i]].reason));
		sg_json_push(json, list, map);
	}
	for (size_t i = 0; report->input->outside && i < report->input->outside->count; i++) {
		json_t *map = sg_json_map(json);

		sg_json_put(json, map, "reason", sg_json_text(json, report->input->outside->items[i].name));
		sg_json_push(json, list, map);
	}
	return list;
}

void sg_render_verify_json(struct sg_buf *buf, const struct sg_verify_report *report)
{
	static const char *const answers[] = {
		[SG_PROVEN] = "proven", [SG_REFUTED] = "refuted", [SG_UNDECIDED] = "undecided"};
	const struct sg_verify *verify = report->verify;
	struct sg_json json = {false};
	json_t *answer = sg_json_answer(&json, "verify"), *findings = sg_json_list(&json);

	for (size_t i = 0; i < verify->count; i++)
		sg_json_push(&json, findings, finding_json(&json, report, &verify->findings[i]));
	sg_json_put(&json, answer, "conforms", json_boolean(verify->conforms));
	sg_json_put(&json, answer, "kernel_equals_policy", sg_json_text(&json, answers[verify->equal]));
	sg_json_put(&json, answer, "listeners",
		    sg_sockets_json(&json, report->input->listeners, &verify->reach, &verify->policy));
	sg_json_put(&json, answer, "findings", findings);
	sg_json_put(&json, answer, "undecided", undecided_json(&json, report));
	sg_json_put(&json, answer, "outside", sg_outside_json(&json, report->input->outside));
	sg_json_write(&json, buf, answer);
}
