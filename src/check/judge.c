/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/judge.h"

#include "base/mem.h"
#include "check/addresses.h"
#include "check/reach.h"
#include "check/settle.h"

static void judgement_free(struct sg_judgement *judgement)
{
	if (!judgement)
		return;
	sg_wheres_clear(&judgement->exposed.wheres);
	sg_wheres_clear(&judgement->blocked.wheres);
	free(judgement);
}

static void judgement_free_pointer(struct sg_judgement **judgement)
{
	judgement_free(*judgement);
}

void sg_judgements_free(struct sg_judgements *judgements)
{
	if (!judgements)
		return;
	for (size_t i = 0; i < judgements->count; i++)
		judgement_free(judgements->items[i]);
	free(judgements->items);
	sg_views_clear(&judgements->kernel);
	sg_views_clear(&judgements->policy);
	sg_memo_clear(&judgements->index);
	sg_regions_clear(&judgements->regions);
	free(judgements);
}

struct sg_judgements *sg_judgements_new(const struct sg_subject *kernel, const struct sg_subject *policy,
					const struct sg_local_addresses *local, struct sg_error *err)
{
	struct sg_idd *idd = policy->decision.idd;
	struct sg_judgements *judgements = calloc(1, sizeof(*judgements));
	sg_ref given = sg_settle(&policy->decision);

	if (!judgements) {
		sg_error_nomem(err);
		return NULL;
	}
	*judgements = (struct sg_judgements){
		.idd = idd,
		.regions = {.idd = idd, .local = local},
		.subjects = {*kernel, *policy},
	};
	if (sg_idd_check(idd, given, err) < 0 ||
	    sg_views_make(&judgements->kernel, &judgements->subjects[0], err) < 0 ||
	    sg_views_make(&judgements->policy, &judgements->subjects[1], err) < 0) {
		sg_judgements_free(judgements);
		return NULL;
	}
	sg_port_index_make(idd, given, &judgements->given);
	sg_origin_index_make(&policy->decision, &judgements->givers);
	return judgements;
}

struct judge_question {
	const struct sg_listener *listener;
	struct sg_region region;
	sg_ref kernel, policy, given; /* under the listener's protocol and port */
};

/* Addresses that no packet from the internet has: RFC 1918, 6598, 3927, 4193, 4291. */
static sg_ref judge_private(struct sg_idd *idd)
{
	static const struct sg_range v4[] = {
		{0x0a000000U, 0x0affffffU}, {0x64400000U, 0x647fffffU}, {0x7f000000U, 0x7fffffffU},
		{0xa9fe0000U, 0xa9feffffU}, {0xac100000U, 0xac1fffffU}, {0xc0a80000U, 0xc0a8ffffU},
	};
	const sg_u128 unique_local = (sg_u128)0xfc << 120, link_local = (sg_u128)0xfe80 << 112;
	static const sg_u128 families[2] = {SG_IPV4, SG_IPV6};
	sg_ref child[2] = {SG_IDD_EMPTY, SG_IDD_EMPTY};

	for (size_t i = 0; i < SG_COUNT(v4); i++)
		child[0] = sg_idd_or(idd, child[0], sg_idd_range(idd, SG_FIELD_REMOTE4, v4[i].first, v4[i].last));
	child[1] = sg_idd_or(idd, sg_idd_range(idd, SG_FIELD_REMOTE6, unique_local, unique_local | ~(sg_u128)0 >> 7),
			     sg_idd_range(idd, SG_FIELD_REMOTE6, link_local, link_local | ~(sg_u128)0 >> 10));
	if (child[0] == SG_IDD_FAILED || child[1] == SG_IDD_FAILED)
		return SG_IDD_FAILED;
	return sg_idd_node(idd, SG_FIELD_FAMILY, families, child, 2);
}

/* The sets of one listener's packets, within one of its regions. */
struct judge_sets {
	sg_ref may, accepted, wanted, given, undecided;
	sg_ref doubtful; /* by the policy */
};

