/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decode_expr.c - expressions of rules.
 *
 * An expression is understood when its name, each of its attributes and each value that steers it is; else it is an
 * SG_EXPR_UNKNOWN with the reason, in its place in the rule.
 */
#include <stdio.h>
#include <string.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>

#include "base/mem.h"
#include "nft/decode_read.h"

static const char *read_meta(struct decode_reader *in)
{
	if (sg_decode_has(&in->attrs, NFTA_META_SREG))
		return "it writes to the packet's metadata";
	if (!sg_read_exactly(in, DECODE_BIT(NFTA_META_DREG) | DECODE_BIT(NFTA_META_KEY)))
		return "an attribute is not understood";
	in->expr->kind = SG_EXPR_META;
	in->expr->key = sg_read_u32(in, NFTA_META_KEY);
	in->expr->dreg = sg_read_data_register(in, NFTA_META_DREG);
	return NULL;
}

static const char *read_ct(struct decode_reader *in)
{
	const uint64_t plain = DECODE_BIT(NFTA_CT_DREG) | DECODE_BIT(NFTA_CT_KEY);
	const struct attr *direction = &in->attrs.at[NFTA_CT_DIRECTION];

	if (sg_decode_has(&in->attrs, NFTA_CT_SREG))
		return "it writes to the connection";
	if (!sg_read_among(in, plain, DECODE_BIT(NFTA_CT_DIRECTION)))
		return "an attribute is not understood";
	in->expr->kind = SG_EXPR_CT;
	in->expr->key = sg_read_u32(in, NFTA_CT_KEY);
	in->expr->dreg = sg_read_data_register(in, NFTA_CT_DREG);
	if (direction->data && direction->size != 1) {
		sg_decode_malformed("direction of another size", in->err);
		in->failed = true;
	} else if (direction->data) {
		in->expr->direction = direction->data[0];
	}
	return in->expr->direction > IP_CT_DIR_REPLY ? "its direction is not understood" : NULL;
}

static const char *read_payload(struct decode_reader *in)
{
	if (sg_decode_has(&in->attrs, NFTA_PAYLOAD_SREG))
		return "it writes to the packet";
	if (!sg_read_exactly(in, DECODE_BIT(NFTA_PAYLOAD_DREG) | DECODE_BIT(NFTA_PAYLOAD_BASE) |
					 DECODE_BIT(NFTA_PAYLOAD_OFFSET) | DECODE_BIT(NFTA_PAYLOAD_LEN)))
		return "an attribute is not understood";
	in->expr->kind = SG_EXPR_PAYLOAD;
	in->expr->base = sg_read_u32(in, NFTA_PAYLOAD_BASE);
	in->expr->offset = sg_read_u32(in, NFTA_PAYLOAD_OFFSET);
	in->expr->length = sg_read_u32(in, NFTA_PAYLOAD_LEN);
	in->expr->dreg = sg_read_data_register(in, NFTA_PAYLOAD_DREG);
	if (!in->expr->length || in->expr->length > SG_NFT_DATA_SIZE)
		return "its length is not possible";
	return NULL;
}

static const char *read_cmp(struct decode_reader *in)
{
	if (!sg_read_exactly(in, DECODE_BIT(NFTA_CMP_SREG) | DECODE_BIT(NFTA_CMP_OP) | DECODE_BIT(NFTA_CMP_DATA)))
		return "an attribute is not understood";
	in->expr->kind = SG_EXPR_CMP;
	in->expr->sreg = sg_read_data_register(in, NFTA_CMP_SREG);
	in->expr->op = sg_read_u32(in, NFTA_CMP_OP);
	in->expr->data_length = sg_read_data(in, NFTA_CMP_DATA, in->expr->data);
	return in->expr->op > NFT_CMP_GTE ? "its operator is not understood" : NULL;
}

