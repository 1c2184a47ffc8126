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
#include "sockgate/evaluate.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include "base/mem.h"
#include "nft/asked.h"
#include "sockgate/proto.h"

/* NFT_JUMP_STACK_SIZE of include/net/netfilter/nf_tables.h: the kernel refuses deeper call chains */
#define MAX_DEPTH 16

#define RETURN 0U /* the terminal of "the chain ended without a verdict" */

/* Accepted for all hooks to come, where it is not known what was accepted. Stands in the place of SG_VERDICT_NONE. */
#define ACCEPT_FOR_GOOD SG_VERDICT_NONE

struct chain_memo {
	sg_ref actions;
	bool done, busy; /* busy: being evaluated; the kernel has no loops, a made-up table may */
	bool asks;       /* a meter, itself or by a chain that it leads to */
};

struct evaluator {
	struct sg_idd *idd;
	const struct sg_table *table;
	struct sg_evaluation *out;
	enum sg_direction direction;
	sg_ref possible;         /* what can be true of the direction's connections */
	struct chain_memo *memo; /* one per chain of the table */
	struct sg_claims claims;
	bool asks; /* the chain that is evaluated, as far as it is known */
	bool nomem;
};

static sg_ref evaluate_chain(struct evaluator *ev, const struct sg_chain *chain, unsigned int depth);

static uint32_t action(uint32_t place, enum sg_verdict verdict)
{
	return place * 4 + (uint32_t)verdict;
}

/* The number (from 1) of a place, made when it is new. */
static uint32_t add_place(struct evaluator *ev, const struct sg_chain *chain, size_t rule)
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

static struct sg_matcher matcher_at(struct evaluator *ev, const char *where)
{
	return (struct sg_matcher){.idd = ev->idd,
				   .evaluation = ev->out,
				   .table = ev->table,
				   .direction = ev->direction,
				   .within = ev->possible,
				   .asked = SG_IDD_EMPTY,
				   .where = where};
}

/* A verdict that nobody here knows. */
static sg_ref unknown_action(struct evaluator *ev, struct sg_matcher *matcher, uint32_t place, const char *what)
{
	static const sg_u128 last[] = {0, 1, 2};
	const sg_ref actions[] = {sg_idd_terminal(action(place, SG_VERDICT_DROP)),
				  sg_idd_terminal(action(place, ACCEPT_FOR_GOOD)),
				  sg_idd_terminal(action(place, SG_VERDICT_REJECT))};
	size_t level = sg_match_fresh_level(matcher, what, SG_COUNT(actions) - 1);

	return level == SIZE_MAX ? SG_IDD_FAILED : sg_idd_node(ev->idd, level, last, actions, SG_COUNT(actions));
}

/* What the chain does with packets, and `rest` where it ends without a verdict. */
static sg_ref jump(struct evaluator *ev, const struct sg_chain *chain, sg_ref rest, unsigned int depth)
{
	sg_ref there = evaluate_chain(ev, chain, depth), both = sg_idd_overlay(ev->idd, there, rest);

	if (!ev->memo[chain - ev->table->chains].asks)
		return both;
	return sg_asked_in_turn(ev->idd, ev->claims.probe, there, rest, sg_idd_equals(ev->idd, there, RETURN), both);
}

