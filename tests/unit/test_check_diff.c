/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Differences of decisions: what is said, and that it is exact. */
#include "check_world.h"
#include "sockgate/diff.h"

struct world {
	struct sg_idd *idd;
	struct sg_diff diff;
	struct sg_subject from, to;
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->idd = sg_packet_context(0);
	*state = world;
	return world->idd ? 0 : -1;
}

static int teardown(void **state)
{
	struct world *world = *state;

	sg_diff_clear(&world->diff);
	sg_idd_free(world->idd);
	free(world);
	return 0;
}

static void make(struct world *world, const struct rule *from, size_t from_count, const struct rule *to,
		 size_t to_count)
{
	struct sg_error err = {0};

	sg_diff_clear(&world->diff);
	world->from = world_subject(world->idd, from, from_count);
	world->to = world_subject(world->idd, to, to_count);
	if (sg_diff(&world->from, &world->to, &world->diff, &err) < 0)
		fail_msg("%s", err.message);
}

#define RULES(...)                                                                                                     \
	((const struct rule[]){__VA_ARGS__}), sizeof((const struct rule[]){__VA_ARGS__}) / sizeof(struct rule)
#define NO_RULES NULL, 0

static void assert_range(const struct sg_ranges *set, size_t i, sg_u128 first, sg_u128 last)
{
	assert_true(i < set->count);
	assert_true(set->items[i].first == first && set->items[i].last == last);
}

static void test_equal(void **state)
{
	struct world *world = *state;

	make(world, RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22"}),
	     RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22"}));
	assert_int_equal(world->diff.equal, SG_PROVEN);
	assert_int_equal(world->diff.count, 0);
}

static void test_one_port(void **state)
{
	struct world *world = *state;
	const struct sg_change *change;

	make(world, NO_RULES, RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "8443"}));
	assert_int_equal(world->diff.equal, SG_REFUTED);
	assert_int_equal(world->diff.count, 1);
	change = world->diff.changes;
	assert_int_equal(change->kind, SG_CHANGE_OPENED);
	assert_int_equal(change->from, SG_OUTCOME_DROP);
	assert_int_equal(change->to, SG_OUTCOME_ACCEPT);
	assert_int_equal(change->where->states, 1U << SG_CT_NEW | 1U << SG_CT_UNTRACKED);
	assert_int_equal(change->where->protocols.count, 1);
	assert_range(&change->where->protocols, 0, SG_PROTO_TCP, SG_PROTO_TCP);
	assert_int_equal(change->where->ports.count, 1);
	assert_range(&change->where->ports, 0, 8443, 8443);
	assert_false(change->where->without_port);
	assert_true(change->where->interfaces.any);
	assert_true(change->where->interfaces.loopback_aside);
	assert_int_equal(change->where->interfaces.except.count, 0);
	assert_int_equal(change->where->families, 3);
	assert_true(change->where->local->any && change->where->remote->any);
	assert_int_equal(change->from_count, 1);
	assert_int_equal(change->from_origins[0], WORLD_BASE);
	assert_int_equal(change->to_count, 1);
	assert_int_equal(change->to_origins[0], 1);
	assert_true(change->witness.field[SG_FIELD_PORT] == 8443);
	assert_true(change->witness.fixed[SG_FIELD_REMOTE4]);
	assert_true(change->witness.field[SG_FIELD_REMOTE4] == 1);
	assert_false(change->witness.fixed[SG_FIELD_INTERFACE]);
	assert_int_equal(world->diff.sum.ports_opened, 1);
	assert_int_equal(world->diff.sum.ports_closed, 0);
	assert_int_equal(world->diff.sum.opened, 1);
}

