// SPDX-License-Identifier: GPL-2.0-or-later
/* test_policy_lint.c - warnings: their words, and on random policies that taking away what they name changes nothing.
 */
#include "policy/model.h"
#include "policy_lint.h"

#define EFFECT "policy/no-effect policy/partly-blocked"

/* ---- Words ---- */

static void check_effect(const char *text, const char *expected)
{
	check_words(text, EFFECT, expected);
}

static void test_no_effect(void **unused)
{
	(void)unused;
	check_effect("allow:\n  tcp:\n    - 22\n    - {port: 22, from: 10.0.0.0/8}\n    - 80\n",
		     "4: 'allow.tcp[1]' has no effect [policy/no-effect] "
		     "all that it allows is decided by policy.yaml:3 (allow.tcp[0]): take it away\n");
	check_effect("allow:\n  tcp:\n    - 22\n    - 22\n",
		     "4: 'allow.tcp[1]' has no effect [policy/no-effect] "
		     "all that it allows is decided by policy.yaml:3 (allow.tcp[0]): take it away\n");
	check_effect("allow:\n  tcp:\n    - 22\n    - {port: 80, from: 10.1.0.0/16}\nblock:\n  tcp: [22]\n"
		     "  any: [{from: 10.0.0.0/8}]\n",
		     "3: 'allow.tcp[0]' has no effect [policy/no-effect] all that it allows is decided by "
		     "policy.yaml:6 (block.tcp[0]): take it away\n"
		     "4: 'allow.tcp[1]' has no effect [policy/no-effect] all that it allows is decided by "
		     "policy.yaml:7 (block.any[0]): take it away\n");
	/* the union of others covers it */
	check_effect("allow:\n  tcp:\n    - 1-10\n    - 8-20\n    - 30\n    - {port: 5-15, from: 10.0.0.0/8}\n",
		     "6: 'allow.tcp[3]' has no effect [policy/no-effect] all that it allows is decided by "
		     "policy.yaml:3 (allow.tcp[0]) and policy.yaml:4 (allow.tcp[1]): take it away\n");
	check_effect(
		"allow:\n  tcp: [1, 2, 3, 4, 5, {port: 1-5, from: 10.0.0.0/8}]\n",
		"2: 'allow.tcp[5]' has no effect [policy/no-effect] all that it allows is decided by "
		"policy.yaml:2 (allow.tcp[0]), policy.yaml:2 (allow.tcp[1]), policy.yaml:2 (allow.tcp[2]) and 2 more: "
		"take it away\n");
}

static void test_baseline_covers(void **unused)
{
	(void)unused;
	check_effect("allow:\n  icmp: [echo-request, 13]\n  any: [{interface: lo}]\n",
		     "2: 'allow.icmp[0]' has no effect [policy/no-effect] "
		     "all that it allows is decided by baseline.ping: take it away\n"
		     "3: 'allow.any[0]' has no effect [policy/no-effect] "
		     "all that it allows is decided by baseline.loopback: take it away\n");
	check_effect(
		"block:\n  icmp: [echo-request]\n",
		"2: 'block.icmp[0]' has no effect [policy/no-effect] "
		"baseline.ping accepts all that it blocks: write 'baseline: {ping: false}', or take the line away\n");
	check_effect("baseline: {ping: false}\nallow:\n  icmp: [echo-request]\n", "");
}

static void test_blocks(void **unused)
{
	(void)unused;
	/* a block beside a default that drops is said for certainty's sake */
	check_effect("block:\n  tcp: [23]\n", "");
	check_effect("block:\n  tcp:\n    - {port: 23, from: 10.0.0.0/8}\n    - 20-30\n",
		     "3: 'block.tcp[0]' has no effect [policy/no-effect] "
		     "all that it blocks is decided by policy.yaml:4 (block.tcp[1]): take it away\n");
	/* drop wins over reject; the other way round both matter */
	check_effect("block:\n  tcp:\n    - {port: 23, answer: reject}\n    - {port: 20-30, answer: drop}\n",
		     "3: 'block.tcp[0]' has no effect [policy/no-effect] "
		     "all that it blocks is decided by policy.yaml:4 (block.tcp[1]): take it away\n");
	check_effect("block:\n  tcp:\n    - {port: 23, answer: drop}\n    - {port: 20-30, answer: reject}\n", "");
}

static void test_default_accepts(void **unused)
{
	(void)unused;
	check_effect("default: accept\nallow:\n  tcp: [22]\nblock:\n  tcp: [23]\n",
		     "3: 'allow.tcp[0]' has no effect [policy/no-effect] "
		     "the default accepts what no line blocks: take it away\n");
}

