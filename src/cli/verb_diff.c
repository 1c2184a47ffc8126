/* SPDX-License-Identifier: GPL-2.0-or-later */
/* diff: which packets would be decided otherwise; apply --dry-run is the same from the kernel to the policy. */
#include "cli/besides.h"
#include "cli/applied.h"
#include "cli/connections.h"
#include "cli/difference.h"
#include "cli/here.h"
#include "cli/lockdown.h"
#include "cli/verbs.h"

#include <string.h>
#include "base/mem.h"
#include "cli/progress.h"

static int exit_code_of(enum sg_answer equal)
{
	switch (equal) {
	case SG_PROVEN: return EXIT_YES;
	case SG_REFUTED: return EXIT_NO;
	case SG_UNDECIDED: break;
	}
	return EXIT_UNDECIDED;
}

static int answer(struct session *session, const struct sg_diff_report *report)
{
	if (session->options->json)
		sg_render_diff_json(&session->answer, session->options->verb->name, report);
	else if (!session->options->quiet)
		sg_render_diff(&session->answer, &session->style, report);
	return session_finish(session, exit_code_of(report->diff->equal));
}

static int between_files(struct session *session, const char *from_path, const char *to_path)
{
	sg_cleanup(loaded_clear) struct loaded from = {0};
	sg_cleanup(loaded_clear) struct loaded to = {0};
	sg_cleanup(sg_diff_clear) struct sg_diff diff = {0};
	struct sg_subject from_subject, to_subject;
	struct sg_error err = {0};
	int code;

	if (session_load(session, from_path, LOAD_ONLY, &from, &code) < 0 ||
	    session_load(session, to_path, LOAD_ONLY, &to, &code) < 0)
		return code;
	from_subject = loaded_subject(session, &from, NULL);
	to_subject = loaded_subject(session, &to, NULL);
	progress_say("comparing");
	if (sg_diff(&from_subject, &to_subject, &diff, &err) < 0)
		return session_fail(session, &err);
	return answer(session, &(struct sg_diff_report){
				       .from = &from_subject,
				       .to = &to_subject,
				       .from_name = from_path,
				       .to_name = to_path,
				       .files = session->files,
				       .diff = &diff,
			       });
}

int difference_from_kernel(struct session *session, const char *path, enum loading loading)
{
	sg_cleanup(loaded_clear) struct loaded loaded = {0};
	sg_cleanup(rules_clear) struct rules rules = {0};
	sg_cleanup(here_clear) struct here here = {0};
	sg_cleanup(sockets_clear) struct sockets sockets = {0};
	sg_cleanup(sg_diff_clear) struct sg_diff diff = {0};
	sg_cleanup(sg_affected_clear) struct sg_affected affected = {0};
	sg_cleanup(cutting_clear) struct cutting cutting = {0};
	sg_cleanup(besides_clear) struct besides besides = {0};
	sg_cleanup(applied_clear) struct applied applied = {0};
	struct sg_diff_report report = {
		.files = session->files, .from_name = "the kernel", .from_kernel = true, .to_name = path};
	const struct sg_subject *policy = &here.subject;
	struct sg_error err = {0};
	int code;

	session->at_failure = lockdown_say_of_kernel;
	if (session_load(session, path, loading, &loaded, &code) < 0)
		return code;
	session->at_failure = NULL;
	if (rules_read(session, &rules, &err) < 0 || sockets_read(&sockets, &err) < 0 ||
	    here_make(session, &loaded, rules.kernel, &here, &err) < 0 ||
	    here_interfaces(session, &loaded, &sockets.local, &here, &err) < 0 ||
	    besides_read(rules.kernel, &sockets.list, &besides, &err) < 0)
		return session_fail(session, &err);
	here_say(session, &here);
	lockdown_say(session, rules.table);
	rules.subject.units = &here.finder;
	progress_say("comparing");
	if (sg_diff(&rules.subject, policy, &diff, &err) < 0 ||
	    sg_affected(&rules.subject, policy, &sockets.list, &sockets.local, &affected, &err) < 0)
		return session_fail(session, &err);
	report.from = &rules.subject;
	report.to = policy;
	report.diff = &diff;
	report.listeners = &sockets.list;
	report.affected = &affected;
	if (cutting_session(&cutting, policy, &sockets, &err) < 0 ||
	    cutting_find(&cutting, &rules.subject, policy, &sockets, &err) < 0 || cutting_owners(&cutting, &err) < 0)
		return session_fail(session, &err);
	report.cut = cutting_report(&cutting, policy, session->files, &sockets);
	report.from_open = !rules.table;
	report.besides = besides_report(&besides);
	if (applied_find(session, &rules, policy, &diff, &applied, &err) < 0)
		return session_fail(session, &err);
	if (applied.found) {
		report.applied = &applied.here.subject;
		report.applied_diff = &applied.diff;
	}
	return answer(session, &report);
}

int verb_diff(struct session *session)
{
	const struct options *options = session->options;
	struct sg_error err = {0};

	if (options->argument_count == 2 && !strcmp(options->arguments[0], "-") &&
	    !strcmp(options->arguments[1], "-")) {
		sg_error_set(&err, SG_ERROR_INPUT, 0, "standard input cannot be both policies at once");
		return session_fail(session, &err);
	}
	if (options->argument_count == 2)
		return between_files(session, options->arguments[0], options->arguments[1]);
	return difference_from_kernel(session, options->argument_count ? options->arguments[0] : options->policy,
				      LOAD_ONLY);
}
