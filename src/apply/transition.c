// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A transaction is atomic for the ruleset, but a packet takes time: it picks the rules of its generation when it enters
 * the base chain, and looks into sets as they are when it gets there. So a change must have one place at which a packet
 * meets either the old or the new policy, and everything behind that place must be there for both:
 *
 *  - elements of one set or map are added and deleted, all else stays: the lookup is the place, or several lookups
 *    that come to the same; or
 *  - whatever differs is put in beside the old under another name, and the base chain's rules are the place.
 *
 * Each base chain has a place of its own (choice.h): no packet is judged by two of them at once. Chains and sets that
 * only new packets can reach go in with the same transaction. What the old rules used is deleted in a second one, after
 * the first is through. Objects get another version of their name (in_ports, in_ports.2, …) when the name is taken;
 * versions are compared by what they hold, so that what did not change stays as it is.
 *
 * What a rule logs decides nothing: where that alone differs (a line of the policy may have moved) a chain's rules are
 * written anew in their place, and whatever leads to the chain need not know.
 */
#include "apply/transition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netfilter.h>
#include "apply/choice.h"
#include "base/mem.h"

/* ------------------------------------------------------------------ names */

/* NAME, or NAME.2, NAME.3 … whichever the kernel's table does not have. malloc'd. */
static char *free_name(const char *name, const void *table, const void *(*find)(const void *table, const char *name))
{
	char *result = NULL;

	if (!find(table, name))
		return strdup(name);
	for (unsigned int i = 2; i < 100000; i++) {
		free(result);
		if (asprintf(&result, "%s.%u", name, i) < 0)
			return NULL;
		if (!find(table, result))
			return result;
	}
	free(result);
	return NULL;
}

static const void *find_set(const void *table, const char *name)
{
	return sg_table_set(table, name);
}

static const void *find_chain(const void *table, const char *name)
{
	return sg_table_chain(table, name);
}

/* Gives everything in want the name that it will have. */
static int rename_all(struct sg_graph *graph, const struct sg_choice *choice, struct sg_error *err)
{
	const struct sg_table *have = graph->have;
	struct sg_table *want = graph->want;
	sg_autofree char **sets = calloc(want->set_count + 1, sizeof(*sets));
	sg_autofree char **chains = calloc(want->chain_count + 1, sizeof(*chains));
	bool failed = !sets || !chains;

	for (size_t i = 0; !failed && i < want->set_count; i++) {
		size_t twin = graph->set_twin[i];

		sets[i] = choice->changed_sets[i] ? free_name(want->sets[i].name, have, find_set)
						  : strdup(have->sets[twin].name);
		failed = !sets[i];
	}
	for (size_t i = 0; !failed && i < want->chain_count; i++) {
		size_t twin = graph->chain_twin[i];

		if (want->chains[i].is_base) /* whose names are hooks, and stay */
			chains[i] = strdup(want->chains[i].name);
		else
			chains[i] = choice->changed_chains[i] ? free_name(want->chains[i].name, have, find_chain)
							      : strdup(have->chains[twin].name);
		failed = !chains[i];
	}
	if (!failed)
		failed = sg_graph_rename(graph, sets, chains);
	for (size_t i = 0; sets && i < want->set_count; i++)
		free(sets[i]);
	for (size_t i = 0; chains && i < want->chain_count; i++)
		free(chains[i]);
	return failed ? sg_error_nomem(err) : 0;
}

/* ------------------------------------------------------------------ the plan */

/* The base chains that the compiler makes, by name. */
static const struct {
	const char *name;
	uint32_t hook;
} bases[] = {{"input", NF_INET_LOCAL_IN}, {"forward", NF_INET_FORWARD}, {"output", NF_INET_LOCAL_OUT}};

/* The hook of the base chain of that name; UINT32_MAX: there is none. */
static uint32_t hook_of(const char *name)
{
	for (size_t i = 0; i < SG_COUNT(bases); i++)
		if (!strcmp(name, bases[i].name))
			return bases[i].hook;
	return UINT32_MAX;
}

