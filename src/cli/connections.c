/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/connections.h"

#include <string.h>
#include "base/mem.h"
#include "sockgate/kernel_connections.h"
#include "sockgate/kernel_route.h"
#include "sockgate/proto.h"

#define SSH_PORT 22

void cutting_clear(struct cutting *cutting)
{
	sg_connections_clear(&cutting->connections);
	sg_cuts_clear(&cutting->cuts);
	sg_caller_clear(&cutting->caller);
}

/* Before the kernel tracks anything, only sockets that are connected tell of their peers. */
static int read_datagrams(struct cutting *cutting, const struct sockets *sockets, struct sg_error *err)
{
	if (cutting->tracked)
		return sg_conntrack_flows(&sockets->local, &cutting->connections, &cutting->flows, err);
	return sg_sockdiag_datagrams(&cutting->connections, err);
}

static int read_connections(struct cutting *cutting, const struct sockets *sockets, struct sg_error *err)
{
	if (cutting->connected)
		return 0;
	if (sg_kernel_tracks(&cutting->tracked, err) < 0 || sg_sockdiag_connections(&cutting->connections, err) < 0 ||
	    read_datagrams(cutting, sockets, err) < 0)
		return -1;
	cutting->connected = true;
	return 0;
}

static int judge(const struct sg_session *session, const struct sg_subject *to, const struct sockets *sockets,
		 const struct sg_interfaces *interfaces, struct sg_lockout *ret, struct sg_error *err)
{
	struct sg_lockout_ways ways = {.loopback = sg_link_loopback_name(&sockets->local),
				       .interfaces = interfaces->names,
				       .count = interfaces->count};
	struct sg_connection connection = session->connection;
	struct sg_subject subject = *to;
	const struct sg_link *link = NULL;
	size_t listener = SG_NO_LISTENER;

	/* the zone of a link-local address in SSH_CONNECTION is a name */
	if (!connection.interface && *connection.interface_name)
		link = sg_link_by_name(&sockets->local, connection.interface_name);
	if (link)
		connection.interface = link->index;
	if (session->remote_known && sg_kernel_route(&connection, &ways.route, err) < 0)
		return -1;
	/* a new connection meets whoever listens now */
	if (!connection.published)
		listener = sg_connection_listener(&sockets->list, &session->connection);
	if (listener != SG_NO_LISTENER)
		subject = sg_subject_for(to, &sockets->list.items[listener]);
	return sg_lockout_session(&subject, session, &ways, ret, err);
}

/* Of a roaming session conntrack knows where the peer is now, or was: one session for each flow to its socket. */
static int find_peers(struct cutting *cutting, struct sg_error *err)
{
	struct sg_caller *caller = &cutting->caller;
	size_t count = caller->count;

	for (size_t i = 0; i < count; i++) {
		struct sg_session session = caller->items[i];
		bool first = true;

		for (size_t k = 0; session.kind == SG_SESSION_ROAMING && k < cutting->connections.count; k++) {
			const struct sg_connection *flow = &cutting->connections.items[k];

			if (!flow->flow || !flow->inbound || flow->port != session.connection.port ||
			    (session.connection.local && flow->local != session.connection.local))
				continue;
			session.remote_known = true;
			session.connection.family = flow->family;
			session.connection.local = flow->local;
			session.connection.remote = flow->remote;
			session.connection.remote_port = flow->remote_port;
			if (!first &&
			    sg_grow(&caller->items, &caller->room, caller->count, 1, sizeof(*caller->items)) < 0)
				return sg_error_nomem(err);
			caller->items[first ? i : caller->count++] = session;
			first = false;
		}
	}
	return 0;
}

/* Those that packets are seen to come in by: of a port of a bridge or bond they come in by that. */
static int read_interfaces(const struct sockets *sockets, struct sg_interfaces *ret, struct sg_error *err)
{
	size_t kept = 0;

	if (sg_kernel_interfaces(ret, err) < 0)
		return -1;
	for (size_t i = 0; i < ret->count; i++) {
		const struct sg_link *link = sg_link_by_name(&sockets->local, ret->names[i]);

		if (!link || sg_link_seen_as(&sockets->local, link) == link)
			memmove(ret->names[kept++], ret->names[i], sizeof(*ret->names));
	}
	ret->count = kept;
	return 0;
}

int cutting_session(struct cutting *cutting, const struct sg_subject *to, struct sockets *sockets, struct sg_error *err)
{
	sg_cleanup(sg_interfaces_clear) struct sg_interfaces interfaces = {0};

	if (sockets_list(sockets, err) < 0 || read_connections(cutting, sockets, err) < 0 ||
	    sessions_find(&cutting->connections, sockets, &cutting->caller, err) < 0)
		return -1;
	if (cutting->caller.count && read_interfaces(sockets, &interfaces, err) < 0)
		return -1;
	if (find_peers(cutting, err) < 0)
		return -1;
	for (size_t i = 0; i < cutting->caller.count && !cutting->session_cut; i++) {
		const struct sg_session *session = &cutting->caller.items[i];
		struct sg_lockout lockout;

		if (judge(session, to, sockets, &interfaces, &lockout, err) < 0)
			return -1;
		/* of sessions that stay, report one for which the assumed interface decides */
		if (lockout.accepted && cutting->session_known && !*lockout.elsewhere)
			continue;
		cutting->session_known = true;
		cutting->session_cut = !lockout.accepted;
		cutting->session = *session;
		cutting->lockout = lockout;
	}
	return 0;
}

