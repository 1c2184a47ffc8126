/* SPDX-License-Identifier: GPL-2.0-or-later */
/* here.h - a policy on this host: its units as what they are here. */
#ifndef SG_CLI_HERE_H
#define SG_CLI_HERE_H

#include "cli/session.h"
#include "sockgate/kernel_units.h"

/* Zero-initialised is empty; not to be copied once it is made. */
struct here {
	struct sg_decision decision; /* the policy's, with what its units are here: what rules can do */
	struct sg_units units;
	struct sg_unit_finder finder;
	struct sg_subject subject; /* of `decision` */
	struct sg_diags diags;     /* warnings: units that are not there, or cannot be told */
};
/*
 * `kernel`, which may be NULL, says whether its rules can tell whose socket it is.
 */
int here_make(struct session *session, const struct loaded *loaded, struct sg_kernel *kernel, struct here *ret,
	      struct sg_error *err);
/*
 * Adds what is to be said of the interfaces that the policy names. 1: the baseline lets through an interface that only
 * has the loopback device's name.
 */
int here_interfaces(const struct session *session, const struct loaded *loaded, const struct sg_local_addresses *local,
		    struct here *here, struct sg_error *err);
void here_clear(struct here *here);
/* Looks for the units again. *ret_moved: one started, stopped or restarted since; *here is made anew then. */
int here_again(struct session *session, const struct loaded *loaded, struct sg_kernel *kernel, struct here *here,
	       bool *ret_moved, struct sg_error *err);
/* Says the warnings, as those of reading the policy. */
void here_say(struct session *session, const struct here *here);

/* The policy as it is written, when what its units are here is known (here, or NULL) or not. */
struct sg_subject loaded_subject(const struct session *session, const struct loaded *loaded, const struct here *here);

#endif
