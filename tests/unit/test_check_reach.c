/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packets reach which socket, and which of them a decision lets through. */
#include "check_world.h"
#include "check/region.h"
#include "sockgate/diff.h"
#include "sockgate/reach.h"

#define RULES(...)                                                                                                     \
	((const struct rule[]){__VA_ARGS__}), sizeof((const struct rule[]){__VA_ARGS__}) / sizeof(struct rule)

static int setup(void **state)
{
	*state = sg_packet_context(0);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	sg_idd_free(*state);
	return 0;
}

/* "tcp 0.0.0.0 22" and so on; the family follows from the address. */
static struct sg_listener listener(uint8_t protocol, const char *bound, uint16_t port)
{
	struct sg_listener ret = {.protocol = protocol, .port = port};
	struct sg_addr addr;

	assert_true(sg_addr_parse(bound, strlen(bound), &addr));
	ret.family = addr.family;
	ret.address = addr.bits;
	return ret;
}

static struct sg_listener on_device(struct sg_listener plain, const char *device, uint32_t index)
{
	plain.interface = index;
	snprintf(plain.interface_name, sizeof(plain.interface_name), "%s", device);
	return plain;
}

/* ---- Regions ---- */

/* One packet to the socket's port. */
struct probe {
	const char *interface, *local, *remote;
};

static bool takes(struct sg_idd *idd, sg_ref region, const struct probe *probe)
{
	sg_u128 point[SG_FIELD_COUNT] = {0};
	struct sg_addr local, remote;
	struct sg_range key = {0, 0};

	assert_true(sg_interface_range(probe->interface, strlen(probe->interface), &key));
	assert_true(sg_addr_parse(probe->local, strlen(probe->local), &local));
	assert_true(sg_addr_parse(probe->remote, strlen(probe->remote), &remote));
	assert_int_equal(local.family, remote.family);
	point[SG_FIELD_INTERFACE] = key.first;
	point[SG_FIELD_FAMILY] = local.family;
	point[local.family == SG_IPV4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6] = local.bits;
	point[local.family == SG_IPV4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6] = remote.bits;
	return sg_idd_lookup(idd, region, point);
}

static void test_matrix(void **state)
{
	static const struct probe probes[] = {
		{"eth0", "198.51.100.20", "192.0.2.1"},  {"eth1", "198.51.100.20", "192.0.2.1"},
		{"eth0", "198.51.100.21", "192.0.2.1"},  {"lo", "198.51.100.20", "198.51.100.20"},
		{"eth0", "2001:db8::20", "2001:db8::1"}, {"eth1", "fe80::1", "fe80::2"},
		{"eth0", "fe80::1", "fe80::2"},
	};
	struct sg_listener v6only = listener(SG_PROTO_TCP, "::", 22), raw6 = listener(SG_PROTO_ICMPV6, "::", 0);
	struct sg_listener connected = listener(SG_PROTO_UDP, "0.0.0.0", 5000);
	struct sg_regions regions = {.idd = *state};

	v6only.v6only = raw6.raw = connected.connected = true;
	const struct {
		struct sg_listener listener;
		enum sg_scope scope;
		const char *reached; /* a character for each probe */
	} rows[] = {
		{listener(SG_PROTO_TCP, "0.0.0.0", 22), SG_SCOPE_OTHERS, "yyy...."},
		{listener(SG_PROTO_TCP, "::", 22), SG_SCOPE_OTHERS, "yyy.yyy"},
		{v6only, SG_SCOPE_OTHERS, "....yyy"},
		{raw6, SG_SCOPE_OTHERS, "....yyy"},
		{listener(SG_PROTO_TCP, "198.51.100.20", 22), SG_SCOPE_OTHERS, "yy....."},
		{listener(SG_PROTO_TCP, "::ffff:198.51.100.20", 22), SG_SCOPE_OTHERS, "yy....."},
		{listener(SG_PROTO_TCP, "::ffff:0.0.0.0", 22), SG_SCOPE_OTHERS, "yyy...."},
		{listener(SG_PROTO_TCP, "2001:db8::20", 22), SG_SCOPE_OTHERS, "....y.."},
		{on_device(listener(SG_PROTO_TCP, "0.0.0.0", 22), "eth1", 3), SG_SCOPE_OTHERS, ".y....."},
		{on_device(listener(SG_PROTO_TCP, "::", 22), "eth1", 3), SG_SCOPE_OTHERS, ".y...y."},
		{on_device(listener(SG_PROTO_TCP, "fe80::1", 22), "eth1", 3), SG_SCOPE_OTHERS, ".....y."},
		{listener(SG_PROTO_TCP, "127.0.0.1", 22), SG_SCOPE_LOOPBACK, "......."},
		{listener(SG_PROTO_TCP, "127.8.8.8", 22), SG_SCOPE_LOOPBACK, "......."},
		{listener(SG_PROTO_TCP, "::1", 22), SG_SCOPE_LOOPBACK, "......."},
		{listener(SG_PROTO_TCP, "::ffff:127.0.0.1", 22), SG_SCOPE_LOOPBACK, "......."},
		{on_device(listener(SG_PROTO_TCP, "0.0.0.0", 22), "lo", 1), SG_SCOPE_LOOPBACK, "......."},
		{connected, SG_SCOPE_PEER, "......."},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct sg_region region;

		assert_int_equal(sg_regions_get(&regions, &rows[i].listener, &region, NULL), 0);
		assert_int_equal(region.scope, rows[i].scope);
		assert_true(region.wide == region.narrow);
		for (size_t k = 0; k < sizeof(probes) / sizeof(*probes); k++) {
			if (takes(*state, region.wide, &probes[k]) != (rows[i].reached[k] == 'y'))
				fail_msg("row %zu, probe %zu", i, k);
		}
	}
	sg_regions_clear(&regions);
}

