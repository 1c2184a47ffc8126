// SPDX-License-Identifier: GPL-2.0-or-later
/* test_policy_lower.c - the decision of a policy against a reading of its lines packet by packet, one after the other.
 */
#include "policy_random.h"
#include "policy_text.h"
#include "sockgate/condition.h"

/* ---- The policy, packet by packet ---- */

static bool naive_exists(const sg_u128 *packet)
{
	sg_u128 protocol = packet[SG_FIELD_PROTOCOL], port = packet[SG_FIELD_PORT], state = packet[SG_FIELD_STATE];

	if (packet[SG_FIELD_DIRECTION] == SG_PUBLISHED && (state == SG_CT_INVALID || state == SG_CT_UNTRACKED))
		return false;
	if (protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136)
		return true;
	return port == SG_PORT_ABSENT || ((protocol == 1 || protocol == 58) && port < 256);
}

static bool naive_service(const struct sg_line *line, const sg_u128 *packet)
{
	sg_u128 protocol = packet[SG_FIELD_PROTOCOL], port = packet[SG_FIELD_PORT];
	bool v4 = packet[SG_FIELD_FAMILY] == SG_IPV4;

	switch (line->kind) {
	case SG_LINE_PORTS:
		for (size_t i = 0; i < line->protocol_count; i++) {
			if (line->protocols[i] == protocol)
				return sg_ranges_contain(&line->ports, port);
		}
		return false;
	case SG_LINE_ICMP:
		return (v4 && protocol == 1 && sg_ranges_contain(&line->types4, port)) ||
		       (!v4 && protocol == 58 && sg_ranges_contain(&line->types6, port));
	case SG_LINE_PROTOCOL: return line->protocols[0] == protocol;
	case SG_LINE_ANY: return true;
	}
	return false;
}

/* Whether the packet's remote, or else its local, address is in the set. */
static bool naive_among(const struct sg_addresses *set, const sg_u128 *packet, bool remote)
{
	if (packet[SG_FIELD_FAMILY] == SG_IPV4)
		return sg_ranges_contain(&set->v4, packet[remote ? SG_FIELD_REMOTE4 : SG_FIELD_LOCAL4]);
	return sg_ranges_contain(&set->v6, packet[remote ? SG_FIELD_REMOTE6 : SG_FIELD_LOCAL6]);
}

static bool naive_speaks(const struct sg_line *line, const sg_u128 *packet)
{
	bool v4 = packet[SG_FIELD_FAMILY] == SG_IPV4;

	if (!naive_service(line, packet) || (line->has_family && line->family != (v4 ? SG_IPV4 : SG_IPV6)))
		return false;
	if (line->has_interface && !sg_ranges_contain(&line->interfaces, packet[SG_FIELD_INTERFACE]))
		return false;
	if (packet[SG_FIELD_DIRECTION] == SG_PUBLISHED
		    ? line->direction != SG_IN || line->unit
		    : line->direction != (enum sg_direction)packet[SG_FIELD_DIRECTION])
		return false;
	if (line->has_from && !naive_among(&line->from, packet, line->direction == SG_IN))
		return false;
	return !line->has_to || naive_among(&line->to, packet, line->direction == SG_OUT);
}

/* ---- Conditions: a world in which each is met or not, by its name ---- */

struct world {
	int64_t now;
	uint64_t salt;
};

/* Around the dates of random policies. */
static struct world random_world(uint64_t *state)
{
	static const int64_t dates[] = {1893456000, 1924988400}; /* 2030-01-01T00:00Z, 2031-01-01T00:00+01:00 */

	return (struct world){.now = PICK(state, dates) - (int64_t)random_below(state, 2),
			      .salt = random_below(state, 1000)};
}

static bool naive_met_by_name(const struct world *world, const char *kind, const char *name)
{
	uint64_t hash = world->salt;

	for (; *kind; kind++)
		hash = hash * 31 + (uint8_t)*kind;
	for (; *name; name++)
		hash = hash * 31 + (uint8_t)*name;
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	return hash >> 62 != 0;
}

static bool naive_in_time(const struct sg_line *line, const struct world *world)
{
	return !line->has_until || world->now < line->until;
}

