/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decode_rule.c - rules and their expressions.
 *
 * An expression is understood when its name, each of its attributes and each value that steers it is; else it is an
 * SG_EXPR_UNKNOWN with the reason, in its place in the rule. Each reader below fills the expression and returns NULL,
 * or says what it did not understand; a message that is torn is told by decode_reader.malformed.
 */
#include <stdio.h>
#include <string.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <libnftnl/udata.h>

#include "base/mem.h"
#include "nft/decode.h"

struct decode_reader {
	struct sg_table *table;
	struct sg_expr *expr;
	struct decode_attrs attrs;
	char detail[64]; /* what the expression stands for, "" when its name says it */
	bool nothing;    /* the expression has no effect at all: it is left out */
	bool failed;     /* malformed, or no memory: err is filled */
	struct sg_error *err;
};

static uint32_t read_u32(struct decode_reader *in, uint16_t type)
{
	uint32_t value = 0;

	if (sg_decode_u32(&in->attrs, type, &value, in->err) < 0)
		in->failed = true;
	return value;
}

static uint8_t read_register(struct decode_reader *in, uint16_t type)
{
	uint32_t number = read_u32(in, type);

	if (number == NFT_REG_VERDICT)
		return SG_REG_VERDICT;
	if (number <= NFT_REG_4)
		return (uint8_t)((number - NFT_REG_1) * 4);
	if (number >= NFT_REG32_00 && number <= NFT_REG32_15)
		return (uint8_t)(number - NFT_REG32_00);
	if (!in->failed)
		sg_decode_malformed("register that does not exist", in->err);
	in->failed = true;
	return 0;
}

static uint8_t read_data_register(struct decode_reader *in, uint16_t type)
{
	uint8_t slot = read_register(in, type);

	if (slot == SG_REG_VERDICT && !in->failed) {
		sg_decode_malformed("verdict register where there is data", in->err);
		in->failed = true;
		return 0;
	}
	return slot;
}

/* The bytes of an attribute that nests NFTA_DATA_VALUE. */
static uint8_t read_data(struct decode_reader *in, uint16_t type, uint8_t ret[SG_NFT_DATA_SIZE])
{
	struct attr_list list = sg_attr_nest(&in->attrs.at[type]);
	struct attr value;

	if (in->failed)
		return 0;
	if (!sg_decode_has(&in->attrs, type) || !sg_attr_next(&list, &value) || value.type != NFTA_DATA_VALUE ||
	    !value.size || value.size > SG_NFT_DATA_SIZE || list.left) {
		sg_decode_malformed("value missing or of a length that is not possible", in->err);
		in->failed = true;
		return 0;
	}
	memcpy(ret, value.data, value.size);
	return (uint8_t)value.size;
}

/* Whether all of the attributes are there and no other one is. */
static bool read_exactly(const struct decode_reader *in, uint64_t types)
{
	for (uint16_t type = 0; type < DECODE_ATTRS; type++) {
		if (sg_decode_has(&in->attrs, type) != ((types & DECODE_BIT(type)) != 0))
			return false;
	}
	return !in->attrs.unknown;
}

static const char *read_meta(struct decode_reader *in)
{
	if (sg_decode_has(&in->attrs, NFTA_META_SREG))
		return "it writes to the packet's metadata";
	if (!read_exactly(in, DECODE_BIT(NFTA_META_DREG) | DECODE_BIT(NFTA_META_KEY)))
		return "an attribute is not understood";
	in->expr->kind = SG_EXPR_META;
	in->expr->key = read_u32(in, NFTA_META_KEY);
	in->expr->dreg = read_data_register(in, NFTA_META_DREG);
	return NULL;
}

static const char *read_ct(struct decode_reader *in)
{
	const uint64_t plain = DECODE_BIT(NFTA_CT_DREG) | DECODE_BIT(NFTA_CT_KEY);
	const struct attr *direction = &in->attrs.at[NFTA_CT_DIRECTION];

	if (sg_decode_has(&in->attrs, NFTA_CT_SREG))
		return "it writes to the connection";
	if (!read_exactly(in, plain) && !read_exactly(in, plain | DECODE_BIT(NFTA_CT_DIRECTION)))
		return "an attribute is not understood";
	in->expr->kind = SG_EXPR_CT;
	in->expr->key = read_u32(in, NFTA_CT_KEY);
	in->expr->dreg = read_data_register(in, NFTA_CT_DREG);
	if (direction->data && direction->size != 1) {
		sg_decode_malformed("direction of another size", in->err);
		in->failed = true;
	} else if (direction->data) {
		in->expr->direction = direction->data[0];
	}
	return NULL;
}

