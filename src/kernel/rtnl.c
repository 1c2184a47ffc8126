/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnl.c - one dump of rtnetlink, repeated until no change interrupts it. */
#include "kernel/rtnl.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "base/mem.h"

#define DUMP_ATTEMPTS 10    /* interrupted dumps in a row before it is given up */
#define DUMP_BUFFER   65536 /* the kernel fills 32 KiB at most, or one message that is larger */
#define DUMP_SEQ      1

static int rtnl_ask(struct mnl_socket *socket, const struct rtnl_dump *dump)
{
	_Alignas(struct nlmsghdr) char buffer[128];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = dump->type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = DUMP_SEQ;
	if (dump->type == RTM_GETROUTE) {
		struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
		int on = 1;

		header->rtm_family = dump->family;
		header->rtm_type = dump->route;
		/* a filter is only looked at when it is asked for; without, all routes come, and see() passes them over
		 */
		mnl_socket_setsockopt(socket, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	} else if (dump->type == RTM_GETLINK) {
		struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

		header->ifi_family = dump->family;
		mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	} else {
		struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

		header->ifa_family = dump->family;
	}
	return mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ? -1 : 0;
}

static int rtnl_receive(struct mnl_socket *socket, const struct rtnl_dump *dump)
{
	sg_autofree char *buffer = malloc(DUMP_BUFFER);
	int result = MNL_CB_OK;

	while (buffer && result > MNL_CB_STOP) {
		ssize_t size = mnl_socket_recvfrom(socket, buffer, DUMP_BUFFER);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return -1;
		result = mnl_cb_run(buffer, (size_t)size, DUMP_SEQ, mnl_socket_get_portid(socket), dump->see,
				    dump->data);
	}
	return buffer && result == MNL_CB_STOP ? 0 : -1;
}

/* One dump on a socket of its own, so that what is left of an interrupted one comes nowhere. errno tells why not. */
static int rtnl_dump_once(const struct rtnl_dump *dump)
{
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int result = -1, problem;

	if (socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 && rtnl_ask(socket, dump) == 0)
		result = rtnl_receive(socket, dump);
	problem = errno;
	if (socket)
		mnl_socket_close(socket);
	errno = problem;
	return result;
}

int sg_rtnl_dump(const struct rtnl_dump *dump, struct sg_error *err)
{
	for (int attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
		dump->restart(dump->data);
		if (rtnl_dump_once(dump) == 0)
			return 0;
		if (errno == ENOMEM)
			return sg_error_nomem(err);
		/* mnl_cb_run's word for an interrupted dump */
		if (errno != EINTR)
			return sg_error_set(err, SG_ERROR_SYSTEM, errno, "cannot read %s", dump->what);
	}
	return sg_error_set(err, SG_ERROR_SYSTEM, 0, "%s changed while they were read, %d times", dump->what,
			    DUMP_ATTEMPTS);
}
