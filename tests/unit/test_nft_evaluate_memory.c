// SPDX-License-Identifier: GPL-2.0-or-later
/* Wherever memory runs out while rules are evaluated and compared: an error that says so, and nothing leaks. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "sockgate/evaluate.h"
#include "random_rules.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
char *__wrap_strdup(const char *text);
int __wrap_asprintf(char **ret, const char *format, ...) __attribute__((format(printf, 2, 3)));

static size_t allowed = SIZE_MAX; /* allocations that still succeed; SIZE_MAX: all */

static bool allow(void)
{
	if (allowed == SIZE_MAX)
		return true;
	return allowed > 0 && allowed--;
}

void *__wrap_malloc(size_t size)
{
	return allow() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return allow() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *pointer, size_t size)
{
	return allow() ? __real_realloc(pointer, size) : NULL;
}

char *__wrap_strdup(const char *text)
{
	return allow() ? __real_strdup(text) : NULL;
}

int __wrap_asprintf(char **ret, const char *format, ...)
{
	va_list args;
	int result = -1;

	va_start(args, format);
	if (allow())
		result = vasprintf(ret, format, args);
	va_end(args);
	return result;
}

/* Evaluates the table and compares it with `decision`, which is of the context. */
static int evaluate(struct sg_idd *idd, const struct sg_table *table, struct sg_error *err)
{
	struct sg_decision decision = {.idd = idd, .verdict = SG_IDD_EMPTY, .origin = SG_IDD_EMPTY};
	struct sg_evaluation evaluation;
	enum sg_answer answer;
	struct sg_packet packet;
	size_t unknown;
	int result;

	if (sg_evaluate(idd, table, &evaluation, err))
		return -1;
	result = sg_evaluation_compare(&evaluation, &decision, &answer, &packet, &unknown, err);
	sg_evaluation_clear(&evaluation);
	return result;
}

static void memory_runs_out(void **state)
{
	size_t failures = 0;

	(void)state;
	for (uint64_t i = 1; i <= 24; i++) {
		struct rules rules = {.odd = i % 3, .published = i % 3 == 0};
		int done = -1;

		seed = i;
		random_table(&rules);
		for (size_t n = 0; done; n++) {
			struct sg_idd *idd = sg_packet_context(0);
			struct sg_error err = {0};

			allowed = n;
			done = evaluate(idd, rules.table, &err);
			allowed = SIZE_MAX;
			sg_idd_free(idd);
			failures += done != 0;
			if (done && err.kind != SG_ERROR_MEMORY)
				fail_msg("SEED=%llu allocation %zu: %s", (unsigned long long)i, n, err.message);
		}
		sg_ruleset_clear(&rules.ruleset);
	}
	assert_true(failures > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(memory_runs_out)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