static const char *read_range(struct decode_reader *in)
{
	if (!sg_read_exactly(in, DECODE_BIT(NFTA_RANGE_SREG) | DECODE_BIT(NFTA_RANGE_OP) |
					 DECODE_BIT(NFTA_RANGE_FROM_DATA) | DECODE_BIT(NFTA_RANGE_TO_DATA)))
		return "an attribute is not understood";
	in->expr->kind = SG_EXPR_RANGE;
	in->expr->sreg = sg_read_data_register(in, NFTA_RANGE_SREG);
	in->expr->op = sg_read_u32(in, NFTA_RANGE_OP);
	in->expr->data_length = sg_read_data(in, NFTA_RANGE_FROM_DATA, in->expr->data);
	if (sg_read_data(in, NFTA_RANGE_TO_DATA, in->expr->data2) != in->expr->data_length)
		return "its ends have different lengths";
	return in->expr->op > NFT_RANGE_NEQ ? "its operator is not understood" : NULL;
}

static const char *read_bitwise(struct decode_reader *in)
{
	const uint64_t mask_and_xor = DECODE_BIT(NFTA_BITWISE_SREG) | DECODE_BIT(NFTA_BITWISE_DREG) |
				      DECODE_BIT(NFTA_BITWISE_LEN) | DECODE_BIT(NFTA_BITWISE_MASK) |
				      DECODE_BIT(NFTA_BITWISE_XOR);

	/* kernels before 5.6 do not send the operator: they had only this one */
	if (!sg_read_among(in, mask_and_xor, DECODE_BIT(NFTA_BITWISE_OP)))
		return "an attribute is not understood";
	if (sg_read_u32(in, NFTA_BITWISE_OP) != NFT_BITWISE_MASK_XOR)
		return "its operator is not understood";
	in->expr->kind = SG_EXPR_BITWISE;
	in->expr->sreg = sg_read_data_register(in, NFTA_BITWISE_SREG);
	in->expr->dreg = sg_read_data_register(in, NFTA_BITWISE_DREG);
	in->expr->length = sg_read_u32(in, NFTA_BITWISE_LEN);
	in->expr->data_length = sg_read_data(in, NFTA_BITWISE_MASK, in->expr->data);
	if (sg_read_data(in, NFTA_BITWISE_XOR, in->expr->data2) != in->expr->data_length ||
	    in->expr->length != in->expr->data_length)
		return "its mask has another length than the value";
	return NULL;
}

static const char *read_lookup(struct decode_reader *in)
{
	const uint64_t required = DECODE_BIT(NFTA_LOOKUP_SET) | DECODE_BIT(NFTA_LOOKUP_SREG);
	const struct sg_set *set;

	if (!sg_read_among(in, required,
			   DECODE_BIT(NFTA_LOOKUP_DREG) | DECODE_BIT(NFTA_LOOKUP_FLAGS) |
				   DECODE_BIT(NFTA_LOOKUP_SET_ID)))
		return "an attribute is not understood";
	uint32_t flags = sg_read_u32(in, NFTA_LOOKUP_FLAGS);

	if (flags & ~(uint32_t)NFT_LOOKUP_F_INV)
		return "it has a flag that is not understood";
	in->expr->kind = SG_EXPR_LOOKUP;
	in->expr->sreg = sg_read_data_register(in, NFTA_LOOKUP_SREG);
	in->expr->inverted = flags & NFT_LOOKUP_F_INV;
	in->expr->is_map = sg_decode_has(&in->attrs, NFTA_LOOKUP_DREG);
	if (in->expr->is_map)
		in->expr->dreg = sg_read_register(in, NFTA_LOOKUP_DREG);
	sg_read_name(in, NFTA_LOOKUP_SET);
	set = in->failed ? NULL : sg_table_set(in->table, in->expr->name);
	return set && (set->flags & SG_SET_EVAL) ? "packets may change its set" : NULL;
}

