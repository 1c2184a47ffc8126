/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * word_time.c - "2026-12-31T18:00Z", "2026-12-31T19:00:30+01:00".
 *
 * A time that a firewall goes by has to say of itself which day and which zone it means: the zone of the host that it
 * is read on says nothing about who wrote it. What is written otherwise, but can be understood, is refused with the
 * text that is meant (ISO 8601 in the profile of RFC 3339; seconds may be left out).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "policy/word.h"

#define TIME_FORMAT_WANTED "as in '2026-12-31T18:00Z', or with a zone as in '2026-12-31T19:00+01:00'"

/* The kernel counts nanoseconds in 64 bits with a sign: up to the year 2262. */
enum { TIME_YEAR_LEAST = 1970, TIME_YEAR_MOST = 2261 };

#define TIME_SOON 3600 /* seconds: an end that is nearer than this may be a slip of the zone */

/* A time as it was read; has_* say which parts there are. */
struct time_parts {
	unsigned int year, month, day, hour, minute, second, zone_hour, zone_minute;
	bool has_time, has_seconds, has_zone, is_utc, is_west;
};

/* Exactly `digits` digits. */
static bool time_digits(const char **at, size_t digits, unsigned int *ret)
{
	unsigned int value = 0;

	if (strspn(*at, "0123456789") != digits)
		return false;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (unsigned int)((*at)[i] - '0');
	*at += digits;
	*ret = value;
	return true;
}

