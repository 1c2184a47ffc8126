/* SPDX-License-Identifier: GPL-2.0-or-later */
/* show: the rules that the policy becomes, or that the kernel holds. */
#include "cli/session.h"
#include "cli/verbs.h"

#include "base/mem.h"
#include "cli/here.h"
#include "cli/progress.h"
#include "sockgate/kernel_rules.h"
#include "sockgate/listing.h"
#include "sockgate/rules.h"

static int show(struct session *session, const char *source, const struct sg_table *table)
{
	const struct options *options = session->options;
	bool json = options->json || options->format == SHOW_JSON;
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0};
	struct sg_error err = {0};

	if (!json && options->format == SHOW_SUMMARY) {
		sg_render_table(&session->answer, &session->style, table);
		return session_finish(session, EXIT_YES);
	}
	progress_say("writing the rules");
	if (sg_listing_table(table, &text, &err) < 0)
		return session_fail(session, &err);
	if (text.failed) {
		sg_error_nomem(&err);
		return session_fail(session, &err);
	}
	if (json)
		sg_render_table_json(&session->answer, source, table, text.data);
	else
		sg_buf_add(&session->answer, text.data, text.size);
	return session_finish(session, EXIT_YES);
}

static int show_policy(struct session *session)
{
	sg_cleanup(loaded_clear) struct loaded loaded = {0};
	sg_cleanup(here_clear) struct here here = {0};
	sg_cleanup(sg_table_clear) struct sg_table table = {0};
	struct sg_error err = {0};
	int code;

	if (session_load(session, session->options->policy, LOAD_ONLY, &loaded, &code) < 0)
		return code;
	/* what the kernel can do is not asked: that takes rights */
	if (here_make(session, &loaded, NULL, &here, &err) < 0)
		return session_fail(session, &err);
	here_say(session, &here);
	progress_say("compiling the policy");
	if (sg_rules_of_policy(loaded.policy, &here.decision, &table, &err) < 0)
		return session_fail(session, &err);
	return show(session, "policy", &table);
}

static int show_kernel(struct session *session)
{
	const struct sg_dump what = {SG_DUMP_TABLE, SG_TABLE_FAMILY, SG_TABLE_NAME};
	sg_cleanup(sg_ruleset_clear) struct sg_ruleset ruleset = {0};
	struct sg_kernel *kernel = NULL;
	const struct sg_table *table;
	struct sg_error err = {0};
	int result;

	progress_say("reading the kernel's rules");
	if (sg_kernel_open(&kernel, &err) < 0)
		return session_fail(session, &err);
	result = sg_kernel_dump(kernel, &what, &ruleset, &err);
	sg_kernel_close(kernel);
	if (result < 0)
		return session_fail(session, &err);
	table = sg_ruleset_table(&ruleset, SG_TABLE_FAMILY, SG_TABLE_NAME);
	if (table)
		return show(session, "kernel", table);
	if (session->options->json || session->options->format == SHOW_JSON)
		sg_render_table_json(&session->answer, "kernel", NULL, NULL);
	else
		session_note(session, "no sockgate table in the kernel\n");
	return session_finish(session, EXIT_NO);
}

int verb_show(struct session *session)
{
	struct sg_error err = {0};

	if (session->options->kernel && session->options->argument_count) {
		sg_error_set(&err, SG_ERROR_INPUT, 0, "--kernel shows what the kernel holds, and reads no policy");
		return session_fail(session, &err);
	}
	return session->options->kernel ? show_kernel(session) : show_policy(session);
}
