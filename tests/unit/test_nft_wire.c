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

/* ------------------------------------------------------------- hand-made messages */

struct message {
	_Alignas(8) uint8_t bytes[4096];
	struct nlmsghdr *header;
};

static struct nlmsghdr *message(struct message *m, uint8_t type, uint8_t family)
{
	memset(m, 0, sizeof(*m));
	m->header = mnl_nlmsg_put_header(m->bytes);
	m->header->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(m->header, sizeof(*generic));

	generic->nfgen_family = family;
	return m->header;
}

static int give(struct sg_ruleset *ruleset, const struct message *m, struct sg_error *err)
{
	return sg_wire_decode(ruleset, m->bytes, m->header->nlmsg_len, err);
}

/* A ruleset with table t, chain c and set s (keys of one byte). */
static void frame(struct sg_ruleset *ruleset, uint32_t set_flags)
{
	struct sg_error err = {0};
	struct message m;

	mnl_attr_put_strz(message(&m, NFT_MSG_NEWTABLE, NFPROTO_INET), NFTA_TABLE_NAME, "t");
	assert_int_equal(give(ruleset, &m, &err), 0);
	message(&m, NFT_MSG_NEWCHAIN, NFPROTO_INET);
	mnl_attr_put_strz(m.header, NFTA_CHAIN_TABLE, "t");
	mnl_attr_put_strz(m.header, NFTA_CHAIN_NAME, "c");
	assert_int_equal(give(ruleset, &m, &err), 0);
	message(&m, NFT_MSG_NEWSET, NFPROTO_INET);
	mnl_attr_put_strz(m.header, NFTA_SET_TABLE, "t");
	mnl_attr_put_strz(m.header, NFTA_SET_NAME, "s");
	mnl_attr_put_u32(m.header, NFTA_SET_FLAGS, htonl(set_flags));
	mnl_attr_put_u32(m.header, NFTA_SET_KEY_LEN, htonl(1));
	if (set_flags & SG_SET_MAP)
		mnl_attr_put_u32(m.header, NFTA_SET_DATA_TYPE, htonl(0xffffff00U));
	assert_int_equal(give(ruleset, &m, &err), 0);
	assert_false(ruleset->tables[0].sets[0].unknown);
	assert_false(ruleset->tables[0].chains[0].unknown);
}

static struct nlattr *open_rule(struct message *m)
{
	message(m, NFT_MSG_NEWRULE, NFPROTO_INET);
	mnl_attr_put_strz(m->header, NFTA_RULE_TABLE, "t");
	mnl_attr_put_strz(m->header, NFTA_RULE_CHAIN, "c");
	return mnl_attr_nest_start(m->header, NFTA_RULE_EXPRESSIONS);
}

/* An expression of numbers: pairs of attribute and value, ended by attribute 0. */
static void put_expr(struct message *m, const char *name, const uint32_t *pairs)
{
	struct nlattr *element = mnl_attr_nest_start(m->header, NFTA_LIST_ELEM);

	mnl_attr_put_strz(m->header, NFTA_EXPR_NAME, name);
	struct nlattr *data = mnl_attr_nest_start(m->header, NFTA_EXPR_DATA);

	for (; pairs[0]; pairs += 2)
		mnl_attr_put_u32(m->header, (uint16_t)pairs[0], htonl(pairs[1]));
	mnl_attr_nest_end(m->header, data);
	mnl_attr_nest_end(m->header, element);
}

