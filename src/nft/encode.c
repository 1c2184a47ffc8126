/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * encode.c - batches of nf_tables messages: their frame, tables and chains, and the way back from a refusal.
 *
 * A batch is NFNL_MSG_BATCH_BEGIN, messages, NFNL_MSG_BATCH_END (linux/netfilter/nfnetlink.h), sent as one. It lies in
 * one buffer that grows; libnftnl and libmnl write into it without knowing its end, so every message says beforehand
 * how long it can become. libnftnl does not check lengths either: everything that is variable is checked here.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>

#include "base/mem.h"
#include "nft/attr.h"
#include "nft/encode.h"

/* Fixed parts of a table's or chain's message, names and user data: never more. */
#define ENCODE_OBJECT_SIZE 2048
#define ENCODE_HEADER_SIZE (sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg))
#define ENCODE_END_SIZE    ENCODE_HEADER_SIZE /* NFNL_MSG_BATCH_END has nothing else */

struct sg_wire *sg_wire_new(void)
{
	return calloc(1, sizeof(struct sg_wire));
}

void sg_wire_free(struct sg_wire *wire)
{
	if (!wire)
		return;
	free(wire->data);
	free(wire->notes);
	free(wire->offsets);
	free(wire);
}

void sg_encode_fail(struct sg_wire *wire, enum sg_error_kind kind, const char *format, ...)
{
	char text[sizeof(wire->error.message)];
	va_list args;

	if (wire->error.kind != SG_ERROR_NONE)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sg_error_set(&wire->error, kind, 0, "%s", text);
}

bool sg_encode_reserve(struct sg_wire *wire, size_t size)
{
	if (wire->error.kind != SG_ERROR_NONE)
		return false;
	if (sg_grow(&wire->data, &wire->room, wire->size, size, 1) < 0) {
		sg_error_nomem(&wire->error);
		return false;
	}
	return true;
}

bool sg_encode_name_fits(struct sg_wire *wire, const char *what, const char *name)
{
	if (name && *name && strlen(name) < SG_NFT_NAME_SIZE)
		return true;
	sg_encode_fail(wire, SG_ERROR_INPUT, "name of %s '%.64s' has to have 1 to %d bytes", what, name ? name : "",
		       SG_NFT_NAME_SIZE - 1);
	return false;
}

/* A netlink and an nfnetlink header at the end of the batch, with room for `size` bytes more. */
static struct nlmsghdr *encode_header(struct sg_wire *wire, uint16_t type, uint16_t flags, uint8_t family,
				      uint16_t resource, size_t size, const struct sg_wire_note *note)
{
	size += ENCODE_HEADER_SIZE;
	if (!sg_encode_reserve(wire, size))
		return NULL;
	if (sg_grow(&wire->notes, &wire->note_room, wire->note_count, 1, sizeof(*wire->notes)) < 0 ||
	    sg_grow(&wire->offsets, &wire->offset_room, wire->note_count, 1, sizeof(*wire->offsets)) < 0) {
		sg_error_nomem(&wire->error);
		return NULL;
	}
	uint32_t seq = wire->first_seq + (uint32_t)wire->note_count;

	wire->offsets[wire->note_count] = wire->size;
	wire->notes[wire->note_count] = *note;
	wire->notes[wire->note_count++].seq = seq;

	struct nlmsghdr *header = mnl_nlmsg_put_header(wire->data + wire->size);
	struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(header, sizeof(*generic));

	header->nlmsg_type = type;
	header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	header->nlmsg_seq = seq;
	*generic = (struct nfgenmsg){.nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(resource)};
	return header;
}

struct nlmsghdr *sg_encode_message(struct sg_wire *wire, uint16_t type, uint16_t flags, uint32_t family, size_t size,
				   const struct sg_wire_note *note)
{
	if (!wire->echoed)
		flags |= NLM_F_ECHO;
	struct nlmsghdr *header = encode_header(wire, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags,
						(uint8_t)family, 0, size, note);

	wire->echoed |= header != NULL;
	return header;
}

void sg_encode_finish(struct sg_wire *wire, const struct nlmsghdr *header)
{
	wire->size += ((size_t)header->nlmsg_len + 3) & ~(size_t)3;
}

bool sg_encode_udata_put(struct sg_wire *wire, struct encode_udata *udata, uint8_t type, const void *data, size_t size)
{
	if (size > UINT8_MAX || udata->size + 2 + size > sizeof(udata->bytes)) {
		sg_encode_fail(wire, SG_ERROR_LIMIT, "comment and notes of more than %d bytes", ENCODE_UDATA_SIZE);
		return false;
	}
	udata->bytes[udata->size++] = type;
	udata->bytes[udata->size++] = (uint8_t)size;
	memcpy(udata->bytes + udata->size, data, size);
	udata->size += size;
	return true;
}

