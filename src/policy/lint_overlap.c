// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lint_overlap.c - allows that could be one line.
 *
 * Two kinds of neighbours are exactly one line when put together: lines with the same constraints, whatever their
 * ports, and lines that differ in one constraint alone (from, to, interface or family). The first are worth a note when
 * their ports overlap, or when a range touches what comes next; two services beside each other (80, 81) are well said
 * as two. What a line says beside its packets (unit, until, comment, on-demand, lint-ignore) has to be the same, or it
 * would be lost. A line that counts its packets, with a limit or for a log, is never one with another.
 *
 * Lines are compared as numbers: each constraint is a node of the decision's context, equal exactly when the sets are.
 * They are sorted so that those that could be one stand side by side.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "sockgate/buf.h"
#include "base/mem.h"
#include "policy/lint.h"
#include "policy/origin.h"

#define PORTS_TOLD 6 /* intervals in a hint */

enum { PART_FROM, PART_TO, PART_INTERFACE, PART_FAMILY, PART_COUNT };

/* A line as numbers. */
struct entry {
	uint32_t line;
	sg_ref ports;                /* or types, or the protocol */
	sg_ref parts[PART_COUNT][2]; /* both families of from and to */
	bool told;                   /* a note has been made of it */
	struct entry *leader;        /* of those that it is one with; itself, or an earlier line */
};

struct overlap {
	struct lint *lint;
	struct entry *items; /* as the lines are */
	struct entry **order;
	size_t count, room;
};

static void overlap_clear(struct overlap *overlap)
{
	free(overlap->items);
	free(overlap->order);
}

/* ---- What lines say beside their packets ---- */

static int overlap_compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int overlap_compare_beside(const struct sg_line *a, const struct sg_line *b)
{
	int order = overlap_compare_text(a->comment, b->comment);

	if (!order)
		order = overlap_compare_text(a->unit, b->unit);
	if (!order && a->has_until != b->has_until)
		order = a->has_until ? 1 : -1;
	if (!order && a->until != b->until)
		order = a->until < b->until ? -1 : 1;
	if (order || a->on_demand != b->on_demand)
		return order ? order : (a->on_demand ? 1 : -1);
	if (a->lint_ignore_count != b->lint_ignore_count)
		return a->lint_ignore_count < b->lint_ignore_count ? -1 : 1;
	for (size_t i = 0; !order && i < a->lint_ignore_count; i++)
		order = strcmp(a->lint_ignore[i], b->lint_ignore[i]);
	return order;
}

/* ---- Orders ---- */

struct overlap_order {
	const struct sg_policy *policy;
	bool ports; /* whether these count */
	int part;   /* the constraint that does not count; -1: they all do */
};

static int overlap_compare(const struct entry *a, const struct entry *b, const struct overlap_order *order)
{
	const struct sg_line *x = sg_policy_line(order->policy, a->line), *y = sg_policy_line(order->policy, b->line);

	if (x->direction != y->direction)
		return x->direction < y->direction ? -1 : 1;
	for (int part = 0; part < PART_COUNT; part++) {
		for (size_t i = 0; i < 2 && part != order->part; i++) {
			if (a->parts[part][i] != b->parts[part][i])
				return a->parts[part][i] < b->parts[part][i] ? -1 : 1;
		}
	}
	if (order->ports && a->ports != b->ports)
		return a->ports < b->ports ? -1 : 1;
	if (!order->ports && x->protocol_count != y->protocol_count)
		return x->protocol_count < y->protocol_count ? -1 : 1;
	if (!order->ports && memcmp(x->protocols, y->protocols, x->protocol_count) != 0)
		return memcmp(x->protocols, y->protocols, x->protocol_count);
	return overlap_compare_beside(x, y);
}

static int overlap_compare_lines(const void *left, const void *right, void *data)
{
	const struct entry *a = *(struct entry *const *)left, *b = *(struct entry *const *)right;
	int order = overlap_compare(a, b, data);

	return order ? order : (a->line > b->line) - (a->line < b->line);
}

/* ---- Lines as numbers ---- */

