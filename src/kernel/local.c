/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's addresses, by RTM_GETADDR (rtnetlink(7), linux/if_addr.h). IFA_LOCAL is the host's own end; a link between
 * two points has the other end in IFA_ADDRESS, and only IPv6 addresses without a peer come without IFA_LOCAL.
 */
#include "sockgate/kernel_local.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "base/mem.h"

#define DUMP_ATTEMPTS 10    /* interrupted dumps in a row before it is given up */
#define DUMP_BUFFER   32768 /* what the kernel fills at most */
#define DUMP_SEQ      1

struct dump {
	struct sg_local_addresses list;
};

static sg_u128 number(const uint8_t *bytes, size_t size)
{
	sg_u128 bits = 0;

	for (size_t i = 0; i < size; i++)
		bits = bits << 8 | bytes[i];
	return bits;
}

struct found {
	const struct nlattr *local, *address;
};

static int see_attribute(const struct nlattr *attribute, void *data)
{
	struct found *found = data;

	if (mnl_attr_get_type(attribute) == IFA_LOCAL)
		found->local = attribute;
	else if (mnl_attr_get_type(attribute) == IFA_ADDRESS)
		found->address = attribute;
	return MNL_CB_OK;
}

static int see_message(const struct nlmsghdr *message, void *data)
{
	struct dump *dump = data;
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	struct sg_local_address address = {0};
	struct found found = {NULL, NULL};
	size_t size;

	if (message->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(message) < sizeof(*header) ||
	    (header->ifa_family != AF_INET && header->ifa_family != AF_INET6))
		return MNL_CB_OK;
	size = header->ifa_family == AF_INET ? 4 : 16;
	mnl_attr_parse(message, sizeof(*header), see_attribute, &found);
	if (!found.local)
		found.local = found.address;
	if (!found.local || mnl_attr_get_payload_len(found.local) != size)
		return MNL_CB_OK;
	address.interface = header->ifa_index;
	if (!if_indextoname(header->ifa_index, address.interface_name))
		address.interface_name[0] = '\0';
	address.family = size == 4 ? SG_IPV4 : SG_IPV6;
	address.address = number(mnl_attr_get_payload(found.local), size);
	address.prefix_length = header->ifa_prefixlen;
	if (sg_local_addresses_add(&dump->list, &address, NULL) < 0) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

static int ask(struct mnl_socket *socket)
{
	_Alignas(struct nlmsghdr) char buffer[64];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = RTM_GETADDR;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = DUMP_SEQ;
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifaddrmsg));
	return mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ? -1 : 0;
}

static int receive(struct mnl_socket *socket, struct dump *dump)
{
	sg_autofree char *buffer = malloc(DUMP_BUFFER);
	int result = MNL_CB_OK;

	while (buffer && result > MNL_CB_STOP) {
		ssize_t size = mnl_socket_recvfrom(socket, buffer, DUMP_BUFFER);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return -1;
		result = mnl_cb_run(buffer, (size_t)size, DUMP_SEQ, mnl_socket_get_portid(socket), see_message, dump);
	}
	return buffer && result == MNL_CB_STOP ? 0 : -1;
}

/* One dump on a socket of its own, so that what is left of an interrupted one comes nowhere. errno tells why not. */
static int dump_once(struct dump *dump)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int result = -1, problem;

	if (socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 && ask(socket) == 0)
		result = receive(socket, dump);
	problem = errno;
	if (socket)
		mnl_socket_close(socket);
	errno = problem;
	return result;
}

int sg_kernel_local_addresses(struct sg_local_addresses *ret, struct sg_error *err)
{
	for (int attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
		struct dump dump = {0};

		if (dump_once(&dump) == 0) {
			*ret = dump.list;
			return 0;
		}
		sg_local_addresses_clear(&dump.list);
		if (errno == ENOMEM)
			return sg_error_nomem(err);
		/* mnl_cb_run's word for an interrupted dump */
		if (errno != EINTR)
			return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot read the host's addresses");
	}
	return sg_error_set(err, SG_ERROR_SYSTEM, 0, "the host's addresses changed while they were read, %d times",
			    DUMP_ATTEMPTS);
}
