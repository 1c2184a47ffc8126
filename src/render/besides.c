/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What decides packets beside our table. */
#include "render/besides.h"

size_t sg_besides_seen(const struct sg_besides *besides)
{
	return besides->foreign_count + (besides->outside ? sg_outside_count_seen(besides->outside) : 0);
}

size_t sg_besides_unseen(const struct sg_besides *besides)
{
	return besides->outside ? besides->outside->count - sg_outside_count_seen(besides->outside) : 0;
}

/* Adds the items of one kind to what `shown` have been added already, as far as there is room. */
static void add_culprits(struct sg_buf *buf, const struct sg_style *style, const struct sg_outside *outside, bool seen,
			 size_t shown)
{
	size_t room = style->all ? SIZE_MAX : sg_fields_fold(style), left = 0;

	for (size_t i = 0; outside && i < outside->count; i++) {
		const struct sg_culprit *culprit = &outside->items[i];

		if (culprit->seen != seen)
			continue;
		if (shown >= room) {
			left++;
			continue;
		}
		sg_buf_adds(buf, shown++ ? ", " : "");
		sg_say_adds(buf, culprit->name);
	}
	if (left) {
		sg_buf_adds(buf, ", … and ");
		sg_say_number(buf, left);
		sg_buf_adds(buf, " more");
	}
}

void sg_besides_list(struct sg_buf *buf, const struct sg_style *style, const struct sg_besides *besides)
{
	sg_fields_foreign(buf, style, besides->foreign, besides->foreign_count);
	add_culprits(buf, style, besides->outside, true, besides->foreign_count);
}

void sg_besides_unknown(struct sg_buf *buf, const struct sg_style *style, const struct sg_besides *besides)
{
	add_culprits(buf, style, besides->outside, false, 0);
}

void sg_besides_lines(struct sg_buf *buf, const struct sg_style *style, const char *indent, const char *heading,
		      const struct sg_besides *besides)
{
	if (sg_besides_seen(besides)) {
		sg_buf_addf(buf, "%s%s: ", indent, heading);
		sg_besides_list(buf, style, besides);
		sg_buf_addc(buf, '\n');
	}
	if (sg_besides_unseen(besides)) {
		sg_buf_addf(buf, "%snot known: ", indent);
		sg_besides_unknown(buf, style, besides);
		sg_buf_addc(buf, '\n');
	}
}

json_t *sg_outside_json(struct sg_json *json, const struct sg_outside *outside)
{
	json_t *list = sg_json_list(json);

	for (size_t i = 0; outside && i < outside->count; i++) {
		const struct sg_culprit *culprit = &outside->items[i];
		json_t *map = sg_json_map(json);

		sg_json_put(json, map, "kind", sg_json_text(json, sg_outside_kind_name(culprit->kind)));
		sg_json_put(json, map, "name", sg_json_text(json, culprit->name));
		sg_json_put(json, map, "where", *culprit->where ? sg_json_text(json, culprit->where) : json_null());
		sg_json_put(json, map, "known", json_boolean(culprit->seen));
		sg_json_push(json, list, map);
	}
	return list;
}

void sg_besides_put(struct sg_json *json, json_t *map, const struct sg_besides *besides)
{
	sg_json_put(json, map, "not_reckoned_with",
		    sg_fields_foreign_json(json, besides->foreign, besides->foreign_count));
	sg_json_put(json, map, "outside", sg_outside_json(json, besides->outside));
}
