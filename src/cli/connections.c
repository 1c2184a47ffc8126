/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/connections.h"

#include <string.h>
#include "base/mem.h"
#include "sockgate/kernel_connections.h"
#include "sockgate/proto.h"

#define SSH_PORT 22

void cutting_clear(struct cutting *cutting)
{
	sg_connections_clear(&cutting->connections);
	sg_cuts_clear(&cutting->cuts);
}

int cutting_session(struct cutting *cutting, const struct sg_subject *to, const struct sockets *sockets,
		    struct sg_error *err)
{
	struct sg_subject subject = *to;
	size_t listener;

	cutting->session_known = ssh_connection(&cutting->session, &sockets->local);
	if (!cutting->session_known)
		return 0;
	/* a new connection meets whoever listens now */
	listener = sg_connection_listener(&sockets->list, &cutting->session);
	if (listener != SG_NO_LISTENER)
		subject = sg_subject_for(to, &sockets->list.items[listener]);
	if (sg_lockout_check(&subject, &cutting->session, &cutting->lockout, err) < 0)
		return -1;
	cutting->session_cut = !cutting->lockout.accepted;
	return 0;
}

static bool is_session(const struct cutting *cutting, const struct sg_connection *connection)
{
	const struct sg_connection *session = &cutting->session;

	return cutting->session_known && session->family == connection->family &&
	       session->remote == connection->remote && session->remote_port == connection->remote_port &&
	       session->local == connection->local && session->port == connection->port;
}

int cutting_find(struct cutting *cutting, const struct sg_subject *from, const struct sg_subject *to,
		 const struct sockets *sockets, struct sg_error *err)
{
	struct sg_cuts_input input = {
		.from = from,
		.to = to,
		.connections = &cutting->connections,
		.listeners = &sockets->list,
		.local = &sockets->local,
	};
	size_t kept = 0;

	if (!cutting->looked &&
	    (sg_sockdiag_connections(&cutting->connections, err) < 0 || sg_kernel_tracks(&cutting->tracked, err) < 0))
		return -1;
	cutting->looked = true;
	input.untracked = !cutting->tracked;
	sg_cuts_clear(&cutting->cuts);
	if (sg_cuts_find(&input, &cutting->cuts, err) < 0)
		return -1;
	for (size_t i = 0; i < cutting->cuts.count; i++)
		if (!is_session(cutting, &cutting->connections.items[cutting->cuts.items[i].connection]))
			cutting->cuts.items[kept++] = cutting->cuts.items[i];
	cutting->cuts.count = kept;
	return 0;
}

int cutting_owners(struct cutting *cutting, struct sg_error *err)
{
	sg_autofree struct sg_connection **wanted = calloc(cutting->cuts.count + 1, sizeof(*wanted));
	struct sg_connection *session = NULL;
	size_t count = 0;

	if (!wanted)
		return sg_error_nomem(err);
	for (; count < cutting->cuts.count; count++)
		wanted[count] = &cutting->connections.items[cutting->cuts.items[count].connection];
	for (size_t i = 0; cutting->session_cut && i < cutting->connections.count && !session; i++)
		if (is_session(cutting, &cutting->connections.items[i]))
			session = wanted[count++] = &cutting->connections.items[i];
	if (sg_connection_owners_find(wanted, count, err) < 0)
		return -1;
	if (session)
		cutting->session.owner = session->owner;
	return 0;
}

size_t cutting_ssh(const struct cutting *cutting)
{
	size_t count = 0;

	for (size_t i = 0; i < cutting->cuts.count; i++) {
		const struct sg_cut *cut = &cutting->cuts.items[i];
		const struct sg_connection *connection = &cutting->connections.items[cut->connection];

		if (cut->direction == SG_IN &&
		    (connection->port == SSH_PORT || !strncmp(connection->owner.process, "sshd", strlen("sshd"))))
			count++;
	}
	return count;
}

struct sg_cuts_report cutting_report(const struct cutting *cutting, const struct sg_subject *to,
				     const struct sg_files *files, const struct sockets *sockets)
{
	return (struct sg_cuts_report){
		.to = to,
		.files = files,
		.session = cutting->session_cut ? &cutting->session : NULL,
		.lockout = &cutting->lockout,
		.connections = &cutting->connections,
		.listeners = &sockets->list,
		.cuts = cutting->looked ? &cutting->cuts : NULL,
	};
}
