// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The maps of a body: each port, ICMP type or protocol whose class is not what its packets would meet at the end anyway
 * gets an element, with the class's verdict or the chain that decides the class.
 */
#include "nft/compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "nft/build.h"
#include "nft/datatype.h"
#include "sockgate/proto.h"

/* Ranges of at most so many ports are single elements of the exact map; wider ones go to the interval map. */
#define EXPANDED_PORTS 32U
/* What an exact map has room for at first, so that a few more ports do not need a new one. */
#define LEAST_ROOM 1024U

/* ------------------------------------------------------------------ classes */

static int new_class(struct sg_compiler *c, sg_ref node, uint32_t *ret, struct sg_error *err)
{
	if (sg_grow(&c->classes, &c->class_room, c->class_count, 1, sizeof(*c->classes)))
		return sg_error_nomem(err);
	c->classes[c->class_count] = (struct sg_class){
		.node = node,
		.constant = sg_idd_is_terminal(node) ? sg_idd_value(node) : 0,
	};
	*ret = (uint32_t)c->class_count++;
	return 0;
}

int sg_compiler_find_class(struct sg_compiler *c, sg_ref node, uint32_t *ret, struct sg_error *err)
{
	sg_ref key = sg_idd_ite(c->idd, c->care, node, SG_IDD_EMPTY), simple;

	if (sg_idd_check(c->idd, key, err))
		return -1;
	if (sg_refmap_get(&c->class_of, key, ret))
		return 0;
	simple = sg_idd_simplify(c->idd, node, c->care);
	if (sg_idd_check(c->idd, simple, err) || new_class(c, simple, ret, err))
		return -1;
	return sg_refmap_put(&c->class_of, key, *ret, err);
}

/* What the chains and sets of a class are called after: "tcp_9100". */
static void class_label(const struct sg_body *body, unsigned int protocol, uint32_t port, char *label, size_t size)
{
	const char *name = sg_proto_name((uint8_t)protocol);

	if (!name)
		snprintf(label, size, "%sproto_%u", body->prefix, protocol);
	else if (port == SG_PORT_ABSENT)
		snprintf(label, size, "%sproto_%s", body->prefix, name);
	else
		snprintf(label, size, "%s%s_%u", body->prefix, name, (unsigned int)port);
	for (char *p = label; *p; p++)
		if (*p == '-')
			*p = '_';
}

/* What a map says for a class; its chain is made with the first. */
static int class_verdict(struct sg_compiler *c, const struct sg_body *body, uint32_t index, unsigned int protocol,
			 uint32_t port, struct sg_nft_verdict *ret, struct sg_error *err)
{
	struct sg_class *class = &c->classes[index];
	char label[64];

	class_label(body, protocol, port, label, sizeof(label));
	if (class->constant)
		return sg_compiler_map_verdict(c, class->constant, label, ret, err);
	if (!class->chain) {
		class->chain = strdup(label);
		if (!class->chain)
			return sg_error_nomem(err);
		if (!sg_table_add_chain(c->table, label, err) ||
		    sg_compiler_class(c, c->table->chain_count - 1, class, protocol, port, label, err))
			return -1;
	}
	ret->code = SG_CODE_GOTO;
	ret->chain = strdup(c->classes[index].chain);
	return ret->chain ? 0 : sg_error_nomem(err);
}

/* ------------------------------------------------------------------ maps */

static struct sg_set *add_map(struct sg_compiler *c, const struct sg_body *body, const char *what, struct sg_error *err)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", *body->prefix ? body->prefix : "in_", what);
	return sg_table_add_set(c->table, name, err);
}

static void size_map(struct sg_set *map)
{
	map->size = LEAST_ROOM;
	while (map->size < 2 * map->count)
		map->size *= 2;
}

/* One element: what the class of (protocol, port) says. */
static int add_element(struct sg_compiler *c, const struct sg_body *body, size_t map, const uint8_t *first,
		       const uint8_t *last, uint32_t class, unsigned int protocol, uint32_t port, struct sg_error *err)
{
	struct sg_nft_verdict verdict = {0};
	sg_autofree char *comment = NULL;
	uint32_t origin;
	const char *said;
	sg_ref region;
	int result;

	if (class_verdict(c, body, class, protocol, port, &verdict, err)) {
		sg_nft_verdict_clear(&verdict);
		return -1;
	}
	region = sg_idd_minus(c->idd, c->care, sg_idd_equals(c->idd, c->classes[class].node, SG_VERDICT_DROP));
	region = sg_idd_minus(c->idd, region, sg_idd_equals(c->idd, c->classes[class].node, SG_VERDICT_REJECT));
	origin = sg_compiler_origin(c, protocol, port, region == SG_IDD_EMPTY ? c->care : region);
	said = sg_compiler_comment(c, origin);
	if (said && !(comment = sg_compiler_clean(said))) {
		sg_nft_verdict_clear(&verdict);
		return sg_error_nomem(err);
	}
	result = sg_set_add(&c->table->sets[map], first, last, &verdict, comment, origin, err);
	sg_nft_verdict_clear(&verdict);
	return result;
}

