/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check_world.h - decisions made by hand or at random, for the tests of the joins. */
#ifndef TEST_CHECK_WORLD_H
#define TEST_CHECK_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "check/where.h"
#include "sockgate/packet.h"
#include "sockgate/proto.h"
#include "sockgate/subject.h"

/* One rule; a field that is left NULL or 0 says nothing. */
struct rule {
	enum sg_verdict verdict;
	const char *protocols;  /* "tcp udp" */
	const char *ports;      /* "22 80-90", types for icmp, "none" for packets without */
	const char *interfaces; /* "eth1 br*", "!eth1" for all but it */
	const char *from, *to;  /* "192.0.2.0/24 2001:db8::/32", "!…" for all but these */
	const char *family;     /* "4", "6" */
	const char *states;     /* "new untracked …"; NULL: new and untracked; "any" */
	const char *direction;  /* "in" when NULL; "out", "forward", "published" */
};

static inline const char *world_word(const char **text, char word[64])
{
	size_t size;

	*text += strspn(*text, " ");
	size = strcspn(*text, " ");
	if (!size)
		return NULL;
	assert_true(size < 64);
	memcpy(word, *text, size);
	word[size] = '\0';
	*text += size;
	return word;
}

static inline sg_ref world_set(struct sg_idd *idd, size_t level, struct sg_ranges *set, bool inverted)
{
	sg_ref ref;

	sg_ranges_normalise(set);
	ref = sg_idd_split(idd, level, set, SG_IDD_FULL, SG_IDD_EMPTY);
	sg_ranges_clear(set);
	return inverted ? sg_idd_not(idd, ref) : ref;
}

static inline sg_ref world_numbers(struct sg_idd *idd, size_t level, const char *text)
{
	struct sg_ranges set = {0};
	char word[64];
	uint8_t protocol;

	while (world_word(&text, word)) {
		char *dash = strchr(word, '-');
		struct sg_range range = {strtoul(word, NULL, 10), 0};

		if (strcmp(word, "none") == 0)
			range.first = SG_PORT_ABSENT;
		else if (level == SG_FIELD_PROTOCOL && sg_proto_parse(word, strlen(word), &protocol))
			range.first = protocol;
		range.last = dash ? strtoul(dash + 1, NULL, 10) : range.first;
		assert_int_equal(sg_ranges_add(&set, &range, NULL), 0);
	}
	return world_set(idd, level, &set, false);
}

static inline sg_ref world_interfaces(struct sg_idd *idd, const char *text)
{
	struct sg_ranges set = {0};
	bool inverted = *text == '!';
	char word[64];

	text += inverted;
	while (world_word(&text, word)) {
		struct sg_range range;

		assert_true(sg_interface_range(word, strlen(word), &range));
		assert_int_equal(sg_ranges_add(&set, &range, NULL), 0);
	}
	return world_set(idd, SG_FIELD_INTERFACE, &set, inverted);
}

/* Only families that the text names are in the set, unless it is inverted. */
static inline sg_ref world_addresses(struct sg_idd *idd, size_t level4, size_t level6, const char *text)
{
	static const sg_u128 last[2] = {SG_IPV4, SG_IPV6};
	struct sg_ranges sets[2] = {0};
	bool inverted = *text == '!';
	sg_ref child[2];
	char word[64];

	text += inverted;
	while (world_word(&text, word)) {
		enum sg_family family;
		struct sg_range range;

		assert_int_equal(sg_range_parse(word, strlen(word), &family, &range), SG_ADDR_OK);
		assert_int_equal(sg_ranges_add(&sets[family], &range, NULL), 0);
	}
	child[0] = world_set(idd, level4, &sets[0], inverted);
	child[1] = world_set(idd, level6, &sets[1], inverted);
	return sg_idd_node(idd, SG_FIELD_FAMILY, last, child, 2);
}

