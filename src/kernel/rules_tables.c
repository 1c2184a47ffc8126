/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules_tables.c - which tables of nf_tables, other than ours, may decide packets.
 *
 * NFT_MSG_GETCHAIN lists the chains of all families. A chain without a hook is met by way of rules alone, and rules act
 * by way of a base chain. So a table without a base chain that has a rule, or a policy other than to accept, lets each
 * packet pass. Whether a base chain has rules is asked with NFT_MSG_GETRULE: what the chain's own count of uses says is
 * changed by transactions that are not committed yet. A flowtable takes packets past the forward hook.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <libmnl/libmnl.h>

#include "base/mem.h"
#include "kernel/nfnl.h"
#include "nft/attr.h"
#include "sockgate/kernel_outside.h"

#define NFT_HEAD (sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg))

/* A base chain, or a flowtable (without a chain's name). */
struct based {
	uint32_t family;
	char table[SG_NFT_NAME_SIZE], chain[SG_NFT_NAME_SIZE];
	bool accepts;
};
struct based_list {
	struct based *items;
	size_t count, room, before;
};

static void based_clear(struct based_list *list)
{
	free(list->items);
}

static void based_forget(void *data)
{
	struct based_list *list = data;

	list->count = list->before;
}

static int based_add(struct based_list *list, const struct based *based, struct sg_error *err)
{
	if (sg_grow(&list->items, &list->room, list->count, 1, sizeof(*based)) < 0)
		return sg_error_nomem(err);
	list->items[list->count++] = *based;
	return 0;
}

static bool based_name(const struct attr *attr, char *ret)
{
	size_t length = sg_attr_string(attr, SG_NFT_NAME_SIZE);

	memcpy(ret, attr->data, length);
	ret[length] = '\0';
	return length;
}

static int see_chain(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	struct based based = {0};
	bool is_base = false, whole = true;
	struct attr_list list;
	struct attr attr;

	if (header->nlmsg_len < NFT_HEAD)
		return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "the kernel's answer is torn");
	based.family = message[sizeof(*header)];
	list = sg_attr_list(message + NFT_HEAD, header->nlmsg_len - NFT_HEAD);
	while (sg_attr_next(&list, &attr)) {
		switch (attr.type) {
		case NFTA_CHAIN_TABLE: whole = whole && based_name(&attr, based.table); break;
		case NFTA_CHAIN_NAME: whole = whole && based_name(&attr, based.chain); break;
		case NFTA_CHAIN_HOOK: is_base = true; break;
		case NFTA_CHAIN_POLICY:
			based.accepts = attr.size == sizeof(uint32_t) && sg_attr_be32(&attr) == NF_ACCEPT;
			break;
		default: break;
		}
	}
	if (list.torn || !whole || !*based.table || !*based.chain)
		return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "the kernel's answer is torn");
	return is_base ? based_add(data, &based, err) : 0;
}

static int see_flowtable(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	struct based based = {0};
	struct attr_list list;
	struct attr attr;

	if (header->nlmsg_len < NFT_HEAD)
		return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "the kernel's answer is torn");
	based.family = message[sizeof(*header)];
	list = sg_attr_list(message + NFT_HEAD, header->nlmsg_len - NFT_HEAD);
	while (sg_attr_next(&list, &attr))
		if (attr.type == NFTA_FLOWTABLE_TABLE)
			based_name(&attr, based.table);
	if (list.torn || !*based.table)
		return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "the kernel's answer is torn");
	return based_add(data, &based, err);
}

static int see_rule(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	(void)header, (void)message, (void)err;
	++*(size_t *)data;
	return 0;
}

static void forget_rules(void *data)
{
	*(size_t *)data = 0;
}

static int based_read(struct sg_kernel *kernel, struct based_list *list, struct sg_error *err)
{
	const struct nfnl_reader chains = {see_chain, based_forget, list}, flows = {see_flowtable, based_forget, list};
	struct nfnl_request request;

	sg_nfnl_request(kernel, &request, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETCHAIN, NLM_F_DUMP, AF_UNSPEC);
	if (sg_nfnl_dump(kernel, &request, &chains, err) < 0)
		return sg_error_prefix(err, "cannot read the chains");
	list->before = list->count;
	sg_nfnl_request(kernel, &request, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETFLOWTABLE, NLM_F_DUMP, AF_UNSPEC);
	if (sg_nfnl_dump(kernel, &request, &flows, err) < 0)
		return sg_error_prefix(err, "cannot read the flowtables");
	return 0;
}

static int based_decides(struct sg_kernel *kernel, const struct based *based, bool *ret, struct sg_error *err)
{
	struct sg_error cause = {0};
	struct nfnl_request request;
	size_t rules = 0;
	const struct nfnl_reader reader = {see_rule, forget_rules, &rules};

	*ret = true;
	if (!*based->chain || !based->accepts)
		return 0;
	sg_nfnl_request(kernel, &request, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETRULE, NLM_F_DUMP, based->family);
	mnl_attr_put_strz(request.header, NFTA_RULE_TABLE, based->table);
	mnl_attr_put_strz(request.header, NFTA_RULE_CHAIN, based->chain);
	if (sg_nfnl_dump(kernel, &request, &reader, &cause) == 0) {
		*ret = rules > 0;
		return 0;
	}
	if (cause.errnum == ENOENT) { /* it went */
		*ret = false;
		return 0;
	}
	if (err)
		*err = cause;
	return sg_error_prefix(err, "cannot read the rules of table '%s'", based->table);
}

static int tables_add(struct sg_kernel_tables *tables, const struct based *based, struct sg_error *err)
{
	struct sg_kernel_table *table;

	if (sg_grow(&tables->items, &tables->room, tables->count, 1, sizeof(*table)) < 0)
		return sg_error_nomem(err);
	table = &tables->items[tables->count++];
	table->family = based->family;
	memcpy(table->name, based->table, sizeof(table->name));
	return 0;
}

static bool tables_have(const struct sg_kernel_tables *tables, const struct based *based)
{
	for (size_t i = 0; i < tables->count; i++)
		if (tables->items[i].family == based->family && !strcmp(tables->items[i].name, based->table))
			return true;
	return false;
}

int sg_kernel_other_tables(struct sg_kernel *kernel, const char *own, struct sg_kernel_tables *ret,
			   struct sg_error *err)
{
	sg_cleanup(sg_kernel_tables_clear) struct sg_kernel_tables tables = {0};
	sg_cleanup(based_clear) struct based_list list = {0};

	if (based_read(kernel, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		const struct based *based = &list.items[i];
		bool decides;

		if ((based->family == NFPROTO_INET && !strcmp(based->table, own)) || tables_have(&tables, based))
			continue;
		if (based_decides(kernel, based, &decides, err) < 0 || (decides && tables_add(&tables, based, err) < 0))
			return -1;
	}
	*ret = tables;
	tables = (struct sg_kernel_tables){0};
	return 0;
}

void sg_kernel_tables_clear(struct sg_kernel_tables *tables)
{
	free(tables->items);
	*tables = (struct sg_kernel_tables){0};
}
