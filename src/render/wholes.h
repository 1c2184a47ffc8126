/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wholes.h - changes that are told at once.
 *
 * Where the default or the baseline changes, all that no line speaks of changes with it: a dozen sets, cut up by
 * everything that the lines do speak of. Said by those who decide it is one set. Of the packets that were judged `from`
 * and will be judged `to`, each is judged so by one of `before` and one of `after`, the union of who decides them; and
 * a packet that one of `before` judges `from` and one of `after` judges `to` is among them. So to name both is to say
 * exactly these packets. That holds for what comes in and for packets to published ports by themselves, and for both.
 */
#ifndef SG_RENDER_WHOLES_H
#define SG_RENDER_WHOLES_H

#include "sockgate/render.h"

#define SG_WHOLE_LEAST 4 /* sets that are better said at once */

struct sg_whole {
	size_t count;       /* of the changes */
	size_t twins;       /* of them that have one */
	bool before, after; /* default or baseline decide some of it on that side */
	bool nobody[2];     /* nobody decides some of it: before, after */
	bool told;
};

struct sg_wholes {
	/* direction, from, to */
	struct sg_whole of[SG_DIRECTIONS][SG_OUTCOME_REJECT + 1][SG_OUTCOME_REJECT + 1];
};

void sg_wholes_find(struct sg_wholes *wholes, const struct sg_diff_report *report);
/* The whole that the change is told with; NULL: it is told by itself. */
struct sg_whole *sg_wholes_of(struct sg_wholes *wholes, const struct sg_change *change);
/* Whether the whole of a change that comes in is told of packets to published ports, too; *ret_sets is how many sets
 * of packets the whole is. */
bool sg_wholes_both(struct sg_wholes *wholes, const struct sg_change *change, size_t *ret_sets);

/* A change with those who decide others, too. */
struct sg_deciders {
	uint32_t *items;
	size_t count, room;
};
struct sg_told {
	struct sg_change change; /* its origins are before and after, ascending, once each */
	struct sg_deciders before, after;
};
/* False: no memory. */
bool sg_told_add(struct sg_told *told, const struct sg_change *change);
void sg_told_end(struct sg_told *told);
void sg_told_clear(struct sg_told *told);

#endif
