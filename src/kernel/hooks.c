/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hooks.c - what sees packets on netfilter's hooks, as the kernel's NFNL_SUBSYS_HOOK lists it (nfnetlink_hook.c).
 *
 * nf_tables' own dump shows neither the hooks of others (iptables-legacy, IPVS, BPF programs) nor the order of chains
 * with equal priority. Chains of the inet family hang on the hooks of IPv4 and of IPv6. A kernel before 5.14, or one
 * built without CONFIG_NETFILTER_NETLINK_HOOK, has no such list: that says nothing about what is on the hooks.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_hook.h>
#include <libmnl/libmnl.h>

#include "base/mem.h"
#include "kernel/outside.h"
#include "nft/attr.h"

/* Of newer headers: enum nfnl_hook_chaintype (Linux 6.4), enum nfnl_hook_bpf_attributes. */
#define HOOK_TYPE_BPF 2
#define HOOK_BPF_ID   1
#define HOOK_TORN     "the kernel's answer is torn"
/* Of linux/netfilter_arp.h and linux/netfilter_bridge.h. */
#define HOOKS_OF_IP      5
#define HOOKS_OF_ARP     3
#define HOOKS_OF_BRIDGE  5 /* of NF_BR_BROUTING there is no list */
#define HOOKS_OF_DEVICES 2

/* A description means a chain or a program, by the type that stands beside it. */
static bool hook_description(const struct attr *nest, uint32_t type, struct sg_kernel_hook *hook)
{
	struct attr_list list = sg_attr_nest(nest);
	struct attr member;

	while (sg_attr_next(&list, &member)) {
		if (type == HOOK_TYPE_BPF && member.type == HOOK_BPF_ID && member.size == sizeof(uint32_t))
			hook->program = sg_attr_be32(&member);
		if (type != NFNL_HOOK_TYPE_NFTABLES)
			continue;
		hook->is_chain = true;
		if (member.type == NFNLA_CHAIN_TABLE)
			sg_attr_text(&member, hook->table, sizeof(hook->table));
		else if (member.type == NFNLA_CHAIN_NAME)
			sg_attr_text(&member, hook->chain, sizeof(hook->chain));
		else if (member.type == NFNLA_CHAIN_FAMILY && member.size == 1)
			hook->table_family = member.data[0];
	}
	return !list.torn;
}

static bool hook_info(const struct attr *nest, struct sg_kernel_hook *hook)
{
	struct attr_list list = sg_attr_nest(nest);
	struct attr attr, description = {0};
	uint32_t type = 0;

	while (sg_attr_next(&list, &attr)) {
		if (attr.type == NFNLA_HOOK_INFO_DESC)
			description = attr;
		else if (attr.type == NFNLA_HOOK_INFO_TYPE && attr.size == sizeof(type))
			type = sg_attr_be32(&attr);
	}
	return !list.torn && (!description.data || hook_description(&description, type, hook));
}

int sg_hooks_parse(const struct nlmsghdr *header, const uint8_t *message, const struct sg_kernel_hook *like,
		   struct sg_kernel_hooks *hooks, struct sg_error *err)
{
	const size_t head = sizeof(*header) + sizeof(struct nfgenmsg);
	struct sg_kernel_hook hook = *like;
	struct attr_list list;
	struct attr attr;
	bool whole = true;

	if (header->nlmsg_len < head)
		return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, HOOK_TORN);
	list = sg_attr_list(message + head, header->nlmsg_len - head);
	while (whole && sg_attr_next(&list, &attr)) {
		switch (attr.type) {
		case NFNLA_HOOK_PRIORITY:
			if (attr.size == sizeof(uint32_t))
				hook.priority = (int32_t)sg_attr_be32(&attr);
			break;
		case NFNLA_HOOK_FUNCTION_NAME: sg_attr_text(&attr, hook.function, sizeof(hook.function)); break;
		case NFNLA_HOOK_MODULE_NAME: sg_attr_text(&attr, hook.module, sizeof(hook.module)); break;
		case NFNLA_HOOK_CHAIN_INFO: whole = hook_info(&attr, &hook); break;
		default: break;
		}
	}
	if (list.torn || !whole)
		return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, HOOK_TORN);
	if (sg_grow(&hooks->items, &hooks->room, hooks->count, 1, sizeof(hook)) < 0)
		return sg_error_nomem(err);
	hooks->items[hooks->count++] = hook;
	return 0;
}

