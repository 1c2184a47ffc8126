/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers of what decides packets beside nf_tables: what they make of messages, whole and torn at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_hook.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <libmnl/libmnl.h>
#include <cmocka.h>
#include "base/mem.h"
#include "kernel/outside.h"

static _Alignas(struct nlmsghdr) uint8_t room[4096];

static struct nlmsghdr *message(uint16_t type, const void *head, size_t size)
{
	struct nlmsghdr *header;

	memset(room, 0, sizeof(room));
	header = mnl_nlmsg_put_header(room);
	header->nlmsg_type = type;
	memcpy(mnl_nlmsg_put_extra_header(header, size), head, size);
	return header;
}

/*
 * Reads every beginning of the message from memory of just that size (a sanitizer sees a byte too far): whatever is not
 * whole is refused and adds nothing. Where an attribute ends, a beginning is a whole message, too.
 */
typedef int read_message(const struct nlmsghdr *header, const uint8_t *bytes, void *into);
static void tear(const struct nlmsghdr *whole, read_message *read, void *into, const size_t *count)
{
	for (uint32_t size = sizeof(*whole); size < whole->nlmsg_len; size++) {
		uint8_t *bytes = malloc(size);
		struct nlmsghdr header = *whole;
		size_t before = *count;

		assert_non_null(bytes);
		memcpy(bytes, whole, size);
		header.nlmsg_len = size;
		if (read(&header, bytes, into) < 0)
			assert_int_equal(*count, before);
		free(bytes);
	}
}

/* ---- Interfaces ---- */

static int read_link(const struct nlmsghdr *header, const uint8_t *bytes, void *into)
{
	return sg_devices_parse(header, bytes, into, NULL);
}

static struct nlmsghdr *link_message(uint8_t attached, uint32_t program, const char *kind)
{
	const struct ifinfomsg about = {.ifi_index = 7};
	struct nlmsghdr *header = message(RTM_NEWLINK, &about, sizeof(about));
	struct nlattr *nest;

	mnl_attr_put_strz(header, IFLA_IFNAME, "eth0");
	nest = mnl_attr_nest_start(header, IFLA_LINKINFO);
	mnl_attr_put_strz(header, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(header, nest);
	nest = mnl_attr_nest_start(header, IFLA_XDP);
	mnl_attr_put_u8(header, IFLA_XDP_ATTACHED, attached);
	if (program)
		mnl_attr_put_u32(header, IFLA_XDP_PROG_ID, program);
	mnl_attr_nest_end(header, nest);
	return header;
}

static void test_links(void **state)
{
	sg_cleanup(sg_devices_clear) struct sg_devices links = {0};
	const struct nlmsghdr *header = link_message(XDP_ATTACHED_NONE, 0, "veth");
	const struct sg_device *link;

	(void)state;
	assert_int_equal(read_link(header, room, &links), 0);
	header = link_message(XDP_ATTACHED_SKB, 12, "bridge");
	assert_int_equal(read_link(header, room, &links), 0);
	/* several modes at once have no one program */
	header = link_message(XDP_ATTACHED_MULTI, 0, "a kind with a long name");
	assert_int_equal(read_link(header, room, &links), 0);
	assert_int_equal(links.count, 3);
	link = &links.items[0];
	assert_int_equal(link->index, 7);
	assert_string_equal(link->name, "eth0");
	assert_string_equal(link->kind, "veth");
	assert_false(link->has_xdp);
	assert_true(links.items[1].has_xdp && links.items[1].xdp_program == 12);
	assert_true(links.items[2].has_xdp && !links.items[2].xdp_program);
	assert_string_equal(links.items[2].kind, "a kind with a l");
	tear(header, read_link, &links, &links.count);
}

/* ---- IPsec ---- */

static int read_policy(const struct nlmsghdr *header, const uint8_t *bytes, void *into)
{
	return sg_xfrm_parse(header, bytes, into, NULL);
}

#define TEMPLATES 6 /* XFRM_MAX_DEPTH of the kernel */
static struct sg_xfrm_sum policy(uint8_t action, uint8_t direction, size_t templates, size_t optional)
{
	const struct xfrm_userpolicy_info about = {.action = action, .dir = direction};
	struct nlmsghdr *header = message(XFRM_MSG_NEWPOLICY, &about, sizeof(about));
	struct xfrm_user_tmpl list[TEMPLATES] = {0};
	struct sg_xfrm_sum sum = {0};

