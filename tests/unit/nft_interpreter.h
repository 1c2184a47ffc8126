/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft_interpreter.h - what the kernel does with one packet: rules executed on bytes, as nft_do_chain and the
 * expressions' eval functions (net/netfilter/nf_tables_core.c, nft_*.c) do it. It knows nothing of levels, diagrams and
 * decisions, so that a misunderstanding in the evaluator is not repeated here.
 *
 * What a packet or the system has beyond its bytes (marks, random numbers, sockets, limits) is drawn at random, in
 * such a way that what stays the same for a packet stays the same. Registers begin with garbage and keep what they hold
 * from rule to rule. An expression that the rules' reader did not understand does one of the things that it might do.
 */
#ifndef NFT_INTERPRETER_H
#define NFT_INTERPRETER_H

#include <string.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include "sockgate/packet.h"
#include "sockgate/ruleset.h"

struct nft_packet {
	enum sg_direction direction;
	enum sg_ct_state state;
	char iifname[16], oifname[16];
	uint8_t nfproto, l4proto;
	bool has_ports;     /* the protocol has */
	bool fragment;      /* not the first: the transport header is in another packet */
	uint8_t bytes[160]; /* from the network header on */
	size_t size, transport;
	/* of its connection, which only a packet that is new, established or related has */
	bool reply, rewritten;    /* it goes back; the destination of the first packet was changed */
	uint8_t original[16];     /* where the first packet was sent to before */
	uint8_t original_port[2]; /* and its port */
	uint64_t noise;           /* whatever else it carries */
};

struct nft_machine {
	const struct sg_table *table;
	struct nft_packet packet; /* a copy: expressions may write to it */
	uint8_t registers[SG_NFT_DATA_SIZE];
	uint64_t random;
	int32_t code;
	const char *chain;
	bool rejected;
	/* The world around: NULL has one that does as it likes. `at` is the chain that the expression stands in. */
	const struct nft_world *world;
	const struct sg_chain *at;
	const struct sg_expr *logged; /* the last log expression that was run */
};

struct nft_world {
	uint64_t now; /* of meta time, in nanoseconds */
	/* whether a limit, connlimit or dynset lets the packet go on */
	bool (*within)(const struct sg_chain *chain, const struct sg_expr *expr, const void *data);
	/* whether the packet's socket has a cgroup of that id at that depth */
	bool (*owned)(uint32_t depth, uint64_t cgroup, const void *data);
	const void *data;
};

#define NFT_STOLEN_BY_QUEUE 100 /* a verdict code of ours: user space decides, and may change the packet */

static inline uint64_t nft_mix(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x9e3779b97f4a7c15ULL;
	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9ULL;
	return x ^ x >> 32;
}

static inline uint32_t nft_chance(struct nft_machine *m, uint32_t count)
{
	m->random = m->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(m->random >> 33) % count;
}

/* ------------------------------------------------------------------ registers */

/* nft_reg_store8, nft_reg_store16, nft_data_copy: the rest of the last word is zero. */
static inline void nft_store(struct nft_machine *m, uint8_t dreg, const void *data, size_t size)
{
	size_t at = dreg * 4U, padded = (size + 3) / 4 * 4;

	if (dreg >= SG_NFT_REGISTERS || at + padded > sizeof(m->registers))
		return;
	memset(m->registers + at, 0, padded);
	memcpy(m->registers + at, data, size);
}

/* The bytes from a register on; beyond the last there is nothing that could be loaded. */
static inline const uint8_t *nft_loaded(const struct nft_machine *m, uint8_t sreg, size_t size)
{
	size_t at = sreg * 4U;

	return at + size <= sizeof(m->registers) ? m->registers + at : NULL;
}

/* ------------------------------------------------------------------ loads */

/* A value that is the packet's own, and stays what it is: small, so that tests hit it now and then. */
static inline uint32_t nft_noise(const struct nft_machine *m, uint32_t what, uint32_t count)
{
	return (uint32_t)(nft_mix(m->packet.noise + what) % count);
}

