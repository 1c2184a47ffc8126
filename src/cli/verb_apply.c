/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply: the policy into the kernel, proven; not when it would lock out who asks for it. */
#include "cli/connections.h"
#include "cli/difference.h"
#include "cli/here.h"
#include "cli/lockdown.h"
#include "cli/verbs.h"

#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"
#include "cli/progress.h"
#include "sockgate/apply.h"
#include "sockgate/kernel_listeners.h"
#include "sockgate/kernel_local.h"

static void close_kernel(struct sg_kernel **kernel)
{
	sg_kernel_close(*kernel);
}

/* Whom a policy would cut off, and what it takes to tell. */
struct watched {
	const struct here *here;
	struct sockets sockets;
	struct cutting cutting;
};

static void watched_clear(struct watched *watched)
{
	sockets_clear(&watched->sockets);
	cutting_clear(&watched->cutting);
}

/* Refused, and reported. */
static int refuse(struct session *session, const struct sg_cuts_report *report)
{
	struct sg_buf text = {0};

	if (session->options->json)
		sg_render_lockout_json(&session->answer, report);
	session_failed(session, "it would cut off the SSH session that it is applied from");
	sg_buf_adds(&text, "sockgate: error: not applied: ");
	sg_render_session(&text, report);
	if (report->lockout->because.line.kind == SG_ORIGIN_LINE)
		sg_buf_adds(&text, "\n(change that line, or give --force)\n");
	else
		sg_buf_addf(&text, "\n(allow port %u in the policy, or give --force)\n", report->session->port);
	progress_end();
	sg_fd_write_all(STDERR_FILENO, text.data, text.size, NULL);
	sg_buf_clear(&text);
	return session_finish(session, EXIT_NO);
}

/*
 * The connections of others. What the kernel does now is only worked out when the policy refuses one of them: what is
 * refused already is not cut off.
 */
static int find_others(struct session *session, struct watched *watched, struct sg_error *err)
{
	sg_cleanup(rules_clear) struct rules rules = {0};

	if ((!watched->here->units.count && sg_sockdiag_listeners(&watched->sockets.list, err) < 0) ||
	    cutting_find(&watched->cutting, NULL, &watched->here->subject, &watched->sockets, err) < 0)
		return -1;
	if (!watched->cutting.cuts.count)
		return 0;
	if (rules_read(session, &rules, err) < 0)
		return -1;
	return cutting_find(&watched->cutting, &rules.subject, &watched->here->subject, &watched->sockets, err);
}

static int warn_of_others(struct session *session, struct watched *watched, struct sg_error *err)
{
	const struct sg_cuts_report report =
		cutting_report(&watched->cutting, &watched->here->subject, session->files, &watched->sockets);
	const struct options *options = session->options;
	const struct cutting *cutting = &watched->cutting;
	struct sg_buf text = {0};

	if (!cutting->cuts.count && !report.session)
		return 0;
	if ((options->json || options->verbose || !cutting->session_known) &&
	    cutting_owners(&watched->cutting, err) < 0)
		return -1;
	if (report.session) {
		sg_buf_adds(&text, "sockgate: warning: ");
		sg_render_session(&text, &report);
		sg_buf_addc(&text, '\n');
	}
	if (cutting->cuts.count) {
		sg_buf_adds(&text, "sockgate: warning: cuts off ");
		sg_render_cuts_sum(&text, &cutting->cuts);
		sg_buf_adds(&text, options->verbose ? "\n" : " (--verbose lists them)\n");
	}
	if (!cutting->session_known && cutting_ssh(cutting))
		sg_buf_addf(&text,
			    "sockgate: warning: SSH sessions among them: %zu; whether this runs in one is not known\n",
			    cutting_ssh(cutting));
	if (options->verbose)
		sg_render_cuts(&text, &session->error_style, &report);
	session_say(session, &text);
	return 0;
}

/* 0: nobody is locked out, or --force is given. 1: refused and reported, *ret_exit is set. -1 with err. */
static int guard(struct session *session, struct watched *watched, int *ret_exit, struct sg_error *err)
{
	struct sg_cuts_report report;

	/* where the policy names units, it matters who listens */
	if (watched->here->units.count &&
	    (sg_sockdiag_listeners(&watched->sockets.list, err) < 0 || sg_owners_find(&watched->sockets.list, err) < 0))
		return -1;
	if (sg_kernel_local_addresses(&watched->sockets.local, err) < 0 ||
	    cutting_session(&watched->cutting, &watched->here->subject, &watched->sockets, err) < 0)
		return -1;
	if (!watched->cutting.session_cut || session->options->force)
		return 0;
	report = cutting_report(&watched->cutting, &watched->here->subject, session->files, &watched->sockets);
	*ret_exit = refuse(session, &report);
	return 1;
}

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

static int load(struct session *session, struct sg_kernel *kernel, const struct loaded *loaded, const struct here *here,
		const struct sg_cuts_report *cut)
{
	const struct sg_apply_input input = {loaded->policy, &here->decision, session->files, NULL};
	static const char *const outcomes[] = {"unchanged", "created", "updated", "replaced"};
	sg_cleanup(sg_diags_clear) struct sg_diags diags = {0};
	struct sg_apply_result result;
	struct sg_error err = {0};
	struct sg_apply_report report;

	progress_say("loading the policy and proving it");
	if (sg_apply(kernel, &input, &diags, &result, &err) < 0)
		return refused(session, &diags, &err);
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
	};
	if (session->options->json)
		sg_render_apply_json(&session->answer, &report);
	else if (!session->options->quiet)
		sg_render_apply(&session->answer, &session->style, &report);
	return session_finish(session, EXIT_YES);
}

static int apply(struct session *session)
{
	const struct options *options = session->options;
	sg_cleanup(loaded_clear) struct loaded loaded = {0};
	sg_cleanup(here_clear) struct here here = {0};
	sg_cleanup(watched_clear) struct watched watched = {.here = &here};
	sg_cleanup(close_kernel) struct sg_kernel *kernel = NULL;
	struct sg_cuts_report cut;
	struct sg_error err = {0};
	int code, guarded;

	if (session_load(session, options->policy, LOAD_WITH_TESTS, &loaded, &code) < 0)
		return code;
	if (sg_kernel_open(&kernel, &err) < 0 || here_make(session, &loaded, kernel, &here, &err) < 0)
		return session_fail(session, &err);
	here_say(session, &here);
	guarded = guard(session, &watched, &code, &err);
	if (guarded > 0)
		return code;
	if (guarded < 0 && !options->force)
		return session_fail(session, &err);
	/* only a warning hangs on the rest: that it cannot be had is no reason to leave the host without its rules */
	if (guarded < 0 || find_others(session, &watched, &err) < 0 || warn_of_others(session, &watched, &err) < 0)
		session_note(session, "sockgate: warning: not known which connections are cut off: %s\n", err.message);
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
	code = apply(session);
	if (code != EXIT_YES && options->boot)
		lockdown_after_failure(session);
	return code;
}
