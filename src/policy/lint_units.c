/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lint_units.c - lines whose port closes when a unit restarts.
 *
 * Rules know a unit by its control group, which is made anew at each start. Until the policy is applied again they name the
 * former one, and the port is closed. The unit can see to that itself; what it takes is in the hint.
 */
#include <string.h>
#include "policy/lint.h"

static bool units_is_service(const char *unit)
{
	size_t length = strlen(unit), size = strlen(".service");

	return length > size && !strcmp(unit + length - size, ".service");
}

/* Whether a line before this one has been warned of for the same unit: one drop-in is enough for all. */
static bool units_is_told(const struct lint *lint, size_t before, const char *unit)
{
	for (size_t i = 0; i < before; i++) {
		const struct sg_line *line = sg_policy_line(lint->policy, i);

		if (line->unit && !strcmp(line->unit, unit) && sg_lint_wanted(lint, LINT_UNIT_RESTART, line))
			return true;
	}
	return false;
}

static void units_report(struct lint *lint, const struct sg_line *line)
{
	lint_add(lint, LINT_UNIT_RESTART, line->span,
		 "'%s' closes whenever '%s' starts anew, until the policy is applied again", line->path, line->unit);
	if (units_is_service(line->unit))
		sg_diag_hint(lint->diags, "let the unit apply it, by /etc/systemd/system/%s.d/sockgate.conf:\n%s", line->unit,
			     SG_LINT_UNIT_DROP_IN);
	else
		sg_diag_hint(lint->diags, "run 'sockgate apply' whenever the scope was made");
}

int sg_lint_units(struct lint *lint)
{
	for (size_t i = 0; i < sg_policy_lines(lint->policy); i++) {
		const struct sg_line *line = sg_policy_line(lint->policy, i);

		if (line->unit && sg_lint_wanted(lint, LINT_UNIT_RESTART, line) && !units_is_told(lint, i, line->unit))
			units_report(lint, line);
	}
	return 0;
}
