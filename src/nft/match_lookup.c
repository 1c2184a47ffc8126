// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lookups: a set's elements as a diagram over the packet's levels, field by field of the key. Elements with the same
 * range in a field are one group, the last field's ranges are gathered by terminal: a set of a million prefixes is one
 * node, a map of ports a few.
 */
#include "nft/match.h"

#include <stdlib.h>
#include "base/mem.h"

/* One field of a set's key and the register that it is compared with. */
struct piece {
	const struct sg_value *value;
	size_t offset, bytes; /* in the key */
};

struct lookup {
	struct sg_matcher *matcher;
	const struct sg_set *set;
	const uint32_t *terminal;
	struct piece pieces[SG_NFT_REGISTERS];
	size_t piece_count;
	bool may_overlap, overlaps;
};

static struct sg_range element_range(const struct lookup *lookup, size_t element, const struct piece *piece)
{
	size_t stride = sg_set_stride(lookup->set);
	const uint8_t *key = lookup->set->keys + element * stride + piece->offset;
	const uint8_t *end = lookup->set->flags & SG_SET_INTERVAL ? key + lookup->set->key_length : key;

	return (struct sg_range){sg_match_number(key, piece->bytes), sg_match_number(end, piece->bytes)};
}

static uint32_t element_terminal(const struct lookup *lookup, size_t element)
{
	return lookup->terminal ? lookup->terminal[element] : 1;
}

/* Overlays diagrams of which, unless elements overlap, at most one is not 0 anywhere. */
static sg_ref join(struct lookup *lookup, const sg_ref *parts, size_t count)
{
	struct sg_idd *idd = lookup->matcher->idd;
	sg_ref a, b;

	if (count == 0)
		return sg_idd_terminal(0);
	if (count == 1)
		return parts[0];
	a = join(lookup, parts, count / 2);
	b = join(lookup, parts + count / 2, count - count / 2);
	if (lookup->may_overlap && !lookup->overlaps)
		lookup->overlaps = !sg_idd_disjoint(idd, sg_idd_not(idd, sg_idd_equals(idd, a, 0)),
						    sg_idd_not(idd, sg_idd_equals(idd, b, 0)));
	return sg_idd_overlay(idd, a, b);
}

/* The last field of elements from..to: their ranges are gathered by terminal, so that each is one node. */
static sg_ref build_last(struct lookup *lookup, const uint32_t *order, size_t count)
{
	const struct piece *piece = &lookup->pieces[lookup->piece_count - 1];
	struct sg_matcher *matcher = lookup->matcher;
	sg_autofree sg_ref *parts = NULL;
	struct sg_ranges ranges = {0};
	size_t part_count = 0, room = 0;
	sg_ref result = SG_IDD_FAILED;

	for (size_t i = 0; i < count;) {
		uint32_t terminal = element_terminal(lookup, order[i]);
		sg_ref inside;

		ranges.count = 0;
		for (; i < count && element_terminal(lookup, order[i]) == terminal; i++) {
			struct sg_range range = element_range(lookup, order[i], piece);

			if (sg_ranges_add(&ranges, &range, NULL))
				goto out;
		}
		sg_ranges_normalise(&ranges);
		inside = sg_match_ranges(matcher, piece->value, &ranges, piece->bytes);
		if (sg_grow(&parts, &room, part_count, 1, sizeof(*parts)))
			goto out;
		parts[part_count++] = sg_idd_ite(matcher->idd, inside, sg_idd_terminal(terminal), sg_idd_terminal(0));
	}
	result = join(lookup, parts, part_count);
out:
	sg_ranges_clear(&ranges);
	if (result == SG_IDD_FAILED)
		matcher->failed = true;
	return result;
}

/* Elements with the same range in this field are one group; `order` is sorted by this and the later fields. */
static sg_ref build(struct lookup *lookup, const uint32_t *order, size_t count, size_t depth)
{
	const struct piece *piece = &lookup->pieces[depth];
	struct sg_matcher *matcher = lookup->matcher;
	sg_autofree sg_ref *parts = NULL;
	size_t part_count = 0, room = 0;

	if (depth + 1 == lookup->piece_count)
		return build_last(lookup, order, count);
	for (size_t i = 0, next; i < count; i = next) {
		struct sg_range range = element_range(lookup, order[i], piece);
		struct sg_ranges set = {.items = &range, .count = 1, .room = 1};
		sg_ref inside = sg_match_ranges(matcher, piece->value, &set, piece->bytes), within = matcher->within;

		for (next = i + 1; next < count; next++) {
			struct sg_range other = element_range(lookup, order[next], piece);

			if (other.first != range.first || other.last != range.last)
				break;
		}
		if (sg_grow(&parts, &room, part_count, 1, sizeof(*parts))) {
			matcher->failed = true;
			return SG_IDD_FAILED;
		}
		matcher->within = sg_idd_and(matcher->idd, within, inside);
		parts[part_count++] = sg_idd_ite(matcher->idd, inside, build(lookup, order + i, next - i, depth + 1),
						 sg_idd_terminal(0));
		matcher->within = within;
	}
	return join(lookup, parts, part_count);
}

