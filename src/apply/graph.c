// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Objects of two tables are twins when their names are the same but for a version, and packets can reach both. What
 * cannot be reached from the base chain decides nothing: it is left over from a run that was killed before it could
 * tidy up, and has no twin.
 */
#include "apply/graph.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/text.h"

/* ------------------------------------------------------------------ names */

/* The length of a name without its version. */
static size_t plain_length(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (!dot || !dot[1])
		return strlen(name);
	for (const char *p = dot + 1; *p; p++)
		if (!isdigit((unsigned char)*p))
			return strlen(name);
	return (size_t)(dot - name);
}

static bool same_name(const char *have, const char *want)
{
	size_t length = plain_length(have);

	return strlen(want) == length && !memcmp(have, want, length);
}

static bool same_target(const char *have, const char *want)
{
	if (!have || !want)
		return !have && !want;
	return same_name(have, want);
}

/* ------------------------------------------------------------------ comparing */

static bool names_set(const struct sg_expr *expr)
{
	return expr->kind == SG_EXPR_LOOKUP || expr->kind == SG_EXPR_DYNSET;
}

/* `logs`: also in what it logs, which decides nothing. */
static bool same_expr(const struct sg_expr *have, const struct sg_expr *want, bool logs)
{
	struct sg_expr copy = *have;

	if (!logs && have->kind == SG_EXPR_LOG && want->kind == SG_EXPR_LOG)
		return true;
	/* with equal names of objects the rest can be compared as it is */
	if (names_set(want)) {
		if (!same_target(have->name, want->name))
			return false;
		copy.name = want->name;
	}
	if (!same_target(have->verdict.chain, want->verdict.chain))
		return false;
	copy.verdict.chain = want->verdict.chain;
	return sg_expr_equal(&copy, want);
}

static bool same_rules(const struct sg_chain *have, const struct sg_chain *want, bool logs)
{
	if (have->unknown || have->is_base != want->is_base || have->rule_count != want->rule_count)
		return false;
	for (size_t i = 0; i < want->rule_count; i++) {
		const struct sg_rule *a = &have->rules[i], *b = &want->rules[i];

		if (a->expr_count != b->expr_count || !sg_text_same(a->comment, b->comment))
			return false;
		for (size_t j = 0; j < b->expr_count; j++)
			if (!same_expr(&a->exprs[j], &b->exprs[j], logs))
				return false;
	}
	return true;
}

static const char *comment_at(const struct sg_set *set, size_t i)
{
	return set->comments ? set->comments[i] : NULL;
}

/* Elements with the same key: whether they say the same. Chain names may differ in their version when told so. */
static bool same_element(const struct sg_set *a, size_t i, const struct sg_set *b, size_t j, bool versions)
{
	if (!sg_text_same(comment_at(a, i), comment_at(b, j)))
		return false;
	if (!a->verdicts || !b->verdicts)
		return !a->verdicts && !b->verdicts;
	if (a->verdicts[i].code != b->verdicts[j].code)
		return false;
	return versions ? same_target(a->verdicts[i].chain, b->verdicts[j].chain)
			: sg_text_same(a->verdicts[i].chain, b->verdicts[j].chain);
}

static int compare_keys(const struct sg_set *a, size_t i, const struct sg_set *b, size_t j)
{
	size_t stride = sg_set_stride(a);

	return memcmp(a->keys + i * stride, b->keys + j * stride, stride);
}

static bool same_set(const struct sg_set *have, const struct sg_set *want)
{
	if (have->unknown || !sg_set_same_shape(have, want) || have->count != want->count ||
	    have->catch_all != want->catch_all || !sg_text_same(have->comment, want->comment))
		return false;
	if (want->count && memcmp(have->keys, want->keys, want->count * sg_set_stride(want)) != 0)
		return false;
	if (!have->verdicts && !want->verdicts && !have->comments && !want->comments)
		return true;
	for (size_t i = 0; i < want->count; i++)
		if (!same_element(have, i, want, i, true))
			return false;
	return true;
}

/* ------------------------------------------------------------------ sets that packets fill */

/* The one expression that fills each set of the table, NULL: none does. Ways that differ are `mixed`: equal to nothing.
 * An array of the table's sets, to be freed; NULL: no memory. */
