// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A meter counts whoever asks it. What a table decides under each answer may be what it should, and still be wrong:
 * when packets ask that are dropped or accepted in any case, the answers are others than for the packets that hang on
 * them.
 *
 * So the evaluation is made with one level more, the probe (sg_condition_probe). Where its value is a meter (the number
 * of its level), a packet that comes to the meter's expression ends there, with SG_ASKED instead of a verdict. With any
 * other value nothing of it is to be seen. The packets that ask are then those for which that value makes SG_ASKED; and
 * they have to be among those whose verdict hangs on the meter, time, owner of the socket and all. But for one thing:
 * of several meters that matter to a packet one is asked before the others, so what they say is left aside. Where each
 * of two is asked in vain under one of the answers of the other, one of them is asked although the answer was known.
 *
 * One that asks a second time would count twice. It can where what asked first returns, and where a hook has several
 * base chains.
 */
#include "nft/asked.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/mem.h"
#include "nft/refmap.h"
#include "sockgate/condition.h"

static sg_ref asking(struct sg_idd *idd, sg_ref actions, uint32_t once, uint32_t twice)
{
	return sg_idd_or(idd, sg_idd_equals(idd, actions, once), sg_idd_equals(idd, actions, twice));
}

sg_ref sg_asked_in_turn(struct sg_idd *idd, size_t probe, sg_ref first, sg_ref second, sg_ref goes_on, sg_ref both)
{
	sg_ref twice = asking(idd, first, SG_ASKED, SG_ASKED_TWICE);

	if (twice != SG_IDD_EMPTY)
		twice = sg_idd_and(idd, twice, asking(idd, second, SG_ASKED, SG_ASKED_TWICE));
	if (twice != SG_IDD_EMPTY)
		twice = sg_idd_and(idd, twice, sg_idd_restrict(idd, goes_on, probe, 0));
	return sg_idd_ite(idd, twice, sg_idd_terminal(SG_ASKED_TWICE), both);
}

/* ------------------------------------------------------------------ what hangs on a meter */

/* What lies below the packets' fields, each part once. */
struct parts {
	struct sg_refmap known;
	sg_ref *items;
	size_t count, room;
	bool failed;
};

static void parts_clear(struct parts *parts)
{
	sg_refmap_clear(&parts->known);
	free(parts->items);
}

static uint32_t collect(sg_ref part, void *data)
{
	struct parts *parts = data;
	uint32_t known;

	if (sg_idd_is_terminal(part) || sg_refmap_get(&parts->known, part, &known))
		return 0;
	if (sg_grow(&parts->items, &parts->room, parts->count, 1, sizeof(*parts->items)) ||
	    sg_refmap_put(&parts->known, part, 1, NULL)) {
		parts->failed = true;
		return SG_IDD_TERMINAL_MAX + 1;
	}
	parts->items[parts->count++] = part;
	return 0;
}

struct check {
	struct sg_idd *idd;
	size_t probe;
	struct sg_claims *claims;
	sg_u128 *point;
	bool *fixed;
};

/* A meter that packets of a part ask. */
struct asked {
	size_t meter;
	sg_ref who, matters; /* sets of conditions: when it is asked, and when the verdict hangs on it */
};

struct part {
	struct sg_support support; /* of the verdict */
	struct asked *asked;
	size_t count, room;
};

static void part_clear(struct part *part)
{
	sg_support_clear(&part->support);
	free(part->asked);
}

static void spoil(struct sg_claims *claims, size_t meter)
{
	for (size_t i = 0; i < claims->count; i++)
		claims->items[i].spoilt |= claims->items[i].level == meter;
}

/* When the meter is asked in vain. What other meters say is left aside, but for `kept` (SIZE_MAX: for none). */
static sg_ref in_vain(struct sg_idd *idd, const struct part *part, const struct asked *asked, size_t kept)
{
	sg_ref matters = asked->matters;

	for (size_t i = 0; i < part->support.count; i++) {
		size_t level = part->support.levels[i];
		const struct sg_condition *condition = sg_condition_of(idd, level);

		if (condition && condition->kind == SG_CONDITION_METER && level != kept)
			matters = sg_idd_exists(idd, matters, level);
	}
	return sg_idd_minus(idd, asked->who, matters);
}

static void check_pair(struct check *check, const struct part *part, const struct asked *a, const struct asked *b)
{
	sg_ref first = sg_idd_exists(check->idd, in_vain(check->idd, part, a, b->meter), b->meter);
	sg_ref second = sg_idd_exists(check->idd, in_vain(check->idd, part, b, a->meter), a->meter);

	if (sg_idd_disjoint(check->idd, first, second))
		return;
	spoil(check->claims, a->meter);
	spoil(check->claims, b->meter);
}

