/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who decides: lines of a policy and rules of the kernel, as text and as JSON. */
#include "render/fields.h"

#include <string.h>
#include "base/mem.h"
#include "render/terms.h"

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
	sg_say_adds(buf, place->table->name);
	sg_buf_adds(buf, ", chain ");
	sg_say_adds(buf, place->chain->name);
	if (place->rule)
		sg_buf_addf(buf, ", rule %zu", place->rule_index + 1);
	else
		sg_buf_adds(buf, ", its policy");
}

void sg_fields_because(struct sg_buf *buf, const struct sg_subject *subject, const struct sg_files *files,
		       uint32_t origin)
{
	struct sg_because because = sg_subject_because(subject, origin);

	if (because.place) {
		add_place(buf, because.place);
	} else if (because.line.kind == SG_ORIGIN_NONE) {
		sg_buf_adds(buf, "nothing of ours");
	} else {
		if (because.line.span.file != SG_NO_FILE) {
			sg_say_adds(buf, sg_files_name(files, because.line.span.file));
			sg_buf_addf(buf, ":%u ", because.line.span.line);
		}
		sg_say_adds(buf, because.line.rule);
		if (because.line.kind == SG_ORIGIN_DEFAULT)
			sg_buf_addf(buf, ": %s", sg_verdict_name(because.line.verdict));
	}
}

void sg_render_because(struct sg_buf *buf, const struct sg_subject *subject, const struct sg_files *files,
		       uint32_t origin)
{
	sg_fields_because(buf, subject, files, origin);
}

const char *sg_fields_comment(const struct sg_subject *subject, uint32_t origin)
{
	struct sg_because because = sg_subject_because(subject, origin);

	if (because.place)
		return because.place->rule ? because.place->rule->comment : NULL;
	return because.line.line ? because.line.line->comment : NULL;
}

/* One rule is several places where a chain is evaluated for several kinds of packets: to a reader it is one. */
static bool is_same_place(const struct sg_place *a, const struct sg_place *b)
{
	return a->table == b->table && a->chain == b->chain && !a->rule == !b->rule &&
	       (!a->rule || a->rule_index == b->rule_index);
}

/* Whether an origin before this one is shown by the same words. */
static bool is_repeated(const struct sg_subject *subject, const uint32_t *origins, size_t index)
{
	const struct sg_place *place = sg_subject_because(subject, origins[index]).place;

	for (size_t i = 0; place && i < index; i++) {
		const struct sg_place *other = sg_subject_because(subject, origins[i]).place;

		if (other && is_same_place(place, other))
			return true;
	}
	return false;
}

void sg_fields_lines(struct sg_buf *buf, const struct sg_style *style, const struct sg_subject *subject,
		     const struct sg_files *files, const uint32_t *origins, size_t count)
{
	size_t room = style->all ? count : style->verbose ? 8 : 3, said = 0, more = 0;

	for (size_t i = 0; i < count; i++) {
		if (is_repeated(subject, origins, i))
			continue;
		if (said == room) {
			more++;
			continue;
		}
		if (said++)
			sg_buf_adds(buf, ", ");
		sg_fields_because(buf, subject, files, origins[i]);
	}
	if (more) {
		sg_buf_adds(buf, ", … and ");
		sg_say_number(buf, more);
		sg_buf_adds(buf, " more");
	}
}

static json_t *place_json(struct sg_json *json, const struct sg_place *place)
{
	json_t *map = sg_json_map(json);
	const struct sg_rule *rule = place->rule;

	sg_json_put(json, map, "family", sg_json_text(json, sg_render_family(place->table->family)));
	sg_json_put(json, map, "table", sg_json_text(json, place->table->name));
	sg_json_put(json, map, "chain", sg_json_text(json, place->chain ? place->chain->name : NULL));
	sg_json_put(json, map, "rule", rule ? sg_json_number(json, place->rule_index + 1) : json_null());
	sg_json_put(json, map, "handle", rule && rule->handle ? sg_json_number(json, rule->handle) : json_null());
	sg_json_put(json, map, "comment", sg_json_text(json, rule ? rule->comment : NULL));
	return map;
}

json_t *sg_fields_because_json(struct sg_json *json, const struct sg_subject *subject, const struct sg_files *files,
			       uint32_t origin)
{
	struct sg_because because = sg_subject_because(subject, origin);
	json_t *map, *conditions;

	if (because.place)
		return place_json(json, because.place);
	map = sg_json_place(json, files, &because.line.span);
	sg_json_put(json, map, "rule", sg_json_text(json, because.line.rule));
	conditions = because.line.line ? sg_terms_line_json(json, because.line.line) : NULL;
	if (conditions)
		sg_json_put(json, map, "conditions", conditions);
	return map;
}

json_t *sg_fields_origins_json(struct sg_json *json, const struct sg_subject *subject, const struct sg_files *files,
			       const uint32_t *origins, size_t count)
{
	json_t *list = sg_json_list(json);

	for (size_t i = 0; i < count; i++) {
		if (!is_repeated(subject, origins, i))
			sg_json_push(json, list, sg_fields_because_json(json, subject, files, origins[i]));
	}
	return list;
}

void sg_fields_foreign(struct sg_buf *buf, const struct sg_style *style, const struct sg_foreign *foreign, size_t count)
{
	size_t room = style->all ? count : sg_fields_fold(style);

	for (size_t i = 0; i < count && i < room; i++) {
		sg_buf_addf(buf, "%stable %s ", i ? ", " : "", foreign[i].family);
		sg_say_adds(buf, foreign[i].name);
	}
	if (count > room) {
		sg_buf_adds(buf, ", … and ");
		sg_say_number(buf, count - room);
		sg_buf_adds(buf, " more");
	}
}

json_t *sg_fields_foreign_json(struct sg_json *json, const struct sg_foreign *foreign, size_t count)
{
	json_t *list = sg_json_list(json);

	for (size_t i = 0; i < count; i++) {
		json_t *map = sg_json_map(json);

		sg_json_put(json, map, "reason", sg_json_text(json, "a table that is not ours"));
		sg_json_put(json, map, "family", sg_json_text(json, foreign[i].family));
		sg_json_put(json, map, "table", sg_json_text(json, foreign[i].name));
		sg_json_push(json, list, map);
	}
	return list;
}
