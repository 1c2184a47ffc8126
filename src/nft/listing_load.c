/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listing_load.c - what a rule loads, by nft's names, and what it compares that with.
 */
#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>

#include "nft/listing_rule.h"
#include "sockgate/proto.h"

/* ---------------------------------------------------------------- loads */

static bool load_is(struct load *load, uint32_t type, const char *name)
{
	load->type = type;
	snprintf(load->name, sizeof(load->name), "%s", name);
	return true;
}

static bool load_meta(struct load *load)
{
	switch (load->expr->key) {
	case NFT_META_IIFNAME: return load_is(load, DATATYPE_IFNAME, "iifname");
	case NFT_META_OIFNAME: return load_is(load, DATATYPE_IFNAME, "oifname");
	case NFT_META_NFPROTO: return load_is(load, DATATYPE_NF_PROTO, "meta nfproto");
	case NFT_META_L4PROTO: return load_is(load, DATATYPE_INET_PROTO, "meta l4proto");
	case NFT_META_TIME_NS: return load_is(load, DATATYPE_TIME, "meta time");
	default: return false;
	}
}

/* An address: RFC 791 has the source at byte 12, the destination at 16; RFC 8200 at 8 and 24. */
static bool load_network(const struct listing *l, struct load *load)
{
	int family = sg_listing_context(l, FAMILY);
	bool v4 = family == NFPROTO_IPV4;
	uint32_t source = v4 ? 12 : 8, destination = v4 ? 16 : 24;

	if (family == UNKNOWN || load->expr->length > (v4 ? 4 : 16) ||
	    (load->expr->offset != source && load->expr->offset != destination))
		return false;
	if (v4)
		return load_is(load, DATATYPE_IPV4_ADDR, load->expr->offset == source ? "ip saddr" : "ip daddr");
	return load_is(load, DATATYPE_IPV6_ADDR, load->expr->offset == source ? "ip6 saddr" : "ip6 daddr");
}

static const char *port_name(int protocol, bool destination)
{
	switch (protocol) {
	case SG_PROTO_TCP: return destination ? "tcp dport" : "tcp sport";
	case SG_PROTO_UDP: return destination ? "udp dport" : "udp sport";
	case SG_PROTO_DCCP: return destination ? "dccp dport" : "dccp sport";
	case SG_PROTO_SCTP: return destination ? "sctp dport" : "sctp sport";
	case SG_PROTO_UDPLITE: return destination ? "udplite dport" : "udplite sport";
	default: return destination ? "th dport" : "th sport";
	}
}

static bool load_transport(const struct listing *l, struct load *load)
{
	int protocol = sg_listing_context(l, PROTOCOL);

	if (load->expr->length == 2 && (load->expr->offset == 0 || load->expr->offset == 2))
		return load_is(load, DATATYPE_INET_SERVICE, port_name(protocol, load->expr->offset == 2));
	if (load->expr->length != 1 || load->expr->offset != 0)
		return false;
	switch (protocol) {
	case SG_PROTO_ICMP: return load_is(load, DATATYPE_ICMP_TYPE, "icmp type");
	case SG_PROTO_ICMPV6: return load_is(load, DATATYPE_ICMPV6_TYPE, "icmpv6 type");
	default: return false;
	}
}

/* What the connection had when it began. Ports have a type only where the text has said the protocol. */
static bool load_original(const struct listing *l, struct load *load)
{
	switch (load->expr->key) {
	case NFT_CT_DST_IP: return load_is(load, DATATYPE_IPV4_ADDR, "ct original ip daddr");
	case NFT_CT_DST_IP6: return load_is(load, DATATYPE_IPV6_ADDR, "ct original ip6 daddr");
	case NFT_CT_PROTO_DST:
		return sg_listing_context(l, PROTOCOL) != UNKNOWN &&
		       load_is(load, DATATYPE_INET_SERVICE, "ct original proto-dst");
	default: return false;
	}
}

static bool load_ct(const struct listing *l, struct load *load)
{
	if (load->expr->direction >= 0)
		return load->expr->direction == IP_CT_DIR_ORIGINAL && load_original(l, load);
	switch (load->expr->key) {
	case NFT_CT_STATE: return load_is(load, DATATYPE_CT_STATE, "ct state");
	case NFT_CT_STATUS: return load_is(load, DATATYPE_CT_STATUS, "ct status");
	case NFT_CT_DIRECTION: return load_is(load, DATATYPE_CT_DIRECTION, "ct direction");
	default: return false;
	}
}

static bool load_socket(struct load *load)
{
	if (load->expr->key != NFT_SOCKET_CGROUPV2)
		return false;
	load->type = DATATYPE_CGROUP;
	snprintf(load->name, sizeof(load->name), "socket cgroupv2 level %u", load->expr->base);
	return true;
}

