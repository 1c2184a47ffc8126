/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/num.h"

bool sg_num_parse(const char *text, size_t size, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (!size || (text[0] == '0' && size > 1))
		return false;
	for (size_t i = 0; i < size; i++) {
		unsigned int digit = (unsigned int)(unsigned char)text[i] - '0';

		if (digit > 9 || __builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value) || value > max)
			return false;
	}
	*ret = value;
	return true;
}
