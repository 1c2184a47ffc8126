/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rulesets as values: adding, sorting, finding, comparing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "random_table.h"

static void sort_keeps_elements_together(void **state)
{
	(void)state;
	struct random_state random = {3};

	for (int round = 0; round < 300; round++) {
		struct sg_set set = {.name = strdup("s"), .flags = SG_SET_MAP, .data_type = 0xffffff00U};
		struct sg_error err = {0};
		uint32_t count = random_below(&random, 5) ? random_below(&random, 200) : 5000;
		uint8_t key[64], previous[64] = {0};
		uint64_t sum = 0, sorted_sum = 0;

		set.key_length = 1 + random_below(&random, round % 2 ? 64 : 3);
		for (uint32_t i = 0; i < count; i++) {
			char chain[16], comment[16];
			uint32_t number;

			random_bytes(&random, key, set.key_length);
			if (round % 3 == 0) /* long common beginnings */
				memset(key, 7, set.key_length - 1);
			number = key[0] * 251U + key[set.key_length - 1];
			sum += number;
			snprintf(chain, sizeof(chain), "c%u", number);
			snprintf(comment, sizeof(comment), "n%u", number);
			struct sg_nft_verdict verdict = {.code = SG_CODE_GOTO, .chain = chain};

			assert_int_equal(sg_set_add(&set, key, NULL, &verdict, i % 3 ? comment : NULL, number, &err),
					 0);
		}
		sg_set_sort(&set);
		assert_int_equal(set.count, count);
		for (size_t i = 0; i < count; i++) {
			const uint8_t *at = set.keys + i * set.key_length;
			uint32_t number = at[0] * 251U + at[set.key_length - 1];

			assert_true(!i || memcmp(previous, at, set.key_length) <= 0);
			memcpy(previous, at, set.key_length);
			sorted_sum += number;
			assert_int_equal(atoi(set.verdicts[i].chain + 1), number);
			assert_true(!set.comments || !set.comments[i] || atoi(set.comments[i] + 1) == (int)number);
			assert_true(!set.origins || set.origins[i] == number);
		}
		assert_true(sum == sorted_sum);
		sg_set_clear(&set);
	}
}

static void sort_turns_round(void **state)
{
	(void)state;
	struct sg_set set = {.name = strdup("s"), .flags = SG_SET_INTERVAL, .key_length = 2};
	struct sg_error err = {0};

	for (unsigned int i = 1000; i > 0; i--) {
		uint8_t first[2] = {(uint8_t)(i >> 8), (uint8_t)i};

		assert_int_equal(sg_set_add(&set, first, first, NULL, NULL, i, &err), 0);
	}
	sg_set_sort(&set);
	for (unsigned int i = 0; i < 1000; i++) {
		assert_int_equal(set.keys[4 * i] << 8 | set.keys[4 * i + 1], i + 1);
		assert_int_equal(set.origins[i], i + 1);
	}
	sg_set_clear(&set);
}

static void add_wants_what_the_set_is(void **state)
{
	(void)state;
	const struct sg_nft_verdict accept = {.code = SG_CODE_ACCEPT};
	struct sg_error err = {0};
	struct sg_set plain = {.name = strdup("s"), .key_length = 1};
	struct sg_set map = {.name = strdup("m"), .key_length = 1, .flags = SG_SET_MAP, .data_type = 0xffffff00U};
	struct sg_set interval = {.name = strdup("i"), .key_length = 1, .flags = SG_SET_INTERVAL};
	struct sg_set none = {.name = strdup("n")};
	const uint8_t *key = (const uint8_t *)"k";

	assert_int_equal(sg_set_add(&plain, key, NULL, NULL, NULL, 0, &err), 0);
	assert_int_equal(sg_set_add(&plain, key, key, NULL, NULL, 0, &err), -1);
	assert_int_equal(sg_set_add(&plain, key, NULL, &accept, NULL, 0, &err), -1);
	assert_int_equal(sg_set_add(&map, key, NULL, NULL, NULL, 0, &err), -1);
	assert_int_equal(sg_set_add(&map, key, NULL, &accept, NULL, 0, &err), 0);
	assert_int_equal(sg_set_add(&interval, key, NULL, NULL, NULL, 0, &err), -1);
	assert_int_equal(sg_set_add(&interval, key, key, NULL, NULL, 0, &err), 0);
	assert_int_equal(sg_set_add(&none, key, NULL, NULL, NULL, 0, &err), -1);
	assert_int_equal(plain.count + map.count + interval.count + none.count, 3);
	sg_set_clear(&plain);
	sg_set_clear(&map);
	sg_set_clear(&interval);
	sg_set_clear(&none);
}

