/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnl_parse.c - messages of rtnetlink: addresses (linux/if_addr.h), routes (linux/rtnetlink.h), interfaces
 * (linux/if_link.h).
 */
#include "kernel/rtnl.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include "base/mem.h"

#define ATTRIBUTES 128 /* more than any of these messages has kinds of */

struct rtnl_attributes {
	const struct nlattr *of[ATTRIBUTES]; /* by type: the last of each */
};

static int rtnl_see_attribute(const struct nlattr *attribute, void *data)
{
	struct rtnl_attributes *attributes = data;
	uint16_t type = mnl_attr_get_type(attribute);

	if (type < ATTRIBUTES)
		attributes->of[type] = attribute;
	return MNL_CB_OK;
}

/* The payload of an attribute of exactly that size, or NULL. */
static const void *rtnl_payload(const struct nlattr *attribute, size_t size)
{
	return attribute && mnl_attr_get_payload_len(attribute) == size ? mnl_attr_get_payload(attribute) : NULL;
}

static uint32_t rtnl_u32(const struct nlattr *attribute)
{
	const void *payload = rtnl_payload(attribute, sizeof(uint32_t));
	uint32_t value = 0;

	if (payload)
		memcpy(&value, payload, sizeof(value));
	return value;
}

/* A text with its NUL that has room in `ret`; false: it is none, and `ret` is empty. */
static bool rtnl_text(const struct nlattr *attribute, char *ret, size_t room)
{
	size_t size = attribute ? mnl_attr_get_payload_len(attribute) : 0;
	const char *text = size ? mnl_attr_get_payload(attribute) : NULL;

	ret[0] = '\0';
	if (!text || !memchr(text, '\0', size) || !*text || strlen(text) >= room)
		return false;
	memcpy(ret, text, strlen(text) + 1);
	return true;
}

bool sg_rtnl_is_whole(const struct nlmsghdr *message, size_t header)
{
	return mnl_nlmsg_get_payload_len(message) >= header && message->nlmsg_len % MNL_ALIGNTO == 0;
}

static int rtnl_nomem(void)
{
	errno = ENOMEM;
	return MNL_CB_ERROR;
}

/* ---- Addresses ---- */

/* IFA_LOCAL is the host's own end; a link between two points has the other end in IFA_ADDRESS, and only IPv6 addresses
 * without a peer come without IFA_LOCAL. */
int sg_rtnl_see_address(const struct nlmsghdr *message, void *addresses)
{
	struct sg_local_addresses *list = addresses;
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	struct rtnl_attributes attributes = {{NULL}};
	struct sg_local_address address = {0};
	const struct nlattr *local;
	size_t size;

	if (message->nlmsg_type != RTM_NEWADDR || !sg_rtnl_is_whole(message, sizeof(*header)) ||
	    (header->ifa_family != AF_INET && header->ifa_family != AF_INET6))
		return MNL_CB_OK;
	size = header->ifa_family == AF_INET ? 4 : 16;
	mnl_attr_parse(message, sizeof(*header), rtnl_see_attribute, &attributes);
	local = attributes.of[IFA_LOCAL] ? attributes.of[IFA_LOCAL] : attributes.of[IFA_ADDRESS];
	if (!rtnl_payload(local, size) || header->ifa_prefixlen > 8 * size)
		return MNL_CB_OK;
	address.interface = header->ifa_index;
	if (!if_indextoname(header->ifa_index, address.interface_name))
		address.interface_name[0] = '\0';
	address.family = size == 4 ? SG_IPV4 : SG_IPV6;
	address.address = sg_addr_bits(rtnl_payload(local, size), size);
	address.prefix_length = header->ifa_prefixlen;
	return sg_local_addresses_add(list, &address, NULL) < 0 ? rtnl_nomem() : MNL_CB_OK;
}

/* ---- Routes ---- */

