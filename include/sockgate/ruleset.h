/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ruleset.h - nftables rulesets as values: tables, chains, rules, expressions, sets and maps.
 *
 * The compiler makes these, the wire code turns them into netlink messages and back, the evaluator reads them. What the
 * decoder does not understand completely becomes SG_EXPR_UNKNOWN (in a rule) or `unknown` (in an object): it is kept in
 * view and never dropped. Strings and arrays are owned by the struct that holds them.
 */
#ifndef SOCKGATE_RULESET_H
#define SOCKGATE_RULESET_H

#include "sockgate/addr.h"

#define SG_NFT_NAME_SIZE 256 /* NFT_NAME_MAXLEN of linux/netfilter/nf_tables.h */
#define SG_NFT_REGISTERS 16  /* data registers in units of 4 bytes (NFT_REG32_00…15) */
#define SG_NFT_DATA_SIZE 64  /* NFT_DATA_VALUE_MAXLEN */
#define SG_NFT_INNER_MAX 2   /* NFT_SET_EXPR_MAX of net/netfilter/nf_tables.h */

/* Values of enum nft_verdicts and NF_* (linux/netfilter.h), as they stand on the wire. */
enum sg_verdict_code {
	SG_CODE_DROP = 0,
	SG_CODE_ACCEPT = 1,
	SG_CODE_QUEUE = 3,
	SG_CODE_CONTINUE = -1,
	SG_CODE_BREAK = -2,
	SG_CODE_JUMP = -3,
	SG_CODE_GOTO = -4,
	SG_CODE_RETURN = -5,
};
struct sg_nft_verdict {
	int32_t code;
	char *chain; /* of jump and goto; else NULL */
};

/* Registers are numbered in units of 4 bytes from 0: NFT_REG_1 is 0 to 3, NFT_REG32_00 is 0. */
#define SG_REG_VERDICT 255

/* What an expression does, and the members of struct sg_expr that say how. The others mean nothing then. */
enum sg_expr_kind {
	SG_EXPR_UNKNOWN, /* name, reason: not understood, or not completely */
	SG_EXPR_META,    /* key (enum nft_meta_keys) to dreg */
	SG_EXPR_CT,      /* key (enum nft_ct_keys), of a direction (-1: of none) to dreg */
	SG_EXPR_PAYLOAD, /* length bytes at offset of base (enum nft_payload_bases) to dreg; breaks where none are */
	SG_EXPR_CMP,     /* breaks unless the data_length bytes of sreg and data compare by op (enum nft_cmp_ops) */
	SG_EXPR_RANGE,   /* breaks unless they are from data to data2; op NFT_RANGE_NEQ: unless they are not */
	SG_EXPR_BITWISE, /* dreg = (sreg & data) ^ data2, length bytes */
	SG_EXPR_LOOKUP,  /* breaks where set `name` lacks what sreg holds; inverted: has it; is_map: its data to dreg */
	SG_EXPR_VERDICT, /* verdict */
	SG_EXPR_IMMEDIATE, /* data to dreg */
	SG_EXPR_COUNTER,   /* packets, bytes: decides nothing */
	SG_EXPR_REJECT,    /* drops, and answers: key is enum nft_reject_types, offset the ICMP code */
	SG_EXPR_BYTEORDER, /* dreg = sreg, `length` bytes in words of `size`; op is enum nft_byteorder_ops */
	SG_EXPR_LIMIT,     /* breaks when its bucket of `burst` packets is empty, which `rate` in `unit` seconds fill;
				inverted: when not; is_bytes: of bytes */
	SG_EXPR_CONNLIMIT, /* breaks when more than `rate` connections were seen here; inverted: no more than that */
	SG_EXPR_DYNSET,    /* op (enum nft_dynset_ops) of sreg in set `name`, with `timeout`, then the element's `inner` */
	SG_EXPR_LOG,       /* a line with prefix `name`, to `group` (has_group) or with level `key`: decides nothing */
	SG_EXPR_SOCKET,    /* key (enum nft_socket_keys), cgroup level `base`, to dreg; breaks where there is no socket */
};
struct sg_expr {
	enum sg_expr_kind kind;
	uint8_t sreg, dreg;
	uint32_t key, base, offset, length, op;
	int direction;
	bool inverted, is_map;
	uint8_t data_length; /* bytes used of data and data2 */
	uint8_t data[SG_NFT_DATA_SIZE], data2[SG_NFT_DATA_SIZE];
	char *name;
	char *reason; /* for people */
	struct sg_nft_verdict verdict;
	uint64_t packets, bytes;
	uint64_t rate, unit, timeout; /* timeout in milliseconds, 0: the set's */
	uint32_t burst, size;
	bool is_bytes, has_group;
	uint16_t group;
	struct sg_expr *inner; /* of a dynset: what runs for its element */
	size_t inner_count;
};

