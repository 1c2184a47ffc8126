/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What messages of rtnetlink say: whole ones, and ones that are cut off or lie about their size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "kernel/rtnl.h"

#define ROOM 4096

struct made {
	_Alignas(struct nlmsghdr) char data[ROOM];
	struct nlmsghdr *message;
};

static struct made *make(uint16_t type)
{
	struct made *made = calloc(1, sizeof(*made));

	made->message = mnl_nlmsg_put_header(made->data);
	made->message->nlmsg_type = type;
	return made;
}

static struct made *route(int family, uint8_t type, const char *destination, uint8_t length)
{
	struct made *made = make(RTM_NEWROUTE);
	struct rtmsg *header = mnl_nlmsg_put_extra_header(made->message, sizeof(*header));
	unsigned char address[16];

	header->rtm_family = (unsigned char)family;
	header->rtm_type = type;
	header->rtm_dst_len = length;
	header->rtm_table = RT_TABLE_LOCAL;
	if (destination) {
		assert_int_equal(inet_pton(family, destination, address), 1);
		mnl_attr_put(made->message, RTA_DST, family == AF_INET ? 4 : 16, address);
	}
	mnl_attr_put_u32(made->message, RTA_OIF, 1);
	return made;
}

static struct made *link_message(void)
{
	struct made *made = make(RTM_NEWLINK);
	struct ifinfomsg *header = mnl_nlmsg_put_extra_header(made->message, sizeof(*header));
	uint32_t conf[IPV4_DEVCONF_ROUTE_LOCALNET] = {0};
	struct nlattr *outer, *inner;

	header->ifi_index = 7;
	mnl_attr_put_strz(made->message, IFLA_IFNAME, "eth0");
	mnl_attr_put_u32(made->message, IFLA_MASTER, 9);
	outer = mnl_attr_nest_start(made->message, IFLA_LINKINFO);
	mnl_attr_put_strz(made->message, IFLA_INFO_KIND, "veth");
	mnl_attr_put_strz(made->message, IFLA_INFO_SLAVE_KIND, "bridge");
	mnl_attr_nest_end(made->message, outer);
	outer = mnl_attr_nest_start(made->message, IFLA_AF_SPEC);
	inner = mnl_attr_nest_start(made->message, AF_INET);
	conf[IPV4_DEVCONF_ROUTE_LOCALNET - 1] = 1;
	mnl_attr_put(made->message, IFLA_INET_CONF, sizeof(conf), conf);
	mnl_attr_nest_end(made->message, inner);
	mnl_attr_nest_end(made->message, outer);
	outer = mnl_attr_nest_start(made->message, IFLA_PROP_LIST);
	mnl_attr_put_strz(made->message, IFLA_ALT_IFNAME, "enp3s0");
	mnl_attr_put_strz(made->message, IFLA_ALT_IFNAME, "a name of an interface that is longer than fifteen bytes");
	mnl_attr_nest_end(made->message, outer);
	return made;
}

static void see_route(struct rtnl_routes *routes, struct made *made)
{
	assert_int_equal(sg_rtnl_see_route(made->message, routes), MNL_CB_OK);
	free(made);
}

static void test_routes(void **state)
{
	struct rtnl_routes v4 = {.family = SG_IPV4, .type = RTN_LOCAL}, v6 = {.family = SG_IPV6, .type = RTN_LOCAL};
	struct made *made;

	(void)state;
	see_route(&v4, route(AF_INET, RTN_LOCAL, "203.0.113.0", 24));
	see_route(&v4, route(AF_INET, RTN_LOCAL, "192.0.2.1", 32));
	see_route(&v4, route(AF_INET, RTN_UNICAST, "198.51.100.0", 24));
	see_route(&v4, route(AF_INET6, RTN_LOCAL, "2001:db8::", 32));
	see_route(&v4, route(AF_INET, RTN_LOCAL, NULL, 24)); /* where to is not said */
	see_route(&v4, route(AF_INET, RTN_LOCAL, "10.0.0.0", 33));
	made = route(AF_INET, RTN_LOCAL, "10.0.0.0", 8);
	((struct rtmsg *)mnl_nlmsg_get_payload(made->message))->rtm_flags = RTM_F_CLONED;
	see_route(&v4, made);
	assert_int_equal(v4.set.count, 2);
	assert_true(v4.set.items[0].first == 0xcb007100 && v4.set.items[0].last == 0xcb0071ff);
	assert_true(v4.set.items[1].first == 0xc0000201 && v4.set.items[1].last == 0xc0000201);
	see_route(&v4, route(AF_INET, RTN_LOCAL, NULL, 0));
	assert_true(v4.set.items[2].first == 0 && v4.set.items[2].last == UINT32_MAX);
	see_route(&v6, route(AF_INET6, RTN_LOCAL, "2001:db8::", 32));
	see_route(&v6, route(AF_INET6, RTN_LOCAL, "::1", 128));
	see_route(&v6, route(AF_INET6, RTN_LOCAL, NULL, 0));
	assert_int_equal(v6.set.count, 3);
	assert_true(v6.set.items[0].first == (sg_u128)0x20010db8 << 96);
	assert_true(v6.set.items[0].last == (((sg_u128)0x20010db9 << 96) - 1));
	assert_true(v6.set.items[1].first == 1 && v6.set.items[1].last == 1);
	assert_true(v6.set.items[2].first == 0 && v6.set.items[2].last == sg_addr_max(SG_IPV6));
	sg_ranges_clear(&v4.set);
	sg_ranges_clear(&v6.set);
}

