/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of a packet. */
#include "render/besides.h"
#include "render/terms.h"

#define WHERES_SHOWN 20

static const char *against(const struct sg_explain_report *report)
{
	return report->subject->policy ? "policy" : "kernel";
}

static void add_because(struct sg_buf *buf, const struct sg_explain_report *report, uint32_t origin)
{
	struct sg_because because = sg_subject_because(report->subject, origin);
	const char *comment = sg_fields_comment(report->subject, origin);

	sg_fields_because(buf, report->subject, report->files, origin);
	if (because.line.line)
		sg_terms_line(buf, because.line.line);
	if (comment) {
		sg_buf_adds(buf, " (");
		sg_say_adds(buf, comment);
		sg_buf_addc(buf, ')');
	}
}

static enum sg_outcome outcome_of(const struct sg_explain_report *report)
{
	return sg_besides_are_there(&report->besides) ? SG_OUTCOME_UNDECIDED : report->explanation->outcome;
}

static void add_besides(struct sg_buf *buf, const struct sg_style *style, const struct sg_explain_report *report)
{
	if (!sg_besides_are_there(&report->besides))
		return;
	sg_besides_lines(buf, style, "  ", "not reckoned with", &report->besides);
	sg_buf_addf(buf, "  our table alone says %s\n", sg_outcome_name(report->explanation->outcome));
}

/* Which packets meet the verdict, when it is not the same for all. */
static void add_wheres(struct sg_buf *buf, const struct sg_style *style, const struct sg_explain_report *report,
		       enum sg_outcome outcome)
{
	const struct sg_wheres *wheres = &report->explanation->by_outcome[outcome];
	size_t shown = style->all || wheres->count <= WHERES_SHOWN ? wheres->count : WHERES_SHOWN;
	bool narrow = report->question->fixed[SG_FIELD_PROTOCOL] && report->question->fixed[SG_FIELD_PORT];

	for (size_t i = 0; i < shown; i++) {
		sg_buf_adds(buf, "  ");
		sg_say_coloured(buf, style, sg_fields_outcome_colour(outcome), "%-9s", sg_outcome_name(outcome));
		sg_buf_addc(buf, ' ');
		if (narrow)
			sg_fields_ends(buf, style, &wheres->items[i]);
		else
			sg_fields_where(buf, style, &wheres->items[i]);
		sg_buf_addc(buf, '\n');
	}
	if (shown < wheres->count) {
		sg_buf_adds(buf, "            … and ");
		sg_say_number(buf, wheres->count - shown);
		sg_buf_adds(buf, " more (--all shows them)\n");
	}
}

static void add_all_because(struct sg_buf *buf, const struct sg_style *style, const struct sg_explain_report *report)
{
	const struct sg_explanation *explanation = report->explanation;
	size_t shown = explanation->origin_count;

	if (!style->all && shown > WHERES_SHOWN)
		shown = WHERES_SHOWN;
	for (size_t i = 0; i < shown; i++) {
		sg_buf_adds(buf, i ? "          " : "  because ");
		add_because(buf, report, explanation->origins[i]);
		sg_buf_addc(buf, '\n');
	}
	if (shown < explanation->origin_count) {
		sg_buf_adds(buf, "          … and ");
		sg_say_number(buf, explanation->origin_count - shown);
		sg_buf_adds(buf, " more (--all shows them)\n");
	}
}

void sg_render_explain(struct sg_buf *buf, const struct sg_style *style, const struct sg_explain_report *report)
{
	enum sg_outcome outcome = report->explanation->outcome;

	sg_say_coloured(buf, style, sg_fields_outcome_colour(outcome_of(report)), "%s",
			sg_outcome_name(outcome_of(report)));
	sg_buf_addc(buf, ' ');
	sg_fields_packet(buf, report->question);
	if (!report->subject->policy)
		sg_buf_adds(buf, ", by the kernel's rules");
	sg_buf_addc(buf, '\n');
	add_besides(buf, style, report);
	for (enum sg_outcome o = SG_OUTCOME_ACCEPT; outcome == SG_OUTCOME_DEPENDS && o < SG_OUTCOME_DEPENDS; o++)
		add_wheres(buf, style, report, o);
	add_all_because(buf, style, report);
}