static inline void nft_eval_meta(struct nft_machine *m, const struct sg_expr *expr)
{
	char name[16] = "";
	uint32_t number = nft_noise(m, expr->key, 4);

	switch (expr->key) {
	case NFT_META_NFPROTO: nft_store(m, expr->dreg, &m->packet.nfproto, 1); return;
	case NFT_META_L4PROTO: nft_store(m, expr->dreg, &m->packet.l4proto, 1); return;
	case NFT_META_IIFNAME:
	case NFT_META_OIFNAME:
		memcpy(name, expr->key == NFT_META_IIFNAME ? m->packet.iifname : m->packet.oifname, sizeof(name));
		nft_store(m, expr->dreg, name, sizeof(name));
		return;
	case NFT_META_TIME_NS: {
		uint64_t now = m->world ? m->world->now : nft_mix(m->packet.noise);

		nft_store(m, expr->dreg, &now, sizeof(now));
		return;
	}
	case NFT_META_PRANDOM: number = nft_chance(m, 4); break;
	case NFT_META_SKUID: /* there may be no socket */
		if (nft_noise(m, 1000, 2)) {
			m->code = NFT_BREAK;
			return;
		}
		break;
	case NFT_META_PKTTYPE: {
		uint8_t type = (uint8_t)number;

		nft_store(m, expr->dreg, &type, 1);
		return;
	}
	default: break;
	}
	nft_store(m, expr->dreg, &number, sizeof(number));
}

/* The destination of the connection's first packet, as far as the packet says anything of it. */
static inline void nft_eval_original(struct nft_machine *m, const struct sg_expr *expr)
{
	bool known = m->packet.rewritten && expr->direction == 0;
	bool v4 = expr->key == NFT_CT_DST_IP;
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)nft_noise(m, 6000 + expr->key * 32 + (uint32_t)i, 3);
	if (expr->key == NFT_CT_PROTO_DST) {
		/* of ICMP this is the type and the code of an echo, and of protocols without ports nothing */
		if (known && m->packet.has_ports)
			memcpy(bytes, m->packet.original_port, 2);
		nft_store(m, expr->dreg, bytes, 2);
	} else if (v4 != (m->packet.nfproto == NFPROTO_IPV4)) {
		m->code = NFT_BREAK; /* the connection is one of the other family */
	} else {
		nft_store(m, expr->dreg, known ? m->packet.original : bytes, v4 ? 4 : 16);
	}
}

static inline void nft_eval_ct(struct nft_machine *m, const struct sg_expr *expr)
{
	uint8_t direction = m->packet.reply;
	/* NF_CT_STATE_BIT and its companions of nf_conntrack_common.h, as a number of the host */
	static const uint32_t states[SG_CT_COUNT] = {8, 2, 4, 1, 64};
	uint32_t number = nft_noise(m, 5000 + expr->key * 4 + (uint32_t)(expr->direction + 1), 4);

	if (expr->key == NFT_CT_STATE)
		number = states[m->packet.state];
	else if (m->packet.state == SG_CT_INVALID || m->packet.state == SG_CT_UNTRACKED) {
		m->code = NFT_BREAK; /* there is no connection */
		return;
	} else if (expr->key == NFT_CT_DIRECTION) {
		nft_store(m, expr->dreg, &direction, 1);
		return;
	} else if (expr->key == NFT_CT_DST_IP || expr->key == NFT_CT_DST_IP6 || expr->key == NFT_CT_PROTO_DST) {
		nft_eval_original(m, expr);
		return;
	} else if (expr->key == NFT_CT_STATUS) {
		/* IPS_DST_NAT is bit 5 */
		number = (nft_noise(m, 5000, 256) & ~32U) | (m->packet.rewritten ? 32 : 0);
	}
	nft_store(m, expr->dreg, &number, sizeof(number));
}

static inline void nft_eval_payload(struct nft_machine *m, const struct sg_expr *expr)
{
	uint64_t at = expr->offset;

	switch (expr->base) {
	case NFT_PAYLOAD_NETWORK_HEADER: break;
	case NFT_PAYLOAD_TRANSPORT_HEADER:
		if (m->packet.fragment) {
			m->code = NFT_BREAK;
			return;
		}
		at += m->packet.transport;
		break;
	default: {
		uint8_t bytes[SG_NFT_DATA_SIZE];

		if (nft_noise(m, 2000 + expr->base, 2)) {
			m->code = NFT_BREAK;
			return;
		}
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)nft_noise(m, 3000 + (uint32_t)(at + i), 2);
		nft_store(m, expr->dreg, bytes, expr->length);
		return;
	}
	}
	if (at + expr->length > m->packet.size)
		m->code = NFT_BREAK; /* skb_copy_bits fails */
	else
		nft_store(m, expr->dreg, m->packet.bytes + at, expr->length);
}