static bool naive_met(const struct sg_line *line, const struct world *world)
{
	if (line->unit && !naive_met_by_name(world, "unit", line->unit))
		return false;
	if (line->limit.count && !naive_met_by_name(world, "limit", line->meter))
		return false;
	return !line->connections || naive_met_by_name(world, "connections", line->meter);
}

/* The world's values of the levels below the packet's fields. */
static void naive_place(const struct sg_idd *idd, const struct world *world, sg_u128 *point)
{
	for (size_t level = SG_LEVEL_TIME; level < sg_idd_levels(idd); level++) {
		const struct sg_condition *condition = sg_condition_of(idd, level);

		point[level] = 0;
		if (!condition) /* the probe, which no policy has */
			continue;
		if (condition->kind == SG_CONDITION_TIME)
			point[level] = (sg_u128)world->now * 1000000000U;
		else if (condition->kind == SG_CONDITION_SOCKET)
			point[level] = naive_met_by_name(world, "unit", condition->name);
		else
			point[level] = naive_met_by_name(world, condition->limit ? "limit" : "connections",
							 strchr(condition->name, '_') + 1);
	}
}

static bool naive_link_local(sg_u128 address)
{
	return address >> 118 == 0x3fa;
}

static bool naive_dhcpv6(const sg_u128 *packet)
{
	sg_u128 local = packet[SG_FIELD_LOCAL6], remote = packet[SG_FIELD_REMOTE6];
	sg_u128 servers = ((sg_u128)0xff02 << 112) + 65538;

	if (packet[SG_FIELD_DIRECTION] == SG_IN)
		return packet[SG_FIELD_PORT] == 546 && naive_link_local(local);
	return packet[SG_FIELD_PORT] == 547 && naive_link_local(local) &&
	       (naive_link_local(remote) || remote == servers);
}

/* The first part of the baseline that decides, as its rule; NULL: none. */
static const char *naive_baseline(const struct sg_baseline *on, const sg_u128 *packet)
{
	struct sg_range lo;
	bool v4 = packet[SG_FIELD_FAMILY] == SG_IPV4;
	unsigned int protocol = (unsigned int)packet[SG_FIELD_PROTOCOL], type = (unsigned int)packet[SG_FIELD_PORT];
	bool icmp4 = v4 && protocol == 1, icmp6 = !v4 && protocol == 58;

	sg_interface_range("lo", 2, &lo);
	if (on->loopback && packet[SG_FIELD_INTERFACE] == lo.first)
		return "baseline.loopback";
	if (on->icmp_errors &&
	    ((icmp4 && (type == 3 || type == 11 || type == 12)) || (icmp6 && type >= 1 && type <= 4)))
		return "baseline.icmp-errors";
	if (on->neighbour_discovery && icmp6 && ((type >= 130 && type <= 136) || type == 143))
		return "baseline.neighbour-discovery";
	if (on->dhcpv6_client && !v4 && protocol == 17 && naive_dhcpv6(packet))
		return "baseline.dhcpv6-client";
	if (on->ping && ((icmp4 && type == 8) || (icmp6 && type == 128)))
		return "baseline.ping";
	return NULL;
}

/* What the lines say of a packet. */
struct said {
	enum sg_verdict verdict;
	bool by_default;
	const struct sg_line *logs; /* the line that logs, NULL: none */
};

/* Lines of one weight: whether any speaks, and the first that logs. */
struct voice {
	bool speaks;
	const struct sg_line *logs;
};

static void naive_hear(struct voice *voice, const struct sg_line *line)
{
	voice->speaks = true;
	if (!voice->logs && line->log)
		voice->logs = line;
}

static struct said naive_lines(const struct sg_policy *policy, const sg_u128 *packet, const struct world *world)
{
	struct voice drop = {0}, reject = {0}, allow = {0}, meter = {0}, guard = {0};
	bool out = packet[SG_FIELD_DIRECTION] == SG_OUT;
	enum sg_verdict otherwise = out ? sg_policy_outbound_default(policy) : sg_policy_default(policy);

