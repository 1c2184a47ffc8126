/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "sockgate/proto.h"

/* Calls with a name that has no NUL behind it. */
static bool parse_protocol(const char *name, uint8_t *ret)
{
	sg_autofree char *exact = malloc(strlen(name) + !*name);

	memcpy(exact, name, strlen(name));
	return sg_proto_parse(exact, strlen(name), ret);
}

static void protocols_by_name_and_number(void **state)
{
	static const char *const bad[] = {"", "TCP", "tc", "tcpx", "tcp ", "256", "-1", "06", "0x6", "6.0", "any"};
	uint8_t protocol = 99;

	(void)state;
	for (size_t i = 0; i < SG_COUNT(bad); i++)
		assert_false(parse_protocol(bad[i], &protocol));
	assert_int_equal(protocol, 99);
	assert_true(parse_protocol("tcp", &protocol) && protocol == 6);
	assert_true(parse_protocol("icmpv6", &protocol) && protocol == 58);
	assert_true(parse_protocol("ipv6-icmp", &protocol) && protocol == 58);
	assert_true(parse_protocol("255", &protocol) && protocol == 255);
	assert_true(parse_protocol("0", &protocol) && protocol == 0);
	assert_string_equal(sg_proto_name(58), "icmpv6");
	assert_string_equal(sg_proto_name(50), "esp");
	assert_null(sg_proto_name(255));
	/* as ip-tunnel(8) calls the modes of tunnels */
	assert_true(parse_protocol("ipip", &protocol) && protocol == 4);
	assert_true(parse_protocol("sit", &protocol) && protocol == 41);
	assert_true(parse_protocol("94", &protocol) && protocol == 94);
	assert_string_equal(sg_proto_name(4), "ipencap");
	assert_null(sg_proto_name(94));
	/* what is printed can be read again */
	for (unsigned int number = 0; number < 256; number++) {
		const char *name = sg_proto_name((uint8_t)number);

		if (name)
			assert_true(parse_protocol(name, &protocol) && protocol == number);
	}
	/* known, and without a name here */
	assert_true(sg_proto_other("ddp", &protocol) && protocol == 37);
	assert_true(sg_proto_other("RSPF", &protocol) && protocol == 73);
	assert_false(sg_proto_other("udp", &protocol) || sg_proto_other("", &protocol) ||
		     sg_proto_other("gree", &protocol));
	for (size_t i = 0; sg_proto_next_name(i, NULL); i++)
		assert_false(sg_proto_other(sg_proto_next_name(i, NULL), &protocol));
	for (size_t i = 0; sg_proto_next_name(i, NULL); i++)
		assert_true(parse_protocol(sg_proto_next_name(i, NULL), &protocol));
}

static void protocols_with_ports(void **state)
{
	(void)state;
	for (unsigned int number = 0; number < 256; number++)
		assert_int_equal(sg_proto_has_ports((uint8_t)number),
				 number == 6 || number == 17 || number == 33 || number == 132 || number == 136);
}

static void expect_port(const char *name, uint8_t protocol, uint16_t port)
{
	uint16_t ports[8];

	assert_int_equal(sg_service_ports(name, strlen(name), protocol, ports, 8), 1);
	assert_int_equal(ports[0], port);
	assert_true(sg_service_known(name, strlen(name)));
}

static void services_that_everybody_knows(void **state)
{
	static const struct {
		const char *name;
		uint8_t protocol;
		uint16_t port;
	} rows[] = {
		{"ssh", 6, 22},
		{"smtp", 6, 25},
		{"domain", 6, 53},
		{"domain", 17, 53},
		{"http", 6, 80},
		{"https", 6, 443},
		{"https", 17, 443},
		{"ntp", 17, 123},
		{"imap", 6, 143},
		{"imaps", 6, 993},
		{"pop3", 6, 110},
		{"pop3s", 6, 995},
		{"submission", 6, 587},
		{"submissions", 6, 465},
		{"ldap", 6, 389},
		{"ldaps", 6, 636},
		{"mysql", 6, 3306},
		{"postgresql", 6, 5432},
		{"redis", 6, 6379},
		{"rdp", 6, 3389},
		{"ms-wbt-server", 6, 3389},
		{"mdns", 17, 5353},
		{"dhcpv6-client", 17, 546},
		{"ipp", 6, 631},
		{"nfs", 6, 2049},
		{"sip", 17, 5060},
		{"stun", 17, 3478},
		{"turn", 17, 3478},
		{"wireguard", 17, 51820},
		{"openvpn", 17, 1194},
		{"mqtt", 6, 1883},
		{"xmpp-client", 6, 5222},
		{"xmpp-server", 6, 5269},
		{"git", 6, 9418},
		{"rsync", 6, 873},
		{"kerberos", 6, 88},
		{"snmp", 17, 161},
		{"diameter", 132, 3868},
		{"syslog", 17, 514},
		/* as people call them */
		{"dns", 6, 53},
		{"dns", 17, 53},
		{"mssql", 6, 1433},
		{"postgres", 6, 5432},
		{"mongo", 6, 27017},
		{"mongodb", 6, 27017},
		{"rsh", 6, 514},
		{"ssmtp", 6, 465},
		{"smb", 6, 445},
		{"cifs", 6, 445},
		{"samba", 6, 445},
		{"dhcp", 17, 67},
		{"elasticsearch", 6, 9200},
		{"memcached", 6, 11211},
		{"memcached", 17, 11211},
		{"prometheus", 6, 9090},
		{"grafana", 6, 3000},
		{"vnc", 6, 5900},
		{"etcd", 6, 2379},
		{"kube-apiserver", 6, 6443},
		{"quic", 17, 443},
		{"snmp-trap", 17, 162},
		{"rpcbind", 17, 111},
		{"mountd", 6, 20048},
	};
	uint16_t ports[8] = {0};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(rows); i++)
		expect_port(rows[i].name, rows[i].protocol, rows[i].port);
	/* a name of several ports, and less room than it has */
	assert_int_equal(sg_service_ports("ircu", 4, 6, ports, 8), 5);
	assert_int_equal(ports[4], 6669);
	assert_int_equal(sg_service_ports("ircu", 4, 6, ports, 2), 2);
	/* known, but not for that protocol */
	assert_int_equal(sg_service_ports("ssh", 3, 17, ports, 8), 0);
	assert_int_equal(sg_service_ports("ntp", 3, 6, ports, 8), 0);
	assert_false(sg_service_known("SSH", 3));
	assert_false(sg_service_known("ss", 2));
	assert_false(sg_service_known("ssh ", 4));
	assert_false(sg_service_known("", 0));
	assert_int_equal(sg_service_ports("", 0, 6, ports, 8), 0);
	assert_int_equal(sg_service_ports("sshd", 3, 6, ports, 8), 1); /* only three letters count */
}

