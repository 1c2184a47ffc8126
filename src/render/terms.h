/* SPDX-License-Identifier: GPL-2.0-or-later */
/* terms.h - limits, owners, dates and logs, as text and as JSON. */
#ifndef SG_RENDER_TERMS_H
#define SG_RENDER_TERMS_H

#include "render/json.h"
#include "sockgate/buf.h"
#include "sockgate/terms.h"

/* ", at most 20/minute per source, only for nginx.service, until 2026-12-31T18:00Z, logged as 'scrape'": what a line
 * says beside the packet. Nothing for one that says nothing. */
void sg_terms_line(struct sg_buf *buf, const struct sg_line *line);
/* {"limit": …, "connections": …, "unit": …, "until": …, "log": …}, what there is of them; NULL: nothing. */
json_t *sg_terms_line_json(struct sg_json *json, const struct sg_line *line);

/* On one side of a change. */
struct sg_terms_side {
	const struct sg_terms *terms;
	const struct sg_unit_finder *units; /* names of units; NULL: not known */
	enum sg_direction direction;
	bool named; /* with the meters' names: what else they say is the same on the other side */
};
/* "at most 20/minute per source, else drop", "always", "never". */
void sg_terms_conditions(struct sg_buf *buf, const struct sg_terms_side *side);
/* "logged as 'sockgate policy.yaml:24 scrape', 10/minute", "not logged". */
void sg_terms_logs(struct sg_buf *buf, const struct sg_terms_side *side);
/* A list of alternatives as sg_terms_line_json has them, limits with the names of their meters. */
json_t *sg_terms_conditions_json(struct sg_json *json, const struct sg_terms_side *side);
json_t *sg_terms_logs_json(struct sg_json *json, const struct sg_terms_side *side);

#endif
