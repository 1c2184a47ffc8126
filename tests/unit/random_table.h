/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * random_table.h - tables that are different for every seed, and that the kernel takes.
 *
 * They have every kind of set and of expression that ruleset.h knows. Rules load a register before they test it, and
 * jump only to chains further down, maps only to the last ones: newer kernels refuse anything else.
 */
#ifndef RANDOM_TABLE_H
#define RANDOM_TABLE_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "sockgate/ruleset.h"

#define RANDOM_LEAVES 2 /* the last chains of a table jump nowhere */

struct random_state {
	uint64_t state;
};

static inline uint32_t random_next(struct random_state *random)
{
	random->state = random->state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(random->state >> 33);
}

static inline uint32_t random_below(struct random_state *random, uint32_t count)
{
	return random_next(random) % count;
}

static inline void random_bytes(struct random_state *random, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)random_next(random);
}

static inline char *random_comment(struct random_state *random)
{
	char text[129];
	size_t length = random_below(random, 4) ? 1 + random_below(random, 20) : 128;

	if (random_below(random, 3))
		return NULL;
	for (size_t i = 0; i < length; i++)
		text[i] = (char)('a' + random_below(random, 26));
	text[length] = '\0';
	return strdup(text);
}

static inline struct sg_nft_verdict random_leaf_verdict(struct random_state *random, const struct sg_table *table)
{
	struct sg_nft_verdict verdict = {.code = SG_CODE_ACCEPT};

	switch (random_below(random, 4)) {
	case 0: verdict.code = SG_CODE_DROP; break;
	case 1:
		verdict.code = random_below(random, 2) ? SG_CODE_GOTO : SG_CODE_JUMP;
		verdict.chain = table->chains[table->chain_count - 1 - random_below(random, RANDOM_LEAVES)].name;
		break;
	default: break;
	}
	return verdict;
}

/* A set's type: nft's number, the bytes of a key, of its fields. */
struct random_type {
	uint32_t number;
	uint32_t length;
	uint8_t fields[4];
	size_t field_count;
};
static const struct random_type random_types[] = {
	{7, 4, {0}, 0},
	{8, 16, {0}, 0},
	{13, 2, {0}, 0},
	{12, 1, {0}, 0},
	{41, 16, {0}, 0},
	{12 << 6 | 13, 8, {1, 2}, 2},
	{13 << 6 | 12, 8, {2, 1}, 2},
	{7 << 6 | 13, 8, {4, 2}, 2},
	{8 << 6 | 13, 20, {16, 2}, 2},
	{(41 << 6 | 12) << 6 | 13, 24, {16, 1, 2}, 3},
};

static inline int random_compare_keys(const void *a, const void *b, void *length)
{
	return memcmp(a, b, *(size_t *)length);
}

/* A key with bytes only where its fields are. */
static inline void random_key(struct random_state *random, const struct random_type *type, uint8_t *key)
{
	size_t at = 0;

	memset(key, 0, type->length);
	if (!type->field_count)
		random_bytes(random, key, type->length);
	for (size_t i = 0; i < type->field_count; i++) {
		random_bytes(random, key + at, type->fields[i]);
		at += (type->fields[i] + 3U) & ~3U;
	}
	if (!random_below(random, 6)) /* the ends of the range, and neighbours */
		memset(key, random_below(random, 2) ? 0 : 0xff, type->field_count ? type->fields[0] : type->length);
}

/* 2 * count distinct keys in order: intervals without overlap, in the first field alone when there are several. */
static inline size_t random_boundaries(struct random_state *random, const struct random_type *type, size_t count,
				       uint8_t *keys)
{
	size_t length = type->length, kept = 0, lead = type->field_count ? type->fields[0] : length;

	for (size_t i = 0; i < count; i++)
		random_key(random, type, keys + i * length);
	qsort_r(keys, count, length, random_compare_keys, &length);
	for (size_t i = 0; i < count; i++) {
		if (kept && !memcmp(keys + (kept - 1) * length, keys + i * length, lead))
			continue;
		memmove(keys + kept++ * length, keys + i * length, length);
	}
	return kept;
}

