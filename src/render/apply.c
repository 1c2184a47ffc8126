/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What apply and clear did. */
#include "render/fields.h"

void sg_render_apply(struct sg_buf *buf, const struct sg_style *style, const struct sg_apply_report *report)
{
	text_adds(buf, report->file);
	sg_buf_adds(buf, ": ");
	text_coloured(buf, style, TEXT_GREEN, report->changed ? "applied and proven" : "unchanged, proven");
	sg_buf_adds(buf, " (");
	text_count(buf, report->lines, "line");
	sg_buf_adds(buf, ", ");
	text_count(buf, report->ports, "port element");
	if (report->sets) {
		sg_buf_adds(buf, ", ");
		text_count(buf, report->sets, "address set");
	}
	sg_buf_adds(buf, ")\n");
	if (!style->verbose)
		return;
	sg_buf_addf(buf, "  table %s", report->outcome);
	if (report->elements_added || report->elements_deleted) {
		sg_buf_adds(buf, ", ");
		text_count(buf, report->elements_added, "element");
		sg_buf_adds(buf, " added, ");
		text_number(buf, report->elements_deleted);
		sg_buf_adds(buf, " deleted");
	}
	sg_buf_addf(buf, ", ruleset generation %u", report->generation);
	if (report->attempts > 1)
		sg_buf_addf(buf, ", %u attempts", report->attempts);
	sg_buf_addc(buf, '\n');
}

void sg_render_apply_json(struct sg_buf *buf, const struct sg_apply_report *report)
{
	struct json json = {false};
	json_t *answer = json_answer(&json, "apply");

	json_put(&json, answer, "applied", json_true());
	json_put(&json, answer, "changed", json_boolean(report->changed));
	json_put(&json, answer, "outcome", json_text(&json, report->outcome));
	json_put(&json, answer, "generation", json_number(&json, report->generation));
	json_put(&json, answer, "attempts", json_number(&json, report->attempts));
	json_put(&json, answer, "elements_added", json_number(&json, report->elements_added));
	json_put(&json, answer, "elements_deleted", json_number(&json, report->elements_deleted));
	json_write(&json, buf, answer);
}

void sg_render_lockout_json(struct sg_buf *buf, const struct sg_diff_report *report)
{
	struct json json = {false};
	json_t *answer = json_answer(&json, "apply");

	json_put(&json, answer, "applied", json_false());
	json_put(&json, answer, "changed", json_false());
	json_put(&json, answer, "connections_cut", diff_cut_json(&json, report));
	json_write(&json, buf, answer);
}

void sg_render_clear_json(struct sg_buf *buf, bool changed)
{
	struct json json = {false};
	json_t *answer = json_answer(&json, "clear");

	json_put(&json, answer, "changed", json_boolean(changed));
	json_write(&json, buf, answer);
}
