/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * random_rules.h - tables whose rules decide, and packets at their boundaries: both are made of the same few ports,
 * addresses, names and protocols.
 *
 * A plain table uses what the evaluator has to understand wholly. An odd one has also what it may call unknown:
 * overlapping registers, lengths that do not fit, values that no level stands for, expressions that were not
 * understood. A published one stands in the forward hook, and has to be understood wholly where packets to published
 * ports are concerned.
 */
#ifndef RANDOM_RULES_H
#define RANDOM_RULES_H

#include <stdio.h>
#include <stdlib.h>
#include "nft_interpreter.h"
#include "sockgate/proto.h"

static uint64_t seed = 1;

static inline uint32_t below(uint32_t n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33) % n;
}

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const uint16_t some_port[] = {0, 1, 21, 22, 23, 80, 255, 256, 1023, 1024, 65534, 65535};
static const uint8_t some_protocol[] = {6, 17, 1, 58, 132, 136, 47, 0, 255};
static const char *const some_name[] = {"lo", "eth0", "eth1", "eth", "br0", "e", "a-long-name-001"};

struct rules {
	struct sg_ruleset ruleset;
	struct sg_table *table;
	bool odd, published;
	size_t sets;
};

static inline struct sg_expr *add(struct sg_rule *rule, enum sg_expr_kind kind)
{
	return sg_rule_add_expr(rule, kind, NULL);
}

/* ------------------------------------------------------------------ expressions */

static inline void add_meta(struct sg_rule *rule, uint32_t key, uint8_t dreg)
{
	struct sg_expr *expr = add(rule, SG_EXPR_META);

	expr->key = key;
	expr->dreg = dreg;
}

static inline void add_ct(struct sg_rule *rule, uint32_t key, int direction, uint8_t dreg)
{
	struct sg_expr *expr = add(rule, SG_EXPR_CT);

	expr->key = key;
	expr->direction = direction;
	expr->dreg = dreg;
}

static inline void add_payload(struct sg_rule *rule, uint32_t base, uint32_t offset, uint32_t length, uint8_t dreg)
{
	struct sg_expr *expr = add(rule, SG_EXPR_PAYLOAD);

	expr->base = base;
	expr->offset = offset;
	expr->length = length;
	expr->dreg = dreg;
}

static inline void add_cmp(struct sg_rule *rule, uint8_t sreg, uint32_t op, const void *data, size_t size)
{
	struct sg_expr *expr = add(rule, SG_EXPR_CMP);

	expr->sreg = sreg;
	expr->op = op;
	expr->data_length = (uint8_t)size;
	memcpy(expr->data, data, size);
}

static inline void add_range(struct sg_rule *rule, uint8_t sreg, bool negated, const void *first, const void *last,
			     size_t size)
{
	struct sg_expr *expr = add(rule, SG_EXPR_RANGE);

	expr->sreg = sreg;
	expr->op = negated ? NFT_RANGE_NEQ : NFT_RANGE_EQ;
	expr->data_length = (uint8_t)size;
	memcpy(expr->data, first, size);
	memcpy(expr->data2, last, size);
}

static inline void add_bitwise(struct sg_rule *rule, uint8_t sreg, uint8_t dreg, const void *mask, const void * xor,
			       size_t size)
{
	struct sg_expr *expr = add(rule, SG_EXPR_BITWISE);

	expr->sreg = sreg;
	expr->dreg = dreg;
	expr->length = (uint32_t)size;
	expr->data_length = (uint8_t)size;
	memcpy(expr->data, mask, size);
	memcpy(expr->data2, xor, size);
}

static inline void add_lookup(struct sg_rule *rule, uint8_t sreg, const char *set, bool is_map, bool inverted)
{
	struct sg_expr *expr = add(rule, SG_EXPR_LOOKUP);

	expr->sreg = sreg;
	expr->name = strdup(set);
	expr->is_map = is_map;
	expr->inverted = inverted;
	expr->dreg = SG_REG_VERDICT;
}

static inline void add_verdict(struct sg_rule *rule, int32_t code, const char *chain)
{
	struct sg_expr *expr = add(rule, SG_EXPR_VERDICT);

	expr->verdict.code = code;
	expr->verdict.chain = chain ? strdup(chain) : NULL;
}

