/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seal is made of the same members that ruleset_equal.c compares, so that what is equal there is equal here. Objects
 * are taken in the order of their names without version. Two reachable objects with one such name cannot be told apart:
 * a table of ours never has them, and such a table has no seal.
 */
#include "apply/seal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "apply/graph.h"
#include "base/mem.h"

struct seal {
	XXH3_state_t *state;
	bool unknown; /* something is not understood */
};

static void seal_bytes(struct seal *seal, const void *data, size_t size)
{
	uint64_t length = size;

	XXH3_128bits_update(seal->state, &length, sizeof(length));
	if (size)
		XXH3_128bits_update(seal->state, data, size);
}

static void seal_number(struct seal *seal, uint64_t number)
{
	XXH3_128bits_update(seal->state, &number, sizeof(number));
}

/* NULL is not the empty text. */
static void seal_text(struct seal *seal, const char *text)
{
	seal_number(seal, text != NULL);
	seal_bytes(seal, text, text ? strlen(text) : 0);
}

/* The length of a name without its version: 8 of "in_ports.2". */
static size_t seal_plain_length(const char *name)
{
	size_t length = strlen(name), end = length;

	while (end && isdigit((unsigned char)name[end - 1]))
		end--;
	return end > 1 && end < length && name[end - 1] == '.' ? end - 1 : length;
}

static void seal_name(struct seal *seal, const char *name)
{
	seal_number(seal, name != NULL);
	seal_bytes(seal, name, name ? seal_plain_length(name) : 0);
}

static void seal_verdict(struct seal *seal, const struct sg_nft_verdict *verdict)
{
	seal_number(seal, (uint64_t)(int64_t)verdict->code);
	seal_name(seal, verdict->chain);
}

/* Members that a kind does not use may hold anything: only those that it uses are taken. */
static void seal_expr(struct seal *seal, const struct sg_expr *expr);

static void seal_dynset(struct seal *seal, const struct sg_expr *expr)
{
	seal_name(seal, expr->name);
	seal_number(seal, expr->op);
	seal_number(seal, expr->sreg);
	seal_number(seal, expr->timeout);
	seal_number(seal, expr->inner_count);
	for (size_t i = 0; i < expr->inner_count; i++) {
		/* what runs for an element has no elements of its own */
		if (expr->inner[i].kind == SG_EXPR_DYNSET)
			seal->unknown = true;
		else
			seal_expr(seal, &expr->inner[i]);
	}
}

static void seal_numbers(struct seal *seal, const uint64_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		seal_number(seal, numbers[i]);
}

