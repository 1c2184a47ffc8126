/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the lint looks for. */
#include "render/fields.h"

#include <string.h>
#include "sockgate/lint.h"

static const char *const severities[] = {"error", "warning", "note"};

static size_t widest_id(void)
{
	size_t widest = 0;

	for (size_t i = 0; i < sg_lint_count(); i++)
		widest = strlen(sg_lint_at(i)->id) > widest ? strlen(sg_lint_at(i)->id) : widest;
	return widest;
}

void sg_render_lints(struct sg_buf *buf)
{
	int width = (int)widest_id();

	for (size_t i = 0; i < sg_lint_count(); i++) {
		const struct sg_lint *lint = sg_lint_at(i);

		sg_buf_addf(buf, "%-*s  %-7s  %s\n", width, lint->id, severities[lint->severity], lint->summary);
	}
}

void sg_render_lints_json(struct sg_buf *buf, const char *verb)
{
	struct sg_json json = {false};
	json_t *answer = sg_json_answer(&json, verb), *list = sg_json_list(&json);

	for (size_t i = 0; i < sg_lint_count(); i++) {
		const struct sg_lint *lint = sg_lint_at(i);
		json_t *map = sg_json_map(&json);

		sg_json_put(&json, map, "id", sg_json_text(&json, lint->id));
		sg_json_put(&json, map, "severity", sg_json_text(&json, severities[lint->severity]));
		sg_json_put(&json, map, "summary", sg_json_text(&json, lint->summary));
		sg_json_push(&json, list, map);
	}
	sg_json_put(&json, answer, "lints", list);
	sg_json_write(&json, buf, answer);
}