static inline void add_reject(struct sg_rule *rule, uint32_t type)
{
	add(rule, SG_EXPR_REJECT)->key = type;
}

static inline void add_unknown(struct sg_rule *rule, const char *name)
{
	add(rule, SG_EXPR_UNKNOWN)->name = strdup(name);
}

/* ------------------------------------------------------------------ values that packets have too */

static inline void random_port(uint8_t bytes[2])
{
	uint16_t port = some_port[below(LENGTH(some_port))];

	bytes[0] = (uint8_t)(port >> 8);
	bytes[1] = (uint8_t)port;
}

static inline void random_address(uint8_t *bytes, size_t size)
{
	memset(bytes, 0, size);
	bytes[0] = size == 4 ? 10 : 0x20;
	bytes[size - 2] = (uint8_t)below(2);
	bytes[size - 1] = (uint8_t)(below(4) * 64 + below(3) - 1);
}

static inline void random_name(char name[16])
{
	memset(name, 0, 16);
	strcpy(name, some_name[below(LENGTH(some_name))]);
}

/* One field of a packet as a key: its load, its length, a random value. */
enum part {
	PART_PORT,
	PART_PROTOCOL,
	PART_NAME,
	PART_SOURCE4,
	PART_TARGET4,
	PART_SOURCE6,
	PART_FAMILY,
	PART_STATE,
	PART_TARGET6,
	PARTS,
};

static inline size_t part_size(enum part part)
{
	static const size_t sizes[PARTS] = {2, 1, 16, 4, 4, 16, 1, 4, 16};

	return sizes[part];
}

static inline void part_load(struct sg_rule *rule, enum part part, uint8_t dreg, enum sg_direction direction)
{
	bool published = direction == SG_PUBLISHED; /* the packet has been rewritten, the connection knows */

	switch (part) {
	case PART_PORT:
		if (published)
			add_ct(rule, NFT_CT_PROTO_DST, 0, dreg);
		else
			add_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, dreg);
		break;
	case PART_PROTOCOL: add_meta(rule, NFT_META_L4PROTO, dreg); break;
	case PART_NAME: add_meta(rule, direction == SG_OUT ? NFT_META_OIFNAME : NFT_META_IIFNAME, dreg); break;
	case PART_SOURCE4: add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 12, 4, dreg); break;
	case PART_TARGET4:
		if (published)
			add_ct(rule, NFT_CT_DST_IP, 0, dreg);
		else
			add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 16, 4, dreg);
		break;
	case PART_TARGET6:
		if (published)
			add_ct(rule, NFT_CT_DST_IP6, 0, dreg);
		else
			add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 24, 16, dreg);
		break;
	case PART_SOURCE6: add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 8, 16, dreg); break;
	case PART_FAMILY: add_meta(rule, NFT_META_NFPROTO, dreg); break;
	case PART_STATE: add_ct(rule, NFT_CT_STATE, -1, dreg); break;
	case PARTS: break;
	}
}

static inline void part_value(enum part part, uint8_t *bytes)
{
	static const uint32_t states[] = {1, 2, 4, 8, 64, 6};
	uint32_t state = states[below(LENGTH(states))];

	switch (part) {
	case PART_PORT: random_port(bytes); break;
	case PART_PROTOCOL: bytes[0] = some_protocol[below(LENGTH(some_protocol))]; break;
	case PART_NAME: random_name((char *)bytes); break;
	case PART_SOURCE4:
	case PART_TARGET4: random_address(bytes, 4); break;
	case PART_SOURCE6:
	case PART_TARGET6: random_address(bytes, 16); break;
	case PART_FAMILY: bytes[0] = below(2) ? NFPROTO_IPV4 : NFPROTO_IPV6; break;
	case PART_STATE: memcpy(bytes, &state, 4); break;
	case PARTS: break;
	}
}

