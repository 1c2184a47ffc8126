/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * encode_rule.c - rules and their expressions as messages.
 */
#include <string.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/udata.h>

#include "nft/encode.h"

#define ENCODE_RULE_SIZE  2048 /* a rule's names and user data */
#define ENCODE_EXPR_SIZE  1024 /* more than two values, a name and the headers of an expression */
#define ENCODE_EXPR_COUNT 128  /* NFT_RULE_MAXEXPRS of net/netfilter/nf_tables_api.c */

/* Sets a 4-byte member. */
static int encode_u32(struct nftnl_expr *e, uint16_t member, uint32_t value)
{
	return nftnl_expr_set(e, member, &value, sizeof(value));
}

/* A register: the 16-byte name where there is one, as the kernel itself dumps it. */
static int encode_register(struct nftnl_expr *e, uint16_t member, uint8_t slot)
{
	uint32_t number = slot % 4 ? NFT_REG32_00 + (uint32_t)slot : NFT_REG_1 + (uint32_t)slot / 4;

	return encode_u32(e, member, slot == SG_REG_VERDICT ? NFT_REG_VERDICT : number);
}

static bool encode_expr_data_valid(const struct sg_expr *expr)
{
	return expr->data_length > 0 && expr->data_length <= SG_NFT_DATA_SIZE;
}

static bool encode_expr_valid(struct sg_wire *wire, const struct sg_expr *expr)
{
	bool source = true, destination = true, data = true;

	switch (expr->kind) {
	case SG_EXPR_META:
	case SG_EXPR_CT:
	case SG_EXPR_PAYLOAD: destination = expr->dreg < SG_NFT_REGISTERS; break;
	case SG_EXPR_CMP:
	case SG_EXPR_RANGE:
		source = expr->sreg < SG_NFT_REGISTERS;
		data = encode_expr_data_valid(expr);
		break;
	case SG_EXPR_BITWISE:
		source = expr->sreg < SG_NFT_REGISTERS;
		destination = expr->dreg < SG_NFT_REGISTERS;
		data = encode_expr_data_valid(expr) && expr->length == expr->data_length;
		break;
	case SG_EXPR_LOOKUP:
		source = expr->sreg < SG_NFT_REGISTERS;
		destination = !expr->is_map || expr->dreg == SG_REG_VERDICT || expr->dreg < SG_NFT_REGISTERS;
		if (!sg_encode_name_fits(wire, "set", expr->name))
			return false;
		break;
	case SG_EXPR_VERDICT:
		if (expr->verdict.chain && !sg_encode_name_fits(wire, "chain", expr->verdict.chain))
			return false;
		break;
	case SG_EXPR_IMMEDIATE:
		destination = expr->dreg < SG_NFT_REGISTERS;
		data = encode_expr_data_valid(expr);
		break;
	case SG_EXPR_COUNTER:
	case SG_EXPR_REJECT: break;
	default:
		sg_encode_fail(wire, SG_ERROR_INPUT, "expression '%.64s' cannot be written",
			       expr->name ? expr->name : "");
		return false;
	}
	if (!source || !destination || !data)
		sg_encode_fail(wire, SG_ERROR_INPUT, "expression has a register or a value that does not exist");
	return source && destination && data;
}

static const char *encode_expr_name(enum sg_expr_kind kind)
{
	switch (kind) {
	case SG_EXPR_META: return "meta";
	case SG_EXPR_CT: return "ct";
	case SG_EXPR_PAYLOAD: return "payload";
	case SG_EXPR_CMP: return "cmp";
	case SG_EXPR_RANGE: return "range";
	case SG_EXPR_BITWISE: return "bitwise";
	case SG_EXPR_LOOKUP: return "lookup";
	case SG_EXPR_VERDICT:
	case SG_EXPR_IMMEDIATE: return "immediate";
	case SG_EXPR_COUNTER: return "counter";
	case SG_EXPR_REJECT: return "reject";
	case SG_EXPR_UNKNOWN: break;
	}
	return NULL;
}

