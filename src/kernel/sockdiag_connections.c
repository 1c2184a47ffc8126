/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connections. Those of MPTCP are in the dump of TCP, each of its subflows as a connection of its own. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/mem.h"
#include "kernel/sockdiag.h"
#include "kernel/sockdiag_dump.h"
#include "sockgate/proto.h"

#define DIAG_ALIVE (1U << SG_SOCKET_CONNECTED | 1U << SG_SOCKET_OPENING)

static int connection_take(const void *msg, size_t size, uint8_t protocol, void *list, struct sg_error *err)
{
	return sg_sockdiag_parse_connection(msg, size, protocol, list, err);
}

static int connection_table(const char *name, enum sg_family family, uint8_t protocol, struct sg_connections *list,
			    struct sg_error *err)
{
	sg_autofree char *text = NULL;
	size_t size = 0;

	if (sg_sockdiag_read_table(name, &text, &size, err))
		return -1;
	return text ? sg_sockdiag_parse_connection_table(text, size, family, protocol, list, err) : 0;
}

static int connection_dump(uint8_t protocol, struct sg_connections *list, struct sg_error *err)
{
	static const char *const tables[2][2] = {{"tcp", "tcp6"}, {"udp", "udp6"}};
	sg_cleanup(sg_sockdiag_close) struct sg_sockdiag diag = {0};
	const struct sg_sockdiag_sink sink = {connection_take, list, &list->count};
	struct sg_sockdiag_names names = {0};
	size_t before = list->count;

	if (sg_sockdiag_open(&diag, err))
		return -1;
	for (enum sg_family family = SG_IPV4; family <= SG_IPV6; family++) {
		const struct sg_sockdiag_query query = {protocol, 0, family == SG_IPV4 ? AF_INET : AF_INET6,
							DIAG_ALIVE};
		enum sg_sockdiag_result result = sg_sockdiag_dump(&diag, &query, &sink, err);

		if (result == SG_SOCKDIAG_FAILED ||
		    (result == SG_SOCKDIAG_NO_HANDLER &&
		     connection_table(tables[protocol == SG_PROTO_UDP][family], family, protocol, list, err)))
			return -1;
	}
	for (size_t i = before; i < list->count; i++)
		sg_sockdiag_name(&names, list->items[i].interface, list->items[i].interface_name);
	return 0;
}

int sg_sockdiag_connections(struct sg_connections *ret, struct sg_error *err)
{
	sg_cleanup(sg_connections_clear) struct sg_connections list = {0};

	if (connection_dump(SG_PROTO_TCP, &list, err))
		return -1;
	*ret = list;
	list = (struct sg_connections){0};
	return 0;
}

int sg_sockdiag_datagrams(struct sg_connections *list, struct sg_error *err)
{
	return connection_dump(SG_PROTO_UDP, list, err);
}

int sg_kernel_tracks(bool *ret, struct sg_error *err)
{
	static const char path[] = "/proc/sys/net/netfilter/nf_conntrack_count";
	const struct sg_file_rules rules = {.max_size = 64};
	struct sg_error problem = {0};
	sg_autofree char *text = NULL;
	size_t size;

	if (sg_file_read(path, &rules, &text, &size, &problem)) {
		if (problem.errnum == ENOENT) { /* there is not even the module */
			*ret = false;
			return 0;
		}
		if (err)
			*err = problem;
		return sg_error_prefix(err, "'%s'", path);
	}
	*ret = text[0] != '0';
	return 0;
}

int sg_connection_owners_find(struct sg_connection *const *connections, size_t count, struct sg_error *err)
{
	sg_cleanup(sg_listeners_clear) struct sg_listeners sockets = {0};

	if (!count)
		return 0;
	if (sg_grow(&sockets.items, &sockets.room, 0, count, sizeof(*sockets.items)))
		return sg_error_nomem(err);
	for (; sockets.count < count; sockets.count++)
		sockets.items[sockets.count] = (struct sg_listener){
			.inode = connections[sockets.count]->inode,
			.cgroup = connections[sockets.count]->cgroup,
		};
	if (sg_owners_find(&sockets, err))
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct sg_owner *owner = &connections[i]->owner;

		free(owner->unit);
		free(owner->container);
		*owner = sockets.items[i].owner;
		sockets.items[i].owner = (struct sg_owner){0};
	}
	return 0;
}
