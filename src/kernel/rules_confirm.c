/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules_confirm.c - that a large set holds certain elements, without reading all of it.
 *
 * A dump of a set takes time quadratic in its size: the kernel hands it out in pieces of at most 32 K and walks the set
 * from its beginning for each. Asking for each element by its key is linear. An interval without concatenation is two
 * elements in the kernel, its start and the first address behind it, and both are asked for; the kernel answers with
 * the element that it found, and only an element with the very same key counts.
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

/* One element as the kernel has it. */
struct raw {
	uint8_t key[SG_NFT_DATA_SIZE];
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
				value.size == confirm->set->key_length && !memcmp(value.data, asked->key, value.size);
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

/* The key behind the last one of an interval; false when there is none: the interval is open. */
static bool key_behind(const struct sg_set *set, size_t element, struct raw *ret)
{
	size_t i = set->key_length;

	memcpy(ret->key, set->keys + element * sg_set_stride(set) + set->key_length, set->key_length);
	ret->is_end = true;
	while (i > 0 && ++ret->key[i - 1] == 0)
		i--;
	return i > 0;
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

int sg_kernel_confirm_elements(struct sg_kernel *kernel, const struct sg_table *table, const struct sg_set *set,
			       bool *ret_all, struct sg_error *err)
{
	bool pairs = (set->flags & SG_SET_INTERVAL) && !(set->flags & SG_SET_CONCAT), all = true;
	struct confirm confirm = {.set = set};

	if ((set->flags & SG_SET_MAP) || ((set->flags & SG_SET_INTERVAL) && !pairs) ||
	    set->key_length > SG_NFT_DATA_SIZE)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "elements of such a set cannot be asked for one by one");
	for (size_t i = 0; i < set->count && all; i++) {
		struct raw *start = &confirm.asked[confirm.asked_count++];

		memcpy(start->key, set->keys + i * sg_set_stride(set), set->key_length);
		start->is_end = false;
		if (pairs && key_behind(set, i, &confirm.asked[confirm.asked_count]))
			confirm.asked_count++;
		if (confirm.asked_count + 2 > CONFIRM_KEYS && flush(kernel, table, &confirm, &all, err))
			return -1;
	}
	if (all && flush(kernel, table, &confirm, &all, err))
		return -1;
	*ret_all = all;
	return 0;
}
