/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listening: every listening socket, its owner, and who can reach it. */
#include "cli/besides.h"
#include "cli/host.h"
#include "cli/verbs.h"

#include "base/mem.h"
#include "cli/progress.h"

int verb_listening(struct session *session)
{
	sg_cleanup(sockets_clear) struct sockets sockets = {0};
	sg_cleanup(rules_clear) struct rules rules = {0};
	sg_cleanup(sg_reaches_clear) struct sg_reaches reaches = {0};
	sg_cleanup(besides_clear) struct besides besides = {0};
	struct sg_listening_report report = {.listeners = &sockets.list, .local = &sockets.local};
	struct sg_error err = {0}, unread = {0};

	if (sockets_read(&sockets, &err) < 0)
		return session_fail(session, &err);
	/* without the rights to read rules, the sockets alone are worth a list */
	if (rules_read(session, &rules, &unread) < 0 && unread.kind != SG_ERROR_SYSTEM)
		return session_fail(session, &unread);
	if (unread.kind) {
		report.unread = unread.message;
	} else {
		progress_say("working out who can reach them");
		if (besides_read(rules.kernel, &sockets.list, &besides, &err) < 0 ||
		    sg_reaches_find(&rules.subject, &sockets.list, &sockets.local, &reaches, &err) < 0)
			return session_fail(session, &err);
		report.reach = &reaches;
		report.enforcing = rules.table != NULL;
		report.besides = besides_report(&besides);
	}
	if (session->options->json)
		sg_render_listening_json(&session->answer, &report);
	else if (!session->options->quiet)
		sg_render_listening(&session->answer, &session->style, &report);
	return session_finish(session, EXIT_YES);
}
