// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lint_effect.c - lines that never decide anything, and allows that a block cuts in part.
 *
 * A line matters when it is responsible (coverage.h) for a packet that nothing of more weight decides: for an allow
 * that is the baseline and every block, for a block the baseline, and for one that rejects also those that drop. All
 * lines that do not matter can go at once: those that are left cover the same packets. Responsibility is read off the
 * sections' covers inside of the packets in question, without making a set for each line.
 *
 * What a line hangs on (limit, until …) is a level like the packet's fields: a line with a limit inside of one without
 * is responsible for nothing, and two with limits of their own each for what is beyond the other's. A line that logs
 * something matters too (lint.c).
 */
#include <stdlib.h>
#include "base/mem.h"
#include "policy/lint.h"
#include "policy/origin.h"

/* Of one direction. */
struct effect {
	struct lint *lint;
	const struct sg_policy *policy;
	struct sg_idd *idd;
	struct sg_error *err;
	struct sg_coverage coverage;
	struct sg_cover ports;  /* of blocks that name protocols, less the baseline; its ranks … */
	uint32_t *line_of_rank; /* … and those of all parts, as lines; [0] is not used */
};

static void effect_clear(struct effect *effect)
{
	sg_coverage_clear(&effect->coverage);
	free(effect->line_of_rank);
}

/* ---- Lines that matter ---- */

static int effect_see_rank(uint32_t rank, void *data)
{
	struct effect *effect = data;

	if (rank)
		effect->lint->matters[effect->line_of_rank[rank]] = true;
	return 0;
}

/* The packets that the section decides, nothing of more weight does. */
static sg_ref effect_live(struct effect *effect, enum sg_coverage_section section)
{
	sg_ref live = effect->coverage.sections[section].covered;

	for (unsigned int heavier = 0; heavier < (unsigned int)section; heavier++)
		live = sg_idd_minus(effect->idd, live, effect->coverage.sections[heavier].covered);
	live = sg_idd_minus(effect->idd, live, effect->coverage.base);
	return sg_idd_and(effect->idd, live, sg_packet_universe(effect->idd));
}

static int effect_find_matters(struct effect *effect)
{
	bool accepts = effect->coverage.default_verdict == SG_VERDICT_ACCEPT;

	for (unsigned int section = 0; section < SG_COVERAGE_SECTIONS; section++) {
		sg_ref live = effect_live(effect, section);

		/* lines refuse beyond their limits as the default does … */
		if (section == SG_COVERAGE_GUARD && !accepts)
			continue;
		/* … or lines allow as it does, but for what others would refuse beyond theirs */
		if (section == SG_COVERAGE_ALLOW && accepts)
			live = sg_idd_and(effect->idd, live, effect->coverage.sections[SG_COVERAGE_GUARD].covered);
		if (sg_idd_terminals_in(effect->idd, effect->coverage.sections[section].rank, live, effect_see_rank,
					effect) < 0)
			return sg_lint_failed(effect->lint);
	}
	return 0;
}

/* ---- Lines with no effect ---- */

/* Everyone who decides something of the region; loopback, which is in every region, only when it is all of it. */
static int effect_deciders(struct effect *effect, sg_ref region, struct sg_origin_list *list)
{
	for (enum sg_verdict verdict = SG_VERDICT_ACCEPT; verdict <= SG_VERDICT_REJECT; verdict++) {
		sg_ref inside = sg_idd_and(effect->idd, region,
					   sg_idd_equals(effect->idd, effect->lint->decision->verdict, verdict));

		if (sg_idd_terminals_in(effect->idd, sg_decision_origin(effect->lint->decision, verdict), inside,
					sg_origin_list_add, list) < 0)
			return sg_lint_failed(effect->lint);
	}
	if (!sg_idd_subset(effect->idd, region, sg_coverage_loopback(effect->idd)))
		sg_origin_list_remove(list, sg_origin_of_baseline(effect->policy, MODEL_LOOPBACK));
	return 0;
}

