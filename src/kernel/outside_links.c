/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outside_links.c - XDP programs and filters of traffic control, by rtnetlink(7), which anybody may ask.
 *
 * RTM_GETLINK lists the interfaces of the network namespace and says of each whether an XDP program is attached.
 * RTM_GETQDISC lists the queueing disciplines, RTM_GETTCLASS the classes of one, RTM_GETTFILTER the filters of a
 * discipline or of a class. A filter may drop or redirect whatever its kind (by an action, or as a BPF program), so any
 * filter counts. A discipline may do so, too: a BPF program can be one (Linux 6.16 and later). So those that are not
 * known are named.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "base/mem.h"
#include "kernel/outside.h"
#include "nft/attr.h"

static int torn(struct sg_error *err)
{
	return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "the kernel's answer is torn");
}

/* ---- Interfaces ---- */

static bool link_xdp(const struct attr *nest, struct sg_device *link)
{
	struct attr_list list = sg_attr_nest(nest);
	struct attr attr;

	while (sg_attr_next(&list, &attr)) {
		if (attr.type == IFLA_XDP_ATTACHED && attr.size == 1)
			link->has_xdp = attr.data[0] != XDP_ATTACHED_NONE;
		else if (attr.type == IFLA_XDP_PROG_ID && attr.size == sizeof(link->xdp_program))
			memcpy(&link->xdp_program, attr.data, sizeof(link->xdp_program));
	}
	return !list.torn;
}

static bool link_info(const struct attr *nest, struct sg_device *link)
{
	struct attr_list list = sg_attr_nest(nest);
	struct attr attr;

	while (sg_attr_next(&list, &attr)) {
		if (attr.type == IFLA_INFO_KIND)
			sg_attr_text(&attr, link->kind, sizeof(link->kind));
	}
	return !list.torn;
}

int sg_devices_parse(const struct nlmsghdr *header, const uint8_t *message, struct sg_devices *links, struct sg_error *err)
{
	const size_t head = sizeof(*header) + sizeof(struct ifinfomsg);
	struct ifinfomsg about;
	struct sg_device link = {0};
	struct attr_list list;
	struct attr attr;
	bool whole = true;

	if (header->nlmsg_type != RTM_NEWLINK)
		return 0;
	if (header->nlmsg_len < head)
		return torn(err);
	memcpy(&about, message + sizeof(*header), sizeof(about));
	link.index = (uint32_t)about.ifi_index;
	list = sg_attr_list(message + head, header->nlmsg_len - head);
	while (whole && sg_attr_next(&list, &attr)) {
		if (attr.type == IFLA_IFNAME)
			sg_attr_text(&attr, link.name, sizeof(link.name));
		else if (attr.type == IFLA_LINKINFO)
			whole = link_info(&attr, &link);
		else if (attr.type == IFLA_XDP)
			whole = link_xdp(&attr, &link);
	}
	if (list.torn || !whole)
		return torn(err);
	if (sg_grow(&links->items, &links->room, links->count, 1, sizeof(link)) < 0)
		return sg_error_nomem(err);
	links->items[links->count++] = link;
	return 0;
}

void sg_devices_clear(struct sg_devices *links)
{
	free(links->items);
	*links = (struct sg_devices){0};
}

static int see_link(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	return sg_devices_parse(header, message, data, err);
}

static void forget_links(void *data)
{
	((struct sg_devices *)data)->count = 0;
}

static int read_links(struct sg_kernel *route, struct sg_devices *links, struct sg_error *err)
{
	const struct nfnl_reader reader = {see_link, forget_links, links};
	struct nfnl_request request;

	sg_nfnl_message(route, &request, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg));
	mnl_attr_put_u32(request.header, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (sg_nfnl_dump(route, &request, &reader, err) < 0)
		return -1;
	links->known = true;
	return 0;
}

static int note_xdp(struct sg_look *look)
{
	for (size_t i = 0; i < look->links.count; i++) {
		const struct sg_device *link = &look->links.items[i];
		char program[32] = "";

		if (!link->has_xdp)
			continue;
		if (link->xdp_program)
			snprintf(program, sizeof(program), " %u", link->xdp_program);
		if (sg_outside_seen(look->found, SG_OUTSIDE_XDP, link->name, look->err, "XDP program%s on %s", program,
				    link->name) < 0)
			return -1;
	}
	return 0;
}

/* ---- Traffic control ---- */

/* A queueing discipline, a class of one, or a filter. */
struct qdisc {
	uint32_t link, handle, parent;
	char kind[16];
};
struct qdiscs {
	struct qdisc *items;
	size_t count, room;
};

