/* SPDX-License-Identifier: GPL-2.0-or-later */
/* explain: what becomes of a packet, by the policy or by what the kernel holds. */
#include "cli/session.h"
#include "cli/verbs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"
#include "cli/besides.h"
#include "cli/here.h"
#include "cli/host.h"
#include "cli/packet.h"
#include "cli/progress.h"

#define LINE_MOST 4096        /* bytes of a line of --stdin; a packet takes 150 */
#define FLUSH_AT  (64 * 1024) /* bytes of answers that are kept back at most */

static int exit_code_of(enum sg_outcome outcome)
{
	switch (outcome) {
	case SG_OUTCOME_ACCEPT: return EXIT_YES;
	case SG_OUTCOME_UNDECIDED: return EXIT_UNDECIDED;
	default: return EXIT_NO;
	}
}

static int explain(struct sg_explainer *explainer, const struct sg_packet *question, struct sg_explanation *ret,
		   struct sg_error *err)
{
	if (sg_explain(explainer, question, ret, err) < 0)
		return -1;
	if (ret->outcome != SG_OUTCOME_NONE)
		return 0;
	sg_explanation_clear(ret);
	return sg_error_set(err, SG_ERROR_INPUT, 0, "no such packet can exist");
}

static int read_questions(const struct options *options, struct packet_questions *ret, struct sg_error *err)
{
	const char *target = options->arguments[0];

	if (packet_target(target, strlen(target), ret, err) < 0)
		return -1;
	if (options->outbound)
		packet_direction(SG_OUT, ret);
	if (options->published)
		packet_direction(SG_PUBLISHED, ret);
	if (options->from && packet_from(options->from, strlen(options->from), ret, err) < 0)
		return sg_error_prefix(err, "--from");
	if (options->to && packet_to(options->to, strlen(options->to), ret, err) < 0)
		return sg_error_prefix(err, "--to");
	if (options->interface && packet_interface(options->interface, strlen(options->interface), ret, err) < 0)
		return sg_error_prefix(err, "--interface");
	return 0;
}

/* What is asked of whom. */
struct asked {
	struct session *session;
	const struct sg_subject *subject;
	struct sg_besides besides; /* of a kernel */
	struct sg_explainer *explainer;
};

static struct sg_explain_report report_of(const struct asked *asked, const struct sg_packet *question,
					  const struct sg_explanation *explanation)
{
	return (struct sg_explain_report){
		.subject = asked->subject,
		.files = asked->session->files,
		.question = question,
		.explanation = explanation,
		.besides = asked->besides,
	};
}

/* Nothing but the rules that were asked decides. */
static bool is_alone(const struct sg_besides *besides)
{
	return !besides->foreign_count && !(besides->outside && besides->outside->count);
}

/* The answers to what one line, or the command line, asks. */
struct answers {
	struct sg_explanation explanations[PACKET_QUESTIONS_MOST];
	struct sg_explain_report reports[PACKET_QUESTIONS_MOST];
	size_t count;
};

static void answers_clear(struct answers *answers)
{
	for (size_t i = 0; i < answers->count; i++)
		sg_explanation_clear(&answers->explanations[i]);
	answers->count = 0;
}

static void answers_free(struct answers **answers)
{
	if (*answers)
		answers_clear(*answers);
	free(*answers);
}

/* Questions about packets that cannot exist are left out while there is another. */
static int answer_all(const struct asked *asked, const struct packet_questions *questions, struct answers *ret,
		      struct sg_error *err)
{
	struct sg_error first = {0};

	for (size_t i = 0; i < questions->count; i++) {
		struct sg_explanation *explanation = &ret->explanations[ret->count];
		struct sg_error problem = {0};

		if (explain(asked->explainer, &questions->items[i], explanation, &problem) == 0)
			ret->reports[ret->count++] = report_of(asked, &questions->items[i], explanation);
		else if (!first.kind || problem.kind != SG_ERROR_INPUT)
			first = problem;
	}
	if (ret->count && (!first.kind || first.kind == SG_ERROR_INPUT))
		return 0;
	*err = first;
	return -1;
}

static int explain_here(const struct asked *asked, const struct packet_questions *questions)
{
	sg_cleanup(answers_free) struct answers *answers = calloc(1, sizeof(*answers));
	struct session *session = asked->session;
	struct sg_error err = {0};
	int code;

	if (!answers)
		sg_error_nomem(&err);
	if (!answers || answer_all(asked, questions, answers, &err) < 0)
		return session_fail(session, &err);
	code = is_alone(&asked->besides) ? exit_code_of(sg_explain_reports_outcome(answers->reports, answers->count))
					 : EXIT_UNDECIDED;
	if (session->options->json)
		sg_render_explain_json(&session->answer, answers->reports, answers->count);
	for (size_t i = 0; !session->options->json && !session->options->quiet && i < answers->count; i++)
		sg_render_explain(&session->answer, &session->style, &answers->reports[i]);
	return session_finish(session, code);
}

/* Many packets: what is read, and what has come of it. */
struct stream {
	struct session *session;
	const struct asked *asked;
	struct packet_questions *questions; /* of the line at hand */
	struct answers *answers;
	size_t line;
	bool bad; /* a line could not be answered */
};

static void answer_error(struct stream *stream, const struct sg_error *err)
{
	struct session *session = stream->session;

	stream->bad = true;
	if (session->options->json)
		sg_render_error_line_json(&session->answer, "explain", err);
	else
		sg_render_error_line(&session->answer, &session->style, stream->line, err);
}

