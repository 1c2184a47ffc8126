/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules_confirm.c - that a large set holds certain elements, without reading all of it.
 *
 * A dump of a set takes time quadratic in its size: the kernel hands it out in pieces of at most 32 K and walks the set
 * from its beginning for each. Asking for each element by its key is linear.
 *
 * That each element is there says nothing about others. Three questions rule them out:
 *
 *  - A catch-all element has no key. It is asked for by its flag.
 *  - The kernel counts the other elements (NFTA_SET_COUNT, Linux 6.16 and later). Of an exact set the count has to be
 *    the number of elements that were found. Without a count nothing is confirmed.
 *  - An interval without concatenation is two elements in the kernel, its start and the first key behind it, and the
 *    kernel's count is half of these elements, rounded down. So at most one element more than those found can hide. A
 *    single end matches nothing. A single start in front of an interval may match up to it, or nothing, by the kernel's
 *    build; a single start behind all matches up to the last key. So the last key in front of each interval, and the
 *    last key there is, are asked for, and must not be found.
 *
 * Asked for the last key of an interval, the kernel answers with the nearest start in front of it, if no end is nearer:
 * where that is the interval's own, nothing begins or ends in between. The end is asked for by its own key.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <libmnl/libmnl.h>

#include "kernel/nfnl.h"
#include "nft/attr.h"

#define CONFIRM_KEYS 16

/* A question, and the key of the element that has to be the answer. */
struct raw {
	uint8_t key[SG_NFT_DATA_SIZE], answer[SG_NFT_DATA_SIZE];
	bool is_end;
};

struct confirm {
	const struct sg_set *set;
	struct raw asked[CONFIRM_KEYS];
	size_t asked_count, answered;
	bool other; /* an answer is not what was asked for */
};

static bool same_element(const struct confirm *confirm, const struct raw *asked, struct attr_list list)
{
	struct attr attr, value;
	uint32_t flags = 0;
	bool found = false;

	while (sg_attr_next(&list, &attr)) {
		if (attr.type == NFTA_SET_ELEM_KEY) {
			struct attr_list nest = sg_attr_nest(&attr);

			found = sg_attr_next(&nest, &value) && value.type == NFTA_DATA_VALUE &&
				value.size == confirm->set->key_length &&
				!memcmp(value.data, asked->answer, value.size);
		} else if (attr.type == NFTA_SET_ELEM_FLAGS && attr.size == sizeof(flags)) {
			flags = sg_attr_be32(&attr);
		} else if (attr.type != NFTA_SET_ELEM_PAD) {
			return false; /* a timeout, an expression: not a plain element */
		}
	}
	return found && !list.torn && flags == (asked->is_end ? NFT_SET_ELEM_INTERVAL_END : 0U);
}

static int see_answer(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	const size_t head = sizeof(*header) + sizeof(struct nfgenmsg);
	struct confirm *confirm = data;
	struct attr_list list;
	struct attr attr, element;

	if (header->nlmsg_len < head)
		return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "the kernel's answer is torn");
	list = sg_attr_list(message + head, header->nlmsg_len - head);
	while (sg_attr_next(&list, &attr)) {
		struct attr_list elements = sg_attr_nest(&attr);

		if (attr.type != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		while (sg_attr_next(&elements, &element)) {
			if (confirm->answered >= confirm->asked_count ||
			    !same_element(confirm, &confirm->asked[confirm->answered], sg_attr_nest(&element)))
				confirm->other = true;
			confirm->answered++;
		}
		confirm->other |= elements.torn;
	}
	return 0;
}

