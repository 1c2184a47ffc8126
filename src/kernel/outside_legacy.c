/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outside_legacy.c - tables of iptables-legacy, ip6tables-legacy, arptables-legacy and ebtables-legacy.
 *
 * /proc/net/ip_tables_names and its like list the tables of the network namespace; without ip_tables in the kernel
 * there is no such file. The content comes by getsockopt(2) with IPT_SO_GET_INFO and IPT_SO_GET_ENTRIES. These are only
 * asked of tables that are in the list: asked of another name, the kernel would load a module and register the table.
 * Any socket of the family will do, so a UDP socket, which needs no right of its own; the options need CAP_NET_ADMIN.
 *
 * ebtables has no list. Whether the kernel has ebtables at all shows by an option with an address that cannot be read:
 * EFAULT comes from ebtables before it looks at a name, ENOPROTOOPT says that nobody takes the option.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h> /* before those of linux/, which give way to it */
#include <sys/socket.h>
#include <unistd.h>
#include <linux/netfilter.h>
#include <linux/netfilter_arp.h>
#include <linux/netfilter_arp/arp_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "base/mem.h"
#include "kernel/outside.h"
#include "kernel/sockdiag_dump.h"

#define LEGACY_TRIES   10           /* a table that changes between two questions is asked for again */
#define LEGACY_SIZE    (512U << 20) /* bytes of a table: more than xt_alloc_table_info gives */
#define TARGET_HEAD    sizeof(struct xt_entry_target)
#define TARGET_NAME    offsetof(struct xt_entry_target, u.user.name)
#define VERDICT_ACCEPT (-NF_ACCEPT - 1)
#define EBT_GET_INFO   128 /* EBT_SO_GET_INFO of linux/netfilter_bridge/ebtables.h */

struct legacy_kind {
	const char *program, *list;
	int family, level, get_info, get_entries;
	size_t info_size, valid_hooks, hook_entry, underflow, size; /* of struct ipt_getinfo and its like: offsets */
	size_t entries_head;
	struct sg_legacy_shape shape;
};

#define INFO_OF(type)                                                                                                  \
	sizeof(struct type), offsetof(struct type, valid_hooks), offsetof(struct type, hook_entry),                    \
		offsetof(struct type, underflow), offsetof(struct type, size)
#define SHAPE_OF(hooks, type)                                                                                          \
	{                                                                                                              \
		hooks, offsetof(struct type, target_offset), offsetof(struct type, next_offset), sizeof(struct type)   \
	}

static const struct legacy_kind legacy_kinds[] = {
	{"iptables-legacy", "ip_tables_names", AF_INET, IPPROTO_IP, IPT_SO_GET_INFO, IPT_SO_GET_ENTRIES,
	 INFO_OF(ipt_getinfo), offsetof(struct ipt_get_entries, entrytable), SHAPE_OF(NF_INET_NUMHOOKS, ipt_entry)},
	{"ip6tables-legacy", "ip6_tables_names", AF_INET6, IPPROTO_IPV6, IP6T_SO_GET_INFO, IP6T_SO_GET_ENTRIES,
	 INFO_OF(ip6t_getinfo), offsetof(struct ip6t_get_entries, entrytable), SHAPE_OF(NF_INET_NUMHOOKS, ip6t_entry)},
	{"arptables-legacy", "arp_tables_names", AF_INET, IPPROTO_IP, ARPT_SO_GET_INFO, ARPT_SO_GET_ENTRIES,
	 INFO_OF(arpt_getinfo), offsetof(struct arpt_get_entries, entrytable), SHAPE_OF(NF_ARP_NUMHOOKS, arpt_entry)},
};

/* ---- What a table says ---- */

/* One entry: its length, 0 when it is torn; whether it begins a chain or ends the table; the verdict of its target. */
static size_t legacy_entry(const struct sg_legacy_shape *shape, const uint8_t *entry, size_t left, bool *ret_head,
			   int32_t *ret_verdict)
{
	uint16_t target, next;

	if (left < shape->entry_size)
		return 0;
	memcpy(&target, entry + shape->target_offset, sizeof(target));
	memcpy(&next, entry + shape->next_offset, sizeof(next));
	if (next > left || target < shape->entry_size || target + TARGET_HEAD + sizeof(*ret_verdict) > next)
		return 0;
	*ret_head = !memcmp(entry + target + TARGET_NAME, XT_ERROR_TARGET, sizeof(XT_ERROR_TARGET));
	*ret_verdict = 0;
	if (!entry[target + TARGET_NAME])
		memcpy(ret_verdict, entry + target + TARGET_HEAD, sizeof(*ret_verdict));
	return next;
}

