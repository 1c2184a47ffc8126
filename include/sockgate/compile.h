/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compile.h - a decision as a table of rules. */
#ifndef SOCKGATE_COMPILE_H
#define SOCKGATE_COMPILE_H

#include "sockgate/decision.h"
#include "sockgate/ruleset.h"

#define SG_TABLE_NAME   "sockgate"
#define SG_TABLE_FAMILY 1 /* NFPROTO_INET */

/*
 * What makes the rules read as the policy does. Hints never change the meaning: one that does not fit the decision is
 * left aside.
 */
struct sg_compile_prelude {
	enum sg_direction direction;
	sg_ref region;       /* packets with one and the same verdict for every protocol and port */
	const char *comment; /* NULL: none */
	uint32_t origin;
};
struct sg_compile_name {
	const char *name; /* of an address group */
	sg_ref v4, v6;    /* its sets at SG_FIELD_REMOTE4 and SG_FIELD_REMOTE6 */
};
struct sg_compile_hints {
	const struct sg_compile_prelude *preludes;
	size_t prelude_count;
	const struct sg_compile_name *names;
	size_t name_count;
	const char *(*comment)(uint32_t origin, const void *data); /* NULL function or result: no comment */
	const void *data;
};

/*
 * Fills ret (a zeroed table) with table inet sockgate: eval(compile(d)) == d for every decision whose interface
 * boundaries are names or name prefixes and that accepts all forwarded packets (SG_ERROR_INPUT otherwise). Outbound
 * packets, and those to published ports, get a base chain when not all of them are accepted.
 */
int sg_compile(const struct sg_decision *decision, const struct sg_compile_hints *hints, struct sg_table *ret,
	       struct sg_error *err);

#endif