static const char *read_payload(struct decode_reader *in)
{
	if (sg_decode_has(&in->attrs, NFTA_PAYLOAD_SREG))
		return "it writes to the packet";
	if (!read_exactly(in, DECODE_BIT(NFTA_PAYLOAD_DREG) | DECODE_BIT(NFTA_PAYLOAD_BASE) |
				      DECODE_BIT(NFTA_PAYLOAD_OFFSET) | DECODE_BIT(NFTA_PAYLOAD_LEN)))
		return "an attribute is not understood";
	in->expr->kind = SG_EXPR_PAYLOAD;
	in->expr->base = read_u32(in, NFTA_PAYLOAD_BASE);
	in->expr->offset = read_u32(in, NFTA_PAYLOAD_OFFSET);
	in->expr->length = read_u32(in, NFTA_PAYLOAD_LEN);
	in->expr->dreg = read_data_register(in, NFTA_PAYLOAD_DREG);
	if (!in->expr->length || in->expr->length > SG_NFT_DATA_SIZE)
		return "its length is not possible";
	return NULL;
}

static const char *read_cmp(struct decode_reader *in)
{
	if (!read_exactly(in, DECODE_BIT(NFTA_CMP_SREG) | DECODE_BIT(NFTA_CMP_OP) | DECODE_BIT(NFTA_CMP_DATA)))
		return "an attribute is not understood";
	in->expr->kind = SG_EXPR_CMP;
	in->expr->sreg = read_data_register(in, NFTA_CMP_SREG);
	in->expr->op = read_u32(in, NFTA_CMP_OP);
	in->expr->data_length = read_data(in, NFTA_CMP_DATA, in->expr->data);
	return in->expr->op > NFT_CMP_GTE ? "its operator is not understood" : NULL;
}

static const char *read_range(struct decode_reader *in)
{
	if (!read_exactly(in, DECODE_BIT(NFTA_RANGE_SREG) | DECODE_BIT(NFTA_RANGE_OP) |
				      DECODE_BIT(NFTA_RANGE_FROM_DATA) | DECODE_BIT(NFTA_RANGE_TO_DATA)))
		return "an attribute is not understood";
	in->expr->kind = SG_EXPR_RANGE;
	in->expr->sreg = read_data_register(in, NFTA_RANGE_SREG);
	in->expr->op = read_u32(in, NFTA_RANGE_OP);
	in->expr->data_length = read_data(in, NFTA_RANGE_FROM_DATA, in->expr->data);
	if (read_data(in, NFTA_RANGE_TO_DATA, in->expr->data2) != in->expr->data_length)
		return "its ends have different lengths";
	return in->expr->op > NFT_RANGE_NEQ ? "its operator is not understood" : NULL;
}

static const char *read_bitwise(struct decode_reader *in)
{
	const uint64_t mask_and_xor = DECODE_BIT(NFTA_BITWISE_SREG) | DECODE_BIT(NFTA_BITWISE_DREG) |
				      DECODE_BIT(NFTA_BITWISE_LEN) | DECODE_BIT(NFTA_BITWISE_MASK) |
				      DECODE_BIT(NFTA_BITWISE_XOR);

	/* kernels before 5.6 do not send the operator: they had only this one */
	if (!read_exactly(in, mask_and_xor) && !read_exactly(in, mask_and_xor | DECODE_BIT(NFTA_BITWISE_OP)))
		return "an attribute is not understood";
	if (read_u32(in, NFTA_BITWISE_OP) != NFT_BITWISE_MASK_XOR)
		return "its operator is not understood";
	in->expr->kind = SG_EXPR_BITWISE;
	in->expr->sreg = read_data_register(in, NFTA_BITWISE_SREG);
	in->expr->dreg = read_data_register(in, NFTA_BITWISE_DREG);
	in->expr->length = read_u32(in, NFTA_BITWISE_LEN);
	in->expr->data_length = read_data(in, NFTA_BITWISE_MASK, in->expr->data);
	if (read_data(in, NFTA_BITWISE_XOR, in->expr->data2) != in->expr->data_length ||
	    in->expr->length != in->expr->data_length)
		return "its mask has another length than the value";
	return NULL;
}

