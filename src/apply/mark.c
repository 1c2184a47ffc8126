// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The note: a byte of version, a byte of kind (0: of a policy, 1: of a lockdown), the digest, the time (64 bits, most
 * significant byte first), the seal of the table, a hash of the file's place, the name without a NUL.
 *
 * It is on a rule because the kernel never changes a table's own user data. It is looked for on every rule of every
 * chain: others may insert rules before ours.
 */
#include "apply/mark.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "apply/seal.h"
#include "base/mem.h"

#define VERSION    3
#define AT_KIND    1
#define AT_DIGEST  2
#define AT_TIME    (AT_DIGEST + 16)
#define AT_SEAL    (AT_TIME + 8)
#define AT_PLACE   (AT_SEAL + SG_SEAL_SIZE)
#define FIXED_SIZE (AT_PLACE + 16)

_Static_assert(sizeof(((struct sg_mark *)0)->seal) == SG_SEAL_SIZE, "the note has room for a seal");

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
	data[AT_KIND] = mark->lockdown;
	memcpy(data + AT_DIGEST, mark->digest, 16);
	for (size_t i = 0; i < 8; i++)
		data[AT_TIME + i] = (uint8_t)(mark->applied >> (56 - 8 * i));
	memcpy(data + AT_SEAL, mark->seal, SG_SEAL_SIZE);
	memcpy(data + AT_PLACE, mark->place, sizeof(mark->place));
	memcpy(data + FIXED_SIZE, mark->policy, length);
	free(rule->mark);
	rule->mark = data;
	rule->mark_size = FIXED_SIZE + length;
	return 0;
}

static bool read_rule(const struct sg_rule *rule, struct sg_mark *ret)
{
	size_t length;

	if (rule->mark_size < FIXED_SIZE || rule->mark_size >= FIXED_SIZE + SG_MARK_NAME_SIZE ||
	    rule->mark[0] != VERSION || rule->mark[AT_KIND] > 1)
		return false;
	length = rule->mark_size - FIXED_SIZE;
	*ret = (struct sg_mark){0};
	ret->lockdown = rule->mark[AT_KIND];
	memcpy(ret->digest, rule->mark + AT_DIGEST, 16);
	for (size_t i = 0; i < 8; i++)
		ret->applied = ret->applied << 8 | rule->mark[AT_TIME + i];
	memcpy(ret->seal, rule->mark + AT_SEAL, SG_SEAL_SIZE);
	memcpy(ret->place, rule->mark + AT_PLACE, sizeof(ret->place));
	memcpy(ret->policy, rule->mark + FIXED_SIZE, length);
	return true;
}

bool sg_mark_read(const struct sg_table *table, struct sg_mark *ret)
{
	for (size_t i = 0; i < table->chain_count; i++)
		for (size_t j = 0; j < table->chains[i].rule_count; j++)
			if (read_rule(&table->chains[i].rules[j], ret))
				return true;
	return false;
}

void sg_mark_place(const char *file, uint8_t ret[16])
{
	sg_autofree char *place = strcmp(file, "-") ? realpath(file, NULL) : NULL;
	XXH128_canonical_t canonical = {{0}};

	if (place)
		XXH128_canonicalFromHash(&canonical, XXH3_128bits(place, strlen(place)));
	memcpy(ret, canonical.digest, sizeof(canonical.digest));
}

int sg_mark_holds(const struct sg_table *table, const struct sg_mark *mark, bool *ret, struct sg_error *err)
{
	uint8_t seal[SG_SEAL_SIZE];
	int sealed = sg_seal(table, seal, err);

	*ret = sealed > 0 && !memcmp(seal, mark->seal, sizeof(seal));
	return sealed < 0 ? -1 : 0;
}
