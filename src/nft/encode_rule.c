/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * encode_rule.c - rules as messages.
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

/* Gives the rule its chain, user data and expressions; -1: no memory. */
static int encode_rule_members(struct nftnl_rule *r, const struct sg_rule *rule, const struct encode_udata *udata)
{
	if (udata->size && nftnl_rule_set_data(r, NFTNL_RULE_USERDATA, udata->bytes, (uint32_t)udata->size) < 0)
		return -1;
	for (size_t i = 0; i < rule->expr_count; i++) {
		struct nftnl_expr *e = sg_encode_expr(&rule->exprs[i]);

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
		if (!sg_encode_expr_valid(wire, &rule->exprs[i]))
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
