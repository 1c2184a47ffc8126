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
 * of several meters that matter to a packet one is asked before the others, so it does not count what they say.
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

static sg_ref asks(struct sg_idd *idd, sg_ref actions, uint32_t once, uint32_t twice)
{
	return sg_idd_or(idd, sg_idd_equals(idd, actions, once), sg_idd_equals(idd, actions, twice));
}

sg_ref sg_asked_in_turn(struct sg_idd *idd, size_t probe, sg_ref first, sg_ref second, sg_ref goes_on, sg_ref both)
{
	sg_ref twice = asks(idd, first, SG_ASKED, SG_ASKED_TWICE);

	if (twice != SG_IDD_EMPTY)
		twice = sg_idd_and(idd, twice, asks(idd, second, SG_ASKED, SG_ASKED_TWICE));
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

/* For which conditions the verdict hangs on the meter, whatever other meters say. */
static sg_ref matters(struct sg_idd *idd, sg_ref verdict, size_t meter, const struct sg_support *support)
{
	sg_ref set =
		sg_idd_differ(idd, sg_idd_restrict(idd, verdict, meter, 0), sg_idd_restrict(idd, verdict, meter, 1));

	for (size_t i = 0; i < support->count; i++) {
		const struct sg_condition *condition = sg_condition_of(idd, support->levels[i]);

		if (condition && condition->kind == SG_CONDITION_METER)
			set = sg_idd_exists(idd, set, support->levels[i]);
	}
	return set;
}

struct check {
	struct sg_idd *idd;
	size_t probe;
	struct sg_claims *claims;
	sg_u128 *point;
	bool *fixed;
};

static void spoil(struct sg_claims *claims, size_t meter)
{
	for (size_t i = 0; i < claims->count; i++)
		claims->items[i].spoilt |= claims->items[i].level == meter;
}

static int check_part(struct check *check, sg_ref part, struct sg_error *err)
{
	sg_cleanup(sg_support_clear) struct sg_support support = {0};
	struct sg_idd *idd = check->idd;
	sg_ref verdict = sg_idd_restrict(idd, part, check->probe, 0);
	sg_ref twice = sg_idd_equals(idd, part, SG_ASKED_SEEN(SG_ASKED_TWICE));
	sg_ref asked = asks(idd, part, SG_ASKED_SEEN(SG_ASKED), SG_ASKED_SEEN(SG_ASKED_TWICE));

	if (asked == SG_IDD_EMPTY)
		return 0;
	if (sg_idd_check(idd, asked, err) || sg_support_find(idd, verdict, &support, err))
		return -1;
	while (sg_idd_witness(idd, asked, 1, check->point, check->fixed)) {
		size_t meter = (size_t)check->point[check->probe];
		sg_ref who = sg_idd_restrict(idd, asked, check->probe, meter);

		if (sg_idd_restrict(idd, twice, check->probe, meter) != SG_IDD_EMPTY ||
		    !sg_idd_subset(idd, who, matters(idd, verdict, meter, &support)))
			spoil(check->claims, meter);
		asked = sg_idd_minus(idd, asked, sg_idd_range(idd, check->probe, meter, meter));
	}
	return sg_idd_check(idd, asked, err);
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