/* A run of ports of one class. */
struct run {
	uint8_t protocol;
	uint32_t first, last, class;
};

struct runs {
	struct run *items;
	size_t count, room;
};

static void runs_clear(struct runs *runs)
{
	free(runs->items);
}

/* The runs of ports (or types) up to `max` whose class is not the protocol's tail. */
static int find_runs(struct sg_compiler *c, const struct sg_body *body, uint8_t protocol, uint32_t max,
		     struct runs *runs, struct sg_error *err)
{
	sg_ref node = sg_idd_restrict(c->idd, body->node, SG_FIELD_PROTOCOL, protocol);
	size_t edges = 1;
	uint32_t first = 0;

	if (sg_idd_check(c->idd, node, err))
		return -1;
	if (sg_idd_level(c->idd, node) == SG_FIELD_PORT)
		edges = sg_idd_edges(c->idd, node);
	for (size_t i = 0; i < edges && first <= max; i++) {
		bool split = sg_idd_level(c->idd, node) == SG_FIELD_PORT;
		uint32_t last = split ? (uint32_t)sg_idd_edge_last(c->idd, node, i) : max;
		sg_ref child = split ? sg_idd_edge_child(c->idd, node, i) : node;
		struct run run = {.protocol = protocol, .first = first, .last = last < max ? last : max};

		first = last + 1;
		if (sg_compiler_find_class(c, child, &run.class, err))
			return -1;
		if (run.class == body->tail[protocol])
			continue;
		if (runs->count && runs->items[runs->count - 1].class == run.class &&
		    runs->items[runs->count - 1].protocol == protocol &&
		    runs->items[runs->count - 1].last + 1 == run.first) {
			runs->items[runs->count - 1].last = run.last;
			continue;
		}
		if (sg_grow(&runs->items, &runs->room, runs->count, 1, sizeof(run)))
			return sg_error_nomem(err);
		runs->items[runs->count++] = run;
	}
	return 0;
}

static bool is_wide(const struct run *run)
{
	return run->last - run->first >= EXPANDED_PORTS;
}

static struct sg_rule *input_rule(struct sg_compiler *c, const struct sg_body *body, struct sg_error *err)
{
	return sg_chain_add_rule(&c->table->chains[body->chain], err);
}

/* meta l4proto . th dport vmap @in_ports */
static int emit_exact_ports(struct sg_compiler *c, const struct sg_body *body, const struct runs *runs,
			    struct sg_error *err)
{
	struct sg_set *set = add_map(c, body, "ports", err);
	size_t map = c->table->set_count - 1;
	struct sg_rule *rule;

	if (!set)
		return -1;
	set->flags = SG_SET_MAP;
	set->key_type = DATATYPE_CONCAT(DATATYPE_INET_PROTO, DATATYPE_INET_SERVICE);
	set->data_type = DATATYPE_VERDICT;
	set->key_length = 8;
	set->field_count = 2;
	set->field_length[0] = 1;
	set->field_length[1] = 2;
	for (size_t i = 0; i < runs->count; i++) {
		const struct run *run = &runs->items[i];

		for (uint32_t port = run->first; !is_wide(run) && port <= run->last; port++) {
			uint8_t key[8] = {run->protocol, 0, 0, 0, (uint8_t)(port >> 8), (uint8_t)port};

			if (add_element(c, body, map, key, NULL, run->class, run->protocol, port, err))
				return -1;
		}
	}
	sg_set_sort(&c->table->sets[map]);
	size_map(&c->table->sets[map]);
	rule = input_rule(c, body, err);
	return rule ? sg_build_port_map(rule, c->table->sets[map].name, err) : -1;
}

/* th dport . meta l4proto vmap @in_ranges: the field that tells most apart first, which the kernel's interval maps want
 */
static int emit_port_ranges(struct sg_compiler *c, const struct sg_body *body, const struct runs *runs,
			    struct sg_error *err)
{
	struct sg_set *set = add_map(c, body, "ranges", err);
	size_t map = c->table->set_count - 1;
	struct sg_rule *rule;

