// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lower.c - the meaning of a policy as a decision.
 *
 * For an inbound packet: what conntrack says of it (baseline), what else the baseline accepts, block (drop before
 * reject), allow, what lines that allow under a condition refuse, default. For an outbound one the same, but for one
 * thing: what conntrack calls invalid is judged like what is new, since the host's own resets of connections that it
 * forgot are invalid, and dropping them would leave the other end waiting. A packet to a published port is judged as an
 * inbound one, and is never invalid: without a connection no destination is rewritten. A policy that says nothing of
 * outbound packets accepts them, and all other forwarded ones are accepted. The order of the lines in the file decides
 * nothing but who is named as responsible.
 */
#include <stdlib.h>
#include "base/mem.h"
#include "policy/lower_log.h"
#include "policy/origin.h"

/* One origin for all packets is made only while it has at most about as many edges. */
#define ORIGIN_EDGES_MOST ((size_t)4 << 20)

/* Of one direction. */
struct lowering {
	const struct sg_policy *policy;
	struct sg_idd *idd;
	struct sg_coverage coverage;
	uint32_t *origin_of_rank; /* [0] is 0 */
};

static void lowering_clear(struct lowering *lowering)
{
	sg_coverage_clear(&lowering->coverage);
	free(lowering->origin_of_rank);
}

/* ---- Packets that no state decides ---- */

/* How a line of block that says no more refuses. */
static enum sg_verdict lower_refusal(const struct lowering *lowering)
{
	return lowering->coverage.default_verdict == SG_VERDICT_REJECT ? SG_VERDICT_REJECT : SG_VERDICT_DROP;
}

static sg_ref lower_verdict(const struct lowering *lowering)
{
	const struct sg_cover *section = lowering->coverage.sections;
	struct sg_idd *idd = lowering->idd;
	sg_ref verdict = sg_idd_terminal(lowering->coverage.default_verdict);

	verdict =
		sg_idd_ite(idd, section[SG_COVERAGE_GUARD].covered, sg_idd_terminal(lower_refusal(lowering)), verdict);
	verdict = sg_idd_ite(idd, section[SG_COVERAGE_ALLOW].covered, sg_idd_terminal(SG_VERDICT_ACCEPT), verdict);
	verdict = sg_idd_ite(idd, section[SG_COVERAGE_REJECT].covered, sg_idd_terminal(SG_VERDICT_REJECT), verdict);
	verdict = sg_idd_ite(idd, section[SG_COVERAGE_DROP].covered, sg_idd_terminal(SG_VERDICT_DROP), verdict);
	return sg_idd_ite(idd, lowering->coverage.base, sg_idd_terminal(SG_VERDICT_ACCEPT), verdict);
}

/* Who is responsible where the verdict is this one; anything elsewhere. */
static sg_ref lower_origin(const struct lowering *lowering, enum sg_verdict verdict)
{
	static const enum sg_coverage_section sections[SG_VERDICTS] = {
		[SG_VERDICT_ACCEPT] = SG_COVERAGE_ALLOW,
		[SG_VERDICT_DROP] = SG_COVERAGE_DROP,
		[SG_VERDICT_REJECT] = SG_COVERAGE_REJECT,
	};
	const struct sg_cover *section = &lowering->coverage.sections[sections[verdict]];
	struct sg_idd *idd = lowering->idd;
	const struct sg_cover *guard = &lowering->coverage.sections[SG_COVERAGE_GUARD];
	size_t ranks = lowering->coverage.count + 1;
	sg_ref lines, other = SG_IDD_EMPTY;

	lines = sg_idd_map(idd, section->rank, lowering->origin_of_rank, ranks);
	if (lowering->coverage.default_verdict == verdict)
		other = sg_idd_terminal(sg_origin_of_default(lowering->policy, lowering->coverage.direction));
	if (verdict == lower_refusal(lowering))
		other = sg_idd_choose(idd, guard->covered,
				      sg_idd_map(idd, guard->rank, lowering->origin_of_rank, ranks), other);
	lines = sg_idd_choose(idd, section->covered, lines, other);
	if (verdict != SG_VERDICT_ACCEPT)
		return lines;
	return sg_idd_choose(idd, lowering->coverage.base, lowering->coverage.base_origin, lines);
}

