// SPDX-License-Identifier: GPL-2.0-or-later
/* test_policy_lint_ports.c - open databases, SSH, families, odd sources: words, and random policies packet by packet.
 */
#include "policy/model.h"
#include "policy_lint.h"

#define WIDE   "policy/wide-open"
#define SSH    "policy/no-ssh"
#define FAMILY "policy/one-family"
#define SOURCE "policy/odd-source"

/* ---- Wide open ---- */

#define WIDE_HINT " [policy/wide-open] say in 'from' who may use it; if all may, 'lint-ignore: policy/wide-open'\n"

static void test_wide_open(void **unused)
{
	(void)unused;
	check_words("allow:\n  tcp: [22, 3306, 80]\n", WIDE,
		    "2: 'allow.tcp[1]' opens mysql (3306/tcp) to the world" WIDE_HINT);
	check_words("allow:\n  tcp+udp: [11211]\n  tcp: [{port: 5432, family: ipv4}, {port: redis, family: ipv6}]\n",
		    WIDE,
		    "2: 'allow.tcp+udp[0]' opens memcached (11211/tcp) and memcached (11211/udp) to the world" WIDE_HINT
		    "3: 'allow.tcp[0]' opens postgresql (5432/tcp) to the world (IPv4)" WIDE_HINT
		    "3: 'allow.tcp[1]' opens redis (6379/tcp) to the world (IPv6)" WIDE_HINT);
	check_words(
		"allow:\n  tcp: [1-65535]\n", WIDE,
		"2: 'allow.tcp[0]' opens telnet (23/tcp), rdp (3389/tcp), vnc (5900/tcp), x11 (6000/tcp) and 19 more "
		"such ports to the world" WIDE_HINT);
	check_words("allow:\n  any: {}\n", WIDE,
		    "2: 'allow.any' opens telnet (23/tcp), rdp (3389/tcp), vnc (5900/tcp), x11 (6000/tcp) and 26 more "
		    "such ports to the world" WIDE_HINT);
	/* restricted in one way or another */
	check_words("allow:\n  tcp: [{port: 3306, from: 10.0.0.0/8}, {port: 5432, interface: wg0}, {port: 6379, "
		    "from: \"2001:db8::/32\"}]\nblock:\n  tcp: [23]\n",
		    WIDE, "");
	/* a local address, and sources that are missing, do not restrict enough */
	check_words("allow:\n  tcp: [{port: 3306, to: 192.0.2.1, except: 203.0.113.0/24}]\nblock:\n  any: "
		    "[{from: 198.51.100.0/24}]\n",
		    WIDE, "2: 'allow.tcp[0]' opens mysql (3306/tcp) to the world (IPv4)" WIDE_HINT);
	check_words("allow:\n  tcp: [{port: 3306, from: \"2000::/3\"}]\n", WIDE,
		    "2: 'allow.tcp[0]' opens mysql (3306/tcp) to the world (IPv6)" WIDE_HINT);
	/* what is left of a line */
	check_words("allow:\n  tcp: [3306]\nblock:\n  tcp: [{port: 3306, family: ipv6}]\n", WIDE,
		    "2: 'allow.tcp[0]' opens mysql (3306/tcp) to the world (IPv4)" WIDE_HINT);
	/* narrow lines that are wide together */
	check_words("allow:\n  tcp: [{port: 3306, from: 0.0.0.0/2}, {port: 3306, from: 128.0.0.0/2, comment: b}]\n",
		    WIDE,
		    "2: 'allow.tcp[0]' opens mysql (3306/tcp) to the world (IPv4)" WIDE_HINT
		    "2: 'allow.tcp[1]' opens mysql (3306/tcp) to the world (IPv4)" WIDE_HINT);
	check_words("allow:\n  tcp: [{port: 3306, from: 0.0.0.0/2}, {port: 3306, from: 128.0.0.0/3}]\n", WIDE, "");
	/* who is wide alone is to blame alone */
	check_words("allow:\n  tcp: [{port: 3306, from: 0.0.0.0/1}, {port: 3306, from: 192.0.2.0/24}]\n", WIDE,
		    "2: 'allow.tcp[0]' opens mysql (3306/tcp) to the world (IPv4)" WIDE_HINT);
	/* a block of most, and a default that opens everything, leave nothing to say of the line */
	check_words("allow:\n  tcp: [3306]\nblock:\n  tcp: [{port: 3306, except: [10.0.0.0/8, \"2001:db8::/32\"]}]\n",
		    WIDE, "");
	check_words("default: accept\nblock:\n  tcp: [22]\n", WIDE, "");
	check_words("outbound:\n  default: drop\n  allow:\n    tcp: [3306]\n", WIDE, "");
}

