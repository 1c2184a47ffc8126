/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The error object, as text and as JSON. */
#include "render/json.h"
#include "render/text.h"

void sg_render_error(struct sg_buf *buf, const struct sg_style *style, const struct sg_error *err)
{
	sg_buf_adds(buf, "sockgate: ");
	text_coloured(buf, style, TEXT_RED, "error:");
	sg_buf_addc(buf, ' ');
	text_adds(buf, err->message);
	sg_buf_addc(buf, '\n');
}

static json_t *error_json(struct json *json, const char *verb, const struct sg_error *err)
{
	static const char *const kinds[] = {"none", "input", "system", "memory", "limit", "changed", "unproven"};
	json_t *answer = json_answer(json, verb), *map = json_map(json);

	json_put(json, map, "kind", json_text(json, kinds[err->kind]));
	json_put(json, map, "message", json_text(json, err->message));
	json_put(json, answer, "error", map);
	return answer;
}

void sg_render_error_json(struct sg_buf *buf, const char *verb, const struct sg_error *err)
{
	struct json json = {false};

	json_write(&json, buf, error_json(&json, verb, err));
}

void sg_render_error_line_json(struct sg_buf *buf, const char *verb, const struct sg_error *err)
{
	struct json json = {false};

	json_write_line(&json, buf, error_json(&json, verb, err));
}
