/* SPDX-License-Identifier: GPL-2.0-or-later */
/* twins.h - changes of packets that come in and of packets to published ports that say the same. */
#ifndef SG_CHECK_TWINS_H
#define SG_CHECK_TWINS_H

#include "sockgate/diff.h"

/* Sets the twins of the diff's changes, whose kinds, sets and origins are known; linear in what they hold. */
int sg_twins_find(const struct sg_subject *from, const struct sg_subject *to, struct sg_diff *diff,
		  struct sg_error *err);

#endif