static void names_of_ports(void **state)
{
	(void)state;
	assert_string_equal(sg_service_name(6, 22), "ssh");
	assert_string_equal(sg_service_name(6, 80), "http");
	assert_string_equal(sg_service_name(6, 3389), "ms-wbt-server");
	assert_string_equal(sg_service_name(6, 465), "submissions");
	/* names that people use are not printed: port 3000 may be anyone's */
	assert_string_equal(sg_service_name(6, 514), "shell");
	assert_string_equal(sg_service_name(6, 1433), "ms-sql-s");
	assert_string_equal(sg_service_name(6, 9100), "pdl-datastream");
	assert_null(sg_service_name(6, 3000));
	assert_null(sg_service_name(6, 9090));
	assert_string_equal(sg_service_name(17, 443), "https");
	assert_null(sg_service_name(17, 22));
	assert_null(sg_service_name(6, 0));
	assert_null(sg_service_name(6, 65535));
	assert_null(sg_service_name(1, 22));
	/* the name that is printed for a port stands for it; all rows are found */
	size_t named = 0;

	for (unsigned int port = 0; port < 65536; port++) {
		static const uint8_t protocols[] = {6, 17, 132};

		for (size_t i = 0; i < 3; i++) {
			const char *name = sg_service_name(protocols[i], (uint16_t)port);
			uint16_t ports[8];
			bool among = false;

			if (!name)
				continue;
			named++;
			for (size_t n = sg_service_ports(name, strlen(name), protocols[i], ports, 8); n--;)
				among |= ports[n] == port;
			assert_true(among);
		}
	}
	assert_true(named > 300);
	for (size_t i = 0; sg_service_next_name(i, NULL); i++)
		assert_true(sg_service_known(sg_service_next_name(i, NULL), strlen(sg_service_next_name(i, NULL))));
}

static void icmp_types(void **state)
{
	uint8_t type = 99;

	(void)state;
	assert_false(sg_icmp_type_parse(1, "packet-too-big", 14, &type));
	assert_false(sg_icmp_type_parse(1, "echo", 4, &type));
	assert_false(sg_icmp_type_parse(6, "echo-request", 12, &type));
	assert_false(sg_icmp_type_parse(1, "", 0, &type));
	assert_false(sg_icmp_type_parse(1, "8", 1, &type));
	assert_int_equal(type, 99);
	assert_true(sg_icmp_type_parse(1, "echo-request", 12, &type) && type == 8);
	assert_true(sg_icmp_type_parse(58, "echo-request", 12, &type) && type == 128);
	assert_true(sg_icmp_type_parse(58, "packet-too-big", 14, &type) && type == 2);
	assert_true(sg_icmp_type_parse(58, "nd-router-advert", 16, &type) && type == 134);
	assert_true(sg_icmp_type_parse(58, "mld-listener-reduction", 22, &type) && type == 132);
	assert_string_equal(sg_icmp_type_name(58, 132), "mld-listener-done");
	assert_string_equal(sg_icmp_type_name(1, 3), "destination-unreachable");
	assert_null(sg_icmp_type_name(1, 1));
	assert_null(sg_icmp_type_name(6, 8));
	for (unsigned int number = 0; number < 256; number++) {
		for (uint8_t protocol = 1; protocol <= 58; protocol += 57) {
			const char *name = sg_icmp_type_name(protocol, (uint8_t)number);

			if (name)
				assert_true(sg_icmp_type_parse(protocol, name, strlen(name), &type) && type == number);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protocols_by_name_and_number),
		cmocka_unit_test(protocols_with_ports),
		cmocka_unit_test(services_that_everybody_knows),
		cmocka_unit_test(names_of_ports),
		cmocka_unit_test(icmp_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
