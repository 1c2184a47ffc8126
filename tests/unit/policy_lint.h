/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy_lint.h - policies that are read, lowered and linted, for the tests of the lints. */
#ifndef POLICY_LINT_H
#define POLICY_LINT_H

#include "policy_random.h"
#include "policy_text.h"
#include "sockgate/lint.h"

struct meaning {
	struct policy_text read;
	struct sg_idd *idd;
	struct sg_decision decision;
};

static inline void meaning_clear(struct meaning *meaning)
{
	policy_text_clear(&meaning->read);
	sg_idd_free(meaning->idd);
}
#define automeaning sg_cleanup(meaning_clear) struct meaning

/* Lints anew, after the policy was changed. */
static inline void lint_again(struct meaning *meaning)
{
	struct policy_text *read = &meaning->read;

	sg_diags_clear(&read->diags);
	assert_int_equal(sg_policy_lower(read->policy, meaning->idd, &meaning->decision, &read->err), 0);
	assert_int_equal(sg_policy_lint(read->policy, &meaning->decision, &read->diags, &read->err), 0);
}

static inline struct meaning lint_text(const char *text)
{
	struct meaning meaning = {.read = read_good(text), .idd = sg_packet_context(0)};

	assert_non_null(meaning.idd);
	lint_again(&meaning);
	return meaning;
}

/* At a time, at which lines may be over. */
static inline struct meaning lint_at(const char *text, int64_t now)
{
	struct meaning meaning = {.read = read_at(text, now, true), .idd = sg_packet_context(0)};

	assert_non_null(meaning.read.policy);
	assert_non_null(meaning.idd);
	lint_again(&meaning);
	return meaning;
}

static inline bool warned(const struct policy_text *read, const char *id, const struct sg_line *line)
{
	for (size_t i = 0; i < read->diags.count; i++) {
		if (!strcmp(read->diags.items[i].id, id) &&
		    !memcmp(&read->diags.items[i].span, &line->span, sizeof(line->span)))
			return true;
	}
	return false;
}

/* Every diagnostic with one of the ids, as "line: message [id] hint", a line each. */
static inline void check_meaning(const struct meaning *meaning, const char *ids, const char *expected)
{
	sg_cleanup(sg_buf_clear) struct sg_buf words = {0};

	sg_buf_adds(&words, "");
	for (size_t i = 0; i < meaning->read.diags.count; i++) {
		const struct sg_diag *diag = &meaning->read.diags.items[i];

		if (strstr(ids, diag->id))
			sg_buf_addf(&words, "%u: %s [%s] %s\n", diag->span.line, diag->message, diag->id, diag->hint);
	}
	assert_string_equal(words.data, expected);
}

static inline void check_words(const char *text, const char *ids, const char *expected)
{
	automeaning meaning = lint_text(text);

	check_meaning(&meaning, ids, expected);
}

#endif
