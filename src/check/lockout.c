/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lockout.c - the question whether someone who is here could come again, and who would keep them out. */
#include "sockgate/lockout.h"

#include <string.h>
#include "base/mem.h"
#include "sockgate/explain.h"

static void lockout_free_explainer(struct sg_explainer **explainer)
{
	sg_explainer_free(*explainer);
}

static void lockout_fix(struct sg_packet *packet, enum sg_field field, sg_u128 value)
{
	packet->field[field] = value;
	packet->fixed[field] = true;
}

/* What the kernel sends to one of its own addresses goes by way of lo. */
static const char *lockout_interface(const struct sg_connection *connection)
{
	bool loopback = connection->family == SG_IPV4 ? connection->remote >> 24 == 127 : connection->remote == 1;

	return loopback || connection->local == connection->remote ? "lo" : connection->interface;
}

static int lockout_packet(const struct sg_connection *connection, struct sg_packet *ret, struct sg_error *err)
{
	bool v4 = connection->family == SG_IPV4;
	const char *interface = lockout_interface(connection);
	struct sg_packet packet = {0};
	struct sg_range key;

	lockout_fix(&packet, SG_FIELD_DIRECTION, SG_IN);
	lockout_fix(&packet, SG_FIELD_STATE, SG_CT_NEW);
	lockout_fix(&packet, SG_FIELD_PROTOCOL, connection->protocol);
	lockout_fix(&packet, SG_FIELD_PORT, connection->port);
	lockout_fix(&packet, SG_FIELD_FAMILY, connection->family);
	lockout_fix(&packet, v4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6, connection->local);
	lockout_fix(&packet, v4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6, connection->remote);
	if (interface) {
		/* a name that ends in '*' is a wildcard here and a plain name to the kernel: it stays open then */
		if (!sg_interface_range(interface, strlen(interface), &key))
			return sg_error_set(err, SG_ERROR_INPUT, 0, "bad interface name '%s'", interface);
		if (key.first == key.last)
			lockout_fix(&packet, SG_FIELD_INTERFACE, key.first);
	}
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

int sg_lockout_check(const struct sg_subject *subject, const struct sg_connection *connection, struct sg_lockout *ret,
		     struct sg_error *err)
{
	sg_cleanup(lockout_free_explainer) struct sg_explainer *explainer = NULL;
	sg_cleanup(sg_explanation_clear) struct sg_explanation explanation = {0}, one = {0};
	struct sg_packet packet = {0};

	if (lockout_packet(connection, &packet, err) < 0)
		return -1;
	explainer = sg_explainer_new(subject, err);
	if (!explainer || sg_explain(explainer, &packet, &explanation, err) < 0)
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
