/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What changes from one decision to another. */
#include <string.h>
#include "render/besides.h"
#include "render/cuts.h"
#include "render/sockets.h"
#include "render/terms.h"

#define LISTENERS_SHOWN 50

static void add_affected(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report)
{
	const struct sg_affected *affected = report->affected;
	size_t shown = style->all || affected->count <= LISTENERS_SHOWN ? affected->count : LISTENERS_SHOWN;

	for (size_t i = 0; i < shown; i++) {
		const struct sg_affected_listener *item = &affected->items[i];
		size_t before, middle, after;

		sg_buf_adds(buf, i ? "                      " : "listeners affected:   ");
		sg_sockets_name(buf, &report->listeners->items[item->listener]);
		sg_buf_adds(buf, ": ");
		before = buf->size;
		sg_sockets_reach(buf, style, item->from, SG_SCOPE_OTHERS);
		middle = buf->size;
		sg_buf_adds(buf, " -> ");
		after = buf->size;
		sg_sockets_reach(buf, style, item->to, SG_SCOPE_OTHERS);
		if (!buf->failed && buf->size - after == middle - before &&
		    !memcmp(buf->data + before, buf->data + after, middle - before))
			sg_buf_adds(buf, ", by other interfaces or to other addresses");
		sg_buf_addc(buf, '\n');
	}
	if (shown < affected->count) {
		sg_buf_adds(buf, "                      … and ");
		sg_say_number(buf, affected->count - shown);
		sg_buf_adds(buf, " more (--all shows them)\n");
	}
}

/* ", 2 opened" with a colour of its own; nothing for none. */
static void add_kind(struct sg_buf *buf, const struct sg_style *style, size_t count, const char *what,
		     enum sg_colour colour, const char **between)
{
	if (!count)
		return;
	sg_buf_adds(buf, *between);
	sg_say_coloured(buf, style, colour, "%zu %s", count, what);
	*between = ", ";
}

/* " (1 port opened, 3 closed)" */
static void add_ports(struct sg_buf *buf, const struct sg_diff_sum *sum)
{
	if (!sum->ports_opened && !sum->ports_closed)
		return;
	sg_buf_adds(buf, " (");
	if (sum->ports_opened) {
		sg_say_count(buf, sum->ports_opened, "port");
		sg_buf_adds(buf, " opened");
	}
	if (sum->ports_closed) {
		sg_buf_adds(buf, sum->ports_opened ? ", " : "");
		sg_say_count(buf, sum->ports_closed, "port");
		sg_buf_adds(buf, " closed");
	}
	sg_buf_addc(buf, ')');
}

static void add_sum(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report)
{
	const struct sg_diff_sum *sum = &report->diff->sum;
	size_t named = sum->opened + sum->closed + sum->answer + sum->undecided + sum->conditions;
	const char *between = ": ";

	if (report->diff->equal == SG_PROVEN) {
		sg_buf_adds(buf, "no difference: ");
		sg_buf_adds(buf, report->from_kernel ? "sockgate's table in " : "");
		sg_say_adds(buf, report->from_name);
		sg_buf_adds(buf, " and ");
		sg_say_adds(buf, report->to_name);
		sg_buf_adds(buf, " decide alike\n");
		return;
	}
	sg_say_count(buf, sum->changes, "change");
	add_kind(buf, style, sum->opened, "opened", SG_GREEN, &between);
	add_kind(buf, style, sum->closed, "closed", SG_RED, &between);
	add_kind(buf, style, sum->answer, "answered otherwise", SG_YELLOW, &between);
	add_kind(buf, style, sum->undecided, "undecided", SG_YELLOW, &between);
	add_kind(buf, style, sum->conditions, "of conditions or logs", SG_YELLOW, &between);
	add_kind(buf, style, sum->changes - named, "of other traffic", SG_YELLOW, &between);
	add_ports(buf, sum);
	sg_buf_adds(buf, ", from ");
	sg_say_adds(buf, report->from_name);
	sg_buf_adds(buf, " to ");
	sg_say_adds(buf, report->to_name);
	sg_buf_addc(buf, '\n');
}

/* Without our table, everything is open where nothing else decides. */
static void add_open(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report)
{
	sg_say_coloured(buf, style, SG_YELLOW, "no sockgate table in the kernel: %s\n",
			sg_besides_are_there(&report->besides) ? "nothing of sockgate's refuses packets now"
							       : "everything is open now");
}

void sg_render_diff(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report)
{
	const size_t start = buf->size;
	struct sg_diff_report changes = *report;

	if (report->applied) {
		changes.from = report->applied;
		changes.diff = report->applied_diff;
	}
	if (report->from_open)
		add_open(buf, style, report);
	sg_render_changes(buf, style, &changes);
	if (report->affected)
		add_affected(buf, style, report);
	sg_render_cuts(buf, style, &report->cut);
	add_sum(buf, style, report);
	sg_besides_lines(buf, style, "", "not reckoned with", &report->besides);
	sg_say_wrap(buf, style, start);
}

