/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the policy is in force. The first line begins with "enforcing", "not enforcing", "locked down", "undecided"
 * or "not known": none of them is the beginning of another. "enforcing FILE as applied" is not the file as it is now.
 */
#include "render/besides.h"

#include <string.h>
#include <time.h>

#define DIGEST_SIZE  16
#define DIGEST_SHOWN 6 /* bytes that tell policies apart to a reader */

static void add_digest(struct sg_buf *buf, const uint8_t *digest, size_t size)
{
	for (size_t i = 0; i < size; i++)
		sg_buf_addf(buf, "%02x", digest[i]);
}

/* ISO 8601, UTC. */
static void add_time(struct sg_buf *buf, uint64_t seconds, char between)
{
	time_t when = (time_t)seconds;
	struct tm fields;

	if (!gmtime_r(&when, &fields))
		sg_buf_adds(buf, "?");
	else
		sg_buf_addf(buf, "%04d-%02d-%02d%c%02d:%02d:%02d", fields.tm_year + 1900, fields.tm_mon + 1,
			    fields.tm_mday, between, fields.tm_hour, fields.tm_min, fields.tm_sec);
}

static void add_age(struct sg_buf *buf, uint64_t seconds)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
	size_t i = 0;

	while (i < 3 && seconds < units[i].seconds)
		i++;
	sg_say_count(buf, seconds / units[i].seconds, units[i].name);
	sg_buf_adds(buf, " ago");
}

static bool is_edited(const struct sg_status_report *report)
{
	return report->applied_digest && memcmp(report->applied_digest, report->digest, DIGEST_SIZE) != 0;
}

/* The rules are those of the file as it was. */
static bool is_former(const struct sg_status_report *report)
{
	return report->applied_digest && report->unchanged && report->same_file && is_edited(report);
}

static void add_former(struct sg_buf *buf, const struct sg_style *style, const struct sg_status_report *report)
{
	sg_say_coloured(buf, style, SG_YELLOW, "enforcing");
	sg_buf_addc(buf, ' ');
	sg_say_adds(buf, report->policy_file);
	sg_buf_adds(buf, " as applied at ");
	add_time(buf, report->applied, ' ');
	sg_buf_adds(buf, " UTC; it was edited since: ");
	sg_say_count(buf, report->changes, "change");
	sg_buf_adds(buf, " not applied ('sockgate diff' says what differs)");
}

static void add_units(struct sg_buf *buf, const struct sg_status_report *report)
{
	for (size_t i = 0; i < report->unit_count; i++) {
		sg_buf_adds(buf, i ? ", " : "");
		sg_say_adds(buf, report->units[i]);
		sg_buf_adds(buf,
			    report->unit_runs[i] ? " was started or restarted since it was applied" : " does not run");
	}
	sg_buf_addf(buf, "; %s ports are closed until 'sockgate apply'", report->unit_count > 1 ? "their" : "its");
}

static void add_not_enforcing(struct sg_buf *buf, const struct sg_style *style, const struct sg_status_report *report)
{
	sg_say_coloured(buf, style, SG_RED, "not enforcing");
	sg_buf_addc(buf, ' ');
	sg_say_adds(buf, report->policy_file);
	sg_buf_adds(buf, ": ");
	if (report->logs_alone) {
		sg_buf_adds(buf, "the table in the kernel decides as it says, and logs otherwise");
	} else if (!report->applied_digest) {
		sg_buf_adds(buf, "the table in the kernel decides otherwise");
	} else if (!report->same_file) {
		sg_say_adds(buf, report->applied_file);
		sg_buf_adds(buf, report->unchanged
					 ? " is applied, and decides otherwise"
					 : " was applied, the rules were changed since, and decide otherwise");
	} else if (is_edited(report)) {
		sg_buf_adds(buf, "it was edited and the rules in the kernel were changed since it was applied");
	} else if (!report->unchanged) {
		sg_buf_adds(buf, "the rules in the kernel were changed since it was applied");
	} else if (report->unit_count) {
		add_units(buf, report);
	} else {
		sg_buf_adds(buf, "the rules are those that were applied, and it has another meaning now");
	}
	sg_buf_adds(buf, " ('sockgate diff' says what differs)");
}

/* What is enforced is the table's part of what happens to packets. */
static void add_not_alone(struct sg_buf *buf, const struct sg_status_report *report)
{
	if (sg_besides_seen(&report->besides))
		sg_buf_adds(buf, ", but other things decide packets too");
	else if (sg_besides_unseen(&report->besides))
		sg_buf_adds(buf, ", but it is not known what else decides packets");
}

