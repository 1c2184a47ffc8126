// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The evaluator. A chain is a function from packets to actions, computed backwards from its last rule:
 *
 *     chain(rules i…) = if match(rule i) then action(rule i) else chain(rules i+1…)
 *
 * where the end of the chain is RETURN. A jump is its target's function with RETURN replaced by what follows the rule;
 * a goto is the target's function as it is. So a chain is evaluated once per hook, however often it is called.
 *
 * An action is a terminal: the place (rule) that decided and the verdict, in one number. What is not understood is a
 * verdict that a level of its own decides: the packets that reach it may be accepted, dropped or rejected. They may
 * also have been changed there, so nothing is said of them any more: later base chains are not asked.
 */
#include "nft/evaluator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netfilter/nf_tables.h>
#include "base/mem.h"
#include "sockgate/proto.h"

/* NFT_JUMP_STACK_SIZE of include/net/netfilter/nf_tables.h: the kernel refuses deeper call chains */
#define MAX_DEPTH 16

uint32_t sg_evaluator_place(struct sg_evaluator *ev, const struct sg_chain *chain, size_t rule)
{
	struct sg_evaluation *out = ev->out;

	if (sg_grow(&out->places, &out->place_room, out->place_count, 1, sizeof(*out->places))) {
		ev->nomem = true;
		return 1;
	}
	out->places[out->place_count++] = (struct sg_place){
		.table = ev->table,
		.chain = chain,
		.rule = chain && rule < chain->rule_count ? &chain->rules[rule] : NULL,
		.rule_index = rule,
	};
	return (uint32_t)out->place_count;
}

struct sg_matcher sg_evaluator_matcher(struct sg_evaluator *ev, const char *where)
{
	return (struct sg_matcher){.idd = ev->idd,
				   .evaluation = ev->out,
				   .table = ev->table,
				   .direction = ev->direction,
				   .within = ev->possible,
				   .asked = SG_IDD_EMPTY,
				   .where = where};
}

struct sg_fate sg_evaluator_unknown(struct sg_evaluator *ev, struct sg_matcher *matcher, uint32_t place,
				    const char *what)
{
	static const sg_u128 last[] = {0, 1, 2};
	const sg_ref actions[] = {sg_idd_terminal(sg_action(place, SG_VERDICT_DROP)),
				  sg_idd_terminal(sg_action(place, SG_ACCEPT_FOR_GOOD)),
				  sg_idd_terminal(sg_action(place, SG_VERDICT_REJECT))};
	size_t level = sg_match_fresh_level(matcher, what, SG_COUNT(actions) - 1);
	struct sg_fate fate = {.actions = SG_IDD_FAILED, .log = SG_IDD_EMPTY};

	if (level != SIZE_MAX)
		fate.actions = sg_idd_node(ev->idd, level, last, actions, SG_COUNT(actions));
	return fate;
}

static struct sg_fate fate_of(uint32_t action)
{
	return (struct sg_fate){.actions = sg_idd_terminal(action), .log = SG_IDD_EMPTY};
}

static struct sg_fate choose(struct sg_idd *idd, sg_ref set, const struct sg_fate *inside,
			     const struct sg_fate *outside)
{
	return (struct sg_fate){.actions = sg_idd_ite(idd, set, inside->actions, outside->actions),
				.log = sg_idd_ite(idd, set, inside->log, outside->log)};
}

/* What the chain does with packets, and `rest` where it ends without a verdict. */
static struct sg_fate jump(struct sg_evaluator *ev, const struct sg_chain *chain, const struct sg_fate *rest,
			   unsigned int depth)
{
	struct sg_fate there = sg_evaluate_chain(ev, chain, depth);
	sg_ref returns = sg_idd_equals(ev->idd, there.actions, SG_RETURN);
	struct sg_fate both = {.actions = sg_idd_overlay(ev->idd, there.actions, rest->actions)};

	both.log = sg_logged_both(ev->idd, there.log, sg_idd_ite(ev->idd, returns, rest->log, SG_IDD_EMPTY));
	if (ev->memo[chain - ev->table->chains].asks)
		both.actions = sg_asked_in_turn(ev->idd, ev->claims.probe, there.actions, rest->actions, returns,
						both.actions);
	return both;
}

