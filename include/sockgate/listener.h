/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listener.h - a socket that waits for packets from others, and who holds it. Values; the kernel layer reads them. */
#ifndef SOCKGATE_LISTENER_H
#define SOCKGATE_LISTENER_H

#include <sys/types.h>
#include "sockgate/addr.h"

struct sg_owner {
	pid_t pid;              /* 0: not known (no rights, or gone) */
	char process[17];       /* comm of the process; "" when not known */
	char *unit;             /* systemd unit ("nginx.service"), NULL when none or not known */
	char *container;        /* container id (12 or 64 hex digits) or machine name, NULL when none */
};

/* The control groups (version 2) that something lies in, by their ids, from the child of the root to its own. */
struct sg_lineage {
	bool known;
	uint64_t *ids;
	size_t depth;
};

struct sg_listener {
	uint8_t protocol;       /* IANA number; raw sockets: the protocol they receive */
	bool mptcp, raw;
	bool connected;         /* UDP, UDP-Lite, raw: connected to one peer, receives from it alone */
	enum sg_family family;
	sg_u128 address;        /* local address; 0 is the wildcard */
	uint16_t port;          /* 0 for raw */
	bool v6only;            /* IPv6: does not receive IPv4 */
	uint32_t interface;     /* SO_BINDTODEVICE, or the scope of a link-local address; 0: none */
	char interface_name[16];
	uint32_t uid;
	uint32_t inode;
	uint64_t cgroup;        /* cgroup v2 id of who made it, 0: not known */
	struct sg_lineage lineage; /* of that cgroup */
	struct sg_owner owner;
};

struct sg_listeners {
	struct sg_listener *items;
	size_t count, room;
};

void sg_listeners_clear(struct sg_listeners *list);
/* By protocol, family, port, address, interface; equal sockets (SO_REUSEPORT, forked holders) stay separate. */
void sg_listeners_sort(struct sg_listeners *list);

/*
 * From the text of a cgroup path: unit and container as systemd, docker, podman, kubernetes, lxc and nspawn name them.
 * Only the outermost of each; a unit of a user's own manager is "user@1000.service/syncthing.service". A container's own
 * units are none of the host's. Outputs malloc'd or NULL. -1: out of memory.
 */
int sg_owner_from_cgroup(const char *path, char **ret_unit, char **ret_container, struct sg_error *err);

#endif
