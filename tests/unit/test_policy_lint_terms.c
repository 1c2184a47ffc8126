// SPDX-License-Identifier: GPL-2.0-or-later
/* test_policy_lint_terms.c - the lints where lines hang on limits, units and times, or log. */
#include "policy/model.h"
#include "policy_lint.h"

#define EFFECT "policy/no-effect policy/partly-blocked"
#define NOON   1782907200 /* 2026-07-01T12:00Z */

static void check_effect(const char *text, const char *expected)
{
	check_words(text, EFFECT, expected);
}

static void test_limits(void **unused)
{
	(void)unused;
	/* what another line lets in without a limit has none */
	check_effect("allow:\n  tcp:\n    - 22\n    - {port: 22, from: 10.0.0.0/8, limit: 1/second}\n",
		     "4: 'allow.tcp[1]' has no effect [policy/no-effect] "
		     "all that it allows is decided by policy.yaml:3 (allow.tcp[0]): take it away\n");
	check_effect("allow:\n  tcp:\n    - {port: 22, connections: 5}\n    - 20-30\n",
		     "3: 'allow.tcp[0]' has no effect [policy/no-effect] "
		     "all that it allows is decided by policy.yaml:4 (allow.tcp[1]): take it away\n");
	/* known hosts are not counted, the others are */
	check_effect("allow:\n  tcp:\n    - {port: 22, limit: 1/second}\n    - {port: 22, from: 10.0.0.0/8}\n", "");
	/* each has a bucket of its own, also when the words are the same */
	check_effect("allow:\n  tcp:\n    - {port: 22, limit: 1/second}\n    - {port: 22, limit: 1/second}\n", "");
	check_effect("allow:\n  tcp:\n    - {port: 22, limit: 1/second}\n    - {port: 20-30, limit: 5/day}\n", "");
	check_effect("allow:\n  tcp:\n    - {port: 22, limit: 1/second}\nblock:\n  tcp: [22]\n",
		     "3: 'allow.tcp[0]' has no effect [policy/no-effect] "
		     "all that it allows is decided by policy.yaml:5 (block.tcp[0]): take it away\n");
	check_effect("allow:\n  tcp:\n    - {port: 20-30, limit: 1/second}\nblock:\n  tcp: [22]\n",
		     "3: 'allow.tcp[0]' is blocked in part [policy/partly-blocked] policy.yaml:5 (block.tcp[0]) takes "
		     "away some of what it allows; a block wins over an allow\n");
}

static void test_units(void **unused)
{
	(void)unused;
	check_effect("allow:\n  tcp:\n    - {port: 22, unit: a.service}\n    - {port: 22, unit: b.service}\n", "");
	check_effect("allow:\n  tcp:\n    - {port: 22, unit: a.service}\n    - {port: 20-30, unit: a.service}\n",
		     "3: 'allow.tcp[0]' has no effect [policy/no-effect] "
		     "all that it allows is decided by policy.yaml:4 (allow.tcp[1]): take it away\n");
	check_effect("allow:\n  tcp:\n    - {port: 22, unit: a.service}\n    - 22\n",
		     "3: 'allow.tcp[0]' has no effect [policy/no-effect] "
		     "all that it allows is decided by policy.yaml:4 (allow.tcp[1]): take it away\n");
}

/* Where the default accepts, a line with a limit closes, and one without lets in again. */
static void test_default_accepts(void **unused)
{
	(void)unused;
	check_effect("default: accept\nallow:\n  tcp:\n    - {port: 22, limit: 1/second}\n", "");
	check_effect("default: accept\nallow:\n  tcp:\n    - {port: 22, unit: a.service}\n"
		     "    - {port: 22, from: 10.0.0.0/8}\n",
		     "");
	check_effect("default: accept\nallow:\n  tcp:\n    - {port: 22, limit: 1/second}\n    - {port: 80}\n",
		     "5: 'allow.tcp[1]' has no effect [policy/no-effect] "
		     "the default accepts what no line blocks: take it away\n");
	check_effect("default: accept\nallow:\n  tcp:\n    - {port: 22, limit: 1/second}\n    - 20-30\n",
		     "4: 'allow.tcp[0]' has no effect [policy/no-effect] "
		     "all that it allows is decided by policy.yaml:5 (allow.tcp[1]): take it away\n");
	check_effect("outbound:\n  allow:\n    tcp:\n      - {port: 25, limit: 1/second}\n", "");
	check_effect("outbound:\n  allow:\n    tcp:\n      - {port: 25, until: 2030-01-01T00:00Z}\n",
		     "4: 'outbound.allow.tcp[0]' has no effect [policy/no-effect] "
		     "the default accepts what no line blocks: take it away\n");
}

