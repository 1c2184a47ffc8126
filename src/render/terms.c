/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a verdict hangs on beside the packet: of a line as it is written, of decisions as they are the same or not. */
#include "render/terms.h"

#include <time.h>
#include "render/say.h"

/* ---- Words ---- */

/* "minute"; NULL: no word for it. */
static const char *unit_of_time(uint64_t seconds)
{
	switch (seconds) {
	case 1: return "second";
	case 60: return "minute";
	case 3600: return "hour";
	case 86400: return "day";
	case 604800: return "week";
	default: return NULL;
	}
}

static const char *peer_of(enum sg_direction direction)
{
	return direction == SG_OUT ? "destination" : "source";
}

static void add_rate(struct sg_buf *buf, uint32_t count, uint32_t seconds)
{
	const char *unit = unit_of_time(seconds);

	if (unit)
		sg_buf_addf(buf, "%u/%s", count, unit);
	else
		sg_buf_addf(buf, "%u in %u seconds", count, seconds);
}

static void add_limit(struct sg_buf *buf, uint32_t count, uint32_t seconds, const char *peer)
{
	sg_buf_adds(buf, "at most ");
	add_rate(buf, count, seconds);
	sg_buf_addf(buf, "%s%s", peer ? " per " : "", peer ? peer : "");
}

static void add_connections(struct sg_buf *buf, uint32_t count, const char *peer)
{
	sg_buf_addf(buf, "at most %u %s%s%s", count, count == 1 ? "connection" : "connections", peer ? " per " : "",
		    peer ? peer : "");
}

