/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Diagnostics as SARIF 2.1.0 (OASIS standard, 27 March 2020), which code forges show beside the lines of a change. */
#include <string.h>
#include "base/mem.h"
#include "render/json.h"
#include "sockgate/render.h"

static const char *level(enum sg_severity severity)
{
	static const char *const levels[] = {"error", "warning", "note"};

	return levels[severity];
}

/* A path as a URI (RFC 3986): relative ones stay so. */
static json_t *uri_json(struct sg_json *json, const char *path)
{
	sg_cleanup(sg_buf_clear) struct sg_buf uri = {0};

	sg_buf_adds(&uri, *path == '/' ? "file://" : "");
	for (const char *at = path; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~/", c))
			sg_buf_addc(&uri, *at);
		else
			sg_buf_addf(&uri, "%%%02X", c);
	}
	if (uri.failed)
		json->failed = true;
	/* a ':' is escaped too: in the first part of a relative one it would end a scheme */
	return sg_json_text(json, uri.failed || !uri.data ? "" : uri.data);
}

static json_t *text_json(struct sg_json *json, const struct sg_diag *diag)
{
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0};
	json_t *map = sg_json_map(json);

	sg_buf_adds(&text, diag->message);
	if (diag->hint)
		sg_buf_addf(&text, " (%s)", diag->hint);
	if (text.failed)
		json->failed = true;
	sg_json_put(json, map, "text", sg_json_text(json, text.failed ? "" : text.data));
	return map;
}

static json_t *region_json(struct sg_json *json, const struct sg_span *span)
{
	json_t *map = sg_json_map(json);

	sg_json_put(json, map, "startLine", sg_json_number(json, span->line));
	if (span->column) {
		sg_json_put(json, map, "startColumn", sg_json_number(json, span->column));
		sg_json_put(json, map, "endColumn", sg_json_number(json, span->column + span->length));
	}
	return map;
}

/* Where it is; of what has no place, the file that was checked. */
static json_t *locations_json(struct sg_json *json, const struct sg_check_report *report, const struct sg_diag *diag)
{
	json_t *list = sg_json_list(json), *location = sg_json_map(json), *physical = sg_json_map(json);
	const char *file = diag->span.file == SG_NO_FILE ? NULL : sg_files_name(report->files, diag->span.file);
	json_t *artifact = sg_json_map(json);

	sg_json_put(json, artifact, "uri", uri_json(json, file ? file : report->file));
	sg_json_put(json, physical, "artifactLocation", artifact);
	if (file && diag->span.line)
		sg_json_put(json, physical, "region", region_json(json, &diag->span));
	sg_json_put(json, location, "physicalLocation", physical);
	sg_json_push(json, list, location);
	return list;
}

static json_t *result_json(struct sg_json *json, const struct sg_check_report *report, const struct sg_diag *diag)
{
	json_t *map = sg_json_map(json);

	sg_json_put(json, map, "ruleId", sg_json_text(json, diag->id));
	sg_json_put(json, map, "level", sg_json_text(json, level(diag->severity)));
	sg_json_put(json, map, "message", text_json(json, diag));
	sg_json_put(json, map, "locations", locations_json(json, report, diag));
	return map;
}

/* The ids that occur, each once. */
static json_t *rules_json(struct sg_json *json, const struct sg_check_report *reports, size_t count)
{
	json_t *list = sg_json_list(json), *seen = sg_json_map(json);

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < reports[i].diags->count; k++) {
			const char *id = reports[i].diags->items[k].id;
			json_t *rule;

			if (json_object_get(seen, id))
				continue;
			sg_json_put(json, seen, id, json_true());
			rule = sg_json_map(json);
			sg_json_put(json, rule, "id", sg_json_text(json, id));
			sg_json_push(json, list, rule);
		}
	}
	json_decref(seen);
	return list;
}

static json_t *driver_json(struct sg_json *json, const char *version, const struct sg_check_report *reports,
			   size_t count)
{
	json_t *driver = sg_json_map(json), *tool = sg_json_map(json);

	sg_json_put(json, driver, "name", sg_json_text(json, "sockgate"));
	sg_json_put(json, driver, "version", sg_json_text(json, version));
	sg_json_put(json, driver, "rules", rules_json(json, reports, count));
	sg_json_put(json, tool, "driver", driver);
	return tool;
}

void sg_render_check_sarif(struct sg_buf *buf, const char *version, const struct sg_check_report *reports, size_t count)
{
	struct sg_json json = {false};
	json_t *log = sg_json_map(&json), *runs = sg_json_list(&json), *run = sg_json_map(&json);
	json_t *results = sg_json_list(&json);

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < reports[i].diags->count; k++)
			sg_json_push(&json, results, result_json(&json, &reports[i], &reports[i].diags->items[k]));
	sg_json_put(&json, run, "tool", driver_json(&json, version, reports, count));
	sg_json_put(&json, run, "columnKind", sg_json_text(&json, "unicodeCodePoints"));
	sg_json_put(&json, run, "results", results);
	sg_json_push(&json, runs, run);
	sg_json_put(&json, log, "$schema", sg_json_text(&json, "https://json.schemastore.org/sarif-2.1.0.json"));
	sg_json_put(&json, log, "version", sg_json_text(&json, "2.1.0"));
	sg_json_put(&json, log, "runs", runs);
	sg_json_write(&json, buf, log);
}
