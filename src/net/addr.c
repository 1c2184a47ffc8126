/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses as numbers, and their text.
 *
 * What is taken as text is exactly what inet_pton takes: RFC 4291, section 2.2, and dotted quads of four decimal
 * numbers without leading zeros (which some programs read as octal). It is read by hand because lists have millions of
 * lines.
 */
#include <string.h>
#include "base/num.h"
#include "sockgate/addr.h"

#define ADDR_GROUPS 8 /* of 16 bits, in an IPv6 address */

unsigned int sg_addr_width(enum sg_family family)
{
	return family == SG_IPV4 ? 32 : 128;
}

sg_u128 sg_addr_bits(const void *bytes, size_t size)
{
	const uint8_t *next = bytes;
	sg_u128 bits = 0;

	while (size-- > 0)
		bits = bits << 8 | *next++;
	return bits;
}

sg_u128 sg_addr_max(enum sg_family family)
{
	return family == SG_IPV4 ? UINT32_MAX : ~(sg_u128)0;
}

/* Reads a dotted quad at *cursor and moves it behind it; what follows is the caller's to judge. */
static bool addr_scan4(const char **cursor, const char *end, uint32_t *ret)
{
	const char *p = *cursor;
	uint32_t bits = 0;

	for (int octet = 0; octet < 4; octet++) {
		unsigned int value, digit;

		if (octet && (p == end || *p++ != '.'))
			return false;
		if (p == end || (value = (unsigned int)(unsigned char)*p - '0') > 9)
			return false;
		p++;
		while (p < end && (digit = (unsigned int)(unsigned char)*p - '0') <= 9) {
			value = value ? value * 10 + digit : 256; /* a leading zero */
			if (value > 255)
				return false;
			p++;
		}
		bits = bits << 8 | value;
	}
	*cursor = p;
	*ret = bits;
	return true;
}

static int addr_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static size_t addr_scan_group(const char *text, size_t size, unsigned int *ret)
{
	size_t digits = 0;
	int digit;

	*ret = 0;
	while (digits < size && digits < 4 && (digit = addr_hex_digit(text[digits])) >= 0) {
		*ret = *ret << 4 | (unsigned int)digit;
		digits++;
	}
	return digits;
}

/* The groups before and behind a "::" are put together by the caller: `gap` is the index at which it stands. */
static bool addr_scan_groups(const char *text, size_t size, unsigned int groups[ADDR_GROUPS], size_t *ret_count,
			     size_t *ret_gap)
{
	size_t i = 0, count = 0, gap = SIZE_MAX;

	if (size >= 2 && text[0] == ':' && text[1] == ':') {
		gap = 0;
		i = 2;
	}
	while (i < size) {
		unsigned int value;
		size_t digits = addr_scan_group(text + i, size - i, &value);

		if (!digits || count == ADDR_GROUPS)
			return false;
		if (i + digits < size && text[i + digits] == '.') {
			const char *quad = text + i;
			uint32_t bits;

			if (count > ADDR_GROUPS - 2 || !addr_scan4(&quad, text + size, &bits) || quad != text + size)
				return false;
			groups[count++] = bits >> 16;
			groups[count++] = bits & 0xffff;
			break;
		}
		groups[count++] = value;
		i += digits;
		if (i == size)
			break;
		if (text[i++] != ':' || i == size)
			return false;
		if (text[i] == ':') {
			if (gap != SIZE_MAX)
				return false;
			gap = count;
			i++;
		}
	}
	*ret_count = count;
	*ret_gap = gap;
	return gap == SIZE_MAX ? count == ADDR_GROUPS : count < ADDR_GROUPS;
}

static bool addr_parse6(const char *text, size_t size, sg_u128 *ret)
{
	unsigned int groups[ADDR_GROUPS];
	size_t count, gap;
	sg_u128 bits = 0;

	if (!addr_scan_groups(text, size, groups, &count, &gap))
		return false;
	for (size_t i = 0, next = 0; i < ADDR_GROUPS; i++) {
		bool zero = gap != SIZE_MAX && i >= gap && i < gap + (ADDR_GROUPS - count);

		bits = bits << 16 | (zero ? 0 : groups[next++]);
	}
	*ret = bits;
	return true;
}

