/* SPDX-License-Identifier: GPL-2.0-or-later */
/* applied.h - the policy that was applied, for naming its lines where the kernel knows only rules. */
#ifndef SG_CLI_APPLIED_H
#define SG_CLI_APPLIED_H

#include "cli/here.h"
#include "cli/host.h"

/* Zero-initialised is empty; not to be copied once it is made. */
struct applied {
	bool found;
	struct loaded loaded;
	struct here here;    /* its subject decides as the kernel's rules do: proven */
	struct sg_diff diff; /* from it: the same changes, in the same order, as from the kernel */
};
/*
 * Reads the file that the table's note names. Not found, which is no error: there is no note, the file is another or
 * gone, it is not valid, or the kernel decides otherwise than it says. `diff` goes from the kernel to `to`.
 */
int applied_find(struct session *session, const struct rules *rules, const struct sg_subject *to,
		 const struct sg_diff *diff, struct applied *ret, struct sg_error *err);
void applied_clear(struct applied *applied);

#endif
