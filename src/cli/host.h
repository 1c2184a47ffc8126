/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host.h - what this host does now: its rules, its listening sockets, the session that we are run from. */
#ifndef SG_CLI_HOST_H
#define SG_CLI_HOST_H

#include "cli/session.h"
#include "sockgate/caller.h"
#include "sockgate/kernel_rules.h"

/* The rules in the kernel, and what they mean in the session's context. */
struct rules {
	struct sg_kernel *kernel;
	struct sg_ruleset ruleset;
	const struct sg_table *table; /* ours, NULL: not loaded */
	struct sg_evaluation evaluation;
	struct sg_subject subject; /* of our table; without it, everything is accepted */
};
int rules_read(struct session *session, struct rules *ret, struct sg_error *err);
void rules_clear(struct rules *rules);

/* Listening sockets with their owners, sorted, and the addresses of this host. */
struct sockets {
	struct sg_listeners list;
	struct sg_local_addresses local;
	bool listed, owned; /* the list was read; its owners were found */
};
int sockets_read(struct sockets *ret, struct sg_error *err);
void sockets_clear(struct sockets *sockets);
/* The same in two steps, each done once: the sockets, unsorted, and the host's addresses; who holds them. */
int sockets_list(struct sockets *sockets, struct sg_error *err);
int sockets_own(struct sockets *sockets, struct sg_error *err);

/* The sessions that we may be run from. Owners of listeners are found when they are needed. */
int sessions_find(const struct sg_connections *connections, struct sockets *sockets, struct sg_caller *ret,
		  struct sg_error *err);
/* All live login sessions, whosever they are. The owners of listeners have to be known. */
int sessions_of_all(const struct sg_connections *connections, const struct sockets *sockets, struct sg_caller *ret,
		    struct sg_error *err);

#endif
