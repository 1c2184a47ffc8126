/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockgate(8): from the command line to a verb. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "cli/netns.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "cli/watchdog.h"

/*
 * Descriptors 0-2 that are closed would be given to the next file that is opened. They are filled with /dev/null,
 * opened so that using them fails as it would have: an answer that nobody gets is an error.
 */
static void fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(EXIT_SYSTEM);
	}
}

/* A write that fails is told as an error, whatever the reason. */
static void ignore_signals(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);
}

/* --help, --version, --completion: the answer is text, whatever the verb. */
static bool ask_about_program(const struct options *options, struct sg_buf *answer)
{
	if (options->help)
		options_help(options->verb, answer);
	else if (options->version)
		sg_buf_adds(answer, "sockgate " SOCKGATE_VERSION "\n");
	else if (options->completion)
		options_completion((enum shell)options->completion, answer);
	return answer->size > 0 || answer->failed;
}

static int run(struct session *session)
{
	const struct options *options = session->options;
	struct sg_error err = {0};

	if (ask_about_program(options, &session->answer))
		return session_finish(session, EXIT_YES);
	if (options->quiet)
		progress_off();
	if (options->netns && netns_enter(options->netns, &err) < 0)
		return session_fail(session, &err);
	return options->verb->run(session);
}

int main(int argc, char **argv)
{
	struct session session = {0};
	struct sg_error err = {0};
	struct options options;
	int code;

	fill_standard_descriptors();
	ignore_signals();
	code = options_parse(argc, argv, &options, &err);
	if (session_open(&session, &options) < 0)
		return EXIT_SYSTEM;
	watchdog_begin(&session);
	code = code < 0 ? session_fail(&session, &err) : run(&session);
	session_close(&session);
	return code;
}
