/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outside_bpf.c - BPF programs, by bpf(2).
 *
 * - Programs on netfilter hooks are links, and links are listed for the whole machine: a link's information has its
 * hook and not its network namespace. So one that is there may act here, and where the kernel lists its hooks these
 * tell.
 * - Programs of tcx and netkit are asked for by interface, programs that choose sockets by network namespace.
 * - Programs of a control group hold for its sockets and for those of all groups below. The kernel lists what is in
 *   effect in a group, whoever attached it to which group above. Only those for packets matter: what governs the
 * making, binding and connecting of sockets has been done when a socket listens.
 *
 * Listing links and programs needs CAP_SYS_ADMIN, asking what is attached CAP_NET_ADMIN, both of the initial user
 * namespace. EINVAL to a question of known shape means that the kernel has no such attachment; ENOSYS, that it has no
 * BPF at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/netfilter.h>

#include "base/mem.h"
#include "kernel/cgroup.h"
#include "kernel/outside.h"

#define BPF_MOST 1000000 /* links or programs that are looked through; a machine has some hundreds */

/* Of newer headers: enum bpf_link_type, bpf_prog_type, bpf_attach_type of Linux 6.4, 6.6 and 6.7. */
#define LINK_TYPE_NETFILTER 10
#define ATTACH_TCX_INGRESS  46
#define ATTACH_TCX_EGRESS   47
#define ATTACH_NETKIT       54
#define ATTACH_NETKIT_PEER  55

#define WHAT_NETFILTER "whether BPF programs are on netfilter hooks"
#define WHAT_SK_LOOKUP "whether BPF programs choose the sockets of packets"
#define WHAT_TCX       "whether BPF programs of tcx are on interfaces"
#define WHAT_CGROUP    "whether BPF programs of control groups refuse packets"

/*
 * The caller clears *attr with memset first: an initialiser need not clear the whole union, and the kernel answers EINVAL
 * to a stray byte, which would be taken for "not in this kernel".
 */
static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* How many programs hang there: 0 with *ret, or an errno. `target` is a descriptor or the index of an interface. */
static int bpf_query(uint32_t target, uint32_t type, uint32_t flags, uint32_t *ret)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = target;
	attr.query.attach_type = type;
	attr.query.query_flags = flags;
	if (bpf(BPF_PROG_QUERY, &attr) < 0)
		return errno;
	*ret = attr.query.prog_cnt;
	return 0;
}

static bool is_absent(int errnum)
{
	return errnum == ENOSYS || errnum == EINVAL;
}

/* ---- Lists of the whole machine ---- */

/* The information of an object by its id, the first `size` bytes: 0, or an errno. ENOENT: it went. */
static int bpf_information(int by_id, uint32_t id, void *ret, uint32_t size)
{
	union bpf_attr attr;
	int fd, errnum = 0;

	memset(&attr, 0, sizeof(attr));
	attr.link_id = id;
	fd = bpf(by_id, &attr);
	if (fd < 0)
		return errno == EAGAIN ? ENOENT : errno; /* EAGAIN: it is not there yet */
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = size;
	attr.info.info = (uint64_t)(uintptr_t)ret;
	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0)
		errnum = errno;
	close(fd);
	return errnum;
}

/* The next id: 0, or an errno; ENOENT at the end. */
static int bpf_next(int command, uint32_t *id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.start_id = *id;
	if (bpf(command, &attr) < 0)
		return errno;
	*id = attr.next_id;
	return 0;
}

/* The beginning of struct bpf_link_info as Linux 6.4 has it; the tail is room for other types. */
struct link_information {
	uint32_t type, id, program, padding;
	uint32_t family, hook;
	int32_t priority;
	uint32_t flags;
	uint8_t tail[96];
};

static int note_link(struct sg_look *look, const struct link_information *link)
{
	static const char *const hooks[] = {"prerouting", "input", "forward", "output", "postrouting"};
	const char *family = link->family == NFPROTO_IPV4 ? "ip " : link->family == NFPROTO_IPV6 ? "ip6 " : "";
	char what[128], place[32];

	if (link->type != LINK_TYPE_NETFILTER)
		return 0;
	snprintf(place, sizeof(place), "%s%s", family, link->hook < SG_COUNT(hooks) ? hooks[link->hook] : "unknown");
	snprintf(what, sizeof(what), "whether BPF program %u on the netfilter hook %s is of this network namespace",
		 link->program, place);
	return sg_outside_unseen(look->found, SG_OUTSIDE_NETFILTER, place, 0, what, look->err);
}

