/* SPDX-License-Identifier: GPL-2.0-or-later */
/* built_rules.h - one rule of each builder of conditions, meters, logs and published ports, with nft's words for it. */
#ifndef BUILT_RULES_H
#define BUILT_RULES_H

#include <assert.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "nft/build.h"
#include "nft/datatype.h"
#include "sockgate/proto.h"

static const struct sg_range built_private = {.first = 0x0a000000, .last = 0x0affffff};
static const struct sg_range built_half = {.first = 0x0a800000, .last = 0x0affffff};
static const struct sg_range built_six = {.first = (sg_u128)0x20010db8 << 96,
					  .last = ((sg_u128)0x20010db8 << 96) + (((sg_u128)1 << 96) - 1)};

static inline int built_time(struct sg_rule *rule)
{
	return sg_build_time_before(rule, 1798740000000000000, NULL) |
	       sg_build_verdict(rule, SG_CODE_ACCEPT, NULL, NULL);
}
static inline int built_limit(struct sg_rule *rule)
{
	return sg_build_limit(rule, 20, 60, 20, NULL) | sg_build_verdict(rule, SG_CODE_ACCEPT, NULL, NULL);
}
static inline int built_limit_day(struct sg_rule *rule)
{
	return sg_build_limit(rule, 1, 86400, 1, NULL) | sg_build_verdict(rule, SG_CODE_JUMP, "leaf", NULL);
}
static inline int built_connlimit(struct sg_rule *rule)
{
	return sg_build_connlimit(rule, 50, NULL) | sg_build_verdict(rule, SG_CODE_GOTO, "leaf", NULL);
}
static inline int built_meter4(struct sg_rule *rule)
{
	return sg_build_family(rule, SG_IPV4, NULL) |
	       sg_build_meter_limit(rule, SG_IPV4, false, "meter4", 20, 60, 20, NULL) |
	       sg_build_verdict(rule, SG_CODE_ACCEPT, NULL, NULL);
}
static inline int built_meter6(struct sg_rule *rule)
{
	return sg_build_family(rule, SG_IPV6, NULL) |
	       sg_build_meter_limit(rule, SG_IPV6, true, "meter6", 3, 3600, 3, NULL) |
	       sg_build_verdict(rule, SG_CODE_JUMP, "leaf", NULL);
}
static inline int built_count4(struct sg_rule *rule)
{
	return sg_build_family(rule, SG_IPV4, NULL) |
	       sg_build_meter_connections(rule, SG_IPV4, true, "count4", 50, NULL) |
	       sg_build_verdict(rule, SG_CODE_ACCEPT, NULL, NULL);
}
static inline int built_count6(struct sg_rule *rule)
{
	return sg_build_family(rule, SG_IPV6, NULL) |
	       sg_build_meter_connections(rule, SG_IPV6, false, "count6", 1, NULL) |
	       sg_build_verdict(rule, SG_CODE_ACCEPT, NULL, NULL);
}
/* Both meters in one rule, behind one test of the family. */
static inline int built_both(struct sg_rule *rule)
{
	return sg_build_family(rule, SG_IPV4, NULL) |
	       sg_build_meter_limit(rule, SG_IPV4, false, "meter4", 20, 60, 20, NULL) |
	       sg_build_meter_connections(rule, SG_IPV4, false, "count4", 50, NULL) |
	       sg_build_verdict(rule, SG_CODE_ACCEPT, NULL, NULL);
}
static inline int built_log(struct sg_rule *rule)
{
	return sg_build_limit(rule, 10, 60, 5, NULL) |
	       sg_build_log(rule, "sockgate policy.yaml:12 ssh: ", false, 0, NULL) |
	       sg_build_verdict(rule, SG_CODE_DROP, NULL, NULL);
}
static inline int built_log_group(struct sg_rule *rule)
{
	return sg_build_log(rule, "x", true, 65535, NULL);
}
static inline int built_published(struct sg_rule *rule)
{
	return sg_build_published(rule, NULL) | sg_build_verdict(rule, SG_CODE_GOTO, "leaf", NULL);
}
static inline int built_original4(struct sg_rule *rule)
{
	return sg_build_family(rule, SG_IPV4, NULL) |
	       sg_build_original_prefix(rule, SG_IPV4, &built_private, false, NULL) |
	       sg_build_original_prefix(rule, SG_IPV4, &built_half, true, NULL);
}
static inline int built_original6(struct sg_rule *rule)
{
	return sg_build_original_prefix(rule, SG_IPV6, &built_six, true, NULL) |
	       sg_build_verdict(rule, SG_CODE_RETURN, NULL, NULL);
}
static inline int built_original_sets(struct sg_rule *rule)
{
	return sg_build_original_set(rule, SG_IPV4, "set4", true, NULL) |
	       sg_build_original_set(rule, SG_IPV4, "set4", false, NULL);
}
static inline int built_ports(struct sg_rule *rule)
{
	return sg_build_original_port_map(rule, SG_PROTO_TCP, "ports", NULL);
}
static inline int built_ranges(struct sg_rule *rule)
{
	return sg_build_family(rule, SG_IPV4, NULL) | sg_build_original_port_map(rule, SG_PROTO_UDP, "ranges", NULL);
}

