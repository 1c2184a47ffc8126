/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decode.c - netlink messages of nf_tables as values: the frame, tables and chains.
 *
 * Everything that the proofs rest on comes through here, so nothing may be lost silently. Attributes are walked one by
 * one against the list of those that are understood; whatever else is there (a newer kernel's attribute, a flag, an
 * expression) marks its object as unknown. libnftnl would pass over it. What has no meaning for the fate of a packet
 * (use counts, handles, padding) is on the list and is passed over on purpose.
 *
 * Malformed messages are refused: the kernel makes none.
 */
#include <errno.h>
#include <string.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <libnftnl/udata.h>

#include "base/mem.h"
#include "nft/decode.h"

#define DECODE_TABLE_FLAGS 0x7U /* dormant, owner, persist */

int sg_decode_malformed(const char *what, struct sg_error *err)
{
	return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "malformed netlink message: %s", what);
}

int sg_decode_collect(struct attr_list list, uint64_t known, struct decode_attrs *ret, struct sg_error *err)
{
	struct attr attr;

	memset(ret, 0, sizeof(*ret));
	while (sg_attr_next(&list, &attr)) {
		if (attr.type >= DECODE_ATTRS || !(known & DECODE_BIT(attr.type))) {
			ret->unknown = attr.type ? attr.type : UINT32_MAX;
			continue;
		}
		/* padding, which is empty, may come more than once */
		if (ret->at[attr.type].data && !attr.size)
			continue;
		if (ret->at[attr.type].data)
			return sg_decode_malformed("the same attribute twice", err);
		ret->at[attr.type] = attr;
	}
	return list.torn ? sg_decode_malformed("attribute does not fit", err) : 0;
}

int sg_decode_u32(const struct decode_attrs *attrs, uint16_t type, uint32_t *ret, struct sg_error *err)
{
	if (!sg_decode_has(attrs, type))
		return 0;
	if (attrs->at[type].size != sizeof(uint32_t))
		return sg_decode_malformed("number of another size", err);
	*ret = sg_attr_be32(&attrs->at[type]);
	return 0;
}

int sg_decode_u64(const struct decode_attrs *attrs, uint16_t type, uint64_t *ret, struct sg_error *err)
{
	if (!sg_decode_has(attrs, type))
		return 0;
	if (attrs->at[type].size != sizeof(uint64_t))
		return sg_decode_malformed("number of another size", err);
	*ret = sg_attr_be64(&attrs->at[type]);
	return 0;
}

int sg_decode_name(const struct decode_attrs *attrs, uint16_t type, char ret[SG_NFT_NAME_SIZE], struct sg_error *err)
{
	size_t length = sg_decode_has(attrs, type) ? sg_attr_string(&attrs->at[type], SG_NFT_NAME_SIZE) : 0;

	if (!length)
		return sg_decode_malformed("name missing, too long or not a string", err);
	memcpy(ret, attrs->at[type].data, length);
	ret[length] = '\0';
	return 0;
}

bool sg_decode_udata_find(const struct attr *udata, uint8_t type, struct attr *ret)
{
	for (size_t at = 0; at + 2 <= udata->size;) {
		size_t size = udata->data[at + 1];

		if (size > udata->size - at - 2)
			return false;
		if (udata->data[at] == type) {
			*ret = (struct attr){.type = type, .data = udata->data + at + 2, .size = size};
			return true;
		}
		at += 2 + size;
	}
	return false;
}

int sg_decode_udata_text(const struct attr *udata, uint8_t type, char **ret, struct sg_error *err)
{
	struct attr item;

	if (!udata->data || !sg_decode_udata_find(udata, type, &item) || !sg_attr_string(&item, UINT8_MAX + 1))
		return 0;
	*ret = strndup((const char *)item.data, item.size);
	return *ret ? 0 : sg_error_nomem(err);
}

int sg_decode_verdict(const struct attr *nest, struct sg_nft_verdict *ret, bool *ret_odd, struct sg_error *err)
{
	const uint64_t known = DECODE_BIT(NFTA_VERDICT_CODE) | DECODE_BIT(NFTA_VERDICT_CHAIN);
	char chain[SG_NFT_NAME_SIZE];
	struct decode_attrs attrs;
	uint32_t code = 0;

	if (sg_decode_collect(sg_attr_nest(nest), known, &attrs, err) < 0 ||
	    sg_decode_u32(&attrs, NFTA_VERDICT_CODE, &code, err) < 0)
		return -1;
	if (!sg_decode_has(&attrs, NFTA_VERDICT_CODE))
		return sg_decode_malformed("verdict without code", err);

	bool jumps = (int32_t)code == SG_CODE_JUMP || (int32_t)code == SG_CODE_GOTO;

	*ret = (struct sg_nft_verdict){.code = (int32_t)code};
	*ret_odd = attrs.unknown != 0;
	switch ((int32_t)code) {
	case SG_CODE_DROP:
	case SG_CODE_ACCEPT:
	case SG_CODE_QUEUE:
	case SG_CODE_CONTINUE:
	case SG_CODE_BREAK:
	case SG_CODE_RETURN:
	case SG_CODE_JUMP:
	case SG_CODE_GOTO: break;
	default: *ret_odd = true;
	}
	/* a chain that has no name (it is only known by its id within a batch) cannot be followed */
	if (jumps != sg_decode_has(&attrs, NFTA_VERDICT_CHAIN))
		*ret_odd = true;
	if (*ret_odd) {
		ret->code = SG_CODE_DROP;
		return 0;
	}
	if (!jumps)
		return 0;
	if (sg_decode_name(&attrs, NFTA_VERDICT_CHAIN, chain, err) < 0)
		return -1;
	ret->chain = strdup(chain);
	return ret->chain ? 0 : sg_error_nomem(err);
}

