// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Interface names are numbers in the order of their bytes, so a name and all names with a prefix are intervals, but not
 * every interval is one of them: what lies around "lo" is "any but lo".
 *
 * The ends of a set's intervals tell which names and prefixes (tokens) it may have been made of. Tokens are nested or
 * disjoint, so they form a tree under "any name"; what a token has beyond its children is wholly inside or wholly
 * outside the set, or the set cannot be said with names. An inside token whose parent is outside makes one comparison:
 * the token without the outermost tokens in it that are outside again.
 */
#include "nft/interface.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

struct token {
	struct sg_range range;
	size_t parent; /* SIZE_MAX: the root, any name */
	bool inside;   /* its own part (without children) is in the set */
	bool empty;    /* it has no part of its own */
};

struct tokens {
	struct token *items;
	size_t count, room;
};

static int add_token(struct tokens *tokens, struct sg_range range, struct sg_error *err)
{
	char name[SG_INTERFACE_NAME_SIZE + 1];
	bool root = range.first == 0 && range.last == ~(sg_u128)0;

	if (!root && !sg_interface_name(&range, name))
		return 0;
	if (sg_grow(&tokens->items, &tokens->room, tokens->count, 1, sizeof(*tokens->items)))
		return sg_error_nomem(err);
	tokens->items[tokens->count++] = (struct token){.range = range};
	return 0;
}

/* The tokens that may begin at `first`: a name, and the names with that prefix. */
static int add_beginning(struct tokens *tokens, sg_u128 first, struct sg_error *err)
{
	sg_u128 rest = 0;

	while (rest != ~(sg_u128)0 && (first & (rest << 8 | 0xff)) == 0)
		rest = rest << 8 | 0xff;
	if (add_token(tokens, (struct sg_range){first, first}, err))
		return -1;
	return add_token(tokens, (struct sg_range){first, first | rest}, err);
}

/* The tokens that may end at `last`. */
static int add_end(struct tokens *tokens, sg_u128 last, struct sg_error *err)
{
	sg_u128 rest = 0;

	while (rest != ~(sg_u128)0 && (~last & (rest << 8 | 0xff)) == 0)
		rest = rest << 8 | 0xff;
	return add_token(tokens, (struct sg_range){last & ~rest, last}, err);
}

/* Outer tokens before what they contain. */
static int by_range(const void *a, const void *b)
{
	const struct token *x = a, *y = b;

	if (x->range.first != y->range.first)
		return x->range.first < y->range.first ? -1 : 1;
	if (x->range.last != y->range.last)
		return x->range.last > y->range.last ? -1 : 1;
	return 0;
}

static int find_tokens(const struct sg_ranges *set, struct tokens *tokens, struct sg_error *err)
{
	size_t kept = 0;

	if (add_token(tokens, (struct sg_range){0, ~(sg_u128)0}, err))
		return -1;
	for (size_t i = 0; i < set->count; i++) {
		struct sg_range range = set->items[i];

		if (add_beginning(tokens, range.first, err) || add_end(tokens, range.last, err))
			return -1;
		if (range.first > 0 && add_end(tokens, range.first - 1, err))
			return -1;
		if (range.last < ~(sg_u128)0 && add_beginning(tokens, range.last + 1, err))
			return -1;
	}
	qsort(tokens->items, tokens->count, sizeof(*tokens->items), by_range);
	for (size_t i = 0; i < tokens->count; i++) {
		struct token token = tokens->items[i];

		if (kept && !by_range(&token, &tokens->items[kept - 1]))
			continue;
		token.parent = kept ? kept - 1 : SIZE_MAX;
		while (token.parent != SIZE_MAX && tokens->items[token.parent].range.last < token.range.first)
			token.parent = tokens->items[token.parent].parent;
		tokens->items[kept++] = token;
	}
	tokens->count = kept;
	return 0;
}

/* Whether what a token has beyond its children is inside the set: all of it or none. */
static int place_token(struct tokens *tokens, size_t index, const struct sg_ranges *set, struct sg_error *err)
{
	struct token *token = &tokens->items[index];
	struct sg_ranges whole = {.items = &token->range, .count = 1, .room = 1};
	struct sg_ranges children = {0}, own = {0}, outside = {0};
	int result = -1;

	for (size_t i = index + 1; i < tokens->count && tokens->items[i].range.first <= token->range.last; i++)
		if (tokens->items[i].parent == index && sg_ranges_add(&children, &tokens->items[i].range, err))
			goto out;
	sg_ranges_normalise(&children);
	if (sg_ranges_subtract(&whole, &children, &own, err) || sg_ranges_subtract(&own, set, &outside, err))
		goto out;
	token->empty = own.count == 0;
	token->inside = own.count > 0 && outside.count == 0;
	if (outside.count > 0 && !sg_ranges_equal(&outside, &own)) {
		sg_error_set(err, SG_ERROR_INPUT, 0, "a set of interfaces that neither names nor prefixes can say");
		goto out;
	}
	/* without a part of its own it follows what is around it */
	if (token->empty && token->parent != SIZE_MAX)
		token->inside = tokens->items[token->parent].inside;
	result = 0;
out:
	sg_ranges_clear(&children);
	sg_ranges_clear(&own);
	sg_ranges_clear(&outside);
	return result;
}

/* The comparison that the inside token `index` begins. */
static int add_match(const struct tokens *tokens, size_t index, struct sg_interface_matches *matches,
		     struct sg_error *err)
{
	struct sg_interface_match *match;

	if (sg_grow(&matches->items, &matches->room, matches->count, 1, sizeof(*matches->items)))
		return sg_error_nomem(err);
	match = &matches->items[matches->count++];
	*match = (struct sg_interface_match){0};
	if (index > 0) /* the root has no name */
		sg_interface_name(&tokens->items[index].range, match->include);
	for (size_t i = index + 1; i < tokens->count; i++) {
		size_t up = tokens->items[i].parent;

		if (tokens->items[i].inside)
			continue;
		while (up != SIZE_MAX && up > index && tokens->items[up].inside)
			up = tokens->items[up].parent;
		if (up != index)
			continue; /* not in this token, or within one that is excluded already */
		if (sg_grow(&match->exclude, &match->exclude_room, match->exclude_count, 1, sizeof(*match->exclude)))
			return sg_error_nomem(err);
		sg_interface_name(&tokens->items[i].range, match->exclude[match->exclude_count++]);
	}
	return 0;
}

int sg_interface_matches(const struct sg_ranges *set, struct sg_interface_matches *ret, struct sg_error *err)
{
	struct sg_interface_matches matches = {0};
	struct tokens tokens = {0};
	int result = -1;

	if (find_tokens(set, &tokens, err))
		goto out;
	for (size_t i = 0; i < tokens.count; i++)
		if (place_token(&tokens, i, set, err))
			goto out;
	for (size_t i = 0; i < tokens.count; i++) {
		size_t parent = tokens.items[i].parent;

		if (tokens.items[i].inside && (parent == SIZE_MAX || !tokens.items[parent].inside) &&
		    add_match(&tokens, i, &matches, err))
			goto out;
	}
	*ret = matches;
	matches = (struct sg_interface_matches){0};
	result = 0;
out:
	free(tokens.items);
	sg_interface_matches_clear(&matches);
	return result;
}

void sg_interface_matches_clear(struct sg_interface_matches *matches)
{
	for (size_t i = 0; i < matches->count; i++)
		free(matches->items[i].exclude);
	free(matches->items);
	*matches = (struct sg_interface_matches){0};
}
