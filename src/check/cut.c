/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cut.c - what becomes of live connections under another decision.
 *
 * A connection lives as long as packets of state "established" pass both ways. That it could be made again is the
 * question about its first packet, which goes to the listener of an inbound connection and leaves for the other end of
 * an outbound one.
 */
#include "sockgate/cut.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "check/interfaces.h"
#include "check/region.h"
#include "check/views.h"
#include "check/walk.h"

#define CUT_STATES 2 /* new and established */

const char *sg_cut_when_name(enum sg_cut_when when)
{
	static const char *const names[] = {"at_once", "next_packet", "reconnect", "never"};

	return names[when];
}

void sg_cuts_clear(struct sg_cuts *cuts)
{
	free(cuts->items);
	*cuts = (struct sg_cuts){0};
}

/* ---- Listeners by port ---- */

struct cut_ports {
	uint32_t *first; /* of each port: 1 + index of a listener, 0: none */
	uint32_t *next;  /* of each listener: the same */
};

static void cut_ports_clear(struct cut_ports *ports)
{
	free(ports->first);
	free(ports->next);
}

static int cut_ports_make(const struct sg_listeners *listeners, struct cut_ports *ret, struct sg_error *err)
{
	ret->first = calloc(UINT16_MAX + 1, sizeof(*ret->first));
	ret->next = calloc(listeners->count + 1, sizeof(*ret->next));
	if (!ret->first || !ret->next)
		return sg_error_nomem(err);
	for (size_t i = 0; i < listeners->count; i++) {
		const struct sg_listener *listener = &listeners->items[i];

		if (listener->raw || listener->connected)
			continue;
		ret->next[i] = ret->first[listener->port];
		ret->first[listener->port] = (uint32_t)i + 1;
	}
	return 0;
}

static bool cut_listens(const struct sg_listener *listener, const struct sg_connection *connection)
{
	struct sg_addr address = sg_listener_address(listener);

	/* what a listener of a device accepts is bound to it as well */
	return listener->protocol == connection->protocol &&
	       sg_listener_families(listener) & 1U << connection->family &&
	       (!address.bits || address.bits == connection->local) &&
	       (!listener->interface || listener->interface == connection->interface);
}

/* The one that is bound to the address itself before one that takes every address. */
static size_t cut_listener(const struct cut_ports *ports, const struct sg_listeners *listeners,
			   const struct sg_connection *connection)
{
	size_t found = SG_NO_LISTENER;

	for (uint32_t at = ports->first[connection->port]; at; at = ports->next[at - 1]) {
		const struct sg_listener *listener = &listeners->items[at - 1];

		if (!cut_listens(listener, connection))
			continue;
		found = at - 1;
		if (sg_listener_address(listener).bits)
			break;
	}
	return found;
}

size_t sg_connection_listener(const struct sg_listeners *listeners, const struct sg_connection *connection)
{
	size_t found = SG_NO_LISTENER;

	for (size_t i = 0; i < listeners->count; i++) {
		const struct sg_listener *listener = &listeners->items[i];

		if (listener->raw || listener->connected || listener->port != connection->port ||
		    !cut_listens(listener, connection))
			continue;
		if (found == SG_NO_LISTENER || sg_listener_address(listener).bits)
			found = i;
	}
	return found;
}

/* ---- Addresses of this host ---- */

/* The interface of each local address that connections have, looked for once. */
struct cut_local {
	const struct sg_local_addresses *addresses;
	struct sg_ranges own[2];
	struct sg_memo index;
	const char **interfaces;
	size_t count, room;
};

static void cut_local_clear(struct cut_local *local)
{
	sg_ranges_clear(&local->own[SG_IPV4]);
	sg_ranges_clear(&local->own[SG_IPV6]);
	sg_memo_clear(&local->index);
	free(local->interfaces);
}

