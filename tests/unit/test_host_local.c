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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_none), cmocka_unit_test(test_addresses)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
