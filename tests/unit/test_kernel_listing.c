/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listed tables through nft and the kernel: what is loaded from the text is the table that was listed. In a network
 * namespace that the test makes for itself; without root or nft it is skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "built_rules.h"
#include "random_table.h"
#include "sockgate/buf.h"
#include "sockgate/kernel_rules.h"
#include "sockgate/listing.h"

static struct sg_kernel *kernel;
static const char *skipped;

#define NEEDS_KERNEL()                                                                                                 \
	do {                                                                                                           \
		if (skipped) {                                                                                         \
			print_message("skipped: %s\n", skipped);                                                       \
			skip();                                                                                        \
		}                                                                                                      \
	} while (0)

/* Runs nft with the text as its input; its exit code. */
static int run_nft(const char *text, bool check)
{
	posix_spawn_file_actions_t actions;
	int fd = memfd_create("rules", 0), status;
	/* a time zone, so that a date that hangs on it is noticed */
	char *environment[] = {(char[]){"PATH=/usr/sbin:/sbin:/usr/bin:/bin"}, (char[]){"TZ=XYZ-9"}, NULL};
	char *with_check[] = {(char[]){"nft"}, (char[]){"-c"}, (char[]){"-f"}, (char[]){"-"}, NULL};
	char *plain[] = {(char[]){"nft"}, (char[]){"-f"}, (char[]){"-"}, NULL};
	pid_t child;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, 0);
	if (posix_spawnp(&child, "nft", &actions, NULL, check ? with_check : plain, environment) != 0)
		return 127;
	posix_spawn_file_actions_destroy(&actions);
	close(fd);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int set_up(void **state)
{
	struct sg_error err = {0};

	(void)state;
	if (unshare(CLONE_NEWNET) < 0) {
		skipped = "making a network namespace needs root";
		return 0;
	}
	if (run_nft("", false) != 0) {
		skipped = "nft is not installed";
		return 0;
	}
	if (sg_kernel_open(&kernel, &err) < 0) {
		print_error("%s\n", err.message);
		return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	sg_kernel_close(kernel);
	return 0;
}

static void dump(const char *name, struct sg_ruleset *ret)
{
	const struct sg_dump what = {.scope = SG_DUMP_TABLE, .family = NFPROTO_INET, .name = name};
	struct sg_error err = {0};

	if (sg_kernel_dump(kernel, &what, ret, &err) < 0)
		fail_msg("%s", err.message);
}

/* Lists the table that the kernel has, loads the text in its place: the kernel has the same table again. */
static void list_and_load(const char *name)
{
	struct sg_ruleset before = {0}, after = {0};
	struct sg_buf text = {0};
	struct sg_error err = {0};

	dump(name, &before);
	const struct sg_table *table = sg_ruleset_table(&before, NFPROTO_INET, name), *again;

	assert_non_null(table);
	sg_buf_addf(&text, "delete table inet %s\n", name);
	if (sg_listing_table(table, &text, &err) < 0)
		fail_msg("%s", err.message);
	if (run_nft(text.data, true) != 0 || run_nft(text.data, false) != 0)
		fail_msg("nft does not take it:\n%.3000s", text.data);
	dump(name, &after);
	again = sg_ruleset_table(&after, NFPROTO_INET, name);
	assert_non_null(again);
	if (!sg_table_equal(table, again))
		fail_msg("another table came of it:\n%.3000s", text.data);
	for (size_t i = 0; i < table->set_count; i++)
		assert_int_equal(table->sets[i].size, sg_table_set(again, table->sets[i].name)->size);
	sg_buf_clear(&text);
	sg_ruleset_clear(&before);
	sg_ruleset_clear(&after);
}

/* Rules as a person writes them for nft; each comes back as it was loaded. */
static void what_nft_makes(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	list_and_load("t");
}

static int load_what_nft_makes(void **state)
{
	static const char text[] =
		"table inet t {\n"
		" comment \"the table\"\n"
		" set g_a4 { type ipv4_addr\n flags interval\n comment \"some\"\n"
		"  elements = { 10.0.0.0/8, 192.168.0.0-192.168.0.6, 203.0.113.7 comment \"one\", 224.0.0.0/3 } }\n"
		" set g_all4 { type ipv4_addr\n flags interval\n elements = { 0.0.0.0/0 } }\n"
		" set g_b6 { type ipv6_addr\n flags interval\n elements = { fe80::/10, 2001:db8::1-2001:db8::9, ::1 } "
		"}\n"
		" set g_c4 { type ipv4_addr\n size 1024\n elements = { 192.0.2.1, 192.0.2.2 } }\n"
		" set g_box { type ipv4_addr . inet_service\n flags interval\n"
		"  elements = { 10.0.0.0/8 . 80-90, 11.0.0.1 . 0-65535, 0.0.0.0/0 . 22 } }\n"
		" set g_if { type ifname\n flags interval\n elements = { \"eth*\", \"lo\" } }\n"
		" set g_if2 { type ifname . inet_proto\n elements = { \"eth0\" . tcp, \"wg0\" . 253 } }\n"
		" map in_ports { type inet_proto . inet_service : verdict\n size 1024\n"
		"  elements = { tcp . 22 comment \"ssh\" : goto tcp_22, udp . 53 : accept, sctp . 3868 : drop } }\n"
		" map in_ranges { type inet_service . inet_proto : verdict\n flags interval\n"
		"  elements = { 6000-6100 . tcp : accept, 0-65535 . dccp : jump tcp_22 } }\n"
		" map in_icmp { type icmp_type : verdict\n elements = { 0-255 : accept } }\n"
		" map in_icmp6 { type icmpv6_type : verdict\n size 300\n elements = { ELEMENTS } }\n"
		" map in_protos { type inet_proto : verdict\n size 300\n elements = { PROTOCOLS } }\n"
		" map nets { type ipv4_addr : verdict\n flags interval\n"
		"  elements = { 10.0.0.0/8 : drop, 11.0.0.0/8 : accept, 12.0.0.0-12.0.0.2 : goto tcp_22, * : accept } "
		"}\n"
		" set m_4 { type ipv4_addr\n size 1000\n flags dynamic,timeout\n timeout 1d2h3m4s5ms\n }\n"
		" set m_6 { type ipv6_addr\n size 65535\n flags dynamic\n comment \"peers\"\n }\n"
		" set m_p { type inet_service\n size 65535\n flags dynamic,timeout\n }\n"
		" set g_t { type ipv4_addr\n flags timeout\n timeout 30s\n }\n"
		" map published { type inet_service : verdict\n elements = { 22 : accept } }\n"
		" chain asks {\n"
		"  limit rate 3/second burst 7 packets accept\n"
		"  limit rate over 1/week burst 1 packets drop\n"
		"  limit rate 100/hour accept\n"
		"  ct count over 5 drop\n"
		"  update @m_4 { ip saddr limit rate 3/minute burst 9 packets } accept\n"
		"  update @m_4 { ip daddr & 255.255.255.0 timeout 90s limit rate over 3/minute } drop\n"
		"  add @m_4 { ip saddr } accept\n"
		"  add @m_6 { ip6 saddr ct count 3 } accept\n"
		"  add @m_6 { ip6 daddr & ffff:ffff:ffff:: ct count over 3 } drop\n"
		"  tcp dport 22 add @m_6 { ip6 saddr ct count 3 } accept\n"
		"  ip6 saddr ::1 add @m_6 { ip6 saddr ct count 3 } accept\n"
		"  update @m_p { tcp dport limit rate 3/minute } accept\n"
		"  update @m_p { th dport limit rate 3/minute } accept\n"
		"  log\n"
		"  log prefix \"a b: \" level debug\n"
		"  log level emerg counter packets 0 bytes 0\n"
		"  log prefix \"x\" group 0 drop\n"
		"  log group 7 accept\n"
		"  meta time < \"2026-12-31 18:00:00\" accept\n"
		"  meta time >= 1700000000 accept\n"
		"  meta time <= 1700000000 accept\n"
		"  meta time > 4000000000 accept\n"
		"  ct status dnat accept\n"
		"  ct status snat,dnat,assured accept\n"
		"  ct status ! dnat accept\n"
		"  ct direction reply accept\n"
		"  ct direction != original accept\n"
		"  ct original ip daddr 10.0.0.1 accept\n"
		"  meta nfproto ipv4 ct original ip daddr 10.0.0.0/16 accept\n"
		"  ct original ip daddr != 10.0.0.0/13 accept\n"
		"  ct original ip6 daddr 2001:db8::/48 accept\n"
		"  ct original ip6 daddr != fe80::/10 accept\n"
		"  ct original ip daddr @g_a4 accept\n"
		"  ct original ip6 daddr != @g_b6 accept\n"
		"  meta l4proto tcp ct original proto-dst 22 accept\n"
		"  meta l4proto udp ct original proto-dst vmap @published\n"
		"  meta nfproto ipv6 meta l4proto udp ct original proto-dst vmap @published\n"
		" }\n"
		" chain tcp_22 { comment \"for ssh\"\n ip saddr @g_a4 accept\n ip6 saddr @g_b6 accept\n }\n"
		" chain answer { meta l4proto tcp reject with tcp reset\n reject with icmpx port-unreachable\n }\n"
		" chain early { type filter hook prerouting priority raw; policy accept; }\n"
		" chain input { type filter hook input priority filter; policy drop;\n"
		"  ct state established,related accept comment \"what is known\"\n"
		"  ct state invalid drop\n"
		"  ct state & (established | related) == 0 counter packets 7 bytes 700 continue\n"
		"  ct state != new accept\n"
		"  iifname \"lo\" accept\n"
		"  iifname \"eth*\" accept\n"
		"  iifname != \"br*\" iifname != \"eth0\" return\n"
		"  oifname \"wg0\" accept\n"
		"  iifname @g_if accept\n"
		"  iifname . meta l4proto @g_if2 accept\n"
		"  meta l4proto . th dport vmap @in_ports\n"
		"  th dport . meta l4proto vmap @in_ranges\n"
		"  icmp type vmap @in_icmp\n"
		"  meta l4proto icmp icmp type vmap @in_icmp\n"
		"  icmpv6 type vmap @in_icmp6\n"
		"  meta l4proto ipv6-icmp icmpv6 type vmap @in_icmp6\n"
		"  meta nfproto ipv4 icmp type echo-request accept\n"
		"  meta l4proto vmap @in_protos\n"
		"  ip saddr vmap @nets\n"
		"  ip saddr 10.0.0.0/9 ip daddr 10.0.0.0/31 accept\n"
		"  ip saddr 10.0.0.0/8 ip daddr != 192.168.0.0/16 accept\n"
		"  ip saddr 10.0.0.3-10.0.0.8 accept\n"
		"  ip saddr != 10.0.0.3-10.0.0.8 accept\n"
		"  ip6 saddr fe80::/10 ip6 daddr != fe80::/16 accept\n"
		"  ip6 saddr 2001:db8::5 udp dport 546 accept\n"
		"  meta nfproto ipv4 iifname \"eth1\" ip saddr 10.1.1.1 drop\n"
		"  iifname \"eth0\" tcp dport 22 ip saddr 1.2.3.4 accept\n"
		"  ip saddr 1.2.3.4 tcp dport 22 accept\n"
		"  meta nfproto ipv6 tcp dport 22 accept\n"
		"  tcp dport 22 meta nfproto ipv6 accept\n"
		"  meta nfproto ipv6 accept\n"
		"  meta nfproto != ipv6 accept\n"
		"  ip saddr . tcp dport @g_box accept\n"
		"  ip saddr . th dport @g_box accept\n"
		"  tcp dport 80-90 tcp sport != 1024-65535 accept\n"
		"  meta l4proto tcp th dport 33 accept\n"
		"  meta l4proto 253 th dport 33 accept\n"
		"  meta l4proto != udp accept\n"
		"  th dport 33 accept\n"
		"  sctp dport 3868 accept\n"
		"  ip saddr != @g_c4 goto answer\n"
		"  reject with icmpx admin-prohibited\n"
		"  meta nfproto ipv4 reject with icmpx port-unreachable\n"
		"  tcp dport 113 reject with tcp reset\n"
		"  tcp dport 113 reject with icmpx port-unreachable\n"
		"  ip saddr 10.9.9.9 reject with icmpx host-unreachable\n"
		"  counter packets 0 bytes 0 goto answer\n"
		" }\n"
		"}\n";
	struct sg_buf all = {0};

	(void)state;
	if (skipped)
		return 0;
	/* every ICMPv6 type and every protocol once, by number */
	for (const char *p = text; *p; p++) {
		bool protocols = !strncmp(p, "PROTOCOLS", 9);

		if (!protocols && strncmp(p, "ELEMENTS", 8) != 0) {
			sg_buf_addc(&all, *p);
			continue;
		}
		for (int i = 0; i < 256; i++)
			sg_buf_addf(&all, "%s%d : %s", i ? ", " : "", i, i % 2 ? "accept" : "drop");
		p += protocols ? 8 : 7;
	}
	/* intervals of ICMP types would need a flag: single ones here */
	char *from = strstr(all.data, "{ 0-255 : accept }");

	memcpy(from, "{ 8 : accept }    ", strlen("{ 8 : accept }    "));
	int result = run_nft(all.data, false);

	sg_buf_clear(&all);
	return result;
}

/* nft makes of its words for what we build what we build. */
static void what_we_build(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	struct sg_ruleset ruleset = {0}, loaded = {0};
	struct sg_table *table = built_table(&ruleset, "b");
	const struct sg_table *again;
	struct sg_buf text = {0};
	struct sg_error err = {0};

	if (sg_listing_table(table, &text, &err) < 0)
		fail_msg("%s", err.message);
	if (run_nft(text.data, false) != 0)
		fail_msg("nft does not take it:\n%.3000s", text.data);
	dump("b", &loaded);
	again = sg_ruleset_table(&loaded, NFPROTO_INET, "b");
	assert_non_null(again);
	const struct sg_chain *built = sg_table_chain(table, "built"), *chain = sg_table_chain(again, "built");

	for (size_t i = 0; i < BUILT_COUNT; i++)
		if (!sg_rule_equal(&built->rules[i], &chain->rules[i]))
			fail_msg("nft makes something else of '%s'", built_rules[i].text);
	assert_true(sg_table_equal(table, again));
	sg_buf_clear(&text);
	sg_ruleset_clear(&ruleset);
	sg_ruleset_clear(&loaded);
}

/* A folder of cgroup2 where nft looks for them, made for the test. False: there is none. */
static bool make_cgroup(char *path, size_t size)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char place[256], type[32];
	bool found = false;

	while (mounts && !found && fscanf(mounts, "%*s %255s %31s %*[^\n]", place, type) == 2)
		found = !strcmp(type, "cgroup2") && !strncmp(place, "/sys/fs/cgroup", strlen("/sys/fs/cgroup"));
	if (mounts)
		fclose(mounts);
	snprintf(path, size, "%s/sockgate-test-%d", place, (int)getpid());
	return found && mkdir(path, 0755) == 0;
}

