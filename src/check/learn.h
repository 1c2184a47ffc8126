/* SPDX-License-Identifier: GPL-2.0-or-later */
/* learn.h - the parts of a draft: sockets become items, items become text, and the text is proven. */
#ifndef SG_CHECK_LEARN_H
#define SG_CHECK_LEARN_H

#include "check/region.h"
#include "sockgate/buf.h"
#include "sockgate/learn.h"

/* Records of one size, zero-padded, as sorted values without repetition; numbers count from 1. */
struct learn_table {
	unsigned char *records;
	size_t size, count, room;
};

/* Sets of numbers, equal sets being one: a set is its largest number and the set of the others. 0 is the empty set. */
struct learn_set {
	uint32_t rest, value;
};
struct learn_sets {
	struct sg_memo index;
	struct learn_set *items; /* [0] is not used */
	size_t count, room;
};

/* The keys under `allow`, in the order of the text. */
enum learn_protocol {
	LEARN_TCP,
	LEARN_UDP,
	LEARN_TCP_UDP,
	LEARN_SCTP,
	LEARN_DCCP,
	LEARN_UDPLITE,
	LEARN_WHOLE, /* and the number of a protocol without ports */
};

enum learn_kind { LEARN_ANY, LEARN_IPV4, LEARN_IPV6, LEARN_BOUND };

/* What an item says. The last four are numbers of a table (or a port), and sets of them once they are folded. */
enum learn_column {
	LEARN_PROTOCOL,
	LEARN_MUTED, /* 1: commented out */
	LEARN_KIND,
	LEARN_OWNERS,
	LEARN_PORTS,
	LEARN_INTERFACES, /* 0: any */
	LEARN_ADDRESSES,  /* with LEARN_BOUND */
	LEARN_COLUMNS,
};

struct learn_item {
	uint32_t column[LEARN_COLUMNS];
	uint32_t first[LEARN_COLUMNS]; /* the least number of a folded set */
};

#define LEARN_OWNER_SIZE 192
struct learn_owner {
	char text[LEARN_OWNER_SIZE]; /* as it stands in a comment */
};
struct learn_interface {
	char name[SG_INTERFACE_NAME_SIZE];
};
struct learn_address {
	unsigned char family, bits[16]; /* of enum sg_family; most significant first */
};

struct learn_work {
	const struct sg_learn_input *input;
	struct sg_idd *idd;
	struct sg_regions regions;
	enum sg_learned *learned;
	struct learn_table owners, interfaces, addresses;
	struct learn_sets sets;
	struct learn_item *items;
	size_t count, room;
	struct sg_error *err;
};

/* The name of the device that the listener is bound to; "" when it is not known; NULL when it is bound to none. */
const char *sg_learn_interface(const struct learn_work *work, const struct sg_listener *listener);

/* As a comment says it. */
void sg_learn_owner(const struct sg_owner *owner, uint32_t uid, struct learn_owner *ret);
/* A policy can say it, and says no other interface with it. */
bool sg_learn_sayable(const char *interface);

/* Items of all listeners that are allowed or ephemeral: nothing is said twice, in the order of the text. */
int sg_learn_items(struct learn_work *work);
/* What stands under `allow`; the lines are counted. */
int sg_learn_write(const struct learn_work *work, struct sg_buf *buf, size_t *ret_lines);
/* That the text is a policy that lets in what the allowed listeners wait for, and no more. */
int sg_learn_prove(struct learn_work *work, const char *text, size_t size);

int sg_learn_table_add(struct learn_table *table, const void *record, struct sg_error *err);
void sg_learn_table_finish(struct learn_table *table);
uint32_t sg_learn_table_find(const struct learn_table *table, const void *record); /* it is there */
const void *sg_learn_table_get(const struct learn_table *table, uint32_t number);

/* `value` is larger than all of `rest`. */
int sg_learn_sets_add(struct learn_sets *sets, uint32_t rest, uint32_t value, uint32_t *ret, struct sg_error *err);
size_t sg_learn_sets_count(const struct learn_sets *sets, uint32_t set);

#endif