bool sg_legacy_parse(const struct sg_legacy_shape *shape, const struct sg_legacy_info *info, const uint8_t *entries,
		     size_t size, struct sg_legacy_sum *ret)
{
	struct sg_legacy_sum sum = {0};
	size_t count = 0, heads = 0, hooks = 0, policies = 0;

	for (size_t hook = 0; hook < shape->hooks; hook++) {
		if (!(info->valid_hooks >> hook & 1))
			continue;
		hooks++;
		sum.has_rules = sum.has_rules || info->hook_entry[hook] != info->underflow[hook];
	}
	for (size_t at = 0, step; at < size; at += step, count++) {
		bool head;
		int32_t verdict;

		step = legacy_entry(shape, entries + at, size - at, &head, &verdict);
		if (!step)
			return false;
		heads += head;
		for (size_t hook = 0; hook < shape->hooks; hook++) {
			if (!(info->valid_hooks >> hook & 1) || info->underflow[hook] != at)
				continue;
			policies++;
			sum.refuses = sum.refuses || verdict != VERDICT_ACCEPT;
		}
	}
	/* each chain of the user's begins with a head and ends with a return; a head ends the table */
	if (policies != hooks || !heads || count < hooks + heads + heads - 1)
		return false;
	sum.rules = count - hooks - heads - (heads - 1);
	*ret = sum;
	return true;
}

/* ---- Asking ---- */

static int legacy_info(int fd, const struct legacy_kind *kind, const char *name, struct sg_legacy_info *ret,
		       uint32_t *ret_size)
{
	/* the largest of them; all begin with the name */
	union {
		struct ipt_getinfo ip;
		struct arpt_getinfo arp;
		uint8_t bytes[sizeof(struct ipt_getinfo)];
	} info = {.bytes = {0}};
	socklen_t length = (socklen_t)kind->info_size;

	memcpy(info.bytes, name, strlen(name));
	if (getsockopt(fd, kind->level, kind->get_info, &info, &length) < 0)
		return -1;
	memcpy(&ret->valid_hooks, info.bytes + kind->valid_hooks, sizeof(ret->valid_hooks));
	memcpy(ret->hook_entry, info.bytes + kind->hook_entry, kind->shape.hooks * sizeof(uint32_t));
	memcpy(ret->underflow, info.bytes + kind->underflow, kind->shape.hooks * sizeof(uint32_t));
	memcpy(ret_size, info.bytes + kind->size, sizeof(*ret_size));
	return 0;
}

/* The table between two questions of one and the same size. 0, or -1 with errno: EAGAIN when it changed in between. */
static int legacy_ask(int fd, const struct legacy_kind *kind, const char *name, struct sg_legacy_sum *ret)
{
	sg_autofree uint8_t *answer = NULL;
	struct sg_legacy_info info = {0};
	uint32_t size;
	socklen_t length;

	if (legacy_info(fd, kind, name, &info, &size) < 0)
		return -1;
	if (size > LEGACY_SIZE) {
		errno = EMSGSIZE;
		return -1;
	}
	answer = calloc(1, kind->entries_head + size);
	if (!answer) {
		errno = ENOMEM;
		return -1;
	}
	/* struct ipt_get_entries: the name, its size, the entries */
	memcpy(answer, name, strlen(name));
	memcpy(answer + XT_TABLE_MAXNAMELEN, &size, sizeof(size));
	length = (socklen_t)(kind->entries_head + size);
	if (getsockopt(fd, kind->level, kind->get_entries, answer, &length) < 0)
		return -1;
	if (!sg_legacy_parse(&kind->shape, &info, answer + kind->entries_head, size, ret)) {
		errno = EAGAIN; /* another table of the same size has come in between */
		return -1;
	}
	return 0;
}

