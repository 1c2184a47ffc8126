/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rules_dump.c - the kernel's ruleset as a value.
 *
 * Tables, sets, chains, rules and the elements of each set are dumps of their own, and each is worked off in pieces:
 * anyone may commit in between. They only belong together when the generation before the first and after the last is
 * the same and none of them was interrupted; otherwise everything is read again. What cannot be decoded because half of
 * it was gone by then counts as a change too.
 *
 * That alone is not enough. A commit raises the generation first and then puts its changes in place one by one
 * (nf_tables_commit): who begins to read meanwhile sees the new number and half of the old ruleset, with no sign of it
 * at the end. A batch, even an empty one, waits until no commit is under way, and is refused when its generation is
 * not the ruleset's. So each reading begins with an empty batch that is tied to the generation.
 */
#include <string.h>
#include <time.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <libmnl/libmnl.h>

#include "base/mem.h"
#include "kernel/nfnl.h"
#include "kernel/settle.h"
#include "nft/attr.h"

#define DUMP_TRIES 10

/* Where messages go, and those of which table are wanted. */
struct dump {
	struct sg_kernel *kernel;
	struct sg_ruleset *ruleset;
	const struct sg_dump *what;
};

/* Whether the message is of the table; its name is attribute 1 of every kind of message. */
static bool dump_wanted(const struct sg_dump *what, const struct nlmsghdr *header, const uint8_t *message)
{
	const size_t head = sizeof(*header) + sizeof(struct nfgenmsg);
	struct nfgenmsg generic;
	struct attr_list list;
	struct attr attr;

	if (what->scope == SG_DUMP_ALL || (header->nlmsg_type & 0xff) == NFT_MSG_NEWTABLE || header->nlmsg_len < head)
		return true;
	memcpy(&generic, message + sizeof(*header), sizeof(generic));
	if (generic.nfgen_family != what->family)
		return false;
	list = sg_attr_list(message + head, header->nlmsg_len - head);
	while (sg_attr_next(&list, &attr)) {
		if (attr.type == NFTA_TABLE_NAME)
			return attr.size == strlen(what->name) + 1 && !memcmp(attr.data, what->name, attr.size);
	}
	return true;
}

static int see_object(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	struct dump *dump = data;

	if (!dump_wanted(dump->what, header, message))
		return 0;
	return sg_wire_decode(dump->ruleset, message, header->nlmsg_len, err);
}

/* One kind of object, all of them or those of the table. */
static int dump_kind(struct dump *dump, uint8_t type, bool by_table, struct sg_error *err)
{
	bool one = dump->what->scope != SG_DUMP_ALL && type != NFT_MSG_GETTABLE;
	struct nfnl_request request;

	sg_nfnl_request(dump->kernel, &request, NFNL_SUBSYS_NFTABLES, type, NLM_F_DUMP,
			one ? dump->what->family : NFPROTO_UNSPEC);
	if (one && by_table)
		mnl_attr_put_strz(request.header, NFTA_TABLE_NAME, dump->what->name);
	return sg_nfnl_ask(dump->kernel, &request, see_object, dump, err);
}

static int dump_elements(struct dump *dump, const struct sg_table *table, const char *set, struct sg_error *err)
{
	struct nfnl_request request;

	sg_nfnl_request(dump->kernel, &request, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETSETELEM, NLM_F_DUMP, table->family);
	mnl_attr_put_strz(request.header, NFTA_SET_ELEM_LIST_TABLE, table->name);
	mnl_attr_put_strz(request.header, NFTA_SET_ELEM_LIST_SET, set);
	return sg_nfnl_ask(dump->kernel, &request, see_object, dump, err);
}

static int dump_objects(struct dump *dump, struct sg_error *err)
{
	struct sg_ruleset *ruleset = dump->ruleset;

	if (dump_kind(dump, NFT_MSG_GETTABLE, false, err) < 0)
		return -1;
	if (dump->what->scope != SG_DUMP_ALL && !sg_ruleset_table(ruleset, dump->what->family, dump->what->name))
		return 0;
	if (dump_kind(dump, NFT_MSG_GETSET, true, err) < 0 || dump_kind(dump, NFT_MSG_GETCHAIN, false, err) < 0 ||
	    dump_kind(dump, NFT_MSG_GETRULE, true, err) < 0 || dump_kind(dump, NFT_MSG_GETOBJ, true, err) < 0 ||
	    dump_kind(dump, NFT_MSG_GETFLOWTABLE, true, err) < 0)
		return -1;
	for (size_t i = 0; dump->what->scope != SG_DUMP_TABLE_FRAME && i < ruleset->table_count; i++) {
		for (size_t j = 0; j < ruleset->tables[i].set_count; j++) {
			const struct sg_set *set = &ruleset->tables[i].sets[j];

			if (dump_elements(dump, &ruleset->tables[i], set->name, err) < 0)
				return -1;
		}
	}
	return sg_wire_finish(ruleset, err);
}

