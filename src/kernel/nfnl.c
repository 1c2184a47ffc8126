/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nfnl.c - the socket: asking, and reading all of the answer.
 *
 * nfnetlink works off a request while it is sent; what is left to wait for is only a dump, which the kernel continues
 * with each receive. A dump can be refused or be wrong in three ways that are easy to miss: an NLMSG_ERROR instead of
 * its end, an errno in the payload of its NLMSG_DONE, and NLM_F_DUMP_INTR on a message in between, when the ruleset
 * changed. After each of them the rest is read and thrown away, so that it is not taken for the answer to the next
 * question; sequence numbers guard against what would still slip through.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <libmnl/libmnl.h>

#include "base/mem.h"
#include "kernel/nfnl.h"
#include "nft/attr.h"

/* Room for answers that wait: 100,000 errors at once are possible. */
#define NFNL_RECEIVE_SIZE (16 << 20)
/* Questions are numbered from here on. Batches are numbered from 1: an answer to one of these that is left over is not
 * taken for the answer to a question. */
#define NFNL_FIRST_SEQ 0x40000000U
/* How often an interrupted dump is begun. */
#define NFNL_TRIES 10

int sg_nfnl_refused(int errnum, const char *doing, struct sg_error *err)
{
	if (errnum == EPERM || errnum == EACCES)
		return sg_error_set(err, SG_ERROR_SYSTEM, EPERM, "cannot %s: needs root or CAP_NET_ADMIN", doing);
	return sg_error_set(err, SG_ERROR_SYSTEM, errnum, "cannot %s", doing);
}