/* ---- States and directions ---- */

/* `judged` where neither state part of the baseline decides. */
static sg_ref lower_states(struct sg_idd *idd, sg_ref judged, sg_ref established, sg_ref invalid)
{
	static const sg_u128 last[SG_CT_COUNT] = {
		SG_CT_NEW, SG_CT_ESTABLISHED, SG_CT_RELATED, SG_CT_INVALID, SG_CT_UNTRACKED,
	};
	const sg_ref child[SG_CT_COUNT] = {
		[SG_CT_NEW] = judged,      [SG_CT_ESTABLISHED] = established, [SG_CT_RELATED] = established,
		[SG_CT_INVALID] = invalid, [SG_CT_UNTRACKED] = judged,
	};

	return sg_idd_node(idd, SG_FIELD_STATE, last, child, SG_CT_COUNT);
}

static bool lower_drops_invalid(const struct lowering *lowering)
{
	return sg_policy_baseline(lowering->policy)->invalid && lowering->coverage.direction == SG_IN;
}

static sg_ref lower_direction_verdict(const struct lowering *lowering)
{
	sg_ref judged = lower_verdict(lowering), established = judged, invalid = judged;

	if (sg_policy_baseline(lowering->policy)->established)
		established = sg_idd_terminal(SG_VERDICT_ACCEPT);
	if (lower_drops_invalid(lowering))
		invalid = sg_idd_terminal(SG_VERDICT_DROP);
	return lower_states(lowering->idd, judged, established, invalid);
}

static sg_ref lower_direction_origin(const struct lowering *lowering, enum sg_verdict verdict)
{
	sg_ref judged = lower_origin(lowering, verdict), established = judged, invalid = judged;

	if (verdict == SG_VERDICT_ACCEPT && sg_policy_baseline(lowering->policy)->established)
		established = sg_idd_terminal(sg_origin_of_baseline(lowering->policy, MODEL_ESTABLISHED));
	if (verdict == SG_VERDICT_DROP && lower_drops_invalid(lowering))
		invalid = sg_idd_terminal(sg_origin_of_baseline(lowering->policy, MODEL_INVALID));
	return lower_states(lowering->idd, judged, established, invalid);
}

static sg_ref lower_directions(struct sg_idd *idd, const sg_ref of[SG_DIRECTIONS])
{
	static const sg_u128 last[] = {SG_IN, SG_FORWARD, SG_OUT, SG_PUBLISHED};

	return sg_idd_node(idd, SG_FIELD_DIRECTION, last, of, SG_DIRECTIONS);
}

/* ---- The whole ---- */

/* By direction; NULL where all packets are accepted, since the policy says nothing of them. */
struct lowered {
	struct sg_idd *idd;
	struct lowering *of[SG_DIRECTIONS];
};

static sg_ref lower_whole_verdict(const struct lowered *lowered)
{
	struct sg_idd *idd = lowered->idd;
	sg_ref of[SG_DIRECTIONS];

	for (size_t i = 0; i < SG_DIRECTIONS; i++)
		of[i] = lowered->of[i] ? lower_direction_verdict(lowered->of[i]) : sg_idd_terminal(SG_VERDICT_ACCEPT);
	return sg_idd_ite(idd, sg_packet_universe(idd), lower_directions(idd, of), SG_IDD_EMPTY);
}

static sg_ref lower_whole_origin(const struct lowered *lowered, enum sg_verdict verdict)
{
	sg_ref of[SG_DIRECTIONS];

	for (size_t i = 0; i < SG_DIRECTIONS; i++)
		of[i] = lowered->of[i] ? lower_direction_origin(lowered->of[i], verdict) : SG_IDD_EMPTY;
	return lower_directions(lowered->idd, of);
}

static sg_ref lower_whole_log(const struct lowered *lowered, const struct sg_policy *policy)
{
	struct sg_idd *idd = lowered->idd;
	sg_ref of[SG_DIRECTIONS], judged;

	for (size_t i = 0; i < SG_DIRECTIONS; i++) {
		const struct lowering *lowering = lowered->of[i];

		judged = lowering ? sg_lower_log(policy, idd, &lowered->of[i]->coverage) : SG_IDD_EMPTY;
		of[i] = !lowering ? judged
				  : lower_states(idd, judged,
						 sg_policy_baseline(policy)->established ? SG_IDD_EMPTY : judged,
						 lower_drops_invalid(lowering) ? SG_IDD_EMPTY : judged);
	}
	return sg_idd_ite(idd, sg_packet_universe(idd), lower_directions(idd, of), SG_IDD_EMPTY);
}