	for (size_t i = 0; i < optional; i++)
		list[i].optional = 1;
	if (templates)
		mnl_attr_put(header, XFRMA_TMPL, templates * sizeof(list[0]), list);
	assert_int_equal(read_policy(header, room, &sum), 0);
	return sum;
}

static void test_xfrm(void **state)
{
	struct sg_xfrm_sum sum;
	size_t nothing = 0;

	(void)state;
	sum = policy(XFRM_POLICY_BLOCK, XFRM_POLICY_IN, 0, 0);
	assert_true(sum.block == 1 && !sum.require);
	sum = policy(XFRM_POLICY_ALLOW, XFRM_POLICY_OUT, 0, 0);
	assert_true(!sum.block && !sum.require);
	sum = policy(XFRM_POLICY_ALLOW, XFRM_POLICY_FWD, 2, 1);
	assert_true(!sum.block && sum.require == 1);
	sum = policy(XFRM_POLICY_ALLOW, XFRM_POLICY_IN, 2, 2);
	assert_true(!sum.block && !sum.require);
	/* of one socket */
	sum = policy(XFRM_POLICY_BLOCK, 3, 0, 0);
	assert_true(!sum.block && !sum.require);
	policy(XFRM_POLICY_ALLOW, XFRM_POLICY_IN, 3, 0);
	tear((const struct nlmsghdr *)room, read_policy, &sum, &nothing);
}

/* ---- Hooks ---- */

struct hooks_into {
	struct sg_kernel_hook like;
	struct sg_kernel_hooks hooks;
};

static int read_hook(const struct nlmsghdr *header, const uint8_t *bytes, void *into)
{
	struct hooks_into *hooks = into;

	return sg_hooks_parse(header, bytes, &hooks->like, &hooks->hooks, NULL);
}

static struct nlmsghdr *hook_message(const char *function, const char *module, uint32_t type)
{
	const struct nfgenmsg generic = {.nfgen_family = NFPROTO_IPV4};
	struct nlmsghdr *header = message(NFNL_SUBSYS_HOOK << 8 | NFNL_MSG_HOOK_GET, &generic, sizeof(generic));
	struct nlattr *nest, *description;