/* What has to be tested first, so that the bytes mean what the part says. */
static inline void part_guard(struct rules *rules, struct sg_rule *rule, enum part part)
{
	static const uint8_t with_ports[] = {6, 17, 132};
	uint8_t family = part == PART_SOURCE6 || part == PART_TARGET6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
	uint8_t protocol = with_ports[below(3)];

	if (rules->odd && below(3) == 0)
		return;
	if (part == PART_PORT) {
		add_meta(rule, NFT_META_L4PROTO, 15);
		add_cmp(rule, 15, NFT_CMP_EQ, &protocol, 1);
	} else if (part == PART_SOURCE4 || part == PART_TARGET4 || part == PART_SOURCE6 || part == PART_TARGET6) {
		add_meta(rule, NFT_META_NFPROTO, 15);
		add_cmp(rule, 15, NFT_CMP_EQ, &family, 1);
	}
}

/* ------------------------------------------------------------------ sets */

static inline struct sg_nft_verdict random_verdict(struct rules *rules, size_t chain)
{
	static const int32_t codes[] = {SG_CODE_ACCEPT, SG_CODE_DROP, SG_CODE_RETURN, SG_CODE_CONTINUE};
	struct sg_nft_verdict verdict = {.code = codes[below(4)]};

	if (below(2) && chain + 1 < rules->table->chain_count) {
		size_t target = chain + 1 + below((uint32_t)(rules->table->chain_count - chain - 1));

		if (!rules->table->chains[target].is_base) {
			verdict.code = below(2) ? SG_CODE_JUMP : SG_CODE_GOTO;
			verdict.chain = rules->table->chains[target].name;
		}
	}
	return verdict;
}

static inline void order_ends(uint8_t *first, uint8_t *last, size_t size)
{
	uint8_t spare[16];

	if (memcmp(first, last, size) <= 0)
		return;
	memcpy(spare, first, size);
	memcpy(first, last, size);
	memcpy(last, spare, size);
}

/* Whether a new element clashes with one that is there: the kernel would not take it, or which wins is not known. */
static inline bool random_clash(const struct rules *rules, const struct sg_set *set, const uint8_t *first,
				const uint8_t *last)
{
	bool fields = set->flags & SG_SET_CONCAT;

	/* boxes may overlap where it makes no difference which of them is found */
	for (size_t e = 0; e < set->count && !(fields && (rules->odd || !(set->flags & SG_SET_MAP))); e++) {
		const uint8_t *other = set->keys + e * sg_set_stride(set), *other_last = other + set->key_length;
		bool apart = false;

		if (!(set->flags & SG_SET_INTERVAL))
			apart = memcmp(first, other, set->key_length) != 0;
		for (size_t i = 0, at = 0; fields && i < set->field_count;
		     at += (set->field_length[i++] + 3U) / 4U * 4U)
			apart |= memcmp(first + at, other_last + at, set->field_length[i]) > 0 ||
				 memcmp(other + at, last + at, set->field_length[i]) > 0;
		if ((set->flags & SG_SET_INTERVAL) && !fields)
			apart = memcmp(first, other_last, set->key_length) > 0 ||
				memcmp(other, last, set->key_length) > 0;
		if (!apart)
			return true;
	}
	return false;
}

/* A set whose key has these parts. */
static inline struct sg_set *random_set(struct rules *rules, const enum part *parts, size_t count, bool map,
					size_t chain)
{
	char name[16];
	struct sg_set *set;
	bool interval = below(2), padded = count > 1;

	snprintf(name, sizeof(name), "s%u", (unsigned int)rules->sets++);
	set = sg_table_add_set(rules->table, name, NULL);
	set->flags =
		(interval ? SG_SET_INTERVAL : 0) | (map ? SG_SET_MAP : 0) | (interval && padded ? SG_SET_CONCAT : 0);
	set->data_type = map ? 0xffffff00U : 0;
	for (size_t i = 0; i < count; i++) {
		set->field_length[i] = (uint8_t)part_size(parts[i]);
		set->key_length += (uint32_t)(padded ? (part_size(parts[i]) + 3) / 4 * 4 : part_size(parts[i]));
	}
	set->field_count = padded ? count : 0;
	for (uint32_t n = below(6); n > 0; n--) {
		uint8_t first[SG_NFT_DATA_SIZE] = {0}, last[SG_NFT_DATA_SIZE] = {0};
		struct sg_nft_verdict verdict = random_verdict(rules, chain);

		for (size_t i = 0, at = 0; i < count; at += (part_size(parts[i++]) + 3) / 4 * 4) {
			part_value(parts[i], first + at);
			if (below(2))
				memcpy(last + at, first + at, part_size(parts[i]));
			else
				part_value(parts[i], last + at);
			order_ends(first + at, last + at, part_size(parts[i]));
		}
		if (!random_clash(rules, set, first, last))
			sg_set_add(set, first, interval ? last : NULL, map ? &verdict : NULL, NULL, 0, NULL);
	}
	if (below(8) == 0) {
		struct sg_nft_verdict verdict = random_verdict(rules, chain);

		set->catch_all = true;
		set->catch_all_verdict = verdict;
		if (verdict.chain)
			set->catch_all_verdict.chain = strdup(verdict.chain);
	}
	sg_set_sort(set);
	return set;
}

