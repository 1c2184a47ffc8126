/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parsers of what the kernel says about sockets, on good, bad and random bytes. */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>
#include "base/mem.h"
#include "kernel/sockdiag.h"

#define TCP     6
#define UDP     17
#define SCTP    132
#define UDPLITE 136
#define RAW     255

/* ---- messages ---- */

struct message {
	union {
		struct nlmsghdr header;
		unsigned char bytes[2048];
	};
};

static struct inet_diag_msg *body(struct message *message)
{
	return (void *)(message->bytes + NLMSG_HDRLEN);
}

static void put_attr(struct message *message, uint16_t type, const void *data, size_t size)
{
	struct nlattr attr = {.nla_len = (uint16_t)(sizeof(attr) + size), .nla_type = type};
	size_t at = NLMSG_ALIGN((size_t)message->header.nlmsg_len);

	memcpy(message->bytes + at, &attr, sizeof(attr));
	memcpy(message->bytes + at + sizeof(attr), data, size);
	message->header.nlmsg_len = (uint32_t)(at + sizeof(attr) + size);
}

static void make(struct message *message, uint8_t family, uint8_t state, uint16_t port)
{
	static const uint8_t mark[4] = {1, 2, 3, 4};

	memset(message, 0, sizeof(*message));
	message->header.nlmsg_len = NLMSG_LENGTH(sizeof(struct inet_diag_msg));
	message->header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	body(message)->idiag_family = family;
	body(message)->idiag_state = state;
	body(message)->id.idiag_sport = htons(port);
	body(message)->idiag_uid = 110;
	body(message)->idiag_inode = 4711;
	put_attr(message, INET_DIAG_SHUTDOWN, mark, 1);
	put_attr(message, INET_DIAG_MARK, mark, 4);
}

/* Parses a copy that ends where the message ends, at an odd address: the sanitizers see what reads beyond or aligned.
 */
static int parse(const void *bytes, size_t size, uint8_t protocol, struct sg_listeners *list, struct sg_error *err)
{
	sg_autofree unsigned char *copy = malloc(size + 1);

	memcpy(copy + 1, bytes, size);
	return sg_sockdiag_parse(copy + 1, size, protocol, list, err);
}

static void parse_one(struct message *message, uint8_t protocol, struct sg_listeners *list)
{
	list->count = 0;
	assert_int_equal(parse(message->bytes, message->header.nlmsg_len, protocol, list, NULL), 0);
}

static void reads_a_message(void **state)
{
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	const struct sg_listener *item;
	struct message message;
	uint64_t cgroup = UINT64_C(0x1122334455667788);
	uint8_t one = 1;

	(void)state;
	make(&message, AF_INET, 10, 443);
	body(&message)->id.idiag_src[0] = htonl(0xc0000201);
	body(&message)->id.idiag_if = 7;
	put_attr(&message, INET_DIAG_CGROUP_ID, &cgroup, sizeof(cgroup));
	put_attr(&message, INET_DIAG_SKV6ONLY, &one, 1); /* means nothing for IPv4 */
	parse_one(&message, TCP, &list);
	assert_int_equal(list.count, 1);
	item = list.items;
	assert_true(item->protocol == TCP && item->family == SG_IPV4 && item->port == 443);
	assert_true(item->address == 0xc0000201 && item->interface == 7 && item->uid == 110 && item->inode == 4711);
	assert_true(item->cgroup == cgroup && !item->v6only && !item->connected && !item->raw && !item->mptcp);
	assert_true(!item->owner.pid && !item->owner.unit && !item->owner.container && !item->owner.process[0]);

	make(&message, AF_INET6, 7, 53);
	body(&message)->id.idiag_src[0] = htonl(0x20010db8);
	body(&message)->id.idiag_src[3] = htonl(1);
	put_attr(&message, INET_DIAG_SKV6ONLY, &one, 1);
	parse_one(&message, UDP, &list);
	item = list.items;
	assert_true(item->family == SG_IPV6 && item->v6only && !item->connected && item->port == 53);
	assert_true(item->address == ((sg_u128)0x20010db8 << 96 | 1));
}

