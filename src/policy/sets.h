/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sets.h - what a policy declares by name: groups, interface sets, services. */
#ifndef SG_POLICY_SETS_H
#define SG_POLICY_SETS_H

#include "policy/reader.h"

/* Each reads a mapping of names; what is wrong is reported. False: no memory. */
bool sg_groups_read(struct reader *reader, uint32_t mapping);
bool sg_interfaces_read(struct reader *reader, uint32_t mapping);
bool sg_services_read(struct reader *reader, uint32_t mapping);

/* A list of interface names and sets (all scalars), resolved. False: reported, or no memory. */
bool sg_interfaces_list(struct reader *reader, uint32_t list, struct sg_ranges *ret);

/* The protocols of a key: "tcp" is one, "tcp+udp" two. Returns how many. */
size_t sg_services_protocols(const char *key, uint8_t protocols[2]);
/* The ports that the policy's own service has under a protocol, into ret (not normalised). False: no memory. */
bool sg_services_ports(struct reader *reader, size_t service, uint8_t protocol, struct sg_ranges *ret);

/*
 * The value of a declared name: a non-empty list (or one item alone) whose items are scalars, or mappings too where
 * `mappings` allows them. False: reported.
 */
bool sg_sets_check_value(struct reader *reader, uint32_t key, uint32_t value, bool mappings);

#endif