int sg_rtnl_see_route(const struct nlmsghdr *message, void *routes)
{
	struct rtnl_routes *found = routes;
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	size_t size = found->family == SG_IPV4 ? 4 : 16;
	struct rtnl_attributes attributes = {{NULL}};
	struct sg_range range = {0, sg_addr_max(found->family)};
	const uint8_t *destination;
	sg_u128 rest;

	if (message->nlmsg_type != RTM_NEWROUTE || !sg_rtnl_is_whole(message, sizeof(*header)) ||
	    header->rtm_family != (found->family == SG_IPV4 ? AF_INET : AF_INET6) || header->rtm_type != found->type ||
	    header->rtm_flags & RTM_F_CLONED || header->rtm_dst_len > 8 * size)
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(*header), rtnl_see_attribute, &attributes);
	destination = rtnl_payload(attributes.of[RTA_DST], size);
	/* a route for all addresses has none */
	if (!destination && (attributes.of[RTA_DST] || header->rtm_dst_len))
		return MNL_CB_OK;
	if (header->rtm_dst_len) {
		rest = header->rtm_dst_len == 8 * size ? 0 : range.last >> header->rtm_dst_len;
		range.first = sg_addr_bits(destination, size) & ~rest;
		range.last = range.first | rest;
	}
	return sg_ranges_add(&found->set, &range, NULL) < 0 ? rtnl_nomem() : MNL_CB_OK;
}

/* ---- Interfaces ---- */

struct rtnl_names {
	struct sg_local_addresses *list;
	uint32_t index;
};

static int rtnl_see_altname(const struct nlattr *attribute, void *data)
{
	struct rtnl_names *names = data;
	struct sg_altname altname = {.index = names->index};

	if (mnl_attr_get_type(attribute) != IFLA_ALT_IFNAME ||
	    !rtnl_text(attribute, altname.name, sizeof(altname.name)))
		return MNL_CB_OK;
	return sg_local_addresses_add_altname(names->list, &altname, NULL) < 0 ? rtnl_nomem() : MNL_CB_OK;
}

/* IFLA_AF_SPEC > AF_INET > IFLA_INET_CONF: the interface's settings, an array that begins with number 1. */
static bool rtnl_route_localnet(const struct nlattr *specific)
{
	struct rtnl_attributes families = {{NULL}}, inet = {{NULL}};
	const struct nlattr *conf;
	uint32_t value;

	if (!specific || mnl_attr_parse_nested(specific, rtnl_see_attribute, &families) < 0 || !families.of[AF_INET] ||
	    mnl_attr_parse_nested(families.of[AF_INET], rtnl_see_attribute, &inet) < 0)
		return false;
	conf = inet.of[IFLA_INET_CONF];
	if (!conf || mnl_attr_get_payload_len(conf) < IPV4_DEVCONF_ROUTE_LOCALNET * sizeof(value))
		return false;
	memcpy(&value, (const char *)mnl_attr_get_payload(conf) + (IPV4_DEVCONF_ROUTE_LOCALNET - 1) * sizeof(value),
	       sizeof(value));
	return value;
}

int sg_rtnl_see_link(const struct nlmsghdr *message, void *addresses)
{
	struct sg_local_addresses *list = addresses;
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	struct rtnl_attributes attributes = {{NULL}}, info = {{NULL}};
	struct rtnl_names names = {.list = list};
	struct sg_link link = {0};

	if (message->nlmsg_type != RTM_NEWLINK || !sg_rtnl_is_whole(message, sizeof(*header)))
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(*header), rtnl_see_attribute, &attributes);
	if (header->ifi_index <= 0 || !rtnl_text(attributes.of[IFLA_IFNAME], link.name, sizeof(link.name)))
		return MNL_CB_OK;
	link.index = names.index = (uint32_t)header->ifi_index;
	link.loopback = header->ifi_flags & IFF_LOOPBACK;
	link.master = rtnl_u32(attributes.of[IFLA_MASTER]);
	link.route_localnet = rtnl_route_localnet(attributes.of[IFLA_AF_SPEC]);
	if (attributes.of[IFLA_LINKINFO] &&
	    mnl_attr_parse_nested(attributes.of[IFLA_LINKINFO], rtnl_see_attribute, &info) >= 0)
		rtnl_text(info.of[IFLA_INFO_SLAVE_KIND], link.port_kind, sizeof(link.port_kind));
	if (sg_local_addresses_add_link(list, &link, NULL) < 0)
		return rtnl_nomem();
	if (!attributes.of[IFLA_PROP_LIST])
		return MNL_CB_OK;
	return mnl_attr_parse_nested(attributes.of[IFLA_PROP_LIST], rtnl_see_altname, &names);
}