/* tcp and udp with equal ports are one, ports of one class are one, both families are one. */
static void test_merged(void **state)
{
	struct world *world = *state;
	const struct sg_where *where;

	make(world, RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "1000"}),
	     RULES({.verdict = SG_VERDICT_ACCEPT,
		    .protocols = "tcp udp",
		    .ports = "53",
		    .from = "192.0.2.0/24 2001:db8::/32"},
		   {.verdict = SG_VERDICT_ACCEPT,
		    .protocols = "tcp udp",
		    .ports = "88-90",
		    .from = "192.0.2.0/24 2001:db8::/32"}));
	assert_int_equal(world->diff.count, 2);
	where = world->diff.changes[0].where;
	assert_int_equal(where->protocols.count, 2);
	assert_int_equal(where->ports.count, 2);
	assert_range(&where->ports, 1, 88, 90);
	assert_int_equal(where->families, 3);
	assert_true(where->local->any);
	assert_false(where->remote->any || where->remote->except);
	assert_int_equal(where->remote->v4.count, 1);
	assert_int_equal(where->remote->v6.count, 1);
	assert_int_equal(world->diff.changes[0].to_count, 2);
	assert_int_equal(world->diff.changes[1].kind, SG_CHANGE_CLOSED);
	assert_int_equal(world->diff.sum.ports_opened, 8);
	assert_int_equal(world->diff.sum.ports_closed, 1);
}

static void test_except(void **state)
{
	struct world *world = *state;
	const struct sg_where *where;

	make(world, NO_RULES,
	     RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "25", .from = "!192.0.2.7 192.0.2.9"}));
	assert_int_equal(world->diff.count, 1);
	where = world->diff.changes[0].where;
	assert_int_equal(where->families, 3);
	assert_true(where->remote->except);
	assert_int_equal(where->remote->v4.count, 2);
	assert_int_equal(where->remote->v6.count, 0);
}

static void test_any_protocol(void **state)
{
	struct world *world = *state;
	const struct sg_where *where;

	make(world, NO_RULES, RULES({.verdict = SG_VERDICT_ACCEPT, .interfaces = "wg0"}));
	assert_int_equal(world->diff.count, 1);
	where = world->diff.changes[0].where;
	assert_true(where->any_protocol);
	assert_true(where->any_port);
	assert_false(where->interfaces.any);
	assert_int_equal(where->interfaces.names.count, 1);
	assert_true(world->diff.changes[0].witness.fixed[SG_FIELD_INTERFACE]);
}

