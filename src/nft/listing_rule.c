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

#include "nft/listing_rule.h"
#include "sockgate/proto.h"

void sg_listing_word(struct listing *l, const char *word)
{
	if (l->out->size > l->start)
		sg_buf_addc(l->out, ' ');
	sg_buf_adds(l->out, word);
}

/* ---------------------------------------------------------------- what is implied */

/* What the text says, or would say if what is held were written. */
int sg_listing_context(const struct listing *l, enum context context)
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

		sg_listing_word(l, family ? "meta nfproto " : "meta l4proto ");
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
	if (sg_listing_context(l, context) != UNKNOWN && !listing_flush(l, l->held_count))
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
	return load->type == DATATYPE_INET_SERVICE && load->expr->kind == SG_EXPR_PAYLOAD &&
	       strncmp(load->name, "th ", 3) != 0;
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

/* ---------------------------------------------------------------- matches */

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

		if (loads[i].mask || loads[i].swapped || loads[i].expr->dreg != slot ||
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
	size_t count = sg_listing_loads(l, loads);
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
	if (test->kind == SG_EXPR_DYNSET)
		return count == 1 && sg_listing_dynset(l, &loads[0], test);
	for (size_t i = 0; i < count; i++) {
		sg_listing_word(l, i ? ". " : loads[i].name);
		if (i)
			sg_buf_adds(l->out, loads[i].name);
	}
	sg_buf_addc(l->out, ' ');
	if (test->kind == SG_EXPR_LOOKUP)
		return listing_lookup(l, loads, count, test);
	if (count != 1 || test->sreg != loads[0].expr->dreg)
		return false;
	if (test->kind == SG_EXPR_RANGE)
		return test->op == NFT_RANGE_NEQ && !loads[0].swapped &&
		       sg_listing_range(l, &loads[0], test, test->data2, true);
	return test->kind == SG_EXPR_CMP && sg_listing_cmp(l, &loads[0], test);
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
		if (listing_is_load(expr) ? !listing_match(&l)
					  : !listing_flush(&l, l.held_count) || !sg_listing_statement(&l, expr))
			return false;
	}
	if (!listing_flush(&l, l.held_count))
		return false;
	if (!rule->comment)
		return true;
	sg_listing_word(&l, "comment ");
	return sg_listing_quoted(out, rule->comment);
}
