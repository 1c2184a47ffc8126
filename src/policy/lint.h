/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lint.h - the lints by number. */
#ifndef SG_POLICY_LINT_H
#define SG_POLICY_LINT_H

#include "sockgate/lint.h"

enum lint_number {
	LINT_NO_EFFECT,
	LINT_PARTLY_BLOCKED,
	LINT_WIDE_OPEN,
	LINT_ODD_SOURCE,
	LINT_UNUSED_NAME,
	LINT_OVERLAP,
	LINT_ONE_FAMILY,
	LINT_NO_SSH,
	LINT_COUNT,
};

#endif