static int cut_local_make(const struct sg_local_addresses *addresses, struct cut_local *ret, struct sg_error *err)
{
	ret->addresses = addresses;
	if (sg_local_addresses_own(addresses, SG_IPV4, &ret->own[SG_IPV4], err) < 0)
		return -1;
	return sg_local_addresses_own(addresses, SG_IPV6, &ret->own[SG_IPV6], err);
}

/*
 * Whether the packets stay inside of the host. A local route alone does not say so: it may be in a table that only some
 * packets are looked up in. Transparent proxies have one for all addresses, for packets with their mark.
 */
static int cut_inside(const struct cut_local *local, const struct sg_cuts_input *input,
		      const struct sg_connection *connection, bool *ret, struct sg_error *err)
{
	sg_u128 remote = connection->remote;
	char name[16] = "";

	*ret = (connection->family == SG_IPV4 ? remote >> 24 == 127 : remote == 1) || remote == connection->local ||
	       sg_local_addresses_has(local->addresses, connection->family, remote);
	if (*ret || !sg_ranges_contain(&local->own[connection->family], remote))
		return 0;
	if (input->route && input->route(connection, name, err) < 0)
		return -1;
	*ret = !input->route || !strncmp(name, sg_link_loopback_name(local->addresses), sizeof(name));
	return 0;
}

static int cut_local_get(struct cut_local *local, const struct sg_connection *connection, const char **ret,
			 struct sg_error *err)
{
	struct sg_memo_key key = {{connection->family, (uint32_t)connection->local, (uint32_t)(connection->local >> 32),
				   (uint32_t)(connection->local >> 64), (uint32_t)(connection->local >> 96)}};
	uint32_t at = sg_memo_find(&local->index, &key);

	if (at == SG_MEMO_NONE) {
		at = (uint32_t)local->count;
		if (sg_grow(&local->interfaces, &local->room, at, 1, sizeof(*local->interfaces)) < 0)
			return sg_error_nomem(err);
		if (sg_memo_add(&local->index, &key, at, err) < 0)
			return -1;
		sg_local_addresses_find(local->addresses, connection->family, connection->local,
					&local->interfaces[at]);
		local->count++;
	}
	*ret = local->interfaces[at];
	return 0;
}

/* The interface's key; *ret_known false: any but lo. */
static int cut_interface(struct cut_local *local, const struct sg_connection *connection, bool *ret_known, sg_u128 *ret,
			 struct sg_error *err)
{
	const char *name = connection->interface_name;
	struct sg_range range = {0, 1};

	if (!*name && cut_local_get(local, connection, &name, err) < 0)
		return -1;
	/* a name that ends in '*' is a wildcard here and a plain name to the kernel: it stays open then */
	*ret_known = name && sg_interface_range(name, strnlen(name, SG_INTERFACE_NAME_SIZE), &range) &&
		     range.first == range.last;
	*ret = range.first;
	return 0;
}

/* ---- One decision ---- */

struct cut_view {
	struct sg_views views;
	const struct sg_view *at;               /* the one of `outcome` */
	sg_ref outcome[SG_OUT + 1][CUT_STATES]; /* under direction and state */
	sg_u128 *point;                         /* room for one */
};

static void cut_view_clear(struct cut_view *view)
{
	sg_views_clear(&view->views);
	free(view->point);
}

static int cut_view_make(const struct sg_subject *subject, struct cut_view *ret, struct sg_error *err)
{
	ret->point = calloc(sg_idd_levels(subject->decision.idd), sizeof(*ret->point));
	return ret->point ? sg_views_make(&ret->views, subject, err) : sg_error_nomem(err);
}

/* Looks at the decision as it is for a listener's connections; NULL: for those that this host made. */
static int cut_view_turn(struct cut_view *view, const struct sg_listener *listener, struct sg_error *err)
{
	const struct sg_idd *idd = view->views.subject->decision.idd;
	const struct sg_view *at = sg_views_get(&view->views, listener, err);

	if (!at)
		return -1;
	for (enum sg_direction direction = SG_IN; view->at != at && direction <= SG_OUT; direction++) {
		sg_ref under = sg_walk_step(idd, at->outcome, SG_FIELD_DIRECTION, direction);

		for (enum sg_ct_state state = SG_CT_NEW; state <= SG_CT_ESTABLISHED; state++)
			view->outcome[direction][state] = sg_walk_step(idd, under, SG_FIELD_STATE, state);
	}
	view->at = at;
	return 0;
}

