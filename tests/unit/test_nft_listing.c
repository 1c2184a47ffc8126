/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables as text: what is written, word by word, and what is refused rather than written wrongly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>

#include "nft/build.h"
#include "random_table.h"
#include "sockgate/buf.h"
#include "sockgate/listing.h"

/* ------------------------------------------------------------- making rules */

static struct sg_rule *new_rule(struct sg_table *table)
{
	struct sg_error err = {0};

	return sg_chain_add_rule(&table->chains[table->chain_count - 1], &err);
}

static void meta(struct sg_rule *rule, uint32_t key, uint8_t dreg)
{
	struct sg_expr *expr = random_expr(rule, SG_EXPR_META);

	expr->key = key;
	expr->dreg = dreg;
}

static void payload(struct sg_rule *rule, uint32_t base, uint32_t offset, uint32_t length, uint8_t dreg)
{
	struct sg_expr *expr = random_expr(rule, SG_EXPR_PAYLOAD);

	expr->base = base;
	expr->offset = offset;
	expr->length = length;
	expr->dreg = dreg;
}

static void cmp(struct sg_rule *rule, uint32_t op, const void *data, uint8_t size)
{
	struct sg_expr *expr = random_expr(rule, SG_EXPR_CMP);

	expr->op = op;
	expr->data_length = size;
	memcpy(expr->data, data, size);
}

static void mask(struct sg_rule *rule, const void *data, uint8_t size)
{
	struct sg_expr *expr = random_expr(rule, SG_EXPR_BITWISE);

	expr->length = expr->data_length = size;
	memcpy(expr->data, data, size);
}

static void byte(struct sg_rule *rule, uint32_t key, uint8_t value)
{
	meta(rule, key, 0);
	cmp(rule, NFT_CMP_EQ, &value, 1);
}

static void verdict(struct sg_rule *rule, int32_t code, const char *chain)
{
	struct sg_expr *expr = random_expr(rule, SG_EXPR_VERDICT);

	expr->verdict.code = code;
	expr->verdict.chain = chain ? strdup(chain) : NULL;
}

static void lookup(struct sg_rule *rule, const char *set, bool map, bool inverted)
{
	struct sg_expr *expr = random_expr(rule, SG_EXPR_LOOKUP);

	expr->name = strdup(set);
	expr->is_map = map;
	expr->inverted = inverted;
	expr->dreg = SG_REG_VERDICT;
}

static struct sg_table *new_table(struct sg_ruleset *ruleset)
{
	struct sg_error err = {0};
	struct sg_table *table = sg_ruleset_add_table(ruleset, NFPROTO_INET, "sockgate", &err);
	struct sg_chain *chain;

	assert_non_null(sg_table_add_chain(table, "tcp_22", &err));
	chain = sg_table_add_chain(table, "input", &err);
	chain->is_base = true;
	chain->hook = NF_INET_LOCAL_IN;
	chain->type = strdup("filter");
	return table;
}

static struct sg_set *new_set(struct sg_table *table, const char *name, uint32_t type, uint32_t length, uint32_t flags)
{
	struct sg_error err = {0};
	struct sg_set *set = sg_table_add_set(table, name, &err);

	set->key_type = type;
	set->key_length = length;
	set->flags = flags;
	if (flags & SG_SET_MAP)
		set->data_type = 0xffffff00U;
	return set;
}

static void element(struct sg_set *set, const void *first, const void *last, int32_t code, const char *comment)
{
	struct sg_nft_verdict value = {.code = code, .chain = code == SG_CODE_GOTO ? (char[]){"tcp_22"} : NULL};
	struct sg_error err = {0};

	assert_int_equal(sg_set_add(set, first, last, set->flags & SG_SET_MAP ? &value : NULL, comment, 0, &err), 0);
}

