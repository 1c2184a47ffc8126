/* SPDX-License-Identifier: GPL-2.0-or-later */
/* num.h - numbers as text: decimal only, no sign, no space, no leading zero (but "0"), nothing behind. */
#ifndef SG_BASE_NUM_H
#define SG_BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads all `size` bytes as a decimal number of at most `max`. False when it is not one; *ret is then untouched. */
bool sg_num_parse(const char *text, size_t size, uint64_t max, uint64_t *ret);

#endif
