/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include "sockgate/connection.h"

void sg_connections_clear(struct sg_connections *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].owner.unit);
		free(list->items[i].owner.container);
	}
	free(list->items);
	*list = (struct sg_connections){0};
}
