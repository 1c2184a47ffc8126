// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules for regions: each box of a region (a set of interfaces, a family, a set of local and one of remote addresses)
 * becomes one rule, or one for each name of an interface set that no single comparison can say. A set of addresses is
 * compared directly when it is one prefix, else looked up; whichever of a set and its complement is the shorter is
 * kept. Equal sets are one set of the table, named after the policy's group when it is one.
 */
#include "nft/compiler.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "nft/build.h"
#include "nft/datatype.h"
#include "nft/interface.h"
#include "sockgate/condition.h"
#include "sockgate/proto.h"

/* Longest comment on a rule or element, NUL included: nft itself takes 128 bytes. */
#define COMMENT_SIZE 128
#define LEAST_ROOM   1024U

/* ------------------------------------------------------------------ comments and origins */

char *sg_compiler_clean(const char *comment)
{
	size_t length = strlen(comment);
	char *clean;

	if (length >= COMMENT_SIZE) {
		length = COMMENT_SIZE - 1;
		while (length && ((unsigned char)comment[length] & 0xc0) == 0x80)
			length--; /* not within a character */
	}
	clean = strndup(comment, length);
	for (char *p = clean; p && *p; p++) {
		if (*p == '"')
			*p = '\'';
		else if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '\\')
			*p = ' ';
	}
	return clean;
}

const char *sg_compiler_comment(const struct sg_compiler *c, uint32_t origin)
{
	if (!c->hints || !c->hints->comment || !origin)
		return NULL;
	return c->hints->comment(origin, c->hints->data);
}

uint32_t sg_compiler_origin(struct sg_compiler *c, unsigned int protocol, uint32_t port, sg_ref region)
{
	if (!sg_idd_witness(c->idd, region, 1, c->point, c->fixed))
		return 0;
	c->point[SG_FIELD_DIRECTION] = c->direction;
	c->point[SG_FIELD_STATE] = c->state;
	c->point[SG_FIELD_PROTOCOL] = protocol;
	c->point[SG_FIELD_PORT] = port;
	/* now, before any date, and with all conditions met */
	for (size_t level = SG_LEVEL_TIME; level < sg_idd_levels(c->idd); level++)
		c->point[level] = level != SG_LEVEL_TIME;
	return sg_decision_origin_at(c->decision, c->point);
}

/* ------------------------------------------------------------------ address sets */

/* "office-1" becomes "g_office_1": what nft takes as a name. */
static void set_name(struct sg_compiler *c, const char *group, const char *label, enum sg_family family, bool local,
		     char *name, size_t size)
{
	char digit = family == SG_IPV4 ? '4' : '6';
	size_t length;

	if (group)
		snprintf(name, size, "g_%.200s%c", group, digit);
	else
		snprintf(name, size, "%.200s_%s%c", label, local ? "to" : "from", digit);
	for (char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p)) /* a '.' begins the number of a version, see transition.c of the apply
						    layer */
			*p = '_';
	length = strlen(name);
	for (unsigned int i = 2; sg_table_set(c->table, name); i++)
		snprintf(name + length, size - length, "_%u", i);
}

static void put_number(sg_u128 number, uint8_t *bytes, size_t size)
{
	for (size_t i = size; i-- > 0; number >>= 8)
		bytes[i] = (uint8_t)number;
}

struct sg_set *sg_compiler_add_address_set(struct sg_compiler *c, const char *name, enum sg_family family,
					   struct sg_error *err)
{
	struct sg_set *set = sg_table_add_set(c->table, name, err);

	if (set) {
		set->key_type = family == SG_IPV4 ? DATATYPE_IPV4_ADDR : DATATYPE_IPV6_ADDR;
		set->key_length = family == SG_IPV4 ? 4 : 16;
	}
	return set;
}

static int fill_set(struct sg_set *set, const struct sg_ranges *ranges, struct sg_error *err)
{
	bool exact = true;

	for (size_t i = 0; i < ranges->count && exact; i++)
		exact = ranges->items[i].first == ranges->items[i].last;
	set->flags = exact ? 0 : SG_SET_INTERVAL;
	for (size_t i = 0; i < ranges->count; i++) {
		uint8_t first[16], last[16];

		put_number(ranges->items[i].first, first, set->key_length);
		put_number(ranges->items[i].last, last, set->key_length);
		if (sg_set_add(set, first, exact ? NULL : last, NULL, NULL, 0, err))
			return -1;
	}
	for (set->size = exact ? LEAST_ROOM : 0; exact && set->size < 2 * set->count;)
		set->size *= 2;
	return 0;
}