static void unknown_expressions(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint32_t pairs[14];
		bool known;
	} cases[] = {
		{"meta", {NFTA_META_KEY, NFT_META_MARK, NFTA_META_DREG, 1}, true},
		{"meta", {NFTA_META_KEY, NFT_META_MARK, NFTA_META_SREG, 1}, false},
		{"meta", {NFTA_META_KEY, NFT_META_MARK, NFTA_META_DREG, 1, 9, 1}, false},
		{"meta", {NFTA_META_KEY, NFT_META_MARK, NFTA_META_DREG, 1, 60, 1}, false},
		{"ct", {NFTA_CT_KEY, NFT_CT_STATE, NFTA_CT_DREG, 9}, true},
		{"ct", {NFTA_CT_KEY, NFT_CT_MARK, NFTA_CT_SREG, 9}, false},
		{"payload",
		 {NFTA_PAYLOAD_DREG, 1, NFTA_PAYLOAD_BASE, 1, NFTA_PAYLOAD_OFFSET, 1, NFTA_PAYLOAD_LEN, 4},
		 true},
		{"payload",
		 {NFTA_PAYLOAD_SREG, 1, NFTA_PAYLOAD_BASE, 1, NFTA_PAYLOAD_OFFSET, 1, NFTA_PAYLOAD_LEN, 4},
		 false},
		{"payload",
		 {NFTA_PAYLOAD_DREG, 1, NFTA_PAYLOAD_BASE, 1, NFTA_PAYLOAD_OFFSET, 1, NFTA_PAYLOAD_LEN, 65},
		 false},
		{"reject", {NFTA_REJECT_TYPE, 1}, true},
		{"reject", {NFTA_REJECT_TYPE, 3}, false},
		{"reject", {NFTA_REJECT_TYPE, 1, 5, 1}, false},
		{"bitwise", {NFTA_BITWISE_OP, NFT_BITWISE_LSHIFT, NFTA_BITWISE_SREG, 1, NFTA_BITWISE_DREG, 1}, false},
		{"notrack", {0}, false},
		{"xfrm", {1, 1}, false},
		{"counter", {0}, true},
		{"counter", {7, 1}, false},
		{"immediate", {NFTA_IMMEDIATE_DREG, 0}, false},
		{"connlimit", {NFTA_CONNLIMIT_COUNT, 5, NFTA_CONNLIMIT_FLAGS, 1}, true},
		{"connlimit", {NFTA_CONNLIMIT_COUNT, 5, NFTA_CONNLIMIT_FLAGS, 2}, false},
		{"connlimit", {NFTA_CONNLIMIT_COUNT, 5}, true},
		{"connlimit", {NFTA_CONNLIMIT_FLAGS, 1}, false},
		{"connlimit", {NFTA_CONNLIMIT_COUNT, 5, NFTA_CONNLIMIT_FLAGS, 1, 3, 1}, false},
		{"log", {NFTA_LOG_LEVEL, NFT_LOGLEVEL_WARNING}, true},
		{"log", {NFTA_LOG_LEVEL, NFT_LOGLEVEL_AUDIT}, true},
		{"log", {NFTA_LOG_LEVEL, 9}, false},
		{"log", {NFTA_LOG_LEVEL, 4, NFTA_LOG_FLAGS, 1}, false},
		{"log", {NFTA_LOG_LEVEL, 4, NFTA_LOG_SNAPLEN, 64}, false},
		{"log", {NFTA_LOG_LEVEL, 4, NFTA_LOG_QTHRESHOLD, 1}, false},
		{"log", {0}, false},
		{"socket", {NFTA_SOCKET_KEY, 3, NFTA_SOCKET_DREG, 1, NFTA_SOCKET_LEVEL, 2}, true},
		{"socket", {NFTA_SOCKET_KEY, 3, NFTA_SOCKET_DREG, 1}, false},
		{"socket", {NFTA_SOCKET_KEY, 1, NFTA_SOCKET_DREG, 1}, true},
		{"socket", {NFTA_SOCKET_KEY, 1, NFTA_SOCKET_DREG, 1, NFTA_SOCKET_LEVEL, 2}, false},
		{"socket", {NFTA_SOCKET_KEY, 4, NFTA_SOCKET_DREG, 1}, false},
		{"byteorder",
		 {NFTA_BYTEORDER_SREG, 1, NFTA_BYTEORDER_DREG, 1, NFTA_BYTEORDER_OP, 1, NFTA_BYTEORDER_LEN, 8,
		  NFTA_BYTEORDER_SIZE, 8},
		 true},
		{"byteorder",
		 {NFTA_BYTEORDER_SREG, 1, NFTA_BYTEORDER_DREG, 1, NFTA_BYTEORDER_OP, 2, NFTA_BYTEORDER_LEN, 8,
		  NFTA_BYTEORDER_SIZE, 8},
		 false},
		{"byteorder",
		 {NFTA_BYTEORDER_SREG, 1, NFTA_BYTEORDER_DREG, 1, NFTA_BYTEORDER_OP, 1, NFTA_BYTEORDER_LEN, 12,
		  NFTA_BYTEORDER_SIZE, 8},
		 false},
		{"quota", {0}, false},
		{"last", {0}, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sg_ruleset ruleset = {0};
		struct sg_error err = {0};
		struct message m;

		frame(&ruleset, 0);
		struct nlattr *exprs = open_rule(&m);

		put_expr(&m, "counter", (const uint32_t[]){0});
		put_expr(&m, cases[i].name, cases[i].pairs);
		put_expr(&m, "counter", (const uint32_t[]){0});
		mnl_attr_nest_end(m.header, exprs);
		if (give(&ruleset, &m, &err) < 0)
			fail_msg("case %zu: %s", i, err.message);

		const struct sg_rule *rule = &ruleset.tables[0].chains[0].rules[0];

		assert_int_equal(rule->expr_count, 3);
		if ((rule->exprs[1].kind != SG_EXPR_UNKNOWN) != cases[i].known)
			fail_msg("case %zu, %s", i, cases[i].name);
		if (!cases[i].known) {
			assert_string_equal(rule->exprs[1].name, cases[i].name);
			assert_non_null(rule->exprs[1].reason);
			assert_false(sg_rule_equal(rule, rule));
		}
		sg_ruleset_clear(&ruleset);
	}
}

