/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files in a folder of the test's own, below /tmp (which has the sticky bit). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

/* What happens just before a file is opened that was judged: a command that others might run, or an error. */
static const char *before_open;
static int open_errno;
int __real_openat(int at, const char *name, int flags, ...);
int __wrap_openat(int at, const char *name, int flags, ...);

int __wrap_openat(int at, const char *name, int flags, ...)
{
	if (!(flags & O_PATH) && before_open) {
		if (system(before_open))
			abort();
		before_open = NULL;
	}
	if (!(flags & O_PATH) && open_errno) {
		errno = open_errno;
		open_errno = 0;
		return -1;
	}
	return __real_openat(at, name, flags);
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

/* What is opened is what was judged; the system's troubles are the system's. */
static void notices_an_exchange(void **state)
{
	static const char *const swaps[] = {"mv b a",
					    "rm a",
					    "rm a && ln -s b a",
					    "rm a && mkfifo a",
					    "rm a && mkdir a",
					    "rm a && ln -s /dev/zero a"};

	(void)state;
	alarm(20);
	for (size_t i = 0; i < SG_COUNT(swaps); i++) {
		put("a", "x");
		put("b", "y");
		before_open = swaps[i];
		expect_refusal("a", &trusted, SG_ERROR_INPUT, "it was exchanged while it was being read");
		assert_null(before_open);
		assert_int_equal(system("rm -rf a"), 0);
	}
	put("a", "x");
	open_errno = EIO;
	expect_refusal("a", &trusted, SG_ERROR_SYSTEM, strerror(EIO));
	expect_text("a", &trusted, "x");
	alarm(0);
}

/* The folder was judged by its descriptor: that another takes its name later leads nowhere else. */
static void keeps_to_the_folder_that_it_judged(void **state)
{
	(void)state;
	assert_int_equal(system("mkdir d e && echo good >d/a && echo bad >e/a"), 0);
	before_open = "mv d gone && mv e d";
	expect_text("d/a", &trusted, "good\n");
	assert_null(before_open);
	expect_text("d/a", &trusted, "bad\n");
}

static void follows_paths_as_the_kernel_does(void **state)
{
	static const char *const paths[] = {
		"a",      "./a",       "d/../a",      "d/e/../../a", "d//e/./../../a", "to-a",       "d/to-a",
		"to-d/b", "to-d/../a", "to-to-d/b",   "d/up/a",      "to-d/e/../b",    "chain1",     "absolute",
		"a/",     "a/.",       "d/missing/x", "a/x",         "to-a/",          "to-nothing", "loop/x",
		"deep/b", "d/e/up2/b", "./d/./b",     "../",         "to-d/to-a",      "to-a/../a",  "d/..",
	};
	char folder_path[128];

	(void)state;
	assert_int_equal(system("mkdir -p d/e && echo a >a && echo b >d/b && ln -s a to-a && ln -s d to-d &&"
				"ln -s to-d to-to-d && ln -s ../a d/to-a && ln -s .. d/up && ln -s ../../d d/e/up2 &&"
				"ln -s \"$PWD/d/../a\" absolute && ln -s nothing to-nothing && ln -s loop loop &&"
				"ln -s d//e/..// deep && ln -s a chain41 &&"
				"for i in $(seq 40); do ln -s chain$((i + 1)) chain$i; done"),
			 0);
	assert_non_null(getcwd(folder_path, sizeof(folder_path)));
	for (size_t i = 0; i < 2 * SG_COUNT(paths); i++) {
		sg_autofree char *path = NULL, *data = NULL, *expected = NULL;
		struct sg_error err = {0}, expected_err = {0};
		size_t size = 0, expected_size = 0;
		int result;

		assert_true(asprintf(&path, "%s%s%s", i % 2 ? folder_path : "", i % 2 ? "/" : "", paths[i / 2]) > 0);
		result = sg_file_read(path, &plain, &expected, &expected_size, &expected_err);
		if (sg_file_read(path, &trusted, &data, &size, &err) != result || err.errnum != expected_err.errnum ||
		    err.kind != expected_err.kind || size != expected_size || (!result && memcmp(data, expected, size)))
			fail_msg("%s: '%s' instead of '%s'", path, err.message, expected_err.message);
	}
}

/* As many symlinks as the kernel follows, and a name as long as it takes. */
static void gives_up_where_the_kernel_does(void **state)
{
	char name[NAME_MAX + 10], path[PATH_MAX + 10];

	(void)state;
	put("a", "x");
	assert_int_equal(system("ln -s a l40 && for i in $(seq 39); do ln -s l$((i + 1)) l$i; done && ln -s l1 l0"), 0);
	expect_text("l1", &trusted, "x");
	expect_text("l1", &plain, "x");
	expect_refusal("l0", &trusted, SG_ERROR_SYSTEM, strerror(ELOOP));
	expect_refusal("l0", &plain, SG_ERROR_SYSTEM, strerror(ELOOP));
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	expect_refusal(name, &trusted, SG_ERROR_SYSTEM, strerror(ENAMETOOLONG));
	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	expect_refusal(path, &trusted, SG_ERROR_SYSTEM, strerror(ENAMETOOLONG));
	/* a target that is too long together with what follows it */
	memset(path, '/', PATH_MAX - 2);
	path[PATH_MAX - 2] = '\0';
	assert_int_equal(symlink(path, "long"), 0);
	expect_refusal("long/some/more", &trusted, SG_ERROR_SYSTEM, strerror(ENAMETOOLONG));
}

/* Every folder and symlink on the way, whoever leads to it. */
static void trusts_no_way_that_others_can_turn(void **state)
{
	(void)state;
	assert_int_equal(
		system("mkdir good open && echo x >good/a && ln -s ../good open/to-good && ln -s open/to-good way &&"
		       "ln -s \"$PWD/open/to-good/../good/a\" file && ln -s . open/here"),
		0);
	expect_text("open/to-good/a", &trusted, "x\n");
	expect_text("way/a", &trusted, "x\n");
	expect_text("file", &trusted, "x\n");
	for (unsigned int i = 0; i < 2; i++) {
		chmod("open", i ? 0757 : 0775);
		expect_refusal("open/to-good/a", &trusted, SG_ERROR_INPUT, "/open' ('chmod go-w ");
		expect_refusal("way/a", &trusted, SG_ERROR_INPUT, "others may write in its folder");
		expect_refusal("file", &trusted, SG_ERROR_INPUT, "others may write in its folder");
		expect_refusal("open/../good/a", &trusted, SG_ERROR_INPUT, "others may write in its folder");
		expect_refusal("open/here/to-good/a", &trusted, SG_ERROR_INPUT, "others may write in its folder");
	}
	/* a folder above the working directory, where the name is relative and where it is not */
	assert_int_equal(chdir("good"), 0);
	expect_text("a", &trusted, "x\n");
	assert_int_equal(chdir(".."), 0);
	assert_int_equal(system("mkdir -p open/below && echo x >open/below/a"), 0);
	assert_int_equal(chdir("open/below"), 0);
	expect_refusal("a", &trusted, SG_ERROR_INPUT, "/open' ('chmod go-w ");
	expect_refusal("./a", &trusted, SG_ERROR_INPUT, "others may write in its folder");
	assert_int_equal(chdir("../.."), 0);
	/* a sticky folder keeps what is ours, but others can link it there */
	chmod("open", 01777);
	expect_text("way/a", &trusted, "x\n");
	assert_int_equal(link("good/a", "open/linked"), 0);
	expect_refusal("open/linked", &trusted, SG_ERROR_INPUT, "other names");
	chmod("open", 0755);
	expect_text("open/linked", &trusted, "x\n");
}

static void trusts_no_symlink_of_another(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(
		system("mkdir good sticky && echo x >good/a && chmod 1777 sticky && ln -s ../good sticky/dir &&"
		       "ln -s ../good/a sticky/file && ln -s sticky/dir way"),
		0);
	expect_text("sticky/dir/a", &trusted, "x\n");
	expect_text("way/a", &trusted, "x\n");
	assert_int_equal(lchown("sticky/dir", 65534, 65534) | lchown("sticky/file", 65534, 65534), 0);
	expect_refusal("sticky/dir/a", &trusted, SG_ERROR_INPUT, "symlink");
	expect_refusal("way/a", &trusted, SG_ERROR_INPUT, "belongs to another user");
	expect_refusal("sticky/file", &trusted, SG_ERROR_INPUT, "symlink");
	expect_text("sticky/dir/a", &plain, "x\n");
	assert_int_equal(lchown("sticky", 65534, 65534), 0);
	assert_int_equal(lchown("sticky/dir", 0, 0), 0);
	expect_refusal("sticky/dir/a", &trusted, SG_ERROR_INPUT, "/sticky' belongs to another user ('chown root ");
}

/* What is behind a descriptor is trusted for who gave it; a path that goes by way of one is not. */
static void only_descriptors_are_inherited(void **state)
{
	char path[128];
	int fd;

	(void)state;
	assert_int_equal(system("mkdir open && echo x >open/a && chmod 0777 open"), 0);
	fd = open("open", O_RDONLY | O_DIRECTORY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/a", fd);
	expect_refusal(path, &trusted, SG_ERROR_INPUT, "others may write in its folder");
	snprintf(path, sizeof(path), "/dev/fd/../../..%s/open/a", folder);
	expect_refusal(path, &trusted, SG_ERROR_INPUT, "others may write in its folder");
	close(fd);
	fd = open("open/a", O_RDONLY);
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	expect_text(path, &trusted, "x\n");
	close(fd);
}

/* Regular files to stat(2), which may be read for ever. */
static void refuses_what_the_kernel_makes_up(void **state)
{
	const struct sg_file_rules both[] = {{.max_size = 1 << 20, .no_made_up = true},
					     {.max_size = 1 << 20, .no_made_up = true, .trusted_only = true}};
	static const char *const paths[] = {"/proc/kmsg", "/proc/self/status", "/proc/sys/kernel/ostype",
					    "/sys/kernel/uevent_seqnum", "to-kmsg"};

	(void)state;
	assert_int_equal(symlink("/proc/kmsg", "to-kmsg"), 0);
	alarm(20);
	for (size_t i = 0; i < SG_COUNT(both); i++)
		for (size_t j = 0; j < SG_COUNT(paths); j++)
			if (!access(paths[j], R_OK))
				expect_refusal(paths[j], &both[i], SG_ERROR_INPUT, "made up by the kernel");
	put("a", "x");
	expect_text("a", &both[0], "x");
	expect_text("a", &both[1], "x");
	alarm(0);
}

static char told[4096];

static void tell(const char *path)
{
	snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s ", path ? path : "-");
}

/* Who watches is told before each wait, and when it is over, however it ends. */
static void tells_what_is_being_read(void **state)
{
	const struct sg_file_rules rules = {.max_size = 1 << 20, .reading = tell, .trusted_only = true};

	(void)state;
	put("a", "x");
	expect_text("a", &rules, "x");
	assert_string_equal(told, "a a a - ");
	told[0] = '\0';
	expect_refusal("missing", &rules, SG_ERROR_SYSTEM, "cannot open");
	assert_string_equal(told, "missing - ");
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
	expect_refusal("theirs/a", &trusted, SG_ERROR_INPUT, "/theirs' belongs to another user");
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
		IN_FOLDER(notices_an_exchange),
		IN_FOLDER(keeps_to_the_folder_that_it_judged),
		IN_FOLDER(follows_paths_as_the_kernel_does),
		IN_FOLDER(gives_up_where_the_kernel_does),
		IN_FOLDER(trusts_no_way_that_others_can_turn),
		IN_FOLDER(trusts_no_symlink_of_another),
		IN_FOLDER(only_descriptors_are_inherited),
		IN_FOLDER(refuses_what_the_kernel_makes_up),
		IN_FOLDER(tells_what_is_being_read),
		IN_FOLDER(trusts_only_root_and_its_own_user),
		IN_FOLDER(says_when_writing_fails),
		IN_FOLDER(writes_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
