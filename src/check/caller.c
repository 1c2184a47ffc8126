/* SPDX-License-Identifier: GPL-2.0-or-later */
/* caller.c - whose session are we in? */
#include "sockgate/caller.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "sockgate/cut.h"
#include "sockgate/proto.h"

#define CALLER_ANCESTORS_MOST 64
#define CALLER_FOLLOWED_MOST  8 /* inner sessions in each other */
#define CALLER_SSH_PORT       22

struct caller_socket {
	uint32_t inode, index;
};

struct caller_work {
	const struct sg_caller_input *input;
	struct caller_socket *tcp, *udp; /* by inode: of connections, and of UDP listeners */
	size_t tcp_count, udp_count;
	struct sg_caller caller;
	struct sg_connection *variables; /* of environments, each once */
	size_t variable_count, variable_room;
	bool multiplexed, unknown, lost;
	size_t held; /* sessions that processes above us hold */
};

void sg_caller_clear(struct sg_caller *caller)
{
	free(caller->items);
	free(caller->named);
	*caller = (struct sg_caller){0};
}

static void caller_work_clear(struct caller_work *work)
{
	free(work->tcp);
	free(work->udp);
	free(work->variables);
	sg_caller_clear(&work->caller);
}

/* ---- Sockets by inode ---- */

static int caller_compare(const void *left, const void *right)
{
	const struct caller_socket *a = left, *b = right;

	return a->inode < b->inode ? -1 : a->inode > b->inode;
}

static int caller_sockets(struct caller_work *work, struct sg_error *err)
{
	const struct sg_connections *connections = work->input->connections;
	const struct sg_listeners *listeners = work->input->listeners;

	work->tcp = malloc((connections->count + 1) * sizeof(*work->tcp));
	work->udp = malloc((listeners->count + 1) * sizeof(*work->udp));
	if (!work->tcp || !work->udp)
		return sg_error_nomem(err);
	for (size_t i = 0; i < connections->count; i++)
		if (connections->items[i].inode && connections->items[i].protocol == SG_PROTO_TCP)
			work->tcp[work->tcp_count++] = (struct caller_socket){connections->items[i].inode, (uint32_t)i};
	for (size_t i = 0; i < listeners->count; i++)
		if (listeners->items[i].inode && listeners->items[i].protocol == SG_PROTO_UDP)
			work->udp[work->udp_count++] = (struct caller_socket){listeners->items[i].inode, (uint32_t)i};
	qsort(work->tcp, work->tcp_count, sizeof(*work->tcp), caller_compare);
	qsort(work->udp, work->udp_count, sizeof(*work->udp), caller_compare);
	return 0;
}

static bool caller_socket(const struct caller_socket *sockets, size_t count, uint32_t inode, size_t *ret)
{
	const struct caller_socket key = {inode, 0};
	const struct caller_socket *found = bsearch(&key, sockets, count, sizeof(*sockets), caller_compare);

	if (found)
		*ret = found->index;
	return found;
}

/* ---- Connections ---- */

static bool caller_same(const struct sg_connection *a, const struct sg_connection *b)
{
	return a->protocol == b->protocol && a->family == b->family && a->local == b->local && a->remote == b->remote &&
	       a->port == b->port && a->remote_port == b->remote_port;
}

static bool caller_is_end_of(const struct sg_connection *a, const struct sg_connection *b)
{
	return a->protocol == b->protocol && a->family == b->family && a->local == b->remote && a->remote == b->local &&
	       a->port == b->remote_port && a->remote_port == b->port;
}

/* The other end of a connection inside of the host; NULL: it is not inside. */
static const struct sg_connection *caller_other_end(const struct sg_connections *list,
						    const struct sg_connection *connection)
{
	for (size_t i = 0; i < list->count; i++)
		if (caller_is_end_of(&list->items[i], connection))
			return &list->items[i];
	return NULL;
}

static const struct sg_connection *caller_live(const struct sg_connections *list,
					       const struct sg_connection *connection)
{
	for (size_t i = 0; i < list->count; i++)
		if (caller_same(&list->items[i], connection))
			return &list->items[i];
	return NULL;
}

static bool caller_inbound(const struct caller_work *work, const struct sg_connection *connection)
{
	return sg_connection_listener(work->input->listeners, connection) != SG_NO_LISTENER;
}

/* ---- Sessions ---- */

static bool caller_has(const struct sg_caller *caller, const struct sg_connection *connection)
{
	for (size_t i = 0; i < caller->count; i++)
		if (caller_same(&caller->items[i].connection, connection))
			return true;
	return false;
}

