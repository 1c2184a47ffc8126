/* SPDX-License-Identifier: GPL-2.0-or-later */
/* contents.h - reading our table without reading again what large sets are known to hold. */
#ifndef SG_APPLY_CONTENTS_H
#define SG_APPLY_CONTENTS_H

#include "apply/transition.h"
#include "sockgate/kernel_rules.h"

struct sg_contents;

/* With what former runs left; that there is nothing, or nothing usable, is no error. NULL: out of memory. */
struct sg_contents *sg_contents_open(struct sg_kernel *kernel);
void sg_contents_free(struct sg_contents *contents);

/*
 * Our table as it stands, exactly (other tables by name only); NULL when there is none. `expected` (may be NULL) is
 * what a large set may well hold: it is asked for instead of read when that is enough to be certain.
 */
int sg_contents_read(struct sg_contents *contents, struct sg_kernel *kernel, const struct sg_table *expected,
		     struct sg_ruleset *ret, const struct sg_table **ret_table, struct sg_error *err);
/* A transaction of ours, tied to generation `from`, made generation `to`; `edited` are the sets whose elements it
 * changed in place. What it left alone is known still. */
void sg_contents_advance(struct sg_contents *contents, uint32_t from, uint32_t to, const char *const *edited,
			 size_t edited_count);
/* Keeps what was read at the generation for the next run. That it cannot is no error. */
void sg_contents_store(struct sg_contents *contents, uint32_t generation);

#endif
