// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decisions that hang on conditions and log: random ones are compiled and evaluated again (eval(compile(d)) == d), and
 * executed on packets in random worlds by an interpreter that knows nothing of diagrams. And what is not quite the
 * condition that a decision asks for is not taken for it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "base/mem.h"
#include "strict_terms.h"

/* ------------------------------------------------------------------ worlds */

struct around {
	const struct terms *terms;
	bool limit[LINES], connections[LINES];
	unsigned int cgroup; /* that the packet's socket is in; 0: another */
	unsigned int *asked; /* how often the meters of each line were, limits first */
};

static bool is_within(const struct sg_chain *chain, const struct sg_expr *expr, const void *data)
{
	const struct around *around = data;

	for (size_t i = 0; i < around->terms->count; i++) {
		const struct term *term = &around->terms->items[i];

		if (term->limit.kind && !strcmp(term->limit.name, chain->name)) {
			around->asked[i]++;
			return around->limit[i];
		}
		if (term->connections.kind && !strcmp(term->connections.name, chain->name)) {
			around->asked[LINES + i]++;
			return around->connections[i];
		}
	}
	assert_int_equal(expr->kind, SG_EXPR_LIMIT); /* of a log */
	return true;
}

static bool is_owned(uint32_t depth, uint64_t cgroup, const void *data)
{
	const struct around *around = data;

	return depth == DEPTH && cgroup == around->cgroup;
}

static struct around some_world(const struct terms *terms)
{
	struct around around = {.terms = terms, .cgroup = below(CGROUPS + 1)};

	for (size_t i = 0; i < terms->count; i++) {
		around.limit[i] = below(2);
		around.connections[i] = below(2);
	}
	return around;
}

/* The point of the packet in that world. */
static void place(const struct terms *terms, const struct around *around, const struct nft_packet *packet, uint64_t now,
		  sg_u128 *point)
{
	place_packet(packet, point);
	for (size_t level = SG_LEVEL_TIME; level < sg_idd_levels(terms->idd); level++) {
		const struct sg_condition *condition = sg_condition_of(terms->idd, level);

		point[level] = 0;
		if (!condition)
			continue;
		if (level == SG_LEVEL_TIME)
			point[level] = now;
		else if (condition->kind == SG_CONDITION_SOCKET)
			point[level] = condition->cgroup == around->cgroup;
		for (size_t i = 0; i < terms->count && condition->kind == SG_CONDITION_METER; i++) {
			if (!memcmp(condition, &terms->items[i].limit, sizeof(*condition)))
				point[level] = around->limit[i];
			else if (!memcmp(condition, &terms->items[i].connections, sizeof(*condition)))
				point[level] = around->connections[i];
		}
	}
}

/* Meters count: at most once, and only what nobody blocks, or allows without a meter, in the line's time and of its
 * owner.
 */
static void expect_asked_in_need(const struct terms *terms, const struct around *around, const sg_u128 *point)
{
	bool decided = point[SG_FIELD_DIRECTION] != terms->direction || point[SG_FIELD_STATE] != SG_CT_NEW;

	for (size_t i = 0; i < terms->count; i++) {
		const struct term *term = &terms->items[i];

		if (!term->allows || !metered(term))
			decided = decided || sg_idd_lookup(terms->idd, met(terms->idd, term), point);
	}
	for (size_t i = 0; i < terms->count; i++) {
		const struct term *term = &terms->items[i];
		bool speaks = sg_idd_lookup(terms->idd, in_time(terms->idd, term), point) &&
			      (!term->cgroup || term->cgroup == around->cgroup);

		assert_true(around->asked[i] <= (speaks && !decided));
		assert_true(around->asked[LINES + i] <= (speaks && !decided));
	}
}