static void knows_who_receives(void **state)
{
	static const struct {
		uint8_t protocol, state;
		uint16_t port;
		bool listens, connected;
	} rows[] = {
		{TCP, 10, 22, true, false},    {TCP, 1, 22, false, false},    {TCP, 7, 22, false, false},
		{TCP, 10, 0, false, false},    {UDP, 7, 53, true, false},     {UDP, 1, 53, true, true},
		{UDP, 7, 0, false, false},     {UDP, 10, 53, false, false},   {UDPLITE, 7, 53, true, false},
		{SCTP, 10, 3868, true, false}, {SCTP, 1, 3868, false, false}, {RAW, 7, 89, true, false},
		{RAW, 1, 1, true, true},       {RAW, 7, 255, false, false},   {RAW, 7, 0, true, false},
	};
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	struct message message;

	(void)state;
	for (size_t i = 0; i < SG_COUNT(rows); i++) {
		make(&message, AF_INET6, rows[i].state, rows[i].port);
		parse_one(&message, rows[i].protocol, &list);
		assert_int_equal(list.count, rows[i].listens);
		if (!list.count)
			continue;
		assert_int_equal(list.items[0].connected, rows[i].connected);
		assert_int_equal(list.items[0].raw, rows[i].protocol == RAW);
		assert_int_equal(list.items[0].protocol, rows[i].protocol == RAW ? rows[i].port : rows[i].protocol);
		assert_int_equal(list.items[0].port, rows[i].protocol == RAW ? 0 : rows[i].port);
		assert_int_equal(list.items[0].v6only, rows[i].protocol == RAW);
	}
}

static int parse_connection(const struct message *message, size_t size, struct sg_connections *list)
{
	sg_autofree unsigned char *copy = malloc(size + 1);

	memcpy(copy + 1, message->bytes, size);
	return sg_sockdiag_parse_connection(copy + 1, size, TCP, list, NULL);
}

static void reads_a_connection(void **state)
{
	sg_cleanup(sg_connections_clear) struct sg_connections list = {0};
	const uint64_t cgroup = 77;
	const struct sg_connection *item;
	struct message message;

	(void)state;
	make(&message, AF_INET, 1, 443);
	body(&message)->id.idiag_src[0] = htonl(0xc0000201);
	body(&message)->id.idiag_dst[0] = htonl(0xc6336409);
	body(&message)->id.idiag_dport = htons(50000);
	body(&message)->id.idiag_if = 7;
	put_attr(&message, INET_DIAG_CGROUP_ID, &cgroup, sizeof(cgroup));
	assert_int_equal(parse_connection(&message, message.header.nlmsg_len, &list), 0);
	item = &list.items[0];
	assert_true(list.count == 1 && item->protocol == TCP && item->family == SG_IPV4);
	assert_true(item->local == 0xc0000201 && item->port == 443);
	assert_true(item->remote == 0xc6336409 && item->remote_port == 50000);
	assert_true(item->interface == 7 && item->uid == 110 && item->inode == 4711 && item->cgroup == cgroup);
	assert_true(!item->owner.pid && !item->owner.unit && !item->interface_name[0]);

	/* being opened; and IPv4 through a socket of IPv6 */
	make(&message, AF_INET6, 3, 22);
	body(&message)->id.idiag_dport = htons(50001);
	body(&message)->id.idiag_src[2] = body(&message)->id.idiag_dst[2] = htonl(0xffff);
	body(&message)->id.idiag_src[3] = htonl(0xc0000201);
	body(&message)->id.idiag_dst[3] = htonl(0xc6336409);
	assert_int_equal(parse_connection(&message, message.header.nlmsg_len, &list), 0);
	item = &list.items[1];
	assert_true(list.count == 2 && item->family == SG_IPV4);
	assert_true(item->local == 0xc0000201 && item->remote == 0xc6336409 && item->port == 22);
	body(&message)->id.idiag_dst[0] = htonl(0x20010db8); /* no mapped address */
	assert_int_equal(parse_connection(&message, message.header.nlmsg_len, &list), 0);
	assert_true(list.count == 3 && list.items[2].family == SG_IPV6);

	/* other states, and no port */
	for (uint8_t other = 0; other < 16; other++) {
		make(&message, AF_INET, other, 22);
		body(&message)->id.idiag_dport = other == 1 || other == 3 ? 0 : htons(50000);
		assert_int_equal(parse_connection(&message, message.header.nlmsg_len, &list), 0);
	}
	assert_int_equal(list.count, 3);
	for (size_t size = 0; size < message.header.nlmsg_len; size++)
		assert_int_equal(parse_connection(&message, size, &list), -1);
}

