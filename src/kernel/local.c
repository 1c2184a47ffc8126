/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this host answers to: its addresses, the destinations of its local routes, its interfaces, and whether they take
 * packets to 127.0.0.0/8 in (Documentation/networking/ip-sysctl.rst, route_localnet).
 */
#include "sockgate/kernel_local.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include "base/file.h"
#include "base/mem.h"
#include "kernel/rtnl.h"

/* Holds for the network namespace of the thread that opens it. */
#define LOCALNET_PATH "/proc/sys/net/ipv4/conf/all/route_localnet"

static void forget_addresses(void *data)
{
	((struct sg_local_addresses *)data)->count = 0;
}

static void forget_links(void *data)
{
	struct sg_local_addresses *list = data;

	list->link_count = list->altname_count = 0;
}

static void forget_routes(void *data)
{
	((struct rtnl_routes *)data)->set.count = 0;
}

static int read_routes(enum sg_family family, uint8_t type, struct sg_ranges *ret, struct sg_error *err)
{
	struct rtnl_routes routes = {.family = family, .type = type};
	const struct rtnl_dump dump = {
		.type = RTM_GETROUTE,
		.family = family == SG_IPV4 ? AF_INET : AF_INET6,
		.route = type,
		.see = sg_rtnl_see_route,
		.restart = forget_routes,
		.data = &routes,
		.what = "the host's routes",
	};

	if (sg_rtnl_dump(&dump, err) < 0) {
		sg_ranges_clear(&routes.set);
		return -1;
	}
	sg_ranges_normalise(&routes.set);
	*ret = routes.set;
	return 0;
}

/* errno: why it is not known; 0: *ret is set. */
static int read_localnet(bool *ret)
{
	const struct sg_file_rules rules = {.max_size = 64};
	struct sg_error err = {0};
	sg_autofree char *text = NULL;
	size_t size;

	if (sg_file_read(LOCALNET_PATH, &rules, &text, &size, &err) < 0)
		return err.errnum ? err.errnum : EIO;
	*ret = size && text[0] != '0';
	return 0;
}

int sg_kernel_local_addresses(struct sg_local_addresses *ret, struct sg_error *err)
{
	sg_cleanup(sg_local_addresses_clear) struct sg_local_addresses list = {0};
	const struct rtnl_dump addresses = {.type = RTM_GETADDR,
					    .see = sg_rtnl_see_address,
					    .restart = forget_addresses,
					    .data = &list,
					    .what = "the host's addresses"};
	const struct rtnl_dump links = {.type = RTM_GETLINK,
					.see = sg_rtnl_see_link,
					.restart = forget_links,
					.data = &list,
					.what = "the host's interfaces"};

	if (sg_rtnl_dump(&links, err) < 0 || sg_rtnl_dump(&addresses, err) < 0 ||
	    read_routes(SG_IPV4, RTN_LOCAL, &list.own[SG_IPV4], err) < 0 ||
	    read_routes(SG_IPV4, RTN_BROADCAST, &list.shared[SG_IPV4], err) < 0 ||
	    read_routes(SG_IPV6, RTN_LOCAL, &list.own[SG_IPV6], err) < 0 ||
	    read_routes(SG_IPV6, RTN_ANYCAST, &list.shared[SG_IPV6], err) < 0)
		return -1;
	list.localnet_problem = read_localnet(&list.localnet_everywhere);
	*ret = list;
	list = (struct sg_local_addresses){0};
	return 0;
}
