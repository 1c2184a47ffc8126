/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Live connections under another decision, held against the questions that one would ask about each of them. */
#include "check_world.h"
#include "base/mem.h"
#include "sockgate/cut.h"
#include "sockgate/explain.h"

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

/* The rules come before all else, so that they can speak of established and of outbound packets too; what they leave is
 * accepted when it is established or outbound, and dropped otherwise. */
static struct sg_subject subject_of(struct sg_idd *idd, const struct rule *rules, size_t count)
{
	static const struct rule below[] = {{.verdict = SG_VERDICT_ACCEPT, .states = "established"},
					    {.verdict = SG_VERDICT_ACCEPT, .states = "any", .direction = "out"}};
	struct sg_decision decision = {
		.idd = idd, .verdict = sg_idd_terminal(SG_VERDICT_DROP), .origin = sg_idd_terminal(WORLD_BASE)};
	sg_ref universe = sg_packet_universe(idd);

	for (size_t i = count + SG_COUNT(below); i-- > 0;) {
		const struct rule *rule = i < count ? &rules[i] : &below[i - count];
		sg_ref set = world_region(idd, rule);

		decision.verdict = sg_idd_ite(idd, set, sg_idd_terminal(rule->verdict), decision.verdict);
		decision.origin = sg_idd_ite(idd, set, sg_idd_terminal((uint32_t)i + 1), decision.origin);
	}
	decision.verdict = sg_idd_ite(idd, universe, decision.verdict, SG_IDD_EMPTY);
	decision.origin = sg_idd_ite(idd, universe, decision.origin, SG_IDD_EMPTY);
	return (struct sg_subject){.decision = decision};
}

static struct sg_addr address(const char *text)
{
	struct sg_addr ret;

	assert_true(sg_addr_parse(text, strlen(text), &ret));
	return ret;
}

static struct sg_connection connection(const char *local, uint16_t port, const char *remote, uint16_t remote_port)
{
	struct sg_connection ret = {.protocol = SG_PROTO_TCP, .port = port, .remote_port = remote_port};

	ret.family = address(local).family;
	ret.local = address(local).bits;
	ret.remote = address(remote).bits;
	return ret;
}

static struct sg_listener listener(const char *text, uint16_t port)
{
	struct sg_addr at = address(text);

	return (struct sg_listener){.protocol = SG_PROTO_TCP, .family = at.family, .address = at.bits, .port = port};
}

/* eth0 and eth1, and an address that both have; one of lo that others can reach. */
static struct sg_local_addresses host(void)
{
	static const struct {
		const char *interface, *address;
	} rows[] = {{"lo", "127.0.0.1"},       {"lo", "::1"},
		    {"eth0", "198.51.100.20"}, {"eth1", "198.51.100.21"},
		    {"eth0", "198.51.100.22"}, {"eth1", "198.51.100.22"},
		    {"lo", "198.51.100.23"},   {"eth0", "2001:db8::20"}};
	struct sg_local_addresses list = {0};

	for (size_t i = 0; i < SG_COUNT(rows); i++) {
		struct sg_local_address item = {.family = address(rows[i].address).family,
						.address = address(rows[i].address).bits,
						.prefix_length = 24};

		snprintf(item.interface_name, sizeof(item.interface_name), "%s", rows[i].interface);
		assert_int_equal(sg_local_addresses_add(&list, &item, NULL), 0);
	}
	return list;
}

static struct sg_cuts find(const struct sg_cuts_input *input)
{
	struct sg_cuts cuts = {0};
	struct sg_error err = {0};

	if (sg_cuts_find(input, &cuts, &err))
		fail_msg("%s", err.message);
	return cuts;
}

/* ---- By hand ---- */