static void expect_as_decided(const struct terms *terms, const struct sg_table *table, uint64_t current)
{
	/* the evaluation has levels of its own, of what it does not know */
	sg_autofree sg_u128 *point = calloc(sg_idd_levels(terms->idd), sizeof(*point));
	struct around around = some_world(terms);
	unsigned int asked[2 * LINES] = {0};
	struct nft_packet packet;
	const struct sg_expr *logged;
	enum sg_verdict verdict;
	struct nft_world world = {
		.now = dates[below(LENGTH(dates))] - below(2), .within = is_within, .owned = is_owned, .data = &around};
	uint32_t log;

	assert_non_null(point);
	random_packet(&packet);
	if (below(2)) /* one that the lines speak of */
		packet.direction = terms->direction;
	packet.l4proto = below(4) ? 6 : packet.l4proto;
	packet.state = below(4) ? SG_CT_NEW : packet.state;
	random_connection_of(&packet);
	around.asked = asked;
	place(terms, &around, &packet, world.now, point);
	verdict = nft_run_in(table, &packet, seed, &world, &logged);
	if (verdict != (enum sg_verdict)sg_idd_lookup(terms->idd, terms->decision.verdict, point))
		fail_msg("SEED=%llu: a packet is judged otherwise than decided", (unsigned long long)current);
	expect_asked_in_need(terms, &around, point);
	log = sg_idd_lookup(terms->idd, terms->decision.log, point);
	if (!log != !logged ||
	    (log && strncmp(logged->name, terms->names[log - 1], strlen(terms->names[log - 1])) != 0))
		fail_msg("SEED=%llu: logged as '%s', not as %u", (unsigned long long)current,
			 logged ? logged->name : "nothing", log);
}

/* ------------------------------------------------------------------ the property */

static void random_conditions(void **state)
{
	static const enum sg_direction directions[] = {SG_IN, SG_OUT, SG_PUBLISHED};
	const char *given = getenv("SEED"), *rounds = getenv("ROUNDS");
	uint64_t start = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

	(void)state;
	for (uint64_t i = 0; i < (rounds ? strtoull(rounds, NULL, 10) : 300); i++) {
		struct sg_table table = {0};
		struct sg_error err = {0};
		struct terms terms = {0};

		seed = start + i;
		terms.idd = sg_packet_context(0);
		assert_non_null(terms.idd);
		terms.direction = directions[below(LENGTH(directions))];
		make_terms(&terms);
		if (sg_compile(&terms.decision, NULL, &table, &err))
			fail_msg("SEED=%llu: %s", (unsigned long long)(start + i), err.message);
		if (answer_of(&terms, &table) != SG_PROVEN)
			fail_msg("SEED=%llu: not proven", (unsigned long long)(start + i));
		expect_unique_names(&table);
		for (size_t packet = 0; packet < 100; packet++)
			expect_as_decided(&terms, &table, start + i);
		sg_table_clear(&table);
		sg_idd_free(terms.idd);
	}
}

/* ------------------------------------------------------------------ what is not the condition */

