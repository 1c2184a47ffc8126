/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy_random.h - random policies as text, full of overlaps, and packets at their edges. */
#ifndef POLICY_RANDOM_H
#define POLICY_RANDOM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "sockgate/buf.h"
#include "sockgate/policy.h"
#include "sockgate/proto.h"

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline size_t random_below(uint64_t *state, size_t n)
{
	return (size_t)(random_next(state) % n);
}

#define PICK(state, words) ((words)[random_below(state, sizeof(words) / sizeof((words)[0]))])

static inline void random_key(struct sg_buf *text, bool *first, const char *key, const char *value)
{
	sg_buf_addf(text, "%s%s: %s", *first ? "" : ", ", key, value);
	*first = false;
}

struct random_section {
	bool out, block;
	bool terms; /* lines may have limits, logs and the like */
};

/* unit, limit, connections, log, until; `ports` is false where no socket is. */
static inline void random_terms(struct sg_buf *text, bool *first, const struct random_section *section, bool ports,
				uint64_t *state)
{
	static const char *const units[] = {"a.service", "b.service", "a@b.scope"};
	static const char *const limits[] = {"1/second", "20/minute", "5/hour", "1/day"};
	static const char *const connections[] = {"1", "5", "1000000"};
	static const char *const logs[] = {"a", "b", "{label: a, rate: 5/second}", "{label: c, group: 5}"};
	static const char *const untils[] = {"2030-01-01T00:00Z", "2031-01-01T00:00+01:00", "2030-01-01T01:00+01:00"};
	static const char *const in[] = {"", " per source"}, *const out[] = {"", " per destination"};
	const char *const *peers = section->out ? out : in;
	char value[64];

	if (!section->block && ports && random_below(state, 6) == 0)
		random_key(text, first, "unit", PICK(state, units));
	if (!section->block && random_below(state, 6) == 0) {
		snprintf(value, sizeof(value), "%s%s", PICK(state, limits), peers[random_below(state, 2)]);
		random_key(text, first, "limit", value);
	}
	if (!section->block && random_below(state, 8) == 0) {
		snprintf(value, sizeof(value), "%s%s", PICK(state, connections), peers[random_below(state, 2)]);
		random_key(text, first, "connections", value);
	}
	if (random_below(state, 6) == 0)
		random_key(text, first, "log", PICK(state, logs));
	if (random_below(state, 6) == 0)
		random_key(text, first, "until", PICK(state, untils));
}

/* {port: …, from: …, …} */
static inline void random_mapping(struct sg_buf *text, const char *what, const char *value,
				  const struct random_section *section, bool must, uint64_t *state)
{
	static const char *const remote[] = {"g1", "g2", "[g1, g3]", "10.0.0.0/8", "\"2001:db8:1::/64\"", "192.0.2.7"};
	static const char *const except[] = {"192.0.2.7", "[192.0.2.0/25, \"2001:db8:1::/64\"]", "g3"};
	static const char *const local[] = {"198.51.100.20", "\"2001:db8::20\"", "[198.51.100.20, \"2001:db8::20\"]"};
	static const char *const interface[] = {"eth0", "lan", "lo", "\"eth*\""};
	static const char *const family[] = {"ipv4", "ipv6"};
	static const char *const answer[] = {"drop", "reject"};
	bool first = true;

	sg_buf_addc(text, '{');
	if (what)
		random_key(text, &first, what, value);
	if (must || random_below(state, 2))
		random_key(text, &first, section->out ? "to" : "from", PICK(state, remote));
	if (random_below(state, 6) == 0)
		random_key(text, &first, "except", PICK(state, except));
	if (random_below(state, 6) == 0)
		random_key(text, &first, section->out ? "from" : "to", PICK(state, local));
	if (random_below(state, 5) == 0)
		random_key(text, &first, "interface", PICK(state, interface));
	if (random_below(state, 6) == 0)
		random_key(text, &first, "family", PICK(state, family));
	if (section->terms)
		random_terms(text, &first, section, what && strcmp(what, "port") == 0, state);
	if (section->block && random_below(state, 3) == 0)
		random_key(text, &first, "answer", PICK(state, answer));
	sg_buf_addc(text, '}');
}

static inline void random_lines(struct sg_buf *text, struct random_section section, uint64_t *state)
{
	static const char *const keys[] = {"tcp", "udp", "tcp+udp", "icmp", "esp", "any"};
	static const char *const ports[] = {"22",  "80",      "443",      "1-100", "80-443",
					    "546", "1-65535", "[22, 80]", "99-101"};
	static const char *const types[] = {"echo-request", "3", "13", "8", "destination-unreachable", "128"};

	const char *indent = section.out ? "  " : "";

	sg_buf_addf(text, "%s%s:\n", indent, section.block ? "block" : "allow");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t lines = random_below(state, i < 3 ? 6 : 2);

		if (i && !lines)
			continue;
		sg_buf_addf(text, "%s  %s:\n", indent, keys[i]);
		for (size_t line = 0; line < lines || line < 1; line++) {
			bool plain = random_below(state, 2);

			sg_buf_addf(text, "%s    - ", indent);
			if (i >= 4)
				random_mapping(text, NULL, NULL, &section, true, state);
			else if (i == 3 && plain)
				sg_buf_adds(text, PICK(state, types));
			else if (i == 3)
				random_mapping(text, "type", PICK(state, types), &section, false, state);
			else if (plain)
				sg_buf_adds(text, ports[random_below(state, 7)]);
			else
				random_mapping(text, "port", PICK(state, ports), &section, false, state);
			sg_buf_addc(text, '\n');
		}
	}
}

