/* SPDX-License-Identifier: GPL-2.0-or-later */
/* word.h - scalars as the policy language reads them: YAML's guesses are refused, not followed. */
#ifndef SG_POLICY_WORD_H
#define SG_POLICY_WORD_H

#include "policy/reader.h"

#define WORD_NAME_MOST 64  /* characters of a name */
#define WORD_TEXT_MOST 120 /* bytes of `name` and `comment`: what a comment in the kernel has room for */

/* Plain and empty, or "~", or "null": a key without a value. */
bool sg_word_is_null(const struct doc *doc, uint32_t node);
/* Text that YAML 1.1 takes for a boolean or for null when it is plain: yes, No, ON, true, ~ … */
bool sg_word_is_trap(const char *text);
/* Whether text has the form of a name: a letter, then letters, digits, '.', '_', '-'. */
bool sg_word_is_name(const char *text, size_t size);

/* These report what is wrong and return false. `key` is the key's name, for messages. */
bool sg_word_boolean(struct reader *reader, uint32_t node, const char *key, bool *ret);
bool sg_word_text(struct reader *reader, uint32_t node, const char *key, const char **ret);
/* A name that is declared; `what` is "group", "service" … */
bool sg_word_name(struct reader *reader, uint32_t node, const char *what, const char **ret);
/* Ids of lints, all scalars, into *ret. */
bool sg_word_lints(struct reader *reader, uint32_t list, struct model_words *ret);
/* One of `choices`, which ends with NULL. `foreign` holds pairs (other tools' word, ours), and ends with NULL. */
bool sg_word_choice(struct reader *reader, uint32_t node, const char *key, const char *const *choices,
		    const char *const *foreign, size_t *ret);

#endif
