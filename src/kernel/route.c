/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions to the routing tables, by RTM_GETROUTE (rtnetlink(7), linux/rtnetlink.h). The kernel answers one with one
 * RTM_NEWROUTE, or with the errno that a packet would meet: ENETUNREACH, EHOSTUNREACH and their like are no failure.
 */
#include "sockgate/kernel_route.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/mem.h"
#include "kernel/rtnl.h"

#define ROUTE_BUFFER 8192
#define ROUTE_SEQ    1

struct route_answer {
	const struct sg_connection *connection;
	struct sg_route route;
	uint8_t type; /* RTN_* */
};

static size_t route_length(enum sg_family family)
{
	return family == SG_IPV4 ? 4 : 16;
}

static void route_put(struct nlmsghdr *message, uint16_t type, enum sg_family family, sg_u128 address)
{
	size_t length = route_length(family);
	uint8_t bytes[16];

	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(address >> 8 * (length - 1 - i));
	mnl_attr_put(message, type, length, bytes);
}

/* struct rtvia: a family and an address of it */
static void route_see_via(const struct nlattr *attribute, struct sg_route *route)
{
	size_t size = mnl_attr_get_payload_len(attribute);
	const uint8_t *bytes = mnl_attr_get_payload(attribute);
	uint16_t family;

	if (size < sizeof(family))
		return;
	memcpy(&family, bytes, sizeof(family));
	if (family == AF_INET6 && size == sizeof(family) + 16) {
		route->hop_family = SG_IPV6;
		route->hop = sg_addr_bits(bytes + sizeof(family), 16);
	}
}

static int route_see_attribute(const struct nlattr *attribute, void *data)
{
	struct route_answer *answer = data;
	size_t size = mnl_attr_get_payload_len(attribute), length = route_length(answer->connection->family);

	switch (mnl_attr_get_type(attribute)) {
	case RTA_OIF:
		if (size == sizeof(uint32_t))
			answer->route.interface = mnl_attr_get_u32(attribute);
		break;
	case RTA_GATEWAY:
		if (size == length)
			answer->route.hop = sg_addr_bits(mnl_attr_get_payload(attribute), size);
		break;
	case RTA_VIA: route_see_via(attribute, &answer->route); break;
	default: break;
	}
	return MNL_CB_OK;
}

static int route_see(const struct nlmsghdr *message, void *data)
{
	struct route_answer *answer = data;
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_type != RTM_NEWROUTE || !sg_rtnl_is_whole(message, sizeof(*header)))
		return MNL_CB_OK;
	answer->type = header->rtm_type;
	mnl_attr_parse(message, sizeof(*header), route_see_attribute, answer);
	return MNL_CB_STOP;
}

static int route_send(struct mnl_socket *socket, const struct sg_connection *connection)
{
	_Alignas(struct nlmsghdr) char buffer[256];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct rtmsg *header;

	message->nlmsg_type = RTM_GETROUTE;
	message->nlmsg_flags = NLM_F_REQUEST;
	message->nlmsg_seq = ROUTE_SEQ;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->rtm_family = connection->family == SG_IPV4 ? AF_INET : AF_INET6;
	header->rtm_dst_len = (uint8_t)(8 * route_length(connection->family));
	route_put(message, RTA_DST, connection->family, connection->remote);
	header->rtm_src_len = header->rtm_dst_len;
	route_put(message, RTA_SRC, connection->family, connection->local);
	/* rules may look at ports (ip-rule(8)); a kernel that does not know these attributes passes them over */
	mnl_attr_put_u8(message, RTA_IP_PROTO, connection->protocol);
	if (connection->port)
		mnl_attr_put_u16(message, RTA_SPORT, htobe16(connection->port));
	if (connection->remote_port)
		mnl_attr_put_u16(message, RTA_DPORT, htobe16(connection->remote_port));
	if (connection->interface)
		mnl_attr_put_u32(message, RTA_OIF, connection->interface);
	return mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ? -1 : 0;
}

/* errno tells why not, also what the kernel has against the packet. */
static int route_receive(struct mnl_socket *socket, struct route_answer *answer)
{
	_Alignas(struct nlmsghdr) char buffer[ROUTE_BUFFER];
	ssize_t size;

	do
		size = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return -1;
	return mnl_cb_run(buffer, (size_t)size, ROUTE_SEQ, mnl_socket_get_portid(socket), route_see, answer) < 0 ? -1
														 : 0;
}

/* What a packet without a way meets. EINVAL: the local address is not the host's any more. */
static bool route_is_none(int errnum)
{
	return errnum == ENETUNREACH || errnum == EHOSTUNREACH || errnum == EACCES || errnum == EINVAL ||
	       errnum == ENETDOWN || errnum == ENODEV || errnum == ESRCH;
}

static int route_ask(const struct sg_connection *connection, struct route_answer *ret, struct sg_error *err)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int result = -1, problem;

	*ret = (struct route_answer){
		.connection = connection,
		.route = {.hop_family = connection->family, .hop = connection->remote},
	};
	if (socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 && route_send(socket, connection) == 0)
		result = route_receive(socket, ret);
	problem = errno;
	if (socket)
		mnl_socket_close(socket);
	if (result == 0 || (socket && route_is_none(problem)))
		return 0;
	return sg_error_set(err, SG_ERROR_SYSTEM, problem, "cannot ask the kernel for a route");
}

/* The flags of an interface (netdevice(7)); 0: it is not there. */
static unsigned int route_flags(const char *name)
{
	struct ifreq request = {0};
	unsigned int flags = 0;
	/* any socket will do for that: this family is there where others are refused (RestrictAddressFamilies) */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	memcpy(request.ifr_name, name, strnlen(name, sizeof(request.ifr_name) - 1));
	if (ioctl(fd, SIOCGIFFLAGS, &request) == 0)
		flags = (unsigned short)request.ifr_flags;
	close(fd);
	return flags;
}

int sg_kernel_route(const struct sg_connection *connection, struct sg_route *ret, struct sg_error *err)
{
	struct route_answer answer;
	struct sg_route *route = &answer.route;

	if (route_ask(connection, &answer, err) < 0)
		return -1;
	route->local = answer.type == RTN_LOCAL;
	route->known = route->local || answer.type == RTN_UNICAST;
	if (route->interface && if_indextoname(route->interface, route->interface_name))
		route->resolves = !(route_flags(route->interface_name) & (IFF_NOARP | IFF_LOOPBACK));
	*ret = *route;
	return 0;
}

void sg_interfaces_clear(struct sg_interfaces *list)
{
	free(list->names);
	*list = (struct sg_interfaces){0};
}

int sg_kernel_interfaces(struct sg_interfaces *ret, struct sg_error *err)
{
	struct if_nameindex *names = if_nameindex();
	struct sg_interfaces list = {0};

	if (!names)
		return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot list the interfaces");
	for (const struct if_nameindex *at = names; at->if_index; at++) {
		unsigned int flags = route_flags(at->if_name);

		if (!(flags & IFF_UP) || flags & IFF_LOOPBACK)
			continue;
		if (sg_grow(&list.names, &list.room, list.count, 1, sizeof(*list.names)) < 0) {
			sg_interfaces_clear(&list);
			if_freenameindex(names);
			return sg_error_nomem(err);
		}
		memset(list.names[list.count], 0, sizeof(*list.names));
		memcpy(list.names[list.count++], at->if_name, strnlen(at->if_name, sizeof(*list.names) - 1));
	}
	if_freenameindex(names);
	*ret = list;
	return 0;
}
