/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dumps of sock_diag(7).
 *
 * What to know about them:
 * - the kernel answers in pieces as large as the buffer that it saw in the last receive, so that is large;
 * - a protocol without a handler is no error message but an end of the dump with -ENOENT in it;
 * - a dump that others interrupted says so in one of its messages, and is done again.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/mem.h"
#include "kernel/sockdiag_dump.h"

#define DIAG_BUFFER    65536
#define DIAG_ATTEMPTS  8
#define DIAG_TABLE_MAX (256U << 20) /* bytes of a /proc table: over a million sockets */

/* Those of the header, and how a part of a dump may end. */
enum diag_state { DIAG_FAILED = -1, DIAG_DONE, DIAG_NO_HANDLER, DIAG_MORE, DIAG_INTERRUPTED };

void sg_sockdiag_close(struct sg_sockdiag *diag)
{
	if (diag->socket)
		mnl_socket_close(diag->socket);
	free(diag->buffer);
	*diag = (struct sg_sockdiag){0};
}

int sg_sockdiag_open(struct sg_sockdiag *diag, struct sg_error *err)
{
	diag->buffer = malloc(DIAG_BUFFER);
	if (!diag->buffer)
		return sg_error_nomem(err);
	diag->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (!diag->socket || mnl_socket_bind(diag->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot ask the kernel for its sockets");
	return 0;
}

static int diag_request(struct sg_sockdiag *diag, const struct sg_sockdiag_query *query, struct sg_error *err)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(diag->buffer);
	struct inet_diag_req_v2 *request;

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = ++diag->seq;
	request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
	request->sdiag_family = query->family;
	request->idiag_states = query->states;
	if (query->request)
		mnl_attr_put_u32(header, INET_DIAG_REQ_PROTOCOL, query->request);
	else
		request->sdiag_protocol = query->protocol;
	if (mnl_socket_sendto(diag->socket, header, header->nlmsg_len) < 0)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot ask the kernel for its sockets");
	return 0;
}

/* What an end of the dump or a refusal says: `code` is 0 or a negative errno. */
static enum diag_state diag_end(const struct nlmsghdr *header, struct sg_error *err)
{
	int code = 0;

	/* both begin with the code; an old kernel's NLMSG_DONE may be empty */
	if (mnl_nlmsg_get_payload_len(header) >= sizeof(code))
		memcpy(&code, mnl_nlmsg_get_payload(header), sizeof(code));
	if (code == -ENOENT)
		return DIAG_NO_HANDLER;
	if (!code)
		return DIAG_DONE;
	return (enum diag_state)sg_error_set(err, SG_ERROR_SYSTEM, code < 0 ? -code : 0,
					     "the kernel does not list its sockets");
}

/* All messages of one receive. */
static enum diag_state diag_messages(struct sg_sockdiag *diag, size_t size, uint8_t protocol,
				     const struct sg_sockdiag_sink *sink, struct sg_error *err)
{
	unsigned int port = mnl_socket_get_portid(diag->socket);
	const struct nlmsghdr *header = (const void *)diag->buffer;
	int left = (int)size;

	for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
		if (!mnl_nlmsg_portid_ok(header, port) || !mnl_nlmsg_seq_ok(header, diag->seq))
			continue;
		if (header->nlmsg_flags & NLM_F_DUMP_INTR)
			return DIAG_INTERRUPTED;
		if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
			return diag_end(header, err);
		if (header->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		if (sink->take(header, header->nlmsg_len, protocol, sink->list, err))
			return DIAG_FAILED;
	}
	return DIAG_MORE;
}

/* Receives until the dump ends, or was interrupted. */
static enum diag_state diag_receive(struct sg_sockdiag *diag, uint8_t protocol, const struct sg_sockdiag_sink *sink,
				    struct sg_error *err)
{
	enum diag_state state = DIAG_MORE;

	while (state == DIAG_MORE) {
		ssize_t size = mnl_socket_recvfrom(diag->socket, diag->buffer, DIAG_BUFFER);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return (enum diag_state)sg_error_set(err, SG_ERROR_SYSTEM, errno,
							     "cannot receive the kernel's list of sockets");
		state = diag_messages(diag, (size_t)size, protocol, sink, err);
	}
	return state;
}

/* An interrupted dump is asked for again on a new socket, so that what is left of the old one comes nowhere. */
enum sg_sockdiag_result sg_sockdiag_dump(struct sg_sockdiag *diag, const struct sg_sockdiag_query *query,
					 const struct sg_sockdiag_sink *sink, struct sg_error *err)
{
	size_t before = *sink->count;

	for (int attempt = 0; attempt < DIAG_ATTEMPTS; attempt++) {
		enum diag_state state;

		if (diag_request(diag, query, err))
			return SG_SOCKDIAG_FAILED;
		state = diag_receive(diag, query->protocol, sink, err);
		if (state == DIAG_DONE)
			return SG_SOCKDIAG_DONE;
		if (state == DIAG_NO_HANDLER)
			return SG_SOCKDIAG_NO_HANDLER;
		if (state == DIAG_FAILED)
			return SG_SOCKDIAG_FAILED;
		*sink->count = before;
		sg_sockdiag_close(diag);
		if (sg_sockdiag_open(diag, err))
			return SG_SOCKDIAG_FAILED;
	}
	sg_error_set(err, SG_ERROR_SYSTEM, 0, "the kernel's list of sockets was interrupted %d times", DIAG_ATTEMPTS);
	return SG_SOCKDIAG_FAILED;
}

int sg_sockdiag_read_table(const char *name, char **ret, size_t *ret_size, struct sg_error *err)
{
	const struct sg_file_rules rules = {.max_size = DIAG_TABLE_MAX};
	struct sg_error problem = {0};
	char path[64], *text = NULL;
	size_t size = 0;

	snprintf(path, sizeof(path), "/proc/thread-self/net/%s", name);
	if (sg_file_read(path, &rules, &text, &size, &problem) && problem.errnum != ENOENT) {
		if (err)
			*err = problem;
		return sg_error_prefix(err, "'%s'", path);
	}
	*ret = text;
	*ret_size = size;
	return 0;
}

void sg_sockdiag_name(struct sg_sockdiag_names *names, uint32_t index, char ret[16])
{
	size_t slot = index % SG_COUNT(names->known);

	_Static_assert(sizeof(names->known[0].name) == IF_NAMESIZE, "room for an interface's name");
	if (index && names->known[slot].index != index) {
		names->known[slot].index = index;
		if (!if_indextoname(index, names->known[slot].name))
			names->known[slot].name[0] = '\0';
	}
	if (index)
		memcpy(ret, names->known[slot].name, IF_NAMESIZE);
	else
		ret[0] = '\0';
}