	for (size_t i = 0; i < sg_policy_lines(policy); i++) {
		const struct sg_line *line = sg_policy_line(policy, i);

		if (!naive_speaks(line, packet) || !naive_in_time(line, world))
			continue;
		if (line->section == SG_SECTION_BLOCK) {
			naive_hear(line->answer == SG_VERDICT_REJECT ? &reject : &drop, line);
			continue;
		}
		if (line->unit || line->limit.count || line->connections)
			naive_hear(&guard, line);
		if (!naive_met(line, world))
			continue;
		if (!line->meter)
			naive_hear(&allow, line);
		else if (!meter.speaks) /* the first that is met is the last that is asked */
			naive_hear(&meter, line);
	}
	if (drop.speaks)
		return (struct said){SG_VERDICT_DROP, false, drop.logs};
	if (reject.speaks)
		return (struct said){SG_VERDICT_REJECT, false, reject.logs};
	if (allow.speaks || meter.speaks)
		return (struct said){SG_VERDICT_ACCEPT, false, allow.speaks ? allow.logs : meter.logs};
	if (guard.speaks)
		return (struct said){otherwise == SG_VERDICT_REJECT ? SG_VERDICT_REJECT : SG_VERDICT_DROP, false,
				     guard.logs};
	return (struct said){otherwise, true, NULL};
}

/* Whether the policy judges packets of that direction. */
static bool naive_judges(const struct sg_policy *policy, sg_u128 direction)
{
	if (direction == SG_PUBLISHED)
		return sg_policy_enforces_published(policy);
	return direction == SG_IN || (direction == SG_OUT && sg_policy_has_outbound(policy));
}

static struct sg_baseline naive_applies(const struct sg_policy *policy, sg_u128 direction)
{
	struct sg_baseline on = *sg_policy_baseline(policy);

	if (direction == SG_PUBLISHED)
		on.dhcpv6_client = false;
	return on;
}

/* *ret_rule: who decides, NULL for a line and for packets that the policy does not judge. */
static struct said naive_verdict(const struct sg_policy *policy, const sg_u128 *packet, const struct world *world,
				 const char **ret_rule)
{
	struct sg_baseline on = naive_applies(policy, packet[SG_FIELD_DIRECTION]);
	sg_u128 state = packet[SG_FIELD_STATE];
	struct said said;

	*ret_rule = NULL;
	if (!naive_exists(packet))
		return (struct said){.verdict = SG_VERDICT_NONE};
	if (!naive_judges(policy, packet[SG_FIELD_DIRECTION]))
		return (struct said){.verdict = SG_VERDICT_ACCEPT};
	if (on.established && (state == SG_CT_ESTABLISHED || state == SG_CT_RELATED)) {
		*ret_rule = "baseline.established";
		return (struct said){.verdict = SG_VERDICT_ACCEPT};
	}
	if (on.invalid && state == SG_CT_INVALID && packet[SG_FIELD_DIRECTION] == SG_IN) {
		*ret_rule = "baseline.invalid";
		return (struct said){.verdict = SG_VERDICT_DROP};
	}
	*ret_rule = naive_baseline(&on, packet);
	if (*ret_rule)
		return (struct said){.verdict = SG_VERDICT_ACCEPT};
	said = naive_lines(policy, packet, world);
	if (said.by_default)
		*ret_rule = packet[SG_FIELD_DIRECTION] != SG_OUT ? "default" : "outbound.default";
	return said;
}

/* ---- Comparison ---- */

static void check_origin(const struct sg_policy *policy, const struct sg_decision *decision, const sg_u128 *packet,
			 enum sg_verdict verdict, const char *rule)
{
	uint32_t number = sg_decision_origin_at(decision, packet);
	struct sg_origin origin = sg_policy_origin(policy, number);

	assert_int_equal(sg_idd_lookup(decision->idd, decision->origin, packet), number);
	if (verdict == SG_VERDICT_NONE || !naive_judges(policy, packet[SG_FIELD_DIRECTION])) {
		assert_int_equal(number, 0);
		assert_int_equal(origin.kind, SG_ORIGIN_NONE);
	} else if (rule) {
		assert_string_equal(origin.rule, rule);
		assert_int_equal(origin.kind, strncmp(rule, "baseline", 8) ? SG_ORIGIN_DEFAULT : SG_ORIGIN_BASELINE);
		if (origin.kind == SG_ORIGIN_DEFAULT)
			assert_int_equal(origin.verdict, verdict);
	} else {
		assert_int_equal(origin.kind, SG_ORIGIN_LINE);
		assert_ptr_equal(origin.line, sg_policy_line(policy, number - 1));
		assert_true(naive_speaks(origin.line, packet));
		if (origin.line->section == SG_SECTION_BLOCK)
			assert_int_equal(verdict, origin.line->answer);
		else /* what an allow refuses, it refuses by its conditions */
			assert_true(verdict == SG_VERDICT_ACCEPT || origin.line->meter || origin.line->unit);
	}
}

