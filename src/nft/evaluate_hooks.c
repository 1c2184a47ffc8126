// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The base chains of a table, hook by hook, and what comes of them: for each packet its verdict, the rule that decides,
 * and what is logged.
 */
#include "nft/evaluator.h"

#include <stdlib.h>
#include <string.h>
#include <linux/netfilter.h>
#include <limits.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter/nf_tables.h>
#include "base/mem.h"

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

/* A base chain that judges packets in a way that is not followed here: every verdict of the direction is unknown. What
 * leaves has no connection yet in front of conntrack, and any state that is asked for is "invalid". */
static bool strange(const struct sg_table *table, const struct sg_chain *chain)
{
	bool hook_known =
		chain->hook == NF_INET_LOCAL_IN || chain->hook == NF_INET_FORWARD ||
		(chain->hook == NF_INET_LOCAL_OUT && chain->priority > NF_IP_PRI_CONNTRACK);

	if (!chain->is_base)
		return false;
	return chain->unknown || table->unknown || !hook_known || chain->device || !chain->type ||
	       strcmp(chain->type, "filter") != 0 || table->family == NFPROTO_NETDEV || table->family == NFPROTO_BRIDGE;
}

static struct sg_fate evaluate_base(struct sg_evaluator *ev, const struct sg_chain *chain)
{
	uint32_t place = sg_evaluator_place(ev, chain, chain->rule_count);
	enum sg_verdict policy = chain->policy == NF_DROP ? SG_VERDICT_DROP : SG_VERDICT_ACCEPT;
	struct sg_fate fate = sg_evaluate_chain(ev, chain, 0);

	fate.actions = sg_idd_overlay(ev->idd, fate.actions, sg_idd_terminal(sg_action(place, policy)));
	return fate;
}

/* Replaces each action by what `of` says of its number; actions beyond the last place stay. */
static sg_ref map_actions(struct sg_evaluator *ev, sg_ref actions, uint32_t (*of)(uint32_t action))
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
	if (action / 4 && action % 4 == SG_ACCEPT_FOR_GOOD)
		return SG_VERDICT_ACCEPT;
	return action % 4;
}

static uint32_t place_of(uint32_t action)
{
	return action / 4;
}

/* `second` is asked where `first` accepts. */
static struct sg_fate in_sequence(struct sg_evaluator *ev, const struct sg_fate *first, const struct sg_fate *second)
{
	sg_ref goes_on = map_actions(ev, first->actions, accepts);
	struct sg_fate both = {.actions = sg_idd_ite(ev->idd, goes_on, second->actions, first->actions)};

	both.log = sg_logged_both(ev->idd, first->log, sg_idd_ite(ev->idd, goes_on, second->log, SG_IDD_EMPTY));
	if (ev->claims.count)
		both.actions = sg_asked_in_turn(ev->idd, ev->claims.probe, first->actions, second->actions, goes_on,
						both.actions);
	return both;
}

/*
 * Chains of one priority: which is asked first is not to be seen in the rules (it was the newer one's right in some
 * kernels, and the older one's in others). Of two that refuse a packet the first decides how.
 */
static struct sg_fate in_any_order(struct sg_evaluator *ev, struct sg_matcher *matcher, const struct sg_fate *a,
				   const struct sg_fate *b)
{
	struct sg_fate ab = in_sequence(ev, a, b), ba = in_sequence(ev, b, a);
	bool same = map_actions(ev, ab.actions, verdict_of) == map_actions(ev, ba.actions, verdict_of);
	sg_ref first;

	if (same && ab.log == ba.log)
		return ab;
	first = sg_match_fresh(matcher, "which of the chains of one priority comes first");
	if (!same)
		ab.actions = sg_idd_ite(ev->idd, first, ab.actions, ba.actions);
	ab.log = sg_idd_ite(ev->idd, first, ab.log, ba.log);
	return ab;
}

static sg_ref families_of(struct sg_evaluator *ev)
{
	switch (ev->table->family) {
	case NFPROTO_IPV4: return sg_idd_range(ev->idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4);
	case NFPROTO_IPV6: return sg_idd_range(ev->idd, SG_FIELD_FAMILY, SG_IPV6, SG_IPV6);
	case NFPROTO_ARP: return SG_IDD_EMPTY;
	default: return SG_IDD_FULL;
	}
}

/* All base chains of the hook; `accept` is what there is without any. */
static struct sg_fate evaluate_hook(struct sg_evaluator *ev, uint32_t hook, const struct sg_fate *accept)
{
	sg_autofree const struct sg_chain **chains = calloc(ev->table->chain_count + 1, sizeof(*chains));
	struct sg_fate result = *accept, equals = *accept;
	size_t count;

	if (!chains) {
		ev->nomem = true;
		return (struct sg_fate){SG_IDD_FAILED, SG_IDD_FAILED};
	}
	count = hooked(ev->table, hook, chains);
	for (size_t i = 0; i < count; i++) {
		struct sg_fate fate = evaluate_base(ev, chains[i]);

		if (i > 0 && chains[i]->priority == chains[i - 1]->priority) {
			struct sg_matcher matcher = sg_evaluator_matcher(ev, chains[i]->name);

			equals = in_any_order(ev, &matcher, &equals, &fate);
			ev->nomem |= matcher.failed;
			continue;
		}
		result = in_sequence(ev, &result, &equals);
		equals = fate;
	}
	return in_sequence(ev, &result, &equals);
}

