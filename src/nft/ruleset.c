/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruleset.c - making, growing, finding and freeing the values of ruleset.h.
 *
 * A set's elements are arrays side by side: `keys` always, `verdicts` of a verdict map, `comments` and `origins` only
 * from the first element that has one. All that exist have `room` places; those beyond `count` mean nothing.
 */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "sockgate/ruleset.h"

#define DATA_TYPE_VERDICT 0xffffff00U /* NFT_DATA_VERDICT of linux/netfilter/nf_tables.h */

void sg_nft_verdict_clear(struct sg_nft_verdict *verdict)
{
	free(verdict->chain);
	*verdict = (struct sg_nft_verdict){0};
}

void sg_expr_clear(struct sg_expr *expr)
{
	free(expr->name);
	free(expr->reason);
	sg_nft_verdict_clear(&expr->verdict);
	/* what runs for an element is flat: nothing runs within it */
	for (size_t i = 0; i < expr->inner_count; i++) {
		free(expr->inner[i].name);
		free(expr->inner[i].reason);
	}
	free(expr->inner);
	memset(expr, 0, sizeof(*expr));
}

void sg_rule_clear(struct sg_rule *rule)
{
	for (size_t i = 0; i < rule->expr_count; i++)
		sg_expr_clear(&rule->exprs[i]);
	free(rule->exprs);
	free(rule->comment);
	free(rule->mark);
	*rule = (struct sg_rule){0};
}

void sg_chain_clear(struct sg_chain *chain)
{
	for (size_t i = 0; i < chain->rule_count; i++)
		sg_rule_clear(&chain->rules[i]);
	free(chain->rules);
	free(chain->name);
	free(chain->type);
	free(chain->device);
	free(chain->comment);
	*chain = (struct sg_chain){0};
}

void sg_set_clear(struct sg_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->verdicts)
			free(set->verdicts[i].chain);
		if (set->comments)
			free(set->comments[i]);
	}
	free(set->keys);
	free(set->verdicts);
	free(set->comments);
	free(set->origins);
	free(set->name);
	free(set->comment);
	free(set->unknown_reason);
	if (set->carried)
		sg_expr_clear(set->carried);
	free(set->carried);
	sg_nft_verdict_clear(&set->catch_all_verdict);
	*set = (struct sg_set){0};
}

void sg_table_clear(struct sg_table *table)
{
	for (size_t i = 0; i < table->chain_count; i++)
		sg_chain_clear(&table->chains[i]);
	for (size_t i = 0; i < table->set_count; i++)
		sg_set_clear(&table->sets[i]);
	free(table->chains);
	free(table->sets);
	free(table->chain_slots);
	free(table->set_slots);
	free(table->name);
	free(table->comment);
	*table = (struct sg_table){0};
}

void sg_ruleset_clear(struct sg_ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->table_count; i++)
		sg_table_clear(&ruleset->tables[i]);
	free(ruleset->tables);
	*ruleset = (struct sg_ruleset){0};
}

static const char *ruleset_chain_name(const struct sg_table *table, size_t index)
{
	return index < table->chain_count ? table->chains[index].name : NULL;
}

static const char *ruleset_set_name(const struct sg_table *table, size_t index)
{
	return index < table->set_count ? table->sets[index].name : NULL;
}

static size_t ruleset_hash(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325U; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3U;
	return (size_t)(hash ^ (hash >> 32));
}

/* The slot of the name, or the free one where it would be. There is always a free one. */
static size_t ruleset_slot(const uint32_t *slots, size_t slot_count,
			   const char *(*name_at)(const struct sg_table *, size_t), const struct sg_table *table,
			   const char *name)
{
	size_t slot = ruleset_hash(name) & (slot_count - 1);

	for (; slots[slot]; slot = (slot + 1) & (slot_count - 1)) {
		const char *other = name_at(table, slots[slot] - 1);

		if (other && !strcmp(other, name))
			break;
	}
	return slot;
}

/*
 * Enters the newest of `count` names into the slots. Without memory there are none, and lookups take a linear time: an
 * index that is missing or stale never changes an answer.
 */
static void ruleset_index(uint32_t **slots, size_t *slot_count, const char *(*name_at)(const struct sg_table *, size_t),
			  const struct sg_table *table, size_t count)
{
	size_t first = count - 1;

	if (count > UINT32_MAX / 4 || (!*slots && first > 0))
		return;
	if (count > *slot_count / 2) {
		size_t larger = *slot_count ? *slot_count * 2 : 16;

		free(*slots);
		*slots = calloc(larger, sizeof(**slots));
		*slot_count = *slots ? larger : 0;
		first = 0;
	}
	for (size_t i = first; *slots && i < count; i++) {
		size_t slot = ruleset_slot(*slots, *slot_count, name_at, table, name_at(table, i));

		if (!(*slots)[slot])
			(*slots)[slot] = (uint32_t)(i + 1);
	}
}