static void check_log(const struct sg_policy *policy, const struct sg_decision *decision, const sg_u128 *packet,
		      const struct said *said)
{
	uint32_t log = decision->log ? sg_idd_lookup(decision->idd, decision->log, packet) : 0;
	bool blocked = said->by_default && said->verdict != SG_VERDICT_ACCEPT && sg_policy_log_blocked(policy);
	const struct sg_logging *logging;
	char prefix[64];

	assert_int_equal(log != 0, said->logs || blocked);
	if (!log)
		return;
	logging = &decision->loggings[log - 1];
	snprintf(prefix, sizeof(prefix), "sockgate policy.yaml:%u ", said->logs ? said->logs->span.line : 0);
	if (!said->logs)
		snprintf(prefix, sizeof(prefix), "sockgate policy.yaml default");
	assert_int_equal(strncmp(logging->prefix, prefix, strlen(prefix)), 0);
	assert_int_equal(logging->rate, (said->logs ? said->logs->log : sg_policy_log_blocked(policy))->rate.count);
}

static void check_regions(const struct sg_policy *policy, struct sg_idd *idd, const sg_u128 *packet,
			  const struct world *world)
{
	bool fresh = packet[SG_FIELD_STATE] == SG_CT_NEW;

	for (size_t i = 0; i < sg_policy_lines(policy); i++) {
		const struct sg_line *line = sg_policy_line(policy, i);

		assert_int_equal(sg_idd_lookup(idd, sg_line_region(idd, line), packet),
				 fresh && naive_exists(packet) && naive_speaks(line, packet) &&
					 naive_in_time(line, world) && naive_met(line, world) &&
					 packet[SG_FIELD_DIRECTION] == line->direction);
	}
}

static size_t check_policy(const char *text, uint64_t *state)
{
	autotext read = read_text(text);
	struct sg_decision decision;
	struct sg_idd *idd;
	size_t seen[SG_VERDICTS] = {0};
	sg_u128 *packet;

	if (!read.policy)
		return 0;
	idd = sg_packet_context(0);
	assert_non_null(idd);
	assert_int_equal(sg_policy_lower(read.policy, idd, &decision, &read.err), 0);
	packet = calloc(sg_idd_levels(idd), sizeof(*packet));
	assert_non_null(packet);
	for (size_t i = 0; i < 1500; i++) {
		struct world world = random_world(state);
		const char *rule;
		struct said expected;

		random_packet(packet, state);
		naive_place(idd, &world, packet);
		expected = naive_verdict(read.policy, packet, &world, &rule);
		if (sg_idd_lookup(idd, decision.verdict, packet) != expected.verdict)
			print_error("%s", text);
		assert_int_equal(sg_idd_lookup(idd, decision.verdict, packet), expected.verdict);
		check_origin(read.policy, &decision, packet, expected.verdict, rule);
		check_log(read.policy, &decision, packet, &expected);
		if (i % 50 == 0)
			check_regions(read.policy, idd, packet, &world);
		seen[expected.verdict]++;
	}
	free(packet);
	assert_true(seen[SG_VERDICT_NONE] && seen[SG_VERDICT_ACCEPT]);
	sg_idd_free(idd);
	return 1;
}

static void test_random_policies(void **unused)
{
	uint64_t state = 41;
	size_t valid = 0;

	(void)unused;
	for (size_t i = 0; i < 250; i++) {
		sg_autofree char *text = random_policy_of(i % 2, &state);

		valid += check_policy(text, &state);
	}
	print_message("%zu of 250 policies\n", valid);
	assert_true(valid > 100);
}

/* ---- Who is named ---- */

static void set_name(sg_u128 *packet, const char *interface)
{
	struct sg_range name;

	assert_true(sg_interface_range(interface, strlen(interface), &name));
	packet[SG_FIELD_INTERFACE] = name.first;
}

