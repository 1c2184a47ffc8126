/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A depth-first walk with a stack of its own: a chain of a million groups is a legal file, and no reason to run out of
 * the machine's stack.
 */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "policy/nest.h"
#include "sockgate/buf.h"

#define NEST_NEW  SIZE_MAX
#define NEST_DONE (SIZE_MAX - 1)

struct nest_walk {
	struct reader *reader;
	const struct nest *nest;
	const char *(*name)(const struct reader *reader, size_t i);
	size_t *place; /* NEST_NEW, NEST_DONE, or where it is on the stack */
	size_t *stack, *cursor;
	size_t depth;
	size_t *order, ordered;
};

bool sg_nest_add(struct reader *reader, struct nest *nest, size_t from, size_t to, uint32_t node)
{
	if (sg_grow(&nest->edges, &nest->room, nest->count, 1, sizeof(*nest->edges)))
		return sg_reader_nomem(reader);
	nest->edges[nest->count++] = (struct nest_edge){from, to, node};
	return true;
}

void sg_nest_clear(struct nest *nest)
{
	free(nest->edges);
	*nest = (struct nest){0};
}

size_t sg_nest_first(const struct nest *nest, size_t from)
{
	size_t low = 0, high = nest->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (nest->edges[middle].from < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low < nest->count && nest->edges[low].from == from ? low : nest->count;
}

/* Names of a way round that are told; a longer way is cut. */
#define NEST_TOLD 20

/* "a -> b -> c -> a" */
static void nest_report(const struct nest_walk *walk, const struct nest_edge *edge)
{
	sg_cleanup(sg_buf_clear) struct sg_buf way = {0};
	const char *closes = walk->name(walk->reader, edge->to);
	size_t first = walk->place[edge->to];
	struct report_quote quote;

	for (size_t i = first; i < walk->depth && i - first < NEST_TOLD; i++) {
		const char *name = walk->name(walk->reader, walk->stack[i]);

		sg_buf_addf(&way, "%s -> ", sg_report_quote(&quote, name, strlen(name)));
	}
	if (walk->depth - first > NEST_TOLD)
		sg_buf_adds(&way, "… -> ");
	sg_report_quote(&quote, closes, strlen(closes));
	sg_buf_adds(&way, quote.text);
	reader_error(walk->reader, edge->node, "policy/circle", "'%s' contains itself: %s", quote.text,
		     way.failed ? "…" : way.data);
	reader_hint(walk->reader, "take one of these steps away");
}

static void nest_push(struct nest_walk *walk, size_t i)
{
	walk->place[i] = walk->depth;
	walk->cursor[walk->depth] = sg_nest_first(walk->nest, i);
	walk->stack[walk->depth++] = i;
}

static void nest_from(struct nest_walk *walk, size_t root)
{
	nest_push(walk, root);
	while (walk->depth) {
		size_t top = walk->stack[walk->depth - 1], at = walk->cursor[walk->depth - 1];
		const struct nest_edge *edge = at < walk->nest->count ? &walk->nest->edges[at] : NULL;

		if (!edge || edge->from != top) {
			walk->depth--;
			walk->place[top] = NEST_DONE;
			walk->order[walk->ordered++] = top;
			continue;
		}
		walk->cursor[walk->depth - 1]++;
		if (walk->place[edge->to] == NEST_NEW)
			nest_push(walk, edge->to);
		else if (walk->place[edge->to] != NEST_DONE)
			nest_report(walk, edge);
	}
}

bool sg_nest_order(struct reader *reader, const struct nest *nest, size_t count,
		   const char *(*name)(const struct reader *reader, size_t i), size_t **ret)
{
	sg_autofree size_t *place = calloc(count + 1, sizeof(*place));
	sg_autofree size_t *stack = calloc(count + 1, sizeof(*stack)), *cursor = calloc(count + 1, sizeof(*cursor));
	sg_autofree size_t *order = calloc(count + 1, sizeof(*order));
	struct nest_walk walk = {reader, nest, name, place, stack, cursor, 0, order, 0};

	if (!place || !stack || !cursor || !order)
		return sg_reader_nomem(reader);
	for (size_t i = 0; i < count; i++)
		place[i] = NEST_NEW;
	for (size_t i = 0; i < count; i++)
		if (place[i] == NEST_NEW)
			nest_from(&walk, i);
	*ret = sg_steal(order);
	return true;
}
