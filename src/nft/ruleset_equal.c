/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruleset_equal.c - whether two values decide and show the same.
 *
 * What is unknown is never equal, not even to itself: two things of which one does not know what they do may do
 * different things. An anonymous set is compared like any other, though the kernel chose its name.
 */
#include <string.h>

#include "sockgate/ruleset.h"

static bool equal_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool equal_verdict(const struct sg_nft_verdict *a, const struct sg_nft_verdict *b)
{
	return a->code == b->code && equal_text(a->chain, b->chain);
}

static bool equal_data(const struct sg_expr *a, const struct sg_expr *b)
{
	return a->data_length == b->data_length && a->data_length <= SG_NFT_DATA_SIZE &&
	       !memcmp(a->data, b->data, a->data_length);
}

static bool equal_data2(const struct sg_expr *a, const struct sg_expr *b)
{
	return equal_data(a, b) && !memcmp(a->data2, b->data2, a->data_length);
}

static bool equal_log(const struct sg_expr *a, const struct sg_expr *b)
{
	return equal_text(a->name, b->name) && a->has_group == b->has_group &&
	       (a->has_group ? a->group == b->group : a->key == b->key);
}

static bool equal_dynset(const struct sg_expr *a, const struct sg_expr *b)
{
	if (a->op != b->op || a->sreg != b->sreg || a->timeout != b->timeout || a->inner_count != b->inner_count ||
	    !equal_text(a->name, b->name))
		return false;
	for (size_t i = 0; i < a->inner_count; i++) {
		/* what runs for an element has no elements of its own */
		if (a->inner[i].kind == SG_EXPR_DYNSET || !sg_expr_equal(&a->inner[i], &b->inner[i]))
			return false;
	}
	return true;
}

/* Only the members that the kind uses: the others may hold anything. */
bool sg_expr_equal(const struct sg_expr *a, const struct sg_expr *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case SG_EXPR_UNKNOWN: return false;
	case SG_EXPR_META: return a->key == b->key && a->dreg == b->dreg;
	case SG_EXPR_CT: return a->key == b->key && a->direction == b->direction && a->dreg == b->dreg;
	case SG_EXPR_PAYLOAD:
		return a->base == b->base && a->offset == b->offset && a->length == b->length && a->dreg == b->dreg;
	case SG_EXPR_CMP: return a->sreg == b->sreg && a->op == b->op && equal_data(a, b);
	case SG_EXPR_RANGE: return a->sreg == b->sreg && a->op == b->op && equal_data2(a, b);
	case SG_EXPR_BITWISE:
		return a->sreg == b->sreg && a->dreg == b->dreg && a->length == b->length && equal_data2(a, b);
	case SG_EXPR_LOOKUP:
		return a->sreg == b->sreg && a->inverted == b->inverted && a->is_map == b->is_map &&
		       (!a->is_map || a->dreg == b->dreg) && equal_text(a->name, b->name);
	case SG_EXPR_VERDICT: return equal_verdict(&a->verdict, &b->verdict);
	case SG_EXPR_IMMEDIATE: return a->dreg == b->dreg && equal_data(a, b);
	case SG_EXPR_COUNTER: return true;
	case SG_EXPR_REJECT: return a->key == b->key && a->offset == b->offset;
	case SG_EXPR_BYTEORDER:
		return a->sreg == b->sreg && a->dreg == b->dreg && a->op == b->op && a->length == b->length &&
		       a->size == b->size;
	case SG_EXPR_LIMIT:
		return a->rate == b->rate && a->unit == b->unit && a->burst == b->burst && a->is_bytes == b->is_bytes &&
		       a->inverted == b->inverted;
	case SG_EXPR_CONNLIMIT: return a->rate == b->rate && a->inverted == b->inverted;
	case SG_EXPR_DYNSET: return equal_dynset(a, b);
	case SG_EXPR_LOG: return equal_log(a, b);
	case SG_EXPR_SOCKET: return a->key == b->key && a->base == b->base && a->dreg == b->dreg;
	}
	return false;
}

