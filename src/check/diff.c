/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * diff.c - what two decisions judge differently.
 *
 * Both are settled, paired, and what is equal is taken out: the rest is a diagram whose terminals say which outcome
 * became which. Its parts (parts.c, which proves that they are exact) are the changes. Where the outcomes are the same,
 * the conditions may not be (shift.c): the parts of that are changes, too.
 */
#include "sockgate/diff.h"

#include "base/mem.h"
#include "check/origins.h"
#include "check/settle.h"
#include "check/shift.h"
#include "check/twins.h"
#include "check/where.h"
#include "sockgate/proto.h"

#define DIFF_PAIRS (SG_OUTCOME_DEPENDS * 256)

void sg_diff_clear(struct sg_diff *diff)
{
	for (size_t i = 0; i < diff->count; i++) {
		free(diff->changes[i].from_origins);
		free(diff->changes[i].to_origins);
	}
	for (size_t i = 0; i < diff->term_count; i++)
		sg_terms_clear(&diff->terms[i]);
	free(diff->changes);
	free(diff->terms);
	free(diff->loggings);
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
	if (change->from_terms)
		return SG_CHANGE_CONDITIONS;
	if (change->from == SG_OUTCOME_UNDECIDED || change->to == SG_OUTCOME_UNDECIDED)
		return SG_CHANGE_UNDECIDED;
	if (change->where->direction != SG_IN && change->where->direction != SG_PUBLISHED)
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

/* `undecided`: changes of which it is not known that they are any. */
static int diff_sum(struct sg_diff *diff, size_t undecided, struct sg_error *err)
{
	size_t kinds[SG_CHANGE_CONDITIONS + 1] = {0}, repeated = 0, logs = 0;

	for (size_t i = 0; i < diff->count; i++) {
		const struct sg_change *change = &diff->changes[i];

		if (change->twin && change->where->direction == SG_PUBLISHED) {
			repeated++;
			continue;
		}
		kinds[change->kind]++;
		logs += change->logged_otherwise;
	}
	diff->sum = (struct sg_diff_sum){
		.changes = diff->count - repeated,
		.opened = kinds[SG_CHANGE_OPENED],
		.closed = kinds[SG_CHANGE_CLOSED],
		.answer = kinds[SG_CHANGE_ANSWER],
		.undecided = kinds[SG_CHANGE_UNDECIDED],
		.conditions = kinds[SG_CHANGE_CONDITIONS],
		.logs = logs,
	};
	diff->equal = !diff->count ? SG_PROVEN : undecided == diff->count ? SG_UNDECIDED : SG_REFUTED;
	if (diff_count_ports(diff, SG_CHANGE_OPENED, &diff->sum.ports_opened, err) < 0)
		return -1;
	return diff_count_ports(diff, SG_CHANGE_CLOSED, &diff->sum.ports_closed, err);
}

/* ---- All of it ---- */

struct diff_work {
	const struct sg_subject *from, *to;
	struct sg_idd *idd;
	sg_ref pairs; /* of outcomes */
	struct sg_shifts shifts;
	struct sg_parts parts, shifted; /* of both */
	struct sg_origins before, after;
	struct sg_diff diff;
	size_t undecided; /* changes */
	struct sg_error *err;
};

static void diff_work_clear(struct diff_work *work)
{
	sg_diff_clear(&work->diff);
	sg_shifts_clear(&work->shifts);
	sg_parts_clear(&work->parts);
	sg_parts_clear(&work->shifted);
}

static int diff_origins(struct diff_work *work, const struct sg_origins *origins, enum sg_outcome outcome, sg_ref set,
			uint32_t **ret, size_t *ret_count)
{
	struct sg_refs refs = {0};

	if (sg_origins_find(origins, outcome, set, &refs, work->err) < 0) {
		sg_refs_clear(&refs);
		return -1;
	}
	sg_refs_unique(&refs);
	*ret = refs.items;
	*ret_count = refs.count;
	return 0;
}

/* The part's contents move into the diff, which has room; `of` is the diagram that it is a part of. */
static int diff_take(struct diff_work *work, struct sg_part *part, sg_ref of, const struct sg_change *what)
{
	struct sg_where *where = &work->diff.wheres.items[work->diff.wheres.count++];
	struct sg_change *change = &work->diff.changes[work->diff.count++];

	*where = part->where;
	part->where = (struct sg_where){0};
	*change = *what;
	change->where = where;
	change->witness = sg_where_witness(where);
	change->kind = diff_kind(change);
	work->undecided += change->kind == SG_CHANGE_UNDECIDED;
	if (diff_origins(work, &work->before, change->from, part->set, &change->from_origins, &change->from_count) <
		    0 ||
	    diff_origins(work, &work->after, change->to, part->set, &change->to_origins, &change->to_count) < 0)
		return -1;
	return diff_prove_witness(work->idd, of, part->value, &change->witness, work->err);
}

/* ---- Conditions ---- */

static int diff_fill_terms(struct diff_work *work)
{
	struct sg_diff *diff = &work->diff;
	const struct sg_shifts *shifts = &work->shifts;

	diff->terms = calloc(2 * shifts->count + 1, sizeof(*diff->terms));
	if (!diff->terms)
		return sg_error_nomem(work->err);
	for (size_t i = 0; i < 2 * shifts->count; i++) {
		const struct sg_shift *shift = &shifts->items[i / 2];

		if (sg_terms_find(work->idd, shift->verdict[i % 2], shift->log[i % 2], shifts->loggings,
				  &diff->terms[i], work->err) < 0)
			return -1;
		diff->term_count++;
	}
	return 0;
}

/* The outcome of packets with that function of the conditions when all are met. */
static enum sg_outcome diff_outcome(struct sg_idd *idd, sg_ref verdict, uint64_t now)
{
	const struct sg_world world = {.now = now};
	sg_ref settled = sg_condition_settle(idd, verdict, &world);

	if (!sg_idd_is_terminal(settled) || sg_idd_value(settled) == SG_VERDICT_NONE)
		return SG_OUTCOME_UNDECIDED;
	return (enum sg_outcome)sg_idd_value(settled);
}

static int diff_take_shift(struct diff_work *work, struct sg_part *part)
{
	size_t index = part->value - 1;
	const struct sg_shift *shift = &work->shifts.items[index];
	enum sg_outcome outcome = diff_outcome(work->idd, shift->verdict[1], work->to->now);
	const struct sg_change what = {
		.from = outcome,
		.to = outcome,
		.from_terms = &work->diff.terms[2 * index],
		.to_terms = &work->diff.terms[2 * index + 1],
		.logged_otherwise = shift->verdict[0] == shift->verdict[1],
	};

	work->undecided += shift->undecided;
	return diff_take(work, part, work->shifts.which, &what);
}

/* ---- All of it ---- */

static int diff_fill(struct diff_work *work)
{
	struct sg_diff *diff = &work->diff;
	size_t count;

	if (sg_parts_find(work->idd, work->pairs, &diff->wheres.pool, &work->parts, work->err) < 0 ||
	    sg_parts_find(work->idd, work->shifts.which, &diff->wheres.pool, &work->shifted, work->err) < 0 ||
	    diff_fill_terms(work) < 0)
		return -1;
	count = work->parts.count + work->shifted.count;
	if (sg_grow(&diff->wheres.items, &diff->wheres.room, 0, count, sizeof(*diff->wheres.items)) < 0 ||
	    sg_grow(&diff->changes, &diff->room, 0, count, sizeof(*diff->changes)) < 0)
		return sg_error_nomem(work->err);
	for (size_t i = 0; i < work->parts.count; i++) {
		struct sg_part *part = &work->parts.items[i];
		const struct sg_change what = {.from = part->value / 256, .to = part->value % 256};

		if (diff_take(work, part, work->pairs, &what) < 0)
			return -1;
	}
	for (size_t i = 0; i < work->shifted.count; i++) {
		if (diff_take_shift(work, &work->shifted.items[i]) < 0)
			return -1;
	}
	if (diff->count)
		qsort(diff->changes, diff->count, sizeof(*diff->changes), change_compare);
	if (sg_twins_find(work->from, work->to, diff, work->err) < 0)
		return -1;
	return diff_sum(diff, work->undecided, work->err);
}

int sg_diff(const struct sg_subject *from, const struct sg_subject *to, struct sg_diff *ret, struct sg_error *err)
{
	struct sg_idd *idd = from->decision.idd;
	sg_ref before = sg_settle(&from->decision), after = sg_settle(&to->decision), other;
	sg_cleanup(diff_work_clear) struct diff_work work = {
		.from = from,
		.to = to,
		.idd = idd,
		.before = sg_origins_of(&from->decision),
		.after = sg_origins_of(&to->decision),
		.diff.equal = SG_PROVEN,
		.err = err,
	};

	if (sg_idd_check(idd, before, err) < 0 || sg_idd_check(idd, after, err) < 0)
		return -1;
	other = sg_idd_differ(idd, before, after);
	if (sg_idd_check(idd, other, err) < 0 ||
	    sg_shifts_find(from, to, sg_idd_not(idd, other), &work.shifts, err) < 0)
		return -1;
	if (before != after || work.shifts.count) {
		work.pairs = diff_pairs(idd, before, after);
		if (sg_idd_check(idd, work.pairs, err) < 0 || diff_fill(&work) < 0)
			return -1;
	}
	if (work.shifts.count) /* a diff of nothing owns nothing */
		work.diff.loggings = sg_steal(work.shifts.loggings);
	*ret = work.diff;
	work.diff = (struct sg_diff){0};
	return 0;
}
