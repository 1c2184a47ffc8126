/* SPDX-License-Identifier: GPL-2.0-or-later */
/* render_language.h - the policy language, for people and for editors. Out of memory is buf->failed. */
#ifndef SOCKGATE_RENDER_LANGUAGE_H
#define SOCKGATE_RENDER_LANGUAGE_H

#include "sockgate/buf.h"
#include "sockgate/language.h"

/* One key: what it says, where it stands, what it takes, what holds without it, an example. */
void sg_render_key(struct sg_buf *buf, const struct sg_key *key);
void sg_render_key_json(struct sg_buf *buf, const struct sg_key *key);

/* The language as a JSON Schema, draft 2020-12. It takes whatever is a policy, and refuses much of what is not. */
void sg_render_schema(struct sg_buf *buf);

#endif