/* A cgroup by its path, as a person writes it, and by its number, as it is built. The text is nft's for one that it
 * does not find, and nft refuses it. */
static void cgroups(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	struct sg_ruleset ruleset = {0};
	const struct sg_table *table;
	struct sg_rule built = {0};
	struct sg_buf text = {0};
	struct sg_error err = {0};
	char path[320], number[64];
	struct stat status;

	if (!make_cgroup(path, sizeof(path))) {
		print_message("skipped: no cgroup2 below /sys/fs/cgroup that a folder could be made in\n");
		skip();
	}
	assert_int_equal(stat(path, &status), 0);
	sg_buf_addf(&text,
		    "table inet c { chain input { type filter hook input priority 0; policy accept;\n"
		    "socket cgroupv2 level 2 \"%s\" accept\n}\n}\n",
		    path + strlen("/sys/fs/cgroup/"));
	int result = run_nft(text.data, false);

	rmdir(path);
	assert_int_equal(result, 0);
	dump("c", &ruleset);
	table = sg_ruleset_table(&ruleset, NFPROTO_INET, "c");
	assert_non_null(table);
	assert_int_equal(sg_build_socket_cgroup(&built, 2, status.st_ino, &err), 0);
	assert_int_equal(sg_build_verdict(&built, SG_CODE_ACCEPT, NULL, &err), 0);
	assert_true(sg_rule_equal(&built, &table->chains[0].rules[0]));
	sg_buf_truncate(&text, 0);
	if (sg_listing_table(table, &text, &err) < 0)
		fail_msg("%s", err.message);
	snprintf(number, sizeof(number), "\tsocket cgroupv2 level 2 %llu accept\n", (unsigned long long)status.st_ino);
	assert_non_null(strstr(text.data, number));
	assert_int_not_equal(run_nft(text.data, true), 0);
	sg_rule_clear(&built);
	sg_buf_clear(&text);
	sg_ruleset_clear(&ruleset);
}

