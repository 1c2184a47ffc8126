// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * prove.c - a policy's own tests, for every packet of their regions.
 *
 * "allow" holds when every new inbound packet of the region is accepted, "block" when none is. Packets on loopback are
 * left aside unless the test names interfaces: the baseline accepts them, and nobody else can send them.
 */
#include <stdlib.h>
#include "base/mem.h"
#include "policy/origin.h"
#include "policy/coverage.h"
#include "sockgate/buf.h"
#include "sockgate/proto.h"

struct proof {
	const struct sg_policy *policy;
	const struct sg_decision *decision;
	struct sg_idd *idd;
	struct sg_diags *diags;
	struct sg_error *err;
	struct sg_region_cache cache;
};

static void proof_clear(struct proof *proof)
{
	sg_region_cache_clear(&proof->cache);
}

/* ---- The witness as text ---- */

static void prove_add_port(struct sg_buf *text, const struct sg_packet *packet)
{
	uint8_t protocol = (uint8_t)packet->field[SG_FIELD_PROTOCOL];
	unsigned int port = (unsigned int)packet->field[SG_FIELD_PORT];
	const char *name = NULL;

	if (!packet->fixed[SG_FIELD_PORT])
		return;
	if (port == SG_PORT_ABSENT) {
		if (sg_proto_has_ports(protocol) || protocol == SG_PROTO_ICMP || protocol == SG_PROTO_ICMPV6)
			sg_buf_adds(text, " fragment");
		return;
	}
	if (!sg_proto_has_ports(protocol))
		name = sg_icmp_type_name(protocol, (uint8_t)port);
	if (name)
		sg_buf_addf(text, " %s", name);
	else
		sg_buf_addf(text, " %u", port);
}

static void prove_add_address(struct sg_buf *text, const char *word, const struct sg_packet *packet, size_t v4,
			      size_t v6)
{
	char address[SG_ADDR_TEXT_SIZE];
	bool ipv4 = packet->field[SG_FIELD_FAMILY] == SG_IPV4;
	size_t level = ipv4 ? v4 : v6;

	if (!packet->fixed[level])
		return;
	sg_addr_format(ipv4 ? SG_IPV4 : SG_IPV6, packet->field[level], address);
	sg_buf_addf(text, " %s %s", word, address);
}

static void prove_add_interface(struct sg_buf *text, const struct sg_packet *packet)
{
	struct sg_range range = {packet->field[SG_FIELD_INTERFACE], packet->field[SG_FIELD_INTERFACE]};
	char name[SG_INTERFACE_NAME_SIZE + 1];

	if (!packet->fixed[SG_FIELD_INTERFACE])
		return;
	if (sg_interface_name(&range, name))
		sg_buf_addf(text, " interface %s", name);
	else
		sg_buf_adds(text, " on an interface of another name");
}

/* "tcp 443 from 192.0.2.1 to 198.51.100.20 interface eth1", as explain reads it. */
static void prove_add_packet(struct sg_buf *text, const struct sg_packet *packet)
{
	uint8_t protocol = (uint8_t)packet->field[SG_FIELD_PROTOCOL];
	const char *name = sg_proto_name(protocol);
	bool addresses = packet->fixed[SG_FIELD_LOCAL4] || packet->fixed[SG_FIELD_LOCAL6] ||
			 packet->fixed[SG_FIELD_REMOTE4] || packet->fixed[SG_FIELD_REMOTE6];

	if (name)
		sg_buf_adds(text, name);
	else
		sg_buf_addf(text, "protocol %u", protocol);
	prove_add_port(text, packet);
	prove_add_address(text, "from", packet, SG_FIELD_REMOTE4, SG_FIELD_REMOTE6);
	prove_add_address(text, "to", packet, SG_FIELD_LOCAL4, SG_FIELD_LOCAL6);
	if (packet->fixed[SG_FIELD_FAMILY] && !addresses && protocol != SG_PROTO_ICMP && protocol != SG_PROTO_ICMPV6)
		sg_buf_adds(text, packet->field[SG_FIELD_FAMILY] == SG_IPV4 ? " over IPv4" : " over IPv6");
	prove_add_interface(text, packet);
}

static const char *prove_verb(enum sg_verdict verdict)
{
	switch (verdict) {
	case SG_VERDICT_ACCEPT: return "accepted";
	case SG_VERDICT_DROP: return "dropped";
	case SG_VERDICT_REJECT: return "rejected";
	case SG_VERDICT_NONE: break;
	}
	return "not decided";
}

/* ---- Proofs ---- */

/* The packets that a test speaks of. */
static sg_ref prove_region(struct proof *proof, const struct sg_line *line)
{
	struct sg_idd *idd = proof->idd;
	sg_ref region = sg_region_new(idd, SG_IN, sg_region_set(idd, &proof->cache, line));

	return line->has_interface ? region : sg_idd_minus(idd, region, sg_coverage_loopback(idd));
}

static const char *prove_expectation(const struct sg_policy_test *test)
{
	return test->expect == SG_EXPECT_ALLOW ? "allow" : "block";
}

/* Fields in which the smallest value of a region is one that nobody meets, and what to look for instead. */
static const struct {
	enum sg_field field;
	sg_u128 value;
} prove_familiar[] = {
	{SG_FIELD_INTERFACE, (sg_u128)0x65746830 << 96}, /* eth0 */
	{SG_FIELD_LOCAL4, 0xc6336414},                   /* 198.51.100.20 */
	{SG_FIELD_LOCAL6, ((sg_u128)0x20010db8 << 96) + 20},
	{SG_FIELD_REMOTE4, 0xcb007109}, /* 203.0.113.9 */
	{SG_FIELD_REMOTE6, ((sg_u128)0x20010db8 << 96) + 9},
};