static const char *read_immediate(struct decode_reader *in)
{
	struct attr_list list = sg_attr_nest(&in->attrs.at[NFTA_IMMEDIATE_DATA]);
	struct attr value;
	bool odd;

	if (!sg_read_exactly(in, DECODE_BIT(NFTA_IMMEDIATE_DREG) | DECODE_BIT(NFTA_IMMEDIATE_DATA)))
		return "an attribute is not understood";
	if (sg_read_register(in, NFTA_IMMEDIATE_DREG) != SG_REG_VERDICT) {
		in->expr->kind = SG_EXPR_IMMEDIATE;
		in->expr->dreg = sg_read_data_register(in, NFTA_IMMEDIATE_DREG);
		in->expr->data_length = sg_read_data(in, NFTA_IMMEDIATE_DATA, in->expr->data);
		return NULL;
	}
	if (!sg_attr_next(&list, &value) || value.type != NFTA_DATA_VERDICT || list.left)
		return "its verdict is not understood";
	if (sg_decode_verdict(&value, &in->expr->verdict, &odd, in->err) < 0) {
		in->failed = true;
		return NULL;
	}
	in->expr->kind = SG_EXPR_VERDICT;
	return odd ? "its verdict is not understood" : NULL;
}

static const char *read_counter(struct decode_reader *in)
{
	if (sg_decode_u64(&in->attrs, NFTA_COUNTER_BYTES, &in->expr->bytes, in->err) < 0 ||
	    sg_decode_u64(&in->attrs, NFTA_COUNTER_PACKETS, &in->expr->packets, in->err) < 0)
		in->failed = true;
	in->expr->kind = SG_EXPR_COUNTER;
	return in->attrs.unknown ? "an attribute is not understood" : NULL;
}

static const char *read_reject(struct decode_reader *in)
{
	const struct attr *code = &in->attrs.at[NFTA_REJECT_ICMP_CODE];

	if (!sg_decode_has(&in->attrs, NFTA_REJECT_TYPE) || in->attrs.unknown)
		return "an attribute is not understood";
	in->expr->kind = SG_EXPR_REJECT;
	in->expr->key = sg_read_u32(in, NFTA_REJECT_TYPE);
	if (code->data && code->size == 1)
		in->expr->offset = code->data[0];
	return in->expr->key > NFT_REJECT_ICMPX_UNREACH ? "its type is not understood" : NULL;
}

/*
 * A swap of bytes. It works on as many whole words of `size` as there are in `len` bytes (nft_byteorder.c): on none of
 * them when nft asks for words of 2 bytes in a value of one, which it does for a protocol behind a port. In place, that
 * is nothing.
 */
static const char *read_byteorder(struct decode_reader *in)
{
	struct sg_expr *expr = in->expr;

	if (!sg_read_exactly(in, DECODE_BIT(NFTA_BYTEORDER_SREG) | DECODE_BIT(NFTA_BYTEORDER_DREG) |
					 DECODE_BIT(NFTA_BYTEORDER_OP) | DECODE_BIT(NFTA_BYTEORDER_LEN) |
					 DECODE_BIT(NFTA_BYTEORDER_SIZE)))
		return "an attribute is not understood";
	expr->kind = SG_EXPR_BYTEORDER;
	expr->sreg = sg_read_data_register(in, NFTA_BYTEORDER_SREG);
	expr->dreg = sg_read_data_register(in, NFTA_BYTEORDER_DREG);
	expr->op = sg_read_u32(in, NFTA_BYTEORDER_OP);
	expr->length = sg_read_u32(in, NFTA_BYTEORDER_LEN);
	expr->size = sg_read_u32(in, NFTA_BYTEORDER_SIZE);
	if (expr->op > NFT_BYTEORDER_HTON || (expr->size != 2 && expr->size != 4 && expr->size != 8))
		return "its operator is not understood";
	in->nothing = expr->sreg == expr->dreg && expr->length < expr->size;
	if (in->nothing)
		return NULL;
	return !expr->length || expr->length % expr->size || expr->length > SG_NFT_DATA_SIZE
		       ? "its length is not understood"
		       : NULL;
}

/* An extension of iptables: all of them are one kind of expression, but the extension is what matters to a person. */
static const char *read_extension(struct decode_reader *in)
{
	const struct attr *name = &in->attrs.at[NFTA_MATCH_NAME];

	if (name->data && sg_attr_string(name, sizeof(in->detail) - 16))
		snprintf(in->detail, sizeof(in->detail), "%.*s", (int)name->size, (const char *)name->data);
	return "it is an extension of iptables";
}