#define SEAL_NUMBERS(seal, ...)                                                                                        \
	seal_numbers(seal, (const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static void seal_expr(struct seal *seal, const struct sg_expr *e)
{
	size_t length = e->data_length <= SG_NFT_DATA_SIZE ? e->data_length : 0;

	seal_number(seal, e->kind);
	switch (e->kind) {
	case SG_EXPR_UNKNOWN: seal->unknown = true; break;
	case SG_EXPR_META: SEAL_NUMBERS(seal, e->key, e->dreg); break;
	case SG_EXPR_CT: SEAL_NUMBERS(seal, e->key, (uint64_t)e->direction, e->dreg); break;
	case SG_EXPR_PAYLOAD: SEAL_NUMBERS(seal, e->base, e->offset, e->length, e->dreg); break;
	case SG_EXPR_CMP: SEAL_NUMBERS(seal, e->sreg, e->op); break;
	case SG_EXPR_RANGE: SEAL_NUMBERS(seal, e->sreg, e->op); break;
	case SG_EXPR_BITWISE: SEAL_NUMBERS(seal, e->sreg, e->dreg, e->length); break;
	case SG_EXPR_LOOKUP:
		SEAL_NUMBERS(seal, e->sreg, e->inverted, e->is_map, e->is_map ? e->dreg : 0);
		seal_name(seal, e->name);
		break;
	case SG_EXPR_VERDICT: seal_verdict(seal, &e->verdict); break;
	case SG_EXPR_IMMEDIATE: seal_number(seal, e->dreg); break;
	case SG_EXPR_COUNTER: break;
	case SG_EXPR_REJECT: SEAL_NUMBERS(seal, e->key, e->offset); break;
	case SG_EXPR_BYTEORDER: SEAL_NUMBERS(seal, e->sreg, e->dreg, e->op, e->length, e->size); break;
	case SG_EXPR_LIMIT: SEAL_NUMBERS(seal, e->rate, e->unit, e->burst, e->is_bytes, e->inverted); break;
	case SG_EXPR_CONNLIMIT: SEAL_NUMBERS(seal, e->rate, e->inverted); break;
	case SG_EXPR_DYNSET: seal_dynset(seal, e); break;
	case SG_EXPR_LOG:
		SEAL_NUMBERS(seal, e->has_group, e->has_group ? e->group : e->key);
		seal_text(seal, e->name);
		break;
	case SG_EXPR_SOCKET: SEAL_NUMBERS(seal, e->key, e->base, e->dreg); break;
	}
	if (e->kind == SG_EXPR_CMP || e->kind == SG_EXPR_RANGE || e->kind == SG_EXPR_BITWISE ||
	    e->kind == SG_EXPR_IMMEDIATE)
		seal_bytes(seal, e->data, length);
	if (e->kind == SG_EXPR_RANGE || e->kind == SG_EXPR_BITWISE)
		seal_bytes(seal, e->data2, length);
}

static void seal_chain(struct seal *seal, const struct sg_chain *chain)
{
	seal->unknown |= chain->unknown;
	seal_name(seal, chain->name);
	seal_number(seal, chain->is_base);
	if (chain->is_base) {
		SEAL_NUMBERS(seal, chain->hook, (uint64_t)(int64_t)chain->priority, chain->policy);
		seal_text(seal, chain->type);
		seal_text(seal, chain->device);
	}
	seal_number(seal, chain->rule_count);
	for (size_t i = 0; i < chain->rule_count; i++) {
		const struct sg_rule *rule = &chain->rules[i];

		seal_number(seal, rule->expr_count);
		for (size_t k = 0; k < rule->expr_count; k++)
			seal_expr(seal, &rule->exprs[k]);
	}
}

static void seal_set(struct seal *seal, const struct sg_set *set)
{
	size_t fields = set->field_count > 1 && set->field_count <= SG_NFT_REGISTERS ? set->field_count : 0;

	seal->unknown |= set->unknown || set->carried_odd;
	seal_name(seal, set->name);
	SEAL_NUMBERS(seal, set->flags, set->key_type, set->key_length, set->flags & SG_SET_MAP ? set->data_type : 0,
		     set->timeout, set->flags & SG_SET_EVAL ? set->size : 0, set->catch_all);
	seal_bytes(seal, set->field_length, fields);
	if (set->catch_all)
		seal_verdict(seal, &set->catch_all_verdict);
	seal_number(seal, set->count);
	seal_bytes(seal, set->keys, set->count * sg_set_stride(set));
	for (size_t i = 0; set->verdicts && i < set->count; i++)
		seal_verdict(seal, &set->verdicts[i]);
}

/* ---- The order ---- */

struct seal_item {
	const char *name;
	size_t length, index;
};

static int seal_compare(const void *a, const void *b)
{
	const struct seal_item *left = a, *right = b;
	size_t shorter = left->length < right->length ? left->length : right->length;
	int order = memcmp(left->name, right->name, shorter);

	return order ? order : (left->length > right->length) - (left->length < right->length);
}

/* Sorts; two of the same name cannot be told apart. */
static void seal_sort(struct seal *seal, struct seal_item *items, size_t count)
{
	qsort(items, count, sizeof(*items), seal_compare);
	for (size_t i = 1; i < count; i++)
		seal->unknown |= !seal_compare(&items[i - 1], &items[i]);
	seal_number(seal, count);
}

static void seal_chains(struct seal *seal, const struct sg_table *table, const bool *wanted, struct seal_item *items)
{
	size_t count = 0;

	for (size_t i = 0; i < table->chain_count; i++)
		if (wanted[i])
			items[count++] = (struct seal_item){table->chains[i].name,
							    seal_plain_length(table->chains[i].name), i};
	seal_sort(seal, items, count);
	for (size_t i = 0; i < count; i++)
		seal_chain(seal, &table->chains[items[i].index]);
}

static void seal_sets(struct seal *seal, const struct sg_table *table, const bool *wanted, struct seal_item *items)
{
	size_t count = 0;

	for (size_t i = 0; i < table->set_count; i++)
		if (wanted[i])
			items[count++] =
				(struct seal_item){table->sets[i].name, seal_plain_length(table->sets[i].name), i};
	seal_sort(seal, items, count);
	for (size_t i = 0; i < count; i++)
		seal_set(seal, &table->sets[items[i].index]);
}

int sg_seal(const struct sg_table *table, uint8_t ret[SG_SEAL_SIZE], struct sg_error *err)
{
	sg_autofree bool *sets = calloc(table->set_count + 1, sizeof(*sets));
	sg_autofree bool *chains = calloc(table->chain_count + 1, sizeof(*chains));
	sg_autofree struct seal_item *items = calloc(table->set_count + table->chain_count + 1, sizeof(*items));
	struct seal seal = {.unknown = table->unknown || table->object_count || table->flowtable_count};
	XXH128_canonical_t canonical;

	if (!sets || !chains || !items)
		return sg_error_nomem(err);
	if (sg_graph_reachable(table, SG_GRAPH_ALL_HOOKS, sets, chains, err) < 0)
		return -1;
	seal.state = XXH3_createState();
	if (!seal.state || XXH3_128bits_reset(seal.state) != XXH_OK) {
		XXH3_freeState(seal.state);
		return sg_error_nomem(err);
	}
	SEAL_NUMBERS(&seal, table->family, table->flags);
	seal_chains(&seal, table, chains, items);
	seal_sets(&seal, table, sets, items);
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(seal.state));
	XXH3_freeState(seal.state);
	memcpy(ret, canonical.digest, SG_SEAL_SIZE);
	return !seal.unknown;
}
