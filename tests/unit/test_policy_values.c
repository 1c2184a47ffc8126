/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a policy says once it is read: resolved sets, shared where that is promised, and the places of things. */
#include "policy_text.h"
#include "sockgate/packet.h"
#include "sockgate/proto.h"

#define IP4(a, b, c, d) ((sg_u128)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static void assert_span(struct sg_span span, uint32_t line, uint32_t column, uint32_t length)
{
	assert_int_equal(span.line, line);
	assert_int_equal(span.column, column);
	assert_int_equal(span.length, length);
}

/* The set is exactly these ranges, given as first, last, first, last … */
static void assert_set(const struct sg_ranges *set, size_t count, const sg_u128 *ends)
{
	assert_int_equal(set->count, count);
	for (size_t i = 0; i < count; i++)
		assert_true(set->items[i].first == ends[2 * i] && set->items[i].last == ends[2 * i + 1]);
}
#define assert_ranges(set, ...)                                                                                        \
	assert_set(set, SG_COUNT(((const sg_u128[]){__VA_ARGS__})) / 2, (const sg_u128[]){__VA_ARGS__})

static void test_defaults(void **state)
{
	autotext text = read_good("version: 1\n");
	const struct sg_baseline *baseline = sg_policy_baseline(text.policy);

	(void)state;
	assert_null(sg_policy_name(text.policy));
	assert_string_equal(sg_policy_file(text.policy), "policy.yaml");
	assert_int_equal(sg_policy_default(text.policy), SG_VERDICT_DROP);
	assert_true(baseline->established && baseline->invalid && baseline->loopback && baseline->icmp_errors);
	assert_true(baseline->neighbour_discovery && baseline->dhcpv6_client && baseline->ping);
	assert_int_equal(sg_policy_lines(text.policy), 0);
	assert_int_equal(sg_policy_groups(text.policy), 0);
	assert_int_equal(sg_policy_tests(text.policy), 0);
}

static void test_baseline_parts(void **state)
{
	static const struct {
		const char *key;
		size_t offset;
	} parts[] = {
		{"established", offsetof(struct sg_baseline, established)},
		{"invalid", offsetof(struct sg_baseline, invalid)},
		{"loopback", offsetof(struct sg_baseline, loopback)},
		{"icmp-errors", offsetof(struct sg_baseline, icmp_errors)},
		{"neighbour-discovery", offsetof(struct sg_baseline, neighbour_discovery)},
		{"dhcpv6-client", offsetof(struct sg_baseline, dhcpv6_client)},
		{"ping", offsetof(struct sg_baseline, ping)},
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(parts); i++) {
		sg_autofree char *policy = NULL;
		const struct sg_baseline *baseline;

		assert_true(asprintf(&policy, "baseline: {%s: false}\n", parts[i].key) > 0);
		autotext text = read_good(policy);
		baseline = sg_policy_baseline(text.policy);
		for (size_t j = 0; j < SG_COUNT(parts); j++)
			assert_int_equal(*(const bool *)((const char *)baseline + parts[j].offset), i != j);
	}
}

static void test_resolved_ports(void **state)
{
	autotext text = read_good("services: {mine: {tcp: [7, 1-5, 6], tcp+udp: 100, sctp: 9}}\n"
				  "allow:\n"
				  "  tcp: [22, 8000-8099, https, mine, {port: [9256, 9100, 9100-9101]}]\n"
				  "  tcp+udp: [domain, mine]\n"
				  "  sctp: mine\n");
	const struct sg_line *line;

	(void)state;
	assert_int_equal(sg_policy_lines(text.policy), 9);
	line = sg_policy_line(text.policy, 0);
	assert_int_equal(line->kind, SG_LINE_PORTS);
	assert_int_equal(line->section, SG_SECTION_ALLOW);
	assert_int_equal(line->answer, SG_VERDICT_ACCEPT);
	assert_int_equal(line->protocol_count, 1);
	assert_int_equal(line->protocols[0], SG_PROTO_TCP);
	assert_ranges(&line->ports, 22, 22);
	assert_ranges(&sg_policy_line(text.policy, 1)->ports, 8000, 8099);
	assert_ranges(&sg_policy_line(text.policy, 2)->ports, 443, 443);
	assert_ranges(&sg_policy_line(text.policy, 3)->ports, 1, 7, 100, 100);
	assert_ranges(&sg_policy_line(text.policy, 4)->ports, 9100, 9101, 9256, 9256);
	line = sg_policy_line(text.policy, 5);
	assert_int_equal(line->protocol_count, 2);
	assert_int_equal(line->protocols[0], SG_PROTO_TCP);
	assert_int_equal(line->protocols[1], SG_PROTO_UDP);
	assert_ranges(&line->ports, 53, 53);
	/* other ports under tcp than under udp: a line for each */
	line = sg_policy_line(text.policy, 6);
	assert_int_equal(line->protocol_count, 1);
	assert_int_equal(line->protocols[0], SG_PROTO_TCP);
	assert_ranges(&line->ports, 1, 7, 100, 100);
	assert_string_equal(line->path, "allow.tcp+udp[1]");
	line = sg_policy_line(text.policy, 7);
	assert_int_equal(line->protocol_count, 1);
	assert_int_equal(line->protocols[0], SG_PROTO_UDP);
	assert_ranges(&line->ports, 100, 100);
	assert_string_equal(line->path, "allow.tcp+udp[1]");
	assert_ranges(&sg_policy_line(text.policy, 8)->ports, 9, 9);
}

