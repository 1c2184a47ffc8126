/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outcome of reading policies. */
#include "render/fields.h"

#include <string.h>

static void add_more(struct sg_buf *buf, size_t count, const char *noun)
{
	if (!count)
		return;
	sg_buf_adds(buf, ", ");
	text_count(buf, count, noun);
}

static void add_contents(struct sg_buf *buf, const struct sg_policy *policy)
{
	size_t allow = 0, lines = sg_policy_lines(policy);

	for (size_t i = 0; i < lines; i++)
		allow += sg_policy_line(policy, i)->section == SG_SECTION_ALLOW;
	sg_buf_addf(buf, "  default %s, ", sg_verdict_name(sg_policy_default(policy)));
	text_count(buf, allow, "allow line");
	add_more(buf, lines - allow, "block line");
	add_more(buf, sg_policy_groups(policy), "group");
	sg_buf_addc(buf, '\n');
}

void sg_render_check(struct sg_buf *buf, const struct sg_style *style, const struct sg_check_report *report)
{
	const struct sg_diags *diags = report->diags;
	const struct sg_test_sum *tests = &report->tests;

	sg_render_diags(buf, style, report->files, diags);
	text_adds(buf, report->file);
	sg_buf_adds(buf, ": ");
	if (!report->policy) {
		text_coloured(buf, style, TEXT_RED, "not valid");
		add_more(buf, diags->errors, "error");
	} else if (tests->failed) {
		text_coloured(buf, style, TEXT_RED, "not ok");
		sg_buf_addf(buf, ", %zu of ", tests->failed);
		text_count(buf, tests->failed + tests->proven, "test");
		sg_buf_adds(buf, " failed");
	} else {
		text_coloured(buf, style, TEXT_GREEN, "ok");
		sg_buf_adds(buf, ", ");
		text_count(buf, sg_policy_lines(report->policy), "line");
		if (tests->proven) {
			add_more(buf, tests->proven, "test");
			sg_buf_adds(buf, " proven");
		}
	}
	add_more(buf, diags->warnings, "warning");
	sg_buf_addc(buf, '\n');
	if (report->policy && style->verbose)
		add_contents(buf, report->policy);
}

void sg_render_check_json(struct sg_buf *buf, const char *verb, const struct sg_check_report *reports, size_t count)
{
	struct json json = {false};
	json_t *answer = json_answer(&json, verb), *list = json_list(&json), *tests = json_map(&json);
	struct sg_test_sum sum = {0, 0};
	bool ok = true;

	for (size_t i = 0; i < count; i++) {
		json_t *diags = json_diags(&json, reports[i].files, reports[i].diags);

		json.failed |= json_array_extend(list, diags) < 0;
		json_decref(diags);
		sum.proven += reports[i].tests.proven;
		sum.failed += reports[i].tests.failed;
		ok = ok && reports[i].policy && !sg_diags_failed(reports[i].diags);
	}
	json_put(&json, tests, "proven", json_number(&json, sum.proven));
	json_put(&json, tests, "failed", json_number(&json, sum.failed));
	json_put(&json, answer, "ok", json_boolean(ok));
	json_put(&json, answer, "diagnostics", list);
	json_put(&json, answer, "tests", tests);
	json_write(&json, buf, answer);
}
