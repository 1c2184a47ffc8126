/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decision.h - the value that everything is turned into: packet regions to verdicts, and who is responsible.
 *
 * `verdict` has an enum sg_verdict at every packet that can exist and SG_VERDICT_NONE elsewhere. `origin` has, at the
 * same packets, the number of the line or rule that decided (0: none known); its meaning belongs to who made the
 * decision. Equality is equality of `verdict`; `origin` never changes an answer. Both are references of `idd`, which
 * the decision borrows: decisions that are compared live in one context.
 */
#ifndef SOCKGATE_DECISION_H
#define SOCKGATE_DECISION_H

#include "sockgate/packet.h"

struct sg_decision {
	struct sg_idd *idd;
	sg_ref verdict;
	sg_ref origin;
};

#endif
