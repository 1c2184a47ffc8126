/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "sockgate/listener.h"

static void order_is_protocol_family_port_address_interface(void **state)
{
	/* in order; each differs from the one before in the key that its line says */
	static const struct sg_listener ordered[] = {
		{.protocol = 6, .family = SG_IPV4, .port = 22, .address = 0, .interface = 0, .inode = 9},
		{.protocol = 6, .family = SG_IPV4, .port = 22, .address = 0, .interface = 0, .inode = 10},
		{.protocol = 6, .family = SG_IPV4, .port = 22, .address = 0, .interface = 2, .inode = 8},
		{.protocol = 6, .family = SG_IPV4, .port = 22, .address = 5, .interface = 1, .inode = 7},
		{.protocol = 6, .family = SG_IPV4, .port = 80, .address = 1, .interface = 0, .inode = 6},
		{.protocol = 6, .family = SG_IPV6, .port = 1, .address = 1, .interface = 0, .inode = 5},
		{.protocol = 6, .family = SG_IPV6, .port = 1, .address = (sg_u128)1 << 100, .interface = 0, .inode = 4},
		{.protocol = 17, .family = SG_IPV4, .port = 1, .address = 0, .interface = 0, .inode = 3},
		{.protocol = 17, .family = SG_IPV4, .port = 1, .address = 0, .connected = true, .inode = 2},
	};
	struct sg_listeners list = {0};

	(void)state;
	srandom(1);
	for (int round = 0; round < 1000; round++) {
		struct sg_listener items[SG_COUNT(ordered)];

		memcpy(items, ordered, sizeof(items));
		for (size_t i = SG_COUNT(items); i > 1; i--) {
			size_t j = (size_t)random() % i;
			struct sg_listener moved = items[i - 1];

			items[i - 1] = items[j];
			items[j] = moved;
		}
		list = (struct sg_listeners){.items = items, .count = SG_COUNT(items)};
		sg_listeners_sort(&list);
		assert_int_equal(list.count, SG_COUNT(ordered));
		for (size_t i = 0; i < list.count; i++)
			assert_int_equal(list.items[i].inode, ordered[i].inode);
	}
	list = (struct sg_listeners){0};
	sg_listeners_sort(&list);
	sg_listeners_clear(&list);
}

static void clearing_frees_the_owners(void **state)
{
	struct sg_listeners list = {.items = calloc(2, sizeof(*list.items)), .count = 2, .room = 2};

	(void)state;
	list.items[0].owner.unit = strdup("a.service"); /* the leak checker would see them */
	list.items[1].owner.container = strdup("web");
	sg_listeners_clear(&list);
	assert_null(list.items);
	assert_int_equal(list.count + list.room, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_protocol_family_port_address_interface),
		cmocka_unit_test(clearing_frees_the_owners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