static const struct sg_expr **fillings(const struct sg_table *table)
{
	static const struct sg_expr mixed = {.kind = SG_EXPR_UNKNOWN};
	const struct sg_expr **result = calloc(table->set_count + 1, sizeof(*result));

	for (size_t c = 0; result && c < table->chain_count; c++)
		for (size_t r = 0; r < table->chains[c].rule_count; r++)
			for (size_t e = 0; e < table->chains[c].rules[r].expr_count; e++) {
				const struct sg_expr *expr = &table->chains[c].rules[r].exprs[e];
				const struct sg_set *set =
					expr->kind == SG_EXPR_DYNSET ? sg_table_set(table, expr->name) : NULL;

				if (set && !result[set - table->sets])
					result[set - table->sets] = expr;
				else if (set && !sg_expr_equal(result[set - table->sets], expr))
					result[set - table->sets] = &mixed;
			}
	return result;
}

/* Whether elements that the set has now may be others than such as the expression makes. */
static bool has_others(const struct sg_set *have, const struct sg_expr *filling)
{
	if (have->carried_odd)
		return true;
	return have->carried && (filling->inner_count != 1 || !sg_expr_equal(have->carried, &filling->inner[0]));
}

/* An element keeps the limit that it was made with. So what is in a set is of use to new rules only if these fill it in
 * the same way as those that did, and nobody put in others. */
static int compare_fillings(struct sg_graph *graph, struct sg_error *err)
{
	sg_autofree const struct sg_expr **have = fillings(graph->have);
	sg_autofree const struct sg_expr **want = fillings(graph->want);

	if (!have || !want)
		return sg_error_nomem(err);
	for (size_t i = 0; i < graph->want->set_count; i++) {
		const struct sg_expr *mine = want[i], *other;

		if (!sg_set_is_filled(&graph->want->sets[i]) || graph->set_differs[i])
			continue;
		other = have[graph->set_twin[i]];
		graph->set_differs[i] = (mine || other) && (!mine || !other || !same_expr(other, mine, true) ||
							    has_others(&graph->have->sets[graph->set_twin[i]], mine));
	}
	return 0;
}

int sg_graph_subtract(const struct sg_set *a, const struct sg_set *b, struct sg_set *ret, struct sg_error *err)
{
	size_t stride = sg_set_stride(a), j = 0;
	struct sg_set set = {.flags = a->flags,
			     .key_type = a->key_type,
			     .data_type = a->data_type,
			     .key_length = a->key_length,
			     .field_count = a->field_count,
			     .size = a->size};

	memcpy(set.field_length, a->field_length, sizeof(set.field_length));
	set.name = strdup(a->name);
	if (!set.name)
		return sg_error_nomem(err);
	for (size_t i = 0; i < a->count; i++) {
		const uint8_t *key = a->keys + i * stride;

		while (j < b->count && compare_keys(b, j, a, i) < 0)
			j++;
		if (j < b->count && compare_keys(b, j, a, i) == 0 && same_element(a, i, b, j, false))
			continue;
		if (sg_set_add(&set, key, a->flags & SG_SET_INTERVAL ? key + a->key_length : NULL,
			       a->verdicts ? &a->verdicts[i] : NULL, comment_at(a, i), a->origins ? a->origins[i] : 0,
			       err)) {
			sg_set_clear(&set);
			return -1;
		}
	}
	*ret = set;
	return 0;
}

size_t sg_graph_distance(const struct sg_graph *graph, size_t index, const bool *marked_chains)
{
	const struct sg_set *want = &graph->want->sets[index], *have = &graph->have->sets[graph->set_twin[index]];
	size_t same = 0;

	for (size_t i = 0, j = 0; i < want->count; i++) {
		const char *chain = want->verdicts ? want->verdicts[i].chain : NULL;
		const struct sg_chain *target = chain ? sg_table_chain(graph->want, chain) : NULL;

		while (j < have->count && compare_keys(have, j, want, i) < 0)
			j++;
		if (j < have->count && compare_keys(have, j, want, i) == 0 && same_element(have, j, want, i, true) &&
		    !(target && marked_chains[target - graph->want->chains]))
			same++;
	}
	return want->count + have->count - 2 * same;
}

