/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decode_rule.c - rules.
 */
#include <string.h>
#include <linux/netfilter/nf_tables.h>
#include <libnftnl/udata.h>

#include "base/mem.h"
#include "nft/decode_read.h"

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

/* An attribute of the rule is not understood: what the rule does is not, then. */
static int decode_rule_odd(struct sg_rule *rule, struct sg_error *err)
{
	struct sg_expr *odd = sg_rule_add_expr(rule, SG_EXPR_UNKNOWN, err);

	if (!odd)
		return -1;
	odd->name = strdup("rule");
	odd->reason = strdup("an attribute of it is not understood");
	return odd->name && odd->reason ? 0 : sg_error_nomem(err);
}

static int decode_rule_expr(struct sg_table *table, struct sg_rule *rule, const struct attr *nest, struct sg_error *err)
{
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_UNKNOWN, err);
	bool nothing;

	if (!expr || sg_decode_expr(table, nest, false, expr, &nothing, err) < 0)
		return -1;
	if (nothing)
		sg_expr_clear(&rule->exprs[--rule->expr_count]);
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
	if (attrs->unknown && decode_rule_odd(rule, err) < 0)
		return -1;
	while (sg_attr_next(&list, &expr)) {
		if (expr.type != NFTA_LIST_ELEM)
			return sg_decode_malformed("something else than an expression in the list", err);
		if (decode_rule_expr(table, rule, &expr, err) < 0)
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
