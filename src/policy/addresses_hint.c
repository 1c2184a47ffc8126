// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * addresses_hint.c - the right form of what is nearly an address: 10.0.0.*, 192.0.2.1-9, 10.0.0.0/255.0.0.0,
 * 192.0.2.1:80, 192.0.2, [2001:db8::1], !10.0.0.0/8.
 *
 * A form is only told when the text leaves no doubt of what it means.
 */
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/num.h"
#include "policy/addresses.h"
#include "policy/word.h"

#define HINT_TEXT_MOST 80 /* longer text is no single address */

/* A dotted text: as many numbers of 0-255 as it begins with, and what stands behind them. */
struct dotted {
	unsigned int numbers[4];
	size_t count;
	bool zeros; /* one has a zero in front */
	const char *rest;
};

static void hint_dotted(const char *text, struct dotted *ret)
{
	*ret = (struct dotted){.rest = text};
	while (ret->count < 4) {
		size_t digits = strspn(text, "0123456789");
		unsigned int number = 0;

		if (!digits || digits > 3)
			return;
		for (size_t i = 0; i < digits; i++)
			number = 10 * number + (unsigned int)(text[i] - '0');
		if (number > 255)
			return;
		ret->zeros = ret->zeros || (digits > 1 && text[0] == '0');
		ret->numbers[ret->count++] = number;
		text += digits;
		ret->rest = text;
		if (*text != '.')
			return;
		text++;
	}
}

/* The number that the text is, up to `most`. */
static bool hint_number(const char *text, uint64_t most, unsigned int *ret)
{
	uint64_t number;

	if (!sg_num_parse(text, strlen(text), most, &number))
		return false;
	*ret = (unsigned int)number;
	return true;
}

/* "10.0.0.*" and "10.*": a prefix. */
static bool hint_star(struct report *report, const struct dotted *dotted)
{
	const unsigned int *n = dotted->numbers;

	if (!dotted->count || dotted->count > 3 || *dotted->rest != '.' ||
	    strspn(dotted->rest, ".*") != strlen(dotted->rest))
		return false;
	if (!strchr(dotted->rest, '*'))
		return false;
	sg_report_hint(report, "write '%u.%u.%u.0/%zu'", n[0], n[1], n[2], 8 * dotted->count);
	return true;
}

/* "192.0.2" and "10/8": the other numbers are not zero by themselves. */
static bool hint_short(struct report *report, const struct dotted *dotted)
{
	const unsigned int *n = dotted->numbers;
	unsigned int bits = 8 * (unsigned int)dotted->count;

	if (!dotted->count || dotted->count > 3 || dotted->zeros)
		return false;
	if (*dotted->rest == '/' && !hint_number(dotted->rest + 1, 32, &bits))
		return false;
	if (*dotted->rest != '/' && (*dotted->rest || dotted->count == 1))
		return false;
	sg_report_hint(report, "an IPv4 address has four numbers: '%u.%u.%u.0/%u'", n[0], n[1], n[2], bits);
	return true;
}

/* Behind a whole IPv4 address: a port, or the last number of a range. */
static bool hint_behind(struct report *report, const struct dotted *dotted)
{
	const unsigned int *n = dotted->numbers;
	unsigned int number;

	if (dotted->count != 4)
		return false;
	if (dotted->zeros && !*dotted->rest) {
		sg_report_hint(report, "numbers have no zeros in front; if they are decimal, write '%u.%u.%u.%u'", n[0],
			       n[1], n[2], n[3]);
		return true;
	}
	if (*dotted->rest == ':' && hint_number(dotted->rest + 1, 65535, &number)) {
		sg_report_hint(report, "the port stands apart: '{port: %u, from: %u.%u.%u.%u}'", number, n[0], n[1],
			       n[2], n[3]);
		return true;
	}
	if (*dotted->rest != '-' || !hint_number(dotted->rest + 1, 255, &number))
		return false;
	sg_report_hint(report, "write both ends: '%u.%u.%u.%u-%u.%u.%u.%u'", n[0], n[1], n[2], n[3], n[0], n[1], n[2],
		       number);
	return true;
}

/* What stands around an address, or between several. */
static bool hint_around(struct report *report, const char *text)
{
	if (*text == '!' || !strncmp(text, "not ", 4))
		sg_report_hint(report,
			       "sources are taken out under 'except': {port: 22, from: office, except: 192.0.2.66}");
	else if (!strcmp(text, "*"))
		sg_report_hint(report, SG_ADDRESSES_HINT_ALL);
	else if (strchr(text, '%'))
		sg_report_hint(report, "leave the zone out; 'interface' says where a packet comes in");
	else if (*text == '[')
		sg_report_hint(report, "leave the brackets out");
	else if (strchr(text, ','))
		sg_report_hint(report, "several are a list: [192.0.2.1, 192.0.2.2]");
	else if (strstr(text, " -") || strstr(text, "- "))
		sg_report_hint(report, "a range has no blanks: 192.0.2.1-192.0.2.9");
	else if (*text == ' ' || *text == '\t' || (*text && strchr(" \t", text[strlen(text) - 1])))
		sg_report_hint(report, "leave the blanks out");
	else
		return false;
	return true;
}

void sg_addresses_hint(struct report *report, const char *text, size_t size)
{
	char copy[HINT_TEXT_MOST + 1] = "";
	struct dotted dotted;

	if (size < sizeof(copy))
		memcpy(copy, text, size);
	hint_dotted(copy, &dotted);
	if (hint_around(report, copy) || hint_star(report, &dotted) || hint_short(report, &dotted) ||
	    hint_behind(report, &dotted))
		return;
	sg_report_hint(report, "as in 192.0.2.1, 192.0.2.0/24, 192.0.2.1-192.0.2.9, 2001:db8::/32");
}

void sg_addresses_hint_mask(struct report *report, const char *text, size_t size)
{
	char copy[HINT_TEXT_MOST + 1] = "";
	struct dotted address, mask;
	uint32_t bits = 0;
	int length = 0;

	if (size < sizeof(copy))
		memcpy(copy, text, size);
	hint_dotted(copy, &address);
	if (address.count != 4 || *address.rest != '/')
		return;
	hint_dotted(address.rest + 1, &mask);
	if (mask.count != 4 || *mask.rest)
		return;
	for (size_t i = 0; i < 4; i++)
		bits = bits << 8 | mask.numbers[i];
	while (length < 32 && bits >> (31 - length) & 1)
		length++;
	if (length < 32 && bits << length)
		sg_report_hint(report,
			       "a netmask is the number of its leading bits, and this one has others: name each "
			       "prefix apart");
	else
		sg_report_hint(report, "write a netmask as the number of its bits: '%.*s/%d'",
			       (int)(address.rest - copy), copy, length);
}
