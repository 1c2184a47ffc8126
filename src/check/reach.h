/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reach.h - sets of packets that a listener would get, for reading. */
#ifndef SG_CHECK_REACH_H
#define SG_CHECK_REACH_H

#include "sockgate/reach.h"

/*
 * The senders of a set that tests SG_FIELD_PORT and below: families that have any, their addresses (ret may be NULL),
 * and both as a diagram.
 */
int sg_reach_sources(struct sg_idd *idd, sg_ref set, unsigned int *ret_families, struct sg_address_set *ret,
		     sg_ref *ret_projection, struct sg_error *err);

/* A set under the listener's protocol and port (of a raw socket: under its protocol) as sg_reach.accepted says it. */
int sg_listener_wheres(struct sg_idd *idd, const struct sg_listener *listener, sg_ref set, struct sg_wheres *ret,
		       struct sg_error *err);

/* Outcomes in the socket's narrow region, NONE outside: equal references are equal reach. */
sg_ref sg_reach_answer(const struct sg_reach *reach);

#endif
