// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of a packet: a verdict alone, or one that is logged, or one that hangs on conditions.
 *
 * What hangs on conditions is a chain of its own that asks them in this order: the time, who holds the socket, and what
 * came before (compile_meters.c):
 *
 *     chain tcp_8080 {
 *         meta time < "2026-12-31 18:00:00" goto tcp_8080_2
 *     }
 *     chain tcp_8080_2 {
 *         jump limit_tcp_8080
 *     }
 */
#include "nft/compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "nft/build.h"
#include "sockgate/condition.h"
#include "sockgate/proto.h"

#define REJECT_CHAIN "answer_reject"

/* ------------------------------------------------------------------ verdicts */

static int add_reject_rules(struct sg_compiler *c, size_t chain, struct sg_error *err)
{
	struct sg_rule *rule = sg_chain_add_rule(&c->table->chains[chain], err);

	if (!rule || sg_build_protocol(rule, SG_PROTO_TCP, err) || sg_build_tcp_reset(rule, err))
		return -1;
	rule = sg_chain_add_rule(&c->table->chains[chain], err);
	return rule ? sg_build_unreachable(rule, err) : -1;
}

static int need_reject_chain(struct sg_compiler *c, struct sg_error *err)
{
	if (sg_table_chain(c->table, REJECT_CHAIN))
		return 0;
	if (!sg_table_add_chain(c->table, REJECT_CHAIN, err))
		return -1;
	return add_reject_rules(c, c->table->chain_count - 1, err);
}

static int finish_verdict(struct sg_compiler *c, struct sg_rule *rule, enum sg_verdict verdict, struct sg_error *err)
{
	if (verdict != SG_VERDICT_REJECT)
		return sg_build_verdict(rule, verdict == SG_VERDICT_ACCEPT ? SG_CODE_ACCEPT : SG_CODE_DROP, NULL, err);
	/* a new chain moves the chains, but not the rules of one */
	if (need_reject_chain(c, err))
		return -1;
	return sg_build_verdict(rule, SG_CODE_GOTO, REJECT_CHAIN, err);
}

static int end_verdict(struct sg_compiler *c, size_t chain, enum sg_verdict verdict, struct sg_error *err)
{
	struct sg_rule *rule;

	if (verdict == SG_VERDICT_DROP) /* the end of any chain here is the base chain's policy: drop */
		return 0;
	if (verdict == SG_VERDICT_REJECT && c->table->chains[chain].is_base)
		return add_reject_rules(c, chain, err);
	rule = sg_chain_add_rule(&c->table->chains[chain], err);
	return rule ? finish_verdict(c, rule, verdict, err) : -1;
}

/* ------------------------------------------------------------------ outcomes and their chains */

int sg_compiler_outcome(struct sg_compiler *c, sg_ref part, uint32_t *ret, struct sg_error *err)
{
	uint32_t number;

	if (sg_idd_check(c->idd, part, err))
		return -1;
	if (sg_idd_is_terminal(part) && sg_idd_value(part) < SG_VERDICTS) {
		*ret = sg_idd_value(part);
		return 0;
	}
	if (sg_refmap_get(&c->outcome_of, part, ret))
		return 0;
	if (sg_grow(&c->outcomes, &c->outcome_room, c->outcome_count, 1, sizeof(*c->outcomes)))
		return sg_error_nomem(err);
	number = (uint32_t)(SG_VERDICTS + c->outcome_count);
	if (sg_refmap_put(&c->outcome_of, part, number, err))
		return -1;
	c->outcomes[c->outcome_count++] = (struct sg_outcome_rules){.part = part};
	*ret = number;
	return 0;
}

struct numbering {
	struct sg_compiler *c;
	struct sg_error *err;
};

static uint32_t number_part(sg_ref part, void *data)
{
	struct numbering *numbering = data;
	uint32_t number;

	return sg_compiler_outcome(numbering->c, part, &number, numbering->err) ? UINT32_MAX : number;
}

int sg_compiler_judge(struct sg_compiler *c, struct sg_error *err)
{
	const struct sg_decision *decision = c->decision;
	struct sg_error why = {0};
	struct numbering numbering = {.c = c, .err = &why};
	sg_ref judged = decision->verdict;

	if (decision->log)
		judged = sg_idd_pair(c->idd, decision->log, judged);
	c->judged = sg_idd_cut(c->idd, judged, SG_LEVEL_TIME, number_part, &numbering);
	if (why.kind) {
		if (err)
			*err = why;
		return -1;
	}
	return sg_idd_check(c->idd, c->judged, err);
}

