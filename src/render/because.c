/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who decides: lines of a policy and rules of the kernel, as text and as JSON. */
#include "render/fields.h"

#include <string.h>
#include "base/mem.h"

static const char *const families[] = {
	[0] = "", [1] = "inet",   [2] = "ip", [3] = "arp", [4] = "",     [5] = "netdev",
	[6] = "", [7] = "bridge", [8] = "",   [9] = "",    [10] = "ip6",
};

const char *sg_render_family(uint32_t family)
{
	return family < SG_COUNT(families) && *families[family] ? families[family] : "unknown";
}

static void add_place(struct sg_buf *buf, const struct sg_place *place)
{
	if (!place->chain) {
		sg_buf_adds(buf, "no rule of ours");
		return;
	}
	sg_buf_addf(buf, "%s ", sg_render_family(place->table->family));
	text_adds(buf, place->table->name);
	sg_buf_adds(buf, ", chain ");
	text_adds(buf, place->chain->name);
	if (place->rule)
		sg_buf_addf(buf, ", rule %zu", place->rule_index + 1);
	else
		sg_buf_adds(buf, ", its policy");
}

void fields_because(struct sg_buf *buf, const struct sg_subject *subject, const struct sg_files *files, uint32_t origin)
{
	struct sg_because because = sg_subject_because(subject, origin);

	if (because.place) {
		add_place(buf, because.place);
	} else if (because.line.kind == SG_ORIGIN_NONE) {
		sg_buf_adds(buf, "nothing of ours");
	} else {
		if (because.line.span.file != SG_NO_FILE) {
			text_adds(buf, sg_files_name(files, because.line.span.file));
			sg_buf_addf(buf, ":%u ", because.line.span.line);
		}
		text_adds(buf, because.line.rule);
		if (because.line.kind == SG_ORIGIN_DEFAULT && subject->policy)
			sg_buf_addf(buf, ": %s", sg_verdict_name(sg_policy_default(subject->policy)));
	}
}

const char *fields_comment(const struct sg_subject *subject, uint32_t origin)
{
	struct sg_because because = sg_subject_because(subject, origin);

	if (because.place)
		return because.place->rule ? because.place->rule->comment : NULL;
	return because.line.line ? because.line.line->comment : NULL;
}

void fields_lines(struct sg_buf *buf, const struct sg_style *style, const struct sg_subject *subject,
		  const struct sg_files *files, const uint32_t *origins, size_t count)
{
	size_t room = style->all ? count : style->verbose ? 8 : 3;

	for (size_t i = 0; i < count && i < room; i++) {
		if (i)
			sg_buf_adds(buf, ", ");
		fields_because(buf, subject, files, origins[i]);
	}
	if (count > room) {
		sg_buf_adds(buf, ", … and ");
		text_number(buf, count - room);
		sg_buf_adds(buf, " more");
	}
}

static json_t *place_json(struct json *json, const struct sg_place *place)
{
	json_t *map = json_map(json);
	const struct sg_rule *rule = place->rule;

	json_put(json, map, "family", json_text(json, sg_render_family(place->table->family)));
	json_put(json, map, "table", json_text(json, place->table->name));
	json_put(json, map, "chain", json_text(json, place->chain ? place->chain->name : NULL));
	json_put(json, map, "rule", rule ? json_number(json, place->rule_index + 1) : json_null());
	json_put(json, map, "handle", rule && rule->handle ? json_number(json, rule->handle) : json_null());
	json_put(json, map, "comment", json_text(json, rule ? rule->comment : NULL));
	return map;
}

json_t *fields_because_json(struct json *json, const struct sg_subject *subject, const struct sg_files *files,
			    uint32_t origin)
{
	struct sg_because because = sg_subject_because(subject, origin);
	json_t *map;

	if (because.place)
		return place_json(json, because.place);
	map = json_place(json, files, &because.line.span);
	json_put(json, map, "rule", json_text(json, because.line.rule));
	return map;
}

json_t *fields_origins_json(struct json *json, const struct sg_subject *subject, const struct sg_files *files,
			    const uint32_t *origins, size_t count)
{
	json_t *list = json_list(json);

	for (size_t i = 0; i < count; i++)
		json_push(json, list, fields_because_json(json, subject, files, origins[i]));
	return list;
}

void fields_foreign(struct sg_buf *buf, const struct sg_style *style, const struct sg_foreign *foreign, size_t count)
{
	size_t room = style->all ? count : fields_fold(style);

	for (size_t i = 0; i < count && i < room; i++) {
		sg_buf_addf(buf, "%stable %s ", i ? ", " : "", foreign[i].family);
		text_adds(buf, foreign[i].name);
	}
	if (count > room) {
		sg_buf_adds(buf, ", … and ");
		text_number(buf, count - room);
		sg_buf_adds(buf, " more");
	}
}

json_t *fields_foreign_json(struct json *json, const struct sg_foreign *foreign, size_t count)
{
	json_t *list = json_list(json);

	for (size_t i = 0; i < count; i++) {
		json_t *map = json_map(json);

		json_put(json, map, "reason", json_text(json, "a table that is not ours"));
		json_put(json, map, "family", json_text(json, foreign[i].family));
		json_put(json, map, "table", json_text(json, foreign[i].name));
		json_push(json, list, map);
	}
	return list;
}
