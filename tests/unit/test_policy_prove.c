// SPDX-License-Identifier: GPL-2.0-or-later
/* test_policy_prove.c - a policy's own tests: what they mean, and the packet that is shown when one fails. */
#include "policy/model.h"
#include "policy_text.h"

/* Tests that fail as "line: message | hint", a line each; the sum must fit. */
static void check_tests(const char *text, size_t proven, const char *expected)
{
	autotext read = read_good(text);
	sg_cleanup(sg_buf_clear) struct sg_buf words = {0};
	struct sg_idd *idd = sg_packet_context(0);
	struct sg_decision decision;
	struct sg_test_sum sum = {77, 77};

	assert_int_equal(sg_policy_lower(read.policy, idd, &decision, &read.err), 0);
	assert_int_equal(sg_policy_prove(read.policy, &decision, &read.diags, &sum, &read.err), 0);
	for (size_t i = 0; i < read.diags.count; i++) {
		const struct sg_diag *diag = &read.diags.items[i];

		assert_int_equal(diag->severity, SG_SEVERITY_ERROR);
		assert_string_equal(diag->id, "policy/test-failed");
		sg_buf_addf(&words, "%u: %s | %s\n", diag->span.line, diag->message, diag->hint ? diag->hint : "");
	}
	assert_string_equal(words.data ? words.data : "", expected);
	assert_int_equal(sum.proven, proven);
	assert_int_equal(sum.failed, read.diags.count);
	sg_idd_free(idd);
}

static void test_proven(void **unused)
{
	(void)unused;
	check_tests("allow:\n  tcp: [22, {port: 80, from: 192.0.2.0/24}]\n", 0, "");
	check_tests("allow:\n  tcp: [22, {port: 80, from: 192.0.2.0/24}]\n  udp: [{port: 1-9, interface: eth1}]\n"
		    "tests:\n"
		    "  - {expect: allow, tcp: 22}\n"
		    "  - {expect: allow, tcp: 80, from: 192.0.2.128/25}\n"
		    "  - {expect: block, tcp: 80, from: 198.51.100.0/24}\n"
		    "  - {expect: block, tcp: [23-79, 81-65535]}\n"
		    "  - {expect: block, udp: 1-545, interface: eth0}\n"
		    "  - {expect: allow, udp: 1-9, interface: eth1}\n"
		    "  - {expect: allow, icmp: echo-request}\n"
		    "  - {expect: allow, tcp: 4000, interface: lo}\n" /* said, so it counts */
		    "  - {expect: block, esp: }\n",
		    9, "");
}

static void test_failed(void **unused)
{
	static const char head[] = "default: reject\n"
				   "allow:\n"
				   "  tcp: [22, {port: 80, from: 192.0.2.0/24}, {port: 443, interface: lan0}]\n"
				   "  udp: [{port: 53, family: ipv6}]\n"
				   "block:\n"
				   "  any: [{from: \"2001:db8:bad::/48\", answer: drop}]\n"
				   "  tcp: [25]\n"
				   "tests:\n";
	static const struct {
		const char *test, *expected;
	} cases[] = {
		{"{expect: block, tcp: 22}", "9: expected to block, but 'tcp 22 over IPv4' is accepted | policy.yaml:3 "
					     "(allow.tcp[0]) decides it\n"},
		{"{expect: allow, tcp: 22}", "9: expected to allow, but 'tcp 22 from 2001:db8:bad::' is dropped | "
					     "policy.yaml:6 (block.any[0]) decides it\n"},
		{"{expect: allow, tcp: 80}", "9: expected to allow, but 'tcp 80 from 203.0.113.9' is rejected | "
					     "no line speaks of it, so the default decides\n"},
		{"{expect: allow, tcp: 80, from: 192.0.2.0/23}",
		 "9: expected to allow, but 'tcp 80 from 192.0.3.0' is rejected | "
		 "no line speaks of it, so the default decides\n"},
		{"{expect: allow, tcp: 443, from: 192.0.2.1}",
		 "9: expected to allow, but 'tcp 443 from 192.0.2.1 interface eth0' is rejected | "
		 "no line speaks of it, so the default decides\n"},
		{"{expect: allow, udp: 53, to: [198.51.100.7, \"2001:db8::7\"]}",
		 "9: expected to allow, but 'udp 53 to 198.51.100.7' is rejected | "
		 "no line speaks of it, so the default decides\n"},
		{"{expect: allow, tcp: 24-26}",
		 "9: expected to allow, but 'tcp 24' is rejected | no line speaks of it, so the default decides\n"},
		{"{expect: block, icmp: echo-request}",
		 "9: expected to block, but 'icmp echo-request' is accepted | 'baseline.ping' decides it\n"},
		{"{expect: allow, esp: }",
		 "9: expected to allow, but 'esp' is rejected | no line speaks of it, so the default decides\n"},
		{"{expect: block, any: , interface: lo}",
		 "9: expected to block, but 'protocol 0 interface lo' is accepted | 'baseline.loopback' decides it\n"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sg_cleanup(sg_buf_clear) struct sg_buf text = {0};

		sg_buf_addf(&text, "%s  - %s\n", head, cases[i].test);
		check_tests(text.data, 0, cases[i].expected);
	}
}

/* The reader refuses a test of nothing; were there one all the same, it would not count as proven. */
static void test_nothing(void **unused)
{
	autotext read = read_good("allow:\n  tcp: [22]\ntests:\n  - {expect: block, tcp: 23}\n");
	struct sg_idd *idd = sg_packet_context(0);
	struct sg_test_sum sum = {0};
	struct sg_decision decision;

	(void)unused;
	read.policy->tests[0].test.region.has_from = true;
	assert_int_equal(sg_policy_lower(read.policy, idd, &decision, &read.err), 0);
	assert_int_equal(sg_policy_prove(read.policy, &decision, &read.diags, &sum, &read.err), 0);
	assert_true(sum.failed == 1 && sum.proven == 0);
	assert_string_equal(read.diags.items[0].message, "the test speaks of no packet that can exist");
	sg_idd_free(idd);
}

/* Several, with the sum of each kind. */
static void test_sum(void **unused)
{
	(void)unused;
	check_tests("allow:\n  tcp: [22]\ntests:\n  - {expect: allow, tcp: 22}\n  - {expect: allow, tcp: 23}\n"
		    "  - {expect: block, tcp: 24}\n  - {expect: block, tcp: 20-30}\n",
		    2,
		    "5: expected to allow, but 'tcp 23' is dropped | no line speaks of it, so the default decides\n"
		    "7: expected to block, but 'tcp 22' is accepted | policy.yaml:2 (allow.tcp[0]) decides it\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proven),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_sum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
