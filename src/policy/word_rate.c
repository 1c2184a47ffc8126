/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * word_rate.c - "20/minute per source", "50 per source".
 *
 * There is one way to write each. The text is read loosely all the same, as others would write it ("20 per min",
 * "5/s per ip"), so that a refusal can say how it is written here.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/mem.h"
#include "base/num.h"
#include "policy/word.h"

static const struct rate_unit {
	const char *name;
	uint32_t seconds;
	const char *like[6]; /* as others have it */
} rate_units[] = {
	{"second", 1, {"s", "sec", "secs", "seconds"}},
	{"minute", 60, {"m", "min", "mins", "minutes"}},
	{"hour", 3600, {"h", "hr", "hrs", "hours"}},
	{"day", 86400, {"d", "days"}},
};

const char *sg_word_rate_unit(uint32_t seconds)
{
	for (size_t i = 0; i < SG_COUNT(rate_units); i++)
		if (rate_units[i].seconds == seconds)
			return rate_units[i].name;
	return NULL;
}

/* The rest of a text that is read. */
struct rate_text {
	const char *at;
};

/* The next word, of letters or of digits; 0: there is none. */
static size_t rate_next(struct rate_text *text, const char **ret)
{
	size_t size = 0;

	text->at += strspn(text->at, " ");
	*ret = text->at;
	while (isalnum((unsigned char)text->at[size]) &&
	       !isdigit((unsigned char)text->at[size]) == !isdigit((unsigned char)text->at[0]))
		size++;
	text->at += size;
	return size;
}

static bool rate_is(const char *word, size_t size, const char *name)
{
	return strlen(name) == size && !strncasecmp(word, name, size);
}

static const struct rate_unit *rate_find_unit(const char *word, size_t size)
{
	for (size_t i = 0; i < SG_COUNT(rate_units); i++) {
		if (rate_is(word, size, rate_units[i].name))
			return &rate_units[i];
		for (const char *const *like = rate_units[i].like; *like; like++)
			if (rate_is(word, size, *like))
				return &rate_units[i];
	}
	return NULL;
}

/* "/minute", or what may have been meant by it. */
static const struct rate_unit *rate_read_unit(struct rate_text *text)
{
	const char *word;
	size_t size;

	text->at += strspn(text->at, " ");
	if (*text->at == '/') {
		text->at++;
	} else {
		size = rate_next(text, &word);
		if (!rate_is(word, size, "per") && !rate_is(word, size, "a") && !rate_is(word, size, "an"))
			return NULL;
	}
	size = rate_next(text, &word);
	return rate_find_unit(word, size);
}

enum rate_peer { RATE_ALL, RATE_SOURCE, RATE_DESTINATION, RATE_UNKNOWN };

/* " per source", or what may have been meant by it. */
static enum rate_peer rate_read_peer(struct rate_text *text)
{
	static const char *const sources[] = {"source", "src",  "saddr",  "ip",  "address",
					      "addr",   "host", "client", "peer"};
	static const char *const destinations[] = {"destination", "dest", "dst", "daddr", "server"};
	const char *word;
	size_t size;

	text->at += strspn(text->at, " ");
	if (!*text->at)
		return RATE_ALL;
	if (*text->at == '/') {
		text->at++;
	} else {
		size = rate_next(text, &word);
		if (!rate_is(word, size, "per") && !rate_is(word, size, "by"))
			return RATE_UNKNOWN;
	}
	size = rate_next(text, &word);
	if (text->at[strspn(text->at, " ")])
		return RATE_UNKNOWN;
	for (size_t i = 0; i < SG_COUNT(sources); i++)
		if (rate_is(word, size, sources[i]))
			return RATE_SOURCE;
	for (size_t i = 0; i < SG_COUNT(destinations); i++)
		if (rate_is(word, size, destinations[i]))
			return RATE_DESTINATION;
	return RATE_UNKNOWN;
}

/* A text that was read loosely. */
struct rate_reading {
	uint64_t count;
	const struct rate_unit *unit; /* NULL: of a number at once */
	enum rate_peer peer;
	char text[64]; /* as it is written here */
};

