/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ports.h - words that stand for ports and ICMP types. */
#ifndef SG_POLICY_PORTS_H
#define SG_POLICY_PORTS_H

#include "policy/reader.h"

/* All take a list of scalars and give normalised, malloc'd sets. False: reported, or no memory; nothing is given. */

/* Numbers and ranges. */
bool sg_ports_numbers(struct reader *reader, uint32_t list, struct sg_ranges *ret);
/* Numbers, ranges and service names: a set for each of one or two protocols. */
bool sg_ports_read(struct reader *reader, uint32_t list, const uint8_t *protocols, size_t count,
		   struct sg_ranges ret[2]);
/* ICMP types: names (of either family or both), numbers and ranges (of both). */
bool sg_ports_types(struct reader *reader, uint32_t list, struct sg_ranges *ret4, struct sg_ranges *ret6);

#endif
