/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules_effect.c - whether a rule of another program can decide packets.
 *
 * A rule is a list of expressions (linux/netfilter/nf_tables.h, net/netfilter/nft_*.c). Those below load a value into a
 * register, compare one, count or log. They may stop the rule, and change nothing else. A verdict to accept ends the
 * base chain, and the next one is asked; so in a table without any other verdict, each packet passes. All other
 * expressions decide, and so does everything that is not understood.
 */
#include "kernel/rules_effect.h"

#include <string.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/mem.h"
#include "nft/attr.h"

#define NAME_SIZE  32
#define NOT_NEEDED 0

static const struct {
	const char *name;
	uint16_t needs;   /* an attribute without which the expression writes: the register that it loads */
	uint16_t refuses; /* an attribute with which it writes to the packet, to its connection, or to a verdict */
} harmless[] = {
	{"payload", NFTA_PAYLOAD_DREG, NFTA_PAYLOAD_SREG},
	{"meta", NFTA_META_DREG, NFTA_META_SREG},
	{"exthdr", NFTA_EXTHDR_DREG, NFTA_EXTHDR_SREG},
	{"fib", NFTA_FIB_DREG, UINT16_MAX},
	{"rt", NFTA_RT_DREG, UINT16_MAX},
	{"cmp", NOT_NEEDED, UINT16_MAX},
	{"range", NOT_NEEDED, UINT16_MAX},
	{"bitwise", NOT_NEEDED, UINT16_MAX},
	{"byteorder", NOT_NEEDED, UINT16_MAX},
	/* a register that is written may be the verdict's */
	{"lookup", NOT_NEEDED, NFTA_LOOKUP_DREG},
	{"limit", NOT_NEEDED, UINT16_MAX},
	{"quota", NOT_NEEDED, UINT16_MAX},
	{"counter", NOT_NEEDED, UINT16_MAX},
	{"last", NOT_NEEDED, UINT16_MAX},
	{"log", NOT_NEEDED, UINT16_MAX},
};

/* The attribute of that type in the nest; false: there is none, or the nest is torn. */
static bool find(const struct attr *nest, uint16_t type, struct attr *ret)
{
	struct attr_list list = sg_attr_nest(nest);
	bool found = false;
	struct attr attr;

	while (sg_attr_next(&list, &attr))
		if (attr.type == type) {
			*ret = attr;
			found = true;
		}
	return found && !list.torn;
}

static bool is_torn(const struct attr *nest)
{
	struct attr_list list = sg_attr_nest(nest);
	struct attr attr;

	while (sg_attr_next(&list, &attr))
		;
	return list.torn;
}

/* An immediate value: a number for a register, or a verdict. */
static enum sg_rule_effect immediate_effect(const struct attr *data)
{
	struct attr value, verdict, code;

	if (!find(data, NFTA_IMMEDIATE_DATA, &value))
		return SG_RULE_DECIDES;
	if (!find(&value, NFTA_DATA_VERDICT, &verdict))
		return find(&value, NFTA_DATA_VALUE, &verdict) ? SG_RULE_NOTHING : SG_RULE_DECIDES;
	if (!find(&verdict, NFTA_VERDICT_CODE, &code) || code.size != sizeof(uint32_t))
		return SG_RULE_DECIDES;
	switch ((int32_t)sg_attr_be32(&code)) {
	case NF_ACCEPT:
	case NFT_CONTINUE:
	case NFT_BREAK:
	case NFT_RETURN: return SG_RULE_NOTHING;
	case NFT_JUMP:
	case NFT_GOTO: return SG_RULE_JUMPS;
	default: return SG_RULE_DECIDES;
	}
}

/* A named object: those that count or match are as the expressions of the same name. */
static enum sg_rule_effect object_effect(const struct attr *data)
{
	struct attr type;

	if (!find(data, NFTA_OBJREF_IMM_TYPE, &type) || type.size != sizeof(uint32_t))
		return SG_RULE_DECIDES;
	switch (sg_attr_be32(&type)) {
	case NFT_OBJECT_COUNTER:
	case NFT_OBJECT_QUOTA:
	case NFT_OBJECT_LIMIT: return SG_RULE_NOTHING;
	default: return SG_RULE_DECIDES;
	}
}

/* In tables of bridges, asking for the connection makes the kernel track what it did not track before. */
static enum sg_rule_effect ct_effect(uint32_t family, const struct attr *data)
{
	struct attr attr;

	if (family != NFPROTO_INET && family != NFPROTO_IPV4 && family != NFPROTO_IPV6)
		return SG_RULE_DECIDES;
	return find(data, NFTA_CT_DREG, &attr) && !find(data, NFTA_CT_SREG, &attr) ? SG_RULE_NOTHING : SG_RULE_DECIDES;
}

static enum sg_rule_effect expression_effect(uint32_t family, const struct attr *nest)
{
	struct attr data = {0}, attr;
	char name[NAME_SIZE];
	size_t length;

	if (!find(nest, NFTA_EXPR_NAME, &attr) || !(length = sg_attr_string(&attr, sizeof(name))))
		return SG_RULE_DECIDES;
	memcpy(name, attr.data, length);
	name[length] = '\0';
	if (find(nest, NFTA_EXPR_DATA, &data) && is_torn(&data))
		return SG_RULE_DECIDES;
	if (!strcmp(name, "immediate"))
		return immediate_effect(&data);
	if (!strcmp(name, "objref"))
		return object_effect(&data);
	if (!strcmp(name, "ct"))
		return ct_effect(family, &data);
	for (size_t i = 0; i < SG_COUNT(harmless); i++) {
		if (strcmp(name, harmless[i].name) != 0)
			continue;
		return (harmless[i].needs != NOT_NEEDED && !find(&data, harmless[i].needs, &attr)) ||
				       find(&data, harmless[i].refuses, &attr)
			       ? SG_RULE_DECIDES
			       : SG_RULE_NOTHING;
	}
	return SG_RULE_DECIDES;
}

enum sg_rule_effect sg_rule_effect(const struct nlmsghdr *header, const uint8_t *message)
{
	const size_t head = sizeof(*header) + sizeof(struct nfgenmsg);
	enum sg_rule_effect most = SG_RULE_NOTHING;
	struct attr rule, expressions, expression;
	struct attr_list list;

	if (header->nlmsg_len < head)
		return SG_RULE_DECIDES;
	rule = (struct attr){.data = message + head, .size = header->nlmsg_len - head};
	if (is_torn(&rule))
		return SG_RULE_DECIDES;
	/* a rule without any expression has an empty list of them */
	if (!find(&rule, NFTA_RULE_EXPRESSIONS, &expressions))
		return SG_RULE_DECIDES;
	list = sg_attr_nest(&expressions);
	while (sg_attr_next(&list, &expression)) {
		enum sg_rule_effect effect = expression_effect(message[sizeof(*header)], &expression);

		if (effect > most)
			most = effect;
	}
	return list.torn ? SG_RULE_DECIDES : most;
}