static void add_first_line(struct sg_buf *buf, const struct sg_style *style, const struct sg_status_report *report)
{
	if (!report->loaded) {
		sg_say_coloured(buf, style, SG_RED, "not enforcing");
		sg_buf_adds(buf, ": no sockgate table in the kernel");
	} else if (report->lockdown) {
		sg_say_coloured(buf, style, SG_RED, "locked down");
		sg_buf_adds(buf, ": only SSH (the policy could not be loaded: ");
		sg_say_adds(buf, report->lockdown);
		sg_buf_addc(buf, ')');
		add_not_alone(buf, report);
	} else if (!report->policy) {
		sg_say_coloured(buf, style, SG_YELLOW, "not known");
		sg_buf_adds(buf, ": a sockgate table is loaded, but ");
		sg_say_adds(buf, report->unusable);
	} else if (report->equal == SG_PROVEN) {
		sg_say_coloured(buf, style, SG_GREEN, "enforcing");
		sg_buf_addc(buf, ' ');
		sg_say_adds(buf, report->policy_file);
		sg_buf_adds(buf, " (digest ");
		add_digest(buf, report->digest, DIGEST_SHOWN);
		sg_buf_addc(buf, ')');
		add_not_alone(buf, report);
	} else if (report->equal == SG_UNDECIDED) {
		sg_say_coloured(buf, style, SG_YELLOW, "undecided");
		sg_buf_adds(buf, ": the table in the kernel has what is not understood: ");
		sg_say_adds(buf, report->unknown);
	} else if (is_former(report)) {
		add_former(buf, style, report);
		add_not_alone(buf, report);
	} else {
		add_not_enforcing(buf, style, report);
	}
	sg_buf_addc(buf, '\n');
}

static void add_applied(struct sg_buf *buf, const struct sg_status_report *report)
{
	if (!report->loaded)
		return;
	if (report->lockdown) {
		sg_buf_adds(buf, "since:   ");
		add_time(buf, report->applied, ' ');
		sg_buf_adds(buf, " UTC, ");
		add_age(buf, report->now > report->applied ? report->now - report->applied : 0);
		sg_buf_addc(buf, '\n');
		return;
	}
	if (!report->applied_digest) {
		sg_buf_adds(buf,
			    "loaded:  the table has no note of 'sockgate apply': another program made it, or took the "
			    "note away\n");
		return;
	}
	sg_buf_adds(buf, "applied: ");
	add_time(buf, report->applied, ' ');
	sg_buf_adds(buf, " UTC, ");
	add_age(buf, report->now > report->applied ? report->now - report->applied : 0);
	sg_buf_adds(buf, ", from ");
	sg_say_adds(buf, report->applied_file);
	sg_buf_adds(buf, " (digest ");
	add_digest(buf, report->applied_digest, DIGEST_SHOWN);
	sg_buf_adds(buf, ")\n");
	if (!report->policy || report->equal != SG_PROVEN)
		return;
	if (!report->same_file) {
		sg_buf_adds(buf, "         ");
		sg_say_adds(buf, report->policy_file);
		sg_buf_adds(buf, " itself is not applied; it decides alike\n");
	} else if (is_edited(report)) {
		sg_buf_adds(buf, "         the text was edited since; its meaning is the same\n");
	}
}

void sg_render_status(struct sg_buf *buf, const struct sg_style *style, const struct sg_status_report *report)
{
	const char *name = report->policy ? sg_policy_name(report->policy) : NULL;

	add_first_line(buf, style, report);
	if (name) {
		sg_buf_adds(buf, "name:    ");
		sg_say_adds(buf, name);
		sg_buf_addc(buf, '\n');
	}
	if (report->policy) {
		sg_buf_adds(buf, "policy:  ");
		sg_say_count(buf, sg_policy_lines(report->policy), "line");
		sg_buf_addf(buf, ", default %s\n", sg_verdict_name(sg_policy_default(report->policy)));
	}
	add_applied(buf, report);
	if (report->owner)
		sg_buf_addf(buf,
			    "owner:   another process owns the table (netlink port %u, mostly its process id); nobody "
			    "else can change it\n",
			    report->owner);
	if (sg_besides_seen(&report->besides)) {
		sg_buf_adds(buf, "beside:  ");
		sg_besides_list(buf, style, &report->besides);
		sg_buf_adds(buf, "; what these decide is not reckoned with\n");
	}
	if (sg_besides_unseen(&report->besides)) {
		sg_buf_adds(buf, "beside:  not known ");
		sg_besides_unknown(buf, style, &report->besides);
		sg_buf_addc(buf, '\n');
	}
	if (report->verbose)
		sg_render_files(buf, report->files, 0, sg_files_count(report->files));
}

