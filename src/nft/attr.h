/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attr.h - walking netlink attributes (struct nlattr of linux/netlink.h) in bytes that may be hostile.
 *
 * libmnl's iterators stop at the first attribute that does not fit, as if the list ended there, and want aligned
 * memory. A reader that must lose nothing has to see the difference between an end and a tear; and a fuzzer's bytes lie
 * anywhere.
 */
#ifndef SG_NFT_ATTR_H
#define SG_NFT_ATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attr {
	uint16_t type;       /* without NLA_F_NESTED and NLA_F_NET_BYTEORDER */
	const uint8_t *data; /* not aligned */
	size_t size;
};

struct attr_list {
	const uint8_t *at;
	size_t left;
	bool torn; /* what is left is not an attribute */
};

static inline struct attr_list sg_attr_list(const void *data, size_t size)
{
	return (struct attr_list){.at = data, .left = size};
}
static inline struct attr_list sg_attr_nest(const struct attr *attr)
{
	return sg_attr_list(attr->data, attr->size);
}
/* The next attribute; false at the end, and at a tear. */
bool sg_attr_next(struct attr_list *list, struct attr *ret);

/* Big-endian numbers of an attribute that has their size. */
uint32_t sg_attr_be32(const struct attr *attr);
uint64_t sg_attr_be64(const struct attr *attr);
/* A string of 1 to max - 1 bytes with a NUL behind it (or none, but nothing else): its length; 0 when it is not one. */
size_t sg_attr_string(const struct attr *attr, size_t max);
/* Copies a string of `size` - 1 bytes at most with a NUL behind it; what is longer is cut. */
void sg_attr_text(const struct attr *attr, char *ret, size_t size);

#endif