/* The text of the only rule of chain input, without what is around it; "" when it cannot be said. */
static char *rule_text(const struct sg_table *table, char *line, size_t size)
{
	struct sg_buf out = {0};
	struct sg_error err = {0};
	const char *from, *to;

	*line = '\0';
	sg_buf_adds(&out, "before");
	if (sg_listing_table(table, &out, &err) < 0) {
		assert_int_equal(err.kind, SG_ERROR_LIMIT);
		assert_string_equal(out.data, "before");
	} else {
		from = strstr(out.data, "policy drop;\n\t\t");
		assert_non_null(from);
		from += strlen("policy drop;\n\t\t");
		to = strchr(from, '\n');
		snprintf(line, size, "%.*s", (int)(to - from), from);
	}
	sg_buf_clear(&out);
	return line;
}

/* ------------------------------------------------------------- one rule each */

static void rule_lo(struct sg_rule *rule)
{
	meta(rule, NFT_META_IIFNAME, 0);
	cmp(rule, NFT_CMP_EQ, "lo\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	verdict(rule, SG_CODE_ACCEPT, NULL);
	rule->comment = strdup("loop");
}

static void rule_wildcard(struct sg_rule *rule)
{
	meta(rule, NFT_META_IIFNAME, 0);
	cmp(rule, NFT_CMP_NEQ, "eth", 3);
	verdict(rule, SG_CODE_DROP, NULL);
}

static void rule_states(struct sg_rule *rule)
{
	uint32_t bits = 2 | 4 | 64, zero = 0;

	random_expr(rule, SG_EXPR_CT)->key = NFT_CT_STATE;
	mask(rule, &bits, 4);
	cmp(rule, NFT_CMP_NEQ, &zero, 4);
	verdict(rule, SG_CODE_ACCEPT, NULL);
}

static void rule_not_states(struct sg_rule *rule)
{
	uint32_t bits = 8, zero = 0;

	random_expr(rule, SG_EXPR_CT)->key = NFT_CT_STATE;
	mask(rule, &bits, 4);
	cmp(rule, NFT_CMP_EQ, &zero, 4);
	verdict(rule, SG_CODE_RETURN, NULL);
}

static void rule_ports(struct sg_rule *rule)
{
	meta(rule, NFT_META_L4PROTO, 0);
	payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 1);
	lookup(rule, "in_ports", true, false);
}

static void rule_ranges(struct sg_rule *rule)
{
	payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 0);
	meta(rule, NFT_META_L4PROTO, 1);
	lookup(rule, "in_ranges", true, false);
}

static void rule_prefix(struct sg_rule *rule)
{
	byte(rule, NFT_META_NFPROTO, NFPROTO_IPV4);
	payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 12, 4, 0);
	mask(rule, "\xff\x80\0\0", 4);
	cmp(rule, NFT_CMP_EQ, "\x0a\x80\0\0", 4);
	payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 16, 2, 0);
	cmp(rule, NFT_CMP_NEQ, "\xc0\xa8", 2);
	verdict(rule, SG_CODE_GOTO, "tcp_22");
}

static void rule_prefix6(struct sg_rule *rule)
{
	byte(rule, NFT_META_NFPROTO, NFPROTO_IPV6);
	payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 8, 16, 0);
	mask(rule, "\xff\xc0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	cmp(rule, NFT_CMP_EQ, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	verdict(rule, SG_CODE_JUMP, "tcp_22");
}

static void rule_set(struct sg_rule *rule)
{
	byte(rule, NFT_META_NFPROTO, NFPROTO_IPV4);
	payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 12, 4, 0);
	lookup(rule, "g_office4", false, true);
	byte(rule, NFT_META_L4PROTO, 6);
	payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 0);
	cmp(rule, NFT_CMP_GTE, "\0\x50", 2);
	cmp(rule, NFT_CMP_LTE, "\0\x5a", 2);
	random_expr(rule, SG_EXPR_COUNTER);
	verdict(rule, SG_CODE_DROP, NULL);
}

