// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A transaction is atomic for the ruleset, but a packet takes time: it picks the rules of its generation when it enters
 * the base chain, and looks into sets as they are when it gets there. The kernel shows the new rules first, and what
 * interval sets hold only after that. So a change takes up to three steps, each a transaction of its own:
 *
 *  - make: new sets and chains with all that they hold, under names that are free. No packet can reach them.
 *  - switch: nothing but the place at which a packet meets either the old or the new policy. That is one set or map
 *    whose elements are added and deleted (the lookup is the place, or several lookups that come to the same), or the
 *    rules of the base chain.
 *  - delete: what no packet can reach any more.
 *
 * So the switch makes, empties and deletes nothing that a packet on its way may look into. Each base chain has a place
 * of its own (choice.h): no packet is judged by two of them at once. Objects get another version of their name
 * (in_ports, in_ports.2, …) when the name is taken; versions are compared by what they hold, so that what did not
 * change stays as it is.
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

/* Whether the table in the kernel is one that can be changed step by step: the base chains that it has are as the
 * compiler makes them. */
static bool is_ours(const struct sg_table *have)
{
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
	}
	return true;
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
		if (plan->new_sets[i])
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

/* All of want is new. */
static int plan_all(struct sg_transition *plan, struct sg_error *err)
{
	const struct sg_table *want = plan->want;

	plan->new_sets = calloc(want->set_count + 1, sizeof(bool));
	plan->new_chains = calloc(want->chain_count + 1, sizeof(bool));
	plan->rewritten = calloc(want->chain_count + 1, sizeof(bool));
	plan->ended = calloc(1, sizeof(bool));
	if (!plan->new_sets || !plan->new_chains || !plan->rewritten || !plan->ended)
		return sg_error_nomem(err);
	memset(plan->new_sets, true, want->set_count);
	memset(plan->new_chains, true, want->chain_count);
	return 0;
}

/* The table of have is changed step by step. */
static int plan_steps(struct sg_transition *plan, bool in_place, struct sg_error *err)
{
	struct sg_graph *graph = NULL;
	int result = sg_graph_make(plan->have, plan->want, &graph, err);

	if (!result)
		result = plan_changes(plan, graph, in_place, err);
	sg_graph_free(graph);
	if (!result)
		plan->nothing = is_nothing(plan);
	return result;
}

int sg_transition_make(const struct sg_table *have, struct sg_table *want, bool in_place, struct sg_transition *ret,
		       struct sg_error *err)
{
	struct sg_transition plan = {.have = have, .want = want};