static void rate(struct sg_table *table)
{
	find_expr(table, SG_EXPR_DYNSET, 0)->inner[0].rate++;
}
static void unit(struct sg_table *table)
{
	find_expr(table, SG_EXPR_DYNSET, 1)->inner[0].unit = 3600;
}
static void burst(struct sg_table *table)
{
	find_expr(table, SG_EXPR_DYNSET, 0)->inner[0].burst--;
}
static void over(struct sg_table *table)
{
	find_expr(table, SG_EXPR_DYNSET, 0)->inner[0].inverted = true;
}
static void in_bytes(struct sg_table *table)
{
	find_expr(table, SG_EXPR_DYNSET, 0)->inner[0].is_bytes = true;
}
static void no_longer(struct sg_table *table)
{
	find_expr(table, SG_EXPR_DYNSET, 0)->op = NFT_DYNSET_OP_ADD;
}
static void inverted(struct sg_table *table)
{
	find_expr(table, SG_EXPR_DYNSET, 0)->inverted = true;
}
static void own_timeout(struct sg_table *table)
{
	find_expr(table, SG_EXPR_DYNSET, 0)->timeout = 1000;
}
static void count(struct sg_table *table)
{
	find_expr(table, SG_EXPR_CONNLIMIT, 0)->rate++;
}
static void more(struct sg_table *table)
{
	find_expr(table, SG_EXPR_CONNLIMIT, 0)->inverted = true;
}
static void other_group(struct sg_table *table)
{
	find_expr(table, SG_EXPR_CMP, 1)->data[0]++;
}
static void other_depth(struct sg_table *table)
{
	find_expr(table, SG_EXPR_SOCKET, 0)->base++;
}
static void other_key(struct sg_table *table)
{
	find_expr(table, SG_EXPR_SOCKET, 0)->key = NFT_SOCKET_MARK;
}
static void any_other_group(struct sg_table *table)
{
	find_expr(table, SG_EXPR_CMP, 1)->op = NFT_CMP_NEQ;
}
static void range_of_groups(struct sg_table *table)
{
	struct sg_expr *compare = find_expr(table, SG_EXPR_CMP, 1);

	compare->kind = SG_EXPR_RANGE;
	compare->op = NFT_RANGE_EQ;
	memset(compare->data2, 0xff, 8);
}
static void part_of_the_group(struct sg_table *table)
{
	find_expr(table, SG_EXPR_CMP, 1)->data_length = 4;
}
static void later(struct sg_table *table)
{
	find_expr(table, SG_EXPR_CMP, 0)->data[7]++;
}
static void host_order(struct sg_table *table)
{
	find_expr(table, SG_EXPR_BYTEORDER, 0)->size = 4;
}
static void forgets(struct sg_table *table)
{
	find_set(table, "limit_tcp_22_4")->timeout = 59000;
}
static void for_ever(struct sg_table *table)
{
	find_set(table, "limit_tcp_22_4")->timeout = 0;
}
static void small(struct sg_table *table)
{
	find_set(table, "limit_tcp_22_6")->size = 65535;
}
static void odd_set(struct sg_table *table)
{
	find_set(table, "limit_tcp_22_6")->unknown = true;
}

/* Somebody put an element into the set. */
static void one_without_a_limit(struct sg_table *table)
{
	find_set(table, "limit_tcp_22_4")->carried_odd = true;
}
static void ones_of_another_limit(struct sg_table *table)
{
	struct sg_set *set = find_set(table, "limit_tcp_22_6");

	set->carried = calloc(1, sizeof(*set->carried));
	*set->carried = find_expr(table, SG_EXPR_DYNSET, 1)->inner[0];
	set->carried->rate = set->carried->burst = 21;
}

static void other_name(struct sg_table *table)
{
	find_chain(table, "limit_tcp_22")->name[0] = 'L';
}

static void finer(struct sg_table *table)
{
	struct sg_expr *mask = NULL;

	for (size_t i = 0; !mask || mask->data[7] != 0xff || mask->data[8]; i++)
		mask = find_expr(table, SG_EXPR_BITWISE, i);
	mask->data[8] = 0xff;
}

/* The load of an address that the update of that number looks at. */
static struct sg_expr *find_address(struct sg_table *table, size_t update)
{
	struct sg_chain *chain = find_chain(table, "limit_tcp_22");

	for (size_t e = 0; e < chain->rules[update].expr_count; e++)
		if (chain->rules[update].exprs[e].kind == SG_EXPR_PAYLOAD)
			return &chain->rules[update].exprs[e];
	fail_msg("no address");
	return NULL;
}

static void target4(struct sg_table *table)
{
	find_address(table, 0)->offset = 16;
}
static void target6(struct sg_table *table)
{
	find_address(table, 1)->offset = 24;
}
static void other_header(struct sg_table *table)
{
	find_address(table, 0)->base = NFT_PAYLOAD_TRANSPORT_HEADER;
}
static void one_for_all(struct sg_table *table)
{
	*find_address(table, 0) = (struct sg_expr){.kind = SG_EXPR_IMMEDIATE, .data_length = 4, .data = {10, 0, 0, 1}};
}
static void half_an_address(struct sg_table *table)
{
	find_address(table, 0)->length = 2;
}
static void network_of_addresses(struct sg_table *table)
{
	struct sg_rule *rule = &find_chain(table, "limit_tcp_22")->rules[0];
	struct sg_expr masked = {.kind = SG_EXPR_BITWISE, .length = 4, .data_length = 4, .data = {255, 255, 255}};
	size_t at = (size_t)(find_address(table, 0) - rule->exprs) + 1;

	add(rule, SG_EXPR_BITWISE);
	memmove(rule->exprs + at + 1, rule->exprs + at, (rule->expr_count - 1 - at) * sizeof(masked));
	rule->exprs[at] = masked;
}

