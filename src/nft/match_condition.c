// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Meters and owners of sockets, as the conditions of sockgate/condition.h.
 *
 * A meter is a state: two expressions with the same words count apart, and a limit that stands in two rules is twice
 * the limit. So an expression becomes the level of a condition by its chain's name and its numbers, and only one
 * expression of the table does for each kind of packet; any other is like nothing else. Which of two alike expressions
 * is meant by which line of a policy is only a matter of naming.
 *
 * Per peer the element must be the peer's address and nothing else, and the set must be the meter's alone: large enough
 * that it refuses nobody else, and with elements that stay until their bucket is full again (an element that comes anew
 * begins with a full one), or as long as their connections do. And who is in it already must count like those to come.
 */
#include "nft/match_condition.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netfilter/nf_tables.h>
#include "base/mem.h"
#include "sockgate/condition.h"

#define METER_SIZE_LEAST 65536U

/* ------------------------------------------------------------------ claims */

/* The chains that packets can get to, found from the base chains on. Former rules that nothing leads to any more may
 * still name the sets of those that took their place. */
struct reach {
	const struct sg_table *table;
	bool *reached;
	size_t *chains; /* those that were reached, in that order */
	size_t count;
};

static void reach_chain(struct reach *reach, const struct sg_chain *chain)
{
	size_t index;

	if (!chain)
		return;
	index = (size_t)(chain - reach->table->chains);
	if (reach->reached[index])
		return;
	reach->reached[index] = true;
	reach->chains[reach->count++] = index;
}

static void reach_verdict(struct reach *reach, const struct sg_nft_verdict *verdict)
{
	if (verdict->chain)
		reach_chain(reach, sg_table_chain(reach->table, verdict->chain));
}

static void reach_expr(struct reach *reach, struct sg_claims *claims, const struct sg_expr *expr)
{
	const struct sg_set *set = NULL;

	reach_verdict(reach, &expr->verdict);
	if (expr->kind == SG_EXPR_LOOKUP || expr->kind == SG_EXPR_DYNSET)
		set = expr->name ? sg_table_set(reach->table, expr->name) : NULL;
	if (!set)
		return;
	claims->set_uses[set - reach->table->sets]++;
	for (size_t i = 0; set->verdicts && i < set->count; i++)
		reach_verdict(reach, &set->verdicts[i]);
	if (set->catch_all)
		reach_verdict(reach, &set->catch_all_verdict);
}

static void reach_all(struct reach *reach, struct sg_claims *claims)
{
	for (size_t i = 0; i < reach->table->chain_count; i++)
		if (reach->table->chains[i].is_base)
			reach_chain(reach, &reach->table->chains[i]);
	for (size_t next = 0; next < reach->count; next++) {
		const struct sg_chain *chain = &reach->table->chains[reach->chains[next]];

		for (size_t r = 0; r < chain->rule_count; r++)
			for (size_t e = 0; e < chain->rules[r].expr_count; e++)
				reach_expr(reach, claims, &chain->rules[r].exprs[e]);
	}
}

int sg_claims_make(struct sg_claims *claims, const struct sg_table *table)
{
	sg_autofree bool *reached = calloc(table->chain_count + 1, sizeof(*reached));
	sg_autofree size_t *chains = calloc(table->chain_count + 1, sizeof(*chains));
	struct reach reach = {.table = table, .reached = reached, .chains = chains};

	claims->set_uses = calloc(table->set_count + 1, sizeof(*claims->set_uses));
	if (!claims->set_uses || !reached || !chains)
		return -1;
	reach_all(&reach, claims);
	return 0;
}

void sg_claims_clear(struct sg_claims *claims)
{
	free(claims->items);
	free(claims->set_uses);
	*claims = (struct sg_claims){0};
}

/* Whether the level may stand for this expression: no other has it for the same packets. */
static bool claim(struct sg_matcher *matcher, struct sg_claims *claims, const struct sg_claim *item)
{
	for (size_t i = 0; i < claims->count; i++) {
		const struct sg_claim *other = &claims->items[i];

		if (other->level == item->level && other->expr == item->expr)
			return true;
		if (other->level == item->level && (other->families & item->families))
			return false;
	}
	claims->probe = sg_condition_probe(matcher->idd);
	if (claims->probe == SIZE_MAX ||
	    sg_grow(&claims->items, &claims->room, claims->count, 1, sizeof(*claims->items))) {
		matcher->failed = true;
		return false;
	}
	claims->items[claims->count++] = *item;
	return true;
}

