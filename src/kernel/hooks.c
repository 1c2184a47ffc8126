/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hooks.c - who sees packets on netfilter's hooks, as the kernel's NFNL_SUBSYS_HOOK lists it (nfnetlink_hook.c).
 *
 * nf_tables' own dump does not show the hooks of others (iptables-legacy, IPVS, BPF programs), nor in which order
 * chains of equal priority run. Chains of the inet family hang on the hooks of IPv4 and of IPv6.
 */
#include <errno.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_hook.h>
#include <libmnl/libmnl.h>

#include "base/mem.h"
#include "kernel/nfnl.h"
#include "nft/attr.h"

#define HOOK_TRIES 10

static void hook_text(const struct attr *attr, char *ret, size_t size)
{
	size_t length = strnlen((const char *)attr->data, attr->size);

	if (length >= size)
		length = size - 1;
	memcpy(ret, attr->data, length);
	ret[length] = '\0';
}

static void hook_chain(const struct attr *info, struct sg_kernel_hook *hook)
{
	struct attr_list list = sg_attr_nest(info), desc;
	struct attr attr, member;

	while (sg_attr_next(&list, &attr)) {
		if (attr.type != NFNLA_HOOK_INFO_DESC)
			continue;
		hook->is_chain = true;
		desc = sg_attr_nest(&attr);
		while (sg_attr_next(&desc, &member)) {
			if (member.type == NFNLA_CHAIN_TABLE)
				hook_text(&member, hook->table, sizeof(hook->table));
			else if (member.type == NFNLA_CHAIN_NAME)
				hook_text(&member, hook->chain, sizeof(hook->chain));
			else if (member.type == NFNLA_CHAIN_FAMILY && member.size == 1)
				hook->table_family = member.data[0];
		}
	}
}

struct hook_dump {
	struct sg_kernel_hooks *hooks;
	uint32_t family, hook;
};

static int see_hook(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	const size_t head = sizeof(*header) + sizeof(struct nfgenmsg);
	struct hook_dump *dump = data;
	struct sg_kernel_hook hook = {.family = dump->family, .hook = dump->hook};
	struct attr_list list;
	struct attr attr;

	if (header->nlmsg_len < head)
		return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "the kernel's answer is torn");
	list = sg_attr_list(message + head, header->nlmsg_len - head);
	while (sg_attr_next(&list, &attr)) {
		switch (attr.type) {
		case NFNLA_HOOK_PRIORITY:
			if (attr.size == sizeof(uint32_t))
				hook.priority = (int32_t)sg_attr_be32(&attr);
			break;
		case NFNLA_HOOK_FUNCTION_NAME: hook_text(&attr, hook.function, sizeof(hook.function)); break;
		case NFNLA_HOOK_MODULE_NAME: hook_text(&attr, hook.module, sizeof(hook.module)); break;
		case NFNLA_HOOK_CHAIN_INFO: hook_chain(&attr, &hook); break;
		default: break;
		}
	}
	if (sg_grow(&dump->hooks->items, &dump->hooks->room, dump->hooks->count, 1, sizeof(hook)) < 0)
		return sg_error_nomem(err);
	dump->hooks->items[dump->hooks->count++] = hook;
	return 0;
}

static int dump_hook(struct sg_kernel *kernel, struct hook_dump *dump, struct sg_error *err)
{
	size_t before = dump->hooks->count;

	for (int try = 1;; try++) {
		struct sg_error cause = {0};
		struct nfnl_request request;

		sg_nfnl_request(kernel, &request, NFNL_SUBSYS_HOOK, NFNL_MSG_HOOK_GET, NLM_F_DUMP, dump->family);
		mnl_attr_put_u32(request.header, NFNLA_HOOK_HOOKNUM, htonl(dump->hook));
		if (sg_nfnl_ask(kernel, &request, see_hook, dump, &cause) == 0)
			return 0;
		if (cause.kind != SG_ERROR_CHANGED || try == HOOK_TRIES) {
			if (err)
				*err = cause;
			return -1;
		}
		dump->hooks->count = before;
	}
}

int sg_kernel_hooks(struct sg_kernel *kernel, struct sg_kernel_hooks *ret, struct sg_error *err)
{
	static const uint32_t families[] = {NFPROTO_IPV4, NFPROTO_IPV6};
	static const uint32_t hooks[] = {NF_INET_PRE_ROUTING, NF_INET_LOCAL_IN};
	sg_cleanup(sg_kernel_hooks_clear) struct sg_kernel_hooks all = {.known = true};

	for (size_t i = 0; i < SG_COUNT(families) * SG_COUNT(hooks); i++) {
		struct hook_dump dump = {
			.hooks = &all, .family = families[i / SG_COUNT(hooks)], .hook = hooks[i % SG_COUNT(hooks)]};
		struct sg_error cause = {0};

		if (dump_hook(kernel, &dump, &cause) == 0)
			continue;
		/* nfnetlink says EINVAL for a subsystem that it does not have */
		if (cause.errnum == EINVAL || cause.errnum == EOPNOTSUPP) {
			sg_kernel_hooks_clear(&all);
			break;
		}
		if (err)
			*err = cause;
		return -1;
	}
	*ret = all;
	all = (struct sg_kernel_hooks){0};
	return 0;
}

void sg_kernel_hooks_clear(struct sg_kernel_hooks *hooks)
{
	free(hooks->items);
	*hooks = (struct sg_kernel_hooks){0};
}
