/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft_messages.h - netlink messages of nf_tables, made by hand. Behind cmocka.h. */
#ifndef NFT_MESSAGES_H
#define NFT_MESSAGES_H

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "sockgate/wire.h"

struct message {
	_Alignas(8) uint8_t bytes[4096];
	struct nlmsghdr *header;
};

static inline struct nlmsghdr *message(struct message *m, uint8_t type, uint8_t family)
{
	memset(m, 0, sizeof(*m));
	m->header = mnl_nlmsg_put_header(m->bytes);
	m->header->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(m->header, sizeof(*generic));

	generic->nfgen_family = family;
	return m->header;
}

static inline int give(struct sg_ruleset *ruleset, const struct message *m, struct sg_error *err)
{
	return sg_wire_decode(ruleset, m->bytes, m->header->nlmsg_len, err);
}

/* A ruleset with table t, chain c and set s (keys of one byte). */
static inline void frame(struct sg_ruleset *ruleset, uint32_t set_flags)
{
	struct sg_error err = {0};
	struct message m;

	mnl_attr_put_strz(message(&m, NFT_MSG_NEWTABLE, NFPROTO_INET), NFTA_TABLE_NAME, "t");
	assert_int_equal(give(ruleset, &m, &err), 0);
	message(&m, NFT_MSG_NEWCHAIN, NFPROTO_INET);
	mnl_attr_put_strz(m.header, NFTA_CHAIN_TABLE, "t");
	mnl_attr_put_strz(m.header, NFTA_CHAIN_NAME, "c");
	assert_int_equal(give(ruleset, &m, &err), 0);
	message(&m, NFT_MSG_NEWSET, NFPROTO_INET);
	mnl_attr_put_strz(m.header, NFTA_SET_TABLE, "t");
	mnl_attr_put_strz(m.header, NFTA_SET_NAME, "s");
	mnl_attr_put_u32(m.header, NFTA_SET_FLAGS, htonl(set_flags));
	mnl_attr_put_u32(m.header, NFTA_SET_KEY_LEN, htonl(1));
	if (set_flags & SG_SET_MAP)
		mnl_attr_put_u32(m.header, NFTA_SET_DATA_TYPE, htonl(0xffffff00U));
	assert_int_equal(give(ruleset, &m, &err), 0);
	assert_false(ruleset->tables[0].sets[0].unknown);
	assert_false(ruleset->tables[0].chains[0].unknown);
}

static inline struct nlattr *open_rule(struct message *m)
{
	message(m, NFT_MSG_NEWRULE, NFPROTO_INET);
	mnl_attr_put_strz(m->header, NFTA_RULE_TABLE, "t");
	mnl_attr_put_strz(m->header, NFTA_RULE_CHAIN, "c");
	return mnl_attr_nest_start(m->header, NFTA_RULE_EXPRESSIONS);
}

/* An expression of numbers: pairs of attribute and value, ended by attribute 0. */
static inline void put_expr(struct message *m, const char *name, const uint32_t *pairs)
{
	struct nlattr *element = mnl_attr_nest_start(m->header, NFTA_LIST_ELEM);

	mnl_attr_put_strz(m->header, NFTA_EXPR_NAME, name);
	struct nlattr *data = mnl_attr_nest_start(m->header, NFTA_EXPR_DATA);

	for (; pairs[0]; pairs += 2)
		mnl_attr_put_u32(m->header, (uint16_t)pairs[0], htonl(pairs[1]));
	mnl_attr_nest_end(m->header, data);
	mnl_attr_nest_end(m->header, element);
}

/* An element as packets make it, or as somebody did. */
struct carrying {
	uint32_t count;  /* of the connections that it allows; 0: it carries nothing */
	uint16_t as;     /* the attribute that says so */
	int64_t timeout; /* in milliseconds; -1: not said */
	uint16_t extra;  /* an attribute more */
};

static inline void put_carrying(struct message *m, const struct carrying *elements, size_t count)
{
	message(m, NFT_MSG_NEWSETELEM, NFPROTO_INET);
	mnl_attr_put_strz(m->header, NFTA_SET_ELEM_LIST_TABLE, "t");
	mnl_attr_put_strz(m->header, NFTA_SET_ELEM_LIST_SET, "s");
	struct nlattr *list = mnl_attr_nest_start(m->header, NFTA_SET_ELEM_LIST_ELEMENTS);

	for (size_t i = 0; i < count; i++) {
		struct nlattr *element = mnl_attr_nest_start(m->header, NFTA_LIST_ELEM), *nest, *data;

		nest = mnl_attr_nest_start(m->header, NFTA_SET_ELEM_KEY);
		mnl_attr_put_u8(m->header, NFTA_DATA_VALUE, (uint8_t)i);
		mnl_attr_nest_end(m->header, nest);
		if (elements[i].timeout >= 0)
			mnl_attr_put_u64(m->header, NFTA_SET_ELEM_TIMEOUT, htobe64((uint64_t)elements[i].timeout));
		if (elements[i].extra)
			mnl_attr_put_u64(m->header, elements[i].extra, 0);
		if (elements[i].count) {
			nest = mnl_attr_nest_start(m->header, elements[i].as);
			mnl_attr_put_strz(m->header, NFTA_EXPR_NAME, "connlimit");
			data = mnl_attr_nest_start(m->header, NFTA_EXPR_DATA);
			mnl_attr_put_u32(m->header, NFTA_CONNLIMIT_COUNT, htonl(elements[i].count));
			mnl_attr_nest_end(m->header, data);
			mnl_attr_nest_end(m->header, nest);
		}
		mnl_attr_nest_end(m->header, element);
	}
	mnl_attr_nest_end(m->header, list);
}

#endif