static void test_inbound_and_outbound(void **state)
{
	sg_cleanup(sg_local_addresses_clear) struct sg_local_addresses local = host();
	struct sg_listener listening[] = {
		listener("0.0.0.0", 22),     listener("198.51.100.20", 22),  listener("::", 80),
		listener("127.0.0.1", 5432), listener("198.51.100.21", 443), listener("::ffff:198.51.100.20", 25)};
	struct sg_connection connections[] = {
		connection("198.51.100.20", 22, "192.0.2.1", 50000),
		connection("198.51.100.21", 22, "192.0.2.1", 50001),
		connection("198.51.100.20", 80, "192.0.2.1", 50002),
		connection("2001:db8::20", 80, "2001:db8:1::1", 50003),
		connection("198.51.100.20", 5432, "192.0.2.1", 50004), /* nobody listens there but on loopback */
		connection("198.51.100.20", 443, "192.0.2.1", 50005),  /* … and there on another address */
		connection("198.51.100.20", 25, "192.0.2.1", 50006),
		connection("198.51.100.20", 40000, "192.0.2.1", 22),
		connection("198.51.100.20", 40001, "198.51.100.21", 22), /* inside */
		connection("198.51.100.20", 22, "198.51.100.20", 40002), /* inside */
		connection("127.0.0.1", 5432, "127.0.0.9", 40003),       /* inside */
	};
	/* nothing comes in any more, and nothing leaves for port 22 */
	struct sg_subject to = subject_of(
		*state, RULES({.verdict = SG_VERDICT_REJECT, .protocols = "tcp", .ports = "22", .direction = "out"}));
	struct sg_cuts_input input = {
		.to = &to,
		.connections = &(struct sg_connections){.items = connections, .count = SG_COUNT(connections)},
		.listeners = &(struct sg_listeners){.items = listening, .count = SG_COUNT(listening)},
		.local = &local,
	};
	static const struct {
		size_t connection, listener;
		enum sg_outcome outcome;
		uint32_t origin;
	} expected[] = {
		{0, 1, SG_OUTCOME_DROP, WORLD_BASE}, {1, 0, SG_OUTCOME_DROP, WORLD_BASE},
		{6, 5, SG_OUTCOME_DROP, WORLD_BASE}, {2, 2, SG_OUTCOME_DROP, WORLD_BASE},
		{3, 2, SG_OUTCOME_DROP, WORLD_BASE}, {7, SG_NO_LISTENER, SG_OUTCOME_REJECT, 1},
	};
	sg_cleanup(sg_cuts_clear) struct sg_cuts cuts = find(&input);

	assert_int_equal(cuts.count, SG_COUNT(expected));
	for (size_t i = 0; i < cuts.count; i++) {
		const struct sg_cut *cut = &cuts.items[i];

		assert_int_equal(cut->connection, expected[i].connection);
		assert_int_equal(cut->listener, expected[i].listener);
		assert_int_equal(cut->direction, expected[i].listener == SG_NO_LISTENER ? SG_OUT : SG_IN);
		assert_int_equal(cut->when, SG_CUT_RECONNECT);
		assert_int_equal(cut->outcome, expected[i].outcome);
		assert_int_equal(cut->origin, expected[i].origin);
	}
}

/* One connection to port 22 under rules; NEVER when it is not told. */
static struct sg_cut one(struct sg_idd *idd, struct sg_connection *of, const struct sg_subject *from, bool untracked,
			 const struct rule *rules, size_t count)
{
	sg_cleanup(sg_local_addresses_clear) struct sg_local_addresses local = host();
	struct sg_listener ssh = listener("::", 22);
	struct sg_subject to = subject_of(idd, rules, count);
	struct sg_cuts_input input = {
		.from = from,
		.to = &to,
		.connections = &(struct sg_connections){.items = of, .count = 1},
		.listeners = &(struct sg_listeners){.items = &ssh, .count = 1},
		.local = &local,
		.untracked = untracked,
	};
	sg_cleanup(sg_cuts_clear) struct sg_cuts cuts = find(&input);

	assert_true(cuts.count <= 1);
	return cuts.count ? cuts.items[0] : (struct sg_cut){.when = SG_CUT_NEVER};
}