/* ------------------------------------------------------------------ lookups */

/* What a rule does with a set: what it looks up, whether it wants it there, the verdict. */
struct use {
	const struct sg_expr *load, *lookup, *verdict;
};

/* The expression that loads what the lookup at `index` looks up. NULL: there is none, or more than one. */
static const struct sg_expr *load_of(const struct sg_rule *rule, size_t index)
{
	const struct sg_expr *load = index ? &rule->exprs[index - 1] : NULL;
	bool loads = load && (load->kind == SG_EXPR_PAYLOAD || load->kind == SG_EXPR_META || load->kind == SG_EXPR_CT);

	return loads && load->dreg == rule->exprs[index].sreg ? load : NULL;
}

static bool same_use(const struct use *a, const struct use *b)
{
	return a->load && b->load && sg_expr_equal(a->load, b->load) && a->lookup->sreg == b->lookup->sreg &&
	       a->lookup->inverted == b->lookup->inverted && sg_expr_equal(a->verdict, b->verdict);
}

bool sg_graph_looks_up_alike(const struct sg_graph *graph, size_t index, const bool *among)
{
	const struct sg_table *want = graph->want;
	struct use first = {0};

	for (size_t c = 0; c < want->chain_count; c++)
		for (size_t r = 0; among[c] && r < want->chains[c].rule_count; r++) {
			const struct sg_rule *rule = &want->chains[c].rules[r];

			for (size_t e = 0; e < rule->expr_count; e++) {
				struct use use = {load_of(rule, e), &rule->exprs[e],
						  &rule->exprs[rule->expr_count - 1]};

				if (use.lookup->kind != SG_EXPR_LOOKUP || !use.lookup->name ||
				    strcmp(use.lookup->name, want->sets[index].name) != 0)
					continue;
				if (first.lookup && !same_use(&first, &use))
					return false;
				first = use;
			}
		}
	return true;
}

/* ------------------------------------------------------------------ who refers to whom */

typedef int see_reference(bool to_set, size_t to, void *data, struct sg_error *err);

static int see_set(const struct sg_table *table, const char *name, see_reference *see, void *data, struct sg_error *err)
{
	const struct sg_set *set = name ? sg_table_set(table, name) : NULL;

	return set ? see(true, (size_t)(set - table->sets), data, err) : 0;
}

static int see_chain(const struct sg_table *table, const char *name, see_reference *see, void *data,
		     struct sg_error *err)
{
	const struct sg_chain *chain = name ? sg_table_chain(table, name) : NULL;

	return chain ? see(false, (size_t)(chain - table->chains), data, err) : 0;
}

static int references_of_chain(const struct sg_table *table, size_t index, see_reference *see, void *data,
			       struct sg_error *err)
{
	const struct sg_chain *chain = &table->chains[index];

	for (size_t i = 0; i < chain->rule_count; i++)
		for (size_t j = 0; j < chain->rules[i].expr_count; j++) {
			const struct sg_expr *expr = &chain->rules[i].exprs[j];

			if (names_set(expr) && see_set(table, expr->name, see, data, err))
				return -1;
			if (expr->kind == SG_EXPR_VERDICT && see_chain(table, expr->verdict.chain, see, data, err))
				return -1;
		}
	return 0;
}

static int references_of_set(const struct sg_table *table, size_t index, see_reference *see, void *data,
			     struct sg_error *err)
{
	const struct sg_set *set = &table->sets[index];

	for (size_t i = 0; set->verdicts && i < set->count; i++) {
		const char *chain = set->verdicts[i].chain;

		/* neighbours often go to the same chain */
		if (chain && i && sg_text_same(chain, set->verdicts[i - 1].chain))
			continue;
		if (see_chain(table, chain, see, data, err))
			return -1;
	}
	return set->catch_all ? see_chain(table, set->catch_all_verdict.chain, see, data, err) : 0;
}

struct edge_maker {
	struct sg_graph *graph;
	bool from_set;
	size_t from;
};

