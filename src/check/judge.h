/* SPDX-License-Identifier: GPL-2.0-or-later */
/* judge.h - one listener under two decisions: what the kernel lets in and the policy does not, and the other way. */
#ifndef SG_CHECK_JUDGE_H
#define SG_CHECK_JUDGE_H

#include "check/views.h"

/* Packets of a listener that the two decisions do not agree on. */
struct sg_judged {
	sg_ref set;  /* EMPTY: none */
	bool wholly; /* nobody is judged as the policy wants */
	struct sg_wheres wheres;
};

struct sg_judgement {
	bool wanted, reachable; /* the policy, the kernel lets someone in for sure */
	bool undecided;         /* what the kernel does with someone is not known */
	struct sg_judged exposed, blocked;
	bool exposed_widely; /* also to addresses that anyone on the internet may have */
	/* Packets that the policy gives to a unit: that the socket is not of; or may not be of, it is not known. */
	sg_ref mistaken, doubtful;
};

/* What two decisions do with listeners; equal questions are judged once. */
struct sg_judgements {
	struct sg_idd *idd;
	struct sg_regions regions;
	struct sg_subject subjects[2];  /* kernel, policy … */
	struct sg_views kernel, policy; /* … as the listeners meet them */
	struct sg_port_index given;     /* what the policy lets in when the right one listens */
	struct sg_origin_index givers;
	struct sg_memo index;
	struct sg_judgement **items;
	size_t count, room;
};

/* Both subjects are of one context. NULL with err. */
struct sg_judgements *sg_judgements_new(const struct sg_subject *kernel, const struct sg_subject *policy,
					const struct sg_local_addresses *local, struct sg_error *err);
/* NULL with err. A listener that nobody else can reach gets a judgement in which everything is false. */
const struct sg_judgement *sg_judgements_get(struct sg_judgements *judgements, const struct sg_listener *listener,
					     struct sg_error *err);
/* Who decides so: lines of the policy and places of the kernel, in a judged set of the listener. */
int sg_judgements_origins(struct sg_judgements *judgements, const struct sg_listener *listener,
			  const struct sg_judged *judged, struct sg_refs *ret_lines, struct sg_refs *ret_places,
			  struct sg_error *err);
/* The lines that give packets of the set (mistaken or doubtful ones) to units. */
int sg_judgements_givers(const struct sg_judgements *judgements, const struct sg_listener *listener, sg_ref set,
			 struct sg_refs *ret_lines, struct sg_error *err);
void sg_judgements_free(struct sg_judgements *judgements);

#endif
