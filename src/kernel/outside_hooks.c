/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outside_hooks.c - functions on netfilter hooks that are no chains of nf_tables.
 *
 * Where the kernel lists its hooks, each function has to be known by its name to be passed over; a function without a
 * name is not. Where it does not list them, what could hang there has evidence of its own: legacy tables, IPVS and BPF
 * programs each have a source, and connection tracking, defragmentation, NAT and the security modules are harmless.
 * What a module from outside of the kernel's sources puts there shows in no source: the kernel only tells that one was
 * loaded.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netfilter.h>

#include "base/file.h"
#include "base/mem.h"
#include "kernel/outside.h"

#define TAINT_FOREIGN 12 /* the bit of TAINT_OOT_MODULE in /proc/sys/kernel/tainted */

/* Functions as the kernel's sources name them, from Linux 5.14 to 6.18. */
static const char *const harmless[] = {
	/* connection tracking finds the connection of a packet and puts it into the table: nf_conntrack_proto.c,
	 * nf_conntrack_bridge.c */
	"ipv4_conntrack_in",
	"ipv4_conntrack_local",
	"ipv4_confirm",
	"ipv6_conntrack_in",
	"ipv6_conntrack_local",
	"ipv6_confirm",
	"nf_confirm",
	"nf_ct_bridge_pre",
	"nf_ct_bridge_in",
	"nf_ct_bridge_post",
	/* fragments are put together: nf_defrag_ipv4.c, nf_defrag_ipv6_hooks.c */
	"ipv4_conntrack_defrag",
	"ipv6_defrag",
	/* NAT carries out what chains decided: nf_nat_proto.c. Chains of nf_tables are in its dump, those of
	 * iptables-legacy in its list of tables */
	"nf_nat_ipv4_pre_routing",
	"nf_nat_ipv4_in",
	"nf_nat_ipv4_local_in",
	"nf_nat_ipv4_out",
	"nf_nat_ipv4_local_fn",
	"nf_nat_ipv4_fn",
	"nf_nat_ipv6_in",
	"nf_nat_ipv6_local_in",
	"nf_nat_ipv6_out",
	"nf_nat_ipv6_local_fn",
	"nf_nat_ipv6_fn",
	/* chains of nf_tables that a transaction is making or taking away: the dump has those that are in force */
	"nft_do_chain_ipv4",
	"nft_do_chain_ipv6",
	"nft_do_chain_inet",
	"nft_do_chain_inet_ingress",
	"nft_do_chain_arp",
	"nft_do_chain_bridge",
	"nft_do_chain_netdev",
	"nf_route_table_hook4",
	"nf_route_table_hook6",
	"nf_route_table_inet",
	/* bridged packets are shown to the hooks of IP: br_netfilter_hooks.c */
	"br_nf_pre_routing",
	"br_nf_local_in",
	"br_nf_forward",
	"br_nf_forward_ip",
	"br_nf_forward_arp",
	"br_nf_post_routing",
	"ip_sabotage_in",
	/* security modules label packets and apply their own policy: selinux/hooks.c, smack_netfilter.c,
	 * apparmor/lsm.c. The manual says that they are not covered */
	"selinux_ip_forward",
	"selinux_ip_output",
	"selinux_ip_postroute",
	"selinux_ipv4_forward",
	"selinux_ipv4_output",
	"selinux_ipv4_postroute",
	"selinux_ipv6_forward",
	"selinux_ipv6_output",
	"selinux_ipv6_postroute",
	"smack_ip_output",
	"smack_ipv4_output",
	"smack_ipv6_output",
	"apparmor_ip_postroute",
	"apparmor_ipv4_postroute",
	"apparmor_ipv6_postroute",
	/* outside_legacy.c reads these tables */
	"ipt_do_table",
	"ip6t_do_table",
	"arpt_do_table",
	"iptable_filter_hook",
	"iptable_mangle_hook",
	"iptable_raw_hook",
	"iptable_security_hook",
	"ip6table_filter_hook",
	"ip6table_mangle_hook",
	"ip6table_raw_hook",
	"ip6table_security_hook",
	"arptable_filter_hook",
};
/* Of ebtables-legacy: tables are registered where they are used. */
static const char *const ebtables[] = {"ebt_do_table", "ebt_filter_hook", "ebt_nat_hook",
				       "ebt_in_hook",  "ebt_out_hook",    "ebt_broute"};

