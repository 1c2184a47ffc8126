/* SPDX-License-Identifier: GPL-2.0-or-later */
/* apply: the policy into the kernel, proven; not when it would lock out who asks for it. */
#include "cli/difference.h"
#include "cli/host.h"
#include "cli/verbs.h"

#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"
#include "cli/progress.h"
#include "sockgate/apply.h"
#include "sockgate/kernel_local.h"

static void close_kernel(struct sg_kernel **kernel)
{
	sg_kernel_close(*kernel);
}

/* 0: nobody is locked out. 1: refused and reported, *ret_exit is set. -1 with err. */
static int guard(struct session *session, const struct loaded *loaded, int *ret_exit, struct sg_error *err)
{
	sg_cleanup(sg_local_addresses_clear) struct sg_local_addresses local = {0};
	struct sg_subject policy = sg_subject_of_policy(loaded->policy, &loaded->decision);
	char interface[SG_INTERFACE_NAME_SIZE];
	struct sg_connection connection;
	struct sg_lockout lockout;
	struct sg_diff_report report = {
		.to = &policy, .files = session->files, .connection = &connection, .lockout = &lockout};
	struct sg_buf text = {0};

	if (sg_kernel_local_addresses(&local, err) < 0)
		return -1;
	if (!ssh_connection(&connection, &local, interface))
		return 0;
	if (sg_lockout_check(&policy, &connection, &lockout, err) < 0)
		return -1;
	if (lockout.accepted)
		return 0;
	if (session->options->json)
		sg_render_lockout_json(&session->answer, &report);
	sg_buf_adds(&text, "sockgate: error: not applied: ");
	sg_render_cut(&text, &report);
	if (lockout.because.line.kind == SG_ORIGIN_LINE)
		sg_buf_adds(&text, "\n(change that line, or give --force)\n");
	else
		sg_buf_addf(&text, "\n(allow port %u in the policy, or give --force)\n", connection.port);
	progress_end();
	sg_fd_write_all(STDERR_FILENO, text.data, text.size, NULL);
	sg_buf_clear(&text);
	*ret_exit = session_finish(session, EXIT_NO);
	return 1;
}

/* What the kernel said of the policy's lines comes before the error. */
static int refused(struct session *session, const struct sg_diags *diags, const struct sg_error *err)
{
	struct sg_buf text = {0};

	sg_render_diags(&text, &session->error_style, session->files, diags);
	progress_end();
	if (text.size)
		sg_fd_write_all(STDERR_FILENO, text.data, text.size, NULL);
	sg_buf_clear(&text);
	return session_fail(session, err);
}

static int load(struct session *session, const struct loaded *loaded)
{
	const struct sg_apply_input input = {loaded->policy, &loaded->decision, session->files};
	static const char *const outcomes[] = {"unchanged", "created", "updated", "replaced"};
	sg_cleanup(close_kernel) struct sg_kernel *kernel = NULL;
	sg_cleanup(sg_diags_clear) struct sg_diags diags = {0};
	struct sg_apply_result result;
	struct sg_error err = {0};
	struct sg_apply_report report;

	progress_say("loading the policy and proving it");
	if (sg_kernel_open(&kernel, &err) < 0)
		return session_fail(session, &err);
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
	};
	if (session->options->json)
		sg_render_apply_json(&session->answer, &report);
	else if (!session->options->quiet)
		sg_render_apply(&session->answer, &session->style, &report);
	return session_finish(session, EXIT_YES);
}

int verb_apply(struct session *session)
{
	const struct options *options = session->options;
	sg_cleanup(loaded_clear) struct loaded loaded = {0};
	struct sg_error err = {0};
	int code;

	if (options->dry_run)
		return difference_from_kernel(session, options->policy, LOAD_WITH_TESTS);
	if (session_load(session, options->policy, LOAD_WITH_TESTS, &loaded, &code) < 0)
		return code;
	if (!options->force) {
		int guarded = guard(session, &loaded, &code, &err);

		if (guarded < 0)
			return session_fail(session, &err);
		if (guarded)
			return code;
	}
	return load(session, &loaded);
}
