/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse(emit(p)) == p, for random policies that use the whole of the language. SEED (environment) repeats a run; the
 * seed is printed.
 */
#include <time.h>
#include "policy_text.h"
#include "sockgate/lint.h"

#define POLICIES 3000

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
	/* splitmix64 */
	uint64_t value = (seed += 0x9e3779b97f4a7c15U);

	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9U;
	value = (value ^ value >> 27) * 0x94d049bb133111ebU;
	return (uint32_t)((value ^ value >> 31) >> 32) % below;
}

static bool chance(uint32_t percent)
{
	return draw(100) < percent;
}

/* The policy that is being made up, and what it has declared so far. */
struct maker {
	struct sg_buf text;
	uint32_t groups, interfaces, services;
};

static void make_address(struct maker *maker)
{
	struct sg_buf *text = &maker->text;
	uint32_t host = draw(250), length = 8 + draw(25), bits = draw(1U << 30) << 2;

	switch (draw(maker->groups ? 8 : 6)) {
	case 0: sg_buf_addf(text, "192.0.2.%u", host); return;
	case 1: sg_buf_addf(text, "198.51.100.%u-198.51.100.%u", host, host + draw(6)); return;
	case 2:
		bits &= ~0U << (32 - length);
		sg_buf_addf(text, "%u.%u.%u.%u/%u", bits >> 24, bits >> 16 & 255, bits >> 8 & 255, bits & 255, length);
		return;
	case 3: sg_buf_addf(text, "\"2001:db8:%x::/48\"", draw(65536)); return;
	case 4: sg_buf_addf(text, "\"2001:db8::%x\"", 1 + draw(65535)); return;
	case 5: sg_buf_addf(text, "\"fe80::%x-fe80::%x:%x\"", draw(65536), 1 + draw(9), draw(65536)); return;
	default: sg_buf_addf(text, "g%u", draw(maker->groups)); return;
	}
}

static void make_interface(struct maker *maker)
{
	static const char *const names[] = {"eth0",    "wg0",     "\"br*\"", "\"*\"", "\"no\"",
					    "\"a&b\"", "\"x=y\"", "e-t.h_1", "\"ü\""};

	if (maker->interfaces && chance(30))
		sg_buf_addf(&maker->text, "i%u", draw(maker->interfaces));
	else
		sg_buf_adds(&maker->text, names[draw(SG_COUNT(names))]);
}

static void make_port(struct maker *maker)
{
	static const char *const names[] = {"https", "domain"};
	uint32_t first = 1 + draw(65000);

	switch (draw(maker->services ? 4 : 3)) {
	case 0: sg_buf_addf(&maker->text, "%u-%u", first, first + draw(500)); return;
	case 1: sg_buf_adds(&maker->text, names[draw(SG_COUNT(names))]); return;
	case 3: sg_buf_addf(&maker->text, "s%u", draw(maker->services)); return;
	default: sg_buf_addf(&maker->text, "%u", first); return;
	}
}

static void make_number(struct maker *maker)
{
	sg_buf_addf(&maker->text, "%u", 1 + draw(65535));
}

static void make_type(struct maker *maker)
{
	static const char *const names[] = {"echo-request", "echo-reply", "packet-too-big", "timestamp-request",
					    "0-255"};

	if (chance(50))
		sg_buf_adds(&maker->text, names[draw(SG_COUNT(names))]);
	else
		sg_buf_addf(&maker->text, "%u", draw(256));
}

/* One, or a list; seldom a long one. */
static void make_words(struct maker *maker, void (*make)(struct maker *maker))
{
	uint32_t count = chance(5) ? 40 : 1 + draw(4);

	if (chance(40)) {
		make(maker);
		return;
	}
	sg_buf_addc(&maker->text, '[');
	for (uint32_t i = 0; i < count; i++) {
		sg_buf_adds(&maker->text, i ? ", " : "");
		make(maker);
	}
	sg_buf_addc(&maker->text, ']');
}

static void make_lint(struct maker *maker)
{
	sg_buf_adds(&maker->text, sg_lint_at(draw((uint32_t)sg_lint_count()))->id);
}