static void test_wide_ignored(void **unused)
{
	(void)unused;
	check_words("allow:\n  tcp: [{port: 3306, lint-ignore: policy/wide-open}, 6379]\n", WIDE,
		    "2: 'allow.tcp[1]' opens redis (6379/tcp) to the world" WIDE_HINT);
	check_words("lint-ignore: policy/wide-open\nallow:\n  tcp: [3306]\n", WIDE, "");
}

/* ---- SSH ---- */

#define SSH_NOTE                                                                                                       \
	"0: no one can reach SSH (port 22) under this policy [policy/no-ssh] as in 'tcp: [{port: ssh, from: "          \
	"192.0.2.0/24}]'; if it has another port, name that one ssh under 'services'\n"

/* Where nothing but blocks refuses it, an allow would be no help. */
#define SSH_BLOCKED(who)                                                                                               \
	"0: no one can reach SSH (port 22) under this policy [policy/no-ssh] it is blocked by policy.yaml:" who        \
	", and a block wins over an allow; 'except' takes sources out of a block, as in '{port: ssh, except: "         \
	"192.0.2.0/24}'\n"

static void test_ssh(void **unused)
{
	(void)unused;
	check_words("allow:\n  tcp: [80]\n", SSH, SSH_NOTE);
	check_words("allow:\n  tcp: [80, {port: 22, from: 192.0.2.1}]\n", SSH, "");
	check_words("allow:\n  tcp: [80, {port: 22, interface: lo}]\n", SSH, SSH_NOTE);
	check_words("allow:\n  tcp: [80, 22]\nblock:\n  tcp: [22]\n", SSH, SSH_BLOCKED("4 (block.tcp[0])"));
	check_words("allow:\n  tcp: [80]\n  any: [{interface: wg0}]\n", SSH, "");
	/* also where nothing is served over TCP */
	check_words("allow:\n  udp: [22, 5353]\n", SSH, SSH_NOTE);
	check_words("default: drop\n", SSH, SSH_NOTE);
	check_words("default: reject\noutbound: {block: {tcp: [25]}}\n", SSH, SSH_NOTE);
	check_words("default: accept\nblock:\n  any: {}\n", SSH, SSH_BLOCKED("3 (block.any)"));
	check_words("default: accept\n", SSH, "");
	check_words("allow:\n  any: [{from: 192.0.2.1}]\n", SSH, "");
	/* another port, by what a line says of it */
	check_words("allow:\n  tcp: [{port: 2222, unit: sshd.service}]\n", SSH, "");
	check_words("allow:\n  tcp: [{port: 2222, comment: SSH of the admins}]\n", SSH, "");
	check_words("allow:\n  tcp: [{port: 2222, comment: ssh}]\nblock:\n  tcp: [2222]\n", SSH, SSH_NOTE);
	check_words("allow:\n  udp: [{port: 2222, comment: ssh}]\n", SSH, SSH_NOTE);
	check_words("default: accept\nblock:\n  tcp: [22]\n", SSH, SSH_BLOCKED("3 (block.tcp[0])"));
	check_words("default: accept\nblock:\n  tcp: [23]\n", SSH, "");
	check_words("services:\n  ssh-admin: {tcp: 2222}\nallow:\n  tcp: [80, ssh-admin]\n", SSH, "");
	check_words("services:\n  ssh-admin: {tcp: 2222}\nallow:\n  tcp: [80]\n  udp: [2222]\n", SSH, SSH_NOTE);
	check_words("services:\n  admin: {tcp: 2222}\nallow:\n  tcp: [80, admin]\n", SSH, SSH_NOTE);
	check_words("allow:\n  tcp: [80]\noutbound:\n  default: drop\n  allow:\n    tcp: [22]\n", SSH, SSH_NOTE);
	check_words("lint-ignore: [policy/no-ssh]\nallow:\n  tcp: [80]\n", SSH, "");
}

