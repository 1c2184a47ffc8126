/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * encode_set.c - sets, maps and their elements as messages.
 *
 * Elements are written attribute by attribute into the batch: there can be a million of them. The list of a message is
 * one nested attribute, whose length has 16 bits; a message that is nearly full is followed by another.
 *
 * How an interval is written depends on the backend that the kernel takes (nft_set_rbtree.c, nft_set_pipapo.c): a set
 * of one field wants the first key and, as an element of its own that is flagged as an end, the key after the last; a
 * concatenation wants both ends in one element. Where the last key is the greatest there is, no key is after it: the
 * end is left out.
 */
#include <string.h>
#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <libmnl/libmnl.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>

#include "nft/datatype.h"
#include "nft/encode.h"

#define ENCODE_SET_SIZE     2048
#define ENCODE_ELEMENT_SIZE 1024 /* more than two keys, a verdict, user data and the headers of an element */
#define ENCODE_LIST_SIZE    (UINT16_MAX - 2 * ENCODE_ELEMENT_SIZE)

static bool encode_set_valid(struct sg_wire *wire, const struct sg_table *table, const struct sg_set *set)
{
	const uint32_t known =
		SG_SET_CONSTANT | SG_SET_INTERVAL | SG_SET_MAP | SG_SET_TIMEOUT | SG_SET_EVAL | SG_SET_CONCAT;

	if (!sg_encode_name_fits(wire, "table", table->name) || !sg_encode_name_fits(wire, "set", set->name))
		return false;
	if (set->unknown || set->raw || (set->flags & ~known) ||
	    (set->flags & (SG_SET_EVAL | SG_SET_MAP)) == (SG_SET_EVAL | SG_SET_MAP) ||
	    (set->timeout && !(set->flags & SG_SET_TIMEOUT)))
		sg_encode_fail(wire, SG_ERROR_INPUT, "set '%s' has features that cannot be written", set->name);
	else if (!set->key_length || set->key_length > SG_NFT_DATA_SIZE)
		sg_encode_fail(wire, SG_ERROR_INPUT, "set '%s' has keys of %u bytes", set->name, set->key_length);
	else if ((set->flags & SG_SET_MAP) && set->data_type != DATATYPE_VERDICT)
		sg_encode_fail(wire, SG_ERROR_INPUT, "map '%s' is not one of verdicts", set->name);
	else if ((set->flags & SG_SET_EVAL) && !set->size) /* the kernel would choose one */
		sg_encode_fail(wire, SG_ERROR_INPUT, "set '%s' is filled by packets and has no size", set->name);
	else if (set->field_count > SG_NFT_REGISTERS || (set->flags & SG_SET_CONCAT && set->field_count < 2))
		sg_encode_fail(wire, SG_ERROR_INPUT, "set '%s' has %zu fields", set->name, set->field_count);
	else
		return true;
	return false;
}

/* What nft keeps there for itself, so that it prints the types as they are meant. */
static bool encode_set_udata(struct sg_wire *wire, const struct sg_set *set, struct encode_udata *udata)
{
	const struct datatype *fields[DATATYPE_FIELDS];
	size_t count = sg_datatype_split(set->key_type, fields);
	uint32_t byteorder = count == 1 ? fields[0]->byteorder : 0;

	if (!sg_encode_udata_put(wire, udata, NFTNL_UDATA_SET_KEYBYTEORDER, &byteorder, sizeof(byteorder)))
		return false;
	return sg_encode_udata_comment(wire, udata, NFTNL_UDATA_SET_COMMENT, set->comment);
}

