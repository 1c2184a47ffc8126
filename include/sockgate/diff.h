/* SPDX-License-Identifier: GPL-2.0-or-later */
/* diff.h - which packets two decisions judge differently, and which listeners that touches. */
#ifndef SOCKGATE_DIFF_H
#define SOCKGATE_DIFF_H

#include "sockgate/reach.h"
#include "sockgate/subject.h"
#include "sockgate/terms.h"
#include "sockgate/where.h"

enum sg_change_kind {
	SG_CHANGE_OPENED,     /* new packets that come in, to published ports, too: accepted afterwards, not before */
	SG_CHANGE_CLOSED,     /* accepted before, not afterwards */
	SG_CHANGE_ANSWER,     /* drop to reject or back */
	SG_CHANGE_UNDECIDED,  /* one side is not known */
	SG_CHANGE_STATE,      /* such packets that are not new (established ones dropped, …), alone */
	SG_CHANGE_DIRECTION,  /* packets that leave, or that are only forwarded */
	SG_CHANGE_CONDITIONS, /* any, judged alike when all conditions are met: else not, or logged otherwise */
};

struct sg_change {
	enum sg_change_kind kind;
	enum sg_outcome from, to; /* ACCEPT, DROP, REJECT or UNDECIDED */
	const struct sg_where *where;
	uint32_t *from_origins, *to_origins; /* ascending, without 0; sg_subject_because tells what they are */
	size_t from_count, to_count;
	struct sg_packet witness;                     /* looked up in both decisions */
	const struct sg_terms *from_terms, *to_terms; /* of CONDITIONS; else NULL */
	bool logged_otherwise;                        /* of CONDITIONS: the conditions are the same, and only the log differs */
	/* Of a change of inbound packets the one of packets to published ports that says the same, and the other way:
	 * all is the same but for the direction, and in the kernel the rules that decide. NULL: there is none. */
	const struct sg_change *twin;
};

/* Twins are one change. Ports are counted once per protocol; ICMP types count as ports. */
struct sg_diff_sum {
	size_t changes;                           /* of any kind */
	size_t opened, closed, answer, undecided; /* changes of the kind */
	size_t conditions;                        /* of any direction */
	size_t logs;                              /* changes of the log alone; counted in `changes` too */
	uint64_t ports_opened, ports_closed;      /* protocol and port pairs of those changes */
};

struct sg_diff {
	enum sg_answer equal;      /* UNDECIDED: all differences are */
	struct sg_change *changes; /* by kind, then as sg_wheres are */
	size_t count, room;
	struct sg_diff_sum sum;
	/* what the changes point into */
	struct sg_wheres wheres;
	struct sg_terms *terms;
	size_t term_count;
	struct sg_logging *loggings;
};

/*
 * From one decision to the other; both in one context. The changes are disjoint and together exactly the difference:
 * otherwise SG_ERROR_UNPROVEN. Linear in the diagrams and in what is handed out.
 */
int sg_diff(const struct sg_subject *from, const struct sg_subject *to, struct sg_diff *ret, struct sg_error *err);
void sg_diff_clear(struct sg_diff *diff);

/* A listener whose reach changes. */
struct sg_affected_listener {
	size_t listener; /* index in the list */
	const struct sg_reach *from, *to;
};
struct sg_affected {
	struct sg_affected_listener *items;
	size_t count, room;
	struct sg_reaches before, after;
};
int sg_affected(const struct sg_subject *from, const struct sg_subject *to, const struct sg_listeners *listeners,
		const struct sg_local_addresses *local, struct sg_affected *ret, struct sg_error *err);
void sg_affected_clear(struct sg_affected *affected);

#endif