static void test_when(void **state)
{
	struct sg_connection in = connection("198.51.100.20", 22, "192.0.2.1", 50000);
	struct sg_connection out = connection("198.51.100.20", 50000, "192.0.2.1", 443);
	struct sg_cut cut;

	assert_int_equal(one(*state, &in, NULL, false, RULES({.verdict = SG_VERDICT_ACCEPT, .ports = "22"})).when,
			 SG_CUT_NEVER);
	assert_int_equal(one(*state, &in, NULL, true, RULES({.verdict = SG_VERDICT_ACCEPT, .ports = "22"})).when,
			 SG_CUT_NEVER);
	assert_int_equal(one(*state, &in, NULL, false, NULL, 0).when, SG_CUT_RECONNECT);
	assert_int_equal(one(*state, &in, NULL, true, NULL, 0).when, SG_CUT_NEXT_PACKET);
	/* outbound ones can be made again; what the other end sends next is new where nobody tracked them */
	assert_int_equal(one(*state, &out, NULL, false, NULL, 0).when, SG_CUT_NEVER);
	assert_int_equal(one(*state, &out, NULL, true, NULL, 0).when, SG_CUT_NEXT_PACKET);
	/* packets of established connections, in either direction */
	cut = one(*state, &in, NULL, true, RULES({.verdict = SG_VERDICT_REJECT, .states = "established"}));
	assert_int_equal(cut.when, SG_CUT_AT_ONCE);
	assert_int_equal(cut.outcome, SG_OUTCOME_REJECT);
	assert_int_equal(cut.origin, 1);
	cut = one(*state, &in, NULL, false,
		  RULES({.verdict = SG_VERDICT_ACCEPT},
			{.verdict = SG_VERDICT_DROP, .states = "established", .direction = "out", .ports = "50000"}));
	assert_int_equal(cut.when, SG_CUT_AT_ONCE);
	assert_int_equal(cut.origin, 2);
	assert_int_equal(one(*state, &out, NULL, false,
			     RULES({.verdict = SG_VERDICT_DROP, .states = "established", .ports = "50000"}))
				 .when,
			 SG_CUT_AT_ONCE);
}

/* What is refused already is not cut off; what gets worse is. */
static void test_before(void **state)
{
	struct sg_connection in = connection("198.51.100.20", 22, "192.0.2.1", 50000);
	struct sg_subject open = subject_of(*state, RULES({.verdict = SG_VERDICT_ACCEPT, .ports = "22"}));
	struct sg_subject closed = subject_of(*state, NULL, 0);
	struct sg_subject cut = subject_of(*state, RULES({.verdict = SG_VERDICT_DROP, .states = "any"}));

	assert_int_equal(one(*state, &in, &open, false, NULL, 0).when, SG_CUT_RECONNECT);
	assert_int_equal(one(*state, &in, &closed, false, NULL, 0).when, SG_CUT_NEVER);
	assert_int_equal(one(*state, &in, &cut, false, NULL, 0).when, SG_CUT_NEVER);
	assert_int_equal(
		one(*state, &in, &closed, false, RULES({.verdict = SG_VERDICT_DROP, .states = "established"})).when,
		SG_CUT_AT_ONCE);
	assert_int_equal(
		one(*state, &in, &cut, false, RULES({.verdict = SG_VERDICT_DROP, .states = "established"})).when,
		SG_CUT_NEVER);
}

