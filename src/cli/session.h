/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * session.h - what a verb works with: the options, the files that were read, the answer that is being written, and how
 * an end is reported.
 *
 * Standard output has the answer, whole or not at all; standard error what went wrong. A verb returns the exit code
 * of the program.
 */
#ifndef SG_CLI_SESSION_H
#define SG_CLI_SESSION_H

#include "cli/options.h"
#include "sockgate/buf.h"
#include "sockgate/render.h"

enum exit_code {
	EXIT_YES = 0,
	EXIT_NO = 1,
	EXIT_USAGE = 2,
	EXIT_SYSTEM = 3,
	EXIT_UNDECIDED = 4,
	EXIT_LOCKED = 6, /* of status: the lockdown is in force; 5 is kept for a trial that was rolled back */
};

struct session {
	const struct options *options;
	struct sg_style style;       /* of standard output */
	struct sg_style error_style; /* of standard error */
	struct sg_buf answer;        /* for standard output */
	struct sg_files *files;
	struct sg_idd *idd; /* of every decision of the session */
	int64_t now;        /* seconds since 1970: one moment for all that is asked */
	/* What is done already, and stays so when the answer cannot be written (static); NULL: nothing. */
	const char *done;
	/* Why the verb failed, in one line, cut when longer; empty: it did not. The first reason stays. */
	char failure[256];
	/* Runs once, before the answer to a verb that fails is written: its warnings are part of the answer. NULL: none. */
	void (*at_failure)(struct session *session);
	/* What standard error was told beside errors; the answer in JSON has it, too. */
	struct sg_diags said;
};

/* -1, and it is reported, when there is no memory. */
int session_open(struct session *session, const struct options *options);
void session_close(struct session *session);

/* The same in nanoseconds, as decisions count. */
static inline uint64_t session_moment(const struct session *session)
{
	return (uint64_t)session->now * SG_SECOND;
}

/* A policy and its meaning: units by name, wherever the policy is to be applied. */
struct loaded {
	struct sg_policy *policy;
	struct sg_decision decision;
	struct sg_diags diags;
};
void loaded_clear(struct loaded *loaded);
/* Warns of lines without effect and proves the tests; both become diagnostics. */
int loaded_prove(const struct session *session, struct loaded *loaded, struct sg_test_sum *ret, struct sg_error *err);

enum loading {
	LOAD_ONLY,       /* errors are reported */
	LOAD_WITH_TESTS, /* warnings too, and its tests are proven */
};
/*
 * Reads a policy and lowers it. When it is not valid, or a test fails, that is reported as the verb's answer and
 * *ret_exit is the exit code; returns -1 then, with nothing in *ret.
 */
int session_load(struct session *session, const char *path, enum loading loading, struct loaded *ret, int *ret_exit);
/* sg_policy_read with the options of the session; the path stands in the error, and the diagnostics are sorted. */
struct sg_policy *session_read(struct session *session, const char *path, struct sg_diags *diags, struct sg_error *err);

/* Keeps the reason why the verb fails. The lockdown's note has it. */
void session_failed(struct session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same of the first error among diagnostics: "FILE:LINE:COLUMN: MESSAGE". */
void session_failed_diags(struct session *session, const struct sg_diags *diags);
/* Writes the error to standard error. */
void session_report(struct session *session, const struct sg_error *err);
/* Reports the error, with --json as the answer too, and returns the exit code that stands for it. */
int session_fail(struct session *session, const struct sg_error *err);
/* Writes what there is of the answer. */
int session_flush(struct session *session, struct sg_error *err);
/* Writes the answer and returns `code`, or EXIT_SYSTEM when it could not be written. */
int session_finish(struct session *session, int code);
void session_run_at_failure(struct session *session);
/* Text for people on standard error: what is wrong or may be. --quiet does not silence it. */
void session_note(struct session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Diagnostics on standard error. */
void session_diags(struct session *session, const struct sg_diags *diags);
/* As session_note from a buffer, which is emptied. Lines that begin with "sockgate: warning: " are diagnostics, too. */
void session_say(struct session *session, struct sg_buf *buf);

#endif
