/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json.h - JSON values by jansson, with one place that remembers that memory ran out.
 *
 * The helpers take ownership of the values that they are given, and take NULL for "could not be made". Keys stand in
 * the order in which they were put.
 */
#ifndef SG_RENDER_JSON_H
#define SG_RENDER_JSON_H

#include <jansson.h>
#include "base/buf.h"
#include "sockgate/diag.h"

struct json {
	bool failed;
};

json_t *json_map(struct json *json);
json_t *json_list(struct json *json);
void json_put(struct json *json, json_t *map, const char *key, json_t *value);
void json_push(struct json *json, json_t *list, json_t *value);
/* Any bytes: what is not UTF-8 becomes U+FFFD. NULL text: null. */
json_t *json_text(struct json *json, const char *text);
json_t *json_number(struct json *json, uint64_t number);

/* {"format_version": "1.0", "verb": verb} */
json_t *json_answer(struct json *json, const char *verb);
/* The diagnostics as cli.md has them. */
json_t *json_diags(struct json *json, const struct sg_files *files, const struct sg_diags *diags);
/* {"file": …, "line": …} */
json_t *json_place(struct json *json, const struct sg_files *files, const struct sg_span *span);

/* Writes the value, a line end behind it, and lets go of it. buf->failed when anything failed. */
void json_write(struct json *json, struct sg_buf *buf, json_t *value);
void json_write_line(struct json *json, struct sg_buf *buf, json_t *value);

#endif
