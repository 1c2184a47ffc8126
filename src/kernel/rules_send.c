/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules_send.c - one transaction, and the proof of what became of it.
 *
 * An acknowledgement says that a message was read, not that the batch was committed. The proof is the NEWGEN message
 * that the kernel sends after a commit to whoever asked for an echo: it carries the generation that this commit made.
 * All answers wait in the socket when sending returns. Errors are of single messages, or of BEGIN when the commit as a
 * whole failed; more of them than the socket holds end in ENOBUFS, which says nothing about the batch. When the answer
 * is lost, the generation tells only one thing for certain: while it is still the one that the batch was tied to, the
 * batch is not in force. Another generation may be the batch's, or that of another program's change.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/mem.h"
#include "kernel/nfnl.h"
#include "nft/attr.h"

/* What netlink takes away from the send buffer (netlink_sendmsg), and then some. */
#define SEND_MARGIN 4096
/* What is sent at once when the kernel does not say what it takes; and how many answers are taken away at most. */
#define SMALLEST_BATCH 65536
#define DRAIN_LIMIT    1000000U

/* What the answers to a batch said. */
struct verdicts {
	const struct sg_wire *wire;
	uint32_t first_seq;
	struct sg_kernel_reply *reply;
	bool lost;  /* ENOBUFS: something is missing */
	bool stale; /* the generation was not the batch's */
	bool no_rights;
};

