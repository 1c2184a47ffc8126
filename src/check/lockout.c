/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lockout.c - the question whether someone who is here could stay, and come again, and who would keep them out. */
#include "sockgate/lockout.h"

#include <string.h>
#include "base/mem.h"
#include "check/region.h"
#include "sockgate/explain.h"
#include "sockgate/proto.h"

static void lockout_free_explainer(struct sg_explainer **explainer)
{
	sg_explainer_free(*explainer);
}

/* A packet that has to be accepted. */
struct lockout_need {
	enum sg_direction direction;
	enum sg_ct_state state;
};

/* Whose packets, and who decides about them. */
struct lockout_case {
	struct sg_explainer *explainer;
	const struct sg_subject *subject;
	const struct sg_connection *connection;
	bool remote_known;    /* else every remote address is asked for */
	const char *loopback; /* name of the loopback device */
};

static void lockout_fix(struct sg_packet *packet, enum sg_field field, sg_u128 value)
{
	packet->field[field] = value;
	packet->fixed[field] = true;
}

/* What the kernel sends to one of its own addresses goes by way of the loopback device. */
static const char *lockout_interface(const struct lockout_case *this)
{
	const struct sg_connection *connection = this->connection;
	bool loopback = connection->family == SG_IPV4 ? connection->remote >> 24 == 127 : connection->remote == 1;

	loopback |= connection->local == connection->remote;
	return this->remote_known && loopback ? this->loopback : connection->interface_name;
}

/* The interface's key, where the connection has one; false: any but lo. */
static int lockout_key(const struct lockout_case *this, bool *ret_known, sg_u128 *ret, struct sg_error *err)
{
	const char *name = lockout_interface(this);
	size_t length = strnlen(name, SG_INTERFACE_NAME_SIZE);
	struct sg_range key = {0, 1};

	if (length && !sg_interface_range(name, length, &key))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "bad interface name '%.*s'", (int)length, name);
	/* a name that ends in '*' is a wildcard here and a plain name to the kernel: it stays open then */
	*ret_known = key.first == key.last;
	*ret = key.first;
	return 0;
}

static int lockout_packet(const struct lockout_case *this, const struct lockout_need *need, struct sg_packet *ret,
			  struct sg_error *err)
{
	const struct sg_connection *connection = this->connection;
	uint16_t port = need->direction == SG_OUT ? connection->remote_port : connection->port;
	bool v4 = connection->family == SG_IPV4, known = false;
	struct sg_packet packet = {0};
	sg_u128 interface = 0;

	if (lockout_key(this, &known, &interface, err) < 0)
		return -1;
	lockout_fix(&packet, SG_FIELD_DIRECTION, need->direction);
	lockout_fix(&packet, SG_FIELD_STATE, need->state);
	lockout_fix(&packet, SG_FIELD_PROTOCOL, connection->protocol);
	if (port)
		lockout_fix(&packet, SG_FIELD_PORT, port);
	lockout_fix(&packet, SG_FIELD_FAMILY, connection->family);
	/* a socket for every address has none */
	if (connection->local)
		lockout_fix(&packet, v4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6, connection->local);
	if (this->remote_known)
		lockout_fix(&packet, v4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6, connection->remote);
	if (known)
		lockout_fix(&packet, SG_FIELD_INTERFACE, interface);
	*ret = packet;
	return 0;
}

/* Someone in the question whom the answer keeps out; else, whom it lets in. */
static void lockout_witness(const struct sg_explanation *explanation, struct sg_packet *packet)
{
	static const enum sg_outcome order[] = {SG_OUTCOME_DROP, SG_OUTCOME_REJECT, SG_OUTCOME_UNDECIDED};

	if (explanation->outcome != SG_OUTCOME_DEPENDS)
		return;
	for (size_t i = 0; i < SG_COUNT(order); i++) {
		if (!explanation->by_outcome[order[i]].count)
			continue;
		*packet = sg_where_witness(&explanation->by_outcome[order[i]].items[0]);
		packet->fixed[SG_FIELD_INTERFACE] = true;
		return;
	}
}

static int lockout_ask(const struct lockout_case *this, struct sg_packet packet, struct sg_lockout *ret,
		       struct sg_error *err)
{
	sg_cleanup(sg_explanation_clear) struct sg_explanation explanation = {0}, one = {0};

	if (sg_explain(this->explainer, &packet, &explanation, err) < 0)
		return -1;
	lockout_witness(&explanation, &packet);
	if (sg_explain(this->explainer, &packet, &one, err) < 0)
		return -1;
	*ret = (struct sg_lockout){
		.accepted = explanation.outcome == SG_OUTCOME_ACCEPT,
		.outcome = explanation.outcome,
		.because = sg_subject_because(this->subject, one.origin_count ? one.origins[0] : 0),
		.packet = packet,
	};
	return 0;
}