/* A connection as its packets have it. */
struct cut_ends {
	const struct sg_connection *connection;
	bool interface_known;
	sg_u128 interface;
};

struct cut_answer {
	enum sg_outcome outcome;
	sg_u128 interface; /* of a packet that is judged so */
};

/* What is below the interface. */
static enum sg_outcome cut_outcome(const struct sg_idd *idd, sg_ref ref, const struct sg_connection *connection)
{
	bool v4 = connection->family == SG_IPV4;

	ref = sg_walk_step(idd, ref, SG_FIELD_FAMILY, connection->family);
	ref = sg_walk_step(idd, ref, v4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6, connection->local);
	ref = sg_walk_step(idd, ref, v4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6, connection->remote);
	return (enum sg_outcome)sg_idd_value(ref);
}

/* What is said of all interfaces together: DEPENDS when some accept and some do not. */
static enum sg_outcome cut_together(unsigned int seen)
{
	if (seen & 1U << SG_OUTCOME_ACCEPT)
		return seen == 1U << SG_OUTCOME_ACCEPT ? SG_OUTCOME_ACCEPT : SG_OUTCOME_DEPENDS;
	if (seen & 1U << SG_OUTCOME_UNDECIDED)
		return SG_OUTCOME_UNDECIDED;
	return seen & 1U << SG_OUTCOME_DROP ? SG_OUTCOME_DROP : SG_OUTCOME_REJECT;
}

/* Any interface but lo, and one that refuses when there is one. */
static struct cut_answer cut_any_interface(const struct sg_idd *idd, sg_ref ref, const struct sg_connection *connection)
{
	struct sg_range loopback = sg_interface_loopback();
	unsigned int seen = 0;
	sg_u128 refuses = 0;
	struct sg_walk walk;

	sg_walk_begin(&walk, idd, SG_FIELD_INTERFACE, ref);
	while (sg_walk_next(&walk)) {
		sg_u128 first = walk.first == loopback.first ? loopback.last + 1 : walk.first;
		enum sg_outcome outcome;

		if (first > walk.last)
			continue;
		outcome = cut_outcome(idd, walk.child, connection);
		if (!(seen & ~(1U << SG_OUTCOME_ACCEPT)) && outcome != SG_OUTCOME_ACCEPT)
			refuses = first;
		seen |= 1U << outcome;
	}
	return (struct cut_answer){cut_together(seen), refuses};
}

static struct cut_answer cut_judge(const struct cut_view *view, enum sg_direction direction, enum sg_ct_state state,
				   const struct cut_ends *ends)
{
	const struct sg_connection *connection = ends->connection;
	const struct sg_idd *idd = view->at->decision.idd;
	sg_ref ref = view->outcome[direction][state];

	ref = sg_walk_step(idd, ref, SG_FIELD_PROTOCOL, connection->protocol);
	ref = sg_walk_step(idd, ref, SG_FIELD_PORT, direction == SG_IN ? connection->port : connection->remote_port);
	if (!ends->interface_known)
		return cut_any_interface(idd, ref, connection);
	ref = sg_walk_step(idd, ref, SG_FIELD_INTERFACE, ends->interface);
	return (struct cut_answer){cut_outcome(idd, ref, connection), ends->interface};
}