/* Rows as Linux 6.18 printed them. */
static void reads_a_table_of_connections(void **state)
{
	static const char four[] =
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
		"   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0\n"
		"   1: 020200C0:0016 010200C0:C350 01 00000000:00000000 02:000A7B2C 00000000  1000        0 4711 2 0\n"
		"   2: 020200C0:0016 010200C0:C351 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0\n"
		"   3: 020200C0:0016 010200C0:C352 03 00000000:00000000 01:00000063 00000000     0        0 0 1 0\n";
	static const char six[] =
		"  sl  local_address                         remote_address                        st tx_queue …\n"
		"   0: 0000000000000000FFFF0000020200C0:0050 0000000000000000FFFF0000010200C0:C353 01 "
		"00000000:00000000 "
		"00:00000000 00000000     0        0 5 1 0\n"
		"   1: B80D0120000000000000000002000000:0050 B80D0120000000000000000001000000:C354 01 "
		"00000000:00000000 "
		"00:00000000 00000000     0        0 6 1 0\n";
	sg_cleanup(sg_connections_clear) struct sg_connections list = {0};

	(void)state;
	assert_int_equal(sg_sockdiag_parse_connection_table(four, sizeof(four) - 1, SG_IPV4, TCP, &list, NULL), 0);
	assert_int_equal(sg_sockdiag_parse_connection_table(six, sizeof(six) - 1, SG_IPV6, TCP, &list, NULL), 0);
	assert_int_equal(list.count, 4);
	for (size_t i = 0; i < 3; i++) {
		assert_true(list.items[i].family == SG_IPV4 && list.items[i].local == 0xc0000202);
		assert_true(list.items[i].remote == 0xc0000201);
	}
	assert_true(list.items[0].port == 22 && list.items[0].remote_port == 50000 && list.items[0].uid == 1000);
	assert_int_equal(list.items[0].inode, 4711);
	assert_int_equal(list.items[1].remote_port, 50002);
	assert_true(list.items[3].family == SG_IPV6 && list.items[3].remote == ((sg_u128)0x20010db8 << 96 | 1));
	/* a row that is cut short: none of them */
	assert_int_equal(sg_sockdiag_parse_connection_table(four, sizeof(four) - 20, SG_IPV4, TCP, &list, NULL), -1);
	assert_int_equal(list.count, 4);
}

static void one_row_for_each_address_of_sctp(void **state)
{
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	struct sockaddr_storage locals[3] = {0};
	struct message message;
	struct sg_error err;

	(void)state;
	inet_pton(AF_INET, "192.0.2.1", &((struct sockaddr_in *)&locals[0])->sin_addr);
	inet_pton(AF_INET, "192.0.2.2", &((struct sockaddr_in *)&locals[1])->sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &((struct sockaddr_in6 *)&locals[2])->sin6_addr);
	locals[0].ss_family = locals[1].ss_family = AF_INET;
	locals[2].ss_family = AF_INET6;
	make(&message, AF_INET6, 10, 3868);
	put_attr(&message, INET_DIAG_LOCALS, locals, sizeof(locals));
	parse_one(&message, SCTP, &list);
	assert_int_equal(list.count, 3);
	assert_true(list.items[0].family == SG_IPV4 && list.items[0].address == 0xc0000201);
	assert_true(list.items[1].family == SG_IPV4 && list.items[1].address == 0xc0000202);
	assert_true(list.items[2].family == SG_IPV6 && list.items[2].address == ((sg_u128)0x20010db8 << 96 | 1));
	assert_int_equal(list.items[2].port, 3868);
	/* an address of no family that we know: all or nothing */
	locals[2].ss_family = AF_UNIX;
	make(&message, AF_INET6, 10, 3868);
	put_attr(&message, INET_DIAG_LOCALS, locals, sizeof(locals));
	assert_int_equal(parse(message.bytes, message.header.nlmsg_len, SCTP, &list, &err), -1);
	assert_int_equal(list.count, 3);
	make(&message, AF_INET, 10, 3868);
	put_attr(&message, INET_DIAG_LOCALS, locals, sizeof(locals[0]) + 1);
	assert_int_equal(parse(message.bytes, message.header.nlmsg_len, SCTP, &list, &err), -1);
}

