// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets of packets and packets, as text and as JSON: JSON says exactly the set, whatever its form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "render/fields.h"
#include "sockgate/proto.h"

static const struct sg_style plain = {.width = 80};
static const struct sg_address_set anywhere = {.any = true};

static struct sg_ranges *range(struct sg_ranges *set, sg_u128 first, sg_u128 last)
{
	struct sg_range item = {first, last};

	assert_int_equal(sg_ranges_add(set, &item, NULL), 0);
	return set;
}

static struct sg_ranges *prefixes(struct sg_ranges *set, const char *const *texts)
{
	for (; *texts; texts++) {
		enum sg_family family;
		struct sg_range item;

		assert_int_equal(sg_range_parse(*texts, strlen(*texts), &family, &item), SG_ADDR_OK);
		assert_int_equal(sg_ranges_add(set, &item, NULL), 0);
	}
	sg_ranges_normalise(set);
	return set;
}
#define PREFIXES(set, ...) prefixes(set, (const char *const[]){__VA_ARGS__, NULL})

/* A set of TCP packets on the ports, from anywhere. */
static struct sg_where tcp(struct sg_ranges *ports)
{
	struct sg_where where = {
		.direction = SG_IN,
		.states = 1U << SG_CT_NEW,
		.families = 1U << SG_IPV4 | 1U << SG_IPV6,
		.interfaces = {.any = true, .loopback_aside = true},
		.local = &anywhere,
		.remote = &anywhere,
	};

	range(&where.protocols, SG_PROTO_TCP, SG_PROTO_TCP);
	if (ports)
		where.ports = *ports;
	else
		where.any_port = true;
	return where;
}

static void expect_text(const struct sg_where *where, const struct sg_style *style, const char *expected)
{
	struct sg_buf buf = {0};

	sg_fields_where(&buf, style, where);
	assert_string_equal(buf.data, expected);
	sg_buf_clear(&buf);
}

static void expect_json(const struct sg_where *where, const char *expected)
{
	struct sg_json json = {false};
	struct sg_buf buf = {0};

	sg_json_write_line(&json, &buf, sg_fields_where_json(&json, where));
	assert_false(buf.failed);
	buf.data[strcspn(buf.data, "\n")] = '\0';
	assert_string_equal(buf.data, expected);
	sg_buf_clear(&buf);
}

static void clear(struct sg_where *where)
{
	sg_ranges_clear(&where->protocols);
	sg_ranges_clear(&where->ports);
	sg_ranges_clear(&where->interfaces.names);
	sg_ranges_clear(&where->interfaces.except);
}

static void test_ports(void **state)
{
	struct sg_ranges ports = {0};
	struct sg_where where;

	(void)state;
	range(range(&ports, 22, 22), 8000, 8099);
	where = tcp(&ports);
	expect_text(&where, &plain, "tcp 22, 8000-8099 from anywhere");
	expect_json(&where, "{\"protocol\": \"tcp\", \"ports\": [{\"first\": 22, \"last\": 22}, {\"first\": 8000, "
			    "\"last\": 8099}], \"sources\": [\"0.0.0.0/0\", \"::/0\"], \"destinations\": null, "
			    "\"interfaces\": null}");
	range(&where.protocols, SG_PROTO_UDP, SG_PROTO_UDP);
	where.without_port = true;
	expect_text(&where, &plain, "tcp+udp 22, 8000-8099, or without a port from anywhere");
	expect_json(&where, "{\"protocol\": \"tcp+udp\", \"ports\": [{\"first\": 22, \"last\": 22}, {\"first\": 8000, "
			    "\"last\": 8099}], \"without_port\": true, \"sources\": [\"0.0.0.0/0\", \"::/0\"], "
			    "\"destinations\": null, \"interfaces\": null}");
	clear(&where);
	where = tcp(NULL);
	expect_text(&where, &plain, "tcp from anywhere");
	where.any_protocol = true;
	expect_text(&where, &plain, "any protocol from anywhere");
	expect_json(&where, "{\"protocol\": \"any\", \"ports\": null, \"sources\": [\"0.0.0.0/0\", \"::/0\"], "
			    "\"destinations\": null, \"interfaces\": null}");
	clear(&where);
}