/* An allow whose addresses no other host can have lets no one in. */
static void test_ssh_from_no_one(void **unused)
{
	static const char *const nobody[] = {
		"from: 127.0.0.0/8", "from: [0.0.0.0, \"::\"]", "from: 224.0.0.0/4", "from: 255.255.255.255",
		"from: \"::1\"",     "from: \"ff02::/16\"",     "to: 127.0.0.1",     "to: [\"::1\", 0.0.0.0]",
	};
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0};

	(void)unused;
	for (size_t i = 0; i < SG_COUNT(nobody); i++) {
		sg_buf_truncate(&text, 0);
		sg_buf_addf(&text, "allow:\n  tcp: [80, {port: 22, %s}]\n", nobody[i]);
		check_words(text.data, SSH, SSH_NOTE);
		sg_buf_addf(&text, "  any: [{from: 192.0.2.1}]\n");
		check_words(text.data, SSH, "");
	}
	check_words("allow:\n  tcp: [{port: 22, from: [127.0.0.1, 192.0.2.1]}]\n", SSH, "");
	check_words("allow:\n  tcp: [{port: 22, from: 0.0.0.0/0}]\n", SSH, "");
}

/* Some blocks do not shut it: then an allow is missing. */
static void test_ssh_blocked(void **unused)
{
	(void)unused;
	check_words("block:\n  any: [{from: 192.0.2.0/24}]\n", SSH, SSH_NOTE);
	check_words("allow:\n  tcp: [{port: 22, from: 192.0.2.1}]\nblock:\n  any: [{from: 192.0.2.0/24}]\n", SSH,
		    SSH_NOTE);
	check_words("default: accept\nblock:\n  tcp: [{port: 22, from: 0.0.0.0/0}, {port: 22, from: \"::/0\"}]\n", SSH,
		    SSH_BLOCKED("3 (block.tcp[0]) and policy.yaml:3 (block.tcp[1])"));
}

/* ---- Families ---- */

#define GROUPS "groups: {four: [198.51.100.0/24], both: [203.0.113.0/24, \"2001:db8::/32\"]}\n"
#define NO_IPV6                                                                                                        \
	" lets no one in over IPv6 [policy/one-family] name the sources' IPv6 addresses too, or say 'family: ipv4'\n"

static void test_families(void **unused)
{
	(void)unused;
	check_words(GROUPS "allow:\n  tcp: [{port: 80, from: four}, {port: 22, from: both}]\n", FAMILY,
		    "3: 'allow.tcp[0]'" NO_IPV6);
	check_words(
		"allow:\n  tcp: [{port: 80, from: \"2001:db8::/32\"}, {port: 22, from: 198.51.100.0/24}]\n", FAMILY,
		"2: 'allow.tcp[0]' lets no one in over IPv4 [policy/one-family] name the sources' IPv4 addresses too, "
		"or say 'family: ipv6'\n2: 'allow.tcp[1]'" NO_IPV6);
	check_words(GROUPS "allow:\n  tcp: [{port: 80, from: four, family: ipv4}, {port: 22, from: both}]\n", FAMILY,
		    "");
	/* another line lets the other family in, or a part of the ports */
	check_words(GROUPS
		    "allow:\n  tcp: [{port: 80, from: four}, {port: 80, family: ipv6}, {port: 22, from: both}]\n",
		    FAMILY, "");
	check_words(GROUPS "allow:\n  tcp: [{port: [80, 81], from: four}, {port: 22-80, from: both}]\n", FAMILY, "");
	check_words(GROUPS "allow:\n  udp: [{port: 80, from: both}]\n  tcp: [{port: 80, from: four}]\n", FAMILY,
		    "4: 'allow.tcp[0]'" NO_IPV6);
	/* what is let in and blocked again is not let in */
	check_words(GROUPS
		    "allow:\n  tcp: [{port: 80, from: four}, {port: 80, from: both}]\nblock:\n  tcp: [{port: 80, "
		    "family: ipv6}]\n",
		    FAMILY, "3: 'allow.tcp[0]'" NO_IPV6);
	/* a policy without the other family; private sources; an address or family that is chosen */
	check_words("allow:\n  tcp: [{port: 80, from: 198.51.100.0/24}, 22]\n", FAMILY, "");
	check_words("allow:\n  tcp: [{port: 80, from: 198.51.100.0/24}, {port: 22, except: 192.0.2.1}]\n", FAMILY, "");
	check_words(GROUPS "allow:\n  tcp: [{port: 80, from: [10.0.0.0/8, 192.168.1.0/24]}, {port: 22, from: both}]\n",
		    FAMILY, "");
	check_words(GROUPS "allow:\n  tcp: [{port: 80, from: \"fe80::/10\"}, {port: 22, from: both}]\n", FAMILY, "");
	check_words(GROUPS "allow:\n  tcp: [{port: 80, from: four, to: 192.0.2.1}, {port: 22, from: both}]\n", FAMILY,
		    "");
	check_words(GROUPS "default: accept\nallow:\n  tcp: [{port: 80, from: four}, {port: 22, from: both}]\n", FAMILY,
		    "");
	check_words(GROUPS "allow:\n  tcp: [{port: 22, from: both}]\noutbound:\n  default: drop\n  allow:\n    tcp: "
			   "[{port: 80, from: four}]\n",
		    FAMILY, "");
	check_words(GROUPS "allow:\n  tcp: [{port: 80, from: four}, {port: 80, from: four}, {port: 22, from: both}]\n",
		    FAMILY, "3: 'allow.tcp[0]'" NO_IPV6);
	/* lines with the same sources are one note */
	check_words(GROUPS "allow:\n  tcp: [{port: 80, from: four}, {port: 90, from: four}, {port: 22, from: both}]\n",
		    FAMILY,
		    "3: 'allow.tcp[0]' and 1 more with its sources let no one in over IPv6 [policy/one-family] name "
		    "the sources' IPv6 addresses too, or say 'family: ipv4'\n");
	check_words(GROUPS "allow:\n  tcp: [{port: 80, from: four, lint-ignore: policy/one-family}, {port: 90, from: "
			   "four}, {port: 22, from: both}]\n",
		    FAMILY, "3: 'allow.tcp[1]'" NO_IPV6);
}

