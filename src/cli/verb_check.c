/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check: reads policies, reports all errors, proves their tests. */
#include "cli/session.h"
#include "cli/verbs.h"

#include <string.h>
#include "base/mem.h"
#include "base/text.h"
#include "sockgate/render_language.h"

static void clear_reports(struct sg_check_report *reports, struct loaded *loaded, size_t count)
{
	for (size_t i = 0; i < count; i++)
		loaded_clear(&loaded[i]);
	free(reports);
	free(loaded);
}

/* One file: 0, 1 or 2 in *ret_code; -1 when something else than the policy is wrong. */
static int check_file(struct session *session, const char *path, struct loaded *loaded, struct sg_check_report *report,
		      int *ret_code, struct sg_error *err)
{
	*report = (struct sg_check_report){.file = path,
					   .files = session->files,
					   .diags = &loaded->diags,
					   .first_file = sg_files_count(session->files)};
	loaded->policy = session_read(session, path, &loaded->diags, err);
	report->file_end = sg_files_count(session->files);
	if (!loaded->policy) {
		*ret_code = EXIT_USAGE;
		return err->kind ? -1 : 0;
	}
	report->policy = loaded->policy;
	if (sg_policy_lower(loaded->policy, session->idd, &loaded->decision, err) < 0 ||
	    loaded_prove(session, loaded, &report->tests, err) < 0)
		return -1;
	*ret_code = report->tests.failed || sg_diags_failed(&loaded->diags) ? EXIT_NO : EXIT_YES;
	return 0;
}

static void add_text(struct session *session, const struct sg_check_report *report, int code)
{
	/* quiet: what is wrong or may be is said all the same, but not that all is well */
	if (!session->options->quiet || code != EXIT_YES)
		sg_render_check(&session->answer, &session->style, report);
	else if (report->diags->warnings)
		sg_render_diags(&session->answer, &session->style, report->files, report->diags);
}

static int check_files(struct session *session)
{
	const struct options *options = session->options;
	size_t count = options->argument_count ? options->argument_count : 1;
	bool at_once = options->json || options->sarif; /* one answer for all files */
	struct sg_check_report *reports = calloc(count, sizeof(*reports));
	struct loaded *loaded = calloc(count, sizeof(*loaded));
	struct sg_error first = {0};
	int result = EXIT_YES;

	if (!reports || !loaded) {
		sg_error_nomem(&first);
		clear_reports(reports, loaded, 0);
		return session_fail(session, &first);
	}
	for (size_t i = 0; i < count; i++) {
		const char *path = options->argument_count ? options->arguments[i] : options->policy;
		struct sg_error err = {0};
		int code = EXIT_YES;

		if (check_file(session, path, &loaded[i], &reports[i], &code, &err) < 0) {
			first = first.kind ? first : err;
			code = sg_error_exit_code(&err);
			if (!at_once)
				session_report(session, &err);
		} else if (!at_once) {
			add_text(session, &reports[i], code);
		}
		result = code > result ? code : result;
	}
	if (first.kind && at_once) {
		result = session_fail(session, &first);
	} else {
		if (options->sarif)
			sg_render_check_sarif(&session->answer, SOCKGATE_VERSION, reports, count);
		else if (options->json)
			sg_render_check_json(&session->answer, "check", reports, count, options->verbose);
		result = session_finish(session, result);
	}
	clear_reports(reports, loaded, count);
	return result;
}

static int list_lints(struct session *session)
{
	if (session->options->json)
		sg_render_lints_json(&session->answer, "check");
	else
		sg_render_lints(&session->answer);
	return session_finish(session, EXIT_YES);
}

static int print_schema(struct session *session)
{
	sg_render_schema(&session->answer);
	return session_finish(session, EXIT_YES);
}

static int unknown_key(struct session *session, const char *name)
{
	const char *near = sg_text_nearest(name, sg_key_next_name, NULL);
	struct sg_error err = {0};

	if (near)
		sg_error_set(&err, SG_ERROR_INPUT, 0, "unknown key '%.60s', did you mean '%s'?", name, near);
	else
		sg_error_set(&err, SG_ERROR_INPUT, 0, "unknown key '%.60s', see sockgate.yaml(5)", name);
	return session_fail(session, &err);
}

/* A key alone, or with those above it: baseline.ping. */
static int explain_key(struct session *session)
{
	const char *dot = strrchr(session->options->key, '.');
	const char *name = dot ? dot + 1 : session->options->key;
	const struct sg_key *key = sg_key_find(name);

	if (!key)
		return unknown_key(session, name);
	if (session->options->json)
		sg_render_key_json(&session->answer, key);
	else
		sg_render_key(&session->answer, key);
	return session_finish(session, EXIT_YES);
}

int verb_check(struct session *session)
{
	const struct options *options = session->options;
	struct sg_error err = {0};

	if (options->list_lints + options->schema + !!options->key > 1)
		sg_error_set(&err, SG_ERROR_INPUT, 0, "--explain, --list-lints and --schema are three questions");
	else if (options->json && options->sarif)
		sg_error_set(&err, SG_ERROR_INPUT, 0, "--json and --sarif are two forms of the answer");
	else if (options->argument_count && (options->schema || options->key))
		sg_error_set(&err, SG_ERROR_INPUT, 0, "--explain and --schema read no file");
	if (err.kind)
		return session_fail(session, &err);
	if (options->schema)
		return print_schema(session);
	if (options->key)
		return explain_key(session);
	return options->list_lints ? list_lints(session) : check_files(session);
}
