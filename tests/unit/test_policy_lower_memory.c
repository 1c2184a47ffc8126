// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_policy_lower_memory.c - the meaning of a policy when memory runs out at any point: an error or a warning that is
 * known to be lost, never a wrong answer. The allocator is wrapped by the linker (tests/CMakeLists.txt).
 */
#include "policy_text.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

/* Calls are counted; the one with this number fails, and all behind it too when `all_behind`. 0: none. */
static size_t calls, failing;
static bool all_behind;

static bool refuse(void)
{
	calls++;
	return failing && (all_behind ? calls >= failing : calls == failing);
}

void *__wrap_malloc(size_t size)
{
	return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refuse() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return refuse() ? NULL : __real_realloc(old, size);
}

/* True when all of it succeeded. */
static bool mean(const struct sg_policy *policy)
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
		assert_int_equal(diags.warnings, 2);
		assert_int_equal(diags.errors, 1);
		assert_true(sum.proven == 1 && sum.failed == 1);
	}
	done = done && !diags.out_of_memory;
	sg_diags_clear(&diags);
	sg_idd_free(idd);
	return done;
}

static void test_no_memory(void **unused)
{
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0};
	size_t total, succeeded = 0;

	(void)unused;
	sg_buf_adds(&text, "groups:\n  many: [10.0.0.1");
	for (unsigned int i = 1; i < 400; i++)
		sg_buf_addf(&text, ", 10.%u.%u.1", i / 200, i % 200);
	sg_buf_adds(&text,
		    "]\nallow:\n  tcp: [{port: 22, from: many}, 80, 80, {port: 443, from: many, except: 10.1.0.0/24}]\n"
		    "block:\n  tcp: [{port: 443, from: 10.0.0.0/24}]\n"
		    "tests:\n  - {expect: allow, tcp: 80}\n  - {expect: block, tcp: 22}\n");
	{
		autotext read = read_good(text.data);

		calls = 0;
		assert_true(mean(read.policy));
		total = calls;
		for (int mode = 0; mode < 2; mode++) {
			all_behind = mode;
			for (size_t n = 1; n <= total; n++) {
				calls = 0;
				failing = n;
				succeeded += mean(read.policy);
				failing = 0;
			}
		}
	}
	assert_true(total > 20);
	print_message("failed at each of %zu allocations; %zu times without harm\n", 2 * total, succeeded);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