static const char *group_of(const struct sg_compiler *c, enum sg_family family, sg_ref set)
{
	for (size_t i = 0; c->hints && i < c->hints->name_count; i++)
		if ((family == SG_IPV4 ? c->hints->names[i].v4 : c->hints->names[i].v6) == set)
			return c->hints->names[i].name;
	return NULL;
}

/* One condition on an address: a set of the table or a prefix, or everything else than that. */
struct address_match {
	bool negated;
	bool is_prefix;
	struct sg_range prefix;
	size_t set; /* index in the table's sets */
};

static bool is_one_prefix(enum sg_family family, const struct sg_ranges *ranges, struct sg_range *ret)
{
	if (ranges->count != 1)
		return false;
	sg_range_first_prefix(family, &ranges->items[0], ret);
	return ret->last == ranges->items[0].last;
}

static int complement(enum sg_family family, const struct sg_ranges *ranges, struct sg_ranges *ret,
		      struct sg_error *err)
{
	struct sg_range all = {0, sg_addr_max(family)};
	struct sg_ranges whole = {.items = &all, .count = 1, .room = 1};

	return sg_ranges_subtract(&whole, ranges, ret, err);
}

static int use_set(struct sg_compiler *c, enum sg_family family, bool local, const char *label,
		   const struct sg_ranges *ranges, sg_ref ref, struct address_match *ret, struct sg_error *err)
{
	char name[SG_NFT_NAME_SIZE];
	uint32_t index;

	if (!sg_refmap_get(&c->sets, ref, &index)) {
		struct sg_set *set;

		set_name(c, group_of(c, family, ref), label, family, local, name, sizeof(name));
		set = sg_compiler_add_address_set(c, name, family, err);
		if (!set || fill_set(set, ranges, err))
			return -1;
		index = (uint32_t)(c->table->set_count - 1);
		if (sg_refmap_put(&c->sets, ref, index, err))
			return -1;
	}
	ret->set = index;
	return 0;
}

/* Chooses how to compare an address with the (normalised, neither empty nor whole) ranges. */
static int match_addresses(struct sg_compiler *c, enum sg_family family, bool local, const char *label,
			   const struct sg_ranges *ranges, struct address_match *ret, struct sg_error *err)
{
	size_t level = family == SG_IPV4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6;
	struct sg_ranges other = {0};
	sg_ref ref, other_ref;
	uint32_t unused;
	int result = -1;

	*ret = (struct address_match){0};
	if (is_one_prefix(family, ranges, &ret->prefix)) {
		ret->is_prefix = true;
		return 0;
	}
	if (complement(family, ranges, &other, err))
		return -1;
	if (is_one_prefix(family, &other, &ret->prefix)) {
		ret->is_prefix = ret->negated = true;
		result = 0;
		goto out;
	}
	ref = sg_idd_split(c->idd, level, ranges, SG_IDD_FULL, SG_IDD_EMPTY);
	other_ref = sg_idd_not(c->idd, ref);
	if (sg_idd_check(c->idd, other_ref, err))
		goto out;
	/* a set that is there already, then one with the policy's own name, then the shorter */
	if (sg_refmap_get(&c->sets, ref, &unused) || group_of(c, family, ref))
		ret->negated = false;
	else if (sg_refmap_get(&c->sets, other_ref, &unused) || group_of(c, family, other_ref))
		ret->negated = true;
	else
		ret->negated = other.count < ranges->count;
	result = use_set(c, family, local, label, ret->negated ? &other : ranges, ret->negated ? other_ref : ref, ret,
			 err);
out:
	sg_ranges_clear(&other);
	return result;
}

/* ------------------------------------------------------------------ boxes */

struct box_rules {
	struct sg_compiler *c;
	const struct sg_region_rules *rules;
	struct sg_error *err;
};