static void make_comment(struct maker *maker)
{
	static const char *const pieces[] = {"a", "Z9", " ", ": ", ":",    " #",   "#", "- ", ",", "[",
					     "]", "{",  "}", "'",  "\\\"", "\\\\", "*", "&",  "!", "|",
					     ">", "%",  "@", "`",  "~",    "no",   "ü", "…",  "?", "0x1"};

	sg_buf_addc(&maker->text, '"');
	for (uint32_t i = 1 + draw(8); i; i--)
		sg_buf_adds(&maker->text, pieces[draw(SG_COUNT(pieces))]);
	sg_buf_addc(&maker->text, '"');
}

/* What is made: a test's region, or a line of a section. */
struct kind {
	bool test, block, outbound;
};

static const char *const units_of_time[] = {"second", "minute", "hour", "day"};

static void make_rate(struct maker *maker)
{
	sg_buf_addf(&maker->text, "%u/%s", 1 + draw(chance(10) ? 1000000 : 50), units_of_time[draw(4)]);
}

static void make_label(struct maker *maker)
{
	static const char *const labels[] = {"scrape",  "\"yes\"",     "22",    "a b",
					     "\"0x1\"", "a/b.c_d+e-f", "'1.5'", "\"null\""};

	sg_buf_adds(&maker->text, labels[draw(SG_COUNT(labels))]);
}

/* Behind `log`, or with `label` false behind log-blocked. */
static void make_log(struct maker *maker, bool label)
{
	if (chance(40)) {
		(label ? make_label : make_rate)(maker);
		return;
	}
	sg_buf_adds(&maker->text, label ? "{label: " : "{rate: ");
	(label ? make_label : make_rate)(maker);
	if (label && chance(50)) {
		sg_buf_adds(&maker->text, ", rate: ");
		make_rate(maker);
	}
	if (chance(50))
		sg_buf_addf(&maker->text, ", group: %u", draw(65536));
	sg_buf_addc(&maker->text, '}');
}

static void make_until(struct maker *maker)
{
	sg_buf_addf(&maker->text, "%u-%02u-%02uT%02u:%02u", 1971 + draw(290), 1 + draw(12), 1 + draw(28), draw(24),
		    draw(60));
	if (chance(30))
		sg_buf_addf(&maker->text, ":%02u", draw(60));
	if (chance(60))
		sg_buf_addc(&maker->text, 'Z');
	else
		sg_buf_addf(&maker->text, "%c%02u:%02u", chance(50) ? '+' : '-', draw(15), draw(60));
}

static void make_unit(struct maker *maker)
{
	static const char *const units[] = {"nginx.service", "a@b.service", "'a\\x2db.scope'", "\"0.service\"",
					    "\":-_.service\""};

	sg_buf_adds(&maker->text, units[draw(SG_COUNT(units))]);
}

/* What a line says beside its packets; returns what goes before the next key. */
static const char *make_terms(struct maker *maker, struct kind kind, bool ports, const char *before)
{
	const char *peer = kind.outbound ? " per destination" : " per source";
	struct sg_buf *text = &maker->text;

	if (!kind.block && ports && chance(10)) {
		sg_buf_addf(text, "%sunit: ", before);
		make_unit(maker);
		before = ", ";
	}
	if (!kind.block && chance(10)) {
		sg_buf_addf(text, "%slimit: ", before);
		make_rate(maker);
		sg_buf_adds(text, chance(50) ? peer : "");
		before = ", ";
	}
	if (!kind.block && chance(10)) {
		sg_buf_addf(text, "%sconnections: %u%s", before, 1 + draw(1000000), chance(50) ? peer : "");
		before = ", ";
	}
	if (chance(10)) {
		sg_buf_addf(text, "%slog: ", before);
		make_log(maker, true);
		before = ", ";
	}
	if (chance(10)) {
		sg_buf_addf(text, "%suntil: ", before);
		make_until(maker);
		before = ", ";
	}
	return before;
}