static bool load_describe(const struct listing *l, struct load *load)
{
	switch (load->expr->kind) {
	case SG_EXPR_META: return load_meta(load);
	case SG_EXPR_CT: return load_ct(l, load);
	case SG_EXPR_SOCKET: return load_socket(load);
	case SG_EXPR_PAYLOAD:
		if (load->expr->base == NFT_PAYLOAD_NETWORK_HEADER)
			return load_network(l, load);
		return load->expr->base == NFT_PAYLOAD_TRANSPORT_HEADER && load_transport(l, load);
	default: return false;
	}
}

/* Takes the mask, or the swap of bytes, that follows. False: one that cannot be said. */
static bool load_transform(struct listing *l, struct load *load)
{
	const struct sg_expr *expr = listing_next(l);
	uint8_t slot = load->expr->dreg;

	if (!expr || (expr->kind != SG_EXPR_BITWISE && expr->kind != SG_EXPR_BYTEORDER))
		return true;
	l->at++;
	if (expr->sreg != slot || expr->dreg != slot)
		return false;
	if (expr->kind == SG_EXPR_BYTEORDER) {
		load->swapped = true;
		return expr->op == NFT_BYTEORDER_HTON && expr->length == expr->size &&
		       expr->length == sg_datatype_find(load->type)->length;
	}
	load->mask = expr;
	for (size_t i = 0; i < expr->data_length; i++) {
		if (expr->data2[i])
			return false;
	}
	return true;
}

size_t sg_listing_loads(struct listing *l, struct load loads[LOADS])
{
	const struct sg_expr *expr;
	size_t count = 0;

	while ((expr = listing_next(l)) && listing_is_load(expr)) {
		if (count == LOADS)
			return 0;
		struct load *load = &loads[count++];

		*load = (struct load){.expr = expr};
		if (!load_describe(l, load))
			return 0;
		l->at++;
		if (!load_transform(l, load))
			return 0;
	}
	return count;
}

/* ---------------------------------------------------------------- comparisons */

static const char *compare_sign(uint32_t op)
{
	return op == NFT_CMP_NEQ ? "!= " : "";
}

static bool compare_ct_state(struct listing *l, const struct load *load, const struct sg_expr *cmp)
{
	uint32_t value, mask;

	if (cmp->data_length != sizeof(value) || (load->mask && load->mask->data_length != sizeof(mask)))
		return false;
	memcpy(&value, cmp->data, sizeof(value));
	if (!load->mask) {
		/* `ct state new` would be a bit test */
		if (cmp->op != NFT_CMP_NEQ || (value & (value - 1)))
			return false;
		sg_buf_adds(l->out, "!= ");
		return sg_listing_ct_states(l->out, value);
	}
	memcpy(&mask, load->mask->data, sizeof(mask));
	if (value)
		return false;
	if (cmp->op == NFT_CMP_EQ)
		sg_buf_adds(l->out, "! ");
	return sg_listing_ct_states(l->out, mask);
}

/* Any, or none, of some bits of the status: `ct status dnat` is a bit test. */
static bool compare_ct_status(struct listing *l, const struct load *load, const struct sg_expr *cmp)
{
	uint32_t value, mask;

	if (cmp->data_length != sizeof(value) || !load->mask || load->mask->data_length != sizeof(mask))
		return false;
	memcpy(&value, cmp->data, sizeof(value));
	memcpy(&mask, load->mask->data, sizeof(mask));
	if (value)
		return false;
	if (cmp->op == NFT_CMP_EQ)
		sg_buf_adds(l->out, "! ");
	return sg_listing_ct_status(l->out, mask);
}

/* Whole seconds since 1970: nft reads a date as one of the time zone that it runs in, and a number as it is. */
static bool compare_time(struct listing *l, const struct load *load, const struct sg_expr *cmp)
{
	const uint64_t second = 1000000000;
	uint64_t time;

	if (load->mask || cmp->data_length != sizeof(time))
		return false;
	memcpy(&time, cmp->data, sizeof(time));
	time = be64toh(time);
	switch (cmp->op) {
	case NFT_CMP_LT: sg_buf_adds(l->out, "< "); break;
	case NFT_CMP_LTE: sg_buf_adds(l->out, "<= "); break;
	case NFT_CMP_GT: sg_buf_adds(l->out, "> "); break;
	case NFT_CMP_GTE: sg_buf_adds(l->out, ">= "); break;
	default: return false;
	}
	sg_buf_addf(l->out, "%llu", (unsigned long long)(time / second));
	return time % second == 0;
}

