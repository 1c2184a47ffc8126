/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings: policy, a kernel that obeys another policy, and listeners. */
#include <errno.h>
#include "check_world.h"
#include "base/mem.h"
#include "sockgate/compile.h"
#include "sockgate/verify.h"

struct side {
	struct sg_policy *policy;
	struct sg_decision decision;
};

struct scene {
	struct sg_idd *idd;
	struct sg_files *files;
	struct side policy, kernel;
	struct sg_evaluation evaluation; /* the kernel's decision, with no places */
	struct sg_listener listeners[16];
	struct sg_listeners list;
	struct sg_verify verify;
	bool loaded;
	const struct sg_foreign *foreign;
	size_t foreign_count;
	struct sg_outside outside;
};

static int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	scene->idd = sg_packet_context(0);
	scene->files = sg_files_new();
	scene->list.items = scene->listeners;
	scene->loaded = true;
	*state = scene;
	return scene->idd && scene->files ? 0 : -1;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	sg_verify_clear(&scene->verify);
	sg_outside_clear(&scene->outside);
	sg_policy_free(scene->policy.policy);
	sg_policy_free(scene->kernel.policy);
	sg_files_free(scene->files);
	sg_idd_free(scene->idd);
	free(scene);
	return 0;
}

static struct side read_side(struct scene *scene, const char *text)
{
	static const struct sg_policy_options options = {.trusted_only = false};
	struct sg_diags diags = {0};
	struct sg_error err = {0};
	struct side side;

	side.policy = sg_policy_parse("policy.yaml", ".", text, strlen(text), &options, scene->files, &diags, &err);
	if (!side.policy)
		fail_msg("%s %s", diags.count ? diags.items[0].message : "", err.message);
	assert_int_equal(sg_policy_lower(side.policy, scene->idd, &side.decision, &err), 0);
	sg_diags_clear(&diags);
	return side;
}

static struct sg_listener *add(struct scene *scene, uint8_t protocol, const char *bound, uint16_t port)
{
	struct sg_listener *listener = &scene->listeners[scene->list.count++];
	struct sg_addr addr;

	assert_true(sg_addr_parse(bound, strlen(bound), &addr));
	*listener = (struct sg_listener){
		.protocol = protocol, .family = addr.family, .address = addr.bits, .port = port, .owner.pid = 812};
	snprintf(listener->owner.process, sizeof(listener->owner.process), "daemon%zu", scene->list.count - 1);
	return listener;
}

/* A kernel that obeys `kernel`; NULL: the policy itself. */
static void run(struct scene *scene, const char *policy, const char *kernel)
{
	struct sg_verify_input input = {0};
	struct sg_error err = {0};

	scene->policy = read_side(scene, policy);
	if (kernel)
		scene->kernel = read_side(scene, kernel);
	scene->evaluation.decision = kernel ? scene->kernel.decision : scene->policy.decision;
	input.policy = scene->policy.policy;
	input.decision = &scene->policy.decision;
	input.evaluation = scene->loaded ? &scene->evaluation : NULL;
	input.foreign = scene->foreign;
	input.foreign_count = scene->foreign_count;
	input.outside = &scene->outside;
	input.listeners = &scene->list;
	if (sg_verify(&input, &scene->verify, &err) < 0)
		fail_msg("%s", err.message);
}

static const struct sg_finding *find(const struct scene *scene, enum sg_finding_id id, size_t listener)
{
	for (size_t i = 0; i < scene->verify.count; i++) {
		if (scene->verify.findings[i].id == id && scene->verify.findings[i].listener == listener)
			return &scene->verify.findings[i];
	}
	return NULL;
}

static void test_conforms(void **state)
{
	struct scene *scene = *state;

	add(scene, SG_PROTO_TCP, "::", 22);
	add(scene, SG_PROTO_TCP, "127.0.0.1", 5432);
	add(scene, SG_PROTO_UDP, "0.0.0.0", 40000)->connected = true;
	run(scene, "allow: {tcp: [22]}\n", NULL);
	assert_int_equal(scene->verify.equal, SG_PROVEN);
	assert_true(scene->verify.conforms);
	assert_int_equal(scene->verify.count, 0);
}

