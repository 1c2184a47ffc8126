/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One inet_diag message becomes a listener or a connection. Everything is copied out of the message before it is looked
 * at. */
#include <netinet/in.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include "base/mem.h"
#include "kernel/sockdiag.h"
#include "sockgate/proto.h"

/* The attributes that matter, as they were found. */
struct diag_attrs {
	uint8_t v6only;
	uint64_t cgroup;
	const unsigned char *locals; /* struct sockaddr_storage each */
	size_t local_count;
};

static int diag_malformed(struct sg_error *err)
{
	return sg_error_set(err, SG_ERROR_SYSTEM, 0, "the kernel's list of sockets is malformed");
}

struct sg_listener *sg_sockdiag_add(struct sg_listeners *list, struct sg_error *err)
{
	if (list->count == list->room && sg_grow(&list->items, &list->room, list->count, 1, sizeof(*list->items))) {
		sg_error_nomem(err);
		return NULL;
	}
	list->items[list->count] = (struct sg_listener){0};
	return &list->items[list->count++];
}

bool sg_sockdiag_receives(uint8_t protocol, unsigned int state, uint16_t port)
{
	switch (protocol) {
	case SG_PROTO_UDP:
	case SG_PROTO_UDPLITE: return port && (state == SG_SOCKET_CONNECTED || state == SG_SOCKET_UNCONNECTED);
	case IPPROTO_RAW: return port < IPPROTO_RAW;
	default: return port && state == SG_SOCKET_LISTENING;
	}
}

void sg_sockdiag_complete(struct sg_listener *listener, uint8_t protocol, unsigned int state)
{
	listener->protocol = protocol;
	listener->connected = state == SG_SOCKET_CONNECTED;
	if (protocol != IPPROTO_RAW)
		return;
	listener->raw = true;
	listener->protocol = (uint8_t)listener->port;
	listener->port = 0;
	listener->v6only = listener->family == SG_IPV6;
}

static bool diag_attr(struct diag_attrs *attrs, unsigned int type, const unsigned char *data, size_t size)
{
	switch (type) {
	case INET_DIAG_SKV6ONLY:
		if (size < sizeof(attrs->v6only))
			return false;
		attrs->v6only = data[0];
		return true;
	case INET_DIAG_CGROUP_ID:
		if (size < sizeof(attrs->cgroup))
			return false;
		memcpy(&attrs->cgroup, data, sizeof(attrs->cgroup));
		return true;
	case INET_DIAG_LOCALS:
		if (size % sizeof(struct sockaddr_storage))
			return false;
		attrs->locals = data;
		attrs->local_count = size / sizeof(struct sockaddr_storage);
		return true;
	default: return true;
	}
}

static bool diag_attrs(const unsigned char *data, size_t size, struct diag_attrs *ret)
{
	size_t offset = 0;

	while (offset < size) {
		struct nlattr attr;
		size_t next;

		if (size - offset < sizeof(attr))
			return false;
		memcpy(&attr, data + offset, sizeof(attr));
		if (attr.nla_len < sizeof(attr) || attr.nla_len > size - offset)
			return false;
		if (!diag_attr(ret, (unsigned int)(attr.nla_type & NLA_TYPE_MASK), data + offset + sizeof(attr),
			       attr.nla_len - sizeof(attr)))
			return false;
		next = offset + (((size_t)attr.nla_len + 3) & ~(size_t)3); /* NLA_ALIGN */
		offset = next < size ? next : size;                        /* the last one may lack its padding */
	}
	return true;
}

/* Turns a listener into the one of the i-th local address; false when the address is none. */
static bool diag_local(struct sg_listener *listener, const struct diag_attrs *attrs, size_t i)
{
	const unsigned char *at = attrs->locals + i * sizeof(struct sockaddr_storage);
	struct sockaddr_in6 in6;
	struct sockaddr_in in;
	sa_family_t family;

	memcpy(&family, at, sizeof(family));
	if (family == AF_INET) {
		memcpy(&in, at, sizeof(in));
		listener->family = SG_IPV4;
		listener->address = sg_addr_bits(&in.sin_addr, sizeof(in.sin_addr));
		return true;
	}
	memcpy(&in6, at, sizeof(in6));
	listener->family = SG_IPV6;
	listener->address = sg_addr_bits(&in6.sin6_addr, sizeof(in6.sin6_addr));
	return family == AF_INET6;
}

