/* SPDX-License-Identifier: GPL-2.0-or-later */
/* views.h - a decision as listeners meet it: whose socket it is decides the conditions on sockets. */
#ifndef SG_CHECK_VIEWS_H
#define SG_CHECK_VIEWS_H

#include "check/region.h"
#include "sockgate/subject.h"

/* Whether a condition on sockets holds for the listener's. By the control group that the kernel looks at; where that is
 * not known, by the unit of who holds it. */
enum sg_holds sg_listener_holds(const struct sg_listener *listener, const struct sg_condition *condition,
				const struct sg_unit_finder *units);

/* What listeners meet for whom the same conditions hold. */
struct sg_view {
	struct sg_decision decision; /* settled for them; what is not known stays a level of its own */
	sg_ref outcome;              /* sg_settle of it */
	struct sg_port_index outcomes;
	struct sg_origin_index *origins; /* NULL until sg_view_origins asks for them */
};

/* Each view is made once. */
struct sg_views {
	const struct sg_subject *subject;
	const struct sg_condition **conditions; /* on sockets, of the whole context */
	size_t condition_count, condition_room;
	struct view_row **items;
	size_t count, room;
	uint8_t *holds; /* room for one listener's answers */
};
int sg_views_make(struct sg_views *views, const struct sg_subject *subject, struct sg_error *err);
void sg_views_clear(struct sg_views *views);
/* NULL with err. Good as long as the views. No listener: every condition is met. */
struct sg_view *sg_views_get(struct sg_views *views, const struct sg_listener *listener, struct sg_error *err);
/* Who decides about the listener's packets. */
int sg_view_origins(struct sg_view *view, const struct sg_listener *listener, struct sg_origins *ret,
		    struct sg_error *err);

#endif