/* How large a batch may be after the kernel was asked for room for one of `size` bytes; 0: it does not say. */
static size_t send_room(struct sg_kernel *kernel, size_t size)
{
	int room = size < INT32_MAX / 2 - SEND_MARGIN ? (int)size + SEND_MARGIN : INT32_MAX / 2, now = 0;
	socklen_t length = sizeof(now);

	if (getsockopt(kernel->fd, SOL_SOCKET, SO_SNDBUF, &now, &length) == 0 && now >= room)
		return (size_t)now - SEND_MARGIN;
	/* without rights over the machine the kernel gives no more than net.core.wmem_max */
	if (setsockopt(kernel->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0)
		(void)setsockopt(kernel->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (getsockopt(kernel->fd, SOL_SOCKET, SO_SNDBUF, &now, &length) < 0 || now <= SEND_MARGIN)
		return 0;
	return (size_t)now - SEND_MARGIN;
}

size_t sg_kernel_batch_room(struct sg_kernel *kernel, size_t size)
{
	size_t room = send_room(kernel, size);

	return room ? room : SMALLEST_BATCH;
}

/* Takes away what is left of the answers to something before, so that it is not taken for the answer to this. */
static void drain(struct sg_kernel *kernel)
{
	for (unsigned int i = 0; i < DRAIN_LIMIT; i++)
		if (recv(kernel->fd, kernel->buffer, NFNL_BUFFER_SIZE, MSG_DONTWAIT) < 0 && errno != EINTR &&
		    errno != ENOBUFS)
			return;
}

static int send_batch(struct sg_kernel *kernel, const void *data, size_t size, struct sg_error *err)
{
	struct sockaddr_nl to = {.nl_family = AF_NETLINK};
	ssize_t sent;

	(void)send_room(kernel, size);
	drain(kernel);
	do {
		sent = sendto(kernel->fd, data, size, 0, (struct sockaddr *)&to, sizeof(to));
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot send a batch of %zu bytes to the kernel",
				    size);
	return 0;
}

static uint32_t host_u32(const struct attr *attr)
{
	uint32_t number = 0;

	if (attr->size == sizeof(number))
		memcpy(&number, attr->data, sizeof(number));
	return number;
}

/* An NLMSG_ERROR: what is refused and, from the extended acknowledgement, where and why. */
static void see_refusal(struct verdicts *v, const struct nlmsghdr *header, const uint8_t *message, int errnum)
{
	const size_t head = sizeof(*header) + sizeof(struct nlmsgerr);
	struct sg_kernel_refusal refusal = {.errnum = errnum, .element = SIZE_MAX};
	struct sg_kernel_reply *reply = v->reply;
	uint32_t offset = 0;

	if (!sg_wire_find(v->wire, header->nlmsg_seq, 0, &refusal.element))
		return; /* an answer to something before */
	if (header->nlmsg_seq == v->first_seq && errnum == ERESTART)
		v->stale = true;
	if (errnum == EPERM)
		v->no_rights = true;
	reply->refused++;
	if (reply->refusal_count == SG_KERNEL_REFUSALS)
		return;
	/* only with NETLINK_CAP_ACK does the header of the request stand there alone, with the attributes behind it */
	if ((header->nlmsg_flags & NLM_F_ACK_TLVS) && (header->nlmsg_flags & NLM_F_CAPPED) &&
	    header->nlmsg_len >= head) {
		struct attr_list list = sg_attr_list(message + head, header->nlmsg_len - head);
		struct attr attr;

		while (sg_attr_next(&list, &attr)) {
			if (attr.type == NLMSGERR_ATTR_OFFS)
				offset = host_u32(&attr);
			else if (attr.type == NLMSGERR_ATTR_MSG && sg_attr_string(&attr, sizeof(refusal.text)))
				snprintf(refusal.text, sizeof(refusal.text), "%.*s", (int)attr.size,
					 (const char *)attr.data);
		}
	}
	refusal.note = sg_wire_find(v->wire, header->nlmsg_seq, offset, &refusal.element);
	reply->refusals[reply->refusal_count++] = refusal;
}

static void see_new_generation(struct verdicts *v, const struct nlmsghdr *header, const uint8_t *message)
{
	const size_t head = sizeof(*header) + sizeof(struct nfgenmsg);
	struct attr_list list = sg_attr_list(message + head, header->nlmsg_len - head);
	struct attr attr;

	while (sg_attr_next(&list, &attr)) {
		if (attr.type == NFTA_GEN_ID && attr.size == sizeof(uint32_t)) {
			v->reply->committed = true;
			v->reply->generation = sg_attr_be32(&attr);
		}
	}
}

static void see_answer(struct verdicts *v, const struct nlmsghdr *header, const uint8_t *message)
{
	int errnum;

	if (header->nlmsg_type == NLMSG_ERROR) {
		errnum = sg_nfnl_errno(header, message);
		if (errnum)
			see_refusal(v, header, message, errnum);
	} else if (header->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN) &&
		   header->nlmsg_len >= sizeof(*header) + sizeof(struct nfgenmsg)) {
		see_new_generation(v, header, message);
	}
}

static int read_answers(struct sg_kernel *kernel, struct verdicts *v, struct sg_error *err)
{
	for (;;) {
		const uint8_t *at = kernel->buffer, *message;
		struct sg_error cause = {0};
		struct nlmsghdr header;
		size_t left = 0;

		if (sg_nfnl_receive(kernel, false, &left, &cause) < 0) {
			if (cause.errnum != ENOBUFS) {
				if (err)
					*err = cause;
				return -1;
			}
			v->lost = true;
			continue;
		}
		if (!left)
			return 0;
		while ((message = sg_nfnl_next(&at, &left, &header)))
			see_answer(v, &header, message);
	}
}

/* The answers are lost, or some of them: what is certain all the same is said, and the rest is not guessed. */
static int resolve_lost(struct sg_kernel *kernel, uint32_t generation, const struct sg_error *cause,
			struct sg_kernel_reply *ret, struct sg_error *err)
{
	uint32_t now;

	if (generation && !sg_kernel_generation(kernel, &now, NULL) && now == generation)
		return sg_error_set(err, cause->kind, cause->errnum,
				    "the kernel's answer was lost, and the batch is not in force");
	*ret = (struct sg_kernel_reply){.lost = true};
	return sg_error_set(err, cause->kind, cause->errnum, "the kernel's answer was lost");
}

/* No echo and no error: nothing was to be done. Then the generation is still the one that the batch was tied to, whoever
 * has committed since. */
static int see_nothing_done(struct sg_kernel *kernel, uint32_t generation, struct sg_kernel_reply *reply,
			    struct sg_error *err)
{
	reply->generation = generation;
	if (!generation && sg_kernel_generation(kernel, &reply->generation, err) < 0)
		return -1;
	reply->committed = true;
	return 0;
}

int sg_kernel_send(struct sg_kernel *kernel, struct sg_wire *wire, uint32_t generation, struct sg_kernel_reply *ret,
		   struct sg_error *err)
{
	struct sg_error cause = {.kind = SG_ERROR_UNPROVEN, .errnum = ENOBUFS};
	struct sg_kernel_reply reply = {0};
	struct verdicts v = {.wire = wire, .reply = &reply};
	struct nlmsghdr first;
	const void *data;
	size_t size;
	bool unread;

	*ret = reply;
	if (sg_wire_end(wire, &data, &size, err) < 0)
		return -1;
	memcpy(&first, data, sizeof(first));
	v.first_seq = first.nlmsg_seq;
	if (send_batch(kernel, data, size, err) < 0)
		return -1;
	unread = read_answers(kernel, &v, &cause) < 0;
	if (v.stale)
		return sg_error_set(err, SG_ERROR_CHANGED, 0, "the ruleset changed since it was read");
	if (v.no_rights && !reply.committed)
		return sg_nfnl_refused(EPERM, "change the ruleset", err);
	if (!reply.committed && !reply.refused && (unread || v.lost))
		return resolve_lost(kernel, generation, &cause, ret, err);
	if (!reply.committed && !reply.refused && see_nothing_done(kernel, generation, &reply, err) < 0)
		return -1;
	*ret = reply;
	return 0;
}

int sg_kernel_reply_error(const struct sg_kernel_reply *reply, struct sg_error *err)
{
	const struct sg_kernel_refusal *refusal = &reply->refusals[0];
	const struct sg_wire_note *note = reply->refusal_count ? refusal->note : NULL;
	const char *open = *refusal->text ? " (" : "", *close = *refusal->text ? ")" : "";
	char element[sizeof("number 18446744073709551615 of set ")] = "";

	/* the batch as a whole has no name: its messages were good, putting them in force failed */
	if (!note || !note->name)
		return sg_error_set(err, SG_ERROR_SYSTEM, refusal->errnum, "the kernel refused the rules%s%s%s", open,
				    refusal->text, close);
	if (refusal->element != SIZE_MAX)
		snprintf(element, sizeof(element), "number %zu of set ", refusal->element + 1);
	return sg_error_set(err, SG_ERROR_SYSTEM, refusal->errnum, "the kernel refused %s %s'%s'%s%s%s", note->what,
			    element, note->name, open, refusal->text, close);
}