static int diag_add(struct sg_listeners *list, const struct sg_listener *listener, const struct diag_attrs *attrs,
		    struct sg_error *err)
{
	size_t before = list->count, rows = attrs->local_count ? attrs->local_count : 1;

	for (size_t i = 0; i < rows; i++) {
		struct sg_listener *added = sg_sockdiag_add(list, err);

		if (!added) {
			list->count = before;
			return -1;
		}
		*added = *listener;
		if (attrs->local_count && !diag_local(added, attrs, i)) {
			list->count = before;
			return diag_malformed(err);
		}
	}
	return 0;
}

/* The message's parts, copied out and checked. */
static bool diag_split(const void *msg, size_t size, struct inet_diag_msg *ret, struct diag_attrs *ret_attrs)
{
	const unsigned char *bytes = msg;
	struct nlmsghdr header;

	if (size < sizeof(header))
		return false;
	memcpy(&header, msg, sizeof(header));
	if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || header.nlmsg_len > size ||
	    header.nlmsg_len < NLMSG_LENGTH(sizeof(*ret)))
		return false;
	memcpy(ret, bytes + NLMSG_HDRLEN, sizeof(*ret));
	return (ret->idiag_family == AF_INET || ret->idiag_family == AF_INET6) &&
	       diag_attrs(bytes + NLMSG_LENGTH(sizeof(*ret)), header.nlmsg_len - NLMSG_LENGTH(sizeof(*ret)), ret_attrs);
}

int sg_sockdiag_parse(const void *msg, size_t size, uint8_t protocol, struct sg_listeners *list, struct sg_error *err)
{
	struct sg_listener listener = {0};
	struct diag_attrs attrs = {0};
	struct inet_diag_msg diag;

	if (!diag_split(msg, size, &diag, &attrs))
		return diag_malformed(err);
	listener.port = ntohs(diag.id.idiag_sport);
	if (!sg_sockdiag_receives(protocol, diag.idiag_state, listener.port))
		return 0;
	listener.family = diag.idiag_family == AF_INET ? SG_IPV4 : SG_IPV6;
	listener.address = sg_addr_bits(diag.id.idiag_src, listener.family == SG_IPV4 ? 4 : 16);
	listener.v6only = listener.family == SG_IPV6 && attrs.v6only;
	listener.interface = diag.id.idiag_if;
	listener.uid = diag.idiag_uid;
	listener.inode = diag.idiag_inode;
	listener.cgroup = attrs.cgroup;
	sg_sockdiag_complete(&listener, protocol, diag.idiag_state);
	return diag_add(list, &listener, &attrs, err);
}

int sg_sockdiag_parse_connection(const void *msg, size_t size, uint8_t protocol, struct sg_connections *list,
				 struct sg_error *err)
{
	struct sg_connection connection = {.protocol = protocol};
	struct diag_attrs attrs = {0};
	struct inet_diag_msg diag;
	size_t length;

	if (!diag_split(msg, size, &diag, &attrs))
		return diag_malformed(err);
	length = diag.idiag_family == AF_INET ? 4 : 16;
	connection.family = diag.idiag_family == AF_INET ? SG_IPV4 : SG_IPV6;
	connection.local = sg_addr_bits(diag.id.idiag_src, length);
	connection.remote = sg_addr_bits(diag.id.idiag_dst, length);
	connection.port = ntohs(diag.id.idiag_sport);
	connection.remote_port = ntohs(diag.id.idiag_dport);
	connection.interface = diag.id.idiag_if;
	connection.uid = diag.idiag_uid;
	connection.inode = diag.idiag_inode;
	connection.cgroup = attrs.cgroup;
	return sg_sockdiag_add_connection(list, &connection, diag.idiag_state, err);
}

int sg_sockdiag_add_connection(struct sg_connections *list, const struct sg_connection *connection, unsigned int state,
			       struct sg_error *err)
{
	struct sg_connection *added;

	if ((state != SG_SOCKET_CONNECTED && state != SG_SOCKET_OPENING) || !connection->port ||
	    !connection->remote_port)
		return 0;
	if (sg_grow(&list->items, &list->room, list->count, 1, sizeof(*list->items)))
		return sg_error_nomem(err);
	added = &list->items[list->count++];
	*added = *connection;
	/* how a socket of both families speaks of IPv4 */
	if (added->family == SG_IPV6 && added->local >> 32 == 0xffff && added->remote >> 32 == 0xffff) {
		added->family = SG_IPV4;
		added->local &= UINT32_MAX;
		added->remote &= UINT32_MAX;
	}
	return 0;
}