static void test_interfaces(void **state)
{
	const struct rule only_eth1[] = {{.verdict = SG_VERDICT_ACCEPT, .ports = "22", .interfaces = "eth1"}};
	const struct rule but_lo[] = {{.verdict = SG_VERDICT_ACCEPT, .ports = "22", .interfaces = "!lo"}};
	const struct rule refused[] = {{.verdict = SG_VERDICT_REJECT, .ports = "22", .interfaces = "eth1"}};
	struct sg_connection of = connection("198.51.100.20", 22, "192.0.2.1", 50000);
	struct sg_cut cut;

	assert_int_equal(one(*state, &of, NULL, false, only_eth1, 1).outcome, SG_OUTCOME_DROP);
	of.local = address("198.51.100.21").bits;
	assert_int_equal(one(*state, &of, NULL, false, only_eth1, 1).when, SG_CUT_NEVER);
	/* what two interfaces have, or lo, may come by any */
	for (unsigned int last = 22; last <= 23; last++) {
		of.local = address("198.51.100.0").bits | last;
		cut = one(*state, &of, NULL, false, only_eth1, 1);
		assert_int_equal(cut.when, SG_CUT_RECONNECT);
		assert_int_equal(cut.outcome, SG_OUTCOME_DEPENDS);
		assert_int_equal(cut.origin, WORLD_BASE);
		assert_int_equal(one(*state, &of, NULL, false, but_lo, 1).when, SG_CUT_NEVER);
		assert_int_equal(one(*state, &of, NULL, false, refused, 1).outcome, SG_OUTCOME_DROP);
	}
	/* the device that it is bound to is the one; a name with a star is no wildcard of the kernel's */
	snprintf(of.interface_name, sizeof(of.interface_name), "eth1");
	assert_int_equal(one(*state, &of, NULL, false, only_eth1, 1).when, SG_CUT_NEVER);
	snprintf(of.interface_name, sizeof(of.interface_name), "eth*");
	assert_int_equal(one(*state, &of, NULL, false, only_eth1, 1).outcome, SG_OUTCOME_DEPENDS);
	memset(of.interface_name, 'x', sizeof(of.interface_name));
	assert_int_equal(one(*state, &of, NULL, false, only_eth1, 1).outcome, SG_OUTCOME_DEPENDS);
}

static void test_undecided(void **state)
{
	size_t level = sg_idd_add_level(*state, 1);
	struct sg_connection of = connection("198.51.100.20", 22, "192.0.2.1", 50000);
	sg_cleanup(sg_local_addresses_clear) struct sg_local_addresses local = host();
	struct sg_listener ssh = listener("::", 22);
	struct sg_subject open = subject_of(*state, RULES({.verdict = SG_VERDICT_ACCEPT, .ports = "22"}));
	struct sg_subject closed = subject_of(*state, NULL, 0), unknown = open;
	struct sg_cuts_input input = {
		.to = &unknown,
		.connections = &(struct sg_connections){.items = &of, .count = 1},
		.listeners = &(struct sg_listeners){.items = &ssh, .count = 1},
		.local = &local,
	};
	struct sg_cuts cuts;

	unknown.decision.verdict =
		sg_idd_ite(*state, sg_idd_range(*state, level, 1, 1), open.decision.verdict, closed.decision.verdict);
	cuts = find(&input);
	assert_int_equal(cuts.count, 1);
	assert_int_equal(cuts.items[0].outcome, SG_OUTCOME_UNDECIDED);
	sg_cuts_clear(&cuts);
	/* who may be let in now is told when he is not any more */
	input.from = &unknown;
	input.to = &closed;
	cuts = find(&input);
	assert_int_equal(cuts.count, 1);
	sg_cuts_clear(&cuts);
}

/* ---- At random, against the explanations of packets ---- */

struct scene {
	struct sg_connection connections[80];
	struct sg_listener listeners[8];
	struct sg_local_addresses local;
};

static const char *const locals[] = {"198.51.100.20", "198.51.100.21", "198.51.100.22", "198.51.100.23", "127.0.0.1"};
static const char *const remotes[] = {"192.0.2.7", "192.0.2.9", "10.1.2.3", "203.0.113.1", "198.51.100.21"};
static const uint16_t ports[] = {22, 25, 80, 65535, 50000};