/* *ret_new: it was not there yet. */
static int caller_add(struct sg_caller *caller, const struct sg_session *session, bool *ret_new, struct sg_error *err)
{
	struct sg_session *added;

	*ret_new = !caller_has(caller, &session->connection);
	if (!*ret_new)
		return 0;
	if (sg_grow(&caller->items, &caller->room, caller->count, 1, sizeof(*caller->items)) < 0)
		return sg_error_nomem(err);
	added = &caller->items[caller->count++];
	*added = *session;
	added->connection.owner = (struct sg_owner){0};
	return 0;
}

static int caller_add_named(struct sg_caller *caller, const struct sg_connection *connection, struct sg_error *err)
{
	if (sg_grow(&caller->named, &caller->named_room, caller->named_count, 1, sizeof(*caller->named)) < 0)
		return sg_error_nomem(err);
	caller->named[caller->named_count++] = (struct sg_session){
		.kind = SG_SESSION_SSH, .named = true, .remote_known = true, .connection = *connection};
	return 0;
}

/* ---- Up the tree ---- */

static int caller_see_variable(struct caller_work *work, const struct sg_process *process, struct sg_error *err)
{
	if (!process->has_session)
		return 0;
	for (size_t i = 0; i < work->variable_count; i++)
		if (caller_same(&work->variables[i], &process->session))
			return 0;
	if (sg_grow(&work->variables, &work->variable_room, work->variable_count, 1, sizeof(*work->variables)) < 0)
		return sg_error_nomem(err);
	work->variables[work->variable_count++] = process->session;
	return 0;
}

static bool caller_is_variable(const struct caller_work *work, const struct sg_connection *connection)
{
	for (size_t i = 0; i < work->variable_count; i++)
		if (caller_same(&work->variables[i], connection))
			return true;
	return false;
}

/*
 * The connections of a process that may be its session. A session of SSH also holds those that it forwards, which are
 * no sessions: of its connections the one that an environment names is it, else those that came in to a listener.
 */
enum caller_rank { CALLER_OTHER, CALLER_INBOUND, CALLER_NAMED };

static enum caller_rank caller_rank(const struct caller_work *work, const struct sg_process *process,
				    const struct sg_connection *connection)
{
	if (caller_is_variable(work, connection) ||
	    (process->has_session && caller_same(&process->session, connection)))
		return CALLER_NAMED;
	return caller_inbound(work, connection) ? CALLER_INBOUND : CALLER_OTHER;
}

static int caller_see_connections(struct caller_work *work, const struct sg_process *process, bool *ret_new,
				  struct sg_error *err)
{
	bool login = sg_process_is_login(process->name), added;
	enum caller_rank best = CALLER_OTHER;
	size_t at;

	for (size_t i = 0; i < process->socket_count; i++) {
		enum caller_rank rank;

		if (!caller_socket(work->tcp, work->tcp_count, process->sockets[i], &at))
			continue;
		rank = caller_rank(work, process, &work->input->connections->items[at]);
		best = rank > best ? rank : best;
	}
	if (best == CALLER_OTHER && !login)
		return 0;
	for (size_t i = 0; i < process->socket_count; i++) {
		struct sg_session session = {.live = true, .remote_known = true};

		if (!caller_socket(work->tcp, work->tcp_count, process->sockets[i], &at))
			continue;
		session.connection = work->input->connections->items[at];
		session.kind = login || best == CALLER_NAMED || session.connection.port == CALLER_SSH_PORT
				       ? SG_SESSION_SSH
				       : SG_SESSION_TCP;
		if (caller_rank(work, process, &session.connection) != best)
			continue;
		if (caller_add(&work->caller, &session, &added, err) < 0)
			return -1;
		work->held++;
		*ret_new |= added;
	}
	return 0;
}

/* `start`: the SSH session that started the server, NULL where it is not known. Its peer is where the session's is, if
 * that did not move since. */
static struct sg_session caller_roaming(const struct sg_listener *listener, const struct sg_connection *start)
{
	struct sg_session session = {.kind = SG_SESSION_ROAMING, .live = true};
	struct sg_connection *connection = &session.connection;

	*connection = (struct sg_connection){
		.protocol = SG_PROTO_UDP,
		.family = listener->family,
		.local = listener->address,
		.port = listener->port,
		.interface = listener->interface,
		.inode = listener->inode,
		.uid = listener->uid,
		.cgroup = listener->cgroup,
	};
	memcpy(connection->interface_name, listener->interface_name, sizeof(connection->interface_name));
	if (!start || (start->family != listener->family && connection->local))
		return session;
	session.remote_known = true;
	connection->family = start->family;
	connection->remote = start->remote;
	if (!connection->local)
		connection->local = start->local;
	return session;
}

