// SPDX-License-Identifier: GPL-2.0-or-later
/* test_policy_terms.c - what lines say beside their packets, as values: limits, units, ends, logs. */
#include <time.h>
#include "policy/model.h"
#include "policy_random.h"
#include "policy_text.h"
#include "sockgate/condition.h"

static const struct sg_line *line_at(const struct policy_text *text, size_t index)
{
	return sg_policy_line(text->policy, index);
}

static void assert_rate(struct sg_rate rate, uint32_t count, uint32_t seconds)
{
	assert_int_equal(rate.count, count);
	assert_int_equal(rate.seconds, seconds);
}

static void test_limits(void **state)
{
	autotext text = read_good("allow:\n  tcp:\n    - {port: 1, limit: 1/second}\n"
				  "    - {port: 2, limit: 1000000/minute per source}\n"
				  "    - {port: 3, limit: 3/hour, connections: 1000000}\n"
				  "    - {port: 4, limit: 4/day, connections: 50 per source}\n    - 5\n"
				  "outbound:\n  allow:\n    any: {limit: 6/hour per destination, connections: 1}\n");

	(void)state;
	assert_rate(line_at(&text, 0)->limit, 1, 1);
	assert_false(line_at(&text, 0)->limit_per_peer);
	assert_int_equal(line_at(&text, 0)->connections, 0);
	assert_rate(line_at(&text, 1)->limit, 1000000, 60);
	assert_true(line_at(&text, 1)->limit_per_peer);
	assert_rate(line_at(&text, 2)->limit, 3, 3600);
	assert_int_equal(line_at(&text, 2)->connections, 1000000);
	assert_false(line_at(&text, 2)->connections_per_peer);
	assert_rate(line_at(&text, 3)->limit, 4, 86400);
	assert_int_equal(line_at(&text, 3)->connections, 50);
	assert_true(line_at(&text, 3)->connections_per_peer);
	assert_false(line_at(&text, 3)->limit_per_peer);
	assert_rate(line_at(&text, 4)->limit, 0, 0);
	assert_rate(line_at(&text, 5)->limit, 6, 3600);
	assert_true(line_at(&text, 5)->limit_per_peer);
	assert_false(line_at(&text, 5)->connections_per_peer);
}

static void test_units(void **state)
{
	autotext text = read_good("allow:\n  tcp: [{port: 1, unit: nginx.service}, 2]\n"
				  "  udp: {port: 3, unit: \"a\\\\x2db@c.scope\"}\n");

	(void)state;
	assert_string_equal(line_at(&text, 0)->unit, "nginx.service");
	assert_null(line_at(&text, 1)->unit);
	assert_string_equal(line_at(&text, 2)->unit, "a\\x2db@c.scope");
}

static void test_logs(void **state)
{
	autotext text = read_good("log-blocked: {rate: 1/day, group: 65535}\npublished: enforce\n"
				  "allow:\n  tcp:\n    - {port: 1, log: a b}\n"
				  "    - {port: 2, log: {label: 22, rate: 5/second, group: 0}}\n    - 3\n"
				  "block: {any: {from: 192.0.2.1, log: c}}\n");
	autotext bare = read_good("published: ignore\n");
	autotext rate = read_good("log-blocked: 7/hour\n");
	const struct sg_log *log = line_at(&text, 0)->log;

	(void)state;
	assert_string_equal(log->label, "a b");
	assert_rate(log->rate, 10, 60);
	assert_false(log->has_group);
	log = line_at(&text, 1)->log;
	assert_string_equal(log->label, "22");
	assert_rate(log->rate, 5, 1);
	assert_true(log->has_group);
	assert_int_equal(log->group, 0);
	assert_null(line_at(&text, 2)->log);
	assert_string_equal(line_at(&text, 3)->log->label, "c");
	log = sg_policy_log_blocked(text.policy);
	assert_null(log->label);
	assert_rate(log->rate, 1, 86400);
	assert_int_equal(log->group, 65535);
	assert_true(sg_policy_enforces_published(text.policy));
	assert_false(sg_policy_enforces_published(bare.policy));
	assert_null(sg_policy_log_blocked(bare.policy));
	assert_false(sg_policy_equal(bare.policy, text.policy));
	assert_rate(sg_policy_log_blocked(rate.policy)->rate, 7, 3600);
	assert_false(sg_policy_log_blocked(rate.policy)->has_group);
	{
		autotext enforces = read_good("published: enforce\n"), unset = read_good("version: 1\n");

		assert_false(sg_policy_equal(bare.policy, enforces.policy));
		assert_int_equal(sg_policy_enforces_published(unset.policy), !strcmp(MODEL_PUBLISHED, "enforce"));
	}
}