/* ---- Sources ---- */

#define LOOPBACK                                                                                                       \
	", which no other host has [policy/odd-source] what this host sends to itself passes by baseline.loopback: "   \
	"take it away\n"
#define MULTICAST                                                                                                      \
	", which no other host has [policy/odd-source] packets are sent to such an address, and never from it: it "    \
	"belongs in 'to'\n"
#define NOWHERE ", which no other host has [policy/odd-source] where every source is meant, say nothing of it\n"

static void test_sources(void **unused)
{
	(void)unused;
	check_words("allow:\n  tcp: [{port: 22, from: [10.0.0.0/8, 127.0.0.1]}]\n", SOURCE,
		    "2: 'allow.tcp[0]' allows the source 127.0.0.1" LOOPBACK);
	check_words("allow:\n  tcp: [{port: 22, from: [\"::1\", 127.0.0.0/8]}]\n", SOURCE,
		    "2: 'allow.tcp[0]' allows the source 127.0.0.0/8" LOOPBACK);
	check_words("allow:\n  tcp: [{port: 22, from: \"::1\"}]\n", SOURCE,
		    "2: 'allow.tcp[0]' allows the source ::1" LOOPBACK);
	check_words("allow:\n  tcp: [{port: 22, from: 0.0.0.0}]\n", SOURCE,
		    "2: 'allow.tcp[0]' allows the source 0.0.0.0" NOWHERE);
	check_words("allow:\n  tcp: [{port: 22, from: \"::\"}]\n", SOURCE,
		    "2: 'allow.tcp[0]' allows the source ::" NOWHERE);
	check_words("allow:\n  tcp: [{port: 22, from: [\"::\", \"::1\"]}]\n", SOURCE,
		    "2: 'allow.tcp[0]' allows the source ::/127" LOOPBACK);
	/* all addresses, or a range that goes over it */
	check_words("allow:\n  tcp: [{port: 22, from: 0.0.0.0/0}, {port: 23, from: 126.0.0.0-128.0.0.0}]\n", SOURCE,
		    "");
	check_words("allow:\n  tcp: [{port: 22, except: 192.0.2.1}]\n", SOURCE, "");
	check_words("allow:\n  tcp: [{port: 22, from: 0.0.0.0/7, except: 0.0.0.0/8}]\n", SOURCE, "");
	/* of a line without effect there is enough to say */
	check_words("allow:\n  tcp: [22, {port: 22, from: 127.0.0.1}]\n", SOURCE, "");
	/* where it may be meant */
	check_words("baseline: {loopback: false}\nallow:\n  tcp: [{port: 22, from: 127.0.0.1}]\n", SOURCE, "");
	check_words("allow:\n  udp: [{port: 67, from: 0.0.0.0}]\n  \"2\": [{from: 0.0.0.0}]\n", SOURCE, "");
	check_words("allow:\n  tcp+udp: [{port: 67, from: 0.0.0.0}]\n", SOURCE, "");
	check_words("allow:\n  tcp: [{port: 67, from: 0.0.0.0}]\n", SOURCE,
		    "2: 'allow.tcp[0]' allows the source 0.0.0.0" NOWHERE);
	check_words("block:\n  any: [{from: [127.0.0.0/8, 0.0.0.0, \"::1\"]}]\n", SOURCE, "");
	check_words("allow:\n  tcp: [{port: 22, from: [127.0.0.1, \"2001:db8::/32\"], family: ipv6}]\n", SOURCE, "");
	check_words("outbound:\n  default: drop\n  allow:\n    tcp: [{port: 22, from: 127.0.0.1}]\n", SOURCE, "");
	/* lists of forged sources are blocked, and a set may go on beyond */
	check_words("allow:\n  tcp: [{port: 26, from: [224.0.0.0/3, \"f000::/4\"]}]\n"
		    "block:\n  any: [{from: [224.0.0.0/4, \"ff00::/8\"]}]\n",
		    SOURCE, "");
	check_words("allow:\n  udp:\n    - {port: 22, from: 224.0.0.0/4}\n    - {port: 23, from: 255.255.255.255}\n"
		    "    - {port: 24, from: \"ff02::1\"}\n    - {port: 25, from: [240.0.0.1, 0.1.2.3]}\n",
		    SOURCE,
		    "3: 'allow.udp[0]' allows the source 224.0.0.0/4" MULTICAST
		    "4: 'allow.udp[1]' allows the source 255.255.255.255" MULTICAST
		    "5: 'allow.udp[2]' allows the source ff02::1" MULTICAST);
	check_words("allow:\n  tcp: [{port: 22, from: 127.0.0.1, lint-ignore: policy/odd-source}]\n", SOURCE, "");
}

