// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/choice.h"

#include <stdlib.h>
#include "base/mem.h"

struct chooser {
	const struct sg_graph *graph;
	struct sg_choice choice;
	/* bits 1 << enum nf_inet_hooks of the base chains from which packets get there */
	uint32_t *have_sets, *want_sets, *want_chains;
	bool *among; /* room for one per chain of want */
};

static void chooser_clear(struct chooser *c)
{
	sg_choice_clear(&c->choice);
	free(c->have_sets);
	free(c->want_sets);
	free(c->want_chains);
	free(c->among);
}

void sg_choice_clear(struct sg_choice *choice)
{
	free(choice->changed_sets);
	free(choice->changed_chains);
	*choice = (struct sg_choice){0};
}

/* ------------------------------------------------------------------ who gets where */

/* `chains` may be NULL. */
static int find_hooks(const struct sg_table *table, uint32_t *sets, uint32_t *chains, struct sg_error *err)
{
	for (size_t base = 0; base < table->chain_count; base++) {
		uint32_t hook = 1U << table->chains[base].hook;
		sg_autofree bool *set_reached = NULL, *chain_reached = NULL;

		if (!table->chains[base].is_base)
			continue;
		set_reached = calloc(table->set_count + 1, sizeof(bool));
		chain_reached = calloc(table->chain_count + 1, sizeof(bool));
		if (!set_reached || !chain_reached)
			return sg_error_nomem(err);
		if (sg_graph_reachable(table, hook, set_reached, chain_reached, err))
			return -1;
		for (size_t i = 0; i < table->set_count; i++)
			sets[i] |= set_reached[i] ? hook : 0;
		for (size_t i = 0; chains && i < table->chain_count; i++)
			chains[i] |= chain_reached[i] ? hook : 0;
	}
	return 0;
}

/* The base chains whose packets look into a set, before or after. */
static uint32_t hooks_of(const struct chooser *c, size_t set)
{
	size_t twin = c->graph->set_twin[set];

	return c->want_sets[set] | (twin == SIZE_MAX ? 0 : c->have_sets[twin]);
}

/* ------------------------------------------------------------------ what cannot stay */

static bool is_edited(const struct sg_choice *choice, size_t set)
{
	for (size_t i = 0; i < choice->edit_count; i++)
		if (choice->edited[i] == set)
			return true;
	return false;
}

/* Marks what differs, and whatever leads to it; sets that are edited stay whatever they hold. */
static void find_changed(struct chooser *c)
{
	const struct sg_graph *graph = c->graph;
	struct sg_choice *choice = &c->choice;
	bool more = true;

	for (size_t i = 0; i < graph->want->set_count; i++)
		choice->changed_sets[i] = graph->set_differs[i] && !is_edited(choice, i);
	for (size_t i = 0; i < graph->want->chain_count; i++)
		choice->changed_chains[i] = graph->chain_differs[i];
	/* chains that lead to chains are at most a few deep */
	while (more) {
		more = false;
		for (size_t i = 0; i < graph->edge_count; i++) {
			const struct sg_edge *edge = &graph->edges[i];
			bool *from = edge->from_set ? &choice->changed_sets[edge->from]
						    : &choice->changed_chains[edge->from];
			bool to = edge->to_set ? choice->changed_sets[edge->to] : choice->changed_chains[edge->to];

			if (!to || *from || (edge->from_set && is_edited(choice, edge->from)))
				continue;
			*from = more = true;
		}
	}
}

/* The hooks of base chains whose rules are others then, that come, or that end. */
static uint32_t changed_hooks(const struct chooser *c)
{
	const struct sg_table *have = c->graph->have, *want = c->graph->want;
	uint32_t changed = 0, stays = 0;

	for (size_t i = 0; i < want->chain_count; i++) {
		if (want->chains[i].is_base && c->choice.changed_chains[i])
			changed |= 1U << want->chains[i].hook;
		else if (want->chains[i].is_base)
			stays |= 1U << want->chains[i].hook;
	}
	for (size_t i = 0; i < have->chain_count; i++)
		if (have->chains[i].is_base && !(stays >> have->chains[i].hook & 1))
			changed |= 1U << have->chains[i].hook;
	return changed;
}

/* Whether each base chain has one place. */
static bool is_sound(const struct chooser *c)
{
	uint32_t taken = changed_hooks(c);

	for (size_t i = 0; i < c->choice.edit_count; i++) {
		uint32_t hooks = hooks_of(c, c->choice.edited[i]);

		if (taken & hooks)
			return false;
		taken |= hooks;
	}
	return true;
}

/* ------------------------------------------------------------------ costs */

/* How dear it is to put in, or to change in place, one element of a set of that kind, against a hash's 1. Deleting from
 * a concatenated interval set copies it. */
static size_t load_cost(const struct sg_set *set)
{
	return set->flags & SG_SET_INTERVAL ? 4 : 1;
}

static size_t edit_cost(const struct sg_set *set)
{
	if (!(set->flags & SG_SET_INTERVAL))
		return 1;
	return set->flags & SG_SET_CONCAT ? 2000 : 40;
}

static size_t cost_of(const struct chooser *c)
{
	const struct sg_table *want = c->graph->want;
	const struct sg_choice *choice = &c->choice;
	size_t cost = 0;

	for (size_t i = 0; i < want->set_count; i++)
		if (choice->changed_sets[i])
			cost += (want->sets[i].count + 1) * load_cost(&want->sets[i]);
	for (size_t i = 0; i < want->chain_count; i++)
		if (choice->changed_chains[i])
			cost += 4 * (want->chains[i].rule_count + 1);
	for (size_t i = 0; i < choice->edit_count; i++)
		cost += sg_graph_distance(c->graph, choice->edited[i], choice->changed_chains) *
			edit_cost(&want->sets[choice->edited[i]]);
	return cost;
}