/* Whether the table in the kernel is one that can be changed step by step: its base chains are as the compiler makes
 * them. */
static bool is_ours(const struct sg_table *have)
{
	bool input = false;

	if (have->unknown || have->flags || have->object_count || have->flowtable_count)
		return false;
	for (size_t i = 0; i < have->chain_count; i++) {
		const struct sg_chain *chain = &have->chains[i];

		/* a chain that only has the name of a base chain takes its place */
		if (!chain->is_base && hook_of(chain->name) != UINT32_MAX)
			return false;
		if (!chain->is_base)
			continue;
		if (chain->unknown || chain->device || chain->priority != 0 || chain->policy != NF_DROP ||
		    !chain->type || strcmp(chain->type, "filter") != 0)
			return false;
		if (chain->hook != hook_of(chain->name))
			return false;
		input |= chain->hook == NF_INET_LOCAL_IN;
	}
	return input;
}

static bool same_mark(const struct sg_rule *a, const struct sg_rule *b)
{
	return a->mark_size == b->mark_size && (!a->mark_size || !memcmp(a->mark, b->mark, a->mark_size));
}

static bool marks_differ(const struct sg_chain *have, const struct sg_chain *want)
{
	for (size_t i = 0; i < want->rule_count && i < have->rule_count; i++)
		if (!same_mark(&have->rules[i], &want->rules[i]))
			return true;
	return false;
}

static void count_elements(struct sg_transition *plan)
{
	for (size_t i = 0; i < plan->edit_count; i++) {
		plan->elements_added += plan->edits[i].added.count;
		plan->elements_deleted += plan->edits[i].deleted.count;
	}
	for (size_t i = 0; i < plan->want->set_count; i++)
		if (!plan->new_sets || plan->new_sets[i])
			plan->elements_added += plan->want->sets[i].count;
}

/* A base chain that is there stays; its rules may be others. One that is not wanted any more ends. Another chain that
 * only logs otherwise keeps its name, so that rules that lead to it stay, and with them what they counted. */
static int plan_staying_chains(struct sg_transition *plan, const struct sg_graph *graph, struct sg_error *err)
{
	const struct sg_table *have = plan->have, *want = plan->want;

	plan->rewritten = calloc(want->chain_count + 1, sizeof(bool));
	plan->ended = calloc(have->chain_count + 1, sizeof(bool));
	if (!plan->rewritten || !plan->ended)
		return sg_error_nomem(err);
	for (size_t i = 0; i < have->chain_count; i++)
		plan->ended[i] = have->chains[i].is_base;
	for (size_t i = 0; i < want->chain_count; i++) {
		size_t twin = graph->chain_twin[i];

		if (twin == SIZE_MAX)
			continue;
		if (!want->chains[i].is_base) {
			plan->rewritten[i] = graph->chain_relogs[i] && !plan->new_chains[i];
			continue;
		}
		plan->ended[twin] = false;
		plan->rewritten[i] = plan->new_chains[i] || graph->chain_relogs[i] ||
				     marks_differ(&have->chains[twin], &want->chains[i]);
		plan->new_chains[i] = false;
	}
	return 0;
}

static int plan_edits(struct sg_transition *plan, const struct sg_graph *graph, const struct sg_choice *choice,
		      struct sg_error *err)
{
	for (size_t i = 0; i < choice->edit_count; i++) {
		struct sg_edit *edit = &plan->edits[plan->edit_count++];
		const struct sg_set *want = &plan->want->sets[choice->edited[i]];
		const struct sg_set *have = &plan->have->sets[graph->set_twin[choice->edited[i]]];

		*edit = (struct sg_edit){.set = choice->edited[i]};
		if (sg_graph_subtract(want, have, &edit->added, err) ||
		    sg_graph_subtract(have, want, &edit->deleted, err))
			return -1;
	}
	return 0;
}

