/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions about packets, and about connections that are in use. */
#include "check_world.h"
#include "sockgate/explain.h"
#include "sockgate/lockout.h"

#define RULES(...)                                                                                                     \
	((const struct rule[]){__VA_ARGS__}), sizeof((const struct rule[]){__VA_ARGS__}) / sizeof(struct rule)

static int setup(void **state)
{
	*state = sg_packet_context(0);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	sg_idd_free(*state);
	return 0;
}

static void fix(struct sg_packet *packet, enum sg_field field, sg_u128 value)
{
	packet->field[field] = value;
	packet->fixed[field] = true;
}

static struct sg_packet port_question(uint8_t protocol, uint32_t port)
{
	struct sg_packet packet = {0};

	fix(&packet, SG_FIELD_PROTOCOL, protocol);
	fix(&packet, SG_FIELD_PORT, port);
	return packet;
}

static struct sg_explainer *ready(const struct sg_subject *subject)
{
	struct sg_explainer *explainer = sg_explainer_new(subject, NULL);

	assert_non_null(explainer);
	return explainer;
}

static void test_answers(void **state)
{
	struct sg_subject subject = world_subject(
		*state, RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22"},
			      {.verdict = SG_VERDICT_REJECT, .protocols = "tcp", .ports = "80", .from = "192.0.2.0/24"},
			      {.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "80"}));
	struct sg_explainer *explainer = ready(&subject);
	struct sg_explanation answer = {0};
	struct sg_packet question = port_question(SG_PROTO_TCP, 22);
	const struct sg_wheres *rejected;
	struct sg_range loopback;

	assert_int_equal(sg_explain(explainer, &question, &answer, NULL), 0);
	assert_int_equal(answer.outcome, SG_OUTCOME_ACCEPT);
	assert_int_equal(answer.origin_count, 1);
	assert_int_equal(answer.origins[0], 1);
	sg_explanation_clear(&answer);

	question = port_question(SG_PROTO_TCP, 80);
	assert_int_equal(sg_explain(explainer, &question, &answer, NULL), 0);
	assert_int_equal(answer.outcome, SG_OUTCOME_DEPENDS);
	assert_int_equal(answer.origin_count, 2);
	assert_int_equal(answer.by_outcome[SG_OUTCOME_ACCEPT].count, 1);
	assert_int_equal(answer.by_outcome[SG_OUTCOME_DROP].count, 0);
	rejected = &answer.by_outcome[SG_OUTCOME_REJECT];
	assert_int_equal(rejected->count, 1);
	assert_int_equal(rejected->items[0].remote->v4.count, 1);
	assert_true(rejected->items[0].interfaces.loopback_aside);
	assert_int_equal(rejected->items[0].states, 1U << SG_CT_NEW);
	assert_true(answer.by_outcome[SG_OUTCOME_ACCEPT].items[0].remote->except);
	sg_explanation_clear(&answer);

	fix(&question, SG_FIELD_REMOTE4, 0xc0000207U);
	assert_int_equal(sg_explain(explainer, &question, &answer, NULL), 0);
	assert_int_equal(answer.outcome, SG_OUTCOME_REJECT);
	assert_int_equal(answer.origins[0], 2);
	sg_explanation_clear(&answer);

	question = port_question(SG_PROTO_TCP, 23);
	assert_int_equal(sg_explain(explainer, &question, &answer, NULL), 0);
	assert_int_equal(answer.outcome, SG_OUTCOME_DROP);
	sg_explanation_clear(&answer);
	/* asked for, the loopback interface is not aside */
	assert_true(sg_interface_range("lo", 2, &loopback));
	fix(&question, SG_FIELD_INTERFACE, loopback.first);
	assert_int_equal(sg_explain(explainer, &question, &answer, NULL), 0);
	assert_int_equal(answer.outcome, SG_OUTCOME_ACCEPT);
	sg_explanation_clear(&answer);
	sg_explainer_free(explainer);
}

static void test_impossible(void **state)
{
	struct sg_subject subject = world_subject(*state, NULL, 0);
	struct sg_explainer *explainer = ready(&subject);
	struct sg_explanation answer = {0};
	struct sg_packet question = port_question(SG_PROTO_ESP, 22);
	struct sg_error err = {0};

	assert_int_equal(sg_explain(explainer, &question, &answer, NULL), 0);
	assert_int_equal(answer.outcome, SG_OUTCOME_NONE);
	sg_explanation_clear(&answer);
	fix(&question, SG_FIELD_REMOTE4, 1);
	fix(&question, SG_FIELD_LOCAL6, 1);
	assert_int_equal(sg_explain(explainer, &question, &answer, &err), -1);
	assert_int_equal(err.kind, SG_ERROR_INPUT);
	question = (struct sg_packet){0};
	fix(&question, SG_FIELD_PORT, 22);
	assert_int_equal(sg_explain(explainer, &question, &answer, &err), -1);
	assert_int_equal(err.kind, SG_ERROR_INPUT);
	sg_explainer_free(explainer);
}