static void add_local(struct sg_local_addresses *list, uint32_t index, const char *name, const char *text,
		      uint8_t length)
{
	struct sg_local_address item = {.interface = index, .prefix_length = length};
	struct sg_addr addr;

	snprintf(item.interface_name, sizeof(item.interface_name), "%s", name);
	assert_true(sg_addr_parse(text, strlen(text), &addr));
	item.family = addr.family;
	item.address = addr.bits;
	assert_int_equal(sg_local_addresses_add(list, &item, NULL), 0);
}

static void test_narrow(void **state)
{
	static const struct probe own = {"eth0", "198.51.100.20", "192.0.2.1"};
	static const struct probe other = {"eth0", "198.51.100.21", "192.0.2.1"};
	static const struct probe broadcast = {"eth0", "198.51.100.255", "192.0.2.1"};
	static const struct probe multicast = {"eth0", "224.0.0.251", "192.0.2.1"};
	static const struct probe v6 = {"eth0", "2001:db8::7", "2001:db8::1"};
	struct sg_listener tcp = listener(SG_PROTO_TCP, "::", 22), udp = listener(SG_PROTO_UDP, "::", 53);
	struct sg_listener nameless = on_device(listener(SG_PROTO_TCP, "fe80::1", 22), "", 3);
	struct sg_local_addresses local = {0};
	struct sg_regions regions = {.idd = *state, .local = &local};
	struct sg_region region;

	add_local(&local, 1, "lo", "127.0.0.1", 8);
	add_local(&local, 1, "lo", "::1", 128);
	add_local(&local, 2, "eth0", "198.51.100.20", 24);
	add_local(&local, 3, "eth7", "198.51.100.20", 32);
	assert_int_equal(sg_regions_get(&regions, &tcp, &region, NULL), 0);
	assert_true(takes(*state, region.narrow, &own));
	assert_false(takes(*state, region.narrow, &other));
	assert_true(takes(*state, region.wide, &other));
	assert_false(takes(*state, region.narrow, &broadcast));
	assert_false(takes(*state, region.narrow, &multicast));
	/* no IPv6 address but ::1 is there now; one may come */
	assert_true(takes(*state, region.narrow, &v6));
	assert_int_equal(sg_regions_get(&regions, &udp, &region, NULL), 0);
	assert_true(takes(*state, region.narrow, &own));
	assert_true(takes(*state, region.narrow, &broadcast));
	assert_true(takes(*state, region.narrow, &multicast));
	assert_false(takes(*state, region.narrow, &other));
	/* the name of a scope is found by its index */
	assert_int_equal(sg_regions_get(&regions, &nameless, &region, NULL), 0);
	assert_true(takes(*state, region.narrow, &(struct probe){"eth7", "fe80::1", "fe80::2"}));
	assert_false(takes(*state, region.narrow, &(struct probe){"eth0", "fe80::1", "fe80::2"}));
	sg_regions_clear(&regions);
	sg_local_addresses_clear(&local);
}

