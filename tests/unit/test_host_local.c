/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which destinations the host takes as its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "sockgate/local.h"

static void add(struct sg_local_addresses *list, const char *text, uint8_t length)
{
	struct sg_local_address item = {.interface = 2, .interface_name = "eth0", .prefix_length = length};
	struct sg_addr address;

	assert_true(sg_addr_parse(text, strlen(text), &address));
	item.family = address.family;
	item.address = address.bits;
	assert_int_equal(sg_local_addresses_add(list, &item, NULL), 0);
}

/* Ranges of the set, with a space between them. */
static void assert_set(const struct sg_local_addresses *list, enum sg_family family, bool multicast, const char *wanted)
{
	struct sg_ranges set = {0};
	char text[1024] = "";
	size_t used = 0;

	assert_int_equal(sg_local_addresses_set(list, family, multicast, &set, NULL), 0);
	for (size_t i = 0; i < set.count; i++) {
		char range[SG_RANGE_TEXT_SIZE];

		sg_range_format(family, &set.items[i], range);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "", range);
	}
	assert_string_equal(text, wanted);
	sg_ranges_clear(&set);
}

static void test_none(void **state)
{
	struct sg_local_addresses list = {0};

	(void)state;
	assert_set(&list, SG_IPV4, false, "0.0.0.0/0");
	assert_set(&list, SG_IPV6, true, "::/0");
	add(&list, "127.0.0.1", 8);
	add(&list, "::1", 128);
	assert_set(&list, SG_IPV4, true, "0.0.0.0/0");
	assert_set(&list, SG_IPV6, false, "::/0");
	sg_local_addresses_clear(&list);
}

static void test_addresses(void **state)
{
	struct sg_local_addresses list = {0};

	(void)state;
	add(&list, "198.51.100.20", 24);
	add(&list, "198.51.100.20", 32);
	add(&list, "192.0.2.2", 31);
	add(&list, "10.0.0.1", 0);
	add(&list, "127.0.0.1", 8);
	assert_set(&list, SG_IPV4, false, "10.0.0.1 192.0.2.2 198.51.100.20");
	assert_set(&list, SG_IPV4, true, "10.0.0.1 192.0.2.2 198.51.100.20 198.51.100.255 224.0.0.0/4 255.255.255.255");
	assert_set(&list, SG_IPV6, false, "::/0");
	add(&list, "2001:db8::20", 64);
	assert_set(&list, SG_IPV6, false, "2001:db8::20");
	assert_set(&list, SG_IPV6, true, "2001:db8::20 ff00::/8");
	sg_local_addresses_clear(&list);
}

static void own(struct sg_local_addresses *list, const char *text)
{
	enum sg_family family;
	struct sg_range range;

	assert_int_equal(sg_range_parse(text, strlen(text), &family, &range), SG_ADDR_OK);
	assert_int_equal(sg_ranges_add(&list->own[family], &range, NULL), 0);
	sg_ranges_normalise(&list->own[family]);
}

/* Prefixes that only a local route makes the host's own. */
static void test_local_routes(void **state)
{
	struct sg_local_addresses list = {0};
	const char *interface;
	struct sg_range range = {0x0a000000, 0x0a000000};

	(void)state;
	own(&list, "127.0.0.0/8");
	own(&list, "::1");
	assert_set(&list, SG_IPV4, true, "0.0.0.0/0");
	assert_set(&list, SG_IPV6, false, "::/0");
	add(&list, "198.51.100.20", 24);
	own(&list, "198.51.100.20");
	own(&list, "203.0.113.0/24");
	own(&list, "2001:db8:1::/48");
	assert_int_equal(sg_ranges_add(&list.shared[SG_IPV4], &range, NULL), 0);
	assert_set(&list, SG_IPV4, false, "198.51.100.20 203.0.113.0/24");
	assert_set(&list, SG_IPV4, true,
		   "10.0.0.0 198.51.100.20 198.51.100.255 203.0.113.0/24 224.0.0.0/4 255.255.255.255");
	assert_set(&list, SG_IPV6, false, "2001:db8:1::/48");
	assert_true(sg_local_addresses_find(&list, SG_IPV4, 0xcb00714d, &interface));
	assert_null(interface);
	assert_true(sg_local_addresses_find(&list, SG_IPV4, 0xc6336414, &interface));
	assert_string_equal(interface, "eth0");
	assert_false(sg_local_addresses_find(&list, SG_IPV4, 0xc6336415, &interface));
	/* all addresses, as a transparent proxy has them: those of loopback stay apart */
	own(&list, "0.0.0.0/0");
	assert_set(&list, SG_IPV4, false, "0.0.0.0-126.255.255.255 128.0.0.0/1");
	sg_local_addresses_clear(&list);
}

static void add_link(struct sg_local_addresses *list, struct sg_link link)
{
	assert_int_equal(sg_local_addresses_add_link(list, &link, NULL), 0);
}

static void test_links(void **state)
{
	struct sg_local_addresses list = {0};
	struct sg_altname altname = {.index = 3, .name = "enp3s0"};

	(void)state;
	assert_string_equal(sg_link_loopback_name(&list), "lo");
	assert_false(sg_link_takes_localnet(&list, NULL));
	add_link(&list, (struct sg_link){.index = 1, .name = "inner", .loopback = true, .route_localnet = true});
	add_link(&list, (struct sg_link){.index = 2, .name = "vrf7"});
	add_link(&list, (struct sg_link){.index = 3, .name = "eth0", .master = 4, .port_kind = "bridge"});
	add_link(&list, (struct sg_link){.index = 4, .name = "br0", .master = 2, .port_kind = "vrf"});
	add_link(&list, (struct sg_link){.index = 5, .name = "eth1", .master = 77}); /* gone meanwhile */
	assert_int_equal(sg_local_addresses_add_altname(&list, &altname, NULL), 0);
	assert_string_equal(sg_link_loopback_name(&list), "inner");
	assert_null(sg_link_by_name(&list, "enp3s0"));
	assert_string_equal(sg_link_seen_as(&list, sg_link_by_name(&list, "eth0"))->name, "vrf7");
	assert_string_equal(sg_link_seen_as(&list, sg_link_by_name(&list, "eth1"))->name, "eth1");
	/* that of the loopback device lets nobody else in */
	assert_false(sg_link_takes_localnet(&list, NULL));
	list.links[4].route_localnet = true;
	assert_true(sg_link_takes_localnet(&list, NULL));
	assert_false(sg_link_takes_localnet(&list, &list.links[2]));
	list.links[4].route_localnet = false;
	list.localnet_everywhere = true;
	assert_true(sg_link_takes_localnet(&list, &list.links[2]));
	assert_false(sg_link_takes_localnet(&list, &list.links[0]));
	sg_local_addresses_clear(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_local_routes),
		cmocka_unit_test(test_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