/* ---- Blocks of one family ---- */

#define SHUT "policy/one-family-block"

static void test_shut(void **unused)
{
	static const char left[] = " blocks IPv4, and the default lets IPv6 in [policy/one-family-block] ";
	static const struct {
		const char *line, *hint; /* NULL: nothing is said */
	} cases[] = {
		{"{port: 5432, from: 0.0.0.0/0}", "leave 'from' out to block everyone, or name IPv6 addresses as well"},
		{"{port: 5432, from: 0.0.0.0/0, except: 192.0.2.0/24}",
		 "leave 'from' out to block everyone, or name IPv6 addresses as well"},
		{"{port: 5432, to: 198.51.100.20}", "name this host's IPv6 addresses in 'to' as well, or leave it out"},
		{"{port: [5000-6000], family: ipv4}",
		 "leave 'family' out to block both; if one is meant, 'lint-ignore: policy/one-family-block'"},
		{"{port: 5432, from: 0.0.0.0/0, interface: eth0}",
		 "leave 'from' out to block everyone, or name IPv6 addresses as well"},
		{"5432", NULL},
		{"{port: 5432, from: [0.0.0.0/0, \"::/0\"]}", NULL},
		{"{port: 5432, except: 192.0.2.0/24}", NULL},
		{"{port: 5432, to: [198.51.100.20, \"2001:db8::20\"]}", NULL},
		{"{port: 5432, interface: eth0}", NULL},
		/* some addresses that are blocked have no counterpart */
		{"{port: 5432, from: 203.0.113.0/24}", NULL},
		{"{port: 5432, family: ipv4, lint-ignore: policy/one-family-block}", NULL},
	};
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0}, expected = {0};

	(void)unused;
	for (size_t i = 0; i < SG_COUNT(cases); i++) {
		sg_buf_truncate(&text, 0);
		sg_buf_truncate(&expected, 0);
		sg_buf_addf(&text, "default: accept\nblock:\n  tcp:\n    - %s\n", cases[i].line);
		if (cases[i].hint)
			sg_buf_addf(&expected, "4: 'block.tcp[0]'%s%s\n", left, cases[i].hint);
		check_words(text.data, SHUT, cases[i].hint ? expected.data : "");
		/* where the default refuses nothing is left open */
		sg_buf_truncate(&text, 0);
		sg_buf_addf(&text, "allow: {tcp: 22}\nblock:\n  tcp:\n    - %s\n", cases[i].line);
		check_words(text.data, SHUT, "");
	}
	/* the other way round; another line; all protocols */
	check_words(
		"default: accept\nblock:\n  udp: [{port: 53, from: \"::/0\"}]\n", SHUT,
		"3: 'block.udp[0]' blocks IPv6, and the default lets IPv4 in [policy/one-family-block] leave 'from' "
		"out to block everyone, or name IPv4 addresses as well\n");
	check_words("default: accept\nblock:\n  tcp: [{port: 22, from: 0.0.0.0/0}, {port: 22, from: \"::/0\"}]\n", SHUT,
		    "");
	check_words("default: accept\nblock:\n  tcp: [{port: 22, from: 0.0.0.0/0}, {port: 22, from: \"2000::/3\"}]\n",
		    SHUT, "");
	check_words(
		"default: accept\nblock:\n  any: [{from: 0.0.0.0/0}]\n", SHUT,
		"3: 'block.any[0]' blocks IPv4, and the default lets IPv6 in [policy/one-family-block] leave 'from' "
		"out to block everyone, or name IPv6 addresses as well\n");
	check_words(
		"default: accept\nlint-ignore: policy/one-family-block\nblock:\n  tcp: [{port: 22, family: ipv4}]\n",
		SHUT, "");
}