/* ------------------------------------------------------------------ tests */

static inline void nft_eval_cmp(struct nft_machine *m, const struct sg_expr *expr)
{
	const uint8_t *bytes = nft_loaded(m, expr->sreg, expr->data_length);
	int d = bytes ? memcmp(bytes, expr->data, expr->data_length) : 1;
	bool holds = false;

	switch (expr->op) {
	case NFT_CMP_EQ: holds = d == 0; break;
	case NFT_CMP_NEQ: holds = d != 0; break;
	case NFT_CMP_LT: holds = d < 0; break;
	case NFT_CMP_LTE: holds = d <= 0; break;
	case NFT_CMP_GT: holds = d > 0; break;
	case NFT_CMP_GTE: holds = d >= 0; break;
	default: break;
	}
	if (!holds)
		m->code = NFT_BREAK;
}

static inline void nft_eval_range(struct nft_machine *m, const struct sg_expr *expr)
{
	const uint8_t *bytes = nft_loaded(m, expr->sreg, expr->data_length);
	bool inside = bytes && memcmp(bytes, expr->data, expr->data_length) >= 0 &&
		      memcmp(bytes, expr->data2, expr->data_length) <= 0;

	if (inside != (expr->op == NFT_RANGE_EQ))
		m->code = NFT_BREAK;
}

/* nft_bitwise_eval_mask_xor: whole words, with masks that are zero behind the length. */
static inline void nft_eval_bitwise(struct nft_machine *m, const struct sg_expr *expr)
{
	const uint8_t *bytes = nft_loaded(m, expr->sreg, expr->length);
	uint8_t result[SG_NFT_DATA_SIZE];

	if (!bytes)
		return;
	for (size_t i = 0; i < expr->length; i++)
		result[i] = (uint8_t)((bytes[i] & expr->data[i]) ^ expr->data2[i]);
	nft_store(m, expr->dreg, result, expr->length);
}

/* ------------------------------------------------------------------ sets */

static inline bool nft_element_has(const struct sg_set *set, size_t element, const uint8_t *key)
{
	const uint8_t *first = set->keys + element * sg_set_stride(set), *last = first + set->key_length;

	if (!(set->flags & SG_SET_INTERVAL)) /* the hashes */
		return !memcmp(first, key, set->key_length);
	if (!(set->flags & SG_SET_CONCAT)) /* nft_set_rbtree.c */
		return memcmp(first, key, set->key_length) <= 0 && memcmp(key, last, set->key_length) <= 0;
	for (size_t i = 0, at = 0; i < set->field_count; at += (set->field_length[i++] + 3U) / 4U * 4U) {
		/* nft_set_pipapo.c looks at the fields, and not at what is between them */
		if (memcmp(first + at, key + at, set->field_length[i]) > 0 ||
		    memcmp(key + at, last + at, set->field_length[i]) > 0)
			return false;
	}
	return true;
}

/* The element that a lookup finds: SIZE_MAX: none. Of several, which were added in an unknown order, any. */
static inline size_t nft_find(struct nft_machine *m, const struct sg_set *set, const uint8_t *key)
{
	size_t found = SIZE_MAX;

	for (size_t i = 0; i < set->count; i++)
		if (nft_element_has(set, i, key) && (found == SIZE_MAX || nft_chance(m, 2)))
			found = i;
	return found;
}

static inline void nft_eval_lookup(struct nft_machine *m, const struct sg_expr *expr)
{
	const struct sg_set *set = sg_table_set(m->table, expr->name);
	const uint8_t *key = nft_loaded(m, expr->sreg, set->key_length);
	size_t found = key ? nft_find(m, set, key) : SIZE_MAX;
	const struct sg_nft_verdict *verdict;

	if ((found != SIZE_MAX || set->catch_all) == expr->inverted) {
		m->code = NFT_BREAK;
		return;
	}
	if (!expr->is_map)
		return;
	verdict = found != SIZE_MAX ? &set->verdicts[found] : &set->catch_all_verdict;
	m->code = verdict->code;
	m->chain = verdict->chain;
}

/* ------------------------------------------------------------------ statements */

