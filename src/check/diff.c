/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff.c - what two decisions judge differently.
 *
 * Both are settled, paired, and what is equal is taken out: the rest is a diagram whose terminals say which outcome
 * became which. Its parts (parts.c, which proves that they are exact) are the changes.
 */
#include "sockgate/diff.h"

#include "base/mem.h"
#include "check/settle.h"
#include "check/where.h"
#include "sockgate/proto.h"

#define DIFF_PAIRS (SG_OUTCOME_DEPENDS * 256)

void sg_diff_clear(struct sg_diff *diff)
{
	for (size_t i = 0; i < diff->count; i++) {
		free(diff->changes[i].from_origins);
		free(diff->changes[i].to_origins);
	}
	free(diff->changes);
	sg_wheres_clear(&diff->wheres);
	*diff = (struct sg_diff){0};
}

/* from * 256 + to where they differ, 0 where they do not. */
static sg_ref diff_pairs(struct sg_idd *idd, sg_ref from, sg_ref to)
{
	uint32_t keep[DIFF_PAIRS];

	for (uint32_t pair = 0; pair < DIFF_PAIRS; pair++)
		keep[pair] = pair / 256 == pair % 256 ? 0 : pair;
	return sg_idd_map(idd, sg_idd_pair(idd, from, to), keep, DIFF_PAIRS);
}

static enum sg_change_kind diff_kind(const struct sg_change *change)
{
	if (change->from == SG_OUTCOME_UNDECIDED || change->to == SG_OUTCOME_UNDECIDED)
		return SG_CHANGE_UNDECIDED;
	if (change->where->direction != SG_IN)
		return SG_CHANGE_DIRECTION;
	if (!(change->where->states & (1U << SG_CT_NEW)))
		return SG_CHANGE_STATE;
	if (change->to == SG_OUTCOME_ACCEPT)
		return SG_CHANGE_OPENED;
	return change->from == SG_OUTCOME_ACCEPT ? SG_CHANGE_CLOSED : SG_CHANGE_ANSWER;
}

static int change_compare(const void *left, const void *right)
{
	const struct sg_change *a = left, *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->where < b->where ? -1 : a->where > b->where;
}

/* ---- Witnesses ---- */

/* The witness has to be judged as the change says by the decisions themselves. */
static int diff_prove_witness(struct sg_idd *idd, sg_ref pairs, uint32_t value, const struct sg_packet *packet,
			      struct sg_error *err)
{
	sg_autofree sg_u128 *point = calloc(sg_idd_levels(idd), sizeof(*point));

	if (!point)
		return sg_error_nomem(err);
	for (size_t level = 0; level < SG_FIELD_COUNT; level++)
		point[level] = packet->field[level];
	if (sg_idd_lookup(idd, pairs, point) == value)
		return 0;
	return sg_error_set(err, SG_ERROR_UNPROVEN, 0, "internal: a witness is not in its change");
}

/* ---- Sums ---- */

static int diff_add_ports(const struct sg_where *where, struct sg_ranges ports[256], struct sg_error *err)
{
	for (size_t i = 0; i < where->protocols.count; i++) {
		for (sg_u128 p = where->protocols.items[i].first; p <= where->protocols.items[i].last; p++) {
			struct sg_range all = {0, sg_proto_has_ports((uint8_t)p) ? 65535 : 255};
			bool has = sg_proto_has_ports((uint8_t)p) || p == SG_PROTO_ICMP || p == SG_PROTO_ICMPV6;

			if (has && where->any_port && sg_ranges_add(&ports[p], &all, err) < 0)
				return -1;
			for (size_t k = 0; k < where->ports.count; k++) {
				if (sg_ranges_add(&ports[p], &where->ports.items[k], err) < 0)
					return -1;
			}
		}
	}
	return 0;
}

