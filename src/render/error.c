/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The error object, as text and as JSON. */
#include "render/json.h"
#include "render/say.h"

void sg_render_error(struct sg_buf *buf, const struct sg_style *style, const struct sg_error *err)
{
	sg_buf_adds(buf, "sockgate: ");
	sg_say_coloured(buf, style, SG_RED, "error:");
	sg_buf_addc(buf, ' ');
	sg_say_adds(buf, err->message);
	sg_buf_addc(buf, '\n');
}

void sg_render_error_line(struct sg_buf *buf, const struct sg_style *style, size_t line, const struct sg_error *err)
{
	sg_say_coloured(buf, style, SG_RED, "error");
	sg_buf_addf(buf, " line %zu: ", line);
	sg_say_adds(buf, err->message);
	sg_buf_addc(buf, '\n');
}

static json_t *error_json(struct sg_json *json, const char *verb, const struct sg_error *err)
{
	static const char *const kinds[] = {"none", "input", "system", "memory", "limit", "changed", "unproven"};
	json_t *answer = sg_json_answer(json, verb), *map = sg_json_map(json);

	sg_json_put(json, map, "kind", sg_json_text(json, kinds[err->kind]));
	sg_json_put(json, map, "message", sg_json_text(json, err->message));
	sg_json_put(json, answer, "error", map);
	return answer;
}

void sg_render_error_json(struct sg_buf *buf, const char *verb, const struct sg_error *err)
{
	struct sg_json json = {false};

	sg_json_write(&json, buf, error_json(&json, verb, err));
}

void sg_render_error_line_json(struct sg_buf *buf, const char *verb, const struct sg_error *err)
{
	struct sg_json json = {false};

	sg_json_write_line(&json, buf, error_json(&json, verb, err));
}
