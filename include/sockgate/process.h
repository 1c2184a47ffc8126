/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process.h - a process as far as it tells who runs us. Values; the kernel layer reads them. */
#ifndef SOCKGATE_PROCESS_H
#define SOCKGATE_PROCESS_H

#include "sockgate/connection.h"

/* Zero-initialised: nothing is known. */
struct sg_process {
	pid_t pid;                    /* 0: there is no such process (any more), or it is hidden */
	pid_t parent;                 /* 0: none, or not known */
	char name[17];                /* comm */
	bool has_session;             /* its environment has an SSH_CONNECTION that makes sense … */
	struct sg_connection session; /* … and this is it */
	bool session_unknown;         /* it has one that makes none: a session by a way that has no addresses */
	bool sockets_known;           /* all its descriptors were read: the members below miss none */
	bool terminal;                /* it holds the master of a pseudo-terminal */
	uint32_t *sockets;            /* inodes of its sockets */
	size_t socket_count, socket_room;
};
void sg_process_clear(struct sg_process *process);

/*
 * What sshd tells a session in SSH_CONNECTION: "client-address client-port server-address server-port" (ssh(1)). A
 * v4-mapped address is an IPv4 one. The zone of a link-local address becomes the interface's name. False: it is
 * something else.
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
