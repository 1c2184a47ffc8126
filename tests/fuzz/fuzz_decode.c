/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says about rulesets, as anything but that. What was understood completely must come through the
 * encoder and back unchanged.
 */
#include "messages.h"
#include "sockgate/buf.h"
#include "sockgate/listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_set(const struct sg_set *set)
{
	size_t length = set->key_length, stride = sg_set_stride(set);

	if (set->raw || (set->unknown && !set->unknown_reason) || (set->count && !set->keys))
		abort();
	if (sg_set_is_filled(set) && set->count)
		abort();
	for (size_t i = 0; i < set->count && !set->unknown; i++) {
		const uint8_t *key = set->keys + i * stride;

		if (i && memcmp(key - stride, key, stride) > 0)
			abort();
		/* of one field: in order, and without overlap */
		if (!(set->flags & SG_SET_INTERVAL) || set->flags & SG_SET_CONCAT)
			continue;
		if (memcmp(key, key + length, length) > 0 || (i && memcmp(key - length, key, length) >= 0))
			abort();
	}
}

/* Through the encoder and back; false: the table cannot be written, or is not understood. */
static void check_round_trip(const struct sg_table *table)
{
	sg_cleanup(sg_ruleset_clear) struct sg_ruleset again = {0};
	struct sg_wire *wire = sg_wire_new();
	const void *bytes;
	size_t size;

	if (!wire)
		abort();
	sg_wire_begin(wire, 1, 0);
	sg_wire_add_whole_table(wire, table);
	if (sg_wire_end(wire, &bytes, &size, NULL) == 0) {
		for (const uint8_t *at = bytes, *end = at + size; at < end;) {
			struct nlmsghdr header;

			memcpy(&header, at, sizeof(header));
			if (header.nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES &&
			    sg_wire_decode(&again, at, header.nlmsg_len, NULL) < 0)
				abort();
			at += (header.nlmsg_len + 3U) & ~3U;
		}
		if (sg_wire_finish(&again, NULL) < 0 || again.table_count != 1)
			abort();
		if (sg_table_equal(table, table) && !sg_table_equal(table, &again.tables[0]))
			abort();
	}
	sg_wire_free(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sg_cleanup(sg_ruleset_clear) struct sg_ruleset ruleset = {0};

	if (!messages_decode(&ruleset, data, size))
		return 0;
	for (size_t i = 0; i < ruleset.table_count; i++) {
		const struct sg_table *table = &ruleset.tables[i];
		sg_cleanup(sg_buf_clear) struct sg_buf text = {0};

		for (size_t j = 0; j < table->set_count; j++)
			check_set(&table->sets[j]);
		(void)sg_listing_table(table, &text, NULL);
		/* the kernel has no two objects of one name */
		if (!messages_name_twice(table))
			check_round_trip(table);
	}
	return 0;
}