static void add_link(struct sg_local_addresses *list, struct sg_link link)
{
	assert_int_equal(sg_local_addresses_add_link(list, &link, NULL), 0);
}

/* 127.0.0.0/8 from elsewhere, by interfaces whose route_localnet is 1. */
static void test_localnet(void **state)
{
	static const struct probe eth0 = {"eth0", "127.0.0.1", "192.0.2.1"}, eth1 = {"eth1", "127.0.0.1", "192.0.2.1"};
	static const struct probe br0 = {"br0", "127.0.0.1", "192.0.2.1"}, lo = {"lo", "127.0.0.1", "127.0.0.1"};
	static const struct probe other = {"eth0", "127.0.0.2", "192.0.2.1"};
	struct sg_listener tcp = listener(SG_PROTO_TCP, "127.0.0.1", 22), any = listener(SG_PROTO_TCP, "0.0.0.0", 22);
	struct sg_listener mapped = listener(SG_PROTO_TCP, "::ffff:127.0.0.1", 22);
	struct sg_listener v6 = listener(SG_PROTO_TCP, "::1", 22);
	struct sg_listener device = on_device(listener(SG_PROTO_TCP, "127.0.0.1", 22), "lo", 1);
	struct sg_listener host = listener(SG_PROTO_TCP, "198.51.100.20", 22);
	struct sg_local_addresses local = {0};
	struct sg_regions regions = {.idd = *state, .local = &local};
	struct sg_region region;

	add_local(&local, 2, "eth0", "198.51.100.20", 24);
	add_link(&local, (struct sg_link){.index = 1, .name = "lo", .loopback = true, .route_localnet = true});
	add_link(&local, (struct sg_link){.index = 2, .name = "eth0", .route_localnet = true});
	add_link(&local, (struct sg_link){.index = 3, .name = "eth1"});
	add_link(&local, (struct sg_link){.index = 4, .name = "br0"});
	add_link(&local, (struct sg_link){.index = 5, .name = "p1", .master = 4, .route_localnet = true});
	assert_int_equal(sg_regions_get(&regions, &tcp, &region, NULL), 0);
	assert_int_equal(region.scope, SG_SCOPE_OTHERS);
	assert_true(takes(*state, region.narrow, &eth0));
	assert_true(takes(*state, region.narrow, &br0));
	assert_false(takes(*state, region.narrow, &eth1));
	assert_false(takes(*state, region.narrow, &other));
	assert_false(takes(*state, region.narrow, &lo));
	assert_int_equal(sg_regions_get(&regions, &any, &region, NULL), 0);
	assert_true(takes(*state, region.narrow, &eth0));
	assert_true(takes(*state, region.narrow, &other));
	assert_false(takes(*state, region.narrow, &eth1));
	assert_true(takes(*state, region.narrow, &(struct probe){"eth1", "198.51.100.20", "192.0.2.1"}));
	assert_int_equal(sg_regions_get(&regions, &mapped, &region, NULL), 0);
	assert_int_equal(region.scope, SG_SCOPE_OTHERS);
	assert_true(takes(*state, region.narrow, &eth0));
	assert_int_equal(sg_regions_get(&regions, &v6, &region, NULL), 0);
	assert_int_equal(region.scope, SG_SCOPE_LOOPBACK);
	assert_int_equal(sg_regions_get(&regions, &device, &region, NULL), 0);
	assert_int_equal(region.scope, SG_SCOPE_LOOPBACK);
	assert_int_equal(sg_regions_get(&regions, &host, &region, NULL), 0);
	assert_false(takes(*state, region.wide, &eth0));
	sg_regions_clear(&regions);
	regions.idd = *state;
	regions.index = (struct sg_memo){0};
	local.localnet_everywhere = true;
	assert_int_equal(sg_regions_get(&regions, &tcp, &region, NULL), 0);
	assert_true(takes(*state, region.narrow, &eth1));
	assert_false(takes(*state, region.narrow, &lo));
	sg_regions_clear(&regions);
	sg_local_addresses_clear(&local);
}

