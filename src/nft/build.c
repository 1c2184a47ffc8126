// SPDX-License-Identifier: GPL-2.0-or-later
/* Expression recipes. Registers count in units of four bytes; the field of a concatenation after the first is the next.
 */
#include "nft/build.h"

#include <endian.h>
#include <string.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
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

static int add_ct(struct sg_rule *rule, uint32_t key, int direction, struct sg_error *err)
{
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_CT, err);

	if (!expr)
		return -1;
	expr->key = key;
	expr->direction = direction;
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

	if (add_ct(rule, NFT_CT_STATE, -1, err))
		return -1;
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

/* How many bytes of an address tell whether it is in the prefix, when these are whole bytes; else all of them. */
static size_t prefix_bytes(enum sg_family family, const struct sg_range *prefix)
{
	size_t size = family == SG_IPV4 ? 4 : 16, bytes = size;
	sg_u128 rest = prefix->first ^ prefix->last;

	while (bytes > 1 && (rest & 0xff) == 0xff) {
		rest >>= 8;
		bytes--;
	}
	return rest ? size : bytes;
}

/* The comparison of the address that was loaded: whole bytes alone, without a mask, as nft does it. */
static int compare_prefix(struct sg_rule *rule, enum sg_family family, const struct sg_range *prefix, bool negated,
			  struct sg_error *err)
{
	size_t size = family == SG_IPV4 ? 4 : 16, bytes = prefix_bytes(family, prefix);
	uint8_t mask[16], address[16];

	to_bytes(~(prefix->first ^ prefix->last), size, mask);
	if (bytes == size && prefix->first != prefix->last && add_mask(rule, mask, size, err))
		return -1;
	to_bytes(prefix->first, size, address);
	return add_cmp(rule, negated ? NFT_CMP_NEQ : NFT_CMP_EQ, address, bytes, err);
}

int sg_build_prefix(struct sg_rule *rule, enum sg_family family, bool destination, const struct sg_range *prefix,
		    bool negated, struct sg_error *err)
{
	if (load_address(rule, family, destination, prefix_bytes(family, prefix), err))
		return -1;
	return compare_prefix(rule, family, prefix, negated, err);
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

int sg_build_time_before(struct sg_rule *rule, uint64_t nanoseconds, struct sg_error *err)
{
	uint64_t time = htobe64(nanoseconds);

	if (add_meta(rule, NFT_META_TIME_NS, 0, err))
		return -1;
	struct sg_expr *swap = sg_rule_add_expr(rule, SG_EXPR_BYTEORDER, err);

	if (!swap)
		return -1;
	swap->op = NFT_BYTEORDER_HTON;
	swap->length = sizeof(time);
	swap->size = sizeof(time);
	return add_cmp(rule, NFT_CMP_LT, &time, sizeof(time), err);
}

int sg_build_socket_cgroup(struct sg_rule *rule, uint32_t depth, uint64_t id, struct sg_error *err)
{
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_SOCKET, err);

	if (!expr)
		return -1;
	expr->key = NFT_SOCKET_CGROUPV2;
	expr->base = depth;
	return add_cmp(rule, NFT_CMP_EQ, &id, sizeof(id), err);
}

static void fill_limit(struct sg_expr *expr, uint32_t rate, uint32_t seconds, uint32_t burst)
{
	expr->rate = rate;
	expr->unit = seconds;
	expr->burst = burst;
}

int sg_build_limit(struct sg_rule *rule, uint32_t rate, uint32_t seconds, uint32_t burst, struct sg_error *err)
{
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_LIMIT, err);

	if (!expr)
		return -1;
	fill_limit(expr, rate, seconds, burst);
	return 0;
}

int sg_build_connlimit(struct sg_rule *rule, uint32_t count, struct sg_error *err)
{
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_CONNLIMIT, err);

	if (!expr)
		return -1;
	expr->rate = count;
	return 0;
}

