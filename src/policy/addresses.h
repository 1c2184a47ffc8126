/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addresses.h - words that stand for addresses: literals and names of groups. */
#ifndef SG_POLICY_ADDRESSES_H
#define SG_POLICY_ADDRESSES_H

#include "policy/merge.h"

enum addresses_word { ADDRESSES_BAD, ADDRESSES_LITERAL, ADDRESSES_GROUP };

/* Reads one scalar: a literal goes into `merge`, of a group the number is returned. BAD was reported, or no memory. */
enum addresses_word sg_addresses_word(struct reader *reader, uint32_t node, struct merge_addresses *merge,
				      size_t *ret_group);

/* Reports why text is no literal; `family` and `range` are what sg_range_parse gave with the problem. */
void sg_addresses_report(struct report *report, struct sg_span span, const char *text, size_t size,
			 enum sg_addr_problem problem, enum sg_family family, const struct sg_range *range);

/* What to write for every address. */
#define SG_ADDRESSES_HINT_ALL                                                                                          \
	"leave 'from' or 'to' out for every address; a group of all is [0.0.0.0/0, \"::/0\"]"

/* Adds a hint to the newest error: the right form of a text that is nearly an address, or of one with a netmask. */
void sg_addresses_hint(struct report *report, const char *text, size_t size);
void sg_addresses_hint_mask(struct report *report, const char *text, size_t size);

/*
 * Whether the range is one of IPv4-mapped addresses (RFC 4291, 2.5.5.2), which is how programs show the IPv4 peers of an
 * IPv6 socket: it looks like IPv4 and matches IPv6 packets alone. Such a range is refused; the second reports it.
 */
bool sg_addresses_is_mapped(enum sg_family family, const struct sg_range *range);
void sg_addresses_report_mapped(struct report *report, struct sg_span span, const char *text, size_t size,
				const struct sg_range *range);

/* A list of literals and groups (all scalars), resolved. False: reported, or no memory. */
bool sg_addresses_read(struct reader *reader, uint32_t list, struct sg_addresses *ret);

#endif
