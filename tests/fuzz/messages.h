/* SPDX-License-Identifier: GPL-2.0-or-later */
/* messages.h - inputs that are a row of nf_tables messages: kind, family, length (2 bytes, least first), attributes. */
#ifndef TESTS_FUZZ_MESSAGES_H
#define TESTS_FUZZ_MESSAGES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include "base/mem.h"
#include "sockgate/wire.h"

#define MESSAGE_HEAD (sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg))

/* In memory of exactly its size, so that a byte too far is noticed. */
static int message_decode(struct sg_ruleset *ruleset, uint8_t kind, uint8_t family, const uint8_t *attrs, size_t size)
{
	struct nlmsghdr header = {.nlmsg_len = (uint32_t)(MESSAGE_HEAD + size),
				  .nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | kind)};
	struct nfgenmsg generic = {.nfgen_family = family};
	sg_autofree uint8_t *message = malloc(MESSAGE_HEAD + size);

	if (!message)
		abort();
	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), &generic, sizeof(generic));
	memcpy(message + MESSAGE_HEAD, attrs, size);
	return sg_wire_decode(ruleset, message, MESSAGE_HEAD + size, NULL);
}

/* All of an input; false: it makes no ruleset. */
static bool messages_decode(struct sg_ruleset *ruleset, const uint8_t *data, size_t size)
{
	while (size >= 4) {
		size_t length = (size_t)data[2] | (size_t)data[3] << 8;

		if (length > size - 4)
			length = size - 4;
		(void)message_decode(ruleset, data[0], data[1], data + 4, length);
		data += 4 + length;
		size -= 4 + length;
	}
	return sg_wire_finish(ruleset, NULL) == 0;
}

/* The kernel has no two objects of one name. */
static bool messages_name_twice(const struct sg_table *table)
{
	for (size_t i = 0; i < table->set_count; i++) {
		if (sg_table_set(table, table->sets[i].name) != &table->sets[i])
			return true;
	}
	for (size_t i = 0; i < table->chain_count; i++) {
		if (sg_table_chain(table, table->chains[i].name) != &table->chains[i])
			return true;
	}
	return false;
}

#endif