static struct sg_fate evaluate_direction(struct sg_evaluator *ev, enum sg_direction direction)
{
	static const uint32_t hooks[] = {
		[SG_IN] = NF_INET_LOCAL_IN,
		[SG_FORWARD] = NF_INET_FORWARD,
		[SG_OUT] = NF_INET_LOCAL_OUT,
		[SG_PUBLISHED] = NF_INET_FORWARD,
	};
	const struct sg_table *table = ev->table;
	uint32_t nobody = sg_evaluator_place(ev, NULL, 0);
	const struct sg_fate accept = {sg_idd_terminal(sg_action(nobody, SG_VERDICT_ACCEPT)), SG_IDD_EMPTY};
	struct sg_matcher matcher;
	struct sg_fate fate;

	if (table->flags & NFT_TABLE_F_DORMANT)
		return accept;
	ev->direction = direction;
	ev->possible = SG_IDD_FULL;
	memset(ev->memo, 0, table->chain_count * sizeof(*ev->memo));
	for (size_t i = 0; i < table->chain_count; i++) {
		if (!strange(table, &table->chains[i]))
			continue;
		matcher = sg_evaluator_matcher(ev, table->chains[i].name);
		fate = sg_evaluator_unknown(ev, &matcher, nobody, "a base chain that is not understood");
		ev->nomem |= matcher.failed;
		return fate;
	}
	matcher = sg_evaluator_matcher(ev, "the forward hook");
	ev->possible = sg_match_possible(&matcher);
	fate = evaluate_hook(ev, hooks[direction], &accept);
	fate.actions = sg_match_only_possible(&matcher, ev->possible, fate.actions);
	fate.log = sg_match_only_possible(&matcher, ev->possible, fate.log);
	ev->nomem |= matcher.failed;
	return (struct sg_fate){.actions = sg_idd_ite(ev->idd, families_of(ev), fate.actions, accept.actions),
				.log = sg_idd_ite(ev->idd, families_of(ev), fate.log, SG_IDD_EMPTY)};
}

/* Without what evaluate_rule noted of meters, and with an unknown for those that do not count as they should. */
static sg_ref judge_meters(struct sg_evaluator *ev, sg_ref actions)
{
	struct sg_matcher matcher = sg_evaluator_matcher(ev, NULL);

	if (ev->claims.count)
		actions = sg_asked_settle(&matcher, &ev->claims, map_actions(ev, actions, verdict_of), actions);
	ev->nomem |= matcher.failed;
	return actions;
}

/* Splits actions into verdicts and places. */
static void split_actions(struct sg_evaluator *ev, sg_ref actions, struct sg_decision *ret)
{
	ret->verdict = map_actions(ev, actions, verdict_of);
	ret->origin = map_actions(ev, actions, place_of);
}

/* The log without the probe's level, which is of questions about meters. */
static sg_ref finish_log(struct sg_evaluator *ev, sg_ref log)
{
	log = sg_idd_ite(ev->idd, sg_packet_universe(ev->idd), log, SG_IDD_EMPTY);
	return ev->claims.count ? sg_idd_restrict(ev->idd, log, ev->claims.probe, 0) : log;
}

static void evaluate_all(struct sg_evaluator *ev, struct sg_fate *ret)
{
	struct sg_idd *idd = ev->idd;
	struct sg_fate all = {sg_idd_terminal(0), SG_IDD_EMPTY};

	for (unsigned int direction = SG_IN; direction < SG_DIRECTIONS; direction++) {
		sg_ref here = sg_idd_range(idd, SG_FIELD_DIRECTION, direction, direction);
		struct sg_fate fate = evaluate_direction(ev, (enum sg_direction)direction);

		all.actions = sg_idd_ite(idd, here, fate.actions, all.actions);
		all.log = sg_idd_ite(idd, here, fate.log, all.log);
	}
	all.actions = sg_idd_ite(idd, sg_packet_universe(idd), all.actions, sg_idd_terminal(0));
	*ret = all;
}

int sg_evaluate(struct sg_idd *idd, const struct sg_table *table, struct sg_evaluation *ret, struct sg_error *err)
{
	struct sg_evaluation evaluation = {.decision = {.idd = idd}};
	struct sg_evaluator ev = {.idd = idd, .table = table, .out = &evaluation};
	struct sg_fate fate = {0};
	int result = 0;

	ev.memo = calloc(table->chain_count + 1, sizeof(*ev.memo));
	if (!ev.memo || sg_claims_make(&ev.claims, table)) {
		free(ev.memo);
		sg_claims_clear(&ev.claims);
		return sg_error_nomem(err);
	}
	evaluate_all(&ev, &fate);
	split_actions(&ev, judge_meters(&ev, fate.actions), &evaluation.decision);
	fate.log = finish_log(&ev, fate.log);
	if (ev.nomem)
		result = sg_error_nomem(err);
	if (ev.nomem || sg_idd_check(idd, evaluation.decision.verdict, err) ||
	    sg_idd_check(idd, evaluation.decision.origin, err) || sg_idd_check(idd, fate.log, err) ||
	    sg_logged_finish(&ev.logged, fate.log, &evaluation, err))
		result = -1;
	free(ev.memo);
	sg_claims_clear(&ev.claims);
	sg_logged_clear(&ev.logged);
	if (result)
		sg_evaluation_clear(&evaluation);
	else
		*ret = evaluation;
	return result;
}

void sg_evaluation_clear(struct sg_evaluation *evaluation)
{
	for (size_t i = 0; i < evaluation->unknown_count; i++) {
		free(evaluation->unknowns[i].identity);
		free(evaluation->unknowns[i].reason);
	}
	for (size_t i = 0; i < evaluation->decision.logging_count; i++)
		free((char *)(uintptr_t)evaluation->loggings[i].prefix);
	free(evaluation->loggings);
	free(evaluation->unknowns);
	free(evaluation->places);
	*evaluation = (struct sg_evaluation){0};
}