/* Returns once no commit is under way and the ruleset is the generation's; SG_ERROR_CHANGED when it is another's. */
static int dump_settle(struct sg_kernel *kernel, uint32_t generation, struct sg_error *err)
{
	struct sg_wire *wire = sg_wire_new();
	struct sg_kernel_reply reply;

	if (!wire)
		return sg_error_nomem(err);
	sg_wire_begin(wire, kernel->seq, generation);
	kernel->seq += 2;
	int result = sg_kernel_send(kernel, wire, generation, &reply, err);

	sg_wire_free(wire);
	if (result == 0 && !reply.committed)
		return sg_kernel_reply_error(&reply, err);
	return result;
}

/* Longer each time: whoever changes the ruleset, or a hash that grows, may be done then. */
static void dump_pause(int try)
{
	const struct timespec pause = {.tv_nsec = 500000L << try};

	(void)nanosleep(&pause, NULL);
}

int sg_kernel_read_settled(struct sg_kernel *kernel, sg_settled_read *read, void *data, uint32_t *ret_generation,
			   struct sg_error *err)
{
	for (int try = 0; try < DUMP_TRIES; try++) {
		struct sg_error cause = {0};
		uint32_t before, after;

		if (sg_kernel_generation(kernel, &before, err) < 0)
			return -1;
		bool failed = dump_settle(kernel, before, &cause) < 0 || read(kernel, data, &cause) < 0;

		if (sg_kernel_generation(kernel, &after, err) < 0)
			return -1;
		if (before != after || (failed && cause.kind == SG_ERROR_CHANGED)) {
			dump_pause(try);
			continue;
		}
		if (failed) {
			if (err)
				*err = cause;
			return -1;
		}
		*ret_generation = before;
		return 0;
	}
	return sg_error_set(err, SG_ERROR_CHANGED, 0, "the ruleset changed each of the %d times that it was read",
			    DUMP_TRIES);
}

static int dump_again(struct sg_kernel *kernel, void *data, struct sg_error *err)
{
	struct dump *dump = data;

	(void)kernel;
	sg_ruleset_clear(dump->ruleset);
	return dump_objects(dump, err);
}

int sg_kernel_dump(struct sg_kernel *kernel, const struct sg_dump *what, struct sg_ruleset *ret, struct sg_error *err)
{
	sg_cleanup(sg_ruleset_clear) struct sg_ruleset ruleset = {0};
	struct dump dump = {.kernel = kernel, .ruleset = &ruleset, .what = what};
	uint32_t generation;

	if (sg_kernel_read_settled(kernel, dump_again, &dump, &generation, err) < 0)
		return -1;
	ruleset.generation = generation;
	*ret = ruleset;
	ruleset = (struct sg_ruleset){0};
	return 0;
}

/* The set again with its elements, in a ruleset of its own. */
static int dump_one_set(struct dump *dump, const struct sg_table *table, const char *name, struct sg_error *err)
{
	struct nfnl_request request;

	if (!sg_ruleset_add_table(dump->ruleset, table->family, table->name, err))
		return -1;
	sg_nfnl_request(dump->kernel, &request, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETSET, 0, table->family);
	mnl_attr_put_strz(request.header, NFTA_SET_TABLE, table->name);
	mnl_attr_put_strz(request.header, NFTA_SET_NAME, name);
	if (sg_nfnl_ask(dump->kernel, &request, see_object, dump, err) < 0 || dump_elements(dump, table, name, err) < 0)
		return -1;
	return sg_wire_finish(dump->ruleset, err);
}

int sg_kernel_dump_set(struct sg_kernel *kernel, uint32_t generation, const struct sg_table *table, struct sg_set *set,
		       struct sg_error *err)
{
	sg_cleanup(sg_ruleset_clear) struct sg_ruleset ruleset = {0};
	const struct sg_dump what = {.scope = SG_DUMP_ALL};
	struct dump dump = {.kernel = kernel, .ruleset = &ruleset, .what = &what};
	struct sg_error cause = {0};
	uint32_t after;
	bool failed = dump_one_set(&dump, table, set->name, &cause) < 0;

	if (sg_kernel_generation(kernel, &after, err) < 0)
		return -1;
	if (after != generation)
		return sg_error_set(err, SG_ERROR_CHANGED, 0, "the ruleset changed");
	if (failed || ruleset.tables[0].set_count != 1) {
		if (err)
			*err = cause;
		return -1;
	}
	struct sg_set empty = *set;

	*set = ruleset.tables[0].sets[0];
	ruleset.tables[0].sets[0] = empty;
	return 0;
}
