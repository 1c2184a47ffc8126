/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * match.h - what a rule's loads and comparisons say about a packet: registers as values of packet fields, tests on
 * them as sets of packets.
 *
 * A register holds a constant or a slice of something that the packet carries. A test on it becomes a set over the
 * packet levels where the evaluator knows how the bytes relate to a level, else a Boolean level of its own; equal
 * tests share one, so that `x` and `not x` stay complementary.
 */
#ifndef SG_NFT_MATCH_H
#define SG_NFT_MATCH_H

#include "sockgate/evaluate.h"

enum sg_source {
	SG_SOURCE_NOTHING, /* never written: its content is not known */
	SG_SOURCE_CONSTANT,
	SG_SOURCE_OPAQUE, /* something of the packet or the system that has no level */
	SG_SOURCE_NFPROTO,
	SG_SOURCE_L4PROTO,
	SG_SOURCE_INTERFACE,
	SG_SOURCE_CT_STATE,
	SG_SOURCE_CT_DIRECTION,
	SG_SOURCE_CT_STATUS,
	SG_SOURCE_ORIGINAL_ADDRESS, /* of SG_PUBLISHED: a connection's destination before it was rewritten */
	SG_SOURCE_ORIGINAL_PORT,    /* and its port; opaque for protocols without ports */
	SG_SOURCE_TRANSPORT,        /* transport header bytes: the port, the ICMP type, or opaque by protocol */
	SG_SOURCE_TIME,             /* of the packet; in network byte order when it is `swapped` */
	SG_SOURCE_NETWORK,          /* network header bytes: an address, or opaque by family */
};

struct sg_value {
	enum sg_source source;
	uint64_t key;    /* of an opaque load, to tell one from another */
	uint32_t offset; /* first byte in the header */
	uint8_t length;  /* bytes loaded */
	bool masked, swapped;
	uint8_t mask[SG_NFT_DATA_SIZE], xored[SG_NFT_DATA_SIZE];
	uint8_t data[SG_NFT_DATA_SIZE]; /* of a constant */
};

struct sg_matcher {
	struct sg_idd *idd;
	struct sg_evaluation *evaluation; /* where unknowns are noted */
	const struct sg_table *table;
	enum sg_direction direction;
	sg_ref within; /* packets that reach the test: others' answers do not matter */
	sg_ref asked;  /* packets that ask a meter, where the probe's level is that meter (asked.h) */
	struct sg_value registers[SG_NFT_REGISTERS];
	const char *where; /* "chain input, rule 12", for reasons */
	bool failed;       /* out of memory */
};

/* Bytes as a big-endian number; count at most 16. */
static inline sg_u128 sg_match_number(const uint8_t *bytes, size_t count)
{
	sg_u128 result = 0;

	for (size_t i = 0; i < count; i++)
		result = result << 8 | bytes[i];
	return result;
}

bool sg_match_is_icmp(uint8_t protocol);
/* The packets whose protocol is one of those for which `holds` is true. */
sg_ref sg_match_protocols(struct sg_matcher *matcher, bool (*holds)(uint8_t protocol));
/* The packets for which the first `bytes` (1-16) bytes of the register, as a number, are in the set. */
sg_ref sg_match_ranges(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
		       size_t bytes);

/* Whether the first bytes of what the register holds, when `content` was loaded into it, are in the set. */
bool sg_match_bytes_in(const struct sg_value *value, const uint8_t *content, const struct sg_ranges *set, size_t bytes);
/* The same test where a level has the number of `width` bytes that the register's first bytes are of; or of no level.
 */
sg_ref sg_match_level(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
		      size_t bytes, size_t level, size_t width);
sg_ref sg_match_opaque(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
		       size_t bytes);

/* Connections (match_ct.c). False: the key stands for no level; else the packets for which the load does not break. */
bool sg_match_load_ct(struct sg_matcher *matcher, const struct sg_expr *expr, struct sg_value *ret, sg_ref *ret_loaded);
sg_ref sg_match_ct_direction(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set);
sg_ref sg_match_ct_status(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
			  size_t bytes);
sg_ref sg_match_original_address(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
				 size_t bytes);
sg_ref sg_match_original_port(struct sg_matcher *matcher, const struct sg_value *value, const struct sg_ranges *set,
			      size_t bytes);
/* What can be true of the connections of the direction's packets, over unknowns: FULL where the table asks nothing. */
sg_ref sg_match_possible(struct sg_matcher *matcher);
/* The actions made independent of what is not possible. */
sg_ref sg_match_only_possible(struct sg_matcher *matcher, sg_ref possible, sg_ref actions);

/* From here on nothing is known of so many bytes of the registers. */
void sg_match_forget(struct sg_matcher *matcher, uint8_t slot, uint8_t length);
/* The packets for which the load does not break; fills the register. */
sg_ref sg_match_load(struct sg_matcher *matcher, const struct sg_expr *expr);
void sg_match_immediate(struct sg_matcher *matcher, const struct sg_expr *expr);
void sg_match_byteorder(struct sg_matcher *matcher, const struct sg_expr *expr);
void sg_match_bitwise(struct sg_matcher *matcher, const struct sg_expr *expr);
/* The packets for which a comparison holds. */
sg_ref sg_match_compare(struct sg_matcher *matcher, const struct sg_expr *expr);
/*
 * A lookup as a diagram: 0 where no element has the key, else the terminal of the element that has it:
 * terminal[i], or 1 for all when `terminal` is NULL. SG_IDD_FAILED with *ret_known false when elements of a map
 * overlap, so that which of them wins cannot be known.
 */
sg_ref sg_match_lookup(struct sg_matcher *matcher, const struct sg_expr *expr, const struct sg_set *set,
		       const uint32_t *terminal, bool *ret_known);
/* The set of packets for which the test of that identity is true: a Boolean level, made when it is new. */
sg_ref sg_match_unknown(struct sg_matcher *matcher, const char *identity, const char *what);
/* The same for a test that is like no other. */
sg_ref sg_match_fresh(struct sg_matcher *matcher, const char *what);
/* A level of its own (values 0 to max) for a choice that is like no other; SIZE_MAX: out of memory. */
size_t sg_match_fresh_level(struct sg_matcher *matcher, const char *what, unsigned int max);

#endif
