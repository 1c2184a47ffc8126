/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a policy file: reading ends, says why when it refuses, and what is read survives being written and read
 * again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sockgate/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No list files are to be had there. */
#define FOLDER "/nonexistent"

/* In 2027. */
static struct sg_policy_options options = {.now = 1800000000};

static void fail(const char *what, const char *text)
{
	fprintf(stderr, "%s:\n%s\n", what, text);
	abort();
}

static void check_round(const struct sg_policy *policy)
{
	struct sg_files *files = sg_files_new();
	char *once = sg_policy_emit(policy, NULL), *twice = NULL;
	struct sg_diags diags = {0};
	struct sg_policy *again;

	if (!files || !once)
		fail("memory", "");
	again = sg_policy_parse("again", FOLDER, once, strlen(once), &options, files, &diags, NULL);
	if (!again)
		fail(diags.count ? diags.items[0].message : "no reason", once);
	if (!sg_policy_equal(policy, again))
		fail("not equal", once);
	twice = sg_policy_emit(again, NULL);
	if (!twice || strcmp(once, twice) != 0)
		fail("not the same text", once);
	free(once);
	free(twice);
	sg_policy_free(again);
	sg_diags_clear(&diags);
	sg_files_free(files);
}

/* Places are within the file, and messages are text. */
static void check_diags(const struct sg_files *files, const struct sg_diags *diags)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct sg_diag *diag = &diags->items[i];

		if (!diag->id || !diag->message || !*diag->message)
			fail("nothing is said", "");
		if (diag->span.file != SG_NO_FILE && !sg_files_name(files, diag->span.file))
			fail("no such file", diag->message);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sg_files *files = sg_files_new();
	struct sg_diags diags = {0};
	struct sg_error err = {0};
	struct sg_policy *policy;

	if (!files)
		return 0;
	options.past_allowed = size & 1;
	policy = sg_policy_parse("fuzz", FOLDER, (const char *)data, size, &options, files, &diags, &err);
	if (!policy == !sg_diags_failed(&diags))
		fail("an answer without a reason", err.message);
	check_diags(files, &diags);
	if (policy)
		check_round(policy);
	sg_policy_free(policy);
	sg_diags_clear(&diags);
	sg_files_free(files);
	return 0;
}