/* The loads. 0, or -1 when a member could not be set. */
static int encode_load(struct nftnl_expr *e, const struct sg_expr *expr)
{
	uint8_t direction = (uint8_t)expr->direction;

	switch (expr->kind) {
	case SG_EXPR_META:
		return encode_u32(e, NFTNL_EXPR_META_KEY, expr->key) |
		       encode_register(e, NFTNL_EXPR_META_DREG, expr->dreg);
	case SG_EXPR_CT:
		return encode_u32(e, NFTNL_EXPR_CT_KEY, expr->key) |
		       (expr->direction < 0 ? 0 : nftnl_expr_set(e, NFTNL_EXPR_CT_DIR, &direction, sizeof(direction))) |
		       encode_register(e, NFTNL_EXPR_CT_DREG, expr->dreg);
	case SG_EXPR_PAYLOAD:
		return encode_u32(e, NFTNL_EXPR_PAYLOAD_BASE, expr->base) |
		       encode_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, expr->offset) |
		       encode_u32(e, NFTNL_EXPR_PAYLOAD_LEN, expr->length) |
		       encode_register(e, NFTNL_EXPR_PAYLOAD_DREG, expr->dreg);
	default:
		return nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, expr->data, expr->data_length) |
		       encode_register(e, NFTNL_EXPR_IMM_DREG, expr->dreg);
	}
}

/* The tests and the transformation. */
static int encode_test(struct nftnl_expr *e, const struct sg_expr *expr)
{
	switch (expr->kind) {
	case SG_EXPR_CMP:
		return encode_register(e, NFTNL_EXPR_CMP_SREG, expr->sreg) |
		       encode_u32(e, NFTNL_EXPR_CMP_OP, expr->op) |
		       nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, expr->data, expr->data_length);
	case SG_EXPR_RANGE:
		return encode_register(e, NFTNL_EXPR_RANGE_SREG, expr->sreg) |
		       encode_u32(e, NFTNL_EXPR_RANGE_OP, expr->op) |
		       nftnl_expr_set(e, NFTNL_EXPR_RANGE_FROM_DATA, expr->data, expr->data_length) |
		       nftnl_expr_set(e, NFTNL_EXPR_RANGE_TO_DATA, expr->data2, expr->data_length);
	case SG_EXPR_BITWISE:
		return encode_register(e, NFTNL_EXPR_BITWISE_SREG, expr->sreg) |
		       encode_register(e, NFTNL_EXPR_BITWISE_DREG, expr->dreg) |
		       encode_u32(e, NFTNL_EXPR_BITWISE_LEN, expr->length) |
		       nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, expr->data, expr->data_length) |
		       nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, expr->data2, expr->data_length);
	default:
		return nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, expr->name) |
		       encode_register(e, NFTNL_EXPR_LOOKUP_SREG, expr->sreg) |
		       (expr->is_map ? encode_register(e, NFTNL_EXPR_LOOKUP_DREG, expr->dreg) : 0) |
		       (expr->inverted ? encode_u32(e, NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV) : 0);
	}
}

/* The statements. */
static int encode_statement(struct nftnl_expr *e, const struct sg_expr *expr)
{
	uint32_t code = (uint32_t)expr->verdict.code;
	uint8_t icmp = (uint8_t)expr->offset;

	switch (expr->kind) {
	case SG_EXPR_VERDICT:
		return encode_register(e, NFTNL_EXPR_IMM_DREG, SG_REG_VERDICT) |
		       encode_u32(e, NFTNL_EXPR_IMM_VERDICT, code) |
		       (expr->verdict.chain ? nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, expr->verdict.chain) : 0);
	case SG_EXPR_COUNTER:
		return nftnl_expr_set(e, NFTNL_EXPR_CTR_PACKETS, &expr->packets, sizeof(expr->packets)) |
		       nftnl_expr_set(e, NFTNL_EXPR_CTR_BYTES, &expr->bytes, sizeof(expr->bytes));
	default:
		return encode_u32(e, NFTNL_EXPR_REJECT_TYPE, expr->key) |
		       nftnl_expr_set(e, NFTNL_EXPR_REJECT_CODE, &icmp, sizeof(icmp));
	}
}

static struct nftnl_expr *encode_expr(const struct sg_expr *expr)
{
	struct nftnl_expr *e = nftnl_expr_alloc(encode_expr_name(expr->kind));
	int result;