/* A server of terminals that its peer speaks to by UDP. */
static int caller_see_datagrams(struct caller_work *work, const struct sg_process *process, bool *ret_new,
				struct sg_error *err)
{
	const struct sg_connection *start = NULL;
	size_t at;
	bool added;

	/* its own environment has it, or that of a process below */
	if (process->has_session)
		start = &process->session;
	else if (work->variable_count)
		start = &work->variables[work->variable_count - 1];
	if (!process->terminal && !sg_process_is_roaming(process->name))
		return 0;
	for (size_t i = 0; i < process->socket_count; i++) {
		struct sg_session session;

		if (!caller_socket(work->udp, work->udp_count, process->sockets[i], &at))
			continue;
		session = caller_roaming(&work->input->listeners->items[at], start);
		if (caller_add(&work->caller, &session, &added, err) < 0)
			return -1;
		work->held++;
		*ret_new |= added;
	}
	return 0;
}

static int caller_see(struct caller_work *work, const struct sg_process *process, bool *ret_new, struct sg_error *err)
{
	bool server = sg_process_is_login(process->name) || sg_process_is_roaming(process->name);

	work->multiplexed |= sg_process_is_multiplexer(process->name);
	/* a server whose sockets cannot all be seen may hold the session */
	work->unknown |= process->session_unknown || (server && !process->sockets_known);
	if (caller_see_variable(work, process, err) < 0 || caller_see_connections(work, process, ret_new, err) < 0)
		return -1;
	return caller_see_datagrams(work, process, ret_new, err);
}

/* From a process up to the first, or to where it cannot be seen any more. *ret_new: a session was found. */
static int caller_climb(struct caller_work *work, pid_t pid, bool *ret_new, struct sg_error *err)
{
	const struct sg_caller_source *source = work->input->source;

	for (int i = 0; i < CALLER_ANCESTORS_MOST && (pid > 1 || i == 0); i++) {
		sg_cleanup(sg_process_clear) struct sg_process process = {0};

		if (source->process(pid, &process, source->data, err) < 0)
			return -1;
		if (!process.pid)
			return 0;
		if (caller_see(work, &process, ret_new, err) < 0)
			return -1;
		pid = process.parent;
	}
	return 0;
}

/* An inner session begins at its other end, which is a process of this host with others above it. */
static int caller_follow(struct caller_work *work, size_t index, struct sg_error *err)
{
	const struct sg_caller_source *source = work->input->source;
	const struct sg_connection *other =
		caller_other_end(work->input->connections, &work->caller.items[index].connection);
	bool found = false;
	pid_t holder = 0;

	if (work->caller.items[index].kind == SG_SESSION_ROAMING)
		return 0;
	if (!other) {
		bool inside;

		if (source->is_inside(&work->caller.items[index].connection, &inside, source->data, err) < 0)
			return -1;
		work->lost |= inside;
		return 0;
	}
	if (source->holder(other, &holder, source->data, err) < 0)
		return -1;
	if (index < CALLER_FOLLOWED_MOST && holder && caller_climb(work, holder, &found, err) < 0)
		return -1;
	work->lost |= !found;
	return 0;
}

/* ---- What environments say ---- */

/*
 * A session of another network namespace, of which an environment speaks. Its server may be in a container: then it came
 * to us as a connection to a published port, or by a process of ours (a proxy) that has the other end.
 */
static int caller_see_elsewhere(struct caller_work *work, const struct sg_connection *variable, struct sg_error *err)
{
	const struct sg_caller_source *source = work->input->source;
	const struct sg_connection *other = caller_other_end(work->input->connections, variable);
	struct sg_session session = {.kind = SG_SESSION_SSH, .live = true, .named = true, .remote_known = true};
	bool found = false, added;
	pid_t holder = 0;

	if (source->published(variable, &session.connection, &found, source->data, err) < 0)
		return -1;
	if (found)
		return caller_add(&work->caller, &session, &added, err);
	if (!other)
		return 0;
	if (source->holder(other, &holder, source->data, err) < 0)
		return -1;
	if (holder && caller_climb(work, holder, &found, err) < 0)
		return -1;
	work->lost |= !found;
	return 0;
}