static void test_own_service_wins(void **state)
{
	autotext text = read_good("services: {ssh: {tcp: 2222}}\nallow: {tcp: ssh}\n");

	(void)state;
	assert_ranges(&sg_policy_line(text.policy, 0)->ports, 2222, 2222);
}

static void test_icmp(void **state)
{
	autotext text = read_good("allow:\n  icmp: [echo-request, 3, 10-12, nd-router-advert, timestamp-request,"
				  " {type: [echo-request, echo-reply], family: ipv6}]\n");
	const struct sg_line *line = sg_policy_line(text.policy, 0);

	(void)state;
	assert_int_equal(line->kind, SG_LINE_ICMP);
	assert_ranges(&line->types4, 8, 8);
	assert_ranges(&line->types6, 128, 128);
	line = sg_policy_line(text.policy, 1);
	assert_ranges(&line->types4, 3, 3);
	assert_ranges(&line->types6, 3, 3);
	assert_ranges(&sg_policy_line(text.policy, 2)->types6, 10, 12);
	assert_int_equal(sg_policy_line(text.policy, 3)->types4.count, 0);
	assert_ranges(&sg_policy_line(text.policy, 3)->types6, 134, 134);
	assert_ranges(&sg_policy_line(text.policy, 4)->types4, 13, 13);
	assert_int_equal(sg_policy_line(text.policy, 4)->types6.count, 0);
	line = sg_policy_line(text.policy, 5);
	assert_true(line->has_family);
	assert_int_equal(line->family, SG_IPV6);
	assert_ranges(&line->types6, 128, 129);
}

static void test_addresses(void **state)
{
	autotext text = read_good("groups:\n"
				  "  office: [192.0.2.0/25, 192.0.2.128-192.0.2.255, \"2001:db8::/127\"]\n"
				  "  both: [office, 198.51.100.7]\n"
				  "allow:\n"
				  "  tcp:\n"
				  "    - {port: 1, from: [both, 198.51.100.6], except: [192.0.2.66, \"2001:db8::\"]}\n"
				  "    - {port: 2, except: 0.0.0.0/1}\n"
				  "    - {port: 3, from: 192.0.2.1, to: [office, 203.0.113.9]}\n");
	const struct sg_line *line = sg_policy_line(text.policy, 0);
	sg_u128 six = (sg_u128)0x20010db8 << 96;

	(void)state;
	assert_string_equal(sg_policy_group(text.policy, 0)->name, "office");
	assert_ranges(&sg_policy_group(text.policy, 0)->addresses.v4, IP4(192, 0, 2, 0), IP4(192, 0, 2, 255));
	assert_ranges(&sg_policy_group(text.policy, 0)->addresses.v6, six, six + 1);
	assert_true(line->has_from && !line->has_to && !line->has_interface && !line->has_family);
	assert_ranges(&line->from.v4, IP4(192, 0, 2, 0), IP4(192, 0, 2, 65), IP4(192, 0, 2, 67), IP4(192, 0, 2, 255),
		      IP4(198, 51, 100, 6), IP4(198, 51, 100, 7));
	assert_ranges(&line->from.v6, six + 1, six + 1);
	line = sg_policy_line(text.policy, 1);
	assert_true(line->has_from);
	assert_ranges(&line->from.v4, IP4(128, 0, 0, 0), IP4(255, 255, 255, 255));
	assert_ranges(&line->from.v6, 0, ~(sg_u128)0);
	line = sg_policy_line(text.policy, 2);
	assert_true(line->has_to);
	assert_int_equal(line->from.v6.count, 0);
	assert_ranges(&line->to.v4, IP4(192, 0, 2, 0), IP4(192, 0, 2, 255), IP4(203, 0, 113, 9), IP4(203, 0, 113, 9));
}

