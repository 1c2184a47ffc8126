/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockdiag_dump.h - asking NETLINK_SOCK_DIAG (sock_diag(7)) for the sockets of a protocol and family. */
#ifndef SG_KERNEL_SOCKDIAG_DUMP_H
#define SG_KERNEL_SOCKDIAG_DUMP_H

#include <stddef.h>
#include <stdint.h>
#include "sockgate/error.h"

struct sg_sockdiag {
	struct mnl_socket *socket;
	unsigned int seq;
	char *buffer;
};
int sg_sockdiag_open(struct sg_sockdiag *diag, struct sg_error *err);
void sg_sockdiag_close(struct sg_sockdiag *diag);

/* Which sockets. */
struct sg_sockdiag_query {
	uint8_t protocol;
	uint16_t request; /* the protocol's number in an attribute; 0: in the request itself */
	uint8_t family;   /* AF_INET or AF_INET6 */
	uint32_t states;  /* bit 1 << TCP_* of the kernel's net/tcp_states.h */
};

/* Where they go: `take` adds the socket of a SOCK_DIAG_BY_FAMILY message, header included, to the list. */
struct sg_sockdiag_sink {
	int (*take)(const void *msg, size_t size, uint8_t protocol, void *list, struct sg_error *err);
	void *list;
	size_t *count; /* of the list's items; set back when what was added is not to be kept */
};

enum sg_sockdiag_result { SG_SOCKDIAG_FAILED = -1, SG_SOCKDIAG_DONE, SG_SOCKDIAG_NO_HANDLER };
/* NO_HANDLER: this kernel cannot list the protocol so. */
enum sg_sockdiag_result sg_sockdiag_dump(struct sg_sockdiag *diag, const struct sg_sockdiag_query *query,
					 const struct sg_sockdiag_sink *sink, struct sg_error *err);

/* A protocol's table in /proc/net as text; NULL and success where there is none. */
int sg_sockdiag_read_table(const char *name, char **ret, size_t *ret_size, struct sg_error *err);

/* Names of devices, each asked for once. Zero-initialised knows none. */
struct sg_sockdiag_names {
	struct {
		uint32_t index;
		char name[16];
	} known[64];
};
/* "" for index 0 and for a device that is gone by now. */
void sg_sockdiag_name(struct sg_sockdiag_names *names, uint32_t index, char ret[16]);

#endif
