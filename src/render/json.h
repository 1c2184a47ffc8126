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
#include "sockgate/buf.h"
#include "sockgate/diag.h"

struct sg_json {
	bool failed;
};

json_t *sg_json_map(struct sg_json *json);
json_t *sg_json_list(struct sg_json *json);
void sg_json_put(struct sg_json *json, json_t *map, const char *key, json_t *value);
void sg_json_push(struct sg_json *json, json_t *list, json_t *value);
/* Any bytes: what is not UTF-8 becomes U+FFFD. NULL text: null. */
json_t *sg_json_text(struct sg_json *json, const char *text);
json_t *sg_json_number(struct sg_json *json, uint64_t number);

/* {"format_version": "1.0", "verb": verb} */
json_t *sg_json_answer(struct sg_json *json, const char *verb);
/* The diagnostics as cli.md has them. */
json_t *sg_json_diags(struct sg_json *json, const struct sg_files *files, const struct sg_diags *diags);
/* {"file": …, "line": …} */
json_t *sg_json_place(struct sg_json *json, const struct sg_files *files, const struct sg_span *span);

/* Writes the value, a line end behind it, and lets go of it. buf->failed when anything failed. */
void sg_json_write(struct sg_json *json, struct sg_buf *buf, json_t *value);
void sg_json_write_line(struct sg_json *json, struct sg_buf *buf, json_t *value);

#endif
