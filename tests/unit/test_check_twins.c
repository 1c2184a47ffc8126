/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of what comes in and of packets to published ports: which say the same, between policies and from rules. */
#include "check_world.h"
#include "base/mem.h"
#include "policy_random.h"
#include "sockgate/diff.h"
#include "sockgate/rules.h"

struct world {
	struct sg_idd *idd;
	struct sg_files *files;
	struct sg_policy *policy[2];
	struct sg_decision decision[2];
	struct sg_subject subject[2];
	struct sg_table table;
	struct sg_evaluation evaluation;
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
	sg_evaluation_clear(&world->evaluation);
	sg_table_clear(&world->table);
	world->evaluation = (struct sg_evaluation){0};
	world->table = (struct sg_table){0};
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
static bool read_side(struct world *world, size_t side, const char *text)
{
	static const struct sg_policy_options options = {.past_allowed = true};
	sg_cleanup(sg_diags_clear) struct sg_diags diags = {0};
	struct sg_error err = {0};

	world->policy[side] =
		sg_policy_parse("policy.yaml", ".", text, strlen(text), &options, world->files, &diags, &err);
	if (!world->policy[side])
		return false;
	assert_int_equal(sg_policy_lower(world->policy[side], world->idd, &world->decision[side], &err), 0);
	world->subject[side] = sg_subject_of_policy(world->policy[side], &world->decision[side], 0, NULL);
	return true;
}

static bool compare(struct world *world, const char *from, const char *to)
{
	struct sg_error err = {0};

	forget(world);
	if (!read_side(world, 0, from) || !read_side(world, 1, to))
		return false;
	if (sg_diff(&world->subject[0], &world->subject[1], &world->diff, &err) < 0)
		fail_msg("%s", err.message);
	return true;
}

/* From the rules of one policy, as they come out of the kernel, to another. */
static bool compare_rules(struct world *world, const char *from, const char *to)
{
	struct sg_error err = {0};

	forget(world);
	if (!read_side(world, 0, from) || !read_side(world, 1, to))
		return false;
	assert_int_equal(sg_rules_of_policy(world->policy[0], &world->decision[0], &world->table, &err), 0);
	assert_int_equal(sg_evaluate(world->idd, &world->table, &world->evaluation, &err), 0);
	world->subject[0] = sg_subject_of_kernel(&world->evaluation, 0, NULL);
	if (sg_diff(&world->subject[0], &world->subject[1], &world->diff, &err) < 0)
		fail_msg("%s", err.message);
	return true;
}

/* ---- Policies that are written for it ---- */

static void assert_sum(const struct world *world, size_t changes, size_t all)
{
	assert_int_equal(world->diff.sum.changes, changes);
	assert_int_equal(world->diff.count, all);
}

static void a_port_opens_for_both(void **state)
{
	struct world *world = *state;
	const struct sg_change *change;

	assert_true(compare(world, "{published: enforce, allow: {tcp: [22]}}\n",
			    "{published: enforce, allow: {tcp: [22, 80]}}\n"));
	assert_sum(world, 1, 2);
	change = &world->diff.changes[0];
	assert_int_equal(change->where->direction, SG_IN);
	assert_int_equal(change->kind, SG_CHANGE_OPENED);
	assert_non_null(change->twin);
	assert_int_equal(change->twin->where->direction, SG_PUBLISHED);
	assert_int_equal(change->twin->kind, SG_CHANGE_OPENED);
	assert_ptr_equal(change->twin->twin, change);
	assert_int_equal(world->diff.sum.opened, 1);
	assert_int_equal(world->diff.sum.ports_opened, 1);
}

static void one_alone_is_one(void **state)
{
	struct world *world = *state;

	assert_true(compare(world, "{published: ignore, allow: {tcp: [22]}}\n",
			    "{published: ignore, allow: {tcp: [22, 80]}}\n"));
	assert_sum(world, 1, 1);
	assert_null(world->diff.changes[0].twin);
	/* a port that is published only is an open port, too */
	assert_true(compare(world, "{published: enforce, allow: {tcp: [{port: 22, unit: a.service}]}}\n",
			    "{published: enforce, allow: {tcp: [{port: 22, unit: a.service}, {port: 22, until: "
			    "2030-01-01T00:00Z}]}}\n"));
	assert_int_equal(world->diff.sum.opened, 1);
	assert_int_equal(world->diff.sum.ports_opened, 1);
	assert_int_equal(world->diff.changes[0].where->direction, SG_PUBLISHED);
	assert_null(world->diff.changes[0].twin);
}

/* The same packets, but other lines refuse them. */
static void other_lines_are_not_the_same(void **state)
{
	static const char from[] = "{published: enforce, allow: {tcp: [22, {port: 23, unit: a.service}]}}\n";
	static const char to[] =
		"{published: enforce, default: reject, allow: {tcp: [22, {port: 23, unit: a.service}]}}\n";
	struct world *world = *state;
	size_t apart = 0;

	assert_true(compare(world, from, to));
	for (size_t i = 0; i < world->diff.count; i++)
		apart += !world->diff.changes[i].twin && world->diff.changes[i].where->direction == SG_PUBLISHED;
	assert_true(apart > 0);
	assert_true(world->diff.sum.changes < world->diff.count);
}

static void rules_are_others_and_that_is_nothing(void **state)
{
	struct world *world = *state;
	const struct sg_change *change;

	assert_true(compare_rules(world, "{published: enforce, allow: {tcp: [22, {port: 25, from: 192.0.2.0/24}]}}\n",
				  "{published: enforce, allow: {tcp: [22, 80, {port: 25, from: 192.0.2.0/24}]}}\n"));
	assert_sum(world, 1, 2);
	change = &world->diff.changes[0];
	assert_non_null(change->twin);
	assert_int_equal(change->from_count, 1);
	assert_int_equal(change->twin->from_count, 1);
	assert_int_not_equal(change->from_origins[0], change->twin->from_origins[0]);
	/* rules refuse the one, and the other meets none */
	assert_true(compare_rules(world, "{published: ignore, allow: {tcp: [22]}}\n",
				  "{default: accept, allow: {tcp: [22]}}\n"));
	for (size_t i = 0; i < world->diff.count; i++)
		assert_null(world->diff.changes[i].twin);
}

/* ---- At random, against the diagrams ---- */

/* The packets of a change as others see them: whatever their direction, in the states that both can have. */
static sg_ref plain(struct sg_idd *idd, const struct sg_change *change)
{
	sg_ref set =
		sg_idd_restrict(idd, world_where(idd, change->where), SG_FIELD_DIRECTION, change->where->direction);

	return sg_idd_and(idd, set, sg_idd_range(idd, SG_FIELD_STATE, SG_CT_NEW, SG_CT_RELATED));
}

static bool same_origins(const struct sg_subject *subject, const uint32_t *a, size_t a_count, const uint32_t *b,
			 size_t b_count)
{
	if (!subject->policy)
		return (a_count > 0) == (b_count > 0);
	return a_count == b_count && (!a_count || !memcmp(a, b, a_count * sizeof(*a)));
}

static bool say_the_same(const struct world *world, const struct sg_change *a, const struct sg_change *b)
{
	return a->kind == b->kind && a->from == b->from && a->to == b->to && a->from_terms == b->from_terms &&
	       plain(world->idd, a) == plain(world->idd, b) &&
	       same_origins(&world->subject[0], a->from_origins, a->from_count, b->from_origins, b->from_count) &&
	       same_origins(&world->subject[1], a->to_origins, a->to_count, b->to_origins, b->to_count);
}

static size_t check_twins(const struct world *world)
{
	const struct sg_diff *diff = &world->diff;
	size_t twins = 0;

	for (size_t i = 0; i < diff->count; i++) {
		const struct sg_change *a = &diff->changes[i], *found = NULL;

		if (a->where->direction != SG_IN) {
			assert_true(a->where->direction == SG_PUBLISHED || !a->twin);
			continue;
		}
		for (size_t k = 0; k < diff->count && !found; k++)
			if (diff->changes[k].where->direction == SG_PUBLISHED &&
			    say_the_same(world, a, &diff->changes[k]))
				found = &diff->changes[k];
		assert_ptr_equal(a->twin, found);
		assert_true(!found || found->twin == a);
		twins += found != NULL;
	}
	assert_int_equal(diff->sum.changes, diff->count - twins);
	return twins;
}

/* The text with one word in the place of another, or the text itself. */
static char *altered(const char *text, uint64_t *seed)
{
	static const char *const words[][2] = {{"[22, 80]", "[22, 81]"},
					       {"20/minute", "40/minute"},
					       {"53", "54"},
					       {"published: ignore", "published: enforce"},
					       {"drop", "reject"}};
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
	size_t changes = 0, twins = 0;

	for (size_t pairs = 0; pairs < 150;) {
		bool terms = random_below(&seed, 2);
		sg_autofree char *from = random_policy_of(terms, &seed);
		sg_autofree char *to = random_below(&seed, 2) ? altered(from, &seed) : random_policy_of(terms, &seed);

		/* units are not known here, so rules of them cannot be made */
		if (strstr(from, "unit:") || random_below(&seed, 2) ? !compare(world, from, to)
								    : !compare_rules(world, from, to))
			continue;
		twins += check_twins(world);
		changes += world->diff.count;
		pairs++;
	}
	print_message("%zu changes, %zu twins\n", changes, twins);
	assert_true(twins > 100 && 2 * twins < changes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_port_opens_for_both, setup, teardown),
		cmocka_unit_test_setup_teardown(one_alone_is_one, setup, teardown),
		cmocka_unit_test_setup_teardown(other_lines_are_not_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(rules_are_others_and_that_is_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(at_random, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
