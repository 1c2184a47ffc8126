/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ports that the kernel hands out: a socket that asks for none gets one of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "sockgate/kernel_local.h"

static void test_sockets_get_them(void **state)
{
	uint16_t first = 0, last = 0;
	struct sg_error err = {0};

	(void)state;
	if (sg_kernel_ephemeral_ports(&first, &last, &err) < 0)
		fail_msg("%s", err.message);
	assert_true(first > 0 && first <= last);
	for (int i = 0; i < 20; i++) {
		struct sockaddr_in address = {.sin_family = AF_INET};
		socklen_t size = sizeof(address);
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		assert_true(fd >= 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
		assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
		assert_in_range(ntohs(address.sin_port), first, last);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sockets_get_them)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
