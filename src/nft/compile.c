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
 * Packets to published ports are judged in a chain of their own, by what their connections were before the destination
 * was rewritten. Behind its maps they mostly meet what inbound packets meet: what comes out the same is made one.
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
#include "nft/fold.h"
#include "sockgate/proto.h"

#define PUBLISHED_PREFIX "pub_"

/* ------------------------------------------------------------------ a body: preludes, maps, tail */

/* The packets of the direction and the state that can exist, over the levels from SG_FIELD_PROTOCOL on. */
static sg_ref packets_in(struct sg_compiler *c, enum sg_ct_state state)
{
	sg_ref universe = sg_idd_restrict(c->idd, sg_packet_universe(c->idd), SG_FIELD_DIRECTION, c->direction);

	return sg_idd_restrict(c->idd, universe, SG_FIELD_STATE, state);
}

/* The new ones. All others that exist are like them. */
static sg_ref all_packets(struct sg_compiler *c)
{
	return packets_in(c, SG_CT_NEW);
}

/* Those that the ICMP maps do not decide. What they leave out is judged as if it had no type. */
static sg_ref after_icmp(struct sg_compiler *c)
{
	sg_ref icmp = sg_idd_or(c->idd, sg_idd_range(c->idd, SG_FIELD_PROTOCOL, SG_PROTO_ICMP, SG_PROTO_ICMP),
				sg_idd_range(c->idd, SG_FIELD_PROTOCOL, SG_PROTO_ICMPV6, SG_PROTO_ICMPV6));
	sg_ref typed = sg_idd_range(c->idd, SG_FIELD_PORT, 0, SG_PORT_ABSENT - 1);

	return sg_idd_minus(c->idd, all_packets(c), sg_idd_and(c->idd, icmp, typed));
}

/* The one outcome of packets under the body, or 0. */
static uint32_t one_outcome(struct sg_compiler *c, const struct sg_body *body, sg_ref packets)
{
	uint32_t outcome;

	if (!sg_idd_witness(c->idd, packets, 1, c->point, c->fixed))
		return 0;
	outcome = sg_idd_lookup(c->idd, body->node, c->point);
	return sg_idd_subset(c->idd, packets, sg_idd_equals(c->idd, body->node, outcome)) ? outcome : 0;
}

/* The preludes that hold for all the packets that get here; the others are left for later. */
static int emit_preludes(struct sg_compiler *c, const struct sg_body *body, sg_ref packets, struct sg_error *err)
{
	static const char *const labels[] = {[SG_IN] = "block", [SG_OUT] = "out_block", [SG_PUBLISHED] = "pub_block"};

	for (size_t i = 0; c->hints && i < c->hints->prelude_count; i++) {
		const struct sg_compile_prelude *prelude = &c->hints->preludes[i];
		sg_ref open = sg_idd_and(c->idd, prelude->region, c->care);
		struct sg_region_rules rules = {.chain = body->chain,
						.region = prelude->region,
						.label = labels[c->direction],
						.comment = prelude->comment,
						.origin = prelude->origin,
						.protocol = SG_PROTO_TCP};

		if (prelude->direction != c->direction)
			continue;
		if (sg_idd_check(c->idd, open, err))
			return -1;
		if (open == SG_IDD_EMPTY || sg_idd_level(c->idd, prelude->region) < SG_FIELD_INTERFACE)
			continue;
		rules.outcome = one_outcome(c, body, sg_idd_and(c->idd, open, packets));
		if (!rules.outcome)
			continue;
		if (sg_compiler_region(c, &rules, err))
			return -1;
		c->care = sg_idd_minus(c->idd, c->care, prelude->region);
	}
	return sg_idd_check(c->idd, c->care, err);
}

/* Classes of what has no port, and the one that most protocols have. */
static int find_tails(struct sg_compiler *c, struct sg_body *body, struct sg_error *err)
{
	size_t most = 0;

	for (unsigned int p = 0; p <= 255; p++)
		if (sg_compiler_tail(c, body, p, err))
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

static int emit_body(struct sg_compiler *c, struct sg_body *body, struct sg_error *err)
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
	if (sg_compiler_icmp(c, body, SG_PROTO_ICMP, err) || sg_compiler_icmp(c, body, SG_PROTO_ICMPV6, err) ||
	    emit_preludes(c, body, after_icmp(c), err))
		return -1;
	if (c->care == SG_IDD_EMPTY)
		return 0;
	if (find_tails(c, body, err) || sg_compiler_ports(c, body, err) || sg_compiler_protocols(c, body, err))
		return -1;
	tail = c->classes[body->common];
	if (tail.constant)
		return sg_compiler_end(c, body->chain, tail.constant, label, err);
	return sg_compiler_class(c, body->chain, &tail, 255, SG_PORT_ABSENT, label, err);
}

/* ------------------------------------------------------------------ conntrack states */

