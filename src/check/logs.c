/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logs.c - who is logged, and how. */
#include "check/logs.h"

#include <stdlib.h>
#include "base/mem.h"

void sg_logs_clear(struct sg_logs *logs)
{
	free(logs->items);
	*logs = (struct sg_logs){0};
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

	if (logs_of_decision(&logs, before, &logs.log[0], err) < 0 ||
	    logs_of_decision(&logs, after, &logs.log[1], err) < 0)
		return -1;
	*ret = logs;
	logs = (struct sg_logs){0};
	return 0;
}
