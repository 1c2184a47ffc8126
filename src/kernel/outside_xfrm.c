/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outside_xfrm.c - policies of IPsec, by XFRM_MSG_GETPOLICY and XFRM_MSG_GETDEFAULT (linux/xfrm.h); needs
 * CAP_NET_ADMIN.
 *
 * Opening a NETLINK_XFRM socket loads the module xfrm_user. So it is only opened when /proc/net/netlink shows that the
 * kernel answers that protocol here. Without it, policies can come by PF_KEY sockets alone, whose module (af_key) shows
 * as /proc/net/pfkey.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/xfrm.h>

#include "base/mem.h"
#include "kernel/outside.h"
#include "kernel/sockdiag_dump.h"
#include "nft/attr.h"

#define XFRM_WHAT "whether IPsec policies refuse packets"
/* Policies of sockets have directions above these three. */
#define XFRM_DIRECTIONS 3

/* Whether one of the templates has to be applied. A size that is none of an array of templates: it is taken to be so.
 */
static bool templates_require(const struct attr *attr)
{
	struct xfrm_user_tmpl template;

	for (size_t at = 0; at < attr->size; at += sizeof(template)) {
		if (attr->size - at < sizeof(template))
			return true;
		memcpy(&template, attr->data + at, sizeof(template));
		if (!template.optional)
			return true;
	}
	return false;
}

int sg_xfrm_parse(const struct nlmsghdr *header, const uint8_t *message, struct sg_xfrm_sum *sum, struct sg_error *err)
{
	struct xfrm_userpolicy_info policy;
	const size_t head = sizeof(*header) + sizeof(policy);
	struct attr_list list;
	struct attr attr;
	bool require = false;

	if (header->nlmsg_type != XFRM_MSG_NEWPOLICY)
		return 0;
	if (header->nlmsg_len < head)
		return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "the kernel's answer is torn");
	memcpy(&policy, message + sizeof(*header), sizeof(policy));
	list = sg_attr_list(message + head, header->nlmsg_len - head);
	while (sg_attr_next(&list, &attr))
		if (attr.type == XFRMA_TMPL)
			require = require || templates_require(&attr);
	if (list.torn)
		return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "the kernel's answer is torn");
	if (policy.dir >= XFRM_DIRECTIONS)
		return 0;
	if (policy.action != XFRM_POLICY_ALLOW)
		sum->block++;
	else if (require)
		sum->require++;
	return 0;
}

static int see_policy(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	return sg_xfrm_parse(header, message, data, err);
}

static void forget_policies(void *data)
{
	*(struct sg_xfrm_sum *)data = (struct sg_xfrm_sum){0};
}

/* The default of packets that no policy speaks of. */
static int see_default(const struct nlmsghdr *header, const uint8_t *message, void *data, struct sg_error *err)
{
	struct xfrm_userpolicy_default policy;

	if (header->nlmsg_type != XFRM_MSG_GETDEFAULT)
		return 0;
	if (header->nlmsg_len < sizeof(*header) + sizeof(policy))
		return sg_error_set(err, SG_ERROR_SYSTEM, EBADMSG, "the kernel's answer is torn");
	memcpy(&policy, message + sizeof(*header), sizeof(policy));
	*(bool *)data = policy.in == XFRM_USERPOLICY_BLOCK || policy.fwd == XFRM_USERPOLICY_BLOCK ||
			policy.out == XFRM_USERPOLICY_BLOCK;
	return 0;
}

static int note_policies(struct sg_look *look, struct sg_kernel *xfrm)
{
	struct sg_xfrm_sum sum = {0};
	const struct nfnl_reader reader = {see_policy, forget_policies, &sum};
	struct sg_error cause = {0};
	struct nfnl_request request;

	sg_nfnl_message(xfrm, &request, XFRM_MSG_GETPOLICY, NLM_F_DUMP, 0);
	if (sg_nfnl_dump(xfrm, &request, &reader, &cause) < 0)
		return sg_look_failed(look, SG_OUTSIDE_XFRM, "", XFRM_WHAT, &cause);
	if (sum.block && sg_outside_seen(look->found, SG_OUTSIDE_XFRM, "", look->err, "%zu IPsec %s", sum.block,
					 sum.block == 1 ? "policy refuses packets" : "policies refuse packets") < 0)
		return -1;
	if (!sum.require)
		return 0;
	return sg_outside_seen(look->found, SG_OUTSIDE_XFRM, "", look->err, "%zu IPsec %s", sum.require,
			       sum.require == 1 ? "policy lets only transformed packets pass"
						: "policies let only transformed packets pass");
}

static int note_default(struct sg_look *look, struct sg_kernel *xfrm)
{
	struct sg_error cause = {0};
	struct nfnl_request request;
	bool blocks = false;
	struct xfrm_userpolicy_default *about = sg_nfnl_message(xfrm, &request, XFRM_MSG_GETDEFAULT, 0, sizeof(*about));

	if (sg_nfnl_ask(xfrm, &request, see_default, &blocks, &cause) < 0) {
		/* before Linux 5.15 the default is to accept */
		if (cause.errnum == EINVAL || cause.errnum == EOPNOTSUPP)
			return 0;
		return sg_look_failed(look, SG_OUTSIDE_XFRM, "", "whether IPsec refuses by default", &cause);
	}
	if (!blocks)
		return 0;
	return sg_outside_seen(look->found, SG_OUTSIDE_XFRM, "", look->err,
			       "IPsec refuses packets that no policy of it names");
}

/* Policies may have come by PF_KEY, whose module is loaded. */
static int look_without_user(struct sg_look *look)
{
	sg_autofree char *text = NULL;
	struct sg_error cause = {0};
	size_t size = 0;

	if (sg_sockdiag_read_table("pfkey", &text, &size, &cause) == 0 && !text)
		return 0;
	return sg_look_failed(look, SG_OUTSIDE_XFRM, "", XFRM_WHAT, &cause);
}

int sg_look_xfrm(struct sg_look *look)
{
	sg_cleanup(sg_kernel_clear) struct sg_kernel *xfrm = NULL;
	struct sg_error cause = {0};

	if (!look->sockets)
		return sg_look_failed(look, SG_OUTSIDE_XFRM, "", XFRM_WHAT, &cause);
	if (!sg_netlink_is_there(look->sockets, NETLINK_XFRM))
		return look_without_user(look);
	if (sg_nfnl_connect(NETLINK_XFRM, &xfrm, &cause) < 0)
		return sg_look_failed(look, SG_OUTSIDE_XFRM, "", XFRM_WHAT, &cause);
	return note_policies(look, xfrm) < 0 ? -1 : note_default(look, xfrm);
}