#define PICK(seed, list) list[world_random(seed, (uint32_t)SG_COUNT(list))]

static void make_scene(uint64_t *seed, struct scene *scene)
{
	for (size_t i = 0; i < SG_COUNT(scene->connections); i++) {
		struct sg_connection *of = &scene->connections[i];

		*of = connection(PICK(seed, locals), PICK(seed, ports), PICK(seed, remotes), PICK(seed, ports));
		if (!world_random(seed, 4))
			*of = connection("2001:db8::20", of->port, world_random(seed, 2) ? "2001:db8::1" : "fe80::1",
					 of->remote_port);
		if (!world_random(seed, 6))
			snprintf(of->interface_name, sizeof(of->interface_name), "%s",
				 world_random(seed, 2) ? "eth1" : "wg0");
	}
	for (size_t i = 0; i < SG_COUNT(scene->listeners); i++) {
		static const char *const bound[] = {"0.0.0.0", "::", "198.51.100.20", "2001:db8::20"};

		scene->listeners[i] = listener(PICK(seed, bound), PICK(seed, ports));
		scene->listeners[i].v6only = world_random(seed, 2);
	}
}

static bool listens(const struct sg_listener *at, const struct sg_connection *of)
{
	if (at->port != of->port || (at->address && at->address != of->local))
		return false;
	return at->family == of->family || (at->family == SG_IPV6 && !at->address && !at->v6only);
}

static bool inside(const struct scene *scene, const struct sg_connection *of)
{
	for (size_t i = 0; i < scene->local.count; i++)
		if (scene->local.items[i].family == of->family && scene->local.items[i].address == of->remote)
			return true;
	return false;
}

/* The one interface that has the local address; NULL: none, several, or lo. */
static const char *interface_of(const struct scene *scene, const struct sg_connection *of)
{
	const char *found = NULL;
	size_t count = 0;

	if (*of->interface_name)
		return of->interface_name;
	for (size_t i = 0; i < scene->local.count; i++) {
		if (scene->local.items[i].family != of->family || scene->local.items[i].address != of->local)
			continue;
		found = scene->local.items[i].interface_name;
		count++;
	}
	return count == 1 && strcmp(found, "lo") != 0 ? found : NULL;
}

static void fix(struct sg_packet *packet, enum sg_field field, sg_u128 value)
{
	packet->field[field] = value;
	packet->fixed[field] = true;
}

/* Whether a packet of the connection is surely accepted (sure: surely refused); *ret has who decides. */
static bool asked(struct sg_explainer *explainer, const struct scene *scene, const struct sg_connection *of,
		  enum sg_direction direction, enum sg_ct_state state, bool sure, struct sg_explanation *ret)
{
	const char *interface = interface_of(scene, of);
	struct sg_packet packet = {0};
	struct sg_range key;

	fix(&packet, SG_FIELD_DIRECTION, direction);
	fix(&packet, SG_FIELD_STATE, state);
	fix(&packet, SG_FIELD_PROTOCOL, of->protocol);
	fix(&packet, SG_FIELD_PORT, direction == SG_IN ? of->port : of->remote_port);
	fix(&packet, of->family == SG_IPV4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6, of->local);
	fix(&packet, of->family == SG_IPV4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6, of->remote);
	fix(&packet, SG_FIELD_FAMILY, of->family);
	if (interface) {
		assert_true(sg_interface_range(interface, strlen(interface), &key));
		fix(&packet, SG_FIELD_INTERFACE, key.first);
	}
	assert_int_equal(sg_explain(explainer, &packet, ret, NULL), 0);
	if (!sure || ret->outcome != SG_OUTCOME_DEPENDS)
		return ret->outcome == SG_OUTCOME_ACCEPT;
	return ret->by_outcome[SG_OUTCOME_ACCEPT].count > 0; /* some let it in: not surely refused */
}

