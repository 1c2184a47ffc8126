// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lint.c - what follows from the meaning of a policy and may not be meant.
 *
 * Every lint asks the decision or sets of packets, not the text: a port that two lines open together is open, and one
 * that a block shuts again is not. Only unused names are a matter of text.
 */
#include "policy/lint.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define LINT_SECOND UINT64_C(1000000000) /* in nanoseconds */

static bool lint_among(const char *const *ids, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(ids[i], id))
			return true;
	}
	return false;
}

bool sg_lint_wanted(const struct lint *lint, enum lint_number number, const struct sg_line *line)
{
	const char *id = sg_lint_at(number)->id;
	const char *const *ids;
	size_t count;

	ids = sg_policy_lint_ignore(lint->policy, &count);
	if (lint_among(ids, count, id))
		return false;
	return !line || !lint_among(line->lint_ignore, line->lint_ignore_count, id);
}

int sg_lint_failed(struct lint *lint)
{
	return sg_idd_check(lint->idd, SG_IDD_FAILED, lint->err);
}

size_t sg_lint_item_end(const struct lint *lint, size_t first)
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

bool sg_lint_matters(const struct lint *lint, size_t first, size_t next)
{
	for (size_t i = first; i < next; i++) {
		if (lint->matters[i])
			return true;
	}
	return false;
}

sg_ref sg_lint_accepted(struct lint *lint, enum sg_direction direction)
{
	struct sg_idd *idd = lint->idd;
	sg_ref verdict = sg_condition_settle(idd, lint->decision->verdict, &lint->world);
	sg_ref accepted = sg_idd_equals(idd, verdict, SG_VERDICT_ACCEPT);

	accepted = sg_idd_restrict(idd, accepted, SG_FIELD_DIRECTION, direction);
	accepted = sg_idd_restrict(idd, accepted, SG_FIELD_STATE, SG_CT_NEW);
	return sg_idd_minus(idd, accepted, sg_coverage_loopback(idd));
}

const struct sg_addresses *sg_lint_peers(const struct sg_line *line)
{
	return line->direction == SG_OUT ? &line->to : &line->from;
}

bool sg_lint_has_peers(const struct sg_line *line)
{
	return line->direction == SG_OUT ? line->has_to : line->has_from;
}

bool sg_lint_is_wide(enum sg_family family, const struct sg_ranges *set)
{
	static const struct sg_range all[2] = {
		[SG_IPV4] = {0, UINT32_MAX},
		[SG_IPV6] = {(sg_u128)1 << 125, ((sg_u128)1 << 126) - 1},
	};
	const struct sg_range *whole = &all[family];
	sg_u128 count = 0;

	for (size_t i = 0; i < set->count; i++) {
		sg_u128 first = set->items[i].first > whole->first ? set->items[i].first : whole->first;
		sg_u128 last = set->items[i].last < whole->last ? set->items[i].last : whole->last;

		count += first <= last ? last - first + 1 : 0;
	}
	return count >= (whole->last - whole->first) / 2 + 1;
}

size_t sg_lint_parts(struct lint *lint, const struct sg_line *line, struct sg_region_part ret[2])
{
	return sg_region_parts_under(lint->idd, &lint->cache, line, SG_IDD_FULL, ret);
}

/* ---- Lines that log, and lines that are over ---- */

static int lint_see_logging(uint32_t logging, void *data)
{
	bool *loud = data;

	loud[logging] = true;
	return 0;
}

/* A line that some packet is logged by matters, whoever else decides as it does. */
static int lint_find_loggers(struct lint *lint)
{
	const struct sg_decision *decision = lint->decision;
	sg_autofree bool *loud = calloc(decision->logging_count + 1, sizeof(*loud));

	if (!loud)
		return sg_error_nomem(lint->err);
	if (!decision->log)
		return 0;
	if (sg_idd_terminals_in(lint->idd, decision->log, sg_packet_universe(lint->idd), lint_see_logging, loud) < 0)
		return sg_lint_failed(lint);
	for (size_t i = 0; i < lint->policy->line_count; i++) {
		if (lint->policy->lines[i].logging)
			lint->matters[i] = loud[lint->policy->lines[i].logging];
	}
	return 0;
}

/* Lines that the reader warned of: nothing else is to be said of them. */
static void lint_leave_past(struct lint *lint)
{
	int64_t now = lint->policy->now;

	for (size_t i = 0; now > 0 && i < lint->policy->line_count; i++) {
		const struct sg_line *line = &lint->policy->lines[i].line;

		if (line->has_until && line->until <= now)
			lint->matters[i] = false;
	}
}

static void lint_clear(struct lint *lint)
{
	free(lint->matters);
	sg_region_cache_clear(&lint->cache);
}

int sg_policy_lint(const struct sg_policy *policy, const struct sg_decision *decision, struct sg_diags *diags,
		   struct sg_error *err)
{
	sg_cleanup(lint_clear) struct lint lint = {
		.policy = policy,
		.decision = decision,
		.idd = decision->idd,
		.diags = diags,
		.err = err,
		.matters = calloc(sg_policy_lines(policy) + 1, sizeof(*lint.matters)),
		.world = {.now = policy->now > 0 ? (uint64_t)policy->now * LINT_SECOND : 0},
	};

	if (!lint.matters)
		return sg_error_nomem(err);
	if (lint_find_loggers(&lint) < 0)
		return -1;
	if (sg_lint_effect(&lint, SG_IN) < 0 || (sg_policy_has_outbound(policy) && sg_lint_effect(&lint, SG_OUT) < 0))
		return -1;
	lint_leave_past(&lint);
	if (sg_lint_overlap(&lint) < 0 || sg_lint_names(&lint) < 0 || sg_lint_sources(&lint) < 0 ||
	    sg_lint_ports(&lint) < 0 || sg_lint_families(&lint) < 0 || sg_lint_units(&lint) < 0 ||
	    sg_lint_shut(&lint) < 0)
		return -1;
	return sg_idd_check(lint.idd, SG_IDD_EMPTY, err);
}
