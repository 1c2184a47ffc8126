/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decode_state.c - expressions that remember from packet to packet, ask for more than the packet, or only tell.
 */
#include <stdlib.h>
#include <string.h>
#include <linux/netfilter/nf_log.h>
#include <linux/netfilter/nf_tables.h>

#include "base/mem.h"
#include "nft/decode_read.h"

const char *sg_read_limit(struct decode_reader *in)
{
	const uint64_t required = DECODE_BIT(NFTA_LIMIT_RATE) | DECODE_BIT(NFTA_LIMIT_UNIT) |
				  DECODE_BIT(NFTA_LIMIT_BURST) | DECODE_BIT(NFTA_LIMIT_TYPE) |
				  DECODE_BIT(NFTA_LIMIT_FLAGS);

	if (!sg_read_among(in, required, DECODE_BIT(NFTA_LIMIT_PAD)))
		return "an attribute is not understood";
	uint32_t type = sg_read_u32(in, NFTA_LIMIT_TYPE), flags = sg_read_u32(in, NFTA_LIMIT_FLAGS);

	in->expr->kind = SG_EXPR_LIMIT;
	in->expr->rate = sg_read_u64(in, NFTA_LIMIT_RATE);
	in->expr->unit = sg_read_u64(in, NFTA_LIMIT_UNIT);
	in->expr->burst = sg_read_u32(in, NFTA_LIMIT_BURST);
	in->expr->is_bytes = type == NFT_LIMIT_PKT_BYTES;
	in->expr->inverted = flags & NFT_LIMIT_F_INV;
	if (type > NFT_LIMIT_PKT_BYTES || (flags & ~(uint32_t)NFT_LIMIT_F_INV))
		return "its type or a flag is not understood";
	return in->expr->rate && in->expr->unit ? NULL : "its rate is not possible";
}

const char *sg_read_connlimit(struct decode_reader *in)
{
	if (!sg_read_among(in, DECODE_BIT(NFTA_CONNLIMIT_COUNT), DECODE_BIT(NFTA_CONNLIMIT_FLAGS)))
		return "an attribute is not understood";
	uint32_t flags = sg_read_u32(in, NFTA_CONNLIMIT_FLAGS);

	in->expr->kind = SG_EXPR_CONNLIMIT;
	in->expr->rate = sg_read_u32(in, NFTA_CONNLIMIT_COUNT);
	in->expr->inverted = flags & NFT_CONNLIMIT_F_INV;
	return flags & ~(uint32_t)NFT_CONNLIMIT_F_INV ? "it has a flag that is not understood" : NULL;
}

/* One expression that the elements carry; false: it is not understood, or `in` failed. */
static bool read_inner(struct decode_reader *in, const struct attr *nest)
{
	struct sg_expr *inner;
	bool nothing;

	if (in->expr->inner_count == SG_NFT_INNER_MAX)
		return false;
	inner = sg_expr_add_inner(in->expr, SG_EXPR_UNKNOWN, in->err);
	if (!inner || sg_decode_expr(in->table, nest, true, inner, &nothing, in->err) < 0)
		in->failed = true;
	return !in->failed && inner->kind != SG_EXPR_UNKNOWN;
}

static bool read_inners(struct decode_reader *in)
{
	struct attr_list list = sg_attr_nest(&in->attrs.at[NFTA_DYNSET_EXPRESSIONS]);
	struct attr inner;

	if (sg_decode_has(&in->attrs, NFTA_DYNSET_EXPR))
		return !sg_decode_has(&in->attrs, NFTA_DYNSET_EXPRESSIONS) &&
		       read_inner(in, &in->attrs.at[NFTA_DYNSET_EXPR]);
	while (sg_attr_next(&list, &inner)) {
		if (inner.type != NFTA_LIST_ELEM || !read_inner(in, &inner))
			return false;
	}
	return !list.torn;
}

/*
 * A rule that puts something into a set. Sets that packets are meant to fill have nothing in them that the rules say;
 * of another, what it holds now says little from here on.
 */
static const char *read_filled_set(struct decode_reader *in)
{
	struct sg_set *set;

	sg_read_name(in, NFTA_DYNSET_SET_NAME);
	if (in->failed)
		return NULL;
	set = sg_decode_find_set(in->table, in->expr->name);
	if (set && (set->flags & SG_SET_EVAL) && !set->unknown)
		return NULL;
	if (!set)
		in->table->unknown = true;
	else if (sg_decode_set_unknown(set, "packets may change it", in->err) < 0)
		in->failed = true;
	return "packets change a set";
}

const char *sg_read_dynset(struct decode_reader *in)
{
	const uint64_t required =
		DECODE_BIT(NFTA_DYNSET_SET_NAME) | DECODE_BIT(NFTA_DYNSET_OP) | DECODE_BIT(NFTA_DYNSET_SREG_KEY);
	const uint64_t optional = DECODE_BIT(NFTA_DYNSET_TIMEOUT) | DECODE_BIT(NFTA_DYNSET_EXPR) |
				  DECODE_BIT(NFTA_DYNSET_EXPRESSIONS) | DECODE_BIT(NFTA_DYNSET_FLAGS) |
				  DECODE_BIT(NFTA_DYNSET_SET_ID) | DECODE_BIT(NFTA_DYNSET_PAD);
	const char *reason = read_filled_set(in);

	if (reason || in->failed)
		return reason;
	if (!sg_read_among(in, required, optional))
		return "an attribute is not understood";
	/* NFT_DYNSET_F_EXPR only matters to a set whose elements carry expressions of its own */
	if (sg_read_u32(in, NFTA_DYNSET_FLAGS) & ~(uint32_t)NFT_DYNSET_F_EXPR)
		return "it has a flag that is not understood";
	in->expr->kind = SG_EXPR_DYNSET;
	in->expr->op = sg_read_u32(in, NFTA_DYNSET_OP);
	in->expr->sreg = sg_read_data_register(in, NFTA_DYNSET_SREG_KEY);
	in->expr->timeout = sg_read_u64(in, NFTA_DYNSET_TIMEOUT);
	if (in->expr->op != NFT_DYNSET_OP_ADD && in->expr->op != NFT_DYNSET_OP_UPDATE)
		return "its operator is not understood";
	return read_inners(in) ? NULL : "what it does with an element is not understood";
}

