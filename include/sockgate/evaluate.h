/* SPDX-License-Identifier: GPL-2.0-or-later */
/* evaluate.h - a table of rules as a decision: what the kernel does with every packet, or "unknown", never a guess. */
#ifndef SOCKGATE_EVALUATE_H
#define SOCKGATE_EVALUATE_H

#include "sockgate/decision.h"
#include "sockgate/ruleset.h"

/* What the evaluator does not know has a level of its own: the outcome of a test, 0 or 1; or a verdict, of three. */
struct sg_unknown {
	size_t level;
	char *identity;                 /* equal tests have equal identities */
	char *reason;                   /* "expression 'xfrm' in chain input, rule 12" */
};

/* Where a verdict was made: origin numbers of an evaluation are indexes (from 1) into places. */
struct sg_place {
	const struct sg_table *table;
	const struct sg_chain *chain;   /* NULL: no table of ours hooks this direction */
	const struct sg_rule *rule;     /* NULL: the chain's policy */
	size_t rule_index;
};

struct sg_evaluation {
	/* Over the packet levels and the levels of `unknowns`. The log has only rules of the form that the compiler writes
	 * (a limit, and a prefix that ends with the verdict), with one logging for each. The last logging stands for
	 * packets that two such rules log, or whose verdict is not the one in the prefix: it equals no policy's. */
	struct sg_decision decision;
	struct sg_logging *loggings;    /* owned, with their prefixes; the names point into the table */
	struct sg_unknown *unknowns;
	size_t unknown_count, unknown_room;
	struct sg_place *places;        /* borrowed pointers into the table */
	size_t place_count, place_room;
};

/*
 * Evaluates one table on the input, forward and output hooks in the caller's context (levels may be added to it).
 * Equal stateless tests share their level, so that correlation survives. Each verdict that the kernel may give a packet
 * is the decision's for some value of the unknowns.
 */
int sg_evaluate(struct sg_idd *idd, const struct sg_table *table, struct sg_evaluation *ret, struct sg_error *err);
void sg_evaluation_clear(struct sg_evaluation *evaluation);

/* Three answers about whether the evaluation decides as `decision` does. */
enum sg_answer { SG_PROVEN, SG_REFUTED, SG_UNDECIDED };
/* REFUTED: *ret_packet differs whatever the unknowns are. UNDECIDED: *ret_packet differs for some of them, and
 * *ret_unknown is an index of one that is to blame. */
int sg_evaluation_compare(struct sg_evaluation *evaluation, const struct sg_decision *decision, enum sg_answer *ret,
			  struct sg_packet *ret_packet, size_t *ret_unknown, struct sg_error *err);

/* Compares in the same way what is logged. Call it after the verdicts were proven equal. */
int sg_evaluation_compare_logs(struct sg_evaluation *evaluation, const struct sg_decision *decision, enum sg_answer *ret,
			       struct sg_packet *ret_packet, size_t *ret_unknown, struct sg_error *err);

#endif