/* What a verdict does with the packets that get it; `rest` is what follows the rule. */
static struct sg_fate verdict_fate(struct sg_evaluator *ev, struct sg_matcher *matcher,
				   const struct sg_nft_verdict *verdict, uint32_t place, const struct sg_fate *rest,
				   unsigned int depth)
{
	const struct sg_chain *target;

	switch (verdict->code) {
	case SG_CODE_ACCEPT: return fate_of(sg_action(place, SG_VERDICT_ACCEPT));
	case SG_CODE_DROP: return fate_of(sg_action(place, SG_VERDICT_DROP));
	case SG_CODE_RETURN: return fate_of(SG_RETURN);
	case SG_CODE_CONTINUE:
	case SG_CODE_BREAK: return *rest;
	case SG_CODE_JUMP:
	case SG_CODE_GOTO:
		target = verdict->chain ? sg_table_chain(ev->table, verdict->chain) : NULL;
		if (!target || target->unknown || depth + 1 >= MAX_DEPTH || ev->memo[target - ev->table->chains].busy)
			return sg_evaluator_unknown(ev, matcher, place, "a jump to a chain that cannot be followed");
		if (verdict->code == SG_CODE_GOTO)
			return sg_evaluate_chain(ev, target, depth + 1);
		return jump(ev, target, rest, depth + 1);
	default: return sg_evaluator_unknown(ev, matcher, place, "a verdict that is not understood");
	}
}

static bool same_verdict(const struct sg_nft_verdict *a, const struct sg_nft_verdict *b)
{
	if (a->code != b->code || !a->chain != !b->chain)
		return false;
	return !a->chain || !strcmp(a->chain, b->chain);
}

static int by_verdict(const void *a, const void *b, void *data)
{
	const struct sg_set *set = data;
	const struct sg_nft_verdict *x = &set->verdicts[*(const uint32_t *)a];
	const struct sg_nft_verdict *y = &set->verdicts[*(const uint32_t *)b];

	if (x->code != y->code)
		return x->code < y->code ? -1 : 1;
	return strcmp(x->chain ? x->chain : "", y->chain ? y->chain : "");
}

/* A map at work: what each of its distinct verdicts does, by numbers from 1; 0 is for keys that no element has. */
struct map_fates {
	uint32_t *terminal; /* the number of each element's verdict */
	sg_ref *actions, *log;
	size_t count;
};

static void map_fates_clear(struct map_fates *fates)
{
	free(fates->terminal);
	free(fates->actions);
	free(fates->log);
}

static void map_fates_add(struct map_fates *fates, struct sg_fate fate)
{
	fates->actions[fates->count] = fate.actions;
	fates->log[fates->count++] = fate.log;
}

/* Numbers the distinct verdicts of a map. */
static bool number_verdicts(struct sg_evaluator *ev, struct sg_matcher *matcher, const struct sg_set *set,
			    uint32_t place, const struct sg_fate *rest, unsigned int depth, struct map_fates *fates)
{
	sg_autofree uint32_t *order = malloc((set->count + 1) * sizeof(*order));

	fates->terminal = calloc(set->count + 1, sizeof(*fates->terminal));
	fates->actions = calloc(set->count + 2, sizeof(*fates->actions));
	fates->log = calloc(set->count + 2, sizeof(*fates->log));
	if (!order || !fates->terminal || !fates->actions || !fates->log)
		return false;
	for (size_t i = 0; i < set->count; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, set->count, sizeof(*order), by_verdict, (void *)(uintptr_t)set);
	map_fates_add(fates, set->catch_all ? verdict_fate(ev, matcher, &set->catch_all_verdict, place, rest, depth)
					    : *rest);
	for (size_t i = 0; i < set->count; i++) {
		const struct sg_nft_verdict *verdict = &set->verdicts[order[i]];

		if (i == 0 || !same_verdict(verdict, &set->verdicts[order[i - 1]]))
			map_fates_add(fates, verdict_fate(ev, matcher, verdict, place, rest, depth));
		fates->terminal[order[i]] = (uint32_t)fates->count - 1;
	}
	return true;
}

/* A verdict map: each element's verdict where its key is, `rest` where no element is (the lookup breaks). */
static struct sg_fate map_fate(struct sg_evaluator *ev, struct sg_matcher *matcher, const struct sg_expr *expr,
			       const struct sg_set *set, uint32_t place, const struct sg_fate *rest, unsigned int depth)
{
	sg_cleanup(map_fates_clear) struct map_fates fates = {0};
	bool known = false;
	sg_ref found;

	if (!number_verdicts(ev, matcher, set, place, rest, depth, &fates)) {
		ev->nomem = true;
		return (struct sg_fate){SG_IDD_FAILED, SG_IDD_FAILED};
	}
	found = sg_match_lookup(matcher, expr, set, fates.terminal, &known);
	if (!known)
		return sg_evaluator_unknown(ev, matcher, place, "a lookup that cannot be interpreted");
	return (struct sg_fate){.actions = sg_idd_compose(ev->idd, found, fates.actions, fates.count),
				.log = sg_idd_compose(ev->idd, found, fates.log, fates.count)};
}

/* Sets that do not hold what they held when they were read. */
#define CHANGES (SG_SET_EVAL | SG_SET_TIMEOUT)

