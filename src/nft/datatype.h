/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * datatype.h - nft's user-space data types: the numbers that NFTA_SET_KEY_TYPE carries (nftables, include/datatype.h).
 *
 * The kernel keeps them without looking at them. A concatenation is the number of its first field, shifted left by
 * DATATYPE_BITS, with the next one beside it, and so on.
 */
#ifndef SG_NFT_DATATYPE_H
#define SG_NFT_DATATYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATATYPE_BITS    6
#define DATATYPE_FIELDS  5           /* as many as fit into 32 bits */
#define DATATYPE_VERDICT 0xffffff00U /* NFT_DATA_VERDICT as a data type */

enum datatype_number {
	DATATYPE_NF_PROTO = 2,
	DATATYPE_IPV4_ADDR = 7,
	DATATYPE_IPV6_ADDR = 8,
	DATATYPE_ETHER_ADDR = 9,
	DATATYPE_INET_PROTO = 12,
	DATATYPE_INET_SERVICE = 13,
	DATATYPE_ICMP_TYPE = 14,
	DATATYPE_MARK = 19,
	DATATYPE_CT_STATE = 26,
	DATATYPE_CT_DIRECTION = 27,
	DATATYPE_CT_STATUS = 28,
	DATATYPE_ICMPV6_TYPE = 29,
	DATATYPE_IFNAME = 41,
	DATATYPE_TIME = 43,
	DATATYPE_CGROUP = 46,
};

/* The number of a concatenation of two. */
#define DATATYPE_CONCAT(a, b) ((uint32_t)(a) << DATATYPE_BITS | (uint32_t)(b))

struct datatype {
	uint8_t number;
	uint8_t length;    /* bytes */
	uint8_t byteorder; /* 1 host, 2 network: enum byteorder of nftables, as user data of a set says it */
	const char *name;
};

/* The type with this number, or NULL when it is not among those that the program knows. */
const struct datatype *sg_datatype_find(uint32_t number);

/*
 * Takes a key type apart: the lengths of its fields in bytes. Returns how many there are (1: not a concatenation), 0
 * when one of them is not known.
 */
size_t sg_datatype_split(uint32_t key_type, const struct datatype *ret_fields[DATATYPE_FIELDS]);

/* A field's place in a key: padded to 4 bytes when there are others beside it. */
static inline size_t sg_datatype_padded(size_t length)
{
	return (length + 3) & ~(size_t)3;
}

#endif
