/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shift.c - where two decisions are the same functions of the packet, and not of the conditions.
 *
 * Below the fields of a packet hangs what its verdict and its logging are under which conditions. Equal ones are one
 * node, so they can be numbered, and each packet has four numbers: verdict and log, before and after. Packets with the
 * same four are one shift. Numbers are put together pair by pair and counted anew, so that they stay small.
 */
#include "check/shift.h"

#include "base/mem.h"
#include "check/logs.h"
#include "check/memo.h"
#include "check/walk.h"

#define SHIFTS_MOST (1U << 14) /* numbers that fit a pair of a diagram and two bytes */
#define PARTS_MOST  (1U << 16)

void sg_shifts_clear(struct sg_shifts *shifts)
{
	free(shifts->items);
	free(shifts->loggings);
	*shifts = (struct sg_shifts){0};
}

/* ---- Numbering ---- */

/* What numbers stand for: of parts their references, of pairs the pair. */
struct numbers {
	struct sg_memo index;
	uint32_t *items; /* [i] is number i + 1 */
	size_t count, room, most;
	struct sg_error *err;
	bool failed;
};

static void numbers_clear(struct numbers *numbers)
{
	sg_memo_clear(&numbers->index);
	free(numbers->items);
}

static uint32_t number_of(struct numbers *numbers, uint32_t item)
{
	struct sg_memo_key key = {{item}};
	uint32_t known = sg_memo_find(&numbers->index, &key);

	if (known != SG_MEMO_NONE)
		return known;
	if (numbers->count + 1 >= numbers->most) {
		sg_error_set(numbers->err, SG_ERROR_LIMIT, 0, "more than %zu different conditions are another",
			     numbers->most);
		numbers->failed = true;
	} else if (sg_grow(&numbers->items, &numbers->room, numbers->count, 1, sizeof(*numbers->items)) < 0 ||
		   sg_memo_add(&numbers->index, &key, (uint32_t)numbers->count + 1, NULL) < 0) {
		sg_error_nomem(numbers->err);
		numbers->failed = true;
	}
	if (numbers->failed)
		return SG_IDD_TERMINAL_MAX + 1;
	numbers->items[numbers->count++] = item;
	return (uint32_t)numbers->count;
}

#define OUTSIDE SG_IDD_TERMINAL_MAX /* what no verdict and no logging is */

static uint32_t number_part(sg_ref part, void *data)
{
	return part == sg_idd_terminal(OUTSIDE) ? 0 : number_of(data, part);
}

/* A pair's terminal is its number already, and 0 is none. */
static uint32_t number_pair(sg_ref part, void *data)
{
	return sg_idd_value(part) ? number_of(data, sg_idd_value(part)) : 0;
}

static int shift_check(const struct numbers *numbers, const struct sg_idd *idd, sg_ref ref)
{
	/* where numbering failed, it said why; the context as such is well */
	return numbers->failed ? -1 : sg_idd_check(idd, ref, numbers->err);
}

/* Each packet's number of what lies below its fields in `ref`, 0 outside of the set. */
static int shift_number(struct sg_idd *idd, sg_ref set, sg_ref ref, struct numbers *numbers, sg_ref *ret)
{
	sg_ref inside = sg_idd_ite(idd, set, ref, sg_idd_terminal(OUTSIDE));

	*ret = sg_idd_cut(idd, inside, SG_FIELD_COUNT, number_part, numbers);
	return shift_check(numbers, idd, *ret);
}

/* Two numbers of each packet as one. */
static int shift_join(struct sg_idd *idd, sg_ref a, sg_ref b, size_t b_count, struct numbers *numbers, sg_ref *ret)
{
	sg_autofree uint32_t *high = calloc(b_count + 1, sizeof(*high)), *low = calloc(b_count + 1, sizeof(*low));
	sg_ref pair;

	if (!high || !low)
		return sg_error_nomem(numbers->err);
	for (uint32_t i = 0; i <= b_count; i++) {
		high[i] = i >> 8;
		low[i] = i & 0xff;
	}
	pair = sg_idd_pair(idd, a, sg_idd_map(idd, b, high, b_count + 1));
	pair = sg_idd_pair(idd, pair, sg_idd_map(idd, b, low, b_count + 1));
	*ret = sg_idd_cut(idd, pair, SG_FIELD_COUNT, number_pair, numbers);
	return shift_check(numbers, idd, *ret);
}

/* ---- All of them ---- */

struct shift_work {
	struct sg_idd *idd;
	sg_ref verdict[2], log[2]; /* logs with the numbers of all loggings */
	struct numbers parts[4];   /* of verdict before, verdict after, log before, log after */
	struct numbers pairs[3];   /* of the first two, of those and the third, of those and the last */
	struct sg_shifts shifts;
	struct sg_error *err;
};

