// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tests on registers. Every comparison, range and lookup is brought to one question: for which packets are the first n
 * bytes of the register, read as a big-endian number, in this set of numbers? sg_match_ranges answers it for each kind
 * of content, in the terms of the packet's levels.
 *
 * The same bytes are different things in different packets (bytes 12-15 of a network header are an IPv4 source address,
 * but not of IPv6): what they mean is decided per family or protocol, and is a Boolean elsewhere.
 */
#include "nft/match.h"

#include <stdio.h>
#include <string.h>
#include <linux/netfilter/nf_tables.h>
#include "sockgate/condition.h"
#include "sockgate/proto.h"

static const char *source_name(const struct sg_value *value)
{
	switch (value->source) {
	case SG_SOURCE_NETWORK: return "network header bytes";
	case SG_SOURCE_TRANSPORT: return "transport header bytes";
	case SG_SOURCE_NFPROTO: return "the family";
	case SG_SOURCE_L4PROTO: return "the protocol";
	case SG_SOURCE_INTERFACE: return "the interface name";
	case SG_SOURCE_CT_STATE: return "the connection's state";
	case SG_SOURCE_TIME: return "the time";
	case SG_SOURCE_CT_STATUS: return "the connection's status";
	case SG_SOURCE_ORIGINAL_PORT: return "the connection's port";
	default: return "a value that has no meaning here";
	}
}

/* Protocols whose transport header starts with what the port level holds. */
sg_ref sg_match_protocols(struct sg_matcher *matcher, bool (*holds)(uint8_t protocol))
{
	struct sg_ranges set = {0};
	sg_ref ref;

	for (unsigned int p = 0; p <= 255; p++) {
		struct sg_range one = {p, p};

		if (holds((uint8_t)p) && sg_ranges_add(&set, &one, NULL)) {
			sg_ranges_clear(&set);
			return SG_IDD_FAILED;
		}
	}
	sg_ranges_normalise(&set);
	ref = sg_idd_split(matcher->idd, SG_FIELD_PROTOCOL, &set, SG_IDD_FULL, SG_IDD_EMPTY);
	sg_ranges_clear(&set);
	return ref;
}

bool sg_match_is_icmp(uint8_t protocol)
{
	return protocol == SG_PROTO_ICMP || protocol == SG_PROTO_ICMPV6;
}

static sg_u128 ones(size_t bytes)
{
	return bytes >= 16 ? ~(sg_u128)0 : ((sg_u128)1 << (8 * bytes)) - 1;
}

/* The level's name is the same for the same test, whoever makes it. */
sg_ref sg_match_opaque(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
		       size_t bytes)
{
	char identity[512];
	size_t used;

	/* the time is another one when it is loaded again */
	if (value->source == SG_SOURCE_NOTHING || value->source == SG_SOURCE_TIME || set->count != 1)
		return sg_match_fresh(matcher, source_name(value));
	used = (size_t)snprintf(identity, sizeof(identity), "%d:%llx:%x:%x:%zu:", (int)value->source,
				(unsigned long long)value->key, value->offset, value->length, bytes);
	for (size_t i = 0; value->masked && i < value->length && i < 16; i++)
		used += (size_t)snprintf(identity + used, sizeof(identity) - used, "%02x%02x", value->mask[i],
					 value->xored[i]);
	snprintf(identity + used, sizeof(identity) - used, ":%llx%016llx-%llx%016llx",
		 (unsigned long long)(set->items[0].first >> 64), (unsigned long long)set->items[0].first,
		 (unsigned long long)(set->items[0].last >> 64), (unsigned long long)set->items[0].last);
	return sg_match_unknown(matcher, identity, source_name(value));
}

/*
 * The numbers x of `width` bytes whose first `bytes` bytes, masked, are in the set: again a set of intervals when the
 * mask is a prefix (or none). False when it is not, or when memory ran out.
 */
static bool spread(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set, size_t bytes,
		   size_t width, struct sg_ranges *ret)
{
	sg_u128 mask = ones(bytes), block;
	unsigned int shift;

	if (bytes > width)
		return false;
	shift = (unsigned int)(8 * (width - bytes));
	if (value->masked) {
		mask = sg_match_number(value->mask, bytes);
		if (sg_match_number(value->xored, bytes) != 0)
			return false;
	}
	block = ones(bytes) ^ mask; /* must be 2^k - 1 */
	if (block & (block + 1))
		return false;
	for (size_t i = 0; i < set->count; i++) {
		struct sg_range range = set->items[i];
		sg_u128 first = (range.first + block) & ~block, last = range.last & mask;

		if (first < range.first || first > last)
			continue; /* no multiple of the block in it */
		last |= block;
		range.first = first << shift;
		range.last = shift ? last << shift | (((sg_u128)1 << shift) - 1) : last;
		if (sg_ranges_add(ret, &range, NULL)) {
			matcher->failed = true;
			return false;
		}
	}
	sg_ranges_normalise(ret);
	return true;
}

