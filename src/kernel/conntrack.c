/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connection tracking (linux/netfilter/nfnetlink_conntrack.h). Of UDP flows it is the only place that tells of the
 * peers of a socket that is connected to none, and of sockets of the kernel itself (WireGuard). And a TCP connection
 * can be made known to it.
 */
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "base/mem.h"
#include "kernel/nfnl.h"
#include "kernel/conntrack.h"
#include "nft/attr.h"
#include "sockgate/proto.h"

/* The original direction of a flow. */
struct flow {
	enum sg_family family;
	sg_u128 source, destination;
	bool has_source, has_destination;
	uint8_t protocol;
	uint16_t source_port, destination_port;
	uint32_t status; /* IPS_* */
};

static void flow_ip(const struct attr *nest, struct flow *flow)
{
	struct attr_list list = sg_attr_nest(nest);
	struct attr attr;

	while (sg_attr_next(&list, &attr)) {
		bool source = attr.type == CTA_IP_V4_SRC || attr.type == CTA_IP_V6_SRC;
		bool v4 = attr.type == CTA_IP_V4_SRC || attr.type == CTA_IP_V4_DST;

		if (attr.type < CTA_IP_V4_SRC || attr.type > CTA_IP_V6_DST || attr.size != (v4 ? 4 : 16))
			continue;
		flow->family = v4 ? SG_IPV4 : SG_IPV6;
		*(source ? &flow->source : &flow->destination) = sg_addr_bits(attr.data, attr.size);
		*(source ? &flow->has_source : &flow->has_destination) = true;
	}
}

static void flow_protocol(const struct attr *nest, struct flow *flow)
{
	struct attr_list list = sg_attr_nest(nest);
	struct attr attr;

	while (sg_attr_next(&list, &attr)) {
		if (attr.type == CTA_PROTO_NUM && attr.size == 1)
			flow->protocol = attr.data[0];
		else if (attr.type == CTA_PROTO_SRC_PORT && attr.size == 2)
			flow->source_port = (uint16_t)sg_addr_bits(attr.data, attr.size);
		else if (attr.type == CTA_PROTO_DST_PORT && attr.size == 2)
			flow->destination_port = (uint16_t)sg_addr_bits(attr.data, attr.size);
	}
}

static void flow_tuple(const struct attr *nest, struct flow *flow)
{
	struct attr_list list = sg_attr_nest(nest);
	struct attr attr;

	while (sg_attr_next(&list, &attr)) {
		if (attr.type == CTA_TUPLE_IP)
			flow_ip(&attr, flow);
		else if (attr.type == CTA_TUPLE_PROTO)
			flow_protocol(&attr, flow);
	}
}

static void flow_attributes(struct attr_list *list, struct flow *flow)
{
	struct attr attr;

	while (sg_attr_next(list, &attr)) {
		if (attr.type == CTA_TUPLE_ORIG)
			flow_tuple(&attr, flow);
		else if (attr.type == CTA_STATUS && attr.size == 4)
			flow->status = sg_attr_be32(&attr);
	}
}

/* Local routes may be of a table that only some packets are looked up in, so addresses of interfaces come first. */
static bool flow_is_inbound(const struct flow *flow, const struct sg_local_addresses *local)
{
	const char *interface;

	if (sg_local_addresses_has(local, flow->family, flow->destination))
		return true;
	return !sg_local_addresses_has(local, flow->family, flow->source) &&
	       sg_local_addresses_find(local, flow->family, flow->destination, &interface);
}

int sg_conntrack_parse(const void *message, size_t size, const struct sg_local_addresses *local,
		       struct sg_connections *list, struct sg_error *err)
{
	struct sg_connection connection = {.protocol = SG_PROTO_UDP, .flow = true};
	struct attr_list attrs;
	struct flow flow = {0};
	const char *interface;