	if (!set)
		return -1;
	set->flags = SG_SET_MAP | SG_SET_INTERVAL | SG_SET_CONCAT;
	set->key_type = DATATYPE_CONCAT(DATATYPE_INET_SERVICE, DATATYPE_INET_PROTO);
	set->data_type = DATATYPE_VERDICT;
	set->key_length = 8;
	set->field_count = 2;
	set->field_length[0] = 2;
	set->field_length[1] = 1;
	for (size_t i = 0; i < runs->count; i++) {
		const struct run *run = &runs->items[i];
		uint8_t first[8] = {(uint8_t)(run->first >> 8), (uint8_t)run->first, 0, 0, run->protocol};
		uint8_t last[8] = {(uint8_t)(run->last >> 8), (uint8_t)run->last, 0, 0, run->protocol};

		if (is_wide(run) && add_element(c, body, map, first, last, run->class, run->protocol, run->first, err))
			return -1;
	}
	sg_set_sort(&c->table->sets[map]);
	rule = input_rule(c, body, err);
	return rule ? sg_build_range_map(rule, c->table->sets[map].name, err) : -1;
}

/* A map of one protocol's ports: singles, or in intervals those that are too many for that. */
static int emit_original_map(struct sg_compiler *c, const struct sg_body *body, uint8_t protocol,
			     const struct runs *runs, bool wide, struct sg_error *err)
{
	struct sg_rule *rule;
	struct sg_set *set;
	size_t map;
	char what[32];

	snprintf(what, sizeof(what), "%s_%s", sg_proto_name(protocol), wide ? "ranges" : "ports");
	set = add_map(c, body, what, err);
	map = c->table->set_count - 1;
	if (!set)
		return -1;
	set->flags = SG_SET_MAP | (wide ? SG_SET_INTERVAL : 0);
	set->key_type = DATATYPE_INET_SERVICE;
	set->data_type = DATATYPE_VERDICT;
	set->key_length = 2;
	for (size_t i = 0; i < runs->count; i++) {
		const struct run *run = &runs->items[i];
		uint32_t step = wide ? run->last - run->first + 1 : 1;

		for (uint32_t port = run->first; is_wide(run) == wide && port <= run->last; port += step) {
			uint32_t end = port + step - 1;
			uint8_t first[2] = {(uint8_t)(port >> 8), (uint8_t)port};
			uint8_t last[2] = {(uint8_t)(end >> 8), (uint8_t)end};

			if (add_element(c, body, map, first, wide ? last : NULL, run->class, protocol, port, err))
				return -1;
		}
	}
	sg_set_sort(&c->table->sets[map]);
	if (!wide)
		size_map(&c->table->sets[map]);
	rule = input_rule(c, body, err);
	return rule ? sg_build_original_port_map(rule, protocol, c->table->sets[map].name, err) : -1;
}

/* meta l4proto tcp ct original proto-dst vmap @pub_tcp_ports, and so for each protocol: nft has no concatenation with
 * a connection's port. */
static int emit_original_ports(struct sg_compiler *c, const struct sg_body *body, struct sg_error *err)
{
	for (unsigned int p = 0; p <= 255; p++) {
		sg_cleanup(runs_clear) struct runs runs = {0};
		size_t wide = 0;

		if (!sg_proto_has_ports((uint8_t)p))
			continue;
		if (find_runs(c, body, (uint8_t)p, SG_PORT_ABSENT - 1, &runs, err))
			return -1;
		for (size_t i = 0; i < runs.count; i++)
			wide += is_wide(&runs.items[i]);
		if (runs.count > wide && emit_original_map(c, body, (uint8_t)p, &runs, false, err))
			return -1;
		if (wide && emit_original_map(c, body, (uint8_t)p, &runs, true, err))
			return -1;
	}
	return 0;
}

int sg_compiler_ports(struct sg_compiler *c, const struct sg_body *body, struct sg_error *err)
{
	sg_cleanup(runs_clear) struct runs runs = {0};
	size_t wide = 0;

	if (c->direction == SG_PUBLISHED)
		return emit_original_ports(c, body, err);
	for (unsigned int p = 0; p <= 255; p++)
		if (sg_proto_has_ports((uint8_t)p) && find_runs(c, body, (uint8_t)p, SG_PORT_ABSENT - 1, &runs, err))
			return -1;
	for (size_t i = 0; i < runs.count; i++)
		wide += is_wide(&runs.items[i]);
	if (runs.count > wide && emit_exact_ports(c, body, &runs, err))
		return -1;
	return wide ? emit_port_ranges(c, body, &runs, err) : 0;
}

/* A map with a key of one byte: ICMP types, protocols. */
static int add_byte_map(struct sg_compiler *c, const struct sg_body *body, const char *what, uint32_t type,
			struct sg_error *err)
{
	struct sg_set *set = add_map(c, body, what, err);