/* Both ends of a box: the lesser and the greater byte string of each field but the first, which is in order. */
static inline void random_order_fields(const struct random_type *type, uint8_t *first, uint8_t *last)
{
	size_t at = 0;

	for (size_t i = 0; i < type->field_count; i++) {
		uint8_t spare[16];

		if (memcmp(first + at, last + at, type->fields[i]) > 0) {
			memcpy(spare, first + at, type->fields[i]);
			memcpy(first + at, last + at, type->fields[i]);
			memcpy(last + at, spare, type->fields[i]);
		}
		at += (type->fields[i] + 3U) & ~3U;
	}
}

/* The key before `next`, which is not 0. */
static inline void random_before(uint8_t *key, const uint8_t *next, size_t length)
{
	memcpy(key, next, length);
	for (size_t i = length; i-- > 0;) {
		if (key[i]--)
			break;
	}
}

static inline void random_elements(struct random_state *random, const struct sg_table *table, struct sg_set *set,
				   const struct random_type *type, size_t count)
{
	bool interval = set->flags & SG_SET_INTERVAL;
	size_t step = interval ? 2 : 1;
	uint8_t *keys = malloc(step * count * type->length + 1);
	size_t kept = random_boundaries(random, type, step * count, keys);

	for (size_t i = 0; i + step <= kept; i += step) {
		uint8_t *first = keys + i * type->length, *last = interval ? first + type->length : NULL;
		struct sg_nft_verdict verdict = random_leaf_verdict(random, table);
		char *comment = random_comment(random);
		struct sg_error err = {0};

		/* now and then an interval of one key, or one that ends where the next begins */
		if (interval && !random_below(random, 4))
			memcpy(last, first, type->length);
		else if (interval && !type->field_count && i + 2 < kept && !random_below(random, 3))
			random_before(last, last + type->length, type->length);
		if (interval)
			random_order_fields(type, first, last);
		int result = sg_set_add(set, first, last, set->flags & SG_SET_MAP ? &verdict : NULL, comment, 0, &err);

		assert(result == 0);
		(void)result;
		free(comment);
	}
	free(keys);
	sg_set_sort(set);
}

/* A set that packets fill. */
static inline void random_filled_set(struct random_state *random, struct sg_set *set)
{
	set->flags = SG_SET_EVAL;
	set->size = 65535 - random_below(random, 2);
	if (random_below(random, 3))
		set->flags |= SG_SET_TIMEOUT;
	if (set->flags & SG_SET_TIMEOUT && random_below(random, 2))
		set->timeout = 1000ULL * (1 + random_below(random, 100000));
}

static inline void random_set(struct random_state *random, struct sg_table *table, size_t index, size_t count)
{
	const struct random_type *type =
		&random_types[random_below(random, sizeof(random_types) / sizeof(random_types[0]))];
	struct sg_error err = {0};
	char name[32];

	snprintf(name, sizeof(name), "s%zu", index);
	struct sg_set *set = sg_table_add_set(table, name, &err);

	assert(set);
	set->key_type = type->number;
	set->key_length = type->length;
	set->field_count = type->field_count;
	memcpy(set->field_length, type->fields, type->field_count);
	set->comment = random_comment(random);
	if (!random_below(random, 4)) {
		random_filled_set(random, set);
		return;
	}
	if (random_below(random, 2))
		set->flags |= SG_SET_INTERVAL | (type->field_count ? SG_SET_CONCAT : 0);
	if (random_below(random, 2)) {
		set->flags |= SG_SET_MAP;
		set->data_type = 0xffffff00U;
	}
	random_elements(random, table, set, type, count);
	if (!(set->flags & SG_SET_INTERVAL) && random_below(random, 2))
		set->size = (uint32_t)(2 * count + 16);
	if (!random_below(random, 5)) {
		set->catch_all = true;
		if (set->flags & SG_SET_MAP)
			set->catch_all_verdict.code = SG_CODE_DROP;
	}
}

