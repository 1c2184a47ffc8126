/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wire.h - rulesets to and from nf_tables netlink messages (linux/netfilter/nf_tables.h). No sockets here.
 */
#ifndef SOCKGATE_WIRE_H
#define SOCKGATE_WIRE_H

#include "sockgate/ruleset.h"

/* What a message of a batch speaks of, so that the kernel's refusal finds the way back to the policy. */
struct sg_wire_note {
	uint32_t seq;                   /* sequence number of the message */
	const char *what;               /* "set", "element", "rule", "chain", "table" (static) */
	const char *name;               /* of the object, borrowed from the ruleset that was encoded */
	uint32_t origin;                /* of a rule; 0 */
	const struct sg_set *set;       /* of an element message: the set … */
	size_t first;                   /* … and its first element's index in it */
};

/*
 * A batch that is being written: NFNL_MSG_BATCH_BEGIN, messages, NFNL_MSG_BATCH_END, any size. Errors stick: the
 * functions below do nothing after one, and sg_wire_end returns it.
 */
struct sg_wire;
struct sg_wire *sg_wire_new(void);
void sg_wire_free(struct sg_wire *wire);
/* generation 0: not tied to one. The first message asks for an echo (NLM_F_ECHO), which is the proof of the commit. */
void sg_wire_begin(struct sg_wire *wire, uint32_t first_seq, uint32_t generation);
void sg_wire_add_table(struct sg_wire *wire, const struct sg_table *table);
void sg_wire_del_table(struct sg_wire *wire, const struct sg_table *table);
void sg_wire_add_chain(struct sg_wire *wire, const struct sg_table *table, const struct sg_chain *chain);
void sg_wire_del_chain(struct sg_wire *wire, const struct sg_table *table, const struct sg_chain *chain);
void sg_wire_add_set(struct sg_wire *wire, const struct sg_table *table, const struct sg_set *set);
void sg_wire_del_set(struct sg_wire *wire, const struct sg_table *table, const struct sg_set *set);
/* All elements of `set` (of which `table` and name are the target), in messages that keep within the 64 K of a nest.
 * Interval sets without concatenation are written as start and end elements, ascending. */
void sg_wire_add_elements(struct sg_wire *wire, const struct sg_table *table, const struct sg_set *set);
/*
 * The elements from index `first` on, as many as keep the batch within `room` bytes (sg_wire_size), at least one. Returns
 * the index of the first element that is not written; set->count when all are, or after an error.
 */
size_t sg_wire_add_elements_from(struct sg_wire *wire, const struct sg_table *table, const struct sg_set *set,
				 size_t first, size_t room);
void sg_wire_del_elements(struct sg_wire *wire, const struct sg_table *table, const struct sg_set *set);
void sg_wire_add_rule(struct sg_wire *wire, const struct sg_table *table, const struct sg_chain *chain,
		      const struct sg_rule *rule);                     /* appended to the chain */
void sg_wire_flush_chain(struct sg_wire *wire, const struct sg_table *table, const struct sg_chain *chain);
size_t sg_wire_size(const struct sg_wire *wire); /* in bytes, NFNL_MSG_BATCH_END included */
/* How many messages the batch has, BEGIN included. sg_wire_drop removes the last ones until `messages` are left. */
size_t sg_wire_messages(const struct sg_wire *wire);
void sg_wire_drop(struct sg_wire *wire, size_t messages);
int sg_wire_end(struct sg_wire *wire, const void **ret_data, size_t *ret_size, struct sg_error *err);
/* The note of a message, and the element (its index in note.set, SIZE_MAX: none) at the byte offset of an extended ack. */
const struct sg_wire_note *sg_wire_find(const struct sg_wire *wire, uint32_t seq, size_t offset, size_t *ret_element);

/* A whole new table in messages: table, sets, chains, elements, rules; in an order that the kernel takes. */
void sg_wire_add_whole_table(struct sg_wire *wire, const struct sg_table *table);

/*
 * Decoding: one netlink message (header included) of a dump is put into the ruleset. Messages may come in the order
 * tables, sets, chains, rules, elements. A message that is malformed is an error, and adds nothing; what is not
 * understood is marked. So is a lookup in a set that packets fill: of its elements only what they carry is kept.
 * Call sg_wire_finish when all messages are in: pairs interval ends, sorts elements. It fails with SG_ERROR_CHANGED
 * when the kernel gave an element twice: it then rearranged the set in the middle of the dump.
 */
int sg_wire_decode(struct sg_ruleset *ruleset, const void *message, size_t size, struct sg_error *err);
int sg_wire_finish(struct sg_ruleset *ruleset, struct sg_error *err);

#endif
