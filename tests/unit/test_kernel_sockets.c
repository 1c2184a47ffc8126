/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real sockets, as the kernel lists them, in a network namespace of the test's own, which only root can make. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/file.h"
#include "base/mem.h"
#include "kernel/sockdiag.h"

#define TCP     6
#define UDP     17
#define SCTP    132
#define UDPLITE 136
#define RAW     255
#define MPTCP   262

static bool alone; /* in a namespace of our own */

static int own_namespace(void **state)
{
	struct in6_ifreq address = {.ifr6_prefixlen = 64, .ifr6_ifindex = 1};
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	(void)state;
	if (unshare(CLONE_NEWNET)) {
		print_message("a network namespace of one's own needs root: tests with real sockets are skipped\n");
		return 0;
	}
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	inet_pton(AF_INET6, "fe80::77", &address.ifr6_addr);
	if (ioctl(fd, SIOCSIFFLAGS, &request) || ioctl(fd, SIOCSIFADDR, &address)) {
		print_message("cannot set the loopback device up: %s\n", strerror(errno));
		return -1;
	}
	close(fd);
	alone = true;
	return 0;
}

static uint32_t inode_of(int fd)
{
	struct stat status;

	assert_int_equal(fstat(fd, &status), 0);
	return (uint32_t)status.st_ino;
}

struct wanted {
	int type, protocol; /* of socket() */
	const char *address;
	uint16_t port;
	bool v6only, listens, to_device;
	const char *peer;
};

#define SOCKET(t, p, a, n, ...)                                                                                        \
	&(struct wanted)                                                                                               \
	{                                                                                                              \
		.type = t, .protocol = p, .address = a, .port = n, __VA_ARGS__                                         \
	}

static void set_address(struct sockaddr_storage *ret, socklen_t *ret_size, const char *text, uint16_t port)
{
	struct sockaddr_in6 *in6 = (void *)ret;
	struct sockaddr_in *in = (void *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		*ret_size = sizeof(*in);
		return;
	}
	assert_int_equal(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	in6->sin6_scope_id = strncmp(text, "fe80", 4) ? 0 : 1;
	*ret_size = sizeof(*in6);
}

/* -1 with errno: the kernel does not know the protocol. */
static int open_socket(const struct wanted *wanted)
{
	struct sockaddr_storage address;
	socklen_t size;
	int fd, v6only = wanted->v6only;

	set_address(&address, &size, wanted->address, wanted->port);
	fd = socket(address.ss_family, wanted->type, wanted->protocol);
	if (fd < 0)
		return -1;
	if (address.ss_family == AF_INET6 && wanted->type != SOCK_RAW)
		assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only)), 0);
	if (wanted->to_device)
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	if (wanted->listens)
		assert_int_equal(listen(fd, 5), 0);
	if (wanted->peer) {
		set_address(&address, &size, wanted->peer, 9);
		assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	}
	return fd;
}

/* The one listener with the socket's inode; NULL when there is none. */
static const struct sg_listener *find(const struct sg_listeners *list, uint32_t inode)
{
	const struct sg_listener *found = NULL;

	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].inode != inode)
			continue;
		assert_null(found);
		found = &list->items[i];
	}
	return found;
}

/* Opens the socket, has the kernel list it, and compares; *ret is what was found. False: no such protocol. */
static bool expect_listed(const struct wanted *wanted, struct sg_listener *ret)
{
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	const struct sg_listener *found;
	struct sg_error err = {0};
	char text[SG_ADDR_TEXT_SIZE];
	int fd = open_socket(wanted);

	if (fd < 0 && (errno == EPROTONOSUPPORT || errno == ENOPROTOOPT))
		return false;
	assert_true(fd >= 0);
	if (sg_sockdiag_listeners(&list, &err))
		fail_msg("%s", err.message);
	found = find(&list, inode_of(fd));
	assert_non_null(found);
	sg_addr_format(found->family, found->address, text);
	assert_string_equal(text, wanted->address);
	assert_int_equal(found->port, wanted->type == SOCK_RAW ? 0 : wanted->port);
	assert_int_equal(found->uid, geteuid());
	assert_int_equal(found->raw, wanted->type == SOCK_RAW);
	assert_int_equal(found->mptcp, wanted->protocol == MPTCP);
	assert_int_equal(found->connected, wanted->peer != NULL);
	*ret = *found;
	close(fd);
	/* and gone when it is closed */
	sg_listeners_clear(&list);
	assert_int_equal(sg_sockdiag_listeners(&list, &err), 0);
	assert_null(find(&list, ret->inode));
	return true;
}

