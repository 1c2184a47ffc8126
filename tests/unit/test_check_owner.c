/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports that a policy gives to units: who may hold them, and what follows where somebody else does. */
#include "check_world.h"
#include "base/mem.h"
#include "check/views.h"
#include "sockgate/cut.h"
#include "sockgate/lockout.h"
#include "sockgate/verify.h"

#define SLICE 10 /* ids of groups: the slice, and what lies in it */
#define WEB   11
#define SOCK  12
#define OTHER 13
#define BELOW 14 /* a group that web.service made */

static uint64_t in_web[] = {SLICE, WEB}, in_socket[] = {SLICE, SOCK}, in_other[] = {SLICE, OTHER},
		below_web[] = {SLICE, WEB, BELOW};

struct scene {
	struct sg_idd *idd;
	struct sg_files *files;
	struct sg_policy *policy;
	struct sg_decision decision, bound;
	struct sg_unit web; /* of the finder */
	struct sg_unit_finder units;
	struct sg_evaluation evaluation;
	struct sg_listener listeners[4];
	struct sg_listeners list;
	struct sg_verify verify;
};

static struct sg_unit find(const char *unit, const void *data)
{
	const struct scene *scene = data;

	return strcmp(unit, "web.service") ? (struct sg_unit){.state = SG_UNIT_ABSENT} : scene->web;
}

static const char *name(const struct sg_cgroup *cgroup, const void *data)
{
	const struct scene *scene = data;

	for (size_t i = 0; i < scene->web.place_count; i++)
		if (scene->web.places[i].id == cgroup->id && scene->web.places[i].depth == cgroup->depth)
			return "web.service";
	return NULL;
}

static int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	scene->idd = sg_packet_context(0);
	scene->files = sg_files_new();
	scene->list.items = scene->listeners;
	scene->web = (struct sg_unit){SG_UNIT_HERE, {{2, WEB}, {2, SOCK}}, 2};
	scene->units = (struct sg_unit_finder){find, name, scene};
	*state = scene;
	return scene->idd && scene->files ? 0 : -1;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	sg_verify_clear(&scene->verify);
	sg_policy_free(scene->policy);
	sg_files_free(scene->files);
	sg_idd_free(scene->idd);
	free(scene);
	return 0;
}

static void read_policy(struct scene *scene, const char *text)
{
	static const struct sg_policy_options options = {.past_allowed = true};
	sg_cleanup(sg_diags_clear) struct sg_diags diags = {0};
	struct sg_error err = {0};

	scene->policy = sg_policy_parse("policy.yaml", ".", text, strlen(text), &options, scene->files, &diags, &err);
	if (!scene->policy)
		fail_msg("%s %s", diags.count ? diags.items[0].message : "", err.message);
	assert_int_equal(sg_policy_lower(scene->policy, scene->idd, &scene->decision, &err), 0);
	scene->bound = sg_decision_bind(&scene->decision, &scene->units);
	scene->evaluation.decision = scene->bound;
}

static struct sg_listener *listens(struct scene *scene, uint64_t *ids, size_t depth)
{
	struct sg_listener *listener = &scene->listeners[scene->list.count++];

	*listener = (struct sg_listener){.protocol = SG_PROTO_TCP, .family = SG_IPV4, .port = 80, .owner.pid = 812};
	strcpy(listener->owner.process, "daemon");
	if (ids) {
		listener->cgroup = ids[depth - 1];
		listener->lineage = (struct sg_lineage){true, ids, depth};
	}
	return listener;
}

static void run(struct scene *scene)
{
	const struct sg_verify_input input = {
		.policy = scene->policy,
		.decision = &scene->decision,
		.bound = &scene->bound,
		.evaluation = &scene->evaluation,
		.listeners = &scene->list,
		.units = &scene->units,
		.now = SG_SECOND,
	};
	struct sg_error err = {0};

	sg_verify_clear(&scene->verify);
	if (sg_verify(&input, &scene->verify, &err) < 0)
		fail_msg("%s", err.message);
}

static const struct sg_finding *finding(const struct scene *scene, enum sg_finding_id id)
{
	for (size_t i = 0; i < scene->verify.count; i++)
		if (scene->verify.findings[i].id == id)
			return &scene->verify.findings[i];
	return NULL;
}

/* ---- Whose socket it is ---- */

