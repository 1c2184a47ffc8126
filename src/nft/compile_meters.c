// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Meters: limits of new connections, and of connections at once.
 *
 * Asking a meter counts, so it is asked last, only where its answer matters, and is one chain that everything that asks
 * it jumps to: a limit is one limit however many rules lead there. The chain accepts what is within, and returns.
 *
 *     chain limit_tcp_22 {
 *         update @limit_tcp_22_4 { ip saddr limit rate 20/minute burst 20 packets } accept
 *         update @limit_tcp_22_6 { ip6 saddr & ffff:ffff:ffff:ffff:: limit rate 20/minute burst 20 packets } accept
 *     }
 *
 * A line with two meters is a chain that jumps to the other. The compiler never asks "not within": what a meter decides
 * is to accept, and all else is the rest of the chain that asks.
 */
#include "nft/compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "nft/build.h"
#include "sockgate/condition.h"

/* Elements of a set that packets fill, and how long one that is not seen again stays at least, in seconds. */
#define METER_SIZE    65536U
#define METER_SECONDS 60U

static bool accepts(sg_ref part)
{
	return sg_idd_is_terminal(part) && sg_idd_value(part) % 256 == SG_VERDICT_ACCEPT;
}

bool sg_compiler_is_a(const struct sg_compiler *c, size_t level, uint32_t kind)
{
	const struct sg_condition *condition = sg_condition_of(c->idd, level);

	return condition && condition->kind == kind;
}

/* ------------------------------------------------------------------ steps */

/* A meter that leads to acceptance where it is within, or to another one that does. */
struct step {
	size_t level;
	sg_ref then; /* what is accepted, and how it is logged */
	size_t next; /* the other meter, or SIZE_MAX */
	sg_ref rest; /* what is left of the part where it is not within */
};

static bool is_step(struct sg_compiler *c, sg_ref part, const struct sg_support *support, struct step *step)
{
	sg_ref within = sg_idd_restrict(c->idd, part, step->level, 1);

	step->rest = sg_idd_restrict(c->idd, part, step->level, 0);
	step->then = within;
	step->next = SIZE_MAX;
	if (accepts(within))
		return true;
	for (size_t i = 0; i < support->count; i++) {
		step->next = support->levels[i];
		if (!sg_compiler_is_a(c, step->next, SG_CONDITION_METER) ||
		    sg_idd_restrict(c->idd, within, step->next, 0) != step->rest)
			continue;
		step->then = sg_idd_restrict(c->idd, within, step->next, 1);
		if (accepts(step->then))
			return true;
	}
	return false;
}

/* 1: there is one, 0: there is none, -1: err. */
static int find_step(struct sg_compiler *c, sg_ref part, struct step *ret, struct sg_error *err)
{
	sg_cleanup(sg_support_clear) struct sg_support support = {0};

	if (sg_support_find(c->idd, part, &support, err))
		return -1;
	for (size_t i = 0; i < support.count; i++) {
		ret->level = support.levels[i];
		if (sg_compiler_is_a(c, ret->level, SG_CONDITION_METER) && is_step(c, part, &support, ret))
			return 1;
	}
	return sg_idd_check(c->idd, SG_IDD_EMPTY, err);
}

/* ------------------------------------------------------------------ chains */

/* The set of a meter that counts each peer apart. */
static int add_meter_set(struct sg_compiler *c, const struct sg_condition *meter, enum sg_family family, char *name,
			 size_t size, struct sg_error *err)
{
	uint32_t seconds = meter->limit_seconds > METER_SECONDS ? meter->limit_seconds : METER_SECONDS;
	struct sg_set *set;

	snprintf(name, size, "%.200s_%c", meter->name, family == SG_IPV4 ? '4' : '6');
	set = sg_compiler_add_address_set(c, name, family, err);
	if (!set)
		return -1;
	set->size = METER_SIZE;
	set->flags = SG_SET_EVAL | (meter->limit ? SG_SET_TIMEOUT : 0);
	set->timeout = meter->limit ? (uint64_t)seconds * 1000 : 0;
	return 0;
}

