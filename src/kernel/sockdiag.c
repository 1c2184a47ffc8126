/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets that wait for packets, by NETLINK_SOCK_DIAG (sock_diag(7)): one dump for each protocol and family.
 *
 * What to know about these dumps:
 * - the kernel answers in pieces as large as the buffer that it saw in the last receive, so that is large;
 * - a protocol without a handler is no error message but an end of the dump with -ENOENT in it;
 * - MPTCP's number does not fit the request's 8 bits and goes into an attribute; its listeners are in the dump of TCP
 *   too, with the same inode, and before Linux 5.19 only there;
 * - a dump that others interrupted says so in one of its messages, and is done again.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/mem.h"
#include "kernel/sockdiag.h"
#include "sockgate/proto.h"

#define DIAG_BUFFER    65536
#define DIAG_ATTEMPTS  8
#define DIAG_TABLE_MAX (256U << 20) /* bytes of a /proc table: over a million sockets */

#define DIAG_PROTO_MPTCP 262 /* IPPROTO_MPTCP of linux/in.h */

struct diag_kind {
	uint8_t protocol;
	uint16_t request; /* the protocol's number in an attribute; 0: in the request itself */
	uint32_t states;
	const char *table[2]; /* what to read when there is no handler, by family */
};

#define DIAG_LISTENING (1U << SG_SOCKET_LISTENING)
#define DIAG_BOUND     (1U << SG_SOCKET_CONNECTED | 1U << SG_SOCKET_UNCONNECTED)

static const struct diag_kind diag_kinds[] = {
	{SG_PROTO_TCP, 0, DIAG_LISTENING, {"tcp", "tcp6"}},
	{SG_PROTO_TCP, DIAG_PROTO_MPTCP, DIAG_LISTENING, {NULL, NULL}},
	{SG_PROTO_UDP, 0, DIAG_BOUND, {"udp", "udp6"}},
	{SG_PROTO_UDPLITE, 0, DIAG_BOUND, {"udplite", "udplite6"}},
	{SG_PROTO_SCTP, 0, DIAG_LISTENING, {"sctp/eps", NULL}},
	{SG_PROTO_DCCP, 0, DIAG_LISTENING, {NULL, NULL}},
	{IPPROTO_RAW, 0, UINT32_MAX, {"raw", "raw6"}},
};

enum diag_result { DIAG_FAILED = -1, DIAG_DONE, DIAG_MORE, DIAG_INTERRUPTED, DIAG_NO_HANDLER };

struct diag {
	struct mnl_socket *socket;
	unsigned int seq;
	char *buffer;
};

static void diag_close(struct diag *diag)
{
	if (diag->socket)
		mnl_socket_close(diag->socket);
	free(diag->buffer);
}

static int diag_open(struct diag *diag, struct sg_error *err)
{
	diag->buffer = malloc(DIAG_BUFFER);
	if (!diag->buffer)
		return sg_error_nomem(err);
	diag->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (!diag->socket || mnl_socket_bind(diag->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot ask the kernel for its sockets");
	return 0;
}

static int diag_request(struct diag *diag, const struct diag_kind *kind, uint8_t family, struct sg_error *err)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(diag->buffer);
	struct inet_diag_req_v2 *request;

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = ++diag->seq;
	request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
	request->sdiag_family = family;
	request->idiag_states = kind->states;
	if (kind->request)
		mnl_attr_put_u32(header, INET_DIAG_REQ_PROTOCOL, kind->request);
	else
		request->sdiag_protocol = kind->protocol;
	if (mnl_socket_sendto(diag->socket, header, header->nlmsg_len) < 0)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot ask the kernel for its sockets");
	return 0;
}

/* What an end of the dump or a refusal says: `code` is 0 or a negative errno. */
static enum diag_result diag_end(const struct nlmsghdr *header, struct sg_error *err)
{
	int code = 0;

	/* both begin with the code; an old kernel's NLMSG_DONE may be empty */
	if (mnl_nlmsg_get_payload_len(header) >= sizeof(code))
		memcpy(&code, mnl_nlmsg_get_payload(header), sizeof(code));
	if (code == -ENOENT)
		return DIAG_NO_HANDLER;
	if (!code)
		return DIAG_DONE;
	return (enum diag_result)sg_error_set(err, SG_ERROR_SYSTEM, code < 0 ? -code : 0,
					      "the kernel does not list its sockets");
}

/* All messages of one receive. */
static enum diag_result diag_messages(struct diag *diag, size_t size, uint8_t protocol, struct sg_listeners *list,
				      struct sg_error *err)
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
		if (sg_sockdiag_parse(header, header->nlmsg_len, protocol, list, err))
			return DIAG_FAILED;
	}
	return DIAG_MORE;
}

/* Receives until the dump ends. After an interruption the rest is received too, and thrown away. */
static enum diag_result diag_receive(struct diag *diag, uint8_t protocol, struct sg_listeners *list,
				     struct sg_error *err)
{
	enum diag_result result = DIAG_MORE;

	while (result == DIAG_MORE) {
		ssize_t size = mnl_socket_recvfrom(diag->socket, diag->buffer, DIAG_BUFFER);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return (enum diag_result)sg_error_set(err, SG_ERROR_SYSTEM, errno,
							      "cannot receive the kernel's list of sockets");
		result = diag_messages(diag, (size_t)size, protocol, list, err);
	}
	return result;
}

/*
 * One protocol and family. An interrupted dump is asked for again on a new socket, so that what is left of the old one
 * comes nowhere.
 */