static int nfnl_open(struct sg_kernel *kernel, int protocol, struct sg_error *err)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	socklen_t size = sizeof(address);
	int on = 1, room = NFNL_RECEIVE_SIZE;

	kernel->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (kernel->fd < 0)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot open a netlink socket");
	if (bind(kernel->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(kernel->fd, (struct sockaddr *)&address, &size) < 0)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot bind a netlink socket");
	kernel->port = address.nl_pid;
	/* a kernel that lacks one of these answers in longer words, or in fewer */
	(void)setsockopt(kernel->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(kernel->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	if (setsockopt(kernel->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		(void)setsockopt(kernel->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return 0;
}

int sg_nfnl_connect(int protocol, struct sg_kernel **ret, struct sg_error *err)
{
	struct sg_kernel *kernel = calloc(1, sizeof(*kernel));

	if (!kernel)
		return sg_error_nomem(err);
	kernel->fd = -1;
	kernel->seq = NFNL_FIRST_SEQ;
	kernel->buffer = malloc(NFNL_BUFFER_SIZE);
	if (kernel->buffer && nfnl_open(kernel, protocol, err) == 0) {
		*ret = kernel;
		return 0;
	}
	if (!kernel->buffer)
		sg_error_nomem(err);
	sg_kernel_close(kernel);
	return -1;
}

int sg_kernel_open(struct sg_kernel **ret, struct sg_error *err)
{
	struct sg_kernel *kernel = NULL;
	struct sg_error cause = {0};
	uint32_t generation;

	if (sg_nfnl_connect(NETLINK_NETFILTER, &kernel, &cause) < 0) {
		if (cause.errnum == EPROTONOSUPPORT || cause.errnum == EAFNOSUPPORT || cause.errnum == ESOCKTNOSUPPORT)
			return sg_error_set(err, SG_ERROR_SYSTEM, cause.errnum, "this kernel has no nf_tables");
		if (err)
			*err = cause;
		return -1;
	}
	/* nfnetlink says EINVAL for a subsystem that it does not have */
	if (sg_kernel_generation(kernel, &generation, &cause) < 0) {
		if (cause.errnum == EINVAL || cause.errnum == EOPNOTSUPP)
			sg_error_set(err, SG_ERROR_SYSTEM, cause.errnum, "this kernel has no nf_tables");
		else if (err)
			*err = cause;
		goto out;
	}
	*ret = kernel;
	return 0;
out:
	sg_kernel_close(kernel);
	return -1;
}

void sg_kernel_close(struct sg_kernel *kernel)
{
	if (!kernel)
		return;
	if (kernel->fd >= 0)
		close(kernel->fd);
	free(kernel->buffer);
	free(kernel);
}

void sg_kernel_clear(struct sg_kernel **kernel)
{
	sg_kernel_close(*kernel);
}

void *sg_nfnl_message(struct sg_kernel *kernel, struct nfnl_request *request, uint16_t type, uint16_t flags,
		      size_t head_size)
{
	request->header = mnl_nlmsg_put_header(request->bytes);
	request->header->nlmsg_type = type;
	request->header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	request->header->nlmsg_seq = kernel->seq++;
	return mnl_nlmsg_put_extra_header(request->header, head_size);
}

void sg_nfnl_request(struct sg_kernel *kernel, struct nfnl_request *request, uint8_t subsystem, uint8_t type,
		     uint16_t flags, uint32_t family)
{
	struct nfgenmsg *generic =
		sg_nfnl_message(kernel, request, (uint16_t)(subsystem << 8 | type), flags, sizeof(*generic));

	*generic = (struct nfgenmsg){.nfgen_family = (uint8_t)family, .version = NFNETLINK_V0};
}

int sg_nfnl_receive(struct sg_kernel *kernel, bool wait, size_t *ret_size, struct sg_error *err)
{
	for (;;) {
		struct sockaddr_nl from = {0};
		struct iovec iov = {.iov_base = kernel->buffer, .iov_len = NFNL_BUFFER_SIZE};
		struct msghdr msg = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1};
		ssize_t size = recvmsg(kernel->fd, &msg, wait ? 0 : MSG_DONTWAIT);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0 && !wait && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			*ret_size = 0;
			return 0;
		}
		if (size < 0)
			return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot receive from the kernel");
		if (size == 0)
			return sg_error_set(err, SG_ERROR_SYSTEM, 0, "the kernel closed the netlink socket");
		if (msg.msg_flags & MSG_TRUNC)
			return sg_error_set(err, SG_ERROR_SYSTEM, EMSGSIZE, "the kernel's answer is too long");
		if (from.nl_pid != 0)
			continue; /* another process pretends to be the kernel */
		*ret_size = (size_t)size;
		return 0;
	}
}

const uint8_t *sg_nfnl_next(const uint8_t **at, size_t *left, struct nlmsghdr *ret)
{
	const uint8_t *message = *at;

	if (*left < sizeof(*ret))
		return NULL;
	memcpy(ret, message, sizeof(*ret));
	if (ret->nlmsg_len < sizeof(*ret) || ret->nlmsg_len > *left)
		return NULL;

	size_t step = ((size_t)ret->nlmsg_len + NLMSG_ALIGNTO - 1) & ~(size_t)(NLMSG_ALIGNTO - 1);

	if (step > *left)
		step = *left;
	*at += step;
	*left -= step;
	return message;
}

int sg_nfnl_errno(const struct nlmsghdr *header, const uint8_t *message)
{
	int32_t number = 0;

	if (header->nlmsg_len < sizeof(*header) + sizeof(number))
		return header->nlmsg_type == NLMSG_ERROR ? EBADMSG : 0;
	memcpy(&number, message + sizeof(*header), sizeof(number));
	return number < 0 ? -number : 0;
}

/* What has been seen of an answer. */
struct nfnl_answer {
	uint32_t seq;
	bool done, failed;
	nfnl_see *see;
	void *data;
	struct sg_error *err;
};

/* The first failure is the one to tell; what comes after it is only read. */
static void nfnl_answer_fail(struct nfnl_answer *answer, enum sg_error_kind kind, int errnum, const char *text)
{
	if (!answer->failed)
		sg_error_set(answer->err, kind, errnum, "%s", text);
	answer->failed = true;
}

static void nfnl_answer_see(struct nfnl_answer *answer, const struct nlmsghdr *header, const uint8_t *message)
{
	int errnum;

	if (header->nlmsg_seq != answer->seq)
		return;
	if (header->nlmsg_flags & NLM_F_DUMP_INTR)
		nfnl_answer_fail(answer, SG_ERROR_CHANGED, EINTR, "the ruleset changed while it was read");
	switch (header->nlmsg_type) {
	case NLMSG_NOOP: return;
	case NLMSG_ERROR:
	case NLMSG_DONE:
		errnum = sg_nfnl_errno(header, message);
		answer->done = true;
		if (errnum == EINTR)
			nfnl_answer_fail(answer, SG_ERROR_CHANGED, errnum, "the ruleset changed while it was read");
		else if (errnum == EPERM)
			nfnl_answer_fail(answer, SG_ERROR_SYSTEM, errnum,
					 "the kernel refused: needs root or CAP_NET_ADMIN");
		else if (errnum)
			nfnl_answer_fail(answer, SG_ERROR_SYSTEM, errnum, "the kernel refused");
		return;
	default:
		if (!answer->failed && answer->see && answer->see(header, message, answer->data, answer->err) < 0)
			answer->failed = true;
	}
}

static int nfnl_send_all(struct sg_kernel *kernel, const void *data, size_t size, struct sg_error *err)
{
	struct sockaddr_nl to = {.nl_family = AF_NETLINK};
	ssize_t sent;

	do {
		sent = sendto(kernel->fd, data, size, 0, (struct sockaddr *)&to, sizeof(to));
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot send to the kernel");
	return 0;
}

int sg_nfnl_ask(struct sg_kernel *kernel, struct nfnl_request *request, nfnl_see *see, void *data, struct sg_error *err)
{
	struct nfnl_answer answer = {.seq = request->header->nlmsg_seq, .see = see, .data = data, .err = err};

	if ((request->header->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		request->header->nlmsg_flags |= NLM_F_ACK;
	if (nfnl_send_all(kernel, request->header, request->header->nlmsg_len, err) < 0)
		return -1;
	for (bool lost = false; !answer.done;) {
		const uint8_t *at = kernel->buffer, *message;
		struct sg_error cause = {0};
		struct nlmsghdr header;
		size_t left = 0;

		if (sg_nfnl_receive(kernel, !lost, &left, &cause) < 0) {
			nfnl_answer_fail(&answer, cause.kind, cause.errnum, "cannot receive from the kernel");
			if (cause.errnum != ENOBUFS)
				return -1;
			/* the end may be among what is missing: take what there is */
			lost = true;
			continue;
		}
		if (!left)
			break;
		while ((message = sg_nfnl_next(&at, &left, &header)))
			nfnl_answer_see(&answer, &header, message);
		if (left)
			nfnl_answer_fail(&answer, SG_ERROR_SYSTEM, EBADMSG, "the kernel's answer is torn");
	}
	return answer.failed ? -1 : 0;
}

int sg_nfnl_dump(struct sg_kernel *kernel, struct nfnl_request *request, const struct nfnl_reader *reader,
		 struct sg_error *err)
{
	for (int try = 1;; try++) {
		struct sg_error cause = {0};

		if (sg_nfnl_ask(kernel, request, reader->see, reader->data, &cause) == 0)
			return 0;
		if (cause.kind != SG_ERROR_CHANGED || try == NFNL_TRIES) {
			if (err)
				*err = cause;
			return -1;
		}
		reader->reset(reader->data);
		request->header->nlmsg_seq = kernel->seq++;
	}
}

static int see_generation(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	const size_t head = sizeof(*header) + sizeof(struct nfgenmsg);
	struct attr_list list;
	struct attr attr;

	if (header->nlmsg_len < head)
		return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "the kernel's answer is torn");
	list = sg_attr_list(message + head, header->nlmsg_len - head);
	while (sg_attr_next(&list, &attr)) {
		if (attr.type == NFTA_GEN_ID && attr.size == sizeof(uint32_t))
			*(uint32_t *)data = sg_attr_be32(&attr);
	}
	return 0;
}

int sg_kernel_generation(struct sg_kernel *kernel, uint32_t *ret, struct sg_error *err)
{
	struct nfnl_request request;
	uint32_t generation = 0;

	sg_nfnl_request(kernel, &request, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETGEN, 0, AF_UNSPEC);
	if (sg_nfnl_ask(kernel, &request, see_generation, &generation, err) < 0)
		return -1;
	if (!generation)
		return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "the kernel did not say the ruleset's generation");
	*ret = generation;
	return 0;
}

uint64_t sg_kernel_namespace(struct sg_kernel *kernel)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	/* SO_NETNS_COOKIE of asm-generic/socket.h, Linux 5.14 */
	if (getsockopt(kernel->fd, SOL_SOCKET, 71, &cookie, &size) < 0)
		return 0;
	return cookie;
}
