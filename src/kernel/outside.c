/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outside.c - looks at all sources, and at the small ones in /proc.
 *
 * /proc/thread-self/net is the view of this thread's network namespace. /proc/net/netlink is there in every namespace
 * of every kernel that has netlink: where it cannot be read, no absence of a file below it says anything.
 */
#include "kernel/outside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "kernel/sockdiag_dump.h"

#define IPVS_HEADINGS 3 /* lines of /proc/net/ip_vs before the first service */

int sg_look_failed(struct sg_look *look, enum sg_outside_kind kind, const char *where, const char *what,
		   const struct sg_error *cause)
{
	if (cause->kind == SG_ERROR_MEMORY)
		return sg_error_nomem(look->err);
	return sg_outside_unseen(look->found, kind, where, cause->errnum, what, look->err);
}

size_t sg_ipvs_services(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines > IPVS_HEADINGS ? lines - IPVS_HEADINGS : 0;
}

bool sg_netlink_is_there(const char *text, unsigned int protocol)
{
	/* a heading, then lines of "sk Eth Pid …": the kernel's own sockets have the port 0 */
	for (const char *line = strchr(text, '\n'); line; line = strchr(line, '\n')) {
		char *end;
		unsigned long found, port;

		line += 1;
		line += strcspn(line, " \n");
		found = strtoul(line, &end, 10);
		if (end == line || *end != ' ')
			continue;
		line = end;
		port = strtoul(line, &end, 10);
		if (end != line && found == protocol && !port)
			return true;
	}
	return false;
}

static int look_ipvs(struct sg_look *look)
{
	static const char what[] = "whether IPVS has services";
	sg_autofree char *text = NULL;
	struct sg_error cause = {0};
	size_t size = 0;

	if (!look->sockets || sg_sockdiag_read_table("ip_vs", &text, &size, &cause) < 0)
		return sg_look_failed(look, SG_OUTSIDE_IPVS, "", what, &cause);
	if (!text || !sg_ipvs_services(text))
		return 0;
	return sg_outside_seen(look->found, SG_OUTSIDE_IPVS, "", look->err, "IPVS hands packets to other hosts");
}

int sg_kernel_outside(struct sg_kernel *kernel, const struct sg_listeners *listeners, struct sg_outside *ret,
		      struct sg_error *err)
{
	sg_cleanup(sg_outside_clear) struct sg_outside found = {0};
	struct sg_look look = {.kernel = kernel, .listeners = listeners, .found = &found, .err = err};
	struct sg_error cause = {0};
	size_t size = 0;
	int result = 0;

	if (sg_sockdiag_read_table("netlink", &look.sockets, &size, &cause) < 0 && cause.kind == SG_ERROR_MEMORY)
		return sg_error_nomem(err);
	if (sg_look_links(&look) < 0 || sg_look_hooks(&look) < 0 || sg_look_legacy(&look) < 0 ||
	    sg_look_bpf(&look) < 0 || look_ipvs(&look) < 0 || sg_look_xfrm(&look) < 0)
		result = -1;
	free(look.sockets);
	sg_devices_clear(&look.links);
	sg_kernel_hooks_clear(&look.hooks);
	if (result < 0)
		return -1;
	*ret = found;
	found = (struct sg_outside){0};
	return 0;
}
