/* SPDX-License-Identifier: GPL-2.0-or-later */
/* connections.h - the live connections that a policy would cut off, and the SSH session that we are run from. */
#ifndef SG_CLI_CONNECTIONS_H
#define SG_CLI_CONNECTIONS_H

#include "cli/host.h"

struct cutting {
	bool session_known, session_cut;
	struct sg_caller caller;
	struct sg_session session; /* of the caller's sessions the one that is cut off, else any; its owner is borrowed */
	struct sg_lockout lockout; /* of the session, when it is known */
	struct sg_connections connections;
	struct sg_cuts cuts; /* others than the session */
	bool connected;      /* the connections were read */
	bool looked;         /* for the others */
	bool tracked;        /* by the kernel, as far as it did look */
	bool flows;          /* UDP flows are among the connections */
};
void cutting_clear(struct cutting *cutting);

/* Judges the session that we are run from, when there is one; where it may be one of several, all of them. */
int cutting_session(struct cutting *cutting, const struct sg_subject *to, struct sockets *sockets,
		    struct sg_error *err);
/* Judges the others; `from` is that of sg_cuts_input. May be done again with another `from`: the connections are read
 * once. */
int cutting_find(struct cutting *cutting, const struct sg_subject *from, const struct sg_subject *to,
		 const struct sockets *sockets, struct sg_error *err);
/*
 * Before the kernel tracks connections, a packet of one that is there is a new connection's to it, also one that the host
 * sends, and which outbound lines may refuse: the connection stands still until its peer sends, if it ever does. So
 * inbound ones that are not cut off are made known to it. Needs cutting_session() and cutting_find(). False with err:
 * the kernel does not take one.
 */
bool cutting_keep(const struct cutting *cutting, const struct sockets *sockets, struct sg_error *err);
/* How many live login sessions would end for want of neighbour discovery, which `from` does not refuse; NULL: it
 * refuses nothing. */
int cutting_discovery(const struct cutting *cutting, const struct sg_subject *from, const struct sg_subject *to,
		      const struct sockets *sockets, size_t *ret, struct sg_error *err);
/* Names who holds those that are cut off. */
int cutting_owners(struct cutting *cutting, struct sg_error *err);
/* Whether it is an SSH session, as far as port, listener and process tell. */
bool cutting_is_ssh(const struct cutting *cutting, const struct sockets *sockets, const struct sg_cut *cut);
/* How many of the others are, of those that are cut off then or earlier. */
size_t cutting_ssh(const struct cutting *cutting, const struct sockets *sockets, enum sg_cut_when latest);

struct sg_cuts_report cutting_report(const struct cutting *cutting, const struct sg_subject *to,
				     const struct sg_files *files, const struct sockets *sockets);

#endif
