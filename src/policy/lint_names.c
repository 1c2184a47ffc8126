// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lint_names.c - groups, services and sets of interfaces that nobody names.
 *
 * A name is used when a line or a test names it, or a group (a set of interfaces) that is used itself. The words of the
 * file are looked up as the reader does: what is a declared name is one, whatever else it could be.
 */
#include <stdlib.h>
#include "base/mem.h"
#include "policy/lint.h"
#include "policy/names.h"

/* What a kind of names is used by. */
struct use {
	struct names names;
	bool *used;
	size_t *pending; /* used, and what they name is not marked yet */
	size_t pending_count;
};

struct uses {
	const struct sg_policy *policy;
	struct use groups, interfaces, services;
};

static void use_clear(struct use *use)
{
	sg_names_clear(&use->names);
	free(use->used);
	free(use->pending);
}

static void uses_clear(struct uses *uses)
{
	use_clear(&uses->groups);
	use_clear(&uses->interfaces);
	use_clear(&uses->services);
}

static bool use_open(struct use *use, size_t count)
{
	use->used = calloc(count + 1, sizeof(*use->used));
	use->pending = calloc(count + 1, sizeof(*use->pending));
	return use->used && use->pending;
}

static bool uses_open(struct uses *uses, const struct sg_policy *policy)
{
	uses->policy = policy;
	if (!use_open(&uses->groups, policy->group_count) || !use_open(&uses->interfaces, policy->interfaces_count) ||
	    !use_open(&uses->services, policy->service_count))
		return false;
	for (size_t i = 0; i < policy->group_count; i++)
		if (!sg_names_add(&uses->groups.names, policy->groups[i].group.name, i))
			return false;
	for (size_t i = 0; i < policy->interfaces_count; i++)
		if (!sg_names_add(&uses->interfaces.names, policy->interfaces[i].name, i))
			return false;
	for (size_t i = 0; i < policy->service_count; i++)
		if (!sg_names_add(&uses->services.names, policy->services[i].name, i))
			return false;
	sg_names_sort(&uses->groups.names);
	sg_names_sort(&uses->interfaces.names);
	sg_names_sort(&uses->services.names);
	return true;
}

static void use_mark(struct use *use, const struct model_words *words, const bool *skip)
{
	for (size_t i = 0; i < words->count; i++) {
		size_t index = skip && skip[i] ? NAMES_NONE : sg_names_find(&use->names, words->items[i]);

		if (index == NAMES_NONE || use->used[index])
			continue;
		use->used[index] = true;
		use->pending[use->pending_count++] = index;
	}
}

static void uses_mark_line(struct uses *uses, const struct model_line *line)
{
	use_mark(&uses->groups, &line->from, NULL);
	use_mark(&uses->groups, &line->except, NULL);
	use_mark(&uses->groups, &line->to, NULL);
	use_mark(&uses->interfaces, &line->interfaces, NULL);
	if (line->line.kind == SG_LINE_PORTS)
		use_mark(&uses->services, &line->ports, NULL);
}

static void uses_mark(struct uses *uses)
{
	const struct sg_policy *policy = uses->policy;

	for (size_t i = 0; i < policy->line_count; i++)
		uses_mark_line(uses, &policy->lines[i]);
	for (size_t i = 0; i < policy->test_count; i++)
		uses_mark_line(uses, &policy->tests[i].written);
	while (uses->groups.pending_count) {
		const struct model_group *group = &policy->groups[uses->groups.pending[--uses->groups.pending_count]];

		use_mark(&uses->groups, &group->words, group->file);
	}
	while (uses->interfaces.pending_count)
		use_mark(&uses->interfaces,
			 &policy->interfaces[uses->interfaces.pending[--uses->interfaces.pending_count]].words, NULL);
}

static void names_report(struct lint *lint, const char *what, const char *name, const struct sg_span *span)
{
	lint_add(lint, LINT_UNUSED_NAME, *span, "%s '%s' is never used", what, name);
	sg_diag_hint(lint->diags, "no line and no test names it: take it away, or name it where it was meant");
}

int sg_lint_names(struct lint *lint)
{
	sg_cleanup(uses_clear) struct uses uses = {0};
	const struct sg_policy *policy = lint->policy;

	if (!sg_lint_wanted(lint, LINT_UNUSED_NAME, NULL))
		return 0;
	if (!uses_open(&uses, policy))
		return sg_error_nomem(lint->err);
	uses_mark(&uses);
	for (size_t i = 0; i < policy->group_count; i++)
		if (!uses.groups.used[i])
			names_report(lint, "group", policy->groups[i].group.name, &policy->groups[i].group.span);
	for (size_t i = 0; i < policy->interfaces_count; i++)
		if (!uses.interfaces.used[i])
			names_report(lint, "set of interfaces", policy->interfaces[i].name,
				     &policy->interfaces[i].span);
	for (size_t i = 0; i < policy->service_count; i++)
		if (!uses.services.used[i])
			names_report(lint, "service", policy->services[i].name, &policy->services[i].span);
	return 0;
}