static int answer_questions(struct stream *stream, const struct packet_questions *questions, struct sg_error *err)
{
	struct session *session = stream->session;
	struct answers *answers = stream->answers;

	answers_clear(answers);
	if (answer_all(stream->asked, questions, answers, err) < 0)
		return -1;
	if (session->options->json)
		sg_render_explain_line_json(&session->answer, answers->reports, answers->count);
	else if (!session->options->quiet)
		sg_render_explain_line(&session->answer, &session->style, answers->reports, answers->count);
	return 0;
}

static int answer_line(struct stream *stream, const char *text, size_t size, struct sg_error *err)
{
	struct session *session = stream->session;
	struct packet_questions *questions = stream->questions;
	struct sg_error problem = {0};

	stream->line++;
	if (size > LINE_MOST)
		sg_error_set(&problem, SG_ERROR_INPUT, 0, "line of more than %d bytes", LINE_MOST);
	if (problem.kind || packet_line(text, size, questions, &problem) < 0 ||
	    answer_questions(stream, questions, &problem) < 0) {
		if (problem.kind != SG_ERROR_INPUT) {
			*err = problem;
			return -1;
		}
		answer_error(stream, &problem);
	}
	return session->answer.size < FLUSH_AT ? 0 : session_flush(session, err);
}

/* Answers the whole lines of data; *ret_rest is where the last, unfinished one begins. */
static int answer_lines(struct stream *stream, const char *data, size_t size, size_t *ret_rest, struct sg_error *err)
{
	size_t start = 0;
	const char *end;

	while ((end = memchr(data + start, '\n', size - start))) {
		if (answer_line(stream, data + start, (size_t)(end - data) - start, err) < 0)
			return -1;
		start = (size_t)(end - data) + 1;
	}
	*ret_rest = start;
	return 0;
}

/* Somebody may wait for an answer before the next question is asked; of a file nobody does. */
static bool is_interactive(void)
{
	struct stat status;

	return fstat(STDIN_FILENO, &status) < 0 || !S_ISREG(status.st_mode);
}

static int answer_stream(struct stream *stream, struct sg_error *err)
{
	static char data[FLUSH_AT];
	size_t kept = 0, rest;
	bool interactive = is_interactive();

	for (;;) {
		ssize_t got = read(STDIN_FILENO, data + kept, sizeof(data) - kept);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot read standard input");
		if (!got)
			break;
		kept += (size_t)got;
		if (answer_lines(stream, data, kept, &rest, err) < 0)
			return -1;
		/* of a line that is too long only so much is kept as shows that it is */
		kept -= rest;
		memmove(data, data + rest, kept);
		if (kept > LINE_MOST + 1)
			kept = LINE_MOST + 1;
		if (interactive && session_flush(stream->session, err) < 0)
			return -1;
	}
	return kept ? answer_line(stream, data, kept, err) : 0;
}

static int explain_many(const struct asked *asked)
{
	static struct packet_questions questions;
	sg_cleanup(answers_free) struct answers *answers = calloc(1, sizeof(*answers));
	struct stream stream = {asked->session, asked, &questions, answers, 0, false};
	struct sg_error err = {0};

	if (!answers)
		sg_error_nomem(&err);

	progress_off();
	if (!answers || answer_stream(&stream, &err) < 0)
		return session_fail(asked->session, &err);
	return session_finish(asked->session, stream.bad ? EXIT_USAGE : EXIT_YES);
}

static int explain_subject(struct session *session, const struct sg_subject *subject, struct sg_besides besides,
			   const struct packet_questions *question)
{
	struct asked asked = {session, subject, besides, NULL};
	struct sg_error err = {0};
	int code;

	asked.explainer = sg_explainer_new(subject, &err);
	if (!asked.explainer)
		return session_fail(session, &err);
	code = question ? explain_here(&asked, question) : explain_many(&asked);
	sg_explainer_free(asked.explainer);
	return code;
}

static int check_usage(const struct options *options, struct sg_error *err)
{
	if (options->outbound && options->published)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "a packet to a published port does not leave this host");
	if (!options->stdin_packets && !options->argument_count)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'explain' wants PORT/PROTO, for example 22/tcp");
	if (!options->stdin_packets)
		return 0;
	if (options->argument_count || options->outbound || options->published || options->from || options->to ||
	    options->interface)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "with --stdin the packets stand on standard input alone");
	if (!strcmp(options->policy, "-") && !options->kernel)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "standard input cannot be policy and packets at once");
	return 0;
}

static int by_policy(struct session *session, const struct packet_questions *question)
{
	sg_cleanup(loaded_clear) struct loaded loaded = {0};
	struct sg_subject subject;
	int code;

	if (session_load(session, session->options->policy, LOAD_ONLY, &loaded, &code) < 0)
		return code;
	subject = loaded_subject(session, &loaded, NULL);
	return explain_subject(session, &subject, (struct sg_besides){0}, question);
}

static int by_kernel(struct session *session, const struct packet_questions *question)
{
	sg_cleanup(rules_clear) struct rules rules = {0};
	sg_cleanup(besides_clear) struct besides besides = {0};
	struct sg_error err = {0};

	if (rules_read(session, &rules, &err) < 0 || besides_read(rules.kernel, NULL, &besides, &err) < 0)
		return session_fail(session, &err);
	return explain_subject(session, &rules.subject, besides_report(&besides), question);
}

int verb_explain(struct session *session)
{
	const struct options *options = session->options;
	const struct packet_questions *question = NULL;
	static struct packet_questions questions;
	struct sg_error err = {0};

	if (check_usage(options, &err) < 0)
		return session_fail(session, &err);
	if (!options->stdin_packets) {
		if (read_questions(options, &questions, &err) < 0)
			return session_fail(session, &err);
		question = &questions;
	}
	return options->kernel ? by_kernel(session, question) : by_policy(session, question);
}