/* One line of the file that is two has the same conditions in both. */
static void test_halves(void **state)
{
	autotext text = read_good("services: {odd: {tcp: 1, udp: 2}}\nallow:\n  tcp+udp:\n    - {port: odd, unit: "
				  "a.service, limit: 5/minute, connections: 6 per source, log: a, until: "
				  "2030-01-01T00:00Z}\n");
	const struct sg_line *first = line_at(&text, 0), *second = line_at(&text, 1);

	(void)state;
	assert_int_equal(sg_policy_lines(text.policy), 2);
	assert_int_equal(first->protocol_count, 1);
	assert_string_equal(first->unit, second->unit);
	assert_memory_equal(&first->limit, &second->limit, sizeof(first->limit));
	assert_int_equal(second->connections, 6);
	assert_true(second->connections_per_peer);
	assert_ptr_equal(first->log, second->log);
	assert_true(second->has_until && first->until == second->until);
}

/* ---- Times ---- */

static int64_t until_of(const char *time)
{
	sg_cleanup(sg_buf_clear) struct sg_buf buf = {0};

	sg_buf_addf(&buf, "block: {tcp: {port: 1, until: %s}}\n", time);
	autotext text = read_good(buf.data);

	assert_true(line_at(&text, 0)->has_until);
	return line_at(&text, 0)->until;
}

static void test_times(void **state)
{
	autotext none = read_good("allow: {tcp: [1]}\n");

	(void)state;
	assert_false(line_at(&none, 0)->has_until);
	assert_int_equal(until_of("1970-01-01T00:00:01Z"), 1);
	assert_int_equal(until_of("1970-01-01T00:00-00:01"), 60);
	assert_int_equal(until_of("1970-01-01T14:00:01+14:00"), 1);
	assert_int_equal(until_of("2000-02-29T00:00Z"), 951782400);
	assert_int_equal(until_of("2026-12-31T18:00Z"), 1798740000);
	assert_int_equal(until_of("2026-12-31T19:00+01:00"), 1798740000);
	assert_int_equal(until_of("2026-12-31T12:30:00-05:30"), 1798740000);
	assert_int_equal(until_of("2261-12-31T23:59:59Z"), 9214646399);
	/* in nanoseconds it still fits, whatever the zone */
	assert_true(until_of("2261-12-31T23:59:59-14:59") <= INT64_MAX / 1000000000);
}

/* Against the C library's calendar. */
static void test_random_times(void **state)
{
	uint64_t seed = 4;

	(void)state;
	for (size_t i = 0; i < 2000; i++) {
		time_t when = (time_t)(86400 + random_below(&seed, 9214646399 - 86400));
		long zone = (long)random_below(&seed, 1800) - 900;
		time_t local = when + zone * 60;
		struct tm tm;
		char text[64];

		if (zone < -899 || zone > 899 || !gmtime_r(&local, &tm))
			continue;
		snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d%c%02ld:%02ld", tm.tm_year + 1900,
			 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, zone < 0 ? '-' : '+',
			 labs(zone) / 60, labs(zone) % 60);
		assert_int_equal(until_of(text), when);
	}
}

static const char *said_of_time(const char *policy, int64_t now, bool past_allowed, enum sg_severity *ret_severity)
{
	autotext text = read_at(policy, now, past_allowed);

	assert_true(text.diags.count <= 1);
	if (!text.diags.count)
		return NULL;
	*ret_severity = text.diags.items[0].severity;
	return text.diags.items[0].id;
}