static void test_unknown(void **state)
{
	struct sg_idd *idd = *state;
	struct sg_subject subject = world_subject(idd, NULL, 0);
	size_t level = sg_idd_add_level(idd, 1);
	struct sg_explanation answer = {0};
	struct sg_packet question = port_question(SG_PROTO_UDP, 53);
	struct sg_explainer *explainer;
	sg_ref set = sg_idd_and(idd, sg_idd_equals(idd, subject.decision.verdict, SG_VERDICT_DROP),
				sg_idd_range(idd, SG_FIELD_PROTOCOL, SG_PROTO_UDP, SG_PROTO_UDP));

	set = sg_idd_and(idd, set, sg_idd_range(idd, level, 1, 1));
	subject.decision.verdict = sg_idd_ite(idd, set, sg_idd_terminal(SG_VERDICT_ACCEPT), subject.decision.verdict);
	explainer = ready(&subject);
	assert_int_equal(sg_explain(explainer, &question, &answer, NULL), 0);
	assert_int_equal(answer.outcome, SG_OUTCOME_UNDECIDED);
	sg_explanation_clear(&answer);
	question = port_question(SG_PROTO_TCP, 53);
	assert_int_equal(sg_explain(explainer, &question, &answer, NULL), 0);
	assert_int_equal(answer.outcome, SG_OUTCOME_DROP);
	sg_explanation_clear(&answer);
	sg_explainer_free(explainer);
}

/* ---- At random, against sets ---- */

static struct sg_packet random_question(uint64_t *seed)
{
	static const uint8_t protocols[] = {SG_PROTO_TCP, SG_PROTO_UDP, SG_PROTO_ICMP, SG_PROTO_ICMPV6, SG_PROTO_ESP};
	static const uint32_t ports[] = {0, 8, 22, 25, 80, 128, 443, 65535, SG_PORT_ABSENT};
	static const char *const interfaces[] = {"lo", "eth0", "eth1", "br0", "wg0"};
	static const enum sg_direction directions[] = {SG_IN, SG_IN,  SG_IN,        SG_IN,
						       SG_IN, SG_OUT, SG_PUBLISHED, SG_PUBLISHED};
	static const uint32_t v4[] = {0, 0xc0000207U, 0xc0000208U, 0x0a000001U, UINT32_MAX};
	static const uint32_t local4[] = {0xc6336414U, 0xc6336415U, 0};
	struct sg_packet question = {0};
	struct sg_range key = {0, 0};

	question.field[SG_FIELD_DIRECTION] = directions[world_random(seed, 8)];
	question.field[SG_FIELD_STATE] = world_random(seed, 4) ? SG_CT_NEW : SG_CT_UNTRACKED;
	if (world_random(seed, 8))
		fix(&question, SG_FIELD_PROTOCOL, protocols[world_random(seed, 5)]);
	if (question.fixed[SG_FIELD_PROTOCOL] && world_random(seed, 6))
		fix(&question, SG_FIELD_PORT, ports[world_random(seed, 9)]);
	if (!world_random(seed, 3)) {
		const char *name = interfaces[world_random(seed, 5)];

		assert_true(sg_interface_range(name, strlen(name), &key));
		fix(&question, SG_FIELD_INTERFACE, key.first);
	}
	switch (world_random(seed, 4)) {
	case 0: fix(&question, SG_FIELD_FAMILY, world_random(seed, 2)); break;
	case 1: fix(&question, SG_FIELD_REMOTE4, v4[world_random(seed, 5)]); break;
	case 2: fix(&question, SG_FIELD_LOCAL4, local4[world_random(seed, 3)]); break;
	default: break;
	}
	return question;
}

static sg_ref question_packets(struct sg_idd *idd, const struct sg_packet *question)
{
	bool v4 = question->fixed[SG_FIELD_LOCAL4] || question->fixed[SG_FIELD_REMOTE4];
	sg_ref set = sg_packet_universe(idd);

	for (size_t level = 0; level < SG_FIELD_COUNT; level++) {
		if (question->fixed[level] || level <= SG_FIELD_STATE)
			set = sg_idd_and(idd, set,
					 sg_idd_range(idd, level, question->field[level], question->field[level]));
	}
	if (v4)
		set = sg_idd_and(idd, set, sg_idd_range(idd, SG_FIELD_FAMILY, SG_IPV4, SG_IPV4));
	if (!question->fixed[SG_FIELD_INTERFACE])
		set = sg_idd_and(idd, set, world_interfaces(idd, "!lo"));
	return set;
}

