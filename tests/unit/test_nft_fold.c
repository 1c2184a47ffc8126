// SPDX-License-Identifier: GPL-2.0-or-later
/* Chains and maps that are there twice, and such as only look so. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nft/build.h"
#include "nft/datatype.h"
#include "nft/fold.h"

static struct sg_chain *chain(struct sg_table *table, const char *name)
{
	sg_table_add_chain(table, name, NULL);
	return &table->chains[table->chain_count - 1];
}

/* from that address, then the verdict */
static void rule(struct sg_chain *chain, uint32_t from, enum sg_verdict_code code, const char *target,
		 const char *comment)
{
	const struct sg_range prefix = {from, from};
	struct sg_rule *rule = sg_chain_add_rule(chain, NULL);

	assert_int_equal(sg_build_prefix(rule, SG_IPV4, false, &prefix, false, NULL), 0);
	assert_int_equal(sg_build_verdict(rule, code, target, NULL), 0);
	rule->comment = comment ? strdup(comment) : NULL;
}

static void map(struct sg_table *table, const char *name, uint8_t key, const char *target, const char *comment)
{
	const struct sg_nft_verdict verdict = {.code = target ? SG_CODE_GOTO : SG_CODE_ACCEPT, .chain = (char *)target};
	struct sg_set *set = sg_table_add_set(table, name, NULL);

	set->flags = SG_SET_MAP;
	set->key_type = DATATYPE_ICMP_TYPE;
	set->data_type = DATATYPE_VERDICT;
	set->key_length = 1;
	assert_int_equal(sg_set_add(set, &key, NULL, &verdict, comment, 0, NULL), 0);
}

static void look_up(struct sg_chain *chain, const char *name)
{
	assert_int_equal(sg_build_icmp_map(sg_chain_add_rule(chain, NULL), 1, name, NULL), 0);
}

static const char *looked_up(const struct sg_table *table, const char *name, size_t index)
{
	const struct sg_rule *rule = &sg_table_chain(table, name)->rules[index];

	for (size_t i = 0; i < rule->expr_count; i++)
		if (rule->exprs[i].kind == SG_EXPR_LOOKUP)
			return rule->exprs[i].name;
	return NULL;
}

static const char *target_of(const struct sg_table *table, const char *name)
{
	return sg_table_set(table, name)->verdicts[0].chain;
}

/* A chain that leads to one, each of them twice, and the maps that lead there. */
static void twice(void **state)
{
	struct sg_table table = {.name = strdup("t")};

	(void)state;
	rule(chain(&table, "a"), 1, SG_CODE_GOTO, "b", NULL);
	rule(chain(&table, "b"), 2, SG_CODE_ACCEPT, NULL, "two");
	look_up(chain(&table, "body"), "in_icmp");
	rule(chain(&table, "pub_a"), 1, SG_CODE_GOTO, "pub_b", NULL);
	rule(chain(&table, "pub_b"), 2, SG_CODE_ACCEPT, NULL, "two");
	look_up(chain(&table, "pub_body"), "pub_icmp");
	look_up(chain(&table, "published"), "pub_ports");
	map(&table, "in_icmp", 8, "a", "note");
	map(&table, "pub_icmp", 8, "pub_a", "note");
	map(&table, "pub_ports", 8, "pub_a", NULL);
	assert_int_equal(sg_fold(&table, "pub_", NULL), 0);
	assert_int_equal(table.chain_count, 5); /* a body whose map is folded is another chain for now */
	assert_null(sg_table_chain(&table, "pub_a"));
	assert_null(sg_table_chain(&table, "pub_b"));
	assert_int_equal(table.set_count, 2);
	assert_null(sg_table_set(&table, "pub_icmp"));
	assert_string_equal(target_of(&table, "pub_ports"), "a");
	assert_string_equal(looked_up(&table, "pub_body", 0), "in_icmp");
	assert_string_equal(looked_up(&table, "published", 0), "pub_ports");
	assert_non_null(sg_table_chain(&table, "a"));
	assert_non_null(sg_table_chain(&table, "b"));
	sg_table_clear(&table);
}

static void not_the_same(void **state)
{
	struct sg_table table = {.name = strdup("t")};

	(void)state;
	rule(chain(&table, "verdict"), 1, SG_CODE_ACCEPT, NULL, NULL);
	rule(chain(&table, "pub_verdict"), 1, SG_CODE_DROP, NULL, NULL);
	rule(chain(&table, "address"), 1, SG_CODE_ACCEPT, NULL, NULL);
	rule(chain(&table, "pub_address"), 2, SG_CODE_ACCEPT, NULL, NULL);
	rule(chain(&table, "comment"), 1, SG_CODE_ACCEPT, NULL, "a");
	rule(chain(&table, "pub_comment"), 1, SG_CODE_ACCEPT, NULL, "b");
	rule(chain(&table, "more"), 1, SG_CODE_ACCEPT, NULL, NULL);
	rule(chain(&table, "pub_more"), 1, SG_CODE_ACCEPT, NULL, NULL);
	rule(&table.chains[table.chain_count - 1], 2, SG_CODE_ACCEPT, NULL, NULL);
	rule(chain(&table, "leads"), 1, SG_CODE_GOTO, "address", NULL);
	rule(chain(&table, "pub_leads"), 1, SG_CODE_GOTO, "pub_address", NULL);
	rule(chain(&table, "base"), 1, SG_CODE_ACCEPT, NULL, NULL);
	table.chains[table.chain_count - 1].is_base = true;
	rule(chain(&table, "pub_base"), 1, SG_CODE_ACCEPT, NULL, NULL);
	rule(chain(&table, "pub_alone"), 1, SG_CODE_ACCEPT, NULL, NULL);
	map(&table, "in_key", 8, NULL, NULL);
	map(&table, "pub_key", 9, NULL, NULL);
	map(&table, "in_target", 8, "address", NULL);
	map(&table, "pub_target", 8, "pub_address", NULL);
	map(&table, "in_comment", 8, NULL, "a");
	map(&table, "pub_comment", 8, NULL, NULL);
	map(&table, "in_shape", 8, NULL, NULL);
	map(&table, "pub_shape", 8, NULL, NULL);
	table.sets[table.set_count - 1].key_type = DATATYPE_INET_PROTO;
	assert_int_equal(sg_fold(&table, "pub_", NULL), 0);
	assert_int_equal(table.chain_count, 13);
	assert_int_equal(table.set_count, 8);
	assert_string_equal(target_of(&table, "pub_target"), "pub_address");
	sg_table_clear(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(twice), cmocka_unit_test(not_the_same)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