bool sg_rule_equal(const struct sg_rule *a, const struct sg_rule *b)
{
	if (a->expr_count != b->expr_count || a->mark_size != b->mark_size || !equal_text(a->comment, b->comment))
		return false;
	if (a->mark_size && memcmp(a->mark, b->mark, a->mark_size) != 0)
		return false;
	for (size_t i = 0; i < a->expr_count; i++) {
		if (!sg_expr_equal(&a->exprs[i], &b->exprs[i]))
			return false;
	}
	return true;
}

bool sg_chain_equal(const struct sg_chain *a, const struct sg_chain *b)
{
	if (a->unknown || b->unknown || strcmp(a->name, b->name) != 0 || a->is_base != b->is_base ||
	    a->rule_count != b->rule_count || !equal_text(a->comment, b->comment))
		return false;
	if (a->is_base && (a->hook != b->hook || a->priority != b->priority || a->policy != b->policy ||
			   !equal_text(a->type, b->type) || !equal_text(a->device, b->device)))
		return false;
	for (size_t i = 0; i < a->rule_count; i++) {
		if (!sg_rule_equal(&a->rules[i], &b->rules[i]))
			return false;
	}
	return true;
}

bool sg_set_same_shape(const struct sg_set *a, const struct sg_set *b)
{
	size_t fields_a = a->field_count > 1 ? a->field_count : 0, fields_b = b->field_count > 1 ? b->field_count : 0;

	if (a->flags != b->flags || a->key_type != b->key_type || a->key_length != b->key_length ||
	    fields_a != fields_b || fields_a > SG_NFT_REGISTERS)
		return false;
	if ((a->flags & SG_SET_MAP) && a->data_type != b->data_type)
		return false;
	/* how many elements a set takes matters where packets bring them: those beyond are turned away */
	if (a->timeout != b->timeout || ((a->flags & SG_SET_EVAL) && a->size != b->size))
		return false;
	return !memcmp(a->field_length, b->field_length, fields_a);
}

bool sg_set_equal(const struct sg_set *a, const struct sg_set *b)
{
	if (a->unknown || b->unknown || strcmp(a->name, b->name) != 0 || !sg_set_same_shape(a, b) ||
	    a->count != b->count || a->catch_all != b->catch_all || !equal_text(a->comment, b->comment))
		return false;
	if (a->catch_all && !equal_verdict(&a->catch_all_verdict, &b->catch_all_verdict))
		return false;
	if (a->count && memcmp(a->keys, b->keys, a->count * sg_set_stride(a)) != 0)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (a->verdicts && !equal_verdict(&a->verdicts[i], &b->verdicts[i]))
			return false;
		if (!equal_text(a->comments ? a->comments[i] : NULL, b->comments ? b->comments[i] : NULL))
			return false;
	}
	return true;
}

bool sg_table_equal(const struct sg_table *a, const struct sg_table *b)
{
	if (a->unknown || b->unknown || strcmp(a->name, b->name) != 0 || a->family != b->family ||
	    a->flags != b->flags || !equal_text(a->comment, b->comment))
		return false;
	if (a->object_count || b->object_count || a->flowtable_count || b->flowtable_count)
		return false;
	if (a->chain_count != b->chain_count || a->set_count != b->set_count)
		return false;
	for (size_t i = 0; i < a->chain_count; i++) {
		const struct sg_chain *other = &b->chains[i];

		if (strcmp(other->name, a->chains[i].name) != 0)
			other = sg_table_chain(b, a->chains[i].name);
		if (!other || !sg_chain_equal(&a->chains[i], other))
			return false;
	}
	for (size_t i = 0; i < a->set_count; i++) {
		const struct sg_set *other = &b->sets[i];

		if (strcmp(other->name, a->sets[i].name) != 0)
			other = sg_table_set(b, a->sets[i].name);
		if (!other || !sg_set_equal(&a->sets[i], other))
			return false;
	}
	return true;
}
