// SPDX-License-Identifier: GPL-2.0-or-later
/* Expression recipes. Registers count in units of four bytes; the field of a concatenation after the first is the next.
 */
#include "nft/build.h"

#include <string.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include "base/mem.h"

static int add_meta(struct sg_rule *rule, uint32_t key, uint8_t dreg, struct sg_error *err)
{
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_META, err);

	if (!expr)
		return -1;
	expr->key = key;
	expr->dreg = dreg;
	return 0;
}

static int add_payload(struct sg_rule *rule, uint32_t base, uint32_t offset, uint32_t length, uint8_t dreg,
		       struct sg_error *err)
{
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_PAYLOAD, err);

	if (!expr)
		return -1;
	expr->base = base;
	expr->offset = offset;
	expr->length = length;
	expr->dreg = dreg;
	return 0;
}

static int add_cmp(struct sg_rule *rule, uint32_t op, const void *data, size_t size, struct sg_error *err)
{
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_CMP, err);

	if (!expr)
		return -1;
	expr->op = op;
	expr->data_length = (uint8_t)size;
	memcpy(expr->data, data, size);
	return 0;
}

static int add_mask(struct sg_rule *rule, const void *mask, size_t size, struct sg_error *err)
{
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_BITWISE, err);

	if (!expr)
		return -1;
	expr->length = (uint32_t)size;
	expr->data_length = (uint8_t)size;
	memcpy(expr->data, mask, size);
	return 0;
}

static int add_lookup(struct sg_rule *rule, const char *set, bool is_map, bool inverted, struct sg_error *err)
{
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_LOOKUP, err);

	if (!expr)
		return -1;
	expr->name = strdup(set);
	if (!expr->name)
		return sg_error_nomem(err);
	expr->is_map = is_map;
	expr->inverted = inverted;
	expr->dreg = SG_REG_VERDICT;
	return 0;
}

int sg_build_ct_state(struct sg_rule *rule, unsigned int states, struct sg_error *err)
{
	/* NF_CT_STATE_BIT(ctinfo) of linux/netfilter/nf_conntrack_common.h, in host byte order */
	static const uint32_t bits[SG_CT_COUNT] = {[SG_CT_INVALID] = 1,
						   [SG_CT_ESTABLISHED] = 2,
						   [SG_CT_RELATED] = 4,
						   [SG_CT_NEW] = 8,
						   [SG_CT_UNTRACKED] = 64};
	uint32_t mask = 0, zero = 0;
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_CT, err);

	if (!expr)
		return -1;
	expr->key = NFT_CT_STATE;
	expr->direction = -1;
	for (unsigned int i = 0; i < SG_CT_COUNT; i++)
		if (states & 1U << i)
			mask |= bits[i];
	if (add_mask(rule, &mask, sizeof(mask), err))
		return -1;
	return add_cmp(rule, NFT_CMP_NEQ, &zero, sizeof(zero), err);
}

int sg_build_interface(struct sg_rule *rule, enum sg_direction direction, const char *name, bool negated,
		       struct sg_error *err)
{
	uint8_t data[SG_INTERFACE_NAME_SIZE] = {0};
	size_t length = strlen(name), size = sizeof(data);

	/* a comparison of the first bytes alone is nft's wildcard */
	if (length && name[length - 1] == '*')
		size = --length;
	memcpy(data, name, length < sizeof(data) ? length : sizeof(data));
	if (add_meta(rule, direction == SG_OUT ? NFT_META_OIFNAME : NFT_META_IIFNAME, 0, err))
		return -1;
	return add_cmp(rule, negated ? NFT_CMP_NEQ : NFT_CMP_EQ, data, size, err);
}

int sg_build_family(struct sg_rule *rule, enum sg_family family, struct sg_error *err)
{
	uint8_t proto = family == SG_IPV4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	if (add_meta(rule, NFT_META_NFPROTO, 0, err))
		return -1;
	return add_cmp(rule, NFT_CMP_EQ, &proto, sizeof(proto), err);
}

int sg_build_protocol(struct sg_rule *rule, uint8_t protocol, struct sg_error *err)
{
	if (add_meta(rule, NFT_META_L4PROTO, 0, err))
		return -1;
	return add_cmp(rule, NFT_CMP_EQ, &protocol, sizeof(protocol), err);
}

