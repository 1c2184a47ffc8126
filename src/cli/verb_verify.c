/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify: policy, kernel and listening sockets held against each other. */
#include "cli/besides.h"
#include "cli/here.h"
#include "cli/host.h"
#include "cli/lockdown.h"
#include "cli/verbs.h"

#include "base/mem.h"
#include "cli/progress.h"

/* Findings that are facts weigh more than what could not be found out. */
static int exit_code_of(const struct sg_verify *verify)
{
	if (verify->conforms)
		return EXIT_YES;
	for (size_t i = 0; i < verify->count; i++)
		if (verify->findings[i].id != SG_FINDING_UNDECIDED && verify->findings[i].id != SG_FINDING_OUTSIDE &&
		    verify->findings[i].severity != SG_FINDING_NOTE)
			return EXIT_NO;
	return verify->equal == SG_REFUTED ? EXIT_NO : EXIT_UNDECIDED;
}

int verb_verify(struct session *session)
{
	sg_cleanup(loaded_clear) struct loaded loaded = {0};
	sg_cleanup(rules_clear) struct rules rules = {0};
	sg_cleanup(here_clear) struct here here = {0};
	sg_cleanup(sockets_clear) struct sockets sockets = {0};
	sg_cleanup(besides_clear) struct besides besides = {0};
	sg_cleanup(sg_verify_clear) struct sg_verify verify = {0};
	struct sg_verify_input input = {0};
	struct sg_verify_report report = {0};
	struct sg_subject policy;
	struct sg_error err = {0};
	int code;

	session->at_failure = lockdown_say_of_kernel;
	if (session_load(session, session->options->policy, LOAD_ONLY, &loaded, &code) < 0)
		return code;
	session->at_failure = NULL;
	if (rules_read(session, &rules, &err) < 0 || sockets_read(&sockets, &err) < 0 ||
	    here_make(session, &loaded, rules.kernel, &here, &err) < 0 ||
	    besides_read(rules.kernel, &sockets.list, &besides, &err) < 0)
		return session_fail(session, &err);
	lockdown_say(session, rules.table);
	input = (struct sg_verify_input){
		.policy = loaded.policy,
		.decision = &loaded.decision,
		.bound = &here.decision,
		.evaluation = rules.table ? &rules.evaluation : NULL,
		.foreign = besides.foreign,
		.foreign_count = besides.foreign_count,
		.outside = &besides.outside,
		.listeners = &sockets.list,
		.local = &sockets.local,
		.units = &here.finder,
		.now = session_moment(session),
	};
	progress_say("comparing policy, kernel and sockets");
	if (sg_verify(&input, &verify, &err) < 0)
		return session_fail(session, &err);
	policy = loaded_subject(session, &loaded, &here);
	rules.subject.units = &here.finder;
	report = (struct sg_verify_report){&input,        &verify, &policy, &rules.subject, session->options->policy,
					   session->files};
	code = exit_code_of(&verify);
	if (session->options->json)
		sg_render_verify_json(&session->answer, &report);
	else if (!session->options->quiet || code != EXIT_YES)
		sg_render_verify(&session->answer, &session->style, &report);
	return session_finish(session, code);
}
