/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of conditions and logs: of policies that are written for it, and at random against the diagrams. */
#include "check_world.h"
#include "base/mem.h"
#include "check/logs.h"
#include "policy_random.h"
#include "sockgate/diff.h"

struct world {
	struct sg_idd *idd;
	struct sg_files *files;
	struct sg_policy *policy[2];
	struct sg_decision decision[2];
	struct sg_subject subject[2];
	struct sg_diff diff;
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->idd = sg_packet_context(0);
	world->files = sg_files_new();
	*state = world;
	return world->idd && world->files ? 0 : -1;
}

static void forget(struct world *world)
{
	sg_diff_clear(&world->diff);
	for (size_t i = 0; i < 2; i++) {
		sg_policy_free(world->policy[i]);
		world->policy[i] = NULL;
	}
}

static int teardown(void **state)
{
	struct world *world = *state;

	forget(world);
	sg_files_free(world->files);
	sg_idd_free(world->idd);
	free(world);
	return 0;
}

/* False: the policy is not valid. */
static bool read_side(struct world *world, size_t side, const char *text, uint64_t now)
{
	static const struct sg_policy_options options = {.past_allowed = true};
	const char *const names[] = {"old.yaml", "new.yaml"};
	sg_cleanup(sg_diags_clear) struct sg_diags diags = {0};
	struct sg_error err = {0};

	world->policy[side] =
		sg_policy_parse(names[side], ".", text, strlen(text), &options, world->files, &diags, &err);
	if (!world->policy[side])
		return false;
	assert_int_equal(sg_policy_lower(world->policy[side], world->idd, &world->decision[side], &err), 0);
	world->subject[side] = sg_subject_of_policy(world->policy[side], &world->decision[side], now, NULL);
	return true;
}

#define NOW (UINT64_C(1800000000) * SG_SECOND) /* 2027 */

static bool compare(struct world *world, const char *from, const char *to)
{
	struct sg_error err = {0};

	forget(world);
	if (!read_side(world, 0, from, NOW) || !read_side(world, 1, to, NOW))
		return false;
	if (sg_diff(&world->subject[0], &world->subject[1], &world->diff, &err) < 0)
		fail_msg("%s", err.message);
	return true;
}

/* The one change of what comes in; packets to published ports change alike. */
static const struct sg_change *one(struct world *world, const char *from, const char *to)
{
	assert_true(compare(world, from, to));
	assert_int_equal(world->diff.equal, SG_REFUTED);
	assert_int_equal(world->diff.count, 2);
	assert_int_equal(world->diff.sum.changes, 1);
	assert_ptr_equal(world->diff.changes[0].twin, &world->diff.changes[1]);
	assert_int_equal(world->diff.changes[0].kind, SG_CHANGE_CONDITIONS);
	assert_int_equal(world->diff.sum.conditions, 1);
	return &world->diff.changes[0];
}

static void another_limit(void **state)
{
	const struct sg_change *change = one(*state, "allow: {tcp: [{port: 22, limit: 20/minute}, 80]}\n",
					     "allow: {tcp: [{port: 22, limit: 30/minute}, 80]}\n");

	assert_int_equal(change->from, SG_OUTCOME_ACCEPT);
	assert_int_equal(change->to, SG_OUTCOME_ACCEPT);
	assert_true(change->where->ports.items[0].first == 22 && change->where->ports.items[0].last == 22);
	assert_int_equal(change->from_terms->items[0].conditions[0]->limit, 20);
	assert_int_equal(change->to_terms->items[0].conditions[0]->limit, 30);
	assert_int_equal(change->to_terms->otherwise, SG_OUTCOME_DROP);
	assert_int_equal(change->from_count, 1);
	assert_int_equal(change->from_origins[0], 1);
}