static void overlap_addresses(struct lint *lint, const struct sg_addresses *set, bool given, sg_ref ret[2])
{
	ret[SG_IPV4] = ret[SG_IPV6] = SG_IDD_FULL;
	if (!given)
		return;
	ret[SG_IPV4] = sg_region_split(lint->idd, &lint->cache, SG_FIELD_REMOTE4, &set->v4, SG_IDD_FULL);
	ret[SG_IPV6] = sg_region_split(lint->idd, &lint->cache, SG_FIELD_REMOTE6, &set->v6, SG_IDD_FULL);
}

static sg_ref overlap_ports(struct lint *lint, const struct sg_line *line)
{
	struct sg_region_part parts[2];
	size_t count = sg_lint_parts(lint, line, parts);
	sg_ref ports = SG_IDD_EMPTY;

	for (size_t i = 0; i < count; i++)
		ports = sg_idd_or(lint->idd, ports, parts[i].ports);
	return ports;
}

static int overlap_add(struct overlap *overlap, size_t index)
{
	struct lint *lint = overlap->lint;
	const struct sg_line *line = sg_policy_line(lint->policy, index);
	struct entry entry = {.line = (uint32_t)index};

	overlap_addresses(lint, &line->from, line->has_from, entry.parts[PART_FROM]);
	overlap_addresses(lint, &line->to, line->has_to, entry.parts[PART_TO]);
	entry.parts[PART_INTERFACE][0] = SG_IDD_FULL;
	if (line->has_interface)
		entry.parts[PART_INTERFACE][0] =
			sg_idd_split(lint->idd, SG_FIELD_INTERFACE, &line->interfaces, SG_IDD_FULL, SG_IDD_EMPTY);
	entry.parts[PART_FAMILY][0] = line->has_family ? line->family + 1U : 0;
	entry.ports = overlap_ports(lint, line);
	if (sg_idd_check(lint->idd, entry.ports, lint->err) < 0)
		return -1;
	if (sg_grow(&overlap->items, &overlap->room, overlap->count, 1, sizeof(*overlap->items)) < 0)
		return sg_error_nomem(lint->err);
	overlap->items[overlap->count++] = entry;
	return 0;
}

/* A line that counts, or logs, does so for itself: two would count each what they count together. */
static bool overlap_counts(const struct sg_line *line)
{
	return line->limit.count || line->connections || line->log;
}

static int overlap_collect(struct overlap *overlap)
{
	struct lint *lint = overlap->lint;
	size_t next;

	for (size_t i = 0; i < sg_policy_lines(lint->policy); i = next) {
		const struct sg_line *line = sg_policy_line(lint->policy, i);

		next = sg_lint_item_end(lint, i);
		if (next == i + 1 && line->section == SG_SECTION_ALLOW && lint->matters[i] && !overlap_counts(line) &&
		    sg_lint_wanted(lint, LINT_OVERLAP, line) && overlap_add(overlap, i) < 0)
			return -1;
	}
	overlap->order = calloc(overlap->count + 1, sizeof(*overlap->order));
	return overlap->order ? 0 : sg_error_nomem(lint->err);
}

/* Sorts those that no note was made of; returns how many. */
static size_t overlap_sort(struct overlap *overlap, struct overlap_order *order)
{
	size_t count = 0;

	for (size_t i = 0; i < overlap->count; i++) {
		if (!overlap->items[i].told)
			overlap->order[count++] = &overlap->items[i];
	}
	if (count)
		qsort_r(overlap->order, count, sizeof(*overlap->order), overlap_compare_lines, order);
	return count;
}

/* ---- Notes ---- */

static int overlap_line_compare(const void *left, const void *right)
{
	const struct entry *a = *(struct entry *const *)left, *b = *(struct entry *const *)right;

	return (a->line > b->line) - (a->line < b->line);
}