static int legacy_table(struct sg_look *look, const struct legacy_kind *kind, int fd, const char *name)
{
	struct sg_legacy_sum sum = {0};
	char what[96];
	int result = -1;

	errno = EAGAIN;
	for (int try = 0; try < LEGACY_TRIES && result < 0 && errno == EAGAIN; try++)
		result = legacy_ask(fd, kind, name, &sum);
	if (result < 0 && errno == ENOMEM)
		return sg_error_nomem(look->err);
	if (result < 0) {
		int errnum = errno;

		snprintf(what, sizeof(what), "what %s table '%s' holds", kind->program, name);
		return sg_outside_unseen(look->found, SG_OUTSIDE_LEGACY, name, errnum, what, look->err);
	}
	if (sum.has_rules)
		return sg_outside_seen(look->found, SG_OUTSIDE_LEGACY, name, look->err, "%s table '%s' has %zu %s",
				       kind->program, name, sum.rules, sum.rules == 1 ? "rule" : "rules");
	if (sum.refuses)
		return sg_outside_seen(look->found, SG_OUTSIDE_LEGACY, name, look->err,
				       "%s table '%s' has a chain whose policy is to drop", kind->program, name);
	return 0;
}

static int legacy_names(struct sg_look *look, const struct legacy_kind *kind, char *text)
{
	int fd = socket(kind->family, SOCK_DGRAM | SOCK_CLOEXEC, 0), errnum = errno, result = 0;
	char *rest = text;

	for (const char *name; result == 0 && (name = strsep(&rest, "\n"));) {
		if (!*name)
			continue;
		if (fd < 0 || strlen(name) >= XT_TABLE_MAXNAMELEN) {
			char what[64];

			snprintf(what, sizeof(what), "what tables of %s hold", kind->program);
			result = sg_outside_unseen(look->found, SG_OUTSIDE_LEGACY, name, fd < 0 ? errnum : 0, what,
						   look->err);
			break;
		}
		result = legacy_table(look, kind, fd, name);
	}
	if (fd >= 0)
		close(fd);
	return result;
}

/* Whether anybody in the kernel takes the option: 0 with *ret, or an errno. Nothing is read, and no name is given. */
static int legacy_probe(int family, int level, int option, bool *ret)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), errnum = 0;
	/* of ebtables' struct ebt_replace, and large enough to be read from */
	socklen_t length = 120;

	if (fd < 0)
		return errno;
	if (getsockopt(fd, level, option, NULL, &length) < 0)
		errnum = errno;
	close(fd);
	*ret = errnum != ENOPROTOOPT;
	return 0;
}

static int legacy_kind_look(struct sg_look *look, const struct legacy_kind *kind)
{
	sg_autofree char *text = NULL;
	struct sg_error cause = {0};
	char what[64];
	size_t size = 0;
	bool taken = true;

	if (look->sockets && sg_sockdiag_read_table(kind->list, &text, &size, &cause) == 0)
		return text ? legacy_names(look, kind, text) : 0;
	/* the list is for root alone; without anybody to take the option, it would be empty */
	if (cause.kind != SG_ERROR_MEMORY && legacy_probe(kind->family, kind->level, kind->get_info, &taken) == 0 &&
	    !taken)
		return 0;
	snprintf(what, sizeof(what), "whether %s has rules", kind->program);
	return sg_look_failed(look, SG_OUTSIDE_LEGACY, "", what, &cause);
}

/* Tables of ebtables see packets of bridges alone. */
static bool is_bridge_there(const struct sg_devices *links)
{
	for (size_t i = 0; i < links->count; i++)
		if (!strcmp(links->items[i].kind, "bridge"))
			return true;
	return !links->known;
}

static int look_ebtables(struct sg_look *look)
{
	bool taken = true;
	int errnum;

	/* the hooks tell, where they are listed */
	if (look->hooks.known || !is_bridge_there(&look->links))
		return 0;
	errnum = legacy_probe(AF_INET, IPPROTO_IP, EBT_GET_INFO, &taken);
	if (!errnum && !taken)
		return 0;
	return sg_outside_unseen(look->found, SG_OUTSIDE_LEGACY, "", errnum, "whether ebtables-legacy has rules",
				 look->err);
}

int sg_look_legacy(struct sg_look *look)
{
	for (size_t i = 0; i < SG_COUNT(legacy_kinds); i++)
		if (legacy_kind_look(look, &legacy_kinds[i]) < 0)
			return -1;
	return look_ebtables(look);
}