#define NEEDS_NAMESPACE()                                                                                              \
	do {                                                                                                           \
		(void)state;                                                                                           \
		if (!alone)                                                                                            \
			skip();                                                                                        \
	} while (0)

static void tcp_in_all_its_forms(void **state)
{
	struct sg_listener got;

	NEEDS_NAMESPACE();
	assert_true(expect_listed(SOCKET(SOCK_STREAM, 0, "0.0.0.0", 1001, .listens = true), &got));
	assert_true(got.family == SG_IPV4 && got.protocol == TCP && !got.interface && !got.v6only);
	assert_true(expect_listed(SOCKET(SOCK_STREAM, 0, "127.0.0.1", 1001, .listens = true), &got));
	assert_true(expect_listed(SOCKET(SOCK_STREAM, 0, "::", 1002, .listens = true), &got));
	assert_true(got.family == SG_IPV6 && !got.v6only);
	assert_true(expect_listed(SOCKET(SOCK_STREAM, 0, "::", 1002, .v6only = true, .listens = true), &got));
	assert_true(got.family == SG_IPV6 && got.v6only);
	assert_true(expect_listed(SOCKET(SOCK_STREAM, 0, "::1", 1002, .listens = true), &got));
	assert_true(expect_listed(SOCKET(SOCK_STREAM, 0, "::ffff:127.0.0.1", 1003, .listens = true), &got));
	assert_true(got.family == SG_IPV6 && !got.v6only && got.address == ((sg_u128)0xffff << 32 | 0x7f000001));
	assert_true(expect_listed(SOCKET(SOCK_STREAM, 0, "fe80::77", 1004, .listens = true), &got));
	assert_true(got.interface == 1 && !strcmp(got.interface_name, "lo"));
	assert_true(expect_listed(SOCKET(SOCK_STREAM, 0, "0.0.0.0", 1005, .listens = true, .to_device = true), &got));
	assert_true(got.interface == 1 && !strcmp(got.interface_name, "lo"));
}

static void udp_in_all_its_forms(void **state)
{
	struct sg_listener got;

	NEEDS_NAMESPACE();
	assert_true(expect_listed(SOCKET(SOCK_DGRAM, 0, "0.0.0.0", 1001), &got));
	assert_int_equal(got.protocol, UDP);
	assert_true(expect_listed(SOCKET(SOCK_DGRAM, 0, "::", 1001), &got));
	assert_false(got.v6only);
	assert_true(expect_listed(SOCKET(SOCK_DGRAM, 0, "::", 1001, .v6only = true), &got));
	assert_true(got.v6only);
	assert_true(expect_listed(SOCKET(SOCK_DGRAM, 0, "127.0.0.1", 1002, .peer = "127.0.0.1"), &got));
	assert_true(expect_listed(SOCKET(SOCK_DGRAM, 0, "::1", 1002, .peer = "::1"), &got));
	assert_true(expect_listed(SOCKET(SOCK_DGRAM, 0, "fe80::77", 1003, .to_device = true), &got));
	assert_int_equal(got.interface, 1);
}

static void udplite(void **state)
{
	struct sg_listener got;

	NEEDS_NAMESPACE();
	if (!expect_listed(SOCKET(SOCK_DGRAM, UDPLITE, "0.0.0.0", 1001), &got)) {
		print_message("this kernel has no UDP-Lite\n");
		skip();
	}
	assert_int_equal(got.protocol, UDPLITE);
	assert_true(expect_listed(SOCKET(SOCK_DGRAM, UDPLITE, "::1", 1001), &got));
}

