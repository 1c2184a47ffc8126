/* SPDX-License-Identifier: GPL-2.0-or-later */
/* besides.h - what decides packets beside our table, as text and as JSON. */
#ifndef SG_RENDER_BESIDES_H
#define SG_RENDER_BESIDES_H

#include "render/fields.h"

static inline bool sg_besides_are_there(const struct sg_besides *besides)
{
	return besides->foreign_count || (besides->outside && besides->outside->count);
}
/* How many are known to be there, and how many could not be looked at. */
size_t sg_besides_seen(const struct sg_besides *besides);
size_t sg_besides_unseen(const struct sg_besides *besides);

/*
 * "not reckoned with: table ip filter, XDP program 3 on eth0", with that heading, and "not known: whether …": each a
 * line of its own behind `indent`, where there is something to say.
 */
void sg_besides_lines(struct sg_buf *buf, const struct sg_style *style, const char *indent, const char *heading,
		      const struct sg_besides *besides);
/* The same two lists without a line's end, for a sentence; nothing for none. */
void sg_besides_list(struct sg_buf *buf, const struct sg_style *style, const struct sg_besides *besides);
void sg_besides_unknown(struct sg_buf *buf, const struct sg_style *style, const struct sg_besides *besides);

/* [{"kind", "name", "where", "known"}] */
json_t *sg_outside_json(struct sg_json *json, const struct sg_outside *outside);
/* Puts "not_reckoned_with" and "outside". */
void sg_besides_put(struct sg_json *json, json_t *map, const struct sg_besides *besides);

#endif