/* What a verdict does with the packets that get it; `rest` is what follows the rule. */
static sg_ref verdict_action(struct evaluator *ev, struct sg_matcher *matcher, const struct sg_nft_verdict *verdict,
			     uint32_t place, sg_ref rest, unsigned int depth)
{
	const struct sg_chain *target;

	switch (verdict->code) {
	case SG_CODE_ACCEPT: return sg_idd_terminal(action(place, SG_VERDICT_ACCEPT));
	case SG_CODE_DROP: return sg_idd_terminal(action(place, SG_VERDICT_DROP));
	case SG_CODE_RETURN: return sg_idd_terminal(RETURN);
	case SG_CODE_CONTINUE:
	case SG_CODE_BREAK: return rest;
	case SG_CODE_JUMP:
	case SG_CODE_GOTO:
		target = verdict->chain ? sg_table_chain(ev->table, verdict->chain) : NULL;
		if (!target || target->unknown || depth + 1 >= MAX_DEPTH || ev->memo[target - ev->table->chains].busy)
			return unknown_action(ev, matcher, place, "a jump to a chain that cannot be followed");
		if (verdict->code == SG_CODE_GOTO)
			return evaluate_chain(ev, target, depth + 1);
		return jump(ev, target, rest, depth + 1);
	default: return unknown_action(ev, matcher, place, "a verdict that is not understood");
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

/* Numbers the distinct verdicts of a map from 1: terminal[element], and in table[] what each of them does. */
static bool number_verdicts(struct evaluator *ev, struct sg_matcher *matcher, const struct sg_set *set, uint32_t place,
			    sg_ref rest, unsigned int depth, uint32_t *terminal, sg_ref *table, size_t *ret_count)
{
	sg_autofree uint32_t *order = malloc((set->count + 1) * sizeof(*order));
	uint32_t count = 0;

	if (!order)
		return false;
	for (size_t i = 0; i < set->count; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, set->count, sizeof(*order), by_verdict, (void *)(uintptr_t)set);
	for (size_t i = 0; i < set->count; i++) {
		if (i == 0 || !same_verdict(&set->verdicts[order[i]], &set->verdicts[order[i - 1]]))
			table[++count] = verdict_action(ev, matcher, &set->verdicts[order[i]], place, rest, depth);
		terminal[order[i]] = count;
	}
	*ret_count = count + 1;
	return true;
}

/* A verdict map: each element's verdict where its key is, `rest` where no element is (the lookup breaks). */
static sg_ref map_action(struct evaluator *ev, struct sg_matcher *matcher, const struct sg_expr *expr,
			 const struct sg_set *set, uint32_t place, sg_ref rest, unsigned int depth)
{
	sg_autofree uint32_t *terminal = calloc(set->count + 1, sizeof(*terminal));
	sg_autofree sg_ref *table = calloc(set->count + 2, sizeof(*table));
	sg_ref found;
	size_t count = 0;
	bool known = false;

	if (!terminal || !table || !number_verdicts(ev, matcher, set, place, rest, depth, terminal, table, &count)) {
		ev->nomem = true;
		return SG_IDD_FAILED;
	}
	table[0] = rest;
	if (set->catch_all)
		table[0] = verdict_action(ev, matcher, &set->catch_all_verdict, place, rest, depth);
	found = sg_match_lookup(matcher, expr, set, terminal, &known);
	if (!known)
		return unknown_action(ev, matcher, place, "a lookup that cannot be interpreted");
	return sg_idd_compose(ev->idd, found, table, count);
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
static sg_ref reject_action(struct evaluator *ev, const struct sg_expr *expr, uint32_t place)
{
	sg_ref reject = sg_idd_terminal(action(place, SG_VERDICT_REJECT));

	if (expr->key != NFT_REJECT_TCP_RST)
		return reject;
	return sg_idd_ite(ev->idd, sg_idd_range(ev->idd, SG_FIELD_PROTOCOL, SG_PROTO_TCP, SG_PROTO_TCP), reject,
			  sg_idd_terminal(action(place, SG_VERDICT_DROP)));
}

/* The verdict of an expression that ends a rule. False: it is not one of those. */
static bool final_action(struct evaluator *ev, struct sg_matcher *matcher, const struct sg_expr *expr, uint32_t place,
			 sg_ref rest, unsigned int depth, sg_ref *ret)
{
	const struct sg_set *set;
	char what[300];

	switch (expr->kind) {
	case SG_EXPR_VERDICT:
		if (expr->verdict.code == SG_CODE_CONTINUE) /* with the rule's next expression */
			return false;
		*ret = verdict_action(ev, matcher, &expr->verdict, place, rest, depth);
		return true;
	case SG_EXPR_REJECT: *ret = reject_action(ev, expr, place); return true;
	case SG_EXPR_UNKNOWN:
		if (sg_match_may_only_break(expr))
			return false;
		snprintf(what, sizeof(what), "expression '%s'", expr->name ? expr->name : "?");
		*ret = unknown_action(ev, matcher, place, what);
		return true;
	case SG_EXPR_LOOKUP:
		if (!expr->is_map)
			return false;
		set = expr->name ? sg_table_set(ev->table, expr->name) : NULL;
		if (!set || set->unknown || (set->flags & CHANGES) || !(set->flags & SG_SET_MAP) ||
		    (set->count && !set->verdicts) || expr->inverted || expr->dreg != SG_REG_VERDICT)
			*ret = unknown_action(ev, matcher, place, "a map that is not understood");
		else
			*ret = map_action(ev, matcher, expr, set, place, rest, depth);
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
static sg_ref goes_on_behind(struct evaluator *ev, struct sg_matcher *matcher, const struct sg_chain *chain,
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

static sg_ref evaluate_rule(struct evaluator *ev, const struct sg_chain *chain, size_t index, sg_ref rest,
			    unsigned int depth)
{
	const struct sg_rule *rule = &chain->rules[index];
	char where[SG_NFT_NAME_SIZE + 40] = "";
	struct sg_matcher matcher = matcher_at(ev, where);
	uint32_t place = add_place(ev, chain, index);
	sg_ref result = rest, final;

	if (!decides(rule))
		return rest;
	snprintf(where, sizeof(where), "chain %s, rule %zu", chain->name, index + 1);
	for (size_t i = 0; i < rule->expr_count; i++) {
		const struct sg_expr *expr = &rule->exprs[i];
		sg_ref holds = SG_IDD_FULL;

		if (matcher.within == SG_IDD_EMPTY) /* nobody gets here: what follows need not be known */
			break;
		if (final_action(ev, &matcher, expr, place, rest, depth, &final)) {
			/* a map may say "continue": then what follows in the rule would count */
			if (expr->kind == SG_EXPR_LOOKUP && i + 1 < rule->expr_count)
				final = unknown_action(ev, &matcher, place, "a map with expressions behind it");
			result = sg_idd_ite(ev->idd, matcher.within, final, rest);
			break;
		}
		holds = goes_on_behind(ev, &matcher, chain, rule, &i);
		matcher.within = sg_idd_and(ev->idd, matcher.within, holds);
	}
	ev->nomem |= matcher.failed;
	if (matcher.asked == SG_IDD_EMPTY)
		return result;
	ev->asks = true;
	return sg_idd_ite(ev->idd, matcher.asked, sg_idd_terminal(SG_ASKED), result);
}

static sg_ref evaluate_chain(struct evaluator *ev, const struct sg_chain *chain, unsigned int depth)
{
	struct chain_memo *memo = &ev->memo[chain - ev->table->chains];
	sg_ref actions = sg_idd_terminal(RETURN);
	bool before = ev->asks;

	if (!memo->done) {
		memo->busy = true;
		ev->asks = false;
		for (size_t i = chain->rule_count; i-- > 0;)
			actions = evaluate_rule(ev, chain, i, actions, depth);
		memo->busy = false;
		memo->asks = ev->asks;
		memo->actions = actions;
		memo->done = true;
	}
	ev->asks = before || memo->asks;
	return memo->actions;
}

/* ------------------------------------------------------------------ hooks */

static int by_priority(const void *a, const void *b)
{
	const struct sg_chain *x = *(const struct sg_chain *const *)a, *y = *(const struct sg_chain *const *)b;

	return x->priority < y->priority ? -1 : x->priority > y->priority;
}

/* Base chains of a hook in the order in which packets meet them. Accepting in one leads to the next. */
static size_t hooked(const struct sg_table *table, uint32_t hook, const struct sg_chain **ret)
{
	size_t count = 0;

	for (size_t i = 0; i < table->chain_count; i++)
		if (table->chains[i].is_base && table->chains[i].hook == hook)
			ret[count++] = &table->chains[i];
	qsort(ret, count, sizeof(*ret), by_priority);
	return count;
}

/* A base chain that judges packets in a way that is not followed here: every verdict of the direction is unknown. */
static bool strange(const struct sg_table *table, const struct sg_chain *chain)
{
	bool hook_known =
		chain->hook == NF_INET_LOCAL_IN || chain->hook == NF_INET_FORWARD || chain->hook == NF_INET_LOCAL_OUT;

	if (!chain->is_base)
		return false;
	return chain->unknown || table->unknown || !hook_known || chain->device || !chain->type ||
	       strcmp(chain->type, "filter") != 0 || table->family == NFPROTO_NETDEV || table->family == NFPROTO_BRIDGE;
}

static sg_ref evaluate_base(struct evaluator *ev, const struct sg_chain *chain)
{
	uint32_t place = add_place(ev, chain, chain->rule_count);
	enum sg_verdict policy = chain->policy == NF_DROP ? SG_VERDICT_DROP : SG_VERDICT_ACCEPT;

	return sg_idd_overlay(ev->idd, evaluate_chain(ev, chain, 0), sg_idd_terminal(action(place, policy)));
}

/* Replaces each action by what `of` says of its number; actions beyond the last place stay. */
static sg_ref map_actions(struct evaluator *ev, sg_ref actions, uint32_t (*of)(uint32_t action))
{
	size_t count = (ev->out->place_count + 1) * 4;
	sg_autofree uint32_t *table = calloc(count, sizeof(*table));

	if (!table) {
		ev->nomem = true;
		return SG_IDD_FAILED;
	}
	for (size_t i = 0; i < count; i++)
		table[i] = of((uint32_t)i);
	return sg_idd_map(ev->idd, actions, table, count);
}

static uint32_t accepts(uint32_t action)
{
	return action % 4 == SG_VERDICT_ACCEPT;
}

static uint32_t verdict_of(uint32_t action)
{
	if (action == SG_ASKED || action == SG_ASKED_TWICE)
		return SG_ASKED_SEEN(action);
	if (action / 4 && action % 4 == ACCEPT_FOR_GOOD)
		return SG_VERDICT_ACCEPT;
	return action % 4;
}

static uint32_t place_of(uint32_t action)
{
	return action / 4;
}

/* `second` is asked where `first` accepts. */
static sg_ref in_sequence(struct evaluator *ev, sg_ref first, sg_ref second)
{
	sg_ref goes_on = map_actions(ev, first, accepts), both = sg_idd_ite(ev->idd, goes_on, second, first);

	if (!ev->claims.count)
		return both;
	return sg_asked_in_turn(ev->idd, ev->claims.probe, first, second, goes_on, both);
}

/*
 * Chains of one priority: which is asked first is not to be seen in the rules (it was the newer one's right in some
 * kernels, and the older one's in others). Of two that refuse a packet the first decides how.
 */
static sg_ref in_any_order(struct evaluator *ev, struct sg_matcher *matcher, sg_ref a, sg_ref b)
{
	sg_ref ab = in_sequence(ev, a, b), ba = in_sequence(ev, b, a);

	if (map_actions(ev, ab, verdict_of) == map_actions(ev, ba, verdict_of))
		return ab;
	return sg_idd_ite(ev->idd, sg_match_fresh(matcher, "which of the chains of one priority comes first"), ab, ba);
}

static sg_ref families_of(struct evaluator *ev)
{
	switch (ev->table->family) {
	case NFPROTO_IPV4: return sg_idd_range(ev->idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4);
	case NFPROTO_IPV6: return sg_idd_range(ev->idd, SG_FIELD_FAMILY, SG_IPV6, SG_IPV6);
	case NFPROTO_ARP: return SG_IDD_EMPTY;
	default: return SG_IDD_FULL;
	}
}

/* All base chains of the hook; `accept` is what there is without any. */
static sg_ref evaluate_hook(struct evaluator *ev, uint32_t hook, sg_ref accept)
{
	sg_autofree const struct sg_chain **chains = calloc(ev->table->chain_count + 1, sizeof(*chains));
	sg_ref result = accept, equals = accept;
	size_t count;

	if (!chains) {
		ev->nomem = true;
		return SG_IDD_FAILED;
	}
	count = hooked(ev->table, hook, chains);
	for (size_t i = 0; i < count; i++) {
		sg_ref actions = evaluate_base(ev, chains[i]);

		if (i > 0 && chains[i]->priority == chains[i - 1]->priority) {
			struct sg_matcher matcher = matcher_at(ev, chains[i]->name);

			equals = in_any_order(ev, &matcher, equals, actions);
			ev->nomem |= matcher.failed;
			continue;
		}
		result = in_sequence(ev, result, equals);
		equals = actions;
	}
	return in_sequence(ev, result, equals);
}

static sg_ref evaluate_direction(struct evaluator *ev, enum sg_direction direction)
{
	static const uint32_t hooks[] = {
		[SG_IN] = NF_INET_LOCAL_IN,
		[SG_FORWARD] = NF_INET_FORWARD,
		[SG_OUT] = NF_INET_LOCAL_OUT,
		[SG_PUBLISHED] = NF_INET_FORWARD,
	};
	const struct sg_table *table = ev->table;
	uint32_t nobody = add_place(ev, NULL, 0);
	sg_ref accept = sg_idd_terminal(action(nobody, SG_VERDICT_ACCEPT)), actions;
	struct sg_matcher matcher;

	if (table->flags & NFT_TABLE_F_DORMANT)
		return accept;
	ev->direction = direction;
	ev->possible = SG_IDD_FULL;
	memset(ev->memo, 0, table->chain_count * sizeof(*ev->memo));
	for (size_t i = 0; i < table->chain_count; i++) {
		sg_ref odd;

		if (!strange(table, &table->chains[i]))
			continue;
		matcher = matcher_at(ev, table->chains[i].name);
		odd = unknown_action(ev, &matcher, nobody, "a base chain that is not understood");
		ev->nomem |= matcher.failed;
		return odd;
	}
	matcher = matcher_at(ev, "the forward hook");
	ev->possible = sg_match_possible(&matcher);
	actions = evaluate_hook(ev, hooks[direction], accept);
	actions = sg_match_only_possible(&matcher, ev->possible, actions);
	ev->nomem |= matcher.failed;
	return sg_idd_ite(ev->idd, families_of(ev), actions, accept);
}

/* Without what evaluate_rule noted of meters, and with an unknown for those that do not count as they should. */
static sg_ref judge_meters(struct evaluator *ev, sg_ref actions)
{
	struct sg_matcher matcher = matcher_at(ev, NULL);

	if (ev->claims.count)
		actions = sg_asked_settle(&matcher, &ev->claims, map_actions(ev, actions, verdict_of), actions);
	ev->nomem |= matcher.failed;
	return actions;
}

/* Splits actions into verdicts and places. */
static void split_actions(struct evaluator *ev, sg_ref actions, struct sg_decision *ret)
{
	ret->verdict = map_actions(ev, actions, verdict_of);
	ret->origin = map_actions(ev, actions, place_of);
}

int sg_evaluate(struct sg_idd *idd, const struct sg_table *table, struct sg_evaluation *ret, struct sg_error *err)
{
	struct sg_evaluation evaluation = {.decision = {.idd = idd}};
	struct evaluator ev = {.idd = idd, .table = table, .out = &evaluation};
	sg_ref actions = sg_idd_terminal(0);

	ev.memo = calloc(table->chain_count + 1, sizeof(*ev.memo));
	if (!ev.memo || sg_claims_make(&ev.claims, table)) {
		free(ev.memo);
		sg_claims_clear(&ev.claims);
		return sg_error_nomem(err);
	}
	for (unsigned int direction = SG_IN; direction < SG_DIRECTIONS; direction++) {
		sg_ref here = sg_idd_range(idd, SG_FIELD_DIRECTION, direction, direction);

		actions = sg_idd_ite(idd, here, evaluate_direction(&ev, (enum sg_direction)direction), actions);
	}
	actions = sg_idd_ite(idd, sg_packet_universe(idd), actions, sg_idd_terminal(0));
	split_actions(&ev, judge_meters(&ev, actions), &evaluation.decision);
	free(ev.memo);
	sg_claims_clear(&ev.claims);
	if (ev.nomem)
		sg_error_nomem(err);
	if (ev.nomem || sg_idd_check(idd, evaluation.decision.verdict, err) ||
	    sg_idd_check(idd, evaluation.decision.origin, err)) {
		sg_evaluation_clear(&evaluation);
		return -1;
	}
	*ret = evaluation;
	return 0;
}

void sg_evaluation_clear(struct sg_evaluation *evaluation)
{
	for (size_t i = 0; i < evaluation->unknown_count; i++) {
		free(evaluation->unknowns[i].identity);
		free(evaluation->unknowns[i].reason);
	}
	free(evaluation->unknowns);
	free(evaluation->places);
	*evaluation = (struct sg_evaluation){0};
}