/* The connection's own packets. */
static int lockout_own(const struct lockout_case *this, struct sg_lockout *ret, struct sg_error *err)
{
	/* where all is well the answer speaks of a new connection */
	static const struct lockout_need own[] = {
		{SG_IN, SG_CT_ESTABLISHED}, {SG_OUT, SG_CT_ESTABLISHED}, {SG_IN, SG_CT_NEW}};
	static const struct lockout_need published[] = {{SG_PUBLISHED, SG_CT_ESTABLISHED}, {SG_PUBLISHED, SG_CT_NEW}};
	bool forwarded = this->connection->published;
	const struct lockout_need *needs = forwarded ? published : own;
	size_t count = forwarded ? SG_COUNT(published) : SG_COUNT(own);
	struct sg_lockout lockout = {.accepted = true};

	for (size_t i = 0; i < count && lockout.accepted; i++) {
		struct sg_packet packet;

		if (lockout_packet(this, &needs[i], &packet, err) < 0 || lockout_ask(this, packet, &lockout, err) < 0)
			return -1;
	}
	*ret = lockout;
	return 0;
}

int sg_lockout_check(const struct sg_subject *subject, const struct sg_connection *connection, struct sg_lockout *ret,
		     struct sg_error *err)
{
	sg_cleanup(lockout_free_explainer) struct sg_explainer *explainer = sg_explainer_new(subject, err);
	const struct lockout_case this = {explainer, subject, connection, true, "lo"};

	return explainer ? lockout_own(&this, ret, err) : -1;
}

/* ---- Neighbour discovery ---- */

#define SOLICITATION  135 /* RFC 4861 */
#define ADVERTISEMENT 136
/* ff02::1:ff00:0/104, where the owner of an address is asked for: the last 24 bits are the address's (RFC 4291) */
#define SOLICITED_NODE (((sg_u128)0xff02 << 112) + ((sg_u128)0x1ff << 24))

static sg_u128 lockout_solicited(sg_u128 address)
{
	return SOLICITED_NODE | (address & 0xffffff);
}

struct lockout_neighbour {
	enum sg_direction direction;
	uint8_t type;
	bool multicast; /* the destination is not the address itself */
};

static struct sg_packet lockout_neighbour_packet(const struct lockout_neighbour *need, const sg_u128 *local,
						 sg_u128 neighbour, sg_u128 interface)
{
	bool in = need->direction == SG_IN;
	struct sg_packet packet = {0};

	lockout_fix(&packet, SG_FIELD_DIRECTION, need->direction);
	lockout_fix(&packet, SG_FIELD_STATE, SG_CT_UNTRACKED); /* conntrack leaves neighbour discovery alone */
	lockout_fix(&packet, SG_FIELD_PROTOCOL, SG_PROTO_ICMPV6);
	lockout_fix(&packet, SG_FIELD_PORT, need->type);
	lockout_fix(&packet, SG_FIELD_FAMILY, SG_IPV6);
	lockout_fix(&packet, SG_FIELD_INTERFACE, interface);
	lockout_fix(&packet, SG_FIELD_REMOTE6, !in && need->multicast ? lockout_solicited(neighbour) : neighbour);
	if (local)
		lockout_fix(&packet, SG_FIELD_LOCAL6, in && need->multicast ? lockout_solicited(*local) : *local);
	return packet;
}

/*
 * Both ends of a link have to find each other's link address again and again: either asks, by multicast at first and by
 * unicast while it is still sure, and either answers.
 */
static int lockout_neighbours(const struct lockout_case *this, const struct sg_route *route, struct sg_lockout *ret,
			      struct sg_error *err)
{
	static const struct lockout_neighbour needs[] = {
		{SG_IN, SOLICITATION, true},  {SG_IN, SOLICITATION, false},  {SG_IN, ADVERTISEMENT, false},
		{SG_OUT, SOLICITATION, true}, {SG_OUT, SOLICITATION, false}, {SG_OUT, ADVERTISEMENT, false},
	};
	const struct sg_connection *connection = this->connection;
	const sg_u128 *local = connection->family == SG_IPV6 && connection->local ? &connection->local : NULL;
	struct sg_range key;

	if (!route->known || route->local || !route->resolves || route->hop_family != SG_IPV6 ||
	    !sg_interface_range(route->interface_name, strnlen(route->interface_name, SG_INTERFACE_NAME_SIZE), &key))
		return 0;
	for (size_t i = 0; i < SG_COUNT(needs); i++) {
		struct sg_lockout lockout;

		if (lockout_ask(this, lockout_neighbour_packet(&needs[i], local, route->hop, key.first), &lockout,
				err) < 0)
			return -1;
		if (lockout.accepted)
			continue;
		memcpy(lockout.interface_name, ret->interface_name, sizeof(lockout.interface_name));
		*ret = lockout;
		return 0;
	}
	return 0;
}