static const struct decode_kind {
	const char *name;
	uint64_t known;
	const char *(*read)(struct decode_reader *in);
} decode_kinds[] = {
	{"meta", DECODE_BIT(NFTA_META_DREG) | DECODE_BIT(NFTA_META_KEY) | DECODE_BIT(NFTA_META_SREG), read_meta},
	{"ct",
	 DECODE_BIT(NFTA_CT_DREG) | DECODE_BIT(NFTA_CT_KEY) | DECODE_BIT(NFTA_CT_DIRECTION) | DECODE_BIT(NFTA_CT_SREG),
	 read_ct},
	{"payload",
	 DECODE_BIT(NFTA_PAYLOAD_DREG) | DECODE_BIT(NFTA_PAYLOAD_BASE) | DECODE_BIT(NFTA_PAYLOAD_OFFSET) |
		 DECODE_BIT(NFTA_PAYLOAD_LEN) | DECODE_BIT(NFTA_PAYLOAD_SREG),
	 read_payload},
	{"cmp", DECODE_BIT(NFTA_CMP_SREG) | DECODE_BIT(NFTA_CMP_OP) | DECODE_BIT(NFTA_CMP_DATA), read_cmp},
	{"range",
	 DECODE_BIT(NFTA_RANGE_SREG) | DECODE_BIT(NFTA_RANGE_OP) | DECODE_BIT(NFTA_RANGE_FROM_DATA) |
		 DECODE_BIT(NFTA_RANGE_TO_DATA),
	 read_range},
	{"bitwise",
	 DECODE_BIT(NFTA_BITWISE_SREG) | DECODE_BIT(NFTA_BITWISE_DREG) | DECODE_BIT(NFTA_BITWISE_LEN) |
		 DECODE_BIT(NFTA_BITWISE_MASK) | DECODE_BIT(NFTA_BITWISE_XOR) | DECODE_BIT(NFTA_BITWISE_OP),
	 read_bitwise},
	{"lookup",
	 DECODE_BIT(NFTA_LOOKUP_SET) | DECODE_BIT(NFTA_LOOKUP_SREG) | DECODE_BIT(NFTA_LOOKUP_DREG) |
		 DECODE_BIT(NFTA_LOOKUP_SET_ID) | DECODE_BIT(NFTA_LOOKUP_FLAGS),
	 read_lookup},
	{"immediate", DECODE_BIT(NFTA_IMMEDIATE_DREG) | DECODE_BIT(NFTA_IMMEDIATE_DATA), read_immediate},
	{"counter", DECODE_BIT(NFTA_COUNTER_BYTES) | DECODE_BIT(NFTA_COUNTER_PACKETS) | DECODE_BIT(NFTA_COUNTER_PAD),
	 read_counter},
	{"reject", DECODE_BIT(NFTA_REJECT_TYPE) | DECODE_BIT(NFTA_REJECT_ICMP_CODE), read_reject},
	{"byteorder",
	 DECODE_BIT(NFTA_BYTEORDER_SREG) | DECODE_BIT(NFTA_BYTEORDER_DREG) | DECODE_BIT(NFTA_BYTEORDER_OP) |
		 DECODE_BIT(NFTA_BYTEORDER_LEN) | DECODE_BIT(NFTA_BYTEORDER_SIZE),
	 read_byteorder},
	{"match", DECODE_BIT(NFTA_MATCH_NAME), read_extension},
	{"target", DECODE_BIT(NFTA_TARGET_NAME), read_extension},
	{"limit",
	 DECODE_BIT(NFTA_LIMIT_RATE) | DECODE_BIT(NFTA_LIMIT_UNIT) | DECODE_BIT(NFTA_LIMIT_BURST) |
		 DECODE_BIT(NFTA_LIMIT_TYPE) | DECODE_BIT(NFTA_LIMIT_FLAGS) | DECODE_BIT(NFTA_LIMIT_PAD),
	 sg_read_limit},
	{"connlimit", DECODE_BIT(NFTA_CONNLIMIT_COUNT) | DECODE_BIT(NFTA_CONNLIMIT_FLAGS), sg_read_connlimit},
	{"dynset",
	 DECODE_BIT(NFTA_DYNSET_SET_NAME) | DECODE_BIT(NFTA_DYNSET_SET_ID) | DECODE_BIT(NFTA_DYNSET_OP) |
		 DECODE_BIT(NFTA_DYNSET_SREG_KEY) | DECODE_BIT(NFTA_DYNSET_SREG_DATA) |
		 DECODE_BIT(NFTA_DYNSET_TIMEOUT) | DECODE_BIT(NFTA_DYNSET_EXPR) | DECODE_BIT(NFTA_DYNSET_PAD) |
		 DECODE_BIT(NFTA_DYNSET_FLAGS) | DECODE_BIT(NFTA_DYNSET_EXPRESSIONS),
	 sg_read_dynset},
	{"log",
	 DECODE_BIT(NFTA_LOG_GROUP) | DECODE_BIT(NFTA_LOG_PREFIX) | DECODE_BIT(NFTA_LOG_SNAPLEN) |
		 DECODE_BIT(NFTA_LOG_QTHRESHOLD) | DECODE_BIT(NFTA_LOG_LEVEL) | DECODE_BIT(NFTA_LOG_FLAGS),
	 sg_read_log},
	{"socket", DECODE_BIT(NFTA_SOCKET_KEY) | DECODE_BIT(NFTA_SOCKET_DREG) | DECODE_BIT(NFTA_SOCKET_LEVEL),
	 sg_read_socket},
};

