/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mark.h - writing the note that sg_mark_read reads. */
#ifndef SG_APPLY_MARK_H
#define SG_APPLY_MARK_H

#include "sockgate/apply.h"

/* Puts the note on the first rule of the table's base chain. */
int sg_mark_write(struct sg_table *table, const struct sg_mark *mark, struct sg_error *err);

#endif
