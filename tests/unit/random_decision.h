/* SPDX-License-Identifier: GPL-2.0-or-later */
/* random_decision.h - random decisions with hints, seeded; for tests of the compiler and of what applies its rules. */
#ifndef TEST_RANDOM_DECISION_H
#define TEST_RANDOM_DECISION_H

#include <string.h>
#include "sockgate/compile.h"
#include "sockgate/proto.h"

static uint64_t seed = 1;

static uint32_t below(uint32_t n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33) % n;
}

/* ------------------------------------------------------------------ random decisions */

static sg_ref some_ports(struct sg_idd *idd)
{
	uint32_t first = below(8) ? below(200) : below(65000);
	uint32_t size = below(3) ? 0 : below(5) ? below(20) : below(500);

	return sg_idd_range(idd, SG_FIELD_PORT, first, first + size);
}

static sg_ref some_protocols(struct sg_idd *idd)
{
	static const uint8_t known[] = {6, 17, 6, 17, 6, 132, 47, 50, 255};
	uint8_t p = known[below(sizeof(known))];

	switch (below(12)) {
	case 0: return SG_IDD_FULL;
	case 1: return sg_idd_range(idd, SG_FIELD_PROTOCOL, p, p);
	case 2:
		p = below(2) ? 1 : 58;
		return sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PROTOCOL, p, p),
				  sg_idd_range(idd, SG_FIELD_PORT, below(20), below(4) ? 20 : 255));
	default: return sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PROTOCOL, p, p), some_ports(idd));
	}
}

static sg_ref some_interfaces(struct sg_idd *idd)
{
	static const char *const names[] = {"lo", "eth0", "eth*", "br0", "br*", "wg0", "e*"};
	const char *name = names[below(7)];
	struct sg_range range;
	sg_ref ref;

	if (below(2))
		return SG_IDD_FULL;
	if (!sg_interface_range(name, strlen(name), &range))
		return SG_IDD_FAILED;
	ref = sg_idd_range(idd, SG_FIELD_INTERFACE, range.first, range.last);
	return below(4) ? ref : sg_idd_not(idd, ref);
}

static sg_ref some_addresses(struct sg_idd *idd, size_t level4)
{
	sg_ref v4 = SG_IDD_EMPTY, v6 = SG_IDD_EMPTY;
	sg_ref is4 = sg_idd_range(idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4);

	if (below(2))
		return SG_IDD_FULL;
	for (uint32_t i = below(4); i > 0; i--) {
		uint32_t first = 0x0a000000 + below(64) * 16, size = below(2) ? 0 : 16 * (1 + below(4)) - 1;
		sg_u128 top = (sg_u128)0x20010db8 << 96;

		v4 = sg_idd_or(idd, v4, sg_idd_range(idd, level4, first, (sg_u128)first + size));
		v6 = sg_idd_or(idd, v6, sg_idd_range(idd, level4 + 1, top + below(64), top + 64 + below(64)));
	}
	if (below(5) == 0) { /* of one family alone */
		if (below(2))
			v4 = SG_IDD_EMPTY;
		else
			v6 = SG_IDD_EMPTY;
	}
	return sg_idd_ite(idd, is4, v4, v6);
}

static sg_ref some_place(struct sg_idd *idd)
{
	sg_ref region = some_interfaces(idd);

	region = sg_idd_and(idd, region, some_addresses(idd, SG_FIELD_REMOTE4));
	if (below(4) == 0)
		region = sg_idd_and(idd, region, some_addresses(idd, SG_FIELD_LOCAL4));
	return region;
}

struct made {
	struct sg_idd *idd;
	struct sg_decision decision;
	struct sg_compile_prelude preludes[4];
	size_t prelude_count;
	struct sg_compile_name names[2];
	sg_ref published; /* how packets to published ports are judged; 0: they are accepted */
};

