/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_outside.h - what decides packets of this host beside our table: other tables, and what nf_tables does not show. */
#ifndef SOCKGATE_KERNEL_OUTSIDE_H
#define SOCKGATE_KERNEL_OUTSIDE_H

#include "sockgate/kernel_rules.h"
#include "sockgate/listener.h"
#include "sockgate/outside.h"

/*
 * Looks, once and after the rules were read, at everything that outside.h names, in the network namespace of `kernel`
 * (the calling thread has to be in it), and for BPF programs in the control groups of the listeners and above. Looking
 * changes nothing that decides packets. What the caller has no right to look at becomes an item that was not seen. Fails
 * only when memory ran out.
 */
int sg_kernel_outside(struct sg_kernel *kernel, const struct sg_listeners *listeners, struct sg_outside *ret,
		      struct sg_error *err);

/* A table of nf_tables that is not ours and may decide packets. */
struct sg_kernel_table {
	uint32_t family; /* NFPROTO_* */
	char name[SG_NFT_NAME_SIZE];
};
struct sg_kernel_tables {
	struct sg_kernel_table *items;
	size_t count, room;
};
/*
 * The tables of all families with a flowtable, or with a base chain whose policy is not to accept, or whose rules may
 * do more than to match, count, log and accept; without ours (inet `own`). Any other table is dormant, sees no packet, or
 * lets each pass as it came.
 */
int sg_kernel_other_tables(struct sg_kernel *kernel, const char *own, struct sg_kernel_tables *ret,
			   struct sg_error *err);
void sg_kernel_tables_clear(struct sg_kernel_tables *tables);

#endif
