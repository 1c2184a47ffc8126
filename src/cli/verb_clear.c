/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clear: takes our table away. */
#include "cli/besides.h"
#include "cli/comeback.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"
#include "sockgate/apply.h"

/* 1: yes. 0: no. */
static bool asked_and_agreed(struct session *session)
{
	char answer[16];

	session_note(session, "take sockgate's table away? the ports that it closes are then open, as far as nothing else closes them [y/N] ");
	if (!fgets(answer, sizeof(answer), stdin))
		return false;
	return !strcmp(answer, "y\n") || !strcmp(answer, "yes\n") || !strcmp(answer, "Y\n");
}

int verb_clear(struct session *session)
{
	const struct options *options = session->options;
	sg_cleanup(sg_kernel_clear) struct sg_kernel *kernel = NULL;
	sg_cleanup(besides_clear) struct besides besides = {0};
	struct sg_besides others, *known = NULL;
	struct sg_error err = {0};
	bool was_there = false;

	if (!options->force && !isatty(STDIN_FILENO)) {
		sg_error_set(&err, SG_ERROR_INPUT, 0, "'clear' asks on a terminal; elsewhere it wants --force");
		return session_fail(session, &err);
	}
	if (!options->force && !asked_and_agreed(session)) {
		session_note(session, "nothing was changed\n");
		return session_finish(session, EXIT_NO);
	}
	if (sg_kernel_open(&kernel, &err) < 0 || sg_apply_clear(kernel, &was_there, &err) < 0)
		return session_fail(session, &err);
	comeback_forget();
	session->done = "no policy is enforced any more";
	if (besides_read(kernel, NULL, &besides, &err) == 0) {
		others = besides_report(&besides);
		known = &others;
	}
	if (options->json)
		sg_render_clear_json(&session->answer, was_there, known);
	else if (!options->quiet)
		sg_render_clear(&session->answer, &session->style, was_there, known);
	return session_finish(session, EXIT_YES);
}
