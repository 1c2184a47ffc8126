// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The note: one byte of version, the digest, the time (64 bits, most significant byte first), the name without a NUL.
 * It is on a rule because the kernel never changes a table's own user data.
 */
#include "apply/mark.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define VERSION    1
#define FIXED_SIZE (1 + 16 + 8)

void sg_mark_digest(const struct sg_files *files, uint8_t ret[16])
{
	XXH3_state_t *state = XXH3_createState();
	XXH128_canonical_t canonical = {{0}};

	/* without memory the digest is all zeros, which is no file's */
	if (state && XXH3_128bits_reset(state) == XXH_OK) {
		for (uint32_t i = 0; sg_files_name(files, i); i++) {
			size_t size;
			const char *text = sg_files_text(files, i, &size);
			uint64_t length = size;

			XXH3_128bits_update(state, &length, sizeof(length));
			XXH3_128bits_update(state, text, size);
		}
		XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
	}
	XXH3_freeState(state);
	memcpy(ret, canonical.digest, 16);
}

int sg_mark_write(struct sg_table *table, const struct sg_mark *mark, struct sg_error *err)
{
	size_t length = strlen(mark->policy);
	struct sg_rule *rule;
	uint8_t *data;

	if (!table->chain_count || !table->chains[0].rule_count)
		return 0; /* a table without rules has no place for it */
	rule = &table->chains[0].rules[0];
	data = malloc(FIXED_SIZE + length);
	if (!data)
		return sg_error_nomem(err);
	data[0] = VERSION;
	memcpy(data + 1, mark->digest, 16);
	for (size_t i = 0; i < 8; i++)
		data[17 + i] = (uint8_t)(mark->applied >> (56 - 8 * i));
	memcpy(data + FIXED_SIZE, mark->policy, length);
	free(rule->mark);
	rule->mark = data;
	rule->mark_size = FIXED_SIZE + length;
	return 0;
}

bool sg_mark_read(const struct sg_table *table, struct sg_mark *ret)
{
	const struct sg_chain *input = sg_table_chain(table, "input");
	const struct sg_rule *rule;
	size_t length;

	if (!input || !input->rule_count)
		return false;
	rule = &input->rules[0];
	if (rule->mark_size < FIXED_SIZE || rule->mark_size >= FIXED_SIZE + SG_MARK_NAME_SIZE ||
	    rule->mark[0] != VERSION)
		return false;
	length = rule->mark_size - FIXED_SIZE;
	*ret = (struct sg_mark){0};
	memcpy(ret->digest, rule->mark + 1, 16);
	for (size_t i = 0; i < 8; i++)
		ret->applied = ret->applied << 8 | rule->mark[17 + i];
	memcpy(ret->policy, rule->mark + FIXED_SIZE, length);
	return true;
}