/* What a box asks beside the interface. */
struct box_match {
	bool has_family, has_local, has_remote;
	enum sg_family family;
	struct address_match local, remote;
};

static int read_box(struct box_rules *walk, const struct sg_box *box, struct box_match *ret)
{
	const struct sg_ranges *family = &box->sets[SG_FIELD_FAMILY], *local, *remote;
	struct sg_compiler *c = walk->c;

	*ret = (struct box_match){.has_family = family->count > 0};
	if (ret->has_family) {
		ret->family = (enum sg_family)family->items[0].first;
	} else {
		/* the other family was nobody's concern: addresses say which one this is about */
		bool v4 = box->sets[SG_FIELD_LOCAL4].count || box->sets[SG_FIELD_REMOTE4].count;
		bool v6 = box->sets[SG_FIELD_LOCAL6].count || box->sets[SG_FIELD_REMOTE6].count;

		ret->has_family = v4 != v6;
		ret->family = v6 ? SG_IPV6 : SG_IPV4;
	}
	local = &box->sets[ret->family == SG_IPV4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6];
	remote = &box->sets[ret->family == SG_IPV4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6];
	ret->has_local = local->count > 0;
	ret->has_remote = remote->count > 0;
	/* an address test means something in one family only */
	for (size_t i = SG_FIELD_LOCAL4; i < box->levels; i++)
		if (box->sets[i].count && (!ret->has_family || (&box->sets[i] != local && &box->sets[i] != remote)))
			return sg_error_set(walk->err, SG_ERROR_INPUT, 0,
					    "a region that depends on the addresses of another family or on unknowns "
					    "cannot be made into rules");
	if (ret->has_local && match_addresses(c, ret->family, true, walk->rules->label, local, &ret->local, walk->err))
		return -1;
	if (ret->has_remote &&
	    match_addresses(c, ret->family, false, walk->rules->label, remote, &ret->remote, walk->err))
		return -1;
	return 0;
}

static int build_address(struct sg_compiler *c, struct sg_rule *rule, enum sg_family family, bool local,
			 const struct address_match *match, struct sg_error *err)
{
	bool destination = local == (c->direction != SG_OUT);
	const char *set = match->is_prefix ? NULL : c->table->sets[match->set].name;

	if (local && c->direction == SG_PUBLISHED) /* the packet has another by now */
		return set ? sg_build_original_set(rule, family, set, match->negated, err)
			   : sg_build_original_prefix(rule, family, &match->prefix, match->negated, err);
	return set ? sg_build_address_set(rule, family, destination, set, match->negated, err)
		   : sg_build_prefix(rule, family, destination, &match->prefix, match->negated, err);
}

static int build_rule(struct box_rules *walk, const struct box_match *match, const struct sg_interface_match *interface,
		      uint32_t origin, const char *comment)
{
	struct sg_compiler *c = walk->c;
	struct sg_error *err = walk->err;
	struct sg_rule *rule = sg_chain_add_rule(&c->table->chains[walk->rules->chain], err);

	if (!rule)
		return -1;
	rule->origin = origin;
	if (comment && !(rule->comment = sg_compiler_clean(comment)))
		return sg_error_nomem(err);
	if (interface && interface->include[0] &&
	    sg_build_interface(rule, c->direction, interface->include, false, err))
		return -1;
	for (size_t i = 0; interface && i < interface->exclude_count; i++)
		if (sg_build_interface(rule, c->direction, interface->exclude[i], true, err))
			return -1;
	if (match->has_family && sg_build_family(rule, match->family, err))
		return -1;
	if (match->has_local && build_address(c, rule, match->family, true, &match->local, err))
		return -1;
	if (match->has_remote && build_address(c, rule, match->family, false, &match->remote, err))
		return -1;
	return sg_compiler_finish(c, rule, walk->rules->outcome, walk->rules->label, err);
}

