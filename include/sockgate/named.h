/* SPDX-License-Identifier: GPL-2.0-or-later */
/* named.h - compares the interfaces that a policy names with those of this host. */
#ifndef SOCKGATE_NAMED_H
#define SOCKGATE_NAMED_H

#include "sockgate/local.h"
#include "sockgate/policy.h"

enum sg_named_problem {
	SG_NAMED_ABSENT,          /* no interface has the name; it may come */
	SG_NAMED_ALTNAME,         /* it is an alternative name of an interface: rules do not match those */
	SG_NAMED_PORT,            /* a port of another: rules see its packets on that one */
	SG_NAMED_LOOPBACK,        /* "lo" is not the loopback device, and the baseline lets what comes in there pass */
	SG_NAMED_LOOPBACK_ABSENT, /* the loopback device has another name, so that the baseline does not let it pass */
};
/* "interface/absent" … */
const char *sg_named_id(enum sg_named_problem problem);

#define SG_NO_LINE SIZE_MAX
struct sg_named {
	enum sg_named_problem problem;
	size_t line;   /* of the policy; SG_NO_LINE for the two of the loopback device */
	char *message; /* one line, no full stop; names of others in it are printable */
};

struct sg_named_list {
	struct sg_named *items;
	size_t count, room;
};

/* One for each interface or wildcard of each line that matches nothing now. `local` has the host's interfaces. */
int sg_named_find(const struct sg_policy *policy, const struct sg_local_addresses *local, struct sg_named_list *ret,
		  struct sg_error *err);
void sg_named_clear(struct sg_named_list *list);

#endif
