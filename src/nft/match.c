// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registers: what the loads of a rule put into them, and for which packets a load breaks.
 *
 * A header load breaks where there is no such header: that is the load's set and not the set of the test that follows.
 */
#include "nft/match.h"

#include <stdio.h>
#include <string.h>
#include <linux/netfilter/nf_tables.h>
#include "base/mem.h"
#include "sockgate/proto.h"

/* The level of that identity, made when it is new. SIZE_MAX: out of memory. */
static size_t level_of(struct sg_matcher *matcher, const char *identity, const char *what, unsigned int max)
{
	struct sg_evaluation *evaluation = matcher->evaluation;
	struct sg_unknown *unknown;
	sg_autofree char *own = NULL, *reason = NULL;
	size_t level;

	for (size_t i = 0; i < evaluation->unknown_count; i++)
		if (!strcmp(evaluation->unknowns[i].identity, identity))
			return evaluation->unknowns[i].level;
	own = strdup(identity);
	if (!own || asprintf(&reason, "%s in %s", what, matcher->where) < 0) {
		reason = NULL;
		goto nomem;
	}
	if (sg_grow(&evaluation->unknowns, &evaluation->unknown_room, evaluation->unknown_count, 1,
		    sizeof(*evaluation->unknowns)))
		goto nomem;
	level = sg_idd_add_level(matcher->idd, max);
	if (level == SIZE_MAX)
		goto nomem;
	unknown = &evaluation->unknowns[evaluation->unknown_count++];
	unknown->level = level;
	unknown->identity = sg_steal(own);
	unknown->reason = sg_steal(reason);
	return level;
nomem:
	matcher->failed = true;
	return SIZE_MAX;
}

sg_ref sg_match_unknown(struct sg_matcher *matcher, const char *identity, const char *what)
{
	size_t level = level_of(matcher, identity, what, 1);

	return level == SIZE_MAX ? SG_IDD_FAILED : sg_idd_range(matcher->idd, level, 1, 1);
}

size_t sg_match_fresh_level(struct sg_matcher *matcher, const char *what, unsigned int max)
{
	char identity[64];

	/* the number of the unknown that this makes */
	snprintf(identity, sizeof(identity), "fresh %zu", matcher->evaluation->unknown_count);
	return level_of(matcher, identity, what, max);
}

sg_ref sg_match_fresh(struct sg_matcher *matcher, const char *what)
{
	size_t level = sg_match_fresh_level(matcher, what, 1);

	return level == SIZE_MAX ? SG_IDD_FAILED : sg_idd_range(matcher->idd, level, 1, 1);
}

static sg_ref set_register(struct sg_matcher *matcher, uint8_t slot, const struct sg_value *value)
{
	size_t slots = (value->length + 3U) / 4U;

	if (slot + slots > SG_NFT_REGISTERS)
		return sg_match_fresh(matcher, "a register out of range");
	/* of a longer value in front, what is not written over stays */
	for (size_t i = 0; i < slot; i++)
		if (matcher->registers[i].length > (slot - i) * 4)
			matcher->registers[i].length = (uint8_t)((slot - i) * 4);
	for (size_t i = 0; i < slots; i++)
		matcher->registers[slot + i] = (struct sg_value){0};
	matcher->registers[slot] = *value;
	return SG_IDD_FULL;
}

/*
 * The packets whose transport header has at least `end` bytes. The port level says of a protocol with ports whether
 * there are four, of ICMP whether there is one; it says something of other lengths only where they are less and these
 * are there, or more and they are not.
 */
