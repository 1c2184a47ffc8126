/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests: [{expect: allow, tcp: 443, from: 0.0.0.0/0}] */
#include "base/mem.h"
#include "policy/lines.h"
#include "policy/word.h"

/* The protocol keys of one test. */
struct tests_protocol {
	uint32_t key; /* the first; 0: none */
	size_t count;
	struct line_protocol protocol;
};

static void tests_take(struct reader *reader, uint32_t key, const struct line_protocol *protocol,
		       struct tests_protocol *ret)
{
	if (!ret->count++) {
		ret->key = key;
		ret->protocol = *protocol;
		return;
	}
	reader_error(reader, key, "policy/duplicate-key", "a test is of one protocol: '%s' is given already",
		     ret->protocol.key);
	reader_hint(reader, "write two tests, or 'tcp+udp'");
}

/* Protocols without ports, which the table of keys does not list. */
static bool tests_other(struct reader *reader, uint32_t key, void *data)
{
	struct line_protocol protocol;
	const char *instead;

	if (!sg_line_protocol(reader, key, &protocol, &instead))
		return false;
	tests_take(reader, key, &protocol, data);
	return true;
}

/* Which protocol a test is of, among known keys and `found`. False: reported. */
static bool tests_choose(struct reader *reader, uint32_t mapping, const struct keys_values *values,
			 struct tests_protocol *found)
{
	const char *instead;

	for (unsigned int id = KEY_TCP; id <= KEY_ANY; id++) {
		struct line_protocol protocol;

		if (values->key[id] && sg_line_protocol(reader, values->key[id], &protocol, &instead))
			tests_take(reader, values->key[id], &protocol, found);
	}
	if (!found->count) {
		reader_error(reader, mapping, "policy/missing-key", "the test names no protocol");
		reader_hint(reader, "as in {expect: allow, tcp: 443}");
	}
	return found->count == 1;
}

/* Protocols without ports are named alone, all others with ports or types; *ret_list is those. False: reported. */
static bool tests_check_value(struct reader *reader, const struct keys_values *values,
			      const struct tests_protocol *found, uint32_t *ret_list)
{
	uint32_t value = doc_next(&reader->doc, found->key);
	const struct doc_node *node = doc_node(&reader->doc, value);

	if (found->protocol.kind == SG_LINE_PORTS || found->protocol.kind == SG_LINE_ICMP) {
		*ret_list = values->value[found->protocol.id];
		return *ret_list && sg_keys_only_words(reader, *ret_list, found->protocol.id);
	}
	*ret_list = 0;
	if (node->bad)
		return false;
	if (sg_word_is_null(&reader->doc, value) || (node->kind == DOC_MAPPING && !node->first))
		return true;
	reader_error(reader, value, "policy/wrong-type", "'%s' stands alone in a test", found->protocol.key);
	reader_hint(reader, "as in {expect: block, %s, from: 192.0.2.1}", found->protocol.key);
	return false;
}

static bool tests_expect(struct reader *reader, uint32_t mapping, const struct keys_values *values, enum sg_expect *ret)
{
	static const char *const expectations[] = {"allow", "block", NULL};
	static const char *const foreign[] = {"accept", "allow", "pass", "allow", "drop", "block",
					      "reject", "block", "deny", "block", NULL};
	size_t choice;

	if (!values->key[KEY_EXPECT]) {
		reader_error(reader, mapping, "policy/missing-key", "'expect' is missing");
		reader_hint(reader, "as in {expect: allow, tcp: 443}");
	}
	if (!values->value[KEY_EXPECT] ||
	    !sg_word_choice(reader, values->value[KEY_EXPECT], "expect", expectations, foreign, &choice))
		return false;
	*ret = choice ? SG_EXPECT_BLOCK : SG_EXPECT_ALLOW;
	return true;
}

/* False: no memory. */
static bool tests_append(struct reader *reader, uint32_t item, size_t index, struct model_test *test)
{
	struct sg_policy *policy = reader->policy;
	struct model_test second = *test;

	test->written.line.span = doc_span(&reader->doc, item);
	test->written.line.path = sg_arena_format(&policy->arena, "tests[%zu]", index);
	if (!test->written.line.path ||
	    sg_grow(&policy->tests, &policy->test_room, policy->test_count, 2, sizeof(*policy->tests)))
		return sg_reader_nomem(reader);
	if (test->written.split)
		sg_line_split(&test->written, &second.written);
	test->test.region = test->written.line;
	policy->tests[policy->test_count++] = *test;
	if (!test->written.split)
		return true;
	second.test.region = second.written.line;
	policy->tests[policy->test_count++] = second;
	return true;
}

/* False: no memory. */
static bool tests_item(struct reader *reader, uint32_t item, size_t index)
{
	struct tests_protocol found = {0};
	struct model_test test = {0};
	struct keys_values values;
	uint32_t list;
	bool good;

	sg_keys_read(reader, item, SG_KEY_TEST, &values, tests_other, &found);
	good = tests_expect(reader, item, &values, &test.test.expect);
	if (tests_choose(reader, item, &values, &found) && tests_check_value(reader, &values, &found, &list))
		good = sg_line_begin(reader, &found.protocol, list, &test.written) && good;
	else
		good = false;
	good = sg_line_constrain(reader, &values, &test.written) && good;
	if (!good || reader->failed)
		return !reader->failed;
	return tests_append(reader, item, index, &test);
}

bool sg_tests_read(struct reader *reader, uint32_t list)
{
	size_t index = 0;

	for (uint32_t item = sg_reader_items(reader, list); item;
	     item = sg_reader_item_next(reader, list, item), index++) {
		if (!sg_line_allowed(reader, item))
			return true;
		if (!sg_keys_check_item(reader, item, KEY_TESTS))
			continue;
		if (doc_node(&reader->doc, item)->kind != DOC_MAPPING) {
			reader_error(reader, item, "policy/wrong-type", "a test is a mapping");
			reader_hint(reader, "as in {expect: allow, tcp: 443}");
			continue;
		}
		if (!tests_item(reader, item, index))
			return false;
	}
	return true;
}