/* "2026-12-31T18:00Z", with seconds where there are some. */
static void add_time(struct sg_buf *buf, int64_t seconds)
{
	time_t time = seconds;
	struct tm tm;

	if (!gmtime_r(&time, &tm)) {
		sg_buf_addf(buf, "%lld seconds after 1970", (long long)seconds);
		return;
	}
	sg_buf_addf(buf, "%04d-%02d-%02dT%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		    tm.tm_min);
	if (tm.tm_sec)
		sg_buf_addf(buf, ":%02d", tm.tm_sec);
	sg_buf_addc(buf, 'Z');
}

static json_t *time_json(struct sg_json *json, int64_t seconds)
{
	struct sg_buf text = {0};
	json_t *value;

	add_time(&text, seconds);
	json->failed = json->failed || text.failed;
	value = sg_json_text(json, text.data);
	sg_buf_clear(&text);
	return value;
}

static void put_limit(struct sg_json *json, json_t *map, uint32_t count, uint32_t seconds, const char *peer,
		      const char *meter)
{
	json_t *limit = sg_json_map(json);

	sg_json_put(json, limit, "count", sg_json_number(json, count));
	sg_json_put(json, limit, "seconds", sg_json_number(json, seconds));
	sg_json_put(json, limit, "per", sg_json_text(json, peer));
	if (meter)
		sg_json_put(json, limit, "meter", sg_json_text(json, meter));
	sg_json_put(json, map, "limit", limit);
}

static void put_connections(struct sg_json *json, json_t *map, uint32_t count, const char *peer, const char *meter)
{
	json_t *connections = sg_json_map(json);

	sg_json_put(json, connections, "count", sg_json_number(json, count));
	sg_json_put(json, connections, "per", sg_json_text(json, peer));
	if (meter)
		sg_json_put(json, connections, "meter", sg_json_text(json, meter));
	sg_json_put(json, map, "connections", connections);
}

static json_t *log_json(struct sg_json *json, const char *key, const char *text, const struct sg_rate *rate,
			bool has_group, uint16_t group)
{
	json_t *log = sg_json_map(json);

	sg_json_put(json, log, key, sg_json_text(json, text));
	sg_json_put(json, log, "count", sg_json_number(json, rate->count));
	sg_json_put(json, log, "seconds", sg_json_number(json, rate->seconds));
	sg_json_put(json, log, "group", has_group ? sg_json_number(json, group) : json_null());
	return log;
}

/* ---- Lines ---- */

void sg_terms_line(struct sg_buf *buf, const struct sg_line *line)
{
	const char *peer = peer_of(line->direction);

	if (line->limit.count) {
		sg_buf_adds(buf, ", ");
		add_limit(buf, line->limit.count, line->limit.seconds, line->limit_per_peer ? peer : NULL);
	}
	if (line->connections) {
		sg_buf_adds(buf, ", ");
		add_connections(buf, line->connections, line->connections_per_peer ? peer : NULL);
	}
	if (line->unit) {
		sg_buf_adds(buf, ", only for ");
		sg_say_adds(buf, line->unit);
	}
	if (line->has_until) {
		sg_buf_adds(buf, ", until ");
		add_time(buf, line->until);
	}
	if (line->log && line->log->label) {
		sg_buf_adds(buf, ", logged as '");
		sg_say_adds(buf, line->log->label);
		sg_buf_addc(buf, '\'');
	} else if (line->log) {
		sg_buf_adds(buf, ", logged");
	}
}

json_t *sg_terms_line_json(struct sg_json *json, const struct sg_line *line)
{
	const char *peer = peer_of(line->direction);
	json_t *map;

	if (!line->limit.count && !line->connections && !line->unit && !line->has_until && !line->log)
		return NULL;
	map = sg_json_map(json);
	if (line->limit.count)
		put_limit(json, map, line->limit.count, line->limit.seconds, line->limit_per_peer ? peer : NULL, NULL);
	if (line->connections)
		put_connections(json, map, line->connections, line->connections_per_peer ? peer : NULL, NULL);
	if (line->unit)
		sg_json_put(json, map, "unit", sg_json_text(json, line->unit));
	if (line->has_until)
		sg_json_put(json, map, "until", time_json(json, line->until));
	if (line->log)
		sg_json_put(json, map, "log",
			    log_json(json, "label", line->log->label, &line->log->rate, line->log->has_group,
				     line->log->group));
	return map;
}

/* ---- Decisions ---- */

/* The unit that a condition on sockets is about; NULL: only its control group is known. */
static const char *unit_of(const struct sg_terms_side *side, const struct sg_condition *condition)
{
	const struct sg_cgroup cgroup = {condition->depth, condition->cgroup};

	if (!condition->cgroup)
		return condition->name;
	return side->units ? side->units->name(&cgroup, side->units->data) : NULL;
}

static void add_condition(struct sg_buf *buf, const struct sg_terms_side *side, const struct sg_condition *condition)
{
	const char *peer = peer_of(side->direction), *unit;

	if (condition->kind == SG_CONDITION_SOCKET) {
		unit = unit_of(side, condition);
		sg_buf_adds(buf, "only for ");
		if (unit)
			sg_say_adds(buf, unit);
		if (!unit || side->named)
			sg_buf_addf(buf, "%scontrol group %llu at depth %u%s", unit ? " (" : "",
				    (unsigned long long)condition->cgroup, condition->depth, unit ? ")" : "");
		return;
	}
	if (condition->limit)
		add_limit(buf, condition->limit, condition->limit_seconds, condition->limit_per_peer ? peer : NULL);
	if (condition->connections)
		add_connections(buf, condition->connections, condition->connections_per_peer ? peer : NULL);
	if (side->named) {
		sg_buf_adds(buf, " (");
		sg_say_adds(buf, condition->name);
		sg_buf_addc(buf, ')');
	}
}

static void add_term(struct sg_buf *buf, const struct sg_terms_side *side, const struct sg_term *term)
{
	const char *between = "";

	for (size_t i = 0; i < term->count + term->unless_count; i++) {
		bool holds = i < term->count;

		sg_buf_addf(buf, "%s%s", between, holds ? "" : "unless ");
		add_condition(buf, side, holds ? term->conditions[i] : term->unless[i - term->count]);
		between = ", ";
	}
	if (term->from) {
		sg_buf_addf(buf, "%sfrom ", between);
		add_time(buf, (int64_t)(term->from / SG_SECOND));
		between = ", ";
	}
	if (term->last != SG_TIME_MAX) {
		sg_buf_addf(buf, "%suntil ", between);
		add_time(buf, (int64_t)(term->last / SG_SECOND + 1));
		between = ", ";
	}
	if (term->unknown)
		sg_buf_addf(buf, "%sif what is not understood lets them", between);
	else if (!*between)
		sg_buf_adds(buf, "always");
}

void sg_terms_conditions(struct sg_buf *buf, const struct sg_terms_side *side)
{
	const struct sg_terms *terms = side->terms;

	for (size_t i = 0; i < terms->count; i++) {
		sg_buf_adds(buf, i ? "; or " : "");
		add_term(buf, side, &terms->items[i]);
	}
	if (terms->more)
		sg_buf_adds(buf, "; or …");
	if (!terms->count)
		sg_buf_adds(buf, sg_outcome_name(terms->otherwise));
	else if (terms->otherwise != SG_OUTCOME_NONE)
		sg_buf_addf(buf, ", else %s", sg_outcome_name(terms->otherwise));
}

void sg_terms_logs(struct sg_buf *buf, const struct sg_terms_side *side)
{
	const struct sg_terms *terms = side->terms;

	for (size_t i = 0; i < terms->logging_count; i++) {
		const struct sg_logging *logging = terms->loggings[i];

		if (!logging->rate) { /* of a table: by two rules, or with another verdict than it tells */
			sg_buf_adds(buf, i ? "; or in a way that no policy has" : "logged in a way that no policy has");
			continue;
		}
		sg_buf_adds(buf, i ? "; or as '" : "logged as '");
		sg_say_adds(buf, logging->prefix);
		sg_buf_adds(buf, "', ");
		add_rate(buf, logging->rate, logging->seconds);
		if (logging->has_group)
			sg_buf_addf(buf, ", to group %u", logging->group);
	}
	if (!terms->logging_count)
		sg_buf_adds(buf, "not logged");
}

static json_t *socket_json(struct sg_json *json, const struct sg_condition *condition)
{
	json_t *map = sg_json_map(json);

	sg_json_put(json, map, "id", sg_json_number(json, condition->cgroup));
	sg_json_put(json, map, "depth", sg_json_number(json, condition->depth));
	return map;
}

static void put_condition(struct sg_json *json, json_t *map, const struct sg_terms_side *side,
			  const struct sg_condition *condition)
{
	const char *peer = peer_of(side->direction);

	if (condition->kind == SG_CONDITION_SOCKET) {
		sg_json_put(json, map, "unit", sg_json_text(json, unit_of(side, condition)));
		if (condition->cgroup)
			sg_json_put(json, map, "cgroup", socket_json(json, condition));
		return;
	}
	if (condition->limit)
		put_limit(json, map, condition->limit, condition->limit_seconds,
			  condition->limit_per_peer ? peer : NULL, condition->name);
	if (condition->connections)
		put_connections(json, map, condition->connections, condition->connections_per_peer ? peer : NULL,
				condition->name);
}

/* Where a key would stand twice, the condition stands in a list of further ones. */
static void put_conditions(struct sg_json *json, json_t *map, const struct sg_terms_side *side,
			   const struct sg_condition *const *conditions, size_t count)
{
	bool limited = false, counted = false, owned = false;
	json_t *further = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct sg_condition *condition = conditions[i];
		bool *has = condition->kind == SG_CONDITION_SOCKET ? &owned : condition->limit ? &limited : &counted;
		json_t *more;

		if (!*has) {
			put_condition(json, map, side, condition);
			*has = true;
			continue;
		}
		if (!further)
			further = sg_json_list(json);
		more = sg_json_map(json);
		put_condition(json, more, side, condition);
		sg_json_push(json, further, more);
	}
	if (further)
		sg_json_put(json, map, "and", further);
}