static void test_not_loaded(void **state)
{
	struct scene *scene = *state;
	const struct sg_finding *finding;

	scene->loaded = false;
	add(scene, SG_PROTO_TCP, "::", 22);
	add(scene, SG_PROTO_TCP, "0.0.0.0", 5432);
	run(scene, "allow: {tcp: [22]}\n", NULL);
	assert_int_equal(scene->verify.equal, SG_REFUTED);
	assert_false(scene->verify.conforms);
	assert_non_null(find(scene, SG_FINDING_NOT_LOADED, SG_NO_LISTENER));
	assert_null(find(scene, SG_FINDING_DIFFERS, SG_NO_LISTENER));
	assert_null(find(scene, SG_FINDING_EXPOSED, 0));
	finding = find(scene, SG_FINDING_EXPOSED, 1);
	assert_non_null(finding);
	assert_int_equal(finding->severity, SG_FINDING_HIGH);
	assert_string_equal(
		finding->message,
		"daemon1 (pid 812) on tcp 5432 can be reached by anyone, though the policy does not allow it");
	assert_int_equal(finding->place_count, 0);
	assert_int_equal(finding->line_count, 1);
	assert_int_equal(sg_policy_origin(scene->policy.policy, finding->lines[0]).kind, SG_ORIGIN_DEFAULT);
	assert_int_equal(finding->wheres->count, 1);
	assert_int_equal(finding->wheres->items[0].families, 1);
	assert_true(finding->wheres->items[0].remote->any);
}

/* What is open past what comes in is open. */
static void test_published(void **state)
{
	struct scene *scene = *state;
	const struct sg_finding *finding;

	run(scene, "{published: enforce, allow: {tcp: [22]}}\n", "{published: ignore, allow: {tcp: [22]}}\n");
	assert_int_equal(scene->verify.equal, SG_REFUTED);
	finding = find(scene, SG_FINDING_DIFFERS, SG_NO_LISTENER);
	assert_non_null(finding);
	assert_int_equal(finding->severity, SG_FINDING_HIGH);
	assert_non_null(strstr(finding->message, "ports open that should not be"));
}

static void test_published_closed(void **state)
{
	struct scene *scene = *state;
	const struct sg_finding *finding;

	run(scene, "{published: ignore, allow: {tcp: [22]}}\n", "{published: enforce, allow: {tcp: [22]}}\n");
	finding = find(scene, SG_FINDING_DIFFERS, SG_NO_LISTENER);
	assert_non_null(finding);
	assert_int_equal(finding->severity, SG_FINDING_MEDIUM);
}

static void test_differs(void **state)
{
	struct scene *scene = *state;
	const struct sg_finding *finding;

	add(scene, SG_PROTO_TCP, "0.0.0.0", 22);
	add(scene, SG_PROTO_TCP, "0.0.0.0", 80);
	add(scene, SG_PROTO_TCP, "0.0.0.0", 443);
	add(scene, SG_PROTO_TCP, "0.0.0.0", 8080);
	run(scene, "allow:\n  tcp: [22, 443, {port: 80, from: 192.0.2.0/24}]\n",
	    "allow:\n  tcp: [80, {port: 443, from: 198.51.100.0/24}, {port: 8080, from: 10.0.0.0/8}]\n");
	assert_int_equal(scene->verify.equal, SG_REFUTED);
	finding = find(scene, SG_FINDING_DIFFERS, SG_NO_LISTENER);
	assert_non_null(finding);
	assert_int_equal(finding->severity, SG_FINDING_HIGH);
	assert_string_equal(finding->message,
			    "the kernel decides otherwise than the policy: 4 differences, 2 ports open "
			    "that should not be, 2 ports closed that should not be");

	finding = find(scene, SG_FINDING_BLOCKED, 0);
	assert_non_null(finding);
	assert_int_equal(finding->line_count, 1);
	assert_string_equal(sg_policy_origin(scene->policy.policy, finding->lines[0]).rule, "allow.tcp[0]");
	assert_string_equal(finding->message,
			    "daemon0 (pid 812) on tcp 22 is allowed by the policy, but the kernel refuses everyone");
	finding = find(scene, SG_FINDING_EXPOSED, 1);
	assert_non_null(finding);
	assert_int_equal(finding->severity, SG_FINDING_HIGH);
	assert_string_equal(finding->message,
			    "daemon1 (pid 812) on tcp 80 can be reached by more than the policy allows");
	assert_true(finding->wheres->items[0].remote->except);
	assert_null(find(scene, SG_FINDING_BLOCKED, 1));
	finding = find(scene, SG_FINDING_BLOCKED, 2);
	assert_non_null(finding);
	assert_string_equal(finding->message, "daemon2 (pid 812) on tcp 443 is allowed by the policy, but the kernel "
					      "refuses some who may reach it");
	/* from private addresses alone it is less bad */
	finding = find(scene, SG_FINDING_EXPOSED, 3);
	assert_non_null(finding);
	assert_int_equal(finding->severity, SG_FINDING_MEDIUM);
	assert_int_equal(scene->verify.by_severity[SG_FINDING_HIGH], 2);
	for (size_t i = 1; i < scene->verify.count; i++)
		assert_true(scene->verify.findings[i - 1].severity <= scene->verify.findings[i].severity);
}