/* ------------------------------------------------------------------ matches */

static inline void random_compare(struct sg_rule *rule, uint8_t sreg, enum part part)
{
	uint8_t first[16] = {0}, last[16] = {0}, mask[16] = {0}, zero[16] = {0};
	size_t size = part_size(part), bits;

	part_value(part, first);
	part_value(part, last);
	switch (below(4)) {
	case 0:
		if (below(4))
			order_ends(first, last, size);
		add_range(rule, sreg, below(2), first, last, size);
		break;
	case 1: /* a prefix */
		bits = below((uint32_t)size * 8 + 1);
		for (size_t i = 0; i < size; i++)
			mask[i] = (uint8_t)(bits >= 8 * i + 8 ? 0xff : bits > 8 * i ? 0xff00 >> (bits - 8 * i) : 0);
		if (part == PART_STATE)
			part_value(part, mask);
		for (size_t i = 0; i < size; i++)
			first[i] &= mask[i];
		add_bitwise(rule, sreg, sreg, mask, zero, size);
		add_cmp(rule, sreg, below(6), part == PART_STATE ? zero : first, size);
		break;
	case 2: /* the first bytes alone */ add_cmp(rule, sreg, below(6), first, 1 + below((uint32_t)size)); break;
	default: add_cmp(rule, sreg, below(6), first, size); break;
	}
}

static inline void random_status(struct sg_rule *rule, uint32_t number, uint32_t mask)
{
	uint32_t zero = 0;

	add_ct(rule, NFT_CT_STATUS, -1, 0);
	add_bitwise(rule, 0, 0, &mask, &zero, sizeof(mask));
	add_cmp(rule, 0, below(2) ? NFT_CMP_EQ : NFT_CMP_NEQ, &number, sizeof(number));
}

/* What the packets of a published port are known to be, beside what a mask of other bits makes no difference to. */
static inline void random_connection(struct sg_rule *rule)
{
	uint8_t direction = (uint8_t)below(2);

	switch (below(3)) {
	case 0:
		add_ct(rule, NFT_CT_DIRECTION, -1, 0);
		add_cmp(rule, 0, below(6), &direction, 1);
		break;
	case 1: random_status(rule, below(2) * 32, 32); break;
	default: random_status(rule, 0, 32 | below(256)); break;
	}
}

static inline void random_match(struct rules *rules, struct sg_rule *rule, enum sg_direction direction, size_t chain,
				bool map)
{
	static const enum part lists[][3] = {
		{PART_PROTOCOL, PART_PORT, PART_NAME},  {PART_PORT, PART_PROTOCOL, PART_STATE},
		{PART_NAME, PART_STATE, PART_FAMILY},   {PART_SOURCE4, PART_TARGET4, PART_NAME},
		{PART_SOURCE4, PART_PORT, PART_FAMILY}, {PART_SOURCE6, PART_FAMILY, PART_STATE},
		{PART_STATE, PART_SOURCE4, PART_NAME},  {PART_TARGET6, PART_FAMILY, PART_PROTOCOL},
	};
	const enum part *parts = lists[below(LENGTH(lists))];
	size_t count = 1 + below(3), slot = 0;
	enum part part = (enum part)below(PARTS);

	if (!map && below(2)) {
		part_guard(rules, rule, part);
		part_load(rule, part, 0, direction);
		random_compare(rule, 0, part);
		return;
	}
	for (size_t i = 0; i < count; i++)
		part_guard(rules, rule, parts[i]);
	for (size_t i = 0; i < count; slot += (part_size(parts[i++]) + 3) / 4)
		part_load(rule, parts[i], (uint8_t)slot, direction);
	add_lookup(rule, 0, random_set(rules, parts, count, map, chain)->name, map, !map && below(3) == 0);
}

