/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockets.h - sockets, who holds and who reaches them: what listening, diff and verify have in common. */
#ifndef SG_RENDER_SOCKETS_H
#define SG_RENDER_SOCKETS_H

#include "render/fields.h"
#include "sockgate/reach.h"

/* "0.0.0.0", "*" for every address of both families, "fe80::1%eth0". */
void sg_sockets_address(struct sg_buf *buf, const struct sg_listener *listener);
/* "sshd[812]", "-" when nobody is known. */
void sg_sockets_process(struct sg_buf *buf, const struct sg_owner *owner);
/* "nginx.service", "container 0123456789ab", "-". */
void sg_sockets_unit(struct sg_buf *buf, const struct sg_owner *owner);
/* "tcp 0.0.0.0 port 22 sshd[812]". */
void sg_sockets_name(struct sg_buf *buf, const struct sg_listener *listener);
/* "anywhere", "nobody", "this host", "192.0.2.0/24, … and 3 more". */
void sg_sockets_reach(struct sg_buf *buf, const struct sg_style *style, const struct sg_reach *reach,
		      enum sg_scope scope);

/* The socket's own keys, put into the map in the manual's order. */
void sg_sockets_put(struct sg_json *json, json_t *map, const struct sg_listener *listener);
/* {"pid", "process", "unit", "container"} */
json_t *sg_sockets_owner_json(struct sg_json *json, const struct sg_owner *owner);
/* {"verdict", "from"} */
json_t *sg_sockets_reach_json(struct sg_json *json, const struct sg_reach *reach, enum sg_scope scope);
/* A set of packets to the socket, whose protocol and port the set leaves out. */
json_t *sg_sockets_where_json(struct sg_json *json, const struct sg_where *where, const struct sg_listener *listener);
/* All of them; reach or policy may be NULL. */
json_t *sg_sockets_json(struct sg_json *json, const struct sg_listeners *list, const struct sg_reaches *reach,
			const struct sg_reaches *policy);

#endif