static struct judge_sets judge_sets(struct sg_idd *idd, const struct judge_question *question, sg_ref region)
{
	sg_ref kernel = sg_idd_ite(idd, region, question->kernel, SG_IDD_EMPTY);
	sg_ref policy = sg_idd_ite(idd, region, question->policy, SG_IDD_EMPTY);
	sg_ref given = sg_idd_ite(idd, region, question->given, SG_IDD_EMPTY);

	return (struct judge_sets){
		.may = sg_idd_not(idd, sg_idd_equals(idd, kernel, SG_OUTCOME_NONE)),
		.accepted = sg_idd_equals(idd, kernel, SG_OUTCOME_ACCEPT),
		.wanted = sg_idd_equals(idd, policy, SG_OUTCOME_ACCEPT),
		.given = sg_idd_equals(idd, given, SG_OUTCOME_ACCEPT),
		.undecided = sg_idd_equals(idd, kernel, SG_OUTCOME_UNDECIDED),
		.doubtful = sg_idd_equals(idd, policy, SG_OUTCOME_UNDECIDED),
	};
}

/* Lets in whom the policy does not; keeps out whom it does. What is undecided is neither. */
static sg_ref judge_exposed(struct sg_idd *idd, const struct judge_sets *sets)
{
	return sg_idd_minus(idd, sg_idd_minus(idd, sets->accepted, sets->wanted), sets->doubtful);
}

static sg_ref judge_blocked(struct sg_idd *idd, const struct judge_sets *sets)
{
	return sg_idd_minus(idd, sg_idd_minus(idd, sets->wanted, sets->accepted), sets->undecided);
}

/* For reading, local addresses are not narrowed to those that the host has. */
static int judge_describe(struct sg_idd *idd, const struct judge_question *question,
			  sg_ref (*disagree)(struct sg_idd *idd, const struct judge_sets *sets),
			  struct sg_judged *judged, struct sg_error *err)
{
	struct judge_sets wide = judge_sets(idd, question, question->region.wide);
	sg_ref set = disagree(idd, &wide);

	if (sg_idd_check(idd, set, err) < 0)
		return -1;
	judged->set = set;
	return sg_listener_wheres(idd, question->listener, set, &judged->wheres, err);
}

static int judge_sources(struct sg_idd *idd, sg_ref exposed, bool *ret_widely, struct sg_error *err)
{
	sg_ref senders, private = judge_private(idd);
	unsigned int families;

	if (sg_reach_sources(idd, exposed, &families, NULL, &senders, err) < 0 || sg_idd_check(idd, private, err) < 0)
		return -1;
	*ret_widely = !sg_idd_subset(idd, senders, private);
	return 0;
}

static int judge(struct sg_idd *idd, const struct judge_question *question, struct sg_judgement *judgement,
		 struct sg_error *err)
{
	struct judge_sets sets = judge_sets(idd, question, question->region.narrow);
	sg_ref exposed = judge_exposed(idd, &sets), blocked = judge_blocked(idd, &sets);

	judgement->doubtful = sg_idd_and(idd, sets.given, sets.doubtful);
	judgement->mistaken = sg_idd_minus(idd, sg_idd_minus(idd, sets.given, sets.wanted), sets.doubtful);
	if (sg_idd_check(idd, exposed, err) < 0 || sg_idd_check(idd, blocked, err) < 0 ||
	    sg_idd_check(idd, judgement->doubtful, err) < 0 || sg_idd_check(idd, judgement->mistaken, err) < 0)
		return -1;
	judgement->wanted = sets.wanted != SG_IDD_EMPTY;
	judgement->reachable = sets.accepted != SG_IDD_EMPTY;
	judgement->undecided = sets.undecided != SG_IDD_EMPTY;
	judgement->exposed.wholly = sets.accepted == sets.may;
	judgement->blocked.wholly = !judgement->reachable && !judgement->undecided;
	if (exposed != SG_IDD_EMPTY && (judge_sources(idd, exposed, &judgement->exposed_widely, err) < 0 ||
					judge_describe(idd, question, judge_exposed, &judgement->exposed, err) < 0))
		return -1;
	return blocked == SG_IDD_EMPTY ? 0 : judge_describe(idd, question, judge_blocked, &judgement->blocked, err);
}