static void test_undeclared(void **state)
{
	struct scene *scene = *state;
	const struct sg_finding *finding;

	add(scene, SG_PROTO_TCP, "0.0.0.0", 8080);   /* no line names it */
	add(scene, SG_PROTO_TCP, "0.0.0.0", 23);     /* a block does */
	add(scene, SG_PROTO_UDP, "0.0.0.0", 22);     /* named for another protocol */
	add(scene, SG_PROTO_TCP, "127.0.0.1", 8081); /* nobody's business */
	add(scene, SG_PROTO_ICMP, "0.0.0.0", 0)->raw = true;
	run(scene, "allow: {tcp: [22]}\nblock: {tcp: [23]}\n", NULL);
	finding = find(scene, SG_FINDING_UNDECLARED, 0);
	assert_non_null(finding);
	assert_int_equal(finding->severity, SG_FINDING_NOTE);
	assert_string_equal(finding->message,
			    "daemon0 (pid 812) on tcp 8080, which no line of the policy names; it is blocked");
	assert_non_null(find(scene, SG_FINDING_UNDECLARED, 2));
	assert_int_equal(scene->verify.by_severity[SG_FINDING_NOTE], 2);
	/* nobody listens on 22 */
	assert_int_equal(scene->verify.count, 3);
	assert_false(scene->verify.conforms);
}

static void test_unused(void **state)
{
	struct scene *scene = *state;
	size_t unused = 0;

	add(scene, SG_PROTO_TCP, "::", 22);
	add(scene, SG_PROTO_TCP, "127.0.0.1", 25);
	add(scene, SG_PROTO_TCP, "0.0.0.0", 8050);
	add(scene, SG_PROTO_TCP, "198.51.100.20", 443);
	add(scene, SG_PROTO_UDP, "0.0.0.0", 53);
	run(scene,
	    "allow:\n"
	    "  tcp:\n"
	    "    - 22\n"                             /* used by a dual-stack socket */
	    "    - 25\n"                             /* only on loopback: unused */
	    "    - 8000-8099\n"                      /* used in part */
	    "    - {port: 443, to: 198.51.100.21}\n" /* another address: unused */
	    "    - {port: 8443, on-demand: true}\n"
	    "    - {port: [9100, 9256], family: ipv4}\n" /* unused */
	    "  tcp+udp: [53]\n"                          /* used by udp */
	    "  dccp: [5001]\n"                           /* such listeners cannot be listed */
	    "  icmp: [echo-request]\n"
	    "  any: [{interface: wg0}]\n",
	    NULL);
	for (size_t i = 0; i < scene->verify.count; i++) {
		const struct sg_finding *finding = &scene->verify.findings[i];

		if (finding->id != SG_FINDING_UNUSED)
			continue;
		unused++;
		assert_int_equal(finding->severity, SG_FINDING_LOW);
		assert_int_equal(finding->line_count, 1);
		assert_int_equal(sg_policy_origin(scene->policy.policy, finding->lines[0]).kind, SG_ORIGIN_LINE);
	}
	assert_int_equal(unused, 3);
	assert_string_equal(scene->verify.findings[0].message,
			    "tcp 25 is allowed, but nobody listens there for others");
	assert_string_equal(scene->verify.findings[2].message,
			    "tcp 9100, 9256 is allowed, but nobody listens there for others");
}