static inline struct sg_expr *random_expr(struct sg_rule *rule, enum sg_expr_kind kind)
{
	struct sg_error err = {0};
	struct sg_expr *expr = sg_rule_add_expr(rule, kind, &err);

	assert(expr);
	return expr;
}

/* Something of the connection that has 4 bytes, or less. */
static inline void random_connection(struct random_state *random, struct sg_expr *expr)
{
	static const uint32_t keys[] = {NFT_CT_STATE, NFT_CT_DIRECTION, NFT_CT_STATUS, NFT_CT_PROTO_DST, NFT_CT_DST_IP};

	expr->key = keys[random_below(random, 5)];
	if (expr->key == NFT_CT_PROTO_DST || expr->key == NFT_CT_DST_IP)
		expr->direction = (int)random_below(random, 2);
}

/* Loads `slots` registers from 0 on, with something of the packet. */
static inline void random_load(struct random_state *random, struct sg_rule *rule, uint8_t slots)
{
	for (uint8_t slot = 0; slot < slots; slot++) {
		struct sg_expr *expr;

		switch (random_below(random, 3)) {
		case 0:
			expr = random_expr(rule, SG_EXPR_PAYLOAD);
			expr->base = random_below(random, 3);
			expr->offset = random_below(random, 40);
			expr->length = 4;
			break;
		case 1:
			expr = random_expr(rule, SG_EXPR_META);
			expr->key = random_below(random, 2) ? NFT_META_MARK : NFT_META_LEN;
			break;
		default:
			expr = random_expr(rule, SG_EXPR_CT);
			random_connection(random, expr);
			break;
		}
		expr->dreg = slot;
	}
}

static inline void random_value(struct random_state *random, struct sg_expr *expr, uint8_t length)
{
	expr->data_length = length;
	random_bytes(random, expr->data, length);
	random_bytes(random, expr->data2, length);
	if (expr->kind == SG_EXPR_RANGE && memcmp(expr->data, expr->data2, length) > 0)
		memset(expr->data2, 0xff, length);
}

static inline void random_limit(struct random_state *random, struct sg_expr *expr)
{
	static const uint64_t units[] = {1, 60, 3600, 86400, 604800};

	expr->inverted = random_below(random, 2);
	if (expr->kind == SG_EXPR_CONNLIMIT) {
		expr->rate = random_next(random);
		return;
	}
	expr->rate = 1 + random_below(random, 1000);
	expr->unit = units[random_below(random, 5)];
	expr->burst = 1 + random_below(random, 100);
	expr->is_bytes = random_below(random, 2);
}

static inline struct sg_expr *random_inner(struct sg_expr *expr, enum sg_expr_kind kind)
{
	struct sg_error err = {0};
	struct sg_expr *inner = sg_expr_add_inner(expr, kind, &err);

	assert(inner);
	return inner;
}

static inline void random_dynset(struct random_state *random, const struct sg_set *set, struct sg_rule *rule)
{
	bool times = set->flags & SG_SET_TIMEOUT;
	struct sg_expr *expr = random_expr(rule, SG_EXPR_DYNSET);

	expr->name = strdup(set->name);
	expr->op = times && random_below(random, 2) ? NFT_DYNSET_OP_UPDATE : NFT_DYNSET_OP_ADD;
	expr->timeout = times && random_below(random, 2) ? 1000ULL * (1 + random_below(random, 100000)) : 0;
	/* the kernel empties counts of connections by itself, and wants no timeout beside that */
	if (random_below(random, 2))
		random_limit(random,
			     random_inner(expr, times || random_below(random, 2) ? SG_EXPR_LIMIT : SG_EXPR_CONNLIMIT));
	if (!random_below(random, 3))
		random_inner(expr, SG_EXPR_COUNTER);
}