	if (size < sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg))
		return sg_error_set(err, SG_ERROR_SYSTEM, 0, "the kernel's list of connections is malformed");
	attrs = sg_attr_list((const uint8_t *)message + sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg),
			     size - sizeof(struct nlmsghdr) - sizeof(struct nfgenmsg));
	flow_attributes(&attrs, &flow);
	if (attrs.torn)
		return sg_error_set(err, SG_ERROR_SYSTEM, 0, "the kernel's list of connections is malformed");
	if (flow.protocol != SG_PROTO_UDP || !(flow.status & IPS_ASSURED) || !flow.has_source ||
	    !flow.has_destination || !flow.source_port || !flow.destination_port)
		return 0;
	connection.family = flow.family;
	connection.inbound = flow_is_inbound(&flow, local);
	/* forwarded ones and those to published ports are not the host's own */
	if (connection.inbound ? flow.status & IPS_DST_NAT
			       : !sg_local_addresses_find(local, flow.family, flow.source, &interface))
		return 0;
	connection.local = connection.inbound ? flow.destination : flow.source;
	connection.remote = connection.inbound ? flow.source : flow.destination;
	connection.port = connection.inbound ? flow.destination_port : flow.source_port;
	connection.remote_port = connection.inbound ? flow.source_port : flow.destination_port;
	if (sg_grow(&list->items, &list->room, list->count, 1, sizeof(*list->items)) < 0)
		return sg_error_nomem(err);
	list->items[list->count++] = connection;
	return 0;
}

struct flow_dump {
	const struct sg_local_addresses *local;
	struct sg_connections *list;
};

static int flow_see(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	const struct flow_dump *dump = data;

	if (header->nlmsg_type != (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW))
		return 0;
	return sg_conntrack_parse(message, header->nlmsg_len, dump->local, dump->list, err);
}

int sg_conntrack_flows(const struct sg_local_addresses *local, struct sg_connections *list, bool *ret_known,
		       struct sg_error *err)
{
	struct flow_dump dump = {local, list};
	struct sg_error cause = {0};
	struct nfnl_request request;
	struct sg_kernel *kernel;
	size_t before = list->count;
	int result;

	*ret_known = false;
	if (sg_kernel_open(&kernel, &cause) < 0)
		return cause.kind == SG_ERROR_MEMORY ? sg_error_nomem(err) : 0;
	sg_nfnl_request(kernel, &request, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET, NLM_F_DUMP, 0);
	result = sg_nfnl_ask(kernel, &request, flow_see, &dump, &cause);
	sg_kernel_close(kernel);
	*ret_known = result == 0;
	if (result == 0)
		return 0;
	list->count = before;
	return cause.kind == SG_ERROR_MEMORY ? sg_error_nomem(err) : 0;
}

/* ---- One connection: asking for it, and making it known ---- */

/* Seconds; the first packet of it gives it the time of an established connection. */
#define KEEP_TIMEOUT 600

struct keep_end {
	sg_u128 address;
	uint16_t port;
};

static void keep_put_address(struct nlmsghdr *message, uint16_t type, enum sg_family family, sg_u128 address)
{
	size_t length = family == SG_IPV4 ? 4 : 16;
	uint8_t bytes[16];

	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(address >> 8 * (length - 1 - i));
	mnl_attr_put(message, type, length, bytes);
}

