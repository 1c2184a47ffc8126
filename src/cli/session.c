/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/session.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"
#include "cli/cured.h"
#include "cli/progress.h"
#include "cli/watchdog.h"

#define PLAIN_WIDTH 100 /* columns where there is no terminal to ask */

static unsigned int width_of(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return PLAIN_WIDTH;
	return size.ws_col < 40 ? 40 : size.ws_col;
}

static bool colour_on(int fd, int mode)
{
	const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (mode != COLOUR_AUTO)
		return mode == COLOUR_ALWAYS;
	if (no_colour && *no_colour)
		return false;
	return isatty(fd) && terminal && strcmp(terminal, "dumb") != 0;
}

static struct sg_style style_of(const struct options *options, int fd)
{
	return (struct sg_style){
		.colour = colour_on(fd, options->colour),
		.all = options->all,
		.verbose = options->verbose,
		.width = width_of(fd),
		.wrap = isatty(fd),
	};
}

int session_open(struct session *session, const struct options *options)
{
	struct sg_error err = {0};

	*session = (struct session){
		.options = options,
		.style = style_of(options, STDOUT_FILENO),
		.error_style = style_of(options, STDERR_FILENO),
		.files = sg_files_new(),
		.idd = sg_packet_context(0),
		.now = (int64_t)time(NULL),
	};
	if (session->files && session->idd)
		return 0;
	sg_error_nomem(&err);
	session_report(session, &err);
	session_close(session);
	return -1;
}

void session_close(struct session *session)
{
	sg_buf_clear(&session->answer);
	sg_diags_clear(&session->said);
	sg_files_free(session->files);
	sg_idd_free(session->idd);
	session->files = NULL;
	session->idd = NULL;
}

void loaded_clear(struct loaded *loaded)
{
	sg_policy_free(loaded->policy);
	sg_diags_clear(&loaded->diags);
	loaded->policy = NULL;
}

void session_failed(struct session *session, const char *format, ...)
{
	va_list args;

	if (*session->failure)
		return;
	va_start(args, format);
	vsnprintf(session->failure, sizeof(session->failure), format, args);
	va_end(args);
}

void session_failed_diags(struct session *session, const struct sg_diags *diags)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct sg_diag *diag = &diags->items[i];
		const char *file =
			diag->span.file == SG_NO_FILE ? NULL : sg_files_name(session->files, diag->span.file);

		if (diag->severity != SG_SEVERITY_ERROR)
			continue;
		if (!file)
			session_failed(session, "%s", diag->message);
		else if (!diag->span.line)
			session_failed(session, "%s: %s", file, diag->message);
		else
			session_failed(session, "%s:%u:%u: %s", file, diag->span.line, diag->span.column,
				       diag->message);
		return;
	}
}

/* A policy that cannot be used is the answer, whatever the question was. */
static int refuse(struct session *session, const char *path, const struct loaded *loaded, struct sg_test_sum tests)
{
	struct sg_check_report report = {
		.file = path,
		.policy = loaded->policy,
		.files = session->files,
		.diags = &loaded->diags,
		.tests = tests,
	};
	struct sg_buf text = {0};

	session_failed_diags(session, &loaded->diags);
	if (session->options->json) {
		sg_render_check_json(&session->answer, session->options->verb->name, &report, 1, false);
	} else {
		sg_render_check(&text, &session->error_style, &report);
		progress_end();
		sg_fd_write_all(STDERR_FILENO, text.data, text.size, NULL);
		sg_buf_clear(&text);
	}
	return session_finish(session, loaded->policy ? EXIT_NO : EXIT_USAGE);
}

int loaded_prove(const struct session *session, struct loaded *loaded, struct sg_test_sum *ret, struct sg_error *err)
{
	const struct sg_world world = {.now = session_moment(session)};
	struct sg_decision settled = sg_decision_settle(&loaded->decision, &world);

	if (sg_policy_lint(loaded->policy, &loaded->decision, &loaded->diags, err) < 0)
		return -1;
	cured_forget(loaded->policy, &loaded->diags);
	progress_say("proving the policy's tests");
	if (sg_policy_prove(loaded->policy, &settled, &loaded->diags, ret, err) < 0)
		return -1;
	sg_diags_sort(&loaded->diags);
	return 0;
}

