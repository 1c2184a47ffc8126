/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are made to be dear: each is refused (or read) in a time that grows with its size and no faster. */
#include <time.h>
#include "policy_text.h"

/* Far above what any of these takes, far below what a quadratic reading of them would. */
#define SECONDS_MOST 30

/* `before`, `count` times `piece`, `after`. A piece may hold one %u, its number. */
static char *repeat(const char *before, const char *piece, uint32_t count, const char *after, size_t *ret_size)
{
	const char *number = strstr(piece, "%u");
	struct sg_buf text = {0};
	char *ret;

	sg_buf_adds(&text, before);
	for (uint32_t i = 0; i < count; i++) {
		if (!number) {
			sg_buf_adds(&text, piece);
			continue;
		}
		sg_buf_add(&text, piece, (size_t)(number - piece));
		sg_buf_addf(&text, "%u", i);
		sg_buf_adds(&text, number + 2);
	}
	sg_buf_adds(&text, after);
	ret = sg_buf_steal(&text, ret_size, NULL);
	assert_non_null(ret);
	return ret;
}

struct shape {
	const char *before, *piece;
	uint32_t count;
	const char *after;
	const char *id; /* NULL: it is a good policy */
};

static const struct shape shapes[] = {
	{"", "[", 100000, "", "policy/too-deep"},
	{"a: ", "{b: ", 100000, "", "policy/too-deep"},
	{"", "- ", 100000, "", "policy/too-deep"},
	{"", "? ", 100000, "", "policy/too-deep"},
	{"allow: {tcp: [", "1,", 1000000, "1]}\n", "policy/too-large"},
	{"allow: {tcp: [", "1,", 5000000, "1]}\n", "policy/too-large"},
	{"tests: [", "{expect: allow, tcp: 1},", 250000, "]\n", "policy/too-large"},
	{"#", "x", (16 << 20) + 1, "\n", "policy/too-large"},
	{"groups: {a: [", "x%u, ", 300000, "]}\n", "policy/unknown-name"},
	{"groups: {", "a: b, ", 300000, "}\n", "policy/duplicate-key"},
	{"", "a%u: b\n", 300000, "", "policy/unknown-key"},
	{"groups:\n", "  a: *a\n", 100000, "", "policy/alias"},
	{"name: ", "x", 10000000, "\n", "policy/bad-text"},
	{"name: \"", "\\x41", 3000000, "\"\n", "policy/bad-text"},
	{"", "\xff", 10000000, "", "policy/encoding"},
	{"", "\n", 10000000, "default: drop\n", NULL},
	{"", "# a comment\n", 1000000, "default: drop\n", NULL},
	{"groups: {a: [", "2001:db8::%u, ", 500000, "]}\n", "policy/bad-address"},
	{"groups: {a: [", "10.0.0.1, ", 1000000, "10.0.0.2]}\n", NULL},
	{"groups: {a: {file: [", "nosuch%u, ", 50000, "]}}\n", "policy/list-file"},
};

static void test_shapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < SG_COUNT(shapes); i++) {
		const struct shape *shape = &shapes[i];
		clock_t start = clock();
		size_t size;
		sg_autofree char *policy = repeat(shape->before, shape->piece, shape->count, shape->after, &size);
		autotext text = read_bytes(policy, size, "/nonexistent");

		if (!shape->id != !!text.policy || (shape->id && !said(&text, shape->id)))
			fail_msg("%s%s…: %s", shape->before, shape->piece,
				 text.diags.count ? text.diags.items[0].message : text.err.message);
		assert_true(text.diags.count <= 1002);
		assert_true(clock() - start < SECONDS_MOST * CLOCKS_PER_SEC);
	}
}

/* Group n holds group n + 1: as deep as there are groups. */
static void chain(struct sg_buf *text, uint32_t count, const char *also, const char *last)
{
	sg_buf_adds(text, "groups:\n");
	for (uint32_t i = 0; i < count; i++)
		sg_buf_addf(text, "  a%u: [a%u%s]\n", i, i + 1, also);
	sg_buf_addf(text, "  a%u: %s\n", count, last);
}

static void test_chains(void **state)
{
	static const struct {
		const char *also, *last, *id;
	} chains[] = {
		{"", "192.0.2.1", NULL},
		{", 198.51.100.7", "192.0.2.1", NULL},
		{", a0", "192.0.2.1", "policy/circle"},
		{"", "a0", "policy/circle"},
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(chains); i++) {
		sg_cleanup(sg_buf_clear) struct sg_buf buf = {0};
		clock_t start = clock();

		chain(&buf, 100000, chains[i].also, chains[i].last);
		autotext text = read_bytes(buf.data, buf.size, ".");
		assert_int_equal(text.policy != NULL, chains[i].id == NULL);
		if (chains[i].id)
			assert_true(said(&text, chains[i].id));
		assert_true(clock() - start < SECONDS_MOST * CLOCKS_PER_SEC);
	}
}

/* Each group adds one address to the one below: the sets together have n² / 2 ranges, which is too many. */
static void test_too_many_ranges(void **state)
{
	sg_cleanup(sg_buf_clear) struct sg_buf buf = {0};

	(void)state;
	sg_buf_adds(&buf, "groups:\n  a0: 10.0.0.1\n");
	for (uint32_t i = 1; i < 8000; i++)
		sg_buf_addf(&buf, "  a%u: [a%u, 10.%u.%u.1]\n", i, i - 1, i >> 8, i & 255);
	autotext text = read_bytes(buf.data, buf.size, ".");
	assert_null(text.policy);
	assert_int_equal(text.diags.count, 1);
	assert_string_equal(text.diags.items[0].id, "policy/too-large");
}

/* What is left out is counted. */
static void test_too_many_errors(void **state)
{
	size_t size;
	sg_autofree char *policy = repeat("allow: {tcp: [", "0, ", 1500, "1]}\n", &size);
	autotext text = read_bytes(policy, size, ".");

	(void)state;
	assert_null(text.policy);
	assert_int_equal(text.diags.count, 1001);
	assert_string_equal(text.diags.items[1000].id, "policy/too-many-errors");
	assert_string_equal(text.diags.items[1000].message, "500 more errors are not shown");
}

/* 32 levels are a document, 33 are not. */
static void test_depth(void **state)
{
	(void)state;
	for (uint32_t depth = 31; depth <= 34; depth++) {
		size_t size, closed_size;
		sg_autofree char *open = repeat("", "[", depth, "x", &size);
		sg_autofree char *policy = repeat(open, "]", depth, "\n", &closed_size);
		autotext text = read_bytes(policy, closed_size, ".");

		assert_int_equal(said(&text, "policy/too-deep"), depth > 32);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),          cmocka_unit_test(test_chains),
		cmocka_unit_test(test_too_many_ranges), cmocka_unit_test(test_too_many_errors),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