/* Lowering makes a set of a group once: it has to see that it is the same. */
static void test_sharing(void **state)
{
	autotext text = read_good("groups: {a: [192.0.2.1, \"::1\"], alias: a, b: [a, 192.0.2.9]}\n"
				  "interfaces: {lan: [eth0, eth1]}\n"
				  "allow:\n"
				  "  tcp: [{port: 1, from: a}, {port: 2, from: [a], to: alias, interface: lan}]\n"
				  "block:\n"
				  "  any: [{from: b, interface: lan}]\n"
				  "tests: [{expect: block, any, from: b}]\n");
	const struct sg_group *a = sg_policy_group(text.policy, 0), *b = sg_policy_group(text.policy, 2);

	(void)state;
	assert_ptr_equal(sg_policy_line(text.policy, 0)->from.v4.items, a->addresses.v4.items);
	assert_ptr_equal(sg_policy_line(text.policy, 0)->from.v6.items, a->addresses.v6.items);
	assert_ptr_equal(sg_policy_line(text.policy, 1)->from.v4.items, a->addresses.v4.items);
	assert_ptr_equal(sg_policy_line(text.policy, 1)->to.v4.items, a->addresses.v4.items);
	assert_ptr_equal(sg_policy_line(text.policy, 2)->from.v4.items, b->addresses.v4.items);
	assert_ptr_equal(sg_policy_test(text.policy, 0)->region.from.v4.items, b->addresses.v4.items);
	assert_ptr_equal(sg_policy_line(text.policy, 1)->interfaces.items,
			 sg_policy_line(text.policy, 2)->interfaces.items);
}

static void test_interfaces(void **state)
{
	autotext text = read_good("interfaces: {lan: [eth1, \"br*\"], all: [lan, wg0]}\n"
				  "allow: {any: [{interface: all}, {interface: [eth1, \"*\"]}]}\n");
	static const char *const names[] = {"br*", "eth1", "wg0"};
	const struct sg_line *line = sg_policy_line(text.policy, 0);
	char name[SG_INTERFACE_NAME_SIZE + 1];

	(void)state;
	assert_true(line->has_interface);
	assert_int_equal(line->kind, SG_LINE_ANY);
	assert_int_equal(line->interfaces.count, SG_COUNT(names));
	for (size_t i = 0; i < SG_COUNT(names); i++) {
		assert_true(sg_interface_name(&line->interfaces.items[i], name));
		assert_string_equal(name, names[i]);
	}
	assert_int_equal(sg_policy_line(text.policy, 1)->interfaces.count, 1);
}

/* A block refuses as the default does, as drop when the default is accept, or as it says. */
static void test_answers(void **state)
{
	static const struct {
		const char *verdict;
		enum sg_verdict expected, answer;
	} cases[] = {
		{"drop", SG_VERDICT_DROP, SG_VERDICT_DROP},
		{"reject", SG_VERDICT_REJECT, SG_VERDICT_REJECT},
		{"accept", SG_VERDICT_ACCEPT, SG_VERDICT_DROP},
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(cases); i++) {
		sg_autofree char *policy = NULL;

		assert_true(
			asprintf(&policy,
				 "block: {tcp: [1, {port: 2, answer: drop}, {port: 3, answer: reject}]}\ndefault: %s\n",
				 cases[i].verdict) > 0);
		autotext text = read_good(policy);
		assert_int_equal(sg_policy_default(text.policy), cases[i].expected);
		assert_int_equal(sg_policy_line(text.policy, 0)->answer, cases[i].answer);
		assert_int_equal(sg_policy_line(text.policy, 1)->answer, SG_VERDICT_DROP);
		assert_int_equal(sg_policy_line(text.policy, 2)->answer, SG_VERDICT_REJECT);
	}
}