static inline void nft_reject(struct nft_machine *m, const struct sg_expr *expr)
{
	/* nf_send_reset answers TCP alone; the packet is dropped in any case */
	m->rejected = expr->key != NFT_REJECT_TCP_RST || m->packet.l4proto == IPPROTO_TCP;
	m->code = NF_DROP;
}

static inline void nft_mangle(struct nft_machine *m)
{
	size_t from = nft_chance(m, 2) ? m->packet.transport : 8;

	for (size_t i = from; i < from + 4 && i < m->packet.size; i++)
		m->packet.bytes[i] = (uint8_t)nft_chance(m, 3);
	m->packet.noise += nft_chance(m, 2);
}

/* What an expression that is not understood does; "limit" and "log" are known to do no more than that. */
static inline void nft_eval_unknown(struct nft_machine *m, const struct sg_expr *expr)
{
	if (!strcmp(expr->name, "log") || !strcmp(expr->name, "last"))
		return;
	if (!strcmp(expr->name, "limit") || !strcmp(expr->name, "quota")) {
		m->code = nft_chance(m, 2) ? NFT_BREAK : NFT_CONTINUE;
		return;
	}
	switch (nft_chance(m, 7)) {
	case 0: m->code = NFT_BREAK; break;
	case 1: m->code = NF_ACCEPT; break;
	case 2: m->code = NF_DROP; break;
	case 3:
		m->code = NF_DROP;
		m->rejected = true;
		break;
	case 4: m->code = NFT_RETURN; break;
	case 5: m->code = NFT_STOLEN_BY_QUEUE; break;
	default: nft_mangle(m);
	}
}

/* nft_limit, nft_connlimit, nft_dynset: they let the rule go on, or end it. */
static inline void nft_eval_state(struct nft_machine *m, const struct sg_expr *expr)
{
	if (m->world ? !m->world->within(m->at, expr, m->world->data) : nft_chance(m, 2))
		m->code = NFT_BREAK;
}

/* nft_socket: the id of the cgroup at that depth, in host byte order. With a world around the id is the one that the
 * rule asks for, or none. */
static inline void nft_eval_socket(struct nft_machine *m, const struct sg_expr *expr)
{
	uint64_t id = 1 + nft_noise(m, 2000 + expr->base, 3);

	if (m->world ? !m->world->owned : nft_noise(m, 1001, 3) == 0) {
		m->code = NFT_BREAK; /* no socket */
		return;
	}
	for (id = m->world ? 1 : id; m->world && id < 9 && !m->world->owned(expr->base, id, m->world->data);)
		id++;
	nft_store(m, expr->dreg, &id, sizeof(id));
}

/* nft_byteorder with 8 byte words: the conversion of one is the same both ways. */
static inline void nft_eval_byteorder(struct nft_machine *m, const struct sg_expr *expr)
{
	const uint8_t *source = nft_loaded(m, expr->sreg, expr->length);
	uint8_t swapped[SG_NFT_DATA_SIZE];

	if (!source || !expr->size || expr->length % expr->size || expr->length > sizeof(swapped))
		return;
	for (size_t i = 0; i < expr->length; i++)
		swapped[i] = source[i / expr->size * expr->size + (expr->size - 1 - i % expr->size)];
	nft_store(m, expr->dreg, swapped, expr->length);
}

static inline void nft_eval_expr(struct nft_machine *m, const struct sg_expr *expr)
{
	switch (expr->kind) {
	case SG_EXPR_META: nft_eval_meta(m, expr); break;
	case SG_EXPR_CT: nft_eval_ct(m, expr); break;
	case SG_EXPR_PAYLOAD: nft_eval_payload(m, expr); break;
	case SG_EXPR_CMP: nft_eval_cmp(m, expr); break;
	case SG_EXPR_RANGE: nft_eval_range(m, expr); break;
	case SG_EXPR_BITWISE: nft_eval_bitwise(m, expr); break;
	case SG_EXPR_LOOKUP: nft_eval_lookup(m, expr); break;
	case SG_EXPR_IMMEDIATE: nft_store(m, expr->dreg, expr->data, expr->data_length); break;
	case SG_EXPR_VERDICT:
		m->code = expr->verdict.code;
		m->chain = expr->verdict.chain;
		break;
	case SG_EXPR_REJECT: nft_reject(m, expr); break;
	case SG_EXPR_UNKNOWN: nft_eval_unknown(m, expr); break;
	case SG_EXPR_COUNTER: break;
	case SG_EXPR_BYTEORDER: nft_eval_byteorder(m, expr); break;
	case SG_EXPR_LIMIT:
	case SG_EXPR_CONNLIMIT:
	case SG_EXPR_DYNSET: nft_eval_state(m, expr); break;
	case SG_EXPR_SOCKET: nft_eval_socket(m, expr); break;
	case SG_EXPR_LOG: m->logged = expr; break;
	}
}

