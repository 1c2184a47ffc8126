/* SPDX-License-Identifier: GPL-2.0-or-later */
/* source.h - the files that a policy is made of: its own, and those that it includes. */
#ifndef SG_POLICY_SOURCE_H
#define SG_POLICY_SOURCE_H

#include "policy/keys.h"

/* What a file says. */
struct source_keys {
	struct keys_values top, outbound;
};

/*
 * Reads a file's text (malloc'd, taken over also on failure) as the next of reader->sources, whose strings are the
 * policy's, and sorts its keys. What is wrong is reported; *ret then lacks what cannot be used. False: no memory.
 */
bool sg_source_add(struct reader *reader, const struct reader_source *source, char *text, size_t size,
		   struct source_keys *ret);

/*
 * Reads the files that the policy's own names under `include`, and those that are merged unasked (options), and makes
 * one of all: *keys are the policy's own keys, then everybody's. Lists (tests) stay with their files. False: no memory.
 */
bool sg_includes_read(struct reader *reader, struct source_keys *keys);

#endif