bool sg_addr_parse(const char *text, size_t size, struct sg_addr *ret)
{
	const char *cursor = text;
	uint32_t bits;

	if (addr_scan4(&cursor, text + size, &bits)) {
		if (cursor != text + size)
			return false;
		*ret = (struct sg_addr){SG_IPV4, bits};
		return true;
	}
	if (!addr_parse6(text, size, &ret->bits))
		return false;
	ret->family = SG_IPV6;
	return true;
}

static size_t addr_put_decimal(unsigned int value, char *text)
{
	char digits[10];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	for (size_t i = 0; i < count; i++)
		text[i] = digits[count - 1 - i];
	return count;
}

static size_t addr_put_hex(unsigned int value, char *text)
{
	size_t length = 0;

	for (int shift = 12; shift >= 0; shift -= 4) {
		if (length || !shift || value >> shift)
			text[length++] = "0123456789abcdef"[value >> shift & 15];
	}
	return length;
}

static size_t addr_format4(uint32_t bits, char *text)
{
	size_t length = 0;

	for (int shift = 24; shift >= 0; shift -= 8) {
		length += addr_put_decimal(bits >> shift & 255, text + length);
		if (shift)
			text[length++] = '.';
	}
	text[length] = '\0';
	return length;
}

/* RFC 5952, section 4.2: the longest run of at least two zero groups, the first of equals. */
static size_t addr_zero_run(const unsigned int groups[ADDR_GROUPS], size_t *ret_start)
{
	size_t best = 0;

	for (size_t i = 0, run = 0; i < ADDR_GROUPS; i++) {
		run = groups[i] ? 0 : run + 1;
		if (run > best) {
			best = run;
			*ret_start = i + 1 - run;
		}
	}
	return best >= 2 ? best : 0;
}

static size_t addr_format6(sg_u128 bits, char *text)
{
	unsigned int groups[ADDR_GROUPS];
	size_t length = 0, start = 0, run;

	if (bits >> 32 == 0xffff) {
		memcpy(text, "::ffff:", 7);
		return 7 + addr_format4((uint32_t)bits, text + 7);
	}
	for (size_t i = 0; i < ADDR_GROUPS; i++)
		groups[i] = (unsigned int)(bits >> (112 - 16 * i)) & 0xffff;
	run = addr_zero_run(groups, &start);
	for (size_t i = 0; i < ADDR_GROUPS; i++) {
		if (run && i == start) {
			text[length++] = ':';
			text[length++] = ':';
			i += run - 1;
			continue;
		}
		if (length && text[length - 1] != ':')
			text[length++] = ':';
		length += addr_put_hex(groups[i], text + length);
	}
	text[length] = '\0';
	return length;
}

size_t sg_addr_format(enum sg_family family, sg_u128 bits, char text[SG_ADDR_TEXT_SIZE])
{
	return family == SG_IPV4 ? addr_format4((uint32_t)bits, text) : addr_format6(bits, text);
}

/* The prefix of `length` bits that holds the address. */
static struct sg_range addr_prefix(const struct sg_addr *addr, unsigned int length)
{
	/* a shift by the whole width of the type would be undefined */
	sg_u128 host = length == sg_addr_width(addr->family) ? 0 : sg_addr_max(addr->family) >> length;

	return (struct sg_range){addr->bits & ~host, addr->bits | host};
}

static enum sg_addr_problem addr_parse_prefix(const struct sg_addr *addr, const char *text, size_t size,
					      struct sg_range *ret)
{
	uint64_t length;

	if (!sg_num_parse(text, size, sg_addr_width(addr->family), &length))
		return SG_ADDR_BAD_LENGTH;
	*ret = addr_prefix(addr, (unsigned int)length);
	return ret->first == addr->bits ? SG_ADDR_OK : SG_ADDR_HOST_BITS;
}

static enum sg_addr_problem addr_parse_range(const struct sg_addr *first, const char *text, size_t size,
					     struct sg_range *ret)
{
	struct sg_addr last;

