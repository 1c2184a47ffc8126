/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages: what is written is read back the same, nothing that decides is lost, and torn bytes do no harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <libmnl/libmnl.h>
#include <time.h>

#include "random_table.h"
#include "sockgate/wire.h"

#define FIRST_SEQ 1000U

/* A batch's messages without its frame, as a dump would have them. */
static int decode_batch(struct sg_ruleset *ruleset, const uint8_t *data, size_t size, struct sg_error *err)
{
	while (size) {
		struct nlmsghdr header;
		size_t length;

		memcpy(&header, data, sizeof(header));
		length = (header.nlmsg_len + 3U) & ~3U;
		assert_true(length <= size);
		if (header.nlmsg_type >= NLMSG_MIN_TYPE + 2 && sg_wire_decode(ruleset, data, length, err) < 0)
			return -1;
		data += length;
		size -= length;
	}
	return sg_wire_finish(ruleset, err);
}

static struct sg_wire *whole_table(const struct sg_table *table, const void **data, size_t *size)
{
	struct sg_wire *wire = sg_wire_new();
	struct sg_error err = {0};

	assert_non_null(wire);
	sg_wire_begin(wire, FIRST_SEQ, 77);
	sg_wire_add_whole_table(wire, table);
	if (sg_wire_end(wire, data, size, &err) < 0)
		fail_msg("%s", err.message);
	return wire;
}

static void round_trip(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct random_state random = {seed};
		struct sg_ruleset ruleset = {0}, again = {0};
		struct sg_table *table = random_table(&random, &ruleset, "t");
		struct sg_error err = {0};
		const void *data;
		size_t size;
		struct sg_wire *wire = whole_table(table, &data, &size);

		if (decode_batch(&again, data, size, &err) < 0)
			fail_msg("seed %llu: %s", (unsigned long long)seed, err.message);
		assert_int_equal(again.table_count, 1);
		if (!sg_table_equal(table, &again.tables[0]))
			fail_msg("seed %llu: another table came back", (unsigned long long)seed);
		for (size_t i = 0; i < table->set_count; i++) {
			assert_int_equal(table->sets[i].size, again.tables[0].sets[i].size);
			assert_int_equal(table->sets[i].field_count, again.tables[0].sets[i].field_count);
		}
		sg_wire_free(wire);
		sg_ruleset_clear(&ruleset);
		sg_ruleset_clear(&again);
	}
}

/* Equality notices every change; otherwise the round trips would prove nothing. */
static void equality_notices(void **state)
{
	(void)state;
	struct random_state random = {4};
	size_t noticed = 0;

	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct sg_ruleset a = {0}, b = {0};
		struct sg_table *x, *y;
		struct sg_chain *chain;

		x = random_table(&(struct random_state){seed}, &a, "t");
		y = random_table(&(struct random_state){seed}, &b, "t");
		assert_true(sg_table_equal(x, y));
		chain = &y->chains[random_below(&random, (uint32_t)y->chain_count)];
		if (chain->rule_count && chain->rules[0].expr_count) {
			struct sg_expr *expr = &chain->rules[0].exprs[0];

			expr->key ^= 1;
			expr->offset ^= 1;
			expr->data[0] ^= 1;
			expr->verdict.code ^= 1;
			expr->inverted ^= true;
			expr->op ^= 1;
			expr->group ^= 1;
			if (expr->kind != SG_EXPR_COUNTER) {
				assert_false(sg_table_equal(x, y));
				noticed++;
			}
		} else if (y->set_count && y->sets[0].count) {
			y->sets[0].keys[random_below(&random, (uint32_t)sg_set_stride(&y->sets[0]))] ^= 1;
			assert_false(sg_table_equal(x, y));
			noticed++;
		}
		sg_ruleset_clear(&a);
		sg_ruleset_clear(&b);
	}
	assert_true(noticed > 30);
}

static void generation_and_echo(void **state)
{
	(void)state;
	struct random_state random = {1};
	struct sg_ruleset ruleset = {0};
	const void *data;
	size_t size;
	struct sg_wire *wire = whole_table(random_table(&random, &ruleset, "t"), &data, &size);
	const struct nlmsghdr *header = data;
	const struct nlattr *attr = mnl_nlmsg_get_payload_offset(header, sizeof(struct nfgenmsg));

	assert_int_equal(header->nlmsg_type, NFNL_MSG_BATCH_BEGIN);
	assert_int_equal(header->nlmsg_seq, FIRST_SEQ);
	assert_int_equal(mnl_attr_get_type(attr), NFNL_BATCH_GENID);
	assert_int_equal(ntohl(mnl_attr_get_u32(attr)), 77);
	size_t messages = 0, echoes = 0;

	for (const uint8_t *at = data, *end = at + size; at < end; at += (header->nlmsg_len + 3U) & ~3U) {
		header = (const void *)at;
		assert_int_equal(header->nlmsg_seq, FIRST_SEQ + messages++);
		echoes += (header->nlmsg_flags & NLM_F_ECHO) != 0;
	}
	assert_int_equal(echoes, 1);
	sg_wire_free(wire);
	sg_ruleset_clear(&ruleset);
}