static int add_edge(bool to_set, size_t to, void *data, struct sg_error *err)
{
	const struct edge_maker *maker = data;
	struct sg_graph *graph = maker->graph;

	if (sg_grow(&graph->edges, &graph->edge_room, graph->edge_count, 1, sizeof(*graph->edges)))
		return sg_error_nomem(err);
	graph->edges[graph->edge_count++] = (struct sg_edge){maker->from_set, to_set, maker->from, to};
	return 0;
}

static int make_edges(struct sg_graph *graph, struct sg_error *err)
{
	struct edge_maker maker = {.graph = graph};

	for (maker.from = 0; maker.from < graph->want->chain_count; maker.from++)
		if (references_of_chain(graph->want, maker.from, add_edge, &maker, err))
			return -1;
	maker.from_set = true;
	for (maker.from = 0; maker.from < graph->want->set_count; maker.from++)
		if (references_of_set(graph->want, maker.from, add_edge, &maker, err))
			return -1;
	return 0;
}

/* ------------------------------------------------------------------ twins */

struct reach {
	const struct sg_table *table;
	bool *sets, *chains;
	size_t *pending; /* chains at their index, sets behind all chains */
	size_t pending_count;
};

static int reach_one(bool to_set, size_t to, void *data, struct sg_error *err)
{
	struct reach *reach = data;
	bool *seen = to_set ? &reach->sets[to] : &reach->chains[to];

	(void)err;
	if (!*seen)
		reach->pending[reach->pending_count++] = to_set ? reach->table->chain_count + to : to;
	*seen = true;
	return 0;
}

int sg_graph_reachable(const struct sg_table *table, uint32_t hooks, bool *sets, bool *chains, struct sg_error *err)
{
	sg_autofree size_t *pending = calloc(table->set_count + table->chain_count + 1, sizeof(*pending));
	struct reach reach = {.table = table, .sets = sets, .chains = chains, .pending = pending};

	if (!pending)
		return sg_error_nomem(err);
	for (size_t i = 0; i < table->chain_count; i++)
		if (table->chains[i].is_base && table->chains[i].hook < 32 && hooks >> table->chains[i].hook & 1)
			reach_one(false, i, &reach, err);
	while (reach.pending_count) {
		size_t next = pending[--reach.pending_count];

		if (next < table->chain_count)
			references_of_chain(table, next, reach_one, &reach, err);
		else
			references_of_set(table, next - table->chain_count, reach_one, &reach, err);
	}
	return 0;
}

/* Twins of the objects of one kind, by name. */
static void match_names(size_t count, const bool *reachable, const char *(*name_at)(const struct sg_table *, size_t),
			const struct sg_graph *graph, size_t (*find)(const struct sg_table *, const char *),
			size_t *twin)
{
	char plain[SG_NFT_NAME_SIZE];

	for (size_t i = 0; i < count; i++) {
		const char *name = name_at(graph->have, i);
		size_t length = plain_length(name), found;

		if (!reachable[i] || length >= sizeof(plain))
			continue;
		memcpy(plain, name, length);
		plain[length] = '\0';
		found = find(graph->want, plain);
		if (found != SIZE_MAX)
			twin[found] = i;
	}
}

static const char *set_name(const struct sg_table *table, size_t i)
{
	return table->sets[i].name;
}

static const char *chain_name(const struct sg_table *table, size_t i)
{
	return table->chains[i].name;
}

static size_t set_index(const struct sg_table *table, const char *name)
{
	const struct sg_set *set = sg_table_set(table, name);

	return set ? (size_t)(set - table->sets) : SIZE_MAX;
}

static size_t chain_index(const struct sg_table *table, const char *name)
{
	const struct sg_chain *chain = sg_table_chain(table, name);

	return chain ? (size_t)(chain - table->chains) : SIZE_MAX;
}