static void refuses_malformed_messages(void **state)
{
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	struct message message, good;
	struct sg_error err = {0};
	uint64_t cgroup = 1;

	(void)state;
	make(&good, AF_INET, 10, 22);
	put_attr(&good, INET_DIAG_CGROUP_ID, &cgroup, sizeof(cgroup));
	assert_int_equal(parse(good.bytes, good.header.nlmsg_len, TCP, &list, &err), 0);
	assert_int_equal(list.count, 1);
	/* fewer bytes than it says, to the last */
	for (size_t size = 0; size < good.header.nlmsg_len; size++) {
		assert_int_equal(parse(good.bytes, size, TCP, &list, &err), -1);
		assert_int_equal(err.kind, SG_ERROR_SYSTEM);
	}
	/* it says less: fine only where an attribute ends */
	for (uint32_t size = 0; size < good.header.nlmsg_len; size++) {
		const uint32_t whole = NLMSG_LENGTH(sizeof(struct inet_diag_msg));
		/* behind SHUTDOWN with and without its padding, and MARK */
		bool ends = size == whole || (size >= whole + 5 && size <= whole + 8) || size == whole + 16;

		message = good;
		message.header.nlmsg_len = size;
		list.count = 0;
		assert_int_equal(parse(message.bytes, good.header.nlmsg_len, TCP, &list, &err), ends ? 0 : -1);
		assert_int_equal(list.count, ends);
	}
	list.count = 0;
	message = good;
	message.header.nlmsg_type = NLMSG_ERROR;
	assert_int_equal(parse(message.bytes, message.header.nlmsg_len, TCP, &list, &err), -1);
	message = good;
	body(&message)->idiag_family = AF_UNIX;
	assert_int_equal(parse(message.bytes, message.header.nlmsg_len, TCP, &list, &err), -1);
	/* attributes that are too short for what they are */
	make(&message, AF_INET6, 10, 22);
	put_attr(&message, INET_DIAG_CGROUP_ID, &cgroup, 4);
	assert_int_equal(parse(message.bytes, message.header.nlmsg_len, TCP, &list, &err), -1);
	make(&message, AF_INET6, 10, 22);
	put_attr(&message, INET_DIAG_SKV6ONLY, &cgroup, 0);
	assert_int_equal(parse(message.bytes, message.header.nlmsg_len, TCP, &list, &err), -1);
	assert_int_equal(list.count, 0);
}

/* Random changes to a good message: taken or refused, never more than that. */
static void survives_random_messages(void **state)
{
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	static const uint8_t protocols[] = {TCP, UDP, SCTP, UDPLITE, RAW, 0};
	struct sockaddr_storage locals[2] = {{.ss_family = AF_INET}, {.ss_family = AF_INET6}};
	size_t taken = 0, refused = 0;

	(void)state;
	srandom(1);
	for (int round = 0; round < 200000; round++) {
		struct message message;
		struct sg_error err;
		size_t size, whole;

		make(&message, random() % 2 ? AF_INET : AF_INET6, random() % 2 ? 10 : 7, 22);
		put_attr(&message, INET_DIAG_LOCALS, locals, sizeof(locals[0]) * (size_t)(random() % 3));
		whole = message.header.nlmsg_len;
		for (long i = random() % 4; i > 0; i--)
			message.bytes[(size_t)random() % whole] = (unsigned char)random();
		size = random() % 2 ? whole : (size_t)random() % (whole + 1);
		list.count = 0;
		if (parse(message.bytes, size, protocols[round % 6], &list, &err)) {
			assert_int_equal(list.count, 0);
			refused++;
		} else {
			taken++;
		}
	}
	assert_true(taken > 1000 && refused > 1000);
}

/* ---- tables ---- */

#define HEADING "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref\n"

static uint32_t in_host_order(const char *address)
{
	uint32_t word;

	inet_pton(AF_INET, address, &word);
	return word;
}