static void test_icmp(void **state)
{
	struct sg_ranges types = {0};
	struct sg_where where;

	(void)state;
	range(range(&types, 8, 8), 200, 201);
	where = tcp(&types);
	sg_ranges_clear(&where.protocols);
	range(&where.protocols, SG_PROTO_ICMP, SG_PROTO_ICMP);
	where.families = 1U << SG_IPV4;
	expect_text(&where, &plain, "icmp echo-request, 200-201 from any IPv4 address");
	expect_json(&where, "{\"protocol\": \"icmp\", \"ports\": null, \"types\": [{\"first\": 8, \"last\": 8}, "
			    "{\"first\": 200, \"last\": 201}], \"sources\": [\"0.0.0.0/0\"], \"destinations\": null, "
			    "\"interfaces\": null}");
	clear(&where);
}

static void test_protocols(void **state)
{
	struct sg_where where = tcp(NULL);

	(void)state;
	sg_ranges_clear(&where.protocols);
	range(range(&where.protocols, 0, 5), 50, 50);
	expect_text(&where, &plain, "protocol 0-5, 50 from anywhere");
	expect_json(&where, "{\"protocol\": \"0-5+esp\", \"ports\": null, \"sources\": [\"0.0.0.0/0\", \"::/0\"], "
			    "\"destinations\": null, \"interfaces\": null}");
	clear(&where);
}

static void test_addresses(void **state)
{
	struct sg_address_set from = {0}, to = {0}, except = {.except = true};
	struct sg_where where = tcp(NULL);

	(void)state;
	PREFIXES(&from.v4, "192.0.2.0/24", "198.51.100.1-198.51.100.6");
	PREFIXES(&from.v6, "2001:db8::/32");
	PREFIXES(&to.v4, "203.0.113.20");
	where.remote = &from;
	expect_text(&where, &plain, "tcp from 192.0.2.0/24, 198.51.100.1-198.51.100.6, 2001:db8::/32");
	where.families = 1U << SG_IPV4;
	where.local = &to;
	expect_json(&where, "{\"protocol\": \"tcp\", \"ports\": null, \"sources\": [\"192.0.2.0/24\", "
			    "\"198.51.100.1\", \"198.51.100.2/31\", \"198.51.100.4/31\", \"198.51.100.6\"], "
			    "\"destinations\": [\"203.0.113.20\"], \"interfaces\": null}");
	/* the complement is written out: 0.0.0.0-127.255.255.255 is left */
	PREFIXES(&except.v4, "128.0.0.0/1");
	where.remote = &except;
	expect_text(&where, &plain, "tcp from any IPv4 address except 128.0.0.0/1 to 203.0.113.20");
	expect_json(&where, "{\"protocol\": \"tcp\", \"ports\": null, \"sources\": [\"0.0.0.0/1\"], "
			    "\"destinations\": [\"203.0.113.20\"], \"interfaces\": null}");
	where.families = 1U << SG_IPV4 | 1U << SG_IPV6;
	where.local = &anywhere;
	expect_text(&where, &plain, "tcp from anywhere except 128.0.0.0/1");
	expect_json(&where, "{\"protocol\": \"tcp\", \"ports\": null, \"sources\": [\"0.0.0.0/1\", \"::/0\"], "
			    "\"destinations\": null, \"interfaces\": null}");
	sg_ranges_clear(&from.v4);
	sg_ranges_clear(&from.v6);
	sg_ranges_clear(&to.v4);
	sg_ranges_clear(&except.v4);
	clear(&where);
}