/* What comes in by an interface that took the loopback device's name comes from others. */
static void test_renamed_loopback(void **state)
{
	struct sg_listener any = listener(SG_PROTO_TCP, "0.0.0.0", 22);
	struct sg_listener device = on_device(listener(SG_PROTO_TCP, "0.0.0.0", 22), "lo", 2);
	struct sg_local_addresses local = {0};
	struct sg_regions regions = {.idd = *state, .local = &local};
	struct sg_region region;

	add_local(&local, 2, "lo", "198.51.100.20", 24);
	add_link(&local, (struct sg_link){.index = 1, .name = "inner", .loopback = true});
	add_link(&local, (struct sg_link){.index = 2, .name = "lo"});
	assert_int_equal(sg_regions_get(&regions, &any, &region, NULL), 0);
	assert_true(takes(*state, region.narrow, &(struct probe){"lo", "198.51.100.20", "192.0.2.1"}));
	assert_false(takes(*state, region.narrow, &(struct probe){"inner", "198.51.100.20", "198.51.100.20"}));
	assert_int_equal(sg_regions_get(&regions, &device, &region, NULL), 0);
	assert_int_equal(region.scope, SG_SCOPE_OTHERS);
	sg_regions_clear(&regions);
	sg_local_addresses_clear(&local);
}

/* ---- Reach ---- */

static void find(const struct sg_subject *subject, struct sg_listener *items, size_t count, struct sg_reaches *ret)
{
	const struct sg_listeners list = {.items = items, .count = count};
	struct sg_error err = {0};

	if (sg_reaches_find(subject, &list, NULL, ret, &err) < 0)
		fail_msg("%s", err.message);
}

static void test_reach(void **state)
{
	struct sg_subject subject = world_subject(
		*state, RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22"},
			      {.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "80", .from = "192.0.2.0/24"},
			      {.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "443", .interfaces = "eth1"},
			      {.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "25", .to = "198.51.100.20"},
			      {.verdict = SG_VERDICT_REJECT, .protocols = "tcp", .ports = "113", .family = "4"},
			      {.verdict = SG_VERDICT_ACCEPT, .protocols = "icmp", .ports = "8"}));
	struct sg_listener raw = listener(SG_PROTO_ICMP, "0.0.0.0", 0);
	struct sg_reaches reaches = {0};

	raw.raw = true;
	struct sg_listener items[] = {
		listener(SG_PROTO_TCP, "::", 22),
		listener(SG_PROTO_TCP, "0.0.0.0", 80),
		listener(SG_PROTO_TCP, "0.0.0.0", 443),
		listener(SG_PROTO_TCP, "0.0.0.0", 25),
		listener(SG_PROTO_TCP, "198.51.100.20", 25),
		listener(SG_PROTO_TCP, "::", 113),
		listener(SG_PROTO_TCP, "0.0.0.0", 5432),
		listener(SG_PROTO_TCP, "127.0.0.1", 22),
		raw,
		on_device(listener(SG_PROTO_TCP, "0.0.0.0", 443), "eth1", 3),
		listener(SG_PROTO_TCP, "0.0.0.0", 5433),
	};
	const struct sg_reach *const *r;

	find(&subject, items, sizeof(items) / sizeof(*items), &reaches);
	r = reaches.items;
	assert_int_equal(r[0]->outcome, SG_OUTCOME_ACCEPT);
	assert_int_equal(r[0]->families, 3);
	assert_true(r[0]->from.any);

	assert_int_equal(r[1]->outcome, SG_OUTCOME_DEPENDS);
	assert_true(r[1]->from_exact);
	assert_int_equal(r[1]->families, 1);
	assert_int_equal(r[1]->from.v4.count, 1);
	assert_int_equal(r[1]->accepted.count, 1);
	assert_true(r[1]->accepted.items[0].interfaces.loopback_aside);

	assert_int_equal(r[2]->outcome, SG_OUTCOME_DEPENDS);
	assert_false(r[2]->from_exact);
	assert_true(r[2]->from.any);
	assert_int_equal(r[2]->accepted.items[0].interfaces.names.count, 1);

	assert_int_equal(r[3]->outcome, SG_OUTCOME_DEPENDS);
	assert_false(r[3]->from_exact);
	assert_int_equal(r[4]->outcome, SG_OUTCOME_ACCEPT);
	assert_int_equal(r[5]->outcome, SG_OUTCOME_DROP);
	assert_int_equal(r[6]->outcome, SG_OUTCOME_DROP);
	assert_int_equal(r[6]->families, 0);
	assert_int_equal(reaches.scopes[7], SG_SCOPE_LOOPBACK);
	assert_int_equal(r[7]->outcome, SG_OUTCOME_NONE);

	assert_int_equal(r[8]->outcome, SG_OUTCOME_DEPENDS);
	assert_int_equal(r[8]->accepted.count, 1);
	assert_int_equal(r[8]->accepted.items[0].ports.count, 1);
	assert_true(r[8]->accepted.items[0].ports.items[0].first == 8);

	assert_int_equal(r[9]->outcome, SG_OUTCOME_ACCEPT);
	assert_true(r[6] == r[10]); /* one class, one answer */
	sg_reaches_clear(&reaches);
}