static int find_twins(struct sg_graph *graph, const bool *sets, const bool *chains, struct sg_error *err)
{
	const struct sg_table *have = graph->have;
	const struct sg_table *want = graph->want;

	for (size_t i = 0; i < want->set_count; i++)
		graph->set_twin[i] = SIZE_MAX;
	for (size_t i = 0; i < want->chain_count; i++)
		graph->chain_twin[i] = SIZE_MAX;
	match_names(have->set_count, sets, set_name, graph, set_index, graph->set_twin);
	match_names(have->chain_count, chains, chain_name, graph, chain_index, graph->chain_twin);
	for (size_t i = 0; i < want->set_count; i++)
		graph->set_differs[i] =
			graph->set_twin[i] == SIZE_MAX || !same_set(&have->sets[graph->set_twin[i]], &want->sets[i]);
	for (size_t i = 0; i < want->chain_count; i++) {
		const struct sg_chain *twin =
			graph->chain_twin[i] == SIZE_MAX ? NULL : &have->chains[graph->chain_twin[i]];

		graph->chain_differs[i] = !twin || !same_rules(twin, &want->chains[i], false);
		graph->chain_relogs[i] = !graph->chain_differs[i] && !same_rules(twin, &want->chains[i], true);
	}
	return compare_fillings(graph, err) ? -1 : make_edges(graph, err);
}

int sg_graph_make(const struct sg_table *have, struct sg_table *want, struct sg_graph **ret, struct sg_error *err)
{
	sg_autofree bool *sets = calloc(have->set_count + 1, sizeof(*sets));
	sg_autofree bool *chains = calloc(have->chain_count + 1, sizeof(*chains));
	struct sg_graph *graph = calloc(1, sizeof(*graph));
	int result = -1;

	if (!graph)
		return sg_error_nomem(err);
	*graph = (struct sg_graph){.have = have, .want = want};
	graph->set_twin = calloc(want->set_count + 1, sizeof(size_t));
	graph->chain_twin = calloc(want->chain_count + 1, sizeof(size_t));
	graph->set_differs = calloc(want->set_count + 1, sizeof(bool));
	graph->chain_differs = calloc(want->chain_count + 1, sizeof(bool));
	graph->chain_relogs = calloc(want->chain_count + 1, sizeof(bool));
	if (!sets || !chains || !graph->set_twin || !graph->chain_twin || !graph->set_differs ||
	    !graph->chain_differs || !graph->chain_relogs) {
		sg_error_nomem(err);
	} else {
		if (!sg_graph_reachable(have, SG_GRAPH_ALL_HOOKS, sets, chains, err))
			result = find_twins(graph, sets, chains, err);
	}
	if (result)
		sg_graph_free(graph);
	else
		*ret = graph;
	return result;
}

void sg_graph_free(struct sg_graph *graph)
{
	if (!graph)
		return;
	free(graph->set_twin);
	free(graph->chain_twin);
	free(graph->set_differs);
	free(graph->chain_differs);
	free(graph->chain_relogs);
	free(graph->edges);
	free(graph);
}

/* ------------------------------------------------------------------ renaming */

static bool rename_target(const struct sg_table *want, char **name, char *const *chains)
{
	const struct sg_chain *chain = *name ? sg_table_chain(want, *name) : NULL;

	return chain && !sg_text_replace(name, chains[chain - want->chains]);
}

bool sg_graph_rename(struct sg_graph *graph, char *const *sets, char *const *chains)
{
	struct sg_table *want = graph->want;
	bool failed = false;

	/* what refers first: it is found by the old names */
	for (size_t c = 0; c < want->chain_count; c++)
		for (size_t r = 0; r < want->chains[c].rule_count; r++)
			for (size_t e = 0; e < want->chains[c].rules[r].expr_count; e++) {
				struct sg_expr *expr = &want->chains[c].rules[r].exprs[e];
				const struct sg_set *set =
					names_set(expr) && expr->name ? sg_table_set(want, expr->name) : NULL;

				failed |= set && !sg_text_replace(&expr->name, sets[set - want->sets]);
				failed |= rename_target(want, &expr->verdict.chain, chains);
			}
	for (size_t s = 0; s < want->set_count; s++)
		for (size_t i = 0; want->sets[s].verdicts && i < want->sets[s].count; i++)
			failed |= rename_target(want, &want->sets[s].verdicts[i].chain, chains);
	for (size_t s = 0; s < want->set_count; s++)
		failed |= !sg_text_replace(&want->sets[s].name, sets[s]);
	for (size_t c = 0; c < want->chain_count; c++)
		failed |= !sg_text_replace(&want->chains[c].name, chains[c]);
	sg_table_reindex(want);
	return failed;
}