void sg_compiler_clear_outcomes(struct sg_compiler *c)
{
	for (size_t i = 0; i < c->outcome_count; i++)
		free(c->outcomes[i].chain);
	free(c->outcomes);
	sg_refmap_clear(&c->outcome_of);
	sg_refmap_clear(&c->meters);
}

/* A chain that is called NAME, or NAME_2, NAME_3 … Index of the table's chains in *ret. */
static int add_chain(struct sg_compiler *c, const char *name, size_t *ret, struct sg_error *err)
{
	char own[SG_NFT_NAME_SIZE];

	snprintf(own, sizeof(own), "%.200s", name);
	for (unsigned int i = 2; sg_table_chain(c->table, own); i++)
		snprintf(own, sizeof(own), "%.200s_%u", name, i);
	*ret = c->table->chain_count;
	return sg_table_add_chain(c->table, own, err) ? 0 : -1;
}

static int end_part(struct sg_compiler *c, size_t chain, sg_ref part, const char *label, struct sg_error *err);
static int fill_log(struct sg_compiler *c, size_t chain, sg_ref part, struct sg_error *err);

/* The chain that carries an outcome out, made with the first who asks; NULL: err. */
static const char *outcome_chain(struct sg_compiler *c, uint32_t outcome, const char *label, struct sg_error *err)
{
	size_t index = outcome - SG_VERDICTS, chain;
	sg_ref part = c->outcomes[index].part;
	char name[SG_NFT_NAME_SIZE];
	const char *meter = NULL;

	if (c->outcomes[index].chain)
		return c->outcomes[index].chain;
	if (sg_compiler_meter_alone(c, part, &meter, err))
		return NULL;
	snprintf(name, sizeof(name), "%s", meter ? meter : label);
	if (sg_idd_is_terminal(part))
		snprintf(name, sizeof(name), "log_%.200s", c->decision->loggings[sg_idd_value(part) / 256 - 1].name);
	if (!meter) {
		if (add_chain(c, name, &chain, err))
			return NULL;
		snprintf(name, sizeof(name), "%s", c->table->chains[chain].name);
	}
	c->outcomes[index].chain = strdup(name);
	if (!c->outcomes[index].chain) {
		sg_error_nomem(err);
		return NULL;
	}
	if (!meter && (sg_idd_is_terminal(part) ? fill_log(c, chain, part, err) : end_part(c, chain, part, name, err)))
		return NULL;
	return c->outcomes[index].chain;
}

int sg_compiler_finish(struct sg_compiler *c, struct sg_rule *rule, uint32_t outcome, const char *label,
		       struct sg_error *err)
{
	const char *chain;

	if (outcome < SG_VERDICTS)
		return finish_verdict(c, rule, (enum sg_verdict)outcome, err);
	chain = outcome_chain(c, outcome, label, err);
	return chain ? sg_build_verdict(rule, SG_CODE_GOTO, chain, err) : -1;
}

int sg_compiler_map_verdict(struct sg_compiler *c, uint32_t outcome, const char *label, struct sg_nft_verdict *ret,
			    struct sg_error *err)
{
	const char *chain = NULL;
	char *copy = NULL;

	if (outcome == SG_VERDICT_REJECT) {
		if (need_reject_chain(c, err))
			return -1;
		chain = REJECT_CHAIN;
	} else if (outcome >= SG_VERDICTS) {
		chain = outcome_chain(c, outcome, label, err);
		if (!chain)
			return -1;
	}
	if (chain && !(copy = strdup(chain)))
		return sg_error_nomem(err);
	ret->code = outcome == SG_VERDICT_ACCEPT ? SG_CODE_ACCEPT : chain ? SG_CODE_GOTO : SG_CODE_DROP;
	ret->chain = copy;
	return 0;
}

int sg_compiler_end(struct sg_compiler *c, size_t chain, uint32_t outcome, const char *label, struct sg_error *err)
{
	if (outcome < SG_VERDICTS)
		return end_verdict(c, chain, (enum sg_verdict)outcome, err);
	return end_part(c, chain, c->outcomes[outcome - SG_VERDICTS].part, label, err);
}

/* ------------------------------------------------------------------ logs */

/* limit rate 10/minute burst 5 packets log prefix "sockgate edge.yaml:24 scrape accept: ", and the verdict. One chain
 * for all that are logged so: the limit is one. */