static int diff_count_ports(const struct sg_diff *diff, enum sg_change_kind kind, uint64_t *ret, struct sg_error *err)
{
	struct sg_ranges ports[256] = {0};
	uint64_t count = 0;
	int result = 0;

	for (size_t i = 0; result == 0 && i < diff->count; i++) {
		if (diff->changes[i].kind == kind)
			result = diff_add_ports(diff->changes[i].where, ports, err);
	}
	for (size_t p = 0; p < 256; p++) {
		sg_ranges_normalise(&ports[p]);
		for (size_t k = 0; k < ports[p].count; k++)
			count += (uint64_t)(ports[p].items[k].last - ports[p].items[k].first + 1);
		sg_ranges_clear(&ports[p]);
	}
	*ret = count;
	return result;
}

static int diff_sum(struct sg_diff *diff, struct sg_error *err)
{
	size_t kinds[SG_CHANGE_DIRECTION + 1] = {0};

	for (size_t i = 0; i < diff->count; i++)
		kinds[diff->changes[i].kind]++;
	diff->sum = (struct sg_diff_sum){
		.changes = diff->count,
		.opened = kinds[SG_CHANGE_OPENED],
		.closed = kinds[SG_CHANGE_CLOSED],
		.answer = kinds[SG_CHANGE_ANSWER],
		.undecided = kinds[SG_CHANGE_UNDECIDED],
	};
	diff->equal = !diff->count ? SG_PROVEN : kinds[SG_CHANGE_UNDECIDED] == diff->count ? SG_UNDECIDED : SG_REFUTED;
	if (diff_count_ports(diff, SG_CHANGE_OPENED, &diff->sum.ports_opened, err) < 0)
		return -1;
	return diff_count_ports(diff, SG_CHANGE_CLOSED, &diff->sum.ports_closed, err);
}

/* ---- All of it ---- */

/* The part's contents move into the diff; there is room. */
static void diff_take(struct sg_diff *diff, struct sg_part *part)
{
	struct sg_where *where = &diff->wheres.items[diff->wheres.count++];
	struct sg_change *change = &diff->changes[diff->count++];

	*where = part->where;
	*change = (struct sg_change){
		.from = part->value / 256,
		.to = part->value % 256,
		.where = where,
		.from_origins = part->origins[0].items,
		.from_count = part->origins[0].count,
		.to_origins = part->origins[1].items,
		.to_count = part->origins[1].count,
		.witness = sg_where_witness(where),
	};
	change->kind = diff_kind(change);
	*part = (struct sg_part){0};
}

static int diff_fill(struct sg_diff *diff, struct sg_idd *idd, sg_ref pairs, struct sg_parts *parts,
		     struct sg_error *err)
{
	if (sg_grow(&diff->wheres.items, &diff->wheres.room, 0, parts->count, sizeof(*diff->wheres.items)) < 0 ||
	    sg_grow(&diff->changes, &diff->room, 0, parts->count, sizeof(*diff->changes)) < 0)
		return sg_error_nomem(err);
	for (size_t i = 0; i < parts->count; i++) {
		uint32_t value = parts->items[i].value;

		diff_take(diff, &parts->items[i]);
		if (diff_prove_witness(idd, pairs, value, &diff->changes[i].witness, err) < 0)
			return -1;
	}
	qsort(diff->changes, diff->count, sizeof(*diff->changes), change_compare);
	return diff_sum(diff, err);
}

int sg_diff(const struct sg_subject *from, const struct sg_subject *to, struct sg_diff *ret, struct sg_error *err)
{
	struct sg_idd *idd = from->decision.idd;
	sg_cleanup(sg_diff_clear) struct sg_diff diff = {.equal = SG_PROVEN};
	sg_cleanup(sg_parts_clear) struct sg_parts parts = {0};
	sg_ref pairs, before = sg_settle(&from->decision), after = sg_settle(&to->decision);
	const sg_ref origins[2] = {from->decision.origin, to->decision.origin};

	if (sg_idd_check(idd, before, err) < 0 || sg_idd_check(idd, after, err) < 0)
		return -1;
	if (before != after) {
		pairs = diff_pairs(idd, before, after);
		if (sg_idd_check(idd, pairs, err) < 0 ||
		    sg_parts_find(idd, pairs, origins, &diff.wheres.pool, &parts, err) < 0 ||
		    diff_fill(&diff, idd, pairs, &parts, err) < 0)
			return -1;
	}
	*ret = diff;
	diff = (struct sg_diff){0};
	return 0;
}