void sg_render_explain_line(struct sg_buf *buf, const struct sg_style *style, const struct sg_explain_report *reports,
			    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sg_explanation *explanation = reports[i].explanation;
		enum sg_outcome outcome = outcome_of(&reports[i]);

		sg_buf_adds(buf, i ? "; " : "");
		sg_say_coloured(buf, style, sg_fields_outcome_colour(outcome), "%s", sg_outcome_name(outcome));
		sg_buf_addc(buf, ' ');
		sg_fields_packet(buf, reports[i].question);
		if (!explanation->origin_count)
			continue;
		sg_buf_adds(buf, ": ");
		sg_fields_lines(buf, style, reports[i].subject, reports[i].files, explanation->origins,
				explanation->origin_count);
	}
	sg_buf_addc(buf, '\n');
}

enum sg_outcome sg_explain_reports_outcome(const struct sg_explain_report *reports, size_t count)
{
	enum sg_outcome outcome = outcome_of(&reports[0]);
	bool undecided = outcome == SG_OUTCOME_UNDECIDED;

	for (size_t i = 1; i < count; i++) {
		undecided = undecided || outcome_of(&reports[i]) == SG_OUTCOME_UNDECIDED;
		if (outcome_of(&reports[i]) != outcome)
			outcome = SG_OUTCOME_DEPENDS;
	}
	return undecided ? SG_OUTCOME_UNDECIDED : outcome;
}

static json_t *boxes_json(struct sg_json *json, const struct sg_explanation *explanation)
{
	json_t *list = sg_json_list(json);

	for (enum sg_outcome outcome = SG_OUTCOME_ACCEPT; outcome < SG_OUTCOME_DEPENDS; outcome++) {
		const struct sg_wheres *wheres = &explanation->by_outcome[outcome];

		for (size_t i = 0; i < wheres->count; i++) {
			json_t *box = sg_json_map(json);

			sg_json_put(json, box, "verdict", sg_json_text(json, sg_outcome_name(outcome)));
			sg_json_put(json, box, "where", sg_fields_where_json(json, &wheres->items[i]));
			sg_json_push(json, list, box);
		}
	}
	return list;
}

static void put_answer(struct sg_json *json, json_t *answer, const struct sg_explain_report *report)
{
	const struct sg_explanation *explanation = report->explanation;

	sg_json_put(json, answer, "packet", sg_fields_question_json(json, report->question));
	sg_json_put(json, answer, "verdict", sg_json_text(json, sg_outcome_name(outcome_of(report))));
	sg_json_put(json, answer, "because",
		    sg_fields_origins_json(json, report->subject, report->files, explanation->origins,
					   explanation->origin_count));
	if (explanation->outcome == SG_OUTCOME_DEPENDS)
		sg_json_put(json, answer, "boxes", boxes_json(json, explanation));
	if (sg_besides_are_there(&report->besides)) {
		sg_json_put(json, answer, "our_verdict", sg_json_text(json, sg_outcome_name(explanation->outcome)));
		sg_besides_put(json, answer, &report->besides);
	}
}

static json_t *answer_json(struct sg_json *json, const struct sg_explain_report *reports, size_t count)
{
	json_t *answer = sg_json_answer(json, "explain"), *list;

	sg_json_put(json, answer, "against", sg_json_text(json, against(&reports[0])));
	if (count == 1) {
		put_answer(json, answer, &reports[0]);
		return answer;
	}
	list = sg_json_list(json);
	for (size_t i = 0; i < count; i++) {
		json_t *one = sg_json_map(json);

		put_answer(json, one, &reports[i]);
		sg_json_push(json, list, one);
	}
	sg_json_put(json, answer, "packet", json_null());
	sg_json_put(json, answer, "verdict",
		    sg_json_text(json, sg_outcome_name(sg_explain_reports_outcome(reports, count))));
	sg_json_put(json, answer, "answers", list);
	return answer;
}

void sg_render_explain_json(struct sg_buf *buf, const struct sg_explain_report *reports, size_t count)
{
	struct sg_json json = {false};

	sg_json_write(&json, buf, answer_json(&json, reports, count));
}

void sg_render_explain_line_json(struct sg_buf *buf, const struct sg_explain_report *reports, size_t count)
{
	struct sg_json json = {false};

	sg_json_write_line(&json, buf, answer_json(&json, reports, count));
}