static sg_ref transport_present(struct sg_matcher *matcher, uint64_t end)
{
	struct sg_idd *idd = matcher->idd;
	sg_ref present = sg_idd_range(idd, SG_FIELD_PORT, 0, SG_PORT_ABSENT - 1), unknown = SG_IDD_EMPTY;
	sg_ref ports = sg_match_protocols(matcher, sg_proto_has_ports);
	sg_ref icmp = sg_match_protocols(matcher, sg_match_is_icmp);
	sg_ref exact = end == 4 ? ports : end == 1 ? icmp : SG_IDD_EMPTY, longer;
	char identity[64];

	if (!sg_idd_subset(idd, matcher->within, exact)) {
		snprintf(identity, sizeof(identity), "transport header of %llu bytes", (unsigned long long)end);
		unknown = sg_match_unknown(matcher, identity, "whether there is a transport header");
	}
	longer = sg_idd_ite(idd, present, end > 4 ? unknown : SG_IDD_FULL, end > 4 ? SG_IDD_EMPTY : unknown);
	unknown = sg_idd_ite(idd, ports, longer, unknown);
	longer = sg_idd_ite(idd, present, end > 1 ? unknown : SG_IDD_FULL, SG_IDD_EMPTY);
	unknown = sg_idd_ite(idd, icmp, longer, unknown);
	return sg_idd_ite(idd, exact, present, unknown);
}

static sg_ref load_payload(struct sg_matcher *matcher, const struct sg_expr *expr)
{
	struct sg_value value = {.offset = expr->offset, .length = (uint8_t)expr->length};
	sg_ref loaded = SG_IDD_FULL, set;

	if (expr->length == 0 || expr->length > SG_NFT_DATA_SIZE)
		return sg_match_fresh(matcher, "a load of no or too many bytes");
	switch (expr->base) {
	case NFT_PAYLOAD_NETWORK_HEADER:
		value.source = SG_SOURCE_NETWORK;
		/* the fixed headers are 20 and 40 bytes */
		if (expr->offset > 40 || expr->offset + expr->length > 40)
			loaded = sg_match_fresh(matcher, "a load behind the network header");
		else if (expr->offset + expr->length > 20)
			loaded = sg_idd_ite(matcher->idd, sg_idd_range(matcher->idd, SG_FIELD_FAMILY, SG_IPV6, SG_IPV6),
					    SG_IDD_FULL, sg_match_fresh(matcher, "a load behind the IPv4 header"));
		break;
	case NFT_PAYLOAD_TRANSPORT_HEADER:
		value.source = SG_SOURCE_TRANSPORT;
		loaded = transport_present(matcher, (uint64_t)expr->offset + expr->length);
		break;
	default:
		value.source = SG_SOURCE_OPAQUE;
		value.key = (uint64_t)expr->kind << 32 | expr->base;
		loaded = sg_match_fresh(matcher, "whether a header is there");
	}
	set = set_register(matcher, expr->dreg, &value);
	return sg_idd_and(matcher->idd, loaded, set);
}

/* What nft_meta_get_eval and nft_ct_get_eval store: a longer value also takes the registers behind it. */
static uint8_t loaded_length(const struct sg_expr *expr)
{
	if (expr->kind == SG_EXPR_META) {
		switch (expr->key) {
		case NFT_META_NFPROTO:
		case NFT_META_L4PROTO: return 1;
		case NFT_META_TIME_NS: return 8;
		case NFT_META_IIFNAME:
		case NFT_META_OIFNAME:
		case NFT_META_BRI_IIFNAME:
		case NFT_META_BRI_OIFNAME:
		case NFT_META_IIFKIND:
		case NFT_META_OIFKIND:
		case NFT_META_SDIFNAME: return SG_INTERFACE_NAME_SIZE;
		default: return 4;
		}
	}
	switch (expr->key) {
	case NFT_CT_DIRECTION: return 1;
	case NFT_CT_PROTO_SRC:
	case NFT_CT_PROTO_DST: return 2;
	case NFT_CT_PKTS:
	case NFT_CT_BYTES:
	case NFT_CT_AVGPKT: return 8;
	case NFT_CT_SRC: /* 4 or 16, as the family has it */
	case NFT_CT_DST:
	case NFT_CT_SRC_IP6:
	case NFT_CT_DST_IP6:
	case NFT_CT_LABELS:
	case NFT_CT_HELPER: return 16;
	default: return 4;
	}
}