static inline sg_ref world_states(struct sg_idd *idd, const char *text)
{
	static const char *const names[] = {"new", "established", "related", "invalid", "untracked"};
	sg_ref set = SG_IDD_EMPTY;

	text = text ? text : "new untracked";
	for (sg_u128 i = 0; i < SG_CT_COUNT; i++) {
		if (strstr(text, names[i]) || strcmp(text, "any") == 0)
			set = sg_idd_or(idd, set, sg_idd_range(idd, SG_FIELD_STATE, i, i));
	}
	return set;
}

static inline sg_ref world_region(struct sg_idd *idd, const struct rule *rule)
{
	unsigned int direction = !rule->direction || *rule->direction == 'i' ? SG_IN
				 : *rule->direction == 'o'                   ? SG_OUT
				 : *rule->direction == 'p'                   ? SG_PUBLISHED
									     : SG_FORWARD;
	sg_ref set = sg_idd_and(idd, world_states(idd, rule->states),
				sg_idd_range(idd, SG_FIELD_DIRECTION, direction, direction));

	if (rule->protocols)
		set = sg_idd_and(idd, set, world_numbers(idd, SG_FIELD_PROTOCOL, rule->protocols));
	if (rule->ports)
		set = sg_idd_and(idd, set, world_numbers(idd, SG_FIELD_PORT, rule->ports));
	if (rule->interfaces)
		set = sg_idd_and(idd, set, world_interfaces(idd, rule->interfaces));
	if (rule->family) {
		unsigned int family = *rule->family == '4' ? SG_IPV4 : SG_IPV6;

		set = sg_idd_and(idd, set, sg_idd_range(idd, SG_FIELD_FAMILY, family, family));
	}
	if (rule->from)
		set = sg_idd_and(idd, set, world_addresses(idd, SG_FIELD_REMOTE4, SG_FIELD_REMOTE6, rule->from));
	if (rule->to)
		set = sg_idd_and(idd, set, world_addresses(idd, SG_FIELD_LOCAL4, SG_FIELD_LOCAL6, rule->to));
	return set;
}

#define WORLD_BASE 1000 /* origins of what every decision has */

/* The first rule that fits decides; its number from 1 is the origin. Before them: established passes, lo passes; after
 * them drop. */
static inline struct sg_decision world_decision(struct sg_idd *idd, const struct rule *rules, size_t count)
{
	static const struct rule base[] = {
		{.verdict = SG_VERDICT_ACCEPT, .states = "established related"},
		{.verdict = SG_VERDICT_DROP, .states = "invalid"},
		{.verdict = SG_VERDICT_ACCEPT, .interfaces = "lo", .states = "any"},
		{.verdict = SG_VERDICT_ACCEPT, .direction = "out", .states = "any"},
		{.verdict = SG_VERDICT_ACCEPT, .direction = "forward", .states = "any"},
		{.verdict = SG_VERDICT_ACCEPT, .direction = "published", .states = "any"},
	};
	struct sg_decision decision = {
		.idd = idd,
		.verdict = sg_idd_terminal(SG_VERDICT_DROP),
		.origin = sg_idd_terminal(WORLD_BASE),
	};
	sg_ref universe = sg_packet_universe(idd);

	for (size_t i = count; i-- > 0;) {
		sg_ref set = world_region(idd, &rules[i]);

		decision.verdict = sg_idd_ite(idd, set, sg_idd_terminal(rules[i].verdict), decision.verdict);
		decision.origin = sg_idd_ite(idd, set, sg_idd_terminal((uint32_t)i + 1), decision.origin);
	}
	for (size_t i = sizeof(base) / sizeof(*base); i-- > 0;) {
		sg_ref set = world_region(idd, &base[i]);

		decision.verdict = sg_idd_ite(idd, set, sg_idd_terminal(base[i].verdict), decision.verdict);
		decision.origin = sg_idd_ite(idd, set, sg_idd_terminal(WORLD_BASE + 1 + (uint32_t)i), decision.origin);
	}
	decision.verdict = sg_idd_ite(idd, universe, decision.verdict, SG_IDD_EMPTY);
	decision.origin = sg_idd_ite(idd, universe, decision.origin, SG_IDD_EMPTY);
	assert_int_equal(sg_idd_check(idd, decision.verdict, NULL), 0);
	assert_int_equal(sg_idd_check(idd, decision.origin, NULL), 0);
	return decision;
}