static sg_ref set_condition(struct sg_matcher *matcher, const struct sg_expr *expr, const struct sg_set *set)
{
	bool known = false;
	sg_ref inside;

	if (!set || set->unknown || (set->flags & (SG_SET_MAP | CHANGES)))
		return sg_match_fresh(matcher, "a lookup in a set that is not understood");
	inside = set->catch_all ? SG_IDD_FULL : sg_match_lookup(matcher, expr, set, NULL, &known);
	if (!set->catch_all && !known)
		return sg_match_fresh(matcher, "a lookup that cannot be interpreted");
	return expr->inverted ? sg_idd_not(matcher->idd, inside) : inside;
}

/* Where nothing is answered the packet is dropped all the same: only TCP has resets. */
static struct sg_fate reject_fate(struct sg_evaluator *ev, const struct sg_expr *expr, uint32_t place)
{
	const struct sg_fate reject = fate_of(sg_action(place, SG_VERDICT_REJECT));
	const struct sg_fate drop = fate_of(sg_action(place, SG_VERDICT_DROP));

	if (expr->key != NFT_REJECT_TCP_RST)
		return reject;
	return choose(ev->idd, sg_idd_range(ev->idd, SG_FIELD_PROTOCOL, SG_PROTO_TCP, SG_PROTO_TCP), &reject, &drop);
}

/* The verdict of an expression that ends a rule. False: it is not one of those. */
static bool final_fate(struct sg_evaluator *ev, struct sg_matcher *matcher, const struct sg_expr *expr, uint32_t place,
			 const struct sg_fate *rest, unsigned int depth, struct sg_fate *ret)
{
	const struct sg_set *set;
	char what[300];

	switch (expr->kind) {
	case SG_EXPR_VERDICT:
		if (expr->verdict.code == SG_CODE_CONTINUE) /* with the rule's next expression */
			return false;
		*ret = verdict_fate(ev, matcher, &expr->verdict, place, rest, depth);
		return true;
	case SG_EXPR_REJECT: *ret = reject_fate(ev, expr, place); return true;
	case SG_EXPR_UNKNOWN:
		if (sg_match_may_only_break(expr))
			return false;
		snprintf(what, sizeof(what), "expression '%s'", expr->name ? expr->name : "?");
		*ret = sg_evaluator_unknown(ev, matcher, place, what);
		return true;
	case SG_EXPR_LOOKUP:
		if (!expr->is_map)
			return false;
		set = expr->name ? sg_table_set(ev->table, expr->name) : NULL;
		if (!set || set->unknown || (set->flags & CHANGES) || !(set->flags & SG_SET_MAP) ||
		    (set->count && !set->verdicts) || expr->inverted || expr->dreg != SG_REG_VERDICT)
			*ret = sg_evaluator_unknown(ev, matcher, place, "a map that is not understood");
		else
			*ret = map_fate(ev, matcher, expr, set, place, rest, depth);
		return true;
	default: return false;
	}
}

/* Whether the rule can do anything with a packet but count or log it. */
static bool decides(const struct sg_rule *rule)
{
	for (size_t i = 0; i < rule->expr_count; i++) {
		enum sg_expr_kind kind = rule->exprs[i].kind;

		if (kind == SG_EXPR_VERDICT || kind == SG_EXPR_REJECT || kind == SG_EXPR_UNKNOWN ||
		    (kind == SG_EXPR_LOOKUP && rule->exprs[i].is_map))
			return true;
	}
	return false;
}

/* The packets for which the rule goes on behind expression *index, which may take the one behind it with it. */
static sg_ref goes_on_behind(struct sg_evaluator *ev, struct sg_matcher *matcher, const struct sg_chain *chain,
			     const struct sg_rule *rule, size_t *index)
{
	const struct sg_expr *expr = &rule->exprs[*index], *compare;

	switch (expr->kind) {
	case SG_EXPR_META:
	case SG_EXPR_CT:
	case SG_EXPR_PAYLOAD: return sg_match_load(matcher, expr);
	case SG_EXPR_CMP:
	case SG_EXPR_RANGE: return sg_match_compare(matcher, expr);
	case SG_EXPR_BITWISE: sg_match_bitwise(matcher, expr); return SG_IDD_FULL;
	case SG_EXPR_BYTEORDER: sg_match_byteorder(matcher, expr); return SG_IDD_FULL;
	case SG_EXPR_IMMEDIATE: sg_match_immediate(matcher, expr); return SG_IDD_FULL;
	case SG_EXPR_LOOKUP:
		return set_condition(matcher, expr, expr->name ? sg_table_set(ev->table, expr->name) : NULL);
	case SG_EXPR_UNKNOWN: return sg_match_statement(matcher, expr);
	case SG_EXPR_LIMIT:
	case SG_EXPR_CONNLIMIT:
	case SG_EXPR_DYNSET: return sg_match_meter(matcher, &ev->claims, chain, expr);
	case SG_EXPR_SOCKET:
		compare = sg_match_socket_compare(rule, *index);
		*index += compare != NULL;
		return sg_match_socket(matcher, expr, compare);
	default: return SG_IDD_FULL; /* counters and logs decide nothing */
	}
}

