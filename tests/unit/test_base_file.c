/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files in a folder of the test's own, below /tmp (which has the sticky bit). */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/file.h"
#include "base/mem.h"

static const struct sg_file_rules plain = {.max_size = 1 << 20};
static const struct sg_file_rules trusted = {.max_size = 1 << 20, .trusted_only = true};
static const struct sg_file_rules piped = {.max_size = 1 << 20, .allow_pipe = true};

static char folder[64];

/* The n-th stat from now on fails with that errno; 0: none does. */
static unsigned int stat_fails;
static int stat_errno;
int __real_stat(const char *path, struct stat *ret);
int __wrap_stat(const char *path, struct stat *ret);

int __wrap_stat(const char *path, struct stat *ret)
{
	if (!stat_fails || --stat_fails)
		return __real_stat(path, ret);
	errno = stat_errno;
	return -1;
}

static int enter_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/sockgate-test-XXXXXX");
	umask(022);
	return !mkdtemp(folder) || chdir(folder);
}

static int leave_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return chdir("/") || system(command); /* a test may, the program never does */
}

static void put(const char *name, const char *text)
{
	assert_int_equal(sg_file_replace(name, text, strlen(text), NULL), 0);
}

static void expect_text(const char *path, const struct sg_file_rules *rules, const char *expected)
{
	sg_autofree char *data = NULL;
	struct sg_error err = {0};
	size_t size = 0;

	if (sg_file_read(path, rules, &data, &size, &err))
		fail_msg("'%s': %s", path, err.message);
	assert_int_equal(size, strlen(expected));
	assert_string_equal(data, expected); /* NUL-terminated */
}

static void expect_refusal(const char *path, const struct sg_file_rules *rules, enum sg_error_kind kind,
			   const char *message)
{
	struct sg_error err = {0};
	char *data = (char *)1;
	size_t size = 77;

	assert_int_equal(sg_file_read(path, rules, &data, &size, &err), -1);
	assert_int_equal(err.kind, kind);
	if (!strstr(err.message, message))
		fail_msg("'%s' instead of '%s'", err.message, message);
	assert_ptr_equal(data, (char *)1);
	assert_int_equal(size, 77);
}

static void reads_and_replaces(void **state)
{
	struct stat status;

	(void)state;
	put("a", "text\n");
	expect_text("a", &plain, "text\n");
	put("a", "");
	expect_text("a", &plain, "");
	put("./a", "again");
	expect_text("a", &trusted, "again");
	assert_int_equal(stat("a", &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
	assert_int_equal(system("test \"$(ls -A)\" = a"), 0); /* no temporary file stays */
}

static void refuses_by_size(void **state)
{
	const struct sg_file_rules small = {.max_size = 4, .allow_pipe = true};
	int ends[2];

	(void)state;
	put("a", "1234");
	expect_text("a", &small, "1234");
	put("a", "12345");
	expect_refusal("a", &small, SG_ERROR_INPUT, "larger than 4 bytes");
	/* a pipe does not say its size before */
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "12345", 5), 5);
	close(ends[1]);
	char path[32];

	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	expect_refusal(path, &small, SG_ERROR_INPUT, "larger than 4 bytes");
	close(ends[0]);
}

static void refuses_what_is_no_file(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(mkdir("dir", 0755), 0);
	assert_int_equal(mkfifo("fifo", 0644), 0);
	assert_int_equal(symlink("fifo", "to-fifo"), 0);
	assert_int_equal(symlink("dir", "to-dir"), 0);
	assert_int_equal(symlink("/dev/zero", "to-zero"), 0);
	assert_int_equal(symlink("loop", "loop"), 0);
	alarm(20); /* whoever waits for the FIFO fails */
	expect_refusal("dir", &piped, SG_ERROR_INPUT, "a directory");
	expect_refusal("to-dir", &piped, SG_ERROR_INPUT, "a directory");
	expect_refusal("fifo", &piped, SG_ERROR_INPUT, "a FIFO");
	expect_refusal("to-fifo", &piped, SG_ERROR_INPUT, "a FIFO");
	expect_refusal("to-zero", &piped, SG_ERROR_INPUT, "a device");
	expect_refusal("/dev/null", &piped, SG_ERROR_INPUT, "a device");
	expect_refusal("socket", &piped, SG_ERROR_INPUT, "a socket");
	expect_refusal("loop", &plain, SG_ERROR_SYSTEM, strerror(ELOOP));
	expect_refusal("missing", &plain, SG_ERROR_SYSTEM, strerror(ENOENT));
	expect_refusal("", &plain, SG_ERROR_SYSTEM, strerror(ENOENT));
	alarm(0);
	close(listener);
}