static int encode_set_members(struct nftnl_set *s, const struct sg_set *set, uint32_t id,
			      const struct encode_udata *udata)
{
	const uint32_t verdict_length = 16; /* struct nft_verdict, as every program sends it */

	if (nftnl_set_set_data(s, NFTNL_SET_FLAGS, &set->flags, sizeof(set->flags)) < 0 ||
	    nftnl_set_set_data(s, NFTNL_SET_KEY_TYPE, &set->key_type, sizeof(set->key_type)) < 0 ||
	    nftnl_set_set_data(s, NFTNL_SET_KEY_LEN, &set->key_length, sizeof(set->key_length)) < 0 ||
	    nftnl_set_set_data(s, NFTNL_SET_ID, &id, sizeof(id)) < 0 ||
	    nftnl_set_set_data(s, NFTNL_SET_USERDATA, udata->bytes, (uint32_t)udata->size) < 0)
		return -1;
	if ((set->flags & SG_SET_MAP) &&
	    (nftnl_set_set_data(s, NFTNL_SET_DATA_TYPE, &set->data_type, sizeof(set->data_type)) < 0 ||
	     nftnl_set_set_data(s, NFTNL_SET_DATA_LEN, &verdict_length, sizeof(verdict_length)) < 0))
		return -1;
	if (set->timeout && nftnl_set_set_data(s, NFTNL_SET_TIMEOUT, &set->timeout, sizeof(set->timeout)) < 0)
		return -1;
	if (set->size && nftnl_set_set_data(s, NFTNL_SET_DESC_SIZE, &set->size, sizeof(set->size)) < 0)
		return -1;
	if (!(set->flags & SG_SET_CONCAT))
		return 0;
	return nftnl_set_set_data(s, NFTNL_SET_DESC_CONCAT, set->field_length, (uint32_t)set->field_count);
}

static void encode_set(struct sg_wire *wire, const struct sg_table *table, const struct sg_set *set, uint16_t type,
		       uint16_t flags)
{
	struct encode_udata udata = {.size = 0};
	bool new = type == NFT_MSG_NEWSET;

	if (wire->error.kind != SG_ERROR_NONE)
		return;
	if (!sg_encode_name_fits(wire, "table", table->name) || !sg_encode_name_fits(wire, "set", set->name) ||
	    (new && (!encode_set_valid(wire, table, set) || !encode_set_udata(wire, set, &udata))))
		return;
	struct nlmsghdr *header = sg_encode_message(wire, type, flags, table->family, ENCODE_SET_SIZE,
						    &(struct sg_wire_note){.what = "set", .name = set->name});

	if (!header)
		return;
	struct nftnl_set *s = nftnl_set_alloc();

	if (!s || nftnl_set_set_str(s, NFTNL_SET_TABLE, table->name) < 0 ||
	    nftnl_set_set_str(s, NFTNL_SET_NAME, set->name) < 0 ||
	    (new &&encode_set_members(s, set, (uint32_t)wire->note_count, &udata) < 0)) {
		sg_error_nomem(&wire->error);
	} else {
		nftnl_set_nlmsg_build_payload(header, s);
		sg_encode_finish(wire, header);
	}
	if (s)
		nftnl_set_free(s);
}

void sg_wire_add_set(struct sg_wire *wire, const struct sg_table *table, const struct sg_set *set)
{
	encode_set(wire, table, set, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);
}

void sg_wire_del_set(struct sg_wire *wire, const struct sg_table *table, const struct sg_set *set)
{
	encode_set(wire, table, set, NFT_MSG_DELSET, 0);
}

/* The elements of one call: where they go and what is in the message that is open. */
struct encode_elements {
	struct sg_wire *wire;
	const struct sg_table *table;
	const struct sg_set *set;
	bool add;
	struct nlmsghdr *header; /* NULL: no message is open */
	struct nlattr *list;
};

static void encode_elements_close(struct encode_elements *to)
{
	if (!to->header)
		return;
	mnl_attr_nest_end(to->header, to->list);
	sg_encode_finish(to->wire, to->header);
	to->header = NULL;
}