sg_ref sg_match_level(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
		      size_t bytes, size_t level, size_t width)
{
	struct sg_ranges keys = {0};
	sg_ref ref;

	if (!value->masked && bytes == width) /* the numbers are the level's */
		return sg_idd_split(matcher->idd, level, set, SG_IDD_FULL, SG_IDD_EMPTY);
	if (spread(matcher, value, set, bytes, width, &keys))
		ref = sg_idd_split(matcher->idd, level, &keys, SG_IDD_FULL, SG_IDD_EMPTY);
	else
		ref = sg_match_opaque(matcher, value, set, bytes);
	sg_ranges_clear(&keys);
	return ref;
}

bool sg_match_bytes_in(const struct sg_value *value, const uint8_t *content, const struct sg_ranges *set, size_t bytes)
{
	uint8_t seen[16];

	for (size_t i = 0; i < bytes; i++)
		seen[i] = value->masked ? (uint8_t)((content[i] & value->mask[i]) ^ value->xored[i]) : content[i];
	return sg_ranges_contain(set, sg_match_number(seen, bytes));
}

/* Levels with a handful of values: each is tried with the bytes that the kernel has in the register. */
static sg_ref state_test(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
			 size_t bytes)
{
	/* NF_CT_STATE_INVALID_BIT 1, NF_CT_STATE_BIT(IP_CT_ESTABLISHED) 2, RELATED 4, NEW 8, UNTRACKED_BIT 64 */
	static const uint32_t bit[SG_CT_COUNT] = {[SG_CT_INVALID] = 1,
						  [SG_CT_ESTABLISHED] = 2,
						  [SG_CT_RELATED] = 4,
						  [SG_CT_NEW] = 8,
						  [SG_CT_UNTRACKED] = 64};
	sg_ref result = SG_IDD_EMPTY;

	for (unsigned int state = 0; state < SG_CT_COUNT; state++) {
		uint8_t content[4];

		memcpy(content, &bit[state], sizeof(content));
		if (sg_match_bytes_in(value, content, set, bytes))
			result = sg_idd_or(matcher->idd, result,
					   sg_idd_range(matcher->idd, SG_FIELD_STATE, state, state));
	}
	return result;
}

static sg_ref family_test(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set)
{
	static const uint8_t content[] = {[SG_IPV4] = 2, [SG_IPV6] = 10}; /* NFPROTO_IPV4, NFPROTO_IPV6 */
	sg_ref result = SG_IDD_EMPTY;

	for (unsigned int family = SG_IPV4; family <= SG_IPV6; family++)
		if (sg_match_bytes_in(value, &content[family], set, 1))
			result = sg_idd_or(matcher->idd, result,
					   sg_idd_range(matcher->idd, SG_FIELD_FAMILY, family, family));
	return result;
}

static sg_ref network_test(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
			   size_t bytes)
{
	bool out = matcher->direction == SG_OUT;
	bool rewritten = matcher->direction == SG_PUBLISHED; /* the destination is another one than the level has */
	sg_ref ipv4 = sg_idd_range(matcher->idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4), v4, v6;
	size_t level4 = SIZE_MAX, level6 = SIZE_MAX;

	if (bytes <= 4 && value->offset == 12) /* RFC 791: source address */
		level4 = out ? SG_FIELD_LOCAL4 : SG_FIELD_REMOTE4;
	else if (bytes <= 4 && value->offset == 16 && !rewritten)
		level4 = out ? SG_FIELD_REMOTE4 : SG_FIELD_LOCAL4;
	if (bytes <= 16 && value->offset == 8) /* RFC 8200: source address */
		level6 = out ? SG_FIELD_LOCAL6 : SG_FIELD_REMOTE6;
	else if (bytes <= 16 && value->offset == 24 && !rewritten)
		level6 = out ? SG_FIELD_REMOTE6 : SG_FIELD_LOCAL6;
	if (level4 == SIZE_MAX && level6 == SIZE_MAX)
		return sg_match_opaque(matcher, value, set, bytes);
	v4 = v6 = SG_IDD_EMPTY; /* for a family that does not come here any answer is right */
	if (level4 != SIZE_MAX)
		v4 = sg_match_level(matcher, value, set, bytes, level4, 4);
	else if (!sg_idd_disjoint(matcher->idd, matcher->within, ipv4))
		v4 = sg_match_opaque(matcher, value, set, bytes);
	if (level6 != SIZE_MAX)
		v6 = sg_match_level(matcher, value, set, bytes, level6, 16);
	else if (!sg_idd_subset(matcher->idd, matcher->within, ipv4))
		v6 = sg_match_opaque(matcher, value, set, bytes);
	return sg_idd_ite(matcher->idd, ipv4, v4, v6);
}