static json_t *digest_json(struct sg_json *json, const uint8_t *digest)
{
	struct sg_buf text = {0};
	json_t *value;

	if (!digest)
		return json_null();
	add_digest(&text, digest, DIGEST_SIZE);
	value = text.failed ? NULL : sg_json_text(json, text.data);
	sg_buf_clear(&text);
	return value;
}

static json_t *time_json(struct sg_json *json, uint64_t seconds)
{
	struct sg_buf text = {0};
	json_t *value;

	add_time(&text, seconds, 'T');
	sg_buf_addc(&text, 'Z');
	value = text.failed ? NULL : sg_json_text(json, text.data);
	sg_buf_clear(&text);
	return value;
}

static json_t *policy_json(struct sg_json *json, const struct sg_status_report *report)
{
	const struct sg_policy *policy = report->policy;
	json_t *map = sg_json_map(json);

	sg_json_put(json, map, "file", sg_json_text(json, report->policy_file));
	sg_json_put(json, map, "name", sg_json_text(json, policy ? sg_policy_name(policy) : NULL));
	sg_json_put(json, map, "digest", digest_json(json, report->digest));
	sg_json_put(json, map, "lines", policy ? sg_json_number(json, sg_policy_lines(policy)) : json_null());
	sg_json_put(json, map, "problem", sg_json_text(json, policy ? NULL : report->unusable));
	return map;
}

static json_t *kernel_json(struct sg_json *json, const struct sg_status_report *report)
{
	bool marked = report->loaded && report->applied_digest && !report->lockdown;
	json_t *map = sg_json_map(json);

	sg_json_put(json, map, "loaded", json_boolean(report->loaded));
	sg_json_put(json, map, "policy", sg_json_text(json, marked ? report->applied_file : NULL));
	sg_json_put(json, map, "digest", digest_json(json, marked ? report->applied_digest : NULL));
	sg_json_put(json, map, "applied", marked ? time_json(json, report->applied) : json_null());
	sg_json_put(json, map, "same_file", marked ? json_boolean(report->same_file) : json_null());
	sg_json_put(json, map, "unchanged", marked ? json_boolean(report->unchanged) : json_null());
	sg_json_put(json, map, "owner", report->owner ? sg_json_number(json, report->owner) : json_null());
	return map;
}

static json_t *units_json(struct sg_json *json, const struct sg_status_report *report)
{
	json_t *list = sg_json_list(json);

	for (size_t i = 0; i < report->unit_count; i++) {
		json_t *map = sg_json_map(json);

		sg_json_put(json, map, "unit", sg_json_text(json, report->units[i]));
		sg_json_put(json, map, "runs", json_boolean(report->unit_runs[i]));
		sg_json_push(json, list, map);
	}
	return list;
}

void sg_render_status_json(struct sg_buf *buf, const struct sg_status_report *report)
{
	bool known = !report->loaded || report->lockdown || (report->policy && report->equal != SG_UNDECIDED);
	struct sg_json json = {false};
	json_t *answer = sg_json_answer(&json, "status");

	sg_json_put(&json, answer, "enforcing",
		    known ? json_boolean(report->loaded && !report->lockdown && report->equal == SG_PROVEN)
			  : json_null());
	sg_json_put(&json, answer, "locked_down", sg_json_text(&json, report->lockdown));
	sg_json_put(&json, answer, "policy", policy_json(&json, report));
	sg_json_put(&json, answer, "kernel", kernel_json(&json, report));
	sg_json_put(&json, answer, "changes",
		    report->policy && report->loaded && report->equal == SG_REFUTED
			    ? sg_json_number(&json, report->changes)
			    : json_null());
	sg_json_put(&json, answer, "units_to_apply", units_json(&json, report));
	sg_besides_put(&json, answer, &report->besides);
	if (report->verbose)
		sg_json_put(&json, answer, "files",
			    sg_fields_files_json(&json, report->files, 0, sg_files_count(report->files)));
	sg_json_write(&json, buf, answer);
}
