/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logs.c - who is logged, and how.
 *
 * A policy's decision has its log. That of an evaluation may have none: then it is not known what the table logs, and
 * nothing is said to be another.
 */
#include "check/logs.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

void sg_logs_clear(struct sg_logs *logs)
{
	free(logs->items);
	*logs = (struct sg_logs){0};
}

/* ---- Labels ---- */

struct label {
	const char *text;
	size_t size;
};

/* What stands behind ":24", a file's line; of what is no line's all that is behind the file's name. */
static struct label label_of(const char *prefix)
{
	size_t end = strlen(prefix), last = 0;

	for (size_t i = 0; i < end; i++) {
		size_t digits = prefix[i] == ':' ? strspn(prefix + i + 1, "0123456789") : 0;

		if (digits && (i + 1 + digits == end || prefix[i + 1 + digits] == ' '))
			return (struct label){prefix + i + 1 + digits, end - i - 1 - digits};
		if (prefix[i] == ' ')
			last = i;
	}
	return (struct label){prefix + last, end - last};
}

bool sg_logging_same(const struct sg_logging *a, const struct sg_logging *b)
{
	struct label left = label_of(a->prefix), right = label_of(b->prefix);

	return left.size == right.size && !memcmp(left.text, right.text, left.size) && a->rate == b->rate &&
	       a->seconds == b->seconds && a->has_group == b->has_group && (!a->has_group || a->group == b->group);
}

/* ---- Both sides ---- */

/* The number of a logging, from 1; 0 with err: no memory. */
static uint32_t logs_number(struct sg_logs *logs, const struct sg_logging *logging, struct sg_error *err)
{
	for (size_t i = 0; i < logs->count; i++)
		if (sg_logging_same(&logs->items[i], logging))
			return (uint32_t)i + 1;
	if (sg_grow(&logs->items, &logs->room, logs->count, 1, sizeof(*logs->items)) < 0) {
		sg_error_nomem(err);
		return 0;
	}
	logs->items[logs->count++] = *logging;
	return (uint32_t)logs->count;
}

static int logs_of_decision(struct sg_logs *logs, const struct sg_decision *decision, sg_ref *ret, struct sg_error *err)
{
	sg_autofree uint32_t *table = calloc(decision->logging_count + 1, sizeof(*table));

	*ret = SG_IDD_EMPTY;
	if (!table)
		return sg_error_nomem(err);
	for (size_t i = 0; i < decision->logging_count; i++) {
		table[i + 1] = logs_number(logs, &decision->loggings[i], err);
		if (!table[i + 1])
			return -1;
	}
	if (decision->log)
		*ret = sg_idd_map(decision->idd, decision->log, table, decision->logging_count + 1);
	return sg_idd_check(decision->idd, *ret, err);
}

static const struct sg_decision *logs_decision(const struct sg_subject *subject)
{
	return subject->whole.idd ? &subject->whole : &subject->decision;
}

int sg_logs_make(const struct sg_subject *from, const struct sg_subject *to, struct sg_logs *ret, struct sg_error *err)
{
	sg_cleanup(sg_logs_clear) struct sg_logs logs = {.log = {SG_IDD_EMPTY, SG_IDD_EMPTY}};
	const struct sg_decision *before = logs_decision(from), *after = logs_decision(to);
	bool known = (!from->evaluation || before->log) && (!to->evaluation || after->log);

	if (known && (logs_of_decision(&logs, before, &logs.log[0], err) < 0 ||
		      logs_of_decision(&logs, after, &logs.log[1], err) < 0))
		return -1;
	*ret = logs;
	logs = (struct sg_logs){0};
	return 0;
}
