/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says about sockets and their owners, as anything but that. The first byte chooses the reader. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "kernel/owner.h"
#include "kernel/sockdiag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_owner(int result, char *unit, char *container)
{
	if (result)
		abort(); /* there is memory, and nothing else can fail */
	free(unit);
	free(container);
}

static void check(const struct sg_listeners *list, int result)
{
	if (result && list->count)
		abort(); /* half an answer */
	for (size_t i = 0; i < list->count; i++) {
		const struct sg_listener *item = &list->items[i];

		if (item->family == SG_IPV4 && item->address > UINT32_MAX)
			abort();
		if (item->raw != !item->port)
			abort();
	}
}

static void check_connections(struct sg_connections *list, int result)
{
	if (result && list->count)
		abort();
	for (size_t i = 0; i < list->count; i++) {
		const struct sg_connection *item = &list->items[i];

		if (item->family == SG_IPV4 && (item->local > UINT32_MAX || item->remote > UINT32_MAX))
			abort();
		if (!item->port || !item->remote_port)
			abort();
	}
	sg_connections_clear(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t protocols[] = {6, 17, 33, 132, 136, 255};
	sg_cleanup(sg_listeners_clear) struct sg_listeners list = {0};
	struct sg_connections connections = {0};
	char *unit = NULL, *container = NULL, *text;
	uint8_t protocol;

	if (size < 2)
		return 0;
	protocol = protocols[data[1] % SG_COUNT(protocols)];
	switch (data[0] % 6) {
	case 0:
		check(&list, sg_sockdiag_parse(data + 2, size - 2, protocol, &list, NULL));
		check_connections(&connections,
				  sg_sockdiag_parse_connection(data + 2, size - 2, protocol, &connections, NULL));
		break;
	case 1:
		check_connections(&connections, sg_sockdiag_parse_connection_table((const char *)data + 2, size - 2,
										   data[1] & 128 ? SG_IPV6 : SG_IPV4, 6,
										   &connections, NULL));
		check(&list, sg_sockdiag_parse_table((const char *)data + 2, size - 2,
						     data[1] & 128 ? SG_IPV6 : SG_IPV4, protocol, &list, NULL));
		break;
	case 2: check(&list, sg_sockdiag_parse_eps((const char *)data + 2, size - 2, &list, NULL)); break;
	case 3:
		text = strndup((const char *)data + 2, size - 2);
		if (text)
			read_owner(sg_owner_from_cgroup(text, &unit, &container, NULL), unit, container);
		free(text);
		break;
	case 4:
		read_owner(sg_owner_from_cgroups((const char *)data + 2, size - 2, &unit, &container, NULL), unit,
			   container);
		break;
	default: sg_owner_socket_inode((const char *)data + 2, size - 2);
	}
	return 0;
}
