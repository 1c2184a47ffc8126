/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outside.h - what decides packets of this host beside nf_tables: values; the kernel layer reads them.
 *
 * A proof is about the rules that nf_tables shows. Each thing here can refuse, redirect or rewrite packets besides, or
 * it could not be found out whether there is such a thing. An empty list means that every source was looked at, and
 * that none of them has anything.
 */
#ifndef SOCKGATE_OUTSIDE_H
#define SOCKGATE_OUTSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include "sockgate/error.h"

enum sg_outside_kind {
	SG_OUTSIDE_HOOK,      /* "netfilter-hook": a function on a netfilter hook that is no chain of nf_tables */
	SG_OUTSIDE_LEGACY,    /* "legacy-table": iptables-legacy, ip6tables-legacy, arptables-legacy, ebtables-legacy */
	SG_OUTSIDE_NETFILTER, /* "bpf-netfilter": a BPF program on a netfilter hook */
	SG_OUTSIDE_SK_LOOKUP, /* "bpf-sk-lookup": a BPF program that chooses the socket for a packet */
	SG_OUTSIDE_XDP,       /* "xdp": a BPF program in front of the network stack */
	SG_OUTSIDE_TC,        /* "tc": a filter or a BPF program of traffic control, tcx and netkit included */
	SG_OUTSIDE_CGROUP,    /* "bpf-cgroup": a BPF program of a control group, for the packets of its sockets */
	SG_OUTSIDE_IPVS,      /* "ipvs": virtual services */
	SG_OUTSIDE_XFRM,      /* "xfrm": IPsec policies */
};
const char *sg_outside_kind_name(enum sg_outside_kind kind); /* the stable text above */

#define SG_OUTSIDE_NAME_SIZE  256
#define SG_OUTSIDE_WHERE_SIZE 256
struct sg_culprit {
	enum sg_outside_kind kind;
	bool seen;                         /* it is there; false: whether it is could not be found out */
	int errnum;                        /* of what was not seen: why, 0 when no errno says it */
	char where[SG_OUTSIDE_WHERE_SIZE]; /* interface, hook, table, control group; "" */
	char name[SG_OUTSIDE_NAME_SIZE];   /* one line; names in it come from others and may hold any byte */
};

/* Zero-initialised is empty. */
struct sg_outside {
	struct sg_culprit *items;
	size_t count, room;
};

/* Adds what was seen. Text that does not fit is cut. -1: out of memory. */
int sg_outside_seen(struct sg_outside *outside, enum sg_outside_kind kind, const char *where, struct sg_error *err,
		    const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Adds that something could not be looked at; `what` names it: "BPF programs on netfilter hooks". */
int sg_outside_unseen(struct sg_outside *outside, enum sg_outside_kind kind, const char *where, int errnum,
		      const char *what, struct sg_error *err);
/* How many of them were seen. */
size_t sg_outside_count_seen(const struct sg_outside *outside);
void sg_outside_clear(struct sg_outside *outside);

#endif