/* User data type for our own note on a rule (the policy's digest and name); nft ignores it. At most 200 bytes. */
#define SG_UDATA_MARK 0xC0

struct sg_rule {
	uint64_t handle; /* 0: not from the kernel */
	struct sg_expr *exprs;
	size_t expr_count, expr_room;
	char *comment; /* user data TLV 0, NULL: none */
	uint8_t *mark; /* user data TLV SG_UDATA_MARK, NULL: none */
	size_t mark_size;
	uint32_t origin; /* of the decision that made it, 0: none; not sent */
};

struct sg_chain {
	char *name;
	uint64_t handle;
	bool is_base;  /* hook to device are those of a base chain */
	uint32_t hook; /* enum nf_inet_hooks */
	int32_t priority;
	uint32_t policy; /* NF_DROP 0 or NF_ACCEPT 1 */
	char *type;      /* "filter" */
	char *device;    /* of netdev and ingress hooks */
	char *comment;
	bool unknown; /* an attribute or flag is not understood */
	struct sg_rule *rules;
	size_t rule_count, rule_room;
};

/* Flags of enum nft_set_flags that the IR keeps by the same bits. */
#define SG_SET_ANONYMOUS 0x1U
#define SG_SET_CONSTANT  0x2U
#define SG_SET_INTERVAL  0x4U
#define SG_SET_MAP       0x8U
#define SG_SET_TIMEOUT   0x10U
#define SG_SET_EVAL      0x20U
#define SG_SET_CONCAT    0x80U

/*
 * A set that packets fill (SG_SET_EVAL) has no elements here: who is in it is state, and not what the rules say. But an
 * element acts by what it carries, which somebody may have put in by hand: that is kept, as far as all carry the same.
 *
 * Elements are arrays side by side, sorted by key. A key is `key_length` bytes in network byte order as the kernel has
 * it (fields of a concatenation padded to 4 bytes). An interval set has a first and a last key (both included) for each
 * element, one behind the other; an exact set has one key. See sg_set_stride.
 */
struct sg_set {
	char *name;
	uint64_t handle;
	uint32_t flags;
	uint32_t key_type, data_type; /* nft's user-space type numbers; data_type 0xffffff00 is a verdict */
	uint32_t key_length;
	uint8_t field_length[SG_NFT_REGISTERS]; /* of a concatenation, in bytes without padding */
	size_t field_count;                     /* 0 or 1: not a concatenation */
	uint32_t size;                          /* the most elements that it takes, 0: no limit */
	uint64_t timeout;                       /* of elements that say no other, in milliseconds; 0: none */
	uint32_t filled; /* as the kernel counts (Linux 6.16 and later): elements but the catch-all one; of intervals in one
			    field half of all boundaries, rounded down. 0: not said */
	char *comment;
	bool unknown; /* expressions, objects, flags that are not understood; elements that expire, or that packets change */
	char *unknown_reason;
	size_t count, room;
	uint8_t *keys;
	struct sg_nft_verdict *verdicts; /* of a verdict map, one per element; NULL while there are none */
	char **comments;                 /* NULL, or one per element (NULL: none) */
	uint32_t *origins;               /* NULL, or one per element; not sent */
	bool catch_all;                  /* there is an element that every key has that no other has */
	struct sg_nft_verdict catch_all_verdict;
	struct sg_expr *carried; /* of a set that packets fill: what each of its elements carries; NULL: there was none */
	bool carried_odd;        /* one carries something else, or nothing, or stays for another time than the set says */
	bool raw; /* sg_wire_decode is at work: elements are not paired and sorted yet */
};

