/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON values by jansson. */
#include "render/json.h"

#include <string.h>
#include "base/text.h"
#include "render/say.h"
#include "sockgate/render.h"

json_t *sg_json_map(struct sg_json *json)
{
	json_t *map = json_object();

	json->failed |= !map;
	return map;
}

json_t *sg_json_list(struct sg_json *json)
{
	json_t *list = json_array();

	json->failed |= !list;
	return list;
}

void sg_json_put(struct sg_json *json, json_t *map, const char *key, json_t *value)
{
	json->failed |= json_object_set_new_nocheck(map, key, value) < 0;
}

void sg_json_push(struct sg_json *json, json_t *list, json_t *value)
{
	json->failed |= json_array_append_new(list, value) < 0;
}

/* The bytes with U+FFFD for what is not UTF-8. */
static void repair(struct sg_buf *buf, const char *text, size_t size)
{
	size_t length;

	for (size_t i = 0; i < size; i += length) {
		if (sg_say_code_point(text + i, size - i, &length) < 0)
			sg_buf_adds(buf, "\xef\xbf\xbd");
		else
			sg_buf_add(buf, text + i, length);
	}
}

json_t *sg_json_text(struct sg_json *json, const char *text)
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

json_t *sg_json_number(struct sg_json *json, uint64_t number)
{
	json_t *value = json_integer((json_int_t)number);

	json->failed |= !value;
	return value;
}

json_t *sg_json_answer(struct sg_json *json, const char *verb)
{
	json_t *answer = sg_json_map(json);

	sg_json_put(json, answer, "format_version", sg_json_text(json, "1.0"));
	sg_json_put(json, answer, "verb", sg_json_text(json, verb));
	return answer;
}

json_t *sg_json_place(struct sg_json *json, const struct sg_files *files, const struct sg_span *span)
{
	json_t *place = sg_json_map(json);
	bool known = span->file != SG_NO_FILE;

	sg_json_put(json, place, "file", sg_json_text(json, known ? sg_files_name(files, span->file) : NULL));
	sg_json_put(json, place, "line", known && span->line ? sg_json_number(json, span->line) : json_null());
	return place;
}

json_t *sg_json_diags(struct sg_json *json, const struct sg_files *files, const struct sg_diags *diags)
{
	static const char *const severities[] = {"error", "warning", "note"};
	json_t *list = sg_json_list(json);

	for (size_t i = 0; i < diags->count; i++) {
		const struct sg_diag *diag = &diags->items[i];
		const struct sg_span *span = &diag->span;
		bool known = span->file != SG_NO_FILE, line = known && span->line;
		json_t *map = sg_json_map(json);

		sg_json_put(json, map, "severity", sg_json_text(json, severities[diag->severity]));
		sg_json_put(json, map, "id", sg_json_text(json, diag->id));
		sg_json_put(json, map, "file", sg_json_text(json, known ? sg_files_name(files, span->file) : NULL));
		sg_json_put(json, map, "line", line ? sg_json_number(json, span->line) : json_null());
		sg_json_put(json, map, "column",
			    line && span->column ? sg_json_number(json, span->column) : json_null());
		sg_json_put(json, map, "message", sg_json_text(json, diag->message));
		sg_json_put(json, map, "hint", sg_json_text(json, diag->hint));
		sg_json_push(json, list, map);
	}
	return list;
}

static int to_buf(const char *data, size_t size, void *buf)
{
	sg_buf_add(buf, data, size);
	return 0;
}

static void write_value(struct sg_json *json, struct sg_buf *buf, json_t *value, size_t flags)
{
	if (json->failed || json_dump_callback(value, to_buf, buf, flags) < 0)
		buf->failed = true;
	sg_buf_addc(buf, '\n');
	json_decref(value);
}

void sg_json_write(struct sg_json *json, struct sg_buf *buf, json_t *value)
{
	write_value(json, buf, value, JSON_INDENT(2));
}

void sg_json_write_line(struct sg_json *json, struct sg_buf *buf, json_t *value)
{
	write_value(json, buf, value, 0);
}

/* An answer that has diagnostics of its own, such as a policy's errors: those come behind the others. */
static void merge_diagnostics(struct sg_buf *answer, json_t *said)
{
	struct sg_json json = {false};
	json_t *whole = json_loadb(answer->data, answer->size, 0, NULL);
	json_t *own = json_object_get(whole, "diagnostics");

	if (!json_is_array(own) || json_array_extend(said, own) < 0 || json_object_set(whole, "diagnostics", said) < 0)
		json.failed = true;
	sg_buf_truncate(answer, 0);
	sg_json_write(&json, answer, whole);
}

void sg_render_diagnostics_json(struct sg_buf *answer, const struct sg_files *files, const struct sg_diags *diags)
{
	static const char start[] = "{\n  \"format_version\"", end[] = "\n}\n", own[] = "\n  \"diagnostics\": [";
	struct sg_json json = {false};
	struct sg_buf more = {0};
	json_t *map, *said;

	/* nothing to say; another value, or its end alone */
	if ((!diags->count && !diags->out_of_memory) || answer->failed || answer->size < sizeof(start) + sizeof(end) ||
	    memcmp(answer->data, start, sizeof(start) - 1) != 0 ||
	    memcmp(answer->data + answer->size - (sizeof(end) - 1), end, sizeof(end) - 1) != 0)
		return;
	said = sg_json_diags(&json, files, diags);
	answer->failed |= json.failed || diags->out_of_memory;
	if (memmem(answer->data, answer->size, own, sizeof(own) - 1)) {
		merge_diagnostics(answer, said);
		json_decref(said);
		return;
	}
	map = sg_json_map(&json);
	sg_json_put(&json, map, "diagnostics", said);
	sg_json_write(&json, &more, map);
	sg_buf_truncate(answer, answer->size - (sizeof(end) - 1));
	sg_buf_addc(answer, ',');
	if (more.failed || diags->out_of_memory)
		answer->failed = true;
	else
		sg_buf_add(answer, more.data + 1, more.size - 1); /* without its '{' */
	sg_buf_clear(&more);
}