/* Adds up what the prefixes of a complement cover. */
static void test_complement_is_whole(void **state)
{
	struct sg_address_set except = {.except = true};
	struct sg_json json = {false};
	sg_u128 sum = 0;
	json_t *list;

	(void)state;
	PREFIXES(&except.v4, "0.0.0.0", "10.1.2.3", "192.0.2.0/24", "255.255.255.255");
	list = sg_fields_prefixes_json(&json, &except, 1U << SG_IPV4);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		enum sg_family family;
		struct sg_range item;

		assert_int_equal(sg_range_parse(text, strlen(text), &family, &item), SG_ADDR_OK);
		assert_false(sg_ranges_contain(&except.v4, item.first) || sg_ranges_contain(&except.v4, item.last));
		sum += item.last - item.first + 1;
	}
	assert_true(sum == ((sg_u128)1 << 32) - 256 - 3);
	json_decref(list);
	sg_ranges_clear(&except.v4);
}

static void test_folding(void **state)
{
	struct sg_style all = {.width = 80, .all = true};
	struct sg_address_set from = {0};
	struct sg_where where = tcp(NULL);

	(void)state;
	for (sg_u128 i = 0; i < 1500; i++)
		range(&from.v4, 2 * i, 2 * i);
	where.remote = &from;
	where.families = 1U << SG_IPV4;
	expect_text(&where, &plain,
		    "tcp from 0.0.0.0, 0.0.0.2, 0.0.0.4, 0.0.0.6, 0.0.0.8, 0.0.0.10, 0.0.0.12, 0.0.0.14, … and 1,492 "
		    "more");
	from.v4.count = 9;
	expect_text(&where, &all,
		    "tcp from 0.0.0.0, 0.0.0.2, 0.0.0.4, 0.0.0.6, 0.0.0.8, 0.0.0.10, 0.0.0.12, 0.0.0.14, 0.0.0.16");
	sg_ranges_clear(&from.v4);
	clear(&where);
}

static void test_interfaces_and_states(void **state)
{
	struct sg_where where = tcp(NULL);
	struct sg_range name;

	(void)state;
	where.interfaces.any = false;
	assert_true(sg_interface_range("br*", 3, &name));
	range(&where.interfaces.names, name.first, name.last);
	assert_true(sg_interface_range("eth1", 4, &name));
	range(&where.interfaces.names, name.first, name.last);
	where.states = 1U << SG_CT_ESTABLISHED | 1U << SG_CT_INVALID;
	expect_text(&where, &plain, "tcp from anywhere on br*, eth1 (established, invalid)");
	expect_json(&where, "{\"protocol\": \"tcp\", \"ports\": null, \"sources\": [\"0.0.0.0/0\", \"::/0\"], "
			    "\"destinations\": null, \"interfaces\": [\"br*\", \"eth1\"], \"states\": "
			    "[\"established\", \"invalid\"]}");
	sg_ranges_clear(&where.interfaces.names);
	where.interfaces.any = true;
	range(&where.interfaces.except, name.first, name.last);
	where.states = 1U << SG_CT_NEW;
	expect_text(&where, &plain, "tcp from anywhere on any interface but eth1");
	expect_json(&where, "{\"protocol\": \"tcp\", \"ports\": null, \"sources\": [\"0.0.0.0/0\", \"::/0\"], "
			    "\"destinations\": null, \"interfaces\": null, \"interfaces_except\": [\"eth1\"]}");
	where.direction = SG_OUT;
	sg_ranges_clear(&where.interfaces.except);
	expect_text(&where, &plain, "outbound tcp to anywhere");
	where.direction = SG_PUBLISHED;
	expect_text(&where, &plain, "published tcp from anywhere");
	where.direction = SG_FORWARD;
	expect_text(&where, &plain, "forwarded tcp from anywhere");
	clear(&where);
}

static void expect_packet(const struct sg_packet *packet, const char *text, const char *json_text)
{
	struct sg_json json = {false};
	struct sg_buf buf = {0};

	sg_fields_packet(&buf, packet);
	assert_string_equal(buf.data, text);
	sg_buf_truncate(&buf, 0);
	sg_json_write_line(&json, &buf, sg_fields_question_json(&json, packet));
	buf.data[strcspn(buf.data, "\n")] = '\0';
	assert_string_equal(buf.data, json_text);
	sg_buf_clear(&buf);
}

