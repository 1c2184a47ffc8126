/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status: whether the policy is in force, in one line, and what else there is to know. */
#include "cli/here.h"
#include "cli/host.h"
#include "cli/lockdown.h"
#include "cli/verbs.h"

#include <stdio.h>
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

static int compare(struct rules *rules, const struct here *here, struct sg_status_report *report, struct sg_error *err)
{
	struct sg_packet packet;
	size_t unknown;

	progress_say("comparing");
	if (sg_evaluation_compare(&rules->evaluation, &here->decision, &report->equal, &packet, &unknown, err) < 0)
		return -1;
	if (report->equal == SG_UNDECIDED)
		report->unknown = rules->evaluation.unknowns[unknown].reason;
	return 0;
}

int verb_status(struct session *session)
{
	sg_cleanup(loaded_clear) struct loaded loaded = {0};
	sg_cleanup(rules_clear) struct rules rules = {0};
	sg_cleanup(here_clear) struct here here = {0};
	struct sg_error err = {0}, policy_error = {0};
	struct sg_status_report report = {.policy_file = session->options->policy, .now = (uint64_t)session->now};
	char unusable[700] = "", reason[SG_MARK_NAME_SIZE];
	uint8_t digest[16];
	struct sg_mark mark;
	int code;

	if (rules_read(session, &rules, &err) < 0)
		return session_fail(session, &err);
	if (read_policy(session, rules.kernel, &loaded, &here, unusable, sizeof(unusable), &policy_error) < 0)
		return session_fail(session, &policy_error);
	report.loaded = rules.table != NULL;
	report.policy = loaded.policy;
	report.unusable = unusable;
	if (loaded.policy) {
		sg_mark_digest(session->files, digest);
		report.digest = digest;
	}
	if (rules.table && loaded.policy && compare(&rules, &here, &report, &err) < 0)
		return session_fail(session, &err);
	if (rules.table && sg_mark_read(rules.table, &mark)) {
		report.applied_digest = mark.digest;
		report.applied_file = mark.policy;
		report.applied = mark.applied;
	}
	if (lockdown_is_in_force(rules.table, reason, sizeof(reason)))
		report.lockdown = reason;
	report.foreign = rules.foreign;
	report.foreign_count = rules.foreign_count;
	code = exit_code_of(&report, &policy_error);
	if (session->options->json)
		sg_render_status_json(&session->answer, &report);
	else if (!session->options->quiet || code != EXIT_YES)
		sg_render_status(&session->answer, &session->style, &report);
	return session_finish(session, code);
}