	if (!set)
		return -1;
	set->flags = SG_SET_MAP;
	set->key_type = type;
	set->data_type = DATATYPE_VERDICT;
	set->key_length = 1;
	return 0;
}

int sg_compiler_tail(struct sg_compiler *c, struct sg_body *body, unsigned int protocol, struct sg_error *err)
{
	sg_ref node = sg_idd_restrict(c->idd, body->node, SG_FIELD_PROTOCOL, protocol);

	node = sg_idd_restrict(c->idd, node, SG_FIELD_PORT, SG_PORT_ABSENT);
	return sg_idd_check(c->idd, node, err) || sg_compiler_find_class(c, node, &body->tail[protocol], err) ? -1 : 0;
}

/* Whether all types of the protocol are judged alike in a family: then its map need not be asked there. */
static bool types_alike(struct sg_compiler *c, const struct sg_body *body, uint8_t protocol, enum sg_family family)
{
	sg_ref node = sg_idd_restrict(c->idd, body->node, SG_FIELD_PROTOCOL, protocol), absent;
	sg_ref types = sg_idd_range(c->idd, SG_FIELD_PORT, 0, 255);

	node = sg_idd_restrict(c->idd, node, SG_FIELD_FAMILY, family);
	absent = sg_idd_restrict(c->idd, node, SG_FIELD_PORT, SG_PORT_ABSENT);
	return sg_idd_disjoint(c->idd, sg_idd_and(c->idd, types, c->care), sg_idd_differ(c->idd, node, absent));
}

/* The elements and the rule of an ICMP map; `family` is the one that it is asked in, or NULL for both. */
static int emit_types(struct sg_compiler *c, struct sg_body *body, uint8_t protocol, const enum sg_family *family,
		      struct sg_error *err)
{
	bool v4 = protocol == SG_PROTO_ICMP;
	struct runs runs = {0};
	struct sg_rule *rule;
	size_t map;
	int result = -1;

	if (sg_compiler_tail(c, body, protocol, err) || find_runs(c, body, protocol, 255, &runs, err))
		goto out;
	if (runs.count == 0) {
		result = 0;
		goto out;
	}
	if (add_byte_map(c, body, v4 ? "icmp" : "icmpv6", v4 ? DATATYPE_ICMP_TYPE : DATATYPE_ICMPV6_TYPE, err))
		goto out;
	map = c->table->set_count - 1;
	for (size_t i = 0; i < runs.count; i++)
		for (uint32_t type = runs.items[i].first; type <= runs.items[i].last; type++) {
			uint8_t key = (uint8_t)type;

			if (add_element(c, body, map, &key, NULL, runs.items[i].class, protocol, type, err))
				goto out;
		}
	size_map(&c->table->sets[map]);
	rule = input_rule(c, body, err);
	if (rule && (!family || !sg_build_family(rule, *family, err)))
		result = sg_build_icmp_map(rule, protocol, c->table->sets[map].name, err);
out:
	free(runs.items);
	return result;
}

int sg_compiler_icmp(struct sg_compiler *c, struct sg_body *body, uint8_t protocol, struct sg_error *err)
{
	enum sg_family own = protocol == SG_PROTO_ICMP ? SG_IPV4 : SG_IPV6;
	enum sg_family other = own == SG_IPV4 ? SG_IPV6 : SG_IPV4;
	sg_ref care = c->care;
	int result;

	if (!types_alike(c, body, protocol, other))
		return emit_types(c, body, protocol, NULL, err);
	c->care = sg_idd_and(c->idd, care, sg_idd_range(c->idd, SG_FIELD_FAMILY, own, own));
	result = sg_idd_check(c->idd, c->care, err) ? -1 : 0;
	if (!result && c->care != SG_IDD_EMPTY)
		result = emit_types(c, body, protocol, &own, err);
	c->care = care;
	return result;
}

int sg_compiler_protocols(struct sg_compiler *c, const struct sg_body *body, struct sg_error *err)
{
	size_t map = SIZE_MAX;
	struct sg_rule *rule;

	for (unsigned int p = 0; p <= 255; p++) {
		uint8_t key = (uint8_t)p;

		if (body->tail[p] == body->common)
			continue;
		if (map == SIZE_MAX) {
			if (add_byte_map(c, body, "protocols", DATATYPE_INET_PROTO, err))
				return -1;
			map = c->table->set_count - 1;
		}
		if (add_element(c, body, map, &key, NULL, body->tail[p], p, SG_PORT_ABSENT, err))
			return -1;
	}
	if (map == SIZE_MAX)
		return 0;
	size_map(&c->table->sets[map]);
	rule = input_rule(c, body, err);
	return rule ? sg_build_protocol_map(rule, c->table->sets[map].name, err) : -1;
}