static const char *rule_at(const struct policy_text *read, const struct sg_decision *decision, uint8_t protocol,
			   uint32_t port, uint32_t from)
{
	sg_u128 packet[SG_FIELD_COUNT] = {
		[SG_FIELD_PROTOCOL] = protocol, [SG_FIELD_PORT] = port, [SG_FIELD_REMOTE4] = from};

	set_name(packet, "eth0");
	return sg_policy_origin(read->policy, sg_decision_origin_at(decision, packet)).rule;
}

static void test_responsible(void **unused)
{
	autotext read =
		read_good("allow:\n"
			  "  tcp: [{port: 22, from: 10.0.0.0/8}, 22, 22, 20-30, {port: 80, from: 10.1.0.0/16},\n"
			  "        {port: 80, from: 10.0.0.0/8}, 443, {port: 8080, from: 10.0.0.0/8}]\n"
			  "block:\n"
			  "  tcp: [{port: 25, answer: reject}, 25, {port: 26, answer: reject}, 8080]\n"
			  "  any: [{from: 10.9.0.0/16}]\n");
	struct sg_idd *idd = sg_packet_context(0);
	struct sg_decision decision;

	(void)unused;
	assert_int_equal(sg_policy_lower(read.policy, idd, &decision, &read.err), 0);
	assert_string_equal(rule_at(&read, &decision, 6, 22, 0x0a000001), "allow.tcp[3]"); /* the widest */
	assert_string_equal(rule_at(&read, &decision, 6, 80, 0x0a010001), "allow.tcp[5]"); /* the wider group */
	assert_string_equal(rule_at(&read, &decision, 6, 80, 0x0b010001), "default");
	assert_string_equal(rule_at(&read, &decision, 6, 25, 0x0b010001), "block.tcp[1]"); /* drop before reject */
	assert_string_equal(rule_at(&read, &decision, 6, 26, 0x0b010001), "block.tcp[2]");
	assert_string_equal(rule_at(&read, &decision, 6, 26, 0x0a090001), "block.any[0]");
	assert_string_equal(rule_at(&read, &decision, 6, 8080, 0x0a000001), "block.tcp[3]"); /* before the allow */
	assert_string_equal(rule_at(&read, &decision, 6, 443, 0x0a090001), "block.any[0]");
	assert_string_equal(rule_at(&read, &decision, 6, 443, 0x0a080001), "allow.tcp[6]");
	assert_string_equal(rule_at(&read, &decision, 1, 8, 0x0a090001), "baseline.ping");
	sg_idd_free(idd);
}

static void test_first_in_file(void **unused)
{
	autotext other = read_good("allow:\n  tcp: [{port: 9, from: [11.0.0.0/8, 12.0.0.0/8]}]\n");
	autotext read = read_good("allow:\n  tcp: [22, 22, {port: 80, from: [10.0.0.0/9, 10.128.0.0/9]},\n"
				  "        {port: 80, from: 10.0.0.0/8}, {port: 443, from: [10.0.0.0/8, 11.0.0.0/8]},\n"
				  "        {port: 443, from: [11.0.0.0/8, 12.0.0.0/8]}]\n");
	struct sg_idd *idd = sg_packet_context(0);
	struct sg_decision decision;

	(void)unused;
	/* nodes that are there already must not matter */
	assert_int_equal(sg_policy_lower(other.policy, idd, &decision, &other.err), 0);
	assert_int_equal(sg_policy_lower(read.policy, idd, &decision, &read.err), 0);
	assert_string_equal(rule_at(&read, &decision, 6, 22, 1), "allow.tcp[0]");
	assert_string_equal(rule_at(&read, &decision, 6, 80, 0x0a000001), "allow.tcp[2]");
	assert_string_equal(rule_at(&read, &decision, 6, 443, 0x0b000001), "allow.tcp[4]");
	assert_string_equal(rule_at(&read, &decision, 6, 443, 0x0c000001), "allow.tcp[5]");
	sg_idd_free(idd);
}

