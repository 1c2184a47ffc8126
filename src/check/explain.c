/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * explain.c - one question about packets, answered by going down the diagram.
 *
 * Most questions fix protocol, port and sender, so the way down is a search in each node's edges; where a field is left
 * open all of its edges are followed, until two outcomes are seen. Only then is the question made a set and the answer
 * taken apart into readable sets.
 */
#include "sockgate/explain.h"

#include <string.h>
#include "base/mem.h"
#include "check/interfaces.h"
#include "check/origins.h"
#include "check/settle.h"
#include "check/walk.h"

struct sg_explainer {
	struct sg_idd *idd;
	sg_ref outcome, universe;
	struct sg_origins origins;
	sg_u128 loopback;
};

void sg_explanation_clear(struct sg_explanation *explanation)
{
	for (size_t i = 0; i < SG_COUNT(explanation->by_outcome); i++)
		sg_wheres_clear(&explanation->by_outcome[i]);
	if (explanation->origins != explanation->origin_store)
		free(explanation->origins);
	*explanation = (struct sg_explanation){0};
}

struct sg_explainer *sg_explainer_new(const struct sg_subject *subject, struct sg_error *err)
{
	struct sg_explainer *explainer = calloc(1, sizeof(*explainer));

	if (!explainer) {
		sg_error_nomem(err);
		return NULL;
	}
	*explainer = (struct sg_explainer){
		.idd = subject->decision.idd,
		.outcome = sg_settle(&subject->decision),
		.origins = sg_origins_of(&subject->decision),
		.universe = sg_packet_universe(subject->decision.idd),
		.loopback = sg_interface_loopback().first,
	};
	if (sg_idd_check(explainer->idd, explainer->outcome, err) < 0) {
		free(explainer);
		return NULL;
	}
	return explainer;
}

void sg_explainer_free(struct sg_explainer *explainer)
{
	free(explainer);
}

/* ---- The question ---- */

static int question_fix_family(struct sg_packet *question, enum sg_family family, struct sg_error *err)
{
	if (question->fixed[SG_FIELD_FAMILY] && question->field[SG_FIELD_FAMILY] != family)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "a packet has addresses of one family");
	question->fixed[SG_FIELD_FAMILY] = true;
	question->field[SG_FIELD_FAMILY] = family;
	return 0;
}

static int question_complete(struct sg_packet *question, struct sg_error *err)
{
	question->fixed[SG_FIELD_DIRECTION] = question->fixed[SG_FIELD_STATE] = true;
	if (question->fixed[SG_FIELD_PORT] && !question->fixed[SG_FIELD_PROTOCOL])
		return sg_error_set(err, SG_ERROR_INPUT, 0, "a port needs a protocol");
	if ((question->fixed[SG_FIELD_LOCAL4] || question->fixed[SG_FIELD_REMOTE4]) &&
	    question_fix_family(question, SG_IPV4, err) < 0)
		return -1;
	if ((question->fixed[SG_FIELD_LOCAL6] || question->fixed[SG_FIELD_REMOTE6]) &&
	    question_fix_family(question, SG_IPV6, err) < 0)
		return -1;
	return 0;
}

/* The packets that are asked about, as a set. */
static sg_ref question_set(const struct sg_explainer *explainer, const struct sg_packet *question)
{
	struct sg_idd *idd = explainer->idd;
	sg_ref set = explainer->universe;

	for (size_t level = 0; level < SG_FIELD_COUNT; level++) {
		sg_u128 value = question->field[level];

		if (question->fixed[level])
			set = sg_idd_and(idd, set, sg_idd_range(idd, level, value, value));
		else if (level == SG_FIELD_INTERFACE)
			set = sg_idd_minus(idd, set,
					   sg_idd_range(idd, level, explainer->loopback, explainer->loopback));
	}
	return set;
}

/* ---- Going down ---- */

struct explain_walk {
	const struct sg_explainer *explainer;
	const struct sg_packet *question;
	int (*see)(uint32_t value, void *data); /* non-zero ends the walk */
	void *data;
};

static int explain_down(const struct explain_walk *walk, sg_ref ref)
{
	const struct sg_idd *idd = walk->explainer->idd;
	size_t level, edges;
	sg_u128 first = 0;
	int result = 0;

	while (!sg_idd_is_terminal(ref)) {
		level = sg_idd_level(idd, ref);
		if (level >= SG_FIELD_COUNT || !walk->question->fixed[level])
			break;
		ref = sg_walk_step(idd, ref, level, walk->question->field[level]);
	}
	if (sg_idd_is_terminal(ref))
		return walk->see(sg_idd_value(ref), walk->data);
	edges = sg_idd_edges(idd, ref);
	for (size_t i = 0; i < edges && result == 0; i++) {
		sg_u128 last = sg_idd_edge_last(idd, ref, i);
		bool aside = level == SG_FIELD_INTERFACE && first == last && first == walk->explainer->loopback;

		if (!aside)
			result = explain_down(walk, sg_idd_edge_child(idd, ref, i));
		first = last + 1;
	}
	return result;
}

struct outcome_mask {
	unsigned int bits;
};

static int explain_see_outcome(uint32_t value, void *data)
{
	struct outcome_mask *mask = data;

	mask->bits |= 1U << value;
	return mask->bits & (mask->bits - 1) ? 1 : 0;
}

struct origin_collector {
	struct sg_explanation *explanation;
	struct sg_refs more; /* once they are too many for the store */
	struct sg_error *err;
};