static void test_foreign(void **state)
{
	static const struct sg_foreign foreign[] = {
		{"ip", "nat"}, {"ip", "fil\033[2Jter"}, {"inet", "fw4"}, {"ip6", "x"}};
	struct scene *scene = *state;
	const struct sg_finding *finding;

	scene->foreign = foreign;
	scene->foreign_count = 4;
	add(scene, SG_PROTO_TCP, "::", 22);
	run(scene, "allow: {tcp: [22]}\n", NULL);
	assert_int_equal(scene->verify.diff.equal, SG_PROVEN);
	assert_int_equal(scene->verify.equal, SG_UNDECIDED);
	assert_false(scene->verify.conforms);
	finding = find(scene, SG_FINDING_UNDECIDED, SG_NO_LISTENER);
	assert_non_null(finding);
	assert_string_equal(finding->message,
			    "'ip nat', 'ip fil?[2Jter', 'inet fw4' and 1 more are not sockgate's: what "
			    "they do to packets is outside the proof");
}

/* The one finding is this; our table is proven all the same, and the kernel as a whole is not. */
static void assert_outside(struct scene *scene, enum sg_finding_severity severity, const char *message)
{
	const struct sg_finding *finding;

	add(scene, SG_PROTO_TCP, "::", 22);
	run(scene, "allow: {tcp: [22]}\n", NULL);
	assert_int_equal(scene->verify.diff.equal, SG_PROVEN);
	assert_int_equal(scene->verify.equal, SG_UNDECIDED);
	assert_false(scene->verify.conforms);
	finding = find(scene, SG_FINDING_OUTSIDE, SG_NO_LISTENER);
	assert_non_null(finding);
	assert_int_equal(finding->severity, severity);
	assert_string_equal(finding->message, message);
}

static void test_outside_seen(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(sg_outside_seen(&scene->outside, SG_OUTSIDE_XDP, "et\033h0", NULL, "XDP program %d on %s", 3,
					 "et\033h0"),
			 0);
	assert_int_equal(sg_outside_count_seen(&scene->outside), 1);
	assert_outside(scene, SG_FINDING_MEDIUM,
		       "XDP program 3 on et?h0: what it does to packets is outside the proof");
}

static void test_outside_unseen(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(
		sg_outside_unseen(&scene->outside, SG_OUTSIDE_NETFILTER, "", EPERM, "whether a program is there", NULL),
		0);
	assert_int_equal(sg_outside_count_seen(&scene->outside), 0);
	assert_outside(scene, SG_FINDING_LOW, "not known whether a program is there: Operation not permitted");
}

