// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What conntrack says of a packet's connection. A packet has a connection unless its state is invalid or untracked:
 * there every other key breaks.
 *
 * Which direction of its connection a packet goes in, and whether the connection's destination was rewritten, is what
 * SG_PUBLISHED and SG_FORWARD differ in: of the one both are known; of the other each is a Boolean of its own, and all
 * but one of their four combinations are possible.
 *
 * The destination of the original direction is the one before the rewriting (it is done in prerouting, before any hook
 * that is evaluated): the port and the local address of SG_PUBLISHED.
 */
#include "nft/match.h"

#include <string.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include "sockgate/proto.h"

/* A test that asks for more bits of a connection's status than so many is not looked into. */
#define STATUS_BITS_MOST 8

static sg_ref is_reply(struct sg_matcher *matcher)
{
	if (matcher->direction == SG_PUBLISHED)
		return SG_IDD_EMPTY;
	return sg_match_unknown(matcher, "ct direction", "the direction of a connection");
}

static sg_ref is_rewritten(struct sg_matcher *matcher)
{
	if (matcher->direction == SG_PUBLISHED)
		return SG_IDD_FULL;
	return sg_match_unknown(matcher, "ct status dnat", "whether a connection's destination was rewritten");
}

static sg_ref has_connection(struct sg_matcher *matcher)
{
	if (matcher->direction == SG_PUBLISHED)
		return SG_IDD_FULL;
	return sg_idd_range(matcher->idd, SG_FIELD_STATE, SG_CT_NEW, SG_CT_RELATED);
}

static bool asks_for_them(const struct sg_table *table)
{
	for (size_t c = 0; c < table->chain_count; c++)
		for (size_t r = 0; r < table->chains[c].rule_count; r++)
			for (size_t e = 0; e < table->chains[c].rules[r].expr_count; e++) {
				const struct sg_expr *expr = &table->chains[c].rules[r].exprs[e];

				if (expr->kind == SG_EXPR_CT &&
				    (expr->key == NFT_CT_DIRECTION || expr->key == NFT_CT_STATUS))
					return true;
			}
	return false;
}

sg_ref sg_match_possible(struct sg_matcher *matcher)
{
	sg_ref published;

	if (matcher->direction != SG_FORWARD || !asks_for_them(matcher->table))
		return SG_IDD_FULL;
	published = sg_idd_minus(matcher->idd, is_rewritten(matcher), is_reply(matcher));
	return sg_idd_not(matcher->idd, published);
}

sg_ref sg_match_only_possible(struct sg_matcher *matcher, sg_ref possible, sg_ref actions)
{
	sg_ref reply;

	if (possible == SG_IDD_FULL)
		return actions;
	reply = is_reply(matcher);
	if (reply == SG_IDD_FAILED)
		return SG_IDD_FAILED;
	return sg_idd_ite(matcher->idd, possible, actions,
			  sg_idd_restrict(matcher->idd, actions, sg_idd_level(matcher->idd, reply), 1));
}

static bool load_original(struct sg_matcher *matcher, const struct sg_expr *expr, struct sg_value *ret,
			  sg_ref *ret_loaded)
{
	enum sg_family family = expr->key == NFT_CT_DST_IP ? SG_IPV4 : SG_IPV6;

	if (matcher->direction != SG_PUBLISHED || expr->direction != IP_CT_DIR_ORIGINAL)
		return false;
	switch (expr->key) {
	case NFT_CT_DST_IP:
	case NFT_CT_DST_IP6:
		ret->source = SG_SOURCE_ORIGINAL_ADDRESS;
		*ret_loaded = sg_idd_range(matcher->idd, SG_FIELD_FAMILY, family, family);
		return true;
	case NFT_CT_PROTO_DST:
		ret->source = SG_SOURCE_ORIGINAL_PORT;
		*ret_loaded = SG_IDD_FULL;
		return true;
	default: return false;
	}
}

bool sg_match_load_ct(struct sg_matcher *matcher, const struct sg_expr *expr, struct sg_value *ret, sg_ref *ret_loaded)
{
	switch (expr->key) {
	case NFT_CT_STATE:
		ret->source = SG_SOURCE_CT_STATE;
		*ret_loaded = SG_IDD_FULL;
		return true;
	case NFT_CT_DIRECTION: ret->source = SG_SOURCE_CT_DIRECTION; break;
	case NFT_CT_STATUS: ret->source = SG_SOURCE_CT_STATUS; break;
	default: return load_original(matcher, expr, ret, ret_loaded);
	}
	*ret_loaded = has_connection(matcher);
	return true;
}

sg_ref sg_match_ct_direction(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set)
{
	static const uint8_t original = IP_CT_DIR_ORIGINAL, reply = IP_CT_DIR_REPLY;

	return sg_idd_ite(matcher->idd, is_reply(matcher),
			  sg_match_bytes_in(value, &reply, set, 1) ? SG_IDD_FULL : SG_IDD_EMPTY,
			  sg_match_bytes_in(value, &original, set, 1) ? SG_IDD_FULL : SG_IDD_EMPTY);
}

/* Whether the test holds with this bit and any of the others: always, never, or nobody knows. */
static sg_ref status_test(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
			  size_t bytes, uint32_t bit, uint32_t others)
{
	uint32_t some = others;
	bool always = true, never = true;

	do {
		uint32_t status = bit | some;
		uint8_t content[4];

		memcpy(content, &status, sizeof(content));
		if (sg_match_bytes_in(value, content, set, bytes))
			never = false;
		else
			always = false;
		some = (some - 1) & others; /* the next smaller subset; after the empty one all again */
	} while (some != others && (always || never));
	if (always || never)
		return always ? SG_IDD_FULL : SG_IDD_EMPTY;
	return sg_match_opaque(matcher, value, set, bytes);
}

sg_ref sg_match_ct_status(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
			  size_t bytes)
{
	uint32_t mask = UINT32_MAX;

	/* a number of the host, as nft_ct_get_eval stores it */
	if (value->masked)
		memcpy(&mask, value->mask, sizeof(mask));
	mask &= ~(uint32_t)IPS_DST_NAT;
	if (__builtin_popcount(mask) > STATUS_BITS_MOST)
		return sg_match_opaque(matcher, value, set, bytes);
	return sg_idd_ite(matcher->idd, is_rewritten(matcher),
			  status_test(matcher, value, set, bytes, IPS_DST_NAT, mask),
			  status_test(matcher, value, set, bytes, 0, mask));
}

sg_ref sg_match_original_address(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
				 size_t bytes)
{
	bool v4 = (uint32_t)value->key == NFT_CT_DST_IP;

	return sg_match_level(matcher, value, set, bytes, v4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6, v4 ? 4 : 16);
}

sg_ref sg_match_original_port(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
			      size_t bytes)
{
	sg_ref ports = sg_match_protocols(matcher, sg_proto_has_ports);
	sg_ref test = sg_match_level(matcher, value, set, bytes, SG_FIELD_PORT, 2);

	if (sg_idd_subset(matcher->idd, matcher->within, ports))
		return test;
	return sg_idd_ite(matcher->idd, ports, test, sg_match_opaque(matcher, value, set, bytes));
}
