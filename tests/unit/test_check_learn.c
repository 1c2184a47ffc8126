/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies drafted from listening sockets. */
#include "check_world.h"
#include "base/mem.h"
#include "check/learn.h"
#include "sockgate/verify.h"
#include "starve.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);

/* ---- A host ---- */

struct scene {
	struct sg_idd *idd;
	struct sg_listener listeners[64];
	struct sg_listeners list;
	struct sg_local_addresses local;
	struct sg_learn learn;
};

static int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	scene->idd = sg_packet_context(0);
	scene->list.items = scene->listeners;
	*state = scene;
	return scene->idd ? 0 : -1;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	sg_learn_clear(&scene->learn);
	sg_local_addresses_clear(&scene->local);
	sg_idd_free(scene->idd);
	free(scene);
	return 0;
}

static void forget(struct scene *scene)
{
	sg_learn_clear(&scene->learn);
	scene->list.count = 0;
}

static struct sg_listener *add(struct scene *scene, uint8_t protocol, const char *bound, uint16_t port,
			       const char *process)
{
	struct sg_listener *listener = &scene->listeners[scene->list.count++];
	struct sg_addr addr;

	assert_true(scene->list.count <= SG_COUNT(scene->listeners));
	assert_true(sg_addr_parse(bound, strlen(bound), &addr));
	*listener =
		(struct sg_listener){.protocol = protocol, .family = addr.family, .address = addr.bits, .port = port};
	snprintf(listener->owner.process, sizeof(listener->owner.process), "%s", process);
	return listener;
}

static struct sg_listener *add_raw(struct scene *scene, uint8_t protocol, const char *bound)
{
	struct sg_listener *listener = add(scene, protocol, bound, 0, "rawd");

	listener->raw = true;
	listener->v6only = listener->family == SG_IPV6;
	return listener;
}

static void bind_to(struct sg_listener *listener, uint32_t interface, const char *name)
{
	listener->interface = interface;
	memcpy(listener->interface_name, name, strlen(name));
}

static int try_learn(struct scene *scene, struct sg_error *err)
{
	const struct sg_learn_input input = {
		.listeners = &scene->list,
		.local = &scene->local,
		.ephemeral_first = 32768,
		.ephemeral_last = 60999,
		.now = 1700000000,
	};

	return sg_learn(&input, scene->idd, &scene->learn, err);
}