json_t *sg_terms_conditions_json(struct sg_json *json, const struct sg_terms_side *side)
{
	json_t *list = sg_json_list(json);

	for (size_t i = 0; i < side->terms->count; i++) {
		const struct sg_term *term = &side->terms->items[i];
		json_t *map = sg_json_map(json), *unless;

		put_conditions(json, map, side, term->conditions, term->count);
		if (term->unless_count) {
			unless = sg_json_map(json);
			put_conditions(json, unless, side, term->unless, term->unless_count);
			sg_json_put(json, map, "unless", unless);
		}
		if (term->from)
			sg_json_put(json, map, "from", time_json(json, (int64_t)(term->from / SG_SECOND)));
		if (term->last != SG_TIME_MAX)
			sg_json_put(json, map, "until", time_json(json, (int64_t)(term->last / SG_SECOND + 1)));
		if (term->unknown)
			sg_json_put(json, map, "unknown", json_true());
		sg_json_push(json, list, map);
	}
	return list;
}

json_t *sg_terms_logs_json(struct sg_json *json, const struct sg_terms_side *side)
{
	json_t *list = sg_json_list(json);

	for (size_t i = 0; i < side->terms->logging_count; i++) {
		const struct sg_logging *logging = side->terms->loggings[i];
		const struct sg_rate rate = {logging->rate, logging->seconds};

		sg_json_push(json, list,
			     log_json(json, "prefix", logging->prefix, &rate, logging->has_group, logging->group));
	}
	return list;
}