static void rule_icmp(struct sg_rule *rule)
{
	byte(rule, NFT_META_L4PROTO, 1);
	payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, 0);
	lookup(rule, "in_icmp", true, false);
}

static void rule_icmp_of_ipv4(struct sg_rule *rule)
{
	byte(rule, NFT_META_NFPROTO, NFPROTO_IPV4);
	rule_icmp(rule);
}

static void rule_family(struct sg_rule *rule)
{
	byte(rule, NFT_META_NFPROTO, NFPROTO_IPV4);
	verdict(rule, SG_CODE_ACCEPT, NULL);
}

static void rule_reset(struct sg_rule *rule)
{
	byte(rule, NFT_META_L4PROTO, 6);
	random_expr(rule, SG_EXPR_REJECT)->key = NFT_REJECT_TCP_RST;
}

static struct sg_expr *reject(struct sg_rule *rule, uint32_t code)
{
	struct sg_expr *expr = random_expr(rule, SG_EXPR_REJECT);

	expr->key = NFT_REJECT_ICMPX_UNREACH;
	expr->offset = code;
	return expr;
}

static void rule_reject(struct sg_rule *rule)
{
	reject(rule, NFT_REJECT_ICMPX_PORT_UNREACH);
}

static void rule_reject_ipv4(struct sg_rule *rule)
{
	byte(rule, NFT_META_NFPROTO, NFPROTO_IPV4);
	reject(rule, NFT_REJECT_ICMPX_PORT_UNREACH);
}

static void rule_prohibited(struct sg_rule *rule)
{
	reject(rule, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
}

static void rule_other_protocol(struct sg_rule *rule)
{
	byte(rule, NFT_META_L4PROTO, 99);
	payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2, 0);
	cmp(rule, NFT_CMP_EQ, "\0\x35", 2);
	verdict(rule, SG_CODE_CONTINUE, NULL);
}

/* -- what cannot be said */

static void rule_address_without_family(struct sg_rule *rule)
{
	payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 12, 4, 0);
	lookup(rule, "g_office4", false, false);
}

static void rule_reset_of_any(struct sg_rule *rule)
{
	random_expr(rule, SG_EXPR_REJECT)->key = NFT_REJECT_TCP_RST;
}

static void rule_odd_mask(struct sg_rule *rule)
{
	byte(rule, NFT_META_NFPROTO, NFPROTO_IPV4);
	payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 12, 4, 0);
	mask(rule, "\xff\x00\xff\0", 4);
	cmp(rule, NFT_CMP_EQ, "\x0a\0\x01\0", 4);
}

static void rule_never(struct sg_rule *rule)
{
	byte(rule, NFT_META_NFPROTO, NFPROTO_IPV4);
	payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 12, 4, 0);
	mask(rule, "\xff\0\0\0", 4);
	cmp(rule, NFT_CMP_EQ, "\x0a\x01\0\0", 4);
}

static void rule_wrong_set(struct sg_rule *rule)
{
	byte(rule, NFT_META_NFPROTO, NFPROTO_IPV6);
	payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 8, 16, 0);
	lookup(rule, "g_office4", false, false);
}

static void rule_unknown(struct sg_rule *rule)
{
	random_expr(rule, SG_EXPR_UNKNOWN)->name = strdup("xfrm");
	verdict(rule, SG_CODE_ACCEPT, NULL);
}

static void rule_load_alone(struct sg_rule *rule)
{
	meta(rule, NFT_META_IIFNAME, 0);
}

static void rule_other_register(struct sg_rule *rule)
{
	uint8_t value = 6;

	meta(rule, NFT_META_L4PROTO, 4);
	cmp(rule, NFT_CMP_NEQ, &value, 1);
}

static void rule_quoted(struct sg_rule *rule)
{
	verdict(rule, SG_CODE_ACCEPT, NULL);
	rule->comment = strdup("a \"word\"");
}