static const char *read_lookup(struct decode_reader *in)
{
	const uint64_t optional =
		DECODE_BIT(NFTA_LOOKUP_DREG) | DECODE_BIT(NFTA_LOOKUP_FLAGS) | DECODE_BIT(NFTA_LOOKUP_SET_ID);
	char name[SG_NFT_NAME_SIZE];
	uint64_t there = DECODE_BIT(NFTA_LOOKUP_SET) | DECODE_BIT(NFTA_LOOKUP_SREG);

	for (uint16_t type = 0; type < DECODE_ATTRS; type++)
		there |= sg_decode_has(&in->attrs, type) ? optional & DECODE_BIT(type) : 0;
	if (!read_exactly(in, there))
		return "an attribute is not understood";
	uint32_t flags = read_u32(in, NFTA_LOOKUP_FLAGS);

	if (flags & ~(uint32_t)NFT_LOOKUP_F_INV)
		return "it has a flag that is not understood";
	if (sg_decode_name(&in->attrs, NFTA_LOOKUP_SET, name, in->err) < 0) {
		in->failed = true;
		return NULL;
	}
	in->expr->kind = SG_EXPR_LOOKUP;
	in->expr->sreg = read_data_register(in, NFTA_LOOKUP_SREG);
	in->expr->inverted = flags & NFT_LOOKUP_F_INV;
	in->expr->is_map = sg_decode_has(&in->attrs, NFTA_LOOKUP_DREG);
	if (in->expr->is_map)
		in->expr->dreg = read_register(in, NFTA_LOOKUP_DREG);
	free(in->expr->name);
	in->expr->name = strdup(name);
	if (!in->expr->name) {
		sg_error_nomem(in->err);
		in->failed = true;
	}
	return NULL;
}

