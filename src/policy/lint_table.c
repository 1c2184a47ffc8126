// SPDX-License-Identifier: GPL-2.0-or-later
/* The lints that there are: ids, severities and what --list-lints says. */
#include <string.h>
#include "base/mem.h"
#include "policy/lint.h"

/* In the order of enum lint_number. */
static const struct sg_lint lints[] = {
	[LINT_NO_EFFECT] = {"policy/no-effect", SG_SEVERITY_WARNING,
			    "a line decides nothing: a block, the baseline, the default or wider lines do"},
	[LINT_PARTLY_BLOCKED] =
		{"policy/partly-blocked", SG_SEVERITY_WARNING,
		 "a block of ports takes away a part of what a line allows; not one of listed addresses"},
	[LINT_WIDE_OPEN] = {"policy/wide-open", SG_SEVERITY_WARNING,
			    "a database's or management port is open to half of all addresses or more"},
	[LINT_ODD_SOURCE] =
		{"policy/odd-source", SG_SEVERITY_WARNING,
		 "a line allows sources that no packet of another host has: loopback, multicast, 0.0.0.0 and ::"},
	[LINT_ODD_DESTINATION] = {"policy/odd-destination", SG_SEVERITY_WARNING,
				  "a line names destinations that no packet has: 0.0.0.0 and ::, or loopback"},
	[LINT_UNUSED_NAME] = {"policy/unused-name", SG_SEVERITY_WARNING,
			      "a group, a service or a set of interfaces that no line and no test names"},
	[LINT_OVERLAP] = {"policy/overlap", SG_SEVERITY_NOTE,
			  "lines that differ in nothing but their ports, or in one constraint, and could be one"},
	[LINT_ONE_FAMILY] = {"policy/one-family", SG_SEVERITY_NOTE,
			     "ports are open to addresses of one family, and shut for all of the other"},
	[LINT_ONE_FAMILY_BLOCK] = {"policy/one-family-block", SG_SEVERITY_WARNING,
				   "a block shuts ports for one family, and the default lets the other one in"},
	[LINT_NO_SSH] = {"policy/no-ssh", SG_SEVERITY_NOTE, "SSH cannot be reached from anywhere"},
	[LINT_UNIT_RESTART] = {"unit/restart", SG_SEVERITY_WARNING,
			       "a line's port closes whenever its unit starts anew, until the policy is applied"},
};
_Static_assert(SG_COUNT(lints) == LINT_COUNT, "every lint has its row");

size_t sg_lint_count(void)
{
	return LINT_COUNT;
}

const struct sg_lint *sg_lint_at(size_t index)
{
	return index < LINT_COUNT ? &lints[index] : NULL;
}

bool sg_lint_known(const char *id)
{
	for (size_t i = 0; i < LINT_COUNT; i++) {
		if (!strcmp(lints[i].id, id))
			return true;
	}
	return false;
}

const char *sg_lint_next_id(size_t index, const void *unused)
{
	(void)unused;
	return index < LINT_COUNT ? lints[index].id : NULL;
}
