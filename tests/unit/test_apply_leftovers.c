/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is deleted of the files about namespaces that may be gone. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "apply/leftovers.h"

#define NOW 1700000000

static char folder[] = "/tmp/sockgate-leftovers-XXXXXX";

static int enter(void **state)
{
	(void)state;
	return mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int leave(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return chdir("/") || system(command);
}

/* A file that was used so many seconds ago. */
static void put(const char *name, long ago)
{
	const struct timespec times[2] = {{NOW - ago, 0}, {NOW - ago, 0}};
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void keeps_the_newest_and_its_own(void **state)
{
	char name[32];

	(void)state;
	put("contents-own", 10L * SG_LEFTOVERS_AGE);
	put("other", 10L * SG_LEFTOVERS_AGE);
	assert_int_equal(mkdir("contents-folder", 0755), 0);
	assert_int_equal(symlink("nowhere", "contents-link"), 0);
	for (long i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "contents-%ld", i);
		put(name, i);
	}
	put("contents-old", SG_LEFTOVERS_AGE);
	sg_leftovers_tidy(folder, "contents-own", NOW);
	for (long i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "contents-%ld", i);
		assert_int_equal(!access(name, F_OK), i < (long)SG_LEFTOVERS_KEPT);
	}
	assert_int_equal(access("contents-own", F_OK) | access("other", F_OK) | access("contents-folder", F_OK), 0);
	assert_int_equal(faccessat(AT_FDCWD, "contents-link", F_OK, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_not_equal(access("contents-old", F_OK), 0);
	/* old ones go although they are few */
	sg_leftovers_tidy(folder, "contents-own", NOW + 2);
	assert_int_equal(access("contents-7", F_OK), 0);
	sg_leftovers_tidy(folder, "contents-own", NOW + SG_LEFTOVERS_AGE - 3);
	assert_int_not_equal(access("contents-3", F_OK), 0);
	assert_int_equal(access("contents-2", F_OK), 0);
	sg_leftovers_tidy("/nonexistent/folder", "contents-own", NOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_the_newest_and_its_own, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
