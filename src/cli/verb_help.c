/* SPDX-License-Identifier: GPL-2.0-or-later */
/* help: the same as --help, as a verb. */
#include "cli/session.h"
#include "cli/verbs.h"

int verb_help(struct session *session)
{
	const struct options *options = session->options;
	const struct verb *verb = NULL;
	struct sg_error err = {0};

	if (options->argument_count) {
		verb = options_find_verb(options->arguments[0], &err);
		if (!verb)
			return session_fail(session, &err);
	}
	options_help(verb, &session->answer);
	return session_finish(session, EXIT_YES);
}
