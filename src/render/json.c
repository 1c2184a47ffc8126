/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON values by jansson. */
#include "render/json.h"

#include <string.h>
#include "base/text.h"
#include "render/text.h"

json_t *json_map(struct json *json)
{
	json_t *map = json_object();

	json->failed |= !map;
	return map;
}

json_t *json_list(struct json *json)
{
	json_t *list = json_array();

	json->failed |= !list;
	return list;
}

void json_put(struct json *json, json_t *map, const char *key, json_t *value)
{
	json->failed |= json_object_set_new_nocheck(map, key, value) < 0;
}

void json_push(struct json *json, json_t *list, json_t *value)
{
	json->failed |= json_array_append_new(list, value) < 0;
}

/* The bytes with U+FFFD for what is not UTF-8. */
static void repair(struct sg_buf *buf, const char *text, size_t size)
{
	size_t length;

	for (size_t i = 0; i < size; i += length) {
		if (text_code_point(text + i, size - i, &length) < 0)
			sg_buf_adds(buf, "\xef\xbf\xbd");
		else
			sg_buf_add(buf, text + i, length);
	}
}

json_t *json_text(struct json *json, const char *text)
{
	size_t size, offset;
	json_t *value;

	if (!text)
		return json_null();
	size = strlen(text);
	if (sg_text_utf8(text, size, &offset)) {
		value = json_stringn_nocheck(text, size);
	} else {
		struct sg_buf buf = {0};

		repair(&buf, text, size);
		value = buf.failed ? NULL : json_stringn_nocheck(buf.data, buf.size);
		sg_buf_clear(&buf);
	}
	json->failed |= !value;
	return value;
}

json_t *json_number(struct json *json, uint64_t number)
{
	json_t *value = json_integer((json_int_t)number);

	json->failed |= !value;
	return value;
}

json_t *json_answer(struct json *json, const char *verb)
{
	json_t *answer = json_map(json);

	json_put(json, answer, "format_version", json_text(json, "1.0"));
	json_put(json, answer, "verb", json_text(json, verb));
	return answer;
}

json_t *json_place(struct json *json, const struct sg_files *files, const struct sg_span *span)
{
	json_t *place = json_map(json);
	bool known = span->file != SG_NO_FILE;

	json_put(json, place, "file", json_text(json, known ? sg_files_name(files, span->file) : NULL));
	json_put(json, place, "line", known && span->line ? json_number(json, span->line) : json_null());
	return place;
}

json_t *json_diags(struct json *json, const struct sg_files *files, const struct sg_diags *diags)
{
	static const char *const severities[] = {"error", "warning", "note"};
	json_t *list = json_list(json);

	for (size_t i = 0; i < diags->count; i++) {
		const struct sg_diag *diag = &diags->items[i];
		const struct sg_span *span = &diag->span;
		bool known = span->file != SG_NO_FILE, line = known && span->line;
		json_t *map = json_map(json);

		json_put(json, map, "severity", json_text(json, severities[diag->severity]));
		json_put(json, map, "id", json_text(json, diag->id));
		json_put(json, map, "file", json_text(json, known ? sg_files_name(files, span->file) : NULL));
		json_put(json, map, "line", line ? json_number(json, span->line) : json_null());
		json_put(json, map, "column", line && span->column ? json_number(json, span->column) : json_null());
		json_put(json, map, "message", json_text(json, diag->message));
		json_put(json, map, "hint", json_text(json, diag->hint));
		json_push(json, list, map);
	}
	return list;
}

static int to_buf(const char *data, size_t size, void *buf)
{
	sg_buf_add(buf, data, size);
	return 0;
}

static void write_value(struct json *json, struct sg_buf *buf, json_t *value, size_t flags)
{
	if (json->failed || json_dump_callback(value, to_buf, buf, flags) < 0)
		buf->failed = true;
	sg_buf_addc(buf, '\n');
	json_decref(value);
}

void json_write(struct json *json, struct sg_buf *buf, json_t *value)
{
	write_value(json, buf, value, JSON_INDENT(2));
}

void json_write_line(struct json *json, struct sg_buf *buf, json_t *value)
{
	write_value(json, buf, value, 0);
}
