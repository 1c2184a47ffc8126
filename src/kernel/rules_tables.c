/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules_tables.c - which tables of nf_tables, other than ours, may decide packets.
 *
 * NFT_MSG_GETCHAIN lists the chains of all families. A chain without a hook is met by way of rules alone, and rules act
 * by way of a base chain. So a table lets each packet pass when the policy of each of its base chains is to accept, and
 * their rules only match, count, log, accept or jump to chains of such rules (rules_effect.c). The rules are asked for
 * with NFT_MSG_GETRULE: what a chain's own count of uses says is changed by transactions that are not committed yet. A
 * flowtable takes packets past the forward hook. The base chains of a dormant table are on no hook.
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
#include "kernel/rules_effect.h"
#include "kernel/settle.h"
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
	enum sg_rule_effect *most = data, effect = sg_rule_effect(header, message);

	(void)err;
	if (effect > *most)
		*most = effect;
	return 0;
}

static void forget_rules(void *data)
{
	*(enum sg_rule_effect *)data = SG_RULE_NOTHING;
}

static int see_flags(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	uint32_t *flags = data;
	struct attr_list list;
	struct attr attr;

	if (header->nlmsg_len < NFT_HEAD)
		return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "the kernel's answer is torn");
	list = sg_attr_list(message + NFT_HEAD, header->nlmsg_len - NFT_HEAD);
	while (sg_attr_next(&list, &attr))
		if (attr.type == NFTA_TABLE_FLAGS && attr.size == sizeof(*flags))
			*flags = sg_attr_be32(&attr);
	return list.torn ? sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "the kernel's answer is torn") : 0;
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

/* What was asked about may have gone since the dump of the chains: then all is read again. Returns -1. */
static int went(const struct based *based, const char *what, const struct sg_error *cause, struct sg_error *err)
{
	if (cause->errnum == ENOENT)
		return sg_error_set(err, SG_ERROR_CHANGED, 0, "the ruleset was changed while it was read");
	if (err)
		*err = *cause;
	return sg_error_prefix(err, "cannot read %s of table '%s'", what, based->table);
}

/* What the rules of a chain do; of the whole table when `chain` is NULL. */
static int rules_effect(struct sg_kernel *kernel, const struct based *based, const char *chain,
			enum sg_rule_effect *ret, struct sg_error *err)
{
	const struct nfnl_reader reader = {see_rule, forget_rules, ret};
	struct sg_error cause = {0};
	struct nfnl_request request;

	*ret = SG_RULE_NOTHING;
	sg_nfnl_request(kernel, &request, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETRULE, NLM_F_DUMP, based->family);
	mnl_attr_put_strz(request.header, NFTA_RULE_TABLE, based->table);
	if (chain)
		mnl_attr_put_strz(request.header, NFTA_RULE_CHAIN, chain);
	if (sg_nfnl_dump(kernel, &request, &reader, &cause) == 0)
		return 0;
	return went(based, "the rules", &cause, err);
}

static int is_dormant(struct sg_kernel *kernel, const struct based *based, bool *ret, struct sg_error *err)
{
	struct sg_error cause = {0};
	struct nfnl_request request;
	uint32_t flags = 0;

	*ret = false;
	sg_nfnl_request(kernel, &request, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE, 0, based->family);
	mnl_attr_put_strz(request.header, NFTA_TABLE_NAME, based->table);
	if (sg_nfnl_ask(kernel, &request, see_flags, &flags, &cause) < 0)
		return went(based, "the flags", &cause, err);
	*ret = flags & NFT_TABLE_F_DORMANT;
	return 0;
}

static int based_decides(struct sg_kernel *kernel, const struct based *based, bool *ret, struct sg_error *err)
{
	enum sg_rule_effect effect = SG_RULE_DECIDES;
	bool dormant = false;

	*ret = true;
	if (!*based->chain)
		return 0;
	if (based->accepts && rules_effect(kernel, based, based->chain, &effect, err) < 0)
		return -1;
	if (effect == SG_RULE_JUMPS && rules_effect(kernel, based, NULL, &effect, err) < 0)
		return -1;
	*ret = effect == SG_RULE_DECIDES;
	if (*ret && is_dormant(kernel, based, &dormant, err) < 0)
		return -1;
	*ret = *ret && !dormant;
	return 0;
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

struct others {
	const char *own;
	struct sg_kernel_tables tables;
};

static int others_read(struct sg_kernel *kernel, void *data, struct sg_error *err)
{
	sg_cleanup(based_clear) struct based_list list = {0};
	struct others *others = data;

	sg_kernel_tables_clear(&others->tables);
	if (based_read(kernel, &list, err) < 0)
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		const struct based *based = &list.items[i];
		bool decides;

		if ((based->family == NFPROTO_INET && !strcmp(based->table, others->own)) ||
		    tables_have(&others->tables, based))
			continue;
		if (based_decides(kernel, based, &decides, err) < 0 ||
		    (decides && tables_add(&others->tables, based, err) < 0))
			return -1;
	}
	return 0;
}

/* Of one ruleset: a table that takes another's place between two dumps would be seen in neither. */
int sg_kernel_other_tables(struct sg_kernel *kernel, const char *own, struct sg_kernel_tables *ret,
			   struct sg_error *err)
{
	struct others others = {.own = own};
	uint32_t generation;

	if (sg_kernel_read_settled(kernel, others_read, &others, &generation, err) < 0) {
		sg_kernel_tables_clear(&others.tables);
		return -1;
	}
	*ret = others.tables;
	return 0;
}

void sg_kernel_tables_clear(struct sg_kernel_tables *tables)
{
	free(tables->items);
	*tables = (struct sg_kernel_tables){0};
}
