/* SPDX-License-Identifier: GPL-2.0-or-later */
/* decode.h - private to decode*.c. */
#ifndef SG_NFT_DECODE_H
#define SG_NFT_DECODE_H

#include "nft/attr.h"
#include "sockgate/wire.h"

#define DECODE_ATTRS 32

/* The attributes of one level by their type; data is NULL where there is none. */
struct decode_attrs {
	struct attr at[DECODE_ATTRS];
	uint32_t unknown; /* the type of one that is not understood, 0: none */
};
#define DECODE_BIT(type) (1ULL << (type))

/* Malformed: the message as a whole is refused. Returns -1. */
int sg_decode_malformed(const char *what, struct sg_error *err);
/* Sorts attributes by type. `known` has DECODE_BIT of each type that is understood (or may be passed over). */
int sg_decode_collect(struct attr_list list, uint64_t known, struct decode_attrs *ret, struct sg_error *err);
static inline bool sg_decode_has(const struct decode_attrs *attrs, uint16_t type)
{
	return attrs->at[type].data != NULL;
}
/* Optional members: *ret is left as it is when the attribute is not there; an attribute of another size is malformed.
 */
int sg_decode_u32(const struct decode_attrs *attrs, uint16_t type, uint32_t *ret, struct sg_error *err);
int sg_decode_u64(const struct decode_attrs *attrs, uint16_t type, uint64_t *ret, struct sg_error *err);
/* A name, copied with its NUL; malformed when it is not there. */
int sg_decode_name(const struct decode_attrs *attrs, uint16_t type, char ret[SG_NFT_NAME_SIZE], struct sg_error *err);

/* The text (malloc'd) of the item of this type in user data; NULL stays when there is none or it is not a text. */
int sg_decode_udata_text(const struct attr *udata, uint8_t type, char **ret, struct sg_error *err);
/* The bytes of an item; false: there is none. */
bool sg_decode_udata_find(const struct attr *udata, uint8_t type, struct attr *ret);

/* NFTA_DATA_VERDICT's payload. *ret_odd: a code or an attribute that is not understood (the verdict is then DROP). */
int sg_decode_verdict(const struct attr *nest, struct sg_nft_verdict *ret, bool *ret_odd, struct sg_error *err);

/* The set is not understood completely; the first reason stays. */
int sg_decode_set_unknown(struct sg_set *set, const char *reason, struct sg_error *err);
struct sg_set *sg_decode_find_set(struct sg_table *table, const char *name);

int sg_decode_rule(struct sg_table *table, struct attr_list list, struct sg_error *err);
int sg_decode_set(struct sg_table *table, struct attr_list list, struct sg_error *err);
/* An element of a set that packets fill. */
int sg_decode_filled(struct sg_table *table, struct sg_set *set, struct attr_list list, struct sg_error *err);
int sg_decode_elements(struct sg_table *table, struct attr_list list, struct sg_error *err);

#endif
