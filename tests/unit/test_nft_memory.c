/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rulesets, messages and listings while memory runs out at the 1st, 2nd, 3rd … allocation, until all goes well: each
 * failure is reported as such and loses nothing (the leak checker looks).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "base/mem.h"
#include "nft/listing.h"
#include "nft_messages.h"
#include "random_table.h"
#include "sockgate/listing.h"
#include "sockgate/wire.h"
#include "starve.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

/* The table through the encoder and the decoder; 0, or -1 with the error. */
static int round_trip(const struct sg_table *table, struct sg_error *err)
{
	sg_cleanup(sg_ruleset_clear) struct sg_ruleset again = {0};
	struct sg_wire *wire = sg_wire_new();
	const void *data;
	size_t size;
	int result;

	if (!wire)
		return sg_error_nomem(err);
	sg_wire_begin(wire, 1, 0);
	sg_wire_add_whole_table(wire, table);
	result = sg_wire_end(wire, &data, &size, err);
	for (const uint8_t *at = data, *end = result < 0 ? at : at + size; at < end && result == 0;) {
		struct nlmsghdr header;

		memcpy(&header, at, sizeof(header));
		if (header.nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES)
			result = sg_wire_decode(&again, at, header.nlmsg_len, err);
		at += (header.nlmsg_len + 3U) & ~3U;
	}
	if (result == 0)
		result = sg_wire_finish(&again, err);
	if (result == 0)
		assert_true(sg_table_equal(table, &again.tables[0]));
	sg_wire_free(wire);
	return result;
}

static void messages(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct sg_ruleset ruleset = {0};
		struct sg_table *table = random_table(&(struct random_state){seed}, &ruleset, "t");
		size_t failures = 0;
		int result = -1;

		for (size_t i = 0; i < table->set_count; i++) { /* large ones only take time here */
			while (table->sets[i].count > 20) {
				struct sg_set *set = &table->sets[i];

				set->count--;
				if (set->comments)
					free(set->comments[set->count]);
				if (set->verdicts)
					sg_nft_verdict_clear(&set->verdicts[set->count]);
			}
		}
		while (result < 0) {
			struct sg_error err = {0};

			starve_from(failures + 1, false);
			result = round_trip(table, &err);
			starve_end();
			if (result < 0) {
				assert_int_equal(err.kind, SG_ERROR_MEMORY);
				failures++;
			}
		}
		assert_true(failures > 10);
		sg_ruleset_clear(&ruleset);
	}
}

/* What elements of a set that packets fill carry. */
static void carried(void **state)
{
	static const struct carrying elements[] = {{50, NFTA_SET_ELEM_EXPR, -1, 0}, {50, NFTA_SET_ELEM_EXPR, -1, 0}};
	size_t failures = 0;
	struct message m;
	int result = -1;

	(void)state;
	put_carrying(&m, elements, 2);
	while (result < 0) {
		struct sg_ruleset ruleset = {0};
		struct sg_error err = {0};

		frame(&ruleset, SG_SET_EVAL);
		starve_from(failures + 1, false);
		result = give(&ruleset, &m, &err);
		starve_end();
		assert_true(!result || err.kind == SG_ERROR_MEMORY);
		failures += result < 0;
		sg_ruleset_clear(&ruleset);
	}
	assert_int_equal(failures, 1);
}

static void listing(void **state)
{
	(void)state;
	struct sg_ruleset ruleset = {0};
	struct sg_error err = {0};
	struct sg_table *table = sg_ruleset_add_table(&ruleset, NFPROTO_INET, "sockgate", &err);
	struct sg_set *set = sg_table_add_set(table, "g_office4", &err);
	size_t failures = 0;
	int result = -1;

	set->key_type = 7;
	set->key_length = 4;
	for (uint32_t i = 0; i < 500; i++)
		assert_int_equal(sg_set_add(set, (uint8_t *)&i, NULL, NULL, "a comment", 0, &err), 0);
	while (result < 0) {
		struct sg_buf out = {0};

		starve_from(failures + 1, false);
		result = sg_listing_table(table, &out, &err);
		starve_end();
		if (result < 0) {
			assert_int_equal(err.kind, SG_ERROR_MEMORY);
			failures++;
		}
		sg_buf_clear(&out);
	}
	assert_true(failures > 0);
	sg_ruleset_clear(&ruleset);
}

/* Without an index, for which there was no memory, chains are found all the same. */
static void lookups_without_index(void **state)
{
	(void)state;
	for (size_t fail_at = 0; fail_at < 60; fail_at++) {
		struct sg_ruleset ruleset = {0};
		struct sg_error err = {0};
		struct sg_table *table = sg_ruleset_add_table(&ruleset, NFPROTO_INET, "t", &err);
		char name[16];

		starve_from(fail_at + 1, false);
		for (int i = 0; i < 40; i++) {
			snprintf(name, sizeof(name), "c%d", i);
			if (!sg_table_add_chain(table, name, &err)) {
				assert_int_equal(err.kind, SG_ERROR_MEMORY);
				starve_end();
				i--;
			}
		}
		starve_end();
		assert_int_equal(table->chain_count, 40);
		for (int i = 0; i < 40; i++) {
			snprintf(name, sizeof(name), "c%d", i);
			assert_ptr_equal(sg_table_chain(table, name), &table->chains[i]);
		}
		sg_ruleset_clear(&ruleset);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),
		cmocka_unit_test(carried),
		cmocka_unit_test(listing),
		cmocka_unit_test(lookups_without_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