/* ------------------------------------------------------------------ edits */

/* Whether all rules of each base chain that look into the set do it alike. */
static bool looks_up_alike(struct chooser *c, size_t set)
{
	const struct sg_table *want = c->graph->want;
	uint32_t hooks = hooks_of(c, set);

	for (uint32_t hook = 0; hook < 32; hook++) {
		if (!(hooks >> hook & 1))
			continue;
		for (size_t i = 0; i < want->chain_count; i++)
			c->among[i] = c->want_chains[i] >> hook & 1;
		if (!sg_graph_looks_up_alike(c->graph, set, c->among))
			return false;
	}
	return true;
}

/* A set that could be edited in place: there in the same shape, with room for what it shall hold. Maps switch between
 * chains; a plain set is edited only when no other set changes. */
static bool can_edit(struct chooser *c, size_t index, bool alone)
{
	const struct sg_graph *graph = c->graph;
	const struct sg_set *want = &graph->want->sets[index];
	const struct sg_set *have =
		graph->set_twin[index] == SIZE_MAX ? NULL : &graph->have->sets[graph->set_twin[index]];

	if (!have || have->unknown || !sg_set_same_shape(have, want) || have->catch_all || want->catch_all ||
	    sg_set_is_filled(want))
		return false;
	if (!(want->flags & SG_SET_MAP) && !(graph->set_differs[index] && alone))
		return false;
	return (have->size == 0 || have->size >= want->count) && looks_up_alike(c, index);
}

/* Whether the edit would both add to a concatenated interval set and delete from it. Kernels before 6.17 have a moment
 * then when packets find neither the old elements nor the new (they put in the changed copy of the set only after the
 * old elements have ended). */
static bool tears(const struct chooser *c, size_t index)
{
	const struct sg_set *want = &c->graph->want->sets[index],
			    *have = &c->graph->have->sets[c->graph->set_twin[index]];
	size_t changed = sg_graph_distance(c->graph, index, c->choice.changed_chains);
	size_t added = (changed + want->count - have->count) / 2;

	return (want->flags & SG_SET_INTERVAL) && (want->flags & SG_SET_CONCAT) && added > 0 && added < changed;
}

/* The cheapest edit that leaves the base chain of that hook as it is, if one is cheaper than its rules. */
static void choose_for(struct chooser *c, uint32_t hook, const bool *editable)
{
	struct sg_choice *choice = &c->choice;
	size_t best = SIZE_MAX, least;

	find_changed(c);
	if (!(changed_hooks(c) >> hook & 1))
		return;
	least = cost_of(c);
	for (size_t i = 0; i < c->graph->want->set_count; i++) {
		size_t cost;

		if (!editable[i] || is_edited(choice, i) || !(c->want_sets[i] >> hook & 1))
			continue;
		choice->edited[choice->edit_count++] = i;
		find_changed(c);
		if (is_sound(c) && !tears(c, i)) {
			cost = cost_of(c);
			best = cost < least ? i : best;
			least = cost < least ? cost : least;
		}
		choice->edit_count--;
	}
	if (best != SIZE_MAX)
		choice->edited[choice->edit_count++] = best;
}

static int choose(struct chooser *c, struct sg_error *err)
{
	const struct sg_table *want = c->graph->want;
	sg_autofree bool *editable = calloc(want->set_count + 1, sizeof(*editable));
	size_t differing = 0;

	if (!editable)
		return sg_error_nomem(err);
	for (size_t i = 0; i < want->set_count; i++)
		differing += c->graph->set_differs[i];
	for (size_t i = 0; i < want->set_count; i++)
		editable[i] = can_edit(c, i, differing == 1);
	for (size_t i = 0; i < want->chain_count && c->choice.edit_count < SG_EDITS_MAX; i++)
		if (want->chains[i].is_base)
			choose_for(c, want->chains[i].hook, editable);
	return 0;
}

int sg_choice_make(const struct sg_graph *graph, bool in_place, struct sg_choice *ret, struct sg_error *err)
{
	sg_cleanup(chooser_clear) struct chooser c = {.graph = graph};

	c.choice.changed_sets = calloc(graph->want->set_count + 1, sizeof(bool));
	c.choice.changed_chains = calloc(graph->want->chain_count + 1, sizeof(bool));
	c.have_sets = calloc(graph->have->set_count + 1, sizeof(*c.have_sets));
	c.want_sets = calloc(graph->want->set_count + 1, sizeof(*c.want_sets));
	c.want_chains = calloc(graph->want->chain_count + 1, sizeof(*c.want_chains));
	c.among = calloc(graph->want->chain_count + 1, sizeof(*c.among));
	if (!c.choice.changed_sets || !c.choice.changed_chains || !c.have_sets || !c.want_sets || !c.want_chains ||
	    !c.among)
		return sg_error_nomem(err);
	if (find_hooks(graph->have, c.have_sets, NULL, err) ||
	    find_hooks(graph->want, c.want_sets, c.want_chains, err) || (in_place && choose(&c, err)))
		return -1;
	find_changed(&c);
	*ret = c.choice;
	c.choice = (struct sg_choice){0};
	return 0;
}
