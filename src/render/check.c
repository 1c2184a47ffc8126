/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outcome of reading policies. */
#include "render/fields.h"

#include <string.h>

static void add_more(struct sg_buf *buf, size_t count, const char *noun)
{
	if (!count)
		return;
	sg_buf_adds(buf, ", ");
	sg_say_count(buf, count, noun);
}

static void add_contents(struct sg_buf *buf, const struct sg_policy *policy)
{
	size_t allow = 0, lines = sg_policy_lines(policy);

	for (size_t i = 0; i < lines; i++)
		allow += sg_policy_line(policy, i)->section == SG_SECTION_ALLOW;
	sg_buf_addf(buf, "  default %s, ", sg_verdict_name(sg_policy_default(policy)));
	sg_say_count(buf, allow, "allow line");
	add_more(buf, lines - allow, "block line");
	add_more(buf, sg_policy_groups(policy), "group");
	sg_buf_addc(buf, '\n');
}

void sg_render_files(struct sg_buf *buf, const struct sg_files *files, uint32_t first, uint32_t end)
{
	for (uint32_t i = first; i < end; i++) {
		size_t size;

		sg_files_text(files, i, &size);
		sg_buf_adds(buf, "  read ");
		sg_say_adds(buf, sg_files_name(files, i));
		sg_buf_adds(buf, ", ");
		sg_say_count(buf, size, "byte");
		sg_buf_addc(buf, '\n');
	}
}

json_t *sg_fields_files_json(struct sg_json *json, const struct sg_files *files, uint32_t first, uint32_t end)
{
	json_t *list = sg_json_list(json);

	for (uint32_t i = first; i < end; i++) {
		json_t *map = sg_json_map(json);
		size_t size;

		sg_files_text(files, i, &size);
		sg_json_put(json, map, "name", sg_json_text(json, sg_files_name(files, i)));
		sg_json_put(json, map, "bytes", sg_json_number(json, size));
		sg_json_push(json, list, map);
	}
	return list;
}

void sg_render_check(struct sg_buf *buf, const struct sg_style *style, const struct sg_check_report *report)
{
	const struct sg_diags *diags = report->diags;
	const struct sg_test_sum *tests = &report->tests;

	sg_render_diags(buf, style, report->files, diags);
	sg_say_adds(buf, report->file);
	sg_buf_adds(buf, ": ");
	if (!report->policy) {
		sg_say_coloured(buf, style, SG_RED, "not valid");
		add_more(buf, diags->errors, "error");
	} else if (tests->failed) {
		sg_say_coloured(buf, style, SG_RED, "not ok");
		sg_buf_addf(buf, ", %zu of ", tests->failed);
		sg_say_count(buf, tests->failed + tests->proven, "test");
		sg_buf_adds(buf, " failed");
	} else {
		sg_say_coloured(buf, style, SG_GREEN, "ok");
		sg_buf_adds(buf, ", ");
		sg_say_count(buf, sg_policy_lines(report->policy), "line");
		if (tests->proven) {
			add_more(buf, tests->proven, "test");
			sg_buf_adds(buf, " proven");
		}
	}
	add_more(buf, diags->warnings, "warning");
	sg_buf_addc(buf, '\n');
	if (report->policy && style->verbose)
		add_contents(buf, report->policy);
	if (style->verbose)
		sg_render_files(buf, report->files, report->first_file, report->file_end);
}

void sg_render_check_json(struct sg_buf *buf, const char *verb, const struct sg_check_report *reports, size_t count,
			  bool with_files)
{
	struct sg_json json = {false};
	json_t *answer = sg_json_answer(&json, verb), *list = sg_json_list(&json), *tests = sg_json_map(&json);
	struct sg_test_sum sum = {0, 0};
	bool ok = true;

	for (size_t i = 0; i < count; i++) {
		json_t *diags = sg_json_diags(&json, reports[i].files, reports[i].diags);

		json.failed |= json_array_extend(list, diags) < 0;
		json_decref(diags);
		sum.proven += reports[i].tests.proven;
		sum.failed += reports[i].tests.failed;
		ok = ok && reports[i].policy && !sg_diags_failed(reports[i].diags);
	}
	sg_json_put(&json, tests, "proven", sg_json_number(&json, sum.proven));
	sg_json_put(&json, tests, "failed", sg_json_number(&json, sum.failed));
	sg_json_put(&json, answer, "ok", json_boolean(ok));
	sg_json_put(&json, answer, "diagnostics", list);
	sg_json_put(&json, answer, "tests", tests);
	if (with_files && count)
		sg_json_put(&json, answer, "files",
			    sg_fields_files_json(&json, reports[0].files, reports[0].first_file,
						 reports[count - 1].file_end));
	sg_json_write(&json, buf, answer);
}
