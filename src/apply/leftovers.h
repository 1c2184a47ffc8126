/* SPDX-License-Identifier: GPL-2.0-or-later */
/* leftovers.h - files about network namespaces that are gone. */
#ifndef SG_APPLY_LEFTOVERS_H
#define SG_APPLY_LEFTOVERS_H

#include <stdint.h>

#define SG_LEFTOVERS_KEPT 8U             /* files of others, the newest */
#define SG_LEFTOVERS_AGE  (24 * 60 * 60) /* seconds since the last use, from which a file of others is old */

/*
 * Deletes from `folder` what begins with "contents-" and is old at `now` (seconds since 1970), or not among the newest;
 * never `own`, the name of a file in it. Nobody can tell whether the namespace of a number still exists, but what is
 * deleted is a cache: whoever misses it reads the kernel. Nothing is said of what cannot be deleted.
 */
void sg_leftovers_tidy(const char *folder, const char *own, int64_t now);

#endif