/* Both families count in one set: of IPv4 that is not its own any more. */
static void one_set(struct sg_table *table)
{
	struct sg_expr *second = find_expr(table, SG_EXPR_DYNSET, 1);

	free(second->name);
	second->name = strdup("limit_tcp_22_4");
}

/* A lookup of what packets put into the set. */
static void looked_up(struct sg_table *table)
{
	struct sg_rule *rule = sg_chain_add_rule(find_chain(table, "limit_tcp_22"), NULL);

	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 12, 4, 0);
	add_lookup(rule, 0, "limit_tcp_22_4", false, false);
}

/* A chain of the same name but for its version, with a bucket of its own, is asked after the first one. */
static void twice(struct sg_table *table)
{
	struct sg_chain *copy = sg_table_add_chain(table, "connections_tcp_22.7", NULL), *limit;
	struct sg_rule *rule = sg_chain_add_rule(copy, NULL);

	add(rule, SG_EXPR_CONNLIMIT)->rate = 50;
	add_verdict(rule, SG_CODE_ACCEPT, NULL);
	limit = find_chain(table, "limit_tcp_22");
	add_verdict(sg_chain_add_rule(limit, NULL), SG_CODE_JUMP, "connections_tcp_22.7");
}

static void what_is_not_the_condition(void **state)
{
	static void (*const spoil[])(struct sg_table *) = {
		rate,
		unit,
		burst,
		over,
		in_bytes,
		no_longer,
		inverted,
		own_timeout,
		count,
		more,
		other_group,
		other_depth,
		other_key,
		later,
		host_order,
		forgets,
		for_ever,
		small,
		odd_set,
		finer,
		one_set,
		looked_up,
		twice,
		other_name,
		one_without_a_limit,
		ones_of_another_limit,
		any_other_group,
		target4,
		target6,
		other_header,
		one_for_all,
		half_an_address,
		network_of_addresses,
		range_of_groups,
		part_of_the_group,
	};

	(void)state;
	for (size_t i = 0; i <= LENGTH(spoil); i++) {
		struct sg_table table = {0};
		struct sg_error err = {0};
		struct terms terms = {0};
		enum sg_answer answer;

		make_strict(&terms);
		assert_int_equal(sg_compile(&terms.decision, NULL, &table, &err), 0);
		if (i < LENGTH(spoil))
			spoil[i](&table);
		answer = answer_of(&terms, &table);
		if ((answer == SG_PROVEN) != (i == LENGTH(spoil)))
			fail_msg("spoilt in way %zu: answer %d", i, (int)answer);
		sg_table_clear(&table);
		sg_idd_free(terms.idd);
	}
}

/* Elements that count as the rule does are what packets make. */
static void those_in_the_set_already(void **state)
{
	struct sg_table table = {0};
	struct sg_error err = {0};
	struct terms terms = {0};
	struct sg_set *set;

	(void)state;
	make_strict(&terms);
	assert_int_equal(sg_compile(&terms.decision, NULL, &table, &err), 0);
	set = find_set(&table, "limit_tcp_22_4");
	set->carried = calloc(1, sizeof(*set->carried));
	*set->carried = find_expr(&table, SG_EXPR_DYNSET, 0)->inner[0];
	assert_int_equal(answer_of(&terms, &table), SG_PROVEN);
	sg_table_clear(&table);
	sg_idd_free(terms.idd);
}

