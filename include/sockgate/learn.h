/* SPDX-License-Identifier: GPL-2.0-or-later */
/* learn.h - a policy drafted from the sockets that listen. */
#ifndef SOCKGATE_LEARN_H
#define SOCKGATE_LEARN_H

#include "sockgate/idd.h"
#include "sockgate/listener.h"
#include "sockgate/local.h"

/* What became of a listener. */
enum sg_learned {
	SG_LEARNED_ALLOWED,   /* a line allows what it waits for, and no more */
	SG_LEARNED_EPHEMERAL, /* a UDP port that looks like a client's own: its line is commented out */
	SG_LEARNED_LOOPBACK,  /* only this host reaches it */
	SG_LEARNED_CONNECTED, /* only its peer reaches it */
	SG_LEARNED_BASELINE,  /* what it waits for passes without a line: ICMP, the DHCPv6 client */
	SG_LEARNED_RAW,       /* a raw socket of a protocol whose packets are judged by their ports */
	SG_LEARNED_INTERFACE, /* bound to an interface that is gone, or whose name no policy can hold */
	SG_LEARNED_COUNT,
};
const char *sg_learned_name(enum sg_learned learned); /* "allowed", "ephemeral" … */

struct sg_learn_input {
	const struct sg_listeners *listeners;
	const struct sg_local_addresses *local; /* names of interfaces that listeners know by number; NULL: not known */
	uint16_t ephemeral_first, ephemeral_last; /* ports that the kernel hands out; 0 and 0: none */
	uint64_t now;                             /* seconds since the epoch, for the head of the text */
};

struct sg_learn {
	char *text; /* the policy, with comments; UTF-8 that a policy may hold, whatever processes are called
		     */
	size_t size;
	enum sg_learned *learned; /* one for each listener, in the list's order */
	size_t counts[SG_LEARNED_COUNT];
	size_t lines; /* of the policy */
};

/*
 * Before it is handed out the text is read back: it is a valid policy without a warning, and beside what a policy
 * without lines accepts it lets in exactly the packets that the allowed listeners wait for, SG_ERROR_UNPROVEN else.
 * The same listeners give the same text, in whatever order they are. `idd` is a packet context.
 */
int sg_learn(const struct sg_learn_input *input, struct sg_idd *idd, struct sg_learn *ret, struct sg_error *err);
void sg_learn_clear(struct sg_learn *learn);

#endif