static enum sg_cut_when expected(struct sg_explainer *explainer, const struct scene *scene,
				 const struct sg_connection *of, enum sg_direction made, bool untracked, bool sure,
				 struct sg_explanation *ret)
{
	const struct {
		enum sg_direction direction;
		enum sg_ct_state state;
		enum sg_cut_when when;
		bool asked;
	} questions[] = {{SG_IN, SG_CT_ESTABLISHED, SG_CUT_AT_ONCE, true},
			 {SG_OUT, SG_CT_ESTABLISHED, SG_CUT_AT_ONCE, true},
			 {SG_IN, SG_CT_NEW, SG_CUT_NEXT_PACKET, untracked},
			 {made, SG_CT_NEW, SG_CUT_RECONNECT, true}};

	for (size_t i = 0; i < SG_COUNT(questions); i++) {
		if (!questions[i].asked)
			continue;
		if (!asked(explainer, scene, of, questions[i].direction, questions[i].state, sure, ret))
			return questions[i].when;
		sg_explanation_clear(ret);
	}
	return SG_CUT_NEVER;
}

static bool among(uint32_t origin, const struct sg_explanation *explanation)
{
	for (size_t i = 0; i < explanation->origin_count; i++)
		if (explanation->origins[i] == origin)
			return true;
	return false;
}

static void compare(const struct scene *scene, const struct sg_cuts_input *input, const struct sg_cuts *cuts)
{
	struct sg_explainer *to = sg_explainer_new(input->to, NULL);
	struct sg_explainer *from = input->from ? sg_explainer_new(input->from, NULL) : NULL;
	size_t told = 0;

	for (size_t i = 0; i < SG_COUNT(scene->connections); i++) {
		const struct sg_connection *of = &scene->connections[i];
		struct sg_explanation answer = {0}, earlier = {0};
		enum sg_direction made = SG_OUT;
		enum sg_cut_when when, before = SG_CUT_NEVER;
		const struct sg_cut *cut = NULL;

		for (size_t k = 0; k < SG_COUNT(scene->listeners); k++)
			made = listens(&scene->listeners[k], of) ? SG_IN : made;
		for (size_t k = 0; k < cuts->count; k++)
			cut = cuts->items[k].connection == i ? &cuts->items[k] : cut;
		when = inside(scene, of) ? SG_CUT_NEVER
					 : expected(to, scene, of, made, input->untracked, false, &answer);
		if (when != SG_CUT_NEVER && from)
			before = expected(from, scene, of, made, input->untracked, true, &earlier);
		if (before <= when)
			when = SG_CUT_NEVER;
		assert_int_equal(cut ? cut->when : SG_CUT_NEVER, when);
		told += when != SG_CUT_NEVER;
		if (cut) {
			assert_int_equal(cut->direction, made);
			assert_true(among(cut->origin, &answer));
			assert_true(made == SG_OUT ? cut->listener == SG_NO_LISTENER
						   : listens(&scene->listeners[cut->listener], of));
		}
		sg_explanation_clear(&answer);
		sg_explanation_clear(&earlier);
	}
	assert_int_equal(cuts->count, told);
	sg_explainer_free(to);
	sg_explainer_free(from);
}

/* Those of one group are together, whatever their number. */
static void check_order(const struct sg_cuts *cuts, const struct scene *scene)
{
	for (size_t i = 1; i < cuts->count; i++) {
		const struct sg_cut *a = &cuts->items[i - 1], *b = &cuts->items[i];
		const struct sg_connection *x = &scene->connections[a->connection];
		const struct sg_connection *y = &scene->connections[b->connection];

		assert_true(a->direction <= b->direction);
		if (a->direction != b->direction)
			continue;
		if (a->direction == SG_IN)
			assert_true(x->port <= y->port);
		else
			assert_true(x->remote_port <= y->remote_port);
	}
}

