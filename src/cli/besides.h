/* SPDX-License-Identifier: GPL-2.0-or-later */
/* besides.h - what decides packets of this host beside our table. */
#ifndef SG_CLI_BESIDES_H
#define SG_CLI_BESIDES_H

#include "cli/session.h"
#include "sockgate/kernel_outside.h"
#include "sockgate/render.h"

struct besides {
	struct sg_kernel_tables tables;
	struct sg_foreign *foreign; /* of these tables, for those who report them */
	size_t foreign_count;
	struct sg_outside outside;
};
/* Looks at everything. `listeners` are those of this host; NULL: they are read here. */
int besides_read(struct sg_kernel *kernel, const struct sg_listeners *listeners, struct besides *ret,
		 struct sg_error *err);
/* For a report; good as long as `besides`. */
struct sg_besides besides_report(const struct besides *besides);
void besides_clear(struct besides *besides);

#endif
