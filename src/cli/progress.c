/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line is drawn by a thread, not by a timer signal: a signal would make the system calls of everything else return
 * EINTR. The thread is only started where there is a terminal, blocks all signals, and touches nothing but this file's
 * state.
 */
#include "cli/progress.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FIRST_MS 500 /* what takes no longer is not worth a word */
#define AGAIN_MS 1000

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	const char *text; /* NULL: nothing to say */
	struct timespec since;
	bool started, off, shown;
} progress = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void erase(void)
{
	static const char blank[] = "\r\033[K";

	if (progress.shown && write(STDERR_FILENO, blank, sizeof(blank) - 1) < 0)
		progress.off = true;
	progress.shown = false;
}

static void draw(void)
{
	struct timespec now;
	char line[160];
	int size;

	clock_gettime(CLOCK_MONOTONIC, &now);
	size = snprintf(line, sizeof(line), "\r\033[Ksockgate: %s … %lld s", progress.text,
			(long long)(now.tv_sec - progress.since.tv_sec));
	progress.shown = true;
	if (size < 0 || write(STDERR_FILENO, line, strlen(line)) < 0)
		progress.off = true;
}

static struct timespec after(struct timespec time, long ms)
{
	time.tv_sec += ms / 1000;
	time.tv_nsec += ms % 1000 * 1000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_sec++;
		time.tv_nsec -= 1000000000;
	}
	return time;
}

static void *run(void *unused)
{
	struct timespec next;

	(void)unused;
	pthread_mutex_lock(&progress.lock);
	for (;;) {
		if (!progress.text || progress.off) {
			pthread_cond_wait(&progress.changed, &progress.lock);
			continue;
		}
		if (!progress.shown)
			next = after(progress.since, FIRST_MS);
		if (pthread_cond_timedwait(&progress.changed, &progress.lock, &next) && progress.text) {
			draw();
			next = after(next, AGAIN_MS);
		}
	}
	return NULL;
}

static bool start(void)
{
	pthread_condattr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int result;

	if (!isatty(STDERR_FILENO))
		return false;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&progress.changed, &attributes);
	pthread_condattr_destroy(&attributes);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&thread, NULL, run, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!result)
		pthread_detach(thread);
	return !result;
}

void progress_say(const char *text)
{
	pthread_mutex_lock(&progress.lock);
	if (!progress.started && !progress.off) {
		progress.off = !start();
		progress.started = true;
	}
	if (!progress.off) {
		if (!progress.text)
			clock_gettime(CLOCK_MONOTONIC, &progress.since);
		progress.text = text;
		pthread_cond_signal(&progress.changed);
	}
	pthread_mutex_unlock(&progress.lock);
}

void progress_end(void)
{
	pthread_mutex_lock(&progress.lock);
	erase();
	progress.text = NULL;
	pthread_mutex_unlock(&progress.lock);
}

void progress_off(void)
{
	pthread_mutex_lock(&progress.lock);
	erase();
	progress.off = true;
	pthread_mutex_unlock(&progress.lock);
}