static void mptcp(void **state)
{
	struct sg_listener got;

	NEEDS_NAMESPACE();
	if (!expect_listed(SOCKET(SOCK_STREAM, MPTCP, "0.0.0.0", 1001, .listens = true), &got)) {
		print_message("this kernel has no MPTCP\n");
		skip();
	}
	assert_int_equal(got.protocol, TCP);
	assert_true(expect_listed(SOCKET(SOCK_STREAM, MPTCP, "::", 1001, .listens = true), &got));
	assert_false(got.v6only);
	assert_true(expect_listed(SOCKET(SOCK_STREAM, MPTCP, "::", 1001, .v6only = true, .listens = true), &got));
	assert_true(got.v6only);
}

static void sctp(void **state)
{
	struct sg_listener got;

	NEEDS_NAMESPACE();
	if (!expect_listed(SOCKET(SOCK_STREAM, SCTP, "127.0.0.1", 1001, .listens = true), &got)) {
		print_message("this kernel has no SCTP\n");
		skip();
	}
	assert_int_equal(got.protocol, SCTP);
	assert_true(expect_listed(SOCKET(SOCK_SEQPACKET, SCTP, "::1", 1001, .listens = true), &got));
}

static void raw_sockets(void **state)
{
	struct sg_listener got;

	NEEDS_NAMESPACE();
	assert_true(expect_listed(SOCKET(SOCK_RAW, 89, "0.0.0.0", 0), &got));
	assert_true(got.protocol == 89 && got.family == SG_IPV4);
	assert_true(expect_listed(SOCKET(SOCK_RAW, 1, "127.0.0.1", 0), &got));
	assert_int_equal(got.protocol, 1);
	assert_true(expect_listed(SOCKET(SOCK_RAW, 58, "::1", 0), &got));
	assert_true(got.protocol == 58 && got.v6only);
}

static void what_cannot_receive_is_not_listed(void **state)
{
	static const struct wanted mute[] = {
		{.type = SOCK_STREAM, .address = "127.0.0.1", .port = 1001}, /* bound, but does not listen */
		{.type = SOCK_RAW, .protocol = 255, .address = "127.0.0.1"}, /* only sends */
	};
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};

	NEEDS_NAMESPACE();
	for (size_t i = 0; i < SG_COUNT(mute); i++) {
		int fd = open_socket(&mute[i]);

		assert_true(fd >= 0);
		assert_int_equal(sg_sockdiag_listeners(&list, NULL), 0);
		assert_int_equal(list.count, 0);
		close(fd);
	}
}