bool sg_encode_udata_comment(struct sg_wire *wire, struct encode_udata *udata, uint8_t type, const char *comment)
{
	if (!comment)
		return true;
	if (strlen(comment) > NFTNL_UDATA_COMMENT_MAXLEN) {
		sg_encode_fail(wire, SG_ERROR_LIMIT, "comment '%.32s…' has more than %d bytes", comment,
			       NFTNL_UDATA_COMMENT_MAXLEN);
		return false;
	}
	return sg_encode_udata_put(wire, udata, type, comment, strlen(comment) + 1);
}

void sg_wire_begin(struct sg_wire *wire, uint32_t first_seq, uint32_t generation)
{
	wire->first_seq = first_seq;
	struct nlmsghdr *header = encode_header(wire, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, 16,
						&(struct sg_wire_note){.what = "batch"});

	if (!header)
		return;
	if (generation)
		mnl_attr_put_u32(header, NFNL_BATCH_GENID, htonl(generation));
	sg_encode_finish(wire, header);
}

int sg_wire_end(struct sg_wire *wire, const void **ret_data, size_t *ret_size, struct sg_error *err)
{
	struct nlmsghdr *header = encode_header(wire, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, 0,
						&(struct sg_wire_note){.what = "batch"});

	if (!header) {
		if (err)
			*err = wire->error;
		return -1;
	}
	sg_encode_finish(wire, header);
	*ret_data = wire->data;
	*ret_size = wire->size;
	return 0;
}

size_t sg_wire_size(const struct sg_wire *wire)
{
	return wire->size + ENCODE_END_SIZE;
}

size_t sg_wire_messages(const struct sg_wire *wire)
{
	return wire->note_count;
}

void sg_wire_drop(struct sg_wire *wire, size_t messages)
{
	if (messages >= wire->note_count)
		return;
	wire->size = wire->offsets[messages];
	wire->note_count = messages;
}

static void encode_table(struct sg_wire *wire, const struct sg_table *table, uint16_t type, uint16_t flags)
{
	struct encode_udata udata = {.size = 0};

	if (!sg_encode_name_fits(wire, "table", table->name) ||
	    !sg_encode_udata_comment(wire, &udata, NFTNL_UDATA_TABLE_COMMENT, table->comment))
		return;
	struct nlmsghdr *header = sg_encode_message(wire, type, flags, table->family, ENCODE_OBJECT_SIZE,
						    &(struct sg_wire_note){.what = "table", .name = table->name});

	if (!header)
		return;
	struct nftnl_table *t = nftnl_table_alloc();
	bool new = type == NFT_MSG_NEWTABLE;

	if (!t || nftnl_table_set_str(t, NFTNL_TABLE_NAME, table->name) < 0 ||
	    (new &&nftnl_table_set_data(t, NFTNL_TABLE_FLAGS, &table->flags, sizeof(table->flags)) < 0) ||
	    (new &&udata.size &&nftnl_table_set_data(t, NFTNL_TABLE_USERDATA, udata.bytes, (uint32_t)udata.size) < 0)) {
		sg_error_nomem(&wire->error);
	} else {
		nftnl_table_nlmsg_build_payload(header, t);
		sg_encode_finish(wire, header);
	}
	if (t)
		nftnl_table_free(t);
}

void sg_wire_add_table(struct sg_wire *wire, const struct sg_table *table)
{
	encode_table(wire, table, NFT_MSG_NEWTABLE, NLM_F_CREATE);
}

void sg_wire_del_table(struct sg_wire *wire, const struct sg_table *table)
{
	encode_table(wire, table, NFT_MSG_DELTABLE, 0);
}

/* The members of a new chain, beside its table and name. */
static int encode_chain_members(struct nftnl_chain *c, const struct sg_chain *chain, const struct encode_udata *udata)
{
	if (udata->size && nftnl_chain_set_data(c, NFTNL_CHAIN_USERDATA, udata->bytes, (uint32_t)udata->size) < 0)
		return -1;
	if (!chain->is_base)
		return 0;
	if (nftnl_chain_set_data(c, NFTNL_CHAIN_HOOKNUM, &chain->hook, sizeof(chain->hook)) < 0 ||
	    nftnl_chain_set_data(c, NFTNL_CHAIN_PRIO, &chain->priority, sizeof(chain->priority)) < 0 ||
	    nftnl_chain_set_data(c, NFTNL_CHAIN_POLICY, &chain->policy, sizeof(chain->policy)) < 0 ||
	    nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, chain->type) < 0)
		return -1;
	return chain->device ? nftnl_chain_set_str(c, NFTNL_CHAIN_DEV, chain->device) : 0;
}

