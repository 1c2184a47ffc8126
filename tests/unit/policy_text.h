/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy_text.h - for tests of the policy layer: a policy from a string, and what was said about it. */
#ifndef TEST_POLICY_TEXT_H
#define TEST_POLICY_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "sockgate/buf.h"
#include "sockgate/policy.h"

struct policy_text {
	struct sg_files *files;
	struct sg_diags diags;
	struct sg_error err;
	struct sg_policy *policy;
};

static inline struct policy_text read_under(const char *text, size_t size, const char *folder,
					    const struct sg_policy_options *options)
{
	struct policy_text ret = {.files = sg_files_new()};

	ret.policy = sg_policy_parse("policy.yaml", folder, text, size, options, ret.files, &ret.diags, &ret.err);
	assert_int_equal(ret.policy != NULL, !sg_diags_failed(&ret.diags) && ret.err.kind == SG_ERROR_NONE);
	return ret;
}

/* Reads the text, which is `size` bytes long; list files are looked for in `folder`. */
static inline struct policy_text read_bytes(const char *text, size_t size, const char *folder)
{
	static const struct sg_policy_options options = {.trusted_only = false};

	return read_under(text, size, folder, &options);
}

/* The text at a time; with past_allowed what is over by then is a warning. */
static inline struct policy_text read_at(const char *text, int64_t now, bool past_allowed)
{
	const struct sg_policy_options options = {.now = now, .past_allowed = past_allowed};

	return read_under(text, strlen(text), ".", &options);
}

static inline struct policy_text read_text(const char *text)
{
	return read_bytes(text, strlen(text), ".");
}

/* The same, and it has to be good. */
static inline struct policy_text read_good(const char *text)
{
	struct policy_text ret = read_text(text);

	if (!ret.policy)
		print_error("%s\n%s\n", text, ret.diags.count ? ret.diags.items[0].message : ret.err.message);
	assert_non_null(ret.policy);
	return ret;
}

static inline void policy_text_clear(struct policy_text *text)
{
	sg_policy_free(text->policy);
	sg_diags_clear(&text->diags);
	sg_files_free(text->files);
}
#define autotext sg_cleanup(policy_text_clear) struct policy_text

static inline bool said(const struct policy_text *text, const char *id)
{
	for (size_t i = 0; i < text->diags.count; i++)
		if (strcmp(text->diags.items[i].id, id) == 0)
			return true;
	return false;
}

#endif
