/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compiler.h - what the compiler's two halves share: what is decided (compile.c), and rules for regions
 * (compile_rules.c). */
#ifndef SG_NFT_COMPILER_H
#define SG_NFT_COMPILER_H

#include "sockgate/compile.h"

/* References to small numbers, by hashing. */
struct sg_refmap {
	sg_ref *keys;
	uint32_t *values;
	size_t size, count;
};
bool sg_refmap_get(const struct sg_refmap *map, sg_ref key, uint32_t *ret);
int sg_refmap_put(struct sg_refmap *map, sg_ref key, uint32_t value, struct sg_error *err);
void sg_refmap_clear(struct sg_refmap *map);

/* Packets with the same constraints on interface, family and addresses have one class. */
struct sg_class {
	sg_ref node;              /* verdicts over the levels from SG_FIELD_INTERFACE on */
	enum sg_verdict constant; /* the verdict of all of them, or NONE */
	char *chain;              /* the chain that decides it, NULL until one is needed */
};

struct sg_compiler {
	const struct sg_decision *decision;
	struct sg_idd *idd;
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
	sg_ref node;        /* verdicts over the levels from SG_FIELD_PROTOCOL on */
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

/* Appends a rule with no more than a verdict (reject: the rules that it takes). */
int sg_compiler_verdict(struct sg_compiler *c, size_t chain, enum sg_verdict verdict, struct sg_error *err);
/* Ends `rule` with a verdict; reject is a goto to a chain of its own. */
int sg_compiler_finish(struct sg_compiler *c, struct sg_rule *rule, enum sg_verdict verdict, struct sg_error *err);
/* Makes the chain that rejects, when it is not there; then what a verdict map says for `verdict`. */
int sg_compiler_map_verdict(struct sg_compiler *c, enum sg_verdict verdict, struct sg_nft_verdict *ret,
			    struct sg_error *err);

/* Rules in a chain: every packet of the region (a set) gets the verdict. `label` begins the names of sets. */
struct sg_region_rules {
	size_t chain; /* index in the table's chains */
	sg_ref region;
	enum sg_verdict verdict;
	const char *label;
	const char *comment;   /* NULL: that of each box's origin */
	unsigned int protocol; /* of the packets, for origins */
	uint32_t port;
	uint32_t origin; /* when comment is given */
};
int sg_compiler_region(struct sg_compiler *c, const struct sg_region_rules *rules, struct sg_error *err);
/* The whole class: rules for all but one verdict, which is what is left at the end. */
int sg_compiler_class(struct sg_compiler *c, size_t chain, const struct sg_class *class, unsigned int protocol,
		      uint32_t port, const char *label, struct sg_error *err);

#endif