/* Fills part->asked. `asks` is of conditions and the probe. */
static int find_asked(struct check *check, struct part *part, sg_ref verdict, sg_ref asks, struct sg_error *err)
{
	struct sg_idd *idd = check->idd;

	while (sg_idd_witness(idd, asks, 1, check->point, check->fixed)) {
		size_t meter = (size_t)check->point[check->probe];

		if (sg_grow(&part->asked, &part->room, part->count, 1, sizeof(*part->asked)))
			return sg_error_nomem(err);
		part->asked[part->count++] = (struct asked){
			.meter = meter,
			.who = sg_idd_restrict(idd, asks, check->probe, meter),
			.matters = sg_idd_differ(idd, sg_idd_restrict(idd, verdict, meter, 0),
						 sg_idd_restrict(idd, verdict, meter, 1)),
		};
		asks = sg_idd_minus(idd, asks, sg_idd_range(idd, check->probe, meter, meter));
	}
	return sg_idd_check(idd, asks, err);
}

static int check_part(struct check *check, sg_ref ref, struct sg_error *err)
{
	sg_cleanup(part_clear) struct part part = {0};
	struct sg_idd *idd = check->idd;
	sg_ref verdict = sg_idd_restrict(idd, ref, check->probe, 0);
	sg_ref twice = sg_idd_equals(idd, ref, SG_ASKED_SEEN(SG_ASKED_TWICE));
	sg_ref asks = asking(idd, ref, SG_ASKED_SEEN(SG_ASKED), SG_ASKED_SEEN(SG_ASKED_TWICE));

	if (asks == SG_IDD_EMPTY)
		return 0;
	if (sg_idd_check(idd, asks, err) || sg_support_find(idd, verdict, &part.support, err) ||
	    find_asked(check, &part, verdict, asks, err))
		return -1;
	for (size_t i = 0; i < part.count; i++) {
		const struct asked *asked = &part.asked[i];

		if (sg_idd_restrict(idd, twice, check->probe, asked->meter) != SG_IDD_EMPTY ||
		    in_vain(idd, &part, asked, SIZE_MAX) != SG_IDD_EMPTY)
			spoil(check->claims, asked->meter);
		for (size_t k = 0; k < i; k++)
			check_pair(check, &part, asked, &part.asked[k]);
	}
	return sg_idd_check(idd, asks, err);
}

/* An expression that counts some packets in another way, as well. */
static void spoil_misread(struct sg_claims *claims)
{
	for (size_t i = 0; i < claims->count; i++)
		for (size_t j = 0; claims->items[i].level == SIZE_MAX && j < claims->count; j++)
			if (claims->items[j].expr == claims->items[i].expr)
				spoil(claims, claims->items[j].level);
}

static int check_all(struct check *check, sg_ref seen, struct sg_error *err)
{
	sg_cleanup(parts_clear) struct parts parts = {0};

	sg_idd_cut(check->idd, seen, SG_LEVEL_TIME, collect, &parts);
	if (parts.failed)
		return sg_error_nomem(err);
	if (sg_idd_check(check->idd, seen, err))
		return -1;
	for (size_t i = 0; i < parts.count; i++)
		if (check_part(check, parts.items[i], err))
			return -1;
	spoil_misread(check->claims);
	return 0;
}

/* The actions with something unknown in the place of the claim's meter. */
static sg_ref replace(struct sg_matcher *matcher, const struct sg_claim *claim, sg_ref actions)
{
	sg_ref within = sg_idd_restrict(matcher->idd, actions, claim->level, 1);
	sg_ref over = sg_idd_restrict(matcher->idd, actions, claim->level, 0);
	char where[SG_NFT_NAME_SIZE + 8];

	if (within == over)
		return within;
	snprintf(where, sizeof(where), "chain %s", claim->chain->name);
	matcher->where = where;
	within = sg_idd_ite(matcher->idd, sg_match_fresh(matcher, "a meter that counts other packets, too,"), within,
			    over);
	return within;
}

sg_ref sg_asked_settle(struct sg_matcher *matcher, struct sg_claims *claims, sg_ref seen, sg_ref actions)
{
	struct sg_idd *idd = matcher->idd;
	sg_autofree sg_u128 *point = calloc(sg_idd_levels(idd), sizeof(*point));
	sg_autofree bool *fixed = calloc(sg_idd_levels(idd), sizeof(*fixed));
	struct check check = {.idd = idd, .probe = claims->probe, .claims = claims, .point = point, .fixed = fixed};
	struct sg_error why = {0};

	if (!point || !fixed || check_all(&check, seen, &why)) {
		matcher->failed |= !why.kind || why.kind == SG_ERROR_MEMORY; /* else the context has failed */
		return SG_IDD_FAILED;
	}
	actions = sg_idd_restrict(idd, actions, claims->probe, 0);
	for (size_t i = 0; i < claims->count; i++)
		if (claims->items[i].spoilt && claims->items[i].level != SIZE_MAX)
			actions = replace(matcher, &claims->items[i], actions);
	return actions;
}