static int fill_log(struct sg_compiler *c, size_t chain, sg_ref part, struct sg_error *err)
{
	enum sg_verdict verdict = (enum sg_verdict)(sg_idd_value(part) % 256);
	const struct sg_logging *logging = &c->decision->loggings[sg_idd_value(part) / 256 - 1];
	struct sg_rule *rule = sg_chain_add_rule(&c->table->chains[chain], err);
	uint32_t burst = sg_logging_burst(logging->rate);
	char prefix[SG_LOG_PREFIX_MAX + 1];

	snprintf(prefix, sizeof(prefix), "%.*s %s: ", SG_LOG_PREFIX_MAX - 10, logging->prefix,
		 sg_verdict_name(verdict));
	if (!rule || sg_build_limit(rule, logging->rate, logging->seconds, burst, err) ||
	    sg_build_log(rule, prefix, logging->has_group, logging->group, err))
		return -1;
	return end_verdict(c, chain, verdict, err);
}

/* ------------------------------------------------------------------ parts */

/* meta time < T goto …, for every date but the last. *part becomes what is left. */
static int add_times(struct sg_compiler *c, size_t chain, sg_ref *part, const char *label, struct sg_error *err)
{
	size_t edges = sg_idd_edges(c->idd, *part);

	for (size_t i = 0; i + 1 < edges; i++) {
		struct sg_rule *rule = sg_chain_add_rule(&c->table->chains[chain], err);
		uint64_t end = (uint64_t)sg_idd_edge_last(c->idd, *part, i) + 1;
		uint32_t outcome;

		if (!rule || sg_build_time_before(rule, end, err) ||
		    sg_compiler_outcome(c, sg_idd_edge_child(c->idd, *part, i), &outcome, err) ||
		    sg_compiler_finish(c, rule, outcome, label, err))
			return -1;
	}
	*part = sg_idd_edge_child(c->idd, *part, edges - 1);
	return 0;
}

/* socket cgroupv2 … goto … */
static int add_socket(struct sg_compiler *c, size_t chain, const struct sg_condition *socket, sg_ref held,
		      const char *label, struct sg_error *err)
{
	struct sg_rule *rule;
	uint32_t outcome;

	if (!socket->cgroup)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "where the sockets of '%s' are is not known", socket->name);
	rule = sg_chain_add_rule(&c->table->chains[chain], err);
	if (!rule || sg_build_socket_cgroup(rule, socket->depth, socket->cgroup, err) ||
	    sg_compiler_outcome(c, held, &outcome, err) || sg_compiler_finish(c, rule, outcome, label, err))
		return -1;
	return 0;
}

/* For each owner that matters. *part becomes what is left. */
static int add_sockets(struct sg_compiler *c, size_t chain, sg_ref *part, const char *label, struct sg_error *err)
{
	sg_cleanup(sg_support_clear) struct sg_support support = {0};

	if (sg_support_find(c->idd, *part, &support, err))
		return -1;
	for (size_t i = 0; i < support.count; i++) {
		size_t level = support.levels[i];
		sg_ref held, other;

		if (!sg_compiler_is_a(c, level, SG_CONDITION_SOCKET))
			continue;
		held = sg_idd_restrict(c->idd, *part, level, 1);
		other = sg_idd_restrict(c->idd, *part, level, 0);
		if (held != other && add_socket(c, chain, sg_condition_of(c->idd, level), held, label, err))
			return -1;
		*part = other;
	}
	return 0;
}

/* All that becomes of the packets that get to the end of the chain. */
static int end_part(struct sg_compiler *c, size_t chain, sg_ref part, const char *label, struct sg_error *err)
{
	struct sg_rule *rule;
	uint32_t outcome;

	if (!sg_idd_is_terminal(part) && sg_idd_level(c->idd, part) == SG_LEVEL_TIME &&
	    add_times(c, chain, &part, label, err))
		return -1;
	if (add_sockets(c, chain, &part, label, err) || sg_compiler_meters(c, chain, &part, err))
		return -1;
	if (sg_compiler_outcome(c, part, &outcome, err))
		return -1;
	if (outcome < SG_VERDICTS)
		return end_verdict(c, chain, (enum sg_verdict)outcome, err);
	rule = sg_chain_add_rule(&c->table->chains[chain], err);
	return rule ? sg_compiler_finish(c, rule, outcome, label, err) : -1;
}