static void finds_by_name(void **state)
{
	(void)state;
	struct sg_ruleset ruleset = {0};
	struct sg_error err = {0};
	char name[32];

	assert_non_null(sg_ruleset_add_table(&ruleset, 2, "t", &err));
	struct sg_table *table = sg_ruleset_add_table(&ruleset, 1, "t", &err);

	assert_null(sg_table_chain(table, "c0"));
	assert_null(sg_table_set(table, "c0"));
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_non_null(sg_table_add_chain(table, name, &err));
		assert_non_null(sg_table_add_set(table, name, &err));
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_ptr_equal(sg_table_chain(table, name), &table->chains[i]);
		assert_ptr_equal(sg_table_set(table, name), &table->sets[i]);
	}
	assert_null(sg_table_chain(table, "c5000"));
	/* an index that no longer fits costs time and nothing else */
	strcpy(table->chains[7].name, "x");
	assert_ptr_equal(sg_table_chain(table, "x"), &table->chains[7]);
	assert_null(sg_table_chain(table, "c7"));
	assert_ptr_equal(sg_ruleset_table(&ruleset, 1, "t"), &ruleset.tables[1]);
	assert_null(sg_ruleset_table(&ruleset, 10, "t"));
	sg_ruleset_clear(&ruleset);
}

static void order_of_chains_and_sets_is_nothing(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct sg_ruleset a = {0}, b = {0};
		struct sg_table *x = random_table(&(struct random_state){seed}, &a, "t");
		struct sg_table *y = random_table(&(struct random_state){seed}, &b, "t");
		struct sg_chain chain = y->chains[0];

		y->chains[0] = y->chains[y->chain_count - 1];
		y->chains[y->chain_count - 1] = chain;
		for (size_t i = 0; i + 1 < y->set_count; i++) {
			struct sg_set set = y->sets[i];

			y->sets[i] = y->sets[i + 1];
			y->sets[i + 1] = set;
		}
		assert_true(sg_table_equal(x, y));
		assert_true(sg_table_equal(y, x));
		free(y->chains[0].name);
		y->chains[0].name = strdup("other");
		assert_false(sg_table_equal(x, y));
		sg_ruleset_clear(&a);
		sg_ruleset_clear(&b);
	}
}

/* ------------------------------------------------------------- equality */

static void a_limit(struct sg_expr *expr)
{
	*expr = (struct sg_expr){.kind = SG_EXPR_LIMIT, .rate = 20, .unit = 60, .burst = 5};
}

static void a_count(struct sg_expr *expr)
{
	*expr = (struct sg_expr){.kind = SG_EXPR_CONNLIMIT, .rate = 20};
}

static void a_swap(struct sg_expr *expr)
{
	*expr = (struct sg_expr){.kind = SG_EXPR_BYTEORDER, .op = 1, .length = 8, .size = 8};
}

static void a_log(struct sg_expr *expr)
{
	*expr = (struct sg_expr){.kind = SG_EXPR_LOG, .key = 4, .name = strdup("x: ")};
}

static void a_log_of_a_group(struct sg_expr *expr)
{
	*expr = (struct sg_expr){.kind = SG_EXPR_LOG, .has_group = true, .group = 3};
}

static void an_owner(struct sg_expr *expr)
{
	*expr = (struct sg_expr){.kind = SG_EXPR_SOCKET, .key = 3, .base = 2};
}

static void a_meter(struct sg_expr *expr)
{
	*expr = (struct sg_expr){.kind = SG_EXPR_DYNSET, .op = 1, .timeout = 1000, .name = strdup("s")};
	a_limit(sg_expr_add_inner(expr, SG_EXPR_LIMIT, NULL));
}

