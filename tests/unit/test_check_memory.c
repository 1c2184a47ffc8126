/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that runs out at the first, the second, the third … allocation: reported, nothing lost, nothing half done. */
#include "check_world.h"
#include "base/mem.h"
#include "sockgate/cut.h"
#include "sockgate/explain.h"
#include "sockgate/lockout.h"
#include "sockgate/verify.h"
#include "starve.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);

/* ---- What is tried ---- */

struct scene {
	struct sg_idd *idd;
	struct sg_policy *policy;
	struct sg_decision decision;
	struct sg_subject before, after;
	struct sg_policy *limited[2]; /* policies with conditions … */
	struct sg_decision limits[2]; /* … that are not the same */
	struct sg_listeners listeners;
};

static int try_diff(struct scene *scene, struct sg_error *err)
{
	struct sg_diff diff = {0};
	int result = sg_diff(&scene->before, &scene->after, &diff, err);

	assert_true(result == 0 || (!diff.changes && !diff.wheres.items && !diff.wheres.pool));
	sg_diff_clear(&diff);
	return result;
}

static int try_shift(struct scene *scene, struct sg_error *err)
{
	struct sg_subject from = sg_subject_of_policy(scene->limited[0], &scene->limits[0], 1, NULL);
	struct sg_subject to = sg_subject_of_policy(scene->limited[1], &scene->limits[1], 1, NULL);
	struct sg_diff diff = {0};
	int result = sg_diff(&from, &to, &diff, err);

	assert_true(result == 0 ? diff.sum.conditions == 2 : !diff.changes && !diff.terms && !diff.loggings);
	sg_diff_clear(&diff);
	return result;
}

static struct sg_unit no_unit(const char *unit, const void *data)
{
	(void)unit, (void)data;
	return (struct sg_unit){.state = SG_UNIT_ABSENT};
}

static const char *no_name(const struct sg_cgroup *cgroup, const void *data)
{
	(void)cgroup, (void)data;
	return NULL;
}

/* A port that is a unit's, held by another. */
static int try_owner(struct scene *scene, struct sg_error *err)
{
	const struct sg_unit_finder units = {no_unit, no_name, NULL};
	const struct sg_decision bound = sg_decision_bind(&scene->limits[1], &units);
	const struct sg_evaluation evaluation = {.decision = bound};
	const struct sg_verify_input input = {
		.policy = scene->limited[1],
		.decision = &scene->limits[1],
		.bound = &bound,
		.evaluation = &evaluation,
		.listeners = &scene->listeners,
		.units = &units,
		.now = 1,
	};
	struct sg_verify verify = {0};
	int result = sg_verify(&input, &verify, err);

	/* the one is not the unit's, of the other nothing is known */
	assert_true(result == 0 ? verify.by_severity[SG_FINDING_HIGH] == 1 && verify.by_severity[SG_FINDING_MEDIUM] == 1
				: !verify.findings && !verify.judgements);
	sg_verify_clear(&verify);
	return result;
}

static int try_affected(struct scene *scene, struct sg_error *err)
{
	struct sg_affected affected = {0};
	int result = sg_affected(&scene->before, &scene->after, &scene->listeners, NULL, &affected, err);

	assert_true(result == 0 || (!affected.items && !affected.before.items && !affected.after.pool));
	sg_affected_clear(&affected);
	return result;
}

static int try_explain(struct scene *scene, struct sg_error *err)
{
	struct sg_packet question = {0};
	struct sg_explanation answer = {0};
	struct sg_explainer *explainer = sg_explainer_new(&scene->after, err);
	int result = explainer ? sg_explain(explainer, &question, &answer, err) : -1;

	assert_true(result == 0 || !answer.origins);
	sg_explanation_clear(&answer);
	sg_explainer_free(explainer);
	return result;
}

static int try_lockout(struct scene *scene, struct sg_error *err)
{
	static const struct sg_connection connection = {.protocol = SG_PROTO_TCP, .remote = 1, .local = 2, .port = 22};
	struct sg_lockout lockout;

	return sg_lockout_check(&scene->after, &connection, &lockout, err);
}

static int try_cut(struct scene *scene, struct sg_error *err)
{
	static struct sg_local_address address = {.interface_name = "eth0", .address = 2};
	static struct sg_connection connections[] = {
		{.protocol = SG_PROTO_TCP, .remote = 1, .local = 2, .port = 22, .remote_port = 50000},
		{.protocol = SG_PROTO_TCP, .remote = 1, .local = 3, .port = 5432, .remote_port = 50001},
	};
	const struct sg_cuts_input input = {
		.from = &scene->before,
		.to = &scene->after,
		.connections = &(struct sg_connections){.items = connections, .count = SG_COUNT(connections)},
		.listeners = &scene->listeners,
		.local = &(struct sg_local_addresses){.items = &address, .count = 1},
		.untracked = true,
	};
	struct sg_cuts cuts = {0};
	int result = sg_cuts_find(&input, &cuts, err);

	assert_true(result == 0 ? cuts.count == 2 : !cuts.items);
	sg_cuts_clear(&cuts);
	return result;
}