/* The peer's address and its element of the set; returns what runs for the element, to be filled, or NULL. */
static struct sg_expr *add_meter(struct sg_rule *rule, enum sg_family family, bool destination, const char *set,
				 uint32_t op, enum sg_expr_kind kind, struct sg_error *err)
{
	static const uint8_t site[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	if (load_address(rule, family, destination, family == SG_IPV4 ? 4 : 16, err))
		return NULL;
	if (family == SG_IPV6 && add_mask(rule, site, sizeof(site), err))
		return NULL;
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_DYNSET, err);

	if (!expr)
		return NULL;
	expr->op = op;
	expr->name = strdup(set);
	if (!expr->name) {
		sg_error_nomem(err);
		return NULL;
	}
	return sg_expr_add_inner(expr, kind, err);
}

int sg_build_meter_limit(struct sg_rule *rule, enum sg_family family, bool destination, const char *set, uint32_t rate,
			 uint32_t seconds, uint32_t burst, struct sg_error *err)
{
	struct sg_expr *inner = add_meter(rule, family, destination, set, NFT_DYNSET_OP_UPDATE, SG_EXPR_LIMIT, err);

	if (!inner)
		return -1;
	fill_limit(inner, rate, seconds, burst);
	return 0;
}

int sg_build_meter_connections(struct sg_rule *rule, enum sg_family family, bool destination, const char *set,
			       uint32_t count, struct sg_error *err)
{
	struct sg_expr *inner = add_meter(rule, family, destination, set, NFT_DYNSET_OP_ADD, SG_EXPR_CONNLIMIT, err);

	if (!inner)
		return -1;
	inner->rate = count;
	return 0;
}

int sg_build_log(struct sg_rule *rule, const char *prefix, bool has_group, uint16_t group, struct sg_error *err)
{
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_LOG, err);

	if (!expr)
		return -1;
	expr->has_group = has_group;
	expr->group = group;
	expr->key = has_group ? 0 : NFT_LOGLEVEL_WARNING;
	expr->name = strdup(prefix);
	return expr->name ? 0 : sg_error_nomem(err);
}

int sg_build_published(struct sg_rule *rule, struct sg_error *err)
{
	/* in host byte order, as the kernel keeps a connection's status */
	uint32_t mask = IPS_DST_NAT, zero = 0;
	uint8_t original = IP_CT_DIR_ORIGINAL;

	if (add_ct(rule, NFT_CT_DIRECTION, -1, err) || add_cmp(rule, NFT_CMP_EQ, &original, sizeof(original), err) ||
	    add_ct(rule, NFT_CT_STATUS, -1, err) || add_mask(rule, &mask, sizeof(mask), err))
		return -1;
	return add_cmp(rule, NFT_CMP_NEQ, &zero, sizeof(zero), err);
}

static int load_original(struct sg_rule *rule, enum sg_family family, struct sg_error *err)
{
	return add_ct(rule, family == SG_IPV4 ? NFT_CT_DST_IP : NFT_CT_DST_IP6, IP_CT_DIR_ORIGINAL, err);
}

int sg_build_original_prefix(struct sg_rule *rule, enum sg_family family, const struct sg_range *prefix, bool negated,
			     struct sg_error *err)
{
	return load_original(rule, family, err) ? -1 : compare_prefix(rule, family, prefix, negated, err);
}

int sg_build_original_set(struct sg_rule *rule, enum sg_family family, const char *set, bool negated,
			  struct sg_error *err)
{
	return load_original(rule, family, err) ? -1 : add_lookup(rule, set, false, negated, err);
}

int sg_build_original_port_map(struct sg_rule *rule, uint8_t protocol, const char *map, struct sg_error *err)
{
	if (sg_build_protocol(rule, protocol, err) || add_ct(rule, NFT_CT_PROTO_DST, IP_CT_DIR_ORIGINAL, err))
		return -1;
	return add_lookup(rule, map, true, false, err);
}