static void test_partly_blocked(void **unused)
{
	(void)unused;
	check_effect("allow:\n  tcp: [20-30]\nblock:\n  tcp: [23]\n",
		     "2: 'allow.tcp[0]' is blocked in part [policy/partly-blocked] policy.yaml:4 (block.tcp[0]) takes "
		     "away some of what it allows; a block wins over an allow\n");
	check_effect("allow:\n  tcp: [20-30]\nblock:\n  tcp: [23, {port: 25, from: 10.0.0.0/8}, 40]\n",
		     "2: 'allow.tcp[0]' is blocked in part [policy/partly-blocked] policy.yaml:4 (block.tcp[0]) takes "
		     "away some of what it allows; a block wins over an allow\n");
	check_effect("allow:\n  tcp: [20-30]\nblock:\n  tcp: [23, {port: 25, interface: wan0}, 40]\n",
		     "2: 'allow.tcp[0]' is blocked in part [policy/partly-blocked] policy.yaml:4 (block.tcp[0]) and "
		     "policy.yaml:4 (block.tcp[1]) take away some of what it allows; a block wins over an allow\n");
	/* a list of addresses that may not is what it is for … */
	check_effect("groups: {bad: [203.0.113.0/24, \"2001:db8::/32\"]}\nallow:\n  tcp: [25, {port: 22, from: "
		     "203.0.0.0/16}]\nblock:\n  tcp: [{port: [22, 25], from: bad}]\n",
		     "");
	check_effect("outbound:\n  default: drop\n  allow:\n    tcp: [25]\n  block:\n    tcp: [{port: 25, to: "
		     "203.0.113.0/24}]\n",
		     "");
	/* … but not most of the world */
	check_effect("allow:\n  tcp: [25]\nblock:\n  tcp: [{port: 25, from: 0.0.0.0/0}]\n",
		     "2: 'allow.tcp[0]' is blocked in part [policy/partly-blocked] policy.yaml:4 (block.tcp[0]) takes "
		     "away some of what it allows; a block wins over an allow\n");
	check_effect("allow:\n  tcp: [25]\nblock:\n  tcp: [{port: 25, except: [10.0.0.0/8, \"fd00::/8\"]}]\n",
		     "2: 'allow.tcp[0]' is blocked in part [policy/partly-blocked] policy.yaml:4 (block.tcp[0]) takes "
		     "away some of what it allows; a block wins over an allow\n");
	/* that is what `any` is for */
	check_effect("allow:\n  tcp: [22]\nblock:\n  any: [{from: 10.0.0.0/8}]\n", "");
	check_effect("allow:\n  tcp: [{port: 22, from: 10.0.0.0/8}]\nblock:\n  tcp: [{port: 22, from: 11.0.0.0/8}]\n",
		     "");
	check_effect("default: accept\nblock:\n  tcp: [22]\n", "");
}

/* One item of the file that is two lines: it has an effect when one of them has. */
static void test_split_lines(void **unused)
{
	static const char services[] = "services:\n  twin: {tcp: 4000, udp: 5000}\n";
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0};

	(void)unused;
	sg_buf_addf(&text, "%sallow:\n  tcp+udp: [twin]\n  tcp: [{port: 4000, from: 10.0.0.0/8}]\n", services);
	check_effect(text.data, "5: 'allow.tcp[0]' has no effect [policy/no-effect] all that it allows is decided by "
				"policy.yaml:4 (allow.tcp+udp[0]): take it away\n");
	sg_buf_truncate(&text, 0);
	sg_buf_addf(&text, "%sallow:\n  tcp+udp: [{port: twin, from: 10.0.0.0/8}]\n  tcp: [4000]\n", services);
	check_effect(text.data, "");
	sg_buf_truncate(&text, 0);
	sg_buf_addf(&text, "%sallow:\n  tcp+udp: [{port: twin, from: 10.0.0.0/8}]\n  tcp: [4000]\n  udp: [5000]\n",
		    services);
	check_effect(text.data,
		     "4: 'allow.tcp+udp[0]' has no effect [policy/no-effect] all that it allows is decided by "
		     "policy.yaml:5 (allow.tcp[0]) and policy.yaml:6 (allow.udp[0]): take it away\n");
}

/* ---- Random policies ---- */

static sg_ref base_of(struct sg_idd *idd, const struct meaning *meaning)
{
	autotext bare = read_good("default: drop\n");
	struct sg_decision decision;

	bare.policy->baseline = *sg_policy_baseline(meaning->read.policy);
	bare.policy->outbound_default = SG_VERDICT_DROP;
	bare.policy->outbound_default_span = (struct sg_span){0, 1, 1, 1};
	assert_int_equal(sg_policy_lower(bare.policy, idd, &decision, NULL), 0);
	return sg_idd_equals(idd, decision.verdict, SG_VERDICT_ACCEPT);
}