static void a_limit_that_comes(void **state)
{
	struct world *world = *state;
	const struct sg_change *change;

	assert_true(compare(world, "allow: {tcp: [22]}\n",
			    "allow: {tcp: [{port: 22, unit: ssh.service, connections: 5}]}\n"));
	assert_int_equal(world->diff.count, 2);
	/* nobody holds the socket of a published port, so it is not allowed any more */
	change = &world->diff.changes[0];
	assert_int_equal(change->kind, SG_CHANGE_CLOSED);
	assert_int_equal(change->where->direction, SG_PUBLISHED);
	change = &world->diff.changes[1];
	assert_int_equal(change->kind, SG_CHANGE_CONDITIONS);
	assert_int_equal(change->where->direction, SG_IN);
	assert_null(change->twin);
	assert_int_equal(change->from_terms->otherwise, SG_OUTCOME_NONE);
	assert_int_equal(change->to_terms->items[0].count, 2);
}

static void another_date(void **state)
{
	const struct sg_change *change = one(*state, "allow: {tcp: [{port: 22, until: 2030-01-01T00:00Z}]}\n",
					     "allow: {tcp: [{port: 22, until: 2031-01-01T00:00Z}]}\n");

	assert_true(change->from_terms->items[0].last < change->to_terms->items[0].last);
	/* a block that ends is a drop now, and something else later */
	change = one(*state, "{allow: {tcp: [22]}, block: {tcp: [{port: 22, until: 2030-01-01T00:00Z}]}}\n",
		     "{allow: {tcp: [22]}, block: {tcp: [{port: 22, until: 2031-01-01T00:00Z}]}}\n");
	assert_int_equal(change->from, SG_OUTCOME_DROP);
	assert_int_equal(change->to, SG_OUTCOME_DROP);
	assert_true(change->from_terms->items[0].from < change->to_terms->items[0].from);
}

/* What is over is as if it were not there: the verdict of now is another, and that is told. */
static void a_date_that_is_past(void **state)
{
	struct world *world = *state;

	assert_true(compare(world, "allow: {tcp: [22]}\n", "allow: {tcp: [{port: 22, until: 2026-01-01T00:00Z}]}\n"));
	assert_int_equal(world->diff.sum.changes, 1);
	assert_int_equal(world->diff.changes[0].kind, SG_CHANGE_CLOSED);
}

static void another_log(void **state)
{
	struct world *world = *state;
	const struct sg_change *change =
		one(world, "allow: {tcp: [22]}\n", "allow: {tcp: [{port: 22, log: {label: x, rate: 5/second}}]}\n");

	assert_int_equal(change->from_terms->logging_count, 0);
	assert_int_equal(change->to_terms->logging_count, 1);
	assert_int_equal(change->to_terms->loggings[0]->rate, 5);
	/* the place in the file is nothing, and neither is the file */
	assert_true(compare(world, "allow: {tcp: [{port: 22, log: x}]}\n",
			    "# moved\nallow:\n  udp: [53]\n  tcp: [{port: 22, log: x}]\n"));
	assert_int_equal(world->diff.sum.changes, 1);
	assert_int_equal(world->diff.changes[0].kind, SG_CHANGE_OPENED);
	assert_int_equal(world->diff.sum.conditions, 0);
}

/* A table without a log logs nothing. */
static void logs_of_a_table(void **state)
{
	struct world *world = *state;
	const struct sg_evaluation evaluation = {.place_count = 0};

	one(world, "allow: {tcp: [22]}\n", "allow: {tcp: [{port: 22, log: x}]}\n");
	world->subject[0].evaluation = &evaluation;
	sg_diff_clear(&world->diff);
	assert_int_equal(sg_diff(&world->subject[0], &world->subject[1], &world->diff, NULL), 0);
	assert_int_equal(world->diff.equal, SG_REFUTED);
	assert_int_equal(world->diff.sum.conditions, 1);
	assert_int_equal(world->diff.sum.logs, 1);
	assert_true(world->diff.changes[0].logged_otherwise);
}