/* A name, or the beginning of one: fewer bytes than a name has, none of them NUL. */
static bool compare_interface(struct listing *l, const struct load *load, const struct sg_expr *cmp)
{
	uint8_t first[16] = {0}, last[16];

	if (load->mask || !cmp->data_length || cmp->data_length > sizeof(first))
		return false;
	memcpy(first, cmp->data, cmp->data_length);
	memcpy(last, first, sizeof(last));
	if (cmp->data_length < sizeof(first)) {
		if (memchr(cmp->data, '\0', cmp->data_length))
			return false;
		memset(last + cmp->data_length, 0xff, sizeof(last) - cmp->data_length);
	}
	sg_buf_adds(l->out, compare_sign(cmp->op));
	return sg_listing_value(l->out, DATATYPE_IFNAME, first, last);
}

/* How many bits are set at the front; SIZE_MAX when others are set behind them. */
static size_t mask_prefix(const uint8_t *mask, size_t size)
{
	size_t bits = 0;

	while (bits < size * 8 && mask[bits / 8] & 0x80U >> bits % 8)
		bits++;
	for (size_t i = bits; i < size * 8; i++) {
		if (mask[i / 8] & 0x80U >> i % 8)
			return SIZE_MAX;
	}
	return bits;
}

/* An address or a prefix: by a mask, or with whole bytes by a load, or a comparison, of no more than these. */
static bool compare_address(struct listing *l, const struct load *load, const struct sg_expr *cmp)
{
	size_t size = load->type == DATATYPE_IPV4_ADDR ? 4 : 16, bits = (size_t)cmp->data_length * 8;
	size_t loaded = load->expr->kind == SG_EXPR_PAYLOAD ? load->expr->length : size;
	uint8_t first[16] = {0}, last[16];

	/* of a connection's address all is loaded, and the first bytes of it are compared */
	if (cmp->data_length > loaded || (load->expr->kind == SG_EXPR_PAYLOAD && cmp->data_length != loaded) ||
	    (load->mask && (load->mask->data_length != loaded || cmp->data_length != loaded)))
		return false;
	memcpy(first, cmp->data, cmp->data_length);
	if (load->mask) {
		bits = mask_prefix(load->mask->data, load->mask->data_length);
		if (bits == SIZE_MAX || !bits || loaded != size)
			return false;
	}
	memcpy(last, first, sizeof(last));
	for (size_t i = bits; i < size * 8; i++) {
		if (first[i / 8] & 0x80U >> i % 8)
			return false; /* a comparison that never holds */
		last[i / 8] |= (uint8_t)(0x80U >> i % 8);
	}
	sg_buf_adds(l->out, compare_sign(cmp->op));
	return sg_listing_value(l->out, load->type, first, last);
}

static bool compare_plain(struct listing *l, const struct load *load, const struct sg_expr *cmp)
{
	if (load->mask || cmp->data_length != sg_datatype_find(load->type)->length)
		return false;
	sg_buf_adds(l->out, compare_sign(cmp->op));
	return sg_listing_value(l->out, load->type, cmp->data, NULL);
}

bool sg_listing_range(struct listing *l, const struct load *load, const struct sg_expr *cmp, const uint8_t *last,
		      bool negated)
{
	const struct datatype *type = sg_datatype_find(load->type);

	if (load->mask || load->expr->kind != SG_EXPR_PAYLOAD || load->expr->length != type->length ||
	    cmp->data_length != type->length || memcmp(cmp->data, last, type->length) >= 0)
		return false;
	if (negated)
		sg_buf_adds(l->out, "!= ");
	return sg_listing_value(l->out, load->type, cmp->data, last);
}

bool sg_listing_cmp(struct listing *l, const struct load *load, const struct sg_expr *cmp)
{
	const struct sg_expr *next;

	if (load->swapped != (load->type == DATATYPE_TIME))
		return false;
	if (load->type == DATATYPE_TIME)
		return compare_time(l, load, cmp);
	if (cmp->op == NFT_CMP_GTE) {
		next = listing_next(l);
		if (!next || next->kind != SG_EXPR_CMP || next->op != NFT_CMP_LTE || next->sreg != cmp->sreg ||
		    next->data_length != cmp->data_length)
			return false;
		l->at++;
		return sg_listing_range(l, load, cmp, next->data, false);
	}
	if (cmp->op != NFT_CMP_EQ && cmp->op != NFT_CMP_NEQ)
		return false;
	switch (load->type) {
	case DATATYPE_CT_STATE: return compare_ct_state(l, load, cmp);
	case DATATYPE_CT_STATUS: return compare_ct_status(l, load, cmp);
	case DATATYPE_IFNAME: return compare_interface(l, load, cmp);
	case DATATYPE_IPV4_ADDR:
	case DATATYPE_IPV6_ADDR: return compare_address(l, load, cmp);
	default: return compare_plain(l, load, cmp);
	}
}
