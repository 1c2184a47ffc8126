/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a rule of another program can decide packets: what it says of messages, whole and torn at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <libmnl/libmnl.h>
#include <cmocka.h>
#include "base/mem.h"
#include "kernel/rules_effect.h"

#define NOBODY UINT16_MAX /* no attribute */

static _Alignas(struct nlmsghdr) uint8_t room[4096];

/* A rule with one expression, which has one attribute of four bytes; or, with `verdict`, that verdict. */
static struct nlmsghdr *rule(uint8_t family, const char *name, uint16_t attribute, const int32_t *verdict)
{
	const struct nfgenmsg about = {.nfgen_family = family};
	struct nlattr *list, *element, *data, *immediate, *code;
	struct nlmsghdr *header;

	memset(room, 0, sizeof(room));
	header = mnl_nlmsg_put_header(room);
	memcpy(mnl_nlmsg_put_extra_header(header, sizeof(about)), &about, sizeof(about));
	mnl_attr_put_strz(header, NFTA_RULE_TABLE, "other");
	list = mnl_attr_nest_start(header, NFTA_RULE_EXPRESSIONS);
	element = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
	mnl_attr_put_strz(header, NFTA_EXPR_NAME, name);
	data = mnl_attr_nest_start(header, NFTA_EXPR_DATA);
	if (attribute != NOBODY)
		mnl_attr_put_u32(header, attribute, htonl(NFT_OBJECT_COUNTER));
	if (verdict) {
		immediate = mnl_attr_nest_start(header, NFTA_IMMEDIATE_DATA);
		code = mnl_attr_nest_start(header, NFTA_DATA_VERDICT);
		mnl_attr_put_u32(header, NFTA_VERDICT_CODE, htonl((uint32_t)*verdict));
		mnl_attr_nest_end(header, code);
		mnl_attr_nest_end(header, immediate);
	}
	mnl_attr_nest_end(header, data);
	mnl_attr_nest_end(header, element);
	mnl_attr_nest_end(header, list);
	return header;
}

static void test_expressions(void **state)
{
	static const struct {
		uint8_t family;
		const char *name;
		uint16_t attribute;
		enum sg_rule_effect effect;
	} cases[] = {
		{NFPROTO_INET, "payload", NFTA_PAYLOAD_DREG, SG_RULE_NOTHING},
		{NFPROTO_INET, "payload", NFTA_PAYLOAD_SREG, SG_RULE_DECIDES},
		{NFPROTO_INET, "payload", NOBODY, SG_RULE_DECIDES},
		{NFPROTO_INET, "meta", NFTA_META_DREG, SG_RULE_NOTHING},
		{NFPROTO_INET, "meta", NFTA_META_SREG, SG_RULE_DECIDES},
		{NFPROTO_INET, "exthdr", NFTA_EXTHDR_DREG, SG_RULE_NOTHING},
		{NFPROTO_INET, "exthdr", NFTA_EXTHDR_SREG, SG_RULE_DECIDES},
		{NFPROTO_INET, "exthdr", NOBODY, SG_RULE_DECIDES}, /* takes an option away */
		{NFPROTO_INET, "ct", NFTA_CT_DREG, SG_RULE_NOTHING},
		{NFPROTO_INET, "ct", NFTA_CT_SREG, SG_RULE_DECIDES},
		{NFPROTO_BRIDGE, "ct", NFTA_CT_DREG, SG_RULE_DECIDES},
		{NFPROTO_INET, "lookup", NFTA_LOOKUP_SREG, SG_RULE_NOTHING},
		{NFPROTO_INET, "lookup", NFTA_LOOKUP_DREG, SG_RULE_DECIDES},
		{NFPROTO_INET, "objref", NFTA_OBJREF_IMM_TYPE, SG_RULE_NOTHING}, /* of a counter */
		{NFPROTO_INET, "objref", NFTA_OBJREF_SET_SREG, SG_RULE_DECIDES},
		{NFPROTO_INET, "counter", NOBODY, SG_RULE_NOTHING},
		{NFPROTO_NETDEV, "log", NOBODY, SG_RULE_NOTHING},
		{NFPROTO_INET, "limit", NOBODY, SG_RULE_NOTHING},
		{NFPROTO_INET, "counters", NOBODY, SG_RULE_DECIDES},
		{NFPROTO_INET, "reject", NOBODY, SG_RULE_DECIDES},
		{NFPROTO_INET, "queue", NOBODY, SG_RULE_DECIDES},
		{NFPROTO_INET, "notrack", NOBODY, SG_RULE_DECIDES},
		{NFPROTO_INET, "target", NOBODY, SG_RULE_DECIDES},
		{NFPROTO_INET, "immediate", NOBODY, SG_RULE_DECIDES},
		{NFPROTO_INET, "of a kernel that is still to come, and longer than a name", NOBODY, SG_RULE_DECIDES},
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(cases); i++) {
		const struct nlmsghdr *header = rule(cases[i].family, cases[i].name, cases[i].attribute, NULL);

		if (sg_rule_effect(header, room) != cases[i].effect)
			fail_msg("%s with %u", cases[i].name, cases[i].attribute);
	}
}

static void test_verdicts(void **state)
{
	static const struct {
		int32_t verdict;
		enum sg_rule_effect effect;
	} cases[] = {
		{NF_ACCEPT, SG_RULE_NOTHING}, {NFT_RETURN, SG_RULE_NOTHING}, {NFT_CONTINUE, SG_RULE_NOTHING},
		{NFT_BREAK, SG_RULE_NOTHING}, {NFT_JUMP, SG_RULE_JUMPS},     {NFT_GOTO, SG_RULE_JUMPS},
		{NF_DROP, SG_RULE_DECIDES},   {NF_STOLEN, SG_RULE_DECIDES},  {NF_QUEUE, SG_RULE_DECIDES},
		{NF_REPEAT, SG_RULE_DECIDES}, {-99, SG_RULE_DECIDES},
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(cases); i++) {
		const struct nlmsghdr *header = rule(NFPROTO_INET, "immediate", NOBODY, &cases[i].verdict);

		if (sg_rule_effect(header, room) != cases[i].effect)
			fail_msg("verdict %d", cases[i].verdict);
	}
}

/* No beginning of a rule that drops is taken for one that does not, and none is read past its end. */
static void test_torn(void **state)
{
	const int32_t drop = NF_DROP;
	const struct nlmsghdr *whole = rule(NFPROTO_INET, "immediate", NOBODY, &drop);

	(void)state;
	for (uint32_t size = sizeof(*whole); size <= whole->nlmsg_len; size++) {
		uint8_t *bytes = malloc(size);
		struct nlmsghdr header = *whole;

		assert_non_null(bytes);
		memcpy(bytes, whole, size);
		header.nlmsg_len = size;
		assert_int_equal(sg_rule_effect(&header, bytes), SG_RULE_DECIDES);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_torn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
