// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The compiler: a decision as rules whose cost for a packet does not grow with the policy.
 *
 * A packet meets, in this order: its conntrack state (verdicts that hold for whole states), the preludes (regions with
 * one verdict for every protocol and port: loopback), a lookup of the ICMP type, the preludes that hold for everything
 * but ICMP (blocked sources, which may still ask for an echo), one lookup of protocol and port, one of the protocol;
 * and what is left, the tail. What a lookup finds is a verdict, or a chain that decides the *class* of the port: a node
 * of the diagram below the port level. Ports of one class share its chain.
 *
 * Where a prelude has decided, later rules may say anything: classes are simplified with that freedom, and that is what
 * turns "from anywhere except the blocked" back into "from anywhere".
 *
 * The base chain's own policy is always drop: a table that is loaded by half, or whose rules somebody flushed, is
 * closed.
 */
#include "nft/compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netfilter.h>
#include "base/mem.h"
#include "nft/build.h"
#include "sockgate/proto.h"

/* Ranges of at most so many ports are single elements of the exact map; wider ones go to the interval map. */
#define EXPANDED_PORTS 32U
/* What an exact map has room for at first, so that a few more ports do not need a new one. */
#define LEAST_ROOM 1024U

/* What is made for one group of conntrack states that are judged alike. */
struct body {
	size_t chain;       /* index of its chain */
	const char *prefix; /* of the names of its maps and chains */
	sg_ref node;        /* verdicts over the levels from SG_FIELD_PROTOCOL on */
	uint32_t tail[256]; /* class of what has no port, by protocol */
	uint32_t common;    /* the tail of most protocols */
};

/* ------------------------------------------------------------------ classes */

static int new_class(struct sg_compiler *c, sg_ref node, uint32_t *ret, struct sg_error *err)
{
	if (sg_grow(&c->classes, &c->class_room, c->class_count, 1, sizeof(*c->classes)))
		return sg_error_nomem(err);
	c->classes[c->class_count] = (struct sg_class){
		.node = node,
		.constant = sg_idd_is_terminal(node) ? (enum sg_verdict)sg_idd_value(node) : SG_VERDICT_NONE,
	};
	*ret = (uint32_t)c->class_count++;
	return 0;
}

/* The class of verdicts that agree with `node` wherever it still matters. */
static int find_class(struct sg_compiler *c, sg_ref node, uint32_t *ret, struct sg_error *err)
{
	sg_ref key = sg_idd_ite(c->idd, c->care, node, sg_idd_terminal(SG_VERDICT_NONE)), simple;

	if (sg_idd_check(c->idd, key, err))
		return -1;
	if (sg_refmap_get(&c->class_of, key, ret))
		return 0;
	simple = sg_idd_simplify(c->idd, node, c->care);
	if (sg_idd_check(c->idd, simple, err) || new_class(c, simple, ret, err))
		return -1;
	return sg_refmap_put(&c->class_of, key, *ret, err);
}

