/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logs.h - how packets are logged, of two sides, so that they can be held against each other. */
#ifndef SG_CHECK_LOGS_H
#define SG_CHECK_LOGS_H

#include "sockgate/subject.h"

/* The loggings of both sides, one behind the other, and the logs as numbers from 1 of them: the same number where they
 * are the same. */
struct sg_logs {
	struct sg_logging *items; /* the strings are borrowed */
	size_t count, room;
	sg_ref log[2];
};
int sg_logs_make(const struct sg_subject *from, const struct sg_subject *to, struct sg_logs *ret, struct sg_error *err);
void sg_logs_clear(struct sg_logs *logs);

#endif