static void assert_answer(struct sg_idd *idd, const struct sg_subject *subject, sg_ref origin,
			  const struct sg_packet *question, const struct sg_explanation *answer)
{
	sg_ref packets = question_packets(idd, question), rest = packets;
	unsigned int outcomes = 0;

	for (uint32_t verdict = SG_VERDICT_ACCEPT; verdict <= SG_VERDICT_REJECT; verdict++) {
		const struct sg_wheres *wheres = &answer->by_outcome[verdict];
		sg_ref set = sg_idd_and(idd, packets, sg_idd_equals(idd, subject->decision.verdict, verdict));
		sg_ref said = SG_IDD_EMPTY;

		outcomes += set != SG_IDD_EMPTY;
		if (answer->outcome == verdict)
			assert_true(set == packets && set != SG_IDD_EMPTY);
		for (size_t i = 0; i < wheres->count; i++)
			said = sg_idd_or(idd, said, world_where(idd, &wheres->items[i]));
		assert_true(said == (answer->outcome == SG_OUTCOME_DEPENDS ? set : SG_IDD_EMPTY));
	}
	assert_int_equal(answer->outcome == SG_OUTCOME_DEPENDS, outcomes > 1);
	assert_int_equal(answer->outcome == SG_OUTCOME_NONE, packets == SG_IDD_EMPTY);
	for (size_t i = 0; i < answer->origin_count; i++) {
		sg_ref there = sg_idd_equals(idd, origin, answer->origins[i]);

		assert_true(!i || answer->origins[i - 1] < answer->origins[i]);
		assert_false(sg_idd_disjoint(idd, there, packets));
		rest = sg_idd_minus(idd, rest, there);
	}
	assert_true(rest == SG_IDD_EMPTY);
}

static void test_random(void **state)
{
	uint64_t seed = world_seed();
	size_t depends = 0, single = 0;

	for (size_t round = 0; round < 60; round++) {
		struct rule rules[8];
		size_t count = world_random(&seed, 9);
		struct sg_explainer *explainer;
		struct sg_subject subject;
		sg_ref origin;

		for (size_t i = 0; i < count; i++)
			rules[i] = world_random_rule(&seed);
		subject = world_subject(*state, rules, count);
		origin = round % 2 ? subject.decision.origin : world_origins_apart(&subject.decision);
		explainer = ready(&subject);
		for (size_t k = 0; k < 40; k++) {
			struct sg_packet question = random_question(&seed);
			struct sg_explanation answer = {0};

			assert_int_equal(sg_explain(explainer, &question, &answer, NULL), 0);
			assert_answer(*state, &subject, origin, &question, &answer);
			depends += answer.outcome == SG_OUTCOME_DEPENDS;
			single += answer.outcome != SG_OUTCOME_DEPENDS;
			sg_explanation_clear(&answer);
		}
		sg_explainer_free(explainer);
	}
	assert_true(depends > 50 && single > 50);
}

static void test_speed(void **state)
{
	struct rule rules[400];
	char ports[400][12];
	struct sg_subject subject;
	struct sg_explainer *explainer;
	size_t accepted = 0;
	double begin;

	for (size_t i = 0; i < 400; i++) {
		snprintf(ports[i], sizeof(ports[i]), "%zu", 1000 + 7 * i);
		rules[i] = (struct rule){.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = ports[i]};
		rules[i].from = i % 3 ? NULL : "192.0.2.0/24 10.0.0.0/8 2001:db8::/32";
	}
	subject = world_subject(*state, rules, 400);
	explainer = ready(&subject);
	begin = world_seconds(CLOCK_PROCESS_CPUTIME_ID);
	for (uint32_t i = 0; i < 100000; i++) {
		struct sg_packet question = port_question(SG_PROTO_TCP, i % 65536);
		struct sg_explanation answer = {0};

		fix(&question, SG_FIELD_REMOTE4, 0x0a000000U + i);
		assert_int_equal(sg_explain(explainer, &question, &answer, NULL), 0);
		accepted += answer.outcome == SG_OUTCOME_ACCEPT;
		sg_explanation_clear(&answer);
	}
	print_message("100,000 questions: %.1f ms\n", 1e3 * (world_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin));
	/* senders are of 10.0.0.0/8, so all 400 lines accept; ports up to 34463 come twice */
	assert_int_equal(accepted, 800);
	sg_explainer_free(explainer);
}