bool sg_hook_is_harmless(const struct sg_kernel_hook *hook)
{
	if (hook->is_chain)
		return true;
	for (size_t i = 0; i < SG_COUNT(harmless); i++)
		if (!strcmp(hook->function, harmless[i]))
			return true;
	return false;
}

static void hook_place(const struct sg_kernel_hook *hook, char *ret, size_t size)
{
	static const char *const of_ip[] = {"prerouting", "input", "forward", "output", "postrouting"};
	static const char *const of_arp[] = {"input", "output", "forward"};
	static const char *const of_bridge[] = {"prerouting", "input", "forward", "output", "postrouting", "broute"};
	const char *family = hook->family == NFPROTO_IPV4   ? "ip"
			     : hook->family == NFPROTO_IPV6 ? "ip6"
			     : hook->family == NFPROTO_ARP  ? "arp"
							    : "bridge";

	if (hook->family == NFPROTO_NETDEV)
		snprintf(ret, size, "netdev %s %s", hook->hook ? "egress" : "ingress", hook->device);
	else if (hook->family == NFPROTO_ARP && hook->hook < SG_COUNT(of_arp))
		snprintf(ret, size, "%s %s", family, of_arp[hook->hook]);
	else if (hook->family == NFPROTO_BRIDGE && hook->hook < SG_COUNT(of_bridge))
		snprintf(ret, size, "%s %s", family, of_bridge[hook->hook]);
	else if (hook->hook < SG_COUNT(of_ip))
		snprintf(ret, size, "%s %s", family, of_ip[hook->hook]);
	else
		snprintf(ret, size, "%s hook %u", family, hook->hook);
}

static int note_hook(struct sg_look *look, const struct sg_kernel_hook *hook)
{
	char place[64];

	if (sg_hook_is_harmless(hook))
		return 0;
	hook_place(hook, place, sizeof(place));
	if (hook->program)
		return sg_outside_seen(look->found, SG_OUTSIDE_NETFILTER, place, look->err,
				       "BPF program %u on the hook %s", hook->program, place);
	if (!strcmp(hook->function, "nf_hook_run_bpf"))
		return sg_outside_seen(look->found, SG_OUTSIDE_NETFILTER, place, look->err,
				       "BPF program on the hook %s", place);
	for (size_t i = 0; i < SG_COUNT(ebtables); i++)
		if (!strcmp(hook->function, ebtables[i]))
			return sg_outside_seen(look->found, SG_OUTSIDE_LEGACY, place, look->err,
					       "ebtables-legacy table on the hook %s", place);
	return sg_outside_seen(look->found, SG_OUTSIDE_HOOK, place, look->err, "%s%s%s on the hook %s",
			       *hook->function ? hook->function : "function without a name",
			       *hook->module ? " of module " : "", hook->module, place);
}

bool sg_taint_has_foreign_module(const char *text)
{
	return strtoul(text, NULL, 10) >> TAINT_FOREIGN & 1;
}

/* Without a list, the sources know what the kernel's own modules put on hooks; not what others do. */
static int look_modules(struct sg_look *look)
{
	static const struct sg_file_rules rules = {.max_size = 64};
	static const char what[] = "whether a module that is not the kernel's own is on netfilter hooks";
	sg_autofree char *text = NULL;
	struct sg_error cause = {0};
	size_t size = 0;

	if (sg_file_read("/proc/sys/kernel/tainted", &rules, &text, &size, &cause) < 0)
		return sg_look_failed(look, SG_OUTSIDE_HOOK, "", what, &cause);
	return sg_taint_has_foreign_module(text) ? sg_look_failed(look, SG_OUTSIDE_HOOK, "", what, &cause) : 0;
}

int sg_look_hooks(struct sg_look *look)
{
	struct sg_error cause = {0};
	int result = sg_kernel_hooks(look->kernel, &look->hooks, &cause);

	for (size_t i = 0; result == 0 && look->hooks.known && i < look->links.count; i++)
		result = sg_kernel_hooks_of(look->kernel, look->links.items[i].name, &look->hooks, &cause);
	if (result < 0) {
		look->hooks.known = false;
		return sg_look_failed(look, SG_OUTSIDE_HOOK, "", "which functions are on netfilter hooks", &cause);
	}
	if (!look->hooks.known)
		return look_modules(look);
	for (size_t i = 0; i < look->hooks.count; i++)
		if (note_hook(look, &look->hooks.items[i]) < 0)
			return -1;
	return 0;
}