	if (!e)
		return NULL;
	switch (expr->kind) {
	case SG_EXPR_META:
	case SG_EXPR_CT:
	case SG_EXPR_PAYLOAD:
	case SG_EXPR_IMMEDIATE: result = encode_load(e, expr); break;
	case SG_EXPR_CMP:
	case SG_EXPR_RANGE:
	case SG_EXPR_BITWISE:
	case SG_EXPR_LOOKUP: result = encode_test(e, expr); break;
	default: result = encode_statement(e, expr); break;
	}
	if (result < 0) {
		nftnl_expr_free(e);
		return NULL;
	}
	return e;
}

/* Gives the rule its chain, user data and expressions; -1: no memory. */
static int encode_rule_members(struct nftnl_rule *r, const struct sg_rule *rule, const struct encode_udata *udata)
{
	if (udata->size && nftnl_rule_set_data(r, NFTNL_RULE_USERDATA, udata->bytes, (uint32_t)udata->size) < 0)
		return -1;
	for (size_t i = 0; i < rule->expr_count; i++) {
		struct nftnl_expr *e = encode_expr(&rule->exprs[i]);

		if (!e)
			return -1;
		nftnl_rule_add_expr(r, e);
	}
	return 0;
}

static bool encode_rule_valid(struct sg_wire *wire, const struct sg_rule *rule, struct encode_udata *udata)
{
	if (rule->expr_count > ENCODE_EXPR_COUNT) {
		sg_encode_fail(wire, SG_ERROR_LIMIT, "rule has %zu expressions", rule->expr_count);
		return false;
	}
	for (size_t i = 0; i < rule->expr_count; i++) {
		if (!encode_expr_valid(wire, &rule->exprs[i]))
			return false;
	}
	if (!sg_encode_udata_comment(wire, udata, NFTNL_UDATA_RULE_COMMENT, rule->comment))
		return false;
	return !rule->mark || sg_encode_udata_put(wire, udata, SG_UDATA_MARK, rule->mark, rule->mark_size);
}

/* rule NULL: nothing but the frame (a deletion, of one rule by its handle or of all with handle 0). */
static void encode_rule(struct sg_wire *wire, const struct sg_table *table, const struct sg_chain *chain,
			const struct sg_rule *rule, uint16_t type, uint16_t flags)
{
	struct encode_udata udata = {.size = 0};
	size_t size = ENCODE_RULE_SIZE + (rule ? rule->expr_count * ENCODE_EXPR_SIZE : 0);
	const struct sg_wire_note note = {.what = "rule", .name = chain->name, .origin = rule ? rule->origin : 0};

	if (wire->error.kind != SG_ERROR_NONE || !sg_encode_name_fits(wire, "table", table->name) ||
	    !sg_encode_name_fits(wire, "chain", chain->name) || (rule && !encode_rule_valid(wire, rule, &udata)))
		return;
	struct nlmsghdr *header = sg_encode_message(wire, type, flags, table->family, size, &note);

	if (!header)
		return;
	struct nftnl_rule *r = nftnl_rule_alloc();

	if (!r || nftnl_rule_set_str(r, NFTNL_RULE_TABLE, table->name) < 0 ||
	    nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, chain->name) < 0 ||
	    (rule && encode_rule_members(r, rule, &udata) < 0)) {
		sg_error_nomem(&wire->error);
	} else {
		nftnl_rule_nlmsg_build_payload(header, r);
		if (header->nlmsg_len > UINT16_MAX)
			sg_encode_fail(wire, SG_ERROR_LIMIT, "rule of %u bytes", header->nlmsg_len);
		sg_encode_finish(wire, header);
	}
	if (r)
		nftnl_rule_free(r);
}

void sg_wire_add_rule(struct sg_wire *wire, const struct sg_table *table, const struct sg_chain *chain,
		      const struct sg_rule *rule)
{
	encode_rule(wire, table, chain, rule, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
}

void sg_wire_flush_chain(struct sg_wire *wire, const struct sg_table *table, const struct sg_chain *chain)
{
	encode_rule(wire, table, chain, NULL, NFT_MSG_DELRULE, 0);
}
