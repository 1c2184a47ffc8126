/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lockout.c - the question whether someone who is here could stay, and come again, and who would keep them out. */
#include "sockgate/lockout.h"

#include <string.h>
#include "base/mem.h"
#include "sockgate/explain.h"

static void lockout_free_explainer(struct sg_explainer **explainer)
{
	sg_explainer_free(*explainer);
}

/* A packet that has to be accepted. */
struct lockout_need {
	enum sg_direction direction;
	enum sg_ct_state state;
};

static void lockout_fix(struct sg_packet *packet, enum sg_field field, sg_u128 value)
{
	packet->field[field] = value;
	packet->fixed[field] = true;
}

/* What the kernel sends to one of its own addresses goes by way of lo. */
static const char *lockout_interface(const struct sg_connection *connection)
{
	bool loopback = connection->family == SG_IPV4 ? connection->remote >> 24 == 127 : connection->remote == 1;

	return loopback || connection->local == connection->remote ? "lo" : connection->interface_name;
}

/* The interface's key, where the connection has one; false: any but lo. */
static int lockout_key(const struct sg_connection *connection, bool *ret_known, sg_u128 *ret, struct sg_error *err)
{
	const char *name = lockout_interface(connection);
	size_t length = strnlen(name, SG_INTERFACE_NAME_SIZE);
	struct sg_range key = {0, 1};

	if (length && !sg_interface_range(name, length, &key))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "bad interface name '%.*s'", (int)length, name);
	/* a name that ends in '*' is a wildcard here and a plain name to the kernel: it stays open then */
	*ret_known = key.first == key.last;
	*ret = key.first;
	return 0;
}

static int lockout_packet(const struct sg_connection *connection, const struct lockout_need *need,
			  struct sg_packet *ret, struct sg_error *err)
{
	uint16_t port = need->direction == SG_IN ? connection->port : connection->remote_port;
	bool v4 = connection->family == SG_IPV4, known = false;
	struct sg_packet packet = {0};
	sg_u128 interface = 0;

	if (lockout_key(connection, &known, &interface, err) < 0)
		return -1;
	lockout_fix(&packet, SG_FIELD_DIRECTION, need->direction);
	lockout_fix(&packet, SG_FIELD_STATE, need->state);
	lockout_fix(&packet, SG_FIELD_PROTOCOL, connection->protocol);
	if (port)
		lockout_fix(&packet, SG_FIELD_PORT, port);
	lockout_fix(&packet, SG_FIELD_FAMILY, connection->family);
	lockout_fix(&packet, v4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6, connection->local);
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

static int lockout_ask(struct sg_explainer *explainer, const struct sg_subject *subject,
		       const struct sg_connection *connection, const struct lockout_need *need, struct sg_lockout *ret,
		       struct sg_error *err)
{
	sg_cleanup(sg_explanation_clear) struct sg_explanation explanation = {0}, one = {0};
	struct sg_packet packet = {0};

	if (lockout_packet(connection, need, &packet, err) < 0 || sg_explain(explainer, &packet, &explanation, err) < 0)
		return -1;
	lockout_witness(&explanation, &packet);
	if (sg_explain(explainer, &packet, &one, err) < 0)
		return -1;
	*ret = (struct sg_lockout){
		.accepted = explanation.outcome == SG_OUTCOME_ACCEPT,
		.outcome = explanation.outcome,
		.because = sg_subject_because(subject, one.origin_count ? one.origins[0] : 0),
		.packet = packet,
	};
	return 0;
}

int sg_lockout_check(const struct sg_subject *subject, const struct sg_connection *connection, struct sg_lockout *ret,
		     struct sg_error *err)
{
	/* where all is well the answer speaks of a new connection */
	static const struct lockout_need needs[] = {
		{SG_IN, SG_CT_ESTABLISHED}, {SG_OUT, SG_CT_ESTABLISHED}, {SG_IN, SG_CT_NEW}};
	sg_cleanup(lockout_free_explainer) struct sg_explainer *explainer = sg_explainer_new(subject, err);
	struct sg_lockout lockout = {.accepted = true};

	if (!explainer)
		return -1;
	for (size_t i = 0; i < SG_COUNT(needs) && lockout.accepted; i++) {
		if (lockout_ask(explainer, subject, connection, &needs[i], &lockout, err) < 0)
			return -1;
	}
	*ret = lockout;
	return 0;
}