static void make_constraints(struct maker *maker, struct kind kind, const char *before)
{
	static const struct {
		const char *key;
		void (*make)(struct maker *maker);
	} keys[] = {
		{"from", make_address}, {"except", make_address}, {"to", make_address}, {"interface", make_interface}};

	for (size_t i = 0; i < SG_COUNT(keys); i++) {
		if (!chance(30))
			continue;
		sg_buf_addf(&maker->text, "%s%s: ", before, keys[i].key);
		make_words(maker, keys[i].make);
		before = ", ";
	}
	if (chance(15)) {
		sg_buf_addf(&maker->text, "%sfamily: %s", before, chance(50) ? "ipv4" : "ipv6");
		before = ", ";
	}
	if (kind.block && chance(30)) {
		sg_buf_addf(&maker->text, "%sanswer: %s", before, chance(50) ? "drop" : "reject");
		before = ", ";
	}
	if (!kind.test && !kind.outbound && chance(20)) {
		sg_buf_addf(&maker->text, "%son-demand: %s", before, chance(70) ? "true" : "false");
		before = ", ";
	}
	if (!kind.test && chance(10)) {
		sg_buf_addf(&maker->text, "%slint-ignore: ", before);
		make_words(maker, make_lint);
		before = ", ";
	}
	if (chance(20)) {
		sg_buf_addf(&maker->text, "%scomment: ", before);
		make_comment(maker);
	}
}

static void make_line(struct maker *maker, bool ports, bool types, struct kind kind)
{
	void (*make)(struct maker * maker) = types ? make_type : make_port;

	if ((ports || types) && chance(50)) {
		make(maker);
		return;
	}
	sg_buf_addc(&maker->text, '{');
	if (ports || types) {
		sg_buf_addf(&maker->text, "%s: ", ports || chance(20) ? "port" : "type");
		make_words(maker, make);
	}
	make_constraints(maker, kind, make_terms(maker, kind, ports, ports || types ? ", " : ""));
	sg_buf_addc(&maker->text, '}');
}

static void make_section(struct maker *maker, struct kind kind)
{
	static const char *const keys[] = {"tcp", "udp", "tcp+udp", "icmp", "esp", "gre", "50", "any"};
	const char *indent = kind.outbound ? "  " : "";
	bool any = false;

	for (size_t i = 0; i < SG_COUNT(keys); i++) {
		bool ports = i < 3, types = i == 3;

		if (!chance(40))
			continue;
		if (!any)
			sg_buf_addf(&maker->text, "%s%s:\n", indent, kind.block ? "block" : "allow");
		any = true;
		sg_buf_addf(&maker->text, "%s  %s:", indent, keys[i]);
		if (!ports && !types && i < 7 && chance(30)) {
			sg_buf_addc(&maker->text, '\n');
			continue;
		}
		sg_buf_addc(&maker->text, '\n');
		for (uint32_t count = chance(5) ? 30 : 1 + draw(4); count; count--) {
			sg_buf_addf(&maker->text, "%s    - ", indent);
			make_line(maker, ports, types, kind);
			sg_buf_addc(&maker->text, '\n');
		}
	}
}

static void make_names(struct maker *maker)
{
	uint32_t count;

	for (count = draw(4); maker->groups < count; maker->groups++) {
		sg_buf_addf(&maker->text, "%s  g%u: ", maker->groups ? "" : "groups:\n", maker->groups);
		make_words(maker, make_address);
		sg_buf_addc(&maker->text, '\n');
	}
	for (count = draw(3); maker->interfaces < count; maker->interfaces++) {
		sg_buf_addf(&maker->text, "%s  i%u: ", maker->interfaces ? "" : "interfaces:\n", maker->interfaces);
		make_words(maker, make_interface);
		sg_buf_addc(&maker->text, '\n');
	}
	for (count = draw(3); maker->services < count; maker->services++) {
		sg_buf_addf(&maker->text, "%s  s%u: {%s: ", maker->services ? "" : "services:\n", maker->services,
			    chance(50) ? "tcp+udp" : "udp");
		make_words(maker, make_number);
		sg_buf_adds(&maker->text, ", tcp: ");
		make_words(maker, make_number);
		sg_buf_adds(&maker->text, ", udplite: 9}\n");
	}
}

static void make_tests(struct maker *maker)
{
	for (uint32_t i = 0, count = draw(4); i < count; i++) {
		sg_buf_addf(&maker->text, "%s  - {expect: %s, ", i ? "" : "tests:\n", chance(50) ? "allow" : "block");
		switch (draw(4)) {
		case 0:
			sg_buf_adds(&maker->text, "tcp+udp: ");
			make_words(maker, make_port);
			break;
		case 1:
			sg_buf_adds(&maker->text, "icmp: ");
			make_words(maker, make_type);
			break;
		case 2: sg_buf_adds(&maker->text, "esp"); break;
		default: sg_buf_adds(&maker->text, "any: {}"); break;
		}
		make_constraints(maker, (struct kind){.test = true}, ", ");
		sg_buf_adds(&maker->text, "}\n");
	}
}