struct sg_table {
	char *name;
	uint32_t family; /* NFPROTO_*: 1 inet, 2 ip, 3 arp, 5 netdev, 7 bridge, 10 ip6 */
	uint64_t handle;
	uint32_t flags; /* enum nft_table_flags */
	uint32_t owner; /* the netlink port that owns it, with NFT_TABLE_F_OWNER in flags; mostly a process's id */
	char *comment;
	bool unknown;                         /* an attribute or flag is not understood */
	size_t object_count, flowtable_count; /* stateful objects and flowtables: only counted */
	struct sg_chain *chains;
	size_t chain_count, chain_room;
	struct sg_set *sets;
	size_t set_count, set_room;
	uint32_t *chain_slots, *set_slots; /* of sg_table_chain and sg_table_set: from name to index + 1, by hashing */
	size_t chain_slot_count, set_slot_count;
};

struct sg_ruleset {
	uint32_t generation; /* of the dump; 0: not from the kernel */
	struct sg_table *tables;
	size_t table_count, table_room;
};

/* Frees what a value owns. */
void sg_nft_verdict_clear(struct sg_nft_verdict *verdict);
void sg_expr_clear(struct sg_expr *expr);
void sg_rule_clear(struct sg_rule *rule);
void sg_chain_clear(struct sg_chain *chain);
void sg_set_clear(struct sg_set *set);
void sg_table_clear(struct sg_table *table);
void sg_ruleset_clear(struct sg_ruleset *ruleset);

/* Adding: the new item is zeroed; the pointer is good until the next addition. NULL: out of memory (err filled). */
struct sg_table *sg_ruleset_add_table(struct sg_ruleset *ruleset, uint32_t family, const char *name,
				      struct sg_error *err);
struct sg_chain *sg_table_add_chain(struct sg_table *table, const char *name, struct sg_error *err);
struct sg_set *sg_table_add_set(struct sg_table *table, const char *name, struct sg_error *err);
struct sg_rule *sg_chain_add_rule(struct sg_chain *chain, struct sg_error *err);
struct sg_expr *sg_rule_add_expr(struct sg_rule *rule, enum sg_expr_kind kind, struct sg_error *err);
/* What runs for a dynset's element: a limit, a connlimit or a counter. */
struct sg_expr *sg_expr_add_inner(struct sg_expr *expr, enum sg_expr_kind kind, struct sg_error *err);
/* Adds an element (not sorted in). last is NULL for an exact set; verdict (copied) NULL for a plain set. */
int sg_set_add(struct sg_set *set, const uint8_t *first, const uint8_t *last, const struct sg_nft_verdict *verdict,
	       const char *comment, uint32_t origin, struct sg_error *err);
static inline size_t sg_set_stride(const struct sg_set *set)
{
	return (size_t)set->key_length * (set->flags & SG_SET_INTERVAL ? 2 : 1);
}
/* Its elements come from packets: here are none. */
static inline bool sg_set_is_filled(const struct sg_set *set)
{
	return (set->flags & (SG_SET_EVAL | SG_SET_MAP)) == SG_SET_EVAL;
}
void sg_set_sort(struct sg_set *set); /* by key; in linear time when it is sorted already */

/* Lookups take a constant time as long as chains and sets keep the place and the name that they were added with. */
const struct sg_table *sg_ruleset_table(const struct sg_ruleset *ruleset, uint32_t family, const char *name);
/* To be called after chains or sets were renamed, so that they are found by their new names. */
void sg_table_reindex(struct sg_table *table);
const struct sg_chain *sg_table_chain(const struct sg_table *table, const char *name);
const struct sg_set *sg_table_set(const struct sg_table *table, const char *name);

/*
 * Equality of what decides and what is shown: names, rules, elements, comments, marks; not handles, counters, origins,
 * set sizes. What is unknown is equal to nothing, not even to itself. Elements must be sorted.
 */
bool sg_expr_equal(const struct sg_expr *a, const struct sg_expr *b);
bool sg_rule_equal(const struct sg_rule *a, const struct sg_rule *b);
bool sg_chain_equal(const struct sg_chain *a, const struct sg_chain *b); /* all rules, in order */
/* Flags, types, lengths, timeout; size only where packets fill it. */
bool sg_set_same_shape(const struct sg_set *a, const struct sg_set *b);
bool sg_set_equal(const struct sg_set *a, const struct sg_set *b);
bool sg_table_equal(const struct sg_table *a, const struct sg_table *b); /* order of chains and sets is nothing */

#endif
