/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sessions that we may be run from: this process, those above it, and who else is logged in. */
#include <stdlib.h>
#include <unistd.h>
#include "base/mem.h"
#include "cli/host.h"
#include "sockgate/kernel_connections.h"
#include "sockgate/kernel_processes.h"
#include "sockgate/kernel_route.h"

static int source_process(pid_t pid, struct sg_process *ret, void *data, struct sg_error *err)
{
	const char *own = getenv("SSH_CONNECTION");

	(void)data;
	if (sg_process_read(pid, ret, err) < 0)
		return -1;
	if (pid != getpid())
		return 0;
	/* without /proc there is still this much */
	ret->pid = pid;
	if (!ret->parent)
		ret->parent = getppid();
	if (own)
		sg_process_set_session(ret, own);
	return 0;
}

static int source_holder(const struct sg_connection *connection, pid_t *ret, void *data, struct sg_error *err)
{
	struct sg_connection copy = *connection;
	struct sg_connection *wanted[] = {&copy};

	(void)data;
	*ret = 0;
	copy.owner = (struct sg_owner){0};
	if (copy.inode && sg_connection_owners_find(wanted, 1, err) < 0)
		return -1;
	*ret = copy.owner.pid;
	free(copy.owner.unit);
	free(copy.owner.container);
	return 0;
}

static bool source_is_local(enum sg_family family, sg_u128 address, void *data)
{
	const struct sockets *sockets = data;
	const char *interface;

	return sg_local_addresses_find(&sockets->local, family, address, &interface);
}

static int source_is_inside(const struct sg_connection *connection, bool *ret, void *data, struct sg_error *err)
{
	const struct sockets *sockets = data;
	struct sg_route route;

	*ret = sg_local_addresses_has(&sockets->local, connection->family, connection->remote);
	if (*ret || !source_is_local(connection->family, connection->remote, data))
		return 0;
	if (sg_kernel_route(connection, &route, err) < 0)
		return -1;
	*ret = route.local;
	return 0;
}

static int source_published(const struct sg_connection *inside, struct sg_connection *ret, bool *ret_found, void *data,
			    struct sg_error *err)
{
	(void)data;
	return sg_conntrack_published(inside, ret, ret_found, err);
}

int sessions_find(const struct sg_connections *connections, struct sockets *sockets, struct sg_caller *ret,
		  struct sg_error *err)
{
	const struct sg_caller_source source = {source_process, source_holder, source_is_local, source_is_inside,
						source_published, sockets};
	const struct sg_caller_input input = {getpid(), connections, &sockets->list, &source};

	if (sg_caller_find(&input, ret, err) < 0)
		return -1;
	if (!ret->uncertain)
		return 0;
	return sockets_own(sockets, err) < 0 ? -1 : sg_caller_widen(&input, ret, err);
}

int sessions_of_all(const struct sg_connections *connections, const struct sockets *sockets, struct sg_caller *ret,
		    struct sg_error *err)
{
	const struct sg_caller_input input = {getpid(), connections, &sockets->list, NULL};

	return sg_caller_widen(&input, ret, err);
}