static bool is_session(const struct cutting *cutting, const struct sg_connection *connection)
{
	const struct sg_connection *session = &cutting->session.connection;

	return cutting->session_known && session->protocol == connection->protocol &&
	       session->family == connection->family && session->remote == connection->remote &&
	       session->remote_port == connection->remote_port && session->local == connection->local &&
	       session->port == connection->port;
}

static int route(const struct sg_connection *connection, char ret[16], struct sg_error *err)
{
	struct sg_route found;

	if (sg_kernel_route(connection, &found, err) < 0)
		return -1;
	memset(ret, 0, 16);
	if (found.known)
		memcpy(ret, found.interface_name, sizeof(found.interface_name));
	return 0;
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
		.route = route,
	};
	size_t kept = 0;

	if (read_connections(cutting, sockets, err) < 0)
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

/* The caller's, whoever listens now, and what came in to a listener. */
static bool is_kept(const struct cutting *cutting, const struct sockets *sockets,
		    const struct sg_connection *connection)
{
	if (connection->protocol != SG_PROTO_TCP)
		return false;
	return is_session(cutting, connection) ? !cutting->session_cut
					       : sg_connection_listener(&sockets->list, connection) != SG_NO_LISTENER;
}

bool cutting_keep(const struct cutting *cutting, const struct sockets *sockets, struct sg_error *err)
{
	sg_autofree bool *cut = calloc(cutting->connections.count + 1, sizeof(*cut));

	if (!cut) {
		sg_error_nomem(err);
		return false;
	}
	for (size_t i = 0; i < cutting->cuts.count; i++)
		cut[cutting->cuts.items[i].connection] = cutting->cuts.items[i].when < SG_CUT_RECONNECT;
	for (size_t i = 0; cutting->looked && !cutting->tracked && i < cutting->connections.count; i++) {
		const struct sg_connection *connection = &cutting->connections.items[i];

		if (!cut[i] && is_kept(cutting, sockets, connection) && sg_conntrack_keep(connection, err) < 0)
			return false;
	}
	return true;
}

static int discovers(const struct sg_session *session, const struct sg_subject *subject, const struct sockets *sockets,
		     bool *ret, struct sg_error *err)
{
	const struct sg_interfaces none = {0};
	struct sg_lockout lockout;

	if (judge(session, subject, sockets, &none, &lockout, err) < 0)
		return -1;
	*ret = lockout.accepted || lockout.packet.field[SG_FIELD_PROTOCOL] != SG_PROTO_ICMPV6;
	return 0;
}

int cutting_discovery(const struct cutting *cutting, const struct sg_subject *from, const struct sg_subject *to,
		      const struct sockets *sockets, size_t *ret, struct sg_error *err)
{
	sg_cleanup(sg_caller_clear) struct sg_caller all = {0};
	bool before, after;

	*ret = 0;
	if (sessions_of_all(&cutting->connections, sockets, &all, err) < 0)
		return -1;
	for (size_t i = 0; i < all.count; i++) {
		if (all.items[i].kind == SG_SESSION_ROAMING)
			continue;
		if (discovers(&all.items[i], to, sockets, &after, err) < 0)
			return -1;
		before = true;
		if (!after && from && discovers(&all.items[i], from, sockets, &before, err) < 0)
			return -1;
		*ret += !after && before;
	}
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
		cutting->session.connection.owner = session->owner;
	return 0;
}

bool cutting_is_ssh(const struct cutting *cutting, const struct sockets *sockets, const struct sg_cut *cut)
{
	const struct sg_connection *connection = &cutting->connections.items[cut->connection];

	if (cut->direction != SG_IN)
		return false;
	if (connection->protocol == SG_PROTO_UDP)
		return cut->listener != SG_NO_LISTENER &&
		       sg_process_is_roaming(sockets->list.items[cut->listener].owner.process);
	return connection->port == SSH_PORT || sg_process_is_login(connection->owner.process) ||
	       (cut->listener != SG_NO_LISTENER && sg_listener_is_login(&sockets->list.items[cut->listener]));
}

size_t cutting_ssh(const struct cutting *cutting, const struct sockets *sockets, enum sg_cut_when latest)
{
	size_t count = 0;

	for (size_t i = 0; i < cutting->cuts.count; i++)
		count += cutting->cuts.items[i].when <= latest &&
			 cutting_is_ssh(cutting, sockets, &cutting->cuts.items[i]);
	return count;
}

struct sg_cuts_report cutting_report(const struct cutting *cutting, const struct sg_subject *to,
				     const struct sg_files *files, const struct sockets *sockets)
{
	return (struct sg_cuts_report){
		.to = to,
		.files = files,
		.session = cutting->session_cut ? &cutting->session.connection : NULL,
		.lockout = &cutting->lockout,
		.session_kind = cutting->session.kind,
		.peer_unknown = !cutting->session.remote_known,
		.choices = cutting->caller.uncertain ? cutting->caller.count : 0,
		.named = cutting->session.named,
		.connections = &cutting->connections,
		.listeners = &sockets->list,
		.cuts = cutting->looked ? &cutting->cuts : NULL,
	};
}