/* What a map says for a class; its chain is made with the first. */
static int class_verdict(struct sg_compiler *c, const struct body *body, uint32_t index, unsigned int protocol,
			 uint32_t port, struct sg_nft_verdict *ret, struct sg_error *err)
{
	struct sg_class *class = &c->classes[index];
	const char *name = sg_proto_name((uint8_t)protocol);
	char label[64];

	if (class->constant != SG_VERDICT_NONE)
		return sg_compiler_map_verdict(c, class->constant, ret, err);
	if (!class->chain) {
		if (!name)
			snprintf(label, sizeof(label), "%sproto_%u", body->prefix, protocol);
		else if (port == SG_PORT_ABSENT)
			snprintf(label, sizeof(label), "%sproto_%s", body->prefix, name);
		else
			snprintf(label, sizeof(label), "%s%s_%u", body->prefix, name, (unsigned int)port);
		for (char *p = label; *p; p++)
			if (*p == '-')
				*p = '_';
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

static struct sg_set *add_map(struct sg_compiler *c, const struct body *body, const char *what, struct sg_error *err)
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
static int add_element(struct sg_compiler *c, const struct body *body, size_t map, const uint8_t *first,
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
	region = sg_idd_and(c->idd, c->care, sg_idd_equals(c->idd, c->classes[class].node, SG_VERDICT_ACCEPT));
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

/* The runs of ports (or types) up to `max` whose class is not the protocol's tail. */
static int find_runs(struct sg_compiler *c, const struct body *body, uint8_t protocol, uint32_t max, struct runs *runs,
		     struct sg_error *err)
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
		if (find_class(c, child, &run.class, err))
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

static struct sg_rule *input_rule(struct sg_compiler *c, const struct body *body, struct sg_error *err)
{
	return sg_chain_add_rule(&c->table->chains[body->chain], err);
}

/* meta l4proto . th dport vmap @in_ports */
static int emit_exact_ports(struct sg_compiler *c, const struct body *body, const struct runs *runs,
			    struct sg_error *err)
{
	struct sg_set *set = add_map(c, body, "ports", err);
	size_t map = c->table->set_count - 1;
	struct sg_rule *rule;

	if (!set)
		return -1;
	set->flags = SG_SET_MAP;
	set->key_type = SG_TYPE_CONCAT(SG_TYPE_INET_PROTO, SG_TYPE_INET_SERVICE);
	set->data_type = SG_TYPE_VERDICT;
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
static int emit_port_ranges(struct sg_compiler *c, const struct body *body, const struct runs *runs,
			    struct sg_error *err)
{
	struct sg_set *set = add_map(c, body, "ranges", err);
	size_t map = c->table->set_count - 1;
	struct sg_rule *rule;

	if (!set)
		return -1;
	set->flags = SG_SET_MAP | SG_SET_INTERVAL | SG_SET_CONCAT;
	set->key_type = SG_TYPE_CONCAT(SG_TYPE_INET_SERVICE, SG_TYPE_INET_PROTO);
	set->data_type = SG_TYPE_VERDICT;
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

static int emit_ports(struct sg_compiler *c, const struct body *body, struct sg_error *err)
{
	struct runs runs = {0};
	size_t wide = 0;
	int result = -1;

	for (unsigned int p = 0; p <= 255; p++)
		if (sg_proto_has_ports((uint8_t)p) && find_runs(c, body, (uint8_t)p, SG_PORT_ABSENT - 1, &runs, err))
			goto out;
	for (size_t i = 0; i < runs.count; i++)
		wide += is_wide(&runs.items[i]);
	if (runs.count > wide && emit_exact_ports(c, body, &runs, err))
		goto out;
	if (wide && emit_port_ranges(c, body, &runs, err))
		goto out;
	result = 0;
out:
	free(runs.items);
	return result;
}

/* A map with a key of one byte: ICMP types, protocols. */
static int add_byte_map(struct sg_compiler *c, const struct body *body, const char *what, uint32_t type,
			struct sg_error *err)
{
	struct sg_set *set = add_map(c, body, what, err);

	if (!set)
		return -1;
	set->flags = SG_SET_MAP;
	set->key_type = type;
	set->data_type = SG_TYPE_VERDICT;
	set->key_length = 1;
	return 0;
}

/* The class of a protocol's packets that have no port or type. */
static int find_tail(struct sg_compiler *c, struct body *body, unsigned int protocol, struct sg_error *err)
{
	sg_ref node = sg_idd_restrict(c->idd, body->node, SG_FIELD_PROTOCOL, protocol);

	node = sg_idd_restrict(c->idd, node, SG_FIELD_PORT, SG_PORT_ABSENT);
	return sg_idd_check(c->idd, node, err) || find_class(c, node, &body->tail[protocol], err) ? -1 : 0;
}

/* icmp type vmap @in_icmp */
static int emit_icmp(struct sg_compiler *c, struct body *body, uint8_t protocol, struct sg_error *err)
{
	bool v4 = protocol == SG_PROTO_ICMP;
	struct runs runs = {0};
	struct sg_rule *rule;
	size_t map;
	int result = -1;

	if (find_tail(c, body, protocol, err) || find_runs(c, body, protocol, 255, &runs, err))
		goto out;
	if (runs.count == 0) {
		result = 0;
		goto out;
	}
	if (add_byte_map(c, body, v4 ? "icmp" : "icmpv6", v4 ? SG_TYPE_ICMP_TYPE : SG_TYPE_ICMPV6_TYPE, err))
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
	if (rule)
		result = sg_build_icmp_map(rule, protocol, c->table->sets[map].name, err);
out:
	free(runs.items);
	return result;
}

/* meta l4proto vmap @in_protocols: protocols whose tail is not the common one */
static int emit_protocols(struct sg_compiler *c, const struct body *body, struct sg_error *err)
{
	size_t map = SIZE_MAX;
	struct sg_rule *rule;

	for (unsigned int p = 0; p <= 255; p++) {
		uint8_t key = (uint8_t)p;

		if (body->tail[p] == body->common)
			continue;
		if (map == SIZE_MAX) {
			if (add_byte_map(c, body, "protocols", SG_TYPE_INET_PROTO, err))
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

/* ------------------------------------------------------------------ a body: preludes, maps, tail */

/* The new inbound packets that can exist, over the levels from SG_FIELD_PROTOCOL on. */
static sg_ref all_packets(struct sg_compiler *c)
{
	sg_ref universe = sg_idd_restrict(c->idd, sg_packet_universe(c->idd), SG_FIELD_DIRECTION, SG_IN);

	return sg_idd_restrict(c->idd, universe, SG_FIELD_STATE, SG_CT_NEW);
}

/* Those that the ICMP maps do not decide. What they leave out is judged as if it had no type. */
static sg_ref after_icmp(struct sg_compiler *c)
{
	sg_ref icmp = sg_idd_or(c->idd, sg_idd_range(c->idd, SG_FIELD_PROTOCOL, SG_PROTO_ICMP, SG_PROTO_ICMP),
				sg_idd_range(c->idd, SG_FIELD_PROTOCOL, SG_PROTO_ICMPV6, SG_PROTO_ICMPV6));
	sg_ref typed = sg_idd_range(c->idd, SG_FIELD_PORT, 0, SG_PORT_ABSENT - 1);

	return sg_idd_minus(c->idd, all_packets(c), sg_idd_and(c->idd, icmp, typed));
}

/* The one verdict of packets under the body, or NONE. */
static enum sg_verdict one_verdict(struct sg_compiler *c, const struct body *body, sg_ref packets)
{
	for (uint32_t v = SG_VERDICT_ACCEPT; v <= SG_VERDICT_REJECT; v++)
		if (sg_idd_subset(c->idd, packets, sg_idd_equals(c->idd, body->node, v)))
			return (enum sg_verdict)v;
	return SG_VERDICT_NONE;
}

/* The preludes that hold for all the packets that get here; the others are left for later. */
static int emit_preludes(struct sg_compiler *c, const struct body *body, sg_ref packets, struct sg_error *err)
{
	for (size_t i = 0; c->hints && i < c->hints->prelude_count; i++) {
		const struct sg_compile_prelude *prelude = &c->hints->preludes[i];
		sg_ref open = sg_idd_and(c->idd, prelude->region, c->care);
		struct sg_region_rules rules = {.chain = body->chain,
						.region = prelude->region,
						.label = "block",
						.comment = prelude->comment,
						.origin = prelude->origin,
						.protocol = SG_PROTO_TCP};

		if (sg_idd_check(c->idd, open, err))
			return -1;
		if (open == SG_IDD_EMPTY || sg_idd_level(c->idd, prelude->region) < SG_FIELD_INTERFACE)
			continue;
		rules.verdict = one_verdict(c, body, sg_idd_and(c->idd, open, packets));
		if (rules.verdict == SG_VERDICT_NONE)
			continue;
		if (sg_compiler_region(c, &rules, err))
			return -1;
		c->care = sg_idd_minus(c->idd, c->care, prelude->region);
	}
	return sg_idd_check(c->idd, c->care, err);
}

/* Classes of what has no port, and the one that most protocols have. */
static int find_tails(struct sg_compiler *c, struct body *body, struct sg_error *err)
{
	size_t most = 0;

	for (unsigned int p = 0; p <= 255; p++)
		if (find_tail(c, body, p, err))
			return -1;
	for (unsigned int p = 0; p <= 255; p++) {
		size_t same = 0;

		for (unsigned int q = 0; q <= 255; q++)
			same += body->tail[q] == body->tail[p];
		if (same > most) {
			most = same;
			body->common = body->tail[p];
		}
	}
	return 0;
}

static int emit_body(struct sg_compiler *c, struct body *body, struct sg_error *err)
{
	struct sg_class tail;
	char label[64];

	/* classes are relative to what is still open */
	c->care = SG_IDD_FULL;
	sg_refmap_clear(&c->class_of);
	snprintf(label, sizeof(label), "%sother", body->prefix);
	if (emit_preludes(c, body, all_packets(c), err))
		return -1;
	if (c->care == SG_IDD_EMPTY)
		return 0;
	if (emit_icmp(c, body, SG_PROTO_ICMP, err) || emit_icmp(c, body, SG_PROTO_ICMPV6, err) ||
	    emit_preludes(c, body, after_icmp(c), err))
		return -1;
	if (c->care == SG_IDD_EMPTY)
		return 0;
	if (find_tails(c, body, err) || emit_ports(c, body, err) || emit_protocols(c, body, err))
		return -1;
	tail = c->classes[body->common];
	if (tail.constant != SG_VERDICT_NONE)
		return sg_compiler_verdict(c, body->chain, tail.constant, err);
	return sg_compiler_class(c, body->chain, &tail, 255, SG_PORT_ABSENT, label, err);
}

/* ------------------------------------------------------------------ conntrack states */

/* The states whose packets all get one verdict first, the others by what judges them. */
static int emit_states(struct sg_compiler *c, sg_ref inbound, struct sg_error *err)
{
	static const char *const prefixes[SG_CT_COUNT] = {"", "established_", "related_", "invalid_", "untracked_"};
	enum sg_verdict constant[SG_CT_COUNT];
	sg_ref nodes[SG_CT_COUNT];
	unsigned int done = 1U << SG_CT_NEW;
	struct body body = {.chain = 0, .prefix = ""};

	for (unsigned int s = 0; s < SG_CT_COUNT; s++) {
		body.node = nodes[s] = sg_idd_restrict(c->idd, inbound, SG_FIELD_STATE, s);
		if (sg_idd_check(c->idd, nodes[s], err))
			return -1;
		constant[s] = one_verdict(c, &body, all_packets(c));
		if (nodes[s] == nodes[SG_CT_NEW] || (constant[s] && constant[s] == constant[SG_CT_NEW]))
			done |= 1U << s;
	}
	for (unsigned int s = 0; s < SG_CT_COUNT; s++) {
		unsigned int alike = 0;
		struct sg_rule *rule;

		if (done & 1U << s)
			continue;
		for (unsigned int t = s; t < SG_CT_COUNT; t++)
			if (!(done & 1U << t) && (nodes[t] == nodes[s] || (constant[s] && constant[t] == constant[s])))
				alike |= 1U << t;
		done |= alike;
		if (!constant[s]) { /* judged by rules of their own */
			body = (struct body){.chain = c->table->chain_count, .prefix = prefixes[s], .node = nodes[s]};
			c->state = s;
			if (!sg_table_add_chain(c->table, prefixes[s], err) || emit_body(c, &body, err))
				return -1;
		}
		rule = sg_chain_add_rule(&c->table->chains[0], err);
		if (!rule || sg_build_ct_state(rule, alike, err))
			return -1;
		if (constant[s] ? sg_compiler_finish(c, rule, constant[s], err)
				: sg_build_verdict(rule, SG_CODE_GOTO, prefixes[s], err))
			return -1;
	}
	c->state = SG_CT_NEW;
	body = (struct body){.chain = 0, .prefix = "", .node = nodes[SG_CT_NEW]};
	return emit_body(c, &body, err);
}

/* ------------------------------------------------------------------ the table */

static int check_others(struct sg_compiler *c, struct sg_error *err)
{
	for (unsigned int d = SG_FORWARD; d <= SG_OUT; d++) {
		sg_ref universe = sg_idd_restrict(c->idd, sg_packet_universe(c->idd), SG_FIELD_DIRECTION, d);
		sg_ref verdict = sg_idd_restrict(c->idd, c->decision->verdict, SG_FIELD_DIRECTION, d);
		sg_ref accepted = sg_idd_equals(c->idd, verdict, SG_VERDICT_ACCEPT);

		if (sg_idd_check(c->idd, accepted, err))
			return -1;
		if (!sg_idd_subset(c->idd, universe, accepted))
			return sg_error_set(err, SG_ERROR_INPUT, 0, "rules for %s packets cannot be made",
					    d == SG_OUT ? "outbound" : "forwarded");
	}
	return 0;
}

static int add_input(struct sg_compiler *c, struct sg_error *err)
{
	struct sg_chain *chain = sg_table_add_chain(c->table, "input", err);

	if (!chain)
		return -1;
	chain->is_base = true;
	chain->hook = NF_INET_LOCAL_IN;
	chain->priority = 0;
	chain->policy = NF_DROP;
	chain->type = strdup("filter");
	return chain->type ? 0 : sg_error_nomem(err);
}

static int compile(struct sg_compiler *c, struct sg_error *err)
{
	size_t levels = sg_idd_levels(c->idd);

	c->point = calloc(levels, sizeof(*c->point));
	c->fixed = calloc(levels, sizeof(*c->fixed));
	c->table->name = strdup(SG_TABLE_NAME);
	c->table->comment = strdup("made by sockgate from its policy");
	c->table->family = SG_TABLE_FAMILY;
	if (!c->point || !c->fixed || !c->table->name || !c->table->comment)
		return sg_error_nomem(err);
	if (check_others(c, err) || add_input(c, err))
		return -1;
	return emit_states(c, sg_idd_restrict(c->idd, c->decision->verdict, SG_FIELD_DIRECTION, SG_IN), err);
}

int sg_compile(const struct sg_decision *decision, const struct sg_compile_hints *hints, struct sg_table *ret,
	       struct sg_error *err)
{
	struct sg_table table = {0};
	struct sg_compiler c = {.decision = decision, .idd = decision->idd, .hints = hints, .table = &table};
	int result = compile(&c, err);

	for (size_t i = 0; i < c.class_count; i++)
		free(c.classes[i].chain);
	free(c.classes);
	free(c.point);
	free(c.fixed);
	sg_refmap_clear(&c.class_of);
	sg_refmap_clear(&c.sets);
	if (result)
		sg_table_clear(&table);
	else
		*ret = table;
	return result;
}