static void test_origin_numbers(void **unused)
{
	static const char *const rules[] = {
		"allow.tcp[0]",
		"allow.tcp[1]",
		"baseline.established",
		"baseline.invalid",
		"baseline.loopback",
		"baseline.icmp-errors",
		"baseline.neighbour-discovery",
		"baseline.dhcpv6-client",
		"baseline.ping",
		"default",
		"outbound.default",
	};
	autotext read = read_good("default: reject\nbaseline: {ping: true}\nallow:\n  tcp:\n    - 22\n    - 80\n");

	(void)unused;
	assert_int_equal(sg_policy_origin(read.policy, 0).kind, SG_ORIGIN_NONE);
	for (uint32_t i = 0; i < 11; i++)
		assert_string_equal(sg_policy_origin(read.policy, i + 1).rule, rules[i]);
	assert_int_equal(sg_policy_origin(read.policy, 12).kind, SG_ORIGIN_NONE);
	assert_int_equal(sg_policy_origin(read.policy, UINT32_MAX).kind, SG_ORIGIN_NONE);
	assert_int_equal(sg_policy_origin(read.policy, 2).span.line, 6);
	assert_int_equal(sg_policy_origin(read.policy, 9).span.line, 2);          /* the file says so … */
	assert_int_equal(sg_policy_origin(read.policy, 8).span.file, SG_NO_FILE); /* … and says nothing of this */
	assert_int_equal(sg_policy_origin(read.policy, 10).span.line, 1);
	assert_int_equal(sg_policy_origin(read.policy, 10).verdict, SG_VERDICT_REJECT);
	assert_int_equal(sg_policy_origin(read.policy, 11).span.file, SG_NO_FILE);
	assert_int_equal(sg_policy_origin(read.policy, 11).verdict, SG_VERDICT_ACCEPT);
}

/* ---- The default alone ---- */

static void test_empty_policy(void **unused)
{
	autotext read =
		read_good("default: reject\nbaseline: {established: false, invalid: false, loopback: false, "
			  "icmp-errors: false, neighbour-discovery: false, dhcpv6-client: false, ping: false}\n");
	struct sg_idd *idd = sg_packet_context(0);
	struct sg_decision decision;
	sg_ref inbound = sg_idd_or(idd, sg_idd_range(idd, SG_FIELD_DIRECTION, SG_IN, SG_IN),
				   sg_idd_range(idd, SG_FIELD_DIRECTION, SG_PUBLISHED, SG_PUBLISHED));
	sg_ref expected;

	(void)unused;
	assert_int_equal(sg_policy_lower(read.policy, idd, &decision, &read.err), 0);
	expected = sg_idd_ite(idd, inbound, sg_idd_terminal(SG_VERDICT_REJECT), sg_idd_terminal(SG_VERDICT_ACCEPT));
	expected = sg_idd_ite(idd, sg_packet_universe(idd), expected, SG_IDD_EMPTY);
	assert_int_equal(decision.verdict, expected);
	sg_idd_free(idd);
}

/* ---- Many lines beside a large group ---- */

static void test_large_group(void **unused)
{
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0};
	struct sg_idd *idd = sg_packet_context((size_t)64 << 20);
	struct sg_decision decision;

	(void)unused;
	sg_buf_adds(&text, "groups:\n  many:\n");
	for (unsigned int i = 0; i < 20000; i++)
		sg_buf_addf(&text, "    - 10.%u.%u.%u\n", i >> 13 & 255, i >> 5 & 255, i << 3 & 255);
	sg_buf_adds(&text, "allow:\n  tcp:\n");
	for (unsigned int i = 0; i < 1000; i++)
		sg_buf_addf(&text, i & 1 ? "    - %u\n" : "    - {port: %u, from: many}\n", 1000 + 2 * i);
	sg_buf_adds(&text, "block:\n  tcp: [{port: 1002, from: many}]\n  any: [{from: many, interface: eth0}]\n");
	{
		autotext read = read_good(text.data);

		assert_int_equal(sg_policy_lower(read.policy, idd, &decision, &read.err), 0);
		assert_int_equal(decision.origin, SG_IDD_EMPTY); /* too large in one piece */
		assert_string_equal(rule_at(&read, &decision, 6, 1002, 0x0a000008),
				    "block.tcp[0]"); /* on any interface */
		assert_string_equal(rule_at(&read, &decision, 6, 1002, 0x0a000009), "allow.tcp[1]");
		assert_string_equal(rule_at(&read, &decision, 6, 1004, 0x0a000008), "block.any[0]");
		assert_string_equal(rule_at(&read, &decision, 6, 1004, 0x0a000009), "default");
		assert_int_equal(sg_policy_lint(read.policy, &decision, &read.diags, &read.err), 0);
		print_message("%.1f MB of nodes\n", (double)sg_idd_bytes(idd) / 1e6);
	}
	sg_idd_free(idd);
}