static const char *effect_section_name(const struct sg_line *line)
{
	return line->section == SG_SECTION_ALLOW ? "allows" : "blocks";
}

static int effect_report_no_effect(struct effect *effect, const struct sg_line *line, struct sg_origin_list *list)
{
	sg_autofree char *who = NULL;

	lint_add(effect->lint, LINT_NO_EFFECT, line->span, "'%s' has no effect", line->path);
	if (line->section == SG_SECTION_ALLOW && effect->coverage.default_verdict == SG_VERDICT_ACCEPT &&
	    !sg_region_is_guarded(line)) {
		sg_diag_hint(effect->lint->diags, "the default accepts what no line blocks: take it away");
		return 0;
	}
	who = sg_origin_list_text(list);
	if (!who)
		return sg_error_nomem(effect->err);
	if (!list->count)
		sg_diag_hint(effect->lint->diags, "there are no such packets: take it away");
	else if (line->section == SG_SECTION_BLOCK && list->count == 1 &&
		 list->items[0] == sg_origin_of_baseline(effect->policy, MODEL_PING))
		sg_diag_hint(effect->lint->diags,
			     "baseline.ping accepts all that it blocks: write 'baseline: {ping: false}', or take the "
			     "line away");
	else
		sg_diag_hint(effect->lint->diags, "all that it %s is decided by %s: take it away",
			     effect_section_name(line), who);
	return 0;
}

static sg_ref effect_region(struct effect *effect, size_t first, size_t next)
{
	sg_ref region = SG_IDD_EMPTY;

	for (size_t i = first; i < next; i++) {
		sg_ref set = sg_region_set(effect->idd, &effect->coverage.cache, sg_policy_line(effect->policy, i));

		region = sg_idd_or(effect->idd, region, set);
	}
	return region;
}

static int effect_no_effect(struct effect *effect, size_t first, size_t next)
{
	struct sg_origin_list list = {.policy = effect->policy};
	sg_ref region = sg_region_new(effect->idd, effect->coverage.direction, effect_region(effect, first, next));
	int result = effect_deciders(effect, region, &list);

	if (result == 0)
		result = effect_report_no_effect(effect, sg_policy_line(effect->policy, first), &list);
	sg_origin_list_clear(&list);
	return result;
}

/* ---- Allows that a block of ports cuts ---- */

/*
 * Whether a block is an exception by design: one of `any`, or one of ports whose peers are a list, such as the
 * addresses that may not send mail to a port that is open to all others. That an allow lacks these is what the list is
 * for.
 */
static bool effect_is_exception(const struct sg_line *line)
{
	const struct sg_addresses *peers = sg_lint_peers(line);

	if (line->kind == SG_LINE_ANY)
		return true;
	return sg_lint_has_peers(line) && !sg_lint_is_wide(SG_IPV4, &peers->v4) &&
	       !sg_lint_is_wide(SG_IPV6, &peers->v6);
}

static int effect_find_port_blocks(struct effect *effect)
{
	sg_autofree struct sg_coverage_part *parts = calloc(effect->coverage.count + 1, sizeof(*parts));
	size_t count = 0;

	if (!parts)
		return sg_error_nomem(effect->err);
	for (size_t i = 0; i < effect->coverage.count; i++) {
		const struct sg_coverage_part *part = &effect->coverage.parts[i];

		if (part->section < SG_COVERAGE_ALLOW &&
		    !effect_is_exception(sg_policy_line(effect->policy, part->line)))
			parts[count++] = *part;
	}
	if (sg_coverage_of(effect->idd, parts, count, &effect->ports, effect->err) < 0)
		return -1;
	effect->ports.covered = sg_idd_and(effect->idd, sg_packet_universe(effect->idd),
					   sg_idd_minus(effect->idd, effect->ports.covered, effect->coverage.base));
	return sg_idd_check(effect->idd, effect->ports.covered, effect->err);
}

struct effect_cutters {
	struct effect *effect;
	struct sg_origin_list list;
};

