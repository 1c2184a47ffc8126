/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lint.h - the lints by number, and what they have in common. */
#ifndef SG_POLICY_LINT_H
#define SG_POLICY_LINT_H

#include "policy/coverage.h"
#include "policy/model.h"
#include "sockgate/condition.h"
#include "sockgate/lint.h"

enum lint_number {
	LINT_NO_EFFECT,
	LINT_PARTLY_BLOCKED,
	LINT_WIDE_OPEN,
	LINT_ODD_SOURCE,
	LINT_ODD_DESTINATION,
	LINT_UNUSED_NAME,
	LINT_OVERLAP,
	LINT_ONE_FAMILY,
	LINT_ONE_FAMILY_BLOCK,
	LINT_NO_SSH,
	LINT_UNIT_RESTART,
	LINT_COUNT,
};

struct lint {
	const struct sg_policy *policy;
	const struct sg_decision *decision;
	struct sg_idd *idd;
	struct sg_diags *diags;
	struct sg_error *err;
	bool *matters;         /* per line: responsible for a packet that nothing of more weight decides, or logs one */
	struct sg_world world; /* now, with all conditions met: what a line that has some reaches */
	struct sg_region_cache cache;
};

/* Each adds what it finds to the diagnostics. 0, or -1 with the lint's err. */
int sg_lint_effect(struct lint *lint, enum sg_direction direction); /* fills in `matters`; the others come after it */
int sg_lint_overlap(struct lint *lint);
int sg_lint_names(struct lint *lint);
int sg_lint_sources(struct lint *lint);
/* Those of the packets that another host can send: without the sources and destinations that lint_sources.c names.
 * set: inbound, over the levels from port on. */
sg_ref sg_lint_carried(struct lint *lint, sg_ref set);
int sg_lint_ports(struct lint *lint); /* wide-open, no-ssh */
int sg_lint_families(struct lint *lint);
int sg_lint_shut(struct lint *lint); /* one-family-block */
int sg_lint_units(struct lint *lint);

/* What a unit's drop-in says so that its start applies the policy. A failure is none of the unit's ("-"), and its user and
 * confinement do not hold ("+"). */
#define SG_LINT_UNIT_DROP_IN "[Service]\nExecStartPost=-+" SOCKGATE_PROGRAM " -q apply"

/* Whether the policy, and the line unless it is NULL, lets the lint be reported. */
bool sg_lint_wanted(const struct lint *lint, enum lint_number number, const struct sg_line *line);
/* A diagnostic; sg_diag_hint adds to it. */
#define lint_add(lint, number, span, ...)                                                                              \
	sg_diag_add((lint)->diags, sg_lint_at(number)->severity, sg_lint_at(number)->id, span, __VA_ARGS__)
/* The err of a set that failed; -1. */
int sg_lint_failed(struct lint *lint);
/* Lines that were one in the file ("tcp+udp" of a service with other ports under each) are judged as one: the line
 * behind the last of those that begin at `first`. */
size_t sg_lint_item_end(const struct lint *lint, size_t first);
bool sg_lint_matters(const struct lint *lint, size_t first, size_t next); /* any of them */

/* The new packets of the direction that the decision accepts by whatever interface but lo when all conditions are met,
 * over the levels from protocol on. */
sg_ref sg_lint_accepted(struct lint *lint, enum sg_direction direction);
/* The other hosts of a line: `to` under 'outbound', else `from`. */
const struct sg_addresses *sg_lint_peers(const struct sg_line *line);
bool sg_lint_has_peers(const struct sg_line *line);
/* Whether half of the family's addresses or more are in the set, on every interface but lo and at one local address at
 * least. set: over the levels from interface on. */
bool sg_lint_is_open(struct sg_idd *idd, sg_ref set, enum sg_family family);
/* Whether the addresses are half of all that there are or more: of IPv4, or of 2000::/3, the IPv6 that is routed. */
bool sg_lint_is_wide(enum sg_family family, const struct sg_ranges *set);

/* sg_region_parts of a line without its conditions. */
size_t sg_lint_parts(struct lint *lint, const struct sg_line *line, struct sg_region_part ret[2]);

#endif