static const struct built_rule {
	int (*build)(struct sg_rule *rule);
	const char *text;
} built_rules[] = {
	{built_time, "meta time < 1798740000 accept"},
	{built_limit, "limit rate 20/minute burst 20 packets accept"},
	{built_limit_day, "limit rate 1/day burst 1 packets jump leaf"},
	{built_connlimit, "ct count 50 goto leaf"},
	{built_meter4, "update @meter4 { ip saddr limit rate 20/minute burst 20 packets } accept"},
	{built_meter6,
	 "update @meter6 { ip6 daddr & ffff:ffff:ffff:ffff:: limit rate 3/hour burst 3 packets } jump leaf"},
	{built_count4, "add @count4 { ip daddr ct count 50 } accept"},
	{built_count6, "add @count6 { ip6 saddr & ffff:ffff:ffff:ffff:: ct count 1 } accept"},
	{built_both,
	 "update @meter4 { ip saddr limit rate 20/minute burst 20 packets } add @count4 { ip saddr ct count 50 } "
	 "accept"},
	{built_log, "limit rate 10/minute burst 5 packets log prefix \"sockgate policy.yaml:12 ssh: \" drop"},
	{built_log_group, "log prefix \"x\" group 65535"},
	{built_published, "ct direction original ct status dnat goto leaf"},
	{built_original4, "meta nfproto ipv4 ct original ip daddr 10.0.0.0/8 ct original ip daddr != 10.128.0.0/9"},
	{built_original6, "ct original ip6 daddr != 2001:db8::/32 return"},
	{built_original_sets, "ct original ip daddr != @set4 ct original ip daddr @set4"},
	{built_ports, "meta l4proto tcp ct original proto-dst vmap @ports"},
	{built_ranges, "meta nfproto ipv4 meta l4proto udp ct original proto-dst vmap @ranges"},
};
#define BUILT_COUNT (sizeof(built_rules) / sizeof(built_rules[0]))

static inline struct sg_set *built_set(struct sg_table *table, const char *name, uint32_t type, uint32_t length,
				       uint32_t flags)
{
	struct sg_set *set = sg_table_add_set(table, name, NULL);

	assert(set);
	set->key_type = type;
	set->key_length = length;
	set->flags = flags;
	if (flags & SG_SET_MAP)
		set->data_type = DATATYPE_VERDICT;
	if (flags & SG_SET_EVAL)
		set->size = 65536;
	if (flags & SG_SET_TIMEOUT)
		set->timeout = 5400000;
	return set;
}

/* A table with all of the rules in chain `built`, which packets that come in get to, and what the rules name. */
static inline struct sg_table *built_table(struct sg_ruleset *ruleset, const char *name)
{
	struct sg_table *table = sg_ruleset_add_table(ruleset, NFPROTO_INET, name, NULL);
	struct sg_chain *chain;

	assert(table);
	built_set(table, "meter4", DATATYPE_IPV4_ADDR, 4, SG_SET_EVAL | SG_SET_TIMEOUT);
	built_set(table, "meter6", DATATYPE_IPV6_ADDR, 16, SG_SET_EVAL | SG_SET_TIMEOUT);
	built_set(table, "count4", DATATYPE_IPV4_ADDR, 4, SG_SET_EVAL);
	built_set(table, "count6", DATATYPE_IPV6_ADDR, 16, SG_SET_EVAL);
	built_set(table, "set4", DATATYPE_IPV4_ADDR, 4, SG_SET_INTERVAL);
	built_set(table, "ports", DATATYPE_INET_SERVICE, 2, SG_SET_MAP);
	built_set(table, "ranges", DATATYPE_INET_SERVICE, 2, SG_SET_MAP | SG_SET_INTERVAL);
	assert(sg_table_add_chain(table, "leaf", NULL));
	chain = sg_table_add_chain(table, "built", NULL);
	for (size_t i = 0; i < BUILT_COUNT; i++) {
		int result = built_rules[i].build(sg_chain_add_rule(chain, NULL));

		assert(result == 0);
		(void)result;
	}
	chain = sg_table_add_chain(table, "input", NULL);
	chain->is_base = true;
	chain->hook = NF_INET_LOCAL_IN;
	chain->policy = NF_ACCEPT;
	chain->type = strdup("filter");
	sg_build_verdict(sg_chain_add_rule(chain, NULL), SG_CODE_JUMP, "built", NULL);
	return table;
}

#endif