static void shift_work_clear(struct shift_work *work)
{
	for (size_t i = 0; i < SG_COUNT(work->parts); i++)
		numbers_clear(&work->parts[i]);
	for (size_t i = 0; i < SG_COUNT(work->pairs); i++)
		numbers_clear(&work->pairs[i]);
	sg_shifts_clear(&work->shifts);
}

static uint32_t shift_not_empty(sg_ref part, void *data)
{
	(void)data;
	return part != SG_IDD_EMPTY;
}

/* Where conditions or loggings are not the same; sets of packets and conditions, or of conditions alone. */
static sg_ref shift_differ(struct sg_idd *idd, const sg_ref verdict[2], const sg_ref log[2])
{
	return sg_idd_or(idd, sg_idd_differ(idd, verdict[0], verdict[1]), sg_idd_differ(idd, log[0], log[1]));
}

static int shift_prepare(struct shift_work *work, const struct sg_subject *from, const struct sg_subject *to)
{
	sg_cleanup(sg_logs_clear) struct sg_logs logs = {0};

	if (sg_logs_make(from, to, &logs, work->err) < 0)
		return -1;
	work->idd = from->decision.idd;
	work->verdict[0] = (from->whole.idd ? &from->whole : &from->decision)->verdict;
	work->verdict[1] = (to->whole.idd ? &to->whole : &to->decision)->verdict;
	work->log[0] = logs.log[0];
	work->log[1] = logs.log[1];
	work->shifts.loggings = sg_steal(logs.items);
	return 0;
}

static int shift_number_all(struct shift_work *work, sg_ref set)
{
	const sg_ref all[4] = {work->verdict[0], work->verdict[1], work->log[0], work->log[1]};
	sg_ref which = SG_IDD_EMPTY;

	for (size_t i = 0; i < SG_COUNT(all); i++) {
		sg_ref number;

		work->parts[i].most = i ? PARTS_MOST : SHIFTS_MOST;
		work->parts[i].err = work->err;
		if (shift_number(work->idd, set, all[i], &work->parts[i], &number) < 0)
			return -1;
		if (!i) {
			which = number;
			continue;
		}
		work->pairs[i - 1].most = SHIFTS_MOST;
		work->pairs[i - 1].err = work->err;
		if (shift_join(work->idd, which, number, work->parts[i].count, &work->pairs[i - 1], &which) < 0)
			return -1;
	}
	work->shifts.which = which;
	return 0;
}

/* Takes a number apart again. */
static struct sg_shift shift_of(const struct shift_work *work, size_t index)
{
	sg_ref part[4];

	for (size_t i = 3; i > 0; i--) {
		uint32_t pair = work->pairs[i - 1].items[index];

		part[i] = work->parts[i].items[(pair & 0xffff) - 1];
		index = (pair >> 16) - 1;
	}
	part[0] = work->parts[0].items[index];
	return (struct sg_shift){.verdict = {part[0], part[1]}, .log = {part[2], part[3]}};
}

static bool shift_is_undecided(struct sg_idd *idd, const struct sg_shift *shift)
{
	sg_ref differ = shift_differ(idd, shift->verdict, shift->log);

	for (size_t level = SG_LEVEL_TIME + 1; level < sg_idd_levels(idd) && differ != SG_IDD_EMPTY; level++)
		if (!sg_condition_of(idd, level))
			differ = sg_idd_forall(idd, differ, level);
	return differ == SG_IDD_EMPTY;
}

static int shift_fill(struct shift_work *work)
{
	struct sg_shifts *shifts = &work->shifts;
	size_t count = work->pairs[2].count;

	if (sg_grow(&shifts->items, &shifts->room, 0, count, sizeof(*shifts->items)) < 0)
		return sg_error_nomem(work->err);
	for (size_t i = 0; i < count; i++) {
		struct sg_shift shift = shift_of(work, i);

		shift.undecided = shift_is_undecided(work->idd, &shift);
		shifts->items[shifts->count++] = shift;
	}
	return sg_idd_check(work->idd, SG_IDD_EMPTY, work->err);
}

int sg_shifts_find(const struct sg_subject *from, const struct sg_subject *to, sg_ref same, struct sg_shifts *ret,
		   struct sg_error *err)
{
	sg_cleanup(shift_work_clear) struct shift_work work = {.shifts.which = SG_IDD_EMPTY, .err = err};
	sg_ref set;

	if (shift_prepare(&work, from, to) < 0)
		return -1;
	set = sg_idd_cut(work.idd, shift_differ(work.idd, work.verdict, work.log), SG_FIELD_COUNT, shift_not_empty,
			 NULL);
	set = sg_idd_and(work.idd, set, same);
	if (sg_idd_check(work.idd, set, err) < 0)
		return -1;
	if (set != SG_IDD_EMPTY && (shift_number_all(&work, set) < 0 || shift_fill(&work) < 0))
		return -1;
	*ret = work.shifts;
	work.shifts = (struct sg_shifts){0};
	return 0;
}