void sg_table_reindex(struct sg_table *table)
{
	free(table->chain_slots);
	free(table->set_slots);
	table->chain_slots = table->set_slots = NULL;
	table->chain_slot_count = table->set_slot_count = 0;
	for (size_t i = 1; i <= table->chain_count; i++)
		ruleset_index(&table->chain_slots, &table->chain_slot_count, ruleset_chain_name, table, i);
	for (size_t i = 1; i <= table->set_count; i++)
		ruleset_index(&table->set_slots, &table->set_slot_count, ruleset_set_name, table, i);
}

struct sg_table *sg_ruleset_add_table(struct sg_ruleset *ruleset, uint32_t family, const char *name,
				      struct sg_error *err)
{
	sg_autofree char *copy = strdup(name);

	if (!copy ||
	    sg_grow(&ruleset->tables, &ruleset->table_room, ruleset->table_count, 1, sizeof(struct sg_table)) < 0) {
		sg_error_nomem(err);
		return NULL;
	}
	struct sg_table *table = &ruleset->tables[ruleset->table_count++];

	*table = (struct sg_table){.name = sg_steal(copy), .family = family};
	return table;
}

struct sg_chain *sg_table_add_chain(struct sg_table *table, const char *name, struct sg_error *err)
{
	sg_autofree char *copy = strdup(name);

	if (!copy || sg_grow(&table->chains, &table->chain_room, table->chain_count, 1, sizeof(struct sg_chain)) < 0) {
		sg_error_nomem(err);
		return NULL;
	}
	struct sg_chain *chain = &table->chains[table->chain_count++];

	*chain = (struct sg_chain){.name = sg_steal(copy)};
	ruleset_index(&table->chain_slots, &table->chain_slot_count, ruleset_chain_name, table, table->chain_count);
	return chain;
}

struct sg_set *sg_table_add_set(struct sg_table *table, const char *name, struct sg_error *err)
{
	sg_autofree char *copy = strdup(name);

	if (!copy || sg_grow(&table->sets, &table->set_room, table->set_count, 1, sizeof(struct sg_set)) < 0) {
		sg_error_nomem(err);
		return NULL;
	}
	struct sg_set *set = &table->sets[table->set_count++];

	*set = (struct sg_set){.name = sg_steal(copy)};
	ruleset_index(&table->set_slots, &table->set_slot_count, ruleset_set_name, table, table->set_count);
	return set;
}

struct sg_rule *sg_chain_add_rule(struct sg_chain *chain, struct sg_error *err)
{
	if (sg_grow(&chain->rules, &chain->rule_room, chain->rule_count, 1, sizeof(struct sg_rule)) < 0) {
		sg_error_nomem(err);
		return NULL;
	}
	struct sg_rule *rule = &chain->rules[chain->rule_count++];

	*rule = (struct sg_rule){0};
	return rule;
}

struct sg_expr *sg_rule_add_expr(struct sg_rule *rule, enum sg_expr_kind kind, struct sg_error *err)
{
	if (sg_grow(&rule->exprs, &rule->expr_room, rule->expr_count, 1, sizeof(struct sg_expr)) < 0) {
		sg_error_nomem(err);
		return NULL;
	}
	struct sg_expr *expr = &rule->exprs[rule->expr_count++];

	memset(expr, 0, sizeof(*expr));
	expr->kind = kind;
	expr->direction = -1;
	return expr;
}

struct sg_expr *sg_expr_add_inner(struct sg_expr *expr, enum sg_expr_kind kind, struct sg_error *err)
{
	struct sg_expr *grown = realloc(expr->inner, (expr->inner_count + 1) * sizeof(*grown));

	if (!grown) {
		sg_error_nomem(err);
		return NULL;
	}
	expr->inner = grown;
	grown += expr->inner_count++;
	*grown = (struct sg_expr){.kind = kind, .direction = -1};
	return grown;
}

/* Gives an array `room` places of `item` bytes; the array is as it was on failure. */
static int ruleset_resize(void *array_pointer, size_t room, size_t item)
{
	void **array = array_pointer;

	if (room > SIZE_MAX / item)
		return -1;
	void *grown = realloc(*array, room * item);

	if (!grown)
		return -1;
	*array = grown;
	return 0;
}