static inline void random_outbound(struct sg_buf *text, bool terms, uint64_t *state)
{
	static const char *const verdicts[] = {"accept", "drop", "reject"};
	size_t parts = 1 + random_below(state, 7);

	sg_buf_adds(text, "outbound:\n");
	if (parts & 1)
		sg_buf_addf(text, "  default: %s\n", PICK(state, verdicts));
	if (parts & 2)
		random_lines(text, (struct random_section){.out = true, .terms = terms}, state);
	if (parts & 4)
		random_lines(text, (struct random_section){.out = true, .block = true, .terms = terms}, state);
}

/* NUL-terminated, malloc'd. Not all are valid: what is constrained to nothing is refused. With `terms` lines may have
 * limits, units, logs and ends, and the policy may log what it blocks and be enforced on published ports. */
static inline char *random_policy_of(bool terms, uint64_t *state)
{
	static const char *const logs[] = {"10/minute", "{rate: 1/second, group: 7}"};
	static const char *const parts[] = {"established",         "invalid",       "loopback", "icmp-errors",
					    "neighbour-discovery", "dhcpv6-client", "ping"};
	static const char *const verdicts[] = {"drop", "drop", "reject", "accept"};
	struct sg_buf text = {0};
	char *result;

	sg_buf_addf(&text, "default: %s\n", PICK(state, verdicts));
	if (terms && random_below(state, 2))
		sg_buf_addf(&text, "published: %s\n", random_below(state, 2) ? "enforce" : "ignore");
	if (terms && random_below(state, 2))
		sg_buf_addf(&text, "log-blocked: %s\n", PICK(state, logs));
	sg_buf_adds(&text, "groups:\n  g1: [192.0.2.0/24, \"2001:db8:1::/48\"]\n  g2: [g1, 198.51.100.0/25]\n"
			   "  g3: [203.0.113.10-203.0.113.20, 192.0.2.128/25]\ninterfaces:\n  lan: [eth1, \"br*\"]\n");
	random_lines(&text, (struct random_section){.terms = terms}, state);
	if (random_below(state, 4))
		random_lines(&text, (struct random_section){.block = true, .terms = terms}, state);
	if (random_below(state, 2))
		random_outbound(&text, terms, state);
	if (random_below(state, 2)) {
		sg_buf_adds(&text, "baseline:\n");
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
			sg_buf_addf(&text, "  %s: %s\n", parts[i], random_below(state, 2) ? "true" : "false");
	}
	result = sg_buf_steal(&text, NULL, NULL);
	assert_non_null(result);
	return result;
}

static inline char *random_policy(uint64_t *state)
{
	return random_policy_of(false, state);
}

static inline sg_u128 random_address6(uint64_t low, uint64_t *state)
{
	static const sg_u128 servers = (sg_u128)0xff02 << 112 | 0x10002; /* of DHCPv6 */
	static const uint64_t high[] = {UINT64_C(0x20010db800010000), UINT64_C(0x20010db800010001),
					UINT64_C(0x20010db800020000), UINT64_C(0x20010db800000000),
					UINT64_C(0xfe80000000000000), UINT64_C(0xfec0000000000000)};

	return random_below(state, 8) ? (sg_u128)PICK(state, high) << 64 | low : servers;
}

/* A value for each level; also packets that cannot exist. */
static inline void random_packet(sg_u128 point[SG_FIELD_COUNT], uint64_t *state)
{
	static const uint8_t protocols[] = {1, 6, 17, 50, 58, 132, 6, 17};
	static const uint32_t ports[] = {0,   1,   3,     8,   13,  14,  22,  79,  80,  81,    98,
					 99,  100, 101,   102, 128, 131, 135, 137, 443, 444,   546,
					 547, 548, 65535, 142, 143, 4,   5,   11,  12,  65536, 65536};
	static const char *const interfaces[] = {"lo", "eth0", "eth1", "br0", "wlan0", "eth", "l", "lox"};
	static const uint32_t v4[] = {0xc0000206, 0xc0000207, 0xc000027f, 0xc0000280, 0xc00002ff,
				      0xc0000300, 0x0a000001, 0xc6336414, 0xc633647f, 0xc6336480,
				      0xcb007109, 0xcb00710a, 0xcb007114, 0xcb007115};
	static const uint8_t judged[] = {SG_IN, SG_IN, SG_OUT, SG_OUT, SG_PUBLISHED};
	const char *interface = PICK(state, interfaces);
	struct sg_range name;

	assert_true(sg_interface_range(interface, __builtin_strlen(interface), &name));
	point[SG_FIELD_DIRECTION] = random_below(state, 8) ? PICK(state, judged) : SG_FORWARD;
	point[SG_FIELD_STATE] = random_below(state, 2) ? SG_CT_NEW : random_below(state, SG_CT_COUNT);
	point[SG_FIELD_PROTOCOL] = PICK(state, protocols);
	point[SG_FIELD_PORT] = PICK(state, ports);
	if (point[SG_FIELD_PROTOCOL] == 50 && random_below(state, 4))
		point[SG_FIELD_PORT] = SG_PORT_ABSENT;
	point[SG_FIELD_INTERFACE] = name.first;
	point[SG_FIELD_FAMILY] = random_below(state, 2);
	point[SG_FIELD_LOCAL4] = PICK(state, v4);
	point[SG_FIELD_REMOTE4] = PICK(state, v4);
	point[SG_FIELD_LOCAL6] = random_address6(random_below(state, 2) ? 0x20 : 1, state);
	point[SG_FIELD_REMOTE6] = random_address6(random_below(state, 3), state);
}

#endif
