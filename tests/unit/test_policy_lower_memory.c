// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_policy_lower_memory.c - the meaning of a policy when memory runs out at any point: an error or a warning that is
 * known to be lost, never a wrong answer. The allocator is wrapped by the linker (tests/CMakeLists.txt).
 */
#include "policy_text.h"
#include "starve.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

struct expected {
	size_t warnings, notes, proven, failed;
};

/* True when all of it succeeded. */
static bool mean(const struct sg_policy *policy, const struct expected *expected)
{
	struct sg_idd *idd = sg_packet_context(0);
	struct sg_test_sum sum = {0};
	struct sg_decision decision;
	struct sg_diags diags = {0};
	struct sg_error err = {0};
	bool done;

	if (!idd)
		return false;
	done = sg_policy_lower(policy, idd, &decision, &err) == 0 &&
	       sg_policy_lint(policy, &decision, &diags, &err) == 0 &&
	       sg_policy_prove(policy, &decision, &diags, &sum, &err) == 0;
	if (!done)
		assert_int_equal(err.kind, SG_ERROR_MEMORY);
	if (done && !diags.out_of_memory) {
		assert_int_equal(diags.warnings, expected->warnings);
		assert_int_equal(diags.errors, expected->failed);
		assert_int_equal(diags.count - diags.warnings - diags.errors, expected->notes);
		assert_true(sum.proven == expected->proven && sum.failed == expected->failed);
	}
	done = done && !diags.out_of_memory;
	sg_diags_clear(&diags);
	sg_idd_free(idd);
	return done;
}

static void check_no_memory(const char *text, const struct expected *expected)
{
	autotext read = read_good(text);
	size_t total, succeeded = 0;

	starve_from(0, false);
	assert_true(mean(read.policy, expected));
	total = starving.calls;
	for (int mode = 0; mode < 2; mode++) {
		for (size_t n = 1; n <= total; n++) {
			starve_from(n, !mode);
			succeeded += mean(read.policy, expected);
			starve_end();
		}
	}
	assert_true(total > 20);
	print_message("failed at each of %zu allocations; %zu times without harm\n", 2 * total, succeeded);
}

static void test_no_memory(void **unused)
{
	static const struct expected expected = {.warnings = 2, .notes = 0, .proven = 1, .failed = 1};
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0};

	(void)unused;
	sg_buf_adds(&text, "groups:\n  many: [10.0.0.1");
	for (unsigned int i = 1; i < 400; i++)
		sg_buf_addf(&text, ", 10.%u.%u.1", i / 200, i % 200);
	sg_buf_adds(&text,
		    "]\nallow:\n  tcp: [{port: 22, from: many}, 80, 80, {port: 443, from: many, except: 10.1.0.0/24}]\n"
		    "block:\n  tcp: [{port: 443, interface: eth0}]\n"
		    "tests:\n  - {expect: allow, tcp: 80}\n  - {expect: block, tcp: 22}\n");
	check_no_memory(text.data, &expected);
}

/* Something of every lint, in both directions. */
static void test_no_memory_for_lints(void **unused)
{
	static const struct expected expected = {.warnings = 7, .notes = 5};

	(void)unused;
	check_no_memory(
		"groups: {four: [198.51.100.0/24], six: \"2001:db8::/32\", lost: 192.0.2.1}\n"
		"services: {away: {tcp: 1}}\n"
		"allow:\n"
		"  tcp: [80, {port: 80, from: four}, 3306, {port: 90, from: 0.0.0.0}, {port: 443, from: four},\n"
		"        1000-1010, 1005-1020, {port: 8, interface: a}, {port: 8, interface: b}]\n"
		"  udp: [{port: 80, from: [six, 10.0.0.0/8]}]\n"
		"block:\n"
		"  tcp: [1007]\n"
		"outbound:\n"
		"  default: reject\n"
		"  allow:\n"
		"    tcp: [1-5, 3-9]\n",
		&expected);
}

/* Lines that hang on conditions, logs, and published ports. */
static void test_no_memory_for_terms(void **unused)
{
	static const struct expected expected = {.warnings = 5, .proven = 1};

	(void)unused;
	check_no_memory(
		"published: enforce\n"
		"log-blocked: 5/minute\n"
		"allow:\n"
		"  tcp: [{port: 22, limit: 5/minute per source, connections: 3, log: a}, {port: 3306, log: b},\n"
		"        {port: 80, from: 192.0.2.0/24, unit: a.service}, {port: 80, unit: a.service},\n"
		"        {port: 443, until: 2099-01-01T00:00Z}, {port: 443, limit: 1/day, from: 192.0.2.1}, 443]\n"
		"block:\n"
		"  any: [{from: 203.0.113.0/24, until: 2098-01-01T00:00Z, log: {label: c, rate: 1/second}}]\n"
		"tests:\n"
		"  - {expect: block, tcp: 23}\n",
		&expected);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_no_memory_for_lints),
		cmocka_unit_test(test_no_memory_for_terms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
