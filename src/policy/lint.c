// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lint.c - lines that never decide anything, and allows that a block cuts in part.
 *
 * A line matters when it is responsible (coverage.h) for a packet that nothing of more weight decides: for an allow
 * that is the baseline and every block, for a block the baseline, and for one that rejects also those that drop. All
 * lines that do not matter can go at once: those that are left cover the same packets. Responsibility is read off the
 * sections' covers inside of the packets in question, without making a set for each line.
 */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "policy/origin.h"
#include "policy/coverage.h"

/* Of one direction. */
struct lint {
	const struct sg_policy *policy;
	const struct sg_decision *decision;
	struct sg_idd *idd;
	struct sg_diags *diags;
	struct sg_error *err;
	struct sg_coverage coverage;
	bool *matters;          /* per line */
	struct sg_cover ports;  /* of blocks that name protocols, less the baseline; its ranks … */
	uint32_t *line_of_rank; /* … and those of all parts, as lines; [0] is not used */
};

static void lint_clear(struct lint *lint)
{
	sg_coverage_clear(&lint->coverage);
	free(lint->matters);
	free(lint->line_of_rank);
}

static int lint_failed(struct lint *lint)
{
	return sg_idd_check(lint->idd, SG_IDD_FAILED, lint->err);
}

/* ---- Lines that matter ---- */

static int lint_see_rank(uint32_t rank, void *data)
{
	struct lint *lint = data;

	if (rank)
		lint->matters[lint->line_of_rank[rank]] = true;
	return 0;
}

/* The packets that the section decides, nothing of more weight does. */
static sg_ref lint_live(struct lint *lint, enum sg_coverage_section section)
{
	sg_ref live = lint->coverage.sections[section].covered;

	for (unsigned int heavier = 0; heavier < (unsigned int)section; heavier++)
		live = sg_idd_minus(lint->idd, live, lint->coverage.sections[heavier].covered);
	live = sg_idd_minus(lint->idd, live, lint->coverage.base);
	return sg_idd_and(lint->idd, live, sg_packet_universe(lint->idd));
}

static int lint_find_matters(struct lint *lint)
{
	bool accepts = lint->coverage.default_verdict == SG_VERDICT_ACCEPT;

	for (unsigned int section = 0; section < SG_COVERAGE_SECTIONS; section++) {
		sg_ref live = lint_live(lint, section);

		if (section == SG_COVERAGE_ALLOW && accepts)
			continue;
		if (sg_idd_terminals_in(lint->idd, lint->coverage.sections[section].rank, live, lint_see_rank, lint) <
		    0)
			return lint_failed(lint);
	}
	return 0;
}

/* ---- Lines with no effect ---- */

/* Everyone who decides something of the region; loopback, which is in every region, only when it is all of it. */
static int lint_deciders(struct lint *lint, sg_ref region, struct sg_origin_list *list)
{
	for (enum sg_verdict verdict = SG_VERDICT_ACCEPT; verdict <= SG_VERDICT_REJECT; verdict++) {
		sg_ref inside =
			sg_idd_and(lint->idd, region, sg_idd_equals(lint->idd, lint->decision->verdict, verdict));

		if (sg_idd_terminals_in(lint->idd, sg_decision_origin(lint->decision, verdict), inside,
					sg_origin_list_add, list) < 0)
			return lint_failed(lint);
	}
	if (!sg_idd_subset(lint->idd, region, sg_coverage_loopback(lint->idd)))
		sg_origin_list_remove(list, sg_origin_of_baseline(lint->policy, MODEL_LOOPBACK));
	return 0;
}

static const char *lint_section_name(const struct sg_line *line)
{
	return line->section == SG_SECTION_ALLOW ? "allows" : "blocks";
}

static int lint_report_no_effect(struct lint *lint, const struct sg_line *line, struct sg_origin_list *list)
{
	sg_autofree char *who = NULL;

	sg_diag_add(lint->diags, SG_SEVERITY_WARNING, "policy/no-effect", line->span, "'%s' has no effect", line->path);
	if (line->section == SG_SECTION_ALLOW && lint->coverage.default_verdict == SG_VERDICT_ACCEPT) {
		sg_diag_hint(lint->diags, "the default accepts what no line blocks: take it away");
		return 0;
	}
	who = sg_origin_list_text(list);
	if (!who)
		return sg_error_nomem(lint->err);
	if (!list->count)
		sg_diag_hint(lint->diags, "there are no such packets: take it away");
	else
		sg_diag_hint(lint->diags, "all that it %s is decided by %s: take it away", lint_section_name(line),
			     who);
	return 0;
}

/* Lines that were one in the file ("tcp+udp" of a service with other ports under each) are judged as one. */
static size_t lint_same_item(const struct lint *lint, size_t first)
{
	const struct sg_line *line = sg_policy_line(lint->policy, first);
	size_t next = first + 1;

	for (; next < sg_policy_lines(lint->policy); next++) {
		const struct sg_line *other = sg_policy_line(lint->policy, next);

		if (!line->span.line || memcmp(&line->span, &other->span, sizeof(line->span)) != 0 ||
		    line->section != other->section)
			break;
	}
	return next;
}

static bool lint_any_matters(const struct lint *lint, size_t first, size_t next)
{
	for (size_t i = first; i < next; i++) {
		if (lint->matters[i])
			return true;
	}
	return false;
}

static sg_ref lint_region(struct lint *lint, size_t first, size_t next)
{
	sg_ref region = SG_IDD_EMPTY;

	for (size_t i = first; i < next; i++) {
		sg_ref set = sg_region_set(lint->idd, &lint->coverage.cache, sg_policy_line(lint->policy, i));

		region = sg_idd_or(lint->idd, region, set);
	}
	return region;
}