/* The folder of the examples: by the program's own place, or where the build would install them. */
static void find_examples(char ret[PATH_MAX])
{
	static const char beside[] = "../share/doc/sockgate/examples";
	char program[PATH_MAX], path[PATH_MAX + sizeof(beside)];
	ssize_t size = readlink("/proc/self/exe", program, sizeof(program) - 1);
	char *slash;

	program[size > 0 ? size : 0] = '\0';
	slash = strrchr(program, '/');
	if (slash) {
		snprintf(path, sizeof(path), "%.*s%s", (int)(slash + 1 - program), program, beside);
		if (realpath(path, ret))
			return;
	}
	snprintf(ret, PATH_MAX, "%s", EXAMPLES_FOLDER);
}

/* The same name with the other of the endings .yaml and .yml, if there is such a file. */
static bool find_other_ending(const char *path, char ret[PATH_MAX])
{
	const char *dot = strrchr(path, '.');
	bool yaml = dot && !strcmp(dot, ".yaml");

	if (!yaml && (!dot || strcmp(dot, ".yml") != 0))
		return false;
	snprintf(ret, PATH_MAX, "%.*s%s", (int)(dot - path), path, yaml ? ".yml" : ".yaml");
	return access(ret, F_OK) == 0;
}

/* What somebody may do who has no policy there. Who named a file as an argument knows that there are policies. */
static void add_ways_out(const struct options *options, const char *path, struct sg_error *err)
{
	size_t size = strlen(err->message), room = sizeof(err->message) - size;
	char other[PATH_MAX];

	if (find_other_ending(path, other)) {
		snprintf(err->message + size, room, " (but '%.200s' is there)", other);
		return;
	}
	for (size_t i = 0; i < options->argument_count; i++)
		if (path == options->arguments[i])
			return;
	find_examples(other);
	snprintf(err->message + size, room, " ('sockgate learn' drafts a policy, and %.200s has examples)", other);
}

struct sg_policy *session_read(struct session *session, const char *path, struct sg_diags *diags, struct sg_error *err)
{
	const struct verb *verb = session->options->verb;
	struct sg_policy_options options = {
		.now = session->now,
		/* what is in force, or has to be when the machine starts, cannot be refused for its age */
		.past_allowed = !verb->wants_future || session->options->boot,
		.trusted_only = geteuid() == 0 && !session->options->insecure,
		.drop_in = strcmp(path, DEFAULT_POLICY) ? NULL : "policy.d/*.yaml",
		.reading = watchdog_reading,
	};
	struct sg_policy *policy;

	progress_say("reading the policy");
	policy = sg_policy_read(path, &options, session->files, diags, err);
	if (!policy && err->errnum == ENOENT)
		add_ways_out(session->options, path, err);
	if (!policy && err->kind)
		sg_error_prefix(err, "%s", strcmp(path, "-") ? path : "standard input");
	if (!policy)
		sg_diags_sort(diags);
	return policy;
}

/*
 * A machine that starts is not left open because of a test: it held when the policy was applied, and dates that have
 * passed since then may be all that changed.
 */
static void forgive_tests(struct sg_diags *diags)
{
	for (size_t i = 0; i < diags->count; i++) {
		struct sg_diag *diag = &diags->items[i];

		if (diag->severity != SG_SEVERITY_ERROR || strcmp(diag->id, "policy/test-failed"))
			continue;
		diag->severity = SG_SEVERITY_WARNING;
		diags->errors--;
		diags->warnings++;
	}
}

