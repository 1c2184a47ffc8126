/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logged.c - what the rules of a table log.
 *
 * A policy's log is a rate, a prefix that ends with the verdict, and a destination. The compiler writes it as a rule that
 * limits, logs and does nothing else (compile_outcomes.c). A rule of that form is a logging of a policy; what any other
 * rule logs is its author's, and nothing that a policy speaks of. So a log whose rule was changed into something else is
 * missing.
 *
 * A limit counts who asks it. Each rule is a bucket of its own, so two rules that log alike are twice the rate: packets
 * of both are logged as no policy logs. So are packets that two rules log, and packets with another verdict than the
 * prefix tells.
 */
#include "nft/logged.h"

#include <stdlib.h>
#include <string.h>
#include <linux/netfilter/nf_tables.h>

#include "base/mem.h"

void sg_logged_clear(struct sg_logged *logged)
{
	free(logged->items);
	*logged = (struct sg_logged){0};
}

/* ------------------------------------------------------------------ rules */

/* The verdict that the prefix ends with, " accept: "; *ret_size is what is in front of it. NONE: it ends otherwise. */
static enum sg_verdict verdict_of(const char *prefix, size_t *ret_size)
{
	size_t size = strlen(prefix);

	for (enum sg_verdict verdict = SG_VERDICT_ACCEPT; verdict < SG_VERDICTS; verdict++) {
		const char *name = sg_verdict_name(verdict);
		size_t length = strlen(name);

		if (size < length + 3 || prefix[size - length - 3] != ' ' || strcmp(prefix + size - 2, ": ") != 0 ||
		    memcmp(prefix + size - length - 2, name, length) != 0)
			continue;
		*ret_size = size - length - 3;
		return verdict;
	}
	return SG_VERDICT_NONE;
}

bool sg_logged_rule(const struct sg_rule *rule)
{
	const struct sg_expr *limit, *log;
	size_t size;

	if (rule->expr_count < 2)
		return false;
	limit = &rule->exprs[rule->expr_count - 2];
	log = &rule->exprs[rule->expr_count - 1];
	return limit->kind == SG_EXPR_LIMIT && log->kind == SG_EXPR_LOG && !limit->inverted && !limit->is_bytes &&
	       limit->rate <= UINT32_MAX && limit->unit <= UINT32_MAX &&
	       limit->burst == sg_logging_burst((uint32_t)limit->rate) &&
	       log->key == (log->has_group ? 0 : NFT_LOGLEVEL_WARNING) && log->name &&
	       verdict_of(log->name, &size) != SG_VERDICT_NONE;
}

uint32_t sg_logged_number(struct sg_logged *logged, const struct sg_chain *chain, const struct sg_rule *rule)
{
	const char *prefix = rule->exprs[rule->expr_count - 1].name;
	size_t size;

	for (size_t i = logged->count; i-- > 0;)
		if (logged->items[i].rule == rule)
			return (uint32_t)i + 1 + SG_LOGGED_OTHER;
	if (sg_grow(&logged->items, &logged->room, logged->count, 1, sizeof(*logged->items))) {
		logged->failed = true;
		return SG_LOGGED_OTHER;
	}
	logged->items[logged->count++] =
		(struct sg_logged_rule){.rule = rule, .chain = chain, .verdict = verdict_of(prefix, &size)};
	return (uint32_t)logged->count + SG_LOGGED_OTHER;
}

/* ------------------------------------------------------------------ logs */

sg_ref sg_logged_both(struct sg_idd *idd, sg_ref first, sg_ref second)
{
	sg_ref both;

	if (first == SG_IDD_EMPTY || second == SG_IDD_EMPTY)
		return first == SG_IDD_EMPTY ? second : first;
	both = sg_idd_and(idd, sg_idd_not(idd, sg_idd_equals(idd, first, 0)),
			  sg_idd_not(idd, sg_idd_equals(idd, second, 0)));
	return sg_idd_ite(idd, both, sg_idd_terminal(SG_LOGGED_OTHER), sg_idd_overlay(idd, first, second));
}