static int see_box(const struct sg_box *box, void *data)
{
	struct box_rules *walk = data;
	struct sg_compiler *c = walk->c;
	const struct sg_ranges *interfaces = &box->sets[SG_FIELD_INTERFACE];
	const char *comment = walk->rules->comment;
	uint32_t origin = walk->rules->origin;
	struct sg_interface_matches names = {0};
	struct box_match match;
	int result = -1;

	if (!comment && !origin) {
		sg_ref region = sg_idd_and(c->idd, c->care, sg_idd_from_box(c->idd, box));

		origin = sg_compiler_origin(c, walk->rules->protocol, walk->rules->port, region);
		comment = sg_compiler_comment(c, origin);
	}
	if (read_box(walk, box, &match))
		return -1;
	if (interfaces->count == 0)
		return build_rule(walk, &match, NULL, origin, comment);
	if (sg_interface_matches(interfaces, &names, walk->err))
		goto out;
	for (size_t i = 0; i < names.count; i++)
		if (build_rule(walk, &match, &names.items[i], origin, comment))
			goto out;
	result = 0;
out:
	sg_interface_matches_clear(&names);
	return result;
}

int sg_compiler_region(struct sg_compiler *c, const struct sg_region_rules *rules, struct sg_error *err)
{
	struct box_rules walk = {.c = c, .rules = rules, .err = err};

	return sg_idd_boxes(c->idd, rules->region, 1, see_box, &walk, err) ? -1 : 0;
}

/* ------------------------------------------------------------------ classes */

static int count_box(const struct sg_box *box, void *data)
{
	unsigned int *cost = data;

	++*cost;
	for (size_t i = 0; i < box->levels; i++)
		*cost += box->sets[i].count > 0;
	return 0;
}

/* The outcomes of a class, and how much each takes to say. */
struct class_outcomes {
	uint32_t *items;
	unsigned int *cost;
	size_t count, room, cost_room;
};

static int see_outcome(uint32_t outcome, void *data)
{
	struct class_outcomes *outcomes = data;

	if (!outcome)
		return 0;
	if (sg_grow(&outcomes->items, &outcomes->room, outcomes->count, 1, sizeof(*outcomes->items)) ||
	    sg_grow(&outcomes->cost, &outcomes->cost_room, outcomes->count, 1, sizeof(*outcomes->cost)))
		return -1;
	outcomes->cost[outcomes->count] = 0;
	outcomes->items[outcomes->count++] = outcome;
	return 0;
}

static void class_outcomes_clear(struct class_outcomes *outcomes)
{
	free(outcomes->items);
	free(outcomes->cost);
}

/* What is left at the end of a class: the outcome that would take most rules; drop where it is even. */
static size_t choose_rest(const struct class_outcomes *outcomes)
{
	size_t best = 0;

	for (size_t i = 1; i < outcomes->count; i++) {
		unsigned int cost = outcomes->cost[i], most = outcomes->cost[best];

		if (cost > most || (cost == most && outcomes->items[i] == SG_VERDICT_DROP))
			best = i;
	}
	return best;
}

int sg_compiler_class(struct sg_compiler *c, size_t chain, const struct sg_class *class, unsigned int protocol,
		      uint32_t port, const char *label, struct sg_error *err)
{
	sg_cleanup(class_outcomes_clear) struct class_outcomes outcomes = {0};
	/* the class array may move while rules are made: take what is needed now */
	sg_ref node = class->node;
	size_t rest;

	if (sg_idd_terminals(c->idd, node, see_outcome, &outcomes))
		return sg_idd_check(c->idd, SG_IDD_EMPTY, err) ? -1 : sg_error_nomem(err);
	for (size_t i = 0; i < outcomes.count; i++)
		if (sg_idd_boxes(c->idd, node, outcomes.items[i], count_box, &outcomes.cost[i], err))
			return -1;
	rest = choose_rest(&outcomes);
	for (size_t i = 0; i < outcomes.count; i++) {
		struct sg_region_rules rules = {.chain = chain,
						.outcome = outcomes.items[i],
						.label = label,
						.protocol = protocol,
						.port = port,
						.region = sg_idd_equals(c->idd, node, outcomes.items[i])};

		if (i == rest)
			continue;
		if (sg_idd_check(c->idd, rules.region, err) || sg_compiler_region(c, &rules, err))
			return -1;
	}
	return outcomes.count ? sg_compiler_end(c, chain, outcomes.items[rest], label, err) : 0;
}