/* Few distinct numbers come again and again: a look at those that are known keeps the list short. */
static int explain_see_origin(uint32_t value, void *data)
{
	struct origin_collector *collector = data;
	struct sg_explanation *explanation = collector->explanation;

	if (!value)
		return 0;
	for (size_t i = 0; i < explanation->origin_count; i++) {
		if (explanation->origin_store[i] == value)
			return 0;
	}
	if (explanation->origin_count < SG_COUNT(explanation->origin_store)) {
		explanation->origin_store[explanation->origin_count++] = value;
		return 0;
	}
	if (collector->more.count && collector->more.items[collector->more.count - 1] == value)
		return 0;
	return sg_refs_add(&collector->more, value, collector->err);
}

static int explain_origins(const struct explain_walk *down, sg_ref origin, struct sg_explanation *explanation,
			   struct sg_error *err)
{
	struct origin_collector collector = {.explanation = explanation, .err = err};
	struct explain_walk walk = *down;
	struct sg_refs store = {.items = explanation->origin_store};

	walk.see = explain_see_origin;
	walk.data = &collector;
	explanation->origins = explanation->origin_store;
	explanation->origin_count = 0;
	if (explain_down(&walk, origin) != 0) {
		sg_refs_clear(&collector.more);
		return -1;
	}
	for (size_t i = 0; collector.more.count && i < explanation->origin_count; i++) {
		if (sg_refs_add(&collector.more, explanation->origin_store[i], err) < 0) {
			sg_refs_clear(&collector.more);
			return -1;
		}
	}
	if (collector.more.count) {
		sg_refs_unique(&collector.more);
		explanation->origins = collector.more.items;
		explanation->origin_count = collector.more.count;
		return 0;
	}
	store.count = explanation->origin_count;
	sg_refs_unique(&store);
	explanation->origin_count = store.count;
	return 0;
}

/* ---- The answer ---- */

/* Whether the question leaves protocol or port open where they matter to what can exist at all. */
static bool explain_is_direct(const struct sg_packet *question)
{
	return question->fixed[SG_FIELD_PROTOCOL] && question->fixed[SG_FIELD_PORT];
}

struct outcome_parts {
	struct sg_explainer *explainer;
	sg_ref answer;
	enum sg_outcome last;
	unsigned int count;
	struct sg_refs origins;
	struct sg_error *err;
};

static int explain_see_part(uint32_t outcome, void *data)
{
	struct outcome_parts *parts = data;
	struct sg_explainer *explainer = parts->explainer;
	sg_ref set = sg_idd_equals(explainer->idd, parts->answer, outcome);

	if (outcome == SG_OUTCOME_NONE)
		return 0;
	parts->count++;
	parts->last = outcome;
	return sg_origins_find(&explainer->origins, outcome, set, &parts->origins, parts->err);
}

static int explain_apart(struct sg_explainer *explainer, sg_ref answer, struct sg_explanation *explanation,
			 struct sg_error *err)
{
	for (uint32_t outcome = SG_OUTCOME_ACCEPT; outcome < SG_OUTCOME_DEPENDS; outcome++) {
		sg_ref set = sg_idd_equals(explainer->idd, answer, outcome);

		if (sg_wheres_of(explainer->idd, set, &explanation->by_outcome[outcome], err) < 0)
			return -1;
	}
	return 0;
}

/* By sets: any question at all. */
static int explain_set(struct sg_explainer *explainer, const struct sg_packet *question,
		       struct sg_explanation *explanation, struct sg_error *err)
{
	struct sg_idd *idd = explainer->idd;
	struct outcome_parts parts = {.explainer = explainer, .last = SG_OUTCOME_NONE, .err = err};

	parts.answer = sg_idd_ite(idd, question_set(explainer, question), explainer->outcome, SG_IDD_EMPTY);
	if (sg_walk_terminals(idd, parts.answer, explain_see_part, &parts, err) < 0) {
		sg_refs_clear(&parts.origins);
		return -1;
	}
	sg_refs_unique(&parts.origins);
	explanation->origins = parts.origins.items;
	explanation->origin_count = parts.origins.count;
	explanation->outcome = parts.count > 1 ? SG_OUTCOME_DEPENDS : parts.last;
	return parts.count > 1 ? explain_apart(explainer, parts.answer, explanation, err) : 0;
}

/* By going down. False: more than one outcome was seen, or it is not the verdict alone that tells who decides. */
static bool explain_direct(struct sg_explainer *explainer, const struct explain_walk *walk, enum sg_outcome *ret)
{
	const struct outcome_mask *mask = walk->data;
	enum sg_outcome outcome = SG_OUTCOME_NONE;

	if (!explain_is_direct(walk->question) || explain_down(walk, explainer->outcome) != 0)
		return false;
	while (!(mask->bits & (1U << outcome)))
		outcome++;
	*ret = outcome;
	return outcome != SG_OUTCOME_UNDECIDED;
}

int sg_explain(struct sg_explainer *explainer, const struct sg_packet *question, struct sg_explanation *ret,
	       struct sg_error *err)
{
	struct sg_packet complete = *question;
	struct sg_explanation explanation = {0};
	struct outcome_mask mask = {0};
	const struct explain_walk walk = {explainer, &complete, explain_see_outcome, &mask};
	int result;

	if (question_complete(&complete, err) < 0)
		return -1;
	if (!explain_direct(explainer, &walk, &explanation.outcome))
		result = explain_set(explainer, &complete, &explanation, err);
	else if (explanation.outcome == SG_OUTCOME_NONE)
		result = 0;
	else
		result = explain_origins(&walk, explainer->origins.origin[explanation.outcome], &explanation, err);
	if (result < 0) {
		sg_explanation_clear(&explanation);
		return -1;
	}
	if (explanation.origins == explanation.origin_store)
		explanation.origins = ret->origin_store;
	*ret = explanation;
	return 0;
}