int session_load(struct session *session, const char *path, enum loading loading, struct loaded *ret, int *ret_exit)
{
	sg_cleanup(loaded_clear) struct loaded loaded = {0};
	struct sg_test_sum tests = {0, 0};
	struct sg_error err = {0};

	loaded.policy = session_read(session, path, &loaded.diags, &err);
	if (!loaded.policy && err.kind) {
		*ret_exit = session_fail(session, &err);
		return -1;
	}
	if (!loaded.policy) {
		*ret_exit = refuse(session, path, &loaded, tests);
		return -1;
	}
	if (sg_policy_lower(loaded.policy, session->idd, &loaded.decision, &err) < 0 ||
	    (loading == LOAD_WITH_TESTS && loaded_prove(session, &loaded, &tests, &err) < 0)) {
		*ret_exit = session_fail(session, &err);
		return -1;
	}
	if (session->options->boot) {
		forgive_tests(&loaded.diags);
		tests.failed = 0;
	}
	if (tests.failed || sg_diags_failed(&loaded.diags)) {
		*ret_exit = refuse(session, path, &loaded, tests);
		return -1;
	}
	/* notes alone are for check: who applies has seen them */
	if (loading == LOAD_WITH_TESTS && loaded.diags.warnings)
		session_diags(session, &loaded.diags);
	*ret = loaded;
	loaded = (struct loaded){0};
	return 0;
}

void session_report(struct session *session, const struct sg_error *err)
{
	struct sg_buf text = {0};

	sg_render_error(&text, &session->error_style, err);
	progress_end();
	sg_fd_write_all(STDERR_FILENO, text.data, text.size, NULL);
	sg_buf_clear(&text);
}

int session_fail(struct session *session, const struct sg_error *err)
{
	const struct verb *verb = session->options->verb;

	session_failed(session, "%s", err->message);
	session_report(session, err);
	sg_buf_clear(&session->answer);
	if (session->options->json)
		sg_render_error_json(&session->answer, verb ? verb->name : NULL, err);
	return session_finish(session, sg_error_exit_code(err));
}

int session_flush(struct session *session, struct sg_error *err)
{
	struct sg_buf *answer = &session->answer;
	int result = 0;

	if (answer->failed)
		result = sg_error_nomem(err);
	else if (answer->size && sg_fd_write_all(STDOUT_FILENO, answer->data, answer->size, err) < 0)
		result = sg_error_prefix(err, "cannot write the answer");
	sg_buf_truncate(answer, 0);
	return result;
}

void session_run_at_failure(struct session *session)
{
	void (*run)(struct session * session) = session->at_failure;

	session->at_failure = NULL;
	if (run)
		run(session);
}

int session_finish(struct session *session, int code)
{
	struct sg_error err = {0};

	if (code != EXIT_YES)
		session_run_at_failure(session);
	progress_end();
	if (session->options->json)
		sg_render_diagnostics_json(&session->answer, session->files, &session->said);
	if (session_flush(session, &err) == 0)
		return code;
	if (session->done)
		sg_error_prefix(&err, "%s", session->done);
	session_report(session, &err);
	return EXIT_SYSTEM;
}

static void write_error(struct sg_buf *buf)
{
	progress_end();
	if (buf->size)
		sg_fd_write_all(STDERR_FILENO, buf->data, buf->size, NULL);
	sg_buf_clear(buf);
}

/* The lines that are warnings. */
static void remember_lines(struct session *session, const struct sg_buf *buf)
{
	static const char start[] = "sockgate: warning: ";
	const char *line = buf->data, *end = line ? line + buf->size : line;

	while (line < end) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		size_t size = (size_t)((next ? next : end) - line), head = sizeof(start) - 1;

		if (size > head && !memcmp(line, start, head))
			sg_diag_add(&session->said, SG_SEVERITY_WARNING, "run/warning", SG_SPAN_NONE, "%.*s",
				    (int)(size - head), line + head);
		line = next ? next + 1 : end;
	}
}

void session_say(struct session *session, struct sg_buf *buf)
{
	remember_lines(session, buf);
	write_error(buf);
}

void session_diags(struct session *session, const struct sg_diags *diags)
{
	struct sg_buf text = {0};

	for (size_t i = 0; i < diags->count; i++) {
		const struct sg_diag *diag = &diags->items[i];

		sg_diag_add(&session->said, diag->severity, diag->id, diag->span, "%s", diag->message);
		if (diag->hint)
			sg_diag_hint(&session->said, "%s", diag->hint);
	}
	sg_render_diags(&text, &session->error_style, session->files, diags);
	write_error(&text);
}

void session_note(struct session *session, const char *format, ...)
{
	struct sg_buf text = {0};
	va_list args;

	va_start(args, format);
	sg_buf_vaddf(&text, format, args);
	va_end(args);
	session_say(session, &text);
}
