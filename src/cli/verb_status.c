/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status: whether the policy is in force, in one line, and what else there is to know. */
#include "cli/besides.h"
#include "cli/here.h"
#include "cli/host.h"
#include "cli/lockdown.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/mem.h"
#include "cli/progress.h"

/* The policy, or why there is none. Not a reason to say nothing about the kernel. */
static int read_policy(struct session *session, struct sg_kernel *kernel, struct loaded *loaded, struct here *here,
		       char *ret_unusable, size_t room, struct sg_error *err)
{
	const char *path = session->options->policy;

	loaded->policy = session_read(session, path, &loaded->diags, err);
	if (!loaded->policy) {
		if (err->kind)
			snprintf(ret_unusable, room, "%s", err->message);
		else
			snprintf(ret_unusable, room, "%.400s is not valid ('sockgate check' says why)", path);
		return err->kind == SG_ERROR_MEMORY ? -1 : 0;
	}
	return sg_policy_lower(loaded->policy, session->idd, &loaded->decision, err) < 0 ||
			       here_make(session, loaded, kernel, here, err) < 0
		       ? -1
		       : 0;
}

static int exit_code_of(const struct sg_status_report *report, const struct sg_error *policy_error)
{
	if (!report->loaded)
		return EXIT_NO;
	if (report->lockdown)
		return EXIT_LOCKED;
	if (!report->policy)
		return policy_error->kind ? sg_error_exit_code(policy_error) : EXIT_USAGE;
	if (report->equal == SG_UNDECIDED)
		return EXIT_UNDECIDED;
	return report->equal == SG_PROVEN ? EXIT_YES : EXIT_NO;
}

/* The control groups that the rules in the kernel know. */
struct known {
	struct sg_cgroup *items;
	size_t count;
	/* of the policy's units, those that are not among them */
	const char **units;
	bool *runs;
	size_t unit_count;
};

static void known_clear(struct known *known)
{
	free(known->items);
	free(known->units);
	free(known->runs);
}

/* All conditions of the diagram so far are the kernel's: the policy is not read yet. */
static int known_read(const struct sg_idd *idd, struct known *ret, struct sg_error *err)
{
	size_t levels = sg_idd_levels(idd);

	ret->items = calloc(levels + 1, sizeof(*ret->items));
	if (!ret->items)
		return sg_error_nomem(err);
	for (size_t i = 0; i < levels; i++) {
		const struct sg_condition *condition = sg_condition_of(idd, i);

		if (condition && condition->kind == SG_CONDITION_SOCKET)
			ret->items[ret->count++] = (struct sg_cgroup){condition->depth, condition->cgroup};
	}
	return 0;
}

static bool known_has(const struct known *known, const struct sg_unit *unit)
{
	for (size_t place = 0; place < unit->place_count; place++) {
		size_t i = 0;

		while (i < known->count && (known->items[i].depth != unit->places[place].depth ||
					    known->items[i].id != unit->places[place].id))
			i++;
		if (i == known->count)
			return false;
	}
	return unit->state == SG_UNIT_HERE;
}

/* The policy's units that are elsewhere now than where the rules look for them. */
static int known_compare(struct known *known, const struct sg_policy *policy, const struct here *here,
			 struct sg_error *err)
{
	size_t lines = sg_policy_lines(policy);

	known->units = calloc(lines + 1, sizeof(*known->units));
	known->runs = calloc(lines + 1, sizeof(*known->runs));
	if (!known->units || !known->runs)
		return sg_error_nomem(err);
	for (size_t i = 0; i < lines; i++) {
		const char *name = sg_policy_line(policy, i)->unit;
		struct sg_unit unit;
		size_t at = 0;

		if (!name)
			continue;
		unit = sg_units_get(&here->units, name);
		while (at < known->unit_count && strcmp(known->units[at], name) != 0)
			at++;
		if (at < known->unit_count || unit.state == SG_UNIT_UNENFORCED || known_has(known, &unit))
			continue;
		known->units[known->unit_count] = name;
		known->runs[known->unit_count++] = unit.state == SG_UNIT_HERE;
	}
	return 0;
}

static int count_changes(const struct session *session, const struct rules *rules, const struct here *here, size_t *ret,
			 struct sg_error *err)
{
	sg_cleanup(sg_diff_clear) struct sg_diff diff = {0};
	struct sg_subject kernel = sg_subject_of_kernel(&rules->evaluation, session_moment(session), &here->finder);