static void test_until(void **unused)
{
	static const char over[] = "allow:\n  tcp:\n    - {port: 22, until: 2026-01-01T00:00Z}\n"
				   "    - {port: 3306, until: 2026-01-01T00:00Z}\n    - 80\n    - 8000-8005\n"
				   "    - {port: 8005-8009, until: 2026-01-01T00:00Z}\n";

	(void)unused;
	check_effect("allow:\n  tcp:\n    - {port: 22, until: 2030-01-01T00:00Z}\n    - 22\n",
		     "3: 'allow.tcp[0]' has no effect [policy/no-effect] "
		     "all that it allows is decided by policy.yaml:4 (allow.tcp[1]): take it away\n");
	check_effect("allow:\n  tcp:\n    - {port: 20-30, until: 2030-01-01T00:00Z}\n    - 22\n", "");
	check_effect("allow:\n  tcp:\n    - {port: 22, until: 2030-01-01T00:00Z}\n"
		     "    - {port: 20-30, until: 2030-01-01T00:00:01Z}\n",
		     "3: 'allow.tcp[0]' has no effect [policy/no-effect] "
		     "all that it allows is decided by policy.yaml:4 (allow.tcp[1]): take it away\n");
	/* a block that ends lets in what is allowed */
	check_effect("allow:\n  tcp: [22]\nblock:\n  tcp: [{port: 22, until: 2030-01-01T00:00Z}]\n",
		     "2: 'allow.tcp[0]' is blocked in part [policy/partly-blocked] policy.yaml:4 (block.tcp[0]) takes "
		     "away some of what it allows; a block wins over an allow\n");
	check_effect("allow:\n  tcp: [{port: 22, until: 2029-01-01T00:00Z}]\n"
		     "block:\n  tcp: [{port: 22, until: 2030-01-01T00:00Z}]\n",
		     "2: 'allow.tcp[0]' has no effect [policy/no-effect] "
		     "all that it allows is decided by policy.yaml:4 (block.tcp[0]): take it away\n");
	{
		automeaning before = lint_text(over), now = lint_at(over, NOON);

		check_meaning(&before, "policy/wide-open policy/no-ssh policy/overlap",
			      "4: 'allow.tcp[1]' opens mysql (3306/tcp) to the world [policy/wide-open] say in "
			      "'from' who may use it; if all may, 'lint-ignore: policy/wide-open'\n");
		/* what is over opens nothing, is no way in for SSH, and is no neighbour of anything */
		check_meaning(&now, "policy/wide-open policy/no-ssh policy/overlap policy/no-effect",
			      "0: no one can reach SSH (port 22) under this policy [policy/no-ssh] as in 'tcp: "
			      "[{port: ssh, from: 192.0.2.0/24}]'; if it has another port, name that one ssh under "
			      "'services'\n");
	}
}

/* A line that logs does something that another with the same verdict does not do. */
static void test_logs(void **unused)
{
	(void)unused;
	check_effect("allow:\n  tcp:\n    - 20-30\n    - {port: 22, log: a}\n", "");
	check_effect("block:\n  tcp:\n    - 20-30\n    - {port: 22, log: a}\n", "");
	check_effect("default: accept\nallow:\n  tcp:\n    - {port: 22, log: a}\n", "");
	check_effect("allow:\n  tcp:\n    - {port: 22, log: a}\nblock:\n  tcp: [22]\n",
		     "3: 'allow.tcp[0]' has no effect [policy/no-effect] "
		     "all that it allows is decided by policy.yaml:5 (block.tcp[0]): take it away\n");
	/* of two that log, the first does */
	check_effect("allow:\n  tcp:\n    - {port: 20-30, log: a}\n    - {port: 22, log: b}\n",
		     "4: 'allow.tcp[1]' has no effect [policy/no-effect] "
		     "all that it allows is decided by policy.yaml:3 (allow.tcp[0]): take it away\n");
	check_effect("allow:\n  tcp:\n    - {port: 22, log: a}\n    - {port: 20-30, log: b}\n", "");
	check_effect("allow:\n  icmp: [{type: echo-request, log: a}]\n",
		     "2: 'allow.icmp[0]' has no effect [policy/no-effect] "
		     "all that it allows is decided by baseline.ping: take it away\n");
	check_effect("services: {odd: {tcp: 1, udp: 2}}\nallow:\n  tcp: [1]\n  udp: [2]\n"
		     "  tcp+udp: [{port: odd, from: 10.0.0.0/8, log: a}]\n",
		     "");
}

static void test_reaches(void **unused)
{
	static const char ids[] = "policy/wide-open policy/no-ssh policy/one-family";

	(void)unused;
	check_words("allow:\n  tcp:\n    - {port: 22, limit: 1/minute per source}\n"
		    "    - {port: 3306, unit: mysql.service, connections: 5, until: 2030-01-01T00:00Z}\n",
		    ids,
		    "4: 'allow.tcp[1]' opens mysql (3306/tcp) to the world [policy/wide-open] say in 'from' who may "
		    "use it; if all may, 'lint-ignore: policy/wide-open'\n");
	/* the other family reaches it, if only so often */
	check_words("allow:\n  tcp:\n    - {port: 22, from: 198.51.100.0/24}\n"
		    "    - {port: 22, from: \"2001:db8::/32\", limit: 1/day}\n",
		    ids, "");
	check_words("allow:\n  tcp:\n    - {port: 22, from: 198.51.100.0/24, limit: 1/day}\n"
		    "    - {port: 23, from: 198.51.100.0/24, limit: 2/day}\n"
		    "    - {port: 24, from: \"2001:db8::/32\"}\n",
		    ids,
		    "3: 'allow.tcp[0]' and 1 more with its sources let no one in over IPv6 [policy/one-family] name "
		    "the sources' IPv6 addresses too, or say 'family: ipv4'\n"
		    "5: 'allow.tcp[2]' lets no one in over IPv4 [policy/one-family] name the sources' IPv4 addresses "
		    "too, or say 'family: ipv6'\n");
}