/* Whether an element of a set may carry it. */
static bool decode_is_inner(const struct decode_kind *kind)
{
	return kind->read == sg_read_limit || kind->read == sg_read_connlimit || kind->read == read_counter;
}

/* Turns the expression into an unknown one of this name. */
static int decode_expr_unknown(struct sg_expr *expr, const char *name, const char *reason, struct sg_error *err)
{
	sg_expr_clear(expr);
	*expr = (struct sg_expr){.kind = SG_EXPR_UNKNOWN, .direction = -1};
	expr->name = strdup(name);
	expr->reason = strdup(reason);
	return expr->name && expr->reason ? 0 : sg_error_nomem(err);
}

int sg_decode_expr(struct sg_table *table, const struct attr *nest, bool inner, struct sg_expr *ret, bool *ret_nothing,
		   struct sg_error *err)
{
	struct decode_reader in = {.table = table, .expr = ret, .err = err};
	struct decode_attrs frame;
	const char *reason = "it is not interpreted";
	char name[SG_NFT_NAME_SIZE];

	if (sg_decode_collect(sg_attr_nest(nest), DECODE_BIT(NFTA_EXPR_NAME) | DECODE_BIT(NFTA_EXPR_DATA), &frame,
			      err) < 0 ||
	    sg_decode_name(&frame, NFTA_EXPR_NAME, name, err) < 0)
		return -1;
	ret->direction = -1;
	for (size_t i = 0; i < SG_COUNT(decode_kinds); i++) {
		const struct decode_kind *kind = &decode_kinds[i];

		if (strcmp(kind->name, name) != 0 || (inner && !decode_is_inner(kind)))
			continue;
		if (sg_decode_collect(sg_attr_nest(&frame.at[NFTA_EXPR_DATA]), kind->known, &in.attrs, err) < 0)
			return -1;
		reason = kind->read(&in);
		if (in.failed)
			return -1;
		break;
	}
	if (frame.unknown)
		reason = "an attribute is not understood";
	*ret_nothing = in.nothing && !reason;
	if (!reason)
		return 0;
	if (*in.detail) { /* "match conntrack" */
		size_t length = strlen(name);

		snprintf(name + length, sizeof(name) - length, " %s", in.detail);
	}
	return decode_expr_unknown(ret, name, reason, err);
}