static int plan_changes(struct sg_transition *plan, struct sg_graph *graph, bool in_place, struct sg_error *err)
{
	struct sg_choice choice;
	int result = -1;

	if (sg_choice_make(graph, in_place, &choice, err))
		return -1;
	if (!rename_all(graph, &choice, err)) {
		plan->new_sets = sg_steal(choice.changed_sets);
		plan->new_chains = sg_steal(choice.changed_chains);
		result = plan_staying_chains(plan, graph, err) || plan_edits(plan, graph, &choice, err) ? -1 : 0;
	}
	sg_choice_clear(&choice);
	return result;
}

static bool is_nothing(const struct sg_transition *plan)
{
	bool nothing = true;

	for (size_t i = 0; i < plan->edit_count; i++)
		nothing &= plan->edits[i].added.count + plan->edits[i].deleted.count == 0;
	for (size_t i = 0; i < plan->want->set_count; i++)
		nothing &= !plan->new_sets[i];
	for (size_t i = 0; i < plan->want->chain_count; i++)
		nothing &= !plan->new_chains[i] && !plan->rewritten[i];
	for (size_t i = 0; i < plan->have->chain_count; i++)
		nothing &= !plan->ended[i];
	return nothing;
}

int sg_transition_make(const struct sg_table *have, struct sg_table *want, bool in_place, struct sg_transition *ret,
		       struct sg_error *err)
{
	struct sg_transition plan = {.have = have, .want = want};
	struct sg_graph *graph = NULL;
	int result;

	plan.replace = have && !is_ours(have);
	if (have && !plan.replace) {
		result = sg_graph_make(have, want, &graph, err) || plan_changes(&plan, graph, in_place, err) ? -1 : 0;
		sg_graph_free(graph);
		if (result) {
			sg_transition_clear(&plan);
			return -1;
		}
		plan.nothing = is_nothing(&plan);
	}
	count_elements(&plan);
	*ret = plan;
	return 0;
}

void sg_transition_clear(struct sg_transition *plan)
{
	free(plan->new_sets);
	free(plan->new_chains);
	free(plan->rewritten);
	free(plan->ended);
	for (size_t i = 0; i < plan->edit_count; i++) {
		sg_set_clear(&plan->edits[i].added);
		sg_set_clear(&plan->edits[i].deleted);
	}
	*plan = (struct sg_transition){0};
}

/* ------------------------------------------------------------------ messages */

static void add_rules(const struct sg_transition *plan, struct sg_wire *wire, const struct sg_chain *chain)
{
	for (size_t i = 0; i < chain->rule_count; i++)
		sg_wire_add_rule(wire, plan->want, chain, &chain->rules[i]);
}

/* Sets and chains that are not there yet, and that packets get to by others. */
static void add_new(const struct sg_transition *plan, struct sg_wire *wire)
{
	const struct sg_table *want = plan->want;

	for (size_t i = 0; i < want->set_count; i++)
		if (plan->new_sets[i])
			sg_wire_add_set(wire, want, &want->sets[i]);
	for (size_t i = 0; i < want->chain_count; i++)
		if (plan->new_chains[i] && !want->chains[i].is_base)
			sg_wire_add_chain(wire, want, &want->chains[i]);
	for (size_t i = 0; i < want->set_count; i++)
		if (plan->new_sets[i])
			sg_wire_add_elements(wire, want, &want->sets[i]);
	for (size_t i = 0; i < want->chain_count; i++)
		if (plan->new_chains[i] && !want->chains[i].is_base)
			add_rules(plan, wire, &want->chains[i]);
}

static void add_base_chains(const struct sg_transition *plan, struct sg_wire *wire)
{
	for (size_t i = 0; i < plan->want->chain_count; i++) {
		const struct sg_chain *chain = &plan->want->chains[i];

		if (!plan->new_chains[i] || !chain->is_base)
			continue;
		sg_wire_add_chain(wire, plan->want, chain);
		add_rules(plan, wire, chain);
	}
}