static int effect_see_cutter(uint32_t rank, void *data)
{
	struct effect_cutters *cutters = data;

	return rank ? sg_origin_list_add(sg_origin_of_line(cutters->effect->line_of_rank[rank]), &cutters->list) : 0;
}

static int effect_report_cut(struct effect *effect, const struct sg_line *line, struct sg_origin_list *list)
{
	sg_autofree char *who = sg_origin_list_text(list);

	if (!who)
		return sg_error_nomem(effect->err);
	lint_add(effect->lint, LINT_PARTLY_BLOCKED, line->span, "'%s' is blocked in part", line->path);
	sg_diag_hint(effect->lint->diags, "%s %s away some of what it allows; a block wins over an allow", who,
		     list->count > 1 ? "take" : "takes");
	return 0;
}

static int effect_cut(struct effect *effect, size_t first, size_t next)
{
	struct effect_cutters cutters = {.effect = effect, .list = {.policy = effect->policy}};
	sg_ref region = effect_region(effect, first, next), cut;
	int result = 0;

	if (sg_idd_check(effect->idd, region, effect->err) < 0)
		return -1;
	if (sg_idd_disjoint(effect->idd, region, effect->ports.covered))
		return 0;
	cut = sg_idd_and(effect->idd, region, effect->ports.covered);
	if (sg_idd_terminals_in(effect->idd, effect->ports.rank, cut, effect_see_cutter, &cutters) < 0)
		result = sg_lint_failed(effect->lint);
	else
		result = effect_report_cut(effect, sg_policy_line(effect->policy, first), &cutters.list);
	sg_origin_list_clear(&cutters.list);
	return result;
}

/* ---- All lines of the direction ---- */

static int effect_prepare(struct effect *effect, enum sg_direction direction)
{
	struct sg_coverage *coverage = &effect->coverage;

	if (sg_coverage_make(coverage, effect->policy, direction, effect->idd, effect->err) < 0)
		return -1;
	effect->line_of_rank = calloc(coverage->count + 1, sizeof(*effect->line_of_rank));
	if (!effect->line_of_rank)
		return sg_error_nomem(effect->err);
	for (size_t i = 0; i < coverage->count; i++)
		effect->line_of_rank[i + 1] = coverage->parts[i].line;
	return effect_find_matters(effect);
}

/* What comes to published ports is judged by the same lines, with less of a baseline and no sockets: what matters there
 * matters. */
static int effect_published(struct lint *lint)
{
	sg_cleanup(effect_clear) struct effect effect = {
		.lint = lint, .policy = lint->policy, .idd = lint->idd, .err = lint->err};

	return effect_prepare(&effect, SG_PUBLISHED);
}

static int effect_item(struct effect *effect, size_t first, size_t next)
{
	const struct sg_line *line = sg_policy_line(effect->policy, first);

	if (!sg_lint_matters(effect->lint, first, next))
		return sg_lint_wanted(effect->lint, LINT_NO_EFFECT, line) ? effect_no_effect(effect, first, next) : 0;
	if (line->section == SG_SECTION_ALLOW && sg_lint_wanted(effect->lint, LINT_PARTLY_BLOCKED, line))
		return effect_cut(effect, first, next);
	return 0;
}

int sg_lint_effect(struct lint *lint, enum sg_direction direction)
{
	sg_cleanup(effect_clear) struct effect effect = {
		.lint = lint, .policy = lint->policy, .idd = lint->idd, .err = lint->err};
	size_t next;

	if (direction == SG_IN && sg_policy_enforces_published(lint->policy) && effect_published(lint) < 0)
		return -1;
	if (effect_prepare(&effect, direction) < 0 || effect_find_port_blocks(&effect) < 0)
		return -1;
	for (size_t first = 0; first < sg_policy_lines(lint->policy); first = next) {
		next = sg_lint_item_end(lint, first);
		if (sg_policy_line(lint->policy, first)->direction == direction &&
		    effect_item(&effect, first, next) < 0)
			return -1;
	}
	return sg_idd_check(lint->idd, SG_IDD_EMPTY, lint->err);
}