static const char *read_immediate(struct decode_reader *in)
{
	struct attr_list list = sg_attr_nest(&in->attrs.at[NFTA_IMMEDIATE_DATA]);
	struct attr value;
	bool odd;

	if (!read_exactly(in, DECODE_BIT(NFTA_IMMEDIATE_DREG) | DECODE_BIT(NFTA_IMMEDIATE_DATA)))
		return "an attribute is not understood";
	if (read_register(in, NFTA_IMMEDIATE_DREG) != SG_REG_VERDICT) {
		in->expr->kind = SG_EXPR_IMMEDIATE;
		in->expr->dreg = read_data_register(in, NFTA_IMMEDIATE_DREG);
		in->expr->data_length = read_data(in, NFTA_IMMEDIATE_DATA, in->expr->data);
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
	in->expr->key = read_u32(in, NFTA_REJECT_TYPE);
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
	const uint64_t all = DECODE_BIT(NFTA_BYTEORDER_SREG) | DECODE_BIT(NFTA_BYTEORDER_DREG) |
			     DECODE_BIT(NFTA_BYTEORDER_OP) | DECODE_BIT(NFTA_BYTEORDER_LEN) |
			     DECODE_BIT(NFTA_BYTEORDER_SIZE);

	if (!read_exactly(in, all))
		return "an attribute is not understood";
	uint32_t length = read_u32(in, NFTA_BYTEORDER_LEN), size = read_u32(in, NFTA_BYTEORDER_SIZE);
	uint8_t from = read_data_register(in, NFTA_BYTEORDER_SREG), to = read_data_register(in, NFTA_BYTEORDER_DREG);

	in->nothing = from == to && (size == 2 || size == 4 || size == 8) && length < size;
	return in->nothing ? NULL : "it is not interpreted";
}

/* A rule that changes a set for which packets it sees: what the set holds now says little. */
static const char *read_dynset(struct decode_reader *in)
{
	char name[SG_NFT_NAME_SIZE];
	struct sg_set *set;

	if (sg_decode_name(&in->attrs, NFTA_DYNSET_SET_NAME, name, in->err) < 0) {
		in->failed = true;
		return NULL;
	}
	set = sg_decode_find_set(in->table, name);
	if (!set)
		in->table->unknown = true;
	else if (sg_decode_set_unknown(set, "packets may change it", in->err) < 0)
		in->failed = true;
	return "packets change a set";
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
	{"dynset", DECODE_BIT(NFTA_DYNSET_SET_NAME), read_dynset},
};

/* Turns the expression into an unknown one of this name. */
static int decode_expr_unknown(struct sg_expr *expr, const char *name, const char *reason, struct sg_error *err)
{
	sg_expr_clear(expr);
	*expr = (struct sg_expr){.kind = SG_EXPR_UNKNOWN, .direction = -1};
	expr->name = strdup(name);
	expr->reason = strdup(reason);
	return expr->name && expr->reason ? 0 : sg_error_nomem(err);
}

static int decode_expr(struct sg_table *table, struct sg_rule *rule, const struct attr *nest, struct sg_error *err)
{
	struct decode_reader in = {.table = table, .err = err};
	struct decode_attrs frame;
	const char *reason = "it is not interpreted";
	char name[SG_NFT_NAME_SIZE];

	if (sg_decode_collect(sg_attr_nest(nest), DECODE_BIT(NFTA_EXPR_NAME) | DECODE_BIT(NFTA_EXPR_DATA), &frame,
			      err) < 0 ||
	    sg_decode_name(&frame, NFTA_EXPR_NAME, name, err) < 0)
		return -1;
	in.expr = sg_rule_add_expr(rule, SG_EXPR_UNKNOWN, err);
	if (!in.expr)
		return -1;
	for (size_t i = 0; i < SG_COUNT(decode_kinds); i++) {
		const struct decode_kind *kind = &decode_kinds[i];

		if (strcmp(kind->name, name) != 0)
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
	if (in.nothing && !reason) {
		rule->expr_count--;
		return 0;
	}
	if (!reason)
		return 0;
	if (*in.detail) { /* "match conntrack" */
		size_t length = strlen(name);

		snprintf(name + length, sizeof(name) - length, " %s", in.detail);
	}
	return decode_expr_unknown(in.expr, name, reason, err);
}

static int decode_rule_udata(struct sg_rule *rule, const struct attr *udata, struct sg_error *err)
{
	struct attr mark;

	if (!udata->data)
		return 0;
	if (sg_decode_udata_text(udata, NFTNL_UDATA_RULE_COMMENT, &rule->comment, err) < 0)
		return -1;
	if (!sg_decode_udata_find(udata, SG_UDATA_MARK, &mark) || !mark.size)
		return 0;
	rule->mark = malloc(mark.size);
	if (!rule->mark)
		return sg_error_nomem(err);
	memcpy(rule->mark, mark.data, mark.size);
	rule->mark_size = mark.size;
	return 0;
}

static int decode_rule_members(struct sg_table *table, struct sg_rule *rule, const struct decode_attrs *attrs,
			       struct sg_error *err)
{
	struct attr_list list = sg_attr_nest(&attrs->at[NFTA_RULE_EXPRESSIONS]);
	struct attr expr;

	if (sg_decode_u64(attrs, NFTA_RULE_HANDLE, &rule->handle, err) < 0 ||
	    decode_rule_udata(rule, &attrs->at[NFTA_RULE_USERDATA], err) < 0)
		return -1;
	if (attrs->unknown) {
		struct sg_expr *odd = sg_rule_add_expr(rule, SG_EXPR_UNKNOWN, err);

		if (!odd || decode_expr_unknown(odd, "rule", "an attribute of it is not understood", err) < 0)
			return -1;
	}
	while (sg_attr_next(&list, &expr)) {
		if (expr.type != NFTA_LIST_ELEM)
			return sg_decode_malformed("something else than an expression in the list", err);
		if (decode_expr(table, rule, &expr, err) < 0)
			return -1;
	}
	return list.torn ? sg_decode_malformed("expression does not fit", err) : 0;
}

int sg_decode_rule(struct sg_table *table, struct attr_list list, struct sg_error *err)
{
	const uint64_t known = DECODE_BIT(NFTA_RULE_TABLE) | DECODE_BIT(NFTA_RULE_CHAIN) |
			       DECODE_BIT(NFTA_RULE_HANDLE) | DECODE_BIT(NFTA_RULE_EXPRESSIONS) |
			       DECODE_BIT(NFTA_RULE_COMPAT) | DECODE_BIT(NFTA_RULE_POSITION) |
			       DECODE_BIT(NFTA_RULE_USERDATA) | DECODE_BIT(NFTA_RULE_PAD) | DECODE_BIT(NFTA_RULE_ID);
	char name[SG_NFT_NAME_SIZE];
	struct decode_attrs attrs;

	if (sg_decode_collect(list, known, &attrs, err) < 0 || sg_decode_name(&attrs, NFTA_RULE_CHAIN, name, err) < 0)
		return -1;
	const struct sg_chain *found = sg_table_chain(table, name);

	if (!found)
		return sg_decode_malformed("rule of a chain that is not there", err);
	struct sg_chain *chain = &table->chains[found - table->chains];
	struct sg_rule *rule = sg_chain_add_rule(chain, err);

	if (!rule)
		return -1;
	if (decode_rule_members(table, rule, &attrs, err) < 0) {
		sg_rule_clear(&chain->rules[--chain->rule_count]);
		return -1;
	}
	return 0;
}
