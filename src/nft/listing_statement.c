/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listing_statement.c - what a rule does.
 */
#include <string.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "nft/listing_rule.h"
#include "sockgate/proto.h"

/* A number of a time that nft has a word for. */
static bool statement_unit(struct sg_buf *out, uint64_t seconds)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = {{1, "second"}, {60, "minute"}, {3600, "hour"}, {86400, "day"}, {604800, "week"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].seconds == seconds) {
			sg_buf_adds(out, units[i].name);
			return true;
		}
	}
	return false;
}

static bool statement_limit(struct sg_buf *out, const struct sg_expr *expr)
{
	if (expr->is_bytes || !expr->burst)
		return false;
	sg_buf_addf(out, "limit rate %s%llu/", expr->inverted ? "over " : "", (unsigned long long)expr->rate);
	if (!statement_unit(out, expr->unit))
		return false;
	sg_buf_addf(out, " burst %u packets", expr->burst);
	return true;
}

static bool statement_connlimit(struct sg_buf *out, const struct sg_expr *expr)
{
	sg_buf_addf(out, "ct count %s%llu", expr->inverted ? "over " : "", (unsigned long long)expr->rate);
	return true;
}

static bool statement_meter(struct sg_buf *out, const struct sg_expr *expr)
{
	switch (expr->kind) {
	case SG_EXPR_LIMIT: return statement_limit(out, expr);
	case SG_EXPR_CONNLIMIT: return statement_connlimit(out, expr);
	default: return false;
	}
}

/* nft reads a `$` in a prefix as a variable of its own. */
static bool statement_log(struct listing *l, const struct sg_expr *expr)
{
	static const char *const levels[] = {"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"};

	sg_listing_word(l, "log");
	if (expr->name) {
		sg_buf_adds(l->out, " prefix ");
		if (!*expr->name || strchr(expr->name, '$') || !sg_listing_quoted(l->out, expr->name))
			return false;
	}
	if (expr->has_group) {
		sg_buf_addf(l->out, " group %u", expr->group);
		return true;
	}
	if (expr->key >= sizeof(levels) / sizeof(levels[0]))
		return false;
	if (expr->key != NFT_LOGLEVEL_WARNING)
		sg_buf_addf(l->out, " level %s", levels[expr->key]);
	return true;
}

static bool statement_reject(struct listing *l, const struct sg_expr *expr)
{
	static const char *const codes[] = {"no-route", "port-unreachable", "host-unreachable", "admin-prohibited"};

	if (expr->key == NFT_REJECT_TCP_RST) {
		sg_listing_word(l, "reject with tcp reset");
		return l->known[PROTOCOL] == SG_PROTO_TCP && !expr->offset;
	}
	if (expr->key != NFT_REJECT_ICMPX_UNREACH || expr->offset >= sizeof(codes) / sizeof(codes[0]) ||
	    l->table->family != NFPROTO_INET)
		return false;
	sg_listing_word(l, "reject");
	/* what `reject` alone means depends on the family */
	if (expr->offset != NFT_REJECT_ICMPX_PORT_UNREACH || l->known[FAMILY] != UNKNOWN) {
		sg_buf_adds(l->out, " with icmpx ");
		sg_buf_adds(l->out, codes[expr->offset]);
	}
	return true;
}

bool sg_listing_statement(struct listing *l, const struct sg_expr *expr)
{
	l->at++;
	switch (expr->kind) {
	case SG_EXPR_COUNTER:
		sg_listing_word(l, "counter");
		sg_buf_addf(l->out, " packets %llu bytes %llu", (unsigned long long)expr->packets,
			    (unsigned long long)expr->bytes);
		return true;
	case SG_EXPR_LIMIT:
	case SG_EXPR_CONNLIMIT: sg_listing_word(l, ""); return statement_meter(l->out, expr);
	case SG_EXPR_LOG: return statement_log(l, expr);
	case SG_EXPR_REJECT: return statement_reject(l, expr);
	case SG_EXPR_VERDICT: sg_listing_word(l, ""); return sg_listing_verdict(l->out, &expr->verdict);
	default: return false;
	}
}

/* The part of an address that stands for the peer. */
static bool dynset_key(struct listing *l, const struct load *load, const struct sg_set *set)
{
	const struct datatype *type = sg_datatype_find(load->type);

	if (load->swapped || load->type != set->key_type || type->length != set->key_length ||
	    (load->expr->kind == SG_EXPR_PAYLOAD && load->expr->length != type->length))
		return false;
	sg_buf_adds(l->out, load->name);
	if (!load->mask)
		return true;
	sg_buf_adds(l->out, " & ");
	return load->mask->data_length == type->length &&
	       (load->type == DATATYPE_IPV4_ADDR || load->type == DATATYPE_IPV6_ADDR) &&
	       sg_listing_value(l->out, load->type, load->mask->data, NULL);
}

bool sg_listing_dynset(struct listing *l, const struct load *load, const struct sg_expr *expr)
{
	const struct sg_set *set = sg_table_set(l->table, expr->name);

	if (!set || expr->sreg != load->expr->dreg || expr->inner_count > 1)
		return false;
	sg_listing_word(l, expr->op == NFT_DYNSET_OP_UPDATE ? "update @" : "add @");
	if (!sg_listing_name(l->out, set->name))
		return false;
	sg_buf_adds(l->out, " { ");
	if (!dynset_key(l, load, set))
		return false;
	if (expr->timeout) {
		sg_buf_adds(l->out, " timeout ");
		sg_listing_time(l->out, expr->timeout);
	}
	if (expr->inner_count) {
		sg_buf_addc(l->out, ' ');
		if (!statement_meter(l->out, &expr->inner[0]))
			return false;
	}
	sg_buf_adds(l->out, " }");
	return true;
}