/* A set whose keys are divided otherwise than the registers, or have bytes where registers have none. */
static inline void random_misfit(struct rules *rules, struct sg_rule *rule)
{
	static const enum part lists[][2] = {{PART_PROTOCOL, PART_PORT},
					     {PART_PORT, PART_PROTOCOL},
					     {PART_SOURCE4, PART_TARGET4},
					     {PART_STATE, PART_FAMILY}};
	const enum part *key = lists[below(LENGTH(lists))], *loads = below(2) ? key : lists[below(LENGTH(lists))];
	struct sg_set *set = random_set(rules, key, 2, false, 0);

	if (below(2)) {
		set->flags &= ~SG_SET_CONCAT;
		set->field_count = 0;
	}
	for (size_t i = 0; i < set->count * (set->flags & SG_SET_INTERVAL ? 2 : 1) && below(3) == 0; i++)
		set->keys[i * set->key_length + 1 + below(7)] |= (uint8_t)below(2);
	if (below(4))
		for (size_t i = 0; i < 2; i++)
			part_load(rule, loads[i], (uint8_t)i, SG_IN);
	else
		add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 12, 8, 0);
	add_lookup(rule, 0, set->name, false, below(3) == 0);
}

/* Things that a table can have though nft makes none of them, or that no level stands for. */
static inline void random_oddity(struct rules *rules, struct sg_rule *rule)
{
	static const char *const names[] = {"limit", "quota", "log", "last", "queue", "objref", "payload", "xfrm"};
	static const uint32_t keys[] = {NFT_META_MARK,    NFT_META_PRANDOM, NFT_META_SKUID, NFT_META_PKTTYPE,
					NFT_META_IIFNAME, NFT_META_OIFNAME, NFT_META_IIF};
	uint8_t bytes[16] = {(uint8_t)below(3)}, mask[16],
		xor[16] = {
			0};
	enum part part = (enum part)below(PARTS);

	for (size_t i = 0; i < sizeof(mask); i++) {
		mask[i] = (uint8_t)(below(2) ? 0xff : below(256));
		xor[i] = (uint8_t)(below(4) ? 0 : below(256));
	}
	switch (below(10)) {
	case 0: add_unknown(rule, names[below(LENGTH(names))]); break;
	case 1:
		add_meta(rule, keys[below(LENGTH(keys))], (uint8_t)below(5));
		add_cmp(rule, (uint8_t)below(5), below(6), bytes, 1 + below(4));
		break;
	case 2:
		add_ct(rule, below(2) ? NFT_CT_MARK : NFT_CT_DIRECTION, (int)below(3) - 1, 0);
		add_cmp(rule, 0, below(2), bytes, 1);
		if (below(2))
			random_status(rule, (uint32_t)bytes[0] << below(7), (below(2) ? 32U : 0) | (below(2) ? below(256) : 0));
		break;
	case 3: /* a register that is written in part */
		part_load(rule, part, 0, SG_IN);
		part_load(rule, (enum part)below(PARTS), (uint8_t)below(4), SG_IN);
		random_compare(rule, 0, part);
		break;
	case 4:
		add_payload(rule, below(4), below(30), 1 + below(20), 0);
		if (below(3) == 0) /* that it is there is enough */
			break;
		part_value(part, bytes);
		add_cmp(rule, 0, below(6), bytes, 1 + below(8));
		break;
	case 5:
		part_load(rule, part, 0, SG_IN);
		add_bitwise(rule, 0, (uint8_t)below(3), mask, xor, part_size(part));
		part_value(part, bytes);
		add_cmp(rule, (uint8_t)below(3), below(6), bytes, 1 + below((uint32_t)part_size(part)));
		break;
	case 6: /* a constant */
		part = PART_PORT;
		part_value(part, bytes);
		add(rule, SG_EXPR_IMMEDIATE)->data_length = 2;
		memcpy(rule->exprs[rule->expr_count - 1].data, bytes, 2);
		random_compare(rule, 0, part);
		break;
	case 7: add_verdict(rule, SG_CODE_CONTINUE, NULL); break;
	case 8: random_misfit(rules, rule); break;
	default: /* what an earlier rule left */ random_compare(rule, (uint8_t)below(5), part); break;
	}
}