static int by_pieces(const void *a, const void *b, void *data)
{
	const struct lookup *lookup = data;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b, tx, ty;

	for (size_t i = 0; i + 1 < lookup->piece_count; i++) {
		struct sg_range p = element_range(lookup, x, &lookup->pieces[i]);
		struct sg_range q = element_range(lookup, y, &lookup->pieces[i]);

		if (p.first != q.first)
			return p.first < q.first ? -1 : 1;
		if (p.last != q.last)
			return p.last < q.last ? -1 : 1;
	}
	tx = element_terminal(lookup, x);
	ty = element_terminal(lookup, y);
	if (tx != ty)
		return tx < ty ? -1 : 1;
	return x < y ? -1 : x > y;
}

/*
 * Whether the kernel compares an interval's key field by field as the registers have it. Without a concatenation the
 * key is one string of bytes, with one its fields are those of the set: another division of the bytes is another set.
 */
static bool fields_fit(const struct lookup *lookup)
{
	const struct sg_set *set = lookup->set;
	size_t offset = 0;

	if (!(set->flags & SG_SET_INTERVAL))
		return true; /* all bytes are equal or they are not */
	if (!(set->flags & SG_SET_CONCAT))
		return lookup->piece_count == 1 && lookup->pieces[0].bytes == set->key_length;
	if (set->field_count != lookup->piece_count)
		return false;
	for (size_t i = 0; i < set->field_count; i++) {
		if (lookup->pieces[i].offset != offset || lookup->pieces[i].bytes != set->field_length[i])
			return false;
		offset += (set->field_length[i] + 3U) / 4U * 4U;
	}
	return true;
}

/* Whether the bytes of keys that no register fills are zero, as the kernel's registers have them. */
static bool padding_is_zero(const struct lookup *lookup)
{
	const struct sg_set *set = lookup->set;
	bool filled[SG_NFT_DATA_SIZE] = {false};
	size_t keys = set->count * (set->flags & SG_SET_INTERVAL ? 2 : 1);

	for (size_t i = 0; i < lookup->piece_count; i++)
		for (size_t j = 0; j < lookup->pieces[i].bytes; j++)
			filled[lookup->pieces[i].offset + j] = true;
	for (size_t i = 0; i < set->key_length; i++)
		for (size_t k = 0; !filled[i] && k < keys; k++)
			if (set->keys[k * set->key_length + i] != 0)
				return false;
	return true;
}

/* Splits the key into fields along the registers that it is made of. */
static bool find_pieces(struct lookup *lookup, uint8_t slot)
{
	size_t offset = 0, length = lookup->set->key_length;

	while (offset < length) {
		const struct sg_value *value;
		struct piece *piece;

		if (slot >= SG_NFT_REGISTERS || lookup->piece_count == SG_NFT_REGISTERS)
			return false;
		value = &lookup->matcher->registers[slot];
		if (value->source == SG_SOURCE_NOTHING || value->length == 0)
			return false;
		piece = &lookup->pieces[lookup->piece_count++];
		piece->value = value;
		piece->offset = offset;
		piece->bytes = value->length < length - offset ? value->length : length - offset;
		slot = (uint8_t)(slot + (value->length + 3) / 4);
		offset += (value->length + 3U) / 4U * 4U;
	}
	return lookup->piece_count > 0 && fields_fit(lookup);
}

sg_ref sg_match_lookup(struct sg_matcher *matcher, const struct sg_expr *expr, const struct sg_set *set,
		       const uint32_t *terminal, bool *ret_known)
{
	struct lookup lookup = {.matcher = matcher, .set = set, .terminal = terminal};
	sg_autofree uint32_t *order = NULL;
	sg_ref result;

	*ret_known = false;
	if (expr->sreg >= SG_NFT_REGISTERS || set->key_length > SG_NFT_DATA_SIZE || !find_pieces(&lookup, expr->sreg) ||
	    !padding_is_zero(&lookup))
		return SG_IDD_FAILED;
	lookup.may_overlap = terminal && lookup.piece_count > 1 && (set->flags & SG_SET_INTERVAL);
	order = malloc((set->count + 1) * sizeof(*order));
	if (!order) {
		matcher->failed = true;
		return SG_IDD_FAILED;
	}
	for (size_t i = 0; i < set->count; i++)
		order[i] = (uint32_t)i;
	if (lookup.piece_count > 1 || terminal)
		qsort_r(order, set->count, sizeof(*order), by_pieces, &lookup);
	result = build(&lookup, order, set->count, 0);
	*ret_known = !lookup.overlaps;
	return result;
}