/* One group as source and as destination, alone and under another constraint: a node is not taken for another. */
static void test_shared_group(void **unused)
{
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0};
	struct sg_idd *idd = sg_packet_context(0);
	struct sg_decision decision;

	(void)unused;
	sg_buf_adds(&text, "groups:\n  many: [10.0.0.1");
	for (unsigned int i = 1; i < 40; i++)
		sg_buf_addf(&text, ", 10.0.%u.1", i);
	sg_buf_adds(&text, "]\nallow:\n  tcp:\n    - {port: 1, from: many}\n    - {port: 2, to: many}\n"
			   "    - {port: 3, from: many, to: many}\n    - {port: 4, to: many, from: 192.0.2.0/24}\n");
	{
		autotext read = read_good(text.data);

		assert_int_equal(sg_policy_lower(read.policy, idd, &decision, &read.err), 0);
		for (uint32_t port = 1; port <= 4; port++) {
			for (unsigned int k = 0; k < 8; k++) {
				uint32_t from = k & 1 ? 0x0a000501 : k & 2 ? 0xc0000201 : 0x0a000502;
				uint32_t to = k & 4 ? 0x0a000701 : 0x0a000702;
				sg_u128 packet[SG_FIELD_COUNT] = {[SG_FIELD_PROTOCOL] = 6,
								  [SG_FIELD_PORT] = port,
								  [SG_FIELD_LOCAL4] = to,
								  [SG_FIELD_REMOTE4] = from};
				bool sent = port == 2 || (port == 4 ? from == 0xc0000201 : from == 0x0a000501);
				bool received = port == 1 || to == 0x0a000701;

				assert_int_equal(sg_idd_lookup(idd, decision.verdict, packet),
						 sent && received ? SG_VERDICT_ACCEPT : SG_VERDICT_DROP);
			}
		}
	}
	sg_idd_free(idd);
}

/* Whole protocols that belong to one family. */
static void test_icmp_families(void **unused)
{
	struct sg_idd *idd = sg_packet_context(0);

	(void)unused;
	for (unsigned int protocol = 0; protocol < 256; protocol++) {
		struct sg_line line = {.kind = SG_LINE_PROTOCOL, .protocols = {(uint8_t)protocol}, .protocol_count = 1};
		sg_ref region = sg_line_region(idd, &line);
		sg_u128 packet[SG_FIELD_COUNT] = {[SG_FIELD_PROTOCOL] = protocol, [SG_FIELD_PORT] = SG_PORT_ABSENT};

		assert_int_equal(sg_idd_lookup(idd, region, packet), protocol != SG_PROTO_ICMPV6);
		packet[SG_FIELD_FAMILY] = SG_IPV6;
		assert_int_equal(sg_idd_lookup(idd, region, packet), protocol != SG_PROTO_ICMP);
		packet[SG_FIELD_PROTOCOL] = (protocol + 1) % 256;
		assert_int_equal(sg_idd_lookup(idd, region, packet), 0);
	}
	sg_idd_free(idd);
}

/* A context that is too small is an error, and nothing else. */
static void test_limit(void **unused)
{
	autotext read = read_good("allow:\n  tcp: [22]\n");
	struct sg_decision decision = {.verdict = 77};
	struct sg_idd *idd = sg_packet_context(500);

	(void)unused;
	assert_int_equal(sg_policy_lower(read.policy, idd, &decision, &read.err), -1);
	assert_int_equal(read.err.kind, SG_ERROR_LIMIT);
	assert_int_equal(decision.verdict, 77);
	sg_idd_free(idd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_policies), cmocka_unit_test(test_responsible),
		cmocka_unit_test(test_first_in_file),   cmocka_unit_test(test_origin_numbers),
		cmocka_unit_test(test_empty_policy),    cmocka_unit_test(test_large_group),
		cmocka_unit_test(test_limit),           cmocka_unit_test(test_shared_group),
		cmocka_unit_test(test_icmp_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