static void test_now(void **state)
{
	static const char policy[] = "allow: {tcp: {port: 1, until: 2026-12-31T18:00Z}}\n";
	enum sg_severity severity = SG_SEVERITY_NOTE;
	const int64_t end = 1798740000;

	(void)state;
	assert_null(said_of_time(policy, 0, false, &severity));
	assert_null(said_of_time(policy, 1, false, &severity));
	assert_null(said_of_time(policy, end - 3600, false, &severity));
	assert_string_equal(said_of_time(policy, end - 3599, false, &severity), "policy/near-date");
	assert_int_equal(severity, SG_SEVERITY_WARNING);
	assert_string_equal(said_of_time(policy, end - 1, true, &severity), "policy/near-date");
	assert_string_equal(said_of_time(policy, end, false, &severity), "policy/past-date");
	assert_int_equal(severity, SG_SEVERITY_ERROR);
	assert_string_equal(said_of_time(policy, end, true, &severity), "policy/past-date");
	assert_int_equal(severity, SG_SEVERITY_WARNING);
	assert_string_equal(said_of_time(policy, INT64_MAX, true, &severity), "policy/past-date");
	assert_null(said_of_time(policy, INT64_MIN, false, &severity));
}

static sg_ref meter_holds(struct sg_idd *idd, const char *name, struct sg_condition meter)
{
	meter.kind = SG_CONDITION_METER;
	snprintf(meter.name, sizeof(meter.name), "%s", name);
	return sg_idd_range(idd, sg_condition_level(idd, &meter), 1, 1);
}

/* What a line hangs on is a condition with the numbers that it says, and none that it does not say. */
static void test_conditions_of_lines(void **unused)
{
	struct sg_idd *idd = sg_packet_context(0);
	autotext text = read_good("allow:\n  tcp:\n    - {port: 22, limit: 20/minute per source, connections: 5}\n"
				  "    - {port: 23, connections: 7 per source}\n    - {port: 24, limit: 3/hour}\n"
				  "    - {port: 25, unit: a.service}\n"
				  "outbound:\n  allow:\n    udp: {port: 26, limit: 2/day per destination}\n");
	const struct sg_condition limit22 = {.limit = 20, .limit_seconds = 60, .limit_per_peer = 1};
	const struct sg_condition limit24 = {.limit = 3, .limit_seconds = 3600};
	const struct sg_condition limit26 = {.limit = 2, .limit_seconds = 86400, .limit_per_peer = 1};
	const struct sg_condition connections22 = {.connections = 5};
	const struct sg_condition connections23 = {.connections = 7, .connections_per_peer = 1};
	const struct sg_condition unit25 = {.kind = SG_CONDITION_SOCKET, .name = "a.service"};
	sg_ref held[5] = {
		sg_idd_and(idd, meter_holds(idd, "limit_tcp_22", limit22),
			   meter_holds(idd, "connections_tcp_22", connections22)),
		meter_holds(idd, "connections_tcp_23", connections23),
		meter_holds(idd, "limit_tcp_24", limit24),
		sg_idd_range(idd, sg_condition_level(idd, &unit25), 1, 1),
		meter_holds(idd, "limit_out_udp_26", limit26),
	};

	(void)unused;
	for (size_t i = 0; i < 5; i++) {
		struct sg_line line = *line_at(&text, i), plain = line;

		plain.unit = plain.meter = NULL;
		assert_int_equal(sg_line_region(idd, &line), sg_idd_and(idd, sg_line_region(idd, &plain), held[i]));
		assert_int_equal(line.direction, i == 4 ? SG_OUT : SG_IN);
	}
	sg_idd_free(idd);
}

/* What a DHCPv6 client sends and gets passes a policy that lets nothing else out or in. The answer may come from a
 * server's global address; what is sent to a global address of this host is no answer to a client. */