static void sockets_that_share_a_port_stay_separate(void **state)
{
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	struct sockaddr_storage address;
	int fds[3], one = 1;
	socklen_t size;

	NEEDS_NAMESPACE();
	set_address(&address, &size, "0.0.0.0", 1001);
	for (size_t i = 0; i < 3; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(setsockopt(fds[i], SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
		assert_int_equal(bind(fds[i], (struct sockaddr *)&address, size), 0);
		assert_int_equal(listen(fds[i], 1), 0);
	}
	assert_int_equal(sg_sockdiag_listeners(&list, NULL), 0);
	assert_int_equal(list.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_non_null(find(&list, inode_of(fds[i])));
		close(fds[i]);
	}
}

/* The tables under /proc, for kernels without a handler, and the handlers name the same sockets. */
static void tables_say_the_same(void **state)
{
	static const struct wanted both[] = {
		{.type = SOCK_STREAM, .address = "127.0.0.1", .port = 1001, .listens = true},
		{.type = SOCK_STREAM, .address = "fe80::77", .port = 1002, .listens = true},
		{.type = SOCK_DGRAM, .address = "127.0.0.2", .port = 1003, .peer = "127.0.0.1"},
		{.type = SOCK_DGRAM, .address = "::", .port = 1004},
		{.type = SOCK_RAW, .protocol = 89, .address = "127.0.0.3"},
		{.type = SOCK_RAW, .protocol = 58, .address = "::1"},
	};
	static const struct {
		const char *path;
		enum sg_family family;
		uint8_t protocol;
	} tables[] = {
		{"/proc/thread-self/net/tcp", SG_IPV4, TCP}, {"/proc/thread-self/net/tcp6", SG_IPV6, TCP},
		{"/proc/thread-self/net/udp", SG_IPV4, UDP}, {"/proc/thread-self/net/udp6", SG_IPV6, UDP},
		{"/proc/thread-self/net/raw", SG_IPV4, RAW}, {"/proc/thread-self/net/raw6", SG_IPV6, RAW},
	};
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0}, table = {0};
	const struct sg_file_rules rules = {.max_size = 1 << 20};
	int fds[SG_COUNT(both)];

	NEEDS_NAMESPACE();
	for (size_t i = 0; i < SG_COUNT(both); i++)
		fds[i] = open_socket(&both[i]);
	assert_int_equal(sg_sockdiag_listeners(&list, NULL), 0);
	for (size_t i = 0; i < SG_COUNT(tables); i++) {
		sg_autofree char *text = NULL;
		size_t size;

		assert_int_equal(sg_file_read(tables[i].path, &rules, &text, &size, NULL), 0);
		assert_int_equal(
			sg_sockdiag_parse_table(text, size, tables[i].family, tables[i].protocol, &table, NULL), 0);
	}
	assert_int_equal(list.count, SG_COUNT(both));
	assert_int_equal(table.count, SG_COUNT(both));
	for (size_t i = 0; i < SG_COUNT(both); i++) {
		const struct sg_listener *a = find(&list, inode_of(fds[i])), *b = find(&table, inode_of(fds[i]));

		assert_true(a && b && a->protocol == b->protocol && a->family == b->family && a->port == b->port);
		assert_true(a->address == b->address && a->connected == b->connected && a->raw == b->raw);
		assert_int_equal(a->uid, b->uid);
		close(fds[i]);
	}
}

static const struct sg_connection *find_connection(const struct sg_connections *list, uint32_t with)
{
	const struct sg_connection *found = NULL;

	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].inode != with)
			continue;
		assert_null(found);
		found = &list->items[i];
	}
	return found;
}

/* Both ends of a connection to a listener at `bound`, by the dump and by the table under /proc. */
static void expect_connection(uint16_t port, const char *bound, const char *to, const char *table)
{
	struct sg_connections lists[2] = {{0}, {0}};
	int listening = open_socket(SOCKET(SOCK_STREAM, 0, bound, port, .listens = true)), client, server, waiting;
	const struct sg_file_rules rules = {.max_size = 1 << 20};
	struct sockaddr_storage address;
	sg_autofree char *text = NULL;
	char found[SG_ADDR_TEXT_SIZE];
	socklen_t length;
	size_t size;

	set_address(&address, &length, to, port);
	client = socket(address.ss_family, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, length), 0);
	server = accept(listening, NULL, NULL);
	assert_true(server >= 0);
	waiting = socket(address.ss_family, SOCK_STREAM, 0); /* established, and not accepted: no inode */
	assert_int_equal(connect(waiting, (struct sockaddr *)&address, length), 0);
	assert_int_equal(sg_sockdiag_connections(&lists[0], NULL), 0);
	assert_int_equal(sg_file_read(table, &rules, &text, &size, NULL), 0);
	assert_int_equal(sg_sockdiag_parse_connection_table(text, size, strstr(table, "tcp6") ? SG_IPV6 : SG_IPV4, TCP,
							    &lists[1], NULL),
			 0);
	assert_int_equal(lists[0].count, 4);
	for (size_t i = 0; i < 2; i++) {
		const struct sg_connection *here = find_connection(&lists[i], inode_of(server));

		assert_non_null(here);
		sg_addr_format(here->family, here->local, found);
		assert_string_equal(found, strncmp(to, "::ffff:", 7) ? to : to + 7);
		assert_true(here->port == port && here->uid == geteuid());
		if (i == 0) { /* the table of IPv6 has not the client of IPv4 */
			const struct sg_connection *there = find_connection(&lists[i], inode_of(client));

			assert_true(there && there->remote_port == port && there->port == here->remote_port);
			assert_true(there->remote == here->local && there->local == here->remote);
		}
	}
	assert_true(!strncmp(to, "fe80", 4) == (lists[0].items[0].interface == 1));
	sg_connections_clear(&lists[0]);
	sg_connections_clear(&lists[1]);
	close(waiting);
	close(server);
	close(client);
	close(listening);
}