/* ------------------------------------------------------------------ rules, chains */

static inline void random_rule(struct rules *rules, size_t chain, enum sg_direction direction)
{
	struct sg_rule *rule = sg_chain_add_rule(&rules->table->chains[chain], NULL);
	struct sg_nft_verdict verdict = random_verdict(rules, chain);

	for (uint32_t n = below(3); n > 0; n--)
		random_match(rules, rule, direction, chain, false);
	if (rules->published && below(3) == 0)
		random_connection(rule);
	if (rules->odd && below(3) == 0)
		random_oddity(rules, rule);
	if (below(4) == 0)
		add(rule, SG_EXPR_COUNTER);
	switch (below(8)) {
	case 0: add_reject(rule, below(3)); break;
	case 1:
		random_match(rules, rule, direction, chain, true);
		if (rules->odd && below(3) == 0)
			add_verdict(rule, SG_CODE_ACCEPT, NULL);
		break;
	case 2: break; /* no verdict at all */
	default: add_verdict(rule, verdict.code, verdict.chain);
	}
}

/* Base chains first, then chains that only lead further down. */
static inline void random_table(struct rules *rules)
{
	static const uint32_t families[] = {NFPROTO_INET, NFPROTO_INET, NFPROTO_INET, NFPROTO_IPV4, NFPROTO_IPV6};
	static const uint32_t hooks[] = {NF_INET_LOCAL_IN, NF_INET_LOCAL_IN, NF_INET_FORWARD, NF_INET_LOCAL_OUT};
	size_t bases = 1 + below(3), others = below(4);
	char name[16];

	rules->table = sg_ruleset_add_table(&rules->ruleset, families[below(LENGTH(families))], "t", NULL);
	rules->table->flags = below(40) ? 0 : NFT_TABLE_F_DORMANT;
	for (size_t i = 0; i < bases + others; i++) {
		struct sg_chain *chain;

		snprintf(name, sizeof(name), "c%u", (unsigned int)i);
		chain = sg_table_add_chain(rules->table, name, NULL);
		if (i >= bases)
			continue;
		chain->is_base = true;
		chain->hook = i || below(4) == 0 ? hooks[below(LENGTH(hooks))] : NF_INET_LOCAL_IN;
		if (!rules->odd && i) /* chains that are called know which of the two names is one */
			chain->hook = rules->table->chains[0].hook;
		chain->priority = (int32_t)below(3) - 1;
		if (rules->published)
			chain->hook = NF_INET_FORWARD;
		if (!rules->odd)
			chain->priority = (int32_t)i * (below(2) ? 1 : -1); /* in a certain order */
		chain->policy = below(2) ? NF_DROP : NF_ACCEPT;
		chain->type = strdup("filter");
	}
	for (size_t i = 0; i < bases + others; i++) {
		const struct sg_chain *chain = &rules->table->chains[rules->odd && i < bases ? i : 0];
		bool out = chain->hook == NF_INET_LOCAL_OUT;

		for (uint32_t n = below(5); n > 0; n--)
			random_rule(rules, i, rules->published ? SG_PUBLISHED : out ? SG_OUT : SG_IN);
	}
}

/* ------------------------------------------------------------------ packets */

/* A published port is what a connection makes it: in its own direction, with another destination than it was sent to.
 */
