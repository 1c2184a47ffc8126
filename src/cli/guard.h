/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guard.h - that apply locks nobody out: who asks for it, others who are logged in, and whoever wants to log in next.
 */
#ifndef SG_CLI_GUARD_H
#define SG_CLI_GUARD_H

#include "cli/connections.h"
#include "cli/here.h"

/* Whom a policy would cut off, and what it takes to tell. */
struct watched {
	const struct here *here;
	struct rules rules; /* of the kernel, read when they matter */
	bool ruled, others; /* the rules were read; the others were looked for */
	struct sockets sockets;
	struct cutting cutting;
	bool anybody;              /* after guard(): whether new SSH connections … */
	struct sg_buf ssh_sockets; /* … to these sockets are refused, all of them, as text */
};
void watched_clear(struct watched *watched);

/*
 * 0: nobody is locked out, or it is agreed to: by --force, or at the terminal. 1: not so, which is reported; *ret_exit
 * is set. -1 with err.
 *
 * The session that asks is judged. Where no session asks (a console, cron, systemd), the sessions of others and new logins
 * are judged. With --boot the same holds only if a live SSH session could not be made again: a restart of the service may
 * come from one, while at the start of the machine there is none.
 */
int guard(struct session *session, struct watched *watched, int *ret_exit, struct sg_error *err);
/* Warns of what is cut off all the same. */
int guard_warn(struct session *session, struct watched *watched, struct sg_error *err);

#endif