static bool lower_is_large(const struct lowering *lowering)
{
	return lowering && lowering->coverage.widest > ORIGIN_EDGES_MOST / (lowering->coverage.count + 1);
}

/* The origins of all verdicts in one, or EMPTY when it could be too large. */
static sg_ref lower_single_origin(const struct lowered *lowered, const struct sg_decision *decision)
{
	struct sg_idd *idd = lowered->idd;
	sg_ref origin = SG_IDD_EMPTY;

	for (size_t i = 0; i < SG_DIRECTIONS; i++)
		if (lower_is_large(lowered->of[i]))
			return SG_IDD_EMPTY;
	for (enum sg_verdict verdict = SG_VERDICT_ACCEPT; verdict <= SG_VERDICT_REJECT; verdict++) {
		origin = sg_idd_ite(idd, sg_idd_equals(idd, decision->verdict, verdict), decision->by_verdict[verdict],
				    origin);
	}
	return origin;
}

static int lower_prepare(struct lowering *lowering, enum sg_direction direction, struct sg_error *err)
{
	struct sg_coverage *coverage = &lowering->coverage;

	if (sg_coverage_make(coverage, lowering->policy, direction, lowering->idd, err) < 0)
		return -1;
	lowering->origin_of_rank = calloc(coverage->count + 1, sizeof(*lowering->origin_of_rank));
	if (!lowering->origin_of_rank)
		return sg_error_nomem(err);
	for (size_t i = 0; i < coverage->count; i++)
		lowering->origin_of_rank[i + 1] = sg_origin_of_line(coverage->parts[i].line);
	return 0;
}

static void lowerings_clear(struct lowering (*lowerings)[SG_DIRECTIONS])
{
	for (size_t i = 0; i < SG_DIRECTIONS; i++)
		lowering_clear(&(*lowerings)[i]);
}

static bool lower_speaks(const struct sg_policy *policy, enum sg_direction direction)
{
	switch (direction) {
	case SG_IN: return true;
	case SG_OUT: return sg_policy_has_outbound(policy);
	case SG_PUBLISHED: return sg_policy_enforces_published(policy);
	case SG_FORWARD:
	case SG_DIRECTIONS: break;
	}
	return false;
}

int sg_policy_lower(const struct sg_policy *policy, struct sg_idd *idd, struct sg_decision *ret, struct sg_error *err)
{
	sg_cleanup(lowerings_clear) struct lowering lowerings[SG_DIRECTIONS] = {0};
	struct lowered lowered = {.idd = idd};
	struct sg_decision decision = {.idd = idd};

	for (enum sg_direction direction = SG_IN; direction < SG_DIRECTIONS; direction++) {
		lowerings[direction] = (struct lowering){.policy = policy, .idd = idd};
		if (!lower_speaks(policy, direction))
			continue;
		lowered.of[direction] = &lowerings[direction];
		if (lower_prepare(&lowerings[direction], direction, err) < 0)
			return -1;
	}
	decision.verdict = lower_whole_verdict(&lowered);
	for (enum sg_verdict verdict = SG_VERDICT_ACCEPT; verdict <= SG_VERDICT_REJECT; verdict++)
		decision.by_verdict[verdict] = lower_whole_origin(&lowered, verdict);
	decision.origin = lower_single_origin(&lowered, &decision);
	if (policy->logging_count) {
		decision.log = lower_whole_log(&lowered, policy);
		decision.loggings = policy->loggings;
		decision.logging_count = policy->logging_count;
		if (sg_idd_check(idd, SG_IDD_EMPTY, err) < 0)
			return -1;
		if (decision.log == SG_IDD_FAILED)
			return sg_error_nomem(err);
	}
	if (sg_idd_check(idd, decision.verdict, err) < 0 || sg_idd_check(idd, decision.origin, err) < 0)
		return -1;
	*ret = decision;
	return 0;
}