/* ------------------------------------------------------------------ meters */

#define BOTH_FAMILIES (1U << SG_IPV4 | 1U << SG_IPV6)

/* The chain's name without the number of a version: limit_tcp_22.3 is limit_tcp_22. False: no name for a condition. */
static bool meter_name(const struct sg_chain *chain, char name[SG_CONDITION_NAME_SIZE])
{
	const char *dot = strrchr(chain->name, '.');
	size_t length = strlen(chain->name);

	if (dot && dot[1] && strspn(dot + 1, "0123456789") == strlen(dot + 1))
		length = (size_t)(dot - chain->name);
	if (length >= SG_CONDITION_NAME_SIZE)
		return false;
	memcpy(name, chain->name, length);
	return true;
}

/* What the expression counts. False: not in a way that a condition has. */
static bool meter_numbers(const struct sg_expr *expr, struct sg_condition *condition)
{
	if (expr->inverted || expr->is_bytes || !expr->rate || expr->rate > UINT32_MAX)
		return false;
	if (expr->kind == SG_EXPR_CONNLIMIT) {
		condition->connections = (uint32_t)expr->rate;
		return true;
	}
	if (expr->kind != SG_EXPR_LIMIT || expr->burst != expr->rate || !expr->unit || expr->unit > UINT32_MAX)
		return false;
	condition->limit = (uint32_t)expr->rate;
	condition->limit_seconds = (uint32_t)expr->unit;
	return true;
}