/* The packets for which a rule that only logs goes on behind expression *index. Its limits and meters are not those that
 * verdicts hang on; the limit in front of the log is part of the log. */
static sg_ref logs_behind(struct sg_evaluator *ev, struct sg_matcher *matcher, const struct sg_chain *chain,
			  const struct sg_rule *rule, size_t *index)
{
	switch (rule->exprs[*index].kind) {
	case SG_EXPR_LIMIT:
		if (*index + 2 == rule->expr_count)
			return SG_IDD_FULL;
		/* fallthrough */
	case SG_EXPR_CONNLIMIT:
	case SG_EXPR_DYNSET: return sg_match_fresh(matcher, "a log that hangs on a meter");
	default: return goes_on_behind(ev, matcher, chain, rule, index);
	}
}

/* A rule that decides nothing: it logs, or is as if it were not there. */
static struct sg_fate logging_rule(struct sg_evaluator *ev, struct sg_matcher *matcher, const struct sg_chain *chain,
				   const struct sg_rule *rule, const struct sg_fate *rest)
{
	struct sg_fate result = *rest;
	sg_ref log;

	if (!sg_logged_rule(rule))
		return result;
	for (size_t i = 0; i < rule->expr_count && matcher->within != SG_IDD_EMPTY; i++) {
		sg_ref holds = logs_behind(ev, matcher, chain, rule, &i);

		matcher->within = sg_idd_and(ev->idd, matcher->within, holds);
	}
	ev->nomem |= matcher->failed;
	if (matcher->within == SG_IDD_EMPTY)
		return result;
	log = sg_idd_terminal(sg_logged_number(&ev->logged, chain, rule));
	log = sg_idd_ite(ev->idd, matcher->within, log, SG_IDD_EMPTY);
	result.log = sg_logged_both(ev->idd, log, rest->log);
	return result;
}

static struct sg_fate evaluate_rule(struct sg_evaluator *ev, const struct sg_chain *chain, size_t index,
				    const struct sg_fate *rest, unsigned int depth)
{
	const struct sg_rule *rule = &chain->rules[index];
	char where[SG_NFT_NAME_SIZE + 40] = "";
	struct sg_matcher matcher = sg_evaluator_matcher(ev, where);
	uint32_t place = sg_evaluator_place(ev, chain, index);
	struct sg_fate result = *rest, final;

	snprintf(where, sizeof(where), "chain %s, rule %zu", chain->name, index + 1);
	if (!decides(rule))
		return logging_rule(ev, &matcher, chain, rule, rest);
	for (size_t i = 0; i < rule->expr_count; i++) {
		const struct sg_expr *expr = &rule->exprs[i];
		sg_ref holds = SG_IDD_FULL;

		if (matcher.within == SG_IDD_EMPTY) /* nobody gets here: what follows need not be known */
			break;
		if (final_fate(ev, &matcher, expr, place, rest, depth, &final)) {
			/* a map may say "continue": then what follows in the rule would count */
			if (expr->kind == SG_EXPR_LOOKUP && i + 1 < rule->expr_count)
				final = sg_evaluator_unknown(ev, &matcher, place, "a map with expressions behind it");
			result = choose(ev->idd, matcher.within, &final, rest);
			break;
		}
		holds = goes_on_behind(ev, &matcher, chain, rule, &i);
		matcher.within = sg_idd_and(ev->idd, matcher.within, holds);
	}
	ev->nomem |= matcher.failed;
	if (matcher.asked == SG_IDD_EMPTY)
		return result;
	ev->asks = true;
	result.actions = sg_idd_ite(ev->idd, matcher.asked, sg_idd_terminal(SG_ASKED), result.actions);
	return result;
}

struct sg_fate sg_evaluate_chain(struct sg_evaluator *ev, const struct sg_chain *chain, unsigned int depth)
{
	struct sg_chain_memo *memo = &ev->memo[chain - ev->table->chains];
	struct sg_fate fate = fate_of(SG_RETURN);
	bool before = ev->asks;

	if (!memo->done) {
		memo->busy = true;
		ev->asks = false;
		for (size_t i = chain->rule_count; i-- > 0;)
			fate = evaluate_rule(ev, chain, i, &fate, depth);
		memo->busy = false;
		memo->asks = ev->asks;
		memo->fate = fate;
		memo->done = true;
	}
	ev->asks = before || memo->asks;
	return memo->fate;
}