/* ---- Lockout ---- */

static struct sg_lockout lockout(const struct sg_subject *subject, sg_u128 remote, const char *interface)
{
	struct sg_connection connection = {
		.protocol = SG_PROTO_TCP, .family = SG_IPV4, .local = 0xc6336414U, .remote = remote, .port = 22};
	struct sg_lockout ret = {0};

	snprintf(connection.interface_name, sizeof(connection.interface_name), "%s", interface ? interface : "");

	assert_int_equal(sg_lockout_check(subject, &connection, &ret, NULL), 0);
	return ret;
}

static void test_lockout(void **state)
{
	struct sg_subject subject = world_subject(
		*state, RULES({.verdict = SG_VERDICT_REJECT, .protocols = "tcp", .ports = "22", .from = "10.0.0.0/8"},
			      {.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22", .interfaces = "eth1"}));
	struct sg_lockout answer = lockout(&subject, 0xc0000209U, "eth1");

	assert_true(answer.accepted);
	assert_int_equal(answer.because.origin, 2);
	answer = lockout(&subject, 0xc0000209U, "eth0");
	assert_false(answer.accepted);
	assert_int_equal(answer.outcome, SG_OUTCOME_DROP);
	assert_int_equal(answer.because.origin, WORLD_BASE);
	answer = lockout(&subject, 0x0a000001U, "eth1");
	assert_int_equal(answer.outcome, SG_OUTCOME_REJECT);
	assert_int_equal(answer.because.origin, 1);
	/* by an interface that is not known: all have to accept, and the one that does not is named */
	answer = lockout(&subject, 0xc0000209U, NULL);
	assert_false(answer.accepted);
	assert_int_equal(answer.outcome, SG_OUTCOME_DEPENDS);
	assert_int_equal(answer.because.origin, WORLD_BASE);
	assert_true(answer.packet.fixed[SG_FIELD_INTERFACE]);
	assert_int_equal(sg_idd_lookup(*state, subject.decision.verdict, answer.packet.field), SG_VERDICT_DROP);
	/* from this very host */
	assert_true(lockout(&subject, 0x7f000001U, NULL).accepted);
	assert_true(lockout(&subject, 0xc6336414U, "eth0").accepted);
}

/* ---- Sessions ---- */

#define V6(text) (world_address6(text))

static sg_u128 world_address6(const char *text)
{
	struct sg_addr ret;

	assert_true(sg_addr_parse(text, strlen(text), &ret));
	return ret.bits;
}

static struct sg_lockout judge(const struct sg_subject *subject, const struct sg_session *session,
			       const struct sg_lockout_ways *ways)
{
	struct sg_lockout ret = {0};

	assert_int_equal(sg_lockout_session(subject, session, ways, &ret, NULL), 0);
	return ret;
}

static void test_session_interface(void **state)
{
	struct sg_subject subject = world_subject(
		*state, RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22", .interfaces = "eth1"}));
	char interfaces[][16] = {"eth0", "eth1", "eth2"};
	struct sg_lockout_ways ways = {.loopback = "lo", .interfaces = interfaces, .count = 3};
	struct sg_session session = {
		.remote_known = true,
		.connection = {.protocol = SG_PROTO_TCP, .local = 0xc6336414U, .remote = 0xc0000209U, .port = 22}};
	struct sg_lockout answer = judge(&subject, &session, &ways);

	/* no route: every interface has to accept */
	assert_false(answer.accepted);
	assert_int_equal(answer.outcome, SG_OUTCOME_DEPENDS);
	ways.route = (struct sg_route){.known = true, .interface_name = "eth1"};
	answer = judge(&subject, &session, &ways);
	assert_true(answer.accepted);
	assert_string_equal(answer.interface_name, "eth1");
	assert_string_equal(answer.elsewhere, "eth0");
	ways.route = (struct sg_route){.known = true, .interface_name = "eth2"};
	answer = judge(&subject, &session, &ways);
	assert_false(answer.accepted);
	assert_string_equal(answer.elsewhere, "eth1");
	/* what is bound to a device is no guess */
	snprintf(session.connection.interface_name, 16, "eth1");
	answer = judge(&subject, &session, &ways);
	assert_true(answer.accepted);
	assert_string_equal(answer.elsewhere, "");
	/* inside of the host */
	memset(session.connection.interface_name, 0, 16);
	ways.route = (struct sg_route){.known = true, .local = true, .interface_name = "lo"};
	assert_true(judge(&subject, &session, &ways).accepted);
}

static void test_session_neighbours(void **state)
{
	struct sg_subject without =
		world_subject(*state, RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22"}));
	struct sg_subject with =
		world_subject(*state, RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22"},
					    {.verdict = SG_VERDICT_ACCEPT,
					     .protocols = "icmpv6",
					     .ports = "135-136",
					     .states = "any",
					     .from = "fe80::/10"}));
	struct sg_lockout_ways ways = {.loopback = "lo",
				       .route = {.known = true,
						 .interface_name = "eth0",
						 .resolves = true,
						 .hop_family = SG_IPV6,
						 .hop = V6("fe80::1")}};
	struct sg_session session = {.remote_known = true,
				     .connection = {.protocol = SG_PROTO_TCP,
						    .family = SG_IPV6,
						    .local = V6("2001:db8::20"),
						    .remote = V6("2001:db8:7::7"),
						    .port = 22}};
	struct sg_lockout answer = judge(&without, &session, &ways);

	assert_false(answer.accepted);
	assert_int_equal(answer.packet.field[SG_FIELD_PROTOCOL], SG_PROTO_ICMPV6);
	assert_int_equal(answer.packet.field[SG_FIELD_PORT], 135);
	assert_true(answer.packet.field[SG_FIELD_LOCAL6] == V6("ff02::1:ff00:20"));
	/* by the router's address, which is what is discovered */
	assert_true(judge(&with, &session, &ways).accepted);
	ways.route.hop = session.connection.remote;
	assert_false(judge(&with, &session, &ways).accepted);
	/* a tunnel resolves nothing, and what stays inside neither */
	ways.route.resolves = false;
	assert_true(judge(&without, &session, &ways).accepted);
	ways.route.resolves = true;
	ways.route.hop_family = SG_IPV4;
	assert_true(judge(&without, &session, &ways).accepted);
}

static void test_session_without_a_peer(void **state)
{
	struct sg_subject subject = world_subject(
		*state,
		RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "udp", .ports = "60001"},
		      {.verdict = SG_VERDICT_ACCEPT, .protocols = "udp", .ports = "60002", .from = "192.0.2.0/24"}));
	const struct sg_lockout_ways ways = {.loopback = "lo"};
	struct sg_session session = {.kind = SG_SESSION_ROAMING,
				     .connection = {.protocol = SG_PROTO_UDP, .port = 60001}};

	assert_true(judge(&subject, &session, &ways).accepted);
	session.connection.port = 60002;
	assert_int_equal(judge(&subject, &session, &ways).outcome, SG_OUTCOME_DEPENDS);
	session.connection.port = 60003;
	assert_int_equal(judge(&subject, &session, &ways).outcome, SG_OUTCOME_DROP);
}

static void test_anybody(void **state)
{
	struct sg_subject subject = world_subject(
		*state, RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22", .from = "192.0.2.9"}));
	struct sg_listener listener = {.protocol = SG_PROTO_TCP, .family = SG_IPV6, .port = 22};
	bool any;

	assert_int_equal(sg_lockout_anybody(&subject, &listener, &any, NULL), 0);
	assert_true(any);
	listener.v6only = true;
	assert_int_equal(sg_lockout_anybody(&subject, &listener, &any, NULL), 0);
	assert_false(any);
	listener = (struct sg_listener){.protocol = SG_PROTO_TCP, .family = SG_IPV4, .port = 23};
	assert_int_equal(sg_lockout_anybody(&subject, &listener, &any, NULL), 0);
	assert_false(any);
}

static void test_lockout_bad_interface(void **state)
{
	struct sg_subject subject = world_subject(*state, NULL, 0);
	struct sg_connection connection = {.protocol = SG_PROTO_TCP, .remote = 1};
	struct sg_lockout ret;
	struct sg_error err = {0};

	memset(connection.interface_name, 'x', sizeof(connection.interface_name)); /* not NUL-terminated */
	assert_int_equal(sg_lockout_check(&subject, &connection, &ret, &err), -1);
	assert_int_equal(err.kind, SG_ERROR_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_impossible, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_speed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lockout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lockout_bad_interface, setup, teardown),
		cmocka_unit_test_setup_teardown(test_session_interface, setup, teardown),
		cmocka_unit_test_setup_teardown(test_session_neighbours, setup, teardown),
		cmocka_unit_test_setup_teardown(test_session_without_a_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_anybody, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