static int decode_table(struct sg_ruleset *ruleset, uint32_t family, struct attr_list list, struct sg_error *err)
{
	const uint64_t known = DECODE_BIT(NFTA_TABLE_NAME) | DECODE_BIT(NFTA_TABLE_FLAGS) | DECODE_BIT(NFTA_TABLE_USE) |
			       DECODE_BIT(NFTA_TABLE_HANDLE) | DECODE_BIT(NFTA_TABLE_PAD) |
			       DECODE_BIT(NFTA_TABLE_USERDATA) | DECODE_BIT(NFTA_TABLE_OWNER);
	char name[SG_NFT_NAME_SIZE];
	struct decode_attrs attrs;

	if (sg_decode_collect(list, known, &attrs, err) < 0 || sg_decode_name(&attrs, NFTA_TABLE_NAME, name, err) < 0)
		return -1;
	struct sg_table *table = sg_ruleset_add_table(ruleset, family, name, err);

	if (!table)
		return -1;
	if (sg_decode_u32(&attrs, NFTA_TABLE_FLAGS, &table->flags, err) < 0 ||
	    sg_decode_u32(&attrs, NFTA_TABLE_OWNER, &table->owner, err) < 0 ||
	    sg_decode_u64(&attrs, NFTA_TABLE_HANDLE, &table->handle, err) < 0 ||
	    sg_decode_udata_text(&attrs.at[NFTA_TABLE_USERDATA], NFTNL_UDATA_TABLE_COMMENT, &table->comment, err) < 0) {
		sg_table_clear(&ruleset->tables[--ruleset->table_count]);
		return -1;
	}
	table->unknown = attrs.unknown || (table->flags & ~DECODE_TABLE_FLAGS);
	return 0;
}

/* NFTA_HOOK_DEV or the first of NFTA_HOOK_DEVS. Which devices it is does not matter: such a chain is not interpreted.
 */
static int decode_device(struct sg_chain *chain, const struct decode_attrs *hook, struct sg_error *err)
{
	struct attr device = hook->at[NFTA_HOOK_DEV];

	if (!device.data && sg_decode_has(hook, NFTA_HOOK_DEVS)) {
		struct attr_list devices = sg_attr_nest(&hook->at[NFTA_HOOK_DEVS]);

		if (!sg_attr_next(&devices, &device))
			return 0;
	}
	if (!device.data)
		return 0;
	chain->device = strndup((const char *)device.data, device.size);
	return chain->device ? 0 : sg_error_nomem(err);
}

static int decode_hook(struct sg_chain *chain, const struct decode_attrs *attrs, struct sg_error *err)
{
	const uint64_t known = DECODE_BIT(NFTA_HOOK_HOOKNUM) | DECODE_BIT(NFTA_HOOK_PRIORITY) |
			       DECODE_BIT(NFTA_HOOK_DEV) | DECODE_BIT(NFTA_HOOK_DEVS);
	struct decode_attrs hook;
	uint32_t priority = 0;
	char type[SG_NFT_NAME_SIZE];

	chain->is_base = true;
	chain->policy = SG_CODE_ACCEPT;
	if (sg_decode_collect(sg_attr_nest(&attrs->at[NFTA_CHAIN_HOOK]), known, &hook, err) < 0 ||
	    sg_decode_u32(&hook, NFTA_HOOK_HOOKNUM, &chain->hook, err) < 0 ||
	    sg_decode_u32(&hook, NFTA_HOOK_PRIORITY, &priority, err) < 0 ||
	    sg_decode_u32(attrs, NFTA_CHAIN_POLICY, &chain->policy, err) < 0 ||
	    sg_decode_name(attrs, NFTA_CHAIN_TYPE, type, err) < 0 || decode_device(chain, &hook, err) < 0)
		return -1;
	chain->priority = (int32_t)priority;
	chain->type = strdup(type);
	if (!chain->type)
		return sg_error_nomem(err);
	chain->unknown |= hook.unknown || !sg_decode_has(&hook, NFTA_HOOK_HOOKNUM) ||
			  !sg_decode_has(&hook, NFTA_HOOK_PRIORITY) || chain->policy > SG_CODE_ACCEPT;
	return 0;
}