static void qdiscs_clear(struct qdiscs *qdiscs)
{
	free(qdiscs->items);
}

static void forget_qdiscs(void *data)
{
	((struct qdiscs *)data)->count = 0;
}

/* RTM_NEWQDISC, RTM_NEWTCLASS and RTM_NEWTFILTER begin alike: their struct tcmsg, and TCA_KIND. */
static int see_qdisc(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	const size_t head = sizeof(*header) + sizeof(struct tcmsg);
	struct qdiscs *qdiscs = data;
	struct qdisc qdisc = {0};
	struct tcmsg about;
	struct attr_list list;
	struct attr attr;

	if (header->nlmsg_type != RTM_NEWQDISC && header->nlmsg_type != RTM_NEWTFILTER &&
	    header->nlmsg_type != RTM_NEWTCLASS)
		return 0;
	if (header->nlmsg_len < head)
		return torn(err);
	memcpy(&about, message + sizeof(*header), sizeof(about));
	qdisc.link = (uint32_t)about.tcm_ifindex;
	qdisc.handle = about.tcm_handle;
	qdisc.parent = about.tcm_parent;
	list = sg_attr_list(message + head, header->nlmsg_len - head);
	while (sg_attr_next(&list, &attr)) {
		if (attr.type == TCA_KIND)
			sg_attr_text(&attr, qdisc.kind, sizeof(qdisc.kind));
	}
	if (list.torn)
		return torn(err);
	if (sg_grow(&qdiscs->items, &qdiscs->room, qdiscs->count, 1, sizeof(qdisc)) < 0)
		return sg_error_nomem(err);
	qdiscs->items[qdiscs->count++] = qdisc;
	return 0;
}

/* The filters of an interface's discipline: handle 0 is its root. An interface that went has none. */
static int note_filters(struct sg_look *look, struct sg_kernel *route, const struct sg_device *link, uint32_t parent,
			const char *what)
{
	sg_cleanup(qdiscs_clear) struct qdiscs filters = {0};
	const struct nfnl_reader reader = {see_qdisc, forget_qdiscs, &filters};
	struct sg_error cause = {0};
	struct nfnl_request request;
	struct tcmsg *about = sg_nfnl_message(route, &request, RTM_GETTFILTER, NLM_F_DUMP, sizeof(*about));

	about->tcm_ifindex = (int)link->index;
	about->tcm_parent = parent;
	if (sg_nfnl_dump(route, &request, &reader, &cause) < 0) {
		/* a kernel without filters, or the interface went */
		if (cause.errnum == EOPNOTSUPP || cause.errnum == ENODEV)
			return 0;
		return sg_look_failed(look, SG_OUTSIDE_TC, link->name, "whether traffic control has filters", &cause);
	}
	if (!filters.count)
		return 0;
	return sg_outside_seen(look->found, SG_OUTSIDE_TC, link->name, look->err,
			       "traffic control: %s filter on %s, %s", filters.items[0].kind, link->name, what);
}

static struct sg_device *link_of(struct sg_devices *links, uint32_t index)
{
	for (size_t i = 0; i < links->count; i++)
		if (links->items[i].index == index)
			return &links->items[i];
	return NULL;
}

/* What the kernel's own disciplines do (net/sched/sch_*.c), from Linux 5.10 to 6.18. */
enum qdisc_manner {
	QDISC_QUEUES,  /* packets wait, and are lost when too many do */
	QDISC_CLASSES, /* and its classes may have filters of their own */
	QDISC_LOSES,   /* it is made to lose packets */
	QDISC_UNKNOWN,
};

static enum qdisc_manner qdisc_manner(const char *kind)
{
	static const char *const classes[] = {"htb", "hfsc", "cbq", "atm"};
	static const char *const losing[] = {"netem", "blackhole", "plug"};
	static const char *const queueing[] = {"noqueue", "noop",   "pfifo", "bfifo",  "pfifo_fast", "pfifo_head_drop",
					       "mq",      "mqprio", "fq",    "codel",  "cake",       "fq_codel",
					       "cake_mq", "fq_pie", "pie",   "sfq",    "tbf",        "prio",
					       "drr",     "qfq",    "ets",   "multiq", "red",        "gred",
					       "sfb",     "choke",  "hhf",   "etf",    "taprio",     "skbprio",
					       "cbs",     "dsmark", "teql",  "dualpi2"};

	for (size_t i = 0; i < SG_COUNT(classes); i++)
		if (!strcmp(kind, classes[i]))
			return QDISC_CLASSES;
	for (size_t i = 0; i < SG_COUNT(losing); i++)
		if (!strcmp(kind, losing[i]))
			return QDISC_LOSES;
	for (size_t i = 0; i < SG_COUNT(queueing); i++)
		if (!strcmp(kind, queueing[i]))
			return QDISC_QUEUES;
	return QDISC_UNKNOWN;
}

