/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules_query.c - single keys of large sets.
 *
 * The kernel answers a list of keys one element a message and in order, up to the first key that it does not have; then
 * it stops. So the answer to a question is a run of found keys, and whether one is missing behind it.
 */
#include <errno.h>
#include <string.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <libmnl/libmnl.h>

#include "base/mem.h"
#include "kernel/nfnl.h"

/* Keys of one question: its request and its answers stay small. */
#define QUERY_KEYS 16

struct query {
	const struct sg_set *asked;
	struct sg_ruleset ruleset; /* one table with one raw set: a place to decode elements into */
	size_t next;               /* index of the key that the next answer is about */
	bool *found;
	struct sg_nft_verdict *verdicts;
};

/* An empty set of the same form. */
static int query_place(struct query *query, const struct sg_table *table, struct sg_error *err)
{
	struct sg_table *t = sg_ruleset_add_table(&query->ruleset, table->family, table->name, err);
	struct sg_set *set = t ? sg_table_add_set(t, query->asked->name, err) : NULL;

	if (!set)
		return -1;
	set->raw = true;
	set->flags = query->asked->flags;
	set->data_type = query->asked->data_type;
	set->key_length = query->asked->key_length;
	return 0;
}

static int see_element(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	struct query *query = data;
	struct sg_set *set = &query->ruleset.tables[0].sets[0];
	size_t before = set->count;

	if (sg_wire_decode(&query->ruleset, message, header->nlmsg_len, err) < 0)
		return -1;
	if (set->count != before + 1 || query->next >= query->asked->count)
		return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "the kernel answered with other elements");
	if (set->unknown)
		return sg_error_set(err, SG_ERROR_UNPROVEN, 0, "set '%s': %s", set->name, set->unknown_reason);
	if (query->verdicts && set->verdicts) {
		query->verdicts[query->next] = set->verdicts[before];
		set->verdicts[before] = (struct sg_nft_verdict){0};
	}
	query->found[query->next++] = true;
	return 0;
}

static void query_request(struct sg_kernel *kernel, const struct query *query, struct nfnl_request *request)
{
	const struct sg_table *table = &query->ruleset.tables[0];
	const struct sg_set *asked = query->asked;
	size_t end = query->next + QUERY_KEYS < asked->count ? query->next + QUERY_KEYS : asked->count;

	nfnl_request(kernel, request, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETSETELEM, 0, table->family);
	mnl_attr_put_strz(request->header, NFTA_SET_ELEM_LIST_TABLE, table->name);
	mnl_attr_put_strz(request->header, NFTA_SET_ELEM_LIST_SET, asked->name);
	struct nlattr *list = mnl_attr_nest_start(request->header, NFTA_SET_ELEM_LIST_ELEMENTS);

	for (size_t i = query->next; i < end; i++) {
		struct nlattr *element = mnl_attr_nest_start(request->header, NFTA_LIST_ELEM);
		struct nlattr *key = mnl_attr_nest_start(request->header, NFTA_SET_ELEM_KEY);

		mnl_attr_put(request->header, NFTA_DATA_VALUE, asked->key_length,
			     asked->keys + i * sg_set_stride(asked));
		mnl_attr_nest_end(request->header, key);
		mnl_attr_nest_end(request->header, element);
	}
	mnl_attr_nest_end(request->header, list);
}

int sg_kernel_query_elements(struct sg_kernel *kernel, const struct sg_table *table, const struct sg_set *asked,
			     bool *ret_found, struct sg_nft_verdict *ret_verdicts, struct sg_error *err)
{
	sg_autofree bool *found = calloc(asked->count + 1, sizeof(*found));
	sg_autofree struct sg_nft_verdict *verdicts = calloc(asked->count + 1, sizeof(*verdicts));
	struct query query = {.asked = asked, .found = found, .verdicts = verdicts};
	int result = -1;

	if (!found || !verdicts) {
		sg_error_nomem(err);
		goto out;
	}
	if (query_place(&query, table, err) < 0)
		goto out;
	while (query.next < asked->count) {
		struct sg_error cause = {0};
		struct nfnl_request request;

		query_request(kernel, &query, &request);
		if (nfnl_ask(kernel, &request, see_element, &query, &cause) == 0)
			continue;
		if (cause.kind != SG_ERROR_SYSTEM || cause.errnum != ENOENT ||
		    query.next >= asked->count) { /* a set that is not there is ENOENT too, for every key */
			if (err)
				*err = cause;
			goto out;
		}
		query.next++;
	}
	memcpy(ret_found, found, asked->count * sizeof(*found));
	if (ret_verdicts) {
		memcpy(ret_verdicts, verdicts, asked->count * sizeof(*verdicts));
		memset(verdicts, 0, asked->count * sizeof(*verdicts));
	}
	result = 0;
out:
	for (size_t i = 0; verdicts && i < asked->count; i++)
		sg_nft_verdict_clear(&verdicts[i]);
	sg_ruleset_clear(&query.ruleset);
	return result;
}
