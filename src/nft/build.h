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

/* meta time < TIME: nanoseconds since 1970-01-01T00:00Z; the first of them in which the rule no longer goes on. */
int sg_build_time_before(struct sg_rule *rule, uint64_t nanoseconds, struct sg_error *err);
/* socket cgroupv2 level DEPTH ID: the cgroup of the packet's socket, or the one above it at that depth, has this id. */
int sg_build_socket_cgroup(struct sg_rule *rule, uint32_t depth, uint64_t id, struct sg_error *err);
/* limit rate RATE/UNIT burst BURST packets (`seconds` 1, 60, 3600, 86400 or 604800) and ct count COUNT: go on within.
 */
int sg_build_limit(struct sg_rule *rule, uint32_t rate, uint32_t seconds, uint32_t burst, struct sg_error *err);
int sg_build_connlimit(struct sg_rule *rule, uint32_t count, struct sg_error *err);
/*
 * The same for each peer apart: update @SET { ip saddr limit … } and add @SET { ip saddr ct count … }; ip daddr with
 * `destination`, the /64 of an IPv6 address. The family is tested before; `set` has one address of it as its key.
 */
int sg_build_meter_limit(struct sg_rule *rule, enum sg_family family, bool destination, const char *set, uint32_t rate,
			 uint32_t seconds, uint32_t burst, struct sg_error *err);
int sg_build_meter_connections(struct sg_rule *rule, enum sg_family family, bool destination, const char *set,
			       uint32_t count, struct sg_error *err);
/* log prefix "PREFIX", with a group: group GROUP. At most 127 bytes. */
int sg_build_log(struct sg_rule *rule, const char *prefix, bool has_group, uint16_t group, struct sg_error *err);

/* ct direction original ct status dnat: on its way to a port that was published by rewriting the destination. */
int sg_build_published(struct sg_rule *rule, struct sg_error *err);
/* The destination before it was rewritten, ct original ip daddr. A packet of another family breaks, tested or not. */
int sg_build_original_prefix(struct sg_rule *rule, enum sg_family family, const struct sg_range *prefix, bool negated,
			     struct sg_error *err);
int sg_build_original_set(struct sg_rule *rule, enum sg_family family, const char *set, bool negated,
			  struct sg_error *err);
/* meta l4proto PROTOCOL ct original proto-dst vmap @MAP */
int sg_build_original_port_map(struct sg_rule *rule, uint8_t protocol, const char *map, struct sg_error *err);

#endif
