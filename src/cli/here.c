/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy names units; the kernel knows control groups. What a unit is here is looked up once, and holds for all that
 * the program says and does.
 */
#include "cli/here.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "cli/progress.h"
#include "sockgate/named.h"

void here_clear(struct here *here)
{
	sg_units_clear(&here->units);
	sg_diags_clear(&here->diags);
	*here = (struct here){0};
}

/* The units of all lines, once each; *ret_count of them. NULL: no memory. */
static const char **names_of(const struct sg_policy *policy, size_t *ret_count)
{
	const char **names = calloc(sg_policy_lines(policy) + 1, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; names && i < sg_policy_lines(policy); i++) {
		const char *unit = sg_policy_line(policy, i)->unit;
		size_t at = 0;

		while (unit && at < count && strcmp(names[at], unit) != 0)
			at++;
		if (unit && at == count)
			names[count++] = unit;
	}
	*ret_count = count;
	return names;
}

static const struct sg_line *first_line_of(const struct sg_policy *policy, const char *unit)
{
	const struct sg_line *line = NULL;

	for (size_t i = 0; i < sg_policy_lines(policy); i++) {
		line = sg_policy_line(policy, i);
		if (line->unit && !strcmp(line->unit, unit))
			break;
	}
	return line;
}

static void warn(const struct sg_policy *policy, struct here *here, const char *unit)
{
	struct sg_span span = first_line_of(policy, unit)->span;

	switch (sg_units_get(&here->units, unit).state) {
	case SG_UNIT_HERE: break;
	case SG_UNIT_ABSENT:
		sg_diag_add(&here->diags, SG_SEVERITY_WARNING, "unit/not-running", span,
			    "'%s' does not run: the port is closed until it does and the policy is applied again",
			    unit);
		break;
	case SG_UNIT_UNENFORCED:
		sg_diag_add(&here->diags, SG_SEVERITY_WARNING, "unit/not-enforced", span,
			    "the port is open to whoever holds it, not to '%s' alone: %s", unit,
			    here->units.unenforced);
		break;
	}
}

int here_make(struct session *session, const struct loaded *loaded, struct sg_kernel *kernel, struct here *ret,
	      struct sg_error *err)
{
	sg_autofree const char **names = NULL;
	struct here here = {.decision = loaded->decision};
	size_t count = 0;

	names = names_of(loaded->policy, &count);
	if (!names)
		return sg_error_nomem(err);
	if (count)
		progress_say("looking for the policy's units");
	if (sg_units_find(names, count, kernel, &here.units, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		warn(loaded->policy, &here, names[i]);
	sg_diags_sort(&here.diags);
	*ret = here;
	ret->finder = sg_units_finder(&ret->units);
	if (sg_diags_failed(&here.diags))
		return sg_error_nomem(err);
	if (count)
		ret->decision = sg_decision_bind(&loaded->decision, &ret->finder);
	ret->subject = sg_subject_of_policy(loaded->policy, &ret->decision, session_moment(session), &ret->finder);
	return sg_idd_check(session->idd, ret->subject.decision.verdict, err);
}

int here_interfaces(const struct session *session, const struct loaded *loaded, const struct sg_local_addresses *local,
		    struct here *here, struct sg_error *err)
{
	sg_cleanup(sg_named_clear) struct sg_named_list named = {0};
	int result = 0;

	if (sg_named_find(loaded->policy, local, &named, err) < 0)
		return -1;
	for (size_t i = 0; i < named.count; i++) {
		const struct sg_named *item = &named.items[i];
		bool absent = item->problem == SG_NAMED_ABSENT;
		struct sg_span span =
			item->line == SG_NO_LINE ? SG_SPAN_NONE : sg_policy_line(loaded->policy, item->line)->span;

		if (item->problem == SG_NAMED_LOOPBACK)
			result = 1;
		/* before the network, hardly any interface is there */
		if (!absent || !session->options->quiet)
			sg_diag_add(&here->diags, absent ? SG_SEVERITY_NOTE : SG_SEVERITY_WARNING,
				    sg_named_id(item->problem), span, "%s", item->message);
	}
	sg_diags_sort(&here->diags);
	return sg_diags_failed(&here->diags) ? sg_error_nomem(err) : result;
}

static bool same_unit(const struct sg_unit *a, const struct sg_unit *b)
{
	if (a->state != b->state || a->place_count != b->place_count)
		return false;
	for (size_t i = 0; i < a->place_count; i++)
		if (a->places[i].id != b->places[i].id || a->places[i].depth != b->places[i].depth)
			return false;
	return true;
}

int here_again(struct session *session, const struct loaded *loaded, struct sg_kernel *kernel, struct here *here,
	       bool *ret_moved, struct sg_error *err)
{
	sg_cleanup(sg_units_clear) struct sg_units now = {0};
	sg_autofree const char **names = NULL;
	size_t count = 0;

	*ret_moved = false;
	names = names_of(loaded->policy, &count);
	if (!names)
		return sg_error_nomem(err);
	if (sg_units_find(names, count, kernel, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct sg_unit before = sg_units_get(&here->units, names[i]), behind = sg_units_get(&now, names[i]);

		*ret_moved |= !same_unit(&before, &behind);
	}
	if (!*ret_moved)
		return 0;
	here_clear(here);
	return here_make(session, loaded, kernel, here, err);
}

void here_say(struct session *session, const struct here *here)
{
	if (here->diags.count)
		session_diags(session, &here->diags);
}

struct sg_subject loaded_subject(const struct session *session, const struct loaded *loaded, const struct here *here)
{
	return sg_subject_of_policy(loaded->policy, &loaded->decision, session_moment(session),
				    here ? &here->finder : NULL);
}