/* The filters of the discipline's classes: packets meet them when their priority names the class. */
static int note_classes(struct sg_look *look, struct sg_kernel *route, const struct sg_device *link,
			const struct qdisc *qdisc)
{
	sg_cleanup(qdiscs_clear) struct qdiscs classes = {0};
	const struct nfnl_reader reader = {see_qdisc, forget_qdiscs, &classes};
	struct sg_error cause = {0};
	struct nfnl_request request;
	struct tcmsg *about = sg_nfnl_message(route, &request, RTM_GETTCLASS, NLM_F_DUMP, sizeof(*about));

	about->tcm_ifindex = (int)link->index;
	about->tcm_parent = qdisc->handle;
	if (sg_nfnl_dump(route, &request, &reader, &cause) < 0)
		return cause.errnum == ENODEV
			       ? 0
			       : sg_look_failed(look, SG_OUTSIDE_TC, link->name,
						"whether classes of traffic control have filters", &cause);
	for (size_t i = 0; i < classes.count; i++)
		if (note_filters(look, route, link, classes.items[i].handle, "outgoing") < 0)
			return -1;
	return 0;
}

static int note_qdisc(struct sg_look *look, struct sg_kernel *route, const struct qdisc *qdisc)
{
	struct sg_device *link = link_of(&look->links, qdisc->link);
	enum qdisc_manner manner = qdisc_manner(qdisc->kind);

	if (!link)
		return 0;
	if (!strcmp(qdisc->kind, "ingress") || !strcmp(qdisc->kind, "clsact")) {
		link->has_ingress = true;
		link->has_egress |= !strcmp(qdisc->kind, "clsact");
		return 0;
	}
	if ((manner == QDISC_LOSES || manner == QDISC_UNKNOWN) &&
	    sg_outside_seen(look->found, SG_OUTSIDE_TC, link->name, look->err,
			    "traffic control: queueing discipline %s on %s, which %s", qdisc->kind, link->name,
			    manner == QDISC_LOSES ? "loses packets" : "is not known") < 0)
		return -1;
	/* the root is found as 0 too, which may be its handle */
	if (!qdisc->handle && qdisc->parent != TC_H_ROOT)
		return 0;
	if (manner != QDISC_QUEUES && note_classes(look, route, link, qdisc) < 0)
		return -1;
	return note_filters(look, route, link, qdisc->handle, "outgoing");
}

static int note_tc(struct sg_look *look, struct sg_kernel *route)
{
	sg_cleanup(qdiscs_clear) struct qdiscs qdiscs = {0};
	const struct nfnl_reader reader = {see_qdisc, forget_qdiscs, &qdiscs};
	struct sg_error cause = {0};
	struct nfnl_request request;

	sg_nfnl_message(route, &request, RTM_GETQDISC, NLM_F_DUMP, sizeof(struct tcmsg));
	if (sg_nfnl_dump(route, &request, &reader, &cause) < 0) {
		if (cause.errnum == EOPNOTSUPP) /* a kernel without traffic control */
			return 0;
		return sg_look_failed(look, SG_OUTSIDE_TC, "", "whether traffic control has filters", &cause);
	}
	for (size_t i = 0; i < qdiscs.count; i++)
		if (note_qdisc(look, route, &qdiscs.items[i]) < 0)
			return -1;
	for (size_t i = 0; i < look->links.count; i++) {
		const struct sg_device *link = &look->links.items[i];

		if (link->has_ingress &&
		    note_filters(look, route, link, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), "incoming") < 0)
			return -1;
		/* "ingress" would answer with its filters of incoming packets again */
		if (link->has_egress &&
		    note_filters(look, route, link, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), "outgoing") < 0)
			return -1;
	}
	return 0;
}

int sg_look_links(struct sg_look *look)
{
	sg_cleanup(sg_kernel_clear) struct sg_kernel *route = NULL;
	struct sg_error cause = {0};

	if (sg_nfnl_connect(NETLINK_ROUTE, &route, &cause) < 0 || read_links(route, &look->links, &cause) < 0) {
		if (sg_look_failed(look, SG_OUTSIDE_XDP, "", "whether XDP programs are on interfaces", &cause) < 0)
			return -1;
		return sg_look_failed(look, SG_OUTSIDE_TC, "", "whether traffic control has filters", &cause);
	}
	return note_xdp(look) < 0 ? -1 : note_tc(look, route);
}