bool sg_transition_write_ahead(const struct sg_transition *plan, struct sg_wire *wire)
{
	bool any = false;

	if (plan->nothing || !plan->edit_count)
		return false;
	for (size_t i = 0; i < plan->want->set_count; i++)
		any |= plan->new_sets[i];
	for (size_t i = 0; i < plan->want->chain_count; i++)
		any |= plan->new_chains[i] && !plan->want->chains[i].is_base;
	if (!any)
		return false;
	sg_wire_add_table(wire, plan->want); /* it is there: this asks for the echo that proves the commit */
	add_new(plan, wire);
	return true;
}

void sg_transition_write(const struct sg_transition *plan, struct sg_wire *wire)
{
	struct sg_table *want = plan->want;

	if (plan->nothing)
		return;
	if (plan->replace)
		sg_wire_del_table(wire, plan->have);
	if (!plan->new_sets) {
		sg_wire_add_whole_table(wire, want);
		return;
	}
	sg_wire_add_table(wire, want); /* it is there: this asks for the echo that proves the commit */
	if (!plan->edit_count)
		add_new(plan, wire);
	for (size_t i = 0; i < plan->edit_count; i++) {
		const struct sg_edit *edit = &plan->edits[i];

		if (edit->deleted.count)
			sg_wire_del_elements(wire, want, &edit->deleted);
		if (edit->added.count)
			sg_wire_add_elements(wire, want, &edit->added);
	}
	add_base_chains(plan, wire);
	for (size_t i = 0; i < want->chain_count; i++)
		if (plan->rewritten[i]) {
			sg_wire_flush_chain(wire, want, &want->chains[i]);
			add_rules(plan, wire, &want->chains[i]);
		}
	for (size_t i = 0; i < plan->have->chain_count; i++)
		if (plan->ended[i]) {
			sg_wire_flush_chain(wire, want, &plan->have->chains[i]);
			sg_wire_del_chain(wire, want, &plan->have->chains[i]);
		}
}

/* Rules first: they use sets; then maps: they use chains; the plain sets last. */
static void delete_unmarked(const struct sg_table *table, const bool *sets, const bool *chains, struct sg_wire *wire)
{
	for (size_t i = 0; i < table->chain_count; i++)
		if (!chains[i] && table->chains[i].rule_count)
			sg_wire_flush_chain(wire, table, &table->chains[i]);
	for (size_t i = 0; i < table->set_count; i++)
		if (!sets[i] && (table->sets[i].flags & SG_SET_MAP))
			sg_wire_del_set(wire, table, &table->sets[i]);
	for (size_t i = 0; i < table->chain_count; i++)
		if (!chains[i])
			sg_wire_del_chain(wire, table, &table->chains[i]);
	for (size_t i = 0; i < table->set_count; i++)
		if (!sets[i] && !(table->sets[i].flags & SG_SET_MAP))
			sg_wire_del_set(wire, table, &table->sets[i]);
}

int sg_transition_write_garbage(const struct sg_table *table, struct sg_wire *wire, size_t *ret_count,
				struct sg_error *err)
{
	sg_autofree bool *sets = calloc(table->set_count + 1, sizeof(*sets));
	sg_autofree bool *chains = calloc(table->chain_count + 1, sizeof(*chains));
	size_t count = 0;

	if (!sets || !chains)
		return sg_error_nomem(err);
	if (sg_graph_reachable(table, SG_GRAPH_ALL_HOOKS, sets, chains, err))
		return -1;
	for (size_t i = 0; i < table->set_count; i++) {
		sets[i] |= table->sets[i].flags & SG_SET_ANONYMOUS; /* goes with its rule */
		count += !sets[i];
	}
	for (size_t i = 0; i < table->chain_count; i++)
		count += !chains[i];
	if (count) {
		sg_wire_add_table(wire, table); /* it is there: this asks for the echo that proves the commit */
		delete_unmarked(table, sets, chains, wire);
	}
	*ret_count = count;
	return 0;
}