static void reads_tables(void **state)
{
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	char text[1024];
	int size;

	(void)state;
	size = snprintf(
		text, sizeof(text),
		HEADING
		"   1: %08X:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000  1000        0 5 2 0 0\n"
		"   2: 00000000:00FF 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 6 2 0 0",
		in_host_order("192.0.2.1"));
	assert_int_equal(sg_sockdiag_parse_table(text, (size_t)size, SG_IPV4, RAW, &list, NULL), 0);
	assert_int_equal(list.count, 1);
	assert_true(list.items[0].raw && list.items[0].protocol == 1 && list.items[0].address == 0xc0000201);
	assert_true(list.items[0].uid == 1000 && list.items[0].inode == 5);

	list.count = 0;
	size = snprintf(text, sizeof(text),
			HEADING
			"   0: %08X%08X%08X%08X:0035 %032d:0000 0A 00000000:00000000 00:00000000 00000000 0 0 77 1\n"
			"   1: %032d:0016 %032d:0000 01 00000000:00000000 00:00000000 00000000 0 0 78 1\n",
			in_host_order("32.1.13.184"), 0, 0, in_host_order("0.0.0.1"), 0, 0, 0);
	assert_int_equal(sg_sockdiag_parse_table(text, (size_t)size, SG_IPV6, TCP, &list, NULL), 0);
	assert_int_equal(list.count, 1);
	assert_true(list.items[0].port == 53 && list.items[0].address == ((sg_u128)0x20010db8 << 96 | 1));
	assert_true(!list.items[0].v6only && list.items[0].inode == 77);

	list.count = 0;
	assert_int_equal(sg_sockdiag_parse_table("", 0, SG_IPV4, TCP, &list, NULL), 0);
	assert_int_equal(sg_sockdiag_parse_table(HEADING, strlen(HEADING), SG_IPV4, TCP, &list, NULL), 0);
	assert_int_equal(list.count, 0);
}

static void reads_endpoints_of_sctp(void **state)
{
	static const char text[] =
		" ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS\n"
		"ffff8880 ffff8881 2   10  29   3868   1000 20736 192.0.2.1 2001:0db8:0000:0000:0000:0000:0000:0001 \n"
		"ffff8882 ffff8883 2   7   30   3869      0 20737 192.0.2.1 \n"
		"ffff8884 ffff8885 2   10  31   2905      0 20738 0.0.0.0 \n";
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};

	(void)state;
	assert_int_equal(sg_sockdiag_parse_eps(text, strlen(text), &list, NULL), 0);
	assert_int_equal(list.count, 3);
	assert_true(list.items[0].port == 3868 && list.items[0].family == SG_IPV4);
	assert_true(list.items[1].family == SG_IPV6 && list.items[1].address == ((sg_u128)0x20010db8 << 96 | 1));
	assert_true(list.items[1].uid == 1000 && list.items[1].inode == 20736 && list.items[1].protocol == SCTP);
	assert_true(list.items[2].port == 2905 && !list.items[2].address);
}

/* Every way to cut a good table off, and random changes: the list is longer by whole rows, or as it was. */
static void survives_random_tables(void **state)
{
	static const char table[] = HEADING
		"   1: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 5 2 0 0\n"
		"   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 6 2 0 0\n";
	static const char eps[] =
		" ENDPT\nf f 2   10  29   3868   1000 20736 192.0.2.1 ::1 \nf f 2 10 9 1 0 1 0.0.0.0\n";
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	size_t refused = 0;

	(void)state;
	srandom(1);
	for (int round = 0; round < 100000; round++) {
		const char *text = round % 2 ? eps : table;
		size_t size = round % 2 ? sizeof(eps) - 1 : sizeof(table) - 1;
		sg_autofree char *copy = NULL;
		struct sg_error err;
		int result;

		if (random() % 2)
			size = (size_t)random() % (size + 1);
		copy = malloc(size + !size);
		memcpy(copy, text, size);
		for (long i = size ? random() % 3 : 0; i > 0; i--)
			copy[(size_t)random() % size] = " \n0123456789ABCDEFx:.\0"[random() % 22];
		list.count = 0;
		result = round % 2 ? sg_sockdiag_parse_eps(copy, size, &list, &err)
				   : sg_sockdiag_parse_table(copy, size, SG_IPV4, TCP, &list, &err);
		assert_true(!result || !list.count);
		refused += result != 0;
	}
	assert_true(refused > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_message),
		cmocka_unit_test(knows_who_receives),
		cmocka_unit_test(reads_a_connection),
		cmocka_unit_test(reads_a_table_of_connections),
		cmocka_unit_test(one_row_for_each_address_of_sctp),
		cmocka_unit_test(refuses_malformed_messages),
		cmocka_unit_test(survives_random_messages),
		cmocka_unit_test(reads_tables),
		cmocka_unit_test(reads_endpoints_of_sctp),
		cmocka_unit_test(survives_random_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
