/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfnl.h - netlink sockets, to the kernel's netfilter and to other parts of it; private to src/kernel. */
#ifndef SG_KERNEL_NFNL_H
#define SG_KERNEL_NFNL_H

#include <linux/netlink.h>

#include "sockgate/kernel_rules.h"

struct sg_kernel {
	int fd;
	uint32_t port; /* our address: answers carry it */
	uint32_t seq;  /* of the next request */
	uint8_t *buffer;
};

/*
 * A socket of a netlink protocol (NETLINK_NETFILTER, NETLINK_ROUTE, NETLINK_XFRM), to be closed with sg_kernel_close.
 * The errnum of a failure is the one of socket(2) or bind(2).
 */
int sg_nfnl_connect(int protocol, struct sg_kernel **ret, struct sg_error *err);

/* As long as the longest answer: the kernel fills at most 32 K, and only when the first receive offers that much. */
#define NFNL_BUFFER_SIZE 65536

struct nfnl_request {
	_Alignas(struct nlmsghdr) uint8_t bytes[2048];
	struct nlmsghdr *header;
};
/* A request of any netlink protocol; returns its header of `head_size` bytes, zeroed, to be filled in. */
void *sg_nfnl_message(struct sg_kernel *kernel, struct nfnl_request *request, uint16_t type, uint16_t flags,
		      size_t head_size);
/* A request of a subsystem with an nfnetlink header; attributes may be put behind it (names fit). */
void sg_nfnl_request(struct sg_kernel *kernel, struct nfnl_request *request, uint8_t subsystem, uint8_t type,
		     uint16_t flags, uint32_t family);

/* One message of an answer, header included. 0, or -1 with err: the rest of the answer is thrown away. */
typedef int nfnl_see(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err);

/*
 * Sends a request and hands every message of the answer to `see`: of a dump (NLM_F_DUMP) until its end, of another one
 * until its acknowledgement. Fails with SG_ERROR_CHANGED when the dump was interrupted, and with SG_ERROR_SYSTEM and
 * the kernel's errno when it was refused. The socket is empty afterwards in either case.
 */
int sg_nfnl_ask(struct sg_kernel *kernel, struct nfnl_request *request, nfnl_see *see, void *data,
		struct sg_error *err);

/* Who reads a dump; `reset` forgets what was read of it. */
struct nfnl_reader {
	nfnl_see *see;
	void (*reset)(void *data);
	void *data;
};
/* The same for a dump that is begun again, ten times at most, when it was interrupted. */
int sg_nfnl_dump(struct sg_kernel *kernel, struct nfnl_request *request, const struct nfnl_reader *reader,
		 struct sg_error *err);

/* One datagram from the kernel; *ret_size 0: nothing waits (only with wait false). ENOBUFS is a failure as any other.
 */
int sg_nfnl_receive(struct sg_kernel *kernel, bool wait, size_t *ret_size, struct sg_error *err);
/* The next message of a datagram, its header copied out; NULL at the end or where it is torn. */
const uint8_t *sg_nfnl_next(const uint8_t **at, size_t *left, struct nlmsghdr *ret);
/* The errno in an NLMSG_ERROR or NLMSG_DONE, 0: none. */
int sg_nfnl_errno(const struct nlmsghdr *header, const uint8_t *message);

/* What an error of the kernel means for someone who wanted to `doing`. Returns -1. */
int sg_nfnl_refused(int errnum, const char *doing, struct sg_error *err);

#endif
