/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, prefixes and ranges as text: what is taken is written again, and reads as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "sockgate/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sg_range range, again;
	enum sg_family family, family_again;
	enum sg_addr_problem problem = sg_range_parse((const char *)data, size, &family, &range);
	char text[SG_RANGE_TEXT_SIZE];
	size_t length;

	if (problem != SG_ADDR_OK && problem != SG_ADDR_HOST_BITS)
		return 0;
	if (range.first > range.last || range.last > sg_addr_max(family))
		abort();
	length = sg_range_format(family, &range, text);
	if (length >= sizeof(text) || strlen(text) != length)
		abort();
	if (sg_range_parse(text, length, &family_again, &again) != SG_ADDR_OK || family_again != family ||
	    again.first != range.first || again.last != range.last)
		abort();
	return 0;
}
