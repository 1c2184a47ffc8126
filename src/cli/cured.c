/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/cured.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/mem.h"

#define DROP_IN_SIZE 65536 /* bytes; more is no drop-in of ours */

/* What an assignment of ExecStartPost= leaves: an empty one takes away those before it. */
static bool assigns(const char *line, bool applies)
{
	const char *value = line + strlen("ExecStartPost="), *program;

	value += strspn(value, " \t");
	if (!*value)
		return false;
	program = strstr(value, "sockgate");
	return applies || (program && strstr(program, " apply"));
}

static bool text_applies(char *text)
{
	bool applies = false;

	for (char *rest = text, *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		line += strspn(line, " \t");
		if (!strncmp(line, "ExecStartPost=", strlen("ExecStartPost=")))
			applies = assigns(line, applies);
	}
	return applies;
}

static bool unit_applies(const char *unit)
{
	static const char *const folders[] = {"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
					      "/usr/lib/systemd/system"};
	const struct sg_file_rules rules = {.max_size = DROP_IN_SIZE};

	for (size_t i = 0; i < SG_COUNT(folders); i++) {
		sg_autofree char *text = NULL;
		struct sg_error err = {0};
		char path[512];
		size_t size;

		snprintf(path, sizeof(path), "%s/%s.d/sockgate.conf", folders[i], unit);
		if (sg_file_read(path, &rules, &text, &size, &err) == 0)
			return text_applies(text);
		/* what is there and cannot be read (/dev/null, too) is what counts */
		if (err.errnum != ENOENT && err.errnum != ENOTDIR)
			return false;
	}
	return false;
}

static bool is_cured(const struct sg_policy *policy, const struct sg_diag *diag)
{
	for (size_t i = 0; i < sg_policy_lines(policy); i++) {
		const struct sg_line *line = sg_policy_line(policy, i);

		if (line->unit && !memcmp(&line->span, &diag->span, sizeof(line->span)))
			return unit_applies(line->unit);
	}
	return false;
}

void cured_forget(const struct sg_policy *policy, struct sg_diags *diags)
{
	size_t kept = 0;

	for (size_t i = 0; i < diags->count; i++) {
		struct sg_diag diag = diags->items[i];

		if (strcmp(diag.id, "unit/restart") != 0 || !is_cured(policy, &diag)) {
			diags->items[kept++] = diag;
			continue;
		}
		free(diag.message);
		free(diag.hint);
		diags->warnings--;
	}
	diags->count = kept;
}