/* A note on the first of the lines, which names the others; the caller adds the hint. */
static int overlap_report(struct overlap *overlap, struct entry **items, size_t count)
{
	struct lint *lint = overlap->lint;
	struct sg_origin_list others = {.policy = lint->policy};
	const struct sg_line *line;
	sg_autofree char *who = NULL;

	qsort(items, count, sizeof(struct entry *), overlap_line_compare);
	line = sg_policy_line(lint->policy, items[0]->line);
	for (size_t i = 0; i < count; i++) {
		items[i]->told = true;
		if (i)
			sg_origin_list_add(sg_origin_of_line(items[i]->line), &others);
	}
	who = sg_origin_list_text(&others);
	sg_origin_list_clear(&others);
	if (!who)
		return sg_error_nomem(lint->err);
	lint_add(lint, LINT_OVERLAP, line->span, "'%s' could be one line with %s", line->path, who);
	return 0;
}

/* ---- Ports ---- */

/* An interval of a line's ports. */
struct stretch {
	struct sg_range range;
	struct entry *entry;
	bool named; /* the line's ports are written as names */
};

static int stretch_compare(const void *left, const void *right)
{
	const struct stretch *a = left, *b = right;

	if (a->range.first != b->range.first)
		return a->range.first < b->range.first ? -1 : 1;
	return (a->entry->line > b->entry->line) - (a->entry->line < b->entry->line);
}

static bool overlap_is_named(const struct lint *lint, const struct entry *entry)
{
	const struct model_words *words = &lint->policy->lines[entry->line].ports;

	for (size_t i = 0; i < words->count; i++) {
		if (!isdigit((unsigned char)words->items[i][0]))
			return true;
	}
	return false;
}

static struct entry *overlap_leader(struct entry *entry)
{
	for (; entry->leader != entry; entry = entry->leader)
		entry->leader = entry->leader->leader;
	return entry;
}

static void overlap_unite(struct entry *a, struct entry *b)
{
	a = overlap_leader(a);
	b = overlap_leader(b);
	if (a->line < b->line)
		b->leader = a;
	else
		a->leader = b;
}

/* Whether two stretches, the second of which does not begin before the first, are better one. */
static bool overlap_joined(const struct stretch *a, const struct stretch *b)
{
	if (b->range.first <= a->range.last)
		return true;
	if (b->range.first > a->range.last + 1 || a->named || b->named)
		return false;
	return a->range.first < a->range.last || b->range.first < b->range.last;
}

/* Sets the leaders of lines with equal constraints. */
static int overlap_join(struct overlap *overlap, struct entry **items, size_t count)
{
	sg_autofree struct stretch *stretches = NULL;
	size_t total = 0, room = 0, widest = 0;

	for (size_t i = 0; i < count; i++) {
		const struct sg_ranges *ports = &sg_policy_line(overlap->lint->policy, items[i]->line)->ports;
		bool named = overlap_is_named(overlap->lint, items[i]);

		items[i]->leader = items[i];
		if (sg_grow(&stretches, &room, total, ports->count, sizeof(*stretches)) < 0)
			return sg_error_nomem(overlap->lint->err);
		for (size_t r = 0; r < ports->count; r++)
			stretches[total++] = (struct stretch){ports->items[r], items[i], named};
	}
	if (total)
		qsort(stretches, total, sizeof(*stretches), stretch_compare);
	for (size_t i = 1; i < total; i++) {
		if (overlap_joined(&stretches[widest], &stretches[i]))
			overlap_unite(stretches[widest].entry, stretches[i].entry);
		if (stretches[i].range.last >= stretches[widest].range.last)
			widest = i;
	}
	return 0;
}

/* "8000-8099, 9000", or NULL: out of memory. */
static char *overlap_ports_text(const struct sg_policy *policy, struct entry *const *items, size_t count)
{
	sg_cleanup(sg_ranges_clear) struct sg_ranges all = {0};
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0};

	for (size_t i = 0; i < count; i++) {
		const struct sg_ranges *ports = &sg_policy_line(policy, items[i]->line)->ports;

		for (size_t r = 0; r < ports->count; r++) {
			if (sg_ranges_add(&all, &ports->items[r], NULL) < 0)
				return NULL;
		}
	}
	sg_ranges_normalise(&all);
	for (size_t i = 0; i < all.count && i < PORTS_TOLD; i++) {
		sg_buf_addf(&text, "%s%u", i ? ", " : "", (unsigned int)all.items[i].first);
		if (all.items[i].last > all.items[i].first)
			sg_buf_addf(&text, "-%u", (unsigned int)all.items[i].last);
	}
	if (all.count > PORTS_TOLD)
		sg_buf_addf(&text, " and %zu more", all.count - PORTS_TOLD);
	return sg_buf_steal(&text, NULL, NULL);
}