static void rule_keyword(struct sg_rule *rule)
{
	verdict(rule, SG_CODE_GOTO, "accept");
}

static void rule_empty(struct sg_rule *rule)
{
	(void)rule;
}

/* What is not a whole second cannot be said, nor a time that is compared in the host's order of bytes. */
static void rule_part_of_a_second(struct sg_rule *rule)
{
	assert_int_equal(sg_build_time_before(rule, 1700000000500000000, NULL), 0);
}

static void rule_time_not_swapped(struct sg_rule *rule)
{
	meta(rule, NFT_META_TIME_NS, 0);
	cmp(rule, NFT_CMP_LT, "\0\0\0\0\0\0\0", 8);
}

static void rule_swapped_name(struct sg_rule *rule)
{
	struct sg_expr *swap;

	meta(rule, NFT_META_IIFNAME, 0);
	swap = random_expr(rule, SG_EXPR_BYTEORDER);
	swap->op = NFT_BYTEORDER_HTON;
	swap->length = swap->size = 16;
	cmp(rule, NFT_CMP_EQ, "lo\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
}

static void rule_bytes(struct sg_rule *rule)
{
	assert_int_equal(sg_build_limit(rule, 20, 60, 20, NULL), 0);
	rule->exprs[0].is_bytes = true;
}

static void rule_odd_unit(struct sg_rule *rule)
{
	assert_int_equal(sg_build_limit(rule, 20, 61, 20, NULL), 0);
}

/* nft would read a variable of its own */
static void rule_variable(struct sg_rule *rule)
{
	assert_int_equal(sg_build_log(rule, "a $b: ", false, 0, NULL), 0);
}

static void rule_empty_prefix(struct sg_rule *rule)
{
	assert_int_equal(sg_build_log(rule, "", false, 0, NULL), 0);
}

static void rule_audit(struct sg_rule *rule)
{
	random_expr(rule, SG_EXPR_LOG)->key = NFT_LOGLEVEL_AUDIT;
}

static void rule_port_of_any_protocol(struct sg_rule *rule)
{
	struct sg_expr *expr = random_expr(rule, SG_EXPR_CT);

	expr->key = NFT_CT_PROTO_DST;
	expr->direction = 0;
	cmp(rule, NFT_CMP_EQ, "\0\x16", 2);
}

static void rule_reply(struct sg_rule *rule)
{
	const struct sg_range one = {.first = 0x0a000001, .last = 0x0a000001};

	assert_int_equal(sg_build_original_prefix(rule, SG_IPV4, &one, false, NULL), 0);
	rule->exprs[0].direction = 1;
}

static void rule_status_as_a_whole(struct sg_rule *rule)
{
	random_expr(rule, SG_EXPR_CT)->key = NFT_CT_STATUS;
	cmp(rule, NFT_CMP_EQ, "\x20\0\0\0", 4);
}

static void rule_mark_of_a_socket(struct sg_rule *rule)
{
	random_expr(rule, SG_EXPR_SOCKET)->key = NFT_SOCKET_MARK;
	cmp(rule, NFT_CMP_EQ, "\1\0\0\0", 4);
}

static void meter(struct sg_rule *rule, const char *set)
{
	byte(rule, NFT_META_NFPROTO, NFPROTO_IPV4);
	assert_int_equal(sg_build_meter_limit(rule, SG_IPV4, false, set, 20, 60, 20, NULL), 0);
}

static void rule_meter(struct sg_rule *rule)
{
	meter(rule, "peers");
	rule->exprs[3].timeout = 90061001;
}

static void rule_meter_of_another_type(struct sg_rule *rule)
{
	meter(rule, "in_icmp");
}

static void rule_meter_without_set(struct sg_rule *rule)
{
	meter(rule, "nobody");
}

static void rule_meter_of_another_register(struct sg_rule *rule)
{
	meter(rule, "peers");
	rule->exprs[3].sreg = 4;
}

static void rule_two_meters_of_one_element(struct sg_rule *rule)
{
	meter(rule, "peers");
	sg_expr_add_inner(&rule->exprs[3], SG_EXPR_CONNLIMIT, NULL)->rate = 5;
}

static void rule_meter_without_family(struct sg_rule *rule)
{
	assert_int_equal(sg_build_meter_limit(rule, SG_IPV4, false, "peers", 20, 60, 20, NULL), 0);
}

static void rules(void **state)
{
	(void)state;
	static const struct {
		void (*make)(struct sg_rule *rule);
		const char *text;
	} cases[] = {
		{rule_lo, "iifname \"lo\" accept comment \"loop\""},
		{rule_wildcard, "iifname != \"eth*\" drop"},
		{rule_states, "ct state established,related,untracked accept"},
		{rule_not_states, "ct state ! new return"},
		{rule_ports, "meta l4proto . th dport vmap @in_ports"},
		{rule_ranges, "th dport . meta l4proto vmap @in_ranges"},
		{rule_prefix, "ip saddr 10.128.0.0/9 ip daddr != 192.168.0.0/16 goto tcp_22"},
		{rule_prefix6, "ip6 saddr fe80::/10 jump tcp_22"},
		{rule_set, "ip saddr != @g_office4 tcp dport 80-90 counter packets 0 bytes 0 drop"},
		{rule_icmp, "meta l4proto icmp icmp type vmap @in_icmp"},
		{rule_icmp_of_ipv4, "icmp type vmap @in_icmp"},
		{rule_family, "meta nfproto ipv4 accept"},
		{rule_reset, "meta l4proto tcp reject with tcp reset"},
		{rule_reject, "reject"},
		{rule_reject_ipv4, "meta nfproto ipv4 reject with icmpx port-unreachable"},
		{rule_prohibited, "reject with icmpx admin-prohibited"},
		{rule_other_protocol, "meta l4proto 99 th sport 53 continue"},
		{rule_address_without_family, ""},
		{rule_reset_of_any, ""},
		{rule_odd_mask, ""},
		{rule_never, ""},
		{rule_wrong_set, ""},
		{rule_unknown, ""},
		{rule_load_alone, ""},
		{rule_other_register, ""},
		{rule_meter, "update @peers { ip saddr timeout 1d1h1m1s1ms limit rate 20/minute burst 20 packets }"},
		{rule_part_of_a_second, ""},
		{rule_time_not_swapped, ""},
		{rule_swapped_name, ""},
		{rule_bytes, ""},
		{rule_odd_unit, ""},
		{rule_variable, ""},
		{rule_empty_prefix, ""},
		{rule_audit, ""},
		{rule_port_of_any_protocol, ""},
		{rule_reply, ""},
		{rule_status_as_a_whole, ""},
		{rule_mark_of_a_socket, ""},
		{rule_meter_of_another_type, ""},
		{rule_meter_without_set, ""},
		{rule_meter_of_another_register, ""},
		{rule_two_meters_of_one_element, ""},
		{rule_meter_without_family, ""},
		{rule_quoted, ""},
		{rule_keyword, ""},
		{rule_empty, ""},
	};
	char line[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sg_ruleset ruleset = {0};
		struct sg_table *table = new_table(&ruleset);

		new_set(table, "g_office4", 7, 4, SG_SET_INTERVAL);
		new_set(table, "peers", 7, 4, SG_SET_EVAL | SG_SET_TIMEOUT);
		new_set(table, "in_icmp", 14, 1, SG_SET_MAP);
		struct sg_set *set = new_set(table, "in_ports", 12 << 6 | 13, 8, SG_SET_MAP);

		set->field_count = 2;
		memcpy(set->field_length, "\1\2", 2);
		set = new_set(table, "in_ranges", 13 << 6 | 12, 8, SG_SET_MAP | SG_SET_INTERVAL | SG_SET_CONCAT);
		set->field_count = 2;
		memcpy(set->field_length, "\2\1", 2);
		cases[i].make(new_rule(table));
		assert_string_equal(rule_text(table, line, sizeof(line)), cases[i].text);
		sg_ruleset_clear(&ruleset);
	}
}

static void whole_table(void **state)
{
	(void)state;
	struct sg_ruleset ruleset = {0};
	struct sg_table *table = new_table(&ruleset);
	struct sg_buf out = {0};
	struct sg_error err = {0};
	struct sg_set *set;

	table->comment = strdup("made for a test");
	set = new_set(table, "g_office4", 7, 4, SG_SET_INTERVAL);
	element(set, "\x0a\0\0\0", "\x0a\xff\xff\xff", 0, NULL);
	element(set, "\xc0\0\x02\1", "\xc0\0\x02\x09", 0, NULL);
	element(set, "\xc6\x33\x64\7", "\xc6\x33\x64\7", 0, NULL);
	set->comment = strdup("the office");
	set = new_set(table, "in_ports", 12 << 6 | 13, 8, SG_SET_MAP);
	set->field_count = 2;
	memcpy(set->field_length, "\1\2", 2);
	set->size = 1024;
	element(set, "\6\0\0\0\0\x16\0\0", NULL, SG_CODE_GOTO, "ssh");
	element(set, "\x11\0\0\0\0\x35\0\0", NULL, SG_CODE_ACCEPT, NULL);
	set = new_set(table, "in_icmp", 14, 1, SG_SET_MAP);
	element(set, "\x08", NULL, SG_CODE_ACCEPT, NULL);
	element(set, "\xc8", NULL, SG_CODE_DROP, NULL);
	set->catch_all = true;
	new_set(table, "names", 41, 16, SG_SET_INTERVAL);
	element(&table->sets[3], "eth\0\0\0\0\0\0\0\0\0\0\0\0\0",
		"eth\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 0, NULL);
	rule_lo(new_rule(table));
	rule_ports(new_rule(table));
	table->chains[0].comment = strdup("for ssh");
	rule_family(sg_chain_add_rule(&table->chains[0], &err));
	if (sg_listing_table(table, &out, &err) < 0)
		fail_msg("%s", err.message);
	assert_string_equal(out.data, "table inet sockgate {\n"
				      "\tcomment \"made for a test\"\n"
				      "\n"
				      "\tset g_office4 {\n"
				      "\t\ttype ipv4_addr\n"
				      "\t\tflags interval\n"
				      "\t\tcomment \"the office\"\n"
				      "\t\telements = { 10.0.0.0/8, 192.0.2.1-192.0.2.9, 198.51.100.7 }\n"
				      "\t}\n"
				      "\n"
				      "\tmap in_ports {\n"
				      "\t\ttype inet_proto . inet_service : verdict\n"
				      "\t\tsize 1024\n"
				      "\t\telements = { tcp . 22 comment \"ssh\" : goto tcp_22,\n"
				      "\t\t\t     udp . 53 : accept }\n"
				      "\t}\n"
				      "\n"
				      "\tmap in_icmp {\n"
				      "\t\ttype icmp_type : verdict\n"
				      "\t\telements = { echo-request : accept,\n"
				      "\t\t\t     200 : drop,\n"
				      "\t\t\t     * : drop }\n"
				      "\t}\n"
				      "\n"
				      "\tset names {\n"
				      "\t\ttype ifname\n"
				      "\t\tflags interval\n"
				      "\t\telements = { \"eth*\" }\n"
				      "\t}\n"
				      "\n"
				      "\tchain tcp_22 {\n"
				      "\t\tcomment \"for ssh\"\n"
				      "\t\tmeta nfproto ipv4 accept\n"
				      "\t}\n"
				      "\n"
				      "\tchain input {\n"
				      "\t\ttype filter hook input priority filter; policy drop;\n"
				      "\t\tiifname \"lo\" accept comment \"loop\"\n"
				      "\t\tmeta l4proto . th dport vmap @in_ports\n"
				      "\t}\n"
				      "}\n");
	sg_buf_clear(&out);
	sg_ruleset_clear(&ruleset);
}

static void lists_are_wrapped(void **state)
{
	(void)state;
	struct sg_ruleset ruleset = {0};
	struct sg_table *table = new_table(&ruleset);
	struct sg_set *set = new_set(table, "g_many6", 8, 16, 0);
	struct sg_buf out = {0};
	struct sg_error err = {0};
	size_t longest = 0, length = 0, commas = 0;

	for (uint32_t i = 0; i < 1000; i++) {
		uint8_t key[16] = {0x20, 1, 0xd, 0xb8};

		memset(key + 4, (int)(i % 7), 10);
		key[14] = (uint8_t)(i >> 8);
		key[15] = (uint8_t)i;
		element(set, key, NULL, 0, NULL);
	}
	assert_int_equal(sg_listing_table(table, &out, &err), 0);
	for (const char *p = out.data; *p; p++) {
		length = *p == '\n' ? 0 : *p == '\t' ? length + 8 : length + 1;
		longest = length > longest ? length : longest;
		commas += *p == ',';
	}
	assert_int_equal(commas, 999);
	assert_true(longest <= 120);
	sg_buf_clear(&out);
	sg_ruleset_clear(&ruleset);
}

/* Whatever a random table holds: a text, or a refusal that leaves the buffer as it was. */
static void never_half(void **state)
{
	(void)state;
	size_t refused = 0;

	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct sg_ruleset ruleset = {0};
		struct sg_table *table = random_table(&(struct random_state){seed}, &ruleset, "t");
		struct sg_buf out = {0};
		struct sg_error err = {0};

		sg_buf_adds(&out, "before");
		if (sg_listing_table(table, &out, &err) < 0) {
			assert_string_equal(out.data, "before");
			assert_int_equal(err.kind, SG_ERROR_LIMIT);
			refused++;
		}
		sg_buf_clear(&out);
		sg_ruleset_clear(&ruleset);
	}
	assert_true(refused > 0);
}

static void refused_objects(void **state)
{
	(void)state;
	struct sg_ruleset ruleset = {0};
	struct sg_table *table = new_table(&ruleset);
	struct sg_set *set = new_set(table, "g_a4", 7, 4, 0);
	struct sg_buf out = {0};
	struct sg_error err = {0};

	table->chains[1].policy = 1;
	assert_int_equal(sg_listing_table(table, &out, &err), 0);
	assert_non_null(strstr(out.data, "policy accept;"));
	set->unknown = true;
	assert_int_equal(sg_listing_table(table, &out, &err), -1);
	assert_string_equal(err.message, "set 'g_a4' cannot be written as nft's text");
	set->unknown = false;
	set->key_type = 4;
	assert_int_equal(sg_listing_table(table, &out, &err), -1);
	set->key_type = 7;
	set->flags = SG_SET_CONCAT;
	assert_int_equal(sg_listing_table(table, &out, &err), -1);
	set->flags = 0;
	table->object_count = 1;
	assert_int_equal(sg_listing_table(table, &out, &err), -1);
	table->object_count = 0;
	table->flags = 2;
	assert_int_equal(sg_listing_table(table, &out, &err), -1);
	table->flags = 1;
	assert_int_equal(sg_listing_table(table, &out, &err), 0);
	table->chains[1].device = strdup("eth0");
	assert_int_equal(sg_listing_table(table, &out, &err), -1);
	sg_buf_clear(&out);
	sg_ruleset_clear(&ruleset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),      cmocka_unit_test(whole_table),     cmocka_unit_test(lists_are_wrapped),
		cmocka_unit_test(never_half), cmocka_unit_test(refused_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