static enum diag_result diag_dump(struct diag *diag, const struct diag_kind *kind, uint8_t family,
				  struct sg_listeners *list, struct sg_error *err)
{
	size_t before = list->count;

	for (int attempt = 0; attempt < DIAG_ATTEMPTS; attempt++) {
		enum diag_result result;

		if (diag_request(diag, kind, family, err))
			return DIAG_FAILED;
		result = diag_receive(diag, kind->protocol, list, err);
		if (result != DIAG_INTERRUPTED)
			return result;
		list->count = before;
		diag_close(diag);
		*diag = (struct diag){0};
		if (diag_open(diag, err))
			return DIAG_FAILED;
	}
	return (enum diag_result)sg_error_set(err, SG_ERROR_SYSTEM, 0,
					      "the kernel's list of sockets was interrupted %d times", DIAG_ATTEMPTS);
}

/* The table of a protocol as text; where there is none the kernel lacks the protocol. */
static int diag_table(const char *name, enum sg_family family, uint8_t protocol, struct sg_listeners *list,
		      struct sg_error *err)
{
	const struct sg_file_rules rules = {.max_size = DIAG_TABLE_MAX};
	struct sg_error problem = {0};
	sg_autofree char *text = NULL;
	char path[64];
	size_t size = 0;

	snprintf(path, sizeof(path), "/proc/thread-self/net/%s", name);
	if (sg_file_read(path, &rules, &text, &size, &problem)) {
		if (problem.errnum == ENOENT)
			return 0;
		if (err)
			*err = problem;
		return sg_error_prefix(err, "'%s'", path);
	}
	if (protocol == SG_PROTO_SCTP)
		return sg_sockdiag_parse_eps(text, size, list, err);
	return sg_sockdiag_parse_table(text, size, family, protocol, list, err);
}

static int diag_collect(struct diag *diag, const struct diag_kind *kind, struct sg_listeners *list,
			struct sg_error *err)
{
	static const uint8_t families[] = {[SG_IPV4] = AF_INET, [SG_IPV6] = AF_INET6};

	for (enum sg_family family = SG_IPV4; family <= SG_IPV6; family++) {
		size_t before = list->count;
		enum diag_result result = diag_dump(diag, kind, families[family], list, err);

		if (result == DIAG_FAILED)
			return -1;
		if (result == DIAG_NO_HANDLER && kind->table[family] &&
		    diag_table(kind->table[family], family, kind->protocol, list, err))
			return -1;
		for (size_t i = before; i < list->count; i++)
			list->items[i].mptcp = kind->request == DIAG_PROTO_MPTCP;
	}
	return 0;
}

static int diag_compare_inodes(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

/* An MPTCP listener that the dump of TCP has too becomes one: TCP's, marked. */
static int diag_join_mptcp(struct sg_listeners *list, struct sg_error *err)
{
	sg_autofree uint32_t *plain = NULL, *multipath = NULL;
	size_t plain_count = 0, multipath_count = 0, kept = 0;

	for (size_t i = 0; i < list->count; i++)
		multipath_count += list->items[i].mptcp;
	if (!multipath_count)
		return 0;
	plain = calloc(list->count, sizeof(*plain));
	multipath = calloc(multipath_count, sizeof(*multipath));
	if (!plain || !multipath)
		return sg_error_nomem(err);
	multipath_count = 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct sg_listener *item = &list->items[i];

		if (item->mptcp)
			multipath[multipath_count++] = item->inode;
		else if (item->protocol == SG_PROTO_TCP && !item->raw)
			plain[plain_count++] = item->inode;
	}
	qsort(plain, plain_count, sizeof(*plain), diag_compare_inodes);
	qsort(multipath, multipath_count, sizeof(*multipath), diag_compare_inodes);
	for (size_t i = 0; i < list->count; i++) {
		struct sg_listener *item = &list->items[i];

		if (item->mptcp && bsearch(&item->inode, plain, plain_count, sizeof(*plain), diag_compare_inodes))
			continue;
		if (item->protocol == SG_PROTO_TCP && !item->raw && item->inode &&
		    bsearch(&item->inode, multipath, multipath_count, sizeof(*multipath), diag_compare_inodes))
			item->mptcp = true;
		list->items[kept++] = *item;
	}
	list->count = kept;
	return 0;
}

/* Names of devices, each asked for once. One that is gone by now has none. */
static void diag_name_interfaces(struct sg_listeners *list)
{
	struct {
		uint32_t index;
		char name[IF_NAMESIZE];
	} known[64] = {0};

	_Static_assert(sizeof(list->items->interface_name) == IF_NAMESIZE, "room for an interface's name");
	for (size_t i = 0; i < list->count; i++) {
		struct sg_listener *item = &list->items[i];
		size_t slot = item->interface % SG_COUNT(known);

		if (!item->interface)
			continue;
		if (known[slot].index != item->interface) {
			known[slot].index = item->interface;
			if (!if_indextoname(item->interface, known[slot].name))
				known[slot].name[0] = '\0';
		}
		memcpy(item->interface_name, known[slot].name, sizeof(item->interface_name));
	}
}

int sg_sockdiag_listeners(struct sg_listeners *ret, struct sg_error *err)
{
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	sg_cleanup(diag_close) struct diag diag = {0};

	if (diag_open(&diag, err))
		return -1;
	for (size_t i = 0; i < SG_COUNT(diag_kinds); i++) {
		if (diag_collect(&diag, &diag_kinds[i], &list, err))
			return -1;
	}
	if (diag_join_mptcp(&list, err))
		return -1;
	diag_name_interfaces(&list);
	*ret = list;
	list = (struct sg_listeners){0};
	return 0;
}