static void keep_put_tuple(struct nlmsghdr *message, uint16_t type, enum sg_family family, const struct keep_end *from,
			   const struct keep_end *to)
{
	bool v4 = family == SG_IPV4;
	struct nlattr *tuple = mnl_attr_nest_start(message, type);
	struct nlattr *part = mnl_attr_nest_start(message, CTA_TUPLE_IP);

	keep_put_address(message, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, family, from->address);
	keep_put_address(message, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, family, to->address);
	mnl_attr_nest_end(message, part);
	part = mnl_attr_nest_start(message, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(message, CTA_PROTO_NUM, SG_PROTO_TCP);
	mnl_attr_put_u16(message, CTA_PROTO_SRC_PORT, htobe16(from->port));
	mnl_attr_put_u16(message, CTA_PROTO_DST_PORT, htobe16(to->port));
	mnl_attr_nest_end(message, part);
	mnl_attr_nest_end(message, tuple);
}

static void keep_put_state(struct nlmsghdr *message)
{
	struct nlattr *info = mnl_attr_nest_start(message, CTA_PROTOINFO);
	struct nlattr *tcp = mnl_attr_nest_start(message, CTA_PROTOINFO_TCP);

	mnl_attr_put_u8(message, CTA_PROTOINFO_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
	mnl_attr_nest_end(message, tcp);
	mnl_attr_nest_end(message, info);
}

static int keep_see(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	(void)header, (void)message, (void)data, (void)err;
	return 0;
}

static int published_see(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	const size_t head = sizeof(*header) + sizeof(struct nfgenmsg);
	struct attr_list list;

	(void)err;
	if (header->nlmsg_type != (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW) || header->nlmsg_len < head)
		return 0;
	list = sg_attr_list(message + head, header->nlmsg_len - head);
	flow_attributes(&list, data);
	return 0;
}

int sg_conntrack_published(const struct sg_connection *inside, struct sg_connection *ret, bool *ret_found,
			   struct sg_error *err)
{
	const struct keep_end peer = {inside->remote, inside->remote_port}, own = {inside->local, inside->port};
	struct sg_error cause = {0};
	struct nfnl_request request;
	struct sg_kernel *kernel;
	struct flow flow = {0};
	int result;

	*ret_found = false;
	if (sg_kernel_open(&kernel, &cause) < 0)
		return cause.kind == SG_ERROR_MEMORY ? sg_error_nomem(err) : 0;
	sg_nfnl_request(kernel, &request, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET, 0,
			inside->family == SG_IPV4 ? AF_INET : AF_INET6);
	/* the kernel looks it up by what the replies have */
	keep_put_tuple(request.header, CTA_TUPLE_REPLY, inside->family, &own, &peer);
	result = sg_nfnl_ask(kernel, &request, published_see, &flow, &cause);
	sg_kernel_close(kernel);
	if (result < 0)
		return cause.kind == SG_ERROR_MEMORY ? sg_error_nomem(err) : 0;
	*ret_found = flow.protocol == SG_PROTO_TCP && flow.has_source && flow.has_destination &&
		     flow.status & IPS_DST_NAT;
	*ret = (struct sg_connection){
		.protocol = SG_PROTO_TCP,
		.family = flow.family,
		.local = flow.destination,
		.port = flow.destination_port,
		.remote = flow.source,
		.remote_port = flow.source_port,
		.published = true,
	};
	return 0;
}

int sg_conntrack_keep(const struct sg_connection *connection, struct sg_error *err)
{
	const struct keep_end peer = {connection->remote, connection->remote_port};
	const struct keep_end own = {connection->local, connection->port};
	enum sg_family family = connection->family;
	struct sg_error cause = {0};
	struct nfnl_request request;
	struct sg_kernel *kernel;
	int result;

	if (sg_kernel_open(&kernel, err) < 0)
		return -1;
	sg_nfnl_request(kernel, &request, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL,
			family == SG_IPV4 ? AF_INET : AF_INET6);
	keep_put_tuple(request.header, CTA_TUPLE_ORIG, family, &peer, &own);
	keep_put_tuple(request.header, CTA_TUPLE_REPLY, family, &own, &peer);
	mnl_attr_put_u32(request.header, CTA_STATUS, htobe32(IPS_SEEN_REPLY | IPS_ASSURED | IPS_CONFIRMED));
	mnl_attr_put_u32(request.header, CTA_TIMEOUT, htobe32(KEEP_TIMEOUT));
	keep_put_state(request.header);
	result = sg_nfnl_ask(kernel, &request, keep_see, NULL, &cause);
	sg_kernel_close(kernel);
	if (result == 0 || cause.errnum == EEXIST)
		return 0;
	if (err)
		*err = cause;
	return -1;
}
