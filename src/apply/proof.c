// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/proof.h"

#include <stdlib.h>
#include "sockgate/buf.h"
#include "sockgate/proto.h"

/* "tcp port 22 from 192.0.2.1 on eth0": what of the packet matters. */
static void describe(const struct sg_packet *packet, struct sg_buf *buf)
{
	static const char *const states[] = {"new", "established", "related", "invalid", "untracked"};
	enum sg_family family = (enum sg_family)packet->field[SG_FIELD_FAMILY];
	size_t local = family == SG_IPV4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6;
	size_t remote = family == SG_IPV4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6;
	uint8_t protocol = (uint8_t)packet->field[SG_FIELD_PROTOCOL];
	const char *name = sg_proto_name(protocol);
	char text[SG_ADDR_TEXT_SIZE], interface[SG_INTERFACE_NAME_SIZE + 1];
	struct sg_range range = {packet->field[SG_FIELD_INTERFACE], packet->field[SG_FIELD_INTERFACE]};

	if (packet->field[SG_FIELD_DIRECTION] != SG_IN)
		sg_buf_addf(buf, "%s ", sg_direction_name((enum sg_direction)packet->field[SG_FIELD_DIRECTION]));
	sg_buf_addf(buf, "%s ", states[packet->field[SG_FIELD_STATE] % SG_CT_COUNT]);
	if (name)
		sg_buf_adds(buf, name);
	else
		sg_buf_addf(buf, "protocol %u", protocol);
	if (packet->field[SG_FIELD_PORT] != SG_PORT_ABSENT)
		sg_buf_addf(buf, " %s %u", sg_proto_has_ports(protocol) ? "port" : "type",
			    (unsigned int)packet->field[SG_FIELD_PORT]);
	if (packet->fixed[remote]) {
		sg_addr_format(family, packet->field[remote], text);
		sg_buf_addf(buf, " from %s", text);
	}
	if (packet->fixed[local]) {
		sg_addr_format(family, packet->field[local], text);
		sg_buf_addf(buf, " to %s", text);
	}
	if (packet->fixed[SG_FIELD_INTERFACE] && sg_interface_name(&range, interface))
		sg_buf_addf(buf, " on %s", interface);
}

int sg_proof(const struct sg_decision *decision, const struct sg_table *table, struct sg_error *err)
{
	struct sg_evaluation evaluation;
	struct sg_packet packet = {0};
	struct sg_buf text = {0};
	enum sg_answer answer = SG_UNDECIDED;
	const char *what = "judged";
	size_t unknown = 0;
	int result;

	if (sg_evaluate(decision->idd, table, &evaluation, err))
		return -1;
	result = sg_evaluation_compare(&evaluation, decision, &answer, &packet, &unknown, err);
	if (!result && answer == SG_PROVEN) {
		what = "logged";
		result = sg_evaluation_compare_logs(&evaluation, decision, &answer, &packet, &unknown, err);
	}
	if (!result && answer != SG_PROVEN) {
		describe(&packet, &text);
		result = sg_error_set(err, SG_ERROR_UNPROVEN, 0, "a packet (%s) %s %s otherwise than the policy says%s%s",
				      text.data ? text.data : "?", answer == SG_REFUTED ? "is" : "may be", what,
				      answer == SG_REFUTED ? "" : ": ",
				      answer == SG_REFUTED ? "" : evaluation.unknowns[unknown].reason);
	}
	sg_buf_clear(&text);
	sg_evaluation_clear(&evaluation);
	return result;
}