static int overlap_leader_compare(const void *left, const void *right)
{
	struct entry *a = *(struct entry *const *)left, *b = *(struct entry *const *)right;
	const struct entry *x = overlap_leader(a), *y = overlap_leader(b);

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

/* Lines with equal constraints. */
static int overlap_class(struct overlap *overlap, struct entry **items, size_t count)
{
	size_t next;

	if (count < 2)
		return 0;
	if (overlap_join(overlap, items, count) < 0)
		return -1;
	qsort(items, count, sizeof(struct entry *), overlap_leader_compare);
	for (size_t i = 0; i < count; i = next) {
		sg_autofree char *ports = NULL;

		for (next = i + 1; next < count && overlap_leader(items[next]) == overlap_leader(items[i]);)
			next++;
		if (next == i + 1)
			continue;
		ports = overlap_ports_text(overlap->lint->policy, items + i, next - i);
		if (!ports)
			return sg_error_nomem(overlap->lint->err);
		if (overlap_report(overlap, items + i, next - i) < 0)
			return -1;
		sg_diag_hint(overlap->lint->diags, "they differ in their ports alone: together %s", ports);
	}
	return 0;
}

/* ---- One constraint ---- */

/* Sources less some others cannot be put beside sources that are whole. */
static bool overlap_is_mergeable(const struct overlap *overlap, const struct entry *entry, int part)
{
	const struct model_line *line = &overlap->lint->policy->lines[entry->line];

	return !line->except.count || part != (line->line.direction == SG_OUT ? PART_TO : PART_FROM);
}

/* Lines that differ in one constraint alone. */
static int overlap_parts(struct overlap *overlap, struct entry **items, size_t count, int part)
{
	static const char *const hints[PART_COUNT] = {
		[PART_FROM] = "they differ in 'from' alone: name all of it in one",
		[PART_TO] = "they differ in 'to' alone: name all of it in one",
		[PART_INTERFACE] = "they differ in 'interface' alone: name all of it in one",
		[PART_FAMILY] = "they differ in 'family' alone: leave it out",
	};
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (overlap_is_mergeable(overlap, items[i], part))
			items[kept++] = items[i];
	}
	if (kept < 2)
		return 0;
	if (overlap_report(overlap, items, kept) < 0)
		return -1;
	sg_diag_hint(overlap->lint->diags, "%s", hints[part]);
	return 0;
}

/* ---- All lines ---- */

/* Every run of lines that are equal by the order. */
static int overlap_runs(struct overlap *overlap, struct overlap_order *order)
{
	size_t count = overlap_sort(overlap, order), next;

	for (size_t i = 0; i < count; i = next) {
		struct entry **items = overlap->order + i;
		int result;

		for (next = i + 1; next < count && !overlap_compare(items[0], overlap->order[next], order);)
			next++;
		result = order->ports ? overlap_parts(overlap, items, next - i, order->part)
				      : overlap_class(overlap, items, next - i);
		if (result < 0)
			return -1;
	}
	return 0;
}

int sg_lint_overlap(struct lint *lint)
{
	static const int parts[] = {PART_FROM, PART_INTERFACE, PART_TO, PART_FAMILY};
	sg_cleanup(overlap_clear) struct overlap overlap = {.lint = lint};
	struct overlap_order order = {.policy = lint->policy, .part = -1};

	if (!sg_lint_wanted(lint, LINT_OVERLAP, NULL))
		return 0;
	if (overlap_collect(&overlap) < 0 || overlap_runs(&overlap, &order) < 0)
		return -1;
	order.ports = true;
	for (size_t i = 0; i < SG_COUNT(parts); i++) {
		order.part = parts[i];
		if (overlap_runs(&overlap, &order) < 0)
			return -1;
	}
	return 0;
}