static inline void random_log(struct random_state *random, struct sg_expr *expr)
{
	static const char *const prefixes[] = {NULL, "a", "sockgate policy.yaml:12 \"ssh\": "};
	const char *prefix = prefixes[random_below(random, 3)];

	expr->name = prefix ? strdup(prefix) : NULL;
	expr->has_group = random_below(random, 2);
	if (expr->has_group)
		expr->group = (uint16_t)random_next(random);
	else
		expr->key = random_below(random, NFT_LOGLEVEL_DEBUG + 1);
}

/* What remembers, what asks for more than the packet, what only tells. */
static inline void random_state_test(struct random_state *random, const struct sg_set *set, bool input,
				     struct sg_rule *rule)
{
	struct sg_expr *expr;

	switch (random_below(random, 6)) {
	case 0: random_limit(random, random_expr(rule, SG_EXPR_LIMIT)); break;
	case 1: random_limit(random, random_expr(rule, SG_EXPR_CONNLIMIT)); break;
	case 2:
		if (!set || !(set->flags & SG_SET_EVAL))
			break;
		random_load(random, rule, (uint8_t)((set->key_length + 3) / 4));
		random_dynset(random, set, rule);
		break;
	case 3: random_log(random, random_expr(rule, SG_EXPR_LOG)); break;
	case 4:
		random_load(random, rule, 4);
		expr = random_expr(rule, SG_EXPR_BYTEORDER);
		expr->op = random_below(random, 2);
		expr->size = 2U << random_below(random, 3);
		expr->length = 16;
		break;
	default:
		if (!input) /* there are no sockets in the forward hook, from which other chains are reached too */
			break;
		expr = random_expr(rule, SG_EXPR_SOCKET);
		expr->key = NFT_SOCKET_CGROUPV2;
		expr->base = random_below(random, 4);
		break;
	}
}

static inline void random_test(struct random_state *random, const struct sg_table *table, bool input,
			       struct sg_rule *rule)
{
	uint8_t slots = (uint8_t)(1 + random_below(random, 4));
	const struct sg_set *set =
		table->set_count ? &table->sets[random_below(random, (uint32_t)table->set_count)] : NULL;
	struct sg_expr *expr;

	switch (random_below(random, 7)) {
	case 0:
		random_load(random, rule, slots);
		expr = random_expr(rule, SG_EXPR_CMP);
		expr->op = random_below(random, 6);
		random_value(random, expr, (uint8_t)(slots * 4));
		break;
	case 1:
		random_load(random, rule, slots);
		expr = random_expr(rule, SG_EXPR_RANGE);
		expr->op = random_below(random, 2);
		random_value(random, expr, (uint8_t)(slots * 4));
		break;
	case 2:
		random_load(random, rule, slots);
		expr = random_expr(rule, SG_EXPR_BITWISE);
		expr->length = slots * 4U;
		random_value(random, expr, (uint8_t)(slots * 4));
		break;
	case 3:
		if (!set || set->flags & (SG_SET_MAP | SG_SET_EVAL))
			break;
		random_load(random, rule, (uint8_t)((set->key_length + 3) / 4));
		expr = random_expr(rule, SG_EXPR_LOOKUP);
		expr->name = strdup(set->name);
		expr->inverted = random_below(random, 2);
		break;
	case 4:
	case 5: random_state_test(random, set, input, rule); break;
	default:
		expr = random_expr(rule, SG_EXPR_IMMEDIATE);
		expr->dreg = 5;
		random_value(random, expr, 4);
		break;
	}
}

static inline void random_statement(struct random_state *random, const struct sg_table *table, size_t chain,
				    struct sg_rule *rule)
{
	const struct sg_set *set =
		table->set_count ? &table->sets[random_below(random, (uint32_t)table->set_count)] : NULL;
	bool leaf = chain + RANDOM_LEAVES >= table->chain_count;
	struct sg_expr *expr;

