/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compiler.h - what the compiler's parts share: what is decided (compile.c), maps (compile_maps.c), rules for regions
 * (compile_rules.c), and what becomes of a packet (compile_outcomes.c, compile_meters.c). */
#ifndef SG_NFT_COMPILER_H
#define SG_NFT_COMPILER_H

#include "nft/refmap.h"
#include "sockgate/compile.h"

/*
 * What becomes of packets, as one number: an enum sg_verdict, or from SG_VERDICTS on an index into the outcomes that
 * are more than a verdict. Those are diagrams of what lies below the packet's fields; their terminals are 256 times a
 * logging (an index from 1, 0: none), plus a verdict.
 */
struct sg_outcome_rules {
	sg_ref part;
	char *chain; /* the chain that carries it out, NULL until one is needed */
};

/* Packets with the same constraints on interface, family and addresses have one class. */
struct sg_class {
	sg_ref node;       /* outcomes over the levels from SG_FIELD_INTERFACE on */
	uint32_t constant; /* the outcome of all of them, or 0 */
	char *chain;       /* the chain that decides it, NULL until one is needed */
};

struct sg_compiler {
	const struct sg_decision *decision;
	struct sg_idd *idd;
	sg_ref judged;                     /* outcomes, over the packet's fields */
	struct sg_outcome_rules *outcomes; /* of number SG_VERDICTS + index */
	size_t outcome_count, outcome_room;
	struct sg_refmap outcome_of; /* of parts */
	struct sg_refmap meters;     /* of the chains of conditions: by level what they lead to */
	const struct sg_compile_hints *hints;
	struct sg_table *table;
	enum sg_direction direction; /* that is compiled at the time */
	unsigned int state;          /* the conntrack state for which origins are looked up */
	sg_ref care;                 /* what no prelude has decided, over the levels from SG_FIELD_INTERFACE on */
	struct sg_class *classes;
	size_t class_count, class_room;
	struct sg_refmap class_of; /* of verdicts, masked by care */
	struct sg_refmap sets;     /* of an address set at its SG_FIELD_REMOTE level: index in the table's sets */
	sg_u128 *point;            /* room for one value per level */
	bool *fixed;
};

/* What is made for one group of conntrack states that are judged alike. */
struct sg_body {
	size_t chain;       /* index of its chain */
	const char *prefix; /* of the names of its maps and chains */
	sg_ref node;        /* outcomes over the levels from SG_FIELD_PROTOCOL on */
	uint32_t tail[256]; /* class of what has no port, by protocol */
	uint32_t common;    /* the tail of most protocols */
};

/* The class of verdicts that agree with `node` wherever it still matters; an index of classes. */
int sg_compiler_find_class(struct sg_compiler *c, sg_ref node, uint32_t *ret, struct sg_error *err);
/* Finds body->tail[protocol], the class of a protocol's packets that have no port or type. */
int sg_compiler_tail(struct sg_compiler *c, struct sg_body *body, unsigned int protocol, struct sg_error *err);
/* meta l4proto . th dport vmap @in_ports, and th dport . meta l4proto vmap @in_ranges; the tails are known. */
int sg_compiler_ports(struct sg_compiler *c, const struct sg_body *body, struct sg_error *err);
/* icmp type vmap @in_icmp, which for nft means IPv4, or in both families when they are not alike there. */
int sg_compiler_icmp(struct sg_compiler *c, struct sg_body *body, uint8_t protocol, struct sg_error *err);
/* meta l4proto vmap @in_protocols: protocols whose tail is not the common one. */
int sg_compiler_protocols(struct sg_compiler *c, const struct sg_body *body, struct sg_error *err);

/* The origin of the packets (protocol, port) of a region (levels from SG_FIELD_INTERFACE on); 0 when it is empty. */
uint32_t sg_compiler_origin(struct sg_compiler *c, unsigned int protocol, uint32_t port, sg_ref region);
const char *sg_compiler_comment(const struct sg_compiler *c, uint32_t origin);
/* A copy of the comment as nft can print and read it: no quotes, no control characters, at most 127 bytes. */
char *sg_compiler_clean(const char *comment);

/* Makes c->judged. */
int sg_compiler_judge(struct sg_compiler *c, struct sg_error *err);
/* The number of what becomes of packets below their fields. */
int sg_compiler_outcome(struct sg_compiler *c, sg_ref part, uint32_t *ret, struct sg_error *err);
/* Appends what carries the outcome out for all packets that get to the end of the chain (an index of the table's). */
int sg_compiler_end(struct sg_compiler *c, size_t chain, uint32_t outcome, const char *label, struct sg_error *err);
/* Ends `rule` with the outcome. A chain that has to be made is called after `label`. */
int sg_compiler_finish(struct sg_compiler *c, struct sg_rule *rule, uint32_t outcome, const char *label,
		       struct sg_error *err);
/* What a verdict map says for the outcome. */
int sg_compiler_map_verdict(struct sg_compiler *c, uint32_t outcome, const char *label, struct sg_nft_verdict *ret,
			    struct sg_error *err);
void sg_compiler_clear_outcomes(struct sg_compiler *c);
/* Adds a set for addresses, without elements. */
struct sg_set *sg_compiler_add_address_set(struct sg_compiler *c, const char *name, enum sg_family family,
					   struct sg_error *err);

/* Whether the level is a condition of that kind. */
bool sg_compiler_is_a(const struct sg_compiler *c, size_t level, uint32_t kind);
/* jump limit_tcp_22, for each meter that matters. *part becomes what is left, a terminal. */
int sg_compiler_meters(struct sg_compiler *c, size_t chain, sg_ref *part, struct sg_error *err);
/* The chain of a part that is one meter, and drops what is not within: then its chain does all of it. Else NULL. */
int sg_compiler_meter_alone(struct sg_compiler *c, sg_ref part, const char **ret, struct sg_error *err);

/* Rules in a chain: every packet of the region (a set) gets the outcome. `label` begins the names of sets and chains.
 */
struct sg_region_rules {
	size_t chain; /* index in the table's chains */
	sg_ref region;
	uint32_t outcome;
	const char *label;
	const char *comment;   /* NULL: that of each box's origin */
	unsigned int protocol; /* of the packets, for origins */
	uint32_t port;
	uint32_t origin; /* when comment is given */
};
int sg_compiler_region(struct sg_compiler *c, const struct sg_region_rules *rules, struct sg_error *err);
/* The whole class: rules for all but one outcome, which is what is left at the end. */
int sg_compiler_class(struct sg_compiler *c, size_t chain, const struct sg_class *class, unsigned int protocol,
		      uint32_t port, const char *label, struct sg_error *err);

#endif