sg_ref sg_match_load(struct sg_matcher *matcher, const struct sg_expr *expr)
{
	struct sg_value value = {.source = SG_SOURCE_OPAQUE, .length = loaded_length(expr)};
	bool in = matcher->direction != SG_OUT;
	sg_ref loaded;

	if (expr->kind == SG_EXPR_PAYLOAD)
		return load_payload(matcher, expr);
	value.key = (uint64_t)expr->kind << 32 | expr->key;
	if (expr->kind == SG_EXPR_CT) /* of the one direction of a connection, or of the other, or of both */
		value.key |= (uint64_t)(uint8_t)(expr->direction + 1) << 56;
	if (expr->kind == SG_EXPR_META && expr->key == NFT_META_PRANDOM) /* another number each time */
		value.key |= (uint64_t)matcher->evaluation->unknown_count << 40;
	if (expr->kind == SG_EXPR_CT && sg_match_load_ct(matcher, expr, &value, &loaded))
		return sg_idd_and(matcher->idd, loaded, set_register(matcher, expr->dreg, &value));
	if (expr->kind != SG_EXPR_META)
		goto opaque;
	switch (expr->key) {
	case NFT_META_NFPROTO: value.source = SG_SOURCE_NFPROTO; return set_register(matcher, expr->dreg, &value);
	case NFT_META_L4PROTO:
		/* always set for IPv4, and for IPv6 unless its extension headers are cut short: such a packet has
		 * protocol values that no rule names, and conntrack calls it invalid */
		value.source = SG_SOURCE_L4PROTO;
		return set_register(matcher, expr->dreg, &value);
	case NFT_META_TIME_NS:
		value.source = SG_SOURCE_TIME;
		value.length = 8;
		return set_register(matcher, expr->dreg, &value);
	case NFT_META_IIFNAME:
	case NFT_META_OIFNAME:
		if ((expr->key == NFT_META_IIFNAME) == in) {
			value.source = SG_SOURCE_INTERFACE;
			return set_register(matcher, expr->dreg, &value);
		}
		break;
	default: break;
	}
opaque:
	/* what it loads, and whether it loads at all, is not known */
	if (set_register(matcher, expr->dreg, &value) == SG_IDD_FAILED)
		return SG_IDD_FAILED;
	return sg_match_fresh(matcher, expr->kind == SG_EXPR_CT ? "a ct key" : "a meta key");
}

void sg_match_forget(struct sg_matcher *matcher, uint8_t slot, uint8_t length)
{
	set_register(matcher, slot, &(struct sg_value){.length = length});
}

void sg_match_immediate(struct sg_matcher *matcher, const struct sg_expr *expr)
{
	struct sg_value value = {.source = SG_SOURCE_CONSTANT, .length = expr->data_length};

	memcpy(value.data, expr->data, sizeof(value.data));
	set_register(matcher, expr->dreg, &value);
}

void sg_match_bitwise(struct sg_matcher *matcher, const struct sg_expr *expr)
{
	struct sg_value value = {0};

	if (expr->sreg < SG_NFT_REGISTERS)
		value = matcher->registers[expr->sreg];
	if (expr->length == 0 || expr->length > value.length || expr->data_length < expr->length) {
		value = (struct sg_value){.length = (uint8_t)(expr->length > SG_NFT_DATA_SIZE ? 4 : expr->length)};
		set_register(matcher, expr->dreg, &value);
		return;
	}
	if (!value.masked)
		memset(value.mask, 0xff, sizeof(value.mask));
	value.masked = true;
	value.length = (uint8_t)expr->length;
	for (size_t i = 0; i < value.length; i++) {
		value.mask[i] &= expr->data[i];
		value.xored[i] = (uint8_t)((value.xored[i] & expr->data[i]) ^ expr->data2[i]);
		value.data[i] = (uint8_t)((value.data[i] & expr->data[i]) ^ expr->data2[i]);
	}
	set_register(matcher, expr->dreg, &value);
}

/* Only of a time is it known what its bytes mean in either order. */
void sg_match_byteorder(struct sg_matcher *matcher, const struct sg_expr *expr)
{
	struct sg_value value = {0};

	if (expr->sreg < SG_NFT_REGISTERS)
		value = matcher->registers[expr->sreg];
	if (value.source == SG_SOURCE_TIME && !value.swapped && !value.masked && expr->length == value.length &&
	    expr->size == value.length)
		value.swapped = true;
	else
		value = (struct sg_value){.length = (uint8_t)(expr->length > SG_NFT_DATA_SIZE ? 4 : expr->length)};
	set_register(matcher, expr->dreg, &value);
}
