/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets and their elements from messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "nft_messages.h"
#include "random_table.h"

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

/*
 * What the tree of boundaries means, key by key. Kernels agree on a set where each start meets its end, where the last
 * interval is open, and where an end stands at key 0. In an anonymous set an interval may also end where the next one
 * starts. Of any other set nothing is known, and the reason is given.
 */
static void pairs_intervals(void **state)
{
	(void)state;
	struct random_state random = {11};
	size_t known[2] = {0, 0}, unknown[2] = {0, 0};

	for (int round = 0; round < 6000; round++) {
		int model[256], now = -1;
		bool start[256] = {0}, end[256] = {0}, anonymous = round % 2, doubt = false;
		int verdict[256] = {0};
		struct raw raw[40];
		size_t count = 0;
		struct sg_ruleset ruleset = {0};
		struct sg_error err = {0};
		struct message m;
		bool pairs = random_below(&random, 2); /* mostly as nft would write it */
		bool is_end = false;

		for (uint32_t n = random_below(&random, 14); n > 0; n--) {
			uint8_t key = (uint8_t)(random_below(&random, 4) ? random_below(&random, 32)
									 : 250 + random_below(&random, 6));

			if (pairs)
				key = (uint8_t)((count ? raw[count - 1].key + 1 : 0) + (int)random_below(&random, 9));
			is_end = pairs ? !is_end && count : random_below(&random, 2);
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
			if (end[key]) {
				doubt |= now < 0 && key;
				now = -1;
			}
			if (start[key]) {
				doubt |= now >= 0 ? !anonymous : anonymous && end[key];
				now = verdict[key];
			}
			model[key] = now;
		}
		frame(&ruleset, SG_SET_INTERVAL | SG_SET_MAP | (anonymous ? SG_SET_ANONYMOUS : 0));
		put_elements(&m, raw, count);
		assert_int_equal(give(&ruleset, &m, &err), 0);
		assert_int_equal(sg_wire_finish(&ruleset, &err), 0);

		const struct sg_set *set = &ruleset.tables[0].sets[0];

		assert_int_equal(set->unknown, doubt);
		assert_int_equal(set->unknown_reason != NULL, doubt);
		(doubt ? unknown : known)[anonymous] += count > 3;
		for (size_t i = 0; i < set->count && !doubt; i++) {
			assert_true(set->keys[2 * i] <= set->keys[2 * i + 1]);
			for (int key = set->keys[2 * i]; key <= set->keys[2 * i + 1]; key++) {
				assert_int_equal(model[key], set->verdicts[i].code);
				model[key] = -1;
			}
		}
		for (int key = 0; key < 256 && !doubt; key++)
			assert_int_equal(model[key], -1);
		sg_ruleset_clear(&ruleset);
	}
	for (int i = 0; i < 2; i++)
		assert_true(known[i] > 300 && unknown[i] > 300);
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

/* Who is in a set that packets fill is not kept, and what is looked up in it is not known. */
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

/* Who is in a set that packets fill is not kept, but what elements carry is. */
static void what_elements_carry(void **state)
{
	(void)state;
	enum { ONE = NFTA_SET_ELEM_EXPR, MANY = NFTA_SET_ELEM_EXPRESSIONS };
	static const struct {
		struct carrying elements[3];
		size_t count;
		bool odd;
	} cases[] = {
		{.count = 0},
		{{{50, ONE, -1, 0}}, 1, false},
		{{{50, ONE, -1, 0}, {50, ONE, 0, NFTA_SET_ELEM_EXPIRATION}, {50, ONE, -1, NFTA_SET_ELEM_PAD}},
		 3,
		 false},
		{{{50, ONE, -1, 0}, {50, ONE, -1, 0}, {51, ONE, -1, 0}}, 3, true},
		{{{50, ONE, -1, 0}, {0, ONE, -1, 0}}, 2, true},
		{{{0, ONE, -1, 0}}, 1, true},
		{{{50, MANY, -1, 0}}, 1, true},
		{{{50, ONE, 1000, 0}}, 1, true},
		{{{50, ONE, -1, NFTA_SET_ELEM_OBJREF}}, 1, true},
		{{{50, ONE, -1, NFTA_SET_ELEM_FLAGS}}, 1, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sg_ruleset ruleset = {0};
		struct sg_error err = {0};
		const struct sg_set *set;
		struct message m;

		frame(&ruleset, SG_SET_EVAL);
		set = &ruleset.tables[0].sets[0];
		put_carrying(&m, cases[i].elements, cases[i].count);
		assert_int_equal(give(&ruleset, &m, &err), 0);
		assert_int_equal(sg_wire_finish(&ruleset, &err), 0);
		if (set->carried_odd != cases[i].odd)
			fail_msg("case %zu", i);
		assert_int_equal(set->count, 0);
		assert_false(set->unknown);
		if (cases[i].count && cases[i].elements[0].as == ONE && cases[i].elements[0].count) {
			assert_int_equal(set->carried->kind, SG_EXPR_CONNLIMIT);
			assert_int_equal(set->carried->rate, 50);
		} else {
			assert_null(set->carried);
		}
		sg_ruleset_clear(&ruleset);
	}
}

/* What is carried by one element is no part of another, and half of it is nothing. */
static void torn_elements(void **state)
{
	(void)state;
	static const struct carrying one = {50, NFTA_SET_ELEM_EXPR, -1, 0};
	struct sg_ruleset ruleset = {0};
	struct sg_error err = {0};
	struct message m;

	frame(&ruleset, SG_SET_EVAL);
	put_carrying(&m, &one, 1);
	/* the length of the name of what it carries */
	for (uint8_t *at = m.bytes; at < m.bytes + m.header->nlmsg_len; at++)
		if (!memcmp(at, "connlimit", 9))
			at[-4] = 60;
	assert_int_equal(give(&ruleset, &m, &err), -1);
	assert_int_equal(err.kind, SG_ERROR_SYSTEM);
	sg_ruleset_clear(&ruleset);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_sets),        cmocka_unit_test(pairs_intervals),
		cmocka_unit_test(odd_elements),        cmocka_unit_test(filled_sets),
		cmocka_unit_test(what_elements_carry), cmocka_unit_test(torn_elements),
		cmocka_unit_test(repeated_elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