static int decode_chain_members(struct sg_chain *chain, const struct decode_attrs *attrs, struct sg_error *err)
{
	uint32_t flags = 0;

	if (sg_decode_u32(attrs, NFTA_CHAIN_FLAGS, &flags, err) < 0 ||
	    sg_decode_u64(attrs, NFTA_CHAIN_HANDLE, &chain->handle, err) < 0 ||
	    sg_decode_udata_text(&attrs->at[NFTA_CHAIN_USERDATA], NFTNL_UDATA_CHAIN_COMMENT, &chain->comment, err) < 0)
		return -1;
	chain->unknown = attrs->unknown || (flags & ~(uint32_t)(NFT_CHAIN_BASE | NFT_CHAIN_BINDING));
	return sg_decode_has(attrs, NFTA_CHAIN_HOOK) ? decode_hook(chain, attrs, err) : 0;
}

static int decode_chain(struct sg_table *table, struct attr_list list, struct sg_error *err)
{
	const uint64_t known =
		DECODE_BIT(NFTA_CHAIN_TABLE) | DECODE_BIT(NFTA_CHAIN_HANDLE) | DECODE_BIT(NFTA_CHAIN_NAME) |
		DECODE_BIT(NFTA_CHAIN_HOOK) | DECODE_BIT(NFTA_CHAIN_POLICY) | DECODE_BIT(NFTA_CHAIN_USE) |
		DECODE_BIT(NFTA_CHAIN_TYPE) | DECODE_BIT(NFTA_CHAIN_COUNTERS) | DECODE_BIT(NFTA_CHAIN_PAD) |
		DECODE_BIT(NFTA_CHAIN_FLAGS) | DECODE_BIT(NFTA_CHAIN_ID) | DECODE_BIT(NFTA_CHAIN_USERDATA);
	char name[SG_NFT_NAME_SIZE];
	struct decode_attrs attrs;

	if (sg_decode_collect(list, known, &attrs, err) < 0 || sg_decode_name(&attrs, NFTA_CHAIN_NAME, name, err) < 0)
		return -1;
	struct sg_chain *chain = sg_table_add_chain(table, name, err);

	if (!chain)
		return -1;
	if (decode_chain_members(chain, &attrs, err) < 0) {
		sg_chain_clear(&table->chains[--table->chain_count]);
		return -1;
	}
	return 0;
}

/* The table that a message speaks of: its name is attribute 1 of every message but the table's own. */
static struct sg_table *decode_find_table(struct sg_ruleset *ruleset, uint32_t family, struct attr_list list,
					  struct sg_error *err)
{
	struct decode_attrs attrs;
	char name[SG_NFT_NAME_SIZE];

	if (sg_decode_collect(list, DECODE_BIT(NFTA_CHAIN_TABLE), &attrs, err) < 0 ||
	    sg_decode_name(&attrs, NFTA_CHAIN_TABLE, name, err) < 0)
		return NULL;
	const struct sg_table *table = sg_ruleset_table(ruleset, family, name);

	if (!table) {
		sg_decode_malformed("it speaks of a table that is not there", err);
		return NULL;
	}
	return &ruleset->tables[table - ruleset->tables];
}

int sg_wire_decode(struct sg_ruleset *ruleset, const void *message, size_t size, struct sg_error *err)
{
	struct nlmsghdr header;
	struct nfgenmsg generic;

	if (size < sizeof(header) + sizeof(generic))
		return sg_decode_malformed("too short", err);
	memcpy(&header, message, sizeof(header));
	memcpy(&generic, (const uint8_t *)message + sizeof(header), sizeof(generic));
	if (header.nlmsg_len > size || header.nlmsg_len < sizeof(header) + sizeof(generic))
		return sg_decode_malformed("length does not fit", err);
	if (header.nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES)
		return sg_decode_malformed("not one of nf_tables", err);

	size_t head = sizeof(header) + sizeof(generic);
	struct attr_list list = sg_attr_list((const uint8_t *)message + head, header.nlmsg_len - head);
	uint32_t family = generic.nfgen_family;

	if ((header.nlmsg_type & 0xff) == NFT_MSG_NEWTABLE)
		return decode_table(ruleset, family, list, err);

	struct sg_table *table = decode_find_table(ruleset, family, list, err);

	if (!table)
		return -1;
	switch (header.nlmsg_type & 0xff) {
	case NFT_MSG_NEWCHAIN: return decode_chain(table, list, err);
	case NFT_MSG_NEWRULE: return sg_decode_rule(table, list, err);
	case NFT_MSG_NEWSET: return sg_decode_set(table, list, err);
	case NFT_MSG_NEWSETELEM: return sg_decode_elements(table, list, err);
	case NFT_MSG_NEWOBJ: table->object_count++; return 0;
	case NFT_MSG_NEWFLOWTABLE: table->flowtable_count++; return 0;
	default: return sg_decode_malformed("of a kind that no dump has", err);
	}
}
