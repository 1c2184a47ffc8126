/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits, owners, dates and logs in words and in JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "render/terms.h"

#define HOUR (3600 * SG_SECOND)

static struct sg_condition minute = {
	.kind = SG_CONDITION_METER, .name = "limit_a", .limit = 20, .limit_seconds = 60, .limit_per_peer = 1};
static struct sg_condition odd = {.kind = SG_CONDITION_METER, .name = "limit_b", .limit = 7, .limit_seconds = 90};
static struct sg_condition one = {.kind = SG_CONDITION_METER, .name = "connections_c", .connections = 1};
static struct sg_condition many = {
	.kind = SG_CONDITION_METER, .name = "connections_d", .connections = 50, .connections_per_peer = 1};
static struct sg_condition named = {.kind = SG_CONDITION_SOCKET, .name = "a.service"};
static struct sg_condition here = {.kind = SG_CONDITION_SOCKET, .depth = 2, .cgroup = 7};
static struct sg_condition gone = {.kind = SG_CONDITION_SOCKET, .depth = 3, .cgroup = 8};

static const char *name(const struct sg_cgroup *cgroup, const void *data)
{
	(void)data;
	return cgroup->id == 7 ? "b.service" : NULL;
}

static const struct sg_unit_finder units = {.name = name};

/* Alternatives of up to three conditions each; NULL ends. */
struct row {
	const struct sg_condition *conditions[2][3], *unless;
	uint64_t from, last;
	enum sg_outcome otherwise;
	bool named, more, unknown, out;
	const char *text, *json;
};

static const struct row rows[] = {
	{.text = "drop", .json = "[]", .otherwise = SG_OUTCOME_DROP},
	{.conditions = {{&minute}},
	 .otherwise = SG_OUTCOME_REJECT,
	 .text = "at most 20/minute per source, else reject",
	 .json = "[{\"limit\": {\"count\": 20, \"seconds\": 60, \"per\": \"source\", \"meter\": \"limit_a\"}}]"},
	{.conditions = {{&minute}}, .out = true, .text = "at most 20/minute per destination"},
	{.conditions = {{&minute}}, .named = true, .text = "at most 20/minute per source (limit_a)"},
	{.conditions = {{&odd, &one}},
	 .text = "at most 7 in 90 seconds, at most 1 connection",
	 .json = "[{\"limit\": {\"count\": 7, \"seconds\": 90, \"per\": null, \"meter\": \"limit_b\"}, "
		 "\"connections\": {\"count\": 1, \"per\": null, \"meter\": \"connections_c\"}}]"},
	{.conditions = {{&many}}, .text = "at most 50 connections per source"},
	{.conditions = {{&named}, {&here}},
	 .text = "only for a.service; or only for b.service",
	 .json = "[{\"unit\": \"a.service\"}, {\"unit\": \"b.service\", \"cgroup\": {\"id\": 7, \"depth\": 2}}]"},
	{.conditions = {{&here}}, .named = true, .text = "only for b.service (control group 7 at depth 2)"},
	{.conditions = {{&gone}},
	 .text = "only for control group 8 at depth 3",
	 .json = "[{\"unit\": null, \"cgroup\": {\"id\": 8, \"depth\": 3}}]"},
	{.conditions = {{&minute, &odd}},
	 .text = "at most 20/minute per source, at most 7 in 90 seconds",
	 .json = "[{\"limit\": {\"count\": 20, \"seconds\": 60, \"per\": \"source\", \"meter\": \"limit_a\"}, "
		 "\"and\": [{\"limit\": {\"count\": 7, \"seconds\": 90, \"per\": null, \"meter\": \"limit_b\"}}]}]"},
	{.conditions = {{&named}},
	 .last = HOUR - 1,
	 .text = "only for a.service, until 1970-01-01T01:00Z",
	 .json = "[{\"unit\": \"a.service\", \"until\": \"1970-01-01T01:00Z\"}]"},
	{.conditions = {{&named}},
	 .from = HOUR + SG_SECOND,
	 .text = "only for a.service, from 1970-01-01T01:00:01Z",
	 .json = "[{\"unit\": \"a.service\", \"from\": \"1970-01-01T01:00:01Z\"}]"},
	{.conditions = {{&named}},
	 .unless = &one,
	 .text = "only for a.service, unless at most 1 connection",
	 .json = "[{\"unit\": \"a.service\", \"unless\": {\"connections\": {\"count\": 1, \"per\": null, "
		 "\"meter\": \"connections_c\"}}}]"},
	{.conditions = {{&named}}, .more = true, .text = "only for a.service; or …"},
	{.conditions = {{&named}},
	 .unknown = true,
	 .otherwise = SG_OUTCOME_DEPENDS,
	 .text = "only for a.service, if what is not understood lets them, else depends",
	 .json = "[{\"unit\": \"a.service\", \"unknown\": true}]"},
};

static json_t *parsed(const char *text)
{
	json_t *value = json_loads(text, JSON_ALLOW_NUL, NULL);

	assert_non_null(value);
	return value;
}

static void assert_json(json_t *value, const char *expected)
{
	json_t *other = parsed(expected);

	if (!json_equal(value, other))
		fail_msg("%s\n%s", json_dumps(value, 0), expected);
	json_decref(other);
	json_decref(value);
}

