// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets of interface names as comparisons: a name passes one of them exactly when it is in the set. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "nft/interface.h"

static const char *const names[] = {"a",
				    "b",
				    "e",
				    "et",
				    "eth",
				    "eth0",
				    "eth00",
				    "eth1",
				    "eth9",
				    "eti",
				    "f",
				    "lo",
				    "lo0",
				    "ln",
				    "lp",
				    "wg",
				    "wg0",
				    "w",
				    "x",
				    "zzz",
				    "E",
				    "~",
				    "abcdefghijklmno",
				    "abcdefghijklmn",
				    "eth*",
				    "\x01x",
				    "\xff\xff",
				    "wg-a.100"};
#define NAMES (sizeof(names) / sizeof(names[0]))
static const char *const patterns[] = {
	"lo",    "eth0", "eth1", "eth*", "e*", "wg*", "wg0", "*", "abcdefghijklmno", "abcdefghijklmn*",
	"eth00", "f",    "~*"};
#define PATTERNS (sizeof(patterns) / sizeof(patterns[0]))

static uint64_t seed;

static uint32_t below(uint32_t n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33) % n;
}

static sg_u128 number_of(const char *name)
{
	char bytes[SG_INTERFACE_NAME_SIZE] = "";
	sg_u128 number = 0;

	memcpy(bytes, name, strlen(name));
	for (size_t i = 0; i < sizeof(bytes); i++)
		number = number << 8 | (uint8_t)bytes[i];
	return number;
}

/* As the kernel compares, which knows nothing of numbers. */
static bool passes(const char *name, const char *pattern)
{
	size_t length = strlen(pattern);

	if (length && pattern[length - 1] == '*')
		return !strncmp(name, pattern, length - 1);
	return !strcmp(name, pattern);
}

static bool matched(const struct sg_interface_matches *matches, const char *name)
{
	for (size_t i = 0; i < matches->count; i++) {
		const struct sg_interface_match *match = &matches->items[i];
		bool holds = !match->include[0] || passes(name, match->include);

		assert_string_not_equal(match->include, "*"); /* a comparison of no bytes */
		for (size_t e = 0; e < match->exclude_count; e++)
			holds = holds && !passes(name, match->exclude[e]);
		if (holds)
			return true;
	}
	return false;
}

/* Patterns laid over each other, the later ones over the earlier: each puts its names in or out. */
static void random_sets(void **state)
{
	const char *given = getenv("SEED");
	uint64_t start = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

	(void)state;
	for (uint64_t round = 0; round < 2000; round++) {
		struct sg_interface_matches matches;
		struct sg_error err = {0};
		struct sg_ranges set = {0};
		bool inside[NAMES] = {false};

		seed = start + round;
		for (uint32_t layers = below(6) + 1; layers > 0; layers--) {
			const char *pattern = patterns[below(PATTERNS)];
			struct sg_range range;
			struct sg_ranges one = {.items = &range, .count = 1, .room = 1}, rest = {0};
			bool in = below(2);

			assert_true(sg_interface_range(pattern, strlen(pattern), &range));
			for (size_t i = 0; i < NAMES; i++)
				if (passes(names[i], pattern))
					inside[i] = in;
			assert_int_equal(sg_ranges_subtract(&set, &one, &rest, NULL), 0);
			if (in)
				assert_int_equal(sg_ranges_add(&rest, &range, NULL), 0);
			sg_ranges_normalise(&rest);
			sg_ranges_clear(&set);
			set = rest;
		}
		if (sg_interface_matches(&set, &matches, &err))
			fail_msg("SEED=%llu: %s", (unsigned long long)(start + round), err.message);
		for (size_t i = 0; i < NAMES; i++) {
			assert_int_equal(sg_ranges_contain(&set, number_of(names[i])), inside[i]);
			if (matched(&matches, names[i]) != inside[i])
				fail_msg("SEED=%llu: '%s'", (unsigned long long)(start + round), names[i]);
		}
		sg_interface_matches_clear(&matches);
		sg_ranges_clear(&set);
	}
}

static void says_no_more_than_it_must(void **state)
{
	struct sg_interface_matches matches;
	struct sg_ranges set = {0}, all = {0}, rest = {0};
	struct sg_range lo, everything = {0, ~(sg_u128)0};

	(void)state;
	assert_true(sg_interface_range("lo", 2, &lo));
	assert_int_equal(sg_ranges_add(&all, &everything, NULL), 0);
	assert_int_equal(sg_ranges_add(&set, &lo, NULL), 0);
	assert_int_equal(sg_interface_matches(&set, &matches, NULL), 0);
	assert_int_equal(matches.count, 1);
	assert_string_equal(matches.items[0].include, "lo");
	assert_int_equal(matches.items[0].exclude_count, 0);
	sg_interface_matches_clear(&matches);
	assert_int_equal(sg_ranges_subtract(&all, &set, &rest, NULL), 0);
	assert_int_equal(sg_interface_matches(&rest, &matches, NULL), 0);
	assert_int_equal(matches.count, 1);
	assert_string_equal(matches.items[0].include, "");
	assert_int_equal(matches.items[0].exclude_count, 1);
	assert_string_equal(matches.items[0].exclude[0], "lo");
	sg_interface_matches_clear(&matches);
	sg_ranges_clear(&set);
	sg_ranges_clear(&all);
	sg_ranges_clear(&rest);
}

/* From "eth0" to "eth5" are more names than anybody could list. */
static void refuses_what_names_cannot_say(void **state)
{
	struct sg_interface_matches matches = {0};
	struct sg_error err = {0};
	struct sg_ranges set = {0};
	struct sg_range range = {number_of("eth0"), number_of("eth5")};

	(void)state;
	assert_int_equal(sg_ranges_add(&set, &range, NULL), 0);
	assert_int_equal(sg_interface_matches(&set, &matches, &err), -1);
	assert_int_equal(err.kind, SG_ERROR_INPUT);
	assert_null(matches.items);
	sg_ranges_clear(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_sets),
		cmocka_unit_test(says_no_more_than_it_must),
		cmocka_unit_test(refuses_what_names_cannot_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
