// SPDX-License-Identifier: GPL-2.0-or-later
/* test_decide_speed.c - a million prefixes in one set: the answers are checked, the times are printed. */
#include <stdlib.h>
#include <time.h>
#include "decide_space.h"
#include "sockgate/packet.h"

#define PREFIXES 1000000

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void report(const char *what, double start)
{
	print_message("%-52s %8.2f ms\n", what, now() - start);
}

/* Prefixes of 16 addresses each, never adjacent. */
static struct sg_ranges make_set(enum sg_family family)
{
	struct sg_ranges set = {.items = malloc(PREFIXES * sizeof(struct sg_range)), .count = PREFIXES};
	uint64_t state = 7;

	assert_non_null(set.items);
	for (size_t i = 0; i < PREFIXES; i++) {
		sg_u128 first = (sg_u128)i * 4096 + space_random(&state) % 128 * 16;
		unsigned int shift = family == SG_IPV4 ? 0 : 64;

		set.items[i] = (struct sg_range){first << shift, (first + 16) << shift};
		set.items[i].last -= 1;
	}
	return set;
}

static int count_ranges(const struct sg_box *box, void *data)
{
	for (size_t i = 0; i < box->levels; i++)
		*(size_t *)data += box->sets[i].count;
	return 0;
}

static void measure(enum sg_family family)
{
	size_t level = family == SG_IPV4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6;
	struct sg_ranges set = make_set(family);
	struct sg_idd *idd = sg_packet_context(0);
	sg_ref all, some, both, ports, copy;
	struct sg_idd *other = sg_packet_context(0);
	size_t ranges = 0;
	double start = now();

	print_message("%s, %d prefixes\n", family == SG_IPV4 ? "IPv4" : "IPv6", PREFIXES);
	all = sg_idd_split(idd, level, &set, SG_IDD_FULL, SG_IDD_EMPTY);
	report("set to node", start);
	print_message("%-52s %8.1f MB\n", "its size", (double)sg_idd_bytes(idd) / 1e6);
	assert_int_equal(sg_idd_edges(idd, all), 2 * PREFIXES + (set.items[0].first ? 1 : 0));

	start = now();
	assert_int_equal(sg_idd_split(idd, level, &set, SG_IDD_FULL, SG_IDD_EMPTY), all);
	report("the same again", start);

	some = sg_idd_range(idd, level, set.items[500].first, set.items[600].last);
	start = now();
	both = sg_idd_minus(idd, all, some);
	report("less a small set", start);
	start = now();
	assert_int_equal(sg_idd_or(idd, both, some), sg_idd_or(idd, all, some));
	report("two unions with a small set", start);
	start = now();
	assert_int_equal(sg_idd_not(idd, sg_idd_not(idd, all)), all);
	report("complement, twice", start);
	start = now();
	assert_int_equal(sg_idd_and(idd, all, both), both);
	report("intersection of two large sets", start);
	start = now();
	assert_true(sg_idd_subset(idd, both, all));
	assert_false(sg_idd_subset(idd, all, both));
	report("two subset questions", start);

	ports = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PORT, 22, 443), all);
	start = now();
	ports = sg_idd_overlay(idd, sg_idd_map(idd, ports, (uint32_t[]){0, 5}, 2), sg_idd_terminal(9));
	report("map and overlay under a port level", start);
	start = now();
	assert_true(sg_idd_share(idd, ports, 5) > 0);
	report("share", start);
	start = now();
	assert_int_equal(sg_idd_boxes(idd, ports, 5, count_ranges, &ranges, NULL), 0);
	report("boxes", start);
	assert_int_equal(ranges, PREFIXES + 1);
	start = now();
	copy = sg_idd_import(other, idd, ports);
	report("import into another context", start);
	assert_true(sg_idd_share(other, copy, 5) == sg_idd_share(idd, ports, 5));
	sg_idd_free(other);
	sg_idd_free(idd);
	free(set.items);
}

static void test_million_prefixes(void **unused)
{
	(void)unused;
	measure(SG_IPV4);
	measure(SG_IPV6);
}

static void test_many_lines(void **unused)
{
	struct sg_idd *idd = sg_packet_context(0);
	sg_ref *sets = malloc(10000 * sizeof(*sets)), all, point;
	uint64_t state = 3;
	double start = now();
	sg_u128 at[SG_FIELD_COUNT] = {[SG_FIELD_PORT] = 4242, [SG_FIELD_REMOTE4] = 7};

	(void)unused;
	assert_non_null(sets);
	for (size_t i = 0; i < 10000; i++) {
		sg_u128 address = space_random(&state) % UINT32_MAX;

		point = sg_idd_range(idd, SG_FIELD_PORT, i * 6, i * 6);
		sets[i] = sg_idd_and(idd, point, sg_idd_range(idd, SG_FIELD_REMOTE4, address, address));
	}
	report("10,000 ports, each with a source of its own", start);
	start = now();
	all = sg_idd_or_all(idd, sets, 10000);
	report("their union", start);
	assert_int_equal(sg_idd_edges(idd, all), 20000);
	assert_int_equal(sg_idd_lookup(idd, all, at), 0);
	start = now();
	for (size_t i = 0; i < 10000; i++)
		assert_int_not_equal(sg_idd_restrict(idd, all, SG_FIELD_PORT, i * 6), SG_IDD_EMPTY);
	report("10,000 times the sources of a port", start);
	assert_true(sg_idd_disjoint(idd, all, sg_idd_not(idd, all)));
	free(sets);
	sg_idd_free(idd);
}

/* A thousand small sets against a large one, results small. */
static void test_small_against_large(void **unused)
{
	struct sg_ranges set = make_set(SG_IPV4);
	struct sg_idd *idd = sg_packet_context(0);
	sg_ref all = sg_idd_split(idd, SG_FIELD_REMOTE4, &set, SG_IDD_FULL, SG_IDD_EMPTY);
	size_t hits = 0, equal = 0;
	double start = now();

	(void)unused;
	for (sg_u128 i = 0; i < 1000; i++) {
		sg_ref one = sg_idd_range(idd, SG_FIELD_REMOTE4, i * 4096, i * 4096 + 4095);
		sg_ref both = sg_idd_and(idd, one, all);

		hits += both != SG_IDD_EMPTY;
		equal += sg_idd_ite(idd, all, one, SG_IDD_EMPTY) == both;
	}
	assert_int_equal(hits, 1000);
	assert_int_equal(equal, 1000);
	report("1,000 small sets with a million prefixes, twice", start);
	free(set.items);
	sg_idd_free(idd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_million_prefixes),
		cmocka_unit_test(test_many_lines),
		cmocka_unit_test(test_small_against_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