struct hook_dump {
	struct sg_kernel_hooks *hooks;
	struct sg_kernel_hook like;
	size_t before;
};

static int see_hook(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	struct hook_dump *dump = data;

	return sg_hooks_parse(header, message, &dump->like, dump->hooks, err);
}

static void forget_hook(void *data)
{
	struct hook_dump *dump = data;

	dump->hooks->count = dump->before;
}

/* An answer of EINVAL to the first question, of a hook that every kernel has, means that there is no list. */
static int dump_hook(struct sg_kernel *kernel, uint32_t family, uint32_t number, const char *device,
		     struct sg_kernel_hooks *hooks, struct sg_error *err)
{
	struct hook_dump dump = {.hooks = hooks, .like = {.family = family, .hook = number}, .before = hooks->count};
	const struct nfnl_reader reader = {see_hook, forget_hook, &dump};
	struct sg_error cause = {0};
	struct nfnl_request request;

	sg_nfnl_request(kernel, &request, NFNL_SUBSYS_HOOK, NFNL_MSG_HOOK_GET, NLM_F_DUMP, family);
	mnl_attr_put_u32(request.header, NFNLA_HOOK_HOOKNUM, htonl(number));
	if (device) {
		mnl_attr_put_strz(request.header, NFNLA_HOOK_DEV, device);
		snprintf(dump.like.device, sizeof(dump.like.device), "%s", device);
	}
	if (sg_nfnl_dump(kernel, &request, &reader, &cause) == 0)
		return 0;
	/* a kernel that was built without the family, or without hooks of interfaces; an interface that went */
	if (cause.errnum == EPROTONOSUPPORT || cause.errnum == EOPNOTSUPP || (device && cause.errnum == ENODEV))
		return 0;
	if (err)
		*err = cause;
	return -1;
}

int sg_kernel_hooks(struct sg_kernel *kernel, struct sg_kernel_hooks *ret, struct sg_error *err)
{
	static const struct {
		uint32_t family, count;
	} families[] = {{NFPROTO_IPV4, HOOKS_OF_IP},
			{NFPROTO_IPV6, HOOKS_OF_IP},
			{NFPROTO_ARP, HOOKS_OF_ARP},
			{NFPROTO_BRIDGE, HOOKS_OF_BRIDGE}};
	sg_cleanup(sg_kernel_hooks_clear) struct sg_kernel_hooks all = {.known = true};

	for (size_t i = 0; i < SG_COUNT(families) && all.known; i++)
		for (uint32_t hook = 0; hook < families[i].count && all.known; hook++) {
			struct sg_error cause = {0};

			if (dump_hook(kernel, families[i].family, hook, NULL, &all, &cause) == 0)
				continue;
			/* nfnetlink says EINVAL for a subsystem that it does not have */
			all.known = cause.errnum != EINVAL || i || hook;
			if (!all.known)
				break;
			if (err)
				*err = cause;
			return -1;
		}
	*ret = all;
	all = (struct sg_kernel_hooks){0};
	return 0;
}

int sg_kernel_hooks_of(struct sg_kernel *kernel, const char *device, struct sg_kernel_hooks *hooks,
		       struct sg_error *err)
{
	for (uint32_t hook = 0; hook < HOOKS_OF_DEVICES; hook++)
		if (dump_hook(kernel, NFPROTO_NETDEV, hook, device, hooks, err) < 0)
			return -1;
	return 0;
}

void sg_kernel_hooks_clear(struct sg_kernel_hooks *hooks)
{
	free(hooks->items);
	*hooks = (struct sg_kernel_hooks){0};
}