	plan.replace = have && !is_ours(have);
	if (have && !plan.replace ? plan_steps(&plan, in_place, err) : plan_all(&plan, err)) {
		sg_transition_clear(&plan);
		return -1;
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

/* Takes back the message that was written last if the batch is too long with it, and has others. */
static bool fits(struct sg_wire *wire, size_t messages, size_t before, size_t room)
{
	if (sg_wire_size(wire) <= room || messages == before)
		return true;
	sg_wire_drop(wire, messages);
	return false;
}

enum made { MADE_FULL, MADE_MORE, MADE_DONE };

/* Writes one message, or the elements that there is room for, of the object at `at`. MADE_FULL: there is no room for
 * more; MADE_DONE: that was all of the object. `before` is how many messages the batch has that make nothing. */
static enum made make_one(const struct sg_transition *plan, size_t room, struct sg_made *at, size_t before,
			  struct sg_wire *wire)
{
	const struct sg_table *want = plan->want;
	size_t messages = sg_wire_messages(wire), next = 1, all = 1;

	switch (at->step) {
	case SG_MADE_SETS: sg_wire_add_set(wire, want, &want->sets[at->index]); break;
	case SG_MADE_CHAINS: sg_wire_add_chain(wire, want, &want->chains[at->index]); break;
	case SG_MADE_ELEMENTS:
		all = want->sets[at->index].count;
		next = sg_wire_add_elements_from(wire, want, &want->sets[at->index], at->part, room);
		break;
	default:
		all = want->chains[at->index].rule_count;
		next = at->part + (all > 0);
		if (all)
			sg_wire_add_rule(wire, want, &want->chains[at->index],
					 &want->chains[at->index].rules[at->part]);
	}
	if (!fits(wire, messages, before, room))
		return MADE_FULL;
	at->part = next;
	return next == all ? MADE_DONE : MADE_MORE;
}

/* How many objects there are at a step, and whether one of them is new and no base chain. */
static size_t objects_at(const struct sg_transition *plan, size_t step)
{
	return step == SG_MADE_CHAINS || step == SG_MADE_RULES ? plan->want->chain_count : plan->want->set_count;
}

static bool is_made(const struct sg_transition *plan, size_t step, size_t index)
{
	if (step == SG_MADE_CHAINS || step == SG_MADE_RULES)
		return plan->new_chains[index] && !plan->want->chains[index].is_base;
	return plan->new_sets[index];
}

/* Goes on to the next object that is made, `at` itself included. False: there is none. */
static bool find_next(const struct sg_transition *plan, struct sg_made *at)
{
	for (; at->step < SG_MADE_ALL; at->step++, at->index = 0)
		for (; at->index < objects_at(plan, at->step); at->index++)
			if (is_made(plan, at->step, at->index))
				return true;
	return false;
}

bool sg_transition_write_make(const struct sg_transition *plan, size_t room, struct sg_made *at, struct sg_wire *wire)
{
	size_t before;

	if (plan->nothing || plan->replace || !find_next(plan, at))
		return false;
	/* it may be there: then this only asks for the echo that proves the commit */
	sg_wire_add_table(wire, plan->want);
	before = sg_wire_messages(wire);
	while (find_next(plan, at)) {
		enum made made = make_one(plan, room, at, before, wire);

		if (made == MADE_FULL || (made == MADE_MORE && at->step == SG_MADE_ELEMENTS))
			break;
		if (made == MADE_DONE)
			*at = (struct sg_made){at->step, at->index + 1, 0};
	}
	return true;
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

static void change_elements(struct sg_wire *wire, const struct sg_table *table, const struct sg_set *deleted,
			    const struct sg_set *added)
{
	if (deleted->count)
		sg_wire_del_elements(wire, table, deleted);
	if (added->count)
		sg_wire_add_elements(wire, table, added);
}

static void end_chain(struct sg_wire *wire, const struct sg_table *table, const struct sg_chain *chain)
{
	sg_wire_flush_chain(wire, table, chain);
	sg_wire_del_chain(wire, table, chain);
}

void sg_transition_write_switch(const struct sg_transition *plan, struct sg_wire *wire)
{
	struct sg_table *want = plan->want;

	if (plan->nothing)
		return;
	if (plan->replace) {
		sg_wire_del_table(wire, plan->have);
		sg_wire_add_whole_table(wire, want);
		return;
	}
	sg_wire_add_table(wire, want); /* it is there: this asks for the echo that proves the commit */
	for (size_t i = 0; i < plan->edit_count; i++)
		change_elements(wire, want, &plan->edits[i].deleted, &plan->edits[i].added);
	add_base_chains(plan, wire);
	for (size_t i = 0; i < want->chain_count; i++)
		if (plan->rewritten[i]) {
			sg_wire_flush_chain(wire, want, &want->chains[i]);
			add_rules(plan, wire, &want->chains[i]);
		}
	for (size_t i = 0; plan->have && i < plan->have->chain_count; i++)
		if (plan->ended[i])
			end_chain(wire, want, &plan->have->chains[i]);
}

void sg_transition_write_back(const struct sg_transition *plan, struct sg_wire *wire)
{
	const struct sg_table *have = plan->have, *want = plan->want;

	sg_wire_add_table(wire, want); /* it is there: this asks for the echo that proves the commit */
	for (size_t i = 0; i < plan->edit_count; i++)
		change_elements(wire, want, &plan->edits[i].added, &plan->edits[i].deleted);
	for (size_t i = 0; i < have->chain_count; i++) {
		const struct sg_chain *chain = &have->chains[i], *now = sg_table_chain(want, chain->name);

		if (plan->ended[i])
			sg_wire_add_chain(wire, have, chain);
		else if (now && plan->rewritten[now - want->chains])
			sg_wire_flush_chain(wire, have, chain);
		else
			continue;
		for (size_t j = 0; j < chain->rule_count; j++)
			sg_wire_add_rule(wire, have, chain, &chain->rules[j]);
	}
	for (size_t i = 0; i < want->chain_count; i++)
		if (plan->new_chains[i] && want->chains[i].is_base)
			end_chain(wire, want, &want->chains[i]);
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

void sg_transition_write_unmake(const struct sg_transition *plan, struct sg_wire *wire)
{
	const struct sg_table *want = plan->want;
	sg_autofree bool *sets = calloc(want->set_count + 1, sizeof(*sets));
	sg_autofree bool *chains = calloc(want->chain_count + 1, sizeof(*chains));

	if (!sets || !chains)
		return;
	for (size_t i = 0; i < want->set_count; i++)
		sets[i] = !is_made(plan, SG_MADE_SETS, i);
	for (size_t i = 0; i < want->chain_count; i++)
		chains[i] = !is_made(plan, SG_MADE_CHAINS, i);
	sg_wire_add_table(wire, want); /* it is there: this asks for the echo that proves the commit */
	if (plan->have)
		delete_unmarked(want, sets, chains, wire);
	else
		sg_wire_del_table(wire, want);
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