static int lint_no_effect(struct lint *lint, size_t first, size_t next)
{
	struct sg_origin_list list = {.policy = lint->policy};
	sg_ref region = sg_region_new(lint->idd, lint->coverage.direction, lint_region(lint, first, next));
	int result = lint_deciders(lint, region, &list);

	if (result == 0)
		result = lint_report_no_effect(lint, sg_policy_line(lint->policy, first), &list);
	sg_origin_list_clear(&list);
	return result;
}

/* ---- Allows that a block of ports cuts ---- */

static int lint_find_port_blocks(struct lint *lint)
{
	sg_autofree struct sg_coverage_part *parts = calloc(lint->coverage.count + 1, sizeof(*parts));
	size_t count = 0;

	if (!parts)
		return sg_error_nomem(lint->err);
	for (size_t i = 0; i < lint->coverage.count; i++) {
		const struct sg_coverage_part *part = &lint->coverage.parts[i];

		if (part->section != SG_COVERAGE_ALLOW && sg_policy_line(lint->policy, part->line)->kind != SG_LINE_ANY)
			parts[count++] = *part;
	}
	if (sg_coverage_of(lint->idd, parts, count, &lint->ports, lint->err) < 0)
		return -1;
	lint->ports.covered = sg_idd_and(lint->idd, sg_packet_universe(lint->idd),
					 sg_idd_minus(lint->idd, lint->ports.covered, lint->coverage.base));
	return sg_idd_check(lint->idd, lint->ports.covered, lint->err);
}

struct lint_cutters {
	struct lint *lint;
	struct sg_origin_list list;
};

static int lint_see_cutter(uint32_t rank, void *data)
{
	struct lint_cutters *cutters = data;

	return rank ? sg_origin_list_add(sg_origin_of_line(cutters->lint->line_of_rank[rank]), &cutters->list) : 0;
}

static int lint_report_cut(struct lint *lint, const struct sg_line *line, struct sg_origin_list *list)
{
	sg_autofree char *who = sg_origin_list_text(list);

	if (!who)
		return sg_error_nomem(lint->err);
	sg_diag_add(lint->diags, SG_SEVERITY_WARNING, "policy/partly-blocked", line->span, "'%s' is blocked in part",
		    line->path);
	sg_diag_hint(lint->diags, "%s %s away some of what it allows; a block wins over an allow", who,
		     list->count > 1 ? "take" : "takes");
	return 0;
}

static int lint_cut(struct lint *lint, size_t first, size_t next)
{
	struct lint_cutters cutters = {.lint = lint, .list = {.policy = lint->policy}};
	sg_ref region = lint_region(lint, first, next), cut;
	int result = 0;

	if (sg_idd_check(lint->idd, region, lint->err) < 0)
		return -1;
	if (sg_idd_disjoint(lint->idd, region, lint->ports.covered))
		return 0;
	cut = sg_idd_and(lint->idd, region, lint->ports.covered);
	if (sg_idd_terminals_in(lint->idd, lint->ports.rank, cut, lint_see_cutter, &cutters) < 0)
		result = lint_failed(lint);
	else
		result = lint_report_cut(lint, sg_policy_line(lint->policy, first), &cutters.list);
	sg_origin_list_clear(&cutters.list);
	return result;
}

/* ---- All lines ---- */

static int lint_prepare(struct lint *lint, enum sg_direction direction)
{
	if (sg_coverage_make(&lint->coverage, lint->policy, direction, lint->idd, lint->err) < 0)
		return -1;
	lint->matters = calloc(sg_policy_lines(lint->policy) + 1, sizeof(*lint->matters));
	lint->line_of_rank = calloc(lint->coverage.count + 1, sizeof(*lint->line_of_rank));
	if (!lint->matters || !lint->line_of_rank)
		return sg_error_nomem(lint->err);
	for (size_t i = 0; i < lint->coverage.count; i++)
		lint->line_of_rank[i + 1] = lint->coverage.parts[i].line;
	if (lint_find_matters(lint) < 0)
		return -1;
	return lint_find_port_blocks(lint);
}

static int lint_lines(struct lint *lint)
{
	size_t next;

	for (size_t first = 0; first < sg_policy_lines(lint->policy); first = next) {
		const struct sg_line *line = sg_policy_line(lint->policy, first);

		next = lint_same_item(lint, first);
		if (line->direction != lint->coverage.direction)
			continue;
		if (!lint_any_matters(lint, first, next)) {
			if (lint_no_effect(lint, first, next) < 0)
				return -1;
		} else if (line->section == SG_SECTION_ALLOW) {
			if (lint_cut(lint, first, next) < 0)
				return -1;
		}
	}
	return sg_idd_check(lint->idd, SG_IDD_EMPTY, lint->err);
}

static int lint_direction(const struct sg_policy *policy, const struct sg_decision *decision,
			  enum sg_direction direction, struct sg_diags *diags, struct sg_error *err)
{
	sg_cleanup(lint_clear) struct lint lint = {
		.policy = policy,
		.decision = decision,
		.idd = decision->idd,
		.diags = diags,
		.err = err,
	};

	return lint_prepare(&lint, direction) < 0 ? -1 : lint_lines(&lint);
}

int sg_policy_lint(const struct sg_policy *policy, const struct sg_decision *decision, struct sg_diags *diags,
		   struct sg_error *err)
{
	if (lint_direction(policy, decision, SG_IN, diags, err) < 0)
		return -1;
	return sg_policy_has_outbound(policy) ? lint_direction(policy, decision, SG_OUT, diags, err) : 0;
}