/* What leaves, by its other hosts: the default of 'outbound' accepts when it is unset. */
static void test_shut_outbound(void **unused)
{
	static const char left[] = " blocks IPv4, and the default lets IPv6 out [policy/one-family-block] ";
	static const struct {
		const char *line, *hint; /* NULL: nothing is said */
	} cases[] = {
		{"{port: 25, to: 0.0.0.0/0}", "leave 'to' out to block everyone, or name IPv6 addresses as well"},
		{"{port: 25, to: 0.0.0.0/0, except: 192.0.2.25}",
		 "leave 'to' out to block everyone, or name IPv6 addresses as well"},
		{"{port: 25, from: 198.51.100.20}",
		 "name this host's IPv6 addresses in 'from' as well, or leave it out"},
		{"{port: 25, family: ipv4}",
		 "leave 'family' out to block both; if one is meant, 'lint-ignore: policy/one-family-block'"},
		{"25", NULL},
		{"{port: 25, except: 192.0.2.25}", NULL},
		{"{port: 80, to: 169.254.169.254}", NULL},
		{"{port: 25, to: [0.0.0.0/0, \"::/0\"]}", NULL},
	};
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0}, expected = {0};

	(void)unused;
	for (size_t i = 0; i < SG_COUNT(cases); i++) {
		sg_buf_truncate(&text, 0);
		sg_buf_truncate(&expected, 0);
		sg_buf_addf(&text, "allow: {tcp: 22}\noutbound:\n  block:\n    tcp:\n      - %s\n", cases[i].line);
		if (cases[i].hint)
			sg_buf_addf(&expected, "5: 'outbound.block.tcp[0]'%s%s\n", left, cases[i].hint);
		check_words(text.data, SHUT, cases[i].hint ? expected.data : "");
		sg_buf_truncate(&text, 0);
		sg_buf_addf(&text, "outbound:\n  default: drop\n  allow: {tcp: 443}\n  block:\n    tcp:\n      - %s\n",
			    cases[i].line);
		check_words(text.data, SHUT, "");
	}
}

/* Of what leaves everyone of one family counts, and no list does: a server may have addresses of one family alone. */
static void test_family_outbound(void **unused)
{
	static const char drop[] = "outbound:\n  default: drop\n  allow:\n    tcp:\n";
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0};

	(void)unused;
	sg_buf_addf(&text, "%s      - {port: 443, to: 0.0.0.0/0}\n", drop);
	check_words(text.data, FAMILY,
		    "5: 'outbound.allow.tcp[0]' lets nothing out over IPv6 [policy/one-family] leave 'to' out for "
		    "everyone, or "
		    "say 'family: ipv4'\n");
	sg_buf_truncate(&text, 0);
	sg_buf_addf(&text, "%s      - {port: 443, to: 0.0.0.0/0}\n      - {port: 443, to: \"2001:db8::/32\"}\n", drop);
	check_words(text.data, FAMILY, "");
	sg_buf_truncate(&text, 0);
	sg_buf_addf(&text, "%s      - {port: 53, to: 198.51.100.53}\n      - {port: 443, to: \"2001:db8::/32\"}\n",
		    drop);
	check_words(text.data, FAMILY, "");
}

