/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include "sockgate/listener.h"

void sg_listeners_clear(struct sg_listeners *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].owner.unit);
		free(list->items[i].owner.container);
		free(list->items[i].lineage.ids);
	}
	free(list->items);
	*list = (struct sg_listeners){0};
}

#define LISTENER_ORDER(a, b) ((a) < (b) ? -1 : (a) > (b))

static int listener_compare(const void *left, const void *right)
{
	const struct sg_listener *a = left, *b = right;
	int order = LISTENER_ORDER(a->protocol, b->protocol);

	if (!order)
		order = LISTENER_ORDER(a->family, b->family);
	if (!order)
		order = LISTENER_ORDER(a->port, b->port);
	if (!order)
		order = LISTENER_ORDER(a->address, b->address);
	if (!order)
		order = LISTENER_ORDER(a->interface, b->interface);
	/* the rest only makes the order of a list depend on nothing but what is in it */
	if (!order)
		order = LISTENER_ORDER(a->connected, b->connected);
	if (!order)
		order = LISTENER_ORDER(a->inode, b->inode);
	return order;
}

void sg_listeners_sort(struct sg_listeners *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof(*list->items), listener_compare);
}
