/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addr.h - IPv4 and IPv6 addresses, ranges, prefixes, and sets of them. */
#ifndef SOCKGATE_ADDR_H
#define SOCKGATE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "sockgate/error.h"

typedef unsigned __int128 sg_u128;

enum sg_family { SG_IPV4 = 0, SG_IPV6 = 1 };

/* An IPv4 address is its 32 bits as a number (192.0.2.1 is 0xc0000201), an IPv6 address its 128. */
struct sg_addr {
	enum sg_family family;
	sg_u128 bits;
};

/* All addresses from first to last, both included; first <= last. */
struct sg_range {
	sg_u128 first, last;
};

#define SG_ADDR_TEXT_SIZE 48   /* longest text with its NUL */
#define SG_PREFIX_TEXT_SIZE 52
#define SG_RANGE_TEXT_SIZE 96

sg_u128 sg_addr_bits(const void *bytes, size_t size);     /* of 4 or 16 bytes in network order, not aligned */
sg_u128 sg_addr_max(enum sg_family family);                /* the last address of the family */
unsigned int sg_addr_width(enum sg_family family);         /* 32 or 128 */

/* Text as RFC 4291/5952 and dotted quads without leading zeros have it; no zone. False when it is not one. */
bool sg_addr_parse(const char *text, size_t size, struct sg_addr *ret);
/* RFC 5952 text; v4-mapped addresses as ::ffff:192.0.2.1. Returns the length. */
size_t sg_addr_format(enum sg_family family, sg_u128 bits, char text[SG_ADDR_TEXT_SIZE]);

enum sg_addr_problem {
	SG_ADDR_OK = 0,
	SG_ADDR_NOT_AN_ADDRESS,
	SG_ADDR_BAD_LENGTH,        /* prefix length not a number or too long for the family */
	SG_ADDR_HOST_BITS,         /* bits set behind the prefix length; *ret is the prefix that holds it */
	SG_ADDR_REVERSED,          /* range whose end is before its start */
	SG_ADDR_MIXED,             /* range from one family to the other */
};

/* An address, a prefix (192.0.2.0/24) or a range (192.0.2.1-192.0.2.9). *ret_* are set on OK and HOST_BITS. Fast: a
 * million lines are parsed in well under a second. */
enum sg_addr_problem sg_range_parse(const char *text, size_t size, enum sg_family *ret_family, struct sg_range *ret);
const char *sg_addr_problem_text(enum sg_addr_problem problem);

/* Shortest exact text: address, prefix, or first-last. Returns the length. */
size_t sg_range_format(enum sg_family family, const struct sg_range *range, char text[SG_RANGE_TEXT_SIZE]);

/* The largest prefix that begins at range.first and lies inside the range; returns its length in bits. Walking with
 * range.first = last of it + 1 gives the fewest prefixes that cover the range. */
unsigned int sg_range_first_prefix(enum sg_family family, const struct sg_range *range, struct sg_range *ret_prefix);

/*
 * Sets of addresses of one family: after sg_ranges_normalise sorted, disjoint and not adjacent.
 * Zero-initialised is the empty set. Every operation takes and gives normalised sets. What *ret held before is
 * overwritten, not freed: it is no set that owns memory, and none of the operands.
 */
struct sg_ranges {
	struct sg_range *items;
	size_t count, room;
};

void sg_ranges_clear(struct sg_ranges *set);
int sg_ranges_add(struct sg_ranges *set, const struct sg_range *range, struct sg_error *err); /* not normalised after */
void sg_ranges_normalise(struct sg_ranges *set);           /* O(n log n); linear when already sorted */
int sg_ranges_copy(const struct sg_ranges *set, struct sg_ranges *ret, struct sg_error *err);
int sg_ranges_union(const struct sg_ranges *a, const struct sg_ranges *b, struct sg_ranges *ret, struct sg_error *err);
int sg_ranges_subtract(const struct sg_ranges *a, const struct sg_ranges *b, struct sg_ranges *ret,
		       struct sg_error *err);
bool sg_ranges_contain(const struct sg_ranges *set, sg_u128 address);   /* O(log n) */
bool sg_ranges_equal(const struct sg_ranges *a, const struct sg_ranges *b);

#endif