static void test_affected(void **state)
{
	struct sg_subject before =
		world_subject(*state, RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22 80"}));
	struct sg_subject after = world_subject(
		*state, RULES({.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "22"},
			      {.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = "80", .family = "4"},
			      {.verdict = SG_VERDICT_ACCEPT, .protocols = "udp", .ports = "53"}));
	struct sg_listener items[] = {
		listener(SG_PROTO_TCP, "::", 22),       listener(SG_PROTO_TCP, "0.0.0.0", 80),
		listener(SG_PROTO_TCP, "::", 80),       listener(SG_PROTO_UDP, "127.0.0.53", 53),
		listener(SG_PROTO_UDP, "10.0.0.1", 53),
	};
	const struct sg_listeners list = {.items = items, .count = sizeof(items) / sizeof(*items)};
	struct sg_affected affected = {0};

	assert_int_equal(sg_affected(&before, &after, &list, NULL, &affected, NULL), 0);
	assert_int_equal(affected.count, 2);
	assert_int_equal(affected.items[0].listener, 2);
	assert_int_equal(affected.items[0].from->outcome, SG_OUTCOME_ACCEPT);
	assert_int_equal(affected.items[0].to->outcome, SG_OUTCOME_DEPENDS);
	assert_true(affected.items[0].to->from_exact);
	assert_int_equal(affected.items[1].listener, 4);
	sg_affected_clear(&affected);
}

/* Every answer against a lookup of each of some packets in the decision itself. */
static void test_random(void **state)
{
	static const char *const bound[] = {"0.0.0.0", "::", "198.51.100.20", "2001:db8::20", "::ffff:198.51.100.20"};
	static const struct probe probes[] = {
		{"eth0", "198.51.100.20", "192.0.2.7"}, {"eth1", "198.51.100.20", "192.0.2.8"},
		{"br0", "198.51.100.21", "10.0.0.1"},   {"eth0", "2001:db8::20", "2001:db8::1"},
		{"wg0", "2001:db8::21", "fe80::1"},     {"eth1", "2001:db8::20", "2001:db9::1"},
	};
	static const uint16_t ports[] = {22, 80, 25, 8, 65535};
	uint64_t seed = world_seed();
	size_t accepted = 0, refused = 0;

	for (size_t round = 0; round < 1000; round++) {
		struct rule rules[5];
		struct sg_subject subject;
		struct sg_reaches reaches = {0};
		struct sg_listener item = listener(world_random(&seed, 2) ? SG_PROTO_TCP : SG_PROTO_UDP,
						   bound[world_random(&seed, 5)], ports[world_random(&seed, 5)]);
		struct sg_regions regions = {.idd = *state};
		struct sg_region region;
		const struct sg_reach *reach;

		for (size_t i = 0; i < 5; i++)
			rules[i] = world_random_rule(&seed);
		subject = world_subject(*state, rules, 5);
		find(&subject, &item, 1, &reaches);
		reach = reaches.items[0];
		assert_int_equal(sg_regions_get(&regions, &item, &region, NULL), 0);
		for (size_t k = 0; k < sizeof(probes) / sizeof(*probes); k++) {
			sg_u128 point[SG_FIELD_COUNT] = {0};
			struct sg_addr local, remote;
			struct sg_range key = {0, 0};
			const struct sg_ranges *from;
			uint32_t verdict;
			bool listed;

			if (!takes(*state, region.wide, &probes[k]))
				continue;
			assert_true(sg_interface_range(probes[k].interface, strlen(probes[k].interface), &key));
			assert_true(sg_addr_parse(probes[k].local, strlen(probes[k].local), &local));
			assert_true(sg_addr_parse(probes[k].remote, strlen(probes[k].remote), &remote));
			point[SG_FIELD_PROTOCOL] = item.protocol;
			point[SG_FIELD_PORT] = item.port;
			point[SG_FIELD_INTERFACE] = key.first;
			point[SG_FIELD_FAMILY] = local.family;
			point[local.family == SG_IPV4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6] = local.bits;
			point[local.family == SG_IPV4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6] = remote.bits;
			verdict = sg_idd_lookup(*state, subject.decision.verdict, point);
			from = remote.family == SG_IPV4 ? &reach->from.v4 : &reach->from.v6;
			listed = reach->families & 1U << remote.family &&
				 (reach->from.any || sg_ranges_contain(from, remote.bits) != reach->from.except);
			if (reach->outcome == SG_OUTCOME_ACCEPT)
				assert_int_equal(verdict, SG_VERDICT_ACCEPT);
			else if (reach->outcome != SG_OUTCOME_DEPENDS)
				assert_int_not_equal(verdict, SG_VERDICT_ACCEPT);
			if (verdict == SG_VERDICT_ACCEPT)
				assert_true(listed);
			if (reach->from_exact)
				assert_int_equal(listed, verdict == SG_VERDICT_ACCEPT);
			accepted += verdict == SG_VERDICT_ACCEPT;
			refused += verdict != SG_VERDICT_ACCEPT;
		}
		sg_regions_clear(&regions);
		sg_reaches_clear(&reaches);
	}
	assert_true(accepted > 50 && refused > 50);
}

/* Every listener on a line of its own: the worst case for sharing. */
static void test_speed(void **state)
{
	enum { LISTENERS = 10000 };
	struct sg_listener *items = calloc(LISTENERS, sizeof(*items));
	struct rule *rules = calloc(500, sizeof(*rules));
	char(*ports)[12] = calloc(500, sizeof(*ports));
	struct sg_reaches reaches = {0};
	struct sg_subject subject;
	double begin;

	for (size_t i = 0; i < LISTENERS; i++)
		items[i] = listener(SG_PROTO_TCP, i % 3 ? "0.0.0.0" : "::", (uint16_t)(10000 + i));
	for (size_t i = 0; i < 500; i++) {
		snprintf(ports[i], sizeof(ports[i]), "%zu-%zu", 10000 + 20 * i, 10009 + 20 * i);
		rules[i] = (struct rule){.verdict = SG_VERDICT_ACCEPT, .protocols = "tcp", .ports = ports[i]};
		rules[i].from = i % 2 ? NULL : "192.0.2.0/24 2001:db8::/32";
	}
	subject = world_subject(*state, rules, 500);
	begin = world_seconds(CLOCK_PROCESS_CPUTIME_ID);
	find(&subject, items, LISTENERS, &reaches);
	print_message("10,000 listeners: %.1f ms\n", 1e3 * (world_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin));
	assert_int_equal(reaches.items[0]->outcome, SG_OUTCOME_DEPENDS);
	assert_int_equal(reaches.items[20]->outcome, SG_OUTCOME_ACCEPT);
	assert_int_equal(reaches.items[10]->outcome, SG_OUTCOME_DROP);
	sg_reaches_clear(&reaches);
	free(ports);
	free(rules);
	free(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_matrix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_narrow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_localnet, setup, teardown),
		cmocka_unit_test_setup_teardown(test_renamed_loopback, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reach, setup, teardown),
		cmocka_unit_test_setup_teardown(test_affected, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_speed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