static int look_netfilter(struct sg_look *look)
{
	uint32_t id = 0;
	int errnum = 0;

	if (look->hooks.known)
		return 0;
	for (size_t i = 0; i < BPF_MOST; i++) {
		struct link_information link = {0};

		errnum = bpf_next(BPF_LINK_GET_NEXT_ID, &id);
		if (errnum == ENOENT || is_absent(errnum))
			return 0;
		if (!errnum)
			errnum = bpf_information(BPF_LINK_GET_FD_BY_ID, id, &link, sizeof(link));
		if (errnum == ENOENT)
			continue;
		if (errnum)
			break;
		if (note_link(look, &link) < 0)
			return -1;
	}
	return sg_outside_unseen(look->found, SG_OUTSIDE_NETFILTER, "", errnum, WHAT_NETFILTER, look->err);
}

/* Whether a program of that type is loaded anywhere on the machine: 0 with *ret, or an errno. */
static int bpf_is_loaded(uint32_t type, bool *ret)
{
	uint32_t id = 0;

	for (size_t i = 0; i < BPF_MOST; i++) {
		struct {
			uint32_t type, id;
			uint8_t tail[208];
		} program = {0};
		int errnum = bpf_next(BPF_PROG_GET_NEXT_ID, &id);

		if (errnum == ENOENT || errnum == ENOSYS) {
			*ret = false;
			return 0;
		}
		if (!errnum)
			errnum = bpf_information(BPF_PROG_GET_FD_BY_ID, id, &program, sizeof(program));
		if (errnum == ENOENT)
			continue;
		if (errnum)
			return errnum;
		if (program.type == type) {
			*ret = true;
			return 0;
		}
	}
	return EMSGSIZE;
}

/* ---- Interfaces and the network namespace ---- */

static int look_sk_lookup(struct sg_look *look)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), errnum = fd < 0 ? errno : 0;
	uint32_t count = 0;

	if (fd >= 0) {
		errnum = bpf_query((uint32_t)fd, BPF_SK_LOOKUP, 0, &count);
		close(fd);
	}
	if (is_absent(errnum))
		return 0;
	if (errnum)
		return sg_outside_unseen(look->found, SG_OUTSIDE_SK_LOOKUP, "", errnum, WHAT_SK_LOOKUP, look->err);
	if (!count)
		return 0;
	return sg_outside_seen(look->found, SG_OUTSIDE_SK_LOOKUP, "", look->err, "%u BPF %s the sockets of packets",
			       count, count == 1 ? "program chooses" : "programs choose");
}

/* -1: memory. Otherwise an errno when the question could not be asked, 0 when it was answered. */
static int note_tcx(struct sg_look *look, const struct sg_device *link, uint32_t type, const char *what)
{
	uint32_t count = 0;
	int errnum = bpf_query(link->index, type, 0, &count);

	if (errnum == ENODEV) /* the interface went */
		return 0;
	if (errnum || !count)
		return errnum;
	return sg_outside_seen(look->found, SG_OUTSIDE_TC, link->name, look->err, "BPF program of %s on %s", what,
			       link->name);
}

/* A netkit device passes its packets to a program, and refuses them without one where it was made so. */
static int look_netkit(struct sg_look *look, const struct sg_device *link)
{
	uint32_t count = 0;

	if (bpf_query(link->index, ATTACH_NETKIT, 0, &count) == 0 && count)
		return sg_outside_seen(look->found, SG_OUTSIDE_TC, link->name, look->err, "BPF program of netkit on %s",
				       link->name);
	if (bpf_query(link->index, ATTACH_NETKIT_PEER, 0, &count) == 0 && count)
		return sg_outside_seen(look->found, SG_OUTSIDE_TC, link->name, look->err,
				       "BPF program of netkit on the peer of %s", link->name);
	return sg_outside_unseen(look->found, SG_OUTSIDE_TC, link->name, 0,
				 "whether the netkit device lets packets pass", look->err);
}