	mnl_attr_put_u32(header, NFNLA_HOOK_PRIORITY, htonl((uint32_t)-5));
	if (function)
		mnl_attr_put_strz(header, NFNLA_HOOK_FUNCTION_NAME, function);
	if (module)
		mnl_attr_put_strz(header, NFNLA_HOOK_MODULE_NAME, module);
	if (!type)
		return header;
	nest = mnl_attr_nest_start(header, NFNLA_HOOK_CHAIN_INFO);
	description = mnl_attr_nest_start(header, NFNLA_HOOK_INFO_DESC);
	if (type == NFNL_HOOK_TYPE_NFTABLES) {
		mnl_attr_put_strz(header, NFNLA_CHAIN_TABLE, "sockgate");
		mnl_attr_put_strz(header, NFNLA_CHAIN_NAME, "input");
		mnl_attr_put_u8(header, NFNLA_CHAIN_FAMILY, NFPROTO_INET);
	} else {
		mnl_attr_put_u32(header, 1, htonl(77));
	}
	mnl_attr_nest_end(header, description);
	mnl_attr_put_u32(header, NFNLA_HOOK_INFO_TYPE, htonl(type));
	mnl_attr_nest_end(header, nest);
	return header;
}

static void test_hooks(void **state)
{
	struct hooks_into into = {.like = {.family = NFPROTO_IPV4, .hook = NF_INET_LOCAL_IN}};
	const struct nlmsghdr *header = hook_message("nft_do_chain_inet", "nf_tables", NFNL_HOOK_TYPE_NFTABLES);
	const struct sg_kernel_hook *hook;

	(void)state;
	assert_int_equal(read_hook(header, room, &into), 0);
	tear(header, read_hook, &into, &into.hooks.count);
	hook = &into.hooks.items[0];
	assert_true(hook->is_chain && hook->priority == -5 && hook->table_family == NFPROTO_INET && !hook->program);
	assert_string_equal(hook->table, "sockgate");
	assert_string_equal(hook->chain, "input");
	assert_true(sg_hook_is_harmless(hook));
	into.hooks.count = 0;
	/* a program has a description, too, and is no chain */
	assert_int_equal(read_hook(hook_message("nf_hook_run_bpf", NULL, 2), room, &into), 0);
	hook = &into.hooks.items[0];
	assert_true(!hook->is_chain && hook->program == 77 && !sg_hook_is_harmless(hook));
	into.hooks.count = 0;
	/* a type of which nothing is known */
	assert_int_equal(read_hook(hook_message("f", "m", 99), room, &into), 0);
	assert_true(!into.hooks.items[0].is_chain && !into.hooks.items[0].program);
	sg_kernel_hooks_clear(&into.hooks);
}

static void test_harmless(void **state)
{
	static const struct {
		const char *function, *module;
		bool harmless;
	} cases[] = {
		{"ipv4_conntrack_in", "nf_conntrack", true},
		{"ipv6_defrag", "nf_defrag_ipv6", true},
		{"selinux_ip_postroute", NULL, true},
		{"nft_do_chain_inet", "nf_tables", true},
		{"br_nf_local_in", "br_netfilter", true},
		{"ipt_do_table", "ip_tables", true}, /* the source of legacy tables answers for it */
		/* not what it begins with, not whose module it is in, and not without a name */
		{"ipv4_conntrack_in_of_mine", "nf_conntrack", false},
		{"something", "nf_conntrack", false},
		{"ipv4_synproxy_hook", "nf_synproxy_core", false},
		{"ip_vs_in_hook", "ip_vs", false},
		{NULL, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(cases); i++) {
		struct hooks_into into = {0};

		assert_int_equal(read_hook(hook_message(cases[i].function, cases[i].module, 0), room, &into), 0);
		if (sg_hook_is_harmless(&into.hooks.items[0]) != cases[i].harmless)
			fail_msg("%s", cases[i].function ? cases[i].function : "no name");
		sg_kernel_hooks_clear(&into.hooks);
	}
}

/* ---- Legacy tables ---- */

static const struct sg_legacy_shape shape = {NF_INET_NUMHOOKS, offsetof(struct ipt_entry, target_offset),
					     offsetof(struct ipt_entry, next_offset), sizeof(struct ipt_entry)};
struct standard {
	struct ipt_entry entry;
	struct xt_standard_target target;
};
struct error {
	struct ipt_entry entry;
	struct xt_error_target target;
};

struct legacy_table {
	struct sg_legacy_info info;
	uint8_t bytes[4096];
	size_t size;
};

static uint32_t put_verdict(struct legacy_table *table, int verdict)
{
	struct standard item = {.entry = {.target_offset = sizeof(struct ipt_entry), .next_offset = sizeof(item)},
				.target = {.verdict = verdict}};
	uint32_t at = (uint32_t)table->size;

	item.target.target.u.user.target_size = sizeof(item.target);
	memcpy(table->bytes + table->size, &item, sizeof(item));
	table->size += sizeof(item);
	return at;
}

static void put_head(struct legacy_table *table)
{
	struct error item = {.entry = {.target_offset = sizeof(struct ipt_entry), .next_offset = sizeof(item)}};

	item.target.target.u.user.target_size = sizeof(item.target);
	strcpy(item.target.target.u.user.name, XT_ERROR_TARGET);
	memcpy(table->bytes + table->size, &item, sizeof(item));
	table->size += sizeof(item);
}

/* A chain of the hook with so many rules that drop, and its policy. */
static void put_chain(struct legacy_table *table, unsigned int hook, size_t rules, int policy)
{
	table->info.valid_hooks |= 1U << hook;
	table->info.hook_entry[hook] = (uint32_t)table->size;
	for (size_t i = 0; i < rules; i++)
		put_verdict(table, -NF_DROP - 1);
	table->info.underflow[hook] = put_verdict(table, policy);
}

static void put_filter(struct legacy_table *table, size_t rules, int policy)
{
	*table = (struct legacy_table){0};
	put_chain(table, NF_INET_LOCAL_IN, rules, policy);
	put_chain(table, NF_INET_FORWARD, 0, -NF_ACCEPT - 1);
	put_chain(table, NF_INET_LOCAL_OUT, 0, -NF_ACCEPT - 1);
}

static bool parse(const struct legacy_table *table, size_t size, struct sg_legacy_sum *ret)
{
	uint8_t *bytes = malloc(size + !size);
	bool whole;

	assert_non_null(bytes);
	memcpy(bytes, table->bytes, size);
	whole = sg_legacy_parse(&shape, &table->info, bytes, size, ret);
	free(bytes);
	return whole;
}

static void test_legacy(void **state)
{
	struct legacy_table table;
	struct sg_legacy_sum sum;

	(void)state;
	put_filter(&table, 0, -NF_ACCEPT - 1);
	put_head(&table);
	assert_true(parse(&table, table.size, &sum));
	assert_true(!sum.has_rules && !sum.refuses && !sum.rules);
	put_filter(&table, 0, -NF_DROP - 1);
	put_head(&table);
	assert_true(parse(&table, table.size, &sum));
	assert_true(!sum.has_rules && sum.refuses && !sum.rules);
	put_filter(&table, 3, -NF_ACCEPT - 1);
	put_head(&table);
	assert_true(parse(&table, table.size, &sum));
	assert_true(sum.has_rules && !sum.refuses && sum.rules == 3);
	/* a chain of the user's with two rules, which nothing leads to */
	put_filter(&table, 0, -NF_ACCEPT - 1);
	put_head(&table);
	put_verdict(&table, -NF_DROP - 1);
	put_verdict(&table, -NF_DROP - 1);
	put_verdict(&table, XT_RETURN);
	put_head(&table);
	assert_true(parse(&table, table.size, &sum));
	assert_true(!sum.has_rules && !sum.refuses && sum.rules == 2);
}

static void test_legacy_torn(void **state)
{
	struct legacy_table table;
	struct sg_legacy_sum sum;

	(void)state;
	put_filter(&table, 2, -NF_ACCEPT - 1);
	put_head(&table);
	for (size_t size = 0; size < table.size; size++)
		assert_false(parse(&table, size, &sum));
	/* any one byte can be another: it is read or refused, and never read past the end */
	for (size_t i = 0; i < table.size; i++) {
		struct legacy_table other = table;

		other.bytes[i] ^= 0xff;
		parse(&other, other.size, &sum);
	}
	/* a policy where no entry begins */
	table.info.underflow[NF_INET_FORWARD] += 8;
	assert_false(parse(&table, table.size, &sum));
}

/* ---- Texts of /proc ---- */

static void test_texts(void **state)
{
	static const char heading[] = "IP Virtual Server version 1.2.1 (size=4096)\n"
				      "Prot LocalAddress:Port Scheduler Flags\n"
				      "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n";
	static const char sockets[] = "sk               Eth Pid        Groups   Rmem\n"
				      "000000006ffacced 0   0          00000000 0\n"
				      "0000000039453163 6   812        00000000 0\n"
				      "000000001362dc6b 16  0          00000000 0\n";
	char text[400];

	(void)state;
	assert_int_equal(sg_ipvs_services(""), 0);
	assert_int_equal(sg_ipvs_services(heading), 0);
	snprintf(text, sizeof(text), "%sTCP  C0000202:0050 rr\n", heading);
	assert_int_equal(sg_ipvs_services(text), 1);
	assert_false(sg_taint_has_foreign_module("0\n"));
	assert_false(sg_taint_has_foreign_module("8704\n")); /* a warning, and a module that was not signed */
	assert_true(sg_taint_has_foreign_module("4097\n"));
	assert_true(sg_netlink_is_there(sockets, 0));
	assert_true(sg_netlink_is_there(sockets, 16));
	/* a program's socket is not the kernel's, and not each number is there */
	assert_false(sg_netlink_is_there(sockets, 6));
	assert_false(sg_netlink_is_there(sockets, 1));
	for (size_t size = 0; size < sizeof(sockets); size++) {
		snprintf(text, size + 1, "%s", sockets);
		assert_false(sg_netlink_is_there(text, 6));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),    cmocka_unit_test(test_xfrm),   cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_harmless), cmocka_unit_test(test_legacy), cmocka_unit_test(test_legacy_torn),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
