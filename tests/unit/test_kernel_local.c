// SPDX-License-Identifier: GPL-2.0-or-later
/* The addresses of a network namespace: those of lo in a fresh one, and one that is added. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "sockgate/kernel_local.h"

static void set_up_lo(const char *address)
{
	struct sockaddr_in *wanted;
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	request.ifr_flags = IFF_UP;
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	memset(&request, 0, sizeof(request));
	snprintf(request.ifr_name, sizeof(request.ifr_name), "lo:1");
	wanted = (struct sockaddr_in *)(void *)&request.ifr_addr;
	wanted->sin_family = AF_INET;
	assert_int_equal(inet_pton(AF_INET, address, &wanted->sin_addr), 1);
	assert_int_equal(ioctl(fd, SIOCSIFADDR, &request), 0);
	close(fd);
}

static const struct sg_local_address *find(const struct sg_local_addresses *list, enum sg_family family,
					   sg_u128 address)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].family == family && list->items[i].address == address)
			return &list->items[i];
	return NULL;
}

static void test_addresses(void **state)
{
	struct sg_local_addresses list = {0};
	const struct sg_local_address *address;
	struct sg_error err = {0};

	(void)state;
	if (unshare(CLONE_NEWNET) < 0) {
		print_message("skipped: a network namespace of its own wants root\n");
		skip();
	}
	assert_int_equal(sg_kernel_local_addresses(&list, &err), 0);
	assert_int_equal(list.count, 0);
	sg_local_addresses_clear(&list);
	set_up_lo("192.0.2.77");
	assert_int_equal(sg_kernel_local_addresses(&list, &err), 0);
	address = find(&list, SG_IPV4, 0x7f000001);
	assert_non_null(address);
	assert_int_equal(address->prefix_length, 8);
	assert_int_equal(address->interface, 1);
	assert_string_equal(address->interface_name, "lo");
	address = find(&list, SG_IPV4, 0xc000024d);
	assert_non_null(address);
	assert_int_equal(address->prefix_length, 24);
	address = find(&list, SG_IPV6, 1);
	assert_non_null(address);
	assert_int_equal(address->prefix_length, 128);
	assert_int_equal(list.count, 3);
	assert_true(sg_ranges_contain(&list.own[SG_IPV4], 0xc000024d));
	/* of an address of lo, the kernel makes the whole network the host's own */
	assert_true(sg_ranges_contain(&list.own[SG_IPV4], 0xc000024e));
	assert_false(sg_ranges_contain(&list.own[SG_IPV4], 0xc0000300));
	assert_true(sg_ranges_contain(&list.own[SG_IPV4], 0x7f090909));
	assert_true(sg_ranges_contain(&list.own[SG_IPV6], 1));
	assert_true(sg_ranges_contain(&list.shared[SG_IPV4], 0xc00002ff));
	assert_int_equal(list.link_count, 1);
	assert_true(list.links[0].loopback);
	assert_int_equal(list.links[0].index, 1);
	assert_string_equal(list.links[0].name, "lo");
	assert_int_equal(list.localnet_problem, 0);
	assert_false(list.localnet_everywhere);
	sg_local_addresses_clear(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_addresses)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