static void learn(struct scene *scene)
{
	struct sg_error err = {0};

	sg_learn_clear(&scene->learn);
	if (try_learn(scene, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(strlen(scene->learn.text), scene->learn.size);
}

/* What stands behind the head. */
static const char *body(const struct scene *scene)
{
	static const char last[] = "\ndefault: drop\n";
	const char *at = strstr(scene->learn.text, last);

	assert_non_null(at);
	return at + sizeof(last) - 1;
}

static void expect(struct scene *scene, const char *text)
{
	learn(scene);
	assert_string_equal(body(scene), text);
	forget(scene);
}

/* ---- Texts ---- */

static void test_whole_text(void **state)
{
	struct scene *scene = *state;
	struct sg_listener *nginx;

	add(scene, SG_PROTO_TCP, "0.0.0.0", 22, "sshd")->owner.unit = (char *)"ssh.service";
	nginx = add(scene, SG_PROTO_TCP, "::", 443, "nginx");
	nginx->owner.unit = (char *)"nginx.service";
	add(scene, SG_PROTO_TCP, "127.0.0.1", 25, "master");
	add(scene, SG_PROTO_TCP, "::1", 25, "master");
	add(scene, SG_PROTO_UDP, "0.0.0.0", 40001, "resolver")->connected = true;
	add(scene, SG_PROTO_UDP, "0.0.0.0", 40002, "resolver");
	add_raw(scene, SG_PROTO_ICMPV6, "::");
	learn(scene);
	assert_string_equal(
		scene->learn.text,
		"# A draft by 'sockgate learn': what listened on this host on 2023-11-14 at 22:13 UTC, 7 sockets.\n"
		"#\n"
		"# What other hosts could reach is allowed here, and from anywhere. Take away what none of them "
		"needs;\n"
		"# where not everyone should come in, say who may: {port: ssh, from: 192.0.2.0/24}.\n"
		"# Ports that containers publish are judged by the same lines. A Kubernetes node, a load balancer\n"
		"# or a router also needs the line 'published: ignore'.\n"
		"# Then, with this text in policy.yaml, from the host that it is about:\n"
		"#\n"
		"#   sockgate check policy.yaml                  is it valid, has every line an effect?\n"
		"#   sockgate -f policy.yaml diff                what would be decided otherwise than now?\n"
		"#   sockgate -f policy.yaml apply --dry-run     the same, and the connection that it would cut\n"
		"#   sockgate -f policy.yaml apply\n"
		"#\n"
		"# Sockets that are left out:\n"
		"#   2 on loopback, for this host alone\n"
		"#   1 connected, for one peer alone\n"
		"#   1 for what passes by the baseline (ICMP, the DHCPv6 client)\n"
		"#   1 like a client's own, commented out below\n"
		"\n"
		"default: drop\n"
		"\n"
		"allow:\n"
		"  tcp:\n"
		"    # nginx.service (nginx)\n"
		"    - https\n"
		"    # ssh.service (sshd)\n"
		"    - {port: ssh, family: ipv4}\n"
		"  # udp:\n"
		"    # Ports that look like a client's own, such as a resolver's: replies to them pass without a "
		"line.\n"
		"    # One that serves others is allowed by taking away the '# ' before it (and before its keys).\n"
		"    # process resolver\n"
		"    # - {port: 40002, family: ipv4}\n");
	assert_int_equal(scene->learn.lines, 2);
	assert_int_equal(scene->learn.counts[SG_LEARNED_ALLOWED], 2);
	assert_int_equal(scene->learn.counts[SG_LEARNED_LOOPBACK], 2);
	assert_int_equal(scene->learn.learned[1], SG_LEARNED_ALLOWED);
	assert_int_equal(scene->learn.learned[4], SG_LEARNED_CONNECTED);
	assert_int_equal(scene->learn.learned[6], SG_LEARNED_BASELINE);
}

static void test_nothing(void **state)
{
	struct scene *scene = *state;

	expect(scene, "");
	add(scene, SG_PROTO_TCP, "127.0.0.1", 22, "sshd");
	add(scene, SG_PROTO_TCP, "::ffff:127.0.0.9", 23, "sshd");
	bind_to(add(scene, SG_PROTO_TCP, "0.0.0.0", 24, "sshd"), 1, "lo");
	learn(scene);
	assert_int_equal(scene->learn.counts[SG_LEARNED_LOOPBACK], 3);
	expect(scene, "");
	/* nothing but what is commented out */
	add(scene, SG_PROTO_UDP, "::", 40000, "dig");
	learn(scene);
	assert_non_null(strstr(body(scene), "\n# allow:\n  # udp:\n"));
	assert_int_equal(scene->learn.lines, 0);
}

/* Wildcards of both families. */
static void test_families(void **state)
{
	struct scene *scene = *state;

	add(scene, SG_PROTO_TCP, "::", 22, "a");
	expect(scene, "\nallow:\n  tcp:\n    # process a\n    - ssh\n");
	add(scene, SG_PROTO_TCP, "::", 22, "a")->v6only = true;
	expect(scene, "\nallow:\n  tcp:\n    # process a\n    - {port: ssh, family: ipv6}\n");
	add(scene, SG_PROTO_TCP, "::", 22, "a")->v6only = true;
	add(scene, SG_PROTO_TCP, "0.0.0.0", 22, "a");
	expect(scene, "\nallow:\n  tcp:\n    # process a\n    - ssh\n");
	/* each family has an owner of its own */
	add(scene, SG_PROTO_TCP, "::", 22, "a")->v6only = true;
	add(scene, SG_PROTO_TCP, "0.0.0.0", 22, "b");
	expect(scene, "\nallow:\n  tcp:\n    # process a\n    - {port: ssh, family: ipv6}\n"
		      "    # process b\n    - {port: ssh, family: ipv4}\n");
	/* …and both are covered by a third */
	add(scene, SG_PROTO_TCP, "::", 22, "a")->v6only = true;
	add(scene, SG_PROTO_TCP, "0.0.0.0", 22, "b");
	add(scene, SG_PROTO_TCP, "::", 22, "c");
	expect(scene, "\nallow:\n  tcp:\n    # process a, process b, process c\n    - ssh\n");
	add(scene, SG_PROTO_TCP, "::ffff:192.0.2.1", 22, "a");
	expect(scene, "\nallow:\n  tcp:\n    # process a\n    - {port: ssh, to: 192.0.2.1}\n");
	add(scene, SG_PROTO_TCP, "::ffff:0.0.0.0", 22, "a");
	learn(scene);
	assert_int_equal(scene->learn.counts[SG_LEARNED_ALLOWED], 1);
}

static void test_bound(void **state)
{
	struct scene *scene = *state;
	struct sg_local_address eth9 = {.interface = 9, .interface_name = "eth9"};

	add(scene, SG_PROTO_TCP, "192.0.2.2", 80, "a");
	add(scene, SG_PROTO_TCP, "2001:db8::", 80, "a");
	add(scene, SG_PROTO_TCP, "192.0.2.1", 80, "a");
	add(scene, SG_PROTO_TCP, "192.0.2.1", 443, "a");
	expect(scene, "\nallow:\n  tcp:\n    # process a\n    - {port: [http, https], to: 192.0.2.1}\n"
		      "    - {port: http, to: [192.0.2.2, \"2001:db8::\"]}\n");
	/* covered by the wildcard */
	add(scene, SG_PROTO_TCP, "192.0.2.2", 80, "a");
	add(scene, SG_PROTO_TCP, "0.0.0.0", 80, "b");
	bind_to(add(scene, SG_PROTO_TCP, "0.0.0.0", 80, "c"), 2, "eth0");
	bind_to(add(scene, SG_PROTO_TCP, "192.0.2.9", 80, "d"), 2, "eth0");
	expect(scene, "\nallow:\n  tcp:\n    # process a, process b, process c, process d\n    - {port: http, family: "
		      "ipv4}\n");
	/* what both families of a device cover together */
	bind_to(add(scene, SG_PROTO_TCP, "::", 80, "d"), 2, "eth0");
	add(scene, SG_PROTO_TCP, "0.0.0.0", 80, "a");
	add(scene, SG_PROTO_TCP, "::", 80, "b")->v6only = true;
	expect(scene, "\nallow:\n  tcp:\n    # process a, process d\n    - {port: http, family: ipv4}\n"
		      "    # process b, process d\n    - {port: http, family: ipv6}\n");
	/* link-local addresses have their interface */
	bind_to(add(scene, SG_PROTO_UDP, "fe80::1", 547, "a"), 2, "eth0");
	bind_to(add(scene, SG_PROTO_UDP, "fe80::1", 547, "a"), 3, "eth1");
	bind_to(add(scene, SG_PROTO_UDP, "0.0.0.0", 67, "a"), 3, "eth1");
	assert_int_equal(sg_local_addresses_add(&scene->local, &eth9, NULL), 0);
	add(scene, SG_PROTO_UDP, "0.0.0.0", 67, "a")->interface = 9;
	expect(scene, "\nallow:\n  udp:\n    # process a\n    - {port: bootps, interface: [eth1, eth9], family: ipv4}\n"
		      "    - {port: dhcpv6-server, to: fe80::1, interface: [eth0, eth1]}\n");
}

static void test_ports(void **state)
{
	struct scene *scene = *state;

	for (uint16_t port = 8000; port < 8010; port++)
		add(scene, SG_PROTO_TCP, "::", port, "a");
	add(scene, SG_PROTO_TCP, "::", 8020, "a");
	add(scene, SG_PROTO_TCP, "::", 8021, "a");
	for (uint16_t port = 20; port < 24; port++)
		add(scene, SG_PROTO_TCP, "::", port, "b");
	/* without names */
	for (uint16_t port = 4; port < 7; port++)
		add(scene, SG_PROTO_TCP, "::", port, "c");
	expect(scene, "\nallow:\n  tcp:\n    # process a\n    - port: [8000-8009, 8020, 8021]\n"
		      "    # process b\n    - port: [ftp-data, ftp, ssh, telnet]\n"
		      "    # process c\n    - 4-6\n");
}

static void test_protocols(void **state)
{
	struct scene *scene = *state;

	add(scene, SG_PROTO_TCP, "::", 53, "named");
	add(scene, SG_PROTO_UDP, "::", 53, "named");
	add(scene, SG_PROTO_UDP, "::", 22, "named"); /* a name of tcp alone */
	add(scene, SG_PROTO_TCP, "::", 443, "nginx");
	add(scene, SG_PROTO_UDP, "::", 443, "quicd");
	add(scene, SG_PROTO_SCTP, "::", 3868, "hss");
	add(scene, SG_PROTO_DCCP, "::", 5001, "x");
	add(scene, SG_PROTO_UDPLITE, "::", 5000, "x");
	expect(scene, "\nallow:\n  tcp:\n    # process nginx\n    - https\n"
		      "  udp:\n    # process named\n    - 22\n    # process quicd\n    - https\n"
		      "  tcp+udp:\n    # process named\n    - domain\n"
		      "  sctp:\n    # process hss\n    - diameter\n"
		      "  dccp:\n    # process x\n    - 5001\n"
		      "  udplite:\n    # process x\n    - 5000\n");
}

static void test_raw(void **state)
{
	struct scene *scene = *state;

	add_raw(scene, 89, "0.0.0.0");
	add_raw(scene, 112, "0.0.0.0");
	add_raw(scene, 112, "::");
	add_raw(scene, 112, "192.0.2.1");
	bind_to(add_raw(scene, 250, "::"), 2, "eth0");
	add_raw(scene, SG_PROTO_ICMP, "0.0.0.0");
	add_raw(scene, SG_PROTO_ICMPV6, "::");
	add_raw(scene, SG_PROTO_TCP, "0.0.0.0");
	learn(scene);
	assert_int_equal(scene->learn.counts[SG_LEARNED_BASELINE], 2);
	assert_int_equal(scene->learn.learned[7], SG_LEARNED_RAW);
	assert_int_equal(scene->learn.lines, 3);
	expect(scene, "\nallow:\n  ospf:\n    # process rawd\n    - {family: ipv4}\n"
		      "  # process rawd\n  vrrp:\n"
		      "  250:\n    # process rawd\n    - {interface: eth0, family: ipv6}\n");
}

static void test_ephemeral(void **state)
{
	static const struct {
		uint8_t protocol;
		uint16_t port;
		enum sg_learned learned;
	} rows[] = {
		{SG_PROTO_UDP, 32767, SG_LEARNED_ALLOWED},     {SG_PROTO_UDP, 32768, SG_LEARNED_EPHEMERAL},
		{SG_PROTO_UDP, 60999, SG_LEARNED_EPHEMERAL},   {SG_PROTO_UDP, 61000, SG_LEARNED_ALLOWED},
		{SG_PROTO_UDP, 51820, SG_LEARNED_ALLOWED}, /* wireguard */
		{SG_PROTO_UDP, 40000, SG_LEARNED_ALLOWED}, /* on tcp too */
		{SG_PROTO_TCP, 40000, SG_LEARNED_ALLOWED},     {SG_PROTO_TCP, 40001, SG_LEARNED_ALLOWED},
		{SG_PROTO_UDPLITE, 40002, SG_LEARNED_ALLOWED},
	};
	struct scene *scene = *state;
	struct sg_learn_input all = {.listeners = &scene->list, .ephemeral_first = 1, .ephemeral_last = 65535};

	for (size_t i = 0; i < SG_COUNT(rows); i++)
		add(scene, rows[i].protocol, "::", rows[i].port, "x");
	learn(scene);
	for (size_t i = 0; i < SG_COUNT(rows); i++)
		assert_int_equal(scene->learn.learned[i], rows[i].learned);
	forget(scene);
	/* a host that hands out all of them */
	add(scene, SG_PROTO_UDP, "::", 1023, "x");
	add(scene, SG_PROTO_UDP, "::", 1024, "x");
	assert_int_equal(sg_learn(&all, scene->idd, &scene->learn, NULL), 0);
	assert_int_equal(scene->learn.learned[0], SG_LEARNED_ALLOWED);
	assert_int_equal(scene->learn.learned[1], SG_LEARNED_EPHEMERAL);
	forget(scene);
	/* one that is commented out stands below the others of its protocol, each of its lines with the sign */
	add(scene, SG_PROTO_UDP, "::", 53, "zz");
	for (uint16_t i = 0; i < 60; i++)
		add(scene, SG_PROTO_UDP, "192.0.2.1", (uint16_t)(40000 + 3 * i), "aa");
	learn(scene);
	assert_non_null(strstr(body(scene), "  udp:\n    # process zz\n    - domain\n    # Ports that look"));
	assert_non_null(strstr(body(scene), "    # process aa\n    # - port: [40000, 40003"));
	assert_non_null(strstr(body(scene), "\n    #   to: 192.0.2.1\n"));
	assert_int_equal(scene->learn.lines, 1);
}

/* ---- Names of others ---- */

static void test_owners(void **state)
{
	static char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct scene *scene = *state;
	struct sg_listener *listener;

	add(scene, SG_PROTO_TCP, "::", 1000, "")->uid = 1007;
	listener = add(scene, SG_PROTO_TCP, "::", 1001, "node");
	listener->owner.container = id;
	listener->owner.unit = (char *)"docker-x.scope";
	add(scene, SG_PROTO_TCP, "::", 1002, "")->owner.container = (char *)"web";
	add(scene, SG_PROTO_TCP, "::", 1003, "")->owner.unit = (char *)"user@1000.service/app.service";
	learn(scene);
	assert_non_null(strstr(body(scene), "    # container 0123456789ab (node)\n    - 1001\n"));
	assert_non_null(strstr(body(scene), "    # container web\n    - 1002\n"));
	assert_non_null(strstr(body(scene), "    # user@1000.service/app.service\n    - 1003\n"));
	assert_non_null(strstr(body(scene), "    # process not known, user id 1007\n    - 1000\n"));
	forget(scene);
	for (int i = 0; i < 9; i++) {
		char name[4] = {'p', (char)('0' + i), '\0'};

		add(scene, SG_PROTO_TCP, "::", 22, name);
	}
	expect(scene, "\nallow:\n  tcp:\n    # process p0, process p1, process p2, process p3 and 5 more\n    - ssh\n");
}

static void test_hostile_owners(void **state)
{
	static const char *const names[] = {
		"\"'#: - {}[]",   "a\nallow: b",      "\r\n\t\v",         "\xff\xfe\x80", "\xc0\xaf\xe0\x80",
		"\xe2\x80\xae x", "\xe2\x80\xa8",     "\xc2\x85\xc2\x9b", "\xef\xbf\xbe", "\xef\xbb\xbf",
		"\xed\xa0\x80",   "\xf4\x90\x80\x80", "&a *b !c",         "\x1b[31m",     "%YAML 1.2",
		"--- ...",        "caf\xc3\xa9",      "\xf0\x9f\x90\xa7", "\x7f\\x41",    "- - -",
	};
	static char most[5000];
	struct scene *scene = *state;

	for (size_t i = 0; i < SG_COUNT(names); i++) {
		struct sg_listener *listener = add(scene, SG_PROTO_TCP, "::", (uint16_t)(1000 + 2 * i), names[i]);

		if (i % 3 == 1)
			listener->owner.unit = (char *)names[(i + 3) % SG_COUNT(names)];
		if (i % 3 == 2)
			listener->owner.container = (char *)names[(i + 5) % SG_COUNT(names)];
	}
	learn(scene);
	assert_int_equal(scene->learn.lines, SG_COUNT(names));
	assert_non_null(strstr(body(scene), "a\\x0aallow: b"));
	assert_non_null(strstr(body(scene), "\\xff\\xfe\\x80"));
	assert_non_null(strstr(body(scene), "caf\xc3\xa9"));
	forget(scene);
	/* of one that is too long, the beginning */
	memset(most, 'x', sizeof(most) - 1);
	memcpy(most, "\xc3\xa9", 2);
	add(scene, SG_PROTO_TCP, "::", 22, "sshd")->owner.unit = most;
	add(scene, SG_PROTO_TCP, "::", 23, "sshd")->owner.container = most;
	memset(most + 2, '\n', 1000);
	memset(scene->listeners[0].owner.process, '\n', sizeof(scene->listeners[0].owner.process));
	learn(scene);
	assert_non_null(strstr(body(scene), "# container \xc3\xa9\\x0a\\x0a"));
	assert_non_null(strstr(body(scene), "…"));
	assert_true(strlen(body(scene)) < 800);
}

static void test_interfaces(void **state)
{
	static const char *const good[] = {"eth0", "on",   "null", "y\"'z", "#", "\xc3\xa9",
					   "a&b=", "0x10", "--",   "@",      "eth0.5"};
	static const char *const bad[] = {"eth*", "*", "a b", "a:b", "\xff", "a\x01", "\xe2\x80\xae", ".", "..", "", "a,b", "eth+", "[a]", "any"};
	struct scene *scene = *state;

	for (size_t i = 0; i < SG_COUNT(good); i++)
		bind_to(add(scene, SG_PROTO_TCP, "::", (uint16_t)(1000 + i), "x"), (uint32_t)(10 + i), good[i]);
	for (size_t i = 0; i < SG_COUNT(bad); i++)
		bind_to(add(scene, SG_PROTO_TCP, "::", (uint16_t)(2000 + i), "x"), (uint32_t)(100 + i), bad[i]);
	memset(add(scene, SG_PROTO_TCP, "::", 2050, "x")->interface_name, 'x', SG_INTERFACE_NAME_SIZE);
	scene->listeners[scene->list.count - 1].interface = 99;
	learn(scene);
	assert_int_equal(scene->learn.counts[SG_LEARNED_ALLOWED], SG_COUNT(good));
	assert_int_equal(scene->learn.counts[SG_LEARNED_INTERFACE], SG_COUNT(bad) + 1);
	assert_non_null(strstr(body(scene), "interface: \"y\\\"'z\""));
	assert_non_null(strstr(body(scene), "interface: \"on\""));
	assert_null(strstr(body(scene), "200"));
}

/* ---- Against a second opinion ---- */

static const char *const pool_interfaces[] = {"eth0", "eth1", "wg0"};
static const char *const pool_addresses[] = {"0.0.0.0",     "::",      "192.0.2.1",        "192.0.2.2",
					     "2001:db8::1", "fe80::1", "::ffff:192.0.2.1", "127.0.0.1",
					     "0.0.0.0",     "::",      "224.0.0.251"};
static const uint8_t pool_protocols[] = {SG_PROTO_TCP, SG_PROTO_TCP, SG_PROTO_UDP, SG_PROTO_UDPLITE, 112};

static void add_random(struct scene *scene, uint64_t *seed)
{
	static const char *const owners[] = {"a", "b", "c"};
	static const uint16_t ports[] = {22, 23, 24, 25, 80, 40000, 546};
	uint8_t protocol = pool_protocols[world_random(seed, SG_COUNT(pool_protocols))];
	struct sg_listener *listener =
		add(scene, protocol, world_pick(seed, pool_addresses, SG_COUNT(pool_addresses)),
		    ports[world_random(seed, SG_COUNT(ports))], world_pick(seed, owners, SG_COUNT(owners)));
	uint32_t interface = world_random(seed, 2 + SG_COUNT(pool_interfaces));

	if (!sg_proto_has_ports(protocol)) {
		listener->raw = true;
		listener->port = 0;
	}
	listener->v6only = listener->family == SG_IPV6 && (listener->raw || world_random(seed, 2));
	if (interface >= 2)
		bind_to(listener, interface, pool_interfaces[interface - 2]);
}

/* Whether the socket gets a packet to that place, said again in other words than region.c's. */
static bool gets(const struct sg_listener *listener, uint8_t protocol, uint32_t port, const char *interface,
		 struct sg_addr to)
{
	struct sg_addr bound = {listener->family, listener->address};

	if (listener->protocol != protocol || (!listener->raw && listener->port != port))
		return false;
	if (listener->interface && strcmp(listener->interface_name, interface) != 0)
		return false;
	if (bound.family == SG_IPV6 && bound.bits >> 32 == 0xffff)
		bound = (struct sg_addr){SG_IPV4, bound.bits & UINT32_MAX};
	if (bound.bits)
		return bound.family == to.family && bound.bits == to.bits;
	return bound.family == to.family || (bound.family == SG_IPV6 && !listener->v6only);
}

static void ask_everywhere(const struct scene *scene, const struct sg_decision *decision)
{
	static const uint32_t ports[] = {21, 22, 23, 24, 25, 26, 80, 40000, 546};
	static const char *const places[] = {"192.0.2.1", "192.0.2.2", "192.0.2.9",   "2001:db8::1",
					     "fe80::1",   "fe80::9",   "224.0.0.251", "2001:db8::9"};
	static const char *const interfaces[] = {"eth0", "eth1", "wg0", "eth2"};

	for (size_t i = 0; i < SG_COUNT(ports) * SG_COUNT(places) * SG_COUNT(interfaces) * SG_COUNT(pool_protocols);
	     i++) {
		size_t left = i;
		uint32_t port = ports[left % SG_COUNT(ports)];
		const char *place = places[(left /= SG_COUNT(ports)) % SG_COUNT(places)];
		const char *interface = interfaces[(left /= SG_COUNT(places)) % SG_COUNT(interfaces)];
		uint8_t protocol = pool_protocols[(left / SG_COUNT(interfaces)) % SG_COUNT(pool_protocols)];
		sg_u128 point[SG_FIELD_COUNT] = {[SG_FIELD_DIRECTION] = SG_IN, [SG_FIELD_STATE] = SG_CT_NEW};
		/* answers to the DHCPv6 client, which the baseline accepts */
		bool waited = protocol == SG_PROTO_UDP && port == 546 && !strncmp(place, "fe80:", 5);
		struct sg_range key;
		struct sg_addr to;

		assert_true(sg_addr_parse(place, strlen(place), &to));
		assert_true(sg_interface_range(interface, strlen(interface), &key));
		point[SG_FIELD_PROTOCOL] = protocol;
		point[SG_FIELD_PORT] = sg_proto_has_ports(protocol) ? port : SG_PORT_ABSENT;
		point[SG_FIELD_INTERFACE] = key.first;
		point[SG_FIELD_FAMILY] = to.family;
		point[to.family == SG_IPV4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6] = to.bits;
		point[to.family == SG_IPV4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6] = 77;
		for (size_t k = 0; k < scene->list.count && !waited; k++)
			waited = scene->learn.learned[k] == SG_LEARNED_ALLOWED &&
				 gets(&scene->listeners[k], protocol, port, interface, to);
		if ((sg_idd_lookup(decision->idd, decision->verdict, point) == SG_VERDICT_ACCEPT) != waited)
			fail_msg("protocol %u port %u to %s on %s: waited for: %d\n%s", protocol, port, place,
				 interface, waited, scene->learn.text);
	}
}

/* The text is a policy without a warning, a host that enforces it conforms, and it lets in what it should. */
static void examine(struct scene *scene)
{
	static const struct sg_policy_options options = {.trusted_only = false};
	struct sg_files *files = sg_files_new();
	struct sg_diags diags = {0};
	struct sg_decision decision;
	struct sg_policy *policy =
		sg_policy_parse("p", ".", scene->learn.text, scene->learn.size, &options, files, &diags, NULL);
	struct sg_evaluation evaluation = {0};
	struct sg_verify_input input = {.policy = policy, .decision = &decision, .evaluation = &evaluation};
	struct sg_verify verify = {0};

	assert_non_null(policy);
	assert_int_equal(sg_policy_lines(policy), scene->learn.lines);
	assert_int_equal(sg_policy_lower(policy, scene->idd, &decision, NULL), 0);
	assert_int_equal(sg_policy_lint(policy, &decision, &diags, NULL), 0);
	/* that a port is open to everyone, or that two services could share a line, is for the reader to judge */
	for (size_t i = 0; i < diags.count; i++) {
		if (diags.items[i].severity == SG_SEVERITY_ERROR || strcmp(diags.items[i].id, "policy/no-effect") == 0)
			fail_msg("%s\n%s", diags.items[i].message, scene->learn.text);
	}
	sg_diags_clear(&diags);
	evaluation.decision = decision;
	input.listeners = &scene->list;
	assert_int_equal(sg_verify(&input, &verify, NULL), 0);
	if (!verify.conforms)
		fail_msg("%s\n%s", verify.findings[0].message, scene->learn.text);
	ask_everywhere(scene, &decision);
	sg_verify_clear(&verify);
	sg_policy_free(policy);
	sg_files_free(files);
}

static void test_random(void **state)
{
	struct scene *scene = *state;
	uint64_t seed = world_seed();

	for (int round = 0; round < 150; round++) {
		uint32_t count = 1 + world_random(&seed, 20);
		sg_autofree char *text = NULL;

		for (uint32_t i = 0; i < count; i++)
			add_random(scene, &seed);
		learn(scene);
		examine(scene);
		/* in another order */
		text = sg_steal(scene->learn.text);
		for (uint32_t i = 0; i < count; i++) {
			uint32_t other = world_random(&seed, count);
			struct sg_listener listener = scene->listeners[i];

			scene->listeners[i] = scene->listeners[other];
			scene->listeners[other] = listener;
		}
		learn(scene);
		assert_string_equal(text, scene->learn.text);
		forget(scene);
	}
}

/* A text that says more, less or nothing that can be read is not handed out. */
static void test_proof(void **state)
{
	static const struct {
		const char *text;
		int result;
	} rows[] = {
		{"default: drop\nallow: {tcp: [22, {port: 80, to: 192.0.2.1}], vrrp: }\n", 0},
		{"default: drop\nallow: {vrrp: , tcp: [{port: 80, to: 192.0.2.1}, {port: ssh}]}\n", 0},
		{"default: drop\nallow: {tcp: [22, {port: 80, to: 192.0.2.1}]}\n", -1},
		{"default: drop\nallow: {tcp: [22, 23, {port: 80, to: 192.0.2.1}], vrrp: }\n", -1},
		{"default: drop\nallow: {tcp: [{port: 22, family: ipv4}, {port: 80, to: 192.0.2.1}], vrrp: }\n", -1},
		{"default: drop\nallow: {tcp: [22, 80], vrrp: }\n", -1},
		{"default: accept\n", -1},
		{"default: drop\nallow: {tcp: [no such service]}\n", -1},
		{"allow: {tcp: [22", -1},
	};
	struct scene *scene = *state;
	const struct sg_learn_input input = {.listeners = &scene->list};
	enum sg_learned learned[8] = {SG_LEARNED_ALLOWED};
	struct sg_error err = {0};
	struct learn_work work = {.input = &input, .idd = scene->idd, .regions.idd = scene->idd};

	add(scene, SG_PROTO_TCP, "::", 22, "a");
	add(scene, SG_PROTO_TCP, "192.0.2.1", 80, "a");
	add_raw(scene, 112, "0.0.0.0");
	add_raw(scene, 112, "::");
	work.learned = learned;
	work.err = &err;
	for (size_t i = 0; i < SG_COUNT(rows); i++) {
		err = (struct sg_error){0};
		assert_int_equal(sg_learn_prove(&work, rows[i].text, strlen(rows[i].text)), rows[i].result);
		assert_int_equal(err.kind, rows[i].result ? SG_ERROR_UNPROVEN : SG_ERROR_NONE);
	}
	sg_regions_clear(&work.regions);
}

/* ---- Many, and little memory ---- */

enum { MANY = 10000 };

static void learn_many(struct scene *scene, struct sg_listener *items, const char *what)
{
	double begin = world_seconds(CLOCK_PROCESS_CPUTIME_ID), took;

	scene->list = (struct sg_listeners){.items = items, .count = MANY};
	learn(scene);
	took = world_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin;
	print_message("10,000 listeners, %s: %.1f ms, %zu lines, %zu bytes\n", what, 1e3 * took, scene->learn.lines,
		      scene->learn.size);
	assert_int_equal(scene->learn.counts[SG_LEARNED_ALLOWED], MANY);
}

static void test_speed(void **state)
{
	struct scene *scene = *state;
	struct sg_listener *items = calloc(MANY, sizeof(*items));

	for (uint32_t i = 0; i < MANY; i++)
		items[i] = (struct sg_listener){.protocol = SG_PROTO_TCP, .port = (uint16_t)(1024 + 3 * i)};
	learn_many(scene, items, "a port each");
	assert_int_equal(scene->learn.lines, 1);
	for (uint32_t i = 0; i < MANY; i++)
		snprintf(items[i].owner.process, sizeof(items[i].owner.process), "d%u", i);
	learn_many(scene, items, "a port and an owner each");
	assert_int_equal(scene->learn.lines, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		items[i].port = 443;
		items[i].address = 0x0a000000 + 2 * i + 1;
	}
	learn_many(scene, items, "an address and an owner each");
	assert_int_equal(scene->learn.lines, MANY);
	for (uint32_t i = 0; i < MANY; i++)
		items[i].owner.process[0] = '\0';
	learn_many(scene, items, "an address each");
	assert_int_equal(scene->learn.lines, 1);
	for (uint32_t i = 0; i < MANY; i++)
		items[i].port = (uint16_t)(1024 + 3 * i);
	learn_many(scene, items, "an address and a port each");
	assert_int_equal(scene->learn.lines, MANY);
	items[0].address = 0;
	for (uint32_t i = 0; i < MANY; i++) {
		items[i].port = 443;
		snprintf(items[i].owner.process, sizeof(items[i].owner.process), "d%u", i);
	}
	learn_many(scene, items, "an address and an owner each, below a wildcard");
	assert_int_equal(scene->learn.lines, 1);
	free(items);
}

static void populate(struct scene *scene)
{
	add(scene, SG_PROTO_TCP, "::", 22, "sshd")->owner.unit = (char *)"ssh.service";
	add(scene, SG_PROTO_TCP, "::", 443, "nginx");
	add(scene, SG_PROTO_UDP, "::", 443, "nginx");
	add(scene, SG_PROTO_TCP, "192.0.2.1", 443, "nginx");
	bind_to(add(scene, SG_PROTO_TCP, "fe80::1", 80, "nginx"), 2, "eth0");
	add(scene, SG_PROTO_UDP, "0.0.0.0", 40000, "dig");
	add_raw(scene, 112, "::");
}

static void test_memory(void **state)
{
	struct scene *scene = *state;
	size_t count = 0;
	int result;

	populate(scene);
	do {
		struct sg_error err = {0};

		sg_idd_free(scene->idd);
		sg_learn_clear(&scene->learn);
		scene->idd = sg_packet_context(0);
		starve_from(++count, false);
		result = try_learn(scene, &err);
		starve_end();
		if (result < 0 && err.kind != SG_ERROR_MEMORY)
			fail_msg("allocation %zu: kind %d: %s", count, (int)err.kind, err.message);
		assert_true(result == 0 || (!scene->learn.text && !scene->learn.learned));
	} while (result < 0);
	print_message("%zu allocations\n", count - 1);
	assert_true(count > 20);
	assert_int_equal(scene->learn.counts[SG_LEARNED_ALLOWED], 6);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(sg_learned_name(SG_LEARNED_ALLOWED), "allowed");
	assert_string_equal(sg_learned_name(SG_LEARNED_EPHEMERAL), "ephemeral");
	assert_string_equal(sg_learned_name(SG_LEARNED_LOOPBACK), "loopback");
	assert_string_equal(sg_learned_name(SG_LEARNED_CONNECTED), "connected");
	assert_string_equal(sg_learned_name(SG_LEARNED_BASELINE), "baseline");
	assert_string_equal(sg_learned_name(SG_LEARNED_RAW), "raw");
	assert_string_equal(sg_learned_name(SG_LEARNED_INTERFACE), "interface");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_families, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(test_protocols, setup, teardown),
		cmocka_unit_test_setup_teardown(test_raw, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ephemeral, setup, teardown),
		cmocka_unit_test_setup_teardown(test_owners, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_owners, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interfaces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_proof, setup, teardown),
		cmocka_unit_test_setup_teardown(test_speed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