/* The states whose packets all get one verdict first, the others by what judges them. */
static int emit_states(struct sg_compiler *c, size_t base, sg_ref packets, struct sg_error *err)
{
	static const char *const prefixes_of[SG_DIRECTIONS][SG_CT_COUNT] = {
		[SG_IN] = {"", "established_", "related_", "invalid_", "untracked_"},
		[SG_OUT] = {"out_", "out_established_", "out_related_", "out_invalid_", "out_untracked_"},
		[SG_PUBLISHED] = {PUBLISHED_PREFIX, PUBLISHED_PREFIX "established_", PUBLISHED_PREFIX "related_",
				  PUBLISHED_PREFIX "invalid_", PUBLISHED_PREFIX "untracked_"},
	};
	const char *const *prefixes = prefixes_of[c->direction];
	uint32_t constant[SG_CT_COUNT];
	sg_ref nodes[SG_CT_COUNT];
	unsigned int done = 1U << SG_CT_NEW;
	struct sg_body body = {.chain = base, .prefix = ""};

	for (unsigned int s = 0; s < SG_CT_COUNT; s++) {
		body.node = nodes[s] = sg_idd_restrict(c->idd, packets, SG_FIELD_STATE, s);
		if (sg_idd_check(c->idd, nodes[s], err))
			return -1;
		constant[s] = one_outcome(c, &body, all_packets(c));
		if (nodes[s] == nodes[SG_CT_NEW] || (constant[s] && constant[s] == constant[SG_CT_NEW]) ||
		    packets_in(c, s) == SG_IDD_EMPTY)
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
			body = (struct sg_body){
				.chain = c->table->chain_count, .prefix = prefixes[s], .node = nodes[s]};
			c->state = s;
			if (!sg_table_add_chain(c->table, prefixes[s], err) || emit_body(c, &body, err))
				return -1;
		}
		rule = sg_chain_add_rule(&c->table->chains[base], err);
		if (!rule || sg_build_ct_state(rule, alike, err))
			return -1;
		if (constant[s] ? sg_compiler_finish(c, rule, constant[s], prefixes[s], err)
				: sg_build_verdict(rule, SG_CODE_GOTO, prefixes[s], err))
			return -1;
	}
	c->state = SG_CT_NEW;
	body = (struct sg_body){.chain = base, .prefix = prefixes[SG_CT_NEW], .node = nodes[SG_CT_NEW]};
	return emit_body(c, &body, err);
}

/* ------------------------------------------------------------------ the table */

/* 1: the outcome is that of all packets of the direction, 0: not, -1: error. */
static int all_are(struct sg_compiler *c, enum sg_direction direction, uint32_t outcome, struct sg_error *err)
{
	sg_ref universe = sg_idd_restrict(c->idd, sg_packet_universe(c->idd), SG_FIELD_DIRECTION, direction);
	sg_ref judged = sg_idd_restrict(c->idd, c->judged, SG_FIELD_DIRECTION, direction);
	sg_ref those = sg_idd_equals(c->idd, judged, outcome);

	if (sg_idd_check(c->idd, those, err))
		return -1;
	return sg_idd_subset(c->idd, universe, those);
}

static int add_base(struct sg_compiler *c, const char *name, uint32_t hook, struct sg_error *err)
{
	struct sg_chain *chain = sg_table_add_chain(c->table, name, err);

	if (!chain)
		return -1;
	chain->is_base = true;
	chain->hook = hook;
	chain->priority = 0;
	chain->policy = NF_DROP;
	chain->type = strdup("filter");
	return chain->type ? 0 : sg_error_nomem(err);
}

static int emit_direction(struct sg_compiler *c, enum sg_direction direction, struct sg_error *err)
{
	bool out = direction == SG_OUT;

	c->direction = direction;
	if (add_base(c, out ? "output" : "input", out ? NF_INET_LOCAL_OUT : NF_INET_LOCAL_IN, err))
		return -1;
	return emit_states(c, c->table->chain_count - 1,
			   sg_idd_restrict(c->idd, c->judged, SG_FIELD_DIRECTION, direction), err);
}

/*
 * The base chain for forwarded packets: ct direction original ct status dnat goto published, and all others pass. The
 * rules are made in `published`.
 */
static int emit_published(struct sg_compiler *c, struct sg_error *err)
{
	int refused = all_are(c, SG_PUBLISHED, SG_VERDICT_DROP, err);
	struct sg_rule *rule;
	size_t base = c->table->chain_count;

	c->direction = SG_PUBLISHED;
	if (refused < 0 || add_base(c, "forward", NF_INET_FORWARD, err))
		return -1;
	rule = sg_chain_add_rule(&c->table->chains[base], err);
	if (!rule || sg_build_published(rule, err) ||
	    sg_build_verdict(rule, refused ? SG_CODE_DROP : SG_CODE_GOTO, refused ? NULL : "published", err))
		return -1;
	if (sg_compiler_end(c, base, SG_VERDICT_ACCEPT, "", err))
		return -1;
	if (refused)
		return 0;
	if (!sg_table_add_chain(c->table, "published", err))
		return -1;
	return emit_states(c, base + 1, sg_idd_restrict(c->idd, c->judged, SG_FIELD_DIRECTION, SG_PUBLISHED), err);
}

static int emit_directions(struct sg_compiler *c, struct sg_error *err)
{
	int forwards = all_are(c, SG_FORWARD, SG_VERDICT_ACCEPT, err);
	int publishes = all_are(c, SG_PUBLISHED, SG_VERDICT_ACCEPT, err);
	int sends = all_are(c, SG_OUT, SG_VERDICT_ACCEPT, err);

	if (forwards < 0 || publishes < 0 || sends < 0)
		return -1;
	if (!forwards)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "rules for forwarded packets cannot be made");
	if (emit_direction(c, SG_IN, err))
		return -1;
	if (!publishes && emit_published(c, err))
		return -1;
	return sends ? 0 : emit_direction(c, SG_OUT, err);
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
	if (sg_compiler_judge(c, err) || emit_directions(c, err))
		return -1;
	return sg_fold(c->table, PUBLISHED_PREFIX, err);
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
	sg_compiler_clear_outcomes(&c);
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