static void test_unknown(void **state)
{
	struct scene *scene = *state;
	static char first[] = "expression 'numgen'", second[] = "expression 'xfrm' in chain input, rule 2";
	struct sg_unknown unknowns[2] = {{.reason = first}, {.reason = second}};
	struct sg_verify_input input = {0};
	struct side side = read_side(scene, "allow: {tcp: [22, 80]}\n");
	const struct rule maybe = {.verdict = SG_VERDICT_DROP, .protocols = "tcp", .ports = "80"};
	sg_ref set;

	add(scene, SG_PROTO_TCP, "0.0.0.0", 22);
	add(scene, SG_PROTO_TCP, "0.0.0.0", 80);
	unknowns[0].level = sg_idd_add_level(scene->idd, 1);
	unknowns[1].level = sg_idd_add_level(scene->idd, 1);
	set = sg_idd_and(scene->idd, world_region(scene->idd, &maybe),
			 sg_idd_range(scene->idd, unknowns[1].level, 1, 1));
	scene->policy = side;
	scene->evaluation.decision = side.decision;
	scene->evaluation.decision.verdict =
		sg_idd_ite(scene->idd, set, sg_idd_terminal(SG_VERDICT_DROP), side.decision.verdict);
	scene->evaluation.unknowns = unknowns;
	scene->evaluation.unknown_count = 2;
	input.policy = side.policy;
	input.decision = &side.decision;
	input.evaluation = &scene->evaluation;
	input.listeners = &scene->list;
	assert_int_equal(sg_verify(&input, &scene->verify, NULL), 0);
	assert_int_equal(scene->verify.equal, SG_UNDECIDED);
	assert_int_equal(scene->verify.unknown_count, 1);
	assert_int_equal(scene->verify.unknowns[0], 1);
	assert_non_null(find(scene, SG_FINDING_UNDECIDED, SG_NO_LISTENER));
	assert_non_null(find(scene, SG_FINDING_UNDECIDED, 1));
	assert_null(find(scene, SG_FINDING_UNDECIDED, 0));
	assert_null(find(scene, SG_FINDING_BLOCKED, 1));
	assert_int_equal(scene->verify.reach.items[1]->outcome, SG_OUTCOME_UNDECIDED);
	assert_true(scene->verify.reach.items[1]->undecided);
}