static inline struct sg_subject world_subject(struct sg_idd *idd, const struct rule *rules, size_t count)
{
	return (struct sg_subject){.decision = world_decision(idd, rules, count)};
}

/* The same decision with an origin for each verdict apart; returns the one that it had. */
static inline sg_ref world_origins_apart(struct sg_decision *decision)
{
	sg_ref origin = decision->origin;

	for (uint32_t verdict = SG_VERDICT_ACCEPT; verdict < SG_VERDICTS; verdict++) {
		sg_ref judged = sg_idd_equals(decision->idd, decision->verdict, verdict);

		decision->by_verdict[verdict] = sg_idd_ite(decision->idd, judged, origin, sg_idd_terminal(777777));
	}
	decision->origin = SG_IDD_EMPTY;
	return origin;
}

/* What is said, as a set of packets that can exist. */
static inline sg_ref world_where(struct sg_idd *idd, const struct sg_where *where)
{
	struct sg_memo memo = {0};
	sg_ref set = sg_idd_and(idd, sg_where_rebuild(idd, where, &memo, NULL), sg_packet_universe(idd));

	sg_memo_clear(&memo);
	return set;
}

/* ---- At random, over values that meet each other often ---- */

static inline uint32_t world_random(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(*seed >> 33) % below;
}

static inline const char *world_pick(uint64_t *seed, const char *const *from, size_t count)
{
	return from[world_random(seed, (uint32_t)count)];
}

static inline struct rule world_random_rule(uint64_t *seed)
{
	static const char *const protocols[] = {NULL, "tcp",  "udp", "tcp udp",     "icmp",
						"58", "sctp", "esp", "tcp 47 50-60"};
	static const char *const ports[] = {NULL, "22",    "80",   "22 80",   "20-30",
					    "0",  "65535", "none", "1-65535", "8 128"};
	static const char *const interfaces[] = {NULL,       NULL,    NULL,    "eth1",     "eth*",
						 "eth1 br*", "!eth1", "!eth*", "!eth1 lo", "e* w*"};
	static const char *const addresses[] = {NULL,
						NULL,
						NULL,
						"192.0.2.0/24",
						"192.0.2.7",
						"2001:db8::/32",
						"!192.0.2.7",
						"10.0.0.0/8 2001:db8::1",
						"!2001:db8::/48",
						"!10.0.0.0/8 fe80::/10"};
	static const char *const locals[] = {
		NULL, NULL, NULL, NULL, "198.51.100.20", "198.51.100.20 2001:db8::20", "!198.51.100.0/24"};
	static const char *const families[] = {NULL, NULL, NULL, "4", "6"};
	static const char *const states[] = {NULL, NULL, NULL, "new", "untracked", "any", "established"};
	static const char *const directions[] = {NULL, NULL,  NULL,      NULL,        NULL,
						 NULL, "out", "forward", "published", "published"};
	struct rule rule = {.verdict = SG_VERDICT_ACCEPT + world_random(seed, 3)};

#define PICK(list) world_pick(seed, list, sizeof(list) / sizeof(*(list)))
	rule.protocols = PICK(protocols);
	rule.ports = PICK(ports);
	rule.interfaces = PICK(interfaces);
	rule.from = PICK(addresses);
	rule.to = PICK(locals);
	rule.family = PICK(families);
	rule.states = PICK(states);
	rule.direction = PICK(directions);
#undef PICK
	return rule;
}

static inline uint64_t world_seed(void)
{
	const char *text = getenv("SOCKGATE_TEST_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);

	print_message("seed %llu (SOCKGATE_TEST_SEED)\n", (unsigned long long)seed);
	return seed;
}

static inline double world_seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#endif