static void finish(struct made *made, sg_ref judged, sg_ref outbound, uint32_t odd_states)
{
	struct sg_idd *idd = made->idd;
	sg_ref in = judged, out = outbound;
	sg_ref accept = sg_idd_terminal(SG_VERDICT_ACCEPT);

	for (unsigned int s = SG_CT_ESTABLISHED; s < SG_CT_COUNT; s++) {
		sg_ref here = sg_idd_range(idd, SG_FIELD_STATE, s, s);
		enum sg_verdict verdict = s == SG_CT_INVALID ? SG_VERDICT_DROP : SG_VERDICT_ACCEPT;

		if (s != SG_CT_UNTRACKED && !(odd_states & 1U << s))
			in = sg_idd_ite(idd, here, sg_idd_terminal(verdict), in);
	}
	if (made->published)
		accept = sg_idd_ite(idd, sg_idd_range(idd, SG_FIELD_DIRECTION, SG_PUBLISHED, SG_PUBLISHED),
				    made->published, accept);
	out = sg_idd_ite(idd, sg_idd_range(idd, SG_FIELD_DIRECTION, SG_OUT, SG_OUT), out, accept);
	in = sg_idd_ite(idd, sg_idd_range(idd, SG_FIELD_DIRECTION, SG_IN, SG_IN), in, out);
	made->decision.verdict = sg_idd_ite(idd, sg_packet_universe(idd), in, sg_idd_terminal(0));
	made->decision.origin = sg_idd_terminal(0);
	made->decision.idd = idd;
}

/* What leaves, and what goes to published ports, is mostly let go. */
static sg_ref some_others(struct sg_idd *idd)
{
	sg_ref judged = sg_idd_terminal(SG_VERDICT_ACCEPT);

	if (below(3))
		return judged;
	for (uint32_t lines = 1 + below(4); lines > 0; lines--)
		judged = sg_idd_ite(idd, sg_idd_and(idd, some_protocols(idd), some_place(idd)),
				    sg_idd_terminal(1 + below(3)), judged);
	if (below(2))
		judged = sg_idd_ite(idd, sg_idd_range(idd, SG_FIELD_STATE, SG_CT_ESTABLISHED, SG_CT_ESTABLISHED),
				    sg_idd_terminal(SG_VERDICT_ACCEPT), judged);
	return judged;
}

static void make_random(struct made *made)
{
	struct sg_idd *idd = made->idd;
	sg_ref judged = sg_idd_terminal(1 + below(3)), odd = SG_IDD_EMPTY;

	for (uint32_t lines = below(12); lines > 0; lines--) {
		sg_ref region = sg_idd_and(idd, some_protocols(idd), some_place(idd));

		judged = sg_idd_ite(idd, region, sg_idd_terminal(1 + below(3)), judged);
	}
	made->prelude_count = below(4);
	for (size_t i = made->prelude_count; i-- > 0;) {
		made->preludes[i].region = some_place(idd);
		made->preludes[i].direction = below(3) ? SG_IN : below(2) ? SG_OUT : SG_PUBLISHED;
		made->preludes[i].comment = below(2) ? "a \"prelude\"" : NULL;
		if (below(4)) /* else a hint that does not fit */
			judged = sg_idd_ite(idd, made->preludes[i].region, sg_idd_terminal(1 + below(3)), judged);
	}
	/* ICMP that no prelude stops, as the baseline has it */
	for (uint32_t i = below(3); i > 0; i--) {
		uint32_t protocol = below(2) ? SG_PROTO_ICMP : SG_PROTO_ICMPV6, type = below(253);
		sg_ref region = sg_idd_range(idd, SG_FIELD_PROTOCOL, protocol, protocol);

		region = sg_idd_and(idd, region, sg_idd_range(idd, SG_FIELD_PORT, type, type + below(4)));
		judged = sg_idd_ite(idd, sg_idd_and(idd, region, below(3) ? SG_IDD_FULL : some_place(idd)),
				    sg_idd_terminal(1 + below(3)), judged);
	}
	/* a state that is judged by something else again */
	if (below(6) == 0)
		odd = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_STATE, SG_CT_UNTRACKED, SG_CT_UNTRACKED),
				 some_protocols(idd));
	judged = sg_idd_ite(idd, odd, sg_idd_terminal(1 + below(3)), judged);
	/* which the policy judges as it judges what comes in, or otherwise */
	made->published = below(2) ? 0 : below(2) ? judged : some_others(idd);
	finish(made, judged, some_others(idd), below(3) ? 0 : below(1U << SG_CT_COUNT));
}

#endif