static void read_prefix(struct decode_reader *in)
{
	const struct attr *prefix = &in->attrs.at[NFTA_LOG_PREFIX];
	size_t length = prefix->data ? sg_attr_string(prefix, NF_LOG_PREFIXLEN) : 0;

	if (!prefix->data)
		return;
	if (!length && (prefix->size > 1 || (prefix->size && *prefix->data))) {
		sg_decode_malformed("prefix of the log is not a text", in->err);
		in->failed = true;
		return;
	}
	in->expr->name = strndup((const char *)prefix->data, length);
	if (!in->expr->name) {
		sg_error_nomem(in->err);
		in->failed = true;
	}
}

const char *sg_read_log(struct decode_reader *in)
{
	const struct attr *group = &in->attrs.at[NFTA_LOG_GROUP];

	/* to a group with its settings as they are by themselves, or to the kernel's log: the kernel sends a level then
	 */
	if (!sg_read_among(in, DECODE_BIT(NFTA_LOG_GROUP), DECODE_BIT(NFTA_LOG_PREFIX)) &&
	    !sg_read_among(in, DECODE_BIT(NFTA_LOG_LEVEL), DECODE_BIT(NFTA_LOG_PREFIX)))
		return "an attribute is not understood";
	in->expr->kind = SG_EXPR_LOG;
	in->expr->has_group = group->data;
	in->expr->key = sg_read_u32(in, NFTA_LOG_LEVEL);
	read_prefix(in);
	if (group->data && group->size != sizeof(uint16_t)) {
		sg_decode_malformed("number of another size", in->err);
		in->failed = true;
	} else if (group->data) {
		in->expr->group = (uint16_t)(group->data[0] << 8 | group->data[1]);
	}
	return in->expr->key > NFT_LOGLEVEL_AUDIT ? "its level is not understood" : NULL;
}

const char *sg_read_socket(struct decode_reader *in)
{
	const uint64_t plain = DECODE_BIT(NFTA_SOCKET_KEY) | DECODE_BIT(NFTA_SOCKET_DREG);
	uint32_t key = sg_read_u32(in, NFTA_SOCKET_KEY);

	if (!sg_read_exactly(in, key == NFT_SOCKET_CGROUPV2 ? plain | DECODE_BIT(NFTA_SOCKET_LEVEL) : plain))
		return "an attribute is not understood";
	in->expr->kind = SG_EXPR_SOCKET;
	in->expr->key = key;
	in->expr->base = sg_read_u32(in, NFTA_SOCKET_LEVEL);
	in->expr->dreg = sg_read_data_register(in, NFTA_SOCKET_DREG);
	return key > NFT_SOCKET_CGROUPV2 ? "it is not interpreted" : NULL;
}

/* ---------------------------------------------------------------- elements */

/* Takes what the element carries, or compares it with what others do. */
static int filled_carries(struct sg_table *table, struct sg_set *set, const struct attr *nest, struct sg_error *err)
{
	sg_cleanup(sg_expr_clear) struct sg_expr carried = {0};
	bool nothing;

	if (sg_decode_expr(table, nest, true, &carried, &nothing, err) < 0)
		return -1;
	if (carried.kind == SG_EXPR_UNKNOWN || (set->carried && !sg_expr_equal(set->carried, &carried)))
		set->carried_odd = true;
	if (set->carried || set->carried_odd)
		return 0;
	set->carried = malloc(sizeof(*set->carried));
	if (!set->carried)
		return sg_error_nomem(err);
	*set->carried = carried;
	carried = (struct sg_expr){0};
	return 0;
}

/*
 * A packet makes an element with what the rule says, and for as long as the set says. One that was put in by hand may
 * carry anything: nothing, and then there is no limit for that peer.
 */
int sg_decode_filled(struct sg_table *table, struct sg_set *set, struct attr_list list, struct sg_error *err)
{
	bool carries = false, odd = false;
	struct attr attr;

	while (!set->carried_odd && sg_attr_next(&list, &attr)) {
		switch (attr.type) {
		case NFTA_SET_ELEM_EXPR:
			odd |= carries;
			carries = true;
			if (filled_carries(table, set, &attr, err) < 0)
				return -1;
			break;
		case NFTA_SET_ELEM_TIMEOUT: /* some kernels say it of each element */
			odd |= attr.size != sizeof(uint64_t) || sg_attr_be64(&attr) != set->timeout;
			break;
		case NFTA_SET_ELEM_KEY:
		case NFTA_SET_ELEM_EXPIRATION:
		case NFTA_SET_ELEM_PAD: break;
		default: odd = true;
		}
	}
	if (list.torn)
		return sg_decode_malformed("attribute does not fit", err);
	set->carried_odd |= odd || !carries;
	return 0;
}
