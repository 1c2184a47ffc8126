/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets that wait for packets: one dump for each protocol and family.
 *
 * MPTCP's number does not fit the request's 8 bits and goes into an attribute; its listeners are in the dump of TCP
 * too, with the same inode, and before Linux 5.19 only there.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include "base/mem.h"
#include "kernel/sockdiag.h"
#include "kernel/sockdiag_dump.h"
#include "sockgate/proto.h"

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

static int diag_take(const void *msg, size_t size, uint8_t protocol, void *list, struct sg_error *err)
{
	return sg_sockdiag_parse(msg, size, protocol, list, err);
}

/* The table of a protocol as text; where there is none the kernel lacks the protocol. */
static int diag_table(const char *name, enum sg_family family, uint8_t protocol, struct sg_listeners *list,
		      struct sg_error *err)
{
	sg_autofree char *text = NULL;
	size_t size = 0;

	if (sg_sockdiag_read_table(name, &text, &size, err))
		return -1;
	if (!text)
		return 0;
	if (protocol == SG_PROTO_SCTP)
		return sg_sockdiag_parse_eps(text, size, list, err);
	return sg_sockdiag_parse_table(text, size, family, protocol, list, err);
}

static int diag_collect(struct sg_sockdiag *diag, const struct diag_kind *kind, struct sg_listeners *list,
			struct sg_error *err)
{
	static const uint8_t families[] = {[SG_IPV4] = AF_INET, [SG_IPV6] = AF_INET6};
	const struct sg_sockdiag_sink sink = {diag_take, list, &list->count};

	for (enum sg_family family = SG_IPV4; family <= SG_IPV6; family++) {
		const struct sg_sockdiag_query query = {kind->protocol, kind->request, families[family], kind->states};
		size_t before = list->count;
		enum sg_sockdiag_result result = sg_sockdiag_dump(diag, &query, &sink, err);

		if (result == SG_SOCKDIAG_FAILED)
			return -1;
		if (result == SG_SOCKDIAG_NO_HANDLER && kind->table[family] &&
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

int sg_sockdiag_listeners(struct sg_listeners *ret, struct sg_error *err)
{
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	sg_cleanup(sg_sockdiag_close) struct sg_sockdiag diag = {0};
	struct sg_sockdiag_names names = {0};

	if (sg_sockdiag_open(&diag, err))
		return -1;
	for (size_t i = 0; i < SG_COUNT(diag_kinds); i++) {
		if (diag_collect(&diag, &diag_kinds[i], &list, err))
			return -1;
	}
	if (diag_join_mptcp(&list, err))
		return -1;
	for (size_t i = 0; i < list.count; i++)
		sg_sockdiag_name(&names, list.items[i].interface, list.items[i].interface_name);
	*ret = list;
	list = (struct sg_listeners){0};
	return 0;
}
