/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The changes from one decision to another as text: each set by itself, what a default decides together. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "render/fields.h"
#include "render/terms.h"
#include "render/wholes.h"

#define CHANGES_SHOWN 50
#define TOLD          SIZE_MAX /* that many sets were */

static char mark_of(const struct sg_change *change)
{
	if (change->kind == SG_CHANGE_CONDITIONS)
		return '~';
	switch (change->kind) {
	case SG_CHANGE_OPENED: return '+';
	case SG_CHANGE_CLOSED: return '-';
	case SG_CHANGE_UNDECIDED: return '?';
	default: break;
	}
	if (change->from == SG_OUTCOME_ACCEPT)
		return '-';
	return change->to == SG_OUTCOME_ACCEPT ? '+' : '~';
}

static enum sg_colour colour_of(char mark)
{
	return mark == '+' ? SG_GREEN : mark == '-' ? SG_RED : SG_YELLOW;
}

static void add_witness(struct sg_buf *buf, const struct sg_style *style, const struct sg_change *change)
{
	if (!style->verbose)
		return;
	sg_buf_adds(buf, "    for example: ");
	sg_fields_packet(buf, &change->witness);
	sg_buf_addc(buf, '\n');
}

/* The lines on both sides: what was there decides the loss, what is new the gain. */
static void add_origins(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report,
			const struct sg_change *change)
{
	if (change->from_count) {
		sg_buf_adds(buf, "    before: ");
		sg_fields_lines(buf, style, report->from, report->files, change->from_origins, change->from_count);
		sg_buf_addc(buf, '\n');
	}
	if (change->to_count) {
		sg_buf_adds(buf, "    after:  ");
		sg_fields_lines(buf, style, report->to, report->files, change->to_origins, change->to_count);
		sg_buf_addc(buf, '\n');
	}
	add_witness(buf, style, change);
}

/* ---- Conditions ---- */

/* What is said of one side of a change of conditions. */
struct side {
	struct sg_buf conditions, logs;
};

static void side_clear(struct side *side)
{
	sg_buf_clear(&side->conditions);
	sg_buf_clear(&side->logs);
}

static void say_side(struct side *side, const struct sg_subject *subject, const struct sg_terms *terms,
		     const struct sg_change *change, bool named)
{
	const struct sg_terms_side of = {terms, subject->units, change->where->direction, named};

	side_clear(side);
	sg_terms_conditions(&side->conditions, &of);
	sg_terms_logs(&side->logs, &of);
}

static bool same_text(const struct sg_buf *a, const struct sg_buf *b)
{
	return a->size == b->size && (!a->size || !memcmp(a->data, b->data, a->size));
}

static void add_side(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report,
		     const struct sg_change *change, const struct side *side, bool before, bool log, bool one)
{
	const struct sg_buf *text = log ? &side->logs : &side->conditions;
	size_t count = !one ? 0 : before ? change->from_count : change->to_count;

	sg_buf_adds(buf, before ? "    before: " : "    after:  ");
	sg_buf_add(buf, text->data, text->size);
	if (count) {
		sg_buf_adds(buf, ", by ");
		sg_fields_lines(buf, style, before ? report->from : report->to, report->files,
				before ? change->from_origins : change->to_origins, count);
	}
	sg_buf_addc(buf, '\n');
	buf->failed = buf->failed || text->failed;
}

/* The verdict is the same when all conditions are met; what is another is said, of both sides, and by whom where it is
 * one set. */
static void add_conditions(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report,
			   const struct sg_change *change, bool one)
{
	sg_cleanup(side_clear) struct side from = {0};
	sg_cleanup(side_clear) struct side to = {0};
	bool conditions, logs;

	say_side(&from, report->from, change->from_terms, change, false);
	say_side(&to, report->to, change->to_terms, change, false);
	conditions = !same_text(&from.conditions, &to.conditions);
	logs = !same_text(&from.logs, &to.logs);
	if (!conditions && !logs) { /* the same numbers, but counted with other packets */
		say_side(&from, report->from, change->from_terms, change, true);
		say_side(&to, report->to, change->to_terms, change, true);
		conditions = true;
	}
	sg_buf_addf(buf, ": %s%s", sg_outcome_name(change->to),
		    !conditions ? ", logged otherwise"
		    : logs      ? " on other conditions, logged otherwise"
				: " on other conditions");
	sg_say_plain(buf, style);
	sg_buf_addc(buf, '\n');
	for (int log = !conditions; log <= logs; log++) {
		add_side(buf, style, report, change, &from, true, log, one);
		add_side(buf, style, report, change, &to, false, log, one);
	}
	add_witness(buf, style, change);
}

/* `also`: packets to published ports change so, too. */
static void add_change(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report,
		       const struct sg_change *change, size_t sets, bool also)
{
	char mark = mark_of(change);

	sg_say_colour(buf, style, colour_of(mark));
	sg_buf_addf(buf, "%c ", mark);
	if (sets > 1)
		sg_buf_addf(buf, "%zu sets of packets (--all shows them)", sets);
	else
		sg_fields_where(buf, style, change->where);
	if (also && sets == 1)
		sg_buf_adds(buf, ", also published");
	if (change->kind == SG_CHANGE_CONDITIONS) {
		add_conditions(buf, style, report, change, sets == 1);
		return;
	}
	if (change->kind != SG_CHANGE_OPENED && change->kind != SG_CHANGE_CLOSED)
		sg_buf_addf(buf, ": %s -> %s", sg_outcome_name(change->from), sg_outcome_name(change->to));
	sg_say_plain(buf, style);
	sg_buf_addc(buf, '\n');
	add_origins(buf, style, report, change);
}