static void test_random(void **state)
{
	uint64_t seed = world_seed();
	size_t counts[SG_CUT_NEVER] = {0};

	(void)state;
	for (unsigned int round = 0; round < 60; round++) {
		struct sg_idd *idd = sg_packet_context(0);
		struct rule rules[2][6];
		struct sg_subject subjects[2];
		struct scene scene = {.local = host()};
		struct sg_cuts_input input = {
			.from = world_random(&seed, 2) ? &subjects[0] : NULL,
			.to = &subjects[1],
			.connections = &(struct sg_connections){.items = scene.connections,
								.count = SG_COUNT(scene.connections)},
			.listeners =
				&(struct sg_listeners){.items = scene.listeners, .count = SG_COUNT(scene.listeners)},
			.local = &scene.local,
			.untracked = world_random(&seed, 2),
		};
		struct sg_cuts cuts;

		for (size_t side = 0; side < 2; side++) {
			size_t count = 1 + world_random(&seed, 5);

			for (size_t i = 0; i < count; i++) {
				rules[side][i] = world_random_rule(&seed);
				if (!world_random(&seed, 3))
					rules[side][i].states = "established";
			}
			subjects[side] = subject_of(idd, rules[side], count);
		}
		make_scene(&seed, &scene);
		cuts = find(&input);
		compare(&scene, &input, &cuts);
		check_order(&cuts, &scene);
		for (size_t i = 0; i < cuts.count; i++)
			counts[cuts.items[i].when]++;
		sg_cuts_clear(&cuts);
		sg_local_addresses_clear(&scene.local);
		sg_idd_free(idd);
	}
	print_message("%zu at once, %zu with the next packet, %zu when they reconnect\n", counts[0], counts[1],
		      counts[2]);
	assert_true(counts[0] && counts[1] && counts[2]);
}

/* 10,000 connections, all cut off, under a decision of a thousand rules. */
static void test_speed(void **state)
{
	enum { COUNT = 10000, RULES_COUNT = 1000 };
	static struct rule rules[RULES_COUNT];
	static char texts[RULES_COUNT][2][24];
	sg_cleanup(sg_local_addresses_clear) struct sg_local_addresses local = host();
	sg_autofree struct sg_connection *items = calloc(COUNT, sizeof(*items));
	struct sg_listener web[] = {listener("::", 80), listener("198.51.100.20", 443)};
	struct sg_subject to;
	struct sg_cuts_input input = {
		.to = &to,
		.connections = &(struct sg_connections){.items = items, .count = COUNT},
		.listeners = &(struct sg_listeners){.items = web, .count = SG_COUNT(web)},
		.local = &local,
	};
	struct sg_cuts cuts;
	double seconds = 1;

	for (unsigned int i = 0; i < RULES_COUNT; i++) {
		snprintf(texts[i][0], sizeof(texts[i][0]), "%u", 1000 + i);
		snprintf(texts[i][1], sizeof(texts[i][1]), "10.%u.%u.0/24", i / 250, i % 250);
		rules[i] = (struct rule){
			.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = texts[i][0], .from = texts[i][1]};
	}
	to = subject_of(*state, rules, RULES_COUNT);
	for (unsigned int i = 0; i < COUNT; i++) {
		items[i] = connection(i % 3 ? "198.51.100.20" : "198.51.100.22", i % 2 ? 80 : 443, "192.0.2.1",
				      (uint16_t)(20000 + i));
		items[i].remote += i % 77;
	}
	for (unsigned int try = 0; try < 5; try++) {
		double before = world_seconds(CLOCK_THREAD_CPUTIME_ID), took;

		cuts = find(&input);
		took = world_seconds(CLOCK_THREAD_CPUTIME_ID) - before;
		seconds = took < seconds ? took : seconds;
		assert_true(cuts.count > COUNT / 2);
		sg_cuts_clear(&cuts);
	}
	print_message("%.1f ms for %d connections\n", seconds * 1e3, COUNT);
	assert_true(seconds < 0.5);
}

