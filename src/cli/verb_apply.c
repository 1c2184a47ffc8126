/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply: the policy into the kernel, proven; not when it would lock out who asks for it. */
#include "cli/besides.h"
#include "cli/comeback.h"
#include "cli/difference.h"
#include "cli/guard.h"
#include "cli/here.h"
#include "cli/lockdown.h"
#include "cli/verbs.h"

#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"
#include "cli/progress.h"
#include "sockgate/apply.h"
#include "sockgate/kernel_local.h"

#define UNIT_ATTEMPTS 10 /* how often it begins again because a unit started */

/* What the kernel said of the policy's lines comes before the error. */
static int refused(struct session *session, const struct sg_diags *diags, const struct sg_error *err)
{
	struct sg_buf text = {0};

	session_failed_diags(session, diags);
	sg_render_diags(&text, &session->error_style, session->files, diags);
	progress_end();
	if (text.size)
		sg_fd_write_all(STDERR_FILENO, text.data, text.size, NULL);
	sg_buf_clear(&text);
	return session_fail(session, err);
}

/*
 * Units may start while this runs, and each may apply the policy then: whoever looked first may write last. So the
 * units are looked for again behind the transaction, until they are where they were.
 */
static int load_here(struct session *session, struct sg_kernel *kernel, const struct loaded *loaded, struct here *here,
		     struct sg_diags *diags, struct sg_apply_result *ret, struct sg_error *err)
{
	const struct sg_apply_input input = {loaded->policy, &here->decision, session->files, NULL};
	bool moved = true, changed = false;

	for (unsigned int i = 0; moved && i < UNIT_ATTEMPTS; i++) {
		if (sg_apply(kernel, &input, diags, ret, err) < 0 ||
		    here_again(session, loaded, kernel, here, &moved, err) < 0)
			return -1;
		if (ret->outcome == SG_APPLY_UNCHANGED && changed)
			ret->outcome = SG_APPLY_UPDATED;
		changed |= ret->outcome != SG_APPLY_UNCHANGED;
		if (moved)
			here_say(session, here);
	}
	if (moved)
		session_note(session, "sockgate: warning: units of the policy keep starting: apply it again\n");
	return 0;
}

static int load(struct session *session, struct sg_kernel *kernel, const struct loaded *loaded, struct here *here,
		const struct sg_cuts_report *cut)
{
	static const char *const outcomes[] = {"unchanged", "created", "updated", "replaced"};
	sg_cleanup(sg_diags_clear) struct sg_diags diags = {0};
	sg_cleanup(besides_clear) struct besides besides = {0};
	bool quiet = session->options->quiet && !session->options->json;
	struct sg_apply_result result;
	struct sg_error err = {0};
	struct sg_apply_report report;

	progress_say("loading the policy and proving it");
	if (load_here(session, kernel, loaded, here, &diags, &result, &err) < 0)
		return refused(session, &diags, &err);
	session->done = "the policy is in force and proven";
	/* the policy is in force: that this cannot be read is no failure of it */
	if (!quiet && besides_read(kernel, NULL, &besides, &err) < 0)
		session_note(session, "sockgate: warning: not known what else decides packets: %s\n", err.message);
	report = (struct sg_apply_report){
		.file = session->options->policy,
		.outcome = outcomes[result.outcome],
		.changed = result.outcome != SG_APPLY_UNCHANGED,
		.generation = result.generation,
		.attempts = result.attempts,
		.elements_added = result.elements_added,
		.elements_deleted = result.elements_deleted,
		.lines = sg_policy_lines(loaded->policy),
		.ports = result.ports,
		.sets = result.sets,
		.cut = cut,
		.besides = besides_report(&besides),
		.files = session->options->verbose ? session->files : NULL,
	};
	if (session->options->json)
		sg_render_apply_json(&session->answer, &report);
	else if (!session->options->quiet)
		sg_render_apply(&session->answer, &session->style, &report);
	return session_finish(session, EXIT_YES);
}

/* What is to be said of the interfaces that the policy names; -1: not to be applied without --force. */
static int look_at_interfaces(struct session *session, const struct loaded *loaded, struct here *here,
			      struct sg_error *err)
{
	sg_cleanup(sg_local_addresses_clear) struct sg_local_addresses local = {0};
	int result = sg_kernel_local_addresses(&local, err);

	if (result == 0)
		result = here_interfaces(session, loaded, &local, here, err);
	if (result > 0)
		result = sg_error_set(err, SG_ERROR_SYSTEM, 0,
				      "not applied: 'lo' is not the loopback device, and everything that comes in "
				      "through it would pass (rename it, or give --force)");
	return session->options->force ? 0 : result;
}

static int apply(struct session *session)
{
	const struct options *options = session->options;
	sg_cleanup(loaded_clear) struct loaded loaded = {0};
	sg_cleanup(here_clear) struct here here = {0};
	sg_cleanup(watched_clear) struct watched watched = {.here = &here};
	sg_cleanup(sg_kernel_clear) struct sg_kernel *kernel = NULL;
	struct sg_cuts_report cut;
	struct sg_error err = {0};
	int code, guarded;

	if (session_load(session, options->policy, LOAD_WITH_TESTS, &loaded, &code) < 0)
		return code;
	if (sg_kernel_open(&kernel, &err) < 0 || here_make(session, &loaded, kernel, &here, &err) < 0)
		return session_fail(session, &err);
	code = look_at_interfaces(session, &loaded, &here, &err);
	here_say(session, &here);
	if (code < 0)
		return session_fail(session, &err);
	guarded = guard(session, &watched, &code, &err);
	if (guarded > 0)
		return code;
	/* at the start of the machine nobody is there to be locked out, and no rules are worse */
	if (guarded < 0 && !options->force && !options->boot)
		return session_fail(session, &err);
	/* only a warning hangs on the rest: that it cannot be had is no reason to leave the host without its rules */
	if (guarded < 0 || guard_warn(session, &watched, &err) < 0)
		session_note(session, "sockgate: warning: not known which connections are cut off: %s\n", err.message);
	if (!cutting_keep(&watched.cutting, &watched.sockets, &err))
		session_note(session,
			     "sockgate: warning: connections that are there may stand still until their peers send "
			     "something, where outbound lines refuse what the host sends: %s\n",
			     err.message);
	cut = cutting_report(&watched.cutting, &here.subject, session->files, &watched.sockets);
	return load(session, kernel, &loaded, &here, &cut);
}

int verb_apply(struct session *session)
{
	const struct options *options = session->options;
	struct sg_error err = {0};
	int code;

	if (options->lockdown && (options->boot || options->dry_run))
		sg_error_set(&err, SG_ERROR_INPUT, 0, "--lockdown stands alone: it loads no policy");
	else if (options->boot && options->dry_run)
		sg_error_set(&err, SG_ERROR_INPUT, 0, "--boot loads the policy, and --dry-run does not");
	if (err.kind)
		return session_fail(session, &err);
	if (options->lockdown)
		return lockdown_for_unit(session);
	if (options->dry_run)
		return difference_from_kernel(session, options->policy, LOAD_WITH_TESTS);
	session->at_failure = options->boot ? lockdown_after_failure : NULL;
	code = apply(session);
	if (code == EXIT_YES)
		comeback_remember(session, true);
	else
		session_run_at_failure(session); /* the answer could not be written */
	return code;
}
