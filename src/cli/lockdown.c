/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lockdown is a policy like any other, compiled and proven in the same way. Its text stands here, so that nothing
 * else has to be readable; further ports of SSH are opened behind that, where the SSH server's configuration names
 * them. Its note in the kernel says that it is no policy of this host, and why it was loaded: that cannot outlive the
 * rules that it speaks of.
 */
#include "cli/lockdown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/num.h"
#include "cli/comeback.h"
#include "cli/sshd.h"

#define LOCKDOWN_START "name: lockdown, the policy could not be loaded\nallow: {tcp: [ssh"
#define LOCKDOWN_END   "]}\n"
#define LOCKDOWN_SIZE  (sizeof(LOCKDOWN_START LOCKDOWN_END) + SSHD_PORTS_MAX * sizeof(", 65535"))

struct ports {
	uint16_t port[SSHD_PORTS_MAX];
	size_t count;
};

/* What the kernel has. */
enum in_force {
	NOTHING,  /* no table of ours, or one that is not as it was proven */
	LOCKDOWN, /* the lockdown */
	POLICY,   /* a policy's rules, as they were proven */
};

/* *ret_mark is filled unless NOTHING is returned. */
static enum in_force what_holds(const struct sg_table *table, struct sg_mark *ret_mark)
{
	bool holds = false;

	if (!table || !sg_mark_read(table, ret_mark) || sg_mark_holds(table, ret_mark, &holds, NULL) < 0 || !holds)
		return NOTHING;
	return ret_mark->lockdown ? LOCKDOWN : POLICY;
}

/* What cannot be read is not known to hold. */
static enum in_force what_is_in_force(struct sg_kernel *kernel, struct sg_mark *ret_mark)
{
	sg_cleanup(sg_ruleset_clear) struct sg_ruleset ruleset = {0};
	const struct sg_table *table = NULL;

	return sg_apply_read(kernel, &ruleset, &table, NULL) < 0 ? NOTHING : what_holds(table, ret_mark);
}

/* The session's own diagrams and files may be what failed: the lockdown has a session of its own. */
static int load_with(struct session *own, struct sg_kernel *kernel, const char *reason, const struct ports *ports,
		     struct sg_error *err)
{
	char text[LOCKDOWN_SIZE] = LOCKDOWN_START;
	size_t length = strlen(text);
	const struct sg_policy_options options = {.now = own->now};
	sg_cleanup(loaded_clear) struct loaded loaded = {0};
	sg_cleanup(sg_diags_clear) struct sg_diags diags = {0};
	struct sg_apply_input input = {.files = own->files, .lockdown = reason};
	struct sg_apply_result result;

	for (size_t i = 0; i < ports->count; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, ", %u", ports->port[i]);
	snprintf(text + length, sizeof(text) - length, LOCKDOWN_END);
	loaded.policy = sg_policy_parse("lockdown", "/", text, strlen(text), &options, own->files, &loaded.diags, err);
	if (!loaded.policy)
		return err->kind ? -1 : sg_error_set(err, SG_ERROR_INPUT, 0, "the lockdown itself is not valid");
	if (sg_policy_lower(loaded.policy, own->idd, &loaded.decision, err) < 0)
		return -1;
	input.policy = loaded.policy;
	input.decision = &loaded.decision;
	return sg_apply(kernel, &input, &diags, &result, err);
}

static int load_ports(const struct session *session, struct sg_kernel *kernel, const char *reason,
		      const struct ports *ports, struct sg_error *err)
{
	struct session own;
	int result;

	if (session_open(&own, session->options) < 0)
		return sg_error_nomem(err);
	result = load_with(&own, kernel, reason, ports, err);
	session_close(&own);
	return result;
}

/* First what needs no file: a read may take its time. */
static int load(struct session *session, struct sg_kernel *kernel, const char *reason, struct sg_error *err)
{
	struct ports ports = {.count = 0};
	struct sg_error why = {0};

	if (load_ports(session, kernel, reason, &ports, err) < 0)
		return -1;
	ports.count = sshd_ports(ports.port);
	if (ports.count && load_ports(session, kernel, reason, &ports, &why) < 0)
		session_note(session, "sockgate: warning: only port 22 of SSH is open: %s\n", why.message);
	return 0;
}