/* Reads `path` in a child whose standard input is `fd`; the child's exit code is 0 for success. */
static int read_with_input(int fd, const char *path, const struct sg_file_rules *rules, const char *expected)
{
	pid_t child = fork();
	int status = -1;

	if (!child) {
		sg_autofree char *data = NULL;
		size_t size;

		if (dup2(fd, STDIN_FILENO) < 0 || sg_file_read(path, rules, &data, &size, NULL))
			_exit(1);
		_exit(size == strlen(expected) && !memcmp(data, expected, size) ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

static void standard_input_may_be_a_pipe(void **state)
{
	static const char *const names[] = {"-", "/dev/stdin", "/proc/self/fd/0", "/dev/fd/0"};
	int null = open("/dev/null", O_RDONLY);

	(void)state;
	for (size_t i = 0; i < SG_COUNT(names); i++) {
		int ends[2];

		assert_int_equal(pipe(ends), 0);
		assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
		assert_int_equal(write(ends[1], "abc", 3), 3);
		close(ends[1]);
		assert_int_equal(read_with_input(ends[0], names[i], &plain, "abc"), 1);
		assert_int_equal(read_with_input(ends[0], names[i], &piped, "abc"), 0);
		assert_int_equal(read_with_input(null, names[i], &piped, ""), 0);
		close(ends[0]);
	}
	close(null);
	put("a", "file");
	int file = open("a", O_RDONLY);

	assert_int_equal(read_with_input(file, "-", &plain, "file"), 0);
	close(file);
}

/* A slow writer on a non-blocking pipe is waited for. */
static void waits_for_a_slow_pipe(void **state)
{
	int ends[2];
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		close(ends[0]);
		for (int i = 0; i < 3; i++) {
			usleep(20000);
			if (write(ends[1], "x", 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(read_with_input(ends[0], "-", &piped, "xxx"), 0);
	close(ends[0]);
	waitpid(child, NULL, 0);
}

static void trusts_only_what_others_cannot_change(void **state)
{
	(void)state;
	put("a", "x");
	expect_text("a", &trusted, "x");
	chmod("a", 0664);
	expect_refusal("a", &trusted, SG_ERROR_INPUT, "its group or others may write it");
	expect_text("a", &plain, "x");
	chmod("a", 0646);
	expect_refusal("a", &trusted, SG_ERROR_INPUT, "its group or others may write it");
	chmod("a", 0600);
	expect_text("a", &trusted, "x");
	/* a folder in which others could exchange it, near or far, by its true place or by the given name */
	assert_int_equal(mkdir("open", 0755), 0);
	assert_int_equal(mkdir("open/deep", 0755), 0);
	put("open/deep/a", "x");
	assert_int_equal(symlink("open/deep/a", "link"), 0);
	assert_int_equal(symlink("../a", "open/link"), 0);
	expect_text("open/deep/a", &trusted, "x");
	expect_text("link", &trusted, "x");
	expect_text("open/link", &trusted, "x");
	chmod("open", 0777);
	expect_refusal("open/deep/a", &trusted, SG_ERROR_INPUT, "others may write in its folder");
	expect_refusal("link", &trusted, SG_ERROR_INPUT, "others may write in its folder");
	expect_refusal("open/link", &trusted, SG_ERROR_INPUT, "others may write in its folder");
	chmod("open", 01777);
	expect_text("open/deep/a", &trusted, "x");
	expect_text("open/link", &trusted, "x");
}

/* Only a file that is gone was exchanged; the system's other troubles are the system's. */
static void tells_an_exchange_from_a_failure(void **state)
{
	static const struct {
		int errnum;
		enum sg_error_kind kind;
		const char *text;
	} cases[] = {
		{ENOENT, SG_ERROR_INPUT, "it was exchanged while it was being read"},
		{EIO, SG_ERROR_SYSTEM, "cannot look at its place"},
		{EACCES, SG_ERROR_SYSTEM, "cannot look at its place"},
		{ENOBUFS, SG_ERROR_SYSTEM, "cannot look at its place"},
	};

	(void)state;
	put("a", "x");
	for (size_t i = 0; i < SG_COUNT(cases); i++) {
		stat_fails = 2; /* the first is before it is opened */
		stat_errno = cases[i].errnum;
		expect_refusal("a", &trusted, cases[i].kind, cases[i].text);
		assert_int_equal(stat_fails, 0);
	}
	expect_text("a", &trusted, "x");
}

static void trusts_only_root_and_its_own_user(void **state)
{
	(void)state;
	if (geteuid()) {
		print_message("only root can give files away\n");
		skip();
	}
	put("b", "x");
	assert_int_equal(chown("b", 65534, 65534), 0);
	expect_refusal("b", &trusted, SG_ERROR_INPUT, "it belongs to another user");
	expect_text("b", &plain, "x");
	assert_int_equal(mkdir("theirs", 0755), 0);
	put("theirs/a", "x");
	assert_int_equal(chown("theirs", 65534, 65534), 0);
	expect_refusal("theirs/a", &trusted, SG_ERROR_INPUT, "others may write in its folder");
}

static void says_when_writing_fails(void **state)
{
	struct sg_error err = {0};
	int full = open("/dev/full", O_WRONLY);

	(void)state;
	assert_int_equal(sg_fd_write_all(full, "x", 1, &err), -1);
	assert_int_equal(err.errnum, ENOSPC);
	close(full);
	assert_int_equal(sg_fd_write_all(-1, "x", 1, &err), -1);
	assert_int_equal(err.errnum, EBADF);
	assert_int_equal(sg_fd_write_all(-1, "", 0, &err), 0);
	assert_int_equal(sg_file_replace("no/such/folder", "x", 1, &err), -1);
	assert_int_equal(err.errnum, ENOENT);
	assert_int_equal(mkdir("taken", 0755), 0);
	assert_int_equal(sg_file_replace("taken", "x", 1, &err), -1);
	assert_int_equal(err.errnum, EISDIR);
	assert_int_equal(system("test -z \"$(ls -A | grep taken.)\""), 0);
}

/* More than a pipe holds, to a reader that is slow: nothing is lost on a non-blocking descriptor. */
static void writes_everything(void **state)
{
	enum { SIZE = 1 << 20 };
	sg_autofree char *data = malloc(SIZE);
	int ends[2], status = -1;
	pid_t child;

	(void)state;
	memset(data, 'x', SIZE);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		char piece[4096];
		size_t total = 0;
		ssize_t got;

		close(ends[1]);
		usleep(50000);
		while ((got = read(ends[0], piece, sizeof(piece))) > 0)
			total += (size_t)got;
		_exit(total == SIZE ? 0 : 1);
	}
	close(ends[0]);
	assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(sg_fd_write_all(ends[1], data, SIZE, NULL), 0);
	close(ends[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(reads_and_replaces),
		IN_FOLDER(refuses_by_size),
		IN_FOLDER(refuses_what_is_no_file),
		IN_FOLDER(standard_input_may_be_a_pipe),
		IN_FOLDER(waits_for_a_slow_pipe),
		IN_FOLDER(trusts_only_what_others_cannot_change),
		IN_FOLDER(tells_an_exchange_from_a_failure),
		IN_FOLDER(trusts_only_root_and_its_own_user),
		IN_FOLDER(says_when_writing_fails),
		IN_FOLDER(writes_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
