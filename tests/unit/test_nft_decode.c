/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules from messages: what is not understood, wholly and exactly, is unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <endian.h>
#include <stdlib.h>

#include "nft_messages.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_expressions),
		cmocka_unit_test(swaps_of_nothing),
		cmocka_unit_test(extensions_are_named),
		cmocka_unit_test(unknown_attributes),
		cmocka_unit_test(limits),
		cmocka_unit_test(dynsets),
		cmocka_unit_test(log_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
