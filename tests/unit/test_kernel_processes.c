/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /proc tells of processes: this one, a child with an environment, and none. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "sockgate/kernel_processes.h"

static bool has_socket(const struct sg_process *process, int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	for (size_t i = 0; i < process->socket_count; i++)
		if (process->sockets[i] == (uint32_t)status.st_ino)
			return true;
	return false;
}

static void this_one(void **state)
{
	struct sg_process process;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), terminal;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(prctl(PR_SET_NAME, "a) b (c"), 0);
	assert_int_equal(sg_process_read(getpid(), &process, NULL), 0);
	assert_int_equal(process.pid, getpid());
	assert_int_equal(process.parent, getppid());
	assert_string_equal(process.name, "a) b (c");
	assert_true(process.sockets_known && has_socket(&process, fd));
	assert_false(process.terminal);
	sg_process_clear(&process);
	terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal >= 0) {
		assert_int_equal(sg_process_read(getpid(), &process, NULL), 0);
		assert_true(process.terminal);
		sg_process_clear(&process);
		close(terminal);
	}
	close(fd);
}

/* Fills the environment up to 5 MB, and ends it with the variable. */
static void start_large(char *const *arguments, const char *variable)
{
	static char filling[100000];
	char *environment[52];
	struct rlimit stack;

	memset(filling, 'A', sizeof(filling) - 1);
	filling[1] = '=';
	for (size_t i = 0; i < 50; i++)
		environment[i] = filling;
	environment[50] = (char *)(uintptr_t)variable;
	environment[51] = NULL;
	/* the kernel takes a quarter of the stack, and 6 MB at most */
	if (!getrlimit(RLIMIT_STACK, &stack)) {
		stack.rlim_cur = 64 << 20;
		setrlimit(RLIMIT_STACK, &stack);
	}
	execve("/bin/sleep", arguments, environment);
}

/* A process with that environment, until it is killed. */
static pid_t start(const char *variable, bool large)
{
	int ends[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		char *arguments[] = {(char *)(uintptr_t) "sleep", (char *)(uintptr_t) "60", NULL};
		char *environment[] = {(char *)(uintptr_t) "A=1", (char *)(uintptr_t)variable, NULL};

		if (large)
			start_large(arguments, variable);
		else
			execve("/bin/sleep", arguments, environment);
		_exit(127);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 0); /* closed by execve */
	close(ends[0]);
	return pid;
}

static struct sg_process read_started(const char *variable, bool large)
{
	pid_t pid = start(variable, large);
	struct sg_process process;

	assert_int_equal(sg_process_read(pid, &process, NULL), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(process.parent, getpid());
	assert_string_equal(process.name, "sleep");
	return process;
}

static void environments(void **state)
{
	struct sg_process process = read_started("SSH_CONNECTION=192.0.2.7 50000 198.51.100.20 2222", false);

	(void)state;
	assert_true(process.has_session && !process.session_unknown);
	assert_int_equal(process.session.port, 2222);
	sg_process_clear(&process);
	process = read_started("SSH_CONNECTION=UNKNOWN 65535 UNKNOWN 65535", false);
	assert_true(!process.has_session && process.session_unknown);
	sg_process_clear(&process);
	process = read_started("SSH_CONNECTION=192.0.2.7 50000 198.51.100.20 2222", true);
	assert_true(process.has_session && !process.session_unknown);
	sg_process_clear(&process);
	process = read_started("XSSH_CONNECTION=192.0.2.7 50000 198.51.100.20 2222", false);
	assert_true(!process.has_session && !process.session_unknown);
	sg_process_clear(&process);
}

static void none(void **state)
{
	struct sg_process process;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(sg_process_read(pid, &process, NULL), 0);
	assert_int_equal(process.pid, 0);
	assert_null(process.sockets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(this_one), cmocka_unit_test(environments),
					   cmocka_unit_test(none)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
