/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What decides packets beside our table. Only our table is interpreted; everything else is named, and the answers say
 * that it is outside the proof.
 */
#include "cli/besides.h"

#include "base/mem.h"
#include "cli/progress.h"
#include "sockgate/compile.h"
#include "sockgate/kernel_listeners.h"

static int name_tables(struct besides *besides, struct sg_error *err)
{
	const struct sg_kernel_tables *tables = &besides->tables;

	besides->foreign = calloc(tables->count + 1, sizeof(*besides->foreign));
	if (!besides->foreign)
		return sg_error_nomem(err);
	for (size_t i = 0; i < tables->count; i++)
		besides->foreign[i] =
			(struct sg_foreign){sg_render_family(tables->items[i].family), tables->items[i].name};
	besides->foreign_count = tables->count;
	return 0;
}

int besides_read(struct sg_kernel *kernel, const struct sg_listeners *listeners, struct besides *ret,
		 struct sg_error *err)
{
	sg_cleanup(sg_listeners_clear) struct sg_listeners own = {0};
	sg_cleanup(besides_clear) struct besides besides = {0};

	progress_say("looking for what else decides packets");
	if (!listeners && sg_sockdiag_listeners(&own, err) < 0)
		return -1;
	if (sg_kernel_other_tables(kernel, SG_TABLE_NAME, &besides.tables, err) < 0 || name_tables(&besides, err) < 0 ||
	    sg_kernel_outside(kernel, listeners ? listeners : &own, &besides.outside, err) < 0)
		return -1;
	*ret = besides;
	besides = (struct besides){0};
	return 0;
}

struct sg_besides besides_report(const struct besides *besides)
{
	return (struct sg_besides){besides->foreign, besides->foreign_count, &besides->outside};
}

void besides_clear(struct besides *besides)
{
	sg_kernel_tables_clear(&besides->tables);
	sg_outside_clear(&besides->outside);
	free(besides->foreign);
	*besides = (struct besides){0};
}