/* The compiler's table, evaluated: nothing is found. */
static void test_compiled(void **state)
{
	static const char text[] =
		"allow:\n  tcp: [22, {port: 9100, from: [192.0.2.0/24, 2001:db8::/32]}]\n  udp: [53]\n"
		"block:\n  any: [{from: 203.0.113.0/24}]\n";
	struct scene *scene = *state;
	struct sg_table table = {0};
	struct sg_verify_input input = {0};
	struct sg_error err = {0};

	add(scene, SG_PROTO_TCP, "::", 22);
	add(scene, SG_PROTO_TCP, "::", 9100);
	add(scene, SG_PROTO_UDP, "0.0.0.0", 53);
	scene->policy = read_side(scene, text);
	if (sg_compile(&scene->policy.decision, NULL, &table, &err) < 0 ||
	    sg_evaluate(scene->idd, &table, &scene->evaluation, &err) < 0)
		fail_msg("%s", err.message);
	input.policy = scene->policy.policy;
	input.decision = &scene->policy.decision;
	input.evaluation = &scene->evaluation;
	input.listeners = &scene->list;
	if (sg_verify(&input, &scene->verify, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(scene->verify.equal, SG_PROVEN);
	assert_true(scene->verify.conforms);
	assert_int_equal(scene->verify.count, 0);
	assert_int_equal(scene->verify.reach.items[1]->outcome, SG_OUTCOME_DEPENDS);
	sg_evaluation_clear(&scene->evaluation);
	sg_table_clear(&table);
}

/* 10,000 listeners, each on a line of its own; kernel and policy agree. */
static void test_speed(void **state)
{
	enum { LISTENERS = 10000 };
	struct scene *scene = *state;
	struct sg_listener *items = calloc(LISTENERS, sizeof(*items));
	struct sg_verify_input input = {0};
	char *text = calloc(1, 200000);
	double begin;
	size_t used = 0;

	used += (size_t)sprintf(text + used, "allow:\n  tcp:\n");
	for (size_t i = 0; i < LISTENERS; i++) {
		used += (size_t)sprintf(text + used, "    - %zu\n", 10000 + 2 * i);
		items[i] = (struct sg_listener){.protocol = SG_PROTO_TCP, .port = (uint16_t)(10000 + 2 * i)};
	}
	scene->policy = read_side(scene, text);
	scene->evaluation.decision = scene->policy.decision;
	input.policy = scene->policy.policy;
	input.decision = &scene->policy.decision;
	input.evaluation = &scene->evaluation;
	input.listeners = &(const struct sg_listeners){.items = items, .count = LISTENERS};
	begin = world_seconds(CLOCK_PROCESS_CPUTIME_ID);
	assert_int_equal(sg_verify(&input, &scene->verify, NULL), 0);
	print_message("10,000 listeners and lines: %.1f ms\n", 1e3 * (world_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin));
	assert_true(scene->verify.conforms);
	assert_int_equal(scene->verify.count, 0);
	free(text);
	free(items);
}

/* The same with many classes of sources, and a kernel that is somewhat different. */
static void test_speed_classes(void **state)
{
	enum { LISTENERS = 10000 };
	struct scene *scene = *state;
	struct sg_listener *items = calloc(LISTENERS, sizeof(*items));
	struct sg_verify_input input = {0};
	char *text = calloc(1, 200000);
	double begin;
	size_t used = 0;

	used += (size_t)sprintf(text + used, "allow:\n  tcp:\n");
	for (size_t i = 0; i < 2000; i++)
		used += (size_t)sprintf(text + used, "    - {port: %zu, from: 10.%zu.%zu.0/24}\n", 10000 + 3 * i,
					i / 250, i % 250);
	for (size_t i = 0; i < LISTENERS; i++) {
		items[i] = (struct sg_listener){.protocol = SG_PROTO_TCP, .port = (uint16_t)(10000 + i)};
		items[i].family = i % 2 ? SG_IPV4 : SG_IPV6;
	}
	scene->policy = read_side(scene, text);
	scene->kernel = read_side(scene, "allow:\n  tcp: [10000-14999]\n");
	scene->evaluation.decision = scene->kernel.decision;
	input.policy = scene->policy.policy;
	input.decision = &scene->policy.decision;
	input.evaluation = &scene->evaluation;
	input.listeners = &(const struct sg_listeners){.items = items, .count = LISTENERS};
	begin = world_seconds(CLOCK_PROCESS_CPUTIME_ID);
	assert_int_equal(sg_verify(&input, &scene->verify, NULL), 0);
	print_message("10,000 listeners, 2,000 classes, %zu findings: %.1f ms\n", scene->verify.count,
		      1e3 * (world_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin));
	/* all of 10000-14999 are open to more than they should */
	for (size_t i = 0; i < 5000; i++)
		assert_true(i >= scene->verify.count || scene->verify.findings[i].severity == SG_FINDING_HIGH);
	sg_verify_clear(&scene->verify);
	input.evaluation = &(const struct sg_evaluation){.decision = scene->policy.decision};
	begin = world_seconds(CLOCK_PROCESS_CPUTIME_ID);
	assert_int_equal(sg_verify(&input, &scene->verify, NULL), 0);
	print_message("the same, in order: %.1f ms\n", 1e3 * (world_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin));
	assert_int_equal(scene->verify.equal, SG_PROVEN);
	free(text);
	free(items);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(sg_finding_name(SG_FINDING_NOT_LOADED), "kernel/not-loaded");
	assert_string_equal(sg_finding_name(SG_FINDING_DIFFERS), "kernel/differs");
	assert_string_equal(sg_finding_name(SG_FINDING_UNDECIDED), "kernel/undecided");
	assert_string_equal(sg_finding_name(SG_FINDING_EXPOSED), "listener/exposed");
	assert_string_equal(sg_finding_name(SG_FINDING_BLOCKED), "listener/blocked");
	assert_string_equal(sg_finding_name(SG_FINDING_UNUSED), "allow/unused");
	assert_string_equal(sg_finding_name(SG_FINDING_UNDECLARED), "listener/undeclared");
	assert_string_equal(sg_finding_severity_name(SG_FINDING_HIGH), "high");
	assert_string_equal(sg_finding_severity_name(SG_FINDING_NOTE), "note");
	assert_string_equal(sg_outcome_name(SG_OUTCOME_DEPENDS), "depends");
	assert_string_equal(sg_outcome_name(SG_OUTCOME_UNDECIDED), "undecided");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_conforms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_published, setup, teardown),
		cmocka_unit_test_setup_teardown(test_published_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_differs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_undeclared, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign, setup, teardown),
		cmocka_unit_test_setup_teardown(test_outside_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_outside_unseen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compiled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_speed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_speed_classes, setup, teardown),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
