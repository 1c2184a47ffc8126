/* SPDX-License-Identifier: GPL-2.0-or-later */
/* learn: a policy drafted from the sockets that listen now. */
#include "cli/host.h"
#include "cli/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"
#include "cli/progress.h"
#include "render/say.h"
#include "sockgate/kernel_local.h"

/* A file that is not there yet; a half-written one does not stay. */
static int write_new(const char *path, const struct sg_learn *learn, struct sg_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), result;

	if (fd < 0 && errno == EEXIST)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' is there already; --force replaces it", path);
	if (fd < 0)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot write '%s'", path);
	result = sg_fd_write_all(fd, learn->text, learn->size, err);
	if (result < 0)
		sg_error_prefix(err, "cannot write '%s'", path);
	if (result == 0 && fsync(fd) < 0)
		result = sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot write '%s'", path);
	if (close(fd) < 0 && result == 0)
		result = sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot write '%s'", path);
	if (result < 0)
		unlink(path);
	return result;
}

/* Also --force takes the place of a file alone: not of a device or a folder, and a link may be meant to stay one. */
static int write_over(const char *path, const struct sg_learn *learn, struct sg_error *err)
{
	struct stat there;

	if (lstat(path, &there) == 0 && !S_ISREG(there.st_mode))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' is not a regular file", path);
	if (sg_file_replace(path, learn->text, learn->size, err) < 0)
		return sg_error_prefix(err, "cannot write '%s'", path);
	return 0;
}

static int draft(struct session *session, struct sockets *sockets, struct sg_learn *ret, struct sg_error *err)
{
	struct sg_learn_input input = {
		.listeners = &sockets->list,
		.local = &sockets->local,
		.now = (uint64_t)time(NULL),
	};

	if (sockets_read(sockets, err) < 0 ||
	    sg_kernel_ephemeral_ports(&input.ephemeral_first, &input.ephemeral_last, err) < 0)
		return -1;
	progress_say("drafting the policy");
	return sg_learn(&input, session->idd, ret, err);
}

static void say_written(struct session *session, const char *path, const struct sg_learn *learn)
{
	struct sg_buf text = {0};

	if (session->options->quiet)
		return;
	sg_say_adds(&text, path);
	sg_buf_adds(&text, ": drafted, ");
	sg_say_count(&text, learn->lines, "line");
	sg_buf_adds(&text, " for ");
	sg_say_count(&text, learn->counts[SG_LEARNED_ALLOWED], "socket");
	sg_buf_adds(&text, "; read it, then: sockgate check ");
	sg_say_adds(&text, path);
	sg_buf_addc(&text, '\n');
	session_say(session, &text);
}

int verb_learn(struct session *session)
{
	const struct options *options = session->options;
	const char *path = options->output && strcmp(options->output, "-") != 0 ? options->output : NULL;
	sg_cleanup(sockets_clear) struct sockets sockets = {0};
	sg_cleanup(sg_learn_clear) struct sg_learn learn = {0};
	struct sg_error err = {0};

	if (draft(session, &sockets, &learn, &err) < 0)
		return session_fail(session, &err);
	if (path && (options->force ? write_over(path, &learn, &err) : write_new(path, &learn, &err)) < 0)
		return session_fail(session, &err);
	if (options->json)
		sg_render_learn_json(&session->answer, &sockets.list, &learn);
	else if (!path)
		sg_buf_add(&session->answer, learn.text, learn.size);
	else
		say_written(session, path, &learn);
	return session_finish(session, EXIT_YES);
}