static void test_dhcpv6(void **unused)
{
	const sg_u128 near = ((sg_u128)0xfe80 << 112) + 1, servers = ((sg_u128)0xff02 << 112) + 0x10002;
	const sg_u128 far = (sg_u128)0x20010db8 << 96;
	const sg_u128 locals[] = {near, far}, peers[] = {near, servers, far};
	struct sg_idd *idd = sg_packet_context(0);
	autotext text = read_good("outbound: {default: drop}\n");
	struct sg_decision decision;

	(void)unused;
	assert_int_equal(sg_policy_lower(text.policy, idd, &decision, NULL), 0);
	for (uint32_t port = 545; port <= 549; port++) {
		for (size_t i = 0; i < SG_COUNT(locals) * SG_COUNT(peers); i++) {
			size_t local = i / SG_COUNT(peers), peer = i % SG_COUNT(peers);
			bool out = port == 547 && local == 0 && peer < 2, in = port == 546 && local == 0;
			sg_u128 point[SG_FIELD_COUNT + 1] = {[SG_FIELD_PROTOCOL] = 17,
							     [SG_FIELD_PORT] = port,
							     [SG_FIELD_FAMILY] = SG_IPV6,
							     [SG_FIELD_LOCAL6] = locals[local],
							     [SG_FIELD_REMOTE6] = peers[peer]};

			point[SG_FIELD_DIRECTION] = SG_IN;
			assert_int_equal(sg_idd_lookup(idd, decision.verdict, point) == SG_VERDICT_ACCEPT, in);
			point[SG_FIELD_DIRECTION] = SG_OUT;
			assert_int_equal(sg_idd_lookup(idd, decision.verdict, point) == SG_VERDICT_ACCEPT, out);
			point[SG_FIELD_DIRECTION] = SG_IN;
			point[SG_FIELD_FAMILY] = SG_IPV4;
			assert_int_equal(sg_idd_lookup(idd, decision.verdict, point), SG_VERDICT_DROP);
		}
	}
	sg_idd_free(idd);
}

/* Who allows a packet logs it, if it is to; where nobody does, the first line that would have and logs. */
static void test_logs_of_meters(void **unused)
{
	static const struct {
		bool quiet, loud; /* which of the limits are not reached */
		uint32_t log;     /* what is logged then, from 1 */
	} cases[] = {{true, true, 0}, {true, false, 0}, {false, true, 1}, {false, false, 1}};
	struct sg_idd *idd = sg_packet_context(0);
	autotext text = read_good("allow:\n  tcp:\n    - {port: 22, limit: 1/minute}\n"
				  "    - {port: 22, limit: 2/minute, log: two}\n"
				  "    - {port: 22, from: 192.0.2.1, limit: 3/minute, log: three}\n");
	const struct sg_condition quiet = {.limit = 1, .limit_seconds = 60}, loud = {.limit = 2, .limit_seconds = 60};
	struct sg_decision decision;

	(void)unused;
	assert_int_equal(sg_policy_lower(text.policy, idd, &decision, NULL), 0);
	assert_int_equal(decision.logging_count, 2);
	for (size_t i = 0; i < 4; i++) {
		sg_ref log = decision.log,
		       wants[2] = {meter_holds(idd, "limit_tcp_22", quiet), meter_holds(idd, "limit_tcp_22_2", loud)};
		sg_u128 point[32] = {[SG_FIELD_PROTOCOL] = 6, [SG_FIELD_PORT] = 22, [SG_FIELD_REMOTE4] = 0xc0000202};

		log = sg_idd_restrict(idd, log, sg_idd_level(idd, wants[0]), cases[i].quiet);
		log = sg_idd_restrict(idd, log, sg_idd_level(idd, wants[1]), cases[i].loud);
		assert_true(sg_idd_levels(idd) <= 32);
		assert_int_equal(sg_idd_lookup(idd, log, point), cases[i].log);
		/* a third line, which speaks of this one, too, comes after the second */
		point[SG_FIELD_REMOTE4] = 0xc0000201;
		assert_int_equal(sg_idd_lookup(idd, log, point), cases[i].log);
	}
	sg_idd_free(idd);
}

/* The instants of a line: from the first there is to the last before its end. */
static void test_region_in_time(void **unused)
{
	struct sg_idd *idd = sg_packet_context(0);
	struct sg_line line = {.kind = SG_LINE_PROTOCOL, .protocols = {47}, .protocol_count = 1};
	sg_ref always = sg_line_region(idd, &line);

	(void)unused;
	line.has_until = true;
	for (line.until = 1; line.until <= 10; line.until += 9)
		assert_int_equal(sg_line_region(idd, &line),
				 sg_idd_and(idd, always,
					    sg_idd_range(idd, SG_LEVEL_TIME, 0, (sg_u128)line.until * SG_SECOND - 1)));
	for (line.until = -1; line.until <= 0; line.until++)
		assert_int_equal(sg_line_region(idd, &line), SG_IDD_EMPTY);
	sg_idd_free(idd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_logs),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_random_times),
		cmocka_unit_test(test_now),
		cmocka_unit_test(test_region_in_time),
		cmocka_unit_test(test_conditions_of_lines),
		cmocka_unit_test(test_logs_of_meters),
		cmocka_unit_test(test_dhcpv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