/* Everyone of one family is no list that may lack the other. */
static void test_whole_family(void **unused)
{
	(void)unused;
	check_words(
		"allow:\n  tcp: [{port: 443, from: 0.0.0.0/0}]\n", FAMILY,
		"2: 'allow.tcp[0]' lets no one in over IPv6 [policy/one-family] leave 'from' out for everyone, or say "
		"'family: ipv4'\n");
	check_words("allow:\n  tcp: [{port: 443, from: 0.0.0.0/0}, {port: 443, from: \"2001:db8::/32\"}]\n", FAMILY,
		    "");
	check_words("allow:\n  tcp: [{port: 443, from: 0.0.0.0/0, family: ipv4}]\n", FAMILY, "");
	check_words("allow:\n  tcp: [{port: 443, from: 192.0.2.0/24}]\n", FAMILY, "");
}

/* ---- Destinations ---- */

#define DESTINATION "policy/odd-destination"
#define NO_PACKETS(what)                                                                                               \
	", and there are none [policy/odd-destination] where every " what " is meant, say nothing of it\n"
#define ONLY_HERE                                                                                                      \
	", which this host alone sends [policy/odd-destination] they pass by baseline.loopback: take the address "     \
	"away\n"

static void test_destinations(void **unused)
{
	(void)unused;
	check_words(
		"allow:\n  tcp:\n    - {port: 22, to: 0.0.0.0}\n    - {port: 23, to: [\"::\", 192.0.2.1]}\n"
		"    - {port: 24, to: 127.0.0.1}\n    - {port: 25, to: [\"::1\"]}\n    - {port: 26, to: 0.0.0.0/0}\n",
		DESTINATION,
		"3: 'allow.tcp[0]' allows packets to 0.0.0.0" NO_PACKETS(
			"address of this host") "4: 'allow.tcp[1]' allows packets to ::" NO_PACKETS("address of this "
												    "host") "5: "
													    "'allow."
													    "tcp[2]' "
													    "allows "
													    "packets "
													    "to "
													    "127.0.0."
													    "1" ONLY_HERE
													    "6: "
													    "'allow."
													    "tcp[3]' "
													    "allows "
													    "packets "
													    "to "
													    "::"
													    "1" ONLY_HERE);
	/* what blocks nothing is worse; loopback may be reached with route_localnet */
	check_words("default: accept\nblock:\n  tcp: [{port: 22, to: 0.0.0.0}, {port: 23, to: 127.0.0.1}]\n",
		    DESTINATION, "3: 'block.tcp[0]' blocks packets to 0.0.0.0" NO_PACKETS("address of this host"));
	check_words(
		"outbound:\n  default: drop\n  allow:\n    tcp: [{port: 22, to: 0.0.0.0}, {port: 23, to: 192.0.2.1}]\n",
		DESTINATION, "4: 'outbound.allow.tcp[0]' allows packets to 0.0.0.0" NO_PACKETS("destination"));
	/* multicast and broadcast are what packets are sent to */
	check_words("allow:\n  udp: [{port: 5353, to: [224.0.0.251, \"ff02::fb\", 255.255.255.255]}]\n", DESTINATION,
		    "");
	check_words("allow:\n  tcp: [{port: 22, to: 0.0.0.0, lint-ignore: policy/odd-destination}]\n", DESTINATION, "");
	check_words("baseline: {loopback: false}\nallow:\n  tcp: [{port: 22, to: 127.0.0.1}]\n", DESTINATION, "");
}

/* ---- Random policies ---- */

static sg_u128 number_of(const char *name)
{
	struct sg_range range;

	assert_true(sg_interface_range(name, strlen(name), &range));
	return range.first;
}

static bool accepts(const struct meaning *meaning, const sg_u128 *packet)
{
	return sg_idd_lookup(meaning->idd, meaning->decision.verdict, packet) == SG_VERDICT_ACCEPT;
}

/* Whether a new packet is accepted by each of some interfaces, at some local address. */
static bool accepts_everywhere(const struct meaning *meaning, sg_u128 *packet, sg_u128 *local)
{
	static const char *const interfaces[] = {"eth0", "eth1", "br0", "wlan7", "l", "lox"};
	const sg_u128 locals[] = {0xc6336414, ((sg_u128)0x20010db8 << 96) + 0x20, 0x01010101, (sg_u128)1 << 100};

	for (size_t i = 0; i < SG_COUNT(locals); i++) {
		bool all = true;

		*local = locals[i];
		for (size_t k = 0; k < SG_COUNT(interfaces) && all; k++) {
			packet[SG_FIELD_INTERFACE] = number_of(interfaces[k]);
			all = accepts(meaning, packet);
		}
		if (all)
			return true;
	}
	return false;
}