/* Packets whose verdict is another than the prefix tells. */
static sg_ref misnamed(struct sg_logged *logged, sg_ref log, const struct sg_decision *decision)
{
	sg_autofree uint32_t *told = calloc(logged->count + 2, sizeof(*told));
	struct sg_idd *idd = decision->idd;
	sg_ref result = SG_IDD_EMPTY;

	if (!told) {
		logged->failed = true;
		return SG_IDD_EMPTY;
	}
	for (uint32_t verdict = SG_VERDICT_ACCEPT; verdict < SG_VERDICTS; verdict++) {
		sg_ref packets;

		for (size_t i = 0; i < logged->count; i++)
			told[i + 1 + SG_LOGGED_OTHER] = logged->items[i].verdict == verdict;
		packets = sg_idd_map(idd, log, told, logged->count + 2);
		if (packets != SG_IDD_EMPTY)
			packets = sg_idd_minus(idd, packets, sg_idd_equals(idd, decision->verdict, verdict));
		result = sg_idd_or(idd, result, packets);
	}
	return result;
}

static int by_words(const void *a, const void *b)
{
	const struct sg_expr *x = (*(const struct sg_logged_rule *const *)a)->rule->exprs;
	const struct sg_expr *y = (*(const struct sg_logged_rule *const *)b)->rule->exprs;

	x += (*(const struct sg_logged_rule *const *)a)->rule->expr_count - 1;
	y += (*(const struct sg_logged_rule *const *)b)->rule->expr_count - 1;
	return strcmp(x->name, y->name);
}

/* Marks in number[] the rules that say the same as another. */
static int find_doubles(const struct sg_logged *logged, uint32_t *number, struct sg_error *err)
{
	sg_autofree const struct sg_logged_rule **order = calloc(logged->count + 1, sizeof(*order));

	if (!order)
		return sg_error_nomem(err);
	for (size_t i = 0; i < logged->count; i++)
		order[i] = &logged->items[i];
	qsort(order, logged->count, sizeof(*order), by_words);
	for (size_t i = 1; i < logged->count; i++) {
		if (by_words(&order[i - 1], &order[i]) != 0)
			continue;
		number[order[i - 1] - logged->items + 1 + SG_LOGGED_OTHER] = (uint32_t)logged->count + 1;
		number[order[i] - logged->items + 1 + SG_LOGGED_OTHER] = (uint32_t)logged->count + 1;
	}
	return 0;
}

static int make_loggings(const struct sg_logged *logged, struct sg_evaluation *evaluation, struct sg_error *err)
{
	evaluation->loggings = calloc(logged->count + 1, sizeof(*evaluation->loggings));
	if (!evaluation->loggings)
		return sg_error_nomem(err);
	evaluation->decision.loggings = evaluation->loggings;
	for (size_t i = 0; i <= logged->count; i++) {
		struct sg_logging *logging = &evaluation->loggings[i];
		const struct sg_rule *rule = i < logged->count ? logged->items[i].rule : NULL;
		const struct sg_expr *log = rule ? &rule->exprs[rule->expr_count - 1] : NULL;
		size_t size = 0;

		*logging = (struct sg_logging){.name = "other"};
		if (log) {
			verdict_of(log->name, &size);
			*logging = (struct sg_logging){.name = logged->items[i].chain->name,
						       .rate = (uint32_t)(log - 1)->rate,
						       .seconds = (uint32_t)(log - 1)->unit,
						       .has_group = log->has_group,
						       .group = log->group};
		}
		logging->prefix = strndup(log ? log->name : "", size);
		if (!logging->prefix)
			return sg_error_nomem(err);
		evaluation->decision.logging_count++;
	}
	return 0;
}

int sg_logged_finish(struct sg_logged *logged, sg_ref log, struct sg_evaluation *evaluation, struct sg_error *err)
{
	struct sg_decision *decision = &evaluation->decision;
	struct sg_idd *idd = decision->idd;
	sg_autofree uint32_t *number = calloc(logged->count + 2, sizeof(*number));

	if (!number || logged->failed)
		return sg_error_nomem(err);
	if (!logged->count)
		return 0;
	number[SG_LOGGED_OTHER] = (uint32_t)logged->count + 1;
	for (uint32_t i = 0; i < logged->count; i++)
		number[i + 1 + SG_LOGGED_OTHER] = i + 1;
	log = sg_idd_ite(idd, misnamed(logged, log, decision), sg_idd_terminal(SG_LOGGED_OTHER), log);
	if (logged->failed)
		return sg_error_nomem(err);
	if (find_doubles(logged, number, err) || make_loggings(logged, evaluation, err))
		return -1;
	decision->log = sg_idd_map(idd, log, number, logged->count + 2);
	return sg_idd_check(idd, decision->log, err);
}
