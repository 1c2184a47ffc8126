/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of a network or FUSE file system may make open(2) or read(2) wait for ever. Only the end of the process interrupts
 * such a wait, so a signal from a timer does not help: a thread ends the run. If the thread cannot be started, the run goes
 * on without it.
 */
#include "cli/watchdog.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "cli/lockdown.h"
#include "cli/progress.h"

#define PATIENCE 10 /* seconds for one step: a read of up to a megabyte, or the way to a file */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct session *session;
	const char *path; /* NULL: nothing is waited for */
	struct timespec deadline;
	bool started, idle;
} watchdog = {.lock = PTHREAD_MUTEX_INITIALIZER};

/*
 * The lock is held: when the main thread gets on now, it waits at it. The run does not return to verb_apply, so what that
 * does after a failure at boot is done here.
 */
static void end_run(void)
{
	struct sg_error err = {0};
	int code;

	sg_error_set(&err, SG_ERROR_SYSTEM, 0, "%.400s: reading it takes more than %d seconds", watchdog.path,
		     PATIENCE);
	code = session_fail(watchdog.session, &err);
	if (watchdog.session->options->boot)
		lockdown_after_failure(watchdog.session);
	_exit(code);
}

static bool is_over(const struct timespec *deadline)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > deadline->tv_sec || (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec);
}

static void *watch(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&watchdog.lock);
	for (;;) {
		watchdog.idle = !watchdog.path;
		if (watchdog.idle) {
			pthread_cond_wait(&watchdog.changed, &watchdog.lock);
		} else {
			struct timespec until = watchdog.deadline;

			pthread_cond_timedwait(&watchdog.changed, &watchdog.lock, &until);
			if (watchdog.path && is_over(&watchdog.deadline))
				end_run();
		}
	}
	return NULL;
}

static void start(void)
{
	pthread_condattr_t attributes;
	sigset_t all, before;
	pthread_t thread;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&watchdog.changed, &attributes);
	pthread_condattr_destroy(&attributes);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!pthread_create(&thread, NULL, watch, NULL))
		pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void watchdog_begin(struct session *session)
{
	watchdog.session = session;
}

void watchdog_reading(const char *path)
{
	pthread_mutex_lock(&watchdog.lock);
	if (path && !watchdog.started) {
		start();
		watchdog.started = true;
	}
	watchdog.path = path;
	if (path) {
		clock_gettime(CLOCK_MONOTONIC, &watchdog.deadline);
		watchdog.deadline.tv_sec += PATIENCE;
		/* a thread that waits for an earlier deadline looks at this one when that is over */
		if (watchdog.idle)
			pthread_cond_signal(&watchdog.changed);
	}
	pthread_mutex_unlock(&watchdog.lock);
}