/* Every element of a large set is found again from the offset that an extended ack would carry. */
static void finds_elements(void **state)
{
	(void)state;
	for (int interval = 0; interval < 2; interval++) {
		struct sg_error err = {0};
		struct sg_table table = {.name = (char[]){"t"}, .family = NFPROTO_INET};
		struct sg_set set = {
			.name = (char[]){"s"}, .key_length = 4, .key_type = 7, .flags = interval ? SG_SET_INTERVAL : 0};
		const void *data;
		size_t size, next = 0, messages = 0, element;

		for (uint32_t i = 0; i < 10000; i++) {
			uint32_t key = htonl(i * 4), last = htonl(i * 4 + i % 3);

			assert_int_equal(sg_set_add(&set, (uint8_t *)&key, interval ? (uint8_t *)&last : NULL, NULL,
						    i % 10 ? NULL : "with a comment", 0, &err),
					 0);
		}
		struct sg_wire *wire = sg_wire_new();

		sg_wire_begin(wire, FIRST_SEQ, 0);
		sg_wire_add_elements(wire, &table, &set);
		assert_int_equal(sg_wire_end(wire, &data, &size, &err), 0);
		for (const uint8_t *at = data, *end = at + size; at < end;) {
			const struct nlmsghdr *header = (const void *)at;
			const struct nlattr *attr, *member;

			at += (header->nlmsg_len + 3U) & ~3U;
			if (header->nlmsg_type == NFNL_MSG_BATCH_BEGIN || header->nlmsg_type == NFNL_MSG_BATCH_END)
				continue;
			messages++;
			attr = mnl_nlmsg_get_payload_offset(header, sizeof(struct nfgenmsg));
			while (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
				attr = mnl_attr_next(attr);
			for (member = mnl_attr_get_payload(attr); (const void *)member < (const void *)at;
			     member = mnl_attr_next(member)) {
				const struct sg_wire_note *note = sg_wire_find(
					wire, header->nlmsg_seq,
					(size_t)((const uint8_t *)member - (const uint8_t *)header), &element);
				const struct nlattr *key = mnl_attr_get_payload(mnl_attr_get_payload(member));

				assert_non_null(note);
				assert_ptr_equal(note->set, &set);
				/* an end belongs to the start before it */
				if (!memcmp(mnl_attr_get_payload(key), set.keys + next * sg_set_stride(&set), 4) &&
				    next < set.count)
					next++;
				assert_int_equal(element, next - 1);
			}
		}
		assert_int_equal(next, set.count);
		assert_true(messages > 1);
		assert_null(sg_wire_find(wire, FIRST_SEQ + (uint32_t)messages + 2, 4, &element));
		assert_null(sg_wire_find(wire, FIRST_SEQ - 1, 4, &element));
		sg_wire_free(wire);
		set.name = NULL;
		sg_set_clear(&set);
	}
}

static int try_table(const struct sg_table *table, struct sg_error *err)
{
	struct sg_wire *wire = sg_wire_new();
	const void *data;
	size_t size;

	sg_wire_begin(wire, 1, 0);
	sg_wire_add_whole_table(wire, table);
	int result = sg_wire_end(wire, &data, &size, err);

	sg_wire_free(wire);
	return result;
}

/* What cannot be said on the wire is refused and not cut off. */
static void refuses(void **state)
{
	(void)state;
	struct sg_ruleset ruleset = {0};
	struct sg_error err = {0};
	struct sg_table *table = sg_ruleset_add_table(&ruleset, NFPROTO_INET, "t", &err);
	char long_text[300];

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(try_table(table, &err), 0);

	table->comment = strdup(long_text);
	assert_int_equal(try_table(table, &err), -1);
	assert_int_equal(err.kind, SG_ERROR_LIMIT);
	table->comment[128] = '\0';
	assert_int_equal(try_table(table, &err), 0);

	struct sg_chain *chain = sg_table_add_chain(table, long_text, &err);

	assert_int_equal(try_table(table, &err), -1);
	chain->name[255] = '\0';
	assert_int_equal(try_table(table, &err), 0);

	struct sg_rule *rule = sg_chain_add_rule(chain, &err);
	struct sg_expr *expr = sg_rule_add_expr(rule, SG_EXPR_CMP, &err);

	expr->data_length = 65;
	assert_int_equal(try_table(table, &err), -1);
	expr->data_length = 0;
	assert_int_equal(try_table(table, &err), -1);
	expr->data_length = 64;
	assert_int_equal(try_table(table, &err), 0);
	expr->sreg = 16;
	assert_int_equal(try_table(table, &err), -1);
	expr->sreg = 0;
	expr->kind = SG_EXPR_UNKNOWN;
	assert_int_equal(try_table(table, &err), -1);
	expr->kind = SG_EXPR_COUNTER;
	for (int i = 0; i < 128; i++)
		assert_non_null(sg_rule_add_expr(rule, SG_EXPR_COUNTER, &err));
	assert_int_equal(try_table(table, &err), -1);
	rule->expr_count--;
	assert_int_equal(try_table(table, &err), 0);
	rule->mark = malloc(255);
	memset(rule->mark, 1, 255);
	rule->mark_size = 254;
	rule->comment = strdup("");
	assert_int_equal(try_table(table, &err), -1);
	rule->mark_size = 251;
	assert_int_equal(try_table(table, &err), 0);

	struct sg_set *set = sg_table_add_set(table, "s", &err);

	set->flags = SG_SET_INTERVAL;
	set->key_length = 1;
	assert_int_equal(sg_set_add(set, (const uint8_t *)"a", (const uint8_t *)"c", NULL, NULL, 0, &err), 0);
	assert_int_equal(sg_set_add(set, (const uint8_t *)"c", (const uint8_t *)"d", NULL, NULL, 0, &err), 0);
	assert_int_equal(try_table(table, &err), -1);
	set->keys[1] = 'b';
	assert_int_equal(try_table(table, &err), 0);
	set->unknown = true;
	assert_int_equal(try_table(table, &err), -1);
	sg_ruleset_clear(&ruleset);
}

/* What the kernel would change, or would not take: a limit without burst, a set that packets fill without size, … */
static void refuses_state(void **state)
{
	(void)state;
	struct sg_ruleset ruleset = {0};
	struct sg_error err = {0};
	struct sg_table *table = sg_ruleset_add_table(&ruleset, NFPROTO_INET, "t", &err);
	struct sg_rule *rule = sg_chain_add_rule(sg_table_add_chain(table, "c", &err), &err);
	struct sg_set *set = sg_table_add_set(table, "s", &err);
	struct sg_expr *expr;

	set->flags = SG_SET_EVAL;
	set->key_length = 4;
	assert_int_equal(try_table(table, &err), -1);
	set->size = 10;
	assert_int_equal(try_table(table, &err), 0);
	set->timeout = 1000;
	assert_int_equal(try_table(table, &err), -1);
	set->flags |= SG_SET_TIMEOUT;
	assert_int_equal(try_table(table, &err), 0);
	assert_int_equal(sg_set_add(set, (const uint8_t *)"abcd", NULL, NULL, NULL, 0, &err), 0);
	assert_int_equal(try_table(table, &err), -1);
	set->flags = SG_SET_TIMEOUT;
	assert_int_equal(try_table(table, &err), -1);
	set->timeout = 0;
	assert_int_equal(try_table(table, &err), 0);
	set->count = 0;
	set->flags = SG_SET_EVAL | SG_SET_MAP;
	set->data_type = 0xffffff00U;
	assert_int_equal(try_table(table, &err), -1);
	set->flags = SG_SET_EVAL;

	expr = sg_rule_add_expr(rule, SG_EXPR_LIMIT, &err);
	expr->rate = expr->unit = 1;
	assert_int_equal(try_table(table, &err), -1);
	expr->burst = 1;
	assert_int_equal(try_table(table, &err), 0);
	expr->rate = 0;
	assert_int_equal(try_table(table, &err), -1);

	expr->kind = SG_EXPR_LOG;
	expr->key = NFT_LOGLEVEL_AUDIT + 1;
	assert_int_equal(try_table(table, &err), -1);
	expr->has_group = true;
	assert_int_equal(try_table(table, &err), 0);
	expr->name = strdup("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
			    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	assert_int_equal(try_table(table, &err), -1);
	assert_int_equal(err.kind, SG_ERROR_LIMIT);
	expr->name[127] = '\0';
	assert_int_equal(try_table(table, &err), 0);

	expr->kind = SG_EXPR_DYNSET;
	assert_int_equal(try_table(table, &err), 0);
	expr->op = NFT_DYNSET_OP_DELETE;
	assert_int_equal(try_table(table, &err), -1);
	expr->op = NFT_DYNSET_OP_UPDATE;
	assert_non_null(sg_expr_add_inner(expr, SG_EXPR_COUNTER, &err));
	assert_non_null(sg_expr_add_inner(expr, SG_EXPR_LIMIT, &err));
	assert_int_equal(try_table(table, &err), -1);
	expr->inner[1].kind = SG_EXPR_CONNLIMIT;
	assert_int_equal(try_table(table, &err), 0);
	expr->inner[1].rate = 1ULL << 32;
	assert_int_equal(try_table(table, &err), -1);
	expr->inner[1].kind = SG_EXPR_VERDICT;
	assert_int_equal(try_table(table, &err), -1);
	expr->inner[1].kind = SG_EXPR_COUNTER;
	assert_non_null(sg_expr_add_inner(expr, SG_EXPR_COUNTER, &err));
	assert_int_equal(try_table(table, &err), -1);
	expr->inner_count = 2;
	expr->sreg = 16;
	assert_int_equal(try_table(table, &err), -1);
	sg_ruleset_clear(&ruleset);
}

/* Bits that flip and bytes that end: never more than an error. Run under the sanitizers. */
static void torn_messages(void **state)
{
	(void)state;
	struct random_state random = {5};
	size_t refused = 0;

	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct random_state tables = {seed};
		struct sg_ruleset ruleset = {0};
		const void *data;
		size_t size;
		struct sg_wire *wire = whole_table(random_table(&tables, &ruleset, "t"), &data, &size);

		for (int round = 0; round < 30; round++) {
			struct sg_ruleset again = {0};
			struct sg_error err = {0};
			const uint8_t *at = data, *end = at + size;

			while (at < end) {
				struct nlmsghdr header;

				memcpy(&header, at, sizeof(header));
				uint8_t *copy = malloc(header.nlmsg_len);

				memcpy(copy, at, header.nlmsg_len);
				for (uint32_t flips = random_below(&random, 3); flips > 0; flips--)
					copy[random_below(&random, header.nlmsg_len)] ^=
						(uint8_t)(1U << random_below(&random, 8));
				size_t given = random_below(&random, 8) ? header.nlmsg_len
									: random_below(&random, header.nlmsg_len);

				refused += sg_wire_decode(&again, copy, given, &err) < 0;
				free(copy);
				at += (header.nlmsg_len + 3U) & ~3U;
			}
			if (sg_wire_finish(&again, &err) < 0)
				assert_int_equal(err.kind, SG_ERROR_CHANGED);
			sg_ruleset_clear(&again);
		}
		sg_wire_free(wire);
		sg_ruleset_clear(&ruleset);
	}
	assert_true(refused > 1000);
}

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Printed, not judged. */
static void a_million_elements(void **state)
{
	(void)state;
	struct sg_ruleset ruleset = {0}, again = {0};
	struct sg_error err = {0};
	struct sg_table *table = sg_ruleset_add_table(&ruleset, NFPROTO_INET, "t", &err);
	struct sg_set *set = sg_table_add_set(table, "s", &err);
	const void *data;
	size_t size;

	set->key_length = 4;
	set->key_type = 7;
	for (uint32_t i = 0; i < 1000000; i++) {
		uint32_t key = htonl(i * 2654435761U);

		assert_int_equal(sg_set_add(set, (uint8_t *)&key, NULL, NULL, NULL, 0, &err), 0);
	}
	double start = milliseconds();

	sg_set_sort(set);
	double sorted = milliseconds();
	struct sg_wire *wire = whole_table(table, &data, &size);
	double written = milliseconds();

	assert_int_equal(decode_batch(&again, data, size, &err), 0);
	double read = milliseconds();

	assert_true(sg_table_equal(table, &again.tables[0]));
	print_message("1,000,000 elements: sort %.0f ms, write %.0f ms, read %.0f ms\n", sorted - start,
		      written - sorted, read - written);
	sg_wire_free(wire);
	sg_ruleset_clear(&ruleset);
	sg_ruleset_clear(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(equality_notices),
		cmocka_unit_test(generation_and_echo),
		cmocka_unit_test(finds_elements),
		cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_state),
		cmocka_unit_test(torn_messages),
		cmocka_unit_test(a_million_elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