/* Room for one more element in the arrays that the set has. */
static int ruleset_set_reserve(struct sg_set *set)
{
	if (set->count < set->room)
		return 0;
	size_t room = set->room ? set->room * 2 : 8;

	if (room < set->room || ruleset_resize(&set->keys, room, sg_set_stride(set)) < 0)
		return -1;
	if (set->verdicts && ruleset_resize(&set->verdicts, room, sizeof(*set->verdicts)) < 0)
		return -1;
	if (set->comments && ruleset_resize(&set->comments, room, sizeof(*set->comments)) < 0)
		return -1;
	if (set->origins && ruleset_resize(&set->origins, room, sizeof(*set->origins)) < 0)
		return -1;
	set->room = room;
	return 0;
}

/* The side arrays that this element is the first to need. */
static int ruleset_set_widen(struct sg_set *set, bool verdict, bool comment, bool origin)
{
	if (verdict && !set->verdicts) {
		set->verdicts = calloc(set->room, sizeof(*set->verdicts));
		if (!set->verdicts)
			return -1;
	}
	if (comment && !set->comments) {
		set->comments = calloc(set->room, sizeof(*set->comments));
		if (!set->comments)
			return -1;
	}
	if (origin && !set->origins) {
		set->origins = calloc(set->room, sizeof(*set->origins));
		if (!set->origins)
			return -1;
	}
	return 0;
}

int sg_set_add(struct sg_set *set, const uint8_t *first, const uint8_t *last, const struct sg_nft_verdict *verdict,
	       const char *comment, uint32_t origin, struct sg_error *err)
{
	bool interval = set->flags & SG_SET_INTERVAL;
	bool wants_verdict = (set->flags & SG_SET_MAP) && set->data_type == DATA_TYPE_VERDICT;

	if (!set->key_length || set->key_length > SG_NFT_DATA_SIZE)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "set '%s' has keys of %u bytes", set->name,
				    set->key_length);
	if (interval != (last != NULL) || wants_verdict != (verdict != NULL))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "element does not fit the type of set '%s'", set->name);

	sg_autofree char *chain = verdict && verdict->chain ? strdup(verdict->chain) : NULL;
	sg_autofree char *note = comment ? strdup(comment) : NULL;

	if ((verdict && verdict->chain && !chain) || (comment && !note) || ruleset_set_reserve(set) < 0 ||
	    ruleset_set_widen(set, wants_verdict, comment != NULL, origin != 0) < 0)
		return sg_error_nomem(err);

	size_t index = set->count++;
	uint8_t *key = set->keys + index * sg_set_stride(set);

	memcpy(key, first, set->key_length);
	if (last)
		memcpy(key + set->key_length, last, set->key_length);
	if (set->verdicts)
		set->verdicts[index] = (struct sg_nft_verdict){.code = verdict->code, .chain = sg_steal(chain)};
	if (set->comments)
		set->comments[index] = sg_steal(note);
	if (set->origins)
		set->origins[index] = origin;
	return 0;
}

const struct sg_table *sg_ruleset_table(const struct sg_ruleset *ruleset, uint32_t family, const char *name)
{
	for (size_t i = 0; i < ruleset->table_count; i++) {
		if (ruleset->tables[i].family == family && !strcmp(ruleset->tables[i].name, name))
			return &ruleset->tables[i];
	}
	return NULL;
}

/* The index of the first item with the name, SIZE_MAX when there is none. */
static size_t ruleset_find(const uint32_t *slots, size_t slot_count,
			   const char *(*name_at)(const struct sg_table *, size_t), const struct sg_table *table,
			   const char *name, size_t count)
{
	if (slots) {
		size_t slot = ruleset_slot(slots, slot_count, name_at, table, name);

		if (slots[slot])
			return slots[slot] - 1;
	}
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(name_at(table, i), name))
			return i;
	}
	return SIZE_MAX;
}

const struct sg_chain *sg_table_chain(const struct sg_table *table, const char *name)
{
	size_t index = ruleset_find(table->chain_slots, table->chain_slot_count, ruleset_chain_name, table, name,
				    table->chain_count);

	return index == SIZE_MAX ? NULL : &table->chains[index];
}

const struct sg_set *sg_table_set(const struct sg_table *table, const char *name)
{
	size_t index =
		ruleset_find(table->set_slots, table->set_slot_count, ruleset_set_name, table, name, table->set_count);

	return index == SIZE_MAX ? NULL : &table->sets[index];
}
