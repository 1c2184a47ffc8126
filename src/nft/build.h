/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * build.h - the expressions of one condition or statement, appended to a rule, in the forms that nft itself makes, so
 * that it prints them as one would write them. All return 0, or -1 with err.
 */
#ifndef SG_NFT_BUILD_H
#define SG_NFT_BUILD_H

#include "sockgate/packet.h"
#include "sockgate/ruleset.h"

/* ct state S1,S2…: any of the states; bit i of `states` is enum sg_ct_state i. */
int sg_build_ct_state(struct sg_rule *rule, unsigned int states, struct sg_error *err);
/* iifname "NAME" or != "NAME", oifname for outbound packets; a trailing '*' is a wildcard. */
int sg_build_interface(struct sg_rule *rule, enum sg_direction direction, const char *name, bool negated,
		       struct sg_error *err);
int sg_build_family(struct sg_rule *rule, enum sg_family family, struct sg_error *err); /* meta nfproto */
int sg_build_protocol(struct sg_rule *rule, uint8_t protocol, struct sg_error *err);    /* meta l4proto */
/* ip saddr or ip daddr (destination) in a prefix; the family is tested before. `prefix` must be one prefix. */
int sg_build_prefix(struct sg_rule *rule, enum sg_family family, bool destination, const struct sg_range *prefix,
		    bool negated, struct sg_error *err);
int sg_build_address_set(struct sg_rule *rule, enum sg_family family, bool destination, const char *set, bool negated,
			 struct sg_error *err);
int sg_build_port_map(struct sg_rule *rule, const char *map, struct sg_error *err);  /* meta l4proto . th dport vmap */
int sg_build_range_map(struct sg_rule *rule, const char *map, struct sg_error *err); /* th dport . meta l4proto vmap */
int sg_build_icmp_map(struct sg_rule *rule, uint8_t protocol, const char *map, struct sg_error *err);
int sg_build_protocol_map(struct sg_rule *rule, const char *map, struct sg_error *err);
int sg_build_verdict(struct sg_rule *rule, int32_t code, const char *chain, struct sg_error *err);
int sg_build_tcp_reset(struct sg_rule *rule, struct sg_error *err);   /* with the protocol tested before */
int sg_build_unreachable(struct sg_rule *rule, struct sg_error *err); /* icmpx port-unreachable */

#endif
