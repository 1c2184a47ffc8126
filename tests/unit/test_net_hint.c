/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hints for words that are no built-in service name: a hint never leads to the port of another service.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "sockgate/buf.h"
#include "sockgate/proto.h"

/* Registered names, with the port that is theirs. */
static const struct {
	const char *name;
	uint16_t port;
} registered[] = {
#define ROW(name, port, protocols) {name, port},
#include "net/registered.def"
#undef ROW
};

static char *hint_of(const char *word)
{
	struct sg_buf buf = {0};

	if (!sg_service_hint(word, &buf)) {
		assert_int_equal(buf.size, 0);
		sg_buf_clear(&buf);
		return NULL;
	}
	assert_true(buf.size > 0);
	return sg_buf_steal(&buf, NULL, NULL);
}

static bool has_port(const char *name, uint16_t port)
{
	static const uint8_t protocols[] = {6, 17, 132, 33};
	uint16_t ports[64];

	for (size_t i = 0; i < SG_COUNT(protocols); i++) {
		for (size_t n = sg_service_ports(name, strlen(name), protocols[i], ports, 64); n--;) {
			if (ports[n] == port)
				return true;
		}
	}
	return false;
}

/* No hint for a registered name sends anyone to a port that is not registered for it. */
static void registered_names_get_their_own_port(void **state)
{
	size_t own = 0;

	(void)state;
	for (size_t i = 0; i < SG_COUNT(registered); i++) {
		const char *name = registered[i].name;
		sg_autofree char *hint = NULL;
		char port[16];

		if (i)
			assert_true(strcmp(registered[i - 1].name, name) <= 0);
		if (sg_service_known(name, strlen(name)))
			continue;
		hint = hint_of(name);
		if (hint && strstr(hint, "did you mean"))
			fail_msg("%s: %s", name, hint);
		snprintf(port, sizeof(port), " %u/", registered[i].port);
		own += registered[i].port && hint && strstr(hint, port);
	}
	assert_true(own > 6000);
}

/* What a name that is both built in and registered stands for is its registered port, or it is known why not. */
static void built_in_names_are_as_registered(void **state)
{
	/* registered as 3020 and 2005, and used as 445 and 1521 by everyone */
	static const char *const others[] = {"cifs", "oracle"};
	size_t both = 0;

	(void)state;
	for (size_t i = 0; i < SG_COUNT(registered); i++) {
		const char *name = registered[i].name;
		bool other = false, found = false;

		if (!registered[i].port || !sg_service_known(name, strlen(name)))
			continue;
		for (size_t k = 0; k < SG_COUNT(others); k++)
			other |= !strcmp(others[k], name);
		for (size_t k = 0; k < SG_COUNT(registered); k++)
			found |= !strcmp(registered[k].name, name) && has_port(name, registered[k].port);
		if (!found && !other)
			fail_msg("%s is registered as %u", name, registered[i].port);
		both++;
	}
	assert_true(both > 250);
}

static void words_that_people_type(void **state)
{
	static const struct {
		const char *word, *hint; /* NULL: none; else what it holds */
	} cases[] = {
		{"htpps", "did you mean 'https'?"},
		{"htps", "did you mean 'https'?"},
		{"HTTPS", "did you mean 'https'?"},
		{"SSH", "did you mean 'ssh'?"},
		{"shs", "did you mean 'ssh'?"},
		{"sshd", "did you mean 'ssh'?"},
		{"mysqld", "did you mean 'mysql'?"},
		{"postgress", "did you mean 'postgres'?"},
		{"elasticsaerch", "did you mean 'elasticsearch'?"},
		{"prometeus", "did you mean 'prometheus'?"},
		/* of three letters a wrong one counts where only one name can be meant */
		{"shh", "did you mean 'ssh'?"},
		{"ssj", "did you mean 'ssh'?"},
		{"xsh", NULL},
		{"nts", NULL},
		{"ndp", NULL},
		{"nf", NULL},
		{"ssl", "'https'"},
		{"nat", "translated"},
		{"web", "'http' and 'https'"},
		/* other services, near in spelling */
		{"sftp", "write 'ssh'"},
		{"rtelnet", "107/tcp"},
		{"nmap", "689/tcp"},
		{"icap", "1344/tcp"},
		{"afs3-kaserver", "7004/"},
		{"soap", "without a port"},
		{"rtcp", NULL},
		{"srtp", NULL},
		{"lmtp", NULL},
		{"rspamd", NULL},
		{"quake3", NULL},
		{"sntp", "'ntp'"},
		{"nmbd", "'netbios-ns'"},
		{"zebra", "2601/tcp"},
		/* protocols without ports */
		{"gre", "write 'gre:'"},
		{"ospf", "write 'ospf:'"},
		{"icmp", "write 'icmp:'"},
		{"ipv6-icmp", "write 'icmp:'"},
		{"ping", "echo-request"},
		/* the first part of several names */
		{"xmpp", "'xmpp-client', 'xmpp-server' or 'xmpp-bosh'"},
		{"netbios", "'netbios-ns', 'netbios-dgm' or 'netbios-ssn'"},
		{"zabbix", "'zabbix-agent' or 'zabbix-trapper'"},
		{"", NULL},
		{"nothinglikethis", NULL},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(cases); i++) {
		sg_autofree char *hint = hint_of(cases[i].word);

		if (!hint != !cases[i].hint || (hint && !strstr(hint, cases[i].hint)))
			fail_msg("%s: %s", cases[i].word, hint ? hint : "(none)");
		if (cases[i].hint && strstr(cases[i].hint, "registered"))
			assert_true(sg_service_is_other(cases[i].word));
	}
	assert_true(sg_service_is_other("sftp") && sg_service_is_other("nmap") && sg_service_is_other("gre"));
	assert_false(sg_service_is_other("htpps") || sg_service_is_other("frontend"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registered_names_get_their_own_port),
		cmocka_unit_test(built_in_names_are_as_registered),
		cmocka_unit_test(words_that_people_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