	if (random_below(random, 2)) {
		expr = random_expr(rule, SG_EXPR_COUNTER);
		expr->packets = random_next(random);
		expr->bytes = random_next(random);
	}
	switch (random_below(random, 5)) {
	case 0:
		expr = random_expr(rule, SG_EXPR_REJECT);
		expr->key = NFT_REJECT_ICMPX_UNREACH;
		expr->offset = random_below(random, NFT_REJECT_ICMPX_MAX + 1);
		break;
	case 1:
		expr = random_expr(rule, SG_EXPR_VERDICT);
		expr->verdict.code = random_below(random, 2) ? SG_CODE_RETURN : SG_CODE_CONTINUE;
		break;
	case 2:
		if (leaf || !set || !(set->flags & SG_SET_MAP))
			break;
		random_load(random, rule, (uint8_t)((set->key_length + 3) / 4));
		expr = random_expr(rule, SG_EXPR_LOOKUP);
		expr->name = strdup(set->name);
		expr->is_map = true;
		expr->dreg = SG_REG_VERDICT;
		break;
	default:
		expr = random_expr(rule, SG_EXPR_VERDICT);
		expr->verdict =
			leaf ? (struct sg_nft_verdict){.code = SG_CODE_ACCEPT} : random_leaf_verdict(random, table);
		if (expr->verdict.chain)
			expr->verdict.chain = strdup(expr->verdict.chain);
		break;
	}
}

static inline void random_rule(struct random_state *random, struct sg_table *table, size_t chain)
{
	struct sg_error err = {0};
	struct sg_rule *rule = sg_chain_add_rule(&table->chains[chain], &err);

	assert(rule);
	for (uint32_t tests = random_below(random, 4); tests > 0; tests--)
		random_test(random, table, chain == 0, rule);
	random_statement(random, table, chain, rule);
	rule->comment = random_comment(random);
	if (!random_below(random, 3)) {
		rule->mark_size = 1 + random_below(random, 100);
		rule->mark = malloc(rule->mark_size);
		random_bytes(random, rule->mark, rule->mark_size);
	}
}

static inline void random_chain(struct random_state *random, struct sg_table *table, size_t index)
{
	static const uint32_t hooks[] = {NF_INET_LOCAL_IN, NF_INET_FORWARD, NF_INET_LOCAL_OUT};
	struct sg_error err = {0};
	char name[32];

	snprintf(name, sizeof(name), "c%zu", index);
	struct sg_chain *chain = sg_table_add_chain(table, name, &err);

	assert(chain);
	chain->comment = random_comment(random);
	if (index > 2)
		return;
	chain->is_base = true;
	chain->hook = hooks[index];
	chain->priority = (int32_t)random_below(random, 200) - 100;
	chain->policy = random_below(random, 2);
	chain->type = strdup("filter");
}

/* Fills a zeroed ruleset with one table inet NAME. */
static inline struct sg_table *random_table(struct random_state *random, struct sg_ruleset *ruleset, const char *name)
{
	struct sg_error err = {0};
	struct sg_table *table = sg_ruleset_add_table(ruleset, NFPROTO_INET, name, &err);
	size_t chains = 3 + RANDOM_LEAVES + random_below(random, 4), sets = random_below(random, 6);

	assert(table);
	table->comment = random_comment(random);
	for (size_t i = 0; i < chains; i++)
		random_chain(random, table, i);
	for (size_t i = 0; i < sets; i++)
		random_set(random, table, i, random_below(random, 4) ? random_below(random, 12) : 1500);
	for (size_t i = 0; i < chains; i++) {
		for (uint32_t rules = random_below(random, 6); rules > 0; rules--)
			random_rule(random, table, i);
	}
	return table;
}

#endif