static void connections(void **state)
{
	struct sg_connections list = {0};

	NEEDS_NAMESPACE();
	expect_connection(1002, "127.0.0.1", "127.0.0.1", "/proc/thread-self/net/tcp");
	expect_connection(1003, "0.0.0.0", "127.0.0.2", "/proc/thread-self/net/tcp");
	expect_connection(1004, "::", "::1", "/proc/thread-self/net/tcp6");
	expect_connection(1005, "::", "127.0.0.3", "/proc/thread-self/net/tcp6");
	expect_connection(1006, "fe80::77", "fe80::77", "/proc/thread-self/net/tcp6");
	assert_int_equal(sg_sockdiag_connections(&list, NULL), 0);
	assert_int_equal(list.count, 0); /* none that is being closed */
}

static void names_who_holds_a_connection(void **state)
{
	struct sg_connection mine = {0}, nobody = {0}, *const both[] = {&nobody, &mine};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char name[17] = "";

	(void)state;
	mine.inode = inode_of(fd);
	assert_int_equal(sg_connection_owners_find(both, 2, NULL), 0);
	assert_int_equal(mine.owner.pid, getpid());
	assert_int_equal(prctl(PR_GET_NAME, name), 0);
	assert_string_equal(mine.owner.process, name);
	assert_true(!nobody.owner.pid && !nobody.owner.unit);
	free(mine.owner.unit);
	free(mine.owner.container);
	close(fd);
}

/* A namespace of its own has tracked nothing yet. */
static void tracks_nothing(void **state)
{
	bool tracks = true;

	NEEDS_NAMESPACE();
	assert_int_equal(sg_kernel_tracks(&tracks, NULL), 0);
	assert_false(tracks);
}

/* Every one of 10,000 is listed once; the time is shown. */
static void ten_thousand(void **state)
{
	enum { COUNT = 10000 };
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	const struct rlimit files = {COUNT + 100, COUNT + 100};
	struct timespec before, after;
	struct sockaddr_storage address;
	uint64_t seen[1024] = {0};
	socklen_t size;
	int first = -1, fd = -1;

	NEEDS_NAMESPACE();
	if (setrlimit(RLIMIT_NOFILE, &files)) {
		print_message("cannot open 10,000 files: %s\n", strerror(errno));
		skip();
	}
	for (unsigned int i = 0; i < COUNT; i++) {
		set_address(&address, &size, "127.0.0.1", (uint16_t)(20000 + i));
		fd = socket(AF_INET, SOCK_STREAM, 0);
		assert_true(fd >= 0);
		first = first < 0 ? fd : first;
		assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
		assert_int_equal(listen(fd, 1), 0);
	}
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(sg_sockdiag_listeners(&list, NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	print_message("10,000 listeners read in %.1f ms\n",
		      (double)(after.tv_sec - before.tv_sec) * 1e3 + (double)(after.tv_nsec - before.tv_nsec) / 1e6);
	assert_int_equal(list.count, COUNT);
	for (size_t i = 0; i < list.count; i++) {
		unsigned int port = list.items[i].port;

		assert_false(seen[port / 64] >> port % 64 & 1);
		seen[port / 64] |= UINT64_C(1) << port % 64;
	}
	for (; first <= fd; first++)
		close(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_in_all_its_forms),
		cmocka_unit_test(udp_in_all_its_forms),
		cmocka_unit_test(udplite),
		cmocka_unit_test(mptcp),
		cmocka_unit_test(sctp),
		cmocka_unit_test(raw_sockets),
		cmocka_unit_test(what_cannot_receive_is_not_listed),
		cmocka_unit_test(sockets_that_share_a_port_stay_separate),
		cmocka_unit_test(tables_say_the_same),
		cmocka_unit_test(connections),
		cmocka_unit_test(names_who_holds_a_connection),
		cmocka_unit_test(tracks_nothing),
		cmocka_unit_test(ten_thousand),
	};

	return cmocka_run_group_tests(tests, own_namespace, NULL);
}