const struct sg_judgement *sg_judgements_get(struct sg_judgements *judgements, const struct sg_listener *listener,
					     struct sg_error *err)
{
	struct judge_question question = {
		.listener = listener,
		.given = sg_port_index_get(&judgements->given, listener),
	};
	const struct sg_view *kernel = sg_views_get(&judgements->kernel, listener, err);
	const struct sg_view *policy = kernel ? sg_views_get(&judgements->policy, listener, err) : NULL;
	sg_cleanup(judgement_free_pointer) struct sg_judgement *judgement = NULL;
	struct sg_memo_key key;
	uint32_t at;

	if (!policy || sg_regions_get(&judgements->regions, listener, &question.region, err) < 0)
		return NULL;
	question.kernel = sg_port_index_get(&kernel->outcomes, listener);
	question.policy = sg_port_index_get(&policy->outcomes, listener);
	/* a raw socket's diagrams begin at another level than the others', and say its protocol where there are boxes
	 */
	key = (struct sg_memo_key){{question.kernel, question.policy, question.region.wide, question.region.narrow,
				    listener->raw ? listener->protocol : 256, question.given}};
	at = sg_memo_find(&judgements->index, &key);
	if (at != SG_MEMO_NONE)
		return judgements->items[at];
	judgement = calloc(1, sizeof(*judgement));
	if (!judgement ||
	    sg_grow(&judgements->items, &judgements->room, judgements->count, 1, sizeof(*judgements->items)) < 0) {
		sg_error_nomem(err);
		return NULL;
	}
	judgement->exposed.set = judgement->blocked.set = SG_IDD_EMPTY;
	judgement->mistaken = judgement->doubtful = SG_IDD_EMPTY;
	if ((question.region.scope == SG_SCOPE_OTHERS && judge(judgements->idd, &question, judgement, err) < 0) ||
	    sg_memo_add(&judgements->index, &key, (uint32_t)judgements->count, err) < 0)
		return NULL;
	judgements->items[judgements->count] = sg_steal(judgement);
	return judgements->items[judgements->count++];
}

static int judge_view_origins(struct sg_views *views, const struct sg_listener *listener, struct sg_origins *ret,
			      struct sg_error *err)
{
	struct sg_view *view = sg_views_get(views, listener, err);

	return view ? sg_view_origins(view, listener, ret, err) : -1;
}

int sg_judgements_origins(struct sg_judgements *judgements, const struct sg_listener *listener,
			  const struct sg_judged *judged, struct sg_refs *ret_lines, struct sg_refs *ret_places,
			  struct sg_error *err)
{
	struct sg_refs lines = {0}, places = {0};
	struct sg_origins policy, kernel;

	if (judge_view_origins(&judgements->policy, listener, &policy, err) < 0 ||
	    judge_view_origins(&judgements->kernel, listener, &kernel, err) < 0)
		return -1;
	if (sg_origins_find(&policy, SG_OUTCOME_NONE, judged->set, &lines, err) < 0 ||
	    sg_origins_find(&kernel, SG_OUTCOME_NONE, judged->set, &places, err) < 0) {
		sg_refs_clear(&lines);
		sg_refs_clear(&places);
		return -1;
	}
	sg_refs_unique(&lines);
	sg_refs_unique(&places);
	*ret_lines = lines;
	*ret_places = places;
	return 0;
}

int sg_judgements_givers(const struct sg_judgements *judgements, const struct sg_listener *listener, sg_ref set,
			 struct sg_refs *ret_lines, struct sg_error *err)
{
	const struct sg_origins givers = sg_origin_index_get(&judgements->givers, listener);
	struct sg_refs lines = {0};

	if (sg_origins_find(&givers, SG_OUTCOME_ACCEPT, set, &lines, err) < 0) {
		sg_refs_clear(&lines);
		return -1;
	}
	sg_refs_unique(&lines);
	*ret_lines = lines;
	return 0;
}
