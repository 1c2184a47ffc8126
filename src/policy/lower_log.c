// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lower_log.c - which packets are logged: those that a line with `log` decides.
 *
 * Of several such lines the first in the file logs. What is allowed without a meter is logged by a line without one: it
 * is not asked whether a meter would allow it, too. Only where no other line allows do meters, and the first that does
 * logs, if it is to. Everything is one overlay of layers, the heaviest first, in which 1 stands for "decided, and not
 * logged".
 */
#include "policy/lower_log.h"

#include <stdlib.h>
#include "base/mem.h"
#include "policy/model.h"

#define QUIET 1U /* logging i is i + QUIET in the layers */

struct layers {
	const struct sg_policy *policy;
	struct sg_idd *idd;
	struct sg_coverage *coverage;
	sg_ref *items;
	size_t count, room;
	bool failed; /* out of memory */
};

static void layers_add(struct layers *layers, sg_ref set, uint32_t value)
{
	if (sg_grow(&layers->items, &layers->room, layers->count, 1, sizeof(*layers->items)) < 0) {
		layers->failed = true;
		return;
	}
	layers->items[layers->count++] = sg_idd_ite(layers->idd, set, sg_idd_terminal(value), SG_IDD_EMPTY);
}

/* The line's packets in that section. */
static sg_ref layers_region(struct layers *layers, const struct sg_line *line, enum sg_coverage_section section)
{
	sg_ref condition = sg_region_condition(layers->idd, line, section != SG_COVERAGE_GUARD);

	return sg_region_set_under(layers->idd, &layers->coverage->cache, line, condition);
}

static bool layers_has(const struct layers *layers, const struct sg_line *line, enum sg_coverage_section section)
{
	if (!sg_coverage_takes(layers->coverage, line))
		return false;
	return section == SG_COVERAGE_GUARD ? sg_region_is_guarded(line) : sg_coverage_section_of(line) == section;
}

/* The lines of the section that log; with `all` the others, too, as quiet ones. */
static void layers_add_lines(struct layers *layers, enum sg_coverage_section section, bool metered, bool all)
{
	for (size_t i = 0; i < sg_policy_lines(layers->policy); i++) {
		const struct sg_line *line = sg_policy_line(layers->policy, i);
		uint32_t logging = layers->policy->lines[i].logging;

		if (!layers_has(layers, line, section) || (!logging && !all))
			continue;
		if (section == SG_COVERAGE_ALLOW && !line->meter != !metered)
			continue;
		layers_add(layers, layers_region(layers, line, section), logging + QUIET);
	}
}

/* What lines without a meter allow. */
static sg_ref layers_unmetered(struct layers *layers)
{
	sg_autofree struct sg_coverage_part *parts = calloc(layers->coverage->count + 1, sizeof(*parts));
	struct sg_cover cover = {SG_IDD_EMPTY, SG_IDD_EMPTY};
	size_t count = 0;

	for (size_t i = 0; parts && i < layers->coverage->count; i++) {
		const struct sg_coverage_part *part = &layers->coverage->parts[i];

		if (part->section == SG_COVERAGE_ALLOW && !sg_policy_line(layers->policy, part->line)->meter)
			parts[count++] = *part;
	}
	if (!parts || sg_coverage_of(layers->idd, parts, count, &cover, NULL) < 0)
		layers->failed = true;
	return cover.covered;
}

static void layers_fill(struct layers *layers)
{
	const struct sg_cover *sections = layers->coverage->sections;

	layers_add(layers, layers->coverage->base, QUIET);
	for (enum sg_coverage_section section = SG_COVERAGE_DROP; section <= SG_COVERAGE_REJECT; section++) {
		layers_add_lines(layers, section, false, false);
		layers_add(layers, sections[section].covered, QUIET);
	}
	layers_add_lines(layers, SG_COVERAGE_ALLOW, false, false);
	layers_add(layers, layers_unmetered(layers), QUIET);
	layers_add_lines(layers, SG_COVERAGE_ALLOW, true, true);
	layers_add_lines(layers, SG_COVERAGE_GUARD, false, false);
	layers_add(layers, sections[SG_COVERAGE_GUARD].covered, QUIET);
	if (layers->policy->blocked_logging && layers->coverage->default_verdict != SG_VERDICT_ACCEPT)
		layers_add(layers, SG_IDD_FULL, layers->policy->blocked_logging + QUIET);
}

sg_ref sg_lower_log(const struct sg_policy *policy, struct sg_idd *idd, struct sg_coverage *coverage)
{
	struct layers layers = {.policy = policy, .idd = idd, .coverage = coverage};
	uint32_t *loud = calloc(policy->logging_count + 2, sizeof(*loud));
	sg_ref result = SG_IDD_FAILED;

	layers_fill(&layers);
	for (uint32_t i = 0; loud && i <= policy->logging_count; i++)
		loud[i + QUIET] = i;
	if (!layers.failed && loud)
		result = sg_idd_map(idd, sg_idd_overlay_all(idd, layers.items, layers.count), loud,
				    policy->logging_count + 2);
	free(layers.items);
	free(loud);
	return result;
}