static uint32_t cut_origin(const struct cut_view *view, enum sg_direction direction, enum sg_ct_state state,
			   const struct cut_ends *ends, const struct cut_answer *answer)
{
	const struct sg_connection *connection = ends->connection;
	bool v4 = connection->family == SG_IPV4;
	sg_u128 *point = view->point;

	memset(point, 0, sg_idd_levels(view->at->decision.idd) * sizeof(*point));
	point[SG_FIELD_DIRECTION] = direction;
	point[SG_FIELD_STATE] = state;
	point[SG_FIELD_PROTOCOL] = connection->protocol;
	point[SG_FIELD_PORT] = direction == SG_IN ? connection->port : connection->remote_port;
	point[SG_FIELD_INTERFACE] = answer->interface;
	point[SG_FIELD_FAMILY] = connection->family;
	point[v4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6] = connection->local;
	point[v4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6] = connection->remote;
	return sg_decision_origin_at(&view->at->decision, point);
}

/* A packet that a connection needs, and what its refusal means. */
struct cut_need {
	enum sg_direction direction;
	enum sg_ct_state state;
	enum sg_cut_when when;
};

/* Fills when, outcome and origin of the worst that happens. `sure`: what is not decided or depends is let pass. */
static void cut_find(const struct cut_view *view, const struct cut_ends *ends, bool untracked, bool sure,
		     struct sg_cut *cut)
{
	const struct cut_need needs[] = {
		{SG_IN, SG_CT_ESTABLISHED, SG_CUT_AT_ONCE},
		{SG_OUT, SG_CT_ESTABLISHED, SG_CUT_AT_ONCE},
		{SG_IN, SG_CT_NEW, untracked ? SG_CUT_NEXT_PACKET : SG_CUT_NEVER},
		{cut->direction, SG_CT_NEW, SG_CUT_RECONNECT},
	};

	cut->when = SG_CUT_NEVER;
	for (size_t i = 0; i < SG_COUNT(needs) && cut->when == SG_CUT_NEVER; i++) {
		struct cut_answer answer;

		if (needs[i].when == SG_CUT_NEVER)
			continue;
		answer = cut_judge(view, needs[i].direction, needs[i].state, ends);
		if (answer.outcome == SG_OUTCOME_ACCEPT ||
		    (sure && answer.outcome != SG_OUTCOME_DROP && answer.outcome != SG_OUTCOME_REJECT))
			continue;
		cut->when = needs[i].when;
		cut->outcome = answer.outcome;
		cut->origin = sure ? 0 : cut_origin(view, needs[i].direction, needs[i].state, ends, &answer);
	}
}

/* ---- All of them ---- */

struct cut_work {
	const struct sg_cuts_input *input;
	struct cut_ports ports;
	struct cut_local local;
	struct cut_view from, to;
	struct sg_cuts cuts;
};

static void cut_work_clear(struct cut_work *work)
{
	cut_ports_clear(&work->ports);
	cut_local_clear(&work->local);
	cut_view_clear(&work->from);
	cut_view_clear(&work->to);
	sg_cuts_clear(&work->cuts);
}

/* What becomes of it; where that hangs on the interface, the way of the replies is asked for. */
static int cut_follow(struct cut_work *work, struct cut_ends *ends, struct sg_cut *cut, struct sg_error *err)
{
	const struct sg_cuts_input *input = work->input;
	struct sg_range range = {0, 1};
	char name[16] = "";

	cut_find(&work->to, ends, input->untracked, false, cut);
	if (cut->when == SG_CUT_NEVER || cut->outcome != SG_OUTCOME_DEPENDS || !input->route)
		return 0;
	if (input->route(ends->connection, name, err) < 0)
		return -1;
	if (!sg_interface_range(name, strnlen(name, sizeof(name)), &range) || range.first != range.last)
		return 0;
	ends->interface_known = true;
	ends->interface = range.first;
	cut_find(&work->to, ends, input->untracked, false, cut);
	return 0;
}

