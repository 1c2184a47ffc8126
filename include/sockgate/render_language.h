/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render_language.h - the policy language, for people and for editors. Out of memory is buf->failed. */
#ifndef SOCKGATE_RENDER_LANGUAGE_H
#define SOCKGATE_RENDER_LANGUAGE_H

#include "sockgate/buf.h"
#include "sockgate/language.h"
#include "sockgate/render.h"

/* One key: what it says, where it stands, what it takes, what holds without it, an example. */
void sg_render_key(struct sg_buf *buf, const struct sg_key *key);
void sg_render_key_json(struct sg_buf *buf, const struct sg_key *key);

/* The language as a JSON Schema, draft 2020-12. It takes whatever is a policy, and refuses much of what is not. */
void sg_render_schema(struct sg_buf *buf);

/*
 * The built-in service names by port, each with its ports and with the other names that have one of them. All of them
 * when nothing is asked: then a name whose ports all belong to another name is shown beside that one. Returns how many
 * there are.
 */
struct sg_services_asked {
	const char *name; /* only this name, or one of its other names; NULL: by port */
	bool has_port;    /* names that have this port … */
	uint16_t port;
	uint8_t protocol; /* … under this protocol; 0: any */
};
size_t sg_render_services(struct sg_buf *buf, const struct sg_style *style, const struct sg_services_asked *asked);
size_t sg_render_services_json(struct sg_buf *buf, const struct sg_services_asked *asked);

#endif
