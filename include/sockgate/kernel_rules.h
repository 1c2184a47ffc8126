/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel_rules.h - the kernel's nf_tables rulesets: reading them as one consistent value, and changing them.
 *
 * A connection belongs to the network namespace that the thread was in when it was opened, and to one thread at a time.
 */
#ifndef SOCKGATE_KERNEL_RULES_H
#define SOCKGATE_KERNEL_RULES_H

#include "sockgate/wire.h"

struct sg_kernel;

/* Fails with SG_ERROR_SYSTEM when the kernel has no nf_tables, or without CAP_NET_ADMIN: even reading needs it. */
int sg_kernel_open(struct sg_kernel **ret, struct sg_error *err);
void sg_kernel_close(struct sg_kernel *kernel);  /* NULL is allowed */
void sg_kernel_clear(struct sg_kernel **kernel); /* the same, for the cleanup attribute */

/* The number of the ruleset: every commit in the network namespace, whoever made it, raises it by one. Never 0. */
int sg_kernel_generation(struct sg_kernel *kernel, uint32_t *ret, struct sg_error *err);

enum sg_dump_scope {
	SG_DUMP_ALL,            /* everything */
	SG_DUMP_TABLE,          /* one table as a whole; the other tables without their content */
	SG_DUMP_TABLE_FRAME,    /* the same, but sets come without elements (and are not `unknown` for what these have) */
};
struct sg_dump {
	enum sg_dump_scope scope;
	uint32_t family;                /* of the one table */
	const char *name;
};
/*
 * The ruleset as it stood at one moment: ret->generation says which. When it moves while it is read, it is read again,
 * ten times at most; then SG_ERROR_CHANGED. A table that is not there is not an error. `ret` is overwritten.
 */
int sg_kernel_dump(struct sg_kernel *kernel, const struct sg_dump *what, struct sg_ruleset *ret, struct sg_error *err);
/*
 * Gives a set of a frame its elements; SG_ERROR_CHANGED when the ruleset is no longer the generation's. The set is read
 * anew, without the rules: that a rule adds to it (`unknown` of the frame's set) has to be kept by the caller.
 */
int sg_kernel_dump_set(struct sg_kernel *kernel, uint32_t generation, const struct sg_table *table, struct sg_set *set,
		       struct sg_error *err);

/*
 * Whether the kernel's set of that table and name holds exactly the elements of `set`: it has each of them as it is, no
 * catch-all element, and no other that a packet matches. Linear, where a dump is quadratic. Only for sets without other
 * flags than SG_SET_INTERVAL; others are SG_ERROR_INPUT. `filled` is the kernel's count of the set (sg_set.filled); with
 * 0, and for a set without elements, *ret_all is false. False means "not confirmed", not "another set": read it then. The
 * answer belongs to a generation only if the ruleset had it before `filled` was read and has it still.
 */
int sg_kernel_confirm_elements(struct sg_kernel *kernel, const struct sg_table *table, const struct sg_set *set,
			       uint32_t filled, bool *ret_all, struct sg_error *err);
/* A number that tells the network namespace from all others since the machine was booted; 0: this kernel cannot say. */
uint64_t sg_kernel_namespace(struct sg_kernel *kernel);

#define SG_KERNEL_REFUSALS 8
struct sg_kernel_refusal {
	int errnum;
	const struct sg_wire_note *note;        /* the message that was refused, of the wire; NULL: none of them */
	size_t element;                         /* index of the element in note->set, SIZE_MAX: none in particular */
	char text[128];                         /* the kernel's own words, "" when it has none */
};
struct sg_kernel_reply {
	bool committed;
	bool lost;                              /* with an error: the batch may be in force, or not */
	uint32_t generation;                    /* that the batch made; the one before when nothing was to be changed */
	size_t refusal_count;                   /* of those kept here */
	size_t refused;                         /* of all */
	struct sg_kernel_refusal refusals[SG_KERNEL_REFUSALS];
};
/*
 * Sends a batch (begun, with a generation that it is tied to or 0; not ended) as one transaction, and proves what became
 * of it. Returns 0 with committed true: it is in force; with committed false: the kernel refused it, nothing was
 * changed, and refusals say why. SG_ERROR_CHANGED: the ruleset is no longer the generation's, nothing was changed. After
 * other errors nothing was changed either, unless ret->lost is set: then the answer was lost, and whether the batch is
 * in force has to be read. `ret` is always set.
 */
int sg_kernel_send(struct sg_kernel *kernel, struct sg_wire *wire, uint32_t generation, struct sg_kernel_reply *ret,
		   struct sg_error *err);
/* The most bytes that a batch may have (sg_wire_size), after the kernel was asked for room for `size`: as many, or fewer
 * where the process has no rights over the machine (net.core.wmem_max). */
size_t sg_kernel_batch_room(struct sg_kernel *kernel, size_t size);
/* A refused batch as an error: "the kernel refused element 10.0.0.0/8 of set 'x': file exists". Returns -1. */
int sg_kernel_reply_error(const struct sg_kernel_reply *reply, struct sg_error *err);

/* What sees packets on a netfilter hook: a base chain of nf_tables, a BPF program, or a function of the kernel. */
struct sg_kernel_hook {
	uint32_t family, hook;          /* NFPROTO_*, and the number of the hook in that family */
	char device[16];                /* of NFPROTO_NETDEV, whose hooks are 0 for ingress and 1 for egress */
	int32_t priority;
	char function[128], module[64]; /* function "": the kernel does not say; module "": built in */
	uint32_t program;               /* the id of a BPF program, 0: none, or the kernel does not say */
	bool is_chain;                  /* of nf_tables */
	uint32_t table_family;
	char table[SG_NFT_NAME_SIZE], chain[SG_NFT_NAME_SIZE];
};
struct sg_kernel_hooks {
	bool known;                     /* false: this kernel cannot tell (before 5.14, or built without it) */
	struct sg_kernel_hook *items;   /* in the order in which packets meet them, family by family, hook by hook */
	size_t count, room;
};
/* All hooks of IPv4, IPv6, ARP and of bridges. */
int sg_kernel_hooks(struct sg_kernel *kernel, struct sg_kernel_hooks *ret, struct sg_error *err);
/* Adds those of one interface, ingress and egress. An interface that is not there has none. */
int sg_kernel_hooks_of(struct sg_kernel *kernel, const char *device, struct sg_kernel_hooks *hooks,
		       struct sg_error *err);
void sg_kernel_hooks_clear(struct sg_kernel_hooks *hooks);

#endif