static void test_spans(void **state)
{
	autotext text = read_good("allow: # ünï\n"
				  "  tcp:\n"
				  "    - ssh\n"
				  "    - {port: 80, comment: grüße}\n"
				  "    - port: 9100\n"
				  "      on-demand: true\n"
				  "  esp:\n"
				  "  udp: \"53\"\n"
				  "block:\n"
				  "  any: {from: 192.0.2.1}\n"
				  "groups: {\"a\": 192.0.2.1}\n"
				  "tests: [{expect: allow, tcp: 22}]\n");

	(void)state;
	assert_span(sg_policy_line(text.policy, 0)->span, 3, 7, 3);
	assert_string_equal(sg_policy_line(text.policy, 0)->path, "allow.tcp[0]");
	assert_span(sg_policy_line(text.policy, 1)->span, 4, 7, 26);
	assert_string_equal(sg_policy_line(text.policy, 1)->comment, "grüße");
	assert_span(sg_policy_line(text.policy, 2)->span, 5, 7, 4);
	assert_string_equal(sg_policy_line(text.policy, 2)->path, "allow.tcp[2]");
	assert_true(sg_policy_line(text.policy, 2)->on_demand);
	assert_false(sg_policy_line(text.policy, 1)->on_demand);
	assert_span(sg_policy_line(text.policy, 3)->span, 7, 3, 3);
	assert_string_equal(sg_policy_line(text.policy, 3)->path, "allow.esp");
	assert_span(sg_policy_line(text.policy, 4)->span, 8, 8, 4);
	assert_string_equal(sg_policy_line(text.policy, 4)->path, "allow.udp");
	assert_span(sg_policy_line(text.policy, 5)->span, 10, 8, 17);
	assert_span(sg_policy_group(text.policy, 0)->span, 11, 10, 3);
	assert_span(sg_policy_test(text.policy, 0)->region.span, 12, 9, 24);
	assert_string_equal(sg_policy_test(text.policy, 0)->region.path, "tests[0]");
}

static void test_protocols(void **state)
{
	autotext text = read_good("allow: {esp, 47: {from: 192.0.2.1}, ah: [{}, {to: 192.0.2.2}], any: {}}\n");

	(void)state;
	assert_int_equal(sg_policy_lines(text.policy), 5);
	assert_int_equal(sg_policy_line(text.policy, 0)->kind, SG_LINE_PROTOCOL);
	assert_int_equal(sg_policy_line(text.policy, 0)->protocols[0], SG_PROTO_ESP);
	assert_int_equal(sg_policy_line(text.policy, 1)->protocols[0], 47);
	assert_int_equal(sg_policy_line(text.policy, 3)->protocols[0], 51);
	assert_true(sg_policy_line(text.policy, 3)->has_to);
	assert_int_equal(sg_policy_line(text.policy, 4)->kind, SG_LINE_ANY);
	assert_int_equal(sg_policy_line(text.policy, 4)->protocol_count, 0);
}

static void test_tests(void **state)
{
	autotext text = read_good("tests:\n"
				  "  - {expect: allow, tcp+udp: [53, 5353], from: 192.0.2.1, interface: eth0}\n"
				  "  - {expect: block, icmp: echo-request, family: ipv4}\n"
				  "  - {expect: block, gre}\n");
	const struct sg_policy_test *test = sg_policy_test(text.policy, 0);

	(void)state;
	assert_int_equal(sg_policy_tests(text.policy), 3);
	assert_int_equal(test->expect, SG_EXPECT_ALLOW);
	assert_int_equal(test->region.protocol_count, 2);
	assert_ranges(&test->region.ports, 53, 53, 5353, 5353);
	assert_true(test->region.has_from && test->region.has_interface);
	test = sg_policy_test(text.policy, 1);
	assert_int_equal(test->expect, SG_EXPECT_BLOCK);
	assert_int_equal(test->region.kind, SG_LINE_ICMP);
	assert_true(test->region.has_family);
	assert_int_equal(sg_policy_test(text.policy, 2)->region.protocols[0], 47);
}

