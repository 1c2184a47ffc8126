/* SPDX-License-Identifier: GPL-2.0-or-later */
/* explain.h - what becomes of a packet, and because of which line or rule. */
#ifndef SOCKGATE_EXPLAIN_H
#define SOCKGATE_EXPLAIN_H

#include "sockgate/subject.h"
#include "sockgate/where.h"

/*
 * The question is a packet: fields that are not `fixed` mean every value, the interface "lo" aside. direction and state
 * are always taken from field[] (SG_IN and SG_CT_NEW are 0). An address fixes the family; a port needs a protocol.
 */
struct sg_explanation {
	enum sg_outcome outcome; /* NONE: no such packet (a port of a protocol without ports) */
	uint32_t *origins;       /* who decides, ascending, without 0 */
	size_t origin_count;
	/* With DEPENDS: exactly which of the packets meet which verdict; empty for those that none meets. Indexed by
	 * SG_OUTCOME_ACCEPT, DROP, REJECT, UNDECIDED. */
	struct sg_wheres by_outcome[SG_OUTCOME_DEPENDS];
	uint32_t origin_store[4]; /* where few origins are kept: the struct is not to be copied */
};
void sg_explanation_clear(struct sg_explanation *explanation);

/* A subject made ready for many questions. */
struct sg_explainer;
struct sg_explainer *sg_explainer_new(const struct sg_subject *subject, struct sg_error *err);
void sg_explainer_free(struct sg_explainer *explainer);

/* SG_ERROR_INPUT: addresses of two families, or a port without a protocol. Well under a microsecond for a packet whose
 * protocol, port and source are fixed. */
int sg_explain(struct sg_explainer *explainer, const struct sg_packet *question, struct sg_explanation *ret,
	       struct sg_error *err);

#endif
