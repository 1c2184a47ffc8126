/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outside.h - the sources of kernel_outside.h, each in a file of its own, and the parsers of what they read; private to
 * src/kernel.
 *
 * Each source adds what it sees to the list, and adds that it could not look when that is so. A source that adds
 * nothing has evidence that nothing is there. None of them changes what decides packets: the kernel registers no table and
 * loads no module but nfnetlink_hook, which only lists hooks. They return -1 only when memory ran out.
 */
#ifndef SG_KERNEL_OUTSIDE_H
#define SG_KERNEL_OUTSIDE_H

#include "kernel/nfnl.h"
#include "sockgate/kernel_outside.h"

/* An interface of the network namespace. */
struct sg_device {
	uint32_t index;
	char name[16], kind[16]; /* kind "": of hardware, or not said */
	bool has_xdp;
	uint32_t xdp_program; /* its id; 0: not said, or several */
	bool has_ingress;     /* a qdisc "ingress" or "clsact": filters of incoming packets */
	bool has_egress;      /* a qdisc "clsact": filters of outgoing packets, too */
};
struct sg_devices {
	struct sg_device *items;
	size_t count, room;
	bool known;
};

struct sg_look {
	struct sg_kernel *kernel; /* of netfilter */
	const struct sg_listeners *listeners;
	struct sg_outside *found;
	struct sg_error *err;
	struct sg_devices links;        /* of sg_look_links, which comes first */
	struct sg_kernel_hooks hooks; /* of sg_look_hooks, which comes second */
	char *sockets;                /* the text of /proc/net/netlink; NULL: /proc cannot be read */
};

int sg_look_links(struct sg_look *look);  /* XDP, traffic control */
int sg_look_hooks(struct sg_look *look);  /* functions on netfilter hooks */
int sg_look_legacy(struct sg_look *look); /* iptables, ip6tables, arptables, ebtables */
int sg_look_bpf(struct sg_look *look);    /* netfilter links, tcx, netkit, socket lookup, control groups */
int sg_look_xfrm(struct sg_look *look);

/* -1 when memory ran out; else it is noted that `what` is not known, because of `cause`. */
int sg_look_failed(struct sg_look *look, enum sg_outside_kind kind, const char *where, const char *what,
		   const struct sg_error *cause);

/* ---- Parsers: of one netlink message each, header included; whatever the bytes, nothing is assumed of them. ---- */

/* Adds the interface of an RTM_NEWLINK message. */
int sg_devices_parse(const struct nlmsghdr *header, const uint8_t *message, struct sg_devices *list, struct sg_error *err);
void sg_devices_clear(struct sg_devices *links);

/* What the policies of IPsec (XFRM_MSG_NEWPOLICY) add up to. */
struct sg_xfrm_sum {
	size_t block;   /* refuse */
	size_t require; /* let pass only what comes, or goes, through a transformation */
};
int sg_xfrm_parse(const struct nlmsghdr *header, const uint8_t *message, struct sg_xfrm_sum *sum, struct sg_error *err);

/* Adds the hook of one NFNL_MSG_HOOK_GET answer; `like` has the family, the hook's number and the device. */
int sg_hooks_parse(const struct nlmsghdr *header, const uint8_t *message, const struct sg_kernel_hook *like,
		   struct sg_kernel_hooks *hooks, struct sg_error *err);
/* Whether a function of the kernel on a hook decides nothing, or is answered for by another source. */
bool sg_hook_is_harmless(const struct sg_kernel_hook *hook);

/* A table of iptables-legacy and its like as the kernel hands it out (linux/netfilter/x_tables.h). */
#define SG_LEGACY_HOOKS 5
struct sg_legacy_shape {
	size_t hooks;                      /* of the family */
	size_t target_offset, next_offset; /* of these members in an entry */
	size_t entry_size;
};
struct sg_legacy_info {
	uint32_t valid_hooks, hook_entry[SG_LEGACY_HOOKS], underflow[SG_LEGACY_HOOKS];
};
struct sg_legacy_sum {
	size_t rules;   /* in all chains, policies not counted */
	bool has_rules; /* in a chain that packets meet */
	bool refuses;   /* a chain's policy is not to accept */
};
/* False: the entries contradict themselves or the information. */
bool sg_legacy_parse(const struct sg_legacy_shape *shape, const struct sg_legacy_info *info, const uint8_t *entries,
		     size_t size, struct sg_legacy_sum *ret);

/* Whether the text of /proc/sys/kernel/tainted says that a module from outside of the kernel's sources was loaded. */
bool sg_taint_has_foreign_module(const char *text);
/* Virtual services in the text of /proc/net/ip_vs. */
size_t sg_ipvs_services(const char *text);
/* Whether the text of /proc/net/netlink has a socket of the kernel's own of that protocol. */
bool sg_netlink_is_there(const char *text, unsigned int protocol);

#endif
