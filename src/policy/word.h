/* SPDX-License-Identifier: GPL-2.0-or-later */
/* word.h - scalars as the policy language reads them: YAML's guesses are refused, not followed. */
#ifndef SG_POLICY_WORD_H
#define SG_POLICY_WORD_H

#include "policy/reader.h"

#define WORD_NAME_MOST 64  /* characters of a name */
#define WORD_TEXT_MOST 120 /* bytes of `name` and `comment`: what a comment in the kernel has room for */

#define WORD_RATE_MOST                                                                                                 \
	1000000U            /* the kernel counts a rate in whole nanoseconds a packet: at a million a second, 1000 */
#define WORD_LABEL_MOST 32  /* bytes of a log's label: prefixes of messages have 127 for all that they say */
#define WORD_UNIT_MOST  255 /* bytes of a unit's name: UNIT_NAME_MAX of systemd, less the NUL */

/* Plain and empty, or "~", or "null": a key without a value. */
bool sg_word_is_null(const struct doc *doc, uint32_t node);
/* Text that YAML 1.1 takes for a boolean or for null when it is plain: yes, No, ON, true, ~ … */
bool sg_word_is_trap(const char *text);
bool sg_word_is_alphanumeric(char c); /* of ASCII */
/* Whether text has the form of a name: a letter, then letters, digits, '.', '_', '-'. */
bool sg_word_is_name(const char *text, size_t size);

/* These report what is wrong and return false. `key` is the key's name, for messages. */
bool sg_word_boolean(struct reader *reader, uint32_t node, const char *key, bool *ret);
bool sg_word_text(struct reader *reader, uint32_t node, const char *key, const char **ret);
/* A name that is declared; `what` is "group", "service" … */
bool sg_word_name(struct reader *reader, uint32_t node, const char *what, const char **ret);
/* Ids of lints, all scalars, into *ret. */
bool sg_word_lints(struct reader *reader, uint32_t list, struct model_words *ret);

/* Of what the other end is called, where each may have a number of its own. */
enum word_peer { WORD_PEER_NONE, WORD_PEER_SOURCE, WORD_PEER_DESTINATION };
/* "20/minute per source"; without has_unit "50 per source". */
struct word_rate {
	bool has_unit;
	enum word_peer peer;
	/* what it says: */
	struct sg_rate rate; /* without has_unit, seconds is 0 */
	bool per_peer;
	const char *text; /* as it is written; the policy's */
};
bool sg_word_rate(struct reader *reader, uint32_t node, const char *key, struct word_rate *rate);
const char *sg_word_rate_unit(uint32_t seconds); /* "minute" for 60 */
/* "2026-12-31T18:00Z": seconds since 1970, and the text as it is written (the policy's). */
bool sg_word_time(struct reader *reader, uint32_t node, const char *key, int64_t *ret, const char **ret_text);
/* A systemd unit that processes run in. */
bool sg_word_unit(struct reader *reader, uint32_t node, const char *key, const char **ret);
/* The name of an interface, or a wildcard of names: its keys, as sg_interface_range has them. */
bool sg_word_interface(struct reader *reader, uint32_t node, struct sg_range *ret);
/* What a log calls packets. */
bool sg_word_label(struct reader *reader, uint32_t node, const char *key, const char **ret);

/* One of `choices`, which ends with NULL. `foreign` holds pairs (other tools' word, ours), and ends with NULL. */
bool sg_word_choice(struct reader *reader, uint32_t node, const char *key, const char *const *choices,
		    const char *const *foreign, size_t *ret);

#endif
