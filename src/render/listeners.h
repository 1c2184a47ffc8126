/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listeners.h - listening sockets and their reach: what listening, diff and verify have in common. */
#ifndef SG_RENDER_LISTENERS_H
#define SG_RENDER_LISTENERS_H

#include "render/fields.h"
#include "sockgate/reach.h"

/* "0.0.0.0", "*" for every address of both families, "fe80::1%eth0". */
void listeners_address(struct sg_buf *buf, const struct sg_listener *listener);
/* "sshd[812]", "-" when nobody is known. */
void listeners_process(struct sg_buf *buf, const struct sg_listener *listener);
/* "tcp 0.0.0.0 port 22 sshd[812]". */
void listeners_name(struct sg_buf *buf, const struct sg_listener *listener);
/* "anywhere", "nobody", "this host", "192.0.2.0/24, … and 3 more". */
void listeners_reach(struct sg_buf *buf, const struct sg_style *style, const struct sg_reach *reach,
		     enum sg_scope scope);

/* The socket's own keys, put into the map in the manual's order. */
void listeners_put(struct json *json, json_t *map, const struct sg_listener *listener);
/* {"verdict", "from"} */
json_t *listeners_reach_json(struct json *json, const struct sg_reach *reach, enum sg_scope scope);
/* A set of packets to the socket, whose protocol and port the set leaves out. */
json_t *listeners_where_json(struct json *json, const struct sg_where *where, const struct sg_listener *listener);
/* All of them; reach or policy may be NULL. */
json_t *listeners_json(struct json *json, const struct sg_listeners *list, const struct sg_reaches *reach,
		       const struct sg_reaches *policy);

#endif