static int routes_asked;

static int by_eth1(const struct sg_connection *to, char ret[16], struct sg_error *err)
{
	(void)to;
	(void)err;
	routes_asked++;
	snprintf(ret, 16, "eth1");
	return 0;
}

/* The local address is eth0's alone; the replies leave by eth1. */
static void test_way_of_the_replies(void **state)
{
	sg_cleanup(sg_local_addresses_clear) struct sg_local_addresses local = host();
	struct sg_listener listening[] = {listener("0.0.0.0", 22)};
	struct sg_connection connections[] = {connection("198.51.100.20", 22, "192.0.2.1", 50000)};
	struct sg_subject eth0 = subject_of(
		*state, RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22", .interfaces = "eth0"}));
	struct sg_subject eth1 = subject_of(
		*state, RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22", .interfaces = "eth1"}));
	struct sg_subject all =
		subject_of(*state, RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22"}));
	const struct sg_connections list = {.items = connections, .count = 1};
	const struct sg_listeners listeners = {.items = listening, .count = 1};
	struct sg_cuts_input input = {
		.to = &eth0, .connections = &list, .listeners = &listeners, .local = &local, .route = by_eth1};
	struct sg_cuts cuts = find(&input);

	assert_int_equal(cuts.count, 1);
	assert_int_equal(cuts.items[0].outcome, SG_OUTCOME_DROP);
	assert_int_equal(routes_asked, 1);
	sg_cuts_clear(&cuts);
	input.to = &eth1;
	cuts = find(&input);
	assert_int_equal(cuts.count, 0);
	sg_cuts_clear(&cuts);
	/* where it does not matter nobody is routes_asked */
	routes_asked = 0;
	input.to = &all;
	cuts = find(&input);
	assert_int_equal(cuts.count + (size_t)routes_asked, 0);
	sg_cuts_clear(&cuts);
}

/* conntrack tells who began a flow, whoever listens. */
static void test_flows(void **state)
{
	sg_cleanup(sg_local_addresses_clear) struct sg_local_addresses local = host();
	struct sg_listener listening[] = {listener("0.0.0.0", 4500)};
	struct sg_connection connections[] = {connection("198.51.100.20", 51820, "192.0.2.1", 50000),
					      connection("198.51.100.20", 4500, "192.0.2.1", 4500)};
	struct sg_subject subject = subject_of(
		*state, RULES({.verdict = SG_VERDICT_DROP, .protocols = "udp", .ports = "51820"},
			      {.verdict = SG_VERDICT_DROP, .protocols = "udp", .ports = "4500", .direction = "out"}));
	const struct sg_connections list = {.items = connections, .count = 2};
	const struct sg_listeners listeners = {.items = listening, .count = 1};
	const struct sg_cuts_input input = {
		.to = &subject, .connections = &list, .listeners = &listeners, .local = &local};
	struct sg_cuts cuts;

	listening[0].protocol = connections[0].protocol = connections[1].protocol = SG_PROTO_UDP;
	connections[0].flow = connections[0].inbound = connections[1].flow = true;
	cuts = find(&input);
	assert_int_equal(cuts.count, 2);
	assert_int_equal(cuts.items[0].direction, SG_IN);
	assert_int_equal(cuts.items[0].when, SG_CUT_RECONNECT);
	assert_int_equal(cuts.items[0].listener, SG_NO_LISTENER);
	assert_int_equal(cuts.items[1].direction, SG_OUT);
	assert_int_equal(cuts.items[1].listener, SG_NO_LISTENER);
	sg_cuts_clear(&cuts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_inbound_and_outbound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_way_of_the_replies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_when, setup, teardown),
		cmocka_unit_test_setup_teardown(test_before, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interfaces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_undecided, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_speed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
