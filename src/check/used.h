/* SPDX-License-Identifier: GPL-2.0-or-later */
/* used.h - lines of a policy and the listeners that they speak of. */
#ifndef SG_CHECK_USED_H
#define SG_CHECK_USED_H

#include "sockgate/listener.h"
#include "sockgate/policy.h"
#include "sockgate/reach.h"

/* Listeners that others may send to, by protocol and port. */
struct sg_port_owner {
	uint32_t key; /* protocol << 16 | port */
	const struct sg_listener *listener;
};
struct sg_port_owners {
	struct sg_port_owner *items;
	size_t count;
};
int sg_port_owners_make(const struct sg_listeners *listeners, const enum sg_scope *scopes, struct sg_port_owners *ret,
			struct sg_error *err);
void sg_port_owners_clear(struct sg_port_owners *owners);

/* Whether the line names ports of protocols whose listeners can be listed, so that it can be unused at all. */
bool sg_line_is_for_listeners(const struct sg_line *line);
/* Whether somebody listens on a port of the line, on an address and interface that it speaks of. */
bool sg_line_is_used(const struct sg_line *line, const struct sg_port_owners *owners);

/* Ports that lines of either section name (not by `any` or a whole protocol). */
struct sg_named_ports {
	struct sg_ranges protocol[256];
};
int sg_named_ports_make(const struct sg_policy *policy, struct sg_named_ports *ret, struct sg_error *err);
bool sg_named_ports_have(const struct sg_named_ports *named, uint8_t protocol, uint16_t port);
void sg_named_ports_clear(struct sg_named_ports *named);

#endif