static void encode_chain(struct sg_wire *wire, const struct sg_table *table, const struct sg_chain *chain,
			 uint16_t type, uint16_t flags)
{
	struct encode_udata udata = {.size = 0};

	if (!sg_encode_name_fits(wire, "table", table->name) || !sg_encode_name_fits(wire, "chain", chain->name) ||
	    (chain->is_base && !sg_encode_name_fits(wire, "chain type", chain->type)) ||
	    (chain->device && !sg_encode_name_fits(wire, "device", chain->device)) ||
	    !sg_encode_udata_comment(wire, &udata, NFTNL_UDATA_CHAIN_COMMENT, chain->comment))
		return;
	struct nlmsghdr *header = sg_encode_message(wire, type, flags, table->family, ENCODE_OBJECT_SIZE,
						    &(struct sg_wire_note){.what = "chain", .name = chain->name});

	if (!header)
		return;
	struct nftnl_chain *c = nftnl_chain_alloc();

	if (!c || nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, table->name) < 0 ||
	    nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, chain->name) < 0 ||
	    (type == NFT_MSG_NEWCHAIN && encode_chain_members(c, chain, &udata) < 0)) {
		sg_error_nomem(&wire->error);
	} else {
		nftnl_chain_nlmsg_build_payload(header, c);
		sg_encode_finish(wire, header);
	}
	if (c)
		nftnl_chain_free(c);
}

void sg_wire_add_chain(struct sg_wire *wire, const struct sg_table *table, const struct sg_chain *chain)
{
	encode_chain(wire, table, chain, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
}

void sg_wire_del_chain(struct sg_wire *wire, const struct sg_table *table, const struct sg_chain *chain)
{
	encode_chain(wire, table, chain, NFT_MSG_DELCHAIN, 0);
}

void sg_wire_add_whole_table(struct sg_wire *wire, const struct sg_table *table)
{
	sg_wire_add_table(wire, table);
	for (size_t i = 0; i < table->set_count; i++)
		sg_wire_add_set(wire, table, &table->sets[i]);
	for (size_t i = 0; i < table->chain_count; i++)
		sg_wire_add_chain(wire, table, &table->chains[i]);
	for (size_t i = 0; i < table->set_count; i++)
		sg_wire_add_elements(wire, table, &table->sets[i]);
	for (size_t i = 0; i < table->chain_count; i++) {
		for (size_t j = 0; j < table->chains[i].rule_count; j++)
			sg_wire_add_rule(wire, table, &table->chains[i], &table->chains[i].rules[j]);
	}
}

static uint32_t encode_element_flags(const struct attr *element)
{
	struct attr_list members = sg_attr_nest(element);
	struct attr member;

	while (sg_attr_next(&members, &member)) {
		if (member.type == NFTA_SET_ELEM_FLAGS)
			return sg_attr_be32(&member);
	}
	return 0;
}

/* The element of an element message that holds the byte at `offset`. */
static size_t encode_find_element(const uint8_t *message, const struct sg_wire_note *note, size_t offset)
{
	const struct nlmsghdr *header = (const void *)message;
	struct attr_list list = sg_attr_list(message + ENCODE_HEADER_SIZE, header->nlmsg_len - ENCODE_HEADER_SIZE);
	struct attr attr, element;
	size_t found = SIZE_MAX, next = note->first;

	while (sg_attr_next(&list, &attr)) {
		if (attr.type != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		list = sg_attr_nest(&attr);
		while (sg_attr_next(&list, &element) && element.data <= message + offset + sizeof(struct nlattr)) {
			uint32_t flags = encode_element_flags(&element);

			if (flags & NFT_SET_ELEM_CATCHALL)
				found = SIZE_MAX;
			else if (!(flags & NFT_SET_ELEM_INTERVAL_END))
				found = next++;
		}
	}
	return found;
}

const struct sg_wire_note *sg_wire_find(const struct sg_wire *wire, uint32_t seq, size_t offset, size_t *ret_element)
{
	uint32_t index = seq - wire->first_seq;

	if (index >= wire->note_count)
		return NULL;
	const struct sg_wire_note *note = &wire->notes[index];

	*ret_element =
		note->set && offset ? encode_find_element(wire->data + wire->offsets[index], note, offset) : SIZE_MAX;
	return note;
}