static void same_loggings(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{"sockgate a.yaml:1 x", "sockgate b.yaml:200 x", true},
		{"sockgate a.yaml:1 x", "sockgate a.yaml:1 y", false},
		{"sockgate a.yaml:1 x", "sockgate a.yaml:1", false},
		{"sockgate a.yaml:1", "sockgate b.yaml:7", true},
		{"sockgate a.yaml:1", "sockgate a.yaml default", false},
		{"sockgate a.yaml default", "sockgate b.yaml default", true},
		{"sockgate a b.yaml:3 accept", "sockgate a c.yaml:3 accept", true},
		{"sockgate a.yaml:1x y", "sockgate b.yaml:2x y", true}, /* no line: what is behind the last space */
		{"", "", true},
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(rows); i++) {
		struct sg_logging a = {.prefix = rows[i].a, .rate = 10, .seconds = 60}, b = a;

		b.prefix = rows[i].b;
		assert_int_equal(sg_logging_same(&a, &b), rows[i].same);
		assert_int_equal(sg_logging_same(&b, &a), rows[i].same);
		if (!rows[i].same)
			continue;
		b.rate = 11;
		assert_false(sg_logging_same(&a, &b));
		b = (struct sg_logging){.prefix = rows[i].b, .rate = 10, .seconds = 60, .has_group = true};
		assert_false(sg_logging_same(&a, &b));
	}
}

/* Something that is not understood in the place of a limit. */
static void what_is_not_understood(void **state)
{
	struct world *world = *state;
	size_t level = sg_idd_add_level(world->idd, 1);
	sg_ref *verdict = &world->subject[1].whole.verdict, over;

	assert_true(compare(world, "allow: {tcp: [{port: 22, limit: 20/minute}]}\n",
			    "allow: {tcp: [{port: 22, limit: 20/minute}]}\n"));
	assert_int_equal(world->diff.equal, SG_PROVEN);
	over = sg_idd_equals(world->idd, *verdict, SG_VERDICT_DROP);
	over = sg_idd_and(world->idd, over, sg_idd_range(world->idd, SG_FIELD_PORT, 22, 22));
	over = sg_idd_and(world->idd, over, sg_idd_range(world->idd, SG_FIELD_PROTOCOL, SG_PROTO_TCP, SG_PROTO_TCP));
	over = sg_idd_and(world->idd, over, sg_idd_range(world->idd, SG_FIELD_STATE, SG_CT_NEW, SG_CT_NEW));
	over = sg_idd_and(world->idd, over, sg_idd_range(world->idd, level, 1, 1));
	*verdict = sg_idd_ite(world->idd, over, sg_idd_terminal(SG_VERDICT_ACCEPT), *verdict);
	assert_int_equal(sg_diff(&world->subject[0], &world->subject[1], &world->diff, NULL), 0);
	assert_int_equal(world->diff.sum.changes, 1);
	assert_int_equal(world->diff.changes[0].kind, SG_CHANGE_CONDITIONS);
	assert_int_equal(world->diff.equal, SG_UNDECIDED);
}

/* ---- At random ---- */

static uint32_t log_number(const struct sg_logging *logging)
{
	/* of the few that random policies have: name, rate and group tell them apart */
	return 1 + ((uint32_t)(unsigned char)logging->name[0] * 8 + (uint32_t)strlen(logging->name)) * 4 +
	       (logging->rate == 5) * 2u + logging->has_group;
}

static sg_ref joint_log(const struct sg_decision *decision)
{
	sg_autofree uint32_t *table = calloc(decision->logging_count + 1, sizeof(*table));

	for (size_t i = 0; i < decision->logging_count; i++)
		table[i + 1] = log_number(&decision->loggings[i]);
	return decision->log ? sg_idd_map(decision->idd, decision->log, table, decision->logging_count + 1)
			     : SG_IDD_EMPTY;
}

static uint32_t not_empty(sg_ref part, void *data)
{
	(void)data;
	return part != SG_IDD_EMPTY;
}

/* The set that alternatives stand for. */
static sg_ref terms_set(struct sg_idd *idd, const struct sg_terms *terms)
{
	sg_ref all = SG_IDD_EMPTY;

	for (size_t i = 0; i < terms->count; i++) {
		sg_ref set = sg_idd_range(idd, SG_LEVEL_TIME, terms->items[i].from, terms->items[i].last);

		for (size_t k = 0; k < terms->items[i].count; k++) {
			size_t level = sg_condition_level(idd, terms->items[i].conditions[k]);

			set = sg_idd_and(idd, set, sg_idd_range(idd, level, 1, 1));
		}
		all = sg_idd_or(idd, all, set);
	}
	return all;
}