static void push_side(struct sg_json *json, json_t *list, const struct sg_diff_report *report,
		      const struct sg_subject *subject, const uint32_t *origins, size_t count)
{
	json_t *side = sg_fields_origins_json(json, subject, report->files, origins, count), *item;
	size_t i;

	json_array_foreach(side, i, item)
		sg_json_push(json, list, json_incref(item));
	json_decref(side);
}

/* Origins of both sides that are lines of a policy, or that are rules of the kernel. */
static void push_origins(struct sg_json *json, json_t *list, const struct sg_diff_report *report,
			 const struct sg_change *change, bool lines)
{
	if ((report->from->policy != NULL) == lines)
		push_side(json, list, report, report->from, change->from_origins, change->from_count);
	if (lines && report->applied)
		push_side(json, list, report, report->applied,
			  report->applied_diff->changes[change - report->diff->changes].from_origins,
			  report->applied_diff->changes[change - report->diff->changes].from_count);
	if ((report->to->policy != NULL) == lines)
		push_side(json, list, report, report->to, change->to_origins, change->to_count);
}

/* Of a change in which the verdicts are the same, what is not. */
static void put_terms(struct sg_json *json, json_t *map, const struct sg_diff_report *report,
		      const struct sg_change *change)
{
	const struct sg_terms_side from = {change->from_terms, report->from->units, change->where->direction, false};
	const struct sg_terms_side to = {change->to_terms, report->to->units, change->where->direction, false};

	sg_json_put(json, map, "from_conditions", sg_terms_conditions_json(json, &from));
	sg_json_put(json, map, "to_conditions", sg_terms_conditions_json(json, &to));
	sg_json_put(json, map, "from_log", sg_terms_logs_json(json, &from));
	sg_json_put(json, map, "to_log", sg_terms_logs_json(json, &to));
}

static json_t *change_json(struct sg_json *json, const struct sg_diff_report *report, const struct sg_change *change)
{
	json_t *map = sg_json_map(json), *lines = sg_json_list(json), *rules = sg_json_list(json);

	push_origins(json, lines, report, change, true);
	push_origins(json, rules, report, change, false);
	sg_json_put(json, map, "direction", sg_fields_direction_json(json, change->where->direction));
	sg_json_put(json, map, "from_verdict", sg_json_text(json, sg_outcome_name(change->from)));
	sg_json_put(json, map, "to_verdict", sg_json_text(json, sg_outcome_name(change->to)));
	sg_json_put(json, map, "where", sg_fields_where_json(json, change->where));
	sg_json_put(json, map, "lines", lines);
	sg_json_put(json, map, "rules", rules);
	sg_json_put(json, map, "witness", sg_fields_packet_json(json, &change->witness));
	if (change->from_terms)
		put_terms(json, map, report, change);
	return map;
}

static json_t *affected_json(struct sg_json *json, const struct sg_diff_report *report)
{
	json_t *list = sg_json_list(json);

	for (size_t i = 0; report->affected && i < report->affected->count; i++) {
		const struct sg_affected_listener *item = &report->affected->items[i];
		json_t *map = sg_json_map(json);

		sg_sockets_put(json, map, &report->listeners->items[item->listener]);
		sg_json_put(json, map, "before", sg_sockets_reach_json(json, item->from, SG_SCOPE_OTHERS));
		sg_json_put(json, map, "after", sg_sockets_reach_json(json, item->to, SG_SCOPE_OTHERS));
		sg_json_push(json, list, map);
	}
	return list;
}

void sg_render_diff_json(struct sg_buf *buf, const char *verb, const struct sg_diff_report *report)
{
	const struct sg_diff *diff = report->diff;
	struct sg_json json = {false};
	json_t *answer = sg_json_answer(&json, verb), *changes = sg_json_list(&json);

	for (size_t i = 0; i < diff->count; i++)
		sg_json_push(&json, changes, change_json(&json, report, &diff->changes[i]));
	sg_json_put(&json, answer, "equal",
		    diff->equal == SG_UNDECIDED ? json_null() : json_boolean(diff->equal == SG_PROVEN));
	sg_json_put(&json, answer, "changes", changes);
	sg_json_put(&json, answer, "listeners_affected", affected_json(&json, report));
	sg_json_put(&json, answer, "connections_cut", sg_cuts_json(&json, &report->cut));
	if (report->from_kernel)
		sg_besides_put(&json, answer, &report->besides);
	sg_json_write(&json, buf, answer);
}
