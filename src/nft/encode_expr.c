/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * encode_expr.c - expressions of rules as libnftnl has them.
 */
#include <stdio.h>
#include <string.h>
#include <linux/netfilter/nf_log.h>
#include <linux/netfilter/nf_tables.h>
#include <libnftnl/expr.h>

#include "nft/encode.h"

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

/* What runs for an element is limited in kind, and the set has a name. */
static bool encode_dynset_valid(struct sg_wire *wire, const struct sg_expr *expr)
{
	if (!sg_encode_name_fits(wire, "set", expr->name))
		return false;
	for (size_t i = 0; i < expr->inner_count; i++) {
		enum sg_expr_kind kind = expr->inner[i].kind;

		if (kind != SG_EXPR_LIMIT && kind != SG_EXPR_CONNLIMIT && kind != SG_EXPR_COUNTER) {
			sg_encode_fail(wire, SG_ERROR_INPUT, "an element cannot carry such an expression");
			return false;
		}
		if (!sg_encode_expr_valid(wire, &expr->inner[i]))
			return false;
	}
	if ((expr->op != NFT_DYNSET_OP_ADD && expr->op != NFT_DYNSET_OP_UPDATE) ||
	    expr->inner_count > SG_NFT_INNER_MAX) {
		sg_encode_fail(wire, SG_ERROR_INPUT, "set '%.64s' is not filled in this way", expr->name);
		return false;
	}
	return true;
}

static bool encode_log_valid(struct sg_wire *wire, const struct sg_expr *expr)
{
	if (expr->name && strlen(expr->name) >= NF_LOG_PREFIXLEN)
		sg_encode_fail(wire, SG_ERROR_LIMIT, "prefix of %zu bytes for the log", strlen(expr->name));
	else if (!expr->has_group && expr->key > NFT_LOGLEVEL_AUDIT)
		sg_encode_fail(wire, SG_ERROR_INPUT, "level %u of the log does not exist", expr->key);
	else
		return true;
	return false;
}

/* The kernel would take its own burst where there is none: what came back would be another limit. */
static bool encode_limit_valid(struct sg_wire *wire, const struct sg_expr *expr)
{
	if (expr->rate && expr->unit && (expr->burst || expr->is_bytes))
		return true;
	sg_encode_fail(wire, SG_ERROR_INPUT, "limit without rate, time or burst");
	return false;
}

/* Names and numbers of an expression; what is wrong sticks to the batch. */
static bool encode_content_valid(struct sg_wire *wire, const struct sg_expr *expr)
{
	switch (expr->kind) {
	case SG_EXPR_LOOKUP: return sg_encode_name_fits(wire, "set", expr->name);
	case SG_EXPR_VERDICT: return !expr->verdict.chain || sg_encode_name_fits(wire, "chain", expr->verdict.chain);
	case SG_EXPR_LIMIT: return encode_limit_valid(wire, expr);
	case SG_EXPR_DYNSET: return encode_dynset_valid(wire, expr);
	case SG_EXPR_LOG: return encode_log_valid(wire, expr);
	case SG_EXPR_UNKNOWN:
		sg_encode_fail(wire, SG_ERROR_INPUT, "expression '%.64s' cannot be written",
			       expr->name ? expr->name : "");
		return false;
	default: return true;
	}
}

/* Whether registers and values exist. */
static bool encode_values_valid(const struct sg_expr *expr)
{
	bool source = expr->sreg < SG_NFT_REGISTERS, destination = expr->dreg < SG_NFT_REGISTERS;

	switch (expr->kind) {
	case SG_EXPR_META:
	case SG_EXPR_CT:
	case SG_EXPR_SOCKET:
	case SG_EXPR_PAYLOAD: return destination;
	case SG_EXPR_CMP:
	case SG_EXPR_RANGE: return source && encode_expr_data_valid(expr);
	case SG_EXPR_BITWISE:
		return source && destination && encode_expr_data_valid(expr) && expr->length == expr->data_length;
	case SG_EXPR_LOOKUP: return source && (!expr->is_map || expr->dreg == SG_REG_VERDICT || destination);
	case SG_EXPR_IMMEDIATE: return destination && encode_expr_data_valid(expr);
	case SG_EXPR_BYTEORDER: return source && destination;
	case SG_EXPR_DYNSET: return source;
	case SG_EXPR_CONNLIMIT: return expr->rate <= UINT32_MAX;
	default: return true;
	}
}

bool sg_encode_expr_valid(struct sg_wire *wire, const struct sg_expr *expr)
{
	if (!encode_content_valid(wire, expr))
		return false;
	if (encode_values_valid(expr))
		return true;
	sg_encode_fail(wire, SG_ERROR_INPUT, "expression has a register or a value that does not exist");
	return false;
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
	case SG_EXPR_BYTEORDER: return "byteorder";
	case SG_EXPR_LIMIT: return "limit";
	case SG_EXPR_CONNLIMIT: return "connlimit";
	case SG_EXPR_DYNSET: return "dynset";
	case SG_EXPR_LOG: return "log";
	case SG_EXPR_SOCKET: return "socket";
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
	case SG_EXPR_SOCKET:
		return encode_u32(e, NFTNL_EXPR_SOCKET_KEY, expr->key) |
		       encode_register(e, NFTNL_EXPR_SOCKET_DREG, expr->dreg) |
		       (expr->key == NFT_SOCKET_CGROUPV2 ? encode_u32(e, NFTNL_EXPR_SOCKET_LEVEL, expr->base) : 0);
	default:
		return nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, expr->data, expr->data_length) |
		       encode_register(e, NFTNL_EXPR_IMM_DREG, expr->dreg);
	}
}