static const char *const defaults[] = {"drop", "reject", "accept"};

static void make_outbound(struct maker *maker)
{
	bool block_first = chance(50);

	sg_buf_addf(&maker->text, "outbound:\n  default: %s\n", defaults[draw(3)]);
	make_section(maker, (struct kind){.outbound = true, .block = block_first});
	make_section(maker, (struct kind){.outbound = true, .block = !block_first});
}

static char *make_policy(void)
{
	static const char *const parts[] = {"established", "invalid", "loopback", "ping", "icmp-errors"};
	struct maker maker = {0};
	bool baseline = false, block_first = chance(50);

	if (chance(50)) {
		sg_buf_adds(&maker.text, "name: ");
		make_comment(&maker);
		sg_buf_addc(&maker.text, '\n');
	}
	if (chance(60))
		sg_buf_addf(&maker.text, "default: %s\n", defaults[draw(3)]);
	if (chance(10)) {
		sg_buf_adds(&maker.text, "lint-ignore: ");
		make_words(&maker, make_lint);
		sg_buf_addc(&maker.text, '\n');
	}
	if (chance(20))
		sg_buf_addf(&maker.text, "published: %s\n", chance(50) ? "enforce" : "ignore");
	if (chance(20)) {
		sg_buf_adds(&maker.text, "log-blocked: ");
		make_log(&maker, false);
		sg_buf_addc(&maker.text, '\n');
	}
	make_names(&maker);
	make_section(&maker, (struct kind){.block = block_first});
	make_section(&maker, (struct kind){.block = !block_first});
	if (chance(40))
		make_outbound(&maker);
	for (size_t i = 0; i < SG_COUNT(parts); i++) {
		if (!chance(20))
			continue;
		sg_buf_addf(&maker.text, "%s  %s: %s\n", baseline ? "" : "baseline:\n", parts[i],
			    chance(70) ? "false" : "true");
		baseline = true;
	}
	make_tests(&maker);
	sg_buf_adds(&maker.text, "version: 1\n");
	return sg_buf_steal(&maker.text, NULL, NULL);
}

/* What may be wrong with a policy that was made up without a thought: what it asks for is of two families. */
static bool only_impossible(const struct policy_text *text)
{
	for (size_t i = 0; i < text->diags.count; i++) {
		const char *id = text->diags.items[i].id;

		if (strcmp(id, "policy/wrong-family") != 0 && strcmp(id, "policy/nothing-left") != 0 &&
		    strcmp(id, "policy/circle") != 0) {
			print_error("%s [%s]\n", text->diags.items[i].message, id);
			return false;
		}
	}
	return true;
}

/* False: not a policy that can be. */
static bool round_trip(const char *policy)
{
	sg_autofree char *once = NULL, *twice = NULL;
	autotext first = read_text(policy);

	if (!first.policy) {
		if (!only_impossible(&first))
			fail_msg("%s", policy);
		return false;
	}
	once = sg_policy_emit(first.policy, NULL);
	assert_non_null(once);
	autotext second = read_good(once);
	twice = sg_policy_emit(second.policy, NULL);
	if (!sg_policy_equal(first.policy, second.policy) || strcmp(once, twice) != 0)
		fail_msg("%s\nbecame\n%s\nbecame\n%s", policy, once, twice);
	return true;
}

static void test_round_trip(void **state)
{
	const char *wanted = getenv("SEED");
	size_t good = 0;

	(void)state;
	seed = wanted ? strtoull(wanted, NULL, 0) : (uint64_t)time(NULL);
	print_message("SEED=%llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < POLICIES; i++) {
		sg_autofree char *policy = make_policy();

		good += round_trip(policy);
	}
	print_message("%zu of %d policies went round\n", good, POLICIES);
	assert_true(good > POLICIES / 4);
}

/* Lines are as long as EMIT_WIDTH at most, when what they hold can be broken. */
static void test_width(void **state)
{
	autotext text = read_good(
		"allow:\n  tcp: [{port: [1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, "
		"1013, 1014, 1015, 1016, 1017], from: [192.0.2.1, 192.0.2.2], interface: eth0}]\n");
	sg_autofree char *emitted = sg_policy_emit(text.policy, NULL);

	(void)state;
	assert_non_null(emitted);
	for (const char *line = emitted; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_width)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