static void test_equality(void **state)
{
	static const char *const policies[] = {
		"version: 1\n",
		"default: reject\n",
		"name: a\n",
		"name: b\n",
		"baseline: {ping: false}\n",
		"groups: {a: 192.0.2.1}\n",
		"groups: {b: 192.0.2.1}\n",
		"groups: {a: 192.0.2.2}\n",
		"interfaces: {a: eth0}\n",
		"interfaces: {a: eth1}\n",
		"services: {a: {tcp: 1}}\n",
		"services: {a: {udp: 1}}\n",
		"services: {a: {tcp: 2}}\n",
		"allow: {tcp: 22}\n",
		"allow: {udp: 22}\n",
		"block: {tcp: 22}\n",
		"block: {tcp: {port: 22, answer: reject}}\n",
		"allow: {tcp: [22, 23]}\n",
		"allow: {tcp: 22-23}\n",
		"allow: {tcp: {port: 22, from: 192.0.2.1}}\n",
		"allow: {tcp: {port: 22, to: 192.0.2.1}}\n",
		"allow: {tcp: {port: 22, interface: eth0}}\n",
		"allow: {tcp: {port: 22, family: ipv4}}\n",
		"allow: {tcp: {port: 22, family: ipv6}}\n",
		"allow: {tcp: {port: 22, comment: a}}\n",
		"allow: {tcp: {port: 22, on-demand: true}}\n",
		"allow: {icmp: 8}\n",
		"allow: {icmp: echo-request}\n",
		"allow: {esp: }\n",
		"allow: {any: {}}\n",
		"tests: [{expect: allow, tcp: 22}]\n",
		"tests: [{expect: block, tcp: 22}]\n",
		"tests: [{expect: block, tcp: 23}]\n",
		"log-blocked: 10/minute\n",
		"log-blocked: 11/minute\n",
		"log-blocked: 10/hour\n",
		"log-blocked: {rate: 10/minute, group: 0}\n",
		"log-blocked: {rate: 10/minute, group: 1}\n",
		"allow: {tcp: {port: 22, limit: 1/minute}}\n",
		"allow: {tcp: {port: 22, limit: 2/minute}}\n",
		"allow: {tcp: {port: 22, limit: 1/hour}}\n",
		"allow: {tcp: {port: 22, limit: 1/minute per source}}\n",
		"allow: {tcp: {port: 22, connections: 1}}\n",
		"allow: {tcp: {port: 22, connections: 2}}\n",
		"allow: {tcp: {port: 22, connections: 1 per source}}\n",
		"allow: {tcp: {port: 22, unit: a.service}}\n",
		"allow: {tcp: {port: 22, unit: b.service}}\n",
		"allow: {tcp: {port: 22, until: 2030-01-01T00:00Z}}\n",
		"allow: {tcp: {port: 22, until: 2030-01-01T00:00:01Z}}\n",
		"allow: {tcp: {port: 22, log: a}}\n",
		"allow: {tcp: {port: 22, log: b}}\n",
		"allow: {tcp: {port: 22, log: {label: a, rate: 1/minute}}}\n",
		"allow: {tcp: {port: 22, log: {label: a, group: 0}}}\n",
		"block: {tcp: {port: 22, log: a}}\n",
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(policies); i++) {
		autotext a = read_good(policies[i]);

		for (size_t j = 0; j < SG_COUNT(policies); j++) {
			autotext b = read_good(policies[j]);

			assert_int_equal(sg_policy_equal(a.policy, b.policy), i == j);
		}
	}
}

/* The same said in other words. */
static void test_equal_spellings(void **state)
{
	autotext a = read_good("groups: {a: [192.0.2.0/24, b], b: 198.51.100.1}\n"
			       "allow: {tcp: [https, {port: [1, 2], from: a}]}\n");
	autotext b = read_good("allow:\n  tcp:\n    - 443\n    - from: [a]\n      port: 1-2\n      on-demand: false\n"
			       "version: 1\ndefault: drop\nbaseline: {ping: true}\n"
			       "groups:\n  a: [198.51.100.1, 192.0.2.0-192.0.2.255]\n  b: 198.51.100.1/32\n");

	(void)state;
	assert_true(sg_policy_equal(a.policy, b.policy));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),       cmocka_unit_test(test_baseline_parts),
		cmocka_unit_test(test_resolved_ports), cmocka_unit_test(test_own_service_wins),
		cmocka_unit_test(test_icmp),           cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_sharing),        cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_answers),        cmocka_unit_test(test_spans),
		cmocka_unit_test(test_protocols),      cmocka_unit_test(test_tests),
		cmocka_unit_test(test_equality),       cmocka_unit_test(test_equal_spellings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