static void fix(struct sg_packet *packet, enum sg_field field, sg_u128 value)
{
	packet->field[field] = value;
	packet->fixed[field] = true;
}

static void test_packets(void **state)
{
	struct sg_packet packet = {0};
	struct sg_range name;

	(void)state;
	expect_packet(&packet, "any",
		      "{\"direction\": \"in\", \"protocol\": null, \"port\": null, \"from\": null, \"to\": null, "
		      "\"interface\": null}");
	fix(&packet, SG_FIELD_PROTOCOL, SG_PROTO_TCP);
	fix(&packet, SG_FIELD_PORT, 9100);
	fix(&packet, SG_FIELD_REMOTE4, 0xc0000209);
	assert_true(sg_interface_range("eth1", 4, &name));
	fix(&packet, SG_FIELD_INTERFACE, name.first);
	expect_packet(&packet, "tcp 9100 from 192.0.2.9 interface eth1",
		      "{\"direction\": \"in\", \"protocol\": \"tcp\", \"port\": 9100, \"from\": \"192.0.2.9\", "
		      "\"to\": null, \"interface\": \"eth1\"}");
	packet = (struct sg_packet){0};
	fix(&packet, SG_FIELD_PROTOCOL, SG_PROTO_ICMPV6);
	fix(&packet, SG_FIELD_PORT, 128);
	fix(&packet, SG_FIELD_FAMILY, SG_IPV6);
	fix(&packet, SG_FIELD_LOCAL6, 1);
	expect_packet(&packet, "icmpv6 echo-request to ::1",
		      "{\"direction\": \"in\", \"protocol\": \"icmpv6\", \"port\": null, \"type\": 128, "
		      "\"from\": null, \"to\": \"::1\", \"interface\": null}");
	packet = (struct sg_packet){0};
	fix(&packet, SG_FIELD_PROTOCOL, SG_PROTO_TCP);
	fix(&packet, SG_FIELD_DIRECTION, SG_OUT);
	fix(&packet, SG_FIELD_LOCAL4, 0xc0000209);
	expect_packet(&packet, "outbound tcp from 192.0.2.9",
		      "{\"direction\": \"out\", \"protocol\": \"tcp\", \"port\": null, \"from\": \"192.0.2.9\", "
		      "\"to\": null, \"interface\": null}");
	fix(&packet, SG_FIELD_REMOTE4, 0xc0000201);
	expect_packet(&packet, "outbound tcp from 192.0.2.9 to 192.0.2.1",
		      "{\"direction\": \"out\", \"protocol\": \"tcp\", \"port\": null, \"from\": \"192.0.2.9\", "
		      "\"to\": \"192.0.2.1\", \"interface\": null}");
	fix(&packet, SG_FIELD_DIRECTION, SG_PUBLISHED);
	expect_packet(&packet, "published tcp from 192.0.2.1 to 192.0.2.9",
		      "{\"direction\": \"published\", \"protocol\": \"tcp\", \"port\": null, \"from\": \"192.0.2.1\", "
		      "\"to\": \"192.0.2.9\", \"interface\": null}");
	fix(&packet, SG_FIELD_DIRECTION, SG_FORWARD);
	expect_packet(&packet, "forwarded tcp from 192.0.2.1 to 192.0.2.9",
		      "{\"direction\": \"forward\", \"protocol\": \"tcp\", \"port\": null, \"from\": \"192.0.2.1\", "
		      "\"to\": \"192.0.2.9\", \"interface\": null}");
	packet = (struct sg_packet){0};
	fix(&packet, SG_FIELD_PROTOCOL, 99);
	fix(&packet, SG_FIELD_PORT, SG_PORT_ABSENT);
	expect_packet(&packet, "99",
		      "{\"direction\": \"in\", \"protocol\": \"99\", \"port\": null, \"from\": null, \"to\": null, "
		      "\"interface\": null}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_protocols),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_complement_is_whole),
		cmocka_unit_test(test_folding),
		cmocka_unit_test(test_interfaces_and_states),
		cmocka_unit_test(test_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