/* ------------------------------------------------------------------ chains and hooks */

/* nft_do_chain: NF_ACCEPT or NF_DROP, or that user space has it. */
static inline int nft_do_chain(struct nft_machine *m, const struct sg_chain *base)
{
	struct {
		const struct sg_chain *chain;
		size_t rule;
	} stack[16];
	const struct sg_chain *chain = base;
	size_t depth = 0, rule = 0;

	for (;;) {
		m->code = NFT_CONTINUE;
		m->at = chain;
		for (; rule < chain->rule_count; rule++) {
			for (size_t i = 0; i < chain->rules[rule].expr_count && m->code == NFT_CONTINUE; i++)
				nft_eval_expr(m, &chain->rules[rule].exprs[i]);
			if (m->code != NFT_BREAK && m->code != NFT_CONTINUE)
				break;
			m->code = NFT_CONTINUE;
		}
		if (m->code == NF_ACCEPT || m->code == NF_DROP || m->code == NFT_STOLEN_BY_QUEUE)
			return m->code;
		if (m->code == NF_QUEUE)
			return NFT_STOLEN_BY_QUEUE;
		if (m->code == NFT_JUMP || m->code == NFT_GOTO) {
			if (m->code == NFT_JUMP) {
				stack[depth].chain = chain;
				stack[depth++].rule = rule + 1;
			}
			chain = sg_table_chain(m->table, m->chain);
			rule = 0;
		} else if (depth > 0) {
			chain = stack[--depth].chain;
			rule = stack[depth].rule;
		} else {
			return (int)base->policy;
		}
	}
}

/* The base chains of the packet's hook, by priority; in which order those of one priority run is anybody's guess. */
static inline enum sg_verdict nft_run_in(const struct sg_table *table, const struct nft_packet *packet, uint64_t random,
					 const struct nft_world *world, const struct sg_expr **ret_logged)
{
	static const uint32_t hooks[] = {NF_INET_LOCAL_IN, NF_INET_FORWARD, NF_INET_LOCAL_OUT, NF_INET_FORWARD};
	struct nft_machine m = {.table = table, .packet = *packet, .random = random, .world = world};
	const struct sg_chain *chains[16];
	size_t count = 0;

	*ret_logged = NULL;
	if ((table->flags & NFT_TABLE_F_DORMANT) || (table->family != NFPROTO_INET && table->family != packet->nfproto))
		return SG_VERDICT_ACCEPT;
	for (size_t i = 0; i < sizeof(m.registers); i++)
		m.registers[i] = (uint8_t)nft_chance(&m, 3);
	for (size_t i = 0; i < table->chain_count && count < 16; i++) {
		const struct sg_chain *chain = &table->chains[i];
		size_t at = count;

		if (!chain->is_base || chain->hook != hooks[packet->direction])
			continue;
		for (; at > 0; at--) {
			int32_t before = chains[at - 1]->priority;

			if (before < chain->priority || (before == chain->priority && nft_chance(&m, 2)))
				break;
			chains[at] = chains[at - 1];
		}
		chains[at] = chain;
		count++;
	}
	for (size_t i = 0; i < count; i++) {
		int code = nft_do_chain(&m, chains[i]);

		*ret_logged = m.logged;
		if (code == NFT_STOLEN_BY_QUEUE && nft_chance(&m, 2))
			nft_mangle(&m);
		if (code == NF_DROP || (code == NFT_STOLEN_BY_QUEUE && !nft_chance(&m, 3)))
			return m.rejected ? SG_VERDICT_REJECT : SG_VERDICT_DROP;
	}
	return SG_VERDICT_ACCEPT;
}

static inline enum sg_verdict nft_run(const struct sg_table *table, const struct nft_packet *packet, uint64_t random)
{
	const struct sg_expr *logged;

	return nft_run_in(table, packet, random, NULL, &logged);
}

#endif