static void test_link(void **state)
{
	struct sg_local_addresses list = {0};
	struct made *made = link_message();

	(void)state;
	assert_int_equal(sg_rtnl_see_link(made->message, &list), MNL_CB_OK);
	assert_int_equal(list.link_count, 1);
	assert_int_equal(list.links[0].index, 7);
	assert_string_equal(list.links[0].name, "eth0");
	assert_int_equal(list.links[0].master, 9);
	assert_string_equal(list.links[0].port_kind, "bridge");
	assert_true(list.links[0].route_localnet);
	assert_false(list.links[0].loopback);
	assert_int_equal(list.altname_count, 2);
	assert_string_equal(list.altnames[0].name, "enp3s0");
	assert_int_equal(list.altnames[1].index, 7);
	((struct ifinfomsg *)mnl_nlmsg_get_payload(made->message))->ifi_flags = IFF_LOOPBACK;
	assert_int_equal(sg_rtnl_see_link(made->message, &list), MNL_CB_OK);
	assert_true(list.links[1].loopback);
	sg_local_addresses_clear(&list);
	free(made);
}

/* A copy of the message that ends with its memory, so that a sanitizer sees each byte too many. */
static struct nlmsghdr *cut(const struct nlmsghdr *message, size_t size)
{
	struct nlmsghdr *copy = malloc(size);

	memcpy(copy, message, size);
	copy->nlmsg_len = (uint32_t)size;
	return copy;
}

static void see_all(const struct nlmsghdr *message)
{
	struct rtnl_routes routes = {.family = SG_IPV4, .type = RTN_LOCAL};
	struct sg_local_addresses list = {0};

	assert_int_not_equal(sg_rtnl_see_route(message, &routes), MNL_CB_ERROR);
	assert_int_not_equal(sg_rtnl_see_link(message, &list), MNL_CB_ERROR);
	assert_int_not_equal(sg_rtnl_see_address(message, &list), MNL_CB_ERROR);
	for (size_t i = 0; i < list.link_count; i++)
		assert_true(*list.links[i].name && memchr(list.links[i].name, '\0', sizeof(list.links[i].name)));
	sg_ranges_clear(&routes.set);
	sg_local_addresses_clear(&list);
}

/* Each length, and each byte as another. */
static void test_torn(void **state)
{
	struct made *all[] = {link_message(), route(AF_INET, RTN_LOCAL, "203.0.113.0", 24),
			      route(AF_INET6, RTN_LOCAL, "2001:db8::", 32)};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		size_t size = all[i]->message->nlmsg_len;

		for (size_t kept = sizeof(struct nlmsghdr); kept <= size; kept++) {
			struct nlmsghdr *torn = cut(all[i]->message, kept);

			see_all(torn);
			free(torn);
		}
		for (size_t at = sizeof(struct nlmsghdr); at < size; at++) {
			static const unsigned char others[] = {0, 1, 3, 4, 5, 16, 127, 128, 255};

			for (size_t k = 0; k < sizeof(others); k++) {
				struct nlmsghdr *other = cut(all[i]->message, size);

				((unsigned char *)other)[at] = others[k];
				see_all(other);
				free(other);
			}
		}
		free(all[i]);
	}
}

/* A name without an end, or too long a one, is none. */
static void test_names(void **state)
{
	struct sg_local_addresses list = {0};
	struct made *made = make(RTM_NEWLINK);
	struct ifinfomsg *header = mnl_nlmsg_put_extra_header(made->message, sizeof(*header));

	(void)state;
	header->ifi_index = 3;
	mnl_attr_put(made->message, IFLA_IFNAME, 4, "eth0");
	assert_int_equal(sg_rtnl_see_link(made->message, &list), MNL_CB_OK);
	mnl_attr_put_strz(made->message, IFLA_IFNAME, "sixteen-bytes-xx");
	assert_int_equal(sg_rtnl_see_link(made->message, &list), MNL_CB_OK);
	assert_int_equal(list.link_count, 0);
	mnl_attr_put_strz(made->message, IFLA_IFNAME, "fifteen-bytes-x");
	assert_int_equal(sg_rtnl_see_link(made->message, &list), MNL_CB_OK);
	assert_int_equal(list.link_count, 1);
	/* settings of a kernel that has fewer of them */
	assert_false(list.links[0].route_localnet);
	sg_local_addresses_clear(&list);
	free(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
