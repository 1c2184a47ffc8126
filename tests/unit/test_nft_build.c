/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the builders make, in nft's words. That nft makes the same of these words is tried in test_kernel_listing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "built_rules.h"
#include "sockgate/buf.h"
#include "sockgate/listing.h"

static void texts(void **state)
{
	(void)state;
	struct sg_ruleset ruleset = {0};
	struct sg_error err = {0};
	struct sg_buf out = {0};
	struct sg_table *table = built_table(&ruleset, "t");

	if (sg_listing_table(table, &out, &err) < 0)
		fail_msg("%s", err.message);
	const char *at = strstr(out.data, "\tchain built {\n");

	assert_non_null(at);
	at += strlen("\tchain built {\n");
	for (size_t i = 0; i < BUILT_COUNT; i++) {
		const char *end = strchr(at, '\n');
		char line[256];

		assert_non_null(end);
		snprintf(line, sizeof(line), "%.*s", (int)(end - at), at);
		assert_memory_equal(line, "\t\t", 2);
		assert_string_equal(line + 2, built_rules[i].text);
		at = end + 1;
	}
	assert_memory_equal(at, "\t}\n", 3);
	assert_non_null(strstr(out.data, "\tset meter4 {\n"
					 "\t\ttype ipv4_addr\n"
					 "\t\tsize 65536\n"
					 "\t\tflags dynamic,timeout\n"
					 "\t\ttimeout 1h30m\n"
					 "\t}\n"));
	assert_non_null(strstr(out.data, "\tset count6 {\n"
					 "\t\ttype ipv6_addr\n"
					 "\t\tsize 65536\n"
					 "\t\tflags dynamic\n"
					 "\t}\n"));
	sg_buf_clear(&out);
	sg_ruleset_clear(&ruleset);
}

/* A prefix of whole bytes is compared without a mask. */
static void prefixes(void **state)
{
	(void)state;
	static const struct {
		uint32_t first, last;
		size_t bytes;
		bool masked;
	} cases[] = {
		{0x0a000000, 0x0affffff, 1, false}, {0x0a800000, 0x0affffff, 4, true},
		{0x0a000000, 0x0a0000ff, 3, false}, {0x0a000001, 0x0a000001, 4, false},
		{0x00000000, 0xffffffff, 4, true},  {0x80000000, 0xffffffff, 4, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sg_range range = {.first = cases[i].first, .last = cases[i].last};

		for (int original = 0; original < 2; original++) {
			struct sg_rule rule = {0};

			if (original)
				assert_int_equal(sg_build_original_prefix(&rule, SG_IPV4, &range, false, NULL), 0);
			else
				assert_int_equal(sg_build_prefix(&rule, SG_IPV4, false, &range, false, NULL), 0);
			assert_int_equal(rule.expr_count, cases[i].masked ? 3 : 2);
			const struct sg_expr *cmp = &rule.exprs[rule.expr_count - 1];

			assert_int_equal(cmp->data_length, cases[i].bytes);
			assert_int_equal(cmp->data[0], cases[i].first >> 24);
			if (!original)
				assert_int_equal(rule.exprs[0].length, cases[i].bytes);
			sg_rule_clear(&rule);
		}
	}
}

/* Times are compared as numbers in network order, all eight bytes of them. */
static void times(void **state)
{
	(void)state;
	struct sg_rule rule = {0};

	assert_int_equal(sg_build_time_before(&rule, 0x0102030405060708, NULL), 0);
	assert_int_equal(rule.expr_count, 3);
	assert_int_equal(rule.exprs[1].kind, SG_EXPR_BYTEORDER);
	assert_int_equal(rule.exprs[2].op, NFT_CMP_LT);
	assert_int_equal(rule.exprs[2].data_length, 8);
	assert_memory_equal(rule.exprs[2].data, "\1\2\3\4\5\6\7\x08", 8);
	sg_rule_clear(&rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(prefixes),
					   cmocka_unit_test(times)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