	if (sg_diff(&kernel, &here->subject, &diff, err) < 0)
		return -1;
	*ret = diff.sum.changes;
	return 0;
}

static int compare(const struct session *session, struct rules *rules, const struct here *here,
		   struct sg_status_report *report, struct sg_error *err)
{
	struct sg_packet packet;
	size_t unknown;

	progress_say("comparing");
	if (sg_evaluation_compare(&rules->evaluation, &here->decision, &report->equal, &packet, &unknown, err) < 0)
		return -1;
	if (report->equal == SG_PROVEN) {
		if (sg_evaluation_compare_logs(&rules->evaluation, &here->decision, &report->equal, &packet, &unknown,
					       err) < 0)
			return -1;
		report->logs_alone = report->equal != SG_PROVEN;
	}
	if (report->equal == SG_UNDECIDED)
		report->unknown = rules->evaluation.unknowns[unknown].reason;
	return report->equal == SG_REFUTED ? count_changes(session, rules, here, &report->changes, err) : 0;
}

/* What the table says of itself. */
static int read_note(const struct session *session, const struct sg_table *table, struct sg_mark *mark,
		     struct sg_status_report *report, struct sg_error *err)
{
	static const uint8_t nowhere[sizeof(mark->place)];
	uint8_t place[sizeof(mark->place)];

	if (!sg_mark_read(table, mark))
		return 0;
	report->applied_digest = mark->digest;
	report->applied_file = mark->policy;
	report->applied = mark->applied;
	sg_mark_place(session->options->policy, place);
	/* what came from standard input, or is gone, has no place: its name is all there is */
	report->same_file = memcmp(place, nowhere, sizeof(place)) && memcmp(mark->place, nowhere, sizeof(place))
				    ? !memcmp(place, mark->place, sizeof(place))
				    : !strcmp(mark->policy, session->options->policy);
	return sg_mark_holds(table, mark, &report->unchanged, err);
}

int verb_status(struct session *session)
{
	sg_cleanup(loaded_clear) struct loaded loaded = {0};
	sg_cleanup(rules_clear) struct rules rules = {0};
	sg_cleanup(here_clear) struct here here = {0};
	sg_cleanup(known_clear) struct known known = {0};
	sg_cleanup(besides_clear) struct besides besides = {0};
	struct sg_error err = {0}, policy_error = {0};
	struct sg_status_report report = {.policy_file = session->options->policy, .now = (uint64_t)session->now};
	char unusable[700] = "", reason[SG_MARK_NAME_SIZE];
	uint8_t digest[16];
	struct sg_mark mark;
	int code;

	if (rules_read(session, &rules, &err) < 0 || besides_read(rules.kernel, NULL, &besides, &err) < 0 ||
	    known_read(session->idd, &known, &err) < 0)
		return session_fail(session, &err);
	if (read_policy(session, rules.kernel, &loaded, &here, unusable, sizeof(unusable), &policy_error) < 0)
		return session_fail(session, &policy_error);
	report.loaded = rules.table != NULL;
	report.owner = sg_table_owner(rules.table);
	report.policy = loaded.policy;
	report.unusable = unusable;
	if (loaded.policy) {
		sg_mark_digest(session->files, digest);
		report.digest = digest;
	}
	if (rules.table && ((loaded.policy && (compare(session, &rules, &here, &report, &err) < 0 ||
					       known_compare(&known, loaded.policy, &here, &err) < 0)) ||
			    read_note(session, rules.table, &mark, &report, &err) < 0))
		return session_fail(session, &err);
	/* the same text and the same rules: then the units are the reason. Otherwise there may be others. */
	if (loaded.policy && report.equal == SG_REFUTED && report.unchanged && report.same_file &&
	    !memcmp(report.applied_digest, digest, sizeof(digest))) {
		report.units = known.units;
		report.unit_runs = known.runs;
		report.unit_count = known.unit_count;
	}
	if (lockdown_is_in_force(rules.table, reason, sizeof(reason)))
		report.lockdown = reason;
	report.besides = besides_report(&besides);
	report.files = session->files;
	report.verbose = session->options->verbose;
	code = exit_code_of(&report, &policy_error);
	if (session->options->json)
		sg_render_status_json(&session->answer, &report);
	else if (!session->options->quiet || code != EXIT_YES)
		sg_render_status(&session->answer, &session->style, &report);
	return session_finish(session, code);
}
