/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What apply and clear did. */
#include "render/besides.h"
#include "render/cuts.h"

void sg_render_apply(struct sg_buf *buf, const struct sg_style *style, const struct sg_apply_report *report)
{
	sg_say_adds(buf, report->file);
	sg_buf_adds(buf, ": ");
	sg_say_coloured(buf, style, SG_GREEN, report->changed ? "applied and proven" : "unchanged, proven");
	/* what else decides is not proven, and is named below */
	if (sg_besides_are_there(&report->besides))
		sg_buf_adds(buf, " for its own table");
	sg_buf_adds(buf, " (");
	sg_say_count(buf, report->lines, "line");
	sg_buf_adds(buf, ", ");
	sg_say_count(buf, report->ports, "map element");
	if (report->sets) {
		sg_buf_adds(buf, ", ");
		sg_say_count(buf, report->sets, "address set");
	}
	sg_buf_adds(buf, ")\n");
	sg_besides_lines(buf, style, "", "not reckoned with", &report->besides);
	if (!style->verbose)
		return;
	sg_buf_addf(buf, "  table %s", report->outcome);
	if (report->elements_added || report->elements_deleted) {
		sg_buf_adds(buf, ", ");
		sg_say_count(buf, report->elements_added, "element");
		sg_buf_adds(buf, " added, ");
		sg_say_number(buf, report->elements_deleted);
		sg_buf_adds(buf, " deleted");
	}
	sg_buf_addf(buf, ", ruleset generation %u", report->generation);
	if (report->attempts > 1)
		sg_buf_addf(buf, ", %u attempts", report->attempts);
	sg_buf_addc(buf, '\n');
	if (report->files)
		sg_render_files(buf, report->files, 0, sg_files_count(report->files));
}

void sg_render_lockdown_json(struct sg_buf *buf, bool locked_down)
{
	struct sg_json json = {false};
	json_t *answer = sg_json_answer(&json, "apply");

	sg_json_put(&json, answer, "applied", json_false());
	sg_json_put(&json, answer, "locked_down", json_boolean(locked_down));
	sg_json_write(&json, buf, answer);
}

void sg_render_apply_json(struct sg_buf *buf, const struct sg_apply_report *report)
{
	struct sg_json json = {false};
	json_t *answer = sg_json_answer(&json, "apply");

	sg_json_put(&json, answer, "applied", json_true());
	sg_json_put(&json, answer, "changed", json_boolean(report->changed));
	sg_json_put(&json, answer, "outcome", sg_json_text(&json, report->outcome));
	sg_json_put(&json, answer, "generation", sg_json_number(&json, report->generation));
	sg_json_put(&json, answer, "attempts", sg_json_number(&json, report->attempts));
	sg_json_put(&json, answer, "elements_added", sg_json_number(&json, report->elements_added));
	sg_json_put(&json, answer, "elements_deleted", sg_json_number(&json, report->elements_deleted));
	if (report->cut)
		sg_json_put(&json, answer, "connections_cut", sg_cuts_json(&json, report->cut));
	if (report->besides.outside)
		sg_besides_put(&json, answer, &report->besides);
	if (report->files)
		sg_json_put(&json, answer, "files",
			    sg_fields_files_json(&json, report->files, 0, sg_files_count(report->files)));
	sg_json_write(&json, buf, answer);
}

void sg_render_lockout_json(struct sg_buf *buf, const struct sg_cuts_report *report)
{
	struct sg_json json = {false};
	json_t *answer = sg_json_answer(&json, "apply");

	sg_json_put(&json, answer, "applied", json_false());
	sg_json_put(&json, answer, "changed", json_false());
	sg_json_put(&json, answer, "connections_cut", sg_cuts_json(&json, report));
	sg_json_write(&json, buf, answer);
}

void sg_render_clear(struct sg_buf *buf, const struct sg_style *style, bool changed, const struct sg_besides *besides)
{
	sg_buf_adds(buf, changed ? "cleared: no policy is enforced any more"
				 : "nothing to clear: no sockgate table in the kernel");
	if (!besides) {
		sg_buf_adds(buf, "; what else decides packets is not known\n");
		return;
	}
	if (!sg_besides_are_there(besides)) {
		sg_buf_adds(buf, changed ? ", everything is open now\n" : "\n");
		return;
	}
	sg_buf_adds(buf, changed ? "; sockgate's rules are gone\n" : "\n");
	sg_besides_lines(buf, style, "", "also deciding here", besides);
}

void sg_render_clear_json(struct sg_buf *buf, bool changed, const struct sg_besides *besides)
{
	struct sg_json json = {false};
	json_t *answer = sg_json_answer(&json, "clear");

	sg_json_put(&json, answer, "changed", json_boolean(changed));
	if (besides)
		sg_besides_put(&json, answer, besides);
	sg_json_write(&json, buf, answer);
}