/* ---- Sessions ---- */

/* With the interface that is taken for the one that its packets come by. */
static int lockout_by(const struct lockout_case *this, const char *interface, struct sg_lockout *ret,
		      struct sg_error *err)
{
	struct sg_connection connection = *this->connection;
	const struct lockout_case by = {this->explainer, this->subject, &connection, this->remote_known,
					this->loopback};

	memset(connection.interface_name, 0, sizeof(connection.interface_name));
	memcpy(connection.interface_name, interface, strnlen(interface, sizeof(connection.interface_name) - 1));
	if (lockout_own(&by, ret, err) < 0)
		return -1;
	memcpy(ret->interface_name, connection.interface_name, sizeof(ret->interface_name));
	return 0;
}

/*
 * The kernel does not tell by which interface a connection's packets come. Where the answer is the same for all
 * interfaces that does not matter; else the one that the replies leave by is taken.
 */
static int lockout_guess(const struct lockout_case *this, const struct sg_lockout_ways *ways, struct sg_lockout *ret,
			 struct sg_error *err)
{
	const struct sg_route *route = &ways->route;
	const char *name = route->local ? ways->loopback : route->interface_name;

	if (lockout_by(this, "", ret, err) < 0)
		return -1;
	if (!route->known || !*name || (ret->accepted && !route->local))
		return 0;
	if (lockout_by(this, name, ret, err) < 0)
		return -1;
	for (size_t i = 0; i < ways->count && !route->local && !*ret->elsewhere; i++) {
		struct sg_lockout other;

		if (!strncmp(ways->interfaces[i], name, sizeof(ways->interfaces[i])))
			continue;
		if (lockout_by(this, ways->interfaces[i], &other, err) < 0)
			return -1;
		if (other.accepted != ret->accepted)
			memcpy(ret->elsewhere, ways->interfaces[i], sizeof(ret->elsewhere));
	}
	return 0;
}

int sg_lockout_session(const struct sg_subject *subject, const struct sg_session *session,
		       const struct sg_lockout_ways *ways, struct sg_lockout *ret, struct sg_error *err)
{
	sg_cleanup(lockout_free_explainer) struct sg_explainer *explainer = sg_explainer_new(subject, err);
	const struct lockout_case this = {explainer, subject, &session->connection, session->remote_known,
					  ways->loopback};
	int result;

	if (!explainer)
		return -1;
	if (*session->connection.interface_name)
		result = lockout_by(&this, session->connection.interface_name, ret, err);
	else
		result = lockout_guess(&this, ways, ret, err);
	if (result < 0 || !ret->accepted || !session->remote_known)
		return result;
	return lockout_neighbours(&this, &ways->route, ret, err);
}

/* ---- Anybody ---- */

int sg_lockout_anybody(const struct sg_subject *subject, const struct sg_listener *listener, bool *ret,
		       struct sg_error *err)
{
	const struct sg_subject met = sg_subject_for(subject, listener);
	sg_cleanup(lockout_free_explainer) struct sg_explainer *explainer = sg_explainer_new(&met, err);
	unsigned int families = sg_listener_families(listener);
	struct sg_addr address = sg_listener_address(listener);
	bool found = false;

	for (enum sg_family family = SG_IPV4; explainer && family <= SG_IPV6 && !found; family++) {
		struct sg_connection connection = {
			.protocol = listener->protocol,
			.family = family,
			.local = address.bits,
			.port = listener->port,
		};
		const struct lockout_case this = {explainer, &met, &connection, false, "lo"};
		const struct lockout_need need = {SG_IN, SG_CT_NEW};
		sg_cleanup(sg_explanation_clear) struct sg_explanation explanation = {0};
		struct sg_packet packet;

		if (!(families & 1U << family))
			continue;
		memcpy(connection.interface_name, listener->interface_name, sizeof(connection.interface_name));
		if (lockout_packet(&this, &need, &packet, err) < 0 ||
		    sg_explain(explainer, &packet, &explanation, err) < 0)
			return -1;
		found = explanation.outcome == SG_OUTCOME_ACCEPT || explanation.outcome == SG_OUTCOME_UNDECIDED ||
			explanation.by_outcome[SG_OUTCOME_ACCEPT].count ||
			explanation.by_outcome[SG_OUTCOME_UNDECIDED].count;
	}
	*ret = found;
	return explainer ? 0 : -1;
}