/* The tests and the transformations. */
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
	case SG_EXPR_BYTEORDER:
		return encode_register(e, NFTNL_EXPR_BYTEORDER_SREG, expr->sreg) |
		       encode_register(e, NFTNL_EXPR_BYTEORDER_DREG, expr->dreg) |
		       encode_u32(e, NFTNL_EXPR_BYTEORDER_OP, expr->op) |
		       encode_u32(e, NFTNL_EXPR_BYTEORDER_LEN, expr->length) |
		       encode_u32(e, NFTNL_EXPR_BYTEORDER_SIZE, expr->size);
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

/* What remembers, from packet to packet. */
static int encode_meter(struct nftnl_expr *e, const struct sg_expr *expr)
{
	if (expr->kind == SG_EXPR_CONNLIMIT)
		return encode_u32(e, NFTNL_EXPR_CONNLIMIT_COUNT, (uint32_t)expr->rate) |
		       encode_u32(e, NFTNL_EXPR_CONNLIMIT_FLAGS, expr->inverted ? NFT_CONNLIMIT_F_INV : 0);
	return nftnl_expr_set(e, NFTNL_EXPR_LIMIT_RATE, &expr->rate, sizeof(expr->rate)) |
	       nftnl_expr_set(e, NFTNL_EXPR_LIMIT_UNIT, &expr->unit, sizeof(expr->unit)) |
	       encode_u32(e, NFTNL_EXPR_LIMIT_BURST, expr->burst) |
	       encode_u32(e, NFTNL_EXPR_LIMIT_TYPE, expr->is_bytes ? NFT_LIMIT_PKT_BYTES : NFT_LIMIT_PKTS) |
	       encode_u32(e, NFTNL_EXPR_LIMIT_FLAGS, expr->inverted ? NFT_LIMIT_F_INV : 0);
}

static int encode_log(struct nftnl_expr *e, const struct sg_expr *expr)
{
	if (expr->name && nftnl_expr_set_str(e, NFTNL_EXPR_LOG_PREFIX, expr->name) < 0)
		return -1;
	if (expr->has_group)
		return nftnl_expr_set(e, NFTNL_EXPR_LOG_GROUP, &expr->group, sizeof(expr->group));
	return encode_u32(e, NFTNL_EXPR_LOG_LEVEL, expr->key);
}

/* One inner expression has an attribute of its own, which all kernels know; for more there are a list and a flag. */
static int encode_inner(struct nftnl_expr *e, const struct sg_expr *expr)
{
	for (size_t i = 0; i < expr->inner_count; i++) {
		struct nftnl_expr *inner = sg_encode_expr(&expr->inner[i]);

		if (!inner)
			return -1;
		if (expr->inner_count > 1) {
			nftnl_expr_add_expr(e, NFTNL_EXPR_DYNSET_EXPRESSIONS, inner);
		} else if (nftnl_expr_set(e, NFTNL_EXPR_DYNSET_EXPR, inner, 0) < 0) {
			nftnl_expr_free(inner);
			return -1;
		}
	}
	return 0;
}

static int encode_dynset(struct nftnl_expr *e, const struct sg_expr *expr)
{
	return encode_register(e, NFTNL_EXPR_DYNSET_SREG_KEY, expr->sreg) |
	       encode_u32(e, NFTNL_EXPR_DYNSET_OP, expr->op) |
	       nftnl_expr_set_str(e, NFTNL_EXPR_DYNSET_SET_NAME, expr->name) |
	       (expr->timeout ? nftnl_expr_set(e, NFTNL_EXPR_DYNSET_TIMEOUT, &expr->timeout, sizeof(expr->timeout))
			      : 0) |
	       (expr->inner_count > 1 ? encode_u32(e, NFTNL_EXPR_DYNSET_FLAGS, NFT_DYNSET_F_EXPR) : 0) |
	       encode_inner(e, expr);
}

struct nftnl_expr *sg_encode_expr(const struct sg_expr *expr)
{
	struct nftnl_expr *e = nftnl_expr_alloc(encode_expr_name(expr->kind));
	int result;

	if (!e)
		return NULL;
	switch (expr->kind) {
	case SG_EXPR_META:
	case SG_EXPR_CT:
	case SG_EXPR_PAYLOAD:
	case SG_EXPR_SOCKET:
	case SG_EXPR_IMMEDIATE: result = encode_load(e, expr); break;
	case SG_EXPR_CMP:
	case SG_EXPR_RANGE:
	case SG_EXPR_BITWISE:
	case SG_EXPR_BYTEORDER:
	case SG_EXPR_LOOKUP: result = encode_test(e, expr); break;
	case SG_EXPR_LIMIT:
	case SG_EXPR_CONNLIMIT: result = encode_meter(e, expr); break;
	case SG_EXPR_DYNSET: result = encode_dynset(e, expr); break;
	case SG_EXPR_LOG: result = encode_log(e, expr); break;
	default: result = encode_statement(e, expr); break;
	}
	if (result < 0) {
		nftnl_expr_free(e);
		return NULL;
	}
	return e;
}
