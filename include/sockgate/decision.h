/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decision.h - the value that everything is turned into: packet regions to verdicts, and who is responsible.
 *
 * `verdict` has an enum sg_verdict at every packet that can exist and SG_VERDICT_NONE elsewhere. `origin` has, at the
 * same packets, the number of the line or rule that decided (0: none known); its meaning belongs to who made the
 * decision. Equality is equality of `verdict`; `origin` never changes an answer. All are references of `idd`, which
 * the decision borrows: decisions that are compared live in one context.
 *
 * Ten thousand lines that each leave out a million blocked addresses are ten thousand different functions in `origin`,
 * where they are one in `verdict`. So who makes a decision may give an origin for each verdict apart, which is right
 * where that verdict is and says anything elsewhere; `origin` is SG_IDD_EMPTY then when it would be too large. Ask with
 * sg_decision_origin.
 */
#ifndef SOCKGATE_DECISION_H
#define SOCKGATE_DECISION_H

#include "sockgate/packet.h"

#define SG_VERDICTS 4 /* of enum sg_verdict */

/* How packets are logged. */
struct sg_logging {
	const char *name;   /* what the chain that logs is called after: letters, digits, '_', '-' */
	const char *prefix; /* of each line in the log, at most SG_LOG_PREFIX_MAX bytes */
	uint32_t rate;      /* at most so many packets … */
	uint32_t seconds;   /* … in so many seconds: 1, 60, 3600, 86400 */
	bool has_group;     /* to this group of nfnetlink_log instead of the kernel's log */
	uint16_t group;
};
#define SG_LOG_PREFIX_MAX 127 /* NF_LOG_PREFIXLEN of linux/netfilter/nf_log.h, less the NUL */
/*
 * Whether two loggings have the same label, rate and group. The file and the line number in the prefix do not count:
 * "sockgate old.yaml:24 scrape" is the same as "sockgate new.yaml:30 scrape".
 */
bool sg_logging_same(const struct sg_logging *a, const struct sg_logging *b);
/* The burst of a log: how many packets it takes at once. */
static inline uint32_t sg_logging_burst(uint32_t rate)
{
	return rate < 5 ? rate : 5;
}

struct sg_decision {
	struct sg_idd *idd;
	sg_ref verdict;
	sg_ref origin;
	sg_ref by_verdict[SG_VERDICTS]; /* 0, which is no reference: `origin` serves */
	/* Which packets are logged: index from 1 into loggings; 0: not at all. 0, which is no reference: none is. */
	sg_ref log;
	const struct sg_logging *loggings; /* borrowed */
	size_t logging_count;
};

/* The origins of packets with that verdict: terminals elsewhere mean nothing. */
static inline sg_ref sg_decision_origin(const struct sg_decision *decision, enum sg_verdict verdict)
{
	return decision->by_verdict[verdict] ? decision->by_verdict[verdict] : decision->origin;
}

/* The origin at one packet: a value for each level. */
static inline uint32_t sg_decision_origin_at(const struct sg_decision *decision, const sg_u128 *point)
{
	enum sg_verdict verdict = (enum sg_verdict)sg_idd_lookup(decision->idd, decision->verdict, point);

	if (verdict == SG_VERDICT_NONE || verdict >= SG_VERDICTS)
		return 0;
	return sg_idd_lookup(decision->idd, sg_decision_origin(decision, verdict), point);
}

#endif
