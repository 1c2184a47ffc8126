/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coverage.h - all lines of one direction put together: what each section covers, and which line is responsible where.
 *
 * Everything here is about the levels from protocol on. "Responsible" is the line with the widest constraint, among
 * those the one with the most ports, among those the first in the file. So a line inside of another of the same section
 * is never responsible for anything, and lines that are responsible nowhere can go without changing the decision.
 */
#ifndef SG_POLICY_COVERAGE_H
#define SG_POLICY_COVERAGE_H

#include "policy/region.h"

/* From the heaviest on. GUARD has what lines with a limit or a unit speak of, whether it is met or not: where it is
 * not, and nobody else allows, they refuse. */
enum sg_coverage_section {
	SG_COVERAGE_DROP,
	SG_COVERAGE_REJECT,
	SG_COVERAGE_ALLOW,
	SG_COVERAGE_GUARD,
	SG_COVERAGE_SECTIONS,
};

/* A part of a line; sorted by section, then by right of responsibility. */
struct sg_coverage_part {
	struct sg_region_part region;
	uint32_t line;
	uint32_t rank; /* its number, from 1 */
	enum sg_coverage_section section;
	uint32_t constraint_first; /* the first line with the same constraint */
	long double constraint_share, ports_share;
};

struct sg_cover {
	sg_ref covered; /* set */
	sg_ref rank;    /* inside of it the responsible part's rank; elsewhere anything */
};

struct sg_coverage {
	enum sg_direction direction;
	enum sg_direction line_direction; /* of the lines that speak of it */
	enum sg_verdict default_verdict;  /* where neither a line nor the baseline decides */
	struct sg_coverage_part *parts;
	size_t count, room;
	struct sg_cover sections[SG_COVERAGE_SECTIONS];
	sg_ref base;        /* accepted by the baseline whatever the lines say (not by state) */
	sg_ref base_origin; /* origin numbers, 0 elsewhere */
	size_t widest;      /* ranges in the largest address set */
	struct sg_region_cache cache;
};

/* The coverage is zero-initialised. */
int sg_coverage_make(struct sg_coverage *coverage, const struct sg_policy *policy, enum sg_direction direction,
		     struct sg_idd *idd, struct sg_error *err);
/* The section of what the line allows or blocks; GUARD comes beside it. */
enum sg_coverage_section sg_coverage_section_of(const struct sg_line *line);
/* Whether a line speaks of packets of the direction. Nobody on this host holds the socket of a published port. */
bool sg_coverage_takes(const struct sg_coverage *coverage, const struct sg_line *line);
void sg_coverage_clear(struct sg_coverage *coverage);
/* The cover of some of the parts, in their order. */
int sg_coverage_of(struct sg_idd *idd, const struct sg_coverage_part *parts, size_t count, struct sg_cover *ret,
		   struct sg_error *err);
/* All packets that come in, or go out, by the interface lo. */
sg_ref sg_coverage_loopback(struct sg_idd *idd);

#endif