static int caller_see_named(struct caller_work *work, struct sg_error *err)
{
	const struct sg_caller_source *source = work->input->source;
	size_t held = work->held;

	for (size_t i = 0; i < work->variable_count; i++) {
		const struct sg_connection *variable = &work->variables[i];
		const struct sg_connection *live = caller_live(work->input->connections, variable);
		struct sg_session session = {.kind = SG_SESSION_SSH, .live = true, .named = true, .remote_known = true};
		bool local, added;

		if (live) {
			session.connection = *live;
			if (caller_add(&work->caller, &session, &added, err) < 0)
				return -1;
			work->caller.uncertain |= !held;
			continue;
		}
		local = source->is_local(variable->family, variable->local, source->data);
		/* else: of another network namespace, or the address is gone */
		if (!local && caller_see_elsewhere(work, variable, err) < 0)
			return -1;
		if (local && caller_add_named(&work->caller, variable, err) < 0)
			return -1;
		work->caller.uncertain |= local && !held;
	}
	return 0;
}

int sg_caller_find(const struct sg_caller_input *input, struct sg_caller *ret, struct sg_error *err)
{
	sg_cleanup(caller_work_clear) struct caller_work work = {.input = input};
	bool found = false;

	if (caller_sockets(&work, err) < 0 || caller_climb(&work, input->self, &found, err) < 0 ||
	    caller_see_named(&work, err) < 0)
		return -1;
	/* the list grows while it is followed */
	for (size_t i = 0; i < work.caller.count; i++)
		if (caller_follow(&work, i, err) < 0)
			return -1;
	work.caller.uncertain |= work.lost || ((work.multiplexed || work.unknown) && !work.held);
	*ret = work.caller;
	work.caller = (struct sg_caller){0};
	return 0;
}

/* ---- All that may be it ---- */

bool sg_listener_is_login(const struct sg_listener *listener)
{
	static const char *const units[] = {"ssh.s", "ssh@", "sshd.s", "sshd@", "sshd-", "dropbear", "tinyssh"};
	const struct sg_owner *owner = &listener->owner;

	if (listener->protocol != SG_PROTO_TCP)
		return false;
	if (listener->port == CALLER_SSH_PORT || sg_process_is_login(owner->process))
		return true;
	for (size_t i = 0; owner->unit && i < SG_COUNT(units); i++)
		if (!strncmp(owner->unit, units[i], strlen(units[i])))
			return true;
	return false;
}

/* The ports of login services and of sessions that are named. */
static void caller_ports(const struct sg_caller_input *input, const struct sg_caller *caller, bool *ports)
{
	ports[CALLER_SSH_PORT] = true;
	for (size_t i = 0; i < input->listeners->count; i++)
		ports[input->listeners->items[i].port] |= sg_listener_is_login(&input->listeners->items[i]);
	for (size_t i = 0; i < caller->count; i++)
		if (caller->items[i].kind == SG_SESSION_SSH)
			ports[caller->items[i].connection.port] = true;
	for (size_t i = 0; i < caller->named_count; i++)
		ports[caller->named[i].connection.port] = true;
}

static int caller_widen_tcp(const struct sg_caller_input *input, struct sg_caller *caller, const bool *ports,
			    struct sg_error *err)
{
	bool added;

	for (size_t i = 0; i < input->connections->count; i++) {
		struct sg_session session = {.kind = SG_SESSION_SSH, .live = true, .remote_known = true};
		const struct sg_connection *connection = &input->connections->items[i];

		if (connection->protocol != SG_PROTO_TCP || !ports[connection->port] ||
		    caller_other_end(input->connections, connection) ||
		    (sg_connection_listener(input->listeners, connection) == SG_NO_LISTENER &&
		     !sg_process_is_login(connection->owner.process)))
			continue;
		session.connection = *connection;
		if (caller_add(caller, &session, &added, err) < 0)
			return -1;
	}
	return 0;
}

int sg_caller_widen(const struct sg_caller_input *input, struct sg_caller *caller, struct sg_error *err)
{
	sg_autofree bool *ports = calloc(UINT16_MAX + 1, sizeof(*ports));
	bool added;

	if (!ports)
		return sg_error_nomem(err);
	caller_ports(input, caller, ports);
	if (caller_widen_tcp(input, caller, ports, err) < 0)
		return -1;
	for (size_t i = 0; i < input->listeners->count; i++) {
		const struct sg_listener *listener = &input->listeners->items[i];
		struct sg_session session = caller_roaming(listener, NULL);

		if (listener->protocol == SG_PROTO_UDP && sg_process_is_roaming(listener->owner.process) &&
		    caller_add(caller, &session, &added, err) < 0)
			return -1;
	}
	for (size_t i = 0; !caller->count && i < caller->named_count; i++)
		if (caller_add(caller, &caller->named[i], &added, err) < 0)
			return -1;
	return 0;
}