	if (!sg_addr_parse(text, size, &last))
		return SG_ADDR_NOT_AN_ADDRESS;
	if (last.family != first->family)
		return SG_ADDR_MIXED;
	if (last.bits < first->bits)
		return SG_ADDR_REVERSED;
	*ret = (struct sg_range){first->bits, last.bits};
	return SG_ADDR_OK;
}

enum sg_addr_problem sg_range_parse(const char *text, size_t size, enum sg_family *ret_family, struct sg_range *ret)
{
	const char *end = text + size, *stop = text;
	enum sg_addr_problem problem;
	struct sg_range range;
	struct sg_addr addr;
	uint32_t bits;

	if (addr_scan4(&stop, end, &bits)) {
		addr = (struct sg_addr){SG_IPV4, bits};
	} else {
		for (stop = text; stop < end && *stop != '/' && *stop != '-'; stop++)
			;
		if (!sg_addr_parse(text, (size_t)(stop - text), &addr))
			return SG_ADDR_NOT_AN_ADDRESS;
	}
	if (stop == end) {
		range = (struct sg_range){addr.bits, addr.bits};
		problem = SG_ADDR_OK;
	} else if (*stop == '/') {
		problem = addr_parse_prefix(&addr, stop + 1, (size_t)(end - stop) - 1, &range);
	} else if (*stop == '-') {
		problem = addr_parse_range(&addr, stop + 1, (size_t)(end - stop) - 1, &range);
	} else {
		problem = SG_ADDR_NOT_AN_ADDRESS;
	}
	if (problem == SG_ADDR_OK || problem == SG_ADDR_HOST_BITS) {
		*ret_family = addr.family;
		*ret = range;
	}
	return problem;
}

const char *sg_addr_problem_text(enum sg_addr_problem problem)
{
	switch (problem) {
	case SG_ADDR_OK: return "valid";
	case SG_ADDR_NOT_AN_ADDRESS: return "not an address, prefix or range";
	case SG_ADDR_BAD_LENGTH: return "prefix length must be 0 to 32 for IPv4, 0 to 128 for IPv6";
	case SG_ADDR_HOST_BITS: return "bits are set behind the prefix length";
	case SG_ADDR_REVERSED: return "range ends before it starts";
	case SG_ADDR_MIXED: return "range goes from one address family to the other";
	}
	return "not an address, prefix or range";
}

size_t sg_range_format(enum sg_family family, const struct sg_range *range, char text[SG_RANGE_TEXT_SIZE])
{
	size_t length = sg_addr_format(family, range->first, text);
	struct sg_range prefix;
	unsigned int bits;

	if (range->first == range->last)
		return length;
	bits = sg_range_first_prefix(family, range, &prefix);
	if (prefix.last == range->last) {
		text[length++] = '/';
		length += addr_put_decimal(bits, text + length);
		text[length] = '\0';
		return length;
	}
	text[length++] = '-';
	return length + sg_addr_format(family, range->last, text + length);
}

/* The index of the lowest bit that is set; 128 for none. */
static unsigned int addr_trailing_zeros(sg_u128 bits)
{
	uint64_t low = (uint64_t)bits, high = (uint64_t)(bits >> 64);

	if (low)
		return (unsigned int)__builtin_ctzll(low);
	return high ? 64 + (unsigned int)__builtin_ctzll(high) : 128;
}

/* The index of the highest bit that is set, of a number that is not 0. */
static unsigned int addr_log2(sg_u128 bits)
{
	uint64_t low = (uint64_t)bits, high = (uint64_t)(bits >> 64);

	return high ? 127 - (unsigned int)__builtin_clzll(high) : 63 - (unsigned int)__builtin_clzll(low);
}

unsigned int sg_range_first_prefix(enum sg_family family, const struct sg_range *range, struct sg_range *ret_prefix)
{
	unsigned int width = sg_addr_width(family), host = addr_trailing_zeros(range->first);
	sg_u128 more = range->last - range->first; /* how many follow the first: one less than there are */
	unsigned int fits = more + 1 ? addr_log2(more + 1) : 128;

	if (host > fits)
		host = fits;
	if (host > width)
		host = width;
	*ret_prefix = (struct sg_range){range->first, range->first};
	if (host)
		ret_prefix->last |= ~(sg_u128)0 >> (128 - host);
	return width - host;
}
