// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/text.h"

struct fold {
	struct sg_table *table;
	/* of each chain and set the index of the one that takes its place, SIZE_MAX: it stays */
	size_t *chains, *sets;
};

static void fold_clear(struct fold *fold)
{
	free(fold->chains);
	free(fold->sets);
}

/* ------------------------------------------------------------------ what the same is */

static const char *chain_for(const struct fold *fold, const char *name)
{
	const struct sg_chain *chain = name ? sg_table_chain(fold->table, name) : NULL;
	size_t other = chain ? fold->chains[chain - fold->table->chains] : SIZE_MAX;

	return other == SIZE_MAX ? name : fold->table->chains[other].name;
}

static const char *set_for(const struct fold *fold, const char *name)
{
	const struct sg_set *set = name ? sg_table_set(fold->table, name) : NULL;
	size_t other = set ? fold->sets[set - fold->table->sets] : SIZE_MAX;

	return other == SIZE_MAX ? name : fold->table->sets[other].name;
}

static bool same_verdict(const struct fold *fold, const struct sg_nft_verdict *a, const struct sg_nft_verdict *b)
{
	return a->code == b->code && sg_text_same(chain_for(fold, a->chain), chain_for(fold, b->chain));
}

static bool same_expr(const struct fold *fold, const struct sg_expr *a, const struct sg_expr *b)
{
	struct sg_expr copy = *a;

	/* with equal verdicts the rest can be compared as it is */
	if (!same_verdict(fold, &a->verdict, &b->verdict))
		return false;
	copy.verdict = b->verdict;
	return sg_expr_equal(&copy, b);
}

static bool same_chain(const struct fold *fold, const struct sg_chain *a, const struct sg_chain *b)
{
	if (a->is_base || b->is_base || a->rule_count != b->rule_count)
		return false;
	for (size_t i = 0; i < a->rule_count; i++) {
		const struct sg_rule *mine = &a->rules[i], *other = &b->rules[i];

		if (mine->expr_count != other->expr_count || !sg_text_same(mine->comment, other->comment))
			return false;
		for (size_t k = 0; k < mine->expr_count; k++)
			if (!same_expr(fold, &mine->exprs[k], &other->exprs[k]))
				return false;
	}
	return true;
}

static bool same_map(const struct fold *fold, const struct sg_set *a, const struct sg_set *b)
{
	if (!sg_set_same_shape(a, b) || !(a->flags & SG_SET_MAP) || a->count != b->count ||
	    (a->count && memcmp(a->keys, b->keys, a->count * sg_set_stride(a)) != 0))
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!same_verdict(fold, &a->verdicts[i], &b->verdicts[i]) ||
		    !sg_text_same(a->comments ? a->comments[i] : NULL, b->comments ? b->comments[i] : NULL))
			return false;
	return true;
}

/* ------------------------------------------------------------------ finding */

/* A chain leads to chains that were made after it, so the last ones come first. */
static void find_chains(struct fold *fold, const char *prefix)
{
	struct sg_table *table = fold->table;
	size_t length = strlen(prefix);

	for (size_t i = table->chain_count; i-- > 0;) {
		const struct sg_chain *chain = &table->chains[i], *other = NULL;

		if (!strncmp(chain->name, prefix, length))
			other = sg_table_chain(table, chain->name + length);
		if (other && same_chain(fold, chain, other))
			fold->chains[i] = (size_t)(other - table->chains);
	}
}

static void find_maps(struct fold *fold, const char *prefix)
{
	struct sg_table *table = fold->table;
	size_t length = strlen(prefix);

	for (size_t i = 0; i < table->set_count; i++) {
		const struct sg_set *map = &table->sets[i], *other = NULL;
		char name[SG_NFT_NAME_SIZE];

		fold->sets[i] = SIZE_MAX;
		if (strncmp(map->name, prefix, length) != 0)
			continue;
		snprintf(name, sizeof(name), "in_%s", map->name + length);
		other = sg_table_set(table, name);
		if (!other)
			other = sg_table_set(table, map->name + length);
		if (other && same_map(fold, map, other))
			fold->sets[i] = (size_t)(other - table->sets);
	}
}

/* ------------------------------------------------------------------ folding */

/* False: no memory. */
static bool redirect(struct fold *fold)
{
	struct sg_table *table = fold->table;
	bool done = true;

	for (size_t c = 0; c < table->chain_count; c++)
		for (size_t r = 0; r < table->chains[c].rule_count; r++)
			for (size_t e = 0; e < table->chains[c].rules[r].expr_count; e++) {
				struct sg_expr *expr = &table->chains[c].rules[r].exprs[e];

				done &= sg_text_replace(&expr->verdict.chain, chain_for(fold, expr->verdict.chain));
				if (expr->kind == SG_EXPR_LOOKUP)
					done &= sg_text_replace(&expr->name, set_for(fold, expr->name));
			}
	for (size_t s = 0; s < table->set_count; s++)
		for (size_t i = 0; table->sets[s].verdicts && i < table->sets[s].count; i++)
			done &= sg_text_replace(&table->sets[s].verdicts[i].chain,
						chain_for(fold, table->sets[s].verdicts[i].chain));
	return done;
}

static void drop(struct fold *fold)
{
	struct sg_table *table = fold->table;
	size_t chains = 0, sets = 0;

	for (size_t i = 0; i < table->chain_count; i++) {
		if (fold->chains[i] == SIZE_MAX)
			table->chains[chains++] = table->chains[i];
		else
			sg_chain_clear(&table->chains[i]);
	}
	for (size_t i = 0; i < table->set_count; i++) {
		if (fold->sets[i] == SIZE_MAX)
			table->sets[sets++] = table->sets[i];
		else
			sg_set_clear(&table->sets[i]);
	}
	table->chain_count = chains;
	table->set_count = sets;
	sg_table_reindex(table);
}

int sg_fold(struct sg_table *table, const char *prefix, struct sg_error *err)
{
	sg_cleanup(fold_clear) struct fold fold = {.table = table};

	fold.chains = calloc(table->chain_count + 1, sizeof(*fold.chains));
	fold.sets = calloc(table->set_count + 1, sizeof(*fold.sets));
	if (!fold.chains || !fold.sets)
		return sg_error_nomem(err);
	for (size_t i = 0; i < table->chain_count; i++)
		fold.chains[i] = SIZE_MAX;
	find_chains(&fold, prefix);
	find_maps(&fold, prefix);
	if (!redirect(&fold))
		return sg_error_nomem(err);
	drop(&fold);
	return 0;
}