/* NULL: this host made the connection, or nobody is known to listen. */
static const struct sg_listener *cut_made_to(struct cut_work *work, const struct sg_connection *connection,
					     struct sg_cut *cut)
{
	cut->listener = cut_listener(&work->ports, work->input->listeners, connection);
	cut->direction = cut->listener == SG_NO_LISTENER ? SG_OUT : SG_IN;
	if (connection->flow)
		cut->direction = connection->inbound ? SG_IN : SG_OUT;
	if (cut->direction == SG_OUT)
		cut->listener = SG_NO_LISTENER;
	return cut->listener == SG_NO_LISTENER ? NULL : &work->input->listeners->items[cut->listener];
}

static int cut_look_at(struct cut_work *work, size_t index, struct sg_error *err)
{
	const struct sg_connection *connection = &work->input->connections->items[index];
	struct cut_ends ends = {.connection = connection};
	struct sg_cut cut = {.connection = index}, before;
	const struct sg_listener *listener;
	bool inside;

	if (cut_inside(&work->local, work->input, connection, &inside, err) < 0)
		return -1;
	if (inside)
		return 0;
	if ((!work->input->route || *connection->interface_name) &&
	    cut_interface(&work->local, connection, &ends.interface_known, &ends.interface, err) < 0)
		return -1;
	listener = cut_made_to(work, connection, &cut);
	if (cut_view_turn(&work->to, listener, err) < 0 ||
	    (work->input->from && cut_view_turn(&work->from, listener, err) < 0) ||
	    cut_follow(work, &ends, &cut, err) < 0)
		return -1;
	if (cut.when == SG_CUT_NEVER)
		return 0;
	if (work->input->from) {
		before = cut;
		cut_find(&work->from, &ends, work->input->untracked, true, &before);
		if (before.when <= cut.when)
			return 0;
	}
	if (sg_grow(&work->cuts.items, &work->cuts.room, work->cuts.count, 1, sizeof(cut)) < 0)
		return sg_error_nomem(err);
	work->cuts.items[work->cuts.count++] = cut;
	return 0;
}

#define CUT_ORDER(a, b)                                                                                                \
	do {                                                                                                           \
		if ((a) != (b))                                                                                        \
			return (a) < (b) ? -1 : 1;                                                                     \
	} while (0)

static int cut_compare(const void *left, const void *right, void *data)
{
	const struct sg_connections *list = data;
	const struct sg_cut *a = left, *b = right;
	const struct sg_connection *x = &list->items[a->connection], *y = &list->items[b->connection];
	bool in = a->direction == SG_IN;

	CUT_ORDER(a->direction, b->direction);
	CUT_ORDER(x->protocol, y->protocol);
	CUT_ORDER(in ? x->port : x->remote_port, in ? y->port : y->remote_port);
	CUT_ORDER(a->when, b->when);
	CUT_ORDER(a->outcome, b->outcome);
	CUT_ORDER(a->origin, b->origin);
	CUT_ORDER(x->family, y->family);
	CUT_ORDER(x->remote, y->remote);
	CUT_ORDER(x->local, y->local);
	CUT_ORDER(in ? x->remote_port : x->port, in ? y->remote_port : y->port);
	CUT_ORDER(a->connection, b->connection);
	return 0;
}

int sg_cuts_find(const struct sg_cuts_input *input, struct sg_cuts *ret, struct sg_error *err)
{
	sg_cleanup(cut_work_clear) struct cut_work work = {.input = input};

	if (cut_ports_make(input->listeners, &work.ports, err) < 0 ||
	    cut_local_make(input->local, &work.local, err) < 0 || cut_view_make(input->to, &work.to, err) < 0 ||
	    (input->from && cut_view_make(input->from, &work.from, err) < 0))
		return -1;
	for (size_t i = 0; i < input->connections->count; i++) {
		if (cut_look_at(&work, i, err) < 0)
			return -1;
	}
	if (work.cuts.count)
		qsort_r(work.cuts.items, work.cuts.count, sizeof(*work.cuts.items), cut_compare,
			(void *)(uintptr_t)input->connections);
	*ret = work.cuts;
	work.cuts = (struct sg_cuts){0};
	return 0;
}
