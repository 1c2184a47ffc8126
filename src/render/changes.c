/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The changes from one decision to another as text: each set by itself, what a default decides together. */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "render/fields.h"
#include "render/terms.h"

#define CHANGES_SHOWN 50
#define WHOLE_LEAST   4        /* sets that are better said at once */
#define TOLD          SIZE_MAX /* that many were */

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

static void add_change(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report,
		       const struct sg_change *change, size_t sets)
{
	char mark = mark_of(change);

	sg_say_colour(buf, style, colour_of(mark));
	sg_buf_addf(buf, "%c ", mark);
	if (sets > 1)
		sg_buf_addf(buf, "%zu sets of packets (--all shows them)", sets);
	else
		sg_fields_where(buf, style, change->where);
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

/*
 * ---- What a default decides ----
 *
 * Where the default or the baseline changes, all that no line speaks of changes with it: a dozen sets, cut up by
 * everything that the lines do speak of. Said by those who decide it is one set. Of the packets that were judged `from`
 * and will be judged `to`, each is judged so by one of `before` and one of `after`, the union of who decides them; and
 * a packet that one of `before` judges `from` and one of `after` judges `to` is among them. So to name both is to say
 * exactly these packets.
 */

#define OUTCOMES (SG_OUTCOME_REJECT + 1)

struct whole {
	size_t count;       /* of the changes */
	bool before, after; /* default or baseline decide some of it on that side */
	bool told;
};

struct wholes {
	struct whole of[SG_DIRECTIONS][OUTCOMES][OUTCOMES]; /* direction, from, to */
};

static struct whole *whole_of(struct wholes *wholes, const struct sg_change *change)
{
	if (change->kind == SG_CHANGE_CONDITIONS || change->from >= OUTCOMES || change->to >= OUTCOMES)
		return NULL; /* conditions, and what is not decided, are told set by set */
	return &wholes->of[change->where->direction][change->from][change->to];
}

static bool is_default(const struct sg_subject *subject, uint32_t origin)
{
	struct sg_because because = sg_subject_because(subject, origin);
	const struct sg_place *place = because.place;

	if (!place)
		return because.line.kind == SG_ORIGIN_DEFAULT || because.line.kind == SG_ORIGIN_BASELINE;
	/* a base chain's policy, or its last rule */
	return !place->rule ||
	       (place->chain && place->chain->is_base && place->rule_index + 1 == place->chain->rule_count);
}

static bool has_default(const struct sg_subject *subject, const uint32_t *origins, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_default(subject, origins[i]))
			return true;
	return !count; /* no table, or a policy that leaves the direction alone: everything is accepted by default */
}

static void find_wholes(const struct sg_diff_report *report, struct wholes *ret)
{
	for (size_t i = 0; i < report->diff->count; i++) {
		const struct sg_change *change = &report->diff->changes[i];
		struct whole *whole = whole_of(ret, change);

		if (!whole)
			continue;
		whole->count++;
		whole->before = whole->before || has_default(report->from, change->from_origins, change->from_count);
		whole->after = whole->after || has_default(report->to, change->to_origins, change->to_count);
	}
}

static int compare_origins(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

/* Who decides the changes of a whole on one side, ascending, once each; NULL: no memory. */
static uint32_t *whole_origins(const struct sg_diff *diff, struct wholes *wholes, const struct whole *whole,
			       bool before, size_t *ret_count)
{
	uint32_t *items = NULL;
	size_t room = 0, count = 0, kept = 0;

	for (size_t i = 0; i < diff->count; i++) {
		const struct sg_change *change = &diff->changes[i];
		const uint32_t *origins = before ? change->from_origins : change->to_origins;
		size_t more = before ? change->from_count : change->to_count;

		if (whole_of(wholes, change) != whole)
			continue;
		if (sg_grow(&items, &room, count, more + 1, sizeof(*items)) < 0) {
			free(items);
			return NULL;
		}
		for (size_t k = 0; k < more; k++)
			items[count++] = origins[k];
	}
	if (count)
		qsort(items, count, sizeof(*items), compare_origins);
	for (size_t i = 0; i < count; i++)
		if (!kept || items[kept - 1] != items[i])
			items[kept++] = items[i];
	*ret_count = kept;
	return items;
}

static void add_whole(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report,
		      struct wholes *wholes, const struct sg_change *first)
{
	const struct whole *whole = whole_of(wholes, first);
	struct sg_change change = *first;
	sg_autofree uint32_t *before = whole_origins(report->diff, wholes, whole, true, &change.from_count);
	sg_autofree uint32_t *after = whole_origins(report->diff, wholes, whole, false, &change.to_count);
	char mark = change.from == SG_OUTCOME_ACCEPT ? '-' : change.to == SG_OUTCOME_ACCEPT ? '+' : '~';

	if (!before || !after) {
		buf->failed = true;
		return;
	}
	change.from_origins = before;
	change.to_origins = after;
	sg_say_colour(buf, style, colour_of(mark));
	sg_buf_addf(buf, "%c ", mark);
	if (change.where->direction != SG_IN)
		sg_buf_addf(buf, "%s, ", sg_direction_name(change.where->direction));
	sg_buf_addf(buf, "all that these decide: %s -> %s", sg_outcome_name(change.from), sg_outcome_name(change.to));
	sg_say_plain(buf, style);
	sg_buf_addf(buf, " (%zu sets, --all shows them)\n", whole->count);
	add_origins(buf, style, report, &change);
}

/* Changes to the same conditions in many sets are told once, with the first of them. */
static size_t *alike_of(const struct sg_diff *diff, size_t *alike, const struct sg_change *change)
{
	return change->to_terms ? &alike[(size_t)(change->to_terms - diff->terms) / 2] : NULL;
}

static void count_alike(const struct sg_diff *diff, size_t *alike)
{
	for (size_t i = 0; i < diff->count; i++) {
		size_t *count = alike_of(diff, alike, &diff->changes[i]);

		if (count)
			++*count;
	}
}

void sg_render_changes(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report)
{
	const struct sg_diff *diff = report->diff;
	sg_autofree size_t *alike = calloc(diff->term_count / 2 + 1, sizeof(*alike));
	struct wholes wholes = {0};
	size_t shown = 0, left = 0;

	if (!alike) {
		buf->failed = true;
		return;
	}
	if (!style->all) {
		find_wholes(report, &wholes);
		count_alike(diff, alike);
	}
	for (size_t i = 0; i < diff->count; i++) {
		const struct sg_change *change = &diff->changes[i];
		struct whole *whole = whole_of(&wholes, change);
		size_t *sets = alike_of(diff, alike, change);
		bool together = whole && whole->count >= WHOLE_LEAST && whole->before && whole->after;

		if ((together && whole->told) || (sets && *sets == TOLD))
			continue;
		if (shown == CHANGES_SHOWN && !style->all) {
			left++;
			continue;
		}
		shown++;
		if (together)
			add_whole(buf, style, report, &wholes, change);
		else
			add_change(buf, style, report, change, sets && *sets >= WHOLE_LEAST ? *sets : 1);
		if (together)
			whole->told = true;
		if (sets && *sets >= WHOLE_LEAST)
			*sets = TOLD;
	}
	if (left) {
		sg_buf_adds(buf, "… and ");
		sg_say_count(buf, left, "more change");
		sg_buf_adds(buf, " (--all shows them)\n");
	}
}