/* Swapping the bytes of less than a word, in place, is nothing. */
static void swaps_of_nothing(void **state)
{
	(void)state;
	static const struct {
		uint32_t from, to, length, size;
		bool nothing;
	} cases[] = {
		{9, 9, 1, 2, true}, {9, 9, 2, 2, false}, {9, 10, 1, 2, false}, {9, 9, 3, 4, true}, {9, 9, 1, 3, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint32_t pairs[] = {NFTA_BYTEORDER_SREG,
					  cases[i].from,
					  NFTA_BYTEORDER_DREG,
					  cases[i].to,
					  NFTA_BYTEORDER_OP,
					  1,
					  NFTA_BYTEORDER_LEN,
					  cases[i].length,
					  NFTA_BYTEORDER_SIZE,
					  cases[i].size,
					  0};
		struct sg_ruleset ruleset = {0};
		struct sg_error err = {0};
		struct message m;

		frame(&ruleset, 0);
		struct nlattr *exprs = open_rule(&m);

		put_expr(&m, "byteorder", pairs);
		mnl_attr_nest_end(m.header, exprs);
		assert_int_equal(give(&ruleset, &m, &err), 0);
		assert_int_equal(ruleset.tables[0].chains[0].rules[0].expr_count, cases[i].nothing ? 0 : 1);
		sg_ruleset_clear(&ruleset);
	}
}

static void extensions_are_named(void **state)
{
	(void)state;
	struct sg_ruleset ruleset = {0};
	struct sg_error err = {0};
	struct message m;

	frame(&ruleset, 0);
	struct nlattr *exprs = open_rule(&m), *element = mnl_attr_nest_start(m.header, NFTA_LIST_ELEM);

	mnl_attr_put_strz(m.header, NFTA_EXPR_NAME, "match");
	struct nlattr *data = mnl_attr_nest_start(m.header, NFTA_EXPR_DATA);

	mnl_attr_put_strz(m.header, 1, "conntrack"); /* NFTA_MATCH_NAME */
	mnl_attr_put_u32(m.header, 2, htonl(3));
	mnl_attr_nest_end(m.header, data);
	mnl_attr_nest_end(m.header, element);
	mnl_attr_nest_end(m.header, exprs);
	assert_int_equal(give(&ruleset, &m, &err), 0);
	assert_int_equal(ruleset.tables[0].chains[0].rules[0].exprs[0].kind, SG_EXPR_UNKNOWN);
	assert_string_equal(ruleset.tables[0].chains[0].rules[0].exprs[0].name, "match conntrack");
	sg_ruleset_clear(&ruleset);
}

/* Marks of a newer kernel on a rule, a chain, a table, a set, an element. */
static void unknown_attributes(void **state)
{
	(void)state;
	struct sg_ruleset ruleset = {0};
	struct sg_error err = {0};
	struct message m;

	mnl_attr_put_strz(message(&m, NFT_MSG_NEWTABLE, NFPROTO_INET), NFTA_TABLE_NAME, "t");
	mnl_attr_put_u32(m.header, 31, 0);
	assert_int_equal(give(&ruleset, &m, &err), 0);
	assert_true(ruleset.tables[0].unknown);
	sg_ruleset_clear(&ruleset);

	mnl_attr_put_strz(message(&m, NFT_MSG_NEWTABLE, NFPROTO_INET), NFTA_TABLE_NAME, "t");
	mnl_attr_put_u32(m.header, NFTA_TABLE_FLAGS, htonl(8));
	assert_int_equal(give(&ruleset, &m, &err), 0);
	assert_true(ruleset.tables[0].unknown);
	sg_ruleset_clear(&ruleset);

	frame(&ruleset, 0);
	message(&m, NFT_MSG_NEWCHAIN, NFPROTO_INET);
	mnl_attr_put_strz(m.header, NFTA_CHAIN_TABLE, "t");
	mnl_attr_put_strz(m.header, NFTA_CHAIN_NAME, "d");
	mnl_attr_put_u32(m.header, NFTA_CHAIN_FLAGS, htonl(NFT_CHAIN_HW_OFFLOAD));
	assert_int_equal(give(&ruleset, &m, &err), 0);
	assert_true(ruleset.tables[0].chains[1].unknown);

	struct nlattr *exprs = open_rule(&m);

	mnl_attr_nest_end(m.header, exprs);
	mnl_attr_put_u32(m.header, 30, 0);
	assert_int_equal(give(&ruleset, &m, &err), 0);
	assert_int_equal(ruleset.tables[0].chains[0].rules[0].exprs[0].kind, SG_EXPR_UNKNOWN);
	sg_ruleset_clear(&ruleset);
}

static void unknown_sets(void **state)
{
	(void)state;
	static const struct {
		uint16_t type;
		uint32_t value;
		bool known;
	} cases[] = {
		{NFTA_SET_POLICY, 0, true},
		{NFTA_SET_FLAGS, 0, true},
		{NFTA_SET_FLAGS, 0x40, false},
		{NFTA_SET_FLAGS, 0x10, true},
		{NFTA_SET_FLAGS, 0x20, true},
		{NFTA_SET_FLAGS, 0x100, false},
		{NFTA_SET_FLAGS, 0x200, false},
		{NFTA_SET_FLAGS, 0x80, false},
		{NFTA_SET_FLAGS, 8, false},
		{NFTA_SET_OBJ_TYPE, 1, false},
		{NFTA_SET_EXPR, 0, false},
		{NFTA_SET_EXPRESSIONS, 0, false},
		{NFTA_SET_KEY_LEN, 0, false},
		{NFTA_SET_KEY_LEN, 65, false},
		{19, 0, true},
		{20, 0, true},
		{21, 0, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sg_ruleset ruleset = {0};
		struct sg_error err = {0};
		struct message m;

		frame(&ruleset, 0);
		message(&m, NFT_MSG_NEWSET, NFPROTO_INET);
		mnl_attr_put_strz(m.header, NFTA_SET_TABLE, "t");
		mnl_attr_put_strz(m.header, NFTA_SET_NAME, "r");
		if (cases[i].type != NFTA_SET_KEY_LEN)
			mnl_attr_put_u32(m.header, NFTA_SET_KEY_LEN, htonl(4));
		mnl_attr_put_u32(m.header, cases[i].type, htonl(cases[i].value));
		assert_int_equal(give(&ruleset, &m, &err), 0);
		if (ruleset.tables[0].sets[1].unknown == cases[i].known)
			fail_msg("case %zu", i);
		assert_true(cases[i].known || ruleset.tables[0].sets[1].unknown_reason);
		sg_ruleset_clear(&ruleset);
	}
}

/* Limits have numbers of 8 bytes: rate, time, burst, type, flags, and whether they are understood. */
static void limits(void **state)
{
	(void)state;
	static const struct {
		uint64_t rate, unit;
		uint32_t type, flags;
		bool known;
	} cases[] = {
		{20, 60, 0, 0, true},  {20, 60, 1, 1, true}, {20, 60, 2, 0, false},
		{20, 60, 0, 2, false}, {0, 60, 0, 0, false}, {20, 0, 0, 0, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sg_ruleset ruleset = {0};
		struct sg_error err = {0};
		struct message m;

		frame(&ruleset, 0);
		struct nlattr *exprs = open_rule(&m), *element = mnl_attr_nest_start(m.header, NFTA_LIST_ELEM);

		mnl_attr_put_strz(m.header, NFTA_EXPR_NAME, "limit");
		struct nlattr *data = mnl_attr_nest_start(m.header, NFTA_EXPR_DATA);

		/* twice, as on a machine that wants its numbers aligned */
		mnl_attr_put(m.header, NFTA_LIMIT_PAD, 0, NULL);
		mnl_attr_put_u64(m.header, NFTA_LIMIT_RATE, htobe64(cases[i].rate));
		mnl_attr_put(m.header, NFTA_LIMIT_PAD, 0, NULL);
		mnl_attr_put_u64(m.header, NFTA_LIMIT_UNIT, htobe64(cases[i].unit));
		mnl_attr_put_u32(m.header, NFTA_LIMIT_BURST, htonl(7));
		mnl_attr_put_u32(m.header, NFTA_LIMIT_TYPE, htonl(cases[i].type));
		mnl_attr_put_u32(m.header, NFTA_LIMIT_FLAGS, htonl(cases[i].flags));
		mnl_attr_nest_end(m.header, data);
		mnl_attr_nest_end(m.header, element);
		mnl_attr_nest_end(m.header, exprs);
		if (give(&ruleset, &m, &err) < 0)
			fail_msg("case %zu: %s", i, err.message);
		const struct sg_expr *expr = &ruleset.tables[0].chains[0].rules[0].exprs[0];

		if ((expr->kind == SG_EXPR_LIMIT) != cases[i].known)
			fail_msg("case %zu", i);
		if (cases[i].known) {
			assert_int_equal(expr->rate, 20);
			assert_int_equal(expr->unit, 60);
			assert_int_equal(expr->burst, 7);
			assert_int_equal(expr->is_bytes, cases[i].type);
			assert_int_equal(expr->inverted, cases[i].flags);
		}
		sg_ruleset_clear(&ruleset);
	}
}

/* A dynset of set s with these attributes beside its set and key, and expressions of these names within. */
struct dynset {
	uint32_t set_flags, op, flags;
	uint16_t extra;
	const char *inner[3];
	size_t inner_count;
	bool list; /* NFTA_DYNSET_EXPRESSIONS */
};

static void put_inner(struct message *m, const char *name)
{
	mnl_attr_put_strz(m->header, NFTA_EXPR_NAME, name);
	struct nlattr *data = mnl_attr_nest_start(m->header, NFTA_EXPR_DATA);

	if (!strcmp(name, "connlimit")) {
		mnl_attr_put_u32(m->header, NFTA_CONNLIMIT_COUNT, htonl(9));
		mnl_attr_put_u32(m->header, NFTA_CONNLIMIT_FLAGS, 0);
	} else if (!strcmp(name, "dynset")) {
		mnl_attr_put_strz(m->header, NFTA_DYNSET_SET_NAME, "s");
		mnl_attr_put_u32(m->header, NFTA_DYNSET_OP, 0);
		mnl_attr_put_u32(m->header, NFTA_DYNSET_SREG_KEY, htonl(1));
	}
	mnl_attr_nest_end(m->header, data);
}

static void put_dynset(struct message *m, const struct dynset *dynset)
{
	struct nlattr *exprs = open_rule(m), *element = mnl_attr_nest_start(m->header, NFTA_LIST_ELEM), *nest, *item;

	mnl_attr_put_strz(m->header, NFTA_EXPR_NAME, "dynset");
	struct nlattr *data = mnl_attr_nest_start(m->header, NFTA_EXPR_DATA);

	mnl_attr_put_strz(m->header, NFTA_DYNSET_SET_NAME, "s");
	mnl_attr_put_u32(m->header, NFTA_DYNSET_SREG_KEY, htonl(1));
	mnl_attr_put_u32(m->header, NFTA_DYNSET_OP, htonl(dynset->op));
	mnl_attr_put_u32(m->header, NFTA_DYNSET_FLAGS, htonl(dynset->flags));
	if (dynset->extra)
		mnl_attr_put_u32(m->header, dynset->extra, htonl(1));
	if (dynset->inner_count) {
		nest = mnl_attr_nest_start(m->header, dynset->list ? NFTA_DYNSET_EXPRESSIONS : NFTA_DYNSET_EXPR);
		for (size_t i = 0; i < dynset->inner_count; i++) {
			item = dynset->list ? mnl_attr_nest_start(m->header, NFTA_LIST_ELEM) : NULL;
			put_inner(m, dynset->inner[i]);
			if (item)
				mnl_attr_nest_end(m->header, item);
		}
		mnl_attr_nest_end(m->header, nest);
	}
	mnl_attr_nest_end(m->header, data);
	mnl_attr_nest_end(m->header, element);
	mnl_attr_nest_end(m->header, exprs);
}

/* A rule that puts packets' addresses into a set that was not made for it makes the set uncertain. */
static void dynsets(void **state)
{
	(void)state;
	static const struct {
		struct dynset dynset;
		bool known, set_known;
	} cases[] = {
		{{.set_flags = SG_SET_EVAL}, true, true},
		{{.set_flags = SG_SET_EVAL | SG_SET_TIMEOUT, .op = NFT_DYNSET_OP_UPDATE}, true, true},
		{{.set_flags = 0}, false, false},
		{{.set_flags = SG_SET_TIMEOUT}, false, false},
		{{.set_flags = SG_SET_EVAL, .op = NFT_DYNSET_OP_DELETE}, false, true},
		{{.set_flags = SG_SET_EVAL, .flags = NFT_DYNSET_F_INV}, false, true},
		{{.set_flags = SG_SET_EVAL, .flags = NFT_DYNSET_F_EXPR}, true, true},
		{{.set_flags = SG_SET_EVAL, .flags = 4}, false, true},
		{{.set_flags = SG_SET_EVAL, .extra = NFTA_DYNSET_SREG_DATA}, false, true},
		{{.set_flags = SG_SET_EVAL, .extra = 25}, false, true},
		{{.set_flags = SG_SET_EVAL, .inner = {"connlimit"}, .inner_count = 1}, true, true},
		{{.set_flags = SG_SET_EVAL, .inner = {"counter", "connlimit"}, .inner_count = 2, .list = true},
		 true,
		 true},
		{{.set_flags = SG_SET_EVAL, .inner = {"counter", "counter", "counter"}, .inner_count = 3, .list = true},
		 false,
		 true},
		{{.set_flags = SG_SET_EVAL, .inner = {"dynset"}, .inner_count = 1}, false, true},
		{{.set_flags = SG_SET_EVAL, .inner = {"quota"}, .inner_count = 1}, false, true},
		{{.set_flags = SG_SET_EVAL, .inner = {"counter", "quota"}, .inner_count = 2, .list = true},
		 false,
		 true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct dynset *dynset = &cases[i].dynset;
		struct sg_ruleset ruleset = {0};
		struct sg_error err = {0};
		struct message m;

		frame(&ruleset, dynset->set_flags);
		put_dynset(&m, dynset);
		if (give(&ruleset, &m, &err) < 0)
			fail_msg("case %zu: %s", i, err.message);
		const struct sg_expr *expr = &ruleset.tables[0].chains[0].rules[0].exprs[0];

		if ((expr->kind == SG_EXPR_DYNSET) != cases[i].known || (!cases[i].known && !expr->reason) ||
		    ruleset.tables[0].sets[0].unknown == cases[i].set_known)
			fail_msg("case %zu", i);
		if (cases[i].known) {
			assert_int_equal(expr->inner_count, dynset->inner_count);
			assert_int_equal(expr->op, dynset->op);
			assert_string_equal(expr->name, "s");
		}
		for (size_t j = 0; j < expr->inner_count; j++)
			assert_int_equal(expr->inner[j].kind,
					 strcmp(dynset->inner[j], "counter") ? SG_EXPR_CONNLIMIT : SG_EXPR_COUNTER);
		sg_ruleset_clear(&ruleset);
	}
}

static void put_lookup(struct message *m)
{
	struct nlattr *exprs = open_rule(m), *element = mnl_attr_nest_start(m->header, NFTA_LIST_ELEM);

	mnl_attr_put_strz(m->header, NFTA_EXPR_NAME, "lookup");
	struct nlattr *data = mnl_attr_nest_start(m->header, NFTA_EXPR_DATA);

	mnl_attr_put_strz(m->header, NFTA_LOOKUP_SET, "s");
	mnl_attr_put_u32(m->header, NFTA_LOOKUP_SREG, htonl(1));
	mnl_attr_nest_end(m->header, data);
	mnl_attr_nest_end(m->header, element);
	mnl_attr_nest_end(m->header, exprs);
}

/* Texts of the log: the kernel lets an empty one be; one without end, or too long, is none of its. */
static void log_prefixes(void **state)
{
	(void)state;
	char longest[129];
	const struct {
		const char *text;
		size_t size;
		const char *expected; /* NULL: malformed */
	} cases[] = {
		{"x: ", 4, "x: "},    {"", 1, ""},       {"", 0, ""},      {longest + 1, 128, longest + 1},
		{longest, 129, NULL}, {"a\0b", 4, NULL}, {"\0b", 3, NULL},
	};

	memset(longest, 'p', sizeof(longest) - 1);
	longest[128] = '\0';
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sg_ruleset ruleset = {0};
		struct sg_error err = {0};
		struct message m;

		frame(&ruleset, 0);
		struct nlattr *exprs = open_rule(&m), *element = mnl_attr_nest_start(m.header, NFTA_LIST_ELEM);

		mnl_attr_put_strz(m.header, NFTA_EXPR_NAME, "log");
		struct nlattr *data = mnl_attr_nest_start(m.header, NFTA_EXPR_DATA);

		mnl_attr_put(m.header, NFTA_LOG_PREFIX, cases[i].size, cases[i].text);
		mnl_attr_put_u16(m.header, NFTA_LOG_GROUP, htons(0x102));
		mnl_attr_nest_end(m.header, data);
		mnl_attr_nest_end(m.header, element);
		mnl_attr_nest_end(m.header, exprs);
		if ((give(&ruleset, &m, &err) == 0) != (cases[i].expected != NULL))
			fail_msg("case %zu: %s", i, err.message);
		if (cases[i].expected) {
			const struct sg_expr *expr = &ruleset.tables[0].chains[0].rules[0].exprs[0];

			assert_int_equal(expr->kind, SG_EXPR_LOG);
			assert_string_equal(expr->name, cases[i].expected);
			assert_true(expr->has_group);
			assert_int_equal(expr->group, 0x102);
		}
		sg_ruleset_clear(&ruleset);
	}
}

/* ------------------------------------------------------------- elements */

struct raw {
	int key; /* -1: none */
	uint32_t flags;
	int verdict;    /* of a map; 9: none */
	uint16_t extra; /* an attribute more */
};

static void put_elements(struct message *m, const struct raw *raw, size_t count)
{
	message(m, NFT_MSG_NEWSETELEM, NFPROTO_INET);
	mnl_attr_put_strz(m->header, NFTA_SET_ELEM_LIST_TABLE, "t");
	mnl_attr_put_strz(m->header, NFTA_SET_ELEM_LIST_SET, "s");
	struct nlattr *list = mnl_attr_nest_start(m->header, NFTA_SET_ELEM_LIST_ELEMENTS);

	for (size_t i = 0; i < count; i++) {
		struct nlattr *element = mnl_attr_nest_start(m->header, NFTA_LIST_ELEM), *nest;

		if (raw[i].key >= 0) {
			nest = mnl_attr_nest_start(m->header, NFTA_SET_ELEM_KEY);
			mnl_attr_put_u8(m->header, NFTA_DATA_VALUE, (uint8_t)raw[i].key);
			mnl_attr_nest_end(m->header, nest);
		}
		if (raw[i].flags)
			mnl_attr_put_u32(m->header, NFTA_SET_ELEM_FLAGS, htonl(raw[i].flags));
		if (raw[i].verdict != 9) {
			nest = mnl_attr_nest_start(m->header, NFTA_SET_ELEM_DATA);
			struct nlattr *verdict = mnl_attr_nest_start(m->header, NFTA_DATA_VERDICT);

			mnl_attr_put_u32(m->header, NFTA_VERDICT_CODE, htonl((uint32_t)raw[i].verdict));
			mnl_attr_nest_end(m->header, verdict);
			mnl_attr_nest_end(m->header, nest);
		}
		if (raw[i].extra)
			mnl_attr_put_u64(m->header, raw[i].extra, 0);
		mnl_attr_nest_end(m->header, element);
	}
	mnl_attr_nest_end(m->header, list);
}

/* What the tree of boundaries means, key by key, against the definition in the kernel: the greatest one not above. */
static void pairs_intervals(void **state)
{
	(void)state;
	struct random_state random = {11};

	for (int round = 0; round < 3000; round++) {
		int model[256], now = -1;
		bool start[256] = {0}, end[256] = {0};
		int verdict[256] = {0};
		struct raw raw[40];
		size_t count = 0;
		struct sg_ruleset ruleset = {0};
		struct sg_error err = {0};
		struct message m;

		for (uint32_t n = random_below(&random, 14); n > 0; n--) {
			uint8_t key = (uint8_t)(random_below(&random, 4) ? random_below(&random, 32)
									 : 250 + random_below(&random, 6));
			bool is_end = random_below(&random, 2);

			if (is_end ? end[key] : start[key])
				continue;
			(is_end ? end : start)[key] = true;
			if (!is_end)
				verdict[key] = (int)random_below(&random, 2);
			raw[count++] = (struct raw){.key = key,
						    .flags = is_end ? NFT_SET_ELEM_INTERVAL_END : 0,
						    .verdict = is_end ? 9 : verdict[key]};
		}
		for (int key = 0; key < 256; key++) {
			if (start[key])
				now = verdict[key];
			else if (end[key])
				now = -1;
			model[key] = now;
		}
		frame(&ruleset, SG_SET_INTERVAL | SG_SET_MAP);
		put_elements(&m, raw, count);
		assert_int_equal(give(&ruleset, &m, &err), 0);
		assert_int_equal(sg_wire_finish(&ruleset, &err), 0);

		const struct sg_set *set = &ruleset.tables[0].sets[0];

		assert_false(set->unknown);
		for (size_t i = 0; i < set->count; i++) {
			assert_true(set->keys[2 * i] <= set->keys[2 * i + 1]);
			for (int key = set->keys[2 * i]; key <= set->keys[2 * i + 1]; key++) {
				assert_int_equal(model[key], set->verdicts[i].code);
				model[key] = -1;
			}
		}
		for (int key = 0; key < 256; key++)
			assert_int_equal(model[key], -1);
		sg_ruleset_clear(&ruleset);
	}
}

static void odd_elements(void **state)
{
	(void)state;
	static const struct {
		uint32_t set_flags;
		struct raw raw[2];
		size_t count;
		bool known;
	} cases[] = {
		{0, {{.key = 1, .verdict = 9}}, 1, true},
		{0, {{.key = -1, .flags = 2, .verdict = 9}}, 1, true},
		{0, {{.key = 1, .flags = 1, .verdict = 9}}, 1, false},
		{0, {{.key = 1, .flags = 4, .verdict = 9}}, 1, false},
		{0, {{.key = 1, .verdict = 9, .extra = NFTA_SET_ELEM_TIMEOUT}}, 1, false},
		{0, {{.key = 1, .verdict = 9, .extra = NFTA_SET_ELEM_EXPIRATION}}, 1, false},
		{0, {{.key = 1, .verdict = 9, .extra = NFTA_SET_ELEM_EXPRESSIONS}}, 1, false},
		{0, {{.key = 1, .verdict = 9, .extra = NFTA_SET_ELEM_OBJREF}}, 1, false},
		{0, {{.key = 1, .verdict = 9, .extra = 40}}, 1, false},
		{SG_SET_MAP, {{.key = 1, .verdict = 1}}, 1, true},
		{SG_SET_MAP, {{.key = 1, .verdict = 9}}, 1, false},
		{SG_SET_MAP, {{.key = 1, .verdict = 77}}, 1, false},
		{SG_SET_MAP, {{.key = 1, .verdict = SG_CODE_GOTO}}, 1, false},
		{SG_SET_INTERVAL, {{.key = 1, .verdict = 9}, {.key = 1, .verdict = 9}}, 2, false},
		{SG_SET_INTERVAL | SG_SET_ANONYMOUS,
		 {{.key = 1, .verdict = 9}, {.key = 1, .flags = 1, .verdict = 9}},
		 2,
		 false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sg_ruleset ruleset = {0};
		struct sg_error err = {0};
		struct message m;

		frame(&ruleset, cases[i].set_flags);
		put_elements(&m, cases[i].raw, cases[i].count);
		assert_int_equal(give(&ruleset, &m, &err), 0);
		assert_int_equal(sg_wire_finish(&ruleset, &err), 0);
		if (ruleset.tables[0].sets[0].unknown == cases[i].known)
			fail_msg("case %zu", i);
		sg_ruleset_clear(&ruleset);
	}
}

/* What packets put into a set is not read, and what is looked up in it is not known. */
static void filled_sets(void **state)
{
	(void)state;
	static const struct raw raw[] = {{.key = 3, .verdict = 9, .extra = NFTA_SET_ELEM_EXPIRATION},
					 {.key = 3, .verdict = 9}};

	for (int filled = 0; filled < 2; filled++) {
		struct sg_ruleset ruleset = {0};
		struct sg_error err = {0};
		struct message m;

		frame(&ruleset, filled ? SG_SET_EVAL : 0);
		put_lookup(&m);
		assert_int_equal(give(&ruleset, &m, &err), 0);
		put_elements(&m, raw, 1 + (size_t)filled);
		assert_int_equal(give(&ruleset, &m, &err), 0);
		assert_int_equal(sg_wire_finish(&ruleset, &err), 0);
		assert_int_equal(ruleset.tables[0].sets[0].unknown, !filled);
		assert_int_equal(ruleset.tables[0].sets[0].count, !filled);
		assert_int_equal(ruleset.tables[0].chains[0].rules[0].exprs[0].kind,
				 filled ? SG_EXPR_UNKNOWN : SG_EXPR_LOOKUP);
		sg_ruleset_clear(&ruleset);
	}
}

/* A hash that grew while it was dumped: what it gave is not its content. */
static void repeated_elements(void **state)
{
	(void)state;
	static const struct raw raw[] = {{.key = 3, .verdict = 9}, {.key = 1, .verdict = 9}, {.key = 3, .verdict = 9}};

	for (size_t count = 2; count <= 3; count++) {
		struct sg_ruleset ruleset = {0};
		struct sg_error err = {0};
		struct message m;

		frame(&ruleset, 0);
		put_elements(&m, raw, count);
		assert_int_equal(give(&ruleset, &m, &err), 0);
		assert_int_equal(sg_wire_finish(&ruleset, &err), count == 2 ? 0 : -1);
		assert_int_equal(err.kind, count == 2 ? SG_ERROR_NONE : SG_ERROR_CHANGED);
		sg_ruleset_clear(&ruleset);
	}
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
		cmocka_unit_test(unknown_expressions),
		cmocka_unit_test(swaps_of_nothing),
		cmocka_unit_test(extensions_are_named),
		cmocka_unit_test(unknown_attributes),
		cmocka_unit_test(unknown_sets),
		cmocka_unit_test(limits),
		cmocka_unit_test(dynsets),
		cmocka_unit_test(log_prefixes),
		cmocka_unit_test(pairs_intervals),
		cmocka_unit_test(odd_elements),
		cmocka_unit_test(filled_sets),
		cmocka_unit_test(repeated_elements),
		cmocka_unit_test(torn_messages),
		cmocka_unit_test(a_million_elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
