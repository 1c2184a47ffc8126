/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parser of conntrack's flows, on good, torn and random bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <cmocka.h>
#include "kernel/conntrack.h"

#define HOST 0xc6336414U
#define PEER 0xc0000207U

struct message {
	uint8_t bytes[256];
	size_t size;
};

static size_t begin(struct message *message, uint16_t type)
{
	struct nlattr attr = {.nla_type = type};
	size_t at = message->size;

	memcpy(message->bytes + at, &attr, sizeof(attr));
	message->size += sizeof(attr);
	return at;
}

static void end(struct message *message, size_t at)
{
	uint16_t length = (uint16_t)(message->size - at);

	memcpy(message->bytes + at, &length, sizeof(length));
	message->size = (message->size + 3) & ~(size_t)3;
}

static void put(struct message *message, uint16_t type, const void *data, size_t size)
{
	size_t at = begin(message, type);

	memcpy(message->bytes + message->size, data, size);
	message->size += size;
	end(message, at);
}

static void put_port(struct message *message, uint16_t type, uint16_t port)
{
	uint16_t value = htons(port);

	put(message, type, &value, sizeof(value));
}

static struct message flow(uint32_t source, uint32_t destination, uint8_t protocol, uint32_t status)
{
	struct message message = {.size = sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg)};
	uint32_t from = htonl(source), to = htonl(destination), flags = htonl(status);
	size_t tuple = begin(&message, CTA_TUPLE_ORIG | NLA_F_NESTED),
	       part = begin(&message, CTA_TUPLE_IP | NLA_F_NESTED);

	put(&message, CTA_IP_V4_SRC, &from, sizeof(from));
	put(&message, CTA_IP_V4_DST, &to, sizeof(to));
	end(&message, part);
	part = begin(&message, CTA_TUPLE_PROTO | NLA_F_NESTED);
	put(&message, CTA_PROTO_NUM, &protocol, 1);
	put_port(&message, CTA_PROTO_SRC_PORT, 50000);
	put_port(&message, CTA_PROTO_DST_PORT, 60001);
	end(&message, part);
	end(&message, tuple);
	put(&message, CTA_STATUS, &flags, sizeof(flags));
	return message;
}

static struct sg_local_addresses host(void)
{
	static struct sg_local_address address = {.family = SG_IPV4, .address = HOST, .interface_name = "eth0"};

	return (struct sg_local_addresses){.items = &address, .count = 1};
}

static struct sg_connections parse(const struct message *message)
{
	const struct sg_local_addresses local = host();
	struct sg_connections list = {0};

	assert_int_equal(sg_conntrack_parse(message->bytes, message->size, &local, &list, NULL), 0);
	return list;
}

static void flows_of_the_host(void **state)
{
	struct message message = flow(PEER, HOST, 17, IPS_SEEN_REPLY | IPS_ASSURED);
	struct sg_connections list = parse(&message);

	(void)state;
	assert_int_equal(list.count, 1);
	assert_true(list.items[0].flow && list.items[0].inbound && list.items[0].protocol == 17);
	assert_true(list.items[0].local == HOST && list.items[0].remote == PEER);
	assert_true(list.items[0].port == 60001 && list.items[0].remote_port == 50000);
	sg_connections_clear(&list);
	message = flow(HOST, PEER, 17, IPS_SEEN_REPLY | IPS_ASSURED);
	list = parse(&message);
	assert_int_equal(list.count, 1);
	assert_true(list.items[0].flow && !list.items[0].inbound);
	assert_true(list.items[0].port == 50000 && list.items[0].remote_port == 60001);
	sg_connections_clear(&list);
}

/* As for transparent proxies: a local route for all addresses, in a table that only some packets are looked up in. */
static void flows_beside_a_route_for_all(void **state)
{
	struct sg_local_addresses local = host();
	struct sg_range all = {0, UINT32_MAX};
	struct message message = flow(HOST, PEER, 17, IPS_SEEN_REPLY | IPS_ASSURED);
	struct sg_connections list = {0};

	(void)state;
	assert_int_equal(sg_ranges_add(&local.own[SG_IPV4], &all, NULL), 0);
	assert_int_equal(sg_conntrack_parse(message.bytes, message.size, &local, &list, NULL), 0);
	message = flow(PEER, 0xcb007107U, 17, IPS_SEEN_REPLY | IPS_ASSURED);
	assert_int_equal(sg_conntrack_parse(message.bytes, message.size, &local, &list, NULL), 0);
	assert_int_equal(list.count, 2);
	assert_true(!list.items[0].inbound && list.items[0].remote == PEER);
	assert_true(list.items[1].inbound && list.items[1].local == 0xcb007107U);
	sg_connections_clear(&list);
	sg_ranges_clear(&local.own[SG_IPV4]);
}

static void other_flows(void **state)
{
	const struct message messages[] = {
		flow(PEER, HOST, 6, IPS_SEEN_REPLY | IPS_ASSURED), /* TCP is read from the sockets */
		flow(PEER, HOST, 17, IPS_SEEN_REPLY),              /* an answered question */
		flow(PEER, HOST, 17, IPS_ASSURED | IPS_DST_NAT),   /* to a published port */
		flow(PEER, 0x0a000001U, 17, IPS_ASSURED),          /* forwarded */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		assert_int_equal(parse(&messages[i]).count, 0);
}

static void torn_and_random_bytes(void **state)
{
	const struct message whole = flow(PEER, HOST, 17, IPS_ASSURED);
	const struct sg_local_addresses local = host();
	unsigned int seed = 7;

	(void)state;
	for (size_t size = 0; size < whole.size; size++) {
		struct sg_connections list = {0};
		uint8_t *copy = malloc(size + 1);

		assert_non_null(copy);
		memcpy(copy + 1, whole.bytes, size); /* not aligned, and nothing readable behind it */
		(void)sg_conntrack_parse(copy + 1, size, &local, &list, NULL);
		assert_int_equal(list.count, 0);
		free(copy);
	}
	for (int round = 0; round < 20000; round++) {
		struct sg_connections list = {0};
		struct message message = whole;

		for (int i = 0; i < 4; i++)
			message.bytes[(size_t)rand_r(&seed) % message.size] = (uint8_t)rand_r(&seed);
		(void)sg_conntrack_parse(message.bytes, message.size, &local, &list, NULL);
		sg_connections_clear(&list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(flows_of_the_host), cmocka_unit_test(flows_beside_a_route_for_all),
		cmocka_unit_test(other_flows),
					   cmocka_unit_test(torn_and_random_bytes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
