/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process.h - what is known of a process that may hold the caller's session. Values; the kernel layer reads them. */
#ifndef SOCKGATE_PROCESS_H
#define SOCKGATE_PROCESS_H

#include "sockgate/connection.h"

/* Zero-initialised: nothing is known. */
struct sg_process {
	pid_t pid;                    /* 0: there is no such process (any more), or it is hidden */
	pid_t parent;                 /* 0: none, or not known */
	char name[17];                /* comm */
	bool has_session;             /* its environment has a valid SSH_CONNECTION, */
	struct sg_connection session; /* which is parsed here */
	bool session_unknown;         /* its SSH_CONNECTION is not valid ("UNKNOWN …"), or was not reached in its environment */
	bool sockets_known;           /* all its descriptors were read: the members below miss none */
	bool terminal;                /* it holds the master of a pseudo-terminal */
	uint32_t *sockets;            /* inodes of its sockets */
	size_t socket_count, socket_room;
};
void sg_process_clear(struct sg_process *process);

/*
 * What sshd tells a session in SSH_CONNECTION: "client-address client-port server-address server-port" (ssh(1)). A
 * v4-mapped address is an IPv4 one. The zone of a link-local address becomes the interface's name. False: the text has
 * another form.
 */
bool sg_ssh_connection_parse(const char *text, struct sg_connection *ret);

/* Notes the text of an SSH_CONNECTION; an empty one is none. */
void sg_process_set_session(struct sg_process *process, const char *text);

/* Whether processes of that name let people log in over TCP: sshd, its helpers, and others. */
bool sg_process_is_login(const char *name);
/* … over UDP. */
bool sg_process_is_roaming(const char *name);
/* Whether processes of that name keep sessions to which anyone may attach: tmux, screen and their like. */
bool sg_process_is_multiplexer(const char *name);

#endif