static int try_verify(struct scene *scene, struct sg_error *err)
{
	const struct sg_evaluation evaluation = {.decision = scene->before.decision};
	const struct sg_foreign foreign = {"ip", "nat"};
	struct sg_verify_input input = {
		.policy = scene->policy,
		.decision = &scene->decision,
		.evaluation = &evaluation,
		.foreign = &foreign,
		.foreign_count = 1,
		.listeners = &scene->listeners,
	};
	struct sg_verify verify = {0};
	int result = sg_verify(&input, &verify, err);

	assert_true(result == 0 || (!verify.findings && !verify.diff.changes && !verify.judgements));
	sg_verify_clear(&verify);
	return result;
}

/* ---- Trying ---- */

static void make(struct scene *scene, struct sg_files *files)
{
	static const char text[] =
		"allow:\n  tcp: [22, 9100, {port: 80, from: 192.0.2.0/24}]\nblock: {any: [{from: 10.0.0.0/8}]}\n";
	static const char *const limited[2] = {
		"allow: {tcp: [{port: 22, limit: 5/hour}, {port: 25, log: a, unit: a.service}, {port: 80, unit: "
		"c.service}]}\n",
		"allow: {tcp: [{port: 22, limit: 6/hour, unit: b.service}, {port: 25, log: b, unit: a.service}, {port: "
		"80, unit: c.service}]}\n",
	};
	static const struct rule before[] = {
		{.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "80 5432"},
		{.verdict = SG_VERDICT_ACCEPT, .interfaces = "eth* wg0"},
	};
	static const struct rule after[] = {
		{.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp udp", .ports = "80", .from = "!192.0.2.7"},
		{.verdict = SG_VERDICT_REJECT, .interfaces = "!eth1", .to = "198.51.100.20"},
	};
	static struct sg_listener items[] = {
		{.protocol = SG_PROTO_TCP, .port = 22, .family = SG_IPV6, .owner.pid = 812},
		{.protocol = SG_PROTO_TCP, .port = 80},
		{.protocol = SG_PROTO_TCP, .port = 5432},
		{.protocol = SG_PROTO_ICMP, .raw = true},
		{.protocol = SG_PROTO_UDP, .port = 68},
	};
	static const struct sg_policy_options options = {.trusted_only = false};
	struct sg_diags diags = {0};

	scene->idd = sg_packet_context(0);
	assert_non_null(scene->idd);
	scene->policy = sg_policy_parse("p", ".", text, sizeof(text) - 1, &options, files, &diags, NULL);
	assert_non_null(scene->policy);
	sg_diags_clear(&diags);
	assert_int_equal(sg_policy_lower(scene->policy, scene->idd, &scene->decision, NULL), 0);
	for (size_t i = 0; i < SG_COUNT(limited); i++) {
		scene->limited[i] =
			sg_policy_parse("p", ".", limited[i], strlen(limited[i]), &options, files, &diags, NULL);
		assert_non_null(scene->limited[i]);
		sg_diags_clear(&diags);
		assert_int_equal(sg_policy_lower(scene->limited[i], scene->idd, &scene->limits[i], NULL), 0);
	}
	scene->before = world_subject(scene->idd, before, SG_COUNT(before));
	scene->after = world_subject(scene->idd, after, SG_COUNT(after));
	scene->listeners = (struct sg_listeners){.items = items, .count = SG_COUNT(items)};
}

static void starve(int (*attempt)(struct scene *scene, struct sg_error *err))
{
	size_t count = 0;
	int result;

	do {
		struct sg_files *files = sg_files_new();
		struct scene scene = {0};
		struct sg_error err = {0};

		make(&scene, files);
		starve_from(++count, false);
		result = attempt(&scene, &err);
		starve_end();
		if (result < 0 && err.kind != SG_ERROR_MEMORY)
			fail_msg("allocation %zu: kind %d: %s", count, (int)err.kind, err.message);
		sg_policy_free(scene.policy);
		sg_policy_free(scene.limited[0]);
		sg_policy_free(scene.limited[1]);
		sg_idd_free(scene.idd);
		sg_files_free(files);
	} while (result < 0);
	print_message("%zu allocations\n", count - 1);
	assert_true(count > 2);
}

static void test_diff(void **state)
{
	(void)state;
	starve(try_diff);
}

static void test_shift(void **state)
{
	(void)state;
	starve(try_shift);
}

static void test_owner(void **state)
{
	(void)state;
	starve(try_owner);
}

static void test_affected(void **state)
{
	(void)state;
	starve(try_affected);
}

static void test_explain(void **state)
{
	(void)state;
	starve(try_explain);
}

static void test_lockout(void **state)
{
	(void)state;
	starve(try_lockout);
}

static void test_cut(void **state)
{
	(void)state;
	starve(try_cut);
}

static void test_verify(void **state)
{
	(void)state;
	starve(try_verify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shift),    cmocka_unit_test(test_owner),   cmocka_unit_test(test_diff),
		cmocka_unit_test(test_affected), cmocka_unit_test(test_explain), cmocka_unit_test(test_lockout),
		cmocka_unit_test(test_cut),      cmocka_unit_test(test_verify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