static void say_locked(struct session *session, const char *reason)
{
	session_note(session,
		     "sockgate: warning: locked down: only SSH is let in (the policy could not be loaded: %s)\n",
		     reason);
}

/*
 * Says what is in force then. `keeps_reason`: a lockdown that is in force already knows better why. *ret_locked: it is
 * a lockdown. -1: nothing may be in force.
 */
static int lock_down(struct session *session, const char *reason, bool keeps_reason, bool *ret_locked,
		     struct sg_error *err)
{
	sg_cleanup(sg_kernel_clear) struct sg_kernel *kernel = NULL;
	struct sg_mark mark = {0};
	enum in_force now = NOTHING;

	*ret_locked = false;
	comeback_remember(session, false);
	if (sg_kernel_open(&kernel, err) == 0) {
		now = what_is_in_force(kernel, &mark);
		if (now == POLICY) {
			session_note(session,
				     "sockgate: warning: the rules that were applied from %s before stay in force\n",
				     mark.policy);
			return 0;
		}
		if ((now == LOCKDOWN && keeps_reason) || load(session, kernel, reason, err) == 0) {
			say_locked(session, now == LOCKDOWN && keeps_reason ? mark.policy : reason);
			*ret_locked = true;
			return 0;
		}
	}
	return sg_error_prefix(err, "the lockdown could not be loaded, so nothing may be enforced");
}

void lockdown_after_failure(struct session *session)
{
	struct sg_error err = {0};
	bool locked;

	if (lock_down(session, *session->failure ? session->failure : "it is not known why", false, &locked, &err) < 0)
		session_report(session, &err);
}

/*
 * Why sockgate.service failed, as far as systemd knows. False: systemd knows no more than a lockdown that is in force
 * says. The program ended by itself, and has said why, or it was not started. Exit codes from 200 on are systemd's: it
 * could not run the program (systemd.exec(5)).
 */
static bool reason_of_unit(char *ret, size_t size)
{
	const char *unit = getenv("MONITOR_UNIT"), *result = getenv("MONITOR_SERVICE_RESULT");
	const char *status = getenv("MONITOR_EXIT_STATUS");
	uint64_t code;

	if (!unit)
		unit = "sockgate.service";
	/* a unit whose mounts failed, say, was not even tried; or it is being started again, and systemd has forgotten
	 */
	if (!result || !strcmp(result, "success")) {
		snprintf(ret, size, "%.100s could not be started", unit);
		return false;
	}
	snprintf(ret, size, "%.100s failed: %.40s%s%.20s", unit, result, status ? " " : "", status ? status : "");
	/* only of exit-code is the status a number; else it is the name of a signal */
	return strcmp(result, "exit-code") != 0 || !status || !sg_num_parse(status, strlen(status), 255, &code) ||
	       code >= 200;
}

int lockdown_for_unit(struct session *session)
{
	char reason[SG_MARK_NAME_SIZE * 2];
	bool news = reason_of_unit(reason, sizeof(reason));
	struct sg_error err = {0};
	bool locked;

	if (lock_down(session, reason, !news, &locked, &err) < 0)
		return session_fail(session, &err);
	if (session->options->json)
		sg_render_lockdown_json(&session->answer, locked);
	return session_finish(session, EXIT_YES);
}

bool lockdown_is_in_force(const struct sg_table *table, char *ret, size_t size)
{
	struct sg_mark mark;

	if (what_holds(table, &mark) != LOCKDOWN)
		return false;
	snprintf(ret, size, "%s", mark.policy);
	return true;
}

void lockdown_say(struct session *session, const struct sg_table *table)
{
	char reason[SG_MARK_NAME_SIZE];

	if (lockdown_is_in_force(table, reason, sizeof(reason)))
		say_locked(session, reason);
}

void lockdown_say_of_kernel(struct session *session)
{
	sg_cleanup(sg_kernel_clear) struct sg_kernel *kernel = NULL;
	sg_cleanup(sg_ruleset_clear) struct sg_ruleset ruleset = {0};
	const struct sg_table *table = NULL;

	if (sg_kernel_open(&kernel, NULL) == 0 && sg_apply_read(kernel, &ruleset, &table, NULL) == 0)
		lockdown_say(session, table);
}