static sg_ref transport_test(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
			     size_t bytes)
{
	bool (*holds)(uint8_t) = NULL;
	sg_ref known, test;
	size_t width = 0;

	if (value->offset == 2 && bytes <= 2 && matcher->direction != SG_PUBLISHED) { /* there it is rewritten */
		holds = sg_proto_has_ports;
		width = 2;
	} else if (value->offset == 0 && bytes == 1) {
		holds = sg_match_is_icmp;
		width = 1;
	}
	if (!holds)
		return sg_match_opaque(matcher, value, set, bytes);
	known = sg_match_protocols(matcher, holds);
	test = sg_match_level(matcher, value, set, bytes, SG_FIELD_PORT, width);
	if (sg_idd_subset(matcher->idd, matcher->within, known))
		return test;
	return sg_idd_ite(matcher->idd, known, test, sg_match_opaque(matcher, value, set, bytes));
}

sg_ref sg_match_ranges(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
		       size_t bytes)
{
	if (set->count == 0)
		return SG_IDD_EMPTY;
	if (bytes == 0 || bytes > 16 || bytes > value->length)
		return sg_match_fresh(matcher, "a comparison of more bytes than were loaded");
	switch (value->source) {
	case SG_SOURCE_CONSTANT:
		return sg_ranges_contain(set, sg_match_number(value->data, bytes)) ? SG_IDD_FULL : SG_IDD_EMPTY;
	case SG_SOURCE_NFPROTO: return family_test(matcher, value, set);
	case SG_SOURCE_L4PROTO: return sg_match_level(matcher, value, set, bytes, SG_FIELD_PROTOCOL, 1);
	case SG_SOURCE_INTERFACE:
		return sg_match_level(matcher, value, set, bytes, SG_FIELD_INTERFACE, SG_INTERFACE_NAME_SIZE);
	case SG_SOURCE_TIME:
		if (!value->swapped)
			return sg_match_opaque(matcher, value, set, bytes);
		return sg_match_level(matcher, value, set, bytes, SG_LEVEL_TIME, 8);
	case SG_SOURCE_CT_STATE: return state_test(matcher, value, set, bytes);
	case SG_SOURCE_NETWORK: return network_test(matcher, value, set, bytes);
	case SG_SOURCE_TRANSPORT: return transport_test(matcher, value, set, bytes);
	case SG_SOURCE_CT_DIRECTION: return sg_match_ct_direction(matcher, value, set);
	case SG_SOURCE_CT_STATUS: return sg_match_ct_status(matcher, value, set, bytes);
	case SG_SOURCE_ORIGINAL_ADDRESS: return sg_match_original_address(matcher, value, set, bytes);
	case SG_SOURCE_ORIGINAL_PORT: return sg_match_original_port(matcher, value, set, bytes);
	default: return sg_match_opaque(matcher, value, set, bytes);
	}
}

/* The numbers of `bytes` bytes that "x op data" allows; false for an operation that does not exist. */
static bool compare_range(uint32_t op, sg_u128 data, size_t bytes, struct sg_range *ret, bool *ret_empty)
{
	*ret_empty = false;
	switch (op) {
	case NFT_CMP_EQ:
	case NFT_CMP_NEQ: *ret = (struct sg_range){data, data}; return true;
	case NFT_CMP_LT:
		*ret_empty = data == 0;
		*ret = (struct sg_range){0, data - 1};
		return true;
	case NFT_CMP_LTE: *ret = (struct sg_range){0, data}; return true;
	case NFT_CMP_GT:
		*ret_empty = data == ones(bytes);
		*ret = (struct sg_range){data + 1, ones(bytes)};
		return true;
	case NFT_CMP_GTE: *ret = (struct sg_range){data, ones(bytes)}; return true;
	default: return false;
	}
}

sg_ref sg_match_compare(struct sg_matcher *matcher, const struct sg_expr *expr)
{
	size_t bytes = expr->data_length;
	bool empty = false, negated = false;
	struct sg_range range;
	struct sg_ranges set;
	sg_ref ref;

	if (expr->sreg >= SG_NFT_REGISTERS || bytes == 0 || bytes > 16)
		return sg_match_fresh(matcher, "a comparison of an unusual length");
	if (expr->kind == SG_EXPR_RANGE) {
		range = (struct sg_range){sg_match_number(expr->data, bytes), sg_match_number(expr->data2, bytes)};
		empty = range.first > range.last;
		negated = expr->op == NFT_RANGE_NEQ;
	} else {
		if (!compare_range(expr->op, sg_match_number(expr->data, bytes), bytes, &range, &empty))
			return sg_match_fresh(matcher, "an unknown comparison");
		negated = expr->op == NFT_CMP_NEQ;
	}
	set = (struct sg_ranges){.items = &range, .count = empty ? 0 : 1, .room = 1};
	ref = sg_match_ranges(matcher, &matcher->registers[expr->sreg], &set, bytes);
	return negated ? sg_idd_not(matcher->idd, ref) : ref;
}