static bool time_char(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool time_read_date(const char **at, struct time_parts *ret)
{
	return time_digits(at, 4, &ret->year) && time_char(at, '-') && time_digits(at, 2, &ret->month) &&
	       time_char(at, '-') && time_digits(at, 2, &ret->day);
}

static bool time_read_clock(const char **at, struct time_parts *ret)
{
	if (!time_digits(at, 2, &ret->hour) || !time_char(at, ':') || !time_digits(at, 2, &ret->minute))
		return false;
	ret->has_time = true;
	ret->has_seconds = time_char(at, ':');
	return !ret->has_seconds || time_digits(at, 2, &ret->second);
}

/* "Z", "+01:00"; also what is near to them: "z", "UTC", "+01", "+0100". */
static bool time_read_zone(const char **at, struct time_parts *ret)
{
	static const char *const names[] = {"Z", "z", "UTC", "GMT"};

	*at += strspn(*at, " ");
	if (!**at)
		return true;
	ret->has_zone = true;
	for (size_t i = 0; i < SG_COUNT(names); i++)
		if (!strcmp(*at, names[i])) {
			*at += strlen(names[i]);
			ret->is_utc = true;
			return true;
		}
	ret->is_west = time_char(at, '-');
	if (!ret->is_west && !time_char(at, '+'))
		return false;
	if (time_digits(at, 4, &ret->zone_hour)) {
		ret->zone_minute = ret->zone_hour % 100;
		ret->zone_hour /= 100;
		return true;
	}
	if (!time_digits(at, 2, &ret->zone_hour))
		return false;
	return !time_char(at, ':') || time_digits(at, 2, &ret->zone_minute);
}

/* A text that is a time for those who read it kindly. */
static bool time_read(const char *text, struct time_parts *ret)
{
	*ret = (struct time_parts){0};
	if (!time_read_date(&text, ret))
		return false;
	if (!*text)
		return true;
	if (!time_char(&text, 'T') && !time_char(&text, 't') && !time_char(&text, ' '))
		return false;
	text += strspn(text, " ");
	return time_read_clock(&text, ret) && time_read_zone(&text, ret) && !*text;
}

#define TIME_TEXT 96 /* more than any time has, whatever its numbers */

/* As it is written here; what it lacks is 00:00 and UTC. */
static void time_write(const struct time_parts *parts, char text[TIME_TEXT])
{
	char seconds[16] = "", zone[32] = "Z";

	if (parts->has_seconds)
		snprintf(seconds, sizeof(seconds), ":%02u", parts->second);
	if (parts->has_zone && !parts->is_utc)
		snprintf(zone, sizeof(zone), "%c%02u:%02u", parts->is_west ? '-' : '+', parts->zone_hour,
			 parts->zone_minute);
	snprintf(text, TIME_TEXT, "%04u-%02u-%02uT%02u:%02u%s%s", parts->year, parts->month, parts->day, parts->hour,
		 parts->minute, seconds, zone);
}

static bool time_is_leap(unsigned int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned int time_days(unsigned int year, unsigned int month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && time_is_leap(year) ? 1U : 0U);
}

/* Seconds since 1970; the parts are right. */
static int64_t time_seconds(const struct time_parts *parts)
{
	int64_t days = parts->day - 1, zone = parts->zone_hour * 3600 + parts->zone_minute * 60;

	for (unsigned int year = TIME_YEAR_LEAST; year < parts->year; year++)
		days += time_is_leap(year) ? 366 : 365;
	for (unsigned int month = 1; month < parts->month; month++)
		days += time_days(parts->year, month);
	return days * 86400 + parts->hour * 3600 + parts->minute * 60 + parts->second - (parts->is_west ? -zone : zone);
}

/* What no calendar and no clock has. False: reported. */
static bool time_check(struct reader *reader, uint32_t node, const struct time_parts *parts)
{
	static const char id[] = "policy/no-such-time";

	if (parts->year < TIME_YEAR_LEAST || parts->year > TIME_YEAR_MOST) {
		reader_error(reader, node, id, "the year %u is not one of %d to %d", parts->year, TIME_YEAR_LEAST,
			     TIME_YEAR_MOST);
	} else if (!parts->month || parts->month > 12) {
		reader_error(reader, node, id, "there is no month %02u", parts->month);
		reader_hint(reader, "year, month, day: " TIME_FORMAT_WANTED);
	} else if (!parts->day || parts->day > time_days(parts->year, parts->month)) {
		reader_error(reader, node, id, "there is no day %02u in %04u-%02u", parts->day, parts->year,
			     parts->month);
		reader_hint(reader, "it has %u days", time_days(parts->year, parts->month));
	} else if (parts->hour > 23 || parts->minute > 59) {
		reader_error(reader, node, id, "there is no time %02u:%02u", parts->hour, parts->minute);
		if (parts->hour == 24)
			reader_hint(reader, "midnight is 00:00 of the next day");
	} else if (parts->second > 59) {
		reader_error(reader, node, id, "there is no second %02u", parts->second);
	} else if (parts->zone_hour > 14 || parts->zone_minute > 59) {
		reader_error(reader, node, id, "there is no time zone %c%02u:%02u", parts->is_west ? '-' : '+',
			     parts->zone_hour, parts->zone_minute);
		reader_hint(reader, "hours and minutes ahead of UTC, as in '+01:00', or behind it, as in '-05:00'");
	} else {
		return true;
	}
	return false;
}

/* The time has to be written as we do. False: reported. */
static bool time_check_form(struct reader *reader, uint32_t node, const char *key, const struct time_parts *parts)
{
	struct report_quote quote;
	char text[TIME_TEXT];

	time_write(parts, text);
	if (!strcmp(text, doc_text(&reader->doc, node)))
		return true;
	sg_reader_quote(reader, node, &quote);
	if (!parts->has_time) {
		reader_error(reader, node, "policy/bad-value", "'%s' lacks the time: '%s'", key, quote.text);
		reader_hint(reader, "where that day begins in UTC, write '%s'", text);
	} else if (!parts->has_zone) {
		reader_error(reader, node, "policy/bad-value", "'%s' lacks the time zone: '%s'", key, quote.text);
		reader_hint(reader, "in UTC, write '%s'; elsewhere its distance, as in '+01:00', instead of the Z",
			    text);
	} else {
		reader_error(reader, node, "policy/bad-value", "'%s' is not written so: '%s'", key, quote.text);
		reader_hint(reader, "write '%s'", text);
	}
	return false;
}

/* The other way round, for messages, in UTC. */
static void time_format(int64_t seconds, char text[TIME_TEXT])
{
	struct time_parts parts = {.year = TIME_YEAR_LEAST, .month = 1, .day = 1, .has_zone = true, .is_utc = true};
	int64_t days = seconds / 86400, rest = seconds % 86400;

	for (; parts.year < TIME_YEAR_MOST && days >= (time_is_leap(parts.year) ? 366 : 365); parts.year++)
		days -= time_is_leap(parts.year) ? 366 : 365;
	for (; parts.month < 12 && days >= time_days(parts.year, parts.month); parts.month++)
		days -= time_days(parts.year, parts.month);
	parts.day += (unsigned int)days;
	parts.hour = (unsigned int)(rest / 3600);
	parts.minute = (unsigned int)(rest / 60 % 60);
	parts.second = (unsigned int)(rest % 60);
	parts.has_seconds = parts.second > 0;
	time_write(&parts, text);
}

/* What is over, or will soon be. False: reported as an error. */
static bool time_check_now(struct reader *reader, uint32_t node, const char *key, int64_t time)
{
	int64_t now = reader->options->now;
	char text[TIME_TEXT];

	if (now <= 0)
		return true;
	if (time > now && time - now >= TIME_SOON)
		return true;
	if (time > now) {
		time_format(now, text);
		sg_report_warning(&reader->report, "policy/near-date", doc_span(&reader->doc, node),
				  "'%s' ends this line within the hour: it is %s now", key, text);
		reader_hint(reader, "is the time zone the one that was meant? Z is UTC");
		return true;
	}
	time_format(time, text);
	if (reader->options->past_allowed)
		sg_report_warning(&reader->report, "policy/past-date", doc_span(&reader->doc, node),
				  "this line is over since %s", text);
	else
		reader_error(reader, node, "policy/past-date", "this line is over since %s", text);
	reader_hint(reader, "take the line away, or give it a later end");
	return reader->options->past_allowed;
}

bool sg_word_time(struct reader *reader, uint32_t node, const char *key, int64_t *ret, const char **ret_text)
{
	const char *text = doc_text(&reader->doc, node);
	struct report_quote quote;
	struct time_parts parts;
	int64_t time;

	if (!time_read(text, &parts)) {
		reader_error(reader, node, "policy/bad-value", "'%s' is a date, a time and its zone, not '%s'", key,
			     sg_reader_quote(reader, node, &quote));
		reader_hint(reader, TIME_FORMAT_WANTED);
		return false;
	}
	if (!time_check(reader, node, &parts) || !time_check_form(reader, node, key, &parts))
		return false;
	time = time_seconds(&parts);
	if (time <= 0) {
		reader_error(reader, node, "policy/no-such-time", "'%s' is before %d in UTC", key, TIME_YEAR_LEAST);
		return false;
	}
	if (!time_check_now(reader, node, key, time))
		return false;
	*ret = time;
	*ret_text = sg_arena_string(&reader->policy->arena, text, strlen(text));
	return *ret_text || sg_reader_nomem(reader);
}