static bool rate_read(const char *from, const struct word_rate *rate, struct rate_reading *ret)
{
	static const char *const peers[] = {"", " per source", " per destination"};
	struct rate_text text = {from};
	const char *word;
	size_t size = rate_next(&text, &word);

	*ret = (struct rate_reading){0};
	if (!size || !isdigit((unsigned char)word[0]) || (word[0] == '0' && size > 1))
		return false;
	if (!sg_num_parse(word, size, UINT64_MAX - 1, &ret->count))
		ret->count = UINT64_MAX;
	if (rate->has_unit && !(ret->unit = rate_read_unit(&text)))
		return false;
	ret->peer = rate_read_peer(&text);
	if (ret->peer == RATE_UNKNOWN)
		return false;
	snprintf(ret->text, sizeof(ret->text), "%" PRIu64 "%s%s%s", ret->count, rate->has_unit ? "/" : "",
		 rate->has_unit ? ret->unit->name : "", ret->peer ? peers[rate->peer] : "");
	return true;
}

static const char *rate_example(const struct word_rate *rate)
{
	if (rate->peer == WORD_PEER_NONE)
		return "'10/minute'";
	if (rate->has_unit)
		return rate->peer == WORD_PEER_SOURCE ? "'20/minute' or '20/minute per source'"
						      : "'20/minute' or '20/minute per destination'";
	return rate->peer == WORD_PEER_SOURCE ? "'50' or '50 per source'" : "'50' or '50 per destination'";
}

static enum rate_peer rate_peer(enum word_peer peer)
{
	return peer == WORD_PEER_SOURCE ? RATE_SOURCE : peer == WORD_PEER_DESTINATION ? RATE_DESTINATION : RATE_ALL;
}

/* What was read must be what may be said here, and as it is written here. False: reported. */
static bool rate_check(struct reader *reader, uint32_t node, const char *key, const struct word_rate *rate,
		       const struct rate_reading *read)
{
	struct report_quote quote;

	sg_reader_quote(reader, node, &quote);
	if (!read->count || read->count > WORD_RATE_MOST) {
		reader_error(reader, node, "policy/bad-value", "'%s' is a number of 1 to %u%s, not '%s'", key,
			     WORD_RATE_MOST, rate->has_unit ? " in a time" : "", quote.text);
		if (!read->count && rate->peer != WORD_PEER_NONE)
			reader_hint(reader, "to let nobody in, take the line away, or write it under 'block'");
		return false;
	}
	if (read->peer && read->peer != rate_peer(rate->peer)) {
		if (rate->peer == WORD_PEER_NONE)
			reader_error(reader, node, "policy/bad-value", "'%s' is of all packets together, not '%s'", key,
				     quote.text);
		else
			reader_error(reader, node, "policy/wrong-peer",
				     "'%s' is of the other host, which is the %s here, not '%s'", key,
				     rate->peer == WORD_PEER_SOURCE ? "source" : "destination", quote.text);
	} else if (strcmp(read->text, doc_text(&reader->doc, node)) != 0) {
		reader_error(reader, node, "policy/bad-value", "'%s' is not written so: '%s'", key, quote.text);
	} else {
		return true;
	}
	reader_hint(reader, "write '%s'", read->text);
	return false;
}

bool sg_word_rate(struct reader *reader, uint32_t node, const char *key, struct word_rate *rate)
{
	struct rate_reading read;
	struct report_quote quote;

	if (!rate_read(doc_text(&reader->doc, node), rate, &read)) {
		reader_error(reader, node, "policy/bad-value", "'%s' is a number%s, not '%s'", key,
			     rate->has_unit ? " in a second, minute, hour or day" : "",
			     sg_reader_quote(reader, node, &quote));
		reader_hint(reader, "as in %s", rate_example(rate));
		return false;
	}
	if (!rate_check(reader, node, key, rate, &read))
		return false;
	rate->rate = (struct sg_rate){(uint32_t)read.count, rate->has_unit ? read.unit->seconds : 0};
	rate->per_peer = read.peer != RATE_ALL;
	rate->text = sg_arena_string(&reader->policy->arena, read.text, strlen(read.text));
	return rate->text || sg_reader_nomem(reader);
}