/* What each member means to an expression: whether another value makes it another one. */
static void members_count(void **state)
{
	(void)state;
	enum member {
		SREG,
		DREG,
		KEY,
		BASE,
		LENGTH,
		OP,
		INVERTED,
		NAME,
		RATE,
		UNIT,
		TIMEOUT,
		BURST,
		SIZE,
		BYTES,
		HAS_GROUP,
		GROUP,
		INNER,
		INNER_RATE,
		MEMBERS
	};
#define M(member) (1U << (member))
	static const struct {
		void (*make)(struct sg_expr *expr);
		unsigned int members;
	} cases[] = {
		{a_limit, M(RATE) | M(UNIT) | M(BURST) | M(BYTES) | M(INVERTED)},
		{a_count, M(RATE) | M(INVERTED)},
		{a_swap, M(SREG) | M(DREG) | M(OP) | M(LENGTH) | M(SIZE)},
		{a_log, M(NAME) | M(KEY) | M(HAS_GROUP)},
		{a_log_of_a_group, M(NAME) | M(GROUP) | M(HAS_GROUP)},
		{an_owner, M(KEY) | M(BASE) | M(DREG)},
		{a_meter, M(SREG) | M(OP) | M(NAME) | M(TIMEOUT) | M(INNER) | M(INNER_RATE)},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int member = 0; member < MEMBERS; member++) {
			struct sg_expr a, b;

			cases[i].make(&a);
			cases[i].make(&b);
			assert_true(sg_expr_equal(&a, &b));
			switch ((enum member)member) {
			case SREG: b.sreg++; break;
			case DREG: b.dreg++; break;
			case KEY: b.key++; break;
			case BASE: b.base++; break;
			case LENGTH: b.length++; break;
			case OP: b.op ^= 1; break;
			case INVERTED: b.inverted = true; break;
			case NAME:
				free(b.name);
				b.name = strdup("other");
				break;
			case RATE: b.rate++; break;
			case UNIT: b.unit++; break;
			case TIMEOUT: b.timeout++; break;
			case BURST: b.burst++; break;
			case SIZE: b.size++; break;
			case BYTES: b.is_bytes = true; break;
			case HAS_GROUP: b.has_group ^= true; break;
			case GROUP: b.group++; break;
			case INNER: a_count(sg_expr_add_inner(&b, SG_EXPR_CONNLIMIT, NULL)); break;
			default:
				if (b.inner_count)
					b.inner[0].rate++;
				break;
			}
			if (sg_expr_equal(&a, &b) != !(cases[i].members & M(member)))
				fail_msg("expression %zu, member %d", i, member);
			if (member != INNER || a.inner_count)
				assert_int_equal(sg_expr_equal(&b, &a), !(cases[i].members & M(member)));
			sg_expr_clear(&a);
			sg_expr_clear(&b);
		}
	}
}

/* Sets that packets fill differ by size and timeout, others by timeout. */
static void shapes_of_sets(void **state)
{
	(void)state;
	struct sg_set a = {.key_length = 4, .size = 10}, b = a;

	b.size = 11;
	assert_true(sg_set_same_shape(&a, &b));
	a.flags = b.flags = SG_SET_EVAL | SG_SET_TIMEOUT;
	assert_false(sg_set_same_shape(&a, &b));
	b.size = a.size;
	assert_true(sg_set_same_shape(&a, &b));
	b.timeout = 1;
	assert_false(sg_set_same_shape(&a, &b));
	a.flags = b.flags = SG_SET_TIMEOUT;
	assert_false(sg_set_same_shape(&a, &b));
	assert_false(sg_set_is_filled(&a));
	a.flags = SG_SET_EVAL;
	assert_true(sg_set_is_filled(&a));
	a.flags = SG_SET_EVAL | SG_SET_MAP;
	assert_false(sg_set_is_filled(&a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sort_keeps_elements_together),
		cmocka_unit_test(sort_turns_round),
		cmocka_unit_test(add_wants_what_the_set_is),
		cmocka_unit_test(finds_by_name),
		cmocka_unit_test(order_of_chains_and_sets_is_nothing),
		cmocka_unit_test(members_count),
		cmocka_unit_test(shapes_of_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