static void test_overlap(void **unused)
{
	(void)unused;
	/* one bucket for both ports is not one for each */
	check_words("allow:\n  tcp:\n    - {port: 20-22, limit: 1/second}\n    - {port: 23, limit: 1/second}\n",
		    "policy/overlap", "");
	check_words("allow:\n  tcp:\n    - {port: 22, connections: 1, from: 192.0.2.1}\n"
		    "    - {port: 22, connections: 1, from: 192.0.2.2}\n",
		    "policy/overlap", "");
	check_words("allow:\n  tcp:\n    - {port: 20-22, log: a}\n    - {port: 23, log: a}\n", "policy/overlap", "");
	check_words("allow:\n  tcp:\n    - {port: 20-22, unit: a.service}\n    - {port: 23, unit: b.service}\n"
		    "    - {port: 24}\n",
		    "policy/overlap", "");
	check_words("allow:\n  tcp:\n    - {port: 20-22, until: 2030-01-01T00:00Z}\n"
		    "    - {port: 23, until: 2030-01-01T00:00:01Z}\n    - {port: 24}\n",
		    "policy/overlap", "");
	check_words(
		"allow:\n  tcp:\n    - {port: 20-22, unit: a.service, until: 2030-01-01T00:00Z}\n"
		"    - {port: 23, unit: a.service, until: 2030-01-01T01:00+01:00}\n",
		"policy/overlap",
		"3: 'allow.tcp[0]' could be one line with policy.yaml:4 (allow.tcp[1]) [policy/overlap] they differ in "
		"their ports alone: together 20-23\n");
}

/* ---- Random policies ---- */

/* Whether a line's log shows up anywhere. */
static bool logs(const struct meaning *meaning, size_t index)
{
	uint32_t logging = meaning->read.policy->lines[index].logging;

	if (!logging)
		return false;
	return !sg_idd_disjoint(meaning->idd, sg_packet_universe(meaning->idd),
				sg_idd_equals(meaning->idd, meaning->decision.log, logging));
}

/* A line inside of another of its kind, with all that both hang on, has no effect unless it logs. */
static size_t check_found(const struct meaning *meaning)
{
	const struct sg_policy *policy = meaning->read.policy;
	size_t found = 0;

	for (size_t i = 0; i < sg_policy_lines(policy); i++) {
		const struct sg_line *line = sg_policy_line(policy, i);
		sg_ref region = sg_line_region(meaning->idd, line);
		bool covered = false;

		for (size_t j = 0; j < sg_policy_lines(policy) && !covered; j++) {
			const struct sg_line *other = sg_policy_line(policy, j);
			sg_ref around = sg_line_region(meaning->idd, other);

			covered = j != i && line->section == other->section && line->answer == other->answer &&
				  sg_idd_subset(meaning->idd, region, around) && (region != around || j < i);
		}
		if (logs(meaning, i))
			assert_false(warned(&meaning->read, "policy/no-effect", line));
		else if (covered)
			assert_true(warned(&meaning->read, "policy/no-effect", line));
		found += covered;
	}
	return found;
}

/* Without all lines that have no effect the decision is the same, and so is what is logged. */
static size_t check_removal(struct meaning *meaning)
{
	struct sg_policy *policy = meaning->read.policy;
	struct sg_decision decision;
	size_t kept = 0, removed;

	for (size_t i = 0; i < policy->line_count; i++) {
		if (!warned(&meaning->read, "policy/no-effect", &policy->lines[i].line))
			policy->lines[kept++] = policy->lines[i];
	}
	removed = policy->line_count - kept;
	policy->line_count = kept;
	assert_int_equal(sg_policy_lower(policy, meaning->idd, &decision, NULL), 0);
	assert_int_equal(decision.verdict, meaning->decision.verdict);
	assert_int_equal(decision.log, meaning->decision.log);
	return removed;
}

static void test_random_policies(void **unused)
{
	uint64_t state = 2027;
	size_t valid = 0, removed = 0, covered = 0;

	(void)unused;
	for (size_t i = 0; i < 300; i++) {
		sg_autofree char *text = random_policy_of(true, &state);
		autotext first = read_text(text);

		if (!first.policy)
			continue;
		{
			automeaning meaning = lint_text(text);

			covered += check_found(&meaning);
			removed += check_removal(&meaning);
		}
		valid++;
	}
	print_message("%zu policies, %zu lines inside of others, %zu without effect\n", valid, covered, removed);
	assert_true(valid > 100 && covered > 300 && removed > 300);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_default_accepts),
		cmocka_unit_test(test_until),
		cmocka_unit_test(test_logs),
		cmocka_unit_test(test_reaches),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_random_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