/* The first bytes of an address. RFC 791: source at 12, destination at 16; RFC 8200: at 8 and 24. */
static int load_address(struct sg_rule *rule, enum sg_family family, bool destination, size_t bytes,
			struct sg_error *err)
{
	uint32_t offset = family == SG_IPV4 ? (destination ? 16 : 12) : (destination ? 24 : 8);

	return add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, offset, (uint32_t)bytes, 0, err);
}

/* The lowest `size` bytes of a number in network order; the rest of the array is zeroed. */
static void to_bytes(sg_u128 number, size_t size, uint8_t bytes[16])
{
	number <<= 8 * (16 - size);
	for (size_t i = 0; i < 16; i++, number <<= 8)
		bytes[i] = (uint8_t)(number >> 120);
}

int sg_build_prefix(struct sg_rule *rule, enum sg_family family, bool destination, const struct sg_range *prefix,
		    bool negated, struct sg_error *err)
{
	size_t size = family == SG_IPV4 ? 4 : 16, bytes = size;
	sg_u128 rest = prefix->first ^ prefix->last;
	uint8_t mask[16], address[16];

	/* whole bytes are compared alone, without a mask: so does nft */
	while (bytes > 1 && (rest & 0xff) == 0xff) {
		rest >>= 8;
		bytes--;
	}
	if (rest)
		bytes = size;
	if (load_address(rule, family, destination, bytes, err))
		return -1;
	if (rest) {
		to_bytes(~(prefix->first ^ prefix->last), size, mask);
		if (add_mask(rule, mask, size, err))
			return -1;
	}
	to_bytes(prefix->first, size, address);
	return add_cmp(rule, negated ? NFT_CMP_NEQ : NFT_CMP_EQ, address, bytes, err);
}

int sg_build_address_set(struct sg_rule *rule, enum sg_family family, bool destination, const char *set, bool negated,
			 struct sg_error *err)
{
	if (load_address(rule, family, destination, family == SG_IPV4 ? 4 : 16, err))
		return -1;
	return add_lookup(rule, set, false, negated, err);
}

int sg_build_port_map(struct sg_rule *rule, const char *map, struct sg_error *err)
{
	if (add_meta(rule, NFT_META_L4PROTO, 0, err) || add_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 1, err))
		return -1;
	return add_lookup(rule, map, true, false, err);
}

int sg_build_range_map(struct sg_rule *rule, const char *map, struct sg_error *err)
{
	if (add_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 0, err) || add_meta(rule, NFT_META_L4PROTO, 1, err))
		return -1;
	return add_lookup(rule, map, true, false, err);
}

int sg_build_icmp_map(struct sg_rule *rule, uint8_t protocol, const char *map, struct sg_error *err)
{
	if (sg_build_protocol(rule, protocol, err) || add_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, 0, err))
		return -1;
	return add_lookup(rule, map, true, false, err);
}

int sg_build_protocol_map(struct sg_rule *rule, const char *map, struct sg_error *err)
{
	if (add_meta(rule, NFT_META_L4PROTO, 0, err))
		return -1;
	return add_lookup(rule, map, true, false, err);
}

int sg_build_verdict(struct sg_rule *rule, int32_t code, const char *chain, struct sg_error *err)
{
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_VERDICT, err);

	if (!expr)
		return -1;
	expr->verdict.code = code;
	if (chain && !(expr->verdict.chain = strdup(chain)))
		return sg_error_nomem(err);
	return 0;
}

static int add_reject(struct sg_rule *rule, uint32_t type, uint32_t code, struct sg_error *err)
{
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_REJECT, err);

	if (!expr)
		return -1;
	expr->key = type;
	expr->offset = code;
	return 0;
}

int sg_build_tcp_reset(struct sg_rule *rule, struct sg_error *err)
{
	return add_reject(rule, NFT_REJECT_TCP_RST, 0, err);
}

int sg_build_unreachable(struct sg_rule *rule, struct sg_error *err)
{
	return add_reject(rule, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_PORT_UNREACH, err);
}
