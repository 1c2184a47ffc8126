/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * caller.h - the session (a login over SSH, mosh or the like) that this process was started from.
 *
 * The process tree is the evidence: a process above us that holds a live inbound connection (sshd, telnetd, the server
 * of a web terminal) is where the session comes from. SSH_CONNECTION of an environment only tells where a session came
 * from once: tmux and screen keep it when that session has ended and others attach.
 */
#ifndef SOCKGATE_CALLER_H
#define SOCKGATE_CALLER_H

#include "sockgate/process.h"

/* Where processes come from. They fail without memory, or when the kernel cannot be asked for a route. */
struct sg_caller_source {
	/* *ret without a pid: it is gone, or hidden. */
	int (*process)(pid_t pid, struct sg_process *ret, void *data, struct sg_error *err);
	/* A process that holds the socket; 0: none that can be seen. */
	int (*holder)(const struct sg_connection *connection, pid_t *ret, void *data, struct sg_error *err);
	/* Whether the address may be this host's: of an interface, or of a local route of any table. */
	bool (*is_local)(enum sg_family family, sg_u128 address, void *data);
	/* Whether the host's packets of the connection stay inside of it. */
	int (*is_inside)(const struct sg_connection *connection, bool *ret, void *data, struct sg_error *err);
	/* What a session of another network namespace was sent to in ours, when it comes by a port that is published. */
	int (*published)(const struct sg_connection *inside, struct sg_connection *ret, bool *ret_found, void *data,
			 struct sg_error *err);
	void *data;
};

struct sg_caller_input {
	pid_t self;                               /* where to begin */
	const struct sg_connections *connections; /* live ones; those inside of the host with both their ends */
	const struct sg_listeners *listeners;
	const struct sg_caller_source *source;
};

enum sg_session_kind {
	SG_SESSION_SSH,     /* a connection of SSH or of another login service */
	SG_SESSION_TCP,     /* another inbound connection that a process above us holds */
	SG_SESSION_ROAMING, /* a UDP socket of a terminal server (mosh); the peer's port, and maybe address, is not
			       known */
};

struct sg_session {
	enum sg_session_kind kind;
	bool live;         /* false: only SSH_CONNECTION tells of it */
	bool named;        /* SSH_CONNECTION of some environment above us names it */
	bool remote_known; /* the address of the peer is known */
	struct sg_connection connection; /* without owner */
};

/* Zero-initialised is empty. */
struct sg_caller {
	struct sg_session *items;
	size_t count, room;
	/* The process tree does not tell which session is the caller's. It may be one that was not found. */
	bool uncertain;
	struct sg_session *named; /* sessions that environments name and that are not live */
	size_t named_count, named_room;
};
void sg_caller_clear(struct sg_caller *caller);

/*
 * Finds the sessions that processes above this one hold. An inner session (ssh from this host to itself) is followed to the
 * process at its other end, and to the processes above that. No session, and not `uncertain`: the caller is on a console, or
 * is cron or systemd.
 */
int sg_caller_find(const struct sg_caller_input *input, struct sg_caller *ret, struct sg_error *err);
/*
 * To be called when *caller is `uncertain`, with the owners of listeners found. Adds every live session that may be the
 * caller's: those to a port of a login service, or to the port of a session that an environment names. If there are none,
 * adds the sessions that environments name though they are not live.
 */
int sg_caller_widen(const struct sg_caller_input *input, struct sg_caller *caller, struct sg_error *err);

/* Whether people log in by that listener: by its process, its unit, or, where they are not known, port 22. */
bool sg_listener_is_login(const struct sg_listener *listener);

#endif