/* Whether the register holds the peer's address: that of IPv4, or of IPv6 the first half. */
static bool is_peer(const struct sg_matcher *matcher, const struct sg_value *value, enum sg_family family)
{
	static const uint8_t site[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t zero[16];
	bool out = matcher->direction == SG_OUT;

	if (value->source != SG_SOURCE_NETWORK)
		return false;
	if (family == SG_IPV4)
		return value->offset == (out ? 16 : 12) && value->length == 4 && !value->masked;
	return value->offset == (out ? 24 : 8) && value->length == 16 && value->masked &&
	       !memcmp(value->mask, site, sizeof(site)) && !memcmp(value->xored, zero, sizeof(zero));
}

/* Whether those who are in the set count as the expression says, and not as somebody did who put them in. */
static bool counts_alike(const struct sg_set *set, const struct sg_expr *inner)
{
	return !set->carried_odd && (!set->carried || sg_expr_equal(set->carried, inner));
}

/* Whether the set is the expression's alone, and does not forget or refuse what the condition does not. */
static bool set_serves(const struct sg_claims *claims, const struct sg_table *table, const struct sg_set *set,
		       const struct sg_condition *condition, enum sg_family family)
{
	uint32_t flags = condition->limit ? SG_SET_EVAL | SG_SET_TIMEOUT : SG_SET_EVAL;

	return !set->unknown && set->flags == flags && claims->set_uses[set - table->sets] == 1 &&
	       set->size >= METER_SIZE_LEAST && set->key_length == (family == SG_IPV4 ? 4 : 16) &&
	       set->timeout >= condition->limit_seconds * UINT64_C(1000) && !set->timeout == !condition->limit;
}

/* A dynset as a condition, and which family's packets it may count. */
static bool meter_of_peers(struct sg_matcher *matcher, const struct sg_claims *claims, const struct sg_expr *expr,
			   struct sg_condition *condition, unsigned int *ret_families)
{
	const struct sg_set *set = expr->name ? sg_table_set(matcher->table, expr->name) : NULL;
	sg_ref ipv4 = sg_idd_range(matcher->idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4);
	enum sg_family family = SG_IPV4;

	if (!set || expr->inverted || expr->timeout || expr->inner_count != 1 || expr->sreg >= SG_NFT_REGISTERS ||
	    !meter_numbers(&expr->inner[0], condition))
		return false;
	if (sg_idd_disjoint(matcher->idd, matcher->within, ipv4))
		family = SG_IPV6;
	else if (!sg_idd_subset(matcher->idd, matcher->within, ipv4))
		return false;
	/* an update lets the element live on with each packet; with connections it lives as long as they do */
	if (expr->op != (condition->limit ? NFT_DYNSET_OP_UPDATE : NFT_DYNSET_OP_ADD))
		return false;
	condition->limit_per_peer = condition->limit != 0;
	condition->connections_per_peer = condition->connections != 0;
	*ret_families = 1U << family;
	return is_peer(matcher, &matcher->registers[expr->sreg], family) &&
	       set_serves(claims, matcher->table, set, condition, family) && counts_alike(set, &expr->inner[0]);
}

static const char *meter_kind(const struct sg_matcher *matcher, const struct sg_expr *expr)
{
	const struct sg_set *set;

	switch (expr->kind) {
	case SG_EXPR_LIMIT: return "expression 'limit'";
	case SG_EXPR_CONNLIMIT: return "expression 'ct count'";
	default: break;
	}
	set = expr->name ? sg_table_set(matcher->table, expr->name) : NULL;
	if (set && expr->inner_count == 1 && !counts_alike(set, &expr->inner[0]))
		return "a dynamic set with elements that count otherwise";
	return "a dynamic set";
}

sg_ref sg_match_meter(struct sg_matcher *matcher, struct sg_claims *claims, const struct sg_chain *chain,
		      const struct sg_expr *expr)
{
	struct sg_condition condition = {.kind = SG_CONDITION_METER};
	struct sg_claim item = {.level = SIZE_MAX, .chain = chain, .expr = expr, .families = BOTH_FAMILIES};
	bool known = meter_name(chain, condition.name);
	sg_ref asks;

	if (known && expr->kind == SG_EXPR_DYNSET)
		known = meter_of_peers(matcher, claims, expr, &condition, &item.families);
	else if (known)
		known = meter_numbers(expr, &condition);
	if (!known) {
		item.families = 0;
		claim(matcher, claims, &item);
		return matcher->failed ? SG_IDD_FAILED : sg_match_fresh(matcher, meter_kind(matcher, expr));
	}
	item.level = sg_condition_level(matcher->idd, &condition);
	if (item.level == SIZE_MAX) {
		matcher->failed = true;
		return SG_IDD_FAILED;
	}
	if (!claim(matcher, claims, &item))
		return matcher->failed ? SG_IDD_FAILED : sg_match_fresh(matcher, meter_kind(matcher, expr));
	asks = sg_idd_and(matcher->idd, matcher->within,
			  sg_idd_range(matcher->idd, claims->probe, item.level, item.level));
	matcher->asked = sg_idd_or(matcher->idd, matcher->asked, asks);
	return sg_idd_range(matcher->idd, item.level, 1, 1);
}

/* ------------------------------------------------------------------ sockets */

const struct sg_expr *sg_match_socket_compare(const struct sg_rule *rule, size_t index)
{
	const struct sg_expr *socket = &rule->exprs[index], *compare = socket + 1;

	if (index + 1 >= rule->expr_count || socket->key != NFT_SOCKET_CGROUPV2 || compare->kind != SG_EXPR_CMP ||
	    compare->op != NFT_CMP_EQ || compare->sreg != socket->dreg || compare->data_length != sizeof(uint64_t))
		return NULL;
	return compare;
}

sg_ref sg_match_socket(struct sg_matcher *matcher, const struct sg_expr *expr, const struct sg_expr *compare)
{
	struct sg_condition condition = {.kind = SG_CONDITION_SOCKET, .depth = expr->base};

	sg_match_forget(matcher, expr->dreg, sizeof(condition.cgroup));
	if (compare)
		memcpy(&condition.cgroup, compare->data, sizeof(condition.cgroup)); /* in host byte order */
	if (!condition.cgroup || !condition.depth)
		return sg_match_fresh(matcher, "expression 'socket'");
	return sg_condition_set(matcher->idd, &condition, true);
}

/* ------------------------------------------------------------------ statements */

static bool is_named(const struct sg_expr *expr, const char *name)
{
	return expr->name && !strcmp(expr->name, name);
}

bool sg_match_may_only_break(const struct sg_expr *expr)
{
	return is_named(expr, "limit") || is_named(expr, "quota") || is_named(expr, "log") || is_named(expr, "last");
}

sg_ref sg_match_statement(struct sg_matcher *matcher, const struct sg_expr *expr)
{
	char what[40];

	if (is_named(expr, "log") || is_named(expr, "last"))
		return SG_IDD_FULL;
	snprintf(what, sizeof(what), "expression '%s'", expr->name);
	return sg_match_fresh(matcher, what);
}