static inline void random_connection_of(struct nft_packet *packet)
{
	bool published = packet->direction == SG_PUBLISHED;

	packet->has_ports = sg_proto_has_ports(packet->l4proto);
	packet->rewritten = published || below(3) == 0;
	packet->reply = !published && (below(2) || (packet->direction == SG_FORWARD && packet->rewritten));
	random_address(packet->original, packet->nfproto == NFPROTO_IPV4 ? 4 : 16);
	random_port(packet->original_port);
	if (!published)
		return;
	packet->state = (enum sg_ct_state)below(SG_CT_RELATED + 1);
	if (packet->has_ports) { /* or it would have none */
		packet->fragment = false;
		packet->size = packet->transport + 20;
	}
}

static inline void random_packet(struct nft_packet *packet)
{
	bool v4 = below(2);
	size_t header = v4 ? 20 + (below(4) == 0 ? 4U : 0) : 40, body;

	*packet = (struct nft_packet){.direction = below(4) ? SG_IN : (enum sg_direction)below(SG_DIRECTIONS),
				      .state = (enum sg_ct_state)below(SG_CT_COUNT),
				      .nfproto = v4 ? NFPROTO_IPV4 : NFPROTO_IPV6,
				      .l4proto = some_protocol[below(LENGTH(some_protocol))],
				      .fragment = below(8) == 0,
				      .transport = header,
				      .noise = nft_mix(seed)};
	body = below(8) ? 20 : below(9);
	packet->size = header + body;
	for (size_t i = 0; i < packet->size; i++)
		packet->bytes[i] = (uint8_t)below(3);
	random_address(packet->bytes + (v4 ? 12 : 8), v4 ? 4 : 16);
	random_address(packet->bytes + (v4 ? 16 : 24), v4 ? 4 : 16);
	random_port(packet->bytes + header + 2);
	if (packet->l4proto == 1 || packet->l4proto == 58)
		packet->bytes[header] = (uint8_t)some_port[below(8)];
	random_connection_of(packet);
	if (packet->direction != SG_OUT)
		random_name(packet->iifname);
	if (packet->direction != SG_IN)
		random_name(packet->oifname);
}

/* The packet as a point of the levels, read from its bytes. */
static inline void place_packet(const struct nft_packet *packet, sg_u128 *point)
{
	const uint8_t *transport = packet->bytes + packet->transport;
	bool v4 = packet->nfproto == NFPROTO_IPV4, out = packet->direction == SG_OUT;
	bool published = packet->direction == SG_PUBLISHED;
	const char *name = out ? packet->oifname : packet->iifname;
	size_t body = packet->fragment ? 0 : packet->size - packet->transport, size = v4 ? 4 : 16;
	sg_u128 source = 0, target = 0;

	for (size_t i = 0; i < size; i++) {
		source = source << 8 | packet->bytes[(v4 ? 12 : 8) + i];
		target = target << 8 | (published ? packet->original[i] : packet->bytes[(v4 ? 16 : 24) + i]);
	}
	memset(point, 0, SG_FIELD_COUNT * sizeof(*point));
	point[SG_FIELD_DIRECTION] = packet->direction;
	point[SG_FIELD_STATE] = packet->state;
	point[SG_FIELD_PROTOCOL] = packet->l4proto;
	point[SG_FIELD_PORT] = SG_PORT_ABSENT;
	if (sg_proto_has_ports(packet->l4proto) && body >= 4)
		point[SG_FIELD_PORT] = published ? packet->original_port[0] * 256U + packet->original_port[1]
						 : transport[2] * 256U + transport[3];
	if ((packet->l4proto == 1 || packet->l4proto == 58) && body >= 1)
		point[SG_FIELD_PORT] = transport[0];
	for (size_t i = 0; i < 16; i++)
		point[SG_FIELD_INTERFACE] = point[SG_FIELD_INTERFACE] << 8 | (uint8_t)name[i];
	point[SG_FIELD_FAMILY] = v4 ? SG_IPV4 : SG_IPV6;
	point[v4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6] = out ? source : target;
	point[v4 ? SG_FIELD_REMOTE4 : SG_FIELD_REMOTE6] = out ? target : source;
}

#endif