static int look_tcx(struct sg_look *look)
{
	for (size_t i = 0; i < look->links.count; i++) {
		const struct sg_device *link = &look->links.items[i];
		int result;

		if (!strcmp(link->kind, "netkit") && look_netkit(look, link) < 0)
			return -1;
		result = note_tcx(look, link, ATTACH_TCX_INGRESS, "tcx (incoming)");
		if (!result)
			result = note_tcx(look, link, ATTACH_TCX_EGRESS, "tcx (outgoing)");
		if (is_absent(result))
			return 0; /* for the other interfaces too */
		if (result > 0)
			return sg_outside_unseen(look->found, SG_OUTSIDE_TC, "", result, WHAT_TCX, look->err);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* ---- Control groups ---- */

/* A descriptor of the groups' file system where none is mounted for us (as below `ip netns exec`); -1 with errno. */
static int cgroup_mount(void)
{
	int files = (int)syscall(SYS_fsopen, "cgroup2", 1U /* FSOPEN_CLOEXEC */), mount = -1, folder = -1, errnum;

	if (files < 0)
		return -1;
	if (syscall(SYS_fsconfig, files, 6U /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) == 0)
		mount = (int)syscall(SYS_fsmount, files, 1U /* FSMOUNT_CLOEXEC */, 0U);
	/* the mount's own descriptor only names it: groups are opened by their ids from one that is open */
	if (mount >= 0)
		folder = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	errnum = errno;
	close(files);
	if (mount >= 0)
		close(mount);
	errno = errnum;
	return folder;
}

struct cgroup_look {
	struct sg_look *look;
	struct sg_cgroups groups;
};

/* The programs that hold in a group: 0 with *ret, or an errno. */
static int cgroup_query(int fd, bool *ret)
{
	static const uint32_t types[] = {BPF_CGROUP_INET_INGRESS, BPF_CGROUP_INET_EGRESS};

	*ret = false;
	for (size_t i = 0; i < SG_COUNT(types); i++) {
		uint32_t count = 0;
		int errnum = bpf_query((uint32_t)fd, types[i], BPF_F_QUERY_EFFECTIVE, &count);

		if (errnum && !is_absent(errnum))
			return errnum;
		*ret = *ret || (!errnum && count);
	}
	return 0;
}

/* The group of one listener. */
static int note_cgroup(struct cgroup_look *cgroup, const struct sg_listener *listener)
{
	struct sg_look *look = cgroup->look;
	char where[SG_OUTSIDE_WHERE_SIZE];
	bool programs = false;
	int fd = sg_cgroups_open_id(&cgroup->groups, listener->cgroup), errnum = fd < 0 ? errno : 0;

	if (fd >= 0) {
		errnum = cgroup_query(fd, &programs);
		close(fd);
	}
	if (!sg_cgroups_path(&cgroup->groups, listener->cgroup, where, sizeof(where)))
		snprintf(where, sizeof(where), "%llu", (unsigned long long)listener->cgroup);
	if (errnum)
		return sg_outside_unseen(look->found, SG_OUTSIDE_CGROUP, where, errnum, WHAT_CGROUP, look->err);
	if (!programs)
		return 0;
	return sg_outside_seen(look->found, SG_OUTSIDE_CGROUP, where, look->err,
			       "BPF program for the packets of control group %s, which holds port %u", where,
			       listener->port);
}

static bool is_asked_already(const struct sg_listeners *list, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (list->items[i].cgroup == list->items[index].cgroup)
			return true;
	return false;
}

/* The root first: what holds there holds everywhere. */
static int look_groups(struct cgroup_look *cgroup)
{
	struct sg_look *look = cgroup->look;
	int fd = openat(cgroup->groups.folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), errnum = fd < 0 ? errno : 0;
	bool programs = false;

	if (fd >= 0) {
		errnum = cgroup_query(fd, &programs);
		close(fd);
	}
	if (errnum)
		return sg_outside_unseen(look->found, SG_OUTSIDE_CGROUP, "/", errnum, WHAT_CGROUP, look->err);
	if (programs)
		return sg_outside_seen(look->found, SG_OUTSIDE_CGROUP, "/", look->err,
				       "BPF program for the packets of all control groups");
	for (size_t i = 0; i < look->listeners->count; i++)
		if (!is_asked_already(look->listeners, i) && note_cgroup(cgroup, &look->listeners->items[i]) < 0)
			return -1;
	return 0;
}

static int look_cgroups(struct sg_look *look)
{
	struct cgroup_look cgroup = {look, {.folder = -1}};
	bool loaded = true;
	int result;

	/* nowhere loaded is nowhere attached */
	if (bpf_is_loaded(BPF_PROG_TYPE_CGROUP_SKB, &loaded) == 0 && !loaded)
		return 0;
	if (sg_cgroups_open(&cgroup.groups, look->err) < 0)
		return -1;
	if (cgroup.groups.folder < 0) {
		cgroup.groups.folder = cgroup_mount();
		cgroup.groups.place = strdup("");
		if (!cgroup.groups.place) {
			sg_cgroups_close(&cgroup.groups);
			return sg_error_nomem(look->err);
		}
	}
	if (cgroup.groups.folder < 0)
		result = sg_outside_unseen(look->found, SG_OUTSIDE_CGROUP, "", errno, WHAT_CGROUP, look->err);
	else
		result = look_groups(&cgroup);
	sg_cgroups_close(&cgroup.groups);
	return result;
}

int sg_look_bpf(struct sg_look *look)
{
	return look_netfilter(look) < 0 || look_sk_lookup(look) < 0 || look_tcx(look) < 0 ? -1 : look_cgroups(look);
}