static sg_ref at_packet(struct sg_idd *idd, sg_ref ref, const struct sg_packet *packet)
{
	for (size_t field = 0; field < SG_FIELD_COUNT; field++)
		ref = sg_idd_restrict(idd, ref, field, packet->field[field]);
	return ref;
}

static void assert_side(struct world *world, const struct sg_change *change, size_t side)
{
	const struct sg_terms *terms = side ? change->to_terms : change->from_terms;
	sg_ref part = at_packet(world->idd, world->decision[side].verdict, &change->witness);

	if (!terms->more)
		assert_int_equal(terms_set(world->idd, terms), sg_idd_equals(world->idd, part, SG_VERDICT_ACCEPT));
}

/* All changes are disjoint, and together where the functions differ. */
static size_t assert_exact(struct world *world)
{
	struct sg_idd *idd = world->idd;
	sg_ref differ = sg_idd_or(idd, sg_idd_differ(idd, world->decision[0].verdict, world->decision[1].verdict),
				  sg_idd_differ(idd, joint_log(&world->decision[0]), joint_log(&world->decision[1])));
	sg_ref covered = SG_IDD_EMPTY;
	size_t conditions = 0, repeated = 0;

	for (size_t i = 0; i < world->diff.count; i++) {
		const struct sg_change *change = &world->diff.changes[i];
		sg_ref set = world_where(idd, change->where);

		assert_true(set != SG_IDD_EMPTY && sg_idd_disjoint(idd, set, covered));
		covered = sg_idd_or(idd, covered, set);
		assert_int_equal(change->kind == SG_CHANGE_CONDITIONS, change->from == change->to);
		assert_int_equal(change->kind == SG_CHANGE_CONDITIONS, change->from_terms && change->to_terms);
		if (change->kind != SG_CHANGE_CONDITIONS)
			continue;
		assert_side(world, change, 0);
		assert_side(world, change, 1);
		conditions++;
		repeated += change->twin && change->where->direction == SG_PUBLISHED;
	}
	assert_int_equal(covered, sg_idd_cut(idd, differ, SG_FIELD_COUNT, not_empty, NULL));
	assert_int_equal(world->diff.equal, world->diff.count ? SG_REFUTED : SG_PROVEN);
	assert_int_equal(world->diff.sum.conditions, conditions - repeated);
	return conditions;
}

/* The text with one word in the place of another, or the text itself. */
static char *altered(const char *text, uint64_t *seed)
{
	static const char *const words[][2] = {{"20/minute", "40/minute"}, {"a.service", "b.service"},
					       {"log: a", "log: b"},       {"2030-01-01T00", "2032-01-01T00"},
					       {"1/day", "1/hour"},        {"[22, 80]", "[22, 81]"}};
	const char *const *pair = words[random_below(seed, SG_COUNT(words))];
	const char *at = strstr(text, pair[0]);
	char *copy = NULL;

	if (!at || asprintf(&copy, "%.*s%s%s", (int)(at - text), text, pair[1], at + strlen(pair[0])) < 0)
		copy = strdup(text);
	return copy;
}

static void at_random(void **state)
{
	struct world *world = *state;
	uint64_t seed = world_seed();
	size_t conditions = 0, pairs = 0;

	for (size_t round = 0; pairs < 300; round++) {
		sg_autofree char *from = random_policy_of(true, &seed);
		sg_autofree char *to = round % 4 ? altered(from, &seed) : random_policy_of(true, &seed);

		if (!compare(world, from, to))
			continue;
		conditions += assert_exact(world);
		pairs++;
	}
	print_message("%zu changes of conditions\n", conditions);
	assert_true(conditions > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(another_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(a_limit_that_comes, setup, teardown),
		cmocka_unit_test_setup_teardown(another_date, setup, teardown),
		cmocka_unit_test_setup_teardown(a_date_that_is_past, setup, teardown),
		cmocka_unit_test_setup_teardown(another_log, setup, teardown),
		cmocka_unit_test_setup_teardown(logs_of_a_table, setup, teardown),
		cmocka_unit_test(same_loggings),
		cmocka_unit_test_setup_teardown(what_is_not_understood, setup, teardown),
		cmocka_unit_test_setup_teardown(at_random, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