/* A packet of the set, with familiar values where the set has them. False: there is none, or something failed. */
static bool prove_find_packet(struct sg_idd *idd, sg_ref set, sg_u128 *point, bool *fixed)
{
	if (!sg_idd_witness(idd, set, 1, point, fixed))
		return false;
	for (size_t i = 0; i < SG_COUNT(prove_familiar); i++) {
		enum sg_field field = prove_familiar[i].field;
		sg_ref closer;

		if (!fixed[field] || point[field])
			continue;
		closer = sg_idd_range(idd, field, prove_familiar[i].value, prove_familiar[i].value);
		closer = sg_idd_and(idd, set, closer);
		if (closer == SG_IDD_FAILED)
			return false;
		if (sg_idd_witness(idd, closer, 1, point, fixed))
			set = closer;
	}
	return true;
}

/* Whether the packet would do on every interface but lo: then it need not be named. */
static bool prove_any_interface(struct sg_idd *idd, sg_ref set, const sg_u128 *point)
{
	for (size_t level = 0; level < sg_idd_levels(idd); level++) {
		if (level != SG_FIELD_INTERFACE)
			set = sg_idd_restrict(idd, set, level, point[level]);
	}
	return set == SG_IDD_FULL || set == sg_idd_not(idd, sg_coverage_loopback(idd));
}

static void prove_add_cause(struct proof *proof, uint32_t number)
{
	struct sg_origin origin = sg_policy_origin(proof->policy, number);

	if (origin.kind == SG_ORIGIN_LINE)
		sg_diag_hint(proof->diags, "%s:%u (%s) decides it", sg_policy_file_of(proof->policy, origin.span),
			     origin.span.line, origin.rule);
	else if (origin.kind == SG_ORIGIN_DEFAULT)
		sg_diag_hint(proof->diags, "no line speaks of it, so the default decides");
	else if (origin.kind == SG_ORIGIN_BASELINE)
		sg_diag_hint(proof->diags, "'%s' decides it", origin.rule);
}

/* Reports one packet of `wrong`, which is not empty. */
static int prove_report(struct proof *proof, const struct sg_policy_test *test, sg_ref wrong)
{
	sg_autofree sg_u128 *point = calloc(sg_idd_levels(proof->idd), sizeof(*point));
	sg_autofree bool *fixed = calloc(sg_idd_levels(proof->idd), sizeof(*fixed));
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0};
	struct sg_packet packet;
	enum sg_verdict verdict;

	if (!point || !fixed)
		return sg_error_nomem(proof->err);
	if (!prove_find_packet(proof->idd, wrong, point, fixed))
		return sg_idd_check(proof->idd, SG_IDD_FAILED, proof->err);
	for (size_t i = 0; i < SG_FIELD_COUNT; i++) {
		packet.field[i] = point[i];
		packet.fixed[i] = fixed[i];
	}
	if (prove_any_interface(proof->idd, wrong, point))
		packet.fixed[SG_FIELD_INTERFACE] = false;
	prove_add_packet(&text, &packet);
	if (text.failed)
		return sg_error_nomem(proof->err);
	verdict = (enum sg_verdict)sg_idd_lookup(proof->idd, proof->decision->verdict, point);
	sg_diag_add(proof->diags, SG_SEVERITY_ERROR, "policy/test-failed", test->region.span,
		    "expected to %s, but '%s' is %s", prove_expectation(test), text.data, prove_verb(verdict));
	prove_add_cause(proof, sg_decision_origin_at(proof->decision, point));
	return 0;
}

/* 1: proven, 0: failed and reported, -1: err. */
static int prove_one(struct proof *proof, const struct sg_policy_test *test)
{
	struct sg_idd *idd = proof->idd;
	sg_ref region = prove_region(proof, &test->region);
	sg_ref accepted = sg_idd_equals(idd, proof->decision->verdict, SG_VERDICT_ACCEPT), wrong;

	if (test->expect == SG_EXPECT_ALLOW)
		wrong = sg_idd_minus(idd, region, accepted);
	else
		wrong = sg_idd_and(idd, region, accepted);
	if (sg_idd_check(idd, wrong, proof->err) < 0)
		return -1;
	if (region == SG_IDD_EMPTY) {
		sg_diag_add(proof->diags, SG_SEVERITY_ERROR, "policy/test-failed", test->region.span,
			    "the test speaks of no packet that can exist");
		return 0;
	}
	if (wrong == SG_IDD_EMPTY)
		return 1;
	return prove_report(proof, test, wrong) < 0 ? -1 : 0;
}

int sg_policy_prove(const struct sg_policy *policy, const struct sg_decision *decision, struct sg_diags *diags,
		    struct sg_test_sum *ret, struct sg_error *err)
{
	sg_cleanup(proof_clear) struct proof proof = {
		.policy = policy,
		.decision = decision,
		.idd = decision->idd,
		.diags = diags,
		.err = err,
	};
	struct sg_test_sum sum = {0};

	for (size_t i = 0; i < sg_policy_tests(policy); i++) {
		int result = prove_one(&proof, sg_policy_test(policy, i));

		if (result < 0)
			return -1;
		sum.proven += result == 1;
		sum.failed += result == 0;
	}
	*ret = sum;
	return 0;
}
