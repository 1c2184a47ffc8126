/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * strict_terms.h - decisions that hang on conditions, and whether a table is proven to decide so. For tests that spoil
 * a table here and there.
 */
#ifndef STRICT_TERMS_H
#define STRICT_TERMS_H

#include <cmocka.h>
#include "random_rules.h"
#include "sockgate/compile.h"
#include "sockgate/evaluate.h"

/* ------------------------------------------------------------------ random ones */

static inline sg_ref some_region(struct sg_idd *idd)
{
	uint32_t port = some_port[below(12)];
	uint8_t protocol = some_protocol[below(2)], address[16];
	sg_ref region = sg_idd_range(idd, SG_FIELD_PROTOCOL, protocol, protocol);
	struct sg_range name;

	region = sg_idd_and(idd, region, sg_idd_range(idd, SG_FIELD_PORT, port, port + below(2)));
	if (below(4) == 0)
		region = SG_IDD_FULL;
	if (below(4) == 0 && sg_interface_range("eth*", 4, &name))
		region = sg_idd_and(idd, region, sg_idd_range(idd, SG_FIELD_INTERFACE, name.first, name.last));
	if (below(3) == 0) {
		sg_u128 number = 0;

		random_address(address, sizeof(address));
		for (size_t i = 0; i < 4; i++)
			number = number << 8 | address[i];
		region = sg_idd_and(idd, region, sg_idd_range(idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4));
		region = sg_idd_and(idd, region,
				    sg_idd_range(idd, SG_FIELD_REMOTE4, number & ~(sg_u128)0xff, number | 0xff));
	}
	return region;
}

#include "random_terms.h"

static inline enum sg_answer answer_of(struct terms *terms, const struct sg_table *table)
{
	struct sg_evaluation evaluation;
	struct sg_error err = {0};
	struct sg_packet packet;
	enum sg_answer answer;
	size_t unknown;

	assert_int_equal(sg_evaluate(terms->idd, table, &evaluation, &err), 0);
	assert_int_equal(sg_evaluation_compare(&evaluation, &terms->decision, &answer, &packet, &unknown, &err), 0);
	if (answer == SG_PROVEN)
		assert_int_equal(sg_evaluation_compare_logs(&evaluation, &terms->decision, &answer, &packet, &unknown,
							    &err),
				 0);
	if (getenv("VERBOSE") && answer == SG_UNDECIDED)
		fprintf(stderr, "undecided: %s\n", evaluation.unknowns[unknown].reason);
	sg_evaluation_clear(&evaluation);
	return answer;
}

/* The kernel takes each name once. */
static inline void expect_unique_names(const struct sg_table *table)
{
	for (size_t i = 0; i < table->chain_count; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(table->chains[i].name, table->chains[k].name);
	for (size_t i = 0; i < table->set_count; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(table->sets[i].name, table->sets[k].name);
}

/* ------------------------------------------------------------------ one of each condition */

/* One rule for port 22: 20 new connections a minute for each source, 50 at once, of a cgroup, until a date. */
static inline void make_strict(struct terms *terms)
{
	struct sg_idd *idd = terms->idd = sg_packet_context(0);
	struct term *term = &terms->items[0];
	sg_ref port, in;

	assert_non_null(idd);
	port = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PROTOCOL, 6, 6), sg_idd_range(idd, SG_FIELD_PORT, 22, 22));
	*term = (struct term){.region = port, .allows = true, .date = 2, .cgroup = 1};
	name_meter(&term->limit, "limit", 22);
	term->limit.limit = 20;
	term->limit.limit_seconds = 60;
	term->limit.limit_per_peer = true;
	name_meter(&term->connections, "connections", 22);
	term->connections.connections = 50;
	in = sg_idd_and(idd, sg_packet_universe(idd), sg_idd_range(idd, SG_FIELD_DIRECTION, SG_IN, SG_IN));
	terms->count = 1;
	terms->decision = (struct sg_decision){
		.idd = idd,
		.origin = sg_idd_terminal(0),
		.verdict = sg_idd_ite(
			idd, in,
			sg_idd_ite(idd, met(idd, term), sg_idd_terminal(SG_VERDICT_ACCEPT),
				   sg_idd_terminal(SG_VERDICT_DROP)),
			sg_idd_ite(idd, sg_packet_universe(idd), sg_idd_terminal(SG_VERDICT_ACCEPT), SG_IDD_EMPTY)),
	};
}

static inline struct sg_expr *find_expr(struct sg_table *table, enum sg_expr_kind kind, size_t skip)
{
	for (size_t c = 0; c < table->chain_count; c++)
		for (size_t r = 0; r < table->chains[c].rule_count; r++)
			for (size_t e = 0; e < table->chains[c].rules[r].expr_count; e++)
				if (table->chains[c].rules[r].exprs[e].kind == kind && skip-- == 0)
					return &table->chains[c].rules[r].exprs[e];
	fail_msg("no such expression");
	return NULL;
}

static inline struct sg_set *find_set(struct sg_table *table, const char *name)
{
	for (size_t i = 0; i < table->set_count; i++)
		if (!strcmp(table->sets[i].name, name))
			return &table->sets[i];
	fail_msg("no set %s", name);
	return NULL;
}

static inline struct sg_chain *find_chain(struct sg_table *table, const char *name)
{
	for (size_t i = 0; i < table->chain_count; i++)
		if (!strcmp(table->chains[i].name, name))
			return &table->chains[i];
	fail_msg("no chain %s", name);
	return NULL;
}

#endif
