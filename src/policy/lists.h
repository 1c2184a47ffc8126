/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lists.h - list files: one address, range or prefix a line. */
#ifndef SG_POLICY_LISTS_H
#define SG_POLICY_LISTS_H

#include "policy/merge.h"

#define LISTS_MOST        1000U        /* files of one policy */
#define LISTS_SIZE_MOST   (256U << 20) /* bytes of one file */
#define LISTS_ERRORS_MOST 20U          /* bad lines of a file that are shown */

/* Reads the file that a scalar names, or finds what it gave when it was named before. False: reported, or no memory. */
bool sg_lists_read(struct reader *reader, uint32_t node, struct sg_addresses *ret);
/* The same path as the policy's own file would have it. NULL: no memory. */
const char *sg_lists_word(struct reader *reader, uint32_t node);
void sg_lists_free(struct lists *lists);

#endif