static void owners_of_conditions(void **state)
{
	struct scene *scene = *state;
	struct sg_condition web = {.kind = SG_CONDITION_SOCKET, .name = "web.service"};
	struct sg_condition group = {.kind = SG_CONDITION_SOCKET, .depth = 2, .cgroup = WEB};
	struct sg_condition gone = {.kind = SG_CONDITION_SOCKET, .depth = 2, .cgroup = 99};
	static struct {
		uint64_t *ids;
		size_t depth;
		const char *unit;
		pid_t pid;
		enum sg_holds web, group, gone;
	} rows[] = {
		{in_web, 2, "other.service", 1, SG_HOLDS, SG_HOLDS,
		 SG_HOLDS_NOT}, /* the group tells, not the process */
		{below_web, 3, NULL, 1, SG_HOLDS, SG_HOLDS, SG_HOLDS_NOT},
		{in_socket, 2, "web.service", 1, SG_HOLDS, SG_HOLDS_NOT, SG_HOLDS_NOT},
		{in_other, 2, "web.service", 1, SG_HOLDS_NOT, SG_HOLDS_NOT, SG_HOLDS_NOT},
		{in_web, 1, NULL, 1, SG_HOLDS_NOT, SG_HOLDS_NOT, SG_HOLDS_NOT}, /* in the slice alone */
		/* the group is not known: the unit of the process */
		{NULL, 0, "web.service", 1, SG_HOLDS, SG_HOLDS, SG_HOLDS_UNKNOWN},
		{NULL, 0, "web.socket", 0, SG_HOLDS, SG_HOLDS, SG_HOLDS_UNKNOWN},
		{NULL, 0, "web.sockets", 1, SG_HOLDS_NOT, SG_HOLDS_NOT, SG_HOLDS_UNKNOWN},
		{NULL, 0, "other.service", 1, SG_HOLDS_NOT, SG_HOLDS_NOT, SG_HOLDS_UNKNOWN},
		{NULL, 0, NULL, 1, SG_HOLDS_NOT, SG_HOLDS_NOT, SG_HOLDS_UNKNOWN}, /* seen, and of no unit */
		{NULL, 0, NULL, 0, SG_HOLDS_UNKNOWN, SG_HOLDS_UNKNOWN, SG_HOLDS_UNKNOWN},
	};

	for (size_t i = 0; i < SG_COUNT(rows); i++) {
		struct sg_listener listener = {.owner.pid = rows[i].pid, .owner.unit = (char *)(uintptr_t)rows[i].unit};

		if (rows[i].ids)
			listener.lineage = (struct sg_lineage){true, rows[i].ids, rows[i].depth};
		assert_int_equal(sg_listener_holds(&listener, &web, &scene->units), rows[i].web);
		assert_int_equal(sg_listener_holds(&listener, &group, &scene->units), rows[i].group);
		assert_int_equal(sg_listener_holds(&listener, &gone, &scene->units), rows[i].gone);
	}
	/* without anything known of units, names are left */
	assert_int_equal(sg_listener_holds(&(struct sg_listener){.owner.unit = (char[]){"web.service"}}, &web, NULL),
			 SG_HOLDS);
}

/* ---- Findings ---- */

#define POLICY "allow: {tcp: [{port: 80, unit: web.service}]}\n"

static void the_right_one(void **state)
{
	struct scene *scene = *state;

	read_policy(scene, POLICY);
	listens(scene, in_web, 2);
	listens(scene, in_socket, 2);
	listens(scene, below_web, 3);
	run(scene);
	assert_int_equal(scene->verify.count, 0);
	assert_true(scene->verify.conforms);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(scene->verify.reach.items[i]->outcome, SG_OUTCOME_ACCEPT);
		assert_int_equal(scene->verify.policy.items[i]->outcome, SG_OUTCOME_ACCEPT);
	}
}

