/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seal.h - one number for what a table decides, by which it is known again. */
#ifndef SG_APPLY_SEAL_H
#define SG_APPLY_SEAL_H

#include "sockgate/ruleset.h"

#define SG_SEAL_SIZE 16

/*
 * XXH3-128 of all that packets can meet in the table: its flags, base chains, the chains and sets that those lead to,
 * with every rule and every element. Handles, marks, comments of people and versions of names ("in_ports.2") are left
 * out, and so is who is in a set that packets fill. Equal tables have equal seals before and after they were in the
 * kernel. It notices changes; it does not withstand forgery.
 *
 * 1: *ret is the seal. 0: the table has parts that are not understood, and no seal. -1: no memory.
 */
int sg_seal(const struct sg_table *table, uint8_t ret[SG_SEAL_SIZE], struct sg_error *err);

#endif
