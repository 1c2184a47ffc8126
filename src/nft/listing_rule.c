/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listing_rule.c - rules as nft's text.
 *
 * A rule is a row of loads into registers and tests on them. nft's text names what is loaded, and implies tests: `ip
 * saddr` stands behind `meta nfproto ipv4`, `tcp dport` behind `meta l4proto tcp`, and nft puts these tests in where
 * the text does not have them. So a test of the family or of the protocol is held back, and left out when the next
 * match implies exactly what is held; otherwise it is written. A match that would make nft put in a test that the rule
 * does not have cannot be said.
 */
#include <string.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "nft/listing.h"
#include "sockgate/proto.h"

#define LOADS   5
#define UNKNOWN (-1)

enum context { FAMILY, PROTOCOL };

struct held {
	enum context context;
	uint8_t value;
};

/* A load and, when a mask follows at once, its mask. */
struct load {
	const struct sg_expr *expr;
	const struct sg_expr *mask;
	uint32_t type;    /* of what is loaded: enum datatype_number */
	const char *name; /* "ip saddr" */
};

struct listing {
	struct sg_buf *out;
	const struct sg_table *table;
	const struct sg_rule *rule;
	size_t at;    /* the next expression */
	size_t start; /* of the rule's text */
	int known[2]; /* by context: what the text has said so far, UNKNOWN: nothing */
	struct held held[2];
	size_t held_count;
};

static void listing_word(struct listing *l, const char *word)
{
	if (l->out->size > l->start)
		sg_buf_addc(l->out, ' ');
	sg_buf_adds(l->out, word);
}

static const struct sg_expr *listing_next(struct listing *l)
{
	return l->at < l->rule->expr_count ? &l->rule->exprs[l->at] : NULL;
}

/* ---------------------------------------------------------------- what is implied */

/* What the text says, or would say if what is held were written. */
static int listing_context(const struct listing *l, enum context context)
{
	for (size_t i = 0; i < l->held_count; i++) {
		if (l->held[i].context == context)
			return l->held[i].value;
	}
	return l->known[context];
}

/* Writes the first `count` of the tests that are held. */
static bool listing_flush(struct listing *l, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool family = l->held[i].context == FAMILY;

		listing_word(l, family ? "meta nfproto " : "meta l4proto ");
		if (!sg_listing_value(l->out, family ? DATATYPE_NF_PROTO : DATATYPE_INET_PROTO, &l->held[i].value,
				      NULL))
			return false;
		l->known[l->held[i].context] = l->held[i].value;
	}
	memmove(l->held, l->held + count, (l->held_count - count) * sizeof(l->held[0]));
	l->held_count -= count;
	return true;
}

static bool listing_hold(struct listing *l, enum context context, uint8_t value)
{
	/* a second test of the same is not implied by anything */
	if (listing_context(l, context) != UNKNOWN && !listing_flush(l, l->held_count))
		return false;
	l->held[l->held_count++] = (struct held){context, value};
	return true;
}

static bool load_is_network(const struct load *load)
{
	return load->expr->kind == SG_EXPR_PAYLOAD && load->expr->base == NFT_PAYLOAD_NETWORK_HEADER;
}

static bool load_is_icmp(const struct load *load)
{
	return load->type == DATATYPE_ICMP_TYPE || load->type == DATATYPE_ICMPV6_TYPE;
}

/* A port that is named after its protocol, and not `th dport`. */
static bool load_is_port_of(const struct load *load)
{
	return load->type == DATATYPE_INET_SERVICE && strncmp(load->name, "th ", 3) != 0;
}

/* The tests that nft would put before these loads, in its order; those that the text has said already are not. */
static size_t listing_needs(const struct listing *l, const struct load *loads, size_t count, enum context needs[2])
{
	bool family = l->known[FAMILY] != UNKNOWN, protocol = l->known[PROTOCOL] != UNKNOWN;
	size_t result = 0;

	for (size_t i = 0; i < count; i++) {
		bool wants_protocol = (load_is_icmp(&loads[i]) || load_is_port_of(&loads[i])) && !protocol;

		if ((load_is_network(&loads[i]) || (load_is_icmp(&loads[i]) && wants_protocol)) && !family) {
			needs[result++] = FAMILY;
			family = true;
		}
		if (wants_protocol) {
			needs[result++] = PROTOCOL;
			protocol = true;
		}
	}
	return result;
}

/* Leaves out what these loads imply and writes what they do not. */
static bool listing_settle(struct listing *l, const struct load *loads, size_t count)
{
	enum context needs[2];
	size_t need_count = listing_needs(l, loads, count, needs), front;

	if (need_count <= l->held_count) {
		bool same = true;

		front = l->held_count - need_count;
		for (size_t i = 0; i < need_count; i++)
			same &= l->held[front + i].context == needs[i];
		if (same) {
			for (size_t i = 0; i < need_count; i++)
				l->known[needs[i]] = l->held[front + i].value;
			l->held_count = front;
			return listing_flush(l, front);
		}
	}
	return listing_flush(l, l->held_count) && listing_needs(l, loads, count, needs) == 0;
}

/* ---------------------------------------------------------------- loads */

static bool load_is(struct load *load, uint32_t type, const char *name)
{
	load->type = type;
	load->name = name;
	return true;
}

static bool load_meta(struct load *load)
{
	switch (load->expr->key) {
	case NFT_META_IIFNAME: return load_is(load, DATATYPE_IFNAME, "iifname");
	case NFT_META_OIFNAME: return load_is(load, DATATYPE_IFNAME, "oifname");
	case NFT_META_NFPROTO: return load_is(load, DATATYPE_NF_PROTO, "meta nfproto");
	case NFT_META_L4PROTO: return load_is(load, DATATYPE_INET_PROTO, "meta l4proto");
	default: return false;
	}
}

/* An address: RFC 791 has the source at byte 12, the destination at 16; RFC 8200 at 8 and 24. */
static bool load_network(const struct listing *l, struct load *load)
{
	int family = listing_context(l, FAMILY);
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
	int protocol = listing_context(l, PROTOCOL);

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

static bool load_describe(const struct listing *l, struct load *load)
{
	switch (load->expr->kind) {
	case SG_EXPR_META: return load_meta(load);
	case SG_EXPR_CT:
		return load->expr->key == NFT_CT_STATE && load->expr->direction < 0 &&
		       load_is(load, DATATYPE_CT_STATE, "ct state");
	case SG_EXPR_PAYLOAD:
		if (load->expr->base == NFT_PAYLOAD_NETWORK_HEADER)
			return load_network(l, load);
		return load->expr->base == NFT_PAYLOAD_TRANSPORT_HEADER && load_transport(l, load);
	default: return false;
	}
}

/* Takes the loads that stand in a row, with their masks. 0: something that has no name. */
static size_t listing_loads(struct listing *l, struct load loads[LOADS])
{
	const struct sg_expr *expr;
	size_t count = 0;

	while ((expr = listing_next(l)) &&
	       (expr->kind == SG_EXPR_META || expr->kind == SG_EXPR_CT || expr->kind == SG_EXPR_PAYLOAD)) {
		if (count == LOADS)
			return 0;
		struct load *load = &loads[count++];

		*load = (struct load){.expr = expr};
		if (!load_describe(l, load))
			return 0;
		l->at++;
		expr = listing_next(l);
		if (!expr || expr->kind != SG_EXPR_BITWISE)
			continue;
		if (expr->sreg != load->expr->dreg || expr->dreg != load->expr->dreg)
			return 0;
		for (size_t i = 0; i < expr->data_length; i++) {
			if (expr->data2[i])
				return 0;
		}
		load->mask = expr;
		l->at++;
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

/* An address or a prefix: by a mask, or with whole bytes by a load of no more than these. */
static bool compare_address(struct listing *l, const struct load *load, const struct sg_expr *cmp)
{
	size_t size = load->type == DATATYPE_IPV4_ADDR ? 4 : 16, bits = (size_t)load->expr->length * 8;
	uint8_t first[16] = {0}, last[16];

	if (cmp->data_length != load->expr->length || (load->mask && load->mask->data_length != load->expr->length))
		return false;
	memcpy(first, cmp->data, cmp->data_length);
	if (load->mask) {
		bits = mask_prefix(load->mask->data, load->mask->data_length);
		if (bits == SIZE_MAX || !bits || load->expr->length != size)
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

static bool compare_range(struct listing *l, const struct load *load, const struct sg_expr *cmp, const uint8_t *last,
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

static bool listing_cmp(struct listing *l, const struct load *load, const struct sg_expr *cmp)
{
	const struct sg_expr *next;

	if (cmp->op == NFT_CMP_GTE) {
		next = listing_next(l);
		if (!next || next->kind != SG_EXPR_CMP || next->op != NFT_CMP_LTE || next->sreg != cmp->sreg ||
		    next->data_length != cmp->data_length)
			return false;
		l->at++;
		return compare_range(l, load, cmp, next->data, false);
	}
	if (cmp->op != NFT_CMP_EQ && cmp->op != NFT_CMP_NEQ)
		return false;
	switch (load->type) {
	case DATATYPE_CT_STATE: return compare_ct_state(l, load, cmp);
	case DATATYPE_IFNAME: return compare_interface(l, load, cmp);
	case DATATYPE_IPV4_ADDR:
	case DATATYPE_IPV6_ADDR: return compare_address(l, load, cmp);
	default: return compare_plain(l, load, cmp);
	}
}

static bool listing_lookup(struct listing *l, const struct load *loads, size_t count, const struct sg_expr *lookup)
{
	const struct sg_set *set = sg_table_set(l->table, lookup->name);
	const struct datatype *fields[DATATYPE_FIELDS];
	uint32_t type = 0;

	if (!set || lookup->is_map != ((set->flags & SG_SET_MAP) != 0) ||
	    (lookup->is_map && (lookup->inverted || lookup->dreg != SG_REG_VERDICT)))
		return false;
	for (size_t i = 0, slot = lookup->sreg; i < count; i++) {
		size_t length = sg_datatype_find(loads[i].type)->length;

		if (loads[i].mask || loads[i].expr->dreg != slot ||
		    (loads[i].expr->kind == SG_EXPR_PAYLOAD && loads[i].expr->length != length))
			return false;
		type = type << DATATYPE_BITS | loads[i].type;
		slot += sg_datatype_padded(length) / 4;
	}
	if (type != set->key_type || sg_datatype_split(type, fields) != count)
		return false;
	sg_buf_adds(l->out, lookup->is_map ? "vmap @" : lookup->inverted ? "!= @" : "@");
	return sg_listing_name(l->out, set->name);
}

/* The loads at hand and the test on them. */
static bool listing_match(struct listing *l)
{
	struct load loads[LOADS];
	size_t count = listing_loads(l, loads);
	const struct sg_expr *test = listing_next(l);

	if (!count || !test)
		return false;
	l->at++;
	if (test->kind == SG_EXPR_CMP && count == 1 && test->op == NFT_CMP_EQ && test->data_length == 1 &&
	    !loads[0].mask && test->sreg == loads[0].expr->dreg &&
	    (loads[0].type == DATATYPE_NF_PROTO || loads[0].type == DATATYPE_INET_PROTO))
		return listing_hold(l, loads[0].type == DATATYPE_NF_PROTO ? FAMILY : PROTOCOL, test->data[0]);
	if (!listing_settle(l, loads, count))
		return false;
	for (size_t i = 0; i < count; i++) {
		listing_word(l, i ? ". " : loads[i].name);
		if (i)
			sg_buf_adds(l->out, loads[i].name);
	}
	sg_buf_addc(l->out, ' ');
	if (test->kind == SG_EXPR_LOOKUP)
		return listing_lookup(l, loads, count, test);
	if (count != 1 || test->sreg != loads[0].expr->dreg)
		return false;
	if (test->kind == SG_EXPR_RANGE)
		return test->op == NFT_RANGE_NEQ && compare_range(l, &loads[0], test, test->data2, true);
	return test->kind == SG_EXPR_CMP && listing_cmp(l, &loads[0], test);
}

/* ---------------------------------------------------------------- statements */

static bool listing_reject(struct listing *l, const struct sg_expr *expr)
{
	static const char *const codes[] = {"no-route", "port-unreachable", "host-unreachable", "admin-prohibited"};

	if (expr->key == NFT_REJECT_TCP_RST) {
		listing_word(l, "reject with tcp reset");
		return l->known[PROTOCOL] == SG_PROTO_TCP && !expr->offset;
	}
	if (expr->key != NFT_REJECT_ICMPX_UNREACH || expr->offset >= sizeof(codes) / sizeof(codes[0]) ||
	    l->table->family != NFPROTO_INET)
		return false;
	listing_word(l, "reject");
	/* what `reject` alone means depends on the family */
	if (expr->offset != NFT_REJECT_ICMPX_PORT_UNREACH || l->known[FAMILY] != UNKNOWN) {
		sg_buf_adds(l->out, " with icmpx ");
		sg_buf_adds(l->out, codes[expr->offset]);
	}
	return true;
}

static bool listing_statement(struct listing *l, const struct sg_expr *expr)
{
	l->at++;
	if (!listing_flush(l, l->held_count))
		return false;
	switch (expr->kind) {
	case SG_EXPR_COUNTER:
		listing_word(l, "counter");
		sg_buf_addf(l->out, " packets %llu bytes %llu", (unsigned long long)expr->packets,
			    (unsigned long long)expr->bytes);
		return true;
	case SG_EXPR_REJECT: return listing_reject(l, expr);
	case SG_EXPR_VERDICT: listing_word(l, ""); return sg_listing_verdict(l->out, &expr->verdict);
	default: return false;
	}
}

bool sg_listing_rule(struct sg_buf *out, const struct sg_table *table, const struct sg_rule *rule)
{
	struct listing l = {.out = out, .table = table, .rule = rule, .start = out->size, .known = {UNKNOWN, UNKNOWN}};
	const struct sg_expr *expr;

	if (table->family == NFPROTO_IPV4 || table->family == NFPROTO_IPV6)
		l.known[FAMILY] = (int)table->family;
	if (!rule->expr_count)
		return false;
	while ((expr = listing_next(&l))) {
		bool loads = expr->kind == SG_EXPR_META || expr->kind == SG_EXPR_CT || expr->kind == SG_EXPR_PAYLOAD;

		if (!(loads ? listing_match(&l) : listing_statement(&l, expr)))
			return false;
	}
	if (!listing_flush(&l, l.held_count))
		return false;
	if (!rule->comment)
		return true;
	listing_word(&l, "comment ");
	return sg_listing_quoted(out, rule->comment);
}