/* Sees to it that there is a message with room for two elements, the first of them with this index. */
static bool encode_elements_open(struct encode_elements *to, size_t index)
{
	if (to->header) {
		if ((char *)mnl_nlmsg_get_payload_tail(to->header) - (char *)to->list <= ENCODE_LIST_SIZE)
			return true;
		encode_elements_close(to);
	}
	to->header = sg_encode_message(
		to->wire, to->add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM, to->add ? NLM_F_CREATE | NLM_F_EXCL : 0,
		to->table->family, UINT16_MAX + 4 * SG_NFT_NAME_SIZE,
		&(struct sg_wire_note){.what = "element", .name = to->set->name, .set = to->set, .first = index});
	if (!to->header)
		return false;
	mnl_attr_put_strz(to->header, NFTA_SET_ELEM_LIST_TABLE, to->table->name);
	mnl_attr_put_strz(to->header, NFTA_SET_ELEM_LIST_SET, to->set->name);
	to->list = mnl_attr_nest_start(to->header, NFTA_SET_ELEM_LIST_ELEMENTS);
	return true;
}

static void encode_key(struct nlmsghdr *header, uint16_t type, const uint8_t *key, size_t length)
{
	struct nlattr *nest = mnl_attr_nest_start(header, type);

	mnl_attr_put(header, NFTA_DATA_VALUE, length, key);
	mnl_attr_nest_end(header, nest);
}

static void encode_element_verdict(struct encode_elements *to, const struct sg_nft_verdict *verdict)
{
	if (verdict->chain && !sg_encode_name_fits(to->wire, "chain", verdict->chain))
		return;
	struct nlattr *data = mnl_attr_nest_start(to->header, NFTA_SET_ELEM_DATA);
	struct nlattr *nest = mnl_attr_nest_start(to->header, NFTA_DATA_VERDICT);

	mnl_attr_put_u32(to->header, NFTA_VERDICT_CODE, htonl((uint32_t)verdict->code));
	if (verdict->chain)
		mnl_attr_put_strz(to->header, NFTA_VERDICT_CHAIN, verdict->chain);
	mnl_attr_nest_end(to->header, nest);
	mnl_attr_nest_end(to->header, data);
}

/* What a new element carries beside its key. */
static void encode_element_rest(struct encode_elements *to, const struct sg_nft_verdict *verdict, const char *comment)
{
	struct encode_udata udata = {.size = 0};

	if (!to->add)
		return;
	if (to->set->flags & SG_SET_MAP)
		encode_element_verdict(to, verdict);
	if (comment && sg_encode_udata_comment(to->wire, &udata, NFTNL_UDATA_SET_ELEM_COMMENT, comment))
		mnl_attr_put(to->header, NFTA_SET_ELEM_USERDATA, udata.size, udata.bytes);
}

/* The key after this one; false when there is none. */
static bool encode_successor(uint8_t *key, size_t length)
{
	for (size_t i = length; i-- > 0;) {
		if (++key[i])
			return true;
	}
	return false;
}