static int ask(struct sg_kernel *kernel, const struct sg_table *table, struct confirm *confirm, struct sg_error *err)
{
	struct nfnl_request request;
	struct nlattr *list;

	sg_nfnl_request(kernel, &request, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETSETELEM, 0, table->family);
	mnl_attr_put_strz(request.header, NFTA_SET_ELEM_LIST_TABLE, table->name);
	mnl_attr_put_strz(request.header, NFTA_SET_ELEM_LIST_SET, confirm->set->name);
	list = mnl_attr_nest_start(request.header, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (size_t i = 0; i < confirm->asked_count; i++) {
		struct nlattr *element = mnl_attr_nest_start(request.header, NFTA_LIST_ELEM);
		struct nlattr *key;

		if (confirm->asked[i].is_end)
			mnl_attr_put_u32(request.header, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
		key = mnl_attr_nest_start(request.header, NFTA_SET_ELEM_KEY);
		mnl_attr_put(request.header, NFTA_DATA_VALUE, confirm->set->key_length, confirm->asked[i].key);
		mnl_attr_nest_end(request.header, key);
		mnl_attr_nest_end(request.header, element);
	}
	mnl_attr_nest_end(request.header, list);
	confirm->answered = 0;
	return sg_nfnl_ask(kernel, &request, see_answer, confirm, err);
}

static const uint8_t *first_key(const struct sg_set *set, size_t element)
{
	return set->keys + element * sg_set_stride(set);
}

static const uint8_t *last_key(const struct sg_set *set, size_t element)
{
	return first_key(set, element) + (set->flags & SG_SET_INTERVAL ? set->key_length : 0);
}

/* The key behind another, false when there is none. */
static bool next_key(const struct sg_set *set, const uint8_t *key, uint8_t ret[SG_NFT_DATA_SIZE])
{
	size_t i = set->key_length;

	memcpy(ret, key, set->key_length);
	while (i > 0 && ++ret[i - 1] == 0)
		i--;
	return i > 0;
}

/* Gathers the questions about one element. */
static void gather(struct confirm *confirm, size_t element)
{
	const struct sg_set *set = confirm->set;
	struct raw *raw = &confirm->asked[confirm->asked_count++];

	memcpy(raw->key, last_key(set, element), set->key_length);
	memcpy(raw->answer, first_key(set, element), set->key_length);
	raw->is_end = false;
	if (!(set->flags & SG_SET_INTERVAL))
		return;
	raw = &confirm->asked[confirm->asked_count];
	if (!next_key(set, last_key(set, element), raw->key))
		return; /* the interval is open */
	memcpy(raw->answer, raw->key, set->key_length);
	raw->is_end = true;
	confirm->asked_count++;
}

/* Asks what has been gathered; *ret_all is whether all of it is there. */
static int flush(struct sg_kernel *kernel, const struct sg_table *table, struct confirm *confirm, bool *ret_all,
		 struct sg_error *err)
{
	struct sg_error cause = {0};
	int result;

	if (!confirm->asked_count)
		return 0; /* as it was */
	result = ask(kernel, table, confirm, &cause);
	if (result && !(cause.kind == SG_ERROR_SYSTEM && cause.errnum == ENOENT)) {
		if (err)
			*err = cause;
		return -1;
	}
	*ret_all = !result && !confirm->other && confirm->answered == confirm->asked_count;
	confirm->asked_count = 0;
	return 0;
}

/* Whether nothing is found for the last key between two elements; the first is SIZE_MAX (one before 0), or the second
 * the count, for the ends of all keys. */
static int confirm_gap(struct sg_kernel *kernel, const struct sg_table *table, struct confirm *confirm, size_t before,
		       size_t behind, bool *ret_empty, struct sg_error *err)
{
	const struct sg_set *set = confirm->set;
	struct raw *raw = &confirm->asked[0];
	uint8_t next[SG_NFT_DATA_SIZE] = {0};

	if (before != SIZE_MAX && !next_key(set, last_key(set, before), next))
		return 0; /* no key is behind it */
	memset(raw->key, 0xff, set->key_length);
	if (behind < set->count) {
		if (!memcmp(next, first_key(set, behind), set->key_length))
			return 0; /* no key is in between */
		memcpy(raw->key, first_key(set, behind), set->key_length);
		for (size_t i = set->key_length; i-- > 0 && raw->key[i]-- == 0;)
			;
	}
	memcpy(raw->answer, raw->key, set->key_length);
	raw->is_end = false;
	confirm->asked_count = 1;
	if (flush(kernel, table, confirm, ret_empty, err))
		return -1;
	*ret_empty = !confirm->answered;
	return 0;
}

/* Asks for the element that every key has that no other has. Any answer but ENOENT leaves it open. */
static int confirm_no_catch_all(struct sg_kernel *kernel, const struct sg_table *table, struct confirm *confirm,
				bool *ret_none, struct sg_error *err)
{
	struct sg_error cause = {0};
	struct nfnl_request request;
	struct nlattr *list, *element;
	int result;

	sg_nfnl_request(kernel, &request, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETSETELEM, 0, table->family);
	mnl_attr_put_strz(request.header, NFTA_SET_ELEM_LIST_TABLE, table->name);
	mnl_attr_put_strz(request.header, NFTA_SET_ELEM_LIST_SET, confirm->set->name);
	list = mnl_attr_nest_start(request.header, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = mnl_attr_nest_start(request.header, NFTA_LIST_ELEM);
	mnl_attr_put_u32(request.header, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_CATCHALL));
	mnl_attr_nest_end(request.header, element);
	mnl_attr_nest_end(request.header, list);
	confirm->asked_count = confirm->answered = 0;
	result = sg_nfnl_ask(kernel, &request, see_answer, confirm, &cause);
	*ret_none = result && cause.kind == SG_ERROR_SYSTEM && cause.errnum == ENOENT && !confirm->answered;
	confirm->other = false;
	if (!result || cause.kind == SG_ERROR_SYSTEM)
		return 0;
	if (err)
		*err = cause;
	return -1;
}

/* Whether the kernel's count leaves room for no element but the set's; of intervals, for one boundary at most, which the
 * gaps are asked about. */
static bool count_leaves_no_room(const struct sg_set *set, uint32_t filled)
{
	size_t boundaries = 2 * set->count;
	uint8_t behind[SG_NFT_DATA_SIZE];

	if (!filled || !(set->flags & SG_SET_INTERVAL))
		return filled == set->count;
	if (!next_key(set, last_key(set, set->count - 1), behind))
		boundaries--; /* the last interval is open */
	return filled == boundaries / 2;
}

/* Whether each element is there, and whether it is counted. */
static int confirm_each(struct sg_kernel *kernel, const struct sg_table *table, struct confirm *confirm, bool *ret_all,
			struct sg_error *err)
{
	for (size_t i = 0; i < confirm->set->count && *ret_all; i++) {
		gather(confirm, i);
		if (confirm->asked_count + 2 > CONFIRM_KEYS && flush(kernel, table, confirm, ret_all, err))
			return -1;
	}
	return *ret_all ? flush(kernel, table, confirm, ret_all, err) : 0;
}

int sg_kernel_confirm_elements(struct sg_kernel *kernel, const struct sg_table *table, const struct sg_set *set,
			       uint32_t filled, bool *ret_all, struct sg_error *err)
{
	bool pairs = set->flags & SG_SET_INTERVAL, all = true;
	struct confirm confirm = {.set = set};

	if ((set->flags & ~SG_SET_INTERVAL) || set->key_length > SG_NFT_DATA_SIZE)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "elements of such a set cannot be asked for one by one");
	*ret_all = false;
	if (!set->count || !count_leaves_no_room(set, filled))
		return 0;
	if (confirm_no_catch_all(kernel, table, &confirm, &all, err))
		return -1;
	/* what nft can add without an end goes up to the last key: ask there first */
	if (all && pairs && confirm_gap(kernel, table, &confirm, set->count - 1, set->count, &all, err))
		return -1;
	if (all && confirm_each(kernel, table, &confirm, &all, err))
		return -1;
	for (size_t i = 0; pairs && i < set->count && all; i++)
		if (confirm_gap(kernel, table, &confirm, i - 1, i, &all, err))
			return -1;
	*ret_all = all;
	return 0;
}