/* One rule of a meter's chain: of a family when it counts each peer apart. */
static int add_meter_rule(struct sg_compiler *c, size_t chain, const struct sg_condition *meter,
			  const enum sg_family *family, struct sg_rule **ret, struct sg_error *err)
{
	bool destination = c->direction == SG_OUT;
	struct sg_rule *rule = sg_chain_add_rule(&c->table->chains[chain], err);
	char set[SG_NFT_NAME_SIZE];

	*ret = rule;
	if (!rule)
		return -1;
	if (!family)
		return meter->limit ? sg_build_limit(rule, meter->limit, meter->limit_seconds, meter->limit, err)
				    : sg_build_connlimit(rule, meter->connections, err);
	if (add_meter_set(c, meter, *family, set, sizeof(set), err) || sg_build_family(rule, *family, err))
		return -1;
	if (meter->limit)
		return sg_build_meter_limit(rule, *family, destination, set, meter->limit, meter->limit_seconds,
					    meter->limit, err);
	return sg_build_meter_connections(rule, *family, destination, set, meter->connections, err);
}

/* What the meter's chain does with what is within: the outcome, or to go on at the next meter. */
static int end_meter_rule(struct sg_compiler *c, struct sg_rule *rule, const struct step *step, struct sg_error *err)
{
	uint32_t outcome;

	if (step->next != SIZE_MAX)
		return sg_build_verdict(rule, SG_CODE_JUMP, sg_condition_of(c->idd, step->next)->name, err);
	return sg_compiler_outcome(c, step->then, &outcome, err) ||
			       sg_compiler_finish(c, rule, outcome, sg_condition_of(c->idd, step->level)->name, err)
		       ? -1
		       : 0;
}

/* Makes a meter's chain, when it is not there. It is the same for all who ask: what it leads to is its line's. */
static int meter_chain(struct sg_compiler *c, const struct step *step, struct sg_error *err)
{
	static const enum sg_family families[] = {SG_IPV4, SG_IPV6};
	const struct sg_condition *meter = sg_condition_of(c->idd, step->level);
	bool per_peer = meter->limit_per_peer || meter->connections_per_peer;
	uint32_t leads = step->next == SIZE_MAX ? step->then : (uint32_t)step->next, known;
	size_t chain = c->table->chain_count;

	if (sg_refmap_get(&c->meters, (sg_ref)step->level, &known)) {
		if (known != leads)
			return sg_error_set(err, SG_ERROR_INPUT, 0, "'%s' would lead to more than one verdict",
					    meter->name);
		return 0;
	}
	if (sg_refmap_put(&c->meters, (sg_ref)step->level, leads, err) ||
	    !sg_table_add_chain(c->table, meter->name, err))
		return -1;
	if (step->next != SIZE_MAX) {
		const struct step last = {.level = step->next, .then = step->then, .next = SIZE_MAX};

		if (meter_chain(c, &last, err))
			return -1;
	}
	for (size_t i = 0; i < (per_peer ? SG_COUNT(families) : 1); i++) {
		struct sg_rule *rule;

		if (add_meter_rule(c, chain, meter, per_peer ? &families[i] : NULL, &rule, err) ||
		    end_meter_rule(c, rule, step, err))
			return -1;
	}
	return 0;
}

int sg_compiler_meter_alone(struct sg_compiler *c, sg_ref part, const char **ret, struct sg_error *err)
{
	struct step step;
	int found;

	if (sg_idd_is_terminal(part) || sg_idd_level(c->idd, part) == SG_LEVEL_TIME)
		return 0;
	found = find_step(c, part, &step, err);
	if (found <= 0 || step.rest != sg_idd_terminal(SG_VERDICT_DROP))
		return found < 0 ? -1 : 0;
	*ret = sg_condition_of(c->idd, step.level)->name;
	return meter_chain(c, &step, err);
}

int sg_compiler_meters(struct sg_compiler *c, size_t chain, sg_ref *part, struct sg_error *err)
{
	while (!sg_idd_is_terminal(*part)) {
		struct step step;
		int found = find_step(c, *part, &step, err);
		struct sg_rule *rule;

		if (found == 0)
			return sg_error_set(err, SG_ERROR_INPUT, 0,
					    "a decision that hangs on unknowns cannot be made into rules");
		if (found < 0 || meter_chain(c, &step, err))
			return -1;
		rule = sg_chain_add_rule(&c->table->chains[chain], err);
		if (!rule || sg_build_verdict(rule, SG_CODE_JUMP, sg_condition_of(c->idd, step.level)->name, err))
			return -1;
		*part = step.rest;
	}
	return 0;
}