/* A number of a version is no part of a meter's name. */
static void versions_are_the_same_meter(void **state)
{
	struct sg_table table = {0};
	struct sg_error err = {0};
	struct terms terms = {0};
	struct sg_chain *chain;
	struct sg_expr *jump;

	(void)state;
	make_strict(&terms);
	assert_int_equal(sg_compile(&terms.decision, NULL, &table, &err), 0);
	chain = find_chain(&table, "connections_tcp_22");
	free(chain->name);
	chain->name = strdup("connections_tcp_22.12");
	sg_table_reindex(&table);
	for (size_t i = 0; i < 2; i++) {
		jump = NULL;
		for (size_t skip = 0;
		     !jump || !jump->verdict.chain || strcmp(jump->verdict.chain, "connections_tcp_22") != 0;)
			jump = find_expr(&table, SG_EXPR_VERDICT, skip++);
		free(jump->verdict.chain);
		jump->verdict.chain = strdup("connections_tcp_22.12");
	}
	assert_int_equal(answer_of(&terms, &table), SG_PROVEN);
	sg_table_clear(&table);
	sg_idd_free(terms.idd);
}

/* A former chain that nothing leads to does not count, though it names the same set. */
static void what_is_left_over_does_not_count(void **state)
{
	struct sg_table table = {0};
	struct sg_error err = {0};
	struct terms terms = {0};
	struct sg_rule *rule;
	struct sg_expr *update;

	(void)state;
	make_strict(&terms);
	assert_int_equal(sg_compile(&terms.decision, NULL, &table, &err), 0);
	rule = sg_chain_add_rule(sg_table_add_chain(&table, "limit_tcp_22.4", NULL), NULL);
	update = add(rule, SG_EXPR_DYNSET);
	update->name = strdup("limit_tcp_22_4");
	add_verdict(rule, SG_CODE_JUMP, "connections_tcp_22");
	assert_int_equal(answer_of(&terms, &table), SG_PROVEN);
	sg_table_clear(&table);
	sg_idd_free(terms.idd);
}

/* A symbolic owner cannot be made into rules, and nor can a decision that wants a meter not to be within. */
static void what_cannot_be_compiled(void **state)
{
	struct sg_condition symbolic = {.kind = SG_CONDITION_SOCKET, .name = "web.service"};
	struct terms terms = {0};
	struct sg_idd *idd;
	sg_ref accept, bad[2];

	(void)state;
	make_strict(&terms);
	idd = terms.idd;
	accept = sg_idd_equals(idd, terms.decision.verdict, SG_VERDICT_ACCEPT);
	bad[0] = sg_idd_and(idd, accept, holds(idd, &symbolic));
	bad[1] = sg_idd_or(idd, accept, sg_idd_not(idd, holds(idd, &terms.items[0].connections)));
	for (size_t i = 0; i < LENGTH(bad); i++) {
		struct sg_decision decision = terms.decision;
		struct sg_table table = {0};
		struct sg_error err = {0};
		sg_ref in = sg_idd_range(idd, SG_FIELD_DIRECTION, SG_IN, SG_IN);

		decision.verdict =
			sg_idd_ite(idd, bad[i], sg_idd_terminal(SG_VERDICT_ACCEPT), sg_idd_terminal(SG_VERDICT_DROP));
		decision.verdict = sg_idd_ite(idd, in, decision.verdict, sg_idd_terminal(SG_VERDICT_ACCEPT));
		decision.verdict = sg_idd_ite(idd, sg_packet_universe(idd), decision.verdict, SG_IDD_EMPTY);
		assert_int_equal(sg_compile(&decision, NULL, &table, &err), -1);
		assert_int_equal(err.kind, SG_ERROR_INPUT);
		assert_null(table.chains);
	}
	sg_idd_free(idd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_conditions),           cmocka_unit_test(what_is_not_the_condition),
		cmocka_unit_test(versions_are_the_same_meter), cmocka_unit_test(what_is_left_over_does_not_count),
		cmocka_unit_test(what_cannot_be_compiled),     cmocka_unit_test(those_in_the_set_already),

	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
