/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outside.c - the list of what decides packets beside nf_tables. */
#include "sockgate/outside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

const char *sg_outside_kind_name(enum sg_outside_kind kind)
{
	static const char *const names[] = {
		[SG_OUTSIDE_HOOK] = "netfilter-hook",
		[SG_OUTSIDE_LEGACY] = "legacy-table",
		[SG_OUTSIDE_NETFILTER] = "bpf-netfilter",
		[SG_OUTSIDE_SK_LOOKUP] = "bpf-sk-lookup",
		[SG_OUTSIDE_XDP] = "xdp",
		[SG_OUTSIDE_TC] = "tc",
		[SG_OUTSIDE_CGROUP] = "bpf-cgroup",
		[SG_OUTSIDE_IPVS] = "ipvs",
		[SG_OUTSIDE_XFRM] = "xfrm",
	};

	return names[kind];
}

static struct sg_culprit *outside_add(struct sg_outside *outside, enum sg_outside_kind kind, const char *where,
				      struct sg_error *err)
{
	struct sg_culprit *culprit;

	if (sg_grow(&outside->items, &outside->room, outside->count, 1, sizeof(*outside->items)) < 0) {
		sg_error_nomem(err);
		return NULL;
	}
	culprit = &outside->items[outside->count++];
	*culprit = (struct sg_culprit){.kind = kind};
	snprintf(culprit->where, sizeof(culprit->where), "%s", where);
	return culprit;
}

int sg_outside_seen(struct sg_outside *outside, enum sg_outside_kind kind, const char *where, struct sg_error *err,
		    const char *format, ...)
{
	struct sg_culprit *culprit = outside_add(outside, kind, where, err);
	va_list arguments;

	if (!culprit)
		return -1;
	culprit->seen = true;
	va_start(arguments, format);
	vsnprintf(culprit->name, sizeof(culprit->name), format, arguments);
	va_end(arguments);
	return 0;
}

int sg_outside_unseen(struct sg_outside *outside, enum sg_outside_kind kind, const char *where, int errnum,
		      const char *what, struct sg_error *err)
{
	struct sg_culprit *culprit = outside_add(outside, kind, where, err);
	char text[64];

	if (!culprit)
		return -1;
	culprit->errnum = errnum;
	if (errnum)
		snprintf(culprit->name, sizeof(culprit->name), "%s: %s", what, strerror_r(errnum, text, sizeof(text)));
	else
		snprintf(culprit->name, sizeof(culprit->name), "%s", what);
	return 0;
}

size_t sg_outside_count_seen(const struct sg_outside *outside)
{
	size_t seen = 0;

	for (size_t i = 0; i < outside->count; i++)
		seen += outside->items[i].seen;
	return seen;
}

void sg_outside_clear(struct sg_outside *outside)
{
	free(outside->items);
	*outside = (struct sg_outside){0};
}