static void conditions(void **state)
{
	(void)state;
	for (size_t i = 0; i < SG_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct sg_term terms[2] = {{0}};
		struct sg_terms all = {.items = terms, .otherwise = row->otherwise, .more = row->more};
		struct sg_terms_side side = {&all, &units, row->out ? SG_OUT : SG_IN, row->named};
		const struct sg_condition *unless[] = {row->unless};
		struct sg_json json = {false};
		struct sg_buf text = {0};

		while (all.count < 2 && row->conditions[all.count][0]) {
			struct sg_term *term = &terms[all.count];

			term->conditions = (const struct sg_condition **)(uintptr_t)row->conditions[all.count++];
			while (term->count < 3 && term->conditions[term->count])
				term->count++;
			term->unless = unless;
			term->unless_count = row->unless ? 1 : 0;
			term->from = row->from;
			term->last = row->last ? row->last : SG_TIME_MAX;
			term->unknown = row->unknown;
		}
		sg_terms_conditions(&text, &side);
		assert_string_equal(text.data, row->text);
		sg_buf_clear(&text);
		if (row->json)
			assert_json(sg_terms_conditions_json(&json, &side), row->json);
		assert_false(json.failed);
	}
}

static void always(void **state)
{
	struct sg_term term = {.last = SG_TIME_MAX};
	struct sg_terms all = {.items = &term, .count = 1};
	struct sg_terms_side side = {&all, NULL, SG_IN, false};
	struct sg_json json = {false};
	struct sg_buf text = {0};

	(void)state;
	sg_terms_conditions(&text, &side);
	assert_string_equal(text.data, "always");
	assert_json(sg_terms_conditions_json(&json, &side), "[{}]");
	sg_buf_clear(&text);
	/* no names of units are known */
	all.items = &(struct sg_term){
		.last = SG_TIME_MAX, .conditions = (const struct sg_condition *[]){&here}, .count = 1};
	sg_terms_conditions(&text, &side);
	assert_string_equal(text.data, "only for control group 7 at depth 2");
	sg_buf_clear(&text);
}

static void logs(void **state)
{
	static const struct sg_logging first = {.prefix = "sockgate a.yaml:1 \x1b[31m", .rate = 10, .seconds = 60};
	static const struct sg_logging second = {
		.prefix = "sockgate a.yaml default", .rate = 1, .seconds = 86400, .has_group = true, .group = 5};
	const struct sg_logging *list[] = {&first, &second};
	struct sg_terms all = {.loggings = list, .logging_count = 2};
	struct sg_terms_side side = {&all, NULL, SG_IN, false};
	struct sg_json json = {false};
	struct sg_buf text = {0};

	(void)state;
	sg_terms_logs(&text, &side);
	assert_string_equal(text.data, "logged as 'sockgate a.yaml:1 \\x1b[31m', 10/minute; or as 'sockgate a.yaml "
				       "default', 1/day, to group 5");
	sg_buf_clear(&text);
	assert_json(
		sg_terms_logs_json(&json, &side),
		"[{\"prefix\": \"sockgate a.yaml:1 \\u001b[31m\", \"count\": 10, \"seconds\": 60, \"group\": null}, "
		"{\"prefix\": \"sockgate a.yaml default\", \"count\": 1, \"seconds\": 86400, \"group\": 5}]");
	list[1] = &(const struct sg_logging){.name = "other", .prefix = ""};
	sg_terms_logs(&text, &side);
	assert_string_equal(text.data, "logged as 'sockgate a.yaml:1 \\x1b[31m', 10/minute; or in a way that no policy has");
	sg_buf_clear(&text);
	all.logging_count = 0;
	sg_terms_logs(&text, &side);
	assert_string_equal(text.data, "not logged");
	sg_buf_clear(&text);
}

static void lines(void **state)
{
	struct sg_log log = {.label = "ssh", .rate = {5, 1}, .has_group = true, .group = 3};
	struct sg_line line = {.direction = SG_IN};
	struct sg_json json = {false};
	struct sg_buf text = {0};

	(void)state;
	sg_terms_line(&text, &line);
	assert_int_equal(text.size, 0);
	assert_null(sg_terms_line_json(&json, &line));
	line.limit = (struct sg_rate){20, 60};
	line.limit_per_peer = true;
	line.connections = 3;
	line.unit = "a.service";
	line.has_until = true;
	line.until = 4102444799; /* 2099-12-31T23:59:59Z */
	line.log = &log;
	sg_terms_line(&text, &line);
	assert_string_equal(text.data,
			    ", at most 20/minute per source, at most 3 connections, only for a.service, until "
			    "2099-12-31T23:59:59Z, logged as 'ssh'");
	sg_buf_clear(&text);
	assert_json(
		sg_terms_line_json(&json, &line),
		"{\"limit\": {\"count\": 20, \"seconds\": 60, \"per\": \"source\"}, \"connections\": {\"count\": 3, "
		"\"per\": null}, \"unit\": \"a.service\", \"until\": \"2099-12-31T23:59:59Z\", \"log\": {\"label\": "
		"\"ssh\", \"count\": 5, \"seconds\": 1, \"group\": 3}}");
	line = (struct sg_line){.direction = SG_OUT, .connections = 3, .connections_per_peer = true, .log = &log};
	log.label = NULL;
	sg_terms_line(&text, &line);
	assert_string_equal(text.data, ", at most 3 connections per destination, logged");
	sg_buf_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions),
		cmocka_unit_test(always),
		cmocka_unit_test(logs),
		cmocka_unit_test(lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