/* A line inside of another of the same kind has no effect; so has one inside of the baseline. */
static void check_found(const struct meaning *meaning, sg_ref base)
{
	const struct sg_policy *policy = meaning->read.policy;

	for (size_t i = 0; i < sg_policy_lines(policy); i++) {
		const struct sg_line *line = sg_policy_line(policy, i);
		sg_ref region = sg_line_region(meaning->idd, line);
		bool covered = sg_idd_subset(meaning->idd, region, base);

		for (size_t j = 0; j < sg_policy_lines(policy) && !covered; j++) {
			const struct sg_line *other = sg_policy_line(policy, j);
			sg_ref around = sg_line_region(meaning->idd, other);

			covered = j != i && line->section == other->section && line->answer == other->answer &&
				  sg_idd_subset(meaning->idd, region, around) && (region != around || j < i);
		}
		if (covered)
			assert_true(warned(&meaning->read, "policy/no-effect", line));
	}
}

/* Whether the addresses are less than half of all IPv4 addresses, and of 2000::/3. */
static bool is_narrow(const struct sg_addresses *set)
{
	long double v4 = 0, v6 = 0;

	for (size_t i = 0; i < set->v4.count; i++)
		v4 += (long double)(set->v4.items[i].last - set->v4.items[i].first) + 1;
	for (size_t i = 0; i < set->v6.count; i++) {
		for (unsigned int top = 32; top < 64; top++) { /* the 32 blocks of a /8 that 2000::/3 has */
			sg_u128 first = (sg_u128)top << 120, last = first + (((sg_u128)1 << 120) - 1);

			first = set->v6.items[i].first > first ? set->v6.items[i].first : first;
			last = set->v6.items[i].last < last ? set->v6.items[i].last : last;
			if (first <= last)
				v6 += (long double)(last - first) + 1;
		}
	}
	return v4 < 2147483648.0L && v6 < 0x1p124L;
}

static bool is_exception(const struct sg_line *block)
{
	if (block->kind == SG_LINE_ANY)
		return true;
	return block->direction == SG_OUT ? block->has_to && is_narrow(&block->to)
					  : block->has_from && is_narrow(&block->from);
}

/* An allow that has an effect is warned about exactly when a block of ports meets it outside of the baseline, and it is
 * not one of listed addresses. */
static void check_cuts(const struct meaning *meaning, sg_ref base)
{
	const struct sg_policy *policy = meaning->read.policy;

	for (size_t i = 0; i < sg_policy_lines(policy); i++) {
		const struct sg_line *line = sg_policy_line(policy, i);
		sg_ref open = sg_idd_minus(meaning->idd, sg_line_region(meaning->idd, line), base);
		bool cut = false;

		if (line->section != SG_SECTION_ALLOW || warned(&meaning->read, "policy/no-effect", line))
			continue;
		for (size_t j = 0; j < sg_policy_lines(policy); j++) {
			const struct sg_line *block = sg_policy_line(policy, j);

			cut = cut || (block->section == SG_SECTION_BLOCK && !is_exception(block) &&
				      !sg_idd_disjoint(meaning->idd, open, sg_line_region(meaning->idd, block)));
		}
		assert_int_equal(cut, warned(&meaning->read, "policy/partly-blocked", line));
	}
}

/* Without all lines that have no effect the decision is the same. */
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
	return removed;
}

static void test_random_policies(void **unused)
{
	uint64_t state = 99;
	size_t valid = 0, removed = 0, cut = 0;

	(void)unused;
	for (size_t i = 0; i < 400; i++) {
		sg_autofree char *text = random_policy(&state);
		autotext first = read_text(text);
		sg_ref base;

		if (!first.policy)
			continue;
		{
			automeaning meaning = lint_text(text);

			base = base_of(meaning.idd, &meaning);
			check_found(&meaning, base);
			check_cuts(&meaning, base);
			for (size_t k = 0; k < meaning.read.diags.count; k++)
				cut += !strcmp(meaning.read.diags.items[k].id, "policy/partly-blocked");
			removed += check_removal(&meaning);
		}
		valid++;
	}
	print_message("%zu policies, %zu lines without effect, %zu blocked in part\n", valid, removed, cut);
	assert_true(valid > 150 && removed > 300 && cut > 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_effect),       cmocka_unit_test(test_baseline_covers),
		cmocka_unit_test(test_blocks),          cmocka_unit_test(test_default_accepts),
		cmocka_unit_test(test_partly_blocked),  cmocka_unit_test(test_split_lines),
		cmocka_unit_test(test_random_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
