/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lint.h - what sg_policy_lint finds in a policy that is valid and may yet not be what was meant.
 *
 * A warning is worth mending or silencing. A note says what may well be meant. `lint-ignore` silences an id, of a line
 * or of the whole policy.
 */
#ifndef SOCKGATE_LINT_H
#define SOCKGATE_LINT_H

#include "sockgate/diag.h"

struct sg_lint {
	const char *id; /* stable, "policy/no-effect" */
	enum sg_severity severity;
	const char *summary; /* one line, as check --list-lints has it */
};

size_t sg_lint_count(void);
const struct sg_lint *sg_lint_at(size_t index); /* in the order in which they are listed; NULL behind the last */
bool sg_lint_known(const char *id);
/* For sg_text_nearest: the ids, one after the other, then NULL. */
const char *sg_lint_next_id(size_t index, const void *unused);

#endif