static void a_squatter_is_kept_out(void **state)
{
	struct scene *scene = *state;
	const struct sg_finding *found;

	read_policy(scene, POLICY);
	listens(scene, in_web, 2);
	listens(scene, in_other, 2)->owner.unit = (char[]){"other.service"};
	run(scene);
	assert_int_equal(scene->verify.count, 1);
	found = finding(scene, SG_FINDING_WRONG_OWNER);
	assert_non_null(found);
	assert_string_equal(sg_finding_name(found->id), "listener/wrong-owner");
	assert_int_equal(found->severity, SG_FINDING_HIGH);
	assert_int_equal(found->listener, 1);
	assert_int_equal(found->line_count, 1);
	assert_int_equal(found->lines[0], 1);
	assert_string_equal(
		found->message,
		"daemon (pid 812) of other.service holds tcp 80, which the policy gives to web.service; the "
		"kernel keeps others from it");
	assert_int_equal(scene->verify.equal, SG_PROVEN);
	assert_false(scene->verify.conforms);
	assert_int_equal(scene->verify.reach.items[0]->outcome, SG_OUTCOME_ACCEPT);
	assert_int_equal(scene->verify.reach.items[1]->outcome, SG_OUTCOME_DROP);
	assert_int_equal(scene->verify.policy.items[1]->outcome, SG_OUTCOME_DROP);
}

/* Where the kernel cannot tell, the port is open to whoever holds it. */
static void a_squatter_that_can_be_reached(void **state)
{
	struct scene *scene = *state;

	scene->web.state = SG_UNIT_UNENFORCED;
	read_policy(scene, POLICY);
	listens(scene, in_other, 2);
	listens(scene, in_web, 2);
	run(scene);
	assert_int_equal(scene->verify.equal, SG_PROVEN);
	assert_int_equal(scene->verify.count, 2);
	assert_int_equal(finding(scene, SG_FINDING_EXPOSED)->listener, 0);
	assert_non_null(strstr(finding(scene, SG_FINDING_WRONG_OWNER)->message, "; others can reach it"));
	assert_int_equal(scene->verify.reach.items[0]->outcome, SG_OUTCOME_ACCEPT);
	assert_int_equal(scene->verify.policy.items[0]->outcome, SG_OUTCOME_DROP);
}

static void another_line_lets_it_in(void **state)
{
	struct scene *scene = *state;

	read_policy(scene, "allow: {tcp: [{port: 80, unit: web.service}, {port: 80, from: 192.0.2.0/24}]}\n");
	listens(scene, in_other, 2);
	run(scene);
	/* those of the second line may reach whoever holds it; for the rest it is the wrong one */
	assert_int_equal(scene->verify.count, 1);
	assert_non_null(finding(scene, SG_FINDING_WRONG_OWNER));
	assert_int_equal(scene->verify.reach.items[0]->outcome, SG_OUTCOME_DEPENDS);
	assert_int_equal(scene->verify.reach.items[0]->from.v4.items[0].first, 0xc0000200U);
}

static void nobody_knows_who(void **state)
{
	struct scene *scene = *state;
	const struct sg_finding *found;

	read_policy(scene, POLICY);
	listens(scene, NULL, 0)->owner.pid = 0;
	run(scene);
	assert_int_equal(scene->verify.count, 1);
	found = finding(scene, SG_FINDING_UNDECIDED);
	assert_non_null(found);
	assert_string_equal(
		found->message,
		"whether tcp 80 is held by web.service, to which the policy gives it, could not be found out");
	assert_int_equal(found->line_count, 1);
	assert_int_equal(scene->verify.policy.items[0]->outcome, SG_OUTCOME_UNDECIDED);
	assert_false(scene->verify.conforms);
}

static void a_unit_that_does_not_run(void **state)
{
	struct scene *scene = *state;

	scene->web = (struct sg_unit){.state = SG_UNIT_ABSENT};
	read_policy(scene, POLICY);
	run(scene);
	assert_int_equal(scene->verify.equal, SG_PROVEN);
	assert_int_equal(scene->verify.count, 1);
	assert_non_null(finding(scene, SG_FINDING_UNUSED));
	listens(scene, in_other, 2);
	run(scene);
	assert_int_equal(scene->verify.count, 1);
	assert_non_null(finding(scene, SG_FINDING_WRONG_OWNER));
	assert_int_equal(scene->verify.reach.items[0]->outcome, SG_OUTCOME_DROP);
}