/* A change of the default says "all tcp ports but", with the packets that show no port. */
static void test_default(void **state)
{
	struct world *world = *state;
	struct sg_change *tcp = NULL, *whole = NULL;

	make(world, RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22"}),
	     RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22"}, {.verdict = SG_VERDICT_REJECT}));
	assert_int_equal(world->diff.count, 2);
	for (size_t i = 0; i < 2; i++)
		*(world->diff.changes[i].where->any_port ? &whole : &tcp) = &world->diff.changes[i];
	assert_non_null(tcp);
	assert_non_null(whole);
	assert_int_equal(tcp->kind, SG_CHANGE_ANSWER);
	assert_true(tcp->where->without_port);
	assert_int_equal(tcp->where->ports.count, 2);
	assert_range(&tcp->where->ports, 0, 0, 21);
	assert_range(&tcp->where->ports, 1, 23, 65535);
	assert_int_equal(whole->where->protocols.count, 2);
	assert_false(whole->where->any_protocol);
}

/* Wildcards with exceptions, and an exception of the exception. */
static void test_interfaces(void **state)
{
	struct world *world = *state;
	const struct sg_where *where;

	make(world, NO_RULES,
	     RULES({.verdict = SG_VERDICT_DROP, .protocols = "tcp", .ports = "22", .interfaces = "eth1"},
		   {.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22", .interfaces = "eth*"}));
	assert_int_equal(world->diff.count, 1);
	where = world->diff.changes[0].where;
	assert_int_equal(where->interfaces.names.count, 1);
	assert_int_equal(where->interfaces.except.count, 1);

	make(world, NO_RULES,
	     RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22", .interfaces = "eth10"},
		   {.verdict = SG_VERDICT_DROP, .protocols = "tcp", .ports = "22", .interfaces = "eth1*"},
		   {.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22", .interfaces = "eth*"}));
	assert_int_equal(world->diff.count, 2);
	for (size_t i = 0; i < 2; i++) {
		char name[SG_INTERFACE_NAME_SIZE + 1];

		where = world->diff.changes[i].where;
		assert_int_equal(where->interfaces.names.count, 1);
		assert_true(sg_interface_name(&where->interfaces.names.items[0], name));
		assert_string_equal(name, where->interfaces.except.count ? "eth*" : "eth10");
	}

	/* whatever lies between two wildcards: all but them, and no word of lo */
	make(world, NO_RULES,
	     RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22", .interfaces = "!br* wlan0"}));
	assert_int_equal(world->diff.count, 1);
	where = world->diff.changes[0].where;
	assert_true(where->interfaces.any && where->interfaces.loopback_aside);
	assert_int_equal(where->interfaces.except.count, 2);
}

static void test_states_and_directions(void **state)
{
	struct world *world = *state;

	make(world, NO_RULES, NO_RULES);
	world->to.decision.verdict = sg_idd_ite(
		world->idd,
		sg_idd_and(world->idd, sg_idd_range(world->idd, SG_FIELD_STATE, SG_CT_ESTABLISHED, SG_CT_RELATED),
			   sg_idd_range(world->idd, SG_FIELD_PROTOCOL, SG_PROTO_TCP, SG_PROTO_TCP)),
		sg_idd_map(world->idd, world->to.decision.verdict, (const uint32_t[]){0, 2, 2, 2}, 4),
		world->to.decision.verdict);
	assert_int_equal(sg_diff(&world->from, &world->to, &world->diff, NULL), 0);
	assert_int_equal(world->diff.count, 4);
	assert_int_equal(world->diff.changes[0].kind, SG_CHANGE_STATE);
	assert_int_equal(world->diff.changes[0].where->states, 1U << SG_CT_ESTABLISHED | 1U << SG_CT_RELATED);
	assert_true(world->diff.changes[0].where->interfaces.any);
	assert_false(world->diff.changes[0].where->interfaces.loopback_aside);
	assert_int_equal(world->diff.changes[1].kind, SG_CHANGE_STATE);
	assert_int_equal(world->diff.changes[1].where->direction, SG_PUBLISHED);
	assert_ptr_equal(world->diff.changes[1].twin, &world->diff.changes[0]);
	assert_int_equal(world->diff.changes[2].kind, SG_CHANGE_DIRECTION);
	assert_int_equal(world->diff.changes[2].where->direction, SG_FORWARD);
	assert_int_equal(world->diff.changes[3].where->direction, SG_OUT);
	assert_null(world->diff.changes[3].twin);
	assert_int_equal(world->diff.sum.changes, 3);
	assert_int_equal(world->diff.sum.ports_closed, 0);
}

/* A Boolean level below all others: what hangs on it is undecided, and nothing else is. */
static void test_unknown(void **state)
{
	struct world *world = *state;
	const struct rule maybe = {.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "80"};
	size_t level = sg_idd_add_level(world->idd, 1);
	sg_ref set;

	make(world, NO_RULES, NO_RULES);
	set = sg_idd_and(world->idd, world_region(world->idd, &maybe), sg_idd_range(world->idd, level, 1, 1));
	set = sg_idd_and(world->idd, set, sg_idd_equals(world->idd, world->from.decision.verdict, SG_VERDICT_DROP));
	world->from.decision.verdict =
		sg_idd_ite(world->idd, set, sg_idd_terminal(SG_VERDICT_ACCEPT), world->from.decision.verdict);
	assert_int_equal(sg_diff(&world->from, &world->to, &world->diff, NULL), 0);
	assert_int_equal(world->diff.equal, SG_UNDECIDED);
	assert_int_equal(world->diff.count, 1);
	assert_int_equal(world->diff.changes[0].kind, SG_CHANGE_UNDECIDED);
	assert_int_equal(world->diff.changes[0].from, SG_OUTCOME_UNDECIDED);
	assert_range(&world->diff.changes[0].where->ports, 0, 80, 80);
}

/* Each change's set holds exactly the packets that change so; they are disjoint and together the difference. */
static void assert_exact(const struct world *world, sg_ref to_origin)
{
	struct sg_idd *idd = world->idd;
	sg_ref universe = sg_packet_universe(idd);
	sg_ref differ =
		sg_idd_and(idd, universe, sg_idd_differ(idd, world->from.decision.verdict, world->to.decision.verdict));
	sg_ref covered = SG_IDD_EMPTY;

	for (size_t i = 0; i < world->diff.count; i++) {
		const struct sg_change *change = &world->diff.changes[i];
		sg_ref set = world_where(idd, change->where);
		sg_u128 point[SG_FIELD_COUNT];

		assert_true(set != SG_IDD_EMPTY);
		assert_true(sg_idd_disjoint(idd, set, covered));
		covered = sg_idd_or(idd, covered, set);
		assert_true(sg_idd_subset(idd, set, sg_idd_equals(idd, world->from.decision.verdict, change->from)));
		assert_true(sg_idd_subset(idd, set, sg_idd_equals(idd, world->to.decision.verdict, change->to)));
		memcpy(point, change->witness.field, sizeof(point));
		assert_int_equal(sg_idd_lookup(idd, set, point), 1);
		/* the origins are those that the decision has there, no more and no less */
		for (size_t k = 0; k < change->to_count; k++) {
			sg_ref there = sg_idd_equals(idd, to_origin, change->to_origins[k]);

			assert_false(sg_idd_disjoint(idd, there, set));
			set = sg_idd_minus(idd, set, there);
		}
		assert_true(set == SG_IDD_EMPTY);
	}
	assert_true(covered == differ);
}

static void test_random(void **state)
{
	struct world *world = *state;
	uint64_t seed = world_seed();
	size_t changes = 0;

	for (size_t round = 0; round < 600; round++) {
		struct rule from[6], to[6];
		size_t from_count = world_random(&seed, 6), to_count = world_random(&seed, 6);
		sg_ref to_origin;

		for (size_t i = 0; i < from_count; i++)
			from[i] = world_random_rule(&seed);
		/* half of the time one policy is the other with a rule changed */
		for (size_t i = 0; i < to_count; i++)
			to[i] = round % 2 && i < from_count ? from[i] : world_random_rule(&seed);
		if (round % 2 && to_count)
			to[world_random(&seed, (uint32_t)to_count)] = world_random_rule(&seed);
		make(world, from, from_count, to, to_count);
		to_origin = world->to.decision.origin;
		if (round % 3 == 0) {
			world_origins_apart(&world->from.decision);
			world_origins_apart(&world->to.decision);
			sg_diff_clear(&world->diff);
			assert_int_equal(sg_diff(&world->from, &world->to, &world->diff, NULL), 0);
		}
		assert_exact(world, to_origin);
		changes += world->diff.count;
	}
	print_message("%zu changes\n", changes);
	assert_true(changes > 100);
}

/* 100,000 prefixes that are left out of many classes of ports: each list is kept once. */
static void test_large(void **state)
{
	struct world *world = *state;
	struct sg_ranges scanners = {0};
	double begin;
	sg_ref block;

	for (uint32_t i = 0; i < 100000; i++) {
		struct sg_range range = {(sg_u128)i * 37813, (sg_u128)i * 37813 + 255};

		assert_int_equal(sg_ranges_add(&scanners, &range, NULL), 0);
	}
	sg_ranges_normalise(&scanners);
	make(world, NO_RULES,
	     RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22"},
		   {.verdict = SG_VERDICT_ACCEPT, .protocols = "udp", .ports = "53 88"},
		   {.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "443 8000-8099"}));
	block = sg_idd_and(world->idd, sg_idd_range(world->idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4),
			   sg_idd_split(world->idd, SG_FIELD_REMOTE4, &scanners, SG_IDD_FULL, SG_IDD_EMPTY));
	world->from = world->to;
	block = sg_idd_and(world->idd, block, sg_idd_equals(world->idd, world->to.decision.verdict, SG_VERDICT_ACCEPT));
	block = sg_idd_and(world->idd, block, sg_idd_range(world->idd, SG_FIELD_STATE, SG_CT_NEW, SG_CT_NEW));
	block = sg_idd_and(world->idd, block, sg_idd_range(world->idd, SG_FIELD_DIRECTION, SG_IN, SG_IN));
	world->to.decision.verdict =
		sg_idd_ite(world->idd, block, sg_idd_terminal(SG_VERDICT_DROP), world->to.decision.verdict);
	sg_diff_clear(&world->diff);
	begin = world_seconds(CLOCK_PROCESS_CPUTIME_ID);
	assert_int_equal(sg_diff(&world->from, &world->to, &world->diff, NULL), 0);
	print_message("100,000 prefixes: %.1f ms\n", 1e3 * (world_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin));
	assert_true(world->diff.count >= 2);
	for (size_t i = 0; i < world->diff.count; i++)
		assert_int_equal(world->diff.changes[i].where->remote->v4.count, scanners.count);
	sg_ranges_clear(&scanners);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_equal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_port, setup, teardown),
		cmocka_unit_test_setup_teardown(test_merged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_except, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_protocol, setup, teardown),
		cmocka_unit_test_setup_teardown(test_default, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interfaces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_states_and_directions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