static void encode_element(struct encode_elements *to, size_t index)
{
	const struct sg_set *set = to->set;
	const uint8_t *first = set->keys + index * sg_set_stride(set), *last = first + set->key_length;
	bool concat = set->flags & SG_SET_CONCAT, interval = set->flags & SG_SET_INTERVAL;
	struct nlattr *nest = mnl_attr_nest_start(to->header, NFTA_LIST_ELEM);

	encode_key(to->header, NFTA_SET_ELEM_KEY, first, set->key_length);
	if (interval && concat)
		encode_key(to->header, NFTA_SET_ELEM_KEY_END, last, set->key_length);
	encode_element_rest(to, set->verdicts ? &set->verdicts[index] : NULL,
			    set->comments ? set->comments[index] : NULL);
	mnl_attr_nest_end(to->header, nest);
	if (!interval || concat)
		return;

	uint8_t end[SG_NFT_DATA_SIZE];

	memcpy(end, last, set->key_length);
	if (!encode_successor(end, set->key_length))
		return;
	nest = mnl_attr_nest_start(to->header, NFTA_LIST_ELEM);
	encode_key(to->header, NFTA_SET_ELEM_KEY, end, set->key_length);
	mnl_attr_put_u32(to->header, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
	mnl_attr_nest_end(to->header, nest);
}

/* An interval set of one field has to ascend without overlap: what the kernel makes of anything else is not ours. */
static bool encode_elements_ascend(struct sg_wire *wire, const struct sg_set *set)
{
	size_t length = set->key_length, stride = sg_set_stride(set);

	if (!(set->flags & SG_SET_INTERVAL) || (set->flags & SG_SET_CONCAT))
		return true;
	for (size_t i = 0; i < set->count; i++) {
		const uint8_t *first = set->keys + i * stride;

		if (memcmp(first, first + length, length) > 0 || (i && memcmp(first - length, first, length) >= 0)) {
			sg_encode_fail(wire, SG_ERROR_INPUT, "elements of set '%s' are not in order or overlap",
				       set->name);
			return false;
		}
	}
	return true;
}

/* Whether the elements can be written at all; if not, the wire has an error. */
static bool encode_elements_valid(const struct encode_elements *to)
{
	struct sg_wire *wire = to->wire;
	const struct sg_set *set = to->set;

	if (wire->error.kind != SG_ERROR_NONE || !encode_set_valid(wire, to->table, set) ||
	    !encode_elements_ascend(wire, set))
		return false;
	if (set->count && (set->flags & SG_SET_EVAL || set->timeout))
		sg_encode_fail(wire, SG_ERROR_INPUT, "elements of set '%s' come from packets, or expire", set->name);
	else if (to->add && (set->flags & SG_SET_MAP) && set->count && !set->verdicts)
		sg_encode_fail(wire, SG_ERROR_INPUT, "map '%s' has elements without verdict", set->name);
	return wire->error.kind == SG_ERROR_NONE;
}

static void encode_catch_all(struct encode_elements *to)
{
	struct nlattr *nest;

	if (!to->set->catch_all || !encode_elements_open(to, to->set->count))
		return;
	nest = mnl_attr_nest_start(to->header, NFTA_LIST_ELEM);
	mnl_attr_put_u32(to->header, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_CATCHALL));
	encode_element_rest(to, &to->set->catch_all_verdict, NULL);
	mnl_attr_nest_end(to->header, nest);
}

/* Whether one more element may take the batch, the open message included, over `room` bytes. */
static bool encode_elements_full(const struct encode_elements *to, size_t room)
{
	return to->header && sg_wire_size(to->wire) + to->header->nlmsg_len + 2 * ENCODE_ELEMENT_SIZE > room;
}

static size_t encode_elements(struct encode_elements to, size_t first, size_t room)
{
	size_t i = first;

	if (!encode_elements_valid(&to))
		return to.set->count;
	for (; i < to.set->count && !encode_elements_full(&to, room) && encode_elements_open(&to, i); i++)
		encode_element(&to, i);
	if (i == to.set->count)
		encode_catch_all(&to);
	encode_elements_close(&to);
	return to.wire->error.kind == SG_ERROR_NONE ? i : to.set->count;
}

void sg_wire_add_elements(struct sg_wire *wire, const struct sg_table *table, const struct sg_set *set)
{
	encode_elements((struct encode_elements){.wire = wire, .table = table, .set = set, .add = true}, 0, SIZE_MAX);
}

size_t sg_wire_add_elements_from(struct sg_wire *wire, const struct sg_table *table, const struct sg_set *set,
				 size_t first, size_t room)
{
	return encode_elements((struct encode_elements){.wire = wire, .table = table, .set = set, .add = true}, first,
			       room);
}

void sg_wire_del_elements(struct sg_wire *wire, const struct sg_table *table, const struct sg_set *set)
{
	encode_elements((struct encode_elements){.wire = wire, .table = table, .set = set}, 0, SIZE_MAX);
}