/* The rules still have the group that it was before. */
static void a_unit_that_was_restarted(void **state)
{
	struct scene *scene = *state;
	const struct sg_finding *found;

	read_policy(scene, POLICY);
	scene->web = (struct sg_unit){SG_UNIT_HERE, {{2, OTHER}}, 1};
	scene->bound = sg_decision_bind(&scene->decision, &scene->units);
	listens(scene, in_other, 2);
	run(scene);
	assert_int_equal(scene->verify.equal, SG_REFUTED);
	assert_int_equal(scene->verify.diff.sum.conditions, 1);
	assert_int_equal(scene->verify.count, 3);
	assert_non_null(finding(scene, SG_FINDING_DIFFERS));
	assert_non_null(finding(scene, SG_FINDING_BLOCKED));
	found = finding(scene, SG_FINDING_STALE_UNIT);
	assert_non_null(found);
	assert_int_equal(found->severity, SG_FINDING_HIGH);
	assert_non_null(strstr(found->message, "which are not (any more) that of web.service"));
	assert_int_equal(found->line_count, 1);
}

/* ---- Connections ---- */

static const struct sg_connection session = {.protocol = SG_PROTO_TCP,
					     .family = SG_IPV4,
					     .local = 0xc6336414,
					     .port = 80,
					     .remote = 0xc0000207,
					     .remote_port = 50000};

static void a_session_meets_who_listens(void **state)
{
	struct scene *scene = *state;
	struct sg_subject all, met;
	struct sg_lockout lockout;
	size_t listener;

	read_policy(scene, POLICY);
	listens(scene, in_other, 2);
	listens(scene, in_web, 2)->port = 81;
	all = sg_subject_of_policy(scene->policy, &scene->bound, SG_SECOND, &scene->units);
	assert_int_equal(sg_lockout_check(&all, &session, &lockout, NULL), 0);
	assert_true(lockout.accepted);
	listener = sg_connection_listener(&scene->list, &session);
	assert_int_equal(listener, 0);
	met = sg_subject_for(&all, &scene->listeners[listener]);
	assert_int_equal(sg_lockout_check(&met, &session, &lockout, NULL), 0);
	assert_false(lockout.accepted);
	assert_int_equal(lockout.because.line.kind, SG_ORIGIN_LINE);
	/* one that is bound to the address itself comes before one for all */
	scene->listeners[1].port = 80;
	scene->listeners[1].address = session.local;
	assert_int_equal(sg_connection_listener(&scene->list, &session), 1);
	met = sg_subject_for(&all, &scene->listeners[1]);
	assert_int_equal(sg_lockout_check(&met, &session, &lockout, NULL), 0);
	assert_true(lockout.accepted);
	scene->list.count = 0;
	assert_int_equal(sg_connection_listener(&scene->list, &session), SG_NO_LISTENER);
}

static void connections_that_cannot_come_again(void **state)
{
	struct scene *scene = *state;
	struct sg_connection items[2] = {session, session};
	struct sg_connections connections = {.items = items, .count = 2};
	struct sg_local_addresses local = {0};
	struct sg_subject to;
	struct sg_cuts_input input = {
		.to = &to, .connections = &connections, .listeners = &scene->list, .local = &local};
	sg_cleanup(sg_cuts_clear) struct sg_cuts cuts = {0};

	read_policy(scene, "allow: {tcp: [{port: [80, 81], unit: web.service}]}\n");
	to = sg_subject_of_policy(scene->policy, &scene->bound, SG_SECOND, &scene->units);
	items[1].port = 81;
	listens(scene, in_other, 2);
	listens(scene, in_web, 2)->port = 81;
	assert_int_equal(sg_cuts_find(&input, &cuts, NULL), 0);
	assert_int_equal(cuts.count, 1);
	assert_int_equal(cuts.items[0].connection, 0);
	assert_int_equal(cuts.items[0].when, SG_CUT_RECONNECT);
	assert_int_equal(cuts.items[0].outcome, SG_OUTCOME_DROP);
	assert_int_equal(cuts.items[0].origin, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(owners_of_conditions, setup, teardown),
		cmocka_unit_test_setup_teardown(the_right_one, setup, teardown),
		cmocka_unit_test_setup_teardown(a_squatter_is_kept_out, setup, teardown),
		cmocka_unit_test_setup_teardown(a_squatter_that_can_be_reached, setup, teardown),
		cmocka_unit_test_setup_teardown(another_line_lets_it_in, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_knows_who, setup, teardown),
		cmocka_unit_test_setup_teardown(a_unit_that_does_not_run, setup, teardown),
		cmocka_unit_test_setup_teardown(a_unit_that_was_restarted, setup, teardown),
		cmocka_unit_test_setup_teardown(a_session_meets_who_listens, setup, teardown),
		cmocka_unit_test_setup_teardown(connections_that_cannot_come_again, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