/* The sources of the random policies are a few small prefixes, or all but those: a sample tells which. */
static bool sampled_wide(const struct meaning *meaning, uint8_t protocol, uint16_t port, enum sg_family family)
{
	sg_u128 packet[SG_FIELD_COUNT] = {
		[SG_FIELD_PROTOCOL] = protocol, [SG_FIELD_PORT] = port, [SG_FIELD_FAMILY] = family};
	size_t local = family == SG_IPV4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6;
	size_t remote = family == SG_IPV4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6;
	size_t accepted = 0;

	for (size_t i = 0; i < 64; i++) {
		packet[remote] = family == SG_IPV4 ? (sg_u128)i << 26 | 0x1234567
						   : ((sg_u128)1 << 125) + ((sg_u128)i << 119) + 12345;
		accepted += accepts_everywhere(meaning, packet, &packet[local]);
	}
	return accepted >= 32;
}

static const struct {
	uint8_t protocol;
	uint16_t port;
} sampled[] = {{SG_PROTO_TCP, 23},   {SG_PROTO_UDP, 69},   {SG_PROTO_TCP, 111},  {SG_PROTO_UDP, 161},
	       {SG_PROTO_TCP, 3306}, {SG_PROTO_UDP, 1900}, {SG_PROTO_TCP, 27017}};

static bool any_sampled_wide(const struct meaning *meaning)
{
	for (size_t i = 0; i < SG_COUNT(sampled); i++) {
		if (sampled_wide(meaning, sampled[i].protocol, sampled[i].port, SG_IPV4) ||
		    sampled_wide(meaning, sampled[i].protocol, sampled[i].port, SG_IPV6))
			return true;
	}
	return false;
}

/* The ports of the random policies that are watched are those that are sampled, or stand and fall with them. */
static void test_random_wide(void **unused)
{
	uint64_t state = 5;
	size_t valid = 0, wide = 0;

	(void)unused;
	for (size_t i = 0; i < 250; i++) {
		sg_autofree char *text = random_policy(&state);
		autotext first = read_text(text);
		bool expected;

		if (!first.policy)
			continue;
		{
			automeaning meaning = lint_text(text);

			expected = sg_policy_default(meaning.read.policy) != SG_VERDICT_ACCEPT &&
				   any_sampled_wide(&meaning);
			if (said(&meaning.read, WIDE) != expected)
				print_error("%s\n", text);
			assert_int_equal(said(&meaning.read, WIDE), expected);
			wide += expected;
		}
		valid++;
	}
	print_message("%zu policies, %zu wide open\n", valid, wide);
	assert_true(valid > 80 && wide > 10 && valid - wide > 10);
}

static bool sampled_ssh(const struct meaning *meaning, uint64_t *state)
{
	bool found = false;

	for (size_t i = 0; i < 20000; i++) {
		sg_u128 packet[SG_FIELD_COUNT];

		random_packet(packet, state);
		packet[SG_FIELD_DIRECTION] = SG_IN;
		packet[SG_FIELD_STATE] = SG_CT_NEW;
		packet[SG_FIELD_PROTOCOL] = SG_PROTO_TCP;
		packet[SG_FIELD_PORT] = 22;
		if (packet[SG_FIELD_INTERFACE] == number_of("lo") || !accepts(meaning, packet))
			continue;
		found = true;
	}
	return found;
}

static void test_random_ssh(void **unused)
{
	uint64_t state = 6;
	size_t valid = 0, noted = 0;

	(void)unused;
	for (size_t i = 0; i < 200; i++) {
		sg_autofree char *text = random_policy(&state);
		autotext first = read_text(text);
		bool found;

		if (!first.policy)
			continue;
		{
			automeaning meaning = lint_text(text);

			found = sampled_ssh(&meaning, &state);
			if (said(&meaning.read, SSH) != !found)
				print_error("%s\n", text);
			assert_int_equal(said(&meaning.read, SSH), !found);
			noted += !found;
		}
		valid++;
	}
	print_message("%zu policies, %zu without SSH\n", valid, noted);
	assert_true(valid > 60 && noted > 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wide_open),
		cmocka_unit_test(test_wide_ignored),
		cmocka_unit_test(test_ssh),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_random_wide),
		cmocka_unit_test(test_shut),
		cmocka_unit_test(test_shut_outbound),
		cmocka_unit_test(test_family_outbound),
		cmocka_unit_test(test_ssh_from_no_one),
		cmocka_unit_test(test_ssh_blocked),
		cmocka_unit_test(test_whole_family),
		cmocka_unit_test(test_destinations),
		cmocka_unit_test(test_random_ssh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