/* A change and its twin: rules that decide them are others. */
static void add_both(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report,
		     const struct sg_change *change, size_t sets)
{
	sg_cleanup(sg_told_clear) struct sg_told told = {.change = *change};

	if (!sg_told_add(&told, change) || !sg_told_add(&told, change->twin)) {
		buf->failed = true;
		return;
	}
	sg_told_end(&told);
	add_change(buf, style, report, &told.change, sets, true);
}

static void add_whole(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report,
		      struct sg_wholes *wholes, const struct sg_change *first)
{
	const struct sg_whole *whole = sg_wholes_of(wholes, first);
	sg_cleanup(sg_told_clear) struct sg_told told = {.change = *first};
	const struct sg_change *change = &told.change;
	char mark = first->from == SG_OUTCOME_ACCEPT ? '-' : first->to == SG_OUTCOME_ACCEPT ? '+' : '~';
	size_t sets;
	bool both = sg_wholes_both(wholes, first, &sets);

	for (size_t i = 0; i < report->diff->count; i++) {
		if (sg_wholes_of(wholes, &report->diff->changes[i]) == whole &&
		    !sg_told_add(&told, &report->diff->changes[i])) {
			buf->failed = true;
			return;
		}
	}
	sg_told_end(&told);
	sg_say_colour(buf, style, colour_of(mark));
	sg_buf_addf(buf, "%c ", mark);
	if (change->where->direction != SG_IN)
		sg_buf_addf(buf, "%s, ", sg_direction_name(change->where->direction));
	sg_buf_addf(buf, "all that these decide%s: %s -> %s", both ? ", also published" : "",
		    sg_outcome_name(change->from), sg_outcome_name(change->to));
	sg_say_plain(buf, style);
	sg_buf_addf(buf, " (%zu sets, --all shows them)\n", sets);
	add_origins(buf, style, report, change);
}

/* Whether the change is told once with its twin. */
static bool is_double(struct sg_wholes *wholes, const struct sg_change *change)
{
	return change->twin && !sg_wholes_of(wholes, change) && !sg_wholes_of(wholes, change->twin);
}

/* Changes to the same conditions in many sets are told once, with the first of them. */
static size_t *alike_of(const struct sg_diff *diff, size_t *alike, const struct sg_change *change)
{
	return change->to_terms ? &alike[(size_t)(change->to_terms - diff->terms) / 2] : NULL;
}

/* Of packets to published ports, when what comes in changes so, too. */
static bool repeats(struct sg_wholes *wholes, const struct sg_change *change)
{
	return change->where->direction == SG_PUBLISHED && is_double(wholes, change);
}

static void count_alike(const struct sg_diff *diff, struct sg_wholes *wholes, size_t *alike)
{
	for (size_t i = 0; i < diff->count; i++) {
		size_t *count = alike_of(diff, alike, &diff->changes[i]);

		if (count && !repeats(wholes, &diff->changes[i]))
			++*count;
	}
}

/* How many sets the entry is that tells the change; 0: another one does. */
static size_t sets_of(const struct sg_diff *diff, struct sg_wholes *wholes, size_t *alike,
		      const struct sg_change *change)
{
	const struct sg_whole *whole = sg_wholes_of(wholes, change);
	const size_t *sets = alike_of(diff, alike, change);

	if ((whole && whole->told) || (sets && *sets == TOLD) || repeats(wholes, change))
		return 0;
	return sets && *sets >= SG_WHOLE_LEAST ? *sets : 1;
}

void sg_render_changes(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report)
{
	const struct sg_diff *diff = report->diff;
	sg_autofree size_t *alike = calloc(diff->term_count / 2 + 1, sizeof(*alike));
	struct sg_wholes wholes = {0};
	size_t shown = 0, left = 0;

	if (!alike) {
		buf->failed = true;
		return;
	}
	if (!style->all) {
		sg_wholes_find(&wholes, report);
		count_alike(diff, &wholes, alike);
	}
	for (size_t i = 0; i < diff->count; i++) {
		const struct sg_change *change = &diff->changes[i];
		struct sg_whole *whole = sg_wholes_of(&wholes, change);
		size_t sets = sets_of(diff, &wholes, alike, change);

		if (!sets)
			continue;
		if (shown == CHANGES_SHOWN && !style->all) {
			left++;
			continue;
		}
		shown++;
		if (whole)
			add_whole(buf, style, report, &wholes, change);
		else if (is_double(&wholes, change))
			add_both(buf, style, report, change, sets);
		else
			add_change(buf, style, report, change, sets, false);
		if (whole)
			whole->told = true;
		if (sets > 1)
			*alike_of(diff, alike, change) = TOLD;
	}
	if (left) {
		sg_buf_adds(buf, "… and ");
		sg_say_count(buf, left, "more change");
		sg_buf_adds(buf, " (--all shows them)\n");
	}
}