/* Tables of our own making that can be listed at all: names with a cause to be quoted, every type of set. */
static void random_sets(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	size_t listed = 0;

	for (uint64_t seed = 1; seed <= 150; seed++) {
		struct sg_ruleset ruleset = {0}, after = {0};
		struct sg_table *table = random_table(&(struct random_state){seed}, &ruleset, "r");
		struct sg_buf text = {0};
		struct sg_error err = {0};

		for (size_t i = 0; i < table->chain_count; i++) {
			for (size_t j = 0; j < table->chains[i].rule_count; j++)
				sg_rule_clear(&table->chains[i].rules[j]);
			table->chains[i].rule_count = 0;
		}
		if (sg_listing_table(table, &text, &err) == 0) {
			listed++;
			if (run_nft(text.data, false) != 0)
				fail_msg("seed %llu: nft does not take it:\n%.3000s", (unsigned long long)seed,
					 text.data);
			dump("r", &after);
			const struct sg_table *again = sg_ruleset_table(&after, NFPROTO_INET, "r");

			if (!again || !sg_table_equal(table, again))
				fail_msg("seed %llu: another table came of it:\n%.3000s", (unsigned long long)seed,
					 text.data);
			assert_int_equal(run_nft("delete table inet r", false), 0);
		}
		sg_buf_clear(&text);
		sg_ruleset_clear(&ruleset);
		sg_ruleset_clear(&after);
	}
	print_message("%zu of 150 tables could be listed\n", listed);
	assert_true(listed > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_nft_makes, load_what_nft_makes),
		cmocka_unit_test(what_we_build),
		cmocka_unit_test(cgroups),
		cmocka_unit_test(random_sets),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
